"""What a network is fitted by: from its output and the targets to r, to F, and to where the sensitivities start."""

import numpy as np

from .checks import holds_symbols
from .network import coupled
from .primitives import inner, log, sqrt

TOLERANCE = 1e-6  # a row of probabilities sums to 1 within it


class SquaredError:
    """r = a − y, F = ½ rᵀr."""

    coupled = False  # whether the last layer has to be Softmax

    def residual(self, a, Y):
        """a − y, (N·m,), sample by sample."""
        return (a - Y).ravel()

    def value(self, a, Y, r):
        """F."""
        return inner(r, r) / 2

    def start(self, a):
        """S^L = ∂a^L/∂z^L, left to the last layer."""
        return None

    def targets(self, Y):
        """Any targets will do."""
        return Y


class CrossEntropy:
    """F = −Σ y log p for p = softmax(z), as a generalized least squares problem: r̃ = (p − y)/√p and J̃ = Cᵀ ∂z/∂θ
    with C = diag(√p) − p√pᵀ, so that J̃ᵀr̃ = ∇F and J̃ᵀJ̃ is the generalized Gauss-Newton matrix (CCᵀ = diag(p) − ppᵀ).

    ½ r̃ᵀr̃ is not F. Sources: Schraudolph (2002); Martens & Sutskever (2012).
    """

    coupled = True

    def residual(self, p, Y):
        """r̃ = (p − y)/√p, (N·m,)."""
        return ((p - Y) / sqrt(p)).ravel()

    def value(self, p, Y, r):
        """F = −Σ y log p."""
        return -(Y * log(p)).sum()

    def start(self, p):
        """S̃^L = Cᵀ, (m, m, N): entry (k, j) is √pₖ δₖⱼ − √pₖ pⱼ."""
        return coupled(p, sqrt(p))

    def targets(self, Y):
        """Rows of probabilities; ValueError for anything else."""
        sums = Y.sum(axis=1)
        if not holds_symbols(Y) and ((Y < 0).any() or (np.abs(sums - 1) > TOLERANCE).any()):
            raise ValueError(
                f"Y holds rows with sums from {sums.min():.3g} to {sums.max():.3g} and a smallest entry of "
                f"{Y.min():.3g}: cross-entropy expected probabilities ≥ 0 that sum to 1, such as one 1 in each row"
            )
        return Y


LOSSES = {"mse": SquaredError(), "cross_entropy": CrossEntropy()}
