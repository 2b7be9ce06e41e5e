"""Exercises of lesson 03: the best rate, a gradient, and a rate that diverges after one step."""

import numpy as np

from ..curve_fit import CurveFit
from .base import exercise
from .compare import one_number
from .probing import Probe
from .slips import handed, instead, part, turned

T = np.array([0.0, 1.0, 3.0])


@exercise(
    "3.1",
    "value",
    "A line slope·t + intercept through points at t = 0, 1 "
    "and 3: which rate shrinks both distances alike?",
    hints=(
        "Equation (3.7) asks for s_max² and s_min², the eigenvalues of A = JᵀJ.",
        "J has the columns t and 1. Its A is [[10, 4], [4, 3]].",
        "You need only the sum of the two eigenvalues, and that is the sum of A's diagonal.",
    ),
    digits=3,
    package=lambda: 2 / np.sum(np.linalg.svd(np.column_stack([T, np.ones(3)]))[1] ** 2),
    what="The rate",
    reminders=("(3.7) is made of the two eigenvalues of JᵀJ, and J has the columns t and 1.",),
    slips=(
        (
            lambda: 2 / _squares()[0],
            "At 2/s_max² the steep direction no longer shrinks. This is the edge.",
        ),
        (lambda: 1 / _squares()[0], "1/s_max² is safe, but the flat direction could go faster."),
        (
            lambda: 1 / _squares()[1],
            "This suits the flat direction alone. The steep one would grow, by (3.6).",
        ),
        (lambda: 2 / _squares()[1], "2/s_min² is the flat direction's edge: the steep one grows."),
        (
            lambda: 2 / np.sqrt(_squares()).sum(),
            "Those are s, and (3.7) asks for their squares.",
        ),
        (lambda: 1 / _squares().sum(), "This is half of it. Look at the numerator of (3.7)."),
        (
            lambda: 2 / (_squares()[0] - _squares()[1]),
            "This divides by the difference of the two squares: (3.7) has their sum.",
        ),
        (0.2, "This takes the 10 of A's diagonal for s_max²: the diagonal holds the sum of both."),
        (
            lambda: 2 * _squares().sum(),
            "This multiplies by the sum of the squares: a steep bowl asks for a small rate.",
        ),
        (13.0, "This is s_max² + s_min². The rate is 2 divided by it."),
    ),
)
def best_rate():
    A = np.array([[10.0, 4.0], [4.0, 3.0]])
    s_min_squared, s_max_squared = np.linalg.eigvalsh(A)
    return 2 / (s_max_squared + s_min_squared)


def _squares():
    """s_max² and s_min²."""
    return np.linalg.svd(np.column_stack([T, np.ones(3)]))[1] ** 2


def _lines(rng):
    n = int(rng.integers(3, 8))
    return rng.normal(size=2), rng.normal(size=n), rng.normal(size=n)


def _of_line(theta, t, y, with_slope=True, with_intercept=True, times=None, ones=None):
    """The gradient with parts exchanged; by default the right one."""
    r = with_slope * theta[0] * t + with_intercept * theta[1] - y
    return np.array([r @ (t if times is None else times(t, y)), r @ np.ones_like(t)])


