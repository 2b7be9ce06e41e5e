"""Lesson 09: the λ of another loss, what damping does not change, and equal hidden units."""

import sympy as sp

from ..layers import Input, Linear, Tanh
from ..problems import LeastSquares
from ..symbolic import NetworkOnSymbols, OnSymbols, symbols_for
from .base import proves, same


@proves(
    {
        "9.1": r"\begin{aligned} \left(\tfrac{2}{N m} J^\top J + \lambda I\right) h "
        r"&= -\tfrac{2}{N m}\, g \\ "
        r"\left(J^\top J + \tfrac{N m \lambda}{2} I\right) h &= -g \end{aligned}"
    },
    package="Linearization.step",
)
def prove_mean_error_damping():
    """A step damped with λ on the mean squared error is our step with μ = N·m·λ/2."""
    net = NetworkOnSymbols(Input(1) >> Linear(1), n_samples=3)
    lam, N, m = sp.Symbol("lambda", positive=True), sp.Integer(3), 1
    h = sp.Matrix(net.here.step(N * m * lam / 2)).applyfunc(sp.cancel)
    hers = 2 * net.A / (N * m) + lam * sp.eye(2)
    ours = net.A + N * m * lam / 2 * sp.eye(2)
    step = ((hers * h).applyfunc(sp.cancel), -2 * net.g / (N * m))
    return same(step, (ours, N * m / 2 * hers), shapes="a straight line, 3 samples")


@proves(
    {
        "9.2": r"(J^\top J + \mu I)\,h = 0 \quad\Rightarrow\quad h "
        r"= 0 \qquad\text{for every } \mu > 0 ."
    },
)
def prove_damping_moves_no_minimum():
    """Where g = 0 the step is h = 0, for every μ."""
    r, J, _, mu = symbols_for(m=3, n=2)
    r = r[0] * J[:, 0].cross(J[:, 1])  # at right angles to both columns, so that g = 0
    given = {"jacobian": lambda theta: J.tolist(), "check_jacobian": False}
    model = OnSymbols(LeastSquares(lambda theta: list(r), **given), sp.symbols("theta_1:3"))
    h = sp.Matrix(model.here.step(mu))
    return same((h, sp.zeros(2, 1)), (model.g, sp.zeros(2, 1)), shapes="3 residuals, 2 parameters")


@proves({"9.3": r"h^\top (J^\top J + \mu I)\,h = \lVert J h\rVert^2 + \mu \lVert h\rVert^2 ,"})
def prove_damped_matrix_is_positive():
    """hᵀ(JᵀJ + μI)h = ‖Jh‖² + μ‖h‖², which is positive for every h but 0."""
    _, J, h, mu = symbols_for(m=3, n=2)
    damped = J.T * J + mu * sp.eye(2)
    right = (J * h).dot(J * h) + mu * h.dot(h)
    return same((h.dot(damped * h), right), shapes="3 residuals, 2 parameters")


@proves(
    {
        "9.4": r"J v = 0 \quad\text{for}\quad v "
        r"= (0, \dots, 0, \underbrace{1, -1}_{\text{output weights of the twins}}, 0)^\top ."
    }
)
def prove_twins():
    """Twin hidden units make JᵀJ singular: Jv = 0 for the v
    that shifts output weight from one to the other.
    """
    net = NetworkOnSymbols(Input(1) >> Tanh(2) >> Linear(1), n_samples=3)
    w1, w2, b1, b2, *_ = net.theta
    J = net.J.subs({w2: w1, b2: b1})
    v = sp.Matrix([0, 0, 0, 0, 1, -1, 0])
    return same((J * v, sp.zeros(3, 1)), (J.T * J * v, sp.zeros(7, 1)), shapes="1-2-1, 3 samples")
