"""Data as people bring them: numbers become floats, missing points are found and left out."""

import inspect
from collections import deque
from collections.abc import Iterable, Mapping
from copy import deepcopy
from decimal import Decimal
from numbers import Complex
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from .checks import FLOAT, as_array, floats, holds_symbols, is_number, one_of
from .weighing import stacked

NUMBERS = (float, int, Complex, Decimal, np.bool_)
LISTS = (list, tuple, range, deque)
TOLD = 'missing="drop" leaves such points out'
FIRST = {"x", "X", "xdata", "x_data"}  # names for x
WHOLE = {"theta", "params", "parameters", "par", "pars", "p", "beta", "coef", "coeffs", "popt"}
ONE = {"a", "b", "c", "k", "m"}  # names for one parameter, after those for all
SPLAT = inspect.CO_VARARGS
MOST_PARAMETERS = 20  # that a model is tried with


class Column(NamedTuple):
    """One array of the data."""

    name: str
    array: Any
    masked: Any  # where an entry is masked, shaped as the array
    missing: Any  # where one is masked, or no finite number
    came: Any  # the entries as they came


class Curve(NamedTuple):
    """The data of a curve fit."""

    x: Any  # what the model is given
    y: Any  # (N,) or (N, m)
    keep: Any  # which of y's numbers count, flattened; None if all do
    n_dropped: int  # how many of y's numbers do not
    rows: Any = None  # which of the samples that came are in y, (N,); None if all are


def curve(x, y, missing):
    """Return the Curve of data as they came. Raises ValueError or TypeError, naming x or y."""
    one_of("missing", missing, ("raise", "drop"))
    if _is_ready(x, y):
        return Curve(x.copy(), y.copy(), None, 0)
    targets = _targets(y, missing)
    y, lost = targets.array, targets.missing
    columns, rebuild = _columns(x)
    if columns:
        _refuse_other_lengths(x, columns, y)
    drop = _dropped_samples(columns, y, missing)
    n, rows = y.size, lost.reshape(len(y), -1).all(axis=1)
    kept_rows = None
    if drop.any() or rows.any() and _can_drop(columns, len(y)):
        drop |= rows
        kept_rows = ~drop
        _refuse_where_samples_are_unclear(columns, len(y))
        columns = [_without(column, drop) for column in columns]
        y, lost = y[~drop], lost[~drop]
    if lost.all():
        raise ValueError(f"y has no number left: all {n} of its points are missing")
    keep = ~lost.ravel() if lost.any() else None
    left = y.size if keep is None else int(keep.sum())
    return Curve(rebuild(columns), y, keep, n - left, kept_rows)


def as_x(x):
    """Return an x for a fitted model as `curve` would hand it on, of any length."""
    columns, rebuild = _columns(x)
    return rebuild(columns) if all(column.array.size for column in columns) else x


def _is_ready(x, y):
    """True for the common case, arrays of finite floats with samples along the first axis."""
    plain = type(x) is type(y) is np.ndarray and x.dtype is y.dtype is FLOAT
    fits = plain and y.ndim == 1 <= x.ndim and len(x) == len(y) > 0
    return fits and bool(np.isfinite(y).all() and np.isfinite(x).all())


def samples(X, Y, missing):
    """Return (X, Y, which samples were kept, None for all) for X (N, n₀), Y (N, m) as they came.

    What holds no missing number is given back as it is, for the caller to check.
    """
    one_of("missing", missing, ("raise", "drop"))
    if not (_may_miss(X, missing) or _may_miss(Y, missing)):
        return X, Y, None
    columns = [_column("X", X), _column("Y", Y)]
    lengths = {column.array.shape[:1] for column in columns}
    if len(lengths) != 1 or () in lengths:
        return X, Y, None
    for column in columns:
        _refuse_missing(column, missing)
    drop = np.logical_or(*(c.missing.reshape(len(c.array), -1).any(axis=1) for c in columns))
    if drop.all():
        raise ValueError(f"X and Y have no sample left: each of the {len(drop)} misses a number")
    if not drop.any():
        return *(column.array for column in columns), None
    return *(column.array[~drop] for column in columns), ~drop


