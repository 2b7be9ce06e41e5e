"""Figures show what they say: data, alt text and table, solvers' styles, text large enough."""

import base64
from itertools import count

import numpy as np
import pytest

from lmteach import (
    CurveFit,
    Input,
    LeastSquares,
    Linear,
    NetworkFit,
    Tanh,
    gauss_newton,
    gradient_descent,
    levenberg_marquardt,
    solve,
)
from lmteach.figures import (
    PROJECTOR,
    SMALLEST,
    SPARE,
    STYLES,
    fig_digits,
    fig_fit,
    fig_loss,
    fig_paths,
)
from lmteach.figures.outcomes import fig_outcomes
from lmteach.figures.race import Race
from lmteach.figures.training import Training
from lmteach.standard_problems import FALSE, FOUND, INSTANCES, OUTCOMES, START_FACTORS
from lmteach.widgets import Explorer

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
    labels = [
        axes.title,
        axes.xaxis.label,
        axes.yaxis.label,
        *axes.get_xticklabels(),
        *axes.get_yticklabels(),
    ]
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


def test_the_axis_says_what_is_counted(race):
    names = {"GD": "evaluations of g", "GN": "evaluations of J", "LM": "evaluations of J"}
    for name, counted in names.items():
        picture = fig_loss({name: race[name]}, x="jacobians")
        assert picture.axes[0].get_xlabel() == counted and f"against {counted}." in picture.alt
    both = fig_loss(race, x="jacobians")
    assert both.axes[0].get_xlabel() == "evaluations of J (gradient descent: of g)"


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
    assert ("Levenberg-Marquardt", 0, *START) in fig_paths(
        LeastSquares(banana), race, n_grid=11
    ).table()


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


def test_one_trace_needs_no_name(race):
    picture = fig_loss(race["GN"])
    assert picture.alt.startswith("Loss on a logarithmic axis")
    assert "trace" in lines(picture)


@pytest.mark.parametrize(
    ("draw", "error", "words"),
    [
        (lambda race: fig_loss([1, 2]), TypeError, "traces is a list: expected a Trace or a dict"),
        (lambda race: fig_loss({}), ValueError, "traces is empty"),
        (lambda race: fig_loss({"LM": 3}), TypeError, r"traces\['LM'\] is an int"),
        (
            lambda race: fig_loss(race, x="time"),
            ValueError,
            "x = 'time': expected one of 'trials', 'jacobians'",
        ),
        (lambda race: fig_paths(LeastSquares(banana), race, n_grid=2), ValueError, "n_grid = 2"),
        (lambda race: fig_fit([1, 2], [[1], [2]], {}), ValueError, r"X has shape \(2,\)"),
        (
            lambda race: fig_digits(np.zeros((8, 8)), [1], [1]),
            ValueError,
            r"images has shape \(8, 8\)",
        ),
    ],
)
def test_bad_input(race, draw, error, words):
    with pytest.raises(error, match=words):
        draw(race)


def test_paths_need_two_parameters():
    problem = NetworkFit(Input(2) >> Linear(1), [[1.0, 2.0]], [[1.0]])
    with pytest.raises(ValueError, match="a path of 3 parameters; expected 2"):
        fig_paths(problem, solve(problem, np.zeros(3), plain=True))


# The race


def ticking(seconds=1.0):
    """A clock that goes on by so much at every look."""
    ticks = count()
    return lambda: seconds * next(ticks)


@pytest.fixture
def runs():
    problem = LeastSquares(banana)
    return {
        "GD": lambda: gradient_descent(problem, START, 1e-3, max_steps=50),
        "GN": lambda: gauss_newton(problem, START),
        "LM": lambda: levenberg_marquardt(problem, START),
    }


