"""Exercises of page A: one trial by hand, J of a chain, a refused step and a cautious one."""

from itertools import islice

import numpy as np

from ..examples import BOOK, hagan
from ..layers import Input, Linear, Tanh
from ..problems import LeastSquares
from ..solvers import levenberg_marquardt
from .base import exercise
from .compare import numbers
from .probing import Probe
from .slips import part, slips_named, turned

THETA, MU = 3.0, 12.0  # of A.1
LOWEST, HIGHEST = 1e-6, 1e6  # the smallest and largest μ that A.3 tries
KEPT = 0.01  # the prediction is kept if |ρ − 1| is no larger
LITTLE = 0.1  # a cautious step lowers F by no more than this share


def _nielsen(mu, rho):
    return mu * max(1 / 3, 1 - (2 * rho - 1) ** 3)


def _promised(h, mu):
    return h * (mu * h - 48) / 2


def _fall(h):
    return 32 - ((THETA + h) ** 2 - 1) ** 2 / 2


def _by_hand(A=36.0, g=48.0, mu=MU, came=1.0, promised=_promised, after=_nielsen):
    """(h, ρ, next μ) of A.1 with parts of the calculation exchanged; by default the right one."""
    h = -g / (A + mu)
    rho = came * _fall(h) / promised(h, mu)
    return h, rho, after(MU, rho)


