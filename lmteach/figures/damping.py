"""Lesson 07: one knob, from the Gauss-Newton step to a short step straight downhill."""

import math

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ..checks import as_floats, instance
from ..examples import START, rosenbrock
from ..problems import Problem
from .contour import contours
from .picture import BLACK, ORANGE, SKY, label, style
from .scene import Control, Scene

N_GRID, N_NEAR = 121, 61
MARGIN = 1.2  # how far beyond what is drawn the map reaches
NEAR_HEIGHT = 0.62  # of its width, for the close-up
APART = 0.1  # of a map's sides: what must be free around a dot that gets a name
NAME = 0.4  # and of its width, for the name
UNEVEN = 12  # sides of the map that differ more than this are not drawn to one scale
COLOURS = (ORANGE, SKY)  # of the two singular vectors and their bars


class MuScene(Scene):
    """The damped step h with (JᵀJ + μI) h = −g at one θ, for any problem of two parameters; Rosenbrock's unless given.

    On the contours of F: the Gauss-Newton step, the direction −g (as long as suits the picture), the curve h(μ) with
    a dot at each power of ten, and the step for this μ; the same near θ; the filter factors s²/(s² + μ) as bars.
    `guess` is a point, (2,), where the learner expects a step to land. μ goes from far below the smallest s² to far
    above the largest. Raises TypeError or ValueError for a problem or a θ of another kind, and where g = 0.
    """

    controls = {"mu": Control(1e-4, 1e6, 10.0, "damping μ", log=True)}

    def __init__(self, problem=None, theta=None, guess=None):
        self.problem = rosenbrock() if problem is None else problem
        instance("problem", self.problem, Problem, "a LeastSquares, CurveFit or NetworkFit of two parameters")
        if problem is not None and theta is None:
            raise TypeError("theta is missing: expected the two parameters at which to look at this problem")
        self.theta = np.array(as_floats("theta", START if theta is None else theta, 1, (2,)))
        self.guess = None if guess is None else np.array(as_floats("guess", guess, 1, (2,)))
        self.here = here = self.problem.linearize(self.theta)
        if not here.g.any():
            raise ValueError(f"theta = {self.theta}: g is 0 there, and so is h; expected a θ where F has a slope")
        _, self.s, self.Vt = np.linalg.svd(here.J)
        self.s = np.append(self.s, 0.0)[:2]  # a single residual has but one
        self.s[self.s < 1e-12 * self.s[0]] = 0.0
        self.downhill = -here.g / np.linalg.norm(here.g)
        self.controls = {"mu": self._control()}
        self._survey()

    def _control(self):
        """μ from a thousandth of the smallest s² to a thousand times the largest, in powers of ten."""
        kept = self.s[self.s > 1e-7 * self.s[0]] ** 2
        low, high = math.floor(math.log10(kept[-1])) - 3, math.ceil(math.log10(kept[0])) + 3
        return Control(10.0**low, 10.0**high, 10.0 ** round((low + high) / 2), "damping μ", log=True)

    def _survey(self):
        """The curve h(μ), and how far the map and the close-up reach."""
        knob = self.controls["mu"]
        decades = range(round(math.log10(knob.low)), round(math.log10(knob.high)) + 1)
        self.decades = [10.0**k for k in decades]
        mus = np.geomspace(knob.low / 1e3, knob.high, 400)
        self.curve = self.theta + np.vstack([self.here.step(0), self.here.steps(mus)])
        self.dots = self.theta + self.here.steps(np.array(self.decades))
        self.full = np.linalg.norm(self.curve[0] - self.theta)  # ‖h‖ of Gauss-Newton
        self.span = self._map()
        turned = np.array([_angle(h, self.downhill) for h in self.curve - self.theta])
        halfway = np.argmin(abs(turned - turned[0] / 2))  # where the curve bends
        reach = np.linalg.norm(self.curve[halfway] - self.theta)
        side = np.diff(self.span)[:, 0] / np.diff(self.span).max()
        self.scaled = "" if side.min() > 0.999 else "two scales: angles are bent"
        half = 1.2 * min(reach, self.full / 3) * side * (1 / NEAR_HEIGHT, 1)
        self.near = np.column_stack([self.theta - half, self.theta + half])

    def _map(self):
        """((θ₁ low, high), (θ₂ low, high)) around all that is drawn, to one scale where that can be read."""
        points = np.vstack([self.curve, self.theta + 0.4 * self.full * self.downhill])
        low, high = points.min(axis=0), points.max(axis=0)
        wide = high - low
        if not 1e-6 * wide.max() < wide.min() < wide.max() / UNEVEN:
            wide = np.full(2, wide.max())
        centre = (low + high) / 2
        return np.column_stack([centre - MARGIN * wide / 2, centre + MARGIN * wide / 2])

    def compute(self, mu):
        """h and what it does: its length, its angle to −g, F as the straight model predicts it, and F there."""
        h = self.here.step(mu)
        return {
            "mu": mu,
            "h": h,
            "trial": self.theta + h,
            "length": float(np.linalg.norm(h)),
            "angle": _angle(h, self.downhill),
            "before": float(self.here.loss),
            "predicted": float(np.sum((self.here.r + self.here.Jv(h)) ** 2) / 2),
            "after": float(self.problem.loss(self.theta + h)),
            "factors": self.s**2 / (self.s**2 + mu),
        }

    def still(self, picture):
        """The map, the close-up, the frame of the bars, and the legend."""
        axes = picture.subplot_mosaic(
            [["words", "words"], ["map", "near"], ["map", "bars"]],
            width_ratios=[1.1, 1],
            height_ratios=[0.3, 1.35, 0.5],
        )
        half = np.diff(self.near)[:, 0] / 2
        moving = {
            "words": self._words(axes["words"]),
            "map": self._ground(axes["map"], self.span, N_GRID, 0.4 * self.full),
            "near": self._ground(axes["near"], self.near, N_NEAR, 0.8 * half.min()),
        }
        axes["near"].set_box_aspect(NEAR_HEIGHT)
        for v, colour in zip(self.Vt, COLOURS, strict=True):
            axes["near"].axline(self.theta, self.theta + v, color=colour, linewidth=picture.look["line"], zorder=1.5)
        axes["map"].set_box_aspect(1)
        axes["map"].add_patch(Rectangle(self.near[:, 0], *(2 * half), fill=False, edgecolor=BLACK, linewidth=1))
        label(axes["map"], "θ₁", "θ₂", self.scaled)
        label(axes["near"], title="the framed part, near θ")
        _legend(picture, axes["map"])
        return moving | self._bars(axes["bars"])

    def _words(self, axes):
        """Two lines above the picture, still empty; whatever they say, nothing makes room for them."""
        axes.axis("off")
        size = axes.figure.look["text"] + 1
        words = axes.text(0.5, 0.5, "", size=size, ha="center", va="center", linespacing=1.25)
        words.set_in_layout(False)
        return words

    def _ground(self, axes, span, n_grid, arrow):
        """Contours, both proposals and the curve; returns the line that will be this step."""
        look = axes.figure.look
        contours(axes, self.problem, span, n_grid)
        lm, size = style(look, "LM"), look["marker"]
        thin, thick = {"linewidth": 0.7 * look["line"]}, {"linewidth": 1.6 * look["line"]}
        axes.plot(*self.curve.T, color=lm["color"], label="h(μ), dots: powers of 10", zorder=2.5, **thin)
        axes.plot(*self.dots.T, ".", color=lm["color"], markersize=0.9 * size, zorder=2.5)
        ends = {"Gauss-Newton": self.curve[0], "downhill, −g": self.theta + arrow * self.downhill}
        for name, (said, tip) in zip(("GN", "GD"), ends.items(), strict=True):
            axes.plot(*np.array([self.theta, tip]).T, label=said, markevery=[1], zorder=2.2, **style(look, name))
        (step,) = axes.plot([], [], label="this step", markevery=[1], zorder=4, **lm | thick)
        axes.plot(*self.theta, "*", color=BLACK, markersize=1.5 * size, zorder=4.5)
        if self.guess is not None:
            axes.plot(*self.guess, "o", color=BLACK, mfc="none", markersize=1.6 * size, label="your guess", zorder=5)
        axes.set(xlim=span[0], ylim=span[1])
        self._name_dots(axes, span, arrow)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axes.ticklabel_format(useOffset=False)
        return step

    def _name_dots(self, axes, span, arrow):
        """The μ beside the dots that have room for it, on the side to which the curve turns."""
        wide, middle = np.diff(span)[:, 0], np.mean(span, axis=1)
        taken = [self.curve[0], *(self.theta + t * self.downhill for t in np.linspace(0, arrow, 50))]
        side = -1 if self.downhill[0] < 0 else 1
        for mu, dot in zip(self.decades, self.dots, strict=True):
            away = (np.array(taken) - dot) / wide
            covers = (side * away[:, 0] > 0) & (side * away[:, 0] < NAME) & (abs(away[:, 1]) < APART)
            room = abs(dot + side * wide * (NAME, 0) - middle) < wide / 2  # the name, too, has to fit in
            if room.all() and np.linalg.norm(away, axis=1).min() > APART and not covers.any():
                taken.append(dot)
                words = axes.annotate(f"μ = {_short(mu)}", dot, (7 * side, 0), textcoords="offset points", clip_on=True)
                words.set(size=axes.figure.look["text"], ha="left" if side > 0 else "right", va="center", zorder=3)
                words.set_in_layout(False)

    def _bars(self, axes):
        """Two bars of no length yet, one for each singular value, and the numbers beside them."""
        bars = axes.barh([1, 0], [0, 0], height=0.7, color=COLOURS, edgecolor=BLACK, linewidth=0.6)
        label(axes, title="filter factors s²/(s² + μ)")
        axes.set(xlim=(0, 1.3), ylim=(-0.5, 1.5), xticks=[0, 0.5, 1])
        axes.set_yticks([1, 0], [f"s₁ = {_short(self.s[0])}", f"s₂ = {_short(self.s[1])}"])
        axes.spines[["top", "right"]].set_visible(False)
        size = axes.figure.look["text"]
        texts = [axes.text(0, y, "", size=size, va="center") for y in (1, 0)]
        for text in texts:
            text.set_in_layout(False)
        return {"bar_1": bars[0], "bar_2": bars[1], "text_1": texts[0], "text_2": texts[1]}

    def move(self, artists, numbers):
        """Set the step on both maps, the bars and the words."""
        way = np.array([self.theta, numbers["trial"]]).T
        for name in ("map", "near"):
            artists[name].set_data(*way)
        for name, factor in zip("12", numbers["factors"], strict=True):
            artists[f"bar_{name}"].set_width(factor)
            artists[f"text_{name}"].set_text(f"{factor:.2f}" if factor >= 0.005 else "0.00")
            artists[f"text_{name}"].set_x(factor + 0.03)
        artists["words"].set_text("\n".join(_said(numbers)))

    def sentence(self, numbers):
        """μ, the step's length and angle, F as predicted and as it is, and how far off the guess was."""
        said = ", ".join(_said(numbers)) + "."
        if self.guess is not None:
            said += f" Your guess is {_short(np.linalg.norm(self.guess - numbers['trial']))} from where it lands"
            inside = (self.span[:, 0] <= self.guess).all() and (self.guess <= self.span[:, 1]).all()
            said += "." if inside else ", off the map."
        return said

    def rows(self, numbers):
        """This μ, then every power of ten: the step's length and angle, and by how much F falls."""
        table = [numbers, *(self.compute(mu) for mu in self.decades)]
        entries = [
            (n["mu"], n["length"], n["angle"], n["before"] - n["predicted"], n["before"] - n["after"]) for n in table
        ]
        return [("mu", "length of h", "degrees from -g", "predicted decrease", "actual decrease"), *entries]


