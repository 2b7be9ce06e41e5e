"""Run lessons again and clean them for committing: `python tests/notebooks.py [option] [names…]`.

Outputs and execution counts stay, because without them nbval has nothing to compare.
"""

import argparse
import hashlib
import os
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
import slides
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
VOLATILE = ("execution", "ExecuteTime", "collapsed", "scrolled", "trusted")


def main(arguments=None):
    """Run or check the named notebooks, all lessons unless one is named; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].replace("`", ""))
    parser.add_argument(
        "names", nargs="*", help="01, 01_residuals or a path; all lessons unless given"
    )
    parser.add_argument(
        "--check", action="store_true", help="only name the notebooks that are not clean"
    )
    parser.add_argument("--clean", action="store_true", help="clean without running")
    options = parser.parse_args(arguments)
    paths = [path for name in options.names or [""] for path in find(name)]
    if options.clean:
        return clean(paths)
    return check(paths) if options.check else run(paths)


def find(name):
    """The notebooks a name means: one path, or all lessons that begin with the name."""
    if Path(name).is_file():
        return [Path(name)]
    found = sorted(FOLDER.glob(f"{name.removesuffix('.ipynb')}*.ipynb"))
    if not found and name:
        sys.exit(f"There is no notebook {name} in {FOLDER}.")
    return found


def check(paths):
    """Name the notebooks that are not as this script writes them."""
    dirty = [path.name for path in paths if not is_clean(path)]
    for name in dirty:
        print(f"{name} is not clean: python tests/notebooks.py {name}")
    return 1 if dirty else 0


def clean(paths):
    """Write notebooks as they are committed, with the outputs that they have."""
    for path in paths:
        path.write_text(committed(path, read(path)), encoding="utf-8", newline="\n")
    return 0


def committed(path, notebook):
    """The text of a notebook as it is committed; a lecture's cells are marked as slides."""
    notebook = cleaned(notebook)
    if slides.is_lecture(path):
        slides.mark(notebook)
    return text(notebook)


def run(paths):
    """Run and clean one notebook after another; the first error, shown with its cell, ends it."""
    use_this_python()
    for path in paths:
        notebook = read(path)
        try:
            execute(notebook, path.resolve().parent)
        except CellExecutionError as error:
            print(
                f"{path.name} is left as it was, because this cell failed:\n{error}",
                file=sys.stderr,
            )
            return 1
        path.write_text(committed(path, notebook), encoding="utf-8", newline="\n")
        print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells run")
    return 0


def use_this_python():
    """Let the kernel python3 be this Python's, whatever other kernels are registered."""
    os.environ["JUPYTER_PATH"] = os.path.join(sys.prefix, "share", "jupyter")


def read(path):
    """A notebook as it is on the disk."""
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


def execute(notebook, folder):
    """Run every cell in the folder, each burst of printing as one output."""
    place = {"metadata": {"path": str(folder)}}
    options = {"timeout": 1200, "store_widget_state": False, "coalesce_streams": True}
    NotebookClient(notebook, kernel_name="python3", resources=place, **options).execute()


def cleaned(notebook):
    """A copy with nothing in it that differs from run to run or from computer to computer."""
    notebook = deepcopy(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell, name in zip(notebook.cells, cell_ids(notebook.cells), strict=True):
        cell.id = name
        for key in VOLATILE:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_closed_widget(output)]
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def is_closed_widget(output):
    """A widget without a still picture, such as a progress bar: nothing of it is worth keeping."""
    data = output.get("data", {})
    return WIDGET_VIEW in data and "image/png" not in data


def cell_ids(cells):
    """An id for each cell, from its source, so that it changes only where the lesson changes."""
    sources = [f"{cell.cell_type}\n{cell.source}" for cell in cells]
    twins = [sources[:place].count(source) for place, source in enumerate(sources)]
    names = [f"{source}\n{twin}" for source, twin in zip(sources, twins, strict=True)]
    return [hashlib.sha256(name.encode()).hexdigest()[:8] for name in names]


def text(notebook):
    """The one way a notebook is written: nbformat's, with a newline at the end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def is_clean(path):
    """Tell whether cleaning would change nothing."""
    return path.read_text(encoding="utf-8") == committed(path, read(path))


if __name__ == "__main__":
    sys.exit(main())
