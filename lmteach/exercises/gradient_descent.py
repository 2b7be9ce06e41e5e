"""Exercises of lesson 03: the best rate, a gradient, and a rate that diverges after one step."""

import numpy as np

from ..checks import is_real
from ..curve_fit import CurveFit
from .base import exercise

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
    tolerance=4e-3,  # three digits, cut or rounded
    package=lambda: 2 / np.sum(np.linalg.svd(np.column_stack([T, np.ones(3)]))[1] ** 2),
    slips=(
        (
            lambda: 2 / _squares()[0],
            "Not yet: at 2/s_max² the steep direction no longer shrinks. This is the edge.",
        ),
        (
            lambda: 1 / _squares()[0],
            "Not yet: 1/s_max² is safe, but the flat direction could go faster.",
        ),
        (
            lambda: 1 / _squares()[1],
            "Not yet: this suits the flat direction alone. The steep one would grow, by (3.6).",
        ),
        (
            lambda: 2 / np.sqrt(_squares()).sum(),
            "Not yet: those are s, and (3.7) asks for their squares.",
        ),
        (lambda: 1 / _squares().sum(), "Not yet: half of it. Look at the numerator of (3.7)."),
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
    slips=(
        (
            lambda p, t, y: line_gradient(p, t, y) / len(t),
            "This is the mean over the points. F is a sum, and so is g.",
        ),
        (
            lambda p, t, y: 2 * line_gradient(p, t, y) / len(t),
            "This is the gradient of the mean of the squares. Ours is of half their sum.",
        ),
        (
            lambda p, t, y: 2 * line_gradient(p, t, y),
            "This is the gradient of the sum of squares, twice ours: F has a ½.",
        ),
        (
            lambda p, t, y: -line_gradient(p, t, y),
            "The sign is flipped: r is prediction minus target.",
        ),
        (
            lambda p, t, y: line_gradient(p, t[-1:], y[-1:]),
            "This is the gradient of the last point alone: sum over all of them.",
        ),
        (
            lambda p, t, y: line_gradient(p, t[:1], y[:1]),
            "This is the gradient of the first point alone: sum over all of them.",
        ),
        (
            lambda p, t, y: line_gradient(p, t, y)[::-1],
            "Right numbers in the other order: the slope comes first.",
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


def _falls_then_leaves(eta):
    if not is_real(eta):
        return False, f"this is a {type(eta).__name__}: expected a rate, one number"
    if not 0 < eta < 1e3:
        return False, f"a rate of {eta:g}: expected a number above 0 and below 1000"
    start, first, *more = _run(float(eta))
    seen = f"F goes from {start:.3g} to {first:.3g} in the first step"
    if first >= start and eta > 0.2:  # a tiny rate leaves F as it is
        return False, seen + ". It rises at once: look for a smaller rate."
    last, n = ([first] + more)[-1], 1 + len(more)
    if last <= start:
        return False, (
            f"{seen}, and after {n} it is {last:.3g}. It stays down: look for a larger rate."
        )
    return True, (
        f"right: {seen}, and after {n} it is {last:.3g}, "
        "higher than it began. The first step did not show it."
    )


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
