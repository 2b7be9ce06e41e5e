"""Scenes: values for the names in the displayed equations, made by the package."""

from . import fits, models, networks, rules
from .base import SCENES, linearization, scene, serves

__all__ = ["SCENES", "fits", "linearization", "models", "networks", "rules", "scene", "serves"]
