"""Small fits, the whole call: `solve(CurveFit(...))` beside SciPy's least_squares and curve_fit.

    python tests/benchmarks/small_fits.py [--rounds 300]

Four curves without a given J, all at tolerances of 1e-12, in turn in one process; medians of CPU
time, and their ratios. Run it on a machine that does nothing else.
"""

import argparse
import math
import time
import warnings

import numpy as np
from scipy.optimize import curve_fit, least_squares

from lmteach import CurveFit, solve

TIGHT = dict.fromkeys(("xtol", "ftol", "gtol"), 1e-12)
CURVES = {
    "decay": (lambda x, a, b, c: a * np.exp(-b * x) + c, (2.5, 1.3, 0.5), (1, 1, 0), (0, 4, 50)),
    "Michaelis-Menten": (lambda x, a, b: a * x / (b + x), (200, 0.5), (150, 0.3), (0.02, 4, 30)),
    "Gaussian peak": (
        lambda x, a, b, c: a * np.exp(-((x - b) ** 2) / (2 * c**2)),
        (5, 4.2, 1.1), (3, 4, 1), (0, 10, 60),
    ),
    "logistic": (
        lambda x, a, b, c: a / (1 + np.exp(b - c * x)), (190, 4, 0.7), (100, 3, 0.5), (0, 12, 40)
    ),
}  # fmt: skip


def data(name):
    """(curve(x, *θ), x, y, θ₀)."""
    curve, truth, start, x = CURVES[name]
    x = np.linspace(*x)
    y = curve(x, *truth)
    noise = 0.02 * np.ptp(y) * np.random.default_rng(0).normal(size=len(x))
    return curve, x, y + noise, np.array(start, float)


def contenders(curve, x, y, start):
    """{name: the whole call}, each to its end at 1e-12."""

    def scipy(method):
        return lambda: least_squares(lambda t: curve(x, *t) - y, start, method=method, **TIGHT).x

    return {
        "solve": lambda: (
            solve(CurveFit(lambda t, x: curve(x, *t), x, y), start, progress=False, **TIGHT).theta
        ),
        "least_squares lm": scipy("lm"),
        "least_squares trf": scipy("trf"),
        "curve_fit": lambda: curve_fit(curve, x, y, start, **TIGHT)[0],
    }


def measured(name, rounds):
    """{contender: median CPU time of a call}, all asserted to end at the same θ."""
    runs = contenders(*data(name))
    ends = {who: run() for who, run in runs.items()}
    for who, end in ends.items():
        assert np.allclose(end, ends["curve_fit"], rtol=1e-5), (name, who, end)
    times = {who: [] for who in runs}
    for _ in range(rounds):
        for who, run in runs.items():
            began = time.process_time()
            run()
            times[who].append(time.process_time() - began)
    return {who: float(np.median(some)) for who, some in times.items()}


def table(rounds):
    """Print milliseconds for each curve, and solve's ratios to the others."""
    print(f"{'ms':18}" + "".join(f"{who:>20}" for who in contenders(*data("decay"))))
    ratios = {}
    for name in CURVES:
        times = measured(name, rounds)
        print(f"{name:18}" + "".join(f"{1e3 * t:>20.3f}" for t in times.values()))
        for who, t in times.items():
            ratios.setdefault(who, []).append(times["solve"] / t)
    for who, some in list(ratios.items())[1:]:
        mean = math.exp(sum(map(math.log, some)) / len(some))
        print(f"solve / {who:18} geometric mean {mean:5.2f}   at worst {max(some):5.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    warnings.simplefilter("ignore")
    table(parser.parse_args().rounds)
