"""Live scenes: sliders, buttons and text boxes around one picture that can be touched.

Where no widget can be shown, the same object is a still picture and its sentence.
"""

import gc
import os
from functools import partial

import ipywidgets

from .cells import close_whole, replace_earlier
from .checks import instance
from .figures import Scene
from .figures.damping import MuScene
from .figures.picture import current_look
from .figures.scene import UNASKED
from .figures.updates import Player
from .knobs import BOX, ROW, WIDE, Knob, button, lines
from .slices import sliced
from .stage import POINTS, Stage
from .touch import TouchedPicture
from .trace import Trace

LIVE = "LMTEACH_LIVE"  # set to 0, it leaves the live view out: the picture and its sentence stand
CLOSED = "This explorer is closed; run its cell again for a new one."


class Explorer(ipywidgets.VBox):
    """A scene with a slider, two buttons and a text box for each control, and with its sentence.

    Its handles are moved by mouse, finger or arrow keys.

    In a notebook that is not run, in HTML or on paper it is the picture for the present values,
    with the sentence as alternative text. `set(**controls)` moves it from Python, `table()` gives
    the numbers, and `close()` frees all that it holds. A cell that is run again closes the
    explorers that it made before.
    """

    closed = False
    rows_of_buttons = 0
    own = ("stage", "scene", "values", "knobs", "buttons", "view")  # what close() lets go

    def __init__(self, scene, **controls):
        instance("scene", scene, Scene, "a Scene, such as MuScene(problem, theta)")
        values = scene.settings(controls)
        stage = self._drawn(scene, values)  # before there are widgets: an error leaves none behind
        self.view = TouchedPicture(self._moved)
        self.buttons, self.knobs = self._buttons(), {}
        super().__init__()
        self.add_class("lmteach-explorer")
        # Controls and sentence are to be as large as the picture's text.
        self.add_class(f"lmteach-{current_look()['text']}")
        self._show_stage(stage, values)
        replace_earlier(self)

    def _buttons(self):
        """Return the widgets that a subclass has between the controls and the sentence."""
        return []

    def _drawn(self, scene, values):
        """Return the Stage of a scene, which leaves room for this explorer's controls."""
        rows = sum(lines(control) for control in scene.controls.values() if control.knob)
        return Stage(scene, scene.compute(**values), rows + self.rows_of_buttons)

    def _show_stage(self, stage, values):
        """Show this stage, with widgets for its scene's controls, in place of the one before."""
        scene = stage.scene
        for knob in self.knobs.values():
            close_whole(knob)
        self.stage, self.scene, self.values = stage, scene, values
        self.knobs = {
            name: Knob(control, values[name], partial(self._turned, name))
            for name, control in scene.controls.items()
            if control.knob
        }
        width = stage.picture.bbox.width * stage.picture.look["dpi"] / POINTS
        self.layout.max_width = f"{width:.0f}px"
        self.view.show_stage(stage)
        self.children = [*self.knobs.values(), *self.buttons, self.view]
        self._show()

    def close(self):
        """Close every widget of it, and let go of figure, scene and numbers."""
        if self.closed or "stage" not in vars(self):  # closed, or never opened
            return
        self.closed, self.said = True, CLOSED
        self.view.close()
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
        values = self.scene.settings({**self.values, **controls})
        if values != self.values:
            self.values = values
            for name, knob in self.knobs.items():
                knob.show(values[name])
            self._show()
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

    def _moved(self, index, start, end):
        """Set the controls of a handle that was moved, as near as they allow."""
        handle, controls = self.scene.touched[index], self.scene.controls
        given = self.scene.touch(handle, start, end, self.values)
        self.values |= {name: controls[name].nearest(value) for name, value in given.items()}
        for name in given:
            if name in self.knobs:
                self.knobs[name].show(self.values[name])
        self._show()

    def _show(self):
        """Compute, redraw what moves, and write the sentence.

        It also says what goes wrong, because a traceback would not be seen.
        """
        try:
            self.view.show(self.scene.compute(**self.values), self.values)
        except Exception as error:
            self._say(f"This cannot be drawn here: {type(error).__name__}: {error}")
        else:
            self.said = self.view.said

    def _say(self, said):
        self.view.said = self.said = said

    def __repr__(self):
        return self.said

    def _repr_mimebundle_(self, **options):
        """Return the live view, and still picture and sentence for where there are no widgets."""
        still, alternative = self.picture()._repr_mimebundle_()
        if os.environ.get(LIVE) == "0":
            return still, alternative
        live = super()._repr_mimebundle_(**options)
        data, metadata = live if isinstance(live, tuple) else (live, {})
        return {**data, **still}, {**metadata, **alternative}


def explore_mu(problem=None, theta=None, guess=UNASKED, slice=None, **controls):
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
        self.previous = button("Previous refused", "to the refused trial before this one")
        self.following = button("Next refused", "to the refused trial after this one")
        branch = "a second run, which goes on after this trial with this μ"
        self.branch = button("Branch from here", branch)
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


def play(trace, guess=UNASKED, branch=None, **controls):
    """Show a run on two parameters, trial by trial, forwards and backwards.

    `play(solve(problem, [1.0, 0.5], plain=True))`. A button asks: what if μ had been 10 here?
    `branch`, such as {4: 10}, has asked already. `guess` is the ρ you expect, and `controls` say
    where to begin: `trial=4`. Raises the errors of Player: for a trace without arrays
    (`history="light"`), or of other than two parameters.
    """
    instance("trace", trace, Trace, "a Trace, such as solve gives")
    return TracePlayer(Player(trace, guess, branch), **controls)