def _may_miss(array, missing):
    """Whether points of it may have to be left out."""
    rows = array if isinstance(array, LISTS) else [array]
    return missing == "drop" or any(isinstance(row, np.ma.MaskedArray) for row in rows)


def _targets(y, missing):
    """The Column of y: floats or symbols, (N,) or (N, m)."""
    column = _column("y", y)
    array = column.array
    ndim = min(max(array.ndim, 1), 2)
    if array.dtype.kind == "c":
        stack = "stack its parts, np.concatenate([y.real, y.imag]), and the model's"
        expected = f"expected an array of numbers with {ndim} ax{'i' if ndim == 1 else 'e'}s, real"
        raise TypeError(f"y is complex: {expected}; {stack}")
    array = as_array("y", array, ndim)
    _refuse_missing(column, missing)
    return column._replace(array=array)


# --- one array


def _column(name, value):
    """Read one array: its own copy, as floats if it holds real numbers, and what is missing."""
    raw = _as_numpy(name, value)
    if names := raw.dtype.names:
        expected = f"expected an array of numbers, such as {name}[{names[0]!r}]"
        raise TypeError(f"{name} is a table with columns {', '.join(names)}: {expected}")
    masked = np.ma.getmaskarray(raw)
    raw = np.ma.getdata(raw)
    array = np.array(_numbers(name, raw, masked) if holds_symbols(raw) else raw)
    if array.dtype.kind in "fiub":
        array = array.astype(float)
    missing = masked | _not_finite(array)
    if masked.any() and array.dtype.kind in "fc":
        array[masked] = np.nan
    return Column(name, array, masked, missing, raw)


