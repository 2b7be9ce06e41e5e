"""Exercises of lesson 04: two lines of the recursion, and one small network by hand."""

import numpy as np

from ..layers import Input, Linear, Tanh
from .base import exercise
from .probing import Probe
from .slips import handed, instead, part, slips_named, turned

# All layers and the batch have one size: no mistake fails by its shape, each gives numbers.
SIZE = 3
NET = Input(SIZE) >> Tanh(SIZE) >> Linear(SIZE)


def _two_layers(rng):
    delta_next, W_next = rng.normal(size=(2, SIZE, SIZE))
    return delta_next, W_next, np.tanh(rng.normal(size=(SIZE, SIZE)))


def _package_delta(delta_next, W_next, a):
    """The package's δ¹ below a linear output, where δ² = r."""
    return NET.error_terms(
        [a, a, delta_next], delta_next.ravel(), [(W_next, None), (W_next, None)]
    )[0]


def _delta(delta_next, W_next, a, back=None, slope=lambda a, z: 1 - a**2):
    """δ of a tanh layer with parts exchanged; by default the right one."""
    came = delta_next @ W_next if back is None else back(delta_next, W_next)
    return came * slope(a, np.arctanh(a))


@exercise(
    "4.1",
    "function",
    "Write the error terms of a tanh layer, (N, n), from "
    "those of the next layer, the next layer's W, and a.",
    hints=(
        "Two things happen, one after the other: the next layer's error terms come back through "
        "its weights, and each unit multiplies what it has collected by its own slope.",
        "Samples are rows. The bridge at the top of the lesson says what Wᵀδ becomes; the table "
        "of slopes says what f′ is for tanh when only a is at hand.",
        "delta_next @ W_next has one number for each sample and unit "
        "of this layer. Multiply it, entry by entry, by 1 - a**2.",
    ),
    inputs=_two_layers,
    package=_package_delta,
    recipe=_delta,
    what="δ",
    probes=(
        Probe("a is 0, where every slope is 1", "the slope", lambda d, W, a: (d, W, 0 * a)),
        Probe(
            "W_next is I",
            "how the weights come in",
            lambda d, W, a: (d, np.eye(len(W)), a),
        ),
        Probe(
            "W_next is I and a is 0",
            "how the weights and the slope come in",
            lambda d, W, a: (d, np.eye(len(W)), 0 * a),
        ),
    ),
    slips=(
        *slips_named(
            (
                "slope missing",
                "The slope of this layer is missing: this is only what came back through the "
                "weights.",
            ),
            (
                "tanh twice",
                "You took the slope at a, as if a were z. The stored a has been through tanh "
                "already.",
            ),
            (
                "slope at z",
                "You undid the tanh and squared z. The slope is written in terms of a, not of z.",
            ),
            ("slope of logsig", "This is the slope of logsig. The layer is a tanh layer."),
            "slope 1 − a",
            "slope a²",
            "slope 1 + a²",
            "slope negative",
            "activation for slope",
        ),
        part(
            "The slope is 1 − 2a: a is squared, not doubled. tanh′ = 1 − a².",
            slope=lambda a, z: 1 - 2 * a,
        ),
        part("This is the slope of relu. The layer is a tanh layer.", slope=lambda a, z: a > 0),
        part(
            "tanh(a) stands where the slope belongs: the slope is 1 − a².",
            slope=lambda a, z: np.tanh(a),
        ),
        part("The slope came in twice, as its square.", slope=lambda a, z: (1 - a**2) ** 2),
        part(
            "The slope is multiplied with a as well: that a belongs to the gradient of a weight.",
            slope=lambda a, z: (1 - a**2) * a,
        ),
        part(
            "The slopes were summed before they came in: each unit has its own.",
            slope=lambda a, z: (1 - a**2).sum(),
        ),
        part(
            "δ_next was transposed on the way: samples are its rows, and d @ W keeps them.",
            back=lambda d, W: W.T @ d.T,
        ),
        part(
            "The weights are the wrong way round: this is Wδ for each row, and the way back is "
            "Wᵀδ. Look at the bridge.",
            back=lambda d, W: d @ W.T,
        ),
        part(
            "This is the formula for columns, used on rows: it mixes the samples. Look at the "
            "bridge.",
            back=lambda d, W: W.T @ d,
        ),
        part(
            "W stands before delta, as for columns, and is not turned: samples are rows here, so "
            "it is delta_next @ W_next.",
            back=lambda d, W: W @ d,
        ),
        part(
            "The slope is √(1 − a²): that is 1/cosh z, and tanh′ is its square.",
            slope=lambda a, z: np.sqrt(1 - a**2),
        ),
        part("The slope is (1 − a)²: a alone is squared, 1 − a².", slope=lambda a, z: (1 - a) ** 2),
        part(
            "W was multiplied in entry by entry. Each unit here feeds all units of the next "
            "layer: a sum is missing.",
            back=lambda d, W: d * W,
        ),
        part(
            "The weights are missing: the error terms come back through W_next.",
            back=lambda d, W: d,
        ),
        instead(
            lambda d, W, a: (d * (1 - a**2)) @ W,
            "This layer's slope was multiplied in before the weights. It belongs to the units in "
            "which you arrive.",
        ),
        instead(
            lambda d, W, a: (d @ W) @ (1 - a**2),
            "The slopes came in as a matrix, with @. Each unit has its own slope: ∘ is entry by "
            "entry.",
        ),
        turned(
            "Transposed: the way back is right, but samples are rows here, and these are columns.",
            lambda delta, *_: delta.T,
        ),
        turned(
            "This is divided by N: a mean over the samples. F = ½ rᵀr is a sum.",
            lambda delta, d, *_: delta / len(d),
        ),
        turned(
            "This is summed over the samples too early: each sample has its own error terms.",
            lambda delta, *_: delta.sum(axis=0),
        ),
        turned(
            "This is summed over the units: each unit has its own error term.",
            lambda delta, *_: delta.sum(axis=1),
        ),
    ),
)
def hidden_delta(delta_next, W_next, a):
    return (delta_next @ W_next) * (1 - a**2)