def test_a_race_counts_in_three_ways(race, runs):
    scene = Race(runs, clock=ticking(1e-3))
    lm = race["LM"]
    assert scene.controls["trial"].high == len(lm) and scene.controls["axis"].names == scene.axes
    for k in (0, 3, len(lm)):
        spent = {axis: scene.compute(trial=k, axis=i)["spent"] for i, axis in enumerate(scene.axes)}
        n_jacobians = 0 if k == 0 else 1 + sum(step.accepted for step in lm[: k - 1])
        assert spent == {
            "trials": k,
            "evaluations of J": n_jacobians,
            "milliseconds": pytest.approx(k),
        }


def test_the_others_are_read_where_they_have_spent_as_much(race, runs):
    scene = Race(runs, clock=ticking())
    refused = race["LM"].refused[0].k
    numbers = scene.compute(trial=refused + 2, axis=1)
    spent = int(numbers["spent"])
    assert spent < refused + 2
    assert numbers["reached"] == {
        "gradient descent": spent,
        "Gauss-Newton": min(spent, len(race["GN"])),
        "Levenberg-Marquardt": refused + 2,
    }
    at_end = scene.frame(trial=len(race["LM"]))
    assert f"GN F = {race['GN'].loss:.3g} (ended after {len(race['GN'])})" in at_end.alt


def test_only_one_axis_is_seen(runs):
    for axis in range(3):
        picture = Race(runs, clock=ticking()).frame(axis=axis)
        assert [axes.get_visible() for axes in picture.axes] == [i == axis for i in range(3)]
    assert (
        "ms on this computer" in picture.alt
        and picture.axes[2].get_xlabel() == "milliseconds on this computer"
    )


def test_the_fastest_of_each_trial_is_kept(runs):
    """A clock that hiccups, at another trial in every run."""
    n, looks = len(list(runs["GN"]())), count()

    def clock():
        run, look = divmod(next(looks), 2 * (n + 1))
        return look + (50 if look > 2 * run else 0)

    scene = Race({"GN": runs["GN"]}, clock=clock)
    assert scene.compute(trial=n, axis=2)["spent"] == pytest.approx(1e3 * n)


def test_a_race_of_traces_has_no_times(race, runs):
    assert (
        Race(race).axes == Race({**runs, "mine": race["LM"]}).axes == ("trials", "evaluations of J")
    )
    with pytest.raises(ValueError, match="axis = 2"):
        Race(race).frame(axis=2)


def test_the_same_clock_gives_the_same_race(runs):
    frames = [Race(runs, clock=ticking()).frame(trial=5, axis=2) for _ in range(2)]
    assert frames[0].alt == frames[1].alt and frames[0].png() == frames[1].png()


def test_the_guess_is_compared(race):
    truth = next(k for k, F in enumerate(race["LM"].losses) if F < race["GD"].loss)
    n, scene = len(race["LM"]), Race(race, guess=truth + 2)
    said = f"after {truth + 2} trials; it is after {truth}."
    assert said in scene.frame(trial=n).alt and "guess" not in scene.frame(trial=n - 1).alt
    scene = Race({"LM": race["LM"], "GD": race["GD"]}, guess=1)
    assert "it never is." in scene.frame(trial=len(race["GD"])).alt


def test_only_the_past_of_a_race_is_drawn(race):
    for k in (0, 3, 7):
        axes = Race(race).frame(trial=k).axes[0]
        for name, trace in zip(STYLES, race.values(), strict=True):
            (curve,) = [line for line in axes.lines if line.get_label() == name]
            past = np.maximum(trace.losses[: k + 1], SMALLEST)
            assert np.array_equal(curve.get_ydata(), past)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda race: Race({}), ValueError, "runs is empty"),
        (lambda race: Race([1]), TypeError, "runs is a list: expected a dict of name → Trace"),
        (
            lambda race: Race({"LM": 3}),
            TypeError,
            r"runs\['LM'\] is an int: expected a function without arguments",
        ),
        (
            lambda race: Race({"LM": lambda: [1]}),
            TypeError,
            r"a step of runs\['LM'\] is an int: expected a Step",
        ),
        (
            lambda race: Race({"LM": lambda: []}),
            ValueError,
            r"runs\['LM'\] ended before its first trial",
        ),
        (lambda race: Race(race, guess=-1), ValueError, "guess = -1"),
        (
            lambda race: Race({"LM": race["LM"]}, guess=1),
            ValueError,
            "guess = 1: expected at least two runs",
        ),
        (lambda race: Race(race, clock=3), TypeError, "clock is an int"),
    ],
)
def test_a_race_that_cannot_be_run(race, make, error, words):
    with pytest.raises(error, match=words):
        make(race)


