"""Scenes of networks: a forward pass in which everything may be changed, and the package's δ, S, J.

The forward pass is written out, because the reader differentiates by a, z, W and b; that it is the
package's own, `forward` says.
"""

import numpy as np

from ...cross_entropy import LOSSES
from ...layers import Input, Linear, Sigmoid, Softmax, Tanh
from ...network_fit import NetworkFit
from ..values import Layers, Numbered
from .base import serves

SIZES = (2, 3, 4, 2)  # of DEEP
DEEP = Input(2) >> Tanh(3) >> Tanh(4) >> Tanh(2)
WIDE, WIDE_LINEAR = (Input(2) >> Tanh(2) >> last(3) for last in (Tanh, Linear))
N = 4  # samples of WIDE: no two of N, m and L are the same number
SQUARE, SQUARE_LINEAR = (Input(2) >> Tanh(2) >> last(2) for last in (Tanh, Linear))
ONE_TWO_ONE, ONE_TWO_TWO = Input(1) >> Sigmoid(2) >> Linear(1), Input(1) >> Tanh(2) >> Linear(2)
CLASSES = Input(1) >> Tanh(1) >> Softmax(3)


def logistic(z):
    """1/(1 + e⁻ᶻ)."""
    return 1 / (1 + np.exp(-z))


def tanh_slope(z):
    """tanh′(z)."""
    return 1 - np.tanh(z) ** 2


def network(net, rng, change, n_samples=1, f=np.tanh, slope=tanh_slope):
    """Return the names of a network whose last layer may be Linear; one sample has no number."""
    theta = change("theta", rng.uniform(-0.7, 0.7, net.n_parameters))
    X = rng.uniform(-1, 1, (n_samples, net.n_inputs))
    Y = rng.uniform(-1, 1, (n_samples, net.n_outputs))
    x, y = (X[0], Y[0]) if n_samples == 1 else (X, Y)
    a, z, weights = [change("a", x, 0)], [], []
    for number, (layer, (W, b)) in enumerate(zip(net.layers, net.split(theta), strict=True), 1):
        W, b = change("w", change("W", W, number), number), change("b", b, number)
        weights.append((W, b))
        z.append(change("z", a[-1] @ W.T + b, number))
        a.append(change("a", z[-1] if isinstance(layer, Linear) else f(z[-1]), number))
    names = {"theta": theta, "x": x, "y": y, "a": Layers(0, a), "z": Layers(1, z)}
    functions = {"f()": f, "f'()": slope, "e": np.e, "L": len(z), "l": range(1, len(z) + 1)}
    return names | functions | backwards(net, weights, a, (a[-1] - y).ravel(), n_samples)


def backwards(net, weights, a, r, n_samples):
    """Return the package's δ, S, J and ∇F for these activations, and W, b, r, F and sizes."""
    rows = [np.atleast_2d(part) for part in a]
    delta, S = net.error_terms(rows, r, weights), net.sensitivities(rows, weights)
    J, g = net.jacobian(rows, weights), net.gradient(rows, delta)
    if n_samples == 1:
        delta, S = [part[0] for part in delta], [part[0] for part in S]
    W = Layers(1, [W for W, _ in weights])
    names = {"W": W, "w": W, "b": Layers(1, [b for _, b in weights]), "r": r, "F": r @ r / 2}
    sizes = {"N": n_samples, "m": net.n_outputs}
    return names | sizes | {"delta": Layers(1, delta), "S": Layers(1, S), "J": J, "g": g}


# One sample, any depth


def deep(rng, change):
    """2-3-4-2, tanh throughout, one sample."""
    return network(DEEP, rng, change)


@serves("4.2", "A.1")
def forward(rng, change):
    """The same with the package's own activations."""
    names = deep(rng, change)
    a = DEEP.forward(names["x"][None], names["theta"])
    return names | {"a": Layers(0, [part[0] for part in a])}


@serves("4.6", "5.4", "A.5", "A.8")
def hidden(rng, change):
    """The same; l goes over the hidden layers."""
    return deep(rng, change) | {"l": range(1, 3)}


def units_of(layer, rng, change, **names):
    """Return one layer of `deep`, whose units are j, with ranges for other layers' units."""
    ranges = {"l": range(layer, layer + 1), "j": range(1, SIZES[layer] + 1)}
    ranges |= {name: range(1, SIZES[at] + 1) for name, at in names.items()}
    return deep(rng, change) | ranges


