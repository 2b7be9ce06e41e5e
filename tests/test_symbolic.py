"""The package's formulas on symbols equal SymPy's derivatives; bad input is answered in words."""

import numpy as np
import pytest
import sympy as sp

from lmteach import CurveFit, Input, LeastSquares, Linear, NetworkFit, Relu, Sigmoid, Softplus, Tanh
from lmteach.proofs import same
from lmteach.symbolic import NetworkOnLetters, NetworkOnSymbols, OnSymbols, letters, symbols_for

SHAPES = [(1, 2, 1), (2, 2, 2), (2, 3, 2, 1)]


def build(sizes, hidden, output=Linear):
    """A network of these sizes, hidden layers of one kind."""
    layers = [Input(sizes[0]), *(hidden(n) for n in sizes[1:-1]), output(sizes[-1])]
    network = layers[0]
    for layer in layers[1:]:
        network = network >> layer
    return network


@pytest.fixture(
    scope="module",
    params=[(sizes, kind, n) for sizes in SHAPES for kind in (Tanh, Sigmoid) for n in (1, 2)],
    ids=lambda case: f"{'-'.join(map(str, case[0]))} {case[1].__name__} {case[2]}",
)
def net(request):
    sizes, kind, n_samples = request.param
    return NetworkOnSymbols(build(sizes, kind), n_samples)


def equal(*pairs):
    same(*pairs, shapes="")


def rationals(rng, *shape):
    """Thirds between −3 and 3, without 0."""
    whole = rng.integers(1, 10, shape) * rng.choice([-1, 1], shape)
    return np.vectorize(lambda n: sp.Rational(int(n), 3), otypes=[object])(whole)


def numbers_for(net, rng):
    """A rational number for every letter of the network."""
    symbols = [*net.theta, *net.X.flat, *net.Y.flat]
    return dict(zip(symbols, rationals(rng, len(symbols)), strict=True))


# --- against sympy.diff


def test_the_residual_is_the_network_written_out(net):
    for i, x in enumerate(net.X):
        a = sp.Matrix(x)
        for layer, (W, b) in zip(net.network.layers, net.weights, strict=True):
            a = sp.Matrix(
                layer.activate(np.array(sp.Matrix(W) * a + sp.Matrix(b), dtype=object).ravel())
            )
        m = net.network.n_outputs
        equal((net.r[i * m : (i + 1) * m], list(a - sp.Matrix(net.Y[i]))))


def test_the_jacobian(net):
    equal((net.J, net.diff_J))


def test_the_gradient(net):
    equal((net.g, net.diff_g))


def test_the_normal_matrix(net):
    """A = JᵀJ with the J tested above; where that is quick, with SymPy's J as well."""
    equal((net.A, net.J.T * net.J))
    if len(net.network.layers) == 2:
        equal((net.A, net.diff_J.T * net.diff_J))


def test_error_terms_and_sensitivities(net):
    """For each sample ∂z^l/∂b^l = I, so its δ^l and S^l are derivatives with respect to b^l."""
    m = net.network.n_outputs
    for (_, b), delta, S in zip(net.weights, net.delta, net.S, strict=True):
        for i in range(len(net.X)):
            r = net.r[i * m : (i + 1) * m, :]
            equal((delta[i], r.jacobian(list(b)).T * r), (S[i], r.jacobian(list(b))))


def test_a_flipped_sign_is_not_equal():
    net = NetworkOnSymbols(build((1, 2, 1), Tanh))
    with pytest.raises(AssertionError):
        equal((net.J, -net.diff_J))


@pytest.mark.parametrize("output", [Tanh, Sigmoid])
def test_an_output_layer_that_bends(output):
    net = NetworkOnSymbols(build((2, 2, 2), Tanh, output))
    equal((net.J, net.diff_J), (net.g, net.diff_g))


