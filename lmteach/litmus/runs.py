"""L1-L9 for a whole solver, from the places where it asks for r and J.

No μ is seen. A trial θ + h lies on Levenberg-Marquardt's curve if some μ ≥ 0 and some positive
diagonal D give (JᵀJ + μD²)h = −g: −(JᵀJh + g)/h has no negative entry.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import least_squares

from . import tasks
from .gather import Findings, name_steps, squares
from .mistakes import TRAINING_ONLY, sentence
from .recognize import explain
from .report import FAILED, NOT_APPLICABLE, PASSED, Result
from .vocabulary import Sample
from .watch import Broken

MOST_SAMPLES = 8
MOST_POINTS = 300  # of a run that are looked at
MOST_PLACES = 30
APART = 1e-4  # relative to θ: below it, two places are one, with a difference for a derivative
SHORT = 0.1  # the longest difference that a check of J takes
TOO_LARGE = 1e30
TINY = 1e-300
CLOSE = 1e-2
ON_CURVE = 0.8  # of its θ, at least
ROUNDING = 1e-9
UNDAMPED = 1e-6  # a μ below it, beside singular values of 1.5 and more, is none
SINGLE = 1e-6  # rounding in float32, with some room
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
    if any(r.status == FAILED for r in results) and not findings.mistakes + session.troubles:
        findings.add("unknown run", share=100 * on_curve(findings.samples))
    return results, findings.mistakes


class _State:
    """The runs that the tests share; each is made once, when it is first needed."""

    def __init__(self, session, findings):
        self.session, self.findings, self._runs = session, findings, {}
        self.damped = False  # whether most of its trials are those of some damped system

    @property
    def runs(self):
        """The runs that were made."""
        return list(self._runs.values())

    def seen(self, task):
        """The Run of this task, or what was seen of it before it broke off."""
        try:
            return self.run(task)
        except Broken:
            watch = self.session.last_watch
            if watch is None or watch.task is not task or not places(task, watch.points):
                raise
            return Run(task, task.start, watch.points)

    def run(self, task):
        """The Run of this task from its start."""
        if task.name not in self._runs:
            end, watch = self.session.solve(task, task.start)
            self._runs[task.name] = Run(task, end, watch.points, kept_places(task, watch.points))
        return self._runs[task.name]


def repeats(task, points):
    """Whether the last trial, at which F has risen, was made three times or more."""
    asked = [theta for kind, theta, _ in points if kind == "r"]
    trials = [theta for theta in asked if not np.array_equal(theta, task.start)]
    if not trials or task.loss(trials[-1]) <= task.loss(task.start):
        return False
    return sum(np.array_equal(theta, trials[-1]) for theta in trials) > 2


def bent(seed=2, bend=0.5, place=3):
    """The curved problem from a place where it is curved."""
    task = tasks.curved(seed=seed, bend=bend)
    name = f"{task.name}, {'strongly' if bend > 1 else 'mildly'} so"
    return replace(task, name=name, start=tasks.points(seed=place)[0])


def sharp():
    """A problem whose curvature makes Gauss-Newton's steps too long."""
    task = bent(seed=8, bend=3.0, place=9)
    return tasks.lifted(task, task.start, 5.0)


def places(task, points):
    """[(kind, θ)]: the distinct θ that were asked for; those for differences are left out."""
    found, seen = [], [task.start]
    for kind, theta, _ in points[:MOST_POINTS]:
        lost = not np.isfinite(theta).all() or task.loss(theta) > TOO_LARGE
        if lost or len(found) == MOST_PLACES:
            break
        if min(np.max(np.abs(theta - other)) for other in seen) > _far(theta):
            found.append((kind, theta))
            seen.append(theta)
    return _without_pairs(found, [point[1] for point in points[:MOST_POINTS]])


def _far(theta):
    return APART * (1 + np.max(np.abs(theta)))


def _without_pairs(found, asked):
    """The places without θ + v where θ − v was asked for beside it: a central difference."""
    kept = []
    for kind, theta in found:
        k = next(i for i, other in enumerate(asked) if other is theta)
        beside = [asked[i] for i in (k - 1, k + 1) if 0 <= i < len(asked)]
        origins = asked[max(k - 12, 0) : k]
        pair = any(
            np.allclose(theta + other, 2 * origin, rtol=0, atol=1e-9)
            for other in beside
            for origin in origins
            if other is not origin and np.max(np.abs(theta - origin)) < SHORT
        )
        if not pair:
            kept.append((kind, theta))
    return kept


