"""Exercises of lesson 07: a μ for a given length of step, the damped step, and other units."""

import math

import numpy as np

from ..examples import START, rosenbrock
from ..linearization import Explicit
from .base import exercise
from .compare import one_number
from .probing import Probe
from .slips import damped_system, handed, instead, mu_of_the_step, part, slips_named, turned

LENGTH = 0.5  # the ‖h‖ asked for in 7.1
CLOSE = 0.01  # relative error of ‖h‖ that is right
LARGEST = 1e100  # the largest μ that is tried


def _valley():
    """The Linearization of Rosenbrock's problem at its standard start."""
    return rosenbrock().linearize(np.array(START))


def _length(mu):
    return float(np.linalg.norm(_valley().step(mu)))


G_OVER_LENGTH = float(np.linalg.norm(_valley().g)) / LENGTH
DOUBTS = (
    (
        G_OVER_LENGTH,
        "This is ‖g‖/0.5, which supposes h = −g/μ. That holds only for μ far above the "
        "largest s², 677; here the flat part of the step still counts.",
    ),
    (
        LENGTH,
        "This is the radius Δ itself. μ is another number: the one at which ‖h(μ)‖ is Δ.",
    ),
    (1 / LENGTH, "This is 1/Δ. A longer radius needs a smaller μ, but not in this proportion."),
    (float(np.linalg.norm(_valley().g)), "This is ‖g‖: at μ = ‖g‖ the step is not yet 0.5 long."),
)


def _has_length(answer):
    """Whether ‖h(μ)‖ is 0.5, to a hundredth of that."""
    mu = one_number(answer)
    if mu is None:
        return False, f"this is a {type(answer).__name__}: expected a number μ."
    if not (math.isfinite(mu) and 0 < mu <= LARGEST):
        return False, f"μ = {mu:g}: expected a number above 0 and up to {LARGEST:g}."
    seen = _length(mu)
    if abs(seen - LENGTH) <= CLOSE * LENGTH:
        return True, f"‖h‖ = {seen:.4g} at μ = {mu:.4g}."
    return False, (
        f"‖h‖ = {seen:.3g} at μ = {mu:.3g}, too "
        f"{'long: more' if seen > LENGTH else 'short: less'} damping."
    )


@exercise(
    "7.1",
    "witness",
    "At Rosenbrock's start (−1.2, 1): a μ for which the "
    "damped step is 0.5 long, to one hundredth of that.",
    hints=(
        "‖h‖ falls as μ grows, (7.8). So there is one such μ, and any two "
        "values with ‖h‖ on either side of 0.5 have it between them.",
        "Halve the interval again and again: the middle is "
        "too long or too short, and replaces one of the ends.",
        "μ runs over many powers of ten, so take the middle of "
        "the exponents: √(low · high). Start with 1e-3 and 1e3.",
    ),
    judge=_has_length,
    slips=DOUBTS,
)
def mu_of_the_length():
    here = _valley()  # problem.linearize([-1.2, 1])
    low, high = 1e-3, 1e3  # ‖h‖ is above 0.5 at the first, below at the second
    for _ in range(60):
        middle = (low * high) ** 0.5
        if np.linalg.norm(here.step(middle)) > 0.5:
            low = middle
        else:
            high = middle
    return middle


def _system(rng):
    """A J with more rows than columns, an r, and a μ of the size of JᵀJ's eigenvalues."""
    P = int(rng.integers(2, 5))
    M = P + int(rng.integers(1, 4))
    return rng.normal(size=(M, P)), rng.normal(size=M), float(rng.uniform(0.3, 3.0))


def _package(J, r):
    """The package's Linearization with this r and J."""
    return Explicit(r, J.T)


def _another_mu(h, right, J, r, mu):
    """Which μ the step belongs to, if it is a damped step at all."""
    found = mu_of_the_step(h, J, r)
    if found is None:
        return ""
    return (
        f"This is the damped step of another μ: of {found:.3g}, where {mu:.3g} was given. What "
        "stands on the diagonal is not μ."
    )


