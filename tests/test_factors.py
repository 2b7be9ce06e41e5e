"""The factors of J, multiplied, are the network's own sensitivities and activations."""

import numpy as np
import pytest
from shared_problems import ACTIVATIONS, LAYERS, network_case, same

from lmteach import Linear, Tanh
from lmteach.routes.factors import (
    backwards,
    factors,
    forwards,
    layer_places,
    sensitivity,
    sizes_of,
    squared_columns,
)

SHAPES = [(1, 1), (3, 2), (1, 4, 1), (2, 3, 3), (2, 3, 2, 1), (2, 3, 2, 3), (3, 2, 4, 2, 2)]
KINDS = [[kind] for kind in ACTIVATIONS] + [[Tanh] * 9]


def taken_apart(sizes, kinds):
    """(network, activations, θ, the factors) at some θ."""
    network, theta, X, _ = network_case(sizes, kinds)
    activations = network.forward(X, theta)
    slopes = network.layers[-1].slopes(activations[-1])
    return network, activations, theta, factors(network, activations, network.split(theta), slopes)


@pytest.mark.parametrize("kinds", KINDS, ids=lambda kinds: kinds[0].__name__)
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_factors_multiplied_are_the_sensitivities_and_activations(sizes, kinds):
    network, activations, theta, layers = taken_apart(sizes, kinds)
    expected = network.sensitivities(activations, theta)
    assert len(layers) == len(expected)
    for (a, T, slope), before, S in zip(layers, activations, expected, strict=False):
        found = sensitivity(T, slope)
        found = found.transpose(2, 0, 1) if found.ndim == 3 else np.array([found] * len(S))
        np.testing.assert_allclose(found, S, atol=1e-13)
        assert np.array_equal(a, before.T)


def test_a_straight_layer_has_no_slope_and_one_t_for_all_samples():
    *_, layers = taken_apart((3, 4, 2), [Tanh, Linear])
    (_, T1, f1), (_, T2, f2) = layers
    assert T2.shape == (2, 2) and f2 is None and np.array_equal(T2, np.eye(2))
    assert T1.shape == (2, 4) and f1.shape == (4, 5)
    assert all(slope is None for *_, slope in taken_apart((3, 4, 2), [Linear])[-1])


LAST = [[Tanh, kind] for kind in LAYERS] + [[kind, Linear] for kind in ACTIVATIONS]


@pytest.mark.parametrize("kinds", LAST, ids=lambda kinds: "-".join(k.__name__ for k in kinds))
def test_products_with_j_are_summed_without_j(kinds):
    network, activations, theta, layers = taken_apart((2, 4, 3), kinds)
    J = network.jacobian(activations, theta)
    u, v = np.random.default_rng(0).normal(size=len(theta)), np.arange(15.0) - 7
    same(forwards(layers, u), J @ u, 1e-12)
    same(backwards(layers, v), J.T @ v, 1e-12)
    same(squared_columns(layers), (J * J).sum(axis=0), 1e-12)
    assert sizes_of(layers) == [(2, 4), (4, 3)]


def test_the_places_of_layers_are_those_of_the_network():
    network, *_ = network_case((2, 3, 2, 1), [Tanh])
    theta = np.arange(float(network.n_parameters))
    for (w, b), (W, bias) in zip(
        layer_places([(2, 3), (3, 2), (2, 1)]), network.split(theta), strict=True
    ):
        assert np.array_equal(theta[w], W.ravel()) and np.array_equal(theta[b], bias)
