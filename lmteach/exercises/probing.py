"""Where a mistake lies that no slip explains: the function is tried on inputs that are simpler."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .compare import agree, numbers
from .running import copied, run

DOUBLED = {-2: "a quarter", -1: "half", 0: "the same", 1: "twice", 2: "4 times", 3: "8 times"}
FACTORS = {1.0: "", 2.0: "twice ", 0.5: "half of ", -1.0: "the negative of ", -2.0: "−2 times "}
POWERS = {1: "times {}", -1: "divided by {}", 2: "times {}²", -2: "divided by {}²"}
SAME = 1e-6  # relative difference of two equal factors


@dataclass(frozen=True)
class Probe:
    """Arguments made simpler: if the answer is right on these, the mistake is in what is gone.

    Attributes
    ----------
    where : str
        What is simple there, such as "mu is 0".
    look : str
        What is then to be looked at again.
    change : function
        change(*arguments) gives the simpler arguments.
    """

    where: str
    look: str
    change: Callable


def located(task, answer, calls, results, expected):
    """A sentence about where the mistake lies, "" where nothing can be said."""
    return (
        _unused(task, answer, calls, results)
        or _factor(task, calls, results, expected)
        or _simpler(task, answer, calls)
        or _doubled(task, answer, calls, results)
    )


def _is_right(task, answer, calls):
    """Whether the answer is right on these arguments."""
    ran = run(answer, calls)
    if ran.error is not None:
        return False
    with np.errstate(all="ignore"):
        expected = [task.reference(*copied(arguments)) for arguments in calls]
    pairs = zip(ran.results, expected, strict=True)
    return all(agree(result, right, task.tolerance) for result, right in pairs)


def _simpler(task, answer, calls):
    for probe in task.probes:
        if _is_right(task, answer, [tuple(probe.change(*copied(c))) for c in calls]):
            return f"It is right where {probe.where}: look again at {probe.look}."
    return ""


def by_hand(task):
    """The simplest of the exercise's arguments, to be tried by hand."""
    if not task.probes:
        return ""
    return f" It is wrong even where {task.probes[-1].where}: try that by hand."


def _changeable(arguments):
    """The places of arguments that are numbers or arrays of numbers."""
    return [i for i, value in enumerate(arguments) if isinstance(value, (float, np.ndarray))]


def _scaled(arguments, place, factor):
    return tuple(factor * x if i == place else x for i, x in enumerate(copied(arguments)))


def _with_another(arguments, place):
    """The arguments with other numbers at one place: not multiples, which a norm would not see."""
    return tuple(_another(x) if i == place else x for i, x in enumerate(copied(arguments)))


def _another(x):
    if np.size(x) < 2:
        return 1.7 * x
    return np.roll(x, 1) * (1 + 0.5 * np.cos(np.arange(np.size(x)))).reshape(np.shape(x))


def _unused(task, answer, calls, results):
    """The argument that changes nothing, though it should."""
    for place in _changeable(calls[0]):
        changed = [_with_another(arguments, place) for arguments in calls]
        ran = run(answer, changed)
        if ran.error is not None:
            return ""
        pairs = zip(ran.results, results, strict=True)
        if all(_equal(a, b, task) for a, b in pairs) and not _indifferent(task, calls, changed):
            return f"It does not depend on {task.arguments[place]}, and it should."
    return ""


def _equal(one, other, task):
    return agree(_readable(one), _readable(other), task.tolerance)


def _readable(value):
    """Several values as a tuple, so that they are compared one by one."""
    return tuple(value) if isinstance(value, (list, tuple)) and numbers(value) is None else value


def _indifferent(task, calls, changed):
    """Whether the right result does not depend on what was changed either."""
    pairs = zip(calls, changed, strict=True)
    return all(agree(task.reference(*c), task.reference(*d), task.tolerance) for c, d in pairs)


def _factor(task, calls, results, expected):
    """What the right result has been multiplied with, if it is a number in each call."""
    ratios = [_ratio(result, right) for result, right in zip(results, expected, strict=True)]
    if None in ratios:
        return ""
    if np.ptp(ratios) <= SAME * max(map(abs, ratios)):
        return f"{task.what} is {ratios[0]:.3g} times ours, whatever is handed in."
    for name, sizes in _quantities(task, calls):
        for power, words in POWERS.items():
            rest = np.array(ratios) / sizes**power
            known = [k for k in FACTORS if (abs(rest - k) <= SAME * abs(k)).all()]
            if known:
                return f"{task.what} is {FACTORS[known[0]]}ours, {words.format(name)}."
    if np.size(expected[0]) > 1:
        return f"{task.what} has the right direction, and another length: look for a factor."
    return ""


def _ratio(result, right):
    """result / right, if that is one number for all entries."""
    given, right = numbers(result), numbers(right)
    if given is None or right is None or given.shape != right.shape or not right.any():
        return None
    ratio = float((given * right).sum().real / (right**2).sum())
    return ratio if ratio and agree(given, ratio * right, SAME) else None


def _quantities(task, calls):
    """(name, its value in each call) of all that may be a factor."""
    for place in _changeable(calls[0]):
        if np.ndim(calls[0][place]) == 0:
            yield task.arguments[place], np.array([arguments[place] for arguments in calls])
    sizes = [task.sizes(*arguments) if task.sizes else {} for arguments in calls]
    for name in sizes[0]:
        yield name, np.array([float(of_call[name]) for of_call in sizes])


def _doubled(task, answer, calls, results):
    """An argument of which twice as much does not do what it should."""
    for place in _changeable(calls[0]):
        changed = [_scaled(arguments, place, 2.0) for arguments in calls]
        pairs = list(zip(calls, changed, strict=True))
        should = _degree(
            [task.reference(*c) for c, _ in pairs], [task.reference(*d) for _, d in pairs]
        )
        ran = run(answer, changed)
        if should is None or ran.error is not None:
            continue
        does = _degree(results, ran.results)
        if does != should:
            name = task.arguments[place]
            came = f"yours is {DOUBLED[does]}" if does is not None else "yours is not"
            what = task.what.replace("The ", "the ", 1)
            return f"With twice the {name}, {what} should be {DOUBLED[should]}; {came}."
    return ""


def _degree(before, after):
    """The p for which `after` is 2ᵖ times `before` in each call, or None."""
    for power in DOUBLED:
        if all(_is_power(a, b, power) for b, a in zip(before, after, strict=True)):
            return power
    return None


def _is_power(after, before, power):
    after, before = numbers(after), numbers(before)
    if after is None or before is None or after.shape != before.shape:
        return False
    return agree(after, 2.0**power * before, SAME)
