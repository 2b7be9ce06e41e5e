"""Lesson 02: gradient, Hessian, and Newton's step."""

import sympy as sp

from ..layers import Input, Linear, Tanh
from ..symbolic import NetworkOnSymbols, letters, symbols_for
from .base import proves, same


def _letters():
    """g (2×1), a symmetric H (2×2) and h (2×1), of symbols."""
    a, b, c = sp.symbols("a b c", real=True)
    return sp.Matrix(letters("g", 2)), sp.Matrix([[a, b], [b, c]]), sp.Matrix(letters("h", 2))


def _functions():
    """θ (2×1), and any three residuals r(θ) (3×1)."""
    theta = sp.Matrix(letters("theta", 2))
    return theta, sp.Matrix([sp.Function(f"r_{i}")(*theta) for i in (1, 2, 3)])


@proves({"2.1": r"F(\theta + h) = F(\theta) + g\,h + \tfrac12 H h^2 + O(h^3)"})
def prove_parabola():
    """With g = F′ and H = F″, what F + gh + ½Hh² leaves over of F(θ +
    h) has no value, slope or curvature at h = 0.
    """
    theta, h = sp.symbols("theta h", real=True)
    F = sp.Function("F")
    g, H = F(theta).diff(theta), F(theta).diff(theta, 2)
    rest = F(theta + h) - (F(theta) + g * h + H * h**2 / 2)
    left = [rest.diff(h, order).subs(h, 0).doit() for order in (0, 1, 2)]
    return same((sp.Matrix(left), sp.zeros(3, 1)), shapes="any F of one parameter")


@proves(
    {"2.2": r"F(\theta + h) = F(\theta) + g^\top h + \tfrac12\, h^\top H h + O(\lVert h\rVert^3)"}
)
def prove_bowl():
    """What F + gᵀh + ½hᵀHh leaves over of F(θ + h) has no value,
    no gradient and no second derivatives at h = 0.
    """
    theta, h = sp.Matrix(letters("theta", 2)), sp.Matrix(letters("h", 2))
    F = sp.Function("F")
    g = sp.Matrix([F(*theta).diff(t) for t in theta])
    H = sp.hessian(F(*theta), theta)
    left = F(*(theta + h)) - (F(*theta) + g.dot(h) + h.dot(H * h) / 2)
    parts = [left, *(left.diff(a) for a in h), *(left.diff(a, b) for a in h for b in h)]
    at_0 = [part.subs(dict.fromkeys(h, 0)).doit() for part in parts]
    return same((sp.Matrix(at_0), sp.zeros(7, 1)), shapes="any F of 2 parameters")


@proves({"2.3": r"H h = -g"})
def prove_newton_step():
    """The gradient, in h, of gᵀh + ½hᵀHh is g + Hh, which is zero where Hh = −g."""
    g, H, h = _letters()
    bowl = g.dot(h) + h.dot(H * h) / 2
    return same((sp.Matrix([bowl.diff(a) for a in h]), H * h - (-g)), shapes="2 parameters")


@proves(
    {
        "2.4": r"g^\top (h + v) + \tfrac12 (h + v)^\top H (h + v) "
        r"= g^\top h + \tfrac12\, h^\top H h + \tfrac12\, v^\top H v"
    }
)
def prove_bottom():
    """Away from Newton's step h by v, the bowl is higher by ½vᵀHv."""
    h, v = sp.Matrix(letters("h", 2)), sp.Matrix(letters("v", 2))
    a, b, c = sp.symbols("a b c", real=True)
    H = sp.Matrix([[a, b], [b, c]])
    g = -H * h  # what it means that h is Newton's step

    def bowl(h):
        return g.dot(h) + h.dot(H * h) / 2

    return same((bowl(h + v), bowl(h) + v.dot(H * v) / 2), shapes="2 parameters")


@proves(
    {
        "2.5": r"\nabla F(\theta + h) = g + H h = 0 \quad\text{for}\quad F(\theta) "
        r"= b^\top\theta + \tfrac12\,\theta^\top H\theta"
    }
)
def prove_quadratic_at_once():
    """From any θ, Newton's step leads to where the gradient of a quadratic is zero."""
    b, H, theta = _letters()
    F = b.dot(theta) + theta.dot(H * theta) / 2
    g = sp.Matrix([F.diff(t) for t in theta])
    h = H.LUsolve(-g)
    after = g.xreplace(dict(zip(theta, theta + h, strict=True)))
    return same((after, sp.zeros(2, 1)), (g + H * h, sp.zeros(2, 1)), shapes="2 parameters")


@proves({"2.6": r"g^\top h = -h^\top H h"})
def prove_newton_climbs():
    """Along Newton's step h, F begins to change at the rate gᵀh = −hᵀHh:
    it rises where hᵀHh < 0.
    """
    g, H, _ = _letters()
    h = H.LUsolve(-g)
    return same((g.dot(h), -h.dot(H * h)), shapes="2 parameters")


