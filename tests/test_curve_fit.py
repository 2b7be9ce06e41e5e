"""CurveFit and its data as people bring them: layouts of x, small integers, masks, objects."""

import copy
import pickle
import re
from collections import deque, namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from lmteach import CurveFit, Input, LeastSquares, Linear, NetworkFit, Tanh, solve
from lmteach import levenberg_marquardt as lm

N = 12
U = np.linspace(1, 2, N)
V = 1.5 + np.sin(5 * U) / 3
Y2 = 2 + 4 * np.log(U) + 6 * np.log(V)
X = np.arange(float(N))
Y = 2 * X + 1
OUTLIER = np.where(X == 7, 1e6, Y)
Pair = namedtuple("Pair", "u v")


def line(theta, x):
    return theta[0] * x + theta[1]


def plane(theta, u, v):
    return theta[0] + theta[1] * np.log(u) + theta[2] * np.log(v)


def found(problem, n):
    """θ that `solve` finds from ones, with success."""
    trace = solve(problem, np.ones(n))
    assert trace.success
    return trace.theta


class Wrapped:
    """Nothing but an array's interface."""

    def __init__(self, values):
        self._values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self._values, dtype=dtype)


class Frame:
    """A table as data frames are: columns by name, and to_numpy."""

    def __init__(self, columns):
        self._columns = {name: np.asarray(values) for name, values in columns.items()}
        self.columns = list(columns)

    def __getitem__(self, name):
        return self._columns[name]

    def to_numpy(self):
        return np.stack([self[name] for name in self.columns], axis=1)


# --- layouts of x


@pytest.mark.parametrize(
    ("x", "model"),
    [
        (np.array([U, V]), lambda t, x: plane(t, x[0], x[1])),
        (np.array([U, V]), lambda t, x: plane(t, *x)),
        ((U, V), lambda t, x: plane(t, x[0], x[1])),
        ([U, V], lambda t, x: plane(t, *x)),
        ([list(U), list(V)], lambda t, x: plane(t, *x)),
        (np.array([U, V]).T, lambda t, x: plane(t, x[:, 0], x[:, 1])),
        ([[u, v] for u, v in zip(U, V, strict=True)], lambda t, x: plane(t, x[:, 0], x[:, 1])),
        ((U, np.array([V, V])), lambda t, x: plane(t, x[0], x[1][0])),
        ({"u": U, "v": list(V), "k": 1.0}, lambda t, x: plane(t, x["u"], x["k"] * x["v"])),
        (Pair(U, V), lambda t, x: plane(t, x.u, x.v)),
        (np.rec.fromarrays([U, V], names="u,v"), lambda t, x: plane(t, x.u, x.v)),
        (Frame({"u": U, "v": V}), lambda t, x: plane(t, x["u"], x["v"])),
        (Wrapped([U, V]), lambda t, x: plane(t, x[0], x[1])),
        (object(), lambda t, x: plane(t, U, V)),
        (None, lambda t, x: plane(t, U, V)),
    ],
)
def test_x_of_two_variables_comes_in_any_layout(x, model):
    np.testing.assert_allclose(found(CurveFit(model, x, Y2), 3), [2, 4, 6], rtol=1e-6)


def test_a_table_is_copied():
    table = Frame({"u": U.copy(), "v": V})
    fit = CurveFit(lambda t, x: t[0] * x["u"], table, Y2)
    before = fit.residual([1.0])
    table["u"][:] = 0
    assert np.allclose(fit.residual([2.0]) - before, fit.x["u"]) and fit.x["u"][0] == 1


def test_a_picture_is_fitted_on_its_grid():
    x = np.meshgrid(np.arange(5.0), np.arange(4.0))
    y = 1 + 2 * x[0] + 3 * x[1] ** 2
    masked = np.ma.masked_equal(np.where(y == 1, 1e6, y), 1e6)
    for target, dropped in ((y, 0), (masked, 1)):
        fit = CurveFit(lambda t, x: t[0] + t[1] * x[0] + t[2] * x[1] ** 2, x, target)
        np.testing.assert_allclose(found(fit, 3), [1, 2, 3], rtol=1e-6)
        assert fit.n_dropped == dropped and len(fit.residual(np.ones(3))) == 20 - dropped