def _as_numpy(name, value):
    """A NumPy array, masked or not, of whatever value holds."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "to_numpy"):
        return np.asanyarray(value.to_numpy())
    if isinstance(value, LISTS) and any(isinstance(v, np.ma.MaskedArray) for v in value):
        gone = [v is np.ma.masked for v in value]
        array = np.ma.array([np.nan if v is np.ma.masked else v for v in value])
        array[np.flatnonzero(gone)] = np.ma.masked
        return array
    try:
        array = np.asanyarray(list(value) if isinstance(value, LISTS) else value)
        text = isinstance(value, LISTS) and array.dtype.kind in "US"
        return np.array(list(value), dtype=object) if text else array  # 1.0 beside "a" is no text
    except ValueError as error:
        expected = "expected rows of the same length"
        raise ValueError(f"{name} is not an array: {error}; {expected}") from None


def _numbers(name, array, masked):
    """Numbers made from an array of objects, None as nan; the array itself if it holds others.

    What is masked may be anything.
    """
    if not array.ndim:
        return array
    plain = array.copy()
    plain[masked | np.vectorize(_is_nothing, otypes=[bool])(array)] = np.nan
    if plain.size and all(is_number(v) or isinstance(v, (bool, np.bool_)) for v in plain.flat):
        return floats(name, plain)
    if plain.size and all(isinstance(v, Complex) for v in plain.flat):
        return plain.astype(complex)
    return array


def _is_nothing(value):
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _not_finite(array):
    if array.dtype.kind in "mM":
        return np.isnat(array)
    return ~np.isfinite(array) if array.dtype.kind in "fc" else np.zeros(array.shape, bool)


def _refuse_missing(column, missing):
    """ValueError where a number is missing, not masked, and should not be dropped."""
    places = np.argwhere(column.missing & ~column.masked)
    if len(places) and missing == "raise":
        where = tuple(map(int, places[0]))
        came = f"{column.name} holds {column.came[where]} at index {where}"
        raise ValueError(f"{came}: expected finite numbers only; {TOLD}")


# --- x, which may be one array, several, or anything


def _columns(x):
    """(the arrays in x, how to put them together again); ([], …) for what only the model knows."""
    parts = _parts(x)
    if parts is None:
        return [], lambda _: x
    names, values, together = parts
    places = [i for i, value in enumerate(values) if _is_array(value)]
    columns = [_column(names[i], values[i]) for i in places]
    if any(_holds_symbols(column.array) for column in columns):
        return [], lambda _: x
    whole = names == ["x"] or names == [f"x[{i}]" for i in range(len(names))]
    for column in columns if whole else ():
        _refuse_text(column)

    def rebuild(columns):
        arrays = dict(zip(places, (column.array for column in columns), strict=True))
        return together([arrays.get(i, value) for i, value in enumerate(values)])

    return columns, rebuild


def _parts(x):
    """(names, values, a function that puts such values together); None if x is no data we know."""
    if isinstance(x, Mapping):
        return [f"x[{key!r}]" for key in x], [*x.values()], lambda v: dict(zip(x, v, strict=True))
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return [f"x.{name}" for name in x._fields], [*x], type(x)._make
    if isinstance(x, np.ndarray) and x.dtype.names:
        names = x.dtype.names
        return [f"x[{n!r}]" for n in names], [x[n] for n in names], lambda v: _records(x, v)
    if hasattr(x, "columns") and hasattr(x, "to_numpy") and hasattr(x, "__getitem__"):
        values = [x[name] for name in x.columns]
        return [f"x[{name!r}]" for name in x.columns], values, lambda v: _table(x, v)
    if isinstance(x, LISTS) and any(_is_array(v) and not isinstance(v, LISTS) for v in x):
        return [f"x[{i}]" for i in range(len(x))], [*x], lambda v: _joined(x, v)
    return (["x"], [x], lambda v: v[0]) if _is_array(x) else None


def _is_array(value):
    """True for lists, and for what has the interface of an array and at least one axis."""
    if value is None or isinstance(value, (*NUMBERS, str, np.generic)):
        return False
    if isinstance(value, LISTS) or hasattr(value, "to_numpy"):
        return True
    if hasattr(value, "__array__") or isinstance(value, memoryview):
        return np.ndim(value) > 0
    return type(value).__module__ == "array"


def _joined(x, values):
    """One array of arrays of one shape, else a list or tuple of them."""
    kinds = {(v.shape, v.dtype) for v in values if isinstance(v, np.ndarray)}
    if len(kinds) == 1 and all(isinstance(v, np.ndarray) for v in values):
        return np.stack(values)
    return tuple(values) if isinstance(x, tuple) else values


def _records(x, values):
    """A structured array with the names of x."""
    fields = zip(x.dtype.names, values, strict=True)
    new = np.empty(len(values[0]), [(name, v.dtype, v.shape[1:]) for name, v in fields])
    for name, value in zip(x.dtype.names, values, strict=True):
        new[name] = value
    return new.view(np.recarray) if isinstance(x, np.recarray) else new


def _table(x, values):
    """A table such as x; a copy of x itself where its columns are what they were."""
    columns = dict(zip(x.columns, values, strict=True))
    came = {name: np.asarray(x[name]) for name in columns}
    if all(v.dtype == came[n].dtype and v.shape == came[n].shape for n, v in columns.items()):
        return deepcopy(x)
    return type(x)(columns)


def _holds_symbols(array):
    return holds_symbols(array) and any(hasattr(v, "free_symbols") for v in array.flat)


def _refuse_text(column):
    """TypeError for an array of x that holds text, or objects that are no numbers."""
    array = column.array
    if array.dtype.kind not in "USO":
        return
    for value in array.ravel().tolist():
        if not isinstance(value, (*NUMBERS, type(None))):
            came = f"{column.name} holds {value!r}, a {type(value).__name__}"
            raise TypeError(f"{came}: expected numbers; or data by name, {{'u': …, 'kind': …}}")


# --- which samples


def _axes(array, n):
    """The axes that may count the n samples."""
    return [axis for axis, size in enumerate(array.shape) if size == n]


def _refuse_other_lengths(x, columns, y):
    """ValueError where x is one array, and no axis of it is as long as an axis of y."""
    shape = columns[0].array.shape
    one = isinstance(x, (np.ndarray, *LISTS)) or hasattr(x, "__array__")
    shapes = {column.array.shape for column in columns}
    if not one or len(shapes) > 1 or not shape or set(shape) & ({len(y), *y.shape[1:]} - {1}):
        return
    if len(y) == 1 in shape:
        return
    if len(shape) == 1 == len(columns):
        counts = f"x has {shape[0]} samples and y has {len(y)}"
        raise ValueError(f"{counts}: expected the same number")
    came = f"x has shape {shape}" if len(columns) == 1 else f"x holds arrays of shape {shape}"
    raise ValueError(f"{came} and y has {len(y)} samples: expected an axis of that length")


def _dropped_samples(columns, y, missing):
    """Which of the N samples miss a number in x, (N,)."""
    drop = np.zeros(len(y), bool)
    for column in columns:
        _refuse_missing(column, missing)
        if column.missing.any():
            axes = _axes(column.array, len(y))
            if len(axes) != 1:
                _refuse_unclear(column, len(y))
            others = tuple(i for i in range(column.array.ndim) if i != axes[0])
            drop |= column.missing.any(axis=others)
    return drop


def _can_drop(columns, n):
    """Whether it is clear where the samples are in x."""
    counts = [len(_axes(column.array, n)) for column in columns]
    return max(counts, default=0) == 1


def _refuse_where_samples_are_unclear(columns, n):
    for column in columns:
        if len(_axes(column.array, n)) > 1:
            _refuse_unclear(column, n)


def _refuse_unclear(column, n):
    what = "masked or missing numbers"
    came = f"{column.name} has {what}, or y has, and {column.name} has shape {column.array.shape}"
    which = f"it is not clear which axis counts the {n} samples of y"
    raise ValueError(f"{came}: {which}; expected x and y without the {what}")


def _without(column, drop):
    """The column without these samples; as it is if it has no axis for them."""
    axes = _axes(column.array, len(drop))
    if not axes:
        return column
    return column._replace(array=np.compress(~drop, column.array, axis=axes[0]))


def place(x, y, keep, i):
    """Return where residual i stands, in words, such as "x = 0.5"; "" where that is not known."""
    i = i if keep is None else np.flatnonzero(keep)[i]
    n, i = len(y), i // (y.size // len(y))
    columns, _ = _columns(x)
    found = [
        f"{column.name} = {np.take(column.array, i, axis=axes[0])}"
        for column in columns
        if len(axes := _axes(column.array, n)) == 1
    ]
    return ", ".join(found)


# --- the model


def refuse_other_arguments(model):
    """TypeError for a model that cannot be called as model(theta, x), such as f(x, a, b)."""
    code = model.__code__ if type(model) is FunctionType else None
    if code and code.co_argcount == 2 and not (code.co_kwonlyargcount or code.co_flags & SPLAT):
        if not _is_swapped(code.co_varnames):
            return  # the common case, without the cost of a signature
    try:
        parameters = list(inspect.signature(model).parameters.values())
    except (TypeError, ValueError):  # a function in C that does not say
        return
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p for p in places if p.default is p.empty]
    more = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    named = [p.name for p in parameters if p.kind == p.KEYWORD_ONLY and p.default is p.empty]
    names = [p.name for p in places]
    takes_two = len(needed) <= 2 and (len(places) >= 2 or more) and not named
    splatted = more and len(needed) == 1 and names[0] not in WHOLE
    if takes_two and not splatted and not _is_swapped(names):
        return
    came = f"model takes {taken(model)}: lmteach calls model(theta, x)"
    raise TypeError(f"{came}; write lambda theta, x: {_call(model, names, named)}")


def _is_swapped(names):
    """Whether these arguments are surely x and then parameters."""
    return len(names) > 1 and names[0] in FIRST and names[1] in WHOLE | ONE


def taken(model):
    """Return the model's arguments in words, such as "(x, a, b)"; "" if it does not say."""
    try:
        signature = inspect.signature(model)
    except (TypeError, ValueError):
        return ""
    return str(signature.replace(return_annotation=signature.empty))


