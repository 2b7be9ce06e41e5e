"""Exercises of lesson 02: a second-order term that vanishes, an H below 0, and Newton's step."""

import numpy as np

from ..problems import LeastSquares
from .base import exercise
from .compare import numbers, one_number
from .probing import Probe
from .slips import instead, part

TIMES = np.array([1.0, 2.0])
CUP = np.array([0.5, 0.25])  # temperatures of the cup at these times
LEAST = 0.1  # smallest size of both residuals in 2.1
CLOSE = 1e-2  # largest size of Σ rᵢrᵢ″ that counts as 0


def _list(numbers):
    return " and ".join(f"{number:.3g}" for number in numbers)


def _judge_targets(answer):
    """Whether Σ rᵢrᵢ″ = 0 on the wave at θ = 1 with residuals that are not small."""
    y = numbers(answer)
    if y is None or y.dtype.kind == "c":
        return False, f"this is a {type(answer).__name__}: expected two numbers, y_1 and y_2."
    if y.size != 2:
        return False, f"the shape is {y.shape}: expected two numbers, y_1 and y_2."
    if not (abs(y) <= 1e3).all():
        return False, "expected two finite numbers, not larger than 1000."
    return _said_of_targets(np.sin(TIMES) - y.ravel())


def _said_of_targets(r):
    """(right?, what was seen), from the residuals on the wave at θ = 1."""
    J, bend = TIMES * np.cos(TIMES), -(TIMES**2) * np.sin(TIMES)
    lost, A = r @ bend, J @ J
    seen = (
        f"At θ = 1 the residuals are {_list(r)}, and they are weighted with {_list(bend)}: the "
        f"lost term is {0 if abs(lost) <= CLOSE else lost:.3g}, H = {A + lost:.3g} and "
        f"JᵀJ = {A:.3g}."
    )
    if not (abs(r) >= LEAST - 1e-9).all():  # sin 1 − y is rounded
        return False, f"{seen} Both residuals should be at least 0.1 in size."
    if abs(lost) <= CLOSE:
        return True, seen
    return False, f"{seen} It is not yet 0.{_likely(r, J, bend)}"


def _likely(r, J, bend):
    """The likeliest slip after which something else than Σ rᵢrᵢ″ is 0; "" where none is."""
    y = np.sin(TIMES) - r
    slips = (
        ([1, -1] * r @ bend, "One sign is lost: the two products add up."),
        (r @ (bend / TIMES**2), "The factor t² is lost: r_2″ is −4 sin 2, and r_1″ is −sin 1."),
        (r.sum(), "The residuals cancel: in the lost term each is multiplied by its own bend."),
        (r @ J, "The slope cancels, g = Jᵀr = 0. In the lost term the bends stand, not J."),
    )
    if (abs(y) >= LEAST).all() and abs(y @ bend) <= CLOSE:
        return " Are these the residuals? The targets are sin 1 − r_1 and sin 2 − r_2."
    return next((f" {said}" for zero, said in slips if abs(zero) <= CLOSE), "")


@exercise(
    "2.1",
    "witness",
    "On the wave at θ = 1, find targets (y_1, y_2) for which the lost term is zero, "
    "to 0.01, although both residuals are at least 0.1 in size.",
    hints=(
        "The lost term is a sum of two products. Neither "
        "residual may be small, so the two products must cancel.",
        "At θ = 1 the second derivatives are r_1″ = −sin 1 "
        "and r_2″ = −4 sin 2. Choose r_1, and r_2 follows.",
        "−r_1 sin 1 − 4 r_2 sin 2 = 0: take r_2 = 0.2 and solve "
        "for r_1. Then y_1 = sin 1 − r_1 and y_2 = sin 2 − r_2.",
    ),
    judge=_judge_targets,
)
def targets():
    r_2 = 0.2
    r_1 = -4 * r_2 * np.sin(2) / np.sin(1)
    return np.sin(1) - r_1, np.sin(2) - r_2


def _judge_upside_down(theta):
    """Whether H < 0 < JᵀJ for the cooling cup at θ."""
    came, theta = theta, one_number(theta)
    if theta is None:
        return False, f"this is a {type(came).__name__}: expected one number, a θ."
    if not -2 <= theta <= 20:
        return False, f"θ = {theta:.3g}: expected one from -2 to 20."
    F, g, H, A = _cup(float(theta))
    seen = f"at θ = {theta:.3g}, H = {H:.3g} and JᵀJ = {A:.3g}"
    if not H < 0:
        fits = F < 1e-12
        why = ". The model fits exactly there: r = 0, and H is JᵀJ" if fits else ""
        return False, f"{seen}: H is not negative, so its parabola opens upward here{why}."
    end = theta - g / H
    return True, (
        f"{seen[0].upper()}{seen[1:]}. Newton's step leads to θ = {end:.3g}, "
        f"and F goes from {F:.3g} to {_cup(end)[0]:.3g}."
    )


def _cup(theta):
    """F, g, H and JᵀJ for the prediction e^(−θt) at the cup's times."""
    a = np.exp(-theta * TIMES)
    r, J, bend = a - CUP, -TIMES * a, TIMES**2 * a
    return r @ r / 2, J @ r, J @ J + r @ bend, J @ J


@exercise(
    "2.2",
    "witness",
    "A cup cools like e^(−θt); at t = 1 and 2 it was at 0.5 and 0.25. Find a θ with H < 0 < JᵀJ.",
    hints=(
        "JᵀJ is a sum of squares and positive at every θ here. "
        "Look for a θ with a larger, negative lost term.",
        "rᵢ″ = t²e^(−θt) is positive. So the residuals must "
        "be negative: the prediction lies below the targets.",
        "H = Σ t²e^(−θt) (2e^(−θt) − y). Both terms are negative "
        "once e^(−θ) is below 0.25 and e^(−2θ) below 0.125.",
    ),
    judge=_judge_upside_down,
)
def upside_down():
    return 2.0