@pytest.mark.parametrize("kind", [list, tuple, range, deque, memoryview, Wrapped])
def test_sequences_of_numbers_are_arrays(kind):
    x = range(N) if kind is range else kind(np.arange(float(N)))
    fit = CurveFit(line, x, Y)
    assert isinstance(fit.x, np.ndarray) and fit.x.dtype == float and np.array_equal(fit.x, X)


@pytest.mark.parametrize("shape", [(N + 1,), (2, N + 1), (N + 1, 2)])
def test_x_is_refused_only_where_no_axis_is_as_long_as_one_of_y(shape):
    with pytest.raises(ValueError, match=rf"^x has .*and y has {N}.*expected"):
        CurveFit(line, np.ones(shape), Y)
    with pytest.raises(ValueError, match=r"x holds arrays of shape .*expected"):
        CurveFit(line, [np.ones(N + 1)] * 3, Y)
    assert CurveFit(line, np.ones((*shape, N)), Y).n_dropped == 0


@pytest.mark.parametrize("kind", ["array", "list", "dict", "frame", "records"])
def test_the_callers_data_are_copied_and_never_changed(kind):
    u, y = np.ma.masked_equal(np.arange(N), 3), OUTLIER.copy()
    inside = {
        "array": u,
        "list": [u, u],
        "dict": {"u": u},
        "frame": Frame({"u": np.arange(N)}),
        "records": np.rec.fromarrays([np.arange(N)], names="u"),
    }[kind]
    before = copy.deepcopy(u)
    fit = CurveFit(lambda t, x: t[0] * np.ones(len(fit.y)), inside, y)
    r = fit.residual([1.0])
    assert u.dtype == before.dtype and np.array_equal(u.mask, before.mask)
    assert np.array_equal(u.data, before.data)
    u.data[:], y[:] = 0, 0
    assert np.array_equal(fit.residual([2.0]), r + 1)


# --- numbers


@pytest.mark.parametrize("code", "bhilqBHILQ")
def test_small_integers_do_not_wrap_around(code):
    x = np.arange(30).astype(code)
    y = 3.0 * np.arange(30) ** 2 + 5
    for inside, get in (
        (x, lambda x: x),
        ([x, x], lambda x: x[1]),
        ({"x": x}, lambda x: x["x"]),
        (np.rec.fromarrays([x], names="x"), lambda x: x["x"]),
        (Frame({"x": x}), lambda x: x["x"]),
        (Wrapped(x), lambda x: x),
    ):
        fit = CurveFit(lambda t, x, get=get: t[0] * get(x) ** 2 + t[1], inside, y)
        np.testing.assert_allclose(found(fit, 2), [3, 5], rtol=1e-6)
    fit = CurveFit(line, np.arange(30.0), x)
    assert fit.y.dtype == float and np.array_equal(fit.residual([2.0, 0.0]), np.arange(30.0))


@pytest.mark.parametrize("dtype", [bool, np.float16, np.float32])
def test_short_floats_and_bools_become_floats(dtype):
    x = np.tile([0, 1], 6).astype(dtype)
    fit = CurveFit(line, x, x)
    assert fit.x.dtype == fit.y.dtype == float and np.array_equal(fit.x, x.astype(float))


@pytest.mark.parametrize(
    "values",
    [
        [Fraction(1, 2), Fraction(3, 2), 2],
        [Decimal("0.5"), 1.5, np.int8(2)],
        [np.float32(0.5), 1.5, 2],
        [0.5, 1.5, True],
        [2**70, 1, 2],
    ],
)
def test_objects_that_are_numbers_become_floats(values):
    expected = np.array([float(v) for v in values])
    for kind in (list, tuple, lambda v: np.array(v, dtype=object)):
        fit = CurveFit(line, kind(values), kind(values))
        assert fit.x.dtype == fit.y.dtype == float
        assert np.array_equal(fit.x, expected) and np.array_equal(fit.y, expected)


