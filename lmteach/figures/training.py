"""Lesson 09: a network, or any curve of one input, drawn trial by trial while it learns."""

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from ..checks import as_floats, at_least, instance
from ..curve_fit import CurveFit
from ..damping import Factor
from ..datasets import sine, split
from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from ..solvers import levenberg_marquardt
from ..trace import Step
from .contour import SMALLEST
from .picture import BLACK, GREY, SHORT, label, style
from .race import count, decades
from .runs import descends
from .scene import Control, Scene

N_LEARN = 200  # trials in the lesson's training


class Done(NamedTuple):
    """A trial that was made: its scalars, θ before and after it, and the validation error then."""

    step: Step
    before: Any
    after: Any
    held_back: float | None


class Training(Scene):
    """A network, or any curve of one input and one output, trial by trial while a solver fits it.

    `problem` is a NetworkFit or CurveFit, and `steps` an iterator of Steps on it. For a NetworkFit
    the default is `levenberg_marquardt(problem, theta)` from the network's own θ. It is run only as
    far as `step` asks, up to `n`, and what was run is kept.

    `validation` is an (x, y) that the solver does not see; with it, mean squared errors are drawn
    in place of F. `guess` is the trial after which you expect the lowest error on it. Without
    arguments this is the noisy sine of lesson 09. Raises TypeError or ValueError for anything else.
    """

    controls = {"step": Control(0, N_LEARN, 0, "trial", whole=True, play=True)}

    def __init__(self, problem=None, steps=None, n=N_LEARN, validation=None, guess=None):
        if problem is None:
            if steps is not None:
                raise TypeError(
                    "problem is missing: expected the NetworkFit or CurveFit that steps works on"
                )
            problem, steps, validation = _noisy_sine()
        self.curve, self.x, self.y = _as_curve(problem)
        self.validation = None if validation is None else _points("validation", validation)
        self.guess = None if guess is None else at_least("guess", guess, 0)
        if guess is not None and validation is None:
            raise ValueError(
                f"guess = {guess!r}: expected validation too, since the guess is about its error"
            )
        self.controls = {"step": Control(0, at_least("n", n, 1), 0, "trial", whole=True, play=True)}
        self._steps = iter(_default_steps(problem) if steps is None else steps)
        self._done, self._ended = [], None
        self._run_to(1)
        if not self._done:
            raise ValueError(
                f"steps ended before the first trial: {self._ended}; expected at least one Step"
            )
        self.solver = _solver(self._done[0].step)
        self.factor, self.unit = 1, "F = ½ rᵀr"
        if validation is not None:
            self.factor, self.unit = 2 / len(self.y), "mean squared error"

    def _run_to(self, k):
        """Let the solver go on until k trials are made, or until it ends."""
        while len(self._done) < k and self._ended is None:
            try:
                step = next(self._steps)
            except StopIteration as end:
                self._ended = getattr(end.value, "words", "there are no more steps")
                return
            instance("a step", step, Step, "a Step, as levenberg_marquardt(problem, theta) yields")
            if step.theta is None:
                raise ValueError(
                    f"trial {step.k} is of a light history, without its θ: "
                    "expected steps with arrays"
                )
            after = step.next_theta
            self._done.append(Done(step.light(), step.theta, after, self._held_back(after)))

    def _held_back(self, theta):
        """Return the mean squared error on the validation data, None if there are none."""
        if self.validation is None:
            return None
        x, y = self.validation
        return float(np.mean((self.curve(theta, x) - y) ** 2))

    def compute(self, step):
        """Return θ and the losses after so many trials, and why the run ended if it did before."""
        self._run_to(step)
        first, done = self._done[0], self._done[:step]
        steps = [trial.step for trial in done]
        refused = [(k, s.trial_loss) for k, s in enumerate(steps, 1) if not s.accepted]
        held_back = [self._held_back(first.before), *(trial.held_back for trial in done)]
        return {
            "steps": steps,
            "theta": done[-1].after if done else first.before,
            "losses": self.factor * np.array([first.step.loss, *(s.next_loss for s in steps)]),
            "refused": [(k, self.factor * F) for k, F in refused],
            "held back": held_back if self.validation else [],
            "ended": self._ended if len(done) < step else None,
        }

    def still(self, picture):
        """Draw the data and the first curve; return what will show the curve, μ and the loss."""
        left, right = picture.subplots(1, 2)
        look, x = picture.look, self._grid()
        self._draw_data(left)
        dots = {"color": GREY, "linestyle": (0, (1, 1)), "linewidth": look["line"]}
        left.plot(x, self.curve(self._done[0].before, x), label="start", **dots)
        own = style(look, self.solver) | {"marker": ""}
        (curve,) = left.plot([], [], label=self.solver, zorder=4, **own)
        label(left, "x", "y", " ")
        # Without y, every redraw would look for a better place for the title.
        left.set_title(" ", size=look["text"] + 1, y=1.0)
        layer = self._loss_axes(right, own)
        columns, text = 3 if look["text"] < 16 else 2, look["text"]
        picture.legend(loc="outside lower center", ncols=columns, fontsize=text, frameon=False)
        return {"curve": curve, "title": left.title, "loss": right, "layer": layer}

    def _draw_data(self, axes):
        """Draw filled dots to learn from, hollow ones held back, and a margin for wild curves."""
        size = axes.figure.look["marker"]
        axes.plot(self.x, self.y, "o", color=GREY, markersize=size, label=f"data ({len(self.x)})")
        if self.validation is not None:
            words = f"held back ({len(self.validation[0])})"
            axes.plot(*self.validation, "o", mfc="none", color=BLACK, markersize=size, label=words)
        low, high = self.y.min(), self.y.max()
        margin = 0.35 * ((high - low) or 1.0)
        axes.set(ylim=(low - margin, high + margin))

    def _grid(self):
        x = self.x if self.validation is None else np.append(self.x, self.validation[0])
        return np.linspace(x.min(), x.max(), 201)

    def _loss_axes(self, axes, own):
        """Draw the guess; return the lines of the loss.

        All of this axes moves, ticks too, because nobody knows yet how far the loss will fall.
        """
        look, black = axes.figure.look, {"color": BLACK, "linewidth": axes.figure.look["line"]}
        hollow = own | {"linestyle": "", "marker": "o", "mfc": "none"}
        hollow |= {"markersize": 0.8 * look["marker"]}
        (loss,) = axes.plot([], [], **own)
        (refused,) = axes.plot([], [], label="refused", **hollow)
        (here,) = axes.plot([], [], **style(look, self.solver) | {"linestyle": "", "zorder": 5})
        held = None
        if self.validation is not None:
            (held,) = axes.plot([], [], linestyle="--", label="error held back", **black)
        if self.guess is not None:
            axes.axvline(self.guess, linestyle=":", label="your guess", **black)
        axes.set_xlim(0, self.controls["step"].high)
        label(axes, "trial", self.unit)
        decades(axes)
        return SimpleNamespace(loss=loss, refused=refused, here=here, held=held)

    def move(self, artists, numbers):
        """Set the curve, μ, and the loss so far on an axis of whole decades."""
        layer, losses = artists["layer"], np.maximum(numbers["losses"], SMALLEST)
        x, k = self._grid(), np.arange(len(losses))
        artists["curve"].set_data(x, self.curve(numbers["theta"], x))
        artists["title"].set_text(self._damping(numbers["steps"]))
        held = np.maximum(numbers["held back"], SMALLEST)
        seen = np.append(losses, held[np.isfinite(held)])
        low, high = 10 ** np.floor(np.log10(seen.min())), 10 ** np.ceil(np.log10(seen.max()))
        artists["loss"].set_ylim(min(low, high / 100), high)
        layer.loss.set_data(k, losses)
        layer.here.set_data(k[-1:], losses[-1:])
        refused = [(i, min(F, high)) for i, F in numbers["refused"] if np.isfinite(F)]
        layer.refused.set_data(*np.array(refused).reshape(-1, 2).T)
        if layer.held is not None:
            layer.held.set_data(k, held)

    def _damping(self, steps):
        """Return what was tried last, in few words."""
        if not steps:
            return "before the first trial"
        said = self._strength(steps[-1])
        return f"{said}, {_verdict(steps[-1])}" if self.solver == SHORT["LM"] else said

    def _strength(self, step):
        if self.solver == SHORT["GD"]:
            return f"rate η = {1 / step.mu:.3g}"
        return f"μ = {step.mu:.3g}" if step.mu > 0 else "no damping"

    def sentence(self, numbers):
        """Return how well the curve fits, what μ did, and how it ended."""
        steps, trials = numbers["steps"], count(len(numbers["steps"]), "trial")
        said, name = "Before the first trial", self.unit.partition(" = ")[0]
        if steps:
            said = f"After {trials} ({len(numbers['refused'])} refused)"
        said += f": {name} = {numbers['losses'][-1]:.3g} on {count(len(self.y), 'point')}"
        if self.validation is not None:
            said += f", {numbers['held back'][-1]:.3g} on the {len(self.validation[0])} held back"
        said += f". {self._story(steps)}" if steps else "."
        if self.guess is not None:
            best = int(np.argmin(numbers["held back"]))
            said += f" The lowest error held back so far is after {best}; you guessed {self.guess}."
        if numbers["ended"]:
            said += f" Ended after {trials}: {numbers['ended']}."
        return said

    def _story(self, steps):
        """Return the last trial's μ, how it has changed, and the verdict."""
        step, strength = steps[-1], self._strength(steps[-1])
        if self.solver != SHORT["LM"]:
            return f"The last step: {strength}, {step.why}."
        change = _change(steps[-2].mu, step.mu) if len(steps) > 1 else ""
        return f"The last trial had {strength}{change}: {_verdict(step)}."

    def rows(self, numbers):
        """Return the start, and every trial up to this one."""
        table = [("trial", "μ", self.unit, "of the trial", "held back", "accepted")]
        held = numbers["held back"] or [None] * len(numbers["losses"])
        table.append((0, None, float(numbers["losses"][0]), None, held[0], None))
        for i, step in enumerate(numbers["steps"], 1):
            tried = self.factor * step.trial_loss
            table.append((i, step.mu, float(numbers["losses"][i]), tried, held[i], step.accepted))
        return table


