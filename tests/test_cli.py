"""`lmteach lab` loses no learner's work, says what it did, and passes JupyterLab its options."""

import io
import json
import os
import subprocess
import sys
from datetime import date

import pytest
from jupyterlab.labapp import LabApp

from lmteach import __version__
from lmteach.command import cli, doctor, files, lab, lessons, page, views

TODAY = date.today().isoformat()
ANSWERS = lab._answers
VIEW = {"model_id": "a1b2", "version_major": 2, "version_minor": 0}


def notebook(*sources, **metadata):
    """The text of a notebook as JupyterLab saves it."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": [source],
        }
        for source in sources
    ]
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1) + "\n"


def run_cells(path):
    """Do what a learner does without changing a lesson: run it with Shift-Enter and save."""
    lesson = json.loads(path.read_text(encoding="utf-8"))
    printed = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    lesson["cells"][0].update(execution_count=1, outputs=printed)
    lesson["cells"].append(json.loads(notebook(""))["cells"][0])
    path.write_text(json.dumps(lesson), encoding="utf-8")


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A small course of two lessons and a picture."""
    source = tmp_path / "shipped"
    (source / "pictures").mkdir(parents=True)
    (source / "01_residuals.ipynb").write_text(notebook("r = 1"), encoding="utf-8")
    (source / "07_damping.ipynb").write_text(notebook("mu = 1"), encoding="utf-8")
    (source / "pictures" / "bowl.png").write_bytes(b"\x89PNG first")
    (source / ".ipynb_checkpoints").mkdir()
    (source / ".ipynb_checkpoints" / "07_damping-checkpoint.ipynb").write_text(
        "{}", encoding="utf-8"
    )
    monkeypatch.setattr(lessons, "shipped_folder", lambda: source)
    return source


@pytest.fixture
def folder(shipped, tmp_path):
    """A learner's folder with the lessons in it; its name is not made for old programs."""
    place = tmp_path / "meine Übungen μ"
    lessons.install(place)
    return place


@pytest.fixture
def started(shipped, tmp_path, monkeypatch):
    """The list of JupyterLab's starts: its options and the folder it would have run in."""
    starts = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_PATH", "")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    launch = lambda options: starts.append((options, os.path.basename(os.getcwd())))  # noqa: E731
    monkeypatch.setattr(LabApp, "launch_instance", launch)
    monkeypatch.setattr("lmteach.command.lab.disagreements", lambda program, folder: [])
    for name in lab.THREADS:
        monkeypatch.setenv(name, "1")
    return starts


def edit(path, *sources):
    path.write_text(notebook(*sources), encoding="utf-8")


def told(folder, reset=()):
    """What happened to each file, the uneventful ones left out."""
    return {
        name: (what, other)
        for name, what, other in lessons.install(folder, reset)
        if what != "same"
    }


