"""What an exercise is, and how an answer is checked: values compared, known mistakes recognised."""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..checks import at_least, one_of
from .compare import numbers
from .of_function import check_function
from .of_value import check_value
from .record import Progress, note, note_answer, note_hint, read
from .slips import Slip, instead
from .verdict import UNTOUCHED, Verdict

KINDS = ("value", "function", "witness", "formula")
NEAR = 1e-3  # relative distance of a witness from a known wrong one


@dataclass(frozen=True)
class Exercise:
    """One task: a value, a function, a witness (a start, data, a μ), or a formula.

    Attributes
    ----------
    id : str
        Lesson and number, such as "7.2".
    kind : str
        "value", "function", "witness" or "formula".
    task : str
        What is asked for, in words.
    reference : function
        The solution: with the answer's signature, or without arguments for anything else.
    hints : tuple of str
        Three, each telling a little more; a function without arguments gives its hint when asked.
    inputs : function, optional
        inputs(rng) draws the arguments on which a function is tried.
    draws : int
        Random inputs on which a function is tried, new ones at each check.
    judge : function, optional
        judge(answer) tries a witness or a formula: (right?, what was seen).
    package : function, optional
        What the package gives for the same arguments.
    tolerance : float or tuple
        Largest difference that is right, relative to the largest entry; of several values, to
        each, and there may be one for each.
    digits : int, optional
        So many digits of a value are enough, cut or rounded.
    slips : tuple
        Known mistakes, each from `exercises.slips`, or a pair (wrong answer, sentence).
    recipe : function, optional
        The reference with parts that slips exchange; the reference itself where it has none.
    what : str
        What the result is called, such as "h".
    names : tuple of str
        The names of several values.
    sizes : function, optional
        sizes(*arguments) names the lengths of axes, such as {"P": 3}.
    forbids : tuple of str
        Names that an answer must not use, such as "inv".
    also : function, optional
        also(answer) says what is wrong with a function that gives the right numbers, or "".
    diagnose : function, optional
        diagnose(result, right, *arguments) says what is wrong with a result, or "".
    path : bool
        Whether the result is a path: rows that depend on those before them.
    probes : tuple of Probe
        Simpler arguments, which show where a mistake lies that no slip explains.
    reminders : tuple of str
        What each of several values, or the one value, is made of.
    """

    id: str
    kind: str
    task: str
    reference: Callable
    hints: tuple
    inputs: Callable = None
    draws: int = 5
    judge: Callable = None
    package: Callable = None
    tolerance: float | tuple = 1e-6
    digits: int | None = None
    slips: tuple = ()
    recipe: Callable = None
    what: str = "The result"
    names: tuple = ()
    sizes: Callable = None
    forbids: tuple = ()
    also: Callable = None
    diagnose: Callable = None
    path: bool = False
    probes: tuple = ()
    reminders: tuple = ()

    @property
    def signature(self):
        """The function asked for, such as "damped_step(J, r, mu)"; else the name of the value."""
        name = self.reference.__name__
        return f"{name}{inspect.signature(self.reference)}" if self.kind == "function" else name

    @property
    def solution(self):
        """The source of the reference, without its decorator; of a formula, with its LaTeX."""
        if self.kind == "formula":
            return f'def formula():\n    return r"{self.reference()}"'
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(self.reference)))
        return source[source.index("def ") :].rstrip()

    @property
    def arguments(self):
        """The names of the arguments of the function asked for."""
        return tuple(inspect.signature(self.reference).parameters)


class Text(str):
    """A str whose repr has no quotes, so that a notebook shows it line by line."""

    __repr__ = str.__str__


EXERCISES = {}


def exercise(id, kind, task, hints, slips=(), **options):
    """Register the decorated function as the reference of exercise `id`.

    The options are those of Exercise. Raises ValueError for an unknown kind and an id in use.
    """

    def register(reference):
        one_of("kind", kind, KINDS)
        if id in EXERCISES:
            raise ValueError(f"id {id!r} is taken: expected a new one")
        known = tuple(slip if isinstance(slip, Slip) else instead(*slip) for slip in slips)
        EXERCISES[id] = Exercise(id, kind, task, reference, tuple(hints), slips=known, **options)
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
    if _untouched(answer):
        return Verdict(id, None, UNTOUCHED)
    checks = {"value": check_value, "function": check_function}
    verdict = Verdict(id, *checks.get(task.kind, _check_witness)(task, answer))
    note_answer(id, verdict.right)
    return verdict


def _untouched(answer):
    """Whether nothing was filled in: None, `...` and values of such."""
    if isinstance(answer, str):
        return answer.strip() in ("", "...", "…")
    if isinstance(answer, (tuple, list)) and answer:
        return all(part is None or part is ... for part in answer)
    return answer is None or answer is ...


def hint(id, number=1):
    """Hint 1, 2 or 3 of exercise `id`. Raises ValueError for another number."""
    hints = find(id).hints
    if at_least("number", number, 1) > len(hints):
        raise ValueError(
            f"number = {number}: expected 1 to {len(hints)}; after that there is solution({id!r})"
        )
    note_hint(id, number)
    words = hints[number - 1]
    return Text(f"Hint {number} of {len(hints)}: {words() if callable(words) else words}")


def solution(id):
    """The reference solution of exercise `id`, as source; another may be as right."""
    return Text(find(id).solution)


def progress():
    """Which exercises of all lessons are right, tried, or not attempted: a Progress.

    It is kept in `my_progress.json` beside the lessons.
    """
    known = read()
    return Progress(EXERCISES, known, note())


# A witness or a formula


def _check_witness(task, answer):
    for slip in task.slips:
        if _is_near(answer, slip.instead()):
            return False, slip.sentence
    try:
        right, seen = task.judge(answer)
    except Exception as error:
        return False, f"this {type(answer).__name__} could not be tried: {error}"
    return bool(right), seen


def _is_near(answer, known):
    given, known = numbers(answer), numbers(known)
    if given is None or known is None or given.size != known.size:
        return False
    return bool(np.allclose(given.ravel(), known.ravel(), rtol=NEAR, atol=0))
