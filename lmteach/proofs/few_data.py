"""Lesson 13: a penalty as residuals, its step, filter factors, γ, and α and β by the evidence."""

import sympy as sp

from .base import proves, same


def _letters():
    """(r, J, θ, h, α, β, μ): 2 residuals, 2 parameters."""
    alpha, beta, mu = sp.symbols("alpha beta mu", positive=True)
    r, theta = sp.Matrix(sp.symbols("r_1:3")), sp.Matrix(sp.symbols("t_1:3"))
    J, h = sp.Matrix(2, 2, sp.symbols("j_1:5")), sp.Matrix(sp.symbols("h_1:3"))
    return r, J, theta, h, alpha, beta, mu


@proves(
    {
        "13.1": r"\beta F + \tfrac12\,\alpha\,\lVert\theta\rVert^2 = "
        r"\tfrac12\,\lVert \sqrt\beta\, r \rVert^2 + "
        r"\tfrac12\,\lVert \sqrt\alpha\,\theta \rVert^2"
    },
    package="Regularized",
)
def prove_penalty_as_residuals():
    """A penalty ½α‖θ‖² is P more residuals √α θⱼ, with the rows √α I in J."""
    r, J, theta, _, alpha, beta, _ = _letters()
    stacked = (sp.sqrt(beta) * r).col_join(sp.sqrt(alpha) * theta)
    rows = (sp.sqrt(beta) * J).col_join(sp.sqrt(alpha) * sp.eye(2))
    F = beta * r.dot(r) / 2 + alpha * theta.dot(theta) / 2
    g = beta * J.T * r + alpha * theta
    A = beta * J.T * J + alpha * sp.eye(2)
    return same(
        (stacked.dot(stacked) / 2, F),
        (rows.T * stacked, g),
        (rows.T * rows, A),
        shapes="2 residuals, 2 parameters",
    )


@proves(
    {"13.2": r"(\beta J^\top J + \alpha I + \mu I)\,h = -(\beta J^\top r + \alpha\,\theta)"},
    package="Penalized.damped",
)
def prove_penalized_step():
    """½‖√β(r + Jh)‖² + ½α‖θ + h‖² + ½μ‖h‖² is stationary at this h: α holds θ + h, μ only h."""
    r, J, theta, h, alpha, beta, mu = _letters()
    fit, end = r + J * h, theta + h
    model = beta * fit.dot(fit) / 2 + alpha * end.dot(end) / 2 + mu * h.dot(h) / 2
    slope = sp.Matrix([model.diff(x) for x in h])
    system = (beta * J.T * J + (alpha + mu) * sp.eye(2)) * h + beta * J.T * r + alpha * theta
    return same((slope, system), shapes="2 residuals, 2 parameters")


@proves({"13.3": r"\hat\theta_i = \frac{s_i^2}{s_i^2 + \alpha}\;\frac{y_i}{s_i}"})
def prove_what_a_penalty_leaves():
    """In singular vectors, r = sθ − y, the penalty leaves s²/(s² + α) of θ = y/s."""
    s, y, alpha = sp.symbols("s y alpha", positive=True)
    theta = sp.Symbol("theta")
    F = (s * theta - y) ** 2 / 2 + alpha * theta**2 / 2
    best = s**2 / (s**2 + alpha) * y / s
    return same((F.diff(theta).subs(theta, best), 0), shapes="one direction")


@proves(
    {
        "13.4": r"\gamma = \sum_{i=1}^{P} \frac{\beta s_i^2}{\beta s_i^2 + \alpha} = "
        r"P - \sum_{i=1}^{P} \frac{\alpha}{\beta s_i^2 + \alpha}"
    },
    package="n_effective",
)
def prove_gamma():
    """γ = P − α tr(βJᵀJ + αI)⁻¹, which is tr of βJᵀJ(βJᵀJ + αI)⁻¹."""
    _, J, _, _, alpha, beta, _ = _letters()
    A = beta * J.T * J
    M = A + alpha * sp.eye(2)
    left, right = (A * M.adjugate()).trace(), 2 * M.det() - alpha * M.adjugate().trace()
    s = sp.symbols("s_1:3", positive=True)
    by_s = sum(beta * t**2 / (beta * t**2 + alpha) for t in s)
    same((by_s, 2 - alpha * sum(1 / (beta * t**2 + alpha) for t in s)), shapes="2 singular values")
    return same((left, right), shapes="2 residuals, 2 parameters")


@proves(
    {
        "13.5": r"\alpha = \frac{\gamma}{\lVert\theta\rVert^2}, \qquad "
        r"\beta = \frac{N - \gamma}{2F}"
    },
    package="bayesian_regularization",
)
def prove_alpha_and_beta():
    """ln p(y | α, β) = −βF − ½α‖θ‖² − ½ Σ ln(βs² + α) + ½P ln α + ½N ln β + const is stationary
    there, with F and ‖θ‖² at their minimum for α and β.
    """
    alpha, beta, s, y, rest = sp.symbols("alpha beta s y c", positive=True)
    theta = beta * s * y / (beta * s**2 + alpha)  # the minimum, in one direction
    F = ((s * theta - y) ** 2 + rest) / 2
    gamma = beta * s**2 / (beta * s**2 + alpha)
    N, P = 2, 1  # `rest` is the squared part of y that no θ reaches
    logs = -sp.log(beta * s**2 + alpha) + P * sp.log(alpha) + N * sp.log(beta)
    evidence = -beta * F - alpha * theta**2 / 2 + logs / 2
    by_alpha = gamma / (2 * alpha) - theta**2 / 2
    by_beta = (N - gamma) / (2 * beta) - F
    return same(
        (sp.simplify(evidence.diff(alpha) - by_alpha), 0),
        (sp.simplify(evidence.diff(beta) - by_beta), 0),
        shapes="2 data, 1 parameter",
    )
