"""What an exercise is, and how an answer is checked: values compared, known mistakes recognised."""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..checks import at_least, one_of

KINDS = ("value", "function", "witness")
N_TRIALS = 5  # random inputs on which a function is tried
SMALLEST = 1e-12  # stands for the largest entry where all entries are smaller


@dataclass(frozen=True)
class Exercise:
    """One task: a value, a function, or a witness (a start, data or a μ that shows something).

    Attributes
    ----------
    id : str
        Lesson and number, such as "7.2".
    kind : str
        "value", "function" or "witness".
    task : str
        What is asked for, in words.
    reference : function
        The solution: with the answer's signature, or without arguments for a value or a witness.
    hints : tuple of str
        Three, each telling a little more.
    inputs : function, optional
        inputs(rng) draws the arguments on which a function is tried.
    judge : function, optional
        judge(answer) tries a witness: (right?, what was seen).
    package : function, optional
        What the package gives for the same arguments.
    tolerance : float
        Largest difference that is right, relative to the largest entry.
    slips : tuple of (wrong answer, sentence)
        Known mistakes: the value or function that one gives, and what the learner is told.
    """

    id: str
    kind: str
    task: str
    reference: Callable
    hints: tuple
    inputs: Callable = None
    judge: Callable = None
    package: Callable = None
    tolerance: float = 1e-6
    slips: tuple = ()

    @property
    def signature(self):
        """The function asked for, such as "damped_step(J, r, mu)"; else the name of the value."""
        name = self.reference.__name__
        return f"{name}{inspect.signature(self.reference)}" if self.kind == "function" else name

    @property
    def solution(self):
        """The source of the reference, without its decorator."""
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(self.reference)))
        return source[source.index("def ") :].rstrip()


@dataclass(frozen=True)
class Verdict:
    """What the check found, in words; `right` is None where nothing was attempted."""

    id: str
    right: bool | None
    text: str

    def __repr__(self):
        return f"{self.id}: {self.text}"


class Text(str):
    """A str whose repr has no quotes, so that a notebook shows it line by line."""

    __repr__ = str.__str__


EXERCISES = {}


def exercise(id, kind, task, hints, **options):
    """Register the decorated function as the reference of exercise `id`.

    The options are those of Exercise. Raises ValueError for an unknown kind and an id in use.
    """

    def register(reference):
        one_of("kind", kind, KINDS)
        if id in EXERCISES:
            raise ValueError(f"id {id!r} is taken: expected a new one")
        EXERCISES[id] = Exercise(id, kind, task, reference, tuple(hints), **options)
        return reference

    return register


def find(id):
    """The Exercise with this id. Raises ValueError where there is none."""
    return EXERCISES[one_of("id", id, tuple(EXERCISES))]


def check(id, answer):
    """Check an answer to exercise `id`; returns a Verdict, whose repr says what was found.

    A wrong answer of any type is no error. Raises ValueError for an unknown id.
    """
    task = find(id)
    if answer is None or answer is ...:
        return Verdict(id, None, "not attempted yet")
    checks = {"value": _check_value, "function": _check_function, "witness": _check_witness}
    return Verdict(id, *checks[task.kind](task, answer))


def hint(id, number=1):
    """Hint 1, 2 or 3 of exercise `id`. Raises ValueError for another number."""
    hints = find(id).hints
    if at_least("number", number, 1) > len(hints):
        raise ValueError(
            f"number = {number}: expected 1 to {len(hints)}; after that there is solution({id!r})"
        )
    return Text(f"Hint {number} of {len(hints)}: {hints[number - 1]}")


def solution(id):
    """The reference solution of exercise `id`, as source; another may be as right."""
    return Text(find(id).solution)


def _check_value(task, answer):
    expected = task.reference()
    if _agree(answer, expected, task.tolerance):
        return True, "right"
    for wrong, sentence in task.slips:
        if _agree(answer, wrong() if callable(wrong) else wrong, task.tolerance):
            return False, sentence
    return False, f'{_unlike(answer, expected, task.tolerance)} hint("{task.id}") helps.'


