"""The documents: their code runs, their links lead to files, and no lesson is left out."""

import contextlib
import importlib.util
import io
import json
import re
import shutil
import sys
import tomllib
import types
from pathlib import Path

import pytest

from lmteach import __version__

ROOT = Path(__file__).resolve().parents[1]
README, CONTRIBUTING = ROOT / "README.md", ROOT / "docs" / "CONTRIBUTING.md"
WITH_CODE = [README, *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS = [*WITH_CODE, ROOT / "CHANGELOG.md"]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
INSTALL = 'python -m pip install ".[lab]" && python -m lmteach lab'
TEST = 'python -m pip install -e ".[test]" && python -m pytest'
LONGEST_LINE, LONGEST_README, FIRST_CODE = 100, 180, 25  # tables may grow with the lessons

BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:```text\n(?P<prints>.*?)^```$)?", re.M | re.S
)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
LESSON_ROW = re.compile(r"^\| \[.*?\]\(notebooks/(?P<name>[^)]+)\) \|.*?\|(?P<times>.*)\|$", re.M)

name_of = {"ids": lambda value: value.name if isinstance(value, Path) else str(value)}


def text_of(path):
    return path.read_text(encoding="utf-8")


def section(text, heading):
    """What stands under a heading, up to the next one."""
    return re.split(r"^#+ ", text.split(f" {heading}\n")[1], maxsplit=1, flags=re.M)[0]


# Code


def run_blocks(text, name, namespace):
    """Run each Python block; what it prints begins with the text block that follows it, if any."""
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start("code"))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + block["code"], name, "exec"), namespace)
        assert printed.getvalue().startswith(block["prints"] or ""), printed.getvalue()


@pytest.fixture
def namespace(monkeypatch, tmp_path):
    """A module of a document's own, beside the lessons' tables; figures open no window."""
    import matplotlib.pyplot as plt

    module = types.ModuleType("a_document")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "notebooks" / "tables", tmp_path / "notebooks" / "tables")
    plt.switch_backend("Agg")
    yield vars(module)
    plt.close("all")


@pytest.mark.parametrize("path", WITH_CODE, **name_of)
def test_the_code_runs(path, namespace):
    assert BLOCK.search(text_of(path))
    run_blocks(text_of(path), str(path), namespace)


def test_a_document_that_prints_something_else_is_noticed(namespace):
    with pytest.raises(AssertionError):
        run_blocks("```python\nprint(1)\n```\n```text\n2\n```\n", "a document", namespace)


# Links, lines, commands


@pytest.mark.parametrize("path", DOCUMENTS, **name_of)
def test_links_lead_to_files_and_pictures_say_what_they_show(path):
    for link in LINK.finditer(text_of(path)):
        assert link["text"].strip(), link[0]
        target = link["target"].partition("#")[0]
        if target and "://" not in target:
            assert (path.parent / target).exists(), link[0]


@pytest.mark.parametrize("path", DOCUMENTS, **name_of)
def test_lines_are_short_where_they_can_be(path):
    lines = [line for line in text_of(path).splitlines() if not line.startswith(("|", "!["))]
    assert [line for line in lines if len(line) > LONGEST_LINE] == []


@pytest.mark.parametrize("path", WITH_CODE, **name_of)
def test_paths_that_are_named_exist(path):
    named = re.findall(r"`((?:tests|notebooks|docs|lmteach|\.ci)/[\w./]*)`", text_of(path))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_comes_to_the_point():
    lines = text_of(README).splitlines()
    assert lines.index("```python") < FIRST_CODE
    assert sum(not line.startswith("|") for line in lines) <= LONGEST_README
    assert {INSTALL, TEST} <= set(lines)
    assert TEST in text_of(CONTRIBUTING)


# Lessons and modules


def minutes(name):
    """The core and, if there is one, the further part, as the head of a lesson says them."""
    head = json.loads(text_of(ROOT / "notebooks" / name))["cells"][0]["source"]
    said = re.search(r"\*\*Minutes\.\*\*([^\n]*)", "".join(head))[1]
    times = [int(number) for number in re.findall(r"\d+", said)]
    return [f"{time} min" for time in times]


