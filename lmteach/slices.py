"""Slices: a problem of any size on a plane through θ, as a problem of two parameters."""

from copy import copy

import numpy as np

from .checks import as_floats, at_least, instance
from .linearization import Explicit
from .network_fit import NetworkFit
from .problems import Evaluation, Problem

PARALLEL = 1e-10  # a sine below this is 0: the columns of B span no plane
KINDS = "a Problem, such as LeastSquares or NetworkFit"
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Slice(Problem):
    """A problem on the plane θ₀ + Bφ: r(θ₀ + Bφ), with the Jacobian JB, (N·m, 2), in φ, (2,).

    `theta` is θ₀, (P,); `B` is (P, 2); `start` is the φ from which figures start, and `names` are
    those of φ. A step of a slice is the step of this two-parameter problem: what is not in the
    plane is held. The problem's own counts and memory stay as they are. Raises TypeError or
    ValueError where the shapes differ or B's columns span no plane.
    """

    n_parameters = 2

    def __init__(self, problem, theta, B, start=(0.0, 0.0), names=("φ₁", "φ₂")):
        super().__init__()
        self.problem = copy(instance("problem", problem, Problem, KINDS))
        self.generalized, self.redundant = problem.generalized, problem.redundant
        self.theta = np.array(as_floats("theta", theta, 1, (problem.n_parameters,)))
        self.B = np.array(as_floats("B", B, 2, (len(self.theta), 2)))
        self.start = np.array(as_floats("start", start, 1, (2,)))
        self.names = tuple(instance("names", names, (list, tuple), "two names"))
        lengths = np.linalg.norm(self.B, axis=0)
        if not lengths.all() or np.linalg.svd(self.B / lengths, compute_uv=False)[1] < PARALLEL:
            raise ValueError("B has columns that are parallel or 0: expected two directions")

    @classmethod
    def weights(cls, problem, theta, i, j):
        """Return the slice of parameters i and j, counted from 0; all others are held at θ.

        φ holds the two at their own values. Raises the errors of Slice.
        """
        instance("problem", problem, Problem, KINDS)
        theta = np.array(as_floats("theta", theta, 1, (problem.n_parameters,)))
        for name, place in (("i", i), ("j", j)):
            if at_least(name, place, 0) >= len(theta):
                raise ValueError(
                    f"{name} = {place}: expected a whole number from 0 to {len(theta) - 1}"
                )
        start, B = theta[[i, j]], np.eye(len(theta))[:, [i, j]]
        theta[[i, j]] = 0.0
        if i == j:
            raise ValueError(f"i and j are both {i}: expected two different parameters")
        return cls(problem, theta, B, start, tuple(parameter_name(problem, k) for k in (i, j)))

    @classmethod
    def singular(cls, problem, theta):
        """Return the slice of the two leading right singular vectors of J at θ; φ = 0 is θ.

        Each vector is turned downhill. There h is the part of the whole problem's h along them,
        because (JᵀJ + μI) h = −g splits into one equation for each such vector. Raises ValueError
        where J has no two singular values above 0, besides the errors of Slice.
        """
        here = copy(instance("problem", problem, Problem, KINDS)).linearize(theta)
        _, s, Vt = np.linalg.svd(here.J, full_matrices=False)
        if len(s) < 2 or s[1] <= 1e-12 * s[0]:
            raise ValueError(
                f"theta: J has rank {int(s[0] > 0)} there; expected two singular values above 0"
            )
        # The sign of a singular vector is arbitrary, and differs between computers.
        downhill = np.where(Vt[:2] @ here.g > 0, -1.0, 1.0)
        return cls(problem, theta, Vt[:2].T * downhill, names=("along v₁", "along v₂"))

    def full(self, phi):
        """Return θ₀ + Bφ, (P,)."""
        return self.theta + self.B @ as_floats("phi", phi, 1, (2,))

    def verify(self, theta, J=None, r=None):
        """Return what the whole problem says of its Jacobian there; J, (N·m, 2), is not used."""
        return self.problem.verify(self.full(theta), None, r)

    def evaluation(self, phi):
        """Return the Evaluation at φ, with the whole problem's inside."""
        seen = self.problem.evaluate(self.full(phi))
        return Evaluation(phi, seen.r, seen.loss, self, seen)

    def linearization(self, seen, work=None):
        """Return the Linearization at φ: J times B."""
        here = seen.inside.linearize()
        return Explicit(seen.r, np.array([here.Jv(b) for b in self.B.T]), seen.loss, work)


def sliced(problem, theta, places):
    """Return the Slice for `places`: (i, j) for two parameters, or "singular" for two vectors.

    "singular" stands for the two leading right singular vectors of J.
    """
    if isinstance(places, str) and places == "singular":
        return Slice.singular(problem, theta)
    if not isinstance(places, (list, tuple)) or len(places) != 2:
        raise TypeError(
            f'slice = {places!r}: expected two places in theta, such as (0, 3), or "singular"'
        )
    return Slice.weights(problem, theta, *places)


def parameter_name(problem, place):
    """Return W¹[0,1] or b¹[2] for a network, as its arrays are indexed, else θ₁, θ₂, …"""
    if not isinstance(problem, NetworkFit):
        return f"θ{place + 1}".translate(LOWERED)
    for layer, (n_out, n_in) in enumerate(problem.network.shapes, 1):
        raised = str(layer).translate(RAISED)
        if place < n_out * n_in:
            return f"W{raised}[{place // n_in},{place % n_in}]"
        place -= n_out * n_in
        if place < n_out:
            return f"b{raised}[{place}]"
        place -= n_out
    raise IndexError(place)
