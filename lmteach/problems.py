"""What is fitted: θ ↦ r(θ), the loss F = ½ rᵀr, and the linearization there."""

import numpy as np

from .checks import as_array, as_finite, copied, flag, function, holds_symbols, instance, numbers_only, one_of, owned
from .derivatives import checked_jacobian, disagreement
from .linearization import Linearization
from .network import Network
from .primitives import finite, inner


class Problem:
    """Residuals r(θ) that are counted, and remembered for the last θ, so that `linearize` need not evaluate them again.

    `n_residuals` counts evaluations of r at single points, `n_jacobians` linearizations; evaluations that only serve
    a numerical derivative or its check are not counted.
    """

    n_parameters = None  # any number, unless the problem knows it

    def __init__(self):
        self.n_residuals = self.n_jacobians = 0
        self._theta, self._r = np.empty(0), np.empty(0)  # no θ that anybody could ask for

    def residual(self, theta, check=True):
        """r(θ), (N·m,), read-only; `check=False` for a θ that is known to be an array (P,) of floats."""
        return self._evaluate(self._as_theta(theta) if check else theta)

    def loss(self, theta, check=True):
        """F(θ) = ½ rᵀr."""
        r = self.residual(theta, check)
        return inner(r, r) / 2

    def linearize(self, theta, work=None):
        """The Linearization at θ; takes over r from the last evaluation when that was at the same θ."""
        theta = self._as_theta(theta)
        if theta is not self._theta and not np.array_equal(theta, self._theta):
            self._evaluate(theta)
        if not finite(self._r):
            raise ValueError(
                f"theta = {theta}: r is not finite there; expected a θ where every residual is a finite number"
            )
        here = Linearization(self._r, *self._rows(self._theta), work)
        self.n_jacobians += 1
        return here

    def verify(self, theta):
        """Why the Jacobian at θ should not be trusted, in words; None if nothing speaks against it."""

    def _as_theta(self, theta):
        if theta is self._theta:
            return theta
        return as_finite("theta", theta, 1, self.n_parameters and (self.n_parameters,))

    def _evaluate(self, theta):
        self.n_residuals += 1
        r = self._residual(theta)
        r.setflags(write=False)
        self._theta, self._r = owned(theta), r
        return r


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
        self._given = jacobian if jacobian is None else function("jacobian", jacobian, "jacobian(theta) → J, (M, P)")
        self._check = flag("check_jacobian", check_jacobian)
        self._jacobian = None  # chosen at the first θ

    def verify(self, theta):
        """Why the Jacobian that was handed in should not be trusted at θ; None if nothing speaks against it."""
        if self._given is None or not self._check or holds_symbols(theta):
            return None
        J = as_finite("jacobian(theta)", self._given(theta.copy()), 2, (len(self._r) or None, len(theta)))
        return disagreement(self._function, theta, J)

    def _residual(self, theta):
        return as_array("residual(theta)", self._function(theta.copy()), 1).copy()

    def _rows(self, theta):
        J = np.array(as_finite("jacobian(theta)", self._jacobian_at(theta), 2, (len(self._r), len(theta))))

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
                raise ValueError(f"{problem} If r is noisy or has a kink there, pass check_jacobian=False.")
        return self._jacobian(theta.copy())

    def _numerical(self, theta):
        numbers_only(theta, "jacobian is None: expected a function jacobian(theta) where theta holds symbols")
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
            raise ValueError(f"x has {len(self.x)} samples and y has {len(self.y)}: expected the same number")
        super().__init__(self._difference, jacobian and (lambda theta: jacobian(theta, self.x)), check_jacobian)

    def _difference(self, theta):
        prediction = np.asarray(self.model(theta, self.x))
        if prediction.shape != self.y.shape:
            raise ValueError(f"model(theta, x) has shape {prediction.shape}: expected that of y, {self.y.shape}")
        return (prediction - self.y).ravel()


class NetworkFit(Problem):
    """A network fitted to data: r = a^L − y, sample by sample; X is (N, n₀), Y is (N, m), θ is the network's, (P,).

    The network itself is not changed: `network.theta = trace.theta` puts a result into it.
    """

    def __init__(self, network, X, Y, loss="mse"):
        super().__init__()
        self.network = instance("network", network, Network, "a Network, such as Input(2) >> Tanh(4) >> Linear(1)")
        if not network.layers:
            raise ValueError(f"network is {network!r}: expected at least one layer after the input")
        one_of("loss", loss, ("mse",))
        # Column by column, as everything that the network computes from them: neighbouring samples are neighbours.
        self.X = np.array(as_finite("X", X, 2, (None, network.n_inputs)), order="F")
        self.Y = np.array(as_finite("Y", Y, 2, (None, network.n_outputs)), order="F")
        if len(self.X) != len(self.Y):
            raise ValueError(f"X has {len(self.X)} samples and Y has {len(self.Y)}: expected the same number")
        self.n_parameters = network.n_parameters

    def _residual(self, theta):
        self._weights = self.network.split(theta)
        self._activations = self.network.forward(self.X, self._weights)
        return (self._activations[-1] - self.Y).ravel()

    def _rows(self, theta):
        activations, weights, m = self._activations, self._weights, self.Y.shape[1]

        def write_rows(start, stop, out):
            whole = stop - start == self.Y.size
            here = activations if whole else [a[start // m : stop // m] for a in activations]
            self.network.jacobian(here, weights, out)

        return write_rows, self.n_parameters, m
