"""Whether the end of a run is a minimum, what speaks against it, and what it does not determine.

A minimum of F = ½ rᵀr is where r is nothing but rounding, or where r is at right angles to all that
J sees, and F rises on both sides of every direction that J does not see: there the second
derivatives decide, and a change of θ tells.
"""

import math
import sys
from contextlib import suppress
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from .primitives import finite, least_norm, norm
from .wrappers import Fixed, parameter_name

DOUBLE = sys.float_info.epsilon
RIGHT_ANGLE = 1e-3  # largest part of r that J may reach (a relative offset: Bates & Watts, 1981)
NOTHING_LEFT = 1000  # roundings of θ: r that is not longer than what they do to it is rounding,
FAINTEST = 1e-6  # but no r that is longer than this part of what θ does to it
BLIND = 1e-7  # part of J's longest direction, all columns of length 1, below which J is blind
PROBES = (1e-2, -1e-2, 1e-3, -1e-3, 1e-4, -1e-4, 1e-6, -1e-6)  # parts of the size of θ there
NEARER, VISIBLY = 24, 1e-3  # tenths more, while F still rises by this part of itself
FARTHER = (0.3, 1.0, 0.7, 1.5, 2.0, 3.0)  # parts at which what J sees follows by one step; of
FEW = 2  # these the first for directions that are drawn
INWARDS = PROBES[::2]  # parts for parameters that may go one way only
FAR = (0.1, 0.5, 1.0, 2.0)  # parts of its size by which one without effect is moved
LONGER = len(FAR) * len(INWARDS)
SINGLE = 64  # parameters at their bounds, beyond which they are looked at together only
ROUNDING = 1e-10  # part of F by which it must change to be said to rise or to fall
DRAWS = 8  # directions that are drawn where parameters of a network have no effect
MANY = 6  # blind directions, beyond which their pairs are not probed
LOOSE = 0.1  # part of a direction's largest component from which a parameter belongs to it
FAINT = 1e-2  # part of J's longest direction below which a run that is not over may run on
RAN_AWAY = 1e3  # times as large as at the start, and not determined: it may have no end
WHOLE = 2**26  # bytes of J that are taken apart at once
AFFORDED = 10**8  # N·m·P² up to which J of a network is taken apart to look where it is blind


class Verdict(NamedTuple):
    """Why θ should not be called a minimum, if so; what is not determined; a lower Evaluation."""

    doubt: str | None
    note: str = ""
    lower: Any = None


NO_MINIMUM = "Stopped, not at a minimum"
FARTHER_ON = f"{NO_MINIMUM}: where J is blind, F is lower farther on"
PLATEAU = "here: minimum or plateau, cannot tell"


def judged(problem, seen, here, theta0, most=math.inf):
    """Return the Verdict on an end: its Evaluation `seen` and Linearization `here`.

    `most` is the number of evaluations that it may take.
    """
    if not math.isfinite(seen.loss):
        return Verdict("F is not finite")
    if not finite(here.column_norms):  # then every cosine is 0
        return Verdict("Squares of J are larger than the largest float")
    if seen.loss == 0 and seen.r.any() and not is_rounding(problem, seen, here):
        return Verdict("F is 0 only because squares of r are below the smallest float")
    if problem.redundant or problem.generalized or not is_whole(seen):
        return _judged_by_angles(problem, seen, here, theta0, most)
    sight = Sight.of(problem, seen, here, theta0)
    if is_rounding(problem, seen, here):
        return Verdict(None, sight.note(here.column_norms == 0))
    if sight.reach(seen.r) > RIGHT_ANGLE * norm(seen.r):
        return Verdict(NO_MINIMUM)
    if sight.seen.all():  # all of θ is determined: nowhere to look
        return Verdict(None)
    return _judged_by_probes(problem, seen, here, theta0, sight, most)


def is_whole(seen):
    """Return whether J at an Evaluation is small enough to be taken apart as a whole."""
    return seen.r.size * seen.theta.size * 8 <= WHOLE


def is_affordable(seen):
    """Return whether J of a network is small enough to be taken apart where few would need it."""
    return seen.r.size * seen.theta.size**2 <= AFFORDED


