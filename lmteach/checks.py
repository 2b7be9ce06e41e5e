"""Door checks: bad input ends here, with the argument's name, what came and what was expected."""

import difflib
import inspect
import math
import reprlib
import sys
from decimal import Decimal
from numbers import Integral, Real

import numpy as np
from scipy.linalg.blas import ddot

from .primitives import frozen

FLOAT = np.dtype(float)  # NumPy keeps one such object, and `is` costs a tenth of ==
SINGLE = np.dtype(np.float32)
LARGEST = sys.float_info.max
LARGEST_SINGLE = 2.0**60  # whose square is far within its range


def as_array(name, value, ndim, shape=None, exact=False):
    """A float64 (or symbolic) array made from value; the caller's array is never changed.

    `exact`: whole numbers and fractions among objects stay what they are, beside symbols.
    """
    if type(value) is np.ndarray and value.dtype is FLOAT and value.ndim == ndim and value.size:
        if shape is None or value.shape == shape:
            return value  # the common case
    expected = (
        f"an array of numbers with {ndim} axis"
        if ndim == 1
        else f"an array of numbers with {ndim} axes"
    )
    if type(value) is not np.ndarray and np.ma.is_masked(value):
        raise ValueError(f"{name} has masked entries: expected {expected}, none of them masked")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is not {expected}: {error}") from None
    if array.dtype == object:
        array = _of_objects(name, array, expected, exact)
    else:
        array = _as_float(name, array, expected)
    if array.ndim != ndim:
        raise ValueError(f"{name} has shape {array.shape}: expected {expected}{_hint(array, ndim)}")
    if shape is not None and any(
        want is not None and want != got for want, got in zip(shape, array.shape, strict=True)
    ):
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} has shape {array.shape}: expected ({wanted}{',' * (ndim == 1)})")
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}): expected at least one number")
    return array


def _of_objects(name, array, expected, exact):
    """The array itself if it holds symbols, else floats. Raises TypeError for other objects."""
    for where, value in np.ndenumerate(array):
        if not (hasattr(value, "free_symbols") or is_number(value)):
            came = f"{name} holds {_kinds(array)}: expected {expected}"
            raise TypeError(f"{came}; at index {where} stands {reprlib.repr(value)}")
    symbols = exact or not array.size or any(hasattr(x, "free_symbols") for x in array.flat)
    return array if symbols else floats(name, array)


def floats(name, array):
    """A float64 array made from an array of real numbers, such as fractions or large integers."""
    found = np.empty(array.shape)
    for where, value in np.ndenumerate(array):
        try:
            found[where] = float(value)
        except OverflowError:
            at = f"{name} holds {shown(value)} at index {where}"
            raise ValueError(f"{at}: expected numbers of at most {LARGEST:.2g}") from None
    return found


def shown(value):
    """repr(value); the size of an integer that is too long to be read."""
    if not isinstance(value, Integral) or abs(value) <= LARGEST:
        return repr(value)
    digits = int(int(value).bit_length() * math.log10(2)) + 1
    return f"an integer of {digits} digits"


def as_finite(name, value, ndim, shape=None, exact=False):
    """as_array, and every number finite."""
    array = as_array(name, value, ndim, shape, exact)
    if array.dtype is FLOAT and ndim == 1 and math.isfinite(ddot(array, array)):
        return array  # what a solver asks for at every trial
    if array.dtype != object and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name} holds {array[where]} at index {where}: expected finite numbers only"
        )
    return array


def as_floats(name, value, ndim, shape=None):
    """as_finite, and no symbols."""
    array = as_finite(name, value, ndim, shape)
    if array.dtype == object:
        kind = type(array.flat[0]).__name__
        raise TypeError(f"{name} holds objects of type {kind}: expected floats or integers")
    return array


def as_positive(name, value, ndim, shape=None, exact=False, or_zero=False):
    """as_finite, and every number > 0 (or ≥ 0)."""
    array = as_finite(name, value, ndim, shape, exact)
    fits = array.dtype == object or (array >= 0 if or_zero else array > 0).all()
    if not fits:
        expected = f"expected numbers {'≥' if or_zero else '>'} 0"
        raise ValueError(f"{name} holds {float(array.min())!r}: {expected}")
    return array


def numbers_only(array, words):
    """Nothing if array holds floats; a ValueError with these words if it holds symbols."""
    if array.dtype == object:
        raise ValueError(words)


def holds_symbols(array):
    """True for an array of SymPy expressions."""
    return array.dtype == object


def owned(array):
    """A read-only array that nobody else can change: itself if it is one already, else a copy."""
    return frozen(array.copy()) if array.flags.writeable or array.base is not None else array


def holds_arrays(kind):
    """A named tuple that holds arrays, as a value: equal only to itself, read-only after a pickle.

    Of two arrays, == is not one answer; and a pickle forgets that an array was read-only.
    """
    kind.__eq__, kind.__ne__, kind.__hash__ = object.__eq__, object.__ne__, object.__hash__
    kind.__reduce__ = lambda self: (_read_only, (kind, tuple(self)))
    return kind


