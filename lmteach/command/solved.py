"""`lmteach solutions`: the lessons with every exercise solved, run from top to bottom."""

import importlib.util
import json
import subprocess
import sys

from . import lessons
from .answers import answered, question
from .files import notebook_bytes, read_notebook, write_whole
from .lab import prefer_this_kernel
from .versions import install
from .views import drop_views

CELL_SECONDS = 1200  # the longest cell takes one of them on a slow computer
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# Asked of the kernel after an exercise's cell, behind the learner's back: is the answer right?
ASK = """
import json
from lmteach.exercises import check as _ours
print(json.dumps(_ours({id!r}, {name}).right))
"""


def write(folder, only=()):
    """Write the solved lessons into a folder, say what each check says, return the exit code."""
    if missing := [name for name in ("nbclient", "ipykernel") if not _is_there(name)]:
        return _fail(
            f"To run the lessons, {' and '.join(missing)} must be installed: "
            f"{install(' '.join(missing))}"
        )
    prefer_this_kernel()
    try:
        sources = chosen(only)
        lessons.refuse_the_source(folder)
        folder.mkdir(parents=True, exist_ok=True)
        copy_pictures(folder)
        failures = [name for name, source in sources.items() if not _solve(folder, name, source)]
    except (lessons.LessonError, OSError) as error:
        return _fail(str(error))
    if failures:
        return _fail(f"Not every check is right in {', '.join(failures)}.")
    print(f"Every check is right. The solved lessons are in {folder.resolve()}.")
    return 0


def _is_there(module):
    return importlib.util.find_spec(module) is not None


def _fail(sentence):
    print(sentence, file=sys.stderr)
    return 1


def chosen(only):
    """Return the paths of the lessons that have exercises by their names.

    With `only`, of those that are named in it. Raises LessonError for a name that is no lesson, or
    whose lesson asks nothing.
    """
    files = lessons.shipped()
    asking = {
        name: path for name, path in files.items() if name.endswith(".ipynb") and questions(path)
    }
    wanted = {name for word in only for name in lessons.named(word, asking)}
    return {name: path for name, path in asking.items() if not only or name in wanted}


def questions(path):
    """Return the Question of each exercise in a lesson, in their order."""
    cells = [cell for cell in read_notebook(path)["cells"] if cell["cell_type"] == "code"]
    found = (question("".join(cell["source"])) for cell in cells)
    return [one for one in found if one is not None]


def copy_pictures(folder):
    """Copy what the lessons show and read beside them."""
    for name, path in lessons.shipped().items():
        if not name.endswith(".ipynb"):
            write_whole(folder / name, path.read_bytes())


def _solve(folder, name, source):
    """Write one solved lesson and say which exercises are right; tell whether all are."""
    from nbclient.exceptions import CellControlSignal

    notebook = read_notebook(source)
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and question(text):
            cell["source"] = answered(text)
    print(f"{name}: ", end="", flush=True)
    try:
        verdicts = _run(notebook, folder)
    except CellControlSignal as error:
        print(f"a cell cannot be run.\n{error}")
        return False
    write_whole(folder / name, notebook_bytes(notebook))
    print(", ".join(f"{id} {'right' if right else 'NOT RIGHT'}" for id, right in verdicts.items()))
    return all(verdicts.values())


def _run(notebook, folder):
    """Run a notebook, given as JSON, in the folder; return whether each exercise is right.

    Its cells get their outputs and counts, without what only lives as long as the kernel. Raises
    CellControlSignal where a cell fails or takes too long.
    """
    import nbformat
    from nbclient import NotebookClient

    run = nbformat.reads(json.dumps(notebook), as_version=4)
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        run, kernel_name="python3", resources=place, timeout=CELL_SECONDS, coalesce_streams=True
    )
    verdicts = {}
    with client.setup_kernel(stderr=subprocess.DEVNULL):
        for number, cell in enumerate(run.cells):
            client.execute_cell(cell, number)
            if cell.cell_type == "code" and (asked := question(cell.source)):
                verdicts[asked.id] = _is_right(client, asked)
    for cell, ran in zip(notebook["cells"], run.cells, strict=True):
        _keep(cell, ran)
    drop_views(notebook)
    return verdicts


def _is_right(client, asked):
    from nbformat.v4 import new_code_cell

    cell = new_code_cell(ASK.format(id=asked.id, name=asked.name))
    client.nb.cells.append(cell)
    client.execute_cell(cell, len(client.nb.cells) - 1, store_history=False)
    client.nb.cells.pop()
    return json.loads(cell.outputs[-1]["text"].splitlines()[-1]) is True


def _keep(cell, ran):
    """Take outputs over, except widgets without a picture, such as a progress bar."""
    if cell["cell_type"] != "code":
        return
    kept = [output for output in ran.outputs if not _is_bare_widget(output)]
    cell.update(outputs=json.loads(json.dumps(kept)), execution_count=ran.execution_count)


def _is_bare_widget(output):
    data = output.get("data", {})
    return WIDGET_VIEW in data and "image/png" not in data
