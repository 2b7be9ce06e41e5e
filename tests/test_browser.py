"""The lessons as a learner meets them: `python -m lmteach lab` in a real browser, offline, run from the top.

LMTEACH_CHROMIUM names a browser that is not on the PATH; LMTEACH_SHOT a folder that gets a picture of every page.
"""

import json

import pytest
from classroom import CHROMIUM, LISTED, PROMPTS, open_lab, open_lesson, run_from_the_top

from lmteach import lessons

pytest.importorskip("playwright.sync_api", reason="The browser tests need playwright: python -m pip install playwright")
if CHROMIUM is None:
    pytest.skip(
        "The browser tests need Chromium or Chrome: install it, or set LMTEACH_CHROMIUM to its program",
        allow_module_level=True,
    )
pytestmark = pytest.mark.e2e

LESSONS = sorted(lessons.shipped_folder().glob("*.ipynb"))
POP_UPS = ".Toastify__toast, .jp-Dialog"
PICTURES = ".jp-Notebook .jp-RenderedImage img"
OUTPUT = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.{}']"
COMPLAINTS = ", ".join(map(OUTPUT.format, ("error", "stderr")))
BROKEN = "() => [...document.querySelectorAll('.jp-Notebook img')].filter(i => !i.naturalWidth).map(i => i.src)"
NOTEBOOK = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON()"


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def pictures(notebook):
    outputs = [output for cell in code_cells(notebook) for output in cell["outputs"]]
    return [output for output in outputs if "image/png" in output.get("data", {})]


def descriptions(notebook):
    """The alt text that travels with each picture; JupyterLab 4.6 itself does not hand it to the browser."""
    return [output["metadata"].get("image/png", {}).get("alt") for output in pictures(notebook)]


def test_the_file_browser_shows_the_lessons(page, lab, refused):
    open_lab(page, lab)
    shown = page.locator(LISTED).all_text_contents()
    assert sorted(shown) == sorted({name.partition("/")[0] for name in lessons.shipped()})
    assert refused == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_from_the_top(path, page, lab, refused):
    shipped = json.loads(path.read_text(encoding="utf-8"))
    open_lesson(page, lab, path.name)
    run_from_the_top(page)
    assert page.locator(COMPLAINTS).all_text_contents() == []
    expected = [f"[{count}]:" for count in range(1, len(code_cells(shipped)) + 1)]
    assert page.locator(PROMPTS).all_text_contents() == expected
    assert refused == []
    assert page.locator(PICTURES).count() == len(pictures(shipped))
    assert page.evaluate(BROKEN) == []
    assert all(descriptions(page.evaluate(NOTEBOOK)))
    assert page.locator(POP_UPS).all_text_contents() == []
