"""What speaks against a J: thresholds of differences, from both sides, on functions made for it."""

import numpy as np
import pytest
from shared_problems import Counted

from lmteach.derivatives import (
    central,
    checked_jacobian,
    complex_jacobian,
    disagreement,
    filled,
    output_gradient_disagrees,
    slopes_disagree,
)
from lmteach.jacobians import SINGLE_EPS

EPS = np.finfo(float).eps
ONE = np.ones(1)


def agrees(residual, J, theta=ONE, **options):
    """Whether J is taken for the derivative of the residual at θ."""
    return disagreement(residual, theta, np.array(J, dtype=float), **options) is None


def steps(value, size):
    """The value on a staircase."""
    return np.floor(value / size) * size


# --- how large a difference between J and the differences may be


@pytest.mark.parametrize(("error", "expected"), [(1.5e-4, True), (3e-4, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_column_agrees_to_a_ten_thousandth_of_both(error, expected, sign):
    assert agrees(lambda t: 2 * t, [[2 * (1 + sign * error)]]) == expected


@pytest.mark.parametrize("wrong", [0, 1])
def test_one_wrong_column_of_two_is_told_with_its_place(wrong):
    J = np.eye(2)
    J[wrong, wrong] = 0.5
    words = disagreement(lambda t: t, np.ones(2), J)
    assert f"∂r[{wrong}]/∂θ[{wrong}] is 0.5, and the differences give 1." in words


def test_the_place_that_is_told_is_the_furthest_from_the_differences_in_its_row_s_unit():
    words = disagreement(lambda t: np.array([t[0], 1e3 * t[0]]), ONE, np.array([[0.5], [1e3]]))
    assert "∂r[0]/∂θ[0] is 0.5, and the differences give 1." in words
    J = np.array([[1.0, 100.0], [1.0, 0.0]])
    words = disagreement(lambda t: J @ t, np.ones(2), J + [[0.3, 0.0], [0.2, 0.0]])
    assert "∂r[1]/∂θ[0] is 1.2, and the differences give 1." in words  # of 1, not of 100
    words = disagreement(lambda t: np.array([5.0, t[0]]), ONE, np.array([[0.0], [0.5]]))
    assert "∂r[1]/∂θ[0] is 0.5, and the differences give 1." in words


def test_a_wrong_row_a_million_times_fainter_is_told():
    assert not agrees(lambda t: np.array([1.0, 1e-6]) * t, [[1.0], [-1e-6]])


@pytest.mark.parametrize(("size", "expected"), [(1e-11, False), (1e-13, True)])
def test_a_row_fainter_than_rounding_of_the_others_is_not_looked_at(size, expected):
    assert agrees(lambda t: np.array([1.0, size]) * t, [[1.0], [-size]]) == expected


def test_rows_columns_and_whole_matrices_of_zeros_agree():
    assert agrees(lambda t: np.array([t[0], 5.0]), [[1.0], [0.0]])
    assert agrees(lambda t: t[:1], [[1.0, 0.0]], np.ones(2))
    assert agrees(lambda t: ONE, [[0.0]])


# --- what rounding explains


@pytest.mark.parametrize(("error", "expected"), [(1e-4, True), (1e-3, False)])
def test_beside_a_hundredfold_r_an_error_of_a_thousandth_is_told(error, expected):
    """Rounding of r explains 1e-5 of J at the first difference, and 2e-4 at the shortest."""
    assert agrees(lambda t: t + 100, [[1 + error]]) == expected


def test_three_hundred_roundings_of_r_are_no_disagreement():
    assert agrees(lambda t: steps(t + 1e8, 300 * EPS * 1e8) + 0.0, [[1.0]], ONE * 0.7)


def test_rounding_of_what_cancels_in_r_is_no_disagreement():
    """θ₀ adds 1e10 to r, and a constant takes it away."""
    theta = np.array([1.0, 0.3])
    assert agrees(lambda t: np.array([(1e10 * t[0] + t[1]) - 1e10]), [[1e10, 1.0]], theta)


# --- how long a difference is


def test_the_first_difference_settles_it_for_a_smooth_function():
    residual = Counted(lambda t: np.exp(10 * t))
    assert agrees(residual, [[10 * np.exp(10)]], r=np.exp(10 * ONE)) and residual.calls == 1


def test_beside_a_kink_short_differences_decide():
    assert agrees(lambda t: np.abs(t - (1 + 1e-6)), [[-1.0]])


def test_on_a_staircase_long_differences_decide():
    assert agrees(lambda t: np.exp(5 * (steps(t, 1.3e-7) - 1)), [[5.0]])


def test_on_a_bent_staircase_middling_differences_decide():
    assert agrees(lambda t: np.exp(100 * (steps(t, 1.7e-9) - 1)), [[100.0]])


def test_a_difference_is_as_long_as_it_is_told_to_be():
    for value in (1e-3, 1.0, -1e3):
        column, epsilon = central(lambda t: t, np.array([value]), 0, 1e-5)
        assert epsilon == 1e-5 * abs(value) and column == pytest.approx(1)
    assert central(lambda t: t, np.zeros(1), 0, 1e-5)[1] == 1e-5


@pytest.mark.parametrize("r", [lambda t: t + 1, lambda t: np.array([t[0] + 1, 0.0])])
def test_it_grows_by_thousands_until_r_changes_visibly(r):
    """From 1e-14 over 1e-11 to 1e-8: r is 1."""
    column, epsilon = central(r, np.array([1e-8]), 0, 1e-6)
    assert epsilon == pytest.approx(1e-8) and column[0] == pytest.approx(1)


@pytest.mark.parametrize("value", [1e-3, 5.0])
def test_it_grows_to_its_part_of_1_or_of_theta_at_most(value):
    _, epsilon = central(lambda t: np.ones(2), np.array([value]), 0, 1e-5)
    assert epsilon == 1e-5 * max(value, 1)


@pytest.mark.parametrize("side", [1, -1])
def test_at_an_edge_the_difference_is_to_the_side_where_r_is_finite(side):
    def residual(theta):
        inside = side * (theta[0] - 1) <= 0
        return np.array([3 * theta[0], 2 * theta[0] + 5 if inside else np.nan])

    column, _ = central(residual, ONE, 0, 1e-5)
    np.testing.assert_allclose(column, [3, 2], rtol=1e-6)


def test_only_entries_that_are_not_finite_are_filled_in():
    J = np.array([[7.0, np.nan], [np.inf, 8.0], [9.0, 9.0]])
    full = filled(lambda t: np.array([t[1] * 2, t[0] * 3, 1.0]), np.ones(2), J)
    np.testing.assert_allclose(full, [[7, 2], [3, 8], [9, 9]], rtol=1e-6)


# --- slopes of layers and losses


@pytest.mark.parametrize(("error", "told"), [(1e-5, False), (5e-3, True)])
def test_a_slope_agrees_to_a_ten_thousandth(error, told):
    words = slopes_disagree(lambda z: z, lambda a: np.full(a.T.shape, 1 + error), 3)
    assert (words is not None) == told


def test_the_slope_of_a_sharp_activation_agrees():
    words = slopes_disagree(lambda z: np.tanh(30 * z), lambda a: 30 * (1 - a * a).T, 60)
    assert words is None


def test_the_slope_of_a_large_activation_agrees():
    assert slopes_disagree(lambda z: z + 1e6, lambda a: np.ones(a.T.shape), 3) is None


def test_a_slope_that_is_wrong_on_one_side_of_0_is_told():
    for sign in (1, -1):
        assert slopes_disagree(np.abs, lambda a, s=sign: np.full(a.T.shape, float(s)), 20)


def test_a_gradient_that_is_wrong_on_one_side_of_0_is_told():
    def loss(z):
        return float((z * z).sum()) / 2

    assert output_gradient_disagrees(loss, np.abs, (4, 3))


@pytest.mark.parametrize(("error", "told"), [(1.5e-4, False), (3e-4, True)])
def test_a_gradient_agrees_to_a_ten_thousandth_of_both(error, told):
    words = output_gradient_disagrees(
        lambda z: 1e8 * float((z * z).sum()) / 2, lambda z: 1e8 * (1 + error) * z, (4, 3)
    )
    assert (words is not None) == told


def test_the_gradient_of_a_sharp_loss_agrees():
    def loss(z):
        return float(np.exp(300 * z).sum())

    assert output_gradient_disagrees(loss, lambda z: 300 * np.exp(300 * z), (4, 3)) is None


# --- single precision


def in_single(theta):
    return np.exp(theta).astype(np.float32)


def test_in_single_precision_a_right_j_agrees():
    assert agrees(in_single, [[np.exp(1)]], eps=SINGLE_EPS)


@pytest.mark.parametrize(("error", "expected"), [(3.5e-4, True), (7e-4, False)])
def test_a_coarse_r_without_noise_leaves_a_column_a_part_of_its_digits(error, expected):
    """At θ = 0 and r = 0 nothing is rounded: two thirds of the digits count."""
    assert agrees(lambda t: t, [[1 + error]], np.zeros(1), eps=SINGLE_EPS) == expected


def test_in_single_precision_a_j_of_the_wrong_sign_is_told():
    assert not agrees(in_single, [[-np.exp(1)]], eps=SINGLE_EPS)


# --- complex steps


def test_a_complex_step_of_a_faint_r_keeps_its_digits():
    for size in (1e-10, 1.0, 1e10):
        J = complex_jacobian(lambda t, size=size: size * t, ONE)
        np.testing.assert_allclose(J, [[size]], rtol=1e-14)


def test_the_warning_of_differences_points_to_the_caller():
    with pytest.warns(UserWarning, match="jacobian by central differences") as record:
        checked_jacobian(np.abs, ONE)
    assert record[0].filename == __file__
