"""Every scene, at both ends and in the middle of every control: picture, sentence and table.

None of them depends on what was shown before.
"""

import importlib
import pkgutil

import numpy as np
import pytest

import lmteach.figures as figures
from lmteach.figures import Scene
from lmteach.figures.updates import Player

for info in pkgutil.iter_modules(figures.__path__):
    importlib.import_module(f"lmteach.figures.{info.name}")


class Branched(Player):
    """A Player with a second run, to be tested like any other scene."""

    controls = Player(branch={1: 10}).controls

    def __init__(self):
        super().__init__(branch={1: 10})


SCENES = [*sorted(Scene.__subclasses__(), key=lambda kind: kind.__name__), Branched]


def ink(picture):
    """The pixels of a picture."""
    picture.canvas.draw()
    return np.asarray(picture.canvas.buffer_rgba())


def framed(kind, **values):
    """A frame that says what it shows in words and numbers."""
    picture = kind().frame(**values)
    assert len(picture.alt) > 20 and "nan" not in picture.alt
    table = picture.table()
    assert len(table) > 1 and all(len(row) == len(table[0]) for row in table)
    return picture


@pytest.mark.parametrize("kind", SCENES)
def test_a_frame_is_the_same_a_second_time(kind):
    picture, again = framed(kind), kind().frame()
    assert again.alt == picture.alt and np.array_equal(ink(again), ink(picture))


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in SCENES for name in kind.controls]
)
def test_frames_at_both_ends_of_a_control_differ(kind, name):
    control = kind.controls[name]
    low, high = (framed(kind, **{name: value}) for value in (control.low, control.high))
    assert low.alt != high.alt and not np.array_equal(ink(low), ink(high))


@pytest.mark.parametrize("kind", SCENES)
def test_moving_is_drawing_anew(kind):
    """A picture moved from one end to the other and back is the picture drawn there at once."""
    scene = kind()
    picture = scene.frame()
    artists = scene.still(fresh := type(picture)(picture.look))
    for name, control in scene.controls.items():
        for value in (control.low, control.high):
            scene.move(artists, scene.compute(**scene.settings({name: value})))
    scene.move(artists, scene.compute(**scene.settings({})))
    assert np.array_equal(ink(fresh), ink(picture))


@pytest.mark.parametrize("kind", SCENES)
def test_the_door(kind):
    scene = kind()
    name, control = next(iter(scene.controls.items()))
    with pytest.raises(ValueError, match=f"{name} = .*expected a number from"):
        scene.frame(**{name: control.high + 1})
    unnamed = (ValueError, "expected one of") if control.names else (TypeError, "a number from")
    with pytest.raises(unnamed[0], match=unnamed[1]):
        scene.frame(**{name: "1"})
    with pytest.raises(ValueError, match="control = 'nothing'"):
        scene.frame(nothing=1)


@pytest.mark.parametrize("kind", SCENES)
def test_projector(kind, monkeypatch):
    monkeypatch.setenv("LMTEACH_PROJECTOR", "1")
    picture = kind().frame()
    width, height = picture.get_size_inches() * picture.dpi
    assert width <= 1024 and height <= 768
    ink(picture)
    sizes = [
        text.get_fontsize()
        for text in picture.findobj(match=lambda a: hasattr(a, "get_fontsize"))
        if text.get_text()
    ]
    assert min(sizes) >= 20
