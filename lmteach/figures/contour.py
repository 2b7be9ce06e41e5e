"""The contours of F for a problem of two parameters."""

from copy import copy

import numpy as np
from matplotlib.colors import LogNorm

from .picture import GREY

SMALLEST = 1e-32  # what a loss of 0 is drawn as on a logarithmic axis


def contours(axes, problem, span, n_grid):
    """F on a grid, filled pale, so that the paths stand out."""
    problem = copy(problem)  # what the caller's problem counts and remembers stays as it is
    ticks = [np.linspace(*side, n_grid) for side in span]
    F = np.array([[problem.loss(np.array([u, v])) for u in ticks[0]] for v in ticks[1]])
    F = np.maximum(F, max(F[np.isfinite(F)].min(), F[np.isfinite(F)].max() * 1e-8, SMALLEST))
    levels = np.geomspace(F.min(), F.max() * 1.001, 20)
    axes.contourf(*ticks, F, levels=levels, norm=LogNorm(), cmap="Greys_r", alpha=0.35)
    axes.contour(*ticks, F, levels=levels[::2], norm=LogNorm(), colors=GREY, linewidths=0.6)