def _read_only(kind, values):
    for value in values:
        if isinstance(value, np.ndarray):
            frozen(value)
    return tuple.__new__(kind, values)


def not_finite(r, place):
    """Words for the first residual that is not finite, and where place(i) says it stands."""
    i = int(np.argmin(np.isfinite(r)))
    at = place(i)
    return f"r[{i}] = {r[i]}" + (f" at {at}" if at else "")


def _as_float(name, array, expected):
    if array.dtype.kind == "c":
        raise TypeError(f"{name} is complex: expected {expected}, real")
    if array.dtype.kind not in "fiub":
        first = f"; the first is {reprlib.repr(array.flat[0].item())}" if array.size else ""
        raise TypeError(f"{name} has dtype {array.dtype}: expected {expected}{first}")
    return array.astype(float, copy=False)


def _kinds(array):
    return ", ".join(sorted({type(x).__name__ for x in array.flat}))


def _hint(array, ndim):
    return (
        f" (for one column: reshape(-1, 1), shape {(array.size, 1)})"
        if (array.ndim, ndim) == (1, 2)
        else ""
    )


def is_real(value):
    """True for a real number that is not a bool."""
    return (
        type(value) is float or isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
    )


def is_number(value):
    """True for a real number, or a Decimal, that is not a bool."""
    return is_real(value) or isinstance(value, Decimal)


def positive(name, value, or_zero=False):
    """A finite number > 0 (or ≥ 0)."""
    if type(value) is float and 0 < value < math.inf:
        return value  # what a solver asks for at every trial
    expected = f"expected a finite number {'≥' if or_zero else '>'} 0"
    if not is_real(value):
        raise TypeError(f"{name} = {value!r}: {expected}")
    if abs(value) > LARGEST or not (value > 0 or (or_zero and value == 0)):
        raise ValueError(f"{name} = {shown(value)}: {expected}")
    return float(value)


def one_or_more(name, value):
    """A finite number ≥ 1."""
    if positive(name, value) < 1:
        raise ValueError(f"{name} = {value!r}: expected a number of at least 1")
    return float(value)


def above(name, value, other, least):
    """A number above another one, which has a name, too; it may be infinite."""
    words = f"{name} = {value!r}: expected a number above {other} = {least!r}"
    if not is_real(value):
        raise TypeError(words)
    if not value > least:
        raise ValueError(words)
    return value


def below(name, value):
    """A real number to reach from above; −∞ for none."""
    if not is_real(value):
        raise TypeError(f"{name} = {value!r}: expected a number")
    if value != value or value > LARGEST:
        raise ValueError(f"{name} = {shown(value)}: expected a finite number")
    return -math.inf if value < -LARGEST else float(value)


def positive_like(array, name, value, or_zero=False):
    """The same to compute with this array: a float among floats; among symbols as it came."""
    if type(value) is float and 0 < value < math.inf:
        return value  # what a solver asks for at every trial
    if array.dtype != object:
        return positive(name, value, or_zero)
    sign = getattr(value, "is_nonnegative" if or_zero else "is_positive", None)
    if not hasattr(value, "free_symbols") or sign is False:
        positive(name, value, or_zero)
    return value


def at_least(name, value, least):
    """A whole number ≥ least."""
    if not isinstance(value, Integral) or isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} = {value!r}: expected a whole number of at least {least}")
    if value < least:
        raise ValueError(f"{name} = {shown(value)}: expected a whole number of at least {least}")
    return int(value)


def one_of(name, value, options):
    """One of the named options; a misspelt one is told what there is."""
    if not isinstance(value, str):
        raise TypeError(f"{name} = {value!r}: expected one of {', '.join(map(repr, options))}")
    if value not in options:
        raise ValueError(f"{name} = {value!r}: expected one of {', '.join(map(repr, options))}")
    return value


def refuse_unknown(function, unknown, more=()):
    """TypeError for an option that the function does not have, with the nearest and all it has."""
    for name in unknown:
        options = [*_options(function), *more]
        nearest = difflib.get_close_matches(name, options, 1)
        did_you_mean = f"did you mean {nearest[0]!r}? Expected" if nearest else "expected"
        raise TypeError(
            f"unknown option {name!r} of {function.__name__}: {did_you_mean} one of "
            f"{', '.join(options)}"
        )


def _options(function):
    """The names of a function's parameters that have a default, the start θ₀ apart."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is not p.empty and p.name != "theta0"]


def flag(name, value):
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} = {value!r}: expected True or False")
    return bool(value)


def a_thing(value):
    """The kind of a value, such as "an Input" or "a list"."""
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'AEIOaeio' else 'a'} {kind}"


def instance(name, value, kind, expected):
    """An object of the given kind."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {a_thing(value)}: expected {expected}")
    return value


def function(name, value, expected):
    """Something that can be called."""
    if not callable(value):
        raise TypeError(f"{name} is {a_thing(value)}: expected a function {expected}")
    return value
