"""A program in any language as a subject: one JSON object a line, in and out."""

import contextlib
import json
import os
import queue
import shlex
import shutil
import subprocess
import threading

import numpy as np

from .subjects import Subject
from .watch import Broken, Overtime

SHOWN = 80  # characters of what a program printed
GRACE = 0.5  # seconds for a program that has closed its output to end


class Program:
    """A running program: a line is written to it, a line is read, within a time limit."""

    def __init__(self, words):
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe)
        self._lines, self._errors = queue.SimpleQueue(), []
        _pumping(self._process.stdout, self._lines.put)
        self._hearing = _pumping(self._process.stderr, self._errors.append)

    @property
    def ended(self):
        """Whether the program has ended."""
        return self._process.poll() is not None

    def write(self, message):
        """Send one JSON line. Raises Broken if the program no longer reads."""
        try:
            self._process.stdin.write((json.dumps(message) + "\n").encode())
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise Broken(self._how_it_ended()) from None

    def read(self, seconds):
        """The next line as a JSON object. Raises Broken with what came instead."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.close()
            words = f"the program gave no answer within {seconds:g} s (does it flush its output?)"
            raise Overtime(words) from None
        if line is None:
            raise Broken(self._how_it_ended())
        text = line.decode("utf-8", errors="replace").strip()
        try:
            answer = json.loads(text)
        except ValueError:
            raise Broken(f"the program printed {_cut(text)}: expected a JSON object") from None
        if not isinstance(answer, dict):
            raise Broken(f"the program printed {_cut(text)}: expected a JSON object")
        return answer

    def close(self):
        """End the program."""
        if not self.ended:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                stream.close()

    def _how_it_ended(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self._hearing.join(GRACE)  # its last words may still be on their way
        code = self._process.poll()
        how = "closed its output" if code is None else f"ended with exit status {code}"
        said = b"".join(filter(None, self._errors)).decode("utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(said) if line.strip()), "")
        return f"the program {how} before it answered" + (f", saying {_cut(last)}" if last else "")


class Command(Subject):
    """`step` by a program that is told {theta, r, J, mu} and answers {theta, accepted}."""

    def __init__(self, command, whole=False, seconds=5.0):
        words = list(command) if not isinstance(command, str) else _words(command)
        super().__init__(" ".join(words), "solver" if whole else "step")
        self._words, self._seconds, self._program = words, seconds, None

    @property
    def exists(self):
        """Whether there is such a program."""
        return bool(self._words) and shutil.which(self._words[0]) is not None

    @property
    def judges(self):
        """A program that does not ask for r elsewhere leaves the verdict to its caller."""
        return self._asked

    _asked = _lone = False

    def step(self, watch, theta, mu):
        """One exchange: θ, r, J and μ for the next θ."""
        return self._exchange(watch, theta, {"mu": mu})

    def solve(self, watch, theta):
        """One exchange without μ: a start for the last θ."""
        return self._exchange(watch, theta, {})

    def close(self):
        """End the program."""
        if self._program is not None:
            self._program.close()
            self._program = None

    def _exchange(self, watch, theta, more):
        again = self._program is not None  # it may have ended after its last answer: one a start
        try:
            return self._answer(watch, theta, more)
        except Overtime:
            raise
        except Broken:
            if not again or not self._lone:
                raise
            return self._answer(watch, theta, more)

    def _answer(self, watch, theta, more):
        if self._program is None:
            self._program = Program(self._words)
        try:
            self._program.write({"theta": theta.tolist(), **_at(watch, theta), **more})
            while "ask" in (answer := self._program.read(self._seconds)):
                self._asked = True
                self._program.write(_at(watch, _asked_for(answer)))
        except BaseException:
            self._lone = self._program.ended
            self.close()  # the next exchange starts anew
            raise
        if "theta" not in answer:
            raise Broken(f"the program answered {_cut(json.dumps(answer))}: expected theta or ask")
        return answer["theta"], answer.get("accepted"), answer


def _at(watch, theta):
    """r and J at θ, in lists."""
    r, J = watch.residual(theta), watch.jacobian(theta)
    if not (np.isfinite(r).all() and np.isfinite(J).all()):
        raise Broken("the program asked for r and J where they are not finite")
    return {"r": r.tolist(), "J": J.tolist()}


def _asked_for(answer):
    try:
        return np.array(answer["ask"], dtype=float)
    except (TypeError, ValueError):
        raise Broken(f"the program asked at {_cut(str(answer['ask']))}: expected θ") from None


def _words(command):
    if os.name != "nt":
        return shlex.split(command)
    return [word.strip('"') for word in shlex.split(command, posix=False)]


def _pumping(stream, keep):
    """A started thread that hands on the lines of a stream."""
    thread = threading.Thread(target=_pump, args=(stream, keep), daemon=True)
    thread.start()
    return thread


def _pump(stream, keep):
    """Hand on the lines of a stream as they come; None at its end."""
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            keep(line)
    keep(None)


def _cut(text):
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return repr(shown)
