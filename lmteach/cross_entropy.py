"""Losses that are not ½ rᵀr, as generalized least squares: g = J̃ᵀr̃ is ∇F.

J̃ᵀJ̃ is the generalized Gauss-Newton matrix. Sources: Schraudolph (2002); Martens & Sutskever
(2012).
"""

import numpy as np

from .checks import holds_symbols
from .layers import coupled_slopes
from .losses import Loss, SquaredError
from .primitives import at_least_tiny, log, sqrt

TOLERANCE = 1e-6  # a row of probabilities sums to 1 within it


class CrossEntropy(Loss):
    """F = −Σ y log p for p = softmax(z): r̃ = (p − y)/√p, S̃^L = Cᵀ with C = diag(√p) − p√pᵀ.

    CCᵀ = diag(p) − ppᵀ; ½ r̃ᵀr̃ is not F.
    """

    last_layer = "Softmax"

    def residual(self, p, Y):
        """Return r̃ = (p − y)/√p."""
        return (p - Y) / sqrt(p)

    def value(self, p, Y, r):
        """Return F = −Σ y log p."""
        return -(Y * log(p)).sum()

    def output_slopes(self, layer, p, Y):
        """Return Cᵀ, (m, m, N): entry [k, j] is √pₖ (δₖⱼ − pⱼ)."""
        return coupled_slopes(p, sqrt(p))

    def targets(self, Y):
        """Return rows of probabilities; ValueError for anything else."""
        sums = Y.sum(axis=1)
        if not holds_symbols(Y) and ((Y < 0).any() or (np.abs(sums - 1) > TOLERANCE).any()):
            raise ValueError(
                f"Y holds rows with sums from {sums.min():.3g} to {sums.max():.3g} and a smallest "
                f"entry of {Y.min():.3g}: cross-entropy expected probabilities ≥ 0 that sum to 1, "
                "such as one 1 in each row"
            )
        return Y


class BinaryCrossEntropy(Loss):
    """F = −Σ y log p + (1 − y) log(1 − p) for p = 1/(1 + e⁻ᶻ), each output by itself.

    r̃ = (p − y)/√(p(1 − p)) and S̃^L = √(p(1 − p)), so that S̃^L r̃ = p − y = ∂F/∂z.
    """

    last_layer = "Sigmoid"

    def residual(self, p, Y):
        """Return r̃ = (p − y)/√(p(1 − p))."""
        return (p - Y) / self._root(p)

    def value(self, p, Y, r):
        """Return F = −Σ y log p + (1 − y) log(1 − p)."""
        yes, no = log(at_least_tiny(p)), log(at_least_tiny(1 - p))
        return -(Y * yes + (1 - Y) * no).sum()

    def output_slopes(self, layer, p, Y):
        """Return √(p(1 − p)), (m, N)."""
        return self._root(p).T

    def targets(self, Y):
        """Return probabilities; ValueError for anything outside [0, 1]."""
        if not holds_symbols(Y) and not ((Y >= 0) & (Y <= 1)).all():
            raise ValueError(
                f"Y holds numbers from {Y.min():.3g} to {Y.max():.3g}: binary cross-entropy "
                "expected probabilities from 0 to 1, such as 0 for no and 1 for yes"
            )
        return Y

    @staticmethod
    def _root(p):
        return sqrt(at_least_tiny(p * (1 - p)))


LOSSES = {
    "mse": SquaredError(),
    "cross_entropy": CrossEntropy(),
    "binary_cross_entropy": BinaryCrossEntropy(),
}
