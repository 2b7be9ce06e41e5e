"""The values that names have in a formula, and arithmetic with them.

A vector is a column n×1, so that a forgotten ᵀ is a wrong shape; entries may be SymPy's.
"""

import numpy as np
import sympy as sp

from ..checks import holds_symbols

TOLERANCE = 1e-7  # the largest relative difference of two sides that are equal
NOTHING = 1e-3  # beside what a side counts as 0 within TOLERANCE
STEP = 1e-3  # of a difference at five points


class Untrue(AssertionError):
    """The formula says something that is not so for these values."""


class Numbered:
    """Values counted from `first`; a subscript picks one: n_l."""

    def __init__(self, first, values):
        self.first, self.values = first, list(values)

    def __getitem__(self, index):
        place = int(index) - self.first
        if not 0 <= place < len(self.values):
            last = self.first + len(self.values) - 1
            raise Untrue(f"there is no number {int(index)}: they go from {self.first} to {last}")
        return self.values[place]

    def with_one(self, index, value):
        """Return the same with another value at one place."""
        values = list(self.values)
        values[int(index) - self.first] = value
        return type(self)(self.first, values)


class Layers(Numbered):
    """Values counted from `first`; a superscript picks one: aˡ⁻¹, Wˡ⁺¹ᵀ."""


class Eye:
    """c·I, of whatever size is asked for."""

    def __init__(self, c=1):
        self.c = c

    def sized(self, n):
        """Return it n×n."""
        return self.c * np.eye(n, dtype=int)


class Stack:
    """Blocks one below the other, such as [J; √μ I]: a 0 or an I among them needs no size."""

    def __init__(self, blocks):
        self.blocks = blocks

    def joined(self):
        """Return the blocks as one array, where each has a size."""
        if any(
            isinstance(block, Eye) or block.ndim < 2 and is_zero(block) for block in self.blocks
        ):
            raise Untrue("one of these blocks has no size of its own")
        return np.concatenate([np.atleast_2d(block) for block in self.blocks])


def column(value):
    """Return a vector as a column; anything else as an array."""
    return value[:, None] if np.ndim(value) == 1 else np.asarray(value)


def plain(value):
    """Return it as the package takes it: vectors (n,), and scalars."""
    value = np.asarray(value)
    return value[:, 0] if is_column(value) else value[()]


def is_column(value):
    """Return whether it is n×1."""
    return np.ndim(value) == 2 and np.shape(value)[1] == 1


def is_zero(value):
    """Return whether it is the number 0, which may stand for an array of any shape."""
    return isinstance(value, np.ndarray) and value.ndim == 0 and bool(value == 0)


def is_exact(value):
    """Return whether it is SymPy's."""
    if isinstance(value, Numbered):
        return is_exact(value.values[-1])
    is_array = isinstance(value, np.ndarray)
    return isinstance(value, sp.Basic) or is_array and holds_symbols(value)


def shape_of(value):
    """Return the shape in words."""
    shape = np.shape(value)
    if isinstance(value, Eye | Stack) or not shape:
        return {Eye: "I", Stack: "blocks"}.get(type(value), "a number")
    return " × ".join(map(str, shape))


def entry(value, places):
    """Return the entry at 0-based places, or the block where these are arrays."""
    value = value[:, 0] if is_column(value) else value
    if any(isinstance(place, np.ndarray) for place in places):
        return value[np.ix_(*places)]
    inside = [0 <= p < n for p, n in zip(places, value.shape, strict=False)]
    if len(places) > value.ndim or not all(inside):
        numbers = ", ".join(str(place + 1) for place in places)
        raise Untrue(f"there is no entry {numbers} in {shape_of(column(value))}")
    return value[places]


