"""Lesson 07: the damping μ, from the Gauss-Newton step to a short step straight downhill."""

import math
from copy import copy

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from ..checks import as_floats, instance
from ..examples import START, rosenbrock
from ..problems import Problem
from ..slices import Slice
from .contour import contours
from .picture import BLACK, ORANGE, SKY, label, style
from .scene import Control, Scene

N_GRID, N_NEAR = 121, 61
MARGIN = 1.2  # how far beyond what is drawn the map reaches
NEAR_HEIGHT = 0.62  # of its width, for the close-up
NAME = 0.4  # of a map's width: the length of a dot's name
APART = 0.1  # of a map's height: the distance from one name to the next
UNDER_STAR = 0.04  # a dot so near to θ is not seen
LINE = 0.03  # a line that comes so near to a name would strike it out
STRAIGHT = 5  # degrees: a curve that turns by less has no bend to look at
UNEVEN = 12  # sides of the map that differ more than this are not drawn to one scale
ZERO = 1e-12  # a singular value below this, of the largest, is 0
ROUNDING = 1e-14
COLOURS = (ORANGE, SKY)  # of the two singular vectors and their bars


class MuScene(Scene):
    """The damped step h, (JᵀJ + μI) h = −g, at one θ of a problem of two parameters.

    On the contours of F: the Gauss-Newton step, the direction −g (as long as suits the picture),
    the curve h(μ) with a dot at each power of ten, and the step for this μ; the same near θ; and
    the filter factors s²/(s² + μ) as bars. μ goes from far below the smallest s² to far above the
    largest.

    The problem is Rosenbrock's unless given. A larger one is seen through a `Slice`; θ is then φ,
    the slice's start unless given. `guess` is a point, (2,), where the learner expects a step to
    end; `names` are those of the axes. Raises TypeError or ValueError for a problem or a θ of
    another kind, and where g = 0.
    """

    controls = {"mu": Control(1e-4, 1e6, 10.0, "damping μ", log=True)}

    def __init__(self, problem=None, theta=None, guess=None, names=None):
        self.problem, self.theta, own_names = _two_parameters(problem, theta)
        self.names = own_names if names is None else _two_names(names)
        self.guess = None if guess is None else np.array(as_floats("guess", guess, 1, (2,)))
        self.here = here = self.problem.linearize(self.theta)
        if not here.g.any():
            raise ValueError(
                f"theta = {self.theta}: g is 0 there, and so is h; expected a θ where F has a slope"
            )
        tall = max(2, len(here.r))  # a single residual has but one singular value: the other is 0
        J, r = np.zeros((tall, 2)), np.zeros(tall)
        J[: len(here.r)], r[: len(here.r)] = here.J, here.r
        U, self.s, self.Vt = np.linalg.svd(J, full_matrices=False)
        self.s[self.s < ZERO * self.s[0]] = 0.0
        self.along = U.T @ r
        self.downhill = -here.g / np.linalg.norm(here.g)
        self.controls = {"mu": self._control()}
        self._survey()

    def _control(self):
        """Return μ from 1/1000 of the smallest s² to 1000 times the largest, in powers of ten."""
        kept = self.s[self.s > 0] ** 2
        low, high = math.floor(math.log10(kept[-1])) - 3, math.ceil(math.log10(kept[0])) + 3
        middle = round((low + high) / 2)
        return Control(10.0**low, 10.0**high, 10.0**middle, "damping μ", log=True)

    def steps(self, mus):
        """Return h(μ) = −Σᵢ sᵢ/(sᵢ² + μ) (uᵢᵀr) vᵢ, a row for each μ ≥ 0.

        By the SVD of J it is exact where JᵀJ has lost digits.
        """
        kept = self.s > 0
        s = self.s[kept]
        return -(s / (s**2 + np.reshape(mus, (-1, 1))) * self.along[kept]) @ self.Vt[kept]

    def _survey(self):
        """Compute the curve h(μ), and how far the map and the close-up reach."""
        low, high = self.controls["mu"].low, self.controls["mu"].high
        decades = range(round(math.log10(low)), round(math.log10(high)) + 1)
        self.decades = [10.0**k for k in decades]
        self.curve = self.theta + self.steps([0.0, *np.geomspace(low / 1e3, high, 400)])
        self.dots = self.theta + self.steps(self.decades)
        scale = _scale(self.curve)
        self.scaled = "" if scale[0] == scale[1] else "two scales: angles are bent"
        away = np.linalg.norm((self.curve - self.theta) / scale, axis=1)  # as long as it looks
        turned = np.array([_angle(h, self.downhill) for h in self.curve - self.theta])
        # Where the curve bends: the close-up shows it.
        halfway = np.argmin(abs(turned - turned[0] / 2)) if turned[0] > STRAIGHT else 0
        self.half = 1.2 * min(away[halfway], away[0] / 3) * scale * (1 / NEAR_HEIGHT, 1)
        self.near = np.column_stack([self.theta - self.half, self.theta + self.half])
        self.arrow = 0.4 * away[0] / np.linalg.norm(self.downhill / scale)
        tip = self.theta + self.arrow * self.downhill
        self.span = _around([*self.curve, tip, *self.near.T], scale)

    def compute(self, mu):
        """Return h, its length, its angle to −g, F as the straight model predicts it, and F there.

        `promised` and `came` are the decrease of F, predicted and actual.
        """
        h, here = self.steps([mu])[0], self.here
        with np.errstate(all="ignore"):  # far away F may be infinite; the words say so
            there = self.problem.residual(self.theta + h)
            after, came = float(there @ there / 2), float((here.r - there) @ (here.r + there) / 2)
        return {
            "mu": mu,
            "h": h,
            "trial": self.theta + h,
            "length": float(np.linalg.norm(h)),
            "angle": _angle(h, self.downhill),
            "before": float(here.loss),
            "predicted": float(np.sum((here.r + here.Jv(h)) ** 2) / 2),
            "after": after,
            "promised": float(h @ (mu * h - here.g) / 2),
            "came": came,
            "factors": self.s**2 / (self.s**2 + mu),
        }

    def still(self, picture):
        """Draw the map, the close-up, the frame of the bars and the legend; return what moves."""
        words = 0.3 if picture.look["text"] < 16 else 0.45  # of the height, for two lines of text
        axes = picture.subplot_mosaic(
            [["words", "words"], ["map", "near"], ["map", "bars"]],
            width_ratios=[1.1, 1],
            height_ratios=[words, 1.35, 0.5],
        )
        moving = {
            "words": self._words(axes["words"]),
            "map": self._map(axes["map"]),
            "near": self._close_up(axes["near"]),
        }
        self._headline(picture)
        _legend(picture, axes["map"])
        return moving | self._bars(axes["bars"])

    def _map(self, axes):
        """Draw the map, with a frame around the close-up's part; return this step's line."""
        step = self._ground(axes, self.span, N_GRID, self.arrow)
        axes.set_box_aspect(1)
        frame = {"fill": False, "edgecolor": BLACK, "linewidth": 1}
        axes.add_patch(Rectangle(self.near[:, 0], *(2 * self.half), **frame))
        label(axes, *self.names, self.scaled)
        return step

    def _close_up(self, axes):
        """Draw what is near θ, with the singular directions; return this step's line."""
        # As much of −g as fits in.
        arrow = 0.8 / self._length(self.downhill)
        step = self._ground(axes, self.near, N_NEAR, arrow)
        axes.set_box_aspect(NEAR_HEIGHT)
        line = {"linewidth": axes.figure.look["line"], "zorder": 1.5}
        for v, colour in zip(self.Vt, COLOURS, strict=True):
            edge = v / self._length(v)
            axes.plot(*np.array([self.theta - edge, self.theta + edge]).T, color=colour, **line)
        label(axes, title="the framed part, near θ")
        return step

    def _length(self, v):
        """The length of v where 1 reaches from θ to the edge of the close-up."""
        return np.linalg.norm(v / self.half, ord=np.inf)

    def _headline(self, picture):
        """Say above the picture that it is a slice, if it is one."""
        if isinstance(self.problem, Slice):
            n = len(self.problem.theta)
            said = f"slice of {n} parameters: h of these two alone, the rest held"
            picture.suptitle(said, size=picture.look["text"] + 1)

    def _words(self, axes):
        """Return the text above the picture, still empty: the layout leaves it two lines."""
        axes.axis("off")
        size = axes.figure.look["text"] + 1
        words = axes.text(0.5, 0.5, "", size=size, ha="center", va="center", linespacing=1.25)
        words.set_in_layout(False)
        return words

    def _ground(self, axes, span, n_grid, arrow):
        """Draw contours, both proposals and the curve; return the line that will be this step."""
        look = axes.figure.look
        with np.errstate(all="ignore"):
            contours(axes, self.problem, span, n_grid)
        lm, size = style(look, "LM"), look["marker"]
        curve = {"color": lm["color"], "zorder": 2.5}
        said = "h(μ), dots: powers of 10"
        axes.plot(*self.curve.T, label=said, linewidth=0.7 * look["line"], **curve)
        axes.plot(*self.dots.T, "o", markersize=0.45 * size, **curve)
        tip = self.theta + arrow * self.downhill
        ends = (("GN", "Gauss-Newton", self.curve[0]), ("GD", "downhill, −g", tip))
        for name, said, end in ends:
            way = np.array([self.theta, end]).T
            axes.plot(*way, label=said, markevery=[1], zorder=2.2, **style(look, name))
        thick = lm | {"linewidth": 1.6 * look["line"]}
        (step,) = axes.plot([], [], label="this step", markevery=[1], zorder=4, **thick)
        axes.plot(*self.theta, "*", color=BLACK, markersize=1.5 * size, zorder=4.5)
        if self.guess is not None:
            ring = {"color": BLACK, "mfc": "none", "markersize": 1.6 * size, "zorder": 5}
            axes.plot(*self.guess, "o", label="your guess", **ring)
        self._set_axes(axes, span, arrow)
        return step

    def _set_axes(self, axes, span, arrow):
        """Set limits and ticks, and write the μ beside the dots."""
        axes.set(xlim=span[0], ylim=span[1])
        self._name_dots(axes, span, arrow)
        axes.ticklabel_format(useOffset=False)
        for axis, side in zip((axes.xaxis, axes.yaxis), span, strict=True):
            _ticks(axis, *side)

    def _name_dots(self, axes, span, arrow):
        """Write the μ beside each dot with space for it.

        The first choice is the side to which the curve turns.
        """
        wide, ways = np.diff(span)[:, 0], np.linspace(0, 1, 50)[:, None]
        gn = self.theta + ways * (self.curve[0] - self.theta)
        gd = self.theta + ways * arrow * self.downhill
        lines, taken = np.vstack([self.curve, gn, gd]), [gn[-1], gd[-1]]
        first = -1 if self.downhill[0] < 0 else 1
        seen = np.linalg.norm((self.dots - self.theta) / wide, axis=1) > UNDER_STAR
        for mu, dot in zip(np.array(self.decades)[seen], self.dots[seen], strict=True):
            for side in (first, -first):
                if _has_space(dot, side, span, lines, taken):
                    taken.append(dot)
                    _name(axes, f"μ = {_short(mu)}", dot, side)
                    break

    def _bars(self, axes):
        """Return two bars without a length, one for each singular value, and their numbers."""
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
        """Return μ, the step, F as predicted and as it is, and how far off the guess was."""
        said = ", ".join(_said(numbers)) + "."
        if self.guess is not None:
            off = np.linalg.norm(self.guess - numbers["trial"])
            said += f" Your guess is {_short(off)} from where it lands"
            inside = (self.span[:, 0] <= self.guess).all() and (self.guess <= self.span[:, 1]).all()
            said += "." if inside else ", off the map."
        if isinstance(self.problem, Slice):
            n, names = len(self.problem.theta), " and ".join(self.names)
            said += f" Slice of {n} parameters, {names}, the rest held."
        return said

    def rows(self, numbers):
        """Return length, angle and decrease of F for this μ and then for every power of ten."""
        head = ("mu", "length of h", "degrees from -g", "predicted decrease", "actual decrease")
        table = [numbers, *(self.compute(mu) for mu in self.decades)]
        entries = [(n["mu"], n["length"], n["angle"], n["promised"], n["came"]) for n in table]
        return [head, *entries]


