"""Three exact routes to a network's damped step, counted and chosen; sums over shares of samples.

Lessons 01-10 need none of it: where J is small, `Explicit` of `linearization.py` does the work.
"""

from .prices import choice, cuts, kept, prices
from .samples import DampedDual, Samples
from .summed import Blocks, Rows, by_executor

KINDS = {"rows": Rows, "blocks": Blocks, "samples": Samples}

__all__ = [
    "Blocks",
    "DampedDual",
    "KINDS",
    "Rows",
    "Samples",
    "by_executor",
    "choice",
    "cuts",
    "kept",
    "prices",
]
