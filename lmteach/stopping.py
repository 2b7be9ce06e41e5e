"""When a run ends, and in which words."""

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from .checks import at_least, flag, one_of, positive
from .primitives import norm

SCALINGS = ("identity", "marquardt", "more")


class Stop(NamedTuple):
    """Why a run ended: its kind, and a sentence."""

    kind: str
    words: str


@dataclass(frozen=True)
class Options:
    """The variant of the step, and when to stop; every tolerance is relative, so that none depends on units.

    `max_steps`: trials; `target_loss`: F to reach; `gtol`: max_j |cos(J_j, r)|; `xtol`: ‖Δθ‖ against ‖θ‖; `ftol`:
    decrease of F, predicted and actual, against F; `mu_max`: give up above it.
    """

    scaling: str = "identity"
    geodesic: bool = False
    max_steps: int = 2000
    target_loss: float = 0.0
    gtol: float = 1e-10
    xtol: float = 1e-12
    ftol: float = 1e-15
    mu_max: float = 1e300

    def __post_init__(self):
        one_of("scaling", self.scaling, SCALINGS)
        flag("geodesic", self.geodesic)
        at_least("max_steps", self.max_steps, 1)
        for name in ("target_loss", "gtol", "xtol", "ftol"):
            positive(name, getattr(self, name), or_zero=True)
        positive("mu_max", self.mu_max)

    def before(self, here, k, mu):
        """Why no trial k should be made here; None if it should."""
        if here.loss <= self.target_loss:
            return Stop(
                "target", f"F = {here.loss:.3g} is at or below the target of {self.target_loss:.3g}"
            )
        if here.orthogonal(self.gtol):
            return Stop(
                "gradient", f"r is orthogonal to every column of J within gtol = {self.gtol:.3g}"
            )
        if k >= self.max_steps:
            return Stop("max_steps", f"{k} trials were made, as many as max_steps allows")
        if mu > self.mu_max:
            return Stop(
                "mu_max",
                f"μ = {mu:.3g} rose above mu_max = {self.mu_max:.3g}, and no trial lowers F",
            )
        return None

    def after(self, step):
        """Why this step should be the last; None if it should not."""
        if norm(step.delta_theta) <= self.xtol * (norm(step.theta) + self.xtol):
            return Stop("step", f"‖Δθ‖ fell to xtol = {self.xtol:.3g} of ‖θ‖")
        if (
            step.accepted
            and abs(step.loss - step.trial_loss) <= self.ftol * step.loss >= step.predicted
        ):
            return Stop("loss", f"F falls by less than ftol = {self.ftol:.3g} of itself")
        return None


def options_from(given, inherited=None):
    """Options from keywords, the others as inherited or by default; an unknown one is told what there is."""
    names = [f.name for f in fields(Options)]
    for name in given:
        if name not in names:
            raise TypeError(f"unknown option {name!r}: expected one of {', '.join(names)}")
    return replace(inherited or Options(), **given)
