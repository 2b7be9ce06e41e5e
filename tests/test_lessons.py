"""Full disks, kills and damaged files: every lesson is the old or the new one, and whole."""

import errno
import io
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyterlab.labapp import LabApp

import lmteach.command
from lmteach.command import cli, files, lessons, views
from lmteach.command.views import WIDGET_VIEW

NAMES = ("01_residuals.ipynb", "07_damping.ipynb", "pictures/bowl.png")
VIEW = {WIDGET_VIEW: {"model_id": "a1"}, "image/png": "iVBORw0="}
DEEP = "[" * 100_000 + "]" * 100_000


def notebook(source, **changes):
    """A notebook of one cell that shows a widget, with some of its parts changed."""
    output = {"output_type": "display_data", "metadata": {}, "data": VIEW}
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [output]}
    cell |= {"source": [source]} | changes.pop("cell", {})
    whole = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole | changes)


def course(place, version):
    """Write the shipped files of one version; some kilobytes, so that a disk may end in them."""
    (place / "pictures").mkdir(parents=True, exist_ok=True)
    for name in NAMES[:2]:
        lesson = json.loads(notebook(f"version = {version}"))
        lesson["cells"][0]["outputs"] = []
        lesson["metadata"] = {"filling": str(version) * 3000}
        (place / name).write_text(json.dumps(lesson), encoding="utf-8")
    (place / NAMES[2]).write_bytes(b"\x89PNG" + bytes([version]) * 3000)
    return place


def contents(folder):
    """The bytes of every file by name, without drafts."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if not path.name.startswith(files.DRAFT)
    }


@pytest.fixture
def versions(tmp_path):
    return [course(tmp_path / f"shipped {k}", k) for k in (1, 2)]


@pytest.fixture
def ship(versions, monkeypatch):
    """A function that chooses the version that is shipped."""

    def choose(version):
        monkeypatch.setattr(lessons, "shipped_folder", lambda: versions[version - 1])

    choose(1)
    return choose


@pytest.fixture
def folder(ship, tmp_path):
    """A folder with version 1, of which the learner has worked in lesson 01."""
    place = tmp_path / "course"
    lessons.install(place)
    (place / NAMES[0]).write_text(notebook("mine"), encoding="utf-8")
    ship(2)
    return place


@pytest.fixture
def lab(folder, monkeypatch, capsys):
    """A function that runs `lmteach lab` without JupyterLab: (exit code, what it said)."""
    started = []
    monkeypatch.setenv("JUPYTER_PATH", "")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    monkeypatch.setattr(LabApp, "launch_instance", started.append)
    monkeypatch.setattr("lmteach.command.lab.disagreements", lambda program, folder: [])

    def run(*options):
        started.clear()
        code = cli.main(["lab", str(folder), *options])
        said = capsys.readouterr()
        assert bool(started) == (code == 0)
        return code, said.out + said.err

    return run


# A full disk


class Disk:
    """Stands for `open`: after so many bytes there is no room, and what fitted is written."""

    def __init__(self, room):
        self.room = room

    def __call__(self, path, mode):
        disk = self

        class File(io.FileIO):
            def write(self, data):
                fits = data[: disk.room]
                disk.room -= super().write(fits)
                if len(fits) < len(data):
                    raise OSError(errno.ENOSPC, "No space left on device", str(path))

        return File(path, mode.replace("b", ""))


def without_views(content):
    """A notebook's bytes after its dead views were taken out."""
    lesson = json.loads(content)
    views.drop_views(lesson)
    return files.notebook_bytes(lesson)


def whole(folder, before, versions):
    """Assert that every file is what it was, or one of the versions, and that nothing is lost."""
    shipped = [contents(version) for version in versions]
    now, mine = contents(folder), before | {NAMES[0]: without_views(before[NAMES[0]])}
    for name in NAMES:
        allowed = (before[name], mine[name], *(version[name] for version in shipped))
        assert now[name] in allowed, name
    assert {before[NAMES[0]], mine[NAMES[0]]} & set(now.values()), "the learner's own work"
    for name, content in now.items():
        assert content, f"{name} is empty"
        if name.endswith((".ipynb", ".json")):
            json.loads(content)


