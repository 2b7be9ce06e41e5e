"""A network fitted to data: where network, loss and route meet."""

from concurrent.futures import Executor
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike

from . import routes
from .checks import (
    LARGEST_SINGLE,
    SINGLE,
    a_thing,
    as_finite,
    as_positive,
    at_least,
    instance,
    numbers_only,
    one_of,
)
from .cross_entropy import LOSSES
from .data import samples
from .derivatives import output_gradient_disagrees
from .linearization import Explicit
from .losses import Loss
from .network import Network
from .problems import Evaluation, Problem
from .routes.parts import Data, Part

LOOKED_AT = 4  # samples on which a loss of the caller's is compared with differences


class NetworkFit(Problem):
    """A network fitted to data: r = a^L − y, sample by sample; X is (N, n₀), Y (N, m), θ (P,).

    `loss`: "mse"; "cross_entropy", for a last layer Softmax and rows of Y that are probabilities;
    "binary_cross_entropy", for a last layer Sigmoid and Y from 0 to 1; or a `losses.Loss` of your
    own. `route`: "rows", "blocks" or "samples", three exact ways to the step; the cheapest unless
    given, and `why_route` says why. `executor`: any concurrent.futures.Executor, to share the sums
    over samples.

    `precision`: "float64", or "float32" for the passes through the network, J and the sums over
    samples, up to 1.6 times as fast with half the memory; θ, μ and Cholesky stay in double
    precision. Wa + b is then rounded to 7 digits of its largest terms, so a^L and J lose up to
    log₁₀ of the largest |W||a| + |b| where these cancel; g = Jᵀr loses log₁₀(‖J‖ ‖r‖ / ‖g‖), near a
    minimum all, and h up to log₁₀ κ(JᵀJ + μI) more.

    `weights`: (N,), by which the squares of each sample count, F = ½ Σᵢ wᵢ ‖rᵢ‖²; r and J hold √wᵢ.

    Masked samples are left out, and with missing="drop" also those with a number that is not
    finite, with their weights; `n_dropped` counts them.

    The network itself is not changed: `network.theta = trace.theta` puts a result into it. Raises
    ValueError or TypeError for bad input.
    """

    redundant = True

    def __init__(
        self,
        network: Network,
        X: ArrayLike,
        Y: ArrayLike,
        loss: str | Loss = "mse",
        route: str | None = None,
        executor: Executor | None = None,
        precision: str = "float64",
        missing: str = "raise",
        weights: ArrayLike | None = None,
    ):
        super().__init__()
        self.network = instance(
            "network", network, Network, "a Network, such as Input(2) >> Tanh(4)"
        )
        if not network.layers:
            raise ValueError(f"network is {network!r}: expected at least one layer after the input")
        self.n_parameters = network.n_parameters
        self.loss_name, self._error = _as_loss(loss, network)
        self.generalized = self._error.generalized
        self._has_slopes = self._error.has_slopes
        X, Y, kept = samples(X, Y, missing)
        self.n_dropped = 0 if kept is None else int((~kept).sum())
        # Column by column, as everything that the network computes from them.
        self.X = np.array(as_finite("X", X, 2, (None, network.n_inputs)), order="F")
        Y = as_finite("Y", Y, 2, (None, network.n_outputs))
        self.Y = np.array(self._error.targets(Y), order="F")
        if len(self.X) != len(self.Y):
            counts = f"X has {len(self.X)} samples and Y has {len(self.Y)}"
            raise ValueError(f"{counts}: expected the same number")
        self.weights = self._as_weights(weights, kept)
        self.precision = one_of("precision", precision, ("float64", "float32"))
        self._single = SINGLE if precision == "float32" else None
        if self._single:
            self._use_single()
        if self.loss_name is None:
            self._check_loss()
        self._targets = self.Y
        if weights is not None:  # the loss takes their roots as one more column
            self._error, self._has_slopes = Weighted(self._error), True
            self._targets = np.asfortranarray(np.column_stack([self.Y, np.sqrt(self.weights)]))
        self._choose(route, executor)

    def __repr__(self):
        sizes = f"X {self.X.shape}, Y {self.Y.shape}, {self.n_parameters} parameters"
        loss = self.loss_name or type(self._error).__name__
        return f"<NetworkFit of {self.network!r}: {sizes}, {loss}, route {self.route}>"

    def batches(self, size, seed):
        """Yield one epoch of mini-batches, a NetworkFit each: every sample once, in a drawn order.

        `size` samples at a time; a last batch that would be smaller joins the one before it.
        """
        size, order = at_least("size", size, 1), np.random.default_rng(at_least("seed", seed, 0))
        order = order.permutation(len(self.X))
        loss = self.loss_name or getattr(self._error, "inner", self._error)
        for some in np.split(order, range(size, len(order) - size + 1, size)):
            options = loss, self._asked, self._executor, self.precision
            weights = None if self.weights is None else self.weights[some]
            data = self.X[some], self.Y[some]
            yield NetworkFit(self.network, *data, *options, weights=weights)

    def evaluation(self, theta):
        """Return the Evaluation at θ, (P,), with the parts that hold what was computed."""
        if self._single:
            numbers_only(theta, 'precision = "float32": expected numbers in theta, not symbols')
        if self._kind:
            data = self._data
            parts = [Part(self.network, theta, some, self._error, self._keeps) for some in data]
            return Evaluation(theta, *self._summed(parts), self, parts)
        weights = self.network.split(theta)
        activations = self.network.forward(self.X, weights)
        a = activations[-1]
        r = self._error.residual(a, self._targets).ravel()
        F = self._error.value(a, self._targets, r) if self.generalized else None
        return Evaluation(theta, r, F, self, (weights, activations if self._keeps else None))

    def linearization(self, seen, work=None):
        """Return the Linearization at the θ of an Evaluation, by the route."""
        if self._kind:
            return self._kind(seen.r, seen.inside, seen.loss, work, self._executor, self._single)
        network, (weights, activations) = self.network, seen.inside
        activations = activations or network.forward(self.X, weights)
        S, out, a = None, None, activations[-1]
        if self._has_slopes:
            S = self._error.output_slopes(network.layers[-1], a, self._targets)
        if work is not None:
            out = work.buffer("Jt", (self.n_parameters, len(seen.r)), seen.r.dtype)
        Jt = network.jacobian(activations, weights, S, out).T
        return Explicit(seen.r, Jt, seen.loss, work)

    def _summed(self, parts):
        """(r, F) over all parts; in single precision without a warning of a trial too far out."""
        told = {"over": "ignore", "invalid": "ignore"} if self._single else {}
        with np.errstate(**told):
            pieces = list(routes.by_executor(self._executor, Part.evaluate, parts))
        return np.concatenate([r for r, _ in pieces]), sum(F for _, F in pieces)

    def _choose(self, route, executor):
        """Choose the route, and cut the samples into parts."""
        self._asked, self._executor = route, executor
        if executor is not None and not callable(getattr(executor, "map", None)):
            expected = "expected a concurrent.futures.Executor"
            raise TypeError(f"executor is {a_thing(executor)}: {expected}")
        sizes = [(n_in, n_out) for n_out, n_in in self.network.shapes]
        straight, shared = self.network.layers[-1].straight, executor is not None
        self.route, self.why_route = routes.choice(sizes, *self.Y.shape, straight, route, shared)
        if self._single:
            self.why_route += "; in float32, r and J to 7 digits"
        cuts = routes.cuts(self.route, sizes, len(self.X), shared)
        whole = self.route == "rows" and len(cuts) == 1 and not (shared or self._single)
        self._kind = None if whole else routes.KINDS[self.route]
        small = self.route == "samples" or routes.kept(sizes, len(self.X))
        self._keeps = small and not shared
        ours = uuid4().hex  # by which a worker tells our samples from those of others
        named = [((ours, a, b) if shared else None, slice(a, b)) for a, b in cuts]
        self._data = [Data(self.X[some], self._targets[some], name) for name, some in named]

    def _as_weights(self, weights, kept):
        """Weights that are positive numbers, (N,), for a loss that is ½ rᵀr; None for none.

        They come for all samples; `kept` says which of those were, None for all.
        """
        if weights is None:
            return None
        if self.generalized:
            came = f"weights with loss = {self.loss_name or self._error!r}"
            raise ValueError(f"{came}: expected a loss with F = ½ rᵀr, such as mse")
        N = len(self.X) + self.n_dropped
        if self.n_dropped and np.shape(weights) == (N,):
            weights, N = np.asanyarray(weights)[kept], len(self.X)
        return as_positive("weights", weights, 1, (N,)).copy()

    def _use_single(self):
        for name in ("X", "Y"):
            _check_single(name, getattr(self, name))
        self.X = self.X.astype(SINGLE)
        self.eps = float(np.finfo(SINGLE).eps)
        self.rounding = 8 * self.eps**2 * float(np.square(self.Y).sum())  # ½ ‖4 eps Y‖²

    def _check_loss(self):
        """ValueError where S^Lᵀr of a loss of the caller's is not ∂F/∂z^L, by differences."""
        Y, layer = self.Y[:LOOKED_AT], self.network.layers[-1]

        def loss(z):
            a = layer.activate(z)
            return self._error.value(a, Y, self._error.residual(a, Y).ravel())

        def gradient(z):
            a = layer.activate(z)
            r, S = self._error.residual(a, Y).T, self._error.output_slopes(layer, a, Y)
            return (r * S if S.ndim == 2 else (S * r[:, None]).sum(axis=0)).T

        if wrong := output_gradient_disagrees(loss, gradient, Y.shape):
            raise ValueError(f"loss = {self._error!r}: {wrong}")


