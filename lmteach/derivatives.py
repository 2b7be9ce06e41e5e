"""Numerical Jacobians of a residual function, and what speaks against a J that was handed in.

Every parameter is changed by a part of itself, so that no result depends on its unit, and every
row of J is judged in its own. How long a difference has to be, and what rounding explains, follows
from `eps`, the relative rounding of r.
"""

import sys
import warnings

import numpy as np

DOUBLE = sys.float_info.epsilon
TINY = 1e-30  # complex step: the error is of order TINY², and no difference loses digits
FORWARD = 2e-6  # ε/|θ_j| of the differences that check a J first, for double precision;
CENTRAL = (1e-5, 1e-3, 1e-7)  # and of those that decide where the first ones disagree
LONGER = 1000  # how much longer ε becomes while r does not change visibly
AGREES = 1e-4  # a column of J agrees if it differs by no more than this part of itself
NOISE = 1000  # roundings of r, and of what θ contributes to it, that a difference may hold
NO_EFFECT = 1e-6  # part of r
NOISY = 0.1  # part of a column that rounding may explain where a difference is to say something
FAINT = 1e-8  # of the largest row: a fainter row of J counts as if it were of that size
N_SLOPES, SLOPE_STEP, SLOPE_TOLERANCE = 5, 1e-5, 1e-4  # samples, difference, largest gap


def complex_jacobian(residual, theta):
    """Return J_j = Im r(θ + iεe_j)/ε, exact to rounding where r is analytic; ε = 1e-30·|θ_j|.

    Source: Squire & Trapp (1998).
    """
    columns, z = [], theta.astype(complex)
    with np.errstate(all="ignore"):  # 0**b is fine, and its complex step is not a number
        for j, value in enumerate(theta.tolist()):
            epsilon = max(TINY * abs(value), sys.float_info.min) if value else TINY
            z[j] = complex(value, epsilon)
            columns.append(np.imag(residual(z)) / epsilon)
            z[j] = value
    return np.array(columns).T


def central_jacobian(residual, theta, eps=DOUBLE):
    """Return J_j = (r(θ + εe_j) − r(θ − εe_j))/2ε, good to ⅔ of r's digits; ε = ∛eps·|θ_j|."""
    size = np.cbrt(eps)
    return np.array([central(residual, theta, j, size, eps)[0] for j in range(len(theta))]).T


def central(residual, theta, j, size, eps=DOUBLE):
    """Return (∂r/∂θ_j, ε) by central differences from ε = size·|θ_j|, longer if need be.

    Where r is finite on one side only, an entry is the difference to that side.
    """

    def change(epsilon):
        ahead, behind = _at(residual, theta, j, epsilon), _at(residual, theta, j, -epsilon)
        return (ahead, behind), ahead - behind

    (ahead, behind), difference, epsilon = _visible(change, theta[j], size, eps)
    column = difference / ((theta[j] + epsilon) - (theta[j] - epsilon))  # as rounded
    if np.isfinite(column).all():
        return column, epsilon
    middle = np.array(residual(theta), dtype=float)
    one_sided = np.where(np.isfinite(ahead), ahead - middle, middle - behind) / epsilon
    return np.where(np.isfinite(column), column, one_sided), epsilon


def forward(residual, theta, r, j, size, eps=DOUBLE):
    """Return (∂r/∂θ_j, ε) by differences to r = r(θ), from ε = size·|θ_j|, longer if need be."""

    def change(epsilon):
        ahead = _at(residual, theta, j, epsilon)
        return (ahead, r), ahead - r

    _, difference, epsilon = _visible(change, theta[j], size, eps)
    return difference / ((theta[j] + epsilon) - theta[j]), epsilon


