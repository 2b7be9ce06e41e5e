"""Rivals of Levenberg-Marquardt on one network, and what each of them has spent for its F.

Every run counts the same four things after each trial: trials, derivatives (J, or g of all
samples), multiplications, and seconds of CPU time. The multiplications are those of lesson 09's
bill, for one output: what the method itself needs, not what a library happens to do.
"""

import math
import os
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import numpy as np
from scipy.optimize import minimize

from .checks import at_least, instance, one_of, positive
from .network_fit import NetworkFit
from .solvers import levenberg_marquardt

CPU = perf_counter if os.name == "nt" else process_time  # Windows counts it in steps of 16 ms
MEMORY = 10  # pairs of vectors that L-BFGS keeps: SciPy's default
DECAYS, TINY = (0.9, 0.999), 1e-8  # Adam's own defaults (Kingma & Ba, 2015)
BATCHES = 5  # of SGD in an epoch
ENOUGH = 1e-4  # a step is kept where F falls by this share of −gᵀh (Armijo)
HALVINGS = 30  # of one Gauss-Newton step, at most
COUNTS = ("trials", "derivatives", "multiplications", "seconds")
METHODS = ("LM", "BFGS", "L-BFGS", "GN + line search", "Adam", "SGD")
RATES = {"SGD": 0.03, "Adam": 0.1}  # good ones on lesson 09's sine


@dataclass(frozen=True)
class Run:
    """One method from one start: the lowest F so far, and what was spent, after each trial.

    `losses` and every array of `spent` have the start first: (n + 1,) for n trials.
    """

    name: str
    losses: Any
    spent: dict

    def until(self, goal, count="trials"):
        """What was spent when F first was at most the goal; infinite if it never was."""
        one_of("count", count, COUNTS)
        there = np.flatnonzero(self.losses <= goal)
        return float(self.spent[count][there[0]]) if len(there) else math.inf


class _Enough(Exception):
    """The goal was reached, the budget is spent, or F is no longer finite."""


class _Ledger:
    """A network's F and its derivatives, with their price written down."""

    def __init__(self, problem, theta, goal, most):
        self.problem, self.goal, self.most = problem, goal, most
        self.N, self.P = len(problem.X), problem.n_parameters
        self.now = dict.fromkeys(COUNTS, 0)
        self.lowest = problem.loss(theta)
        self.rows = [(self.lowest, *self.now.values())]
        self.clock = CPU()

    def pay(self, **prices):
        """Add prices such as multiplications=500 to what was spent."""
        for count, price in prices.items():
            self.now[count] += price

    def tried(self, F, trials=1):
        """Close a trial with its F; raises _Enough where the run is to end.

        That is at the goal, at the end of the budget, and where F is no longer finite.
        """
        self.pay(trials=trials, seconds=CPU() - self.clock)
        self.lowest = min(self.lowest, F) if math.isfinite(F) else self.lowest
        self.rows.append((self.lowest, *self.now.values()))
        spent = self.now["multiplications"] >= self.most
        if self.lowest <= self.goal or spent or not math.isfinite(F):
            raise _Enough
        self.clock = CPU()

    def look(self, theta):
        """F of all samples; nan where θ is not finite."""
        return self.problem.loss(theta) if np.isfinite(theta).all() else math.nan

    def slope(self, theta, some=slice(None)):
        """(F, g) of some of the samples, one forward and one backward pass: 2·n·P."""
        net, X, Y = self.problem.network, self.problem.X[some], self.problem.Y[some]
        activations = net.forward(X, theta)
        r = activations[-1] - Y
        g = net.gradient(activations, net.error_terms(activations, r, theta))
        self.pay(multiplications=2 * len(X) * self.P, derivatives=len(X) / self.N)
        return float(r.ravel() @ r.ravel()) / 2, g

    def run(self, name):
        """The Run of all that was written down."""
        table = np.array(self.rows, dtype=float).T
        return Run(name, table[0], dict(zip(COUNTS, table[1:], strict=True)))


