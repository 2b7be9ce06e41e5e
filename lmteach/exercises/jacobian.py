"""Lesson 05: the memory of J, J of a network with one hidden layer, a step that one output does not feel."""

import numpy as np

from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from .base import exercise

N = 5000  # samples in 5.1
THETA = (
    0.5,
    -0.4,
    0.3,
    0.8,
    0.1,
    -0.2,
    0.7,
    -0.6,
    -0.5,
    0.9,
    0.2,
    -0.1,
)  # the lesson's 2-2-2 network
X, Y = ((1.0, 0.5), (-1.0, 1.0), (0.5, -1.5)), ((0.5, -0.5), (0.0, 1.0), (-1.0, 0.2))
LEAST = 1e-3  # an output that moves less than this has not visibly moved
LARGEST = 100  # entry of a step that is tried
NOTHING = 1e-12  # and one that moves less than this has not moved at all


def _bytes_of_the_real_one():
    network = Input(8) >> Tanh(20) >> Linear(3)
    rng = np.random.default_rng(0)
    problem = NetworkFit(network, rng.normal(size=(N, 8)), rng.normal(size=(N, 3)))
    return problem.linearize(network.theta).J.nbytes


@exercise(
    "5.1",
    "value",
    "An 8-20-3 network and 5000 samples: how many bytes does J take, at 8 bytes a number?",
    hints=(
        "J has a row for each sample and each output, and a column for each parameter.",
        "P = 20·(8 + 1) + 3·(20 + 1): each unit has its weights and one bias.",
        "N·m rows is 5000·3, P columns is 243. Each number has 8 bytes.",
    ),
    twin=_bytes_of_the_real_one,
    slips={
        "This is the number of entries: each takes 8 bytes.": 5000 * 3 * 243,
        "The biases are missing: they are columns of J too.": 5000 * 3 * 220 * 8,
        "A row for each sample is not enough: there are 3 outputs.": 5000 * 243 * 8,
        "This is JᵀJ: it has a row for each parameter. J is asked for.": 243 * 243 * 8,
        "Right in megabytes; bytes are asked for.": 5000 * 3 * 243 * 8 / 1e6,
        "At 4 bytes a number this would be right: here a number has 8.": 5000 * 3 * 243 * 4,
    },
)
def bytes_of_J():
    N, m = 5000, 3
    P = 20 * (8 + 1) + 3 * (20 + 1)
    return N * m * P * 8


def _network_and_inputs(rng):
    n_in, n_hidden, m = rng.permutation([2, 3, 4])
    N = int(rng.integers(5, 8))
    shapes = (N, n_in), (n_hidden, n_in), (n_hidden,), (m, n_hidden), (m,)
    return tuple(rng.uniform(-1, 1, size=shape) for shape in shapes)


def _package(X, W1, b1, W2, b2):
    network = Input(W1.shape[1]) >> Tanh(len(b1)) >> Linear(len(b2))
    theta = np.concatenate([W1.ravel(), b1, W2.ravel(), b2])
    return network.jacobian(network.forward(X, theta), theta)


def _blocks(X, W1, b1, W2, b2, slope=lambda a, z: 1 - a**2):
    """J as the four blocks ∂r/∂W¹, ∂r/∂b¹, ∂r/∂W², ∂r/∂b²: (N, m, n, n_before) or (N, m, n)."""
    z = X @ W1.T + b1
    a = np.tanh(z)
    S1 = W2[None] * slope(a, z)[:, None, :]
    S2 = np.broadcast_to(np.eye(len(b2)), (len(X), len(b2), len(b2)))
    return [S1[..., None] * X[:, None, None, :], S1, S2[..., None] * a[:, None, None, :], S2]


def _rows(blocks):
    """(N, m, …) to (N·m, P): each block flat, sample-major rows."""
    N, m = blocks[0].shape[:2]
    return np.concatenate([block.reshape(N * m, -1) for block in blocks], axis=1)


def _slip(change):
    """A wrong answer: `change` made to the blocks of the right one, which it gives as one matrix."""
    return lambda *arguments: change(_blocks(*arguments))


def _with_slope(slope):
    return lambda *arguments: _rows(_blocks(*arguments, slope=slope))


