"""Bad input: every public parameter × its wrong kinds, each with its exception and its words.

A row of TABLE is (where, the argument's name, a call with the value in place, wrong kinds); a kind
is (value, exception, pattern). Every message names the argument, says what came, and says what was
expected.
"""

import inspect
import math
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest
from shared_problems import rosenbrock

from lmteach import (
    CurveFit,
    Factor,
    Input,
    LeastSquares,
    Linear,
    Network,
    NetworkFit,
    Nielsen,
    Relu,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
    gauss_newton,
    gradient_descent,
    levenberg_marquardt,
    solve,
)
from lmteach.algorithms import LevenbergMarquardt
from lmteach.cross_entropy import LOSSES
from lmteach.jacobians import NotFinite
from lmteach.stopping import Options

NAN, INF = np.nan, np.inf
START = [-1.2, 1.0]
X, Y = np.arange(6.0).reshape(3, 2), np.ones((3, 1))


def network():
    return Input(2) >> Tanh(2) >> Linear(1)


def valley():
    return LeastSquares(rosenbrock)


def only_at_start(theta):
    """r that is finite at START and nowhere else, so that no difference is."""
    return rosenbrock(theta) if np.array_equal(theta, START) else np.full(2, NAN)


def here():
    return valley().linearize(START)


def routed(route):
    return NetworkFit(network(), X, Y, route=route).linearize(network().theta)


def set_theta(value):
    network().theta = value


def first(**options):
    return next(levenberg_marquardt(valley(), START, **options))


def optimizer(**options):
    return LevenbergMarquardt(network(), **options)


def train(*arguments, **options):
    return optimizer().train(*arguments, **options)


# --- wrong kinds


def vectors(length=None):
    """What is no (length,) array of finite numbers."""
    expected = "expected an array of numbers with 1 axis"
    kinds = [
        ("a", TypeError, f"has dtype <U1: {expected}"),
        (["a", "b"], TypeError, f"has dtype <U1: {expected}"),
        ([b"a"], TypeError, f"has dtype |S1: {expected}"),
        (None, TypeError, f"holds NoneType: {expected}"),
        ([None, 1.0], TypeError, f"holds NoneType, float: {expected}"),
        ({"a": 1}, TypeError, f"holds dict: {expected}"),
        (1j, TypeError, f"is complex: {expected}, real"),
        ([1j, 1], TypeError, f"is complex: {expected}, real"),
        (1.0, ValueError, f"has shape (): {expected}"),
        ([[1.0, 2.0]], ValueError, f"has shape (1, 2): {expected}"),
        ([[1.0], [2.0, 3.0]], ValueError, "is not an array of numbers with 1 axis: "),
        (
            np.full(length or 2, NAN),
            ValueError,
            "holds nan at index (0,): expected finite numbers only",
        ),
        (
            np.full(length or 2, -INF),
            ValueError,
            "holds -inf at index (0,): expected finite numbers only",
        ),
    ]
    if length is None:
        return [*kinds, ([], ValueError, "is empty (shape (0,)): expected at least one number")]
    wrong = [np.ones(n) for n in (0, 1, length - 1, length + 1) if n != length]
    return kinds + [(v, ValueError, f"has shape ({len(v)},): expected ({length},)") for v in wrong]


def matrices(width, rows=3):
    """What is no (any, width) array of finite numbers."""
    expected = "expected an array of numbers with 2 axes"
    hint = f"{expected} (for one column: reshape(-1, 1), shape (3, 1))"
    return [
        ("a", TypeError, f"has dtype <U1: {expected}"),
        (None, TypeError, f"holds NoneType: {expected}"),
        (np.full((rows, width), "a"), TypeError, f"has dtype <U1: {expected}"),
        (np.full((rows, width), None), TypeError, f"holds NoneType: {expected}"),
        (np.ones((rows, width)) * 1j, TypeError, f"is complex: {expected}, real"),
        (1.0, ValueError, f"has shape (): {expected}"),
        (np.ones(3), ValueError, f"has shape (3,): {hint}"),
        (np.ones((rows, width, 1)), ValueError, f"has shape ({rows}, {width}, 1): {expected}"),
        (
            np.ones((rows, width + 1)),
            ValueError,
            f"has shape ({rows}, {width + 1}): expected (any, {width})",
        ),
        (
            np.ones((0, width)),
            ValueError,
            f"is empty (shape (0, {width})): expected at least one number",
        ),
        (
            [[1.0] * width, [1.0] * (width + 1)],
            ValueError,
            "is not an array of numbers with 2 axes: ",
        ),
        (
            np.full((rows, width), NAN),
            ValueError,
            "holds nan at index (0, 0): expected finite numbers only",
        ),
        (
            np.full((rows, width), INF),
            ValueError,
            "holds inf at index (0, 0): expected finite numbers only",
        ),
    ]


def no_numbers():
    """What is no number to reach from above."""
    return [
        ("a", TypeError, "= 'a': expected a number"),
        (True, TypeError, "= True: expected a number"),
        (1j, TypeError, "= 1j: expected a number"),
        ([1.0], TypeError, "= [1.0]: expected a number"),
        (math.nan, ValueError, "= nan: expected a finite number"),
        (math.inf, ValueError, "= inf: expected a finite number"),
        (10**400, ValueError, "= an integer of 401 digits: expected a finite number"),
    ]


