"""Anybody's own formula: whether it is so, where it fails, and which change would mend it."""

import warnings
from functools import cached_property

import numpy as np

from ..checks import instance
from .dialects import course_latex
from .latex import RELATIONS, Unreadable, is_name, parse
from .latex import tokens_of as latex_tokens
from .meaning import Scene
from .numpy_line import numpy_line
from .plain import tokens_of as plain_tokens
from .scenes import scene as scene_of
from .slips import repairs
from .statements import chains, check, in_words, scenes, shapes
from .values import Layers, Numbered, Untrue

BESIDE = 2  # how many words on either side of a change are shown with it


def explain(formula, scene, expected=None):
    """Return an Explanation of a formula: whether it is so, and if not, where it fails.

    Parameters
    ----------
    formula : str
        LaTeX, or plain text: "(J'J + mu I) h = -g", "δ¹ = (W²ᵀ δ²) ∘ (1 − a¹²)",
        "delta[1] = (W[2].T @ delta[2]) * (1 - a[1]**2)".
    scene : str or function
        The tag of a displayed equation, such as "7.2", the name of a scene, or a function
        where(rng, change) that gives {name: value}.
    expected : str, optional
        LaTeX that says what is asked for. A formula that is so whatever the name on its left
        side is, such as h = h, is then not an answer.
    """
    instance("formula", formula, str, 'LaTeX or plain text, such as "g = J\' r"')
    return Explanation(formula, scene if callable(scene) else scene_of(scene), expected)


class Explanation:
    """What was found: `true`, `verdict`, `sentence`, `shapes`, and `repair` where it is asked for.

    `verdict` is "true", "untrue", "unreadable", or "beside the point": so, but no answer.
    """

    def __init__(self, formula, where, expected=None):
        self.formula, self._where, self._expected = formula, where, expected
        try:
            self._tokens = read_tokens(formula, Scene(where).values)
            self.verdict, self.sentence = self._judged(self._tokens)
        except Unreadable as error:
            self.verdict, self.sentence = "unreadable", f"This cannot be read: {error}."

    @property
    def true(self):
        """Whether the formula is so, and says what was asked for."""
        return self.verdict == "true"

    def __repr__(self):
        return self.sentence

    def _judged(self, tokens):
        """(verdict, sentence) of tokens."""
        error = None
        # In NumPy a vector is its own transpose; in LaTeX a row is no column.
        for one_dimensional in (False,) if "\\" in self.formula else (False, True):
            try:
                compared = _check(tokens, self._where, one_dimensional)
                if self._expected and (name := _not_said(tokens, self._where, self._expected)):
                    return "beside the point", (
                        f"This is so, but it does not say what {name} is: it stays so for any "
                        f"other {name}."
                    )
                return "true", f"True: {compared} comparisons."
            except Untrue as found:
                error = error or found
        return "untrue", f"Not so: {str(error).partition(': ')[2]}."

    @cached_property
    def shapes(self):
        """[(shape of a side in words, …), …] of every chain, where the sides have a value."""
        if self.verdict == "unreadable":
            return []
        scene = Scene(self._where)
        statements = parse(self._tokens, scene.known)
        return [tuple(s for _, s in shapes(x, in_words(scene, w))) for x, w in statements]

    @cached_property
    def repair(self):
        """The change of one token that makes it true, in words; None where none is found."""
        if self.verdict != "untrue":
            return None
        tokens = self._tokens
        equal = min((tokens.index(sign) for sign in RELATIONS if sign in tokens), default=0)
        found = repairs(tokens, Scene(self._where))
        for slip in sorted(found, key=lambda slip: slip.first < equal):  # the right side first
            try:
                if self._judged(slip.of(tokens))[0] == "true":
                    return self._in_words(slip)
            except Unreadable:
                continue
        return None

    def _in_words(self, slip):
        """What a change does to the formula: in LaTeX as it was written, else in NumPy."""
        if "\\" in self.formula:
            old, new = self._tokens, slip.of(self._tokens)
        else:
            old, new = (
                self._line(tokens).split() for tokens in (self._tokens, slip.of(self._tokens))
            )
        old, new = _where_they_differ(old, new)
        return f"It would be so with `{new}` in place of `{old}`."

    def _line(self, tokens):
        """Tokens as a line of NumPy."""
        scene = Scene(self._where)
        return ", ".join(
            numpy_line(statement, scene) for statement, _ in parse(tokens, scene.known)
        )


def _where_they_differ(old, new):
    """The words in which two lists differ, with those beside them."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    rest = shorter - start
    stop = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    start, stop = max(start - BESIDE, 0), max(stop - BESIDE, 0)
    return " ".join(old[start : len(old) - stop]), " ".join(new[start : len(new) - stop])


def read_tokens(formula, values):
    """Return the tokens of LaTeX, which has a backslash somewhere, or of plain text."""
    if "\\" not in formula:
        return plain_tokens(formula, values)
    return latex_tokens(course_latex(formula, values))


def _check(tokens, where, one_dimensional=False):
    """How much was compared; Untrue, Unreadable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # roots of negative numbers, and so on
        return check(lambda scene: parse(tokens, scene.known), where, one_dimensional)


def _not_said(tokens, where, expected):
    """The name that `expected` is about, if the formula is so whatever that name's value is."""
    for scene in scenes(where):
        (statement, words), *_ = parse(expected, scene.known)
        here = in_words(scene, words)
        name = _asked_for(next(chains(statement)))
        if name is None:
            return None
        for bound in here.places_of(name):
            key, other = _another(here, name, bound)

            def changed(rng, change, where=where, key=key, other=other):
                return _with(dict(where(rng, change)), key, other)

            changed.seeds = 1
            try:
                _check(tokens, changed)
            except (Untrue, Unreadable):
                continue
            return name[1]
    return None


def _with(values, key, other):
    """The values with another one of a name, also where a row has its own."""
    for name, inside in values.items():
        if isinstance(inside, dict) and key in inside:
            values[name] = inside | {key: other}
    return values | {key: other} if key in values else values


def _asked_for(chain):
    """The last name on the left side; μ ← asks for what comes after."""
    _, left, relation, *_ = chain
    if relation == "←":
        return ("name", f"{left[1]} after", *left[2:])
    found = [node for node in _nodes(left) if is_name(node)]
    return found[-1] if found and left[0] != "diff" else None


def _nodes(tree):
    """Every node of a tree, a name without what it wears."""
    if isinstance(tree, tuple) and tree:
        if isinstance(tree[0], str):
            yield tree
        if tree[0] != "name":
            for part in tree:
                yield from _nodes(part)


def _another(scene, name, bound):
    """(key, another value of that name); of one with layers, in its layer only."""
    _, key, _, superscript = name
    rng, value = np.random.default_rng(1), scene.values[key]
    if not isinstance(value, Numbered):
        return key, value + rng.normal(size=np.shape(value))
    if isinstance(value, Layers):
        turned = superscript[0] == "layer_top"
        layer = int(scene.of(superscript[1] if turned else superscript, bound))
    else:
        layer = value.first
    return key, value.with_one(layer, value[layer] + rng.normal(size=np.shape(value[layer])))
