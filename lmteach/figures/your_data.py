"""Lesson 12: a fit with its band, the ellipse of JᵀJ on the true contour, an outlier to drag."""

import math

import numpy as np
from contourpy import contour_generator
from scipy.special import stdtrit

from ..checks import as_array, is_real
from ..curve_fit import CurveFit
from ..solving import solve
from ..wrappers import Robust
from .picture import BLACK, GREY, ORANGE, SKY, STYLES, Picture, current_look, label
from .scene import Control, Handle, Scene

TRUTH = (2.0, 1.0)  # a and b of a·exp(−bx), by which the data are made
N, SEED, LEVEL = 12, 4, 0.95
FINE = 81  # points of each curve and each side of the map
A_MAP, B_MAP = (0.0, 4.0), (-0.6, 3.0)  # a and b that the map shows
LINE = (1.0, 0.5)  # of the data with an outlier
MOVED = 13  # which of them is moved


def fig_band(x, y, asked, new=False, title="Data, curve and band", n=201, labels=("x", "y")):
    """Draw data of one x as dots, the fitted curve as a line, and its 95 % band as a shade.

    `asked` is the Uncertainty of a CurveFit; `new=True` adds the wider band for a new datum. Points
    that are masked or not finite are left out, as by missing="drop". `labels` name the axes.
    """
    x = as_array("x", np.ma.filled(np.ma.asarray(x, dtype=float), np.nan), 1)
    y = as_array("y", np.ma.filled(np.ma.asarray(y, dtype=float), np.nan), 1, x.shape)
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    at = np.linspace(x.min(), x.max(), n)
    band, picture = asked.band(at, LEVEL), Picture(current_look())
    axes, look = picture.subplots(), picture.look
    if new is not False:
        wide = asked.band(at, LEVEL, new)
        axes.fill_between(at, wide.low, wide.high, color=GREY, alpha=0.25, label="new datum")
    axes.fill_between(at, band.low, band.high, color=SKY, alpha=0.5, label="95 % band")
    green = STYLES["Levenberg-Marquardt"]["color"]
    axes.plot(at, band.value, color=green, linewidth=look["line"], label="fit")
    axes.plot(x, y, "o", color=BLACK, markersize=look["marker"], label=f"data ({len(x)})")
    label(axes, *labels, title)
    axes.legend(fontsize=look["text"], frameon=False)
    rows = zip(at, band.value, band.error, band.low, band.high, strict=True)
    said = f"{len(x)} data, the fitted curve and its 95 % band; σ̂ = {asked.sigma:.2g}."
    table = [("x", "curve", "error", "low", "high"), *(tuple(map(float, row)) for row in rows)]
    return picture.describe(said, table)


def decay(theta, x):
    """Return a·exp(−bx)."""
    return theta[0] * np.exp(-theta[1] * x)


