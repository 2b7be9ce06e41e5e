"""Levenberg-Marquardt inside a box: lower ≤ θ ≤ upper.

Parameters at a bound that F pulls outwards are held, the damped system is solved for the others,
and whoever would leave the box stops at its wall. A minimum is where the projected gradient is 0.
"""

import math
import warnings

import numpy as np

from .checks import as_array, as_finite, holds_symbols
from .linearization import Evaluation, Linearization
from .primitives import frozen, inner, new_array, norm, spd_solver
from .wrappers import Fixed, Wrapper, parameter_name

ROUNDINGS = 8 * float(np.finfo(float).eps)  # of θ, within which it counts as at a bound


class Bounded(Wrapper):
    """A problem whose θ stays in a box; `lower` and `upper` are numbers or (P,), ±∞ for none.

    Outside the box r is not asked for, and counts as not finite. Source: Kanzow, Yamashita &
    Fukushima (2004), whose projected step is refined: parameters that reach a wall stop there, and
    the step is solved again for the rest. Raises ValueError or TypeError for bounds that cross.
    """

    def __init__(self, problem, lower=-math.inf, upper=math.inf):
        super().__init__(problem)
        P = problem.n_parameters
        self.lower, self.upper = _limit("lower", lower, P), _limit("upper", upper, P)
        sizes = {len(limit) for limit in (self.lower, self.upper) if np.ndim(limit)}
        if len(sizes) > 1 or not np.all(self.lower < self.upper):
            expected = "expected lower < upper for every parameter; Fixed(problem, …) holds one"
            raise ValueError(f"bounds = ({lower!r}, {upper!r}): {expected}")

    @property
    def shape(self):
        """(P,), as far as the bounds or the problem know it."""
        P = self.n_parameters or max(np.size(self.lower), np.size(self.upper))
        vector = np.ndim(self.lower) or np.ndim(self.upper) or self.n_parameters
        return (P,) if vector else None

    def inside(self, theta):
        """Return (θ projected into the box, a sentence about what was moved, or "")."""
        theta = np.asarray(theta, dtype=float)
        moved = self.projected(theta)
        which = np.flatnonzero(moved != theta)
        if not len(which):
            return theta, ""
        names = ", ".join(parameter_name(self, j) for j in which)
        return moved, f"The start was outside the bounds: {names} moved to the nearest one."

    def projected(self, theta):
        """Return the point of the box nearest to θ."""
        return np.clip(theta, self.lower, self.upper)

    def moved(self, theta, change):
        """Return θ + Δθ in the box, at a bound exactly where only rounding separates the two."""
        end = self.projected(theta + change)
        rounding = ROUNDINGS * np.maximum(np.abs(theta), np.abs(end))
        for limit in (self.lower, self.upper):
            end = np.where(np.abs(end - limit) <= rounding, limit, end)
        return frozen(end)

    def at_bounds(self, theta):
        """Return for each parameter −1 at its lower bound, 1 at its upper one, else 0."""
        theta = np.asarray(theta)
        return (theta >= self.upper).astype(int) - (theta <= self.lower).astype(int)

    def held(self, theta, g):
        """Return which parameters stand at a bound while −g pulls them outwards or not at all."""
        side = self.at_bounds(theta)
        return (side != 0) & (side * g <= 0)

    def said(self, theta):
        """Return in words which parameters stand at a bound; "" for none."""
        walls = {-1: "lower", 1: "upper"}
        some = [
            f"{parameter_name(self, j)} at its {walls[side]} bound {theta[j]:.4g}"
            for j, side in enumerate(self.at_bounds(theta).tolist())
            if side
        ]
        return ", ".join(some)

    def evaluation(self, theta):
        """Return the Evaluation at θ; r is NaN outside the box, where the problem is not asked."""
        if (self.projected(theta) != theta).any():
            return Evaluation(theta, frozen(np.full(self._n_rows, math.nan)), math.nan, self)
        seen = self.inner.evaluate(theta)
        self._n_rows = len(seen.r)
        return Evaluation(theta, seen.r, seen.loss, self, seen)

    _n_rows = 1

    def linearization(self, seen, work=None):
        """Return the Linearization, whose damped steps stay in the box."""
        return InBox(self.linearized_inner(seen, work), seen.theta, self)

    def __repr__(self):
        return f"<Bounded, of {self.inner!r}>"