def test_every_run_against_the_clock_is_the_same(race):
    lengths = iter([3, 4, 4, 4, 4])
    with pytest.raises(
        ValueError, match=r"runs\['LM'\] made 3 trials, then 4: expected the same every time"
    ):
        Race({"LM": lambda: race["LM"][: next(lengths)]})


# A network while it learns


def wave(theta, x):
    return theta[0] * np.sin(theta[1] * x)


@pytest.fixture
def curve_fit():
    x = np.linspace(0, 2, 15)
    return CurveFit(wave, x, wave([2.0, 1.5], x))


def test_the_solver_runs_only_as_far_as_asked():
    network = Input(1) >> Tanh(3) >> Linear(1)
    problem = NetworkFit(
        network, np.linspace(-1, 1, 9)[:, None], np.linspace(-1, 1, 9)[:, None] ** 2
    )
    made = []

    def steps():
        for step in levenberg_marquardt(problem, network.theta):
            made.append(step)
            yield step

    scene = Training(problem, steps(), n=50)
    assert len(made) == 1
    late = scene.frame(step=12).alt
    assert len(made) == 12
    early = scene.frame(step=4)
    assert len(made) == 12 and early.alt == Training(problem, n=50).frame(step=4).alt
    assert scene.frame(step=12).alt == late
    np.testing.assert_array_equal(scene.compute(step=12)["theta"], made[-1].next_theta)


def test_going_back_gives_the_same_picture(curve_fit):
    steps = levenberg_marquardt(curve_fit, [1.0, 1.0])
    scene, n = (
        Training(curve_fit, steps, n=60),
        len(list(levenberg_marquardt(curve_fit, [1.0, 1.0]))),
    )
    at_end = scene.frame(step=n)
    assert "Ended" not in at_end.alt
    for later in (n + 1, 60):
        assert f"Ended after {n} trials: " in scene.frame(step=later).alt
    assert scene.frame(step=n).alt == at_end.alt and scene.frame(step=n).png() == at_end.png()
    assert scene.frame(step=60).table() == at_end.table()


def test_a_training_shows_the_losses_and_the_refused_trials(curve_fit):
    trace = solve(curve_fit, [1.0, 3.0], plain=True, mu=1e-6)
    assert trace.refused
    k = trace.refused[-1].k + 1
    picture = Training(curve_fit, iter(trace)).frame(step=k)
    curve, loss = (axes.get_lines() for axes in picture.axes)
    x, y = next(line for line in curve if line.get_label() == "Levenberg-Marquardt").get_data()
    np.testing.assert_array_equal(y, wave(trace[k - 1].next_theta, x))
    np.testing.assert_array_equal(loss[0].get_ydata(), trace.losses[: k + 1])
    refused = next(line for line in loss if line.get_label() == "refused")
    assert refused.get_markerfacecolor() == "none" and len(refused.get_xdata()) == len(
        trace.refused
    )
    assert picture.axes[1].get_ylabel() == "F = ½ rᵀr" and "refused" in picture.alt


