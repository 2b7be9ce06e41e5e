"""Scenes of small models: r, J and steps of the package; smooth, straight and bent residuals."""

from itertools import islice

import numpy as np

from ...examples import BOOK, cycling, hagan, rosenbrock
from ...layers import Input, Linear, Tanh
from ...network_fit import NetworkFit
from ...solvers import levenberg_marquardt
from ..values import Numbered
from .base import M, P, linearization, seed_of, serves

TINY = 1e-20


def slopes_of(f, at):
    """Return ∂f/∂x, a row for each x, by complex steps."""
    return np.array([np.imag(f(at + TINY * 1j * e)) / TINY for e in np.eye(len(at))])


@serves(
    "1.5", "1.8", "7.1", "7.2", "7.3", "7.4", "7.10", "7.11", "8.1", "8.3", "8.4", "8.13", "9.3",
    "11.1", "A.12", "A.13", "A.16",
)  # fmt: skip
def damped(rng, change):
    """r, J and the package's damped step h."""
    here = linearization(rng.normal(size=M), rng.normal(size=(M, P)))
    mu, v = change("mu", rng.uniform(0.5, 2)), rng.normal(size=P)
    real = np.isrealobj(mu)
    h = here.step(mu) if real else -np.linalg.solve(here.A + mu * np.eye(P), here.g)
    names = {"r": here.r, "J": here.J, "g": here.g, "A": here.A, "F": here.loss, "mu": mu, "h": h}
    return names | {"v": v, "m": M, "P": P}


@serves("2.10", "6.3")
def gauss_newton(rng, change):
    """The same with the Gauss-Newton step, and without μ."""
    names = damped(rng, change)
    del names["mu"]
    return names | {"h": linearization(names["r"], names["J"]).step(0)}


@serves("6.2", "6.4")
def any_step(rng, change):
    """The same with any h."""
    return damped(rng, change) | {"h": rng.normal(size=P)}


@serves("1.6")
def signs(rng, change):
    """What any h leaves over of the equation for the step, as a function."""
    names = any_step(rng, change)
    left_over = lambda r, J, h: J.T @ (J @ h) + names["mu"] * h + J.T @ r  # noqa: E731
    return names | {"e()": left_over}


@serves("1.7")
def factor(rng, change):
    """A loss c times ours."""
    return any_step(rng, change) | {"c": rng.uniform(1.5, 4)}


@serves("8.2", "A.18")
def promise(rng, change):
    """F(θ) of the straight model, whose θ is 0; h is the damped step."""
    names = damped(rng, change)
    r, J = names["r"], names["J"]
    F = lambda theta: (r + J @ theta) @ (r + J @ theta) / 2  # noqa: E731
    return names | {"theta": np.zeros(P), "F()": F}


@serves("9.1")
def mean_error(rng, change):
    """The package's step at μ = N·m·λ/2."""
    here, N, m = linearization(rng.normal(size=6), rng.normal(size=(6, P))), 3, 2
    lam = rng.uniform(0.1, 1)
    h = here.step(N * m * lam / 2)
    return {"J": here.J, "g": here.g, "N": N, "m": m, "lambda": lam, "h": h}


@serves("9.2")
def at_the_minimum(rng, change):
    """The step where g = 0; at other seeds an h that JᵀJ, or JᵀJ − μI, would send to 0."""
    J, r, mu = rng.normal(size=(M, P)), rng.normal(size=M), rng.uniform(0.5, 2)
    U, s, Vt = np.linalg.svd(J, full_matrices=False)
    if seed_of(rng) == 1:
        return {"J": J, "mu": s[0] ** 2, "h": Vt[0]}
    if seed_of(rng) == 2:
        return {"J": U * [*s[:2], 0] @ Vt, "mu": mu, "h": Vt[2]}
    h = linearization(r - U @ (U.T @ r), J).step(mu)
    return {"J": J, "mu": mu, "h": np.where(abs(h) < 1e-14, 0, h)}


# In singular vectors, and in other units


