"""Lesson 09's race over twenty starts: what each method has spent when F reaches a goal.

    python tests/benchmarks/race.py [seeds]

writes notebooks/tables/race.csv (some five minutes): one row for each method, rate and goal, with
the number of starts from which the goal was reached, and medians over all starts of what was spent
until then; where half of the starts or more never arrive, the median is inf. The network is 1-8-1,
with tanh, on 40 points of the sine; one thread, double precision.
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
from lmteach.rivals import COUNTS, METHODS, race  # noqa: E402

TABLE = Path(__file__).resolve().parents[2] / "notebooks" / "tables" / "race.csv"
SEEDS = 20
GOALS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
RATES = {"SGD": (0.01, 0.03, 0.05), "Adam": (0.03, 0.1, 0.2, 0.3)}
MOST = 1e7  # multiplications: 5000 gradients, and thirty times what LM needs for F = 1e-5


def rows(seeds):
    """Rows of the table, the names of the columns first."""
    yield ["method", "rate", "goal", "arrived", "starts", *COUNTS]
    network = Input(1) >> Tanh(8) >> Linear(1)
    problem = NetworkFit(network, *sine(40))
    starts = [network.initialize(seed, "uniform").theta.copy() for seed in range(seeds)]
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


def main(arguments):
    """Write the table."""
    table = list(rows(int(arguments[0]) if arguments else SEEDS))
    TABLE.parent.mkdir(exist_ok=True)
    with open(TABLE, "w", encoding="utf-8", newline="\n") as file:
        csv.writer(file, lineterminator="\n").writerows(table)


if __name__ == "__main__":
    main(sys.argv[1:])
