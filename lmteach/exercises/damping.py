"""Lesson 07: a μ for a given length, the step in two lines, and a step in other units."""

import math

import numpy as np

from ..checks import is_real
from ..examples import START, rosenbrock
from ..linearization import Explicit
from .base import exercise

LENGTH = 0.5  # the ‖h‖ asked for
CLOSE = 0.01  # how far from it, relatively, is right
LARGEST = 1e100


def _valley():
    """Rosenbrock's valley at its standard start."""
    return rosenbrock().linearize(np.array(START))


def _length(mu):
    return float(np.linalg.norm(_valley().step(mu)))


G_OVER_LENGTH = float(np.linalg.norm(_valley().g)) / LENGTH
DOUBTS = {
    "This is ‖g‖/0.5, which supposes h = −g/μ. That holds only for μ far above the largest s², 677; here the flat "
    "part of the step still counts.": G_OVER_LENGTH,
}


def _has_length(mu):
    """Is h(μ) 0.5 long, to a hundredth of that?"""
    mu = mu.item() if isinstance(mu, np.ndarray) and mu.size == 1 else mu
    if not is_real(mu):
        return False, f"this is a {type(mu).__name__}: expected a number μ."
    mu = float(mu)
    if not (math.isfinite(mu) and 0 < mu <= LARGEST):
        return False, f"μ = {mu:g}: expected a number above 0 and up to {LARGEST:g}."
    for sentence, slip in DOUBTS.items():
        if math.isclose(mu, slip, rel_tol=1e-3):
            return False, sentence
    seen = _length(mu)
    if abs(seen - LENGTH) <= CLOSE * LENGTH:
        return True, f"‖h‖ = {seen:.4g} at μ = {mu:.4g}: right"
    return (
        False,
        f"‖h‖ = {seen:.3g} at μ = {mu:.3g}, too {'long: more' if seen > LENGTH else 'short: less'} damping.",
    )


