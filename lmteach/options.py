"""What can be chosen of a solver's step and of its limits, and the checks of each choice."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .checks import at_least, below, one_of, positive

SCALINGS = ("identity", "marquardt", "more")
# ‖Da‖/‖Dh‖, half of what Transtrum & Sethna (2012) allow: GSL's 0.75 finds 1 % fewer of the curves,
# and on networks, where `solve` chooses 2, 0.375 takes a third more trials.
MOST_CURVED = 0.375


@dataclass(frozen=True)
class Settings:
    """The variant of the step, and its limits; every tolerance is relative, so free of units.

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


def _positive_number(name, value):
    """A finite number > 0, where True and False would do too."""
    try:
        positive(name, value)
    except (TypeError, ValueError) as error:
        expected = "expected True, False or a finite number > 0"
        raise type(error)(f"{name} = {value!r}: {expected}") from None
