"""(JᵀJ)⁻¹ without an inverse: from the singular values of J, its columns scaled to length 1."""

import numpy as np

DOUBLE = float(np.finfo(float).eps)
PART = 1e-6  # of a direction that J does not see, from which it counts as moving a parameter
ROUNDINGS = 10  # singular values below so many roundings of the largest are none
TINY = np.finfo(float).tiny


class Inverse:
    """C = (JᵀJ)⁻¹ = D⁻¹ V diag(s⁻²) Vᵀ D⁻¹, where J = U diag(s) Vᵀ D and D = diag(‖J_j‖).

    Scaling the columns frees the result from the units of θ. What J does not see has no finite
    variance: `loose` says which parameters that concerns, and their entries of C are infinite on
    the diagonal and NaN beside it.
    """

    def __init__(self, lengths, s, Vt, smallest):
        order = np.argsort(-s)
        s, Vt = s[order], Vt[order]
        seen = s > smallest * s.max(initial=0)
        self.rank = int(seen.sum())
        self._lengths = lengths
        self._rows = Vt[seen] / s[seen, None]  # C = D⁻¹ RᵀR D⁻¹
        self._blind = Vt[~seen]
        self.loose = (np.abs(self._blind) > PART).any(axis=0) | (lengths == 0)
        self.s = s

    @classmethod
    def of_jacobian(cls, J, smallest=None):
        """Return C for J, (M, P), by its SVD; `smallest`: relative, of a singular value."""
        lengths = np.sqrt(np.einsum("ij,ij->j", J, J))
        s, Vt = np.linalg.svd(J / _or_one(lengths), full_matrices=len(J) < J.shape[1])[1:]
        s = np.concatenate([s, np.zeros(len(Vt) - len(s))])
        least = ROUNDINGS * max(J.shape) * DOUBLE
        return cls(lengths, s, Vt, max(least, smallest or 0))

    @classmethod
    def of_gram(cls, A):
        """Return C for A = JᵀJ, (P, P), where J is too large: half the digits of `of_jacobian`."""
        lengths = np.sqrt(A.diagonal())
        unit = _or_one(lengths)
        squares, V = np.linalg.eigh(A / unit / unit[:, None])
        s = np.sqrt(np.maximum(squares, 0))
        return cls(lengths, s, V.T, np.sqrt(ROUNDINGS * len(A) * DOUBLE))

    @property
    def covariance(self):
        """C, (P, P)."""
        unit = _or_one(self._lengths)
        C = self._rows.T @ self._rows / unit / unit[:, None]
        C[self.loose], C[:, self.loose] = np.nan, np.nan
        C[self.loose, self.loose] = np.inf
        return C

    @property
    def errors(self):
        """√diag(C), (P,), infinite where J determines nothing."""
        found = np.sqrt((self._rows**2).sum(axis=0)) / _or_one(self._lengths)
        return np.where(self.loose, np.inf, found)

    @property
    def correlation(self):
        """C_jk / √(C_jj C_kk), (P, P); 1 on the diagonal, NaN where nothing is determined."""
        norms = np.sqrt((self._rows**2).sum(axis=0))
        R = (self._rows / np.where(norms > 0, norms, 1)).T
        R = np.clip(R @ R.T, -1, 1)
        R[self.loose], R[:, self.loose] = np.nan, np.nan
        np.fill_diagonal(R, 1.0)
        return R

    def length(self, g):
        """Return √(gᵀ C g) for g = Jᵀr, (P,): the part of r that J sees and can reach."""
        parts = self._rows @ (g / _or_one(self._lengths))
        s = self.s[: self.rank]  # in falling order
        return float(np.linalg.norm(parts[s > PART * s.max(initial=0)]))

    def spread(self, G):
        """Return √diag(G C Gᵀ), (K,), for gradients G, (K, P): infinite where G sees more than J.

        It is the standard error of K functions of θ, after their straight-line model.
        """
        unit = _or_one(self._lengths)
        scaled = G / unit
        found = np.sqrt(((scaled @ self._rows.T) ** 2).sum(axis=1))
        size = np.sqrt((scaled**2).sum(axis=1)) + TINY
        beyond = np.abs(scaled @ self._blind.T).max(axis=1, initial=0) > PART * size
        beyond |= (G[:, self._lengths == 0] != 0).any(axis=1)
        return np.where(beyond, np.inf, found)


def _or_one(lengths):
    return np.where(lengths > 0, lengths, 1.0)
