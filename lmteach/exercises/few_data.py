"""Exercises of lesson 13: the penalized step, γ, what is left of a direction, an α that pays."""

import math

import numpy as np

from ..checks import is_real
from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from ..problems import LeastSquares
from ..solving import solve
from ..uncertainty import n_effective as package_gamma
from ..wrappers import Regularized
from .base import exercise

HIDDEN, N, NOISE, SEED = 12, 20, 0.3, 11  # of exercise 13.4: not the lesson's data
WANTED = 0.25  # test error, at most; without a penalty it is about 3


def _penalized(rng):
    P, n = int(rng.integers(2, 5)), int(rng.integers(5, 9))
    J, r, theta = rng.normal(size=(n, P)), rng.normal(size=n), rng.normal(size=P)
    return J, r, theta, float(rng.uniform(0.3, 3)), float(rng.uniform(0.1, 2))


def _step(J, r, theta, alpha, mu, pull=True, wall=True, sign=-1, damped=True, root=False):
    """The step of 13.1, with parts exchanged."""
    g = J.T @ r + (alpha * theta if pull else 0)
    a = math.sqrt(alpha) if root else alpha
    A = J.T @ J + ((a if wall else 0) + (mu if damped else 0)) * np.eye(len(theta))
    return sign * np.linalg.solve(A, g)


def _package_step(J, r, theta, alpha, mu):
    straight = LeastSquares(lambda t: r + J @ (t - theta), lambda t: J)
    return Regularized(straight, alpha).linearize(theta).step(mu)


@exercise(
    "13.1",
    "function",
    "Write penalized_step(J, r, theta, alpha, mu): the damped step for F + ½α‖θ‖² (β = 1), (P,).",
    hints=(
        "(13.2) with β = 1. α stands in it twice, μ once.",
        "The matrix is JᵀJ + αI + μI, the right-hand side −(Jᵀr + αθ).",
        "np.linalg.solve(J.T @ J + (alpha + mu) * np.eye(P), …), with the minus.",
    ),
    inputs=_penalized,
    package=_package_step,
    slips=(
        (
            lambda J, r, theta, alpha, mu: _step(J, r, theta, alpha, mu, pull=False),
            "α is in your matrix but not on the right: then it damps, and moves no minimum. The "
            "penalty's own slope, αθ, is missing.",
        ),
        (
            lambda J, r, theta, alpha, mu: _step(J, r, theta, alpha, mu, pull=False, wall=False),
            "α is not used: this is the damped step for F alone.",
        ),
        (
            lambda J, r, theta, alpha, mu: _step(J, r, theta, alpha, mu, wall=False),
            "αθ is on the right, but αI is missing in the matrix: the penalty has curvature, too.",
        ),
        (
            lambda J, r, theta, alpha, mu: _step(J, r, theta, alpha, mu, sign=1),
            "This equals ours with the sign flipped: the step goes downhill, −(Jᵀr + αθ).",
        ),
        (
            lambda J, r, theta, alpha, mu: _step(J, r, theta, alpha, mu, damped=False),
            "μ is not used: this is the Gauss-Newton step for F + ½α‖θ‖².",
        ),
        (
            lambda J, r, theta, alpha, mu: _step(J, r, theta, alpha, mu, root=True),
            "√α stands in the residuals; in the matrix it is squared: αI.",
        ),
        (
            lambda J, r, theta, alpha, mu: (
                -np.linalg.solve(
                    J.T @ J + (alpha + mu) * np.eye(len(theta)), J.T @ r + (alpha + mu) * theta
                )
            ),
            "μ pulls at h, not at θ: on the right stands αθ alone.",
        ),
        (
            lambda J, r, theta, alpha, mu: (
                -np.linalg.solve(
                    J.T @ J + (2 * alpha + mu) * np.eye(len(theta)), J.T @ r + 2 * alpha * theta
                )
            ),
            "This is for α‖θ‖², without the ½: α comes twice as large.",
        ),
    ),
)
def penalized_step(J, r, theta, alpha, mu):
    A = J.T @ J + (alpha + mu) * np.eye(len(theta))
    return -np.linalg.solve(A, J.T @ r + alpha * theta)


def _spectrum(rng):
    P, n = int(rng.integers(2, 6)), int(rng.integers(6, 9))
    J = rng.normal(size=(n, P)) * np.geomspace(1, 0.05, P)
    return J, float(rng.uniform(0.05, 2)), float(rng.uniform(0.5, 5))


def _package_gamma(J, alpha, beta):
    straight = LeastSquares(lambda t: J @ t - 1.0, lambda t: J)
    return package_gamma(Regularized(straight, alpha, beta), theta=np.zeros(J.shape[1]))


def _gamma(J, alpha, beta, part):
    return float(sum(part(s, alpha, beta) for s in np.linalg.svd(J, compute_uv=False)))