def is_rounding(problem, seen, here):
    """Return whether r is nothing but rounding: max |r| ≤ 1000 eps max |J||θ|."""
    part = min(NOTHING_LEFT * problem.eps, FAINTEST)
    return np.abs(seen.r).max() <= part * (np.abs(here.J) @ np.abs(seen.theta)).max()


class Sight:
    """What J sees and what it is blind to, each parameter measured by its size.

    A column counts as no shorter than the change of θ_j by all of itself would need it to be to
    change r by ‖r‖. A direction that J sees so faintly that its linear step would be longer than θ
    is no better than blind.
    """

    def __init__(self, U, s, directions, seen, size, problem=None):
        self.problem, self.U, self.s = problem, U, s
        self.directions, self.seen, self.size = directions, seen, size

    @classmethod
    def of(cls, problem, seen, here, theta0):
        """Return the Sight of J at an Evaluation of a run from θ₀."""
        size = np.maximum(np.abs(seen.theta), np.abs(theta0))
        size = np.where(theta0 == 0, np.maximum(size, 1.0), size)
        size[size == 0] = 1.0
        lengths = np.maximum(here.column_norms, norm(seen.r) / size)
        lengths[lengths == 0] = 1.0
        U, s, Vt = np.linalg.svd(here.J / lengths, full_matrices=seen.r.size < size.size)
        U, faintest = U[:, : len(s)], max(BLIND, 10 * problem.eps ** (2 / 3))
        directions = Vt / lengths
        longest = np.max(np.abs(directions[: len(s)]) / size, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            far = np.abs(U.T @ seen.r) / s * longest
        sees = (s > faintest * max(s[0], 1.0)) & (far <= 1)
        sees = np.concatenate([sees, np.zeros(len(Vt) - len(s), dtype=bool)])
        return cls(U, s, directions, sees, size, problem)

    def reach(self, r):
        """Return the length of the part of r that J can reach by what it sees."""
        return float(np.linalg.norm(self.U[:, self.seen[: len(self.s)]].T @ r))

    def blind(self):
        """Return the directions that J is blind to, (n, P), changing θ by its size at most."""
        some = self.directions[~self.seen]
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            some = some / np.max(np.abs(some) / self.size, axis=1, keepdims=True)
        return some[np.isfinite(some).all(axis=1)]  # the others no float can follow

    def loose(self):
        """Return which parameters the blind directions change, (P,)."""
        parts = np.abs(self.blind()) / self.size
        return (parts > LOOSE).any(axis=0)

    def faint(self):
        """Return which parameters change along directions that J sees faintly or not, (P,)."""
        sees = np.zeros(len(self.directions), dtype=bool)
        sees[: len(self.s)] = self.s > FAINT * self.s[0]
        with np.errstate(invalid="ignore"):  # of directions that no float can follow
            parts = np.abs(self.directions[~sees]) / self.size
            parts /= np.max(parts, axis=1, keepdims=True)
        return (parts > LOOSE).any(axis=0)

    def note(self, unseen):
        """Return what J does not determine, as a sentence; `unseen` parameters have no effect."""
        said = _without_effect(unseen, self.problem)
        loose, n_parameters = self.loose() & ~unseen, len(self.size)
        if not loose.any():
            return said
        plural = "s" * (n_parameters != 1)
        rank = f" J has rank {self.seen.sum()} for {n_parameters} parameter{plural}:"
        if loose.sum() == 1:
            return f"{said}{rank} {names(loose, self.problem)} is determined to second order only."
        return f"{said}{rank} of {names(loose, self.problem)}, only combinations are determined."


def _judged_by_angles(problem, seen, here, theta0, most):
    """The Verdict by the largest cosine, where J may be singular at a minimum or is too large."""
    if seen.loss <= problem.rounding or _is_rounding_by_norms(problem, seen, here):
        return Verdict(
            None, _ran_away(problem, seen.theta, theta0, np.ones(len(theta0), dtype=bool))
        )
    if not here.column_norms.any():
        return Verdict(f"r does not depend on θ {PLATEAU}")
    cosine, r, F = here.cosine(), norm(seen.r), abs(seen.loss)
    if problem.generalized:  # at the minimum r may be all but 0, and F is not
        cosine *= r / max(r, math.sqrt(2 * F))
    if cosine > RIGHT_ANGLE:
        return Verdict(NO_MINIMUM)
    if lower := _lower_beside(problem, seen, here.column_norms == 0, most):
        return Verdict(f"{NO_MINIMUM}: F falls where J is blind", "", lower)
    if not problem.generalized and is_affordable(seen):
        sight = Sight.of(problem, seen, here, theta0)
        if lower := _lower_farther(problem, seen, sight, most):
            return Verdict(FARTHER_ON, "", lower)
    said = _ran_away(problem, seen.theta, theta0, np.ones(len(theta0), dtype=bool))
    unseen = here.column_norms == 0
    if (unseen & _far(seen.theta, theta0)).any():
        return Verdict(f"{NO_MINIMUM} that r determines", said)
    if unseen.sum() > len(unseen) / 2 and not problem.generalized:
        return Verdict(f"r does not depend on {names(unseen, problem)} {PLATEAU}", said)
    return Verdict(None, _without_effect(unseen, problem) + said)


def _lower_beside(problem, seen, unseen, most):
    """A lower Evaluation where the parameters without effect on r change together, or None.

    A network with weights of 0 is a saddle that no single direction shows, so directions are drawn.
    """
    if not unseen.any() or 2 * DRAWS > most:
        return None
    rng = np.random.default_rng(0)
    size = np.where(seen.theta == 0, 1.0, np.abs(seen.theta)) * unseen
    for v in rng.uniform(-1, 1, (DRAWS, size.size)) * size:
        for part in PROBES[:2]:
            end = problem.evaluate(seen.theta + part * v)
            if end.loss < seen.loss * (1 - ROUNDING):
                return end
    return None


def _is_rounding_by_norms(problem, seen, here):
    """Whether r is no longer than what 1000 roundings of every θ_j do to it; J is not needed."""
    part = min(NOTHING_LEFT * problem.eps, FAINTEST)
    return norm(seen.r) <= part * norm(here.column_norms * seen.theta)


def _judged_by_probes(problem, seen, here, theta0, sight, most):
    """The Verdict by F beside θ, in every direction that J is blind to, and in their pairs."""
    blind = sight.blind()
    directions = [*blind, *_pairs(blind)]
    if len(directions) * len(PROBES) > most:
        return Verdict("max_evaluations leaves no room to look where J is blind")
    before, deep = problem.n_residuals, len(directions) * (len(PROBES) + 2 * NEARER) <= most
    flat = np.zeros(len(theta0), dtype=bool)
    for number, v in enumerate(directions):
        ends = [problem.evaluate(seen.theta + part * v) for part in PROBES]
        if deep:
            ends += _nearer(problem, seen, v, ends[-2:])
        lowest = min(ends, key=lambda end: end.loss if end.loss == end.loss else math.inf)
        rounding = _rounding_of(problem)
        if lowest.loss < seen.loss * (1 - rounding):
            return Verdict(f"{NO_MINIMUM}: F falls where J is blind", "", lowest)
        level = not any(end.loss > seen.loss * (1 + rounding) for end in ends)
        if number < len(blind) and level:  # outside a box F is NaN, which tells nothing
            flat |= (np.abs(v) / sight.size > LOOSE) & _faint(here, seen, sight)
    unseen = flat & (seen.theta == theta0) & (here.column_norms == 0)
    if flat.all() or (flat & ~unseen).any():
        all_of_them = flat.all() and not isinstance(problem, Fixed)  # whose θ are not all
        some = flat if flat.all() else flat & ~unseen
        which = "θ" if all_of_them else names(some, problem)
        return Verdict(f"r does not depend on {which} {PLATEAU}")
    if ran := _ran_away(problem, seen.theta, theta0, sight.loose()) if len(blind) else "":
        return Verdict(f"{NO_MINIMUM} that r determines", ran)
    left = most - (problem.n_residuals - before)
    if not unseen.any() and (lower := _lower_farther(problem, seen, sight, left)):
        return Verdict(FARTHER_ON, "", lower)
    return Verdict(None, sight.note(unseen))


def _rounding_of(problem):
    """The part of F by which it must change to be said to rise or to fall."""
    return ROUNDING if problem.eps == DOUBLE else math.sqrt(problem.eps)


def _nearer(problem, seen, v, last):
    """Evaluations nearer and nearer while F rises visibly: a θ_j that starts at 0 tells no size."""
    ends, part = [], PROBES[-2]
    for _ in range(NEARER):
        if not any(end.loss > seen.loss * (1 + VISIBLY) for end in last):
            break
        part /= 10
        last = [problem.evaluate(seen.theta + sign * part * v) for sign in (1, -1)]
        ends += last
    return ends


def _lower_farther(problem, seen, sight, most):
    """The lowest Evaluation farther on where J is blind, or None if none is below F.

    On a plateau, or in a flat valley that is bent, F alone tells nothing: what J sees has to
    follow, so from each place one Gauss-Newton step is taken.
    """
    blind = sight.blind()
    moves = [part * v for v in blind[:MANY] for part in FARTHER]
    if len(blind) > 1:
        drawn = np.random.default_rng(0).uniform(-1, 1, (2 * DRAWS, len(blind))) @ blind
        drawn /= np.max(np.abs(drawn) / sight.size, axis=1, keepdims=True)
        moves += [part * v for v in drawn for part in FARTHER[:FEW]]
    if 4 * len(moves) > most:
        return None
    lowest = seen
    for move in moves:
        for place in (seen.theta + move, seen.theta - move):
            for end in _followed(problem, place, sight.size):
                lowest = end if end.loss < lowest.loss else lowest
    return lowest if lowest.loss < seen.loss * (1 - _rounding_of(problem)) else None


def _followed(problem, place, size):
    """The Evaluations at a place and one Gauss-Newton step on from there.

    Nobody asked for this place: where the model is not defined there, there is nothing to see.
    """
    ends = []
    with suppress(Exception), np.errstate(all="ignore"):
        ends.append(problem.evaluate(place))
        h = size * least_norm(ends[0].linearize().J * size, -ends[0].r)
        ends.append(problem.evaluate(place + h))
    return ends


def judged_inside(problem, seen, here, theta0, most=math.inf):
    """Return the Verdict on the bounds that hold at an end: whether F falls inside the box.

    A bound holds firmly where F rises inwards. Where r does not tell, because a column of J is 0 or
    at right angles to r, F is looked at inwards: one such parameter at a time, two if there are
    few, and drawn ones together. Those on which F does not depend are named.
    """
    size = np.maximum(np.abs(seen.theta), np.abs(theta0))
    size[size == 0] = 1.0
    weak, n_single, directions = _inwards(problem.box, seen, here, size)
    if not len(weak):
        return Verdict(None)
    if len(directions) * len(INWARDS) > most:
        return Verdict("max_evaluations leaves no room to look inside the bounds")
    lower, flat = _looked_at(problem, seen, _ahead(seen.theta, directions))
    unseen = np.zeros(len(size), dtype=bool)
    unseen[weak[:n_single][flat[:n_single]]] = True
    unseen &= here.column_norms == 0
    firm = here.held & ~unseen
    if not lower and 0 < LONGER * unseen.sum() * firm.sum() <= most:
        lower = _looked_at(problem, seen, _along(problem.box, seen.theta, size, unseen, firm))[0]
    if lower:
        return Verdict(f"{NO_MINIMUM}: F falls inside the bounds", "", lower)
    return Verdict(None, _without_effect(unseen, problem))


def _ahead(theta, directions):
    """Places in some directions from θ, (n, k, P)."""
    return np.array([[theta + part * v for part in INWARDS] for v in directions])


def _along(box, theta, size, unseen, firm):
    """Places where one without effect has moved far, and another one leaves its bound, (n, k, P).

    The one that is at its bound may be the reason why the first one has no effect.
    """
    inwards = -box.at_bounds(theta)
    unit = {j: inwards[j] * _unit(j, size) for j in np.flatnonzero(unseen | firm)}
    ones, others = np.flatnonzero(unseen)[:MANY], np.flatnonzero(firm)[:MANY]
    starts = [theta + far * unit[j] for j in ones for far in FAR]
    return np.concatenate([_ahead(start, [unit[k] for k in others]) for start in starts])


def _looked_at(problem, seen, places):
    """(The lowest Evaluation that is below F, or None; in which rows of places F never rises)."""
    places = problem.box.projected(places)
    F = np.array([[problem.evaluate(place).loss for place in row] for row in places])
    rounding = _rounding_of(problem)
    flat = ~(F > seen.loss * (1 + rounding)).any(axis=1)
    lower = np.where(F < seen.loss * (1 - rounding), F, math.inf)
    if not np.isfinite(lower).any():
        return None, flat
    return problem.evaluate(places[np.unravel_index(np.argmin(lower), F.shape)]), flat


def _inwards(box, seen, here, size):
    """(Which parameters F does not press to their bounds, how many of them have a direction of
    their own, the directions inwards: those first)."""
    side, r = box.at_bounds(seen.theta), norm(seen.r)
    unseen = here.column_norms * size <= BLIND * r
    weak = np.flatnonzero(
        here.held & (unseen | (abs(here.g) <= RIGHT_ANGLE * here.column_norms * r))
    )
    free = np.flatnonzero(unseen & (side == 0))
    drawn = _drawn(-side, weak, free) * size if len(weak) + len(free) > 1 else []
    if len(weak) + len(free) > SINGLE:
        return weak, 0, [*drawn]
    single = [-side[j] * _unit(j, size) for j in weak]
    others = [*single, *(sign * _unit(j, size) for j in free for sign in (1, -1))]
    pairs = [v + w for v in single for w in others if v is not w] if len(others) <= MANY else []
    return weak, len(single), [*single, *pairs, *drawn]


def _drawn(inwards, weak, free):
    """Directions: half of the weak parameters go inwards, and the free ones either way."""
    parts = np.random.default_rng(0).uniform(-1, 1, (DRAWS, len(inwards)))
    drawn = np.zeros_like(parts)
    drawn[:, weak] = inwards[weak] * np.maximum(parts[:, weak], 0)
    drawn[:, free] = parts[:, free]
    return drawn


def _unit(j, size):
    """The change of θ_j by its size."""
    change = np.zeros(len(size))
    change[j] = size[j]
    return change


def _pairs(blind):
    """Sums and differences, two by two: the saddle of a symmetric model shows only there."""
    if len(blind) > MANY:
        return []
    return [v + sign * w for v, w in combinations(blind, 2) for sign in (1, -1)]


def _faint(here, seen, sight):
    """Which columns of J are nothing beside what θ_j would need to matter."""
    return here.column_norms * sight.size <= BLIND * norm(seen.r)


def run_away(problem, seen, here, theta0):
    """Return a sentence where a run that a budget ended has parameters that run away, or "".

    They belong to directions that J sees faintly: there they may run on, and cancel.
    """
    if problem.redundant or not is_whole(seen) or not math.isfinite(seen.loss):
        return ""
    return _ran_away(problem, seen.theta, theta0, Sight.of(problem, seen, here, theta0).faint())


def _far(theta, theta0):
    """Which parameters have run away from where they started."""
    return (np.abs(theta) > RAN_AWAY * np.abs(theta0)) & (theta0 != 0)


def _ran_away(problem, theta, theta0, loose):
    """A sentence where parameters that J does not determine have run away; nothing else."""
    ran = loose & _far(theta, theta0)
    if not ran.any():
        return ""
    far = f"ran to {np.abs(theta[ran]).max():.0e}"
    cancel = " and cancel" if ran.sum() > 1 else ""
    return f" {names(ran, problem)} {far}{cancel}: there may be no minimum."


def _without_effect(unseen, problem):
    """The sentence about parameters without effect on r; "" for none."""
    have = "has" if unseen.sum() == 1 else "have"
    return f" {names(unseen, problem)} {have} no effect on r." if unseen.any() else ""


def names(which, problem=None):
    """Return "θ[1]", "θ[0] and θ[2]", … for a mask over the parameters; at most six of them.

    A problem may have names of its own for them.
    """
    some = [parameter_name(problem, j) for j in np.flatnonzero(which)]
    if len(some) > MANY:
        some = [*some[: MANY - 1], f"{len(some) - MANY + 1} others"]
    return " and ".join([", ".join(some[:-1]), some[-1]] if some[1:] else some)
