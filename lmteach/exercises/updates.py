"""Exercises of lesson 08: the loop in NumPy, the four stops, μ and ν by hand, epochs and trials."""

import re
from itertools import islice

import numpy as np

from ..checks import is_real
from ..problems import LeastSquares
from ..solvers import levenberg_marquardt
from .base import exercise
from .compare import numbers
from .slips import instead, mu_of_the_step, part, turned

KINDS = ("gradient", "step", "loss", "target")
FAR = 0.1  # θ is no minimum where the largest |cos(J_j, r)| is above this
N_TRIALS = 12  # of a run in 8.1
SMALL_RHO = 0.1  # of an accepted trial in a run of 8.1: there are rules that would refuse it
LEAST_MARGIN = 1e-2  # smallest |ρ| in a run of 8.1
SAME = 1e-6  # relative distance of two equal thetas
MOST = 2000  # trials after which a run is given up


def _right_mu(J):
    return 1e-3 * np.max((J**2).sum(axis=0))


def _promised(h, mu, g):
    return h @ (mu * h - g) / 2


def _kept(mu, nu, rho):
    return mu * _cubic(rho), 2


def _refused(mu, nu, rho):
    return mu * nu, 2 * nu


def _falls(rho, came):
    return came > 0


def _looped(
    residual,
    jacobian,
    theta,
    n_trials,
    *,
    first=_right_mu,
    predict=_promised,
    accept=_kept,
    refuse=_refused,
    accepted=_falls,
    damping=np.ones_like,
    fresh=("r", "J"),
    stay=True,
    nu=2,
    sign=-1,
):
    """The loop of exercise 8.1 with parts of it exchanged; by default the right one."""
    r, J = residual(theta), jacobian(theta)
    mu, thetas = first(J), [theta]
    for _ in range(n_trials):
        g, A = J.T @ r, J.T @ J
        h = sign * np.linalg.solve(A + mu * np.diag(damping(np.diag(A))), g)
        trial = residual(theta + h)
        came = (r @ r - trial @ trial) / 2
        rho = came / predict(h, mu, g)
        good = accepted(rho, came)
        mu, nu = accept(mu, nu, rho) if good else refuse(mu, nu, rho)
        if good or not stay:
            theta = theta + h
            r, J = trial if "r" in fresh else r, jacobian(theta) if "J" in fresh else J
        thetas.append(theta)
    return np.array(thetas)


def _cubic(rho):
    return max(1 / 3, 1 - (2 * rho - 1) ** 3)


def _problem(rng):
    """(residual, jacobian, θ, number of trials) of a curved valley, whose run shows every rule."""
    while True:
        bend, side = rng.uniform(3, 12), rng.uniform(0.5, 2)
        task = (
            _valley(bend, side),
            _valley_jacobian(bend, side),
            rng.uniform(-2, 2, size=2),
            N_TRIALS,
        )
        if _rhos(*task[:3], 1)[0] < 0 and _shows_all(_rhos(*task)):
            return task


def _rhos(*task):
    """The gain ratio of each trial; one above 0 was accepted."""
    seen = []

    def noted(rule):
        return lambda mu, nu, rho: seen.append(rho) or rule(mu, nu, rho)

    _looped(*task, accept=noted(_kept), refuse=noted(_refused))
    return seen


def _shows_all(rhos):
    """Whether a run shows where ν starts, how it grows, that it is set back, and what is accepted.

    The first trial is refused; later three in succession are, then one is accepted before another
    refusal. One with a small ρ is accepted, and no verdict is left to rounding.
    """
    verdicts = "".join("A" if rho > 0 else "R" for rho in rhos)
    smallest = min((rho for rho in rhos if rho > 0), default=1.0)
    clear = min(map(abs, rhos)) > LEAST_MARGIN
    return bool(re.search("RRR.*A.*R", verdicts)) and smallest < SMALL_RHO and clear


def _valley(bend, side):
    return lambda theta: np.array(
        [bend * (theta[1] - theta[0] ** 2), side * (1 - theta[0]), theta[0] * theta[1]]
    )


def _valley_jacobian(bend, side):
    return lambda theta: np.array([[-2 * bend * theta[0], bend], [-side, 0], [theta[1], theta[0]]])


