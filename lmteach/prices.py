"""What a network's step costs on each route, and from that the choice of the route and of the parts.

Counted in operations and bytes, before anything is trained; a multiplication and its addition are two operations.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .checks import one_of
from .linearization import CHUNK_BYTES

NUMBER = 8  # bytes
CACHE_BYTES = (
    2**20
)  # products of this much at a time stay in the processor's cache until they are summed
PART_BYTES = 2**22  # and so do the activations and sensitivities of so many samples
SHARES = 8  # parts for an executor, at least, so that a slow worker holds up the others but little
# Prices, in multiplications inside a large matrix product; measured by tests/benchmarks, rough on purpose:
OVERHEAD = 4_000_000  # the calls for one more array take the time of so many,
BUILT = 55  # a product that is written to memory of so many,
SLOW_FACTOR = 1.5  # and one inside a Cholesky factorization of so many


class Price(NamedTuple):
    """What one linearization and one step cost on a route: operations, bytes of the arrays that are alive at once,
    and the time, in multiplications of a large matrix product.
    """

    route: str
    operations: int
    nbytes: int
    time: float


def prices(sizes, n_samples, n_outputs, straight=True):
    """{route: Price} for layers of sizes [(n_{l−1}, n_l), …]; `straight` says that the last layer is Linear.

    Operations: N·m·P² + P³/3 (rows), at most N·P² + P³/3 (blocks), (N·m)²·Σn_l + (N·m)³/3 (samples).
    """
    P, M = sum((n_in + 1) * n for n_in, n in sizes), n_samples * n_outputs
    units = sum(n for _, n in sizes)
    counted = [_products(k, j, sizes, straight) for k, j in pairs(len(sizes))]
    summed, built = sum(V * F for V, F, _ in counted), sum(times * V + F for V, F, times in counted)
    alive = units + (n_outputs * sum(n for _, n in sizes[: -2 if straight else None]))
    cholesky = SLOW_FACTOR * P**3 / 6
    return {
        "rows": Price(
            "rows",
            M * P**2 + P**3 // 3,
            NUMBER * 2 * P**2 + min(NUMBER * M * P, CHUNK_BYTES),
            M * P**2 / 2 + BUILT * M * P + cholesky + OVERHEAD,
        ),
        "blocks": Price(
            "blocks",
            2 * n_samples * summed + P**3 // 3,
            NUMBER * (2 * P**2 + summed)
            + CACHE_BYTES
            + min(NUMBER * n_samples * alive, CHUNK_BYTES),
            n_samples * (summed + BUILT * built)
            + BUILT * P**2
            + cholesky
            + OVERHEAD * (1 + len(counted)),
        ),
        "samples": Price(
            "samples",
            M**2 * units + M**3 // 3,
            NUMBER * (2 * M**2 + M * units),
            M**2 * (units / 2 + BUILT * len(sizes))
            + BUILT * P
            + SLOW_FACTOR * M**3 / 6
            + OVERHEAD * (1 + len(sizes)) / 2,
        ),
    }


def _products(k, j, sizes, straight):
    """(how many products of sensitivities, how many of activations one matrix product brings together, and how often
    the former are made): once for every output, but for once where T is the same for all samples.
    """
    (n_a, n), (n_b, n_other) = sizes[k], sizes[j]
    last, m = len(sizes) - 1, sizes[-1][1]
    if (
        straight and j == last and k >= last - 1
    ):  # the last layer's S is 1, and the one before has a T of its own
        return (
            (n * (min(n_a, n_b) + 1), max(n_a, n_b) + 1, 1) if k < j else (1, triangle(n_a + 1), 0)
        )
    once = straight and k == last - 1
    return (
        (triangle(n), triangle(n_a + 1), 1 if once else m)
        if k == j
        else (n * n_other, (n_a + 1) * (n_b + 1), m)
    )


def choice(sizes, n_samples, n_outputs, straight, route=None, shared=False):
    """(route, why in one line): the one that takes the least time, of those that can be shared if they shall be."""
    priced = prices(sizes, n_samples, n_outputs, straight)
    if route is not None:
        one_of("route", route, tuple(priced))
        if shared and route == "samples":
            raise ValueError(
                'route = "samples" with an executor: expected "rows" or "blocks", whose sums can be shared'
            )
        return route, f"{route}: asked for; {_megabytes(priced[route])}"
    best = min(
        (p for p in priced.values() if not (shared and p.route == "samples")),
        key=lambda price: price.time,
    )
    P, M = sum((n_in + 1) * n for n_in, n in sizes), n_samples * n_outputs
    why = {
        "rows": f"{M} residuals × {P} parameters are few enough to form J",
        "blocks": f"{n_outputs} output{'s' * (n_outputs > 1)}, J is never formed",
        "samples": f"{M} residuals {'<' if M < P else '≥'} {P} parameters",
    }
    return best.route, f"{best.route}: {why[best.route]}; {_megabytes(best)}"


def _megabytes(price):
    return f"{price.nbytes / 1e6:.2g} MB" if price.nbytes < 1e7 else f"{price.nbytes / 1e6:.0f} MB"


def cuts(route, sizes, n_samples, shared=False):
    """[(start, stop), …]: parts of the samples with arrays of CHUNK_BYTES at most; all at once on the route samples."""
    if route == "samples":
        return [(0, n_samples)]
    m, units, P = sizes[-1][1], sum(n for _, n in sizes), sum((n_in + 1) * n for n_in, n in sizes)
    numbers = {"blocks": units * (1 + m), "rows": units + m * P * shared}[
        route
    ]  # alone, rows has its own chunks of Jᵀ
    n_parts = max(-(-NUMBER * n_samples * numbers // CHUNK_BYTES), SHARES if shared else 1)
    edges = np.linspace(0, n_samples, min(n_parts, n_samples) + 1).astype(int)
    return [(int(start), int(stop)) for start, stop in pairwise(edges)]


def piece_of(sizes):
    """How many samples have activations and sensitivities that stay in the cache; but so many that adding up the sums
    of the pieces does not take longer than that saves.
    """
    units, P = sum(n for _, n in sizes), sum((n_in + 1) * n for n_in, n in sizes)
    return -(-max(PART_BYTES, NUMBER * P**2) // (NUMBER * units * (1 + sizes[-1][1])))


def kept(sizes, n_samples):
    """Whether the activations of all samples may be kept from the evaluation of r to the linearization."""
    return NUMBER * n_samples * sum(n for _, n in sizes) <= CHUNK_BYTES


def pairs(n):
    """(0, 0), (0, 1), …, (n − 1, n − 1): k ≤ l."""
    return [(k, j) for k in range(n) for j in range(k, n)]


def triangle(n):
    """How many products of n numbers are distinct."""
    return n * (n + 1) // 2