def _call(model, names, named):
    """How a model of other arguments is called from one of theta and x."""
    f = getattr(model, "__name__", "f")
    f = f if f.isidentifier() else "f"
    if named:
        return f"{f}(theta, x, {', '.join(f'{name}=…' for name in named)})"
    if names[:1] == names:
        return f"{f}(theta)" if names and names[0] not in FIRST else f"{f}(x, *theta)"
    return f"{f}(x, theta)" if len(names) == 2 and names[1] in WHOLE else f"{f}(x, *theta)"


def in_parts(value, theta):
    """Return a complex prediction as real and imaginary parts; TypeError for a complex θ."""
    if np.iscomplexobj(theta):
        raise TypeError("complex data: a complex step of θ cannot be told from the imaginary part")
    return stacked(value)


def parameter_names(names):
    """Return the names as a list; TypeError or ValueError for what is no list of different ones."""
    if names is None:
        return None
    expected = f"names = {names!r}: expected a list of P different names"
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(expected)
    found = [str(name) if isinstance(name, str) else name for name in names]
    if not all(isinstance(name, str) for name in found):
        raise TypeError(expected)
    if not found or not all(found) or len(set(found)) < len(found):
        raise ValueError(expected)
    return found


def is_prediction(value, y, theta):
    """True for an array of y's shape, complex where θ is and else of floats: the common cases."""
    return type(value) is np.ndarray and value.shape == y.shape and value.dtype is theta.dtype