def listed(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


# What is copied, kept and updated


def test_first_copy_has_everything_that_is_not_hidden(folder, shipped):
    assert listed(folder) == [
        lessons.MANIFEST,
        "01_residuals.ipynb",
        "07_damping.ipynb",
        "pictures/bowl.png",
    ]
    for name in ("07_damping.ipynb", "pictures/bowl.png"):
        assert (folder / name).read_bytes() == (shipped / name).read_bytes()


def test_nothing_happens_twice(folder):
    before = listed(folder)
    assert told(folder) == {}
    assert listed(folder) == before


def test_a_lesson_that_was_only_run_keeps_its_outputs(folder):
    run_cells(folder / "07_damping.ipynb")
    ran = (folder / "07_damping.ipynb").read_text(encoding="utf-8")
    assert told(folder) == {}
    assert (folder / "07_damping.ipynb").read_text(encoding="utf-8") == ran


@pytest.mark.parametrize("run_first", [False, True])
def test_an_unchanged_lesson_is_updated(folder, shipped, run_first):
    if run_first:
        run_cells(folder / "07_damping.ipynb")
    edit(shipped / "07_damping.ipynb", "mu = 2")
    assert told(folder) == {"07_damping.ipynb": ("updated", "")}
    assert (folder / "07_damping.ipynb").read_text(encoding="utf-8") == notebook("mu = 2")


def test_a_changed_lesson_is_kept_without_a_second_file(folder):
    edit(folder / "07_damping.ipynb", "mu = 99")
    before = listed(folder)
    assert told(folder) == {"07_damping.ipynb": ("kept", "")}
    assert listed(folder) == before


def test_a_newer_version_goes_beside_a_changed_lesson_once(folder, shipped):
    edit(folder / "07_damping.ipynb", "mu = 99")
    edit(shipped / "07_damping.ipynb", "mu = 2")
    assert told(folder) == {"07_damping.ipynb": ("beside", "07_damping.new.ipynb")}
    assert (folder / "07_damping.ipynb").read_text(encoding="utf-8") == notebook("mu = 99")
    assert (folder / "07_damping.new.ipynb").read_text(encoding="utf-8") == notebook("mu = 2")
    (folder / "07_damping.new.ipynb").unlink()
    assert told(folder) == {"07_damping.ipynb": ("kept", "")}
    assert not (folder / "07_damping.new.ipynb").exists()


def test_a_second_newer_version_replaces_the_first(folder, shipped):
    edit(folder / "07_damping.ipynb", "mu = 99")
    for mu in (2, 3):
        edit(shipped / "07_damping.ipynb", f"mu = {mu}")
        lessons.install(folder)
    assert (folder / "07_damping.new.ipynb").read_text(encoding="utf-8") == notebook("mu = 3")
    assert not list(folder.glob("*.bak-*"))


def test_work_in_a_newer_version_is_not_lost_either(folder, shipped):
    edit(folder / "07_damping.ipynb", "mu = 99")
    edit(shipped / "07_damping.ipynb", "mu = 2")
    lessons.install(folder)
    edit(folder / "07_damping.new.ipynb", "mu = 98")
    edit(shipped / "07_damping.ipynb", "mu = 3")
    lessons.install(folder)
    assert (folder / f"07_damping.new.bak-{TODAY}.ipynb").read_text(encoding="utf-8") == notebook(
        "mu = 98"
    )


def test_a_deleted_lesson_comes_back(folder):
    (folder / "07_damping.ipynb").unlink()
    assert told(folder) == {"07_damping.ipynb": ("new", "")}


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}', "\ufeff{}", "\udce9"]
)
def test_a_damaged_lesson_is_left_as_it_is(folder, shipped, damage):
    (folder / "07_damping.ipynb").write_bytes(damage.encode("utf-8", "surrogateescape"))
    lessons.strip_dead_views(folder)
    [(name, (what, reason))] = told(folder).items()
    assert name == "07_damping.ipynb" and what == "damaged" and reason.startswith("it")
    edit(shipped / "07_damping.ipynb", "mu = 2")
    assert told(folder) == {"07_damping.ipynb": ("damaged", reason)}
    assert (folder / "07_damping.ipynb").read_bytes() == damage.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("manifest", ["", "{", "[]"])
def test_without_its_memory_nothing_of_the_learner_is_overwritten(folder, manifest):
    edit(folder / "07_damping.ipynb", "mu = 99")
    (folder / lessons.MANIFEST).write_text(manifest, encoding="utf-8")
    assert told(folder) == {"07_damping.ipynb": ("beside", "07_damping.new.ipynb")}
    assert (folder / "07_damping.ipynb").read_text(encoding="utf-8") == notebook("mu = 99")


def test_pictures_follow_the_same_rules(folder, shipped):
    (shipped / "pictures" / "bowl.png").write_bytes(b"\x89PNG second")
    assert told(folder) == {"pictures/bowl.png": ("updated", "")}
    (folder / "pictures" / "bowl.png").write_bytes(b"\x89PNG mine")
    assert told(folder) == {"pictures/bowl.png": ("kept", "")}
    (shipped / "pictures" / "bowl.png").write_bytes(b"\x89PNG third")
    assert told(folder) == {"pictures/bowl.png": ("beside", "bowl.new.png")}
    assert (folder / "pictures" / "bowl.png").read_bytes() == b"\x89PNG mine"


# --reset


@pytest.mark.parametrize("name", ["7", "07", "07_damping", "07_damping.ipynb"])
def test_reset_keeps_the_old_file_under_another_name(folder, name):
    edit(folder / "07_damping.ipynb", "mu = 99")
    backup = f"07_damping.bak-{TODAY}.ipynb"
    assert told(folder, [name]) == {"07_damping.ipynb": ("reset", backup)}
    assert (folder / "07_damping.ipynb").read_text(encoding="utf-8") == notebook("mu = 1")
    assert (folder / backup).read_text(encoding="utf-8") == notebook("mu = 99")


