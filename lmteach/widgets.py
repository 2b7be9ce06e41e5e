"""Scenes made live: sliders, buttons and text boxes around a figure of which only what moves is sent again.

Where no widget can be shown, the same object is a still picture and its sentence.
"""

import io
import math
import re
from bisect import bisect_left, bisect_right
from functools import partial
from html import escape

import ipywidgets
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.ticker import MaxNLocator

from .checks import instance
from .figures import Picture, Scene
from .figures.damping import MuScene
from .figures.picture import PROJECTOR, current_look
from .figures.updates import Player
from .slices import sliced
from .trace import Trace

POINTS = 72  # SVG counts in points, so the live figure has one pixel to the point
SHARP = 2  # the still part has so many pixels for each of the page's
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
SAME_PLACE = "1 / 1 / 2 / 2"
PROJECTED, WORDS, KNOB = (
    (10.24, 7.68),
    1.1,
    0.44,
)  # a projector's inches, and what the sentence and a row of knobs take
SIZED = """<style>.lmteach-{0} {{
    font-size: {0}pt; --jp-widgets-font-size: {0}pt; --jp-widgets-inline-height: max(28px, calc(1.5 * {0}pt));
}}</style>"""  # stock widgets have no setting for all of their text


class Stage:
    """A scene's figure drawn once: the still part as a PNG, and what moves as a transparent SVG over it."""

    def __init__(self, scene, numbers, rows=1):
        self.scene, self.picture = scene, Picture(_look_below(rows))
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
        with rc_context(
            {"svg.hashsalt": "the same names for the same shapes", "svg.fonttype": "none"}
        ):
            renderer = RendererSVG(*self.picture.bbox.size, buffer, metadata=NO_METADATA)
            for artist in self.moving:
                artist.draw(renderer)
            renderer.finalize()
        svg = buffer.getvalue()
        svg = re.sub(
            r"<style.*?</style>", "", svg[svg.index("<svg") :], flags=re.S
        )  # it would reach the whole page
        return re.sub(r'(<svg[^>]*?) width="[^"]*"| height="[^"]*pt"', r"\1", svg, count=2)


def _look_below(rows):
    """The look of a picture below rows of knobs and a sentence: what a projector has left for it."""
    look, (width, height) = current_look(), PROJECTED
    return look | {"figsize": (width, height - WORDS - KNOB * rows)} if look is PROJECTOR else look


class Explorer(ipywidgets.VBox):
    """A scene with a slider, two buttons and a text box for each control, the picture, and its sentence.

    In a notebook nobody runs, in HTML or on paper it is the picture for the present values, with the sentence as
    alternative text. `set(**controls)` moves it from Python, `table()` gives the numbers.
    """

    def __init__(self, scene, **controls):
        instance("scene", scene, Scene, "a Scene, such as MuScene(problem, theta)")
        place = ipywidgets.Layout(grid_area=SAME_PLACE, width="100%", margin="0")
        self._still, self._moving = (
            ipywidgets.Image(format="png", layout=place),
            ipywidgets.HTML(layout=place),
        )
        self._picture = ipywidgets.Box(
            [self._still, self._moving], layout=ipywidgets.Layout(display="grid")
        )
        self.status, self.buttons, self.knobs = ipywidgets.HTML(), self._buttons(), {}
        points = current_look()[
            "text"
        ]  # knobs and sentence are to be as large as the picture's text
        self._size = ipywidgets.HTML(SIZED.format(points), layout={"display": "none"})
        super().__init__()
        self.add_class(f"lmteach-{points}")
        self._enact(scene, scene.settings(controls))

    def _buttons(self):
        """What a subclass puts between the knobs and the sentence."""
        return []

    def _enact(self, scene, values):
        """Put a scene on the stage, with knobs of its own."""
        stage = Stage(scene, scene.compute(**values), len(scene.controls) + len(self.buttons))
        for knob in self.knobs.values():
            knob.close()
        self.stage, self.scene, self.values = stage, scene, values
        self.knobs = {
            n: Knob(c, values[n], partial(self._turned, n)) for n, c in scene.controls.items()
        }
        self._still.value = stage.background()
        self.layout.max_width = (
            f"{stage.picture.bbox.width * stage.picture.look['dpi'] / POINTS:.0f}px"
        )
        self.children = [
            *self.knobs.values(),
            *self.buttons,
            self.status,
            self._picture,
            self._size,
        ]
        self._show()

    def set(self, **controls):
        """Move the named controls; returns the explorer. Raises ValueError or TypeError as `Scene.frame` does."""
        for name, value in self.scene.settings({**self.values, **controls}).items():
            self.knobs[name].turn(value)
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
            self._moving.value = svg.replace(
                "<svg", f'<svg role="img" aria-label="{escape(said)}"', 1
            )
        self._say(said)

    def _say(self, said):
        self.status.value = (
            f'<div role="status" aria-live="polite" style="line-height: 1.3">{escape(said)}</div>'
        )
        self.said = said

    def __repr__(self):
        return self.said

    def _repr_mimebundle_(self, **options):
        """The live view, and beside it the still picture and the sentence for where no widget can live."""
        still, alternative = self.picture()._repr_mimebundle_()
        live = super()._repr_mimebundle_(**options)
        data, metadata = live if isinstance(live, tuple) else (live, {})
        return {**data, **still}, {**metadata, **alternative}


