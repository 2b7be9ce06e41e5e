"""Formulas in sentences, of the proofs and the lessons, are read too; the rest is listed."""

import json
import re
import warnings
from pathlib import Path

import pytest

from lmteach.proofs import EQUATIONS, REGISTER, equations
from lmteach.reading import explain

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
INLINE = re.compile(r"(?<!\$)\$([^$]+)\$(?!\$)")
DISPLAY = re.compile(r"\$\$.*?\$\$|`[^`]*`|\[[^]]*\]\([^)]*\)", re.S)
# Words, and what ends a formula in a sentence.
WORDS = re.compile(
    r"\b(?!(?:Jv|Jh|JJ|Hh|vH|Ah|gh)\b)[A-Za-z]{2,}\b|[,;:.](?=\s|$)|\(P\d+\w?[^)]*\)"
)
RELATION = re.compile(r"\S\s*[=<>≤≥]\s*\S")
SETTING = re.compile(
    r"[(]?[\w∇′″*]+ ?[=<>≤≥] ?[−-]?[\d.⁻⁰-⁹½⅓·]+[)]?"
)  # μ = 0.1, h = 0: no formula
LIST = Path(__file__).with_name("sentences_not_read.txt")  # what a person has looked at


def formulas(text):
    """Return the formulas with a relation in a sentence."""
    pieces = [piece.strip(" ,.") for piece in WORDS.split(text)]
    whole = [p for p in pieces if p.count("(") == p.count(")") and len(p) > 4]
    return [p for p in whole if RELATION.search(p) and p[0] not in "=<>≤≥" and not is_setting(p)]


def is_setting(formula):
    """Return whether it only gives a name a number."""
    return bool(SETTING.fullmatch(formula))


def verdict(formula, tags):
    """Return "true" where a formula is so in a scene of these equations; else what it is."""
    found = set()
    for where in {EQUATIONS[tag].scene for tag in tags}:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.add(explain(formula, where).verdict)
        if "true" in found:
            return "true"
    return "untrue" if "untrue" in found else "unreadable"


def in_proofs():
    """Yield (name of the proof, formula, tags of its equations)."""
    tags = {}
    for equation in equations():
        tags.setdefault(equation.proof, []).append(equation.tag)
    for name, prove in REGISTER.items():
        for formula in formulas(prove.statement) if name in tags else ():
            yield name, formula, tags[name]


def in_lesson(path):
    """Yield the formulas in the prose of a lesson, $…$ and Unicode."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            text = DISPLAY.sub("; ", "".join(cell["source"])).replace("\n", " ").replace("**", "")
            yield from (f for f in INLINE.findall(text) if RELATION.search(f) and not is_setting(f))
            yield from formulas(INLINE.sub("; ", text).replace("|", "; "))


def judged():
    """Return {line of the list: verdict} of every formula in a sentence that a scene may judge."""
    found = {}
    for name, formula, tags in in_proofs():
        found[f"{name}: {formula}"] = verdict(formula, tags)
    for path in NOTEBOOKS:
        lesson = path.stem.partition("_")[0]
        tags = [equation.tag for equation in equations() if equation.lesson == lesson]
        for formula in in_lesson(path) if tags else ():
            found[f"{lesson}: {formula}"] = verdict(formula, tags)
    return found


@pytest.mark.full
def test_every_formula_in_a_sentence_is_so_or_listed():
    found = judged()
    listed = set(LIST.read_text(encoding="utf-8").splitlines())
    new = {line for line, is_so in found.items() if is_so != "true"} - listed
    assert not new, "look at these; python tests/test_sentences.py lists them: " + repr(new)
    assert sum(is_so == "true" for is_so in found.values()) >= 120


def test_the_proofs_sentences():
    listed = set(LIST.read_text(encoding="utf-8").splitlines())
    for name, formula, tags in list(in_proofs())[::4]:
        assert f"{name}: {formula}" in listed or verdict(formula, tags) == "true"


if __name__ == "__main__":
    lines = sorted(line for line, is_so in judged().items() if is_so != "true")
    LIST.write_text("\n".join(lines) + "\n", encoding="utf-8")
