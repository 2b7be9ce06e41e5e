"""The estimate of a lesson's minutes, and the lessons that keep their promise."""

import minutes
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

WITHIN = sorted(path.stem for path in minutes.FOLDER.glob("[01][0-9]_*.ipynb"))[1:]  # not 00


def test_what_stands_under_a_mark_is_the_further_part():
    cells = [
        new_markdown_cell("# One\n\n" + "word " * 178 + "last"),
        new_code_cell("Explorer(view)"),
        new_markdown_cell("## † Further\n\none two"),
        new_code_cell("1 + 1"),
        new_markdown_cell("### deeper"),
        new_code_cell("2"),
        new_markdown_cell("## Exercises\n\n### 1.1\n\n### 1.2 †"),
        new_code_cell('check("1.2", 1)'),
        new_markdown_cell("### 1.3"),
        new_code_cell('check("1.3", 1)'),
    ]
    core, further = minutes.parts(new_notebook(cells=cells))
    assert (core.words, core.code_cells, core.explorers, core.exercises) == (183, 2, 1, 1)
    assert (further.words, further.code_cells, further.exercises) == (5, 3, 1)
    assert core.minutes == pytest.approx(183 / 180 + 1 + 2 + 5)


@pytest.mark.parametrize("name", WITHIN)
def test_the_core_takes_no_longer_than_its_head_says(name):
    notebook = nbformat.read(minutes.FOLDER / f"{name}.ipynb", as_version=4)
    core, further = minutes.parts(notebook)
    assert core.minutes <= minutes.promised(notebook) == 40
    assert round(further.minutes) <= 40


def test_page_a_is_one_lecture():
    notebook = nbformat.read(minutes.FOLDER / "A_derivation_on_one_page.ipynb", as_version=4)
    assert minutes.parts(notebook)[0].minutes <= minutes.promised(notebook) == 90


def test_the_command_prints_a_row_for_each_lesson_that_is_named(capsys):
    assert minutes.main(["07", "09"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[1:]] == ["07_damping", "09_the_race"]


def test_no_core_takes_longer_than_its_head_says():
    assert minutes.main(["--over"]) == 0
