"""Lesson 10's pictures say what the reports say, and every cell shows its evidence."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from lmteach.figures import BLACK
from lmteach.figures.debug import TESTS, Fingerprints, fig_curves


def report(failed=(), not_applicable=()):
    """What a Fingerprints reads of a report."""
    results = [
        SimpleNamespace(name=test, title=f"{test} asks", seen=f"evidence of {test}")
        for test in TESTS
    ]
    return SimpleNamespace(failed=failed, not_applicable=not_applicable, results=results)


@pytest.fixture
def reports():
    return {"good": report(), "bad": report(("L1", "L6"), ("L7",))}


def test_a_cell_is_ink_where_the_test_failed(reports):
    axes = Fingerprints(reports).frame().axes[0]
    cells = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_fill()]
    full = [cell for cell in cells if to_hex(cell.get_facecolor(), keep_alpha=True)[-2:] == "ff"]
    assert len(cells) == 2 * len(TESTS)
    assert {to_hex(cell.get_facecolor()) for cell in full} == {BLACK}
    places = [(int(cell.get_y()), int(cell.get_x())) for cell in full]
    assert places == [(1, 0), (1, 5)]  # the second row, L1 and L6
    (dash,) = axes.get_lines()
    assert dash.get_ydata()[0] == 1.5 and int(dash.get_xdata()[0]) == 6  # L7


def test_the_sentence_shows_the_evidence(reports):
    scene = Fingerprints(reports)
    said = scene.frame(solver="bad", test="L6").alt
    assert said == "bad, L6 (L6 asks): failed. Seen: evidence of L6"
    assert "passed. Seen: evidence of L6" in scene.frame(solver="good", test="L6").alt
    assert "not applicable" in scene.frame(solver="bad", test="L7").alt


def test_the_table_names_what_fails(reports):
    table = Fingerprints(reports).frame().table()
    assert table == [("solver", "fails"), ("good", "none"), ("bad", "L1 L6")]


def test_guesses_are_rings_and_change_nothing_else(reports):
    scene = Fingerprints(reports, {"bad": ["L2"], "good": None})
    rings = [line for line in scene.frame().axes[0].get_lines() if line.get_marker() == "o"]
    assert [tuple(np.ravel(ring.get_data())) for ring in rings] == [(1.5, 1.5)]
    assert scene.frame().table() == Fingerprints(reports).frame().table()


@pytest.mark.parametrize(
    ("reports_", "guesses", "error", "words"),
    [
        ([], None, TypeError, "reports is a list"),
        ({}, None, ValueError, "len\\(reports\\) = 0"),
        (None, ["L1"], TypeError, "guesses is a list"),
        (None, {"nobody": ["L1"]}, ValueError, "name = 'nobody'"),
        (None, {"bad": ["L10"]}, ValueError, "test = 'L10'"),
    ],
)
def test_what_cannot_be_drawn(reports, reports_, guesses, error, words):
    with pytest.raises(error, match=words):
        Fingerprints(reports if reports_ is None else reports_, guesses)


def test_curves_are_what_they_are_given():
    picture = fig_curves({"mine": [4.0, 2.0, 1.0], "Levenberg-Marquardt": [4.0, 0.1]})
    mine, lm = picture.axes[0].get_lines()
    np.testing.assert_array_equal(mine.get_ydata(), [4, 2, 1])
    assert lm.get_label() == "Levenberg-Marquardt" and "mine: F 4 → 1" in picture.alt
    assert picture.table()[1:3] == [("mine", 0, 4.0), ("mine", 1, 2.0)]
    with pytest.raises(TypeError, match="curves is a list"):
        fig_curves([1, 2])
