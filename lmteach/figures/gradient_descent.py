"""Lesson 03: how far a step downhill may go, and what it leaves undone."""

import numpy as np

from ..checks import as_floats, instance, positive
from ..problems import LeastSquares, Problem
from ..solving import solve
from .contour import contours
from .picture import BLACK, ORANGE, SKY, label, style
from .scene import UNASKED, Control, Handle, Scene, coordinates, point

T, Y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 3.0])  # the three points of lesson 00
MOST = 40  # steps
AROUND = 1.4  # of the distance from start to minimum: how far the map reaches
COLOURS = (ORANGE, SKY)  # of the two singular directions, as in lesson 07
MARKS, DASHES = "o^", ("-", "--")  # of the same two, for readers who see no colours
SMALLEST, LARGEST = 1e-30, 1e30  # what a distance may be on a logarithmic axis


def three_points():
    """Return r = slope·t + intercept − y for three points: a straight model, so F is a bowl."""
    J = np.column_stack([T, np.ones(3)])
    return LeastSquares(lambda theta: J @ theta - Y, lambda theta: J)


class Descent(Scene):
    """Gradient descent with rate η for a problem of two parameters, three points unless given.

    On the contours of F: the path θ ← θ − ηg from the star, which can be moved, with a large marker
    at its end, and the singular directions of J at the minimum, the first one steep, the second
    flat. Beside them: the distance to the minimum along each, which every step multiplies by
    |1 − ηs²| where r is straight. `guess` is the rate that the learner thinks best; a ring marks
    where it leads in as many steps.
    """

    controls = {
        "rate": Control(0.01, 0.3, 0.1, "rate η"),
        "steps": Control(0, MOST, 10, "steps", whole=True, play=True),
        **coordinates((0, 0), ((-0.7, 3.7), (-1.7, 2.7))),
    }
    touched = (Handle("start", "theta_1", "theta_2", "start θ"),)

    def __init__(self, problem=None, theta=None, guess=UNASKED):
        guess = self.asked(guess)
        self.problem = three_points() if problem is None else problem
        expected = "a LeastSquares, CurveFit or NetworkFit of two parameters"
        instance("problem", self.problem, Problem, expected)
        if problem is not None and theta is None:
            raise TypeError("theta is missing: expected the two parameters at which to start")
        self.theta = np.array(as_floats("theta", (0, 0) if theta is None else theta, 1, (2,)))
        self.guess = None if guess is None else positive("guess", guess)
        self.best = np.array(solve(self.problem, self.theta, plain=True, progress=False).theta)
        there = self.problem.linearize(self.best)
        self.s, self.Vt = np.linalg.svd(there.J)[1:]
        self.s = np.append(self.s, 0.0)[:2]
        if problem is not None:
            most = 2.15 / self.s[0] ** 2
            rate = Control(most / 30, most, most / 3, "rate η")
            self.controls = Descent.controls | {"rate": rate}
        self.distance = np.linalg.norm(self.theta - self.best) or 1.0
        reach = AROUND * self.distance
        self.span = np.column_stack([self.best - reach, self.best + reach])
        self.controls = self.controls | coordinates(self.theta, self.span)

    def compute(self, rate, steps, theta_1=None, theta_2=None):
        """Return the path, F at its end, and its distances along the singular directions."""
        start = point(self.theta, theta_1, theta_2)
        path = self._path(start, rate, steps)
        left = abs((path - self.best) @ self.Vt.T)
        guessed = None if self.guess is None else self._path(start, self.guess, steps)[-1]
        return {
            "rate": rate,
            "steps": steps,
            "path": path,
            "loss": float(self.problem.loss(path[-1])),
            "left": left,
            "guessed": guessed,
        }

    def _path(self, start, rate, steps):
        """Return θ at the start and after each step.

        It stays where it is rather than go where F would no longer be a number.
        """
        path = [start]
        for _ in range(steps):
            step = path[-1] - rate * self.problem.linearize(path[-1]).g
            path.append(step if np.abs(step).max() < 1e8 else path[-1])
        return np.array(path)

    def still(self, picture):
        """Draw contours and singular directions; return path, marks, ring and distances."""
        left, right = picture.subplots(1, 2)
        look = picture.look
        artists = self._map(left, look)
        artists["lines"] = self._distances(right, look)
        ends = 10.0 ** (np.ceil(np.log10(self.distance)) + [-5, 0])
        right.set(xlim=(-1, MOST + 1), ylim=ends, yscale="log")
        place = "outside lower center"
        picture.legend(loc=place, ncols=2, fontsize=look["text"], frameon=False)
        return artists

    def _map(self, axes, look):
        span, reach = self.span, AROUND * self.distance
        contours(axes, self.problem, span, 101)
        for colour, dashes, v in zip(COLOURS, DASHES, self.Vt, strict=True):
            ends = self.best + 2 * reach * np.outer([-1, 1], v)
            axes.plot(*ends.T, color=colour, linestyle=dashes, linewidth=look["line"])
        axes.set(xlim=span[0], ylim=span[1], box_aspect=1)
        label(axes, "θ₁", "θ₂", "star: start, cross: minimum")
        gd, small = style(look, "GD"), {"markersize": 0.7 * look["marker"]}
        big = {"markersize": 1.4 * look["marker"], "markeredgecolor": BLACK, "linestyle": ""}
        black = {"color": BLACK, "markersize": 1.8 * look["marker"]}
        return {
            "path": axes.plot([], [], zorder=4, **gd | small)[0],
            "here": axes.plot([], [], zorder=4.5, **gd | big)[0],
            "start": axes.plot([], [], "*", zorder=5, **black)[0],
            "fixed": axes.plot(*self.best, "+", zorder=5, **black)[0],
            "ring": axes.plot([], [], "o", mfc="none", zorder=6, **black)[0],
        }

    def _distances(self, axes, look):
        label(axes, "step", "distance left", "per singular direction")
        lines = []
        for way, s, mark, dashes, colour in zip(
            ("steep", "flat"), self.s, MARKS, DASHES, COLOURS, strict=True
        ):
            kind = {"marker": mark, "linestyle": dashes, "color": colour}
            kind |= {"linewidth": look["line"], "markersize": look["marker"]}
            lines += axes.plot([], [], label=f"{way}: s² = {s**2:.3g}", **kind)
        return lines

    def move(self, artists, numbers):
        """Set the path, its end, the distances and the ring."""
        artists["start"].set_data(*numbers["path"][:1].T)
        artists["path"].set_data(*numbers["path"].T)
        artists["here"].set_data(*numbers["path"][-1:].T)
        for line, distance in zip(artists["lines"], numbers["left"].T, strict=True):
            line.set_data(np.arange(len(distance)), np.clip(distance, SMALLEST, LARGEST))
        ring = numbers["guessed"]
        artists["ring"].set_data(*([[], []] if ring is None else ring[:, None]))

    def sentence(self, numbers):
        """Return the rate, both factors, and where the path has led."""
        rate, distance = numbers["rate"], np.linalg.norm(numbers["path"][-1] - self.best)
        start = numbers["path"][0]
        moved = (
            ""
            if np.array_equal(start, self.theta)
            else f"From θ = ({start[0]:.3g}, {start[1]:.3g}), "
        )
        said = moved + (
            f"η = {rate:.3g}: each step multiplies the two distances, steep and flat, by "
            f"{_factors(rate, self.s)}; after {numbers['steps']} steps {_said(distance)} from the "
            f"minimum, F = {_said(numbers['loss'])}."
        )
        return said if numbers["guessed"] is None else said + self._judged(numbers["guessed"])

    def _judged(self, theta):
        """Return what the guessed rate would give."""
        mine, off = _factors(self.guess, self.s), _said(np.linalg.norm(theta - self.best))
        return f" With your η = {self.guess:.3g} it would be {mine}, and {off} from the minimum."

    def rows(self, numbers):
        """Return θ and both distances after each step."""
        table = [("step", "theta_1", "theta_2", "left along v1", "left along v2")]
        for k, (theta, left) in enumerate(zip(numbers["path"], numbers["left"], strict=True)):
            table.append((k, *map(float, theta), *map(float, left)))
        return table


def _factors(rate, s):
    """Return |1 − ηsᵢ²| for both directions, in words."""
    return " and ".join(f"{factor:.2f}" for factor in abs(1 - rate * s**2))


def _said(x):
    return f"{x:.3g}" if x >= 1e-3 else "below 0.001"
