"""Whether what a formula says is so: `read` for numbers, and `sides` for SymPy."""

import math

import numpy as np

from . import latex as grammar
from .latex import Unreadable, is_name
from .meaning import Scene, relations
from .values import TOLERANCE, Untrue, compare, shape_of, sized

SEEDS = 3  # for which a formula is read, unless its scene has `seeds`
HALVED = (1 / 256, 1 / 512)  # how small h becomes for O(hⁿ)
ROUGHLY = 0.3  # how far the n of O(hⁿ) may be from a whole number
ROUNDING = 1e-15
DIRECTIONS = 4  # in which a minimum is looked at


def read(latex, where):
    """Return how much of a formula was compared, after every statement in it was found true.

    Parameters
    ----------
    latex : str
        A displayed equation.
    where : function
        where(rng, change) gives {name: value}; it is asked at 3 seeds, or `where.seeds`.

    Raises Untrue with the two sides, and Unreadable for what is not in the grammar or has no
    value.
    """
    return check(lambda scene: grammar.parse(latex, scene.known), where)


def check(statements, where, one_dimensional=False):
    """Do the same for the statements that a function makes of a Scene.

    `one_dimensional`: a vector is its own transpose, as in NumPy.
    """
    done, seen = 0, {}
    for scene in scenes(where):
        scene.one_dimensional = one_dimensional
        for number, (statement, words) in enumerate(statements(scene), 1):
            tried = seen.setdefault(number, set())
            try:
                done += Statement(in_words(scene, words), tried).check(statement)
            except (Untrue, Unreadable) as error:
                raise type(error)(f"statement {number}: {error}") from None
            except (IndexError, TypeError, ValueError, ArithmeticError) as error:  # NumPy's words
                raise Untrue(f"statement {number}: {error}") from None
            except (KeyError, AttributeError, RecursionError) as error:
                raise Unreadable(f"statement {number}: {error}") from None
    for tried in seen.values():
        _enough(tried, "sharp" in scene.values)
    if not done:
        raise Unreadable("nothing was compared")
    return done


def scenes(where):
    """Yield the Scene at every seed."""
    for seed in range(getattr(where, "seeds", SEEDS)):
        yield Scene(where, seed)


def in_words(scene, words):
    """Return the scene with the values of "accepted:" or "row 2", where a row says so."""
    for word in words:
        if isinstance(scene.values.get(word), dict):
            scene = scene.having(scene.values[word])
    return scene


def _enough(tried, sharp):
    """Raise Untrue where what was tried says too little."""
    if sharp and "≤" in tried and "reached" not in tried:
        raise Untrue("≤ is nowhere =: a sharper bound holds")
    if "false" in tried and "true" not in tried:
        raise Untrue("what stands before ⇒ is true at no seed")
    if "⇔" in tried and not {"true", "false"} <= tried:
        raise Untrue("⇔ was tried only where both sides are true, or only where both are false")


def sides(latex, scene):
    """Return [(left, right), …] of every = in a formula, for SymPy: values may be symbols.

    `scene` is {name: value}, or such a function as `read` takes.
    """
    return [(left, right) for left, sign, right in compared(latex, scene) if sign == "="]


def compared(latex, scene):
    """Return [(left, relation, right), …] of a formula, as values."""
    scene, found = Scene(scene), []
    for statement, words in grammar.parse(latex, scene.known):
        here = in_words(scene, words)
        for chain in chains(statement):
            for bound in here.places_of(chain):
                found += _compared(here, chain, bound)
    return found


def chains(statement):
    """Yield the chains of a statement."""
    if statement[0] == "chain":
        yield statement
    elif statement[0] in ("if", "iff", "every"):
        for part in statement[1:]:
            yield from chains(part)


def _compared(scene, chain, bound):
    for left, relation, right in relations(chain):
        if not is_order(right):
            left, right = scene.of(left, bound), scene.of(right, bound)
            yield sized(left, right), relation, sized(right, left)


def is_order(node):
    """Return whether a side is … + O(hⁿ)."""
    return node[0] == "add" and node[2][0] == "times" and is_name(node[2][1], "O")


