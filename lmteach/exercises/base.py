"""What an exercise is, and how an answer is checked: values compared, known mistakes recognised."""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..checks import at_least, one_of
from .compare import agree, difference, listed, numbers, parts_of
from .record import Progress, note, note_answer, note_hint, read
from .running import copied, explained, is_stub, names_used, run
from .slips import Slip, compose, instead, of_result, recognised, told
from .verdict import UNTOUCHED, Verdict

KINDS = ("value", "function", "witness", "formula")
N_TRIALS = 5  # random inputs on which a function is tried, new ones at each check
FURTHER = 3  # thetas of a path that are compared after it has departed: later, roundings grow
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
    judge : function, optional
        judge(answer) tries a witness or a formula: (right?, what was seen).
    package : function, optional
        What the package gives for the same arguments.
    tolerance : float or tuple
        Largest difference that is right, relative to the largest entry; of several values, to
        each, and there may be one for each.
    digits : int, optional
        So many digits of a value are enough, cut or rounded.
    slips : tuple of Slip
        Known mistakes; a pair (wrong answer, sentence) is one, too.
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
    departs : function, optional
        departs(answer, expected, *arguments) says where a path leaves the right one, or "".
    """

    id: str
    kind: str
    task: str
    reference: Callable
    hints: tuple
    inputs: Callable = None
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
    departs: Callable = None

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
    checks = {"value": _check_value, "function": _check_function}
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


# A value


def _check_value(task, answer):
    if callable(answer) and not hasattr(answer, "__array__"):
        return False, f"this is a function: expected {_wanted(task)}. Call it, and give its value."
    expected = task.reference()
    if agree(_arranged(answer, expected), expected, task.tolerance, task.digits):
        return True, ""
    recipe = task.recipe or task.reference

    def behaves(wrong):
        seen = _quietly(wrong, ())
        if seen is None:
            return False
        given = _arranged(answer, seen)
        return agree(given, seen, _loosest(task.tolerance), task.digits)

    if found := recognised(recipe, task.slips, behaves):
        return False, told(found)
    if said := _one_of_several(task, answer, expected, recipe):
        return False, said
    said = difference(_arranged(answer, expected), expected, task, {})
    return False, f'{said} hint("{task.id}") helps.'


def _one_of_several(task, answer, expected, recipe):
    """The slip that explains the first wrong one of several numbers, others apart; else ""."""
    given = _arranged(answer, expected)
    if not task.names or not isinstance(given, list) or len(given) != len(expected):
        return ""
    place = next(i for i in range(len(given)) if not _good(task, given, expected, i))
    right = [n for i, n in enumerate(task.names) if _good(task, given, expected, i)]
    among = [s for s in (*task.slips, *of_result("this one", task.names)) if not _is_whole(s)]
    for slip in among:
        seen = _quietly(compose(recipe, (slip,)), ())
        if seen is None or not np.shape(seen) == (len(expected),):
            continue
        if _good(task, given, seen, place) and not _good(task, seen, expected, place):
            sentence = slip.sentence.split("are right. ")[-1].split("is right. ")[-1]
            head = f"{listed(right)} {'is' if len(right) == 1 else 'are'} right. " if right else ""
            return f"{head}{task.names[place]}: {sentence}"
    return ""


def _is_whole(slip):
    """Whether the slip is a list of numbers of its own, which says nothing of one of them."""
    return slip.instead is not None


def _good(task, given, expected, place):
    each = (
        task.tolerance if isinstance(task.tolerance, tuple) else len(expected) * (task.tolerance,)
    )
    return agree(given[place], expected[place], each[place], task.digits)


def _wanted(task):
    return listed(task.names) if task.names else "a value"


def _loosest(tolerance):
    return max(tolerance) if isinstance(tolerance, tuple) else tolerance


def _arranged(answer, expected):
    """The answer's numbers in the shape of what was expected: a column is as good as a row."""
    if isinstance(expected, str) or (
        isinstance(expected, tuple) and any(np.ndim(part) for part in expected)
    ):
        return answer
    given, right = numbers(answer), np.asarray(expected)
    if given is None or given.size != right.size:
        found = parts_of(answer, right.size) if isinstance(expected, tuple) else None
        return answer if found is None else found
    given = given.reshape(right.shape)
    return list(given) if isinstance(expected, tuple) else given


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


