"""Sums over samples of products of the factors of J: the blocks of JᵀJ, each product made once.

A factor is (aˡ⁻¹, Tˡ, f′ˡ), samples last, with Sˡ = Tˡ ∘ f′ˡ; in every function here a is
â = (aˡ⁻¹, 1).
"""

from functools import reduce

import numpy as np

from .factors import sensitivity
from .prices import BUILT, CACHE_BYTES, NUMBER, pairs, triangle

ADDED = 4  # how many times the cost of adding up the sums is worth saving the way to memory


def block_sums(layers, inputs=None):
    """Return [the sums for each pair of layers, …] over some samples.

    `inputs`: distinct(â⁰), if it is known.
    """
    if all(T.ndim == 2 for _, T, _ in layers) and few_twice(layers):
        return in_full(layers)
    sums = []
    for k, j in pairs(len(layers)):
        if k == j:
            sums.append(on_diagonal(*layers[k], inputs if k == 0 else None))
        else:
            sums.append(beside(*layers[k], *layers[j]))
    return sums


def few_twice(layers):
    """Return whether it is quicker to make some products twice, as `in_full`, than all f′ₚf′_q.

    Only of so few rows f′ₚâᵢ that their sums stay in the cache; it does not depend on how many
    samples there are, so that the sums over all parts of the samples have one shape.
    """
    twice = built = n_rows = 0
    for a, _, slope in layers:
        n, n_in = 0 if slope is None else len(slope), len(a)
        twice += triangle(n * n_in) - triangle(n) * triangle(n_in)
        built += triangle(n)
        n_rows += max(n, 1) * n_in
    return twice <= BUILT * built and NUMBER * n_rows**2 <= CACHE_BYTES