def powers(g, q):
    """Return p₀ … p₃, the sums Σ gᵢ² qᵢᵏ."""
    return Numbered(0, [(g**2 * q**k).sum() for k in range(4)])


@serves("7.5", "7.6", "7.7", "7.8", "7.9", "A.14", "A.15")
def singular(rng, change):
    """g and h in singular vectors, h from the package's `steps`."""
    names = damped(rng, change)
    _, s, Vt = np.linalg.svd(names["J"], full_matrices=False)
    here, mu = linearization(names["r"], names["J"]), names["mu"]
    h = here.steps([mu])[0] if np.isrealobj(mu) else names["h"]
    g, q, ranges = Vt @ here.g, 1 / (s**2 + mu), {"i": range(1, P + 1), "j": range(1, P + 1)}
    ends = {"g": g, "h": Vt @ h, "h^GN": Vt @ here.step(0), "s": s}
    return names | ends | ranges | {"q": q, "p": powers(g, q)}


@serves("7.12")
def units(rng, change):
    """θ = Cθ′: the step h′ in her units with μI, and h = Ch′; at odd seeds another h′."""
    names, C = damped(rng, change), np.diag(rng.uniform(0.5, 2, P))
    hers = linearization(names["r"], names["J"] @ C).step(names["mu"]) + seed_of(rng) % 2
    return names | {"C": C, "h'": hers, "h": C @ hers}


@serves("7.13")
def units_diagonal(rng, change):
    """The step with D² = diag(JᵀJ), and the same in her units."""
    names, C = damped(rng, change), np.diag(rng.uniform(0.5, 2, P))
    ours = linearization(names["r"], names["J"])
    h = ours.damped(names["mu"], ours.column_norms).h
    return names | {"C": C, "D": np.diag(ours.column_norms), "h": h, "h'": np.linalg.solve(C, h)}


@serves("7.14")
def scaled(rng, change):
    """The damped step with any D."""
    names, scale = damped(rng, change), rng.uniform(0.5, 2, P)
    h = linearization(names["r"], names["J"]).damped(names["mu"], scale).h
    return names | {"D": np.diag(scale), "h": h}


@serves("6.10")
def svd(rng, change):
    """J = U diag(s) Vᵀ."""
    J = rng.normal(size=(M, P))
    U, s, Vt = np.linalg.svd(J, full_matrices=False)
    return {"J": J, "U": U, "s": s, "V": Vt.T, "kappa()": np.linalg.cond}


# Smooth residuals


@serves("2.3", "2.4", "2.6", "2.7", "2.8", "2.9", "3.1", "A.7")
def smooth(rng, change):
    """Three bent residuals r(θ), and F(θ), of two parameters; h is Newton's step."""
    B, K = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    c, y = rng.normal(size=3), rng.normal(size=3)
    theta = change("theta", rng.normal(size=2))
    r = lambda t: B @ t + c * np.sin(K @ t) - y  # noqa: E731
    slope = lambda t: (B + (c * np.cos(K @ t))[:, None] * K).T @ r(t)  # noqa: E731
    F, at = (lambda t: r(t) @ r(t) / 2), theta.real
    J, H = slopes_of(r, at).T, slopes_of(slope, at).T
    here = linearization(r(at), J)
    names = {"theta": theta, "r": r(theta), "r()": r, "F": F(theta), "F()": F, "J": J, "H": H}
    ranges = {"i": range(1, 4), "j": range(1, 3), "k": range(1, 3)}
    steps = {"h": np.linalg.solve(H, -here.g), "v": rng.normal(size=2), "eta": change("eta", 0.1)}
    return names | ranges | steps | {"g": here.g, "A": here.A, "small": "h"}


@serves("2.2", "6.1")
def taylor(rng, change):
    """The same with any h."""
    return smooth(rng, change) | {"h": rng.normal(size=2)}


@serves("6.5")
def newton_or_gauss_newton(rng, change):
    """Newton's step, and Gauss-Newton's in the row that says so."""
    names = smooth(rng, change)
    step = linearization(names["r"].real, names["J"]).step(0)
    return names | {"Gauss-Newton": {"h": step}}


