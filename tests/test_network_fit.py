"""A network fitted to data: what it is made of, what it computes once, and its mini-batches."""

import pickle
import sys
import tracemalloc
from copy import deepcopy
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from shared_problems import ROUTES, Counted, loss_case, network_case, same

import lmteach
from lmteach import Input, Linear, NetworkFit, Tanh, levenberg_marquardt, network_fit
from lmteach.cross_entropy import LOSSES
from lmteach.losses import SquaredError

# --- what it is made of


def fit(name="mse", n_samples=6, **options):
    network, theta, X, Y = loss_case(name, (2, 3, 2), n_samples=n_samples)
    return NetworkFit(network, X, Y, name, **options), theta


def test_the_package_and_its_module_give_the_same_class():
    assert network_fit.NetworkFit is NetworkFit


@pytest.mark.parametrize("name", LOSSES)
def test_it_says_its_loss_and_whether_that_is_generalized(name):
    problem, _ = fit(name)
    assert problem.loss_name == name and problem.generalized == LOSSES[name].generalized
    assert problem.redundant  # hidden units may change places


def test_a_loss_may_be_given_by_name_or_as_it_is():
    network, theta, X, Y = network_case((2, 3, 2), [Tanh, Linear])
    by_name, by_itself = NetworkFit(network, X, Y), NetworkFit(network, X, Y, SquaredError())
    assert by_name.loss(theta) == by_itself.loss(theta) and by_itself.loss_name is None


def test_r_is_sample_by_sample_prediction_minus_target():
    network, theta, X, Y = network_case((2, 3, 2), [Tanh, Linear])
    problem = NetworkFit(network, X, Y)
    r = problem.residual(theta)
    assert np.array_equal(r, (network.forward(X, theta)[-1] - Y).ravel(order="C"))
    assert problem.X.flags.f_contiguous and problem.n_parameters == network.n_parameters


def test_the_network_is_not_changed_and_theta_is_put_into_it_by_hand():
    problem, theta = fit()
    before = problem.network.theta
    problem.linearize(theta).step(1.0)
    assert np.array_equal(problem.network.theta, before)
    problem.network.theta = theta
    assert np.array_equal(problem.network.theta, theta)


@pytest.mark.parametrize("copy", [deepcopy, lambda problem: pickle.loads(pickle.dumps(problem))])
@pytest.mark.parametrize("route", ROUTES)
def test_a_copy_is_a_problem_of_its_own_with_the_same_data(route, copy):
    problem, theta = fit(route=route)
    here = problem.linearize(theta)
    other = copy(problem)
    problem.linearize(theta / 2)
    assert np.array_equal(other.linearize(theta).step(0.3), here.step(0.3))
    assert other.network is not problem.network


# --- what is computed once


@pytest.mark.parametrize("route", ROUTES)
def test_the_networks_forward_pass_is_not_repeated(route, monkeypatch):
    problem, theta = fit(route=route)
    forward = Counted(problem.network.forward)
    monkeypatch.setattr(problem.network, "forward", forward)
    problem.loss(theta)
    problem.linearize(theta.copy()).step(1.0)
    assert forward.calls == 1
    problem.linearize(theta + 1)
    assert forward.calls == 2


@pytest.mark.parametrize("route", ROUTES)
def test_the_last_layers_slopes_are_computed_once_for_a_step(route, monkeypatch):
    problem, theta = fit(route=route)
    here = problem.linearize(theta)
    slopes = Counted(problem.network.layers[-1].slopes)
    monkeypatch.setattr(problem.network.layers[-1], "slopes", slopes)
    problem.linearize(theta + 1).step(1.0)
    assert slopes.calls == 1
    here.step(0.5), here.step(2.0)  # and another μ needs none
    assert slopes.calls == 1