def times(left, right):
    """Return the product: of matrices, or with a number."""
    if isinstance(left, Stack):
        return Stack([times(block, right) for block in left.blocks])
    if isinstance(right, Stack):
        if np.ndim(left):
            return times(left, right.joined())
        return Stack([times(left, block) for block in right.blocks])
    if isinstance(left, Eye) or isinstance(right, Eye):
        return _times_eye(left, right)
    if not left.ndim or not right.ndim:
        return np.asarray(left * right)
    if left.shape[1] != right.shape[0]:
        raise Untrue(f"{shape_of(left)} times {shape_of(right)} is not defined")
    product = left @ right
    return np.asarray(product[0, 0]) if product.shape == (1, 1) else product


def _times_eye(left, right):
    if isinstance(left, Eye) and isinstance(right, Eye):
        return Eye(left.c * right.c)
    eye, other = (left, right) if isinstance(left, Eye) else (right, left)
    return eye.c * other if other.ndim else Eye(eye.c * other)


def add(left, right):
    """Return the sum; a number is added to every entry."""
    if isinstance(left, Stack) and isinstance(right, Stack):
        return Stack([add(a, b) for a, b in zip(left.blocks, right.blocks, strict=True)])
    if isinstance(left, Eye) and isinstance(right, Eye):
        return Eye(left.c + right.c)
    if is_zero(left) or is_zero(right):
        return right if is_zero(left) else left
    left, right = sized(left, right), sized(right, left)
    if isinstance(left, Stack | Eye) or isinstance(right, Stack | Eye):
        raise Untrue(f"{shape_of(left)} + {shape_of(right)} is not defined")
    if left.shape != right.shape and left.ndim and right.ndim:
        raise Untrue(f"{shape_of(left)} + {shape_of(right)} is not defined")
    return np.asarray(left + right)


def sized(value, other):
    """Return c·I, or 0, as large as the other needs it; all else as it is."""
    if isinstance(value, Stack) and isinstance(other, np.ndarray):
        return value.joined()
    if isinstance(value, Eye) and np.ndim(other) == 2:
        return value.sized(len(other))
    if is_zero(value) and np.ndim(other):
        return np.zeros(np.shape(other), dtype=int)
    return value


def hadamard(left, right):
    """Return left ∘ right, entry by entry; of a matrix and a column, column j times entry j."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Eye) and is_column(other):
            return one.c * np.diag(other[:, 0])
        if np.ndim(one) == 2 and (one.shape[1], 1) == np.shape(other) != one.shape:
            return one * other.T
    if np.shape(left) != np.shape(right):
        raise Untrue(f"{shape_of(left)} ∘ {shape_of(right)} is not defined")
    return left * right


def over(above, below):
    """Return above / below."""
    if isinstance(above, Eye):
        return Eye(above.c / below)
    if isinstance(below, Eye) or below.ndim and below.shape != above.shape:
        raise Untrue(f"{shape_of(above)} over {shape_of(below)} is not defined")
    return above / (below if is_exact(below) or is_exact(above) else below * 1.0)


def top(value):
    """Return the transpose."""
    return value if isinstance(value, Eye) or not value.ndim else value.T


def power(value, exponent):
    """Return a square matrix' power, or that of every entry."""
    if not isinstance(value, np.ndarray) or np.ndim(exponent):
        raise Untrue(f"a power of {shape_of(value)} with {shape_of(exponent)}")
    if value.ndim == 2 and value.shape[0] == value.shape[1] > 1:
        if is_exact(value):
            return np.array((sp.Matrix(value) ** int(exponent)).tolist(), dtype=object)
        return np.linalg.matrix_power(value, int(exponent))
    exponent = exponent.item()
    whole_negative = isinstance(exponent, int) and exponent < 0 and not is_exact(value)
    return (value * 1.0 if whole_negative else value) ** exponent


def norm(value):
    """Return ‖value‖ of a column or a stack."""
    blocks = value.blocks if isinstance(value, Stack) else [value]
    if any(block.ndim and not is_column(block) for block in blocks):
        raise Untrue(f"‖·‖ is of a vector here, not of {shape_of(blocks[0])}")
    return root(np.asarray(sum((block * block).sum() for block in blocks)))


