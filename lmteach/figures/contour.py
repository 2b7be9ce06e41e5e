"""The contours of F for a problem of two parameters."""

from copy import copy

import numpy as np
from matplotlib.colors import LogNorm

from .picture import GREY

SMALLEST = 1e-32  # what a loss of 0 is drawn as on a logarithmic axis


def contours(axes, problem, span, n_grid):
    """Draw F on a grid of n_grid × n_grid points, filled pale, so that the paths stand out."""
    problem = copy(problem)  # what the caller's problem counts and remembers stays as it is
    ticks = [np.linspace(*side, n_grid) for side in span]
    F = np.array([[problem.loss(np.array([u, v])) for u in ticks[0]] for v in ticks[1]])
    finite = F[np.isfinite(F)]
    # Where F explodes, the rest is still to be seen; where it is not finite, there is a gap.
    top = min(finite.max(), 1e4 * np.median(finite) or np.inf)
    bottom = max(finite.min(), top * 1e-8, SMALLEST)
    F = np.where(np.isfinite(F), np.clip(F, bottom, top), np.nan)
    levels = np.geomspace(np.nanmin(F), np.nanmax(F) * 1.001, 20)
    axes.contourf(*ticks, F, levels=levels, norm=LogNorm(), cmap="Greys_r", alpha=0.35)
    axes.contour(*ticks, F, levels=levels[::2], norm=LogNorm(), colors=GREY, linewidths=0.6)