@pytest.mark.parametrize(
    ("bad", "kind", "words"),
    [
        (["1", "2", "3"], TypeError, "'1'"),
        ([1.0, "2", 3.0], TypeError, "'2'"),
        (np.array([1.0, "n/a", 3.0], dtype=object), TypeError, "'n/a'"),
        ([10**400, 1, 2], ValueError, "an integer of 401 digits at index (0,): expected numbers"),
        ([1.0, 2.0, -(10**5000)], ValueError, "an integer of 5001 digits at index (2,)"),
        (np.array([1, Fraction(10**400), 3], dtype=object), ValueError, "at index (1,)"),
        ([1.0, {}, 3.0], TypeError, "{}"),
    ],
)
def test_what_is_no_number_is_named_with_what_came(bad, kind, words):
    for name, call in (("x", lambda: CurveFit(line, bad, U[:3])),
                       ("y", lambda: CurveFit(line, U[:3], bad))):  # fmt: skip
        with pytest.raises(kind, match=re.escape(words)) as caught:
            call()
        assert str(caught.value).startswith(f"{name} ") and "expected" in str(caught.value)


def test_complex_x_and_complex_predictions_of_real_data():
    with pytest.raises(TypeError, match="y is complex.*stack its parts"):
        CurveFit(line, X, np.array([1j] * N, dtype=object))
    with pytest.raises(TypeError, match=r"model\(theta, x\) is complex.*stack its parts"):
        CurveFit(lambda t, x: 1j * line(t, x), X, Y).residual([1.0, 1.0])
    fit = CurveFit(lambda t, x: t[0] * x.imag + t[1], 1j * X, Y)
    np.testing.assert_allclose(found(fit, 2), [2, 1], rtol=1e-6)


def test_times_are_handed_on():
    x = np.datetime64("2026-01-01") + np.arange(N)
    fit = CurveFit(lambda t, x: line(t, (x - x[0]) / np.timedelta64(1, "D")), x, Y)
    np.testing.assert_allclose(found(fit, 2), [2, 1], rtol=1e-6)
    x[3] = "NaT"
    with pytest.raises(ValueError, match=r"x holds NaT at index \(3,\)"):
        CurveFit(line, x, Y)


def test_symbols_stay_symbols():
    x, y = np.array(sp.symbols("x:2")), np.array(sp.symbols("y:2"))
    fit = CurveFit(lambda t, x: t[0] * x, x, y, lambda t, x: x[:, None], check_jacobian=False)
    (a,) = sp.symbols("a,")
    assert list(fit.residual(np.array([a]))) == [a * x[0] - y[0], a * x[1] - y[1]]


# --- what is missing


def masked(values, *places):
    return np.ma.array(values, mask=np.isin(np.arange(N), places))


@pytest.mark.parametrize(
    ("x", "y", "model", "dropped"),
    [
        (X, masked(OUTLIER, 7), line, 1),
        (masked(X, 7), OUTLIER, line, 1),
        (masked(X, 7), masked(Y, 3), line, 2),
        (masked(np.arange(N), 7), masked(OUTLIER.astype(int), 7, 8), line, 2),
        (X, masked(np.where(X == 7, np.nan, Y), 7), line, 1),
        ([masked(X, 7), masked(X, 2)], OUTLIER, lambda t, x: line(t, x[0] / 2 + x[1] / 2), 2),
        (np.ma.array([X, X], mask=[X == 7, X == 2]), OUTLIER, lambda t, x: line(t, x[1]), 2),
        (np.ma.array([X, X], mask=[X == 7, X == 2]).T, OUTLIER, lambda t, x: line(t, x[:, 1]), 2),
        ({"x": masked(X, 7)}, OUTLIER, lambda t, x: line(t, x["x"]), 1),
        (None, masked(OUTLIER, 7), lambda t, x: line(t, X), 1),
        (object(), masked(OUTLIER, 7), lambda t, x: line(t, X), 1),
        (list(X), [np.ma.masked if v > 1e5 else v for v in OUTLIER], line, 1),
        (X, np.ma.array(Y), line, 0),
    ],
)
def test_a_masked_point_is_no_datum(x, y, model, dropped):
    fit = CurveFit(model, x, y)
    np.testing.assert_allclose(found(fit, 2), [2, 1], rtol=1e-6)
    assert fit.n_dropped == dropped and len(fit.residual(np.ones(2))) == N - dropped
    assert (f"{dropped} missing points dropped" in repr(fit)) == (dropped > 0)
    if isinstance(x, np.ndarray):
        assert N - dropped in fit.x.shape and fit.y.shape == (N - dropped,)


