"""`solve`: a run that can be trusted, composed of stages, with an honest word about how it ended.

An *attempt* is Levenberg-Marquardt from θ₀ to a stop. Where that end is doubtful, an *escape* goes
on from a lower point that was found right beside it, and a *leap* takes full Gauss-Newton steps.
Where it is a minimum, a *polish* lifts the last digits. The *verdict* says whether it is one. If it
is none, a second attempt is made with another scaling; the better of the two is given.
"""

import math
import sys
from contextlib import nullcontext

import numpy as np
from numpy.typing import ArrayLike

from .bounds import boxed, on_face
from .checks import (
    as_finite,
    at_least,
    below,
    flag,
    instance,
    one_of,
    positive,
    refuse_unknown,
)
from .damping import DampingRule
from .data import refuse_missing_start
from .problems import Evaluation, Problem
from .solvers import levenberg_marquardt
from .stages import MOST_STEPS, leap, polish, taken
from .stopping import Options
from .trace import Step, Trace
from .uncertainty import uncertainty
from .undamped import gauss_newton, gradient_descent
from .verdict import (
    Verdict,
    is_rounding,
    is_whole,
    judged,
    judged_inside,
    run_away,
)

METHODS = {"lm": levenberg_marquardt, "gd": gradient_descent, "gn": gauss_newton}
NAMES = {"lm": "Levenberg-Marquardt", "gd": "gradient descent", "gn": "Gauss-Newton"}
DOUBLE = sys.float_info.epsilon
LARGEST_EXPONENT = 64  # beyond 2^±64, μ or g² might leave the range of mu_max or of floats
NO_FALL = 1e-9  # gtol of curves: at this cosine a step lowers F by 1e-18 of itself, which F cannot
# show, so that the polish takes over
CURVED = 2.0  # ‖Da‖/‖Dh‖ for networks: 0.7 of the trials that 0.375, best for curves, takes
FINE_FTOL = 1e-13  # who asks for so little of F asks for the last digits, as by default
SINGLE_XTOL = 1e-7  # in float32 r does not notice a smaller change of θ
SCALINGS = ("more", "identity")  # of the attempts: Moré's does not depend on units, I finds others
ENDS = {"gradient": "gtol", "step": "xtol", "loss": "ftol"}  # stops where a minimum may be
BUDGETS = ("max_steps", "max_evaluations", "mu_max")  # stops where parameters may be running away
ESCAPES = 3


def solve(
    problem: Problem, theta0: ArrayLike | None = None, method: str = "lm", *,
    mu: float | None = None, damping: DampingRule | None = None, scaling: str | None = None,
    geodesic: bool | float | None = None, rate: float | None = None, max_steps: int | None = None,
    max_evaluations: int | None = None, target_loss: float | None = None,
    gtol: float | None = None, xtol: float | None = None, ftol: float | None = None,
    mu_max: float | None = None, bounds: tuple | None = None, plain: bool = False,
    history: str | int = "all", progress: bool | None = None, **unknown,
) -> Trace:  # fmt: skip
    """Run a solver from θ₀, (P,), to its end, and return the Trace: θ, F, success, and a message.

    `method`: "lm", "gd" (needs `rate`) or "gn"; the options that are None are the solver's own
    defaults. Around "lm" stand, unless `plain`: division of r by a power of two where its squares
    would leave the floating-point range; geodesic acceleration; for curves and general residuals
    Moré's scaling, and a second attempt without where the first does not succeed; Gauss-Newton
    steps from a doubtful end, and for the last digits of a good one. With a generalized loss none
    of them, because J is not ∂r/∂θ there; in float32, which has no last digits, only the scaling.
    `bounds`: (lower, upper), each a number or (P,), for θ to stay between; a start outside is moved
    inside, and the message says which bounds hold at the end.
    A `scaling`, `mu` or `mu_max` that is given is the only attempt, and a looser tolerance or a
    budget that ends a run ends it. `max_evaluations` bounds the evaluations of r, those for
    derivatives apart.

    `history`: "all" (arrays up to 64 MB), "light" (scalars) or n (arrays of the last n trials).
    `progress`: True or False for a bar; None shows one in notebooks when a run takes over two
    seconds.

    Success means: stopped by gradient, step or loss, and r is nothing but rounding, or at right
    angles to all that J sees of it (1e-3; for a network to every column of J), and F rises on both
    sides where J sees nothing; or `target_loss` was reached. What is not determined is said in the
    message. Raises ValueError or TypeError for bad input.
    """
    refuse_unknown(solve, unknown)
    instance("problem", problem, Problem, "a Problem, such as LeastSquares or NetworkFit")
    careful = one_of("method", method, METHODS) == "lm" and not flag("plain", plain)
    progress = None if progress is None else flag("progress", progress)
    if isinstance(theta0, Step):
        expected = "expected θ, such as step.theta; from a Step, levenberg_marquardt goes on"
        raise TypeError(f"theta0 is a Step: {expected}")
    if theta0 is None:
        refuse_missing_start(problem)
    theta0 = as_finite("theta0", theta0, 1, problem.n_parameters and (problem.n_parameters,))
    given = _given(
        method, mu=mu, damping=damping, scaling=scaling, geodesic=geodesic, rate=rate,
        max_steps=max_steps, max_evaluations=max_evaluations, target_loss=target_loss, gtol=gtol,
        xtol=xtol, ftol=ftol, mu_max=mu_max,
    )  # fmt: skip
    if bounds is not None and method != "lm":
        raise TypeError(f"bounds = {bounds!r}: expected only with {NAMES['lm']}")
    boxed_problem, theta0, moved = boxed(problem, theta0, bounds)
    with _bar(progress) as bar:
        run = Run(boxed_problem, theta0, method, careful, given, history, bar)
        trace = run.best([Attempt(run, options) for options in run.plan()])
    trace.message += f" {moved}" * bool(moved)
    trace.problem, trace.how_sure = boxed_problem, uncertainty
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


