"""Small problems that the lessons come back to."""

import numpy as np

from .problems import LeastSquares

START = (-1.2, 1.0)  # the standard start in Rosenbrock's valley, where F = 12.1


def rosenbrock():
    """r = (10(θ₂ − θ₁²), 1 − θ₁): a curved valley, with its minimum F = 0 at (1, 1). Source: Rosenbrock (1960)."""
    return LeastSquares(
        lambda theta: np.array([10 * (theta[1] - theta[0] ** 2), 1 - theta[0]]),
        lambda theta: np.array([[-20 * theta[0], 10], [-1, 0]]),
    )


def cycling(c):
    """r = (θ + 1, cθ² + θ − 1), one parameter: F has a minimum at θ = 0 for every c < 1."""
    return LeastSquares(
        lambda theta: np.array([theta[0] + 1, c * theta[0] ** 2 + theta[0] - 1]),
        lambda theta: np.array([[1], [2 * c * theta[0] + 1]]),
    )
