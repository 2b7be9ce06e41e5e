"""The lecture's slides: what is on them, and nbconvert's own page of them."""

import re

import pytest
import slides
from nbconvert import SlidesExporter

import notebooks

LECTURES = [path for path in notebooks.find("") if slides.is_lecture(path)]
MOST_WORDS = 400  # on one slide, the first one with its table of symbols included
FEWEST, MOST = 25, 70  # slides of a lecture of 90 minutes


@pytest.fixture(scope="module", params=LECTURES, ids=lambda path: path.stem)
def lecture(request):
    return notebooks.read(request.param)


def stacks(lecture):
    """The cells of each slide."""
    found = []
    for cell in lecture.cells:
        kind = cell.metadata["slideshow"]["slide_type"]
        if kind in ("slide", "subslide"):
            found.append([cell])
        elif kind == "-":
            found[-1].append(cell)
    return found


def test_there_is_a_lecture():
    assert LECTURES


def test_a_lecture_is_no_endless_slide(lecture):
    found = stacks(lecture)
    assert FEWEST <= len(found) <= MOST
    for slide in found:
        texts = [cell.source for cell in slide if cell.cell_type == "markdown"]
        assert sum(len(text.split()) for text in texts) <= MOST_WORDS, texts[0][:60]
        assert sum(map(slides._has_picture, slide)) <= 1


def test_equations_and_figures_are_on_slides_and_exercises_are_not(lecture):
    shown = [cell for slide in stacks(lecture) for cell in slide]
    for cell in lecture.cells:
        if r"\tag{" in cell.source or (cell.cell_type == "code" and slides._has_picture(cell)):
            assert cell in shown, cell.source[:60]
    assert not any("check(" in cell.source for cell in shown if cell.cell_type == "code")


def test_nbconvert_makes_them(lecture):
    html, _ = SlidesExporter().from_notebook_node(lecture)
    assert html.count("<section") >= len(stacks(lecture))
    assert not re.search(r"check\(\s*<", html)
