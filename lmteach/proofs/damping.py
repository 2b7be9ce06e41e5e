"""Lesson 07: the damped step, its direction, its limits, its length, and other units."""

import numpy as np
import sympy as sp

from ..problems import LeastSquares
from ..symbolic import OnSymbols, letters, symbols_for
from .base import also, holds, proves, same


def _straight(r, J):
    """The package's Linearization with this r and J: that of r + Jθ at θ = 0."""
    r, J = np.array(list(r), dtype=object), np.array(J.tolist(), dtype=object)
    problem = LeastSquares(lambda theta: r + J @ theta, lambda theta: J, check_jacobian=False)
    return OnSymbols(problem, [0] * J.shape[1]).here


def _diagonal(A):
    return sp.diag(*A.diagonal())


def _lengths(J):
    """The lengths of J's columns."""
    return np.array([J.col(j).norm() for j in range(J.shape[1])])


def _slope(f, q):
    """df/dμ for qᵢ = 1/(sᵢ² + μ), which have the slopes −qᵢ²."""
    return sum(-(b**2) * f.diff(b) for b in q)


def _singular():
    """(J, V, s) of a 3×2 J = U diag(s) Vᵀ: s of letters, U and V of numbers."""
    U = sp.Matrix([[1, 2], [2, 1], [2, -2]]) / 3
    V = sp.Matrix([[3, -4], [4, 3]]) / 5
    s = sp.symbols("s_1:3", positive=True)
    return U * sp.diag(*s) * V.T, V, s


@proves(
    {
        "7.2": r"\begin{aligned} J^\top (r + Jh) + \mu h &= 0 \\ "
        r"(J^\top J + \mu I)\,h &= -g \end{aligned}"
    },
    package="Linearization.step",
)
def prove_damped_step():
    """The slope of ½‖r + Jh‖² + ½μ‖h‖² in h is (JᵀJ + μI)h + g,
    and it is zero at the package's step.
    """
    r, J, h, mu = symbols_for(m=3, n=2)
    bowl = (r + J * h).dot(r + J * h) / 2 + mu * h.dot(h) / 2
    slope = sp.Matrix([bowl.diff(x) for x in h])
    numbers = sp.Matrix([[1, 2], [3, 1], [0, 2]])
    step = sp.Matrix(_straight(r, numbers).step(mu))
    at_the_step = slope.subs([*zip(J, numbers, strict=True), *zip(h, step, strict=True)])
    by_hand = (slope, (J.T * J + mu * sp.eye(2)) * h + J.T * r)
    zero = (at_the_step, sp.zeros(2, 1))
    return same(by_hand, zero, shapes="3 residuals, 2 parameters")


also(
    "7.1",
    r"\text{minimize over } h: "
    r"\quad \tfrac12\,\lVert r + Jh\rVert^2 + \tfrac12\,\mu\,\lVert h\rVert^2",
    prove_damped_step,
)


@proves({"7.3": r"v^\top (J^\top J + \mu I)\,v = \lVert Jv\rVert^2 + \mu\,\lVert v\rVert^2 > 0"})
def prove_positive_definite():
    """vᵀ(JᵀJ + μI)v = ‖Jv‖² + μ‖v‖², so JᵀJ + μI is positive definite for every μ > 0."""
    _, J, v, mu = symbols_for(m=2, n=3)
    quadratic = v.dot((J.T * J + mu * sp.eye(3)) * v)
    return same((quadratic, (J * v).dot(J * v) + mu * v.dot(v)), shapes="2 residuals, 3 parameters")


@proves(
    {
        "7.4": r"g^\top h = -h^\top (J^\top J + \mu I)\,h "
        r"= -\lVert Jh\rVert^2 - \mu\,\lVert h\rVert^2 < 0"
    }
)
def prove_descent():
    """gᵀh = −‖Jh‖² − μ‖h‖²: the damped step starts downhill for every μ > 0."""
    _, J, h, mu = symbols_for(m=3, n=2)
    g = -(J.T * J + mu * sp.eye(2)) * h
    return same((g.dot(h), -(J * h).dot(J * h) - mu * h.dot(h)), shapes="3 residuals, 2 parameters")


@proves({"7.5": r"h_i = -\frac{g_i}{s_i^2 + \mu}"}, package="Linearization.steps")
def prove_singular_parts():
    """Along the singular vectors of J the step is hᵢ = −gᵢ/(sᵢ² + μ)."""
    r, _, _, mu = symbols_for(m=3, n=2)
    J, V, s = _singular()
    g = V.T * J.T * r
    h = V * sp.Matrix([-g[i] / (s[i] ** 2 + mu) for i in range(2)])
    three_and_one = dict(zip(s, (3, 1), strict=True))
    package = _straight(r, J.subs(three_and_one)).step(mu)
    step = ((J.T * J + mu * sp.eye(2)) * h, -J.T * r)
    in_numbers = (h.subs(three_and_one), package)
    return same(step, in_numbers, shapes="3 residuals, 2 parameters, one pair of rotations")


