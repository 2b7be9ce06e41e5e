"""Checks of numbers that come in: large integers, fractions, masks and text."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from lmteach import Factor, Input, LeastSquares, checks, solve
from lmteach.checks import as_array, as_finite, at_least, not_finite, positive, shown

HUGE = 10**400


@pytest.mark.parametrize("value", [HUGE, -HUGE, 10**5000, Fraction(HUGE, 3)], ids="abcd")
def test_numbers_beyond_the_range_of_floats_are_told_so(value):
    with pytest.raises(ValueError, match="mu = .*: expected a finite number > 0"):
        positive("mu", value)
    with pytest.raises(ValueError, match=r"theta holds .* at index \(1,\): expected numbers of at"):
        as_array("theta", [1, value], 1)
    with pytest.raises(ValueError, match="expected a finite number > 0"):
        Factor(value)
    with pytest.raises(ValueError, match="^theta0 holds"):
        solve(LeastSquares(lambda theta: theta), [value, 1])


def test_a_long_integer_is_shown_by_its_size():
    assert shown(HUGE) == "an integer of 401 digits" and shown(12) == "12"
    with pytest.raises(ValueError, match="seed = an integer of 5001 digits: expected a whole"):
        at_least("seed", -(10**5000), 0)


@pytest.mark.parametrize(
    "values", [[Fraction(1, 2), 3], [Decimal("0.5"), 3], [0.5, 3], [np.float32(0.5), 3]]
)
def test_objects_that_are_numbers_are_floats(values):
    array = as_finite("theta", np.array(values, dtype=object), 1)
    assert array.dtype == float and np.array_equal(array, [0.5, 3])


def test_symbols_among_numbers_stay_as_they_are():
    values = np.array([sp.Symbol("a"), sp.Rational(1, 3), 2], dtype=object)
    assert as_array("theta", values, 1) is values


def test_a_mask_is_not_forgotten():
    with pytest.raises(ValueError, match="theta has masked entries: expected an array of numbers"):
        as_finite("theta", np.ma.masked_equal([1.0, 2.0], 2), 1)
    assert np.array_equal(as_finite("theta", np.ma.array([1.0, 2.0]), 1), [1, 2])


@pytest.mark.parametrize(
    ("values", "words"),
    [(["a", "b"], "dtype <U1: .*the first is 'a'"), ([1.0, None], r"\(1,\) stands None")],
)
def test_what_came_is_shown(values, words):
    with pytest.raises(TypeError, match=words):
        as_array("theta", values, 1)


def test_an_array_of_the_right_kind_is_taken_as_it_is():
    theta = np.ones(3)
    assert as_finite("theta", theta, 1, (3,)) is theta and as_array("theta", theta, 1) is theta


def test_the_first_residual_that_is_not_finite_is_named():
    r = np.array([1.0, np.nan, np.inf])
    assert not_finite(r, lambda i: f"x = {i}") == "r[1] = nan at x = 1"
    assert not_finite(r, lambda i: "") == "r[1] = nan"


def test_a_kind_has_its_article():
    assert checks.a_thing(Input(2)) == "an Input" and checks.a_thing([]) == "a list"
    assert checks.a_thing(1) == "an int"
