"""The straight-line model r + Jh at one θ, and the damped step from it: (JᵀJ + μD²) h = −g.

The rows route: Jᵀ is written parameter by parameter into a buffer, JᵀJ is one symmetric rank-k update, and the step one
Cholesky factorization. A refused trial reuses everything but the diagonal.
"""

import math
from functools import reduce

import numpy as np

from .checks import as_finite, as_positive, frozen, positive_like
from .primitives import copy_lower, gram, inner, least_norm, spd_solver

CHUNK_BYTES = 2**26  # Jᵀ is formed at most this much at a time


class Workspace:
    """Buffers of one running solver, written again at every step and never handed out.

    A Linearization without one makes new arrays, so that nothing it gave away can change.
    """

    def __init__(self):
        self._buffers = {}

    def buffer(self, name, shape, dtype, order="C"):
        """An array of that shape, with whatever was in it before."""
        kept = self._buffers.get((name, shape))
        if kept is None or kept.dtype != dtype:
            kept = self._buffers[name, shape] = np.empty(shape, dtype, order)
        return kept


class Linearization:
    """r, J, g = Jᵀr and A = JᵀJ at one θ, with F = ½ rᵀr, and the damped steps from there.

    `r` is (N·m,). `write_rows(start, stop, out)` writes columns start:stop of Jᵀ, (P, stop − start), into out; it is
    asked for whole samples, `per_sample` rows each. `loss` is F where that is not ½ rᵀr. Everything handed out is
    read-only and belongs to the reader. `precision` is the dtype of J and of the sums over samples, r's unless given.
    """

    def __init__(
        self, r, write_rows, n_parameters, per_sample, work=None, loss=None, precision=None
    ):
        self.r = r
        self.loss = inner(r, r) / 2 if loss is None else loss
        self._write_rows, self._n_parameters, self._per_sample = (
            write_rows,
            n_parameters,
            per_sample,
        )
        self._work, self._buffer = work, _fresh if work is None else work.buffer
        self._precision = precision or r.dtype
        self._chunk = per_sample * (
            CHUNK_BYTES // (8 * n_parameters * per_sample) or 1
        )  # rows: whole samples
        self._whole = self._A = self._g = None

    @property
    def g(self):
        """∇F = Jᵀr, (P,)."""
        if self._g is None:
            self._g = frozen(self._JTv(self.r))
        return self._g

    @property
    def J(self):
        """∂r/∂θ, (N·m, P)."""
        return frozen(np.concatenate([Jt.T for _, Jt in self._rows()]))

    @property
    def A(self):
        """JᵀJ, (P, P)."""
        lower = np.tril(self._lower())
        return frozen(lower + np.tril(lower, -1).T)

    def Jv(self, v):
        """J v, (N·m,)."""
        v = as_finite("v", v, 1, (self._n_parameters,))
        v = self._rounded(v)
        return self._widened(np.concatenate([v @ Jt for _, Jt in self._rows()]))

    def JTv(self, v):
        """Jᵀ v, (P,)."""
        return self._JTv(as_finite("v", v, 1, self.r.shape))

    def _JTv(self, v):
        v = self._rounded(v)
        return self._widened(reduce(np.add, [Jt.dot(v[rows]) for rows, Jt in self._rows()]))

    def _rounded(self, v):
        """v in the precision of J, lest J be copied; symbols and floats as they are."""
        return v if self._precision is self.r.dtype else v.astype(self._precision)

    def _widened(self, v):
        """A sum in the precision of r."""
        return v if self._precision is self.r.dtype else v.astype(self.r.dtype)

    @property
    def column_norms(self):
        """‖J_j‖ for every column j, (P,): the square roots of A's diagonal."""
        squares = reduce(np.add, (np.einsum("ij,ij->i", Jt, Jt) for _, Jt in self._rows()))
        return np.sqrt(self._widened(squares))

    def step(self, mu):
        """h with (JᵀJ + μI) h = −g, (P,); for μ = 0 the minimum-norm Gauss-Newton step.

        Raises numpy.linalg.LinAlgError where JᵀJ + μI is not positive definite in floating point.
        """
        if positive_like(self.r, "mu", mu, or_zero=True) == 0:
            return least_norm(self.J, -self.r)
        return self.damped(mu).h

    def damped(self, mu, scale=None):
        """The Damped system JᵀJ + μD² with D = diag(scale), I unless said; its `.h`, `.predicted` and `.solve(v)`."""
        return Damped(self, positive_like(self.r, "mu", mu), _as_scale(scale, self._n_parameters))

    def steps(self, mus):
        """The curve h(μ) = −Σᵢ sᵢ/(sᵢ² + μ) (uᵢᵀr) vᵢ, one row for each μ, by one SVD of J."""
        mus = as_finite("mus", mus, 1)
        if (mus < 0).any():
            raise ValueError(f"mus holds {float(mus.min())!r}: expected numbers ≥ 0")
        U, s, Vt = np.linalg.svd(self.J, full_matrices=False)
        kept = s > s.max(initial=0) * max(self.J.shape) * np.finfo(s.dtype).eps
        U, s, Vt = U[:, kept], s[kept], Vt[kept]
        return -(s / (s**2 + mus[:, None]) * (U.T @ self.r)) @ Vt

    def orthogonal(self, tolerance):
        """True if |cos(J_j, r)| ≤ tolerance for every column: |g_j| ≤ tolerance ‖J_j‖ ‖r‖."""
        g, A, most = self.g, self._lower(), tolerance * math.sqrt(2 * self.loss)
        first = abs(g[0]) <= most * math.sqrt(A[0, 0])  # in most calls the first column settles it
        return bool(first and (abs(g) <= most * np.sqrt(A.diagonal())).all())

    def cosine(self):
        """max_j |cos(J_j, r)|, 0 for a column of zeros."""
        lengths = self.column_norms * np.sqrt(2 * self.loss)
        return float(
            np.max(np.divide(abs(self.g), lengths, out=np.zeros(len(lengths)), where=lengths > 0))
        )

    def divided(self, unit):
        """The same model with r and J divided by a unit; F is ½ rᵀr."""
        shape = (self._n_parameters, self._per_sample, self._work)
        return Linearization(self.r / unit, self._rows_divided(unit), *shape, None, self._precision)

    def _rows_divided(self, unit):
        def write_rows(start, stop, out):
            self._write_rows(start, stop, out)
            out /= unit

        return write_rows

    def _lower(self):
        """JᵀJ, its lower triangle filled, summed over chunks."""
        if self._A is None:
            out = self._square("A", self._precision)
            for rows, Jt in self._rows():
                A = gram(Jt, out, add=rows.start > 0)
            self._A = A if self._precision is self.r.dtype else self._widened_lower(A)
        return self._A

    def _square(self, name, dtype):
        return self._buffer(name, (self._n_parameters, self._n_parameters), dtype, "F")

    def _widened_lower(self, A):
        wide = self._square("wide A", self.r.dtype)
        with np.errstate(
            invalid="ignore"
        ):  # above the diagonal stands anything, which might not even be a number
            copy_lower(A, wide)
        return wide

    def _rows(self):
        """[(slice of rows, Jᵀ there), …] chunk by chunk; where one chunk holds them all, it is kept."""
        if self._chunk < len(self.r):
            return self._chunks()
        if self._whole is None:
            self._whole = [(slice(0, len(self.r)), self._written(0, len(self.r)))]
        return self._whole

    def _chunks(self):
        for start in range(0, len(self.r), self._chunk):
            stop = min(start + self._chunk, len(self.r))
            yield slice(start, stop), self._written(start, stop)

    def _written(self, start, stop):
        out = self._buffer("Jt", (self._n_parameters, stop - start), self._precision)
        self._write_rows(start, stop, out)
        return out


class Damped:
    """The system (JᵀJ + μD²) h = −g, factorized once."""

    def __init__(self, here, mu, scale):
        shift = mu if scale is None else mu * scale**2
        A, g = here._lower(), here.g
        self._here, self._solve = (
            here,
            spd_solver(A, shift, here._buffer("L", A.shape, A.dtype, "F")),
        )
        self.h = h = -self._solve(g)
        self.predicted = inner(h, shift * h - g) / 2

    def solve(self, v):
        """(JᵀJ + μD²)⁻¹ Jᵀ v, (P,), on the same factor."""
        return self._solve(self._here.JTv(v))


def _as_scale(scale, n_parameters):
    return None if scale is None else as_positive("scale", scale, 1, (n_parameters,))


def _fresh(name, shape, dtype, order="C"):
    """What Workspace.buffer gives, made anew."""
    return np.empty(shape, dtype, order)