def _verdict(step):
    return "accepted" if step.accepted else "refused"


def _solver(step):
    """Return whose step this is: damped by a rule, by μ = 1/η, or not at all."""
    return SHORT["LM" if step.damping is not None else "GD" if descends([step]) else "GN"]


def _change(before, mu):
    """Return in words how μ has changed."""
    if not (before > 0 and mu > 0):
        return ""
    ratio = mu / before
    if abs(ratio - 1) < 1e-9:
        return " as before"
    if ratio > 1:
        return f", {ratio:.3g} times the one before"
    return f", the one before divided by {1 / ratio:.3g}"


def _noisy_sine():
    """Return (problem, steps, validation) of a 1-10-1 network and a noisy sine.

    18 points are learned, 12 held back.
    """
    learned, held_back = split(*sine(30, noise=0.3, seed=1), fraction=0.6, seed=0)
    network = (Input(1) >> Tanh(10) >> Linear(1)).initialize(seed=0)
    problem = NetworkFit(network, *learned)
    steps = levenberg_marquardt(problem, network.theta, mu=0.1, damping=Factor(10))
    return problem, steps, held_back


def _default_steps(problem):
    if not isinstance(problem, NetworkFit):
        raise TypeError(
            "steps is missing: expected an iterator of Steps, "
            "such as levenberg_marquardt(problem, theta)"
        )
    return levenberg_marquardt(problem, problem.network.theta)


