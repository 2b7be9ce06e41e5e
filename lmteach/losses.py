"""What a network is fitted by: r and F from its outputs a and targets y, and S^L = ∂r/∂z^L."""

from abc import ABC, abstractmethod

from .primitives import inner


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
