"""Explorers without a browser: every control to both ends and back, as the still picture."""

import base64
import gc
import json
import subprocess
import sys
import time
import tracemalloc
import weakref
from functools import partial
from html import escape

import ipywidgets
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from jupyter_client.manager import start_new_kernel
from test_scenes import SCENES

import lmteach
from lmteach import play, solve
from lmteach.examples import START, rosenbrock
from lmteach.figures import Control, Picture, Scene
from lmteach.figures.damping import MuScene
from lmteach.figures.updates import Player
from lmteach.knobs import N_STOPS, Knob, stops_of
from lmteach.stage import KNOB, PROJECTED, WORDS
from lmteach.widgets import CLOSED, Explorer, explore_mu

LEFT = 3e6  # bytes that twenty re-runs or branches may leave


def player():
    return play(solve(rosenbrock(), START, plain=True, target_loss=1e-10), trial=1)


KNOBS = [(kind, name) for kind in SCENES for name in kind.controls if kind.controls[name].knob]


@pytest.mark.parametrize(("kind", "name"), KNOBS)
def test_to_both_ends_and_back(kind, name):
    explorer = Explorer(kind())
    said, drawn = repr(explorer), explorer.view.svg
    knob, control = explorer.knobs[name], explorer.scene.controls[name]
    seen = set()
    for value in (control.low, control.high):
        knob.slider.value = knob.stops.index(value)
        assert repr(explorer) == explorer.scene.frame(**{name: value}).alt
        assert repr(explorer) in explorer.view.said
        seen.add(explorer.view.svg)
    assert len(seen) == 2
    knob.slider.value = knob.stops.index(control.start)
    assert (repr(explorer), explorer.view.svg) == (said, drawn)


@pytest.mark.parametrize("kind", SCENES)
def test_live_view_and_still_picture_travel_together(kind):
    explorer = Explorer(kind())
    data, metadata = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == metadata["image/png"]["alt"] == repr(explorer)
    assert explorer.table() == explorer.scene.frame().table()


@pytest.mark.parametrize(("kind", "name"), KNOBS)
def test_a_knob_for_every_kind_of_control(kind, name):
    """Assert its label, and that no dragging is needed: Back and Next, or a button for a name."""
    control = kind.controls[name]
    knob = Knob(control, control.start, turned=lambda value: None)  # of no picture
    assert escape(knob.control.label) == knob.children[0].value and knob.children[0].value
    assert knob.stops[0] == knob.control.low and knob.stops[-1] == knob.control.high
    assert knob.control.start in knob.stops and len(knob.stops) <= max(
        2 * N_STOPS, knob.control.high + 1
    )
    if not knob.control.names:
        for button, end in (knob.back, knob.control.low), (knob.next, knob.control.high):
            for _ in range(len(knob.stops)):
                button.click()
            assert (knob.value, knob.box.value) == (end, end)
            assert knob.control.label in button.tooltip
        assert knob.box.description and knob.box.tooltip


def test_buttons_and_box():
    explorer = Explorer(MuScene(), mu=1.0)
    knob = explorer.knobs["mu"]
    knob.next.click()
    assert explorer.values["mu"] == 1.58
    knob.back.click()
    assert explorer.values["mu"] == 1.0
    knob.box.value = 2.6
    assert explorer.values["mu"] == 2.6
    knob.slider.set_state({"value": knob.slider.value})  # a browser may send back what it was told
    assert explorer.values["mu"] == knob.box.value == 2.6
    knob.back.click()
    assert explorer.values["mu"] == 2.51
    knob.box.value = 1e30
    assert explorer.values["mu"] == MuScene().controls["mu"].high


def test_stops_are_round_numbers():
    assert {-2, 0, 0.5} < set(stops_of(Control(-3, 1, -2, "c")))
    assert {0.01, 1.58, 1000} < set(stops_of(Control(1e-4, 1e6, 10, "mu", log=True)))
    assert stops_of(Control(0, 3, 0, "step", whole=True)) == [0, 1, 2, 3]
    assert 1 / 3 in stops_of(Control(0, 1, 1 / 3, "x"))


