"""The few places where floats and symbols part: one formula, two bodies side by side.

And the memory of arrays: what is read-only, and what is written again and again.
"""

import math

import numpy as np
from scipy.linalg.blas import ddot, dnrm2, dsyrk, ssyrk
from scipy.linalg.lapack import dpotrf, dpotrs

BAND = 512  # columns of a large matrix that are copied at a time


def frozen(array):
    """The array itself, read-only from now on."""
    array.setflags(False)  # by position: a name would cost more than the call
    return array


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


def tanh(z):
    """tanh z, elementwise."""
    if z.dtype == object:
        import sympy

        return _each(sympy.tanh, z)
    return np.tanh(z)


def logistic(z):
    """1 / (1 + e⁻ᶻ), elementwise, as ½ + ½ tanh(z/2): SymPy simplifies it, nothing overflows."""
    return (tanh(z / 2) + 1) / 2


def relu(z):
    """max(z, 0), elementwise."""
    if z.dtype == object:
        import sympy

        return _each(lambda x: sympy.Piecewise((x, x > 0), (0, True)), z)
    return np.maximum(z, 0.0)


def step(z):
    """1 where z > 0, else 0: relu's slope, with 0 at the kink."""
    if z.dtype == object:
        import sympy

        return _each(lambda x: sympy.Piecewise((1, x > 0), (0, True)), z)
    return (z > 0.0).astype(z.dtype)


def softplus(z):
    """log(1 + eᶻ), elementwise."""
    if z.dtype == object:
        import sympy

        return _each(lambda x: sympy.log(1 + sympy.exp(x)), z)
    return np.logaddexp(z, 0.0)


def softmax(z):
    """eᶻᵏ / Σⱼ eᶻʲ along the last axis, (N, m); shifted by the largest z, so nothing overflows."""
    if z.dtype == object:
        import sympy

        powers = _each(sympy.exp, z)
        return powers / powers.sum(axis=-1, keepdims=True)
    with np.errstate(over="ignore"):  # a difference beyond the range is −∞ then, as it should be
        powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.maximum(powers / powers.sum(axis=-1, keepdims=True), np.finfo(z.dtype).tiny)


def log(x):
    """The natural logarithm, elementwise."""
    if x.dtype == object:
        import sympy

        return _each(sympy.log, x)
    return np.log(x)


def sqrt(x):
    """√x, elementwise."""
    if x.dtype == object:
        import sympy

        return _each(sympy.sqrt, x)
    return np.sqrt(x)


def in_single(x):
    """x in single precision, infinite beyond its range; ValueError for symbols."""
    if x.dtype == object:
        raise ValueError('precision = "float32": expected numbers, not symbols')
    with np.errstate(over="ignore"):
        return x.astype(np.float32)


def at_least_tiny(x):
    """max(x, the smallest normal number), elementwise; symbols as they are."""
    return x if x.dtype == object else np.maximum(x, np.finfo(x.dtype).tiny)


def one_minus_exp(z):
    """1 − e⁻ᶻ, elementwise."""
    if z.dtype == object:
        import sympy

        return _each(lambda x: 1 - sympy.exp(-x), z)
    return -np.expm1(-z)


def finite(x):
    """True if every entry of the vector x is a finite number; symbols count as finite."""
    if x.dtype == object:
        return True
    # xᵀx is finite in almost every call and cheap; only where it is not are the entries looked at.
    return math.isfinite(ddot(x, x)) or bool(np.isfinite(x).all())


def inner(u, v):
    """uᵀv, a Python float or an expression."""
    if u.dtype == object:
        return u.dot(v)
    return ddot(u, v)  # unlike numpy's dot it overflows to inf without a warning


def norm(v):
    """‖v‖, a Python float or an expression."""
    if v.dtype == object:
        return v.dot(v) ** 0.5
    square = ddot(v, v)
    return math.sqrt(square) if square != math.inf else dnrm2(v)  # whose squares are scaled


def gram(Jt, out=None, add=False):
    """JᵀJ, or out + JᵀJ, from Jᵀ, (P, rows): of floats the lower triangle only, by BLAS syrk."""
    if Jt.dtype == object:
        return Jt @ Jt.T + (out if add else 0)
    if out is None:
        out = np.zeros((len(Jt), len(Jt)), Jt.dtype, order="F")
    syrk = ssyrk if Jt.dtype.char == "f" else dsyrk
    trans = lower = overwrite = (
        1  # by position, here and below: for small matrices names cost as much as the call
    )
    return syrk(1.0, Jt.T, float(add), out, trans, lower, overwrite)


def spd_solver(A, shift, out=None):
    """v ↦ (A + diag(shift))⁻¹ v for a symmetric A, its lower triangle given, by Cholesky.

    Works on a copy of A, in out, if given; that may be A itself. Raises numpy.linalg.LinAlgError
    where the sum is not positive definite in floating point. Symbols are solved exactly. Source:
    LAPACK's potrf.
    """
    if A.dtype == object:
        import sympy

        A = np.tril(A) + np.tril(A, -1).T
        M = sympy.Matrix(A + np.diag(np.broadcast_to(np.asarray(shift, dtype=object), len(A))))
        return lambda v: np.array(M.LUsolve(sympy.Matrix(v)), dtype=object).ravel()
    L = np.empty_like(A, order="F") if out is None else out
    if len(A) <= BAND:
        L[...] = A
    elif L is not A:
        copy_lower(A, L)
    diagonal = L.ravel("K")[:: len(A) + 1]
    diagonal += shift
    lower, clean, overwrite = 1, 0, 1
    L, info = dpotrf(L, lower, clean, overwrite)
    if info:
        raise np.linalg.LinAlgError("JᵀJ + μD² is not positive definite in floating point")
    return lambda v: dpotrs(L, v, lower)[0]


def copy_lower(A, L):
    """Copy the lower triangle of A into L, which may be more precise.

    Of a large one band by band, without most of the upper triangle.
    """
    for start in range(0, len(A), BAND):
        L[start:, start : start + BAND] = A[start:, start : start + BAND]


def least_norm(J, v):
    """The x of least norm among those that minimize ‖J x − v‖: by SVD; symbols exactly."""
    if J.dtype == object:
        import sympy

        return np.array(sympy.Matrix(J).pinv() * sympy.Matrix(v), dtype=object).ravel()
    return np.linalg.lstsq(J, v, rcond=max(J.shape) * np.finfo(J.dtype).eps)[
        0
    ]  # J may be less precise than v


def _each(function, z):
    return np.array([function(x) for x in z.flat], dtype=object).reshape(z.shape)
