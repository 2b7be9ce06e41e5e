"""Dead widget views, which JupyterLab would show, as errors, in place of the pictures."""

import re

from .files import Damaged, is_protected, notebook_bytes, read_notebook, write_whole

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
BACKUP = r"(\.new)?(\.bak-\d{4}-\d\d-\d\d(-\d+)?)?"  # what `lab` puts before .ipynb


def strip(path):
    """Take the dead views out of one notebook.

    What is no notebook, a link or read-only is left as it is, and so is what cannot be written back
    as it was read.
    """
    if not path.is_file() or is_protected(path):
        return
    try:
        notebook = read_notebook(path)
        data = notebook_bytes(notebook) if drop_views(notebook) else None
    except (Damaged, ValueError, RecursionError):
        return
    if data is not None:
        write_whole(path, data)


def copies(lesson):
    """Return the notebooks that `lab` keeps under a lesson's name: itself, newer ones, backups."""
    pattern = re.compile(re.escape(lesson.stem) + BACKUP + r"\.ipynb")
    return sorted(path for path in lesson.parent.glob("*.ipynb") if pattern.fullmatch(path.name))


def drop_views(notebook):
    """Drop stored widget state, and the views with a picture or text beside them; tell if any was.

    Without its state no view works again; ipywidgets puts a text beside each of its own.
    """
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    bundles = [output["data"] for output in outputs if isinstance(output.get("data"), dict)]
    alive = [bundle for bundle in bundles if WIDGET_VIEW in bundle and len(bundle) > 1]
    for bundle in alive:
        del bundle[WIDGET_VIEW]
    state = notebook.get("metadata", {}).pop("widgets", None)
    return bool(alive) or state is not None
