"""What a network is fitted by: r and F from its outputs a and targets y, and S^L = ∂r/∂z^L.

Where F is not ½ rᵀr, r̃ and S̃^L are chosen such that g = J̃ᵀr̃ is ∇F and J̃ᵀJ̃ the generalized
Gauss-Newton matrix. Sources: Schraudolph (2002); Martens & Sutskever (2012).
"""

from abc import ABC, abstractmethod

import numpy as np

from .checks import holds_symbols
from .layers import coupled_slopes
from .primitives import at_least_tiny, inner, log, sqrt

TOLERANCE = 1e-6  # a row of probabilities sums to 1 within it


class Loss(ABC):
    """A loss for `NetworkFit(…, loss=…)`. A subclass writes `residual`, and what differs from here.

    `generalized` is True where F ≠ ½ rᵀr; then `value` gives F, and S^Lᵀr has to be ∂F/∂z^L.
    `last_layer` names the kind of last layer that the loss needs, None if any will do.
    """

    generalized = False
    last_layer = None

    @abstractmethod
    def residual(self, a, Y):
        """Return r, (N, m)."""

    def value(self, a, Y, r):
        """Return F, a number; r is (N·m,). Unless overridden, F = ½ rᵀr."""
        return inner(r, r) / 2

    def output_slopes(self, layer, a):
        """Return S^L = ∂r/∂z^L of every sample, shaped as `Layer.slopes`; here ∂a/∂z."""
        return layer.slopes(a)

    def targets(self, Y):
        """Return the targets, (N, m), checked; ValueError for targets of another kind."""
        return Y


class SquaredError(Loss):
    """r = a − y, F = ½ rᵀr."""

    def residual(self, a, Y):
        """Return r = a − y."""
        return a - Y


class CrossEntropy(Loss):
    """F = −Σ y log p for p = softmax(z): r̃ = (p − y)/√p, S̃^L = Cᵀ with C = diag(√p) − p√pᵀ.

    CCᵀ = diag(p) − ppᵀ; ½ r̃ᵀr̃ is not F.
    """

    generalized = True
    last_layer = "Softmax"

    def residual(self, p, Y):
        """Return r̃ = (p − y)/√p."""
        return (p - Y) / sqrt(p)

    def value(self, p, Y, r):
        """Return F = −Σ y log p."""
        return -(Y * log(p)).sum()

    def output_slopes(self, layer, p):
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

    generalized = True
    last_layer = "Sigmoid"

    def residual(self, p, Y):
        """Return r̃ = (p − y)/√(p(1 − p))."""
        return (p - Y) / self._root(p)

    def value(self, p, Y, r):
        """Return F = −Σ y log p + (1 − y) log(1 − p)."""
        yes, no = log(at_least_tiny(p)), log(at_least_tiny(1 - p))
        return -(Y * yes + (1 - Y) * no).sum()

    def output_slopes(self, layer, p):
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
