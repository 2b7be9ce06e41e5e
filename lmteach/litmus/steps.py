"""L1-L9 for a step function: one trial at a time, at any θ and μ that the test wants."""

import numpy as np
from scipy.optimize import least_squares

from . import tasks
from .altered import damped_step
from .gather import CLOSE, Findings, collect, is_damped, squares
from .mistakes import TRAINING_ONLY, sentence
from .report import FAILED, NOT_APPLICABLE, PASSED, Result
from .watch import Broken

UNDAMPED = (1e-3, 1e-6, 1e-9)  # against singular values from 1.5 to 3
LARGE = (1e5, 1e6)
LADDER = (0.01, 0.1, 1.0, 10.0, 100.0)
MOST_TRIALS = 300
STILL_STEEP = 1e-4  # of the gradient at the start
DIRECTION_ONLY = ("A factor of", "The direction is right")  # said more exactly by a step told

TESTS = {}


def test(name, expected):
    """Register a test; Broken becomes a failure in words."""

    def register(function):
        def run(session, findings):
            try:
                status, seen, problem = function(session, findings)
            except Broken as broken:
                status, seen, problem = FAILED, f"{broken}.", ""
            return Result(name, status, seen, expected, problem)

        TESTS[name] = run
        return function

    return register


def run_tests(session):
    """(results, mistakes) of a step function."""
    findings = Findings()
    collect(session, findings)
    results = []
    for name in TESTS:
        failed = any(result.status == FAILED for result in results)
        if session.dead and failed and name != "L9":
            results.append(Result(name, NOT_APPLICABLE, f"Not put to it: {session.dead}."))
        else:
            results.append(TESTS[name](session, findings))
    _describe(results, findings, session)
    return _told_at_least_once(results, findings), findings.mistakes


def _describe(results, findings, session):
    """Where no known mistake is found, say how the steps differ from the damped ones."""
    failed = {r.name for r in results if r.status == FAILED}
    h = [s.h for s in findings.samples]
    if not failed or findings.mistakes or session.troubles or not h or not np.all(np.any(h, 1)):
        return
    if is_damped(findings.samples) and failed == {"L8"}:
        findings.add("right steps")
        return
    right = [damped_step(s, False) for s in findings.samples]
    ratios = sorted(np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(h, right, strict=True))
    cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(h, right, strict=True)]
    angle = np.degrees(np.arccos(np.clip(min(cosines), -1, 1)))
    ends = "; with hardly any μ it does not solve a straight r" if "L1" in failed else ""
    length = f"{ratios[0]:.2g} to {ratios[-1]:.2g} times"
    findings.add("unknown", length=length, angle=angle, ends=ends)


def _told_at_least_once(results, findings):
    """A mistake that all tests let pass fails L2: its steps are not those of L2's equation."""
    if not findings.mistakes or any(r.status == FAILED for r in results):
        return results
    second = results[1]
    failed = Result("L2", FAILED, findings.mistakes[0], second.expected, second.problem)
    return [failed if r.name == "L2" else r for r in results]


# The tests ----------------------------------------------------------------------------------------


@test("L1", "‖θ_new − θ*‖ ≤ 1 % of ‖θ*‖, since r is straight: Gauss-Newton's step ends there.")
def linear_in_one_step(session, findings):
    """θ_new against the least-squares solution, with μ near 0."""
    worst, task = 0.0, None
    for seed in (1, 6):  # twice: a stale J passes once
        task = tasks.linear(seed)
        wanted = _solution(task)
        gaps = []
        for mu in UNDAMPED:
            answer = session.step(task, task.start, mu)
            _look_for_refusal(answer, findings)
            gaps.append(np.linalg.norm(answer.theta - wanted) / np.linalg.norm(wanted))
            if gaps[-1] < CLOSE:
                break
        worst = max(worst, min(gaps))
    _look_at_application(session, findings)
    words = f"with μ from 1e-3 down, θ_new is {100 * worst:.2g} % of ‖θ*‖ away from the solution."
    return _status(worst < CLOSE), words, task.name