def above_0(*allowed, or_zero=False):
    """What is no finite number > 0 (or ≥ 0)."""
    expected = f"expected a finite number {'≥' if or_zero else '>'} 0"
    kinds = [
        (v, TypeError, f"= {v!r}: {expected}") for v in ("a", None, True, 1j, [1.0], np.ones(1))
    ]
    kinds += [
        (v, ValueError, f"= {v!r}: {expected}")
        for v in (-1, -0.5, NAN, INF, *([] if or_zero else [0, 0.0]))
    ]
    return [kind for kind in kinds if not any(kind[0] is value for value in allowed)]


def whole_from(least):
    """What is no whole number ≥ least."""
    expected = f"expected a whole number of at least {least}"
    kinds = [
        (v, TypeError, f"= {v!r}: {expected}") for v in (1.5, 3.0, NAN, INF, "a", None, True, [1])
    ]
    return kinds + [(v, ValueError, f"= {v!r}: {expected}") for v in (least - 1, -1)]


def unless_given(kinds):
    """The same kinds but None, which leaves an option as it is."""
    return [kind for kind in kinds if kind[0] is not None]


def flags(*allowed):
    """What is neither True nor False."""
    return [
        (v, TypeError, f"= {v!r}: expected True or False")
        for v in (1, 0, "yes", None, [])
        if v not in allowed
    ]


def flags_or_above_0(*allowed):
    """What is neither a flag nor a finite number > 0."""
    expected = "expected True, False or a finite number > 0"
    return [
        (v, error, f"= {v!r}: {expected}")
        for v, error, _ in above_0()
        if v is not True and v not in allowed
    ]


def names(*options):
    """What is none of the named options."""
    words = f"expected one of {', '.join(map(repr, options))}"
    return [("nonsense", ValueError, f"= 'nonsense': {words}")] + [
        (v, TypeError, f"= {v!r}: {words}") for v in (None, 3, True)
    ]


def functions(words, *allowed):
    """What cannot be called."""
    kinds = [("a", "a str"), (3, "an int"), (None, "a NoneType"), (np.ones(2), "a ndarray")]
    return [
        (v, TypeError, f"is {kind}: expected a function {words}")
        for v, kind in kinds
        if kind not in allowed
    ]


def problems():
    words = "expected a Problem, such as LeastSquares or NetworkFit"
    kinds = [(None, "NoneType"), ("a", "str"), (rosenbrock, "function"), (network(), "Network")]
    return [(v, TypeError, f"is a {kind}: {words}") for v, kind in kinds]


FIRST_LAYER = "expected Input(n) first, and nowhere else"
A_LAYER = "expected a layer, such as Tanh(4)"
SAMES = "expected the same number"
A_RULE = "expected a rule, such as Nielsen() or Factor(10)"
FINITE = "every residual is a finite number"
NOT_FINITE = f"residual(theta0) is not finite; expected a start where {FINITE}"

RESULTS = [  # what residual(theta) must not return
    (np.ones((2, 2)), ValueError, "has shape (2, 2): expected an array of numbers with 1 axis"),
    (1.0, ValueError, "has shape (): expected an array of numbers with 1 axis"),
    ([], ValueError, "is empty (shape (0,)): expected at least one number"),
    ([1, [2]], ValueError, "is not an array of numbers with 1 axis"),
    (None, TypeError, "holds NoneType: expected an array of numbers with 1 axis"),
    ("a", TypeError, "has dtype <U1: expected an array of numbers with 1 axis"),
    ([1j, 1], TypeError, "is complex: expected an array of numbers with 1 axis, real"),
]
JACOBIANS = [  # what jacobian(theta) must not return
    (np.ones((3, 2)), ValueError, "has shape (3, 2): expected (2, 2)"),
    (np.ones((2, 1)), ValueError, "has shape (2, 1): expected (2, 2)"),
    (np.ones(4), ValueError, "has shape (4,): expected an array of numbers with 2 axes"),
    (None, TypeError, "holds NoneType: expected an array of numbers with 2 axes"),
    ("a", TypeError, "has dtype <U1: expected an array of numbers with 2 axes"),
    (np.eye(2) * 1j, TypeError, "is complex: expected an array of numbers with 2 axes, real"),
]
NOT_A_NUMBER = np.full((2, 2), NAN), "holds nan at index (0, 0): expected finite numbers only"
SIGNALS = "expected a function, a dict, an object with handlers, or a list of them"


def light_step():
    return solve(valley(), START, history="light")[3]


def tables(width):
    """These kinds of matrices without (N,), which is taken for one column."""
    return [kind for kind in matrices(width) if getattr(kind[0], "shape", None) != (3,)]


def started(kinds):
    """These kinds without None, which is no start at all."""
    return [kind for kind in kinds if kind[0] is not None]


