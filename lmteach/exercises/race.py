"""Lesson 09: whose λ it is, a network with too many weights, and the bill of a run."""

import numpy as np

from ..checks import is_real
from ..datasets import sine
from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from .base import exercise

N_POINTS = 40
MOST_UNITS = 200  # hidden units that a judge waits for


def _mu_of_the_colleague():
    """The μ whose step is the colleague's, read off that step: (JᵀJ + μI)h = −g, from lesson 01, †."""
    lam, rng = 0.1, np.random.default_rng(9)
    network = (Input(2) >> Tanh(3) >> Linear(3)).initialize()
    here = NetworkFit(network, rng.normal(size=(60, 2)), rng.normal(size=(60, 3))).linearize(
        network.theta
    )
    g_mean = 2 * np.mean(here.J * here.r[:, None], axis=0)
    A_mean = 2 * np.mean([np.outer(row, row) for row in here.J], axis=0)
    h = np.linalg.solve(A_mean + lam * np.eye(len(g_mean)), -g_mean)
    return -h @ (here.g + here.A @ h) / (h @ h)


@exercise(
    "9.1",
    "value",
    "A colleague minimises the mean squared error of 60 samples with 3 outputs, and damps with λ = 0.1. Which μ makes "
    "our LM take exactly the same steps?",
    hints=(
        "How many residuals are averaged? And where does F have a half?",
        "The mean squared error is rᵀr divided by the number of residuals, F is ½ rᵀr. What is the first divided by F?",
        "A loss that is c times ours turns μ into μ/c, so μ = λ/c. Here c = 2/(N·m).",
    ),
    twin=_mu_of_the_colleague,
    slips={
        "The mean is over samples and outputs: 180 residuals, not 60.": 3.0,
        "Our F has a factor of one half, the mean squared error has none.": 18.0,
        "The mean is over all 180 residuals, and our F has a half.": 6.0,
        "This divides by the factor N·m/2. Multiply: our F is that many times the colleague's loss.": 0.1
        / 90,
        "This is the colleague's λ, unchanged.": 0.1,
        "This is the factor N·m/2 itself. It still has to meet the λ.": 90.0,
    },
)
def mu_of_the_colleague():
    N, m, lam = 60, 3, 0.1
    return N * m * lam / 2


DOUBTS = {
    "J is 40 by 40 then, and nothing in this shape forces it to be singular. (Rounding may hide a rank.)": 13,
    "JᵀJ is singular there, always, but a smaller H does it too. Does your P count the units' biases?": 21,
    "JᵀJ is singular there, always, but a smaller H does it too. Compare P with 40, not H.": 41,
}


def _ranks(H):
    """The shape of J of a 1-H-1 tanh network on the sine, and its rank at three random sets of weights."""
    network, found = Input(1) >> Tanh(H) >> Linear(1), []
    for seed in range(3):
        network.initialize(seed, "uniform")
        J = NetworkFit(network, *sine(N_POINTS)).linearize(network.theta).J
        found.append(int(np.linalg.matrix_rank(J)))
    return J.shape, found


def _judge_units(H):
    """Must JᵀJ be singular with so many units, and with no fewer?"""
    H = H.item() if isinstance(H, np.ndarray) and H.size == 1 else H
    if not (is_real(H) and 1 <= H <= MOST_UNITS and H == int(H)):
        return False, f"this is {H!r:.40}: expected a whole number of units from 1 to {MOST_UNITS}."
    for sentence, doubtful in DOUBTS.items():
        if doubtful == H:
            return False, sentence
    (rows, P), found = _ranks(int(H))
    seen = f"J is {rows} by {P}, JᵀJ is {P} by {P}, the ranks are {', '.join(map(str, found))}."
    if P <= rows:
        return False, f"{seen} Nothing in these shapes forces it. (Rounding may hide a rank.)"
    if P - 3 > rows:  # one unit less has three parameters less
        return False, f"{seen} Singular, always; a smaller H does it too."
    return True, f"{seen} Singular, always, and yours is the smallest such H: right"


@exercise(
    "9.2",
    "witness",
    "The smallest number H of hidden units for which JᵀJ of a 1-H-1 tanh network on 40 points must be singular, "
    "whatever the weights are.",
    hints=(
        "J has a row for each residual and a column for each parameter. Its rank is at most the smaller of the two.",
        "JᵀJ is P by P and has the rank of J. It must be singular where P is larger than the number of rows.",
        "A 1-H-1 network has H weights and H biases, then H weights and 1 bias: P = 3H + 1.",
    ),
    judge=_judge_units,
    slips=DOUBTS,
)
def units():
    return next(H for H in range(1, 41) if 3 * H + 1 > 40)


def _run(rng):
    """N, P (a multiple of 6, so that every price is whole), and how many trials went which way."""
    return (
        int(rng.integers(20, 90)),
        6 * int(rng.integers(2, 9)),
        int(rng.integers(5, 30)),
        int(rng.integers(1, 9)),
    )


@exercise(
    "9.3",
    "function",
    'The bill of a run of LM with one output, in multiplications, by the table under "Who pays what?": N samples, P '
    "parameters, so many accepted and so many refused trials.",
    hints=(
        "Each kind of trial has a row in the table. Add up a row, and multiply by how often it was paid.",
        "An accepted trial pays 2·N·P for forward and backward, N·P²/2 for JᵀJ, P³/6 for the system.",
        "A refused trial evaluates r, which is N·P, and solves the system again. J and JᵀJ stay.",
    ),
    inputs=_run,
    slips={
        "The refused trials are missing: each still evaluates r once and solves a system.": (
            lambda N, P, accepted, refused: lm_bill(N, P, accepted, 0)
        ),
        "A refused trial is charged like an accepted one. Its θ is the old one: which parts are still there?": (
            lambda N, P, accepted, refused: lm_bill(N, P, accepted + refused, 0)
        ),
        "A refused trial needs no backward pass: N·P, not 2·N·P.": (
            lambda N, P, accepted, refused: lm_bill(N, P, accepted, refused) + refused * N * P
        ),
        "A refused trial does not form JᵀJ anew. Only μ has changed.": (
            lambda N, P, accepted, refused: (
                lm_bill(N, P, accepted, refused) + refused * N * P**2 / 2
            )
        ),
        "A refused trial solves the system too: the μ in it is another.": (
            lambda N, P, accepted, refused: lm_bill(N, P, accepted, refused) - refused * P**3 / 6
        ),
        "A refused trial evaluates r where it has led: how else would it know that F did not fall?": (
            lambda N, P, accepted, refused: lm_bill(N, P, accepted, refused) - refused * N * P
        ),
        "JᵀJ is symmetric: only half of it is computed, N·P²/2.": (
            lambda N, P, accepted, refused: (
                lm_bill(N, P, accepted, refused) + accepted * N * P**2 / 2
            )
        ),
        "The systems are missing: P³/6 for every trial.": (
            lambda N, P, accepted, refused: (
                lm_bill(N, P, accepted, refused) - (accepted + refused) * P**3 / 6
            )
        ),
        "This is gradient descent's bill, forward and backward only.": (
            lambda N, P, accepted, refused: (accepted + refused) * 2 * N * P
        ),
    },
)
def lm_bill(N, P, accepted, refused):
    system = P**3 / 6
    return accepted * (2 * N * P + N * P**2 / 2 + system) + refused * (N * P + system)
