"""The layers: each activation's forward line and derivative line, one under the other."""

from .network import Layer, coupled
from .primitives import logistic, one_minus_exp, relu, softmax, softplus, step, tanh

__all__ = ["Input", "Linear", "Relu", "Sigmoid", "Softmax", "Softplus", "Tanh"]


class Input(Layer):
    """The inputs a⁰ = x; always first."""


class Linear(Layer):
    """f(z) = z, f′ = 1."""


class Sigmoid(Layer):
    """f(z) = 1 / (1 + e⁻ᶻ), f′ = a (1 − a)."""

    def activate(self, z):
        """a = 1 / (1 + e⁻ᶻ)."""
        return logistic(z)

    def slope(self, a):
        """f′ = a (1 − a)."""
        return a * (1 - a)


class Tanh(Layer):
    """f(z) = tanh z, f′ = 1 − a²."""

    def activate(self, z):
        """a = tanh z."""
        return tanh(z)

    def slope(self, a):
        """f′ = 1 − a²."""
        return 1 - a * a


class Relu(Layer):
    """f(z) = max(z, 0), f′ = 1 where a > 0, else 0 (0 at the kink, by convention)."""

    def activate(self, z):
        """a = max(z, 0)."""
        return relu(z)

    def slope(self, a):
        """f′ = 1 where a > 0, else 0."""
        return step(a)


class Softplus(Layer):
    """f(z) = log(1 + eᶻ), f′ = 1 / (1 + e⁻ᶻ) = 1 − e⁻ᵃ."""

    def activate(self, z):
        """a = log(1 + eᶻ)."""
        return softplus(z)

    def slope(self, a):
        """f′ = 1 − e⁻ᵃ."""
        return one_minus_exp(a)


class Softmax(Layer):
    """aₖ = eᶻᵏ / Σⱼ eᶻʲ, probabilities that sum to 1; ∂a/∂z = diag(a) − aaᵀ couples the units. Only as last layer."""

    couples = True

    def activate(self, z):
        """a = eᶻ / Σ eᶻ, sample by sample; no a is below the smallest normal number."""
        return softmax(z)

    def slopes(self, a):
        """∂aₖ/∂zₚ = aₖ(δₖₚ − aₚ), (m, m, N)."""
        return coupled(a, a)