def _two_parameters(problem, theta):
    """Return a copy of the problem that counts for itself, θ, (2,), and the two names."""
    if problem is None:
        problem, theta = rosenbrock(), START if theta is None else theta
    instance("problem", problem, Problem, "a LeastSquares, CurveFit, NetworkFit or Slice")
    problem = copy(problem)
    names = problem.names if isinstance(problem, Slice) else ("θ₁", "θ₂")
    if theta is None and isinstance(problem, Slice):
        theta = problem.start
    if theta is None:
        raise TypeError(
            "theta is missing: expected the two parameters at which to look at this problem"
        )
    size = problem.n_parameters or len(as_floats("theta", theta, 1))
    if size > 2:
        raise ValueError(
            f"problem has {size} parameters, and a map shows two: expected a slice of it, "
            "Slice.weights(problem, theta, i, j) or Slice.singular(problem, theta); "
            "explore_mu takes slice=(i, j) or slice='singular'"
        )
    return problem, np.array(as_floats("theta", theta, 1, (2,))), names


def _two_names(names):
    """Return the names of the axes as a tuple; raise TypeError unless they are two strings."""
    if not isinstance(names, (list, tuple)) or [type(name) for name in names] != [str, str]:
        raise TypeError(f"names = {names!r}: expected two names, such as ('height', 'rate')")
    return tuple(names)


