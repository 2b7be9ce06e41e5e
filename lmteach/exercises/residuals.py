"""Lesson 01: the sizes of r and θ, a residual by hand, somebody else's μ."""

import numpy as np

from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from .base import exercise

NET, N_SAMPLES = Input(3) >> Tanh(4) >> Linear(2), 5


def _fit():
    rng = np.random.default_rng(12)
    return NetworkFit(NET, rng.normal(size=(N_SAMPLES, 3)), rng.normal(size=(N_SAMPLES, 2)))


@exercise(
    "1.1",
    "value",
    "A 3-4-2 network and 5 samples: how many entries has r, and how many has theta?",
    hints=(
        "r has an entry for each sample and each output.",
        "theta holds, for each unit of each layer after the input, its weights and one bias.",
        "The hidden layer has 4 units with 3 weights and 1 bias each; the output layer 2 units with 4 weights and 1.",
    ),
    twin=lambda: _fit().linearize(NET.theta).J.shape,
    slips={
        "Right numbers, the other way round: first r, then theta.": (26, 10),
        "r is right. theta holds the biases too.": (10, 20),
        "theta is right. r has an entry for each sample and each output.": (5, 26),
        "theta is right. r holds the outputs of every sample, not of one.": (2, 26),
        "r is right. Every unit has a bias of its own.": (10, 22),
    },
)
def sizes():
    N, m = 5, 2
    return N * m, 4 * (3 + 1) + 2 * (4 + 1)


def _tables(rng):
    N, m = rng.permutation([2, 3, 4, 5])[
        :2
    ]  # never square: a table and its transpose differ in shape
    return rng.normal(size=(m, N)), rng.normal(size=(m, N))


@exercise(
    "1.2",
    "function",
    "Write r for prediction and target with a column per sample, two arrays of shape (m, N): our sign, our order, a "
    "flat vector.",
    hints=(
        "Two things happen: a subtraction, and a reading of the table as one vector.",
        "Sample-major: all outputs of sample 0 come first. Where do they stand in her tables?",
        "NumPy's ravel() reads a table row by row. Her samples are columns: make rows of them first.",
    ),
    inputs=_tables,
    slips={
        "The sign is flipped: this is target minus prediction.": lambda a, y: (y - a).T.ravel(),
        "Right numbers, wrong order: all samples of output 0 come first.": lambda a, y: (
            a - y
        ).ravel(),
        "Sign and order are flipped: target minus prediction, all samples of output 0 first.": (
            lambda a, y: (y - a).ravel()
        ),
        "Right numbers in the right order, but still a table: r is one flat vector.": lambda a, y: (
            (a - y).T
        ),
        "Right numbers, but still her table: r is one flat vector, sample by sample.": lambda a, y: (
            a - y
        ),
        "These are squares: squaring is F's business.": lambda a, y: ((a - y) ** 2).T.ravel(),
    },
)
def residual(prediction, target):
    return (prediction - target).T.ravel()


def _mu_of_her_step():
    """The μ that her step of the mean's loss tells: equation (1.8)."""
    here = _fit().linearize(NET.theta)
    c = 2 / len(here.r)
    h = np.linalg.solve(c * here.A + 0.02 * np.eye(len(here.g)), -c * here.g)
    return -h @ (here.g + here.A @ h) / (h @ h)


@exercise(
    "1.3",
    "value",
    "She minimises the MSE of this network on 5 samples with mu = 0.02. Which mu gives you the same step?",
    hints=(
        "What is c for her loss? Look again at the table of losses under her equation.",
        "MSE = c F with c = 2/(N·m). Her mu is our mu/c.",
        "N·m is 10 here.",
    ),
    twin=_mu_of_her_step,
    slips={
        "Not yet: divide by c, don't multiply.": 0.02 * 2 / 10,
        "Not yet: this is the sum's factor. She takes the mean.": 0.02 / 2,
        "Not yet: the mean is over samples and outputs.": 0.02 * 5 / 2,
        "Not yet: our F has a factor of one half.": 0.02 * 10,
    },
)
def our_mu():
    N, m = 5, 2
    return 0.02 * N * m / 2
