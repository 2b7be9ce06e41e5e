"""Exercises of lesson 08: the loop in NumPy, the four stops, μ and ν by hand, epochs and trials."""

from itertools import islice

import numpy as np

from ..checks import is_real
from ..problems import LeastSquares
from ..solvers import levenberg_marquardt
from .base import exercise

KINDS = ("gradient", "step", "loss", "target")
FAR = 0.1  # θ is no minimum where the largest |cos(J_j, r)| is above this
MOST = 2000  # trials after which a run is given up


def _lm(
    predict=None, accept=None, refuse=None, fresh=True, stay=True, first=None, sign=-1, by_rho=False
):
    """The loop of exercise 8.1 with parts of it exchanged; by default the right one."""
    predict = predict or (lambda h, mu, g: h @ (mu * h - g) / 2)
    accept = accept or (lambda mu, nu, rho: (mu * _cubic(rho), 2))
    refuse = refuse or (lambda mu, nu, rho: (mu * nu, 2 * nu))

    @np.errstate(all="ignore")  # a slip may climb out of the range of floats
    def lm(residual, jacobian, theta, n_trials):
        r, J = residual(theta), jacobian(theta)
        mu, nu, thetas = 1e-3 * np.max((J**2).sum(axis=0)) if first is None else first, 2, [theta]
        for _ in range(n_trials):
            g = J.T @ r
            h = sign * np.linalg.solve(J.T @ J + mu * np.eye(len(g)), g)
            trial = residual(theta + h)
            rho = (r @ r - trial @ trial) / 2 / predict(h, mu, g)
            falls = rho > 0 if by_rho else trial @ trial < r @ r
            mu, nu = accept(mu, nu, rho) if falls else refuse(mu, nu, rho)
            if falls or not stay:
                theta, r = theta + h, trial
                J = jacobian(theta) if fresh else J
            thetas.append(theta)
        return np.array(thetas)

    return lm


def _cubic(rho):
    return max(1 / 3, 1 - (2 * rho - 1) ** 3)


def _problem(rng):
    """(residual, jacobian, θ, number of trials) of a curved valley.

    In the run two trials in succession are refused, and one is accepted after that.
    """
    while True:
        bend, side = rng.uniform(3, 12), rng.uniform(0.5, 2)
        task = _valley(bend, side), _valley_jacobian(bend, side), rng.uniform(-2, 2, size=2), 10
        verdicts, margin = _verdicts(*task)
        if "RR" in verdicts and "A" in verdicts.partition("RR")[2].rstrip("A") and margin > 1e-2:
            return task


def _valley(bend, side):
    return lambda theta: np.array(
        [bend * (theta[1] - theta[0] ** 2), side * (1 - theta[0]), theta[0] * theta[1]]
    )


def _valley_jacobian(bend, side):
    return lambda theta: np.array([[-2 * bend * theta[0], bend], [-side, 0], [theta[1], theta[0]]])


def _verdicts(residual, jacobian, theta, n_trials):
    """A or R for each trial, and the smallest |ρ|: a large one leaves no verdict to rounding."""
    steps = levenberg_marquardt(LeastSquares(residual, jacobian), theta)
    seen = list(islice(steps, n_trials))
    return "".join("RA"[step.accepted] for step in seen), min(abs(step.rho) for step in seen)


def _package(residual, jacobian, theta, n_trials):
    steps = levenberg_marquardt(LeastSquares(residual, jacobian), theta)
    return np.array([theta, *(step.next_theta for step in islice(steps, n_trials))])