def _as_curve(problem):
    """Return (curve, x, y) of a problem with one input and one output.

    curve(θ, x) → y takes any x, (n,); the data x and y are (N,).
    """
    expected = "a NetworkFit or CurveFit of one input and one output"
    instance("problem", problem, (NetworkFit, CurveFit), expected)
    return _of_network(problem) if isinstance(problem, NetworkFit) else _of_model(problem)


def _of_network(problem):
    network, n_in, n_out = problem.network, problem.network.n_inputs, problem.network.n_outputs
    if (n_in, n_out) != (1, 1):
        raise ValueError(f"problem has {n_in} inputs and {n_out} outputs: expected 1 and 1")

    def curve(theta, x):
        return network.forward(x[:, None], theta)[-1][:, 0]

    return curve, problem.X[:, 0], problem.Y[:, 0]


def _of_model(problem):
    shape, y = np.shape(problem.x), problem.y
    if shape not in ((y.size,), (y.size, 1)):
        raise ValueError(
            f"problem has x of shape {shape} and y of shape {y.shape}: expected N numbers in each"
        )

    def curve(theta, x):
        return np.ravel(problem.model(theta, x.reshape(-1, *shape[1:])))

    return curve, as_floats("problem.x", np.ravel(problem.x), 1), y.ravel()


def _points(name, pair):
    """Return (x, y), (n,) each, from a pair of arrays of n numbers each."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{name} is a {type(pair).__name__}: expected a pair (x, y)")
    x = as_floats(f"x of {name}", np.ravel(pair[0]), 1)
    y = as_floats(f"y of {name}", np.ravel(pair[1]), 1)
    if len(x) != len(y):
        raise ValueError(f"{name} has {len(x)} x and {len(y)} y: expected as many")
    return x, y
