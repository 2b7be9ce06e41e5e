"""The picture of an explorer: one widget with an image, an SVG over it, handles, and a sentence."""

import asyncio
from functools import partial
from pathlib import Path

import anywidget
import numpy as np
from traitlets import Bool, Bytes, Int, List, Unicode

MOMENT = 0.005  # seconds: drawing would hold up the kernel's word that it takes the next message
CLOSE = 1e-6  # two points of the axes so near to each other are one


def _beside(name):
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


class TouchedPicture(anywidget.AnyWidget):
    """A Stage in the page; `moved(index, start, end)` hears where a handle was moved, in data.

    `start` is where the hand took hold of it. The page's half is touch.js; what a trait means
    stands there.
    """

    _esm, _css = _beside("touch.js"), _beside("touch.css")
    background = Bytes().tag(sync=True)
    svg, said, alt = (Unicode().tag(sync=True) for _ in range(3))
    answered = Int().tag(sync=True)  # the number of the page's last move that was heard
    veiled = Bool().tag(sync=True)  # until there is a guess, or none is wanted
    handles, words = (List().tag(sync=True) for _ in range(2))
    # Both are the page's to change; what it said is not sent back to it.
    at, held = (List().tag(sync=True, echo_update=False) for _ in range(2))

    def __init__(self, moved):
        self._moved, self.stage = moved, None
        super().__init__()

    def show_stage(self, stage):
        """Show this stage; `show` says what moves on it."""
        self.stage = stage
        with self.hold_sync():
            self.alt, self.background = stage.scene.about(), stage.background()
            self.handles, self.veiled = stage.handles, stage.scene.asks

    def show(self, numbers, values):
        """Send what moves, and where the handles are if the page does not know, as one message."""
        stage, scene = self.stage, self.stage.scene
        svg, said = stage.overlay(numbers), scene.sentence(numbers)
        places = [scene.place(handle, numbers, values) for handle in scene.touched]
        at = [stage.part_at(index, place) for index, place in enumerate(places)]
        with self.hold_sync():
            self.svg, self.said = svg, said
            self.words = [
                _in_words(*pair, scene) for pair in zip(scene.touched, places, strict=True)
            ]
            if np.shape(at) != np.shape(self.at) or not np.allclose(at, self.at, atol=CLOSE):
                self.at = at

    def set_state(self, sync_data):
        """Take what the page tells: a handle was moved.

        In a kernel it is drawn when this message has been dealt with. The page sends the next one
        then, which travels while this one is drawn.
        """
        super().set_state(sync_data)
        if "at" in sync_data:
            index, *start, number = self.held
            _soon(partial(self._answer, index, start, self.at[index], number))

    def _answer(self, index, start, end, number):
        if self.stage is not None:  # else it was closed meanwhile
            with self.hold_sync():
                self.answered = number
                self._moved(index, *(self.stage.data_at(index, part) for part in (start, end)))

    def close(self):
        """Let go of the figure too."""
        super().close()
        self._moved = self.stage = None
        self.background, self.svg = b"", ""


def _soon(act):
    """Do it a moment later, in which the kernel says that it is free; at once without a loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        act()
    else:
        loop.call_later(MOMENT, act)


def _in_words(handle, place, scene):
    """Return a handle's coordinates in words, such as "θ₁ = 0.5, θ₂ = 1"."""
    pairs = zip(handle.names, place, strict=True)
    named = [(scene.controls[name].label, value) for name, value in pairs if name is not None]
    return ", ".join(f"{label} = {value:.3g}" for label, value in named)