def test_single_numbers_of_samples_with_several_outputs_are_masked():
    y = np.ma.array(np.stack([2 * X, 3 * X], axis=1), mask=np.stack([X == 3, X == 4], axis=1))
    y.data[y.mask] = 1e6
    y[5] = np.ma.masked  # a whole sample

    def model(t, x):
        return np.stack([t[0] * x, t[1] * x], axis=1)

    def jacobian(t, x):
        J = np.zeros((len(x), 2, 2))
        J[:, 0, 0] = J[:, 1, 1] = x
        return J.reshape(-1, 2)

    for given in (None, jacobian):
        fit = CurveFit(model, X, y, given)
        np.testing.assert_allclose(found(fit, 2), [2, 3], rtol=1e-6)
        assert fit.n_dropped == 4 and fit.y.shape == (N - 1, 2)
        assert fit.linearize(np.ones(2)).J.shape == (2 * N - 4, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["x", "y"])
def test_what_is_not_finite_is_named_by_its_index_or_dropped(name, bad):
    data = {"x": X.copy(), "y": Y.copy()}
    data[name][4] = bad
    words = rf"^{name} holds {bad} at index \(4,\): expected finite.*missing=\"drop\""
    with pytest.raises(ValueError, match=words):
        CurveFit(line, **data)
    fit = CurveFit(line, **data, missing="drop")
    assert fit.n_dropped == 1 and np.array_equal(fit.x, np.delete(X, 4))
    np.testing.assert_allclose(found(fit, 2), [2, 1], rtol=1e-6)


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ([X, np.where(X == 4, np.nan, X)], r"x\[1\]"),
        ({"a": X, "b": np.where(X == 4, np.inf, X)}, r"x\['b'\]"),
        (Pair(X, np.where(X == 4, np.nan, X)), r"x\.v"),
        (Frame({"u": np.where(X == 4, np.nan, X)}), r"x\['u'\]"),
    ],
)
def test_what_is_not_finite_is_named_by_its_place_in_several_arrays(inside, name):
    with pytest.raises(ValueError, match=rf"^{name} holds (nan|inf) at index \(4,\)"):
        CurveFit(line, inside, Y)
    assert CurveFit(line, inside, Y, missing="drop").n_dropped == 1


def test_none_in_a_list_is_missing():
    y = [None if v == 9 else v for v in Y]
    with pytest.raises(ValueError, match=r"y holds None at index \(4,\)"):
        CurveFit(line, X, y)
    assert np.array_equal(CurveFit(line, X, y, missing="drop").y, np.delete(Y, 4))


def test_where_it_is_not_clear_which_samples_to_drop_the_mask_is_named():
    square = np.ma.masked_equal(np.arange(9.0).reshape(3, 3), 4)
    with pytest.raises(ValueError, match="x has masked .*not clear which axis"):
        CurveFit(lambda t, x: t[0] * x[0], square, np.ones(3))
    with pytest.raises(ValueError, match="masked .*not clear which axis"):
        CurveFit(line, {"x": X, "knots": np.ma.masked_equal(np.arange(3), 1)}, Y)


def test_no_point_left_is_said():
    with pytest.raises(ValueError, match="y has no number left: all 12 of its points are missing"):
        CurveFit(line, X, np.ma.masked_all(N))


# --- the model


def scipys(x, a, b):
    return a * x + b


class Methods:
    def right(self, theta, x):
        return line(theta, x)

    def scipys(self, x, a, b):
        return a * x + b


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (scipys, "model takes (x, a, b): lmteach calls model(theta, x); "
                 "write lambda theta, x: scipys(x, *theta)"),
        (lambda x, a, b, c: 0, "takes (x, a, b, c): .*lambda theta, x: f(x, *theta)"),
        (lambda x, *p: 0, "takes (x, *p): .*f(x, *theta)"),
        (lambda x, a: 0, "takes (x, a): .*f(x, *theta)"),
        (lambda x, a=1, b=2: 0, "takes (x, a=1, b=2): .*f(x, *theta)"),
        (lambda xdata, params: 0, "takes (xdata, params): .*f(x, theta)"),
        (lambda theta: 0, "takes (theta): .*f(theta)"),
        (lambda theta, x, *, k: 0, "takes (theta, x, *, k): .*f(theta, x, k=…)"),
        (Methods().scipys, "takes (x, a, b): .*scipys(x, *theta)"),
    ],
)  # fmt: skip
def test_a_model_of_other_arguments_is_recognized(model, words):
    pattern = ".*".join(map(re.escape, words.split(".*")))
    with pytest.raises(TypeError, match=pattern):
        CurveFit(model, X, Y)


