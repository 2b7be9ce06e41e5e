"""Scenes of lessons 12 and 13: fits with their errors, robust losses, penalties and evidence."""

import numpy as np

from ...covariance import Inverse
from ...curve_fit import CurveFit
from ...evidence import round_at
from ...problems import LeastSquares
from ...uncertainty import n_effective, uncertainty
from ...wrappers import Regularized, Robust
from .base import M, P, linearization, serves


def straight(r, J):
    """Return the problem r + Jθ."""
    return LeastSquares(lambda theta: r + J @ theta, lambda theta: J)


def at_minimum(rng):
    """Return (r, J) with Jᵀr = 0, of more data than `M`."""
    J, r = rng.normal(size=(M + 3, P)), rng.normal(size=M + 3)
    return r - J @ np.linalg.lstsq(J, r, rcond=None)[0], J


@serves("12.1")
def weighted(rng, change):
    """r and J of a CurveFit with σ; f at θ."""
    x, y, sigma = rng.uniform(0, 2, M), rng.normal(size=M), rng.uniform(0.5, 2, M)
    theta = change("theta", rng.uniform(0.5, 1.5, 2))
    model = lambda theta, x: theta[0] * np.exp(-theta[1] * x)  # noqa: E731
    fit, at = CurveFit(model, x, y, sigma=sigma), theta.real.astype(float)
    values = {"f": model(theta, x), "y": y, "sigma": sigma, "theta": theta}
    ranges = {"i": range(1, M + 1), "j": range(1, 3)}
    return values | ranges | {"r": fit.residual(at), "J": fit.linearize(at).J}


@serves("12.2")
def noise(rng, change):
    """The least θ of the package for J(θ − θ*) − ε."""
    J, truth, eps = rng.normal(size=(M, P)), rng.normal(size=P), rng.normal(size=M)
    found = linearization(-J @ truth - eps, J).step(0)  # from θ = 0
    return {r"hat \theta": found, "theta*": truth, "J": J, "varepsilon": eps}


@serves("12.3")
def covariance(rng, change):
    """The package's cov θ, from the singular values of a curve's J at θ; J at θ̂."""
    x, best = rng.uniform(0, 2, M), rng.uniform(0.5, 1.5, 2)
    fit = CurveFit(lambda theta, x: theta[0] * np.exp(-theta[1] * x), x, rng.normal(size=M))
    J = lambda theta: fit.linearize(np.real(theta).ravel()).J  # noqa: E731
    cov = lambda theta: Inverse.of_jacobian(J(theta)).covariance  # noqa: E731
    return {"J": J(best), "cov()": cov, r"hat \theta": best}


@serves("12.4")
def noise_level(rng, change):
    """σ̂ of the package."""
    r, J = at_minimum(rng)
    asked = uncertainty(straight(r, J), np.zeros(P))
    return {r"hat \sigma": asked.sigma, "F": r @ r / 2, "N": len(r), "P": P}


@serves("12.5")
def rise(rng, change):
    """F of a straight model whose minimum is at θ̂, and any h."""
    r, J = at_minimum(rng)
    best, h = rng.normal(size=P), rng.normal(size=P)
    F = lambda theta: straight(r, J).loss(np.ravel(theta) - best)  # noqa: E731
    return {"F()": F, r"hat \theta": best, "h": h, "J": J}


@serves("12.6")
def spread(rng, change):
    """The package's variance of a function with the gradient u."""
    J, u = rng.normal(size=(M, P)), rng.normal(size=P)
    return {"J": J, "u": u, "v": Inverse.of_jacobian(J).spread(u[None])[0] ** 2}


@serves("12.7")
def robust(rng, change):
    """r and J of a straight model, and those that Robust hands out."""
    r, J = 2 * rng.normal(size=M), rng.normal(size=(M, P))
    problem, at = Robust(straight(r, J), "cauchy", 0.8), np.zeros(P)
    here = problem.linearize(at)
    ranges = {"i": range(1, M + 1), "j": range(1, P + 1)}
    names = {"r": r, "J": J, "rho'": problem.weights(at), "g": here.g}
    return names | ranges | {"tilde r": here.r, "tilde J": here.J}


@serves("12.8")
def linear_factor(rng, change):
    """The package's c for cφ − y."""
    phi, y = rng.normal(size=M), rng.normal(size=M)
    return {"varphi": phi, "y": y, "hat c": linearization(-y, phi[:, None]).step(0)[0]}


@serves("13.1")
def penalty(rng, change):
    """r and θ of a straight model, α and β."""
    theta, alpha, beta = rng.normal(size=P), rng.uniform(0.5, 2), rng.uniform(0.5, 2)
    r = rng.normal(size=M)
    return {"r": r, "F": r @ r / 2, "theta": theta, "alpha": alpha, "beta": beta}


@serves("13.2")
def penalized(rng, change):
    """The package's damped step of a Regularized problem."""
    names, J = penalty(rng, change), rng.normal(size=(M, P))
    theta, alpha, beta, mu = names["theta"], names["alpha"], names["beta"], rng.uniform(0.5, 2)
    problem = Regularized(straight(names["r"] - J @ theta, J), alpha, beta)
    return names | {"J": J, "mu": mu, "h": problem.linearize(theta).step(mu)}


@serves("13.3")
def kept(rng, change):
    """The package's θ of least F + ½α‖θ‖² for r = sθ − y."""
    s, y, alpha = rng.uniform(0.3, 2, P), rng.normal(size=P), rng.uniform(0.3, 2)
    problem = Regularized(straight(-y, np.diag(s)), alpha)
    found = problem.linearize(np.zeros(P)).step(0)
    return {"s": s, "y": y, "alpha": alpha, r"hat \theta": found, "i": range(1, P + 1)}


@serves("13.4")
def counted(rng, change):
    """γ of the package."""
    J, alpha, beta = rng.normal(size=(M, P)), rng.uniform(0.3, 2), rng.uniform(0.5, 2)
    problem = Regularized(straight(rng.normal(size=M), J), alpha, beta)
    names = {"s": np.linalg.svd(J, compute_uv=False), "alpha": alpha, "beta": beta, "P": P}
    return names | {"gamma": n_effective(problem, theta=np.zeros(P)), "i": range(1, P + 1)}


@serves("13.5")
def settled(rng, change):
    """α and β that the package takes after a round, and γ, F and θ of that round."""
    J, theta = rng.normal(size=(M, P)), rng.normal(size=P)
    problem = Regularized(straight(rng.normal(size=M), J), 0.7, 1.3)
    found = round_at(problem, theta, 0)
    names = {"gamma": found.gamma, "theta": theta, "N": M, "F": found.loss}
    return names | {"alpha": found.next_alpha, "beta": found.next_beta}
