"""A formula as the line of NumPy that says the same, for arrays as the package holds them."""

import re

import numpy as np

from .latex import TOP, Unreadable, is_name
from .values import Eye, Layers, Untrue

SUM, TERM, FACTOR, ATOM = range(4)  # how tightly a text holds together
RELATIONS = {"=": "==", "≤": "<=", "≥": ">=", "≠": "!=", "←": "="}
SPELLED = {"lambda": "lam", "theta*": "theta_best", "eta*": "eta_best"}
INFIX = {"star": (" * ", FACTOR), "hadamard": (" * ", FACTOR), "matmul": (" @ ", FACTOR)}
CALLS = {"norm": "norm", "size": "abs", "kron": "kron"}


def numpy_line(statement, scene):
    """Return one statement as a line of NumPy. Raises Unreadable where NumPy has no word."""
    kind, *parts = statement
    if kind == "chain":
        sides = [RELATIONS.get(x, x) if i % 2 else text_of(x, scene) for i, x in enumerate(parts)]
        return " ".join(sides)
    if kind in ("if", "iff"):
        return {"if": " ⇒ ", "iff": " ⇔ "}[kind].join(numpy_line(part, scene) for part in parts)
    if kind == "every":
        return f"{numpy_line(parts[1], scene)} for every {parts[0][1]}"
    if kind == "min":
        return f"min over {parts[0][1]}: {text_of(parts[1], scene)}"
    return f"{parts[0][1]} from {text_of(parts[1], scene)} to {text_of(parts[2], scene)}"


def text_of(node, scene):
    """Return an expression as NumPy."""
    return Speaker(scene).text(node)[0]


class Speaker:
    """Says a node in NumPy: (text, how tightly it holds together)."""

    def __init__(self, scene):
        self.scene = scene.having({key: numbers[0] for key, numbers in scene.ranges.items()})

    def text(self, node):
        """Return (text, level) of a node."""
        kind = node[0]
        if kind in INFIX:
            sign, level = INFIX[kind]
            return self.held(node[1], TERM) + sign + self.held(node[2], level), TERM
        if kind in CALLS:
            return f"{CALLS[kind]}({self.listed(node[1:])})", ATOM
        method = getattr(self, f"_{kind}", None)
        if method is None:
            raise Unreadable(f"NumPy has no word for {kind}")
        return method(*node[1:])

    def held(self, node, level):
        """Return a text that holds together at least so tightly."""
        text, own = self.text(node)
        return text if own >= level else f"({text})"

    def listed(self, nodes):
        """Return texts with commas between them."""
        return ", ".join(self.text(node)[0] for node in nodes)

    def value(self, node):
        """Return a node's value, None where it has none."""
        try:
            return self.scene.of(node)
        except (Untrue, Unreadable, IndexError, TypeError, ValueError):
            return None

    def _number(self, digits):
        return digits, ATOM

    def _name(self, key, subscripts, superscript):
        value, text = self.scene.values.get(key), SPELLED.get(key, key)
        text = re.sub("['^ ]", "_", re.sub(r"[{}()\\]", "", text))
        turned = superscript == TOP
        if isinstance(value, Layers) and superscript:
            turned = superscript[0] == "layer_top"
            text += f"[{self.text(superscript[1] if turned else superscript)[0]}]"
            value, superscript = value.values[-1], None
        if subscripts:
            text += f"[{self.listed(index for axis in subscripts for index in axis)}]"
        if turned:
            return text + (".T" if np.ndim(value) > 1 and not subscripts else ""), ATOM
        if superscript:
            return f"{text}**{self.held(superscript, ATOM)}", FACTOR
        return text, ATOM

    def _entry(self, node, subscripts):
        indices = self.listed(index for axis in subscripts for index in axis)
        return f"{self.held(node, ATOM)}[{indices}]", ATOM

    def _minus(self, node):
        return f"-{self.held(node, TERM)}", SUM

    def _add(self, left, right):
        return f"{self.held(left, SUM)} + {self.held(right, SUM)}", SUM

    def _subtract(self, left, right):
        return f"{self.held(left, SUM)} - {self.held(right, TERM)}", SUM

    def _times(self, left, right):
        if is_name(left, "O"):
            return f"O({self.text(right)[0]})", ATOM
        a, b = self.value(left), self.value(right)
        if any(x is None or isinstance(x, Eye) or np.ndim(x) == 0 for x in (a, b)):
            return f"{self.held(left, TERM)} * {self.held(right, FACTOR)}", TERM
        if np.shape(a)[1:] == (1,) and np.shape(b)[:1] == (1,):
            return f"outer({self.listed((left, right))})", ATOM
        return f"{self.held(left, TERM)} @ {self.held(right, FACTOR)}", TERM

    _dot = _octave = _times

    def _over(self, above, below):
        return f"{self.held(above, TERM)} / {self.held(below, FACTOR)}", TERM

    def _root(self, degree, node):
        return f"{'sqrt' if degree == '2' else 'cbrt'}({self.text(node)[0]})", ATOM

    def _power(self, node, superscript):
        if superscript != TOP:
            return f"{self.held(node, ATOM)}**{self.held(superscript, ATOM)}", FACTOR
        value = self.value(node)
        if value is not None and 1 in np.shape(value):
            return self.text(node)
        return f"{self.held(node, ATOM)}.T", ATOM

    def _vector(self, *entries):
        texts = ["…" if entry == ("dots",) else self.text(entry)[0] for entry in entries]
        return f"array([{', '.join(texts)}])", ATOM

    def _matrix(self, *rows):
        texts = [self.listed(row) for row in rows]
        return f"concatenate([{'; '.join(texts)}])", ATOM

    def _cases(self, *cases):
        (value, chain), (other, _) = cases
        condition = numpy_line(chain, self.scene)
        return f"where({condition}, {self.listed((value, other))})", ATOM

    def _sum(self, names, low, high, body):
        loops = " ".join(f"for {name}" for name in names)
        if low == "<":
            loops += f" if {names[0]} < {names[1]}"
        elif low is not None:
            loops += f" from {self.text(low)[0]} to {self.text(high)[0]}"
        return f"sum({self.text(body)[0]} {loops})", ATOM

    def _largest(self, name, body):
        return f"max({self.text(body)[0]} for {name})", ATOM

    def _call(self, key, *arguments):
        return f"{key.replace(chr(39), '_prime')}({self.listed(arguments)})", ATOM

    def _diff(self, body, names):
        return f"d({self.text(body)[0]}, by={self.listed(names)})", ATOM

    def _gradient(self, order, body, by):
        return f"{'grad' if order == 1 else 'hessian'}({self.text(body)[0]})", ATOM

    def _limit(self, name, to, body):
        end = "inf" if to == ("infinity",) else self.text(to)[0]
        return f"limit({self.text(body)[0]}, {self.text(name)[0]}, {end})", ATOM

    def _at(self, node, name, value):
        return f"{self.held(node, ATOM)} at {self.text(name)[0]} = {self.text(value)[0]}", SUM

    def _row(self, row, code):
        return f"row {self.text(row)[0]} of {self.text(code)[0]}", SUM

    def _code(self, text):
        return text, SUM
