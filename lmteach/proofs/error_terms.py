"""Lesson 04: the forward pass, error terms, and the gradient."""

import numpy as np
import sympy as sp

from ..derivatives import central
from ..layers import Input, Linear, Sigmoid, Tanh
from ..network import Layer, product
from ..symbolic import NetworkOnSymbols, letters
from .base import close, proves, same


class f(sp.Function):
    """Any activation: a function with a derivative f′."""

    def fdiff(self, argindex=1):
        """f′(z)."""
        return slope(*self.args)

    def _eval_evalf(self, prec):
        # Only to find quickly that two sides differ at a random point: no proof rests on it.
        return sp.sin(*self.args)._eval_evalf(prec)


class slope(sp.Function):
    """The derivative f′ of that f."""

    def _eval_evalf(self, prec):
        return sp.cos(*self.args)._eval_evalf(prec)


class AnyLayer(Layer):
    """A layer with that f, to run the package's recursion for any activation."""

    symbolic = True

    def activate(self, z):
        """a = f(z)."""
        return np.frompyfunc(f, 1, 1)(z)

    def slope(self, a):
        """f′(z), with z taken out of a = f(z)."""
        return np.frompyfunc(lambda a: slope(*a.args), 1, 1)(a)


@proves(
    {
        "4.1": r"\begin{aligned} W a_i + b "
        r"\quad&\text{is row } i \text{ of}\quad \texttt{a @ W.T + b} \\ "
        r"W^\top \delta_i \quad&\text{is row } i \text{ of}\quad \texttt{delta @ W} \\ "
        r"\sum_i \delta_i a_i^\top \quad&\text{is}\quad \texttt{delta.T @ a} \end{aligned}"
    },
    package="product",
)
def prove_columns_to_rows():
    """W aᵢ + b is row i of a @ W.T + b, Wᵀδᵢ is row i of delta @ W, and Σᵢ δᵢaᵢᵀ is delta.T @ a."""
    W, b = letters("w", 4, 3), letters("b", 4)
    a, delta = letters("a", 2, 3), letters("d", 2, 4)
    net = product(W, a) + b
    Wc, bc = sp.Matrix(W), sp.Matrix(b)
    ac, dc = [sp.Matrix(row) for row in a], [sp.Matrix(row) for row in delta]
    forwards = (net, sp.Matrix([(Wc * column + bc).T for column in ac]))
    backwards = (delta @ W, sp.Matrix([(Wc.T * column).T for column in dc]))
    outer = (delta.T @ a, dc[0] * ac[0].T + dc[1] * ac[1].T)
    return same(forwards, (a @ W.T + b, net), backwards, outer, shapes="W 4×3, 2 samples")


@proves(
    {
        "4.2": r"\begin{aligned} a^0 &= x \\ z^l &= W^l a^{l-1} + b^l \\ "
        r"a^l &= f(z^l), \qquad l = 1, \dots, L \end{aligned}"
    },
    package="Network.forward",
)
def prove_forward():
    """a⁰ = x, and layer by layer zˡ = Wˡaˡ⁻¹ + bˡ and aˡ = f(zˡ), up to the prediction a^L."""
    net = NetworkOnSymbols(Input(2) >> AnyLayer(2) >> AnyLayer(2) >> AnyLayer(2))
    a = sp.Matrix(net.X[0])
    for W, b in net.weights:
        z = sp.Matrix(W) * a + sp.Matrix(b)
        a = z.applyfunc(f)
    inputs, outputs = (net.a[0], net.X), (a, net.a[-1][0])
    return same(outputs, inputs, (net.r, a - sp.Matrix(net.Y[0])), shapes="2-2-2-2, any f")


@proves({"4.3": r"\delta^l_j = \frac{\partial F}{\partial z^l_j}"})
def prove_error_term():
    """The error term δˡⱼ is the derivative of F with respect to
    zˡⱼ, the net input of unit j of layer l.
    """
    net = NetworkOnSymbols(Input(2) >> AnyLayer(2) >> AnyLayer(2))
    W, b = (sp.Matrix(part) for part in net.weights[0])
    z = sp.Matrix(letters("z^1", 2))
    from_z = dict(zip(b, z - W * sp.Matrix(net.X[0]), strict=True))
    F, delta = net.F.subs(from_z), sp.Matrix(net.delta[0][0]).subs(from_z)
    return same((delta, sp.Matrix([F.diff(z_j) for z_j in z])), shapes="layer 1 of 2-2-2, any f")


