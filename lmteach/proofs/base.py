"""What a proof and a displayed equation are, and the register of all of them."""

import inspect
import time
from dataclasses import dataclass, field
from functools import wraps

import numpy as np
import sympy as sp

from ..reading.latex import parse
from ..reading.meaning import Scene
from ..reading.numpy_line import numpy_line
from ..reading.scenes import scene as scene_of
from ..reading.statements import compared, read, sides
from .shown import as_html


class NotProved(AssertionError):
    """The two sides differ; the message holds the simplified difference."""


@dataclass(frozen=True)
class Equation:
    """One displayed equation: its number, its LaTeX, its proof, and the code that computes it."""

    tag: str  # "7.2", the second equation of lesson 07
    latex: str
    proof: str  # name of the prove_* function
    package: str  # what computes it, such as "Linearization.step"; "" where nothing does
    where: object = None  # the scene in which it is read, where it is not that of its tag

    @property
    def scene(self):
        """The scene in which it is read."""
        return self.where or scene_of(self.tag)

    def read(self):
        """Compare both sides of every relation in numbers; return how many were compared.

        Raises reading.Untrue where they differ.
        """
        return read(self.latex, self.scene)

    def as_numpy(self):
        """Return ([a line of NumPy for each statement, …], [what is only in words, …])."""
        scene = Scene(self.scene)
        said = parse(self.latex, scene.known)
        words = [word for _, row in said for word in row[1:]]
        lines = [numpy_line(statement, scene) for statement, _ in said]
        return lines, list(dict.fromkeys(words))

    def sides(self, scene):
        """Return [(left, right), …] of every = in it, for the values of a scene."""
        return sides(self.latex, scene)

    def least(self, scene):
        """Return what stands behind its min."""
        scene = Scene(scene)
        return scene.of(parse(self.latex, scene.known)[0][0][2])

    @property
    def lesson(self):
        """The lesson that displays the equation: "07", or "A"."""
        number = self.tag.partition(".")[0]
        return number.zfill(2) if number.isdigit() else number


@dataclass(frozen=True)
class Proof:
    """A statement that was checked, the shapes for which it was, and both sides compared."""

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
        """The sentence and, folded, both sides and how they were compared."""
        return as_html(self)


REGISTER = {}  # name of the prove_* function → the function
EQUATIONS = {}  # tag → Equation
DIGITS = 40  # with which a difference is evaluated at a random point
ROUNDING = sp.Float("1e-20", DIGITS)  # an entry no larger may be zero


def proves(equations=(), where=None, package="", lesson=""):
    """Register a prove_* function for displayed equations, and make it return a Proof.

    The function compares with `same`, `holds` or `close`, and returns what the last of them
    returned. Its docstring is the statement. One with a parameter is handed its Equations, by
    which it takes the sides from the LaTeX.

    Parameters
    ----------
    equations : dict
        {number: LaTeX} of the displayed equations.
    where : function, optional
        The scene in which they are read in numbers; that of their numbers unless given.
    package : str
        What computes them in the package, such as "Linearization.step".
    lesson : str
        The lesson of a statement without an equation.
    """

    def register(function):
        said = Said()
        prove = _proof_of(function, said)
        if prove.__name__ in REGISTER:
            raise ValueError(f"{prove.__name__} is taken: expected a new name")
        prove.lesson = lesson
        REGISTER[prove.__name__] = prove
        for tag, latex in dict(equations).items():
            said[tag] = also(tag, latex, prove, package, where)
        return prove

    return register


def also(tag, latex, prove, package="", where=None):
    """Register a displayed equation that an existing proof proves, such as one of page A."""
    if tag in EQUATIONS:
        raise ValueError(f"tag {tag!r} is taken by {EQUATIONS[tag].proof}: expected a new number")
    EQUATIONS[tag] = Equation(tag, latex, prove.__name__, package, where)
    return EQUATIONS[tag]


def again(tag, other):
    """Register a displayed equation that says what another one says, in the same words."""
    said = EQUATIONS[other]
    return also(tag, said.latex, REGISTER[said.proof], said.package, said.where)


