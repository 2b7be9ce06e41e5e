"""The page that lists every numbered equation with its proof."""

from itertools import groupby

from ..checks import one_of
from .base import EQUATIONS, REGISTER, equations


class Page:
    """Rows (number, LaTeX, name of the proof, what computes it in the package) of each lesson.

    A statement without an equation has neither number nor LaTeX. A notebook shows the page as
    Markdown tables; its repr is plain lines.
    """

    def __init__(self, lessons):
        self.lessons = lessons  # lesson → its rows

    def __len__(self):
        return sum(map(len, self.lessons.values()))

    def __repr__(self):
        rows = [row for rows in self.lessons.values() for row in rows]
        tags, proofs = (max((len(row[i]) for row in rows), default=0) for i in (0, 2))
        lines = [f"{tag:>{tags}}  {proof:<{proofs}}  {package}" for tag, _, proof, package in rows]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_markdown_(self):
        return "\n\n".join(
            f"### Lesson {lesson}\n\n{_table(rows)}" for lesson, rows in self.lessons.items()
        )


def every_equation(lesson=None):
    """A Page of every equation and its proof, in the order of the course; or of one lesson's.

    Statements without an equation come last in their lesson. Raises ValueError for a lesson in
    which nothing is proved.
    """
    rows = [(e.lesson, e.tag, e.latex, e.proof, e.package) for e in equations()]
    rows += [(prove.lesson, "", "", name, "") for name, prove in _in_words().items()]
    rows.sort(key=lambda row: (not row[0].isdigit(), row[0]))  # stable: equations stay in order
    by_lesson = groupby(rows, key=lambda row: row[0])
    lessons = {name: [row[1:] for row in group] for name, group in by_lesson}
    if lesson is None:
        return Page(lessons)
    return Page({lesson: lessons[one_of("lesson", lesson, tuple(lessons))]})


def _in_words():
    """The proofs of statements without a displayed equation."""
    shown = {equation.proof for equation in EQUATIONS.values()}
    return {name: prove for name, prove in REGISTER.items() if name not in shown}


def _table(rows):
    head = "| | equation | read as | only in words | proof | in the package |"
    lines = [head, "|---|---|---|---|---|---|"]
    for tag, latex, proof, package in rows:
        number, code = tag and f"({tag})", package and f"`{package}`"
        said = _inline(latex) if latex else REGISTER[proof].statement.replace("|", r"\|")
        as_numpy, words = EQUATIONS[tag].as_numpy() if tag else ((), ())
        read_as, in_words = "<br>".join(f"`{line}`" for line in as_numpy), ", ".join(words)
        lines.append(f"| {number} | {said} | {read_as} | {in_words} | `{proof}` | {code} |")
    return "\n".join(lines)


def _inline(latex):
    """A displayed equation for a Markdown table: in one line, and without |, which ends a cell."""
    line = " ".join(latex.split()).replace(r"\|", r"\Vert ").replace("|", r"\vert ")
    return rf"$\displaystyle {line}$"
