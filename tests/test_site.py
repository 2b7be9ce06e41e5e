"""The site: built by one command, opened in a real browser, without a network (full)."""

import functools
import http.server
import subprocess
import sys
import threading
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest
from classroom import offline_page, require_browser

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
MISSING = [name for name in ("sphinx", "myst_nb", "furo") if find_spec(name) is None]
pytestmark = [
    pytest.mark.full,
    pytest.mark.e2e,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f'{", ".join(MISSING)} missing: python -m pip install -e ".[docs]"',
    ),
]
NO_AXE = "axe-core is missing: python -m pip install axe-playwright-python"
TYPESET = "() => window.MathJax?.startup?.promise?.then(() => true)"
FORMULAS = "() => document.querySelectorAll('mjx-container').length"
ERRORS = """() => [...document.querySelectorAll('[data-mjx-error]')]
    .map(node => node.getAttribute('data-mjx-error'))"""
BROKEN = """() => [...document.querySelectorAll('article img')]
    .filter(image => !image.complete || !image.naturalWidth).map(image => image.src)"""
# What scrolls and cannot be reached by keyboard.
OUT_OF_REACH = """() => [...document.querySelectorAll('article pre, .math-wrapper')]
    .filter(part => part.scrollWidth > part.clientWidth && part.tabIndex !== 0)
    .map(part => part.textContent)"""
UNLEVELLED = "() => document.querySelectorAll('[role=heading]:not([aria-level])').length"
FOUND = "() => [...document.querySelectorAll('#search-results li a')].map(link => link.href)"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("site") / "html"
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_site.py", folder],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "", "Sphinx has something to complain of"
    return folder


@pytest.fixture(scope="module")
def outside():
    """What the pages asked for outside this computer, in vain."""
    return []


@pytest.fixture(scope="module")
def page(site, browser, outside):
    """A page of a browser in which the site answers at /."""
    require_browser()
    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with offline_page(browser, outside) as page:
            page.address = f"http://localhost:{server.server_port}/"
            yield page
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *words):
        pass


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_formula_of_a_lesson_is_typeset(page, outside, lesson):
    page.goto(f"{page.address}notebooks/{lesson}.html")
    if "$$" in (ROOT / "notebooks" / f"{lesson}.ipynb").read_text(encoding="utf-8"):
        assert page.evaluate(TYPESET) is True
        assert page.evaluate(FORMULAS) > 0
    assert page.evaluate(ERRORS) == []
    assert outside == []


@pytest.mark.parametrize("name", ["index", "README", "notebooks/06_gauss_newton"])
def test_what_scrolls_and_what_is_a_heading_can_be_told_without_eyes_or_mouse(page, name):
    page.goto(f"{page.address}{name}.html")
    page.wait_for_function("document.querySelector('article pre, .math-wrapper, article img')")
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_timeout(500)
    assert page.evaluate(OUT_OF_REACH) == []
    assert page.evaluate(UNLEVELLED) == 0


PAGES = ("index", "README", "gallery", "glossary", "docs/TEACHING", "docs/HUB")


@pytest.mark.parametrize("name", [*PAGES, *(f"notebooks/{lesson}" for lesson in LESSONS)])
def test_axe_finds_nothing_serious(page, name):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=NO_AXE).Axe()
    page.goto(f"{page.address}{name}.html")
    if page.evaluate("() => !!window.MathJax"):
        page.evaluate(TYPESET)
    violations = axe.run(page, "article").response["violations"]
    assert [rule["id"] for rule in violations if rule["impact"] in ("serious", "critical")] == []


def test_the_search_finds_the_gain_ratio(page, outside):
    page.goto(f"{page.address}search.html?q=gain+ratio")
    page.locator("#search-results li a").first.wait_for()
    assert any("08_updates" in link for link in page.evaluate(FOUND))
    assert outside == []


def test_the_gallerys_pictures_are_there(page, outside):
    page.goto(f"{page.address}gallery.html")
    assert page.locator("article img").count() > 10
    assert page.evaluate(BROKEN) == []
    assert outside == []


class Images(HTMLParser):
    """The alternative texts of a page's images."""

    def __init__(self, text):
        super().__init__()
        self.words = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.words.append((dict(attributes).get("alt") or "").strip())


@pytest.mark.parametrize("name", ["index", "gallery", *(f"notebooks/{name}" for name in LESSONS)])
def test_every_picture_has_its_words(site, name):
    words = Images((site / f"{name}.html").read_text(encoding="utf-8")).words
    assert [said for said in words if len(said.split()) < 3] == []


PARTS = ("gallery", "glossary", "search", "docs/TEACHING", "docs/HUB", "reference/lmteach.solvers")


@pytest.mark.parametrize("name", PARTS)
def test_the_site_has_every_part(site, name):
    assert (site / f"{name}.html").is_file()


def test_the_reference_shows_docstrings_as_they_are(site):
    text = (site / "reference" / "lmteach.solvers.html").read_text(encoding="utf-8")
    assert "levenberg_marquardt" in text and "problematic" not in text


def test_page_b_is_a_table_and_no_raw_markdown(site):
    text = (site / "notebooks" / "B_every_equation.html").read_text(encoding="utf-8")
    assert "<table" in text and "| equation |" not in text