# A function


def _check_function(task, answer):
    if not callable(answer):
        return False, f"this is a {type(answer).__name__}: expected the function {task.signature}"
    rng = np.random.default_rng()
    calls = [tuple(task.inputs(rng)) for _ in range(N_TRIALS)]
    if not _takes(answer, calls[0]):
        return False, _other_arguments(task, answer)
    ran = run(answer, calls)
    if is_stub(answer) or isinstance(ran.error, NotImplementedError):
        return None, UNTOUCHED
    if ran.printed.strip():
        print(ran.printed.rstrip())
    if ran.error is not None:
        return False, _raised(task, answer, ran, calls)
    if any(result is None or result is ... for result in ran.results):
        return False, f"{_name(answer)} returns None: is a `return` missing?"
    return _compared(task, answer, ran.results, calls)


def _name(answer):
    return getattr(answer, "__name__", "your function")


def _takes(answer, arguments):
    """Whether the function can be called with so many arguments."""
    try:
        inspect.signature(answer).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # no signature: it is tried
        return True
    return True


def _other_arguments(task, answer):
    own = f"{_name(answer)}{inspect.signature(answer)}"
    return f"{own} cannot be called with {len(task.arguments)} arguments: expected {task.signature}"


def _raised(task, answer, ran, calls):
    """What is said of an error: where it was, and which slip ends with just this error."""
    said = explained(answer, ran, task.arguments)
    if ran.endless:
        return said
    for slip in task.slips:
        error = _error_of(compose(task.recipe or task.reference, (slip,)), ran.arguments)
        if error is not None and (type(error), str(error)) == (type(ran.error), str(ran.error)):
            return f"{said} This is what happens with a likely slip: {slip.sentence}"
    return said


def _error_of(function, arguments):
    try:
        function(*copied(arguments))
    except Exception as error:
        return error
    return None


def _quietly(function, arguments):
    """What the function gives; None where it fails or numbers leave their range."""
    try:
        with np.errstate(all="ignore"):
            return function(*copied(arguments))
    except Exception:
        return None


def _compared(task, answer, results, calls):
    expected = [task.reference(*copied(arguments)) for arguments in calls]
    if _agree_all(task, results, expected):
        return _allowed(task, answer)
    recipe = task.recipe or task.reference

    def behaves(wrong):
        return all(
            _same(task, result, _quietly(wrong, arguments), right)
            for result, arguments, right in zip(results, calls, expected, strict=True)
        )

    found = recognised(recipe, (*task.slips, *of_result(task.what, task.names)), behaves)
    return False, _told_of(task, results, expected, calls, told(found) if found else "")


def _same(task, result, seen, right):
    """Whether a slip gives this result; of a path, until shortly after it has departed."""
    if seen is None:
        return False
    if task.departs:
        path, other = numbers(result), numbers(seen)
        if path is None or other is None or not path.shape == other.shape == right.shape:
            return agree(result, seen, task.tolerance)
        off = abs(path - right).max(axis=-1) > 1e-6 * abs(right).max()
        end = int(off.argmax()) + FURTHER if off.any() else None
        return agree(path[:end], other[:end], task.tolerance)
    return agree(result, seen, task.tolerance)


def _agree_all(task, results, expected):
    pairs = zip(results, expected, strict=True)
    return all(agree(result, right, task.tolerance) for result, right in pairs)


def _allowed(task, answer):
    """Right numbers; were they found as they should be?"""
    used = [name for name in task.forbids if name in names_used(answer)]
    if used:
        return False, f"The numbers are right, but this uses `{used[0]}`, which the task forbids."
    said = task.also(answer) if task.also else ""
    return not said, said


def _told_of(task, results, expected, calls, sentence):
    """The sentence of the slips, or the difference, and where a path departs."""
    zipped = zip(results, expected, calls, strict=True)
    result, right, arguments = next(
        (a, e, c) for a, e, c in zipped if not agree(a, e, task.tolerance)
    )
    where = task.departs(result, right, *arguments) if task.departs else ""
    if sentence:
        return f"{sentence} {where}".rstrip()
    sizes = task.sizes(*arguments) if task.sizes else {}
    said = where or difference(result, right, task, sizes)
    return f'{said} hint("{task.id}") helps.'
