"""Losses: r̃, J̃ and F against differences and symbols, at the edges, in solve, in batches."""

import re

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_problems import (
    ROUTES,
    assert_zero,
    difference,
    letters,
    loss_case,
    network_case,
    same,
)

from lmteach import (
    Input,
    Linear,
    NetworkFit,
    Relu,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
    gauss_newton,
    gradient_descent,
    layers,
    levenberg_marquardt,
    solve,
)
from lmteach.cross_entropy import LOSSES, BinaryCrossEntropy
from lmteach.losses import Loss, SquaredError

TINY = np.finfo(float).tiny


def case(sizes=(3, 4, 3), kind=Tanh, n_samples=6, seed=0):
    """A network with Softmax last, θ, X, and Y with rows of probabilities."""
    network, theta, X, _ = network_case(
        sizes, [kind] * (len(sizes) - 2) + [Softmax], n_samples, seed
    )
    Y = np.random.default_rng(seed).dirichlet(np.ones(sizes[-1]), n_samples)
    return network, theta, X, Y


def logits(network, X, theta):
    """z^L, (N, m): what goes into the last layer."""
    (W, b), a = network.split(theta)[-1], network.forward(X, theta)[-2]
    return a @ W.T + b


# --- every loss of LOSSES, taken up by itself


def last_layer_of(name):
    """The layer that a loss stands on; Linear where any will do."""
    return getattr(layers, LOSSES[name].last_layer or "Linear")


