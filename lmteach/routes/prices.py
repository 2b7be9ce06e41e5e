"""What a network's step costs on each route, and from that the choice of route and parts.

Counted in operations and bytes, before anything is trained; a multiplication and its addition are
two operations.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..checks import one_of

NUMBER = 8  # bytes
CHUNK_BYTES = 2**26  # the arrays of one part of the samples take at most this much
CACHE_BYTES = 2**20  # so much of products stays in the processor's cache until it is summed
PART_BYTES = 2**22  # and so do activations and sensitivities of so many bytes
SHARES = 8  # parts for an executor, at least, so that a slow worker holds up the others but little
# Prices, in multiplications inside a large matrix product; measured by tests/benchmarks, rough:
OVERHEAD = 4_000_000  # the calls for one more array take the time of so many,
BUILT = 55  # a product that is written to memory of so many,
SLOW_FACTOR = 1.5  # and one inside a Cholesky factorization of so many


class Price(NamedTuple):
    """What one linearization and one step cost on a route.

    `operations`; `nbytes` of the arrays that are alive at once; `time`, in multiplications inside a
    large matrix product.
    """

    route: str
    operations: int
    nbytes: int
    time: float


def prices(sizes, n_samples, n_outputs, straight=True):
    """Return {route: Price} for layers of sizes [(n_{l−1}, n_l), …].

    `straight` says that the last layer is Linear. Operations: N·m·P² + P³/3 (rows), at most
    N·P² + P³/3 (blocks), (N·m)²·Σn_l + (N·m)³/3 (samples).
    """
    return {
        "rows": _price_of_rows(sizes, n_samples * n_outputs),
        "blocks": _price_of_blocks(sizes, n_samples, n_outputs, straight),
        "samples": _price_of_samples(sizes, n_samples * n_outputs),
    }


def _price_of_rows(sizes, M):
    P = _n_parameters(sizes)
    nbytes = NUMBER * 2 * P**2 + min(NUMBER * M * P, CHUNK_BYTES)
    time = M * P**2 / 2 + BUILT * M * P + _cholesky(P) + OVERHEAD
    return Price("rows", M * P**2 + P**3 // 3, nbytes, time)


def _price_of_blocks(sizes, n_samples, n_outputs, straight):
    P = _n_parameters(sizes)
    counted = [_products(k, j, sizes, straight) for k, j in pairs(len(sizes))]
    summed = sum(V * F for V, F, _ in counted)
    built = sum(times * V + F for V, F, times in counted)
    bent = sizes[: -2 if straight else None]  # layers whose sensitivities differ between samples
    alive = _n_units(sizes) + n_outputs * _n_units(bent)
    nbytes = NUMBER * (2 * P**2 + summed) + CACHE_BYTES
    nbytes += min(NUMBER * n_samples * alive, CHUNK_BYTES)
    time = n_samples * (summed + BUILT * built) + BUILT * P**2 + _cholesky(P)
    time += OVERHEAD * (1 + len(counted))
    return Price("blocks", 2 * n_samples * summed + P**3 // 3, nbytes, time)


def _price_of_samples(sizes, M):
    units, n_layers = _n_units(sizes), len(sizes)
    nbytes = NUMBER * (2 * M**2 + M * units)
    time = M**2 * (units / 2 + BUILT * n_layers) + BUILT * _n_parameters(sizes) + _cholesky(M)
    time += OVERHEAD * (1 + n_layers) / 2
    return Price("samples", M**2 * units + M**3 // 3, nbytes, time)


def _cholesky(n):
    return SLOW_FACTOR * n**3 / 6


def _n_parameters(sizes):
    return sum((n_in + 1) * n for n_in, n in sizes)


def _n_units(sizes):
    return sum(n for _, n in sizes)


def _products(k, j, sizes, straight):
    """(products of sensitivities, products of activations, how often the former are made).

    One matrix product brings the two together: once for every output, but once for all of them
    where T is the same for all samples.
    """
    (n_a, n), (n_b, n_other) = sizes[k], sizes[j]
    last, m = len(sizes) - 1, sizes[-1][1]
    constant = straight and k >= last - 1  # T is the same for all samples
    if constant and j == last:
        if k == j:
            return 1, triangle(n_a + 1), 0
        return n * (min(n_a, n_b) + 1), max(n_a, n_b) + 1, 1
    if k == j:
        return triangle(n), triangle(n_a + 1), 1 if constant else m
    return n * n_other, (n_a + 1) * (n_b + 1), m


def choice(sizes, n_samples, n_outputs, straight, route=None, shared=False):
    """Return (route, why in one line): the one asked for, or the one that takes the least time.

    `shared`: of those whose sums can be shared among workers.
    """
    priced = prices(sizes, n_samples, n_outputs, straight)
    if route is not None:
        one_of("route", route, tuple(priced))
        if shared and route == "samples":
            expected = 'expected "rows" or "blocks", whose sums can be shared'
            raise ValueError(f'route = "samples" with an executor: {expected}')
        return route, f"{route}: asked for; {_megabytes(priced[route])}"
    fitting = [price for price in priced.values() if not (shared and price.route == "samples")]
    best = min(fitting, key=lambda price: price.time)
    P, M = _n_parameters(sizes), n_samples * n_outputs
    why = {
        "rows": f"{M} residuals × {P} parameters are few enough to form J",
        "blocks": f"{n_outputs} output{'s' * (n_outputs > 1)}, J is never formed",
        "samples": f"{M} residuals {'<' if M < P else '≥'} {P} parameters",
    }
    return best.route, f"{best.route}: {why[best.route]}; {_megabytes(best)}"


def _megabytes(price):
    return f"{price.nbytes / 1e6:.2g} MB" if price.nbytes < 1e7 else f"{price.nbytes / 1e6:.0f} MB"


def cuts(route, sizes, n_samples, shared=False):
    """Return [(start, stop), …]: parts of the samples with arrays of CHUNK_BYTES at most.

    On the route samples all at once.
    """
    if route == "samples":
        return [(0, n_samples)]
    m, units = sizes[-1][1], _n_units(sizes)
    numbers = units * (1 + m) if route == "blocks" else units + m * _n_parameters(sizes)
    n_parts = max(-(-NUMBER * n_samples * numbers // CHUNK_BYTES), SHARES if shared else 1)
    edges = np.linspace(0, n_samples, min(n_parts, n_samples) + 1).astype(int)
    return [(int(start), int(stop)) for start, stop in pairwise(edges)]


def piece_of(sizes):
    """Return how many samples have activations and sensitivities that stay in the cache.

    But so many that adding up the sums of the pieces does not take longer than that saves.
    """
    nbytes = max(PART_BYTES, NUMBER * _n_parameters(sizes) ** 2)
    return -(-nbytes // (NUMBER * _n_units(sizes) * (1 + sizes[-1][1])))


def kept(sizes, n_samples):
    """Return whether the activations of all samples may be kept until the linearization."""
    return NUMBER * n_samples * _n_units(sizes) <= CHUNK_BYTES


def pairs(n):
    """Return (0, 0), (0, 1), …, (n − 1, n − 1): k ≤ l."""
    return [(k, j) for k in range(n) for j in range(k, n)]


def triangle(n):
    """Return how many products of n numbers are distinct."""
    return n * (n + 1) // 2
