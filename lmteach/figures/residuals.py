"""Lesson 01: one weight, the residuals as bars, and F as the sum of their squares, halved."""

import math
from itertools import pairwise

import numpy as np
from matplotlib.collections import LineCollection

from ..checks import as_floats, is_real
from .picture import BLACK, GREY, ORANGE, SKY, SPARE, label
from .scene import Control, Scene

BARS = (ORANGE, SKY, SPARE[0]["color"])  # in turn; a bar has the same colour in both halves


class OneWeight(Scene):
    """The model a = wx: its residuals as bars, and ½r² of each, stacked up to the curve F(w).

    `x` and `y` are (N,), the lesson's three measurements unless given. `guess` is the weight at
    which the learner expects the lowest F, a hollow ring on the curve. Raises TypeError or
    ValueError for anything else.
    """

    controls = {"weight": Control(0.0, 4.0, 1.0, "w")}

    def __init__(self, x=(1.0, 2.0, 3.0), y=(2.0, 3.0, 7.0), guess=None):
        self.x = as_floats("x", x, 1)
        self.y = as_floats("y", y, 1, self.x.shape)
        if guess is not None and not (is_real(guess) and math.isfinite(guess)):
            raise TypeError(f"guess = {guess!r}: expected a weight, such as 2.5, or None")
        self.guess = guess

    def residual(self, weight):
        """Return r = wx − y, (N,)."""
        return weight * self.x - self.y

    def loss(self, weight):
        """Return F = ½ rᵀr at this weight."""
        r = self.residual(weight)
        return float(r @ r) / 2

    def compute(self, weight):
        """Return the weight, the residuals r, ½r² of each, and F."""
        r = self.residual(weight)
        return {"weight": weight, "r": r, "parts": r**2 / 2, "F": self.loss(weight)}

    def still(self, picture):
        """Draw targets, curve and guess; return the line, the bars and their stack."""
        left, right = picture.subplots(1, 2)
        return self._measurements(left, picture.look) | self._curve(right, picture.look)

    def _measurements(self, axes, look):
        low, high = self.controls["weight"].low, self.controls["weight"].high
        heights = np.concatenate([[0.0], self.y, low * self.x, high * self.x])
        bars = axes.add_collection(self._thick(look), autolim=False)
        (line,) = axes.plot([], [], color=GREY, linewidth=look["line"])
        (dots,) = axes.plot(self.x, self.y, "o", color=BLACK, markersize=look["marker"], zorder=3)
        axes.set(xlim=_with_margin(np.append(self.x, 0.0)), ylim=_with_margin(heights))
        label(axes, x="x", title="dots: targets, line: model\nbars: residuals")
        # The dots stay where they are, but have to be drawn above the bars.
        return {"line": line, "bars": bars, "dots": dots}

    def _curve(self, axes, look):
        ends = self.controls["weight"].low, self.controls["weight"].high
        ws = np.linspace(*ends, 161)
        Fs = np.array([self.loss(w) for w in ws])
        stack = axes.add_collection(self._thick(look), autolim=False)
        cut = {"markersize": 5 * look["line"], "markeredgewidth": look["line"] / 2, "linestyle": ""}
        # White cuts between the parts of the stack: two colours may be one grey on paper.
        (cuts,) = axes.plot([], [], "_", color="white", **cut)
        axes.plot(ws, Fs, color=GREY, linewidth=look["line"])
        (here,) = axes.plot([], [], "o", color=BLACK, markersize=look["marker"])
        title = "curve: F"
        if self.guess is not None:
            title += ", ring: your guess"
            ring = {"mfc": "none", "markersize": 2 * look["marker"], "mew": look["line"]}
            axes.plot(self.guess, self.loss(self.guess), "o", color=BLACK, **ring)
        axes.set(xlim=_with_margin(ends), ylim=(0, 1.08 * Fs.max() or 1.0))
        label(axes, x="w", title=f"{title}\nstack: ½r² of each bar")
        return {"stack": stack, "cuts": cuts, "here": here}

    def _thick(self, look):
        """Return bars in the colours of the samples, without a length yet.

        Their ends are cut off square, so that a bar is as long as its residual.
        """
        colors = [BARS[i % len(BARS)] for i in range(len(self.x))]
        return LineCollection([], colors=colors, linewidths=5 * look["line"], capstyle="butt")

    def move(self, artists, numbers):
        """Turn the line, and set the bars, the stack and the dot on the curve."""
        w, ends = numbers["weight"], np.array(_with_margin(np.append(self.x, 0.0)))
        artists["line"].set_data(ends, w * ends)
        samples = zip(self.x, self.y, w * self.x, strict=True)
        artists["bars"].set_segments([[(x, y), (x, a)] for x, y, a in samples])
        tops = np.append(0.0, np.cumsum(numbers["parts"]))
        artists["stack"].set_segments([[(w, low), (w, high)] for low, high in pairwise(tops)])
        artists["cuts"].set_data(np.full(len(tops) - 2, w), tops[1:-1])
        artists["here"].set_data([w], [numbers["F"]])

    def sentence(self, numbers):
        """Return the weight, the residuals, F, and how far away the guess is."""
        bars = ", ".join(f"{r:.3g}" for r in numbers["r"])
        w, F = numbers["weight"], numbers["F"]
        said = f"At w = {w:.3g} the residuals are {bars}, and F = {F:.3g}."
        return said if self.guess is None else f"{said} {self._said_of_the_guess(numbers)}"

    def _said_of_the_guess(self, numbers):
        apart, rise = self.guess - numbers["weight"], self.loss(self.guess) - numbers["F"]
        said = f"Your guess, w = {self.guess:.3g}, is"
        if abs(apart) < 5e-3:
            return f"{said} here."
        where = f"{abs(apart):.3g} to the {'right' if apart > 0 else 'left'} of here"
        higher = f"{abs(rise):.3g} {'higher' if rise > 0 else 'lower'}"
        return f"{said} {where}; F there is {higher}."

    def rows(self, numbers):
        """Return target, prediction, residual and ½r² of each measurement."""
        columns = (self.x, self.y, numbers["weight"] * self.x, numbers["r"], numbers["parts"])
        rows = [tuple(map(float, row)) for row in zip(*columns, strict=True)]
        return [("x", "y", "a", "r", "½r²"), *rows]


def _with_margin(values):
    """Return the lowest and the highest value, a little further apart."""
    low, high = float(np.min(values)), float(np.max(values))
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin
