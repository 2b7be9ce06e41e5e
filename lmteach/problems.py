"""What is fitted: θ ↦ r(θ), the loss F = ½ rᵀr, and the linearization there."""

import math
import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import data
from .checks import (
    as_array,
    as_finite,
    flag,
    frozen,
    function,
    holds_symbols,
    not_finite,
    numbers_only,
    owned,
    read_only,
)
from .derivatives import checked_jacobian, disagreement, filled
from .linearization import Explicit, Linearization
from .primitives import finite, inner
from .weighing import is_complex, stacked, stacked_rows, weighing


class NotFinite(ValueError):
    """J is not finite at a θ where r is."""


class Evaluation(NamedTuple):
    """r and F at one θ, with all that the linearization there needs. Nothing in it ever changes."""

    theta: Any  # (P,), read-only
    r: Any  # residuals, (N·m,), read-only
    loss: float  # F
    problem: Any
    inside: Any = None  # what the problem computed on the way, such as a network's activations

    def linearize(self, work=None) -> Linearization:
        """Return the Linearization at this θ; `work` holds the buffers of a running solver.

        Raises ValueError where r is not finite, NotFinite where J is not.
        """
        if self.loss != self.loss or self.loss == math.inf and not finite(self.r):
            expected = "expected a θ where every residual is a finite number"
            came = not_finite(self.r, self.problem.place)
            raise ValueError(f"theta = {self.theta}: r is not finite there; {expected}; {came}")
        here = self.problem.linearization(self, work)
        self.problem.n_jacobians += 1
        if not finite(here.g):  # of a J that is not, or where Jᵀr overflows
            _refuse_not_finite(here.J)
        return here

    def __reduce__(self):
        return read_only, (Evaluation, tuple(self))

    __eq__, __ne__, __hash__ = object.__eq__, object.__ne__, object.__hash__  # of arrays, no == is


def _refuse_not_finite(J):
    for i, j in np.argwhere(~np.isfinite(J)):
        where = f"jacobian(theta) holds {J[i, j]} at index ({i}, {j})"
        raise NotFinite(f"{where}: expected finite numbers only")


SINGLE_EPS = float(np.finfo(np.float32).eps)
NOWHERE = Evaluation(np.full(1, np.nan), np.empty(0), 0.0, None)  # a θ that equals no other


class Problem:
    """A least-squares problem. A subclass writes `residual_at` and, if it can, `jacobian_at`.

    Without `jacobian_at`, r is differentiated by complex steps, and by central differences where r
    does not take complex θ faithfully; a UserWarning says so. A `jacobian_at` is compared with
    differences of r at the first θ and before `solve` claims success, unless `check_jacobian` is
    False. A problem in which r and J share work overrides `evaluation` and `linearization`.

    `n_parameters` is P, None if any number will do. `n_residuals` counts evaluations of r,
    `n_jacobians` linearizations; evaluations for a numerical derivative or its check are counted
    beside them, in `n_differences`. The problem remembers its last Evaluation, and gives it again
    where θ is the same.
    """

    n_parameters = None
    check_jacobian = True
    generalized = False  # True where F ≠ ½ rᵀr and J ≠ ∂r/∂θ, but Jᵀr is ∇F
    redundant = False  # True where many θ give the same r, so that J may be singular at a minimum
    eps = sys.float_info.epsilon  # relative rounding of what r is computed from
    rounding = 0.0  # F at or below it is nothing but rounding
    _derivative = None  # θ ↦ J by complex steps or differences, chosen at the first θ
    _compared = False  # whether `jacobian_at` has been compared with differences
    _last = NOWHERE
    _last_Jt = NOWHERE, None  # the Evaluation that was linearized last, and Jᵀ there

    n_residuals = n_jacobians = n_differences = 0

    def residual_at(self, theta):
        """Return r at θ, (N·m,)."""
        expected = "expected a method residual_at(theta), which gives r, (N·m,)"
        raise TypeError(f"{type(self).__name__} has no residual_at: {expected}")

    def jacobian_at(self, theta):
        """Return J = ∂r/∂θ at θ, (N·m, P); here by complex steps or differences."""
        if self._derivative is None:
            expected = "expected a function jacobian(theta) where theta holds symbols"
            numbers_only(theta, f"jacobian is None: {expected}")
            r = self.evaluate(theta).r
            self._derivative = checked_jacobian(self._uncounted, theta, r, self.eps)
        return self._derivative(theta)

    def place(self, i):
        """Return where residual i stands in the data, in words; "" if the problem does not know."""
        return ""

    def evaluate(self, theta: ArrayLike) -> Evaluation:
        """Return the Evaluation at θ, (P,). Raises ValueError or TypeError for another shape."""
        theta = as_finite("theta", theta, 1, self.n_parameters and (self.n_parameters,))
        last = self._last
        if theta.item(0) == last.theta.item(0) and np.array_equal(theta, last.theta):
            return last
        self.n_residuals += 1
        if theta.flags.writeable or theta.base is not None:
            theta = owned(theta)
        seen = self.evaluation(theta)
        self._last = seen
        return seen

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
        r = frozen(as_array("residual(theta)", r, 1, None, holds_symbols(theta)).copy())
        return Evaluation(theta, r, inner(r, r) / 2, self)

    def linearization(self, seen, work=None):
        """Return the Linearization at the θ of an Evaluation."""
        last, Jt = self._last_Jt
        if last is not seen:
            Jt = self._transposed_jacobian(seen)
            self._last_Jt = seen, Jt
        return Explicit(seen.r, Jt, seen.loss, work)

    def _transposed_jacobian(self, seen):
        """Jᵀ, (P, N·m), with differences in place of what is not finite. Raises NotFinite."""
        J, shape = self.jacobian_at(seen.theta), (len(seen.r), len(seen.theta))
        J = as_array("jacobian(theta)", J, 2, shape, holds_symbols(seen.theta))
        if self._gives_jacobian and not self._compared:
            if wrong := self.verify(seen.theta, J, seen.r):
                raise ValueError(f"{wrong} If r has noise or a kink there: check_jacobian=False.")
            self._compared = True
        if not finite(J.ravel("K")):
            J = filled(self._uncounted, seen.theta, J, self.eps)
            _refuse_not_finite(J)
        return np.array(J, order="F").T

    def verify(self, theta, J=None, r=None):
        """Return why J at θ should not be trusted, in words; None if nothing speaks against it.

        J and r at θ are evaluated unless given.
        """
        if not (self._gives_jacobian and self.check_jacobian) or holds_symbols(theta):
            return None
        J = self.jacobian_at(theta) if J is None else J
        J = as_finite("jacobian(theta)", J, 2, (None, len(theta)))
        r = self.evaluate(theta).r if r is None else r
        return disagreement(self._uncounted, theta, J, r, self.eps)

    def moved(self, theta, change):
        """Return where a step leads from θ: θ + Δθ, unless θ has to stay in a box."""
        return frozen(theta + change)

    def remember(self, seen):
        """Give this Evaluation again where its θ is asked for next."""
        self._last = seen

    def _uncounted(self, theta):
        """r at a θ of a difference, which may be complex."""
        self.n_differences += 1
        return self.residual_at(theta)

    def _notice_precision(self, r):
        """`eps` of single precision where r, or the model it is made of, comes in float32."""
        if getattr(r, "dtype", None) == np.float32:
            self.eps = SINGLE_EPS

    @property
    def _gives_jacobian(self):
        return type(self).jacobian_at is not Problem.jacobian_at

    def __getstate__(self):
        nothing = {"_last": NOWHERE, "_last_Jt": (NOWHERE, None), "_derivative": None}
        return self.__dict__ | nothing


