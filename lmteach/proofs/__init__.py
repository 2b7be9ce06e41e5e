"""Proofs: a `prove_*` function for every displayed equation, and the register of all of them.

The derivation in a lesson is the proof; SymPy checks it for the shapes that are printed with it.
Each lesson has its module.
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
from .base import (
    EQUATIONS,
    REGISTER,
    Equation,
    NotProved,
    Proof,
    also,
    close,
    equations,
    holds,
    proves,
    same,
)

__all__ = [
    "EQUATIONS",
    "Equation",
    "NotProved",
    "Proof",
    "REGISTER",
    "also",
    "close",
    "damping",
    "debug",
    "equations",
    "error_terms",
    "few_data",
    "gauss_newton",
    "gradient_descent",
    "holds",
    "jacobian",
    "one_page",
    "proves",
    "race",
    "residuals",
    "same",
    "scale",
    "slope_and_bowl",
    "updates",
    "your_data",
]
