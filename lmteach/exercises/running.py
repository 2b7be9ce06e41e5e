"""A learner's code is run: for a limited CPU time, its prints shown once, its errors explained."""

import ctypes
import dis
import inspect
import io
import linecache
import re
import textwrap
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field

import numpy as np

from .compare import numbers

SECONDS = 4.0  # of CPU time, for all calls of one check together
POLL = 0.05  # seconds between two looks at the clock
JUMPS = 1000  # of a loop; an exception that waits for this thread comes with the first
LONGEST_LINE = 80  # characters of the learner's line that are shown
LONGEST_PRINT = 4000  # characters that are shown


class TimeUp(BaseException):
    """Raised in the learner's code when its CPU time is used up; no `except Exception` ends it."""


@dataclass
class Ran:
    """What came of a run: the results of all calls, or the exception that ended it."""

    results: list = field(default_factory=list)
    error: BaseException | None = None
    arguments: tuple = ()  # of the call that ended with the error
    printed: str = ""  # by the first call
    seconds: float = 0.0  # of CPU time, at most

    @property
    def endless(self):
        """Whether the time was used up."""
        return isinstance(self.error, TimeUp)


def copied(value):
    """A copy, deep in lists and tuples: a function may write into its own arguments."""
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    return value.copy() if isinstance(value, np.ndarray) else value


def run(function, calls, seconds=None):
    """Call the function with each tuple of arguments, within so many seconds of CPU time.

    Returns a Ran. A KeyboardInterrupt is the learner's own wish, and passes through.
    """
    ran, paper = Ran(seconds=SECONDS if seconds is None else seconds), io.StringIO()
    with redirect_stdout(paper):
        _within(ran.seconds, lambda: _call_all(function, calls, ran, paper))
    ran.printed = (ran.printed or paper.getvalue())[:LONGEST_PRINT]
    return ran


def _call_all(function, calls, ran, paper):
    """Collect the results in `ran`, or the error that came."""
    for arguments in calls:
        ran.arguments = arguments
        try:
            ran.results.append(function(*copied(tuple(arguments))))
        except (Exception, SystemExit, TimeUp) as error:
            ran.error = error
            return
        if len(ran.results) == 1:
            ran.printed = paper.getvalue()


class Watch(threading.Thread):
    """Raises TimeUp in a thread that has used its CPU time, until it is stopped."""

    def __init__(self, seconds):
        super().__init__(daemon=True)
        self.clock, self.thread = cpu_clock(), threading.get_ident()
        self.end = self.clock() + seconds
        self.stopped, self.lock = threading.Event(), threading.Lock()

    def run(self):
        while not self.stopped.wait(POLL):
            with self.lock:
                if not self.stopped.is_set() and self.clock() > self.end:
                    self._raise()

    def stop(self):
        """No TimeUp comes after this; one that is on its way arrives here.

        It is not taken back: in Python 3.11 a thread whose exception was taken back looks for it
        for ever after, and hangs under a trace function.
        """
        while not self.stopped.is_set():
            with suppress(TimeUp), self.lock:
                self.stopped.set()
        with suppress(TimeUp):
            for _ in range(JUMPS):
                continue

    def _raise(self):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self.thread), ctypes.py_object(TimeUp)
        )


def cpu_clock():
    """A function that any thread may call: the CPU time of this thread, or of the process.

    A busy computer accuses nobody: what others use is not counted.
    """
    if hasattr(time, "pthread_getcpuclockid"):
        number = time.pthread_getcpuclockid(threading.get_ident())
        return lambda: time.clock_gettime(number)
    return time.process_time


def _within(seconds, action):
    """Do it, watched."""
    watch = Watch(seconds)
    watch.start()
    try:
        action()
    finally:
        watch.stop()


STOPPED = (
    "{name} was stopped after {seconds:g} seconds of computing: is there a loop that never ends? "
    "It was in {place}."
)


