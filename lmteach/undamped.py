"""Gradient descent and Gauss-Newton as generators of Steps, each taken whatever F does."""

import math

from numpy.typing import ArrayLike

from . import entrance
from .checks import refuse_unknown
from .jacobians import NotFinite
from .primitives import Workspace, finite, frozen, inner
from .problems import Problem
from .stopping import Steps
from .trace import Step


def gradient_descent(
    problem: Problem, theta0: ArrayLike | Step, rate: float | None = None, *,
    max_steps: int | None = None, max_evaluations: int | None = None,
    target_loss: float | None = None, gtol: float | None = None, xtol: float | None = None,
    ftol: float | None = None, **unknown,
) -> Steps:  # fmt: skip
    """Gradient descent: h = −η g, always taken, also where F rises; its Steps carry μ = 1/η.

    Parameters: `theta0`, (P,), or a Step to go on from; `rate`, η > 0; the limits of
    `stopping.Options`. Yields a Step for every trial; returns the Stop. Raises ValueError or
    TypeError for bad input.
    """
    refuse_unknown(gradient_descent, unknown)
    rate = entrance.learning_rate(rate)
    limits = dict(
        max_steps=max_steps, max_evaluations=max_evaluations, target_loss=target_loss, gtol=gtol,
        xtol=xtol, ftol=ftol,
    )  # fmt: skip
    return _undamped(problem, theta0, 1 / rate, lambda here: -rate * here.g, limits)


def gauss_newton(
    problem: Problem, theta0: ArrayLike | Step, *, max_steps: int | None = None,
    max_evaluations: int | None = None, target_loss: float | None = None,
    gtol: float | None = None, xtol: float | None = None, ftol: float | None = None, **unknown,
) -> Steps:  # fmt: skip
    """Gauss-Newton: the h of least norm that minimizes ½‖r + Jh‖², always taken; μ = 0.

    Parameters: `theta0`, (P,), or a Step to go on from; the limits of `stopping.Options`. Yields a
    Step for every trial, also where F rises; returns the Stop. Raises ValueError or TypeError for
    bad input.
    """
    refuse_unknown(gauss_newton, unknown)
    limits = dict(
        max_steps=max_steps, max_evaluations=max_evaluations, target_loss=target_loss, gtol=gtol,
        xtol=xtol, ftol=ftol,
    )  # fmt: skip
    return _undamped(problem, theta0, 0.0, lambda here: here.step(0), limits)


def _undamped(problem, theta0, mu, propose, limits):
    """Check the input, and return the generator of steps that are taken whatever F does."""
    theta, k, before = entrance.start(problem, theta0)
    options = entrance.options_for(problem, before, limits)
    return _take_all(problem, theta, mu, propose, options, k)


def _take_all(problem, theta, mu, propose, options, k):
    work, seen, first = Workspace(), problem.evaluate(theta), problem.n_residuals
    here = seen.linearize(work)
    while not (stop := options.before(here, k, mu, problem.n_residuals - first)):
        h = frozen(propose(here))
        predicted = inner(h, mu * h - here.g) / 2
        trial_theta = frozen(seen.theta + h)
        trial = problem.evaluate(trial_theta) if finite(trial_theta) else None
        trial_loss = trial.loss if trial else math.nan
        rho = (here.loss - trial_loss) / predicted if predicted > 0 else math.nan
        there, why = _linearized(trial, seen, work)
        accepted = there is not None
        step = Step(
            k=k, theta=seen.theta, loss=here.loss, r=here.r, g=here.g, mu=mu, h=h,
            acceleration=None, delta_theta=h, trial_theta=trial_theta, trial_loss=trial_loss,
            predicted=predicted, rho=rho, accepted=accepted, why=why, damping=None, scale=None,
            next_mu=mu, next_damping=None, options=options, problem=problem,
        )  # fmt: skip
        yield step
        if accepted:
            seen, here = trial, there
        if stop := options.after(step):
            break
        k += 1
    return stop.at(seen, here)


def _linearized(trial, seen, work):
    """(The Linearization at a trial, None where it is refused; why)."""
    if trial is None or not math.isfinite(trial.loss):
        return None, "F is not finite there"
    try:
        return trial.linearize(work), "taken whatever F does"
    except NotFinite:
        seen.linearize(work)  # the buffers hold again what they held
        return None, "J is not finite there"
