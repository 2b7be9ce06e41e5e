"""L1-L9 for a whole solver, from the places where it asks for r and J.

No μ is seen. A trial θ + h lies on Levenberg-Marquardt's curve if some μ ≥ 0 and some positive
diagonal D give (JᵀJ + μD²)h = −g: −(JᵀJh + g)/h has no negative entry.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import least_squares

from . import tasks
from .mistakes import TRAINING_ONLY
from .recognize import Sample, explain
from .report import FAILED, NOT_APPLICABLE, PASSED, Result
from .steps import Findings, _name_steps, squares
from .watch import Broken

MOST_SAMPLES = 8
APART = 1e-4  # relative to θ: below it, two places are one with a difference for a derivative
CLOSE = 1e-2
ROUNDING = 1e-9
PROBES = (1.0, 2.0, 4.0, 5.0, 10.0, 20.0, 100.0)  # a solver that looks ahead asks at θ + h/10, say


@dataclass
class Run:
    """A solve: where it ended, what it asked for, and its moves from one kept θ to the next."""

    task: object
    end: np.ndarray
    points: list
    kept: list = field(default_factory=list)

    @property
    def rises(self):
        """(F before, F after) where a kept θ is worse than the one before."""
        F = [self.task.loss(theta) for theta in self.kept]
        pairs = zip(F, F[1:], strict=False)
        return [(a, b) for a, b in pairs if not b <= a * (1 + ROUNDING) + 1e-12 * F[0]]


def run_tests(session):
    """(results, mistakes) of a whole solver."""
    findings = Findings()
    state = _State(session, findings)
    results = []
    for name, (test, expected) in TESTS.items():
        if session.dead and name != "L9":
            status, seen, problem = NOT_APPLICABLE, f"Not put to it: {session.dead}.", ""
            if not any(r.status == FAILED for r in results) and name == "L2":
                status, seen = FAILED, f"{session.dead}."
        else:
            try:
                status, seen, problem = test(state)
            except Broken as broken:
                status, seen, problem = FAILED, f"{broken}.", ""
        results.append(Result(name, status, seen, expected, problem))
    return results, findings.mistakes


class _State:
    """The runs that the tests share; each is made once, when it is first needed."""

    def __init__(self, session, findings):
        self.session, self.findings, self._runs = session, findings, {}

    def run(self, task):
        """The Run of this task from its start."""
        if task.name not in self._runs:
            end, watch = self.session.solve(task, task.start)
            self._runs[task.name] = Run(task, end, watch.points, kept_places(task, watch.points))
        return self._runs[task.name]


def bent():
    """The curved problem from a place where it is curved."""
    from dataclasses import replace

    return replace(tasks.curved(seed=2), start=tasks.points(seed=3)[0])


def places(task, points, kinds=("r", "J")):
    """The distinct θ that were asked for, those of finite differences left out."""
    found = [task.start]
    for kind, theta, _ in points:
        far = APART * (1 + np.max(np.abs(task.start)))
        known = min(np.max(np.abs(theta - other)) for other in found)
        if kind in kinds and np.isfinite(theta).all() and known > far:
            found.append(theta)
    return found


def kept_places(task, points):
    """The θ at which J was asked for, in order; a θ to which the solver came back ends a trial."""
    kept = [task.start]
    for kind, theta, _ in points:
        if kind == "J" and np.isfinite(theta).all() and np.any(theta != kept[-1]):
            if len(kept) > 1 and np.array_equal(theta, kept[-2]):
                kept.pop()  # J was asked for at a trial that was refused
            else:
                kept.append(theta)
    return kept


def samples_from(task, points, base):
    """Samples of a run's trials: from the last θ of J, from the lowest F so far, or the last θ."""
    found, seen, J_at = [], [task.start], task.start
    current = task.start
    for kind, theta, _ in points:
        if not np.isfinite(theta).all() or task.loss(theta) > 1e30:
            break
        if kind == "J":
            J_at = theta
        fresh = min(np.max(np.abs(theta - o)) for o in seen) > APART * (1 + np.max(np.abs(current)))
        if base == "J" and kind == "J":
            current = theta if fresh or not seen else current
        if not fresh:
            current = theta if base == "J" and kind == "J" else current
            continue
        origin = _origin(task, seen, J_at, base, kind, found)
        found.append(_sample(task, origin, theta, found, J_at if kind == "r" else origin))
        seen.append(theta)
        if len(found) == MOST_SAMPLES:
            break
    return found


def _origin(task, seen, J_at, base, kind, found):
    if base == "last":
        return seen[-1]
    if base == "lowest":
        return min(seen, key=task.loss)
    return J_at if kind == "r" else seen[-1]


def _sample(task, origin, theta, found, J_at):
    r, J = task.residual(origin), task.jacobian(origin)
    first, before = task.start, found[-1].theta if found else task.start
    old = {
        "asked": (task.jacobian(J_at), task.residual(J_at)),
        "first": (task.jacobian(first), task.residual(first)),
        "before": (task.jacobian(before), task.residual(before)),
    }
    return Sample(origin, theta - origin, None, r, J, task.bend(origin), old)


