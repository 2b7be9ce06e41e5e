"""Lesson 01: one weight, the residuals as bars, and F as the sum of their squares, halved."""

import math
from itertools import pairwise

import numpy as np
from matplotlib.collections import LineCollection

from ..checks import as_floats, is_real
from .picture import BLACK, GREY, ORANGE, SKY, SPARE, label
from .scene import UNASKED, Control, Handle, Scene

BARS = (ORANGE, SKY, SPARE[0]["color"])  # in turn; a bar has the same colour in both halves


LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
LESSON_X, LESSON_Y = (1.0, 2.0, 3.0), (2.0, 3.0, 7.0)
WEIGHTS = 0.0, 4.0


def _with_margin(values):
    """Return the lowest and the highest value, a little further apart."""
    low, high = float(np.min(values)), float(np.max(values))
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


def _controls(x, y):
    """Return the weight, and the height of each target, which a hand moves."""
    low, high = _heights(x, y)
    heights = {
        f"y_{i}": Control(low, high, float(height), f"y{str(i).translate(LOWERED)}", knob=False)
        for i, height in enumerate(y, 1)
    }
    return {"weight": Control(*WEIGHTS, 1.0, "w")} | heights


def _heights(x, y):
    """Return the ends of the left axis: all targets, and the line for every weight."""
    x = np.asarray(x)
    return _with_margin(np.concatenate([[0.0], y, WEIGHTS[0] * x, WEIGHTS[1] * x]))