def filled(residual, theta, J, eps=DOUBLE):
    """Return J, (N·m, P), with differences of r in place of the entries that are not finite.

    An entry stays as it is where the difference is not finite either.
    """
    bad = ~np.isfinite(J)
    if not bad.any():
        return J
    J = np.array(J, dtype=float)
    for j in np.flatnonzero(bad.any(axis=0)):
        found, _ = central(residual, theta, j, np.cbrt(eps), eps)
        bad[:, j] &= np.isfinite(found)
        J[bad[:, j], j] = found[bad[:, j]]
    return J


def disagreement(residual, theta, J, r=None, eps=DOUBLE):
    """Return how J differs from differences of r, in words; None if every column agrees.

    A column agrees if it does so for one of a few lengths of the difference: row by row, each in
    its own unit, the two differ by at most 1e-4 and what rounding explains. A length at which
    rounding would explain a tenth of the column says nothing.
    """
    r = np.array(residual(theta) if r is None else r, dtype=float)
    J = np.asarray(J, dtype=float)
    coarser = np.cbrt(eps / DOUBLE)  # than in double precision
    some = [forward(residual, theta, r, j, FORWARD * coarser, eps) for j in range(len(theta))]
    wrong, noisy = _compared(J, some, r, theta, eps)
    if not (wrong | noisy).any():
        return None
    doubtful, found = wrong | noisy, {}
    told = ~noisy
    for size in CENTRAL:
        some = [central(residual, theta, j, size * coarser, eps) for j in range(len(theta))]
        wrong, noisy = _compared(J, some, r, theta, eps)
        doubtful &= wrong | noisy
        told |= ~noisy
        found = found or some
    wrong = doubtful & told
    if not wrong.any():
        return None
    return _words(J, np.array([column for column, _ in found]).T, wrong)