def test_set_moves_several_and_by_name():
    explorer = Explorer(Choosing())
    assert explorer.set(which="last", x=1.25) is explorer
    assert explorer.values == {"x": 1.25, "which": 2}
    assert repr(explorer) == "x = 1.25, last" == explorer.picture().alt
    with pytest.raises(ValueError, match="which = 'frist': expected one of 'first'"):
        explorer.set(which="frist")
    with pytest.raises(ValueError, match="which = 3: expected a number from 0 to 2"):
        explorer.set(which=3)
    assert repr(explorer) == "x = 1.25, last"


def test_a_choice_is_a_row_of_buttons():
    explorer = Explorer(Choosing(), which="middle")
    row = explorer.knobs["which"].slider
    assert [name for name, _ in row.options] == [
        "first",
        "middle",
        "last",
    ] and row.label == "middle"
    row.set_state({"index": 0})  # what the browser sends
    assert repr(explorer) == "x = 0, first"


def test_what_plays_by_itself():
    explorer = Explorer(Player())
    knob = explorer.knobs["trial"]
    assert (knob.play.min, knob.play.max) == (0, 14) and not hasattr(
        Explorer(MuScene()).knobs["mu"], "play"
    )
    knob.play.set_state({"value": 3})
    assert explorer.values["trial"] == knob.slider.value == knob.box.value == 3
    knob.back.click()
    assert explorer.values["trial"] == knob.play.value == 2


def test_of_a_burst_the_last_value_is_shown():
    """All messages arrive here; a browser keeps one on its way and drops all later but the last."""
    scene = Choosing(seconds=0.02)
    explorer = Explorer(scene)
    slider, stops = explorer.knobs["x"].slider, explorer.knobs["x"].stops
    burst = [*range(1, slider.max + 1, 3), 5, 5, 5]
    scene.computed.clear()
    for value in burst:
        slider.set_state({"value": value})
    assert repr(explorer) == f"x = {stops[5]:.3g}, first"
    assert scene.computed[-1] == stops[5] and len(scene.computed) == len(burst) - 2


class Breaking(Scene):
    controls = {"x": Control(0, 2, 0, "x")}

    def compute(self, x):
        if x > 1:
            raise ZeroDivisionError("beyond 1 there is nothing")
        return {"x": x}

    def still(self, picture):
        axes = picture.subplots()
        axes.set(xlim=(0, 2), ylim=(0, 2))
        return {"dot": axes.plot([0], [1], "o")[0]}

    def move(self, artists, numbers):
        artists["dot"].set_xdata([numbers["x"]])

    def sentence(self, numbers):
        return f"x = {numbers['x']:.3g}"

    def rows(self, numbers):
        return [("x",), (numbers["x"],)]


class Choosing(Breaking):
    controls = {
        "x": Control(0, 2, 0, "x"),
        "which": Control.choice(("first", "middle", "last"), "which one"),
    }

    def __init__(self, seconds=0):
        self.seconds, self.computed = seconds, []

    def compute(self, x, which):
        time.sleep(self.seconds)
        self.computed.append(x)
        return {"x": x, "which": which}

    def sentence(self, numbers):
        return f"x = {numbers['x']:.3g}, {self.controls['which'].names[numbers['which']]}"


def test_what_goes_wrong_is_said():
    explorer = Explorer(Breaking())
    drawn = explorer.view.svg
    explorer.set(x=2.0)
    assert "ZeroDivisionError: beyond 1 there is nothing" in explorer.view.said
    assert explorer.view.svg == drawn
    explorer.set(x=0.0)
    assert "x = 0" in explorer.view.said


def test_only_what_moves_is_sent_again():
    explorer = Explorer(MuScene())
    assert len(explorer.view.svg) < 40_000
    assert "<style" not in explorer.view.svg and explorer.view.svg.startswith("<svg")


