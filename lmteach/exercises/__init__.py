"""Exercises: `check` looks at an answer and says what it saw, `hint` helps, `solution` shows ours.

Every lesson has its module: ids, kinds, signatures, tolerances and references stand there.
"""

from . import (
    damping,
    debug,
    error_terms,
    gauss_newton,
    gradient_descent,
    jacobian,
    one_page,
    race,
    residuals,
    scale,
    slope_and_bowl,
    updates,
)
from .base import EXERCISES, Exercise, Verdict, check, hint, solution

__all__ = [
    "EXERCISES",
    "Exercise",
    "Verdict",
    "check",
    "damping",
    "debug",
    "error_terms",
    "gauss_newton",
    "gradient_descent",
    "hint",
    "jacobian",
    "one_page",
    "race",
    "residuals",
    "scale",
    "slope_and_bowl",
    "solution",
    "updates",
]