class Run:
    """One call of `solve`: the problem, also in a unit in which r² is within range, and its limits.

    `inner` is the problem divided by 2^exponent, at which every stage works; steps are recorded in
    the caller's units.
    """

    def __init__(self, problem, theta0, method, careful, given, history, bar):
        self.problem, self.theta0, self.method, self.given = problem, theta0.copy(), method, given
        self.history, self.bar = history, bar
        if "max_evaluations" in given:
            at_least("max_evaluations", given["max_evaluations"], 1)
        self._counts = problem.n_residuals, problem.n_jacobians, problem.n_differences
        self.start = problem.evaluate(theta0)
        self.careful = careful and not problem.generalized
        self.fine = self.careful and problem.eps <= DOUBLE  # whether there are last digits
        self.exponent = _exponent(self.start.r) if self.fine else 0
        self.inner = Divided(problem, 2.0**self.exponent) if self.exponent else problem
        self.inner_start = self.inner.evaluate(theta0)

    def plan(self):
        """Return the options of each attempt."""
        options = dict(self.given)
        if not self.careful:
            return [options]
        curve = not self.problem.redundant
        if not self.fine:
            options = {"xtol": SINGLE_XTOL, **options}
        else:
            # How curved a path may be is settled by kind: 0.375 finds 1-2 % more of the curves
            # than 0.75, and 2 takes a third fewer trials on every network that was tried.
            kind = {"geodesic": True, "gtol": NO_FALL} if curve else {"geodesic": CURVED}
            options = {**kind, **options}
        chosen = {"scaling", "mu", "mu_max"} & options.keys()  # a μ has D's unit
        kinds = SCALINGS if curve and not chosen else [None]
        return [{"scaling": kind, **options} if kind else options for kind in kinds]

    def best(self, attempts):
        """Return the best Trace by (success, F), trying until one succeeds or a limit is met."""
        best = None
        for attempt in attempts:
            trace = attempt.trace()
            if best is None or (trace.success, -trace.loss) > (best.success, -best.loss):
                best = trace
            if best.success or attempt.ended_by_caller or self.evaluations_left() < 1:
                break
        n_residuals, n_jacobians, n_differences = self._counts
        best.n_residuals = self.problem.n_residuals - n_residuals
        best.n_jacobians = self.problem.n_jacobians - n_jacobians
        best.n_differences = self.problem.n_differences - n_differences
        return best

    def inner_words(self, seen):
        """Return which bounds hold at an Evaluation."""
        return f"Bounds that hold: {self.problem.said(seen.theta)}"

    def evaluations_left(self):
        """Return how many evaluations of r may follow."""
        most = self.given.get("max_evaluations", math.inf)
        return most - (self.problem.n_residuals - self._counts[0])

    def remember(self, seen):
        """Have this Evaluation of `inner` given again where its θ is asked for next."""
        self.inner.last = seen
        if self.inner is not self.problem:
            self.problem.last = seen.inside

    def outer(self, step):
        """Return a step of `inner` in the caller's units."""
        return _multiplied(step, self.exponent, self.problem) if self.exponent else step


