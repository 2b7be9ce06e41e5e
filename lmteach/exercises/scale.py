"""Exercises of lesson 11: the cost of a step, the dual step, the largest batch, a μ for two."""

from functools import lru_cache
from itertools import count, pairwise

import numpy as np

from ..damping import Nielsen
from ..datasets import digits, split, standardize
from ..layers import Input, Linear, Relu
from ..network_fit import NetworkFit
from ..problems import LeastSquares
from ..routes.prices import prices
from ..solvers import levenberg_marquardt
from .base import exercise
from .compare import one_number
from .probing import Probe
from .running import peak_of
from .slips import handed, instead, part, turned

CLASSES, MEMORY = 1000, 16e9  # of exercise 11.3; bytes
FLOOR = 30.0  # the smallest μ, as in the lesson
EDGE = 0.005  # by which F of the second batch may change in 11.4
OWN = 0.9  # what is left of the first one's F, at most


def _cost_of_rows(M, P):
    return M * P**2 + P**3 / 3


def _cost_of_samples(M, units):
    return M**2 * units + M**3 / 3


def _parameters(sizes):
    return sum((n_in + 1) * n for n_in, n in pairwise(sizes))


def _price(
    sizes,
    n_samples,
    rows=_cost_of_rows,
    samples=_cost_of_samples,
    parameters=_parameters,
    last=-1,
    each=1,
    units=lambda sizes: sum(sizes[1:]),
):
    """The two prices with parts exchanged; by default the right ones."""
    P = parameters(sizes)
    M = n_samples * (sizes[last] if each else 1)
    return rows(M, P), samples(M, units(sizes))


def _package_price(sizes, n_samples):
    priced = prices(list(pairwise(sizes)), n_samples, sizes[-1])
    return priced["rows"].operations, priced["samples"].operations


def _sizes_and_samples(rng):
    depth = int(rng.integers(4, 6))  # one hidden layer alone would let through what knows no other
    sizes = rng.permutation(np.arange(6, 12))[:depth]  # no two alike: none stands for another
    return tuple(int(n) for n in sizes), int(rng.integers(25, 40))