@proves(
    {
        "4.4": r"\begin{aligned} \delta^L_j "
        r"&= \frac{\partial F}{\partial a^L_j}\, \frac{\partial a^L_j}{\partial z^L_j} "
        r"= r_j\, f'(z^L_j) \\ \delta^L &= r \circ f'(z^L) \end{aligned}"
    },
    package="Network.error_terms",
)
def prove_output_error_term():
    """At the outputs δ^L = r ∘ f′(z^L): the residual,
    times the slope of the unit it comes out of.
    """
    net = NetworkOnSymbols(Input(2) >> AnyLayer(2))
    y, z = sp.Matrix(net.Y[0]), sp.Matrix(letters("z", 2))
    r = z.applyfunc(f) - y
    by_diff = sp.Matrix([(r.dot(r) / 2).diff(z_j) for z_j in z])
    by_hand = r.multiply_elementwise(z.applyfunc(slope))
    W, b = (sp.Matrix(part) for part in net.weights[0])
    package = net.delta[0][0], by_hand.subs(dict(zip(z, W * sp.Matrix(net.X[0]) + b, strict=True)))
    return same((by_hand, by_diff), package, shapes="2 outputs, any f")


@proves(
    {
        "4.5": r"\begin{aligned} \delta^l_j &= \sum_k \frac{\partial F}{\partial z^{l+1}_k}\, "
        r"\frac{\partial z^{l+1}_k}{\partial a^l_j}\, \frac{\partial a^l_j}{\partial z^l_j} \\ "
        r"&= \sum_k \delta^{l+1}_k\, W^{l+1}_{kj}\, f'(z^l_j) \end{aligned}"
    }
)
def prove_hidden_error_term():
    """A hidden unit collects the error terms of all units that
    it feeds: δˡⱼ = Σₖ δˡ⁺¹ₖ Wˡ⁺¹ₖⱼ f′(zˡⱼ).
    """
    n = range(2)
    W, b = letters("w^2", 2, 2), letters("b^2", 2)
    z, y, next_z = letters("z^1", 2), letters("y", 2), letters("z^2", 2)
    F = sum((f(next_z[k]) - y[k]) ** 2 for k in n) / 2
    back = {next_z[k]: sum(W[k, j] * f(z[j]) for j in n) + b[k] for k in n}
    delta = [F.diff(next_z[k]).subs(back) for k in n]
    by_hand = [sum(delta[k] * W[k, j] for k in n) * slope(z[j]) for j in n]
    by_diff = [F.subs(back).diff(z[j]) for j in n]
    return same((sp.Matrix(by_hand), sp.Matrix(by_diff)), shapes="2 units to 2, any f")


@proves(
    {
        "4.6": r"\delta^l = \bigl(W^{l+1\,\top} \delta^{l+1}\bigr) \circ f'(z^l), \qquad "
        r"l = L - 1, \dots, 1"
    },
    package="Network.error_terms",
)
def prove_recursion():
    """δˡ = (Wˡ⁺¹ᵀδˡ⁺¹) ∘ f′(zˡ), from the last hidden layer down to the first."""
    net = NetworkOnSymbols(Input(2) >> AnyLayer(2) >> AnyLayer(2) >> AnyLayer(2))
    columns = [sp.Matrix(delta[0]) for delta in net.delta]
    pairs = []
    for layer in (1, 0):  # counted from 0
        W_next, slopes = sp.Matrix(net.weights[layer + 1][0]), net.a[layer + 1][0]
        slopes = sp.Matrix([slope(*a.args) for a in slopes])
        pairs.append((columns[layer], (W_next.T * columns[layer + 1]).multiply_elementwise(slopes)))
    by_diff = sp.Matrix([net.F.diff(b) for b in net.weights[0][1]])  # ∂F/∂z¹ = ∂F/∂b¹
    return same(*pairs, (columns[0], by_diff), shapes="2-2-2-2, any f")


