"""Scenes of the rules for μ: what the package's Factor and Nielsen make of it."""

import numpy as np

from ...damping import Factor, Nielsen
from .base import serves


@serves("8.7", "A.20")
def factor_rule(rng, change):
    """μ after an accepted and after a refused trial, by Factor(c)."""
    c, mu = rng.uniform(1.5, 10), rng.uniform(0.1, 5)
    down, up = Factor(c).update(mu, 0.5, True)[0], Factor(c).update(mu, -0.5, False)[0]
    return {"c": c, "mu": mu, "accepted:": {"mu after": down}, "refused:": {"mu after": up}}


@serves("8.10", "A.21")
def nielsen(rng, change):
    """μ and ν after an accepted and after a refused trial, by Nielsen."""
    mu, nu, rho = rng.uniform(0.1, 5), 2.0 ** rng.integers(1, 6), rng.uniform(0, 1.5)
    low, after = Nielsen(nu).update(mu, rho, True)
    high, later = Nielsen(nu).update(mu, -0.5, False)
    accepted, refused = {"mu after": low, "nu after": after.nu}, {"mu after": high}
    refused["nu after"] = later.nu
    return {"mu": mu, "nu": nu, "rho": rho, "accepted:": accepted, "refused:": refused}


@serves("8.8")
def cubic(rng, change):
    """f(ρ), what Nielsen makes of μ = 1 before it cuts at ⅓, from four of its values."""
    rhos = np.linspace(0.05, 0.9, 4)
    factors = [Nielsen().update(1.0, rho, True)[0] for rho in rhos]
    coefficients = np.polyfit(rhos, factors, 3)
    return {"rho": rng.uniform(0.05, 0.9), "f()": lambda x: np.polyval(coefficients, x)}


@serves("8.9")
def third(rng, change):
    """The ρ at which Nielsen reaches ⅓, by bisection."""
    low, high = 0.5, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if Nielsen().update(1.0, middle, True)[0] > 1 / 3:
            low = middle
        else:
            high = middle
    return cubic(rng, change) | {"rho": low}


@serves("8.11")
def doubling(rng, change):
    """Three refusals, so that 2·4·…·2ⁿ is 2·4·8."""
    return {"n": 3, "mu": rng.uniform(0.1, 5)}
