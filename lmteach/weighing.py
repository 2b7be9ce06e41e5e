"""Data of unequal worth: r and J divided by σ, or by the Cholesky factor of a covariance matrix.

Complex numbers are two columns, real part and imaginary part.
"""

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from .checks import as_floats

UNEVEN = 1e-5  # of two standard deviations: by so much may C_ij and C_ji differ
POSSIBLE = "expected numbers > 0, (N,) or shaped as y, or the covariance matrix of y, (N, N)"


def weighing(sigma, y_shape, kept_rows=None, keep=None):
    """Return a function that divides r, (M,), and J, (M, P), by σ; None for no σ.

    `sigma`: (N,), shaped as y, or a covariance matrix of all of y's numbers, before any sample was
    left out; `kept_rows`, which samples were kept, (N,), and `keep`, which numbers of those. Raises
    ValueError or TypeError for another shape, for σ ≤ 0 and a matrix that is not positive definite.
    """
    if sigma is None:
        return None
    N = y_shape[0] if kept_rows is None else len(kept_rows)
    numbers = N * int(np.prod(y_shape[1:], dtype=int))
    if is_complex(sigma):
        sigma = stacked(sigma)
    if np.shape(sigma) == (numbers, numbers) and (numbers > 1 or np.ndim(sigma) == 2):
        if np.shape(sigma) != (N, *y_shape[1:]):
            return _by_covariance(sigma, y_shape, kept_rows, keep)
    return _by_sigma(sigma, (N, *y_shape[1:]), kept_rows, keep)


class Divided:
    """r and J divided by σ, row by row."""

    def __init__(self, sigma):
        self.sigma = sigma

    def __call__(self, rows):
        """Return rows, (M,) or (M, P), divided."""
        return rows / (self.sigma if rows.ndim == 1 else self.sigma[:, None])


class Whitened:
    """L⁻¹r and L⁻¹J for the covariance LLᵀ of the data."""

    def __init__(self, L):
        self.L = L

    def __call__(self, rows):
        """Return L⁻¹ rows, (M,) or (M, P); complex steps are real and imaginary parts."""
        if np.iscomplexobj(rows):
            return self(rows.real) + 1j * self(rows.imag)
        if not np.isfinite(rows).all():  # each number of L⁻¹r would be NaN
            return np.full_like(rows, np.nan)
        return solve_triangular(self.L, rows, lower=True, check_finite=False)


def _by_sigma(sigma, shape, kept_rows, keep):
    if np.ndim(sigma) == 0:
        sigma = np.full(shape[0], sigma)
    ndim = min(max(np.ndim(sigma), 1), 2)
    sigma = _floats(sigma, ndim)
    if sigma.ndim == 1 and len(sigma) == shape[0]:
        sigma = np.broadcast_to(sigma.reshape(-1, *[1] * (len(shape) - 1)), shape)
    if sigma.shape != shape:
        raise ValueError(f"sigma has shape {sigma.shape} and y {shape}: {POSSIBLE}")
    sigma = sigma if kept_rows is None else sigma[kept_rows]
    flat = sigma.ravel() if keep is None else sigma.ravel()[keep]
    if not (np.isfinite(flat) & (flat > 0)).all():
        bad = flat[~(np.isfinite(flat) & (flat > 0))][0]
        raise ValueError(f"sigma holds {bad}: {POSSIBLE}")
    return Divided(flat.copy())


def _by_covariance(sigma, y_shape, kept_rows, keep):
    C = _floats(sigma, 2)
    per_sample = int(np.prod(y_shape[1:], dtype=int))
    if kept_rows is not None:
        numbers = np.repeat(kept_rows, per_sample)
        C = C[np.ix_(numbers, numbers)]
    C = C if keep is None else C[np.ix_(keep, keep)]
    if not np.isfinite(C).all():
        raise ValueError(f"sigma holds {C[~np.isfinite(C)][0]}: {POSSIBLE}")
    sizes = np.sqrt(np.abs(C.diagonal()))
    if (np.abs(C - C.T) > UNEVEN * np.outer(sizes, sizes)).any():
        raise ValueError(f"sigma is a matrix that is not symmetric: {POSSIBLE}")
    try:
        return Whitened(cholesky(C, lower=True))
    except (LinAlgError, ValueError) as error:
        raise ValueError(f"sigma is no covariance matrix ({error}): {POSSIBLE}") from None


def _floats(sigma, ndim):
    """σ as floats; NaN may stand, and what is masked stands, where a sample is left out."""
    array = np.asarray(sigma)
    if np.ma.is_masked(sigma):
        array = np.where(np.ma.getmaskarray(sigma), np.nan, np.ma.getdata(sigma).astype(float))
    if array.dtype.kind not in "fiu" or array.ndim != ndim:
        return as_floats("sigma", sigma, ndim).astype(float)
    return array.astype(float)


# --- complex data


def is_complex(values):
    """Whether an array of one axis or more, or a list of numbers, holds complex numbers."""
    if isinstance(values, (list, tuple)):
        return any(isinstance(value, (complex, np.complexfloating)) for value in values)
    table = hasattr(values, "dtype") and np.ndim(values) > 0 and np.size(values) > 0
    return table and np.iscomplexobj(values)


def stacked(values):
    """Return complex values, (N,) or (N, m), as real ones, (N, 2m): real parts, then imaginary."""
    values = values if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
    columns = values.reshape(len(values), -1)
    return (
        np.ma.hstack([columns.real, columns.imag])
        if np.ma.is_masked(values)
        else np.hstack([columns.real, columns.imag])
    )


def stacked_rows(J, y_shape):
    """Return a complex Jacobian, (N·m, P), with the rows of `stacked` values, (N·2m, P)."""
    J = np.asarray(J)
    parts = J.reshape(y_shape[0], -1, J.shape[1])
    return np.concatenate([parts.real, parts.imag], axis=1).reshape(-1, J.shape[1])
