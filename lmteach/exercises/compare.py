"""Answers of any kind as numbers, compared with what was expected, and how they differ."""

import ast

import numpy as np

from ..checks import holds_symbols

SMALLEST = 1e-12  # stands for the largest entry where all entries are smaller
SINGLE = 1e-3  # the tolerance of answers in single precision
UNITS = {3: "three", 4: "four"}
NEARLY = 0.03  # relative distance of an answer that lacks only digits


def numbers(value):
    """The value as an array of floats, None where it does not consist of numbers.

    It may be a list, a Fraction, a SymPy number, a tensor, or such a thing written as text.
    Complex numbers stay complex unless every imaginary part is 0.
    """
    try:
        found = np.asarray(_plain(value))
        if found.dtype.kind not in "fiuc":
            found = _each(found)
    except (TypeError, ValueError, ArithmeticError, SyntaxError, RuntimeError, MemoryError):
        return None
    if found.dtype.kind == "c":
        return found if found.imag.any() else found.real
    return found.astype(float)


def _each(found):
    """An array of objects, number by number."""
    if not holds_symbols(found) or any(x is None or isinstance(x, (bool, str)) for x in found.flat):
        raise TypeError("not numbers")
    return np.array([complex(x) for x in found.flat]).reshape(found.shape)


def _plain(value):
    """The value without its wrapping: what a tensor holds, a list of such, a text read."""
    if isinstance(value, str):
        return _plain(ast.literal_eval(value.strip()))
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    for unwrap in ("detach", "cpu", "numpy"):
        if hasattr(value, unwrap) and not isinstance(value, type):
            value = getattr(value, unwrap)()
    return value


def one_number(value):
    """The value as one float, None where it is not one real number."""
    found = numbers(value)
    if found is None or found.size != 1 or found.dtype.kind == "c":
        return None
    return float(found.reshape(()))


def several(expected):
    """Whether this is several values rather than the entries of one."""
    return isinstance(expected, tuple)


def parts_of(answer, n):
    """The answer as a list of n values, None where it is not."""
    if isinstance(answer, (str, dict, set)) or not hasattr(answer, "__len__"):
        return None
    try:
        found = list(answer)
    except TypeError:
        return None
    return found if len(found) == n else None


def agree(answer, expected, tolerance, digits=None):
    """Whether shapes are the same and numbers differ by no more than they may.

    Of an array the largest entry counts, times the tolerance; several values are compared one
    by one. With `digits`, so many digits of each number are enough, cut or rounded.
    """
    if several(expected):
        answers = parts_of(answer, len(expected))
        each = tolerance if isinstance(tolerance, tuple) else len(expected) * (tolerance,)
        return answers is not None and all(
            agree(a, e, t, digits) for a, e, t in zip(answers, expected, each, strict=True)
        )
    if isinstance(expected, str):
        return isinstance(answer, str) and answer.strip().lower() == expected.lower()
    given, right = numbers(answer), numbers(expected)
    if given is None or right is None or given.dtype.kind == "c":
        return False
    if not _same_shape(given, right):
        return False
    allowed = allowance(right, SINGLE if _is_single(answer) else tolerance, digits)
    return bool((abs(given.reshape(right.shape) - right) <= allowed).all())


def _same_shape(given, right):
    """Whether the shapes agree; a number may be an array of one entry."""
    return given.shape == right.shape or (right.size == 1 == given.size and right.ndim == 0)


def _is_single(answer):
    return str(getattr(answer, "dtype", "")).endswith(("float32", "float16"))


def allowance(right, tolerance, digits):
    """How far from the right numbers an answer may be: a number, or one for each entry."""
    largest = max(abs(right).max(initial=0), SMALLEST)
    if digits is None:
        return tolerance * largest
    exponents = np.floor(np.log10(np.maximum(abs(right), SMALLEST)))
    units = 10.0 ** (exponents - digits + 1)
    return np.maximum(tolerance * abs(right), units * (1 + 1e-9))


def shown_shape(shape, sizes):
    """The shape in letters where every size has one of its own, such as (N·m, P)."""
    names = [_letter(n, sizes) for n in shape]
    return "(" + ", ".join(names) + "," * (len(names) == 1) + ")"