@exercise(
    "7.2",
    "function",
    "Write damped_step(J, r, mu): the h with (JᵀJ + μI) h = "
    "−Jᵀr, for any J, (N·m, P), any r, (N·m,), and μ > 0.",
    hints=(
        "It is (7.2) read from left to right: a matrix, a "
        "right-hand side, and a solver for square systems.",
        "How many rows has I here? As many as h has entries, so it is np.eye(J.shape[1]).",
        "np.linalg.solve(matrix, right_hand_side), with the minus sign in the right-hand side.",
    ),
    inputs=_system,
    package=lambda J, r, mu: _package(J, r).step(mu),
    recipe=damped_system,
    what="h",
    sizes=lambda J, r, mu: {"N·m": len(r), "P": J.shape[1]},
    forbids=("inv", "pinv"),
    diagnose=_another_mu,
    probes=(
        Probe("μ is 0", "how μ comes in", lambda J, r, mu: (J, r, 0.0)),
        Probe(
            "the columns of J are orthonormal, where JᵀJ is I",
            "the matrix of the system",
            lambda J, r, mu: (np.linalg.qr(J)[0], r, mu),
        ),
        Probe("r is 1 everywhere", "where r comes in", lambda J, r, mu: (J, np.ones_like(r), mu)),
    ),
    slips=(
        *slips_named(
            "g uphill",
            "r for g",
            "J r for g",
            "JJᵀ",
            "I of the rows",
            "μ on all entries",
            "no μ",
            "no JᵀJ",
            "μ as a rate",
            "μ diag(JᵀJ)",
            "μ(JᵀJ + I)",
            "μ(JᵀJ + I) alone",
            "2μ",
            "μ/2",
            "μ²",
            "√μ",
            "−μ",
            "1/μ",
            "I without μ",
            "μ times N",
            "2g",
            "2JᵀJ",
            "SSE",
            "mean g",
            "mean of both",
            "entries squared",
            "diagonal of JᵀJ",
            "ggᵀ",
            "J for JᵀJ",
            "only −g",
            "only g",
            "not solved",
            "lstsq's four",
        ),
        part(
            "This is JᵀJ times 1 + μ: Gauss-Newton's step, all its parts shortened alike. μ "
            "multiplies I.",
            damping=lambda J, r, mu: mu * J.T @ J,
        ),
        instead(
            lambda J, r, mu: np.linalg.solve(J @ J.T + mu * np.eye(len(r)), -J.T @ r),
            "JJᵀ stands where JᵀJ belongs: it has a row for each residual, and g has an entry for "
            "each parameter.",
        ),
        instead(
            lambda J, r, mu: np.linalg.solve(J @ J.T + mu * np.eye(len(r)), -r),
            "This is the system with JJᵀ: its solution has an entry for each residual. From there "
            "it is one Jᵀ to h, or take JᵀJ and g.",
        ),
        instead(
            lambda J, r, mu: np.linalg.solve(J @ J.T + mu * np.eye(len(r)), -J @ r),
            "JJᵀ stands where JᵀJ belongs, and J where Jᵀ: h has an entry for each parameter.",
        ),
        instead(
            lambda J, r, mu: -(J.T @ J + mu * np.eye(J.shape[1])) @ J.T @ r,
            "This multiplies by the matrix. It stands on h's side of (7.2): solve with it.",
        ),
    ),
)
def damped_step(J, r, mu):
    A = J.T @ J + mu * np.eye(J.shape[1])
    return np.linalg.solve(A, -J.T @ r)


def _in_units(rng):
    return *_system(rng), float(rng.choice([10.0, 100.0, 0.1]))


def _in_hers(J, r, mu, c, into=lambda c: c, back=lambda c: c, which=-1, damp=lambda mu, c: mu):
    """The step with parts of the way through her units exchanged; by default the right one."""
    units = np.ones(J.shape[1])
    units[which] = into(c)
    h = damped_system(J * units, r, damp(mu, c))
    units[which] = back(c)
    return h * units


def _mine(c):
    return 1.0


def _inverse(c):
    return 1 / c


def _last_row(J, r, mu, c):
    """The arguments with c in the last row of J, in place of the column."""
    return np.vstack([J[:-1], c * J[-1:]]), r, mu, c


