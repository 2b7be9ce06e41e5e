"""Lesson 09: a network, or any curve of one input, drawn trial by trial while it learns."""

from dataclasses import replace
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
from .scene import UNASKED, Control, Handle, Scene

SAME = 1e-9  # of the width of the data: no hand is so precise
N_LEARN = 200  # trials in the lesson's training
MARGIN = 0.35  # of the height of the data, above and below them, for wild curves


class Done(NamedTuple):
    """A trial that was made: its scalars, θ before and after it, and the validation error then."""

    step: Step
    before: Any
    after: Any
    held_back: float | None


class Run:
    """The trials of an iterator of Steps, made only as far as is asked, and kept.

    `first` is the first Step, `done` the trials, `ended` why there are no more; `held_back(θ)`
    measures the error on data that the solver does not see.
    """

    def __init__(self, steps, held_back):
        self.first, self.done, self.ended = None, [], None
        self._steps, self._held_back = iter(steps), held_back

    def upto(self, k):
        """Let the solver go on until k trials are made, or until it ends."""
        while len(self.done) < k and self.ended is None:
            try:
                step = next(self._steps)
            except StopIteration as end:
                self.ended = getattr(end.value, "words", "there are no more steps")
                return
            instance("a step", step, Step, "a Step, as levenberg_marquardt(problem, theta) yields")
            if step.theta is None:
                raise ValueError(
                    f"trial {step.k} is of a light history, without its θ: "
                    "expected steps with arrays"
                )
            self.first, after = self.first or step, step.next_theta
            self.done.append(Done(step.light(), step.theta, after, self._held_back(after)))