@proves({"7.6": r"h_i = \frac{s_i^2}{s_i^2 + \mu}\, h_i^{\text{GN}}"})
def prove_filter_factors():
    """Damping multiplies the i-th part of the Gauss-Newton step
    by the filter factor sᵢ²/(sᵢ² + μ).
    """
    r, _, _, mu = symbols_for(m=3, n=2)
    J, V, s = _singular()
    gauss_newton = V.T * (J.T * J).LUsolve(-J.T * r).applyfunc(sp.cancel)
    h = V * sp.Matrix([s[i] ** 2 / (s[i] ** 2 + mu) * gauss_newton[i] for i in range(2)])
    step = ((J.T * J + mu * sp.eye(2)) * h, -J.T * r)
    return same(step, shapes="3 residuals, 2 parameters, one pair of rotations")


@proves(
    {
        "7.7": r"\lim_{\mu\to 0} h_i = -\frac{g_i}{s_i^2} = h_i^{\text{GN}}, \qquad "
        r"\lim_{\mu\to\infty} \mu\,h_i = -g_i"
    }
)
def prove_limits():
    """As μ → 0 the step becomes Gauss-Newton's; as μ → ∞, μh becomes −g."""
    g, s = sp.Symbol("g_i", real=True), sp.Symbol("s_i", positive=True)
    mu = sp.Symbol("mu", positive=True)
    h = -g / (s**2 + mu)
    low, high = sp.limit(h, mu, 0), sp.limit(mu * h, mu, sp.oo)
    return same((low, -g / s**2), (high, -g), shapes="any one singular vector")


@proves(
    {
        "7.8": r"\lVert h\rVert^2 = \sum_i \frac{g_i^2}{(s_i^2 + \mu)^2}, \qquad "
        r"\frac{d\,\lVert h\rVert^2}{d\mu} = -2 \sum_i \frac{g_i^2}{(s_i^2 + \mu)^3} < 0"
    }
)
def prove_shorter():
    """‖h‖² has the slope −2 Σ gᵢ²/(sᵢ² + μ)³ < 0 in μ: more damping, shorter step."""
    g, s = sp.symbols("g_1:4", nonzero=True, real=True), sp.symbols("s_1:4", positive=True)
    mu = sp.Symbol("mu", positive=True)
    length = sum(a**2 / (b**2 + mu) ** 2 for a, b in zip(g, s, strict=True))
    slope = -2 * sum(a**2 / (b**2 + mu) ** 3 for a, b in zip(g, s, strict=True))
    same((length.diff(mu), slope), shapes="3 parameters")
    return holds(("d‖h‖²/dμ < 0", slope.is_negative), shapes="3 parameters")


@proves(
    {
        "7.9": r"\frac{d}{d\mu} \ln \cos(h, -g) = \frac{p_1 p_3 - p_2^2}{p_1 p_2} "
        r"= \frac{1}{p_1 p_2} \sum_{i<j} g_i^2 g_j^2\, q_i q_j\, (q_i - q_j)^2 \ge 0"
    }
)
def prove_turns():
    """The cosine between h and −g does not fall as μ grows: its
    logarithm has a sum of squares as slope.
    """
    g, q = letters("g", 3), letters("q", 3)
    s, mu = sp.Symbol("s", positive=True), sp.Symbol("mu", positive=True)
    p = [sum(a**2 * b**k for a, b in zip(g, q, strict=True)) for k in range(4)]
    one = (1 / (s**2 + mu)).diff(mu), -1 / (s**2 + mu) ** 2  # q′ = −q²
    slopes = [_slope(sum_of_powers, q) for sum_of_powers in p]
    fraction = slopes[1] * p[2] - p[1] * slopes[2] / 2  # (ln p₁ − ½ ln p₂)′ times p₁p₂
    pairs = [(i, j) for i in range(3) for j in range(i + 1, 3)]
    squares = sum((g[i] * g[j] * (q[i] - q[j])) ** 2 * q[i] * q[j] for i, j in pairs)
    powers = (fraction, p[1] * p[3] - p[2] ** 2)
    return same(powers, (fraction, squares), one, shapes="3 parameters")


@proves(
    {
        "7.10": r"\tfrac12\lVert r + J(h+v)\rVert^2 - \tfrac12\lVert r + Jh\rVert^2 "
        r"= \tfrac12\lVert Jv\rVert^2 + \tfrac12\,\mu\lVert v\rVert^2 "
        r"+ \tfrac12\,\mu\,\bigl(\lVert h\rVert^2 - \lVert h+v\rVert^2\bigr)"
    }
)
def prove_radius():
    """A step h + v that is no longer than h predicts no lower
    F: h(μ) is the best step of its length.
    """
    r, J, h, mu = symbols_for(m=3, n=2)
    v = sp.Matrix(letters("v", 2))
    g = -(J.T * J + mu * sp.eye(2)) * h  # h is the damped step

    def model(x):
        return r.dot(r) / 2 + g.dot(x) + (J * x).dot(J * x) / 2

    ring = mu * (h.dot(h) - (h + v).dot(h + v)) / 2
    higher = (J * v).dot(J * v) / 2 + mu * v.dot(v) / 2 + ring
    return same((model(h + v) - model(h), higher), shapes="3 residuals, 2 parameters")


