"""How many digits of θ are right: ends of `solve` beside a refinement in 50-digit arithmetic.

    python tests/benchmarks/last_digits.py [--seed 0] [--draws 4] [--runs]

Newton's method with the whole Hessian, in mpmath, from the lower end of `solve` and SciPy. A run
counts its worst parameter; one that ended elsewhere than the best is not counted, but told.
"""

import argparse
import sys
import warnings
from pathlib import Path

import mpmath
import numpy as np
import sympy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from families import FAMILIES, symbols  # noqa: E402
from judge import lowest, scipy_from  # noqa: E402

from lmteach import CurveFit, solve  # noqa: E402

DIGITS, WANTED = 50, 10


def derivatives(family):
    """f, its gradient and Hessian, as functions of (θ…, x) in mpmath."""
    expression, names, x = symbols(family)
    # numbers of the formula as exact ones: 8.314 is not the nearest double in 50 digits
    exact = sympy.nsimplify(expression, rational=True)
    gradient = [sympy.diff(exact, name) for name in names]
    hessian = [[sympy.diff(first, name) for name in names] for first in gradient]
    return sympy.lambdify([*names, x], [exact, gradient, hessian], "mpmath")


def refined(fit, functions, theta):
    """The minimum next to θ in 50 digits; None where Newton's method does not settle."""
    theta = mpmath.matrix([mpmath.mpf(float(t)) for t in theta])
    P = len(theta)
    for _ in range(12):
        g, H = mpmath.zeros(P, 1), mpmath.zeros(P, P)
        for x, y in zip(fit.x, fit.y, strict=True):
            value, slope, second = functions(*theta, mpmath.mpf(float(x)))
            r = value - mpmath.mpf(float(y))
            for i in range(P):
                g[i] += r * slope[i]
                for j in range(P):
                    H[i, j] += slope[i] * slope[j] + r * second[i][j]
        step = mpmath.lu_solve(H, -g)
        theta += step
        if max(abs(s) for s in step) <= mpmath.mpf(10) ** -35 * max(abs(t) for t in theta):
            return theta
    return None


def digits(theta, exact):
    """The number of right digits of the worst parameter, at most 17."""
    errors = [abs(mpmath.mpf(float(t)) / e - 1) for t, e in zip(theta, exact, strict=True)]
    return float(-mpmath.log10(max(max(errors), mpmath.mpf(10) ** -17)))


def table(seed, draws, show):
    """Print the runs with at least ten digits, ours and SciPy's."""
    mpmath.mp.dps = DIGITS
    counts, runs = {"solve": [], "scipy lm": [], "scipy trf": []}, 0
    for number, family in enumerate(FAMILIES):
        functions = derivatives(family)
        for draw in range(draws):
            fit = family.draw(np.random.default_rng([seed, number, draw]))
            trace = solve(CurveFit(fit.model, fit.x, fit.y), fit.start, progress=False)
            best, F = lowest(fit.residual, [fit.truth, trace.theta], unit=fit.truth)
            if trace.loss > F * (1 + 1e-9):
                print(f"  {family.name} {draw}: not the best, {trace.loss:.6g} for {F:.6g}")
                continue
            exact = refined(fit, functions, trace.theta)
            if exact is None:
                print(f"  {family.name} {draw}: no minimum in 50 digits next to {trace.theta}")
                continue
            runs += 1
            found = {"solve": trace.theta}
            for method in ("lm", "trf"):
                end = scipy_from(fit.residual, fit.start, method, max_nfev=3000)
                found[f"scipy {method}"] = best * 0 if end is None else end.x
            for who, theta in found.items():
                counts[who].append(digits(theta, exact))
            if show and counts["solve"][-1] < WANTED:
                print(f"  {family.name} {draw}: {counts['solve'][-1]:.1f} digits: {trace.message}")
    for who, some in counts.items():
        enough = sum(d >= WANTED for d in some)
        print(f"{who:10} {enough} of {runs} runs with ≥ {WANTED} digits, at worst {min(some):.1f}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=4, help="fits of each family")
    parser.add_argument("--runs", action="store_true", help="a line for every run with fewer")
    chosen = parser.parse_args()
    with np.errstate(all="ignore"):
        table(chosen.seed, chosen.draws, chosen.runs)
