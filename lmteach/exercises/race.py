"""Exercises of lesson 09: the λ of another loss, a singular JᵀJ, and the cost of a run."""

import numpy as np

from ..datasets import sine
from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from .base import exercise
from .compare import one_number
from .probing import Probe
from .slips import handed, instead, part, turned

N_POINTS = 40
MOST_UNITS = 200  # hidden units for which 9.2 still computes a rank


def _mu_of_the_colleague():
    """The μ with which our step is the colleague's: from her h and (JᵀJ + μI)h = −g, eq. (1.8)."""
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
    "A colleague minimises the mean squared error of 60 samples with 3 outputs, and damps with "
    "λ = 0.1. Which μ makes our LM take exactly the same steps?",
    hints=(
        "How many residuals are averaged? And where does F have a half?",
        "The mean squared error is rᵀr divided by the number of "
        "residuals, F is ½ rᵀr. What is the first divided by F?",
        "A loss that is c times ours turns μ into μ/c, so μ = λ/c. Here c = 2/(N·m).",
    ),
    package=_mu_of_the_colleague,
    recipe=lambda N=60, m=3, half=2, lam=0.1: lam * N * m / half,
    what="μ",
    reminders=("it is λ/c, where the colleague's loss is c times ours.",),
    slips=(
        part("The mean is over samples and outputs: 180 residuals, not 60.", m=1),
        part("The mean is over all 180 residuals, not only over the 3 outputs.", N=1),
        part("Our F has a factor of one half, the mean squared error has none.", half=1),
        part("This is the μ for the sum of squares. The colleague takes the mean.", N=1, m=1),
        part("The half works the other way: F is ½ rᵀr.", half=0.5),
        part("The half of F counts once: N·m·λ/2.", half=4),
        instead(
            0.1 / 90,
            "This divides by the factor N·m/2. Multiply: our F is that many times the "
            "colleague's loss.",
        ),
        instead(0.1 / 180, "Multiply by the number of residuals, and mind the half of F."),
        instead(0.1, "This is the colleague's λ, unchanged."),
        instead(90.0, "This is the factor N·m/2 itself. It still has to meet the λ."),
    ),
)
def mu_of_the_colleague():
    N, m, lam = 60, 3, 0.1
    return N * m * lam / 2


DOUBTS = (
    (
        13,
        "J is 40 by 40 then, and nothing in this shape forces "
        "it to be singular. (Rounding may hide a rank.)",
    ),
    (
        21,
        "JᵀJ is singular there, always, but a smaller H "
        "does it too. Does your P count the units' biases?",
    ),
    (20, "JᵀJ is singular there, always, but a smaller H does it too: each unit has 3 parameters."),
    (40, "JᵀJ is singular there, always, but a smaller H does it too. Compare P with 40, not H."),
    (41, "JᵀJ is singular there, always, but a smaller H does it too. Compare P with 40, not H."),
)


def _ranks(H):
    """J's shape for a 1-H-1 tanh network on the sine, and its rank at three random θ."""
    network, found = Input(1) >> Tanh(H) >> Linear(1), []
    for seed in range(3):
        network.initialize(seed, "uniform")
        J = NetworkFit(network, *sine(N_POINTS)).linearize(network.theta).J
        found.append(int(np.linalg.matrix_rank(J)))
    return J.shape, found


def _judge_units(H):
    """Whether H is the smallest number of hidden units with which JᵀJ must be singular."""
    came, H = H, one_number(H)
    if H is None or not (1 <= H <= MOST_UNITS and H == int(H)):
        return False, (
            f"this is {came!r:.40}: expected a whole number of units from 1 to {MOST_UNITS}."
        )
    (rows, P), found = _ranks(int(H))
    seen = f"J is {rows} by {P}, JᵀJ is {P} by {P}, the ranks are {', '.join(map(str, found))}."
    if P <= rows:
        return False, f"{seen} Nothing in these shapes forces it. (Rounding may hide a rank.)"
    if P - 3 > rows:  # one unit less has three parameters less
        return False, f"{seen} Singular, always; a smaller H does it too."
    return True, f"{seen} Singular, always, and yours is the smallest such H."


@exercise(
    "9.2",
    "witness",
    "The smallest number H of hidden units for which JᵀJ of a 1-H-1 tanh "
    "network on 40 points must be singular, whatever the weights are.",
    hints=(
        "J has a row for each residual and a column for each "
        "parameter. Its rank is at most the smaller of the two.",
        "JᵀJ is P by P and has the rank of J. It must be "
        "singular where P is larger than the number of rows.",
        "A 1-H-1 network has H weights and H biases, then H weights and 1 bias: P = 3H + 1.",
    ),
    judge=_judge_units,
    slips=DOUBTS,
)
def units():
    return next(H for H in range(1, 41) if 3 * H + 1 > 40)