def on_curve(samples):
    """The share of samples for which some μ ≥ 0 and D > 0 explain h, and those of them with μ."""
    good = []
    for s in samples:
        size = np.linalg.norm(s.J.T @ s.r) / max(np.linalg.norm(s.h), 1e-300)
        good.append(any(_fits(s, c, size) for c in PROBES))
    return float(np.mean(good)) if good else 0.0


def _fits(s, c, size):
    other = Sample(s.theta, c * s.h, None, s.r, s.J, s.bend)
    d = squares(other)
    return bool(np.isfinite(d).all() and (d > -1e-6 * size).all())


# The tests ----------------------------------------------------------------------------------------


def undamped(state):
    """μ is not in the caller's hand."""
    return NOT_APPLICABLE, "A whole solver chooses μ itself.", ""


def on_the_curve(state):
    """Every trial of a run against the curve; the vocabulary, where it is off."""
    task = bent()
    run = state.run(task)
    bases = {base: samples_from(task, run.points, base) for base in ("lowest", "J", "last")}
    bases = {base: samples for base, samples in bases.items() if samples}
    if not bases:
        if not places(task, run.points)[1:]:
            return FAILED, "it asked for r and J at its start only.", task.name
        return NOT_APPLICABLE, "No trial could be told from its evaluations.", task.name
    shares = {base: on_curve(samples) for base, samples in bases.items()}
    best = max(shares, key=lambda base: shares[base])
    state.findings.samples = bases[best]
    explained = {base: explain(samples) for base, samples in bases.items()}
    good = [base for base in explained if explained[base]]
    if good:
        least = min(good, key=lambda base: explained[base][0].cost)
        state.findings.samples = bases[least]
        state.findings.explanations = explained[least]
    return _judge_curve(state, task, shares[best])


def _judge_curve(state, task, share):
    findings = state.findings
    slips = findings.slips
    if slips or (share < 0.8 and findings.explanations):
        _name_steps(state.session, findings)
        return FAILED, "its trials are those of another method.", task.name
    if share < 0.5:
        return FAILED, f"{100 * share:.0f} % of its trials are on the curve.", task.name
    return PASSED, f"{100 * share:.0f} % of its trials are on the curve.", task.name


def same_when_flipped(state):
    """The run with r and J negated, and the slope of its trials."""
    task = bent()
    run, other = state.run(task), state.run(tasks.flipped(task))
    first, second = places(task, run.points)[1:6], places(task, other.points)[1:6]
    same = len(first) == len(second) and all(
        np.allclose(a, b, rtol=1e-3, atol=1e-6) for a, b in zip(first, second, strict=True)
    )
    same = same and np.allclose(run.end, other.end, rtol=1e-3, atol=1e-5)
    slopes = [float(s.J.T @ s.r @ s.h) for s in state.findings.samples[:3]]
    words = f"the trials {'are the same' if same else 'change'}"
    if not slopes:
        return _status(same), f"{words}.", task.name
    return _status(same and max(slopes) < 0), f"{words}; the largest gᵀh is {max(slopes):.3g}.", task.name


def answers_to_refusals(state):
    """μ, as the trials show it, after trials at which F rose."""
    task = tasks.rosenbrock()
    run = state.run(task)
    mus, rose = dampings_of(task, run.points)
    if len(mus) < 4:
        return NOT_APPLICABLE, "Too few trials to see what μ does.", task.name
    return judge_mus(state.findings, mus, rose, task.name)


def judge_mus(findings, mus, rose, name):
    """What μ does after a rise of F: it must grow, at once."""
    same = all(abs(m - mus[0]) < CLOSE * mus[0] for m in mus)
    after = [b / a for a, b, bad in zip(mus, mus[1:], rose, strict=False) if bad]
    good = [b / a for a, b, bad in zip(mus, mus[1:], rose, strict=False) if not bad]
    words = "μ = " + ", ".join(f"{m:.3g}" for m in mus[:6])
    if same and len(mus) > 3 and mus[0] > 1e-9:
        findings.add("mu never changes in a run")
        return FAILED, f"{words}.", name
    if not after:
        return NOT_APPLICABLE, "No trial was refused, so what μ does then was not seen.", name
    if all(ratio > 1 + 1e-6 for ratio in after):
        return PASSED, f"μ grew after each of {len(after)} trials at which F rose.", name
    late = [c / b for a, b, c, bad in zip(mus, mus[1:], mus[2:], rose, strict=False) if bad]
    if late and all(ratio > 1 for ratio in late):
        findings.add("mu late in a run")
    elif all(ratio < 1 - 1e-6 for ratio in after) and good:
        findings.add("mu turned")
    return FAILED, f"{words}; it did not grow after a trial at which F rose.", name


def dampings_of(task, points):
    """(μ of each trial on D = I's curve, whether F rose there), as long as they can be told."""
    mus, rose = [], []
    for base in ("lowest", "last"):
        samples, worse = _trials(task, points, base)
        found = [_mu_of(s) for s in samples]
        known = next((k for k, m in enumerate(found) if m is None), len(found))
        if known > len(mus):
            mus, rose = found[:known], worse[:known]
    return mus, rose