@proves(
    {
        "4.7": r"\begin{aligned} \tanh'(z) &= 1 - \tanh^2 z = 1 - a^2 \\ "
        r"\text{logsig}'(z) &= \frac{e^{-z}}{(1 + e^{-z})^2} = a\,(1 - a) \end{aligned}"
    },
    package="Tanh.slope",
)
def prove_slopes():
    """The slope of tanh is 1 − a², that of logsig a(1 − a): the stored a is enough."""
    z = sp.Symbol("z", real=True)
    a, s = Tanh(1).activate(np.array([z])), Sigmoid(1).activate(np.array([z]))
    logsig, quotient = 1 / (1 + sp.exp(-z)), sp.exp(-z) / (1 + sp.exp(-z)) ** 2
    tanh = (sp.tanh(z).diff(z), 1 - a[0] ** 2)
    by_quotient = (logsig.diff(z), quotient), (quotient, logsig * (1 - logsig))
    package_tanh = (Tanh(1).slope(a)[0], 1 - a[0] ** 2)
    package_logsig = (Sigmoid(1).slope(s)[0].rewrite(sp.exp), quotient)
    return same(tanh, *by_quotient, package_tanh, package_logsig, shapes="every real z")


@proves(
    {
        "4.8": r"\begin{aligned} \frac{\partial F}{\partial W^l_{jk}} "
        r"&= \frac{\partial F}{\partial z^l_j}\, \frac{\partial z^l_j}{\partial W^l_{jk}} "
        r"= \delta^l_j\, a^{l-1}_k \\ \frac{\partial F}{\partial b^l_j} "
        r"&= \frac{\partial F}{\partial z^l_j}\, \frac{\partial z^l_j}{\partial b^l_j} "
        r"= \delta^l_j \cdot 1 \end{aligned}"
    }
)
def prove_one_weight():
    """∂F/∂Wˡⱼₖ is the error term at the weight's end times the
    activation at its start; a bias starts at 1.
    """
    net = NetworkOnSymbols(Input(2) >> AnyLayer(2) >> AnyLayer(2))
    pairs = []
    for (W, b), a, delta in zip(net.weights, net.a, net.delta, strict=False):
        pairs += [(net.F.diff(W[j, k]), delta[0, j] * a[0, k]) for j in range(2) for k in range(2)]
        pairs += [(net.F.diff(b[j]), delta[0, j] * 1) for j in range(2)]
    left, right = (sp.Matrix(side) for side in zip(*pairs, strict=True))
    return same((left, right), shapes="2-2-2, any f")


@proves(
    {
        "4.9": r"\frac{\partial F}{\partial W^l} = \sum_i \delta^l_i\, a^{l-1\,\top}_i, \qquad "
        r"\frac{\partial F}{\partial b^l} = \sum_i \delta^l_i"
    },
    package="Network.gradient",
)
def prove_gradient():
    """∂F/∂Wˡ = Σᵢ δˡᵢ aˡ⁻¹ᵢᵀ and ∂F/∂bˡ = Σᵢ δˡᵢ, summed over the samples, make up ∇F."""
    net = NetworkOnSymbols(Input(2) >> Tanh(2) >> Linear(2), n_samples=2)
    by_hand = []
    for a, delta in zip(net.a, net.delta, strict=False):
        ac, dc = [sp.Matrix(row) for row in a], [sp.Matrix(row) for row in delta]
        by_hand += [*(dc[0] * ac[0].T + dc[1] * ac[1].T), *(dc[0] + dc[1])]
    package = (sp.Matrix(net.network.gradient(net.a, net.delta)), net.g)
    return same((sp.Matrix(by_hand), net.diff_g), package, shapes="2-2-2, 2 samples")


@proves(
    {
        "4.10": r"\frac{F(\theta_j + \varepsilon) - F(\theta_j - \varepsilon)}{2\varepsilon} "
        r"= F' + \tfrac16\, F'''\,\varepsilon^2 + O(\varepsilon^4)"
    },
    package="central",
)
def prove_central_difference():
    """A central difference misses the derivative by ⅙F‴ε² and terms of order ε⁴."""
    eps = sp.Symbol("epsilon", positive=True)
    D = letters("D", 7)  # D₁, D₂, … stand for F, F′, …: the Taylor polynomial of any F

    def F(step):
        return sum(D[k] * step**k / sp.factorial(k) for k in range(7))

    difference = sp.expand((F(eps) - F(-eps)) / (2 * eps))
    rest = sp.expand(difference - (D[1] + D[3] * eps**2 / 6))
    # Of x³, whose F‴ is 6, the package's has ε² too much.
    (slope,), used = central(lambda x: x**3, np.array([2.0]), 0, 0.1)
    close((slope, 12 + used**2), shapes="")
    return same((rest, D[5] * eps**4 / 120), shapes="Taylor polynomials of degree 6")
