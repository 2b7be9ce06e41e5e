"""A formula to be written: in LaTeX or plain text, and true wherever its names have values."""

import numpy as np

from ..damping import Nielsen
from ..layers import Input, Linear, Tanh
from ..linearization import Explicit
from .base import exercise

EXAMPLE = 'r"g = J^\\top r"'
NET = Input(2) >> Tanh(3) >> Linear(2)  # one sample; all sizes differ where they can
last = {}  # {id: the Explanation of the formula that was checked last}


def formula(id, task, scene, expected, hints):
    """Register an exercise whose answer is a formula; its third hint looks at the learner's own.

    `scene(rng, change)` gives the names their values, and `expected` is the LaTeX of an answer.
    """
    exercise(
        id,
        "formula",
        task,
        (*hints, lambda: _repair(id)),
        judge=lambda answer: _judge(id, answer, scene, expected),
        recipe=scene,
    )(_reference(expected))


def _reference(expected):
    def answer():
        return expected

    return answer


def _judge(id, answer, scene, expected):
    """Whether the formula is so, and says what was asked for; else where it fails."""
    if not isinstance(answer, str):
        return False, f"this is a {type(answer).__name__}: expected text, such as {EXAMPLE}."
    if "=" not in answer:
        return False, f"expected an equation, with both of its sides, such as {EXAMPLE}."
    from ..reading import explain  # with SymPy, for which nobody else should wait

    found = last[id] = explain(answer, scene, expected)
    if found.true:
        return True, found.sentence
    more = f' hint("{id}", 3) looks at this formula.' if found.verdict == "untrue" else ""
    if "has no value here" in found.sentence:
        more = " Only the letters that the task names may stand in it."
    return False, f"{found.sentence}{more}"


def _repair(id):
    """Which one change would make the learner's last formula true."""
    if id not in last:
        return "This hint looks at your own formula: check one first."
    found = last[id]
    if found.true:
        return "Your formula is true as it stands."
    if found.verdict != "untrue":
        return found.sentence
    return found.repair or "No change in one place mends it: look at the shapes of both sides."


# Lessons 04 and 05: one sample of a 2-3-2 network, tanh and then linear


def _of_network(*wanted):
    """A scene with these names of the network's, as the package computes them."""

    def scene(rng, change):
        from ..reading.scenes.networks import network

        names = network(NET, rng, change)
        delta, x = names["delta"][1], names["x"]
        names["G"] = np.outer(delta, x)
        return {name: names[name] for name in wanted}

    return scene


formula(
    "4.4",
    "δ of the hidden tanh layer from r, of one sample: δ¹ = …, with W², r and a¹ alone; the "
    "output is linear.",
    _of_network("delta", "W", "r", "a"),
    r"\delta^1 = (W^{2\top} r) \circ (1 - a^1 \circ a^1)",
    (
        "(4.6) with two things put in: what is δ² of a linear output, and what is f′(z¹) of a "
        "tanh, in terms of a¹?",
        "δ² = r. The slope of tanh is 1 − a². And ∘ is entry by entry.",
    ),
)
formula(
    "4.5",
    "The gradient of the first layer's weights for one sample, G = ∂F/∂W¹, with δ¹ and x alone.",
    _of_network("G", "delta", "x"),
    r"G = \delta^1 x^\top",
    (
        "G has the shape of W¹: a row for each unit of the hidden layer.",
        "A column times a row is a matrix: which of the two is the column?",
    ),
)
formula(
    "5.4",
    "The sensitivity of the hidden tanh layer, S¹ = …, (m, n₁), with W² and a¹ alone; the output "
    "is linear.",
    _of_network("S", "W", "a"),
    r"S^1 = W^2 \operatorname{diag}(1 - a^1 \circ a^1)",
    (
        "S² = I for a linear output. S¹ is S² W², each column times the slope of its unit.",
        "A matrix times diag(v) multiplies its columns.",
    ),
)
formula(
    "5.5",
    "δ¹ again, of one sample: this time with S¹ and r alone.",
    _of_network("delta", "S", "r"),
    r"\delta^1 = S^{1\top} r",
    (
        "S¹ says how each output moves with each z. δ¹ says how F does.",
        "F = ½ rᵀr: the chain rule adds up over the outputs. S¹ is (m, n₁), and δ¹ is (n₁,).",
    ),
)


# Lessons 06, 07, 08: a small J and r


def _small(rng):
    """r (4,) and J (4, 3)."""
    return rng.normal(size=4), rng.normal(size=(4, 3))