@proves(
    {
        "2.7": r"\begin{aligned} \frac{\partial F}{\partial\theta_j} "
        r"&= \sum_i r_i\,\frac{\partial r_i}{\partial\theta_j} \\ g &= J^\top r \end{aligned}"
    },
    package="Linearization.g",
)
def prove_slope():
    """F = ½ rᵀr has the gradient g = Jᵀr, whatever the residuals are."""
    theta, r = _functions()
    F, J = r.dot(r) / 2, r.jacobian(theta)
    net = NetworkOnSymbols(Input(1) >> Tanh(1) >> Linear(1), n_samples=2)
    ours = sp.Matrix([F.diff(t) for t in theta]), J.T * r
    shapes = "any 3 residuals of 2 parameters, and for 1-1-1, 2 samples"
    return same(ours, (net.diff_g, net.g), shapes=shapes)


@proves(
    {
        "2.8": r"\begin{aligned} \frac{\partial^2 F}{\partial\theta_k\,\partial\theta_j} "
        r"&= \sum_i \frac{\partial}{\partial\theta_k}\Bigl( "
        r"r_i\,\frac{\partial r_i}{\partial\theta_j} \Bigr) \\ "
        r"&= \sum_i \frac{\partial r_i}{\partial\theta_k}\,\frac{\partial r_i}{\partial\theta_j} "
        r"+ \sum_i r_i\,\frac{\partial^2 r_i}{\partial\theta_k\,\partial\theta_j} \end{aligned}"
    }
)
def prove_product_rule():
    """Each second derivative of F = ½ rᵀr is a sum of products of
    slopes, and a sum of residuals times curvatures.
    """
    theta = sp.Matrix(letters("theta", 2))
    r = [sp.Function(f"r_{i}")(*theta) for i in (1, 2, 3)]
    F = sum(e**2 for e in r) / 2

    def two_sums(k, j):
        kept = sum(e.diff(theta[k]) * e.diff(theta[j]) for e in r)
        return kept + sum(e * e.diff(theta[j], theta[k]) for e in r)

    H = sp.Matrix(2, 2, two_sums)
    return same((H, sp.hessian(F, theta)), shapes="any 3 residuals of 2 parameters")


def _lost(r, theta):
    """Σ rᵢ∇²rᵢ."""
    return sum((e * sp.hessian(e, list(theta)) for e in r), sp.zeros(len(theta)))


@proves({"2.9": r"H = J^\top J + \sum_i r_i\,\nabla^2 r_i"})
def prove_hessian():
    """F = ½ rᵀr has the Hessian H = JᵀJ + Σ rᵢ∇²rᵢ."""
    theta, r = _functions()
    J, H = r.jacobian(theta), sp.hessian(r.dot(r) / 2, theta)
    net = NetworkOnSymbols(Input(1) >> Tanh(1) >> Linear(1), n_samples=2)
    ours, nets = J.T * J + _lost(r, theta), net.A + _lost(net.r, net.theta)
    shapes = "any 3 residuals of 2 parameters, and for 1-1-1, 2 samples"
    return same((ours, H), (nets, net.hessian), shapes=shapes)


@proves(
    {
        "2.10": r"\begin{aligned} v^\top J^\top J\, v &= \lVert J v\rVert^2 \ge 0 \\ J^\top J\,h "
        r"= -g \quad\Rightarrow\quad g^\top h &= -\lVert J h\rVert^2 \le 0 \end{aligned}"
    },
    package="Linearization.A",
)
def prove_never_downward():
    """The bowl of JᵀJ never opens downward, and the step to its bottom never begins uphill."""
    _, J, h, _ = symbols_for(m=3, n=2)
    v, g = sp.Matrix(letters("v", 2)), -(J.T * J) * h
    Jv, Jh = (sum(e**2 for e in J * x) for x in (v, h))  # squared lengths
    return same((v.dot(J.T * J * v), Jv), (g.dot(h), -Jh), shapes="3 residuals, 2 parameters")


@proves(
    {"2.11": r"r(\theta) = J\theta - y \quad\Rightarrow\quad H = J^\top J"},
    package="Linearization.A",
)
def prove_straight_model():
    """Where the model is straight, r = Jθ − y with a J that
    does not depend on θ, nothing is lost: H = JᵀJ.
    """
    y, J, theta, _ = symbols_for(m=3, n=2)
    r = J * theta - y
    H = sp.hessian(r.dot(r) / 2, theta)
    net = NetworkOnSymbols(Input(1) >> Linear(1), n_samples=2)
    shapes = "3 residuals, 2 parameters, and for 1-1, 2 samples"
    return same((H, J.T * J), (net.hessian, net.A), shapes=shapes)


@proves(
    {
        "2.12": r"\Bigl(\sum_i r_i\,r_i''\Bigr)^2 \le \sum_i r_i^2 \sum_i (r_i'')^2 "
        r"= 2F \sum_i (r_i'')^2"
    }
)
def prove_small_residuals():
    """With one parameter, |Σ rᵢ rᵢ″| ≤ √(2F) ‖r″‖:
    the gap between the squares is a sum of squares.
    """
    r, bend = sp.Matrix(letters("r", 3)), sp.Matrix(letters("r''", 3))
    F = r.dot(r) / 2
    gap = 2 * F * bend.dot(bend) - r.dot(bend) ** 2
    squares = sum((r[i] * bend[k] - r[k] * bend[i]) ** 2 for i in range(3) for k in range(i))
    return same((gap, squares), shapes="3 residuals")
