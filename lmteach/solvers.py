"""Levenberg-Marquardt as a generator of Steps: the trial, the verdict and the next μ."""

import math

import numpy as np
from numpy.typing import ArrayLike

from . import entrance
from .bounds import start_in_box
from .checks import refuse_unknown
from .damping import DampingRule, Nielsen, updated
from .jacobians import NotFinite
from .primitives import Workspace, finite, frozen, norm
from .problems import Problem
from .stopping import Steps
from .trace import Step

LONGEST = np.finfo(float).max ** 0.5  # column of J that has a square
ALPHA = 0.1  # the geodesic term looks this far along h


def levenberg_marquardt(
    problem: Problem, theta0: ArrayLike | Step, mu: float | None = None,
    damping: DampingRule | None = None, *, scaling: str | None = None,
    geodesic: bool | float | None = None, max_steps: int | None = None,
    max_evaluations: int | None = None, target_loss: float | None = None,
    gtol: float | None = None, xtol: float | None = None, ftol: float | None = None,
    mu_max: float | None = None, bounds: tuple | None = None, **unknown,
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
    theta, k, before = entrance.start(problem, theta0)
    given = dict(
        scaling=scaling, geodesic=geodesic, max_steps=max_steps, max_evaluations=max_evaluations,
        target_loss=target_loss, gtol=gtol, xtol=xtol, ftol=ftol, mu_max=mu_max,
    )  # fmt: skip
    options = entrance.options_for(problem, before, given)
    mu, damping = entrance.damping_of(mu, damping)
    if before is None or before.damping is None:  # a θ, or a step that no μ led to
        return _levenberg_marquardt(problem, theta, mu, damping or Nielsen(), options, k)
    unchanged = mu is None and damping is None and options == before.options
    if unchanged and (stop := options.after(before)):
        return entrance.ended(stop)
    mu, damping = mu or before.next_mu, damping or before.next_damping
    return _levenberg_marquardt(problem, theta, mu, damping, options, k, before.scale)


def _levenberg_marquardt(problem, theta, mu, damping, options, k, D=None):
    work, seen, first = Workspace(), problem.evaluate(theta), problem.n_residuals
    here = seen.linearize(work)
    D = _scale(options.scaling, here, D)
    mu = _first_mu(here, D) if mu is None else mu
    while True:
        if stop := options.before(here, k, mu, problem.n_residuals - first):
            return stop.at(seen, here)
        h, a, predicted, refusal = _damped_step(problem, here, seen.theta, mu, D, options)
        delta_theta = h if a is None else frozen(h + a / 2)
        trial_theta = frozen(seen.theta + delta_theta)
        if problem.moved:
            trial_theta = problem.moved(seen.theta, delta_theta)
        trial, there, why = _trial(problem, seen, trial_theta, refusal, work)
        trial_loss = trial.loss if trial else math.nan
        accepted = there is not None
        rho = (here.loss - trial_loss) / predicted if predicted > 0 else math.nan
        next_mu, next_damping = updated(damping, mu, rho, accepted)
        step = Step(
            k=k, theta=seen.theta, loss=here.loss, r=here.r, g=here.g, mu=mu, h=h, acceleration=a,
            delta_theta=delta_theta, trial_theta=trial_theta, trial_loss=trial_loss,
            predicted=predicted, rho=rho, accepted=accepted, why=why, damping=damping, scale=D,
            next_mu=next_mu, next_damping=next_damping, options=options, problem=problem,
        )  # fmt: skip
        yield step
        if accepted:
            seen, here = trial, there
            D = None if D is None else _scale(options.scaling, here, D)
        if stop := options.after(step):
            return stop.at(seen, here)
        mu, damping, k = next_mu, next_damping, k + 1


def _damped_step(problem, here, theta, mu, D, options):
    """(h, acceleration, predicted decrease, why it is refused before F is looked at)."""
    try:
        damped = here.system(mu, D)
    except np.linalg.LinAlgError as error:
        h = frozen(np.full_like(theta, math.nan))
        return h, None, math.nan, str(error)
    h, predicted = frozen(damped.h), damped.predicted
    if not math.isfinite(predicted):
        return h, None, predicted, "the step is not finite"
    if not options.geodesic:
        return h, None, predicted, None
    return h, *_acceleration(problem, here, theta, damped, D, options.most_curved)


def _acceleration(problem, here, theta, damped, D, most):
    """(a, predicted, refusal): a = −solve(f″), f″ ≈ (2/α²)(r(θ + αh) − r − Jαh)."""
    h, predicted = damped.h, damped.predicted
    part = ALPHA * h
    on_the_way = frozen(theta + part)
    if not finite(on_the_way) or not finite(ahead := problem.evaluation(on_the_way).r):
        return None, predicted, "r is not finite on the way to θ + h"
    bent = ahead - here.r - here.Jv(part)
    a = frozen(-2 / ALPHA**2 * damped.solve(bent))
    D = 1 if D is None else D
    straight = norm(D * a) <= most * norm(D * h)
    return a, predicted, None if straight else "the path is too curved for this h"


def _trial(problem, seen, trial_theta, refusal, work):
    """(Evaluation at the trial θ, the Linearization there if it is accepted, why)."""
    if refusal is None and not finite(trial_theta):
        refusal = "θ + Δθ is not finite"
    if refusal:
        return None, None, refusal
    trial = problem.evaluation(trial_theta)
    if not trial.loss < seen.loss:
        finite_loss = math.isfinite(trial.loss)
        return trial, None, "F would not fall" if finite_loss else "F is not finite there"
    try:
        return trial, trial.linearize(work), "F falls"
    except NotFinite:
        seen.linearize(work)  # the buffers hold again what they held
        return trial, None, "J is not finite there"


def _scale(kind, here, before):
    """D: None for I, ‖J_j‖ (Marquardt) or the largest ‖J_j‖ so far (Moré); 1 where ‖J_j‖ = 0."""
    if kind == "identity":
        return None
    norms = np.minimum(here.column_norms, LONGEST)
    norms[norms == 0] = 1.0
    if kind == "more" and before is not None:
        norms = np.maximum(norms, before)
    return frozen(norms)


def _first_mu(here, D):
    """1e-3 · max diag(JᵀJ), in units of D²; 1e-3 if J is zero, or its squares are infinite."""
    with np.errstate(invalid="ignore", over="ignore"):
        largest = float(np.max(here.column_norms if D is None else here.column_norms / D) ** 2)
    return 1e-3 * (largest if 0 < largest < math.inf else 1.0)