@pytest.mark.parametrize(
    ("steps", "title", "said"),
    [
        (
            lambda fit: gradient_descent(fit, [1.0, 1.0], 0.01),
            "rate η = 0.01",
            "rate η = 0.01, taken whatever F does.",
        ),
        (
            lambda fit: gauss_newton(fit, [1.0, 1.0]),
            "no damping",
            "no damping, taken whatever F does.",
        ),
        (
            lambda fit: levenberg_marquardt(fit, [1.0, 1.0], mu=0.5),
            "μ = 4, accepted",
            "μ = 4, 4 times the one before: accepted.",
        ),
    ],
)
def test_each_solver_says_its_damping(curve_fit, steps, title, said):
    picture = Training(curve_fit, steps(curve_fit), n=5).frame(step=3)
    assert picture.axes[0].get_title() == title and said in picture.alt


def test_a_guess_is_about_what_is_held_back():
    scene = Training(guess=40)
    held = scene.compute(step=30)["held back"]
    assert len(held) == 31
    assert f"so far is after {np.argmin(held)}; you guessed 40." in scene.frame(step=30).alt


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda fit: Training(3), TypeError, "problem is an int: expected a NetworkFit"),
        (lambda fit: Training(fit), TypeError, "steps is missing"),
        (lambda fit: Training(steps=iter([])), TypeError, "problem is missing"),
        (lambda fit: Training(fit, [1]), TypeError, "a step is an int: expected a Step"),
        (
            lambda fit: Training(fit, []),
            ValueError,
            "steps ended before the first trial: there are no more steps",
        ),
        (lambda fit: Training(fit, guess=3), ValueError, "guess = 3: expected validation too"),
        (
            lambda fit: Training(fit, [], validation=[1, 2, 3]),
            TypeError,
            r"validation is a list: expected a pair",
        ),
        (
            lambda fit: Training(fit, [], validation=([1, 2], [1])),
            ValueError,
            "validation has 2 x and 1 y",
        ),
        (
            lambda fit: Training(NetworkFit(Input(2) >> Linear(1), [[1, 2]], [[1]])),
            ValueError,
            "2 inputs and 1 outputs",
        ),
        (
            lambda fit: Training(fit, solve(fit, [1, 1], history="light")),
            ValueError,
            "trial 0 is of a light history",
        ),
    ],
)
def test_a_training_that_cannot_be_drawn(curve_fit, make, error, words):
    with pytest.raises(error, match=words):
        make(curve_fit)


def test_what_is_said_above_the_live_curve_stays_where_it_is():
    title = Explorer(Training(), step=17).stage.artists["title"]
    assert title.get_text() == "μ = 0.1, accepted" and title.get_position() == (0.5, 1.0)


# Outcomes of many runs


def all_found():
    return {(case, factor): FOUND for case in INSTANCES for factor in START_FACTORS}


def test_outcomes_draws_each_run_in_its_row_and_column():
    runs = all_found() | {(INSTANCES[7], 100): FALSE}
    picture = fig_outcomes({"perfect": all_found(), "bold": runs})
    drawn = lines(picture)
    assert drawn[FALSE].get_xydata().tolist() == [[7, 5]]
    assert len(drawn[FOUND].get_xydata()) == 2 * 123 - 1
    assert [7, 5] not in drawn[FOUND].get_xydata().tolist() and set(OUTCOMES) < set(drawn)
    names = [tick.get_text() for tick in picture.axes[0].get_yticklabels()]
    assert names == ["perfect  × 1", "× 10", "× 100", "bold  × 1", "× 10", "× 100"]
    assert ("bold", "8 bard", 100, FALSE) in picture.table() and "perfect, bold" in picture.alt


def test_outcomes_says_what_is_missing_or_odd():
    with pytest.raises(ValueError, match=r"outcomes\['mine'\] has 1 runs: expected one for each"):
        fig_outcomes({"mine": {(INSTANCES[0], 1): FOUND}})
    with pytest.raises(ValueError, match="has 'lost': expected one of"):
        fig_outcomes({"mine": all_found() | {(INSTANCES[0], 1): "lost"}})
