"""F along one parameter, the others fitted anew at every value, and the interval that follows."""

import math
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from .jacobians import NotFinite
from .primitives import least_norm
from .solvers import levenberg_marquardt
from .wrappers import Fixed, parameter_name

DOUBLINGS = 40  # of the distance, until F is high enough
HALVINGS = 60  # of the bracket
CLOSE = 1e-6  # part of t to which a limit is found
LOWER = 1e-6  # part of σ² by which F must be lower to be said to be
TRIALS = 500
NO_NOISE = "No datum is left to tell the noise: no limits."


class Profile(NamedTuple):
    """F along one parameter: `values` and the least F there, with the interval of that level.

    `low` and `high` are where 2(F − F(θ̂)) = t²σ̂²; infinite where F never rises so far. `tau` is
    ±√(2(F − F(θ̂)))/σ̂ at the values: a straight line where the straight model is right. `note`
    says in words what is open. Source: Bates & Watts (1988), chapter 6.
    """

    name: str
    values: Any
    losses: Any
    tau: Any
    low: float
    high: float
    level: float
    note: str

    def __str__(self):
        interval = f"{self.name} from {self.low:.6g} to {self.high:.6g}"
        return f"{interval} ({100 * self.level:.4g} %, by the profile of F). {self.note}".strip()


def profile(problem, seen, j, sigma, t, error, level, points=0):
    """Return the Profile along parameter j from an Evaluation at the minimum.

    `sigma`: of the data; `t`: how many of them; `error`: the standard error of parameter j, by
    which the search begins.
    """
    if not math.isfinite(seen.loss):
        expected = "expected a θ where F is finite, such as one in other units"
        raise ValueError(f"F is {seen.loss} at θ: {expected}")
    path = Path(problem, seen, j, sigma)
    size, reach = abs(float(seen.theta[j])), float(t * error)
    start = reach if math.isfinite(reach) and size == 0 else min(reach, size or 1.0)
    start = start or size or 1.0  # without noise there is no reach
    with np.errstate(all="ignore"):  # of a model far from the minimum
        low, high = (path.limit(sign, start, t) for sign in (-1, 1))
        for value in np.linspace(low, high, points) if math.isfinite(high - low) else ():
            path.tau(float(value))
    values = np.array(sorted(path.known))
    losses = np.array([path.known[value].loss for value in values])
    tau = np.array([path.tau(value) for value in values])
    note = path.words(low, high) if math.isfinite(t * sigma) else NO_NOISE
    return Profile(path.name, values, losses, tau, low, high, level, note)


class Path:
    """The least F for values of parameter j, each fit started at the nearest one that is known."""

    def __init__(self, problem, seen, j, sigma):
        self.problem, self.j, self.sigma = problem, j, sigma
        self.name = parameter_name(problem, j)
        self.center, self.loss = float(seen.theta[j]), seen.loss
        self.known, self.walls = {self.center: seen}, []

    def tau(self, value):
        """Return ±√(2(F − F(θ̂)))/σ̂, with the sign of value − θ̂_j; ±∞ where F is not finite."""
        if value not in self.known:
            self.known[value] = self._fitted(value)
        rise = self.known[value].loss - self.loss
        size = math.inf if rise != rise or (rise > 0 and not self.sigma) else 0.0
        if rise > 0 and self.sigma:
            size = math.sqrt(2 * rise) / self.sigma
        return math.copysign(size, value - self.center)

    def _fitted(self, value):
        """The Evaluation of the problem at the least F with θ_j held at this value."""
        start = self._start(value)
        if len(start) == 1 or not math.isfinite(self.problem.loss(start)):
            return self.problem.evaluate(start)
        held = Fixed(self.problem, {self.j: value}, len(start))
        curved = not held.generalized
        steps = levenberg_marquardt(
            held, start[held.free], scaling="more", geodesic=curved, max_steps=TRIALS
        )
        end = start[held.free]
        with suppress(NotFinite):  # J at the start, whose F has to do
            for step in steps:
                end = step.next_theta
        return self.problem.evaluate(held.whole(end))

    def _start(self, value):
        """θ with θ_j at this value, the others as at the nearest fit or along its valley."""
        finite = (known for known, seen in self.known.items() if math.isfinite(seen.loss))
        seen = self.known[min(finite, key=lambda known: abs(known - value))]
        plain = seen.theta.copy()
        plain[self.j] = value
        if len(plain) == 1:
            return plain
        try:
            J = seen.linearize().J
        except NotFinite:
            return plain
        others = np.arange(len(plain)) != self.j
        follow = np.zeros(len(plain))
        follow[others] = -least_norm(J[:, others], J[:, self.j])
        along = plain + (value - seen.theta[self.j]) * follow
        both = [start for start in (plain, along) if math.isfinite(self.problem.loss(start))]
        return min(both, key=self.problem.loss, default=plain)

    def limit(self, sign, start, t):
        """Return where |τ| reaches t on this side; ±∞ if it never does."""
        if not math.isfinite(t):
            return sign * math.inf
        near, far, reach = self.center, None, start
        for _ in range(DOUBLINGS):
            value = self._inside(self.center + sign * reach)
            if not math.isfinite(value):
                break
            if abs(self.tau(value)) >= t:
                far = value
                break
            if value == self._inside(sign * math.inf):
                self.walls.append("below" if sign < 0 else "above")
                return value
            near, reach = value, 2 * reach
        return sign * math.inf if far is None else self._root(near, far, t)

    def _inside(self, value):
        """The value of parameter j nearest to this one in the problem's box, if it has one."""
        box, theta = getattr(self.problem, "box", None), self.known[self.center].theta.copy()
        theta[self.j] = value
        return float(value) if box is None else float(box.projected(theta)[self.j])

    def _root(self, near, far, t):
        """Where |τ| = t between two values, by false position, halved where that is slow."""
        for k in range(HALVINGS):
            a, b = abs(self.tau(near)) - t, abs(self.tau(far)) - t
            part = -a / (b - a) if math.isfinite(b) and k % 3 < 2 else 0.5
            value = near + part * (far - near)
            if value in (near, far):
                return value
            found = abs(self.tau(value)) - t
            if abs(found) <= CLOSE * t:
                return value
            near, far = (value, far) if found < 0 else (near, value)
        return far

    def words(self, low, high):
        """Return what is open, and whether F was lower elsewhere, in words."""
        said = []
        sides = [side for side, end in (("below", low), ("above", high)) if math.isinf(end)]
        if sides:
            said.append(f"F does not rise enough {' and '.join(sides)}: no limit there.")
        if self.walls:
            said.append(f"A bound ends the interval {' and '.join(self.walls)}.")
        lowest = min(self.known, key=lambda v: self.known[v].loss)
        if self.known[lowest].loss < self.loss - LOWER * self.sigma**2:
            said.append(
                f"F is lower at {self.name} = {lowest:.4g}: the fit was not at the minimum."
            )
        return " ".join(said)
