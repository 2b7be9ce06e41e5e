"""α and β from the data: the evidence of a linear model in closed form; γ; many starts."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.optimize import minimize

from lmteach import (
    CurveFit,
    Input,
    LeastSquares,
    Linear,
    NetworkFit,
    Tanh,
    bayesian_regularization,
    multistart,
)
from lmteach.algorithms import LevenbergMarquardt
from lmteach.multistart import latin_hypercube


def linear(seed=1):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(40, 6)) * [1, 1, 1, 0.3, 0.1, 0.01]
    return A, A @ [1, -1, 0.5, 1, 0, 0.3] + 0.3 * rng.normal(size=40)


def minus_log_evidence(A, y, alpha, beta):
    """−ln N(y | 0, I/β + AAᵀ/α): θ integrated out in closed form."""
    C = np.eye(len(y)) / beta + A @ A.T / alpha
    return np.linalg.slogdet(2 * np.pi * C)[1] / 2 + y @ np.linalg.solve(C, y) / 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_alpha_and_beta_maximize_the_evidence_of_a_linear_model(seed):
    A, y = linear(seed)
    found = bayesian_regularization(LeastSquares(lambda theta: A @ theta - y), np.ones(6))
    assert found.success, found.message
    expected = minimize(
        lambda v: minus_log_evidence(A, y, *np.exp(v)), [0, 0], method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-12},
    )  # fmt: skip
    np.testing.assert_allclose([found.alpha, found.beta], np.exp(expected.x), rtol=1e-4)
    np.testing.assert_allclose(found.evidence, -expected.fun, rtol=1e-6)
    last = found.rounds[-1]
    closed = minus_log_evidence(A, y, last.alpha, last.beta)
    np.testing.assert_allclose(last.evidence, -closed, rtol=1e-9)
    assert all(0 < r.gamma < 6 for r in found.rounds)
    M = found.beta * A.T @ A + found.alpha * np.eye(6)
    np.testing.assert_allclose(found.theta, np.linalg.solve(M, found.beta * A.T @ y), rtol=1e-6)
    errors = np.sqrt(np.linalg.inv(M).diagonal())
    np.testing.assert_allclose(found.uncertainty().standard_errors, errors, rtol=1e-3)


def noisy_sine(seed):
    rng = np.random.default_rng(seed)
    X = np.linspace(-1, 1, 25)[:, None]
    network = (Input(1) >> Tanh(15) >> Linear(1)).initialize(seed)
    return NetworkFit(network, X, np.sin(3 * X) + 0.2 * rng.normal(size=X.shape))


def test_a_network_of_46_weights_uses_a_few_of_them():
    problem = noisy_sine(0)
    found = bayesian_regularization(problem, problem.network.theta)
    assert found.success and 3 < found.gamma < 12
    assert 0.12 < found.beta**-0.5 < 0.3  # the noise is 0.2
    for one in found.rounds:
        assert 0 <= one.gamma <= 46 and "γ" in str(one)
    band = found.uncertainty().band(np.array([[0.0], [3.0]]))
    assert band.error[0] < 0.2 < band.error[1]  # where there are no data it says so
    assert "γ" in repr(found) and "<table>" in found._repr_html_()


def test_given_alpha_and_beta_begin():
    A, y = linear()
    problem = LeastSquares(lambda theta: A @ theta - y)
    found = bayesian_regularization(problem, np.ones(6), alpha=7.0, beta=2.0, max_rounds=1)
    assert (found.rounds[0].alpha, found.rounds[0].beta) == (7.0, 2.0) and not found.success
    assert "have not settled" in found.message
    with pytest.raises(ValueError, match="alpha = -1"):
        bayesian_regularization(problem, np.ones(6), alpha=-1)


@pytest.mark.filterwarnings("error")
def test_data_without_noise_have_a_limit_and_it_is_said():
    A, _ = linear()
    exact = LeastSquares(lambda theta: A @ (theta - 2))
    found = bayesian_regularization(exact, np.ones(6))
    assert found.success and "no noise" in found.message, found.message
    assert np.isfinite(found.beta) and found.theta == pytest.approx(2 * np.ones(6))
    assert bayesian_regularization(exact, 2 * np.ones(6)).theta == pytest.approx(2 * np.ones(6))


# --- many starts


def waves():
    x = np.linspace(0, 6, 30)
    y = np.sin(2 * x) + 0.05 * np.cos(17 * x)
    return CurveFit(lambda theta, x: theta[1] * np.sin(theta[0] * x), x, y)


def test_the_best_of_many_starts_is_the_right_wave():
    found = multistart(waves(), [0.1, 0.1], [6, 3], n=24, seed=1)
    np.testing.assert_allclose(found.best.theta, [2, 1], rtol=0.02)
    assert len(found) > 3 and sum(m.count for m in found) + len(found.lost) == 24
    losses = [m.loss for m in found]
    assert losses == sorted(losses)
    for minimum in found:
        assert len(minimum.starts) == minimum.count
    assert "minima from 24 starts" in repr(found) and "<table>" in found._repr_html_()


def test_an_executor_changes_nothing():
    plain = multistart(waves(), [0.1, 0.1], [6, 3], n=8, seed=2)
    with ThreadPoolExecutor(2) as pool:
        shared = multistart(waves(), [0.1, 0.1], [6, 3], n=8, seed=2, executor=pool)
    assert [m.count for m in plain] == [m.count for m in shared]
    assert all((a.theta == b.theta).all() for a, b in zip(plain, shared, strict=True))


def test_runs_may_be_kept_in_the_box():
    found = multistart(waves(), [3, 0.5], [6, 3], n=6, seed=0, bounded=True)
    for minimum in found:
        assert 3 <= minimum.theta[0] <= 6 and 0.5 <= minimum.theta[1] <= 3


def test_each_part_of_the_cube_has_one_start():
    points = latin_hypercube(10, 3, 0)
    for column in points.T:
        assert sorted((column * 10).astype(int)) == list(range(10))


def test_bad_boxes_are_refused():
    with pytest.raises(ValueError, match="expected lower < upper"):
        multistart(waves(), [1, 1], [0, 2])
    with pytest.raises(TypeError, match="executor = 3"):
        multistart(waves(), [0, 0], [1, 1], executor=3)
    with pytest.raises(TypeError, match="bounded = 'yes'"):
        multistart(waves(), [0, 0], [1, 1], bounded="yes")
    with pytest.raises(ValueError, match="n = 0"):
        multistart(waves(), [0, 0], [1, 1], n=0)


# --- in neupy's shape


def test_the_optimizer_sets_alpha_and_beta():
    problem = noisy_sine(0)
    network = problem.network.copy()
    optimizer = LevenbergMarquardt(network, bayesian=True, shuffle_data=False)
    optimizer.train(problem.X, problem.Y, epochs=80)
    assert 3 < optimizer.gamma < 12 and 0.12 < optimizer.beta**-0.5 < 0.3
    assert optimizer.errors.train[-1] == pytest.approx(2 * problem.loss(network.theta) / 25)
    found = bayesian_regularization(problem, problem.network.theta)
    ratio = optimizer.errors.train[-1] / (2 * problem.loss(found.theta) / 25)
    assert 0.6 < ratio < 1.6
    with pytest.raises(TypeError, match="bayesian = 'yes'"):
        LevenbergMarquardt(network, bayesian="yes")
