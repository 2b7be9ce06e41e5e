"""Lesson 11: the dual, for more parameters than residuals."""

import sympy as sp

from ..layers import Input, Linear, Tanh
from ..symbolic import NetworkOnLetters, symbols_for
from .base import proves, same


@proves(lesson="11")
def prove_push_through():
    """(JᵀJ + μI)Jᵀ = Jᵀ(JJᵀ + μI): Jᵀ passes through, and P×P becomes N·m×N·m (P16)."""
    _, J, _, mu = symbols_for(m=2, n=3)
    return same(
        ((J.T * J + mu * sp.eye(3)) * J.T, J.T * (J * J.T + mu * sp.eye(2))), shapes="2 residuals, 3 parameters"
    )


@proves(lesson="11")
def prove_dual_step():
    """If (JJᵀ + μI)v = r, then h = −Jᵀv satisfies (JᵀJ + μI)h = −Jᵀr: N·m equations instead of P (P16)."""
    v, J, _, mu = symbols_for(m=2, n=3)
    r = (J * J.T + mu * sp.eye(2)) * v  # v is what the small system gives for this r
    h = -J.T * v
    return same(((J.T * J + mu * sp.eye(3)) * h, -J.T * r), shapes="2 residuals, 3 parameters")


@proves(lesson="11")
def prove_gram_matrix_of_samples():
    """JJᵀ = Σₗ (ÂÂᵀ ⊗ 1ₘ1ₘᵀ) ∘ (SˡSˡᵀ) with Â = [aˡ⁻¹, 1]: from activations and sensitivities, without J."""
    net, m = NetworkOnLetters(Input(2) >> Tanh(2) >> Linear(2), n_samples=2), 2
    total = sp.zeros(4, 4)
    for a, S in zip(net.a, net.S, strict=False):
        inputs = sp.Matrix(a).row_join(sp.ones(2, 1))
        S = sp.Matrix(S.reshape(2 * m, -1))
        total += sp.kronecker_product(inputs * inputs.T, sp.ones(m, m)).multiply_elementwise(S * S.T)
    return same((total, net.J * net.J.T), shapes="2-2-2, 2 samples")