TABLE = [
    # --- networks
    *[
        (kind.__name__, "size", kind, [(v, e, words) for v, e, words in whole_from(1)])
        for kind in (Input, Linear, Relu, Sigmoid, Softmax, Softplus, Tanh)
    ],
    ("Network", "layers", Network, [
        (None, TypeError, "is a NoneType: expected a list or tuple of layers"),
        ("Tanh", TypeError, "is a str: expected a list or tuple of layers"),
        (Input(2), TypeError, "is an Input: expected a list or tuple of layers"),
        ([], ValueError, "is empty: expected Input(n) and at least one more layer"),
        ([Tanh(2)], ValueError, f"[0] is Tanh(2): {FIRST_LAYER}"),
        ([Tanh(2), Input(2)], ValueError, f"[0] is Tanh(2): {FIRST_LAYER}"),
        ([Input(2), Input(2)], ValueError, f"[1] is Input(2): {FIRST_LAYER}"),
        ([Input(2), "Tanh"], TypeError, f"[1] is a str: {A_LAYER}"),
        ([Input(2), Tanh], TypeError, f"[1] is a type: {A_LAYER}"),
        ([Input(2), 3], TypeError, f"[1] is an int: {A_LAYER}"),
        ([Input(2), Softmax(2), Linear(2)], ValueError,
         "[1] is Softmax(2): expected it last, and nowhere else"),
        ([Input(2), [Tanh(2)]], TypeError, f"[1] is a list: {A_LAYER}"),
    ]),
    (">>", "layers", lambda v: network() >> v, [
        (Input(2), ValueError, f"[3] is Input(2): {FIRST_LAYER}"),
        ("Tanh", TypeError, f"[3] is a str: {A_LAYER}"),
        (Tanh, TypeError, f"[3] is a type: {A_LAYER}"),
        (None, TypeError, f"[3] is a NoneType: {A_LAYER}"),
    ]),
    ("Layer >>", "layers", lambda v: Tanh(2) >> v,
     [(Linear(1), ValueError, f"[0] is Tanh(2): {FIRST_LAYER}")]),
    ("initialize", "seed", lambda v: network().initialize(seed=v), whole_from(0)),
    ("initialize", "scheme", lambda v: network().initialize(scheme=v),
     names("glorot", "he", "lecun", "uniform")),
    ("network", "theta", set_theta, vectors(9)),
    ("predict", "X", lambda v: network().predict(v), matrices(2)),
    ("forward", "X", lambda v: network().forward(v), [
        ("a", TypeError, "has dtype <U1: expected an array of numbers with 2 axes"),
        (None, TypeError, "holds NoneType: expected an array of numbers with 2 axes"),
        (np.ones(2), ValueError,
         "has shape (2,): expected an array of numbers with 2 axes (for one column"),
        (np.ones((3, 3)), ValueError, "has shape (3, 3): expected (any, 2)"),
        (np.ones((3, 2, 1)), ValueError,
         "has shape (3, 2, 1): expected an array of numbers with 2 axes"),
        ([[1, 2], [3]], ValueError, "is not an array of numbers with 2 axes"),
    ]),
    # --- problems
    ("LeastSquares", "residual", LeastSquares, functions("residual(theta) → r, (M,)")),
    ("LeastSquares", "jacobian", lambda v: LeastSquares(rosenbrock, v),
     functions("jacobian(theta) → J, (M, P)", "a NoneType")),
    ("LeastSquares", "check_jacobian", lambda v: LeastSquares(rosenbrock, None, v), flags()),
    ("LeastSquares", "residual(theta)", lambda v: LeastSquares(lambda t: v).residual(START),
     RESULTS),
    ("linearize", "residual(theta)", lambda v: LeastSquares(lambda t: v).linearize(START), RESULTS),
    ("solve", "residual(theta)", lambda v: solve(LeastSquares(lambda t: v), START), RESULTS),
    ("LeastSquares", "jacobian(theta)",
     lambda v: LeastSquares(rosenbrock, lambda t: v).linearize(START), JACOBIANS),
    ("LeastSquares", "jacobian(theta)",
     lambda v: LeastSquares(rosenbrock, lambda t: v).linearize(START),
     [(NOT_A_NUMBER[0], ValueError, NOT_A_NUMBER[1])]),
    ("unchecked", "jacobian(theta)",
     lambda v: LeastSquares(rosenbrock, lambda t: v, False).linearize(START), JACOBIANS),
    ("unchecked", "jacobian(theta)",
     lambda v: LeastSquares(only_at_start, lambda t: v, False).linearize(START),
     [(NOT_A_NUMBER[0], NotFinite, NOT_A_NUMBER[1])]),
    ("residual", "theta", lambda v: valley().residual(v), vectors()),
    ("loss", "theta", lambda v: valley().loss(v), vectors()),
    ("linearize", "theta", lambda v: valley().linearize(v), vectors()),
    ("NetworkFit.residual", "theta", lambda v: NetworkFit(network(), X, Y).residual(v), vectors(9)),
    ("NetworkFit.linearize", "theta", lambda v: NetworkFit(network(), X, Y).linearize(v),
     vectors(9)),
    ("linearize", "theta", lambda v: LeastSquares(lambda t: t * v).linearize(START), [
        (v, ValueError, f"r is not finite there; expected a θ where {FINITE}") for v in (NAN, INF)
    ]),
    ("CurveFit", "model", lambda v: CurveFit(v, [1.0], [1.0]),
     functions("model(theta, x) → prediction of y")),
    ("CurveFit", "x", lambda v: CurveFit(rosenbrock, v, [1.0, 2.0]), [
        (np.ones(3), ValueError, f"has 3 samples and y has 2: {SAMES}"),
        ([1, 2, 3], ValueError, f"has 3 samples and y has 2: {SAMES}"),
        (np.ones((3, 4)), ValueError,
         "has shape (3, 4) and y has 2 samples: expected an axis of that length"),
        ([[1], [2, 3]], ValueError, "is not an array: "),
        (["1", "2"], TypeError, "holds '1', a str: expected numbers"),
    ]),
    ("CurveFit", "missing", lambda v: CurveFit(rosenbrock, [1.0], [1.0], missing=v),
     names("raise", "drop")),
    ("CurveFit", "y", lambda v: CurveFit(rosenbrock, [1.0, 2.0], v), [
        (np.ones(3), ValueError, f"has 3: {SAMES}"),
        ([1.0, NAN], ValueError, "holds nan at index (1,): expected finite numbers only"),
        ([[1.0], [INF]], ValueError, "holds inf at index (1, 0): expected finite numbers only"),
        ([], ValueError, "is empty (shape (0,)): expected at least one number"),
        (5.0, ValueError, "has shape (): expected an array of numbers with 1 axis"),
        ("ab", TypeError, "has dtype <U2: expected an array of numbers with 1 axis"),
        (None, TypeError, "holds NoneType: expected an array of numbers with 1 axis"),
        (np.ones((2, 2, 2)), ValueError,
         "has shape (2, 2, 2): expected an array of numbers with 2 axes"),
        ([[1], [2, 3]], ValueError, "is not an array: "),
    ]),
    ("CurveFit", "jacobian", lambda v: CurveFit(rosenbrock, [1.0], [1.0], v),
     functions("jacobian(theta, x) → J, (N·m, P)", "a NoneType")),
    ("CurveFit", "check_jacobian", lambda v: CurveFit(rosenbrock, [1.0], [1.0], None, v), flags()),
    ("CurveFit", "model(theta, x)",
     lambda v: CurveFit(lambda t, x: v, [1.0, 2.0], [1.0, 2.0]).residual([1.0]), [
        (np.ones(3), ValueError, "has shape (3,): expected that of y, (2,)"),
        (np.ones((2, 1)), ValueError, "has shape (2, 1): expected that of y, (2,)"),
        (1.0, ValueError, "has shape (): expected that of y, (2,)"),
        (None, ValueError, "is None: is a return missing? Expected an array of y's shape, (2,)"),
    ]),
    ("NetworkFit", "network", lambda v: NetworkFit(v, X, Y), [
        (None, TypeError, "is a NoneType: expected a Network, such as Input(2) >> Tanh(4)"),
        ("a", TypeError, "is a str: expected a Network"),
        ([Input(2), Linear(1)], TypeError, "is a list: expected a Network"),
        (Input(2), TypeError, "is an Input: expected a Network"),
        (Network([Input(2)]), ValueError,
         "is Input(2): expected at least one layer after the input"),
    ]),
    ("NetworkFit", "X", lambda v: NetworkFit(network(), v, Y), matrices(2)),
    ("NetworkFit", "Y", lambda v: NetworkFit(network(), X, v), matrices(1)),
    ("NetworkFit", "X", lambda v: NetworkFit(network(), v, Y),
     [(np.ones((4, 2)), ValueError, f"has 4 samples and Y has 3: {SAMES}")]),
    ("NetworkFit", "Y", lambda v: NetworkFit(network(), X, v),
     [(np.ones((4, 1)), ValueError, f"X has 3 samples and Y has 4: {SAMES}")]),
    ("NetworkFit", "loss", lambda v: NetworkFit(network(), X, Y, loss=v), names(*LOSSES)),
    ("NetworkFit", "route", lambda v: NetworkFit(network(), X, Y, route=v),
     [kind for kind in names("rows", "blocks", "samples") if kind[0] is not None]),
    ("NetworkFit", "executor", lambda v: NetworkFit(network(), X, Y, executor=v), [
        (2, TypeError, "is an int: expected a concurrent.futures.Executor"),
        ("threads", TypeError, "is a str: expected a concurrent.futures.Executor"),
        (object(), TypeError, "is an object: expected a concurrent.futures.Executor"),
    ]),
    ("NetworkFit", "route", lambda v: NetworkFit(network(), X, Y, route=v,
     executor=ThreadPoolExecutor()),
     [("samples", ValueError, "= \"samples\" with an executor: expected \"rows\" or \"blocks\"")]),
    ("NetworkFit", "loss", lambda v: NetworkFit(network(), X, Y, loss=v),
     [(name, ValueError, f"= {name!r} with Linear(1) last: expected {loss.last_layer} as the last")
      for name, loss in LOSSES.items() if loss.last_layer]),
    ("NetworkFit", "loss", lambda v: NetworkFit(network(), X, Y, loss=v), [
        (LOSSES["cross_entropy"], ValueError,
         "with Linear(1) last: expected Softmax as the last layer"),
        (type(LOSSES["mse"]), TypeError, "expected an object of it, SquaredError()"),
    ]),
    ("NetworkFit", "Y", lambda v: NetworkFit(Input(2) >> Sigmoid(1), X, v, "binary_cross_entropy"),
     [
        *matrices(1),
        (np.full((3, 1), 1.5), ValueError, "holds numbers from 1.5 to 1.5: binary cross-entropy "
         "expected probabilities from 0 to 1"),
        (np.full((3, 1), -0.5), ValueError,
         "holds numbers from -0.5 to -0.5: binary cross-entropy"),
    ]),
    ("NetworkFit", "precision", lambda v: NetworkFit(network(), X, Y, precision=v),
     names("float64", "float32")),
    ("NetworkFit", "Y", lambda v: NetworkFit(Input(2) >> Softmax(2), X, v, "cross_entropy"), [
        *matrices(2),
        (np.ones((3, 2)), ValueError, "holds rows with sums from 2 to 2 and a smallest entry of 1: "
         "cross-entropy expected probabilities ≥ 0 that sum to 1"),
        (np.full((3, 2), [1.5, -0.5]), ValueError,
         "a smallest entry of -0.5: cross-entropy expected probabilities"),
    ]),
    ("batches", "size", lambda v: next(NetworkFit(network(), X, Y).batches(v, 0)), whole_from(1)),
    ("batches", "seed", lambda v: next(NetworkFit(network(), X, Y).batches(1, v)), whole_from(0)),
    # --- linearizations
    ("step", "mu", lambda v: here().step(v), above_0(or_zero=True)),
    ("damped", "mu", lambda v: here().damped(v), above_0()),
    ("damped", "scale", lambda v: here().damped(1.0, v),
     [kind for kind in vectors(2) if kind[0] is not None]),
    ("damped", "scale", lambda v: here().damped(1.0, v), [
        ([1, 0], ValueError, "holds 0.0: expected numbers > 0"),
        ([1, -2], ValueError, "holds -2.0: expected numbers > 0"),
    ]),
    ("steps", "mus", lambda v: here().steps(v), vectors()),
    ("steps", "mus", lambda v: here().steps(v),
     [([1, -1], ValueError, "holds -1.0: expected numbers ≥ 0")]),
    ("Damped.solve", "v", lambda v: here().damped(1.0).solve(v), vectors(2)),
    ("Jv", "v", lambda v: here().Jv(v), vectors(2)),
    ("JTv", "v", lambda v: here().JTv(v), vectors(2)),
    *[
        (f"{route}: {where}", name, lambda v, route=route, call=call: call(routed(route), v), kinds)
        for route in ("blocks", "samples")
        for where, name, call, kinds in (
            ("step", "mu", lambda here, v: here.step(v), above_0(or_zero=True)),
            ("damped", "mu", lambda here, v: here.damped(v), above_0()),
            ("steps", "mus", lambda here, v: here.steps(v),
             [([1, -1], ValueError, "holds -1.0: expected numbers ≥")]),
            ("Damped.solve", "v", lambda here, v: here.damped(1.0).solve(v), vectors(3)),
            ("Jv", "v", lambda here, v: here.Jv(v), vectors(9)),
            ("JTv", "v", lambda here, v: here.JTv(v), vectors(3)),
        )
    ],
    ("blocks: damped", "scale", lambda v: routed("blocks").damped(1.0, v), [
        *[kind for kind in vectors(9) if kind[0] is not None],
        (np.zeros(9), ValueError, "holds 0.0: expected numbers > 0"),
    ]),
    ("samples: damped", "scale", lambda v: routed("samples").damped(1.0, v),
     [(np.ones(9), ValueError, '= D: expected None on the route "samples"')]),
    # --- damping
    ("Factor", "factor", Factor, above_0()),
    ("Factor", "factor", Factor, [(0.5, ValueError, "= 0.5: expected a number of at least 1")]),
    ("Factor", "mu_min", lambda v: Factor(2, mu_min=v), above_0()),
    ("Factor", "mu_max", lambda v: Factor(2, mu_min=1.0, mu_max=v), [
        *[(v, ValueError, f"= {v!r}: expected a number above mu_min = 1.0") for v in (1.0, 0, -1,
         NAN)],
        *[(v, TypeError, f"= {v!r}: expected a number above mu_min = 1.0") for v in ("a", None,
         True, [2])],
    ]),
    ("Nielsen", "nu", Nielsen, above_0()),
    ("Nielsen", "nu", Nielsen, [(0.5, ValueError, "= 0.5: expected a number of at least 1")]),
    ("Nielsen", "mu_min", lambda v: Nielsen(mu_min=v), above_0()),
    # --- solvers
    ("levenberg_marquardt", "problem", lambda v: levenberg_marquardt(v, START), problems()),
    ("levenberg_marquardt", "theta0", lambda v: levenberg_marquardt(valley(), v), vectors()),
    ("levenberg_marquardt", "theta0",
     lambda v: levenberg_marquardt(NetworkFit(network(), X, Y), v), vectors(9)),
    ("levenberg_marquardt", "theta0",
     lambda v: levenberg_marquardt(LeastSquares(lambda t: t * v), START),
     [(NAN, ValueError, NOT_FINITE), (INF, ValueError, NOT_FINITE)]),
    ("levenberg_marquardt", "mu", lambda v: first(mu=v), above_0(None)),
    ("levenberg_marquardt", "damping", lambda v: first(damping=v), [
        ("nielsen", TypeError, f"is 'nielsen': {A_RULE}"),
        (3, TypeError, f"is 3: {A_RULE}"),
        (Nielsen, TypeError, f"is {Nielsen!r}: {A_RULE}"),
    ]),
    ("levenberg_marquardt", "scaling", lambda v: first(scaling=v),
     unless_given(names("identity", "marquardt", "more"))),
    ("levenberg_marquardt", "geodesic", lambda v: first(geodesic=v),
     flags_or_above_0(None)),
    ("levenberg_marquardt", "max_steps", lambda v: first(max_steps=v), unless_given(whole_from(1))),
    ("levenberg_marquardt", "max_evaluations", lambda v: first(max_evaluations=v),
     unless_given(whole_from(0))),
    ("solve", "max_evaluations", lambda v: solve(valley(), START, max_evaluations=v),
     unless_given(whole_from(1))),
    *[
        ("levenberg_marquardt", name, lambda v, name=name: first(**{name: v}),
         above_0(None, or_zero=True))
        for name in ("gtol", "xtol", "ftol")
    ],
    ("levenberg_marquardt", "target_loss", lambda v: first(target_loss=v), no_numbers()),
    ("solve, rescaled", "target_loss",
     lambda v: solve(LeastSquares(lambda t: 1e200 * rosenbrock(t)), START, target_loss=v),
     no_numbers()),
    ("levenberg_marquardt", "mu_max", lambda v: first(mu_max=v), above_0(None)),
    ("gradient_descent", "problem", lambda v: gradient_descent(v, START, 0.1), problems()),
    ("gradient_descent", "theta0", lambda v: gradient_descent(valley(), v, 0.1), vectors()),
    ("gradient_descent", "rate", lambda v: gradient_descent(valley(), START, v), above_0(None)),
    ("gradient_descent", "max_steps",
     lambda v: gradient_descent(valley(), START, 0.1, max_steps=v), unless_given(whole_from(1))),
    ("gauss_newton", "problem", lambda v: gauss_newton(v, START), problems()),
    ("gauss_newton", "theta0", lambda v: gauss_newton(valley(), v), vectors()),
    ("gauss_newton", "gtol", lambda v: gauss_newton(valley(), START, gtol=v),
     above_0(None, or_zero=True)),
    # --- solve
    ("solve", "problem", lambda v: solve(v, START), problems()),
    ("solve", "theta0", lambda v: solve(valley(), v), started(vectors())),
    ("solve", "theta0", lambda v: solve(NetworkFit(network(), X, Y), v), started(vectors(9))),
    ("solve", "theta0", lambda v: solve(valley(), v),
     [(None, TypeError, "is missing, and is not guessed: expected an array of shape (P,) = (2,)")]),
    ("solve", "theta0", lambda v: solve(NetworkFit(network(), X, Y), v),
     [(None, TypeError, "is missing, and is not guessed: expected an array of shape (P,) = (9,)")]),
    ("solve", "theta0", lambda v: solve(LeastSquares(lambda t: t * v), START),
     [(NAN, ValueError, NOT_FINITE), (INF, ValueError, NOT_FINITE)]),
    ("solve", "method", lambda v: solve(valley(), START, method=v), names("lm", "gd", "gn")),
    ("solve", "plain", lambda v: solve(valley(), START, plain=v), flags()),
    ("solve", "progress", lambda v: solve(valley(), START, progress=v), flags(None)),
    ("solve", "history", lambda v: solve(valley(), START, history=v), [
        ("some", ValueError, "= 'some': expected one of 'all', 'light'"),
        *[kind for kind in whole_from(1) if not isinstance(kind[0], str)],
    ]),
    ("solve", "mu", lambda v: solve(valley(), START, mu=v), above_0(None)),
    ("solve", "rate", lambda v: solve(valley(), START, method="gd", rate=v), above_0(None)),
    *[
        ("solve, rescaled", name, lambda v,
         name=name: solve(LeastSquares(lambda t: 1e200 * rosenbrock(t)), START,
                                                             **{name: v}), kinds)
        for name, kinds in (("mu", above_0(None)), ("mu_max", above_0(None)))
    ],
    # --- neupy's shape
    ("LevenbergMarquardt", "network", LevenbergMarquardt, [
        (None, TypeError,
         "is a NoneType: expected layers joined by >>, or a list or tuple of layers"),
        ("a", TypeError, "is a str: expected layers joined by >>"),
        (Input(2), TypeError, "is an Input: expected layers joined by >>"),
        ([Input(2)], ValueError, "is Input(2): expected at least one layer after the input"),
    ]),
    ("LevenbergMarquardt", "layers", LevenbergMarquardt, [
        ([Tanh(2)], ValueError, f"[0] is Tanh(2): {FIRST_LAYER}"),
        (["a"], TypeError, f"[0] is a str: {A_LAYER}"),
        ((), ValueError, "is empty: expected Input(n)"),
    ]),
    ("LevenbergMarquardt", "mu", lambda v: optimizer(mu=v), above_0()),
    ("LevenbergMarquardt", "mu_update_factor", lambda v: optimizer(mu_update_factor=v), above_0()),
    ("LevenbergMarquardt", "mu_update_factor", lambda v: optimizer(mu_update_factor=v),
     [(0.9, ValueError, "= 0.9: expected a number of at least 1")]),
    ("LevenbergMarquardt", "error", lambda v: optimizer(error=v),
     [*names("mse"), ("rmse", ValueError, "'rmse'")]),
    ("LevenbergMarquardt", "show_epoch", lambda v: optimizer(show_epoch=v), whole_from(1)),
    ("LevenbergMarquardt", "shuffle_data", lambda v: optimizer(shuffle_data=v), flags()),
    ("LevenbergMarquardt", "verbose", lambda v: optimizer(verbose=v), flags()),
    ("LevenbergMarquardt", "max_fail", lambda v: optimizer(max_fail=v),
     [kind for kind in whole_from(1) if kind[0] is not None]),
    ("LevenbergMarquardt", "signals", lambda v: optimizer(signals=v), [
        (3, TypeError, f"is 3: {SIGNALS}"),
        ("a", TypeError, f"is 'a': {SIGNALS}"),
        ([3], TypeError, f"is 3: {SIGNALS}"),
        ({"epoch": print}, ValueError, "'epoch': expected one of 'train_start', 'epoch_start'"),
        ({3: print}, TypeError, "3: expected one of 'train_start', 'epoch_start'"),
        ([{"epoch": print}], ValueError, "'epoch': expected one of 'train_start', 'epoch_start'"),
        ({"epoch_end": 3}, TypeError, "['epoch_end'] is 3: expected a function of the optimizer"),
    ]),
    ("LevenbergMarquardt", "step", lambda v: optimizer(step=v),
     [(0.1, ValueError, "= 0.1: .* has no step; expected None")]),
    ("LevenbergMarquardt", "regularizer", lambda v: optimizer(regularizer=v),
     [("l2", ValueError, "= 'l2': .* has no regularizer; expected None")]),
    ("train", "X_train", lambda v: train(v, Y), matrices(2)),
    ("train", "y_train", lambda v: train(X, v), tables(1)),
    ("train", "X_train", lambda v: train(v, Y),
     [(np.ones((4, 2)), ValueError, f"has 4 samples and y_train has 3: {SAMES}")]),
    ("train", "X_test", lambda v: train(X, Y, v, Y),
     [kind for kind in matrices(2) if kind[0] is not None]),
    ("train", "y_test", lambda v: train(X, Y, X, v),
     [kind for kind in tables(1) if kind[0] is not None]),
    ("train", "y_test", lambda v: train(X, Y, X, v),
     [(None, ValueError, "expected both or neither")]),
    ("train", "X_test", lambda v: train(X, Y, v, Y),
     [(None, ValueError, "expected both or neither")]),
    ("train", "y_test", lambda v: train(X, Y, X, v),
     [(np.ones((2, 1)), ValueError, f"has 2: {SAMES}")]),
    ("train", "epochs", lambda v: train(X, Y, epochs=v), whole_from(1)),
    ("fit", "epochs", lambda v: optimizer().fit(X, Y, epochs=v), whole_from(1)),
    ("one_training_update", "X_train", lambda v: optimizer().one_training_update(v, Y),
     matrices(2)),
    ("optimizer.predict", "X", lambda v: optimizer().predict(v), matrices(2)),
]  # fmt: skip


