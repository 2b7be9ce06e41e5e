"""The lessons: where they are shipped, and how a learner's folder gets them.

No line of the learner's own work is ever lost.
"""

import hashlib
import itertools
import json
import os
import shutil
from datetime import date
from pathlib import Path
from typing import NamedTuple

MANIFEST = ".lmteach-lessons.json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class LessonError(Exception):
    """The lessons cannot be brought into the folder; the message says why and what to do."""


class Outcome(NamedTuple):
    """What happened to one file: new, same, updated, kept, beside or reset.

    `other` is the name of the second file, where there is one.
    """

    name: str
    what: str
    other: str = ""


def shipped_folder():
    """Return the folder of the lessons: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_notebooks"
    return installed if installed.is_dir() else package.parent / "notebooks"


def shipped():
    """Return the path of every shipped file by its name inside the folder of lessons.

    Raises LessonError if there is none.
    """
    source = shipped_folder()
    files = {path.relative_to(source): path for path in sorted(source.rglob("*")) if path.is_file()}
    visible = {name.as_posix(): path for name, path in files.items() if not _is_hidden(name)}
    if not visible:
        raise LessonError(
            f"No lessons were found in {source}: this lmteach is incomplete, install it again."
        )
    return visible


def _is_hidden(name):
    return any(part.startswith((".", "__")) for part in name.parts)


def sources_hash(path):
    """Return a hash of a notebook's cell sources, or of all bytes of any other file.

    A damaged notebook counts as any other file.
    """
    sources = _sources(path)
    content = path.read_bytes() if sources is None else json.dumps(sources).encode()
    return hashlib.sha256(content).hexdigest()


def _sources(path):
    """Return kind and source of each cell, or None if the file is no notebook.

    Empty cells don't count: Shift-Enter adds one at the end.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
    except (ValueError, TypeError, KeyError):
        return None
    return [source for source in sources if source[1].strip()]


def install(folder, reset=()):
    """Bring the shipped lessons into the folder and return an Outcome for each.

    Whatever the learner changed is kept. The lessons named in `reset` are copied afresh, and the
    learner's are set aside.
    """
    files = shipped()
    _refuse_the_source(folder)
    fresh = {name for word in reset for name in _named(word, files)}
    folder.mkdir(parents=True, exist_ok=True)
    known = _read_manifest(folder)
    outcomes = [
        _place(folder, name, source, known, name in fresh) for name, source in files.items()
    ]
    _write_manifest(folder, known)
    return outcomes


def _refuse_the_source(folder):
    source, target = shipped_folder().resolve(), folder.resolve()
    if source in (target, *target.parents):
        raise LessonError(
            f"{folder} is where the lessons come from: choose another folder for your copies."
        )


def _named(word, files):
    """Return the lessons that a learner means by 07, 07_damping or 07_damping.ipynb."""
    lessons = [name for name in files if name.endswith(".ipynb")]
    found = [name for name in lessons if word in (name, name[:-6]) or name.startswith(word + "_")]
    if not found:
        raise LessonError(
            f"There is no lesson {word!r} to reset; the lessons are {', '.join(lessons)}."
        )
    return found


def _place(folder, name, source, known, reset):
    """Put one shipped file where there is none yet, or one that was not changed.

    `known` maps each name to the hash of what was shipped under it.
    """
    target, new, before = folder / name, sources_hash(source), known.get(name)
    known[name] = new
    if not target.exists():
        return _copied(source, target, Outcome(name, "new"))
    if reset:
        return _copied(source, target, Outcome(name, "reset", _set_aside(target).name))
    mine = sources_hash(target)
    if mine == new:
        return Outcome(name, "same")
    if mine == before:
        return _copied(source, target, Outcome(name, "updated"))
    if new == before:
        return Outcome(name, "kept")
    return _put_beside(source, target, name, known)


def _put_beside(source, target, name, known):
    """Put the newer file beside the learner's.

    An earlier newer one is replaced, but set aside first if the learner worked in it.
    """
    beside = target.with_name(f"{target.stem}.new{target.suffix}")
    ours = (known.get(beside.name), sources_hash(source))
    if beside.exists() and sources_hash(beside) not in ours:
        _set_aside(beside)
    known[beside.name] = sources_hash(source)
    return _copied(source, beside, Outcome(name, "beside", beside.name))


def _copied(source, target, outcome):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return outcome


def _set_aside(path):
    """Rename a file to its dated backup; a backup that exists is never overwritten."""
    dated = f"{path.stem}.bak-{date.today().isoformat()}"
    counters = itertools.chain([""], (f"-{count}" for count in itertools.count(2)))
    names = (path.with_name(f"{dated}{counter}{path.suffix}") for counter in counters)
    return path.rename(next(name for name in names if not name.exists()))


def _read_manifest(folder):
    """Return what was shipped into this folder before: nothing, if that cannot be read.

    Then every change is kept.
    """
    try:
        known = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_manifest(folder, known):
    _write(folder / MANIFEST, json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True))


def strip_dead_views(folder):
    """Take dead widget views out of the folder's lessons.

    JupyterLab would show them, as errors, rather than the pictures beside them.
    """
    for name in shipped():
        lesson = folder / name
        # Copies too, such as 07_damping.new.ipynb, but nobody else's notebooks.
        for path in lesson.parent.glob(f"{lesson.stem}*.ipynb"):
            if _sources(path) is not None:
                _strip(path)


def _strip(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    if drop_views(notebook):
        _write(path, json.dumps(notebook, indent=1, ensure_ascii=False))


def drop_views(notebook):
    """Drop stored widget state, and the views with a picture or text beside them; tell if any was.

    Without its state no view works again; ipywidgets puts a text beside each of its own.
    """
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    bundles = [output["data"] for output in outputs if len(output.get("data", {})) > 1]
    views = [bundle.pop(WIDGET_VIEW) for bundle in bundles if WIDGET_VIEW in bundle]
    state = notebook.get("metadata", {}).pop("widgets", None)
    return bool(views) or state is not None


def _write(path, text):
    """Write a whole file or nothing: an interruption must not leave half a lesson."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(text + "\n", encoding="utf-8", newline="\n")
    os.replace(draft, path)
