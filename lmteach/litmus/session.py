"""One subject under test: its answers, and what was noticed beside them."""

import time
from dataclasses import dataclass
from numbers import Real

import numpy as np

from .tasks import NEAR
from .watch import Broken, Overtime, Watch, Worker, in_words

STEP_NAMES = ("h", "step", "delta", "dx", "update", "delta_theta")
JACOBIAN_NAMES = ("J", "jac", "jacobian")
THETA_NAMES = ("theta", "theta_new", "x", "w", "params", "trial_theta")
ACCEPTED_NAMES = ("accepted", "ok", "success")


@dataclass
class Answer:
    """What a subject made of (θ, μ): the next θ, its verdict, and h and J if it told them."""

    task: object
    start: np.ndarray
    mu: float
    theta: np.ndarray
    accepted: bool
    h: np.ndarray | None
    J: np.ndarray | None
    points: list
    next_mu: float | None = None
    judged: bool = True

    @property
    def moved(self):
        """θ_new − θ."""
        return self.theta - self.start

    @property
    def trials(self):
        """The displacements at which r was asked for, those for finite differences left out."""
        asked = [theta - self.start for kind, theta, _ in self.points if kind == "r"]
        least = 2 * NEAR * (1 + np.max(np.abs(self.start)))
        return [h for h in asked if np.isfinite(h).all() and np.max(np.abs(h)) > least]

    @property
    def step(self):
        """The step that was tried: what moved θ, else the last trial seen, else what was told."""
        trials = self.trials
        if np.any(self.moved != 0) and (self.accepted or not trials):
            return self.moved
        if trials:
            return trials[-1]
        return np.zeros_like(self.start) if self.h is None else self.h


class Session:
    """Puts tasks to one subject, each call within `seconds`, and remembers what it did."""

    def __init__(self, subject, seconds, calls):
        self.subject, self.seconds, self.calls = subject, seconds, calls
        self.answers, self.notes, self.troubles, self.dead = [], [], [], None
        self.last_watch = None
        self._worker = Worker()

    def step(self, task, theta, mu):
        """The subject's Answer at θ with μ. Raises Broken with a sentence if there is none."""
        watch, handed = self._watch(task), np.array(theta, dtype=float)
        raw = self._call(lambda: self.subject.step(watch, handed, mu))
        try:
            answer = _read(raw, task, np.array(theta, dtype=float), mu, watch)
        except Broken as broken:
            raise self._trouble(broken) from None
        answer.judged = self.subject.judges
        if not np.array_equal(handed, theta) and self.subject.kind == "step":
            self.note("It changes the θ that it was handed, in place: callers may not expect that.")
        self.answers.append(answer)
        return answer

    def solve(self, task, theta):
        """The subject's final θ from this start, and its Watch, for a whole solver."""
        watch, handed = self._watch(task), np.array(theta, dtype=float)
        self.last_watch = watch
        raw = self._call(lambda: self.subject.solve(watch, handed))
        try:
            return _vector("θ", _parts(raw)[0], task.start.shape), watch
        except Broken as broken:
            raise self._trouble(broken) from None

    def call(self, function):
        """What function() returns; Broken with a sentence if it raises or hangs."""
        return self._call(function)

    def note(self, sentence):
        """Remember a finding that is no failure."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def close(self):
        """End the thread, and the subject's process if it has one."""
        self._worker.close()
        self.subject.close()

    def _watch(self, task):
        return Watch(task, time.monotonic() + self.seconds)

    def _call(self, function):
        if self.dead:
            raise Broken(self.dead)
        before = np.random.get_state()[1:3]
        try:
            value = self._worker.run(self.calls.watched(function), self.seconds)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise self._trouble(error) from None
        after = np.random.get_state()[1:3]
        if before[1] != after[1] or not np.array_equal(before[0], after[0]):
            self.note(
                "It draws from, or seeds, NumPy's global random numbers: state that others share."
            )
        return value

    def _trouble(self, error):
        words = in_words(error)
        if words not in self.troubles:
            self.troubles.append(words)
        if isinstance(error, Overtime):
            self.dead = words
        return Broken(words)


def _read(raw, task, theta, mu, watch):
    """An Answer made from whatever a step function returned."""
    found, accepted, info = _parts(raw)
    new = _vector("θ", found, theta.shape)
    if accepted is None:
        accepted = not np.array_equal(new, theta)
    try:
        accepted = bool(accepted)
    except Exception:
        raise Broken(f"it answered accepted = {accepted!r}: expected True or False") from None
    h, J = _told(info, STEP_NAMES), _told(info, JACOBIAN_NAMES)
    h = h.ravel() if h is not None and h.size == theta.size and np.isfinite(h).all() else None
    next_mu = _told(info, ("next_mu", "mu_next", "new_mu", "mu"))
    next_mu = float(next_mu.flat[0]) if next_mu is not None and next_mu.size == 1 else None
    return Answer(task, theta, mu, new, accepted, h, J, watch.points, next_mu)


def _parts(raw):
    """(θ, accepted, info) of what was returned: a tuple, a dict, an object with θ, or θ alone."""
    if raw is None:
        raise Broken("it returned None: expected (theta_new, accepted, info); is a return missing?")
    if isinstance(raw, dict):
        return _first(raw, THETA_NAMES), _first(raw, ACCEPTED_NAMES), raw
    if isinstance(raw, tuple) and not hasattr(raw, "_asdict"):
        return _from_tuple(raw)
    names = {name: getattr(raw, name) for name in dir(raw) if name in THETA_NAMES}
    if names and not isinstance(raw, (np.ndarray, list)):
        accepted = {name: getattr(raw, name, None) for name in ACCEPTED_NAMES}
        return _first(names, THETA_NAMES), _first(accepted, ACCEPTED_NAMES), _fields(raw)
    return raw, None, {}


def _from_tuple(raw):
    if raw and all(isinstance(part, (Real, np.number)) for part in raw):
        return raw, None, {}  # a tuple of numbers is θ itself
    theta, accepted = raw[0] if raw else None, raw[1] if len(raw) > 1 else None
    info = raw[2] if len(raw) > 2 else {}
    if isinstance(accepted, dict):
        accepted, info = None, accepted
    return theta, accepted, _fields(info)


def _fields(info):
    if isinstance(info, dict):
        return info
    if hasattr(info, "_asdict"):
        return info._asdict()
    return dict(getattr(info, "__dict__", {}))


def _first(named, names):
    return next((named[name] for name in names if named.get(name) is not None), None)


def _told(info, names):
    """An array of floats among what was told, or None."""
    value = _first(info, names)
    try:
        return None if value is None else np.array(value, dtype=float)
    except (TypeError, ValueError):
        return None


def _vector(name, value, shape):
    """A float vector of this shape; Broken with a sentence otherwise."""
    if value is None:
        raise Broken(f"it returned no {name}")
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise Broken(f"it returned {name} = {_short(value)}: expected {shape[0]} numbers") from None
    if array.shape != shape:
        raise Broken(f"it returned {name} of shape {array.shape}: expected {shape}")
    if not np.isfinite(array).all():
        raise Broken(f"it returned {name} with NaN or infinity in it: {_short(array.tolist())}")
    return array


def _short(value):
    words = repr(value)
    return words if len(words) <= 60 else f"{words[:57]}..."
