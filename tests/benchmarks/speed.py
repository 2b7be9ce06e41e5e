"""lmteach and its peers against the floor: times, memory, growth, and shared sums.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/speed.py [T1 T2 ...] [--rounds 7]
        [--least 0.3] [--alone]

With tasks named, only their tables. Without, everything, and the picture of the README is drawn
(some ten minutes).

CPU time, one process, one thread. In every round the contenders run in turns of a few whole runs,
the floor first, until each had `--least` seconds; ratios are taken within the round, and their
median over the rounds is printed. A run of more than ten seconds is made once. A trial is a
proposed step, accepted or not.
"""

import argparse
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path
from time import process_time

import growth
import memory
import numpy as np
import scipy
import workers
from contenders import CONTENDERS, DEFAULTS, LM, OURS, PEERS, SINGLE, TORCH
from tasks import TASKS, Plain

FLOOR_AT_A_TIME = 10
SLICE = (
    0.02  # seconds of CPU time for each contender in turn, so that what disturbs one disturbs all
)
LONG = 10  # seconds; a run that takes longer is made once
LARGEST_PEER_J = 2**26  # bytes; only torch-levenberg-marquardt, which keeps J once, goes beyond it
FEW = 2  # trials of a peer on a task without a target
IN_SINGLE = "f32", "float32"  # in the names of those that compute in single precision
SECONDS, TRIALS, ACCEPTED, RUNS, REACHED = range(5)


def timed(run):
    """(seconds, trials, accepted, 1, whether the target was reached) of one run."""
    start = process_time()
    counts = run()
    return np.array([process_time() - start, *counts[:2], 1, counts[2]], dtype=float)


def measured(run, least):
    """The same, added up over whole runs until `least` seconds are spent."""
    total = np.zeros(5)
    while total[SECONDS] <= least:
        total += timed(run)
    return total


def floor_of(task):
    """The floor's run: a few iterations."""
    plain = Plain(task)
    theta = plain.theta0()
    times = FLOOR_AT_A_TIME if plain.J.nbytes <= LARGEST_PEER_J else 1

    def run():
        for _ in range(times):
            plain.iterate(theta)
        return times, times, False

    return run


def compared(task, names, rounds, least):
    """{name: a row of sums for each round}, in turns of a few runs; "floor" is among the names."""
    runs = {
        "floor": floor_of(task),
        **{name: CONTENDERS[name](limited(task, name)) for name in names},
    }
    results = {name: np.zeros((rounds, 5)) for name in runs}
    for name, run in runs.items():
        first = timed(run)  # counted only where it is the only one
        if first[SECONDS] > LONG:
            results[name][:] = first
    for i in range(rounds):
        while waiting := [name for name in runs if results[name][i][SECONDS] < least]:
            for name in waiting:
                results[name][i] += measured(runs[name], SLICE)
    return results


def limited(task, name):
    """The task, with a few trials only for a peer that has no target to reach."""
    return replace(task, max_trials=FEW) if task.mse == 0 and name in PEERS else task


def ratios(results, name):
    """Time of a trial, × floor, round by round."""
    return per_trial(results[name]) / per_trial(results["floor"])


def per_trial(rounds):
    """Seconds of a trial, round by round."""
    return rounds[:, SECONDS] / rounds[:, TRIALS]


def to_trials(rounds):
    """Return the trials of a run, the median over the rounds."""
    return float(np.median(rounds[:, TRIALS] / rounds[:, RUNS]))


def to_target(rounds):
    """Return the seconds of a run, the median over the rounds; inf if it misses the target."""
    reached = (rounds[:, REACHED] == rounds[:, RUNS]).all()
    return float(np.median(rounds[:, SECONDS] / rounds[:, RUNS])) if reached else np.inf


def advantage(task, results, left_out=(), mine=(OURS, SINGLE)):
    """Return the best peer's time as a multiple of ours, and its name.

    The time is that to the target, or that of a trial where there is none.
    """
    time = to_target if task.mse else lambda rounds: float(np.median(per_trial(rounds)))
    times = {
        name: time(results[name]) for name in results if not any(word in name for word in left_out)
    }
    ours = min((name for name in times if name in mine), key=times.get)
    best = min((name for name in times if name in PEERS), key=times.get, default=None)
    return (times[best] / times[ours], f"{best} / {ours}") if best else (np.nan, "no peer here")


