"""A vocabulary of slips: an exercise names those that are likely, and two of them compose.

A slip changes one thing of the right answer: a part of its recipe, its arguments, or its result.
A recipe is the reference once more, with its parts as keyword arguments: `damped_system(J, r, mu,
right=…)` is the right step until a part is exchanged. Two slips that change different things
are tried together.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from .compare import numbers
from .running import copied


@dataclass(frozen=True)
class Slip:
    """One mistake: what it changes, and what the learner is told.

    Attributes
    ----------
    sentence : str
        What the learner is told.
    parts : dict
        Parts of the recipe that are exchanged: its keyword arguments.
    before : function, optional
        before(*arguments) gives the arguments that the recipe gets in place of the right ones.
    after : function, optional
        after(result, *arguments) gives the wrong result from the right one.
    instead : function, optional
        Takes the recipe's place as a whole.
    """

    sentence: str
    parts: dict = field(default_factory=dict)
    before: Callable = None
    after: Callable = None
    instead: Callable = None

    def fits(self, other):
        """Whether the two change different things."""
        if self.instead and (other.instead or other.parts) or other.instead and self.parts:
            return False
        if self.before and other.before:
            return False
        return not set(self.parts) & set(other.parts)


def part(sentence, **parts):
    """A slip in parts of the recipe."""
    return Slip(sentence, parts=parts)


def instead(wrong, sentence):
    """A slip that is a function, or a value, of its own."""
    return Slip(sentence, instead=wrong if callable(wrong) else lambda: wrong)


def handed(sentence, before):
    """A slip in what the recipe is given, such as r with its sign flipped."""
    return Slip(sentence, before=before)


def turned(sentence, after):
    """A slip in what is done with the right result, such as a transposition."""
    return Slip(sentence, after=after)


def compose(recipe, slips):
    """The function that makes these mistakes, all at once."""
    parts = {name: value for slip in slips for name, value in slip.parts.items()}
    base = next((slip.instead for slip in slips if slip.instead), recipe)
    befores = [slip.before for slip in slips if slip.before]
    afters = [slip.after for slip in slips if slip.after]

    def wrong(*arguments):
        given = arguments
        for before in befores:
            given = before(*given)
        result = base(*given, **parts)
        for after in afters:
            result = after(result, *arguments)
        return result

    return wrong


def quietly(function, arguments):
    """What the function gives; None where it fails or numbers leave their range."""
    try:
        with np.errstate(all="ignore"):
            return function(*copied(arguments))
    except Exception:
        return None


def recognised(recipe, slips, behaves):
    """The slips, one or two, with which the recipe behaves like the answer; () where none do."""
    for found in slips:
        if behaves(compose(recipe, (found,))):
            return (found,)
    for pair in combinations(slips, 2):
        if pair[0].fits(pair[1]) and behaves(compose(recipe, pair)):
            return pair
    return ()


def told(slips):
    """What the learner is told about one slip, or about two."""
    if len(slips) == 1:
        return slips[0].sentence
    return f"Two things at once. One: {slips[0].sentence} The other: {slips[1].sentence}"


# What any result may suffer


def of_result(what, names=()):
    """The slips that any function's result may have: sign, factor, order, table for flat."""
    if not names:
        return tuple(_common(what, lambda change: change))
    found = list(_common("Every value", lambda change: _in_all(change)))
    for place, name in enumerate(names):
        found += _common(name, lambda change, place=place: _in_one(change, place))
    return (turned(_swapped(names), lambda result, *_: result[::-1]), *found)


def of_one(name, place):
    """The slips that one of several values may have."""
    return tuple(_common(name, lambda change: _in_one(change, place)))


def _swapped(names):
    return f"Right numbers, the other way round: {', then '.join(names)}."


def _in_all(change):
    return lambda result: tuple(map(change, result))


def _in_one(change, place):
    return lambda result: tuple(change(x) if i == place else x for i, x in enumerate(result))


