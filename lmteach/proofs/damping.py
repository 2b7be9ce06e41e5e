"""Lesson 07: the damped step, its direction, its limits, its length, and other units."""

import numpy as np
import sympy as sp

from ..reading.scenes import linearization
from ..reading.scenes.models import powers
from ..symbolic import letters
from .base import also, close, proves, same
from .on_letters import (
    NUMBERS,
    any_step,
    damped_by_g,
    damped_step,
    in_numbers,
    nonzero,
    positive,
)

MU = sp.Symbol("mu", positive=True)
SHAPES = "3 residuals, 2 parameters"
TURNING = r"\frac{d}{d\mu} \ln \cos(h, -g)"  # takes SymPy long as it stands


def _singular(n=2):
    """g, s and h in singular vectors."""
    g, s = nonzero("g", n), positive("s", n)
    names = {"g": g, "s": s, "mu": MU, "h": -g / (s**2 + MU), "h^GN": -g / s**2}
    return names | {"i": range(1, n + 1), "j": range(1, n + 1)}


def _rotated():
    """The same for one pair of rotations, and both sides of (JᵀJ + μI)h = −Jᵀr."""
    U = np.array([[1, 2], [2, 1], [2, -2]]) / sp.Integer(3)
    V, names, r = np.array([[3, -4], [4, 3]]) / sp.Integer(5), _singular(), letters("r", 3)
    J = U * names["s"] @ V.T
    g = V.T @ J.T @ r
    h, gauss_newton = -g / (names["s"] ** 2 + MU), -g / names["s"] ** 2
    damped = J.T @ (J @ (V @ h)) + MU * V @ h, -J.T @ r
    undamped = J.T @ (J @ (V @ gauss_newton)), -J.T @ r
    return names | {"g": g, "h": h, "h^GN": gauss_newton}, [damped, undamped]


@proves(
    {
        "7.2": r"\begin{aligned} J^\top (r + Jh) + \mu h &= 0 \\ "
        r"(J^\top J + \mu I)\,h &= -g \end{aligned}"
    },
    package="Linearization.step",
)
def prove_damped_step(said):
    """The slope of ½‖r + Jh‖² + ½μ‖h‖² in h is (JᵀJ + μI)h + g,
    and it is zero at the package's step.
    """
    names = any_step()
    r, J, h = (names[name] for name in "rJh")
    bowl = (r + J @ h) @ (r + J @ h) / 2 + MU * (h @ h) / 2
    slope = [bowl.diff(x) for x in h], J.T @ J @ h + MU * h + names["g"]
    return said.same(in_numbers(MU), more=[slope], shapes=SHAPES)


also(
    "7.1",
    r"\text{minimize over } h: "
    r"\quad \tfrac12\,\lVert r + Jh\rVert^2 + \tfrac12\,\mu\,\lVert h\rVert^2",
    prove_damped_step,
)


@proves({"7.3": r"v^\top (J^\top J + \mu I)\,v = \lVert Jv\rVert^2 + \mu\,\lVert v\rVert^2 > 0"})
def prove_positive_definite(said):
    """vᵀ(JᵀJ + μI)v = ‖Jv‖² + μ‖v‖², so JᵀJ + μI is positive definite for every μ > 0."""
    return said.same(any_step(m=2, n=3), shapes="2 residuals, 3 parameters")


@proves(
    {
        "7.4": r"g^\top h = -h^\top (J^\top J + \mu I)\,h "
        r"= -\lVert Jh\rVert^2 - \mu\,\lVert h\rVert^2 < 0"
    }
)
def prove_descent(said):
    """gᵀh = −‖Jh‖² − μ‖h‖²: the damped step starts downhill for every μ > 0."""
    return said.same(damped_by_g(), shapes=SHAPES)


