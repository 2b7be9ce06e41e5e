"""`lmteach nbgrader`: the lessons as a course of nbgrader, with a locked test for each exercise."""

import sys

from . import lessons
from .answers import answered, question
from .files import notebook_bytes, read_notebook, write_whole
from .solved import chosen

POINTS = 1  # of each exercise
SCHEMA = 3  # of nbgrader's metadata
TEST = """\
# The points of exercise {id}. lmteach is read anew here: what was overwritten above is not asked.
from runpy import run_module

run_module("lmteach.command.grading")["grade"]({id!r}, {name})
"""
CONFIG = """\
# Written by `lmteach nbgrader`. Each lesson with exercises is an assignment in the folder source.
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "lmteach"
# What stands in place of our solution in a learner's copy: a stub that runs.
c.ClearSolutions.code_stub = {"python": "..."}
# A cell that runs longer is interrupted, gives no points, and the next one is run.
c.ExecutePreprocessor.timeout = 300
c.ExecutePreprocessor.interrupt_on_timeout = True
"""
NEXT = """\
Each is an assignment for nbgrader. In {folder}:
    nbgrader generate_assignment {name}    makes the learners' copy, in release
    nbgrader autograde {name}              grades what lies in submitted/NAME/{name}
    nbgrader generate_feedback {name}      writes a page for each learner
docs/TEACHING.md goes through it."""


def write(folder, only=()):
    """Make a folder a course of nbgrader, and return the exit code. What is there is kept."""
    try:
        sources = chosen(only)
        lessons.refuse_the_source(folder)
        for name, source in sources.items():
            _assign(folder / "source" / source.stem, name, source)
        if not (folder / "nbgrader_config.py").exists():
            write_whole(folder / "nbgrader_config.py", CONFIG.encode())
    except (lessons.LessonError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{len(sources)} {'lesson was' if len(sources) == 1 else 'lessons were'} written: "
        f"{', '.join(path.stem for path in sources.values())}"
    )
    first = next(path.stem for path in sources.values())
    print(NEXT.format(folder=folder.resolve(), name=first))
    return 0


def _assign(place, name, source):
    """Write one assignment: the lesson, and the pictures and tables that lessons read."""
    notebook = read_notebook(source)
    notebook["cells"] = [part for cell in notebook["cells"] for part in _parts(cell)]
    write_whole(place / name, notebook_bytes(notebook))
    for other, path in lessons.shipped().items():
        if not other.endswith(".ipynb"):
            write_whole(place / other, path.read_bytes())


def _parts(cell):
    """A cell as nbgrader has it: an exercise with its marks, and the test of it."""
    if cell["cell_type"] != "code":
        return [cell]
    bare = {**cell, "outputs": [], "execution_count": None}
    text = "".join(cell["source"])
    if (asked := question(text)) is None:
        return [bare]
    number = asked.id.replace(".", "-")
    answer = {
        **bare,
        "source": answered(text, marked=True),
        "metadata": _metadata(f"answer-{number}", solution=True),
    }
    test = {
        **bare,
        "source": TEST.format(id=asked.id, name=asked.name).rstrip(),
        "metadata": _metadata(f"test-{number}", grade=True, locked=True, points=POINTS),
    }
    if "id" in cell:
        test["id"] = f"test-{number}"
    return [answer, test]


def _metadata(grade_id, **kind):
    """What nbgrader wants to know of a cell."""
    usual = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**usual, **kind, "grade_id": grade_id, "schema_version": SCHEMA}}
