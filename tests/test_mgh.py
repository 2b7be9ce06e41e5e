"""The problems of Moré, Garbow and Hillstrom are the paper's; `solve` reaches its minima."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from lmteach import LeastSquares, solve
from lmteach.standard_problems import INSTANCES, OUTCOMES

MINIMIZERS = {  # x that the paper gives, where it does so with enough digits
    "1 rosenbrock": [1, 1],
    "2 freudenstein and roth": [5, 4],
    "5 beale": [3, 0.5],
    "7 helical valley": [1, 0, 0],
    "11 gulf research and development": [50, 25, 1.5],
    "12 box three dimensional": [1, 10, 1],
    "13 powell singular": [0, 0, 0, 0],
    "14 wood": [1, 1, 1, 1],
    "18 biggs exp6": [1, 10, 1, 5, 4, 3],
    "25 variably dimensioned n=10": np.ones(10),
    "32 linear full rank n=10": -np.ones(10),
}


def near(instance, seed=0):
    """A point near the standard start where nothing vanishes by accident."""
    x = instance.standard_start
    return x + 0.01 * np.random.default_rng(seed).normal(size=len(x)) * (np.abs(x) + (x == 0))


def test_there_are_35_problems_in_41_instances():
    assert len({str(instance).split()[0] for instance in INSTANCES}) == 35 and len(INSTANCES) == 41


def test_an_outcome_says_where_a_run_ended_and_what_it_claimed():
    rosenbrock = INSTANCES[0]
    there, elsewhere = np.ones(2), np.array([-1.2, 1.0])
    ends = [(there, True), (there, False), (elsewhere, False), (elsewhere, True)]
    assert [rosenbrock.outcome(x, success) for x, success in ends] == list(OUTCOMES)
    assert rosenbrock.number == 1 and str(INSTANCES[-1]) == "35 chebyquad n=10"


def test_a_start_of_zeros_becomes_a_vector_of_the_factor():
    [watson, *_] = [instance for instance in INSTANCES if instance.number == 20]
    assert not watson.start(1).any() and (watson.start(10) == 10).all()
    np.testing.assert_array_equal(INSTANCES[0].start(100), [-120, 100])


@pytest.mark.parametrize("instance", INSTANCES, ids=str)
def test_j_agrees_with_differences(instance):
    x = near(instance)
    J = instance.jacobian(x)
    for j, step in enumerate(1e-6 * (np.abs(x) + (x == 0))):
        e = step * np.eye(len(x))[j]
        ahead, behind = instance.residual(x + e), instance.residual(x - e)
        noise = 1e-15 * np.abs(ahead).max() / step
        bound = 1e-5 * np.abs(J[:, j]).max() + noise
        assert np.abs(J[:, j] - (ahead - behind) / (2 * step)).max() <= bound


@pytest.mark.parametrize("instance", [i for i in INSTANCES if str(i) in MINIMIZERS], ids=str)
def test_the_paper_s_minimizers_are_at_a_listed_minimum(instance):
    x = np.array(MINIMIZERS[str(instance)], float)
    assert instance.at_a_listed_minimum(x) and not instance.at_a_listed_minimum(near(instance))


@pytest.mark.parametrize("instance", INSTANCES, ids=str)
def test_at_least_one_of_scipy_s_methods_reaches_a_listed_minimum(instance):
    """So that a slip in a formula or in a minimum does not hide behind our own solver."""
    for method in ("lm", "trf"):
        found = least_squares(
            instance.residual, instance.start(1), instance.jacobian, method=method,
            xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=5000,
        )  # fmt: skip
        if instance.at_a_listed_minimum(found.x):
            return
    pytest.fail(f"f = {2 * found.cost:.6g}, listed {instance.minima}")


@pytest.mark.parametrize("instance", INSTANCES, ids=str)
def test_solve_reaches_a_listed_minimum_from_the_standard_start(instance):
    with np.errstate(all="ignore"):
        trace = solve(LeastSquares(instance.residual, instance.jacobian), instance.start(1))
    assert trace.success and instance.at_a_listed_minimum(trace.theta), trace.message
