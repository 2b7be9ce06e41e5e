"""Explorers without a browser: every knob to both ends and back, nothing hidden, the same as the still picture."""

import base64
import gc
import tracemalloc

import numpy as np
import pytest
from test_scenes import SCENES

from lmteach.figures import Control, Scene
from lmteach.figures.damping import MuScene
from lmteach.widgets import Explorer, explore_mu

KNOBS = [(kind, name) for kind in SCENES for name in kind.controls]


@pytest.mark.parametrize(("kind", "name"), KNOBS)
def test_to_both_ends_and_back(kind, name):
    explorer = Explorer(kind())
    said, drawn = repr(explorer), explorer._moving.value
    slider, control = explorer.knobs[name].slider, explorer.scene.controls[name]
    seen = set()
    for value in (control.low, control.high):
        slider.value = value
        assert repr(explorer) == explorer.scene.frame(**{name: value}).alt
        assert (
            repr(explorer) in explorer.status.value.replace("&#x27;", "'").replace("&amp;", "&")
            or "&" in explorer.status.value
        )
        seen.add(explorer._moving.value)
    assert len(seen) == 2
    slider.value = control.start
    assert (repr(explorer), explorer._moving.value) == (said, drawn)


@pytest.mark.parametrize("kind", SCENES)
def test_live_view_and_still_picture_travel_together(kind):
    explorer = Explorer(kind())
    data, metadata = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == metadata["image/png"]["alt"] == repr(explorer)
    assert explorer.table() == explorer.scene.frame().table()


def test_buttons_and_box():
    explorer = Explorer(MuScene(), mu=1.0)
    knob = explorer.knobs["mu"]
    knob.next.click()
    up = explorer.values["mu"]
    assert up > 1.0
    knob.back.click()
    assert np.isclose(explorer.values["mu"], 1.0)
    knob.box.value = 2.5
    assert explorer.values["mu"] == knob.slider.value == 2.5
    explorer.set(mu=MuScene().controls["mu"].high)
    knob.next.click()
    assert explorer.values["mu"] == MuScene().controls["mu"].high
    assert all(part.tooltip for part in (knob.back, knob.next)) and knob.slider.description and knob.box.description


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


def test_what_goes_wrong_is_said():
    explorer = Explorer(Breaking())
    drawn = explorer._moving.value
    explorer.knobs["x"].slider.value = 2.0
    assert "ZeroDivisionError: beyond 1 there is nothing" in explorer.status.value
    assert explorer._moving.value == drawn
    explorer.knobs["x"].slider.value = 0.0
    assert "x = 0" in explorer.status.value


def test_only_what_moves_is_sent_again():
    explorer = Explorer(MuScene())
    assert len(explorer._moving.value) < 40_000
    assert "<style" not in explorer._moving.value and 'role="img"' in explorer._moving.value


def test_the_door():
    with pytest.raises(TypeError, match="scene is a int: expected a Scene"):
        Explorer(3)
    with pytest.raises(ValueError, match=r"mu = .*expected a number from"):
        Explorer(MuScene()).set(mu=1e30)
    with pytest.raises(ValueError, match="control = 'nu'"):
        Explorer(MuScene(), nu=3)


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
            explorer.knobs["mu"].slider.value = mu

    moves(100)
    gc.collect()
    tracemalloc.start()
    moves(500)
    gc.collect()
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert left < 2e6
