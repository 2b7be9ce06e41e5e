"""Numerical Jacobians of a residual function, and what speaks against a Jacobian that was handed in."""

import warnings

import numpy as np

TINY = (
    1e-30  # complex step: the error is of order TINY², and there is no difference to lose digits in
)
N_SLOPES, SLOPE_STEP, SLOPE_TOLERANCE = 5, 1e-5, 1e-4  # samples, difference, largest gap
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


def _close(a, b, noise):
    unit = (
        max(abs(a).max(initial=0), abs(b).max(initial=0)) or 1.0
    )  # so that no square overflows or vanishes
    a, b = a / unit, b / unit
    gap = np.linalg.norm(a - b)
    return bool(
        gap <= 1e-4 * (np.linalg.norm(a) + np.linalg.norm(b)) + noise / unit * np.sqrt(len(a))
    )