def _solution(task):
    return np.linalg.lstsq(task.jacobian(task.start), -task.residual(task.start), rcond=None)[0]


def _look_for_refusal(answer, findings):
    """A step that was tried, lowers F, and was refused."""
    tried = answer.trials[-1] if answer.trials else None
    if tried is None or np.any(answer.moved):
        return
    if answer.task.loss(answer.start + tried) < 0.99 * answer.task.loss(answer.start):
        findings.add("not taken" if answer.accepted else "good step refused")


def _look_at_application(session, findings):
    """θ_new − θ against the step that was told."""
    pairs = [(a.h, a.moved) for a in findings.told if a.h is not None and a.accepted]
    pairs = [(h, moved) for h, moved in pairs if np.any(h) and np.any(moved)]
    if not pairs:
        return
    factors = [float(h @ moved / (h @ h)) for h, moved in pairs]
    straight = all(
        np.linalg.norm(moved - c * h) < CLOSE * np.linalg.norm(moved)
        for c, (h, moved) in zip(factors, pairs, strict=True)
    )
    c = factors[0]
    if not straight or not np.allclose(factors, c, rtol=CLOSE) or abs(c - 1) < CLOSE:
        return
    if abs(c + 1) > CLOSE:
        findings.mistakes = [m for m in findings.mistakes if not m.startswith(DIRECTION_ONLY)]
        twice = abs(c - 2) < CLOSE
        findings.add("twice") if twice else findings.add("scaled", factor=c)


@test("L2", "(JᵀJ + μD²)h = −g with one positive diagonal D, whatever r is; μD²h → −g.")
def gradient_direction(session, findings):
    """−g/(μh) for large μ: positive, the same for two μ and two r; and the steps of before."""
    task = tasks.linear(1)
    found = [d for factor in (1.0, 2.0) for d in _diagonals(session, task, factor)]
    good = all(np.isfinite(d).all() and (d > 0).all() for d in found)
    same = good and _same_shape(found)
    findings.D2 = found[0] if same else None
    rest = _no_wrong_damping(findings)
    if same and rest is None:
        return PASSED, f"D² is {_which(found[0], task)}.", task.name
    two = f"−g/(μh) is {_short(found[0])} for μ = {LARGE[0]:g}, {_short(found[1])} for 10μ."
    return FAILED, rest or two, f"{task.name}; {tasks.curved().name}"


def _same_shape(found):
    """Whether D² is the same for both μ, and but for a number for both r (some damp by μ‖r‖²)."""
    pairs = [(found[0], found[1]), (found[2], found[3])]
    pairs.append((found[0] / found[0].mean(), found[2] / found[2].mean()))
    return all(np.allclose(a, b, rtol=CLOSE) for a, b in pairs)


def _diagonals(session, task, factor):
    """−g/(μh) for two large μ, with r multiplied."""
    lifted = tasks.lifted(task, task.start, factor)
    g = lifted.gradient(lifted.start)
    with np.errstate(all="ignore"):
        return [-g / (mu * session.step(lifted, lifted.start, mu).step) for mu in LARGE]


def _no_wrong_damping(findings):
    """None where the steps on the curved problem are damped rightly, else what is wrong."""
    if not findings.samples:
        return "it gave no steps on the curved problem."
    if findings.explanations and not findings.slips & HARMFUL:
        return None
    if is_damped(findings.samples) and not findings.slips & HARMFUL:
        return None
    return f"on the curved problem −(JᵀJh + g)/(μh) is {_short(_over_mu(findings.samples[0]))}."


HARMFUL = {
    "wrong diagonal", "late mu", "stale J", "stale r", "Newton", "ridge", "mu squared",
    "root of mu", "constant mu", "no mu", "mu on all entries", "mu times the whole matrix",
    "some undamped", "mu inverted", "mu subtracted", "own length", "penalty", "mu off the diagonal",
    "entries permuted", "one entry", "rounded", "filter of s",
}  # fmt: skip


def _over_mu(s):
    return squares(s) / s.mu


