"""Lesson 08: the predicted decrease, the gain ratio, the rules for μ, and when to stop."""

from itertools import islice

import numpy as np
import sympy as sp

from ..damping import Factor, Nielsen
from ..examples import START, rosenbrock
from ..reading.scenes import linearization
from ..solvers import levenberg_marquardt
from ..symbolic import letters
from .base import close, holds, proves, same
from .on_letters import NUMBERS, any_step, damped_by_g

SHAPES = "3 residuals, 2 parameters"


@proves({"8.1": r"(J^\top J + \mu I)\,h = -g"}, package="Linearization.step")
def prove_the_step_of_lesson_07(said):
    """The package's step satisfies (JᵀJ + μI) h = −g."""
    here = rosenbrock().linearize(np.array([sp.Rational(-6, 5), sp.Integer(1)]))
    mu = sp.Symbol("mu", positive=True)
    scene = {"J": here.J, "g": here.g, "mu": mu, "h": here.step(mu)}
    return said.same(scene, shapes="Rosenbrock's valley at (−1.2, 1), every μ")


@proves({"8.2": r"F(\theta) - \tfrac12\lVert r + Jh\rVert^2 = -h^\top g - \tfrac12\, h^\top A h"})
def prove_model_decrease(said):
    """The model ½‖r + Jh‖² lies −hᵀg − ½hᵀAh below F, for any h."""
    names = any_step()
    return said.same(names | {"theta": sp.Symbol("t"), "F()": lambda _: names["F"]}, shapes=SHAPES)


@proves(
    {"8.3": r"-h^\top g - \tfrac12\, h^\top A h = \tfrac12\, h^\top(\mu h - g)"},
    package="Linearization.damped",
)
def prove_predicted_decrease(said):
    """For the damped step the promised decrease is ½hᵀ(μh − g),
    and the package's `predicted` is it (D = I).
    """
    mu = sp.Symbol("mu", positive=True)
    here = linearization(letters("r", 3), letters("J", 3, 1))
    damped = here.damped(mu)
    end = here.r + here.Jv(damped.h)
    package = (damped.predicted, here.loss - end @ end / 2)
    shapes = "3 residuals with 2 parameters; the package's with 1"
    return said.same(damped_by_g(), more=[package], shapes=shapes)


@proves({"8.4": r"\tfrac12\, h^\top(\mu h - g) = \mu\lVert h\rVert^2 + \tfrac12\lVert Jh\rVert^2"})
def prove_promise_is_a_decrease(said):
    """The promised decrease is μ‖h‖² + ½‖Jh‖², so it is above 0 unless h = 0."""
    names = damped_by_g()
    more = said["8.4"].sides(names)[0][1].item()
    holds(("the promise is above 0", more.is_positive), shapes=SHAPES)
    return said.same(names, shapes=SHAPES)


@proves(
    {"8.5": r"\rho = \frac{F(\theta) - F(\theta + h)}{\tfrac12\, h^\top(\mu h - g)}"},
    package="Step.rho",
)
def prove_gain_ratio():
    """The package's ρ is the decrease that came over the decrease that was promised."""
    steps = list(islice(levenberg_marquardt(rosenbrock(), START), 8))
    came = [s.problem.loss(s.theta) - s.problem.loss(s.theta + s.h) for s in steps]
    promised = [s.h @ (s.mu * s.h - s.g) / 2 for s in steps]
    ratios = np.divide(came, promised)
    return close(([s.rho for s in steps], ratios), shapes="8 trials on Rosenbrock's valley")