class LeastSquares(Problem):
    """Any residual function r(θ), (P,) → (M,), with its Jacobian ∂r/∂θ, (M, P), or without.

    Without one, r is differentiated as `Problem` says. One that was given is compared with
    differences of r at the first θ and before `solve` claims success; `check_jacobian=False`
    switches that off. Raises ValueError where the two disagree.
    """

    def __init__(self, residual, jacobian=None, check_jacobian=True):
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
    def _gives_jacobian(self):
        return self._jacobian is not None


class CurveFit(LeastSquares):
    """A curve model(θ, x) fitted to data: r = model(θ, x) − y, flattened.

    y is (N,) or (N, m). x is handed on in the shape in which it came, its numbers as floats: (N,),
    (N, k), (k, N), several arrays in a list, tuple, dict or table, or anything else as it is.
    Masked points are left out of both, and with missing="drop" also what is not finite; `n_dropped`
    counts the numbers of y that were. `jacobian(theta, x)`, if given, is ∂model/∂θ, (N·m, P).
    `sigma`: standard deviations of y, by which r and J are divided, or its covariance matrix;
    `absolute_sigma`: whether they are known, or right but for a factor. `names` of the parameters.
    Complex y is fitted in its real and imaginary parts.
    Raises ValueError or TypeError for data that are no finite numbers, and for another model.
    """

    def __init__(
        self, model, x, y, jacobian=None, check_jacobian=True, missing="raise",
        sigma=None, absolute_sigma=False, names=None,
    ):  # fmt: skip
        self.model = function("model", model, "model(theta, x) → prediction of y")
        if jacobian is not None:
            function("jacobian", jacobian, "jacobian(theta, x) → J, (N·m, P)")
        super().__init__(model, jacobian, check_jacobian)
        self._complex = is_complex(y)
        came = data.curve(x, stacked(y) if self._complex else y, missing)
        self.x, self.y, self._keep, self.n_dropped, rows = came
        self.sigma, self.absolute_sigma = sigma, flag("absolute_sigma", absolute_sigma)
        self._weigh = weighing(sigma, self.y.shape, rows, self._keep)
        self.names = data.parameter_names(names)
        self.n_parameters = names and len(self.names)
        data.refuse_other_arguments(model)

    def residual_at(self, theta):
        """Return r = model(θ, x) − y, (N·m,), without what is missing in y."""
        prediction = self.model(theta.copy(), self.x)
        self._notice_precision(prediction)
        if self._complex:
            prediction = data.in_parts(prediction, theta)
        prediction = data.as_prediction(prediction, self.y, theta, self.model, self.n_dropped)
        r = (prediction - self.y).ravel()
        return self._weighed(r if self._keep is None else r[self._keep])

    def jacobian_at(self, theta):
        """Return ∂model/∂θ at θ, (N·m, P), without what is missing in y."""
        if self._jacobian is None:
            return super().jacobian_at(theta)
        J = self._jacobian(theta.copy(), self.x)
        J = stacked_rows(J, self.y.shape) if self._complex else J
        whole = self._keep is None or len(J) != len(self._keep)
        return self._weighed(J if whole else np.asarray(J)[self._keep])

    def _weighed(self, rows):
        return rows if self._weigh is None else self._weigh(np.asarray(rows))

    def place(self, i):
        """Return the x of residual i in words."""
        return data.place(self.x, self.y, self._keep, i)

    def __repr__(self):
        dropped = f", {self.n_dropped} missing points dropped" if self.n_dropped else ""
        return f"<CurveFit, y {self.y.shape}{dropped}>"