@pytest.mark.parametrize("n_samples", [1, 2])
def test_softplus(n_samples):
    net = NetworkOnSymbols(build((1, 2, 1), Softplus), n_samples)
    equal((net.J, net.diff_J))
    if n_samples == 1:
        equal((net.g, net.diff_g))


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_relu_on_each_side_of_its_kink(sizes, sign):
    """With inputs and W², … > 0, net inputs of the first layer have the sign of W¹ and b¹."""
    network = build(sizes, Relu)
    n_first = sizes[1] * (sizes[0] + 1)
    names = [f"t_{i}" for i in range(network.n_parameters)]
    theta = [
        sp.Symbol(name, **{sign if i < n_first else "positive": True})
        for i, name in enumerate(names)
    ]
    X = np.array([sp.symbols(f"x_1:{sizes[0] + 1}", positive=True)], dtype=object)
    net = OnSymbols(NetworkFit(network, X, letters("y", 1, sizes[-1])), theta)
    a = network.forward(X, np.array(theta, dtype=object))[1].ravel()
    assert all(entry.is_positive if sign == "positive" else entry == 0 for entry in a)
    assert not net.r.has(sp.Piecewise) and net.J[:, -1:] == net.diff_J[:, -1:] != sp.zeros(
        len(net.r), 1
    )
    equal((net.J, net.diff_J), (net.g, net.diff_g), (net.A, net.diff_J.T * net.diff_J))


# --- steps


@pytest.mark.parametrize("hidden", [Linear, Relu])
@pytest.mark.parametrize("sizes", [(1, 2, 1), (2, 2, 2)])
def test_the_step_is_exact_in_rational_numbers(sizes, hidden):
    """The package's step at rational weights equals the one from SymPy's derivatives."""
    net, mu = NetworkOnSymbols(build(sizes, hidden), n_samples=2), sp.Rational(1, 7)
    for seed in range(2):
        numbers = numbers_for(net, np.random.default_rng(seed))
        theta, X, Y = (
            np.vectorize(numbers.get, otypes=[object])(a)
            for a in (np.array(net.theta)[:, 0], net.X, net.Y)
        )
        J, r = net.diff_J.subs(numbers), net.r.subs(numbers)
        h = NetworkFit(net.network, X, Y).linearize(theta).step(mu)
        assert all(entry.is_Rational for entry in h)
        assert sp.Matrix(h) == (J.T * J + mu * sp.eye(len(theta))).LUsolve(-J.T * r)
        assert sp.Matrix(h) == -J.T * (J * J.T + mu * sp.eye(len(r))).LUsolve(
            r
        )  # the dual: P > N·m here


def test_j_times_its_transpose():
    """JJᵀ from activations and sensitivities alone, against SymPy's derivatives."""
    net = NetworkOnSymbols(build((2, 2, 2), Tanh), n_samples=2)
    total = sp.zeros(4, 4)
    for a, S in zip(net.a, net.S, strict=False):
        inputs, S = sp.Matrix(a).row_join(sp.ones(2, 1)), sp.Matrix(S.reshape(4, -1))
        total += sp.kronecker_product(inputs * inputs.T, sp.ones(2, 2)).multiply_elementwise(
            S * S.T
        )
    equal((total, net.diff_J * net.diff_J.T), (total, net.J * net.J.T))


# --- any problem, letters, names


def test_a_curve_on_symbols():
    x, y = letters("x", 2), letters("y", 2)
    curve = CurveFit(
        lambda theta, x: np.array([theta[0] * sp.exp(theta[1] * t) for t in x]),
        x,
        y,
        jacobian=lambda theta, x: [
            [sp.exp(theta[1] * t), theta[0] * t * sp.exp(theta[1] * t)] for t in x
        ],
        check_jacobian=False,
    )
    model = OnSymbols(curve, sp.symbols("theta_1:3"))
    equal((model.J, model.diff_J), (model.g, model.diff_g))
    second = sum((e * sp.hessian(e, list(model.theta)) for e in model.r), sp.zeros(2, 2))
    equal((model.hessian, model.A + second))


