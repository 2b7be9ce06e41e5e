"""Lesson 13: α and μ beside each other, and α on the noisy sine."""

import math
from functools import lru_cache

import numpy as np

from ..checks import is_real
from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from ..problems import LeastSquares
from ..solvers import levenberg_marquardt
from ..uncertainty import n_effective
from ..wrappers import Regularized
from .picture import BLACK, GREY, ORANGE, SKY, STYLES, label
from .scene import Control, Scene

J_SMALL = np.array([[2.0, 0.0], [0.0, 0.5]])  # one direction that the data see, one hardly
Y_SMALL = np.array([4.0, 1.5])
STEPS = 400
SIDE = 61  # points along each side of a map
STARTS, HIDDEN, N, NOISE, SEED = 4, 12, 20, 0.3, 3
ALPHAS = np.geomspace(1e-4, 10, 16)
MIDDLE, TRIALS = 9, 100  # the α that is fitted first; trials of each fit


class TwoKnobs(Scene):
    """Where damping μ and where the penalty α lead, on one straight model of two parameters.

    `mu` changes the way, `alpha` the goal.
    """

    controls = {
        "mu": Control(0.01, 100.0, 1.0, "μ", log=True),
        "alpha": Control(0.001, 10.0, 0.001, "α", log=True),
    }

    def compute(self, mu, alpha):
        """Return the way of LM with this μ held, and the minimum, for this α."""
        problem = LeastSquares(lambda theta: J_SMALL @ theta - Y_SMALL, lambda theta: J_SMALL)
        penalized = Regularized(problem, alpha)
        theta, way = np.zeros(2), [np.zeros(2)]
        for _ in range(STEPS):
            theta = theta + penalized.linearize(theta).step(mu)
            way.append(theta)
        A = J_SMALL.T @ J_SMALL
        end = np.linalg.solve(A + alpha * np.eye(2), J_SMALL.T @ Y_SMALL)
        s2 = np.diag(A)
        return {"mu": mu, "alpha": alpha, "way": np.array(way), "end": end,
                "filters": s2 / (s2 + alpha)}  # fmt: skip

    def still(self, picture):
        """Draw the contours of F without a penalty; return the way and its end."""
        axes, look = picture.subplots(), picture.look
        u, v = np.linspace(-0.5, 3, SIDE), np.linspace(-0.5, 4, SIDE)
        U, V = np.meshgrid(u, v)
        F = ((2 * U - 4) ** 2 + (0.5 * V - 1.5) ** 2) / 2
        axes.contour(U, V, F, levels=[0.05, 0.2, 0.5, 1, 2, 4, 8], colors=GREY, linewidths=0.8)
        axes.plot(2, 3, "x", color=BLACK, markersize=1.5 * look["marker"])
        label(
            axes,
            "θ[0], seen well",
            "θ[1], hardly seen",
            "cross: least F; square: least F + penalty",
        )
        green = STYLES["Levenberg-Marquardt"]["color"]
        (way,) = axes.plot([], [], "o-", color=green, markersize=look["marker"] / 2,
                           linewidth=look["line"])  # fmt: skip
        (end,) = axes.plot([], [], "s", color=ORANGE, mec=BLACK, markersize=1.5 * look["marker"])
        return {"way": way, "end": end}

    def move(self, artists, numbers):
        """Set the way and its end."""
        artists["way"].set_data(*numbers["way"].T)
        artists["end"].set_data(*numbers["end"][:, None])

    def sentence(self, numbers):
        """Return where the way ends, and what is left of the two directions."""
        a, b = numbers["end"]
        near = np.linalg.norm(numbers["way"] - numbers["end"], axis=1)
        steps = int(np.argmax(near < 0.01)) if (near < 0.01).any() else STEPS
        said = f"{steps} steps" if steps < STEPS else f"more than {STEPS} steps"
        parts = " and ".join(f"{100 * f:.0f} %" for f in numbers["filters"])
        return (
            f"μ = {numbers['mu']:.2g}: {said} to the end. α = {numbers['alpha']:.2g}: the end is "
            f"({a:.3g}, {b:.3g}), {parts} of the way to (2, 3)."
        )

    def rows(self, numbers):
        """Return the two directions: s², what is left of each, and θ at the end."""
        s2 = np.diag(J_SMALL.T @ J_SMALL)
        rows = zip(("θ[0]", "θ[1]"), s2, numbers["filters"], numbers["end"], strict=True)
        return [("direction", "s²", "s²/(s² + α)", "end"), *(tuple(row) for row in rows)]


def noisy_sine(seed=SEED, n=N, noise=NOISE):
    """Return (X, Y, X of the test, Y of the test without noise) of sin 3x on [−1, 1]."""
    rng = np.random.default_rng(seed)
    X = np.sort(rng.uniform(-1, 1, n))[:, None]
    at = np.linspace(-1, 1, 101)[:, None]
    return X, np.sin(3 * X) + noise * rng.normal(size=X.shape), at, np.sin(3 * at)


