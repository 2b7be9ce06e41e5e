"""Lesson 06: the loss beside its straight-line model, and Gauss-Newton's map where it cycles."""

from itertools import islice

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from ..checks import as_floats, instance, is_real, positive
from ..examples import cycling, next_theta, rosenbrock
from ..problems import Problem
from ..solvers import levenberg_marquardt
from ..undamped import gauss_newton
from .contour import SHADES
from .picture import BLACK, GREY, ORANGE, label, style
from .scene import UNASKED, Control, Handle, Scene, coordinates, point

N_GRID = 101
DECADES, N_SHADES = 4, 12  # of F, from dark to pale
TINY = 1e-20  # an F below this is as good as 0
N_SHOWN = 40  # steps drawn
N_SETTLE = 3000  # steps after which it has settled
N_CYCLE = 32  # points of the longest cycle looked for
FAR = 1e6  # no guess beyond
MAP_SPAN = (-1.1, 0.4)  # every orbit from 0.1 stays inside, for c from −3 to 1


class StraightModel(Scene):
    """F and the straight-line model ½‖r + Jh‖² side by side, with Gauss-Newton's step on both.

    They are shown at iterate 0, 1 or 2; the start can be moved. `problem` has two parameters,
    Rosenbrock's unless given, and `start` is θ, (2,). `guess` is the F that the learner expects
    after the first step. `span` is ((θ₁ low, high), (θ₂ low, high)), around the iterates unless
    given. Raises ValueError or TypeError for anything else.
    """

    controls = {
        "step": Control(0, 2, 0, "iterate", whole=True),
        **coordinates((-1.2, 1.0), ((-1.8, 1.6), (-5.2, 2.3))),
    }
    touched = (Handle("left here", "theta_1", "theta_2", "start θ"),)

    def __init__(self, problem=None, start=(-1.2, 1.0), guess=UNASKED, span=None):
        guess = self.asked(guess)
        self.problem = rosenbrock() if problem is None else problem
        expected = "a LeastSquares, CurveFit or NetworkFit of two parameters"
        instance("problem", self.problem, Problem, expected)
        start = as_floats("start", start, 1, (2,))
        self.guess = None if guess is None else positive("guess", guess, or_zero=True)
        self.start, self.thetas = start, self._iterates(start)
        self.span = _around(self.thetas) if span is None else as_floats("span", span, 2, (2, 2))
        self.ticks = [np.linspace(*side, N_GRID) for side in self.span]
        loss, (us, vs) = self.problem.loss, self.ticks
        F = np.array([[loss(np.array([u, v])) for u in us] for v in vs])
        highest = 10.0 ** np.ceil(np.log10(max(F[np.isfinite(F)].max(), TINY)))
        self.F, self.levels = F, np.geomspace(highest / 10**DECADES, highest, N_SHADES + 1)
        self.controls = StraightModel.controls | coordinates(start, self.span)

    def _iterates(self, start):
        """Return the start and two more θ, (3, 2); the last one repeats where the run has ended."""
        with np.errstate(all="ignore"):
            steps = [step for step in islice(gauss_newton(self.problem, start), 2) if step.accepted]
        thetas = [start, *(step.trial_theta for step in steps)]
        return np.array(thetas + thetas[-1:] * (3 - len(thetas)))

    def compute(self, step, theta_1=None, theta_2=None):
        """Return θ, h, the model's loss on the grid, and F: here, as promised, and after h."""
        start = point(self.start, theta_1, theta_2)
        moved = not np.array_equal(start, self.start)
        thetas = self._iterates(start) if moved else self.thetas
        theta = thetas[step]
        here = self.problem.linearize(theta)
        J, h = here.J, here.step(0)
        grid = np.stack(np.meshgrid(*self.ticks), axis=-1) - theta
        model = np.sum((here.r + grid @ J.T) ** 2, axis=-1) / 2
        losses = here.loss, float(np.sum((here.r + J @ h) ** 2)) / 2, self.problem.loss(theta + h)
        numbers = {"step": step, "theta": theta, "h": h, "losses": losses, "model": model}
        return numbers | {"trail": thetas[: step + 1], "moved": moved}

    def still(self, picture):
        left, right, gauge = picture.subplots(1, 3, width_ratios=[12, 12, 1])
        shades = ListedColormap(SHADES(np.linspace(0, 1, N_SHADES)))
        norm = BoundaryNorm(self.levels, N_SHADES)
        _, model = [self._shade(axes, norm, shades) for axes in (left, right)]
        label(left, "θ₁", "θ₂", "F itself")
        label(right, "θ₁", "", "its model ½‖r + Jh‖²")
        right.set_yticklabels([])
        self._draw_gauge(gauge, norm, shades)
        trail = left.plot([], [], color=GREY, linewidth=picture.look["line"] / 2)[0]
        moving = {"model": model, "trail": trail}
        moving |= _arrow(left, "left") | _arrow(right, "right") | self._markers(left, gauge)
        _legend(picture, columns=3)
        return _out_of_layout(moving)

    def _shade(self, axes, norm, shades):
        """Draw one panel in shades of F: dark is low."""
        place = {"origin": "lower", "extent": (*self.span[0], *self.span[1]), "aspect": "auto"}
        shade = axes.imshow(self.F, norm=norm, cmap=shades, interpolation="bilinear", **place)
        axes.locator_params(nbins=5)
        return shade

    def _draw_gauge(self, axes, norm, shades):
        """Draw the shades from low to high, with their F."""
        middles = np.sqrt(self.levels[1:] * self.levels[:-1])[:, None]
        axes.pcolormesh([0, 1], self.levels, middles, norm=norm, cmap=shades)
        label(axes, title="F")
        axes.set(yscale="log", xticks=[], ylim=self.levels[[0, -1]], xlim=(0, 1))
        axes.yaxis.tick_right()
        axes.minorticks_off()

    def _markers(self, left, gauge):
        """Return the markers on the gauge and at the step's end, with names for the legend."""
        look = left.figure.look
        size, free = look["marker"], {"linestyle": "", "clip_on": False}
        here = {"marker": "^", "color": style(look, "GN")["color"], "markersize": 1.5 * size}
        after = {"marker": "D", "color": ORANGE, "markeredgecolor": BLACK, "markersize": 1.2 * size}
        return {
            "landing": left.plot([], [], **after, **free)[0],
            "gauge here": gauge.plot([], [], label="here", **here, **free)[0],
            "gauge after": gauge.plot([], [], label="after the step", **after, **free)[0],
            "guess": gauge.plot([], [], **_ring(look, self.guess), **free)[0],
        }

    def move(self, artists, numbers):
        start, end = numbers["theta"], numbers["theta"] + numbers["h"]
        before, promised, after = numbers["losses"]
        artists["model"].set_data(numbers["model"])
        artists["trail"].set_data(*numbers["trail"].T)
        artists["landing"].set_data(end[:1], end[1:])
        for side, reached in (("left", after), ("right", promised)):
            losses = [before] if before < TINY else [before, reached]
            artists[f"{side} here"].set_data(start[:1], start[1:])
            artists[f"{side} arrow"].set_position(start)
            artists[f"{side} arrow"].xy = end
            artists[f"{side} arrow"].set_visible(bool(np.linalg.norm(end - start) > 1e-3))
            artists[f"{side} text"].set_text(" → ".join(map(_said, losses)))
        for name, value in (("gauge here", before), ("gauge after", after), ("guess", self.guess)):
            shown = [] if value is None else [np.clip(value, *self.levels[[0, -1]])]
            artists[name].set_data([0.5] * len(shown), shown)

    def sentence(self, numbers):
        before, promised, after = numbers["losses"]
        where, end = _point(numbers["theta"]), _point(numbers["theta"] + numbers["h"])
        said = f"Iterate {numbers['step']}, at {where}: F is {_said(before)}."
        if before < TINY:
            return f"{said} The model's minimum is here too: there is nothing left to do."
        said += (
            f" At {end} the model has its minimum, {_said(promised)}; F there is {_said(after)}."
        )
        if numbers["step"] > 0 or numbers["moved"] or self.guess is None:
            return said
        return said + self._told(after)

    def _told(self, truth):
        """Return how far the guess was from F after the first step."""
        said = f" You said {self.guess:.4g}"
        if abs(self.guess - truth) <= 0.1 * truth:
            return f"{said}: within a tenth of it."
        said += f": it is {'more' if truth > self.guess else 'less'}"
        if min(self.guess, truth) > TINY:
            said += f", {truth / self.guess:.3g} times that"
        return f"{said}."

    def rows(self, numbers):
        names = ("F here", "F promised by the model", "F after the step")
        return [("what", "value"), *zip(names, map(_said, numbers["losses"]), strict=True)]


