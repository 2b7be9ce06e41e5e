"""The network's derivatives: against central differences, and exactly against sympy.diff."""

import tracemalloc

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_problems import (
    ACTIVATIONS,
    ROUTES,
    assert_zero,
    difference,
    letters,
    network_case,
    network_of,
    same,
)

from lmteach import Input, Layer, Linear, Network, NetworkFit, Relu, Sigmoid, Softplus, Tanh

SHAPES = [(1, 1), (3, 2), (1, 4, 1), (2, 3, 3), (2, 3, 2, 1), (2, 3, 2, 3), (3, 2, 4, 2, 2)]


def residual(network, theta, X, Y):
    return (network.forward(X, theta)[-1] - Y).ravel()


def loss(network, theta, X, Y):
    r = residual(network, theta, X, Y)
    return r @ r / 2


# --- on floats, against central differences


@pytest.mark.parametrize("kind", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_jacobian_and_gradient_are_the_differences(sizes, kind):
    network, theta, X, Y = network_case(sizes, [kind])
    activations = network.forward(X, theta)
    r = residual(network, theta, X, Y)
    J = network.jacobian(activations, theta)
    g = network.gradient(activations, network.error_terms(activations, r, theta))
    assert J.shape == (len(X) * sizes[-1], network.n_parameters) and g.shape == theta.shape
    np.testing.assert_allclose(
        J, difference(lambda t: residual(network, t, X, Y), theta), atol=1e-7
    )
    np.testing.assert_allclose(g, difference(lambda t: loss(network, t, X, Y), theta), atol=1e-6)
    np.testing.assert_allclose(g, J.T @ r, atol=1e-12)


@pytest.mark.parametrize("kind", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_error_terms_and_sensitivities_are_the_differences_sample_by_sample(sizes, kind):
    network, theta, X, Y = network_case(sizes, [kind], seed=1)
    activations = network.forward(X, theta)
    deltas = network.error_terms(activations, residual(network, theta, X, Y), theta)
    sensitivities = network.sensitivities(activations, theta)
    biases = np.split(
        np.arange(len(theta)), np.cumsum([W.size + b.size for W, b in network.split(theta)])[:-1]
    )
    for where, delta, S, n in zip(biases, deltas, sensitivities, sizes[1:], strict=True):
        assert delta.shape == (len(X), n) and S.shape == (len(X), sizes[-1], n)
        for i in range(len(X)):  # for one sample, moving b is moving z
            x, y = X[i : i + 1], Y[i : i + 1]
            by_loss = difference(lambda t, x=x, y=y: loss(network, t, x, y), theta)[where[-n:]]
            by_output = difference(lambda t, x=x: network.forward(x, t)[-1][0], theta)[
                :, where[-n:]
            ]
            np.testing.assert_allclose(delta[i], by_loss, atol=1e-6)
            np.testing.assert_allclose(S[i], by_output, atol=1e-7)


@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    kinds=st.lists(st.sampled_from(ACTIVATIONS), min_size=4, max_size=4),
    seed=st.integers(0, 999),
    n_samples=st.integers(1, 6),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_mixed_layers_agree_with_differences_and_with_each_other(sizes, kinds, seed, n_samples):
    network, theta, X, Y = network_case(sizes, kinds, n_samples, seed)
    activations, r = network.forward(X, theta), residual(network, theta, X, Y)
    J, deltas = network.jacobian(activations, theta), network.error_terms(activations, r, theta)
    np.testing.assert_allclose(
        J, difference(lambda t: residual(network, t, X, Y), theta), atol=1e-5
    )
    np.testing.assert_allclose(network.gradient(activations, deltas), J.T @ r, atol=1e-9)
    for delta, S in zip(deltas, network.sensitivities(activations, theta), strict=True):
        np.testing.assert_allclose(
            delta, np.einsum("ik,ikj->ij", r.reshape(Y.shape), S), atol=1e-10
        )


def test_jacobian_rows_are_sample_major_and_columns_w_by_row_then_b():
    network = Input(2) >> Linear(3)
    X = np.array([[2.0, 3.0], [5.0, 7.0]])
    J = network.jacobian(network.forward(X))
    for i, x in enumerate(X):
        expected = np.hstack([np.kron(np.eye(3), x), np.eye(3)])
        assert np.array_equal(J[3 * i : 3 * i + 3], expected)


def test_jacobian_writes_into_a_given_buffer():
    network, theta, X, _ = network_case((2, 3, 2), [Tanh, Linear])
    out = np.full((network.n_parameters, len(X) * 2), np.nan)
    activations = network.forward(X, theta)
    J = network.jacobian(activations, theta, out=out)
    assert np.shares_memory(J, out) and np.array_equal(J, network.jacobian(activations, theta))


class Cube(Layer):
    """a = z³, f′ = 3 ∛a²: a layer that a learner may write."""

    def activate(self, z):
        return z**3

    def slope(self, a):
        return 3 * np.cbrt(a) ** 2


class SignedSquare(Linear):
    """a = z|z|, f′ = 2 √|a|: in place of a straight line's slope, one of its own."""

    def activate(self, z):
        return z * np.abs(z)

    def slope(self, a):
        return 2 * np.sqrt(np.abs(a))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", [Cube, SignedSquare])
@pytest.mark.parametrize("where", ["hidden", "last"])
def test_a_layer_of_ones_own_is_differentiated_by_its_own_slope_on_every_route(kind, where, route):
    kinds = [kind, Linear] if where == "hidden" else [Tanh, kind]
    network, theta, X, Y = network_case((2, 3, 2), kinds)
    theta = theta / 2
    here = NetworkFit(network, X, Y, route=route).linearize(theta)
    J = difference(lambda t: residual(network, t, X, Y), theta)
    same(here.J, J, 1e-7)
    same(here.g, J.T @ here.r, 1e-6)
    same(here.step(1.0), np.linalg.solve(J.T @ J + np.eye(len(theta)), -here.g), 1e-6)


class Square(Linear):
    """a = (1 + z)², and a slope 2√a that holds for z > −1 only: a gives no hint of z's side."""

    def activate(self, z):
        return (1 + z) * (1 + z)

    def slope(self, a):
        return 2 * a**0.5


class SlopeOfZ(Tanh):
    """f′ = 1 − tanh² z, written in z where a is handed in: the classic slip."""

    def slope(self, a):
        return 1 - np.tanh(a) ** 2


class SlopeOfOthers(Layer):
    """a = z, with slopes of layers that couple their units, and of the wrong sign beside."""

    couples = True

    def activate(self, z):
        return z

    def slopes(self, a):
        return (2 * np.eye(self.size) - 1)[:, :, None] * np.ones(len(a))


@pytest.mark.parametrize("kind", [Square, SlopeOfZ, SlopeOfOthers])
def test_a_layer_whose_slope_is_not_its_activations_is_refused_with_numbers(kind):
    words = r"\w+\(3\): its slope gives .* at z = .*, and differences of activate give .*; "
    with pytest.raises(ValueError, match=words + r"expected f′\(z\), written in terms of a"):
        Network([Input(2), kind(3)])
    with pytest.raises(ValueError, match=f"^{kind.__name__}"):
        Input(2) >> kind(3)


class Slopeless(Layer):
    def activate(self, z):
        return np.sin(z)


def test_a_layer_without_a_slope_is_refused_by_name():
    with pytest.raises(TypeError, match=r"Slopeless has no slope: expected a method slope\(a\)"):
        Slopeless(2)


def test_a_layers_slope_is_asked_once_however_often_it_is_joined():
    class Watched(Tanh):
        calls = 0

        def slopes(self, a):
            type(self).calls += 1
            return super().slopes(a)

    network = Input(2) >> Watched(3) >> Linear(2) >> Linear(1)
    assert Watched.calls == 1
    network.copy()
    assert Watched.calls == 1


@pytest.mark.parametrize("n", [6000, 40_000])
def test_a_network_of_many_inputs_holds_no_matrix_of_inputs_by_inputs(n):
    tracemalloc.start()
    try:
        network = Input(n) >> Tanh(3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert network.n_parameters == 3 * (n + 1)
    assert peak < 20e6 * n / 6000


# --- on symbols, against sympy.diff


def symbolic_case(sizes, kinds, n_samples, **assumptions):
    network = network_of(sizes, kinds)
    X, Y = letters("x", n_samples, sizes[0], **assumptions), letters("y", n_samples, sizes[-1])
    return network, letters("t", network.n_parameters, **assumptions), X, Y


SYMBOLIC = [
    ((1, 2, 1), [Tanh, Linear], 2),
    ((1, 2, 1), [Sigmoid, Linear], 2),
    ((1, 2, 1), [Linear, Linear], 2),
    ((1, 2, 1), [Softplus, Linear], 1),
    ((1, 2, 1), [Tanh, Sigmoid], 1),
    ((2, 2, 2), [Tanh, Linear], 2),
    ((2, 2, 2), [Sigmoid, Tanh], 1),
    ((2, 2, 2), [Softplus, Linear], 1),
    ((2, 3, 2, 1), [Tanh, Tanh, Linear], 1),
    ((2, 3, 2, 1), [Sigmoid, Linear, Linear], 1),
    ((2, 3, 2, 1), [Linear, Tanh, Sigmoid], 1),
    ((2, 2), [Linear], 2),
    ((1, 1), [Sigmoid], 2),
]


@pytest.mark.parametrize(("sizes", "kinds", "n_samples"), SYMBOLIC, ids=str)
def test_jacobian_and_gradient_are_exactly_sympys(sizes, kinds, n_samples):
    network, theta, X, Y = symbolic_case(sizes, kinds, n_samples)
    here = NetworkFit(network, X, Y).linearize(theta)
    r = residual(network, theta, X, Y)
    J = np.array([[sympy.diff(entry, t) for t in theta] for entry in r], dtype=object)
    assert_zero(here.r - r)
    assert_zero(here.J - J)
    assert_zero(here.g - np.array([sympy.diff(here.loss, t) for t in theta]))
    assert np.array_equal(here.J, network.jacobian(network.forward(X, theta), theta))


@pytest.mark.parametrize(("sizes", "kinds", "n_samples"), SYMBOLIC[:8], ids=str)
def test_normal_matrix_and_error_terms_on_symbols(sizes, kinds, n_samples):
    network, theta, X, Y = symbolic_case(sizes, kinds, n_samples)
    here = NetworkFit(network, X, Y).linearize(theta)
    activations = network.forward(X, theta)
    deltas = network.error_terms(activations, here.r, theta)
    assert_zero(here.A - here.J.T @ here.J)
    assert_zero(here.A - here.A.T)
    assert_zero(here.g - network.gradient(activations, deltas))
    for delta, S in zip(deltas, network.sensitivities(activations, theta), strict=True):
        assert_zero(delta - (here.r.reshape(Y.shape)[:, :, None] * S).sum(axis=1))


@pytest.mark.parametrize("sizes", [(1, 2, 1), (2, 2, 2)], ids=str)
def test_error_terms_and_sensitivities_are_exactly_sympys(sizes):
    """δ¹ = ∂F/∂z¹ and S¹ = ∂a^L/∂z¹ for one sample, where moving b¹ is moving z¹."""
    network, theta, X, Y = symbolic_case(sizes, [Tanh, Tanh], 1)
    activations, b = network.forward(X, theta), network.split(theta)[0][1]
    r = residual(network, theta, X, Y)
    delta, S = (
        network.error_terms(activations, r, theta)[0][0],
        network.sensitivities(activations, theta)[0][0],
    )
    assert_zero(delta - np.array([sympy.diff(r.dot(r) / 2, z) for z in b]))
    assert_zero(S - np.array([[sympy.diff(a, z) for z in b] for a in activations[-1][0]]))


def test_a_wrong_jacobian_is_not_zero_on_symbols():
    """With one sign flipped, the same comparison raises."""
    network, theta, X, Y = symbolic_case((1, 2, 1), [Tanh, Linear], 1)
    J = NetworkFit(network, X, Y).linearize(theta).J
    with pytest.raises(AssertionError):
        assert_zero(
            J
            + np.array(
                [[sympy.diff(entry, t) for t in theta] for entry in residual(network, theta, X, Y)]
            )
        )


@pytest.mark.parametrize("sizes", [(1, 2, 1), (2, 2, 2)], ids=str)
def test_relu_above_its_kink_is_linear_exactly(sizes):
    network, theta, X, Y = symbolic_case(sizes, [Relu, Linear], 1, positive=True)
    r = residual(network, theta, X, Y)
    assert not any(entry.has(sympy.Piecewise) for entry in r)
    J = np.array([[sympy.diff(entry, t) for t in theta] for entry in r])
    assert_zero(NetworkFit(network, X, Y).linearize(theta).J - J)
    assert J[0, 0] != 0


@pytest.mark.parametrize("sizes", [(1, 2, 1), (2, 2, 2)], ids=str)
def test_relu_below_its_kink_passes_nothing_on(sizes):
    network, theta, X, Y = symbolic_case(sizes, [Relu, Linear], 1, negative=True)
    below = NetworkFit(network, -X, Y).linearize(
        theta
    )  # inputs > 0, weights and biases < 0: every z¹ < 0
    r = residual(network, theta, -X, Y)
    assert_zero(below.J - np.array([[sympy.diff(entry, t) for t in theta] for entry in r]))
    hidden = sizes[0] * sizes[1] + sizes[1]
    assert not below.J[:, :hidden].any() and below.J[:, -sizes[-1] :].any()


@pytest.mark.parametrize("sizes", [(2, 3, 1), (2, 2, 2), (2, 3, 2, 2)], ids=str)
def test_relu_with_rational_weights_is_differentiated_exactly_on_both_sides(sizes):
    """Away from kinks r is straight in each single parameter: central differences are exact."""
    network = network_of(sizes, [*[Relu] * (len(sizes) - 2), Linear])
    rng = np.random.default_rng(5)
    exact = np.vectorize(lambda n: sympy.Rational(int(n), 7), otypes=[object])
    theta = exact(2 * rng.integers(-9, 9, network.n_parameters) + 1)
    X, Y = (
        exact(2 * rng.integers(-9, 9, (4, sizes[0])) + 1),
        exact(rng.integers(-9, 9, (4, sizes[-1]))),
    )
    z = network.forward(X, theta)[1]
    assert (z > 0).any() and (z == 0).any()
    steps = np.diag([sympy.Rational(1, 10**6)] * len(theta)) * 1
    columns = [
        (residual(network, theta + e, X, Y) - residual(network, theta - e, X, Y)) / (2 * e.sum())
        for e in steps
    ]
    assert np.array_equal(network.jacobian(network.forward(X, theta), theta), np.array(columns).T)


@pytest.mark.parametrize(
    "zeros", [np.zeros(7), np.array([sympy.Integer(0)] * 7, dtype=object)], ids=["float", "exact"]
)
def test_relus_slope_at_its_kink_is_zero(zeros):
    network = Input(1) >> Relu(2) >> Linear(1)
    theta = zeros.copy()
    theta[4:6] = 1  # W²: what the hidden layer passed on would be seen
    J = network.jacobian(network.forward(np.ones((1, 1), dtype=int), theta), theta)
    assert not J[:, :6].any() and J[0, 6] == 1


# --- θ, views and copies


def test_joining_copies():
    first = Input(2) >> Tanh(3)
    before = first.theta
    longer = first >> Linear(1)
    assert [type(layer) for layer in first.layers] == [Tanh] and first.n_parameters == 9
    assert np.array_equal(longer.theta[:9], before)
    longer.theta = np.arange(longer.n_parameters)
    assert np.array_equal(first.theta, before) and first.n_outputs == 3


def test_a_longer_network_and_two_branches_from_it_share_nothing():
    trunk = (Input(2) >> Tanh(3)).initialize(seed=4)
    one, two = trunk >> Linear(1), trunk >> Sigmoid(2)
    one.theta = np.zeros(one.n_parameters)
    assert np.array_equal(two.theta[:9], trunk.theta) and trunk.theta.any()


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_or_tuple_of_layers_is_the_same_network(kind):
    joined, listed = Input(2) >> Tanh(4) >> Linear(1), Network(kind([Input(2), Tanh(4), Linear(1)]))
    assert repr(joined) == repr(listed) == "Input(2) >> Tanh(4) >> Linear(1)"
    assert np.array_equal(joined.initialize(3).theta, listed.initialize(3).theta)


def test_copy_shares_nothing():
    network = (Input(2) >> Tanh(2) >> Linear(1)).initialize(seed=2)
    other = network.copy()
    assert np.array_equal(other.theta, network.theta) and repr(other) == repr(network)
    other.theta = np.zeros(other.n_parameters)
    assert network.theta.any()


def test_theta_is_copied_on_the_way_in_and_out():
    network, mine = Input(1) >> Linear(2), np.arange(4.0)
    network.theta = mine
    mine[0] = 99
    network.theta[1] = 99
    assert np.array_equal(network.theta, [0, 1, 2, 3])


def test_split_gives_views_w_by_row_then_b():
    network = Input(2) >> Tanh(3) >> Linear(1)
    theta = np.arange(float(network.n_parameters))
    (W1, b1), (W2, b2) = network.split(theta)
    assert np.array_equal(W1, [[0, 1], [2, 3], [4, 5]]) and np.array_equal(b1, [6, 7, 8])
    assert np.array_equal(W2, [[9, 10, 11]]) and np.array_equal(b2, [12])
    assert [W.shape for W, _ in network.split(theta)] == network.shapes
    W1[2, 1], b2[0] = -1, -2
    assert theta[5] == -1 and theta[12] == -2


def test_without_theta_the_networks_own_is_used():
    network, theta, X, Y = network_case((2, 3, 2), [Tanh, Sigmoid])
    network.theta = theta
    with_theta, without = network.forward(X, theta), network.forward(X)
    assert all(map(np.array_equal, with_theta, without))
    r = residual(network, theta, X, Y)
    assert all(
        map(np.array_equal, network.error_terms(without, r), network.error_terms(without, r, theta))
    )
    assert all(
        map(np.array_equal, network.sensitivities(without), network.sensitivities(without, theta))
    )
    assert np.array_equal(network.jacobian(without), network.jacobian(without, theta))
    assert np.array_equal(network.predict(X), without[-1])


@pytest.mark.parametrize("kind", ACTIVATIONS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_nothing_handed_in_is_written_to(kind, order):
    network, theta, X, Y = network_case((2, 3, 2), [kind, kind])
    X = np.array(X, order=order)
    kept = X.copy(), theta.copy()
    X.setflags(write=False)
    theta.setflags(write=False)
    activations = network.forward(X, theta)
    r = residual(network, theta, X, Y)
    for array in (*activations, r):
        array.setflags(write=False)
    seen = [array.copy() for array in (*activations, r)]
    network.gradient(activations, network.error_terms(activations, r, theta))
    network.jacobian(activations, theta)
    network.sensitivities(activations, theta)
    assert np.array_equal(X, kept[0]) and np.array_equal(theta, kept[1])
    assert all(map(np.array_equal, (*activations, r), seen))


def test_forward_keeps_writable_inputs_too():
    network, theta, X, _ = network_case((2, 2, 2), [Linear, Linear])
    kept = X.copy()
    network.forward(X, theta)[-1][...] = np.nan
    assert np.array_equal(X, kept)


@pytest.mark.parametrize(
    "X", [[[1, 2], [3, 4]], np.array([[1, 2], [3, 4]]), np.array([[1, 2], [3, 4]], np.float32)]
)
def test_lists_and_whole_numbers_are_welcome(X):
    network = Input(2) >> Tanh(3) >> Linear(1)
    expected = network.predict(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert np.array_equal(network.predict(X), expected) and np.array_equal(
        network.forward(X)[-1], expected
    )


# --- initialization


@pytest.mark.parametrize("scheme", ["glorot", "he", "lecun", "uniform"])
def test_initialize_is_seeded(scheme):
    network = Input(3) >> Tanh(4) >> Linear(2)
    theta = network.initialize(seed=7, scheme=scheme).theta
    saved = np.random.get_state()[1].copy()
    assert np.array_equal(network.initialize(seed=7, scheme=scheme).theta, theta)
    assert not np.array_equal(network.initialize(seed=8, scheme=scheme).theta, theta)
    assert np.array_equal(np.random.get_state()[1], saved)


def test_a_new_network_has_seed_0():
    network = Input(3) >> Tanh(4) >> Linear(2)
    assert np.array_equal(
        network.theta, (Input(3) >> Tanh(4) >> Linear(2)).initialize(seed=0).theta
    )


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [("glorot", 2 / (200 + 300)), ("he", 2 / 200), ("lecun", 1 / 200), ("uniform", 1 / 3)],
)
def test_schemes_have_the_variance_they_are_known_for(scheme, variance):
    (W, b), _ = (lambda n: n.split(n.theta))(
        (Input(200) >> Tanh(300) >> Linear(1)).initialize(1, scheme)
    )
    assert W.var() == pytest.approx(variance, rel=0.03) and abs(W.mean()) < 0.02 * W.std()
    assert b.any() == (scheme == "uniform")
    assert scheme != "uniform" or np.abs(W).max() <= 1 >= np.abs(b).max()
