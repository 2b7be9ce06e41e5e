"""Notebook 00: three ways to fit a curve to six readings, from a start that a hand places."""

from itertools import islice

import numpy as np

from ..curve_fit import CurveFit
from ..solvers import levenberg_marquardt
from ..undamped import gauss_newton, gradient_descent
from .contour import contours
from .picture import BLACK, SHORT, label, style
from .scene import Control, Handle, Scene, coordinates, point

MINUTES = np.array([0.0, 1.0, 2.0, 4.0, 6.0, 8.0])
WARM = np.array([8.1, 6.3, 5.0, 3.2, 2.1, 1.2])  # degrees above the temperature of the room
FIRST = (3.0, 0.8)  # from here one creeps, one leaps away and one arrives
SPAN = ((0.0, 12.0), (-0.05, 1.05))
MOST = 30  # steps
RATE = 1e-3  # of gradient descent: a larger one would throw it out of the steep part
NEAR = 1.01  # times the least F counts as the bottom
X = np.linspace(0, 9, 91)
LOW = 0.88  # of a picture's height: with what stands above, it is one screen


def cooling(theta, t):
    """Return θ₁ exp(−θ₂ t): how warm it is after t minutes."""
    return theta[0] * np.exp(-theta[1] * t)


class ThreeWays(Scene):
    """Three methods fit a curve to six readings of a cup that cools, step by step.

    Left, the map of F: how warm the curve begins, and how fast it cools. All three begin at the
    star, which can be moved. Right, the readings, and the curve that each has come to.
    """

    controls = {
        "step": Control(0, MOST, 0, "step", whole=True, play=True),
        **coordinates(FIRST, SPAN),
    }
    touched = (Handle("start", "theta_1", "theta_2", "start θ"),)

    def __init__(self):
        self.problem, self.theta = CurveFit(cooling, MINUTES, WARM), np.array(FIRST)
        best = levenberg_marquardt(self.problem, [8.0, 0.2])
        self.least = min(step.next_loss for step in best)
        self._last = None, None

    def _runs(self, start):
        """Return {name: (path, losses)} from this start; the last start's are remembered."""
        if self._last[0] is None or not np.array_equal(self._last[0], start):
            self._last = start, {name: self._way(name, start) for name in SHORT.values()}
        return self._last[1]

    def _way(self, name, start):
        """Return θ at the start and after each trial, (n, 2), and F there."""
        problem = self.problem
        makers = {
            SHORT["GD"]: lambda: gradient_descent(problem, start, RATE, max_steps=MOST),
            SHORT["GN"]: lambda: gauss_newton(problem, start, max_steps=MOST),
            SHORT["LM"]: lambda: levenberg_marquardt(problem, start, max_steps=MOST),
        }
        with np.errstate(all="ignore"):
            steps = list(islice(makers[name](), MOST))
            losses = [problem.loss(start), *(step.next_loss for step in steps)]
        return np.array([start, *(step.next_theta for step in steps)]), losses

    def compute(self, step, theta_1=None, theta_2=None):
        """Return the three paths so far, and each one's F."""
        start = point(self.theta, theta_1, theta_2)
        runs = self._runs(start)
        return {
            "step": step,
            "start": start,
            "paths": {name: path[: step + 1] for name, (path, _) in runs.items()},
            "losses": {name: losses[: step + 1] for name, (_, losses) in runs.items()},
        }

    def still(self, picture):
        """Draw the map and the readings; return the star, the paths and the curves."""
        picture.set_figheight(LOW * picture.get_figheight())
        map_, right = picture.subplots(1, 2, width_ratios=(1.15, 1))
        contours(map_, self.problem, SPAN, 121)
        map_.set(xlim=SPAN[0], ylim=SPAN[1])
        label(map_, "how warm at first, θ₁", "how fast it cools, θ₂", "dark is a good fit")
        right.set(xlim=X[[0, -1]], ylim=(0, SPAN[0][1]))
        label(right, "minutes", "", "six readings, three curves")
        look, moving = picture.look, {}
        right.plot(MINUTES, WARM, "o", color=BLACK, markersize=1.2 * look["marker"])
        for name in SHORT.values():
            kind = style(look, name) | {"zorder": 3}
            small = kind | {"markersize": 0.6 * look["marker"]}
            big = kind | {"linestyle": "", "markeredgecolor": BLACK, "zorder": 4}
            moving[name] = map_.plot([], [], label=name, **small)[0]
            moving[f"{name} here"] = map_.plot([], [], **big)[0]
            moving[f"{name} curve"] = right.plot([], [], **kind | {"marker": ""})[0]
        star = {"color": BLACK, "markersize": 2.2 * look["marker"], "zorder": 5}
        moving["start"] = map_.plot([], [], "*", **star)[0]
        below = {"loc": "outside lower center", "frameon": False, "fontsize": look["text"]}
        picture.legend(ncols=3 if look["text"] < 16 else 2, **below)
        return moving

    def move(self, artists, numbers):
        """Set the star, the paths so far, where they have come to, and the curves there."""
        artists["start"].set_data(*numbers["start"][:, None])
        for name, path in numbers["paths"].items():
            artists[name].set_data(*path.T)
            artists[f"{name} here"].set_data(*path[-1:].T)
            with np.errstate(all="ignore"):
                artists[f"{name} curve"].set_data(X, np.clip(cooling(path[-1], X), -99, 99))

    def sentence(self, numbers):
        """Return where the three begin, and how low each has come."""
        start, step = numbers["start"], numbers["step"]
        where = f"({start[0]:.3g}, {start[1]:.3g})"
        if step == 0:
            F = numbers["losses"][SHORT["LM"]][0]
            return f"All three start at θ = {where}, where F = {F:.3g}. Press play."
        stands = [self._stand(name, losses) for name, losses in numbers["losses"].items()]
        return f"From θ = {where}, after {step} step{'s' * (step > 1)}: {'; '.join(stands)}."

    def _stand(self, name, losses):
        """Return a run's F, or after how many steps it was at the bottom."""
        low = [k for k, F in enumerate(losses) if F <= NEAR * self.least]
        if low:
            return f"{name} is at the bottom, since step {low[0]}"
        last = losses[-1]
        stands = f"{last:.3g}" if np.isfinite(last) else "no finite number"
        return f"{name} has F = {stands}{', more than at first' if last > losses[0] else ''}"

    def rows(self, numbers):
        """Return every step of each."""
        table = [("name", "step", "theta_1", "theta_2", "F")]
        for name, path in numbers["paths"].items():
            points = zip(path, numbers["losses"][name], strict=True)
            table += [
                (name, k, *map(float, theta), float(F)) for k, (theta, F) in enumerate(points)
            ]
        return table
