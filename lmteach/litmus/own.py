"""L1-L9 for trainers that bring their own model: one update at a time, on data."""

import numpy as np
from scipy.optimize import least_squares

from .gather import CLOSE, Findings, name_steps
from .mistakes import TRAINING_ONLY, sentence
from .recognize import explain
from .report import FAILED, NOT_APPLICABLE, PASSED, Result
from .runs import judge_mus, mu_of, on_curve
from .vocabulary import Sample
from .watch import Broken

UPDATES, FEW = 60, 8
NEARLY_UNDAMPED = 1e-6
LADDER = (0.01, 0.1, 1.0, 10.0)
NO_MODEL = "It brings no model in which r is straight."
NO_MU = "Its μ cannot be set from outside."


class _State:
    """The updates that the tests share."""

    def __init__(self, session):
        self.session, self.findings = session, Findings()
        self.tasks = session.subject.tasks_by_name
        self.has_mu = session.subject.has_mu
        self.curved = self.tasks.get("curved") or self.tasks["linear"]
        self._path = None

    def step(self, task, theta, mu=None):
        """The move of one update from θ."""
        return self.session.step(task, theta, mu).moved

    def path(self):
        """θ after 0, 1, 2 … updates of the curved task, each by its own μ."""
        if self._path is None:
            self._path = [self.curved.start]
            for _ in range(FEW):
                now = self._path[-1]
                self._path.append(now + self.step(self.curved, now))
        return self._path

    def samples(self):
        """The moves of the path, μ unknown."""
        found, path = [], self.path()
        for before, after in zip(path, path[1:], strict=False):
            if np.any(after != before):
                r, J = self.curved.residual(before), self.curved.jacobian(before)
                bend = np.zeros((len(before), len(before)))
                found.append(Sample(before, after - before, None, r, J, bend, {}))
        return found


def run_tests(session):
    """(results, mistakes) of a trainer."""
    state, results = _State(session), []
    for name, (test, expected) in TESTS.items():
        try:
            status, seen, problem = test(state)
        except Broken as broken:
            status, seen, problem = FAILED, f"{broken}.", ""
        results.append(Result(name, status, seen, expected, problem))
    findings = state.findings
    if any(r.status == FAILED for r in results) and not findings.mistakes + session.troubles:
        findings.add("unknown run", share=100 * on_curve(findings.samples))
    return results, findings.mistakes


def linear_in_one_step(state):
    """One update of a straight model with μ near 0."""
    task = state.tasks.get("linear")
    if task is None or not state.has_mu:
        return NOT_APPLICABLE, NO_MU if task else NO_MODEL, ""
    best = np.linalg.lstsq(task.jacobian(task.start), -task.residual(task.start), rcond=None)[0]
    h = state.step(task, task.start, NEARLY_UNDAMPED)
    gap = np.linalg.norm(h - best) / np.linalg.norm(best)
    return _status(gap < CLOSE), f"h is {100 * gap:.2g} % away from the solution.", task.name


def on_the_curve(state):
    """The moves of a few updates: on the curve of some μ, or another method's."""
    samples = state.samples()
    if not samples:
        state.findings.add("stuck")
        return FAILED, "θ did not move.", state.curved.name
    state.findings.samples = samples
    state.findings.explanations = explain(samples)
    share = on_curve(samples)
    if state.findings.slips:
        name_steps(state.session, state.findings)
        return FAILED, "its updates are those of another method.", state.curved.name
    return (
        _status(share > 0.8),
        f"{100 * share:.0f} % of its updates are on the curve.",
        state.curved.name,
    )


def descends(state):
    """The slope along the moves."""
    samples = state.samples()
    if not samples:
        return NOT_APPLICABLE, "θ did not move.", ""
    slope = max(float(s.J.T @ s.r @ s.h) for s in samples)
    words = f"the largest gᵀh is {slope:.3g}; the sign of r cannot be turned from outside."
    return _status(slope < 0), words, state.curved.name


