"""Figures show what they say: their data, alt text and table, one style for each solver, text large enough to read."""

import base64

import numpy as np
import pytest

from lmteach import Input, LeastSquares, Linear, NetworkFit, solve
from lmteach.figures import PROJECTOR, SMALLEST, SPARE, STYLES, fig_digits, fig_fit, fig_loss, fig_paths

START = np.array([-1.2, 1.0])


def banana(theta):
    return np.array([10 * (theta[1] - theta[0] ** 2), 1 - theta[0]])


@pytest.fixture(scope="module")
def race():
    problem = LeastSquares(banana)
    return {
        "GD": solve(problem, START, "gd", rate=1e-3, max_steps=50),
        "GN": solve(problem, START, "gn"),
        "LM": solve(problem, START, plain=True),
    }


def lines(picture):
    return {line.get_label(): line for line in picture.axes[0].get_lines()}


def texts(picture):
    axes = picture.axes[0]
    labels = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels()]
    return [*labels, *(text for legend in picture.legends for text in legend.get_texts())]


def test_loss_curve_is_the_trace(race):
    drawn = lines(fig_loss(race))["Levenberg-Marquardt"]
    np.testing.assert_array_equal(drawn.get_xdata(), range(len(race["LM"]) + 1))
    np.testing.assert_array_equal(drawn.get_ydata(), np.maximum(race["LM"].losses, SMALLEST))


def test_refused_trials_are_hollow_and_where_they_led(race):
    refused = race["LM"].refused
    drawn = lines(fig_loss(race))[f"Levenberg-Marquardt, refused ({len(refused)})"]
    assert drawn.get_markerfacecolor() == "none" and drawn.get_linestyle() == "None"
    np.testing.assert_array_equal(drawn.get_ydata(), [step.trial_loss for step in refused])


def test_jacobian_axis_stands_still_over_refused_trials(race):
    trace = race["LM"]
    x = lines(fig_loss(trace, x="jacobians"))["trace"].get_xdata()
    assert x[0] == 0 and x[1] == 1
    for before, after, step in zip(x[1:-1], x[2:], trace.steps[:-1], strict=True):
        assert after - before == step.accepted


def test_paths_hold_the_accepted_steps(race):
    picture = fig_paths(LeastSquares(banana), race)
    drawn = lines(picture)["Levenberg-Marquardt (17 steps)"].get_xydata()
    np.testing.assert_array_equal(drawn[0], START)
    np.testing.assert_array_equal(drawn[-1], race["LM"].theta)
    assert len(drawn) == len(race["LM"].accepted) + 1


def test_contours_are_the_loss(race):
    picture = fig_paths(LeastSquares(banana), race, span=((-1, 1), (-1, 1)), n_grid=11)
    assert picture.axes[0].get_xlim() == (-1, 1)
    levels = picture.axes[0].collections[0].levels
    assert levels[0] <= 2 and levels[-1] >= 0.5 * (10 * 2) ** 2


def test_fit_draws_the_curve_over_all_data():
    X, Y = np.linspace(0, 1, 5)[:, None], np.ones((5, 1))
    picture = fig_fit(X, Y, {"LM": np.square}, validation=(np.array([[2.0]]), np.array([[0.0]])))
    x, y = lines(picture)["Levenberg-Marquardt"].get_data()
    assert (x.min(), x.max()) == (0, 2)
    np.testing.assert_array_equal(y, x**2)
    assert lines(picture)["validation (1)"].get_markerfacecolor() == "none"


def test_digits_say_what_is_wrong():
    picture = fig_digits(np.zeros((3, 8, 8)), [1, 2, 3], [1, 2, 8])
    assert [axes.get_title() for axes in picture.axes][:3] == ["1", "2", "3 (8)"]
    assert "1 of them wrong" in picture.alt


def test_pictures_show_themselves(race):
    picture = fig_loss(race)
    data, metadata = picture._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == metadata["image/png"]["alt"] == repr(picture) == picture.alt
    assert picture.png() == picture.png()


def test_tables_hold_the_numbers(race):
    head, *rows = fig_loss(race).table()
    assert head == ("name", "trials", "F")
    assert [row[2] for row in rows if row[0] == "Gauss-Newton"] == race["GN"].losses
    assert ("Levenberg-Marquardt", 0, *START) in fig_paths(LeastSquares(banana), race, n_grid=11).table()


def test_no_two_styles_are_alike():
    styles = [*STYLES.values(), *SPARE]
    for key in ("color", "linestyle"):
        assert len({style[key] for style in STYLES.values()}) == 3
    assert len({(style["color"], style["marker"]) for style in styles}) == len(styles)


@pytest.mark.parametrize(("projector", "points"), [("0", 11), ("1", 20)])
def test_text_is_large_enough(race, monkeypatch, projector, points):
    monkeypatch.setenv("LMTEACH_PROJECTOR", projector)
    for picture in (fig_loss(race), fig_paths(LeastSquares(banana), race, n_grid=11)):
        assert min(text.get_size() for text in texts(picture)) >= points
    width, height = np.multiply(PROJECTOR["figsize"], PROJECTOR["dpi"])
    assert width <= 1024 and height <= 768


def test_trace_plots_itself(race):
    assert race["GN"].plot().alt.startswith("Loss on a logarithmic axis")


@pytest.mark.parametrize(
    ("draw", "error", "words"),
    [
        (lambda race: fig_loss([1, 2]), TypeError, "traces is a list: expected a Trace or a dict"),
        (lambda race: fig_loss({}), ValueError, "traces is empty"),
        (lambda race: fig_loss({"LM": 3}), TypeError, r"traces\['LM'\] is a int"),
        (lambda race: fig_loss(race, x="time"), ValueError, "x = 'time': expected one of 'trials', 'jacobians'"),
        (lambda race: fig_paths(LeastSquares(banana), race, n_grid=2), ValueError, "n_grid = 2"),
        (lambda race: fig_fit([1, 2], [[1], [2]], {}), ValueError, r"X has shape \(2,\)"),
        (lambda race: fig_digits(np.zeros((8, 8)), [1], [1]), ValueError, r"images has shape \(8, 8\)"),
    ],
)
def test_bad_input(race, draw, error, words):
    with pytest.raises(error, match=words):
        draw(race)


def test_paths_need_two_parameters():
    problem = NetworkFit(Input(2) >> Linear(1), [[1.0, 2.0]], [[1.0]])
    with pytest.raises(ValueError, match="a path of 3 parameters; expected 2"):
        fig_paths(problem, solve(problem, np.zeros(3), plain=True))
