"""What a hand touches, without a browser: as the page tells it, and on any axes."""

import asyncio

import numpy as np
import pytest
from test_scenes import SCENES

from lmteach.figures import Control, Handle, Scene
from lmteach.figures.damping import MuScene, SmallMap
from lmteach.figures.jacobian import JacobianMap
from lmteach.figures.race import Race
from lmteach.figures.residuals import OneWeight
from lmteach.figures.training import Training
from lmteach.figures.updates import Player
from lmteach.stage import HALO, Stage
from lmteach.touch import MOMENT
from lmteach.widgets import CLOSED, LIVE, Explorer, explore_mu, play

TOUCHED = [*(kind for kind in SCENES if kind().touched), SmallMap]
VIEW = "application/vnd.jupyter.widget-view+json"


def place_of(explorer, index=0):
    """Where a handle is, in the units of its axes."""
    scene, values = explorer.scene, explorer.values
    return scene.place(scene.touched[index], scene.compute(**values), values)


def tell(explorer, index, point, start=None, number=1):
    """Say what the page says: this handle is at a point of its axes, and was taken at `start`."""
    at = [list(place) for place in explorer.view.at]
    at[index] = list(point)
    held = [index, *(point if start is None else start), number]
    explorer.view.set_state({"at": at, "held": held})


class Reversed(Scene):
    """A point on logarithmic axes, the second of which runs backwards."""

    touched = (Handle("dot", "across", "down", "the point"),)
    controls = {
        "across": Control(1e-4, 1e6, 10.0, "across", log=True, knob=False),
        "down": Control(1e-3, 1e3, 1.0, "down", log=True),
    }

    def compute(self, across, down):
        return {"across": across, "down": down}

    def still(self, picture):
        axes = picture.subplots()
        axes.set(xscale="log", yscale="log", xlim=(1e-4, 1e6), ylim=(1e3, 1e-3))
        return {"dot": axes.plot([1], [1], "o")[0]}

    def move(self, artists, numbers):
        artists["dot"].set_data([numbers["across"]], [numbers["down"]])

    def sentence(self, numbers):
        return f"across = {numbers['across']:.3g}, down = {numbers['down']:.3g}"

    def rows(self, numbers):
        return [("across", "down"), (numbers["across"], numbers["down"])]


async def moved_in_a_kernel(explorer, close=False):
    """(what it says when the message has been dealt with, and what a moment later)."""
    tell(explorer, 0, (0.2, 0.25))
    first = explorer.said
    if close:
        explorer.close()
    await asyncio.sleep(2 * MOMENT)
    return first, explorer.said


def test_in_a_kernel_it_is_drawn_when_the_message_has_been_dealt_with():
    explorer = Explorer(Reversed())
    before = repr(explorer)
    said = asyncio.run(moved_in_a_kernel(explorer))
    assert said == (before, "across = 0.01, down = 31.6")
    assert explorer.view.answered == 1


def test_a_picture_that_is_closed_before_it_is_drawn_stays_closed():
    assert asyncio.run(moved_in_a_kernel(Explorer(Reversed()), close=True))[1] == CLOSED


def test_on_logarithmic_axes_that_run_backwards():
    explorer = Explorer(Reversed())
    assert np.allclose(explorer.view.at, [[0.5, 0.5]])
    tell(explorer, 0, (0.2, 0.25))
    assert repr(explorer) == "across = 0.01, down = 31.6"
    assert explorer.knobs["down"].box.value == pytest.approx(10**1.5)
    assert "across" not in explorer.knobs
    explorer.set(across=1e4, down=1e3)
    assert np.allclose(explorer.view.at, [[0.8, 0.0]])


@pytest.mark.parametrize("kind", TOUCHED)
def test_a_handle_is_where_it_is_drawn(kind):
    """Each is on its axes at the start, its way to the data and back is one, and it has a name."""
    explorer = Explorer(kind())
    view, stage = explorer.view, explorer.stage
    labels = [handle["label"] for handle in view.handles]
    assert len(set(labels)) == len(labels) and all(labels)
    for index, point in enumerate(view.at):
        assert 0 <= min(point) <= max(point) <= 1
        assert stage.part_at(index, stage.data_at(index, point)) == pytest.approx(point)
        assert stage.data_at(index, point) == pytest.approx(place_of(explorer, index))
        left, top, width, height = view.handles[index]["area"]
        assert 0 <= left < left + width <= 1 and 0 <= top < top + height <= 1


@pytest.mark.parametrize("kind", TOUCHED)
def test_what_is_touched_moves_the_picture(kind):
    explorer = Explorer(kind())
    for index in range(len(explorer.scene.touched)):
        said, svg = repr(explorer), explorer.view.svg
        tell(explorer, index, (0.37, 0.81))
        assert repr(explorer) == explorer.scene.frame(**explorer.values).alt
        assert repr(explorer) != said and explorer.view.svg != svg