def told(where, name, value):
    """The name of a case, the same in every process: addresses in memory are left out."""
    words = re.sub(r"\s+", " ", f"{where}: {name} = {value!r}")
    return re.sub(r" at 0x[0-9a-f]+", "", words)[:90]


CASES = [
    pytest.param(name, call, *kind, id=told(where, name, kind[0]))
    for where, name, call, kinds in TABLE
    for kind in kinds
]


def as_pattern(words):
    """The words, literally, but for `.*`."""
    return ".*".join(map(re.escape, words.split(".*")))


@pytest.mark.parametrize(("name", "call", "value", "exception", "words"), CASES)
def test_bad_input_is_refused_in_words(name, call, value, exception, words):
    with pytest.raises(exception) as caught:
        call(value)
    message = str(caught.value)
    assert type(caught.value) is exception and name in message
    assert re.search(as_pattern(words), message), message


def options_of(function):
    """The names of what may be given besides the problem and θ₀, as the signature lists them."""
    _, _, *names = inspect.signature(function).parameters.values()
    return ", ".join(p.name for p in names if p.kind is not p.VAR_KEYWORD)


ALL = {f: options_of(f) for f in (levenberg_marquardt, gradient_descent, gauss_newton, solve)}


def called(function, **options):
    """The function from START with these options, and a rate where it needs one."""
    rate = {"rate": 0.1} if function is gradient_descent else {}
    return function(valley(), START, **rate, **options)