def _scale(curve):
    """Return the units of the two axes, (2,): equal, unless the curve would then look flat."""
    wide = np.ptp(curve, axis=0)
    flat = wide.min() <= ROUNDING * wide.max() or (wide <= 1e-9 * abs(curve).max(axis=0)).any()
    return np.full(2, wide.max()) if flat or wide.max() < UNEVEN * wide.min() else wide


def _around(points, scale):
    """Return the ends of both axes: a square in these units around the points, with a margin."""
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    half = MARGIN / 2 * np.max((high - low) / scale) * scale
    return np.column_stack([(low + high) / 2 - half, (low + high) / 2 + half])


def _ticks(axis, low, high):
    """Set a few ticks, with as many digits as tell them apart.

    There is no common factor at the end of the axis, where other words stand.
    """
    most = max(abs(low), abs(high))
    digits = max(math.ceil(math.log10(most / (high - low))), 0) + 2
    plain = digits < 5 and 1e-3 < most < 1e4
    axis.set_major_locator(MaxNLocator(4 if plain else 2 if digits < 6 else 1, steps=[1, 2, 5, 10]))
    if not plain:
        zero = 1e-9 * most
        axis.set_major_formatter(
            lambda x, _: f"{x if abs(x) > zero else 0:.{digits}g}".replace("e+0", "e")
        )


