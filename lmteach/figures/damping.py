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
from ..solving import solve
from .contour import contours
from .local_model import LocalModel
from .picture import BLACK, GREY, label, style
from .scene import UNASKED, Control, Handle, Scene, coordinates, point

N_GRID = 121
N_TRIALS = 200  # that look for the minimum
MARGIN = 1.2  # how far beyond what is drawn the map reaches
NEAR_HEIGHT = 0.62  # of its width, for the close-up
NAME = 0.4  # of a map's width: the length of a dot's name
APART = 0.1  # of a map's height: the distance from one name to the next
UNDER_STAR = 0.04  # a dot so near to θ is not seen
LINE = 0.03  # a line that comes so near to a name would strike it out
STRAIGHT = 5  # degrees: a curve that turns by less has no bend to look at
UNEVEN = 12  # sides of the map that differ more than this are not drawn to one scale
ROUNDING = 1e-14
BEND, SMALL = 4, 1e-9  # every fourth point of the curve tells where it bends; the least close-up
MIDDLE = [(-0.93, -0.85), (0.93, 0.85)]  # of the close-up: a name stays inside
ARROW = 0.22  # of the map: how long −g looks
SMALL_MAP = 0.62  # of a picture's width
SUBSCRIPTS = {1: "₁", 2: "₂"}


