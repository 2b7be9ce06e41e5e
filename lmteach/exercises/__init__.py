"""Exercises: `check` an answer, ask for a `hint`, look at the reference `solution`.

Each lesson has a module with the kind, reference, tolerance and known mistakes of its exercises.
"""

from . import (
    damping,
    debug,
    error_terms,
    few_data,
    gauss_newton,
    gradient_descent,
    jacobian,
    one_page,
    race,
    residuals,
    scale,
    slope_and_bowl,
    updates,
    your_data,
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
    "few_data",
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
    "your_data",
]
