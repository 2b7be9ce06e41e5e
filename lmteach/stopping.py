"""When a run ends, and in which words."""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .checks import at_least, below, one_of, positive
from .primitives import norm

MOST_CURVED = 0.375  # ‖Da‖/‖Dh‖: half of what Transtrum & Sethna (2012) allow
SCALINGS = ("identity", "marquardt", "more")


class Stop(NamedTuple):
    """Why a run ended: its kind, and a sentence."""

    kind: str
    words: str

    def at(self, seen, here):
        """Return the same with the Evaluation and the Linearization that the solver ended with."""
        end = End(*self)
        end.seen, end.here = seen, here
        return end


class End(Stop):
    """A Stop, and what the solver held there: `seen`, an Evaluation, and `here`, its model."""

    seen = here = None


def _positive_number(name, value):
    """A finite number > 0, where True and False would do too."""
    try:
        positive(name, value)
    except (TypeError, ValueError) as error:
        expected = "expected True, False or a finite number > 0"
        raise type(error)(f"{name} = {value!r}: {expected}") from None


@dataclass(frozen=True)
class Options:
    """The variant of the step, and when to stop; every tolerance is relative, so free of units.

    `scaling`: D = I ("identity"), ‖J_j‖ ("marquardt") or the largest ‖J_j‖ so far ("more").
    `geodesic`: whether the step has a second-order term a; a number is the largest ‖Da‖/‖Dh‖ with
    which a trial is made, in place of 0.375. `max_steps`: trials. `max_evaluations`: of r, without
    those for derivatives. `target_loss`: F to reach. `gtol`: max_j |cos(J_j, r)|. `xtol`: ‖DΔθ‖
    against ‖Dθ‖. `ftol`: decrease of F, predicted and actual, against F. `mu_max`: the run gives up
    above it.
    """

    scaling: str = "identity"
    geodesic: Any = False
    max_steps: int = 2000
    max_evaluations: Any = None
    target_loss: float = 0.0
    gtol: float = 1e-10
    xtol: float = 1e-12
    ftol: float = 1e-15
    mu_max: float = 1e300

    def __post_init__(self):
        one_of("scaling", self.scaling, SCALINGS)
        if not isinstance(self.geodesic, (bool, np.bool_)):
            _positive_number("geodesic", self.geodesic)
        at_least("max_steps", self.max_steps, 1)
        if self.max_evaluations is not None:
            at_least("max_evaluations", self.max_evaluations, 0)
        numbers = {"target_loss": below("target_loss", self.target_loss)}
        for name in ("gtol", "xtol", "ftol"):
            numbers[name] = positive(name, getattr(self, name), or_zero=True)
        numbers["mu_max"] = positive("mu_max", self.mu_max)
        for name, value in numbers.items():
            object.__setattr__(self, name, value)  # as a float: it may have come as a Fraction

    def but(self, **given):
        """Return the same options with those replaced that are not None."""
        given = {name: value for name, value in given.items() if value is not None}
        return replace(self, **given) if given else self

    @property
    def most_curved(self):
        """The largest ‖Da‖/‖Dh‖ with which a trial is made."""
        return MOST_CURVED if isinstance(self.geodesic, (bool, np.bool_)) else self.geodesic

    def before(self, here, k, mu, n_evaluations=0):
        """Return why no trial k should be made from this linearization; None if it should.

        `n_evaluations` of r were made so far in this run.
        """
        if here.loss <= self.target_loss:
            target = f"the target of {self.target_loss:.3g}"
            return Stop("target", f"F = {here.loss:.3g} is at or below {target}")
        if here.orthogonal(self.gtol):
            within = f"within gtol = {self.gtol:.3g}"
            return Stop("gradient", f"r is orthogonal to every column of J {within}")
        if k >= self.max_steps:
            made = "1 trial was made" if k == 1 else f"{k} trials were made"
            return Stop("max_steps", f"{made}, as many as max_steps allows")
        more = 2 if self.geodesic else 1
        if self.max_evaluations is not None and n_evaluations + more > self.max_evaluations:
            return Stop("max_evaluations", "max_evaluations allows no further trial")
        if mu > self.mu_max:
            above = f"μ = {mu:.3g} rose above mu_max = {self.mu_max:.3g}"
            return Stop("mu_max", f"{above}, and no trial lowers F")
        return None

    def after(self, step):
        """Return why this step should be the last; None if it should not."""
        if not step.accepted:
            if step.damping is None or self._would_repeat(step):
                refused = f"trial {step.k} was refused ({step.why})"
                return Stop("refused", f"{refused}, and nothing would change at the next one")
        theta, change, D = step.theta, step.delta_theta, step.scale
        if D is None:  # against ‖θ‖ + xtol, since θ may be 0
            short = norm(change) <= self.xtol * (norm(theta) + self.xtol)
        else:
            short = self._is_short(theta, change, D)
        if short:
            return Stop("step", f"‖Δθ‖ fell to xtol = {self.xtol:.3g} of ‖θ‖")
        if not step.accepted:
            return None
        fall = abs(step.loss - step.trial_loss)
        if fall <= self.ftol * step.loss >= step.predicted:
            return Stop("loss", f"F falls by less than ftol = {self.ftol:.3g} of itself")
        return None

    def _is_short(self, theta, change, D):
        """‖DΔθ‖ ≤ xtol ‖Dθ‖, and no θ_j moved visibly: D may be out of date by many orders."""
        if not norm(D * change) <= self.xtol * norm(D * theta):
            return False
        return bool((np.abs(change) <= math.sqrt(self.xtol) * np.abs(theta)).all())

    @staticmethod
    def _would_repeat(step):
        """Whether a refused trial leaves μ and the rule as they were."""
        return step.next_mu == step.mu and step.next_damping == step.damping
