"""The same sums on two processes, and on Dask where installed: the same step, how much sooner.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/workers.py [--samples 200000] [--steps 3]

T4's network, wall time of a trial from a new θ: evaluation, JᵀJ, step. In turns with one process.
Beside the wall time, which other work on the machine spoils, stands the CPU time that a trial takes
at home and in the workers: on two free cores the wall time is about that at home and half of the
workers'.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from itertools import islice
from time import perf_counter, process_time

import numpy as np
from tasks import TASKS, smooth

from lmteach import NetworkFit, levenberg_marquardt

GOAL, SAME = 1.6, 1e-12


def used(_=None):
    """(process, its CPU time so far)."""
    return os.getpid(), process_time()


def spent(executor):
    """{worker: its CPU time so far}, of those that answer."""
    return dict(executor.map(used, range(64), chunksize=1)) if executor else {}


def steps(problem, theta, n):
    """θ after n trials, seconds of wall time each."""
    start = perf_counter()
    trials = list(islice(levenberg_marquardt(problem, theta, mu=1.0), n))
    return trials[-1].trial_theta, (perf_counter() - start) / n


def compared(problems, theta, n, rounds=9):
    """Return {name: (θ after n trials, seconds of a trial in each round)}, measured in turns.

    The first round is not counted.
    """
    times, ends = {name: [] for name in problems}, {}
    for _ in range(rounds + 1):
        for name, problem in problems.items():
            ends[name], seconds = steps(problem, theta, n)
            times[name].append(seconds)
    return {name: (ends[name], times[name][1:]) for name in problems}


def critical(problem, executor, theta, n):
    """Return CPU seconds of a trial: here, and in each of two workers if they share equally."""
    before, home = spent(executor), process_time()
    steps(problem, theta, n)
    home, after = process_time() - home, spent(executor)
    return home / n, sum(after[pid] - before.get(pid, 0.0) for pid in after) / 2 / n


def shown(name, executor, X, Y, network, n):
    """Measure an executor against one process, and print a line."""
    problems = {
        "alone": NetworkFit(network, X, Y),
        name: NetworkFit(network, X, Y, executor=executor),
    }
    found = compared(problems, network.theta, n)
    alone, shared = (min(seconds) for _, seconds in found.values())
    difference = np.abs(found[name][0] - found["alone"][0]).max() / np.abs(found["alone"][0]).max()
    print(
        f"  {name}: {1e3 * alone:.0f} → {1e3 * shared:.0f} ms a trial, "
        f"{alone / shared:.2f} × faster ",
        end="",
    )
    print(
        f"(goal ≥ {GOAL}); θ differs by {difference:.0e} "
        f"({'same' if difference <= SAME else 'NOT THE SAME'})"
    )
    lone = sum(critical(problems["alone"], None, network.theta, n))
    home, worker = critical(problems[name], executor, network.theta, n)
    print(
        f"    CPU time {1e3 * lone:.0f} ms alone; {1e3 * home:.0f} at home "
        f"+ {1e3 * worker:.0f} in each",
        end="",
    )
    print(f" worker, {lone / (home + worker):.2f} × less", flush=True)


def report(n_samples=200_000, n=3):
    """Print a line for two processes and one for Dask."""
    (X, Y), network = smooth(n_samples), TASKS["T4"]().problem().network.initialize(0, "uniform")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")  # NaN on Windows
    machine = f"load {load:.1f} on {os.cpu_count()} CPUs"
    print(f"\nShared sums: {network!r}, N = {n_samples}; {machine}")
    with ProcessPoolExecutor(2) as executor:
        shown("two processes", executor, X, Y, network, n)
    if not find_spec("distributed"):
        print("  Dask: not installed (pip install 'lmteach[dask]')")
        return
    from dask import config
    from distributed import Client, LocalCluster

    # By default a worker gives every array beyond 128 KB back to the system at once, and is three
    # times as slow.
    config.set(
        {
            f"distributed.nanny.pre-spawn-environ.MALLOC_{name}_THRESHOLD_": 2**30
            for name in ("TRIM", "MMAP")
        }
    )
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster, direct_to_workers=True) as client,
    ):
        shown("Dask, two workers", client.get_executor(), X, Y, network, n)


def main():
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--steps", type=int, default=3)
    options = parser.parse_args()
    report(options.samples, options.steps)


if __name__ == "__main__":
    main()