class Said(dict):
    """The Equations of one proof, {tag: Equation}."""

    def same(self, scene, *tags, shapes, more=(), latex=None):
        """Check that what the LaTeX says is so for a scene of symbols: = as `same`, < as `holds`.

        Of these tags, all unless given; `more` are pairs to be checked as well; `latex` stands
        for theirs, where a piece of it has another name.
        """
        said = [latex] if latex else [self[tag].latex for tag in tags or self]
        found = [triple for one in said for triple in compared(one, scene)]
        pairs = [(left, right) for left, relation, right in found if relation == "="]
        signs = [x for x in found if x[1] in SIGNS]
        if signs:
            holds(*(_sign(*x) for x in signs), shapes=shapes)
        return same(*pairs, *more, shapes=shapes)


SIGNS = {"<": "is_negative", ">": "is_positive", "≤": "is_nonpositive", "≥": "is_nonnegative"}


def _sign(left, relation, right):
    """(sentence, truth) of an inequality."""
    left, right = sp.sympify(left.item()), sp.sympify(right.item())
    return f"{left} {relation} {right}", getattr(left - right, SIGNS[relation])


def same(*pairs, shapes):
    """Check that left = right exactly in every (left, right).

    The sides are matrices, expressions or object arrays; `shapes` says in words for which shapes
    this is checked. Raises NotProved with the simplified difference.
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
    """Check that every (sentence, truth) is true, with a truth from SymPy's logic.

    Raises NotProved with the sentence of one that is false or not decided.
    """
    for sentence, truth in claims:
        if truth not in (True, sp.true):
            raise NotProved(f"not true, or not decided: {sentence} ({truth})")
    return "SymPy", shapes, *claims[0]


def close(*pairs, shapes, tolerance=1e-9):
    """Check that numbers in every (left, right) agree up to a relative tolerance.

    Raises NotProved with the largest difference.
    """
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


def _proof_of(function, said):
    """The function, which returns what it compared, as one that returns a Proof."""
    given = (said,) if inspect.signature(function).parameters else ()

    @wraps(function)
    def prove():
        start = time.process_time()
        by, checked_for, left, right = function(*given)
        return Proof(
            name=prove.__name__,
            statement=prove.statement,
            checked_for=checked_for,
            by=by,
            left=left,
            right=right,
            seconds=time.process_time() - start,
            source=prove.source,
        )

    prove.given = given
    prove.statement = " ".join(function.__doc__.split())
    prove.source = _body(function)
    return prove


def _order(tag):
    lesson, _, number = tag.partition(".")
    return (0, int(lesson), int(number)) if lesson.isdigit() else (1, lesson, int(number))


def _matrix(side):
    """A matrix, expression, array or list as a SymPy matrix."""
    if isinstance(side, sp.MatrixBase):
        return side
    array = np.asarray(side, dtype=object)
    return sp.Matrix(array.reshape(len(array), -1)) if array.ndim else sp.Matrix([[array.item()]])


def _simplified(difference):
    """The difference, simplified as far as it takes to see whether it is zero.

    Expanding is enough for most, and fast. What is not zero at a random point is not zero.
    """
    # Most differences vanish whatever each tanh stands for.
    letters = {f: sp.Dummy() for f in difference.atoms(sp.tanh)}
    if difference.xreplace(letters).applyfunc(sp.expand) == sp.zeros(*difference.shape):
        return sp.zeros(*difference.shape)
    rest = difference.applyfunc(sp.expand)
    if rest == sp.zeros(*rest.shape) or _nonzero_somewhere(rest):
        return rest
    return rest.applyfunc(_simple)


def _simple(entry):
    return sp.cancel(entry) if entry.is_rational_function() else sp.simplify(entry)


def _nonzero_somewhere(matrix):
    """Whether an entry is not zero at a random point, computed with 40 digits."""
    rng = np.random.default_rng(0)
    symbols = sorted(matrix.free_symbols, key=str)
    point = {symbol: sp.Float(rng.uniform(0.5, 1.5), DIGITS) for symbol in symbols}
    values = [abs(entry.subs(point).evalf(DIGITS)) for entry in matrix]
    return any(value.is_number and value > ROUNDING for value in values)


def _body(function):
    """The source below the docstring."""
    source = inspect.cleandoc("\n" + inspect.getsource(function))
    return inspect.cleandoc("\n" + source.partition('"""')[2].partition('"""')[2])