class Attempt:
    """The stages from θ₀ with one set of options, on the way to a Trace."""

    def __init__(self, run, options):
        self.run, self.options = run, options
        self.ended_by_caller = False

    def trace(self):
        """Run all stages, and return the Trace."""
        run = self.run
        run.remember(run.inner_start)
        self._trace, self._stages = Trace(run.theta0.copy(), run.start.loss, run.history), []
        stop = self._iterate(run.theta0)
        variant = " with geodesic acceleration" if self.options.get("geodesic") else ""
        self._name(f"{NAMES[run.method]}{variant}", len(self._trace), "trial")
        self.seen, self.here = self._end(stop)
        self._judge()
        self.ended_by_caller = self._is_callers(stop)
        if run.careful and stop.kind in ENDS:
            stop = stop if self.ended_by_caller else self._rescue(stop)
            good = run.fine and not self.verdict.doubt
            if good and is_whole(self.seen) and self._wants_digits(stop):
                self._polish()
        self._conclude(stop)
        return self._trace

    def _iterate(self, start):
        """Record the solver's steps from a θ or a Step to its end, and return its Stop."""
        run, options = self.run, dict(self.options)
        if "max_evaluations" in options:
            options["max_evaluations"] = max(run.evaluations_left(), 0)
        options = _divided(options, run.exponent) if run.exponent else options
        steps = METHODS[run.method](run.inner, start, **options)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return end.value
            self._trace.add(run.outer(step))
            if run.bar is not None:
                run.bar.set_postfix_str(f"F = {self._trace.loss:.3g}", refresh=False)
                run.bar.update()

    def _end(self, stop):
        """(Evaluation, Linearization) where the solver stopped."""
        if stop.seen is not None:
            return stop.seen, stop.here
        seen = self.run.inner.evaluate(self._trace.theta)
        return seen, seen.linearize()

    def _judge(self):
        run = self.run
        left = run.evaluations_left()
        face = on_face(run.inner, self.seen, self.here, run.theta0)
        self.on_wall = face[0] is not run.inner
        self.verdict = judged(*face, left) if face[0] else Verdict(None)
        if self.on_wall:
            doubt, note, lower = self.verdict
            lower = lower and lower.inside
            if not doubt:
                left = run.evaluations_left()
                doubt, more, lower = judged_inside(
                    run.inner, self.seen, self.here, run.theta0, left
                )
                note += more
            note = f"{note} {run.inner_words(self.seen)}."
            self.verdict = Verdict(doubt, note, lower)

    def _is_callers(self, stop):
        """Whether a budget or a looser tolerance of the caller's ended the run."""
        name = ENDS.get(stop.kind, stop.kind)
        if name in ("target", "max_evaluations"):
            return True
        if name in ("gtol", "xtol", "ftol"):
            return self.run.given.get(name, 0.0) > getattr(Options, name)
        return name in self.run.given

    def _wants_digits(self, stop):
        """Whether no looser tolerance of the caller's says that there are digits enough."""
        return not self.ended_by_caller or stop.kind == "loss" and self.options["ftol"] <= FINE_FTOL

    def _rescue(self, stop):
        """From a doubtful end: go on where F is lower, or leap; the Stop that then holds."""
        run = self.run
        for _ in range(ESCAPES):
            lower = self.verdict.lower
            if lower is None or self._steps_left() < 1 or run.evaluations_left() < 1:
                break
            h = lower.theta - self.seen.theta
            k = len(self._trace)
            step = taken(run.inner, self.seen, self.here, h, lower, k, "F falls where J is blind")
            self._trace.add(run.outer(step))
            run.remember(lower)
            stop = self._iterate(step)
            self._name("on from beside a point where J is blind", len(self._trace) - k, "trial")
            self.seen, self.here = self._end(stop)
            self._judge()
        curve = run.fine and not run.problem.redundant and not self.on_wall
        curve = curve and is_whole(self.seen)
        if self.verdict.doubt and curve and stop.kind in ENDS:
            if self._stride(leap, "leap"):
                self._judge()
        return stop

    def _polish(self):
        self._stride(polish, "polish", xtol=self.run.given.get("xtol", 0.0))

    def _stride(self, stage, name, **options):
        """Take the Gauss-Newton steps of a stage, and return whether there were any."""
        most = min(MOST_STEPS, self._steps_left(), self.run.evaluations_left())
        strides = stage(self.run.inner, self.seen, self.here, len(self._trace), most, **options)
        for stride in strides:
            self._trace.add(self.run.outer(stride.step))
        if strides:
            self.seen, self.here = strides[-1].seen, strides[-1].there
            self._name(name, len(strides), "step")
        return bool(strides)

    def _steps_left(self):
        return self.run.given.get("max_steps", math.inf) - len(self._trace)

    def _name(self, stage, n, what):
        self._stages.append(f"{stage} ({_count(n, what)})")

    def _conclude(self, stop):
        """Write success and the message: words, numbers, what is not determined, the stages."""
        trace, doubt = self._trace, self.verdict.doubt
        note = self.verdict.note
        if stop.kind in BUDGETS and self.run.careful and not note:
            note = run_away(self.run.inner, self.seen, self.here, self.run.theta0)
        tail = f"{note} Stages: {', '.join(self._stages)}."
        if trace.faded:
            tail += f" History: {trace.faded} of {len(trace)} trials without arrays."
        cosine = f"max |cos(J_j, r)| = {self.here.cosine():.1e}"
        numbers = f"F {trace.losses[0]:.3g} → {trace.loss:.3g}, {cosine}"
        trace.success, said = self._said(stop, doubt)
        trace.message = f"{said} {numbers}.{tail}"

    def _said(self, stop, doubt):
        """(success, the first sentence)."""
        run = self.run
        if stop.kind == "target" and "target_loss" in run.given:
            return True, f"Target reached: {stop.words}."
        gone = stop.kind == "max_steps" and is_whole(self.seen)
        gone = gone and is_rounding(run.inner, self.seen, self.here)
        if stop.kind not in (*ENDS, "target") and not (gone and run.careful):
            return False, f"Not finished: {stop.words}."
        whole = not run.exponent and is_whole(self.seen)
        known = (self.here.J, self.seen.r) if whole else ()
        if wrong := run.problem.verify(self._trace.theta, *known):
            return False, f"Stopped ({stop.words}), but {wrong}"
        if doubt:
            return False, f"{doubt}: {stop.words}."
        return True, f"Converged: {stop.words}."