def _letter(n, sizes):
    found = [name for name, size in sizes.items() if size == n]
    return found[0] if len(found) == 1 and n > 1 else str(n)


def difference(answer, expected, task, sizes):
    """How the answer differs, in a sentence, which does not give away what was expected."""
    if isinstance(expected, str):
        return "It is another word."
    if several(expected):
        said = _of_several(answer, expected, task, sizes)
        return f"T{said[1:]}" if said.startswith("the ") else said
    said = _of_one(answer, expected, task.what, sizes, task.digits)
    return _reminded(said, task, 0)


def _of_several(answer, expected, task, sizes):
    """Which of several values are right, and how the first other one differs."""
    answers = parts_of(answer, len(expected))
    if answers is None:
        return f"Expected {len(expected)} values: {', '.join(task.names)}."
    each = (
        task.tolerance if isinstance(task.tolerance, tuple) else len(expected) * (task.tolerance,)
    )
    judged = [agree(a, e, t, task.digits) for a, e, t in zip(answers, expected, each, strict=True)]
    first = judged.index(False)
    right = [name for name, good in zip(task.names, judged, strict=True) if good]
    said = _of_one(answers[first], expected[first], task.names[first], sizes, task.digits)
    said = _reminded(said, task, first)
    if not right:
        return said
    said = f"T{said[1:]}" if said.startswith("the ") else said
    return f"{listed(right)} {'is' if len(right) == 1 else 'are'} right. {said}"


def _reminded(said, task, place):
    """In place of a distance, what the number is made of, where the exercise says so."""
    what, off, _ = said.partition(" is off by ")
    if not off or place >= len(task.reminders):
        return said
    return f"{what} is another number: {task.reminders[place]}"


def listed(words):
    """Words with commas and an "and"."""
    *most, last = words or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _of_one(answer, expected, what, sizes, digits=None):
    if isinstance(expected, str):
        return f"{what}: another word was expected."
    given, right = numbers(answer), numbers(expected)
    if given is None:
        return f"{what} is a {type(answer).__name__}: expected {_wanted(right)}."
    if given.dtype.kind == "c":
        return f"{what} is complex: an imaginary part is not 0, and real numbers were expected."
    if not _same_shape(given, right):
        return shape_said(given, right, what, sizes)
    if not np.isfinite(given).all():
        return f"There is a nan or an inf in {what}."
    return _how_far(given.reshape(right.shape), right, what, digits)


def _wanted(right):
    return "a number" if right.ndim == 0 else f"numbers, of shape {right.shape}"


def _how_far(given, right, what, digits):
    """Where two arrays of one shape part, and by how much of the largest entry."""
    off = abs(given - right) / max(abs(right).max(), SMALLEST)
    if digits and off.max() < NEARLY:
        return (
            f"{what} is near, but not right to {UNITS[digits]} digits: keep one digit more on "
            "the way."
        )
    said = f"{what} is off by {off.max():.1g} of "
    if right.ndim == 0:
        return said + "its size."
    wrong = off > 1e-6
    worst = ", ".join(map(str, np.unravel_index(off.argmax(), off.shape)))
    share = "" if wrong.all() else f" {int(wrong.sum())} of {wrong.size} entries differ."
    return said + f"the largest entry, at [{worst}].{share}"


def shape_said(given, right, what, sizes):
    """What is wrong with a shape: transposed, a table where it should be flat, …"""
    came, wanted = shown_shape(given.shape, sizes), shown_shape(right.shape, sizes)
    said = f"{what} has the shape {given.shape}"
    if came != str(given.shape):
        said += f", that is {came}"
    said += f": expected {right.shape}"
    if wanted != str(right.shape):
        said += f", that is {wanted}"
    return f"{said}.{_shape_hint(given, right)}"


def _shape_hint(given, right):
    if given.ndim == 2 and given.T.shape == right.shape:
        return " Transposed: rows and columns changed places."
    if given.size == right.size and given.squeeze().shape == right.shape:
        return " An axis of length 1 is too many: ravel() makes it flat."
    if given.size == right.size and given.ndim > right.ndim:
        return " The number of entries is right: is it a table that should be flat?"
    if given.size == right.size:
        return " The number of entries is right: they stand in another table."
    return ""
