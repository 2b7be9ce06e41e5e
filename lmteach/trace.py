"""What a solver did: one Step for every trial, and the Trace that keeps them."""

from typing import Any, NamedTuple

from . import wording
from .checks import at_least, holds_arrays, one_of

HISTORY_BYTES = 2**26  # "all" keeps every array up to here, then scalars only


@holds_arrays
class Step(NamedTuple):
    """One trial: from θ (before) by Δθ to the trial θ, and whether it was accepted.

    Arrays are read-only. In a light history they are None, and only the scalars are kept. A step
    equals only itself.
    """

    k: int  # number of the trial, from 0
    theta: Any  # θ before the trial, (P,)
    loss: float  # F(θ)
    r: Any  # residuals at θ, (N·m,)
    g: Any  # ∇F = Jᵀr at θ, (P,)
    mu: float  # damping of this trial
    h: Any  # the step of the linear model, (P,)
    acceleration: Any  # the geodesic term a, (P,), or None
    delta_theta: Any  # h + ½a, (P,)
    trial_theta: Any  # θ + Δθ, (P,)
    trial_loss: float  # F there
    predicted: float  # ½ hᵀ(μD²h − g), the decrease that the model promised
    rho: float  # (F(θ) − F(trial)) / predicted
    accepted: bool
    why: str  # why it was accepted or refused
    damping: Any  # the rule that judges this trial
    scale: Any  # D, (P,), or None for I
    next_mu: float  # the μ that the rule chose after this trial
    next_damping: Any  # the rule that judges the next one
    options: Any = None  # the solver's, for going on from here
    problem: Any = None

    @property
    def next_theta(self):
        """Whichever θ survived: trial_theta if accepted, else theta."""
        return self.trial_theta if self.accepted else self.theta

    @property
    def next_loss(self):
        """F at next_theta."""
        return self.trial_loss if self.accepted else self.loss

    at_bounds = property(wording.at_bounds)

    @property
    def J(self):
        """∂r/∂θ at theta, (N·m, P), computed when asked for."""
        return self.problem.linearize(self.theta).J

    @property
    def A(self):
        """JᵀJ at theta, (P, P), computed when asked for."""
        return self.problem.linearize(self.theta).A

    @property
    def nbytes(self):
        """Bytes of the arrays that this step keeps alive."""
        arrays = [getattr(self, name) for name in ARRAYS]
        return sum(array.nbytes for array in arrays if array is not None)

    def light(self):
        """Return the same step without its arrays."""
        return self._replace(**dict.fromkeys(ARRAYS))

    def __str__(self):
        return wording.of_step(self)

    def __repr__(self):
        return f"<Step, {self}>"


ARRAYS = ("theta", "r", "g", "h", "acceleration", "delta_theta", "trial_theta", "scale")


class Trace:
    """The steps of one run, to be walked both ways, and how the run ended.

    `theta`, `loss`, `success`, `message`, `steps`, `n_residuals`, `n_jacobians`. Indexing,
    iteration and `reversed` go over the steps; from any of them a solver can be started again.
    """

    problem = how_sure = None  # what was fitted, and `uncertainty.uncertainty`, which knows it

    def __init__(self, theta, loss, history="all"):
        self.theta, self.loss = theta, loss
        self.steps, self.success, self.message = [], False, "not finished"
        self.n_residuals = self.n_jacobians = self.n_differences = 0
        if isinstance(history, str):
            self._history = one_of("history", history, ("all", "light"))
        else:
            self._history = at_least("history", history, 1)

    def add(self, step):
        """Keep a step: with its arrays as far as the history allows, else its scalars."""
        if not self.steps:
            room = HISTORY_BYTES // max(step.nbytes, 1)  # steps that keep their arrays
            self._full = {"all": room, "light": 0}.get(self._history, self._history)
        if step.accepted:
            self.theta, self.loss = step.trial_theta, step.trial_loss
        self.steps.append(step)
        if len(self.steps) > self._full:
            faded = -1 if isinstance(self._history, str) else -1 - self._full
            self.steps[faded] = self.steps[faded].light()

    uncertainty = wording.uncertainty_of

    @property
    def faded(self):
        """Number of steps without arrays, because the history had no room for them."""
        return sum(step.theta is None for step in self.steps)

    @property
    def accepted(self):
        """The accepted steps."""
        return [step for step in self.steps if step.accepted]

    @property
    def refused(self):
        """The refused steps."""
        return [step for step in self.steps if not step.accepted]

    @property
    def losses(self):
        """F after each trial, the start's first."""
        first = [self.steps[0].loss] if self.steps else [self.loss]
        return first + [step.next_loss for step in self.steps]

    def table(self, most=20):
        """Return rows (k, μ, F, trial F, ρ, accepted, why), None for what `most` leaves out."""
        return wording.rows(self.steps, most)

    def _repr_html_(self):
        return wording.html_of_trace(self)

    def __repr__(self):
        return wording.of_trace(self)

    def __len__(self):
        return len(self.steps)

    def __getitem__(self, index):
        return self.steps[index]

    def __iter__(self):
        return iter(self.steps)

    def __reversed__(self):
        return reversed(self.steps)
