"""How a notebook shows a proof: its sentence, both sides, and the source of the comparison."""

from dataclasses import replace

import pytest
import sympy as sp

from lmteach.proofs.damping import prove_limits
from lmteach.proofs.shown import LONGEST, both_sides

x, y = sp.symbols("x y")


@pytest.fixture(scope="module")
def proof():
    return prove_limits()


def of(proof, left, right, by="SymPy"):
    """What is shown of two sides."""
    return both_sides(replace(proof, left=left, right=right, by=by))


def test_all_of_it_in_one_piece(proof):
    html = proof._repr_html_()
    sentence, folded = html.split("<details>")
    assert proof.statement.split()[0] in sentence and "Checked with SymPy" in sentence
    assert "<summary>Both sides" in folded and "$" in folded and "<pre>" in folded
    assert proof.source.splitlines()[0].split("(")[0] in folded


def test_two_short_sides_stand_in_one_line(proof):
    assert of(proof, x**2, x * x) == ["$x^{2} = x^{2}$"]


def test_long_sides_stand_in_two_lines(proof):
    long = sp.Add(*sp.symbols("long_name:40"))
    left, right = of(proof, long, long + y)
    assert left.startswith("$long") and right.startswith("$= ") and "y" in right


def test_too_long_sides_are_not_printed(proof):
    longer = sp.Add(*sp.symbols(f"long_name:{LONGEST // 10}"))
    (line,) = of(proof, longer, longer)
    assert line.startswith("Too long") and "prove_limits().left" in line


def test_of_large_matrices_a_short_entry_that_is_not_zero(proof):
    long = sp.Add(*sp.symbols("long_name:40"))
    where, line = of(proof, sp.Matrix([[0, long], [long, x]]), sp.Matrix([[0, long], [long, y]]))
    assert "2 × 2" in where and "Entry (1, 1)" in where and line == "$x = y$"


def test_numbers_have_three_digits_and_no_rounding(proof):
    sides = [0.123456, 1e-17, True], [0.1234567, -1e-17, True]
    assert of(proof, *sides, by="numbers") == ["0.123, 0, 1", "= 0.123, 0, 1"]
    assert of(proof, range(9), range(9), by="numbers")[0] == "0, 1, 2, 3, 4, 5, 6, 7, …"


def test_a_sentence_that_is_true(proof):
    assert of(proof, "0 < η", True) == ["0 &lt; η: true"]