def test_every_lesson_has_its_row():
    assert sorted(row["name"] for row in LESSON_ROW.finditer(text_of(README))) == LESSONS


@pytest.mark.parametrize("name", LESSONS)
def test_the_readme_and_the_lesson_give_the_same_minutes(name):
    rows = {row["name"]: row["times"] for row in LESSON_ROW.finditer(text_of(README))}
    if name not in rows:
        pytest.fail(f"README.md has no row for {name}")
    assert re.findall(r"\d+ min", rows[name]) == minutes(name)


def test_the_way_through_the_package_names_every_module():
    rows = [
        line.split("|")[1]
        for line in section(text_of(README), "Find your way").splitlines()
        if line.startswith("| `")
    ]
    named = [name.strip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)]
    package = ROOT / "lmteach"
    modules = [path.stem for path in package.glob("*.py") if path.stem != "__init__"]
    folders = [path.parent.name for path in package.glob("*/__init__.py")]
    assert sorted(named) == sorted(modules + folders)


# For teachers


def module_of(name):
    """A program of docs, imported from its file."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_teaching_has_the_minutes_of_every_section():
    minutes = module_of("minutes")
    text = text_of(minutes.TEACHING)
    named = [re.findall(r"(\S.*?) \*\*\d+\*\*", row) for row in text.splitlines()]
    written = {re.sub(r"^· ", "", name) for row in named for name in row}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        (title, _), *rest = minutes.sections(path)
        missing = [name for name, _ in rest if name not in written]
        assert f"| {title} |" in text and not missing, f"{path.stem}: python docs/minutes.py"


def test_minutes_go_into_their_place_and_nowhere_else():
    minutes = module_of("minutes")
    text = f"before\n{minutes.BEGIN}stale\n{minutes.END}after\n"
    new = minutes.updated(text)
    assert new.startswith("before\n") and new.endswith("after\n") and "stale" not in new
    assert minutes.updated(new) == new


@pytest.mark.parametrize("name", LESSONS)
def test_teaching_answers_what_a_lesson_has_to_discuss(name):
    texts = json.loads(text_of(ROOT / "notebooks" / name))["cells"]
    asked = [cell for cell in texts if re.search(r"\bDiscuss\b|\(discuss", "".join(cell["source"]))]
    answers = section(text_of(ROOT / "docs" / "TEACHING.md"), 'Answers to every "Discuss"')
    lesson = name.partition("_")[0]
    assert not asked or re.search(rf"^\*\*{lesson}\.", answers, re.M), lesson


def test_pypi_gets_full_addresses():
    absolute = module_of("pypi_readme").absolute
    text = "![a](b.png) [c](d.md#e) [f](https://g) [h](#i)"
    shown = "![a](https://x/b.png) [c](https://y/d.md#e) [f](https://g) [h](#i)"
    assert absolute(text, "https://x/", "https://y") == shown
    readme = absolute(text_of(README), "https://x", "https://y")
    assert [link[0] for link in LINK.finditer(readme) if "://" not in link["target"]] == []


def test_on_pypi_lmteach_is_installed_by_its_name():
    pypi = module_of("pypi_readme")
    readme = text_of(README)
    assert [words for words in pypi.NAMED if words not in readme] == []
    shown = pypi.by_name(readme)
    assert 'pip install "lmteach[lab]" && python -m lmteach lab' in shown
    # What needs a checkout still says so: the tests.
    assert re.findall(r"pip install (?!-e)[^\n]*\.(?:\[|`)", shown) == []


# Versions


def test_the_version_is_the_same_everywhere():
    assert f"\nversion: {__version__}\n" in text_of(ROOT / "CITATION.cff")
    assert f"\n## [{__version__}]" in text_of(ROOT / "CHANGELOG.md")


def test_ci_starts_at_the_oldest_python_that_is_declared():
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert f'python: ["{oldest}", "3.x"]' in text_of(ROOT / ".github" / "workflows" / "tests.yml")
