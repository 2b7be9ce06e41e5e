"""The solved lessons: every check is right, and a second run gives the same outputs (full)."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lmteach.command import cli, lessons, solved

LESSONS = sorted(path.name for path in solved.chosen(()).values())
SANITIZE = Path(__file__).with_name("nbval_sanitize.cfg")


# Quick: what is asked for, and what is said


def test_the_lessons_that_ask_something_are_solved_and_no_others():
    asking = [path for path in lessons.shipped().values() if path.suffix == ".ipynb"]
    asking = [path.name for path in asking if r"check(\"" in path.read_text(encoding="utf-8")]
    assert LESSONS == sorted(asking) and "05_jacobian.ipynb" in LESSONS
    assert list(solved.chosen(["5", "a"])) == ["05_jacobian.ipynb", LESSONS[-1]]


def test_a_lesson_that_asks_nothing_is_no_lesson_to_solve(tmp_path, capsys):
    assert cli.main(["solutions", str(tmp_path), "--only", "B"]) == 1
    assert "There is no lesson 'B'" in capsys.readouterr().err


def test_without_nbclient_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(solved, "_is_there", lambda module: module != "nbclient")
    assert cli.main(["solutions", str(tmp_path)]) == 1
    assert "pip install" in (said := capsys.readouterr().err) and "nbclient" in said
    assert list(tmp_path.iterdir()) == []


def test_solutions_are_not_written_over_the_lessons(capsys):
    assert solved.write(lessons.shipped_folder(), ["05"]) == 1
    assert "is where the lessons come from" in capsys.readouterr().err


@pytest.fixture
def small_course(tmp_path, monkeypatch):
    """A function that ships a lesson of these cells."""
    place = tmp_path / "shipped"
    place.mkdir()
    monkeypatch.setattr(lessons, "shipped_folder", lambda: place)

    def ship(*sources):
        usual = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
        cells = [{**usual, "id": f"c{k}", "source": text} for k, text in enumerate(sources)]
        notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (place / "09_race.ipynb").write_text(json.dumps(notebook), encoding="utf-8")

    return ship


ASKED = 'from lmteach.exercises import check\n\nmy_mu = None\ncheck("9.1", my_mu)'


def test_a_lesson_is_solved_and_run(small_course, tmp_path, capsys):
    small_course("1 + 1", ASKED)
    assert solved.write(tmp_path / "solved") == 0
    said = capsys.readouterr().out
    assert "09_race.ipynb: 9.1 right" in said and "Every check is right." in said
    cells = json.loads((tmp_path / "solved" / "09_race.ipynb").read_text("utf-8"))["cells"]
    assert [cell["execution_count"] for cell in cells] == [1, 2]
    assert "9.1" in json.dumps(cells[1]["outputs"])


def test_a_wrong_solution_is_told(small_course, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(solved, "_run", lambda notebook, folder: {"9.1": False})
    small_course(ASKED)
    assert solved.write(tmp_path / "solved") == 1
    said = capsys.readouterr()
    assert "9.1 NOT RIGHT" in said.out and "Not every check is right in 09_race" in said.err


@pytest.mark.full
def test_the_kernel_is_asked_and_a_cell_that_fails_is_told(
    small_course, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(solved, "answered", lambda text: text.replace("None", "0.0"))
    small_course(ASKED)
    assert solved.write(tmp_path / "solved") == 1
    assert "9.1 NOT RIGHT" in capsys.readouterr().out
    small_course("1 / 0", ASKED)
    assert solved.write(tmp_path / "solved") == 1
    assert "ZeroDivisionError" in capsys.readouterr().out


# All of them


@pytest.fixture(scope="module")
def solutions(tmp_path_factory):
    """The folder of all solved lessons, by the one command."""
    folder = tmp_path_factory.mktemp("solutions")
    command = [sys.executable, "-m", "lmteach", "solutions", folder]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT RIGHT" not in done.stdout
    return folder


@pytest.mark.full
@pytest.mark.skipif(find_spec("nbval") is None, reason="nbval is not installed here")
@pytest.mark.parametrize("name", LESSONS)
def test_a_second_run_gives_the_same_outputs(solutions, name):
    options = ["--nbval", "--nbval-current-env", f"--nbval-sanitize-with={SANITIZE}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, *options, name],
        cwd=solutions,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout[-3000:]
