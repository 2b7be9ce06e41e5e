"""`solve`: a run that can be trusted, composed of stages, with an honest word about how it ended."""

import math
import sys
from contextlib import nullcontext

import numpy as np

from .checks import as_finite, flag, frozen, instance, one_of, positive, refuse_unknown
from .data import refuse_missing_start
from .primitives import finite, inner
from .problems import Evaluation, Problem
from .solvers import gauss_newton, gradient_descent, levenberg_marquardt
from .trace import Step, Trace

METHODS = {"lm": levenberg_marquardt, "gd": gradient_descent, "gn": gauss_newton}
NAMES = {"lm": "Levenberg-Marquardt", "gd": "gradient descent", "gn": "Gauss-Newton"}
RIGHT_ANGLE = 1e-3  # success needs max_j |cos(J_j, r)| at or below this,
NOTHING_LEFT = 1e-20  # or F at or below this part of F(θ₀)
LARGEST_EXPONENT = 64  # beyond 2^±64, μ or g² might leave the range of mu_max or of floats
POLISH_STEPS, SHRINK = 50, 0.9
POLISH_BYTES = 2**26  # of J, which is taken apart as a whole
DOUBLE = sys.float_info.epsilon
SINGLE_XTOL = 1e-7  # in float32 a network does not notice a smaller change of θ


def solve(
    problem, theta0=None, method="lm", *, mu=None, damping=None, scaling=None, geodesic=None, rate=None,
    max_steps=None, target_loss=None, gtol=None, xtol=None, ftol=None, mu_max=None, plain=False,
    history="all", progress=None, **unknown,
):  # fmt: skip
    """Run a solver from θ₀, (P,), to its end, and return the Trace: θ, F, success, and a message.

    `method`: "lm", "gd" (needs `rate`) or "gn"; the options that are None are the solver's own
    defaults. Around "lm" stand, unless `plain`: division of r by a power of two where its squares
    would leave the floating-point range, geodesic acceleration, and a Gauss-Newton polish of the
    last digits; with a generalized loss none of them, because J is not ∂r/∂θ there, nor in float32,
    which has no last digits and stops at xtol = 1e-7. `history`: "all" (arrays up to 64 MB),
    "light" (scalars) or n (arrays of the last n trials). `progress`: True or False for a bar; None
    shows one in notebooks when a run takes over two seconds.

    Success means: stopped by gradient, step or loss, and F ≤ 1e-20·F(θ₀), or in float32 F down to
    the rounding of Y, or r at right angles to the columns of J (cosine ≤ 1e-3). Raises ValueError
    or TypeError for bad input.
    """
    refuse_unknown(solve, unknown)
    instance("problem", problem, Problem, "a LeastSquares, CurveFit or NetworkFit")
    careful = one_of("method", method, METHODS) == "lm" and not flag("plain", plain)
    progress = None if progress is None else flag("progress", progress)
    if isinstance(theta0, Step):
        expected = "expected θ, such as step.theta; from a Step, levenberg_marquardt goes on"
        raise TypeError(f"theta0 is a Step: {expected}")
    if theta0 is None:
        refuse_missing_start(problem)
    theta0 = as_finite("theta0", theta0, 1, problem.n_parameters and (problem.n_parameters,))
    options = _given(
        method, mu=mu, damping=damping, scaling=scaling, geodesic=geodesic, rate=rate,
        max_steps=max_steps, target_loss=target_loss, gtol=gtol, xtol=xtol, ftol=ftol, mu_max=mu_max,
    )  # fmt: skip
    options, careful = _for_problem(problem, careful, options)
    counts = problem.n_residuals, problem.n_jacobians
    exponent = _exponent(problem.residual(theta0)) if careful else 0
    run = Divided(problem, 2.0**exponent) if exponent else problem
    options = _divided(options, exponent) if exponent else options
    first_loss = run.loss(theta0)
    steps = METHODS[method](run, theta0, **options)
    trace = Trace(theta0.copy(), problem.loss(theta0), history)
    with _bar(progress) as bar:
        stop = _follow(steps, trace, bar, exponent, problem)
    variant = " with geodesic acceleration" if options.get("geodesic") else ""
    stages = [f"{NAMES[method]}{variant} ({_count(len(trace), 'trial')})"]
    if careful and stop.kind in ("gradient", "step", "loss"):
        polish = _polish(run, trace.theta, len(trace))
        stages += [f"polish ({_count(len(polish), 'step')})"] * bool(polish)
        for step in polish:
            trace.add(_multiplied(step, exponent, problem))
    trace.success, trace.message = _verdict(problem, run, trace, first_loss, stop, stages)
    trace.n_residuals = problem.n_residuals - counts[0]
    trace.n_jacobians = problem.n_jacobians - counts[1]
    return trace


