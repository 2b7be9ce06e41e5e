"""References pass their checks and agree with the package; stubs, mistakes, nonsense are named."""

import json
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

import learners
import numpy as np
import pytest

from lmteach.exercises import EXERCISES, check, hint, solution
from lmteach.exercises.base import KINDS, Exercise
from lmteach.exercises.compare import agree, difference, numbers
from lmteach.exercises.of_function import check_function
from lmteach.exercises.of_value import check_value
from lmteach.exercises.running import copied, run
from lmteach.exercises.slips import VOCABULARY, compose, part, recognised, told, turned

NOT_NEEDED = ("sympy", "matplotlib", "lmteach.proofs", "lmteach.figures")
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
IDS = sorted(EXERCISES)
NAN = float("nan")
NONSENSE = ("a word", [1, 2, "x"], 1e300, NAN, np.zeros((7, 3, 2)), {"a": 1}, lambda: 1, object())
FUNCTIONS = [id for id in IDS if EXERCISES[id].kind == "function"]
FORMULAS = [id for id in IDS if EXERCISES[id].kind == "formula"]
LEAST = 4  # mistakes of each exercise that are named
NAMED = 0.97  # of the learners' wrong answers


def answer_of(task):
    return task.reference if task.kind == "function" else task.reference()


@cache
def wrong_verdict(number):
    """What the check says of one of the learners' wrong answers."""
    id, wrong, _ = learners.WRONG[number]
    return check(id, wrong)


def is_named(verdict):
    """Whether the check says more than how far the numbers are from the right ones."""
    vague = ("is off by", "another word", "could not be tried")
    return verdict.right is False and not any(words in verdict.text for words in vague)


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No lessons here, so no progress is kept; slips may leave the range of floats."""
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


@pytest.mark.parametrize("id", IDS)
def test_our_answer_is_right(id):
    task = EXERCISES[id]
    assert task.kind in KINDS and task.task
    verdict = check(id, answer_of(task))
    assert verdict.right is True, verdict
    assert repr(verdict).startswith(f"{id}: ✓ right.")


@pytest.mark.parametrize("id", IDS)
def test_a_stub_is_not_attempted(id):
    for stub in (None, ...):
        assert check(id, stub).right is None
    if id in FUNCTIONS:
        assert repr(check(id, lambda *arguments: None)) == f"{id}: not attempted yet"
    if id in FORMULAS:
        assert repr(check(id, r"…")) == f"{id}: not attempted yet"


@pytest.mark.parametrize("id", IDS)
def test_our_answer_agrees_with_the_package(id):
    task = EXERCISES[id]
    if task.package is None:
        return
    rng = np.random.default_rng(7)
    for _ in range(task.draws if task.kind == "function" else 1):
        arguments = task.inputs(rng) if task.kind == "function" else ()
        assert agree(
            task.package(*copied(arguments)),
            task.reference(*copied(arguments)),
            task.tolerance,
            task.digits,
        )


def answered(task, slip):
    """The answer of a learner who makes this slip."""
    wrong = compose(task.recipe or task.reference, (slip,))
    return wrong if task.kind == "function" else wrong()


def with_a_pool(task):
    """The exercise with a few random inputs, drawn once: 8.1 looks long for its own."""
    if task.kind != "function":
        return task
    rng = np.random.default_rng()
    pool = [task.inputs(rng) for _ in range(8)]
    return replace(task, inputs=lambda rng: pool[rng.integers(len(pool))])


@pytest.mark.parametrize("id", IDS)
def test_each_slip_is_recognised(id):
    """By its own sentence, or where two slips give the same here, by the first one's."""
    task = with_a_pool(EXERCISES[id])
    judged = {"function": check_function, "value": check_value}.get(task.kind)
    for number, slip in enumerate(task.slips):
        answer = answered(task, slip)
        right, said = judged(task, answer) if judged else (False, check(id, answer).text)
        assert right is False, slip
        before = [slip.sentence for slip in task.slips[: number + 1]]
        assert any(sentence in said for sentence in before), (slip, said)


@pytest.mark.full
@pytest.mark.parametrize("id", FUNCTIONS)
def test_no_slip_passes_by_the_luck_of_the_draw(id):
    """A square J for `solve(J, -r)`, equal layers for their first and last: rare, never five."""
    task, rng = EXERCISES[id], np.random.default_rng(1)
    pool = [task.inputs(rng) for _ in range(20)]
    right = [task.reference(*copied(arguments)) for arguments in pool]
    for slip in task.slips:
        ran = [run(answered(task, slip), [arguments]) for arguments in pool]
        lucky = sum(
            bool(one.results and agree(one.results[0], ours, task.tolerance, task.digits))
            for one, ours in zip(ran, right, strict=True)
        )
        assert lucky / len(pool) <= 0.2, (slip.sentence, lucky)


