"""When a run ends, and in which words."""

import math
from collections import namedtuple
from collections.abc import Generator

import numpy as np

from .options import Settings
from .primitives import norm
from .trace import Step


class Stop(namedtuple("Stop", "kind words")):
    """Why a run ended: its kind, and a sentence; and what the solver held there."""

    seen = here = None  # the Evaluation where it ended, and the Linearization

    def at(self, seen, here):
        """Keep the Evaluation and the Linearization that the solver ended with; return itself."""
        self.seen, self.here = seen, here
        return self


Steps = Generator[Step, None, Stop]  # what a solver is: it yields Steps, and returns a Stop


class Options(Settings):
    """The Settings of a solver, and when they end a run: before a trial, or after it."""

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
        unchanged = step.next_mu == step.mu and step.next_damping == step.damping
        if not step.accepted and (step.damping is None or unchanged):
            refused = f"trial {step.k} was refused ({step.why})"
            return Stop("refused", f"{refused}, and nothing would change at the next one")
        if step.scale is not None:
            short = self._is_short(step.theta, step.delta_theta, step.scale)
        else:  # against ‖θ‖ + xtol, since θ may be 0
            short = norm(step.delta_theta) <= self.xtol * (norm(step.theta) + self.xtol)
        if short:
            return Stop("step", f"‖Δθ‖ fell to xtol = {self.xtol:.3g} of ‖θ‖")
        fall = abs(step.loss - step.trial_loss)
        if step.accepted and fall <= self.ftol * step.loss >= step.predicted:
            return Stop("loss", f"F falls by less than ftol = {self.ftol:.3g} of itself")
        return None

    def _is_short(self, theta, change, D):
        """‖DΔθ‖ ≤ xtol ‖Dθ‖, and no θ_j moved visibly: D may be out of date by many orders."""
        if not norm(D * change) <= self.xtol * norm(D * theta):
            return False
        visible = math.sqrt(self.xtol) * np.abs(theta)
        return bool((np.abs(change) <= visible).all())
