"""Gradient descent, Gauss-Newton and Levenberg-Marquardt as generators of Steps."""

import math
from collections.abc import Generator

import numpy as np

from .bounds import start_in_box
from .checks import as_finite, frozen, instance, not_finite, positive, refuse_unknown
from .damping import Nielsen
from .linearization import Workspace
from .primitives import finite, inner, norm
from .problems import NotFinite, Problem
from .stopping import Options, Stop
from .trace import Step

Steps = Generator[Step, None, Stop]
ALPHA = 0.1  # the geodesic term looks this far along h


def levenberg_marquardt(
    problem, theta0, mu=None, damping=None, *, scaling=None, geodesic=None, max_steps=None,
    max_evaluations=None, target_loss=None, gtol=None, xtol=None, ftol=None, mu_max=None,
    bounds=None, **unknown,
) -> Steps:  # fmt: skip
    """Levenberg-Marquardt: solve (JᵀJ + μD²) h = −g, and keep θ + h if F falls there.

    Parameters: `theta0`, (P,), or a Step to go on from; then what is None is as in that step, and
    without any override the run goes on bit for bit as it did. `mu` > 0, of the first trial:
    1e-3·max diag(JᵀJ) unless given. `damping`, the rule that chooses the next μ: Nielsen() unless
    given. `scaling`: D = I ("identity", unless given), ‖J_j‖ ("marquardt"), or the largest ‖J_j‖ so
    far ("more"). `geodesic`: True for the displacement h + ½a with the geodesic acceleration a, or
    the largest ‖Da‖/‖Dh‖ that is not refused (0.375).
    `bounds`: (lower, upper), for θ to stay between. The limits are those of `stopping.Options`.

    Yields a Step for every trial; the generator returns the Stop that says why it ended. Raises
    ValueError or TypeError for bad input. Sources: Levenberg (1944), Marquardt (1963); Moré (1978)
    for "more"; Transtrum & Sethna (2012) for the geodesic term.
    """
    refuse_unknown(levenberg_marquardt, unknown)
    problem, theta0 = start_in_box(problem, theta0, bounds)
    theta, k, before = _start(problem, theta0)
    options = _options_before(problem, before).but(
        scaling=scaling, geodesic=geodesic, max_steps=max_steps, max_evaluations=max_evaluations,
        target_loss=target_loss, gtol=gtol, xtol=xtol, ftol=ftol, mu_max=mu_max,
    )  # fmt: skip
    if options.geodesic and problem.generalized:
        expected = "expected False, since J is not the derivative of r there"
        raise ValueError(f"geodesic = {options.geodesic} with a generalized loss: {expected}")
    mu = None if mu is None else positive("mu", mu)
    damping = None if damping is None else _rule(damping)
    if before is None or before.damping is None:  # a θ, or a step that no μ led to
        return _levenberg_marquardt(problem, theta, mu, damping or Nielsen(), options, k)
    unchanged = mu is None and damping is None and options == before.options
    if unchanged and (stop := options.after(before)):
        return _ended(stop)
    mu, damping = mu or before.next_mu, damping or before.next_damping
    return _levenberg_marquardt(problem, theta, mu, damping, options, k, before.scale)


def _levenberg_marquardt(problem, theta, mu, damping, options, k, D=None):
    work, seen, first = Workspace(), problem.evaluate(theta), problem.n_residuals
    here = seen.linearize(work)
    while True:
        if options.scaling != "identity":
            D = _scale(options.scaling, here, D)
        mu = _first_mu(here, D) if mu is None else mu
        if stop := options.before(here, k, mu, problem.n_residuals - first):
            return stop.at(seen, here)
        h, a, predicted, refusal = _damped_step(problem, here, seen.theta, mu, D, options)
        delta_theta = h if a is None else frozen(h + a / 2)
        trial_theta = problem.moved(seen.theta, delta_theta)
        trial, there, why = _trial(problem, seen, trial_theta, refusal, work)
        trial_loss, accepted = trial.loss if trial else math.nan, there is not None
        rho = (here.loss - trial_loss) / predicted if predicted > 0 else math.nan
        next_mu, next_damping = damping.update(mu, rho, accepted)
        if not next_mu > 0:
            raise ValueError(f"{damping!r}.update gave μ = {next_mu!r}: expected a number > 0")
        step = Step(
            k=k, theta=seen.theta, loss=here.loss, r=here.r, g=here.g, mu=mu, h=h, acceleration=a,
            delta_theta=delta_theta, trial_theta=trial_theta, trial_loss=trial_loss,
            predicted=predicted, rho=rho, accepted=accepted, why=why, damping=damping, scale=D,
            next_mu=next_mu, next_damping=next_damping, options=options, problem=problem,
        )  # fmt: skip
        yield step
        if accepted:
            seen, here = trial, there
        if stop := options.after(step):
            return stop.at(seen, here)
        mu, damping, k = next_mu, next_damping, k + 1


