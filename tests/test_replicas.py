"""The broken solvers of lesson 10 have the mistakes that they are named for."""

import numpy as np
import pytest

from lmteach import LeastSquares
from lmteach.examples import START, rosenbrock
from lmteach.exercises import check
from lmteach.litmus import litmus
from lmteach.replicas import ANONYMOUS, LAMBDA, RATE, REPLICAS, damped

MU = 0.7
NAMED = {
    "Gauss-Newton": "plain Gauss-Newton",
    "one row": "gradient of the loss",
    "row sums": "row sums",
    "blocks": "blocks",
    "squared errors": "squared errors",
    "gradient descent": "plain gradient descent",
    "always kept": "bad step is kept",
    "mu everywhere": "all entries",
}
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


@pytest.fixture(scope="module")
def reports():
    return {name: litmus(step) for name, step in REPLICAS.items()}


def test_litmus_names_every_mistake(reports):
    assert set(NAMED) == set(REPLICAS) - {"Levenberg-Marquardt"}
    assert reports["Levenberg-Marquardt"].passed
    for name, words in NAMED.items():
        assert words in reports[name].mistakes[0], (name, reports[name].mistakes)


def test_no_two_have_the_same_fingerprint(reports):
    fingerprints = {tuple(report.failed) for report in reports.values()}
    assert len(fingerprints) == len(REPLICAS)


def test_a_wrong_name_is_answered_with_what_differs():
    verdict = check("10.2", dict.fromkeys("ABC", "blocks"))
    assert verdict.right is False
    for letter in "ABC":
        assert f"{letter} is not 'blocks': {letter} also fails " in verdict.text
    assert not any(name in verdict.text for name in NAMED if name != "blocks")
    assert "'nobody' is none of Gauss-Newton," in check("10.2", dict.fromkeys("ABC", "nobody")).text


@pytest.mark.parametrize(("letter", "words"), [("A", "all entries"), ("C", "bad step is kept")])
def test_a_step_that_is_not_mended_is_told_why(letter, words):
    verdict = check("10.3", ANONYMOUS[letter])
    assert verdict.right is False and verdict.text.startswith("fails L") and words in verdict.text


def test_another_mended_step_is_right():
    def step(residual, jacobian, theta, mu):
        J, r = np.array(jacobian(theta)), np.array(residual(theta))
        D = np.linalg.norm(J, axis=0)
        h = np.linalg.lstsq(
            np.vstack([J, np.sqrt(mu) * np.diag(D)]), np.append(-r, 0 * theta), rcond=None
        )[0]
        fell = np.sum(residual(theta + h) ** 2) < np.sum(r**2)
        return (theta + h if fell else theta), bool(fell), {"h": h}

    assert check("10.3", step).right is True
