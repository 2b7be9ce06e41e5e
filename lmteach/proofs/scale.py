"""Lesson 11: the dual step, JᵀJ by blocks, and cross-entropy as generalized Gauss-Newton."""

from itertools import product

import numpy as np
import sympy as sp

from ..cross_entropy import LOSSES
from ..layers import Input, Linear, Softmax, Tanh
from ..network_fit import NetworkFit
from ..reading.values import Layers
from ..symbolic import NetworkOnLetters, letters
from .base import also, proves, same
from .debug import prove_root_of_the_loss
from .on_letters import any_step, network

HALF = sp.Rational(1, 2)


@proves(
    {
        "11.1": r"(J^\top J + \mu I)\,J^\top = J^\top J J^\top + \mu J^\top "
        r"= J^\top (J J^\top + \mu I)"
    },
    package="DampedDual",
)
def prove_push_through(said):
    """(JᵀJ + μI)Jᵀ = Jᵀ(JJᵀ + μI): Jᵀ passes through, and P×P becomes N·m×N·m."""
    names, here, v = any_step(m=2, n=3), _two_samples(), np.array([1, HALF])
    solved = here.damped(HALF).solve(v)
    more = [(here.A @ solved + HALF * solved, here.J.T @ v)]
    return said.same(names, more=more, shapes="2 residuals, 3 parameters")


def _two_samples():
    """The Linearization of a network of 2-1 with two samples, on the route of samples."""
    whole = np.vectorize(sp.Integer, otypes=[object])
    X, Y, theta = whole([[1, 2], [3, -1]]), whole([[1], [2]]), whole([1, 2, 3])
    return NetworkFit(Input(2) >> Linear(1), X, Y, route="samples").linearize(theta)


@proves({"11.2": r"(J J^\top + \mu I)\,v = r, \qquad h = -J^\top v"}, package="Samples.damped")
def prove_dual_step(said):
    """If (JJᵀ + μI)v = r, then h = −Jᵀv satisfies (JᵀJ + μI)h = −Jᵀr:
    N·m equations instead of P.
    """
    names, v, two = any_step(m=2, n=3), letters("v", 2), _two_samples()
    J, mu = names["J"], names["mu"]
    r = J @ (J.T @ v) + mu * v  # v is what the small system gives for this r
    h, damped = -J.T @ v, two.damped(HALF)
    step = (J.T @ (J @ h) + mu * h, -J.T @ r)
    package = (two.A @ damped.h + HALF * damped.h, -two.g)
    promised = (damped.predicted, damped.h @ (HALF * damped.h - two.g) / 2)
    more = [step, package, promised]
    here = names | {"r": r, "v": v, "h": h}
    return said.same(here, more=more, shapes="2 residuals, 3 parameters")


@proves(
    {
        "11.3": r"(J J^\top)_{ik,\,jq} = \sum_{l=1}^{L} \bigl(\hat a_i^{\,l-1} \cdot \hat "
        r"a_j^{\,l-1}\bigr)\,\bigl(S_{ik}^l \cdot S_{jq}^l\bigr)"
    },
    package="Samples",
)
def prove_gram_matrix_of_samples(said):
    """JJᵀ = Σₗ (ÂÂᵀ ⊗ 1ₘ1ₘᵀ) ∘ (SˡSˡᵀ) with Â = [aˡ⁻¹, 1]: from
    activations and sensitivities, without J.
    """
    net = NetworkOnLetters(Input(2) >> Tanh(2) >> Linear(2), n_samples=2)
    hats = [np.column_stack([a, np.ones(2, dtype=int)]) for a in net.a]
    ranges = {"j": range(2), "q": range(2), "hat a": Layers(0, hats)}
    return said.same(network(net) | ranges, shapes="2-2-2, 2 samples")


@proves(
    {
        "11.4": r"(J^\top J)_{W^k,\,W^l} = \sum_{i=1}^{N} \bigl(S_i^{k\top} S_i^l\bigr) \otimes "
        r"\bigl(a_i^{k-1}\, a_i^{l-1\top}\bigr)"
    },
    package="Blocks",
)
def prove_blocks_of_the_matrix():
    """JᵀJ has, for the layers k and l, the block Σᵢ (SᵢᵏᵀSᵢˡ) ⊗
    (aᵢᵏ⁻¹aᵢˡ⁻¹ᵀ), with 1 in place of a for a bias.
    """
    net, pieces, stop = NetworkOnLetters(Input(2) >> Tanh(2) >> Linear(2), n_samples=2), [], 0
    for layer_input, S in zip(net.a, net.S, strict=False):
        for a in (layer_input, np.ones((2, 1), dtype=int)):
            pieces.append((slice(stop, stop := stop + S.shape[2] * a.shape[1]), S, a))
    blocks = []
    for (rows, S, a), (columns, T, b) in product(pieces, repeat=2):
        by_sample = [np.kron(S[i].T @ T[i], np.outer(a[i], b[i])) for i in range(2)]
        blocks.append((sum(by_sample), net.A[rows, columns]))
    return same(*blocks, shapes="2-2-2, 2 samples")


