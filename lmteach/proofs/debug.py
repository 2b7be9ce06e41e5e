"""Lesson 10: what wrong solvers compute, in symbols."""

import sympy as sp

from ..layers import Input, Linear, Tanh
from ..problems import LeastSquares
from ..symbolic import NetworkOnSymbols, OnSymbols, letters, symbols_for
from .base import holds, proves, same


@proves(
    {
        "10.1": r"(g\,g^\top + \mu I)\,h = -g F \quad\Longleftrightarrow\quad"
        r" h = -\frac{F}{\mu + g^\top g}\; g"
    }
)
def prove_gradient_of_the_loss_as_jacobian():
    """With gᵀ in place of J and F in place of r, (ggᵀ +
    μI)⁻¹gF = gF/(μ + gᵀg): gradient descent in disguise.
    """
    g, F, mu = sp.Matrix(letters("g", 2)), sp.Symbol("F", real=True), sp.Symbol("mu", positive=True)
    given = {"jacobian": lambda theta: [list(g)], "check_jacobian": False}
    wrong = OnSymbols(LeastSquares(lambda theta: [F], **given), sp.symbols("theta_1:3"))
    h = sp.Matrix(wrong.here.step(mu)).applyfunc(sp.cancel)
    in_words = ((g * g.T + mu * sp.eye(2)) * (g * F / (mu + g.dot(g))), g * F)
    return same((-h, g * F / (mu + g.dot(g))), in_words, shapes="2 parameters")


@proves({"10.2": r"\frac{\partial}{\partial\theta_j} \sum_k g_k = \sum_k H_{jk}"})
def prove_gradient_of_the_summed_gradient():
    """Differentiating the sum of g's entries gives H·1, the row sums of H, not H."""
    net = NetworkOnSymbols(Input(1) >> Tanh(1) >> Linear(1))
    summed = sum(net.g)
    differentiated = sp.Matrix([summed.diff(t) for t in net.theta])
    return same((differentiated, net.hessian * sp.ones(4, 1)), shapes="1-1-1, 1 sample")


@proves(
    {
        "10.3": r"(A + \mu I) \begin{bmatrix} h_1 \\ h_2 \end{bmatrix} + g ="
        r" \begin{bmatrix} (A_{11} + \mu I)\,h_1 + g_1 \\ (A_{22} + \mu I)\,h_2 + g_2 \end{bmatrix}"
        r" \quad\text{if}\quad A_{12} = J_1^\top J_2 = 0"
    }
)
def prove_blocks_where_orthogonal():
    """Where J's blocks are orthogonal, the joint equation for h
    falls apart into the blocks' own equations.
    """
    r, J, h, mu = symbols_for(m=3, n=2)
    third = J[:, 0].cross(J[:, 1])  # at right angles to the first block
    other = sp.Symbol("h_3", real=True)
    whole = J.row_join(third)
    joint = (whole.T * whole + mu * sp.eye(3)) * sp.Matrix([*h, other]) + whole.T * r
    first = (J.T * J + mu * sp.eye(2)) * h + J.T * r
    second = (third.dot(third) + mu) * other + third.dot(r)
    return same((joint, sp.Matrix([*first, second])), shapes="3 residuals, blocks of 2 and 1")


@proves(
    {
        "10.4": r"(A + \mu I) \begin{bmatrix} h_1 \\ h_2 \end{bmatrix} + g ="
        r" \begin{bmatrix} A_{12}\,h_2 \\ A_{21}\,h_1 \end{bmatrix}"
        r" \quad\text{for}\quad h_j = -\frac{g_j}{A_{jj} + \mu}"
    }
)
def prove_blocks_differ():
    """Blocks of one leave A₁₂h₂ and A₂₁h₁ over in the joint equation,
    and that is not 0 in general.
    """
    r, J, _, mu = symbols_for(m=3, n=2)
    A, g = J.T * J, J.T * r
    blocks = sp.Matrix([-g[j] / (A[j, j] + mu) for j in range(2)])
    left_over = (A + mu * sp.eye(2)) * blocks + g
    numbers = dict(zip([*r, *J, mu], [1, 1, 1, 1, 1, 0, 1, 0, 0, 1], strict=True))
    is_not_0 = left_over.subs(numbers).norm() > 0
    holds(("with columns (1, 0, 0) and (1, 1, 0) something is left over", is_not_0), shapes="")
    products = A[0, 1] * sp.Matrix([blocks[1], blocks[0]])
    return same((left_over, products), shapes="3 residuals, blocks of 1 and 1")


@proves(
    {
        "10.5": r"r_i^{\text{sq}} = r_i^2 \quad\Longrightarrow\quad \begin{aligned}"
        r" J^{\text{sq}} &= 2 \operatorname{diag}(r)\, J \\ J^{\text{sq}\,\top} r^{\text{sq}} &="
        r" \nabla\, \tfrac12 \sum_i r_i^4 \end{aligned}"
    }
)
def prove_squares_descend_the_fourth_power():
    """With rᵢ² in place of rᵢ, J becomes 2 diag(r)J, and Jᵀr the gradient of ½ Σ rᵢ⁴."""
    theta = sp.symbols("theta_1:3", real=True)
    r = sp.Matrix([sp.Function(f"r_{i}")(*theta) for i in (1, 2, 3)])
    J, squares = r.jacobian(theta), r.multiply_elementwise(r)
    J_of_squares = squares.jacobian(theta)
    fourth = sum(entry**4 for entry in r) / 2
    gradient = sp.Matrix([fourth.diff(t) for t in theta])
    jacobians = (J_of_squares, 2 * sp.diag(*r) * J)
    return same(
        jacobians, (J_of_squares.T * squares, gradient), shapes="any 3 residuals, 2 parameters"
    )


@proves(
    {
        "10.6": r"r = \sqrt{\ell} \quad\Longrightarrow\quad"
        r" J^\top J = \frac{\nabla\ell\,\nabla\ell^\top}{4\,\ell}"
    }
)
def prove_root_of_the_loss():
    """r = √ℓ has JᵀJ = ∇ℓ∇ℓᵀ/(4ℓ) for each sample: rank one, for any loss ℓ."""
    z = sp.symbols("z_1:4", real=True)
    loss = sp.Function("ell", positive=True)(*z)
    J, gradient = sp.Matrix([sp.sqrt(loss)]).jacobian(z), sp.Matrix([loss.diff(c) for c in z])
    return same((J.T * J, gradient * gradient.T / (4 * loss)), shapes="3 logits")


@proves({"10.7": r"\nabla_z^2\,(-\log p_1) = \operatorname{diag}(p) - p\,p^\top"})
def prove_curvature_of_cross_entropy():
    """Cross-entropy's Hessian in the logits is diag(p) − ppᵀ,
    of rank m − 1: not the root's rank one.
    """
    z, e = sp.symbols("z_1:4", real=True), sp.symbols("e_1:4", positive=True)
    loss = sp.log(sum(sp.exp(c) for c in z)) - z[0]  # −log p₁
    hessian = sp.hessian(loss, z).subs({sp.exp(c): letter for c, letter in zip(z, e, strict=True)})
    p = sp.Matrix(e) / sum(e)
    wanted = sp.diag(*p) - p * p.T
    minor = (wanted[:2, :2].det(), p[0] * p[1] * p[2])  # not 0: the rank is at least 2
    nothing = (wanted * sp.ones(3, 1), sp.zeros(3, 1))  # and it is not 3
    return same((hessian, wanted), minor, nothing, shapes="3 logits")