def as_prediction(value, y, theta, model, n_dropped=0):
    """Return what model(theta, x) gave as an array of y's shape, complex only where θ is."""
    if value is None:
        missing = "is a return missing? Expected an array of y's shape"
        raise ValueError(f"model(theta, x) is None: {missing}, {y.shape}")
    try:
        prediction = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"model(theta, x) is not an array: {error}; expected {y.shape}") from None
    if prediction.shape != y.shape:
        hint = _shape_hint(prediction, y, model, n_dropped)
        came = f"model(theta, x) has shape {prediction.shape}"
        raise ValueError(f"{came}: expected that of y, {y.shape}{hint}")
    if prediction.dtype.kind == "c" and theta.dtype.kind != "c":
        stack = "expected real numbers; stack its parts, np.concatenate([p.real, p.imag]), and y's"
        raise TypeError(f"model(theta, x) is complex: {stack}")
    if holds_symbols(prediction) and not holds_symbols(theta):
        return as_array("model(theta, x)", prediction, y.ndim)
    if prediction.dtype.kind not in "fiubcO":
        came = f"model(theta, x) has dtype {prediction.dtype}"
        raise TypeError(f"{came}: expected numbers of y's shape, {y.shape}")
    return prediction


def _shape_hint(prediction, y, model, n_dropped):
    if prediction.size == y.size and y.ndim == 1 < prediction.ndim:
        return "; model(theta, x).ravel() has it"
    if prediction.size == y.size and prediction.ndim == 1 < y.ndim:
        return "; y.ravel() has the model's"
    if prediction.ndim == 0:
        return "; does the model use x?"
    arguments = taken(model)
    swapped = arguments[1:].split(",")[0] in FIRST
    hint = f"; model takes {arguments}, and is called as model(theta, x)" if swapped else ""
    if n_dropped:
        hint += f"; {n_dropped} missing points were dropped from y and from the x that it is given"
    return hint


def refuse_missing_start(problem):
    """TypeError for a `solve` without a start, with the length of θ where that can be told."""
    n, why = problem.n_parameters, "the problem has so many parameters"
    if n is None:
        n, why = _tried(problem.residual_at), "the shortest with which r(theta) can be computed"
    shape = f"(P,) = ({n},), {why}" if n else "(P,)"
    raise TypeError(f"theta0 is missing, and is not guessed: expected an array of shape {shape}")


def _tried(residual_at):
    """The least number of parameters with which the residuals can be computed; None if none do."""
    for n in range(1, MOST_PARAMETERS + 1):
        try:
            with np.errstate(all="ignore"):
                residual_at(np.ones(n))
        except Exception:  # whatever a function may say to a θ that is too short
            continue
        return n
    return None
