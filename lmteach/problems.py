"""What is fitted: θ ↦ r(θ), the loss F = ½ rᵀr, and the linearization there."""

from uuid import uuid4

import numpy as np

from . import prices, routes
from .checks import (
    LARGEST_SINGLE,
    SINGLE,
    as_array,
    as_finite,
    at_least,
    copied,
    flag,
    frozen,
    function,
    holds_symbols,
    instance,
    numbers_only,
    one_of,
    owned,
)
from .derivatives import checked_jacobian, disagreement
from .linearization import Linearization
from .losses import LOSSES
from .network import Network
from .parts import Data, Part
from .primitives import finite, inner


class Problem:
    """Residuals r(θ) that are counted, and remembered for the last θ, so that `linearize` need not evaluate them again.

    `n_residuals` counts evaluations of r at single points, `n_jacobians` linearizations; evaluations that only serve
    a numerical derivative or its check are not counted.
    """

    n_parameters = None  # any number, unless the problem knows it
    precision = "float64"  # of J and of the passes that r comes from
    rounding = 0.0  # F at or below it is nothing but rounding
    generalized = False  # True where J is not ∂r/∂θ and F not ½ rᵀr, but Jᵀr is ∇F
    _F = None  # F at the last θ, where it is not ½ rᵀr

    def __init__(self):
        self.n_residuals = self.n_jacobians = 0
        self._theta, self._r = np.empty(0), np.empty(0)  # no θ that anybody could ask for

    def residual(self, theta, check=True):
        """r(θ), (N·m,), read-only; `check=False` for a θ that is known to be an array (P,) of floats."""
        return self._evaluate(self._as_theta(theta) if check else theta)

    def loss(self, theta, check=True):
        """F(θ) = ½ rᵀr."""
        r = self.residual(theta, check)
        return inner(r, r) / 2 if self._F is None else self._F

    def linearize(self, theta, work=None):
        """The Linearization at θ; takes over r from the last evaluation when that was at the same θ."""
        theta = self._as_theta(theta)
        if theta is not self._theta and not np.array_equal(theta, self._theta):
            self._evaluate(theta)
        if not finite(self._r):
            raise ValueError(
                f"theta = {theta}: r is not finite there; expected a θ where every residual is a finite number"
            )
        here = self._linearized(self._theta, self._r, work)
        self.n_jacobians += 1
        return here

    def verify(self, theta):
        """Why the Jacobian at θ should not be trusted, in words; None if nothing speaks against it."""

    def _linearized(self, theta, r, work):
        return Linearization(r, *self._rows(theta), work)

    def _as_theta(self, theta):
        if theta is self._theta:
            return theta
        return as_finite("theta", theta, 1, self.n_parameters and (self.n_parameters,))

    def _evaluate(self, theta):
        self.n_residuals += 1
        self._theta, self._r = owned(theta), frozen(self._residual(theta))
        return self._r


class LeastSquares(Problem):
    """Any residual function r(θ), (P,) → (M,), with its Jacobian ∂r/∂θ, (M, P), or without.

    Without one, r is differentiated by complex steps, and by central differences where r does not take complex θ
    faithfully; a UserWarning says so. A Jacobian that was handed in is compared with differences of r along two
    directions at the first θ and before `solve` claims success; `check_jacobian=False` switches that off. Raises
    ValueError where the two disagree.
    """

    def __init__(self, residual, jacobian=None, check_jacobian=True):
        super().__init__()
        self._function = function("residual", residual, "residual(theta) → r, (M,)")
        self._given = (
            jacobian
            if jacobian is None
            else function("jacobian", jacobian, "jacobian(theta) → J, (M, P)")
        )
        self._check = flag("check_jacobian", check_jacobian)
        self._jacobian = None  # chosen at the first θ

    def verify(self, theta):
        """Why the Jacobian that was handed in should not be trusted at θ; None if nothing speaks against it."""
        if self._given is None or not self._check or holds_symbols(theta):
            return None
        J = as_finite(
            "jacobian(theta)", self._given(theta.copy()), 2, (len(self._r) or None, len(theta))
        )
        return disagreement(self._function, theta, J)

    def _residual(self, theta):
        return as_array("residual(theta)", self._function(theta.copy()), 1).copy()

    def _rows(self, theta):
        J = np.array(
            as_finite("jacobian(theta)", self._jacobian_at(theta), 2, (len(self._r), len(theta)))
        )

        def write_rows(start, stop, out):
            out[...] = J[start:stop].T

        return write_rows, len(theta), 1

    def _jacobian_at(self, theta):
        if self._jacobian is not None:
            return self._jacobian(theta.copy())
        if self._given is None:
            self._jacobian = self._numerical(theta)
        else:
            self._jacobian = self._given
            if problem := self.verify(theta):
                raise ValueError(
                    f"{problem} If r is noisy or has a kink there, pass check_jacobian=False."
                )
        return self._jacobian(theta.copy())

    def _numerical(self, theta):
        numbers_only(
            theta, "jacobian is None: expected a function jacobian(theta) where theta holds symbols"
        )
        return checked_jacobian(self._function, theta)