@serves("10.2")
def summed_gradient(rng, change):
    """The gradient as a function of θ, to be differentiated again."""
    names = smooth(rng, change)
    K = rng.normal(size=(2, 2))
    g = np.cos(K @ names["theta"]) @ K
    return names | {"g": g, "H": slopes_of(lambda t: np.cos(K @ t) @ K, names["theta"].real)}


@serves("10.5")
def squares(rng, change):
    """rᵢ² in place of rᵢ."""
    names = smooth(rng, change)
    r, here = names["r"], linearization(names["r"].real, names["J"])
    squared = slopes_of(lambda t: names["r()"](t) ** 2, names["theta"].real).T
    return names | {"J": here.J, "r^sq": r**2, "J^sq": squared}


def of_one(rng):
    """Return F of one parameter, and its first three derivatives."""
    a, b = rng.uniform(0.5, 1.5, 2)
    return [
        lambda x: np.sin(a * x) + np.exp(b * x),
        lambda x: a * np.cos(a * x) + b * np.exp(b * x),
        lambda x: -(a**2) * np.sin(a * x) + b**2 * np.exp(b * x),
        lambda x: -(a**3) * np.cos(a * x) + b**3 * np.exp(b * x),
    ]


@serves("2.1")
def taylor_one(rng, change):
    """F of one parameter, with its slope and curvature."""
    (F, slope, bend, _), theta = of_one(rng), rng.normal()
    return {"F()": F, "theta": theta, "h": 0.7, "g": slope(theta), "H": bend(theta), "small": "h"}


@serves("4.10")
def central_difference(rng, change):
    """The same, as one entry of θ."""
    (F, slope, _, third), theta = of_one(rng), rng.normal(size=1)
    ends = {"F'": slope(theta)[0], "F'''": third(theta)[0]}
    return ends | {
        "F()": F, "theta": theta, "j": range(1, 2), "varepsilon": 16.0, "small": "varepsilon"
    }  # fmt: skip


@serves("2.12")
def bend(rng, change):
    """One parameter: r and r″ as numbers; at some seeds a multiple of r, where ≤ is =."""
    r = rng.normal(size=M)
    bends = (rng.normal(size=M), 3 * r, r / 30)[seed_of(rng) % 3]
    return {"r": r, "r''": bends, "sharp": True, "F": r @ r / 2, "i": range(1, M + 1)}


@serves("2.5")
def quadratic(rng, change):
    """F(θ) = bᵀθ + ½θᵀHθ with Newton's step; H may open downward."""
    H, b = rng.normal(size=(2, 2)), rng.normal(size=2)
    H, theta = H + H.T, change("theta", rng.normal(size=2))
    g = b + H @ theta.real
    F = lambda t: t @ b + (H @ t) @ t / 2  # noqa: E731
    h, v = np.linalg.solve(H, -g), rng.normal(size=2)
    return {"H": H, "b": b, "theta": theta, "g": g, "F()": F, "h": h, "v": v}


# Straight residuals


@serves("2.11", "3.2", "3.3", "3.4", "6.6")
def straight(rng, change):
    """r = Jθ − y; F and its Hessian, the minimum θ*, and a step of gradient descent."""
    J, y, theta = rng.normal(size=(M, 2)), rng.normal(size=M), change("theta", rng.normal(size=2))
    r, eta = (lambda t: J @ t - y), rng.uniform(0.01, 0.1)
    F, g = (lambda t: r(t) @ r(t) / 2), lambda t: J.T @ r(t)
    here = linearization(r(theta.real), J)
    names = {"J": J, "y": y, "theta": theta, "r()": r, "r": here.r, "g": here.g, "A": here.A}
    best = {"theta*": np.linalg.lstsq(J, y, rcond=None)[0], "theta_next": theta - eta * here.g}
    functions = {"F()": F, "g()": g, "H": slopes_of(g, theta.real)}
    return names | best | functions | {"eta": eta, "h": here.step(0)}