class Statement:
    """Checks one statement in a Scene; `seen` collects what was met on the way."""

    def __init__(self, scene, seen):
        self.scene, self.seen = scene, seen

    def check(self, statement):
        """Return how much was compared. Raises Untrue."""
        return getattr(self, "_" + statement[0])(*statement[1:])

    def with_scene(self, scene):
        """Return the same for another scene."""
        return Statement(scene, self.seen)

    def _chain(self, *parts):
        done, chain = 0, ("chain", *parts)
        for bound in self.scene.places_of(chain):
            for left, relation, right in relations(chain):
                self._relation(left, relation, right, bound)
                done += 1
        return done

    def _relation(self, left, relation, right, bound):
        if relation == "←":
            if not is_name(left):
                raise Unreadable("← to what is no name")
            left = ("name", f"{left[1]} after", *left[2:])
            self._needs_a_word(left[1])
        if relation == "≈" and right[0] == "number":
            self._rounded(left, right[1], bound)
        elif relation == "≈" or is_order(right):
            self._order(left, relation, right, bound)
        else:
            left, right = self.scene.of(left, bound), self.scene.of(right, bound)
            self.seen |= compare(left, relation, right)

    def _needs_a_word(self, key):
        """Unreadable with the words that say when, where a row has to begin with one."""
        words = [word for word in self.scene.values if word.endswith(":")]
        if key not in self.scene.values and words:
            raise Unreadable(f"it does not say when: begin with {' or '.join(words)}")

    def _every(self, name, statement):
        key = name[1]
        if key in self.scene.ranges:
            ranged = (self.scene.having({key: number}) for number in self.scene.ranges[key])
            return sum(self.with_scene(scene).check(statement) for scene in ranged)
        if f"for every {key}" not in self.scene.values:
            raise Unreadable(f"for every {key}")
        return self.with_scene(in_words(self.scene, [f"for every {key}"])).check(statement)

    def _if(self, premise, conclusion):
        """A premise that is false says nothing; it must be true at some seed."""
        true = self.holds(premise)
        self.seen.add("true" if true else "false")
        return 1 + self.check(conclusion) if true else 0

    def _iff(self, left, right):
        left, right = self.holds(left), self.holds(right)
        if left != right:
            raise Untrue(f"⇔: the left side is {left}, the right side {right}")
        self.seen |= {"⇔", "true" if left else "false"}
        return 1

    def holds(self, statement):
        """Return whether a statement is true."""
        try:
            Statement(self.scene, set()).check(statement)
        except Untrue:
            return False
        return True

    def _range(self, name, first, last):
        low, high = sorted((self.scene.whole(first), self.scene.whole(last)))
        if self.scene.range(name[1]) != range(low, high + 1):
            raise Untrue(f"{name[1]} goes from {low} to {high}")
        return 0

    def _min(self, name, body):
        """A body has its least value at the name's value: flat there, and higher around."""
        key, rng = name[1], np.random.default_rng(self.scene.seed)
        here = self.scene.values[key]

        def value(x):
            return self.scene.of(body, {key: x}).item()

        lowest = value(here)
        for _ in range(DIRECTIONS):
            direction = rng.normal(size=np.shape(here))
            slope = value(here + 1e-20j * direction).imag * 1e20
            if abs(slope) > TOLERANCE * (1 + abs(lowest)):
                raise Untrue(f"the slope in a direction is {slope:.3g}")
            if not value(here + direction) > lowest:
                raise Untrue("it is lower beside it")
        return 1

    def _rounded(self, left, digits, bound):
        value, places = self.scene.of(left, bound).item(), len(digits.partition(".")[2])
        if round(float(value), places) != float(digits):
            raise Untrue(f"{value:.6g} ≈ {digits}")

    def _order(self, left, relation, right, bound):
        """O(hⁿ): what is left over falls just as fast as hⁿ; ≈: as h²."""
        name, order = self.scene.values["small"], 2
        if relation != "≈":
            right, (_, _, small) = right[1], right[2]
            order = self._order_of(small, name)
        rest = []
        for t in HALVED:
            values = {**bound, name: t * np.asarray(self.scene.values[name])}
            left_over = self.scene.of(left, values) - self.scene.of(right, values)
            rest.append(np.abs(left_over).max())
        found = math.log2(rest[0] / rest[1]) if rest[1] > ROUNDING else math.inf
        if abs(found - order) > ROUGHLY:
            raise Untrue(f"it falls like {name}^{found:.2f}, not like {name}^{order}")

    def _order_of(self, small, name):
        """The n of O(hⁿ), O(‖h‖ⁿ)."""
        order = 1
        if small[0] == "power":
            small, order = small[1], self.scene.whole(small[2])
        elif is_name(small) and small[3]:
            order = self.scene.whole(small[3])
        small = small[1] if small[0] == "norm" else small
        if not is_name(small, name):
            raise Untrue(f"{name} is what becomes small here")
        return order


def shapes(statement, scene):
    """Return [(side of a chain, its shape in words), …] of a statement."""
    found = []
    for chain in chains(statement):
        for bound in list(scene.places_of(chain))[:1]:
            for side in chain[1::2]:
                try:
                    value = scene.of(side, bound)
                except (Untrue, Unreadable, IndexError, TypeError, ValueError):
                    continue
                found.append((side, shape_of(value)))
    return found
