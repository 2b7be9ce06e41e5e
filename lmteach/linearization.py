"""The straight-line model r + Jh at one θ, and the damped step from it: (JᵀJ + μD²) h = −g.

JᵀJ is one symmetric rank-k update, and a step one Cholesky factorization. A trial that is refused
reuses everything but the diagonal.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import as_finite, as_positive, frozen, holds_symbols, positive_like
from .primitives import gram, inner, least_norm, norm, spd_solver


class Workspace:
    """Buffers of one running solver, written again at every step and never handed out.

    A linearization without one makes new arrays.
    """

    def __init__(self):
        self._buffers = {}

    def buffer(self, name, shape, dtype, order="C"):
        """Return an array of that shape, with whatever was in it before."""
        kept = self._buffers.get((name, shape))
        if kept is None or kept.dtype != dtype:
            kept = self._buffers[name, shape] = np.empty(shape, dtype, order)
        return kept


def new_array(name, shape, dtype, order="C"):
    """Return what Workspace.buffer does, made anew."""
    return np.empty(shape, dtype, order)


class Linearization:
    """r, J, g = Jᵀr and A = JᵀJ at one θ, with F = ½ rᵀr, and the damped steps from there.

    This is what all routes share. A subclass gives `J`, `g`, `Jv`, `JTv`, `column_norms` and
    `lower_A`. `loss` is F where it is not ½ rᵀr. All that is handed out is read-only and never
    changes.
    """

    def __init__(self, r, loss=None, work=None):
        self.r = r
        self.loss = inner(r, r) / 2 if loss is None else loss
        self.buffer = new_array if work is None else work.buffer

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
            return least_norm(self.J, -self.r)
        return self.damped(mu).h

    def damped(self, mu: float, scale=None) -> "Damped":
        """Return the Damped system JᵀJ + μD² with D = diag(scale), I unless given."""
        if scale is not None:
            scale = as_positive("scale", scale, 1, self.g.shape, holds_symbols(self.r))
        return Damped(self, positive_like(self.r, "mu", mu), scale)

    def steps(self, mus: ArrayLike) -> NDArray:
        """Return the curve h(μ) = −Σᵢ sᵢ/(sᵢ² + μ) (uᵢᵀr) vᵢ, a row for each μ, by one SVD of J."""
        mus = as_finite("mus", mus, 1)
        if (mus < 0).any():
            raise ValueError(f"mus holds {float(mus.min())!r}: expected numbers ≥ 0")
        J = self.J
        U, s, Vt = np.linalg.svd(J, full_matrices=False)
        rounding = s.max(initial=0) * max(J.shape) * np.finfo(s.dtype).eps
        U, s, Vt = U[:, s > rounding], s[s > rounding], Vt[s > rounding]
        filtered = s / (s**2 + mus[:, None])
        return -(filtered * (U.T @ self.r)) @ Vt

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
        return float((abs(self.g) / lengths).max())


class Explicit(Linearization):
    """The linearization from Jᵀ, (P, N·m), written out in memory."""

    def __init__(self, r, Jt, loss=None, work=None):
        super().__init__(r, loss, work)
        self._Jt, self._lower_A = Jt, None
        self.g = frozen(Jt.dot(r))  # ∇F, (P,)

    @property
    def J(self):
        """∂r/∂θ, (N·m, P)."""
        return frozen(self._Jt.T.copy())

    @property
    def column_norms(self):
        """‖J_j‖ for every column j, (P,): the square roots of A's diagonal."""
        return np.sqrt(np.einsum("ij,ij->i", self._Jt, self._Jt))

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

    def __init__(self, here, mu, scale):
        shift = mu if scale is None else mu * scale**2
        A, g = here.lower_A(), here.g
        L = here.buffer("L", A.shape, A.dtype, "F")
        self._here, self._solve = here, spd_solver(A, shift, L)
        self.h = h = -self._solve(g)
        self.predicted = inner(h, shift * h - g) / 2

    def solve(self, v):
        """Return (JᵀJ + μD²)⁻¹ Jᵀ v, (P,), on the same factor."""
        return self._solve(self._here.JTv(v))
