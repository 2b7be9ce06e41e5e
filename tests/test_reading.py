"""Every displayed equation is read from its LaTeX and is so; a slip is caught, but for these."""

import random
import re
import warnings

import numpy as np
import pytest

from lmteach.proofs import EQUATIONS
from lmteach.reading import Unreadable, Untrue, explain, read, scene
from lmteach.reading.latex import parse, tokens_of
from lmteach.reading.meaning import Scene
from lmteach.reading.numpy_line import numpy_line
from lmteach.reading.plain import tokens_of as plain_tokens
from lmteach.reading.scenes import SCENES
from lmteach.reading.slips import slips

SAME_MEANING = {  # why it is no slip: {tag: the slips}
    "0 is 2·0": {
        "2.10": [r"factor at token 42: \le 2"],
        "6.6": ["factor at token 6: = 2"],
        "7.4": ["factor at token 34: < 2"],
        "7.8": ["factor at token 72: < 2"],
        "8.8": ["factor at token 42: = 2"],
        "10.3": ["factor at token 64: = 2"],
        "A.16": ["factor at token 19: < 2"],
    },
    "∂/∂b is ∂/∂z": {
        "4.8": [f"name at token {i}: {x}" for i, x in ((26, "b"), (75, "z"), (90, "b"))]
        + ["name at token 99: b", "name at token 107: z"],
    },
    "a name within words": {"6.7": [r"name at token 49: \theta", "name at token 49: r"]},
    "θ, g and h are all 0 there": {
        "6.9": [r"name at token 40: \theta", "name at token 40: h"]
        + ["name at token 50: g", "name at token 50: h"],
    },
    "the same place has the least value": {
        "7.11": ["factor at token 3: nothing", "factor at token 3: 2"]
        + ["exponent at token 24: ^ 3", "exponent at token 24: nothing"],
    },
    "a parabola is the same on both sides": {"12.5": ["sign at token 6: -"]},
    "f′ and f″ are both 0 there": {"8.8": ["prime at token 44: nothing"]},
    "1/μ is any positive number, too": {
        "9.2": [rf"1/mu at token {i}: \tfrac 1 {{ \mu }}" for i in (6, 18)]
    },
    "H and A are symmetric": {
        "10.2": ["index order at token 21: _ { k j }"],
        "10.4": ["index order at token 20: _ { 2 1 }", "index order at token 30: _ { 1 2 }"],
    },
}
EVERY = 8  # of how many slips the default run tries one


