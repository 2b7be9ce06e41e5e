"""Estimate the minutes of every section of the lessons: `python docs/minutes.py` updates TEACHING.

The estimate is words / 180 + half a minute a code cell + 2 a figure to drag + 5 an exercise. It was
not measured with readers.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEACHING = ROOT / "docs" / "TEACHING.md"
BEGIN, END = "<!-- minutes: python docs/minutes.py -->\n", "<!-- end of minutes -->\n"
WORDS_A_MINUTE, CODE_CELL, FIGURE, EXERCISE = 180, 0.5, 2, 5
HEADING = re.compile(r"^##? (.*)$", re.M)
TO_DRAG = re.compile(r"\bExplorer\(|\bexplore_\w+\(|\bplay\(")


def sections(path):
    """Return [title, minutes] of every section of a lesson, in order."""
    found = [["", 0.0]]
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            found[-1][1] += _of_code(text)
            continue
        before, *rest = HEADING.split(text)
        found[-1][1] += _of_words(before)
        for title, words in zip(rest[::2], rest[1::2], strict=True):
            found.append([title.strip(), _of_words(words)])
    return found[1:]


def _of_words(text):
    return len(text.split()) / WORDS_A_MINUTE


def _of_code(text):
    return CODE_CELL + FIGURE * bool(TO_DRAG.search(text)) + EXERCISE * ("check(" in text)


def table():
    """Return the table of all lessons as Markdown: a row for each lesson."""
    rows = ["| lesson | minutes of its sections, estimated | sum |", "|---|---|---|"]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        (title, head), *rest = sections(path)
        parts = [f"head {_shown(head)}", *(f"{name} {_shown(time)}" for name, time in rest)]
        total = head + sum(time for _, time in rest)
        rows.append(f"| {title} | {' · '.join(parts)} | {round(total)} |")
    return "\n".join(rows).replace("|h|", "h") + "\n"


def _shown(minutes):
    return f"**{max(1, round(minutes))}**"


def updated(text):
    """Return the text of TEACHING with today's table between the two marks."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + table() + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    TEACHING.write_text(updated(TEACHING.read_text(encoding="utf-8")), encoding="utf-8")