@pytest.mark.parametrize("name", LOSSES)
def test_at_the_net_inputs_the_gradient_is_the_difference_of_f(name):
    network, theta, X, Y = loss_case(name)
    loss, layer, z = LOSSES[name], network.layers[-1], logits(network, X, theta)

    def value(z):
        a = layer.activate(z.reshape(Y.shape))
        return np.array([loss.value(a, Y, loss.residual(a, Y).ravel())])

    a = layer.activate(z)
    r = loss.residual(a, Y)
    delta = network.error_terms(
        network.forward(X, theta), r.ravel(), theta, loss.output_slopes(layer, a, Y)
    )[-1]
    same(delta.ravel(), difference(value, z.ravel())[0], 1e-7)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("sizes", [(3, 2), (2, 3, 1), (3, 4, 3), (2, 3, 3, 4)], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_on_every_route_g_is_the_difference_of_f(name, sizes, route):
    network, theta, X, Y = loss_case(name, sizes)
    problem = NetworkFit(network, X, Y, name, route)
    here = problem.linearize(theta)
    expected = difference(lambda t: np.array([problem.loss(t)]), theta)[0]
    np.testing.assert_allclose(here.g, expected, atol=1e-7 * max(1, abs(expected).max()))
    np.testing.assert_allclose(here.g, here.J.T @ here.r, atol=1e-12)
    assert here.loss == problem.loss(theta)


@pytest.mark.parametrize("name", LOSSES)
def test_the_routes_agree_on_every_loss(name):
    network, theta, X, Y = loss_case(name, (2, 4, 3), n_samples=8)
    fits = [NetworkFit(network, X, Y, name, route) for route in ROUTES]
    rows, *others = [fit.linearize(theta) for fit in fits]
    for other in others:
        assert other.loss == pytest.approx(rows.loss, rel=1e-14)
        for what in ("r", "g", "J", "A", "column_norms"):
            same(getattr(other, what), getattr(rows, what))
        for mu in (1e-2, 1.0):
            same(other.step(mu), rows.step(mu))


@pytest.mark.parametrize("name", LOSSES)
def test_f_is_half_rr_exactly_where_the_loss_is_not_generalized(name):
    network, theta, X, Y = loss_case(name)
    problem = NetworkFit(network, X, Y, name)
    here = problem.linearize(theta)
    halves = here.loss == pytest.approx(here.r @ here.r / 2, rel=1e-12)
    assert halves != LOSSES[name].generalized == problem.generalized
    if not problem.generalized:
        same(here.J, difference(problem.residual, theta), 1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_divided_is_the_same_model_in_another_unit_on_every_route(name):
    network, theta, X, Y = loss_case(name)
    for route in ROUTES:
        here = NetworkFit(network, X, Y, name, route).linearize(theta)
        divided = here.divided(4.0)
        same(divided.J, here.J / 4)
        same(divided.A, here.A / 16)
        same(divided.g, here.g / 16)


@pytest.mark.parametrize("name", LOSSES)
def test_solve_converges_on_every_loss(name):
    network, theta, X, Y = loss_case(name, (2, 2), n_samples=30)  # one layer: F is convex
    for route in (None, *ROUTES):
        trace = solve(NetworkFit(network, X, Y, name, route), theta / 4)
        assert trace.success and trace.message.startswith("Converged: ")
        same(network.forward(X, trace.theta)[-1], Y, 1e-3)


@pytest.mark.parametrize("name", LOSSES)
def test_on_symbols_g_is_exactly_sympys_for_every_loss(name):
    """The last layer alone, one sample; the targets of Softmax sum to 1."""
    last = last_layer_of(name)
    network = Input(1) >> last(2)
    theta, X, Y = letters("t", 4, real=True), letters("x", 1, 1, real=True), letters("y", 1, 2)
    if last is Softmax:
        Y[0, 1] = 1 - Y[0, 0]
    problem = NetworkFit(network, X, Y, name)
    F, g = problem.loss(theta), problem.linearize(theta).g
    for entry, t in zip(g, theta, strict=True):
        assert_zero_at_numbers(sympy.diff(F, t) - entry)
        with pytest.raises(AssertionError):
            assert_zero_at_numbers(sympy.diff(F, t) + entry)


def assert_zero_at_numbers(expression, digits=30):
    """0 to 30 digits at three points of whole-number coordinates."""
    symbols = sorted(expression.free_symbols, key=str)
    for seed in range(3):
        values = np.random.default_rng(seed).integers(1, 9, len(symbols))
        point = {s: sympy.Rational(int(v), 10) for s, v in zip(symbols, values, strict=True)}
        assert abs(sympy.N(expression.subs(point), digits + 20)) < sympy.Float(10) ** -digits


# --- Softmax


def test_softmax_gives_probabilities_that_do_not_change_with_a_shift():
    z = np.random.default_rng(0).normal(size=(5, 4)) * 3
    p = Softmax(4).activate(z)
    np.testing.assert_allclose(p, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-14)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(Softmax(4).activate(z + 1e3), p, rtol=1e-12)


def test_softmax_neither_overflows_nor_reaches_zero():
    p = Softmax(3).activate(np.array([[1e308, 0.0, -1e308], [800.0, 0.0, -800.0], [0.0, 0.0, 0.0]]))
    assert np.array_equal(p[:2], [[1, TINY, TINY]] * 2) and np.array_equal(p[2], np.full(3, 1 / 3))


def test_slopes_are_the_differences_of_the_probabilities():
    z = np.random.default_rng(0).normal(size=(2, 4))
    slopes = Softmax(4).slopes(Softmax(4).activate(z))
    assert slopes.shape == (4, 4, 2)
    for i in range(2):
        np.testing.assert_allclose(
            slopes[:, :, i], difference(lambda t: Softmax(4).activate(t[None])[0], z[i]), atol=1e-9
        )


@pytest.mark.parametrize("kind", [Linear, Sigmoid, Tanh, Relu, Softplus])
@pytest.mark.parametrize("sizes", [(2, 3), (3, 4, 2), (2, 3, 3, 4)], ids=str)
def test_the_jacobian_with_softmax_last_is_the_difference(sizes, kind):
    network, theta, X, Y = case(sizes, kind)
    here = NetworkFit(network, X, Y).linearize(theta)
    np.testing.assert_allclose(
        here.J, difference(lambda t: network.forward(X, t)[-1].ravel(), theta), atol=1e-7
    )
    deltas = network.error_terms(network.forward(X, theta), here.r, theta)
    np.testing.assert_allclose(
        network.gradient(network.forward(X, theta), deltas), here.g, atol=1e-12
    )
    S = network.sensitivities(network.forward(X, theta), theta)
    for delta, one in zip(deltas, S, strict=True):
        np.testing.assert_allclose(
            delta, np.einsum("ik,ikj->ij", here.r.reshape(Y.shape), one), atol=1e-12
        )


def test_softmax_stands_last_and_nowhere_else():
    for build in (
        lambda: Input(2) >> Softmax(3) >> Linear(1),
        lambda: Input(2) >> Softmax(3) >> Softmax(3),
    ):
        with pytest.raises(
            ValueError, match=re.escape("layers[1] is Softmax(3): expected it last")
        ):
            build()


# --- cross-entropy against differences


def cross_entropy(network, theta, X, Y):
    """F = −Σ y log p from the logits, without the softmax's own code."""
    z = logits(network, X, theta)
    return float((Y * (np.log(np.exp(z).sum(axis=1, keepdims=True)) - z)).sum())


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    m=st.integers(1, 10),
    kind=st.sampled_from([Linear, Sigmoid, Tanh, Softplus]),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_f_and_its_gradient_are_those_of_the_cross_entropy(sizes, m, kind, seed):
    network, theta, X, Y = case((*sizes, m), kind, seed=seed)
    problem = NetworkFit(network, X, Y, "cross_entropy")
    assert problem.loss(theta) == pytest.approx(
        cross_entropy(network, theta, X, Y), rel=1e-11, abs=1e-12
    )
    expected = difference(lambda t: cross_entropy(network, t, X, Y), theta)
    for route in ROUTES:
        here = NetworkFit(network, X, Y, "cross_entropy", route).linearize(theta)
        np.testing.assert_allclose(here.g, expected, atol=1e-6 * max(1, abs(expected).max()))
        assert here.loss == pytest.approx(problem.loss(theta), rel=1e-14)
        np.testing.assert_allclose(
            here.g, here.J.T @ here.r, atol=1e-11 * max(1, abs(expected).max())
        )


@pytest.mark.parametrize("route", ROUTES)
def test_the_matrix_is_the_generalized_gauss_newton_matrix(route):
    """A = Σᵢ Jzᵀ (diag(p) − ppᵀ) Jz, Jz by differences of the logits."""
    network, theta, X, Y = case((3, 4, 3))
    Jz = difference(lambda t: logits(network, X, t), theta)
    p = network.forward(X, theta)[-1]
    A = sum(Jz[i].T @ (np.diag(p[i]) - np.outer(p[i], p[i])) @ Jz[i] for i in range(len(X)))
    np.testing.assert_allclose(
        NetworkFit(network, X, Y, "cross_entropy", route).linearize(theta).A, A, atol=1e-8
    )


def test_the_gradient_at_the_logits_is_p_minus_y_and_half_rr_is_not_f():
    network, theta, X, Y = case((3, 3))
    here = NetworkFit(network, X, Y, "cross_entropy").linearize(theta)
    p = network.forward(X, theta)[-1]
    np.testing.assert_allclose(here.g[-3:], (p - Y).sum(axis=0), atol=1e-13)
    np.testing.assert_allclose(here.r, ((p - Y) / np.sqrt(p)).ravel(), rtol=1e-14)
    assert abs(here.r @ here.r / 2 - here.loss) > 0.1


# --- on symbols


def over_one_denominator(expression):
    """The numerator, multiplied out, with a letter for every exponential and hyperbolic tangent."""
    letters = {}

    def letter(kind, z):
        return letters.setdefault((kind, z), sympy.Symbol(f"{kind}{len(letters)}", positive=True))

    def power(z):  # SymPy makes one exponential of a power of one
        times, z = sympy.expand(z).primitive()
        return (
            letter("e", -z) ** -times if z.could_extract_minus_sign() else letter("e", z) ** times
        )

    expression = expression.replace(sympy.exp, power).replace(
        sympy.tanh, lambda z: letter("t", sympy.expand(z))
    )
    return sympy.expand(sympy.fraction(sympy.together(sympy.expand(expression)))[0])


@pytest.mark.parametrize("route", ROUTES)
def test_on_symbols_the_gradient_is_exactly_sympys(route):
    """1-2-2 and one sample: ∇F of F = −Σ y log p, where the targets sum to 1."""
    network = Input(1) >> Tanh(2) >> Softmax(2)
    theta, X, y = letters("t", network.n_parameters), letters("x", 1, 1), sympy.Symbol("y")
    problem = NetworkFit(network, X, np.array([[y, 1 - y]]), "cross_entropy", route)
    F, g = problem.loss(theta), problem.linearize(theta).g
    for entry, t in zip(g, theta, strict=True):
        assert over_one_denominator(sympy.diff(F, t) - entry) == 0
        assert over_one_denominator(sympy.diff(F, t) + entry) != 0


def test_on_symbols_the_square_root_of_the_matrix_is_exact():
    p = np.array([[*(some := sympy.symbols("p0 p1", positive=True)), 1 - sum(some)]], dtype=object)
    C = LOSSES["cross_entropy"].output_slopes(Softmax(3), p, None)[:, :, 0].T
    assert_zero(C @ C.T - (np.diag(p[0]) - np.outer(p[0], p[0])))


# --- a loss of one's own


class Weighted(Loss):
    """F = ½ Σ wₖ (aₖ − yₖ)²: output by output in its own unit."""

    def __init__(self, roots):
        self.roots = np.asarray(roots)

    def residual(self, a, Y):
        return self.roots * (a - Y)

    def output_slopes(self, layer, a, Y):
        slopes = layer.slopes(a)
        return self.roots.reshape(-1, *[1] * (slopes.ndim - 1)) * slopes


class Poisson(Loss):
    """F = Σ a − y log a for counts y and rates a = softplus(z) > 0; r̃ and S̃^L with S̃r̃ = ∂F/∂z."""

    generalized, last_layer = True, "Softplus"

    def residual(self, a, Y):
        return (a - Y) / np.sqrt(a)

    def value(self, a, Y, r):
        return (a - Y * np.log(a)).sum()

    def output_slopes(self, layer, a, Y):
        return layer.slopes(a) / np.sqrt(a.T)

    def targets(self, Y):
        if (Y < 0).any():
            raise ValueError(f"Y holds {Y.min():.3g}: expected counts ≥ 0")
        return Y


def own_case(last, n_samples=8):
    network, theta, X, _ = network_case((2, 3, 2), [Tanh, last], n_samples)
    return network, theta, X, np.random.default_rng(1).poisson(2.0, (n_samples, 2)).astype(float)


OWN = [(Weighted([1.0, 3.0]), last) for last in (Linear, Tanh, Softmax)] + [(Poisson(), Softplus)]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(("loss", "last"), OWN, ids=lambda value: type(value).__name__)
def test_a_loss_of_ones_own_is_right_on_every_route(loss, last, route):
    network, theta, X, Y = own_case(last)
    problem = NetworkFit(network, X, Y, loss, route)
    here = problem.linearize(theta)
    same(here.g, difference(lambda t: np.array([problem.loss(t)]), theta)[0], 1e-6)
    rows = NetworkFit(network, X, Y, loss, "rows").linearize(theta)
    same(here.A, rows.A)
    same(here.step(0.3), rows.step(0.3))
    assert problem.generalized == loss.generalized


def test_solve_and_batches_take_a_loss_of_ones_own():
    network, theta, X, Y = own_case(Softplus, n_samples=30)
    problem = NetworkFit(network, X, Y, Poisson())
    trace = solve(problem, theta, max_steps=20)
    assert trace.loss < trace.losses[0] and "geodesic" not in trace.message
    parts = list(problem.batches(10, seed=0))
    assert sum(b.loss(theta) for b in parts) == pytest.approx(problem.loss(theta), rel=1e-12)


class WrongSlopes(BinaryCrossEntropy):
    """S̃^L of another loss: that of the squares."""

    def output_slopes(self, layer, a, Y):
        return layer.slopes(a)


class WrongSign(SquaredError):
    """Target minus prediction, with the slopes of prediction minus target."""

    def residual(self, a, Y):
        return Y - a


class WrongValue(SquaredError):
    """Σ r², where g is that of ½ Σ r²."""

    def value(self, a, Y, r):
        return r @ r


@pytest.mark.parametrize(
    ("loss", "last"),
    [(WrongSlopes(), Sigmoid), (WrongSign(), Linear), (WrongSign(), Softmax), (WrongValue(), Tanh)],
    ids=lambda value: type(value).__name__ if isinstance(value, Loss) else value.__name__,
)
def test_a_loss_whose_gradient_is_not_that_of_its_value_is_refused_with_numbers(loss, last):
    network, _, X, Y = own_case(last)
    words = (
        r"loss = .*: along one direction S\^Lᵀr gives .*, and differences of F give .*; expected"
    )
    with pytest.raises(ValueError, match=words + " residual, output_slopes and value"):
        NetworkFit(network, X, Y > 1, loss)


def test_a_loss_of_ones_own_says_what_it_needs():
    network, _, X, Y = own_case(Linear)
    with pytest.raises(
        ValueError, match=r"with Linear\(2\) last: expected Softplus as the last layer"
    ):
        NetworkFit(network, X, Y, Poisson())
    network, _, X, Y = own_case(Softplus)
    with pytest.raises(ValueError, match="Y holds -1: expected counts ≥ 0"):
        NetworkFit(network, X, Y - Y.min() - 1, Poisson())


def test_a_loss_without_a_residual_cannot_be_made():
    with pytest.raises(TypeError, match="residual"):
        type("Nothing", (Loss,), {})()


# --- edges


@pytest.mark.parametrize("route", ROUTES)
def test_a_sure_and_wrong_prediction_costs_a_finite_f_and_leaves_finite_steps(route):
    network, X = Input(1) >> Softmax(2), np.array([[1.0], [-1.0]])
    problem = NetworkFit(network, X, np.array([[0.0, 1.0], [1.0, 0.0]]), "cross_entropy", route)
    theta = np.array([2000.0, -2000.0, 0.0, 0.0])
    assert problem.loss(theta) == pytest.approx(-2 * np.log(TINY))
    here = problem.linearize(theta)
    assert (
        np.isfinite(here.r).all()
        and np.isfinite(here.g).all()
        and np.isfinite(here.step(1.0)).all()
    )


def test_a_sure_and_right_prediction_costs_nothing():
    network, X = Input(1) >> Softmax(2), np.array([[1.0], [-1.0]])
    problem = NetworkFit(network, X, np.array([[1.0, 0.0], [0.0, 1.0]]), "cross_entropy")
    assert problem.loss(np.array([2000.0, -2000.0, 0.0, 0.0])) == 0


# --- solvers


@pytest.mark.parametrize("route", [None, *ROUTES])
def test_solve_converges_on_cross_entropy_and_says_what_it_did(route):
    network, theta, X, Y = case((2, 3), n_samples=30)  # one layer: F is convex
    trace = solve(NetworkFit(network, X, Y, "cross_entropy", route), theta)
    assert trace.success and trace.message.startswith("Converged: ")
    assert "Stages: Levenberg-Marquardt (" in trace.message
    assert "geodesic" not in trace.message and "polish" not in trace.message
    best = difference(lambda t: cross_entropy(network, t, X, Y), trace.theta)
    assert abs(best).max() < 1e-5
    assert all(step.trial_loss < step.loss for step in trace.accepted)
    assert trace.loss == pytest.approx(cross_entropy(network, trace.theta, X, Y), rel=1e-12)


def test_solve_does_not_claim_success_where_it_only_ran_out_of_steps():
    network, theta, X, Y = case((2, 4, 3), n_samples=30)
    trace = solve(NetworkFit(network, X, Y, "cross_entropy"), theta, max_steps=2)
    assert not trace.success and trace.message.startswith("Not finished: ")


def test_rho_compares_f_with_the_prediction_for_the_cross_entropy():
    """Near the minimum F is its quadratic model: ρ → 1, which ½ r̃ᵀr̃ in place of F would miss."""
    network, theta, X, Y = case((2, 3), n_samples=30)
    steps = list(
        levenberg_marquardt(NetworkFit(network, X, Y, "cross_entropy"), theta, mu=1e-3, gtol=1e-3)
    )
    step = steps[-1]
    assert step.rho == pytest.approx((step.loss - step.trial_loss) / step.predicted, rel=1e-12)
    assert step.rho == pytest.approx(1, abs=0.05)


def test_gradient_descent_and_gauss_newton_run_on_cross_entropy_too():
    network, theta, X, Y = case((2, 3), n_samples=30)
    problem = NetworkFit(network, X, Y, "cross_entropy")
    down = [step.loss for step in gradient_descent(problem, theta, 0.02, max_steps=20)]
    assert len(down) == 20 and all(np.diff(down) < 0)
    best = solve(problem, theta).loss
    assert [step.trial_loss for step in gauss_newton(problem, theta * 0.1, max_steps=8)][
        -1
    ] == pytest.approx(best)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].generalized])