def kept_places(task, points):
    """The θ from which it went on, in order: J was asked for, and F fell or h starts there."""
    kept = [task.start]
    asked = [(kind, theta) for kind, theta, _ in points[:MOST_POINTS] if np.isfinite(theta).all()]
    for i, (kind, theta) in enumerate(asked):
        if kind != "J" or np.array_equal(theta, kept[-1]):
            continue
        if task.loss(theta) <= task.loss(kept[-1]) or _went_on(
            task, kept[-1], theta, asked[i + 1 :]
        ):
            kept.append(theta)
    return kept


def _went_on(task, old, new, later):
    """Whether the next trial after `new`, where F has risen, starts there and not at `old`."""
    for _, theta in later:
        if np.array_equal(theta, old):
            return False
        if np.max(np.abs(theta - new)) > _far(new):
            return _likely(task, new, theta) > _likely(task, old, theta)
    return False


def _likely(task, origin, theta):
    """How well θ − origin is a step from origin: 2 exactly, 1 perhaps, 0 not."""
    s = _sample(task, origin, theta, [], origin)
    D = np.sum(s.J**2, axis=0)
    if _along_g(s) or mu_of(s) is not None or mu_of(s, D) is not None:
        return 2
    d = squares(s)
    return int(np.isfinite(d).all() and (d > 0).all())


def samples_from(task, points, base):
    """Samples of a run's trials, from the last θ of J, the lowest F so far, or the last θ."""
    found, seen, J_at = [], [task.start], task.start
    asked = iter(points)
    for kind, theta in places(task, points)[:MOST_SAMPLES]:
        for asked_kind, at, _ in asked:
            if at is theta:
                break
            J_at = at if asked_kind == "J" else J_at
        origin = {"last": seen[-1], "lowest": min(seen, key=task.loss), "J": J_at}[base]
        if np.array_equal(origin, theta):
            origin = seen[-1]
        found.append(_sample(task, origin, theta, found, J_at, seen[-1]))
        J_at = theta if kind == "J" else J_at
        seen.append(theta)
    return found


def _sample(task, origin, theta, found, J_at, tried=None):
    """The step to θ; `tried` is the trial before, whose r may stand where that of origin does."""
    r, J = task.residual(origin), task.jacobian(origin)
    first, before = task.start, found[-1].theta if found else task.start
    old = {
        "asked": (task.jacobian(J_at), task.residual(J_at)),
        "first": (task.jacobian(first), task.residual(first)),
        "before": (task.jacobian(before), task.residual(before)),
    }
    if tried is not None:
        old["tried"] = (task.jacobian(tried), task.residual(tried))
    return Sample(origin, theta - origin, None, r, J, task.curvature(origin), old)


def on_curve(samples):
    """The share of θ from which a trial is on the curve, for some μ ≥ 0 and D > 0."""
    good = {}
    for s in samples:
        fits = any(_fits(s, c * s.h) for c in PROBES)
        good[s.theta.tobytes()] = good.get(s.theta.tobytes(), False) or fits
    return float(np.mean(list(good.values()))) if good else 0.0


def _fits(s, h):
    """Whether −(JᵀJh + g) has the signs of h, but for what rounding to float32 makes of g."""
    g = s.J.T @ s.r
    slack = 1e-6 * np.linalg.norm(g) + SINGLE * np.linalg.norm(s.J) * np.linalg.norm(s.r)
    left = -(s.J.T @ (s.J @ h) + g)
    return bool((np.where(h == 0, -abs(left), left * np.sign(h)) >= -slack).all())


# The tests ----------------------------------------------------------------------------------------


def undamped(state):
    """μ is not in the caller's hand."""
    return NOT_APPLICABLE, "A whole solver chooses μ itself.", ""