def _run(rng):
    """N, P (a multiple of 6, so that costs are whole), accepted and refused trials."""
    return (
        int(rng.integers(20, 90)),
        6 * int(rng.integers(2, 9)),
        int(rng.integers(5, 30)),
        int(rng.integers(1, 9)),
    )


def _bill(
    N, P, accepted, refused, passes=2, form=1 / 2, system=1 / 6, tried=1, formed=0, again=None
):
    """The bill with prices exchanged; by default the right one."""
    first = accepted * (passes * N * P + form * N * P**2 + system * P**3)
    solved = system if again is None else again
    return first + refused * (tried * N * P + formed * N * P**2 + solved * P**3)


@exercise(
    "9.3",
    "function",
    'The bill of a run of LM with one output, in multiplications, by the table under "Who pays '
    'what?": N samples, P parameters, so many accepted and so many refused trials.',
    hints=(
        "Each kind of trial has a row in the table. Add up "
        "a row, and multiply by how often it was paid.",
        "An accepted trial pays 2·N·P for forward and "
        "backward, N·P²/2 for JᵀJ, P³/6 for the system.",
        "A refused trial evaluates r, which is N·P, and solves the system again. J and JᵀJ stay.",
    ),
    inputs=_run,
    recipe=_bill,
    what="The bill",
    probes=(
        Probe(
            "no trial is refused",
            "what a refused trial costs",
            lambda N, P, accepted, refused: (N, P, accepted, 0),
        ),
        Probe(
            "no trial is accepted",
            "what an accepted trial costs",
            lambda N, P, accepted, refused: (N, P, 0, refused),
        ),
        Probe(
            "there is one accepted trial and no other",
            "how often each part is paid",
            lambda N, P, accepted, refused: (N, P, 1, 0),
        ),
    ),
    slips=(
        part(
            "The refused trials are missing: each still evaluates r once and solves a system.",
            tried=0,
            again=0,
        ),
        part(
            "A refused trial is charged like an accepted one. Its θ is the old one: which parts "
            "are still there?",
            tried=2,
            formed=1 / 2,
        ),
        part("A refused trial needs no backward pass: N·P, not 2·N·P.", tried=2),
        part("A refused trial does not form JᵀJ anew. Only μ has changed.", formed=1 / 2),
        part("A refused trial solves the system too: the μ in it is another.", again=0),
        part(
            "A refused trial evaluates r where it has led: how else would it know that F did not "
            "fall?",
            tried=0,
        ),
        part("JᵀJ is symmetric: only half of it is computed, N·P²/2.", form=1),
        part("These are the systems alone: passes and JᵀJ are missing.", passes=0, form=0, tried=0),
        part("JᵀJ is missing: N·P²/2 for every accepted trial.", form=0),
        part("The system takes P³/6, a sixth, not a third.", system=1 / 3),
        part("The system takes P³/6: a sixth of the cube.", system=1),
        part("The systems are missing: P³/6 for every trial.", system=0),
        turned(
            "Twice ours: the table counts multiplications, without the additions.",
            lambda bill, *_: 2 * bill,
        ),
        part("An accepted trial goes forward and backward: 2·N·P, not N·P.", passes=1),
        part(
            "An accepted trial goes forward and backward, 2·N·P; the pass back is one, not two.",
            passes=3,
        ),
        instead(
            lambda N, P, accepted, refused: (
                accepted * (2 * N * P + N**2 * P / 2 + P**3 / 6) + refused * (N * P + P**3 / 6)
            ),
            "JᵀJ takes N·P²/2: it has P² entries, so the square is of P.",
        ),
        handed(
            "N and P changed places: the squares and cubes are of P, the parameters.",
            lambda N, P, accepted, refused: (P, N, accepted, refused),
        ),
        handed(
            "Accepted and refused trials are swapped.",
            lambda N, P, accepted, refused: (N, P, refused, accepted),
        ),
        instead(
            lambda N, P, accepted, refused: (accepted + refused) * 2 * N * P,
            "This is gradient descent's bill, forward and backward only.",
        ),
        instead(
            lambda N, P, accepted, refused: (
                accepted * (2 * N * P + N * P**2 / 2 + P**3 / 6)
                + refused * (2 * P * N + P * N**2 / 2 + N**3 / 6)
            ),
            "In the refused trials N and P changed places.",
        ),
        instead(
            lambda N, P, accepted, refused: (
                accepted * (2 * N * P + P * N**2 / 2 + N**3 / 6) + refused * (N * P + N**3 / 6)
            ),
            "N and P changed places: the squares and cubes are of P, the parameters.",
        ),
    ),
)
def lm_bill(N, P, accepted, refused):
    system = P**3 / 6
    return accepted * (2 * N * P + N * P**2 / 2 + system) + refused * (N * P + system)
