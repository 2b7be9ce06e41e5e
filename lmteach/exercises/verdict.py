"""What a check found, in words, with a sign and a colour: seen at a glance, and read aloud."""

from dataclasses import dataclass
from html import escape

UNTOUCHED = "not attempted yet"
SIGNS = {True: "✓", False: "✗"}
WORDS = {True: "right", False: "not yet"}
COLOURS = {True: "#1a7f37", False: "#b35900"}  # green and orange, on white and on black


@dataclass(frozen=True)
class Verdict:
    """What the check found, in words; `right` is None where nothing was attempted."""

    id: str
    right: bool | None
    text: str = ""

    def __repr__(self):
        if self.right is None:
            return f"{self.id}: {self.text}"
        return f"{self.id}: {SIGNS[self.right]} {WORDS[self.right]}. {self.text}".rstrip()

    def _repr_html_(self):
        """The same with a colour; None where nothing was attempted: plain words will do."""
        if self.right is None:
            return None
        colour = COLOURS[self.right]
        said = escape(self.text).replace("\n", "<br>")
        return (
            f'<div style="border-left: 6px solid {colour}; padding: 2px 10px">'
            f'<strong><span aria-hidden="true">{SIGNS[self.right]} </span>'
            f"{escape(self.id)}: {WORDS[self.right]}.</strong> {said}</div>"
        )
