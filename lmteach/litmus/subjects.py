"""What can be tested: step functions, whole solvers, things with `fit`.

Each subject says how it is called; `trainers` holds those that bring a model of their own.
"""

import copy
import functools
import inspect
from collections import deque
from itertools import islice
from types import GeneratorType

import numpy as np

from ..problems import LeastSquares
from ..trace import Trace

MOST_STEPS = 500  # of a generator of steps


class Subject:
    """How a thing is called; `kind` decides which tests can be put to it.

    "step": `step(watch, theta, mu)` makes one trial. "solver": `solve(watch, theta)` makes a whole
    run. "own": it makes a trial too, but on tasks of its own. "fit": it fits data, unseen.
    """

    judges = True  # whether it decides itself what is accepted

    def __init__(self, name, kind):
        self.name, self.kind = name, kind

    def close(self):
        """Nothing is held open."""


class StepFunction(Subject):
    """`step(residual, jacobian, theta, mu) → (theta_new, accepted, {"h": …, "J": …})`."""

    def __init__(self, function, name=None):
        super().__init__(name or named(function), "step")
        self._function = function

    def step(self, watch, theta, mu):
        """What the function returns at θ with μ."""
        return self._function(watch.residual, watch.jacobian, theta, mu)


class WholeSolver(Subject):
    """`solver(residual, jacobian, theta0) → θ`, or an object with θ, or a generator of steps."""

    def __init__(self, function, name=None):
        super().__init__(name or named(function), "solver")
        self._function = function

    def solve(self, watch, theta):
        """What the function returns from this start."""
        return last_of(self._function(watch.residual, watch.jacobian, theta))


class ScipySolver(WholeSolver):
    """SciPy's calling: `least_squares(fun, x0, jac, …) → result.x`."""

    def solve(self, watch, theta):
        """What the function returns from this start."""
        return last_of(self._function(watch.residual, theta, watch.jacobian))


class ProblemSteps(Subject):
    """`solver(problem, theta0, mu=…)` of this package: its first Step is a trial at (θ, μ)."""

    def __init__(self, function, name=None):
        super().__init__(name or named(function), "step")
        self._function = function

    def step(self, watch, theta, mu):
        """The first Step of a run from θ with μ."""
        steps = self._function(self._problem(watch), theta, mu=mu)
        first = next(iter(steps), None)
        if first is None:
            return theta, False, {}
        after = first.trial_theta if first.accepted else theta
        return after, first.accepted, {"h": first.h}

    @staticmethod
    def _problem(watch):
        return LeastSquares(watch.residual, watch.jacobian, check_jacobian=False)


class ProblemSolver(WholeSolver):
    """`solve(problem, theta0) → trace` of this package."""

    def solve(self, watch, theta):
        """The trace's last θ."""
        return last_of(self._function(LeastSquares(watch.residual, watch.jacobian), theta))


class Estimator(Subject):
    """A class or a factory of things with `fit(X, y)` and `predict(X)`, as scikit-learn's."""

    def __init__(self, make, name=None):
        super().__init__(name or named(make), "fit")
        self._make = make

    def fit(self, X, y):
        """(predictions for X, the training errors that it recorded or None) after a fit."""
        thing = self._fresh()
        flat = y if hasattr(thing, "get_params") else y[:, None]
        fitted = thing.fit(X, flat)
        thing = fitted if hasattr(fitted, "predict") else thing
        return np.array(thing.predict(X), dtype=float).reshape(len(X)), recorded_errors(thing)

    def _fresh(self):
        if inspect.isclass(self._make) or not hasattr(self._make, "fit"):
            return self._make()
        return copy.deepcopy(self._make)


def parameter_names(thing):
    """The names of a callable's positional parameters; those fixed by partial are left out."""
    return [p.name for p in positional(thing)]


def positional(thing):
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p for p in parameters if p.kind in kinds]


def named(thing):
    """A name for a callable in a report."""
    if isinstance(thing, functools.partial):
        options = ", ".join(f"{k}={v!r}" for k, v in thing.keywords.items())
        return f"{named(thing.func)}({options})"
    return getattr(thing, "__name__", type(thing).__name__)


def last_of(returned):
    """The last of a generator's steps, or what was returned."""
    if isinstance(returned, Trace):
        return returned.theta
    if not isinstance(returned, GeneratorType):
        return returned
    last = deque(islice(returned, MOST_STEPS), maxlen=1)
    return getattr(last[0], "next_theta", last[0]) if last else None


def recorded_errors(thing):
    """The training errors that a fitted thing kept, epoch by epoch, or None."""
    for name in ("loss_curve_", "losses_", "losses", "history", "errors"):
        value = getattr(thing, name, None)
        value = getattr(value, "train", value)
        if isinstance(value, (list, tuple, np.ndarray)) and len(value) > 1:
            try:
                return np.array(value, dtype=float)
            except (TypeError, ValueError):
                continue
    return None