@pytest.mark.parametrize("options", [[], ["--reset", "1"]], ids=["update", "reset"])
def test_a_disk_that_is_full_after_any_number_of_bytes(folder, lab, versions, monkeypatch, options):
    before = contents(folder)
    for room in [*range(0, 14_000, 331), 10**6]:
        monkeypatch.setattr(files, "open", Disk(room), raising=False)
        code, said = lab(*options)
        monkeypatch.delattr(files, "open")
        whole(folder, before, versions)
        assert not list(folder.rglob(f"{files.DRAFT}*"))
        if code:
            assert said == (
                f"The disk of {folder} is full. Every file there is whole; make room, and start "
                "again.\n"
            )
        for name, content in before.items():
            (folder / name).write_bytes(content)
    assert code == 0 and "Your lessons are in" in said


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk, which only Linux lets it")
def test_a_real_disk_of_32_kilobytes(lab, folder, versions, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    options = ["-t", "tmpfs", "-o", "size=32k", "none", str(place)]
    if subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip(
            "this user may not mount a small disk: run as root, in a container for instance"
        )
    try:
        with pytest.raises(lessons.LessonError, match="The disk of .*small.* is full"):
            for version in range(9):
                (place / str(version)).mkdir()
                lessons.install(place / str(version))
        shipped = contents(versions[1])
        for name, content in contents(place).items():
            short = name.partition("/")[2]
            assert short == lessons.MANIFEST or content == shipped[short]
        assert not list(place.rglob(f"{files.DRAFT}*"))
    finally:
        subprocess.run(["umount", str(place)], check=True)


# A kill

INSTALL_FOR_EVER = """
import itertools, sys
from pathlib import Path
sys.path.insert(0, {package!r})
import command.lessons as lessons
print("ready", flush=True)
for k in itertools.count():
    lessons.shipped_folder = lambda: Path(sys.argv[2 + k % 2])
    lessons.install(Path(sys.argv[1]), ["1"] if k % 5 == 4 else [])
    lessons.strip_dead_views(Path(sys.argv[1]))
"""


def killed_after(seconds, folder, versions):
    """Install version after version in another process, and kill it after a while."""
    package = str(Path(lmteach.command.__file__).parents[1])  # its floor needs no NumPy: 30 ms
    code = INSTALL_FOR_EVER.format(package=package)
    command = [sys.executable, "-S", "-c", code, str(folder), *map(str, versions)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout.read(5) == b"ready"
    time.sleep(seconds)
    process.kill()
    process.wait()
    process.stdout.close()


def test_killed_at_fifty_random_moments(folder, versions, ship):
    before, moments = contents(folder), random.Random(7)
    for kill in range(50):
        killed_after(moments.uniform(0, 0.02), folder, versions)
        whole(folder, before, versions)
        for draft in folder.rglob(f"{files.DRAFT}*"):  # as if the next day
            os.utime(draft, (0, 0))
        ship(1 + kill % 2)
        lessons.install(folder)
        whole(folder, before, versions)
        assert not list(folder.rglob(f"{files.DRAFT}*"))
        for name in NAMES[1:]:
            assert (folder / name).read_bytes() == (versions[kill % 2] / name).read_bytes()
        for path in folder.glob("*.bak-*"):
            path.unlink()
        (folder / NAMES[0]).write_bytes(before[NAMES[0]])


class Killed(BaseException):
    pass


@pytest.mark.parametrize("reset", [(), ("1",), ("7",)])
def test_ended_before_every_call_that_changes_the_disk(folder, versions, monkeypatch, reset):
    before, calls = contents(folder), {"left": 0}

    def counted(act):
        def call(*arguments, **options):
            calls["left"] -= 1
            if calls["left"] < 0:
                raise Killed
            return act(*arguments, **options)

        return call

    for name in ("replace", "fsync", "utime"):
        monkeypatch.setattr(files.os, name, counted(getattr(os, name)))
    for n in range(40):
        calls["left"] = n
        try:
            lessons.install(folder, reset)
        except Killed:
            whole(folder, before, versions)
        else:
            break
        for name, content in before.items():
            (folder / name).write_bytes(content)
    assert 3 < n < 39


# Damaged notebooks, and what else a learner may have there


def written(content):
    def make(path):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def a_folder(path):
    path.mkdir()
    (path / "notes.txt").write_text("mine", encoding="utf-8")


def a_link(path):
    (path.parent / "my own.ipynb").write_text(notebook("mine"), encoding="utf-8")
    path.symlink_to(path.parent / "my own.ipynb")


def a_link_to_nowhere(path):
    path.symlink_to(path.parent / "nowhere.ipynb")


def read_only(path):
    path.write_text(notebook("version = 1"), encoding="utf-8")
    path.chmod(0o444)


def huge(path):
    with path.open("wb") as file:  # a hole, which takes no room
        file.seek(files.LARGEST)
        file.write(b"}")


def nested(source):
    return notebook(source)[:-1] + f', "more": {DEEP}}}'


KEPT = "is kept as you have it; the newer version is beside it as 07_damping.new.ipynb."
ODD = {
    "empty": (written(""), "(it is empty)"),
    "binary": (written(bytes(range(256)) * 9), "(it is not JSON)"),
    "half": (written(notebook("1")[:150]), "(it is not JSON)"),
    "text": (written("my notes"), "(it is not JSON)"),
    "Latin-1": (written(notebook("1").replace("mine", "\xe9").encode() + b"\xe9"), "(it is not JS"),
    "deep": (written(nested("1")), "(it is nested too deeply)"),
    "only brackets": (written(DEEP), "(it is nested too deeply)"),
    "huge": (huge, "(it is larger than 64 MB)"),
    "a list": (written("[]"), "(it has no cells)"),
    "null": (written("null"), "(it has no cells)"),
    "no cells": (written('{"metadata": {}, "nbformat": 4}'), "(it has no cells)"),
    "cells null": (written(notebook("1", cells=None)), "(it has no cells)"),
    "a cell null": (written(notebook("1", cells=[None])), "(its cell 1 is incomplete)"),
    "nbformat 3": (written(notebook("1", nbformat=3)), "(its nbformat is 3, not 4)"),
    "nbformat 'x'": (written(notebook("1", nbformat="x")), "(its nbformat is 'x', not 4)"),
    "metadata null": (written(notebook("1", metadata=None)), "(its metadata is no table)"),
    "cell's null": (written(notebook("1", cell={"metadata": None})), "(its cell 1 is incomplete)"),
    "outputs null": (written(notebook("1", cell={"outputs": None})), "(its cell 1 is incomplete)"),
    "an output 3": (written(notebook("1", cell={"outputs": [3]})), "(its cell 1 is incomplete)"),
    "source null": (written(notebook("1", cell={"source": None})), "(its cell 1 is incomplete)"),
    "a folder": (a_folder, "was left out: there is a folder of that name."),
    "a link": (a_link, KEPT),
    "a link to nowhere": (a_link_to_nowhere, "is a link that leads nowhere."),
    "read-only": (read_only, KEPT),
}


def state(path):
    """All that may not change about what a learner has there."""
    if path.is_symlink():
        return os.readlink(path)
    if path.is_dir():
        return sorted(inside.name for inside in path.iterdir())
    return path.stat().st_size, path.stat().st_mode, path.stat().st_mtime_ns


@pytest.mark.parametrize("kind", ODD)
def test_what_is_odd_is_left_as_it_is_and_lab_goes_on(folder, lab, kind):
    make, words = ODD[kind]
    path = folder / "07_damping.ipynb"
    path.unlink()
    try:
        make(path)
    except OSError as error:
        pytest.skip(f"this computer cannot make {kind}: {error}; Windows needs developer mode")
    before, small = state(path), kind != "huge" and path.is_file()
    content = path.read_bytes() if small else None
    for again in range(2):
        code, said = lab()
        assert code == 0 and state(path) == before
        assert not small or path.read_bytes() == content
        sentences = [line for line in said.splitlines() if line.startswith("07_damping.ipynb")]
        assert len(sentences) == (0 if words == KEPT and again else 1)
        assert all(words in sentence for sentence in sentences)
        assert all("changed by you" not in sentence for sentence in sentences)
    new = files.sources_hash(lessons.shipped()[NAMES[2]])
    assert files.sources_hash(folder / NAMES[2]) == new, "the others are updated"


@pytest.mark.parametrize("kind", ODD)
def test_a_fresh_copy_of_what_is_odd(folder, lab, kind):
    path, (make, _) = folder / "07_damping.ipynb", ODD[kind]
    path.unlink()
    try:
        make(path)
    except OSError as error:
        pytest.skip(f"this computer cannot make {kind}: {error}; Windows needs developer mode")
    size = path.stat().st_size if path.is_file() else None
    before = size is not None and files.sources_hash(path)
    code, said = lab("--reset", "7")
    assert code == 0
    if size is None:
        assert "07_damping.ipynb was left out: " in said
    else:
        [backup] = folder.glob("07_damping.bak-*.ipynb")
        assert kind in ("a link", "read-only") or backup.stat().st_size == size
        assert files.sources_hash(backup) == before
        assert path.read_bytes() == lessons.shipped()["07_damping.ipynb"].read_bytes()
        assert path.stat().st_mode & 0o200


OWN = ["07_damping-Copy1.ipynb", "07_damping mine.ipynb", "07_damping.newer.ipynb", "7.ipynb"]
OWN += ["07_damping.bak-mine.ipynb", "07_damping.ipynb.draft", "pictures/07_damping.ipynb"]


@pytest.mark.parametrize("name", OWN)
def test_a_learners_own_notebook_beside_the_lessons(folder, lab, name):
    path = folder / name
    path.write_text(notebook("mine"), encoding="utf-8")
    before = state(path), path.read_bytes()
    assert lab()[0] == lab("--reset", "07")[0] == 0
    assert (state(path), path.read_bytes()) == before


def test_a_learners_own_notebook_with_a_lessons_name(folder, lab):
    (folder / lessons.MANIFEST).unlink()
    path = folder / "07_damping.ipynb"
    path.write_text(notebook("mine"), encoding="utf-8")
    before = state(path), path.read_bytes()
    for _ in range(2):
        assert lab()[0] == 0
        assert (state(path), path.read_bytes()) == before


@pytest.mark.parametrize("content", ["", "null", '{"07_damping.ipynb": 3}', DEEP, "\x00"])
def test_a_damaged_memory_keeps_everything(folder, lab, content):
    before = contents(folder)
    (folder / lessons.MANIFEST).write_text(content, encoding="utf-8")
    assert lab()[0] == 0
    for name in NAMES:
        assert (folder / name).read_bytes() == before[name]


def test_a_folder_in_the_place_of_the_memory(folder, lab):
    (folder / lessons.MANIFEST).unlink()
    (folder / lessons.MANIFEST).mkdir()
    code, said = lab()
    assert code == 0 and f"{lessons.MANIFEST} was left out: " in said


def test_a_linked_folder_leads_to_no_other_folder(folder, lab, tmp_path):
    for path in (folder / "pictures").iterdir():
        path.unlink()
    (folder / "pictures").rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "pictures").symlink_to(elsewhere)
    code, said = lab()
    assert code == 0 and "pictures is a link that leads elsewhere." in said
    assert list(elsewhere.iterdir()) == []


def test_one_file_that_cannot_be_written_does_not_stop_the_rest(folder, lab, monkeypatch):
    replace = os.replace

    def refuse(draft, path):
        if path.name == "bowl.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        replace(draft, path)

    monkeypatch.setattr(files.os, "replace", refuse)
    code, said = lab()
    assert code == 0 and "pictures/bowl.png was left out: Permission denied." in said
    new = lessons.shipped()["07_damping.ipynb"].read_bytes()
    assert (folder / "07_damping.ipynb").read_bytes() == new
    assert not list(folder.rglob(f"{files.DRAFT}*"))


@pytest.mark.parametrize("number", ["1e999", "NaN"])
def test_numbers_that_json_does_not_have_are_not_written(tmp_path, number):
    path = tmp_path / "a.ipynb"
    content = notebook("1").replace('"metadata": {}, "nb', f'"metadata": {{"a": {number}}}, "nb')
    assert number in content
    path.write_text(content, encoding="utf-8")
    views.strip(path)
    assert path.read_text(encoding="utf-8") == content


def test_half_a_letter_survives(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(notebook("'\udce9'"), encoding="utf-8")
    views.strip(path)
    lesson = json.loads(path.read_text(encoding="utf-8"))
    assert lesson["cells"][0]["source"] == ["'\udce9'"]
    assert lesson["cells"][0]["outputs"][0]["data"] == {"image/png": "iVBORw0="}


def test_permissions_stay(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(notebook("1"), encoding="utf-8")
    path.chmod(0o600)
    before = path.stat().st_mode
    views.strip(path)
    assert WIDGET_VIEW not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode == before
