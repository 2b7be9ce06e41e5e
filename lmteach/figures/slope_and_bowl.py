"""Lesson 02: a curve of one parameter, and the parabolas of H and of JᵀJ at one of its points."""

import math
from dataclasses import replace

import numpy as np

from ..checks import as_floats, function, is_real, positive
from ..curve_fit import CurveFit
from .picture import BLACK, GREY, SPARE, label, style
from .scene import UNASKED, Control, Scene

EPS = 1e-4  # half the distance of the two J whose difference is r″
N_POINTS = 141
BARS = {"H": -0.27, "JᵀJ": -0.34}  # heights of the steps' bars, as parts of the highest F


def wave(theta, t):
    """Return sin(θt), the lesson's model of one parameter."""
    return np.sin(theta[0] * t)


class TwoParabolas(Scene):
    """F(θ) for a model of one parameter, and at θ = x the parabolas of H and of JᵀJ.

    H = JᵀJ + Σ rᵢrᵢ″. Each parabola is drawn with its bottom, or top, and with F at that θ. Bars
    below show the steps, from x to those θ.

    The data are model(truth, t), moved by `noise`, a length, at right angles to J: no θ nearby can
    remove it, and F stays lowest at the truth. Of all such moves it is the one after which H
    exceeds JᵀJ the most there. `model(theta, t)` takes θ as (1,) and returns one number for each t;
    `span` holds the ends of x, and `noise` is the most that the second control allows. `guess` is
    where the learner expects the end of the step −g/H.
    """

    controls = {
        "x": Control(0.0, 3.5, 1.7, "x"),
        "noise": Control(0.0, 0.5, 0.0, "noise"),
    }

    def __init__(
        self, model=wave, t=(1.0, 2.0), truth=1.0, span=(0.0, 3.5), noise=0.5, guess=UNASKED
    ):
        guess = self.asked(guess)
        self.model = function("model", model, "model(theta, t) → one number for each t")
        self.t = as_floats("t", t, 1)
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
        """Return F, g, H, A = JᵀJ and the lost term at x, both steps' ends, and the curves."""
        problem = self._problem(noise)
        here, bend = problem.linearize(np.array([x])), self._bend(problem, x)
        F, g, A, lost = here.loss, float(here.g[0]), float(here.A[0, 0]), float(here.r @ bend)
        H = A + lost
        curvatures = {"H": H, "JᵀJ": A}
        ends = {name: _end(problem, x, F, g, bends) for name, bends in curvatures.items()}
        h = self.places - x
        bowls = {name: F + g * h + bends * h**2 / 2 for name, bends in curvatures.items()}
        start = {"x": x, "noise": noise, "F": F, "g": g, "H": H, "A": A, "lost": lost}
        return start | {"curve": self._losses(problem), "bowls": bowls, "ends": ends}

    def still(self, picture):
        """Draw the axes and the guess; return curve, point, parabolas and steps."""
        look, axes = picture.look, picture.subplots()
        line, size = look["line"], 1.3 * look["marker"]
        kinds = {
            "H": SPARE[0] | {"linestyle": "-", "linewidth": line, "markersize": size},
            "JᵀJ": style(look, "GN") | {"markersize": size},
        }
        (curve,) = axes.plot([], [], color=BLACK, linewidth=line, label="F(θ)")
        artists = {"curve": curve}
        for name, kind in kinds.items():
            artists |= self._parabola(axes, name, kind)
        here = {"color": BLACK, "markersize": 1.5 * look["marker"], "zorder": 4}
        (artists["point"],) = axes.plot([], [], "o", **here, label="here, at x")
        self._fixed(axes, look, kinds["H"])
        tight = {"frameon": False, "columnspacing": 1.2, "handlelength": 1.6}
        picture.legend(loc="outside upper center", ncols=4, fontsize=look["text"], **tight)
        return artists

    def _parabola(self, axes, name, kind):
        """Return one parabola, a line from its end to the curve, and the bar of its step."""
        thin = {"linewidth": kind["linewidth"] / 2}
        (bowl,) = axes.plot([], [], **kind | {"marker": ""}, label=f"bowl of {name}")
        (end,) = axes.plot([], [], **kind | thin)
        (step,) = axes.plot([], [], markevery=[1], **kind)
        return {name: bowl, f"end of {name}": end, f"step of {name}": step}

    def _fixed(self, axes, look, kind):
        """Set the limits; draw the line F = 0, and the guess on the bar of H's step."""
        low, high = self.places[[0, -1]]
        margin = 0.02 * (high - low)
        axes.set(xlim=(low - margin, high + margin), ylim=(-0.41 * self.most, 1.1 * self.most))
        label(axes, "θ")
        axes.axhline(0, color=GREY, linewidth=0.8)
        if self.guess is not None:
            ring = {"markerfacecolor": "none", "markeredgewidth": look["line"], "linestyle": ""}
            ring |= {"markersize": 2.4 * look["marker"]}
            axes.plot(self.guess, BARS["H"] * self.most, **kind | ring)

    def move(self, artists, numbers):
        """Set the curve, the point, the two parabolas, their ends and the steps there."""
        artists["curve"].set_data(self.places, numbers["curve"])
        artists["point"].set_data([numbers["x"]], [numbers["F"]])
        for name, (theta, end, F) in numbers["ends"].items():
            artists[name].set_data(self.places, numbers["bowls"][name])
            seen = self._seen(theta)
            artists[f"end of {name}"].set_data(*([theta] * 2, [end, F]) if seen else ([], []))
            there = [numbers["x"], theta] if math.isfinite(theta) else [numbers["x"]] * 2
            artists[f"step of {name}"].set_data(there, [BARS[name] * self.most] * 2)

    def sentence(self, numbers):
        """Return F and its derivatives at x, and for each parabola its end and F there."""
        shown = ("x", "noise", "F", "g", "H", "A", "lost")
        n = {name: _said(numbers[name], numbers["F"]) for name in shown}
        said = f"At x = {n['x']}, noise {n['noise']}: F = {n['F']}, g = {n['g']}."
        said += f" H = {n['H']}{self._leads(numbers, 'H')}."
        said += f" JᵀJ = {n['A']}{self._leads(numbers, 'JᵀJ')}. Lost term: {n['lost']}."
        return said if self.guess is None else said + self._judged(numbers["ends"]["H"][0])

    def _judged(self, theta):
        """Return how far the guess is from the end of H's step."""
        off = "H's parabola has no end"
        if math.isfinite(theta):
            off = f"{_said(abs(self.guess - theta))} away from it"
        return f" You expected H's step to end at {_said(self.guess)}: {off}."

    def rows(self, numbers):
        """Return the curvature of each parabola, its end, and F there."""
        ends, curvatures = numbers["ends"], {"H": numbers["H"], "JᵀJ": numbers["A"]}
        rows = [(name, curvatures[name], theta, F) for name, (theta, _, F) in ends.items()]
        return [("parabola", "curvature", "its end is at", "F there"), *rows]

    def _leads(self, numbers, name):
        """Return which way a parabola opens, and where its step leads."""
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
        """Return r″ at x, one number for each residual, as a difference of J."""
        ahead, behind = (problem.linearize(np.array([x + e])).J[:, 0] for e in (EPS, -EPS))
        return (ahead - behind) / (2 * EPS)

    def _unremovable(self):
        """Return the residual of length 1 that is at right angles to J and nearest to r″.

        Both are taken at the truth. Raises ValueError if r″ is a multiple of J there.
        """
        problem, bend = self._problem(0.0), self._bend(self._problem(0.0), self.truth)
        J = problem.linearize(np.array([self.truth])).J[:, 0]
        across = bend - J * (J @ bend) / (J @ J or 1.0)
        if not np.linalg.norm(across) > 1e-6 * np.linalg.norm(bend):
            raise ValueError(
                f"model, t: at truth = {self.truth:g} every residual at right angles to J leaves H "
                "as it is; expected at least two t and a model that is not straight there"
            )
        return across / np.linalg.norm(across)


def _end(problem, x, F, g, curvature):
    """Return θ, height and F where the parabola F + gh + ½ curvature h² has no slope.

    All three are inf where it is a straight line.
    """
    h = -g / curvature if curvature else math.inf
    if not abs(h) < 1e6:
        return math.inf, math.inf, math.inf
    # Far away the model may be too large for a float.
    with np.errstate(over="ignore", invalid="ignore"):
        there = problem.loss(np.array([x + h]))
    return x + h, F + g * h / 2, there if math.isfinite(there) else math.inf


def _finite(name, value):
    """Return the value as a float; raise TypeError if it is no finite number."""
    if not is_real(value) or not math.isfinite(value):
        raise TypeError(f"{name} = {value!r}: expected a finite number, or None")
    return float(value)


def _said(value, beside=1.0):
    """Return three digits, or 0 for what is only rounding beside the other number."""
    return "0" if abs(value) <= 1e-9 * max(1.0, abs(beside)) else f"{value:.3g}"