def test_the_geodesic_term_is_refused_with_a_generalized_loss(name):
    network, theta, X, Y = loss_case(name)
    problem = NetworkFit(network, X, Y, name)
    words = "geodesic = True with a generalized loss: expected False, since J is not the derivative"
    with pytest.raises(ValueError, match=words):
        levenberg_marquardt(problem, theta, geodesic=True)
    with pytest.raises(ValueError, match=words):
        solve(problem, theta, geodesic=True)


# --- targets and last layers


@pytest.mark.parametrize(
    ("Y", "words"),
    [
        ([[0.5, 0.4]], "sums from 0.9 to 0.9"),
        ([[1.0, 1.0]], "sums from 2 to 2"),
        ([[1.5, -0.5]], "a smallest entry of -0.5"),
        ([[0.0, 0.0]], "sums from 0 to 0"),
    ],
)
def test_targets_that_are_no_probabilities_are_told_so(Y, words):
    with pytest.raises(
        ValueError, match="cross-entropy expected probabilities ≥ 0 that sum to 1"
    ) as caught:
        NetworkFit(Input(1) >> Softmax(2), [[1.0]], Y, "cross_entropy")
    assert words in str(caught.value) and str(caught.value).startswith("Y holds rows")


def test_labels_that_sum_to_1_within_rounding_are_probabilities():
    Y = np.full((1, 3), 1 / 3, dtype=np.float32)
    assert NetworkFit(Input(1) >> Softmax(3), [[1.0]], Y, "cross_entropy").loss(
        np.zeros(6)
    ) == pytest.approx(np.log(3))


@pytest.mark.parametrize("last", [Linear, Sigmoid, Tanh])
def test_cross_entropy_asks_for_softmax_last(last):
    with pytest.raises(
        ValueError,
        match=r"loss = 'cross_entropy' with \w+\(2\) last: expected Softmax as the last layer",
    ):
        NetworkFit(Input(1) >> last(2), [[1.0]], [[0.0, 1.0]], "cross_entropy")
