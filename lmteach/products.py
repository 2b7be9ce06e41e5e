"""Sums over the samples of products of the factors of J: the blocks of JᵀJ, each product made once.

A factor is (aˡ⁻¹, Tˡ, f′ˡ), samples last, with Sˡ = Tˡ ∘ f′ˡ; a stands for â = (a, 1) where it says so.
"""

from functools import reduce

import numpy as np

from .prices import CACHE_BYTES, NUMBER, pairs, triangle

ADDED = 4  # how many times the cost of adding up the sums is worth saving the way to memory


def sensitivity(T, slope):
    """S = T ∘ f′, (m, n, N), or (m, n) where it is the same for all samples."""
    return T if slope is None else (T if T.ndim == 3 else T[:, :, None]) * slope


def block_sums(layers, inputs=None):
    """[the sums for each pair of layers, …] over some samples; `inputs`: distinct(â⁰), if it is known."""
    return [
        on_diagonal(*layers[k], inputs if k == 0 else None)
        if k == j
        else beside(*layers[k], *layers[j])
        for k, j in pairs(len(layers))
    ]


def with_one(a):
    """â = (a, 1), (n + 1, N)."""
    return np.concatenate([a, np.ones_like(a[:1])])


def distinct(u):
    """uᵢuⱼ for i ≤ j, (n(n + 1)/2, N)."""
    out, stop = np.empty((len(u) * (len(u) + 1) // 2, *u.shape[1:]), u.dtype), 0
    for i in range(len(u)):
        start, stop = stop, stop + len(u) - i
        np.multiply(u[i], u[i:], out=out[start:stop])
    return out


def every(u, v):
    """uᵢvⱼ for all i, j, (len(u)·len(v), N)."""
    return (u[:, None] * v).reshape(-1, u.shape[-1])


def on_diagonal(a, T, slope, products=None):
    """Σᵢ of the distinct products of Sᵢᵀ Sᵢ with those of âᵢâᵢᵀ: (n(n + 1)/2, (n_in + 1)(n_in + 2)/2).

    `products`: distinct(a), if it is known.
    """
    if T.ndim == 2 and slope is None:
        return distinct_of(T.T @ T)[:, None] * distinct_of(a @ a.T)
    S = slope[None] if T.ndim == 2 else sensitivity(T, slope)
    sums = summed(
        triangle(T.shape[1]), lambda some: reduce(np.add, map(distinct, S[..., some])),
        triangle(len(a)), lambda some: distinct(a[:, some]) if products is None else products[:, some], a.shape[1],
    )  # fmt: skip
    if T.ndim == 2:
        sums *= distinct_of(T.T @ T)[:, None]
    return sums


def beside(a, T, slope, b, U, other):
    """Σᵢ of the products of Sᵢᵀ S′ᵢ with âᵢb̂ᵢᵀ, for two layers of which (b, U, other) is the later: (p, i, q, j)."""
    if T.ndim == 2 and other is None:
        return beside_straight(a, T, slope, b, U)
    n, n_other, n_a, n_b = T.shape[1], U.shape[1], len(a), len(b)
    S, later = sensitivity(T, slope), sensitivity(U, other)
    sums = summed(
        n * n_other, lambda some: sensitivities_beside(S[..., some], later if later.ndim == 2 else later[..., some]),
        n_a * n_b, lambda some: every(a[:, some], b[:, some]), a.shape[1],
    )  # fmt: skip
    return sums.reshape(n, n_other, n_a, n_b).transpose(0, 2, 1, 3)


def beside_straight(a, T, slope, b, U):
    """The same where Sᵀ S′ = (TᵀU) ∘ f′ does not make products of its own, with a Linear layer last."""
    one, (n_a, N), n_b = np.ones_like(a[:1]) if slope is None else slope, a.shape, len(b)
    fewer, more = (a, b) if n_a < n_b else (b, a)
    sums = summed(
        len(one) * len(fewer), lambda some: every(one[:, some], fewer[:, some]),
        len(more), lambda some: more[:, some], N,
    )  # fmt: skip
    sums = sums.reshape(len(one), len(fewer), 1, len(more))
    return (T.T @ U)[:, None, :, None] * (sums if n_a < n_b else sums.transpose(0, 3, 2, 1))


def sensitivities_beside(S, later):
    """Sᵢᵀ S′ᵢ of some samples, (n·n′, samples)."""
    if later.ndim == 2:
        return np.tensordot(S, later, axes=(0, 0)).transpose(0, 2, 1).reshape(-1, S.shape[-1])
    return reduce(np.add, map(every, S, later))


def summed(n_u, u, n_v, v, n_samples):
    """Σᵢ uᵢvᵢᵀ, (n_u, n_v), where u and v make the products of a slice of samples, (n, samples).

    So few samples at a time that the products stay in the cache, and so many that adding up the sums does not take
    longer than that saves.
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
    """The entries of a symmetric matrix on and above its diagonal, row by row, as `distinct` orders them."""
    return M[np.triu_indices(len(M))]


def places_of(n):
    """Where `distinct` puts the product of i and j, (n, n)."""
    at = np.empty((n, n), dtype=int)
    upper = np.triu_indices(n)
    at[upper] = at.T[upper] = np.arange(len(upper[0]))
    return at


def layer_places(sizes):
    """(slice of W, slice of b) in θ, for layers of sizes [(n_{l−1}, n_l), …]."""
    stop = 0
    for n_in, n in sizes:
        start, middle, stop = stop, stop + n_in * n, stop + (n_in + 1) * n
        yield slice(start, middle), slice(middle, stop)


def spread_diagonal(sums, n_in, n, At, w, b):
    """Write a layer's own block from its distinct sums: on and above the diagonal of At."""
    of_pair, of_a = places_of(n), places_of(n_in + 1)
    W = At[w, w].reshape(n, n_in, n, n_in)
    for q in range(n):  # entry (q, j), (p, i) for p ≥ q
        W[q, :, q:] = (
            sums[of_pair[q, q] : of_pair[q, q] + n - q]
            .take(of_a[:-1, :-1], axis=1)
            .transpose(1, 0, 2)
        )
    At[w, b].reshape(n, n_in, n)[...] = sums[:, of_a[:-1, -1]][of_pair].transpose(0, 2, 1)
    At[b, b] = sums[:, -1][of_pair]


def spread_beside(sums, At, w, b, w_other, b_other):
    """Write the block of two layers from (p, i, q, j)."""
    n, n_a, n_other, n_b = sums.shape
    At[w, w_other].reshape(n, n_a - 1, n_other, n_b - 1)[...] = sums[:, :-1, :, :-1]
    At[w, b_other].reshape(n, n_a - 1, n_other)[...] = sums[:, :-1, :, -1]
    At[b, w_other].reshape(n, n_other, n_b - 1)[...] = sums[:, -1, :, :-1]
    At[b, b_other] = sums[:, -1, :, -1]