@proves({"7.5": r"h_i = -\frac{g_i}{s_i^2 + \mu}"}, package="Linearization.steps")
def prove_singular_parts(said):
    """Along the singular vectors of J the step is hᵢ = −gᵢ/(sᵢ² + μ)."""
    here = linearization(np.array([1.0, 2, 3]), NUMBERS.astype(float))
    mus = np.array([0.1, 1, 10])
    close((here.steps(mus), [here.step(mu) for mu in mus]), shapes="")
    names, steps = _rotated()
    return said.same(names, more=steps, shapes="3 residuals, 2 parameters, one pair of rotations")


@proves({"7.6": r"h_i = \frac{s_i^2}{s_i^2 + \mu}\, h_i^{\text{GN}}"})
def prove_filter_factors(said):
    """Damping multiplies the i-th part of the Gauss-Newton step
    by the filter factor sᵢ²/(sᵢ² + μ).
    """
    names, steps = _rotated()
    return said.same(names, more=steps, shapes="3 residuals, 2 parameters, one pair of rotations")


@proves(
    {
        "7.7": r"\lim_{\mu\to 0} h_i = -\frac{g_i}{s_i^2} = h_i^{\text{GN}}, \qquad "
        r"\lim_{\mu\to\infty} \mu\,h_i = -g_i"
    }
)
def prove_limits(said):
    """As μ → 0 the step becomes Gauss-Newton's; as μ → ∞, μh becomes −g."""
    return said.same(_singular(), shapes="any one singular vector")


@proves(
    {
        "7.8": r"\lVert h\rVert^2 = \sum_i \frac{g_i^2}{(s_i^2 + \mu)^2}, \qquad "
        r"\frac{d\,\lVert h\rVert^2}{d\mu} = -2 \sum_i \frac{g_i^2}{(s_i^2 + \mu)^3} < 0"
    }
)
def prove_shorter(said):
    """‖h‖² has the slope −2 Σ gᵢ²/(sᵢ² + μ)³ < 0 in μ: more damping, shorter step."""
    return said.same(_singular(3), shapes="3 parameters")


@proves(
    {
        "7.9": r"\frac{d}{d\mu} \ln \cos(h, -g) = \frac{p_1 p_3 - p_2^2}{p_1 p_2} "
        r"= \frac{1}{p_1 p_2} \sum_{i<j} g_i^2 g_j^2\, q_i q_j\, (q_i - q_j)^2 \ge 0"
    }
)
def prove_turns(said):
    """The cosine between h and −g does not fall as μ grows: its logarithm
    has a sum of squares as slope.
    """
    g, q, s = nonzero("g", 3), positive("q", 3), sp.Symbol("s", positive=True)
    of_mu = [sp.Function(name, positive=True)(MU) for name in ("q_1", "q_2", "q_3")]
    slopes = {f.diff(MU): -(f**2) for f in of_mu}  # q = 1/(s² + μ) has q′ = −q²
    names = {"g": g, "mu": MU, "h": -g * of_mu}
    turning = said["7.9"].sides(names | _sums(g, np.array(of_mu)))[0][0].item()
    turning = turning.subs(slopes).subs(dict(zip(of_mu, q, strict=True)))
    latex = said["7.9"].latex.replace(TURNING, r"\text{turning}")
    names |= {"h": -g * q, "turning": turning} | _sums(g, q)
    p, h = names["p"], names["h"]
    more = [((1 / (s**2 + MU)).diff(MU), -1 / (s**2 + MU) ** 2), (p[1], -g @ h), (p[2], h @ h)]
    return said.same(names, latex=latex, more=more, shapes="3 parameters")


def _sums(g, q):
    """q, p and the indices of (7.9)."""
    return {"q": q, "p": powers(g, q), "i": range(1, 4), "j": range(1, 4)}


@proves(
    {
        "7.10": r"\tfrac12\lVert r + J(h+v)\rVert^2 - \tfrac12\lVert r + Jh\rVert^2 "
        r"= \tfrac12\lVert Jv\rVert^2 + \tfrac12\,\mu\lVert v\rVert^2 "
        r"+ \tfrac12\,\mu\,\bigl(\lVert h\rVert^2 - \lVert h+v\rVert^2\bigr)"
    }
)
def prove_radius(said):
    """A step h + v that is no longer than h predicts no lower
    F: h(μ) is the best step of its length.
    """
    return said.same(damped_step(), shapes=SHAPES)


