"""Numerical Jacobians of a residual function, and what speaks against a Jacobian that was handed in."""

import warnings

import numpy as np

TINY = (
    1e-30  # complex step: the error is of order TINY², and there is no difference to lose digits in
)
STEPS = (
    1e-5,
    1e-3,
    1e-7,
)  # central differences along a direction, relative to θ_j (to 1 where it is 0)


def complex_jacobian(residual, theta):
    """J_j = Im r(θ + iεe_j)/ε, exact to rounding where r is analytic. Source: Squire & Trapp (1998)."""
    return np.column_stack(
        [np.imag(residual(theta + 1j * TINY * e)) / TINY for e in np.eye(len(theta))]
    )


def central_jacobian(residual, theta):
    """J_j = (r(θ + εe_j) − r(θ − εe_j))/2ε, good to about 10 digits; ε = ∛(machine epsilon)·max(1, |θ_j|)."""
    sizes = np.cbrt(np.finfo(float).eps) * np.maximum(1, abs(theta))
    return np.column_stack(
        [
            central(residual, theta, size * e)
            for size, e in zip(sizes, np.eye(len(theta)), strict=True)
        ]
    )


def central(residual, theta, v):
    """(r(θ + v) − r(θ − v)) / 2‖v‖: the derivative along v; its error is of order ‖v‖²."""
    # Copies: a residual function may hand out the same buffer twice.
    difference = np.array(residual(theta + v), dtype=float) - np.array(
        residual(theta - v), dtype=float
    )
    return difference / (2 * np.linalg.norm(v))


def disagreement(residual, theta, J):
    """Words for how J differs from central differences of r along two random directions; None if it agrees.

    J passes along a direction v if for one of three step sizes ‖Jv − differences‖ ≤ 1e-4 (‖Jv‖ + ‖differences‖) +
    what rounding in r explains.
    """
    rng = np.random.default_rng(0)
    noise = 1e-12 * np.abs(residual(theta.copy())).max(initial=0)
    for v in rng.normal(size=(2, len(theta))) * np.where(
        theta != 0, abs(theta), 1
    ):  # each θ_j in its own unit
        length = np.linalg.norm(v)
        Jv = J @ (v / length)
        found = [central(residual, theta, size * v) for size in STEPS]
        if not any(
            _close(Jv, other, noise / (size * length))
            for other, size in zip(found, STEPS, strict=True)
        ):
            i = int(np.argmax(abs(Jv - found[0])))
            return (
                f"jacobian disagrees with central differences of residual: along a random direction v, "
                f"(Jv)[{i}] = {Jv[i]:.4g} and the differences give {found[0][i]:.4g}."
            )
    return None


def checked_jacobian(residual, theta):
    """A function θ ↦ J by complex steps if they agree with differences of r at θ, else by those, and says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            problem = disagreement(residual, theta, complex_jacobian(residual, theta))
        except Exception as error:  # whatever a function for real numbers may say to a complex one
            problem = f"residual does not take complex numbers ({type(error).__name__}: {error})."
    if problem is None:
        return lambda theta: complex_jacobian(residual, theta)
    warnings.warn(
        f"jacobian by central differences, about 10 digits, not by complex steps: {problem}",
        stacklevel=2,
    )
    return lambda theta: central_jacobian(residual, theta)


def _close(a, b, noise):
    unit = (
        max(abs(a).max(initial=0), abs(b).max(initial=0)) or 1.0
    )  # so that no square overflows or vanishes
    a, b = a / unit, b / unit
    gap = np.linalg.norm(a - b)
    return bool(
        gap <= 1e-4 * (np.linalg.norm(a) + np.linalg.norm(b)) + noise / unit * np.sqrt(len(a))
    )
