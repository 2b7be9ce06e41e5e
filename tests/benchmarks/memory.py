"""Peak memory of a run over its start, each in a process of its own.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/memory.py [T4 T5 T6] [--trials 30]

The start is after the imports and the data, before the NetworkFit, whose copies of X and Y count;
history="light". Linux only: the peak is read from /proc.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from tasks import MU, TASKS

from lmteach import Input, Linear, NetworkFit, Tanh, solve

GOALS = {"T4": 20, "T5": 200, "T6": 150}  # MB
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def megabytes(name):
    """VmRSS (now) or VmHWM (the peak) of this process."""
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(name + ":"))


def run(name, trials):
    """Print the peak over the start of a run in this process."""
    task = TASKS[name]()
    network = Input(1) >> Tanh(2) >> Linear(1)
    solve(
        NetworkFit(network, [[0.0], [1.0]], [[0.0], [1.0]]),
        network.theta,
        max_steps=3,
        progress=False,
    )
    CLEAR.write_text("5")  # the peak starts again from here
    start = megabytes("VmRSS")
    options = {"mu": MU, "max_steps": trials, "history": "light", "progress": False, "plain": True}
    options |= {"gtol": 0, "xtol": 0, "ftol": 0}
    trace = solve(task.problem(), task.theta0(), **options)
    print(len(trace), megabytes("VmHWM") - start)


def peak(name, trials=30):
    """(trials made, MB over the start)."""
    command = [sys.executable, __file__, name, "--trials", str(trials), "--here"]
    made, over = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(made), float(over)


def report(names=GOALS):
    """Print the goals beside what was measured."""
    print("\nGoals: peak memory over the start, history light, MB")
    if not CLEAR.exists():
        print("  not measured: expected Linux's /proc")
        return
    for name in names:
        made, over = peak(name)
        met = "met" if over <= GOALS[name] else "MISSED"
        print(
            f"  {name}  ≤ {GOALS[name]:<6} measured {over:<8.1f} {met}  ({made} trials)", flush=True
        )


def main():
    """Print a line for each task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", choices=[*GOALS, []], metavar="T4 … T6")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--here", action="store_true", help="run the one task in this process")
    options = parser.parse_args()
    if options.here:
        run(options.tasks[0], options.trials)
    else:
        report(options.tasks or GOALS)


if __name__ == "__main__":
    main()