class CyclingMap(Scene):
    """Gauss-Newton on r = (θ + 1, cθ² + θ − 1) as a map from θ to the next θ.

    Beside it, both Gauss-Newton and Levenberg-Marquardt step by step. `start` is the first θ, from
    −1 to 0.3. `guess` is where the learner expects Gauss-Newton to be after many steps. Raises
    ValueError or TypeError for anything else.
    """

    controls = {"c": Control(-3, 1, -2, "bend c")}

    def __init__(self, start=0.1, guess=UNASKED):
        guess = self.asked(guess)
        self.start = _number("start", start, -1.0, 0.3)
        self.guess = None if guess is None else _number("guess", guess, -FAR, FAR)

    def compute(self, c):
        """Return the map on a grid, the first steps of both methods, and Gauss-Newton's cycle."""
        steps = islice(levenberg_marquardt(cycling(c), [self.start]), N_SHOWN)
        damped = [self.start, *(float(step.next_theta[0]) for step in steps)]
        damped += damped[-1:] * (N_SHOWN + 1 - len(damped))
        return {
            "c": c,
            "map": next_theta(c, np.linspace(*MAP_SPAN, 201)),
            "first": orbit(c, self.start, N_SHOWN),
            "cycle": cycle_of(c, self.start),
            "damped": damped,
        }

    def still(self, picture):
        look, (left, right) = picture.look, picture.subplots(1, 2)
        thin = {"linewidth": look["line"] / 2}
        lm, gn = style(look, "LM"), style(look, "GN") | thin
        left.plot(MAP_SPAN, MAP_SPAN, color=GREY, **thin)
        label(left, "θ", "next θ", "Gauss-Newton's map")
        label(right, "step", "θ", "θ, step by step")
        right.axhline(0, color=GREY, **thin)
        settled = {"linestyle": "", "marker": "D", "color": ORANGE, "markersize": look["marker"]}
        moving = {
            "web": left.plot([], [], color=ORANGE, **thin)[0],
            "map": left.plot([], [], color=BLACK, linewidth=look["line"])[0],
            "cycle": left.plot([], [], label="where it settles", **settled)[0],
            "damped": right.plot([], [], markevery=4, label="Levenberg-Marquardt", **lm)[0],
            "first": right.plot([], [], label="Gauss-Newton", **gn)[0],
            "guess": right.plot([], [], clip_on=False, linestyle="", **_ring(look, self.guess))[0],
        }
        left.set(xlim=MAP_SPAN, ylim=MAP_SPAN, xticks=[-1, -0.5, 0])
        right.set(xlim=(0, N_SHOWN), ylim=MAP_SPAN)
        _legend(picture, columns=2 if look["text"] > 16 else 4)
        return _out_of_layout(moving)

    def move(self, artists, numbers):
        cycle, places = numbers["cycle"], range(N_SHOWN + 1)
        web = cycle + cycle[:1] if cycle else numbers["first"]
        artists["web"].set_data(np.repeat(web, 2)[:-1], np.repeat(web, 2)[1:])
        artists["map"].set_data(np.linspace(*MAP_SPAN, 201), numbers["map"])
        artists["cycle"].set_data(cycle, cycle[1:] + cycle[:1])
        artists["damped"].set_data(places, numbers["damped"])
        artists["first"].set_data(places, numbers["first"])
        if self.guess is not None:
            artists["guess"].set_data([N_SHOWN], [np.clip(self.guess, *MAP_SPAN)])

    def sentence(self, numbers):
        c, cycle, last = numbers["c"], numbers["cycle"], numbers["damped"][-1]
        near = "is within 0.001 of the minimum" if abs(last) < 1e-3 else "is still on its way"
        said = (
            f"c = {c:.3g}: the map has slope {c:.3g} at 0. "
            f"From {self.start:.3g}, Gauss-Newton {_settled(cycle)}. "
            f"Levenberg-Marquardt {near} after {N_SHOWN} trials."
        )
        return said + self._told(cycle)

    def _told(self, cycle):
        """Return how far the guess is from where Gauss-Newton settles."""
        if self.guess is None:
            return ""
        if len(cycle) == 1:
            return f" You said {self.guess:.3g}: {abs(self.guess - cycle[0]):.2g} away."
        return f" You said {self.guess:.3g}: there is no single place."

    def rows(self, numbers):
        pairs = zip(numbers["first"], numbers["damped"], strict=True)
        rows = [(k, *pair) for k, pair in enumerate(pairs)]
        return [("step", "Gauss-Newton", "Levenberg-Marquardt"), *rows]