@pytest.mark.parametrize(
    "model",
    [
        line,
        Methods().right,
        lambda x, t: line(x, t),  # SciPy's least_squares calls the parameters x
        lambda theta, x, k=1: line(theta, x),
        lambda theta, x=None: line(theta, x),
        lambda *both: line(*both),
        lambda theta, *x: line(theta, *x),
        np.polyval,
    ],
)
def test_a_model_that_takes_theta_and_x_is_taken(model):
    assert np.allclose(CurveFit(model, X, Y).residual([2.0, 1.0]), 0)


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (None, ValueError, "is None: is a return missing? Expected an array of y's shape, (12,)"),
        (1.0, ValueError, "has shape (): expected that of y, (12,); does the model use x?"),
        (np.ones((N, 1)), ValueError, "has shape (12, 1): expected that of y, (12,); "
                                      "model(theta, x).ravel() has it"),
        (np.ones(N + 1), ValueError, "has shape (13,): expected that of y, (12,)"),
        ([1, [2, 3]], ValueError, "is not an array"),
        (["a"] * N, TypeError, "has dtype <U1: expected numbers"),
        ([None] * N, TypeError, "holds NoneType: expected"),
    ],
)  # fmt: skip
def test_what_a_model_returns_is_named(value, kind, words):
    fit = CurveFit(lambda theta, x: value, X, Y)
    with pytest.raises(kind, match=re.escape("model(theta, x) " + words)):
        fit.residual([1.0, 1.0])


def test_a_column_for_y_and_a_model_of_one_axis_are_told_apart():
    with pytest.raises(ValueError, match=r"\(12,\): expected .* \(12, 1\); y.ravel\(\) has the"):
        CurveFit(line, X, Y[:, None]).residual([1.0, 1.0])


def test_a_model_may_return_a_list_of_numbers():
    fit = CurveFit(lambda t, x: [t[0] * v + t[1] for v in x], X, Y)
    np.testing.assert_allclose(found(fit, 2), [2, 1], rtol=1e-6)


def test_arguments_in_the_other_order_are_named_where_the_shape_is_wrong():
    with pytest.raises(ValueError, match=r"takes \(x, w\), and is called as model\(theta, x\)"):
        CurveFit(lambda x, w: w[0] * x + w[1], X, Y).residual([1.0, 1.0])


# --- the start


def three(theta, x):
    a, b, c = theta
    return a + b * x + c * x**2


@pytest.mark.parametrize(
    ("problem", "n"),
    [
        (CurveFit(line, X, Y), 2),
        (CurveFit(three, X, Y), 3),
        (CurveFit(lambda t, x: x @ t, np.ones((N, 5)), Y), 5),
        (LeastSquares(lambda t: np.array([t[3], t[0]])), 4),
        (NetworkFit(Input(2) >> Tanh(2) >> Linear(1), np.ones((3, 2)), np.ones((3, 1))), 9),
    ],
)
def test_a_start_is_not_guessed_but_its_length_is_told(problem, n):
    words = rf"theta0 is missing, and is not guessed: expected .* \(P,\) = \({n},\)"
    for arguments in ((), (None,)):
        with pytest.raises(TypeError, match=words):
            solve(problem, *arguments)


def test_a_length_that_cannot_be_told_is_left_out():
    def never(theta):
        raise RuntimeError

    with pytest.raises(TypeError, match=r"expected an array of shape \(P,\)$"):
        solve(LeastSquares(never))


HALF = np.ma.array(np.ones((N, 2)), mask=[[v == 1, False] for v in X])  # one number is masked


