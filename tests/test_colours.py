"""Every solver keeps one style in every figure, and all readers can tell the styles apart.

That is, those who see fewer colours, or none, too.

Simulated are protanopia, deuteranopia and tritanopia: G. M. Machado, M. M. Oliveira, L. A. F.
Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE
Transactions on Visualization and Computer Graphics 15 (2009), matrices for severity 1.0, applied to
linear RGB. Grey is luminance, as a printer or an old projector gives it. Distances are ΔE76, that
is, Euclidean in CIELAB (white D65); 2.3 is just noticeable.
"""

import importlib
import pkgutil
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import same_color, to_hex, to_rgb
from matplotlib.lines import Line2D

import lmteach.figures as figures
from lmteach import LeastSquares, solve
from lmteach.examples import START, rosenbrock
from lmteach.figures import SPARE, STYLES, Picture, Scene, fig_fit, fig_loss, fig_paths
from lmteach.figures.contour import SHADES
from lmteach.figures.picture import DESK, SHORT, style

for info in pkgutil.iter_modules(figures.__path__):
    importlib.import_module(f"lmteach.figures.{info.name}")
SCENES = [kind for kind in Scene.__subclasses__() if kind.__module__.startswith("lmteach.")]

READERS = {
    "all colours": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
RED_OR_GREEN = ("all colours", "protanopia", "deuteranopia")  # 99 of 100 readers
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
ALL = [*STYLES.values(), *SPARE]
SOLVERS, ANY = 35, 15  # ΔE76: how far apart GD, GN and LM are at least, and any two styles
CLOSE = 15  # greys less apart than this in lightness L* need another marker and another line


def linear(color):
    """sRGB as it is written → linear RGB."""
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Linear RGB → L*, a*, b*."""
    t = TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def seen(color, reader):
    """A colour in CIELAB, as the reader sees it."""
    return lab(np.array(READERS[reader]) @ linear(color))


def distances(styles, reader):
    """ΔE76 of every two of the styles."""
    return [
        np.linalg.norm(seen(a["color"], reader) - seen(b["color"], reader))
        for a, b in combinations(styles, 2)
    ]


def lightness(color):
    """L* of the grey that is left of a colour."""
    return lab(np.full(3, TO_XYZ[1] @ linear(color)))[0]


def test_the_conversion():
    """Known values: white, and the red of sRGB; and white stays white for every reader."""
    np.testing.assert_allclose(lab(linear("white")), [100, 0, 0], atol=1e-3)
    np.testing.assert_allclose(lab(linear("red")), [53.24, 80.09, 67.20], atol=0.02)
    for reader in READERS:
        np.testing.assert_allclose(np.sum(READERS[reader], axis=1), 1, atol=2e-6)


def test_the_simulation_takes_colours_away():
    """Red and green of one lightness become nearly one colour; blue and yellow stay apart."""
    for reader in ("protanopia", "deuteranopia"):
        red, green = "#CC6666", "#66A666"
        apart = [
            np.linalg.norm(seen(red, who) - seen(green, who)) for who in ("all colours", reader)
        ]
        assert apart[1] < apart[0] / 2
        assert np.linalg.norm(seen("#0000FF", reader) - seen("#FFFF00", reader)) > 100


@pytest.mark.parametrize("reader", READERS)
def test_colours_stay_apart(reader):
    assert min(distances(ALL, reader)) >= ANY
    if reader in RED_OR_GREEN:
        assert min(distances(STYLES.values(), reader)) >= SOLVERS


def test_what_is_one_grey_differs_in_marker_and_line():
    close = [
        (a, b)
        for a, b in combinations(ALL, 2)
        if abs(lightness(a["color"]) - lightness(b["color"])) < CLOSE
    ]
    assert close  # the greys alone would not do
    for a, b in close:
        assert a["marker"] != b["marker"] and a["linestyle"] != b["linestyle"]


@pytest.mark.parametrize("reader", READERS)
def test_shades_of_f_are_even_and_pale(reader):
    """Every reader sees equal steps from low to high; each line stands out from the lowest."""
    shades = np.array([seen(SHADES(place)[:3], reader) for place in np.linspace(0, 1, 11)])
    steps = np.diff(shades[:, 0])
    assert steps.min() > 0.6 * steps.max() > 0
    for own in STYLES.values():
        assert np.linalg.norm(seen(own["color"], reader) - shades[0]) > ANY


def test_solvers_differ_in_everything():
    for key in ("color", "marker", "linestyle"):
        assert len({style[key] for style in STYLES.values()}) == 3


def banana(theta):
    return np.array([10 * (theta[1] - theta[0] ** 2), 1 - theta[0]])


def finished_runs():
    """Every fig_* that draws solvers, with all three, and with the short names."""
    runs = {
        "GD": solve(rosenbrock(), START, "gd", rate=1e-3, max_steps=30),
        "GN": solve(rosenbrock(), START, "gn"),
        "Levenberg-Marquardt": solve(rosenbrock(), START, plain=True),
    }
    x = np.linspace(0, 1, 5)[:, None]
    yield from (
        fig_loss(runs),
        fig_loss(runs, x="jacobians"),
        fig_paths(LeastSquares(banana), runs, n_grid=21),
    )
    yield fig_fit(x, x, {name: lambda x, k=k: k * x for k, name in enumerate(runs)})


def scene_pictures(kind):
    """A scene at the ends and in the middle of all its controls together."""
    scene = kind()
    for end in ("low", "start", "high"):
        yield scene.frame(
            **{name: getattr(control, end) for name, control in scene.controls.items()}
        )


def wrong(picture):
    """Return lines in a solver's colour, or with its name, that are not in its style.

    A part of the style may be left out.
    """
    for line in picture.findobj(Line2D):
        for short, name in SHORT.items():
            own, called = STYLES[name], line.get_label().startswith((short, name))
            if called or same_color(line.get_color(), own["color"]):
                plain = Line2D([], [], **own)
                marker = line.get_marker() in (own["marker"], "", "None", None)
                dashes = line.get_linestyle() in ("None", plain.get_linestyle())
                if not (marker and dashes and same_color(line.get_color(), own["color"])):
                    yield (
                        name,
                        line.get_label(),
                        to_hex(line.get_color()),
                        line.get_marker(),
                        line.get_linestyle(),
                    )


@pytest.mark.parametrize("kind", SCENES)
def test_one_style_in_every_scene(kind):
    for picture in scene_pictures(kind):
        assert list(wrong(picture)) == []


def test_one_style_in_every_figure():
    drawn = set()
    for picture in finished_runs():
        assert list(wrong(picture)) == []
        drawn |= {line.get_label().split(" (")[0] for line in picture.findobj(Line2D)}
    assert set(STYLES) <= drawn


def test_the_guard_sees_a_wrong_style():
    picture = Picture(DESK)
    axes = picture.subplots()
    axes.plot([0, 1], label="LM", **style(DESK, "LM"))
    axes.plot([0, 1], label="path", **style(DESK, "GN") | {"marker": ""})
    assert list(wrong(picture)) == []
    axes.plot([0, 1], label="GN", **style(DESK, "LM"))
    axes.plot([0, 1], label="path", **style(DESK, "GD") | {"linestyle": "-"})
    assert [name for name, *_ in wrong(picture)] == ["Gauss-Newton", "gradient descent"]
