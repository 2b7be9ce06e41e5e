"""Exercises of page A: one trial by hand, J of a chain, a refused step and a cautious one."""

from itertools import islice

import numpy as np

from ..examples import BOOK, hagan
from ..layers import Input, Linear, Tanh
from ..problems import LeastSquares
from ..solvers import levenberg_marquardt
from .base import exercise

THETA, MU = 3.0, 12.0  # of A.1
LOWEST, HIGHEST = 1e-6, 1e6  # the smallest and largest μ that A.3 tries
KEPT = 0.01  # the prediction is kept if |ρ − 1| is no larger
LITTLE = 0.1  # a cautious step lowers F by no more than this share


def _by_hand(
    JtJ=36.0, sign=-1, came=lambda F: F, promised=lambda h: h * (MU * h - 48) / 2, mu=None
):
    """(h, ρ, next μ) of A.1 with parts of the calculation exchanged; by default the right one."""
    h = sign * 48 / JtJ if mu == 0 else sign * 48 / (JtJ + MU)
    rho = came(32 - ((THETA + h) ** 2 - 1) ** 2 / 2) / promised(h)
    return h, rho, MU * max(1 / 3, 1 - (2 * rho - 1) ** 3)


def _package_trial():
    problem = LeastSquares(lambda t: t**2 - 1, lambda t: np.diag(2 * t))
    step, following = islice(levenberg_marquardt(problem, [THETA], mu=MU), 2)
    return step.h[0], step.rho, following.mu


def _other_mu(change):
    """The right h and ρ, and another next μ."""
    return lambda: (*_by_hand()[:2], change(MU, 1 - (2 * _by_hand()[1] - 1) ** 3))


@exercise(
    "A.1",
    "value",
    "One residual, one parameter: r = θ² − 1, at θ = 3 with "
    "mu = 12. Find h, ρ and, by Nielsen's rule, the next mu.",
    hints=(
        "With one residual and one parameter every matrix is a "
        "number. Write down r, J, g = Jr and JᵀJ = J² first.",
        "J = 2θ = 6, so g = 48 and JᵀJ = 36. Then (36 + 12) h = "
        "−48. For ρ you need F at 3 and at 3 + h, with its ½.",
        "F goes from 32 to 4.5. Promised was ½h(12h − 48) = "
        "30. The cubic 1 − (2ρ − 1)³ is above a third here.",
    ),
    package=_package_trial,
    tolerance=4e-3,  # three digits by hand, also in the ρ that gives μ
    slips=(
        (lambda: _by_hand(sign=1), "h has the wrong sign: (JᵀJ + μI)h is minus g."),
        (
            lambda: _by_hand(mu=0, promised=lambda h: -h * 48 / 2),
            "h has no μ in it: this is the Gauss-Newton step.",
        ),
        (
            lambda: _by_hand(mu=0),
            "h has no μ in it (your promise has): this is the Gauss-Newton step.",
        ),
        (
            lambda: _by_hand(JtJ=52.0),
            "In place of JᵀJ stands the true second "
            "derivative of F, 6θ² − 2: this is damped Newton.",
        ),
        (
            lambda: _by_hand(promised=lambda h: h * (MU * h - 48)),
            "h is right. Your ρ is half of ours: the promise has a ½.",
        ),
        (
            lambda: _by_hand(came=lambda fall: 2 * fall),
            "h is right. Your ρ is twice ours: F has a ½.",
        ),
        (
            lambda: _by_hand(promised=lambda h: -h * 48),
            "h is right. Your promise is the slope's alone, −hᵀg: the curvature is missing.",
        ),
        (
            lambda: _by_hand(promised=lambda h: -h * 48 / 2),
            "h is right. Your promise is −½hᵀg: μ's term is missing.",
        ),
        (
            _other_mu(lambda mu, f: mu / 3),
            "h and ρ are right. A third is the least factor; here the cubic is larger.",
        ),
        (
            _other_mu(lambda mu, f: mu / f),
            "h and ρ are right. An accepted trial multiplies μ by the cubic: here it was divided.",
        ),
        (
            _other_mu(lambda mu, f: mu / 10),
            "h and ρ are right. This is the ×10 rule; Nielsen's was asked for.",
        ),
        (
            _other_mu(lambda mu, f: 2 * mu),
            "h and ρ are right. F fell, so the trial was accepted: μ should not double.",
        ),
    ),
)
def one_trial():
    theta, mu = 3.0, 12.0
    r, J = theta**2 - 1, 2 * theta
    g = J * r
    h = -g / (J * J + mu)
    r_new = (theta + h) ** 2 - 1
    rho = (r**2 / 2 - r_new**2 / 2) / (h * (mu * h - g) / 2)
    return h, rho, mu * max(1 / 3, 1 - (2 * rho - 1) ** 3)


