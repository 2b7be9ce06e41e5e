"""Lesson 06: the straight-line model, its minimum, and where Gauss-Newton fails."""

import numpy as np
import sympy as sp

from ..examples import cycling, next_theta, rosenbrock
from ..layers import Input, Linear, Tanh
from ..problems import LeastSquares
from ..symbolic import NetworkOnSymbols, OnSymbols, letters
from .base import proves, same
from .on_letters import NUMBERS, any_step, gauss_newton_step, network, positive

SHAPES = "3 residuals, 2 parameters"


@proves({"6.1": r"r(\theta + h) \approx r + J h"})
def prove_straight_line_model():
    """r(θ + h) and r + Jh have the same value at h = 0, and the
    same slope there in every direction.
    """
    net = NetworkOnSymbols(Input(1) >> Tanh(1) >> Linear(2))
    h, t = sp.Matrix(letters("h", len(net.theta))), sp.Symbol("t", real=True)
    along = net.r.subs(dict(zip(net.theta, net.theta + t * h, strict=True)), simultaneous=True)
    slope, value = (along.diff(t).subs(t, 0), net.J * h), (along.subs(t, 0), net.r)
    return same(slope, value, shapes="1-1-2, 1 sample")


@proves({"6.2": r"\tfrac12\,\lVert r + J h\rVert^2 = F + g^\top h + \tfrac12\, h^\top A\, h"})
def prove_model_is_a_bowl(said):
    """Half the squared length of r + Jh is a quadratic in h: F
    + gᵀh + ½ hᵀAh, with g = Jᵀr and A = JᵀJ.
    """
    return said.same(any_step(), shapes=SHAPES)


@proves(
    {"6.3": r"\begin{aligned} J^\top (r + J h) &= 0 \\ J^\top J\, h &= -J^\top r \end{aligned}"},
    package="Linearization.step",
)
def prove_gauss_newton_step(said):
    """½‖r + Jh‖² has gradient Jᵀ(r + Jh) in h; the package's step(0) makes it zero, JᵀJh = −Jᵀr."""
    names = any_step()
    r, J, h = (names[name] for name in "rJh")
    slopes = [((r + J @ h) @ (r + J @ h) / 2).diff(x) for x in h], J.T @ (r + J @ h)
    net = NetworkOnSymbols(Input(1) >> Linear(1), n_samples=2)
    scene = network(net) | {"h": net.here.step(0)}
    shapes = "3 residuals, 2 parameters, and a straight line through 2 samples"
    return said.same(scene, more=[slopes], shapes=shapes)


@proves(
    {
        "6.4": r"\tfrac12\,\lVert r + J(h + v)\rVert^2 = \tfrac12\,\lVert r + J h\rVert^2 "
        r"+ v^\top J^\top (r + J h) + \tfrac12\,\lVert J v\rVert^2"
    }
)
def prove_gauss_newton_minimum(said):
    """Going v beyond any h changes ½‖r + Jh‖² by vᵀJᵀ(r + Jh) + ½‖Jv‖²."""
    return said.same(any_step(), shapes=SHAPES)


@proves(
    {
        "6.5": r"\begin{aligned} \Bigl(J^\top J + \sum_i r_i\, \nabla^2 r_i\Bigr)\, h "
        r"&= -g && \text{Newton} \\ J^\top J\, h &= -g && \text{Gauss-Newton} \end{aligned}"
    },
    package="Linearization.step",
)
def prove_newton_without_the_sum():
    """H without Σ rᵢ∇²rᵢ is JᵀJ and ∇F is Jᵀr, and ½‖r + Jh‖²
    has the slope JᵀJh + Jᵀr in h: one equation.
    """
    theta = letters("theta", 2)
    r = sp.Matrix([sp.Function(f"r_{i}")(*theta) for i in (1, 2, 3)])
    J = np.array(r.jacobian(sp.Matrix(theta)))
    at = OnSymbols(LeastSquares(lambda _: np.array(list(r)), lambda _: J), theta)
    lost = sum((at.r[i] * sp.hessian(at.r[i], list(theta)) for i in range(3)), sp.zeros(2))
    h = sp.Matrix(letters("h", 2))
    bowl = (at.r + at.J * h).dot(at.r + at.J * h) / 2
    slopes = sp.Matrix([bowl.diff(x) for x in h])
    pairs = (at.hessian - lost, at.A), (at.diff_g, at.g), (slopes, at.A * h + at.g)
    return same(*pairs, shapes="any 3 smooth residuals of 2 parameters")