class MuScene(Scene):
    """F on a map, and from θ the steps h of (JᵀJ + μI) h = −g for every damping μ.

    θ is a star that can be moved. From it start the Gauss-Newton step, an arrow that points along
    −g, the curve h(μ) with a dot at each power of ten, and the step for this μ; a cross is the
    minimum. Beside the map, near θ: what the step believes, the contours of its model ½‖r + Jh‖²
    with their axes v₁ and v₂; and the filter factors s²/(s² + μ) as bars. μ goes from far below the
    smallest s² to far above the largest.

    The problem is Rosenbrock's unless given. A larger one is seen through a `Slice`; θ is then φ,
    the slice's start unless given. `guess` is a point, (2,), where the learner expects a step to
    end; `names` are those of the axes. Raises TypeError or ValueError for a problem or a θ of
    another kind, and where g = 0.
    """

    controls = {
        "mu": Control(1e-4, 1e6, 10.0, "damping μ", log=True),
        **coordinates(START, ((-3.6, 3.0), (-4.3, 2.3))),
    }

    def __init__(self, problem=None, theta=None, guess=UNASKED, names=None):
        guess = self.asked(guess)
        self.problem, self.theta, own_names = _two_parameters(problem, theta)
        self.names = own_names if names is None else _two_names(names)
        self.guess = None if guess is None else np.array(as_floats("guess", guess, 1, (2,)))
        self.home = LocalModel(self.problem, self.theta)
        if not self.home.here.g.any():
            raise ValueError(
                f"theta = {self.theta}: g is 0 there, and so is h; expected a θ where F has a slope"
            )
        self.s, self.downhill = self.home.s, self.home.downhill
        mu = self._damping()
        self._survey(mu)
        self.controls = {"mu": mu} | coordinates(self.theta, self.span, self.names)
        self.touched = (Handle("star", "theta_1", "theta_2", f"θ = ({', '.join(self.names)})"),)

    def _damping(self):
        """Return μ from 1/1000 of the smallest s² to 1000 times the largest, in powers of ten."""
        kept = self.s[self.s > 0] ** 2
        low, high = math.floor(math.log10(kept[-1])) - 3, math.ceil(math.log10(kept[0])) + 3
        middle = round((low + high) / 2)
        return Control(10.0**low, 10.0**high, 10.0**middle, "damping μ", log=True)

    def steps(self, mus):
        """Return h(μ) at the first θ, a row for each μ ≥ 0."""
        return self.home.steps(mus)

    def _survey(self, mu):
        """Compute the curve h(μ) at the first θ, and how far the map and the close-up reach."""
        decades = range(round(math.log10(mu.low)), round(math.log10(mu.high)) + 1)
        self.decades = [10.0**k for k in decades]
        self.mus = np.array([0.0, *np.geomspace(mu.low / 1e3, mu.high, 200)])
        self.curve = self.theta + self.steps(self.mus)
        self.scale = _scale(self.curve)
        self.scaled = "" if self.scale[0] == self.scale[1] else "two scales: angles are bent"
        half = self._half(self.home, self.curve)
        self.near = np.column_stack([self.theta - half, self.theta + half])
        away = np.linalg.norm((self.curve[0] - self.theta) / self.scale)
        self.arrow = 0.4 * away / np.linalg.norm(self.downhill / self.scale)
        tip = self.theta + self.arrow * self.downhill
        self.span = _around([*self.curve, tip, *self.near.T], self.scale)
        self.minimum = self._minimum()

    def _half(self, model, curve):
        """Return how far the close-up reaches from θ: as far as shows where the curve bends."""
        away = np.linalg.norm((curve - model.theta) / self.scale, axis=1)  # as long as it looks
        turned = np.array([model.angle(h) for h in curve[::BEND] - model.theta])
        halfway = BEND * np.argmin(abs(turned - turned[0] / 2)) if turned[0] > STRAIGHT else 0
        reach = max(min(away[halfway], away[0] / 3), SMALL * away.max(), np.finfo(float).tiny)
        return 1.2 * reach * self.scale * (1 / NEAR_HEIGHT, 1)

    def _minimum(self):
        """Return the θ that a run from the first θ ends at, None if it is not on the map."""
        with np.errstate(all="ignore"):
            quiet = {"history": "light", "progress": False}
            run = solve(self.problem, self.theta, plain=True, max_steps=N_TRIALS, **quiet)
        inside = (self.span[:, 0] < run.theta).all() and (run.theta < self.span[:, 1]).all()
        return np.array(run.theta) if run.success and inside else None

    def compute(self, mu, theta_1=None, theta_2=None):
        """Return h, its length, its angle to −g, F as the straight model predicts it, and F there.

        `promised` and `came` are the decrease of F, predicted and actual.
        """
        model, moved = self._model_at(theta_1, theta_2)
        h, here, theta = model.steps([mu])[0], model.here, model.theta
        with np.errstate(all="ignore"):  # far away F may be infinite; the words say so
            there = self.problem.residual(theta + h)
            after, came = float(there @ there / 2), float((here.r - there) @ (here.r + there) / 2)
        curve = theta + model.steps(self.mus) if moved else self.curve
        return {
            "mu": mu,
            "h": h,
            "trial": theta + h,
            "length": float(np.linalg.norm(h)),
            "angle": model.angle(h),
            "before": float(here.loss),
            "predicted": float(np.sum((here.r + here.Jv(h)) ** 2) / 2),
            "after": after,
            "promised": float(h @ (mu * h - here.g) / 2),
            "came": came,
            "factors": model.s**2 / (model.s**2 + mu),
            "model": model,
            "moved": moved,
            "curve": curve,
            "dots": theta + model.steps(self.decades),
            "half": self._half(model, curve),
        }

    def _model_at(self, theta_1, theta_2):
        """Return the model at this θ, and whether θ was moved."""
        theta = point(self.theta, theta_1, theta_2)
        if np.array_equal(theta, self.theta):
            return self.home, False
        return LocalModel(self.problem, theta), True

    def still(self, picture):
        """Draw the map, the frames of close-up and bars, and the legend; return what moves."""
        axes = picture.subplot_mosaic(
            [["map", "near"], ["map", "bars"]], width_ratios=[1.1, 1], height_ratios=[1.35, 0.4]
        )
        moving = self._map(axes["map"]) | self._close_up(axes["near"]) | self._bars(axes["bars"])
        self._headline(picture)
        _legend(picture, axes["map"])
        for artist in _all(moving):
            artist.set_in_layout(False)
        return moving

    def _map(self, axes):
        """Draw F, the minimum and the guess; return the star and what starts from it."""
        look, size = axes.figure.look, axes.figure.look["marker"]
        marks = [self.theta] if self.minimum is None else [self.theta, self.minimum]
        with np.errstate(all="ignore"):
            contours(axes, self.problem, self.span, N_GRID, labelled=True, clear=marks)
        axes.set(xlim=self.span[0], ylim=self.span[1], box_aspect=1)
        if self.minimum is not None:
            cross = {"color": BLACK, "markersize": 1.6 * size, "mew": look["line"]}
            axes.plot(*self.minimum, "x", label="minimum", **cross)
        if self.guess is not None:
            ring = {"color": BLACK, "mfc": "none", "markersize": 1.6 * size, "zorder": 5}
            axes.plot(*self.guess, "o", label="your guess", **ring)
        self._set_axes(axes)
        frame = {"fill": False, "edgecolor": BLACK, "linewidth": 1}
        star = {"color": BLACK, "markersize": 2 * size, "zorder": 4.5}
        return self._lines(axes, "map") | {
            "frame": axes.add_patch(Rectangle((0, 0), 1, 1, **frame)),
            "star": axes.plot([], [], "*", **star)[0],
        }

    def _set_axes(self, axes):
        axes.ticklabel_format(useOffset=False)
        for axis, side in zip((axes.xaxis, axes.yaxis), self.span, strict=True):
            _ticks(axis, *side)
        label(axes, *self.names, self.scaled)

    def _close_up(self, axes):
        """Draw the frame of what is near θ; return the model's contours, its axes and the steps."""
        axes.set(xlim=(-1, 1), ylim=(-1, 1), box_aspect=NEAR_HEIGHT, xticks=[], yticks=[])
        axes.set_anchor("S")  # else the title of a wide one is cut above
        look = axes.figure.look
        label(axes, title="framed: the model ½‖r + Jh‖²")
        named = {"size": look["text"] + 1, "ha": "center", "va": "center", "zorder": 5}
        moving = self._lines(axes, "near")
        grey = {"color": GREY, "linewidth": 0.8, "zorder": 1}
        moving["model"] = axes.plot([], [], **grey)[0]
        for i, dashes in enumerate(("-", "--"), 1):
            line = {"color": BLACK, "linewidth": look["line"] / 2, "linestyle": dashes}
            moving[f"axis {i}"] = axes.plot([], [], zorder=1.5, **line)[0]
            moving[f"name {i}"] = _haloed(axes.text(0, 0, f"v{SUBSCRIPTS[i]}", **named))
        moving["here"] = axes.plot([0], [0], "*", color=BLACK, ms=2 * look["marker"], zorder=4.5)[0]
        return moving

    def _lines(self, axes, where):
        """Return the lines that start from θ on one axes, without data yet, and names for dots."""
        look = axes.figure.look
        lm, gn = style(look, "LM"), style(look, "GN")
        curve = {"color": lm["color"], "zorder": 2.5}
        arrow = {"arrowstyle": "-|>", "color": style(look, "GD")["color"], "shrinkA": 0}
        arrow |= {"linewidth": look["line"], "shrinkB": 0, "mutation_scale": 2.5 * look["marker"]}
        thick = lm | {"linewidth": 1.6 * look["line"]}
        downhill = {"size": look["text"] + 1, "ha": "center", "va": "center", "zorder": 5}
        lines = {
            "gn": axes.plot([], [], label="Gauss-Newton", markevery=[1], zorder=2.2, **gn)[0],
            "curve": axes.plot(
                [], [], label="h(μ), dots: powers of 10", lw=0.7 * look["line"], **curve
            )[0],
            "dots": axes.plot([], [], "o", ms=0.45 * look["marker"], **curve)[0],
            "step": axes.plot([], [], label="this step", markevery=[1], zorder=4, **thick)[0],
            "arrow": axes.annotate("", (0, 0), (0, 0), arrowprops=arrow, zorder=2.3),
            "downhill": _haloed(axes.text(0, 0, "−g", color=arrow["color"], **downhill)),
            "names": [_haloed(_name(axes)) for _ in self.decades],
        }
        return {f"{where} {name}": line for name, line in lines.items()}

    def _headline(self, picture):
        """Say above the picture that it is a slice, if it is one."""
        if isinstance(self.problem, Slice):
            n = len(self.problem.theta)
            said = f"slice of {n} parameters: h of these two alone, the rest held"
            picture.suptitle(said, size=picture.look["text"] + 1)

    def _bars(self, axes):
        """Return two bars without a length, one for each singular value, and their numbers."""
        greys = {"color": ("darkgrey", "lightgrey"), "edgecolor": BLACK, "linewidth": 0.6}
        bars = axes.barh([1, 0], [0, 0], height=0.7, **greys)
        label(axes, title="filter factors s²/(s² + μ)")
        axes.set(xlim=(0, 1.3), ylim=(-0.5, 1.5), xticks=[0, 0.5, 1], yticks=[])
        axes.spines[["top", "right"]].set_visible(False)
        size = axes.figure.look["text"]
        texts = [axes.text(0, y, "", size=size, va="center") for y in (1, 0)]
        return {"bar_1": bars[0], "bar_2": bars[1], "text_1": texts[0], "text_2": texts[1]}

    def move(self, artists, numbers):
        """Set what starts from θ on both axes, the frame, the bars and their words."""
        model, half = numbers["model"], numbers["half"]
        theta = model.theta
        artists["star"].set_data(*theta[:, None])
        artists["frame"].set_xy(theta - half)
        artists["frame"].set(width=2 * half[0], height=2 * half[1])
        wide = np.diff(self.span)[:, 0]
        self._set_lines(artists, "map", numbers, theta, np.ones(2), ARROW * wide, self.span)
        unit = np.array([[-1.0, 1.0], [-1.0, 1.0]])
        self._set_lines(artists, "near", numbers, np.zeros(2), half, 0.75 * half, unit)
        self._set_model(artists, model, half)
        parts = zip("12", model.s, numbers["factors"], strict=True)
        for name, s, factor in parts:
            artists[f"bar_{name}"].set_width(factor)
            said = f"v{SUBSCRIPTS[int(name)]}: {factor:.2f}, s = {_short(s)}"
            artists[f"text_{name}"].set_text(said)
            artists[f"text_{name}"].set_x(0.03)

    def _set_lines(self, artists, where, numbers, origin, unit, reach, span):
        """Set the lines of one axes, whose coordinates are origin + (θ′ − θ)/unit.

        `reach` is how long the arrow along −g is to look, in both parameters.
        """
        model = numbers["model"]

        def seen(points):
            return origin + (np.atleast_2d(points) - model.theta) / unit

        ends = {"gn": numbers["curve"][0], "step": numbers["trial"]}
        for name, end in ends.items():
            artists[f"{where} {name}"].set_data(*seen([model.theta, end]).T)
        for name in ("curve", "dots"):
            artists[f"{where} {name}"].set_data(*seen(numbers[name]).T)
        length = np.linalg.norm(model.downhill / reach)
        way = model.downhill / length if length else np.zeros(2)
        (tip,) = seen(model.theta + way)
        artists[f"{where} arrow"].set_position(origin)
        artists[f"{where} arrow"].xy = tip
        artists[f"{where} downhill"].set_position(tip + 0.05 * np.diff(span)[:, 0] * np.sign(way))
        lines = np.vstack([seen(numbers["curve"]), np.linspace(origin, tip, 20)])
        self._name_dots(artists[f"{where} names"], seen(numbers["dots"]), origin, lines, span)

    def _name_dots(self, texts, dots, origin, lines, span):
        """Write the μ beside each dot with space for it."""
        wide, taken = np.diff(span)[:, 0], [lines[-1]]
        first = -1 if lines[-1][0] < origin[0] else 1
        seen = np.linalg.norm((dots - origin) / wide, axis=1) > UNDER_STAR
        for text, mu, dot, far in zip(texts, self.decades, dots, seen, strict=True):
            sides = (
                side
                for side in (first, -first)
                if far and _has_space(dot, side, span, lines, taken)
            )
            side = next(sides, 0)
            text.set_text(f"μ = {_short(mu)}" if side else "")
            if side:
                taken.append(dot)
                text.xy = dot
                text.set_position((7 * side, 0))
                text.set_horizontalalignment("left" if side > 0 else "right")

    def _set_model(self, artists, model, half):
        """Set the model's contours and its axes in the close-up."""
        reach = 2 * np.linalg.norm(half)
        artists["model"].set_data(*_inside(model.contours(reach) / half).T)
        for i, v in enumerate(model.Vt, 1):
            edge = v / half / np.linalg.norm(v / half, ord=np.inf)
            edge = -edge if edge @ (model.downhill / half) > 0 else edge  # there −g has its name
            artists[f"axis {i}"].set_data(*np.array([-edge, edge]).T)
            beside = 0.84 * edge + 0.11 * np.array([-edge[1], edge[0]])
            artists[f"name {i}"].set_position(np.clip(beside, *MIDDLE))

    def sentence(self, numbers):
        """Return μ, the step, F as predicted and as it is, and how far off the guess was."""
        said = ", ".join(_said(numbers)) + "."
        if numbers["moved"]:
            theta = ", ".join(map(_short, numbers["model"].theta))
            said = f"At θ = ({theta}), {said}"
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
        theta = numbers["model"].theta
        table = [numbers, *(self.compute(mu, *theta) for mu in self.decades)]
        entries = [(n["mu"], n["length"], n["angle"], n["promised"], n["came"]) for n in table]
        return [head, *entries]