def test_forty_thousand_inputs_need_the_memory_of_their_weights_and_data_only():
    tracemalloc.start()
    try:
        network = Input(40_000) >> Tanh(3) >> Linear(1)
        X, Y = np.random.default_rng(0).normal(size=(5, 40_000)), np.ones((5, 1))
        problem = NetworkFit(network, X, Y)
        h = problem.linearize(network.theta / 100).step(1.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert problem.route == "samples" and np.isfinite(h).all() and h.any()
    assert peak < 40 * network.theta.nbytes


@pytest.mark.parametrize("route", ROUTES)
def test_wherever_the_data_lie_in_memory_the_numbers_are_the_same(route):
    network, theta, X, Y = network_case((2, 3, 2), [Tanh, Linear])
    one = NetworkFit(network, X, Y, route=route).linearize(theta)
    for order in ("C", "F"):
        again = NetworkFit(network, np.array(X, order=order), Y.tolist(), route=route)
        assert np.array_equal(again.linearize(theta).step(0.3), one.step(0.3))


def test_single_precision_says_so_and_knows_its_rounding():
    double, _ = fit()
    single, theta = fit(precision="float32")
    assert single.eps == np.finfo(np.float32).eps and double.eps == np.finfo(float).eps
    assert double.rounding == 0 < single.rounding < 1e-10
    assert "in float32" in single.why_route
    same(single.residual(theta), double.residual(theta), 1e-5)


# --- batches


def batches(n_samples, size, seed=0, **options):
    network, _, X, Y = loss_case("cross_entropy", n_samples=n_samples)
    X[:, 0] = np.arange(n_samples)
    problem = NetworkFit(network, X, Y, **options)
    return problem, list(problem.batches(size, seed))


@pytest.mark.parametrize(
    ("n_samples", "size", "sizes"),
    [
        (10, 3, [3, 3, 4]),
        (10, 5, [5, 5]),
        (10, 4, [4, 6]),
        (10, 1, [1] * 10),
        (10, 10, [10]),
        (10, 99, [10]),
        (1, 1, [1]),
    ],
)
def test_an_epoch_holds_every_sample_once_and_a_small_last_batch_joins_the_one_before(
    n_samples, size, sizes
):
    problem, some = batches(n_samples, size)
    assert [len(batch.X) for batch in some] == sizes
    order = np.concatenate([batch.X[:, 0] for batch in some]).astype(int)
    assert sorted(order) == list(range(n_samples))
    assert np.array_equal(np.concatenate([batch.Y for batch in some]), problem.Y[order])


def test_the_same_seed_gives_the_same_order_and_another_another():
    orders = [np.concatenate([b.X[:, 0] for b in batches(50, 8, seed)[1]]) for seed in (3, 3, 4)]
    assert np.array_equal(orders[0], orders[1]) and not np.array_equal(orders[0], orders[2])
    assert not np.array_equal(orders[0], np.arange(50))


def test_batches_are_problems_of_the_same_kind():
    problem, some = batches(12, 4, loss="cross_entropy", route="samples")
    assert all(
        (b.loss_name, b.route, b.network) == ("cross_entropy", "samples", problem.network)
        for b in some
    )
    _, some = batches(40, 2)
    assert {b.route for b in some} == {
        NetworkFit(some[0].network, some[0].X, some[0].Y).route
    }  # each chooses its own
    theta = problem.network.theta
    assert sum(b.loss(theta) for b in batches(12, 4)[1]) == pytest.approx(
        batches(12, 4)[0].loss(theta), rel=1e-12
    )


def test_an_epoch_of_steps_on_batches_lowers_f():
    network, theta, X, Y = loss_case("cross_entropy", (2, 3), n_samples=60)
    problem = NetworkFit(network, X, Y, "cross_entropy")
    start = problem.loss(theta)
    for batch in problem.batches(20, seed=1):
        theta = next(levenberg_marquardt(batch, theta, mu=1.0)).next_theta
    assert problem.loss(theta) < start


def test_a_trial_is_followed_through_few_functions_and_files():
    """Of the rows route, each accepted one counted call by call in the package's own code."""
    network, rng = Input(1) >> Tanh(15) >> Linear(1), np.random.default_rng(0)
    X = rng.normal(size=(40, 1))
    problem = NetworkFit(network, X, np.sin(X), route="rows")
    steps = levenberg_marquardt(problem, network.theta, mu=0.1)
    calls, package = [], str(Path(lmteach.__file__).parent)

    def note(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(package):
            calls.append((frame.f_code.co_filename, frame.f_code.co_qualname))

    for _ in range(6):
        calls.clear()
        sys.setprofile(note)
        step = next(steps)
        sys.setprofile(None)
        if step.accepted and step.k:
            files = [file for file, _ in calls]
            assert len(set(calls)) <= 35 and len(set(files)) <= 8
            assert sum(a != b for a, b in pairwise(files)) <= 30
    assert calls
