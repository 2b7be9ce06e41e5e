"""How long each lesson takes, by an estimate: `python tests/minutes.py [--over] [names…]`.

A minute for 180 words, half a minute for each code cell, two more for each picture to drag, and
five more for each exercise. What stands under a heading with † is the further part. Nobody was
timed: it is an estimate, and the same one for every lesson. --over names the lessons whose core
takes longer than their head says, and fails if there are any.
"""

import argparse
import math
import re
import sys
from dataclasses import astuple, dataclass
from pathlib import Path

import nbformat

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
WORDS_A_MINUTE = 180
CODE_CELL, EXPLORER, EXERCISE = 0.5, 2, 5  # minutes
HEADING = re.compile(r"^(#+) (.*)$", re.M)
WORD = re.compile(r"\S*\w\S*")  # what has a letter or a digit in it
DRAGGED = re.compile(r"\b(Explorer|explore_mu|play)\(")
CHECKED = re.compile(r"^check\(", re.M)


@dataclass
class Part:
    """What is counted in the core of a lesson, or in its further part."""

    words: int = 0
    code_cells: int = 0
    explorers: int = 0
    exercises: int = 0

    @property
    def minutes(self):
        """The estimate."""
        return (
            self.words / WORDS_A_MINUTE
            + CODE_CELL * self.code_cells
            + EXPLORER * self.explorers
            + EXERCISE * self.exercises
        )

    def add(self, kind, source):
        """Count a piece of a notebook: markdown or code."""
        if kind == "markdown":
            self.words += len(WORD.findall(source))
        elif kind == "code":
            self.code_cells += 1
            self.explorers += bool(DRAGGED.search(source))
            self.exercises += bool(CHECKED.search(source))


def parts(notebook):
    """Return (core, further) of a notebook that nbformat has read."""
    core, further = Part(), Part()
    marked = {}  # level of a heading → whether it has the mark
    for cell in notebook.cells:
        pieces = pieces_of(cell.source) if cell.cell_type == "markdown" else [(None, cell.source)]
        for heading, text in pieces:
            if heading:
                level, words = heading
                marked = {other: mark for other, mark in marked.items() if other < level}
                marked[level] = "†" in words
            (further if any(marked.values()) else core).add(cell.cell_type, text)
    return core, further


def pieces_of(text):
    """Return [((level, heading), its text), …]; what comes before the first has None."""
    starts = [match.start() for match in HEADING.finditer(text)]
    cuts = sorted({0, *starts, len(text)})
    found = []
    for a, b in zip(cuts, cuts[1:], strict=False):
        match = HEADING.match(text[a:b])
        found.append(((len(match[1]), match[2]) if match else None, text[a:b]))
    return found


def promised(notebook):
    """The minutes of the core that the head of a lesson names; infinite if it names none."""
    said = re.search(r"\*\*Minutes\.\*\*\D*(\d+)", notebook.cells[0].source)
    return int(said[1]) if said else math.inf


def main(arguments=None):
    """Print the table for the named lessons, all unless one is named; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].replace("`", ""))
    parser.add_argument("names", nargs="*", help="beginnings of names, such as 07")
    parser.add_argument("--over", action="store_true", help="only those that take too long")
    options = parser.parse_args(arguments)
    paths = sorted(FOLDER.glob("*.ipynb"))
    over = False
    print("lesson                       core  further   words  code  explorers  exercises  (core)")
    for path in paths:
        if options.names and not path.name.startswith(tuple(options.names)):
            continue
        notebook = nbformat.read(path, as_version=4)
        core, further = parts(notebook)
        late = core.minutes > promised(notebook)
        over |= late
        if late or not options.over:
            words, code, explorers, exercises = astuple(core)
            counts = f"{words:7d} {code:5d} {explorers:10d} {exercises:10d}"
            print(f"{path.stem:26} {core.minutes:6.0f} {further.minutes:8.0f} {counts}")
    return int(over and options.over)


if __name__ == "__main__":
    sys.exit(main())
