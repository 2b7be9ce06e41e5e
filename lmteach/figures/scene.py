"""A figure with controls: what it computes, what it draws and moves, and what it says in words."""

from dataclasses import dataclass

import numpy as np

from ..checks import is_real, one_of
from .picture import Picture, current_look

EDGE = 0.02  # of a map: a point that is moved stays so far inside


@dataclass(frozen=True)
class Control:
    """A number that can be set from `low` to `high`.

    `start` is its first value, and `label` its name beside the slider. The slider has a logarithmic
    scale if `log`, and whole numbers only if `whole`. `names` makes it a choice: the value is then
    the index of a name, 0 to len(names) − 1. With `play` it can be run through by itself. Without
    `knob` it has no slider: a handle of the picture moves it.
    """

    low: float
    high: float
    start: float
    label: str
    log: bool = False
    whole: bool = False
    names: tuple = ()
    play: bool = False
    knob: bool = True

    @classmethod
    def choice(cls, names, label, start=0):
        """Return the choice of one of several names; `start` is the index of the first value."""
        return cls(0, len(names) - 1, start, label, whole=True, names=tuple(map(str, names)))

    def checked(self, name, value):
        """Return the value if it is allowed.

        Raises TypeError if it is no number, ValueError if it is out of range or no such name.
        """
        if self.names and isinstance(value, str):
            return self.names.index(one_of(name, value, self.names))
        complaint = f"{name} = {value!r}: expected a number from {self.low:g} to {self.high:g}"
        if not is_real(value):
            raise TypeError(complaint)
        if not self.low <= value <= self.high:
            raise ValueError(complaint)
        return int(value) if self.whole else float(value)

    def nearest(self, value):
        """Return the allowed value nearest to this number."""
        value = min(max(float(value), self.low), self.high)
        return round(value) if self.whole else value


@dataclass(frozen=True)
class Handle:
    """A point of the picture that a hand can move.

    It lies on the axes of the artist with this name; where it lies sets the controls `x` and `y`,
    of which one may be None. `label` is its name.
    """

    artist: str
    x: str | None
    y: str | None
    label: str

    @property
    def names(self):
        """The names of both controls."""
        return self.x, self.y


UNASKED = "no question"  # in place of a guess: none is asked for


class Scene:
    """A figure with controls; `frame(**controls)` is the picture for any setting of them.

    A subclass names its `controls` and says what it computes (`compute`, a pure function), what it
    draws once (`still`), what it moves (`move`) and how it says the same in words (`sentence`) and
    as a table (`rows`). `touched` are the points that a hand can move.
    """

    controls = {}  # name → Control
    touched = ()  # Handles
    asks = False  # whether a guess is asked for, and has not been given

    def compute(self, **controls):
        """Return the numbers of the picture, a dict that depends on nothing but the controls."""
        raise NotImplementedError

    def still(self, picture):
        """Draw what never moves, and return what does, a dict of name → artist."""
        raise NotImplementedError

    def move(self, artists, numbers):
        """Set the artists to these numbers."""
        raise NotImplementedError

    def sentence(self, numbers):
        """Return what is seen in words, with at most three digits a number."""
        raise NotImplementedError

    def rows(self, numbers):
        """Return the numbers as a list of rows; the first row names the columns."""
        raise NotImplementedError

    def asked(self, guess):
        """Return the guess, None where there is none; note if it is asked for and missing.

        A learner's `guess=my_guess` is None before it is given; without a question it is UNASKED.
        """
        self.asks = guess is None
        return None if guess is UNASKED else guess

    def about(self):
        """Return what the picture shows, whatever the controls say."""
        return (type(self).__doc__ or "A picture.").partition("\n")[0]

    def place(self, handle, numbers, values):
        """Return the (x, y) of a handle: its two controls, unless a scene says otherwise."""
        return tuple(values[name] for name in handle.names)

    def touch(self, handle, start, end, values):
        """Return {control: number} for a handle that a hand took at `start` and moved to `end`.

        Both are (x, y) in the units of its axes; a number beyond a control's ends is allowed.
        """
        return {n: x for n, x in zip(handle.names, end, strict=True) if n is not None}

    def frame(self, **controls):
        """Return a new Picture for these controls; those not named have their first value."""
        numbers = self.compute(**self.settings(controls))
        picture = Picture(current_look())
        self.move(self.still(picture), numbers)
        return picture.describe(self.sentence(numbers), self.rows(numbers))

    def settings(self, given):
        """Return the value of every control: the given one, checked, or the first."""
        for name in given:
            one_of("control", name, tuple(self.controls))
        first = {name: control.start for name, control in self.controls.items()}
        return first | {name: self.controls[name].checked(name, given[name]) for name in given}


def coordinates(start, span, labels=("θ₁", "θ₂")):
    """Return the controls theta_1 and theta_2 of a point that a hand moves on a map.

    The point, (2,), stays within the map's `span`, ((low, high), (low, high)), less a margin.
    """
    span, found = np.array(span, dtype=float), {}
    for i, (side, x, label) in enumerate(zip(span, start, labels, strict=True), 1):
        margin = EDGE * (side[1] - side[0])
        # Where it began is allowed, however near to the edge that is.
        low, high = min(side[0] + margin, x), max(side[1] - margin, x)
        found[f"theta_{i}"] = Control(float(low), float(high), float(x), label, knob=False)
    return found


def point(start, *moved):
    """Return the point, (2,), whose coordinates are None where they were not moved."""
    return np.array([x if to is None else to for x, to in zip(start, moved, strict=True)], float)
