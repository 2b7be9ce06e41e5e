"""CPU time of a trial as a multiple of the floor, for lmteach and its peers, in one process and on one thread.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/speed.py [T1 T2 ...] [--rounds 7] [--least 0.3] [--alone]

In every round the contenders run in turns of a few whole runs, the floor first, until each had `--least` seconds of
CPU time; ratios are taken within the round, and their median over the rounds is printed. A trial is a proposed step,
accepted or not.
"""

import argparse
import os
import platform
import sys
from pathlib import Path
from time import process_time

import numpy as np
import scipy
from contenders import CONTENDERS, LM, OURS
from tasks import TASKS, Plain

DEFAULT = ["T1", "T2", "T3", "T7"]
FLOOR_AT_A_TIME = 10
SLICE = 0.02  # seconds of CPU time for each contender in turn, so that what disturbs one disturbs all
LARGEST_PEER_J = 2**26  # bytes; peers that form J several times are left out beyond it


def measured(run, least):
    """(seconds, trials, accepted) over whole runs, until `least` seconds are spent."""
    seconds = trials = accepted = 0
    while seconds <= least:
        start = process_time()
        counts = run()
        seconds += process_time() - start
        trials, accepted = trials + counts[0], accepted + counts[1]
    return seconds, trials, accepted


def floor_of(task):
    """The floor's run: a few iterations."""
    plain = Plain(task)
    theta = plain.theta0()
    times = FLOOR_AT_A_TIME if plain.J.nbytes <= LARGEST_PEER_J else 1

    def run():
        for _ in range(times):
            plain.iterate(theta)
        return times, times

    return run


def compared(task, names, rounds, least):
    """{name: (seconds, trials, accepted) of each round}, in turns of a few runs; "floor" is among the names."""
    runs = {"floor": floor_of(task), **{name: CONTENDERS[name](task) for name in names}}
    for run in runs.values():
        run()  # once, not counted
    results = {name: np.zeros((rounds, 3)) for name in runs}
    for i in range(rounds):
        while waiting := [name for name in runs if results[name][i][0] < least]:
            for name in waiting:
                results[name][i] += measured(runs[name], SLICE)
    return results


def ratios(results, name):
    """Time of a trial, × floor, round by round."""
    return per_trial(results[name]) / per_trial(results["floor"])


def per_trial(rounds):
    """Seconds of a trial, round by round."""
    return rounds[:, 0] / rounds[:, 1]


def row(results, name):
    """One line of the table."""
    seconds, trials, accepted = results[name].T
    times, ms = ratios(results, name), 1e3 * np.median(per_trial(results[name]))
    line = f"  {name:<34}{ms:10.4f}{np.median(times):9.3f}   ({min(times):.2f} … {max(times):.2f})"
    return line + f"{1e3 * np.median(seconds / accepted):15.4f}{np.median(trials / accepted):13.2f}"


def contenders(task):
    """Those that can run this task, and in time."""
    n_rows, n_parameters = task.Y.size, len(task.theta0())
    fits = n_rows * n_parameters * 8 <= LARGEST_PEER_J
    possible = {name: fits for name in CONTENDERS} | {OURS: True, LM: fits and n_rows >= n_parameters}
    return [name for name, can in possible.items() if can]


def shown(task, rounds, least, alone):
    """Measure a task, print its table, and return lmteach's × floor."""
    names = [OURS] if alone else contenders(task)
    results = compared(task, names, rounds, least)
    print(f"\n{task}; floor {1e3 * np.median(per_trial(results['floor'])):.4f} ms")
    print(f"  {'':<34}{'ms/trial':>10}{'× floor':>9}   {'(range)':<13}{'ms/accepted':>15}{'trials/acc.':>13}")
    for name in names:
        print(row(results, name), flush=True)
    return np.median(ratios(results, OURS))


def machine():
    """One line: CPU, threads, versions and BLAS."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    libraries = [
        f"{library.__name__} {library.__version__} ({blas['name']} {blas['version']})"
        for library in (np, scipy)
        for blas in [library.show_config(mode="dicts")["Build Dependencies"]["blas"]]
    ]
    return f"{cpu}, {os.cpu_count()} CPUs, 1 thread; Python {platform.python_version()}, {', '.join(libraries)}"


def main():
    """Print the machine, a table for each task, and the goals beside what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", choices=[*TASKS, []], metavar="T1 … T7")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--least", type=float, default=0.3, help="seconds for each contender in each round")
    parser.add_argument("--alone", action="store_true", help="without peers")
    options = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        sys.exit("OPENBLAS_NUM_THREADS is not 1: expected one thread, set before Python starts")
    print(machine())
    tasks = [TASKS[name]() for name in options.tasks or DEFAULT]
    found = [(task, shown(task, options.rounds, options.least, options.alone)) for task in tasks]
    print("\nGoals, time of a trial × floor")
    for task, times in found:
        print(f"  {task.name}  goal ≤ {task.goal:<6} measured {times:.3f}  {'met' if times <= task.goal else 'MISSED'}")


if __name__ == "__main__":
    main()
