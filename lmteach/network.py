"""A feedforward network: forward pass, error terms, sensitivities and the Jacobian, from one flat θ.

Arrays hold samples as rows. In memory they lie column by column (see `product`), so that neighbouring samples are
neighbours. Arrays of SymPy expressions pass through the same formulas.
"""

from itertools import pairwise

import numpy as np

from .checks import FLOAT, SINGLE, as_array, as_finite, at_least, instance, one_of


class Layer:
    """One layer of n units: a = f(z), with the slope f′(z) written in terms of a."""

    couples = False  # every a depends on every z of the layer; `slopes(a)` is then ∂a/∂z, (m, m, N)

    def __init__(self, size):
        self.size = at_least(f"size of {type(self).__name__}", size, 1)

    @property
    def straight(self):
        """Whether f′ = 1: where nobody has written another slope."""
        return type(self).slope is Layer.slope and not self.couples

    def activate(self, z):
        """a = f(z), elementwise."""
        return z

    def slope(self, a):
        """f′(z) in terms of a = f(z), (N, n)."""
        ones = np.empty(a.shape, a.dtype)
        ones.fill(1)
        return ones

    def __rshift__(self, other):
        return Network([self]) >> other

    def __repr__(self):
        return f"{type(self).__name__}({self.size})"


class Network:
    """Layers a⁰ = x, zˡ = Wˡ aˡ⁻¹ + bˡ, aˡ = f(zˡ), and one flat θ that holds every W (row by row) and b, layer by
    layer.

    Written `Input(2) >> Tanh(4) >> Linear(1)` or `Network([Input(2), Tanh(4), Linear(1)])`. `>>` copies: no network is
    changed by being extended. The weights come from `initialize(seed=0)` until they are set.
    """

    n_parameters = 0  # P, of the whole θ

    def __init__(self, layers):
        layers = _flat(instance("layers", layers, (list, tuple), "a list or tuple of layers"))
        for i, layer in enumerate(layers):
            instance(f"layers[{i}]", layer, Layer, "a layer, such as Tanh(4)")
            if (type(layer).__name__ == "Input") != (i == 0):
                raise ValueError(
                    f"layers[{i}] is {layer!r}: expected Input(n) first, and nowhere else"
                )
            if layer.couples and i != len(layers) - 1:
                raise ValueError(
                    f"layers[{i}] is {layer!r}: expected it as the last layer, and nowhere else"
                )
        if not layers:
            raise ValueError("layers is empty: expected Input(n) and at least one more layer")
        self.inputs, *self.layers = layers
        self._blocks = list(_blocks([layer.size for layer in layers]))
        self.n_parameters = self._blocks[-1][2].stop if self.layers else 0
        self._identity = np.eye(self.n_outputs, dtype=int)[:, None, :]
        self.initialize()

    @property
    def n_inputs(self):
        """Number of inputs, n₀."""
        return self.inputs.size

    @property
    def n_outputs(self):
        """Number of outputs, m = n_L."""
        return [self.inputs, *self.layers][-1].size

    @property
    def shapes(self):
        """Shape (n_l, n_{l−1}) of each W."""
        return [shape for shape, _, _ in self._blocks]

    @property
    def theta(self):
        """Every weight and bias, (P,); a copy."""
        return self._theta.copy()

    @theta.setter
    def theta(self, value):
        self._theta = as_finite("theta", value, 1, (self.n_parameters,)).copy()

    def initialize(self, seed=0, scheme="glorot"):
        """Draw W from the scheme's distribution and set b = 0; returns the network.

        "glorot": variance 2/(n_l + n_{l−1}); "he": 2/n_{l−1}; "lecun": 1/n_{l−1} (all normal); "uniform": W and b in
        [−1, 1]. Sources: Glorot & Bengio (2010), He et al. (2015), LeCun et al. (1998). Raises ValueError for
        another scheme.
        """
        draw = SCHEMES[one_of("scheme", scheme, SCHEMES)]
        rng = np.random.default_rng(at_least("seed", seed, 0))
        self._theta = np.zeros(self.n_parameters)
        for W, b in self.split(self._theta):
            draw(rng, W, b)
        return self

    def split(self, theta):
        """The views (W, b) of θ, layer by layer."""
        return [(theta[w].reshape(shape), theta[b]) for shape, w, b in self._blocks]

    def forward(self, X, theta=None):
        """[a⁰, …, a^L], each (N, n_l): zˡ = Wˡ aˡ⁻¹ + bˡ, aˡ = f(zˡ)."""
        ready = (
            isinstance(X, np.ndarray)
            and X.dtype in (FLOAT, SINGLE)
            and X.shape[1:] == (self.inputs.size,)
        )
        activations = [a := X if ready else as_array("X", X, 2, (None, self.n_inputs))]
        for layer, (W, b) in zip(self.layers, self._weights(theta)):
            z = product(W, a)
            z += b
            a = layer.activate(z)
            activations.append(a)
        return activations

    def error_terms(self, activations, r, theta=None, start=None):
        """[δ¹, …, δ^L], each (N, n_l): δ^L = r ∘ f′(z^L), δˡ = (Wˡ⁺¹ᵀ δˡ⁺¹) ∘ f′(zˡ).

        `start`: S^L = ∂r/∂z^L, (m, m, N), where it is not diagonal; then δ^L = S^Lᵀ r.
        """
        weights, a = self._weights(theta), activations[-1]
        start = self._start(a, start)
        r = r.reshape(a.shape)
        deltas = [
            r * self.layers[-1].slope(a) if start is None else (start * r.T[:, None]).sum(axis=0).T
        ]
        for i in reversed(range(1, len(self.layers))):
            delta = product(weights[i][0].T, deltas[0])
            delta *= self.layers[i - 1].slope(activations[i])
            deltas.insert(0, delta)
        return deltas

    def gradient(self, activations, deltas):
        """∇F = [∂F/∂W¹, ∂F/∂b¹, …], (P,): ∂F/∂Wˡ = Σᵢ δˡᵢ aˡ⁻¹ᵢᵀ, ∂F/∂bˡ = Σᵢ δˡᵢ."""
        pairs = zip(activations, deltas, strict=False)
        return np.concatenate(
            [part for a, delta in pairs for part in ((delta.T @ a).ravel(), delta.sum(axis=0))]
        )

    def sensitivities(self, activations, theta=None, start=None):
        """[S¹, …, S^L], each (N, m, n_l): S^L = I ∘ f′(z^L), Sˡ = (Sˡ⁺¹ Wˡ⁺¹) ∘ f′(zˡ).

        `start`: S^L, (m, m, N), where it is not diagonal.
        """
        columns = self._sensitivities(activations, self._weights(theta), start)
        return [S.reshape(len(S), *activations[-1].shape).transpose(1, 2, 0) for S in columns]

    def factors(self, activations, theta=None, start=None):
        """[(aˡ⁻¹, Tˡ, f′ˡ), …] with Sˡ = Tˡ ∘ f′(zˡ) and Tˡ = Sˡ⁺¹ Wˡ⁺¹, samples last.

        aˡ⁻¹ is (n_{l−1}, N). Tˡ is (m, n_l) where it is the same for all samples, else (m, n_l, N). f′ˡ is (n_l, N), or
        None where it is 1 or where T^L is `start`, which holds it already.
        """
        weights, factors = self._weights(theta), []
        start = self._start(activations[-1], start)
        T = self._identity[:, 0].astype(activations[-1].dtype) if start is None else start
        for i in reversed(range(len(self.layers))):
            ready = self.layers[i].straight or (start is not None and i == len(self.layers) - 1)
            slope = None if ready else self.layers[i].slope(activations[i + 1]).T
            factors.insert(0, (activations[i].T, T, slope))
            if i > 0:
                S = T if slope is None else (T if T.ndim == 3 else T[:, :, None]) * slope
                T = S @ weights[i][0] if S.ndim == 2 else np.matmul(weights[i][0].T, S)
        return factors

    def _start(self, a, start):
        """S^L, (m, m, N), as given, or where the last layer couples its units; else None."""
        return self.layers[-1].slopes(a) if start is None and self.layers[-1].couples else start

    def _sensitivities(self, activations, weights, start=None):
        """The same as they lie in memory, each (n_l, N·m): column i·m+k is sample i, output k."""
        m = activations[-1].shape[1]
        if self.layers[-1].couples:
            start = self._start(activations[-1], start)
        if start is None:
            slope = self.layers[-1].slope(activations[-1]).T
            S = (
                slope
                if m == 1
                else (self._identity.astype(slope.dtype) * slope[:, :, None]).reshape(m, -1)
            )
        else:
            S = start.transpose(1, 2, 0).reshape(m, -1)
        sensitivities = [S]
        for layer, a, (W, _) in zip(self.layers[-2::-1], activations[-2::-1], weights[::-1]):
            S = W.T.dot(S)
            S *= _columns(layer.slope(a), m)
            sensitivities.insert(0, S)
        return sensitivities

    def jacobian(self, activations, theta=None, out=None, start=None):
        """J = ∂r/∂θ, (N·m, P): row i·m+k holds Sˡ[i, k] aˡ⁻¹[i]ᵀ for each W and Sˡ[i, k] for each b.

        `out` is an optional (P, N·m) buffer for Jᵀ, which is how J lies in memory. `start`: S^L, (m, m, N), where it
        is not diagonal.
        """
        N, m = activations[-1].shape
        Jt = (
            np.empty((self.n_parameters, N * m), dtype=activations[-1].dtype)
            if out is None
            else out
        )
        sensitivities = self._sensitivities(activations, self._weights(theta), start)
        for (shape, w, b), a, S in zip(self._blocks, activations, sensitivities):
            np.multiply(S[:, None], _columns(a, m), Jt[w].reshape(*shape, -1))
            Jt[b] = S
        return Jt.T

    def predict(self, X):
        """a^L for the network's own θ, (N, m)."""
        return np.ascontiguousarray(self.forward(as_finite("X", X, 2, (None, self.n_inputs)))[-1])

    def copy(self):
        """A network of the same layers and weights that shares nothing with this one."""
        twin = Network([self.inputs, *self.layers])
        twin._theta = self._theta.copy()
        return twin

    def _weights(self, theta):
        """The views of θ, of the network's own θ if that is None; what `split` returned goes through."""
        if isinstance(theta, list):
            return theta
        if theta is None:
            theta = self._theta
        elif getattr(theta, "shape", ()) != (self.n_parameters,):
            theta = as_array("theta", theta, 1, (self.n_parameters,))
        return self.split(theta)

    def __rshift__(self, other):
        longer = Network([self.inputs, *self.layers, *(_flat([other]))])
        longer._theta[: self.n_parameters] = self._theta
        return longer

    def __repr__(self):
        return " >> ".join(map(repr, [self.inputs, *self.layers]))


