"""Lesson 11: a network priced before it is trained, the dual step, the largest batch, a μ that another batch likes."""

from functools import lru_cache
from itertools import count, pairwise

import numpy as np

from ..checks import is_real
from ..damping import Nielsen
from ..datasets import digits, split, standardize
from ..layers import Input, Linear, Relu
from ..routes.prices import prices
from ..network_fit import NetworkFit
from ..problems import LeastSquares
from ..solvers import levenberg_marquardt
from .base import exercise

CLASSES, MEMORY, NUMBER = 1000, 16e9, 8  # of exercise 11.3; bytes
FLOOR = 30.0  # under μ, as in the lesson
WANTED = 0.97  # F of the second batch, at most this much of what it was


def _price(
    rows=lambda M, P: M * P**2 + P**3 / 3,
    bias=1,
    per_sample=None,
    units=lambda sizes: sum(sizes[1:]),
    third=3,
):
    """The answer to 11.1 with some of its parts exchanged; without any, the right one."""

    def price(sizes, n_samples):
        P = sum((n_in + bias) * n for n_in, n in pairwise(sizes))
        M = n_samples * (sizes[-1] if per_sample is None else per_sample)
        return rows(M, P), M**2 * units(sizes) + M**3 / third

    return price


def _package_price(sizes, n_samples):
    priced = prices(list(pairwise(sizes)), n_samples, sizes[-1])
    return priced["rows"].operations, priced["samples"].operations


def _sizes_and_samples(rng):
    return tuple(int(n) for n in rng.integers(6, 10, size=3)), int(rng.integers(25, 40))


@exercise(
    "11.1",
    "function",
    "Price a network before training it: sizes (n_0, …, n_L) and a number of samples → the operations of the routes"
    " rows, N·m·P² + P³/3, and samples, (N·m)²·Σn_l + (N·m)³/3.",
    hints=(
        "Three numbers decide: P, the residuals N·m, and Σn_l, all units but the inputs.",
        "Each unit of layer l has a weight for each unit of layer l − 1, and a bias: n_l·(n_{l−1} + 1) parameters."
        " itertools.pairwise, or zip(sizes, sizes[1:]), gives the pairs.",
        "P = sum(n * (n_in + 1) for n_in, n in zip(sizes, sizes[1:])), M = n_samples * sizes[-1],"
        " and sum(sizes[1:]) is Σn_l. Return the two prices as a tuple.",
    ),
    inputs=_sizes_and_samples,
    twin=_package_price,
    slips={
        "The biases are missing from P: each unit has one.": _price(bias=0),
        "One residual for each sample? There are N·m of them, and m is the last of the sizes.": _price(
            per_sample=1
        ),
        "Σn_l runs over layers 1 to L: the inputs are not units.": _price(units=sum),
        "Σn_l is not only the hidden units: the outputs count too.": _price(
            units=lambda sizes: sum(sizes[1:-1])
        ),
        "The Cholesky factorization takes a third of the cube, in both systems.": _price(
            rows=lambda M, P: M * P**2 + P**3, third=1
        ),
        "The price of rows has P³/3 too: JᵀJ + μI has to be factorized.": _price(
            rows=lambda M, P: M * P**2
        ),
        "The right numbers in the wrong order: rows first, then samples.": lambda *arguments: (
            _price()(*arguments)[::-1]
        ),
    },
)
def price(sizes, n_samples):
    P = sum(n * (n_in + 1) for n_in, n in zip(sizes, sizes[1:], strict=False))
    M = n_samples * sizes[-1]
    rows = M * P**2 + P**3 / 3
    samples = M**2 * sum(sizes[1:]) + M**3 / 3
    return rows, samples


def _wide(rng):
    M, P = int(rng.integers(3, 8)), int(rng.integers(40, 90))
    return rng.uniform(-1, 1, size=(M, P)), rng.uniform(-1, 1, size=M), float(rng.uniform(0.1, 2.0))


def _package_step(J, r, mu):
    return (
        LeastSquares(lambda theta: r + J @ theta, lambda theta: J)
        .linearize(np.zeros(J.shape[1]))
        .step(mu)
    )


def _dual(J, r, mu):
    return np.linalg.solve(J @ J.T + mu * np.eye(len(r)), r)


