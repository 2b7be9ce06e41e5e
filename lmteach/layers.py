"""The layers: each activation's forward line and derivative line, one under the other."""

import numpy as np

from .network import Layer
from .primitives import logistic, one_minus_exp, relu, softmax, softplus, step, tanh

__all__ = ["Input", "Linear", "Relu", "Sigmoid", "Softmax", "Softplus", "Tanh"]


class Linear(Layer):
    """f(z) = z, f′ = 1."""

    def __init__(self, size):
        super().__init__(size)
        self.straight = type(self).slope is Linear.slope  # a subclass may have a slope of its own

    def activate(self, z):
        return z

    def slope(self, a):
        return np.ones_like(a)

    def slopes(self, a):
        """Return f′ = 1, once for all samples, (n, 1)."""
        if not self.straight:
            return super().slopes(a)
        return np.ones((self.size, 1), a.dtype)


class Input(Linear):
    """The inputs a⁰ = x; always first."""


class Sigmoid(Layer):
    """f(z) = 1 / (1 + e⁻ᶻ), f′ = a (1 − a)."""

    def activate(self, z):
        return logistic(z)

    def slope(self, a):
        return a * (1 - a)


class Tanh(Layer):
    """f(z) = tanh z, f′ = 1 − a²."""

    def activate(self, z):
        return tanh(z)

    def slope(self, a):
        return 1 - a * a


class Relu(Layer):
    """f(z) = max(z, 0), f′ = 1 where a > 0, else 0 (0 at the kink, by convention)."""

    def activate(self, z):
        return relu(z)

    def slope(self, a):
        return step(a)


class Softplus(Layer):
    """f(z) = log(1 + eᶻ), f′ = 1 / (1 + e⁻ᶻ) = 1 − e⁻ᵃ."""

    def activate(self, z):
        return softplus(z)

    def slope(self, a):
        return one_minus_exp(a)


class Softmax(Layer):
    """aₖ = eᶻᵏ / Σⱼ eᶻʲ, probabilities that sum to 1; only as the last layer.

    ∂a/∂z = diag(a) − aaᵀ couples the units. No a is below the smallest normal number.
    """

    couples = True

    def activate(self, z):
        return softmax(z)

    def slopes(self, a):
        """Return ∂aₖ/∂zⱼ = aₖ(δₖⱼ − aⱼ), (m, m, N)."""
        return coupled_slopes(a, a)


def coupled_slopes(p, q):
    """Return diag(q) − q pᵀ for every sample, (m, m, N): entry [k, j] is qₖ(δₖⱼ − pⱼ)."""
    p, q = p.T, q.T
    slopes = -q[:, None] * p
    for k, row in enumerate(q):
        slopes[k, k] += row
    return slopes
