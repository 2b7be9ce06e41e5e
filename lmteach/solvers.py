"""Gradient descent, Gauss-Newton and Levenberg-Marquardt as generators of Steps: the loop is the lesson."""

import math

import numpy as np

from .checks import as_finite, frozen, instance, positive
from .damping import Nielsen
from .linearization import Workspace
from .primitives import finite
from .problems import Problem
from .stopping import Stop, options_from
from .trace import Step

ALPHA = 0.1  # the geodesic term looks this far along h
TOO_CURVED = (
    0.75  # a trial is refused where 2‖Da‖ is more than this of ‖Dh‖ (Transtrum & Sethna, 2012)
)


def levenberg_marquardt(problem, start, mu=None, damping=None, **options):
    """Levenberg-Marquardt: solve (JᵀJ + μD²) h = −g, keep θ + h if F falls there, and let `damping` choose the next μ.

    `start` is θ, (P,), or a Step to go on from; what is not given comes from that step, and without an override the
    run goes on bit for bit as it did. From a θ, `mu` is 1e-3·max diag(JᵀJ) and `damping` is Nielsen() unless given.
    `options`: `scaling` ("identity", "marquardt" or "more"), `geodesic` (False) and the limits of
    `stopping.Options`. Yields a Step for every trial; the generator's return value is the Stop that says why it
    ended. Raises ValueError or TypeError for bad input. Sources: Levenberg (1944), Marquardt (1963).
    """
    theta, k, options = _start(problem, start, options)
    if options.geodesic and problem.generalized:
        raise ValueError(
            "geodesic = True with cross-entropy: expected False, since J is not the derivative of r there"
        )
    mu = None if mu is None else positive("mu", mu)
    damping = None if damping is None else _rule(damping)
    if not isinstance(start, Step) or start.damping is None:  # a θ, or a step that no μ led to
        return _levenberg_marquardt(problem, theta, mu, damping or Nielsen(), None, k, options)
    next_mu, next_rule = start.damping.update(start.mu, start.rho, start.accepted)
    unchanged = mu is None and damping is None and options == start.options
    before = start if unchanged else None
    return _levenberg_marquardt(
        problem, theta, mu or next_mu, damping or next_rule, start.scale, k, options, before
    )


def _levenberg_marquardt(problem, theta, mu, damping, scale, k, options, step=None):
    work = Workspace()
    here = problem.linearize(theta, work)
    while step is None or not (stop := _ended(options, step)):
        scale = _scale(options.scaling, here, scale)
        mu = _first_mu(here, scale) if mu is None else mu
        if stop := options.before(here, k, mu):
            break
        step = _trial(problem, here, theta, k, mu, damping, scale, options)
        yield step
        mu, damping = damping.update(mu, step.rho, step.accepted)
        if step.accepted:
            theta = step.trial_theta
            here = problem.linearize(theta, work)
        k += 1
    return stop


def _trial(problem, here, theta, k, mu, damping, scale, options):
    """One trial: the damped step from here, and whether F falls there."""
    h, acceleration, predicted, refusal = _proposal(
        problem, here, theta, mu, scale, options.geodesic
    )
    delta_theta = h if acceleration is None else frozen(h + acceleration / 2)
    trial_theta = frozen(theta + delta_theta)
    trial_loss = math.nan if refusal else float(problem.loss(trial_theta, check=False))
    rho = (here.loss - trial_loss) / predicted if predicted > 0 else math.nan
    accepted = trial_loss < here.loss
    why = refusal or (
        "F falls"
        if accepted
        else "F would not fall"
        if math.isfinite(trial_loss)
        else "F is not finite there"
    )
    return Step(
        k, theta, here.loss, here.r, here.g, mu, h, acceleration, delta_theta, trial_theta, trial_loss,
        predicted, rho, accepted, why, damping, scale, options, problem,
    )  # fmt: skip


def _proposal(problem, here, theta, mu, scale, geodesic):
    """(h, acceleration, predicted decrease, why it is refused before F is looked at)."""
    try:
        damped = here.damped(mu, scale)
    except np.linalg.LinAlgError as error:
        return frozen(np.full_like(theta, math.nan)), None, math.nan, str(error)
    h = frozen(damped.h)
    if not math.isfinite(damped.predicted):
        return h, None, damped.predicted, "the step is not finite"
    if not geodesic:
        return h, None, damped.predicted, None
    # f″ ≈ (2/α) ((r(θ + αh) − r)/α − Jh), and a solves the same damped system for it.
    ahead = problem.residual(theta + ALPHA * h)
    if not finite(ahead):
        return h, None, damped.predicted, "r is not finite on the way to θ + h"
    a = frozen(-damped.solve(2 / ALPHA * ((ahead - here.r) / ALPHA - here.Jv(h))))
    D = 1 if scale is None else scale
    curved = not 2 * np.linalg.norm(D * a) <= TOO_CURVED * np.linalg.norm(D * h)
    return h, a, damped.predicted, "the path is too curved for this h" if curved else None


