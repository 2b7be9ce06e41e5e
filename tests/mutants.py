"""Mutants: small changes of the solvers, each of which a test should notice.

    python tests/mutants.py                     all of them; prints those that no test notices
    python tests/mutants.py --part 1/2          every second one, so that two processes share them
    python tests/mutants.py stages verdict      those of two modules
    python tests/mutants.py --list              what they are, without running them

A mutant is a module with one sign, factor, comparison, `and`, `min`, term or number changed. Each
runs in a process of its own, in which the changed module stands for the module in the package; the
first test that fails ends it. Tests that killed before come first, then the quick ones. A mutant
that runs for much longer than all tests together is taken for an endless loop, and counts as
killed. Tests that fail without any change are left out, and named.
"""

import argparse
import ast
import importlib.machinery
import importlib.util
import io
import multiprocessing
import os
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy starts its threads

import hypothesis  # noqa: E402  what the tests import: a forked process has it already
import pytest  # noqa: E402
import scipy.optimize  # noqa: E402, F401
import sympy  # noqa: E402, F401

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "lmteach"
FILES = {  # of tests: those that most likely notice a change of the module come first
    "solvers": ("solvers",),
    "stages": ("thresholds",),
    "verdict": ("thresholds",),
    "solving": ("thresholds", "solve"),
    "stopping": ("thresholds", "stopping"),
    "options": ("thresholds", "stopping"),
    "undamped": ("solvers",),
    "damping": ("damping",),
    "derivatives": ("derivative_thresholds", "derivatives"),
    "linearization": ("linearization",),
}
MODULES = tuple(FILES)
TESTS = (
    "thresholds", "derivative_thresholds", "stopping", "damping", "derivatives", "linearization",
    "solvers", "solve", "problems", "bounds", "bad_input",
)  # fmt: skip
SLOW = 0.2  # seconds: a test that takes longer is left out; what it alone sees, a quick one should
SPARE = 20.0  # seconds that a mutant may take beyond three times what all tests take
FORK = "fork" if hasattr(os, "fork") else "spawn"


# --- what is changed


class Mutant(NamedTuple):
    """A change of one node of a module's syntax tree."""

    module: str
    node: int  # its place in ast.walk
    change: int  # which of the changes of that node
    line: int
    before: str
    after: str

    def __str__(self):
        return f"{self.module}.py:{self.line}: {self.before}  →  {self.after}"

    @property
    def code(self):
        """Module and changed text, without the line: by this an equivalent mutant is named."""
        return f"{self.module}: {self.after}"


SWAPPED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.And: ast.Or,
    ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}  # fmt: skip
RENAMED = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all",
    "all": "any",
}  # fmt: skip
THRESHOLD = 10  # a float, or a whole number from here on, is a threshold: × 100 and / 100
WORDS = (ast.JoinedStr, ast.Raise, ast.arg)


def changes(node):
    """Functions that change a node in place, each in another way."""
    if isinstance(node, ast.Compare):
        return [
            lambda i=i, op=op: node.ops.__setitem__(i, SWAPPED[type(op)]())
            for i, op in enumerate(node.ops)
            if type(op) in SWAPPED
        ]
    if isinstance(node, (ast.BoolOp, ast.BinOp)) and type(node.op) in SWAPPED:
        swap = [lambda: setattr(node, "op", SWAPPED[type(node.op)]())]
        return [] if _is_text(node) else swap + _dropped_terms(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Invert)):
        return [lambda: _become(node, node.operand)]
    if isinstance(node, (ast.Name, ast.Attribute)):
        field = "id" if isinstance(node, ast.Name) else "attr"
        name = getattr(node, field)
        return [lambda: setattr(node, field, RENAMED[name])] if name in RENAMED else []
    if isinstance(node, ast.Constant):
        return [lambda v=v: setattr(node, "value", v) for v in _neighbours(node.value)]
    return []


def _is_text(node):
    parts = getattr(node, "values", None) or (node.left, node.right)
    kinds = (ast.JoinedStr, ast.List)
    return any(isinstance(p, kinds) or isinstance(getattr(p, "value", 0), str) for p in parts)


def _dropped_terms(node):
    """a + b and a − b without b."""
    if not isinstance(node.op, (ast.Add, ast.Sub)):
        return []
    return [lambda: _become(node, node.left)]


