"""Exercises of lesson 13: the penalized step, γ, what is left of a direction, an α that pays."""

import math

import numpy as np

from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from ..problems import LeastSquares
from ..solving import solve
from ..uncertainty import n_effective as package_gamma
from ..wrappers import Regularized
from .base import exercise
from .compare import one_number
from .slips import handed, instead, part, turned

HIDDEN, N, NOISE, SEED = 12, 20, 0.3, 11  # of exercise 13.4: not the lesson's data
WANTED = 0.25  # test error, at most; without a penalty it is about 3


def _penalized(rng):
    P, n = int(rng.integers(2, 5)), int(rng.integers(5, 9))
    J, r, theta = rng.normal(size=(n, P)), rng.normal(size=n), rng.normal(size=P)
    return J, r, theta, float(rng.uniform(0.3, 3)), float(rng.uniform(0.1, 2))


def _step(J, r, theta, alpha, mu, wall=None, pull=None, damping=None, right=None, after=None):
    """The step of 13.1, with parts exchanged."""
    eye = np.eye(len(theta))
    wall = alpha * eye if wall is None else wall(alpha, mu, eye)
    pull = alpha * theta if pull is None else pull(theta, alpha, mu)
    damping = mu * eye if damping is None else damping(mu, eye)
    g = J.T @ r if right is None else right(J, r)
    h = -np.linalg.solve(J.T @ J + wall + damping, g + pull)
    return h if after is None else after(h, theta, alpha)


