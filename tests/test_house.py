"""Imports go one way, from upper floors to lower ones; those inside a function count, too."""

import ast
from pathlib import Path

import pytest

import lmteach

PACKAGE = Path(lmteach.__file__).resolve().parent
CORE = (  # what a learner reads after lesson 08
    *("network", "layers", "losses", "linearization", "damping", "stopping", "trace"),
    *("problems", "solvers"),
)
LONGEST_CORE = 1150  # lines, with docstrings
# From the ground up; a name is a module or a package of lmteach. On one floor a module may import
# from those that stand before it. Inside a package everything is allowed but a circle.
FLOORS = (
    (
        "html",
        "wording",
        "initialization",
        "primitives",
        "checks",
        "weighing",
        "data",
        "covariance",
        "derivatives",
        "jacobians",
        "datasets",
        "assembly",
        "options",
    ),
    ("network", "layers", "losses", "linearization", "damping", "trace", "stopping"),
    ("problems", "curve_fit", "box", "wrappers", "bounds", "entrance"),
    ("cross_entropy", "routes", "network_fit"),
    ("undamped", "solvers", "verdict", "stages", "profile", "uncertainty", "solving"),
    (
        "examples",
        "standard_problems",
        "symbolic",
        "slices",
        "multistart",
        "evidence",
        "reading",
        "litmus",
        "replicas",
        "rivals",
        "algorithms",
    ),
    ("figures", "proofs", "exercises"),
    ("cells", "stage", "knobs", "touch", "widgets"),
    ("__init__", "command", "__main__"),
)
# Of each of these none imports from another: what two of them need stands on a floor below, and
# a figure is handed a report as data. An exercise may ask litmus and reading, a proof reading.
APART = (
    ("figures", "proofs", "exercises"),
    ("figures", "proofs", "litmus"),
    ("figures", "reading", "litmus"),
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
ORDER = {name: place for place, name in enumerate(sum(FLOORS, ()))}


# Reading the imports


def modules(package):
    """Return {name: path} of a package, such as {"figures.runs": …}; its face is "__init__"."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


def read_imports(package):
    """Return {name: names it imports} for the modules of a package, itself left out."""
    known = modules(package)
    return {name: _imports_of(name, known, package.name) - {name} for name in known}


def _imports_of(name, known, package):
    tree = ast.parse(known[name].read_text(encoding="utf-8"))
    wanted = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            base = _base(node, name, known[name], package)
            wanted |= {f"{base}.{alias.name}" for alias in node.names}
    return {_module(full, known, package) for full in wanted} - {None}


def _base(node, name, path, package):
    """Return the module after `from`, in full: the dots of a relative import are resolved."""
    if not node.level:
        return node.module
    inside = [] if name == "__init__" else name.split(".")
    folders = [package, *(inside if path.name == "__init__.py" else inside[:-1])]
    base = folders[: len(folders) - node.level + 1]
    return ".".join([*base, *filter(None, [node.module])])


def _module(full, known, package):
    """Return the module that a full name is in: "lmteach.figures.fig_loss" is in "figures"."""
    first, *parts = full.split(".")
    if first != package:
        return None
    while parts and ".".join(parts) not in known:
        parts = parts[:-1]
    return ".".join(parts) or "__init__"


# Judging them


def top(name):
    """Return the name in FLOORS: "figures" for "figures.runs"."""
    return name.partition(".")[0]


def arrows(imports):
    """Return every (importer, imported) that leads from one name of FLOORS to another."""
    pairs = [(name, other) for name, others in imports.items() for other in sorted(others)]
    return [(a, b) for a, b in pairs if top(a) != top(b)]


def without_floor(imports):
    """Return a sentence for every module or package that FLOORS does not name."""
    return [
        f"{name} has no floor: name it in FLOORS of tests/test_house.py, as low as its imports "
        "allow, and in the README's plan of the package"
        for name in sorted({top(name) for name in imports} - set(FLOOR))
    ]


def upward(imports):
    """Return a sentence for every import that does not lead downwards."""
    return [
        f"{a} (floor {FLOOR[top(a)]}) imports {b} (floor {FLOOR[top(b)]}): import from lower "
        "floors, or from what stands earlier on the same one; move down what both need"
        for a, b in arrows(imports)
        if {top(a), top(b)} <= set(FLOOR) and ORDER[top(b)] > ORDER[top(a)]
    ]


def across(imports):
    """Return a sentence for every import between two packages that are kept apart."""
    return [
        f"{a} imports {b}: {top(a)} and {top(b)} do not import from each other; move down what "
        "both need, examples.py for instance"
        for a, b in arrows(imports)
        if any({top(a), top(b)} <= set(names) for names in APART)
    ]


def circle(imports):
    """Return the modules of one circle, the first again at the end; [] if there is none.

    Modules that import nothing more are taken away, again and again: a circle remains.
    """
    left = {name: set(others) for name, others in imports.items()}
    while done := {name for name, others in left.items() if not others & set(left)}:
        left = {name: others - done for name, others in left.items() if name not in done}
    path = sorted(left)[:1]
    while path and path[-1] not in path[:-1]:
        path.append(min(left[path[-1]] & set(left)))
    return path[path.index(path[-1]) :] if path else []


# The package


@pytest.fixture(scope="module")
def imports():
    return read_imports(PACKAGE)


def test_every_import_of_the_package_is_seen(imports):
    assert {"damping", "widgets"} <= imports["__init__"]  # widgets inside a function
    assert {"figures", "figures.damping", "slices"} <= imports["widgets"]
    assert imports["__main__"] == {"command.cli"}
    assert {"command.lessons", "examples", "__init__"} <= imports["command.doctor"]
    assert imports["checks"] == {"primitives"}


def expect_none(sentences):
    """Fail with all of these sentences, if there are any."""
    if sentences:
        pytest.fail("\n".join(sentences), pytrace=False)


def test_every_module_has_its_floor(imports):
    expect_none(without_floor(imports))


def test_imports_lead_downwards(imports):
    expect_none(upward(imports))


def test_figures_proofs_and_exercises_stand_side_by_side(imports):
    expect_none(across(imports))


def test_there_is_no_circle(imports):
    assert circle(imports) == []


def test_the_learners_core_is_read_in_an_afternoon():
    lines = sum(
        len((PACKAGE / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in CORE
    )
    assert lines <= LONGEST_CORE


def test_each_name_has_one_floor():
    assert len(ORDER) == len(sum(FLOORS, ()))
    assert set(sum(APART, ())) <= set(FLOOR)


# Small packages made here, each with one thing wrong


@pytest.fixture
def house(tmp_path):
    """Return a function that writes a package {file: text} and reads its imports."""

    def build(files):
        for name, text in ({"__init__.py": ""} | files).items():
            path = tmp_path / "lmteach" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return read_imports(tmp_path / "lmteach")

    return build


@pytest.mark.parametrize(
    "line",
    [
        "from .figures import fig_loss",
        "from .figures.runs import fig_loss",
        "from . import figures",
        "import lmteach.figures",
        "import lmteach.figures.runs as runs",
        "from lmteach import figures",
        "from lmteach.figures.runs import fig_loss",
        "def plot(trace):\n    from .figures.runs import fig_loss\n    return fig_loss(trace)",
        "class Trace:\n    def plot(self):\n        from lmteach import figures\n",
    ],
)
def test_an_import_from_an_upper_floor_is_found(house, line):
    figures = {"figures/__init__.py": "from .runs import fig_loss", "figures/runs.py": ""}
    [said] = upward(house({"trace.py": line} | figures))
    assert said.startswith("trace (floor 1) imports figures")
    assert "(floor 6): import from lower floors" in said


def test_what_lies_lower_or_earlier_may_be_imported(house):
    imports = house(
        {
            "checks.py": "import math\nfrom collections.abc import Callable",
            "layers.py": "from .network import Layer\nfrom .checks import positive",
            "network.py": "from .checks import positive",
            "figures/__init__.py": "from . import runs",
            "figures/runs.py": "from ..layers import Tanh\nfrom .picture import Picture",
            "figures/picture.py": "from ..checks import positive",
        }
    )
    assert imports["checks"] == set()
    assert imports["figures.runs"] == {"layers", "figures.picture"}
    assert upward(imports) == across(imports) == circle(imports) == without_floor(imports) == []


def test_one_floor_has_an_order(house):
    [said] = upward(house({"network.py": "from .layers import Tanh", "layers.py": ""}))
    assert said.startswith("network (floor 1) imports layers (floor 1)")


@pytest.mark.parametrize("line", ["from ..proofs.base import same", "from .. import proofs"])
@pytest.mark.parametrize("importer", ["figures", "exercises", "litmus"])
def test_an_import_to_the_side_is_found(house, importer, line):
    proofs = {"proofs/__init__.py": "", "proofs/base.py": ""}
    imports = house({f"{importer}/__init__.py": "", f"{importer}/base.py": line} | proofs)
    [said] = across(imports)
    assert said.startswith(f"{importer}.base imports proofs")


def test_an_exercise_may_ask_litmus_and_a_figure_may_not(house):
    line = "from ..litmus.report import TITLES"
    files = {"litmus/report.py": "", "exercises/debug.py": line, "figures/debug.py": line}
    [said] = across(house(files))
    assert said.startswith("figures.debug imports litmus.report: figures and litmus do not")


def test_a_circle_is_found_and_named(house):
    ring = {
        "proofs/__init__.py": "from . import a",
        "proofs/a.py": "from .b import x",
        "proofs/b.py": "def late():\n    from .c import x",
        "proofs/c.py": "from . import a",
    }
    assert circle(house(ring)) == ["proofs.a", "proofs.b", "proofs.c", "proofs.a"]


def test_what_is_found_fails():
    expect_none([])
    with pytest.raises(pytest.fail.Exception, match="checks imports widgets"):
        expect_none(["checks imports widgets"])


def test_a_module_without_a_floor_is_told_where_to_go(house):
    [said] = without_floor(house({"quantum.py": "", "checks.py": ""}))
    assert said.startswith("quantum has no floor: name it in FLOORS of tests/test_house.py")