def orbit(c, theta, n_steps):
    """Return [θ, next θ, …] of n_steps Gauss-Newton steps on r = (θ + 1, cθ² + θ − 1)."""
    thetas = [theta]
    for _ in range(n_steps):
        thetas.append(next_theta(c, thetas[-1]))
    return thetas


def cycle_of(c, theta):
    """Return the points that Gauss-Newton repeats after many steps, [] if there are too many."""
    thetas = orbit(c, orbit(c, theta, N_SETTLE)[-1], N_CYCLE)
    for n in range(1, N_CYCLE + 1):
        if abs(thetas[n] - thetas[0]) < 1e-6:
            return thetas[:n]
    return []


def _settled(cycle):
    """Return in words what Gauss-Newton does in the end."""
    if not cycle:
        return f"jumps on, without a cycle of up to {N_CYCLE} points"
    if len(cycle) > 1:
        ends = f"from {min(cycle):.3g} to {max(cycle):.3g}"
        return f"settles on a cycle of {len(cycle)} points, {ends}"
    return "settles at one point, 0" if abs(cycle[0]) < 1e-3 else "creeps towards 0"


def _arrow(axes, side):
    """Return a dot for θ, an arrow for the step, and a text for the two losses."""
    look = axes.figure.look
    gn = style(look, "GN") | {"linestyle": "", "markersize": 1.5 * look["marker"]}
    arrow = {"arrowstyle": "->", "color": gn["color"], "linewidth": look["line"]}
    arrow |= {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 2.5 * look["marker"]}
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 3}
    where = {"transform": axes.transAxes, "size": look["text"], "bbox": box}
    return {
        f"{side} here": axes.plot([], [], **gn)[0],
        f"{side} arrow": axes.annotate("", (0, 0), (0, 0), arrowprops=arrow),
        f"{side} text": axes.text(0.05, 0.06, "", **where),
    }


