"""Live scenes: sliders, buttons and text boxes around a figure that sends only what moves again.

Where no widget can be shown, the same object is a still picture and its sentence.
"""

import gc
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

from .cells import close_whole, replace_earlier
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
CLOSED = "This explorer is closed; run its cell again for a new one."
SAME_PLACE = "1 / 1 / 2 / 2"
PROJECTED = (10.24, 7.68)  # a projector's picture in inches
WORDS, KNOB = 1.1, 0.44  # inches of it that the sentence takes, and each row of controls
# Stock widgets have no setting for all of their text.
SIZED = """<style>.lmteach-{0} {{
    font-size: {0}pt;
    --jp-widgets-font-size: {0}pt;
    --jp-widgets-inline-height: max(28px, calc(1.5 * {0}pt));
}}</style>"""


class Stage:
    """A scene's figure drawn once: the still part as a PNG, what moves as an SVG over it."""

    def __init__(self, scene, numbers, rows=1):
        self.scene, self.picture = scene, Picture(_look_below(rows))
        self.picture.set_dpi(POINTS)
        self.artists = scene.still(self.picture)
        self.moving = sorted(_flat(self.artists), key=lambda artist: artist.get_zorder())
        scene.move(self.artists, numbers)
        # This lays the axes out; from here on they stay where they are.
        self.picture.draw_without_rendering()
        self.picture.set_layout_engine("none")

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


def _look_below(rows):
    """Return the look of a picture below rows of controls and a sentence.

    On a projector it is as high as they leave it.
    """
    look, (width, height) = current_look(), PROJECTED
    return look | {"figsize": (width, height - WORDS - KNOB * rows)} if look is PROJECTOR else look


class Explorer(ipywidgets.VBox):
    """A scene with a slider, two buttons and a text box for each control, and with its sentence.

    In a notebook that is not run, in HTML or on paper it is the picture for the present values,
    with the sentence as alternative text. `set(**controls)` moves it from Python, `table()` gives
    the numbers, and `close()` frees all that it holds. A cell that is run again closes the
    explorers that it made before.
    """

    closed = False
    rows_of_buttons = 0
    own = ("stage", "scene", "values", "knobs", "buttons", "status")
    own += ("_still", "_moving", "_picture", "_size")  # what close() lets go

    def __init__(self, scene, **controls):
        instance("scene", scene, Scene, "a Scene, such as MuScene(problem, theta)")
        values = scene.settings(controls)
        stage = self._drawn(scene, values)  # before there are widgets: an error leaves none behind
        place = ipywidgets.Layout(grid_area=SAME_PLACE, width="100%", margin="0")
        self._still = ipywidgets.Image(format="png", layout=place)
        self._moving = ipywidgets.HTML(layout=place)
        grid = ipywidgets.Layout(display="grid")
        self._picture = ipywidgets.Box([self._still, self._moving], layout=grid)
        self.status, self.buttons, self.knobs = ipywidgets.HTML(), self._buttons(), {}
        # Controls and sentence are to be as large as the picture's text.
        points = current_look()["text"]
        self._size = ipywidgets.HTML(SIZED.format(points), layout={"display": "none"})
        super().__init__()
        self.add_class(f"lmteach-{points}")
        self._show_stage(stage, values)
        replace_earlier(self)

    def _buttons(self):
        """Return the widgets that a subclass has between the controls and the sentence."""
        return []

    def _drawn(self, scene, values):
        """Return the Stage of a scene, which leaves room for this explorer's controls."""
        return Stage(scene, scene.compute(**values), len(scene.controls) + self.rows_of_buttons)

    def _show_stage(self, stage, values):
        """Show this stage, with widgets for its scene's controls, in place of the one before."""
        scene = stage.scene
        for knob in self.knobs.values():
            close_whole(knob)
        self.stage, self.scene, self.values = stage, scene, values
        self.knobs = {
            n: Knob(c, values[n], partial(self._turned, n)) for n, c in scene.controls.items()
        }
        self._still.value = stage.background()
        width = stage.picture.bbox.width * stage.picture.look["dpi"] / POINTS
        self.layout.max_width = f"{width:.0f}px"
        below = (self.status, self._picture, self._size)
        self.children = [*self.knobs.values(), *self.buttons, *below]
        self._show()

    def close(self):
        """Close every widget of it, and let go of figure, scene and numbers."""
        if self.closed or "stage" not in vars(self):  # closed, or never opened
            return
        self.closed, self.said = True, CLOSED
        close_whole(self)
        self._repr_mimebundle_ = None  # so that only the sentence is shown
        self.children = ()
        for name in self.own:
            delattr(self, name)

    def _still_open(self):
        if self.closed:
            raise RuntimeError(CLOSED)

    def set(self, **controls):
        """Move the named controls, and return the explorer.

        Raises ValueError or TypeError as `Scene.frame` does, RuntimeError after `close()`.
        """
        self._still_open()
        for name, value in self.scene.settings({**self.values, **controls}).items():
            self.knobs[name].turn(value)
        return self

    def picture(self):
        """Return the still Picture for the present values."""
        self._still_open()
        return self.scene.frame(**self.values)

    def table(self):
        """Return the numbers in the picture, a list of rows; the first row names the columns."""
        self._still_open()
        return self.scene.rows(self.scene.compute(**self.values))

    def _turned(self, name, value):
        self.values[name] = value
        self._show()

    def _show(self):
        """Compute, redraw what moves, and write the sentence.

        It also says what goes wrong, because a traceback would not be seen.
        """
        try:
            numbers = self.scene.compute(**self.values)
            svg, said = self.stage.overlay(numbers), self.scene.sentence(numbers)
        except Exception as error:
            said = f"This cannot be drawn here: {type(error).__name__}: {error}"
        else:
            named = f'<svg role="img" aria-label="{escape(said)}"'
            self._moving.value = svg.replace("<svg", named, 1)
        self._say(said)

    def _say(self, said):
        live = '<div role="status" aria-live="polite" style="line-height: 1.3">'
        self.status.value = f"{live}{escape(said)}</div>"
        self.said = said

    def __repr__(self):
        return self.said

    def _repr_mimebundle_(self, **options):
        """Return the live view, and still picture and sentence for where there are no widgets."""
        still, alternative = self.picture()._repr_mimebundle_()
        live = super()._repr_mimebundle_(**options)
        data, metadata = live if isinstance(live, tuple) else (live, {})
        return {**data, **still}, {**metadata, **alternative}