@serves("4.5", "A.4")
def into(rng, change):
    """Layer 1: its units j feed the units k."""
    return units_of(1, rng, change, k=2)


@serves("5.2", "5.3")
def through(rng, change):
    """Layer 1: its units j feed the units q, and the outputs k."""
    return units_of(1, rng, change, q=2, k=3)


@serves("4.3", "4.8")
def one_weight(rng, change):
    """Layer 2: its weights lead from k to j."""
    return units_of(2, rng, change, k=1)


@serves("4.4", "A.3")
def outputs(rng, change):
    """The last layer."""
    return units_of(3, rng, change, k=3)


@serves("5.7", "A.10")
def one_two_one(rng, change):
    """1-2-1, logistic then linear, one sample."""
    names = network(ONE_TWO_ONE, rng, change, 1, logistic)
    return names | {"x": names["x"][0]}


@serves("5.8")
def last_block(rng, change):
    """2-2-2: the columns of W² and b² as one name."""
    names = network(SQUARE, rng, change)
    return names | {"J_{W^2,b^2}": names["J"][:, 6:], "k": range(1, 3)}


@serves("4.7")
def slopes(rng, change):
    """a = tanh z, and logsig z in the row that says so, by the package's layers."""
    z = rng.normal()
    a, s = (layer(1).activate(np.array([z]))[0] for layer in (Tanh, Sigmoid))
    return {"z": z, "a": a, "e": np.e, "logsig()": logistic, "row 2": {"a": s}}


# Several samples


@serves("5.5", "5.6", "5.9", "A.9")
def batch(rng, change):
    """2-2-3, four samples; all counted from 0, so that row i·m + k is right."""
    names = network(WIDE, rng, change, N)
    ranges = {"i": range(N), "k": range(3), "q": range(3), "j": range(2), "p": range(2)}
    return names | ranges | {"first": 0}


@serves("4.9", "A.6")
def batch_from_1(rng, change):
    """2-2-3, four samples, counted from 1; r by sample and output in the row that says so."""
    names = network(WIDE_LINEAR, rng, change, N)
    ranges = {"i": range(1, N + 1), "k": range(1, 4)}
    return names | ranges | {"row 1": {"r": names["r"].reshape(N, 3)}}


@serves("1.3", "A.2")
def residuals_in_order(rng, change):
    """The same with the package's r and F."""
    names = batch(rng, change)
    problem, theta = NetworkFit(WIDE, names["x"], names["y"]), names["theta"]
    return names | {"r": problem.residual(theta), "F": problem.loss(theta)}


@serves("5.1", "5.10", "5.11", "A.11")
def network_gradient(rng, change):
    """2-2-2, two samples, and any v."""
    names = network(SQUARE_LINEAR, rng, change, n_samples=2)
    return names | {"v": rng.normal(size=4)}


@serves("3.8")
def by_sample(rng, change):
    """1-2-2, three samples: each one's residuals and gradient."""
    net = ONE_TWO_TWO
    names = network(net, rng, change, n_samples=3)
    a, r = names["a"].values, names["r"].reshape(3, 2)
    weights = list(zip(names["W"].values, names["b"].values, strict=True))
    each = []
    for i in range(3):
        one = [part[i : i + 1] for part in a]
        each.append(net.gradient(one, net.error_terms(one, r[i], weights)))
    return names | {"g^()": np.array(each), "r^()": r, "i": range(1, 4)}


@serves("4.1")
def rows(rng, change):
    """Two samples as rows, and W, b of a layer."""
    W, b, a, delta = (rng.normal(size=size) for size in ((4, 3), 4, (2, 3), (2, 4)))
    return {"W": W, "b": b, "a": a, "delta": delta, "i": range(1, 3)}


def fit(rng, n_outputs, n_samples=3, **options):
    """Return a NetworkFit of 1-2-m, and a θ."""
    net = Input(1) >> Tanh(2) >> Linear(n_outputs)
    X, Y = rng.normal(size=(n_samples, 1)), rng.normal(size=(n_samples, n_outputs))
    return NetworkFit(net, X, Y, **options), rng.normal(size=net.n_parameters)