def shorter_with_mu(state):
    """The length of a move along a ladder of μ."""
    if not state.has_mu:
        return _what_mu_does(state)
    sizes = [np.linalg.norm(state.step(state.curved, state.curved.start, mu)) for mu in LADDER]
    falls = all(a > b for a, b in zip(sizes, sizes[1:], strict=False))
    words = ", ".join(f"{size:.3g}" for size in sizes)
    return _status(falls), f"‖h‖ is {words} for μ = 0.01 to 10.", state.curved.name


def _what_mu_does(state):
    samples, explanations = state.samples(), state.findings.explanations
    told = explanations[0].mus if explanations else None
    mus = told or [mu_of(s) for s in samples]
    if len(mus) < 4 or any(m is None for m in mus):
        return NOT_APPLICABLE, NO_MU, ""
    F = [state.curved.loss(theta) for theta in state.path()]
    rose = [b > a for a, b in zip(F, F[1:], strict=False)]
    return judge_mus(state.findings, mus, rose, state.curved.name)


def no_jacobian_told(state):
    """A trainer tells no J."""
    return NOT_APPLICABLE, "It does not tell its J.", ""


def never_rises(state):
    """F after each update, from the start and from θ scaled up."""
    task = state.curved
    for factor in (1.0, 3.0, -6.0):
        theta = task.start * factor
        for _ in range(FEW):
            after = theta + state.step(task, theta, 1e-3 if state.has_mu else None)
            before, now = task.loss(theta), task.loss(after)
            if now > before * (1 + 1e-9):
                state.findings.add("bad step kept")
                return FAILED, f"F {before:.3g} → {now:.3g} was kept.", task.name
            theta = after
    return PASSED, f"F rose at none of {3 * FEW} updates.", task.name


def restored(state):
    """Refusals cannot be forced from outside."""
    return NOT_APPLICABLE, "A trial cannot be made to fail from outside.", ""


def ends_like_scipy(state):
    """F after many updates of the straight model."""
    task = state.tasks.get("linear")
    if task is None:
        return NOT_APPLICABLE, NO_MODEL, ""
    wanted = least_squares(task.residual, task.start, task.jacobian, method="lm").cost
    theta, enough, count = task.start, wanted * (1 + 1e-3), 0
    while (found := task.loss(theta)) > enough and count < UPDATES:
        theta = theta + state.step(task, theta)
        count += 1
    words = f"F = {found:.4g} after {count} updates, SciPy's {wanted:.4g}."
    return _status(found <= enough), words, task.name


def moves(state):
    """Whether an update changes θ, and what must be called is."""
    suspects = bool(state.findings.slips & set(TRAINING_ONLY))
    missing = state.session.calls.never(suspects)
    for name in missing:
        state.findings.add("never called", name=name)
    if missing:
        return FAILED, f"{', '.join(missing)} was not called.", ""
    if not any(np.any(a.moved) for a in state.session.answers):
        if not state.session.troubles:
            state.findings.add("no step", before=[sentence("stuck")])
        return FAILED, "θ never moved.", ""
    return PASSED, "θ moves with an update.", ""


def _status(good):
    return PASSED if good else FAILED


TESTS = {
    "L1": (linear_in_one_step, "with μ near 0 one update solves a straight model."),
    "L2": (on_the_curve, "each update solves (JᵀJ + μD²)h = −g for some μ ≥ 0 and D > 0."),
    "L3": (descends, "gᵀh < 0."),
    "L4": (shorter_with_mu, "‖h‖ falls as μ grows."),
    "L5": (no_jacobian_told, ""),
    "L6": (never_rises, "F never rises from one update to the next."),
    "L7": (restored, ""),
    "L8": (ends_like_scipy, "F of the straight model as SciPy's, within 1e-3."),
    "L9": (moves, "an update changes θ."),
}
