"""Steps that are called Levenberg-Marquardt, one that is and others that are not, for lesson 10.

Each takes residual(theta) → r, (M,), jacobian(theta) → J, (M, P), θ, (P,), and μ, and returns the
next θ, whether the trial was accepted, and a dict with the step h and the matrix that it took for
J: what `litmus` asks of a step.
"""

from functools import cache

import numpy as np

from .litmus import litmus

LAMBDA = 0.01  # the damping of the blog's loop, which nothing changes
RATE = 0.01  # the blog's learning rate
WIDTH = 1e-6  # half the width of the difference that stands for the second derivative


def damped(J, r, mu):
    """The step h with (JᵀJ + μI) h = −Jᵀr."""
    return np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -J.T @ r)


def levenberg_marquardt(residual, jacobian, theta, mu):
    """The real one: the damped step, kept if F falls, and otherwise θ as it was."""
    r, J = residual(theta), jacobian(theta)
    h = damped(J, r, mu)
    accepted = _loss(residual, theta + h) < _loss(residual, theta)
    return (theta + h if accepted else theta), accepted, {"h": h, "J": J}


def gauss_newton(residual, jacobian, theta, mu):
    """Gauss-Newton: no damping, and every step is kept."""
    r, J = residual(theta), jacobian(theta)
    return _kept(theta, np.linalg.lstsq(J, -r, rcond=None)[0], J)


def one_row(residual, jacobian, theta, mu):
    """J is the gradient of F, one row, and r is F itself: (ggᵀ + μI) h = −gF."""
    r, J = residual(theta), jacobian(theta)
    row, F = (J.T @ r)[None], _loss(residual, theta)
    return _kept(theta, damped(row, np.array([F]), mu), row)


def row_sums(residual, jacobian, theta, mu):
    """The blog's loop, one system for each parameter: hⱼ = −gⱼ/((H·1)ⱼ + λ), with row sums of H.

    Its loss is the mean of the squares, its λ is 0.01 whatever μ is asked for, and every step is
    kept.
    """
    ones = np.ones(len(theta))

    def gradient(at):
        r = residual(at)
        return 2 * jacobian(at).T @ r / len(r)

    ahead, behind = gradient(theta + WIDTH * ones), gradient(theta - WIDTH * ones)
    sums = (ahead - behind) / (2 * WIDTH)  # H·1, the derivative of g along (1, …, 1)
    g = gradient(theta)
    return _kept(theta, -g / (sums + LAMBDA), g[None])


def blocks(residual, jacobian, theta, mu):
    """One small system for every parameter, as if all others stood still: hⱼ = −gⱼ/(Aⱼⱼ + μ)."""
    r, J = residual(theta), jacobian(theta)
    return _kept(theta, -J.T @ r / (np.sum(J**2, axis=0) + mu), J)


def squared_errors(residual, jacobian, theta, mu):
    """neupy's class: squared residuals in place of r, and their J; every step is kept."""
    r, J = residual(theta), jacobian(theta)
    squares, J_of_squares = r**2, 2 * r[:, None] * J
    return _kept(theta, damped(J_of_squares, squares, mu), J_of_squares)


def gradient_descent(residual, jacobian, theta, mu):
    """What the blog's digits program runs: its training step is defined, and never called."""
    r, J = residual(theta), jacobian(theta)
    return _kept(theta, -RATE * J.T @ r, J)


def always_kept(residual, jacobian, theta, mu):
    """The damped step without a verdict: it is kept where F rises, too."""
    r, J = residual(theta), jacobian(theta)
    return _kept(theta, damped(J, r, mu), J)


def mu_everywhere(residual, jacobian, theta, mu):
    """μ is added to every entry of JᵀJ, as NumPy does with a matrix and a number."""
    r, J = residual(theta), jacobian(theta)
    h = np.linalg.lstsq(J.T @ J + mu, -J.T @ r, rcond=None)[0]
    accepted = _loss(residual, theta + h) < _loss(residual, theta)
    return (theta + h if accepted else theta), accepted, {"h": h, "J": J}


REPLICAS = {
    "Levenberg-Marquardt": levenberg_marquardt,
    "Gauss-Newton": gauss_newton,
    "one row": one_row,
    "row sums": row_sums,
    "blocks": blocks,
    "squared errors": squared_errors,
    "gradient descent": gradient_descent,
    "always kept": always_kept,
    "mu everywhere": mu_everywhere,
}
ANONYMOUS = {"A": mu_everywhere, "B": one_row, "C": always_kept}


@cache
def reports_of_replicas():
    """{name: report}: what `litmus` finds in each of REPLICAS. Made once, in a few seconds."""
    return {name: litmus(step) for name, step in REPLICAS.items()}


def _loss(residual, theta):
    r = residual(theta)
    return float(r @ r) / 2


def _kept(theta, h, J):
    """A step that is taken whatever F does."""
    return theta + h, True, {"h": h, "J": J}
