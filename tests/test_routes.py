"""Three exact routes say the same: cut or whole, alone or shared, on floats and on symbols."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from itertools import islice

import numpy as np
import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shared_problems import ACTIVATIONS, ROUTES, assert_zero, letters, network_of, rational, same

from lmteach import (
    Input,
    Linear,
    Network,
    NetworkFit,
    Nielsen,
    Relu,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
    levenberg_marquardt,
    routes,
    solve,
)
from lmteach.linearization import Damped, Explicit
from lmteach.primitives import Workspace
from lmteach.routes import eliminated, products
from lmteach.routes import samples as samples_module

prices = import_module("lmteach.routes.prices")  # lmteach.routes has a function of that name, too
MUS = [1e-2, 1.0, 1e3]


def case(sizes, kinds, loss="mse", n_samples=7, seed=0, last=None):
    """A network, θ with every weight and bias away from 0, X and Y."""
    kinds = [*kinds[: len(sizes) - 2], last or kinds[len(sizes) - 2]]
    network, rng = network_of(sizes, kinds), np.random.default_rng(seed)
    X, theta = rng.normal(size=(n_samples, sizes[0])), rng.normal(size=network.n_parameters)
    Y = rng.normal(size=(n_samples, sizes[-1]))
    if loss == "cross_entropy":
        Y = rng.dirichlet(np.ones(sizes[-1]), n_samples)
    return network, theta, X, Y


def fits(case, loss="mse", names=ROUTES, executor=None):
    network, theta, X, Y = case
    return [NetworkFit(network, X, Y, loss, route, executor).linearize(theta) for route in names]


def assert_same(here, other):
    """Every answer of two linearizations, at several μ in units of the longest column of J."""
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=here.g.shape), rng.normal(size=here.r.shape)
    unit = float(here.column_norms.max()) ** 2 or 1.0
    assert here.loss == pytest.approx(other.loss, rel=1e-14)
    same(other.r, here.r)
    same(other.J, here.J)
    same(other.A, here.A)
    same(other.g, here.g)
    same(other.Jv(u), here.Jv(u))
    same(other.JTv(v), here.JTv(v))
    same(other.column_norms, here.column_norms)
    for mu in np.array(MUS) * unit:
        one, two = here.damped(mu), other.damped(mu)
        same(two.h, one.h)
        same(two.solve(v), one.solve(v))
        assert two.predicted == pytest.approx(one.predicted, rel=1e-10)
    same(other.steps(np.array(MUS) * unit), here.steps(np.array(MUS) * unit))


# --- the routes agree


@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    m=st.integers(1, 10),
    kinds=st.lists(st.sampled_from(ACTIVATIONS), min_size=4, max_size=4),
    loss=st.sampled_from(["mse", "softmax", "cross_entropy"]),
    n_samples=st.integers(1, 7),
    seed=st.integers(0, 99),
)
@example(sizes=[3, 4, 3, 2], m=10, kinds=[Tanh] * 3 + [Linear], loss="mse", n_samples=6, seed=0)
@example(sizes=[3, 4, 3, 2], m=10, kinds=[Linear] * 4, loss="mse", n_samples=6, seed=0)
@example(sizes=[2], m=10, kinds=[Linear] * 4, loss="mse", n_samples=5, seed=0)
@example(sizes=[2, 4], m=3, kinds=[Tanh, Sigmoid, Tanh, Tanh], loss="mse", n_samples=6, seed=0)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_three_routes_give_the_same(sizes, m, kinds, loss, n_samples, seed):
    """Depths 1 to 4, m from 1 to 10, every activation, mse and cross-entropy."""
    last, name = (None, "mse") if loss == "mse" else (Softmax, "mse" if loss == "softmax" else loss)
    given = case([*sizes, m], kinds, name, n_samples, seed, last)
    rows, blocks, samples = fits(given, name)
    kinds = type(rows), type(blocks), type(samples)
    assert kinds == (Explicit, routes.Blocks, routes.Samples)
    assert_same(rows, blocks)
    assert_same(rows, samples)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_the_three_routes_give_the_same_with_every_layer_of_one_kind(kind):
    rows, blocks, samples = fits(case((3, 4, 3, 2), [kind] * 3, n_samples=9))
    assert_same(rows, blocks)
    assert_same(rows, samples)


@pytest.mark.parametrize("sizes", [(3, 4, 2), (2, 1, 3), (1, 5, 1), (4, 3, 10)], ids=str)
@pytest.mark.parametrize("kind", ACTIVATIONS)
@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor(2)], ids=["alone", "shared"])
def test_with_the_last_layer_eliminated_the_step_is_the_same(sizes, kind, executor, monkeypatch):
    monkeypatch.setattr(eliminated, "SMALLEST", 0)
    network, theta, X, Y = case(sizes, [kind, Linear], n_samples=9)
    theta[-network.shapes[1][0] * (sizes[1] + 1)] = 0  # and with a weight that is 0
    rows = NetworkFit(network, X, Y, route="rows").linearize(theta)
    blocks = NetworkFit(network, X, Y, route="blocks", executor=executor).linearize(theta)
    assert type(blocks.damped(1.0)) is eliminated.Eliminated
    assert_same(rows, blocks)


def test_a_unit_without_a_weight_to_any_output_is_no_harm_to_the_elimination(monkeypatch):
    monkeypatch.setattr(eliminated, "SMALLEST", 0)
    network, theta, X, Y = case((3, 4, 2), [Tanh, Linear])
    weights = network.split(theta)[1][0]
    weights[:, 2] = 0
    assert not network.split(theta)[1][0][:, 2].any()
    assert_same(*fits((network, theta, X, Y), names=["rows", "blocks"]))


def test_the_last_layer_is_eliminated_of_large_networks_of_two_layers_with_a_linear_last():
    large, deep = (20, 20, 5), (20, 15, 10, 5)
    networks = {
        eliminated.Eliminated: [case(large, [Tanh, Linear])],
        Damped: [
            case((20, 10, 5), [Tanh, Linear]),  # small
            case(large, [Tanh, Tanh]),
            case(deep, [Tanh, Tanh, Linear]),
        ],
    }
    for kind, cases in networks.items():
        for one in cases:
            (here,) = fits(one, names=["blocks"])
            assert type(here.damped(1.0)) is kind
            assert type(here.damped(1.0, np.ones(len(here.g)))) is Damped
    network, theta, X, Y = case(large, [Tanh, Linear])
    weighted = NetworkFit(network, X, Y, route="blocks", weights=np.linspace(1, 2, len(X)))
    rows = NetworkFit(network, X, Y, route="rows", weights=weighted.weights)
    assert type(weighted.linearize(theta).damped(1.0)) is Damped
    same(weighted.linearize(theta).step(1.0), rows.linearize(theta).step(1.0))


@pytest.mark.parametrize("n_samples", [1, 2, 3, 7])
def test_weights_of_1_for_the_first_samples_are_still_weights(n_samples, monkeypatch):
    monkeypatch.setattr(eliminated, "SMALLEST", 0)
    network, theta, X, Y = case((3, 4, 2), [Tanh, Linear], n_samples=n_samples)
    weights = np.where(np.arange(n_samples) < 2, 1.0, 3.0)
    rows, blocks = (
        NetworkFit(network, X, Y, route=route, weights=weights).linearize(theta)
        for route in ("rows", "blocks")
    )
    same(blocks.step(0.3), rows.step(0.3))


def test_no_pass_through_all_samples_is_made_for_the_question_whether_to_eliminate(monkeypatch):
    monkeypatch.setattr(eliminated, "SMALLEST", 0)
    network, theta, X, Y = case((3, 4, 2), [Tanh, Linear], n_samples=9)
    problem = NetworkFit(network, X, Y, route="blocks", executor=ThreadPoolExecutor(1))
    here, seen = problem.linearize(theta), []
    forward = Network.forward
    monkeypatch.setattr(
        Network, "forward", lambda self, X, w: seen.append(len(X)) or forward(self, X, w)
    )
    here.damped(0.3)
    assert max(seen) <= 2


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("route", ["blocks", "samples"])
def test_the_routes_never_form_j_on_the_way_to_a_step(route, loss, monkeypatch):
    given = case((3, 4, 2), [Tanh, Softmax], loss)
    expected = fits(given, loss, ["rows"])[0].step(0.3)
    monkeypatch.setattr(Network, "jacobian", None)
    same(fits(given, loss, [route])[0].step(0.3), expected)


@pytest.mark.parametrize("n_samples", [2, 40], ids=["wide", "tall"])
def test_step_0_is_the_gauss_newton_step_of_minimum_norm(n_samples, monkeypatch):
    rows, blocks, samples = fits(case((2, 2, 1), [Tanh, Linear], n_samples=n_samples))
    expected = -np.linalg.pinv(rows.J, rcond=1e-12) @ rows.r
    for here in (rows, blocks, samples):
        same(here.step(0), expected, 1e-8)
    monkeypatch.setattr(samples_module, "CHUNK_BYTES", 0)  # J counts as too large: JJᵀ serves
    same(samples.step(0), expected, 1e-5)


@pytest.mark.parametrize("route", ["rows", "blocks"])
def test_a_scale_is_taken_on_rows_and_blocks(route):
    given, scale = case((3, 4, 2), [Tanh, Linear]), None
    here = fits(given, names=[route])[0]
    scale = np.geomspace(0.1, 10, len(here.g))
    J, mu = here.J, 0.3
    same(here.damped(mu, scale).h, np.linalg.solve(J.T @ J + mu * np.diag(scale**2), -here.g))
    assert here.damped(mu, scale).predicted == pytest.approx(
        here.loss - ((here.r + J @ here.damped(mu, scale).h) ** 2).sum() / 2, rel=1e-10
    )


def test_a_scale_is_refused_on_samples():
    here = fits(case((3, 4, 2), [Tanh, Linear]), names=["samples"])[0]
    with pytest.raises(
        ValueError, match=r'scale = D: expected None on the route "samples".*route="blocks"'
    ):
        here.damped(1.0, np.ones(len(here.g)))


@pytest.mark.parametrize("scaling", ["marquardt", "more"])
def test_a_run_with_a_scaling_on_samples_says_so_at_its_first_step(scaling):
    network, theta, X, Y = case((3, 4, 2), [Tanh, Linear])
    with pytest.raises(ValueError, match='expected None on the route "samples"'):
        next(
            levenberg_marquardt(NetworkFit(network, X, Y, route="samples"), theta, scaling=scaling)
        )


@pytest.mark.parametrize("route", ROUTES)
def test_cosines_and_right_angles_are_those_of_the_columns(route):
    here = fits(case((3, 4, 2), [Tanh, Linear]), names=[route])[0]
    cosines = abs(here.g) / np.linalg.norm(here.J, axis=0) / np.linalg.norm(here.r)
    assert here.cosine() == pytest.approx(cosines.max(), rel=1e-10)
    assert here.orthogonal(cosines.max() * 1.001) and not here.orthogonal(cosines.max() * 0.999)


@pytest.mark.parametrize("route", ROUTES)
def test_divided_is_the_same_model_in_another_unit(route):
    here = fits(case((3, 4, 2), [Tanh, Linear]), names=[route])[0]
    divided = here.divided(8.0)
    same(divided.J, here.J / 8)
    same(divided.A, here.A / 64)
    same(divided.step(0.5), here.step(32.0))
    assert divided.loss == pytest.approx(here.loss / 64, rel=1e-14)


@pytest.mark.parametrize("route", ROUTES)
def test_a_problem_in_huge_units_is_rescaled_by_solve_on_every_route(route):
    network, theta, X, Y = case((2, 3, 2), [Tanh, Linear], n_samples=12)
    trace, expected = (
        solve(NetworkFit(network, X, 1e30 * Y, route=r), theta, max_steps=3)
        for r in (route, "rows")
    )
    assert len(trace) == 3 and trace.loss <= trace.losses[0] < np.inf
    same(trace[0].h, expected[0].h, 1e-8)


# --- parts


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("chunk_bytes", [1, 2000])
@pytest.mark.parametrize("route", ["rows", "blocks"])
def test_many_parts_give_the_same_as_one(route, chunk_bytes, loss, monkeypatch):
    n_samples = 5 if chunk_bytes == 1 else 300
    given = case(
        (3, 4, 2, 3),
        [Tanh, Sigmoid, Softmax if loss == "cross_entropy" else Linear],
        loss,
        n_samples,
    )
    whole = fits(given, loss, [route])[0]
    small_chunks(monkeypatch, chunk_bytes)
    problem = NetworkFit(*(given[0], *given[2:]), loss, route)
    seen = problem.evaluate(given[1])
    assert len(seen.inside) > 3 and not any(part.keeps for part in seen.inside)
    assert np.array_equal(np.concatenate([part.data.X for part in seen.inside]), given[2])
    assert problem.loss(given[1]) == pytest.approx(whole.loss, rel=1e-13)
    assert_same(whole, problem.linearize(given[1]))


def small_chunks(monkeypatch, chunk_bytes=2000):
    for module in (prices, routes.summed, samples_module):
        monkeypatch.setattr(module, "CHUNK_BYTES", chunk_bytes)
    monkeypatch.setattr(prices, "PART_BYTES", chunk_bytes)


@pytest.mark.parametrize("route", ["rows", "blocks"])
def test_a_run_in_many_parts_goes_where_the_whole_run_goes(route, monkeypatch):
    network, theta, X, Y = case((2, 4, 3), [Tanh, Linear], n_samples=37)
    whole = run(NetworkFit(network, X, Y, route=route), theta, 10, mu=0.1)
    small_chunks(monkeypatch, 1000)
    problem = NetworkFit(network, X, Y, route=route)
    cut = run(problem, theta, 10, mu=0.1)
    assert len(problem.evaluate(theta).inside) > 3
    for one, two in zip(whole, cut, strict=True):
        np.testing.assert_allclose(two.trial_theta, one.trial_theta, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_a_part_in_many_pieces_gives_the_same(loss, monkeypatch):
    given = case(
        (2, 2, 2, 2), [Tanh, Sigmoid, Softmax if loss == "cross_entropy" else Linear], loss, 500
    )
    whole = fits(given, loss, ["rows"])[0]
    monkeypatch.setattr(prices, "PART_BYTES", 1)
    here = fits(given, loss, ["blocks"])[0]
    (part,) = here.parts
    pieces = list(part.pieces(prices.piece_of(part.sizes)))
    assert len(pieces) > 3 and sum(len(piece.data.X) for piece in pieces) == 500
    assert_same(whole, here)


def test_what_is_remembered_of_the_inputs_is_used_again_and_right():
    network, theta, X, Y = case((3, 4, 2), [Tanh, Linear], n_samples=9)
    for route in ("blocks", "samples"):
        problem = NetworkFit(network, X, Y, route=route)
        problem.linearize(theta / 2).step(1.0)
        kept = problem._data[0]._remembered
        assert_same(fits((network, theta, X, Y), names=["rows"])[0], problem.linearize(theta))
        assert kept is not None and problem._data[0]._remembered is kept


def test_products_are_summed_a_cacheful_at_a_time(monkeypatch):
    given = case((3, 4, 2, 3), [Tanh, Tanh, Linear], n_samples=50)
    rows = fits(given, names=["rows"])[0]
    monkeypatch.setattr(products, "CACHE_BYTES", 1)
    monkeypatch.setattr(products, "ADDED", 0)  # sample by sample
    assert_same(rows, fits(given, names=["blocks"])[0])


# --- workers


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("route", ["rows", "blocks"])
def test_threads_give_the_same(route, loss):
    given = case(
        (3, 4, 2, 3), [Tanh, Sigmoid, Softmax if loss == "cross_entropy" else Linear], loss, 23
    )
    with ThreadPoolExecutor(2) as executor:
        assert_same(fits(given, loss, [route])[0], fits(given, loss, [route], executor)[0])


def test_processes_give_the_same_step_to_1e_12_and_are_sent_their_samples_once():
    given = case((3, 4, 2, 3), [Tanh, Sigmoid, Linear], n_samples=40)
    with ProcessPoolExecutor(2) as executor:
        for route in ("rows", "blocks"):
            alone, shared = (
                NetworkFit(given[0], *given[2:], route=route, executor=e) for e in (None, executor)
            )
            for theta in (given[1], given[1] / 2):
                here, there = alone.linearize(theta), shared.linearize(theta)
                same(there.step(0.3), here.step(0.3), 1e-12)
                same(there.g, here.g, 1e-12)
                same(there.column_norms, here.column_norms, 1e-12)
            same(shared.linearize(theta).divided(4.0).A, here.A / 16)


def test_a_run_on_threads_goes_where_the_run_alone_goes():
    network, theta, X, Y = case((3, 4, 2), [Tanh, Linear], n_samples=30)
    alone = solve(NetworkFit(network, X, Y, route="blocks"), theta, max_steps=6)
    with ThreadPoolExecutor(2) as executor:
        shared = solve(NetworkFit(network, X, Y, executor=executor), theta, max_steps=6)
    same(shared.theta, alone.theta, 1e-8)
    assert shared.n_residuals == alone.n_residuals and len(shared) == len(alone)


class Broken:
    def map(self, task, *iterables):
        raise KeyboardInterrupt


def test_what_the_executor_raises_passes_through():
    network, theta, X, Y = case((3, 4, 2), [Tanh, Linear])
    with pytest.raises(KeyboardInterrupt):
        NetworkFit(network, X, Y, executor=Broken()).loss(theta)


def test_dask_gives_the_same_step(tmp_path):
    distributed = pytest.importorskip(
        "distributed", reason="dask is not installed: pip install 'lmteach[dask]'"
    )
    given = case((3, 4, 2, 3), [Tanh, Sigmoid, Linear], n_samples=40)
    with (
        distributed.LocalCluster(
            2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        shared = NetworkFit(given[0], *given[2:], route="blocks", executor=client.get_executor())
        alone = NetworkFit(given[0], *given[2:], route="blocks")
        for theta in (given[1], given[1] / 2):
            same(shared.linearize(theta).step(0.3), alone.linearize(theta).step(0.3), 1e-12)


# --- single precision

SINGLE_DIGITS = 5e-6  # of the largest entry, for sums in float32


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("sizes, kinds, loss, last", [
    ((2, 5, 1), [Tanh, Linear], "mse", None),
    ((3, 4, 2, 3), [Sigmoid, Softplus, Relu], "mse", None),
    ((3, 4, 3), [Relu, Linear], "mse", Softmax),
    ((3, 6, 4), [Tanh, Linear], "cross_entropy", Softmax),
])  # fmt: skip
def test_in_single_precision_all_but_the_sums_is_double(route, sizes, kinds, loss, last):
    network, theta, X, Y = case(sizes, kinds, loss, n_samples=30, last=last)
    here = NetworkFit(network, X, Y, loss, route).linearize(theta)
    there = NetworkFit(network, X, Y, loss, route, precision="float32").linearize(
        theta, Workspace()
    )
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=here.g.shape), rng.normal(size=here.r.shape)
    for name in ("r", "g", "A", "column_norms"):
        found = getattr(there, name)
        assert found.dtype == float
        same(found, getattr(here, name), SINGLE_DIGITS)
    assert there.J.dtype == np.float32 and there.loss == pytest.approx(here.loss, rel=1e-5)
    same(there.J, here.J, SINGLE_DIGITS)
    same(there.Jv(u), here.Jv(u), SINGLE_DIGITS)
    same(there.JTv(v), here.JTv(v), SINGLE_DIGITS)
    same(there.divided(4.0).g, there.g / 16, SINGLE_DIGITS)


def in_both_precisions(route, network, theta, X, Y):
    """The linearizations at θ in double and in single precision."""
    fits = (NetworkFit(network, X, Y, route=route, precision=p) for p in ("float64", "float32"))
    return [fit.linearize(theta) for fit in fits]


def lost_to_cancellation(here):
    """‖J‖ ‖r‖ / ‖g‖: the factor by which the terms of g = Jᵀr are larger than g."""
    return np.linalg.norm(here.J, 2) * np.linalg.norm(here.r) / np.linalg.norm(here.g)


def largest_net_input(network, theta, X):
    """The largest |W| |a| + |b|: the sizes of the terms that are summed up to a net input."""
    activations = network.forward(X, theta)[:-1]
    layers = zip(activations, network.split(theta), strict=True)
    return max((np.abs(a) @ np.abs(W.T) + np.abs(b)).max() for a, (W, b) in layers)


def error(found, expected):
    """The error relative to the length of what was expected, in roundings of float32."""
    off = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    return off / np.finfo(np.float32).eps


def assert_as_many_digits_as_it_says(route, network, theta, X, Y, mu):
    """‖Δh‖ ≤ 5 eps ‖z‖ κ (1 + ‖J‖ ‖r‖ / ‖g‖) ‖h‖: what z, the condition and g = Jᵀr cost."""
    here, there = in_both_precisions(route, network, theta, X, Y)
    squares = np.linalg.eigvalsh(here.A)
    condition = (squares[-1] + mu) / (max(squares[0], 0) + mu)
    size = max(1, largest_net_input(network, theta, X))
    h, single = here.step(mu), there.step(mu)
    assert single.dtype == float
    assert error(single, h) <= 5 * size * condition * (1 + lost_to_cancellation(here))


@pytest.mark.parametrize("route", ROUTES)
@settings(deadline=None)  # of a busy computer
@given(st.floats(-5, 3), st.integers(0, 100))
def test_the_digits_that_single_precision_costs_are_those_it_says(route, exponent, seed):
    network, theta, X, Y = case((3, 4, 2), [Tanh, Linear], n_samples=20, seed=seed)
    unit = NetworkFit(network, X, Y).linearize(theta).column_norms.max() ** 2
    assert_as_many_digits_as_it_says(route, network, theta, X, Y, 10**exponent * unit)


def near_a_minimum(ratio, shift=0.0):
    """A network, a moderate θ, X, and Y such that θ is near a minimum: ‖J‖ ‖r‖ / ‖g‖ = ratio.

    r stands across the columns of J but for a small part along them; it is as long as a^L.
    X lies `shift` from zero, and b makes up for it: the net inputs are what they are without.
    """
    network, theta, X, _ = case((2, 3, 1), [Tanh, Linear], n_samples=30)
    (W, b), last = network.split(theta)
    X, b = X + shift, b - W @ np.full(2, shift)
    theta = np.concatenate([p.ravel() for p in (W, b, *last)])
    output = network.forward(X, theta)[-1]
    J = NetworkFit(network, X, output).linearize(theta).J
    U, s, _ = np.linalg.svd(J)
    across, along = U[:, -1], U[:, 0] / ratio  # Jᵀ along = s₁ v₁ / ratio, and s₁ = ‖J‖
    r = np.linalg.norm(output) * (across + along)
    return network, theta, X, output - r.reshape(output.shape), s[0] ** 2


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("ratio", [1e2, 1e4])
@pytest.mark.parametrize("mu", [1.0, 1e3])
def test_near_a_minimum_g_costs_digits_at_any_mu(route, ratio, mu):
    *problem, unit = near_a_minimum(ratio)
    assert_as_many_digits_as_it_says(route, *problem, mu * unit)
    here, there = in_both_precisions(route, *problem)
    assert lost_to_cancellation(here) == pytest.approx(ratio, rel=1e-3)
    assert error(there.r, here.r) < 10 and error(there.J, here.J) < 10
    assert error(there.g, here.g) > ratio / 20
    assert error(there.step(mu * unit), here.step(mu * unit)) > ratio / 20


@pytest.mark.parametrize("route", ROUTES)
def test_terms_of_net_inputs_that_cancel_cost_digits_before_g_does(route):
    network, theta, X, Y, unit = near_a_minimum(ratio=1e2, shift=1e2)
    here, there = in_both_precisions(route, network, theta, X, Y)
    size = largest_net_input(network, theta, X)
    assert size > 100
    for name in ("r", "J"):
        assert size / 50 < error(getattr(there, name), getattr(here, name)) < 5 * size
    assert_as_many_digits_as_it_says(route, network, theta, X, Y, unit)


def test_a_run_in_single_precision_reaches_the_same_target():
    network, theta, X, Y = case((2, 6, 1), [Tanh, Linear], n_samples=60)
    double, single = (
        solve(
            NetworkFit(network, X, np.sin(X[:, :1]), precision=p),
            theta,
            plain=True,
            target_loss=1e-6,
        )
        for p in ("float64", "float32")
    )
    assert double.loss <= 1e-6 and single.loss <= 1e-6 and single.theta.dtype == float


@pytest.mark.parametrize("unit", [1e-10, 1.0, 1e10, 1e17])
def test_a_run_in_single_precision_ends_where_the_other_does_in_any_unit(unit):
    network, theta, X, Y = case((3, 2), [Linear], n_samples=50)
    double, single = (
        solve(NetworkFit(network, X, unit * Y, precision=p), unit * theta)
        for p in ("float64", "float32")
    )
    assert double.success and single.success and single.loss == pytest.approx(double.loss, rel=1e-3)


def test_where_the_data_fit_exactly_single_precision_ends_at_its_rounding():
    network, theta, X, _ = case((2, 3, 1), [Tanh, Linear], n_samples=200)
    Y = network.forward(X, theta)[-1]
    run = solve(NetworkFit(network, X, Y, precision="float32"), theta + 0.05)
    assert run.success and 0 < run.loss <= NetworkFit(network, X, Y, precision="float32").rounding
    assert run[-1].loss < 1e-9 * run[0].loss and NetworkFit(network, X, Y).rounding == 0


def test_single_precision_changes_when_a_careful_run_stops_and_no_other():
    network, theta, X, Y = case((3, 2), [Linear], n_samples=20)
    fit = NetworkFit(network, X, Y, precision="float32")
    for options, xtol in (({}, 1e-7), ({"xtol": 1e-3}, 1e-3), ({"plain": True}, 1e-12)):
        assert solve(fit, theta, **options)[0].options.xtol == xtol
    plain = solve(fit, theta, plain=True)
    assert [*map(str, plain)] == [*map(str, levenberg_marquardt(fit, theta))]


def test_a_trial_out_of_range_is_refused_in_single_precision_without_a_warning():
    network, theta, X, Y = case((2, 3, 1), [Relu, Linear], n_samples=20)
    fit = NetworkFit(network, X, Y, precision="float32")
    assert (
        not np.isfinite(fit.residual(theta * 1e200)).all()
        and np.isfinite(fit.residual(theta)).all()
    )


@pytest.mark.parametrize("route", ["rows", "blocks"])
def test_single_precision_on_workers_and_in_batches(route):
    network, theta, X, Y = case((3, 4, 2), [Tanh, Linear], n_samples=40)
    alone = NetworkFit(network, X, Y, route=route, precision="float32")
    with ProcessPoolExecutor(2) as executor:
        shared = NetworkFit(network, X, Y, route=route, executor=executor, precision="float32")
        same(shared.linearize(theta).step(0.3), alone.linearize(theta).step(0.3), 1e-4)
    batches = list(alone.batches(10, seed=0))
    assert all(
        batch.precision == "float32" and batch.linearize(theta).J.dtype == np.float32
        for batch in batches
    )
    assert alone.why_route.endswith("; in float32, r and J to 7 digits")


def test_the_gauss_newton_step_in_single_precision_leaves_out_what_is_rounding():
    network, theta, X, Y = case(
        (2, 3, 1), [Linear, Linear], n_samples=30
    )  # two straight layers: J has not full rank
    double, single = (
        NetworkFit(network, X, Y, route="rows", precision=p).linearize(theta)
        for p in ("float64", "float32")
    )
    same(single.step(0), double.step(0), 1e-3)
    same(single.steps([0.0])[0], double.steps([0.0])[0], 1e-3)


def test_bad_precision():
    network, _, X, Y = case((2, 3, 1), [Tanh, Linear])
    with pytest.raises(
        ValueError, match="precision = 'half': expected one of 'float64', 'float32'"
    ):
        NetworkFit(network, X, Y, precision="half")
    for large in ((1e20 * X, Y), (X, 1e40 * Y)):
        with pytest.raises(
            ValueError, match=r"holds numbers up to .*: expected at most 1.2e\+18 with precision"
        ):
            NetworkFit(network, *large, precision="float32")
    with pytest.raises(ValueError, match="expected numbers in X, not symbols"):
        NetworkFit(network, np.array(sympy.symbols("x:14")).reshape(7, 2), Y, precision="float32")
    with pytest.raises(ValueError, match="expected numbers in theta, not symbols"):
        NetworkFit(network, X, Y, precision="float32").residual(np.array(sympy.symbols("t:13")))


# --- on symbols


SYMBOLIC = [
    ((1, 2, 1), [Tanh, Linear], 2),
    ((2, 2, 2), [Tanh, Linear], 1),
    ((2, 3, 2, 1), [Tanh, Tanh, Linear], 1),
    ((2, 3, 2, 1), [Linear, Linear, Linear], 1),
    ((1, 2, 2), [Tanh, Tanh], 2),
    ((1, 1), [Linear], 3),
]


@pytest.mark.parametrize(("sizes", "kinds", "n_samples"), SYMBOLIC, ids=str)
def test_on_symbols_the_routes_sums_are_exactly_jtj_and_jjt(sizes, kinds, n_samples):
    network = network_of(sizes, kinds)
    given = (
        network,
        letters("t", network.n_parameters),
        letters("x", n_samples, sizes[0]),
        letters("y", n_samples, sizes[-1]),
    )
    rows, blocks, samples = fits(given)
    J = rows.J
    lower = np.tril_indices(len(given[1]))
    assert_zero(rows.lower_A()[lower] - (J.T @ J)[lower])
    assert_zero(blocks.lower_A()[lower] - (J.T @ J)[lower])
    assert_zero(blocks.g - J.T @ rows.r)
    lower = np.tril_indices(len(rows.r))
    assert_zero(samples.gram()[lower] - (J @ J.T)[lower])


@pytest.mark.parametrize("route", ROUTES)
def test_steps_on_rationals_are_exact(route):
    """(JᵀJ + μI) h = −g to the last digit, where every digit is known."""
    network, rng = Input(2) >> Relu(2) >> Linear(2), np.random.default_rng(1)
    X, Y = rational(rng.integers(-9, 9, (2, 2))), rational(rng.integers(-9, 9, (2, 2)))
    theta = rational(rng.integers(1, 9, network.n_parameters))
    here, mu = NetworkFit(network, X, Y, route=route).linearize(theta), sympy.Rational(1, 7)
    h = here.step(mu)
    assert not (here.J.T @ (here.J @ h) + mu * h + here.J.T @ here.r).any() and h.any()
    assert all(entry.is_Rational for entry in h)


# --- runs


def run(problem, theta, n, **options):
    return list(islice(levenberg_marquardt(problem, theta, **options), n))


@pytest.mark.parametrize("route", ["blocks", "samples"])
def test_a_run_is_the_same_on_every_route(route):
    network, theta, X, Y = case((2, 5, 3), [Tanh, Linear], n_samples=12, seed=3)
    rows, other = (
        run(NetworkFit(network, X, Y, route=r), theta, 10, mu=0.1) for r in ("rows", route)
    )
    assert len(rows) == 10 and [s.accepted for s in rows] == [s.accepted for s in other]
    for one, two in zip(rows, other, strict=True):
        np.testing.assert_allclose(two.trial_theta, one.trial_theta, rtol=1e-8, atol=1e-9)
        assert two.mu == pytest.approx(one.mu, rel=1e-6) and two.rho == pytest.approx(
            one.rho, rel=1e-6, abs=1e-6
        )


@pytest.mark.parametrize("geodesic", [False, True])
@pytest.mark.parametrize("route", ROUTES)
def test_a_run_goes_on_from_any_step_bit_for_bit(route, geodesic):
    network, theta, X, Y = case((2, 5, 3), [Tanh, Linear], n_samples=12, seed=3)
    problem = NetworkFit(network, X, Y, route=route)
    steps = run(problem, theta, 8, mu=1e-3, geodesic=geodesic)
    for k in (0, 3, 5):
        on = run(problem, steps[k], 7 - k)
        assert len(on) == 7 - k
        assert all(
            np.array_equal(a.trial_theta, b.trial_theta)
            for a, b in zip(steps[k + 1 :], on, strict=True)
        )
        assert [a.mu for a in steps[k + 1 :]] == [b.mu for b in on]


@pytest.mark.parametrize("route", ROUTES)
def test_what_was_handed_out_never_changes_while_a_solver_runs_on(route):
    network, theta, X, Y = case((2, 5, 3), [Tanh, Linear], n_samples=12, seed=3)
    problem, work = NetworkFit(network, X, Y, route=route), Workspace()
    here = problem.linearize(theta, work)
    kept = [here.r, here.g, here.J, here.A, here.damped(0.3).h]
    copies = [array.copy() for array in kept]
    assert not any(array.flags.writeable for array in kept[:4])
    for shift in (0.5, -0.5):
        there = problem.linearize(theta + shift, work)
        there.damped(1e-3), there.A, there.J
    run(problem, theta, 6)
    assert all(map(np.array_equal, kept, copies))
    kept, copies = [], []
    for step in islice(levenberg_marquardt(problem, theta, mu=1e-6), 8):
        arrays = [step.theta, step.r, step.g, step.h, step.trial_theta, step.J, step.A]
        kept += arrays
        copies += [array.copy() for array in arrays]
    assert len(kept) == 56 and all(map(np.array_equal, kept, copies))


@pytest.mark.parametrize("route", ROUTES)
def test_refused_trials_use_the_same_linearization(route, monkeypatch):
    network, theta, X, Y = case((2, 5, 3), [Tanh, Linear], n_samples=12, seed=3)
    problem = NetworkFit(network, X, Y, route=route)
    steps = run(problem, theta, 12, mu=1e-9, damping=Nielsen())
    refused = sum(not step.accepted for step in steps)
    assert refused > 0 and problem.n_jacobians <= len(steps) - refused + 1
    assert problem.n_residuals == len(steps) + 1


@pytest.mark.parametrize("route", ROUTES)
def test_a_factorization_that_fails_is_a_linalgerror_on_every_route(route):
    network = Input(1) >> Linear(1)
    here = NetworkFit(network, np.ones((3, 1)), np.zeros((3, 1)), route=route).linearize([1.0, 1.0])
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite in floating point"):
        here.damped(1e-30)
    same(here.damped(1.0).h, np.linalg.solve(np.full((2, 2), 3.0) + np.eye(2), [-6.0, -6.0]))


def test_a_factorization_that_fails_with_the_last_layer_eliminated_is_a_linalgerror(monkeypatch):
    monkeypatch.setattr(eliminated, "SMALLEST", 0)
    network, theta, X, Y = case((3, 4, 2), [Relu, Linear], n_samples=2)
    (here,) = fits((network, theta, X, Y), names=["blocks"])
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite in floating point"):
        here.damped(1e-30)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("n_samples", [3, 12])
def test_probabilities_at_the_smallest_float_lose_no_trace_and_are_no_success(route, n_samples):
    """r̃ = (p − y)/√p is 7e153 there, ‖r̃‖² more than a float holds, and JJᵀ all but 0."""
    rng = np.random.default_rng(0)
    network = Input(2) >> Tanh(2) >> Softmax(2)
    X, Y = rng.normal(size=(n_samples, 2)), np.eye(2)[rng.integers(0, 2, n_samples)]
    start = 1e4 * rng.normal(size=network.n_parameters)
    problem = NetworkFit(network, X, Y, "cross_entropy", route)
    assert np.abs(problem.residual(start)).max() > 1e153
    trace = solve(problem, start, max_steps=100)
    assert len(trace) and (not trace.success or trace.loss < 1e-6)


# --- memory


MEMORY = """
import numpy as np
from lmteach import Input, Linear, NetworkFit, Tanh, levenberg_marquardt
def peak():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))
rng = np.random.default_rng(0)
network = (Input(8) >> Tanh(20) >> Linear(3)).initialize(0, "uniform")
small = NetworkFit(network, np.ones((9, 8)), np.ones((9, 3)), route="blocks")
next(levenberg_marquardt(small, network.theta))
X, Y = rng.uniform(-1, 1, (1_000_000, 8)), rng.normal(size=(1_000_000, 3))
start = peak()
problem = NetworkFit(network, X, Y)
step = next(levenberg_marquardt(problem, network.theta))
print(problem.route, step.accepted, peak() - start)
"""


@pytest.mark.full
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
def test_memory_stays_flat_in_the_number_of_samples():
    """One step on a million samples, with the copies of X and Y (88 MB)."""
    result = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    route, accepted, megabytes = result.stdout.split()
    assert (route, accepted) == ("blocks", "True") and float(megabytes) < 400
