"""The page that lists every numbered equation with its proof."""

from itertools import groupby

from ..checks import one_of
from .base import EQUATIONS, REGISTER, equations


class Page:
    """Rows (number, LaTeX, name of the proof, the package's function), lesson by lesson; words where no LaTeX is.

    It shows itself as Markdown tables, in which Jupyter sets the LaTeX, and as plain lines.
    """

    def __init__(self, lessons):
        self.lessons = lessons  # lesson → its rows

    def __len__(self):
        return sum(map(len, self.lessons.values()))

    def __repr__(self):
        rows = [row for rows in self.lessons.values() for row in rows]
        wide = [max((len(row[i]) for row in rows), default=0) for i in (0, 2)]
        lines = [f"{tag:>{wide[0]}}  {proof:<{wide[1]}}  {twin}" for tag, _, proof, twin in rows]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_markdown_(self):
        return "\n\n".join(
            f"### Lesson {lesson}\n\n{_table(rows)}" for lesson, rows in self.lessons.items()
        )


def every_equation(lesson=None):
    """Every numbered equation in the order of the course, and what is proved in words only; or one lesson's.

    Raises ValueError for a lesson in which nothing is proved.
    """
    rows = [(e.lesson, e.tag, e.latex, e.proof, e.twin) for e in equations()]
    rows += [(prove.lesson, "", "", name, "") for name, prove in _in_words().items()]
    rows.sort(
        key=lambda row: (not row[0].isdigit(), row[0])
    )  # stable: equations stay in order, words come last
    lessons = {
        name: [row[1:] for row in group] for name, group in groupby(rows, key=lambda row: row[0])
    }
    return Page(
        lessons if lesson is None else {lesson: lessons[one_of("lesson", lesson, tuple(lessons))]}
    )


def _in_words():
    """Proofs under no displayed equation."""
    shown = {equation.proof for equation in EQUATIONS.values()}
    return {name: prove for name, prove in REGISTER.items() if name not in shown}


def _table(rows):
    lines = ["| | equation | proof | in the package |", "|---|---|---|---|"]
    for tag, latex, proof, twin in rows:
        said = _inline(latex) if latex else REGISTER[proof].__doc__.replace("|", r"\|")
        lines.append(f"| {tag and f'({tag})'} | {said} | `{proof}` | {twin and f'`{twin}`'} |")
    return "\n".join(lines)


def _inline(latex):
    """A displayed equation as it may stand in a table: in one line, without the sign that ends a cell."""
    line = " ".join(latex.split()).replace(r"\|", r"\Vert ").replace("|", r"\vert ")
    return rf"$\displaystyle {line}$"
