"""Appendix C: what became of every run of some solvers on a set of problems."""

import numpy as np
from matplotlib.ticker import FixedLocator

from ..checks import instance
from ..standard_problems import (
    ADMITTED,
    FALSE,
    FOUND,
    INSTANCES,
    OUTCOMES,
    START_FACTORS,
    UNCLAIMED,
)
from .picture import BLACK, GREY, STYLES, VERMILION, Picture, current_look, label

GREEN = STYLES["Levenberg-Marquardt"]["color"]
MARKS = {  # told apart by shape and size, not by colour alone
    FOUND: {"marker": "o", "markerfacecolor": GREEN, "markeredgecolor": GREEN, "size": 0.6},
    UNCLAIMED: {"marker": "o", "markerfacecolor": "none", "markeredgecolor": GREEN, "size": 1.0},
    ADMITTED: {"marker": "x", "markeredgecolor": BLACK, "size": 1.0},
    FALSE: {"marker": "s", "markerfacecolor": VERMILION, "markeredgecolor": BLACK, "size": 1.2},
}
EVERY = 5  # the problems whose numbers are written below


def fig_outcomes(outcomes, title="Where the runs ended"):
    """Draw a mark for every run: a row for each solver and start, a column for each problem.

    `outcomes` is a dict of solver → {(instance, factor): one of OUTCOMES}, for the INSTANCES and
    START_FACTORS of `standard_problems`. Raises TypeError or ValueError for anything else.
    """
    _check(outcomes)
    look = current_look()
    picture = Picture(look)
    axes = picture.subplots()
    rows = [(name, factor) for name in outcomes for factor in START_FACTORS]
    for outcome, mark in MARKS.items():
        x, y = _places(outcomes, rows, outcome)
        kind = {**mark, "linestyle": "", "markersize": mark["size"] * look["marker"]}
        del kind["size"]
        axes.plot(x, y, label=outcome, **kind)
    _set_axes(axes, rows, title)
    below = {"loc": "outside lower center", "ncols": 2, "frameon": False}
    picture.legend(fontsize=look["text"], **below)
    return picture.describe(_sentence(outcomes), _table(outcomes))


def _check(outcomes):
    instance("outcomes", outcomes, dict, "solver → {(instance, factor): outcome}")
    wanted = {(case, factor) for case in INSTANCES for factor in START_FACTORS}
    for name, runs in outcomes.items():
        if set(runs) != wanted:
            raise ValueError(
                f"outcomes[{name!r}] has {len(runs)} runs: expected one for each of "
                f"{len(wanted)} pairs of an instance and a start factor"
            )
        if odd := set(runs.values()) - set(OUTCOMES):
            raise ValueError(f"outcomes[{name!r}] has {odd.pop()!r}: expected one of {OUTCOMES}")


def _places(outcomes, rows, outcome):
    """Return the columns and rows of the runs with this outcome."""
    grid = [
        [outcomes[name][case, factor] == outcome for case in INSTANCES] for name, factor in rows
    ]
    y, x = np.nonzero(grid)
    return x, y


def _set_axes(axes, rows, title):
    """Name the rows and every fifth problem, and part the solvers by a line."""
    names = [f"{name}  × {f}" if f == START_FACTORS[0] else f"× {f}" for name, f in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    numbers = [case.number for case in INSTANCES]
    named = [n for n in range(1, numbers[-1] + 1) if n == 1 or n % EVERY == 0]
    axes.set_xticks([numbers.index(n) for n in named], named)
    axes.xaxis.set_minor_locator(FixedLocator(range(len(INSTANCES))))
    axes.set_xlim(-0.7, len(INSTANCES) - 0.3)
    for y in range(len(START_FACTORS), len(rows), len(START_FACTORS)):
        axes.axhline(y - 0.5, color=GREY, linewidth=1)
    label(axes, "number of the problem", "", title)


def _sentence(outcomes):
    """Return what the marks mean; counts are in the table, since they depend on the processor."""
    return (
        f"Where {', '.join(outcomes)} ended on {len(INSTANCES)} problems (columns) from the "
        "standard start × 1, 10, 100 (rows): dots at a listed minimum, crosses elsewhere and "
        "saying so, squares elsewhere with success claimed."
    )


def _table(outcomes):
    """Return a row for every run."""
    rows = [("solver", "problem", "start ×", "outcome")]
    for name, runs in outcomes.items():
        rows += [(name, str(case), factor, outcome) for (case, factor), outcome in runs.items()]
    return rows