def _which(d, task):
    A = task.jacobian(task.start)
    diagonal = np.sum(A**2, axis=0)
    for name, other in (("I", np.ones(len(d))), ("diag(JᵀJ)", diagonal)):
        ratios = d / other
        if np.allclose(ratios, ratios[0], rtol=CLOSE):
            factor = "" if abs(ratios[0] - 1) < CLOSE else f"{ratios[0]:.3g}·"
            return f"{factor}{name}"
    return f"another diagonal, {_short(d)}"


def _short(values):
    return "(" + ", ".join(f"{v:.3g}" for v in values) + ")"


@test("L3", "(r, J) → (−r, −J) keeps h, and gᵀh < 0.")
def sign_and_descent(session, findings):
    """h with r and J negated, and gᵀh at three θ."""
    task, gaps, slopes = tasks.curved(seed=2), [], []
    for theta in tasks.points(seed=3):
        h = session.step(task, theta, 1.0).step
        other = session.step(tasks.flipped(task), theta, 1.0).step
        gaps.append(np.linalg.norm(h - other) / max(np.linalg.norm(h), 1e-300))
        slopes.append(float(task.gradient(theta) @ h))
    bent = tasks.curved(seed=8, bend=4.0)  # H has a negative eigenvalue there
    slopes += [float(bent.gradient(t) @ session.step(bent, t, 0.1).step) for t in tasks.points(9)]
    words = f"h changes by {100 * max(gaps):.2g} %; the largest gᵀh is {max(slopes):.3g}."
    return _status(max(gaps) < CLOSE and max(slopes) < 0), words, task.name


@test("L4", "hᵀD²h falls strictly as μ grows.")
def shorter_with_mu(session, findings):
    """The length of h along a ladder of μ."""
    task = tasks.linear(1)
    D2 = np.ones(4) if findings.D2 is None else findings.D2
    steps = [session.step(task, task.start, mu).step for mu in LADDER]
    sizes = [float(h @ (D2 * h)) for h in steps]
    falls = all(a > b * (1 + 1e-6) for a, b in zip(sizes, sizes[1:], strict=False))
    words = "hᵀD²h is " + ", ".join(f"{size:.3g}" for size in sizes) + " for μ = 0.01 to 100"
    refused = session.step(tasks.scripted(task, task.start, 3.0), task.start, 0.01)
    if not refused.accepted and _turned(refused):
        findings.add("mu turned")
        words += f"; after a refusal its next μ is {refused.next_mu:.3g} after {refused.mu:.3g}"
        falls = False
    return _status(falls), f"{words}.", task.name


def _turned(answer):
    """Whether the next μ that was told is smaller than this one."""
    return answer.next_mu is not None and answer.next_mu < answer.mu * (1 - 1e-9)


@test("L5", "J is (N, P), of rank P here.")
def jacobian_shape(session, findings):
    """The J that the subject tells."""
    told = [a for a in session.answers if a.J is not None]
    if not told:
        return NOT_APPLICABLE, "It does not tell its J.", ""
    for a in told:
        wanted = a.task.jacobian(a.start).shape
        if a.J.shape != wanted:
            if a.J.shape == wanted[::-1]:
                findings.add("told transposed")
            return FAILED, f"J has shape {a.J.shape}, not {wanted}.", a.task.name
        if not np.isfinite(a.J).all():
            return FAILED, "J holds NaN or infinity.", a.task.name
        if np.linalg.matrix_rank(a.J) < min(2, *wanted):
            return FAILED, f"J has rank {np.linalg.matrix_rank(a.J)}.", a.task.name
    shape = told[0].J.shape
    rank = np.linalg.matrix_rank(told[0].J)
    if rank < shape[1] <= shape[0]:
        return FAILED, f"J has rank {rank} for {shape[1]} parameters.", told[0].task.name
    return PASSED, f"J has shape {shape} and rank {rank}.", told[0].task.name


