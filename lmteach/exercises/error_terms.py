"""Exercises of lesson 04: two lines of the recursion, and one small network by hand."""

import numpy as np

from ..layers import Input, Linear, Tanh
from .base import exercise

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
    slips=(
        (
            lambda d, W, a: d @ W,
            "The slope of this layer is missing: this is only what came back through the weights.",
        ),
        (
            lambda d, W, a: (d @ W.T) * (1 - a**2),
            "The weights are the wrong way round: this is Wδ for "
            "each row, and the way back is Wᵀδ. Look at the bridge.",
        ),
        (
            lambda d, W, a: (W.T @ d) * (1 - a**2),
            "This is the formula for columns, used on rows: "
            "it mixes the samples. Look at the bridge.",
        ),
        (
            lambda d, W, a: (d @ W) * (1 - np.tanh(a) ** 2),
            "You took the slope at a, as if a were z. The stored a has been through tanh already.",
        ),
        (
            lambda d, W, a: (d @ W) * (1 - np.arctanh(a) ** 2),
            "You undid the tanh and squared z. The slope is written in terms of a, not of z.",
        ),
        (
            lambda d, W, a: (d @ W) * a * (1 - a),
            "This is the slope of logsig. The layer is a tanh layer.",
        ),
        (
            lambda d, W, a: (d * (1 - a**2)) @ W,
            "This layer's slope was multiplied in before the "
            "weights. It belongs to the units in which you arrive.",
        ),
        (
            lambda d, W, a: ((d @ W) * (1 - a**2)).T,
            "Transposed: the way back is right, but samples are rows here, and these are columns.",
        ),
        (
            lambda d, W, a: (d @ W) @ (1 - a**2),
            "The slopes came in as a matrix, with @. Each "
            "unit has its own slope: ∘ is entry by entry.",
        ),
        (
            lambda d, W, a: (d * W) * (1 - a**2),
            "W was multiplied in entry by entry. Each unit here "
            "feeds all units of the next layer: a sum is missing.",
        ),
        (
            lambda d, W, a: (d @ W) * (a**2 - 1),
            "The sign of the slope is flipped: tanh rises "
            "everywhere, so its slope is never negative.",
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


def _both(for_W, for_b=lambda delta, a_before: delta.sum(axis=0)):
    return lambda delta, a_before, a: (for_W(delta, a_before), for_b(delta, a_before))


def _sum_of_products(delta, a_before):
    return delta.T @ a_before


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
    slips=(
        (
            lambda delta, a_before, a: (delta.T @ a, delta.sum(axis=0)),
            "The wrong layer's a: a weight starts at the layer before, and only ends at this one.",
        ),
        (
            _both(lambda delta, a: a.T @ delta),
            "∂F/∂b is right. ∂F/∂W is transposed: a row of W "
            "belongs to the unit at which its weights end.",
        ),
        (
            _both(lambda delta, a: delta @ a.T),
            "∂F/∂b is right. In ∂F/∂W the samples and the "
            "units changed places: look at the bridge.",
        ),
        (
            _both(lambda delta, a: delta * a),
            "∂F/∂b is right. ∂F/∂W multiplies entry by entry: it "
            "needs every unit of this layer with every one before.",
        ),
        (
            _both(lambda delta, a: delta.T @ a / len(a), lambda delta, a: delta.mean(axis=0)),
            "These are means over the samples. F = ½ rᵀr is a sum.",
        ),
        (
            _both(lambda delta, a: delta.T @ a / len(a)),
            "∂F/∂b is right. ∂F/∂W is a mean over the samples. F = ½ rᵀr is a sum.",
        ),
        (
            _both(_sum_of_products, lambda delta, a: delta.mean(axis=0)),
            "∂F/∂W is right. ∂F/∂b is a mean over the samples. F = ½ rᵀr is a sum.",
        ),
        (
            _both(_sum_of_products, lambda delta, a: delta),
            "∂F/∂W is right. ∂F/∂b is still one row for each "
            "sample: the sum over the samples is missing.",
        ),
        (
            _both(_sum_of_products, lambda delta, a: delta.sum(axis=0, keepdims=True)),
            "Right numbers; but ∂F/∂b is a table of one row: b is flat, (n,).",
        ),
        (
            _both(_sum_of_products, lambda delta, a: delta.sum(axis=1)),
            "∂F/∂W is right. ∂F/∂b sums over the units: the samples are the rows, axis 0.",
        ),
        (
            _both(_sum_of_products, lambda delta, a: (delta * a).sum(axis=0)),
            "∂F/∂W is right. ∂F/∂b has an activation in it: the input of a bias is 1.",
        ),
        (
            _both(lambda delta, a: delta[:, :, None] * a[:, None, :], lambda delta, a: delta),
            "The sum over the samples is missing: these are "
            "the gradients of each sample by itself.",
        ),
        (
            _both(lambda delta, a: np.outer(delta[0], a[0]), lambda delta, a: delta[0]),
            "This is the gradient of the first sample alone.",
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
    slips=(
        (
            (0.64, -0.18, 0.64, -0.18),
            "The two biases are right. The weights of the first layer start at x = 3, not at 1.",
        ),
        ((1.92, -0.54, 1.92, -0.54), "The two weights are right. The input of a bias is 1, not x."),
        ((3.0, -1.5, 1.0, -0.5), "The slopes of the hidden units are missing."),
        (
            lambda: np.array([3.0, -1.5, 1.0, -0.5]) * (1 - np.tanh([0.6, 0.8, 0.6, 0.8]) ** 2),
            "You took the slope at a, as if a were z: 0.6 and −0.8 have been through tanh already.",
        ),
        ((0.72, 2.16, 0.24, 0.72), "This is logsig's slope a(1 − a). The hidden units are tanh."),
        (
            (0.384, 0.144, 0.64, -0.18),
            "These are multiplied by a¹: the weights of the first layer start at x.",
        ),
        (
            (3.84, -1.08, 1.28, -0.36),
            "Twice the right ones: δ² is r itself, 0.5. It is "
            "neither 1 nor 2r: F has a ½ before the square.",
        ),
        (
            (1.92, 0.64, -0.54, -0.18),
            "Right numbers in another order: first both weights, then both biases.",
        ),
        ((-1.92, 0.54, -0.64, 0.18), "The sign is flipped: r is prediction minus target."),
        (
            (0.96, 0.54, 0.32, 0.18),
            "The weights W² are missing: the error term comes back through them.",
        ),
    ),
)
def first_layer_by_hand():
    x, a, W, r = 3.0, np.array([0.6, -0.8]), np.array([2.0, -1.0]), 0.5
    delta = W * r * (1 - a**2)
    return (*(delta * x), *delta)
