"""How often intervals hold the truth: 2000 simulated data sets for each of four models.

This is the table that lesson 12 prints.

    python tests/benchmarks/coverage.py

writes notebooks/tables/coverage.csv (some two minutes, one thread). Truth, x and σ are fixed, the
noise is drawn anew for each data set; the fit starts at the truth. "straight" is θ ∓ t·(standard
error), "profile" the interval by F itself, where it is asked for. For the network, whose weights
may trade places, the truth is the curve, at five x.
"""

import csv
import os
import sys
from pathlib import Path

for library in ("OPENBLAS", "MKL", "OMP"):  # before NumPy is imported
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from lmteach import CurveFit, Input, Linear, NetworkFit, Tanh, solve  # noqa: E402
from lmteach.profile import Path as Path_  # noqa: E402

TABLES = Path(__file__).resolve().parents[2] / "notebooks" / "tables"
N_SETS, LEVEL = 2000, 0.95


def line(theta, x):
    return theta[0] + theta[1] * x


def decay(theta, x):
    return theta[0] * np.exp(-theta[1] * x)


def saturation(theta, x):
    """Michaelis-Menten: half of θ₀ is reached at x = θ₁."""
    return theta[0] * x / (theta[1] + x)


CASES = (  # name, model, truth, x, σ, whether the profile is asked for
    ("line", line, (1.0, 2.0), np.linspace(0, 1, 12), 0.2, False),
    ("exponential", decay, (2.0, 1.0), np.linspace(0, 3, 15), 0.1, True),
    ("saturation, x too short", saturation, (1.0, 3.0), np.linspace(0.2, 2, 8), 0.06, True),
)


def covered(model, truth, x, sigma, profile, n_sets=N_SETS, seed=0):
    """Parts of the data sets in which each interval holds the truth: (straight, profile), (P,)."""
    rng, truth = np.random.default_rng(seed), np.array(truth)
    hits = np.zeros((2, len(truth)))
    for _ in range(n_sets):
        y = model(truth, x) + sigma * rng.normal(size=len(x))
        with np.errstate(all="ignore"):
            asked = solve(CurveFit(model, x, y), truth, history="light").uncertainty()
            low, high = asked.confidence(LEVEL).T
            hits[0] += (low <= truth) & (truth <= high)
            for j in range(len(truth)) if profile else ():
                hits[1, j] += holds(asked, j, truth[j])
    return hits[0] / n_sets, hits[1] / n_sets if profile else None


def holds(asked, j, value):
    """Whether the profile's interval holds the value: whether F rises by less than t²σ̂²/2 there."""
    path = Path_(asked.problem, asked.problem.evaluate(asked.theta), j, asked.sigma)
    return abs(path.tau(float(value))) <= asked.quantile(LEVEL)


def covered_curve(n_sets=N_SETS, seed=0):
    """The same for the output of a 1-3-1 network at five x, from 60 data: (5,)."""
    rng = np.random.default_rng(seed)
    network = (Input(1) >> Tanh(3) >> Linear(1)).initialize(2)
    X = np.linspace(-1, 1, 60)[:, None]
    truth = solve(NetworkFit(network, X, np.sin(4 * X) + X**2), network.theta).theta
    clean, at = network.forward(X, truth)[-1], np.linspace(-0.9, 0.9, 5)[:, None]
    there, hits = network.forward(at, truth)[-1].ravel(), np.zeros(5)
    for _ in range(n_sets):
        Y = clean + 0.1 * rng.normal(size=clean.shape)
        asked = solve(NetworkFit(network, X, Y), truth, history="light").uncertainty()
        band = asked.band(at, LEVEL)
        hits += (band.low.ravel() <= there) & (there <= band.high.ravel())
    return hits / n_sets


def main():
    """Write the table: model, parameter or x, how often each interval holds the truth."""
    rows = []
    for name, model, truth, x, sigma, profile in CASES:
        straight, by_profile = covered(model, truth, x, sigma, profile)
        for j in range(len(truth)):
            last = f"{by_profile[j]:.4f}" if profile else ""
            rows.append((name, f"theta[{j}]", N_SETS, f"{straight[j]:.4f}", last))
            print(*rows[-1], flush=True)
    for x, part in zip(np.linspace(-0.9, 0.9, 5), covered_curve(), strict=True):
        rows.append(("1-3-1 network, 60 data", f"x = {x:.2f}", N_SETS, f"{part:.4f}", ""))
        print(*rows[-1], flush=True)
    with open(TABLES / "coverage.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("model", "of", "data_sets", "straight", "profile"), *rows])


if __name__ == "__main__":
    sys.exit(main())
