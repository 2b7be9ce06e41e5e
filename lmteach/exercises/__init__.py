"""Exercises: `check` an answer, ask for a `hint`, look at the `solution`, see your `progress`.

Each lesson has a module with the kind, reference, tolerance and known mistakes of its exercises;
those whose answer is a formula stand together in `formulas`. `slips` is the vocabulary of mistakes.
"""

from . import (
    damping,
    debug,
    error_terms,
    few_data,
    formulas,
    gauss_newton,
    gradient_descent,
    jacobian,
    one_page,
    race,
    residuals,
    scale,
    slope_and_bowl,
    start,
    updates,
    your_data,
)
from .base import EXERCISES, Exercise, check, exercise, hint, progress, solution
from .verdict import Verdict

__all__ = [
    "EXERCISES",
    "Exercise",
    "Verdict",
    "check",
    "damping",
    "debug",
    "error_terms",
    "few_data",
    "gauss_newton",
    "gradient_descent",
    "exercise",
    "formulas",
    "hint",
    "jacobian",
    "one_page",
    "progress",
    "race",
    "residuals",
    "scale",
    "slope_and_bowl",
    "solution",
    "start",
    "updates",
    "your_data",
]
