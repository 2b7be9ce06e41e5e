"""Damage to a function that page B names beside an equation is noticed by its proof or reading."""

import importlib
import pkgutil
import sys
from functools import cache

import numpy as np
import pytest

import lmteach
from lmteach.linearization import Explicit
from lmteach.proofs import EQUATIONS, REGISTER

CLASSES = {  # a class beside an equation: what of it the equation is about
    "Samples": "Samples.gram",
    "Blocks": "Blocks.lower_A",
    "DampedDual": "DampedDual.solve",
    "CrossEntropy": "CrossEntropy.output_slopes",
}
NAMED = [tag for tag, equation in EQUATIONS.items() if equation.package]
HOW = ("sign", "twice", "one block")


def spoilt(value, how):
    """Return a value with its sign flipped, doubled, or half of it doubled."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, tuple):
        return spoilt(value[0], how), *value[1:]
    if isinstance(value, list):
        return [spoilt(part, how) if i == 0 or how != "one block" else part
                for i, part in enumerate(value)]  # fmt: skip
    if hasattr(value, "predicted"):
        value.h, value.predicted = spoilt(value.h, how), spoilt(value.predicted, how)
        return value
    if how == "sign":
        return -value
    if how == "twice" or np.ndim(value) == 0:
        return value + value
    value = np.array(value)
    half = tuple(slice(n // 2, n) for n in value.shape)
    value[half] = 2 * value[half]
    return value


def spoil(monkeypatch, package, how):
    """Make what page B names give a wrong result."""
    owner, _, name = CLASSES.get(package, package).partition(".")
    if not name:
        return spoil_function(monkeypatch, owner, how)
    if package == "Linearization.g":
        return spoil_made(monkeypatch, Explicit, "g", how)
    owners = [c for c in classes() if c.__name__ == owner]
    owners += [c for c in classes() if c.__name__ != owner and issubclass(c, tuple(owners))]
    assert owners
    found = [c for c in owners if name in c.__dict__] or owners[:1]
    for one in found:
        original = getattr(one, name, None)
        if isinstance(original, property):
            monkeypatch.setattr(one, name, property(lambda s, o=original: spoilt(o.fget(s), how)))
        elif callable(original):
            wrong = lambda *a, o=original, **k: spoilt(o(*a, **k), how)  # noqa: E731
            monkeypatch.setattr(one, name, wrong)
        else:
            spoil_made(monkeypatch, one, name, how)


def spoil_made(monkeypatch, owner, name, how):
    """Spoil an attribute that __init__ makes."""
    original = owner.__init__

    def init(self, *args, **options):
        original(self, *args, **options)
        object.__setattr__(self, name, spoilt(getattr(self, name), how))

    monkeypatch.setattr(owner, "__init__", init)


def spoil_function(monkeypatch, name, how):
    """Spoil a function wherever it was imported."""
    holders = [m for key, m in sys.modules.items() if key.startswith("lmteach") and m]
    found = {getattr(m, name) for m in holders if callable(getattr(m, name, None))}
    (original,) = {f for f in found if f.__module__.startswith("lmteach")}
    for module in holders:
        if getattr(module, name, None) is original:
            wrong = lambda *a, **k: spoilt(original(*a, **k), how)  # noqa: E731
            monkeypatch.setattr(module, name, wrong)


@cache
def classes():
    """Return the classes of the package that an equation may name."""
    for info in pkgutil.walk_packages(lmteach.__path__, "lmteach."):
        if not info.name.rpartition(".")[2].startswith("_") and "command" not in info.name:
            importlib.import_module(info.name)
    found = {}
    for key, module in list(sys.modules.items()):
        if key.startswith("lmteach"):
            found |= {id(c): c for c in vars(module).values() if isinstance(c, type)}
    return [c for c in found.values() if c.__module__.startswith("lmteach")]


def is_noticed(monkeypatch, tag, how):
    """Return whether reading or proving the equation fails, in whatever way comes first."""
    spoil(monkeypatch, EQUATIONS[tag].package, how)
    try:
        EQUATIONS[tag].read()
        REGISTER[EQUATIONS[tag].proof]()
    except Exception:
        return True
    return False


@pytest.mark.full
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("tag", NAMED)
def test_damage_breaks_the_equation_that_names_it(monkeypatch, tag, how):
    assert is_noticed(monkeypatch, tag, how)


@pytest.mark.parametrize("tag", ["7.5", "11.1", "11.2", "11.3", "11.4"])
def test_damage_in_the_routes_and_the_curve(monkeypatch, tag):
    assert is_noticed(monkeypatch, tag, "one block")


def test_without_damage_all_is_well(monkeypatch):
    spoil(monkeypatch, "Nielsen.update", "twice")
    assert EQUATIONS["7.5"].read() and REGISTER["prove_push_through"]()
