"""Lesson 05: the backward pass, Marquardt sensitivities, J row by row, and g = Jᵀr."""

import numpy as np
import sympy as sp

from ..layers import Input, Linear, Sigmoid, Tanh
from ..symbolic import NetworkOnLetters, NetworkOnSymbols, letters
from .base import proves, same
from .error_terms import AnyLayer, slope
from .on_letters import network, one_sample


@proves({"5.1": r"\nabla\,(v^\top r) = J^\top v"}, package="Linearization.JTv")
def prove_backward_pass(said):
    """The backward pass of lesson 04, started at any v in place of r, gives ∇(vᵀr) = Jᵀv."""
    net = NetworkOnSymbols(Input(2) >> Tanh(2) >> Tanh(2), n_samples=2)
    names, v = network(net), letters("v", 4)
    deltas = net.network.error_terms(net.a, v, names["theta"])
    backward = net.network.gradient(net.a, deltas)
    package = net.here.JTv(v), backward
    return said.same(names | {"v": v}, more=[package], shapes="2-2-2, 2 samples")


@proves(
    {"5.2": r"S^l_{kj} = \frac{\partial a^L_k}{\partial z^l_j}"}, package="Network.sensitivities"
)
def prove_sensitivity():
    """Sˡ holds the derivatives of every output with respect to every net input of layer l."""
    net = NetworkOnSymbols(Input(2) >> Tanh(2) >> Tanh(2))
    (_, _), (W, b) = net.weights
    z = sp.Matrix(letters("z", 2))
    hidden = z.applyfunc(sp.tanh)
    output = (sp.Matrix(W) * hidden + sp.Matrix(b)).applyfunc(sp.tanh)
    activations = [net.X, np.array(hidden.T), np.array(output.T)]
    S1, _ = net.network.sensitivities(activations, np.array(list(net.theta)))
    return same((S1[0], output.jacobian(z)), shapes="layer 1 of 2-2-2, 1 sample")


@proves(
    {
        "5.3": r"S^l_{kj} = \sum_q \frac{\partial a^L_k}{\partial z^{l+1}_q}\, "
        r"\frac{\partial z^{l+1}_q}{\partial a^l_j}\, \frac{\partial a^l_j}{\partial z^l_j} "
        r"= \sum_q S^{l+1}_{kq}\, W^{l+1}_{qj}\, f'(z^l_j)",
        "5.4": r"\begin{aligned} S^L &= I \circ f'(z^L) \\ "
        r"S^l &= \bigl(S^{l+1}\, W^{l+1}\bigr) \circ f'(z^l) \end{aligned}",
    },
    package="Network.sensitivities",
)
def prove_sensitivity_recursion():
    """Started at I ∘ f′(z^L), the recursion Sˡ = (Sˡ⁺¹ Wˡ⁺¹) ∘
    f′(zˡ) gives ∂a^L/∂zˡ, a row for each output.
    """
    net = NetworkOnSymbols(Input(2) >> AnyLayer(2) >> AnyLayer(2) >> AnyLayer(2))
    outputs, before, pairs = sp.Matrix(net.a[-1][0]), sp.eye(2), []
    for layer in (2, 1, 0):  # counted from 0
        W, b = net.weights[layer]
        slopes = [slope(*a.args) for a in net.a[layer + 1][0]]
        S = before * sp.diag(*slopes)  # column j times f′(z_j)
        by_diff = outputs.jacobian(sp.Matrix(b))  # a change of b is a change of z
        pairs += [(net.S[layer][0], S), (S, by_diff)]
        before = S * sp.Matrix(W)
    return same(*pairs, shapes="2-2-2-2, any f")


@proves(
    {
        "5.5": r"\begin{aligned} \frac{\partial r_{im+k}}{\partial w^l_{jp}} &= S^l_{ikj}\, "
        r"a^{l-1}_{ip} \\ \frac{\partial r_{im+k}}{\partial b^l_j} &= S^l_{ikj} \end{aligned}"
    },
    package="Network.jacobian",
)
def prove_entries(said):
    """The derivative of r_(i·m+k) is Sˡ_ikj aˡ⁻¹_ip for a weight, and Sˡ_ikj for a bias."""
    net = NetworkOnSymbols(Input(2) >> Tanh(2) >> Tanh(2), n_samples=2)
    names = network(net) | {"j": range(2), "p": range(2)}
    return said.same(names, more=[(net.J, net.diff_J)], shapes="2-2-2, 2 samples")


def _networks():
    """Three shapes with tanh and with logistic units, on one sample and on two."""
    for layer in (Tanh, Sigmoid):
        for n_samples in (1, 2):
            yield NetworkOnSymbols(Input(1) >> layer(2) >> layer(1), n_samples)
            yield NetworkOnSymbols(Input(2) >> layer(2) >> layer(2), n_samples)
            yield NetworkOnSymbols(Input(2) >> layer(3) >> layer(2) >> layer(1), n_samples)