def _package(residual, jacobian, theta, n_trials):
    steps = levenberg_marquardt(LeastSquares(residual, jacobian), theta)
    return np.array([theta, *(step.next_theta for step in islice(steps, n_trials))])


def _accepted_only(thetas, *task):
    return thetas[np.append(True, (np.diff(thetas, axis=0) != 0).any(axis=1))]


def _departs(answer, expected, *task):
    """At which trial and entry a path leaves the right one, and which μ it has there."""
    path = numbers(answer)
    if path is None or path.shape != expected.shape:
        return ""
    off = abs(path - expected) > SAME * abs(expected).max()
    k, entry = (int(i) for i in np.argwhere(off | np.isnan(path))[0])
    if k == 0:
        return f"It departs at the start: entry {entry} of the first theta is not the one given."
    kept = "accepted" if _moves(expected, k) else "refused"
    said = f"Your path departs at trial {k} of {len(path) - 1} ({kept} in ours), at entry {entry}"
    return f"{said}{_why(path, expected, k, *task)}."


def _moves(path, k):
    """Whether trial k was accepted."""
    return bool((path[k] != path[k - 1]).any())


def _why(path, expected, k, residual, jacobian, theta, n_trials):
    """What is wrong with trial k of a path: the verdict, or the μ and the trial before."""
    if not _moves(path, k):
        return ": yours stays where it was. Look at the verdict there, and at its mu"
    before = expected[k - 1]
    mu = mu_of_the_step(path[k] - before, jacobian(before), residual(before))
    ours = _mu_of_trial(k, residual, jacobian, theta)
    if mu is None:
        return ": your step there is no damped step of this theta, with any mu"
    if np.isclose(mu, ours, rtol=1e-4):
        return ": yours moves on a step by which F rises"
    last = "accepted" if k > 1 and _moves(expected, k - 1) else "refused"
    after = f"after trial {k - 1}, which was {last}" if k > 1 else "at first"
    return f": your mu there is {mu / ours:.3g} times ours. Look at what mu becomes {after}"


def _mu_of_trial(k, residual, jacobian, theta):
    """The μ of our trial k."""
    problem = LeastSquares(residual, jacobian, check_jacobian=False)
    return next(islice(levenberg_marquardt(problem, theta), k - 1, None)).mu


def _first_other_pair(table, expected):
    """Which pair of (mu, nu) is the first that is wrong, and which of the two."""
    if not isinstance(table, np.ndarray) or table.shape != expected.shape:
        return ""
    off = abs(table - expected) > 0.01 * abs(expected)  # three digits
    row = int(off.any(axis=1).argmax())
    name = "mu and nu" if off[row].all() else ("mu", "nu")[int(off[row].argmax())]
    rule = (
        "A refused trial multiplies mu by nu, and then doubles nu"
        if row < 2
        else "An accepted trial multiplies mu by max(⅓, 1 − (2ρ − 1)³), and sets nu back to 2"
    )
    first = "" if row == 0 else f"The first {'pair is' if row == 1 else 'two pairs are'} right. "
    return f"{first}After trial {row + 1} {name} should be another number. {rule}."