def explore_mu(problem=None, theta=None, guess=None, slice=None, **controls):
    """Show the damped step of a problem of two parameters at θ, with a slider for μ.

    `explore_mu(CurveFit(model, x, y), [1.0, 0.5])`; Rosenbrock's valley unless given. A larger
    problem is seen through a `slice` at θ: (i, j) for two parameters, counted from 0, all others
    held, or "singular" for the two leading singular vectors of J. `guess` is a point of the map
    where you expect a step to end. Raises the errors of MuScene and Slice.
    """
    if slice is not None:
        problem, theta = sliced(problem, theta, slice), None
    return Explorer(MuScene(problem, theta, guess), **controls)


class TracePlayer(Explorer):
    """A Player with buttons for its refused trials, and one to go on from here with another μ."""

    rows_of_buttons = 1
    own = (*Explorer.own, "previous", "following", "branch", "mu")

    def _buttons(self):
        self.previous = _button("Previous refused", "to the refused trial before this one")
        self.following = _button("Next refused", "to the refused trial after this one")
        branch = "a second run, which goes on after this trial with this μ"
        self.branch = _button("Branch from here", branch)
        self.mu = ipywidgets.FloatText(10.0, description="with μ =", layout=BOX, style=WIDE)
        self.previous.on_click(lambda _: self._try(self._to_refused, -1))
        self.following.on_click(lambda _: self._try(self._to_refused, 1))
        self.branch.on_click(lambda _: self._try(self.go_on, self.mu.value))
        return [ipywidgets.HBox([self.previous, self.following, self.branch, self.mu], layout=ROW)]

    def go_on(self, mu):
        """Branch off after the trial that is shown, show the branch, and return the explorer.

        Raises the errors of Player, RuntimeError after `close()`.
        """
        self._still_open()
        trial = self.scene.within(**self.values)
        scene = self.scene.branched(mu, trial, self.values.get("run", 0))
        values = scene.settings({"trial": trial + 1, "run": "branch"})
        self._show_stage(self._drawn(scene, values), values)
        gc.collect()  # the figure before is a ring of references, which nothing else frees at once
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
    """Show a run on two parameters, trial by trial, forwards and backwards.

    `play(solve(problem, [1.0, 0.5], plain=True))`. A button asks: what if μ had been 10 here?
    `branch`, such as {4: 10}, has asked already. `guess` is the ρ you expect, and `controls` say
    where to begin: `trial=4`. Raises the errors of Player: for a trace without arrays
    (`history="light"`), or of other than two parameters.
    """
    instance("trace", trace, Trace, "a Trace, such as solve gives")
    return TracePlayer(Player(trace, guess, branch), **controls)


