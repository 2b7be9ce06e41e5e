"""Every layer of lmteach.layers, taken up by itself: its slopes, on every route, and on symbols."""

import numpy as np
import pytest
import sympy
from shared_problems import (
    ACTIVATIONS,
    LAYERS,
    ROUTES,
    assert_zero,
    difference,
    letters,
    network_case,
    same,
)

import lmteach
from lmteach import Input, Linear, NetworkFit, Relu, Softmax, Tanh, layers
from lmteach.layers import coupled_slopes

COUPLED = [kind for kind in LAYERS if kind.couples]


def net_inputs(n_samples=6, n=3, seed=0):
    """z from −3 to 3, none of them near 0, where a layer may have a kink."""
    rng = np.random.default_rng(seed)
    return rng.choice([-1, 1], (n_samples, n)) * rng.uniform(0.1, 3, (n_samples, n))


def test_every_layer_is_exported_and_in_the_tables():
    assert set(layers.__all__) == {"Input", *(kind.__name__ for kind in LAYERS)}
    assert all(getattr(lmteach, name) is getattr(layers, name) for name in layers.__all__)
    assert set(LAYERS) == {*ACTIVATIONS, *COUPLED} and Softmax in COUPLED and Tanh in ACTIVATIONS


@pytest.mark.parametrize("kind", LAYERS)
def test_slopes_are_the_differences_of_the_activation(kind):
    layer, z = kind(3), net_inputs()
    slopes = layer.slopes(layer.activate(z))
    for i, one in enumerate(z):
        expected = difference(lambda t: layer.activate(t[None])[0], one)
        found = slopes[..., i if slopes.shape[-1] > 1 else 0]
        np.testing.assert_allclose(found if kind.couples else np.diag(found), expected, atol=1e-8)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_slope_and_slopes_are_the_same_with_samples_first_and_last(kind):
    layer, z = kind(3), net_inputs()
    a = layer.activate(z)
    assert layer.slope(a).shape == a.shape
    assert np.array_equal(np.broadcast_to(layer.slopes(a), (3, 6)), layer.slope(a).T)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_straight_says_whether_the_slope_is_1_everywhere(kind):
    layer = kind(3)
    slopes = layer.slope(layer.activate(net_inputs()))
    assert layer.straight == bool((slopes == 1).all())


PLACES = [*([kind, Linear] for kind in ACTIVATIONS), *([Tanh, kind] for kind in LAYERS)]


@pytest.mark.parametrize("kinds", PLACES, ids=lambda kinds: "-".join(k.__name__ for k in kinds))
def test_j_is_the_difference_of_r_and_every_route_says_the_same(kinds):
    network, theta, X, Y = network_case((2, 4, 3), kinds, n_samples=7)
    fits = [NetworkFit(network, X, Y, route=route) for route in ROUTES]
    rows, *others = [fit.linearize(theta) for fit in fits]
    J = difference(lambda t: (network.forward(X, t)[-1] - Y).ravel(), theta)
    same(rows.J, J, 1e-6)
    for other in others:
        same(other.A, rows.A)
        same(other.g, rows.g)
        same(other.step(0.3), rows.step(0.3))


@pytest.mark.parametrize("kind", LAYERS)
def test_in_single_precision_a_layer_stays_in_it(kind):
    layer, z = kind(3), net_inputs().astype(np.float32)
    a = layer.activate(z)
    assert a.dtype == layer.slopes(a).dtype == np.float32
    same(a, layer.activate(z.astype(float)), 1e-6)


@pytest.mark.parametrize("kind", LAYERS)
def test_on_symbols_the_slopes_are_exactly_sympys(kind):
    layer, z = kind(2), letters("z", 1, 2, positive=True)  # above a kink, where there is one
    try:
        a = layer.activate(z)
    except (TypeError, AttributeError) as error:
        pytest.skip(f"{kind.__name__} takes numbers only: {error}")
    slopes = layer.slopes(a)
    slopes = slopes[:, :, 0] if kind.couples else np.diag(slopes[:, 0])
    expected = [[sympy.diff(entry, z_j) for z_j in z[0]] for entry in a[0]]
    assert_zero(slopes - np.array(expected))


@pytest.mark.parametrize("kind", LAYERS)
def test_neither_z_nor_a_is_written_to(kind):
    layer, z = kind(3), net_inputs()
    z.setflags(write=False)
    a = layer.activate(z)
    a.setflags(write=False)
    kept = a.copy()
    layer.slopes(a)
    assert np.array_equal(a, kept)


@pytest.mark.parametrize("kind", [Input, *LAYERS])
def test_a_layer_is_written_as_it_is_made(kind):
    assert repr(kind(5)) == f"{kind.__name__}(5)" and kind(5).size == 5


def test_relus_slope_at_its_kink_is_0():
    assert np.array_equal(Relu(3).slope(np.array([[0.0, 1e-300, 2.0]])), [[0, 1, 1]])


def test_coupled_slopes_are_diag_q_minus_q_p():
    p, q = net_inputs(2), net_inputs(2, seed=1)
    slopes = coupled_slopes(p, q)
    for i in range(2):
        np.testing.assert_allclose(slopes[:, :, i], np.diag(q[i]) - np.outer(q[i], p[i]))