def _common(what, among):
    for sentence, change in CHANGES:
        changed = among(change)
        yield turned(sentence.format(what=what), lambda result, *_, f=changed: f(result))


def _array(result):
    return np.asarray(result, dtype=float)


CHANGES = (
    ("{what} has the sign flipped.", lambda x: -_array(x)),
    (
        "{what} is twice ours: a 2 too many. (Where a square is differentiated: F has a ½.)",
        lambda x: 2 * _array(x),
    ),
    (
        "{what} is half of ours: a ½ too many. (The ½ of F meets the 2 of the square.)",
        lambda x: _array(x) / 2,
    ),
    (
        "{what} is transposed: the numbers are right, rows and columns changed places.",
        lambda x: _array(x).T if _array(x).ndim == 2 else _never(x),
    ),
    (
        "{what} has the right numbers, in reverse order.",
        lambda x: _array(x)[::-1] if _array(x).ndim else _never(x),
    ),
    (
        "{what} has the right numbers, as a column: it should be flat.",
        lambda x: _array(x)[:, None] if _array(x).ndim == 1 else _never(x),
    ),
    (
        "{what} has the right numbers, as a table of one row: it should be flat.",
        lambda x: _array(x)[None] if _array(x).ndim == 1 else _never(x),
    ),
    (
        "{what} is flat: the numbers are right, and they should stand in a table.",
        lambda x: _array(x).ravel() if _array(x).ndim > 1 else _never(x),
    ),
    ("{what} is squared.", lambda x: _array(x) ** 2),
)


def _never(x):
    """What equals nothing: a change that this result cannot suffer."""
    return np.full_like(_array(x), np.nan)


# The vocabulary: a damped step


def damped_system(J, r, mu=0.0, matrix=None, damping=None, right=None, solve=None):
    """h with (JᵀJ + μI) h = −Jᵀr, each of its parts exchangeable."""
    A = J.T @ J if matrix is None else matrix(J, r)
    D = mu * np.eye(J.shape[1]) if damping is None else damping(J, r, mu)
    b = -J.T @ r if right is None else right(J, r)
    return np.linalg.solve(A + D, b) if solve is None else solve(A + D, b)


def mu_of_the_step(h, J, r):
    """The μ with (JᵀJ + μI) h = −Jᵀr, None where no μ makes it so."""
    h = numbers(h)
    if h is None or h.dtype.kind == "c" or h.shape != (J.shape[1],) or not h.any():
        return None
    missing = -J.T @ r - J.T @ (J @ h)  # what μh has to be
    mu = float(missing @ h / (h @ h))
    return mu if np.allclose(missing, mu * h, rtol=1e-6, atol=1e-8 * abs(missing).max()) else None


def _diagonal(A):
    return np.diag(np.diag(A))