def explained(function, ran, names):
    """The sentences for an error in the learner's code: where it was, and what was handed in."""
    name = getattr(function, "__name__", "your function")
    place = where(function, ran.error)
    if ran.endless:
        return STOPPED.format(name=name, seconds=ran.seconds, place=place or "code of a library")
    said = f"{name} raised {type(ran.error).__name__}" + (f" in {place}" if place else "")
    if isinstance(ran.error, RecursionError):
        return f"{said}: it calls itself without an end."
    return f"{said}: {words_of(ran.error)}. {handed_in(names, ran.arguments)}"


def words_of(error):
    """An error's own words, the shapes told from the jargon."""
    words = str(error).strip().rstrip(".")
    for jargon, plain in PLAIN:
        if jargon in words:
            return plain(words) if callable(plain) else plain
    return words or "no reason was given"


def _after_shapes(words):
    return f"these shapes do not fit entry by entry: {words.partition('shapes ')[2].strip()}"


def _two_sizes(words):
    """NumPy's "size 3 is different from 5", and of what."""
    second, first = re.findall(r"\d+", words.partition("(size ")[2])
    if words.startswith("solve"):
        return f"the matrix has {first} rows, and the right-hand side has {second}"
    return f"left of @ the last size is {first}, right of it the first is {second}: not the same"


PLAIN: tuple[tuple[str, str | Callable], ...] = (
    ("could not be broadcast together with shapes", _after_shapes),
    ("has a mismatch in its core dimension", _two_sizes),
    ("must be square", "this matrix has not as many rows as columns, so no system is solved"),
    ("Singular matrix", "the matrix is singular: some of its columns depend on each other"),
)


def where(function, error):
    """The last line of the learner's own code that took part, such as "line 3, `a = b`"."""
    own = getattr(getattr(function, "__code__", None), "co_filename", None)
    trace, found = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == own:
            found = trace
        trace = trace.tb_next
    if found is None:
        return ""
    text = textwrap.shorten(linecache.getline(own, found.tb_lineno), LONGEST_LINE, placeholder=" …")
    first = function.__code__.co_firstlineno
    number = found.tb_lineno - first + 1 if found.tb_lineno >= first else found.tb_lineno
    return f"its line {number}" + (f", `{text}`" if text else "")


def handed_in(names, arguments):
    """What the function was called with, such as "It was given J (5, 3), r (5,), mu 0.7."."""
    return f"It was given {', '.join(map(_one, names, arguments))}."


def _one(name, value):
    if callable(value):
        return f"{name}, a function"
    if isinstance(value, np.ndarray):
        return f"{name} of shape {value.shape}"
    found = numbers(value)
    if found is not None and found.ndim == 0:
        return f"{name} = {float(found):.3g}"
    return f"{name}, a {type(value).__name__}"


def peak_of(function, arguments):
    """The largest memory, in bytes, that a call of the function takes."""
    running = tracemalloc.is_tracing()
    tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    run(function, [arguments])
    peak = tracemalloc.get_traced_memory()[1] - before
    if not running:
        tracemalloc.stop()
    return peak


NOTHING_READ = ("LOAD_FAST", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_NAME", "STORE", "CALL")


def is_stub(function):
    """Whether the function reads nothing and computes nothing: its body is still `...`."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    return not any(i.opname.startswith(NOTHING_READ) for i in dis.get_instructions(code))


def names_used(function, depth=3):
    """The names of all that the function and its own helpers call or read."""
    code = getattr(function, "__code__", None)
    if code is None:
        return set()
    found = _names_in(code)
    for name in tuple(found) if depth else ():
        helper = function.__globals__.get(name)
        if inspect.isfunction(helper) and helper.__module__ == function.__module__:
            found |= names_used(helper, depth - 1)
    return found


def _names_in(code):
    inner = [constant for constant in code.co_consts if hasattr(constant, "co_names")]
    return set(code.co_names).union(*map(_names_in, inner)) if inner else set(code.co_names)
