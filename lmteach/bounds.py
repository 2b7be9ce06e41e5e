"""Levenberg-Marquardt inside a box: lower ≤ θ ≤ upper.

A minimum is where the projected gradient is 0: the one of the parameters that no bound holds.
"""

import math
import warnings

import numpy as np

from .box import Box
from .checks import as_array, as_finite, holds_symbols
from .linearization import Evaluation
from .primitives import frozen
from .wrappers import Fixed, Wrapper, parameter_name


class Bounded(Wrapper):
    """A problem whose θ stays in a box; `lower` and `upper` are numbers or (P,), ±∞ for none.

    Outside the box r is not asked for, and counts as not finite. Source: Kanzow, Yamashita &
    Fukushima (2004), whose projected step is refined: parameters that reach a wall stop there, and
    the step is solved again for the rest. Raises ValueError or TypeError for bounds that cross.
    """

    def __init__(self, problem, lower=-math.inf, upper=math.inf):
        super().__init__(problem)
        P = problem.n_parameters
        low, high = _limit("lower", lower, P), _limit("upper", upper, P)
        sizes = {len(limit) for limit in (low, high) if np.ndim(limit)}
        if len(sizes) > 1 or not np.all(low < high):
            expected = "expected lower < upper for every parameter; Fixed(problem, …) holds one"
            raise ValueError(f"bounds = ({lower!r}, {upper!r}): {expected}")
        self.n_parameters = P or (sizes.pop() if sizes else None)
        self.box = Box(low, high).within(self.box)
        self.lower, self.upper = self.box.lower, self.box.upper
        if not np.all(self.lower < self.upper):
            expected = "expected some that overlap with the problem's own bounds"
            raise ValueError(f"bounds = ({lower!r}, {upper!r}): {expected}")

    def projected(self, theta):
        """Return the point of the box nearest to θ."""
        return self.box.projected(theta)

    def at_bounds(self, theta):
        """Return for each parameter −1 at its lower bound, 1 at its upper one, else 0."""
        return self.box.at_bounds(theta)

    def held(self, theta, g):
        """Return which parameters stand at a bound while −g pulls them outwards or not at all."""
        return self.box.held(theta, g)

    def evaluation(self, theta):
        """Return the Evaluation at θ; r is NaN outside the box, where the problem is not asked."""
        if (self.projected(theta) != theta).any():
            return Evaluation(theta, frozen(np.full(self._n_rows, math.nan)), math.nan, self)
        seen = self.inner.evaluate(theta)
        self._n_rows = len(seen.r)
        return Evaluation(theta, seen.r, seen.loss, self, seen)

    _n_rows = 1

    def straight(self, seen, work=None):
        """Return the inner problem's Linearization."""
        return self.linearized_inner(seen, work)

    def __repr__(self):
        return f"<Bounded, of {self.inner!r}>"


def _limit(name, value, P):
    """A bound as floats, (P,) or a number; ±∞ is allowed, NaN is not."""
    if isinstance(value, (list, tuple)):
        value = [(-math.inf if name == "lower" else math.inf) if v is None else v for v in value]
    if value is None:
        value = -math.inf if name == "lower" else math.inf
    array = as_array(name, np.atleast_1d(np.asarray(value)), 1)
    if holds_symbols(array) or np.isnan(array).any():
        raise ValueError(f"{name} = {value!r}: expected numbers, −inf or inf for no bound")
    if np.ndim(value) == 0:
        return float(array[0])
    if P is not None and len(array) != P:
        raise ValueError(f"{name} has shape {array.shape}: expected a number or ({P},)")
    return frozen(array.copy())


# --- where solvers meet bounds


def boxed(problem, theta0, bounds):
    """Return (the Bounded problem, the start inside it, a sentence about what was moved).

    `bounds`: (lower, upper), or None. A Step of a bounded run goes on in its box.
    """
    before = getattr(theta0, "problem", None)
    if bounds is None:
        if before is not None:
            goes_on = isinstance(before, Bounded) and before.inner is problem
            return (before if goes_on else problem), theta0, ""
        if getattr(problem, "box", None) is None:
            return problem, theta0, ""
        theta = as_finite("theta0", theta0, 1, problem.n_parameters and (problem.n_parameters,))
        return problem, *_inside(problem, theta)
    if not isinstance(bounds, (tuple, list, np.ndarray)) or len(bounds) != 2:
        expected = "expected (lower, upper), each a number or (P,), ±inf for no bound"
        raise ValueError(f"bounds = {bounds!r}: {expected}")
    if before is not None:
        raise TypeError("bounds with a Step: expected θ; a Step goes on in the box of its run")
    theta = as_finite("theta0", theta0, 1, problem.n_parameters and (problem.n_parameters,))
    for name, limit in zip(("lower", "upper"), bounds, strict=True):
        _limit(name, limit, len(theta))
    box = Bounded(problem, *bounds)
    return box, *_inside(box, theta)


def _inside(problem, theta):
    """(θ projected into the box of a problem, a sentence about what was moved, or "")."""
    moved = problem.box.projected(theta)
    which = np.flatnonzero(moved != theta)
    if not len(which):
        return theta, ""
    names = ", ".join(parameter_name(problem, j) for j in which)
    return moved, f"The start was outside the bounds: {names} moved to the nearest one."


def start_in_box(problem, theta0, bounds):
    """Return (problem, θ₀) as `boxed` does; a UserWarning says what was moved."""
    problem, theta0, moved = boxed(problem, theta0, bounds)
    if moved:
        warnings.warn(moved, stacklevel=3)
    return problem, theta0


def on_face(problem, seen, here, theta0):
    """Return the same (problem, seen, here, θ₀) on the face of the box where the end stands.

    There the parameters that bounds hold are no parameters. None for `problem` if all are held; the
    same as came where none is.
    """
    held = getattr(here, "held", None)
    if held is None or not held.any():
        return problem, seen, here, theta0
    if held.all():
        return None, None, None, None
    values = {int(j): float(seen.theta[j]) for j in np.flatnonzero(held)}
    face = Fixed(problem, values, len(seen.theta))
    problem.last = seen
    there = face.evaluate(seen.theta[face.free])
    return face, there, there.linearize(), theta0[face.free]