@pytest.mark.parametrize("function", ALL)
def test_an_unknown_option_is_answered_with_all_that_there_are(function):
    name = function.__name__
    words = f"unknown option 'nonsense' of {name}: expected one of {ALL[function]}"
    with pytest.raises(TypeError) as caught:
        called(function, nonsense=1)
    assert str(caught.value) == words


MISSPELT = [("max_step", "max_steps"), ("target", "target_loss"), ("g_tol", "gtol")]
OF_ONE = {
    levenberg_marquardt: [("dampning", "damping"), ("scale", "scaling"), ("geodesics", "geodesic")],
    gradient_descent: [("rates", "rate")],
    gauss_newton: [],
    solve: [("methods", "method"), ("histroy", "history"), ("mumax", "mu_max"), ("verbose", None)],
}


@pytest.mark.parametrize(
    ("function", "name", "nearest"),
    [(f, *pair) for f in ALL for pair in [*MISSPELT, *OF_ONE[f]]],
)
def test_a_misspelt_option_is_answered_with_the_nearest_and_with_all(function, name, nearest):
    with pytest.raises(TypeError) as caught:
        called(function, **{name: 1})
    said = str(caught.value)
    assert said.startswith(f"unknown option {name!r} of {function.__name__}: ")
    assert said.endswith(f"xpected one of {ALL[function]}")
    assert (f"did you mean {nearest!r}? Expected" in said) == (nearest is not None)


