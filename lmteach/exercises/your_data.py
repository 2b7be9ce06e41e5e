"""Exercises of lesson 12: standard errors, weights, how many data, and where to measure."""

import numpy as np

from ..curve_fit import CurveFit
from ..problems import LeastSquares
from ..uncertainty import uncertainty
from .base import exercise

N_PLACES, FARTHEST, NOISE = 12, 5.0, 0.1  # of exercise 12.4
WANTED = 0.06  # standard error of b, at most; twelve even places give 0.080


def _fit(rng):
    """(J, r) at the minimum of a straight model: r is at right angles to J."""
    N, P = int(rng.integers(8, 15)), int(rng.integers(2, 5))
    J = rng.normal(size=(N, P)) * rng.uniform(0.3, 3, size=P)
    noise = rng.normal(size=N)
    return J, noise - J @ np.linalg.lstsq(J, noise, rcond=None)[0]


def _errors(J, r, dof=None, factor=1.0, root=True, each=None, scaled=True):
    """The standard errors, with parts exchanged."""
    N, P = J.shape
    C = np.linalg.pinv(J.T @ J)
    C = C if each is None else each(J)
    variance = factor * (r @ r) / (N - P if dof is None else dof(N, P))
    found = np.diag(C) * (variance if scaled else 1.0)
    return np.sqrt(found) if root else found


def _package_errors(J, r):
    straight = LeastSquares(lambda theta: r + J @ theta, lambda theta: J)
    return uncertainty(straight, np.zeros(J.shape[1])).standard_errors


@exercise(
    "12.1",
    "function",
    "Write standard_errors(J, r): for a fit with r = f − y at its minimum and σ not known, the "
    "standard error of each parameter, (P,).",
    hints=(
        "Two things are needed: (JᵀJ)⁻¹, and how large the noise is.",
        "σ̂² = 2F/(N − P), with F = ½ rᵀr; N and P are J's shape.",
        "The errors are the roots of the diagonal of σ̂²(JᵀJ)⁻¹: np.linalg.solve(J.T @ J, "
        "np.eye(P)), np.diag, np.sqrt.",
    ),
    inputs=_fit,
    package=_package_errors,
    slips=(
        (
            lambda J, r: _errors(J, r, dof=lambda N, P: N),
            "You divided by N. Of N dimensions of noise, P went into θ̂: N − P are left (12.4).",
        ),
        (
            lambda J, r: _errors(J, r, factor=0.5),
            "This equals ours with F in place of 2F: σ̂² = rᵀr/(N − P), and F = ½ rᵀr.",
        ),
        (
            lambda J, r: _errors(J, r, factor=2.0),
            "There is a factor 2 too much in σ̂²: rᵀr/(N − P) is it, without a further 2.",
        ),
        (
            lambda J, r: _errors(J, r, root=False),
            "These are variances. The standard error is the root of each.",
        ),
        (
            lambda J, r: _errors(J, r, scaled=False),
            "(JᵀJ)⁻¹ alone: right if r were in units of σ. Here σ is not known: σ̂² is missing.",
        ),
        (
            lambda J, r: _errors(J, r, each=lambda J: np.diag(1 / (J**2).sum(axis=0))),
            "This is σ̂/‖J_j‖: each parameter as if all others were known. Invert all of JᵀJ, then "
            "take the diagonal.",
        ),
        (
            lambda J, r: _errors(J, r, dof=lambda N, P: N - 1),
            "You divided by N − 1, as for a mean, which has one parameter. Here it is N − P.",
        ),
        (
            lambda J, r: _errors(J, r, each=lambda J: J.T @ J),
            "This has JᵀJ where (JᵀJ)⁻¹ should be: a steep direction is known well, not badly.",
        ),
    ),
)
def standard_errors(J, r):
    N, P = J.shape
    variance = r @ r / (N - P)
    covariance = variance * np.linalg.solve(J.T @ J, np.eye(P))
    return np.sqrt(np.diag(covariance))


def _weighted(rng):
    N = int(rng.integers(4, 9))
    return rng.normal(size=N), rng.normal(size=N), rng.uniform(0.2, 3.0, size=N)


def _package_whitened(f, y, sigma):
    return CurveFit(lambda theta, x: f + 0 * theta[0], np.arange(len(y)), y, sigma=sigma).residual(
        [0.0]
    )