@exercise(
    "8.1",
    "function",
    "Write lm(residual, jacobian, theta, n_trials) with NumPy alone: Nielsen's rule, the "
    "first mu 1e-3 times the largest entry of JᵀJ's diagonal, nu = 2. Return the list of "
    "n_trials + 1 thetas: the start, and theta after each trial.",
    hints=(
        "Before the loop: r, J, mu, nu and a list that holds "
        "the start. In the loop: g, h, the trial, rho, one if.",
        "The residual at theta + h is needed twice: for rho, and as the next r if the "
        "trial is accepted. J is evaluated only where theta has changed. Make a new "
        "theta (theta = theta + h): += would change the old one too.",
        "rho = (r @ r - trial @ trial) / (h @ (mu * h - g)), with trial = "
        "residual(theta + h): the two halves cancel. Accepted: theta, r, J are new, mu "
        "takes the cubic, nu = 2. Refused: only mu and nu change.",
    ),
    inputs=_problem,
    draws=2,  # each run shows every rule
    package=_package,
    recipe=_looped,
    what="The list of thetas",
    sizes=lambda residual, jacobian, theta, n_trials: {"n_trials + 1": n_trials + 1, "P": 2},
    diagnose=_departs,
    path=True,
    slips=(
        part(
            "theta moves on refused trials too. A refused trial changes mu and nu, and nothing "
            "else.",
            stay=False,
        ),
        part(
            "Every trial is accepted. Where rho is not above 0, F has risen: such a trial is "
            "refused, and theta stays.",
            accepted=lambda rho, came: True,
        ),
        instead(
            lambda residual, jacobian, theta, n_trials: np.array((n_trials + 1) * [theta]),
            "theta never moves: every trial was refused. Look at two signs: of h, and of the "
            "predicted decrease.",
        ),
        part(
            "h points uphill: the system's right side is -g, and F rises in trials that your rho "
            "accepts.",
            sign=1,
            accepted=lambda rho, came: rho > 0,
        ),
        part(
            "The predicted decrease has the opposite sign, so your rho accepts the trials in "
            "which F rises.",
            predict=lambda h, mu, g: h @ (g - mu * h) / 2,
            accepted=lambda rho, came: rho > 0,
        ),
        part(
            "An accepted trial divides mu by Nielsen's factor: where the model was right, mu "
            "rises. It should fall.",
            accept=lambda mu, nu, rho: (mu / _cubic(rho), 2),
        ),
        part(
            "A refused trial lowers mu. Where the model was wrong, trust it less: mu rises.",
            refuse=lambda mu, nu, rho: (mu / nu, 2 * nu),
        ),
        part(
            "Your rho is half of ours: the predicted decrease has a ½, as F has.",
            predict=lambda h, mu, g: 2 * _promised(h, mu, g),
        ),
        part(
            "Your rho is twice ours: F has a ½, as the predicted decrease has.",
            predict=lambda h, mu, g: _promised(h, mu, g) / 2,
        ),
        part(
            "Your rho has the opposite sign: the trials are judged rightly, but mu hears the "
            "contrary.",
            predict=lambda h, mu, g: -_promised(h, mu, g),
        ),
        part(
            "Your prediction counts μ's term as if it were part of F: it is -½ hᵀg. The promise "
            "is about F alone.",
            predict=lambda h, mu, g: -h @ g / 2,
        ),
        part(
            "Your prediction is -hᵀg, the slope's alone: the curvature ½ hᵀAh is missing from it.",
            predict=lambda h, mu, g: -h @ g,
        ),
        part(
            "Your prediction is -hᵀg − hᵀAh: the bowl has ½ hᵀAh. Together that is ½ hᵀ(μh − g).",
            predict=lambda h, mu, g: mu * h @ h,  # since Ah = −g − μh
        ),
        part(
            "Your prediction adds g where it should be subtracted: it is ½ hᵀ(μh − g).",
            predict=lambda h, mu, g: h @ (mu * h + g) / 2,
        ),
        part(
            "nu is not set back to 2 after an accepted trial.",
            accept=lambda mu, nu, rho: (mu * _cubic(rho), nu),
        ),
        part(
            "nu starts at 3, and is set back to 3: Nielsen's is 2.",
            nu=3,
            accept=lambda mu, nu, rho: (mu * _cubic(rho), 3),
        ),
        part("nu starts at 3: Nielsen's is 2.", nu=3),
        part(
            "A trial is accepted only where rho is above a threshold, ¼ or more: any decrease is "
            "accepted here.",
            accepted=lambda rho, came: rho > 0.25,
        ),
        part(
            "A trial is accepted only where rho is above a threshold, such as 0.1: any decrease is "
            "accepted here.",
            accepted=lambda rho, came: rho > 0.1,
        ),
        part(
            "h is twice ours: 2Jᵀr is the gradient of the sum of squares, and our F has a ½.",
            sign=-2,
        ),
        part(
            "2rho − 1 is squared: it is cubed, so that its sign counts.",
            accept=lambda mu, nu, rho: (mu * max(1 / 3, 1 - (2 * rho - 1) ** 2), 2),
        ),
        part(
            "The cube is added to 1: it is subtracted, so that a good rho lowers mu.",
            accept=lambda mu, nu, rho: (mu * max(1 / 3, 1 + (2 * rho - 1) ** 3), 2),
        ),
        part(
            "An accepted trial makes mu the factor itself: the factor multiplies mu.",
            accept=lambda mu, nu, rho: (_cubic(rho), 2),
        ),
        part(
            "mu does not change after an accepted trial: it takes the cubic.",
            accept=lambda mu, nu, rho: (mu, 2),
        ),
        part(
            "nu is squared at a refusal: it doubles.",
            refuse=lambda mu, nu, rho: (mu * nu, nu**2),
        ),
        part("nu starts at 1, so the first refusal leaves mu as it is: it is 2.", nu=1),
        part(
            "nu does not double when a trial is refused.", refuse=lambda mu, nu, rho: (mu * nu, nu)
        ),
        part(
            "nu is doubled before mu is multiplied by it; first mu, then nu.",
            refuse=lambda mu, nu, rho: (mu * 2 * nu, 2 * nu),
        ),
        part(
            "This is the ×10 rule. Nielsen looks at how large rho was.",
            accept=lambda mu, nu, rho: (mu / 10, nu),
            refuse=lambda mu, nu, rho: (mu * 10, nu),
        ),
        part(
            "Accepted trials divide mu by 10, as in the ×10 rule: Nielsen's take the cubic.",
            accept=lambda mu, nu, rho: (mu / 10, 2),
        ),
        part(
            "Refused trials multiply mu by 10, as in the ×10 rule: Nielsen's by nu.",
            refuse=lambda mu, nu, rho: (mu * 10, nu),
        ),
        part(
            "The least factor is missing: a third. Without max(⅓, ·) the cubic may fall to 0 and "
            "below.",
            accept=lambda mu, nu, rho: (mu * (1 - (2 * rho - 1) ** 3), 2),
        ),
        part(
            "The least factor is missing: a third. Without max(⅓, ·) the cubic may fall to 0 and "
            "below, and then mu and the promise are negative.",
            accept=lambda mu, nu, rho: (mu * (1 - (2 * rho - 1) ** 3), 2),
            accepted=lambda rho, came: rho > 0,
        ),
        part(
            "Accepted trials always take a third: it is only the least factor, max(⅓, cubic).",
            accept=lambda mu, nu, rho: (mu / 3, 2),
        ),
        part(
            "This is the larger of ⅓ and the cubic turned round: you take the smaller.",
            accept=lambda mu, nu, rho: (mu * min(1 / 3, 1 - (2 * rho - 1) ** 3), 2),
        ),
        part(
            "The cubic has rho where 2rho − 1 belongs: at rho = ½ the factor is 1.",
            accept=lambda mu, nu, rho: (mu * max(1 / 3, 1 - rho**3), 2),
        ),
        part("J is never evaluated again. Where theta has moved, J is another.", fresh=("r",)),
        part(
            "r is never evaluated again: after an accepted trial, r is that of the new theta.",
            fresh=("J",),
        ),
        *(
            part(
                f"Your first mu is {number:g} itself: it should be 1e-3 times the largest entry of "
                "JᵀJ's diagonal.",
                first=lambda J, number=number: number,
            )
            for number in (1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0)
        ),
        part(
            "Your first mu lacks its 1e-3: it is the largest entry of JᵀJ's diagonal itself.",
            first=lambda J: 1e3 * _right_mu(J),
        ),
        part(
            "Your first mu takes the smallest entry of JᵀJ's diagonal: it should be the largest.",
            first=lambda J: 1e-3 * np.min((J**2).sum(axis=0)),
        ),
        part(
            "Your first mu takes the trace of JᵀJ: it should be the largest entry of its diagonal.",
            first=lambda J: 1e-3 * np.sum(J**2),
        ),
        part(
            "Your first mu takes the largest entry of J: it should be that of JᵀJ's diagonal.",
            first=lambda J: 1e-3 * np.max(J),
        ),
        part(
            "You damp with μ diag(JᵀJ), Marquardt's scaling: here it is μI.",
            damping=lambda diagonal: diagonal,
        ),
        part(
            "mu is missing in the system: these are Gauss-Newton's steps.",
            damping=np.zeros_like,
        ),
        turned(
            "All entries are the last theta: `theta += h` writes into the array that is in your "
            "list already.",
            lambda thetas, *task: np.array(len(thetas) * [thetas[-1]]),
        ),
        turned(
            "This is the last theta alone: the list of all n_trials + 1 is asked for.",
            lambda thetas, *task: thetas[-1],
        ),
        turned(
            "The start is missing: it is the first of the n_trials + 1 thetas.",
            lambda thetas, *task: thetas[1:],
        ),
        turned(
            "The last theta is missing: it is appended after each trial, and the start before "
            "the first.",
            lambda thetas, *task: thetas[:-1],
        ),
        turned(
            "Only accepted thetas are in your list: after a refused trial the old theta stands "
            "again.",
            _accepted_only,
        ),
    ),
)
def lm(residual, jacobian, theta, n_trials):
    r, J = residual(theta), jacobian(theta)
    mu, nu, thetas = 1e-3 * np.max((J**2).sum(axis=0)), 2, [theta]
    for _ in range(n_trials):
        g = J.T @ r
        h = -np.linalg.solve(J.T @ J + mu * np.eye(len(g)), g)
        trial = residual(theta + h)
        rho = (r @ r - trial @ trial) / (h @ (mu * h - g))
        if rho > 0:
            theta, r, J = theta + h, trial, jacobian(theta + h)
            mu, nu = mu * max(1 / 3, 1 - (2 * rho - 1) ** 3), 2
        else:
            mu, nu = mu * nu, 2 * nu
        thetas.append(theta)
    return np.array(thetas)