def explore_mu(problem=None, theta=None, guess=None, slice=None, **controls):
    """The damped step of any problem of two parameters at θ, with μ to drag; Rosenbrock's valley unless given.

    `explore_mu(CurveFit(model, x, y), [1.0, 0.5])`. A larger problem is seen through a `slice` at θ: (i, j) for two
    parameters, counted from 0, all others held, or "singular" for the two leading singular vectors of J. `guess` is a
    point of the map where you expect a step to land. Errors as those of MuScene and Slice.
    """
    if slice is not None:
        problem, theta = sliced(problem, theta, slice), None
    return Explorer(MuScene(problem, theta, guess), **controls)


class TracePlayer(Explorer):
    """A Player with buttons that go to its refused trials, and one that goes on from here with another μ."""

    def _buttons(self):
        self.previous, self.following, self.branch = (
            ipywidgets.Button(description=words, tooltip=tooltip, layout=BUTTON)
            for words, tooltip in (
                ("Previous refused", "to the refused trial before this one"),
                ("Next refused", "to the refused trial after this one"),
                ("Branch from here", "a second run, which goes on after this trial with this μ"),
            )
        )
        self.mu = ipywidgets.FloatText(10.0, description="with μ =", layout=BOX, style=WIDE)
        self.previous.on_click(lambda _: self._try(self._to_refused, -1))
        self.following.on_click(lambda _: self._try(self._to_refused, 1))
        self.branch.on_click(lambda _: self._try(self.go_on, self.mu.value))
        return [ipywidgets.HBox([self.previous, self.following, self.branch, self.mu], layout=ROW)]

    def go_on(self, mu):
        """Branch off after the trial that is shown, and walk the branch; returns the explorer, errors as `Player`."""
        trial = self.scene.within(**self.values)
        scene = self.scene.branched(mu, trial, self.values.get("run", 0))
        self._enact(scene, scene.settings({"trial": trial + 1, "run": "branch"}))
        return self

    def _to_refused(self, way):
        self.set(trial=self.scene.refused(way, **self.values))

    def _try(self, act, argument):
        """Do it, or say why it cannot be done."""
        try:
            act(argument)
        except Exception as error:
            self._say(str(error))


def play(trace, guess=None, branch=None, **controls):
    """A run on two parameters to walk forwards and backwards, with a button that asks: what if μ had been 10 here?

    `play(solve(problem, [1.0, 0.5], plain=True))`; `guess` is the ρ you expect; `branch`, such as {4: 10}, has asked
    already; `controls` say where to begin: `trial=4`. Errors as those of Player: a trace without arrays
    (`history="light"`), or of other than two parameters.
    """
    instance("trace", trace, Trace, "a Trace, such as solve gives")
    return TracePlayer(Player(trace, guess, branch), **controls)


