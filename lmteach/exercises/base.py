"""What an exercise is, and how an answer to it is looked at: values compared, slips recognised, never a grade."""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..checks import at_least, one_of

KINDS = ("value", "function", "witness")
N_TRIALS = 5  # random inputs on which a function is tried


@dataclass(frozen=True)
class Exercise:
    """One task: a value, a function, or a witness (a start, data or a μ that shows something).

    `reference` is the solution: a function of the answer's own signature, or of no arguments for a value or a witness.
    `inputs(rng)` draws arguments for a function. `judge(answer)` tries a witness: (right?, what was seen). `twin` is
    what the package gives for the same arguments. `slips`: sentence → the value, or the function, that this mistake
    gives.
    """

    id: str
    kind: str
    task: str
    reference: Callable
    hints: tuple
    inputs: Callable = None
    judge: Callable = None
    twin: Callable = None
    tolerance: float = 1e-6
    slips: dict = field(default_factory=dict)

    @property
    def signature(self):
        """The function asked for, as its first line: "damped_step(J, r, mu)"; the name of the value else."""
        return f"{self.reference.__name__}{inspect.signature(self.reference) if self.kind == 'function' else ''}"

    @property
    def solution(self):
        """The reference's source, without what registered it."""
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(self.reference)))
        return source[source.index("def ") :].rstrip()


@dataclass(frozen=True)
class Verdict:
    """What the check saw, in words; `right` is True, False, or None where nothing was attempted."""

    id: str
    right: bool | None
    text: str

    def __repr__(self):
        return f"{self.id}: {self.text}"


class Text(str):
    """Text that shows itself without quotes, line by line."""

    __repr__ = str.__str__


EXERCISES = {}


def exercise(id, kind, task, hints, **options):
    """Register the decorated function as the reference of exercise `id`; see Exercise for the options."""

    def register(reference):
        one_of("kind", kind, KINDS)
        if id in EXERCISES:
            raise ValueError(f"id {id!r} is taken: expected a new one")
        EXERCISES[id] = Exercise(id, kind, task, reference, tuple(hints), **options)
        return reference

    return register


def find(id):
    """The Exercise of that number. Raises ValueError for a number that is not there."""
    return EXERCISES[one_of("id", id, tuple(EXERCISES))]


def check(id, answer):
    """Look at an answer to exercise `id`, and say in words what was seen: a Verdict, never an exception."""
    task = find(id)
    if answer is None or answer is ...:
        return Verdict(id, None, "not attempted yet")
    looked = {"value": _check_value, "function": _check_function, "witness": _check_witness}[
        task.kind
    ]
    return Verdict(id, *looked(task, answer))


def hint(id, number=1):
    """Hint 1, 2 or 3 of exercise `id`, each telling a little more."""
    hints = find(id).hints
    if at_least("number", number, 1) > len(hints):
        raise ValueError(
            f"number = {number}: expected 1 to {len(hints)}; after that there is solution({id!r})"
        )
    return Text(f"Hint {number} of {len(hints)}: {hints[number - 1]}")


def solution(id):
    """Our answer to exercise `id`, as source; yours may look different and be right."""
    return Text(find(id).solution)


def _check_value(task, answer):
    expected = task.reference()
    if _agree(answer, expected, task.tolerance):
        return True, "right"
    for sentence, wrong in task.slips.items():
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
    for sentence, wrong in task.slips.items():
        if _agree_all(task, given, trials, wrong):
            return False, sentence
    expected = [task.reference(*_copies(arguments)) for arguments in trials]
    pairs = zip(given, expected, strict=True)
    answer, right = next((a, e) for a, e in pairs if not _agree(a, e, task.tolerance))
    return False, f'{_unlike(answer, right, task.tolerance)} hint("{task.id}") helps.'


def _agree_all(task, given, trials, function):
    pairs = zip(given, trials, strict=True)
    return all(
        _agree(answer, function(*_copies(arguments)), task.tolerance) for answer, arguments in pairs
    )


def _copies(arguments):
    """The arguments anew, so that a function that writes into them spoils nothing; those in lists and tuples too."""
    return [_copy(a) for a in arguments]


def _copy(argument):
    if type(argument) in (list, tuple):
        return type(argument)(map(_copy, argument))
    return argument.copy() if isinstance(argument, np.ndarray) else argument


def _agree(answer, expected, tolerance):
    """Same shapes, and numbers equal up to the tolerance, relative to the largest; several values one by one."""
    if _several(expected):
        same_kind = isinstance(answer, (tuple, list)) and len(answer) == len(expected)
        return same_kind and all(
            _agree(a, e, tolerance) for a, e in zip(answer, expected, strict=True)
        )
    if isinstance(expected, str):
        return isinstance(answer, str) and answer.strip().lower() == expected.lower()
    answer, expected = _numbers(answer), _numbers(expected)
    if answer is None or answer.shape != expected.shape:
        return False
    return bool(
        np.abs(answer - expected).max(initial=0)
        <= tolerance * max(np.abs(expected).max(initial=0), 1e-12)
    )


def _several(expected):
    """Several values, as against the entries of one."""
    return isinstance(expected, (tuple, list)) and not np.isscalar(expected[0])


def _numbers(value):
    """A float array of the value, or None where it is not made of numbers."""
    try:
        return None if value is None else np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None


def _unlike(answer, expected, tolerance):
    """In which way the answer is not what was expected, without giving that away."""
    said = _difference(answer, expected, tolerance)
    return f"Not yet: {said}." if said else "Not yet."


def _difference(answer, expected, tolerance):
    """The same in a few words; of several values only the first that differs is spoken of."""
    if isinstance(expected, str):
        return ""
    if _several(expected):
        if not isinstance(answer, (tuple, list)) or len(answer) != len(expected):
            return f"expected {len(expected)} values"
        pairs = enumerate(zip(answer, expected, strict=True), 1)
        number, a, e = next(
            (number, a, e) for number, (a, e) in pairs if not _agree(a, e, tolerance)
        )
        said = _difference(a, e, tolerance)
        return f"value {number} of {len(expected)}" + (f": {said}" if said else "")
    numbers, right = _numbers(answer), _numbers(expected)
    if numbers is None:
        return f"this is a {type(answer).__name__}, expected numbers"
    if numbers.shape != right.shape:
        return f"the shape is {numbers.shape}, expected {right.shape}"
    if not np.isfinite(numbers).all():
        return "there is a nan or inf in it"
    off = np.abs(numbers - right).max() / max(np.abs(right).max(), 1e-12)
    return f"off by {off:.1g} of the largest entry"
