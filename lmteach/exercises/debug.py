"""Lesson 10: what neupy's class solves, three anonymous solvers, and one to be mended."""

from functools import cache

import numpy as np

from ..litmus import litmus
from ..replicas import ANONYMOUS, REPLICAS
from .base import exercise
from .probing import Probe
from .running import explained, run
from .slips import damped_system, instead, part, slips_named

WRONG = tuple(name for name in REPLICAS if name != "Levenberg-Marquardt")
# A small problem, on which a step is tried once: residual, jacobian, θ, μ.
ONE_STEP = (
    lambda theta: theta**2 - 1,
    lambda theta: np.diag(2 * theta),
    np.array([2.0, 3.0]),
    1.0,
)
LITMUS_SECONDS = 20.0  # of CPU time for all tests
STEP = "step(residual, jacobian, theta, mu) → (theta, accepted, {'h': h, 'J': J})"


def _system(rng):
    """A J longer than wide, any r, and a μ that matters beside JᵀJ."""
    P = int(rng.integers(2, 5))
    M = P + int(rng.integers(1, 4))
    return rng.normal(size=(M, P)), rng.normal(size=M), float(rng.uniform(0.3, 3.0))


def _chained(J, r):
    """The Jacobian of the squared residuals."""
    return 2 * r[:, None] * J


def _of_squares(J, r, mu, squares=np.square, rows=_chained, **parts):
    """The step of the squares with parts exchanged; by default the right one."""
    return damped_system(rows(J, r), squares(r), mu, **parts)


@exercise(
    "10.1",
    "function",
    "Write neupy_step(J, r, mu): the h of neupy's class, from the J and the r of ours, for "
    "one output.",
    hints=(
        "Two things are replaced before the system is solved. Which two?",
        "r becomes r². And J belongs to r, so it becomes the derivative of r²: the chain "
        "rule, row by row.",
        "Row i of the new J is 2·rᵢ times row i of the old one: 2 * r[:, None] * J.",
    ),
    inputs=_system,
    recipe=_of_squares,
    what="h",
    sizes=lambda J, r, mu: {"N": len(r), "P": J.shape[1]},
    forbids=("inv", "pinv"),
    probes=(
        Probe("μ is 0", "how μ comes in", lambda J, r, mu: (J, r, 0.0)),
        Probe(
            "r is 1 everywhere",
            "where r comes in, in the new J and in the new r",
            lambda J, r, mu: (J, np.ones_like(r), mu),
        ),
        Probe("r is above 0", "the sign of r", lambda J, r, mu: (J, abs(r), mu)),
    ),
    slips=(
        part(
            "This is our own step, of r and J. The class squares the residuals first.",
            squares=lambda r: r,
            rows=lambda J, r: J,
        ),
        part(
            "The chain rule has a 2: r² grows by 2r for every unit that r grows.",
            rows=lambda J, r: r[:, None] * J,
        ),
        part(
            "Only J was replaced. On the right stands Jᵀ times what J is the derivative of: the "
            "squares.",
            squares=lambda r: r,
        ),
        part(
            "Only r was replaced. Then J is not the derivative of what stands beside it.",
            rows=lambda J, r: J,
        ),
        part(
            "This squares the entries of J. The derivative of a square is not the square of the "
            "derivative.",
            rows=lambda J, r: J**2,
        ),
        part(
            "This is the step of half the squares, ½r². The class takes no half; μ notices the "
            "difference.",
            squares=lambda r: r**2 / 2,
            rows=lambda J, r: r[:, None] * J,
        ),
        part(
            "J's rows are multiplied by 2r²: the derivative of r² is 2r, once.",
            rows=lambda J, r: 2 * r[:, None] ** 2 * J,
        ),
        part(
            "J is divided by N: that is J of a mean. The class takes each square by itself.",
            rows=lambda J, r: _chained(J, r) / len(r),
        ),
        part(
            "The rows of J are multiplied by 2|r|: the derivative of r² is 2r, with its sign.",
            rows=lambda J, r: _chained(J, abs(r)),
        ),
        part(
            "J's rows are multiplied by 2 alone: the derivative of r² is 2r.",
            rows=lambda J, r: 2 * J,
        ),
        *slips_named(
            (
                "g uphill",
                "This equals ours with the sign flipped: the class subtracts, too.",
            ),
            (
                "μ on all entries",
                "This adds μ to every entry, as NumPy does with matrix + number. "
                "μI touches only the diagonal.",
            ),
            "no μ",
            "μ diag(JᵀJ)",
            "I of the rows",
            "JJᵀ",
            "r for g",
            "2g",
            "no JᵀJ",
        ),
        instead(
            lambda J, r, mu: damped_system((2 * J.T @ r)[None], np.array([r @ r]), mu),
            "This is one row: the squares were summed before they were differentiated. neupy "
            "sums nothing.",
        ),
        instead(
            lambda J, r, mu: damped_system(J, 2 * r**3, mu),
            "Only g is that of the squares, 2Jᵀr³: JᵀJ is still that of r.",
        ),
        instead(
            lambda J, r, mu: damped_system(J, r**3, mu),
            "Only g has the cubes, and its 2 is missing: JᵀJ is still that of r.",
        ),
        instead(
            lambda J, r, mu: 2 * r * J,
            "r and J have the shapes (N,) and (N, P): r[:, None] is a column that multiplies "
            "whole rows.",
        ),
    ),
)
def neupy_step(J, r, mu):
    squares = r**2
    J_of_squares = 2 * r[:, None] * J
    A = J_of_squares.T @ J_of_squares + mu * np.eye(J.shape[1])
    return np.linalg.solve(A, -J_of_squares.T @ squares)


