"""What a network is fitted by: r and F from its outputs a and targets y, and S^L = ∂r/∂z^L."""

from abc import ABC, abstractmethod

import numpy as np

from .primitives import inner


class Loss(ABC):
    """A loss for `NetworkFit(…, loss=…)`. A subclass writes `residual`, and what differs from here.

    Where F ≠ ½ rᵀr, `value` gives F, and S^Lᵀr has to be ∂F/∂z^L: g = Jᵀr is ∇F then, though r is
    not what F is made of. `last_layer` names the last layer that the loss needs, if any.
    """

    last_layer = None

    @property
    def generalized(self):
        """True where F is not ½ rᵀr: where a subclass has a `value` of its own."""
        return type(self).value is not Loss.value

    @property
    def has_slopes(self):
        """True where S^L is not ∂a/∂z: where a subclass has `output_slopes` of its own."""
        return type(self).output_slopes is not Loss.output_slopes

    @abstractmethod
    def residual(self, a, Y):
        """Return r, (N, m)."""

    def value(self, a, Y, r):
        """Return F, a number; r is (N·m,). Unless overridden, F = ½ rᵀr."""
        return inner(r, r) / 2

    def output_slopes(self, layer, a, Y):
        """Return S^L = ∂r/∂z^L of every sample, shaped as `Layer.slopes`.

        Unless overridden, ∂a/∂z, which is right where r is a less something.
        """
        return layer.slopes(a)

    def targets(self, Y):
        """Return the targets, (N, m), checked; ValueError for targets of another kind."""
        return Y


class SquaredError(Loss):
    """r = a − y, F = ½ rᵀr."""

    residual = staticmethod(np.subtract)  # residual(a, Y) = a − Y
