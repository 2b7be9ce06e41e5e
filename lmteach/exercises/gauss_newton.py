"""Exercises of lesson 06: the step, a start from which F rises, and a cycle of two points."""

import numpy as np

from ..examples import next_theta, rosenbrock
from ..primitives import least_norm
from ..undamped import gauss_newton
from .base import exercise
from .compare import numbers, one_number
from .probing import Probe
from .slips import damped_system, instead, part, slips_named, turned

LOW = 1.0  # largest F at the start of 6.2
TENFOLD = 10.0  # the rise of F asked for
FAR = 1e6  # largest |θ_j| that is tried
N_SETTLE = 20000  # steps after which the iteration of 6.3 has settled
N_CYCLE = 64  # longest cycle looked for
SAME = 1e-10  # two points no further apart are one


def _systems(rng):
    """A J of full column rank with singular values from 0.5 to 3, and any r."""
    P = int(rng.integers(2, 5))
    M = P + int(rng.integers(1, 4))  # never square: there J⁻¹r would do
    Q, V = (np.linalg.qr(rng.normal(size=(n, P)))[0] for n in (M, P))
    return (Q * rng.uniform(0.5, 3.0, size=P)) @ V.T, rng.normal(size=M)


@exercise(
    "6.1",
    "function",
    "Write Gauss-Newton's step h from (6.3), for any J, (N·m, P), with independent columns, and "
    "any r, (N·m,), in at most 5 lines, without `lstsq` and without `inv`.",
    hints=(
        "(6.3) is a matrix times h = a vector. Write down "
        "both, with J.T, @ and r. Which shapes have they?",
        "JᵀJ is (P, P) and −Jᵀr is (P,): P linear equations "
        "with P unknowns. No inverse is needed to solve them.",
        "np.linalg.solve(A, b) returns the x with Ax = b.",
    ),
    inputs=_systems,
    package=lambda J, r: least_norm(J, -r),
    recipe=damped_system,
    what="h",
    sizes=lambda J, r: {"N·m": len(r), "P": J.shape[1]},
    forbids=("inv", "pinv", "lstsq"),
    probes=(
        Probe(
            "the columns of J are orthonormal, where JᵀJ is I",
            "the matrix of the system",
            lambda J, r: (np.linalg.qr(J)[0], r),
        ),
        Probe("r is 1 everywhere", "where r comes in", lambda J, r: (J, np.ones_like(r))),
    ),
    slips=(
        *slips_named(
            (
                "g uphill",
                "This equals ours with the sign flipped: the step makes r + Jh small, so Jh should "
                "come near −r, not r. (Or is your r target minus prediction? Then flip J too.)",
            ),
            "only −g",
            "only g",
            (
                "2g",
                "This is twice the step: a factor 2 of the sum of squares is on one side only. "
                "Our F has a ½.",
            ),
            (
                "2JᵀJ",
                "This is half the step: a factor 2 of the sum of squares is on one side only. Our "
                "F has a ½.",
            ),
            "JJᵀ",
            "r for g",
            "J r for g",
            "mean g",
            (
                "diagonal of JᵀJ",
                "This divides g by the diagonal of JᵀJ alone, each parameter as if it were the "
                "only one. The other entries of JᵀJ say how the columns of J overlap.",
            ),
            "entries squared",
            "J for JᵀJ",
            "ggᵀ",
            (
                "not solved",
                "This is JᵀJ times −g. JᵀJ stands on h's side of (6.3): solve with it, don't "
                "multiply.",
            ),
            (
                "lstsq's four",
                "lstsq returns four things: x, the sum of squares left over, the rank, the "
                "singular values. The step is the first.",
            ),
        ),
        part(
            "I is added to JᵀJ: that is a damped step, lesson 07. (6.3) has JᵀJ alone.",
            damping=lambda J, r, mu: np.eye(J.shape[1]),
        ),
        instead(
            lambda J, r: np.linalg.solve(J @ J.T, -J @ r),
            "JJᵀ stands where JᵀJ belongs, and J where Jᵀ: h has an entry for each parameter.",
        ),
        instead(
            lambda J, r: np.linalg.solve(J @ J.T, -r),
            "JJᵀ stands where JᵀJ belongs, and r where g: h has an entry for each parameter.",
        ),
        instead(
            lambda J, r: np.linalg.solve(J, -r),
            "J is not square: more residuals than parameters. Multiply both sides with Jᵀ, (6.3).",
        ),
        instead(
            lambda J, r: np.linalg.lstsq(J, -r, rcond=None),
            "lstsq returns four things: x, the sum of squares left over, the rank, the singular "
            "values. The step is the first.",
        ),
        turned(
            "This is r + Jh, what the model leaves over. The step itself is h.",
            lambda h, J, r: r + J @ h,
        ),
        turned(
            "This is Jh, how far the residuals move. The step itself is h.", lambda h, J, r: J @ h
        ),
    ),
)
def gauss_newton_step(J, r):
    A, g = J.T @ J, J.T @ r
    return np.linalg.solve(A, -g)  # for dependent columns: np.linalg.lstsq(J, -r, rcond=None)[0]