def _has_space(dot, side, span, lines, taken):
    """Tell whether a name fits beside a dot, on a side where neither a line nor a name is.

    `lines` are points on the curves, (n, 2), and `taken` the dots that have a name already.
    """
    wide, middle = np.diff(span)[:, 0], np.mean(span, axis=1)
    across, up = ((lines - dot) / wide * (side, 1)).T
    struck = (across > 0.03) & (across < NAME) & (abs(up) < LINE)
    inside = abs(dot + side * wide * (NAME, 0) - middle) < wide / 2
    near = np.abs((np.array(taken) - dot) / wide) < (NAME, APART)
    return inside.all() and not struck.any() and not near.all(axis=1).any()


def _name(axes, words, dot, side):
    """Write words beside a dot, to its right or, for side = −1, to its left."""
    words = axes.annotate(words, dot, (7 * side, 0), textcoords="offset points", clip_on=True)
    words.set(size=axes.figure.look["text"], va="center", zorder=3)
    words.set_horizontalalignment("left" if side > 0 else "right")
    words.set_path_effects([withStroke(linewidth=3, foreground="white", alpha=0.7)])
    words.set_in_layout(False)


def _legend(picture, axes):
    """Add a legend below the picture: one row at the desk, two columns for the projector."""
    handles, names = axes.get_legend_handles_labels()
    text = picture.look["text"]
    columns = len(names) if text < 16 else 2
    tight = {"frameon": False, "handlelength": 1.5, "columnspacing": 1.0, "handletextpad": 0.5}
    place = tight | {"loc": "outside lower center", "ncols": columns}
    picture.legend(handles, names, fontsize=text, **place)


def _angle(h, downhill):
    """Return the degrees between h and a direction of length 1, 0 to 180."""
    across, along = h[0] * downhill[1] - h[1] * downhill[0], h @ downhill
    return math.degrees(math.atan2(abs(across), along))


def _said(n):
    """Return the step in words, two lines."""
    angle = "less than 1" if n["angle"] < 1 else f"{n['angle']:.0f}"
    return (
        f"μ = {_short(n['mu'])}: step {_short(n['length'])} long, {angle}° from downhill",
        f"predicts F {_short(n['before'])} → {_short(n['predicted'])}, gets {_short(n['after'])}",
    )


def _short(x):
    """Return three digits, without an exponent where that is short."""
    if not math.isfinite(x):
        return "no finite number"
    said = f"{x:.3g}"
    if "e+" in said and abs(x) < 1e6:
        return f"{float(said):.0f}"
    return said.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