@pytest.mark.parametrize("function", ALL)
def test_options_are_in_the_signature_so_that_completion_shows_them(function):
    parameters = inspect.signature(function).parameters
    assert list(parameters)[:2] == ["problem", "theta0"]
    for name, parameter in list(parameters.items())[2:]:
        assert name == "unknown" or parameter.default is not parameter.empty


VARIANT = {"scaling", "geodesic", "mu_max"}  # of the damped step alone


@pytest.mark.parametrize("function", ALL)
def test_every_limit_is_an_option_of_every_solver(function):
    names = {field.name for field in fields(Options)}
    damped = function in (levenberg_marquardt, solve)
    assert names - (set() if damped else VARIANT) <= set(ALL[function].split(", "))


def test_solve_has_every_option_of_every_solver():
    for function in ALL:
        assert set(ALL[function].split(", ")) <= set(ALL[solve].split(", "))


@pytest.mark.parametrize("method", ["lm", "gd", "gn"])
def test_max_evaluations_is_taken_by_every_method(method):
    rate = {"rate": 1e-4} if method == "gd" else {}
    run = solve(valley(), START, method, max_evaluations=2, **rate)
    assert run.n_residuals <= 2 and not run.success and "max_evaluations" in run.message


OTHERS = [
    ("gn", {"mu": 1.0}, "mu = 1.0: expected only with Levenberg-Marquardt"),
    ("gd", {"damping": Nielsen(), "rate": 0.1}, "damping = Nielsen(.*): expected only with Leven"),
    ("gd", {"mu_max": 3.0, "rate": 0.1}, "mu_max = 3.0: expected only with Levenberg-Marquardt"),
    ("gn", {"scaling": "more"}, "scaling = 'more': expected only with Levenberg-Marquardt"),
    ("gn", {"geodesic": False}, "geodesic = False: expected only with Levenberg-Marquardt"),
    ("lm", {"rate": 0.1}, "rate = 0.1: expected only with gradient descent"),
    ("gn", {"rate": 0.1}, "rate = 0.1: expected only with gradient descent"),
]