STEP = {
    "g uphill": part(
        "This equals ours with the sign flipped: you solved for +g. The bowl's slope, "
        "(JᵀJ + μI)h + g, is zero at its lowest point; look at what happens to g when it "
        "crosses the equals sign.",
        right=lambda J, r: J.T @ r,
    ),
    "r for g": part(
        "The right-hand side is r itself, with an entry for each residual. The equation has "
        "g = Jᵀr there, with an entry for each parameter.",
        right=lambda J, r: -r,
    ),
    "J r for g": part(
        "J @ r stands where Jᵀr belongs: g has an entry for each parameter, so J is turned.",
        right=lambda J, r: -J @ r,
    ),
    "2g": part(
        "This is our step for twice the g: 2Jᵀr is the gradient of SSE, the sum of squares. Our "
        "F has a ½, and its gradient is Jᵀr.",
        right=lambda J, r: -2 * J.T @ r,
    ),
    "mean g": part(
        "g is divided by the number of residuals, and JᵀJ is not: the two sides belong to "
        "different losses. F = ½ rᵀr is a sum.",
        right=lambda J, r: -J.T @ r / len(r),
    ),
    "JJᵀ": part(
        "JJᵀ stands where JᵀJ belongs: it has a row for each residual, and h has an entry for "
        "each parameter.",
        matrix=lambda J, r: J @ J.T,
    ),
    "2JᵀJ": part(
        "The matrix is 2JᵀJ: it belongs to the sum of squares, and g to F = ½ rᵀr.",
        matrix=lambda J, r: 2 * J.T @ J,
    ),
    "mean of both": part(
        "JᵀJ and g are divided by the number of residuals: this is the step for the mean, and μ "
        "notices. F = ½ rᵀr is a sum.",
        matrix=lambda J, r: J.T @ J / len(r),
        right=lambda J, r: -J.T @ r / len(r),
    ),
    "SSE": part(
        "JᵀJ and g both have a 2: this is the step for the sum of squares without the ½, and μ "
        "notices.",
        matrix=lambda J, r: 2 * J.T @ J,
        right=lambda J, r: -2 * J.T @ r,
    ),
    "diagonal of JᵀJ": part(
        "This keeps only the diagonal of JᵀJ, each parameter as if it were the only one. The "
        "other entries of JᵀJ say how the columns of J overlap.",
        matrix=lambda J, r: _diagonal(J.T @ J),
    ),
    "ggᵀ": part(
        "The matrix is ggᵀ: the gradient of F was taken for J. J has a row for each residual.",
        matrix=lambda J, r: np.outer(J.T @ r, J.T @ r),
    ),
    "J for JᵀJ": part("J stands where JᵀJ belongs: no row of J is squared.", matrix=lambda J, r: J),
    "entries squared": part(
        "J.T * J, or J**2, multiplies entry by entry. JᵀJ is a product of matrices: J.T @ J.",
        matrix=lambda J, r: J.T * J,
    ),
    "no JᵀJ": part(
        "This is −g/μ, the limit for large μ. What became of JᵀJ?", matrix=lambda J, r: 0.0
    ),
    "no μ": part(
        "This is Gauss-Newton's step, the limit for μ → 0. Where has μ gone?",
        damping=lambda J, r, mu: 0.0,
    ),
    "μ on all entries": part(
        "This adds μ to every entry of JᵀJ, as NumPy does with matrix + number. μI touches only "
        "the diagonal.",
        damping=lambda J, r, mu: mu,
    ),
    "μ diag(JᵀJ)": part(
        "This damps with μ diag(JᵀJ) in place of μI: Marquardt's scaling, see † I or diag. Here "
        "it is I.",
        damping=lambda J, r, mu: mu * _diagonal(J.T @ J),
    ),
    "μ(JᵀJ + I)": part(
        "This is JᵀJ + μ(JᵀJ + I): JᵀJ is in twice, once times μ. A bracket stands too far left.",
        damping=lambda J, r, mu: mu * (J.T @ J + np.eye(J.shape[1])),
    ),
    "μ(JᵀJ + I) alone": part(
        "This is μ(JᵀJ + I): μ multiplies JᵀJ too. A bracket stands too far left.",
        matrix=lambda J, r: 0.0,
        damping=lambda J, r, mu: mu * (J.T @ J + np.eye(J.shape[1])),
    ),
    "2μ": part(
        "This damps with 2μ. In (7.1) μ‖h‖² has its ½ too, and that cancels the 2 of the square.",
        damping=lambda J, r, mu: 2 * mu * np.eye(J.shape[1]),
    ),
    "μ/2": part(
        "This damps with μ/2. In (7.1) the ½ cancels the 2 of the square, and all of μ is left.",
        damping=lambda J, r, mu: mu / 2 * np.eye(J.shape[1]),
    ),
    "μ²": part(
        "This damps with μ². In the stacked system the lower rows hold √μ, not μ.",
        damping=lambda J, r, mu: mu**2 * np.eye(J.shape[1]),
    ),
    "√μ": part(
        "This damps with √μ. The root belongs into the stacked system; JᵀJ has μ itself.",
        damping=lambda J, r, mu: mu**0.5 * np.eye(J.shape[1]),
    ),
    "−μ": part(
        "This subtracts μ from the diagonal: the bowl would get flatter, not steeper.",
        damping=lambda J, r, mu: -mu * np.eye(J.shape[1]),
    ),
    "μ times N": part(
        "μ is multiplied by the number of residuals: that is another's μ, of a mean. Here F and "
        "μ are ours.",
        damping=lambda J, r, mu: len(r) * mu * np.eye(J.shape[1]),
    ),
    "1/μ": part(
        "This damps with 1/μ: a large μ would damp little.",
        damping=lambda J, r, mu: np.eye(J.shape[1]) / mu,
    ),
    "I without μ": part(
        "I is added without its factor μ.", damping=lambda J, r, mu: np.eye(J.shape[1])
    ),
    "I of the rows": part(
        "np.eye(len(r)) has a row for each residual. JᵀJ has one for each parameter, and I must "
        "be as large.",
        damping=lambda J, r, mu: mu * np.eye(len(r)),
    ),
    "not solved": part(
        "This multiplies by the matrix. It stands on h's side of the equation: solve with it.",
        solve=lambda A, b: A @ b,
    ),
    "lstsq's four": part(
        "lstsq returns four things: x, the sum of squares left over, the rank, the singular "
        "values. The step is the first.",
        solve=lambda A, b: np.linalg.lstsq(A, b, rcond=None),
    ),
    "μ as a rate": Slip(
        "This is −μg: gradient descent with μ for its learning rate. μ belongs on the diagonal "
        "of JᵀJ.",
        instead=lambda J, r, mu: -mu * J.T @ r,
    ),
    "only −g": Slip(
        "This is −g = −Jᵀr, gradient descent's direction. It still has to be solved with a matrix.",
        instead=lambda J, r, *mu: -J.T @ r,
    ),
    "only g": Slip(
        "This is g = Jᵀr, which points uphill. A step solves an equation with −g on its right.",
        instead=lambda J, r, *mu: J.T @ r,
    ),
}