def _a_chain(rng):
    L = int(rng.integers(3, 6))
    return (
        float(rng.uniform(0.5, 1.5)),
        rng.uniform(0.5, 1.5, size=L),
        rng.uniform(-0.5, 0.5, size=L),
    )


def _package_row(x, w, b):
    network = Input(1)
    for _ in w[1:]:
        network = network >> Tanh(1)
    network = network >> Linear(1)
    theta = np.column_stack([w, b]).ravel()
    return network.jacobian(network.forward(np.array([[x]]), theta), theta)[0]


def _chain(slope=lambda a, z: 1 - a**2, first=lambda out: 1.0, weight=1, start=0, bend=1):
    """A function for the row as pairs (∂r/∂wˡ, ∂r/∂bˡ), (L, 2), with parts of it exchanged."""

    def pairs(x, w, b):
        a, z = [x], [x]
        for w_l, b_l in zip(w, b, strict=True):
            z.append(w_l * a[-1] + b_l)
            a.append(np.tanh(z[-1]))
        S = first(a[-1])
        rows = [(S * a[len(w) - 1 + start], S)]
        for layer in reversed(range(len(w) - 1)):
            S = S * w[layer + weight] * slope(a[layer + bend], z[layer + bend])
            rows.insert(0, (S * a[layer + start], S))
        return np.array(rows)

    return pairs


def _row(**changes):
    return lambda x, w, b: _chain(**changes)(x, w, b).ravel()


