"""The points of one exercise, given in the cell that nbgrader adds to a lesson.

The cell runs this file anew with `runpy`, and this file imports the exercises anew: what a learner
has overwritten in the notebook or in lmteach is not asked. (It is no fence against a learner who
means to cheat: their code and this one run in one process.)
"""

import contextlib
import importlib
import sys


def grade(id, answer):
    """Check an answer; raise AssertionError with the verdict's words unless it is right."""
    with _lmteach_anew():
        verdict = importlib.import_module("lmteach.exercises").check(id, answer)
        said = str(verdict)
    if verdict.right is not True:
        raise AssertionError(said)
    print(said)


@contextlib.contextmanager
def _lmteach_anew():
    """Import lmteach from its files inside, and put the modules of before back in the end."""
    before = _take_out()
    try:
        yield
    finally:
        _take_out()
        sys.modules.update(before)


def _take_out():
    names = [name for name in sys.modules if name.partition(".")[0] == "lmteach"]
    return {name: sys.modules.pop(name) for name in names}
