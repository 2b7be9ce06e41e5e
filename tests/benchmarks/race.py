"""Lesson 09's race over twenty starts: what each method has spent when F reaches a goal.

    python tests/benchmarks/race.py [seeds]

writes notebooks/tables/race.csv (some five minutes): one row for each method, rate and goal, with
the number of starts from which the goal was reached, and medians over all starts of what was spent
until then; where half of the starts or more never arrive, the median is inf. The network is 1-8-1,
with tanh, on 40 points of the sine; one thread, double precision.

    python tests/benchmarks/race.py falling

prints from how many of the starts Adam comes to 1e-5 with a rate that falls to 0 on the way, by
half a cosine, over as many steps as MOST pays for.
"""

import csv
import os
import sys
from pathlib import Path

for library in ("OPENBLAS", "MKL", "OMP"):  # before NumPy is imported
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from lmteach import Input, Linear, NetworkFit, Tanh  # noqa: E402
from lmteach.datasets import sine  # noqa: E402
from lmteach.rivals import COUNTS, DECAYS, METHODS, TINY, race  # noqa: E402

TABLE = Path(__file__).resolve().parents[2] / "notebooks" / "tables" / "race.csv"
SEEDS = 20
GOALS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
RATES = {"SGD": (0.01, 0.03, 0.05, 0.07), "Adam": (0.03, 0.1, 0.2, 0.3)}
MOST = 1e7  # multiplications: 5000 gradients, and thirty times what LM needs for F = 1e-5


def the_curve(seeds):
    """(problem, starts) of the race."""
    network = Input(1) >> Tanh(8) >> Linear(1)
    starts = [network.initialize(seed, "uniform").theta.copy() for seed in range(seeds)]
    return NetworkFit(network, *sine(40)), starts


def rows(seeds):
    """Rows of the table, the names of the columns first."""
    yield ["method", "rate", "goal", "arrived", "starts", *COUNTS]
    problem, starts = the_curve(seeds)
    for method in METHODS:
        race(problem, starts[0], method, goal=1.0)  # so that no first call is timed
        for rate in RATES.get(method, [None]):
            options = {"goal": GOALS[-1], "most": MOST, "rate": rate}
            runs = [race(problem, theta, method, **options) for theta in starts]
            for goal in GOALS:
                yield row(method, rate, goal, runs)


def row(method, rate, goal, runs):
    """One row, printed too."""
    arrived = sum(run.losses[-1] <= goal for run in runs)
    spent = [np.median([run.until(goal, count) for run in runs]) for count in COUNTS]
    cells = [method, rate or "", f"{goal:g}", arrived, len(runs), *(f"{x:.3g}" for x in spent)]
    print(*cells, flush=True)
    return cells


def falling(problem, theta, rate):
    """The lowest F of Adam whose rate falls from this one to 0."""
    (b1, b2), m, v, lowest = DECAYS, 0.0, 0.0, np.inf
    steps = int(MOST / (2 * len(problem.X) * problem.n_parameters))
    for t in range(1, steps + 1):
        here = problem.linearize(theta)
        lowest, g = min(lowest, here.loss), here.g
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        now = rate * (1 + np.cos(np.pi * t / steps)) / 2
        theta = theta - now * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + TINY)
    return min(lowest, problem.loss(theta))


def falling_rates():
    """Print what falling rates do."""
    problem, starts = the_curve(SEEDS)
    for rate in RATES["Adam"]:
        ends = [falling(problem, theta, rate) for theta in starts]
        arrived = sum(F <= 1e-5 for F in ends)
        print(f"Adam, {rate} falling to 0: 1e-5 from {arrived} of {SEEDS} starts", end=", ")
        print(f"median F {np.median(ends):.2g}", flush=True)


def main(arguments):
    """Write the table, or print what falling rates do."""
    if arguments == ["falling"]:
        return falling_rates()
    table = list(rows(int(arguments[0]) if arguments else SEEDS))
    TABLE.parent.mkdir(exist_ok=True)
    with open(TABLE, "w", encoding="utf-8", newline="\n") as file:
        csv.writer(file, lineterminator="\n").writerows(table)


if __name__ == "__main__":
    main(sys.argv[1:])