def _bent(theta):
    return np.array([theta[0] ** 3 - 1, 2 * theta[0] + 1])


def _bent_jacobian(theta):
    return np.array([[3 * theta[0] ** 2], [2.0]])


def _judge_stops(stops):
    """Whether each of the four runs ends by its stop, and how each ended."""
    if not isinstance(stops, dict):
        return False, (
            f"this is a {type(stops).__name__}: expected a dict with the keys {', '.join(KINDS)}."
        )
    missing = [kind for kind in KINDS if kind not in stops]
    if missing:
        return False, (
            f"there is nothing yet for {' and '.join(missing)}: "
            f"expected the keys {', '.join(KINDS)}."
        )
    ends = [_run(kind, stops[kind]) for kind in KINDS]
    right, said = all(right for right, _ in ends), "; ".join(said for _, said in ends)
    return right, f"{said}."


def _run(kind, options):
    """(Whether this stop ended the run, what happened in words)."""
    if not isinstance(options, dict) or "start" not in options:
        return False, (
            f"{kind}: expected a dict with a start, such as dict(start=[0.3], max_steps=50)"
        )
    options = {"max_steps": MOST} | options
    if "mu" in options:
        return False, f"{kind}: mu is not among the options here, it stays the solver's own"
    start = numbers(options.pop("start"))
    if start is None or start.size != 1 or start.dtype.kind == "c":
        return False, f"{kind}: expected a start of one real number"
    start = start.reshape(1)
    if not (is_real(options["max_steps"]) and 1 <= options["max_steps"] <= MOST):
        return False, f"{kind}: max_steps = {options['max_steps']!r}, expected 1 to {MOST}"
    try:
        return _seen(kind, *_end(start, options))
    except (TypeError, ValueError) as error:
        return False, f"{kind}: {error}"


