"""A course for nbgrader: what it holds, and nbgrader's own round trip over every lesson (full)."""

import json
import os
import subprocess
import sys
import sysconfig
from importlib.util import find_spec

import pytest

from lmteach.command import answers, assignments, cli, grading, solved

QUICK_LESSON = "01_residuals"
LESSONS = sorted(path.stem for path in solved.chosen(()).values())
WITHOUT_NBGRADER = pytest.mark.skipif(
    find_spec("nbgrader") is None,
    reason='nbgrader is not installed here: python -m pip install ".[nbgrader]"',
)
WRONG = "{name} = 12345.678"
ENDLESS = "def {name}(*arguments):\n    while True:\n        pass"
# A learner who answers nothing and lets everything say that all is well.
OVERWRITTEN = """\
import lmteach.exercises
import lmteach.exercises.base
from lmteach.exercises.base import Verdict

check = lambda id, answer: Verdict(id, True, "right")
lmteach.exercises.check = lmteach.exercises.base.check = check
"""


def cells_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def with_metadata(path, kind):
    cells = [cell for cell in cells_of(path) if cell["metadata"].get("nbgrader", {}).get(kind)]
    return {cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"]) for cell in cells}


# What the course holds


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """All lessons as assignments."""
    place = tmp_path_factory.mktemp("course")
    assert assignments.write(place) == 0
    return place


@pytest.mark.parametrize("name", LESSONS)
def test_every_exercise_has_its_answer_and_its_locked_test(course, name):
    path = course / "source" / name / f"{name}.ipynb"
    ids = [asked.id.replace(".", "-") for asked in solved.questions(path)]
    solutions, tests = with_metadata(path, "solution"), with_metadata(path, "grade")
    assert ids and list(solutions) == [f"answer-{id}" for id in ids]
    assert list(tests) == list(with_metadata(path, "locked")) == [f"test-{id}" for id in ids]
    for source in solutions.values():
        assert source.count(answers.BEGIN) == source.count(answers.END) == 1


def test_only_the_lessons_that_are_named(tmp_path, capsys):
    assert cli.main(["nbgrader", str(tmp_path / "course"), "--only", "7", "--only", "a"]) == 0
    written = sorted(path.name for path in (tmp_path / "course" / "source").iterdir())
    assert written == ["07_damping", "A_derivation_on_one_page"]
    assert "2 lessons were written" in capsys.readouterr().out
    assert cli.main(["nbgrader", str(tmp_path / "course"), "--only", "B"]) == 1
    assert "There is no lesson 'B'" in capsys.readouterr().err


def test_a_configuration_that_a_teacher_has_changed_is_kept(tmp_path):
    config = tmp_path / "nbgrader_config.py"
    config.write_text("c = get_config()\n", encoding="utf-8")
    assert assignments.write(tmp_path, ["01"]) == 0
    assert config.read_text(encoding="utf-8") == "c = get_config()\n"


# What a cell asks, and our answer in its place


def test_a_stub_is_found_and_replaced_and_nothing_else():
    cell = 'import numpy as np\n\nmy_mu = None  # a number\n\ncheck("9.1", my_mu)'
    asked = answers.question(cell)
    assert (asked.id, asked.name) == ("9.1", "my_mu")
    namespace = {"check": lambda id, answer: None}
    exec(answers.answered(cell), namespace)
    assert namespace["my_mu"] == 60 * 3 * 0.1 / 2
    marked = answers.answered(cell, marked=True)
    assert "my_mu = None  # a number\n### BEGIN SOLUTION\n" in marked
    assert marked.endswith('### END SOLUTION\n\ncheck("9.1", my_mu)')


@pytest.mark.parametrize("cell", ["my_mu = None", "check()", 'check("no exercise", my_mu)'])
def test_a_cell_that_asks_nothing(cell):
    assert answers.question(cell) is None
    with pytest.raises(ValueError, match="has no exercise"):
        answers.answered(cell)


def test_an_answer_that_no_statement_makes():
    with pytest.raises(ValueError, match="my_mu is checked, but no statement"):
        answers.question('check("9.1", my_mu)')


# The points


def test_points_for_a_right_answer_only(capsys):
    grading.grade("9.1", 9.0)
    assert "9.1" in capsys.readouterr().out
    for answer in (8.0, None, "nine"):
        with pytest.raises(AssertionError, match=r"9\.1"):
            grading.grade("9.1", answer)


def test_a_check_that_was_overwritten_is_not_asked(monkeypatch):
    import lmteach.exercises

    before = dict(sys.modules)
    monkeypatch.setattr(lmteach.exercises, "check", lambda id, answer: answers.EXERCISES)
    monkeypatch.setattr(lmteach.exercises.base, "check", None)
    with pytest.raises(AssertionError):
        grading.grade("9.1", None)
    assert all(sys.modules[name] is before[name] for name in before if name.startswith("lmteach"))


# nbgrader itself


def nbgrader(course, *words):
    """Run nbgrader in the course, with the lmteach of these tests in its kernels."""
    # It starts alembic, which stands beside this Python.
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=course,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PATH": path},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr


def hand_in(course, lesson, learner, change):
    """Hand in the released copy of a lesson; `change` gives the new source of an answer's cell."""
    released = course / "release" / lesson / f"{lesson}.ipynb"
    notebook = json.loads(released.read_text(encoding="utf-8"))
    places = [
        cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")
    ]
    for number, cell in enumerate(places):
        cell["source"] = change(number, "".join(cell["source"]))
    place = course / "submitted" / learner / lesson / f"{lesson}.ipynb"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(notebook), encoding="utf-8")


def spoilt(text):
    """A change that answers all exercises but the first, which gets the text."""

    def change(number, source):
        if number:
            return answers.answered(source)
        asked = answers.question(source)
        return text.format(name=asked.name) + f'\ncheck("{asked.id}", {asked.name})'

    return change


def scores(course, lesson):
    """The points of every learner, and the most that can be had."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        handed_in = book.assignment_submissions(lesson)
        return {one.student.id: one.score for one in handed_in} | {
            "most": book.find_assignment(lesson).max_score
        }


@pytest.mark.full
@WITHOUT_NBGRADER
@pytest.mark.parametrize("lesson", LESSONS)
def test_round_trip(course, lesson):
    nbgrader(course, "generate_assignment", lesson)
    released = course / "release" / lesson / f"{lesson}.ipynb"
    assert "SOLUTION" not in released.read_text(encoding="utf-8")
    hand_in(course, lesson, "blank", lambda number, source: source)
    hand_in(course, lesson, "solved", lambda number, source: answers.answered(source))
    hand_in(course, lesson, "half", spoilt(WRONG))
    if lesson == QUICK_LESSON:
        hand_in(course, lesson, "overwritten", lambda number, source: OVERWRITTEN + source)
        hand_in(course, lesson, "endless", spoilt(ENDLESS))
    # A busy computer takes its time over a lesson; what never ends is waited for in one only.
    seconds = 60 if lesson == QUICK_LESSON else 1200
    nbgrader(course, "autograde", lesson, f"--ExecutePreprocessor.timeout={seconds}")
    most = len(solved.questions(course / "source" / lesson / f"{lesson}.ipynb"))
    expected = {"blank": 0, "solved": most, "half": most - 1, "most": most}
    if lesson == QUICK_LESSON:
        expected |= {"overwritten": 0, "endless": most - 1}
    assert scores(course, lesson) == expected
