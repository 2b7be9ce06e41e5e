"""784-128-10 on real digits by LM, SGD and Adam, and what a step costs on each route.

These are the tables that lesson 11 prints and draws.

    python tests/benchmarks/digits.py [training] [routes]

writes notebooks/tables/training.csv (some two minutes) and notebooks/tables/routes.csv (as long):
float64, CPU time, one thread. Accuracies are those on the 360 digits held out, after the last
epoch, for five seeds; a seed draws the weights and the order of the samples. SGD and Adam get the
CPU time that LM needed for three epochs, and finish the epoch.
"""

import csv
import os
import sys
from itertools import count
from pathlib import Path
from time import process_time

for library in ("OPENBLAS", "MKL", "OMP"):  # before NumPy is imported
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from lmteach import Input, Linear, NetworkFit, Nielsen, Relu, Softmax, levenberg_marquardt  # noqa: E402
from lmteach.datasets import digits, split, standardize  # noqa: E402
from lmteach.routes import prices  # noqa: E402

TABLES = Path(__file__).resolve().parents[2] / "notebooks" / "tables"
SEEDS = range(5)
RATES = {"SGD": (0.03, 0.1, 0.3, 1.0), "Adam": (3e-4, 1e-3, 3e-3, 1e-2)}
BLOG = {"rate": 0.01, "epochs": 5, "batch": 64}
DECAYS, TINY = (0.9, 0.999), 1e-8  # Adam's own defaults (Kingma & Ba, 2015)
MOST_BYTES, MOST_WORK = 1.2e9, 6e10  # beyond them a step is not measured
SHAPES = (
    (784, 128, 10),
    (784, 1437, 10),
    (64, 1437, 10),
    (64, 128, 10),
    (8, 1437, 1),
)  # inputs, samples, outputs
HIDDEN = [2**k for k in range(11)]
SIDE = 1500  # of the matrix product that stands for the speed of the machine


def prepared():
    """Return ((X, Y), (X, Y)): 1437 digits to train on, 360 held out, 28 × 28 and standardized."""
    data = digits(28)
    (X, Y), (X_held, Y_held) = split(
        data.X, data.Y, fraction=1437 / 1797, seed=0, stratify=data.labels
    )
    X, X_held = standardize(X, X_held)
    return (X, Y), (X_held, Y_held)


def accuracy(network, theta, X, Y):
    """Per cent of the samples whose largest output is the right one."""
    return 100 * float((network.forward(X, theta)[-1].argmax(axis=1) == Y.argmax(axis=1)).mean())


def by_lm(X, Y, seed, loss, mu, epochs, batch=128):
    """(network, θ, CPU seconds): one trial for each mini-batch, with a floor of μ₀ under μ."""
    network = (
        Input(784) >> Relu(128) >> (Linear(10) if loss == "mse" else Softmax(10))
    ).initialize(seed)
    start, theta, rule = process_time(), network.theta, Nielsen(mu_min=mu)
    whole = NetworkFit(network, X, Y, loss=loss)
    for epoch in range(epochs):
        for problem in whole.batches(batch, seed=100 * seed + epoch):
            step = next(levenberg_marquardt(problem, theta, mu=mu, damping=rule))
            theta, mu, rule = step.next_theta, step.next_mu, step.next_damping
    return network, theta, process_time() - start


def by_gradients(X, Y, seed, method, rate, batch=64, epochs=None, seconds=np.inf):
    """Return (network, θ, CPU seconds, epochs) of SGD or Adam on the mean cross-entropy.

    Whole epochs are made, up to a limit.
    """
    network = (Input(784) >> Relu(128) >> Softmax(10)).initialize(seed)
    start, theta, move = process_time(), network.theta, {"SGD": sgd, "Adam": adam}[method](rate)
    for epoch in count(1):
        order = np.random.default_rng(100 * seed + epoch).permutation(len(X))
        for some in np.split(order, range(batch, len(X), batch)):
            theta = theta + move(gradient(network, theta, X[some], Y[some]))
        if epoch == epochs or process_time() - start > seconds:
            return network, theta, process_time() - start, epoch


def gradient(network, theta, X, Y):
    """∇ of the mean cross-entropy, (P,), in plain NumPy: δ² = (p − y)/N, δ¹ = (W²ᵀδ²) ∘ f′."""
    (W1, b1), (W2, b2) = network.split(theta)
    a = np.maximum(X @ W1.T + b1, 0)
    z = a @ W2.T + b2
    p = np.exp(z - z.max(axis=1, keepdims=True))
    delta2 = (p / p.sum(axis=1, keepdims=True) - Y) / len(X)
    delta1 = (delta2 @ W2) * (a > 0)
    return np.concatenate(
        [(delta1.T @ X).ravel(), delta1.sum(axis=0), (delta2.T @ a).ravel(), delta2.sum(axis=0)]
    )


