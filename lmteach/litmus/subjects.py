"""What can be tested: step functions, whole solvers, things with `fit`, neupy's shape, train_step.

Each subject says how it is called. `subject(thing)` guesses from the names of its parameters; with
`kind` nothing is guessed.
"""

import functools
import inspect
from types import GeneratorType

import numpy as np
from scipy.optimize import least_squares

from ..problems import LeastSquares
from ..trace import Trace

KINDS = ("step", "solver", "problem", "least_squares", "estimator", "neupy", "train_step")
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
        import copy

        return copy.deepcopy(self._make)


def subject(thing, kind=None, name=None):
    """The Subject for this thing. Raises TypeError for what cannot be called in any known way."""
    if isinstance(thing, Subject):
        return thing
    kind = kind or guess(thing)
    if kind not in KINDS:
        raise ValueError(f"kind = {kind!r}: expected one of {', '.join(KINDS)}")
    if kind in ("neupy", "train_step"):
        from . import trainers

        made = trainers.Neupy if kind == "neupy" else trainers.TrainStep
        return made(thing, name)
    if kind == "problem":
        made = ProblemSteps if _returns_steps(thing) else ProblemSolver
        return made(thing, name)
    of = {"step": StepFunction, "solver": WholeSolver, "least_squares": ScipySolver}
    return of.get(kind, Estimator)(thing, name)


def guess(thing):
    """The kind of a thing, from its methods and the names of its parameters."""
    if hasattr(thing, "one_training_update"):
        return "neupy"
    if hasattr(thing, "fit"):
        return "estimator"
    if not callable(thing):
        raise TypeError(f"{thing!r} is a {type(thing).__name__}: expected a step function, a solver "
                        "or a thing with fit")  # fmt: skip
    names = parameter_names(thing)
    if _inner(thing) is least_squares or names[:2] == ["fun", "x0"]:
        return "least_squares"
    if names and names[0] in ("problem",):
        return "problem"
    if names and names[0] in ("model", "net", "network", "module") and len(names) >= 3:
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


def parameter_names(thing):
    """The names of a callable's positional parameters; those fixed by partial are left out."""
    return [p.name for p in _positional(thing)]


def _positional(thing):
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p for p in parameters if p.kind in kinds]


def _required(thing):
    return sum(p.default is p.empty for p in _positional(thing))


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
    last = None
    for _, last in zip(range(MOST_STEPS), returned, strict=False):
        pass
    return getattr(last, "next_theta", last)


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