def _accepted_only(*task):
    thetas = _lm()(*task)
    return thetas[np.append(True, (np.diff(thetas, axis=0) != 0).any(axis=1))]


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
    package=_package,
    slips=(
        (
            _lm(stay=False),
            "theta moves on refused trials too. A refused "
            "trial changes mu and nu, and nothing else.",
        ),
        (
            lambda residual, jacobian, theta, n_trials: np.array((n_trials + 1) * [theta]),
            "theta never moves: every trial was refused. Look "
            "at two signs: of h, and of the predicted decrease.",
        ),
        (
            _lm(sign=1, by_rho=True),
            "h points uphill: the system's right side is -g, "
            "and F rises in trials that your rho accepts.",
        ),
        (
            _lm(predict=lambda h, mu, g: h @ (g - mu * h) / 2, by_rho=True),
            "The predicted decrease has the opposite sign, so "
            "your rho accepts the trials in which F rises.",
        ),
        (
            _lm(accept=lambda mu, nu, rho: (mu / _cubic(rho), 2)),
            "An accepted trial divides mu by Nielsen's factor: "
            "where the model was right, mu rises. It should fall.",
        ),
        (
            _lm(refuse=lambda mu, nu, rho: (mu / nu, 2 * nu)),
            "A refused trial lowers mu. Where the model was wrong, trust it less: mu rises.",
        ),
        (
            _lm(predict=lambda h, mu, g: h @ (mu * h - g)),
            "Your rho is half of ours: the predicted decrease has a ½, as F has.",
        ),
        (
            _lm(predict=lambda h, mu, g: h @ (mu * h - g) / 4),
            "Your rho is twice ours: F has a ½, as the predicted decrease has.",
        ),
        (
            _lm(predict=lambda h, mu, g: h @ (g - mu * h) / 2),
            "Your rho has the opposite sign: the trials are "
            "judged rightly, but mu hears the contrary.",
        ),
        (
            _lm(predict=lambda h, mu, g: -h @ g / 2),
            "Your prediction counts μ's term as if it were part "
            "of F: it is -½ hᵀg. The promise is about F alone.",
        ),
        (
            _lm(predict=lambda h, mu, g: -h @ g),
            "Your prediction is -hᵀg, the slope's alone: the curvature ½ hᵀAh is missing from it.",
        ),
        (
            _lm(accept=lambda mu, nu, rho: (mu * _cubic(rho), nu)),
            "nu is not set back to 2 after an accepted trial.",
        ),
        (
            _lm(refuse=lambda mu, nu, rho: (mu * nu, nu)),
            "nu does not double when a trial is refused.",
        ),
        (
            _lm(refuse=lambda mu, nu, rho: (mu * 2 * nu, 2 * nu)),
            "nu is doubled before mu is multiplied by it; first mu, then nu.",
        ),
        (
            _lm(accept=lambda mu, nu, rho: (mu * min(1 / 3, 1 - (2 * rho - 1) ** 3), 2)),
            "This is the larger of ⅓ and the cubic turned round: you take the smaller.",
        ),
        (_lm(fresh=False), "J is never evaluated again. Where theta has moved, J is another."),
        (
            _lm(first=1e-3),
            "Your first mu is 1e-3 itself: it should be 1e-3 "
            "times the largest entry of JᵀJ's diagonal.",
        ),
        (
            lambda *task: np.array((task[-1] + 1) * [_lm()(*task)[-1]]),
            "All entries are the last theta: `theta += h` writes "
            "into the array that is in your list already.",
        ),
        (
            lambda *task: _lm()(*task)[1:],
            "The start is missing: it is the first of the n_trials + 1 thetas.",
        ),
        (
            _accepted_only,
            "Only accepted thetas are in your list: after a "
            "refused trial the old theta stands again.",
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
    return np.array([theta[0] + 1, -2 * theta[0] ** 2 + theta[0] - 1])


def _bent_jacobian(theta):
    return np.array([[1.0], [-4 * theta[0] + 1]])


def _judge_stops(stops):
    """Whether each of the four runs ends by its stop, and how each ended."""
    if not isinstance(stops, dict):
        return False, (
            f"this is a {type(stops).__name__}: expected a dict with the keys {', '.join(KINDS)}"
        )
    missing = [kind for kind in KINDS if kind not in stops]
    if missing:
        return False, (
            f"there is nothing yet for {' and '.join(missing)}: "
            f"expected the keys {', '.join(KINDS)}"
        )
    ends = [_run(kind, stops[kind]) for kind in KINDS]
    right, said = all(right for right, _ in ends), "; ".join(said for _, said in ends)
    return right, f"right. {said}" if right else said


def _run(kind, options):
    """(Whether this stop ended the run, what happened in words)."""
    if not isinstance(options, dict) or "start" not in options:
        return False, (
            f"{kind}: expected a dict with a start, such as dict(start=[0.3], max_steps=50)"
        )
    options = {"max_steps": MOST} | options
    start = np.atleast_1d(np.asarray(options.pop("start"), dtype=float))
    if start.shape != (1,):
        return False, f"{kind}: start has shape {start.shape}, expected one number"
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
    "options with which it ends a run on r = (θ + 1, −2θ² + θ − 1); the step stop "
    "where θ is no minimum, with a largest |cos(J_j, r)| above 0.1.",
    hints=(
        "Each stop has its tolerance: gtol, xtol, ftol, target_loss. A large one "
        "makes its stop fire early, and 0 keeps a stop from firing.",
        "With the defaults some stop fires from 0.05: that one is done. For another, "
        "keep the first from firing, or let the other fire earlier.",
        "‖h‖ is at most ‖g‖/μ, and μ is an option too. For "
        "the target: F is never below 1 on this problem.",
    ),
    judge=_judge_stops,
)
def stops():
    return {
        "gradient": dict(start=[0.05], gtol=1e-3),
        "step": dict(start=[0.05], mu=1e16),
        "loss": dict(start=[0.05], ftol=1e-3),
        "target": dict(start=[0.05], target_loss=1.001),
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
    slips=(
        (((1.0, 2), (2.0, 2), (1.75, 2)), "nu has to double at each refusal."),
        (
            ((2.0, 4), (16.0, 8), (14.0, 2)),
            "First mu is multiplied, then nu doubles; you did it the other way round.",
        ),
        (
            ((1.0, 4), (4.0, 8), (3.5, 8)),
            "The refusals are right. The accepted trial sets nu back to 2.",
        ),
        (
            ((1.0, 4), (4.0, 8), (4 / 3, 2)),
            "The refusals are right. At the accepted trial take the larger of ⅓ and the cubic.",
        ),
        (
            ((1.0, 4), (4.0, 8), (4.5, 2)),
            "The refusals are right. In the cubic, 2ρ − 1 is cubed, and the cube is taken from 1.",
        ),
        (
            ((1.0, 4), (4.0, 8), (2.0, 2)),
            "This is the factor 2 both ways. Nielsen looks at how large rho was.",
        ),
        (
            ((0.25, 4), (0.0625, 8), (0.0546875, 2)),
            "A refused trial raises mu: the model was wrong, so trust it less.",
        ),
    ),
)
def by_hand():
    return np.array([(1.0, 4), (4.0, 8), (4.0 * (1 - 0.5**3), 2)])


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
    slips=(
        (
            (7, 7, 7),
            "Trials and epochs are two things: an epoch goes on until a trial is accepted.",
        ),
        (
            (7, 4, 7),
            "Trials and epochs are right. After a refused trial theta is the same, and so is J.",
        ),
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