@exercise(
    "12.2",
    "function",
    "Write whitened(f, y, sigma): the residuals of a weighted fit, in the convention of this "
    "course, (N,).",
    hints=(
        "Which minus which? Lesson 01 fixed it for the whole course.",
        "Each residual is measured in the σ of its own datum.",
        "(12.1), in NumPy: one subtraction and one division.",
    ),
    inputs=_weighted,
    package=_package_whitened,
    slips=(
        (
            lambda f, y, sigma: (y - f) / sigma,
            "This equals ours with the sign of r flipped: you used target − prediction (Rosetta).",
        ),
        (
            lambda f, y, sigma: (f - y) / sigma**2,
            "1/σ² is the weight of r². r itself is divided by σ.",
        ),
        (
            lambda f, y, sigma: (f - y) * sigma,
            "Multiplied by σ, the worst datum would count most: divide.",
        ),
        (
            lambda f, y, sigma: (f - y) / np.sqrt(sigma),
            "σ is the standard deviation already: no root of it.",
        ),
        (lambda f, y, sigma: f - y, "This is r without weights: σ is not used."),
        (
            lambda f, y, sigma: ((f - y) / sigma) ** 2,
            "These are squared: residuals are asked for, with their sign.",
        ),
        (
            lambda f, y, sigma: (f - y) / sigma.mean(),
            "Each datum has its own σ, not the mean of all.",
        ),
    ),
)
def whitened(f, y, sigma):
    return (f - y) / sigma


@exercise(
    "12.3",
    "value",
    "A fit of a straight line to 25 data has a standard error of 0.04 for its slope. How many "
    "data, spread over the same x in the same way, are needed for 0.01?",
    hints=(
        "What happens to JᵀJ if each datum is measured k times?",
        "JᵀJ is a sum over the data: k times as many, k times as large; (JᵀJ)⁻¹ is 1/k.",
        "The error is a root: a quarter of it needs k = 16.",
    ),
    slips=(
        (100, "Four times as many data halve the error: it falls like 1/√N, not 1/N."),
        (50, "That makes it 0.028: the error falls like 1/√N."),
        (16, "Sixteen times as many: N is asked for."),
        (6400, "The error falls like 1/√N: a quarter needs 16 times, not 256 times, as many."),
    ),
)
def number_of_data():
    return 400


def error_of_b(x):
    """Return the standard error of b in 2·exp(−x) measured at these x, with noise 0.1."""
    J = np.column_stack([np.exp(-x), -2 * x * np.exp(-x)]) / NOISE
    s, Vt = np.linalg.svd(J, full_matrices=False)[1:]
    return float(np.linalg.norm(Vt[:, 1] / s)) if s[-1] > 1e-12 * s[0] else np.inf


def _judge(x):
    """Whether b is known to 0.06 from data at these x."""
    try:
        x = np.asarray(x, dtype=float)
    except (TypeError, ValueError):
        return False, f"this is a {type(x).__name__}: expected twelve numbers from 0 to 5"
    if x.shape != (N_PLACES,):
        return False, f"the shape is {x.shape}: expected ({N_PLACES},)"
    if not (np.isfinite(x).all() and (x >= 0).all() and (x <= FARTHEST).all()):
        return False, f"x from {x.min():.3g} to {x.max():.3g}: expected 0 to {FARTHEST:g}"
    error = error_of_b(x)
    if not np.isfinite(error):
        return False, "all at one place: a and b cannot be told apart, the error is infinite"
    said = f"b ± {error:.3f}"
    if error < WANTED:
        return True, f"{said}: better than evenly spaced, with the same twelve data"
    late = (x > 3).sum()
    if late > 2:
        return False, f"{said}: {late} of your x lie beyond 3, where the curve is gone"
    if x.max() < 0.5:
        return False, f"{said}: all your x lie where the curve only begins"
    if x.min() > 0.5:
        return False, f"{said}: nothing near x = 0, which tells a"
    return False, f"{said}: below {WANTED} is asked for. Which places tell a, which tell b?"


@exercise(
    "12.4",
    "witness",
    "Twelve places x between 0 and 5 at which to measure 2·exp(−x) with σ = 0.1, so that b has a "
    "standard error below 0.06; a is not known either. Evenly spaced they give 0.080.",
    hints=(
        "At which x does a change of b change the curve most? Look at |∂f/∂b| = 2x·exp(−x).",
        "It is largest at x = 1. But there a larger a looks like a smaller b: something has to "
        "tell a by itself.",
        "Some of the data at x = 0, where b has no say; the others near x = 1.",
    ),
    judge=_judge,
)
def twelve_places():
    return [0.0] * 4 + [1.2] * 8