def _end(start, options):
    """(Kind of the stop, number of trials, largest cosine at the end) of a run."""
    problem = LeastSquares(_bent, _bent_jacobian)
    steps, n, theta = levenberg_marquardt(problem, start, **options), 0, start
    while True:
        try:
            theta, n = next(steps).next_theta, n + 1
        except StopIteration as end:
            return end.value.kind, n, problem.linearize(theta).cosine()


def _seen(kind, fired, n, cosine):
    trials = f"{n} trial{'s' * (n != 1)}"
    if fired != kind:
        return False, f"{kind}: no, the stop that fired was {fired}, after {trials}"
    where = f"after {trials}, where the cosine is {cosine:.1g}"
    if kind == "step" and not cosine > FAR:
        return False, (
            f"step: it fired {where}, which is near a minimum; "
            f"let it fire where the cosine is above {FAR}"
        )
    return True, f"{kind}: fired {where}"


@exercise(
    "8.2",
    "witness",
    "For each of the stops gradient, step, loss and target hand in a start and "
    "options (not mu) with which it ends a run on r = (θ³ − 1, 2θ + 1); the step stop "
    "where θ is no minimum, with a largest |cos(J_j, r)| above 0.1.",
    hints=(
        "Each stop has its tolerance: gtol, xtol, ftol, target_loss. A large one "
        "makes its stop fire early, and 0 keeps a stop from firing.",
        "With the defaults some stop fires from 0.5: that one is done. For another, "
        "keep the first from firing, or let the other fire earlier.",
        "xtol compares ‖h‖ with ‖θ‖: far away, half of ‖θ‖ is a long way. For the target: print "
        "F at the end of a run, it is not 0.",
    ),
    judge=_judge_stops,
)
def stops():
    return {
        "gradient": dict(start=[0.5], gtol=1e-3),
        "step": dict(start=[3.0], xtol=0.5, gtol=0),  # far away, and still on its way
        "loss": dict(start=[0.5], ftol=1e-3, gtol=0),
        "target": dict(start=[0.5], target_loss=1.0),
    }


