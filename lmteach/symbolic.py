"""The package's own formulas run on SymPy symbols, and SymPy's derivatives beside them.

What is compared or shown is a SymPy Matrix. What has the package's shapes is a NumPy array of
dtype object.
"""

import numpy as np
import sympy as sp

from .checks import as_array, at_least, instance
from .network import Network
from .network_fit import NetworkFit
from .problems import Problem


def letters(name, *shape):
    """An object array of real symbols: name_1, name_2, … or name_11, name_12, …"""
    instance("name", name, str, "a name, such as 'w'")
    symbols = [sp.Symbol(name + _index(place), real=True) for place in np.ndindex(*shape)]
    return np.array(symbols).reshape(shape)


def symbols_for(m, n):
    """Real symbols r (m×1), J (m×n), h (n×1), and μ > 0."""
    m, n = at_least("m", m, 1), at_least("n", n, 1)
    r, J, h = letters("r", m), letters("J", m, n), letters("h", n)
    return sp.Matrix(r), sp.Matrix(J), sp.Matrix(h), sp.Symbol("mu", positive=True)


class OnSymbols:
    """A problem at a θ of symbols: `F`, `r`, `J`, `g` and `A` as the package computes them.

    `diff_J` = ∂r/∂θ, `diff_g` = ∇F and `hessian` = ∇²F are SymPy's derivatives of the same r and
    F. `here` is the package's Linearization; its `step(mu)` is exact where μ and θ are.
    """

    def __init__(self, problem, theta):
        instance("problem", problem, Problem, "a Problem, such as LeastSquares or NetworkFit")
        theta = as_array("theta", np.array(theta, dtype=object).ravel(), 1)
        self.here = problem.linearize(theta)
        self.theta, self.F = sp.Matrix(list(theta)), self.here.loss
        self.r, self.J, self.g, self.A = (
            sp.Matrix(x) for x in (self.here.r, self.here.J, self.here.g, self.here.A)
        )

    @property
    def diff_J(self):
        """∂r/∂θ by SymPy, (N·m, P)."""
        return self.r.jacobian(self.theta)

    @property
    def diff_g(self):
        """∇F by SymPy, (P, 1)."""
        return sp.Matrix([self.F.diff(t) for t in self.theta])

    @property
    def hessian(self):
        """∇²F by SymPy, (P, P)."""
        return sp.hessian(self.F, list(self.theta))


class NetworkOnSymbols(OnSymbols):
    """A network whose weights, inputs and targets are symbols, with its activations and δ, S.

    `X`, `Y`, `a` = [a⁰, …, a^L], `delta` = [δ¹, …, δ^L], `S` = [S¹, …, S^L] and `weights` =
    [(W¹, b¹), …] are object arrays in the package's shapes. The symbols are w^l_jk, b^l_j, x_j
    and y_k; with several samples x_ij and y_ik, where i is the sample.
    """

    def __init__(self, network, n_samples=1):
        self._name(network, n_samples)
        super().__init__(NetworkFit(network, self.X, self.Y), self.theta)
        self._run(network.forward(self.X, _vector(self.theta)), _vector(self.r))

    def _name(self, network, n_samples):
        example = "a Network, such as Input(2) >> Tanh(2) >> Linear(2)"
        self.network = instance("network", network, Network, example)
        at_least("n_samples", n_samples, 1)
        self.X = _samples("x", n_samples, network.n_inputs)
        self.Y = _samples("y", n_samples, network.n_outputs)
        layers = [_layer(number, *shape) for number, shape in enumerate(network.shapes, 1)]
        self.theta = sp.Matrix([symbol for layer in layers for symbol in layer])

    def _run(self, activations, r):
        theta = _vector(self.theta)
        self.a, self.weights = activations, self.network.split(theta)
        self.delta = self.network.error_terms(activations, r, theta)
        self.S = self.network.sensitivities(activations, theta)

    def pretty(self, expression):
        """The expression or matrix with the symbol a^l_j in place of each activation."""
        named = {}
        for i, a in enumerate(self.a[1:], 1):
            named |= dict(zip(a.flat, _samples(f"a^{i}", *a.shape).flat, strict=True))
        return expression.xreplace(named)


class NetworkOnLetters(NetworkOnSymbols):
    """The same with a symbol for each activation and residual: δ, S and J as on paper."""

    def __init__(self, network, n_samples=1):
        self._name(network, n_samples)
        sizes = enumerate([layer.size for layer in network.layers], 1)
        r = _samples("r", n_samples, network.n_outputs).ravel()
        self._run([self.X, *(_samples(f"a^{i}", n_samples, size) for i, size in sizes)], r)
        self.r, self.J = sp.Matrix(r), sp.Matrix(network.jacobian(self.a, _vector(self.theta)))
        self.F, self.g, self.A = self.r.dot(self.r) / 2, self.J.T * self.r, self.J.T * self.J


def _samples(name, n_samples, size):
    """Symbols of shape (n_samples, size); a single sample has no number."""
    return letters(name, size)[None] if n_samples == 1 else letters(name, n_samples, size)


def _layer(number, n_out, n_in):
    """The symbols of one layer, W row by row, then b."""
    return [*letters(f"w^{number}", n_out, n_in).flat, *letters(f"b^{number}", n_out)]


def _index(place):
    """_12 for the place (0, 1); _{1,12} where a number has two digits."""
    numbers = [str(i + 1) for i in place]
    if all(len(n) == 1 for n in numbers):
        return "_" + "".join(numbers)
    return "_{" + ",".join(numbers) + "}"


def _vector(column):
    return np.array(list(column), dtype=object)