class CurveFit(LeastSquares):
    """A curve model(θ, x) fitted to data: r = model(θ, x) − y, flattened; x is handed on as it came, y is (N,) or
    (N, m).

    `jacobian(theta, x)`, if given, is ∂model/∂θ, (N·m, P).
    """

    def __init__(self, model, x, y, jacobian=None, check_jacobian=True):
        function("model", model, "model(theta, x) → prediction of y")
        if jacobian is not None:
            function("jacobian", jacobian, "jacobian(theta, x) → J, (N·m, P)")
        self.model, self.x = model, copied("x", x) if isinstance(x, (np.ndarray, list)) else x
        y = copied("y", y)
        self.y = as_finite("y", y, min(max(y.ndim, 1), 2))
        if isinstance(self.x, np.ndarray) and self.x.ndim and len(self.x) != len(self.y):
            raise ValueError(
                f"x has {len(self.x)} samples and y has {len(self.y)}: expected the same number"
            )
        super().__init__(
            self._difference, jacobian and (lambda theta: jacobian(theta, self.x)), check_jacobian
        )

    def _difference(self, theta):
        prediction = np.asarray(self.model(theta, self.x))
        if prediction.shape != self.y.shape:
            raise ValueError(
                f"model(theta, x) has shape {prediction.shape}: expected that of y, {self.y.shape}"
            )
        return (prediction - self.y).ravel()


