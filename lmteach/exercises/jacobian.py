"""Exercises of lesson 05: the memory of J, J itself, and a step that leaves one output alone."""

import numpy as np

from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from .base import exercise
from .compare import agree, listed, numbers
from .probing import Probe
from .slips import instead, part, slips_named, turned

N = 5000  # samples in 5.1
# The lesson's 2-2-2 network and its data.
THETA = (0.5, -0.4, 0.3, 0.8, 0.1, -0.2, 0.7, -0.6, -0.5, 0.9, 0.2, -0.1)
X, Y = ((1.0, 0.5), (-1.0, 1.0), (0.5, -1.5)), ((0.5, -0.5), (0.0, 1.0), (-1.0, 0.2))
PARAMETERS = ("W1", "b1", "W2", "b2")
LARGEST = 100  # largest entry of a step that is tried
LEAST = 1e-3  # an output that moves by less has not visibly moved
NOTHING = 1e-12  # an output that moves by no more has not moved


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
    package=_bytes_of_the_real_one,
    recipe=lambda rows=5000 * 3, columns=243, each=8: rows * columns * each,
    what="The number of bytes",
    reminders=(
        "rows times columns times 8: a row for each sample and output, a column for each weight "
        "and bias.",
    ),
    slips=(
        part("This is the number of entries: each takes 8 bytes.", each=1),
        part("The biases are missing: they are columns of J too.", columns=220),
        part("A row for each sample is not enough: there are 3 outputs.", rows=5000),
        part("This is JᵀJ: it has a row for each parameter. J is asked for.", rows=243),
        part("This is JJᵀ: it has a column for each residual. J is asked for.", columns=15000),
        part("At 4 bytes a number this would be right: here a number has 8.", each=4),
        part("In bits: a byte has 8 of them, and a number 8 bytes.", each=64),
        part("In J the units of a layer have one bias each: 20 + 3 in all.", columns=222),
        part("The biases of the outputs are missing: they are columns of J too.", columns=240),
        part("The biases of the hidden units are missing: they are columns of J too.", columns=223),
        part("The second layer is missing: its weights and biases are columns, too.", columns=180),
        part("A row for each input? r has one for each sample and output.", rows=5000 * 8),
        part("A row for each hidden unit? r has one for each sample and output.", rows=5000 * 20),
        part("Units are no columns: each weight and each bias has one.", columns=8 + 20 + 3),
        instead(5000 * 3 * 243 * 8 / 1e6, "Right in megabytes; bytes are asked for."),
        instead(5000 * 3 * 243 * 8 / 2**20, "Right in units of 2²⁰ bytes; bytes are asked for."),
        instead(5000 * 3 * 243 * 8 / 1e3, "Right in kilobytes; bytes are asked for."),
        instead(5000 * 3 * 243 * 8 / 1e9, "Right in gigabytes; bytes are asked for."),
    ),
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


def _blocks(X, W1, b1, W2, b2, slope, output, first, W2_back):
    """J as the four blocks ∂r/∂W¹, ∂r/∂b¹, ∂r/∂W², ∂r/∂b²: (N, m, n, n_before) or (N, m, n)."""
    z = X @ W1.T + first * b1
    a = np.tanh(z)
    out = a @ W2.T + b2
    S2 = output(out)[:, :, None] * np.eye(len(b2))
    S1 = (S2 @ W2_back(W2)) * slope(a, z)[:, None, :]
    return [S1[..., None] * X[:, None, None, :], S1, S2[..., None] * a[:, None, None, :], S2]


def _rows(blocks):
    """(N, m, …) to (N·m, P): each block flat, sample-major rows."""
    N, m = blocks[0].shape[:2]
    return np.concatenate([block.reshape(N * m, -1) for block in blocks], axis=1)


def _assembled(
    X,
    W1,
    b1,
    W2,
    b2,
    slope=lambda a, z: 1 - a**2,
    output=np.ones_like,
    first=1,
    W2_back=lambda W2: W2,
    put=lambda blocks: blocks,
):
    """J with parts exchanged; by default the right one."""
    return _rows(put(_blocks(X, W1, b1, W2, b2, slope, output, first, W2_back)))


def _squares(J, X, W1, b1, W2, b2):
    """The Jacobian of the outputs squared."""
    return 2 * (np.tanh(X @ W1.T + b1) @ W2.T + b2).reshape(-1, 1) * J


def _run_down_columns(blocks):
    return [np.swapaxes(block, 2, 3) if block.ndim == 4 else block for block in blocks]