@exercise(
    "11.1",
    "function",
    "Price a network before training it: sizes (n_0, …, n_L) and a number of samples → the "
    "operations of the routes rows, N·m·P² + P³/3, and samples, (N·m)²·Σn_l + (N·m)³/3.",
    hints=(
        "Three numbers decide: P, the residuals N·m, and Σn_l, all units but the inputs.",
        "Each unit of layer l has a weight for each unit of layer l − 1, and a bias: n_l·(n_{l−1} "
        "+ 1) parameters. itertools.pairwise, or zip(sizes, sizes[1:]), gives the pairs.",
        "P = sum(n * (n_in + 1) for n_in, n in zip(sizes, sizes[1:])), M = n_samples * sizes[-1],"
        " and sum(sizes[1:]) is Σn_l. Return the two prices as a tuple.",
    ),
    inputs=_sizes_and_samples,
    package=_package_price,
    recipe=_price,
    names=("the price of rows", "the price of samples"),
    probes=(
        Probe(
            "there is no hidden layer",
            "the sums over the layers",
            lambda sizes, n: (sizes[:2], n),
        ),
        Probe("there is one sample", "where N comes in", lambda sizes, n: (sizes, 1)),
        Probe("there is one output", "where m comes in", lambda sizes, n: ((*sizes[:-1], 1), n)),
    ),
    slips=(
        part(
            "The biases are missing from P: each unit has one.",
            parameters=lambda sizes: sum(n_in * n for n_in, n in pairwise(sizes)),
        ),
        part(
            "P has one bias for each layer: each unit has one.",
            parameters=lambda sizes: sum(n_in * n + 1 for n_in, n in pairwise(sizes)),
        ),
        part(
            "The biases of P stand at the wrong end: a unit of layer l has n_{l−1} weights and one "
            "bias, n_l·(n_{l−1} + 1).",
            parameters=lambda sizes: sum(n_in * (n + 1) for n_in, n in pairwise(sizes)),
        ),
        part(
            "P has the first and the last layer only: sizes may be of any length.",
            parameters=lambda sizes: sizes[1] * (sizes[0] + 1) + sizes[-1] * (sizes[1] + 1),
        ),
        part(
            "P has the layers up to the last hidden one only: the outputs have weights, too.",
            parameters=lambda sizes: _parameters(sizes[:-1]),
        ),
        part(
            "P is not squared in N·m·P²: JᵀJ has P·P entries.",
            rows=lambda M, P: M * P + P**3 / 3,
        ),
        part(
            "N·m is not squared in (N·m)²·Σn_l: JJᵀ has so many entries, of each layer.",
            samples=lambda M, units: M * units + M**3 / 3,
        ),
        part(
            "One residual for each sample? There are N·m of them, and m is the last of the sizes.",
            each=0,
        ),
        part("m is the last of the sizes: N·m counts outputs, not inputs.", last=0),
        part("m is the last of the sizes: N·m counts outputs, not hidden units.", last=1),
        part("Σn_l runs over layers 1 to L: the inputs are not units.", units=sum),
        part(
            "Σn_l is not only the hidden units: the outputs count too.",
            units=lambda sizes: sum(sizes[1:-1]),
        ),
        part(
            "Σn_l is not only the outputs: the hidden units count too.",
            units=lambda sizes: sizes[-1],
        ),
        part(
            "The Cholesky factorization takes a third of the cube, in both systems.",
            rows=lambda M, P: M * P**2 + P**3,
            samples=lambda M, units: M**2 * units + M**3,
        ),
        part(
            "The price has a third of the cube, in both systems: lesson 09's sixth counts half "
            "operations.",
            rows=lambda M, P: M * P**2 + P**3 / 6,
            samples=lambda M, units: M**2 * units + M**3 / 6,
        ),
        part(
            "The price of rows has P³/3 too: JᵀJ + μI has to be factorized.",
            rows=lambda M, P: M * P**2,
        ),
        part(
            "The price of rows begins with JᵀJ: N·m·P².",
            rows=lambda M, P: P**3 / 3,
        ),
        part(
            "The price of samples has (N·m)³/3 too: JJᵀ + μI has to be factorized.",
            samples=lambda M, units: M**2 * units,
        ),
        part(
            "In the price of rows N·m and P changed places.", rows=lambda M, P: M**2 * P + P**3 / 3
        ),
        part(
            "In the price of samples N·m is squared beside Σn_l: JJᵀ has so many entries.",
            samples=lambda M, units: M * units + M**3 / 3,
        ),
        part(
            "Beside (N·m)² stands Σn_l, the units, not P: J is never formed.",
            units=lambda sizes: sum((n_in + 1) * n for n_in, n in pairwise(sizes)),
        ),
        handed(
            "Only the first three sizes count here: a network may have more layers.",
            lambda sizes, n_samples: (sizes[:3], n_samples),
        ),
        turned(
            "Half of ours: a multiplication and the addition after it are two operations.",
            lambda prices, *_: tuple(price / 2 for price in prices),
        ),
        instead(
            lambda sizes, n_samples: (n_samples**3 * sizes[-1], 0.0),
            "The price of rows has P squared, not N; and samples costs something, too.",
        ),
        instead(
            lambda sizes, n_samples: _price(sizes, n_samples)[0],
            "This is the price of rows alone: 2 values, rows and samples.",
        ),
        turned(
            "The right numbers in the wrong order: rows first, then samples.",
            lambda prices, *_: prices[::-1],
        ),
    ),
)
def price(sizes, n_samples):
    P = sum(n * (n_in + 1) for n_in, n in zip(sizes, sizes[1:], strict=False))
    M = n_samples * sizes[-1]
    rows = M * P**2 + P**3 / 3
    samples = M**2 * sum(sizes[1:]) + M**3 / 3
    return rows, samples


def _wide(rng):
    M, P = int(rng.integers(3, 8)), int(rng.integers(40, 90))
    J, r = rng.uniform(-1, 1, size=(M, P)), rng.uniform(-1, 1, size=M)
    return J, r, float(rng.uniform(0.1, 2.0)), rng.uniform(0.5, 2.0, size=P)


def _package_step(J, r, mu, scale):
    straight = LeastSquares(lambda theta: r + J @ theta, lambda theta: J)
    return straight.linearize(np.zeros(J.shape[1])).damped(mu, scale).h


def _dual(
    J,
    r,
    mu,
    scale,
    within=lambda scale: 1 / scale**2,
    outside=lambda scale: 1 / scale**2,
    damping=lambda mu, n: mu * np.eye(n),
    matrix=lambda JD, J: JD @ J.T,
):
    """The dual step with parts exchanged; by default the right one."""
    v = np.linalg.solve(matrix(J * within(scale), J) + damping(mu, len(r)), r)
    return -outside(scale) * (J.T @ v)


def _v(J, r, mu, scale):
    return np.linalg.solve((J / scale**2) @ J.T + mu * np.eye(len(r)), r)


def _no_square_of_P(answer):
    """What is wrong where a P × P matrix was formed: seen by the memory that it took."""
    rng, P = np.random.default_rng(), 1200
    J, r, scale = rng.normal(size=(3, P)), rng.normal(size=3), rng.uniform(0.5, 2, size=P)
    if peak_of(answer, (J, r, 0.5, scale)) < P * P * 4:  # bytes: half of such a matrix
        return ""
    return (
        "The numbers are right, but a P × P matrix was formed: at P = 1200 it took "
        f"{P * P * 8 / 1e6:.0f} MB, and at lesson 11's P = 101 770 it would take 83 GB. The task "
        "asks for N·m equations."
    )