@serves("3.5", "3.7")
def directions(rng, change):
    """Distances e from the minimum, before and after a step of gradient descent."""
    J, best = rng.normal(size=(M, P)), rng.normal(size=P)
    _, s, Vt = np.linalg.svd(J, full_matrices=False)
    theta, eta = best + rng.normal(size=P), rng.uniform(0.2, 1.8) / s[0] ** 2
    after = theta - eta * linearization(J @ (theta - best), J).g
    ends = {"s": s, "s_max": s[0], "s_min": s[-1], "kappa": np.linalg.cond(J) ** 2}
    rates = {"eta": eta, "eta*": 2 / (s[0] ** 2 + s[-1] ** 2), "sharp": True}
    return ends | rates | {
        "e": Vt @ (theta - best), "e^next": Vt @ (after - best), "i": range(1, P + 1)
    }  # fmt: skip


@serves("3.6", seeds=6)
def rates(rng, change):
    """η on either side of 0 and of 2/s_max²."""
    names = directions(rng, change)
    parts = (0.9, 1.1, -0.1, 0.999, 1.001, 0.001)
    return names | {"eta": parts[seed_of(rng)] * 2 / names["s_max"] ** 2}


# Gauss-Newton on Rosenbrock's valley, and on the map that cycles


@serves("6.7", "6.8")
def valley(rng, change):
    """Rosenbrock's problem with Gauss-Newton's step, and with any h for "every h"."""
    problem, theta, any_h = rosenbrock(), rng.normal(size=2), rng.normal(size=2)
    here = problem.linearize(theta)
    functions = {"r()": problem.residual, "F()": problem.loss, "t": rng.uniform(0, 1)}
    names = {"theta": theta, "r": here.r, "J": here.J, "h": here.step(0)}
    return names | functions | {"for every h": {"h": any_h}}


@serves("6.9")
def cycle(rng, change):
    """r = (θ + 1, cθ² + θ − 1) at θ = 0, where g = 0."""
    c, theta = rng.uniform(-3, 0.5), change("theta", 0.0)
    r = np.array([theta + 1, c * theta**2 + theta - 1])
    J = np.array([1 + 0 * theta, 2 * c * theta + 1])
    names = {"theta": theta, "c": c, "r": r, "J": J[:, None], "g": J @ r, "h": -(J @ r) / (J @ J)}
    return names | {"r''": np.array([0, 2 * c]), "i": range(1, 3)}


# Whether a trial is good, and when to stop


@serves("8.5", "A.19")
def gain(rng, change):
    """ρ of a trial in Rosenbrock's valley, as the package's solver gives it."""
    problem = rosenbrock()
    step = next(iter(levenberg_marquardt(problem, rng.normal(size=2), mu=rng.uniform(0.5, 2))))
    names = {"theta": step.theta, "h": step.h, "g": step.g, "mu": step.mu, "rho": step.rho}
    return names | {"F()": problem.loss}


@serves("8.6")
def far(rng, change):
    """ρ as μ → ∞: the package's promise."""
    problem, theta, mu = cycling(-2), np.array([rng.normal()]), change("mu", 1.0)
    here = problem.linearize(theta)
    damped = here.damped(mu)
    came = here.loss - problem.loss(theta + damped.h)
    return {"rho": came / damped.predicted, "g": here.g, "mu": mu}


@serves("8.12", "A.22")
def angle(rng, change):
    """gtol where the largest cosine just reaches it, and a looser one, in Rosenbrock's valley."""
    theta = change("theta", rng.normal(size=2))
    r = np.array([10 * (theta[1] - theta[0] ** 2), 1 - theta[0]])
    here = rosenbrock().linearize(np.real(theta))
    gtol = here.cosine() * (1.0 + seed_of(rng) % 2)
    names = {"theta": theta, "r": r, "g": here.g, "j": range(1, 3)}
    return names | {"gtol": gtol, "sharp": True}