def _summed(axis):
    return lambda blocks: [block.sum(axis=axis, keepdims=True) for block in blocks]


def _one_output(X, W1, b1, W2, b2):
    return X, W1, b1, W2[:1], b2[:1]


def _right_columns(result, right, X, W1, b1, W2, b2):
    """Which parameters' columns are right, and which are not, where only some are."""
    given, start, good, bad = numbers(result), 0, [], []
    if given is None or given.shape != right.shape:
        return ""
    for name, part_of_theta in zip(PARAMETERS, (W1, b1, W2, b2), strict=True):
        columns = slice(start, start + part_of_theta.size)
        same = agree(given[:, columns], right[:, columns], 1e-6)
        (good if same else bad).append(name)
        start = columns.stop
    if not good or not bad:
        return ""
    return f"The columns of {listed(good)} are right, those of {listed(bad)} are not."


def _sizes(X, W1, b1, W2, b2):
    N, m, P = len(X), len(b2), W1.size + len(b1) + W2.size + len(b2)
    return {"N": N, "m": m, "N·m": N * m, "P": P}


@exercise(
    "5.2",
    "function",
    "Write J of a network with one hidden tanh layer and a "
    "linear output: (N·m, P), rows i·m + k, columns as in theta.",
    hints=(
        "Forward first: a = tanh(W1 x + b1). Then the two sensitivities of "
        "one sample: S2 starts at I, because the output is linear, and S1 is "
        "S2 W2, each column times the slope of its hidden unit.",
        "The row of sample i, output k is four pieces in a line: "
        "S1[k] ⊗ x, S1[k], S2[k] ⊗ a, S2[k]. np.kron is ⊗.",
        "Two loops, `for x in X` and inside `for k in range(m)`: append np.concatenate of the four "
        "pieces to a list; S1 = W2 * (1 - a**2) is (m, n_1), because W2 has a row for each output.",
    ),
    inputs=_network_and_inputs,
    package=_package,
    recipe=_assembled,
    what="J",
    sizes=_sizes,
    diagnose=_right_columns,
    probes=(
        Probe("there is one output", "the rows of the outputs", _one_output),
        Probe("there is one sample", "the rows of the samples", lambda X, *rest: (X[:1], *rest)),
        Probe(
            "W1 and b1 are 0, where every slope is 1",
            "the slope",
            lambda X, W1, b1, W2, b2: (X, 0 * W1, 0 * b1, W2, b2),
        ),
    ),
    slips=(
        *slips_named(
            "slope at z",
            "tanh twice",
            (
                "slope of logsig",
                "The slope in S1 is that of the logistic, a(1 − a). The hidden layer is a tanh.",
            ),
            ("slope missing", "The slope of the hidden layer is missing in S1."),
            "slope 1 − a",
            "slope a²",
            "slope 1 + a²",
            "slope negative",
            "activation for slope",
        ),
        part(
            "S2 starts at the slope of a tanh output, as in the lesson's own network. Here the "
            "output is linear, so S2 starts at I.",
            output=lambda out: 1 - np.tanh(out) ** 2,
        ),
        part(
            "S2 has the slope 1 − out², as if the output were a tanh. It is linear: S2 starts at "
            "I.",
            output=lambda out: 1 - out**2,
        ),
        part("b1 is missing in the forward pass: a = tanh(W1 x + b1).", first=0),
        part(
            "Right columns, wrong order: a bias stands before its weights. theta holds W, then b.",
            put=lambda blocks: [blocks[1], blocks[0], blocks[3], blocks[2]],
        ),
        part(
            "Right columns, wrong order: all weights, then all biases. theta goes layer by layer, "
            "so b1 comes between W1 and W2.",
            put=lambda blocks: [blocks[0], blocks[2], blocks[1], blocks[3]],
        ),
        part(
            "Right columns, wrong order: layer 2 comes first. theta begins with layer 1.",
            put=lambda blocks: blocks[2:] + blocks[:2],
        ),
        part(
            "The columns of the biases are missing: a bias is a weight whose input is 1.",
            put=lambda blocks: blocks[::2],
        ),
        part(
            "The columns of the biases are 0: a bias is a weight whose input is 1.",
            put=lambda blocks: [blocks[0], 0 * blocks[1], blocks[2], 0 * blocks[3]],
        ),
        part(
            "The columns of b2 are missing: the outputs have biases, too.",
            put=lambda blocks: blocks[:3],
        ),
        part(
            "The columns of b1 are missing: the hidden units have biases, too.",
            put=lambda blocks: [blocks[0], *blocks[2:]],
        ),
        part(
            "These are the columns of layer 2 alone: theta begins with layer 1.",
            put=lambda blocks: blocks[2:],
        ),
        part(
            "These are the columns of layer 1 alone: theta goes on with layer 2.",
            put=lambda blocks: blocks[:2],
        ),
        part(
            "Inside a block of W the columns run down W's columns: theta holds W row by row.",
            put=_run_down_columns,
        ),
        part(
            "Right numbers, wrong order of rows: all samples of output 0 come first. Row i·m + k "
            "is sample-major.",
            put=lambda blocks: [np.swapaxes(block, 0, 1) for block in blocks],
        ),
        part(
            "Summed over the outputs too early: there is one row for each sample. Each output "
            "keeps a row of its own.",
            put=_summed(1),
        ),
        part(
            "Summed over the samples: there is one row for each output. Each sample keeps rows "
            "of its own.",
            put=_summed(0),
        ),
        part(
            "These are the rows of the first sample alone: each sample has m rows.",
            put=lambda blocks: [block[:1] for block in blocks],
        ),
        part(
            "These are the rows of the last sample alone: is the list begun anew in the loop?",
            put=lambda blocks: [block[-1:] for block in blocks],
        ),
        turned(
            "This equals ours with the sign flipped: it is the derivative of target minus "
            "prediction. r is prediction minus target.",
            lambda J, *_: -J,
        ),
        turned(
            "This equals ours, transposed: J has a row for each residual and a column for each "
            "parameter.",
            lambda J, *_: J.T,
        ),
        turned(
            "This is divided by N: J of a mean. r is not averaged, and J is its derivative.",
            lambda J, X, *_: J / len(X),
        ),
        turned(
            "This is divided by N·m: J of a mean. r is not averaged, and J is its derivative.",
            lambda J, *_: J / len(J),
        ),
        turned(
            "This is J of the squared outputs: each row is multiplied by twice its output. J is "
            "the derivative of r, not of its squares.",
            _squares,
        ),
        turned(
            "This is J summed over all its rows: a gradient. J has a row for each residual.",
            lambda J, *_: J.sum(axis=0),
        ),
        turned(
            "The numbers are right, as a table (N, m, P): reshape(-1, P) puts the rows below each "
            "other.",
            lambda J, X, W1, b1, W2, b2: J.reshape(len(X), len(b2), -1),
        ),
        turned(
            "Twice ours: the 2 of a square has no place in J, the derivative of r itself.",
            lambda J, *_: 2 * J,
        ),
        turned(
            "The columns stand in reverse order: layer 1 comes first.", lambda J, *_: J[:, ::-1]
        ),
    ),
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
    came, h = h, numbers(h)
    if h is None or h.dtype.kind == "c":
        return False, f"this is a {type(came).__name__}: expected a step, 12 real numbers."
    if h.size != problem.n_parameters:
        return False, (
            f"h has shape {h.shape}: expected a step of all parameters, ({problem.n_parameters},)."
        )
    h = h.ravel()
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
    """(right?, what was seen), from how far Jh and the network move the outputs, both (N, 2)."""
    seen = f"Output 0 moves by {real[:, 0].min():.2g} to {real[:, 0].max():.2g}"
    if model[:, 1].max() > NOTHING:
        return False, (
            f"J h moves output 1 by up to {model[:, 1].max():.2g}. Look for zeros in its rows."
        )
    if real[:, 1].max() > NOTHING:
        return False, (
            "J h leaves output 1 alone, but the network moves it by up to "
            f"{real[:, 1].max():.2g}: your h balances several weights, which holds on a straight "
            "line only. Look for columns that are zero by themselves."
        )
    if real[:, 0].min() < LEAST:
        return False, (
            f"output 1 stays, but {seen[0].lower()}{seen[1:]}; it shall move at every sample."
        )
    return True, f"{seen}, and output 1 not at all: neither in J h nor in the network."


@exercise(
    "5.3",
    "witness",
    "Find a step h for the lesson's network that moves output 0 at every sample, and "
    "output 1 at none: neither in J h nor in the network itself.",
    hints=(
        "J h adds up columns of J. Which columns have nothing to say to the rows 1, 3 and 5?",
        "In the picture: which three columns carry a dot in each "
        "of the rows 1, 3 and 5? They lead to output 0 alone.",
        "Columns 6, 7 and 10: the weights and the bias that "
        "lead to output 0. Put a number there, zeros elsewhere.",
    ),
    judge=_judge_step,
)
def step_for_output_0():
    h = np.zeros(12)
    h[10] = 0.5  # the bias of output 0
    return h