@test("L6", "A trial where F would rise is refused.")
def accepted_never_rises(session, findings):
    """Trials where F is made to rise, and Rosenbrock's valley."""
    task = tasks.linear(1)
    session.step(task, task.start, 0.01)
    walls = [tasks.scripted(task, task.start, factor) for factor in (3.0, -3.0)]
    kept = []
    for wall in walls + tasks.disguised(task, task.start):
        answer = session.step(wall, task.start, 0.01)
        if not answer.judged and not answer.trials:
            return NOT_APPLICABLE, "It does not ask for r at its trial, so its caller judges.", ""
        kept.append(_kept_although_worse(answer))
    rise = _valley(session)
    stale = not any(kept) and _passes_after_worse(session)
    _name_verdict(findings, kept, rise, stale)
    problem = "trials where F is made to rise; Rosenbrock's valley"
    if any(kept) or rise or stale:
        seen = f"F {rise[0]:.3g} → {rise[1]:.3g}" if rise else "a step at which F rose"
        return FAILED, f"{seen} was accepted.", problem
    return PASSED, "every trial where F rose was refused.", problem


def _kept_although_worse(answer):
    """Whether θ moved, was called accepted, and F is larger there."""
    worse = answer.task.loss(answer.theta) > answer.task.loss(answer.start) * (1 + 1e-9)
    return bool(answer.accepted and np.any(answer.moved) and worse)


def _valley(session):
    """(F before, F after) of an accepted rise, or None."""
    task, mu = tasks.rosenbrock(), 1e-3
    theta = task.start
    for _ in range(40):
        answer = session.step(task, theta, mu)
        if _kept_although_worse(answer):
            before, after = task.loss(theta), task.loss(answer.theta)
            if after > before * (1 + 1e-6) + 1e-12:
                return before, after
        mu = mu / 3 if answer.accepted else mu * 3
        theta = answer.theta if answer.accepted else theta
    return None


def _name_verdict(findings, kept, rise, stale):
    if all(kept) and any("A good step is refused" in m for m in findings.mistakes):
        findings.mistakes = [m for m in findings.mistakes if "A good step is refused" not in m]
        findings.add("verdict turned")
    elif all(kept):
        findings.add("bad step kept")
    elif any(kept):
        findings.add("other measure")
    elif stale:
        findings.add("stale loss")
    elif rise:
        findings.add("bad step kept")


def _passes_after_worse(session):
    """Whether a rise is accepted where F was larger still at the call before."""
    task = tasks.linear(1)
    high = tasks.scripted(tasks.lifted(task, task.start, 100.0), task.start, 0.9)
    session.step(high, task.start, 0.01)
    answer = session.step(tasks.scripted(task, task.start, 3.0), task.start, 0.01)
    return _kept_although_worse(answer)


@test("L7", "θ_new equals θ, every bit of it.")
def restored(session, findings):
    """θ after trials where F is made to rise."""
    task, seen = tasks.curved(seed=2), []
    for theta in tasks.points(seed=3):
        wall = tasks.scripted(task, theta, 3.0)
        answer = session.step(wall, theta, 0.01)
        if not answer.judged and not answer.trials:
            return NOT_APPLICABLE, "It does not ask for r at its trial, so its caller judges.", ""
        if answer.accepted and np.any(answer.moved):
            continue
        seen.append(answer)
        if answer.accepted:
            findings.add("called accepted")
            return FAILED, "θ stayed, and accepted was True, though F rose at the trial.", wall.name
        if np.any(answer.moved):
            findings.add(_left_over(answer))
            return FAILED, f"θ moved by {_short(answer.moved)} though it was refused.", wall.name
    if not seen:
        return NOT_APPLICABLE, "It refused no step.", "trials where F rises ninefold"
    return PASSED, f"θ stayed in {len(seen)} refusals.", "trials where F rises ninefold"


def _left_over(answer):
    """Which mistake leaves this behind in θ."""
    h = answer.trials[0] if answer.trials else answer.h
    size = np.linalg.norm(answer.moved)
    if h is None or size < 1e-6 * np.linalg.norm(h):
        return "bits lost"
    if np.allclose(answer.moved, 2 * h, rtol=CLOSE):
        return "applied again"
    return "not restored" if np.allclose(answer.moved, h, rtol=CLOSE) else "other theta"