def test_the_door():
    with pytest.raises(TypeError, match="scene is an int: expected a Scene"):
        Explorer(3)
    with pytest.raises(ValueError, match=r"mu = .*expected a number from"):
        Explorer(MuScene()).set(mu=1e30)
    with pytest.raises(ValueError, match="control = 'nu'"):
        Explorer(MuScene(), nu=3)


@pytest.mark.parametrize("kind", SCENES)
def test_for_the_projector(kind, monkeypatch):
    """Controls, sentence and picture fit into 1024 × 768, in text as large as the picture's."""
    monkeypatch.setenv("LMTEACH_PROJECTOR", "1")
    explorer = Explorer(kind())
    width, height = explorer.stage.picture.get_size_inches()
    assert (
        width <= PROJECTED[0] and height + WORDS + KNOB * len(explorer.knobs) < PROJECTED[1] + 1e-9
    )
    assert "lmteach-20" in explorer._dom_classes and ".lmteach-20 {" in explorer.view._css


def test_for_the_desk():
    assert "lmteach-11" in Explorer(MuScene())._dom_classes


def test_importing_the_package_waits_for_no_widgets():
    code = """import sys, lmteach
print([name for name in ("ipywidgets", "matplotlib") if name in sys.modules], lmteach.play)"""
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith("[] <function play")
    with pytest.raises(AttributeError, match="module 'lmteach' has no attribute 'paly'"):
        lmteach.paly  # noqa: B018


def test_a_teachers_own_problem():
    from lmteach import CurveFit

    x = np.linspace(0, 2, 9)
    problem = CurveFit(lambda theta, x: theta[0] * np.exp(theta[1] * x), x, 2 * np.exp(-x))
    explorer = explore_mu(problem, [1.0, 0.5])
    assert "long" in repr(explorer)


@pytest.mark.full
def test_five_hundred_moves_leave_nothing_behind():
    explorer = Explorer(MuScene())
    mus = np.geomspace(1e-2, 1e2, 100)

    def moves(n):
        for mu in np.resize(mus, n):
            explorer.set(mu=mu)

    moves(100)
    gc.collect()
    tracemalloc.start()
    moves(500)
    gc.collect()
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert left < 2e6


def test_typed_into_a_box_for_whole_numbers():
    explorer = Explorer(Player())
    knob = explorer.knobs["trial"]
    for typed, value in ((2.5, 2), (3.4, 3), (3.6, 4), (4.0, 4)):
        knob.box.set_state({"value": typed})  # what the browser sends
        assert explorer.values["trial"] == knob.box.value == value
        assert isinstance(explorer.values["trial"], int)


# What is closed is free


def alive():
    return set(ipywidgets.widgets.widget._instances)


def figures():
    gc.collect()
    return sum(isinstance(thing, Picture) for thing in gc.get_objects())


@pytest.mark.parametrize("make", [explore_mu, player], ids=["explore_mu", "play"])
def test_a_closed_explorer_leaves_nothing(make):
    before, pictures = alive(), figures()
    explorer = make()
    explorer.picture()
    knob = next(iter(explorer.knobs.values()))
    held = weakref.ref(explorer.stage), weakref.ref(explorer.scene)
    assert len(alive() - before) > 20 and figures() == pictures + 1
    explorer.close()
    explorer.close()
    assert alive() == before and figures() == pictures
    assert [ref() for ref in held] == [None, None]
    knob.slider.value = knob.stops.index(knob.stops[-1])  # nobody listens any more
    assert repr(explorer) == CLOSED


def test_a_closed_explorer_says_so():
    explorer = player()
    explorer.close()
    acts = (explorer.set, explorer.picture, explorer.table, partial(explorer.go_on, 10.0))
    for act in acts:
        with pytest.raises(RuntimeError, match="This explorer is closed; run its cell again"):
            act()
    data, _ = DisplayFormatter().format(explorer)
    assert data == {"text/plain": CLOSED}


def test_a_bad_setting_leaves_no_widgets():
    before = alive()
    with pytest.raises(ValueError, match="mu = -1"):
        explore_mu(mu=-1)
    assert alive() == before


