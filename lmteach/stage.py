"""A scene's figure drawn once, what of it moves, and where a hand can touch it."""

import io
import math
import re
from functools import lru_cache

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.text import Text

from .figures import Picture
from .figures.picture import PROJECTOR, current_look

POINTS = 72  # SVG counts in points, so the live figure has one pixel to the point
SHARP = 2  # the still part has so many pixels for each of the page's
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
PROJECTED = (10.24, 7.68)  # a projector's picture in inches
WORDS, KNOB = 1.15, 0.49  # inches of it that three lines of words take, and a line of controls
LINE, LETTERS = 0.36, 66  # inches that any further line of words takes, and its letters
HALO = "lmteach-halo"  # what touch.css calls a text with a pale edge
STEP = 0.01  # of an arrow key, in parts of the axes, where the control has no steps of its own


class Renderer(RendererSVG):
    """Matplotlib's, that remembers how large words are: each move is drawn by a new one."""

    def get_text_width_height_descent(self, s, prop, ismath):
        """Return the width, height and descent of words in a font."""
        return _measured(s, prop, ismath)


@lru_cache(maxsize=500)
def _measured(s, prop, ismath):
    with io.StringIO() as nowhere:
        renderer = RendererSVG(1, 1, nowhere, metadata=NO_METADATA)
        return renderer.get_text_width_height_descent(s, prop, ismath)


class Stage:
    """A scene's figure drawn once: the still part as a PNG, what moves as an SVG over it.

    `handles` says of every handle of the scene what it is called, where its axes are, in parts of
    the picture from the upper left, and how far an arrow key moves it, in parts of the axes.
    """

    def __init__(self, scene, numbers, rows=1):
        said = scene.sentence(numbers)
        self.scene, self.picture = scene, Picture(_look_below(rows, said))
        self.picture.set_dpi(POINTS)
        self.artists = scene.still(self.picture)
        self.moving = sorted(_flat(self.artists), key=lambda artist: artist.get_zorder())
        scene.move(self.artists, numbers)
        # This lays the axes out, twice, since the first layout gives axes of a fixed shape their
        # size, and only the second knows where their titles are; from here on they stay.
        self.picture.get_layout_engine().execute(self.picture)
        self.picture.draw_without_rendering()
        self.picture.set_layout_engine("none")
        self.frames = {}
        for text in self.moving:
            if isinstance(text, Text) and text.get_path_effects():
                text.set_path_effects([])  # which would draw every letter as a path, twice
                text.set_gid(HALO)
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
        axes = [part for part in self.moving if isinstance(part, Axes) and part.get_visible()]
        rest = [part for part in self.moving if not isinstance(part, Axes)]
        rest += [part for each in axes for part in _inside(each)]
        frames = "".join(map(self._frame, axes))
        head, _, svg = self._svg(rest).partition(">")
        return f"{head}>{frames}{svg}"

    def _frame(self, axes):
        """Return an axes that moves, without what is in it, as SVG.

        Ticks and their names take most of the time of a move, and seldom change.
        """
        key = axes, axes.get_xlim(), axes.get_ylim(), axes.get_title()
        if key not in self.frames:
            inside = [part for part in _inside(axes) if part.get_visible()]
            for part in inside:
                part.set_visible(False)
            _, _, svg = self._svg([axes]).partition(">")
            self.frames[key] = svg.rpartition("</svg>")[0]
            for part in inside:
                part.set_visible(True)
        return self.frames[key]

    def _svg(self, artists):
        """Return these artists as one `<svg>`."""
        buffer = io.StringIO()
        # With a fixed salt, the same shapes get the same names.
        with rc_context({"svg.hashsalt": "lmteach", "svg.fonttype": "none"}):
            renderer = Renderer(*self.picture.bbox.size, buffer, metadata=NO_METADATA)
            for artist in sorted(filter(_has_ink, artists), key=Artist.get_zorder):
                artist.draw(renderer)
            renderer.finalize()
        svg = buffer.getvalue()
        svg = svg[svg.index("<svg") :].replace(f'id="{HALO}"', f'class="{HALO}"')
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


def _look_below(rows, said):
    """Return the look of a picture below lines of controls and above a sentence.

    On a projector it is as high as they leave it.
    """
    look, (width, height) = current_look(), PROJECTED
    if look is not PROJECTOR:
        return look
    more = max(0, math.ceil(len(said) / LETTERS) - 3)
    return look | {"figsize": (width, height - WORDS - KNOB * rows - LINE * more)}


def _inside(axes):
    """Return what was drawn in an axes: not its ground, frame, ticks and names."""
    return [*axes.images, *axes.collections, *axes.patches, *axes.lines, *axes.texts]


def _has_ink(artist):
    """Tell whether an artist draws anything: a text without words does not, an arrow may."""
    arrow = getattr(artist, "arrow_patch", None)
    return not isinstance(artist, Text) or bool(artist.get_text()) or arrow is not None


def _flat(artists):
    """Return the artists in dicts and lists of them; numbers beside them are left out."""
    if isinstance(artists, Artist):
        return [artists]
    if isinstance(artists, dict):
        artists = artists.values()
    elif not isinstance(artists, (list, tuple)):
        return []
    return [artist for part in artists for artist in _flat(part)]
