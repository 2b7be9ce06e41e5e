"""Exercises of lesson 12: standard errors, weights, how many data, and where to measure."""

import numpy as np
from scipy.special import stdtrit

from ..curve_fit import CurveFit
from ..problems import LeastSquares
from ..uncertainty import uncertainty
from .base import exercise
from .compare import numbers
from .slips import instead, part, turned

N_PLACES, FARTHEST, NOISE = 12, 5.0, 0.1  # of exercise 12.4
WANTED = 0.06  # standard error of b, at most; twelve even places give 0.080


def _fit(rng):
    """(J, r) at the minimum of a straight model: r is at right angles to J."""
    N, P = int(rng.integers(9, 15)), int(rng.integers(2, 5))  # N − P is never P
    J = rng.normal(size=(N, P)) * rng.uniform(0.3, 3, size=P)
    noise = rng.normal(size=N)
    return J, noise - J @ np.linalg.lstsq(J, noise, rcond=None)[0]


def _errors(J, r, dof=None, squares=None, root=np.sqrt, inverse=None, scaled=None, of=np.diag):
    """The standard errors, with parts exchanged."""
    N, P = J.shape
    C = np.linalg.pinv(J.T @ J) if inverse is None else inverse(J)
    variance = (r @ r if squares is None else squares(r)) / (N - P if dof is None else dof(N, P))
    return root(of(C) * (variance if scaled is None else scaled(variance)))


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
    recipe=_errors,
    what="The error",
    slips=(
        part(
            "You divided by N. Of N dimensions of noise, P went into θ̂: N − P are left (12.4).",
            dof=lambda N, P: N,
        ),
        part(
            "You divided by N − 1, as for a mean, which has one parameter. Here it is N − P.",
            dof=lambda N, P: N - 1,
        ),
        part(
            "You divided by N − P − 1: P counts every parameter already.",
            dof=lambda N, P: N - P - 1,
        ),
        part("You divided by P: the noise has N − P dimensions left.", dof=lambda N, P: P),
        part("σ̂² is not divided at all: (N − P)σ̂² = rᵀr (12.4).", dof=lambda N, P: 1),
        part(
            "This equals ours with F in place of 2F: σ̂² = rᵀr/(N − P), and F = ½ rᵀr.",
            squares=lambda r: r @ r / 2,
        ),
        part(
            "There is a factor 2 too much in σ̂²: rᵀr/(N − P) is it, without a further 2.",
            squares=lambda r: 2 * r @ r,
        ),
        part(
            "This takes the variance of r about its mean, as np.var or np.std do. The residuals' "
            "own squares are meant, rᵀr, divided by N − P.",
            squares=lambda r: r.var(),
            dof=lambda N, P: 1,
        ),
        part(
            "This takes the variance of r about its mean, and divides by N − 1 (ddof=1). The "
            "residuals' own squares are meant, rᵀr, divided by N − P.",
            squares=lambda r: r.var(ddof=1),
            dof=lambda N, P: 1,
        ),
        part(
            "The residuals are added up without their squares: they cancel. σ̂² has rᵀr.",
            squares=lambda r: abs(r.sum()),
        ),
        part(
            "The sizes |r| are added up: σ̂² has the squares, rᵀr.",
            squares=lambda r: abs(r).sum(),
        ),
        part("These are variances. The standard error is the root of each.", root=lambda v: v),
        part(
            "(JᵀJ)⁻¹ alone: right if r were in units of σ. Here σ is not known: σ̂² is missing.",
            scaled=lambda variance: 1.0,
        ),
        part(
            "σ̂² stands outside of the root: the root of σ̂²(JᵀJ)⁻¹ has σ̂ in it.",
            scaled=lambda variance: variance**2,
        ),
        part(
            "σ̂ stands under the root: σ̂² times (JᵀJ)⁻¹, and then the root.",
            scaled=np.sqrt,
        ),
        part(
            "σ̂² multiplies JᵀJ before it is inverted: it belongs in front of (JᵀJ)⁻¹.",
            scaled=lambda variance: 1 / variance,
        ),
        part(
            "This is σ̂/‖J_j‖: each parameter as if all others were known. Invert all of JᵀJ, then "
            "take the diagonal.",
            inverse=lambda J: np.diag(1 / (J**2).sum(axis=0)),
        ),
        part(
            "This has JᵀJ where (JᵀJ)⁻¹ should be: a steep direction is known well, not badly.",
            inverse=lambda J: J.T @ J,
        ),
        part(
            "1/(JᵀJ) is taken entry by entry: that is not the inverse matrix.",
            inverse=lambda J: 1 / (J.T @ J),
        ),
        part(
            "JJᵀ has a row for each datum. The parameters' covariance comes from JᵀJ.",
            inverse=lambda J: np.linalg.pinv(J @ J.T),
        ),
        part(
            "σ̂/s are the errors along the singular vectors of J, not those of the parameters.",
            inverse=lambda J: np.diag(np.linalg.svd(J, compute_uv=False) ** -2.0),
        ),
        part(
            "This is the whole covariance: the errors are the roots of its diagonal.",
            of=lambda C: C,
            root=lambda v: v,
        ),
        turned(
            "1.96 times the error is half of a 95 % interval: the error itself is asked for.",
            lambda found, *_: 1.96 * found,
        ),
        turned(
            "Student's t times the error is half of a 95 % interval: the error itself is asked "
            "for.",
            lambda found, J, r: stdtrit(len(r) - J.shape[1], 0.975) * found,
        ),
        turned(
            "Twice the error is about half of a 95 % interval: the error itself is asked for.",
            lambda found, *_: 2 * found,
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


def _divided(f, y, sigma, by=lambda s: s):
    """The weighted residuals, with another divisor."""
    return (f - y) / by(sigma)


def _centred(r, *_):
    return r - r.mean()


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
    recipe=_divided,
    what="r",
    slips=(
        turned(
            "This equals ours with the sign of r flipped: you used target − prediction (Rosetta).",
            lambda r, *_: -r,
        ),
        part("1/σ² is the weight of r². r itself is divided by σ.", by=lambda s: s**2),
        part("Multiplied by σ, the worst datum would count most: divide.", by=lambda s: 1 / s),
        part("σ is the standard deviation already: no root of it.", by=np.sqrt),
        part("This is r without weights: σ is not used.", by=np.ones_like),
        part("Each datum has its own σ, not the mean of all.", by=lambda s: s.mean()),
        part("Each datum has its own σ, not the length of all.", by=np.linalg.norm),
        part("Each datum has its own σ, not the largest of all.", by=np.max),
        part("σ is scaled to a sum of 1: each datum's own σ divides.", by=lambda s: s / s.sum()),
        part("σ is scaled to a mean of 1: its unit is needed.", by=lambda s: s / s.mean()),
        part(
            "r stands once for each σ: divide entry by entry, (f - y) / sigma.",
            by=lambda s: s[:, None],
        ),
        turned("These are squared: residuals are asked for, with their sign.", lambda r, *_: r**2),
        turned("These are absolute values: r keeps its sign.", lambda r, *_: abs(r)),
        turned("This is Σr², one number: r itself has one for each datum.", lambda r, *_: r @ r),
        turned("This is F, one number: r itself has one for each datum.", lambda r, *_: r @ r / 2),
        turned("r is divided by N: a mean is F's business.", lambda r, *_: r / len(r)),
        turned("r is divided by √N: a mean is F's business.", lambda r, *_: r / len(r) ** 0.5),
        turned("The mean is subtracted from r: it is a part of the misfit.", _centred),
        instead(lambda f, y, s: (f - y) / y, "This is divided by y, not by σ."),
        instead(
            lambda f, y, s: (f - y - (f - y).mean()) / s,
            "The mean is subtracted from f − y: it is a part of the misfit.",
        ),
        instead(
            lambda f, y, s: f / s - y, "A bracket is missing: f − y as a whole is divided by σ."
        ),
        instead(
            lambda f, y, s: f - y / s, "A bracket is missing: f − y as a whole is divided by σ."
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
        (375, "So many more: how many in all is asked for."),
        (75, "Four times as many in all would halve the error: it falls like 1/√N, not 1/N."),
        (25 / 4, "Fewer data make a larger error."),
        (25 / 16, "Fewer data make a larger error."),
        (4, "So many times smaller is the error to be: how many data does that take?"),
        (1600, "A quarter of the error needs 4² times as many, not 4³."),
    ),
    what="The number",
    reminders=("the error falls like 1/√N, from 0.04 at 25 data.",),
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
    came = type(x).__name__
    if (x := numbers(x)) is None or x.dtype.kind == "c":
        return False, f"this is a {came}: expected twelve numbers from 0 to 5"
    x = x.ravel() if x.size == N_PLACES else x
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