@exercise(
    "5.2",
    "function",
    "Write J of a network with one hidden tanh layer and a linear output: (N·m, P), rows i·m + k, columns as in theta.",
    hints=(
        "Forward first: a = tanh(W1 x + b1). Then the two sensitivities of one sample: S2 starts at I, because the"
        " output is linear, and S1 is S2 W2, each column times the slope of its hidden unit.",
        "The row of sample i, output k is four pieces in a line: S1[k] ⊗ x, S1[k], S2[k] ⊗ a, S2[k]. np.kron is ⊗.",
        "Two loops, `for x in X` and inside `for k in range(m)`: append np.concatenate of the four pieces to a list;"
        " S1 = W2 * (1 - a**2) is (m, n_1), because W2 has a row for each output.",
    ),
    inputs=_network_and_inputs,
    twin=_package,
    slips={
        "This equals ours with the sign flipped: it is the derivative of target minus prediction. r is prediction"
        " minus target.": _slip(lambda blocks: -_rows(blocks)),
        "This equals ours, transposed: J has a row for each residual and a column for each parameter.": _slip(
            lambda blocks: _rows(blocks).T
        ),
        "Right numbers, wrong order of rows: all samples of output 0 come first. Row i·m + k is sample-major.": _slip(
            lambda blocks: _rows([np.swapaxes(block, 0, 1) for block in blocks])
        ),
        "Summed over the outputs too early: there is one row for each sample. Each output keeps a row of its"
        " own.": _slip(
            lambda blocks: _rows([block.sum(axis=1, keepdims=True) for block in blocks])
        ),
        "Summed over the samples: there is one row for each output. Each sample keeps rows of its own.": _slip(
            lambda blocks: _rows([block.sum(axis=0, keepdims=True) for block in blocks])
        ),
        "The columns of the biases are missing: a bias is a weight whose input is 1.": _slip(
            lambda blocks: _rows(blocks[::2])
        ),
        "Right columns, wrong order: theta goes layer by layer, so b1 comes between W1 and W2.": _slip(
            lambda blocks: _rows([blocks[0], blocks[2], blocks[1], blocks[3]])
        ),
        "Inside a block of W the columns run down W's columns: theta holds W row by row.": _slip(
            lambda blocks: _rows([np.swapaxes(b, 2, 3) if b.ndim == 4 else b for b in blocks])
        ),
        "The slope is taken at the wrong place: this is 1 − z². In terms of a = tanh z it is something else.": (
            _with_slope(lambda a, z: 1 - z**2)
        ),
        "The slope is 1 − tanh²(a): the tanh was taken twice.": _with_slope(
            lambda a, z: 1 - np.tanh(a) ** 2
        ),
        "This is the slope of the logistic, a(1 − a). The hidden layer is a tanh.": _with_slope(
            lambda a, z: a * (1 - a)
        ),
        "The slope of the hidden layer is missing in S1.": _with_slope(
            lambda a, z: np.ones_like(a)
        ),
    },
)
def jacobian(X, W1, b1, W2, b2):
    rows, m = [], len(b2)
    for x in X:
        a = np.tanh(W1 @ x + b1)
        S2 = np.eye(m)
        S1 = (S2 @ W2) * (1 - a**2)
        for k in range(m):
            rows.append(np.concatenate([np.kron(S1[k], x), S1[k], np.kron(S2[k], a), S2[k]]))
    return np.array(rows)


def _judge_step(h):
    problem = NetworkFit(Input(2) >> Tanh(2) >> Tanh(2), np.array(X), np.array(Y))
    h = np.array(h, dtype=float)
    if h.shape != (problem.n_parameters,):
        return (
            False,
            f"h has shape {h.shape}: expected a step of all parameters, ({problem.n_parameters},).",
        )
    if not np.isfinite(h).all():
        return False, "There is a nan or inf in h."
    if abs(h).max() > LARGEST:
        return False, f"h holds a number of size {abs(h).max():.2g}: expected at most {LARGEST}."
    theta = np.array(THETA)
    here = problem.linearize(theta)
    model = (here.J @ h).reshape(-1, 2)
    real = (problem.residual(theta + h) - here.r).reshape(-1, 2)
    return _said_of_step(*(abs(moved) for moved in (model, real)))


def _said_of_step(model, real):
    """(right?, what was seen) from how far J h and the network move each output, both (N, 2)."""
    seen = f"Output 0 moves by {real[:, 0].min():.2g} to {real[:, 0].max():.2g}"
    if model[:, 1].max() > NOTHING:
        return (
            False,
            f"Not yet: J h moves output 1 by up to {model[:, 1].max():.2g}. Look for zeros in its rows.",
        )
    if real[:, 1].max() > NOTHING:
        return False, (
            f"Not yet: J h leaves output 1 alone, but the network moves it by up to {real[:, 1].max():.2g}: your h"
            " balances several weights, which holds on a straight line only. Look for columns that are zero by"
            " themselves."
        )
    if real[:, 0].min() < LEAST:
        return (
            False,
            f"Not yet: output 1 stays, but {seen[0].lower()}{seen[1:]}; it shall move at every sample.",
        )
    return True, f"right. {seen}, and output 1 not at all: neither in J h nor in the network."


@exercise(
    "5.3",
    "witness",
    "Find a step h for the lesson's network that moves output 0 at every sample, and output 1 at none: neither in J h"
    " nor in the network itself.",
    hints=(
        "J h adds up columns of J. Which columns have nothing to say to the rows 1, 3 and 5?",
        "In the picture: which three columns carry a dot in each of the rows 1, 3 and 5? They lead to output 0 alone.",
        "Columns 6, 7 and 10: the weights and the bias that lead to output 0. Put a number there, zeros elsewhere.",
    ),
    judge=_judge_step,
)
def step_for_output_0():
    h = np.zeros(12)
    h[10] = 0.5  # the bias of output 0
    return h