def _check_witness(task, answer):
    try:
        right, seen = task.judge(answer)
    except Exception as error:
        return False, f"could not be tried: {type(error).__name__}: {error}"
    return bool(right), seen


def _check_function(task, answer):
    if not callable(answer):
        return False, f"this is a {type(answer).__name__}: expected the function {task.signature}"
    rng = np.random.default_rng(0)
    trials = [task.inputs(rng) for _ in range(N_TRIALS)]
    try:
        given = [answer(*_copies(arguments)) for arguments in trials]
    except Exception as error:
        return False, f"{task.signature} raised {type(error).__name__}: {error}"
    if all(g is None or g is ... for g in given):
        return None, "not attempted yet"
    if _agree_all(task, given, trials, task.reference):
        return True, "right"
    for wrong, sentence in task.slips:
        if _agree_all(task, given, trials, wrong):
            return False, sentence
    expected = [task.reference(*_copies(arguments)) for arguments in trials]
    pairs = zip(given, expected, strict=True)
    answer, right = next((a, e) for a, e in pairs if not _agree(a, e, task.tolerance))
    return False, f'{_unlike(answer, right, task.tolerance)} hint("{task.id}") helps.'


def _agree_all(task, given, trials, function):
    """Whether the function gives the given answers on these trials."""
    expected = (function(*_copies(arguments)) for arguments in trials)
    return all(_agree(a, e, task.tolerance) for a, e in zip(given, expected, strict=True))


def _copies(arguments):
    """Copies of the arguments, deep in lists and tuples: a function may write into its own."""
    return [_copy(a) for a in arguments]


def _copy(argument):
    if type(argument) in (list, tuple):
        return type(argument)(map(_copy, argument))
    return argument.copy() if isinstance(argument, np.ndarray) else argument


def _agree(answer, expected, tolerance):
    """Whether shapes are the same and numbers differ by at most tolerance times the largest.

    Several values are compared one by one.
    """
    if _several(expected):
        if not isinstance(answer, (tuple, list)) or len(answer) != len(expected):
            return False
        return all(_agree(a, e, tolerance) for a, e in zip(answer, expected, strict=True))
    if isinstance(expected, str):
        return isinstance(answer, str) and answer.strip().lower() == expected.lower()
    answer, expected = _numbers(answer), _numbers(expected)
    if answer is None or answer.shape != expected.shape:
        return False
    largest = max(np.abs(expected).max(initial=0), SMALLEST)
    return bool(np.abs(answer - expected).max(initial=0) <= tolerance * largest)


def _several(expected):
    """Whether this is several values rather than the entries of one."""
    return isinstance(expected, (tuple, list)) and not np.isscalar(expected[0])


def _numbers(value):
    """The value as a float array, or None where it does not consist of numbers."""
    try:
        return None if value is None else np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None


def _unlike(answer, expected, tolerance):
    """How the answer differs from what was expected, which is not given away."""
    said = _difference(answer, expected, tolerance)
    return f"Not yet: {said}." if said else "Not yet."


def _difference(answer, expected, tolerance):
    """The same in a few words, "" where none can be said without giving the answer away."""
    if isinstance(expected, str):
        return ""
    if _several(expected):
        return _first_difference(answer, expected, tolerance)
    numbers, right = _numbers(answer), _numbers(expected)
    if numbers is None:
        return f"this is a {type(answer).__name__}, expected numbers"
    if numbers.shape != right.shape:
        return f"the shape is {numbers.shape}, expected {right.shape}"
    if not np.isfinite(numbers).all():
        return "there is a nan or inf in it"
    off = np.abs(numbers - right).max() / max(np.abs(right).max(), SMALLEST)
    return f"off by {off:.1g} of the largest entry"


def _first_difference(answer, expected, tolerance):
    """Which of several values is the first that differs, and how."""
    if not isinstance(answer, (tuple, list)) or len(answer) != len(expected):
        return f"expected {len(expected)} values"
    for number, (a, e) in enumerate(zip(answer, expected, strict=True), 1):
        if not _agree(a, e, tolerance):
            said = _difference(a, e, tolerance)
            return f"value {number} of {len(expected)}" + (f": {said}" if said else "")
    return ""
