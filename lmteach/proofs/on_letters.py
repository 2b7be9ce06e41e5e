"""Scenes of letters: what the names in an equation stand for where SymPy proves it."""

import numpy as np
import sympy as sp

from ..reading.scenes import linearization
from ..reading.values import Layers
from ..symbolic import letters

NUMBERS = np.array([[1, 2], [3, 1], [0, 2]], dtype=object)  # a J for the package's steps


def nonzero(name, n):
    """Return n letters that are not 0."""
    return np.array(sp.symbols(f"{name}_1:{n + 1}", real=True, nonzero=True))


def positive(name, n):
    """Return n letters above 0."""
    return np.array(sp.symbols(f"{name}_1:{n + 1}", positive=True))


def any_step(m=3, n=2):
    """Any r, J and μ, and any h and v that are not 0."""
    J, r, mu = letters("J", m, n), letters("r", m), sp.Symbol("mu", positive=True)
    names = {"r": r, "J": J, "g": J.T @ r, "A": J.T @ J, "F": r @ r / 2, "mu": mu}
    return names | {"h": nonzero("h", n), "v": nonzero("v", n)}


def damped_by_g(D2=1, mu=None):
    """The same with the g of which h is the damped step; r is not in it."""
    names = any_step()
    mu = names["mu"] if mu is None else mu
    names["g"] = -(names["A"] @ names["h"] + mu * D2 * names["h"])
    return {key: value for key, value in names.items() if key not in ("r", "F")}


def damped_step(D2=1):
    """Any J, and any r: that of which e is left over behind the damped step h = −D⁻²Jᵀe/μ."""
    names, e = any_step(), letters("e", 3)
    J, h = names["J"], -names["J"].T @ e / (names["mu"] * D2)
    r = e - J @ h
    return names | {"h": h, "r": r, "g": J.T @ r, "F": r @ r / 2}


def gauss_newton_step():
    """Any J of 3 × 2, h, and any r with Jᵀ(r + Jh) = 0."""
    names, c = any_step(), sp.Symbol("c", real=True)
    J, h = names["J"], names["h"]
    r = c * np.cross(J[:, 0], J[:, 1]) - J @ h
    return names | {"r": r, "g": J.T @ r, "F": r @ r / 2}


def in_numbers(mu, D=None, J=NUMBERS):
    """Any r, a J of numbers, and the package's step, with D if it is given."""
    here = linearization(letters("r", 3), J)
    h = here.step(mu) if D is None else here.damped(mu, D).h
    return any_step() | {"r": here.r, "J": here.J, "g": here.g, "A": here.A, "h": h, "mu": mu}


def smooth(n=2):
    """Any three smooth residuals of n parameters, with F, J, g and H by SymPy."""
    theta = letters("theta", n)
    functions = [sp.Function(f"r_{i}", real=True) for i in (1, 2, 3)]
    r = lambda t: np.array([f(*t) for f in functions])  # noqa: E731
    F = lambda t: r(t) @ r(t) / 2  # noqa: E731
    J = np.array(sp.Matrix(r(theta)).jacobian(theta))
    names = {"theta": theta, "r": r(theta), "r()": r, "F": F(theta), "F()": F, "J": J}
    slopes = {"H": np.array(sp.hessian(F(theta), list(theta))), "A": J.T @ J}
    ranges = {"i": range(1, 4), "j": range(1, n + 1), "k": range(1, n + 1)}
    return names | slopes | ranges | {"g": np.array([F(theta).diff(t) for t in theta])}


def network(net):
    """The names of a network on symbols; its samples and outputs are counted from 0."""
    m, W = net.network.n_outputs, Layers(1, [W for W, _ in net.weights])
    names = {"a": Layers(0, net.a), "W": W, "w": W, "b": Layers(1, [b for _, b in net.weights])}
    arrays = {key: np.array(getattr(net, key).tolist(), dtype=object) for key in ("J", "A")}
    vectors = {key: np.array(list(getattr(net, key)), dtype=object) for key in ("r", "g", "theta")}
    sums = {
        "delta": Layers(1, net.delta),
        "S": Layers(1, net.S),
        "F": net.F,
        "y": net.Y,
        "x": net.X,
    }
    L, N = len(net.weights), len(net.X)
    ranges = {"l": range(1, L + 1), "i": range(N), "k": range(m), "first": 0}
    return names | arrays | vectors | sums | ranges | {"L": L, "N": N, "m": m}


def one_sample(net):
    """The same for one sample, which has no number; everything is counted from 1."""
    names = network(net)
    for key in ("a", "delta", "S"):
        names[key] = Layers(names[key].first, [part[0] for part in names[key].values])
    return names | {"l": range(1, len(net.weights) + 1), "first": 1}
