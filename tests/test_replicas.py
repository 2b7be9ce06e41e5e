"""The broken solvers of lesson 10 have the mistakes that they are named for."""

import numpy as np
import pytest

from lmteach import LeastSquares
from lmteach.examples import START, rosenbrock
from lmteach.replicas import ANONYMOUS, LAMBDA, RATE, REPLICAS, damped

MU = 0.7
STEEP = np.array([[4.0, -3.0], [-3.0, 5.0], [1.0, 2.0]])  # J of a straight r
Y = np.array([1.0, -2.0, 0.5])


def straight(theta):
    return STEEP @ theta - Y


def slope(theta):
    return STEEP


@pytest.fixture
def valley():
    """Rosenbrock's valley as (residual, jacobian), its start, and its Linearization there."""
    problem = rosenbrock()
    here = problem.linearize(np.array(START))
    return (problem.residual, lambda t: problem.linearize(t).J), np.array(START), here


def step_of(name, residual, jacobian, theta, mu=MU):
    return REPLICAS[name](residual, jacobian, theta, mu)[2]["h"]


def test_the_real_one_takes_the_packages_step(valley):
    functions, theta, here = valley
    np.testing.assert_allclose(step_of("Levenberg-Marquardt", *functions, theta), here.step(MU))
    np.testing.assert_allclose(step_of("Gauss-Newton", *functions, theta), here.step(0))


def test_only_those_with_a_verdict_refuse(valley):
    functions, theta, here = valley
    for name, step in REPLICAS.items():
        trial, accepted, seen = step(*functions, theta, 1e-9)  # hardly damped: F rises
        if name in ("Levenberg-Marquardt", "mu everywhere"):
            assert not accepted and np.array_equal(trial, theta)
        else:
            assert accepted and np.array_equal(trial, theta + seen["h"])
        assert np.array_equal(theta, START)


def test_one_row_is_gradient_descent(valley):
    functions, theta, here = valley
    rate = here.loss / (MU + here.g @ here.g)
    np.testing.assert_allclose(step_of("one row", *functions, theta), -rate * here.g)


def test_row_sums_are_those_of_the_mean_squares_hessian():
    theta = np.array([0.3, -0.4])
    H, g = 2 * STEEP.T @ STEEP / 3, 2 * STEEP.T @ straight(theta) / 3
    for mu in (MU, 100 * MU):  # λ is a constant
        h = step_of("row sums", straight, slope, theta, mu)
        np.testing.assert_allclose(h, -g / (H.sum(axis=1) + LAMBDA), rtol=1e-6)


def test_blocks_solve_for_each_parameter_alone():
    theta = np.array([0.3, -0.4])
    h = step_of("blocks", straight, slope, theta)
    for j in range(2):
        alone = damped(STEEP[:, [j]], straight(theta), MU)
        np.testing.assert_allclose(h[j], alone[0])


def test_squared_errors_are_the_residuals_of_another_problem(valley):
    functions, theta, _ = valley
    squares = LeastSquares(lambda t: np.array([10 * (t[1] - t[0] ** 2), 1 - t[0]]) ** 2)
    other = squares.linearize(theta)
    h = step_of("squared errors", *functions, theta)
    np.testing.assert_allclose(h, other.step(MU), rtol=1e-6)


def test_gradient_descent_has_one_rate(valley):
    functions, theta, here = valley
    for mu in (MU, 100 * MU):
        h = step_of("gradient descent", *functions, theta, mu)
        np.testing.assert_allclose(h, -RATE * here.g)


def test_mu_on_every_entry(valley):
    functions, theta, here = valley
    h = step_of("mu everywhere", *functions, theta)
    np.testing.assert_allclose((here.A + MU * np.ones((2, 2))) @ h, -here.g)


def test_the_anonymous_are_three_different_replicas():
    assert set(ANONYMOUS) == {"A", "B", "C"}
    assert len(set(ANONYMOUS.values())) == 3
    assert set(ANONYMOUS.values()) < set(REPLICAS.values())