@lru_cache(maxsize=1)
def _fits():
    """[(α, θ, γ, ½‖θ‖², test error), …] for every α.

    One in the middle is fitted from a few starts, the others each from the end of their neighbour.
    """
    X, Y, at, clean = noisy_sine()
    network = Input(1) >> Tanh(HIDDEN) >> Linear(1)
    problems = [Regularized(NetworkFit(network, X, Y), alpha) for alpha in ALPHAS]
    middle = problems[MIDDLE]
    starts = [network.initialize(k).theta for k in range(STARTS)]
    ends = {MIDDLE: min((_end(middle, start) for start in starts), key=middle.loss)}
    for k in range(MIDDLE - 1, -1, -1):
        some = [_end(problems[k], start) for start in (ends[k + 1], starts[0], starts[1])]
        ends[k] = min(some, key=problems[k].loss)
    for k in range(MIDDLE + 1, len(ALPHAS)):
        ends[k] = _end(problems[k], ends[k - 1])
    return [_told(network, problems[k], ends[k], at, clean) for k in range(len(ALPHAS))]


def _end(problem, theta):
    for step in levenberg_marquardt(problem, theta, max_steps=TRIALS):
        theta = step.next_theta
    return theta


def _told(network, problem, theta, at, clean):
    off = network.forward(at, theta)[-1] - clean
    error = float(np.sqrt(np.mean(off**2)))
    gamma = n_effective(problem, theta=theta)
    return problem.alpha, theta, gamma, float(theta @ theta) / 2, error


class AlphaOnTheSine(Scene):
    """α on the noisy sine: the curve of a 1-12-1 network, its weights, γ and the test error.

    `guess` is the α at which the learner expects the least test error. Raises TypeError for a guess
    that is no number > 0.
    """

    controls = {"place": Control.choice([f"{a:.4f}" for a in ALPHAS], "α", start=MIDDLE)}

    def __init__(self, guess=None):
        if guess is not None and not (is_real(guess) and 0 < guess < math.inf):
            raise TypeError(f"guess = {guess!r}: expected an α, such as 0.1, or None")
        self.guess = guess
        self.X, self.Y, self.at, self.clean = noisy_sine()
        self.network = Input(1) >> Tanh(HIDDEN) >> Linear(1)

    def compute(self, place):
        """Return what was found with this α, and the test errors with all."""
        alpha, theta, gamma, weights, error = _fits()[place]
        curve = self.network.forward(self.at, theta)[-1].ravel()
        return {"alpha": alpha, "curve": curve, "theta": theta, "gamma": gamma, "weights": weights,
                "error": error, "errors": np.array([fit[4] for fit in _fits()]),
                "gammas": np.array([fit[2] for fit in _fits()])}  # fmt: skip

    def still(self, picture):
        """Draw data, truth, and the two curves over α; return the curve, weights and dots."""
        (left, middle), look = picture.subplots(1, 2, width_ratios=(3, 2)), picture.look
        left.plot(self.at, self.clean, ":", color=GREY, linewidth=look["line"])
        left.plot(self.X, self.Y, "o", color=BLACK, markersize=look["marker"])
        left.set(xlim=(-1.05, 1.05), ylim=(-2.2, 2.2), xticks=(-1, 0, 1))
        label(left, "x", "", "dots: data, dotted: truth\nline: the network")
        draw = {"linewidth": look["line"]}
        (curve,) = left.plot([], [], color=STYLES["Levenberg-Marquardt"]["color"], **draw)
        errors = [fit[4] for fit in _fits()]
        middle.plot(ALPHAS, errors, color=ORANGE, **draw)
        gammas = [fit[2] / self.network.n_parameters for fit in _fits()]
        middle.plot(ALPHAS, gammas, "--", color=SKY, **draw)
        middle.set(xscale="log", ylim=(0, 1))
        label(middle, "α", "", "solid: test error\ndashed: γ/P")
        (here,) = middle.plot([], [], "o", color=BLACK, markersize=look["marker"])
        (count,) = middle.plot([], [], "s", color=SKY, mec=BLACK, markersize=look["marker"])
        return {"curve": curve, "here": here, "count": count}

    def move(self, artists, numbers):
        """Set the network's curve, and the dots at this α."""
        artists["curve"].set_data(self.at.ravel(), numbers["curve"])
        artists["here"].set_data([numbers["alpha"]], [numbers["error"]])
        artists["count"].set_data(
            [numbers["alpha"]], [numbers["gamma"] / self.network.n_parameters]
        )

    def sentence(self, numbers):
        """Return α, γ of P, ½‖θ‖², the test error, and how far the guess is off."""
        P, best = self.network.n_parameters, float(ALPHAS[numbers["errors"].argmin()])
        said = (
            f"α = {numbers['alpha']:.2g}: γ = {numbers['gamma']:.2g} of {P} parameters, "
            f"½‖θ‖² = {numbers['weights']:.2g}, test error {numbers['error']:.2g}."
        )
        if self.guess is None:
            return said
        return f"{said} You said {self.guess:.2g}; it is least near α = {best:.1g}."

    def rows(self, numbers):
        """Return α, γ and the test error of every fit."""
        rows = zip(ALPHAS, numbers["gammas"], numbers["errors"], strict=True)
        return [("α", "γ", "test error"), *(tuple(map(float, row)) for row in rows)]