@exercise(
    "11.2",
    "function",
    "Write dual_step(J, r, mu, scale): the step with (JᵀJ + μD²) h = −Jᵀr, D = diag(scale), for "
    "a wide J, (N·m, P), with one system of N·m equations and no P × P matrix: h, (P,).",
    hints=(
        "Lesson 07 knew a way from D to I: count each parameter in a unit of its own. With "
        "θ′ = Dθ, what is J′, and what is h from h′?",
        "J′ = J D⁻¹, each column divided by its scale; h = D⁻¹h′. And h′ is (11.2), with J′.",
        "J / scale divides the columns. v solves (J′J′ᵀ + μI) v = r, h′ = −J′ᵀv, and h is h′ "
        "divided by scale once more.",
    ),
    inputs=_wide,
    package=_package_step,
    recipe=_dual,
    what="h",
    sizes=lambda J, r, mu, scale: {"N·m": len(r), "P": J.shape[1]},
    forbids=("inv", "pinv"),
    also=_no_square_of_P,
    probes=(
        Probe(
            "scale is 1 everywhere",
            "where scale comes in",
            lambda J, r, mu, scale: (J, r, mu, np.ones_like(scale)),
        ),
        Probe(
            "there is one residual",
            "the matrix of the system",
            lambda J, r, mu, scale: (J[:1], r[:1], mu, scale),
        ),
        Probe("μ is 0", "how μ comes in", lambda J, r, mu, scale: (J, r, 0.0, scale)),
    ),
    slips=(
        part(
            "This is (11.2) as it stands, with D = I: where has scale gone?",
            within=np.ones_like,
            outside=np.ones_like,
        ),
        part(
            "D⁻² is missing outside: h = −D⁻²Jᵀv. What you have is still counted in other units.",
            outside=np.ones_like,
        ),
        part("D⁻² is missing within: the system has J D⁻²Jᵀ.", within=np.ones_like),
        part(
            "Outside stands D⁻¹: h′ = −J′ᵀv divides by scale once, and the way back to h once "
            "more.",
            outside=lambda scale: 1 / scale,
        ),
        part(
            "In the system scale is not squared: J D⁻²Jᵀ has D twice, once for each J.",
            within=lambda scale: 1 / scale,
        ),
        part(
            "scale is not squared: JᵀJ + μD² has D twice.",
            within=lambda scale: 1 / scale,
            outside=lambda scale: 1 / scale,
        ),
        part(
            "This multiplies by scale²: divide. A large scale makes a small step.",
            within=np.square,
            outside=np.square,
        ),
        part(
            "μ was added to every entry of the matrix. μI has it on the diagonal only.",
            damping=lambda mu, n: mu,
        ),
        part(
            "Without μ this is the Gauss-Newton step of least norm: add μI.",
            damping=lambda mu, n: 0.0,
        ),
        part("I is added without its factor μ.", damping=lambda mu, n: np.eye(n)),
        instead(_v, "This is v, with an entry for each residual. The step is h = −D⁻²Jᵀv."),
        instead(
            lambda J, r, mu, scale: -_v(J, r, mu, scale),
            "This is −v, with an entry for each residual; Jᵀ is still missing: h = −D⁻²Jᵀv.",
        ),
        instead(
            lambda J, r, mu, scale: -J.T @ r,
            "This is −g: a step along the gradient. The system for v is missing.",
        ),
        instead(
            lambda J, r, mu, scale: np.linalg.solve(J @ J.T + mu * np.diag(scale**2), -J @ r),
            "The shapes do not fit: JJᵀ has a row for each residual, D² one for each parameter.",
        ),
        instead(
            lambda J, r, mu, scale: np.linalg.solve(J @ J.T + mu * np.eye(J.shape[1]), r),
            "The shapes do not fit: JJᵀ has a row for each residual, so the I beside it must, too.",
        ),
        turned(
            "This equals ours with the sign flipped: h = −D⁻²Jᵀv goes downhill.",
            lambda h, *_: -h,
        ),
    ),
)
def dual_step(J, r, mu, scale):
    J_scaled = J / scale  # each column in its own unit
    v = np.linalg.solve(J_scaled @ J_scaled.T + mu * np.eye(len(r)), r)
    return -(J_scaled.T @ v) / scale


def _largest(nbytes, most=MEMORY):
    return next(N for N in count(1) if nbytes(N + 1) > most)


def _package_bytes(N):
    return prices([(784, 128), (128, CLASSES)], N, CLASSES)["samples"].nbytes