def row(results, name):
    """One line of the table."""
    rounds, times = results[name], ratios(results, name)
    line = f"  {name:<34}{1e3 * np.median(per_trial(rounds)):10.4f}{np.median(times):9.3f}"
    line += f"   ({min(times):.2f} … {max(times):.2f})".ljust(17)
    line += f"{1e3 * np.median(rounds[:, SECONDS] / rounds[:, ACCEPTED]):12.4f}"
    line += f"{np.median(rounds[:, TRIALS] / rounds[:, ACCEPTED]):13.2f}"
    target = to_target(rounds)
    return line + (f"{1e3 * target:14.1f}" if np.isfinite(target) else f"{'-':>14}")


def contenders(task):
    """Those that can run this task, and in time."""
    n_rows, n_parameters = task.Y.size, len(task.theta0())
    fits = n_rows * n_parameters * 8 <= LARGEST_PEER_J
    possible = {name: fits for name in CONTENDERS} | {
        OURS: True,
        SINGLE: True,
        LM: fits and n_rows >= n_parameters,
    }
    return [name for name, can in possible.items() if can or name.startswith(TORCH)]


def shown(task, rounds, least, alone):
    """Measure a task, print its table, and return the results."""
    results = compared(task, [OURS, SINGLE] if alone else contenders(task), rounds, least)
    print(
        f"\n{task}; floor {1e3 * np.median(per_trial(results['floor'])):.4f} ms; "
        f"{task.problem().why_route}"
    )
    print(f"  {'':<34}{'ms/trial':>10}{'× floor':>9}   {'(range)':<14}", end="")
    print(f"{'ms/accepted':>12}{'trials/acc.':>13}{'ms to MSE':>14}")
    for name in results:
        if name != "floor":
            print(row(results, name), flush=True)
    return results


def judged(value, goal, at_least=False):
    """The goal, what was measured, and whether it is met."""
    met = value >= goal if at_least else value <= goal
    return (
        f"{'≥' if at_least else '≤'} {goal:<6} measured {value:<8.3g} {'met' if met else 'MISSED'}"
    )


def goals(found):
    """Print the goals beside what was measured."""
    print("\nGoals: time of a trial, × floor")
    for task, results in found:
        print(f"  {task.name}  {judged(np.median(ratios(results, OURS)), task.goal)}")
    if not any(name in PEERS for _, results in found for name in results):
        return
    print(
        "Goals: the best peer's time to the target, × ours (T6: of a trial), "
        "each in the better of its precisions"
    )
    for task, results in found:
        (times, who), (double, _) = (
            advantage(task, results),
            advantage(task, results, left_out=IN_SINGLE),
        )
        print(
            f"  {task.name}  {judged(times, task.ahead, at_least=True)}  "
            f"({who}; float64 only: {double:.3g})"
        )
    print("The same for `solve` by its defaults, in float64 and with its own choice of μ")
    for task, results in found:
        if task.mse and DEFAULTS in results:
            times, who = advantage(task, results, left_out=IN_SINGLE, mine=(DEFAULTS,))
            trials = to_trials(results[DEFAULTS])
            print(f"  {task.name}  {times:.3g} ({who}), in {trials:.0f} trials a run")


def machine():
    """One line: CPU, threads, versions and BLAS."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    cpu = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )
    libraries = [
        f"{library.__name__} {library.__version__} ({blas['name']} {blas['version']})"
        for library in (np, scipy)
        for blas in [library.show_config(mode="dicts")["Build Dependencies"]["blas"]]
    ]
    machine = f"{cpu}, {os.cpu_count()} CPUs, 1 thread"
    return f"{machine}; Python {platform.python_version()}, {', '.join(libraries)}"


def main():
    """Print the machine, a table for each task, and the goals beside what was measured.

    If no task is named, everything else is measured, too.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", choices=[*TASKS, []], metavar="T1 … T7")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--least", type=float, default=0.3, help="seconds for each contender in each round"
    )
    parser.add_argument("--alone", action="store_true", help="without peers")
    options = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        sys.exit("OPENBLAS_NUM_THREADS is not 1: expected one thread, set before Python starts")
    print(machine())
    tasks = [TASKS[name]() for name in options.tasks or TASKS]
    found = [(task, shown(task, options.rounds, options.least, options.alone)) for task in tasks]
    goals(found)
    if not options.tasks:
        memory.report()
        growth.report()
        workers.report()


if __name__ == "__main__":
    main()
