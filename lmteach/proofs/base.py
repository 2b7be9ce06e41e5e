"""What a proof is, how it is written down, and the register of all of them."""

import inspect
import re
import time
from dataclasses import dataclass, field
from functools import wraps
from html import escape

import numpy as np
import sympy as sp


class NotProved(AssertionError):
    """The two sides differ; the message holds the simplified difference."""


@dataclass(frozen=True)
class Equation:
    """One displayed equation: its number, its LaTeX, the proof under it, and the package's function that it is."""

    tag: str  # "7.2", the second equation of lesson 07
    latex: str
    proof: str  # name of the prove_* function
    twin: str  # "Linearization.step", or "" where the package has no such function

    @property
    def lesson(self):
        """The lesson that displays it: "07", or "A"."""
        number = self.tag.partition(".")[0]
        return number.zfill(2) if number.isdigit() else number


@dataclass(frozen=True)
class Proof:
    """That a statement was checked, for which shapes, and both sides of what was compared."""

    name: str
    statement: str
    checked_for: str
    by: str
    left: object = field(repr=False)
    right: object = field(repr=False)
    seconds: float = field(repr=False, compare=False)
    source: str = field(repr=False)

    @property
    def latex(self):
        """Both sides as LaTeX."""
        return f"{sp.latex(self.left)} = {sp.latex(self.right)}"

    def __str__(self):
        return f"{self.statement} Checked with {self.by} for {self.checked_for}."

    __repr__ = __str__

    def _repr_html_(self):
        """The sentence, for notebooks."""
        said = f"Checked with {escape(self.by)} for {escape(self.checked_for)}."
        return f"<p>{escape(self.statement)} <strong>{said}</strong></p>"


IDENTITY = re.compile(
    r" \(P\d+\w?(, P\d+\w?)*\)"
)  # the design's number of an identity, of no use to a reader
REGISTER = {}  # name of the prove_* function → the function
EQUATIONS = {}  # tag → Equation


def proves(equations=(), twin="", lesson=""):
    """Register a prove_* function for the displayed equations {tag: LaTeX}, and make it return a Proof.

    The function compares with `same`, `holds` or `close` and returns what the last of them returned; its docstring is
    the statement. `lesson` is named only where no equation does.
    """

    def register(function):
        @wraps(function)
        def prove():
            start = time.process_time()
            by, checked_for, left, right = function()
            seconds = time.process_time() - start
            return Proof(
                prove.__name__,
                IDENTITY.sub("", prove.__doc__),
                checked_for,
                by,
                left,
                right,
                seconds,
                prove.source,
            )

        if prove.__name__ in REGISTER:
            raise ValueError(f"{prove.__name__} is taken: expected a new name")
        prove.source, prove.lesson = _body(function), lesson
        REGISTER[prove.__name__] = prove
        for tag, latex in dict(equations).items():
            also(tag, latex, prove, twin)
        return prove

    return register


def also(tag, latex, prove, twin=""):
    """Register a displayed equation that is the statement of an existing proof, such as one on the page A."""
    if tag in EQUATIONS:
        raise ValueError(f"tag {tag!r} is taken by {EQUATIONS[tag].proof}: expected a new number")
    EQUATIONS[tag] = Equation(tag, latex, prove.__name__, twin)


def same(*pairs, shapes):
    """Nothing left over: every (left, right) is equal exactly; `shapes` says for what, in words.

    Matrices, expressions and object arrays alike. Raises NotProved with the simplified difference.
    """
    for left, right in pairs:
        left, right = _matrix(left), _matrix(right)
        if left.shape != right.shape:
            raise NotProved(f"the sides have shapes {left.shape} and {right.shape}")
        rest = _simplified(left - right)
        if rest != sp.zeros(*rest.shape):
            raise NotProved(f"left − right = {rest[0] if rest.shape == (1, 1) else rest}")
    return "SymPy", shapes, *pairs[0]


def holds(*claims, shapes):
    """Every claim, a (sentence, truth) with truth from SymPy's logic, is true. Raises NotProved with the sentence."""
    for sentence, truth in claims:
        if truth not in (True, sp.true):
            raise NotProved(f"not true, or not decided: {sentence} ({truth})")
    return "SymPy", shapes, *claims[0]


def close(*pairs, shapes, tolerance=1e-9):
    """Every (left, right) agrees to a relative tolerance, for numbers. Raises NotProved with the largest difference."""
    for left, right in pairs:
        left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
        if left.shape != right.shape:
            raise NotProved(f"the sides have shapes {left.shape} and {right.shape}")
        off, size = np.abs(left - right).max(), np.abs(right).max()
        if not off <= tolerance * size:
            raise NotProved(f"left − right = up to {off:.3g}, beside {size:.3g}")
    return "numbers", shapes, *pairs[0]


def equations():
    """Every displayed equation, in the order of the course."""
    return [EQUATIONS[tag] for tag in sorted(EQUATIONS, key=_order)]


def _order(tag):
    lesson, _, number = tag.partition(".")
    return (0, int(lesson), int(number)) if lesson.isdigit() else (1, lesson, int(number))


def _matrix(side):
    """A SymPy matrix of anything."""
    if isinstance(side, sp.MatrixBase):
        return side
    array = np.asarray(side, dtype=object)
    return sp.Matrix(array.reshape(len(array), -1)) if array.ndim else sp.Matrix([[array.item()]])


def _simplified(difference):
    """Zero where it is: expanding is enough for most, and faster; what is no zero at a random point is not zero."""
    letters = {
        f: sp.Dummy() for f in difference.atoms(sp.tanh)
    }  # most differences vanish whatever these stand for
    if difference.xreplace(letters).applyfunc(sp.expand) == sp.zeros(*difference.shape):
        return sp.zeros(*difference.shape)
    rest = difference.applyfunc(sp.expand)
    if rest == sp.zeros(*rest.shape) or _nonzero_somewhere(rest):
        return rest
    return rest.applyfunc(
        lambda entry: sp.cancel(entry) if entry.is_rational_function() else sp.simplify(entry)
    )


def _nonzero_somewhere(matrix):
    rng = np.random.default_rng(0)
    point = {
        symbol: sp.Float(rng.uniform(0.5, 1.5), 40)
        for symbol in sorted(matrix.free_symbols, key=str)
    }
    values = [abs(entry.subs(point).evalf(40)) for entry in matrix]
    return any(value.is_number and value > sp.Float("1e-20", 40) for value in values)


def _body(function):
    """The lines below the docstring."""
    source = inspect.cleandoc("\n" + inspect.getsource(function))
    return inspect.cleandoc("\n" + source.partition('"""')[2].partition('"""')[2])
