"""A feedforward network: forward pass, error terms, sensitivities and J, from one flat θ.

Arrays hold samples as rows. In memory they lie column by column (see `product`), so that sums over
samples run along memory. Arrays of SymPy expressions pass through the same formulas.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .assembly import checked_layers, flat, places
from .checks import FLOAT, SINGLE, as_array, as_finite, at_least, one_of
from .derivatives import slopes_disagree
from .initialization import SCHEMES, draw


class Layer:
    """One layer of n units: a = f(z), with the slope f′(z) written in terms of a.

    A subclass writes `activate(z)` and `slope(a)`, both elementwise on arrays (N, n). f′ has to be
    a function of a, as it is wherever f is monotone. The first network that holds the layer
    compares the two by differences. Raises TypeError for a subclass without `slope`.
    """

    straight = False  # True where f′ = 1 for every z
    couples = False  # True where each a depends on every z of the layer
    symbolic = False  # True for a layer of symbols only, which no numbers can check
    _checked = False

    def __init__(self, size):
        self.size = at_least(f"size of {type(self).__name__}", size, 1)
        if type(self).slope is Layer.slope and not self.couples:
            expected = "expected a method slope(a), which gives f′(z) in terms of a = f(z)"
            raise TypeError(f"{type(self).__name__} has no slope: {expected}")

    def activate(self, z):
        """Return a = f(z), (N, n)."""
        expected = "expected a method activate(z), which gives a = f(z)"
        raise TypeError(f"{type(self).__name__} has no activate: {expected}")

    def slope(self, a):
        """Return f′(z) in terms of a = f(z), (N, n)."""
        return np.ones_like(a)

    def slopes(self, a):
        """Return ∂a/∂z of every sample, samples last.

        (n, N), the diagonal, where each a depends on its own z only; (n, 1) where it is the same
        for all samples; (n, n, N), entry [k, j] = ∂aₖ/∂zⱼ, where the layer couples its units.
        """
        return self.slope(a).T

    def check_slopes(self):
        """Raise ValueError where `slopes` disagrees with differences of `activate`; asked once."""
        if not (self._checked or self.symbolic):
            if wrong := slopes_disagree(self.activate, self.slopes, self.size):
                raise ValueError(f"{self!r}: {wrong}")
            self._checked = True

    def __rshift__(self, other):
        return Network([self]) >> other

    def __repr__(self):
        return f"{type(self).__name__}({self.size})"


class Network:
    """Layers a⁰ = x, zˡ = Wˡ aˡ⁻¹ + bˡ, aˡ = f(zˡ), and one flat θ.

    θ holds every W (row by row) and b, layer by layer. Written `Input(2) >> Tanh(4) >> Linear(1)`
    or `Network([Input(2), Tanh(4), Linear(1)])`. `>>` copies: no network is changed by being
    extended. The weights come from `initialize(seed=0)` until they are set. `output_slopes`, where
    a method takes them, are S^L = ∂r/∂z^L, shaped as `Layer.slopes`; the last layer's unless given.
    """

    n_parameters = 0  # P, of the whole θ

    def __init__(self, layers):
        self.inputs, *self.layers = checked_layers(layers, Layer)
        sizes = [layer.size for layer in (self.inputs, *self.layers)]
        self.n_inputs, self.n_outputs = sizes[0], sizes[-1]  # n₀ and m = n_L
        self._places = list(places(sizes))
        self.n_parameters = self._places[-1][2].stop if self.layers else 0
        self.initialize()

    @property
    def shapes(self):
        """Shape (n_l, n_{l−1}) of each W."""
        return [shape for shape, _, _ in self._places]

    @property
    def theta(self):
        """Every weight and bias, (P,); a copy."""
        return self._theta.copy()

    @theta.setter
    def theta(self, value):
        self._theta = as_finite("theta", value, 1, (self.n_parameters,)).copy()

    def initialize(self, seed: int = 0, scheme: str = "glorot") -> "Network":
        """Draw W from the scheme's distribution, set b = 0, and return the network.

        "glorot": variance 2/(n_l + n_{l−1}); "he": 2/n_{l−1}; "lecun": 1/n_{l−1} (all normal);
        "uniform": W and b in [−1, 1]. Sources: Glorot & Bengio (2010), He et al. (2015), LeCun et
        al. (1998). Raises ValueError for another scheme.
        """
        one_of("scheme", scheme, SCHEMES)
        rng = np.random.default_rng(at_least("seed", seed, 0))
        self._theta = np.zeros(self.n_parameters)
        for W, b in self.split(self._theta):
            draw(scheme, rng, W, b)
        return self

    def split(self, theta=None):
        """Return the views (W, b) of θ, layer by layer; the network's own θ unless given."""
        if type(theta) is list:
            return theta  # such views
        if theta is None:
            theta = self._theta
        elif getattr(theta, "shape", ()) != (self.n_parameters,):
            theta = as_array("theta", theta, 1, (self.n_parameters,))
        views = []
        for shape, w, b in self._places:
            views.append((theta[w].reshape(shape), theta[b]))
        return views

    def forward(self, X, theta=None):
        """Return [a⁰, …, a^L], each (N, n_l): zˡ = Wˡ aˡ⁻¹ + bˡ, aˡ = f(zˡ)."""
        ready = isinstance(X, np.ndarray) and X.dtype in (FLOAT, SINGLE)
        if not (ready and X.shape[1:] == (self.n_inputs,)):
            X = as_array("X", X, 2, (None, self.n_inputs))
        activations = [a := X]
        for layer, (W, b) in zip(self.layers, self.split(theta)):
            z = product(W, a)
            z += b
            a = layer.activate(z)
            activations.append(a)
        return activations

    def error_terms(self, activations, r, theta=None, output_slopes=None):
        """Return [δ¹, …, δ^L], each (N, n_l): δ^L = S^Lᵀ r, δˡ = (Wˡ⁺¹ᵀ δˡ⁺¹) ∘ f′(zˡ).

        Where each output depends on its own net input only, δ^L = r ∘ f′(z^L).
        """
        a = activations[-1]
        S = self.layers[-1].slopes(a) if output_slopes is None else output_slopes
        r = r.reshape(a.shape).T
        delta = r * S if S.ndim == 2 else np.einsum("kjn,kn->jn", S, r)
        deltas = self._backward(delta, activations, self.split(theta))
        return [delta.T for delta in deltas]

    def gradient(self, activations, deltas):
        """Return ∇F = [∂F/∂W¹, ∂F/∂b¹, …], (P,).

        ∂F/∂Wˡ = Σᵢ δˡᵢ aˡ⁻¹ᵢᵀ, ∂F/∂bˡ = Σᵢ δˡᵢ.
        """
        parts = []
        for a, delta in zip(activations, deltas, strict=False):
            parts += [(delta.T @ a).ravel(), delta.sum(axis=0)]
        return np.concatenate(parts)

    def sensitivities(self, activations, theta=None, output_slopes=None):
        """Return [S¹, …, S^L], each (N, m, n_l): S^L = ∂r/∂z^L, Sˡ = (Sˡ⁺¹ Wˡ⁺¹) ∘ f′(zˡ)."""
        N, m = activations[-1].shape
        columns = self._sensitivities(activations, self.split(theta), output_slopes)
        columns = [np.broadcast_to(S, (len(S), N * m)) for S in columns]
        return [S.reshape(-1, N, m).transpose(1, 2, 0) for S in columns]

    def jacobian(self, activations, theta=None, output_slopes=None, out=None):
        """Return J = ∂r/∂θ, (N·m, P), a view of Jᵀ, which is how J lies in memory.

        Row i·m+k holds Sˡ[i, k] aˡ⁻¹[i]ᵀ for each W and Sˡ[i, k] for each b; `out` is an optional
        buffer (P, N·m) for Jᵀ.
        """
        N, m = activations[-1].shape
        sensitivities = self._sensitivities(activations, self.split(theta), output_slopes)
        Jt = out
        if out is None:
            Jt = np.empty((self.n_parameters, N * m), activations[-1].dtype)
        for (shape, w, b), a, S in zip(self._places, activations, sensitivities):
            a = a.T if m == 1 else _for_each_output(a, m)
            np.multiply(S[:, None], a, Jt[w].reshape(*shape, -1))
            Jt[b] = S
        return Jt.T

    def _sensitivities(self, activations, weights, output_slopes):
        """[S¹, …, S^L], each (n_l, N·m), column i·m+k for sample i and output k.

        With one output, S^L is (1, 1) where it is the same for all samples.
        """
        a = activations[-1]
        S = self.layers[-1].slopes(a) if output_slopes is None else output_slopes
        N, m = a.shape
        if m > 1 or S.ndim == 3:
            if S.ndim == 2:
                S = np.eye(m, dtype=S.dtype)[:, :, None] * S
            S = np.broadcast_to(S, (m, m, N))
            S = S.transpose(1, 2, 0).reshape(m, -1)
        return self._backward(S, activations, weights, m)

    def _backward(self, last, activations, weights, m=1):
        """[D¹, …, D^L] from D^L: Dˡ = (Wˡ⁺¹ᵀ Dˡ⁺¹) ∘ f′(zˡ), the recursion of δ and of S alike.

        Each is (n_l, N) for error terms, (n_l, N·m) for sensitivities.
        """
        terms = [last]
        for i in reversed(range(1, len(self.layers))):
            slope = self.layers[i - 1].slope(activations[i])
            slope = slope.T if m == 1 else _for_each_output(slope, m)
            W, _ = weights[i]
            terms.insert(0, W.T.dot(terms[0]) * slope)
        return terms

    def predict(self, X: ArrayLike) -> NDArray:
        """Return a^L for the network's own θ, (N, m)."""
        X = as_finite("X", X, 2, (None, self.n_inputs))
        return np.ascontiguousarray(self.forward(X)[-1])

    def copy(self) -> "Network":
        """Return a network of the same layers and weights that shares no weight with this one."""
        other = Network([self.inputs, *self.layers])
        other._theta = self._theta.copy()
        return other

    def __rshift__(self, other):
        longer = Network([self.inputs, *self.layers, *flat([other])])
        longer._theta[: self.n_parameters] = self._theta
        return longer

    def __repr__(self):
        return " >> ".join(map(repr, [self.inputs, *self.layers]))


def product(W, a):
    """Return W aᵢ for every sample i, a @ W.T, laid out column by column."""
    return W.dot(a.T).T


def _for_each_output(a, m):
    """(N, n) as (n, N·m): each sample's column m times, once for each output."""
    return np.repeat(a.T, m, axis=1)