class Weighted(Loss):
    """A loss whose last column of targets is √w: r and S^L of a sample are multiplied by it."""

    def __init__(self, inner):
        self.inner = inner

    def residual(self, a, Y):
        """Return √w r, (N, m)."""
        return self.inner.residual(a, Y[:, :-1]) * Y[:, -1:]

    def output_slopes(self, layer, a, Y):
        """Return √w S^L, shaped as `Layer.slopes`."""
        return self.inner.output_slopes(layer, a, Y[:, :-1]) * Y[:, -1]


def _as_loss(loss, network):
    """(its name, None for one of the caller's; the Loss), if the last layer is what it needs."""
    if isinstance(loss, type) and issubclass(loss, Loss):
        name = loss.__name__
        raise TypeError(f"loss is the class {name}: expected an object of it, {name}()")
    if isinstance(loss, Loss):
        name, error = None, loss
    else:
        name = one_of("loss", loss, tuple(LOSSES))
        error = LOSSES[name]
    last = network.layers[-1]
    if error.last_layer and type(last).__name__ != error.last_layer:
        expected = f"expected {error.last_layer} as the last layer"
        raise ValueError(f"loss = {loss!r} with {last!r} last: {expected}")
    return name, error


def _check_single(name, array):
    """ValueError for symbols, and for numbers too large to be squared in single precision."""
    numbers_only(array, f'precision = "float32": expected numbers in {name}, not symbols')
    if (np.abs(array) > LARGEST_SINGLE).any():
        largest = f'expected at most {LARGEST_SINGLE:.2g} with precision = "float32"'
        raise ValueError(f"{name} holds numbers up to {np.abs(array).max():.3g}: {largest}")
