"""An answer that is a value: a number, several, or a word."""

import numpy as np

from .compare import agree, difference, listed, numbers, parts_of
from .slips import compose, of_one, of_result, quietly, recognised, told


def check_value(task, answer):
    """(right?, what was found)."""
    if callable(answer) and not hasattr(answer, "__array__"):
        wanted = listed(task.names) if task.names else "a value"
        return False, f"this is a function: expected {wanted}. Call it, and give its value."
    expected = task.reference()
    if agree(arranged(answer, expected), expected, task.tolerance, task.digits):
        return True, ""
    recipe = task.recipe or task.reference

    def behaves(wrong):
        seen = quietly(wrong, ())
        if seen is None:
            return False
        given = arranged(answer, seen)
        return agree(given, seen, _loosest(task.tolerance), task.digits)

    if found := recognised(recipe, task.slips, behaves) or _common(task, recipe, behaves):
        return False, told(found)
    said = _one_of_several(task, answer, expected, recipe) or _otherwise(task, answer, expected)
    return False, said


def _common(task, recipe, behaves):
    """The slip that any single number may have: its sign, a factor 2."""
    if task.names or np.ndim(task.reference()) or isinstance(task.reference(), str):
        return ()
    return next(((s,) for s in of_result(task.what) if behaves(compose(recipe, (s,)))), ())


def _otherwise(task, answer, expected):
    """How the value differs, or what it should be made of."""
    given = arranged(answer, expected)
    said = task.diagnose(given, expected) if task.diagnose else ""
    said = said or difference(given, expected, task, {})
    return f'{said} hint("{task.id}") helps.'


def _loosest(tolerance):
    return max(tolerance) if isinstance(tolerance, tuple) else tolerance


def arranged(answer, expected):
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


def _one_of_several(task, answer, expected, recipe):
    """The slip that explains the first wrong one of several numbers, others apart; else ""."""
    given = arranged(answer, expected)
    if not task.names or not isinstance(given, list) or len(given) != len(expected):
        return ""
    place = next(i for i in range(len(given)) if not _good(task, given, expected, i))
    right = [n for i, n in enumerate(task.names) if _good(task, given, expected, i)]
    among = [slip for slip in task.slips if slip.instead is None]
    common = of_one(task.names[place], place)
    for slip in (*among, *common):
        seen = quietly(compose(recipe, (slip,)), ())
        if seen is None or np.shape(seen) != (len(expected),):
            continue
        if _good(task, given, seen, place) and not _good(task, seen, expected, place):
            sentence = slip.sentence.split("are right. ")[-1].split("is right. ")[-1]
            head = f"{listed(right)} {'is' if len(right) == 1 else 'are'} right. " if right else ""
            if slip in common:
                return _capital(f"{head}{_capital(sentence)}")
            return _capital(f"{head}{_capital(task.names[place])}: {sentence}")
    return ""


def _capital(said):
    """With a capital letter, where a word begins it and no symbol."""
    return f"T{said[1:]}" if said.startswith("the ") else said


def _good(task, given, expected, place):
    each = task.tolerance
    if not isinstance(each, tuple):
        each = len(expected) * (each,)
    return agree(given[place], expected[place], each[place], task.digits)
