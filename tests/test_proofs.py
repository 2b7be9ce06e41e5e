"""Every proof holds, and fails with a slip in it; every displayed equation has a proof below."""

import importlib
import inspect
import json
import pkgutil
import re
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import lmteach
from lmteach import LeastSquares
from lmteach.proofs import EQUATIONS, REGISTER, NotProved, close, equations, holds, same
from lmteach.proofs.base import Said

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
FALSE = {}
for module in pkgutil.iter_modules([str(Path(__file__).parent / "false_statements")]):
    more = importlib.import_module(f"false_statements.{module.name}").FALSE
    assert not FALSE.keys() & more.keys()
    FALSE |= more

SECONDS = 15  # a proof takes a few at most
DISPLAY = re.compile(r"\$\$(.*?)\$\$", re.S)
TAG = re.compile(r"\s*\\tag\{([^}]*)\}\s*$")


@pytest.fixture(scope="module")
def proved():
    return {}


@pytest.mark.parametrize("name", sorted(REGISTER))
def test_the_proof_holds(name):
    proof = REGISTER[name]()
    assert proof.seconds < SECONDS
    assert proof.statement and proof.checked_for in str(proof) and "Checked with" in str(proof)
    assert proof.source and '"""' not in proof.source
    assert proof.latex and proof.statement.split()[0][0] in proof._repr_html_()


@pytest.mark.parametrize("name", sorted(REGISTER))
def test_a_slip_in_it_is_noticed(name):
    function, given = inspect.unwrap(REGISTER[name]), REGISTER[name].given
    old, new = FALSE[name]
    source = textwrap.dedent(inspect.getsource(function))
    head, body = source.split('"""', 2)[0], source.split('"""', 2)[2]
    printed = [said for equations in given for said in equations.values() if old in said.latex]
    assert body.count(old) + len(printed) == 1, f"{old!r} stands {body.count(old)} times in {name}"
    namespace = dict(function.__globals__)
    exec(head[head.index("def ") :] + '"""…"""' + body.replace(old, new), namespace)
    with pytest.raises(NotProved):
        namespace[name](*(with_slip(equations, old, new) for equations in given))


def with_slip(equations, old, new):
    """The same equations, one of them with a slip in its LaTeX."""
    slip = {
        tag: replace(said, latex=said.latex.replace(old, new, 1)) for tag, said in equations.items()
    }
    return Said(slip)


def test_every_slip_belongs_to_a_proof():
    assert set(FALSE) == set(REGISTER)


def displayed(path):
    """(tag, LaTeX, text of the cell below) for each displayed equation of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell, below in zip(cells, [*cells[1:], None], strict=True):
        for latex in (
            DISPLAY.findall("".join(cell["source"])) if cell["cell_type"] == "markdown" else ()
        ):
            tag = TAG.search(latex)
            under = "".join(below["source"]) if below and below["cell_type"] == "code" else ""
            yield tag and tag[1], TAG.sub("", latex), under


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_displayed_equation_is_registered_and_checked_below(path):
    for tag, latex, under in displayed(path):
        assert tag, f"no \\tag in {latex!r}"
        assert tag in EQUATIONS, f"({tag}) is not registered: {latex!r}"
        assert " ".join(latex.split()) == " ".join(EQUATIONS[tag].latex.split())
        assert EQUATIONS[tag].lesson == path.stem.split("_")[0]
        assert re.search(r"\bassert\b|\bprove_\w+\(", under), f"({tag}): no check in the cell below"


def test_no_entry_is_unused():
    shown = [tag for path in NOTEBOOKS for tag, _, _ in displayed(path)]
    assert sorted(filter(None, shown)) == sorted(EQUATIONS)
    with_equations = {equation.proof for equation in EQUATIONS.values()}
    here = {path.stem.split("_")[0] for path in NOTEBOOKS}
    idle = {name for name, prove in REGISTER.items() if name not in with_equations}
    assert all(REGISTER[name].lesson and REGISTER[name].lesson not in here for name in idle), idle


def test_what_an_equation_is_in_the_package_exists():
    for equation in equations():
        if equation.package:
            owner, _, name = equation.package.partition(".")
            owners = list(
                filter(
                    None, (getattr(m, owner, None) for m in map(importlib.import_module, MODULES))
                )
            )
            # A linearization's g is made when it is: no attribute of the class.
            owners = [LINE.linearize(np.ones(1))] if owner == "Linearization" else owners
            assert owners and (not name or any(hasattr(o, name) for o in owners)), equation.package


LINE = LeastSquares(lambda theta: theta - 2.0)


MODULES = [
    f"lmteach.{info.name}"
    for info in pkgutil.iter_modules(lmteach.__path__)
    if not info.name.startswith("_")
] + [f"lmteach.routes.{info.name}" for info in pkgutil.iter_modules(lmteach.routes.__path__)]


def test_a_false_statement_says_what_is_left_over():
    x = sp.Symbol("x")
    with pytest.raises(NotProved, match=r"left − right = x"):
        same(((x + 1) ** 2, x**2 + x + 1), shapes="x")
    with pytest.raises(NotProved, match="shapes"):
        same((sp.eye(2), sp.eye(3)), shapes="")
    with pytest.raises(NotProved, match="not decided: x is positive"):
        holds(("x is positive", x.is_positive), shapes="x")
    with pytest.raises(NotProved, match="0.1"):
        close(([1.0, 2.0], [1.0, 2.1]), shapes="2 numbers")


def test_the_page_lists_the_equations_in_order():
    numbers = [equation.tag for equation in equations()]
    assert numbers.index("1.2") < numbers.index("1.3")
    assert [EQUATIONS[tag].tag for tag in numbers] == numbers