@pytest.mark.parametrize("name", ["A", "a", "A_page"])
def test_reset_of_a_lesson_with_a_letter(folder, shipped, name):
    (shipped / "A_page.ipynb").write_text(notebook("page = 1"), encoding="utf-8")
    lessons.install(folder)
    edit(folder / "A_page.ipynb", "page = 2")
    assert told(folder, [name])["A_page.ipynb"] == ("reset", f"A_page.bak-{TODAY}.ipynb")


def test_no_backup_is_overwritten(folder):
    for mu in (97, 98, 99):
        edit(folder / "07_damping.ipynb", f"mu = {mu}")
        lessons.install(folder, ["07"])
    ends = {97: "", 98: "-2", 99: "-3"}
    for mu, end in ends.items():
        backup = folder / f"07_damping.bak-{TODAY}{end}.ipynb"
        assert backup.read_text(encoding="utf-8") == notebook(f"mu = {mu}")


def test_a_folder_that_was_there_before_lmteach(folder):
    edit(folder / "07_damping.ipynb", "mu = 99")
    (folder / lessons.MANIFEST).unlink()
    assert told(folder) == {"07_damping.ipynb": ("beside", "07_damping.new.ipynb")}


def test_reset_of_several_lessons(folder):
    assert set(told(folder, ["01", "07"])) == {"01_residuals.ipynb", "07_damping.ipynb"}


@pytest.mark.parametrize("name", ["08", "0", "", "damping"])
def test_reset_of_no_lesson_changes_nothing(folder, name):
    before = listed(folder)
    with pytest.raises(
        lessons.LessonError, match=r"no lesson .* 01_residuals.ipynb, 07_damping.ipynb"
    ):
        lessons.install(folder, [name])
    assert listed(folder) == before


# Dead widget views


def test_dead_views_go_and_nothing_else_changes(folder):
    picture = {"image/png": "iVBORw0=", "text/plain": ["mu = 1"]}
    view = {views.WIDGET_VIEW: VIEW}
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {**view, **picture}}]
    lone = [{"output_type": "display_data", "metadata": {}, "data": view}]
    lesson = json.loads(notebook("mu = 1", "é", widgets={"state": {}}, title="kept"))
    lesson["cells"][0]["outputs"], lesson["cells"][1]["outputs"] = outputs, lone
    path = folder / "07_damping.ipynb"
    path.write_text(json.dumps(lesson), encoding="utf-8")
    lessons.strip_dead_views(folder)
    outputs[0]["data"] = picture
    del lesson["metadata"]["widgets"]
    assert (
        path.read_text(encoding="utf-8") == json.dumps(lesson, indent=1, ensure_ascii=False) + "\n"
    )


def test_a_view_without_a_picture_leaves_its_text(folder):
    lesson = json.loads(notebook("mu = 1"))
    bundle = {views.WIDGET_VIEW: VIEW, "text/plain": ["IntSlider(value=0)"]}
    lesson["cells"][0]["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": bundle}
    ]
    path = folder / "07_damping.ipynb"
    path.write_text(json.dumps(lesson), encoding="utf-8")
    lessons.strip_dead_views(folder)
    [output] = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["outputs"]
    assert output["data"] == {"text/plain": ["IntSlider(value=0)"]}


def test_a_lesson_without_its_views_is_still_the_learners_own(folder, shipped):
    path = folder / "07_damping.ipynb"
    path.write_text(notebook("mu = 99", widgets={"state": {}}), encoding="utf-8")
    lessons.strip_dead_views(folder)
    assert told(folder) == {"07_damping.ipynb": ("kept", "")}
    edit(shipped / "07_damping.ipynb", "mu = 2")
    assert told(folder) == {"07_damping.ipynb": ("beside", "07_damping.new.ipynb")}
    assert path.read_text(encoding="utf-8") == notebook("mu = 99")


def test_notebooks_that_are_no_lessons_or_have_no_views_are_not_touched(folder):
    mine = folder / "my_own.ipynb"
    mine.write_text(notebook("1", widgets={"state": {}}), encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.glob("*.ipynb")}
    lessons.strip_dead_views(folder)
    assert {path: path.read_bytes() for path in folder.glob("*.ipynb")} == before