@exercise(
    "8.3",
    "value",
    "mu = 0.5 and nu = 2. Three trials give rho = -1, then "
    "-0.2, then 0.75. Nielsen's (mu, nu) after each of them?",
    hints=(
        "Two refused trials and one accepted.",
        "Refused: first mu is multiplied by nu, then nu doubles.",
        "Accepted at 0.75: 2·0.75 − 1 = ½, and its cube is ⅛.",
    ),
    recipe=lambda **parts: _pairs(**parts),
    what="The table of (mu, nu)",
    diagnose=_first_other_pair,
    digits=3,
    slips=(
        part("nu has to double at each refusal.", refuse=lambda mu, nu, rho: (mu * nu, nu)),
        part(
            "First mu is multiplied, then nu doubles; you did it the other way round.",
            refuse=lambda mu, nu, rho: (mu * 2 * nu, 2 * nu),
        ),
        part(
            "The refusals are right. The accepted trial sets nu back to 2.",
            accept=lambda mu, nu, rho: (mu * _cubic(rho), nu),
        ),
        part(
            "nu doubles at the accepted trial too: it is set back to 2 there.",
            accept=lambda mu, nu, rho: (mu * _cubic(rho), 2 * nu),
        ),
        part(
            "The refusals are right. At the accepted trial take the larger of ⅓ and the cubic.",
            accept=lambda mu, nu, rho: (mu / 3, 2),
        ),
        part(
            "The refusals are right. In the cubic, 2ρ − 1 is cubed, and the cube is taken from 1.",
            accept=lambda mu, nu, rho: (mu * (1 + (2 * rho - 1) ** 3), 2),
        ),
        part(
            "The refusals are right. This is 1 − (2ρ − 1): the cube is missing.",
            accept=lambda mu, nu, rho: (mu * (2 - 2 * rho), 2),
        ),
        part(
            "The refusals are right. The cube itself is no factor: it is taken from 1.",
            accept=lambda mu, nu, rho: (mu * (2 * rho - 1) ** 3, 2),
        ),
        part(
            "The refusals are right. The cubic has 2ρ − 1, not ρ.",
            accept=lambda mu, nu, rho: (mu * max(1 / 3, 1 - rho**3), 2),
        ),
        part(
            "This is the factor 2 both ways. Nielsen looks at how large rho was.",
            accept=lambda mu, nu, rho: (mu / 2, 2),
        ),
        part(
            "The accepted trial divides by 10, as in the ×10 rule: Nielsen looks at rho.",
            accept=lambda mu, nu, rho: (mu / 10, 2),
        ),
        part(
            "The refused trials multiply by 10, as in the ×10 rule: Nielsen's by nu.",
            refuse=lambda mu, nu, rho: (mu * 10, 2 * nu),
        ),
        part(
            "A refused trial raises mu: the model was wrong, so trust it less.",
            refuse=lambda mu, nu, rho: (mu / nu, 2 * nu),
        ),
        part(
            "This is the ×10 rule: Nielsen multiplies by nu, and by the cubic.",
            refuse=lambda mu, nu, rho: (10 * mu, nu),
            accept=lambda mu, nu, rho: (mu / 10, 2),
        ),
        part(
            "A refused trial leaves mu as it was: it is multiplied by nu.",
            refuse=lambda mu, nu, rho: (mu, 2 * nu),
        ),
        part(
            "A refused trial leaves mu and nu as they were: mu is multiplied by nu, nu doubles.",
            refuse=lambda mu, nu, rho: (mu, nu),
        ),
        part(
            "A refused trial multiplies mu by 2, always: nu has grown by then.",
            refuse=lambda mu, nu, rho: (2 * mu, 2 * nu),
        ),
        part(
            "nu is squared at a refusal: it doubles.",
            refuse=lambda mu, nu, rho: (mu * nu, nu**2 if nu > 2 else 4),
        ),
        part(
            "2 is added to nu at a refusal: it doubles.",
            refuse=lambda mu, nu, rho: (mu * nu, nu + 2),
        ),
        part(
            "The refusals are right. The cubic multiplies the mu of just before, not the first.",
            accept=lambda mu, nu, rho: (0.5 * _cubic(rho), 2),
        ),
        part(
            "The refusals are right. This is the factor; mu is still to be multiplied by it.",
            accept=lambda mu, nu, rho: (_cubic(rho), 2),
        ),
        part(
            "The refusals are right. In the cubic, 2ρ − 1 is cubed, not squared (ρ itself is no "
            "factor either).",
            accept=lambda mu, nu, rho: (mu * (1 - (2 * rho - 1) ** 2), 2),
        ),
        turned(
            "The numbers are right, the pairs are swapped: in each, mu first, then nu.",
            lambda pairs: pairs[:, ::-1],
        ),
        turned(
            "The first two pairs are right. The third is missing: there are three trials.",
            lambda pairs: pairs[:2],
        ),
        turned("The mu are right. Beside each stands its nu.", lambda pairs: pairs[:, 0]),
        turned(
            "This is after the last trial only: three pairs are asked for.", lambda pairs: pairs[2]
        ),
        turned(
            "The pairs stand one step too late: the first is after the first trial.",
            lambda pairs: np.vstack([[0.5, 2], pairs[:2]]),
        ),
    ),
)
def by_hand():
    return np.array([(1.0, 4), (4.0, 8), (4.0 * (1 - 0.5**3), 2)])