def race(problem, theta, method, *, goal=0.0, most=1e6, rate=None, seed=0):
    """Run one of METHODS on a network from θ, and return its Run.

    Parameters
    ----------
    problem : NetworkFit
        With one output and the loss "mse", for which the multiplications are counted.
    theta : array (P,)
        Where the run starts.
    method : str
        "SGD", five batches an epoch, and "Adam", with a constant `rate`, the lesson's
        unless given; "L-BFGS" and "BFGS" as SciPy has them; "GN + line search", Gauss-Newton whose
        step is halved until F falls enough; "LM", with Nielsen's rule.
    goal, most : float
        The run ends at this F, or after so many multiplications, or where the method ends itself.
    seed : int
        Of the order in which SGD takes the samples.

    Raises ValueError or TypeError for anything else. Sources: Kingma & Ba (2015) for Adam; Nocedal
    & Wright, *Numerical Optimization* (2006), for BFGS, L-BFGS and the line search.
    """
    instance("problem", problem, NetworkFit, "a NetworkFit")
    if problem.Y.shape[1] != 1 or problem.loss_name != "mse":
        raise ValueError('problem: expected one output and the loss "mse"')
    one_of("method", method, METHODS)
    at_least("seed", seed, 0)
    rate = positive("rate", RATES.get(method, 1.0) if rate is None else rate)
    ledger = _Ledger(problem, theta, goal, positive("most", most))
    with suppress(_Enough), np.errstate(over="ignore", invalid="ignore"):
        _RUNS[method](ledger, np.array(theta, dtype=float), rate, seed)
    return ledger.run(method)


def _sgd(ledger, theta, rate, seed):
    """θ ← θ − η g of a batch; F of all samples is looked at after each epoch, free of charge."""
    rng, size = np.random.default_rng(seed), max(1, ledger.N // BATCHES)
    while True:
        batches = np.split(rng.permutation(ledger.N), range(size, ledger.N, size))
        for some in batches:
            theta = theta - rate * ledger.slope(theta, some)[1]
        ledger.pay(seconds=CPU() - ledger.clock)
        F = ledger.look(theta)
        ledger.clock = CPU()
        ledger.tried(F, trials=len(batches))


def _adam(ledger, theta, rate, seed):
    """h = −η m̂/(√v̂ + ε), with running means m of g and v of g²; g of all samples."""
    (b1, b2), m, v, t = DECAYS, 0.0, 0.0, 0
    F, g = ledger.slope(theta)
    while True:
        t += 1
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        theta = theta - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + TINY)
        F, g = ledger.slope(theta)
        ledger.tried(F)


def _scipy(name, price):
    """A run of SciPy's minimizer, where each trial costs the price beside its F and g."""

    def run(ledger, theta, rate, seed):
        def tried(theta):
            F, g = ledger.slope(theta)
            ledger.pay(multiplications=price(ledger.P))
            ledger.tried(F)
            return F, g

        never = {"gtol": 0.0, "maxiter": 10**6}
        never |= {"ftol": 0.0, "maxfun": 10**6} if name == "L-BFGS-B" else {}
        minimize(tried, theta, jac=True, method=name, options=never)

    return run


def _gauss_newton(ledger, theta, rate, seed):
    """Gauss-Newton's step, halved until F falls by ENOUGH of what −gᵀh promises."""
    while True:
        here, h, slope = _linear(ledger, theta)
        for k in range(HALVINGS):
            t = 0.5**k
            F = ledger.problem.loss(theta + t * h)
            ledger.pay(multiplications=ledger.N * ledger.P)
            ledger.tried(F)
            if here.loss + ENOUGH * t * slope > F:
                break
        else:
            return
        theta = theta + t * h


def _linear(ledger, theta):
    """(Linearization, Gauss-Newton's step, gᵀh), paid for: J, JᵀJ and the system."""
    here, (N, P) = ledger.problem.linearize(theta), (ledger.N, ledger.P)
    ledger.pay(derivatives=1, multiplications=N * P + N * P**2 / 2 + P**3 / 6)
    h = here.step(0)
    return here, h, float(here.g @ h)


def _levenberg_marquardt(ledger, theta, rate, seed):
    """One forward pass and one system for each trial; J and JᵀJ where the last was accepted."""
    (N, P), fresh = (ledger.N, ledger.P), True
    for step in levenberg_marquardt(ledger.problem, theta, gtol=0, xtol=0, ftol=0, max_steps=10**6):
        if fresh:  # J and JᵀJ belong to this trial
            ledger.pay(derivatives=1, multiplications=N * P + N * P**2 / 2)
        ledger.pay(multiplications=N * P + P**3 / 6)
        ledger.tried(step.trial_loss)
        fresh = step.accepted


_RUNS = {
    "SGD": _sgd,
    "Adam": _adam,
    # Two products of vectors for each pair, two passes; and a P × P matrix times g, then times the
    # change of g, then two updates of half of it.
    "L-BFGS": _scipy("L-BFGS-B", lambda P: 4 * MEMORY * P),
    "BFGS": _scipy("BFGS", lambda P: 3 * P**2),
    "GN + line search": _gauss_newton,
    "LM": _levenberg_marquardt,
}