def _one_layer(rng):
    delta, a_before, a = rng.normal(size=(3, SIZE, SIZE))
    return delta, np.tanh(a_before), np.tanh(a)


def _package_gradient(delta, a_before, a):
    """∂F/∂W and ∂F/∂b from the package's ∇F."""
    g = NET.gradient([a_before], [delta])
    return g[: SIZE**2].reshape(SIZE, SIZE), g[SIZE**2 :]


def _gradient(delta, a_before, a, for_W=None, for_b=None):
    """The gradient of a layer with parts exchanged; by default the right one."""
    of_W = delta.T @ a_before if for_W is None else for_W(delta, a_before, a)
    return of_W, delta.sum(axis=0) if for_b is None else for_b(delta, a_before)


@exercise(
    "4.2",
    "function",
    "Write the gradient of one layer, (∂F/∂W, ∂F/∂b), from "
    "its error terms and the activations around it.",
    hints=(
        "A weight's derivative is the error term at its end times the activation at "
        "its start, summed over the samples. A bias starts at 1.",
        "Which activation stands at the start of this layer's "
        "weights? And the bridge says what Σᵢ δᵢaᵢᵀ becomes.",
        "The first is a product of two tables, delta.T and one of the two "
        "activations; the second is a sum of delta over axis 0.",
    ),
    inputs=_one_layer,
    package=_package_gradient,
    recipe=_gradient,
    names=("∂F/∂W", "∂F/∂b"),
    probes=(
        Probe(
            "there is one sample",
            "the sums over the samples",
            lambda delta, before, a: (delta[:1], before[:1], a[:1]),
        ),
        Probe(
            "a_before is 1 everywhere",
            "how a_before comes in",
            lambda delta, before, a: (delta, np.ones_like(before), a),
        ),
        Probe("a is 0", "a: it is not needed", lambda delta, before, a: (delta, before, 0 * a)),
    ),
    slips=(
        part(
            "The wrong layer's a in ∂F/∂W: a weight starts at the layer before, and only ends at "
            "this one.",
            for_W=lambda delta, before, a: delta.T @ a,
        ),
        part(
            "The wrong layer's a in ∂F/∂W, and transposed.",
            for_W=lambda delta, before, a: a.T @ delta,
        ),
        part(
            "∂F/∂W is transposed: a row of W belongs to the unit at which its weights end.",
            for_W=lambda delta, before, a: before.T @ delta,
        ),
        part(
            "In ∂F/∂W the samples and the units changed places: look at the bridge.",
            for_W=lambda delta, before, a: delta @ before.T,
        ),
        part(
            "In ∂F/∂W delta is not turned: Σᵢ δᵢaᵢᵀ becomes delta.T @ a_before (the bridge).",
            for_W=lambda delta, before, a: delta @ before,
        ),
        part(
            "∂F/∂b is 1, a bias' input: its derivative is the input times the unit's error term.",
            for_b=lambda delta, before: np.ones(delta.shape[1]),
        ),
        part(
            "∂F/∂W multiplies entry by entry: it needs every unit of this layer with every one "
            "before.",
            for_W=lambda delta, before, a: delta * before,
        ),
        part(
            "∂F/∂W and ∂F/∂b are means over the samples. F = ½ rᵀr is a sum.",
            for_W=lambda delta, before, a: delta.T @ before / len(before),
            for_b=lambda delta, before: delta.mean(axis=0),
        ),
        handed(
            "A slope came in once more: δ is ∂F/∂z, and has it already.",
            lambda delta, before, a: (delta * (1 - a**2), before, a),
        ),
        part(
            "∂F/∂W is a mean over the samples. F = ½ rᵀr is a sum.",
            for_W=lambda delta, before, a: delta.T @ before / len(before),
        ),
        part(
            "∂F/∂b is a mean over the samples. F = ½ rᵀr is a sum.",
            for_b=lambda delta, before: delta.mean(axis=0),
        ),
        part(
            "∂F/∂b is still one row for each sample: the sum over the samples is missing.",
            for_b=lambda delta, before: delta,
        ),
        part(
            "∂F/∂b has the right numbers, in a table of one row: b is flat, (n,).",
            for_b=lambda delta, before: delta.sum(axis=0, keepdims=True),
        ),
        part(
            "∂F/∂b sums over the units: the samples are the rows, axis 0.",
            for_b=lambda delta, before: delta.sum(axis=1),
        ),
        part(
            "∂F/∂b is one number, summed over the units too: each unit has its own bias.",
            for_b=lambda delta, before: delta.sum(),
        ),
        part(
            "∂F/∂b has an activation in it: the input of a bias is 1.",
            for_b=lambda delta, before: (delta * before).sum(axis=0),
        ),
        part(
            "The sum over the samples is missing: these are the gradients of each sample by "
            "itself.",
            for_W=lambda delta, before, a: delta[:, :, None] * before[:, None, :],
            for_b=lambda delta, before: delta,
        ),
        part(
            "This is the gradient of the first sample alone.",
            for_W=lambda delta, before, a: np.outer(delta[0], before[0]),
            for_b=lambda delta, before: delta[0],
        ),
        part(
            "Twice the right ones: δ is the derivative of F, and its ½ has done its work there.",
            for_W=lambda delta, before, a: 2 * delta.T @ before,
            for_b=lambda delta, before: 2 * delta.sum(axis=0),
        ),
    ),
)
def layer_gradient(delta, a_before, a):
    return delta.T @ a_before, delta.sum(axis=0)