@test("L8", "F at the end equals SciPy's, within 1e-3 of it and 1e-6 of F at the start.")
def agrees_with_scipy(session, findings):
    """Runs on two curved problems, μ/3 after an accepted step and 3μ after a refused one."""
    words, good = [], True
    for task in (tasks.rosenbrock(), tasks.decay()):
        wanted = least_squares(task.residual, task.start, task.jacobian, method="lm").cost
        found = _descend(session, task, findings)
        good &= bool(found <= wanted * (1 + 1e-3) + 1e-6 * task.loss(task.start))
        words.append(f"{task.name}: F = {found:.3g}, SciPy's {wanted:.3g}")
    return _status(good), "; ".join(words) + ".", "Rosenbrock's valley; an exponential decay"


def _descend(session, task, findings):
    """F at the end of a run."""
    theta = task.start
    mu = 1e-2 * np.max(np.sum(task.jacobian(theta) ** 2, axis=0))
    goal = 1e-12 * task.loss(theta)
    refused = Findings()
    for _ in range(MOST_TRIALS):
        answer = session.step(task, theta, mu)
        _look_for_refusal(answer, refused)
        with np.errstate(all="ignore"):
            F, new = task.loss(theta), task.loss(answer.theta)
            done = np.linalg.norm(task.gradient(theta)) < 1e-7 or F < goal
        accepted = answer.accepted if answer.judged else new < F
        theta = answer.theta if accepted or answer.judged else theta
        if done or not np.isfinite(new):
            break
        mu = min(max(mu / 3 if accepted else mu * 3, 1e-12), 1e12)
    _look_at_the_end(task, theta, answer, findings, refused)
    with np.errstate(all="ignore"):
        return task.loss(theta)


def _look_at_the_end(task, theta, answer, findings, refused):
    """Whether right steps became none at all, or were refused, though g is far from zero."""
    sizes = [np.linalg.norm(task.gradient(at)) for at in (task.start, theta)]
    still = not np.any(answer.step) and not answer.trials
    still |= answer.h is not None and not np.any(answer.h)
    if sizes[1] > STILL_STEEP * sizes[0] and not findings.mistakes:
        findings.mistakes += refused.mistakes
    if still and sizes[1] > STILL_STEEP * sizes[0] and is_damped(findings.samples):
        findings.add("stops early")


@test("L9", "J (or differences of r) is asked for, and θ moves.")
def really_called(session, findings):
    """What was asked for, and whether anything moved."""
    missing = session.calls.never(suspects=bool(findings.slips & set(TRAINING_ONLY)))
    for name in missing:
        findings.mistakes.insert(0, sentence("never called", name=name))
    if missing:
        return FAILED, f"{', '.join(missing)} was not called in {len(session.answers)} steps.", ""
    if session.dead or not session.answers:
        return FAILED, f"{session.dead or 'it never gave an answer'}.", ""
    if not any(np.any(a.moved) for a in session.answers):
        if not session.troubles and not findings.mistakes:
            findings.add("no step")
        return FAILED, f"θ never moved in {len(session.answers)} calls.", ""
    return _from_r_and_J(session, findings)


def _from_r_and_J(session, findings):
    """Whether the same call repeats, and is made from r and J."""
    if not _repeats(session):
        if not findings.slips:
            findings.mistakes.insert(0, sentence("not repeatable"))
        return FAILED, "the same θ and μ gave another step the second time.", ""
    asked = {kind for a in session.answers for kind, _, _ in a.points}
    if not asked:
        findings.add("residual only")
        return FAILED, "neither r nor J was asked for.", ""
    return PASSED, f"{' and '.join(sorted(asked, reverse=True))} were asked for, and θ moved.", ""


def _repeats(session):
    """Whether the same call, made twice, gives the same step."""
    task = tasks.curved(seed=2)
    place = tasks.points(seed=3)[1]
    session.step(task, place, 1.0)  # a state may have to settle
    first, second = (session.step(task, place, 1.0).step for _ in range(2))
    return np.allclose(first, second, rtol=CLOSE, atol=1e-9)


def _status(good):
    return PASSED if good else FAILED