def test_views_in_a_copy_of_a_lesson_go_too(folder):
    copy = folder / "07_damping.new.ipynb"
    copy.write_text(notebook("1", widgets={"state": {}}), encoding="utf-8")
    lessons.strip_dead_views(folder)
    assert "widgets" not in copy.read_text(encoding="utf-8")


# Words and exit codes


def test_lab_says_what_it_did_and_starts_jupyterlab_there(started, shipped, tmp_path, capsys):
    assert cli.main(["lab"]) == 0
    folder = tmp_path / "lmteach-lessons"
    assert "3 new files were copied there." in capsys.readouterr().out
    edit(folder / "07_damping.ipynb", "mu = 99")
    edit(shipped / "07_damping.ipynb", "mu = 2")
    edit(shipped / "01_residuals.ipynb", "r = 2")
    assert cli.main(["lab", "--reset", "01"]) == 0
    out = capsys.readouterr().out
    assert f"Your lessons are in {folder}." in out
    assert (
        "07_damping.ipynb is kept as you have it; the newer version is beside it as 07_damping.new"
        in out
    )
    assert (
        f"01_residuals.ipynb is fresh again; your version is kept as 01_residuals.bak-{TODAY}"
        in out
    )
    assert [place for _, place in started] == ["lmteach-lessons"] * 2


def test_lab_strips_dead_views(started, tmp_path):
    cli.main(["lab"])
    path = tmp_path / "lmteach-lessons" / "07_damping.ipynb"
    path.write_text(notebook("mu = 1", widgets={"state": {}}), encoding="utf-8")
    cli.main(["lab"])
    assert "widgets" not in path.read_text(encoding="utf-8")


@pytest.fixture
def first_lab(started, tmp_path, monkeypatch):
    """A JupyterLab that runs in the usual folder; the list of pages that are opened."""
    cli.main(["lab"])
    place = str((tmp_path / "lmteach-lessons").resolve())
    server = {"url": "http://localhost:8888/", "root_dir": place, "token": "abc"}
    monkeypatch.setattr("jupyter_server.serverapp.list_running_servers", lambda: iter([server]))
    monkeypatch.setattr(lab, "_answers", lambda server: True)
    pages = []
    monkeypatch.setattr("webbrowser.open", pages.append)
    return pages


def test_a_second_lab_in_one_folder_opens_the_first_and_touches_nothing(
    first_lab, started, tmp_path, capsys
):
    path = tmp_path / "lmteach-lessons" / "07_damping.ipynb"
    path.write_text(notebook("mu = 1", widgets={"state": {}}), encoding="utf-8")
    before = path.read_bytes()
    capsys.readouterr()
    assert cli.main(["lab", "--reset", "07"]) == 0
    said = capsys.readouterr().out
    assert "runs in lmteach-lessons already, at http://localhost:8888/lab?token=abc" in said
    assert "For --reset or --projector, end that one first" in said
    assert first_lab == ["http://localhost:8888/lab?token=abc"]
    assert path.read_bytes() == before and len(started) == 1
    assert cli.main(["lab", "elsewhere"]) == 0
    assert "already" not in capsys.readouterr().out and len(started) == 2


def test_a_second_lab_without_a_browser_only_says_where_the_first_is(first_lab, started):
    assert cli.main(["lab", "--no-browser"]) == 0
    assert first_lab == [] and len(started) == 1


def test_a_lab_that_does_not_answer_any_more_is_no_obstacle(first_lab, started, monkeypatch):
    monkeypatch.setattr(lab, "_answers", ANSWERS)
    place = os.path.realpath("lmteach-lessons")
    gone = {"url": "http://localhost:9/", "root_dir": place}  # nobody listens at port 9
    monkeypatch.setattr("jupyter_server.serverapp.list_running_servers", lambda: iter([gone]))
    assert cli.main(["lab"]) == 0
    assert first_lab == [] and len(started) == 2


# Threads


@pytest.mark.parametrize("name", lab.THREADS)
def test_linear_algebra_gets_one_thread_unless_the_user_has_said_otherwise(
    started, monkeypatch, capsys, name
):
    monkeypatch.setenv(name, "4")
    for other in lab.THREADS:
        if other != name:
            monkeypatch.delenv(other)
    cli.main(["lab"])
    assert os.environ[name] == "4" and "one thread" not in capsys.readouterr().out
    monkeypatch.delenv(name)
    cli.main(["lab"])
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert "one thread; to have more, set OPENBLAS_NUM_THREADS" in capsys.readouterr().out