def sgd(rate):
    """h = −η g."""
    return lambda g: -rate * g


def adam(rate):
    """h = −η m̂/(√v̂ + ε), with running means m of g and v of g².

    Source: Kingma & Ba (2015), algorithm 1.
    """
    (b1, b2), m, v, t = DECAYS, 0.0, 0.0, 0

    def move(g):
        nonlocal m, v, t
        t += 1
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        return -rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + TINY)

    return move


def training():
    """Rows for training.csv."""
    (X, Y), held = prepared()
    yield [
        "method",
        "loss",
        "setting",
        "batch",
        "epochs",
        "cpu_seconds",
        "median",
        *(f"seed_{s}" for s in SEEDS),
    ]
    three = [(*by_lm(X, Y, seed, "mse", 30.0, 3), 3) for seed in SEEDS]
    yield row("LM", "mse", "mu 30", 128, three, held)
    for loss, mu, epochs in (("mse", 30.0, 6), ("cross_entropy", 50.0, 4)):
        runs = [(*by_lm(X, Y, seed, loss, mu, epochs), epochs) for seed in SEEDS]
        yield row("LM", loss, f"mu {mu:g}", 128, runs, held)
    blog = [
        by_gradients(X, Y, seed, "SGD", BLOG["rate"], BLOG["batch"], BLOG["epochs"])
        for seed in SEEDS
    ]
    yield row("SGD", "cross_entropy", f"rate {BLOG['rate']:g}", BLOG["batch"], blog, held)
    seconds = np.median([run[2] for run in three])
    for method, rates in RATES.items():
        for rate in rates:
            runs = [by_gradients(X, Y, seed, method, rate, seconds=seconds) for seed in SEEDS]
            yield row(method, "cross_entropy", f"rate {rate:g}", 64, runs, held)


def row(method, loss, setting, batch, runs, held):
    """One row, printed too; `runs`: (network, θ, CPU seconds, epochs) for each seed."""
    scores = [accuracy(network, theta, *held) for network, theta, *_ in runs]
    seconds, epochs = np.median([run[2] for run in runs]), int(np.median([run[3] for run in runs]))
    said = [f"{score:.1f}" for score in [np.median(scores), *scores]]
    print(
        f"{method:<5} {loss:<14} {setting:<12} {epochs:>3} epochs {seconds:6.2f} s  "
        f"{' '.join(said)}",
        flush=True,
    )
    return [method, loss, setting, batch, epochs, f"{seconds:.2g}", *said]


def machine():
    """Multiplications a second in a large matrix product."""
    A = np.random.default_rng(0).normal(size=(SIDE, SIDE))
    return SIDE**3 / min(timed(lambda: A @ A) for _ in range(3))


def timed(work):
    start = process_time()
    work()
    return process_time() - start


def routes():
    """Return rows for routes.csv: CPU time of a linearization and a step, the machine's speed."""
    yield [
        "inputs",
        "hidden",
        "outputs",
        "samples",
        "route",
        "cpu_seconds",
        "multiplications_per_second",
    ]
    speed = machine()
    for inputs, samples, outputs in SHAPES:
        for hidden in HIDDEN:
            for route, price in prices(
                [(inputs, hidden), (hidden, outputs)], samples, outputs
            ).items():
                if price.nbytes < MOST_BYTES and price.time < MOST_WORK:
                    shape = inputs, hidden, outputs, samples
                    seconds = one_step(*shape, route)
                    print(
                        *shape,
                        route,
                        f"{seconds:.3g} s, counted {price.time / speed:.3g} s",
                        flush=True,
                    )
                    yield [*shape, route, f"{seconds:.3g}", f"{speed:.3g}"]


def one_step(inputs, hidden, outputs, samples, route):
    """CPU seconds of a linearization and a step, the least of three."""
    rng, network = np.random.default_rng(0), Input(inputs) >> Relu(hidden) >> Linear(outputs)
    X, Y = rng.normal(size=(samples, inputs)), rng.normal(size=(samples, outputs))
    problem, theta = NetworkFit(network, X, Y, route=route), network.theta
    return min(timed(lambda: problem.linearize(theta).step(1.0)) for _ in range(3))


def main(names):
    """Write the tables asked for, both unless any is named."""
    tables = {"training": training, "routes": routes}
    if unknown := set(names) - set(tables):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; expected training or routes")
    TABLES.mkdir(exist_ok=True)
    for name in names or tables:
        rows = list(tables[name]())
        with open(TABLES / f"{name}.csv", "w", encoding="utf-8", newline="\n") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