@proves(
    {
        "7.11": r"\min_h \tfrac12 \left\lVert \begin{bmatrix} r \\ 0 \end{bmatrix} "
        r"+ \begin{bmatrix} J \\ \sqrt{\mu}\, I \end{bmatrix} h \right\rVert^2"
    }
)
def prove_stacked(said):
    """The stacked system [J; √μ I] has the damped bowl for its
    ½‖·‖², and JᵀJ + μI for its normal matrix.
    """
    names = any_step()
    r, J, h = (names[name] for name in "rJh")
    tall, long = np.vstack([J, sp.sqrt(MU) * np.eye(2, dtype=int)]), np.append(r, [0, 0])
    bowl = (r + J @ h) @ (r + J @ h) / 2 + MU * (h @ h) / 2
    normal, slope = (tall.T @ tall, J.T @ J + MU * np.eye(2, dtype=int)), (tall.T @ long, J.T @ r)
    printed = said["7.11"].least(names)
    return same((printed, bowl), normal, slope, shapes=SHAPES)


@proves(
    {
        "7.12": r"(CJ^\top JC + \mu I)\,h' = -Cg "
        r"\quad\Longleftrightarrow\quad (J^\top J + \mu C^{-2})\,h = -g, \qquad h = Ch'"
    }
)
def prove_units_and_identity(said):
    """μI in other units, θ = Cθ′, is damping with D = C⁻¹ in ours: another step."""
    c, names = positive("c", 2), any_step()
    J, hers = names["J"], names["h"]
    g = -((J * c).T @ (J @ (c * hers)) + MU * hers) / c
    here = names | {"C": np.diag(c), "g": g, "h'": hers, "h": c * hers}
    package = c * in_numbers(MU, J=NUMBERS * c)["h"], in_numbers(MU, D=1 / c)["h"]
    return said.same(here, more=[package], shapes=SHAPES)


@proves(
    {
        "7.13": r"\begin{aligned} \operatorname{diag}(C J^\top J C) &= C D^2 C, \qquad D^2 "
        r"= \operatorname{diag}(J^\top J) \\ C\,(J^\top J + \mu D^2)\,C h' &= -Cg \end{aligned}"
    }
)
def prove_units_and_diagonal(said):
    """Damping with D² = diag(JᵀJ) takes the same step in all units."""
    c = positive("c", 2)
    ours, hers = (
        np.array([sp.sqrt(x) for x in (J**2).sum(axis=0)]) for J in (NUMBERS, NUMBERS * c)
    )
    here = in_numbers(MU, D=ours) | {"C": np.diag(c), "D": np.diag(ours)}
    theirs = in_numbers(MU, D=hers, J=NUMBERS * c)["h"]
    return said.same(here | {"h'": theirs}, more=[(here["h"], c * theirs)], shapes=SHAPES)


@proves(
    {
        "7.14": r"\tfrac12\lVert r\rVert^2 - \tfrac12\lVert r + Jh\rVert^2 "
        r"= \tfrac12\, h^\top (\mu D^2 h - g)"
    },
    package="Linearization.damped",
)
def prove_falls_as_predicted(said):
    """The straight model falls by ½hᵀ(μD²h − g) along the damped step, and the package says so."""
    d, half = positive("d", 2), sp.Rational(1, 2)
    names, D = in_numbers(half, D=(D := np.array([1, 3], dtype=object))), np.diag(D)
    damped = linearization(names["r"], NUMBERS).damped(half, np.array([1, 3], dtype=object))
    left = said["7.14"].sides(names | {"D": D})[0][0]
    more = [(damped.predicted, left), (damped.h, names["h"])]
    return said.same(damped_step(d**2) | {"D": np.diag(d)}, more=more, shapes=SHAPES)
