"""Lesson 01: residuals, losses, and what a sign or a factor does to the step."""

import sympy as sp

from ..layers import Input, Linear, Tanh
from ..symbolic import NetworkOnSymbols, symbols_for
from .base import proves, same


@proves(
    {"1.1": r"r_i = a_i - y_i", "1.3": r"r_{\,i m + k} = a^L_{ik} - y_{ik}"},
    package="NetworkFit.residual",
)
def prove_residual():
    """r is prediction minus target, sample by sample: entry i·m + k is a^L_ik − y_ik."""
    net = NetworkOnSymbols(Input(2) >> Tanh(2) >> Linear(2), n_samples=2)
    rows = [net.a[-1][i, k] - net.Y[i, k] for i in range(2) for k in range(2)]
    return same((net.r, sp.Matrix(rows)), shapes="2-2-2, 2 samples")


@proves(
    {
        "1.2": r"\begin{aligned} F &= \tfrac12\, r^\top r = \tfrac12 \sum_i r_i^2 \\ "
        r"\text{SSE} &= 2F \\ \text{MSE} &= \frac{2F}{N m} \end{aligned}"
    },
    package="Problem.loss",
)
def prove_losses():
    """F = ½ rᵀr, so the sum of squares is 2F and their mean is 2F/(N·m)."""
    net = NetworkOnSymbols(Input(1) >> Tanh(2) >> Linear(2), n_samples=2)
    squares = [e**2 for e in net.r]
    sse, mse = sum(squares), sum(squares) / len(squares)
    sums, means = (sse, 2 * net.F), (mse, 2 * net.F / (2 * 2))
    return same((net.F, sse / 2), sums, means, shapes="1-2-2, 2 samples")


@proves({"1.4": r"P = \sum_{l=1}^{L} n_l\,(n_{l-1} + 1)"}, package="Network.n_parameters")
def prove_number_of_parameters():
    """θ holds n_l (n_{l−1} + 1) numbers for each layer: a
    weight for each unit before it, and a bias.
    """
    sizes = [(3, 4, 2), (1, 2, 1), (2, 3, 2, 1)]
    counted = [sum(n * (before + 1) for before, n in zip(s, s[1:], strict=False)) for s in sizes]
    nets = [Input(3) >> Tanh(4) >> Linear(2), Input(1) >> Tanh(2) >> Linear(1)]
    nets.append(Input(2) >> Tanh(3) >> Tanh(2) >> Linear(1))
    package = [net.n_parameters for net in nets]
    return same((sp.Matrix(counted), sp.Matrix(package)), shapes="3-4-2, 1-2-1 and 2-3-2-1")


@proves({"1.5": r"(J^\top J + \mu I)\,h = -J^\top r"}, package="Linearization.step")
def prove_borrowed_step():
    """The package's step h satisfies (JᵀJ + μI) h = −Jᵀr."""
    net = NetworkOnSymbols(Input(1) >> Linear(1), n_samples=2)
    mu = sp.Symbol("mu", positive=True)
    h = sp.Matrix(net.here.step(mu)).applyfunc(sp.cancel)
    left = ((net.J.T * net.J + mu * sp.eye(2)) * h).applyfunc(sp.cancel)
    return same((left, -net.J.T * net.r), shapes="a straight line, 2 samples")


@proves(
    {
        "1.6": r"\begin{aligned} e(r, J, h) &= (J^\top J + \mu I)\,h + J^\top r \\ "
        r"e(-r, -J, h) &= e(r, J, h) \\ e(-r, J, -h) &= -e(r, J, h) \end{aligned}"
    }
)
def prove_sign():
    """(r, J) → (−r, −J) keeps the step; r → −r alone turns it into −h."""
    r, J, h, mu = symbols_for(m=3, n=2)

    def left_over(r, J, h):
        return (J.T * J + mu * sp.eye(2)) * h + J.T * r

    both = (left_over(-r, -J, h), left_over(r, J, h))
    one = (left_over(-r, J, -h), -left_over(r, J, h))
    return same(both, one, shapes="3 residuals, 2 parameters")


@proves(
    {
        "1.7": r"(c\,J^\top J + \mu I)\,h + c\,J^\top r "
        r"= c\,\Bigl[\bigl(J^\top J + \tfrac{\mu}{c} I\bigr)\,h + J^\top r\Bigr]"
    }
)
def prove_factor():
    """A loss c times ours (SSE: c = 2, MSE: c = 2/(N·m)) with damping μ takes our step at μ/c."""
    r, J, h, mu = symbols_for(m=3, n=2)
    c = sp.Symbol("c", positive=True)
    hers = (c * J.T * J + mu * sp.eye(2)) * h + c * J.T * r
    ours = (J.T * J + mu / c * sp.eye(2)) * h + J.T * r
    return same((hers, c * ours), shapes="3 residuals, 2 parameters")


@proves({"1.8": r"\mu = -\frac{h^\top (g + A h)}{h^\top h}"})
def prove_whose_mu():
    """A step that satisfies Ah + μh = −g tells its μ."""
    _, J, h, mu = symbols_for(m=3, n=2)
    A = J.T * J
    g = -(A + mu * sp.eye(2)) * h
    return same((-h.dot(g + A * h) / h.dot(h), mu), shapes="3 residuals, 2 parameters")
