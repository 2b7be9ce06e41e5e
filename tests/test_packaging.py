"""Wheel, sdist and editable install bring the command and the lessons along."""

import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.version import Version

from lmteach import __version__
from lmteach.command import lessons

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENTS = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
LEFT_OUT = (
    ".*cache*",
    "__pycache__",
    ".git",
    "*venv",
    ".hypothesis",
    ".ipynb_checkpoints",
    "*-lessons",
)
ASK = (
    "import json; import lmteach.command.lessons as s; "
    "print(json.dumps([str(s.shipped_folder()), list(s.shipped())]))"
)


# What is declared


def test_dependencies_have_lower_bounds_and_no_upper_ones():
    for requirement in REQUIREMENTS:
        name, bound, version = requirement.partition(">=")
        assert bound and version.replace(".", "").isdigit(), requirement


def pinned(file):
    """The versions that a file of .ci pins, by the names of the packages in lower case."""
    lines = (ROOT / ".ci" / file).read_text(encoding="utf-8").splitlines()
    assert all("==" in line for line in lines), f"{file}: every line pins one version"
    pairs = (line.partition("==")[::2] for line in lines)
    return {name.lower(): Version(version) for name, version in pairs}


def test_constraints_pin_every_dependency():
    tested = pinned("constraints.txt")
    assert {requirement.partition(">=")[0] for requirement in REQUIREMENTS} <= set(tested)
    assert "lmteach" not in tested


def test_the_lowest_versions_are_the_declared_ones():
    lowest = pinned("lowest.txt")
    declared = (requirement.partition(">=")[::2] for requirement in REQUIREMENTS)
    for name, version in declared:
        assert lowest[name] == Version(version), name


def test_the_tests_have_all_of_the_lab_and_the_package_has_none_of_it():
    lab = PROJECT["optional-dependencies"]["lab"]
    assert set(lab) <= set(PROJECT["optional-dependencies"]["test"])
    light = {requirement.partition(">=")[0] for requirement in PROJECT["dependencies"]}
    assert not {"jupyter", "jupyterlab", "notebook"} & light


def test_the_lessons_of_a_checkout_are_found():
    assert lessons.shipped_folder() == ROOT / "notebooks"


def test_the_installed_command_runs_in_another_folder(tmp_path):
    try:
        assert metadata.version("lmteach") == __version__
    except metadata.PackageNotFoundError:
        pytest.skip("lmteach is not installed in this Python: python -m pip install -e .")
    command = shutil.which("lmteach", path=sysconfig.get_path("scripts"))
    assert ask([command, "--version"], tmp_path) == f"lmteach {__version__}\n"


# What is built; each in a fresh place of its own


def ask(command, folder):
    """Return what a program prints when run in a folder; if it fails, the test does."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_python(place):
    """Make a virtual environment that borrows numpy and all else from this one, but not lmteach."""
    venv.create(place, with_pip=True)
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    answer = ask([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], place)
    # Last in the alphabet, so that the lmteach under test is found first.
    (Path(answer.strip()) / "zz_borrowed.pth").write_text(
        sysconfig.get_path("purelib"), encoding="utf-8"
    )
    return python


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout with a lesson, a picture and an editor's leftovers."""
    copy = tmp_path_factory.mktemp("packaging") / "check out"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in ("99_toy.ipynb", "pictures/toy.png", ".ipynb_checkpoints/99_toy-checkpoint.ipynb"):
        (copy / "notebooks" / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / "notebooks" / name).write_text('{"cells": []}', encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def built(checkout, tmp_path_factory):
    """The sdist, the wheel of the checkout, and the wheel of the sdist."""
    place = tmp_path_factory.mktemp("built")
    python = make_python(place / "venv")
    tools = subprocess.run(
        [python, "-m", "pip", "install", "hatchling"], capture_output=True, text=True
    )
    if tools.returncode:
        pytest.skip(
            "Building needs hatchling from the network: " + tools.stderr.strip().splitlines()[-1]
        )
    ask([python, "-m", "hatchling", "build", "-t", "sdist", "-d", place], checkout)
    [sdist] = place.glob("*.tar.gz")
    pip_wheel = [python, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w"]
    ask([*pip_wheel, place / "direct", checkout], place)
    ask([*pip_wheel, place / "from_sdist", sdist], place)
    [direct], [from_sdist] = (list((place / way).glob("*.whl")) for way in ("direct", "from_sdist"))
    return {"sdist": sdist, "wheel": direct, "wheel of the sdist": from_sdist, "editable": checkout}


@pytest.mark.full
@pytest.mark.parametrize("kind", ["sdist", "wheel", "editable"])
def test_installed_from(kind, built, checkout, tmp_path):
    python = make_python(tmp_path / "venv")
    editable = ["--editable"] if kind == "editable" else []
    ask([python, "-m", "pip", "install", "--no-deps", *editable, built[kind]], tmp_path)
    command = python.with_name("lmteach" + python.suffix)
    assert ask([command, "--version"], tmp_path) == f"lmteach {__version__}\n"
    folder, names = json.loads(ask([python, "-c", ASK], tmp_path))
    assert {"99_toy.ipynb", "pictures/toy.png"} <= set(names)
    assert not any("checkpoint" in name for name in names)
    assert Path(folder).is_relative_to(checkout if kind == "editable" else tmp_path)


@pytest.mark.full
def test_the_wheel_of_the_sdist_is_the_wheel(built):
    names = [
        set(zipfile.ZipFile(built[kind]).namelist()) for kind in ("wheel", "wheel of the sdist")
    ]
    assert {name for name in names[0] if ".ipynb_checkpoints" not in name} == names[1]


@pytest.mark.full
def test_the_wheel_says_that_its_types_can_be_read(built):
    assert "lmteach/py.typed" in zipfile.ZipFile(built["wheel"]).namelist()


@pytest.mark.full
def test_the_sdist_is_complete(built):
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {"pyproject.toml", "README.md", "LICENSE", ".ci/run", "tests/test_cli.py"}
    assert expected | {"docs/CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff"} < names
    assert not any("checkpoint" in name for name in names)
