"""Page A: the derivation on one page; most of its equations are proved in a lesson."""

from itertools import islice

import sympy as sp

from ..examples import BOOK, hagan
from ..layers import Input, Linear, Tanh
from ..problems import LeastSquares
from ..solvers import levenberg_marquardt
from ..symbolic import NetworkOnSymbols, OnSymbols, letters, symbols_for
from .base import also, close, holds, proves, same
from .damping import (
    prove_damped_step,
    prove_descent,
    prove_limits,
    prove_positive_definite,
    prove_singular_parts,
)
from .error_terms import (
    prove_forward,
    prove_gradient,
    prove_hidden_error_term,
    prove_output_error_term,
    prove_recursion,
)
from .jacobian import (
    prove_1_2_1,
    prove_gradient_from_j,
    prove_jacobian,
    prove_sensitivity_recursion,
)
from .slope_and_bowl import prove_hessian
from .updates import prove_factor_rule, prove_gain_ratio, prove_nielsens_rule, prove_right_angle

also(
    "A.1",
    r"\begin{aligned} a^0 &= x \\ "
    r"z^l &= W^l a^{l-1} + b^l \\ a^l &= f(z^l), \qquad l = 1, \dots, L \end{aligned}",
    prove_forward,
    "Network.forward",
)


@proves(
    {
        "A.2": r"\begin{aligned} r_{\,i m + k} &= a^L_{ik} - y_{ik} \\ F &= \tfrac12\, r^\top r "
        r"= \tfrac12 \sum_i \sum_k \bigl(a^L_{ik} - y_{ik}\bigr)^2 \end{aligned}"
    },
    package="Problem.loss",
)
def prove_loss_in_full():
    """r = a^L − y, sample by sample, and F = ½ rᵀr is half the
    sum of its squares over all samples and outputs.
    """
    net = NetworkOnSymbols(Input(1) >> Tanh(2) >> Linear(2), n_samples=2)
    missed = [net.a[-1][i, k] - net.Y[i, k] for i in range(2) for k in range(2)]  # sample by sample
    in_full = sum(entry**2 for entry in missed) / 2
    in_short = (net.r.dot(net.r) / 2, in_full)
    return same((net.F, in_full), in_short, (net.r, missed), shapes="1-2-2, 2 samples")


also(
    "A.3",
    r"\delta^L_j = \frac{\partial F}{\partial z^L_j} = r_j\, f'(z^L_j), \qquad "
    r"\delta^L = r \circ f'(z^L)",
    prove_output_error_term,
    "Network.error_terms",
)
also(
    "A.4",
    r"\begin{aligned} \delta^l_j &= \sum_k \frac{\partial F}{\partial z^{l+1}_k}\, "
    r"\frac{\partial z^{l+1}_k}{\partial a^l_j}\, \frac{\partial a^l_j}{\partial z^l_j} \\ "
    r"&= \sum_k \delta^{l+1}_k\, W^{l+1}_{kj}\, f'(z^l_j) \end{aligned}",
    prove_hidden_error_term,
)
also(
    "A.5",
    r"\delta^l = \bigl(W^{l+1\,\top} \delta^{l+1}\bigr) \circ f'(z^l), \qquad l = L - 1, \dots, 1",
    prove_recursion,
    "Network.error_terms",
)
also(
    "A.6",
    r"\frac{\partial F}{\partial W^l} = \sum_i \delta^l_i\, a^{l-1\,\top}_i, \qquad "
    r"\frac{\partial F}{\partial b^l} = \sum_i \delta^l_i",
    prove_gradient,
    "Network.gradient",
)
also("A.7", r"H = J^\top J + \sum_i r_i\,\nabla^2 r_i", prove_hessian)


also(
    "A.8",
    r"\begin{aligned} S^L &= I \circ f'(z^L) \\ "
    r"S^l &= \bigl(S^{l+1}\, W^{l+1}\bigr) \circ f'(z^l) \end{aligned}",
    prove_sensitivity_recursion,
    "Network.sensitivities",
)
also(
    "A.9",
    r"J_{im+k} = \begin{pmatrix} S^1_{ik} \otimes a^0_i "
    r"& S^1_{ik} & \cdots & S^L_{ik} \otimes a^{L-1}_i & S^L_{ik} \end{pmatrix}",
    prove_jacobian,
    "Network.jacobian",
)
also(
    "A.10",
    r"\begin{aligned} S^2 &= \begin{pmatrix} 1 \end{pmatrix} \\ "
    r"S^1 &= \begin{pmatrix} w^2_{11}\, a^1_1 (1 - a^1_1) "
    r"& w^2_{12}\, a^1_2 (1 - a^1_2) \end{pmatrix} \\ J &= \begin{pmatrix} S^1_{11}\, x "
    r"& S^1_{12}\, x & S^1_{11} & S^1_{12} & a^1_1 & a^1_2 & 1 \end{pmatrix} \end{aligned}",
    prove_1_2_1,
    "Network.jacobian",
)
also("A.11", r"g = \nabla F = J^\top r", prove_gradient_from_j, "Linearization.g")
also(
    "A.12",
    r"v^\top (J^\top J + \mu I)\,v = \lVert Jv\rVert^2 + \mu\,\lVert v\rVert^2 > 0",
    prove_positive_definite,
)
also(
    "A.13",
    r"\begin{aligned} J^\top (r + Jh) + \mu h &= 0 \\ (J^\top J + \mu I)\,h &= -g \end{aligned}",
    prove_damped_step,
    "Linearization.step",
)
also("A.14", r"h_i = -\frac{g_i}{s_i^2 + \mu}", prove_singular_parts, "Linearization.steps")
also(
    "A.15",
    r"\lim_{\mu\to 0} h_i = -\frac{g_i}{s_i^2}, \qquad \lim_{\mu\to\infty} \mu\,h_i = -g_i",
    prove_limits,
)
also("A.16", r"g^\top h = -\lVert Jh\rVert^2 - \mu\,\lVert h\rVert^2 < 0", prove_descent)


