"""α and β from the data themselves: Bayesian regularization by the evidence."""

import math
from typing import NamedTuple

import numpy as np

from .checks import as_finite, at_least, instance, positive
from .html import escape, html_table
from .problems import Problem
from .solving import solve
from .uncertainty import squared_singular_values
from .wrappers import Regularized

ROUNDS = 100
CLOSE = 1e-5  # relative change of α and β at which the rounds end
WEAK = 1e-2  # α/β of the first round, of the mean ‖J_j‖²
ROUNDING = float(np.finfo(float).eps) ** 2  # of F at θ₀, below which F is rounding
LARGEST = 1e12  # α, where the data determine nothing
STEPS = 20  # trials of Levenberg-Marquardt in a round
LAST_STEPS = 500  # trials of the run with the last α and β
SHOWN = 20  # rounds in a table


class Round(NamedTuple):
    """One round: the α and β it began with, and what was found with them.

    `loss` is F = ½ rᵀr of the data, `weights` ½‖θ − c‖², `gamma` γ = Σ βs²/(βs² + α), `evidence`
    the logarithm of p(data | α, β).
    """

    k: int
    alpha: float
    beta: float
    loss: float
    weights: float
    gamma: float
    evidence: float
    next_alpha: float
    next_beta: float

    def __str__(self):
        return (
            f"round {self.k}: α = {self.alpha:.4g}, β = {self.beta:.4g}: F = {self.loss:.4g}, "
            f"½‖θ‖² = {self.weights:.4g}, γ = {self.gamma:.4g}, ln evidence {self.evidence:.6g}"
        )


class Evidence:
    """What `bayesian_regularization` found: θ, α, β, γ, the rounds, and the problem that has them.

    `problem` is Regularized(problem, α, β); `trace` the last run on it; `success` whether α and β
    settled while the runs found their minima; `message` says so.
    """

    def __init__(self, rounds, problem, trace, settled, exact=False):
        self.rounds, self.problem, self.trace = rounds, problem, trace
        self.theta, self.alpha, self.beta = trace.theta, problem.alpha, problem.beta
        self.gamma, self.evidence = rounds[-1].gamma, rounds[-1].evidence
        self.success = settled and trace.success
        ended = "settled" if settled else "have not settled"
        self.message = f"α and β {ended} after {len(rounds)} rounds. "
        if exact:
            self.message += (
                "F is nothing but rounding: the data show no noise, and β is its limit. "
            )
        self.message += trace.message

    def uncertainty(self):
        """Return what the data and the prior say about θ: cov θ = (βJᵀJ + αI)⁻¹."""
        return self.trace.uncertainty()

    def __repr__(self):
        P = len(self.theta)
        return (
            f"<Evidence, α = {self.alpha:.4g}, β = {self.beta:.4g}, γ = {self.gamma:.4g} of {P} "
            f"parameters, {len(self.rounds)} rounds>"
        )

    def _repr_html_(self):
        head = ("round", "α", "β", "F", "½‖θ‖²", "γ", "ln evidence")
        some = self.rounds if len(self.rounds) <= SHOWN else self.rounds[-SHOWN:]
        rows = [(r.k, *(f"{value:.4g}" for value in r[1:7])) for r in some]
        return f"<p>{escape(repr(self))}</p>{html_table(head, rows)}"


def bayesian_regularization(
    problem, theta0, alpha=None, beta=None, center=0.0, max_rounds=ROUNDS, **options
):
    """Fit θ with a penalty ½α‖θ − c‖² whose α, and the noise's 1/β, come from the data.

    Each round minimizes βF + ½α‖θ − c‖² from where the last one ended, and takes γ = Σ βs²/(βs² +
    α), α = γ/‖θ − c‖², β = (N·m − γ)/2F, until they settle. `alpha`, `beta`: of the first round;
    unless given, β fits F at θ₀, and α is weak. `options` go to `solve`. Returns the Evidence,
    which tells every round. Raises ValueError or TypeError for bad input, such as a problem with a
    loss of its own. Sources: MacKay (1992); Foresee & Hagan (1997), whose sums have no ½.
    """
    instance("problem", problem, Problem, "a Problem, such as NetworkFit")
    if problem.generalized:
        raise ValueError(f"problem is {problem!r}: expected one with F = ½ rᵀr")
    theta = as_finite("theta0", theta0, 1, problem.n_parameters and (problem.n_parameters,))
    at_least("max_rounds", max_rounds, 1)
    alpha, beta = first_precisions(problem, theta, alpha, beta)
    options = {"max_steps": STEPS, "history": "light", "progress": False, **options}
    rounds, settled = [], False
    least = ROUNDING * problem.loss(theta)
    for k in range(max_rounds):
        penalized = Regularized(problem, alpha, beta, center)
        trace = solve(penalized, theta, **options)
        theta = trace.theta
        rounds.append(round_at(penalized, theta, k, least))
        after = rounds[-1].next_alpha, rounds[-1].next_beta
        settled = math.dist(np.log(after), np.log((alpha, beta))) <= CLOSE
        alpha, beta = after
        if settled:
            break
    penalized = Regularized(problem, alpha, beta, center)
    trace = solve(penalized, theta, **{**options, "max_steps": LAST_STEPS})
    return Evidence(rounds, penalized, trace, settled, rounds[-1].loss <= least)


def first_precisions(problem, theta, alpha, beta):
    """Return α and β to begin with: so weak a penalty that the fit can move."""
    here = problem.linearize(theta)
    n, typical = len(here.r), float((here.column_norms**2).mean())
    if beta is None:
        beta = n / (2 * here.loss) if here.loss > 0 else 1.0
    if alpha is None:
        alpha = WEAK * beta * typical if typical > 0 else beta
    return positive("alpha", alpha), positive("beta", beta)


def round_at(penalized, theta, k, least=0.0):
    """Return the Round at θ: γ there, and the α and β that follow; F below `least` is rounding."""
    alpha, beta = penalized.alpha, penalized.beta
    seen = penalized.evaluate(theta)
    n, F = len(seen.r) - len(theta), seen.inside.loss
    away = theta - penalized.center
    weights = float(away @ away) / 2
    squares = squared_singular_values(seen.linearize().of_data)
    gamma = float((beta * squares / (beta * squares + alpha)).sum())
    evidence = log_evidence(alpha, beta, F, weights, squares, n, len(theta))
    tiny = np.finfo(float).tiny
    next_alpha = min(gamma / max(2 * weights, tiny), LARGEST) or alpha
    left = 2 * max(F, least)
    next_beta = (n - gamma) / left if left > 0 and gamma < n else beta
    return Round(k, alpha, beta, F, weights, gamma, evidence, next_alpha, next_beta)


def log_evidence(alpha, beta, loss, weights, squares, n, P):
    """Return ln p(data | α, β), with θ integrated out after the straight model at its minimum.

    −βF − ½α‖θ‖² − ½ ln det(βJᵀJ + αI) + ½P ln α + ½n ln(β/2π); `squares` are s² of J. It is exact
    for a linear model. Source: MacKay (1992), eq. 4.5 of "A practical Bayesian framework".
    """
    squares = np.asarray(squares)
    logs = np.log(beta * squares + alpha).sum() + (P - len(squares)) * math.log(alpha)
    fit = beta * loss + alpha * weights
    return float(-fit - logs / 2 + P / 2 * math.log(alpha) + n / 2 * math.log(beta / (2 * math.pi)))