def test_letters_for_activations_mean_the_same():
    """Every letter of NetworkOnLetters, replaced by what it stands for, gives NetworkOnSymbols."""
    network = build((2, 3, 2, 1), Tanh)
    symbols, on_letters = NetworkOnSymbols(network, 2), NetworkOnLetters(network, 2)
    meant = dict(zip(on_letters.r, symbols.r, strict=True))
    for named, a in zip(on_letters.a[1:], symbols.a[1:], strict=True):
        meant |= dict(zip(named.flat, a.flat, strict=True))
    for name in ("J", "g", "A", "r"):
        equal((getattr(on_letters, name).xreplace(meant), getattr(symbols, name)))
    equal((on_letters.F.xreplace(meant), symbols.F))


def test_names():
    net = NetworkOnSymbols(build((2, 3, 2, 1), Tanh))
    assert [str(s) for s in net.theta[:3]] == ["w^1_11", "w^1_12", "w^1_21"]
    assert [str(s) for s in net.X.flat] == ["x_1", "x_2"] and str(net.Y[0, 0]) == "y_1"
    assert str(NetworkOnSymbols(build((1, 2, 1), Tanh), 2).X[1, 0]) == "x_21"
    assert str(letters("J", 11, 2)[10, 1]) == "J_{11,2}" and letters("J", 11, 2).shape == (11, 2)
    shown = net.pretty(net.J)
    assert {str(s) for s in shown.free_symbols} >= {"a^1_1", "a^2_2"} and not shown.has(sp.tanh)
    assert all(entry.is_real for entry in symbols_for(2, 3)[1]) and symbols_for(2, 3)[3].is_positive


# --- bad input

NETWORK = Input(1) >> Linear(1)
PROBLEM = NetworkFit(NETWORK, [[1.0]], [[2.0]])
BAD_INPUT = [
    (symbols_for, (0, 2), ValueError, "m = 0: expected a whole number of at least 1"),
    (symbols_for, (2, 0), ValueError, "n = 0: expected a whole number of at least 1"),
    (symbols_for, (2.0, 1), TypeError, r"m = 2\.0: expected a whole number"),
    (symbols_for, (2, "3"), TypeError, "n = '3': expected a whole number"),
    (symbols_for, (True, 1), TypeError, "m = True: expected a whole number"),
    (NetworkOnSymbols, (3,), TypeError, "network is an int: expected a Network"),
    (NetworkOnSymbols, (None,), TypeError, "network is a NoneType: expected a Network"),
    (NetworkOnSymbols, (Linear(1),), TypeError, "network is a Linear: expected a Network"),
    (
        NetworkOnSymbols,
        (NETWORK, 0),
        ValueError,
        "n_samples = 0: expected a whole number of at least 1",
    ),
    (NetworkOnSymbols, (NETWORK, 1.5), TypeError, r"n_samples = 1\.5: expected a whole number"),
    (
        NetworkOnLetters,
        (NETWORK, -1),
        ValueError,
        "n_samples = -1: expected a whole number of at least 1",
    ),
    (NetworkOnLetters, ("net",), TypeError, "network is a str: expected a Network"),
    (
        OnSymbols,
        (NETWORK, [1, 2]),
        TypeError,
        "problem is a Network: expected a Problem, such as LeastSquares or NetworkFit",
    ),
    (OnSymbols, (None, [1, 2]), TypeError, "problem is a NoneType"),
    (
        OnSymbols,
        (PROBLEM, sp.symbols("t_1:4")),
        ValueError,
        r"theta has shape \(3,\): expected \(2,\)",
    ),
    (OnSymbols, (PROBLEM, ["a", "b"]), TypeError, "theta holds str"),
    (
        OnSymbols,
        (LeastSquares(lambda t: t), sp.symbols("t_1:3")),
        ValueError,
        "jacobian is None: expected a function",
    ),
]


@pytest.mark.parametrize(("function", "given", "error", "words"), BAD_INPUT)
def test_bad_input(function, given, error, words):
    with pytest.raises(error, match=words):
        function(*given)