ONLY = {  # options that not every method has
    "lm": ("mu", "damping", "scaling", "geodesic", "mu_max"),
    "gd": ("rate",),
    "gn": (),
}


def _given(method, **options):
    """The options that are not None; TypeError for those that belong to another method."""
    given = {name: value for name, value in options.items() if value is not None}
    for other, names in ONLY.items():
        for name in given.keys() & set(names) if other != method else ():
            expected = f"expected only with {NAMES[other]}"
            raise TypeError(f"{name} = {given[name]!r}: {expected}")
    return given


def _for_problem(problem, careful, options):
    """(options, whether r is divided and the end polished): what suits the problem, unless told otherwise."""
    if careful and problem.eps > DOUBLE:
        return {"xtol": SINGLE_XTOL, **options}, False
    if careful and not problem.generalized:
        return {"geodesic": True, **options}, True
    return options, False


def _follow(steps, trace, bar, exponent, problem):
    """Record the steps, in the caller's units, to the generator's end; its Stop."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        trace.add(_multiplied(step, exponent, problem) if exponent else step)
        if bar is not None:
            bar.set_postfix_str(f"F = {trace.loss:.3g}", refresh=False)
            bar.update()


def _polish(problem, theta, k):
    """Gauss-Newton steps by column-scaled least squares, each ≤ 0.9 of the last; none if F or cosine grow."""
    here = first = problem.linearize(theta)
    steps, last = [], math.inf
    while len(steps) < POLISH_STEPS and len(here.r) * len(theta) * 8 <= POLISH_BYTES:
        norms = np.where(here.column_norms > 0, here.column_norms, 1.0)
        scaled_h = np.linalg.lstsq(here.J / norms, -here.r, rcond=None)[0]
        size, h = np.linalg.norm(scaled_h), scaled_h / norms
        if not 0 < size <= SHRINK * last or not finite(theta + h):
            break
        step = _polish_step(problem, here, theta, h, k + len(steps))
        if not step.accepted:
            break
        steps.append(step)
        theta, last = step.trial_theta, size
        here = problem.linearize(theta)
    return steps if here.loss <= first.loss and here.cosine() <= first.cosine() else []


def _polish_step(problem, here, theta, h, k):
    theta, h, trial_theta = frozen(theta), frozen(h), frozen(theta + h)
    trial_loss, predicted = problem.loss(trial_theta), float(-h @ here.g) / 2
    rho = (here.loss - trial_loss) / predicted if predicted > 0 else math.nan
    return Step(
        k=k, theta=theta, loss=here.loss, r=here.r, g=here.g, mu=0.0, h=h, acceleration=None,
        delta_theta=h, trial_theta=trial_theta, trial_loss=trial_loss, predicted=predicted, rho=rho,
        accepted=math.isfinite(trial_loss), why="polish", damping=None, scale=None, next_mu=0.0,
        next_damping=None, problem=problem,
    )  # fmt: skip


def _verdict(problem, run, trace, first_loss, stop, stages):
    """(success, message): whether the end is a minimum as far as first derivatives can tell, in words with numbers."""
    here = run.linearize(trace.theta)
    cosine, tail = here.cosine(), f" Stages: {', '.join(stages)}."
    if trace.faded:
        tail += f" History: {trace.faded} of {len(trace)} trials without arrays."
    numbers = f"F {trace.losses[0]:.3g} → {trace.loss:.3g}, max |cos(J_j, r)| = {cosine:.1e}"
    if stop.kind not in ("gradient", "step", "loss", "target"):
        return False, f"Not finished: {stop.words}. {numbers}.{tail}"
    gone = here.loss <= max(NOTHING_LEFT * first_loss, problem.rounding)
    if not gone and not here.column_norms.any():
        return (
            False,
            f"r does not depend on θ here: minimum or plateau, cannot tell. F = {trace.loss:.3g}.{tail}",
        )
    if not gone and cosine > RIGHT_ANGLE:
        return False, f"Stopped, not at a minimum: {stop.words}. {numbers}.{tail}"
    if doubt := problem.verify(trace.theta):
        return False, f"Stopped ({stop.words}), but {doubt} {numbers}.{tail}"
    return True, f"Converged: {stop.words}. {numbers}.{tail}"


class Divided(Problem):
    """A problem with r and J divided by a unit: the same θ, h and ρ; F is ½ rᵀr."""

    def __init__(self, problem, unit):
        super().__init__()
        self._problem, self._unit = problem, unit
        self.n_parameters, self.redundant = problem.n_parameters, problem.redundant

    def evaluation(self, theta):
        """Return the Evaluation with r divided."""
        seen = self._problem.evaluate(theta)
        r = frozen(seen.r / self._unit)
        return Evaluation(theta, r, inner(r, r) / 2, self, seen)

    def linearization(self, seen, work=None):
        """Return the Linearization with r and J divided."""
        whole = seen.inside
        whole.problem.n_jacobians += 1
        return whole.problem.linearization(whole, work).divided(self._unit)

    def verify(self, theta):
        """Return what the problem itself says of its J."""
        return self._problem.verify(theta)


def _exponent(r):
    """The power of two next to ‖r‖, where squares of r are in danger; else 0."""
    largest = np.abs(r).max()
    exponent = math.frexp(largest)[1] if math.isfinite(largest) else 0
    return exponent if abs(exponent) > LARGEST_EXPONENT else 0


def _divided(options, exponent):
    """Options that are squares of r's unit, divided by that unit's square."""
    squares = {}
    for name, least in (
        ("mu", sys.float_info.min),
        ("target_loss", 0.0),
        ("mu_max", sys.float_info.min),
    ):
        if options.get(name) is not None:
            value = _squared(positive(name, options[name], or_zero=least == 0), -exponent)
            squares[name] = min(max(value, least), sys.float_info.max)
    return {**options, **squares}


def _multiplied(step, exponent, problem):
    """A step of a Divided problem in the caller's units."""
    names = ("loss", "g", "mu", "next_mu", "trial_loss", "predicted")
    squares = {name: _squared(getattr(step, name), exponent) for name in names}
    return step._replace(**squares, r=np.ldexp(step.r, exponent), problem=problem)


def _squared(value, exponent):
    """value · 4^exponent, infinite or 0 beyond the range."""
    with np.errstate(over="ignore", under="ignore"):
        scaled = np.ldexp(value, 2 * exponent)
    return scaled if isinstance(value, np.ndarray) else float(scaled)


def _count(n, what):
    return f"{n} {what}{'s' * (n != 1)}"


def _bar(progress):
    """A progress bar, or nothing."""
    if not (progress is None and "ipykernel" in sys.modules or progress):
        return nullcontext()
    from tqdm.auto import tqdm

    return tqdm(unit=" trials", leave=False, delay=2 if progress is None else 0)