def gradient_descent(problem, start, rate, **options):
    """Gradient descent: h = −η g, always taken, also where F rises; its Steps carry μ = 1/η.

    `start` is θ, (P,), or a Step to go on from; `rate` is η > 0; `options` are the limits of `stopping.Options`.
    Yields a Step for every trial; returns the Stop. Raises ValueError or TypeError for bad input.
    """
    positive("rate", rate)
    return _undamped(
        problem, *_start(problem, start, _limits(options)), 1 / rate, lambda here: -rate * here.g
    )


def gauss_newton(problem, start, **options):
    """Gauss-Newton: h of minimum norm that minimizes ½‖r + Jh‖², always taken, also where F rises; for its Steps
    μ = 0.

    `start` is θ, (P,), or a Step to go on from; `options` are the limits of `stopping.Options`. Yields a Step for
    every trial; returns the Stop. Raises ValueError or TypeError for bad input.
    """
    return _undamped(
        problem, *_start(problem, start, _limits(options)), 0.0, lambda here: here.step(0)
    )


def _undamped(problem, theta, k, options, mu, propose):
    """Steps that are taken whatever F does; the run ends where F is no longer finite."""
    work = Workspace()
    here = problem.linearize(theta, work)
    while not (stop := options.before(here, k, mu)):
        h = frozen(propose(here))
        trial_theta = frozen(theta + h)
        trial_loss = (
            float(problem.loss(trial_theta, check=False)) if finite(trial_theta) else math.nan
        )
        predicted = float(h @ (mu * h - here.g)) / 2
        rho = (here.loss - trial_loss) / predicted if predicted > 0 else math.nan
        accepted = math.isfinite(trial_loss)
        why = "taken whatever F does" if accepted else "F is not finite there"
        step = Step(
            k, theta, here.loss, here.r, here.g, mu, h, None, h, trial_theta, trial_loss,
            predicted, rho, accepted, why, None, None, options, problem,
        )  # fmt: skip
        yield step
        if stop := _ended(options, step):
            break
        theta, k = trial_theta, k + 1
        here = problem.linearize(theta, work)
    return stop


def _ended(options, step):
    """Why no trial should follow this step; None if one should."""
    if not step.accepted and (
        step.damping is None or step.damping.update(step.mu, step.rho, False)[0] == step.mu
    ):
        return Stop(
            "refused",
            f"trial {step.k} was refused ({step.why}), and nothing would change at the next one",
        )
    return options.after(step)


def _start(problem, start, options):
    """(θ, number of the next trial, Options) from a θ or from a Step."""
    instance("problem", problem, Problem, "a LeastSquares, CurveFit or NetworkFit")
    if isinstance(start, Step):
        if start.theta is None:
            raise ValueError(
                f"start is trial {start.k} of a light history, without its θ: expected a step with arrays"
            )
        return start.next_theta, start.k + 1, options_from(options, start.options)
    theta = frozen(
        np.array(as_finite("theta0", start, 1, problem.n_parameters and (problem.n_parameters,)))
    )
    if not finite(problem.residual(theta)):
        raise ValueError(
            "theta0: residual(theta0) is not finite; expected a start where every residual is a finite number"
        )
    return theta, 0, options_from(options)


def _limits(options):
    """Options for a method without damping, which neither scales nor bends its step."""
    for name in ("scaling", "geodesic"):
        if name in options:
            raise TypeError(f"{name} = {options[name]!r}: expected only with Levenberg-Marquardt")
    return options


def _rule(damping):
    if isinstance(damping, type) or not callable(getattr(damping, "update", None)):
        raise TypeError(f"damping is {damping!r}: expected a rule, such as Nielsen() or Factor(10)")
    return damping


def _scale(kind, here, before):
    """D: I (None), ‖J_j‖ (Marquardt) or the largest ‖J_j‖ so far (Moré); 1 for a column of zeros."""
    if kind == "identity":
        return None
    norms = here.column_norms
    if kind == "more" and before is not None:
        norms = np.maximum(norms, before)
    return frozen(np.where(norms > 0, norms, 1.0))


def _first_mu(here, scale):
    """1e-3 · max diag(JᵀJ), in units of D²; 1e-3 if J is zero."""
    norms = here.column_norms if scale is None else here.column_norms / scale
    return 1e-3 * float(norms.max() ** 2 or 1)
