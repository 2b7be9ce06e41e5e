"""Early stopping, cross-validated α and the evidence, on 20 noisy data, 30 seeds, two curves.

This is the table that lesson 13 prints.

    python tests/benchmarks/few_data.py

writes notebooks/tables/few_data.csv (two minutes, one thread). A 1-12-1 network, noise 0.3, x drawn
evenly on [−1, 1]; the test error is the root mean square distance from the curve without noise.
"early stopping" trains on 15 data, and gives back the weights that had the least error on the other
5. "cross-validation" chooses α among six by five folds, and fits all 20 data with it. "evidence"
is bayesian_regularization on all 20. "no penalty" runs to the end on all 20.
"""

import csv
import os
import sys
from pathlib import Path

for library in ("OPENBLAS", "MKL", "OMP"):  # before NumPy is imported
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from lmteach import (  # noqa: E402
    Input,
    Linear,
    NetworkFit,
    Regularized,
    Tanh,
    bayesian_regularization,
    levenberg_marquardt,
)

TABLES = Path(__file__).resolve().parents[2] / "notebooks" / "tables"
SEEDS, N, NOISE, HIDDEN, HELD, FOLDS, TRIALS = range(30), 20, 0.3, 12, 5, 5, 100
ALPHAS = np.geomspace(0.003, 1, 6)
CURVES = {"sine": lambda x: np.sin(3 * x), "bump": lambda x: 2 * np.exp(-8 * x**2) - 0.5}


def data(curve, seed):
    """Return (X, Y, X of the test, Y of the test)."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (N, 1))
    at = np.linspace(-1, 1, 101)[:, None]
    return X, curve(X) + NOISE * rng.normal(size=X.shape), at, curve(at)


def run(problem, theta):
    """Yield θ after each accepted step."""
    yield theta
    for step in levenberg_marquardt(problem, theta, max_steps=TRIALS):
        if step.accepted:
            yield step.trial_theta


def end(problem, theta):
    """Return θ at the end of a run."""
    *_, theta = run(problem, theta)
    return theta


def no_penalty(network, X, Y):
    """Return θ at the end of a run on all data."""
    return end(NetworkFit(network, X, Y), network.theta)


def early_stopping(network, X, Y):
    """Return the θ on the way that had the least error on the data held out."""
    held = NetworkFit(network, X[:HELD], Y[:HELD])
    return min(run(NetworkFit(network, X[HELD:], Y[HELD:]), network.theta), key=held.loss)


def cross_validation(network, X, Y):
    """Return θ for the α with the least error over five folds."""
    folds = np.array_split(np.arange(N), FOLDS)

    def error(alpha):
        total = 0.0
        for fold in folds:
            rest = np.setdiff1d(np.arange(N), fold)
            fitted = end(Regularized(NetworkFit(network, X[rest], Y[rest]), alpha), network.theta)
            total += NetworkFit(network, X[fold], Y[fold]).loss(fitted)
        return total

    best = min(ALPHAS, key=error)
    return end(Regularized(NetworkFit(network, X, Y), best), network.theta)


def evidence(network, X, Y):
    """Return θ of bayesian_regularization."""
    return bayesian_regularization(NetworkFit(network, X, Y), network.theta).theta


METHODS = {
    "no penalty": no_penalty,
    "early stopping": early_stopping,
    "cross-validation": cross_validation,
    "evidence": evidence,
}


def errors(curve):
    """Return the test error of each method for every seed, {method: (seeds,)}."""
    found = {name: [] for name in METHODS}
    for seed in SEEDS:
        X, Y, at, clean = data(curve, seed)
        network = (Input(1) >> Tanh(HIDDEN) >> Linear(1)).initialize(seed)
        for name, method in METHODS.items():
            off = network.forward(at, method(network, X, Y))[-1] - clean
            found[name].append(float(np.sqrt(np.mean(off**2))))
    return {name: np.array(values) for name, values in found.items()}


def main():
    """Write the table: data, method, median and worst test error, and how often it beats."""
    rows = []
    for curve, function in CURVES.items():
        found = errors(function)
        for name, values in found.items():
            wins = int((values < found["early stopping"]).sum())
            rows.append((curve, name, f"{np.median(values):.2f}", f"{values.max():.2f}", wins))
            print(*rows[-1], flush=True)
    with open(TABLES / "few_data.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("data", "method", "median", "worst", "wins"), *rows])


if __name__ == "__main__":
    sys.exit(main())