def _ring(look, guess):
    """Return the style of a guess, with its name if there is one."""
    hollow = {"marker": "o", "color": BLACK, "markerfacecolor": "none", "zorder": 6}
    size = {"markeredgewidth": look["line"], "markersize": 2 * look["marker"]}
    return hollow | size | {"label": None if guess is None else "your guess"}


def _legend(picture, columns):
    place, text = "outside lower center", picture.look["text"]
    picture.legend(loc=place, ncols=columns, fontsize=text, frameon=False)


def _out_of_layout(moving):
    """Take what moves out of the layout, so that the axes stand still, and return it."""
    for artist in moving.values():
        artist.set_in_layout(False)
    return moving


def _around(thetas, margin=0.3):
    low, high = thetas.min(axis=0), thetas.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    return np.column_stack([low - margin * wide, high + margin * wide])


def _said(value):
    """Return a loss with four digits, or that it is as good as 0."""
    return "below 1e-20" if value < TINY else f"{value:.4g}"


def _point(theta):
    return f"({theta[0]:.3g}, {theta[1]:.3g})"


def _number(name, value, low, high):
    """Return the value as a float if it is a number from low to high."""
    complaint = f"{name} = {value!r}: expected a number from {low:g} to {high:g}"
    if not is_real(value):
        raise TypeError(complaint)
    if not low <= value <= high:
        raise ValueError(complaint)
    return float(value)
