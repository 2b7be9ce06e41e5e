"""Widgets and the cells that made them: a cell that is run again closes what it made before."""

import gc
from weakref import WeakSet

from IPython import get_ipython
from ipywidgets import Widget

_made = {}  # cell: (its last run, the widgets made in that run, the number of its In and Out)


def running_cell():
    """Return (the cell that is being run, this run of it), or (None, None) where none is.

    A cell is known by the id that the notebook sends along, or else by its text.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent("shell") if hasattr(kernel, "get_parent") else {}
    if request.get("header", {}).get("msg_type") != "execute_request":
        return None, None
    text = request.get("content", {}).get("code", "")
    cell = request.get("metadata", {}).get("cellId") or hash(text)
    return cell, request["header"]["msg_id"]


def replace_earlier(widget):
    """Close the widgets that the running cell made when it was run before this one."""
    cell, run = running_cell()
    if cell is None:
        return
    now = get_ipython().displayhook.prompt_count  # n of Out [n], in every version
    last, made, number = _made.get(cell, (run, WeakSet(), now))
    if last != run:
        for earlier in list(made):
            earlier.close()
        made = WeakSet()
        _forget_output(number)
        gc.collect()  # a figure is a ring of references, which nothing else frees at once
    made.add(widget)
    _made[cell] = run, made, now


def _forget_output(number):
    """Let go of the picture that In [number] showed, and this run replaces: IPython keeps it."""
    history = getattr(get_ipython(), "history_manager", None)
    getattr(history, "outputs", {}).pop(number, None)


def parts_of(widget):
    """Return a widget and all that it is made of: children, layouts and styles."""
    parts, todo = [], [widget]
    while todo:
        part = todo.pop()
        if all(part is not known for known in parts):
            parts.append(part)
            todo += [inside for name in part.keys for inside in _widgets(getattr(part, name))]
    return parts


def _widgets(value):
    values = value if isinstance(value, (list, tuple)) else [value]
    return [inside for inside in values if isinstance(inside, Widget)]


def close_whole(widget):
    """Close a widget and all that it is made of, and stop everything that waits for its changes."""
    for part in parts_of(widget):
        part.unobserve_all()
        Widget.close(part)