class Knob(ipywidgets.HBox):
    """One control: a slider, Back and Next for those who do not drag, and a text box for those who know the number.

    The slider counts `stops`, since one that counted in numbers would move what is typed to a number of its own. A
    choice is a row of buttons; what plays by itself has play, pause and stop beside its slider. What finds no room
    goes to the next line, so that a long label squeezes nothing.
    """

    def __init__(self, control, value, turned):
        self.control, self.value, self.stops, self._turned = control, value, _stops(control), turned
        label = ipywidgets.HTML(escape(control.label), layout=LABEL)
        parts = (
            [self._choice()] if control.names else [self._slider(), *self._buttons(), self._box()]
        )
        self.slider.observe(lambda change: self._slid(change.new), "value")
        super().__init__([label, *parts, *([self._player()] if control.play else [])], layout=ROW)

    def turn(self, value):
        """Let this be the value, on the slider and in the box too; they call back, and nothing is new then."""
        if value != self.value:
            self.value, self.slider.value = value, self._position(value)
            if not self.control.names:
                self.box.value = value
            self._turned(value)

    def close(self):
        """Close what it is made of too."""
        for part in self.children:
            part.close()
        super().close()

    def _position(self, value):
        return min(bisect_left(self.stops, value), len(self.stops) - 1)

    def _slid(self, position):
        if position != self._position(self.value):
            self.turn(self.stops[position])

    def _choice(self):
        options = [(name, i) for i, name in enumerate(self.control.names)]
        self.slider = ipywidgets.ToggleButtons(
            options=options, value=self.value, style={"button_width": "auto"}
        )
        return self.slider

    def _slider(self):
        look = {"readout": False, "tooltip": self.control.label, "layout": SLIDER}
        self.slider = ipywidgets.IntSlider(
            self._position(self.value), min=0, max=len(self.stops) - 1, **look
        )
        return self.slider

    def _buttons(self):
        self.back, self.next = (
            ipywidgets.Button(
                description=word, tooltip=f"{self.control.label}: one step {way}", layout=BUTTON
            )
            for word, way in (("Back", "back"), ("Next", "on"))
        )
        self.back.on_click(
            lambda _: self.turn(self.stops[max(bisect_left(self.stops, self.value) - 1, 0)])
        )
        self.next.on_click(
            lambda _: self.turn(
                self.stops[min(bisect_right(self.stops, self.value), self.slider.max)]
            )
        )
        return self.back, self.next

    def _box(self):
        kind = ipywidgets.BoundedIntText if self.control.whole else ipywidgets.BoundedFloatText
        look = {
            "description": "exactly",
            "tooltip": self.control.label,
            "layout": BOX,
            "style": WIDE,
            "step": None,
        }
        self.box = kind(self.value, min=self.control.low, max=self.control.high, **look)
        self.box.observe(lambda change: self.turn(change.new), "value")
        return self.box

    def _player(self):
        """Counts in the browser; while the kernel is busy the browser keeps only the last count."""
        last = len(self.stops) - 1
        every = min(PLAY_EVERY, max(PLAY_LEAST, PLAY_WITHIN // last)) if last else PLAY_EVERY
        self.play = ipywidgets.Play(
            self.slider.value, min=0, max=last, interval=every, show_repeat=False
        )
        ipywidgets.link((self.slider, "value"), (self.play, "value"))
        return self.play


ROW = {"flex_flow": "row wrap", "align_items": "center"}
LABEL = {"max_width": "100%", "margin": "2px 8px 2px 2px"}
BUTTON = {"width": "auto"}
SLIDER = {"width": "270px"}
BOX = {"width": "11em"}
WIDE = {"description_width": "initial"}
PLAY_EVERY, PLAY_LEAST, PLAY_WITHIN = (
    500,
    100,
    20_000,
)  # milliseconds between two stops, and for all of them
N_STOPS = 50  # about so many from one end of a slider to the other


def _stops(control):
    """Where a slider stops: at its ends, its start, and round numbers between; every whole number if it is whole."""
    low, high = control.low, control.high
    if control.whole:
        return list(range(int(low), int(high) + 1))
    ends = (math.log10(low), math.log10(high)) if control.log else (low, high)
    ticks = MaxNLocator(N_STOPS, steps=(1, 2, 5, 10)).tick_values(*ends)
    between = (float(f"{10**tick:.3g}" if control.log else f"{tick:.10g}") for tick in ticks)
    return sorted({low, control.start, high, *(stop for stop in between if low < stop < high)})


def _flat(artists):
    """The artists in dicts, lists and containers of them; numbers that a scene keeps beside them are passed over."""
    if isinstance(artists, Artist):
        return [artists]
    parts = (
        artists.values()
        if isinstance(artists, dict)
        else artists
        if isinstance(artists, (list, tuple))
        else ()
    )
    return [artist for part in parts for artist in _flat(part)]