@exercise(
    "7.3",
    "function",
    "Count the last parameter in a unit of c of yours, θ_P = c·θ′_P, take the "
    "damped step with μI there, and hand it back in your own unit.",
    hints=(
        "Three things happen: J changes, the step is taken, "
        "the step is translated. r stays: it is what it is.",
        "J holds derivatives of r. If θ′ moves by 1, θ moves by c. So how much does r move?",
        "The last column of J becomes c times as long. The last entry of "
        "h′ is counted in the new unit: times c, it is in yours.",
    ),
    inputs=_in_units,
    package=lambda J, r, mu, c: (
        _package(J, r).damped(mu, np.append(np.ones(J.shape[1] - 1), 1 / c)).h
    ),
    recipe=_in_hers,
    what="h",
    sizes=lambda J, r, mu, c: {"N·m": len(r), "P": J.shape[1]},
    forbids=("inv", "pinv"),
    probes=(
        Probe("c is 1", "where c comes in", lambda J, r, mu, c: (J, r, mu, 1.0)),
        Probe("μ is 0", "how μ comes in", lambda J, r, mu, c: (J, r, 0.0, c)),
    ),
    slips=(
        part(
            "This is the step in your own units: with this c nothing was changed. Is J's last "
            "column still the old one?",
            into=_mine,
            back=_mine,
        ),
        part(
            "J is right, but the step is still counted in the new unit. Translate its last entry "
            "back.",
            back=_mine,
        ),
        part(
            "J is right, but the step was translated the wrong way: a step of 1 in the new unit "
            "is c in yours.",
            back=_inverse,
        ),
        part(
            "J is still yours: when θ′ moves by 1, θ moves by c, and J's last column is c times "
            "as long.",
            into=_mine,
        ),
        part(
            "The last column of J was divided by c: when θ′ moves by 1, θ moves by c.",
            into=_inverse,
        ),
        part(
            "This is all of it with 1/c in place of c: θ = c·θ′, so a step of 1 in the new unit "
            "is c in yours.",
            into=_inverse,
            back=_inverse,
        ),
        part(
            "The step was translated back twice: its last entry times c, once, is in your unit.",
            back=np.square,
        ),
        handed(
            "The last row of J was multiplied by c: that is a residual. A parameter has a column.",
            _last_row,
        ),
        part("The first parameter was given the new unit: it is the last one.", which=0),
        part(
            "All parameters were given the new unit: it is the last one alone.", which=slice(None)
        ),
        part(
            "μ was multiplied by c: her μI is added in her units as it is.",
            damp=lambda mu, c: c * mu,
        ),
        part(
            "μ was divided by c: her μI is added in her units as it is.", damp=lambda mu, c: mu / c
        ),
        part(
            "This is your own step with c·μ: the unit changes J's last column, not μ.",
            into=_mine,
            back=_mine,
            damp=lambda mu, c: c * mu,
        ),
        part(
            "This is your own step with μ/c²: the unit changes one parameter's damping, not all.",
            into=_mine,
            back=_mine,
            damp=lambda mu, c: mu / c**2,
        ),
        instead(
            lambda J, r, mu, c: damped_system(
                J, r, mu, damping=lambda J, r, mu: mu * np.diag([*np.ones(J.shape[1] - 1), 1 / c])
            ),
            "This damps the last parameter with μ/c in your units. In (7.12) C stands squared.",
        ),
        instead(
            lambda J, r, mu, c: damped_system(
                J, r, mu, damping=lambda J, r, mu: mu * np.diag([*np.ones(J.shape[1] - 1), c**2])
            ),
            "This damps the last parameter with μc² in your units. In (7.12) it is C⁻².",
        ),
        instead(
            lambda J, r, mu, c: c * damped_system(c * J, r, mu),
            "All of J and h was scaled. Only the last parameter changes its unit.",
        ),
        handed(
            "r was multiplied by c: the residuals keep their own unit.",
            lambda J, r, mu, c: (J, c * r, mu, c),
        ),
        turned("The sign is flipped: the step goes against g.", lambda h, *_: -h),
    ),
)
def step_in_other_units(J, r, mu, c):
    units = np.ones(J.shape[1])
    units[-1] = c
    h = damped_step(J * units, r, mu)  # J * units scales the columns
    return units * h