def _trials(task, points, base):
    seen, samples, worse = [task.start], [], []
    for kind, theta, _ in points:
        if not np.isfinite(theta).all() or any(np.array_equal(theta, o) for o in seen):
            continue
        origin = seen[-1] if base == "last" else min(seen, key=task.loss)
        samples.append(_sample(task, origin, theta, samples, origin))
        worse.append(task.loss(theta) > task.loss(origin))
        seen.append(theta)
        if len(samples) == 12:
            break
    return samples, worse


def _mu_of(s):
    """μ with (JᵀJ + μI)h = −g, or None if there is none."""
    left = -(s.J.T @ (s.J @ s.h + s.r))
    mu = float(left @ s.h / (s.h @ s.h))
    gap = np.linalg.norm(left - mu * s.h)
    size = np.linalg.norm(s.J.T @ s.r)
    return mu if gap < 1e-3 * size and mu > -1e-6 * size / np.linalg.norm(s.h) else None


def no_jacobian_told(state):
    """A whole solver tells no J."""
    return NOT_APPLICABLE, "It does not tell its J.", ""


def never_rises(state):
    """F at the places that were kept, and at the end."""
    task = tasks.rosenbrock()
    run = state.run(task)
    start, end = task.loss(task.start), task.loss(run.end)
    if run.rises or end > start:
        before, after = (run.rises or [(start, end)])[0]
        state.findings.add("bad step kept")
        return FAILED, f"F {before:.3g} → {after:.3g} was kept.", task.name
    if len(run.kept) < 2:
        return NOT_APPLICABLE, "It asks for J nowhere but at its start.", task.name
    return PASSED, f"F fell at each of {len(run.kept) - 1} moves.", task.name


def goes_on_from_theta(state):
    """After a trial at which F rose: from where the next one starts."""
    task = tasks.rosenbrock()
    run = state.run(task)
    asked = [theta for kind, theta, _ in run.points]
    worse = [theta for theta in asked if task.loss(theta) > task.loss(task.start)]
    if not worse:
        return NOT_APPLICABLE, "No refused trial was seen.", task.name
    kept = [theta for theta in run.kept if task.loss(theta) > task.loss(task.start)]
    if kept:
        return FAILED, "it went on from a θ at which F had risen.", task.name
    evaluated = any(np.array_equal(run.end, theta) for theta in asked)
    words = "it went on from the old θ" + ("" if evaluated else "; its last θ was not evaluated")
    return PASSED, f"{words}.", task.name


def ends_like_scipy(state):
    """F at the end of three problems."""
    words, good = [], True
    for task in (tasks.linear(1), tasks.rosenbrock(), tasks.decay()):
        wanted = least_squares(task.residual, task.start, task.jacobian, method="lm").cost
        found = task.loss(state.run(task).end)
        good &= bool(found <= wanted * (1 + 1e-3) + 1e-6 * task.loss(task.start))
        words.append(f"{task.name}: F = {found:.3g}, SciPy's {wanted:.3g}")
    return _status(good), "; ".join(words) + ".", ""


def asks(state):
    """Whether J is asked for, or differences of r, and what must be called is."""
    session, findings = state.session, state.findings
    missing = session.calls.never(suspects=bool(findings.slips & set(TRAINING_ONLY)))
    for name in missing:
        findings.add("never called", name=name)
    if missing:
        return FAILED, f"{', '.join(missing)} was not called.", ""
    if not state._runs:
        return FAILED, "it never gave an answer.", ""
    points = [point for run in state._runs.values() for point in run.points]
    moved = any(np.any(run.end != run.task.start) for run in state._runs.values())
    if not moved:
        findings.add("no step")
        return FAILED, "θ never moved.", ""
    if any(kind == "J" for kind, _, _ in points):
        return PASSED, "J was asked for, and θ moved.", ""
    if len(points) > 3:
        return PASSED, "r was asked for often enough for differences, and θ moved.", ""
    findings.add("residual only")
    return FAILED, "neither J nor differences of r were asked for.", ""


def _status(good):
    return PASSED if good else FAILED


TESTS = {
    "L1": (undamped, ""),
    "L2": (on_the_curve, "each trial solves (JᵀJ + μD²)h = −g for some μ ≥ 0 and D > 0."),
    "L3": (same_when_flipped, "(r, J) → (−r, −J) keeps every trial, and gᵀh < 0."),
    "L4": (answers_to_refusals, "after a trial at which F rose, μ is larger and h shorter."),
    "L5": (no_jacobian_told, ""),
    "L6": (never_rises, "F falls from each kept θ to the next."),
    "L7": (goes_on_from_theta, "after a refusal it goes on from the old θ."),
    "L8": (ends_like_scipy, "F as SciPy's, within 1e-3 of it and 1e-6 of F at the start."),
    "L9": (asks, "r and J are asked for, and θ moves."),
}
