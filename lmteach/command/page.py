"""What JupyterLab shows first, in which size, and how soon it answers."""

import os
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
ALWAYS, PROJECTED = "_jupyter", "_jupyter_projector"


def settings():
    """Return the folders with JupyterLab's settings for the course, joined as in a search path.

    No question about news; notebooks before folders; for the projector, large prose and code.
    """
    here = Path(__file__).resolve().parent
    large = os.environ.get("LMTEACH_PROJECTOR") == "1"
    return os.pathsep.join(str(here / name) for name in (ALWAYS, *[PROJECTED] * large))
