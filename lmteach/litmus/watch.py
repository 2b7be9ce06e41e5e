"""Calling a subject safely: every evaluation is noted, time is limited, and errors become words."""

import contextlib
import ctypes
import io
import queue
import threading
import time
import warnings
from dataclasses import dataclass, field

import numpy as np

MOST_EVALUATIONS = 20_000  # of one call


class Broken(Exception):
    """A subject did something that is told in a sentence: it raised, hung, or answered nonsense."""


class Overtime(Broken):
    """A subject did not answer within its time limit."""


class _Enough(BaseException):
    """Raised inside a subject that is past its time: no `except Exception` of its own stops it."""


@dataclass
class Watch:
    """A task's residual and Jacobian as a subject is given them, with a note of every call.

    `points` holds ("r" or "J", θ, value) in the order of the calls. What is handed out is fresh:
    a subject may write into it.
    """

    task: object
    deadline: float = float("inf")
    points: list = field(default_factory=list)

    def residual(self, theta):
        """r(θ), (N,)."""
        return self._note("r", self.task.residual, theta)

    def jacobian(self, theta):
        """J(θ), (N, P)."""
        return self._note("J", self.task.jacobian, theta)

    def asked(self, kind):
        """The places θ at which r (or J) was asked for."""
        return [theta for name, theta, _ in self.points if name == kind]

    def _note(self, kind, function, theta):
        if time.monotonic() > self.deadline or len(self.points) > MOST_EVALUATIONS:
            raise _Enough
        theta = np.array(theta)
        if theta.shape != self.task.start.shape:
            wanted = self.task.start.shape
            raise Broken(f"it asked for {kind} at θ of shape {theta.shape}: expected {wanted}")
        if theta.dtype.kind not in "fiuc":
            raise Broken(f"it asked for {kind} at θ of dtype {theta.dtype}: expected numbers")
        theta = theta if theta.dtype.kind == "c" else theta.astype(float)
        with np.errstate(all="ignore"):
            value = np.array(function(theta))
        self.points.append((kind, np.real(theta), value))
        return value.copy()


class Worker:
    """Runs calls one after another in a thread of its own, each within a time limit."""

    def __init__(self):
        self._jobs, self._done = queue.SimpleQueue(), queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def run(self, function, seconds):
        """What function() returns, or what it raises; Overtime if that takes too long."""
        self._jobs.put(function)
        try:
            value, error = self._done.get(timeout=seconds)
        except queue.Empty:
            self._stop()
            raise Overtime(f"it gave no answer within {seconds:g} s") from None
        except BaseException:
            self._stop()  # Ctrl-C, say
            raise
        if error is not None:
            raise error
        return value

    def close(self):
        """Let the thread end."""
        self._jobs.put(None)

    def _work(self):
        with contextlib.suppress(_Enough):  # it may arrive after the last call has ended
            self._calls()

    def _calls(self):
        while (job := self._jobs.get()) is not None:
            try:
                with np.errstate(all="ignore"):
                    outcome = job(), None
            except _Enough:
                outcome = None, Overtime("it went on evaluating r and J without an end")
            except BaseException as error:  # also SystemExit: a subject may not end the program
                outcome = None, error
            self._done.put(outcome)

    def _stop(self):
        """Raise in the thread what ends it, where it runs Python; a sleeping one is left behind."""
        self.close()
        identity = ctypes.c_ulong(self._thread.ident)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(_Enough))


def in_words(error):
    """An exception as the end of a sentence that starts with "it"."""
    if isinstance(error, Broken):
        return str(error)
    if isinstance(error, SystemExit):
        return f"it ended the program (SystemExit: {error})"
    lines = str(error).strip().splitlines()
    said = f": {lines[0]}" if lines else ""
    return f"it raised {type(error).__name__}{said}"


@contextlib.contextmanager
def quiet():
    """No warning becomes an error and nothing that a subject prints reaches the report."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
