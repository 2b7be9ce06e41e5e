"""Cells that are not run: nbconvert's HTML, the shipped notebooks, a site built by Sphinx."""

import base64
import copy
import importlib.util
import json
import subprocess
import sys
from html.parser import HTMLParser

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from test_scenes import SCENES

import notebooks
from lmteach.command import lessons
from lmteach.command.views import WIDGET_VIEW
from lmteach.widgets import Explorer

LESSONS = sorted(lessons.shipped_folder().glob("*.ipynb"))
LIVE = ("Explorer(", "explore_mu(", "play(")
# A site's conf.py. myst-nb 1.4 drops the alternative text of an output: the second half adds it.
PAGES = """\
extensions = ["myst_nb"]
nb_execution_mode = "off"
exclude_patterns = ["_build"]

from myst_nb.core.render import NbElementRenderer

render_image = NbElementRenderer.render_image

def with_words(self, data):
    nodes = render_image(self, data)
    if words := data.output_metadata.get(data.mime_type, {}).get("alt"):
        nodes[0]["alt"] = words
    return nodes

NbElementRenderer.render_image = with_words
"""


class Images(HTMLParser):
    """The source and the alternative text of each image of a page."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.found.append(dict(attributes))


@pytest.fixture(scope="module")
def explorers():
    """One explorer of every scene."""
    return [Explorer(kind()) for kind in SCENES]


@pytest.fixture(scope="module")
def saved(explorers):
    """A notebook of all explorers as JupyterLab saves it: with views that are dead later."""
    notebook = new_notebook(metadata=copy.deepcopy(notebooks.METADATA))
    for count, explorer in enumerate(explorers, 1):
        data, metadata = explorer._repr_mimebundle_()
        output = new_output("execute_result", data, metadata=metadata, execution_count=count)
        notebook.cells.append(
            new_code_cell("Explorer(scene)", execution_count=count, outputs=[output])
        )
    return notebook


def pictures(notebook):
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", []))
    return [output for output in outputs if "image/png" in output.get("data", {})]


def is_png(image):
    return base64.b64decode(image.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")


@pytest.mark.filterwarnings("ignore")  # of nbconvert's own making
@pytest.mark.parametrize("template", ["lab", "classic"])
def test_nbconvert_shows_the_picture_and_says_what_is_seen(explorers, saved, template):
    assert all(WIDGET_VIEW in output["data"] for output in pictures(saved))
    html, _ = HTMLExporter(template_name=template).from_notebook_node(saved)
    images = Images(html).found
    assert len(images) == len(explorers) and all(is_png(image["src"]) for image in images)
    assert "model_id" not in html
    if (
        template == "classic"
    ):  # the template "lab" of nbconvert 7.17 leaves the alternative text out
        assert [image["alt"] for image in images] == [repr(explorer) for explorer in explorers]


def test_a_cleaned_notebook_keeps_picture_sentence_and_nothing_else(explorers, saved):
    outputs = pictures(notebooks.cleaned(saved))
    assert [output["data"]["text/plain"] for output in outputs] == [
        repr(explorer) for explorer in explorers
    ]
    assert all(
        set(output["data"]) == {"image/png", "text/plain"} and is_png(output["data"]["image/png"])
        for output in outputs
    )


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_an_unrun_lesson(path):
    lesson = json.loads(path.read_text(encoding="utf-8"))
    outputs = [output for cell in lesson["cells"] for output in cell.get("outputs", [])]
    assert (
        not any(WIDGET_VIEW in output.get("data", {}) for output in outputs)
        and "widgets" not in lesson["metadata"]
    )
    for output in pictures(lesson):
        said = "".join(output["data"]["text/plain"])
        assert said == output["metadata"]["image/png"]["alt"] and len(said) > 20
        assert is_png("".join(output["data"]["image/png"]))


@pytest.mark.parametrize(
    "path",
    [path for path in LESSONS if path.stem[:2] not in ("00", "B_", "C_", "D_", "E_")],
    ids=lambda path: path.stem,
)
def test_every_lesson_has_something_to_drag(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    live = [
        cell
        for cell in cells
        if cell["cell_type"] == "code" and any(word in "".join(cell["source"]) for word in LIVE)
    ]
    assert any(pictures({"cells": [cell]}) for cell in live)


@pytest.mark.full
def test_sphinx_shows_the_picture_and_says_what_is_seen(explorers, saved, tmp_path):
    """A site of our explorers and the lessons, built without running anything."""
    if importlib.util.find_spec("myst_nb") is None:
        pytest.skip(
            "A site is only tested where Sphinx and myst-nb are installed: "
            "python -m pip install myst-nb"
        )
    site = build_site(tmp_path, notebooks.cleaned(saved))
    assert seen(site / "explorers.html") == [repr(explorer) for explorer in explorers]
    for path in LESSONS:
        lesson = json.loads(path.read_text(encoding="utf-8"))
        said = ["".join(output["data"]["text/plain"]) for output in pictures(lesson)]
        assert [alt for alt in seen(site / f"{path.stem}.html") if alt in said] == said


def build_site(folder, explorers):
    """Build a site of the explorers' notebook and the lessons; return its folder."""
    names = ["explorers", *(path.stem for path in LESSONS)]
    contents = "# Site\n\n```{toctree}\n" + "\n".join(names) + "\n```\n"
    (folder / "conf.py").write_text(PAGES, encoding="utf-8")
    (folder / "index.md").write_text(contents, encoding="utf-8")
    nbformat.write(explorers, folder / "explorers.ipynb")
    for path in LESSONS:
        (folder / path.name).write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", folder, folder / "_build"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return folder / "_build"


def seen(page):
    """Return the alternative texts of the images of a page that are really there."""
    images = Images(page.read_text(encoding="utf-8")).found
    return [image.get("alt") for image in images if (page.parent / image["src"]).is_file()]