def _legend(picture, axes):
    """What the lines mean, below the picture: one row at the desk, two columns for the projector."""
    handles, names = axes.get_legend_handles_labels()
    text = picture.look["text"]
    tight = {"frameon": False, "handlelength": 1.5, "columnspacing": 1.0, "handletextpad": 0.5}
    columns = len(names) if text < 16 else 2
    picture.legend(handles, names, loc="outside lower center", ncols=columns, fontsize=text, **tight)


def _angle(h, downhill):
    """Degrees between h and a direction of length 1, 0 to 180."""
    across, along = h[0] * downhill[1] - h[1] * downhill[0], h @ downhill
    return math.degrees(math.atan2(abs(across), along))


def _said(n):
    """Two lines of words."""
    angle = "less than 1" if n["angle"] < 1 else f"{n['angle']:.0f}"
    return (
        f"μ = {_short(n['mu'])}: step {_short(n['length'])} long, {angle}° from downhill",
        f"predicts F {_short(n['before'])} → {_short(n['predicted'])}, gets {_short(n['after'])}",
    )


def _short(x):
    """Three digits, in full where that is short."""
    if not math.isfinite(x):
        return "no finite number"
    said = f"{x:.3g}"
    return f"{float(said):.0f}" if "e+" in said and abs(x) < 1e6 else said