@exercise(
    "13.2",
    "function",
    "Write n_effective(J, alpha, beta): γ, the number of parameters that the data determine.",
    hints=(
        "γ is a sum over the singular values of J: np.linalg.svd(J, compute_uv=False).",
        "Each gives a number from 0 to 1: βs² beside α.",
        "(13.4): np.sum(beta * s**2 / (beta * s**2 + alpha)).",
    ),
    inputs=_spectrum,
    package=_package_gamma,
    slips=(
        (
            lambda J, alpha, beta: _gamma(J, alpha, beta, lambda s, a, b: b * s / (b * s + a)),
            "s is not squared: the eigenvalues of JᵀJ are s².",
        ),
        (
            lambda J, alpha, beta: _gamma(J, alpha, beta, lambda s, a, b: s**2 / (s**2 + a)),
            "β is missing: it is βs² that stands beside α.",
        ),
        (
            lambda J, alpha, beta: _gamma(J, alpha, beta, lambda s, a, b: a / (b * s**2 + a)),
            "This is P − γ: the parameters that the penalty determines.",
        ),
        (
            lambda J, alpha, beta: _gamma(J, alpha, beta, lambda s, a, b: s**2 / (s**2 + b / a)),
            "The two changed places: s² is measured against α/β, not β/α.",
        ),
        (
            lambda J, alpha, beta: float(np.linalg.matrix_rank(J)),
            "That is the rank, γ without a penalty. A weak direction counts in part.",
        ),
        (
            lambda J, alpha, beta: _gamma(
                J, alpha, beta, lambda s, a, b: (b * s**2 / (b * s**2 + a)) ** 2
            ),
            "The filter factors are not squared in γ.",
        ),
    ),
)
def n_effective(J, alpha, beta):
    s = np.linalg.svd(J, compute_uv=False)
    return np.sum(beta * s**2 / (beta * s**2 + alpha))


@exercise(
    "13.3",
    "value",
    "J has the singular values 30, 3 and 0.3, and the noise has σ = 0.5. For which α is γ about "
    "1.5: 0.36, 9, 36 or 3600?",
    hints=(
        "Write down βs² first, for each s. And β is 1/σ².",
        "A direction with βs² far above α counts as 1, far below as 0, and equal to it as ½.",
        "Which α lets one direction count whole, one half, and one not at all?",
    ),
    slips=(
        (0.36, "At α = 0.36 the direction with s = 3 counts whole: γ is near 2.5."),
        (9.0, "9 is s² of the middle one. It is βs² that stands beside α: γ is near 1.8 here."),
        (18.0, "β is 1/σ², not 1/σ."),
        (2.25, "β is 1/σ²: you multiplied s² by σ²."),
        (3.0, "3 is a singular value; α stands beside their squares, times β."),
        (3600.0, "At α = 3600 even s = 30 counts half only: γ is near 0.5."),
    ),
)
def alpha_for_one_and_a_half():
    return 36.0


def _data():
    rng = np.random.default_rng(SEED)
    X = np.sort(rng.uniform(-1, 1, N))[:, None]
    at = np.linspace(-1, 1, 101)[:, None]
    return X, np.sin(3 * X) + NOISE * rng.normal(size=X.shape), at, np.sin(3 * at)


def error_with(alpha):
    """Return the test error of the 1-12-1 network of exercise 13.4, fitted with this α."""
    X, Y, at, clean = _data()
    network = Input(1) >> Tanh(HIDDEN) >> Linear(1)
    problem = NetworkFit(network, X, Y)
    problem = Regularized(problem, alpha) if alpha else problem
    theta = solve(problem, network.theta, max_steps=300, history="light", progress=False).theta
    return float(np.sqrt(np.mean((network.forward(at, theta)[-1] - clean) ** 2)))


def _judge(alpha):
    """Whether this α brings the test error below 0.25."""
    if not is_real(alpha):
        return False, f"this is a {type(alpha).__name__}: expected a number, your α"
    if not 1e-9 <= alpha <= 1e9:
        return False, f"α = {alpha}: expected a number from 1e-9 to 1e9"
    found = error_with(float(alpha))
    said = f"test error {found:.2g} with α = {alpha:.2g}"
    if found <= WANTED:
        return True, f"{said}: less than the noise, from 20 data"
    larger = error_with(3 * float(alpha)) < error_with(float(alpha) / 3)
    return False, f"{said}: above {WANTED}. A {'larger' if larger else 'smaller'} α does better."


@exercise(
    "13.4",
    "witness",
    "New data, 20 of them, noise 0.3, a 1-12-1 network: find an α with which the test error is "
    "below 0.25. Without a penalty it is about 3.",
    hints=(
        "Try the α at which the lesson's test error was least.",
        "The data are new, but their kind is not: the same order of magnitude will do.",
        "Or let the evidence choose: bayesian_regularization gives α and β, and α/β is what "
        "stands here, where β = 1.",
    ),
    judge=_judge,
)
def an_alpha_that_pays():
    return 0.1