def _after_gauss_newton(rng, change):
    r, J = _small(rng)
    here = Explicit(r, J.T.copy())
    h = here.step(0)
    left = r + J @ h
    return {"Q": left @ left / 2, "F": here.loss, "g": here.g, "h": h}


formula(
    "6.4",
    "What the straight model promises after Gauss-Newton's step h: Q = ½‖r + Jh‖² in terms of F, "
    "g and h alone.",
    _after_gauss_newton,
    r"Q = F + \tfrac{1}{2} g^\top h",
    (
        "Multiply out: ½‖r + Jh‖² is F, plus gᵀh, plus ½hᵀJᵀJh.",
        "For this h, JᵀJh = −g. Put it into the last of the three.",
    ),
)


def _colleague(rng, change):
    r, J = _small(rng)
    lam = rng.uniform(0.3, 2)
    h = Explicit(r, J.T.copy()).step(lam / 2)  # ours, with μ = λ/2
    return {"r": r, "J": J, "h": h, "lambda": lam}


formula(
    "7.4",
    "A colleague minimises SSE = rᵀr, without the ½, and adds λI to her matrix. Write the system "
    "for her step h, with J, r and λ.",
    _colleague,
    r"(2 J^\top J + \lambda I) h = -2 J^\top r",
    (
        "What is the gradient of rᵀr? And the matrix of its bowl?",
        "Both have a factor 2 which ours lack. Her λ is added as it is.",
    ),
)


def _two_refusals(rng, change):
    """mu and nu before two refused trials, and q, the μ after them, by the package's rule."""
    mu, nu = rng.uniform(0.1, 2), float(rng.integers(2, 9))
    q, rule = Nielsen(nu=nu).update(mu, -1.0, False)
    q, rule = rule.update(q, -1.0, False)
    return {"mu": mu, "nu": nu, "q": q}


formula(
    "8.5",
    "Nielsen's rule, and two trials in a row are refused. Write q, the μ after both, with the μ "
    "and the ν before them.",
    _two_refusals,
    r"q = 2 \nu^2 \mu",
    (
        "Refused: first μ is multiplied by ν, then ν doubles. Do it twice.",
        "The second time μ·ν is multiplied by 2ν.",
    ),
)


def _gain(rng, change):
    r, J = _small(rng)
    s, mu = rng.normal(size=4), rng.uniform(0.3, 2)
    found = Explicit(r, J.T.copy()).damped(mu)
    rho = (r @ r - s @ s) / 2 / found.predicted
    return {"rho": rho, "r": r, "s": s, "J": J, "h": found.h, "mu": mu}


formula(
    "8.6",
    "The gain ratio without F and g: ρ = …, with r, the residuals s at the trial, J, h and μ.",
    _gain,
    r"\rho = \frac{r^\top r - s^\top s}{h^\top (\mu h - J^\top r)}",
    (
        "What came, over what was promised: F(θ) − F(θ + h), over ½hᵀ(μh − g).",
        "F is half a sum of squares; above and below the halves cancel. And g = Jᵀr.",
    ),
)


# Lesson 11 and page A


def _left_over(rng, change):
    r, J = rng.normal(size=3), rng.normal(size=(3, 7))
    mu = rng.uniform(0.3, 2)
    h = Explicit(r, J.T.copy()).step(mu)
    v = np.linalg.solve(J @ J.T + mu * np.eye(3), r)
    return {"q": r + J @ h, "v": v, "mu": mu}


formula(
    "11.5",
    "What the dual step leaves over in the straight model, q = r + Jh, with μ and v alone, where "
    "(JJᵀ + μI)v = r and h = −Jᵀv.",
    _left_over,
    r"q = \mu v",
    (
        "Put h = −Jᵀv into r + Jh. Where have you seen JJᵀv?",
        "JJᵀv = r − μv, by the first equation.",
    ),
)


def _decrease(rng, change):
    r, J = _small(rng)
    mu = rng.uniform(0.3, 2)
    found = Explicit(r, J.T.copy()).damped(mu)
    return {"p": found.predicted, "J": J, "h": found.h, "mu": mu}


formula(
    "A.4",
    "The promise p = ½hᵀ(μh − g) is positive. Show it: write p as a sum of squares, with J, h and "
    "μ alone.",
    _decrease,
    r"p = \tfrac{1}{2} \lVert J h \rVert^2 + \mu \lVert h \rVert^2",
    (
        "The step solves (JᵀJ + μI)h = −g. Put that in the place of −g.",
        "hᵀJᵀJh is ‖Jh‖², and hᵀh is ‖h‖². How often is μ there?",
    ),
)
