r"""LaTeX as others write it, in the course's own: J^T is J^\top, \mathbf{h} is h, \odot \circ."""

import re
from itertools import cycle

from .plain import NAMES

LETTERS = {letter: rf"\{name} " for letter, name in NAMES.items() if not letter.isascii()}
SIGNS = {
    "½": r"\frac12 ", "−": "-", "∘": r"\circ ", "⊙": r"\circ ", r"\odot": r"\circ ",
    r"\dfrac": r"\frac", r"\displaystyle": "", "$": "", "^⊤": r"^\top ", "ᵀ": r"^\top ",
}  # fmt: skip
FONT = re.compile(r"\\(?:math(?:rm|bf|sf|it)|boldsymbol|bm)\s*(?:\{\s*(\\?\w+)\s*\}|(\w))")
DIAG = re.compile(r"\\(?:text|mathrm)\s*\{\s*diag\s*\}|(?<!\{)\\?\bdiag\b")
LAYER = re.compile(r"\^\s*\{\s*\((\d)\)")  # W^{(2)}
GROUP = re.compile(r"(?<![\w}^_])\{([^{}]*\^(?:\{[^{}]*\}|\w))\}\s*\^")  # {W^2}^T
TURNED = re.compile(r"\^\s*(?:\{([^{}]*?),?\s*(?:T|\\intercal)\s*\}|(?:T|\\intercal\b))")
BARS = re.compile(r"\\\||\\Vert\b|‖")


def course_latex(latex, values):
    """Return LaTeX with the course's commands in the place of others'.

    T is a transposition where it has no value of its own.
    """
    for sign, ours in (LETTERS | SIGNS).items():
        latex = latex.replace(sign, ours)
    latex = DIAG.sub(lambda _: r"\operatorname{diag}", latex)
    latex = LAYER.sub(r"^{\1", FONT.sub(_upright, latex))
    latex = GROUP.sub(r"(\1)^", latex)
    if "T" not in values:
        latex = TURNED.sub(lambda found: rf"^{{{found[1] or ''}\top}} ", latex)
    bars = cycle((r"\lVert ", r"\rVert "))
    return BARS.sub(lambda _: next(bars), latex)


def _upright(found):
    """The content of a font command: a name as it is, a word as \\text."""
    content = found[1] or found[2]
    is_word = len(content) > 1 and content[0] != "\\"
    return rf"\text{{{content}}}" if is_word else f"{content} "
