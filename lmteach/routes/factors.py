"""The factors of a network's J, from which the routes without J are summed.

Layer l of J is made of (aˡ⁻¹, Tˡ, f′ˡ) with Sˡ = Tˡ ∘ f′(zˡ) and Tˡ = Sˡ⁺¹ Wˡ⁺¹, samples last:
aˡ⁻¹ is (n_{l−1}, N); Tˡ is (m, n_l), where it is the same for all samples, else (m, n_l, N); f′ˡ is
(n_l, N), or None where it is 1.
"""

import numpy as np


def factors(network, activations, weights, output_slopes):
    """Return [(aˡ⁻¹, Tˡ, f′ˡ), …] from S^L, `output_slopes`, shaped as `Layer.slopes`."""
    T, slope = _last(output_slopes)
    layers = [(activations[-2].T, T, slope)]
    for i in reversed(range(len(network.layers) - 1)):
        T = _times_weights(sensitivity(T, slope), weights[i + 1][0])
        straight = network.layers[i].straight
        slope = None if straight else network.layers[i].slope(activations[i + 1]).T
        layers.insert(0, (activations[i].T, T, slope))
    return layers


def _last(slopes):
    """(T^L, f′^L) from S^L."""
    if slopes.ndim == 3:
        return slopes, None
    if slopes.shape[1] == 1:
        return np.diag(slopes[:, 0]), None
    return np.eye(len(slopes), dtype=slopes.dtype), slopes


def _times_weights(S, W):
    return S @ W if S.ndim == 2 else np.matmul(W.T, S)


def sensitivity(T, slope):
    """Return S = T ∘ f′, (m, n, N), or (m, n) where it is the same for all samples."""
    return T if slope is None else (T if T.ndim == 3 else T[:, :, None]) * slope


def forwards(layers, v):
    """Return J v, (N·m,): Σ_l Sˡ (Vˡ aˡ⁻¹ + vˡ), where v holds Vˡ and vˡ as θ holds Wˡ and bˡ."""
    total = 0
    for (a, T, slope), (w, b) in zip(layers, layer_places(sizes_of(layers)), strict=True):
        u = v[w].reshape(T.shape[1], len(a)) @ a + v[b, None]
        u = u if slope is None else slope * u
        total = total + (T @ u if T.ndim == 2 else (T * u).sum(axis=1))
    return total.T.ravel()


def backwards(layers, v):
    """Return Jᵀ v, (P,): δˡ = Σₖ Sˡₖ vₖ, then Σᵢ δᵢaᵢᵀ and Σᵢ δᵢ."""
    parts = []
    for a, T, slope in layers:
        V = v.reshape(-1, len(T)).T
        delta = T.T @ V if T.ndim == 2 else (T * V[:, None]).sum(axis=0)
        delta = delta if slope is None else slope * delta
        parts += [(delta @ a.T).ravel(), delta.sum(axis=1)]
    return np.concatenate(parts)


def squared_columns(layers):
    """Return Σ (∂r/∂θ_j)², (P,): Σᵢ (Σₖ S²) (a²)ᵀ for W, and with 1 for a for b."""
    parts = []
    for a, T, slope in layers:
        S = sensitivity(T, slope)
        square = (S * S).sum(axis=0)
        square = square if square.ndim == 2 else square[:, None] * np.ones_like(a[:1])
        parts += [(square @ (a * a).T).ravel(), square.sum(axis=1)]
    return np.concatenate(parts)


def sizes_of(layers):
    """Return [(n_{l−1}, n_l), …]."""
    return [(len(a), T.shape[1]) for a, T, _ in layers]


def layer_places(sizes):
    """Yield (slice of W, slice of b) in θ, for layers of sizes [(n_{l−1}, n_l), …]."""
    stop = 0
    for n_in, n in sizes:
        start, middle, stop = stop, stop + n_in * n, stop + (n_in + 1) * n
        yield slice(start, middle), slice(middle, stop)