@pytest.mark.parametrize("id", IDS)
def test_at_least_four_mistakes_have_sentences_of_their_own(id):
    """Those of the vocabulary and, of a witness or a formula, what the check says it saw."""
    said = {slip.sentence for slip in EXERCISES[id].slips}  # each is recognised: the test above
    mine = [n for n, (i, *_) in enumerate(learners.WRONG) if i == id]
    if EXERCISES[id].kind == "witness" and not mine:
        pytest.skip("no learner's answer to this exercise has been written down yet")
    said |= {wrong_verdict(n).text for n in mine if is_named(wrong_verdict(n))}
    assert len(said) >= (2 if id in FORMULAS else LEAST), said


@pytest.mark.parametrize("id", IDS)
def test_right_answers_in_other_ways_are_right(id):
    for answer in (answer for i, answer in learners.RIGHT if i == id):
        verdict = check(id, answer)
        assert verdict.right is True, (answer, verdict)


@pytest.mark.parametrize("id", IDS)
def test_wrong_answers_are_not_right_and_their_mistake_is_said(id):
    for number in (n for n, (i, *_) in enumerate(learners.WRONG) if i == id):
        *_, words = learners.WRONG[number]
        verdict = wrong_verdict(number)
        assert verdict.right is False, (number, verdict)
        assert not [word for word in words if word not in verdict.text], (words, verdict)


def test_most_wrong_answers_are_named():
    verdicts = [wrong_verdict(number) for number in range(len(learners.WRONG))]
    assert len(learners.WRONG) >= 150 and len(learners.RIGHT) >= 60
    assert np.mean([is_named(verdict) for verdict in verdicts]) >= NAMED


def accuse(id, times):
    """Verdicts on the reference and on other right answers, with fresh inputs each time."""
    answers = [answer for i, answer in learners.RIGHT if i == id]
    for answer in (answer_of(EXERCISES[id]), *answers):
        for _ in range(times):
            verdict = check(id, answer)
            assert verdict.right is True, (answer, verdict)