class NetworkFit(Problem):
    """A network fitted to data: r = a^L − y, sample by sample; X is (N, n₀), Y is (N, m), θ is the network's, (P,).

    `loss`: "mse", or "cross_entropy" for a last layer Softmax and rows of Y that are probabilities; then
    F = −Σ y log p, and r̃ = (p − y)/√p takes the place of r (see losses.CrossEntropy). `route`: "rows", "blocks" or
    "samples", the way to the step (all are exact); the cheapest unless given, and `why_route` says why. `executor`:
    any concurrent.futures.Executor to share the sums over samples. `precision`: "float64", or "float32" for the
    passes through the network, J and the sums over samples, up to 1.6 times as fast, with J and the activations in
    half the memory; θ, μ and the Cholesky factorization stay in double precision. Then a^L and J have about 7 digits;
    g = Jᵀr loses log₁₀(‖J‖ ‖r‖ / ‖g‖) of them, near a minimum all, and h up to log₁₀ κ(JᵀJ + μI) more. The network
    itself is not changed: `network.theta = trace.theta` puts a result into it. Raises ValueError or TypeError for bad
    input.
    """

    def __init__(self, network, X, Y, loss="mse", route=None, executor=None, precision="float64"):
        super().__init__()
        self.network = instance(
            "network", network, Network, "a Network, such as Input(2) >> Tanh(4) >> Linear(1)"
        )
        if not network.layers:
            raise ValueError(f"network is {network!r}: expected at least one layer after the input")
        self.loss_name, self._error = one_of("loss", loss, tuple(LOSSES)), LOSSES[loss]
        if self._error.coupled and not network.layers[-1].couples:
            raise ValueError(
                f"loss = {loss!r} with {network.layers[-1]!r} last: expected a Softmax layer there"
            )
        # Column by column, as everything that the network computes from them: neighbouring samples are neighbours.
        self.X = np.array(as_finite("X", X, 2, (None, network.n_inputs)), order="F")
        self.Y = np.array(
            self._error.targets(as_finite("Y", Y, 2, (None, network.n_outputs))), order="F"
        )
        if len(self.X) != len(self.Y):
            raise ValueError(
                f"X has {len(self.X)} samples and Y has {len(self.Y)}: expected the same number"
            )
        self.n_parameters = network.n_parameters
        self.generalized = self._error.coupled
        self.precision = one_of("precision", precision, ("float64", "float32"))
        self._single = SINGLE if precision == "float32" else None
        if self._single:
            _fits_single("X", self.X)
            _fits_single("Y", self.Y)
            self.X = self.X.astype(SINGLE)
            self.rounding = (
                8 * np.finfo(SINGLE).eps ** 2 * float(np.square(self.Y).sum())
            )  # ½ ‖4 eps Y‖²
        self._choose(route, executor)

    def batches(self, size, seed):
        """One epoch of mini-batches: every sample once, in an order drawn from the seed, `size` at a time.

        Yields a NetworkFit for each; a last batch that would be smaller joins the one before it.
        """
        size, order = at_least("size", size, 1), np.random.default_rng(at_least("seed", seed, 0))
        order = order.permutation(len(self.X))
        for some in np.split(order, range(size, len(order) - size + 1, size)):
            options = self.loss_name, self._asked, self._executor, self.precision
            yield NetworkFit(self.network, self.X[some], self.Y[some], *options)

    def _choose(self, route, executor):
        self._asked, self._executor = route, executor
        if executor is not None and not callable(getattr(executor, "map", None)):
            raise TypeError(
                f"executor is a {type(executor).__name__}: expected a concurrent.futures.Executor"
            )
        sizes = [(W.shape[1], W.shape[0]) for W, _ in self.network.split(self.network.theta)]
        straight, shared = self.network.layers[-1].straight, executor is not None
        self.route, self.why_route = prices.choice(sizes, *self.Y.shape, straight, route, shared)
        if self._single:
            self.why_route += "; in float32, r and J to 7 digits"
        self._cuts = prices.cuts(self.route, sizes, len(self.X), shared)
        self._keeps = not shared and (self.route == "samples" or prices.kept(sizes, len(self.X)))
        self._kind = None if self.route == "rows" and not shared else routes.KINDS[self.route]
        name = uuid4().hex if shared else None
        self._data = [Data(self.X[a:b], self.Y[a:b], (name, a, b)) for a, b in self._cuts]

    def _residual(self, theta):
        if not self._single:
            return self._residual_from(theta)
        numbers_only(theta, 'precision = "float32": expected numbers in theta, not symbols')
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # a trial too far out is refused, as in double precision
            return self._residual_from(theta.astype(SINGLE))

    def _residual_from(self, theta):
        self._weights = self.network.split(theta)
        if self._keeps:
            self._activations = self.network.forward(self.X, self._weights)
            r = self._error.residual(self._activations[-1], self.Y)
            if self.generalized:
                self._F = self._error.value(self._activations[-1], self.Y, r)
            return r
        pieces = list(routes.by_executor(self._executor, Part.evaluate, self._parts()))
        if self.generalized:
            self._F = sum(F for _, F in pieces)
        return np.concatenate([r for r, _ in pieces])

    def _parts(self):
        """The Parts at the present θ, with their activations where those are kept."""
        alone, kept = len(self._cuts) == 1, self._activations if self._keeps else None
        return [
            Part(
                self.network,
                self._weights,
                data,
                self._error,
                kept and [a[start:stop] for a in kept],
                alone=alone,
            )
            for data, (start, stop) in zip(self._data, self._cuts, strict=True)
        ]

    def _linearized(self, theta, r, work):
        m, write_rows = self.Y.shape[1], self._kept_rows() if self._keeps else self._fresh_rows()
        if self._kind is None:
            return Linearization(r, write_rows, self.n_parameters, m, work, self._F, self._single)
        parts = [
            (slice(m * a, m * b), part)
            for (a, b), part in zip(self._cuts, self._parts(), strict=True)
        ]
        shape = self.n_parameters, m, work
        return self._kind(r, write_rows, *shape, self._F, self._single, parts, self._executor)

    def _kept_rows(self):
        """write_rows at the present θ, from the activations there."""
        activations, weights, network, error, Y = (
            self._activations,
            self._weights,
            self.network,
            self._error,
            self.Y,
        )

        def write_rows(start, stop, out):
            here = activations
            if stop - start < Y.size:
                m = Y.shape[1]
                here = [a[start // m : stop // m] for a in activations]
            network.jacobian(here, weights, out, error.start(here[-1]) if error.coupled else None)

        return write_rows

    def _fresh_rows(self):
        """write_rows at the present θ, where the activations are too large to keep."""
        weights, network, error, X, Y = self._weights, self.network, self._error, self.X, self.Y

        def write_rows(start, stop, out):
            some = slice(start // Y.shape[1], stop // Y.shape[1])
            Part(network, weights, Data(X[some], Y[some]), error).rows(out)

        return write_rows


def _fits_single(name, array):
    """Nothing if the array may be computed with in float32; ValueError for symbols and what is too large to square."""
    numbers_only(array, f'precision = "float32": expected numbers in {name}, not symbols')
    if (np.abs(array) > LARGEST_SINGLE).any():
        largest = f'expected at most {LARGEST_SINGLE:.2g} with precision = "float32"'
        raise ValueError(f"{name} holds numbers up to {np.abs(array).max():.3g}: {largest}")