def _damped_step(problem, here, theta, mu, D, options):
    """(h, acceleration, predicted decrease, why it is refused before F is looked at)."""
    try:
        damped = here.damped(mu, D)
    except np.linalg.LinAlgError as error:
        return frozen(np.full_like(theta, math.nan)), None, math.nan, str(error)
    h, predicted = frozen(damped.h), damped.predicted
    if not math.isfinite(predicted):
        return h, None, predicted, "the step is not finite"
    if not options.geodesic:
        return h, None, predicted, None
    return h, *_acceleration(problem, here, theta, damped, D, options.most_curved)


def _acceleration(problem, here, theta, damped, D, most):
    """(a, predicted, refusal): a = −solve(f″), f″ ≈ (2/α)((r(θ + αh) − r)/α − Jh)."""
    h, predicted = damped.h, damped.predicted
    on_the_way = frozen(theta + ALPHA * h)
    if not finite(on_the_way) or not finite(ahead := problem.residual(on_the_way)):
        return None, predicted, "r is not finite on the way to θ + h"
    second = 2 / ALPHA * ((ahead - here.r) / ALPHA - here.Jv(h))
    a = frozen(-damped.solve(second))
    D = 1 if D is None else D
    curved = not norm(D * a) <= most * norm(D * h)
    return a, predicted, "the path is too curved for this h" if curved else None


def _trial(problem, seen, trial_theta, refusal, work):
    """(Evaluation at the trial θ, the Linearization there if it is accepted, why)."""
    if refusal is None and not finite(trial_theta):
        refusal = "θ + Δθ is not finite"
    if refusal:
        return None, None, refusal
    trial = problem.evaluate(trial_theta)
    if not trial.loss < seen.loss:
        finite_loss = math.isfinite(trial.loss)
        return trial, None, "F would not fall" if finite_loss else "F is not finite there"
    try:
        return trial, trial.linearize(work), "F falls"
    except NotFinite:
        seen.linearize(work)  # the buffers hold again what they held
        return trial, None, "J is not finite there"


def gradient_descent(
    problem, theta0, rate=None, *, max_steps=None, max_evaluations=None, target_loss=None,
    gtol=None, xtol=None, ftol=None, **unknown,
) -> Steps:  # fmt: skip
    """Gradient descent: h = −η g, always taken, also where F rises; its Steps carry μ = 1/η.

    Parameters: `theta0`, (P,), or a Step to go on from; `rate`, η > 0; the limits of
    `stopping.Options`. Yields a Step for every trial; returns the Stop. Raises ValueError or
    TypeError for bad input.
    """
    refuse_unknown(gradient_descent, unknown)
    if rate is None:
        raise TypeError("rate is missing: expected a learning rate η > 0, such as rate=0.01")
    rate = positive("rate", rate)
    limits = dict(
        max_steps=max_steps, max_evaluations=max_evaluations, target_loss=target_loss, gtol=gtol,
        xtol=xtol, ftol=ftol,
    )  # fmt: skip
    return _undamped(problem, theta0, 1 / rate, lambda here: -rate * here.g, limits)


def gauss_newton(
    problem, theta0, *, max_steps=None, max_evaluations=None, target_loss=None, gtol=None,
    xtol=None, ftol=None, **unknown,
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
    theta, k, before = _start(problem, theta0)
    options = _options_before(problem, before).but(**limits)
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
        accepted = math.isfinite(trial_loss)
        why = "taken whatever F does" if accepted else "F is not finite there"
        step = Step(
            k=k, theta=seen.theta, loss=here.loss, r=here.r, g=here.g, mu=mu, h=h,
            acceleration=None, delta_theta=h, trial_theta=trial_theta, trial_loss=trial_loss,
            predicted=predicted, rho=rho, accepted=accepted, why=why, damping=None, scale=None,
            next_mu=mu, next_damping=None, options=options, problem=problem,
        )  # fmt: skip
        yield step
        if stop := options.after(step):
            break
        seen, k = trial, k + 1
        here = seen.linearize(work)
    return stop


def _start(problem, theta0):
    """(θ, the number of the next trial, the Step before it if there is one)."""
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


def _options_before(problem, before):
    """Those of the Step before; else the defaults, where 0 is no target for an F of any sign."""
    if before and before.options:
        return before.options
    return Options(target_loss=-math.inf) if problem.generalized else Options()


def _ended(stop):
    """A generator of no steps that returns the Stop."""
    return stop
    yield


def _rule(damping):
    if isinstance(damping, type) or not callable(getattr(damping, "update", None)):
        expected = "expected a rule, such as Nielsen() or Factor(10)"
        raise TypeError(f"damping is {damping!r}: {expected}")
    return damping


def _scale(kind, here, before):
    """D: ‖J_j‖ (Marquardt) or the largest ‖J_j‖ so far (Moré); 1 for a column of zeros."""
    norms = here.column_norms
    if kind == "more" and before is not None:
        norms = np.maximum(norms, before)
    return frozen(np.where(norms > 0, norms, 1.0))


def _first_mu(here, D):
    """1e-3 · max diag(JᵀJ), in units of D²; 1e-3 if J is zero."""
    norms = here.column_norms if D is None else here.column_norms / D
    return 1e-3 * float(norms.max() ** 2 or 1)