class OneWeight(Scene):
    """The model a = wx: its residuals as bars, and ½r² of each, stacked up to the curve F(w).

    The targets can be moved, and so can the weight, along the curve. `x` and `y` are (N,), the
    lesson's three measurements unless given. `guess` is the weight at which the learner expects the
    lowest F, a hollow ring on the curve. Raises TypeError or ValueError for anything else.
    """

    controls = _controls(LESSON_X, LESSON_Y)

    def __init__(self, x=LESSON_X, y=LESSON_Y, guess=UNASKED):
        guess = self.asked(guess)
        self.x = as_floats("x", x, 1)
        self.y = as_floats("y", y, 1, self.x.shape)
        if guess is not None and not (is_real(guess) and math.isfinite(guess)):
            raise TypeError(f"guess = {guess!r}: expected a weight, such as 2.5, or None")
        self.guess = guess
        self.controls = _controls(self.x, self.y)
        self.weights = np.linspace(*WEIGHTS, 161)
        targets = [name for name in self.controls if name != "weight"]
        labels = [f"target {self.controls[name].label}" for name in targets]
        pairs = zip(targets, labels, strict=True)
        self.touched = (
            Handle("here", "weight", None, "weight w"),
            *(Handle("dots", None, name, label) for name, label in pairs),
        )

    def place(self, handle, numbers, values):
        """Return where the weight lies on the curve, or a target."""
        if handle.artist == "here":
            return numbers["weight"], numbers["F"]
        return float(self.x[int(handle.y[2:]) - 1]), values[handle.y]

    def residual(self, weight, y=None):
        """Return r = wx − y, (N,)."""
        return weight * self.x - (self.y if y is None else y)

    def loss(self, weight, y=None):
        """Return F = ½ rᵀr at this weight."""
        r = self.residual(weight, y)
        return float(r @ r) / 2

    def compute(self, weight, **targets):
        """Return the weight, the targets, the residuals r, ½r² of each, and F, here and around."""
        y = np.array([targets.get(f"y_{i}", own) for i, own in enumerate(self.y, 1)])
        r, curve = self.residual(weight, y), np.outer(self.weights, self.x) - y
        numbers = {"weight": weight, "y": y, "r": r, "parts": r**2 / 2, "F": self.loss(weight, y)}
        return numbers | {"curve": np.sum(curve**2, axis=1) / 2}

    def still(self, picture):
        """Draw the axes; return the line, the bars, the targets, the curve and their stack."""
        left, right = picture.subplots(1, 2)
        return self._measurements(left, picture.look) | self._curve(right, picture.look)

    def _measurements(self, axes, look):
        bars = axes.add_collection(self._thick(look), autolim=False)
        (line,) = axes.plot([], [], color=GREY, linewidth=look["line"])
        (dots,) = axes.plot([], [], "o", color=BLACK, markersize=1.3 * look["marker"], zorder=3)
        axes.set(xlim=_with_margin(np.append(self.x, 0.0)), ylim=_heights(self.x, self.y))
        label(axes, x="x", title="dots: targets, line: model\nbars: residuals")
        return {"line": line, "bars": bars, "dots": dots}

    def _curve(self, axes, look):
        highest = max(map(self.loss, self.weights)) or 1.0
        stack = axes.add_collection(self._thick(look), autolim=False)
        cut = {"markersize": 5 * look["line"], "markeredgewidth": look["line"] / 2, "linestyle": ""}
        # White cuts between the parts of the stack: two colours may be one grey on paper.
        (cuts,) = axes.plot([], [], "_", color="white", **cut)
        (curve,) = axes.plot([], [], color=GREY, linewidth=look["line"])
        (here,) = axes.plot([], [], "o", color=BLACK, markersize=1.3 * look["marker"])
        (ring,) = axes.plot([], [])
        title = "curve: F"
        if self.guess is not None:
            title += ", ring: your guess"
            hollow = {"mfc": "none", "markersize": 2 * look["marker"], "mew": look["line"]}
            (ring,) = axes.plot([], [], "o", color=BLACK, **hollow)
        axes.set(xlim=_with_margin(WEIGHTS), ylim=(0, 1.08 * highest))
        label(axes, x="w", title=f"{title}\nstack: ½r² of each bar")
        return {"stack": stack, "cuts": cuts, "curve": curve, "ring": ring, "here": here}

    def _thick(self, look):
        """Return bars in the colours of the samples, without a length yet.

        Their ends are cut off square, so that a bar is as long as its residual.
        """
        colors = [BARS[i % len(BARS)] for i in range(len(self.x))]
        return LineCollection([], colors=colors, linewidths=5 * look["line"], capstyle="butt")

    def move(self, artists, numbers):
        """Turn the line, and set the bars, the stack and the dot on the curve."""
        w, y, ends = numbers["weight"], numbers["y"], np.array(_with_margin(np.append(self.x, 0.0)))
        artists["line"].set_data(ends, w * ends)
        artists["dots"].set_data(self.x, y)
        samples = zip(self.x, y, w * self.x, strict=True)
        artists["bars"].set_segments([[(x, y), (x, a)] for x, y, a in samples])
        tops = np.append(0.0, np.cumsum(numbers["parts"]))
        artists["stack"].set_segments([[(w, low), (w, high)] for low, high in pairwise(tops)])
        artists["cuts"].set_data(np.full(len(tops) - 2, w), tops[1:-1])
        artists["curve"].set_data(self.weights, numbers["curve"])
        artists["here"].set_data([w], [numbers["F"]])
        if self.guess is not None:
            artists["ring"].set_data([self.guess], [self.loss(self.guess, y)])

    def sentence(self, numbers):
        """Return the weight, the residuals, F, and how far away the guess is."""
        bars = ", ".join(f"{r:.3g}" for r in numbers["r"])
        w, F = numbers["weight"], numbers["F"]
        said = f"At w = {w:.3g} the residuals are {bars}, and F = {F:.3g}."
        return said if self.guess is None else f"{said} {self._said_of_the_guess(numbers)}"

    def _said_of_the_guess(self, numbers):
        apart = self.guess - numbers["weight"]
        rise = self.loss(self.guess, numbers["y"]) - numbers["F"]
        said = f"Your guess, w = {self.guess:.3g}, is"
        if abs(apart) < 5e-3:
            return f"{said} here."
        where = f"{abs(apart):.3g} to the {'right' if apart > 0 else 'left'} of here"
        higher = f"{abs(rise):.3g} {'higher' if rise > 0 else 'lower'}"
        return f"{said} {where}; F there is {higher}."

    def rows(self, numbers):
        """Return target, prediction, residual and ½r² of each measurement."""
        columns = (self.x, numbers["y"], numbers["weight"] * self.x, numbers["r"], numbers["parts"])
        rows = [tuple(map(float, row)) for row in zip(*columns, strict=True)]
        return [("x", "y", "a", "r", "½r²"), *rows]
