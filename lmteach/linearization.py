"""r at one θ, the straight-line model r + Jh, and its damped step: (JᵀJ + μD²) h = −g.

JᵀJ is one symmetric rank-k update, and a step one Cholesky factorization. A trial that is refused
reuses everything but the diagonal.
"""

import math
from collections import namedtuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import as_finite, as_positive, holds_arrays, holds_symbols, positive_like
from .jacobians import refuse_not_finite, refuse_residuals
from .primitives import finite, frozen, gram, inner, least_norm, new_array, norm, spd_solver


@holds_arrays
class Evaluation(namedtuple("Seen", "theta r loss problem inside")):
    """r and F at one θ, with all that the linearization there needs. Nothing in it ever changes.

    `theta`, (P,); `r`, (N·m,); `loss`, F, where None stands for ½ rᵀr; `problem`, which counts it
    and remembers it as its last; `inside`, what the problem computed on the way, such as a
    network's activations.
    """

    __slots__ = ()

    def __new__(cls, theta, r, loss, problem, inside=None):
        loss = inner(r, r) / 2 if loss is None else loss
        seen = tuple.__new__(cls, (theta, frozen(r), loss, problem, inside))
        problem.n_residuals += 1
        problem.last = seen
        return seen

    def linearize(self, work=None) -> "Linearization":
        """Return the Linearization at this θ; `work` holds the buffers of a running solver.

        Raises ValueError where r is not finite, NotFinite where J is not.
        """
        if self.loss != self.loss or self.loss == math.inf and not finite(self.r):
            refuse_residuals(self)
        here = self.problem.linearization(self, work)
        self.problem.n_jacobians += 1
        if not finite(here.g):  # of a J that is not, or where Jᵀr overflows
            refuse_not_finite(here.J)
        return here


class Linearization:
    """r, J, g = Jᵀr and A = JᵀJ at one θ, with F = ½ rᵀr, and the damped steps from there.

    This is what all routes share. A subclass gives `r`, `loss`, `J`, `g`, `Jv`, `JTv`,
    `column_norms`, `lower_A`, and the `buffer` to write to. `loss` is F where it is not ½ rᵀr. All
    that is handed out is read-only and never changes.
    """

    @property
    def A(self):
        """JᵀJ, (P, P)."""
        lower = np.tril(self.lower_A())
        return frozen(lower + np.tril(lower, -1).T)

    def step(self, mu: float) -> NDArray:
        """Return h with (JᵀJ + μI) h = −g, (P,); for μ = 0 the Gauss-Newton step of least norm.

        Raises numpy.linalg.LinAlgError where JᵀJ + μI is not positive definite in floating point.
        """
        if positive_like(self.r, "mu", mu, or_zero=True) == 0:
            return self.shortest_step()
        return self.damped(mu).h

    def shortest_step(self):
        """Return the h of least norm that minimizes ‖r + Jh‖, (P,)."""
        return least_norm(self.J, -self.r)

    def damped(self, mu: float, scale: ArrayLike | None = None) -> "Damped":
        """Return the Damped system JᵀJ + μD² with D = diag(scale), I unless given."""
        if scale is not None:
            scale = as_positive("scale", scale, 1, self.g.shape, holds_symbols(self.r))
        return self.system(positive_like(self.r, "mu", mu), scale)

    def system(self, mu, D):
        """Return the Damped system for a μ and a D, (P,) or None, that need no check."""
        return Damped(self, mu, D)

    def steps(self, mus: ArrayLike) -> NDArray:
        """Return the curve h(μ) = −Σᵢ sᵢ/(sᵢ² + μ) (uᵢᵀr) vᵢ, a row for each μ, by one SVD of J."""
        mus = as_positive("mus", mus, 1, or_zero=True)
        J = self.J
        U, s, Vt = np.linalg.svd(J, full_matrices=False)
        part = max(J.shape) * np.finfo(s.dtype).eps
        seen = s > part * s.max(initial=0)  # what is smaller is rounding
        s, b, Vt = s[seen], U.T[seen] @ self.r, Vt[seen]
        filtered = s / (s**2 + mus[:, None])
        return -(filtered * b) @ Vt

    def orthogonal(self, tolerance):
        """Return whether |cos(J_j, r)| ≤ tolerance for every column j of J."""
        g, A = self.g, self.lower_A()
        most = tolerance * norm(self.r)
        if abs(g.item(0)) > most * math.sqrt(A.item(0)):  # in most calls this settles it
            return False
        return bool((abs(g) <= most * np.sqrt(A.diagonal())).all())

    def cosine(self):
        """Return max_j |cos(J_j, r)|, where a column of zeros counts as 0."""
        lengths = self.column_norms * norm(self.r)
        lengths[lengths == 0] = math.inf
        with np.errstate(invalid="ignore"):  # nan where g and lengths are infinite
            return float((abs(self.g) / lengths).max())


class Explicit(Linearization):
    """The linearization from Jᵀ, (P, N·m), written out in memory."""

    def __init__(self, r, Jt, loss=None, work=None):
        self.r, self.loss = r, inner(r, r) / 2 if loss is None else loss
        self.buffer = new_array if work is None else work.buffer
        self._Jt, self._lower_A = Jt, None
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
            self.g = frozen(Jt.dot(r))  # ∇F, (P,)

    @property
    def J(self):
        """∂r/∂θ, (N·m, P)."""
        return frozen(self._Jt.T.copy())

    @property
    def column_norms(self):
        """‖J_j‖ for every column j, (P,): the square roots of A's diagonal."""
        return np.sqrt(self.lower_A().diagonal())

    def Jv(self, v):
        """Return J v, (N·m,)."""
        return as_finite("v", v, 1, self.g.shape) @ self._Jt

    def JTv(self, v):
        """Return Jᵀ v, (P,)."""
        return self._Jt.dot(as_finite("v", v, 1, self.r.shape))

    def lower_A(self):
        """Return JᵀJ with its lower triangle filled, not to be written to."""
        if self._lower_A is None:
            P = len(self._Jt)
            out = self.buffer("A", (P, P), self._Jt.dtype, "F")
            self._lower_A = gram(self._Jt, out)
        return self._lower_A

    def divided(self, unit):
        """Return the same model with r and J divided by a unit, and F = ½ rᵀr."""
        return Explicit(self.r / unit, self._Jt / unit)


class Damped:
    """The system (JᵀJ + μD²) h = −g, factorized once.

    `h`, (P,); `predicted` = ½ hᵀ(μD²h − g), the decrease of F that the model promises.
    """

    def __init__(self, here, mu, D):
        shift = mu if D is None else _shift(mu, D)
        A, g = here.lower_A(), here.g
        L = here.buffer("L", A.shape, A.dtype, "F")
        self._here, self._solve = here, spd_solver(A, shift, L)
        self.h = h = -self._solve(g)
        self.predicted = inner(h, shift * h - g) / 2

    def solve(self, v):
        """Return (JᵀJ + μD²)⁻¹ Jᵀ v, (P,), on the same factor."""
        return self._solve(self._here.JTv(v))


def _shift(mu, D):
    """Return μD², (P,); LinAlgError where it is larger than the largest float."""
    if mu * inner(D, D) == math.inf:
        raise np.linalg.LinAlgError("μD² is larger than the largest float")
    return mu * D**2