# Copies for another program, and copies that answer nothing


def test_lessons_copies_and_starts_nothing(started, tmp_path, capsys):
    assert cli.main(["lessons", "kurs"]) == 0
    assert (tmp_path / "kurs" / "07_damping.ipynb").is_file() and started == []
    assert "Your lessons are in " in capsys.readouterr().out
    edit(tmp_path / "kurs" / "07_damping.ipynb", "mu = 99")
    assert cli.main(["lessons", "kurs", "--reset", "7"]) == 0
    assert f"07_damping.bak-{TODAY}.ipynb" in listed(tmp_path / "kurs")


@pytest.mark.parametrize("asks", ["my_guess = None  # a number", 'check("7.1", my_mu)'])
def test_a_learners_copy_does_not_answer_what_it_asks(shipped, tmp_path, asks):
    for name, sources in (("07_damping", ("mu = 1", asks)), ("01_residuals", ("r = 1",))):
        edit(shipped / f"{name}.ipynb", *sources)
        run_cells(shipped / f"{name}.ipynb")
    lessons.install(tmp_path / "kurs")
    cells = json.loads((tmp_path / "kurs" / "07_damping.ipynb").read_text(encoding="utf-8"))[
        "cells"
    ]
    assert [(cell["outputs"], cell["execution_count"]) for cell in cells] == [([], None)] * 3
    asks_nothing = tmp_path / "kurs" / "01_residuals.ipynb"
    assert asks_nothing.read_bytes() == (shipped / "01_residuals.ipynb").read_bytes()
    assert told(tmp_path / "kurs") == {}


def test_on_a_projector_the_side_panels_are_folded_in(monkeypatch):
    """By a workspace of its own: JupyterLab's own reader finds it, and the user's stays."""
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    monkeypatch.setenv("LMTEACH_PROJECTOR", "1")
    [folder] = [o.partition("=")[2] for o in page.options() if o.startswith("--LabApp.workspaces")]
    sides = WorkspacesManager(folder).load("default")["data"]["layout-restorer:data"]
    assert sides["left"]["collapsed"] and sides["right"]["collapsed"]
    monkeypatch.setenv("LMTEACH_PROJECTOR", "0")
    assert not any("workspaces" in option for option in page.options())


@pytest.mark.parametrize("words", [["--projector"], ["kurs", "--projector", "--no-browser"], []])
def test_projector(started, monkeypatch, words):
    monkeypatch.setenv("LMTEACH_PROJECTOR", "0")
    assert cli.main(["lab", *words]) == 0
    assert os.environ["LMTEACH_PROJECTOR"] == ("1" if words else "0")
    assert "--projector" not in started[0][0]


@pytest.mark.parametrize(
    ("words", "place", "options"),
    [
        ([], "lmteach-lessons", []),
        (["kurs"], "kurs", []),
        (["mein Kurs é"], "mein Kurs é", []),
        (["kurs", "--no-browser"], "kurs", ["--no-browser"]),
        (["--no-browser", "kurs"], "kurs", ["--no-browser"]),
        (["--port", "9999"], "lmteach-lessons", ["--port", "9999"]),
        (["--port=9999", "kurs"], "kurs", ["--port=9999"]),
        (["kurs", "--port", "9999"], "kurs", ["--port", "9999"]),
        (["--port", "9999", "kurs"], "kurs", ["--port", "9999"]),
        (["--reset", "07", "kurs"], "kurs", []),
        (["--reset=07", "--reset", "01", "--ip", "::"], "lmteach-lessons", ["--ip", "::"]),
        (["--ServerApp.password=a b", "kurs"], "kurs", ["--ServerApp.password=a b"]),
        (
            ["kurs", "--no-browser", "09_the_race.ipynb"],
            "kurs",
            ["--no-browser", "09_the_race.ipynb"],
        ),
    ],
)
def test_folder_and_options(started, words, place, options):
    assert cli.main(["lab", *words]) == 0
    [(given, where)] = started
    assert where == place
    assert given[len(given) - len(options) :] == options
    assert {
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.default_url=/lab/tree/00_start_here.ipynb",
        f"--ServerApp.root_dir={os.path.join(os.getcwd(), place)}",
    } <= set(given[: len(given) - len(options)])