def _become(node, other):
    node.__class__, node.__dict__ = other.__class__, other.__dict__


def _neighbours(value):
    """The values that are put in place of a constant."""
    if isinstance(value, float) or isinstance(value, int) and value >= THRESHOLD:
        return [value * 100, value / 100] if value else []
    return [value - 1, value + 1] if isinstance(value, int) and value >= 2 else []


def nodes_of(module):
    """The syntax tree of a module, and its nodes in order."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    return tree, list(ast.walk(tree))


def mutants_of(module):
    """Every Mutant of a module, by lines."""
    tree, nodes = nodes_of(module)
    parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
    found = []
    for place, node in enumerate(nodes):
        if _is_untouched(node, parents):
            continue
        for number in range(len(changes(node))):
            before, after = _texts(module, place, number)
            if before != after:
                found.append(Mutant(module, place, number, node.lineno, before, after))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.node))


def _is_untouched(node, parents):
    """Whether a node is part of words, of a type, or of the index in a[i]."""
    while above := parents.get(node):
        if isinstance(above, ast.Subscript) and node is not above.value and not _is_mask(node):
            return True
        if isinstance(above, ast.AnnAssign) and node is above.annotation:
            return True
        if isinstance(above, WORDS):
            return True
        node = above
    return False


def _is_mask(index):
    return any(isinstance(part, (ast.Compare, ast.Invert)) for part in ast.walk(index))


def _texts(module, place, number, longest=76):
    """Before and after: the largest part of the code around the node that is short enough."""
    tree, nodes = nodes_of(module)
    parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
    shown = node = nodes[place]
    while (node := parents.get(node)) and not isinstance(node, ast.Module):
        text = ast.unparse(node)
        if len(text) > longest or "\n" in text:
            break
        shown = node
    before = ast.unparse(shown)
    changes(nodes[place])[number]()
    return before, ast.unparse(shown)


def changed_code(mutant):
    """The mutant's module, compiled."""
    tree, nodes = nodes_of(mutant.module)
    changes(nodes[mutant.node])[mutant.change]()
    return compile(ast.fix_missing_locations(tree), str(PACKAGE / f"{mutant.module}.py"), "exec")


# --- how it is run


class Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from the code of a mutant."""

    mutant = None

    def get_code(self, name):
        return changed_code(self.mutant)


class Finder:
    """Finds one module of the package, and has it loaded from the code of a mutant."""

    def __init__(self, mutant):
        self.name, self.mutant = f"lmteach.{mutant.module}", mutant

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        file = str(PACKAGE / f"{self.mutant.module}.py")
        loader = Changed(name, file)
        loader.mutant = self.mutant
        return importlib.util.spec_from_file_location(name, file, loader=loader)


class Watch:
    """A plugin of pytest: runs the tests in a given order, and notes what failed and how long."""

    def __init__(self, order=None):
        self.order, self.failed, self.seconds = order, [], {}

    def pytest_collection_modifyitems(self, items):
        if self.order is not None:
            place = {name: i for i, name in enumerate(self.order)}
            items[:] = [item for item in items if item.nodeid in place]
            items.sort(key=lambda item: place[item.nodeid])

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)


def run_tests(mutant, names, order, pipe):
    """In a process of its own: run the tests of some files, and send what they said."""
    sys.path.insert(0, str(PACKAGE.parent))
    if mutant is not None:
        sys.meta_path.insert(0, Finder(mutant))
    hypothesis.settings.register_profile("same", derandomize=True, deadline=None, database=None)
    hypothesis.settings.load_profile("same")
    watch = Watch(order)
    files = [str(HERE / f"test_{name}.py") for name in names]
    quiet = ["-q", "--tb=no", "--assert=plain", "-o", "addopts=", "-m", "not full"]
    quiet += ["-p", "no:cacheprovider", "-p", "no:nbval"]
    stop = [] if mutant is None else ["-x"]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = pytest.main([*files, *quiet, *stop, f"--rootdir={HERE.parent}"], plugins=[watch])
    pipe.send((int(code), watch.failed, watch.seconds))


def in_a_process(mutant, names=TESTS, order=None, limit=None):
    """(exit code, names of failed tests, seconds by test); None beyond the limit."""
    context = multiprocessing.get_context(FORK)
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=run_tests, args=(mutant, names, order, there))
    process.start()
    there.close()
    try:
        return here.recv() if here.poll(limit) else None
    except EOFError:  # the process died
        return -1, ["the process ended"], {}
    finally:
        process.kill()
        process.join()


def killed_by(mutant, seconds, killers, limit):
    """The test that notices the mutant, None if none does."""
    order = sorted(seconds, key=lambda test: (-killers.get(test, 0), seconds[test]))
    for names in (FILES[mutant.module], TESTS):
        answer = in_a_process(mutant, names, order, limit)
        if answer is None:
            return "no end"
        code, failed, _ = answer
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            test = failed[0] if failed else "at import"
            killers[test] = killers.get(test, 0) + 1
            return test
    return None


# --- the whole


def chosen(modules, part="1/1"):
    """The mutants of these modules, every n-th from the i-th for "i/n"."""
    first, every = map(int, part.split("/"))
    found = [mutant for module in modules for mutant in mutants_of(module)]
    return found[first - 1 :: every]


def survivors(mutants, say=print):
    """Run mutants, saying what becomes of each, and return those that no test notices."""
    code, failed, seconds = in_a_process(None)
    if not seconds:
        raise RuntimeError(f"the tests do not run without a change (pytest's code {code})")
    for test in failed:
        say(f"left out, since it fails without a change: {test}")
    quick = [test for test in seconds if seconds[test] <= SLOW and test not in failed]
    seconds = {test: seconds[test] for test in quick}
    say(f"{len(quick)} tests take {sum(seconds.values()):.0f} s; {len(mutants)} mutants")
    killers, alive, limit = {}, [], 3 * sum(seconds.values()) + SPARE
    for mutant in mutants:
        began = time.monotonic()
        test = killed_by(mutant, seconds, killers, limit)
        fate = f"killed by {test}" if test else "SURVIVES"
        say(f"{fate} ({time.monotonic() - began:.1f} s): {mutant}")
        if not test:
            alive.append(mutant)
    return alive


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--part", default="1/1", help="i/n: every n-th from the i-th")
    parser.add_argument("--list", action="store_true", help="print the mutants only")
    given = parser.parse_args()
    mutants = chosen(given.modules, given.part)
    if given.list:
        return print(*mutants, sep="\n")
    began = time.monotonic()
    alive = survivors(mutants, lambda line: print(line, flush=True))
    unknown = [mutant for mutant in alive if mutant.code not in EQUIVALENT]
    print(f"\n{len(mutants)} mutants in {(time.monotonic() - began) / 60:.1f} minutes:")
    print(f"{len(mutants) - len(alive)} killed, {len(alive) - len(unknown)} known as equivalent")
    print(f"{len(unknown)} survivors", *unknown, sep="\n")
    return sys.exit(bool(unknown))


# Why a mutant that survives does what the original does; each is named by `Mutant.code`.
REASONS = {
    "it differs only where two rounded numbers are equal, and either answer is right there": [
        "stages: return 0 < reach < SHRINK * last",
        "stages: return reach >= RIGHT_ANGLE * norm(r)",
        "stages: vanished = last.there.column_norms < VANISHED * here.column_norms",
        "stages: stride.seen.loss >= seen.loss * (1 + RISE) or bent.any()",
        "stages: norm(lengths * stride.step.h) < xtol * norm(lengths * stride.seen.theta)",
        "stages: return bool((np.abs(h) < NO_MORE_DIGITS * np.abs(theta)).all())",
        "verdict: sight.reach(seen.r) >= RIGHT_ANGLE * norm(seen.r)",
        "verdict: sees = (s >= faintest * max(s[0], 1.0)) & (far <= 1)",
        "verdict: sees = (s > faintest * max(s[0], 1.0)) & (far < 1)",
        "verdict: return (parts >= LOOSE).any(axis=0)",
        "verdict: return norm(seen.r) < part * norm(here.column_norms * seen.theta)",
        "verdict: lowest.loss <= seen.loss * (1 - rounding)",
        "verdict: flat |= (np.abs(v) / sight.size >= LOOSE) & _faint(here, seen, sight)",
        "verdict: return here.column_norms * sight.size < BLIND * norm(seen.r)",
        "derivatives: gap[worst] < SLOPE_TOLERANCE",
        "derivatives: abs(found - expected) < SLOPE_TOLERANCE * (1 + abs(found) + abs(expected))",
        "solvers: straight = norm(D * a) < most * norm(D * h)",
    ],
    "where Jh = 0, the step of least norm is 0, which is over anyway": [
        "stages: return 0 <= reach <= SHRINK * last",
    ],
    "a column of zeros has h_j = 0 in any unit, and blind directions are measured anew": [
        "stages: lengths = np.where(lengths > 0, lengths, 100.0)",
        "stages: lengths = np.where(lengths > 0, lengths, 0.01)",
        "verdict: lengths[lengths == 0] = 100.0",
        "verdict: lengths[lengths == 0] = 0.01",
    ],
    "where ‖Jh‖ > 0, so is ½‖Jh‖²: it is taken by squares": [
        "stages: rho = (here.loss - trial.loss) / predicted if predicted >= 0 else math.nan",
    ],
    "LAPACK's workspace is large enough with either size": [
        "stages: (np.zeros(columns, dtype=np.int32), 6400 * (rows + columns + 1))",
        "stages: (np.zeros(columns, dtype=np.int32), 64 * (rows + columns - 1))",
        "stages: (np.zeros(columns, dtype=np.int32), 64 * (rows + columns))",
    ],
    "no size is 0 there: where θ₀ is 0, the line before has made it 1 or more": [
        "verdict: size[size == 0] = 100.0",
        "verdict: size[size == 0] = 0.01",
    ],
    "the V of a square J is whole in either case": [
        "verdict: np.linalg.svd(here.J / lengths, full_matrices=seen.r.size <= size.size)",
    ],
    "both signs are tried": [
        "verdict: ends = [problem.evaluate(seen.theta - part * v) for part in PROBES]",
        "verdict: return [v - sign * w for v, w in combinations(blind, 2) for sign in (1, -1)]",
    ],
    "the error of a complex step is of order ε², nothing with any of these": [
        "derivatives: TINY = 1.0000000000000001e-28",
        "derivatives: TINY = 1e-32",
    ],
    "another sample of points and directions, as good as this one": [
        "derivatives: N_SLOPES, SLOPE_STEP, SLOPE_TOLERANCE = (4, 1e-05, 0.0001)",
        "derivatives: N_SLOPES, SLOPE_STEP, SLOPE_TOLERANCE = (6, 1e-05, 0.0001)",
        "derivatives: rng.uniform(-2, 1, (N_SLOPES, n))",
        "derivatives: rng.uniform(-2, 3, (N_SLOPES, n))",
        "derivatives: rng.uniform(-1, 2, (N_SLOPES, n))",
        "derivatives: rng.uniform(-3, 2, (N_SLOPES, n))",
        "derivatives: SLOPE_STEP * rng.uniform(0.005, 1, (N_SLOPES, n))",
        "derivatives: z, v = (rng.uniform(-1, 1, shape), rng.uniform(0.005, 1, shape))",
    ],
    "the smallest float keeps 0/0 away, with either sign": [
        "derivatives: rows = np.maximum(rows, FAINT * rows.max(initial=0)) - sys.float_info.min",
        "derivatives: unit = both.max(axis=0, initial=0) - sys.float_info.min",
        "derivatives: np.maximum(np.abs(J), np.abs(D)).max(axis=1, keepdims=True)"
        " - sys.float_info.min",
    ],
    "any number below 0 is below every gap": [
        "derivatives: gap = np.where(wrong, np.nan_to_num(np.abs(J - D) / rows, nan=np.inf),"
        " -100.0)",
        "derivatives: gap = np.where(wrong, np.nan_to_num(np.abs(J - D) / rows, nan=np.inf),"
        " -0.01)",
    ],
    "of ν = 1 the checks that follow say the same, only later": [
        "damping: 1 < self.nu < math.inf",
    ],
    "from ρ = 0.94 on, the factor is 1/3 with any of these": [
        "damping: mu *= max(1 / 3, 1 - (2 * min(rho, 100.0) - 1) ** 3)",
    ],
}
EQUIVALENT = {code: reason for reason, codes in REASONS.items() for code in codes}


if __name__ == "__main__":
    main()