@exercise(
    "11.2",
    "function",
    "Write the damped step for a wide J, (N·m, P), with one system of N·m equations and no P×P matrix: h, (P,).",
    hints=(
        "The unknown v has an entry for each residual. Which matrix has a row for each residual, too?",
        "(JJᵀ + μI) v = r. In NumPy, J @ J.T is (N·m, N·m), and the I beside it must be as large.",
        "v = np.linalg.solve(J @ J.T + mu * np.eye(len(r)), r); what is left is to come from v to h, with its sign.",
    ),
    inputs=_wide,
    twin=_package_step,
    slips={
        "This is v, with an entry for each residual. The step has one for each parameter: h = −Jᵀv.": _dual,
        "This is −v, with an entry for each residual; Jᵀ is still missing: h = −Jᵀv.": lambda J, r, mu: (
            -_dual(J, r, mu)
        ),
        "This equals ours with the sign flipped: h = −Jᵀv goes downhill.": lambda J, r, mu: (
            J.T @ _dual(J, r, mu)
        ),
        "Without μ this is the Gauss-Newton step of least norm: add μI to JJᵀ.": lambda J, r, mu: (
            -J.T @ np.linalg.solve(J @ J.T, r)
        ),
        "This is −g: a step along the gradient. The system for v is missing.": lambda J, r, mu: (
            -J.T @ r
        ),
        "μ was added to every entry of JJᵀ. μI has it on the diagonal only.": lambda J, r, mu: (
            -J.T @ np.linalg.solve(J @ J.T + mu, r)
        ),
    },
)
def dual_step(J, r, mu):
    v = np.linalg.solve(J @ J.T + mu * np.eye(len(r)), r)
    return -J.T @ v


def _largest(nbytes, most=MEMORY):
    return next(N for N in count(1) if nbytes(N + 1) > most)


def _package_bytes(N):
    return prices([(784, 128), (128, CLASSES)], N, CLASSES)["samples"].nbytes


@exercise(
    "11.3",
    "value",
    "A network tells 1000 classes apart. JJᵀ and its Cholesky factor, 8 bytes a number, shall fit into 16 GB (16·10⁹"
    " bytes). How many samples may a batch have?",
    hints=(
        "A residual for each sample and each class: with N samples JJᵀ has 1000·N rows.",
        "Two matrices of (1000·N)² numbers: 2·8·(1000·N)² bytes.",
        "(1000·N)² must be at most 10⁹. The root of 10⁹ is about 31 623.",
    ),
    twin=lambda: _largest(_package_bytes),
    slips={
        "That many residuals; each sample has 1000 of them.": 31_622,
        "This is with JJᵀ alone: the factor beside it is as large.": 44,
        "More than fits: round down.": 32,
        "One residual for each sample? There is one for each class, too.": 31_623,
        "At 4 bytes a number this would be right: here a number has 8.": 44.7,
    },
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
    problem, theta, mu, rule = (
        NetworkFit(network, X, Y),
        network.theta,
        FLOOR,
        Nielsen(mu_min=FLOOR),
    )
    for batch in problem.batches(128, seed=0):
        step = next(levenberg_marquardt(batch, theta, mu=mu, damping=rule))
        mu, rule = rule.update(mu, step.rho, step.accepted)
        theta = step.next_theta
    first, second, *_ = problem.batches(128, seed=1)
    return first, second, theta


def _judge(mu):
    """Whether a step on the first batch lowers F of the second one by 3 %."""
    if not is_real(mu):
        return False, f"this is a {type(mu).__name__}: expected a number, your μ"
    if not 1e-12 <= mu <= 1e12:
        return False, f"μ = {mu}: expected a number from 1e-12 to 1e12"
    first, second, theta = _two_batches()
    step = next(levenberg_marquardt(first, theta, mu=float(mu)))
    own, other = step.trial_loss / step.loss, second.loss(step.trial_theta) / second.loss(theta)
    said = f"F of the first batch × {own:.3g}, of the second × {other:.3g}"
    if other <= WANTED:
        return True, f"{said}: both are better off."
    if other > 1:
        return (
            False,
            f"{said}: the step serves its own batch at the other's expense. Which way must μ go?",
        )
    return False, f"{said}: the second gains, but less than 3 %. Which way must μ go?"


@exercise(
    "11.4",
    "witness",
    "Find a μ for which one step on the first batch lowers F of the second batch, too: by at least 3 %.",
    hints=(
        "Try the three μ of the cell above, and watch the second number.",
        "A short step forgets less. Which μ make short steps?",
        "Go up from 30 by factors of ten.",
    ),
    judge=_judge,
)
def a_mu_for_both():
    return 1000.0
