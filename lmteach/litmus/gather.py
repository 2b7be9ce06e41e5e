"""What did it compute? Six steps on a curved problem, what explains them, and its sentences."""

from dataclasses import dataclass, field, replace

import numpy as np

from . import tasks
from .mistakes import sentence
from .recognize import explain
from .vocabulary import Sample
from .watch import Broken

CLOSE = 1e-2  # mistakes are far larger, float32 far smaller
AHEAD = (2.0, 4.0, 5.0, 10.0, 20.0, 100.0)  # a look at θ + h/10, say, as for the geodesic term
SAMPLE_MU = (0.5, 2.0, 1.0, 4.0, 0.25, 8.0)


@dataclass
class Findings:
    """What the tests share: the samples, their explanations, D, and the mistakes seen so far."""

    samples: list = field(default_factory=list)
    explanations: list = field(default_factory=list)
    told: list = field(default_factory=list)
    D2: np.ndarray | None = None
    mistakes: list = field(default_factory=list)

    def add(self, key, before=(), **words):
        """Remember a mistake's sentence once: at the end, or in front of those that it causes."""
        found = sentence(key, **words)
        if found in self.mistakes:
            return
        places = [k for k, other in enumerate(self.mistakes) if other in before]
        self.mistakes.insert(min(places, default=len(self.mistakes)), found)

    @property
    def slips(self):
        """All slips of the likeliest explanation."""
        return self.explanations[0].slips if self.explanations else frozenset()


def collect(session, findings):
    """Six steps on a curved problem at three θ, and what explains them."""
    for n in (9, 4):  # the square one for those that need as many residuals as parameters
        task, places = tasks.curved(n=n), tasks.points(seed=3)
        try:
            answers = [session.step(task, places[i % 3], mu) for i, mu in enumerate(SAMPLE_MU)]
        except Broken:
            continue
        findings.samples, findings.told = _samples(answers, session), answers
        # A state that is set up by the first call is not yet what it will be: left out at need.
        findings.explanations = explain(findings.samples) or explain(findings.samples[1:])
        _only_the_moves(findings, answers)
        _second_look(findings, answers, session)
        if not findings.explanations and not is_damped(findings.samples):
            _with_a_mu_of_its_own(findings, answers)
        name_steps(session, findings)
        return


def _only_the_moves(findings, answers):
    """Where θ went elsewhere than was tried, a refused trial is no sample of its steps."""
    if all(map(_was_tried, answers)):
        return
    pairs = zip(findings.samples, answers, strict=True)
    moves = [s for s, a in pairs if a.accepted and np.any(a.moved)]
    findings.explanations = explain(moves) if len(moves) > 2 else findings.explanations


def _second_look(findings, answers, session):
    """Where several trials were made in one call, or a term was added to h, look at the first."""
    if findings.explanations and findings.slips != {"own length"} or is_damped(findings.samples):
        return
    firsts = [a.trials[0] if a.trials else a.step for a in answers]
    told = [a.h for a in answers]
    looks = [[c * h for h in firsts] for c in AHEAD]
    looks = [steps for steps in looks if _turned_after(steps, answers)]
    tried = [firsts, *looks] if all(map(_was_tried, answers)) else []
    for steps in (*tried, *([] if _along(told, answers) else [told])):
        if _as_before(steps, answers):
            continue
        other = _samples(answers, session, steps)
        found = explain(other)
        if found and not found[0].slips or is_damped(other):
            findings.samples, findings.explanations = other, found
            return


def _as_before(steps, answers):
    return all(np.array_equal(h, a.step) for h, a in zip(steps, answers, strict=True))


def _with_a_mu_of_its_own(findings, answers):
    """Where no handed μ explains the steps: perhaps another μ does at each of them."""
    found = explain([replace(s, mu=None) for s in findings.samples])
    mus = found[0].mus if found else None
    if mus and max(mus) - min(mus) > CLOSE * max(mus):
        findings.explanations = found
        findings.add("own mu", values=", ".join(f"{mu:.3g}" for mu in mus[:4]) + " …")
    elif any(len({at.tobytes() for kind, at, _ in a.points if kind == "J"}) > 3 for a in answers):
        findings.add("many places")