def in_full(layers):
    """Return the sums, axes (p, i, q, j), where every T is the same for all samples.

    They are (TᵀU) ∘ KKᵀ, where K has a row f′ₚâᵢ for each p and i of all layers: one product, of
    which BLAS makes half, takes less time than several narrow ones. Yet of one layer it makes those
    of (p, i), (q, j) and of (q, i), (p, j), which are equal.
    """
    n_rows = [len(a) * (1 if slope is None else len(slope)) for a, _, slope in layers]
    edges = np.cumsum(n_rows)
    K = np.empty((edges[-1], layers[0][0].shape[1]), layers[0][0].dtype)
    for (a, _, slope), rows in zip(layers, np.split(K, edges[:-1]), strict=True):
        one = 1 if slope is None else slope[:, None]
        np.multiply(one, a, out=rows.reshape(-1, *a.shape))
    blocks = [np.split(rows, edges[:-1], axis=1) for rows in np.split(K @ K.T, edges[:-1])]
    sums = []
    for k, j in pairs(len(layers)):
        (a, T, _), (b, U, _) = layers[k], layers[j]
        block = blocks[k][j].reshape(n_rows[k] // len(a), len(a), -1, len(b))
        sums.append((T.T @ U)[:, None, :, None] * block)
    return sums


def with_one(a):
    """Return â = (a, 1), (n + 1, N)."""
    return np.concatenate([a, np.ones_like(a[:1])])


def distinct(u):
    """Return uᵢuⱼ for i ≤ j, (n(n + 1)/2, N)."""
    out, stop = np.empty((len(u) * (len(u) + 1) // 2, *u.shape[1:]), u.dtype), 0
    for i in range(len(u)):
        start, stop = stop, stop + len(u) - i
        np.multiply(u[i], u[i:], out=out[start:stop])
    return out


def every(u, v):
    """Return uᵢvⱼ for all i, j, (len(u)·len(v), N)."""
    return (u[:, None] * v).reshape(-1, u.shape[-1])


def on_diagonal(a, T, slope, products=None):
    """Return Σᵢ of the distinct products of Sᵢᵀ Sᵢ with those of âᵢâᵢᵀ.

    (n(n + 1)/2, (n_in + 1)(n_in + 2)/2). `products`: distinct(a), if it is known.
    """
    if T.ndim == 2 and slope is None:
        return distinct_of(T.T @ T)[:, None] * distinct_of(a @ a.T)
    S = slope[None] if T.ndim == 2 else sensitivity(T, slope)

    def of_sensitivities(some):
        return reduce(np.add, map(distinct, S[..., some]))

    def of_activations(some):
        return distinct(a[:, some]) if products is None else products[:, some]

    sizes = triangle(T.shape[1]), triangle(len(a)), a.shape[1]
    sums = summed(of_sensitivities, of_activations, *sizes)
    if T.ndim == 2:
        sums *= distinct_of(T.T @ T)[:, None]
    return sums


def beside(a, T, slope, b, U, other):
    """Return Σᵢ of the products of Sᵢᵀ S′ᵢ with âᵢb̂ᵢᵀ for two layers, axes (p, i, q, j).

    (b, U, other) is the later layer.
    """
    if T.ndim == 2 and other is None:
        return beside_straight(a, T, slope, b, U)
    n, n_other, n_a, n_b = T.shape[1], U.shape[1], len(a), len(b)
    S, later = sensitivity(T, slope), sensitivity(U, other)

    def of_sensitivities(some):
        there = later if later.ndim == 2 else later[..., some]
        return sensitivities_beside(S[..., some], there)

    def of_activations(some):
        return every(a[:, some], b[:, some])

    sums = summed(of_sensitivities, of_activations, n * n_other, n_a * n_b, a.shape[1])
    return sums.reshape(n, n_other, n_a, n_b).transpose(0, 2, 1, 3)


def beside_straight(a, T, slope, b, U):
    """Return the same with a Linear layer last, where Sᵀ S′ = (TᵀU) ∘ f′ needs no products."""
    one, (n_a, N), n_b = np.ones_like(a[:1]) if slope is None else slope, a.shape, len(b)
    fewer, more = (a, b) if n_a < n_b else (b, a)

    def of_fewer(some):
        return every(one[:, some], fewer[:, some])

    def of_more(some):
        return more[:, some]

    sums = summed(of_fewer, of_more, len(one) * len(fewer), len(more), N)
    sums = sums.reshape(len(one), len(fewer), 1, len(more))
    return (T.T @ U)[:, None, :, None] * (sums if n_a < n_b else sums.transpose(0, 3, 2, 1))


def sensitivities_beside(S, later):
    """Return Sᵢᵀ S′ᵢ of some samples, (n·n′, samples)."""
    if later.ndim == 2:
        return np.tensordot(S, later, axes=(0, 0)).transpose(0, 2, 1).reshape(-1, S.shape[-1])
    return reduce(np.add, map(every, S, later))


def summed(u, v, n_u, n_v, n_samples):
    """Return Σᵢ uᵢvᵢᵀ, (n_u, n_v), where u and v make the products of a slice, (n, samples).

    So few samples at a time that the products stay in the cache, and so many that adding up the
    sums does not take longer than that saves.
    """
    size = max(CACHE_BYTES // (NUMBER * (n_u + n_v)), ADDED * n_u * n_v // (n_u + n_v), 1)
    total = 0
    for start in range(0, n_samples, size):
        some = slice(start, start + size)
        left, right = u(some), v(some)
        # The smaller one stands first, which BLAS likes better.
        sums = left @ right.T if n_u <= n_v else (right @ left.T).T
        total = sums if start == 0 else np.add(total, sums, out=total)
    return total


def distinct_of(M):
    """Return the entries of a symmetric matrix on and above its diagonal, ordered as `distinct`."""
    return M[np.triu_indices(len(M))]


def places_of(n):
    """Return where `distinct` puts the product of i and j, (n, n)."""
    at = np.empty((n, n), dtype=int)
    upper = np.triu_indices(n)
    at[upper] = at.T[upper] = np.arange(len(upper[0]))
    return at


def spread_diagonal(sums, n_in, n, At, w, b):
    """Write a layer's own block from its distinct sums: on and above the diagonal of At."""
    of_pair, of_a = places_of(n), places_of(n_in + 1)
    W = At[w, w].reshape(n, n_in, n, n_in)
    for q in range(n):  # entry (q, j), (p, i) for p ≥ q
        first = of_pair[q, q]
        W[q, :, q:] = sums[first : first + n - q].take(of_a[:-1, :-1], axis=1).transpose(1, 0, 2)
    At[w, b].reshape(n, n_in, n)[...] = sums[:, of_a[:-1, -1]][of_pair].transpose(0, 2, 1)
    At[b, b] = sums[:, -1][of_pair]


def spread_beside(sums, At, w, b, w_other, b_other):
    """Write the block of two layers from (p, i, q, j)."""
    n, n_a, n_other, n_b = sums.shape
    At[w, w_other].reshape(n, n_a - 1, n_other, n_b - 1)[...] = sums[:, :-1, :, :-1]
    At[w, b_other].reshape(n, n_a - 1, n_other)[...] = sums[:, :-1, :, -1]
    At[b, w_other].reshape(n, n_other, n_b - 1)[...] = sums[:, -1, :, :-1]
    At[b, b_other] = sums[:, -1, :, -1]
