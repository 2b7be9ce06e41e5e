"""What is fitted: θ ↦ r(θ), the loss F = ½ rᵀr, and the linearization there."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import wording
from .checks import as_array, as_finite, flag, function, holds_symbols, owned
from .jacobians import Differentiable
from .linearization import Evaluation, Explicit, Linearization


class Problem(Differentiable):
    """A least-squares problem. A subclass writes `residual_at` and, if it can, `jacobian_at`.

    How J is found without `jacobian_at`, and checked with it, is said in `Differentiable`. A
    problem in which r and J share work overrides `evaluation` and `linearization`.

    `n_parameters` is P, None if any number will do. `n_residuals` counts evaluations of r, without
    those for a difference; `n_jacobians` linearizations. The problem remembers its last Evaluation,
    and gives it again where θ is the same.
    """

    n_parameters = None
    n_residuals = n_jacobians = 0
    generalized = False  # True where F ≠ ½ rᵀr and J ≠ ∂r/∂θ, but Jᵀr is ∇F
    redundant = False  # True where many θ give the same r, so that J may be singular at a minimum
    rounding = 0.0  # F at or below it is nothing but rounding
    last = None  # the last Evaluation
    moved = None  # moved(θ, Δθ), where a step leads if not to θ + Δθ: of a box

    def residual_at(self, theta):
        """Return r at θ, (N·m,)."""
        expected = "expected a method residual_at(theta), which gives r, (N·m,)"
        raise TypeError(f"{type(self).__name__} has no residual_at: {expected}")

    def place(self, i):
        """Return where residual i stands in the data, in words; "" if the problem does not know."""
        return ""

    def evaluate(self, theta: ArrayLike) -> Evaluation:
        """Return the Evaluation at θ, (P,). Raises ValueError or TypeError for another shape."""
        theta = as_finite("theta", theta, 1, self.n_parameters and (self.n_parameters,))
        last = self.last
        if last is not None and (theta is last.theta or np.array_equal(theta, last.theta)):
            return last
        return self.evaluation(owned(theta))

    def residual(self, theta: ArrayLike) -> NDArray:
        """Return r(θ), (N·m,), read-only."""
        return self.evaluate(theta).r

    def loss(self, theta: ArrayLike) -> float:
        """Return F(θ)."""
        return self.evaluate(theta).loss

    def linearize(self, theta: ArrayLike, work=None) -> Linearization:
        """Return the Linearization at θ. Raises ValueError where r is not finite."""
        return self.evaluate(theta).linearize(work)

    def evaluation(self, theta):
        """Return a new Evaluation at θ, (P,), a read-only array that nobody changes."""
        r = self.residual_at(theta)
        self._notice_precision(r)
        r = as_array("residual(theta)", r, 1, None, holds_symbols(theta))
        return Evaluation(theta, r.copy(), None, self)

    def linearization(self, seen, work=None):
        """Return the Linearization at the θ of an Evaluation."""
        return Explicit(seen.r, self.transposed_jacobian(seen), seen.loss, work)

    def __getstate__(self):
        return self.__dict__ | {"last": None, "_last_Jt": (None, None), "_derivative": None}


class LeastSquares(Problem):
    """Any residual function r(θ), (P,) → (M,), with its Jacobian ∂r/∂θ, (M, P), or without.

    Without one, r is differentiated as `Differentiable` says. One that was given is compared with
    differences of r at the first θ and before `solve` claims success; `check_jacobian=False`
    switches that off. Raises ValueError where the two disagree.
    """

    def __init__(
        self, residual: Callable, jacobian: Callable | None = None, check_jacobian: bool = True
    ):
        self._residual = function("residual", residual, "residual(theta) → r, (M,)")
        if jacobian is not None:
            function("jacobian", jacobian, "jacobian(theta) → J, (M, P)")
        self._jacobian = jacobian
        self.check_jacobian = flag("check_jacobian", check_jacobian)

    def residual_at(self, theta):
        """Return r at θ, (M,)."""
        return self._residual(theta.copy())

    def jacobian_at(self, theta):
        """Return ∂r/∂θ at θ, (M, P)."""
        if self._jacobian is None:
            return super().jacobian_at(theta)
        return self._jacobian(theta.copy())

    @property
    def gives_jacobian(self):
        """Whether a function for J was given."""
        return self._jacobian is not None

    def __repr__(self):
        return wording.of_least_squares(self)
