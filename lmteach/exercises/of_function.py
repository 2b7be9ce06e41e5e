"""An answer that is a function: it is tried on random inputs, and its mistake is looked for."""

import inspect

import numpy as np

from .compare import agree, difference, numbers
from .probing import by_hand, located
from .running import copied, explained, is_stub, names_used, run
from .slips import compose, of_result, quietly, recognised, told
from .verdict import UNTOUCHED

FURTHER = 3  # rows of a path that are compared after it has departed: later, roundings grow


def check_function(task, answer):
    """(right?, what was found); None for right where the stub is untouched."""
    if not callable(answer):
        return False, f"this is a {type(answer).__name__}: expected the function {task.signature}"
    rng = np.random.default_rng()
    calls = [tuple(task.inputs(rng)) for _ in range(task.draws)]
    if not _takes(answer, calls[0]):
        return False, _other_arguments(task, answer)
    ran = run(answer, calls)
    nothing = all(result is None or result is ... for result in ran.results)
    if is_stub(answer) and nothing or isinstance(ran.error, NotImplementedError):
        return None, UNTOUCHED
    if ran.printed.strip():
        print(ran.printed.rstrip())
    if ran.error is not None:
        return False, _raised(task, answer, ran)
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


def _raised(task, answer, ran):
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


def _compared(task, answer, results, calls):
    expected = [task.reference(*copied(arguments)) for arguments in calls]
    if all(agree(a, e, task.tolerance) for a, e in zip(results, expected, strict=True)):
        return _allowed(task, answer)

    def behaves(wrong):
        return all(
            _same(task, result, quietly(wrong, arguments), right)
            for result, arguments, right in zip(results, calls, expected, strict=True)
        )

    known = (*task.slips, *of_result(task.what, task.names))
    found = recognised(task.recipe or task.reference, known, behaves)
    where = _diagnosis(task, results, expected, calls)
    if found:
        return False, f"{told(found)} {where if task.path else ''}".rstrip()
    said = where or _shape_or_place(task, answer, results, expected, calls)
    return False, f'{said} hint("{task.id}") helps.'


def _same(task, result, seen, right):
    """Whether a slip gives this result; of a path, until shortly after it has departed."""
    if seen is None:
        return False
    path, other = (numbers(result), numbers(seen)) if task.path else (None, None)
    if path is None or other is None or not path.shape == other.shape == right.shape:
        return agree(result, seen, task.tolerance)
    off = abs(path - right).max(axis=-1) > task.tolerance * abs(right).max()
    end = int(off.argmax()) + FURTHER if off.any() else None
    return agree(path[:end], other[:end], task.tolerance)


def _allowed(task, answer):
    """Right numbers; were they found as they should be?"""
    used = [name for name in task.forbids if name in names_used(answer)]
    if used:
        return False, f"The numbers are right, but this uses `{used[0]}`, which the task forbids."
    said = task.also(answer) if task.also else ""
    return not said, said


def _first_wrong(task, results, expected, calls):
    """(result, right result, arguments) of the first call that differs."""
    zipped = zip(results, expected, calls, strict=True)
    return next((a, e, c) for a, e, c in zipped if not agree(a, e, task.tolerance))


def _diagnosis(task, results, expected, calls):
    """What the exercise itself finds in the first wrong result, or ""."""
    if not task.diagnose:
        return ""
    result, right, arguments = _first_wrong(task, results, expected, calls)
    return task.diagnose(result, right, *arguments)


def _shape_or_place(task, answer, results, expected, calls):
    """What is wrong with the shape; where it is right, where the mistake lies."""
    result, right, arguments = _first_wrong(task, results, expected, calls)
    said = difference(result, right, task, task.sizes(*arguments) if task.sizes else {})
    if "is off by" not in said:
        return said
    where = located(task, answer, calls, results, expected)
    if not where:
        return said + by_hand(task)
    return f"{said.partition('is right.')[0]}is right. {where}" if "is right." in said else where