@serves("1.1")
def residuals_of_one(rng, change):
    """One output: the package's r."""
    problem, theta = fit(rng, 1)
    a = problem.network.forward(problem.X, theta)[-1][:, 0]
    return {"a": a, "y": problem.Y[:, 0], "r": problem.residual(theta), "i": range(1, 4)}


@serves("1.2")
def losses(rng, change):
    """Two outputs: the package's F."""
    problem, theta = fit(rng, 2)
    r = problem.residual(theta)
    names = {"r": r, "F": problem.loss(theta), "SSE": np.sum(r**2), "MSE": np.mean(r**2)}
    return names | {"N": 3, "m": 2, "i": range(1, 7)}


@serves("1.4")
def sizes(rng, change):
    """The package's number of parameters."""
    n = rng.integers(1, 6, 4)
    net = Input(int(n[0])) >> Tanh(int(n[1])) >> Tanh(int(n[2])) >> Linear(int(n[3]))
    return {"n": Numbered(0, n), "P": net.n_parameters, "L": 3}


# JJᵀ and JᵀJ without J, by the package's routes: J is any matrix that has them


def root_of(matrix):
    """Return an R with RᵀR equal to a positive semidefinite matrix."""
    lower = np.tril(matrix)
    values, vectors = np.linalg.eigh(lower + np.tril(lower, -1).T)
    return np.sqrt(np.maximum(values, 0))[:, None] * vectors.T


def by_route(route, rng, change):
    """Return the names of 2-2-3 on four samples, and the package's Linearization on a route."""
    names = network(WIDE, rng, change, N)
    problem = NetworkFit(WIDE, names["x"], names["y"], route=route)
    return names, problem.linearize(names["theta"])


@serves("11.3")
def gram(rng, change):
    """A J with the JJᵀ of the package's route of samples; â = (a, 1)."""
    names, here = by_route("samples", rng, change)
    a = [np.column_stack([part, np.ones(N)]) for part in names["a"].values]
    ranges = {"i": range(N), "j": range(N), "k": range(3), "q": range(3), "first": 0}
    return names | ranges | {"hat a": Layers(0, a), "J": root_of(here.gram()).T}


@serves("11.4")
def blocks(rng, change):
    """A J with the JᵀJ of the package's route of blocks; W^k is where Wᵏ stands in θ."""
    names, here = by_route("blocks", rng, change)
    places = [W.ravel() for W, _ in WIDE.split(np.arange(1, WIDE.n_parameters + 1))]
    ranges = {"k": range(1, 3), "i": range(1, N + 1)}
    return names | ranges | {"W": Layers(1, places), "J": root_of(here.lower_A())}


# Cross-entropy


def softmax_of(z):
    """Return p."""
    return np.exp(z) / np.exp(z).sum()


def root_of_the_curvature(p, y):
    """Return the package's C for probabilities p."""
    return LOSSES["cross_entropy"].output_slopes(None, p.real[None], y[None])[:, :, 0].T


@serves("11.5", "11.6")
def softmax(rng, change):
    """p = softmax(z), F = −Σ y log p, and the package's C."""
    z, y = change("z", rng.normal(size=3)), np.eye(3)[1]
    p = softmax_of(z)
    F, C = -(y * np.log(p)).sum(), root_of_the_curvature(p, y)
    return {"z": z, "p": p, "y": y, "F": F, "C": C}


@serves("10.7")
def log_of_one(rng, change):
    """p = softmax(z) as it is."""
    z = change("z", rng.normal(size=3))
    return {"z": z, "p": softmax_of(z)}


@serves("11.7")
def softmax_network(rng, change):
    """1-1-3 with softmax: z of θ, and the package's r̃ and J̃."""
    net, x, y = CLASSES, rng.normal(size=(1, 1)), np.eye(3)[1]
    theta = change("theta", rng.uniform(-0.7, 0.7, net.n_parameters))
    (W1, b1), (W2, b2) = net.split(theta)
    z = (np.tanh(x @ W1.T + b1) @ W2.T + b2)[0]
    p, here = softmax_of(z), NetworkFit(net, x, y[None], "cross_entropy").linearize(theta.real)
    names = {"theta": theta, "z": z, "p": p, "F": -(y * np.log(p)).sum()}
    tilde = {"tilde J": here.J, "tilde r": here.r}
    return names | tilde | {"C": root_of_the_curvature(p, y)}