def _breaks(start):
    """Whether Gauss-Newton's first step from this start makes F ten times as large."""
    theta = numbers(start)
    if theta is None or theta.dtype.kind == "c":
        return False, f"this is a {type(start).__name__}: expected a start θ, two numbers."
    if theta.size != 2:
        return False, f"this has shape {theta.shape}: expected a start θ, two numbers."
    theta = theta.ravel()
    if not np.isfinite(theta).all() or abs(theta).max() > FAR:
        return False, f"expected two finite numbers between {-FAR:g} and {FAR:g}."
    before = float(rosenbrock().loss(theta))
    if before > LOW:
        return False, (
            f"F = {before:.4g} at the start: expected a "
            f"start that looks good, with F at most {LOW:g}."
        )
    for step in gauss_newton(rosenbrock(), theta, max_steps=1):
        rise = step.trial_loss / before
        seen = f"{before:.4g} → {step.trial_loss:.4g}"
        if rise >= TENFOLD:
            return True, (
                f"F rose {seen}, {rise:.3g} times as much: broken, from a start that looked good."
            )
        return False, f"F went {seen}: expected a rise of at least {TENFOLD:g} times."
    return False, "Gauss-Newton takes no step here: this is the minimum."


@exercise(
    "6.2",
    "witness",
    "A start for Rosenbrock's problem with F at most 1, from which the "
    "first Gauss-Newton step makes F at least ten times as large.",
    hints=(
        "(6.7) says what F is after the step. It depends on "
        "h₁ only, and for this problem h₁ = 1 − θ₁.",
        "So make F small at the start without making h₁ small: where is F low and θ₁ far from 1?",
        "On the floor of the valley, θ₂ = θ₁², the first residual is 0, and F "
        "= ½(1 − θ₁)². F after the step is 50(1 − θ₁)⁴. Divide.",
    ),
    judge=_breaks,
)
def start():
    return np.array([0.0, 0.0])  # the valley's floor, halfway round the bend: F 0.5 → 50


def _two_points(c):
    """Whether Gauss-Newton on (θ + 1, cθ² + θ − 1) ends in a cycle of two points."""
    came, c = c, one_number(c)
    if c is None:
        return False, f"this is a {type(came).__name__}: expected a number c from −3 to 1."
    if not -3 <= c <= 1:
        return False, f"c = {c:g}: expected a number from −3 to 1."
    cycle = _cycle(c)
    if len(cycle) > N_CYCLE:
        return False, (
            f"with c = {c:g} it has not settled on at most {N_CYCLE} points after {N_SETTLE} "
            "steps: expected a cycle of two points, soon enough to be seen. Try another c."
        )
    if len(cycle) == 1:
        end = round(cycle[0], 6) + 0  # never −0
        return False, f"with c = {c:g} it settles at {end:g}: expected a cycle of two points."
    seen = (
        f"with c = {c:g} it settles on a cycle of {len(cycle)} points "
        f"between {min(cycle):.3g} and {max(cycle):.3g}"
    )
    return len(cycle) == 2, f"{seen}." if len(cycle) == 2 else f"{seen}: expected two."


def _cycle(c):
    """The points between which Gauss-Newton jumps in the end; more than N_CYCLE: none found."""
    theta = 0.1
    for _ in range(N_SETTLE):
        theta = next_theta(c, theta)
    cycle = [theta]
    while len(cycle) <= N_CYCLE and abs(next_theta(c, cycle[-1]) - theta) > SAME:
        cycle.append(next_theta(c, cycle[-1]))
    return cycle


@exercise(
    "6.3",
    "witness",
    "A number c from −3 to 1 for which Gauss-Newton from θ "
    "= 0.1 ends in jumping between two points for ever.",
    hints=(
        "Near 0 the map multiplies θ by its slope, (6.9). "
        "What must be true of the slope for 0 not to attract?",
        "With slope c, |c| < 1 attracts and |c| > 1 repels. "
        "And to land on alternate sides, which sign has it?",
        "Just below c = −1 the minimum has only just let go: try values between −1.5 and −1.",
    ),
    judge=_two_points,
)
def bend():
    return -1.2  # a slope just beyond −1: each step overshoots 0 by more than it was away