def product(W, a):
    """W aᵢ for every sample i, a @ W.T, laid out column by column: later sums over samples run along memory."""
    return W.dot(a.T).T


def coupled(p, q):
    """diag(q) − p qᵀ for every sample, samples last: entry (k, j) is qₖδₖⱼ − qₖ pⱼ, (m, m, N)."""
    p, q = p.T, q.T
    out = -q[:, None] * p
    for k, row in enumerate(q):
        out[k, k] += row
    return out


def _columns(a, m):
    """(N, n) as (n, N·m): every sample m times, once for each output."""
    return a.T if m == 1 else np.repeat(a.T, m, axis=1)


def _flat(layers):
    """Networks among the layers count as their layers."""
    return [
        x
        for layer in layers
        for x in ([layer.inputs, *layer.layers] if isinstance(layer, Network) else [layer])
    ]


def _blocks(sizes):
    """(shape of W, its slice of θ, the slice of b), layer by layer."""
    stop = 0
    for n_in, n_out in pairwise(sizes):
        start, middle, stop = stop, stop + n_out * n_in, stop + n_out * (n_in + 1)
        yield (n_out, n_in), slice(start, middle), slice(middle, stop)


def _normal(variance):
    def draw(rng, W, b):
        W[...] = rng.normal(scale=np.sqrt(variance(*W.shape)), size=W.shape)

    return draw


def _uniform(rng, W, b):
    W[...] = rng.uniform(-1, 1, size=W.shape)
    b[...] = rng.uniform(-1, 1, size=b.shape)


SCHEMES = {
    "glorot": _normal(lambda n_out, n_in: 2 / (n_out + n_in)),
    "he": _normal(lambda n_out, n_in: 2 / n_in),
    "lecun": _normal(lambda n_out, n_in: 1 / n_in),
    "uniform": _uniform,
}
