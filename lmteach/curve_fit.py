"""A curve fitted to data, as a least-squares problem."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import data, wording
from .checks import function
from .problems import LeastSquares


class CurveFit(LeastSquares):
    """A curve model(θ, x) fitted to data: r = model(θ, x) − y, flattened.

    y is (N,) or (N, m). x is handed on in the shape in which it came, its numbers as floats: (N,),
    (N, k), (k, N), several arrays in a list, tuple, dict or table, or anything else as it is.
    Masked points are left out of both, and with missing="drop" also what is not finite; `n_dropped`
    counts the numbers of y that were. `jacobian(theta, x)`, if given, is ∂model/∂θ, (N·m, P).
    Raises ValueError or TypeError for data that are no finite numbers, and for another model.
    """

    def __init__(
        self,
        model: Callable,
        x: Any,
        y: ArrayLike,
        jacobian: Callable | None = None,
        check_jacobian: bool = True,
        missing: str = "raise",
    ):
        self.model = function("model", model, "model(theta, x) → prediction of y")
        if jacobian is not None:
            function("jacobian", jacobian, "jacobian(theta, x) → J, (N·m, P)")
        super().__init__(model, jacobian, check_jacobian)
        self.x, self.y, self._keep, self.n_dropped = data.curve(x, y, missing)
        data.refuse_other_arguments(model)

    def residual_at(self, theta):
        """Return r = model(θ, x) − y, (N·m,), without what is missing in y."""
        prediction = self.model(theta.copy(), self.x)
        if not data.is_prediction(prediction, self.y, theta):
            self._notice_precision(prediction)
            prediction = data.as_prediction(prediction, self.y, theta, self.model, self.n_dropped)
        r = (prediction - self.y).ravel()
        return r if self._keep is None else r[self._keep]

    def jacobian_at(self, theta):
        """Return ∂model/∂θ at θ, (N·m, P), without what is missing in y."""
        if self._jacobian is None:
            return super().jacobian_at(theta)
        J = self._jacobian(theta.copy(), self.x)
        whole = self._keep is None or len(J) != len(self._keep)
        return J if whole else np.asarray(J)[self._keep]

    def place(self, i):
        """Return the x of residual i in words."""
        return data.place(self.x, self.y, self._keep, i)

    def __repr__(self):
        x = f"x {self.x.shape}, " if hasattr(self.x, "shape") else ""
        dropped = f", {self.n_dropped} missing points dropped" if self.n_dropped else ""
        return f"<CurveFit of {wording.of_function(self.model)}: {x}y {self.y.shape}{dropped}>"
