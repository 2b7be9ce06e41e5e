"""What JupyterLab shows first, in which size, and how soon it answers."""

import json
import os
import tempfile
from pathlib import Path

FIRST = "00_start_here.ipynb"
PROMPT = "--ServerApp.kernel_websocket_connection_class=lmteach.command.prompt.Prompt"
# What the lessons read lies beside them, and out of the way; the others are Jupyter's own.
HIDDEN = ("pictures", "tables", "__pycache__", "*.pyc", "*.pyo", ".DS_Store", "*~")
OPTIONS = (
    PROMPT,
    f"--LabApp.default_url=/lab/tree/{FIRST}",
    *(f"--ContentsManager.hide_globs={pattern}" for pattern in HIDDEN),
)
SETTINGS = Path("@jupyterlab", "apputils-extension", "themes.jupyterlab-settings")
# JupyterLab's panels at both sides: they are there, folded in.
FOLDED = {"collapsed": True, "visible": True}
WORKSPACE = {
    "data": {"layout-restorer:data": {"left": FOLDED, "right": FOLDED}},
    "metadata": {"id": "default"},
}
LARGE = {"code-font-size": "20px", "content-font-size1": "22px", "ui-font-size1": "16px"}


def options():
    """Return JupyterLab's options for the course.

    On a projector prose and code are large, and the panels at the sides are folded in.
    """
    if os.environ.get("LMTEACH_PROJECTOR") != "1":
        return OPTIONS
    return (
        *OPTIONS,
        f"--LabApp.user_settings_dir={_large()}",
        f"--LabApp.workspaces_dir={_folded()}",
    )


def _large():
    """Return a folder of settings for one lecture: the user's own stay as they are.

    JupyterLab takes sizes from a user's settings alone.
    """
    folder = Path(tempfile.mkdtemp(prefix="lmteach-projector-"))
    file = folder / SETTINGS
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"overrides": LARGE}), encoding="utf-8")
    return folder


def _folded():
    """Return a folder with a workspace for one lecture, in which the lesson has the whole width."""
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    folder = tempfile.mkdtemp(prefix="lmteach-projector-")
    WorkspacesManager(folder).save("default", json.dumps(WORKSPACE))
    return folder


def settings():
    """Return the folder with JupyterLab's settings for the course.

    No question about news; notebooks before folders.
    """
    return str(Path(__file__).resolve().parent / "_jupyter")