def on_the_curve(state):
    """Every trial of two runs against the curve; the vocabulary, where they are off."""
    runs = [state.seen(bent()), state.seen(sharp())]
    problem = f"{tasks.curved().name}, and one that is strongly curved"
    bases = {base: _of_all(runs, base) for base in ("lowest", "J", "last")}
    if not any(bases.values()):
        if any(np.any(run.end != run.task.start) for run in runs):
            state.findings.add("one step")
        return FAILED, "no trial could be told from what it asked for.", problem
    explained = {base: explain(samples) for base, samples in bases.items()}
    shares = {base: on_curve(samples) for base, samples in bases.items()}
    best = max(shares, key=lambda base: shares[base])
    if good := [base for base in bases if explained[base]]:
        best = min(good, key=lambda base: explained[base][0].cost)
    state.findings.samples, state.findings.explanations = bases[best], explained[best]
    return _judge_curve(state, problem, shares[best])


def _of_all(runs, base):
    found = []
    for k, run in enumerate(runs):
        found += [replace(s, run=k) for s in samples_from(run.task, run.points, base)]
    return found


def _judge_curve(state, problem, share):
    findings = state.findings
    if _shortened(findings.samples):
        findings.explanations = []
        findings.add("shortened")
        return FAILED, "each of its trials is along Gauss-Newton's step.", problem
    state.damped = share >= ON_CURVE
    undamped = _all_undamped(findings)
    if undamped and _never_damped(state):
        findings.explanations[0].slips |= {"no mu"}
    elif undamped:
        findings.explanations = []  # Gauss-Newton's steps only where they are good
    words = f"from {100 * share:.0f} % of its θ a trial is on the curve"
    if findings.slips:
        name_steps(state.session, findings)
        return FAILED, f"its trials are those of another method; {words}.", problem
    if c := _misapplied(state):
        findings.add("other length", factor=c)
        return FAILED, f"it tries h, and then moves by {c:.3g}·h.", problem
    if share < ON_CURVE:
        _name_unexplained(findings)
    return _status(share >= ON_CURVE), f"{words}.", problem


def _shortened(samples):
    """Whether all trials, the shorter ones too, are along Gauss-Newton's step: none is damped."""
    lengths = []
    for s in samples:
        h = -np.linalg.lstsq(s.J, s.r, rcond=None)[0]
        c = float(s.h @ h) / max(float(h @ h), TINY)
        if len(h) < 3 or np.linalg.norm(s.h - c * h) > UNDAMPED * np.linalg.norm(s.h):
            return False
        lengths.append(c)
    return len(lengths) > 3 and min(lengths) < 1 - CLOSE


def _misapplied(state):
    """The c of moves c·h, where each trial h is right and no move is; None if there is none."""
    found = []
    for run in state.runs:
        for before, after in zip(run.kept, run.kept[1:], strict=False):
            found += _lengths(run, before, after)
    if len(found) < 3 or abs(found[0] - 1) < CLOSE or not np.allclose(found, found[0], rtol=CLOSE):
        return None
    return found[0]


def _lengths(run, before, after):
    """[c] where a right trial h from `before` was followed by a wrong move c·h, else []."""
    move = _sample(run.task, before, after, [], before)
    if _is_right(move):
        return [1.0]
    for _, theta in places(run.task, run.points):
        trial = _sample(run.task, before, theta, [], before)
        c = float(move.h @ trial.h) / max(float(trial.h @ trial.h), TINY)
        if np.linalg.norm(move.h - c * trial.h) < 1e-6 * np.linalg.norm(move.h):
            if _is_right(trial):
                return [c]
    return []


def _is_right(s):
    """Whether h is a step of D = I or D² = diag(JᵀJ), for some μ."""
    return mu_of(s) is not None or mu_of(s, np.sum(s.J**2, axis=0)) is not None


def _name_unexplained(findings):
    """Steps that no equation explains: clipped, or made from those before?"""
    samples = findings.samples
    largest = [np.max(abs(s.h)) for s in samples]
    cut = sum(np.sum(abs(abs(s.h) - largest[0]) < 1e-6 * largest[0]) > 1 for s in samples)
    if len(samples) > 3 and all((s.h >= 0).all() for s in samples):
        findings.add("signs of the step")
    elif len(samples) > 3 and all(map(_on_dogleg, samples)):
        findings.add("dogleg")
    elif len(samples) > 3 and cut >= 0.5 * len(samples):
        findings.add("entries clipped", size=largest[0])
    elif len(samples) > 3 and _along_g(samples[0]) and not all(map(_along_g, samples)):
        findings.add("from steps before")


