"""Lesson 09's other methods: what they do, and that their books are right."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from lmteach import Input, Linear, NetworkFit, Softmax, Tanh
from lmteach.datasets import sine
from lmteach.figures.measured import fig_pace, fig_standings, standings
from lmteach.rivals import BATCHES, COUNTS, MEMORY, METHODS, Run, race

TABLES = Path(__file__).resolve().parents[1] / "notebooks" / "tables"
N, P = 40, 25


@pytest.fixture(scope="module")
def fit():
    return NetworkFit(Input(1) >> Tanh(8) >> Linear(1), *sine(N))


def start(fit, seed=0):
    return fit.network.initialize(seed, "uniform").theta.copy()


@pytest.mark.parametrize("method", METHODS)
def test_a_run_starts_at_the_start_and_counts_upwards(fit, method):
    run = race(fit, start(fit), method, most=3e5)
    assert run.losses[0] == fit.loss(start(fit)) and run.losses[-1] < run.losses[0]
    assert (np.diff(run.losses) <= 0).all()
    assert set(run.spent) == set(COUNTS)
    for spent in run.spent.values():
        assert len(spent) == len(run.losses) and spent[0] == 0 and (np.diff(spent) >= 0).all()


@pytest.mark.parametrize(
    ("method", "first"),
    [
        ("LM", 2 * N * P + N * P**2 / 2 + P**3 / 6),
        ("GN + line search", 2 * N * P + N * P**2 / 2 + P**3 / 6),
        ("BFGS", 2 * N * P + 3 * P**2),
        ("L-BFGS", 2 * N * P + 4 * MEMORY * P),
        ("SGD", 2 * N * P),
        ("Adam", 2 * (2 * N * P)),  # g at the start, and at the first step's end
    ],
)
def test_the_first_trial_has_its_price(fit, method, first):
    spent = race(fit, start(fit), method, most=1).spent["multiplications"]
    assert spent[1] == pytest.approx(first, rel=1e-12)


def test_a_refused_trial_costs_no_derivative(fit):
    run = race(fit, start(fit), "LM", most=5e5)
    prices, slopes = np.diff(run.spent["multiplications"]), np.diff(run.spent["derivatives"])
    again = slopes == 0
    assert again.any() and not again[0]
    assert np.allclose(prices[again], N * P + P**3 / 6)
    assert np.allclose(prices[~again], 2 * N * P + N * P**2 / 2 + P**3 / 6)


def test_the_books_of_gradients(fit):
    epoch = race(fit, start(fit), "SGD", most=1)
    assert epoch.spent["trials"][1] == BATCHES
    assert epoch.spent["derivatives"][1] == pytest.approx(1)
    bfgs = race(fit, start(fit), "BFGS", most=1e5)
    assert np.array_equal(bfgs.spent["derivatives"], bfgs.spent["trials"])


def test_adam_starts_with_a_step_of_its_rate_in_every_parameter(fit):
    theta, rate = start(fit), 0.01
    expected = fit.loss(theta - rate * np.sign(fit.linearize(theta).g))
    assert race(fit, theta, "Adam", rate=rate, most=1).losses[1] == pytest.approx(expected)


def test_the_line_search_halves_until_F_falls(fit):
    theta = start(fit)
    h, run = fit.linearize(theta).step(0), race(fit, theta, "GN + line search", most=5e4)
    falls = [fit.loss(theta + 0.5**k * h) < fit.loss(theta) for k in range(30)]
    slopes = run.spent["derivatives"]
    assert np.flatnonzero(slopes == 2)[0] - 1 >= falls.index(True) + 1


def test_a_goal_and_a_budget_end_a_run(fit):
    run = race(fit, start(fit), "LM", goal=1e-2)
    assert run.losses[-1] <= 1e-2 < run.losses[-2]
    assert run.until(1e-2) == len(run.losses) - 1
    assert run.until(1e-9) == math.inf
    spent = race(fit, start(fit), "Adam", most=1e5).spent["multiplications"]
    assert spent[-2] < 1e5 <= spent[-1]


def test_a_rate_that_is_too_large_ends_without_a_warning(fit):
    run = race(fit, start(fit), "SGD", rate=1.0, most=1e7)
    assert np.isfinite(run.losses).all() and run.spent["multiplications"][-1] < 1e7


def test_what_cannot_race_is_named(fit):
    two = NetworkFit(Input(1) >> Tanh(2) >> Linear(2), np.ones((3, 1)), np.ones((3, 2)))
    soft = NetworkFit(
        Input(1) >> Softmax(1), np.ones((3, 1)), np.ones((3, 1)), loss="cross_entropy"
    )
    for problem in (two, soft):
        with pytest.raises(ValueError, match="one output"):
            race(problem, problem.network.theta, "LM")
    with pytest.raises(ValueError, match="method"):
        race(fit, start(fit), "Newton")
    with pytest.raises(ValueError, match="rate"):
        race(fit, start(fit), "SGD", rate=0)
    with pytest.raises(ValueError, match="count"):
        race(fit, start(fit), "LM", most=1).until(1, "minutes")


# The tables of lessons 09 and 11


def rows_of(name):
    with open(TABLES / f"{name}.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("method", ["LM", "BFGS"])
def test_the_table_is_what_the_command_makes(fit, method):
    told = standings(rows_of("race"), "multiplications")[method]
    runs = [race(fit, start(fit, seed), method, goal=1e-3) for seed in range(20)]
    for goal in (1e-1, 1e-2, 1e-3):
        median = np.median([run.until(goal, "multiplications") for run in runs])
        assert told[goal] == pytest.approx(median, rel=0.2)


def test_the_best_rate_counts_and_who_does_not_arrive_has_no_point():
    columns = ("method", "rate", "goal", *COUNTS)
    rows = [
        dict(zip(columns, cells, strict=True))
        for cells in [
            ("LM", "", "0.1", "4", "3", "50", "2"),
            ("SGD", "1", "0.1", "9", "9", "90", "3"),
            ("SGD", "2", "0.1", "8", "8", "80", "4"),
            ("BFGS", "", "0.1", "inf", "inf", "inf", "inf"),
        ]
    ]
    assert standings(rows, "trials") == {
        "LM": {0.1: 4},
        "SGD": {0.1: 8},
        "BFGS": {0.1: math.inf},
    }
    picture = fig_standings(rows)
    assert "BFGS reaches none" in str(picture) and ("SGD", 0.1, "seconds", 3.0) in picture.table()
    lines = [line for line in picture.axes[0].lines if len(line.get_xdata())]
    assert len(lines) == 2


def test_the_pace_has_a_mark_for_each_epoch():
    rows = rows_of("pace")
    picture = fig_pace(rows)
    assert len(picture.table()) == len(rows) + 1
    assert sum(len(line.get_xdata()) for line in picture.axes[0].lines) == len(rows)


def test_a_run_is_a_value():
    run = Run("LM", np.array([2.0, 1.0]), {count: np.array([0, 3]) for count in COUNTS})
    assert (run.until(2.0), run.until(1.5, "seconds")) == (0, 3)
