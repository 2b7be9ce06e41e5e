"""784-128-10 on real digits by LM, SGD and Adam, and what a step costs on each route.

These are the tables that lesson 11 prints and draws.

    python tests/benchmarks/digits.py [training] [pace] [floors] [routes]

writes notebooks/tables/training.csv (some two minutes), pace.csv and floors.csv (one each), and
routes.csv (two): float64, CPU time, one thread. Accuracies are those on the 360 digits held out,
for five seeds; a seed draws the weights and the order of the samples. In training.csv they are
those after the last epoch; SGD and Adam get the CPU time that LM needed for three epochs, and
finish the epoch.
"""

import csv
import os
import sys
from functools import partial
from itertools import count, islice
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
PACES = (("SGD", 0.01, 5), ("SGD", 0.1, 60), ("Adam", 1e-3, 30))  # method, rate, epochs
LM_EPOCHS = 3
FLOORS = (1e-3, 0.1, 1.0, 10.0, 30.0, 100.0, 1000.0)
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
    *_, last = lm_epochs(X, Y, seed, loss, mu, epochs, batch)
    return last


def lm_epochs(X, Y, seed, loss, mu, epochs, batch=128, floor=None, watch=None):
    """Yield (network, θ, CPU seconds) of `by_lm` after each epoch; `watch` is called with a step.

    The floor is the first μ unless given. What happens between two epochs, or in `watch`, is not
    timed.
    """
    network = (
        Input(784) >> Relu(128) >> (Linear(10) if loss == "mse" else Softmax(10))
    ).initialize(seed)
    seconds, start = 0.0, process_time()
    theta, rule = network.theta, Nielsen(mu_min=mu if floor is None else floor)
    whole = NetworkFit(network, X, Y, loss=loss)
    for epoch in range(epochs):
        for problem in whole.batches(batch, seed=100 * seed + epoch):
            step = next(levenberg_marquardt(problem, theta, mu=mu, damping=rule))
            theta, mu, rule = step.next_theta, step.next_mu, step.next_damping
            if watch:
                watch(step)
        seconds += process_time() - start
        yield network, theta, seconds
        start = process_time()


def by_gradients(X, Y, seed, method, rate, batch=64, epochs=None, seconds=np.inf):
    """Return (network, θ, CPU seconds, epochs) of SGD or Adam on the mean cross-entropy.

    Whole epochs are made, up to a limit.
    """
    made = gradient_epochs(X, Y, seed, method, rate, batch)
    for epoch, (network, theta, spent) in enumerate(made, 1):
        if epoch == epochs or spent > seconds:
            return network, theta, spent, epoch


def gradient_epochs(X, Y, seed, method, rate, batch=64):
    """Yield (network, θ, CPU seconds) of `by_gradients` after each epoch, without an end."""
    network = (Input(784) >> Relu(128) >> Softmax(10)).initialize(seed)
    seconds, start = 0.0, process_time()
    theta, move = network.theta, {"SGD": sgd, "Adam": adam}[method](rate)
    for epoch in count(1):
        order = np.random.default_rng(100 * seed + epoch).permutation(len(X))
        for some in np.split(order, range(batch, len(X), batch)):
            theta = theta + move(gradient(network, theta, X[some], Y[some]))
        seconds += process_time() - start
        yield network, theta, seconds
        start = process_time()


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


def pace():
    """Rows for pace.csv: the accuracy after each of the first epochs, and the CPU time by then."""
    (X, Y), held = prepared()
    yield ["method", "setting", "epoch", "updates", "cpu_seconds", "median", *names_of_seeds()]
    runs = {("LM", "mu 30"): (128, lambda seed: lm_epochs(X, Y, seed, "mse", 30.0, LM_EPOCHS))}
    for method, rate, epochs in PACES:
        made = partial(first_epochs, X, Y, method, rate, epochs)
        runs[method, f"rate {rate:g}"] = BLOG["batch"], made
    for (method, setting), (batch, run) in runs.items():
        all_seeds = zip(*map(run, SEEDS), strict=True)
        for epoch, ends in enumerate(all_seeds, 1):
            scores = [accuracy(network, theta, *held) for network, theta, _ in ends]
            said = [f"{score:.1f}" for score in (np.median(scores), *scores)]
            updates = epoch * (len(X) // batch if method == "LM" else -(-len(X) // batch))
            spent = f"{np.median([end[2] for end in ends]):.2g}"
            print(method, setting, epoch, updates, spent, *said, flush=True)
            yield [method, setting, epoch, updates, spent, *said]


def first_epochs(X, Y, method, rate, epochs, seed):
    """The first epochs of `gradient_epochs`."""
    return islice(gradient_epochs(X, Y, seed, method, rate), epochs)


def floors():
    """Rows for floors.csv: three epochs of LM with various floors under μ, which is the first μ.

    `above` is the share of trials with a μ above the floor, where the rule has raised it; `rises`
    the share after which F over all data was higher.
    """
    (X, Y), held = prepared()
    yield ["floor", "above", "rises", "median", *names_of_seeds()]
    for floor in FLOORS:
        scores, above, rises = [], [], []
        for seed in SEEDS:
            network = (Input(784) >> Relu(128) >> Linear(10)).initialize(seed)
            whole, steps = NetworkFit(network, X, Y), []
            *_, (network, theta, _) = lm_epochs(
                X, Y, seed, "mse", floor, LM_EPOCHS, floor=floor, watch=steps.append
            )
            scores.append(accuracy(network, theta, *held))
            above += [step.mu > 1.01 * floor for step in steps]
            losses = [whole.loss(step.theta) for step in steps] + [whole.loss(theta)]
            rises += list(np.diff(losses) > 0)
        shares = [f"{np.mean(share):.2f}" for share in (above, rises)]
        said = [f"{score:.1f}" for score in (np.median(scores), *scores)]
        print(f"{floor:g}", *shares, *said, flush=True)
        yield [f"{floor:g}", *shares, *said]


def names_of_seeds():
    return [f"seed_{seed}" for seed in SEEDS]


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
    """Write the tables asked for, all unless any is named."""
    tables = {"training": training, "pace": pace, "floors": floors, "routes": routes}
    if unknown := set(names) - set(tables):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; expected {', '.join(tables)}")
    TABLES.mkdir(exist_ok=True)
    for name in names or tables:
        rows = list(tables[name]())
        with open(TABLES / f"{name}.csv", "w", encoding="utf-8", newline="\n") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