class Divided(Problem):
    """A problem with r and J divided by a unit: the same θ, h and ρ; F is ½ rᵀr."""

    def __init__(self, problem, unit):
        super().__init__()
        self._problem, self._unit = problem, unit
        self.n_parameters, self.redundant = problem.n_parameters, problem.redundant
        self.eps, self.names = problem.eps, getattr(problem, "names", None)
        self.box = getattr(problem, "box", None)

    def evaluation(self, theta):
        """Return the Evaluation with r divided."""
        seen = self._problem.evaluate(theta)
        return Evaluation(theta, seen.r / self._unit, None, self, seen)

    def linearization(self, seen, work=None):
        """Return the Linearization with r and J divided."""
        whole = seen.inside
        whole.problem.n_jacobians += 1
        with np.errstate(over="ignore", invalid="ignore"):  # of Jᵀr, which is not used
            return whole.problem.linearization(whole, work).divided(self._unit)

    @property
    def moved(self):
        """Where a step leads from θ in the problem itself."""
        return self._problem.moved

    def verify(self, theta, J=None, r=None):
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
    if options.get("scaling", "identity") == "identity":  # else D has the unit, and μ is a number
        squares |= {"mu": sys.float_info.min, "mu_max": sys.float_info.min}
    divided = dict(options)
    for name, least in squares.items():
        if name in options:
            value = _squared(positive(name, options[name]), -exponent)
            divided[name] = min(max(value, least), sys.float_info.max)
    if "target_loss" in options:
        target = below("target_loss", options["target_loss"])
        divided["target_loss"] = min(_squared(target, -exponent), sys.float_info.max)
    return divided


def _multiplied(step, exponent, problem):
    """A step of a Divided problem in the caller's units."""
    names, scale = ("loss", "g", "trial_loss", "predicted"), step.scale
    if scale is None:
        names += ("mu", "next_mu")
    squares = {name: _squared(getattr(step, name), exponent) for name in names}
    scale = None if scale is None else np.ldexp(scale, exponent)
    r = np.ldexp(step.r, exponent)
    return step._replace(**squares, r=r, scale=scale, problem=problem)


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
