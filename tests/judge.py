"""An independent judge of an end: does SciPy find less of F from there, or from right beside it?"""

import numpy as np
from scipy.optimize import least_squares

LESS = 1e-6  # a minimum is where F falls by less than this part of itself
BESIDE = (1.0, 1 - 1e-3, 1 + 1e-3)  # θ itself, and 1e-3 of it to both sides
TIGHT = dict.fromkeys(("xtol", "ftol", "gtol"), 1e-15)


def scipy_from(residual, start, method, jacobian="2-point", **options):
    """SciPy's end, or None where it raises."""
    with np.errstate(all="ignore"):
        try:
            return least_squares(residual, start, jacobian, method=method, **{**TIGHT, **options})
        except (ValueError, np.linalg.LinAlgError):
            return None


def lowest(residual, starts, jacobian="2-point", unit=1.0):
    """(θ, F) of the lowest end of SciPy's lm and trf from all starts, in any unit of θ."""

    def scaled(z):
        return residual(z * unit)

    ends = [
        scipy_from(scaled, start / unit, method, **options)
        for start in starts
        for method, options in (("lm", {}), ("trf", {"x_scale": "jac"}))
    ]
    ends = [end for end in ends if end is not None and np.isfinite(end.cost)]
    best = min(ends, key=lambda end: end.cost, default=None)
    return (None, np.inf) if best is None else (best.x * unit, float(best.cost))


def is_minimum(residual, theta):
    """True if SciPy, from θ and from ± 1e-3 of it, lowers F by less than 1e-6 of itself.

    It works in units of |θ_j|, so that its differences do not depend on the caller's.
    """
    with np.errstate(all="ignore"):
        r = np.asarray(residual(theta), float)
        F = float(r @ r) / 2
    if not np.isfinite(F):
        return False
    unit = np.where(theta != 0, np.abs(theta), 1.0)
    _, best = lowest(residual, [theta * part for part in BESIDE], unit=unit)
    return best >= F * (1 - LESS)