def _by_diagonal(J, r, theta, alpha, mu, also):
    """The step with diag JᵀJ in place of I at μ, and at so much of α."""
    A = J.T @ J
    A = A + (alpha - also) * np.eye(len(theta)) + np.diag((mu + also) * A.diagonal())
    return -np.linalg.solve(A, J.T @ r + alpha * theta)


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
    recipe=_step,
    what="h",
    slips=(
        part(
            "α is in your matrix but not on the right: then it damps, and moves no minimum. The "
            "penalty's own slope, αθ, is missing.",
            pull=lambda theta, alpha, mu: 0,
        ),
        part(
            "α is not used: this is the damped step for F alone.",
            pull=lambda theta, alpha, mu: 0,
            wall=lambda alpha, mu, eye: 0 * eye,
        ),
        part(
            "αθ is on the right, but αI is missing in the matrix: the penalty has curvature, too.",
            wall=lambda alpha, mu, eye: 0 * eye,
        ),
        turned(
            "This equals ours with the sign flipped: the step goes downhill, −(Jᵀr + αθ).",
            lambda h, *_: -h,
        ),
        part(
            "μ is not used: this is the Gauss-Newton step for F + ½α‖θ‖².",
            damping=lambda mu, eye: 0 * eye,
        ),
        part(
            "√α stands in the residuals; in the matrix it is squared: αI.",
            wall=lambda alpha, mu, eye: math.sqrt(alpha) * eye,
        ),
        part(
            "μ pulls at h, not at θ: on the right stands αθ alone.",
            pull=lambda theta, alpha, mu: (alpha + mu) * theta,
        ),
        part(
            "μθ stands on the right where αθ belongs: μ pulls at h, α at θ.",
            pull=lambda theta, alpha, mu: mu * theta,
        ),
        part(
            "αθ has the wrong sign: the right-hand side is −(Jᵀr + αθ), with both in the bracket.",
            pull=lambda theta, alpha, mu: -alpha * theta,
        ),
        part(
            "This is for α‖θ‖², without the ½: α comes twice as large.",
            wall=lambda alpha, mu, eye: 2 * alpha * eye,
            pull=lambda theta, alpha, mu: 2 * alpha * theta,
        ),
        part(
            "α is halved: the ½ of ½α‖θ‖² meets the 2 of the square, and all of α is left.",
            wall=lambda alpha, mu, eye: alpha / 2 * eye,
            pull=lambda theta, alpha, mu: alpha / 2 * theta,
        ),
        part(
            "αθ is halved on the right: the ½ of ½α‖θ‖² meets the 2 of the square.",
            pull=lambda theta, alpha, mu: alpha / 2 * theta,
        ),
        part(
            "α is squared: the rows that are stacked are √α I, and √α squared is α.",
            wall=lambda alpha, mu, eye: alpha**2 * eye,
            pull=lambda theta, alpha, mu: alpha**2 * theta,
        ),
        part(
            "√α θ is a residual; its part of g is √α times that, αθ.",
            pull=lambda theta, alpha, mu: math.sqrt(alpha) * theta,
        ),
        part(
            "α multiplies μ: they are added, (α + μ)I.",
            wall=lambda alpha, mu, eye: alpha * mu * eye,
            damping=lambda mu, eye: 0 * eye,
        ),
        part(
            "μ (or α) is added to all entries of the matrix: it belongs on the diagonal alone.",
            damping=lambda mu, eye: np.full_like(eye, mu),
        ),
        part(
            "α and μ are added to all entries of the matrix: they belong on the diagonal alone.",
            wall=lambda alpha, mu, eye: np.full_like(eye, alpha),
            damping=lambda mu, eye: np.full_like(eye, mu),
        ),
        instead(
            lambda J, r, theta, alpha, mu: _by_diagonal(J, r, theta, alpha, mu, alpha),
            "α and μ multiply diag JᵀJ, Marquardt's scaling: in (13.2) stands I for both.",
        ),
        instead(
            lambda J, r, theta, alpha, mu: _by_diagonal(J, r, theta, alpha, mu, 0),
            "μ multiplies diag JᵀJ, Marquardt's scaling: in (13.2) stands I.",
        ),
        part("This is θ + h, where it leads to: h is asked for.", after=lambda h, t, a: t + h),
        part(
            "θ is squared on the right: the slope of ½αθ² is αθ.",
            pull=lambda theta, alpha, mu: alpha * theta**2,
        ),
        part(
            "½α‖θ‖², one number, is added to Jᵀr: its slope, αθ, has an entry for each parameter.",
            pull=lambda theta, alpha, mu: alpha / 2 * (theta @ theta),
        ),
        part(
            "α‖θ‖², one number, is added to Jᵀr: the slope of ½α‖θ‖² is αθ.",
            pull=lambda theta, alpha, mu: alpha * (theta @ theta),
        ),
        part(
            "α is added on the right without θ: the penalty's slope is αθ.",
            pull=lambda theta, alpha, mu: alpha,
        ),
        part(
            "θ is on the right without its factor: the penalty's slope is αθ.",
            pull=lambda theta, alpha, mu: theta,
        ),
        part(
            "αθ is added to the solution: it belongs into the system, beside Jᵀr.",
            pull=lambda theta, alpha, mu: 0,
            after=lambda h, theta, alpha: h + alpha * theta,
        ),
        part(
            "αθ is taken from the solution: it belongs into the system, beside Jᵀr.",
            pull=lambda theta, alpha, mu: 0,
            after=lambda h, theta, alpha: h - alpha * theta,
        ),
        part("Jᵀr is doubled, and JᵀJ is not: F has a ½.", right=lambda J, r: 2 * J.T @ r),
        part("Jᵀr is a mean, and JᵀJ is a sum.", right=lambda J, r: J.T @ r / len(r)),
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


def _squares(J):
    return np.linalg.svd(J, compute_uv=False) ** 2


def _gamma(J, alpha, beta, squares=_squares, above=None, below=None, factor=None, end=np.sum):
    """γ with parts exchanged: the sum of βs²/(βs² + α)."""
    s2 = squares(J)
    up = beta * s2 if above is None else above(s2, alpha, beta)
    down = beta * s2 + alpha if below is None else below(s2, alpha, beta)
    found = up / down
    return end(found if factor is None else factor(found))


def _inverse(s2, alpha, beta):
    return np.sum(1 / (beta * s2 + alpha))


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
    recipe=_gamma,
    what="γ",
    slips=(
        part(
            "s is not squared: the eigenvalues of JᵀJ are s².",
            squares=lambda J: np.linalg.svd(J, compute_uv=False),
        ),
        part(
            "s² is squared once more: the eigenvalues of JᵀJ are s² already.",
            squares=lambda J: np.linalg.svd(J.T @ J, compute_uv=False) ** 2,
        ),
        part(
            "The diagonal of JᵀJ, ‖J_j‖², stands where its eigenvalues s² belong: these are equal "
            "only where the columns are at right angles.",
            squares=lambda J: (J**2).sum(axis=0),
        ),
        handed(
            "β is missing: it is βs² that stands beside α.", lambda J, alpha, beta: (J, alpha, 1.0)
        ),
        handed(
            "β is upside down: it is 1/σ², and multiplies s².",
            lambda J, alpha, beta: (J, alpha, 1 / beta),
        ),
        handed("β is squared: βs² stands beside α.", lambda J, alpha, beta: (J, alpha, beta**2)),
        handed("α is squared: βs² + α.", lambda J, alpha, beta: (J, alpha**2, beta)),
        handed(
            "The two changed places: s² is measured against α/β, not β/α.",
            lambda J, alpha, beta: (J, beta, alpha),
        ),
        part("β is missing above the line: βs²/(βs² + α).", above=lambda s2, alpha, beta: s2),
        part(
            "β is missing below the line: βs²/(βs² + α).",
            below=lambda s2, alpha, beta: s2 + alpha,
        ),
        part(
            "This is P − γ: the parameters that the penalty determines.",
            above=lambda s2, alpha, beta: alpha + 0 * s2,
        ),
        instead(
            lambda J, alpha, beta: float(np.linalg.matrix_rank(J)),
            "That is the rank, γ without a penalty. A weak direction counts in part.",
        ),
        instead(
            lambda J, alpha, beta: int((beta * _squares(J) > alpha).sum()),
            "You count the directions with βs² above α: each counts in part, from 0 to 1.",
        ),
        instead(
            lambda J, alpha, beta: beta * (J**2).sum() / (beta * (J**2).sum() + alpha),
            "All s² are added up first: each direction has a part of its own, and γ is their sum.",
        ),
        part("The filter factors are not squared in γ.", factor=lambda found: found**2),
        part("These are the parts of each direction: γ is their sum.", end=lambda found: found),
        part("This is the mean of the parts: γ is their sum.", end=np.mean),
        part("This is the product of the parts: γ is their sum.", end=np.prod),
        part("γ is no whole number: a direction counts in part.", end=lambda f: round(f.sum())),
        instead(
            lambda J, alpha, beta: _inverse(_squares(J), alpha, beta),
            "This is tr (βJᵀJ + αI)⁻¹ alone: (13.4) is P − α times that.",
        ),
        instead(
            lambda J, alpha, beta: J.shape[1] - _inverse(_squares(J), alpha, beta),
            "The trace has lost its α: P − α tr (βJᵀJ + αI)⁻¹.",
        ),
        instead(
            lambda J, alpha, beta: J.shape[1] - alpha / beta * _inverse(_squares(J), alpha, beta),
            "β is in the matrix already: P − α tr (βJᵀJ + αI)⁻¹, without a further 1/β.",
        ),
        instead(
            lambda J, alpha, beta: len(J) - alpha * _inverse(_squares(J), alpha, beta),
            "N stands where P belongs: P − α tr (βJᵀJ + αI)⁻¹ counts parameters.",
        ),
        instead(
            lambda J, alpha, beta: len(J) - _gamma(J, alpha, beta),
            "This is N − γ, what the fit leaves to the noise (13.5).",
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
        (1.5, "1.5 is γ: α is asked for, one of the four numbers."),
    ),
    what="α",
    reminders=("one of the four makes βs² of the middle direction equal to α.",),
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
    came = type(alpha).__name__
    if (alpha := one_number(alpha)) is None:
        return False, f"this is a {came}: expected a number, your α"
    if not 1e-9 <= alpha <= 1e9:
        return False, f"α = {alpha:g}: expected a number from 1e-9 to 1e9"
    found = error_with(alpha)
    said = f"test error {found:.2g} with α = {alpha:.2g}"
    if found <= WANTED:
        return True, f"{said}: less than the noise, from 20 data"
    larger = error_with(3 * alpha) < error_with(alpha / 3)
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
