"""What stands before a solver's first trial: θ₀ or the Step to go on from, options, the rule."""

import math

import numpy as np

from .checks import as_finite, instance, not_finite, positive
from .primitives import finite, frozen
from .problems import Problem
from .stopping import Options
from .trace import Step

DEFAULTS = Options()
NO_TARGET = Options(target_loss=-math.inf)  # where F may have any sign, 0 is none


def start(problem, theta0):
    """Return (θ, the number of the next trial, the Step before it if there is one)."""
    instance("problem", problem, Problem, "a Problem, such as LeastSquares or NetworkFit")
    if isinstance(theta0, Step):
        if theta0.theta is None:
            light = f"theta0 is trial {theta0.k} of a light history, without its θ"
            raise ValueError(f"{light}: expected a step with arrays")
        return theta0.next_theta, theta0.k + 1, theta0
    shape = problem.n_parameters and (problem.n_parameters,)
    theta = frozen(np.array(as_finite("theta0", theta0, 1, shape)))
    if not finite(r := problem.residual(theta)):
        expected = "expected a start where every residual is a finite number"
        came = not_finite(r, problem.place)
        raise ValueError(f"theta0: residual(theta0) is not finite; {expected}; {came}")
    return theta, 0, None


def options_for(problem, before, given):
    """Return the Options of the Step before, or the defaults, but for those that are given."""
    if before and before.options:
        options = before.options
    else:
        options = NO_TARGET if problem.generalized else DEFAULTS
    options = options.but(**given)
    if options.geodesic and problem.generalized:
        expected = "expected False, since J is not the derivative of r there"
        raise ValueError(f"geodesic = {options.geodesic} with a generalized loss: {expected}")
    return options


def damping_of(mu, damping):
    """Return (μ, rule) of a first trial, each None if it is; ValueError or TypeError otherwise."""
    mu = None if mu is None else positive("mu", mu)
    of_python = isinstance(damping, (type, dict, set))  # their `update` is no rule's
    is_rule = not of_python and callable(getattr(damping, "update", None))
    if damping is not None and not is_rule:
        expected = "expected a rule, such as Nielsen() or Factor(10)"
        raise TypeError(f"damping is {damping!r}: {expected}")
    return mu, damping


def learning_rate(rate):
    """Return η > 0; TypeError where none is given."""
    if rate is None:
        raise TypeError("rate is missing: expected a learning rate η > 0, such as rate=0.01")
    return positive("rate", rate)


def ended(stop):
    """Return a generator of no steps that returns the Stop."""
    return stop
    yield
