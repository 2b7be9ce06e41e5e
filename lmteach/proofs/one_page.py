"""Page A: the derivation on one page; most of its equations are proved in a lesson."""

from itertools import islice

import sympy as sp

from ..examples import BOOK, hagan
from ..layers import Input, Linear, Tanh
from ..problems import LeastSquares
from ..solvers import levenberg_marquardt
from ..symbolic import NetworkOnSymbols, OnSymbols, letters, symbols_for
from . import slope_and_bowl, updates  # noqa: F401  they register what this page says again
from .base import again, also, close, holds, proves, same
from .damping import prove_descent, prove_limits
from .error_terms import prove_output_error_term
from .jacobian import prove_gradient_from_j


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


also("A.11", r"g = \nabla F = J^\top r", prove_gradient_from_j, "Linearization.g")
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


AGAIN = (  # equations of this page that lessons display in the same words
    "A.1=4.2 A.4=4.5 A.5=4.6 A.6=4.9 A.7=2.9 A.8=5.4 A.9=5.6 A.10=5.7 "
    "A.12=7.3 A.13=7.2 A.14=7.5 A.19=8.5 A.20=8.7 A.21=8.10 A.22=8.12"
)
for pair in AGAIN.split():
    again(*pair.split("="))
