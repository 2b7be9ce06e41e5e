"""Small problems that several test files share, and how arrays are compared in them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import sympy

from lmteach import CurveFit, Input, Layer, LeastSquares, Linear, Network, NetworkFit, Tanh, layers
from lmteach.cross_entropy import LOSSES

START = np.array([-1.2, 1.0])
ROUTES = ["rows", "blocks", "samples"]

# Every layer of lmteach.layers but Input, which is Linear: a new one is taken up by itself.
LAYERS = [
    kind
    for kind in vars(layers).values()
    if isinstance(kind, type) and issubclass(kind, Layer) and kind not in (Layer, Input)
]
ACTIVATIONS = [kind for kind in LAYERS if not kind.couples]


# --- functions of two parameters


def rosenbrock(theta):
    return np.array([10 * (theta[1] - theta[0] ** 2), 1 - theta[0]])


def rosenbrock_jacobian(theta):
    return np.array([[-20 * theta[0], 10.0], [-1.0, 0.0]])


def valley(unit=1.0):
    """Rosenbrock's valley: F = 0 at (1, 1), far along a bent floor from START."""
    return LeastSquares(lambda t: unit * rosenbrock(t), lambda t: unit * rosenbrock_jacobian(t))


def line():
    """A straight line through three points: r is linear in θ, and not 0 at the minimum."""
    J = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    return LeastSquares(lambda theta: J @ theta - [1, 0, 2], lambda theta: J)


# --- a curve whose minimum is not zero

DECAY_START = np.array([1.0, 1.0, 0.0])


def decay_data():
    x = np.linspace(0, 4, 25)
    noise = 0.05 * np.random.default_rng(3).normal(size=25)
    return x, 2.5 * np.exp(-1.3 * x) + 0.5 + noise


def decay_curve(theta, x):
    return theta[0] * np.exp(-theta[1] * x) + theta[2]


def decay(unit=1.0):
    """An exponential decay, with its Jacobian."""
    x, y = decay_data()

    def jacobian(theta):
        e = np.exp(-theta[1] * x)
        return unit * np.column_stack([e, -theta[0] * x * e, np.ones(25)])

    return LeastSquares(lambda theta: unit * (decay_curve(theta, x) - y), jacobian)


def decay_fit():
    """The same curve, without a Jacobian."""
    return CurveFit(decay_curve, *decay_data())


# --- networks


def network_of(sizes, kinds):
    """A network with layers of these kinds, the last one as often as needed."""
    kinds = [*kinds, *[kinds[-1]] * len(sizes)]
    return Network([Input(sizes[0]), *(kind(n) for kind, n in zip(kinds, sizes[1:], strict=False))])


def network_case(sizes, kinds, n_samples=5, seed=0):
    """A network, θ with every weight and bias away from 0, X and Y."""
    network, rng = network_of(sizes, kinds), np.random.default_rng(seed)
    theta = rng.normal(size=network.n_parameters)
    X, Y = rng.normal(size=(n_samples, sizes[0])), rng.normal(size=(n_samples, sizes[-1]))
    return network, theta, X, Y


def loss_case(name, sizes=(3, 4, 3), kind=Tanh, n_samples=6, seed=0):
    """(network, θ, X, Y) that suit a loss of LOSSES: Y is what the network gives at another θ."""
    last = LOSSES[name].last_layer
    kinds = [kind] * (len(sizes) - 2) + [getattr(layers, last) if last else Linear]
    network, theta, X, _ = network_case(sizes, kinds, n_samples, seed)
    other = np.random.default_rng(seed + 1).normal(size=network.n_parameters)
    return network, theta, X, network.forward(X, other)[-1].copy()


def small_network(sizes=(2, 3, 1), seed=0, n_samples=8, kind=Tanh):
    """A fit of noise, and the network's own first θ."""
    rng = np.random.default_rng(seed)
    network = (Input(sizes[0]) >> kind(sizes[1]) >> Linear(sizes[2])).initialize(seed)
    X, Y = rng.normal(size=(n_samples, sizes[0])), rng.normal(size=(n_samples, sizes[2]))
    return NetworkFit(network, X, Y), network.theta


# --- comparisons


def difference(function, theta, size=1e-6):
    """Central differences of a function of θ, one column for each parameter."""
    steps = size * np.eye(len(theta))
    columns = [(function(theta + e) - function(theta - e)) / (2 * size) for e in steps]
    return np.stack(columns, axis=-1)


def same(found, expected, tolerance=1e-10):
    """Equal to `tolerance` of the largest entry."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance * max(np.abs(expected).max(), 1e-300)


def finish(steps, most=10_000):
    """All steps of a solver, and the Stop that it returns."""
    seen = []
    while len(seen) <= most:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value
    raise AssertionError(f"no end after {most} trials")


def in_threads(tasks):
    """The results of the tasks, which all run at the same time."""
    with ThreadPoolExecutor(len(tasks)) as executor:
        return [future.result() for future in [executor.submit(task) for task in tasks]]


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *arguments):
        self.calls += 1
        return self.function(*arguments)


# --- symbols


def letters(name, *shape, **assumptions):
    """An array of symbols, numbered by their places."""
    names = [name + "_".join(map(str, index)) for index in np.ndindex(*shape)]
    symbols = [sympy.Symbol(n, **assumptions) for n in names]
    return np.array(symbols, dtype=object).reshape(shape)


def assert_zero(differences):
    """Every entry is 0: as it stands, multiplied out, or over one denominator."""
    for entry in np.ravel(differences):
        entry = sympy.sympify(entry)
        assert entry == 0 or sympy.expand(entry) == 0 or sympy.simplify(entry) == 0, entry


def rational(array, denominator=3):
    """Whole numbers as exact fractions."""
    exact = np.vectorize(lambda n: sympy.Rational(int(n), denominator), otypes=[object])
    return exact(array)
