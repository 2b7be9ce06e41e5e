"""The step player: every trial of a run, both ways, the refused ones, and branches."""

import numpy as np
import pytest

from lmteach import CurveFit, Factor, Trace, levenberg_marquardt, play, solve
from lmteach.examples import START, rosenbrock
from lmteach.figures.updates import Player


@pytest.fixture(scope="module")
def trace():
    """Fifteen trials in Rosenbrock's valley; 1 and 5 are refused."""
    return solve(rosenbrock(), START, plain=True, target_loss=1e-10)


def thetas(steps):
    return np.array([step.trial_theta for step in steps])


# The scene


@pytest.mark.parametrize("at", [0, 1, 4, 13])
def test_the_branch_is_the_solvers_own_run(trace, at):
    first, branch = Player(trace, branch={at: 10}).runs
    assert first == list(trace) and branch[: at + 1] == first[: at + 1]
    further = list(levenberg_marquardt(trace[at].problem, trace[at], mu=10))
    assert np.array_equal(thetas(branch[at + 1 :]), thetas(further))


@pytest.mark.parametrize(
    "options", [{"damping": Factor(3)}, {"scaling": "marquardt"}, {"geodesic": True}]
)
def test_the_branch_keeps_rule_and_limits(options):
    trace = solve(rosenbrock(), START, plain=True, max_steps=12, **options)
    branch = Player(trace, branch={2: 1e3}).runs[1]
    assert branch[3].mu == 1e3 and branch[3].damping == trace[3].damping
    assert branch[3].options == trace[2].options and len(branch) <= 12


@pytest.mark.parametrize(
    ("method", "options", "rule"),
    [("gd", {"rate": 1e-3, "max_steps": 9}, "F rises"), ("gn", {}, "F rises")],
)
def test_other_solvers_runs_too(method, options, rule):
    trace = solve(rosenbrock(), START, method=method, **options)
    picture = Player(trace, branch={0: 10}).frame(trial=1, run="branch")
    assert "trial 1 of the branch: μ = 10" in picture.alt
    assert rule in [text.get_text() for axes in picture.axes for text in axes.texts]
    assert "μ ×" not in Player(trace).frame().alt


def test_both_runs_are_counted_and_compared(trace):
    player = Player(trace, branch={1: 10})
    longest = max(map(len, player.runs)) - 1
    said = player.frame(trial=longest, run="first").alt
    assert said.startswith("trial 14 of the first run (its last)")
    for run in player.runs:
        assert f"{len(run)} trials to F = {run[-1].next_loss:.2g}" in said
    assert "μ = 10 after trial 1" in said
    assert "then μ = 10 instead" in player.frame(trial=1, run="branch").alt
    assert "θ stays, μ × 2" in player.frame(trial=1, run="first").alt
    assert len(player.frame(trial=longest, run="branch").table()) == 1 + len(player.runs[1])


def test_runs_differ_in_more_than_colour(trace):
    axes = Player(trace, branch={1: 10}).frame(trial=5, run="branch").axes[0]
    first, branch = (
        next(line for line in axes.lines if start in str(line.get_label()))
        for start in ("first", "μ = ")
    )
    assert (
        first.get_marker() != branch.get_marker()
        and first.get_linestyle() != branch.get_linestyle()
    )


def test_a_branch_of_the_branch(trace):
    player = Player(trace).branched(10, 1).branched(0.5, 4, run=1)
    assert player.branch == {1: 10, 4: 0.5} and player.runs[1][5].mu == 0.5
    assert player.branched(3, 2, run=1).branch == {1: 10, 2: 3}
    assert player.branched(3, 4, run=0).branch == {4: 3}
    assert "μ = 10 after trial 1 and μ = 0.5 after trial 4" in player.frame().alt


def test_the_traces_problem_counts_nothing_of_it(trace):
    problem = trace[0].problem
    before = problem.n_residuals, problem.n_jacobians
    Player(trace, branch={1: 10}).frame()
    assert (problem.n_residuals, problem.n_jacobians) == before