class InBox(Linearization):
    """A linearization at θ, with steps that end in the box."""

    def __init__(self, here, theta, box):
        self.r, self.loss, self.buffer = here.r, here.loss, new_array
        self._here, self.theta, self.box = here, theta, box
        self.g = here.g
        self.held = box.held(theta, here.g)

    @property
    def J(self):
        """∂r/∂θ, (N·m, P)."""
        return self._here.J

    @property
    def column_norms(self):
        """‖J_j‖ for every column j, (P,)."""
        return self._here.column_norms

    def Jv(self, v):
        """Return J v, (N·m,)."""
        return self._here.Jv(v)

    def JTv(self, v):
        """Return Jᵀ v, (P,)."""
        return self._here.JTv(v)

    def lower_A(self):
        """Return JᵀJ with its lower triangle filled, not to be written to."""
        return self._here.lower_A()

    def system(self, mu, D):
        """Return the damped step that ends in the box."""
        return DampedInBox(self, mu, D)

    def orthogonal(self, tolerance):
        """Return whether |cos(J_j, r)| ≤ tolerance for every j that no bound holds."""
        most = tolerance * norm(self.r) * self.column_norms
        return bool((abs(self.g) <= most)[~self.held].all())

    def cosine(self):
        """Return the largest |cos(J_j, r)| among the parameters that no bound holds; 0 for none."""
        lengths = self.column_norms * norm(self.r)
        lengths[lengths == 0] = math.inf
        return float((abs(self.g) / lengths)[~self.held].max(initial=0))

    def divided(self, unit):
        """Return the same model with r and J divided by a unit, and F = ½ rᵀr."""
        return InBox(self._here.divided(unit), self.theta, self.box)


class DampedInBox:
    """(JᵀJ + μD²) h = −g for the free parameters; the others go no further than their bound.

    `h`, (P,); `predicted` = −gᵀh − ½ hᵀJᵀJh, the decrease of F that the straight model promises.
    """

    def __init__(self, here, mu, D):
        A, box = here.A, here.box
        self._here = here
        self._A = A + np.diag(np.broadcast_to(mu if D is None else mu * D**2, len(A)))
        self._low, self._high = box.lower - here.theta, box.upper - here.theta
        self._free, h = ~here.held, np.zeros(len(A))
        while self._free.any():
            h[self._free] = self._solved(-here.g - self._A @ np.where(self._free, 0, h))
            out = self._free & ((h < self._low) | (h > self._high))
            if not out.any():
                break
            h = np.where(self._free & ~out, 0, np.clip(h, self._low, self._high))
            self._free &= ~out
        self.h = np.clip(h, self._low, self._high)
        self.predicted = -inner(self.h, here.g) - float(self.h @ A @ self.h) / 2

    def _solved(self, v):
        """The damped system's solution for the free parameters."""
        free = self._free
        return spd_solver(np.asfortranarray(self._A[np.ix_(free, free)]), 0.0)(v[free])

    def solve(self, v):
        """Return (JᵀJ + μD²)⁻¹ Jᵀ v for the free parameters, 0 for the others."""
        x = np.zeros(len(self.h))
        if self._free.any():
            x[self._free] = self._solved(self._here.JTv(v))
        return x


def _limit(name, value, P):
    """A bound as floats, (P,) or a number; ±∞ is allowed, NaN is not."""
    if isinstance(value, (list, tuple)):
        value = [(-math.inf if name == "lower" else math.inf) if v is None else v for v in value]
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
        goes_on = isinstance(before, Bounded) and before.inner is problem
        return (before if goes_on else problem), theta0, ""
    if not isinstance(bounds, (tuple, list, np.ndarray)) or len(bounds) != 2:
        expected = "expected (lower, upper), each a number or (P,), ±inf for no bound"
        raise ValueError(f"bounds = {bounds!r}: {expected}")
    if before is not None:
        raise TypeError("bounds with a Step: expected θ; a Step goes on in the box of its run")
    box = Bounded(problem, *bounds)
    theta = as_finite("theta0", theta0, 1, box.shape)
    return box, *box.inside(theta)


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
