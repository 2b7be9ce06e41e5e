"""The lessons as a learner meets them: `python -m lmteach lab` in a real browser, offline.

LMTEACH_CHROMIUM names a browser that is not on the PATH; LMTEACH_SHOT a folder that gets a picture
of every page.
"""

import json

import pytest
from classroom import LISTED, open_lab, require_browser, wait_until

from lmteach.command import lessons

require_browser()
pytestmark = pytest.mark.e2e

# The flagship with its slices stands for all; the first minute of 00 is tried with the hand. nbval
# runs every lesson by default, and this file does so with the slow tests.
BY_DEFAULT = ("07_",)
LESSONS = [
    pytest.param(path, marks=() if path.name.startswith(BY_DEFAULT) else pytest.mark.full)
    for path in sorted(lessons.shipped_folder().glob("*.ipynb"))
]
POP_UPS = ".Toastify__toast, .jp-Dialog"
OUTPUT = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.{}']"
COMPLAINTS = ", ".join(map(OUTPUT.format, ("error", "stderr")))
BROKEN = """() => {
    const images = [...document.querySelectorAll('.jp-Notebook img')];
    return images.filter(image => !image.naturalWidth).map(image => image.src);
}"""
NOTEBOOK = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON()"
# Of each code cell, how many pictures are seen: still ones, and live ones whose moving part and
# sentence are there.
PICTURES = """() => [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].map(cell => {
    const still = [...cell.querySelectorAll('.jp-RenderedImage img')];
    const live = [...cell.querySelectorAll('.lmteach-picture > img')].filter(image => {
        const box = image.closest('.lmteach-picture');
        const svg = box.querySelector('svg'), said = box.parentElement.querySelector('p');
        return svg?.childElementCount && said?.textContent.trim();
    });
    return [...still, ...live].filter(image => image.complete && image.naturalWidth).length;
})"""
ARE_SEEN = f"expected => JSON.stringify(({PICTURES})()) === JSON.stringify(expected)"
NO_WIDGET = "Error displaying widget"


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def pictures(cell):
    return [output for output in cell["outputs"] if "image/png" in output.get("data", {})]


def test_the_file_browser_shows_the_lessons(page, lab, refused):
    open_lab(page, lab)
    shown = page.locator(LISTED).all_text_contents()
    assert set(shown) == {name for name in lessons.shipped() if "/" not in name}
    assert refused == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_from_the_top(path, course, outside):
    shipped = code_cells(json.loads(path.read_text(encoding="utf-8")))
    with course.lesson(path.name) as page:
        assert page.locator(COMPLAINTS).all_text_contents() == []
        # From the model: JupyterLab draws a cell only when it comes near.
        counts = [cell["execution_count"] for cell in code_cells(page.evaluate(NOTEBOOK))]
        assert counts == list(range(1, len(shipped) + 1))
        expected = [len(pictures(cell)) for cell in shipped]
        wait_until(page, ARE_SEEN, expected)
        assert page.evaluate(PICTURES) == expected
        assert page.evaluate(BROKEN) == []
        assert page.get_by_text(NO_WIDGET).count() == 0
        outputs = [
            output for cell in code_cells(page.evaluate(NOTEBOOK)) for output in pictures(cell)
        ]
        # JupyterLab 4.6 does not hand the alt text to the browser, but it travels with the picture.
        assert all(output["metadata"].get("image/png", {}).get("alt") for output in outputs)
        assert page.locator(POP_UPS).all_text_contents() == []
    assert outside == []
