"""Sums over samples of products of factors, each against the plain sum over samples."""

import numpy as np
import pytest
from shared_problems import same

from lmteach.routes import products
from lmteach.routes.factors import sensitivity
from lmteach.routes.products import (
    beside,
    distinct,
    distinct_of,
    every,
    few_twice,
    in_full,
    on_diagonal,
    places_of,
    sensitivities_beside,
    summed,
    with_one,
)

N = 6


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_distinct_products_are_those_on_and_above_the_diagonal_in_order():
    u = numbers(3, N)
    expected = [u[i] * u[j] for i in range(3) for j in range(i, 3)]
    assert np.array_equal(distinct(u), expected)
    M = numbers(3, 3)
    assert np.array_equal(distinct_of(M), [M[i, j] for i in range(3) for j in range(i, 3)])


def test_places_find_the_product_of_any_two():
    u = numbers(4, N)
    found = distinct(u)[places_of(4)]
    np.testing.assert_allclose(found, u[:, None] * u)


def test_every_product_of_two_vectors():
    u, v = numbers(3, N), numbers(2, N, seed=1)
    assert np.array_equal(every(u, v), [a * b for a in u for b in v])


def test_with_one_ends_in_a_row_of_ones():
    a = with_one(numbers(3, N))
    assert np.array_equal(a[:-1], numbers(3, N)) and (a[-1] == 1).all() and a.shape == (4, N)


@pytest.mark.parametrize("sizes", [(3, 5), (5, 3)])
@pytest.mark.parametrize("cache", [1, 10**6])
def test_a_sum_is_the_same_however_many_samples_are_taken_at_a_time(sizes, cache, monkeypatch):
    u, v = numbers(sizes[0], 40), numbers(sizes[1], 40, seed=1)
    monkeypatch.setattr(products, "CACHE_BYTES", cache)
    monkeypatch.setattr(products, "ADDED", 0)
    same(summed(lambda s: u[:, s], lambda s: v[:, s], *sizes, 40), u @ v.T, 1e-13)


def sensitivities(m, n, same_for_all, straight, seed):
    """(T, f′): T the same for all samples or not, f′ 1 or not."""
    T = numbers(m, n, seed=seed) if same_for_all else numbers(m, n, N, seed=seed)
    return T, None if straight else numbers(n, N, seed=seed + 1)


def whole(T, slope):
    """S, (m, n, N), also where it is the same for all samples."""
    S = sensitivity(T, slope)
    return S if S.ndim == 3 else np.repeat(S[:, :, None], N, axis=2)


# Whether T is the same for all samples, and whether the slope is 1 for all of them.
FORMS = [(True, True), (True, False), (False, False), (False, True)]
# Where T is the same for all samples, so is every later layer's S.
TWO_LAYERS = [
    *((form, (True, True)) for form in FORMS),
    *((form, later) for form in FORMS[2:] for later in FORMS[1:]),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_layers_own_sums(form):
    """Σᵢ (Sᵢᵀ Sᵢ) ⊗ (âᵢâᵢᵀ), its distinct entries."""
    a, (T, slope) = with_one(numbers(2, N)), sensitivities(3, 4, *form, seed=5)
    S = whole(T, slope)
    full = np.einsum("kpi,kqi,ai,bi->pqab", S, S, a, a)
    expected = full[np.triu_indices(4)][:, *np.triu_indices(3)]
    same(on_diagonal(a, T, slope), expected, 1e-12)
    same(on_diagonal(a, T, slope, distinct(a)), expected, 1e-12)


@pytest.mark.parametrize(("form", "later"), TWO_LAYERS, ids=str)
def test_the_sums_of_two_layers(form, later):
    """Σᵢ (Sᵢᵀ S′ᵢ) ⊗ (âᵢb̂ᵢᵀ), axes (p, i, q, j)."""
    a, b = with_one(numbers(2, N)), with_one(numbers(4, N, seed=1))
    T, slope = sensitivities(3, 4, *form, seed=5)
    U, other = sensitivities(3, 2, *later, seed=9)
    expected = np.einsum("kpi,kqi,ai,bi->paqb", whole(T, slope), whole(U, other), a, b)
    same(beside(a, T, slope, b, U, other), expected, 1e-12)


def test_sensitivities_side_by_side():
    S, same_for_all = numbers(3, 4, N), numbers(3, 2, seed=1)
    expected = np.einsum("kpi,kq->pqi", S, same_for_all).reshape(8, N)
    same(sensitivities_beside(S, same_for_all), expected, 1e-13)
    each = numbers(3, 2, N, seed=1)
    expected = np.einsum("kpi,kqi->pqi", S, each).reshape(8, N)
    same(sensitivities_beside(S, each), expected, 1e-13)


@pytest.mark.parametrize("later", [True, False])
def test_in_full_every_sum_is_that_of_the_distinct_products(later):
    a, b = with_one(numbers(3, N)), with_one(numbers(4, N, seed=1))
    layers = [(a, *sensitivities(2, 4, True, False, 2)), (b, *sensitivities(2, 2, True, later, 5))]
    (own, next_to, last), (S, U) = in_full(layers), (whole(*layer[1:]) for layer in layers)
    for found, one, other, c, d in ((own, S, S, a, a), (next_to, S, U, a, b), (last, U, U, b, b)):
        same(found, np.einsum("kpn,kqn,in,jn->piqj", one, other, c, d), 1e-13)


def test_few_products_are_made_twice_and_many_are_not():
    def layers(n_in, n):
        return [(np.empty((n_in, 1)), np.empty((3, n)), np.empty((n, 1)))]

    assert few_twice(layers(9, 20)) and not few_twice(layers(65, 32))
    assert not few_twice(layers(9, 200))  # whose sums do not stay in the cache
    assert few_twice([(np.empty((65, 1)), np.empty((3, 3)), None)])  # f′ = 1: none is