class ErrorEllipse(Scene):
    """F's own 95 % region for a·exp(−bx), the ellipse of JᵀJ in its place, and the band.

    `noise` is σ of the data, `reach` how far x goes. `guess` is what the learner expects for the
    standard error of b at the first setting, told in the sentence. Raises TypeError for a guess
    that is no number.
    """

    controls = {
        "noise": Control(0.01, 0.4, 0.2, "σ of the data", log=True),
        "reach": Control(0.3, 4.0, 1.0, "x reaches to"),
    }
    touched = (Handle("dots", "reach", None, "the last datum"),)

    def __init__(self, guess=None):
        if guess is not None and not (is_real(guess) and math.isfinite(guess)):
            raise TypeError(f"guess = {guess!r}: expected a standard error, such as 0.1, or None")
        self.guess = guess
        self._noise = np.random.default_rng(SEED).normal(size=N)

    def compute(self, noise, reach):
        """Return data, fit, errors, band, and F on a map with the height of its 95 % contour."""
        x = np.linspace(0, reach, N)
        problem = CurveFit(decay, x, decay(TRUTH, x) + noise * self._noise, names=["a", "b"])
        trace = solve(problem, TRUTH, history="light", progress=False)
        asked = trace.uncertainty()
        a, b = np.linspace(*A_MAP, FINE), np.linspace(*B_MAP, FINE)
        waves = np.exp(-np.multiply.outer(b, x))  # (b, x)
        r = a[None, :, None] * waves[:, None, :] - problem.y
        rise = (r**2).sum(axis=2) - 2 * trace.loss
        at = np.linspace(0, 4, FINE)
        return {
            "x": x, "y": problem.y, "theta": trace.theta, "errors": asked.standard_errors,
            "correlation": float(asked.correlation[0, 1]), "at": at,
            "band": asked.band(at, LEVEL), "rise": rise / asked.sigma**2,
            "height": _height(asked.dof), "ellipse": _ellipse(asked), "noise": noise,
            "reach": reach,
        }  # fmt: skip

    def place(self, handle, numbers, values):
        """Return the (x, y) of the last datum."""
        return float(numbers["x"][-1]), float(numbers["y"][-1])

    def still(self, picture):
        """Draw both axes; return the contour, the ellipse, dots, curve and band."""
        left, right = picture.subplots(1, 2)
        look, truth = picture.look, {"color": BLACK, "linestyle": ""}
        left.set(xlim=A_MAP, ylim=B_MAP)
        right.set(xlim=(-0.1, 4.1), ylim=(-1, 3.5))
        label(left, "a", "b", "solid: where F is low enough\ndashed: the ellipse of JᵀJ")
        label(right, "x", "", "dots: data, middle line: fit\nouter lines: 95 % band")
        left.plot(*TRUTH, "x", markersize=1.5 * look["marker"], **truth)
        green = STYLES["Levenberg-Marquardt"]["color"]
        moving = {
            "region": left.plot([], [], color=ORANGE, linewidth=look["line"])[0],
            "ellipse": left.plot([], [], "--", color=BLACK, linewidth=look["line"])[0],
            "best": left.plot([], [], "o", color=green, markersize=look["marker"])[0],
            "curve": right.plot([], [], color=green, linewidth=look["line"])[0],
            "dots": right.plot([], [], "o", color=BLACK, markersize=look["marker"])[0],
        }
        moving["low"] = right.plot([], [], color=SKY, linewidth=look["line"])[0]
        moving["high"] = right.plot([], [], color=SKY, linewidth=look["line"])[0]
        return moving

    def move(self, artists, numbers):
        """Set the contour, the ellipse, the data, the curve and its band."""
        region = _contour(numbers["rise"], numbers["height"])
        artists["region"].set_data(*region)
        artists["ellipse"].set_data(*numbers["ellipse"])
        artists["best"].set_data([numbers["theta"][0]], [numbers["theta"][1]])
        at, band = numbers["at"], numbers["band"]
        artists["dots"].set_data(numbers["x"], numbers["y"])
        for name, values in (("curve", band.value), ("low", band.low), ("high", band.high)):
            artists[name].set_data(at, values)

    def sentence(self, numbers):
        """Return the fit with its errors, their correlation, and how far the guess is off."""
        (a, b), (ea, eb) = numbers["theta"], numbers["errors"]
        said = f"σ = {numbers['noise']:.2g}, x up to {numbers['reach']:.2g}: a = {a:.3g} ± {ea:.2g}"
        said += f", b = {b:.3g} ± {eb:.2g}, correlation {numbers['correlation']:.2f}."
        if self.guess is None:
            return said
        return f"{said} You said ± {self.guess:.2g} for b."

    def rows(self, numbers):
        """Return name, truth, fit and standard error."""
        rows = zip("ab", TRUTH, numbers["theta"], numbers["errors"], strict=True)
        return [("parameter", "truth", "fit", "standard error"), *(tuple(row) for row in rows)]


def _height(dof):
    """Return the rise of 2F/σ̂² at which each parameter's profile ends: t²."""
    return float(stdtrit(dof, (1 + LEVEL) / 2)) ** 2


def _ellipse(asked):
    """Return a and b where the straight model rises by t²σ̂², (2, FINE)."""
    turn = np.linspace(0, 2 * np.pi, FINE)
    w, V = np.linalg.eigh(asked.covariance)
    circle = np.array([np.cos(turn), np.sin(turn)])
    half = V @ (np.sqrt(np.maximum(w, 0))[:, None] * circle)
    return asked.theta[:, None] + asked.quantile(LEVEL) * half