def test_branches_leave_as_much_as_one():
    shown = player()
    shown.go_on(10.0)
    before, pictures = alive(), figures()
    for mu in (1.0, 100.0):
        shown.set(trial=0, run="first")
        shown.go_on(mu)
    assert len(alive()) == len(before) and figures() == pictures
    shown.close()


# In a real kernel


class Kernel:
    """A kernel that runs cells as a notebook does: the notebook's id of the cell comes along."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(self, code, cell=None):
        """Run a cell; return what it printed, and fail with its error."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": True}
        request = self.client.session.msg("execute_request", content)
        request["metadata"] = {} if cell is None else {"cellId": cell}
        self.client.shell_channel.send(request)
        printed = []
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            kind, content = message["msg_type"], message["content"]
            assert kind != "error", "\n".join(content.get("traceback", ()))
            if kind == "stream":
                printed.append(content["text"])
            if kind == "status" and content["execution_state"] == "idle":
                return "".join(printed)

    def counts(self):
        """Return the numbers of widgets, open comms and figures, and the bytes that are traced."""
        return json.loads(self.run(COUNTS))

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


START_OF_LESSON = """
import gc, json, tracemalloc
from ipywidgets.widgets.widget import _instances
from lmteach import play, solve
from lmteach.examples import START, rosenbrock
from lmteach.figures import Picture
from lmteach.widgets import explore_mu
run = solve(rosenbrock(), START, plain=True, target_loss=1e-10)
"""
COUNTS = """
gc.collect()
import comm
pictures = sum(isinstance(thing, Picture) for thing in gc.get_objects())
n_comms = len(comm.get_comm_manager().comms)
print(json.dumps([len(_instances), n_comms, pictures, tracemalloc.get_traced_memory()[0]]))
"""


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    kernel.run(START_OF_LESSON)
    yield kernel
    kernel.end()


@pytest.mark.parametrize("cell", ["a1b2", None], ids=["by its id", "by its text"])
def test_a_cell_that_is_run_again(kernel, cell):
    code = "explore_mu()"
    kernel.run(code, cell)
    before = kernel.counts()
    for _ in range(2):
        kernel.run(code, cell)
    assert kernel.counts()[:3] == before[:3]


PICTURES = """
outputs = getattr(get_ipython().history_manager, "outputs", {})
print(sum("image/png" in output.bundle for some in outputs.values() for output in some))
"""


def test_ipython_keeps_one_picture_of_a_cell_that_is_run_again(kernel):
    before = int(kernel.run(PICTURES))
    for _ in range(3):
        kernel.run("explore_mu()", "p1")
    assert int(kernel.run(PICTURES)) <= before + 1


@pytest.mark.full
@pytest.mark.parametrize("again", ["explore_mu()", "shown.set(trial=0, run=0).go_on(2.0); None"])
def test_twenty_times_again(kernel, again):
    kernel.run("shown = play(run, trial=1).go_on(10.0); shown", "t1")
    kernel.run(f"tracemalloc.start(); {again}", "t2")
    before = kernel.counts()
    for _ in range(20):
        kernel.run(again, "t2")
    after = kernel.counts()
    kernel.run("tracemalloc.stop(); shown.close()")
    assert after[:3] == before[:3]
    assert after[3] - before[3] < LEFT


def test_a_cell_closes_nothing_of_another_cell_or_of_its_own_run(kernel):
    kernel.run("first, second = explore_mu(), explore_mu(mu=2.0); first", "c1")
    kernel.run("third = play(run); third", "c2")
    kernel.run("first", "c3")
    assert kernel.run("print(first.closed, second.closed, third.closed)") == "False False False\n"
    kernel.run("held = first; fourth = explore_mu()", "c1")
    said = kernel.run("print(held.closed, second.closed, third.closed, fourth.closed)")
    assert said == "True True False False\n"
    assert kernel.run("print(held)") == f"{CLOSED}\n"
