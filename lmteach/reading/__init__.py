"""Formulas that are read: LaTeX or plain text, evaluated where every name has a value."""

from .explain import Explanation, explain
from .latex import Unreadable
from .scenes import scene
from .statements import read, sides
from .values import Untrue

__all__ = ["Explanation", "Unreadable", "Untrue", "explain", "read", "scene", "sides"]
