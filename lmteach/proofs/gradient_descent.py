"""Lesson 03: gradient descent and its learning rate."""

import numpy as np
import sympy as sp

from ..layers import Input, Linear, Tanh
from ..problems import LeastSquares
from ..symbolic import NetworkOnSymbols, OnSymbols, letters
from .base import holds, proves, same


def _straight():
    """(OnSymbols, θ*, r*) of r = J(θ − θ*) + r*, with Jᵀr* = 0, so that θ* is the minimum."""
    J, best, theta = letters("J", 3, 2), letters("best", 2), letters("theta", 2)
    lowest = np.cross(J[:, 0], J[:, 1]) * sp.Symbol("c", real=True)
    here = OnSymbols(LeastSquares(lambda t: J @ (t - best) + lowest, lambda t: J), theta)
    return here, sp.Matrix(best), sp.Matrix(lowest)


def _gap(eta, s2):
    """1 − (1 − ηs²)², above 0 just where |1 − ηs²| < 1."""
    return sp.factor(1 - (1 - eta * s2) ** 2)


@proves({"3.1": r"\frac{d}{d\eta}\,F(\theta - \eta\, g)\,\Big|_{\eta = 0} = -\,g^\top g"})
def prove_downhill():
    """Along −g F begins to fall, with slope −gᵀg."""
    eta, theta = sp.Symbol("eta"), sp.symbols("theta_1 theta_2")
    g1, g2 = sp.symbols("g_1 g_2")
    F = sp.Function("F")
    along = F(theta[0] - eta * g1, theta[1] - eta * g2)
    slope = along.diff(eta).subs(eta, 0).doit()
    slope = slope.subs({F(*theta).diff(theta[0]): g1, F(*theta).diff(theta[1]): g2})
    return same((slope, -(g1**2 + g2**2)), shapes="any F of 2 parameters")


@proves({"3.2": r"g = J^\top r = A\,(\theta - \theta^*)"}, package="Linearization.g")
def prove_gradient_of_a_bowl():
    """For a straight model g = A(θ − θ*), where θ* is the point with Jᵀr(θ*) = 0."""
    here, best, _ = _straight()
    g = here.A * (here.theta - best)
    return same((here.g, g), shapes="a straight model, 3 residuals, 2 parameters")


@proves(
    {"3.3": r"F(\theta) = F(\theta^*) + \tfrac12\,(\theta - \theta^*)^\top A\,(\theta - \theta^*)"}
)
def prove_straight_bowl():
    """For a straight model F is a bowl around θ*."""
    here, best, lowest = _straight()
    e = here.theta - best
    bowl = lowest.dot(lowest) / 2 + (e.T * here.A * e)[0] / 2
    return same((here.F, bowl), shapes="a straight model, 3 residuals, 2 parameters")


@proves({"3.4": r"\theta_{\text{next}} - \theta^* = (I - \eta A)\,(\theta - \theta^*)"})
def prove_one_step():
    """A step −ηg multiplies the distance to θ* by I − ηA, where r is straight."""
    here, best, _ = _straight()
    eta = sp.Symbol("eta")
    after = here.theta - eta * here.g
    moved = (sp.eye(2) - eta * here.A) * (here.theta - best)
    return same((after - best, moved), shapes="a straight model, 3 residuals, 2 parameters")


@proves({"3.5": r"e_i^{\text{next}} = (1 - \eta\, s_i^2)\, e_i"})
def prove_each_direction():
    """Along the i-th singular direction of J a step multiplies the distance by 1 − ηsᵢ²."""
    s1, s2, eta = sp.symbols("s_1 s_2 eta", positive=True)
    phi, e = sp.Symbol("phi", real=True), sp.Matrix(sp.symbols("e_1 e_2"))
    V = sp.Matrix([[sp.cos(phi), -sp.sin(phi)], [sp.sin(phi), sp.cos(phi)]])
    A = V * sp.diag(s1**2, s2**2) * V.T
    after = V.T * (sp.eye(2) - eta * A) * V * e
    scaled = sp.Matrix([(1 - eta * s1**2) * e[0], (1 - eta * s2**2) * e[1]])
    return same((after, scaled), shapes="2 parameters, singular vectors in any direction")


@proves(
    {"3.6": r"|1 - \eta\, s_i^2| < 1 \text{ for every } i \iff 0 < \eta < \frac{2}{s_{\max}^2}"}
)
def prove_longest_rate():
    """Every distance shrinks if and only if 0 < η < 2/s_max², where all sᵢ > 0."""
    top, over = sp.symbols("s_max over", positive=True)
    below = sp.Symbol("below", nonnegative=True)
    edge, any_s2 = 2 / top**2, top**2 / (1 + below)  # 0 < s² ≤ s_max²
    inside = _gap(edge * over / (1 + over), any_s2).is_positive
    keeps = _gap(0, top**2) == _gap(edge, top**2) == 0
    return holds(
        ("0 < η < 2/s_max²: every direction shrinks", inside),
        ("η > 2/s_max²: the steepest grows", _gap(edge * (1 + over), top**2).is_negative),
        ("η < 0: every direction grows", _gap(-over, any_s2).is_negative),
        ("η = 0 and η = 2/s_max²: the steepest keeps its length", keeps),
        shapes="any s_max and any s with 0 < s ≤ s_max",
    )


@proves(
    {
        "3.7": r"\eta^* = \frac{2}{s_{\max}^2 + s_{\min}^2}, \qquad |1 - \eta^* s_i^2| "
        r"\le \frac{\kappa - 1}{\kappa + 1}, \qquad \kappa = \frac{s_{\max}^2}{s_{\min}^2}"
    }
)
def prove_best_rate():
    """At η* no direction keeps more than (κ − 1)/(κ + 1); at
    any other η, the flattest or the steepest does.
    """
    top, low, s, eta = sp.symbols("s_max s_min s eta", positive=True)
    best, kappa = 2 / (top**2 + low**2), top**2 / low**2
    most = (kappa - 1) / (kappa + 1)
    return same(
        (most - (1 - best * s**2), best * (s**2 - low**2)),  # ≥ 0 where s ≥ s_min
        (most + (1 - best * s**2), best * (top**2 - s**2)),  # ≥ 0 where s ≤ s_max
        ((1 - eta * low**2) - most, (best - eta) * low**2),  # > 0 where η < η*
        (-(1 - eta * top**2) - most, (eta - best) * top**2),  # > 0 where η > η*
        shapes="any s_min, s, s_max and η",
    )


@proves(
    {
        "3.8": r"g = \sum_i g^{(i)}, \qquad "
        r"g^{(i)} = \nabla\,\tfrac12 \lVert r^{(i)} \rVert^2"
    },
    package="Network.gradient",
)
def prove_sum_of_samples():
    """The gradient of F is the sum of the samples' gradients."""
    net = NetworkOnSymbols(Input(1) >> Tanh(1) >> Linear(2), n_samples=2)
    samples = net.r[:2], net.r[2:]  # two residuals each
    F_of = [sum(r**2 for r in part) / 2 for part in samples]
    each = [sp.Matrix([part.diff(t) for t in net.theta]) for part in F_of]
    package = sp.Matrix(net.network.gradient(net.a, net.delta))
    return same((package, each[0] + each[1]), (net.g, package), shapes="1-1-2, 2 samples")