def _package_trial():
    problem = LeastSquares(lambda t: t**2 - 1, lambda t: np.diag(2 * t))
    step, following = islice(levenberg_marquardt(problem, [THETA], mu=MU), 2)
    return step.h[0], step.rho, following.mu


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
    recipe=_by_hand,
    digits=3,
    tolerance=(1e-6, 1e-6, 4e-3),  # the three digits of ρ may have been used for μ
    names=("h", "ρ", "the next μ"),
    reminders=(
        "it solves (JᵀJ + μ) h = −g, with numbers for matrices.",
        "it is what came, over what was promised.",
        "(A.21) multiplies μ by a number between ⅓ and 2.",
    ),
    slips=(
        part("h has the wrong sign: (JᵀJ + μI)h is minus g.", g=-48.0),
        part("h has no μ in it: this is the Gauss-Newton step.", mu=0.0),
        part(
            "h has no μ in it (your promise has): this is the Gauss-Newton step.",
            mu=0.0,
            promised=lambda h, mu: h * (MU * h - 48) / 2,
        ),
        part("h is −g/μ: JᵀJ is missing.", A=0.0),
        part("JᵀJ is J², 36: J itself, 6, stands in its place.", A=6.0),
        part(
            "In place of JᵀJ stands the true second derivative of F, 6θ² − 2: this is damped "
            "Newton.",
            A=52.0,
        ),
        part("h is r/…: the right side is g = J r, 48, not r.", g=8.0),
        part("g is J r, 48: this is twice that, the gradient of r² without its ½.", g=96.0),
        part(
            "h is right. Your ρ is half of ours: the promise has a ½.",
            promised=lambda h, mu: 2 * _promised(h, mu),
        ),
        part("h is right. Your ρ is twice ours: F has a ½.", came=2.0),
        part("h is right. Your ρ has its sign flipped: fall by promise, both above 0.", came=-1.0),
        part(
            "h is right. Your ρ stands upside down: what came is over what was promised.",
            promised=lambda h, mu: _fall(h) ** 2 / _promised(h, mu),
        ),
        part(
            "h is right. Your ρ is what came alone; it is still to be divided by the promise.",
            promised=lambda h, mu: 1.0,
        ),
        part(
            "h is right. Your promise is the slope's alone, −hᵀg: the curvature is missing.",
            promised=lambda h, mu: -h * 48,
        ),
        part(
            "h is right. Your promise is −½hᵀg: μ's term is missing.",
            promised=lambda h, mu: -h * 48 / 2,
        ),
        part(
            "h is right. Your promise has +g: it is ½h(μh − g).",
            promised=lambda h, mu: h * (mu * h + 48) / 2,
        ),
        part(
            "h and ρ are right. A third is the least factor; here the cubic is larger.",
            after=lambda mu, rho: mu / 3,
        ),
        part(
            "h and ρ are right. An accepted trial multiplies μ by the cubic: here it was divided.",
            after=lambda mu, rho: mu / _nielsen(1, rho),
        ),
        part(
            "h and ρ are right. This is the ×10 rule; Nielsen's was asked for.",
            after=lambda mu, rho: mu / 10,
        ),
        part(
            "h and ρ are right. F fell, so the trial was accepted: μ should not double.",
            after=lambda mu, rho: 2 * mu,
        ),
        part(
            "h and ρ are right. μ has stayed as it was: an accepted trial changes it.",
            after=lambda mu, rho: mu,
        ),
        part(
            "h and ρ are right. The cubic has 2ρ − 1, not ρ.",
            after=lambda mu, rho: mu * max(1 / 3, 1 - rho**3),
        ),
        part(
            "h and ρ are right. 2ρ − 1 is squared: it is cubed.",
            after=lambda mu, rho: mu * (1 - (2 * rho - 1) ** 2),
        ),
        part(
            "h and ρ are right. (2ρ − 1)³ itself is no factor: it is taken from 1.",
            after=lambda mu, rho: mu * (2 * rho - 1) ** 3,
        ),
        part(
            "h and ρ are right. (2ρ − 1)³ is added to 1: it is taken from it.",
            after=lambda mu, rho: mu * (1 + (2 * rho - 1) ** 3),
        ),
        part(
            "h is right. Your ρ has F before the trial below the line: it is what came, over what "
            "was promised.",
            promised=lambda h, mu: 32.0,
        ),
        part(
            "h and ρ are right. The cube is missing: 1 − (2ρ − 1)³.",
            after=lambda mu, rho: mu * max(1 / 3, 2 - 2 * rho),
        ),
        part(
            "h and ρ are right. This is the factor; it still multiplies μ = 12.",
            after=lambda mu, rho: _nielsen(1, rho),
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
    x, *w = rng.choice([-1, 1], size=L + 1) * rng.uniform(0.5, 1.5, size=L + 1)
    return float(x), np.array(w), rng.uniform(-0.5, 0.5, size=L)


def _package_row(x, w, b):
    network = Input(1)
    for _ in w[1:]:
        network = network >> Tanh(1)
    network = network >> Linear(1)
    theta = np.column_stack([w, b]).ravel()
    return network.jacobian(network.forward(np.array([[x]]), theta), theta)[0]


def _chain(
    x,
    w,
    b,
    slope=lambda a, z: 1 - a**2,
    first=lambda out: 1.0,
    weight=1,
    start=0,
    bend=1,
    bias=1,
    put=np.ravel,
):
    """The row, put together from pairs (∂r/∂wˡ, ∂r/∂bˡ), (L, 2), with parts exchanged."""
    a, z = [x], [x]
    for w_l, b_l in zip(w, b, strict=True):
        z.append(w_l * a[-1] + bias * b_l)
        a.append(np.tanh(z[-1]))
    S = first(z[-1])
    rows = [(S * a[len(w) - 1 + start], S)]
    for layer in reversed(range(len(w) - 1)):
        S = S * w[layer + weight] * slope(a[layer + bend], z[layer + bend])
        rows.insert(0, (S * a[layer + start], S))
    return put(np.array(rows))


def _right_layers(row, right, x, w, b):
    """Down to which layer the entries are right, where only the last ones are."""
    given = numbers(row)
    if given is None or given.shape != right.shape:
        return ""
    wrong = np.flatnonzero(abs(given - right) > 1e-6 * abs(right).max())
    layer = int(wrong[-1]) // 2 + 1
    part = "weight" if wrong[-1] % 2 == 0 else "bias"
    if layer == len(w):
        return "" if part == "bias" else "The last bias is right, the weight before it is not."
    return (
        f"From layer {layer + 1} on the entries are right. Going back, the {part} of layer {layer} "
        "is the first that is not."
    )


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
    recipe=_chain,
    what="The row",
    sizes=lambda x, w, b: {"L": len(w), "2L": 2 * len(w)},
    diagnose=_right_layers,
    probes=(
        Probe(
            "there is one hidden unit",
            "the way from layer to layer",
            lambda x, w, b: (x, w[-2:], b[-2:]),
        ),
        Probe("all w are 1", "which weight comes in where", lambda x, w, b: (x, w / w, b)),
        Probe("all b are 0", "where b comes in", lambda x, w, b: (x, w, 0 * b)),
        Probe(
            "x and b are 0, where every slope is 1",
            "the slope",
            lambda x, w, b: (0.0, w, 0 * b),
        ),
    ),
    slips=(
        *slips_named(
            "slope missing",
            "slope at z",
            ("tanh twice", "The slope is 1 − tanh²(a): the tanh was taken twice."),
            (
                "slope of logsig",
                "This is the slope of the logistic, a(1 − a). The hidden units are tanh.",
            ),
            "slope 1 − a",
            "slope a²",
            "slope 1 + a²",
            "slope negative",
            "activation for slope",
        ),
        part(
            "S starts at the slope of a tanh output. The output is linear, so S starts at 1.",
            first=lambda z: 1 - np.tanh(z) ** 2,
        ),
        part(
            "S starts at the output itself: its slope is asked for, 1, as it is linear.",
            first=lambda z: z,
        ),
        part("The sign is flipped: r is prediction minus target.", first=lambda z: -1.0),
        part(
            "Twice ours: the 2 of a square has no place in J, the derivative of r itself.",
            first=lambda z: 2.0,
        ),
        part(
            "On the way back the weight is of the wrong layer: S^l needs the weight that leads "
            "out of layer l.",
            weight=0,
        ),
        part(
            "The slopes are of the wrong layer: going back into a unit takes that unit's own "
            "slope.",
            bend=0,
        ),
        part(
            "The activations are of the wrong layer: a weight starts at the layer before.",
            start=1,
        ),
        part("The biases are missing in the forward pass: z = w a + b.", bias=0),
        part(
            "Right numbers, wrong order: theta goes layer by layer, each w followed by its b.",
            put=lambda pairs: pairs.T.ravel(),
        ),
        part(
            "Right numbers, wrong order: each bias stands before its weight. theta holds w, "
            "then b.",
            put=lambda pairs: pairs[:, ::-1].ravel(),
        ),
        part("Right numbers, wrong order: layer 1 comes first.", put=lambda p: p[::-1].ravel()),
        part(
            "Right numbers, from back to front: turn the row round.",
            put=lambda pairs: pairs.ravel()[::-1],
        ),
        part(
            "The biases have no columns: a bias is a weight whose input is 1.",
            put=lambda pairs: pairs[:, 0],
        ),
        part("Only the biases have columns: the weights are missing.", put=lambda p: p[:, 1]),
        part("Right numbers, as a table of pairs: return them flat, (2L,).", put=lambda p: p),
        turned(
            "Right numbers, as a table of one row: return them flat, (2L,).",
            lambda row, *_: row[None],
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
    mus = numbers(pair)
    if mus is None or mus.size != 2 or mus.dtype.kind == "c":
        return False, "expected two numbers, a bold mu and a timid one."
    mus = mus.ravel()
    if not ((mus >= LOWEST) & (mus <= HIGHEST)).all():
        return False, f"each mu should lie between {LOWEST:g} and {HIGHEST:g}."
    (bold, _), (timid, timid_rho) = (_trial(mu) for mu in mus)
    before = hagan().loss(BOOK)
    seen = (
        f"mu = {mus[0]:.3g}: F {before:.3g} → {bold:.3g}; "
        f"mu = {mus[1]:.3g}: F {before:.3g} → {timid:.3g} with ρ = {timid_rho:.4g}."
    )
    if bold < before:
        order = " Perhaps in the other order: the bold one first." if timid >= before else ""
        return False, f"The first is accepted.{order} {seen}"
    if abs(timid_rho - 1) > KEPT:
        return False, f"The second does not keep its promise to a hundredth. {seen}"
    if before - timid > LITTLE * before:
        return False, f"The second lowers F by more than a tenth. {seen}"
    return True, f"{seen} A promise that is kept may be a small one."


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