@pytest.mark.parametrize("kind", TOUCHED)
def test_beyond_the_axes_it_is_held(kind):
    explorer = Explorer(kind())
    for corner in ((0, 0), (1, 1), (0, 1)):
        for index in range(len(explorer.scene.touched)):
            tell(explorer, index, corner)
            for name, value in explorer.values.items():
                assert explorer.scene.controls[name].checked(name, value) == value
            assert "cannot be drawn" not in explorer.view.said


def test_a_cell_of_j_is_a_whole_one():
    explorer = Explorer(JacobianMap())
    tell(explorer, 0, (0.99, 0.01), number=7)
    assert (explorer.values["row"], explorer.values["column"]) == (5, 11)
    assert explorer.knobs["row"].slider.value == 5 and explorer.view.answered == 7
    assert explorer.view.at == [pytest.approx(explorer.stage.part_at(0, (11, 5)))]


def test_what_is_near_in_x_becomes_the_outlier():
    explorer = Explorer(Training(), step=3)
    x, order = explorer.scene.x, np.argsort(explorer.scene.x)
    index = int(order[4])
    point = explorer.stage.part_at(0, (x[index] + 0.01, 1.5))
    tell(explorer, 0, point)
    assert explorer.values["outlier"] == index and explorer.values["height"] == pytest.approx(1.5)
    assert repr(explorer).startswith("With one point moved: after 3 trials")
    # An arrow key leads to the neighbour, which is where it was measured.
    here = explorer.stage.part_at(0, place_of(explorer))
    tell(explorer, 0, (here[0] + 0.01, here[1]), start=here)
    assert explorer.values["outlier"] == int(order[5])
    assert "With one point moved" not in repr(explorer)


def test_targets_and_weight_are_moved_on_their_own():
    explorer = Explorer(OneWeight())
    tell(explorer, 2, explorer.stage.part_at(2, (1.0, 5.0)))
    assert explorer.values["y_2"] == pytest.approx(5.0) and explorer.values["weight"] == 1.0
    tell(explorer, 0, explorer.stage.part_at(0, (2.0, 0.0)))
    assert explorer.values["weight"] == pytest.approx(2.0)
    weight, F = place_of(explorer)
    assert F == pytest.approx((0 + (4 - 5) ** 2 + (6 - 7) ** 2) / 2)


def test_a_moved_run_keeps_rule_and_limits():
    player = Player()
    moved = player.compute(trial=2, theta_1=0.5, theta_2=1.0)
    first, start = moved["steps"][0], player.runs[0][0]
    assert np.array_equal(first.theta, [0.5, 1.0])
    assert (first.mu, first.damping) == (start.mu, start.damping)
    limits = first.options.but(max_steps=start.options.max_steps)
    assert limits == start.options
    explorer = Explorer(player, trial=2, theta_1=0.5, theta_2=1.0)
    assert repr(explorer).startswith("From θ = (0.5, 1), trial 2")
    branch = player.branched(10.0, 2, theta_1=0.5, theta_2=1.0)
    assert np.array_equal(branch.runs[1][0].theta, [0.5, 1.0]) and not branch.touched


@pytest.mark.parametrize("kind", [Race, Training])
def test_ticks_are_drawn_anew_where_they_changed(kind):
    """Of an axes that moves the ticks are kept; what was shown before leaves nothing behind."""
    scene = kind()
    first, last = (scene.compute(**scene.settings(given)) for given in ({}, _last(scene)))
    stage, fresh = Stage(scene, first), Stage(scene, first)
    begun = stage.overlay(first)
    ended = stage.overlay(last)
    assert begun != ended == fresh.overlay(last)
    assert stage.overlay(first) == begun
    assert len(stage.frames) == len({frame for frame in stage.frames.values()}) == 2


def _last(scene):
    """Every control at its upper end."""
    return {name: control.high for name, control in scene.controls.items() if control.knob}


def test_a_pale_edge_is_the_pages():
    """Words are sent as words, not as the outlines of their letters."""
    svg = Explorer(MuScene()).view.svg
    assert svg.count(f'class="{HALO}"') > 3 and f'id="{HALO}"' not in svg
    assert "μ = 0.1</text>" in svg


def test_a_guess_that_is_asked_for_veils_the_answer():
    assert Explorer(MuScene(guess=None)).view.veiled
    for scene in (MuScene(), MuScene(guess=(0.0, 0.0))):
        assert not Explorer(scene).view.veiled
    assert not explore_mu().view.veiled and explore_mu(guess=None).view.veiled
    shown = play(Player().trace, guess=None)
    assert shown.view.veiled
    shown.view.set_state({"veiled": False})  # Show me
    shown.go_on(10.0)
    assert not shown.view.veiled


def test_without_the_live_view_the_picture_stands(monkeypatch):
    explorer = Explorer(OneWeight())
    assert set(explorer._repr_mimebundle_()[0]) > {VIEW, "image/png"}
    monkeypatch.setenv(LIVE, "0")
    assert set(explorer._repr_mimebundle_()[0]) == {"image/png", "text/plain"}
