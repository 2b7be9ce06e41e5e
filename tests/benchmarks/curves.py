"""Curves from rough human starts, in three sets of units: `solve` beside SciPy's lm and trf.

    python tests/benchmarks/curves.py [--seed 0] [--draws 20] [--runs]

*found*: F within 1e-6 of the lowest that anybody found from twenty starts. *not best*: success,
elsewhere. *false*: those where the judge (tests/judge.py) finds less of F right beside the end.
Every solver differentiates for itself; SciPy's tolerances are 1e-15, its budget 3000 evaluations.
"""

import argparse
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from families import FAMILIES  # noqa: E402
from judge import LESS, is_minimum, lowest, scipy_from  # noqa: E402

from lmteach import CurveFit, solve  # noqa: E402

EXPONENTS = (0, 3, 9)
OTHER_STARTS = 4  # around the truth, for the best known minimum


def ours(fit):
    """(θ, success, words)."""
    try:
        trace = solve(CurveFit(fit.model, fit.x, fit.y), fit.start, progress=False)
    except ValueError as error:
        return fit.start, False, f"RAISES {error}"
    return trace.theta, trace.success, trace.message


def scipy(method):
    def run(fit):
        end = scipy_from(fit.residual, fit.start, method, max_nfev=3000)
        if end is None:
            return fit.start, False, "raises"
        return end.x, end.success, end.message

    return run


SOLVERS = {"solve": ours, "scipy lm": scipy("lm"), "scipy trf": scipy("trf")}


class Draw:
    """One fit in every set of units, and the lowest F that is known, in the common ones."""

    def __init__(self, family, rng):
        self.fit = fit = family.draw(rng)
        around = np.exp(0.3 * rng.normal(size=(OTHER_STARTS, len(fit.truth)))) * fit.truth
        self.best = lowest(fit.residual, [fit.truth, fit.start, *around], unit=fit.truth)[1]
        self.units = {e: fit.in_units(e, rng) if e else fit for e in EXPONENTS}

    def loss(self, exponent, theta):
        """F in the common units."""
        there = self.units[exponent]
        return there.loss(theta) / there.unit_y**2

    def kind(self, exponent, theta, success):
        """What became of a run: found, flagged (found, not success), missed, local or false."""
        if self.loss(exponent, theta) <= self.best * (1 + LESS):
            return "found" if success else "flagged"
        if not success:
            return "missed"
        return "local" if is_minimum(self.units[exponent].residual, theta) else "false"


def drawn(seed, draws):
    """The same fits for every set of units and every solver."""
    numbers = [(number, draw) for number in range(len(FAMILIES)) for draw in range(draws)]
    return [Draw(FAMILIES[n], np.random.default_rng([seed, n, draw])) for n, draw in numbers]


def ended(run, fits, exponent):
    """([(θ, success, words), …], seconds); what is lower than known becomes known."""
    began = time.process_time()
    ends = [run(draw.units[exponent]) for draw in fits]
    seconds = time.process_time() - began
    for draw, (theta, *_) in zip(fits, ends, strict=True):
        draw.best = min(draw.best, draw.loss(exponent, theta))
    return ends, seconds


def report(name, exponent, fits, ends, seconds, show):
    """Print a solver's line, and one for each of our runs that fell short."""
    kinds = Counter()
    for draw, (theta, success, words) in zip(fits, ends, strict=True):
        kind = draw.kind(exponent, theta, success)
        kinds[kind] += 1
        if show and name == "solve" and kind != "found":
            F = draw.loss(exponent, theta)
            print(f"  {kind}: {draw.fit.family.name}: F {F:.6g}, best {draw.best:.6g}: {words}")
    label = f"10^±{exponent}" if exponent else "common"
    found, elsewhere = kinds["found"] + kinds["flagged"], kinds["local"] + kinds["false"]
    print(f"{label:8}{name:12}{found:>7}{elsewhere:>10}{kinds['false']:>7}{seconds:>9.1f}")


def table(seed, draws, show, exponents):
    """Print a line for each set of units and solver."""
    fits = drawn(seed, draws)
    print(f"{len(fits)} fits of {len(FAMILIES)} families, seed {seed}")
    print(f"{'units':8}{'':12}{'found':>7}{'not best':>10}{'false':>7}{'seconds':>9}")
    for exponent in exponents:
        ends = {name: ended(run, fits, exponent) for name, run in SOLVERS.items()}
        for name in SOLVERS:
            report(name, exponent, fits, *ends[name], show)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=20, help="fits of each family")
    parser.add_argument("--runs", action="store_true", help="a line for every miss of solve")
    parser.add_argument("--units", type=int, nargs="*", default=EXPONENTS, choices=EXPONENTS)
    parser.add_argument("--only", choices=SOLVERS, help="this solver alone")
    chosen = parser.parse_args()
    SOLVERS = {chosen.only: SOLVERS[chosen.only]} if chosen.only else SOLVERS
    with np.errstate(all="ignore"):
        table(chosen.seed, chosen.draws, chosen.runs, chosen.units)