@cache
def _failed(step):
    """The tests that a step fails."""
    return tuple(litmus(step).failed)


def _judge_names(names):
    """Does every anonymous solver bear its own name? If not, fingerprints are compared."""
    if not isinstance(names, dict) or set(names) != set(ANONYMOUS):
        return False, 'expected a dict with the three keys: {"A": "…", "B": "…", "C": "…"}.'
    for letter, name in names.items():
        if name not in WRONG:
            return False, f"{letter}: {name!r:.40} is none of {', '.join(WRONG)}."
    wrong = [letter for letter, name in names.items() if REPLICAS[name] is not ANONYMOUS[letter]]
    if not wrong:
        return True, "A, B and C bear their names."
    return False, " ".join(_unlike(letter, names[letter]) for letter in wrong)


def _unlike(letter, name):
    """How the fingerprint of the anonymous solver differs from that of the one that was named."""
    seen, claimed = _failed(ANONYMOUS[letter]), _failed(REPLICAS[name])
    if seen == claimed:
        return f"{letter} is not {name!r}, though both fail {' '.join(seen)}: see the evidence."
    more = " ".join(test for test in seen if test not in claimed) or "nothing"
    less = " ".join(test for test in claimed if test not in seen) or "nothing"
    return f"{letter} is not {name!r}: {letter} also fails {more}, and {name!r} also fails {less}."


@exercise(
    "10.2",
    "witness",
    "Name the mistake of each of the three anonymous solvers, with the names of the "
    "fingerprints' rows.",
    hints=(
        "Compare ink with ink: which row of the big picture has the same full cells?",
        "Where two rows are alike, look at the evidence: the shape of J, the length of the "
        "step for large μ.",
        "One of them has a J of one row. One has the right step, and no judgement. One damps "
        "too many entries.",
    ),
    judge=_judge_names,
)
def names_of_the_three():
    by_step = {step: name for name, step in REPLICAS.items()}
    return {letter: by_step[step] for letter, step in ANONYMOUS.items()}


def _judge_step(step):
    """Does litmus find nothing in it?"""
    if not callable(step):
        return False, f"this is a {type(step).__name__}: expected a function {STEP}."
    ran = run(step, [ONE_STEP])
    if ran.error is not None:
        return False, explained(step, ran, ("residual", "jacobian", "theta", "mu"))
    if ran.results[0] is None:
        return False, f"it returns None: is a `return` missing? Expected {STEP}."
    if not isinstance(ran.results[0], (tuple, list)) or len(ran.results[0]) != 3:
        return False, f"it does not return three things, (θ, accepted, extra): expected {STEP}."
    tried = run(litmus, [(step,)], LITMUS_SECONDS)
    if tried.error is not None:
        return False, explained(step, tried, ("step",))
    (report,) = tried.results
    if report.passed:
        return True, "litmus finds nothing."
    said = report.mistakes[0] if report.mistakes else "no mistake that it knows looks like this."
    return False, f"fails {' '.join(report.failed)}. The likeliest reason: {said}"


@exercise(
    "10.3",
    "witness",
    f"Mend one of the three: a function {STEP} in which litmus finds nothing.",
    hints=(
        "Take the one that has only one thing wrong, C. Which lines of lesson 08's loop does "
        "it lack?",
        "A verdict: F at θ + h against F at θ. What is returned if it did not fall, and what "
        "is `accepted` then?",
        "Return theta itself and False if F did not fall: no copy that was written into, and "
        "not θ + h.",
    ),
    judge=_judge_step,
)
def mended():
    def step(residual, jacobian, theta, mu):
        r, J = residual(theta), jacobian(theta)
        h = np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), -J.T @ r)
        trial = residual(theta + h)
        accepted = bool(trial @ trial < r @ r)
        return (theta + h if accepted else theta), accepted, {"h": h, "J": J}

    return step