class Training(Scene):
    """A network, or any curve of one input and one output, trial by trial while a solver fits it.

    `problem` is a NetworkFit or CurveFit, and `steps` an iterator of Steps on it. For a NetworkFit
    the default is `levenberg_marquardt(problem, theta)` from the network's own θ. It is run only as
    far as `step` asks, up to `n`, and what was run is kept.

    `validation` is an (x, y) that the solver does not see; with it, mean squared errors are drawn
    in place of F. A point of the data can be moved, and the run is made anew. `guess` is the trial
    after which you expect the lowest error on it. Without arguments this is the noisy sine of
    lesson 09. Raises TypeError or ValueError for anything else.
    """

    controls = {
        "step": Control(0, N_LEARN, 0, "trial", whole=True, play=True),
        "outlier": Control(0, 17, 0, "number of the point that was moved", whole=True, knob=False),
        "height": Control(-1.7, 1.7, 0.0, "its y", knob=False),
    }

    def __init__(self, problem=None, steps=None, n=N_LEARN, validation=None, guess=UNASKED):
        guess = self.asked(guess)
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
        step = Control(0, at_least("n", n, 1), 0, "trial", whole=True, play=True)
        self.controls = {"step": step}
        self._run = Run(_default_steps(problem) if steps is None else steps, self._held_back)
        self._run.upto(1)
        if not self._run.done:
            raise ValueError(
                f"steps ended before the first trial: {self._run.ended}; expected at least one Step"
            )
        self.first, self._moved = self._run.done[0], (None, None)
        self.solver = _solver(self.first.step)
        if self.solver == SHORT["LM"]:
            self.controls |= self._movable()
        self.factor, self.unit = 1, "F = ½ rᵀr"
        if validation is not None:
            self.factor, self.unit = 2 / len(self.y), "mean squared error"

    def _movable(self):
        """Return the controls of a point that a hand moves: which one, and where its y is."""
        low, high = self._heights()
        self.touched = (Handle("dots", "outlier", "height", "a point of the data"),)
        return {
            "outlier": replace(Training.controls["outlier"], high=len(self.y) - 1),
            "height": replace(
                Training.controls["height"], low=low, high=high, start=float(self.y[0])
            ),
        }

    def place(self, handle, numbers, values):
        """Return where the point is that was moved."""
        return float(self.x[values["outlier"]]), values["height"]

    def touch(self, handle, start, end, values):
        """Return the point that a hand took, the nearest in x, and its new y.

        The arrow keys left and right lead to its neighbour, which is where it was measured.
        """
        near = int(np.argmin(abs(self.x - start[0])))
        by_key = abs(start[0] - self.x[near]) < SAME * np.ptp(self.x) and start[1] == end[1]
        if by_key and start[0] != end[0]:
            order = np.argsort(self.x)
            rank = np.flatnonzero(order == near)[0] + (1 if end[0] > start[0] else -1)
            near = int(order[min(max(rank, 0), len(order) - 1)])
            return {"outlier": near, "height": float(self.y[near])}
        return {"outlier": near, "height": end[1]}

    def _run_with(self, y):
        """Return the run on data with these y: by the same rule and limits, from the same θ."""
        if np.array_equal(y, self.y):
            return self._run
        if self._moved[0] is None or not np.array_equal(self._moved[0], y):
            first, whole = self._run.first, vars(self._run.first.options)
            problem = _with_targets(first.problem, y)
            steps = levenberg_marquardt(
                problem, first.theta, mu=first.mu, damping=first.damping, **whole
            )
            self._moved = y, Run(steps, self._held_back)
        return self._moved[1]

    def _held_back(self, theta):
        """Return the mean squared error on the validation data, None if there are none."""
        if self.validation is None:
            return None
        x, y = self.validation
        return float(np.mean((self.curve(theta, x) - y) ** 2))

    def compute(self, step, outlier=0, height=None):
        """Return θ and the losses after so many trials, and why the run ended if it did before."""
        y = self.y.copy()
        y[outlier] = y[outlier] if height is None else height
        run = self._run_with(y)
        run.upto(max(step, 1))
        first, done = run.done[0], run.done[:step]
        steps = [trial.step for trial in done]
        refused = [(k, s.trial_loss) for k, s in enumerate(steps, 1) if not s.accepted]
        held_back = [self._held_back(first.before), *(trial.held_back for trial in done)]
        return {
            "steps": steps,
            "theta": done[-1].after if done else first.before,
            "losses": self.factor * np.array([first.step.loss, *(s.next_loss for s in steps)]),
            "refused": [(k, self.factor * F) for k, F in refused],
            "held back": held_back if self.validation else [],
            "ended": run.ended if len(done) < step else None,
            "y": y,
            "moved": run is not self._run,
        }

    def still(self, picture):
        """Draw the data and the first curve; return what will show the curve, μ and the loss."""
        left, right = picture.subplots(1, 2)
        look, x = picture.look, self._grid()
        dots = self._draw_data(left)
        dotted = {"color": GREY, "linestyle": (0, (1, 1)), "linewidth": look["line"]}
        left.plot(x, self.curve(self.first.before, x), label="start", **dotted)
        own = style(look, self.solver) | {"marker": ""}
        (curve,) = left.plot([], [], label=self.solver, zorder=4, **own)
        label(left, "x", "y", " ")
        # Without y, every redraw would look for a better place for the title.
        left.set_title(" ", size=look["text"] + 1, y=1.0)
        layer = self._loss_axes(right, own)
        columns, text = 3 if look["text"] < 16 else 2, look["text"]
        picture.legend(loc="outside lower center", ncols=columns, fontsize=text, frameon=False)
        moving = {"curve": curve, "title": left.title, "loss": right, "layer": layer}
        return moving | {"dots": dots}

    def _draw_data(self, axes):
        """Draw hollow dots held back, and a margin for wild curves; return dots to learn from."""
        size = axes.figure.look["marker"]
        words = f"data ({len(self.x)})"
        (dots,) = axes.plot([], [], "o", color=GREY, markersize=size, label=words)
        if self.validation is not None:
            words = f"held back ({len(self.validation[0])})"
            axes.plot(*self.validation, "o", mfc="none", color=BLACK, markersize=size, label=words)
        axes.set(xlim=_with_margin(self._grid()), ylim=self._heights())
        return dots

    def _heights(self):
        """Return the ends of the axis of the data."""
        low, high = float(self.y.min()), float(self.y.max())
        margin = MARGIN * ((high - low) or 1.0)
        return low - margin, high + margin

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
        artists["dots"].set_data(self.x, numbers["y"])
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
        if numbers["moved"]:
            said = f"With one point moved: {said[0].lower()}{said[1:]}"
        if self.guess is not None and not numbers["moved"]:
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


def _with_targets(problem, y):
    """Return the same problem for other y, (N,)."""
    if isinstance(problem, NetworkFit):
        return NetworkFit(problem.network, problem.X, y[:, None])
    return CurveFit(problem.model, problem.x, y)


def _with_margin(x):
    margin = 0.05 * np.ptp(x) or 1.0
    return float(x.min() - margin), float(x.max() + margin)


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
