"""How the cost of a trial grows with N, P and m on each route, against the counts.

It prints a table and draws the README's picture.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/growth.py
        [--picture notebooks/pictures/growth.png]

A trial is evaluation, linearization and step from a new θ: CPU time, the least of a few. The counts
are those of operations: rows N·m·P² + P³/3, blocks N·P² + P³/3, samples (N·m)²·Σn + (N·m)³/3. Each
route has one speed, its time by its count at the costliest point measured; the lines are the counts
at that speed.
"""

import argparse
from pathlib import Path
from time import process_time

import numpy as np

from lmteach import Input, Linear, Network, NetworkFit, Tanh
from lmteach.figures.picture import BLACK, DESK, ORANGE, SKY, Picture, label
from lmteach.primitives import Workspace

PICTURE = Path(__file__).resolve().parents[2] / "notebooks" / "pictures" / "growth.png"
LOOKS = {"rows": (BLACK, "s", ":"), "blocks": (ORANGE, "D", "--"), "samples": (SKY, "o", "-")}
LARGEST = 2e10  # operations; a dearer point is not measured
ENOUGH, MOST = 0.3, 7  # seconds for a point, and repetitions
GRIDS = {  # name of the axis: the networks and numbers of samples along it
    "samples N": [((8, 20, 3), n) for n in (30, 100, 300, 1000, 3000, 10_000, 30_000)],
    "parameters P": [((20, h, 5), 200) for h in (4, 10, 25, 60, 150, 400, 1000)],
    "outputs m": [((8, 30, m), 500) for m in (1, 2, 4, 8, 16)],
}


def parameters(sizes):
    """P."""
    return sum((n + 1) * n_out for n, n_out in zip(sizes, sizes[1:], strict=False))


def count(route, sizes, n_samples):
    """Operations of a trial, in the largest powers."""
    P, M = parameters(sizes), n_samples * sizes[-1]
    return {
        "rows": M * P**2 + P**3 / 3,
        "blocks": n_samples * P**2 + P**3 / 3,
        "samples": M**2 * sum(sizes[1:]) + M**3 / 3,
    }[route]


def seconds(route, sizes, n_samples):
    """CPU time of a trial, the least of a few."""
    rng = np.random.default_rng(0)
    network = Network([Input(sizes[0]), *map(Tanh, sizes[1:-1]), Linear(sizes[-1])])
    X, Y = rng.uniform(-1, 1, (n_samples, sizes[0])), rng.normal(size=(n_samples, sizes[-1]))
    problem, work, times = NetworkFit(network, X, Y, route=route), Workspace(), []
    while len(times) < 2 or (sum(times) < ENOUGH and len(times) < MOST):
        theta = network.theta + 1e-3 * len(times)
        start = process_time()
        problem.linearize(theta, work).damped(1.0)
        times.append(process_time() - start)
    return min(times)


def measured(points):
    """{route: [(seconds or nan, count), …]} along an axis."""
    found = {}
    for route in LOOKS:
        counts = [count(route, *point) for point in points]
        found[route] = [
            (seconds(route, *p) if c <= LARGEST else np.nan, c)
            for p, c in zip(points, counts, strict=True)
        ]
    return found


def speeds(results):
    """{route: seconds for an operation, at the costliest point measured}."""
    everything = {
        route: [pair for found in results.values() for pair in found[route]] for route in LOOKS
    }
    costliest = {
        route: max((pair for pair in pairs if np.isfinite(pair[0])), key=lambda pair: pair[1])
        for route, pairs in everything.items()
    }
    return {route: time / count for route, (time, count) in costliest.items()}


def along(axis, points):
    """The numbers on the axis."""
    return [{"s": n, "p": parameters(sizes), "o": sizes[-1]}[axis[0]] for sizes, n in points]


def table(results, speed):
    """Print ms, and how many times what the count says."""
    for axis, found in results.items():
        sizes, n = GRIDS[axis][0]
        print(
            f"\nGrowth with {axis}, from {'-'.join(map(str, sizes))}, N = {n}: "
            "ms of a trial (× what the count says)"
        )
        for i, x in enumerate(along(axis, GRIDS[axis])):
            cells = [
                f"{route} {1e3 * time:9.3f} ({time / (speed[route] * c):5.2f})"
                if np.isfinite(time)
                else f"{route} {'-':>17}"
                for route in LOOKS
                for time, c in [found[route][i]]
            ]
            print(f"  {x:>6}  " + "   ".join(cells), flush=True)


def drawn(results, speed):
    """The picture: measured points on the counts' lines, log by log."""
    look = DESK | {"figsize": (10, 3.9)}
    picture = Picture(look)
    for panel, (axis, found) in zip(
        picture.subplots(1, len(results), sharey=True), results.items(), strict=True
    ):
        x = along(axis, GRIDS[axis])
        for route, (colour, marker, dashes) in LOOKS.items():
            times, counts = np.array(found[route]).T
            panel.loglog(
                x,
                1e3 * speed[route] * counts,
                color=colour,
                linestyle=dashes,
                linewidth=look["line"],
            )
            panel.loglog(
                x, 1e3 * times, marker, color=colour, markersize=look["marker"], label=route
            )
        label(
            panel,
            axis,
            "ms for one trial" if panel.get_subplotspec().is_first_col() else "",
            _title(axis),
        )
        panel.set_ylim(3e-2, 3e4)
    picture.axes[0].legend(fontsize=look["text"], frameon=False)
    return picture


def _title(axis):
    (*first, last), n = GRIDS[axis][0]
    names = {
        "s": f"{'-'.join(map(str, [*first, last]))}",
        "p": f"20-h-5, N = {n}",
        "o": f"8-30-m, N = {n}",
    }
    return names[axis[0]]


def report(path=PICTURE):
    """Measure, print the tables and draw the picture."""
    results = {axis: measured(points) for axis, points in GRIDS.items()}
    speed = speeds(results)
    table(results, speed)
    path.write_bytes(drawn(results, speed).png())
    print(f"  drawn: {path}")


def main():
    """Measure and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path, default=PICTURE)
    report(parser.parse_args().picture)


if __name__ == "__main__":
    main()