@proves(
    {
        "7.11": r"\min_h \tfrac12 \left\lVert \begin{bmatrix} r \\ 0 \end{bmatrix} "
        r"+ \begin{bmatrix} J \\ \sqrt{\mu}\, I \end{bmatrix} h \right\rVert^2"
    }
)
def prove_stacked():
    """The stacked system [J; √μ I] has the damped bowl for its
    ½‖·‖², and JᵀJ + μI for its normal matrix.
    """
    r, J, h, mu = symbols_for(m=3, n=2)
    tall = J.col_join(sp.sqrt(mu) * sp.eye(2))
    long = r.col_join(sp.zeros(2, 1))
    bowl = (r + J * h).dot(r + J * h) / 2 + mu * h.dot(h) / 2
    stacked = (long + tall * h).dot(long + tall * h) / 2
    normal = (tall.T * tall, J.T * J + mu * sp.eye(2))
    slope = (tall.T * long, J.T * r)
    return same((stacked, bowl), normal, slope, shapes="3 residuals, 2 parameters")


@proves(
    {
        "7.12": r"(CJ^\top JC + \mu I)\,h' = -Cg "
        r"\quad\Longleftrightarrow\quad (J^\top J + \mu C^{-2})\,h = -g, \qquad h = Ch'"
    }
)
def prove_units_and_identity():
    """μI in other units, θ = Cθ′, is damping with D = C⁻¹ in ours: another step."""
    r, J, h, mu = symbols_for(m=3, n=2)  # h is the step in her units, h′
    c = sp.symbols("c_1:3", positive=True)
    C = sp.diag(*c)
    hers = (C * J.T * J * C + mu * sp.eye(2)) * h + C * J.T * r
    equations = (hers, C * ((J.T * J + mu * C**-2) * C * h + J.T * r))
    numbers = sp.Matrix([[1, 2], [3, 1], [0, 2]])
    theirs = C * sp.Matrix(_straight(r, numbers * C).step(mu))
    ours = _straight(r, numbers).damped(mu, np.array([1 / x for x in c], dtype=object)).h
    return same(equations, (theirs, ours), shapes="3 residuals, 2 parameters")


@proves(
    {
        "7.13": r"\begin{aligned} \operatorname{diag}(C J^\top J C) &= C D^2 C, \qquad D^2 "
        r"= \operatorname{diag}(J^\top J) \\ C\,(J^\top J + \mu D^2)\,C h' &= -Cg \end{aligned}"
    }
)
def prove_units_and_diagonal():
    """Damping with D² = diag(JᵀJ) takes the same step in all units."""
    r, J, h, mu = symbols_for(m=3, n=2)  # h is the step in her units, h′
    C = sp.diag(*sp.symbols("c_1:3", positive=True))
    D2, theirs = _diagonal(J.T * J), C * J.T * J * C
    hers = (theirs + mu * _diagonal(theirs)) * h + C * J.T * r
    equations = (hers, C * ((J.T * J + mu * D2) * C * h + J.T * r))
    numbers = sp.Matrix([[1, 2], [3, 1], [0, 2]])
    hers = C * sp.Matrix(_straight(r, numbers * C).damped(mu, _lengths(numbers * C)).h)
    ours = _straight(r, numbers).damped(mu, _lengths(numbers)).h
    diagonals = (_diagonal(theirs), C * D2 * C)
    return same(diagonals, equations, (hers, ours), shapes="3 residuals, 2 parameters")


@proves(
    {
        "7.14": r"\tfrac12\lVert r\rVert^2 - \tfrac12\lVert r + Jh\rVert^2 "
        r"= \tfrac12\, h^\top (\mu D^2 h - g)"
    },
    package="Linearization.damped",
)
def prove_falls_as_predicted():
    """The straight model falls by ½hᵀ(μD²h − g) along the damped step, and the package says so."""
    _, J, h, mu = symbols_for(m=3, n=2)
    D2 = sp.diag(*letters("d", 2)) ** 2
    g = -(J.T * J + mu * D2) * h
    by_letters = (-g.dot(h) - (J * h).dot(J * h) / 2, h.dot(mu * D2 * h - g) / 2)
    here = _straight(sp.Matrix([1, 2, -1]), sp.Matrix([[1, 2], [3, 1], [0, 2]]))
    damped = here.damped(sp.Rational(1, 2), np.array([1, 3], dtype=object))
    rest = here.r + here.Jv(damped.h)
    package = (damped.predicted, here.loss - rest.dot(rest) / 2)
    return same(by_letters, package, shapes="3 residuals, 2 parameters")