@pytest.mark.parametrize(
    ("x", "y", "model", "place"),
    [
        (X, Y, lambda t, x: t[0] / (x - 3), "r[3] = inf at x = 3.0"),
        (X, masked(Y, 1), lambda t, x: t[0] / (x - 3), "r[2] = inf at x = 3.0"),
        ([X, 2 * X], Y, lambda t, x: t[0] / (x[0] - 3), "r[3] = inf at x = [3. 6.]"),
        ({"a": X}, Y, lambda t, x: t[0] / (x["a"] - 3), "r[3] = inf at x['a'] = 3.0"),
        (X, np.ones((N, 2)), lambda t, x: np.stack([x, t[0] / (x - 3)], 1), "r[7] = inf at x = 3"),
        (X, HALF, lambda t, x: np.stack([x, t[0] / (x - 3)], 1), "r[6] = inf at x = 3.0"),
        (None, Y, lambda t, x: t[0] / (X - 3), "r[3] = inf"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_where_r_is_not_finite_at_the_start_the_place_is_named(x, y, model, place):
    fit = CurveFit(model, x, y)
    for call in (solve, CurveFit.linearize):
        with pytest.raises(ValueError, match=re.escape(place)):
            call(fit, [1.0])


# --- copies


@pytest.mark.parametrize(
    "twin",
    [lambda o: pickle.loads(pickle.dumps(o)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
@pytest.mark.parametrize("kind", ["curve", "masked curve", "network"])
def test_problems_traces_steps_and_evaluations_are_copied_and_go_on(twin, kind):
    theta = np.array([1.0, 3.0])
    if kind == "network":
        network = Input(2) >> Tanh(3) >> Linear(1)
        rng = np.random.default_rng(0)
        problem = NetworkFit(network, rng.normal(size=(9, 2)), rng.normal(size=(9, 1)))
        theta = network.theta
    else:
        problem = CurveFit(line, X, masked(OUTLIER, 7) if "masked" in kind else OUTLIER)
    trace = solve(problem, theta, plain=True, max_steps=3)
    other, run, step, seen = map(twin, (problem, trace, trace[1], problem.evaluate(theta)))
    assert np.array_equal(other.linearize(theta).J, problem.linearize(theta).J)
    assert repr(other) == repr(problem) or kind == "network"
    assert np.array_equal(run.theta, trace.theta) and run.losses == trace.losses
    assert repr(run) == repr(trace) and len(run) == len(trace)
    mine, theirs = next(lm(problem, trace[1])), next(lm(step.problem, step))
    assert np.array_equal(mine.trial_theta, theirs.trial_theta) and mine.mu == theirs.mu
    assert np.array_equal(seen.linearize().g, problem.linearize(theta).g)
    for array in (step.theta, step.r, step.h, run[0].g, seen.theta, seen.r):
        assert not array.flags.writeable


# --- networks


def test_a_networks_masked_samples_are_left_out():
    rng = np.random.default_rng(0)
    X2, Y1 = rng.normal(size=(8, 2)), rng.normal(size=(8, 1))
    network = Input(2) >> Tanh(3) >> Linear(1)
    expected = NetworkFit(network, X2[2:], Y1[2:]).loss(network.theta)
    bad_X, bad_Y = X2.copy(), Y1.copy()
    bad_X[0, 1] = bad_Y[1] = np.nan
    fits = [
        NetworkFit(network, np.ma.masked_invalid(bad_X), np.ma.masked_invalid(bad_Y)),
        NetworkFit(network, bad_X, bad_Y, missing="drop"),
        NetworkFit(network, bad_X.tolist(), bad_Y.tolist(), missing="drop"),
    ]
    for fit in fits:
        assert fit.n_dropped == 2 and fit.loss(network.theta) == pytest.approx(expected)
    with pytest.raises(ValueError, match=r"X holds nan at index \(0, 1\)"):
        NetworkFit(network, bad_X, bad_Y)
    with pytest.raises(ValueError, match="no sample left"):
        NetworkFit(network, np.ma.masked_all((8, 2)), Y1)


def test_a_table_is_no_y_and_its_columns_are_told():
    table = np.zeros(3, [("time", float), ("height", "i4")])
    with pytest.raises(TypeError, match=r"y is a table with columns time, height.*y\['time'"):
        CurveFit(lambda t, x: t[0] * x["time"], table, table)
