"""Lesson 01: one weight, the residuals as bars, and F as what their squares add up to."""

import math

import numpy as np
from matplotlib.collections import LineCollection

from ..checks import as_floats, is_real
from .picture import BLACK, GREY, ORANGE, SKY, SPARE, label
from .scene import Control, Scene

BARS = (
    ORANGE,
    SKY,
    SPARE[0]["color"],
)  # one after the other; a bar keeps its colour in both halves


class OneWeight(Scene):
    """The model a = wx: residuals as bars on the left; on the right ½r² of each, stacked up to the curve F(w).

    `x`, `y`: (N,), the lesson's three measurements unless given. `guess`: the learner's weight with the lowest F, a
    hollow ring on the curve. Raises TypeError or ValueError for anything else.
    """

    controls = {"weight": Control(0.0, 4.0, 1.0, "w")}

    def __init__(self, x=(1.0, 2.0, 3.0), y=(2.0, 3.0, 7.0), guess=None):
        self.x = as_floats("x", x, 1)
        self.y = as_floats("y", y, 1, self.x.shape)
        if guess is not None and not (is_real(guess) and math.isfinite(guess)):
            raise TypeError(f"guess = {guess!r}: expected a weight, such as 2.5, or None")
        self.guess = guess

    def residual(self, weight):
        """r = wx − y, (N,)."""
        return weight * self.x - self.y

    def loss(self, weight):
        """F = ½ rᵀr at this weight."""
        r = self.residual(weight)
        return float(r @ r) / 2

    def compute(self, weight):
        """The weight, the residuals r, ½r² of each and F."""
        r = self.residual(weight)
        return {"weight": weight, "r": r, "parts": r**2 / 2, "F": self.loss(weight)}

    def still(self, picture):
        """Targets, the curve F(w) and the guess stand still; line, bars and the stack under the curve move."""
        left, right = picture.subplots(1, 2)
        return self._measurements(left, picture.look) | self._curve(right, picture.look)

    def _measurements(self, axes, look):
        low, high = self.controls["weight"].low, self.controls["weight"].high
        heights = np.concatenate([[0.0], self.y, low * self.x, high * self.x])
        bars = axes.add_collection(self._thick(look), autolim=False)
        (line,) = axes.plot([], [], color=GREY, linewidth=look["line"])
        (dots,) = axes.plot(self.x, self.y, "o", color=BLACK, markersize=look["marker"], zorder=3)
        axes.set(xlim=_roomy(np.append(self.x, 0.0)), ylim=_roomy(heights))
        label(axes, x="x", title="dots: targets, line: model\nbars: residuals")
        return {
            "line": line,
            "bars": bars,
            "dots": dots,
        }  # the dots stay where they are, but above the bars

    def _curve(self, axes, look):
        ends = self.controls["weight"].low, self.controls["weight"].high
        ws = np.linspace(*ends, 161)
        Fs = np.array([self.loss(w) for w in ws])
        stack = axes.add_collection(self._thick(look), autolim=False)
        cut = {"markersize": 5 * look["line"], "markeredgewidth": look["line"] / 2, "linestyle": ""}
        (cuts,) = axes.plot(
            [], [], "_", color="white", **cut
        )  # two colours may be one grey on paper
        axes.plot(ws, Fs, color=GREY, linewidth=look["line"])
        (here,) = axes.plot([], [], "o", color=BLACK, markersize=look["marker"])
        if self.guess is not None:
            ring = {
                "markerfacecolor": "none",
                "markersize": 2 * look["marker"],
                "markeredgewidth": look["line"],
            }
            axes.plot(self.guess, self.loss(self.guess), "o", color=BLACK, **ring)
        axes.set(xlim=_roomy(ends), ylim=(0, 1.08 * Fs.max() or 1.0))
        label(
            axes,
            x="w",
            title=f"curve: F{', ring: your guess' * (self.guess is not None)}\nstack: ½r² of each bar",
        )
        return {"stack": stack, "cuts": cuts, "here": here}

    def _thick(self, look):
        """Bars that end where they end, in the colours of the samples, nothing in them yet."""
        colors = [BARS[i % len(BARS)] for i in range(len(self.x))]
        return LineCollection([], colors=colors, linewidths=5 * look["line"], capstyle="butt")

    def move(self, artists, numbers):
        """Turn the line, and set the bars, the stack and the dot on the curve."""
        w, predicted, ends = (
            numbers["weight"],
            numbers["weight"] * self.x,
            np.array(_roomy(np.append(self.x, 0.0))),
        )
        tops = np.append(0.0, np.cumsum(numbers["parts"]))
        artists["line"].set_data(ends, w * ends)
        artists["bars"].set_segments(
            [[(x, y), (x, a)] for x, y, a in zip(self.x, self.y, predicted, strict=True)]
        )
        artists["stack"].set_segments(
            [[(w, a), (w, b)] for a, b in zip(tops, tops[1:], strict=False)]
        )
        artists["cuts"].set_data(np.full(len(tops) - 2, w), tops[1:-1])
        artists["here"].set_data([w], [numbers["F"]])

    def sentence(self, numbers):
        """The weight, the residuals and F; and how far the guess is from here."""
        bars = ", ".join(f"{r:.3g}" for r in numbers["r"])
        said = (
            f"At w = {numbers['weight']:.3g} the residuals are {bars}, and F = {numbers['F']:.3g}."
        )
        return said if self.guess is None else f"{said} {self._said_of_the_guess(numbers)}"

    def _said_of_the_guess(self, numbers):
        apart, higher = self.guess - numbers["weight"], self.loss(self.guess) - numbers["F"]
        if abs(apart) < 5e-3:
            return f"Your guess, w = {self.guess:.3g}, is here."
        where = f"{abs(apart):.3g} to the {'right' if apart > 0 else 'left'} of here"
        return f"Your guess, w = {self.guess:.3g}, is {where}; F there is {abs(higher):.3g} {_word(higher)}."

    def rows(self, numbers):
        """Target, prediction, residual and ½r² of each measurement."""
        columns = (self.x, self.y, numbers["weight"] * self.x, numbers["r"], numbers["parts"])
        return [
            ("x", "y", "a", "r", "½r²"),
            *(tuple(map(float, row)) for row in zip(*columns, strict=True)),
        ]


def _word(higher):
    return "higher" if higher > 0 else "lower"


def _roomy(values):
    """From the lowest to the highest value, and a little further at both ends."""
    low, high = float(np.min(values)), float(np.max(values))
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room
