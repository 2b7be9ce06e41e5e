"""A figure with controls: what it computes, what stands still, what moves, and what it says in words."""

from dataclasses import dataclass

from ..checks import is_real, one_of
from .picture import Picture, current_look


@dataclass(frozen=True)
class Control:
    """One thing to turn: from `low` to `high`, on a logarithmic scale if `log`, in whole steps if `whole`.

    `start` is where it stands at first; `label` is what it is called beside the slider. `names` makes it a choice: the
    value is the number of a name, 0 to len(names) − 1. `play` offers to run through it by itself.
    """

    low: float
    high: float
    start: float
    label: str
    log: bool = False
    whole: bool = False
    names: tuple = ()
    play: bool = False

    @classmethod
    def choice(cls, names, label, start=0):
        """One of several names, the first to begin with unless another is given by its place."""
        return cls(0, len(names) - 1, start, label, whole=True, names=tuple(map(str, names)))

    def checked(self, name, value):
        """The value, if it lies between the ends or is one of the names; else TypeError or ValueError."""
        if self.names and isinstance(value, str):
            return self.names.index(one_of(name, value, self.names))
        if not is_real(value):
            raise TypeError(
                f"{name} = {value!r}: expected a number from {self.low:g} to {self.high:g}"
            )
        if not self.low <= value <= self.high:
            raise ValueError(
                f"{name} = {value!r}: expected a number from {self.low:g} to {self.high:g}"
            )
        return int(value) if self.whole else float(value)


class Scene:
    """A figure with controls; `frame(**controls)` is the picture for any setting of them.

    A subclass names its `controls` and says what it computes (`compute`, pure), what it draws once (`still`), what
    it moves (`move`) and how it says the same in words (`sentence`) and as a table (`rows`).
    """

    controls = {}  # name → Control

    def compute(self, **controls):
        """The numbers behind the picture, a dict; depends on nothing but the controls."""
        raise NotImplementedError

    def still(self, picture):
        """Draw what never moves; return what does, a dict of name → artist."""
        raise NotImplementedError

    def move(self, artists, numbers):
        """Set the artists to these numbers."""
        raise NotImplementedError

    def sentence(self, numbers):
        """What is seen, in words, with at most three digits a number."""
        raise NotImplementedError

    def rows(self, numbers):
        """The numbers as a table: a list of rows, the first names the columns."""
        raise NotImplementedError

    def frame(self, **controls):
        """A new Picture for these controls; those not named stand at their start."""
        numbers = self.compute(**self.settings(controls))
        picture = Picture(current_look())
        self.move(self.still(picture), numbers)
        return picture.describe(self.sentence(numbers), self.rows(numbers))

    def settings(self, given):
        """Every control's value: what was given, checked, and the start of the others."""
        for name in given:
            one_of("control", name, tuple(self.controls))
        return {
            n: c.checked(n, given[n]) if n in given else c.start for n, c in self.controls.items()
        }
