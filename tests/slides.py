"""Which cell of the lecture is a slide: the marks that `nbconvert --to slides` goes by.

A section is a slide; each equation and each figure of it is one below. What a class reads at home
stays off: checks by SymPy, cells that print nothing, exercises, sources.
"""

import re

LECTURES = ("A_",)  # how the names of lessons begin that are held as lectures
AT_HOME = ("Exercises", "Discuss", "Sources")
SECTION = re.compile(r"^##? (.*)$", re.M)
OF_SYMPY = re.compile(r"\bsp\.|\bNetworkOn\w+\(")
PROOF = re.compile(r"\bprove_\w+\(")
WORDS = 45  # a text of more words stands on a slide of its own


def is_lecture(path):
    """Tell whether a lesson is held as a lecture."""
    return path.name.startswith(LECTURES)


def mark(notebook):
    """Give every cell of a notebook its place among the slides."""
    at_home = False
    for cell in notebook.cells:
        titles = SECTION.findall(cell.source) if cell.cell_type == "markdown" else []
        if titles:
            at_home = titles[-1].startswith(AT_HOME)
        kind = "skip" if at_home else _kind(cell, bool(titles))
        cell.metadata["slideshow"] = {"slide_type": kind}


def _kind(cell, begins):
    """`slide` begins a section, `subslide` goes on below it, `-` stays on the same one."""
    if cell.cell_type == "markdown":
        if begins:
            return "slide"
        return "subslide" if "$$" in cell.source or len(cell.source.split()) > WORDS else "-"
    if _has_picture(cell):
        return "subslide"
    printed = any(output.output_type == "stream" for output in cell.outputs)
    checks = OF_SYMPY.search(cell.source) or (PROOF.search(cell.source) and not printed)
    shows = cell.outputs or cell.source.startswith(("def ", "my_guess"))
    return "-" if shows and not checks else "skip"


def _has_picture(cell):
    return any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