def test_an_option_is_not_given_twice(started):
    cli.main(["lab", "--LabApp.news_url=None", "-y"])
    [(given, _)] = started
    assert given.count("--LabApp.news_url=None") == given.count("-y") == 1


@pytest.mark.parametrize(("user", "root"), [(0, True), (1000, False), (None, False)])
def test_only_root_gets_allow_root(started, monkeypatch, capsys, user, root):
    monkeypatch.delattr(os, "geteuid", raising=False)
    if user is not None:
        monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    cli.main(["lab"])
    assert ("--allow-root" in started[0][0]) == root
    assert ("You are root" in capsys.readouterr().out) == root


def test_ctrl_c_ends_cleanly(started, monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(LabApp, "launch_instance", interrupted)
    assert cli.main(["lab"]) == 0
    assert "interrupted" in capsys.readouterr().out


def test_a_file_is_no_folder(started, tmp_path, capsys):
    (tmp_path / "kurs").write_text("", encoding="utf-8")
    assert cli.main(["lab", "kurs"]) == 1
    assert "kurs is a file, not a folder. Choose another one" in capsys.readouterr().err
    assert started == []


@pytest.mark.parametrize("guilty", ["mkdir", "replace", "fsync"])
def test_a_folder_that_cannot_be_written(started, monkeypatch, capsys, guilty):
    def refuse(path, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(path))

    owner = {"mkdir": lessons.Path}.get(guilty, files.os)
    monkeypatch.setattr(owner, guilty, refuse)
    assert cli.main(["lab", "kurs"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("The lessons cannot be kept in kurs: Permission denied")
    assert error.endswith("Choose a folder you may write to: python -m lmteach lab FOLDER\n")
    assert started == []


def test_a_folder_that_cannot_exist(started, capsys):
    assert cli.main(["lab", "x" * 300]) == 1
    assert "The lessons cannot be kept in xxx" in capsys.readouterr().err


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write everywhere")
def test_a_read_only_folder(started, tmp_path, capsys):
    (tmp_path / "kurs").mkdir(mode=0o500)
    assert cli.main(["lab", "kurs"]) == 1
    assert "Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["shipped", "shipped/mine"])
def test_the_lessons_are_not_copied_onto_themselves(started, capsys, place):
    assert cli.main(["lab", place]) == 1
    assert "is where the lessons come from: choose another folder" in capsys.readouterr().err


def test_an_installation_without_lessons(started, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(lessons, "shipped_folder", lambda: tmp_path / "nothing")
    assert cli.main(["lab"]) == 1
    assert "No lessons were found" in capsys.readouterr().err


def test_an_unknown_lesson_to_reset(started, capsys):
    assert cli.main(["lab", "--reset", "12"]) == 1
    assert "There is no lesson '12'" in capsys.readouterr().err


def test_jupyterlab_is_missing(started, monkeypatch, capsys):
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["lab"]) == 1
    assert "JupyterLab is missing. Install it: " in capsys.readouterr().err


def test_letters_the_terminal_does_not_know(started, monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert cli.main(["lab", "Übung"]) == 0
    assert b"?bung" in terminal.buffer.getvalue()


# The kernel


def other_kernel(tmp_path, monkeypatch, program):
    """Register another Python as the kernel python3, and take this one's registration away."""
    place = tmp_path / "data" / "kernels" / "python3"
    place.mkdir(parents=True)
    spec = {
        "argv": [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "other",
    }
    (place / "kernel.json").write_text(json.dumps({**spec, "language": "python"}), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))


def test_the_kernel_of_this_python_comes_first(started, tmp_path, monkeypatch, capsys):
    other_kernel(tmp_path, monkeypatch, str(tmp_path / "bin" / "python"))
    assert not doctor.is_this_python(doctor.kernel_python())
    cli.main(["lab"])
    assert "Another Python" not in capsys.readouterr().out
    assert doctor.is_this_python(doctor.kernel_python())


def test_lab_says_so_if_the_kernel_is_another_python(started, tmp_path, monkeypatch, capsys):
    other_kernel(tmp_path, monkeypatch, str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "nowhere"))
    cli.main(["lab"])
    assert (
        f"Another Python, {tmp_path / 'bin' / 'python'}, is registered" in capsys.readouterr().out
    )


def test_lab_says_so_if_the_kernel_is_damaged(started, tmp_path, monkeypatch, capsys):
    other_kernel(tmp_path, monkeypatch, "python")
    (tmp_path / "data" / "kernels" / "python3" / "kernel.json").write_text("{", encoding="utf-8")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "nowhere"))
    cli.main(["lab"])
    assert "No kernel python3 was found" in capsys.readouterr().out


# The other commands


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"lmteach {__version__}\n"


def test_no_command_shows_the_help(capsys):
    assert cli.main([]) == 0
    assert "lab" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--port", "9"], ["doctor", "--no-browser"], ["laboratory"]])
def test_unknown_words_end_with_a_usage_error(words, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 2
    assert "lmteach: error:" in capsys.readouterr().err


def test_as_a_module():
    answer = subprocess.run(
        [sys.executable, "-m", "lmteach", "--version"], capture_output=True, text=True
    )
    assert answer.stdout == f"lmteach {__version__}\n"


# doctor


def test_a_healthy_computer(shipped, tmp_path, capsys):
    assert cli.main(["doctor", str(tmp_path / "kurs")]) == 0
    out = capsys.readouterr().out
    assert out.count("ok  ") == 7
    assert f"lmteach {__version__}" in out and "All is well." in out
    assert f"2 lessons are in {shipped}." in out
    assert not (tmp_path / "kurs").exists()


def fail(*arguments, **options):
    raise OSError(30, "Read-only file system")


def nothing(*arguments, **options):
    pass


def nowhere():
    return lessons.Path("nowhere")


@pytest.mark.parametrize(
    ("check", "target", "sick", "complaint", "advice"),
    [
        (
            "packages",
            "lmteach.command.doctor.PACKAGES",
            {"none": "none"},
            "broken: none",
            "pip install NAME",
        ),
        ("solvers", "lmteach.solve", fail, "Read-only", "Install lmteach again"),
        (
            "figure",
            "matplotlib.figure.Figure.savefig",
            fail,
            "Read-only",
            "--force-reinstall matplotlib",
        ),
        (
            "figure",
            "matplotlib.figure.Figure.savefig",
            nothing,
            "did not draw",
            "--force-reinstall",
        ),
        ("kernel", "jupyter_client.manager.start_new_kernel", fail, "Read-only", "-m lmteach lab"),
        (
            "kernel",
            "sys.prefix",
            "/elsewhere",
            "is another Python, in ",
            "kernelspec remove python3",
        ),
        (
            "lessons",
            "lmteach.command.lessons.shipped_folder",
            nowhere,
            "No lessons",
            "travel inside the package",
        ),
    ],
)
def test_each_failure_comes_with_advice(
    monkeypatch, capsys, check, target, sick, complaint, advice
):
    monkeypatch.setattr(target, sick)
    assert not doctor._passes(getattr(doctor, f"check_{check}"))
    failed, what_to_do = capsys.readouterr().out.partition("FAILED  ")[2].splitlines()
    assert complaint in failed
    assert advice in what_to_do


def test_a_folder_for_the_lessons_that_cannot_be_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", fail)
    assert not doctor._passes(doctor.check_folder, tmp_path / "kurs")
    assert (
        f"Nothing can be written in {tmp_path}: Read-only file system." in capsys.readouterr().out
    )


def test_one_failure_is_enough(monkeypatch, capsys):
    monkeypatch.setattr(
        doctor, "_passes", lambda check, *arguments: check is not doctor.check_figure
    )
    assert cli.main(["doctor"]) == 1
    assert "1 of 7 checks failed." in capsys.readouterr().out


def test_a_kernel_that_does_not_have_lmteach():
    with pytest.raises(
        RuntimeError, match="The kernel python3 cannot import lmteach: No module named"
    ):
        doctor._judge({"status": "error", "evalue": "No module named 'lmteach'"})


def test_a_file_in_the_way_of_the_folder(tmp_path):
    (tmp_path / "kurs").write_text("", encoding="utf-8")
    with pytest.raises(RuntimeError, match="kurs is a file, not a folder"):
        doctor.check_folder(tmp_path / "kurs")
