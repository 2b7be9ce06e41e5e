"""The mutants of tests/mutants.py: what is changed, and a sample of them run."""

import ast
import subprocess
import sys

import mutants
import pytest

SAMPLE = "5/40"  # every fortieth mutant, from the fifth on


def changed(code):
    """All mutants of one line of code."""
    found = []
    count = sum(len(mutants.changes(node)) for node in ast.walk(ast.parse(code)))
    for wanted in range(count):
        tree = ast.parse(code)
        each = [change for node in ast.walk(tree) for change in mutants.changes(node)]
        each[wanted]()
        found.append(ast.unparse(tree))
    return set(found)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a < b >= c", {"a <= b >= c", "a < b > c"}),
        ("a and (b or c)", {"a or (b or c)", "a and (b and c)"}),
        ("a + b", {"a - b", "a"}),
        ("-a", {"a"}),
        ("x = 0.5", {"x = 50.0", "x = 0.005"}),
        ("x = 2", {"x = 1", "x = 3"}),
        ("np.maximum(a, b).all()", {"np.minimum(a, b).all()", "np.maximum(a, b).any()"}),
        ("a & ~b", {"a | ~b", "a & b"}),
        ("'a' + b", set()),
        ("x = 0", set()),
    ],
)
def test_each_kind_of_change_is_made(code, expected):
    assert changed(code) == expected


@pytest.mark.full
def test_there_are_more_than_200_and_the_equivalent_ones_are_among_them():
    found = mutants.chosen(mutants.MODULES)
    assert len(found) > 200 and all(mutant.before != mutant.after for mutant in found)
    stale = set(mutants.EQUIVALENT) - {mutant.code for mutant in found}
    assert not stale, "tell of code that is no more"


@pytest.mark.full
def test_of_a_sample_none_survives_that_is_not_equivalent():
    command = [sys.executable, mutants.__file__, "--part", SAMPLE]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