@exercise(
    "7.1",
    "witness",
    "At Rosenbrock's start (−1.2, 1): a μ for which the damped step is 0.5 long, to one hundredth of that.",
    hints=(
        "‖h‖ falls as μ grows, (7.8). So there is one such μ, and any two values with ‖h‖ on either side of 0.5 "
        "have it between them.",
        "Halve the interval again and again: the middle is too long or too short, and replaces one of the ends.",
        "μ runs over many powers of ten, so take the middle of the exponents: √(low · high). Start with 1e-3 and 1e3.",
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
    """A J with independent columns, longer than wide, any r, and a μ that matters beside JᵀJ."""
    P = int(rng.integers(2, 5))
    M = P + int(rng.integers(1, 4))
    return rng.normal(size=(M, P)), rng.normal(size=M), float(rng.uniform(0.3, 3.0))


def _package(J, r):
    """The package's model of r and J."""
    return Explicit(r, J.T)


def _solve(J, r, damping):
    """h with (JᵀJ + damping) h = −Jᵀr."""
    return np.linalg.solve(J.T @ J + damping, -J.T @ r)


@exercise(
    "7.2",
    "function",
    "Write damped_step(J, r, mu): the h with (JᵀJ + μI) h = −Jᵀr, for any J, (N·m, P), any r, (N·m,), and μ > 0.",
    hints=(
        "It is (7.2) read from left to right: a matrix, a right-hand side, and a solver for square systems.",
        "How many rows has I here? As many as h has entries, so it is np.eye(J.shape[1]).",
        "np.linalg.solve(matrix, right_hand_side), with the minus sign in the right-hand side.",
    ),
    inputs=_system,
    twin=lambda J, r, mu: _package(J, r).step(mu),
    slips={
        "This equals ours with the sign flipped: you solved for +g. The bowl's slope, (JᵀJ + μI)h + g, is zero at "
        "its lowest point; look at what happens to g when it crosses the equals sign.": lambda J, r, mu: (
            -_solve(J, r, mu * np.eye(J.shape[1]))
        ),
        "This adds μ to every entry of JᵀJ, as NumPy does with matrix + number. μI touches only the diagonal.": (
            lambda J, r, mu: _solve(J, r, mu)
        ),
        "This is Gauss-Newton's step, the limit for μ → 0. Where has μ gone?": lambda J, r, mu: (
            np.linalg.lstsq(J, -r, rcond=None)[0]
        ),
        "This is −g/μ, the limit for large μ. What became of JᵀJ?": lambda J, r, mu: -J.T @ r / mu,
        "This is −μg: gradient descent with μ for its learning rate. μ belongs on the diagonal of JᵀJ.": (
            lambda J, r, mu: -mu * J.T @ r
        ),
        "This damps with μ diag(JᵀJ) in place of μI: Marquardt's scaling, see † I or diag. Here it is I.": (
            lambda J, r, mu: _solve(J, r, mu * np.diag(np.sum(J**2, axis=0)))
        ),
        "This damps with 2μ. In (7.1) μ‖h‖² has its ½ too, and that cancels the 2 of the square.": (
            lambda J, r, mu: _solve(J, r, 2 * mu * np.eye(J.shape[1]))
        ),
        "This damps with μ/2. In (7.1) the ½ cancels the 2 of the square, and all of μ is left.": (
            lambda J, r, mu: _solve(J, r, mu / 2 * np.eye(J.shape[1]))
        ),
        "This damps with μ². In the stacked system the lower rows hold √μ, not μ.": lambda J, r, mu: (
            _solve(J, r, mu**2 * np.eye(J.shape[1]))
        ),
        "This is our step for twice the g: 2Jᵀr is the gradient of SSE. Our F has a ½, and its gradient is Jᵀr.": (
            lambda J, r, mu: 2 * _solve(J, r, mu * np.eye(J.shape[1]))
        ),
        "This subtracts μ from the diagonal: the bowl would get flatter, not steeper.": lambda J, r, mu: (
            _solve(J, r, -mu * np.eye(J.shape[1]))
        ),
    },
)
def damped_step(J, r, mu):
    A = J.T @ J + mu * np.eye(J.shape[1])
    return np.linalg.solve(A, -J.T @ r)


def _in_units(rng):
    return *_system(rng), float(rng.choice([10.0, 100.0, 0.1]))


def _other(J, r, mu, into, back):
    """The last column of J times `into`, damped with I, and the last part of the step times `back`."""
    units = np.ones(J.shape[1])
    units[-1] = into
    h = damped_step(J * units, r, mu)
    units[-1] = back
    return h * units


@exercise(
    "7.3",
    "function",
    "Count the last parameter in a unit of c of yours, θ_P = c·θ′_P, take the damped step with μI there, and hand it "
    "back in your own unit.",
    hints=(
        "Three things happen: J changes, the step is taken, the step is translated. r stays: it is what it is.",
        "J holds derivatives of r. If θ′ moves by 1, θ moves by c. So how much does r move?",
        "The last column of J becomes c times as long. The last entry of h′ is counted in the new unit: "
        "times c, it is in yours.",
    ),
    inputs=_in_units,
    twin=lambda J, r, mu, c: _package(J, r).damped(mu, np.append(np.ones(J.shape[1] - 1), 1 / c)).h,
    slips={
        "This is the step in your own units: with this c nothing was changed. Is J's last column still the old one?": (
            lambda J, r, mu, c: damped_step(J, r, mu)
        ),
        "J is right, but the step is still counted in the new unit. Translate its last entry back.": (
            lambda J, r, mu, c: _other(J, r, mu, c, 1)
        ),
        "J is right, but the step was translated the wrong way: a step of 1 in the new unit is c in yours.": (
            lambda J, r, mu, c: _other(J, r, mu, c, 1 / c)
        ),
        "The last column of J was divided by c: when θ′ moves by 1, θ moves by c.": lambda J, r, mu, c: (
            _other(J, r, mu, 1 / c, c)
        ),
        "This is all of it with 1/c in place of c: θ = c·θ′, so a step of 1 in the new unit is c in yours.": (
            lambda J, r, mu, c: _other(J, r, mu, 1 / c, 1 / c)
        ),
        "This damps the last parameter with μ/c in your units. In (7.12) C stands squared.": lambda J, r, mu, c: (
            _solve(J, r, mu * np.diag(np.append(np.ones(J.shape[1] - 1), 1 / c)))
        ),
        "All of J and h was scaled. Only the last parameter changes its unit.": lambda J, r, mu, c: (
            c * damped_step(c * J, r, mu)
        ),
    },
)
def step_in_other_units(J, r, mu, c):
    units = np.ones(J.shape[1])
    units[-1] = c
    h = damped_step(J * units, r, mu)  # J * units scales the columns
    return units * h
