"""A scene's figure drawn once, what of it moves, and where a hand can touch it."""

import io
import re

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import RendererSVG

from .figures import Picture
from .figures.picture import PROJECTOR, current_look

POINTS = 72  # SVG counts in points, so the live figure has one pixel to the point
SHARP = 2  # the still part has so many pixels for each of the page's
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
PROJECTED = (10.24, 7.68)  # a projector's picture in inches
WORDS, KNOB = 1.1, 0.44  # inches of it that the sentence takes, and each row of controls
STEP = 0.01  # of an arrow key, in parts of the axes, where the control has no steps of its own


class Stage:
    """A scene's figure drawn once: the still part as a PNG, what moves as an SVG over it.

    `handles` says of every handle of the scene what it is called, where its axes are, in parts of
    the picture from the upper left, and how far an arrow key moves it, in parts of the axes.
    """

    def __init__(self, scene, numbers, rows=1):
        self.scene, self.picture = scene, Picture(_look_below(rows))
        self.picture.set_dpi(POINTS)
        self.artists = scene.still(self.picture)
        self.moving = sorted(_flat(self.artists), key=lambda artist: artist.get_zorder())
        scene.move(self.artists, numbers)
        # This lays the axes out; from here on they stay where they are.
        self.picture.draw_without_rendering()
        self.picture.set_layout_engine("none")
        self.handles = [self._handle(handle) for handle in scene.touched]

    def background(self):
        """Return the still part as PNG bytes."""
        shown = [artist.get_visible() for artist in self.moving]
        for artist in self.moving:
            artist.set_visible(False)
        buffer = io.BytesIO()
        self.picture.savefig(buffer, format="png", dpi=SHARP * POINTS, metadata={"Software": None})
        for artist, visible in zip(self.moving, shown, strict=True):
            artist.set_visible(visible)
        return buffer.getvalue()

    def overlay(self, numbers):
        """Return what moves, at these numbers, as one `<svg>`."""
        self.scene.move(self.artists, numbers)
        buffer = io.StringIO()
        # With a fixed salt, the same shapes get the same names.
        with rc_context({"svg.hashsalt": "lmteach", "svg.fonttype": "none"}):
            renderer = RendererSVG(*self.picture.bbox.size, buffer, metadata=NO_METADATA)
            for artist in self.moving:
                artist.draw(renderer)
            renderer.finalize()
        svg = buffer.getvalue()
        svg = svg[svg.index("<svg") :]
        # A style would apply to the whole page.
        svg = re.sub(r"<style.*?</style>", "", svg, flags=re.S)
        return re.sub(r'(<svg[^>]*?) width="[^"]*"| height="[^"]*pt"', r"\1", svg, count=2)

    def data_at(self, index, point):
        """Return the data (x, y) at a point given in parts of this handle's axes.

        Matplotlib's transforms know of logarithmic axes, and of those that run backwards.
        """
        return self._to_data(index).transform(point)

    def part_at(self, index, place):
        """Return where (x, y) lies, in parts of this handle's axes from its lower left."""
        return self._to_data(index).inverted().transform(place).tolist()

    def _axes(self, index):
        return _flat(self.artists[self.scene.touched[index].artist])[0].axes

    def _to_data(self, index):
        axes = self._axes(index)
        return axes.transAxes - axes.transData

    def _handle(self, handle):
        """Return what the page is told of a handle."""
        index = self.scene.touched.index(handle)
        box, size = self._axes(index).bbox, self.picture.bbox.size
        (left, low), (wide, high) = (box.min / size).tolist(), (box.size / size).tolist()
        return {
            "label": handle.label,
            "area": [left, 1 - low - high, wide, high],
            "step": [self._step(index, axis, name) for axis, name in enumerate(handle.names)],
        }

    def _step(self, index, axis, name):
        """Return the step of an arrow key: one unit of a whole-number control, else STEP."""
        if name is None or not self.scene.controls[name].whole:
            return STEP
        to_parts = self._to_data(index).inverted()
        ends = to_parts.transform([(1, 1), (2, 2)])
        return float(abs(np.diff(ends[:, axis])[0]))


def _look_below(rows):
    """Return the look of a picture below rows of controls and above a sentence.

    On a projector it is as high as they leave it.
    """
    look, (width, height) = current_look(), PROJECTED
    return look | {"figsize": (width, height - WORDS - KNOB * rows)} if look is PROJECTOR else look


def _flat(artists):
    """Return the artists in dicts and lists of them; numbers beside them are left out."""
    if isinstance(artists, Artist):
        return [artists]
    if isinstance(artists, dict):
        artists = artists.values()
    elif not isinstance(artists, (list, tuple)):
        return []
    return [artist for part in artists for artist in _flat(part)]