def _along(told, answers):
    """Whether each move is a multiple of the step that was told: then it was misapplied."""
    if any(h is None or not np.any(h) for h in told):
        return True
    return all(_across(a.step, h) <= CLOSE for h, a in zip(told, answers, strict=True))


def _was_tried(answer):
    """Whether r was asked for where θ went, if it went anywhere."""
    if not answer.accepted or not answer.trials:
        return True
    size = np.linalg.norm(answer.moved)
    return any(np.linalg.norm(h - answer.moved) <= 1e-6 * size for h in answer.trials)


def _turned_after(steps, answers):
    """Whether each move is this step, or leads elsewhere; a part of it is no look ahead."""
    pairs = [(h, a) for h, a in zip(steps, answers, strict=True) if a.accepted]
    if not pairs or any(len(a.trials) < 2 for _, a in pairs):
        return False
    turned = [_across(a.step, h) > CLOSE for h, a in pairs]
    same = [np.linalg.norm(a.step - h) <= CLOSE * np.linalg.norm(h) for h, a in pairs]
    return any(turned) and all(t or s for t, s in zip(turned, same, strict=True))


def _across(step, h):
    """How much of a step is not along h, relative to its length."""
    c = (step @ h) / max(h @ h, 1e-300)
    return np.linalg.norm(step - c * h) / max(np.linalg.norm(step), 1e-300)


def _samples(answers, session, steps=None):
    """Samples of these answers, with what a stale J or r could be."""
    shape = answers[0].task.jacobian(answers[0].start).shape
    alike = [a for a in session.answers if a.task.jacobian(a.start).shape == shape]
    first = alike[0] if alike else None
    found, steps = [], steps or [a.step for a in answers]
    for k, (a, h) in enumerate(zip(answers, steps, strict=True)):
        r, J = a.task.residual(a.start), a.task.jacobian(a.start)
        before = answers[k - 1] if k else a
        old = {
            "before": _at(before),
            "first": _at(first) if first else (J, r),
            "last": _last(before, J, r) if k else (J, r),
        }
        if (rough := _differences(a, r)) is not None:
            old["differences"] = rough, r
        if (ahead := _ahead(a, r)) is not None:
            old["ahead"] = J, ahead
        bend = a.task.curvature(a.start)
        found.append(Sample(a.start, h, a.mu, r, J, bend, old, before.mu))
    return found


def _ahead(answer, r):
    """r at the first place away from θ where it was asked for, or None."""
    for kind, theta, value in answer.points:
        if kind == "r" and np.any(theta != answer.start):
            fits = np.shape(value) == r.shape and np.isfinite(value).all()
            return np.real(value) if fits else None
    return None


def _differences(answer, r):
    """J as forward differences at the places that were asked for, or None."""
    columns = {}
    for kind, theta, value in answer.points:
        away = theta - answer.start
        j = np.flatnonzero(away)
        if kind == "r" and len(j) == 1 and np.shape(value) == r.shape:
            columns.setdefault(j[0], (np.real(value) - r) / away[j[0]])
    if len(columns) < len(answer.start):
        return None
    return np.stack([columns[j] for j in range(len(answer.start))], axis=1)


def _at(answer):
    return answer.task.jacobian(answer.start), answer.task.residual(answer.start)


def _last(answer, J, r):
    """The last J and r that were asked for in an answer."""
    values = {kind: value for kind, _, value in answer.points}
    last_J, last_r = values.get("J", J), values.get("r", r)
    fits = np.shape(last_J) == J.shape and np.isfinite(last_J).all()
    good = np.shape(last_r) == r.shape and np.isfinite(last_r).all()
    return (np.real(last_J) if fits else J), (np.real(last_r) if good else r)


def squares(s):
    """μD² from a step, entry by entry: −(JᵀJh + g)/h, with J's own size for comparison."""
    with np.errstate(all="ignore"):
        return -(s.J.T @ (s.J @ s.h + s.r)) / s.h