# The slope of a layer: slope(a, z), in recipes that have such a part.
SLOPE = {
    "slope missing": part(
        "The slopes are missing: every tanh on the way back multiplies by its own.",
        slope=lambda a, z: np.ones_like(a),
    ),
    "slope at z": part(
        "The slope is 1 − z². In terms of the stored a = tanh z it is something else.",
        slope=lambda a, z: 1 - z**2,
    ),
    "tanh twice": part(
        "The slope is 1 − tanh²(a): the tanh was taken twice. The stored a has been through it "
        "already.",
        slope=lambda a, z: 1 - np.tanh(a) ** 2,
    ),
    "slope of logsig": part(
        "This is the slope of the logistic, a(1 − a). The units here are tanh.",
        slope=lambda a, z: a * (1 - a),
    ),
    "slope 1 − a": part(
        "The slope is 1 − a: the square is missing. tanh′ = 1 − a².", slope=lambda a, z: 1 - a
    ),
    "slope a²": part("The slope is a²: tanh′ is what is left of 1.", slope=lambda a, z: a**2),
    "slope 1 + a²": part(
        "The slope is 1 + a²: a tanh is steepest in its middle, where a = 0, and never steeper "
        "than 1.",
        slope=lambda a, z: 1 + a**2,
    ),
    "slope negative": part(
        "The sign of the slope is flipped: tanh rises everywhere, so its slope is never negative.",
        slope=lambda a, z: a**2 - 1,
    ),
    "activation for slope": part(
        "a itself stands where its slope belongs: going back multiplies by f′.",
        slope=lambda a, z: a,
    ),
}

VOCABULARY = {**STEP, **SLOPE}


def slips_named(*names):
    """These slips of the vocabulary, in this order.

    A name may be a pair (name, sentence), where the lesson has words of its own.
    """
    pairs = [(name, None) if isinstance(name, str) else name for name in names]
    return tuple(
        VOCABULARY[name] if sentence is None else replace(VOCABULARY[name], sentence=sentence)
        for name, sentence in pairs
    )
