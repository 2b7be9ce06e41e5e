"""The register of scenes: each gives the names of some displayed equations their values.

A scene is a function where(rng, change) → {name: value}. What it says of the course's quantities
comes from the package: an equation that is read compares the print with what runs.
"""

from ...checks import one_of
from ...linearization import Explicit

SCENES = {}  # a tag, such as "7.2", or the name of a scene → the scene
M, P = 4, 3  # residuals and parameters of the small models


def serves(*tags, seeds=None):
    """Register a scene under its name and for displayed equations."""

    def register(where):
        if seeds:
            where.seeds = seeds
        for name in (where.__name__, *tags):
            if name in SCENES:
                raise ValueError(f"{name!r} has the scene {SCENES[name].__name__} already")
            SCENES[name] = where
        return where

    return register


def scene(name):
    """Return the scene of a displayed equation, such as "4.5", or the one with that name."""
    return SCENES[one_of("name", name, tuple(SCENES))]


def linearization(r, J):
    """Return the package's Linearization with this r and J."""
    return Explicit(r, J.T.copy())


def seed_of(rng):
    """Return the seed that a generator was made with."""
    return rng.bit_generator.seed_seq.entropy