@proves({"8.6": r"\lim_{\mu \to \infty} \rho = 1 \qquad (g \neq 0)"})
def prove_short_steps_keep_their_promise():
    """With μ = 1/t, both decreases are 0 at t = 0 and begin with
    gᵀg·t, so that ρ → 1 as μ → ∞ wherever g is not 0.
    """
    t, theta, g, F = sp.Symbol("t"), letters("theta", 2), letters("g", 2), sp.Function("F")
    a, b, c = letters("a", 3)
    h = -t * sp.Matrix([[1 + t * c, -t * b], [-t * b, 1 + t * a]]) * sp.Matrix(g)
    h = np.array(h / ((1 + t * a) * (1 + t * c) - t**2 * b**2)).ravel()  # (A + I/t) h = −g
    along = F(*(theta + h)).diff(t).subs(t, 0).doit()
    came = -along.subs({F(*theta).diff(x): g[i] for i, x in enumerate(theta)})
    promised = sp.cancel(h @ (h / t - g) / 2)
    here = linearization(letters("r", 3), NUMBERS)
    package = sp.cancel(here.damped(1 / sp.Symbol("t", positive=True)).predicted)
    begins = [(came, g @ g), (promised.diff(t).subs(t, 0), g @ g), (promised.subs(t, 0), 0)]
    (t,) = package.free_symbols - set(here.r)
    begins += [(package.diff(t).subs(t, 0), here.g @ here.g), (package.subs(t, 0), 0)]
    return same(*begins, shapes="any F, A and g of 2 parameters; the package's for one J")


@proves(
    {
        "8.7": r"\begin{aligned} \text{accepted:}\quad \mu &\leftarrow \mu / c \\ "
        r"\text{refused:}\quad \mu &\leftarrow c\,\mu \end{aligned}"
    },
    package="Factor.update",
)
def prove_factor_rule():
    """The package's Factor(c) divides μ by c after an accepted
    trial and multiplies it by c after a refused one.
    """
    mus, rules = np.array([0.01, 0.5, 40.0]), [Factor(1.2), Factor(10.0)]
    down = [rule.update(mu, 0.3, True)[0] for rule in rules for mu in mus]
    up = [rule.update(mu, -0.3, False)[0] for rule in rules for mu in mus]
    cs = np.repeat([1.2, 10.0], 3)
    lower, higher = np.tile(mus, 2) / cs, np.tile(mus, 2) * cs
    return close((down, lower), (up, higher), shapes="c = 1.2 and 10, three μ each")


@proves(
    {
        "8.8": r"\begin{aligned} f(\rho) &= 1 - (2\rho - 1)^3 \\ "
        r"f(0) &= 2, \quad f(\tfrac12) = 1, \quad f'(\tfrac12) = f''(\tfrac12) = 0 \end{aligned}"
    }
)
def prove_nielsens_cubic(said):
    """Of all cubics only 1 − (2ρ − 1)³ has f(0) = 2, f(½) = 1 and is flat to second order at ½."""
    rho, half, a = sp.Symbol("rho"), sp.Rational(1, 2), sp.symbols("a0:4")
    f = sum(a[k] * rho**k for k in range(4))
    at_half = [f.subs(rho, half) - 1, *(f.diff(rho, k).subs(rho, half) for k in (1, 2))]
    f = f.subs(sp.solve([f.subs(rho, 0) - 2, *at_half], a))
    scene = {"rho": rho, "f()": lambda x: f.subs(rho, x)}
    scene |= {"f'()": lambda x: f.diff(rho).subs(rho, x)}
    scene |= {"f''()": lambda x: f.diff(rho, 2).subs(rho, x)}
    return said.same(scene, shapes="every cubic")


@proves(
    {
        "8.9": r"f(\rho) = \tfrac13 \quad\text{at}\quad \rho "
        r"= \tfrac12\Bigl(1 + \sqrt[3]{\tfrac23}\Bigr) \approx 0.9368"
    }
)
def prove_where_the_third_begins():
    """1 − (2ρ − 1)³ falls, and reaches ⅓ at ρ = ½(1 + ∛(2/3)) = 0.9368."""
    rho = sp.Symbol("rho", real=True)
    f, at = 1 - (2 * rho - 1) ** 3, (1 + sp.cbrt(sp.Rational(2, 3))) / 2
    falls = sp.factor(f.diff(rho)) == -6 * (2 * rho - 1) ** 2
    meets = sp.simplify(f.subs(rho, at) - sp.Rational(1, 3)) == 0
    rounds = round(float(at), 4) == 0.9368
    claims = ("f falls", falls), ("f = ⅓ there", meets), ("that is 0.9368", rounds)
    return holds(*claims, shapes="every ρ")


