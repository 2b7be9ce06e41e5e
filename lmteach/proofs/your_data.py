"""Lesson 12: weights, cov θ from the straight model, σ̂, the ellipse, the band, robust losses."""

import numpy as np
import sympy as sp

from ..wrappers import ROBUST
from .base import close, proves, same


def _straight():
    """(J, r, h): 3 residuals of 2 parameters, in letters, with r at right angles to J at h = 0."""
    J = sp.Matrix(3, 2, sp.symbols("j_1:7"))
    normal = J[:, 0].cross(J[:, 1])  # what no h can reach
    return J, sp.Symbol("c") * normal, sp.Matrix(sp.symbols("h_1:3"))


@proves(
    {
        "12.1": r"r_i = \frac{f_i - y_i}{\sigma_i}, \qquad J_{ij} = \frac{1}{\sigma_i}\,"
        r"\frac{\partial f_i}{\partial\theta_j}"
    },
    package="CurveFit",
)
def prove_weights():
    """Divided by σᵢ, r has 1/σᵢ of its row in J, and ∇F is that of −ln p for normal noise."""
    a, b, *rest = sp.symbols("a b x_1:4 y_1:4", real=True)
    x, y, sigma = rest[:3], rest[3:], sp.symbols("sigma_1:4", positive=True)
    f = [a * sp.exp(-b * t) for t in x]
    r = sp.Matrix([(fi - yi) / s for fi, yi, s in zip(f, y, sigma, strict=True)])
    J = sp.diag(*[1 / s for s in sigma]) * sp.Matrix(f).jacobian([a, b])
    p = sp.Mul(
        *[sp.exp(-((fi - yi) ** 2) / (2 * s**2)) / s for fi, yi, s in zip(f, y, sigma, strict=True)]
    )
    F = (r.T * r / 2)[0]
    slopes = [sp.diff(-sp.expand_log(sp.log(p), force=True), t) for t in (a, b)]
    return same(
        (r.jacobian([a, b]), J),
        (sp.Matrix(slopes), sp.Matrix([F.diff(a), F.diff(b)])),
        shapes="an exponential at 3 points",
    )


@proves({"12.2": r"\hat\theta = \theta^* + (J^\top J)^{-1} J^\top \varepsilon"})
def prove_where_the_noise_takes_theta():
    """If r = J(θ − θ*) − ε, then g = 0 at θ* + (JᵀJ)⁻¹Jᵀε."""
    J, _, truth = _straight()
    noise = sp.Matrix(sp.symbols("e_1:4"))
    theta = truth + (J.T * J).adjugate() * J.T * noise / (J.T * J).det()
    g = J.T * (J * (theta - truth) - noise)
    return same((g, sp.zeros(2, 1)), shapes="3 data, 2 parameters")


@proves(
    {
        "12.3": r"\text{cov}(\hat\theta) = (J^\top J)^{-1} J^\top\,J\,(J^\top J)^{-1} "
        r"= (J^\top J)^{-1}"
    },
    package="Uncertainty.covariance",
)
def prove_covariance():
    """With M = (JᵀJ)⁻¹Jᵀ and noise of variance 1, cov Mε = MMᵀ = (JᵀJ)⁻¹."""
    J, *_ = _straight()
    adjugate, det = (J.T * J).adjugate(), (J.T * J).det()
    M = adjugate * J.T  # det times (JᵀJ)⁻¹Jᵀ
    return same((M * M.T, det * adjugate), shapes="3 data, 2 parameters")


@proves(
    {"12.4": r"(N - P)\,\hat\sigma^2 = 2F"},
    package="Uncertainty",
)
def prove_degrees_of_freedom():
    """The part of the noise that the fit leaves in r has N − P dimensions of the N."""
    J, *_ = _straight()
    det = (J.T * J).det()
    left = det * sp.eye(3) - J * (J.T * J).adjugate() * J.T
    return same((left.trace(), det * (3 - 2)), shapes="3 data, 2 parameters")


@proves({"12.5": r"2\,\bigl(F(\hat\theta + h) - F(\hat\theta)\bigr) = h^\top J^\top J\,h"})
def prove_ellipse():
    """At a minimum of a straight model, where Jᵀr = 0, 2F rises by hᵀJᵀJh."""
    J, r, h = _straight()
    rise = (r + J * h).dot(r + J * h) - r.dot(r)
    return same((rise, (h.T * J.T * J * h)[0]), shapes="3 residuals, 2 parameters")


@proves(
    {"12.6": r"v = u^\top (J^\top J)^{-1}\, u"},
    package="Uncertainty.band",
)
def prove_band():
    """For a line through 3 points this is the textbook's 1/N + (x − x̄)²/Σ(xᵢ − x̄)²."""
    x, *at = sp.symbols("x x_1:4")
    J = sp.Matrix([[1, t] for t in at])
    slope = sp.Matrix([1, x])
    mean = sp.Add(*at) / 3
    spread = sum((t - mean) ** 2 for t in at)
    variance = (slope.T * (J.T * J).adjugate() * slope)[0]
    det = (J.T * J).det()
    return same(
        (variance * spread, det * (spread / 3 + (x - mean) ** 2)), shapes="a line, 3 points"
    )


@proves(
    {
        "12.7": r"\tilde r_i = \sqrt{\rho'_i}\; r_i, \qquad "
        r"\tilde J_{ij} = \sqrt{\rho'_i}\; J_{ij}, \qquad g = \tilde J^\top \tilde r"
    },
    package="Robust",
)
def prove_robust_gradient():
    """F = ½ Σ k²ρ(rᵢ²/k²) has the gradient J̃ᵀr̃ of the corrected r̃ and J̃, for 2√(1 + z) − 2."""
    k, j = sp.symbols("k j", positive=True)
    r = sp.Function("r")(j)
    z = (r / k) ** 2
    F = k**2 * (2 * (sp.sqrt(1 + z) - 1)) / 2
    weight = 1 / sp.sqrt(1 + z)  # ρ′ of soft_l1
    corrected, row = sp.sqrt(weight) * r, sp.sqrt(weight) * r.diff(j)
    at = np.array([0.2, 3.0])
    close((ROBUST["soft_l1"](at)[1], 1 / np.sqrt(1 + at)), shapes="2 numbers")
    return same((row * corrected, F.diff(j)), shapes="any residual of one parameter")


@proves({"12.8": r"\hat c = \frac{\varphi^\top y}{\varphi^\top \varphi}"})
def prove_variable_projection():
    """For cφ(b) − y the best c is φᵀy/φᵀφ; with it, F falls along b as if c were held."""
    b, c = sp.symbols("b c")
    p, q, y, z = sp.symbols("p q y z")  # φ and the data at 2 points
    curve = [sp.Function("p")(b), sp.Function("q")(b)]
    best = (curve[0] * y + curve[1] * z) / (curve[0] ** 2 + curve[1] ** 2)
    F = ((c * curve[0] - y) ** 2 + (c * curve[1] - z) ** 2) / 2
    letters = {curve[0].diff(b): sp.Symbol("dp"), curve[1].diff(b): sp.Symbol("dq")}
    letters |= {curve[0]: p, curve[1]: q}
    along = F.subs(c, best).diff(b).subs(letters) - F.diff(b).subs(letters).subs(
        c, best.subs(letters)
    )
    at_best = F.diff(c).subs(c, best).subs(letters)
    return same((along, 0), (at_best, 0), shapes="any φ of one parameter at 2 points")