@proves(
    {
        "11.5": r"\frac{\partial F}{\partial z} = p - y, \qquad "
        r"\frac{\partial^2 F}{\partial z^2} = \operatorname{diag}(p) - p\,p^\top"
    }
)
def prove_cross_entropy_in_the_logits():
    """F = −Σ y log p of p = softmax(z) has slope p − y and
    Hessian diag(p) − ppᵀ in z, if the y sum to 1.
    """
    z, y = letters("z", 3), letters("y", 2)
    y = [*y, 1 - sum(y)]
    p = Softmax(3).activate(z[None])[0]
    F = -sum(target * (c - sp.log(sum(map(sp.exp, z)))) for target, c in zip(y, z, strict=True))
    slope, p = sp.Matrix([F.diff(c) for c in z]), sp.Matrix(p)
    curvature = (sp.hessian(F, list(z)), sp.diag(*p) - p * p.T)
    return same((slope, p - sp.Matrix(y)), curvature, shapes="3 classes")


@proves(
    {
        "11.6": r"C = \operatorname{diag}(\sqrt p) - p\,\sqrt p^{\,\top}, \qquad "
        r"C\,C^\top = \operatorname{diag}(p) - p\,p^\top, \qquad C\,\frac{p - y}{\sqrt p} = p - y"
    },
    package="CrossEntropy.output_slopes",
)
def prove_root_of_the_curvature():
    """With C = diag(√p) − p√pᵀ the package has CCᵀ = diag(p) −
    ppᵀ and, for r̃ = (p − y)/√p, Cr̃ = p − y.
    """
    (u, v), y = sp.symbols("u v", positive=True), letters("y", 2)
    p, y = np.array([[u**2, v**2, 1 - u**2 - v**2]]), np.array([[*y, 1 - sum(y)]])
    C = sp.Matrix(LOSSES["cross_entropy"].output_slopes(None, p, None)[:, :, 0]).T
    r = sp.Matrix(LOSSES["cross_entropy"].residual(p, y).ravel())
    p, y = sp.Matrix(p[0]), sp.Matrix(y[0])
    return same((C * C.T, sp.diag(*p) - p * p.T), (C * r, p - y), shapes="3 classes")


@proves(
    {
        "11.7": r"\tilde J = C^\top \frac{\partial z}{\partial\theta}, \qquad "
        r"\tilde J^\top \tilde r = \nabla F, \qquad "
        r"\tilde J^\top \tilde J = \frac{\partial z}{\partial\theta}^{\!\top} "
        r"\bigl(\operatorname{diag}(p) - p\,p^\top\bigr) \frac{\partial z}{\partial\theta}"
    },
    package="CrossEntropy",
)
def prove_generalized_gauss_newton():
    """J̃ = Cᵀ∂z/∂θ has J̃ᵀr̃ = (∂z/∂θ)ᵀ(p − y), which is ∇F,
    and J̃ᵀJ̃ = (∂z/∂θ)ᵀ(diag(p) − ppᵀ)(∂z/∂θ).
    """
    straight = NetworkOnLetters(Input(1) >> Tanh(1) >> Linear(3))  # its output is z
    error = LOSSES["cross_entropy"]
    (u, v), y = sp.symbols("u v", positive=True), letters("y", 2)
    p, Y = np.array([[u**2, v**2, 1 - u**2 - v**2]]), np.array([[*y, 1 - sum(y)]])
    network, theta = Input(1) >> Tanh(1) >> Softmax(3), np.array(list(straight.theta), dtype=object)
    slopes = error.output_slopes(None, p, None)
    J = sp.Matrix(network.jacobian([*straight.a[:-1], p], theta, slopes))
    r, Z = sp.Matrix(error.residual(p, Y).ravel()), straight.J
    p, y = sp.Matrix(p[0]), sp.Matrix(Y[0])
    slope, curvature = p - y, sp.diag(*p) - p * p.T
    return same((J.T * r, Z.T * slope), (J.T * J, Z.T * curvature * Z), shapes="1-1-3, 1 sample")


also(
    "11.8",
    r"r = \sqrt{\ell}: \qquad J^\top J = \frac{1}{4\,\ell}\, \nabla\ell\,\nabla\ell^\top",
    prove_root_of_the_loss,
)
