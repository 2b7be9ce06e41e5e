"""The lessons: where they are shipped, and how a learner's folder gets them.

No line of the learner's own work is ever lost, and no file is ever half written.
"""

import errno
import itertools
import json
from datetime import date
from pathlib import Path
from typing import NamedTuple

from . import views
from .copies import learners_copy
from .files import (
    Damaged,
    copy_whole,
    is_protected,
    obstacle,
    read_notebook,
    remove_stale_drafts,
    sources_hash,
    write_whole,
)

MANIFEST = ".lmteach-lessons.json"
BEGUN = "begun"  # in the manifest: what `lab` was about to put where when it was ended, if it was
VERSION = "lmteach"  # in the manifest: the version of lmteach that put the lessons there
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class LessonError(Exception):
    """The lessons cannot be brought into the folder; the message says why and what to do."""


class Outcome(NamedTuple):
    """What happened to one file: new, same, updated, kept, beside, reset, damaged or blocked.

    `other` is the name of the second file, where there is one, or the reason.
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


def install(folder, reset=(), version=""):
    """Bring the shipped lessons into the folder and return an Outcome for each.

    Whatever the learner changed is kept. The lessons named in `reset` are copied afresh, and the
    learner's are set aside. What is in the way of one lesson does not stop the others. `version`
    is remembered as that of the lmteach that put them there. Raises
    LessonError for a full disk and for a lesson that does not exist, OSError where nothing at all
    can be written.
    """
    files = shipped()
    refuse_the_source(folder)
    fresh = {name for word in reset for name in named(word, files)}
    folder.mkdir(parents=True, exist_ok=True)
    remove_stale_drafts(folder)
    known = _read_manifest(folder)
    _remember(folder, _with_plan(known, files))
    outcomes, errors = [], []
    for name, source in files.items():
        try:
            outcomes.append(_place(folder, name, source, known, name in fresh))
        except OSError as error:
            _stop_if_full(folder, error)
            outcomes.append(Outcome(name, "blocked", error.strerror or str(error)))
            errors.append(error)
    if len(errors) == len(files):
        raise errors[0]
    known.pop(BEGUN, None)
    known[VERSION] = version
    return outcomes + _remember(folder, known)


def _stop_if_full(folder, error):
    if error.errno in DISK_FULL:
        raise LessonError(
            f"The disk of {folder} is full. Every file there is whole; make room, and start again."
        ) from error


def refuse_the_source(folder):
    """Raise LessonError where the folder is, or is inside, that of the shipped lessons."""
    source, target = shipped_folder().resolve(), folder.resolve()
    if source in (target, *target.parents):
        raise LessonError(
            f"{folder} is where the lessons come from: choose another folder for your copies."
        )


def named(word, files):
    """Return the lessons that are meant by 7, 07, 07_damping, 07_damping.ipynb or A."""
    lessons = [name for name in files if name.endswith(".ipynb")]
    start = f"{word.zfill(2) if word.isdecimal() else word.upper()}_"
    found = [name for name in lessons if word in (name, name[:-6]) or name.startswith(start)]
    if not word or not found:
        raise LessonError(f"There is no lesson {word!r}; the lessons are {', '.join(lessons)}.")
    return found


def _place(folder, name, source, known, reset):
    """Put one shipped file where there is none yet, or one that was not changed.

    `known` maps each name to the hash of what was put there by `lab`.
    """
    target, new = folder / name, sources_hash(source)
    if reason := obstacle(folder, target):
        return Outcome(name, "blocked", reason)
    if not target.exists():
        return _put(source, target, known, Outcome(name, "new"))
    if reset:
        backup = _set_aside(target)
        return _put(source, target, known, Outcome(name, "reset", backup.name))
    if reason := _damage(target):
        return Outcome(name, "damaged", reason)
    mine = sources_hash(target)
    if mine == new:
        known[name] = new
        return Outcome(name, "same")
    if mine in (known.get(name), *_begun(known, name)) and not is_protected(target):
        return _put(source, target, known, Outcome(name, "updated"))
    return _put_beside(source, target, known, name)


def _damage(path):
    """Return why a lesson is no notebook any more; "" if it is, or is another file."""
    if path.suffix != ".ipynb":
        return ""
    try:
        read_notebook(path)
    except Damaged as damage:
        return str(damage)
    return ""


def _put(source, target, known, outcome):
    write_whole(target, learners_copy(source))
    known[outcome.name] = sources_hash(source)  # not before, or the old file would seem changed
    return outcome


def _put_beside(source, target, known, name):
    """Put the newer file beside the learner's, unless it has been put there before.

    An earlier newer one is replaced, but set aside first if the learner worked in it.
    """
    beside, new = target.with_name(f"{target.stem}.new{target.suffix}"), sources_hash(source)
    before = known.get(beside.name)
    if new in (before, known.get(name)):
        return Outcome(name, "kept")
    if reason := obstacle(target.parent, beside):
        return Outcome(name, "blocked", f"{beside.name}: {reason}")
    if beside.exists() and (is_protected(beside) or sources_hash(beside) not in (before, new)):
        _set_aside(beside)
    write_whole(beside, learners_copy(source))
    known[beside.name] = new
    return Outcome(name, "beside", beside.name)


def _set_aside(path):
    """Copy a file to its dated backup; a backup that exists is never overwritten.

    It is a copy, so that the file is there at every moment until a fresh one replaces it.
    """
    dated = f"{path.stem}.bak-{date.today().isoformat()}"
    counters = itertools.chain([""], (f"-{count}" for count in itertools.count(2)))
    names = (path.with_name(f"{dated}{counter}{path.suffix}") for counter in counters)
    backup = next(name for name in names if not name.exists() and not name.is_symlink())
    copy_whole(path, backup)
    return backup


def _read_manifest(folder):
    """Return what was put into this folder before: nothing, if that cannot be read.

    Then every change is kept.
    """
    try:
        known = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def put_by(folder):
    """Return the version of lmteach that last put lessons into this folder; "" if none is known."""
    version = _read_manifest(folder).get(VERSION)
    return version if isinstance(version, str) else ""


def _with_plan(known, files):
    """Return what was put into the folder and what may be there if this run is ended halfway."""
    plan = {name: sources_hash(source) for name, source in files.items()}
    return known | {BEGUN: {name: [*_begun(known, name), plan[name]] for name in plan}}


def _begun(known, name):
    """Return the hashes of what runs that did not come to their end may have put there."""
    begun = known.get(BEGUN)
    hashes = begun.get(name) if isinstance(begun, dict) else None
    return hashes if isinstance(hashes, list) else []


def _remember(folder, known):
    """Write what was put into the folder; return an Outcome if that cannot be."""
    text = json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    try:
        write_whole(folder / MANIFEST, text.encode())
    except OSError as error:
        _stop_if_full(folder, error)
        return [Outcome(MANIFEST, "blocked", error.strerror or str(error))]
    return []


def strip_dead_views(folder):
    """Take dead widget views out of the lessons that `lab` put into the folder, and its copies.

    Return an Outcome for each notebook that could not be written. Nobody else's notebooks are
    touched. Raises LessonError for a full disk.
    """
    known, outcomes = _read_manifest(folder), []
    for name in shipped():
        for path in views.copies(folder / name) if name in known else ():
            try:
                views.strip(path)
            except OSError as error:
                _stop_if_full(folder, error)
                outcomes.append(Outcome(path.name, "blocked", error.strerror or str(error)))
    return outcomes