def _contour(rise, height):
    """Return the outline of rise ≤ height on the map, its sections one after the other."""
    a, b = np.linspace(*A_MAP, FINE), np.linspace(*B_MAP, FINE)
    lines = contour_generator(a, b, rise).lines(height)
    gap = np.full((1, 2), np.nan)
    parts = [part for line in lines for part in (line, gap)]
    return (np.vstack(parts) if parts else gap).T


class Outlier(Scene):
    """A line through 15 data, one of which is moved up and down: least squares and Huber's loss.

    `height` is how far that one lies above the line; `f`, Huber's k, where a residual begins to
    count less.
    """

    controls = {
        "height": Control(-6.0, 6.0, 4.0, "outlier above the line"),
        "f": Control(0.05, 5.0, 0.3, "k of Huber", log=True),
    }
    touched = (Handle("moved", None, "height", "the outlier"),)

    def __init__(self):
        self.x = np.linspace(0, 4, 15)
        self._noise = 0.15 * np.random.default_rng(SEED).normal(size=15)

    def compute(self, height, f):
        """Return the data, both fitted lines, and the weight that Huber leaves each datum."""
        y = LINE[0] + LINE[1] * self.x + self._noise
        y[MOVED] = LINE[0] + LINE[1] * self.x[MOVED] + height
        problem = CurveFit(lambda theta, x: theta[0] + theta[1] * x, self.x, y)
        plain = solve(problem, LINE, history="light", progress=False).theta
        huber = Robust(problem, "huber", f)
        robust = solve(huber, plain, history="light", progress=False).theta
        weights = huber.weights(robust)
        return {"y": y, "plain": plain, "robust": robust, "weights": weights, "height": height}

    def place(self, handle, numbers, values):
        """Return the (x, y) of the outlier."""
        return float(self.x[MOVED]), float(numbers["y"][MOVED])

    def touch(self, handle, start, end, values):
        """Return how far above the line the outlier was moved to."""
        return {"height": end[1] - (LINE[0] + LINE[1] * self.x[MOVED])}

    def still(self, picture):
        """Draw the axes and the true line; return dots, both lines, and the outlier's mark."""
        axes, look = picture.subplots(), picture.look
        axes.set(xlim=(-0.2, 4.2), ylim=(-4.5, 9.5))
        label(axes, "x", "y", "")
        ends = np.array([0.0, 4.0])
        axes.plot(ends, LINE[0] + LINE[1] * ends, ":", color=GREY, label="truth",
                  linewidth=look["line"])  # fmt: skip
        draw = {"linewidth": look["line"]}
        (plain,) = axes.plot([], [], "--", color=BLACK, label="least squares", **draw)
        (robust,) = axes.plot([], [], color=STYLES["Levenberg-Marquardt"]["color"], label="Huber",
                              **draw)  # fmt: skip
        (dots,) = axes.plot([], [], "o", color=BLACK, markersize=look["marker"])
        ring = {"mfc": ORANGE, "markersize": 1.6 * look["marker"], "mec": BLACK}
        (moved,) = axes.plot([], [], "o", color=ORANGE, **ring)
        axes.legend(loc="lower left", fontsize=look["text"], frameon=False)
        return {"plain": plain, "robust": robust, "dots": dots, "moved": moved}

    def move(self, artists, numbers):
        """Set the data and both lines."""
        ends = np.array([0.0, 4.0])
        for name in ("plain", "robust"):
            artists[name].set_data(ends, numbers[name][0] + numbers[name][1] * ends)
        artists["dots"].set_data(np.delete(self.x, MOVED), np.delete(numbers["y"], MOVED))
        artists["moved"].set_data([self.x[MOVED]], [numbers["y"][MOVED]])

    def sentence(self, numbers):
        """Return both slopes, and the weight that is left to the outlier."""
        height = numbers["height"]
        where = f"{abs(height):.2g} {'above' if height >= 0 else 'below'}"
        return (
            f"The outlier lies {where} the line. Slope {LINE[1]} in truth, "
            f"{numbers['plain'][1]:.3g} by least squares, {numbers['robust'][1]:.3g} by Huber, "
            f"who leaves the outlier {100 * numbers['weights'][MOVED]:.0f} % of its weight."
        )

    def rows(self, numbers):
        """Return intercept and slope of the three lines."""
        lines = (("truth", LINE), ("least squares", numbers["plain"]), ("Huber", numbers["robust"]))
        return [("line", "intercept", "slope"), *((name, *map(float, t)) for name, t in lines)]