def root(value, degree=2):
    """Return the root of every entry."""
    if is_exact(value):
        return np.vectorize(lambda x: sp.root(x, degree), otypes=[object])(value)
    return np.sqrt(value) if degree == 2 else value ** (1 / degree)


def logarithm(value):
    """Return ln of every entry."""
    return np.asarray(sp.log(value.item())) if is_exact(value) else np.log(value)


def tanh(value):
    """Return tanh of every entry."""
    return np.asarray(sp.tanh(value.item())) if is_exact(value) else np.tanh(value)


def cosine(first, second):
    """Return the cosine of the angle between two vectors."""
    lengths = norm(first) * norm(second)
    return np.asarray((first * second).sum() / lengths)


def diagonal(value):
    """Return diag(v) of a vector, and a matrix' diagonal as a diagonal matrix."""
    return np.diag(value[:, 0]) if is_column(value) else np.diag(np.diag(value))


def largest(*values):
    """Return the largest number."""
    return np.asarray(max(value.item() for value in values))


def exponential(value):
    """Return e to the power of every entry."""
    return np.asarray(sp.exp(value.item())) if is_exact(value) else np.exp(value)


def total(value):
    """Return the sum of all entries."""
    return np.asarray(value.sum())


def outer(first, second):
    """Return first secondᵀ of two vectors."""
    return times(first, top(second))


FUNCTIONS = {
    "ln": logarithm, "tanh": tanh, "cos": cosine, "diag": diagonal, "max": largest,
    "sqrt": root, "norm": norm, "abs": abs, "exp": exponential, "sum": total, "outer": outer,
    "cosine": cosine,
}  # fmt: skip


def five_points(f):
    """Return f′(0) by differences at five points."""
    near, far = f(STEP) - f(-STEP), f(2 * STEP) - f(-2 * STEP)
    return np.asarray((8 * near - far) / (12 * STEP))


def compare(left, relation, right):
    """Return what was seen of a ≤: {"≤"}, with "reached" where it is =. Raises Untrue."""
    left, right = sized(left, right), sized(right, left)
    if isinstance(left, Stack | Eye) or isinstance(right, Stack | Eye):
        raise Untrue(f"{shape_of(left)} {relation} {shape_of(right)}: I and blocks have no size")
    if left.shape != right.shape:
        raise Untrue(f"the left side is {shape_of(left)}, the right side {shape_of(right)}")
    if relation in ("=", "≠", "←"):
        return _compare_equal(left, relation, right)
    if left.ndim:
        raise Untrue(f"{relation} between arrays ({shape_of(left)})")
    return _compare_order(np.real(left), relation, np.real(right))


def _compare_equal(left, relation, right):
    off = np.abs(left - right)
    size = max(np.abs(left).max(), np.abs(right).max(), NOTHING)
    equal = bool(off.max() <= TOLERANCE * size)
    if equal == (relation != "≠"):
        return set()
    if equal:
        raise Untrue("the sides are equal")
    place = np.unravel_index(np.argmax(np.nan_to_num(off, nan=np.inf)), off.shape)
    numbers = ", ".join(str(p + 1) for p in place[: 1 if is_column(left) else None])
    at = f"entry {numbers} is " if place else ""
    raise Untrue(f"{at}{left[place]:.4g} on the left and {right[place]:.4g} on the right")


def _compare_order(left, relation, right):
    if not np.isfinite([left, right]).all():
        raise Untrue(f"{left:.4g} {relation} {right:.4g}")
    slack = TOLERANCE * max(abs(left), abs(right))
    true = {
        "<": left < right, ">": left > right,
        "≤": left <= right + slack, "≥": left >= right - slack,
    }[relation]  # fmt: skip
    if not true:
        raise Untrue(f"{left:.4g} {relation} {right:.4g}")
    if relation in "<>":
        return set()
    return {"≤", "reached"} if abs(left - right) <= slack else {"≤"}
