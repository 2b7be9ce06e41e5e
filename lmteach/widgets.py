"""Scenes made live: sliders, buttons and text boxes around a figure of which only what moves is sent again.

Where no widget can be shown, the same object is a still picture and its sentence.
"""

import io
import math
import re
from html import escape

import ipywidgets
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import RendererSVG

from .checks import instance
from .figures import Picture, Scene
from .figures.damping import MuScene
from .figures.picture import current_look

POINTS = 72  # SVG counts in points, so the live figure has one pixel to the point
SHARP = 2  # the still part has so many pixels for each of the page's
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
SAME_PLACE = "1 / 1 / 2 / 2"


class Stage:
    """A scene's figure drawn once: the still part as a PNG, and what moves as a transparent SVG over it."""

    def __init__(self, scene, numbers):
        self.scene, self.picture = scene, Picture(current_look())
        self.picture.set_dpi(POINTS)
        self.artists = scene.still(self.picture)
        self.moving = sorted(_flat(self.artists), key=lambda artist: artist.get_zorder())
        scene.move(self.artists, numbers)
        self.picture.draw_without_rendering()  # lays the axes out; from here on they stay where they are
        self.picture.set_layout_engine("none")

    def background(self):
        """The still part, PNG bytes."""
        shown = [artist.get_visible() for artist in self.moving]
        for artist in self.moving:
            artist.set_visible(False)
        buffer = io.BytesIO()
        self.picture.savefig(buffer, format="png", dpi=SHARP * POINTS, metadata={"Software": None})
        for artist, visible in zip(self.moving, shown, strict=True):
            artist.set_visible(visible)
        return buffer.getvalue()

    def overlay(self, numbers):
        """What moves, at these numbers, as one `<svg>`."""
        self.scene.move(self.artists, numbers)
        buffer = io.StringIO()
        with rc_context({"svg.hashsalt": "the same names for the same shapes"}):
            renderer = RendererSVG(*self.picture.bbox.size, buffer, metadata=NO_METADATA)
            for artist in self.moving:
                artist.draw(renderer)
            renderer.finalize()
        svg = buffer.getvalue()
        svg = re.sub(r"<style.*?</style>", "", svg[svg.index("<svg") :], flags=re.S)  # it would reach the whole page
        return re.sub(r'(<svg[^>]*?) width="[^"]*"| height="[^"]*pt"', r"\1", svg, count=2)


class Explorer(ipywidgets.VBox):
    """A scene with a slider, two buttons and a text box for each control, the picture, and its sentence.

    In a notebook nobody runs, in HTML or on paper it is the picture for the present values, with the sentence as
    alternative text. `set(**controls)` moves it from Python, `table()` gives the numbers.
    """

    def __init__(self, scene, **controls):
        self.scene = instance("scene", scene, Scene, "a Scene, such as MuScene(problem, theta)")
        self.values = scene.settings(controls)
        numbers = scene.compute(**self.values)
        self.stage = Stage(scene, numbers)
        self.knobs = {
            name: Knob(name, control, self.values[name], self._turned) for name, control in scene.controls.items()
        }
        place = ipywidgets.Layout(grid_area=SAME_PLACE, width="100%", margin="0")
        self._moving = ipywidgets.HTML(layout=place)
        still = ipywidgets.Image(value=self.stage.background(), format="png", layout=place)
        width = f"{self.stage.picture.bbox.width * current_look()['dpi'] / POINTS:.0f}px"
        picture = ipywidgets.Box([still, self._moving], layout=ipywidgets.Layout(display="grid", max_width=width))
        self.status = ipywidgets.HTML()
        super().__init__([*self.knobs.values(), self.status, picture])
        self._show()

    def set(self, **controls):
        """Move the named controls; returns the explorer. Raises ValueError or TypeError as `Scene.frame` does."""
        for name, value in self.scene.settings({**self.values, **controls}).items():
            self.knobs[name].slider.value = value
        return self

    def picture(self):
        """The still Picture for the present values."""
        return self.scene.frame(**self.values)

    def table(self):
        """The numbers behind the picture, a list of rows; the first names the columns."""
        return self.scene.rows(self.scene.compute(**self.values))

    def _turned(self, name, value):
        self.values[name] = value
        self._show()

    def _show(self):
        """Compute, redraw what moves, and say it; what goes wrong is said too, because no traceback would be seen."""
        try:
            numbers = self.scene.compute(**self.values)
            svg, said = self.stage.overlay(numbers), self.scene.sentence(numbers)
        except Exception as error:
            said = f"This cannot be drawn here: {type(error).__name__}: {error}"
        else:
            self._moving.value = svg.replace("<svg", f'<svg role="img" aria-label="{escape(said)}"', 1)
        self.status.value = f'<span role="status" aria-live="polite">{escape(said)}</span>'
        self.said = said

    def __repr__(self):
        return self.said

    def _repr_mimebundle_(self, **options):
        """The live view, and beside it the still picture and the sentence for where no widget can live."""
        still, alternative = self.picture()._repr_mimebundle_()
        live = super()._repr_mimebundle_(**options)
        data, metadata = live if isinstance(live, tuple) else (live, {})
        return {**data, **still}, {**metadata, **alternative}