def is_damped(samples):
    """Whether every step solves (JᵀJ + μD²)h = −g for a positive D, the same at the same θ."""
    if not samples:
        return False
    found = [squares(s) / (s.mu or 1.0) for s in samples]
    if not all(np.isfinite(d).all() and (d > 1e-6).all() for d in found):
        return False
    if samples[0].mu is None:
        return True
    # At the same θ again: the same D, or a larger one, as Moré's, which never shrinks.
    return all((b > (1 - CLOSE) * a).all() for a, b in zip(found[:3], found[3:], strict=False))


def name_steps(session, findings):
    """Put the slips of the explanations into sentences."""
    for explanation in findings.explanations:
        for key in sorted(explanation.slips, key=_rank):
            _name(key, explanation, session, findings)


def _rank(key):
    late = ("factor", "constant mu")
    return (key in late, key)


def _name(key, explanation, session, findings):
    if key == "absolute":
        return
    if key == "missing columns":
        still = np.all([s.h == 0 for s in findings.samples], axis=0)
        names = ", ".join(f"θ[{j}]" for j in np.flatnonzero(still))
        findings.add(key, parameters=names)
    elif key == "factor":
        findings.add(key, words=_factor(session, explanation))
    elif key == "constant mu":
        if "no matrix" in explanation.slips:
            return
        value = explanation.beta / (explanation.alpha or 1)
        findings.add(key, value=f"{value:.3g} " if explanation.mus is None else "")
    elif key == "penalty":
        findings.add(key, value=explanation.beta)
    elif key == "rounded":
        findings.add(key, decimals=f"{explanation.beta:.0f}")
    elif key == "no matrix" and "constant mu" in explanation.slips:
        findings.add("gradient descent")
    elif key == "sign":
        findings.add(_whose_sign(findings))
    else:
        findings.add(key)


def _whose_sign(findings):
    """Where the step was told: whether it was wrong itself or was misapplied."""
    told = [(a.h, a.step) for a in findings.told if a.h is not None]
    if not told or not all(np.any(h) for h, _ in told):
        return "sign"
    if all(np.allclose(h, -step, rtol=CLOSE) for h, step in told):
        return "subtracted"
    return "sign of r" if all(np.allclose(h, step, rtol=CLOSE) for h, step in told) else "sign"


def _factor(session, explanation):
    """The factor of g against JᵀJ in words: a number, or a multiple of N."""
    here = 1 / abs(explanation.alpha)
    there = _factor_elsewhere(session)
    if there is None:
        return _likely_factor(here)
    if abs(there - here) < CLOSE * here:
        return _as_words(here)
    for power, form in ((1, "{}N"), (-1, "{}/N"), (0.5, "{}√N"), (-0.5, "{}/√N")):
        constant = here / 9**power
        if abs(there / 6**power - constant) < CLOSE * constant:
            words = _as_words(constant)
            return form.format("" if words == "1" and power > 0 else words)
    return f"{here:.3g} (and {there:.3g} with 6 residuals)"


def _likely_factor(here):
    """A factor seen with 9 residuals only: a number, and N's part in it where that is likely."""
    known = {9: "N", 18: "2N", 1 / 9: "1/N", 2 / 9: "2/N", 4.5: "N/2", 1 / 18: "1/(2N)"}
    words = next((w for v, w in known.items() if abs(here - v) < CLOSE * v), None)
    return f"{here:.3g} ({words}, perhaps)" if words else _as_words(here)


def _factor_elsewhere(session):
    """The same on a problem with 6 residuals, or None where that cannot be asked for."""
    if session.subject.kind != "step":
        return None
    task, places = tasks.curved(seed=4, n=6), tasks.points(seed=5)
    try:
        answers = [session.step(task, places[i % 3], mu) for i, mu in enumerate(SAMPLE_MU)]
    except Broken:
        return None
    found = explain(_samples(answers, session))
    return 1 / abs(found[0].alpha) if found and found[0].alpha else None


def _as_words(x):
    known = {0.5: "½", 0.25: "¼", 1.0: "1"}
    return next((w for v, w in known.items() if abs(x - v) < CLOSE * v), f"{x:.3g}")