def _on_dogleg(s):
    """Whether h is a sum of −g and Gauss-Newton's step, of P > 2 dimensions."""
    plane = np.stack([s.J.T @ s.r, np.linalg.lstsq(s.J, s.r, rcond=None)[0]], axis=1)
    plane = plane / np.linalg.norm(plane, axis=0)
    rest = s.h - plane @ np.linalg.lstsq(plane, s.h, rcond=None)[0]
    return len(s.h) > 2 and np.linalg.norm(rest) < 1e-6 * np.linalg.norm(s.h)


def _along_g(s):
    g = s.J.T @ s.r
    return abs(s.h @ g) > (1 - 1e-9) * np.linalg.norm(s.h) * np.linalg.norm(g)


def _all_undamped(findings):
    """Whether the steps that were seen are Gauss-Newton's."""
    if not findings.explanations or findings.slips - {"no mu"}:
        return False
    return all(abs(mu) < UNDAMPED for mu in findings.explanations[0].mus or [])


def _never_damped(state):
    """Whether its trials in Rosenbrock's valley are Gauss-Newton's, too, where those are bad."""
    task = tasks.rosenbrock()
    mus, _ = dampings_of(task, state.run(task).points)
    return bool(mus) and all(abs(mu) < UNDAMPED for mu in mus)


def same_when_flipped(state):
    """The run with r and J negated, and the slope of its trials."""
    task = bent()
    run, other = state.run(task), state.run(tasks.flipped(task))
    pairs = zip(places(task, run.points)[:5], places(task, other.points)[:5], strict=False)
    same = all(np.allclose(a, b, rtol=1e-3, atol=1e-6) for (_, a), (_, b) in pairs)
    same = same and np.allclose(run.end, other.end, rtol=1e-3, atol=1e-5)
    slopes = [float(s.J.T @ s.r @ s.h) for s in state.findings.samples[:3]]
    words = f"the trials {'are the same' if same else 'change'}"
    if not slopes:
        return _status(same), f"{words}.", task.name
    return (
        _status(same and max(slopes) < 0),
        f"{words}; the largest gᵀh is {max(slopes):.3g}.",
        task.name,
    )


def answers_to_refusals(state):
    """μ, as the trials show it, after trials at which F rose."""
    task = tasks.rosenbrock()
    run = state.run(task)
    mus, rose = dampings_of(task, run.points)
    if len(mus) < 4 and state.damped and repeats(task, run.points):
        state.findings.add("same trial")
        return FAILED, "the same trial was refused again and again.", task.name
    if len(mus) < 4 and (explained := explained_mus(state.findings)):
        task, mus, rose = explained
    if len(mus) < 4:
        return NOT_APPLICABLE, "Too few trials to see what μ does.", task.name
    return judge_mus(state.findings, mus, rose, task.name)


def explained_mus(findings):
    """(task, μ of each trial, whether F rose there) of a run that an equation explains, or None."""
    mus = findings.explanations[0].mus if findings.explanations else None
    if not mus or len(mus) != len(findings.samples):
        return None
    for run, task in ((1, sharp()), (0, bent())):  # in the first of these, F is likelier to rise
        pairs = [(mu, s) for mu, s in zip(mus, findings.samples, strict=True) if s.run == run]
        if len(pairs) > 3:
            rose = [task.loss(s.theta + s.h) > task.loss(s.theta) for _, s in pairs]
            return task, [mu for mu, _ in pairs], rose
    return None


def judge_mus(findings, mus, rose, name):
    """What μ does after a rise of F: it must grow, at once."""
    words = "μ = " + ", ".join(f"{mu:.3g}" for mu in mus[:6])
    ratios = [b / max(a, TINY) for a, b in zip(mus, mus[1:], strict=False)]
    after = [ratio for ratio, bad in zip(ratios, rose, strict=False) if bad]
    if len(mus) > 3 and mus[0] > UNDAMPED and np.allclose(mus, mus[0], rtol=CLOSE):
        findings.add("mu never changes in a run")
    elif not after and len(ratios) >= 4 and min(ratios) > 1 + CLOSE:
        findings.add("mu turned")
    elif not after:
        return NOT_APPLICABLE, "No trial was refused, so what μ does then was not seen.", name
    elif min(after) > 1:
        return PASSED, f"μ grew after each of {len(after)} trials at which F rose.", name
    else:
        _name_wrong_mus(findings, ratios, after, rose)
    return FAILED, f"{words}.", name