def explore_mu(problem=None, theta=None, guess=None, **controls):
    """The damped step of any problem of two parameters at θ, with μ to drag; Rosenbrock's valley unless given.

    `explore_mu(CurveFit(model, x, y), [1.0, 0.5])`; `guess` is a point where you expect a step to land. Errors as those
    of MuScene.
    """
    return Explorer(MuScene(problem, theta, guess), **controls)


class Knob(ipywidgets.HBox):
    """One control: a slider, Back and Next for those who do not drag, and a text box for those who know the number.

    A choice is a row of buttons; what plays by itself has play, pause and stop beside its slider.
    """

    def __init__(self, name, control, value, turned):
        self.control, self.slider = control, _slider(control, value)
        self.slider.observe(lambda change: turned(name, change.new), "value")
        parts = [self.slider] if control.names else [self.slider, *self._buttons(), self._box(value)]
        if control.play:
            parts.append(self._player(value))
        super().__init__(parts, layout=ipywidgets.Layout(flex_flow="row wrap"))

    def _buttons(self):
        self.back, self.next = (
            ipywidgets.Button(description=word, tooltip=f"{self.control.label}: one step {way}", layout=BUTTON)
            for word, way in (("Back", "back"), ("Next", "on"))
        )
        self.back.on_click(lambda _: self._step(-1))
        self.next.on_click(lambda _: self._step(1))
        return self.back, self.next

    def _box(self, value):
        kind = ipywidgets.BoundedIntText if self.control.whole else ipywidgets.BoundedFloatText
        ends = {"min": self.control.low, "max": self.control.high, "step": None}
        self.box = kind(value, description="exactly", layout=BOX, style=WIDE, **ends)
        ipywidgets.link((self.slider, "value"), (self.box, "value"))
        return self.box

    def _player(self, value):
        """Counts in the browser; while the kernel is busy the browser keeps only the last count."""
        ends = {"min": self.control.low, "max": self.control.high}
        self.play = ipywidgets.Play(value=value, interval=PLAY_EVERY, show_repeat=False, **ends)
        ipywidgets.link((self.slider, "value"), (self.play, "value"))
        return self.play

    def _step(self, way):
        """One step of the slider, up to its ends."""
        control, now = self.control, self.slider.value
        moved = now * 10 ** (way * self.slider.step) if control.log else now + way * self.slider.step
        self.slider.value = min(max(moved, control.low), control.high)


BUTTON = {"width": "4.5em"}
BOX = {"width": "12em"}
WIDE = {"description_width": "initial"}
PLAY_EVERY = 500  # milliseconds
N_STEPS = 50  # from one end of a slider to the other


def _slider(control, value):
    """Stock sliders, one for each kind of control."""
    look = {"description": control.label, "style": WIDE, "layout": {"width": "26em"}, "continuous_update": True}
    if control.names:
        options = [(name, i) for i, name in enumerate(control.names)]
        return ipywidgets.ToggleButtons(options=options, value=value, description=control.label, style=WIDE)
    if control.whole:
        return ipywidgets.IntSlider(value, min=control.low, max=control.high, **look)
    if control.log:
        low, high = math.log10(control.low), math.log10(control.high)
        return ipywidgets.FloatLogSlider(
            value, min=low, max=high, step=(high - low) / N_STEPS, readout_format=".2g", **look
        )
    step = (control.high - control.low) / N_STEPS
    return ipywidgets.FloatSlider(value, min=control.low, max=control.high, step=step, readout_format=".2f", **look)


def _flat(artists):
    """The artists in dicts, lists and containers of them; numbers that a scene keeps beside them are passed over."""
    if isinstance(artists, Artist):
        return [artists]
    parts = artists.values() if isinstance(artists, dict) else artists if isinstance(artists, (list, tuple)) else ()
    return [artist for part in parts for artist in _flat(part)]
