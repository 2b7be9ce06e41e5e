"""The page of all equations lists each of them once, in order, in well-formed Markdown tables."""

import re

import pytest

from lmteach.proofs import EQUATIONS, REGISTER, equations
from lmteach.proofs.page import every_equation


def cells(row):
    """The cells of a row of a Markdown table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def table_rows(page):
    return [line for line in page._repr_markdown_().splitlines() if line.startswith("|")]


def test_every_equation_stands_there_once_and_in_order():
    shown = [
        match[1]
        for row in table_rows(every_equation())
        if (match := re.match(r"\| \((\w+\.\d+)\) ", row))
    ]
    assert shown == [equation.tag for equation in equations()]


def test_every_proof_is_named():
    text = repr(every_equation())
    assert all(re.search(rf"\b{name}\b", text) for name in REGISTER)
    assert len(text.splitlines()) == len(every_equation()) >= len(EQUATIONS)


def test_each_row_has_six_cells_and_no_line_break():
    assert {len(cells(row)) for row in table_rows(every_equation())} == {6}


def test_each_equation_is_there_as_numpy():
    rows = [cells(row) for row in table_rows(every_equation("07"))[2:]]
    assert all(row[2].startswith("`") and row[2].endswith("`") for row in rows)
    assert rows[1][2] == "`J.T @ (r + J @ h) + mu * h == 0`<br>`(J.T @ J + mu * I) @ h == -g`"
    assert cells(table_rows(every_equation("06"))[7])[3] == "if, is straight"


def test_one_lesson():
    page = every_equation("01")
    assert [cells(row)[0] for row in table_rows(page)[2:]] == [f"(1.{n})" for n in range(1, 9)]
    assert "### Lesson 01" in page._repr_markdown_() and "Lesson 02" not in page._repr_markdown_()


def test_statements_in_words_come_last(monkeypatch):
    def prove_in_words():
        """Said, and displayed nowhere."""

    prove_in_words.lesson, prove_in_words.statement = "01", prove_in_words.__doc__
    monkeypatch.setitem(REGISTER, "prove_in_words", prove_in_words)
    rows = [cells(row) for row in table_rows(every_equation("01"))[2:]]
    assert rows[-1] == ["", "Said, and displayed nowhere.", "", "", "`prove_in_words`", ""]
    assert all(row[0] for row in rows[:-1])


@pytest.mark.parametrize(
    ("lesson", "error"), [("99", ValueError), ("1", ValueError), (1, TypeError)]
)
def test_an_unknown_lesson(lesson, error):
    with pytest.raises(error, match="lesson = .*expected one of '01'"):
        every_equation(lesson)