@exercise(
    "11.3",
    "value",
    "A network tells 1000 classes apart. JJᵀ and its Cholesky factor, 8 bytes a number, shall fit "
    "into 16 GB (16·10⁹ bytes). How many samples may a batch have?",
    hints=(
        "A residual for each sample and each class: with N samples JJᵀ has 1000·N rows.",
        "Two matrices of (1000·N)² numbers: 2·8·(1000·N)² bytes.",
        "(1000·N)² must be at most 10⁹. The root of 10⁹ is about 31 623.",
    ),
    package=lambda: _largest(_package_bytes),
    recipe=lambda each=8, matrices=2, classes=1000, memory=16e9: int(
        np.sqrt(memory / each / matrices) / classes
    ),
    what="The number of samples",
    reminders=("JJᵀ has a row for each residual, and its factor is as large.",),
    slips=(
        instead(32, "More than fits: round down (and a GB has 10⁹ bytes here)."),
        part("That many residuals; each sample has 1000 of them.", classes=1),
        part("This is with JJᵀ alone: the factor beside it is as large.", matrices=1),
        part("A GB has 10⁹ bytes here, not 2³⁰.", memory=16 * 2**30),
        part("At 4 bytes a number this would be right: here a number has 8.", each=4),
        part("Bytes, not bits.", each=64),
        part("The numbers have 8 bytes each.", each=1),
        instead(31.62, "Round down: a batch has whole samples."),
        instead(31.6, "Round down: a batch has whole samples."),
        instead(31_623, "One residual for each sample? There is one for each class, too."),
        instead(44.7, "At 4 bytes a number this would be right, rounded down: here it has 8."),
        instead(22, "With half of the memory this would be right: two matrices, of 8 GB each."),
        instead(1000, "1000 is the number of classes: 1000·N rows has JJᵀ."),
        instead(1_000_000, "So many numbers of a row squared; N is asked for."),
    ),
)
def largest_batch():
    N = 1
    while 2 * 8 * (1000 * (N + 1)) ** 2 <= 16e9:
        N += 1
    return N


@lru_cache(maxsize=1)
def _two_batches():
    """The lesson's (first batch, second batch, θ after one epoch)."""
    data = digits(28)
    (X, Y), (rest, _) = split(data.X, data.Y, fraction=1437 / 1797, seed=0, stratify=data.labels)
    X, _ = standardize(X, rest)
    network = (Input(784) >> Relu(128) >> Linear(10)).initialize(seed=0)
    problem, theta = NetworkFit(network, X, Y), network.theta
    mu, rule = FLOOR, Nielsen(mu_min=FLOOR)
    for batch in problem.batches(128, seed=0):
        step = next(levenberg_marquardt(batch, theta, mu=mu, damping=rule))
        mu, rule = rule.update(mu, step.rho, step.accepted)
        theta = step.next_theta
    first, second, *_ = problem.batches(128, seed=1)
    return first, second, theta


def _judge(answer):
    """Whether a step on the first batch leaves F of the second one just where it was."""
    mu = one_number(answer)
    if mu is None:
        return False, f"this is a {type(answer).__name__}: expected a number, your μ."
    if not 1e-12 <= mu <= 1e12:
        return False, f"μ = {mu:g}: expected a number from 1e-12 to 1e12."
    own, other = _shares(mu)
    said = f"F of the first batch × {own:.3g}, of the second × {other:.4g}"
    if own > OWN:
        return False, f"{said}: hardly a step. Even its own batch gains little: less damping."
    if other > 1 + EDGE:
        return False, f"{said}: the step serves its own batch at the other's expense. Up or down?"
    if other < 1 - EDGE:
        return False, f"{said}: the second gains, so this is not yet the edge. Up or down?"
    return True, f"{said}: this is the edge."


@lru_cache(maxsize=64)
def _shares(mu):
    """What a step on the first batch makes of F: of the first batch, and of the second."""
    first, second, theta = _two_batches()
    step = next(levenberg_marquardt(first, theta, mu=mu))
    return step.trial_loss / step.loss, second.loss(step.trial_theta) / second.loss(theta)


@exercise(
    "11.4",
    "witness",
    "Find the edge: a μ with which one step on the first batch leaves F of the second where it "
    "was, to half a per cent, while F of the first falls by at least a tenth.",
    hints=(
        "Take the lesson's μ, and watch the second number: for which is it above 1, for which "
        "below?",
        "Between a μ that harms the second batch and one that helps it there is an edge.",
        "Halve the interval again and again, in the exponent: the middle of a and b is √(ab).",
    ),
    judge=_judge,
)
def a_mu_at_the_edge():
    low, high = 1.0, 1000.0  # the second batch is worse off at the first, better at the second
    for _ in range(9):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if _shares(middle)[1] > 1 else (low, middle)
    return middle