def checked_jacobian(residual, theta, r=None, eps=DOUBLE):
    """Return θ ↦ J by complex steps if they agree with differences of r at θ, else by those.

    Where it is by differences, a UserWarning says so.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            first = complex_jacobian(residual, theta)
            J = filled(residual, theta, first, eps)
            problem = disagreement(residual, theta, J, r, eps)
        except Exception as error:  # whatever a function for real numbers may say to a complex one
            problem = f"residual does not take complex numbers ({type(error).__name__}: {error})."
    if problem is None:
        start = theta
        return lambda theta: first if theta is start else complex_jacobian(residual, theta)
    digits = f"about {-2 / 3 * np.log10(eps):.0f} digits"
    words = f"jacobian by central differences, {digits}, not by complex steps: {problem}"
    warnings.warn(words, stacklevel=2)

    def differences(theta):
        return central_jacobian(residual, theta, eps)

    differences.relative_error = eps ** (2 / 3)
    return differences


def slopes_disagree(activate, slopes, n):
    """Return how slopes(a) differ from central differences of a = activate(z); None if they agree.

    `slopes(a)` is shaped as `Layer.slopes` says. Asked at a few z of n units, along one direction.
    """
    rng = np.random.default_rng(0)
    z, v = rng.uniform(-2, 2, (N_SLOPES, n)), SLOPE_STEP * rng.uniform(0.5, 1, (N_SLOPES, n))
    S = slopes(activate(z.copy()))
    found = v * S.T if S.ndim == 2 else (S * v.T).sum(axis=1).T
    expected = (activate(z + v) - activate(z - v)) / 2
    gap = np.abs(found - expected) / SLOPE_STEP
    worst = np.unravel_index(np.argmax(gap), gap.shape)
    if gap[worst] <= SLOPE_TOLERANCE:
        return None
    return (
        f"its slope gives {found[worst] / v[worst]:.4g} at z = {z[worst]:.4g}, and differences of "
        f"activate give {expected[worst] / v[worst]:.4g}; expected f′(z), written in terms of a"
    )


def output_gradient_disagrees(loss, gradient, shape):
    """Return how gradient(z) = S^Lᵀr differs from differences of loss(z); None if they agree."""
    rng = np.random.default_rng(0)
    z, v = rng.uniform(-1, 1, shape), rng.uniform(0.5, 1, shape)
    found = float((gradient(z) * v).sum())
    step = SLOPE_STEP * v
    expected = float(loss(z + step) - loss(z - step)) / (2 * SLOPE_STEP)
    if abs(found - expected) <= SLOPE_TOLERANCE * (1 + abs(found) + abs(expected)):
        return None
    return (
        f"along one direction S^Lᵀr gives {found:.4g}, and differences of F give {expected:.4g}; "
        "expected residual, output_slopes and value with S^Lᵀr = ∂F/∂z^L"
    )


def _at(residual, theta, j, epsilon):
    """r where θ_j is changed by ε; a copy, since a function may hand out one buffer twice."""
    there = theta.copy()
    there[j] += epsilon
    return np.array(residual(there), dtype=float)


def _visible(change, value, size, eps):
    """((ahead, behind), their difference, ε): ε = size·|θ_j|, or size at 0.

    While r changes by less than eps^0.6 of itself, ε grows, but not beyond `size` times the larger
    of |θ_j| and 1: near 0 a part of θ_j may be no change at all.
    """
    longest = size * max(abs(value), 1.0)
    epsilon = max(size * (abs(value) or 1.0), sys.float_info.min)  # 0 would never grow
    while True:
        with np.errstate(invalid="ignore"):
            ends, difference = change(epsilon)
        if epsilon >= longest or not _largest(difference) <= eps**0.6 * _largest(ends[0]):
            return ends, difference, epsilon
        epsilon = min(LONGER * epsilon, longest)


def _largest(r):
    return np.abs(r).max(initial=0)


def _compared(J, found, r, theta, eps):
    """(which columns of J disagree with the (column, ε) found, which drown in rounding)."""
    D, epsilons = np.array([column for column, _ in found]).T, np.array([e for _, e in found])
    with np.errstate(over="ignore", invalid="ignore"):  # of r or J that run to infinity nearby
        made_of = np.abs(r)[:, None] + np.abs(J * theta).sum(axis=1, keepdims=True)
        noise = NOISE * eps * made_of / epsilons
        both = np.abs(J) + np.abs(D)
        rows = (both * epsilons).max(axis=1, keepdims=True, initial=0)  # what the longest ε does
        rows = np.maximum(rows, FAINT * rows.max(initial=0)) + sys.float_info.min
        gap, both = np.maximum(np.abs(J - D) - noise, 0) / rows, both / rows
        # In this unit no square leaves the range.
        unit = both.max(axis=0, initial=0) + sys.float_info.min
        gaps, sizes = (np.linalg.norm(part / unit, axis=0) for part in (gap, both))
        # A column of zeros drowns in whatever rounding there is.
        drowned = np.abs(noise / rows / unit).max(axis=0, initial=0) > NOISY * sizes
        # All of θ_j would change r by so little: that no difference shows it is what J says.
        effect = np.abs(J).max(axis=0, initial=0) * np.where(theta == 0, 1.0, np.abs(theta))
    drowned &= effect > NO_EFFECT * np.abs(r).max(initial=0)
    most = max(AGREES, 10 * eps ** (2 / 3))
    return ~(gaps <= most * sizes), drowned


def _words(J, D, wrong):
    """Where J and the differences are furthest apart, each row in its own unit."""
    rows = np.maximum(np.abs(J), np.abs(D)).max(axis=1, keepdims=True) + sys.float_info.min
    with np.errstate(over="ignore", invalid="ignore"):
        gap = np.where(wrong, np.nan_to_num(np.abs(J - D) / rows, nan=np.inf), -1.0)
    i, j = np.unravel_index(np.argmax(gap), gap.shape)
    return (
        f"jacobian disagrees with central differences of residual: ∂r[{i}]/∂θ[{j}] is "
        f"{J[i, j]:.4g}, and the differences give {D[i, j]:.4g}."
    )
