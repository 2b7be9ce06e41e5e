"""What a route costs, which one is chosen, and how the samples are cut into parts."""

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, pairwise

import numpy as np
import pytest
from shared_problems import ROUTES

from lmteach import Input, Linear, Network, NetworkFit, Tanh
from lmteach.routes.prices import (
    CHUNK_BYTES,
    PART_BYTES,
    SHARES,
    cuts,
    kept,
    pairs,
    piece_of,
    prices,
    triangle,
)

# --- the choice


def chosen(sizes, n_samples, **options):
    network = Network([Input(sizes[0]), *map(Tanh, sizes[1:-1]), Linear(sizes[-1])])
    problem = NetworkFit(
        network, np.zeros((n_samples, sizes[0])), np.zeros((n_samples, sizes[-1])), **options
    )
    return problem.route, problem.why_route


@pytest.mark.parametrize(
    ("sizes", "n_samples", "route", "why"),
    [
        (
            (1, 15, 1),
            40,
            "rows",
            r"rows: 40 residuals × 46 parameters are few enough to form J; 0\.\d+ MB",
        ),
        ((2, 15, 1), 289, "rows", "few enough"),
        ((4, 50, 1), 400, "rows", "few enough"),
        ((2, 15, 15, 1), 2000, "rows", "few enough"),
        ((8, 20, 3), 5000, "blocks", r"blocks: 3 outputs, J is never formed; \d MB"),
        ((64, 32, 10), 1500, "blocks", r"blocks: 10 outputs, J is never formed; 10\d MB"),
        ((784, 128, 10), 128, "samples", "samples: 1280 residuals < 101770 parameters; 28 MB"),
    ],
)
def test_the_route_of_the_speed_tasks(sizes, n_samples, route, why):
    found = chosen(sizes, n_samples)
    assert found[0] == route
    assert re.search(why, found[1]), found[1]


def test_more_samples_turn_the_choice_away_from_the_dual_and_more_outputs_to_blocks():
    by_samples = [chosen((200, 60, 10), n)[0] for n in (10, 50, 1000, 10000)]
    assert [name for name, _ in groupby(by_samples)] == ["samples", "blocks"]
    by_outputs = [chosen((8, 20, m), 5000)[0] for m in (1, 2, 5, 10)]
    towards_blocks = ["rows", "blocks"].index
    assert by_outputs == sorted(by_outputs, key=towards_blocks) and by_outputs[-1] == "blocks"


def test_prices_follow_the_counts():
    """Rows N·m·P² + P³/3, samples (N·m)²·Σn + (N·m)³/3, and blocks below N·P² + P³/3."""
    sizes, P, N, m = [(8, 20), (20, 3)], 243, 5000, 3
    price = prices(sizes, N, m)
    assert price["rows"].operations == N * m * P**2 + P**3 // 3
    assert price["samples"].operations == (N * m) ** 2 * 23 + (N * m) ** 3 // 3
    # Distinct ones of 20 units, of 9 inputs; 20·9 beside 21; of 21 inputs.
    products = 210 * 45 + 180 * 21 + 231
    assert price["blocks"].operations == 2 * N * products + P**3 // 3 < N * P**2 + P**3 / 3
    more = prices(sizes, 2 * N, m)
    assert all(
        more[name].time > price[name].time and more[name].nbytes >= price[name].nbytes
        for name in ROUTES
    )


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_that_is_asked_for_is_taken(route):
    found = chosen((8, 20, 3), 50, route=route)
    assert (
        found[0] == route
        and found[1].startswith(f"{route}: asked for; ")
        and found[1].endswith(" MB")
    )


def test_with_an_executor_only_what_can_be_shared_is_chosen():
    with ThreadPoolExecutor(1) as executor:
        assert chosen((784, 8, 10), 4)[0] == "samples"
        assert chosen((50, 8, 10), 4, executor=executor)[0] in ("rows", "blocks")
        with pytest.raises(
            ValueError, match='route = "samples" with an executor: expected "rows" or "blocks"'
        ):
            chosen((8, 20, 3), 50, route="samples", executor=executor)


def test_a_route_or_executor_of_another_kind_is_told_what_there_is():
    with pytest.raises(
        ValueError, match="route = 'row': expected one of 'rows', 'blocks', 'samples'"
    ):
        chosen((2, 3, 1), 5, route="row")
    with pytest.raises(TypeError, match="route = 3: expected one of 'rows', 'blocks', 'samples'"):
        chosen((2, 3, 1), 5, route=3)
    with pytest.raises(
        TypeError, match="executor is an int: expected a concurrent.futures.Executor"
    ):
        chosen((2, 3, 1), 5, executor=2)


# --- the parts


SIZES = [(8, 20), (20, 3)]


@pytest.mark.parametrize("n_samples", [1, 7, 1000, 10_000_000])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("route", ["rows", "blocks"])
def test_the_parts_hold_every_sample_once_and_their_arrays_are_bounded(route, shared, n_samples):
    found = cuts(route, SIZES, n_samples, shared)
    assert found[0][0] == 0 and found[-1][1] == n_samples
    assert all(stop == start for (_, stop), (start, _) in pairwise(found))
    assert all(start < stop for start, stop in found)
    numbers = {"rows": 23 + 3 * 243, "blocks": 23 * (1 + 3)}[route]
    largest = max(stop - start for start, stop in found)
    assert largest == 1 or 8 * numbers * (largest - 1) <= CHUNK_BYTES
    assert len(found) >= min(SHARES, n_samples) if shared else len(found) >= 1


def test_on_samples_all_are_one_part():
    assert cuts("samples", SIZES, 10_000_000) == [(0, 10_000_000)]


def test_a_few_samples_are_one_part_unless_they_are_shared():
    assert cuts("rows", SIZES, 100) == [(0, 100)] and len(cuts("rows", SIZES, 100, True)) == SHARES


def test_a_piece_stays_in_the_cache_or_is_as_large_as_what_is_summed():
    few, many = [(8, 20), (20, 3)], [(300, 200), (200, 10)]
    assert 8 * piece_of(few) * 23 * 4 == pytest.approx(PART_BYTES, rel=0.01)
    n_parameters = 301 * 200 + 201 * 10
    assert piece_of(many) * 210 * 11 == pytest.approx(n_parameters**2, rel=0.01)


def test_activations_are_kept_up_to_a_bound():
    most = CHUNK_BYTES // (8 * 23)
    assert kept(SIZES, most) and not kept(SIZES, most + 1)


def test_pairs_and_triangles_count_what_is_distinct():
    assert pairs(3) == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    assert [triangle(n) for n in (1, 2, 5)] == [1, 3, 15]
