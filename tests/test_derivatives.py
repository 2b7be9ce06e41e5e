"""Derivatives by complex steps and differences, and what they say of derivatives handed in."""

import warnings

import numpy as np
import pytest
from shared_problems import LAYERS, START, rosenbrock, rosenbrock_jacobian

from lmteach.derivatives import (
    central,
    central_jacobian,
    checked_jacobian,
    complex_jacobian,
    disagreement,
    output_gradient_disagrees,
    slopes_disagree,
)


def test_differences_and_complex_steps_agree_on_an_analytic_function():
    by_differences = central_jacobian(rosenbrock, START)
    np.testing.assert_allclose(by_differences, complex_jacobian(rosenbrock, START), atol=1e-9)
    np.testing.assert_allclose(
        complex_jacobian(rosenbrock, START), rosenbrock_jacobian(START), rtol=1e-15
    )


def test_central_differences_are_good_to_about_ten_digits_also_where_theta_is_large():
    theta = np.array([1.0, 1e3, 1e6])
    J = central_jacobian(lambda t: np.sin(t / theta) * theta, theta)
    np.testing.assert_allclose(J, np.cos(1) * np.eye(3), atol=3e-10)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_central_difference_has_an_error_of_second_order_in_a_part_of_theta(unit):
    """(sin(1 + v) − sin(1 − v))/2v = cos 1 (1 − v²/6 + …), with v a part of θ_j in any unit."""
    for v in (1e-1, 1e-2):
        found, epsilon = central(lambda t: np.sin(t / unit), np.array([5.0, unit]), 1, v)
        assert epsilon == pytest.approx(v * unit)
        assert 1 - found[1] * unit / np.cos(1) == pytest.approx(v**2 / 6, rel=1e-2)


@pytest.mark.parametrize("smallest", [5e-324, -1e-310, 1e-300])
def test_a_difference_at_the_smallest_floats_grows_until_r_changes(smallest):
    J = central_jacobian(lambda t: 3 * t - 1, np.array([smallest]))
    assert J[0, 0] == pytest.approx(3, rel=1e-5)


def test_differences_that_run_to_infinity_are_compared_without_a_warning():
    def residual(theta):
        return np.array([1.0, np.inf]) if theta[0] != 2 else np.array([1.0, 2.0])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = disagreement(residual, np.array([2.0]), np.array([[0.0], [np.inf]]))
    assert said.startswith("jacobian disagrees")


@pytest.mark.parametrize("sign", [1, -1])
def test_a_difference_is_one_sided_where_r_is_finite_on_one_side(sign):
    def residual(theta):
        return np.where(sign * (theta - 1) <= 0, theta**2, np.nan)

    found, _ = central(residual, np.ones(1), 0, 1e-6)
    assert found[0] == pytest.approx(2, rel=1e-5)


def test_checked_jacobian_is_silent_where_complex_steps_serve():
    J = checked_jacobian(rosenbrock, START)(START)
    np.testing.assert_allclose(J, rosenbrock_jacobian(START), rtol=1e-15)


def test_checked_jacobian_falls_back_to_differences_and_says_so():
    with pytest.warns(UserWarning, match="jacobian by central differences, about 10 digits"):
        jacobian = checked_jacobian(np.abs, START)
    np.testing.assert_allclose(jacobian(START), np.diag(np.sign(START)), atol=1e-9)


def test_a_right_jacobian_passes_at_a_minimum_and_with_rounding_noise():
    assert disagreement(rosenbrock, np.ones(2), rosenbrock_jacobian(np.ones(2))) is None
    assert disagreement(lambda t: rosenbrock(t) + 1e8, START, rosenbrock_jacobian(START)) is None


def test_a_wrong_jacobian_is_told_where_and_by_how_much():
    words = disagreement(rosenbrock, START, -rosenbrock_jacobian(START))
    assert "jacobian disagrees with central differences of residual" in words
    assert "the differences give" in words


# --- slopes of layers


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_right_slopes_agree(kind, n):
    layer = kind(n)
    assert slopes_disagree(layer.activate, layer.slopes, n) is None


@pytest.mark.parametrize("factor", [-1, 0, 1.01, 2])
def test_wrong_slopes_are_told_with_both_numbers(factor):
    words = slopes_disagree(np.tanh, lambda a: factor * (1 - a * a).T, 3)
    assert "its slope gives" in words and "differences of activate give" in words


def test_slopes_that_are_the_same_for_all_samples_are_taken_too():
    assert slopes_disagree(lambda z: 3 * z, lambda a: np.full((2, 1), 3.0), 2) is None
    assert slopes_disagree(lambda z: 3 * z, lambda a: np.full((2, 1), 2.0), 2)


def test_slopes_between_units_are_looked_at():
    W = np.array([[1.0, 2.0], [3.0, 4.0]])

    def each(M):
        return lambda a: np.repeat(M[:, :, None], len(a), axis=2)

    assert slopes_disagree(lambda z: z @ W.T, each(W), 2) is None
    assert slopes_disagree(lambda z: z @ W.T, each(W.T), 2)


# --- losses


def half_square(z):
    return float((z * z).sum()) / 2


def test_a_right_gradient_at_the_net_inputs_agrees():
    assert output_gradient_disagrees(half_square, lambda z: z, (4, 3)) is None


@pytest.mark.parametrize("factor", [-1, 0, 0.5, 1.01])
def test_a_wrong_gradient_at_the_net_inputs_is_told_with_both_numbers(factor):
    words = output_gradient_disagrees(half_square, lambda z: factor * z, (4, 3))
    assert "along one direction S^Lᵀr gives" in words and "differences of F give" in words