def _pairs(accept=_kept, refuse=_refused):
    """(mu, nu) after each trial with a rule's parts exchanged; by default the right one."""
    mu, nu, found = 0.5, 2, []
    for rho in (-1, -0.2, 0.75):
        mu, nu = accept(mu, nu, rho) if rho > 0 else refuse(mu, nu, rho)
        found.append((mu, nu))
    return np.array(found)


@exercise(
    "8.4",
    "value",
    "A run goes A R R A A R A (A accepted, R refused). How many trials, how many "
    "epochs, and how many different Jacobians did these trials use?",
    hints=(
        "A trial solves one system. An epoch ends when a trial is accepted.",
        "Count letters for the trials, and A's for the epochs.",
        "J is evaluated once where an epoch begins. Refused "
        "trials are made from the same theta, with the same J.",
    ),
    names=("the number of trials", "the number of epochs", "the number of Jacobians"),
    reminders=(
        "every letter is a trial.",
        "an epoch ends with each accepted trial.",
        "there is one for each theta that a trial began from.",
    ),
    slips=(
        (
            (7, 7, 7),
            "Trials and epochs are two things: an epoch goes on until a trial is accepted.",
        ),
        (
            (7, 4, 7),
            "Trials and epochs are right. After a refused trial theta is the same, and so is J.",
        ),
        ((4, 7, 4), "Trials and epochs changed places: every letter is a trial."),
        ((7, 4, 1), "Trials and epochs are right. J is another wherever theta has moved."),
        ((3, 4, 4), "Every letter is a trial, the accepted ones too."),
        ((7, 3, 4), "Trials and Jacobians are right. An epoch ends when a trial is accepted."),
        ((7, 3, 3), "An epoch ends when a trial is accepted, not when one is refused."),
        ((4, 4, 4), "Every letter is a trial, the refused ones too."),
        (
            (7, 4, 3),
            "Trials and epochs are right. Each epoch begins with a J of its own, the first too.",
        ),
        (
            (7, 4, 5),
            "Trials and epochs are right. A J after the last trial is used by none of these seven.",
        ),
    ),
)
def counts():
    return 7, 4, 4