def _name_wrong_mus(findings, ratios, after, rose):
    """μ did not grow after a rise: late by a step, or turned round?"""
    if findings.slips & {"no mu"}:
        return  # what it makes of a μ that it has not is rounding
    late = [ratio for ratio, bad in zip(ratios[1:], rose, strict=False) if bad]
    if late and min(late) > 1:
        findings.add("mu late in a run")
    elif max(after) < 1:
        findings.add("mu turned")


def dampings_of(task, points):
    """(μ of each trial on D = I's curve, whether F rose there), as long as they can be told."""
    mus, rose = [], []
    for base in ("lowest", "last"):
        samples = samples_from(task, points, base)
        found = [mu_of(s) for s in samples]
        known = next((k for k, mu in enumerate(found) if mu is None), len(found))
        if known > len(mus):
            mus = found[:known]
            rose = [task.loss(s.theta + s.h) > task.loss(s.theta) for s in samples[:known]]
    return mus, rose


def mu_of(s, D2=1.0):
    """μ with (JᵀJ + μD²)h = −g, or None if there is none."""
    left, right = -(s.J.T @ (s.J @ s.h + s.r)), D2 * s.h
    mu = float(left @ right / (right @ right))
    size = np.linalg.norm(s.J.T @ s.r)
    if np.linalg.norm(left - mu * right) > 1e-3 * size:
        return None
    return mu if mu * np.linalg.norm(right) > -1e-6 * size else None


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
        if places(task, run.points):  # else it never looked
            key = "verdict turned" if _turned_round(run) else "bad step kept"
            caused = [sentence(other) for other in ("same trial", "mu turned")]
            state.findings.add(key, before=caused)
        return FAILED, f"F {before:.3g} → {after:.3g} was kept.", task.name
    if len(run.kept) < 2:
        return NOT_APPLICABLE, "It asks for J nowhere but at its start.", task.name
    return PASSED, f"F fell at each of {len(run.kept) - 1} moves.", task.name


def _turned_round(run):
    """Whether each move of a run raises F, and a trial that lowers it was not kept."""
    F = run.task.loss(run.task.start)
    lower = [t for kind, t in places(run.task, run.points) if run.task.loss(t) < 0.99 * F]
    return bool(lower) and len(run.rises) == len(run.kept) - 1 > 0


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
    moved = any(np.any(run.end != run.task.start) for run in state.runs)
    if not good and moved and state.damped and not state.findings.mistakes:
        _name_early_end(state)
    return _status(good), "; ".join(words) + ".", ""


def _name_early_end(state):
    """Right steps that do not lead to the end: how steep F still is where it is worst."""
    task = tasks.rosenbrock()
    mus, rose = dampings_of(task, state.run(task).points)
    ratios = [b / max(a, TINY) for a, b in zip(mus, mus[1:], strict=False)]
    grown = [ratio > 1 + CLOSE for ratio, bad in zip(ratios, rose, strict=False) if not bad]
    if len(grown) > 1 and np.mean(grown) > 0.5:
        state.findings.add("mu turned")
        return
    parts = []
    for run in state.runs:
        sizes = [np.linalg.norm(run.task.gradient(at)) for at in (run.task.start, run.end)]
        parts.append((sizes[1] / max(sizes[0], TINY), len(places(run.task, run.points))))
    part, count = max(parts)
    state.findings.add("ends early", percent=100 * part, count=count)


def asks(state):
    """Whether J is asked for, or differences of r, and what must be called is."""
    session, findings = state.session, state.findings
    missing = session.calls.never(suspects=bool(findings.slips & set(TRAINING_ONLY)))
    for name in missing:
        findings.add("never called", name=name)
    if missing:
        return FAILED, f"{', '.join(missing)} was not called.", ""
    if not state.runs:
        return FAILED, "it never gave an answer.", ""
    points = [point for run in state.runs for point in run.points]
    if not any(np.any(run.end != run.task.start) for run in state.runs):
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