@pytest.mark.parametrize(
    ("branch", "said"),
    [
        ({1: -3}, "mu = -3: expected a finite number > 0"),
        ({1: 0}, "mu = 0: expected a finite number > 0"),
        ({1: float("nan")}, "mu = nan: expected a finite number > 0"),
        ({15: 10}, "branch at trial 15: expected a whole number from 0 to 14"),
        ({0.5: 10}, "branch at trial 0.5: expected a whole number from 0 to 14"),
        ({14: 10}, "No trial can follow trial 14: F = .* is at or below the target"),
    ],
)
def test_a_branch_that_cannot_be(trace, branch, said):
    with pytest.raises(ValueError, match=said):
        Player(trace, branch=branch)


def test_the_door():
    with pytest.raises(TypeError, match="trace is a list: expected a Trace, such as solve gives"):
        play([])
    with pytest.raises(ValueError, match="trace has no trials"):
        play(Trace(np.zeros(2), 1.0))
    with pytest.raises(ValueError, match='15 of them without arrays: .* history="all"'):
        play(solve(rosenbrock(), START, plain=True, target_loss=1e-10, history="light"))
    x = np.linspace(0, 1, 8)
    cubic = CurveFit(lambda theta, x: np.polyval(theta, x), x, x**3)
    with pytest.raises(ValueError, match="trace is a run on 4 parameters: expected 2"):
        play(solve(cubic, np.zeros(4)))
    with pytest.raises(TypeError, match="guess = 'one': expected a number, your ρ"):
        play(solve(rosenbrock(), START), guess="one")
    with pytest.raises(TypeError, match="branch is an int: expected a dict"):
        Player(branch=4)


# The widget


def test_to_the_refused_trials_and_back(trace):
    player = play(trace)
    for button, trial in (player.following, 1), (player.following, 5), (player.previous, 1):
        button.click()
        assert player.values["trial"] == trial and "refused" in repr(player)
    player.previous.click()
    assert repr(player) == player.view.said == "No trial before trial 1 is refused."
    assert player.values["trial"] == 1
    player.knobs["trial"].back.click()
    assert repr(player).startswith("trial 0")


def test_branch_from_here(trace):
    player = play(trace, trial=1)
    assert "run" not in player.knobs
    player.branch.click()  # μ = 10 unless changed
    assert player.values == {"trial": 2, "run": 1}
    assert repr(player).startswith("trial 2 of the branch: μ = 10")
    assert (
        repr(player)
        == Player(trace, branch={1: 10}).frame(trial=2, run="branch").alt
        == player.picture().alt
    )
    for trial in (1, 0):
        player.knobs["trial"].back.click()
        assert repr(player).startswith(f"trial {trial} of the branch")
    player.knobs["run"].slider.set_state({"index": 0})
    player.knobs["trial"].next.click()
    assert repr(player).startswith("trial 1 of the first run")


def test_branching_again_leaves_no_knobs_behind(trace):
    player = play(trace, trial=1)
    player.branch.click()
    knobs = list(player.knobs.values())
    player.mu.value = 0.5
    player.branch.click()
    assert player.scene.branch == {1: 10, 2: 0.5}
    assert all(part.comm is None for knob in knobs for part in (knob, *knob.children))
    assert all(knob in player.children for knob in player.knobs.values())


@pytest.mark.parametrize("mu", [-3.0, 0.0, float("inf")])
def test_a_bad_mu_is_said(trace, mu):
    player = play(trace, trial=4)
    drawn = player.view.svg
    player.mu.value = mu
    player.branch.click()
    assert repr(player) == player.view.said == f"mu = {mu}: expected a finite number > 0"
    assert player.view.svg == drawn
    player.mu.value = 2.0
    player.branch.click()
    assert repr(player).startswith("trial 5 of the branch: μ = 2")


def test_from_the_last_trial_nothing_follows(trace):
    player = play(trace, trial=14)
    player.branch.click()
    assert repr(player).startswith("No trial can follow trial 14: F = ")
    assert player.values["trial"] == 14


def test_a_run_of_one_trial():
    player = play(solve(rosenbrock(), START, plain=True, max_steps=1))
    player.following.click()
    assert repr(player) == "No trial after trial 0 is refused."
    player.branch.click()
    assert (
        repr(player)
        == "No trial can follow trial 0: 1 trial was made, as many as max_steps allows."
    )