def _package_by_hand():
    net = Input(1) >> Tanh(2) >> Linear(1)
    x, a1, r = np.array([[3.0]]), np.array([[0.6, -0.8]]), np.array([0.5])
    weights = [(np.zeros((2, 1)), np.zeros(2)), (np.array([[2.0, -1.0]]), np.zeros(1))]
    activations = [x, a1, r[None]]
    return net.gradient(activations, net.error_terms(activations, r, weights))[:4]


def _by_hand(W=(2.0, -1.0), r=0.5, slope=lambda a, z: 1 - a**2, at_W=3.0, at_b=1.0):
    """The four derivatives with parts exchanged; by default the right ones."""
    a = np.array([0.6, -0.8])
    delta = np.array(W) * r * slope(a, np.arctanh(a))
    return (*(delta * at_W), *(delta * at_b))


@exercise(
    "4.3",
    "value",
    "A 1-2-1 network (tanh, then linear): x = 3, a¹ = (0.6, "
    "−0.8), W² = (2, −1), r = 0.5. Find ∂F/∂W¹ and ∂F/∂b¹.",
    hints=(
        "Go backwards: first δ², then both entries of δ¹, and only then the four derivatives.",
        "The output is linear, so δ² = r. Each hidden unit has one weight into the output: δ¹ is "
        "that weight times δ², times the unit's own slope 1 − a².",
        "The slopes are 1 − 0.36 and 1 − 0.64. A weight of "
        "the first layer starts at x = 3, a bias at 1.",
    ),
    package=_package_by_hand,
    recipe=_by_hand,
    digits=3,
    names=("the first weight's", "the second weight's", "the first bias's", "the second bias's"),
    reminders=(
        "it is the unit's δ¹ times x.",
        "it is the unit's δ¹ times x.",
        "it is the unit's δ¹ alone: its weight in W² times r, times 1 − a².",
        "it is the unit's δ¹ alone: its weight in W² times r, times 1 − a².",
    ),
    slips=(
        part(
            "The two biases are right. The weights of the first layer start at x = 3, not at 1.",
            at_W=1.0,
        ),
        part("The two weights are right. The input of a bias is 1, not x.", at_b=3.0),
        *slips_named(
            ("slope missing", "The slopes of the hidden units are missing."),
            (
                "tanh twice",
                "You took the slope at a, as if a were z: 0.6 and −0.8 have been through tanh "
                "already.",
            ),
            ("slope of logsig", "This is logsig's slope a(1 − a). The hidden units are tanh."),
            "slope 1 − a",
            "slope a²",
            "slope 1 + a²",
            "slope at z",
        ),
        part(
            "These are multiplied by a¹: the weights of the first layer start at x.",
            at_W=np.array([0.6, -0.8]),
        ),
        part(
            "Twice the right ones: δ² is r itself, 0.5. It is neither 1 nor 2r: F has a ½ before "
            "the square.",
            r=1.0,
        ),
        part("Half the right ones: δ² is r itself, without a ½.", r=0.25),
        part("The sign is flipped: r is prediction minus target.", r=-0.5),
        part("The weights W² are missing: the error term comes back through them.", W=(1.0, 1.0)),
        part("The second weight of W² is −1: its sign is missing.", W=(2.0, 1.0)),
        part("The weights of W² changed places: unit 1 leads out through 2.", W=(-1.0, 2.0)),
        instead(
            (1.92, 0.64, -0.54, -0.18),
            "Right numbers in another order: first both weights, then both biases.",
        ),
        instead(
            (0.64, -0.18, 1.92, -0.54),
            "Right numbers in another order: the weights come first, then the biases.",
        ),
        instead(
            (1.92, -0.54),
            "The two weights are right. The derivatives for the two biases are missing.",
        ),
    ),
)
def first_layer_by_hand():
    x, a, W, r = 3.0, np.array([0.6, -0.8]), np.array([2.0, -1.0]), 0.5
    delta = W * r * (1 - a**2)
    return (*(delta * x), *delta)