@proves(
    {
        "5.6": r"J_{im+k} = \begin{pmatrix} S^1_{ik} \otimes a^0_i & S^1_{ik} & \cdots "
        r"& S^L_{ik} \otimes a^{L-1}_i & S^L_{ik} \end{pmatrix}"
    },
    package="Network.jacobian",
)
def prove_jacobian():
    """The package's J is ∂r/∂θ, and its row i·m + k is Sˡ_ik ⊗
    aˡ⁻¹_i for each W and Sˡ_ik for each b.
    """
    pairs = []
    for net in _networks():
        layers, by_hand = list(zip(net.S, net.a[:-1], strict=True)), []
        for i, k in np.ndindex(net.S[0].shape[:2]):
            row = [part for S, a in layers for part in (*np.kron(S[i, k], a[i]), *S[i, k])]
            by_hand.append(row)
        pairs += [(net.J, net.diff_J), (net.J, by_hand)]
    return same(*pairs, shapes="1-2-1, 2-2-2 and 2-3-2-1, tanh and logistic, 1 and 2 samples")


@proves(
    {
        "5.7": r"\begin{aligned} S^2 &= \begin{pmatrix} 1 \end{pmatrix} \\ "
        r"S^1 &= \begin{pmatrix} w^2_{11}\, a^1_1 (1 - a^1_1) "
        r"& w^2_{12}\, a^1_2 (1 - a^1_2) \end{pmatrix} \\ J &= \begin{pmatrix} S^1_{11}\, x "
        r"& S^1_{12}\, x & S^1_{11} & S^1_{12} & a^1_1 & a^1_2 & 1 \end{pmatrix} \end{aligned}"
    },
    package="Network.jacobian",
)
def prove_1_2_1(said):
    """A 1-2-1 network, logistic then linear, one sample: S², S¹ and the only row of J."""
    net = NetworkOnLetters(Input(1) >> Sigmoid(2) >> Linear(1))
    return said.same(one_sample(net) | {"x": net.X[0, 0]}, shapes="1-2-1, 1 sample")


@proves(
    {
        "5.8": r"J_{W^2,\,b^2} = \begin{pmatrix} "
        r"S^2_{11} a^1_1 & S^2_{11} a^1_2 & 0 & 0 & S^2_{11} & 0 \\ "
        r"0 & 0 & S^2_{22} a^1_1 & S^2_{22} a^1_2 & 0 & S^2_{22} \end{pmatrix}, "
        r"\qquad S^2_{kk} = 1 - (a^2_k)^2"
    },
    package="Network.jacobian",
)
def prove_zero_block(said):
    """In the last layer's columns, the row of output k is zero
    wherever the weight leads to another output.
    """
    net = NetworkOnLetters(Input(2) >> Tanh(2) >> Tanh(2))
    names = one_sample(net) | {"k": range(1, 3)}
    names |= {"J_{W^2,b^2}": names["J"][:, 6:]}
    return said.same(names, shapes="2-2-2, tanh, 1 sample")


@proves({"5.9": r"\delta^l_{ij} = \sum_{k} r_{im+k}\; S^l_{ikj}"}, package="Network.error_terms")
def prove_delta_is_r_times_s(said):
    """δ is S weighted with the residuals and summed over the outputs."""
    net = NetworkOnLetters(Input(2) >> Tanh(3) >> Tanh(2), n_samples=2)
    return said.same(network(net) | {"j": range(2)}, shapes="2-3-2, 2 samples")


@proves({"5.10": r"J^\top r = g = \nabla F"}, package="Linearization.g")
def prove_gradient_from_j(said):
    """Jᵀr is the gradient of F, and what lesson 04's backward pass gives."""
    net = NetworkOnSymbols(Input(2) >> Tanh(2) >> Linear(2), n_samples=2)
    backward = (net.network.gradient(net.a, net.delta), net.diff_g)
    return said.same(network(net), more=[backward], shapes="2-2-2, 2 samples")


@proves(
    {
        "5.11": r"\begin{aligned} (\nabla F)^\top &= r^\top J = g^\top \\ "
        r"g\, g^\top &= J^\top \bigl(r\, r^\top\bigr) J \end{aligned}"
    }
)
def prove_loss_has_one_row(said):
    """The Jacobian of the loss is the single row rᵀJ = gᵀ, and
    its product with itself is Jᵀ(rrᵀ)J, not JᵀJ.
    """
    net = NetworkOnSymbols(Input(1) >> Tanh(1) >> Linear(2))
    return said.same(network(net), shapes="1-1-2, 1 sample")
