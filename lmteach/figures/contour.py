"""The contours of F for a problem of two parameters."""

from copy import copy

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm

from .picture import GREY

# From low to high F, as evenly as eyes see; no line of a solver has this hue, nor is as pale.
SHADES = LinearSegmentedColormap.from_list("F", ["#a59ac0", "#cdc4dc", "#f7f4fa"])
DIM = "#4d4d4d"  # of the numbers on contours
MOST_LABELS = 5  # contours with a number
NEAR = 0.1  # of a map: a number so near to a mark would lie under it
SMALLEST = 1e-32  # what a loss of 0 is drawn as on a logarithmic axis


def contours(axes, problem, span, n_grid, labelled=False, clear=()):
    """Draw F on a grid of n_grid × n_grid points: dark is low, pale so that the paths stand out.

    `labelled` writes F on some of its contours, but not near the points `clear`, (n, 2).
    """
    problem = copy(problem)  # what the caller's problem counts and remembers stays as it is
    ticks = [np.linspace(*side, n_grid) for side in span]
    F = np.array([[problem.loss(np.array([u, v])) for u in ticks[0]] for v in ticks[1]])
    finite = F[np.isfinite(F)]
    # Where F explodes, the rest is still to be seen; where it is not finite, there is a gap.
    top = min(finite.max(), 1e4 * np.median(finite) or np.inf)
    bottom = max(finite.min(), top * 1e-8, SMALLEST)
    F = np.where(np.isfinite(F), np.clip(F, bottom, top), np.nan)
    levels = np.geomspace(np.nanmin(F), np.nanmax(F) * 1.001, 20)
    axes.contourf(*ticks, F, levels=levels, norm=LogNorm(), cmap=SHADES)
    thin = {"norm": LogNorm(), "colors": GREY, "linewidths": 0.6}
    decades = _decades(levels) if labelled else []
    if len(decades) < 2:
        axes.contour(*ticks, F, levels=levels[::2], **thin)
        return
    lines = axes.contour(*ticks, F, levels=decades, **thin)
    text = axes.figure.look["text"]
    axes.clabel(lines, fmt=lambda F: f"{F:g}", fontsize=text, inline_spacing=2, colors=DIM)
    for number in axes.texts:
        away = (np.reshape(clear, (-1, 2)) - number.get_position()) / np.diff(span)[:, 0]
        number.set_visible(bool((np.linalg.norm(away, axis=1) > NEAR).all()))


def _decades(levels):
    """Return the powers of ten between the first and the last level, at most MOST_LABELS."""
    low, high = np.ceil(np.log10(levels[0])), np.floor(np.log10(levels[-1]))
    return 10.0 ** np.arange(max(low, high - MOST_LABELS + 1), high + 1)
