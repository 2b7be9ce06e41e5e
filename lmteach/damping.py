"""Damping rules: which μ follows a trial."""

import math
import sys
from dataclasses import dataclass
from typing import Protocol

from .checks import above, one_or_more, positive

SMALLEST = sys.float_info.min  # a μ of 0 could never rise again


class DampingRule(Protocol):
    """What a damping rule has to offer; a rule need not inherit from this class.

    A rule is a value, such as a frozen dataclass: `update` changes nothing, and gives the rule that
    judges the next trial, itself if it has no state. It is called once for every trial.
    """

    def update(self, mu: float, rho: float, accepted: bool) -> "tuple[float, DampingRule]":
        """Return the next μ > 0 and the next rule, from this trial's μ, gain ratio ρ and verdict.

        ρ = (F(θ) − F(trial)) / ½hᵀ(μD²h − g) is nan where F was not evaluated.
        """


def updated(rule, mu, rho, accepted):
    """Return (next μ, next rule) from the rule's `update`; TypeError or ValueError for others."""
    answer = rule.update(mu, rho, accepted)
    try:
        next_mu, next_rule = answer
        fits = next_mu > 0
    except (TypeError, ValueError):
        expected = "expected (mu, rule), the next μ and the next rule, such as return mu, self"
        raise TypeError(f"{rule!r}.update gave {answer!r}: {expected}") from None
    if not fits:
        raise ValueError(f"{rule!r}.update gave μ = {next_mu!r}: expected a number > 0")
    return next_mu, next_rule


@dataclass(frozen=True)
class Factor:
    """μ ← μ/factor after an accepted trial, μ·factor after a refused one, in [mu_min, mu_max].

    Factor(10) is the classic (Marquardt 1963; Hagan & Menhaj 1994), Factor(1.2) neupy's rule,
    Factor(1) a constant μ. Raises ValueError for a factor below 1.
    """

    factor: float = 10.0
    mu_min: float = SMALLEST
    mu_max: float = math.inf

    def __post_init__(self):
        one_or_more("factor", self.factor)
        above("mu_max", self.mu_max, "mu_min", positive("mu_min", self.mu_min))

    def update(self, mu: float, rho: float, accepted: bool) -> "tuple[float, Factor]":
        """Return the next μ, and this rule."""
        mu = mu / self.factor if accepted else mu * self.factor
        return min(max(mu, self.mu_min), self.mu_max), self


@dataclass(frozen=True)
class Nielsen:
    """μ ← μ·max(1/3, 1 − (2ρ − 1)³) and ν ← 2 after an accepted trial, else μ ← μν and ν ← 2ν.

    Source: H. B. Nielsen, Damping parameter in Marquardt's method (1999). Raises ValueError for ν
    below 1.
    """

    nu: float = 2.0
    mu_min: float = SMALLEST

    def __post_init__(self):
        if type(self.nu) is float and 1 <= self.nu < math.inf and self.mu_min is SMALLEST:
            return  # as `update` makes it
        one_or_more("nu", self.nu)
        positive("mu_min", self.mu_min)

    def update(self, mu: float, rho: float, accepted: bool) -> "tuple[float, Nielsen]":
        """Return the next μ, and the rule with the next ν."""
        if not accepted:
            return mu * self.nu, Nielsen(2 * self.nu, self.mu_min)
        mu *= max(1 / 3, 1 - (2 * min(rho, 1.0) - 1) ** 3)  # beyond ρ = 1 the factor stays 1/3
        rule = self if self.nu == 2 else Nielsen(2.0, self.mu_min)
        return max(mu, self.mu_min), rule
