"""What a formula's tree says in a scene, where every name has a value.

`where(rng, change)` gives {name: value}. A quantity by which the formula differentiates, or which
goes to a limit, passes through `change(name, value, layer)` before anything is computed from it:
that is all a derivative needs. Indices start at "first", 1 unless the scene says otherwise.
"""

import itertools

import numpy as np
import sympy as sp

from . import values as v
from .latex import TOP, Parser, Unreadable, is_name
from .plain import tokens_of
from .values import Eye, Layers, Numbered, Stack, Untrue

TINY = 1e-20  # the imaginary part of a complex step
NEAR = 1e-3 * 0.5 ** np.arange(4)  # how near a limit is tried
ARGUMENT = ("name", "its argument", None, None)


def unchanged(name, value, layer=None):
    """Return the value."""
    return value


class Scene:
    """The values at one seed, and what a tree says for them."""

    def __init__(self, where, seed=0):
        self.where = where if callable(where) else lambda rng, change: where
        self.seed, self.differences, self.one_dimensional = seed, False, False
        self.runs = {}  # what `where` gave for each small change
        self.values = self.run(unchanged)
        self.ranges = {key: x for key, x in self.values.items() if isinstance(x, range)}

    def run(self, change):
        """Return the values with some of them changed."""
        return dict(self.where(np.random.default_rng(self.seed), change))

    @property
    def known(self):
        """The keys that are read as one word, and "f()" for every f that is called."""
        words = {k for k in self.values if len(k) > 1 and (k.isidentifier() or "_{" in k)}
        calls = {k for k in self.values if k.endswith("()")} | {f"{k}()" for k in v.FUNCTIONS}
        return words | calls | {call.replace("'", "") for call in calls}

    def having(self, more):
        """Return the same scene with more or other values."""
        scene = object.__new__(Scene)
        scene.__dict__.update(self.__dict__)
        scene.values = {**self.values, **more}
        return scene

    def places_of(self, tree):
        """Yield {index: number} for all values of the free indices in a tree."""
        names = sorted({key for key in free_names(tree) if key in self.ranges})
        names = [name for name in names if isinstance(self.values[name], range)]
        for numbers in itertools.product(*(self.ranges[name] for name in names)):
            yield dict(zip(names, numbers, strict=True))

    def of(self, node, bound=None):
        """Return the value of a node, with some names bound."""
        scene = self.having(bound) if bound else self
        method = getattr(scene, "_" + node[0], None)
        if method is None:
            raise Unreadable(f"{node[0]} where a value should be")
        value = method(*node[1:])
        return value if isinstance(value, Eye | Stack) else np.asarray(value)

    def whole(self, node):
        """Return the value of a node that has to be a whole number."""
        value = self.of(node)
        if value.ndim or value != np.round(value):
            raise Untrue(f"{v.shape_of(value)} where a whole number is needed")
        return int(value)

    # names

    def _number(self, digits):
        return np.asarray(float(digits) if "." in digits else int(digits))

    def _name(self, key, subscripts, superscript):
        if key == "I" and key not in self.values:
            return Eye()
        if key not in self.values:
            raise Unreadable(f"{key} has no value here")
        value = self.values[key]
        if isinstance(value, dict | range | str) or callable(value):
            raise Unreadable(f"{key} is no quantity")
        if isinstance(value, Layers):
            value, superscript = self.layer(key, value, superscript)
        elif isinstance(value, Numbered):
            if not subscripts:
                raise Unreadable(f"{key} with which number?")
            value, subscripts = value[self.of(subscripts[0][0])], subscripts[1:]
        value = np.asarray(value)
        value = v.column(v.entry(value, self.places(subscripts)) if subscripts else value)
        return self._raised(value, superscript) if superscript else value

    def layer(self, key, value, superscript):
        """Return (the layer's value, what is left of the superscript)."""
        if superscript in (None, TOP):
            raise Unreadable(f"{key} of which layer?")
        turned = superscript[0] == "layer_top"
        layer = superscript[1] if turned else superscript
        return value[self.whole(layer)], TOP if turned else None

    def places(self, subscripts):
        """Return 0-based places; two indices on one axis are i·m + k."""
        first, found = self.values.get("first", 1), []
        for axis in subscripts:
            numbers = [self.of(index) - first for index in axis]
            if numbers[0].ndim:  # (JᵀJ)_{W, W}: where W stands in θ
                found.append(numbers[0].ravel())
            elif len(numbers) == 1:
                found.append(int(numbers[0]))
            else:
                found.append(int(numbers[0] * self.values["m"] + numbers[1]))
        return tuple(found)

    def _entry(self, node, subscripts):
        return v.column(v.entry(self.of(node), self.places(subscripts)))

    def _row(self, row, code):
        return v.column(self.of(code)[self.whole(row) - self.values.get("first", 1)])

    def _code(self, text):
        """NumPy's line, in which vectors have one dimension."""
        scene = self.having({})
        scene.one_dimensional = True
        return scene.of(Parser(tokens_of(text, self.values), self.known).sum())

    # arithmetic

    def _power(self, node, superscript):
        return self._raised(self.of(node), superscript)

    def _raised(self, value, superscript):
        if superscript == TOP:
            return self.turned(value)
        return v.power(value, self.of(superscript))

    def turned(self, value):
        """Return the transpose; NumPy's of one dimension is the same again."""
        return value if self.one_dimensional and v.is_column(value) else v.top(value)

    def _minus(self, node):
        return v.times(np.asarray(-1), self.of(node))

    def _add(self, left, right):
        return self.added(self.of(left), self.of(right))

    def _subtract(self, left, right):
        return self.added(self.of(left), self._minus(right))

    def added(self, left, right):
        """Return the sum; NumPy adds a vector to every row."""
        is_table = np.ndim(left) == 2 and not v.is_column(left)
        if self.one_dimensional and v.is_column(right) and is_table:
            right = np.broadcast_to(right.T, np.shape(left))
        return v.add(left, right)

    def _times(self, left, right):
        return v.times(self.of(left), self.of(right))

    def _dot(self, left, right):
        left, right = self.of(left), self.of(right)
        return v.times(v.top(left) if v.is_column(left) else left, right)

    def _over(self, above, below):
        above, below = self.of(above), self.of(below)
        if self.exact and above.dtype == below.dtype == int and not above.ndim:
            return sp.Rational(above.item(), below.item())
        return v.over(above, below)

    @property
    def exact(self):
        """Whether the values are SymPy's."""
        return any(v.is_exact(value) for value in self.values.values())

    def _hadamard(self, left, right):
        return v.hadamard(self.of(left), self.of(right))

    def _star(self, left, right):
        """NumPy's *: a number times anything, else entry by entry."""
        left, right = self.of(left), self.of(right)
        numbers = any(isinstance(x, np.ndarray) and not x.ndim for x in (left, right))
        return v.times(left, right) if numbers else v.hadamard(left, right)

    def _octave(self, left, right):
        """Octave's *, a product of matrices; of two columns, which have none, entry by entry."""
        left, right = self.of(left), self.of(right)
        columns = v.is_column(left) and np.shape(left) == np.shape(right)
        return v.hadamard(left, right) if columns else v.times(left, right)

    def _matmul(self, left, right):
        """NumPy's @, where a vector has one dimension, or that of columns."""
        left, right = self.of(left), self.of(right)
        if v.is_column(left) and v.is_column(right) and left.shape == right.shape:
            return v.times(left.T, right)
        if self.one_dimensional and v.is_column(left) and np.ndim(right) == 2:
            return v.column(np.ravel(v.times(left.T, right)))
        return v.times(left, right)

    def _kron(self, left, right):
        return np.kron(self.of(left), self.of(right))

    def _norm(self, node):
        return v.norm(self.of(node))

    def _size(self, node):
        return abs(self.of(node))

    def _root(self, degree, node):
        return v.root(self.of(node), int(degree))

    def _vector(self, *entries):
        if ("dots",) in entries:  # … repeats the entry before it, until there are P
            at, missing = entries.index(("dots",)), self.values["P"] - len(entries) + 1
            entries = [*entries[:at], *[entries[at - 1]] * missing, *entries[at + 1 :]]
        return np.array([[self.of(entry).item() for entry in entries]])

    def _matrix(self, *rows):
        cells = [[self.of(cell) for cell in row] for row in rows]
        if not any(isinstance(cell, Eye) or cell.size > 1 for row in cells for cell in row):
            return np.array([[cell.item() for cell in row] for row in cells])
        if {len(row) for row in cells} == {1}:
            return Stack([row[0] for row in cells])
        if len(cells) > 1:
            raise Unreadable("a table of blocks")
        return v.column(np.concatenate([np.ravel(cell) for cell in cells[0]]))

    # sums, cases, functions

    def _sum(self, names, low, high, body):
        if names == (None,):  # Σ without an index: the only one in its body
            names = tuple(sorted({key for key in free_names(body) if key in self.ranges}))
        total = np.asarray(0)
        for place in self.summed(names, low, high):
            total = v.add(total, self.of(body, place))
        return total

    def summed(self, names, low, high):
        """Return [{index: number}, …] that a Σ goes over."""
        if low == "<":
            pairs = itertools.product(*map(self.range, names))
            return [dict(zip(names, pair, strict=True)) for pair in pairs if pair[0] < pair[1]]
        if low is None:
            return [{names[0]: number} for number in self.range(names[0])]
        numbers = range(self.whole(low), self.whole(high) + 1)
        if names[0] in self.ranges and self.ranges[names[0]] != numbers:
            raise Untrue(f"{names[0]} goes over {list(self.ranges[names[0]])}, not {list(numbers)}")
        return [{names[0]: number} for number in numbers]

    def range(self, name):
        """Return what an index goes over."""
        if name not in self.ranges:
            raise Unreadable(f"nobody says what {name} goes over")
        return self.ranges[name]

    def _largest(self, name, body):
        return v.largest(*(self.of(body, {name: number}) for number in self.range(name)))

    def _cases(self, *cases):
        for value, condition in cases:
            if condition is None or self.holds(condition):
                return self.of(value)
        raise Untrue("none of the cases")

    def holds(self, chain):
        """Return whether every relation of a chain holds."""
        try:
            for left, relation, right in relations(chain):
                v.compare(self.of(left), relation, self.of(right))
        except Untrue:
            return False
        return True

    def _call(self, key, *arguments):
        values = [self.of(argument) for argument in arguments]
        name = key.rstrip("'")
        if f"{key}()" in self.values:
            function = self.values[f"{key}()"]
            return v.column(np.asarray(function(*map(v.plain, values))))
        function = self.values.get(f"{name}()") or v.FUNCTIONS.get(name)
        if function is None:
            raise Unreadable(f"{name} is no function here")
        if key == name:
            return v.column(np.asarray(function(*values)))
        return np.asarray(derived(function, len(key) - len(name))(v.plain(values[0])))

    # derivatives and limits

    def _at(self, node, name, value):
        return self.changed(name[1], None, lambda _: v.plain(self.of(value))).of(node)

    def _limit(self, name, to, body):
        variable = self.of(name).item()
        end = None if to == ("infinity",) else self.of(to).item()
        if isinstance(variable, sp.Symbol):
            end = sp.oo if end is None else sp.sympify(end)
            limit = lambda x: sp.limit(x, variable, end)  # noqa: E731
            return np.vectorize(limit, otypes=[object])(self.of(body))
        near = [1 / t if end is None else end + t for t in NEAR]
        found = [self.changed(name[1], None, lambda _, x=x: x).of(body) for x in near]
        for factor in (2, 4, 8):  # Richardson: t, t² and t³ fall out
            found = [(factor * b - a) / (factor - 1) for a, b in itertools.pairwise(found)]
        return found[0]

    def _gradient(self, order, body, by):
        if body[0] == "call" and len(body) == 3 and is_name(by, "theta"):  # ∇F(x) is ∇F there
            there = self.having({ARGUMENT[1]: v.plain(self.of(body[2]))})
            return there._diff((*body[:2], ARGUMENT), [ARGUMENT] * order)
        return self._diff(body, [by] * order)

    def _diff(self, body, names):
        first, *rest = names
        inner = (lambda scene: scene._diff(body, rest)) if rest else (lambda scene: scene.of(body))
        key, layer, shape, place = self.variable(first)
        if place is not None:
            return self.slope(inner, key, layer, place)
        parts = [self.slope(inner, key, layer, each) for each in np.ndindex(shape)]
        if parts[0].ndim == 0:  # of a number: the variable's shape
            found = v.column(np.array([part.item() for part in parts]).reshape(shape))
            return found
        if len(shape) == 1 and parts[0].shape[1] == 1:  # of a column: a column for each entry
            return np.concatenate(parts, axis=1)
        raise Unreadable("the derivative of a matrix")

    def variable(self, name):
        """Return (key, layer, shape of the whole, 0-based place of an entry or None)."""
        _, key, subscripts, superscript = name
        if key not in self.values:
            raise Unreadable(f"{key} has no value here")
        value, layer = self.values[key], None
        if isinstance(value, Layers) and superscript:
            layer = self.whole(superscript)
            value = value[layer]
        shape = np.shape(value)
        if subscripts:
            return key, layer, shape, self.places(subscripts)
        return key, layer, shape, None if shape else ()

    def slope(self, inner, key, layer, place):
        """Return the derivative of `inner` by one entry, by SymPy or a complex step."""
        value = self.values[key]
        entry = np.asarray(value if layer is None else value[layer])
        if len(place) != entry.ndim:
            raise Untrue(f"{key} has {entry.ndim} indices, not {len(place)}")
        if isinstance(entry[place], sp.Symbol):
            by = lambda x: sp.diff(x, entry[place])  # noqa: E731
            return np.vectorize(by, otypes=[object])(inner(self))

        def moved(by):
            return inner(self.changed(key, layer, lambda x: bumped(x, place, by), (place, by)))

        if self.differences:  # a difference inside a complex step
            return v.five_points(moved)
        return np.asarray(np.imag(moved(TINY * 1j)) / TINY)

    def changed(self, key, layer, how, by=None):
        """Return the scene in which a quantity, and all that is computed from it, is changed.

        `by` tells the change from others, where it is small and will be asked for again.
        """
        scene = self.having({})
        scene.runs, scene.differences = {}, self.differences or by is not None
        scene.where, seen = self.where_changed(key, layer, how)
        if by is None or (key, layer, by) not in self.runs:
            found = scene.run(unchanged)
            if seen == [] and layer is None:
                found[key] = how(self.values[key])  # nothing is computed from it
            elif not seen:
                raise Unreadable(f"{key} of layer {layer} does not pass through change")
            self.runs[key, layer, by] = found
        numbers = {k: x for k, x in self.values.items() if isinstance(x, int)}  # bound indices
        scene.values = {**self.values, **self.runs[key, layer, by], **numbers}
        return scene

    def where_changed(self, key, layer, how):
        """Return (where with that change, a list of the times that it was made)."""
        seen, outer = [], self.where

        def where(rng, more):
            def change(name, value, number=None):
                if (name, number) == (key, layer):
                    seen.append(name)
                    value = how(value)
                return more(name, value, number)

            return outer(rng, change)

        return where, seen


def relations(chain):
    """Yield (left, relation, right) for each relation of a chain."""
    parts = chain[1:]
    yield from zip(parts[::2], parts[1::2], parts[2::2], strict=False)


def free_names(node):
    """Yield every key in a tree that no Σ or max binds."""
    if not isinstance(node, tuple):
        return
    bound = {"sum": node[1:2], "largest": (node[1:2],)}.get(node[0] if node else "", ((),))[0]
    if node and node[0] == "name":
        yield node[1]
    for part in node:
        yield from (name for name in free_names(part) if name not in bound)


def derived(function, order):
    """Return the derivative of that order, by differences."""
    if not order:
        return function
    lower = derived(function, order - 1)
    return lambda x: v.five_points(lambda e: lower(x + e))


def bumped(value, place, by):
    """Return a copy with one entry moved."""
    value = np.array(value, dtype=np.result_type(np.asarray(value).dtype, type(by)))
    v.entry(value, place)  # there is one
    value[place] += by
    return value if value.ndim else value[()]