@pytest.mark.parametrize(("method", "options", "words"), OTHERS)
def test_an_option_of_another_method_says_whose_it_is(method, options, words):
    with pytest.raises(TypeError, match=as_pattern(words)):
        solve(valley(), START, method, **options)


def test_gauss_newton_has_no_mu():
    with pytest.raises(TypeError, match="unknown option 'mu' of gauss_newton: expected one of max"):
        gauss_newton(valley(), START, mu=1)


def test_gradient_descent_asks_for_its_rate_in_words():
    words = "rate is missing: expected a learning rate η > 0, such as rate=0.01"
    for call in (lambda: gradient_descent(valley(), START), lambda: solve(valley(), START, "gd")):
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == words


def test_an_unknown_parameter_of_neupys_shape_is_named():
    words = "unknown parameter 'nonsense': expected one of mu, mu_update_factor, error"
    with pytest.raises(TypeError, match=words):
        optimizer(nonsense=1)


LIGHT = "theta0 is trial 3 of a light history, without its θ: expected a step with arrays"
STARTS = [
    (lambda: levenberg_marquardt(valley(), light_step()), ValueError, LIGHT),
    (lambda: gauss_newton(valley(), light_step()), ValueError, LIGHT),
    (lambda: gradient_descent(valley(), light_step(), 0.1), ValueError, LIGHT),
    (lambda: levenberg_marquardt(valley(), first(), mu=0), ValueError,
     "mu = 0: expected a finite number > 0"),
    (lambda: levenberg_marquardt(valley(), first(), nonsense=0), TypeError,
     "unknown option 'nonsense' of levenberg_marquardt: expected one of mu, damping"),
    (lambda: next(levenberg_marquardt(NetworkFit(network(), X, Y), first())), ValueError,
     "theta has shape (2,): expected (9,)"),
    (lambda: solve(valley(), first()), TypeError,
     "theta0 is a Step: expected θ, such as step.theta"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "exception", "words"), STARTS)
