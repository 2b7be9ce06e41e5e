"""References pass their checks and agree with the package; stubs, mistakes, nonsense are named."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lmteach.exercises import EXERCISES, check, hint, solution
from lmteach.exercises.base import (
    KINDS,
    N_TRIALS,
    Exercise,
    _agree,
    _check_function,
    _copies,
    _unlike,
)

NOT_NEEDED = ("sympy", "matplotlib", "lmteach.proofs", "lmteach.figures")
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
IDS = sorted(EXERCISES)
NAN = float("nan")
NONSENSE = ("a word", [1, 2, "x"], 1e300, NAN, np.zeros((7, 3, 2)), {"a": 1}, lambda: 1, object())
FUNCTIONS = [id for id in IDS if EXERCISES[id].kind == "function"]


def answer_of(task):
    return task.reference if task.kind == "function" else task.reference()


@pytest.mark.parametrize("id", IDS)
def test_our_answer_is_right(id):
    task = EXERCISES[id]
    assert task.kind in KINDS and task.task
    verdict = check(id, answer_of(task))
    assert verdict.right is True, verdict
    assert repr(verdict).startswith(f"{id}: ")


@pytest.mark.parametrize("id", IDS)
def test_a_stub_is_not_attempted(id):
    for stub in (None, ...):
        assert check(id, stub).right is None
    if id in FUNCTIONS:
        assert repr(check(id, lambda *arguments: None)) == f"{id}: not attempted yet"


@pytest.mark.parametrize("id", IDS)
def test_our_answer_agrees_with_the_package(id):
    task = EXERCISES[id]
    if task.package is None:
        return
    rng = np.random.default_rng(7)
    for _ in range(N_TRIALS if task.kind == "function" else 1):
        arguments = task.inputs(rng) if task.kind == "function" else ()
        assert _agree(
            task.package(*_copies(arguments)), task.reference(*_copies(arguments)), task.tolerance
        )


@pytest.mark.parametrize(
    ("id", "wrong", "sentence"),
    [(id, wrong, sentence) for id in IDS for wrong, sentence in EXERCISES[id].slips],
)
def test_a_slip_is_recognised(id, wrong, sentence):
    task = EXERCISES[id]
    answer = wrong() if callable(wrong) and task.kind == "value" else wrong
    verdict = check(id, answer)
    assert (verdict.right, verdict.text) == (False, sentence)


@pytest.mark.parametrize("id", IDS)
def test_nonsense_is_no_exception(id):
    for nonsense in NONSENSE:
        verdict = check(id, nonsense)
        assert verdict.right is False and len(verdict.text) > 5, (nonsense, verdict)


@pytest.mark.parametrize("id", FUNCTIONS)
def test_a_function_that_raises_or_is_off_is_told_so(id):
    def raising(*arguments):
        raise ZeroDivisionError("by hand")

    assert "raised ZeroDivisionError: by hand" in check(id, raising).text
    reference = EXERCISES[id].reference

    def off(*arguments):
        result = reference(*arguments)
        if isinstance(result, tuple):
            return tuple(np.asarray(x) + 1e3 for x in result)
        return np.asarray(result) + 1e3

    verdict = check(id, off)
    assert verdict.right is False and "hint(" in verdict.text


@pytest.mark.parametrize("id", IDS)
def test_hints_and_solution(id):
    assert len(EXERCISES[id].hints) == 3
    for number in (1, 2, 3):
        assert repr(hint(id, number)).startswith(f"Hint {number} of 3: ")
    assert solution(id).startswith("def ")
    with pytest.raises(ValueError, match=r"number = 4: expected 1 to 3"):
        hint(id, 4)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((np.ones((2, 2)), np.ones((3, 1))), "value 2 of 2: the shape is (3, 1), expected (3,)."),
        ((np.ones(4), np.ones((3, 1))), "value 1 of 2: the shape is (4,), expected (2, 2)."),
        ((np.ones((2, 2)), [1, 1, 1.5]), "value 2 of 2: off by 0.5 of the largest entry."),
        ([np.ones((2, 2)), [1, 1, 1.5]], "value 2 of 2: off by 0.5 of the largest entry."),
        ((np.ones((2, 2)), [1, 1, np.nan]), "value 2 of 2: there is a nan or inf in it."),
        ((np.ones((2, 2)), None), "value 2 of 2: this is a NoneType, expected numbers."),
        ((np.ones((2, 2)),), "expected 2 values."),
        (np.ones((2, 2)), "expected 2 values."),
    ],
)
def test_the_first_of_several_values_that_differs_is_named(answer, said):
    assert _unlike(answer, (np.ones((2, 2)), np.ones(3)), 1e-6) == f"Not yet: {said}"


def test_a_word_among_several_values_is_not_given_away():
    assert _unlike(([1.0], "up"), ([1.0], "down"), 1e-6) == "Not yet: value 2 of 2."


def test_what_differs_is_said_of_an_input_where_it_does():
    task = Exercise(
        id="0.0",
        kind="function",
        task="",
        reference=lambda x: (x, abs(x)),
        hints=(),
        inputs=lambda rng: [rng.uniform(-1, 1, size=2)],
    )
    right, said = _check_function(task, lambda x: (x, x))
    assert right is False and said.startswith("Not yet: value 2 of 2: off by ")


def test_a_function_that_writes_into_its_arguments_spoils_nothing():
    arguments = [np.zeros(2), (np.zeros(2), [np.zeros(2), "word"]), 3.0]
    plain, (inner, (deeper, word)), number = _copies(arguments)
    for array in (plain, inner, deeper):
        array += 1
    assert (word, number) == ("word", 3.0) and type(_copies(arguments)[1]) is tuple
    assert not arguments[0].any() and not arguments[1][0].any() and not arguments[1][1][0].any()


def test_an_exercise_is_checked_without_sympy_proofs_or_figures():
    code = f"""
import sys
from lmteach.exercises import check
assert check("1.3", 0.1).right
print(*[name for name in {NOT_NEEDED} if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_an_unknown_exercise():
    with pytest.raises(ValueError, match=r"id = '99\.1'"):
        check("99.1", 1)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_lesson_asks_for_its_exercises_and_no_others(path):
    lesson = path.stem.split("_")[0]
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code, text = (
        "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == kind)
        for kind in ("code", "markdown")
    )
    asked = re.findall(r'\bcheck\("([^"]+)"', code)
    mine = [id for id in IDS if id.split(".")[0].zfill(len(lesson)) == lesson]
    assert sorted(asked) == sorted(mine)
    for id in mine:
        assert f"Exercise {id}" in text
