"""Exercises of lesson 01: the sizes of r and θ, a residual, the μ of another loss."""

import numpy as np

from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from .base import exercise
from .probing import Probe
from .slips import instead, part, turned

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
        "The hidden layer has 4 units with 3 weights and 1 bias "
        "each; the output layer 2 units with 4 weights and 1.",
    ),
    package=lambda: _fit().linearize(NET.theta).J.shape,
    names=("the number of entries of r", "the number of entries of theta"),
    reminders=(
        "each sample has an entry for each output.",
        "each unit after the input has its weights, one from each unit before, and a bias.",
    ),
    slips=(
        ((26, 10), "Right numbers, the other way round: first r, then theta."),
        ((10, 20), "r is right. theta holds the biases too."),
        ((5, 26), "theta is right. r has an entry for each sample and each output."),
        ((2, 26), "theta is right. r holds the outputs of every sample, not of one."),
        ((10, 22), "r is right. Every unit has a bias of its own."),
        (
            (10, 25),
            "r is right. One bias of theta is missing: 4 in the first layer, 2 in the next.",
        ),
        ((10, 24), "r is right. The outputs have biases, too."),
        ((15, 26), "theta is right. r has an entry for each output, not for each input."),
        ((20, 26), "theta is right. r has an entry for each output, not for each hidden unit."),
        ((10, 16), "r is right. theta holds the weights and biases of the second layer, too."),
        ((10, 32), "r is right. theta has no weights and no biases for the inputs themselves."),
    ),
)
def sizes():
    N, m = 5, 2
    return N * m, 4 * (3 + 1) + 2 * (4 + 1)


def _tables(rng):
    N, m = rng.permutation([2, 3, 4, 5])[:2]  # unequal: a table and its transpose differ in shape
    return rng.normal(size=(m, N)), rng.normal(size=(m, N))


def her_table(prediction, target, sign=1, turn=True, power=1):
    """r from her tables, with parts exchanged; by default the right one."""
    table = sign * (prediction - target) ** power
    return (table.T if turn else table).ravel()


@exercise(
    "1.2",
    "function",
    "Write r for prediction and target with a column per sample, two "
    "arrays of shape (m, N): our sign, our order, a flat vector.",
    hints=(
        "Two things happen: a subtraction, and a reading of the table as one vector.",
        "Sample-major: all outputs of sample 0 come first. Where do they stand in her tables?",
        "NumPy's ravel() reads a table row by row. Her "
        "samples are columns: make rows of them first.",
    ),
    inputs=_tables,
    recipe=her_table,
    what="r",
    sizes=lambda prediction, target: {"m": len(target), "N": len(target[0]), "N·m": target.size},
    probes=(
        Probe("there is one output", "the order of the entries", lambda a, y: (a[:1], y[:1])),
        Probe("there is one sample", "the order of the entries", lambda a, y: (a[:, :1], y[:, :1])),
        Probe("the target is 0", "how the target comes in", lambda a, y: (a, 0 * y)),
    ),
    slips=(
        part("The sign is flipped: this is target minus prediction.", sign=-1),
        part("Right numbers, wrong order: all samples of output 0 come first.", turn=False),
        part("These are squares: squaring is F's business.", power=2),
        instead(
            lambda a, y: (a - y).T,
            "Right numbers in the right order, but still a table: r is one flat vector.",
        ),
        instead(
            lambda a, y: a - y,
            "Right numbers, but still her table: r is one flat vector, sample by sample.",
        ),
        instead(
            lambda a, y: abs(a - y).T.ravel(),
            "These are absolute values: r keeps its sign, which says on which side it missed.",
        ),
        turned("A factor ½: it belongs to F = ½ rᵀr, not to r.", lambda r, a, y: r / 2),
        turned(
            "This is divided by N: a mean is F's business, and our F is a sum.",
            lambda r, a, y: r / len(y[0]),
        ),
        turned(
            "This is divided by N·m: a mean is F's business, and our F is a sum.",
            lambda r, a, y: r / y.size,
        ),
        instead(
            lambda a, y: (a - y).sum(axis=0),
            "This is summed over the outputs too early: each output of each sample has its entry.",
        ),
        instead(
            lambda a, y: (a - y).sum(axis=1),
            "This is summed over the samples: each output of each sample has its entry.",
        ),
        instead(lambda a, y: a.T.ravel(), "The target has not been subtracted."),
    ),
)
def residual(prediction, target):
    return (prediction - target).T.ravel()


def _mu_of_her_step():
    """The μ of our step that equals hers, by equation (1.8)."""
    here = _fit().linearize(NET.theta)
    r, J = 100 * here.r, 100 * here.J  # in per cent
    h = np.linalg.solve(2 * J.T @ J / len(r) + 80 * np.eye(len(here.g)), -2 * J.T @ r / len(r))
    return -h @ (here.g + here.A @ h) / (h @ h)


def her_mu(N=5, m=2, half=2, unit=100**2, mu=80):
    """The μ of ours, with parts exchanged."""
    return mu * N * m / half / unit


@exercise(
    "1.3",
    "value",
    "She counts residuals in per cent, 100 times ours, minimises their MSE on 5 samples of this "
    "network, and damps with mu = 80. Which mu gives you the same step?",
    hints=(
        "What is c for her loss? Two things make it: the mean, and her unit.",
        "Her residuals are 100 times ours, so her squares are 100² times ours.",
        "c = 2 · 100²/(N·m), with N·m = 10. Our mu is her mu/c.",
    ),
    package=_mu_of_her_step,
    recipe=her_mu,
    what="mu",
    reminders=(
        "her mu is divided by c, and c has a factor from the mean, one from her unit, one from the "
        "½ that she leaves out.",
    ),
    slips=(
        part("Her unit is missing: a residual in per cent is 100 times ours.", unit=1),
        part("Her loss has the residuals squared: so is the 100.", unit=100),
        part("Our F has a factor of one half, the MSE has none.", half=1),
        part("The mean is over samples and outputs: 10 residuals.", m=1),
        part("She takes the mean, not the sum, over samples and outputs.", N=1, m=1),
        part("The unit works the other way: her residuals are larger than ours.", unit=100**-2),
        instead(80.0, "This is her mu, unchanged."),
        instead(80 * 2000.0, "This multiplies by c: divide. Her c F is so many times our F."),
        instead(2000.0, "This is c itself. It still has to meet her mu."),
    ),
)
def our_mu():
    N, m = 5, 2
    c = 2 * 100**2 / (N * m)
    return 80 / c
