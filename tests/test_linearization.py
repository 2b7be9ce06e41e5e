"""Linearizations: every step solves its equations as well as floating point allows."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_problems import network_case, rational

from lmteach import (
    Input,
    LeastSquares,
    Linear,
    NetworkFit,
    Relu,
    Sigmoid,
    Tanh,
    levenberg_marquardt,
)
from lmteach.primitives import Workspace

EPS = np.finfo(float).eps
MUS = [10.0**k for k in range(-12, 13, 3)]


def noise(n, seed=7):
    return np.random.default_rng(seed).normal(size=n)


def model(J, r):
    """The linear residual r + Jθ, to be linearized at 0."""
    return LeastSquares(lambda theta: r + J @ theta, lambda theta: J)


def at_zero(J, r):
    return model(J, r).linearize(np.zeros(J.shape[1]))


def matrix(rows, columns, condition, seed=0):
    """A random J with singular values from 1 down to 1/condition."""
    rng = np.random.default_rng(seed)
    U, V = (np.linalg.qr(rng.normal(size=(n, columns)))[0] for n in (rows, columns))
    return U * np.geomspace(1, 1 / condition, columns) @ V.T


def network_fit(n_samples=11):
    network, theta, X, Y = network_case((2, 4, 3), [Tanh, Linear], n_samples)
    return NetworkFit(network, X, Y), theta / 2


def backward_error(J, r, mu, h, scale=1.0):
    """‖(JᵀJ + μD²)h + g‖ in units of eps·((‖JᵀJ‖ + ‖μD²‖)‖h‖ + ‖J‖‖r‖), in extended precision.

    A solution that is exact for slightly changed data leaves a few of these units, however
    ill-conditioned the system; the last term is the rounding in g = Jᵀr itself.
    """
    J, r, h, D2 = (
        np.asarray(x, dtype=np.longdouble) for x in (J, r, h, np.broadcast_to(scale, len(h)) ** 2)
    )
    left = J.T @ (J @ h) + mu * D2 * h + J.T @ r
    size = np.linalg.norm(J.astype(float), 2)
    unit = (size**2 + mu * float(D2.max())) * np.linalg.norm(h.astype(float))
    return float(np.sqrt((left**2).sum())) / (EPS * (unit + size * np.linalg.norm(r.astype(float))))


def assert_rounding_level(J, r, mu, h, scale=1.0):
    assert backward_error(J, r, mu, h, scale) <= 4 * sum(J.shape)


# --- the step solves its equations


@pytest.mark.parametrize("mu", MUS)
@pytest.mark.parametrize("condition", [1e0, 1e4, 1e9])
def test_the_step_is_at_rounding_level(mu, condition):
    J, r = matrix(30, 8, condition), noise(30)
    assert_rounding_level(J, r, mu, at_zero(J, r).step(mu))


@pytest.mark.parametrize("mu", MUS)
@pytest.mark.parametrize("condition", [1e0, 1e4, 1e9])
def test_the_scaled_step_is_at_rounding_level(mu, condition):
    """In the variables Dh, where J is of size 1: the columns of JD differ by 1e6."""
    J, r, scale = matrix(30, 8, condition), noise(30), np.geomspace(1e-3, 1e3, 8)
    h = at_zero(J * scale, r).damped(mu, scale).h
    assert_rounding_level(J, r, mu, scale * h)


@pytest.mark.parametrize("mu", MUS)
def test_networks_steps_are_at_rounding_level(mu):
    problem, theta = network_fit()
    here = problem.linearize(theta)
    assert_rounding_level(here.J, here.r, mu, here.step(mu))


@given(
    rows=st.integers(1, 20),
    columns=st.integers(1, 12),
    exponent=st.integers(-12, 12),
    size=st.integers(-40, 40),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_shape_any_units_any_mu(rows, columns, exponent, size, seed):
    """Also with fewer rows than columns, where μ alone makes the system definite."""
    rng = np.random.default_rng(seed)
    J, r = 10.0**size * rng.normal(size=(rows, columns)), 10.0**size * rng.normal(size=rows)
    mu = 10.0**exponent * np.linalg.norm(J, 2) ** 2
    damped = at_zero(J, r).damped(mu)
    assert_rounding_level(J, r, mu, damped.h)


def test_the_measure_sees_an_error_of_a_thousand_units():
    J, r = matrix(30, 8, 10), noise(30)
    h = at_zero(J, r).step(1e-3)
    with pytest.raises(AssertionError):
        assert_rounding_level(J, r, 1e-3, h * (1 + 1e-9))


def test_the_step_minimizes_the_damped_model():
    """The same by least squares on the stacked system [J; √μ D] (P4)."""
    J, r, scale = matrix(30, 8, 100), noise(30), np.geomspace(0.1, 10, 8)
    stacked = np.vstack([J, np.sqrt(0.3) * np.diag(scale)])
    expected = np.linalg.lstsq(stacked, -np.concatenate([r, np.zeros(8)]), rcond=None)[0]
    np.testing.assert_allclose(at_zero(J, r).damped(0.3, scale).h, expected, rtol=1e-10)


@pytest.mark.parametrize("scale", [None, np.geomspace(0.1, 10, 8)], ids=["identity", "scaled"])
def test_predicted_is_the_decrease_of_the_model_plus_the_damping(scale):
    J, r, mu = matrix(30, 8, 10), noise(30), 0.2
    damped = at_zero(J, r).damped(mu, scale)
    h, D = damped.h, 1.0 if scale is None else scale
    assert damped.predicted == pytest.approx(h @ (mu * D**2 * h - J.T @ r) / 2, rel=1e-12)
    decrease = r @ r / 2 - (r + J @ h) @ (r + J @ h) / 2  # P7
    assert damped.predicted == pytest.approx(decrease, rel=1e-12)


@pytest.mark.parametrize("mu", [1e-6, 1.0, 1e6])
def test_solve_uses_the_same_factor(mu):
    J, r, v = matrix(30, 8, 10), noise(30), noise(30, seed=8)
    damped = at_zero(J, r).damped(mu)
    assert_rounding_level(J, -v, mu, damped.solve(v))
    assert np.array_equal(damped.solve(r), -damped.h)


def test_two_damped_systems_side_by_side_do_not_disturb_each_other():
    J, r, v = matrix(30, 8, 10), noise(30), noise(30, seed=8)
    here = at_zero(J, r)
    one = here.damped(1.0)
    before = one.solve(v)
    two = here.damped(1e3)
    assert np.array_equal(one.solve(v), before) and not np.allclose(two.solve(v), before)


# --- step(0), steps, products


def deficient(rows=12, columns=5):
    J = matrix(rows, columns, 10)
    J[:, 4], J[:, 3] = J[:, 0] - 2 * J[:, 1], 0.0
    return J


@pytest.mark.parametrize(
    "J",
    [matrix(12, 5, 10), matrix(5, 5, 10), matrix(12, 5, 10).T, deficient()],
    ids=["tall", "square", "wide", "rank"],
)
def test_step_0_has_minimum_norm(J):
    r = noise(len(J))
    h = at_zero(J, r).step(0)
    np.testing.assert_allclose(h, -np.linalg.pinv(J) @ r, atol=1e-12 * np.linalg.norm(h))
    np.testing.assert_allclose(J.T @ (J @ h + r), 0, atol=1e-13)


@pytest.mark.parametrize(
    "J",
    [matrix(12, 5, 100), matrix(12, 5, 100).T, deficient()],
    ids=["tall", "wide", "rank-deficient"],
)
def test_the_curve_agrees_with_single_steps(J):
    r, mus = noise(len(J)), [1e-4, 1e-2, 1.0, 1e2, 1e8]
    here = at_zero(J, r)
    curve = here.steps([0, *mus])
    assert curve.shape == (6, J.shape[1])
    np.testing.assert_allclose(curve[0], here.step(0), rtol=1e-9, atol=1e-12)
    for mu, h in zip(mus, curve[1:], strict=True):
        np.testing.assert_allclose(h, here.step(mu), rtol=1e-7, atol=1e-10)


@given(seed=st.integers(0, 99), rows=st.integers(2, 12))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_the_curve_shortens_and_turns_towards_steepest_descent(seed, rows):
    """P5 and P6: ‖h‖ falls with μ and cos(h, −g) does not; both limits."""
    rng = np.random.default_rng(seed)
    J, r = rng.normal(size=(rows, 4)), rng.normal(size=rows)
    here, mus = at_zero(J, r), np.geomspace(1e-9, 1e9, 40)
    curve = here.steps(mus)
    lengths = np.linalg.norm(curve, axis=1)
    cosines = curve @ -here.g / lengths / np.linalg.norm(here.g)
    assert (np.diff(lengths) < 0).all() and (np.diff(cosines) > -1e-12).all()
    np.testing.assert_allclose(1e9 * curve[-1], -here.g, rtol=1e-6)


def test_products_norms_and_cosine():
    problem, theta = network_fit()
    here = problem.linearize(theta)
    u, v = noise(len(theta)), noise(len(here.r))
    np.testing.assert_allclose(here.Jv(u), here.J @ u, atol=1e-13)
    np.testing.assert_allclose(here.JTv(v), here.J.T @ v, atol=1e-13)
    np.testing.assert_allclose(here.A, here.J.T @ here.J, atol=1e-13)
    np.testing.assert_allclose(here.g, here.J.T @ here.r, atol=1e-13)
    np.testing.assert_allclose(here.column_norms, np.linalg.norm(here.J, axis=0), rtol=1e-13)
    cosines = abs(here.g) / np.linalg.norm(here.J, axis=0) / np.linalg.norm(here.r)
    assert here.cosine() == pytest.approx(cosines.max(), rel=1e-12)
    assert here.loss == pytest.approx(here.r @ here.r / 2, rel=1e-14)
    assert here.orthogonal(cosines.max() * 1.001) and not here.orthogonal(cosines.max() * 0.999)
    assert np.array_equal(here.A, here.A.T)


def test_divided_is_the_same_model_in_another_unit():
    J, r = matrix(30, 8, 10), noise(30)
    here = at_zero(J, r)
    divided = here.divided(8.0)
    assert np.array_equal(divided.J, J / 8) and np.array_equal(divided.r, r / 8)
    assert divided.loss == pytest.approx(here.loss / 64, rel=1e-14)
    np.testing.assert_allclose(divided.step(0.5), here.step(32.0), rtol=1e-12)


def test_a_column_of_zeros_counts_as_cosine_0():
    J = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert at_zero(J, np.array([0.0, 1.0])).cosine() == 0
    assert at_zero(J, np.array([1.0, 1.0])).cosine() == pytest.approx(0.5**0.5)


# --- buffers of a running solver


def test_a_workspace_gives_the_same_buffer_for_the_same_name_shape_and_type():
    work = Workspace()
    one = work.buffer("A", (3, 3), np.dtype(float), "F")
    assert one.flags.f_contiguous and work.buffer("A", (3, 3), np.dtype(float), "F") is one
    assert work.buffer("L", (3, 3), np.dtype(float)) is not one
    assert work.buffer("A", (4, 4), np.dtype(float)).shape == (4, 4)
    assert work.buffer("A", (3, 3), np.dtype(np.float32)).dtype == np.float32


def test_with_and_without_a_workspace_the_numbers_are_the_same():
    problem, theta = network_fit()
    work = Workspace()
    for t in (theta, theta / 2, theta):
        here, there = problem.linearize(t), problem.linearize(t, work)
        for name in ("g", "J", "A", "column_norms"):
            assert np.array_equal(getattr(here, name), getattr(there, name))
        assert np.array_equal(here.step(0.3), there.step(0.3))


# --- what is handed out is the reader's


def test_everything_handed_out_is_read_only():
    problem, theta = network_fit()
    here = problem.linearize(theta)
    for array in (here.r, here.g, here.J, here.A):
        with pytest.raises(ValueError, match="read-only"):
            array[(0,) * array.ndim] = 1.0


def test_what_was_handed_out_never_changes():
    problem, theta = network_fit()
    here = problem.linearize(theta)
    kept = [here.r, here.g, here.J, here.A, here.step(1e-3), here.damped(1.0).h]
    copies = [array.copy() for array in kept]
    for other in (theta + 1, theta - 1):
        there = problem.linearize(other)
        there.step(1e-6), there.J, there.A
    for _, _ in zip(levenberg_marquardt(problem, theta), range(8), strict=False):
        pass
    assert all(map(np.array_equal, kept, copies))
    assert np.array_equal(here.J, copies[2]) and np.array_equal(here.step(1e-3), copies[4])


def test_j_belongs_to_one_reader():
    problem, theta = network_fit()
    here = problem.linearize(theta)
    first, second = here.A, here.A
    assert np.array_equal(first, second) and not np.shares_memory(first, second)


def test_a_callers_jacobian_buffer_may_be_written_again():
    J, r = matrix(6, 3, 10), noise(6)
    buffer = J.copy()
    here = LeastSquares(lambda theta: r + J @ theta, lambda theta: buffer).linearize(np.zeros(3))
    buffer[:] = np.nan
    assert np.array_equal(here.J, J) and np.isfinite(here.step(1.0)).all()


def test_the_run_under_way_does_not_touch_what_its_steps_hold():
    problem, theta = network_fit()
    kept, copies = [], []
    for step, _ in zip(levenberg_marquardt(problem, theta, mu=1e-8), range(12), strict=False):
        arrays = [step.theta, step.r, step.g, step.h, step.trial_theta, step.J, step.A]
        kept += arrays
        copies += [array.copy() for array in arrays]
    assert len(kept) == 84 and all(map(np.array_equal, kept, copies))


# --- refusals, exact arithmetic


def test_a_factorization_that_fails_is_a_linalgerror():
    here = at_zero(np.ones((3, 2)), np.ones(3))
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite in floating point"):
        here.step(1e-30)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite in floating point"):
        here.damped(1e-30)
    np.testing.assert_allclose(
        here.step(1.0), [-3 / 7, -3 / 7], rtol=1e-14
    )  # and nothing is broken by it


@pytest.mark.parametrize("hidden", [None, Linear, Relu])
def test_steps_on_rationals_are_exact(hidden):
    network = Input(2) >> Linear(2) if hidden is None else Input(2) >> hidden(2) >> Linear(1)
    rng = np.random.default_rng(1)
    X, Y = (
        rational(rng.integers(-9, 9, (4, 2))),
        rational(rng.integers(-9, 9, (4, network.n_outputs))),
    )
    theta = rational(rng.integers(-9, 9, network.n_parameters))
    here, mu = NetworkFit(network, X, Y).linearize(theta), sympy.Rational(1, 7)
    scale = rational(rng.integers(1, 9, network.n_parameters))
    one, h = np.eye(len(theta), dtype=int), here.step(mu)
    assert not ((here.A + mu * one) @ h + here.g).any()
    damped = here.damped(mu, scale)
    assert not ((here.A + mu * np.diag(scale**2)) @ damped.h + here.g).any()
    assert not (damped.solve(here.r) + damped.h).any()
    assert damped.predicted == (damped.h * (mu * scale**2 * damped.h - here.g)).sum() / 2
    assert all(entry.is_Rational for entry in (*h, *damped.h, damped.predicted, here.loss))


def test_step_0_on_rationals_is_exact_and_of_minimum_norm():
    network = Input(2) >> Linear(1)
    X, Y = rational([[1, 2], [2, 4]]), rational([[1], [5]])
    here = NetworkFit(network, X, Y).linearize(rational([1, 1, 1]))
    h = here.step(0)
    assert not (here.A @ h + here.g).any() and all(entry.is_Rational for entry in h)
    kernel = sympy.Matrix(here.J).nullspace()
    assert kernel and all(vector.dot(sympy.Matrix(h)) == 0 for vector in kernel)


def test_a_symbolic_mu_is_carried_through():
    mu = sympy.Symbol("mu", positive=True)
    network = Input(1) >> Linear(1)
    X, Y = rational([[1], [2], [4]]), rational([[3], [1], [2]])
    here = NetworkFit(network, X, Y).linearize(rational([1, 2]))
    h = here.step(mu)
    left = (here.A + mu * np.eye(2, dtype=int)) @ h + here.g
    assert [sympy.simplify(entry) for entry in left] == [0, 0]


def test_a_sigmoids_step_on_floats_and_exact_numbers_agree():
    network = Input(1) >> Sigmoid(1)
    theta, X, Y = np.array([0.5, -0.25]), np.array([[1.0], [2.0]]), np.array([[0.5], [1.0]])
    exact = [np.vectorize(sympy.Rational, otypes=[object])(array) for array in (theta, X, Y)]
    floats = NetworkFit(network, X, Y).linearize(theta).step(0.5)
    symbols = NetworkFit(network, exact[1], exact[2]).linearize(exact[0]).step(sympy.Rational(1, 2))
    np.testing.assert_allclose([float(entry) for entry in symbols], floats, rtol=1e-13)


def test_a_shift_beyond_the_largest_float_is_no_factor():
    here = LeastSquares(lambda t: t - 1).linearize(np.zeros(2))
    with pytest.raises(np.linalg.LinAlgError, match="μD² is larger than the largest float"):
        here.damped(1.0, np.array([1.0, 1e200]))