@exercise(
    "3.2",
    "function",
    "Write the gradient of F = ½ rᵀr, (2,), for the line "
    "theta[0]·t + theta[1] through the points (t, y).",
    hints=(
        "First the residuals: theta[0] * t + theta[1] - y, one for each point.",
        "g = Jᵀr, and J has the columns t and 1.",
        "The first entry is the sum of r times t, the second the sum of r.",
    ),
    inputs=_lines,
    package=lambda theta, t, y: CurveFit(lambda p, x: p[0] * x + p[1], t, y).linearize(theta).g,
    recipe=_of_line,
    what="The gradient",
    sizes=lambda theta, t, y: {"N": len(t)},
    probes=(
        Probe("theta is 0", "how theta comes into r", lambda p, t, y: (0 * p, t, y)),
        Probe("y is 0", "how y comes in", lambda p, t, y: (p, t, 0 * y)),
        Probe("t is 1 everywhere", "where t comes in", lambda p, t, y: (p, np.ones_like(t), y)),
        Probe("there is one point", "the sums over the points", lambda p, t, y: (p, t[:1], y[:1])),
    ),
    slips=(
        turned(
            "This is the mean over the points. F is a sum, and so is g.",
            lambda g, theta, t, y: g / len(t),
        ),
        turned(
            "This is the gradient of the mean of the squares. Ours is of half their sum.",
            lambda g, theta, t, y: 2 * g / len(t),
        ),
        turned(
            "This is the gradient of the sum of squares, twice ours: F has a ½.",
            lambda g, *_: 2 * g,
        ),
        handed(
            "The sign is flipped: r is prediction minus target.",
            lambda theta, t, y: (-theta, t, -y),
        ),
        handed(
            "This is the gradient of the last point alone: sum over all of them.",
            lambda theta, t, y: (theta, t[-1:], y[-1:]),
        ),
        handed(
            "This is the gradient of the first point alone: sum over all of them.",
            lambda theta, t, y: (theta, t[:1], y[:1]),
        ),
        turned("Right numbers in the other order: the slope comes first.", lambda g, *_: g[::-1]),
        handed(
            "Slope and intercept changed places: theta[0] goes with t.",
            lambda theta, t, y: (theta[::-1], t, y),
        ),
        part("theta[1], the intercept, is missing in the residuals.", with_intercept=False),
        part("theta[0]·t, the slope's part, is missing in the residuals.", with_slope=False),
        part(
            "r is multiplied with y in place of t: J has the columns t and 1.", times=lambda t, y: y
        ),
        part(
            "The first entry is r summed without t: J has the columns t and 1.",
            times=lambda t, y: np.ones_like(t),
        ),
        part(
            "t is squared: the model is straight, and its derivative is t.", times=lambda t, y: t**2
        ),
        instead(
            lambda theta, t, y: (theta[0] * t + theta[1] - y).sum(),
            "This is one number, the sum of r. The gradient has two entries.",
        ),
        instead(
            lambda theta, t, y: theta[0] * t + theta[1] - y,
            "This is r itself. g = Jᵀr has two entries.",
        ),
        instead(
            lambda theta, t, y: np.array([t, np.ones_like(t)]) * (theta[0] * t + theta[1] - y),
            "The sum over the points is missing: these are the gradients of each by itself.",
        ),
        instead(
            lambda theta, t, y: (
                np.column_stack([t, np.ones_like(t)]) * (theta[0] * t + theta[1] - y)[:, None]
            ),
            "The sum over the points is missing: these are the gradients of each by itself.",
        ),
        instead(
            lambda theta, t, y: np.sum((theta[0] * t + theta[1] - y) ** 2) / 2,
            "This is F, one number. Its gradient has two entries.",
        ),
    ),
)
def line_gradient(theta, t, y):
    r = theta[0] * t + theta[1] - y
    return np.array([r @ t, r.sum()])


def _run(eta, most=10_000):
    """F at the start of 3.3 and after each step, until it is above F at the start, or 0."""
    s_squared, theta = np.array([10.0, 1.0]), np.array([0.01, 3.0])
    losses = [s_squared @ theta**2 / 2]
    while len(losses) <= most and 0 < losses[-1] <= losses[0]:
        theta = theta - eta * s_squared * theta
        losses.append(s_squared @ theta**2 / 2)
    return losses


def _falls_then_leaves(answer):
    eta = one_number(answer)
    if eta is None:
        return False, f"this is a {type(answer).__name__}: expected a rate, one number."
    if not 0 < eta < 1e3:
        return False, f"a rate of {eta:g}: expected a number above 0 and below 1000."
    start, first, *more = _run(eta)
    seen = f"F goes from {start:.3g} to {first:.3g} in the first step"
    if first >= start and eta > 0.2:  # a tiny rate leaves F as it is
        return False, seen + ". It rises at once: look for a smaller rate."
    last, n = ([first] + more)[-1], 1 + len(more)
    if last > start:
        return True, (
            f"{seen}, and after {n} it is {last:.3g}, "
            "higher than it began. The first step did not show it."
        )
    if eta > 0.2 and last > 0:
        return False, (
            f"{seen}, and it is not above that within the {n} steps that are walked: it leaves, "
            "but so slowly that nobody sees it. Look for a larger rate."
        )
    return False, f"{seen}, and after {n} it is {last:.3g}. It stays down: look for a larger rate."


@exercise(
    "3.3",
    "witness",
    "F = ½(10 θ₁² + θ₂²), from (0.01, 3): hand in a rate with which the first step lowers "
    "F, and yet the run goes to a higher F than it began with.",
    hints=(
        "Which direction leaves first when the rate grows? Use (3.6).",
        "s_max² = 10. Just beyond 2/10 the steep direction grows, from a very small start.",
        "The flat direction holds almost all of F at the start, and it shrinks by |1 − η|.",
    ),
    judge=_falls_then_leaves,
)
def leaving_rate():
    return 0.25