@serves("A.17", seeds=12)
def trial(rng, change):
    """A trial of the package's solver on page A's network: some are refused."""
    steps = levenberg_marquardt(hagan(), BOOK, mu=0.1)
    step = next(islice(steps, seed_of(rng), None))
    after = {"theta after": step.next_theta, "F()": step.problem.loss}
    return after | {"theta": step.theta, "h": step.h}


# What wrong solvers compute, twins, and the dual step


@serves("10.1")
def disguise(rng, change):
    """gᵀ for J and F for r: the package's step for that; at odd seeds another h."""
    g, F, mu = rng.normal(size=P), rng.uniform(0.5, 2), rng.uniform(0.5, 2)
    h = linearization(np.array([F]), g[None]).step(mu)
    return {"g": g, "F": F, "mu": mu, "h": h + seed_of(rng) % 2}


@serves("10.3")
def orthogonal_blocks(rng, change):
    """J = [J₁ J₂] with J₁ᵀJ₂ = 0, and any h."""
    Q, _ = np.linalg.qr(rng.normal(size=(M, P)))
    J = np.hstack([Q[:, :2] @ rng.normal(size=(2, 2)), Q[:, 2:] * 2])
    return blocks_of(J, rng) | {"A_{12}": J[:, :2].T @ J[:, 2:]}


def blocks_of(J, rng):
    """Return A, g and any h with their blocks of 2 and 1."""
    here, h, mu = linearization(rng.normal(size=M), J), rng.normal(size=P), rng.uniform(0.5, 2)
    names, parts = {"A": here.A, "g": here.g, "mu": mu}, {"1": slice(0, 2), "2": slice(2, 3)}
    for number, part in parts.items():
        names[f"h_{{{number}}}"], names[f"g_{{{number}}}"] = h[part], here.g[part]
        names[f"J_{{{number}}}"] = here.J[:, part]
        names[f"A_{{{number}{number}}}"] = here.A[part, part]
    return names


@serves("10.4")
def blocks_of_one(rng, change):
    """Each parameter's own step, as if it were alone."""
    here, mu = linearization(rng.normal(size=M), rng.normal(size=(M, 2))), rng.uniform(0.5, 2)
    h = [linearization(here.r, here.J[:, [j]]).step(mu)[0] for j in range(2)]
    return {"A": here.A, "g": here.g, "mu": mu, "h": np.array(h), "j": range(1, 3)}


@serves("9.4")
def twins(rng, change):
    """1-2-1 with two hidden units alike; v shifts output weight from one to the other."""
    net, (w, b, *rest) = Input(1) >> Tanh(2) >> Linear(1), rng.normal(size=5)
    theta, X = np.array([w, w, b, b, *rest]), rng.normal(size=(3, 1))
    J = net.jacobian(net.forward(X, theta), theta)
    return {"J": J, "v": np.array([0, 0, 0, 0, 1, -1, 0]), "P": net.n_parameters}


@serves("11.2")
def dual(rng, change):
    """The package's step on the route of samples, for two samples and nine parameters."""
    net, X, Y = Input(2) >> Tanh(2) >> Linear(1), rng.normal(size=(2, 2)), rng.normal(size=(2, 1))
    problem = NetworkFit(net, X, Y, route="samples")
    here, mu = problem.linearize(rng.normal(size=net.n_parameters)), rng.uniform(0.5, 2)
    h = here.damped(mu).h
    v = np.linalg.lstsq(here.J.T, -h, rcond=None)[0]
    return {"J": here.J, "r": here.r, "mu": mu, "h": h, "v": v}


@serves("10.6", "11.8")
def root_of_the_loss(rng, change):
    """r = √ℓ of a loss ℓ(θ)."""
    theta, K = change("theta", rng.normal(size=3)), rng.normal(size=3)
    ell = lambda t: 2 + np.sin(K * t).sum() / 2  # noqa: E731
    J = slopes_of(lambda t: np.sqrt(ell(t)), theta.real)
    return {"theta": theta, "ell": ell(theta), "r": np.sqrt(ell(theta)), "J": J[None]}
