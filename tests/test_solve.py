"""solve: success is said only where it is one, whatever the units; the Trace keeps its promises."""

import re
import subprocess
import sys

import numpy as np
import pytest
from shared_problems import (
    DECAY_START,
    START,
    decay,
    loss_case,
    rosenbrock,
    rosenbrock_jacobian,
    valley,
)

from lmteach import (
    CurveFit,
    Factor,
    Input,
    LeastSquares,
    Linear,
    NetworkFit,
    Relu,
    Tanh,
    levenberg_marquardt,
    solve,
    trace,
)
from lmteach.cross_entropy import LOSSES
from lmteach.stages import polish

UNITS = [
    2.0**k
    for k in (-1000, -565, -257, -255, -180, -70, -60, -40, 40, 60, 70, 180, 255, 257, 565, 1000)
]


def arrays_kept(run):
    return [step.theta is not None for step in run]


# --- units


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("make", "start"), [(valley, START), (decay, DECAY_START)], ids=["valley", "decay"]
)
def test_r_in_any_binary_unit_gives_the_same_theta_bit_for_bit(make, start, unit):
    expected, found = solve(make(), start), solve(make(unit), start)
    assert np.array_equal(found.theta, expected.theta) and found.success
    assert len(found) == len(expected)
    assert all(
        np.array_equal(a.trial_theta, b.trial_theta) for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("unit", [1e-300, 1e-170, 1e-12, 1e12, 1e170, 1e300])
def test_r_in_any_decimal_unit_reaches_the_same_minimum(unit):
    np.testing.assert_allclose(solve(valley(unit), START).theta, [1, 1], rtol=1e-12)
    expected, found = solve(decay(), DECAY_START), solve(decay(unit), DECAY_START)
    np.testing.assert_allclose(found.theta, expected.theta, rtol=1e-9)
    assert found.success


@pytest.mark.parametrize("unit", [2.0**-40, 2.0**40])
def test_what_a_step_says_is_in_the_callers_units(unit):
    runs = [solve(decay(u), DECAY_START, scaling="identity") for u in (unit, 1.0)]
    for found, expected in zip(*runs, strict=True):
        assert found.loss == unit**2 * expected.loss and found.mu == unit**2 * expected.mu
        assert np.array_equal(found.r, unit * expected.r) and np.array_equal(
            found.g, unit**2 * expected.g
        )


def test_a_rescaled_runs_steps_are_in_the_callers_units_and_of_the_callers_problem():
    unit, problem = 2.0**300, decay(2.0**300)
    found = solve(problem, DECAY_START, scaling="identity")
    expected = solve(decay(), DECAY_START, scaling="identity")
    assert found[0].mu == unit**2 * expected[0].mu and found.loss == unit**2 * expected.loss
    assert np.array_equal(found[3].r, unit * expected[3].r) and np.array_equal(
        found[3].g, unit**2 * expected[3].g
    )
    assert found[0].problem is problem and found.losses[0] == problem.loss(DECAY_START)


@pytest.mark.parametrize("unit", [2.0**40, 2.0**300])
def test_with_the_default_scaling_d_carries_the_unit_and_mu_is_a_number(unit):
    found, expected = solve(decay(unit), DECAY_START), solve(decay(), DECAY_START)
    for one, other in zip(found, expected, strict=True):
        assert one.mu == other.mu and one.loss == unit**2 * other.loss
        if other.scale is not None:
            assert np.array_equal(one.scale, unit * other.scale)


def test_mu_and_target_loss_are_in_the_callers_units_also_when_r_is_rescaled():
    unit = 2.0**300
    found = solve(valley(unit), START, mu=unit**2 * 1e-2, target_loss=unit**2 * 1e-3)
    expected = solve(valley(), START, mu=1e-2, target_loss=1e-3)
    assert found[0].mu == unit**2 * 1e-2 and np.array_equal(found.theta, expected.theta)
    assert len(found) == len(expected)


@pytest.mark.parametrize("mu", [1e-30, 1.0, 1e30])
def test_any_mu_may_start_a_run_whose_r_is_rescaled(mu):
    """Divided by the square of r's unit, μ leaves the range of floats: the nearest one serves."""
    run = solve(valley(1e200), START, mu=mu)
    np.testing.assert_allclose(run.theta, [1, 1], rtol=1e-12)


# --- honest success


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize(
    ("problem", "theta"),
    [
        (LeastSquares(lambda t: np.ones(3), lambda t: np.zeros((3, 2))), START),
        (LeastSquares(lambda t: np.ones(3) + 0 * t[0]), START),
        (NetworkFit(Input(1) >> Relu(2), [[1.0], [2.0]], np.ones((2, 2))), -np.ones(4)),
    ],
    ids=["jacobian", "complex step", "dead relus"],
)
def test_a_plateau_is_not_success_and_says_so(problem, theta, plain):
    run = solve(problem, theta, plain=plain)
    assert not run.success and len(run) == 0 and np.array_equal(run.theta, theta)
    assert "r does not depend on θ here: minimum or plateau, cannot tell" in run.message


def test_a_plateau_reached_on_the_way_is_not_success_either():
    """Beyond 1 the residual is flat, and lower than at the start."""
    problem = LeastSquares(
        lambda t: np.array([3 - min(t[0], 1.0), 1.0]), lambda t: [[-1.0 if t[0] < 1 else 0.0], [0]]
    )
    run = solve(problem, [0.0])
    assert not run.success and run.loss < run.losses[0] and "cannot tell" in run.message


def test_j_of_zeros_where_f_is_zero_is_success():
    problem = LeastSquares(lambda t: np.zeros(3), lambda t: np.zeros((3, 2)))
    assert solve(problem, START).success


def test_max_steps_is_not_success():
    run = solve(valley(), START, max_steps=5)
    assert not run.success and len(run) == 5
    assert run.message.startswith("Not finished: 5 trials were made, as many as max_steps allows")


def test_mu_max_is_not_success():
    run = solve(valley(), START, mu=1e-3, mu_max=1e-2)
    assert not run.success and run.message.startswith("Not finished: μ = ")


def test_a_refusal_for_good_is_not_success():
    run = solve(valley(), START, mu=1e-3, damping=Factor(1))
    assert not run.success and "nothing would change" in run.message


def test_a_tolerance_met_far_from_a_minimum_is_not_success():
    run = solve(valley(), START, xtol=0.5, plain=True)
    assert not run.success and re.match(
        r"Stopped, .*not at a minimum: ‖Δθ‖ fell to xtol = 0\.5", run.message
    )
    cosine = float(re.search(r"cos\(J_j, r\)\| = ([\d.e+-]+)\. ", run.message)[1])
    assert cosine > 1e-3


def wrong_from_the_minimum_on(theta):
    """Right on the way, of the wrong sign in one row at the end of it."""
    sign = -1.0 if np.abs(theta - 1).max() < 1e-10 else 1.0
    return rosenbrock_jacobian(theta) * [[1.0], [sign]]


@pytest.mark.parametrize("plain", [True, False])
def test_a_jacobian_that_goes_wrong_later_is_noticed_before_success_is_claimed(plain):
    run = solve(LeastSquares(rosenbrock, wrong_from_the_minimum_on), START, plain=plain)
    assert (
        not run.success
        and "but jacobian disagrees with central differences of residual" in run.message
    )
    unchecked = LeastSquares(rosenbrock, wrong_from_the_minimum_on, check_jacobian=False)
    found = solve(unchecked, START, plain=plain)
    assert "disagrees" not in found.message and found.success != plain  # r is rounding, or nearly


def test_message_has_words_numbers_and_stages():
    run = solve(valley(), START)
    assert run.success and run.message.startswith("Converged: ")
    assert re.search(r"F 12\.1 → [\d.e-]+, max \|cos\(J_j, r\)\| = [\d.e+-]+\.", run.message)
    assert re.search(
        r"Stages: Levenberg-Marquardt with geodesic acceleration \(\d+ trials\)", run.message
    )
    assert re.search(
        r"Stages: Levenberg-Marquardt \(\d+ trials\)\.$", solve(valley(), START, plain=True).message
    )
    assert re.search(
        r"Stages: Gauss-Newton \([23] trials\)\.$", solve(valley(), START, method="gn").message
    )
    descent = solve(valley(), START, method="gd", rate=1e-4, max_steps=1)
    assert descent.message.endswith("Stages: gradient descent (1 trial).")


def test_no_network_problem_or_start_is_changed():
    x = np.linspace(-1, 1, 9)[:, None]
    network = Input(1) >> Tanh(2) >> Linear(1)
    before = network.theta
    run = solve(NetworkFit(network, x, x**2), before)
    assert np.array_equal(network.theta, before) and run.theta.shape == before.shape


# --- the polish


def polished(problem, theta, k):
    """The polish's Steps from θ."""
    seen = problem.evaluate(theta)
    return [stride.step for stride in polish(problem, seen, seen.linearize(), k)]


def test_the_polish_lifts_the_last_digits_and_says_so():
    problem = decay()
    careful, plain = solve(problem, DECAY_START), solve(problem, DECAY_START, plain=True)
    polish = [step for step in careful if step.why == "polish"]
    assert polish and f"polish ({len(polish)} step" in careful.message
    assert "polish" not in plain.message and all(step.why != "polish" for step in plain)
    before, after = (problem.linearize(t).cosine() for t in (polish[0].theta, careful.theta))
    assert after < 1e-2 * before


@pytest.mark.parametrize(
    ("tolerances", "polished"),
    [
        ({"xtol": 1e-6, "gtol": 0.0}, False),
        ({"ftol": 1.1e-13, "gtol": 0.0}, False),
        ({"ftol": 1e-13, "gtol": 0.0}, True),
        ({"gtol": 1e-4}, False),
    ],
)
def test_where_a_looser_tolerance_ends_a_run_there_is_no_polish(tolerances, polished):
    trace = solve(decay(), DECAY_START, **tolerances)
    assert trace.success and ("polish" in trace.message) == polished


def test_polish_steps_are_numbered_on_and_have_mu_0():
    run = solve(decay(), DECAY_START)
    assert [step.k for step in run] == list(range(len(run)))
    polish = [step for step in run if step.why == "polish"]
    assert polish and all(
        step.mu == 0 and step.accepted and step.damping is None for step in polish
    )
    sizes = [np.linalg.norm(step.h * np.linalg.norm(step.J, axis=0)) for step in polish]
    assert all(
        after <= 0.9 * before * (1 + 1e-12) for before, after in zip(sizes, sizes[1:], strict=False)
    )
    assert polish[-1].next_loss <= polish[0].loss and not polish[0].h.flags.writeable


def test_a_polish_that_would_raise_f_is_dropped_as_a_whole():
    """Gauss-Newton's map has slope −2 (P18): a step climbs, and the next would be longer."""
    climbs = LeastSquares(lambda t: np.array([t[0] + 1, -2 * t[0] ** 2 + t[0] - 1]))
    here = climbs.linearize([0.1])
    assert polished(climbs, np.array([0.1]), 0) == []
    assert climbs.loss(here.step(0) + 0.1) > here.loss


def jumps(after_r, after_J):
    """From 0, with F = ½ and cosine 0.45, a Gauss-Newton step leads to −0.4, with this r and J."""
    return LeastSquares(
        lambda t: np.array([1.0, 0.0] if t[0] > -0.2 else after_r),
        lambda t: np.array([[0.5], [1.0]] if t[0] > -0.2 else after_J),
        check_jacobian=False,
    )


def test_a_polish_to_a_smaller_cosine_is_dropped_where_f_rises():
    assert polished(jumps([0.0, 2.0], [[1.1], [0.0]]), np.zeros(1), 0) == []


def test_a_polish_to_a_smaller_f_is_dropped_where_the_cosine_grows():
    assert polished(jumps([0.1, 0.0], [[1.1], [0.0]]), np.zeros(1), 0) == []


def test_a_polish_to_a_smaller_f_and_cosine_is_kept():
    (step,) = polished(jumps([0.0, 0.5], [[1.1], [0.0]]), np.zeros(1), 7)
    assert step.next_theta == pytest.approx(-0.4) and step.next_loss == 0.125 and step.k == 7


def test_at_most_fifty_polish_steps():
    run = solve(valley(), START)
    assert sum(step.why == "polish" for step in run) <= 50


# --- options that suit the problem


@pytest.mark.parametrize("name", LOSSES)
def test_a_generalized_loss_has_neither_geodesic_term_nor_polish(name):
    network, theta, X, Y = loss_case(name, (2, 2), n_samples=20)
    run = solve(NetworkFit(network, X, Y, name), theta / 4)
    generalized = LOSSES[name].generalized
    assert ("geodesic" in run.message) != generalized
    assert generalized == all(step.acceleration is None for step in run if step.why != "polish")
    assert not (generalized and any(step.why == "polish" for step in run))


def test_none_leaves_every_option_as_the_solver_has_it():
    names = ("mu", "damping", "scaling", "max_steps", "target_loss", "gtol", "xtol", "ftol")
    run = solve(valley(), START, **dict.fromkeys((*names, "mu_max", "geodesic")))
    assert [*map(str, run)] == [*map(str, solve(valley(), START))]


def test_every_option_reaches_the_solver():
    given = {"scaling": "more", "max_steps": 7, "gtol": 1e-5, "xtol": 1e-6, "ftol": 1e-7}
    given |= {"target_loss": 1e-8, "mu_max": 1e9, "geodesic": False}
    run = solve(valley(), START, mu=0.25, damping=Factor(3), **given)
    assert {name: getattr(run[0].options, name) for name in given} == given
    assert run[0].mu == 0.25 and run[0].damping == Factor(3) and len(run) <= 7
    down = solve(valley(), START, "gd", rate=1e-4, max_steps=2)
    assert [step.mu for step in down] == [1e4, 1e4]


# --- plain


@pytest.mark.parametrize(
    "options", [{}, {"mu": 0.5}, {"scaling": "more"}, {"geodesic": True}], ids=str
)
def test_plain_is_the_bare_generator(options):
    run = solve(decay(), DECAY_START, plain=True, **options)
    steps = list(levenberg_marquardt(decay(), DECAY_START, **options))
    assert len(run) == len(steps)
    for one, other in zip(run, steps, strict=True):
        assert np.array_equal(one.trial_theta, other.trial_theta) and str(one) == str(other)


# --- history


def test_all_keeps_every_array_and_every_step_serves_as_a_start():
    run = solve(valley(), START, history="all")
    assert all(arrays_kept(run)) and run.faded == 0 and "History" not in run.message
    assert next(levenberg_marquardt(valley(), run[4])).k == 5


def test_light_keeps_scalars_only_and_the_last_theta():
    run, full = solve(valley(), START, history="light"), solve(valley(), START)
    assert not any(arrays_kept(run)) and run.faded == len(run)
    assert f"History: {len(run)} of {len(run)} trials without arrays." in run.message
    assert np.array_equal(run.theta, full.theta) and run.losses == full.losses and run.success
    assert [*map(str, run)] == [*map(str, full)] and [step.mu for step in run] == [
        step.mu for step in full
    ]


def test_a_trace_can_be_put_together_from_light_steps():
    run = solve(valley(), START, history="light")
    again = trace.Trace(START, run[0].loss)
    for step in run:
        again.add(step)
    assert again.faded == len(run) and again.losses == run.losses


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_n_keeps_the_arrays_of_the_last_n(n):
    run = solve(valley(), START, history=n)
    assert arrays_kept(run) == [i >= len(run) - n for i in range(len(run))]
    assert run.faded == max(0, len(run) - n) and ("History" in run.message) == (n < len(run))
    np.testing.assert_allclose(run.theta, [1, 1], rtol=1e-12)


def test_all_turns_light_beyond_64_mb_with_one_line_saying_so(monkeypatch):
    assert trace.HISTORY_BYTES == 64 * 2**20
    size = solve(valley(), START)[0].nbytes
    monkeypatch.setattr(trace, "HISTORY_BYTES", 5 * size + size // 2)
    run = solve(valley(), START)
    assert arrays_kept(run) == [i < 5 for i in range(len(run))]
    assert run.message.count("History: ") == 1
    assert f"History: {len(run) - 5} of {len(run)} trials without arrays." in run.message
    assert run.success
    np.testing.assert_allclose(run.theta, [1, 1], rtol=1e-12)


def test_nbytes_counts_the_arrays_of_a_step():
    step = solve(valley(), START, plain=True)[0]
    assert step.nbytes == 8 * (5 * 2 + 2) and step.light().nbytes == 0


# --- the Trace


def test_a_trace_is_walked_both_ways_and_indexed():
    run = solve(valley(), START)
    ks = list(range(len(run)))
    assert [step.k for step in run] == ks and [step.k for step in reversed(run)] == ks[::-1]
    assert run[0].k == 0 and run[-1].k == ks[-1] and [step.k for step in run[2:5]] == [2, 3, 4]
    assert len(run.steps) == len(run) == len(run.accepted) + len(run.refused)
    with pytest.raises(IndexError):
        run[len(run)]


def test_a_traces_end_is_its_last_steps():
    run = solve(valley(), START)
    assert np.array_equal(run.theta, run[-1].next_theta) and run.loss == run[-1].next_loss
    assert run.losses[0] == run[0].loss and run.losses[1:] == [step.next_loss for step in run]
    assert all(after <= before for before, after in zip(run.losses, run.losses[1:], strict=False))


def test_repr_says_what_happened():
    run = solve(valley(), START)
    counts = f"Trace: {len(run.accepted)} accepted and {len(run.refused)} refused trials, F 12.1 → "
    assert repr(run).startswith(counts) and "success: Converged" in repr(run)
    assert "no success: Not finished" in repr(solve(valley(), START, max_steps=2))


def test_str_of_a_step_is_one_line_of_words():
    words = [str(step) for step in solve(valley(), START, plain=True)]
    assert words[0].startswith("trial 0: μ = 0.577, F 12.1 → ") and "\n" not in "".join(words)
    assert all(("accepted" in line) != ("refused" in line) for line in words)


def test_html_has_a_row_for_each_trial_or_the_first_and_last_ten():
    short, long = (solve(valley(), START, max_steps=n, mu=1.0, plain=True) for n in (4, 999))
    assert short._repr_html_().count("<tr>") == 1 + 4 and "…" not in short._repr_html_()
    html = long._repr_html_()
    assert len(long) > 20 and html.count("<tr>") == 1 + 20 + 1 and html.count("<td colspan") == 1
    assert (
        html.count("<table>") == html.count("</table>") == 1
        and "accepted" in html
        and "refused" in html
    )


def test_html_escapes_the_message():
    run = solve(valley(), START, max_steps=1)
    run.message = "F < 1 & <b>"
    assert "F &lt; 1 &amp; &lt;b&gt;" in run._repr_html_()


def test_an_empty_trace_has_a_repr_a_table_and_losses():
    run = solve(valley(), [1.0, 1.0])
    assert len(run) == 0 and run.losses == [0.0] and run.table() == [] and run.success
    assert "0 accepted and 0 refused" in repr(run) and "<table>" in run._repr_html_()


# --- the progress bar


@pytest.mark.parametrize("progress", [None, False])
def test_no_bar_outside_notebooks(progress, monkeypatch, capfd):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    solve(valley(), START, progress=progress)
    assert capfd.readouterr() == ("", "")


def test_a_bar_when_asked(capfd):
    solve(valley(), START, progress=True)
    out, err = capfd.readouterr()
    assert out == "" and "trials [" in err


def test_the_bar_is_no_reason_to_import_tqdm_unasked():
    code = (
        "import sys, numpy as np; from lmteach import LeastSquares, solve;"
        "solve(LeastSquares(lambda t: t - 1), np.zeros(2)); print('tqdm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


# --- curves


def test_a_curve_fit_of_the_blogs_line():
    x = np.linspace(0, 1, 50)
    y = 3 * x + 1 + 0.1 * np.random.default_rng(0).normal(size=50)
    run = solve(CurveFit(lambda t, x: t[0] * x + t[1], x, y), [0.0, 0.0])
    np.testing.assert_allclose(run.theta, np.polyfit(x, y, 1), rtol=1e-10)
    assert run.success