class SmallMap(MuScene):
    """The steps h(μ) from θ on the map alone: the first look, before any algebra.

    Its arguments are those of MuScene.
    """

    def still(self, picture):
        """Draw the map and the legend; return what moves."""
        wide, high = picture.look["figsize"]
        picture.set_size_inches(SMALL_MAP * wide, high)
        moving = self._map(picture.subplots())
        moving.pop("frame").remove()
        _legend(picture, picture.axes[0], columns=2)
        for artist in _all(moving):
            artist.set_in_layout(False)
        return moving

    def move(self, artists, numbers):
        """Set what starts from θ."""
        theta, wide = numbers["model"].theta, np.diff(self.span)[:, 0]
        artists["star"].set_data(*theta[:, None])
        self._set_lines(artists, "map", numbers, theta, np.ones(2), ARROW * wide, self.span)


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


def _name(axes):
    """Return a text without words yet, to be written beside a dot."""
    beside = {"size": axes.figure.look["text"], "va": "center", "zorder": 3, "clip_on": True}
    return axes.annotate("", (0, 0), (7, 0), textcoords="offset points", **beside)


def _haloed(text):
    """Return the text with a white edge, so that lines behind it do not strike it out."""
    text.set_path_effects([withStroke(linewidth=3, foreground="white", alpha=0.8)])
    return text


def _inside(points):
    """Return points, (n, 2), with gaps where they are far outside of the square from −1 to 1."""
    return np.where(np.abs(points).max(axis=1, keepdims=True) < 1.3, points, np.nan)


def _all(moving):
    """Return the artists in a dict of them and of lists of them."""
    return [a for part in moving.values() for a in (part if isinstance(part, list) else [part])]


def _legend(picture, axes, columns=None):
    """Add a legend below the picture: one row at the desk, two columns for the projector."""
    handles, names = axes.get_legend_handles_labels()
    text = picture.look["text"]
    columns = columns or (len(names) if text < 16 else 2)
    tight = {"frameon": False, "handlelength": 1.5, "columnspacing": 1.0, "handletextpad": 0.5}
    place = tight | {"loc": "outside lower center", "ncols": columns}
    picture.legend(handles, names, fontsize=text, **place)


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
