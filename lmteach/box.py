"""A box lower ≤ θ ≤ upper, and the damped step that ends in it.

Parameters at a bound that F pulls outwards are held, the damped system is solved for the others,
and whoever would leave the box stops at its wall.
"""

import math

import numpy as np

from .linearization import Linearization
from .primitives import frozen, inner, new_array, norm, spd_solver

ROUNDINGS = 8 * float(np.finfo(float).eps)  # of θ, within which it counts as at a bound


class Box:
    """The limits `lower` and `upper`, numbers or (P,), ±∞ for none."""

    def __init__(self, lower, upper):
        self.lower, self.upper = lower, upper

    def within(self, other):
        """Return the box that both have in common; `other` may be None."""
        if other is None:
            return self
        return Box(np.maximum(self.lower, other.lower), np.minimum(self.upper, other.upper))

    def of(self, some):
        """Return the box of some of the parameters, given by their indices."""
        limits = (limit[some] if np.ndim(limit) else limit for limit in (self.lower, self.upper))
        return Box(*limits)

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


def opened(here):
    """Return the Linearization without its box."""
    return here._here if isinstance(here, InBox) else here
