"""The problems of Moré, Garbow and Hillstrom: `solve` by its defaults beside SciPy's lm and trf.

    python tests/benchmarks/mgh.py            the table, in seconds
    python tests/benchmarks/mgh.py --runs     and a line for each run that missed a listed minimum

A run is *there* if f is that of a listed minimum; *elsewhere* it claims success at another, which
is *false* where the judge (tests/judge.py) finds less of f right beside it. All get the analytic J;
SciPy's tolerances are 1e-15 and its budget is 20000 evaluations.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from judge import is_minimum  # noqa: E402

from lmteach import LeastSquares, solve  # noqa: E402
from lmteach.standard_problems import INSTANCES, START_FACTORS  # noqa: E402

TIGHT = dict.fromkeys(("xtol", "ftol", "gtol"), 1e-15)


def ours(instance, start):
    """(x, success, words)."""
    trace = solve(LeastSquares(instance.residual, instance.jacobian), start, progress=False)
    return trace.theta, trace.success, trace.message


def scipy(method):
    """The same by SciPy; a start where it raises is a failure that it admits."""

    def run(instance, start):
        options = {"method": method, "max_nfev": 20000, **TIGHT}
        try:
            found = least_squares(instance.residual, start, instance.jacobian, **options)
        except ValueError as error:
            return start, False, f"raises: {error}"
        return found.x, found.success, found.message

    return run


SOLVERS = {"solve": ours, "scipy lm": scipy("lm"), "scipy trf": scipy("trf")}


def table(runs=False):
    """Print one line for each solver."""
    print(f"{'':12}{'there of':>9}{3 * len(INSTANCES):>4}{'  at x 1, 10, 100':20}"
          f"{'elsewhere':>11}{'false':>7}{'seconds':>9}")  # fmt: skip
    for name, run in SOLVERS.items():
        there, elsewhere, false = dict.fromkeys(START_FACTORS, 0), 0, 0
        seconds = 0.0
        for instance in INSTANCES:
            for factor in START_FACTORS:
                began = time.process_time()
                x, success, words = run(instance, instance.start(factor))
                seconds += time.process_time() - began
                right = instance.at_a_listed_minimum(x)
                there[factor] += right
                if success and not right:
                    elsewhere += 1
                    false += not is_minimum(instance.residual, x)
                if runs and not right:
                    f = np.sum(np.square(instance.residual(x)))
                    print(f"  {name}: {instance} x {factor}: f = {f:.6g}, {success}: {words[:160]}")
        counts = ", ".join(map(str, there.values()))
        there = f"{sum(there.values()):>13}  {counts:18}"
        print(f"{name:12}{there}{elsewhere:>11}{false:>7}{seconds:>9.1f}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with np.errstate(all="ignore"):
        table("--runs" in sys.argv[1:])
