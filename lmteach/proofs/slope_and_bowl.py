"""Lesson 02: gradient, Hessian, and Newton's step."""

import numpy as np
import sympy as sp

from ..layers import Input, Linear, Tanh
from ..reading.scenes import linearization
from ..symbolic import NetworkOnSymbols, letters
from .base import proves, same
from .on_letters import damped_by_g, smooth


def _letters():
    """g, a symmetric H, h and v, of letters."""
    a, b, c = sp.symbols("a b c", real=True)
    H, vectors = np.array([[a, b], [b, c]]), {x: letters(x, 2) for x in ("g", "h", "v", "b")}
    return vectors | {"H": H, "theta": letters("theta", 2)}


def _newton():
    """The same where h is Newton's step, Hh = −g."""
    names = _letters()
    return names | {"g": -names["H"] @ names["h"]}


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
def prove_newton_step(said):
    """The gradient, in h, of gᵀh + ½hᵀHh is g + Hh, which is zero where Hh = −g."""
    g, H, h = (_letters()[name] for name in "gHh")
    bowl = g @ h + h @ H @ h / 2
    slope = [bowl.diff(a) for a in h], H @ h + g
    return said.same(_newton(), more=[slope], shapes="2 parameters")


@proves(
    {
        "2.4": r"g^\top (h + v) + \tfrac12 (h + v)^\top H (h + v) "
        r"= g^\top h + \tfrac12\, h^\top H h + \tfrac12\, v^\top H v"
    }
)
def prove_bottom(said):
    """Away from Newton's step h by v, the bowl is higher by ½vᵀHv."""
    return said.same(_newton(), shapes="2 parameters")


@proves(
    {
        "2.5": r"\nabla F(\theta + h) = g + H h = 0 \quad\text{for}\quad F(\theta) "
        r"= b^\top\theta + \tfrac12\,\theta^\top H\theta"
    }
)
def prove_quadratic_at_once(said):
    """From any θ, Newton's step leads to where the gradient of a quadratic is zero."""
    names = _letters()
    H, b, h, theta = (names[name] for name in ("H", "b", "h", "theta"))
    b = -H @ (theta + h)  # so that g + Hh = 0
    F = lambda t: b @ t + t @ H @ t / 2  # noqa: E731
    return said.same(names | {"b": b, "g": b + H @ theta, "F()": F}, shapes="2 parameters")


@proves({"2.6": r"g^\top h = -h^\top H h"})
def prove_newton_climbs(said):
    """Along Newton's step h, F begins to change at the rate gᵀh = −hᵀHh:
    it rises where hᵀHh < 0.
    """
    return said.same(_newton(), shapes="2 parameters")


@proves(
    {
        "2.7": r"\begin{aligned} \frac{\partial F}{\partial\theta_j} "
        r"&= \sum_i r_i\,\frac{\partial r_i}{\partial\theta_j} \\ g &= J^\top r \end{aligned}"
    },
    package="Linearization.g",
)
def prove_slope(said):
    """F = ½ rᵀr has the gradient g = Jᵀr, whatever the residuals are."""
    net = NetworkOnSymbols(Input(1) >> Tanh(1) >> Linear(1), n_samples=2)
    shapes = "any 3 residuals of 2 parameters, and for 1-1-1, 2 samples"
    return said.same(smooth(), more=[(net.diff_g, net.g)], shapes=shapes)


@proves(
    {
        "2.8": r"\begin{aligned} \frac{\partial^2 F}{\partial\theta_k\,\partial\theta_j} "
        r"&= \sum_i \frac{\partial}{\partial\theta_k}\Bigl( "
        r"r_i\,\frac{\partial r_i}{\partial\theta_j} \Bigr) \\ "
        r"&= \sum_i \frac{\partial r_i}{\partial\theta_k}\,\frac{\partial r_i}{\partial\theta_j} "
        r"+ \sum_i r_i\,\frac{\partial^2 r_i}{\partial\theta_k\,\partial\theta_j} \end{aligned}"
    }
)
def prove_product_rule(said):
    """Each second derivative of F = ½ rᵀr is a sum of products of
    slopes, and a sum of residuals times curvatures.
    """
    return said.same(smooth(), shapes="any 3 residuals of 2 parameters")


@proves({"2.9": r"H = J^\top J + \sum_i r_i\,\nabla^2 r_i"})
def prove_hessian(said):
    """F = ½ rᵀr has the Hessian H = JᵀJ + Σ rᵢ∇²rᵢ."""
    net = NetworkOnSymbols(Input(1) >> Tanh(1) >> Linear(1), n_samples=2)
    lost = sum((e * sp.hessian(e, list(net.theta)) for e in net.r), sp.zeros(4))
    shapes = "any 3 residuals of 2 parameters, and for 1-1-1, 2 samples"
    return said.same(smooth(), more=[(net.A + lost, net.hessian)], shapes=shapes)


@proves(
    {
        "2.10": r"\begin{aligned} v^\top J^\top J\, v &= \lVert J v\rVert^2 \ge 0 \\ J^\top J\,h "
        r"= -g \quad\Rightarrow\quad g^\top h &= -\lVert J h\rVert^2 \le 0 \end{aligned}"
    },
    package="Linearization.A",
)
def prove_never_downward(said):
    """The bowl of JᵀJ never opens downward, and the step to its bottom never begins uphill."""
    here = linearization(letters("r", 3), letters("J", 3, 2))
    package = (here.A, here.J.T @ here.J)
    return said.same(damped_by_g(mu=0), more=[package], shapes="3 residuals, 2 parameters")


@proves(
    {"2.11": r"r(\theta) = J\theta - y \quad\Rightarrow\quad H = J^\top J"},
    package="Linearization.A",
)
def prove_straight_model(said):
    """Where the model is straight, r = Jθ − y with a J that
    does not depend on θ, nothing is lost: H = JᵀJ.
    """
    J, theta, y = letters("J", 3, 2), letters("theta", 2), letters("y", 3)
    r = lambda t: J @ t - y  # noqa: E731
    H = np.array(sp.hessian(r(theta) @ r(theta) / 2, list(theta)))
    net = NetworkOnSymbols(Input(1) >> Linear(1), n_samples=2)
    names = {"J": J, "theta": theta, "y": y, "r()": r, "H": H}
    shapes = "3 residuals, 2 parameters, and for 1-1, 2 samples"
    return said.same(names, more=[(net.hessian, net.A)], shapes=shapes)


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
