"""A curve fitted to data, as a least-squares problem."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import data, wording
from .checks import flag, function
from .problems import LeastSquares
from .weighing import is_complex, stacked, stacked_rows, weighing


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
        self,
        model: Callable,
        x: Any,
        y: ArrayLike,
        jacobian: Callable | None = None,
        check_jacobian: bool = True,
        missing: str = "raise",
        sigma: ArrayLike | None = None,
        absolute_sigma: bool = False,
        names: list | None = None,
    ):
        self.model = function("model", model, "model(theta, x) → prediction of y")
        if jacobian is not None:
            function("jacobian", jacobian, "jacobian(theta, x) → J, (N·m, P)")
        super().__init__(model, jacobian, check_jacobian)
        self.is_complex = is_complex(y)  # whether y came so
        came = data.curve(x, stacked(y) if self.is_complex else y, missing)
        self.x, self.y, self._keep, self.n_dropped, rows = came
        self.sigma, self.absolute_sigma = deepcopy(sigma), flag("absolute_sigma", absolute_sigma)
        self._weigh = weighing(sigma, self.y.shape, rows, self._keep)
        self.names = data.parameter_names(names)
        self.n_parameters = self.names and len(self.names)
        data.refuse_other_arguments(model)

    def residual_at(self, theta):
        """Return r = model(θ, x) − y, (N·m,), without what is missing in y."""
        prediction = self.model(theta.copy(), self.x)
        if self.is_complex:
            prediction = data.in_parts(prediction, theta)
        if not data.is_prediction(prediction, self.y, theta):
            self._notice_precision(prediction)
            prediction = data.as_prediction(prediction, self.y, theta, self.model, self.n_dropped)
        r = (prediction - self.y).ravel()
        return self._weighed(r if self._keep is None else r[self._keep])

    def jacobian_at(self, theta):
        """Return ∂model/∂θ at θ, (N·m, P), without what is missing in y."""
        if self._jacobian is None:
            return super().jacobian_at(theta)
        J = self._jacobian(theta.copy(), self.x)
        J = stacked_rows(J, self.y.shape) if self.is_complex else J
        whole = self._keep is None or len(J) != len(self._keep)
        return self._weighed(J if whole else np.asarray(J)[self._keep])

    def _weighed(self, rows):
        return rows if self._weigh is None else self._weigh(np.asarray(rows))

    def place(self, i):
        """Return the x of residual i in words."""
        return data.place(self.x, self.y, self._keep, i)

    def __repr__(self):
        x = f"x {self.x.shape}, " if hasattr(self.x, "shape") else ""
        dropped = f", {self.n_dropped} missing points dropped" if self.n_dropped else ""
        return f"<CurveFit of {wording.of_function(self.model)}: {x}y {self.y.shape}{dropped}>"
