"""Our answer in the place of a learner's: what `solutions` and `nbgrader` write into a lesson."""

import ast
import builtins
import inspect
import sys
import textwrap
from types import ModuleType
from typing import NamedTuple

import lmteach

from ..exercises import EXERCISES

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"  # nbgrader's marks


class Question(NamedTuple):
    """What a cell asks: the exercise, the name of the answer, and the statement it replaces."""

    id: str
    name: str
    stub: ast.stmt


def question(source):
    """Return the Question of a cell such as `my_mu = None; check("7.1", my_mu)`; None without."""
    if "check(" not in source:
        return None
    tree = ast.parse(source)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if getattr(call.func, "id", "") != "check" or len(call.args) < 2:
            continue
        id, answer = call.args[:2]
        if isinstance(id, ast.Constant) and isinstance(answer, ast.Name) and id.value in EXERCISES:
            return Question(id.value, answer.id, _stub(tree, answer.id))
    return None


def _stub(tree, name):
    """The statement that gives the learner's answer its name. Raises ValueError without one."""
    for node in tree.body:
        if getattr(node, "name", "") == name:
            return node
        if isinstance(node, ast.Assign) and name in [getattr(t, "id", "") for t in node.targets]:
            return node
    raise ValueError(f"{name} is checked, but no statement of the cell makes it: expected a stub")


def answered(source, marked=False):
    """Return a cell with our answer in the place of the learner's.

    With `marked`, it stands between nbgrader's marks, and what is left without it is a stub.
    Raises ValueError for a cell that asks nothing.
    """
    asked = question(source)
    if asked is None:
        raise ValueError(f"this cell has no exercise: {source!r}; expected a call of check")
    lines, task = source.splitlines(), EXERCISES[asked.id]
    stub = lines[asked.stub.lineno - 1 : asked.stub.end_lineno]
    write = _function if isinstance(asked.stub, ast.FunctionDef) else _value
    text = write(task, asked.name, stub, marked)
    return "\n".join([*lines[: asked.stub.lineno - 1], *text, *lines[asked.stub.end_lineno :]])


def _function(task, name, stub, marked):
    """The lines of a function: the reference under the learner's name."""
    source = task.solution.splitlines()
    [function] = ast.parse(task.solution).body
    start = function.body[0].lineno - 1
    head = ["def " + source[0].removeprefix("def ").replace(function.name, name, 1)]
    head, body, needed = head + source[1:start], source[start:], _imports(task.reference)
    if not marked:
        return [*needed, *(["", ""] if needed else []), *head, *body]
    inside = [BEGIN, *needed, *textwrap.dedent("\n".join(body)).splitlines(), END]
    return [*head, *(f"    {line}".rstrip() for line in inside)]


def _value(task, name, stub, marked):
    """The lines that give a name its value: one expression, where the reference has no more."""
    needed, expression = _imports(task.reference), _as_expression(task.solution)
    if expression:
        text = [*needed, *([""] if needed else []), f"{name} = {expression}"]
    else:
        function = inspect.unwrap(task.reference).__name__
        text = [*needed, *(["", ""] if needed else [])]
        text += [*task.solution.splitlines(), "", "", f"{name} = {function}()"]
    return [*stub, BEGIN, *text, END] if marked else text


def _as_expression(solution):
    """Return the expression on one line that the function returns, "" if it does more."""
    [function] = ast.parse(solution).body
    body = [node for node in function.body if not _is_text(node)]
    if len(body) != 1 or not isinstance(body[0], ast.Return):
        return ""
    segment = ast.get_source_segment(solution, body[0].value)
    return "" if "\n" in segment else segment


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _imports(reference):
    """Return the import lines without which the reference does not run in a notebook."""
    function = inspect.unwrap(reference)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    [definition] = tree.body
    definition.decorator_list = []
    names = [node for node in ast.walk(definition) if isinstance(node, ast.Name)]
    own = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    own |= {node.arg for node in ast.walk(definition) if isinstance(node, ast.arg)}
    used = sorted({node.id for node in names} - own - set(dir(builtins)) - {function.__name__})
    lines = [_import_of(name, function) for name in used if name in function.__globals__]
    return sorted(lines, key=lambda line: (line.startswith("from"), line))


def _import_of(name, function):
    """The line that imports what `name` means where the function stands."""
    value = function.__globals__[name]
    if isinstance(value, ModuleType):
        return f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
    if getattr(lmteach, name, None) is value:
        return f"from lmteach import {name}"
    home = getattr(value, "__module__", "")
    if getattr(sys.modules.get(home), name, None) is value:
        return f"from {home} import {name}"
    return f"from {function.__module__} import {name}"
