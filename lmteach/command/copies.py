"""A learner's copy of a shipped file: a lesson that asks something comes without its outputs."""

import re

from .files import Damaged, notebook_bytes, read_notebook

# A guess before a figure, or an exercise: its cell assigns my_guess, or calls check.
ASKS = re.compile(r"^my_\w+ = None\b|\bcheck\(", re.M)


def learners_copy(source):
    """Return the bytes of a shipped file as a learner gets it.

    The repository keeps what the cells have printed and drawn; in a lesson that asks for a guess,
    that would stand below the question. A page that asks nothing keeps it.
    """
    if source.suffix != ".ipynb":
        return source.read_bytes()
    try:
        notebook = read_notebook(source)
    except Damaged:  # whoever reads it is told
        return source.read_bytes()
    return notebook_bytes(notebook) if _drop_outputs(notebook) else source.read_bytes()


def _drop_outputs(notebook):
    """Take the outputs and counts out of a notebook that asks something; tell if any was there."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if not any(ASKS.search("".join(cell["source"])) for cell in cells):
        return False
    ran = [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
    for cell in ran:
        cell.update(outputs=[], execution_count=None)
    return bool(ran)
