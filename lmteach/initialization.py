"""Distributions from which a network's first weights are drawn."""

import numpy as np


def draw(scheme, rng, W, b):
    """Fill W, (n_l, n_{l−1}), and b, (n_l,), by a scheme of SCHEMES."""
    variance = SCHEMES[scheme]
    if variance is None:
        W[...] = rng.uniform(-1, 1, size=W.shape)
        b[...] = rng.uniform(-1, 1, size=b.shape)
    else:
        W[...] = rng.normal(scale=np.sqrt(variance(*W.shape)), size=W.shape)
        b[...] = 0


SCHEMES = {  # variance of a normal distribution for W, with b = 0; None: W and b uniform in [−1, 1]
    "glorot": lambda n_out, n_in: 2 / (n_out + n_in),
    "he": lambda n_out, n_in: 2 / n_in,
    "lecun": lambda n_out, n_in: 1 / n_in,
    "uniform": None,
}
