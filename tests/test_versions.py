"""What this command, the kernels and the lessons of a folder are told about each other."""

import json
import sys

import pytest

from lmteach import __version__
from lmteach.command import cli, doctor, lessons, versions


@pytest.fixture
def checkout(tmp_path):
    """A function that makes a folder in which Python finds an lmteach of its own."""

    def make(version, line=""):
        package = tmp_path / "kurs" / "lmteach"
        package.mkdir(parents=True, exist_ok=True)
        text = f'__version__ = "{version}"\n{line}'
        (package / "__init__.py").write_text(text, encoding="utf-8")
        return tmp_path / "kurs"

    return make


def said(folder):
    return versions.disagreements(sys.executable, folder)


def lessons_of(folder, version):
    """Make a folder say which lmteach has put its lessons there."""
    folder.mkdir()
    known = json.dumps({lessons.VERSION: version})
    (folder / lessons.MANIFEST).write_text(known, encoding="utf-8")
    return folder


def test_one_lmteach_for_all_is_not_worth_a_word(tmp_path):
    assert said(tmp_path / "a folder that is still to be made") == []
    assert said(lessons_of(tmp_path / "kurs", __version__)) == []


def test_kernels_that_find_another_version(checkout):
    [sentence] = said(checkout("0.0.1"))
    assert f"This command is lmteach {__version__} in " in sentence
    assert "but the kernels use lmteach 0.0.1 in " in sentence
    assert versions.install("").rstrip() in sentence


def test_kernels_that_find_the_same_version_with_other_files(checkout):
    [sentence] = said(checkout(__version__))
    assert "of their files differ" in sentence and "pip install" in sentence


class Installed:
    """What is recorded of an lmteach that was installed from a file or folder."""

    def __init__(self, package, url):
        self.package, self.url = package, url

    def locate_file(self, name):
        return self.package

    def read_text(self, name):
        return json.dumps({"url": self.url})


def test_the_kernels_get_lmteach_from_where_it_came(tmp_path, monkeypatch):
    wheel = tmp_path / "a wheel.whl"
    here = versions.Package("1.0", tmp_path / "lmteach")
    monkeypatch.setattr(
        versions, "distribution", lambda name: Installed(here.place, wheel.as_uri())
    )
    assert versions._install(here, "python") == "python -m pip install lmteach==1.0"
    wheel.touch()
    assert versions._install(here, "python") == f'python -m pip install "{wheel}"'
    other = versions.Package("1.0", tmp_path / "another" / "lmteach")
    assert versions._install(other, "python") == "python -m pip install lmteach==1.0"


def test_without_pip_uv_installs(monkeypatch):
    monkeypatch.setattr(versions.importlib.util, "find_spec", lambda name: None)
    assert versions.install("NAME") == f"uv pip install --python {sys.executable} NAME"
    assert versions.install("NAME", "python") == "python -m pip install NAME"


def test_kernels_that_find_none(tmp_path, monkeypatch):
    monkeypatch.setattr(versions, "FIND", "print(None)")
    [sentence] = said(tmp_path)
    assert sentence.startswith("The kernels do not find lmteach. Install it: ")


@pytest.mark.parametrize("program", ["no such program", sys.executable])
def test_a_python_that_does_not_answer(tmp_path, monkeypatch, program):
    monkeypatch.setattr(versions, "FIND", "raise SystemExit(3)")
    [sentence] = versions.disagreements(program, tmp_path)
    assert program in sentence and "cannot be asked" in sentence


def test_lessons_that_are_newer_than_this_lmteach(tmp_path):
    [sentence] = said(lessons_of(tmp_path / "kurs", "999.10.0"))
    assert "are of lmteach 999.10.0" in sentence and "--upgrade lmteach" in sentence


def test_newer_lessons_are_not_replaced_by_older_ones(tmp_path, capsys):
    folder = lessons_of(tmp_path / "kurs", "999.10.0")
    before = sorted(folder.iterdir())
    assert cli.main(["lessons", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "this is the older" in said and "are left as they are." in said
    assert sorted(folder.iterdir()) == before and lessons.put_by(folder) == "999.10.0"
    assert cli.main(["lessons", str(folder), "--reset", "07"]) == 1
    assert "nothing is reset" in capsys.readouterr().err and sorted(folder.iterdir()) == before


def test_older_lessons_are_updated_without_a_word(tmp_path):
    assert said(lessons_of(tmp_path / "kurs", "0.0.9")) == []


@pytest.mark.parametrize(
    ("version", "other", "older"),
    [("0.9.0", "0.10.0", True), ("0.10.0", "0.9.0", False), ("1.0", "1.0", False)],
)
def test_versions_are_compared_number_by_number(version, other, older):
    assert versions.is_older(version, other) is older


def test_lab_and_lessons_say_what_does_not_fit(checkout, capsys):
    folder = checkout("0.0.1")
    assert cli.main(["lessons", str(folder)]) == 0
    assert "but the kernels use lmteach 0.0.1" in capsys.readouterr().out
    assert lessons.put_by(folder) == __version__


def test_doctor_finds_it_too(checkout, capsys):
    assert not doctor._passes(doctor.check_versions, checkout("0.0.1"))
    out = capsys.readouterr().out
    assert "FAILED  This command is lmteach" in out and "restart the kernels" in out