def test_a_step_that_cannot_be_a_start_is_told_so(call, exception, words):
    with pytest.raises(exception, match=as_pattern(words)):
        call()


def test_bad_input_is_met_before_the_first_step_is_asked_for():
    """At the call of a generator, not at its first next()."""
    with pytest.raises(ValueError, match="mu = -1"):
        levenberg_marquardt(valley(), START, mu=-1)
    with pytest.raises(ValueError, match="rate = -1"):
        gradient_descent(valley(), START, -1)
    with pytest.raises(ValueError, match="theta0 holds nan"):
        gauss_newton(valley(), [NAN, 1])


def test_a_refused_call_leaves_the_network_as_it_was():
    ours = network()
    before = ours.theta
    for call in (
        lambda: ours.initialize(seed=-1),
        lambda: ours.initialize(scheme="x"),
        lambda: ours >> "x",
    ):
        with pytest.raises((TypeError, ValueError)):
            call()
    with pytest.raises(ValueError, match="theta has shape"):
        ours.theta = [1.0]
    for arguments in ((X, np.ones(4)), (X[:2], Y), (X, Y, X, None)):
        with pytest.raises(ValueError, match="expected"):
            LevenbergMarquardt(ours).train(*arguments)
    assert np.array_equal(ours.theta, before)
