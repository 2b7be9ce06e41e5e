"""Which kind of thing is it? `subject(thing)` guesses from its methods and its parameters' names.

With `kind` nothing is guessed.
"""

import functools
import inspect
from types import GeneratorType

import numpy as np
from scipy.optimize import least_squares

from ..problems import LeastSquares
from .subjects import (
    Estimator,
    ProblemSolver,
    ProblemSteps,
    ScipySolver,
    StepFunction,
    Subject,
    WholeSolver,
    named,
    parameter_names,
    positional,
)
from .trainers import Neupy, TrainStep

KINDS = {
    "step": StepFunction,
    "solver": WholeSolver,
    "problem": ProblemSolver,
    "least_squares": ScipySolver,
    "estimator": Estimator,
    "neupy": Neupy,
    "train_step": TrainStep,
}


def subject(thing, kind=None, name=None):
    """The Subject for this thing. Raises TypeError for what cannot be called in any known way."""
    if isinstance(thing, Subject):
        return thing
    kind = kind or guess(thing)
    if kind not in KINDS:
        raise ValueError(f"kind = {kind!r}: expected one of {', '.join(KINDS)}")
    if kind == "problem":
        made = ProblemSteps if _returns_steps(thing) else ProblemSolver
        return made(thing, name)
    return KINDS[kind](thing, name)


def guess(thing):
    """The kind of a thing, from its methods and the names of its parameters."""
    if hasattr(thing, "one_training_update") or _trains(thing):
        return "neupy"
    if hasattr(thing, "fit"):
        return "estimator"
    if not callable(thing):
        came = f"{thing!r} is a {type(thing).__name__}"
        raise TypeError(f"{came}: expected a step function, a solver or a thing with fit")
    names = parameter_names(thing)
    if _inner(thing) is least_squares or names[:2] == ["fun", "x0"]:
        return "least_squares"
    if names and names[0] in ("problem",):
        return "problem"
    if {"model", "net", "network", "module"} & set(names) and len(names) >= 3:
        return "train_step"
    return _by_count(thing, names)


def _by_count(thing, names):
    needed = _required(thing)
    if not names:
        return "step" if _takes_any(thing) else "estimator"
    if len(names) >= 4 and (needed >= 4 or names[3] in ("mu", "lam", "lambda_", "damping", "lm")):
        return "step"
    if needed in (2, 3):
        return "solver"
    if needed >= 4 or _takes_any(thing):
        return "step"
    raise TypeError(
        f"{named(thing)} takes ({', '.join(names)}): expected step(residual, jacobian, theta, mu), "
        "solver(residual, jacobian, theta0), or kind = one of " + ", ".join(KINDS)
    )


def _trains(thing):
    """Whether it has neupy's `train(X, y)` and `predict(X)`, and no `fit`."""
    return hasattr(thing, "train") and hasattr(thing, "predict") and not hasattr(thing, "fit")


def _required(thing):
    return sum(p.default is p.empty for p in positional(thing))


def _takes_any(thing):
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _inner(thing):
    return thing.func if isinstance(thing, functools.partial) else thing


def _returns_steps(thing):
    """Whether solver(problem, theta0, mu=…) gives one step after another."""
    try:
        parameters = inspect.signature(thing).parameters
        made = thing(LeastSquares(lambda t: t - 1, lambda t: np.eye(2)), np.zeros(2))
    except Exception:
        return False  # whatever is wrong with it is found, and told, in the tests
    return "mu" in parameters and isinstance(made, GeneratorType)
