"""How a notebook shows a proof: its sentence and, folded, both sides and how they were compared."""

from html import escape

import numpy as np
import sympy as sp

SHORT, LONGEST = 240, 1400  # characters of LaTeX: of a whole equation, and of one entry of it
MOST, ZERO = 8, 1e-10  # numbers that are printed, and what is rounding among them


def as_html(proof):
    """Return a Proof as HTML."""
    said = f"Checked with {escape(proof.by)} for {escape(proof.checked_for)}."
    sentence = f"<p>{escape(proof.statement)} <strong>{said}</strong></p>"
    lines = "".join(f'<p style="overflow-x: auto">{line}</p>' for line in both_sides(proof))
    source = f"<pre>{escape(proof.source)}</pre>"
    folded = f"<summary>Both sides, and how they were compared</summary>{lines}{source}"
    return f"{sentence}<details>{folded}</details>"


def both_sides(proof):
    """Return what a Proof compared first, as lines of HTML with LaTeX between $.

    All of it, or one entry of large matrices.
    """
    left, right = proof.left, proof.right
    if isinstance(left, str):
        return [f"{escape(left)}: true"]
    if proof.by == "numbers":
        return [_numbers(left), f"= {_numbers(right)}"]
    left, right = _matrix(left), _matrix(right)
    if left.shape == (1, 1):
        return _lines(left[0], right[0], proof.name)
    if len(_latex(left, right)) <= SHORT:
        return _lines(left, right, proof.name)
    (i, j), (rows, columns) = _entry(left, right), left.shape
    where = f"Both sides are {rows} × {columns}. Entry ({i}, {j}), counted from 0:"
    return [where, *_lines(left[i, j], right[i, j], proof.name)]


def _entry(left, right):
    """Where the first entry stands that is short and not 0; else the shortest one."""
    lengths = {at: len(_latex(left[at], right[at])) for at in np.ndindex(left.shape) if left[at]}
    short = (at for at, length in lengths.items() if length <= SHORT)
    return next(short, min(lengths, key=lengths.get, default=(0, 0)))


def _lines(left, right, name):
    if len(_latex(left, right)) <= SHORT:
        return [f"${escape(_latex(left, right))}$"]
    if len(_latex(left, right)) <= LONGEST:
        return [f"${escape(sp.latex(left))}$", f"$= {escape(sp.latex(right))}$"]
    return [f"Too long to print: <code>{name}().left</code> and <code>.right</code> hold them."]


def _latex(left, right):
    return f"{sp.latex(left)} = {sp.latex(right)}"


def _matrix(side):
    """A matrix, expression, array or list as a SymPy matrix."""
    rows = np.array(side, dtype=object)
    return sp.Matrix(rows.reshape(len(rows), -1) if rows.ndim else [[rows.item()]])


def _numbers(side):
    """The first numbers of an array, to three digits: further ones differ between computers."""
    numbers = np.asarray(side, dtype=float).ravel()
    said = ", ".join(f"{x:.3g}" if abs(x) > ZERO else "0" for x in numbers[:MOST])
    return said + ", …" * (len(numbers) > MOST)
