"""Lesson 09: a network, or any curve of one input, drawn trial by trial while it learns."""

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from ..checks import as_floats, at_least, instance
from ..damping import Factor
from ..datasets import sine, split
from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from ..problems import CurveFit
from ..solvers import levenberg_marquardt
from ..trace import Step
from .contour import SMALLEST
from .picture import BLACK, GREY, SHORT, label, style
from .race import count, decades
from .runs import descends
from .scene import Control, Scene

N_LEARN = 200  # trials in the lesson's training


class Done(NamedTuple):
    """A trial that was made: its scalars, θ before it and after it, and the validation error there."""

    step: Step
    before: Any
    after: Any
    held_back: float | None


class Training(Scene):
    """A network, or any curve of one input and one output, drawn trial by trial while a solver works on it.

    `problem`: a NetworkFit or CurveFit; `steps`: an iterator of Steps on it, such as `levenberg_marquardt(problem,
    theta)`, which is also what a NetworkFit gets unless you say otherwise, from the network's own θ. It is run only as
    far as `step` asks, up to `n`, and what was run is kept. `validation`: an (x, y) that the solver does not see; then
    mean squared errors are drawn in place of F. `guess`: the trial after which you expect the lowest error on it.
    Without arguments it is the noisy sine of lesson 09. Raises TypeError or ValueError for anything else.
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
        self.factor, self.unit = (
            (1, "F = ½ rᵀr") if validation is None else (2 / len(self.y), "mean squared error")
        )

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
                    f"trial {step.k} is of a light history, without its θ: expected steps with arrays"
                )
            self._done.append(
                Done(step.light(), step.theta, step.next_theta, self._held_back(step.next_theta))
            )

    def _held_back(self, theta):
        """Mean squared error on the validation data, if there are any."""
        if self.validation is None:
            return None
        x, y = self.validation
        return float(np.mean((self.curve(theta, x) - y) ** 2))

    def compute(self, step):
        """The curve after so many trials, what each of them gave, and the end if there was one before."""
        self._run_to(step)
        first, done = self._done[0], self._done[:step]
        steps = [trial.step for trial in done]
        held_back = [self._held_back(first.before), *(trial.held_back for trial in done)]
        return {
            "steps": steps,
            "theta": done[-1].after if done else first.before,
            "losses": self.factor * np.array([first.step.loss, *(s.next_loss for s in steps)]),
            "refused": [
                (i, self.factor * s.trial_loss) for i, s in enumerate(steps, 1) if not s.accepted
            ],
            "held back": held_back if self.validation else [],
            "ended": self._ended if len(done) < step else None,
        }

    def still(self, picture):
        """The data, the curve of the start, and what will show the curve, μ and the loss."""
        left, right = picture.subplots(1, 2)
        look, x = picture.look, self._grid()
        self._draw_data(left)
        dots = {"color": GREY, "linestyle": (0, (1, 1)), "linewidth": look["line"]}
        left.plot(x, self.curve(self._done[0].before, x), label="start", **dots)
        own = style(look, self.solver) | {"marker": ""}
        (curve,) = left.plot([], [], label=self.solver, zorder=4, **own)
        label(left, "x", "y", " ")
        left.set_title(
            " ", size=look["text"] + 1, y=1.0
        )  # a y of its own, else every redraw looks for a better one
        layer = self._loss_axes(right, own)
        columns, text = 3 if look["text"] < 16 else 2, look["text"]
        picture.legend(loc="outside lower center", ncols=columns, fontsize=text, frameon=False)
        return {"curve": curve, "title": left.title, "loss": right, "layer": layer}

    def _draw_data(self, axes):
        """Filled dots to learn from, hollow ones held back, and room for a curve that goes astray."""
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
        """The loss so far: all of it moves, ticks too, because nobody knows yet how far it will fall."""
        look = axes.figure.look
        hollow = own | {
            "linestyle": "",
            "marker": "o",
            "mfc": "none",
            "markersize": 0.8 * look["marker"],
        }
        (loss,) = axes.plot([], [], **own)
        (refused,) = axes.plot([], [], label="refused", **hollow)
        (here,) = axes.plot([], [], **style(look, self.solver) | {"linestyle": "", "zorder": 5})
        beside = {
            "color": BLACK,
            "linestyle": "--",
            "linewidth": look["line"],
            "label": "error held back",
        }
        (held,) = axes.plot([], [], **beside) if self.validation is not None else (None,)
        if self.guess is not None:
            axes.axvline(
                self.guess, color=BLACK, linestyle=":", linewidth=look["line"], label="your guess"
            )
        axes.set_xlim(0, self.controls["step"].high)
        label(axes, "trial", self.unit)
        decades(axes)
        return SimpleNamespace(loss=loss, refused=refused, here=here, held=held)

    def move(self, artists, numbers):
        """The curve, μ, and the loss up to here on an axis of whole decades."""
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
        """What was tried last, in the fewest words."""
        if not steps:
            return "before the first trial"
        step = steps[-1]
        verdict = "accepted" if step.accepted else "refused"
        return (
            f"{self._strength(step)}, {verdict}"
            if self.solver == SHORT["LM"]
            else self._strength(step)
        )

    def _strength(self, step):
        if self.solver == SHORT["GD"]:
            return f"rate η = {1 / step.mu:.3g}"
        return f"μ = {step.mu:.3g}" if step.mu > 0 else "no damping"

    def sentence(self, numbers):
        """How well the curve fits, what μ did, and how it ended."""
        steps = numbers["steps"]
        refused = len(numbers["refused"])
        said = (
            f"After {count(len(steps), 'trial')} ({refused} refused)"
            if steps
            else "Before the first trial"
        )
        said += f": {self.unit.split(' = ')[0]} = {numbers['losses'][-1]:.3g} on {count(len(self.y), 'point')}"
        if self.validation is not None:
            said += f", {numbers['held back'][-1]:.3g} on the {len(self.validation[0])} held back"
        said += f". {self._story(steps)}" if steps else "."
        if self.guess is not None:
            best = int(np.argmin(numbers["held back"]))
            said += f" The lowest error held back so far is after {best}; you guessed {self.guess}."
        return said + (
            f" Ended after {count(len(steps), 'trial')}: {numbers['ended']}."
            if numbers["ended"]
            else ""
        )

    def _story(self, steps):
        """The last trial: its μ against the one before, and the verdict."""
        step, before = steps[-1], steps[-2] if len(steps) > 1 else None
        if self.solver != SHORT["LM"]:
            return f"The last step: {self._strength(step)}, {step.why}."
        change = "" if before is None else _change(before.mu, step.mu)
        return f"The last trial had {self._strength(step)}{change}: {'accepted' if step.accepted else 'refused'}."

    def rows(self, numbers):
        """The start, and every trial up to this one."""
        table = [("trial", "μ", self.unit, "of the trial", "held back", "accepted")]
        held = numbers["held back"] or [None] * len(numbers["losses"])
        table.append((0, None, float(numbers["losses"][0]), None, held[0], None))
        for i, step in enumerate(numbers["steps"], 1):
            tried = self.factor * step.trial_loss
            table.append((i, step.mu, float(numbers["losses"][i]), tried, held[i], step.accepted))
        return table


def _solver(step):
    """Whose step this is: the one with a damping rule, with μ = 1/η, or with none."""
    return SHORT["LM" if step.damping is not None else "GD" if descends([step]) else "GN"]


def _change(before, mu):
    """μ against the one before, in words."""
    if not (before > 0 and mu > 0):
        return ""
    ratio = mu / before
    if abs(ratio - 1) < 1e-9:
        return " as before"
    return (
        f", {ratio:.3g} times the one before"
        if ratio > 1
        else f", the one before divided by {1 / ratio:.3g}"
    )


def _noisy_sine():
    """(Problem, steps, validation): 18 noisy points of the sine for a 1-10-1 network, 12 held back."""
    learned, held_back = split(*sine(30, noise=0.3, seed=1), fraction=0.6, seed=0)
    network = (Input(1) >> Tanh(10) >> Linear(1)).initialize(seed=0)
    problem = NetworkFit(network, *learned)
    return (
        problem,
        levenberg_marquardt(problem, network.theta, mu=0.1, damping=Factor(10)),
        held_back,
    )


def _default_steps(problem):
    if not isinstance(problem, NetworkFit):
        raise TypeError(
            "steps is missing: expected an iterator of Steps, such as levenberg_marquardt(problem, theta)"
        )
    return levenberg_marquardt(problem, problem.network.theta)


def _as_curve(problem):
    """(curve(θ, x) → y on any x (n,), x (N,), y (N,)) of a problem with one input and one output."""
    instance(
        "problem",
        problem,
        (NetworkFit, CurveFit),
        "a NetworkFit or CurveFit of one input and one output",
    )
    if isinstance(problem, NetworkFit):
        network = problem.network
        if (network.n_inputs, network.n_outputs) != (1, 1):
            raise ValueError(
                f"problem has {network.n_inputs} inputs and {network.n_outputs} outputs: expected 1 and 1"
            )
        return (
            lambda theta, x: network.forward(x[:, None], theta)[-1][:, 0],
            problem.X[:, 0],
            problem.Y[:, 0],
        )
    shape, y = np.shape(problem.x), problem.y
    if shape not in ((y.size,), (y.size, 1)):
        raise ValueError(
            f"problem has x of shape {shape} and y of shape {y.shape}: expected N numbers in each"
        )
    x = as_floats("problem.x", np.ravel(problem.x), 1)
    return (
        lambda theta, at: np.ravel(problem.model(theta, at.reshape(-1, *shape[1:]))),
        x,
        y.ravel(),
    )


def _points(name, pair):
    """(x (n,), y (n,)) from a pair of arrays of n numbers each."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{name} is a {type(pair).__name__}: expected a pair (x, y)")
    x, y = (
        as_floats(f"{axis} of {name}", np.ravel(value), 1)
        for axis, value in zip("xy", pair, strict=True)
    )
    if len(x) != len(y):
        raise ValueError(f"{name} has {len(x)} x and {len(y)} y: expected as many")
    return x, y