@pytest.mark.parametrize("id", FUNCTIONS)
def test_nobody_is_accused_in_ten_draws(id):
    for _ in range(10 // EXERCISES[id].draws):
        assert check(id, EXERCISES[id].reference).right is True


@pytest.mark.full
@pytest.mark.parametrize("id", IDS)
def test_nobody_is_accused_in_two_hundred_draws(id):
    accuse(id, 200 // EXERCISES[id].draws if id in FUNCTIONS else 1)


@pytest.mark.parametrize("id", IDS)
def test_nonsense_is_no_exception(id):
    for nonsense in NONSENSE:
        verdict = check(id, nonsense)
        assert verdict.right is False and len(verdict.text) > 5, (nonsense, verdict)


@pytest.mark.parametrize("id", ["4.2", "7.2", "11.1"])
def test_a_function_that_is_off_is_told_so(id):
    reference = EXERCISES[id].reference

    def off(*arguments):
        result = reference(*arguments)
        if isinstance(result, tuple):
            return tuple(np.asarray(x) + 1e3 for x in result)
        return np.asarray(result) + 1e3

    verdict = check(id, off)
    assert verdict.right is False and "hint(" in verdict.text


@pytest.mark.parametrize("id", IDS)
def test_hints_and_solution(id):
    assert len(EXERCISES[id].hints) == 3
    for number in (1, 2, 3):
        assert repr(hint(id, number)).startswith(f"Hint {number} of 3: ")
    assert solution(id).startswith("def ") or id in FORMULAS
    with pytest.raises(ValueError, match=r"number = 4: expected 1 to 3"):
        hint(id, 4)


# How answers are read and compared


class Tensor:
    """Has what a tensor of PyTorch has, and no __array__."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.values


@pytest.mark.parametrize("id", FUNCTIONS)
def test_tensors_and_lists_are_answers(id):
    reference = EXERCISES[id].reference

    def wrapped(kind):
        def answer(*arguments):
            result = reference(*arguments)
            return tuple(map(kind, result)) if isinstance(result, tuple) else kind(result)

        return answer

    assert check(id, wrapped(Tensor)).right is True
    assert check(id, wrapped(lambda x: np.asarray(x).tolist())).right is True


def test_single_precision_is_enough():
    def damped_step(J, r, mu):
        return EXERCISES["7.2"].reference(J.astype("f4"), r.astype("f4"), np.float32(mu))

    assert check("7.2", damped_step).right is True


def test_complex_answers_keep_their_imaginary_part():
    assert numbers([1 + 2j]).dtype.kind == "c"
    assert "complex" in check("1.3", 0.04 + 1j).text
    assert check("1.3", 0.04 + 0j).right is True
    reference = EXERCISES["7.2"].reference
    assert "complex" in check("7.2", lambda J, r, mu: reference(J, r, mu) + 1e-3j).text


@pytest.mark.parametrize("nothing", [None, True, "word", {1: 2}, [1, [2, 3]], object(), [None]])
def test_what_is_not_a_number_is_none(nothing):
    assert numbers(nothing) is None


def of_two(tolerance=1e-6):
    return Exercise(
        "0.0", "function", "", lambda: None, (), names=("∂F/∂W", "∂F/∂b"), tolerance=tolerance
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((np.ones((2, 2)), np.ones((3, 1))), "∂F/∂W is right. ∂F/∂b has the shape (3, 1)"),
        ((np.ones(4), np.ones(3)), "∂F/∂b is right. ∂F/∂W has the shape (4,)"),
        ((np.ones((2, 2)), [1, 1, 1.5]), "∂F/∂W is right. ∂F/∂b is off by 0.5 of the largest"),
        ([np.ones((2, 2)), [1, 1, 1.5]], "∂F/∂W is right. ∂F/∂b is off by 0.5 of the largest"),
        ((np.ones((2, 2)), [1, 1, np.nan]), "∂F/∂W is right. There is a nan or an inf in ∂F/∂b."),
        ((np.ones((2, 2)), None), "∂F/∂W is right. ∂F/∂b is a NoneType: expected numbers"),
        ((np.ones((2, 2)),), "Expected 2 values: ∂F/∂W, ∂F/∂b."),
    ],
)
def test_the_first_of_several_values_that_differs_is_named(answer, said):
    assert difference(answer, (np.ones((2, 2)), np.ones(3)), of_two(), {}).startswith(said)


def test_each_value_has_a_tolerance_of_its_own():
    expected = (1.0, 100.0)
    assert agree((1.0, 100.5), expected, (1e-6, 1e-2))
    assert not agree((1.005, 100.0), expected, (1e-6, 1e-2))
    assert not agree((1.005, 100.0), expected, 1e-6)


@pytest.mark.parametrize(
    ("answer", "good"),
    [(0.153, True), (0.154, True), (0.1538, True), (0.15, False), (0.156, False), (-0.153, False)],
)
def test_three_digits_may_be_cut_or_rounded(answer, good):
    assert agree(answer, 2 / 13, 1e-6, digits=3) is good


def test_what_differs_is_said_of_an_input_where_it_does():
    task = Exercise(
        id="0.0",
        kind="function",
        task="",
        reference=lambda x: (x, abs(x)),
        hints=(),
        inputs=lambda rng: [rng.uniform(-1, 1, size=2) - 0.5],
        names=("the first", "the second"),
    )
    right, said = check_function(task, lambda x: (x, x + 7))
    assert right is False and said.startswith("The first is right. With twice the x, ")


def test_a_function_that_writes_into_its_arguments_spoils_nothing():
    arguments = [np.zeros(2), (np.zeros(2), [np.zeros(2), "word"]), 3.0]
    plain, (inner, (deeper, word)), number = copied(arguments)
    for array in (plain, inner, deeper):
        array += 1
    assert (word, number) == ("word", 3.0) and type(copied(arguments)[1]) is tuple
    assert not arguments[0].any() and not arguments[1][0].any() and not arguments[1][1][0].any()


# Where a mistake lies that no slip explains


def solved(J, r, mu):
    return np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -J.T @ r)


UNKNOWN = [  # (id, a mistake that is in no list, what is said)
    ("7.2", lambda J, r, mu: solved(J, r, mu * np.linalg.norm(J)), "damped step of another μ"),
    ("7.2", lambda J, r, mu: solved(J, r, mu) / mu**2, "h is ours, divided by mu²"),
    ("7.2", lambda J, r, mu: solved(J, r, mu) * 7, "h is 7 times ours, whatever is handed in"),
    ("7.2", lambda J, r, mu: solved(J, r, mu) * r.max() ** 2, "right direction, and another"),
    ("7.2", lambda J, r, mu: solved(J, r**3, mu), "right where r is 1 everywhere"),
    ("7.2", lambda J, r, mu: solved(J, r, mu) - mu * r @ J, "right where μ is 0: look again"),
    ("7.3", lambda J, r, mu, c: c**2 * solved(J, r, mu), "right where c is 1"),
    (
        "5.2",
        lambda X, W1, b1, W2, b2: (
            learners.J_of(X, W1, b1, W2, b2, bias=True)
            * np.append(np.ones(W1.size + len(b1) + W2.size), 0 * b2)
        ),
        "those of b2 are not",
    ),
    ("4.1", lambda d, W, a: (d @ W) * np.cosh(a), "right where a is 0"),
    ("4.1", lambda d, W, a: (d @ W) * 0.3, "does not depend on a, and it should"),
    (
        "9.3",
        lambda N, P, a, r: a * (2 * N * P + N * P**2 / 2 + P**3 / 6) + r * N,
        "right where no trial is refused",
    ),
    ("A.2", lambda x, w, b: learners.chain(x, w, b, slope=lambda a: np.cosh(a)), "Going back"),
    ("11.1", lambda s, n: (learners.priced(s, n)[0], 7.0), "The price of rows is right. The price"),
]


@pytest.mark.parametrize(("id", "wrong", "said"), UNKNOWN)
def test_an_unknown_mistake_is_located(id, wrong, said):
    verdict = check(id, wrong)
    assert verdict.right is False and said in verdict.text, verdict


def test_a_path_that_departs_is_told_with_its_mu():
    def thrice(*task):
        return learners.loop(*task, mu0=None, halved=0.7)

    said = check("8.1", thrice).text
    assert "Your path departs at trial" in said and "times ours. Look at what mu becomes" in said


# The vocabulary


def test_two_slips_compose_where_they_change_different_things():
    def recipe(x, factor=1.0, power=1):
        return factor * x**power

    twice, squared = part("twice", factor=2.0), part("squared", power=2)
    thrice, negative = part("thrice", factor=3.0), turned("negative", lambda y, x: -y)
    assert twice.fits(squared) and not twice.fits(thrice)
    slips = (twice, squared, thrice, negative)

    def like(*kinds):
        wrong = compose(recipe, kinds)
        return recognised(recipe, slips, lambda f: all(f(x) == wrong(x) for x in (2.0, 5.0)))

    assert like(twice) == (twice,)
    assert like(twice, squared) == (twice, squared)
    assert like(squared, negative) == (squared, negative)
    assert told((twice, squared)) == "Two things at once. One: twice The other: squared"
    assert recognised(recipe, slips, lambda f: f(2.0) == 77) == ()


def test_words_of_the_vocabulary_say_different_things():
    sentences = [slip.sentence for slip in VOCABULARY.values()]
    assert len(set(sentences)) == len(sentences) > 40


# Formulas


@pytest.mark.parametrize("id", FORMULAS)
def test_a_flipped_sign_is_untrue_and_the_third_hint_mends_it(id):
    left, _, right = EXERCISES[id].reference().partition("=")
    wrong = f"{left}= -({right})" if "-J" not in right else f"{left}= {right.replace('-', '')}"
    verdict = check(id, wrong)
    assert verdict.right is False and "Not so" in verdict.text
    assert "It would be so with" in hint(id, 3)


def test_the_third_hint_asks_for_a_formula_first():
    from lmteach.exercises.formulas import last

    last.clear()
    assert "check one first" in hint("4.5", 3)
    check("4.5", "G = δ¹ xᵀ")
    assert "true as it stands" in hint("4.5", 3)
    check("4.5", "G = δ¹ @ @")
    assert "cannot be read" in hint("4.5", 3)


# The lessons


def test_an_exercise_is_checked_without_sympy_proofs_or_figures():
    code = f"""
import sys
from lmteach.exercises import check
assert check("1.3", 0.04).right
print(*[name for name in {NOT_NEEDED} if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_an_unknown_exercise():
    with pytest.raises(ValueError, match=r"id = '99\.1'"):
        check("99.1", 1)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_lesson_asks_for_its_exercises_and_no_others(path):
    lesson = path.stem.split("_")[0]
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code, text = (
        "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == kind)
        for kind in ("code", "markdown")
    )
    asked = re.findall(r'\bcheck\("([^"]+)"', code)
    mine = [id for id in IDS if id.split(".")[0].zfill(len(lesson)) == lesson]
    assert sorted(asked) == sorted(mine)
    for id in mine:
        assert f"Exercise {id}" in text
    if mine:
        (line,) = re.findall(r"from lmteach\.exercises import ([^#\n]*)", code)
        assert set(re.split(r",\s*", line.strip())) >= {"check", "hint", "progress", "solution"}