@proves({"6.6": r"g(\theta + h) = J^\top (r + J h) = 0 \quad\text{if } r \text{ is straight}"})
def prove_gauss_newton_one_step(said):
    """Where r(θ + h) = r + Jh exactly, one Gauss-Newton step makes the gradient zero."""
    names, theta = gauss_newton_step(), letters("theta", 2)  # any J, and any r with this step h
    J, y = names["J"], names["J"] @ theta - names["r"]
    line = LeastSquares(lambda t: J @ t - y, lambda t: J, check_jacobian=False)
    functions = {"theta": theta, "g()": lambda t: line.linearize(t).g}
    scaled = LeastSquares(lambda t: NUMBERS @ t - y, lambda t: NUMBERS)
    package = scaled.linearize(theta + scaled.linearize(theta).step(0)).g, [0, 0]
    shapes = "3 residuals, 2 parameters, any J, y and start; the package's for one J"
    return said.same(names | functions, more=[package], shapes=shapes)


@proves(
    {
        "6.7": r"\begin{aligned} r(\theta + h) "
        r"&= r + J h + \begin{pmatrix} -10\,h_1^2 \\ 0 \end{pmatrix} && \text{for every } h \\ "
        r"F(\theta + h) &= 50\,h_1^4 && \text{for Gauss-Newton's } h \end{aligned}"
    }
)
def prove_rosenbrock_bend(said):
    """On Rosenbrock's problem r(θ + h) is r + Jh + (−10h₁², 0),
    so Gauss-Newton's step leaves F = 50h₁⁴.
    """
    return said.same(_valley(), shapes="Rosenbrock, any θ")


def _valley():
    """Rosenbrock's problem at any θ, with Gauss-Newton's step, and any h for "every h"."""
    problem, theta, t = rosenbrock(), letters("theta", 2), sp.Symbol("t", positive=True)
    here = problem.linearize(theta)
    names = {"theta": theta, "r": here.r, "J": here.J, "h": here.step(0), "t": t}
    functions = {"r()": problem.residual, "F()": problem.loss}
    return names | functions | {"for every h": {"h": letters("h", 2)}}


@proves(
    {"6.8": r"r(\theta + t h) = (1 - t)\, r + t^2 \begin{pmatrix} -10\,h_1^2 \\ 0 \end{pmatrix}"}
)
def prove_part_of_the_step(said):
    """On Rosenbrock's problem a fraction t of Gauss-Newton's step
    leaves (1 − t)r, and t² times the bend's share.
    """
    return said.same(_valley(), shapes="Rosenbrock, any θ")


@proves(
    {
        "6.9": r"\begin{aligned} \frac{d(\theta + h)}{d\theta} "
        r"&= -\frac{\sum_i r_i\, r_i''}{J^\top J} && \text{where } g = 0 \\ "
        r"&= c && \text{here, at } \theta = 0 \end{aligned}"
    }
)
def prove_gauss_newton_map():
    """θ + h has slope −Σ rᵢrᵢ″/A + gA′/A² for P = 1;
    for (θ + 1, cθ² + θ − 1) at θ = 0 this is c.
    """
    theta, c = sp.symbols("theta c", real=True)
    r = sp.Matrix([sp.Function("r_1")(theta), sp.Function("r_2")(theta)])
    J, lost = r.diff(theta), r.dot(r.diff(theta, 2))
    g, A = J.dot(r), J.dot(J)
    slope = (theta - g / A).diff(theta), -lost / A + g * A.diff(theta) / A**2
    at = OnSymbols(cycling(c), [theta])
    after = theta + at.here.step(0)[0]
    here = after.diff(theta).subs(theta, 0), c
    shapes = "any 2 smooth residuals of one parameter, and any c"
    return same(slope, here, (after, next_theta(c, theta)), shapes=shapes)


@proves(
    {
        "6.10": r"J = U\,\operatorname{diag}(s)\,V^\top \;\Rightarrow\; J^\top J "
        r"= V\,\operatorname{diag}(s^2)\,V^\top"
    }
)
def prove_condition_squared(said):
    """The eigenvalues of JᵀJ are the squares of J's singular
    values, so its condition number is J's squared.
    """
    s, (a, b, c, v), x = positive("s", 2), sp.symbols("a b c v", real=True), sp.Symbol("x")
    columns = (sp.rot_axis3(a) * sp.rot_axis1(b) * sp.rot_axis3(c))[:, :2]  # any U has such
    U, V, eye = letters("u", 3, 2), np.array(sp.rot_axis3(v)[:2, :2]), np.eye(2, dtype=int)
    only_by_UU = ((U * s @ V.T).T @ (U * s @ V.T), V * s @ (U.T @ U) * s @ V.T)
    eigenvalues = sp.Matrix(V * s**2 @ V.T - x * eye).det(), (s[0] ** 2 - x) * (s[1] ** 2 - x)
    kappas = s[0] ** 2 / s[1] ** 2, (s[0] / s[1]) ** 2
    U = np.array([[1, 2], [2, 1], [2, -2]]) / sp.Integer(3)
    more = [(columns.T * columns, eye), only_by_UU, eigenvalues, kappas]
    scene = {"J": U * s @ V.T, "U": U, "s": s, "V": V}
    return said.same(scene, more=more, shapes="every 3×2 matrix J")