@proves(
    {
        "8.10": r"\begin{aligned} \text{accepted:}\quad \mu &\leftarrow "
        r"\mu\,\max\bigl(\tfrac13,\; 1 - (2\rho - 1)^3\bigr), & \nu &\leftarrow 2 \\ "
        r"\text{refused:}\quad \mu &\leftarrow \mu\,\nu, & \nu &\leftarrow 2\nu \end{aligned}"
    },
    package="Nielsen.update",
)
def prove_nielsens_rule():
    """The package's Nielsen() is that cubic, cut off at ⅓, and its ν doubles at every refusal."""
    rhos = np.array([0.001, 0.2, 0.5, 0.8, 0.93, 0.94, 1.0, 1.7])
    accepted = [Nielsen(8.0).update(3.0, rho, True) for rho in rhos]
    cubic = 3 * np.where(rhos < (1 + np.cbrt(2 / 3)) / 2, 1 - (2 * rhos - 1) ** 3, 1 / 3)
    mu, rule = Nielsen(8.0).update(3.0, -0.2, False)
    nus = [rule.nu, *(after.nu for _, after in accepted)]
    pairs = [([m for m, _ in accepted], cubic), ([mu], [24.0]), (nus, [16.0] + 8 * [2.0])]
    return close(*pairs, shapes="eight ρ from 0.001 to 1.7 and a refusal, μ = 3, ν = 8")


@proves({"8.11": r"\mu\,\cdot\,2 \cdot 4 \cdots 2^n = 2^{\,n(n+1)/2}\,\mu"})
def prove_doubling_doubles():
    """n refusals one after another multiply μ by 2·4·…·2ⁿ = 2^(n(n+1)/2)."""
    n, k, seen, mu, rule = sp.Symbol("n", positive=True), sp.Symbol("k"), [], 1.0, Nielsen()
    for _ in range(8):
        mu, rule = rule.update(mu, -1.0, False)
        seen.append(int(mu))
    exponent = n * (n + 1) / 2
    package = (sp.Matrix(seen), sp.Matrix([2 ** exponent.subs(n, i) for i in range(1, 9)]))
    sums = (sp.summation(k, (k, 1, n)), exponent)
    return same(sums, package, shapes="every n; the package's rule for n = 1 … 8")


@proves(
    {
        "8.12": r"\max_j\; \frac{|g_j|}{\bigl\lVert \frac{\partial r}{\partial\theta_j} \bigr\rVert"
        r"\,\lVert r\rVert} \le \text{gtol}"
    },
    package="Linearization.orthogonal",
)
def prove_right_angle():
    """The gradient stop asks whether every column of J stands at a right angle to r:
    |cos| ≤ gtol.
    """
    here = rosenbrock().linearize(np.array(START))
    lengths = np.linalg.norm(here.J, axis=0) * np.linalg.norm(here.r)
    cosine = np.max(abs(here.J.T @ here.r) / lengths)
    fires = [here.orthogonal(cosine * 1.001), here.orthogonal(cosine * 0.999)]
    seen, expected = [here.cosine(), *fires], [cosine, True, False]
    return close((seen, expected), shapes="Rosenbrock's valley at (−1.2, 1)")


@proves(
    {
        "8.13": r"\lVert g\rVert^2 - \mu^2\lVert h\rVert^2 "
        r"= \lVert Ah\rVert^2 + 2\mu\lVert Jh\rVert^2"
    }
)
def prove_step_is_at_most_g_over_mu(said):
    """‖g‖² exceeds μ²‖h‖² by ‖Ah‖² + 2μ‖Jh‖², so ‖h‖ ≤ ‖g‖/μ."""
    return said.same(damped_by_g(), shapes=SHAPES)