@exercise(
    "A.2",
    "function",
    "Write the row of J for a chain 1-1-…-1 of any depth: "
    "tanh units, then a linear output; w and b are (L,).",
    hints=(
        "Forward first, and keep every activation, x among them: a list of L numbers is enough, "
        "because the slope of the linear output is 1. Then backward, from S = 1.",
        "The weight of layer l has the derivative S^l times the activation before it, its bias "
        "S^l itself. One layer back: S^l = S^(l+1) w^(l+1) (1 − (a^l)²).",
        "With a = [x, a¹, …], counted from 0: begin with row = [a[-1], "
        "1.0] and S = 1.0; then for l from L − 2 down to 0: S = S * w[l + "
        "1] * (1 - a[l + 1]**2), and [S * a[l], S] goes in front.",
    ),
    inputs=_a_chain,
    package=_package_row,
    slips=(
        (
            _row(slope=lambda a, z: 1.0),
            "The slopes are missing: every tanh on the way back multiplies by its own.",
        ),
        (
            _row(slope=lambda a, z: 1 - z**2),
            "The slope is 1 − z². In terms of the stored a = tanh z it is something else.",
        ),
        (
            _row(slope=lambda a, z: 1 - np.tanh(a) ** 2),
            "The slope is 1 − tanh²(a): the tanh was taken twice.",
        ),
        (
            _row(slope=lambda a, z: a * (1 - a)),
            "This is the slope of the logistic, a(1 − a). The hidden units are tanh.",
        ),
        (
            _row(first=lambda out: 1 - out**2),
            "S starts at the slope of a tanh output. The output is linear, so S starts at 1.",
        ),
        (_row(first=lambda out: -1.0), "The sign is flipped: r is prediction minus target."),
        (
            _row(weight=0),
            "On the way back the weight is of the wrong layer: "
            "S^l needs the weight that leads out of layer l.",
        ),
        (
            _row(bend=0),
            "The slopes are of the wrong layer: going back "
            "into a unit takes that unit's own slope.",
        ),
        (
            _row(start=1),
            "The activations are of the wrong layer: a weight starts at the layer before.",
        ),
        (
            lambda x, w, b: _chain()(x, w, b).T.ravel(),
            "Right numbers, wrong order: theta goes layer by layer, each w followed by its b.",
        ),
        (
            lambda x, w, b: _chain()(x, w, b)[::-1].ravel(),
            "Right numbers, wrong order: layer 1 comes first.",
        ),
        (
            lambda x, w, b: _row()(x, w, b)[::-1],
            "Right numbers, from back to front: turn the row round.",
        ),
        (
            lambda x, w, b: _chain()(x, w, b)[:, 0],
            "The biases have no columns: a bias is a weight whose input is 1.",
        ),
        (_chain(), "Right numbers, as a table of pairs: return them flat, (2L,)."),
        (
            lambda x, w, b: _row()(x, w, b)[None],
            "Right numbers, as a table of one row: return them flat, (2L,).",
        ),
    ),
)
def chain_row(x, w, b):
    a = [x]
    for w_l, b_l in zip(w[:-1], b[:-1], strict=True):
        a.append(np.tanh(w_l * a[-1] + b_l))
    S, row = 1.0, [a[-1], 1.0]
    for layer in reversed(range(len(w) - 1)):
        S = S * w[layer + 1] * (1 - a[layer + 1] ** 2)
        row = [S * a[layer], S, *row]
    return np.array(row)


def _judge_pair(pair):
    """Try both μ in the first trial of the page, and say what F and ρ were."""
    mus = np.asarray(pair, dtype=float)
    if mus.shape != (2,):
        return False, (
            f"this has shape {mus.shape}: expected two numbers, a bold mu and a timid one."
        )
    if not ((mus >= LOWEST) & (mus <= HIGHEST)).all():
        return False, f"each mu should lie between {LOWEST:g} and {HIGHEST:g}."
    (bold, _), (timid, timid_rho) = (_trial(mu) for mu in mus)
    before = hagan().loss(BOOK)
    seen = (
        f"mu = {mus[0]:.3g}: F {before:.3g} → {bold:.3g}; "
        f"mu = {mus[1]:.3g}: F {before:.3g} → {timid:.3g} with ρ = {timid_rho:.4g}."
    )
    if bold < before:
        return False, f"Not yet: the first is accepted. {seen}"
    if abs(timid_rho - 1) > KEPT:
        return False, f"Not yet: the second does not keep its promise to a hundredth. {seen}"
    if before - timid > LITTLE * before:
        return False, f"Not yet: the second lowers F by more than a tenth. {seen}"
    return True, f"right. {seen} A promise that is kept may be a small one."


def _trial(mu):
    """(F after the first trial with this μ, its ρ)."""
    problem = hagan()
    step = next(levenberg_marquardt(problem, BOOK, mu=float(mu)))
    return step.trial_loss, step.rho


@exercise(
    "A.3",
    "witness",
    "Find two values of mu for the first trial from the book's θ: one "
    "whose trial is refused, and one that keeps its promise to a "
    "hundredth, 0.99 ≤ ρ ≤ 1.01, and still lowers F by less than a tenth.",
    hints=(
        "For the first, be bold: which end of μ trusts the model "
        "most? For the second, look at what ρ does as μ grows.",
        "here.damped(mu) gives .h and .predicted; "
        "problem.loss(theta + h) gives F there. Try powers of ten.",
        "The refused ones are below about 0.009. At μ = 10 the step is still too good; go on.",
    ),
    judge=_judge_pair,
)
def bold_and_timid():
    return 0.001, 1000.0