class Knob(ipywidgets.HBox):
    """The widgets of one control: a slider, the buttons Back and Next, and a text box.

    The slider counts `stops`, since one that counted in numbers would round what is typed. A choice
    is a row of buttons; a control with `play` has play, pause and stop beside its slider. Widgets
    that do not fit go to the next line, so that a long label squeezes nothing.
    """

    def __init__(self, control, value, turned):
        self.control, self.value, self.stops, self._turned = control, value, _stops(control), turned
        parts = [ipywidgets.HTML(escape(control.label), layout=LABEL)]
        if control.names:
            parts += [self._choice()]
        else:
            parts += [self._slider(), *self._buttons(), self._box()]
        self.slider.observe(lambda change: self._slid(change.new), "value")
        if control.play:
            parts += [self._player()]
        super().__init__(parts, layout=ROW)

    def turn(self, value):
        """Set the value, on the slider and in the box too; these call back, and find it set."""
        if value != self.value:
            self.value, self.slider.value = value, self._position(value)
            if not self.control.names:
                self.box.value = value
            self._turned(value)

    def _position(self, value):
        return min(bisect_left(self.stops, value), len(self.stops) - 1)

    def _slid(self, position):
        if position != self._position(self.value):
            self.turn(self.stops[position])

    def _choice(self):
        options = [(name, i) for i, name in enumerate(self.control.names)]
        wide = {"button_width": "auto"}
        self.slider = ipywidgets.ToggleButtons(options=options, value=self.value, style=wide)
        return self.slider

    def _slider(self):
        look = {"readout": False, "tooltip": self.control.label, "layout": SLIDER}
        last, here = len(self.stops) - 1, self._position(self.value)
        self.slider = ipywidgets.IntSlider(here, min=0, max=last, **look)
        return self.slider

    def _buttons(self):
        self.back = _button("Back", f"{self.control.label}: one step back")
        self.next = _button("Next", f"{self.control.label}: one step on")
        self.back.on_click(lambda _: self._step_to(bisect_left(self.stops, self.value) - 1))
        self.next.on_click(lambda _: self._step_to(bisect_right(self.stops, self.value)))
        return self.back, self.next

    def _step_to(self, position):
        self.turn(self.stops[min(max(position, 0), len(self.stops) - 1)])

    def _box(self):
        look = {"description": "exactly", "tooltip": self.control.label, "layout": BOX}
        look |= {"style": WIDE, "step": None}
        ends = {"min": self.control.low, "max": self.control.high}
        # A box for whole numbers would swallow the point, and read 2.5 as 25.
        self.box = ipywidgets.BoundedFloatText(self.value, **ends, **look)
        self.box.observe(lambda change: self._typed(change.new), "value")
        return self.box

    def _typed(self, number):
        self.turn(round(number) if self.control.whole else number)
        self.box.value = self.value

    def _player(self):
        """Return play, pause and stop.

        The browser counts; while the kernel is busy it keeps only the last count.
        """
        last = len(self.stops) - 1
        every = min(PLAY_EVERY, max(PLAY_LEAST, PLAY_WITHIN // last)) if last else PLAY_EVERY
        look = {"interval": every, "show_repeat": False}
        self.play = ipywidgets.Play(self.slider.value, min=0, max=last, **look)
        ipywidgets.link((self.slider, "value"), (self.play, "value"))
        return self.play


ROW = {"flex_flow": "row wrap", "align_items": "center"}
LABEL = {"max_width": "100%", "margin": "2px 8px 2px 2px"}
BUTTON = {"width": "auto"}
SLIDER = {"width": "270px"}
BOX = {"width": "11em"}
WIDE = {"description_width": "initial"}
PLAY_EVERY, PLAY_LEAST = 500, 100  # milliseconds between two stops, if they are few or many
PLAY_WITHIN = 20_000  # milliseconds for all of them
N_STOPS = 50  # about so many from one end of a slider to the other


def _button(words, tooltip):
    return ipywidgets.Button(description=words, tooltip=tooltip, layout=BUTTON)


def _stops(control):
    """Return where a slider stops: at its ends, its start, and round numbers between them.

    It stops at every whole number if the control is whole.
    """
    low, high = control.low, control.high
    if control.whole:
        return list(range(int(low), int(high) + 1))
    ends = (math.log10(low), math.log10(high)) if control.log else (low, high)
    ticks = MaxNLocator(N_STOPS, steps=(1, 2, 5, 10)).tick_values(*ends)
    between = (float(f"{10**tick:.3g}" if control.log else f"{tick:.10g}") for tick in ticks)
    return sorted({low, control.start, high, *(stop for stop in between if low < stop < high)})


def _flat(artists):
    """Return the artists in dicts and lists of them; numbers beside them are left out."""
    if isinstance(artists, Artist):
        return [artists]
    if isinstance(artists, dict):
        artists = artists.values()
    elif not isinstance(artists, (list, tuple)):
        return []
    return [artist for part in artists for artist in _flat(part)]