@proves(
    {
        "A.17": r"\theta \leftarrow \begin{cases} \theta + h "
        r"& \text{if } F(\theta + h) < F(\theta) \\ \theta & \text{otherwise} \end{cases}"
    },
    package="Step.next_theta",
)
def prove_update_of_theta():
    """The package moves θ to θ + h where F falls, and leaves it as it is otherwise."""
    problem = hagan()
    steps = list(islice(levenberg_marquardt(problem, BOOK, mu=0.1), 12))
    falls = [problem.loss(s.theta + s.h) < problem.loss(s.theta) for s in steps]
    kept = [s.theta + s.h if fell else s.theta for s, fell in zip(steps, falls, strict=True)]
    shapes = "the first 12 trials of the 1-2-1 network"
    holds(("some are refused, some are not", {True, False} == set(falls)), shapes=shapes)
    after = ([s.next_theta for s in steps], kept)
    return close(after, ([s.theta for s in steps[1:]], kept[:-1]), shapes=shapes)


def _constant(r, J):
    """OnSymbols with this r and J at every θ."""
    problem = LeastSquares(lambda theta: r, lambda theta: J, check_jacobian=False)
    return OnSymbols(problem, letters("θ", len(J[0])))


@proves(
    {
        "A.18": r"\begin{aligned} F(\theta) - \tfrac12\lVert r + Jh\rVert^2 &= -h^\top g "
        r"- \tfrac12\, h^\top J^\top J\, h \\ &= \tfrac12\, h^\top(\mu h - g) \end{aligned}"
    },
    package="Linearization.damped",
)
def prove_promise():
    """The promise is −hᵀg − ½hᵀJᵀJh for every h; for the damped step
    it is ½hᵀ(μh − g), the package's `predicted`.
    """
    r, J, h, mu = symbols_for(m=3, n=2)
    falls = r.dot(r) / 2 - (r + J * h).dot(r + J * h) / 2
    any_step = (falls, -h.dot(J.T * r) - h.dot(J.T * J * h) / 2)
    g = -(J.T * J + mu * sp.eye(2)) * h  # what (A.13) says of g
    damped_step = (-h.dot(g) - h.dot(J.T * J * h) / 2, h.dot(mu * h - g) / 2)
    model = _constant(list(r), sp.Matrix([[1, 2], [3, 1], [0, 2]]).tolist())
    damped = model.here.damped(sp.Rational(1, 2))
    end = r + model.J * sp.Matrix(damped.h)
    package = (damped.predicted, model.F - end.dot(end) / 2)
    shapes = "3 residuals, 2 parameters; the package's for μ = ½"
    return same(any_step, damped_step, package, shapes=shapes)


also(
    "A.19",
    r"\rho = \frac{F(\theta) - F(\theta + h)}{\tfrac12\, h^\top(\mu h - g)}",
    prove_gain_ratio,
    "Step.rho",
)
also(
    "A.20",
    r"\begin{aligned} \text{accepted:}\quad \mu &\leftarrow \mu / c \\ "
    r"\text{refused:}\quad \mu &\leftarrow c\,\mu \end{aligned}",
    prove_factor_rule,
    "Factor.update",
)
also(
    "A.21",
    r"\begin{aligned} \text{accepted:}\quad "
    r"\mu &\leftarrow \mu\,\max\bigl(\tfrac13,\; 1 - (2\rho - 1)^3\bigr), & \nu &\leftarrow 2 \\ "
    r"\text{refused:}\quad \mu &\leftarrow \mu\,\nu, & \nu &\leftarrow 2\nu \end{aligned}",
    prove_nielsens_rule,
    "Nielsen.update",
)
also(
    "A.22",
    r"\max_j\; \frac{|g_j|}{\bigl\lVert \frac{\partial r}{\partial\theta_j} \bigr\rVert"
    r"\,\lVert r\rVert} \le \text{gtol}",
    prove_right_angle,
    "Linearization.orthogonal",
)