def is_so(latex, where):
    """Return whether LaTeX can be read, and is so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # roots of negative numbers, and so on
        try:
            return read(latex, where) > 0
        except (Untrue, Unreadable):
            return False


def slips_of(tag):
    """Return [(its words, LaTeX with one slip), …]."""
    tokens = tokens_of(EQUATIONS[tag].latex)
    found = slips(tokens, Scene(scene(tag), 1))
    return [(str(slip), " ".join(slip.of(tokens))) for slip in found]


def same_meaning(tag):
    """Return the slips of an equation that are none."""
    return {slip for tags in SAME_MEANING.values() for slip in tags.get(tag, ())}


# The displayed equations


@pytest.mark.parametrize("tag", EQUATIONS)
def test_the_latex_is_so(tag):
    assert read(EQUATIONS[tag].latex, scene(tag)) >= 3


@pytest.mark.parametrize("tag", EQUATIONS)
def test_a_slip_in_it_is_caught(tag):
    some = slips_of(tag)[::EVERY]
    missed = {words for words, latex in some if is_so(latex, scene(tag))}
    assert missed <= same_meaning(tag)


@pytest.mark.full
def test_of_all_slips_only_those_are_missed_that_mean_the_same():
    total = 0
    for tag in EQUATIONS:
        found = slips_of(tag)
        total += len(found)
        missed = {words for words, latex in found if is_so(latex, scene(tag))}
        assert missed == same_meaning(tag), tag
    known = sum(len(words) for tags in SAME_MEANING.values() for words in tags.values())
    assert total >= 2500 and known <= 0.02 * total


def test_every_scene_serves():
    tags = {name for name in SCENES if name[-1].isdigit() and "." in name}
    assert tags == set(EQUATIONS)


# What is not in the grammar is never passed over


@pytest.mark.parametrize(
    ("latex", "why"),
    [
        (r"g = \Gamma(h)", "Gamma has no value"),
        (r"g = J^\top", "3 × 1, the right side 3 × 4"),
        (r"g = J r", "4 × 3 times 4 × 1"),
        (r"\lVert h \rVert", "nothing is said"),
        (r"A = J^\top J, \qquad \lVert h\rVert", "nothing is said"),
        (r"g = \frac{h}{", "brace|where|ends"),
        (r"g = J^\top r r", "times"),
        (r"h^2^\top = h", r"two \^ on h"),
        (r"A = J^\top J \text{ or so } J h", "nothing is said"),
    ],
)
def test_what_cannot_be_read(latex, why):
    with pytest.raises((Unreadable, Untrue), match=why):
        read(latex, scene("7.2"))


def test_rows_words_and_ranges():
    latex = r"a^l &= f(z^l), \qquad l = 1, \dots, L"
    (statement, words), (second, more) = parse(latex, {"f()"})
    assert statement[0] == "chain" and second[0] == "range" and words == more == ("row 1",)


def test_a_premise_has_to_happen_and_an_equivalence_to_fail_as_well():
    here = {"x": 1.0, "y": 2.0}
    with pytest.raises(Untrue, match="at no seed"):
        read(r"x = y \Rightarrow y = 3", here)
    with pytest.raises(Untrue, match="only where both"):
        read(r"x = 1 \iff y = 2", here)


def test_a_bound_that_is_sharp_must_be_reached():
    with pytest.raises(Untrue, match="sharper"):
        read(r"x \le y", {"x": 1.0, "y": 2.0, "sharp": True})


# Plain text


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("delta[1] = W[2].T @ delta[2]", r"\delta^1 = W^{2\top} @ \delta^2"),
        ("δˡ = Wˡ⁺¹ᵀ δˡ⁺¹", r"\delta^l = W^{l+1\top} \delta^{l+1}"),
        ("(1 − a¹²)", "(1 - (a^1)^2)"),
        ("a[1]**2", "(a^1)^2"),
        ("J'J + mu I", r"J^\top J + \mu I"),
        ("JᵀJ + λI", r"J^\top J + \mu I"),
        ("‖Jh‖² ≤ ½ r'r", r"\lVert J h\rVert^2 \le \tfrac12 r^\top r"),
        ("h_i, W[2]_kj, S[l][k, j]", "h_i , W^2_{k,j} , S^l_{k,j}"),
        ("f'(z)", "f'(z)"),
    ],
)
def test_plain_text_says_what_the_latex_says(text, latex):
    from lmteach.reading.values import Layers

    values = dict.fromkeys(["mu", *"JIhrWgz"], np.eye(2)) | {"f()": abs}
    values |= {name: Layers(0, [1.0, 2.0, 3.0]) for name in ("delta", "W", "a", "S")}
    plain = [token.lstrip("\\") for token in plain_tokens(text, values)]
    bare = [token for token in plain if token not in "{}"]
    assert bare == [t.lstrip("\\") for t in tokens_of(latex) if t not in "{}"]


DELTA, STEP = r"\delta^l = x", r"(J^\top J + \mu I)\,h = -g"


@pytest.mark.parametrize(
    ("formula", "name", "expected"),
    [
        ("δˡ = (Wˡ⁺¹ᵀ δˡ⁺¹) ∘ (1 − aˡ²)", "4.6", DELTA),
        ("delta[l] = (delta[l+1] @ W[l+1]) * (1 - a[l]**2)", "4.6", DELTA),
        (r"\delta^l = (1 - a^l \circ a^l) \circ (W^{l+1\,\top} \delta^{l+1})", "4.6", DELTA),
        ("(J'J + mu I) h = -g", "7.2", STEP),
        ("(J.T @ J + mu*np.eye(P)) @ h == -J.T @ r", "7.2", STEP),
        ("J'J h + mu h + g = 0", "7.2", STEP),
        ("h = -(JᵀJ + λI)⁻¹ Jᵀr", "7.2", STEP),
        ("h[i] = -g[i]/(s[i]**2+mu)", "7.5", "h_i = x"),
        ("rho = 2 (F(theta) - F(theta+h)) / (h'(mu h - g))", "8.5", r"\rho = x"),
        ("refused: mu <- c mu", "8.7", None),
        ("S[l] = (S[l+1] @ W[l+1]) @ np.diag(f'(z[l]))", "5.4", "S^l = x"),
        ("F = 0.5 * sum(r**2)", "1.2", "F = x"),
        ("F = ½ Σ rᵢ²", "1.2", "F = x"),
        (r"(J^TJ + \mu I) h = -J^{T} r", "7.2", STEP),
        (r"(J^\mathsf{T} J + μI)\,h = −J^{\mathrm T} r", "7.2", STEP),
        (r"h = -(J^\intercal J + \mu I)^{-1} Jᵀ r", "7.2", STEP),
        (r"$\left(J^\top J + \mu \mathbf{I}\right)\mathbf h = -\boldsymbol{J}^T r$", "7.2", STEP),
        (r"\delta^l = (W^{l+1,T} \delta^{l+1}) \odot (1 - (a^l)^2)", "4.6", DELTA),
        (r"\delta^l = ({W^{l+1}}^T \delta^{l+1}) \circ (1 - a^l \circ a^l)", "4.6", DELTA),
        (r"S^l = S^{l+1} W^{l+1} \mathrm{diag}(f'(z^l))", "5.4", "S^l = x"),
        (r"½ \|r + Jh\|^2 = F + g^T h + \frac12 \left\Vert Jh \right\Vert^2", "6.2", None),
    ],
)
def test_a_true_formula_is_true(formula, name, expected):
    assert explain(formula, name, expected).true


@pytest.mark.parametrize(
    ("formula", "name", "expected", "said"),
    [
        ("h = h", "7.2", STEP, "any other h"),
        ("g = J'r", "7.2", STEP, "any other h"),
        ("δ² = δ² + 0", "4.6", DELTA, "any other delta"),
        ("(J'J + mu I) h = g", "7.2", STEP, "entry"),
        ("h = J r", "7.2", STEP, "4 × 3 times 4 × 1"),
        ("h = J'r'", "7.2", STEP, "times"),
        ("h = -Q g", "7.2", STEP, "Q has no value"),
        ("h =", "7.2", STEP, "read"),
        ("-J'r", "7.2", STEP, "there is no ="),
        (r"(J^T J + \mu I) h = J^T r", "7.2", STEP, "entry"),
        ("mu <- c mu", "8.7", None, "accepted: or refused:"),
    ],
)
def test_what_is_no_answer_is_told_why(formula, name, expected, said):
    found = explain(formula, name, expected)
    assert not found.true and said in found.sentence


def test_shapes_and_repair():
    found = explain("delta[l] = (W[l+1] @ delta[l+1]) * (1 - a[l]**2)", "4.6", DELTA)
    assert found.verdict == "untrue" and "4 × 3 times 4 × 1" in found.sentence
    assert "`W[l + 1].T @" in found.repair
    assert explain("h_i = -g_i/(s_i + mu)", "7.5").repair.count("s[i]**2") == 1
    wrong = explain(r"g^\top h = -\lVert Jh\rVert^2 + \mu\,\lVert h\rVert^2", "7.4")
    assert wrong.shapes == [("a number", "a number")] and r"- \mu" in wrong.repair
    assert explain("g = J'r", "7.2").repair is None


# Others' ways to write what is so, and what mends a slip


def rewritten(node, rng):
    """A tree that says the same: terms and factors in another order, sides swapped."""
    if not isinstance(node, tuple) or not node:
        return node
    node = tuple(rewritten(part, rng) for part in node)
    if node[0] in ("add", "hadamard") and rng.random() < 0.6:
        return node[0], node[2], node[1]
    if node[0] == "subtract" and rng.random() < 0.5:
        return "add", ("minus", node[2]), node[1]
    if node[0] == "chain" and node[2:3] == ("=",) and len(node) == 4 and rng.random() < 0.5:
        return "chain", node[3], "=", node[1]
    return node


STRANGE = re.compile(  # kinds of nodes, and names, that NumPy's line does not spell as people do
    r"'(diff|gradient|matrix|cases|row|limit|at|largest|vector|code|sum|O|≈|←)'"
    r"|_\{|hat |tilde |''|'\"|\w'\"|\^|\w\*'"
)


def ways(tag, count):
    """Yield plain text that says what parts of an equation say, in other words."""
    here, rng = Scene(scene(tag)), random.Random(tag)
    for statement, words in parse(EQUATIONS[tag].latex, here.known):
        in_words = any(isinstance(here.values.get(word), dict) for word in words)
        if statement[0] == "chain" and not in_words and not STRANGE.search(repr(statement)):
            yield from {numpy_line(rewritten(statement, rng), here) for _ in range(count)}


@pytest.mark.parametrize("count", [1, pytest.param(30, marks=pytest.mark.full)])
def test_a_true_formula_written_otherwise_is_never_false(count):
    told = [(tag, text) for tag in EQUATIONS for text in ways(tag, count)]
    assert len(told) >= (300 if count > 1 else 40)
    assert [text for tag, text in told if not explain(text, tag).true] == []


@pytest.mark.parametrize("count", [6, pytest.param(300, marks=pytest.mark.full)])
def test_a_slip_is_mended_by_one_change(count):
    made = [(tag, latex) for tag in EQUATIONS for _, latex in slips_of(tag)]
    found = [explain(latex, tag) for tag, latex in made[3 :: len(made) // count]]
    untrue = [explanation for explanation in found if explanation.verdict == "untrue"]
    mended = [explanation for explanation in untrue if explanation.repair]
    assert len(untrue) >= 0.8 * count and len(mended) >= 0.8 * len(untrue)
