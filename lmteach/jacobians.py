"""J of a problem, as a solver may trust it: differentiated, or compared, and filled in."""

import sys

import numpy as np

from .checks import SINGLE, as_array, as_finite, holds_symbols, not_finite, numbers_only
from .derivatives import checked_jacobian, disagreement, filled
from .primitives import finite

SINGLE_EPS = float(np.finfo(np.float32).eps)


class NotFinite(ValueError):
    """J is not finite at a θ where r is."""


class Differentiable:
    """What a `Problem` does for its J, given r by `residual_at` and perhaps J by `jacobian_at`.

    Without `jacobian_at`, r is differentiated by complex steps, and by central differences where r
    does not take complex θ faithfully; a UserWarning says so. A `jacobian_at` is compared with
    differences of r at the first θ and before `solve` claims success, unless `check_jacobian` is
    False. What is not finite in J is filled in by differences. Evaluations for all of this are
    counted in `n_differences`.
    """

    check_jacobian = True
    eps = sys.float_info.epsilon  # relative rounding of what r is computed from
    n_differences = 0
    _derivative = None  # θ ↦ J by complex steps or differences, chosen at the first θ
    _compared = False  # whether `jacobian_at` has been compared with differences
    _last_Jt = None, None  # the Evaluation that was linearized last, and Jᵀ there

    def jacobian_at(self, theta):
        """Return J = ∂r/∂θ at θ, (N·m, P); here by complex steps or differences."""
        if self._derivative is None:
            expected = "expected a function jacobian(theta) where theta holds symbols"
            numbers_only(theta, f"jacobian is None: {expected}")
            r = self.evaluate(theta).r
            self._derivative = checked_jacobian(self._uncounted, theta, r, self.eps)
        return self._derivative(theta)

    def transposed_jacobian(self, seen):
        """Return Jᵀ at an Evaluation, (P, N·m). Raises NotFinite, and ValueError for a wrong J."""
        last, Jt = self._last_Jt
        if last is not seen:
            Jt = np.array(self._finite_jacobian(seen).T, order="C")
            self._last_Jt = seen, Jt
        return Jt

    def _finite_jacobian(self, seen):
        J, shape = self.jacobian_at(seen.theta), (len(seen.r), len(seen.theta))
        J = as_array("jacobian(theta)", J, 2, shape, holds_symbols(seen.theta))
        if self.gives_jacobian and not self._compared:
            if wrong := self.verify(seen.theta, J, seen.r):
                raise ValueError(f"{wrong} If r has noise or a kink there: check_jacobian=False.")
            self._compared = True
        if not finite(J.ravel("K")):
            J = filled(self._uncounted, seen.theta, J, self.eps)
            refuse_not_finite(J)
        return J

    def verify(self, theta, J=None, r=None):
        """Return why J at θ should not be trusted, in words; None if nothing speaks against it.

        J and r at θ are evaluated unless given.
        """
        if not (self.gives_jacobian and self.check_jacobian) or holds_symbols(theta):
            return None
        J = self.jacobian_at(theta) if J is None else J
        J = as_finite("jacobian(theta)", J, 2, (None, len(theta)))
        r = self.evaluate(theta).r if r is None else r
        return disagreement(self._uncounted, theta, J, r, self.eps)

    @property
    def gives_jacobian(self):
        """Whether J comes from the problem, not from r by complex steps or differences."""
        return type(self).jacobian_at is not Differentiable.jacobian_at

    def _uncounted(self, theta):
        """r at a θ of a difference, which may be complex."""
        self.n_differences += 1
        return self.residual_at(theta)

    def _notice_precision(self, r):
        """`eps` of single precision where r, or the model it is made of, comes in float32."""
        if getattr(r, "dtype", None) == SINGLE:
            self.eps = SINGLE_EPS


def refuse_residuals(seen):
    """Raise ValueError for the first residual of an Evaluation that is not finite."""
    expected = "expected a θ where every residual is a finite number"
    came = not_finite(seen.r, seen.problem.place)
    raise ValueError(f"theta = {seen.theta}: r is not finite there; {expected}; {came}")


def refuse_not_finite(J):
    """Raise NotFinite for the first entry of J that is not finite, if there is one."""
    for i, j in np.argwhere(~np.isfinite(J)):
        where = f"jacobian(theta) holds {J[i, j]} at index ({i}, {j})"
        raise NotFinite(f"{where}: expected finite numbers only")