def _problem(rng):
    """r (M,), J (M, P) with a well-conditioned JᵀJ, and all ∇²rᵢ, (M, P, P)."""
    M, P = 5, int(rng.integers(2, 4))
    J = np.vstack([np.eye(P), rng.normal(size=(M - P, P))])
    bend = rng.normal(size=(M, P, P))
    return rng.normal(size=M), J, 0.1 * (bend + bend.transpose(0, 2, 1))


def _lost(r, curvatures):
    return np.einsum("i,ijk->jk", r, curvatures)


def _by_differences(r, J, curvatures):
    """The same step from the package's g, with H from differences of g."""

    def residual(h):
        return r + J @ h + np.einsum("ijk,j,k->i", curvatures, h, h) / 2

    problem = LeastSquares(residual, lambda h: J + curvatures @ h)
    here, nudges = problem.linearize(np.zeros(J.shape[1])), 1e-5 * np.eye(J.shape[1])
    H = np.array([problem.linearize(n).g - problem.linearize(-n).g for n in nudges]) / 2e-5
    return np.linalg.solve(H, -here.g)


def newton(r, J, curvatures, weights=None, right=None, bowl=None, factor=1.0):
    """Newton's step with parts exchanged; by default the right one."""
    lost = factor * _lost(r if weights is None else weights(r), curvatures)
    H = J.T @ J + lost if bowl is None else bowl(J, lost)
    return np.linalg.solve(H, -J.T @ r if right is None else right(r, J))


@exercise(
    "2.3",
    "function",
    "Write Newton's step for F = ½ rᵀr from r, (M,), J, (M, "
    "P), and the ∇²rᵢ, stacked as curvatures, (M, P, P).",
    hints=(
        "Three lines: the slope g, the bowl H, and a linear system. No inverse is needed.",
        "H is JᵀJ plus a sum over i of a number r[i] times a matrix curvatures[i].",
        "g = J.T @ r. H = J.T @ J + sum(r[i] * curvatures[i] "
        "for i in range(len(r))). Solve H h = −g.",
    ),
    inputs=_problem,
    package=_by_differences,
    recipe=newton,
    what="h",
    sizes=lambda r, J, curvatures: {"M": len(r), "P": J.shape[1]},
    forbids=("inv", "pinv"),
    probes=(
        Probe("the ∇²rᵢ are 0", "the second part of H", lambda r, J, C: (r, J, 0 * C)),
        Probe("r is 1 everywhere", "where r comes in", lambda r, J, C: (np.ones_like(r), J, C)),
        Probe(
            "there is one parameter",
            "the order of the axes",
            lambda r, J, C: (r, J[:, :1], C[:, :1, :1]),
        ),
    ),
    slips=(
        part(
            "The sign is flipped: this step solves Hh = +g. At the bottom g + Hh is zero.",
            right=lambda r, J: J.T @ r,
        ),
        part(
            "This is the step to the bottom of JᵀJ's bowl. H has a second part.",
            bowl=lambda J, lost: J.T @ J,
        ),
        part(
            "Only the lost term is left: H has JᵀJ as its first part.",
            bowl=lambda J, lost: lost,
        ),
        part(
            "The ∇²rᵢ are added up without their weights: each one counts as much as its residual.",
            weights=np.ones_like,
        ),
        part(
            "This is the mean of the ∇²rᵢ: each one counts as much as its residual, in a sum.",
            weights=lambda r: np.ones_like(r) / len(r),
        ),
        part(
            "The lost term is a mean over the residuals: in H it is a sum.",
            weights=lambda r: r / len(r),
        ),
        part(
            "Two sums are multiplied, Σ rᵢ and Σ ∇²rᵢ: it is one sum of products.",
            weights=lambda r: np.full_like(r, r.sum()),
        ),
        part(
            "The lost term is subtracted. Was a residual taken as target minus prediction?",
            factor=-1.0,
        ),
        part(
            "The ∇²rᵢ are weighted with the size of rᵢ: a residual counts with its sign.",
            weights=abs,
        ),
        part(
            "The ∇²rᵢ are weighted with rᵢ squared: each one counts as much as its residual.",
            weights=np.square,
        ),
        part(
            "This is twice the step: the slope is that of the sum of squares, the bowl that of "
            "F = ½ rᵀr.",
            right=lambda r, J: -2 * J.T @ r,
        ),
        part(
            "This is half the step: the bowl is that of the sum of squares, the slope that of "
            "F = ½ rᵀr.",
            bowl=lambda J, lost: 2 * (J.T @ J + lost),
        ),
        part("The lost term is halved: in H both parts have the factor 1.", factor=0.5),
        part("The lost term is doubled: in H both parts have the factor 1.", factor=2.0),
        part(
            "On the right stands r, with an entry for each residual. The slope is g = Jᵀr.",
            right=lambda r, J: -r,
        ),
        instead(lambda r, J, C: -J.T @ r, "This solves nothing yet: it is −g."),
        instead(
            lambda r, J, C: -(J.T @ J + _lost(r, C)) @ J.T @ r,
            "This multiplies by H. H stands on h's side: solve Hh = −g.",
        ),
        instead(lambda r, J, C: J.T @ J + _lost(r, C), "This is H itself. Solve Hh = −g with it."),
    ),
)
def newton_step(r, J, curvatures):
    g = J.T @ r
    H = J.T @ J + sum(r[i] * curvatures[i] for i in range(len(r)))
    return np.linalg.solve(H, -g)
