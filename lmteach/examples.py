"""Small problems that lessons, proofs, figures and exercises share."""

import numpy as np

from .layers import Input, Linear, Sigmoid
from .network_fit import NetworkFit
from .problems import LeastSquares

START = (-1.2, 1.0)  # the standard start in Rosenbrock's valley, where F = 12.1
BOOK = np.array([-0.27, -0.41, -0.48, -0.13, 0.09, -0.17, 0.48])  # hagan's start: W¹, b¹, W², b²


def rosenbrock():
    """r = (10(θ₂ − θ₁²), 1 − θ₁): a curved valley, with its minimum F = 0 at (1, 1).

    Source: Rosenbrock (1960).
    """
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


def next_theta(c, theta):
    """Where Gauss-Newton goes from θ on cycling(c): θ − Jᵀr/JᵀJ, one number."""
    slope = 2 * c * theta + 1
    return theta - ((theta + 1) + slope * (c * theta * theta + theta - 1)) / (1 + slope * slope)


def hagan():
    """The 1-2-1 network of page A on 13 samples of 1 + sin(πx/4) on [−1, 5]; its start is BOOK."""
    x = np.linspace(-1, 5, 13)[:, None]
    return NetworkFit(Input(1) >> Sigmoid(2) >> Linear(1), x, 1 + np.sin(np.pi / 4 * x))
