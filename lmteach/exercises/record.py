"""What has been done of the exercises, kept in a file beside the lessons."""

import json
import os
from contextlib import suppress
from html import escape
from pathlib import Path

FILE = "my_progress.json"
DAMAGED = "my_progress.damaged.json"
LESSON = "[0-9A-Z]*_*.ipynb"  # the names of the lessons
SIGNS = {True: "✓", False: "✗", None: "·"}
WORDS = {True: "right", False: "not yet", None: "not attempted"}

kept = {}  # what is known in this session: {id: {"right": bool, "tries": int, "hint": int}}
notes = {}  # what went wrong with the file: {place: sentence}


def place():
    """The folder of the lessons, where this notebook runs; None where there are no lessons.

    And None where the environment variable LMTEACH_NO_PROGRESS is set: nothing is written then.
    """
    if os.environ.get("LMTEACH_NO_PROGRESS"):
        return None
    try:
        here = Path.cwd()
        return here if any(here.glob(LESSON)) else None
    except OSError:
        return None


def note_answer(id, right):
    """Remember a verdict: what was right once stays right."""
    if right is None:
        return
    known = _known(id)
    known["right"] = known["right"] or bool(right)
    known["tries"] += 1
    _save(id, known)


def note_hint(id, number):
    """Remember the farthest hint that was asked for."""
    known = _known(id)
    known["hint"] = max(known["hint"], number)
    _save(id, known)


def _known(id):
    return dict(read().get(id) or {"right": False, "tries": 0, "hint": 0})


def read():
    """All that is known: from the file, and from this session where the file lacks it."""
    folder = place()
    return {**kept, **(_from_file(folder) if folder else {})}


def _from_file(folder):
    """What the file holds; a damaged one is put aside."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {id: _cleaned(known) for id, known in found.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        notes[folder] = f"{FILE} cannot be read: {error.strerror}."
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        _put_aside(folder)
    return {}


def _cleaned(known):
    return {
        "right": bool(known["right"]),
        "tries": int(known["tries"]),
        "hint": int(known["hint"]),
    }


def _put_aside(folder):
    notes[folder] = f"{FILE} was damaged: it is kept as {DAMAGED}, and a new one begun."
    try:
        os.replace(folder / FILE, folder / DAMAGED)
    except OSError:
        notes[folder] = f"{FILE} is damaged, and cannot be put aside."


def _save(id, known):
    """Write a draft, then put it in the file's place: a crash leaves the old one whole."""
    kept[id] = known
    folder = place()
    if folder is None:
        return
    everything = {**read(), id: known}
    draft = folder / f".{FILE}.{os.getpid()}"
    try:
        draft.write_text(json.dumps(everything, indent=1, sort_keys=True), encoding="utf-8")
        os.replace(draft, folder / FILE)
    except OSError as error:
        notes[folder] = f"{FILE} cannot be written: {error.strerror}. This session remembers."
        with suppress(OSError):
            draft.unlink(missing_ok=True)


class Progress:
    """The exercises of all lessons, and which are right; its repr is a table in words."""

    def __init__(self, ids, known, note=""):
        self.rows, self.known, self.note = _by_lesson(ids), known, note

    def state(self, id):
        """True for right, False for tried, None for not attempted."""
        known = self.known.get(id)
        return None if not known or not known["tries"] else known["right"]

    @property
    def n_right(self):
        """How many exercises are right."""
        return sum(self.state(id) is True for ids in self.rows.values() for id in ids)

    @property
    def n_exercises(self):
        """How many there are."""
        return sum(map(len, self.rows.values()))

    def __repr__(self):
        lines = [f"{self.n_right} of {self.n_exercises} exercises are right."]
        for lesson, ids in self.rows.items():
            lines.append(
                f"{lesson:>2}  " + "  ".join(f"{id} {SIGNS[self.state(id)]}" for id in ids)
            )
        lines.append("✓ right, ✗ tried, · not attempted")
        return "\n".join([*lines, self.note] if self.note else lines)

    def _repr_html_(self):
        rows = "".join(
            f'<tr><th scope="row">{escape(lesson)}</th>'
            + "".join(f"<td>{self._cell(id)}</td>" for id in ids)
            + "</tr>"
            for lesson, ids in self.rows.items()
        )
        head = f"{self.n_right} of {self.n_exercises} exercises are right."
        return f"<table><caption>{head}</caption>{rows}</table><p>{escape(self.note)}</p>"

    def _cell(self, id):
        state = self.state(id)
        return f'<span aria-hidden="true">{SIGNS[state]} </span>{escape(id)}: {WORDS[state]}'


def _by_lesson(ids):
    """The ids in order, by lesson: 0 to 13, then A."""
    found = {}
    for id in sorted(ids, key=_order):
        found.setdefault(id.split(".")[0], []).append(id)
    return found


def _order(id):
    lesson, number = id.split(".")
    return (not lesson.isdigit(), lesson.zfill(2), int(number))


def note():
    """What went wrong with the file here, in a sentence, or ""."""
    return notes.get(place(), "")
