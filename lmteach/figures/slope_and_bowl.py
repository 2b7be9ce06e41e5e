"""Lesson 02: a curve of one parameter, and the parabolas of H and of JᵀJ at one of its points."""

import math
from dataclasses import replace

import numpy as np

from ..checks import as_floats, function, is_real, positive
from ..problems import CurveFit
from .picture import BLACK, GREY, SPARE, label, style
from .scene import Control, Scene

EPS = 1e-4  # half the distance of the two J whose difference is r″
N_POINTS = 141
BARS = {
    "H": -0.27,
    "JᵀJ": -0.34,
}  # heights of the bars that are the steps, as parts of the highest F


def wave(theta, t):
    """sin(θt): the lesson's model, of one parameter."""
    return np.sin(theta[0] * t)


class TwoParabolas(Scene):
    """F(θ) for a model of one parameter, and at θ = x the parabolas of H = JᵀJ + Σ rᵢrᵢ″ and of JᵀJ, with their
    bottoms, or tops, and where the curve itself is there. Bars below show the steps, from x to those ends.

    The data are model(truth, t), moved by `noise`, a length, at right angles to J: no θ nearby can remove it, and F
    keeps its lowest place at the truth. Of all such moves it is the one that makes H the most larger than JᵀJ there.
    `model(theta, t)` takes θ as (1,) and gives one number for each t; `span` is where x may stand, `noise` the most
    that the second control gives. `guess` is where the learner expects the end of the step −g/H.
    """

    controls = {
        "x": Control(0.0, 3.5, 1.7, "x"),
        "noise": Control(0.0, 0.5, 0.0, "noise"),
    }

    def __init__(self, model=wave, t=(1.0, 2.0), truth=1.0, span=(0.0, 3.5), noise=0.5, guess=None):
        self.model, self.t = (
            function("model", model, "model(theta, t) → one number for each t"),
            as_floats("t", t, 1),
        )
        low, high = as_floats("span", span, 1, (2,))
        if not low < high:
            raise ValueError(f"span = {span!r}: expected two numbers, the smaller one first")
        self.truth = Control(low, high, low, "").checked("truth", truth)
        self.guess = None if guess is None else _finite("guess", guess)
        self.y, self.move_of_y = np.asarray(model(np.array([self.truth]), self.t), dtype=float), 0.0
        self.move_of_y = self._unremovable()
        x, residual = self.controls["x"], self.controls["noise"]
        x = replace(x, low=low, high=high, start=min(max(x.start, low), high))
        self.controls = {"x": x, "noise": replace(residual, high=positive("noise", noise))}
        self.places = np.linspace(low, high, N_POINTS)
        most = max(self._losses(self._problem(n)).max() for n in (0.0, noise))
        self.most = most

    def compute(self, x, noise):
        """F, g, H, A = JᵀJ and the lost term at x, the ends of the two steps, and F on the whole span."""
        problem = self._problem(noise)
        here, bend = problem.linearize(np.array([x])), self._bend(problem, x)
        F, g, A, lost = here.loss, float(here.g[0]), float(here.A[0, 0]), float(here.r @ bend)
        H = A + lost
        ends = {
            name: _end(problem, x, F, g, curvature) for name, curvature in (("H", H), ("JᵀJ", A))
        }
        h = self.places - x
        bowls = {
            name: F + g * h + curvature * h**2 / 2 for name, curvature in (("H", H), ("JᵀJ", A))
        }
        start = {"x": x, "noise": noise, "F": F, "g": g, "H": H, "A": A, "lost": lost}
        return start | {"curve": self._losses(problem), "bowls": bowls, "ends": ends}

    def still(self, picture):
        """The axes and the guess; what moves: curve, point, parabolas, steps, a line from each end to the curve."""
        look, axes = picture.look, picture.subplots()
        plain = {"linestyle": "-", "linewidth": look["line"], "markersize": 1.3 * look["marker"]}
        kinds = {
            "H": SPARE[0] | plain,
            "JᵀJ": style(look, "GN") | {"markersize": 1.3 * look["marker"]},
        }
        artists = {"curve": axes.plot([], [], color=BLACK, linewidth=look["line"], label="F(θ)")[0]}
        for name, kind in kinds.items():
            artists[name] = axes.plot([], [], **kind | {"marker": ""}, label=f"bowl of {name}")[0]
            artists[f"end of {name}"] = axes.plot([], [], **kind | {"linewidth": look["line"] / 2})[
                0
            ]
            artists[f"step of {name}"] = axes.plot([], [], markevery=[1], **kind)[0]
        point = {
            "marker": "o",
            "color": BLACK,
            "linestyle": "",
            "markersize": 1.5 * look["marker"],
            "zorder": 4,
        }
        artists["point"] = axes.plot([], [], **point, label="here, at x")[0]
        self._fixed(axes, look, kinds["H"])
        where = {
            "loc": "outside upper center",
            "ncols": 4,
            "frameon": False,
            "columnspacing": 1.2,
            "handlelength": 1.6,
        }
        picture.legend(**where, fontsize=look["text"])
        return artists

    def _fixed(self, axes, look, kind):
        """Limits, the line F = 0, and the guess, on the bar of H's step."""
        low, high = self.places[[0, -1]]
        room = 0.02 * (high - low)
        axes.set(xlim=(low - room, high + room), ylim=(-0.41 * self.most, 1.1 * self.most))
        label(axes, "θ")
        axes.axhline(0, color=GREY, linewidth=0.8)
        if self.guess is not None:
            ring = {
                "markerfacecolor": "none",
                "markersize": 2.4 * look["marker"],
                "markeredgewidth": look["line"],
            }
            axes.plot(self.guess, BARS["H"] * self.most, **kind | ring | {"linestyle": ""})

    def move(self, artists, numbers):
        """The curve, the point, the two parabolas, their ends and the steps there."""
        artists["curve"].set_data(self.places, numbers["curve"])
        artists["point"].set_data([numbers["x"]], [numbers["F"]])
        for name, (theta, end, F) in numbers["ends"].items():
            artists[name].set_data(self.places, numbers["bowls"][name])
            seen = self._seen(theta)
            artists[f"end of {name}"].set_data(*([theta] * 2, [end, F]) if seen else ([], []))
            there = [numbers["x"], theta] if math.isfinite(theta) else [numbers["x"]] * 2
            artists[f"step of {name}"].set_data(there, [BARS[name] * self.most] * 2)

    def sentence(self, numbers):
        """Where we stand, and for each parabola where it leads and what F is there."""
        n = {
            name: _said(value, numbers["F"])
            for name, value in numbers.items()
            if isinstance(value, float)
        }
        said = f"At x = {n['x']}, noise {n['noise']}: F = {n['F']}, g = {n['g']}."
        said += f" H = {n['H']}{self._leads(numbers, 'H')}. JᵀJ = {n['A']}{self._leads(numbers, 'JᵀJ')}."
        said += f" Lost term: {n['lost']}."
        if self.guess is None:
            return said
        theta = numbers["ends"]["H"][0]
        off = (
            "H's parabola has no end"
            if not math.isfinite(theta)
            else f"{_said(abs(self.guess - theta))} away from it"
        )
        return said + f" You expected H's step to end at {_said(self.guess)}: {off}."

    def rows(self, numbers):
        """For each parabola its curvature, its end and F there."""
        ends = numbers["ends"].items()
        rows = [
            (name, numbers["A" if name == "JᵀJ" else "H"], theta, F) for name, (theta, _, F) in ends
        ]
        return [("parabola", "curvature", "its end is at", "F there"), *rows]

    def _leads(self, numbers, name):
        """Up or down, and to where."""
        theta, _, F = numbers["ends"][name]
        if not math.isfinite(theta):
            return ": a straight line, without a bottom"
        downward = numbers["H" if name == "H" else "A"] < 0
        opens, end = (" opens downward", "top") if downward else ("", "bottom")
        if abs(theta - numbers["x"]) <= 1e-9:
            return f"{opens}: {end} here"
        verb = "rises" if F > numbers["F"] else "falls"
        return f"{opens}: {end} at θ = {_said(theta)}, F {verb} to {_said(F, numbers['F'])}"

    def _seen(self, theta):
        return self.places[0] <= theta <= self.places[-1]

    def _problem(self, noise):
        return CurveFit(self.model, self.t, self.y - noise * self.move_of_y)

    def _losses(self, problem):
        return np.array([problem.loss(np.array([theta])) for theta in self.places])

    def _bend(self, problem, x):
        """r″ at x, one number for each residual, as a difference of J."""
        ahead, behind = (problem.linearize(np.array([x + e])).J[:, 0] for e in (EPS, -EPS))
        return (ahead - behind) / (2 * EPS)

    def _unremovable(self):
        """The residual of length 1 at right angles to J at the truth that has most in common with r″ there."""
        problem = self._problem(0.0)
        J, bend = problem.linearize(np.array([self.truth])).J[:, 0], self._bend(problem, self.truth)
        across = bend - J * (J @ bend) / (J @ J or 1.0)
        if not np.linalg.norm(across) > 1e-6 * np.linalg.norm(bend):
            raise ValueError(
                f"model, t: at truth = {self.truth:g} every residual at right angles to J leaves H as it is; "
                "expected at least two t and a model that is not straight there"
            )
        return across / np.linalg.norm(across)


def _end(problem, x, F, g, curvature):
    """(θ, height, F there) where the parabola F + gh + ½ curvature h² has no slope; inf where it is a straight line."""
    h = -g / curvature if curvature else math.inf
    if not abs(h) < 1e6:
        return math.inf, math.inf, math.inf
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # far away the model may be too large for a float
        there = problem.loss(np.array([x + h]))
    return x + h, F + g * h / 2, there if math.isfinite(there) else math.inf


def _finite(name, value):
    """The value as a float, if it is a finite number."""
    if not is_real(value) or not math.isfinite(value):
        raise TypeError(f"{name} = {value!r}: expected a finite number, or None")
    return float(value)


def _said(value, beside=1.0):
    """Three digits; 0 for what is nothing but rounding."""
    return "0" if abs(value) <= 1e-9 * max(1.0, abs(beside)) else f"{value:.3g}"
