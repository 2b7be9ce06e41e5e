"""What `solve` claims holds: no success at a non-minimum, and what is not determined is said."""

import warnings

import numpy as np
import pytest
from judge import is_minimum

from lmteach import CurveFit, Input, LeastSquares, Linear, NetworkFit, Tanh, solve
from lmteach.derivatives import central_jacobian, complex_jacobian, disagreement
from lmteach.verdict import names

X = np.linspace(0, 4, 30)
DECAY = 2 * np.exp(-1.3 * X) + 0.5


def decay(theta, x):
    return theta[0] * np.exp(-theta[1] * x) + theta[2]


def two_decays(theta, x):
    return theta[0] * np.exp(-theta[1] * x) + theta[2] * np.exp(-theta[3] * x)


def uneven(y=DECAY, size=0.01):
    return y + size * np.random.default_rng(0).normal(size=len(y))


# --- minima where J vanishes and r does not


@pytest.mark.parametrize(
    ("residual", "start", "end"),
    [
        (lambda t: t**2 + 5, 1.0, 0.0),
        (lambda t: t**2 + 5, 0.0, 0.0),
        (lambda t: np.cos(t) + 2, 1.0, np.pi),
    ],
    ids=["x² + 5", "x² + 5 from its minimum", "cos x + 2"],
)
def test_a_minimum_of_second_order_is_success_and_said(residual, start, end):
    run = solve(LeastSquares(residual), [start])
    assert run.success and abs(run.theta[0] - end) < 1e-3
    assert "θ[0] is determined to second order only" in run.message


def test_a_start_where_j_vanishes_is_left():
    run = solve(LeastSquares(lambda t: t**2 - 1), [0.0])
    assert run.success and abs(run.theta[0]) == pytest.approx(1)
    probe = run[0]
    assert probe.why == "F falls where J is blind" and probe.accepted and probe.mu == 0


@pytest.mark.parametrize("bend", [lambda u: np.sin(u) + 2, lambda u: 3 - u**2], ids=["sine", "sq"])
def test_a_bound_written_as_a_function_is_a_minimum(bend):
    calls = []

    def residual(t):
        calls.append(1)
        return bend(t[0]) * np.exp(-t[1] * X) - 5 * np.exp(-0.7 * X)

    run = solve(LeastSquares(residual), [0.3, 1.0])
    assert len(calls) < 400
    assert run.success and is_minimum(residual, run.theta)


def test_a_symmetric_start_does_not_end_on_the_saddle():
    y = uneven(3 * np.exp(-0.4 * X) + 5 * np.exp(-3 * X))
    symmetric = solve(CurveFit(two_decays, X, y), [1.0, 1, 1, 1])
    best = solve(CurveFit(two_decays, X, y), [3.0, 0.4, 5, 3])
    assert symmetric.success and symmetric.loss == pytest.approx(best.loss, rel=1e-6)


# --- what is not determined is said


@pytest.mark.parametrize(
    ("model", "start", "words"),
    [
        (lambda t, x: t[0] * np.exp(-t[2] * x) + 0 * t[1], [1, 1, 1], r"θ[1] has no effect on r"),
        (lambda t, x: t[0] * t[1] * np.exp(-t[2] * x), [1, 1, 1], "of θ[0] and θ[1], only comb"),
        (lambda t, x: t[0] * x + t[1] * np.where(x > 9, x - t[2], 0), [1, 1, 9], "θ[1] and θ[2]"),
    ],
    ids=["unused", "product", "outside the data"],
)
def test_success_with_what_is_not_determined(model, start, words):
    run = solve(CurveFit(model, X, uneven()), np.array(start, float))
    assert run.success and words in run.message and words in repr(run)


def test_fewer_points_than_parameters():
    run = solve(CurveFit(decay, X[:2], DECAY[:2]), [1.0, 1, 1])
    assert run.success and "J has rank 2 for 3 parameters" in run.message


def test_names_are_few():
    assert names(np.array([True, False])) == "θ[0]"
    assert names(np.array([True, False, True, True])) == "θ[0], θ[2] and θ[3]"
    assert names(np.ones(20, bool)).endswith("θ[4] and 15 others")


# --- no success that is none


def test_a_run_away_is_no_success():
    run = solve(CurveFit(lambda t, x: t[0] * x / (t[1] + x), X, 3 * X), [1.0, 1.0])
    assert not run.success


def test_a_budget_that_ends_a_run_away_says_what_ran_away():
    """A saturation fitted to a line: a grows, b falls, and a·b stays what it is."""
    problem = CurveFit(lambda t, x: t[0] * (1 - np.exp(-t[1] * x)), X, X)
    long, short = (solve(problem, [1.0, 1.0], max_steps=most) for most in (200, 4))
    assert "max_steps" in long.message and "θ[0] ran to" in long.message
    assert "max_steps" in short.message and "ran to" not in short.message


def test_squares_that_vanish_are_no_success():
    residual = LeastSquares(lambda t: 1e-170 * np.array([t[0] - 3, t[0] * t[1] - 2]))
    run = solve(residual, [1.0, 1.0], plain=True)
    assert not run.success and "below the smallest float" in run.message
    assert solve(residual, [1.0, 1.0]).theta[0] == pytest.approx(3)


@pytest.mark.parametrize("seed", range(4))
def test_large_inputs_do_not_throw_a_network_onto_a_plateau(seed):
    rng = np.random.default_rng(seed)
    inputs = rng.uniform(-1000, 1000, (40, 2))
    network = Input(2) >> Tanh(4) >> Linear(1)
    start = rng.normal(size=network.n_parameters)
    run = solve(NetworkFit(network, inputs, np.sin(inputs[:, :1] / 300)), start)
    assert not run.success or np.abs(run.theta).max() < 1e6


@pytest.mark.parametrize("seed", range(6))
def test_saturated_units_are_no_minimum_but_perhaps_a_plateau(seed):
    """Inputs of ± 2000: most units are ± 1 everywhere, so that J is blind to what feeds them."""
    rng = np.random.default_rng(seed)
    network = Input(2) >> Tanh(2) >> Linear(1)
    fit = NetworkFit(network, 2000 * rng.normal(size=(12, 2)), rng.normal(size=(12, 1)))
    run = solve(fit, rng.normal(size=9))
    if not fit.linearize(run.theta).column_norms[:6].any():
        assert not run.success
        said = run.message
        assert "F is lower farther on" in said or "plateau, cannot tell" in said, said


def test_from_where_all_units_are_saturated_a_lower_f_is_found():
    """Twelve points on both sides of two lines, which can be moved: J does not see that."""
    rng = np.random.default_rng(0)
    fit = NetworkFit(Input(2) >> Tanh(2) >> Linear(1), 2000 * rng.normal(size=(12, 2)),
                     rng.normal(size=(12, 1)))  # fmt: skip
    start = rng.normal(size=9)
    there = solve(fit, start, plain=True)
    assert not there.success and solve(fit, start).loss < 0.99 * there.loss


def test_weights_without_effect_are_told_with_success():
    X = np.column_stack([np.linspace(-1, 1, 20), np.zeros(20)])
    fit = NetworkFit(Input(2) >> Tanh(2) >> Linear(1), X, uneven(X[:, 0] ** 3)[:, None])
    run = solve(fit, [1, 1, -0.5, 1, 0.1, 0.2, 1, 1, 0])
    assert run.success and "θ[1] and θ[3] have no effect on r" in run.message


@pytest.mark.parametrize("scaling", [None, "more", "identity"])
def test_a_breakpoint_that_starts_outside_the_data_is_looked_for_inside(scaling):
    x = np.array([1.02, 1.98, 4.08])
    y = np.array([0.53, 1.45, 3.6])
    fit = CurveFit(lambda t, x: t[0] + t[1] * np.maximum(x - t[2], 0), x, y)
    run = solve(fit, [0.35, 0.54, 0.93], scaling=scaling)
    assert run.success and run.loss < 1e-20 and run.theta[2] > x[0]


@pytest.mark.parametrize("unit", [1e-30, 1e-9, 1.0])
def test_a_saddle_at_zero_is_left_whatever_the_unit(unit):
    """F falls on both sides of 0, but its rise beyond is all that 1e-2 … 1e-6 of 1 show."""
    run = solve(LeastSquares(lambda t: (t / unit) ** 2 + 5 - np.array([5.5, 6.4])), [0.0])
    assert run.success and np.abs(run.theta) == pytest.approx(np.sqrt(0.95) * unit)


def test_a_model_that_is_not_defined_farther_on_is_not_asked_in_vain():
    """A product has a blind direction; their error far from θ is nobody's business."""

    def model(theta, x):
        if not 0.1 < theta[0] < 10:
            raise ZeroDivisionError("not here")
        return theta[0] * theta[1] * x

    run = solve(CurveFit(model, X, 2 * X), [1.0, 1.5])
    assert run.success and run.theta.prod() == pytest.approx(2)


def test_a_column_whose_square_overflows_keeps_the_trace():
    """∂r/∂θ[1] = 1e160·x: D is cut off, and no μ is nan."""
    run = solve(CurveFit(lambda t, x: t[0] + t[1] * 1e160 * x, X, 1 + X), [2.0, 0.0])
    assert len(run) and (not run.success or run.loss < 1e-20)


@pytest.mark.parametrize("unit", [1e-145, 1e-160])
def test_squares_of_j_that_overflow_are_no_right_angle(unit):
    """∂r/∂θ = 2e8 θ/unit², whose square is infinite: every cosine would be 0."""
    residual = lambda t: 1e8 * ((t / unit) ** 2 + 5 - np.array([8.0, 9.0]))  # noqa: E731
    run = solve(LeastSquares(residual), [-1.6 * unit])
    assert not run.success or np.abs(run.theta) == pytest.approx(np.sqrt(3.5) * unit)


# --- budgets and tolerances of the caller's


@pytest.mark.parametrize("most", [1, 2, 7, 20])
def test_max_evaluations_bounds_r(most):
    run = solve(CurveFit(decay, X, uneven()), [1.0, 1, 1], max_evaluations=most)
    assert run.n_residuals <= most and (run.success or "max_evaluations" in run.message)


def test_a_looser_tolerance_never_costs_more():
    costs = [
        solve(CurveFit(decay, X, uneven()), [1.0, 1, 1], xtol=xtol).n_residuals
        for xtol in (1e-12, 1e-8, 1e-4, 1e-2)
    ]
    assert costs == sorted(costs, reverse=True)


def test_a_target_that_was_reached_is_success_in_its_own_words():
    run = solve(CurveFit(decay, X, uneven()), [1.0, 1, 1], target_loss=0.1)
    assert run.success and run.message.startswith("Target reached") and run.loss <= 0.1


@pytest.mark.parametrize("y", [uneven(), DECAY[::-1].copy()], ids=["easy", "hard"])
def test_no_point_is_evaluated_twice(y):
    seen = []

    def model(theta, x):
        seen.append((theta.tobytes(), theta.dtype))
        return decay(theta, x)

    solve(CurveFit(model, X, y), [1.0, 1, 1])
    assert len(seen) - len(set(seen)) <= 0.01 * len(seen)


# --- J


def test_j_that_is_not_finite_on_the_way_is_filled_in():
    x = np.arange(26.0)
    y = 45 * (1 - 1 / (1 + (x + 9) / 18))
    with np.errstate(divide="ignore"):  # of 0 to a negative power, where r is finite all the same
        run = solve(CurveFit(lambda t, x: t[0] / (1 + t[1] * x ** t[2]), x, y), [16.0, 1.0, 0.4])
    assert np.isfinite(run.loss) and all(np.isfinite(step.g).all() for step in run)


@pytest.mark.filterwarnings("ignore:jacobian by central differences")
@pytest.mark.parametrize("unit", [1e-9, 1e-6, 1.0, 1e6])
def test_differences_do_not_depend_on_a_parameter_s_unit(unit):
    exact = complex_jacobian(lambda t: decay(t / [1, unit, 1], X), np.array([2, 1.3 * unit, 0.5]))
    found = central_jacobian(lambda t: decay(t / [1, unit, 1], X), np.array([2, 1.3 * unit, 0.5]))
    assert np.abs(found - exact)[:, 1].max() < 1e-7 * np.abs(exact[:, 1]).max()


@pytest.mark.parametrize("fainter", [1.0, 1e-4, 1e-6])
@pytest.mark.parametrize("small", [1.0, 1e-6])
def test_a_wrong_entry_is_seen_in_a_faint_row_and_a_small_column(fainter, small):
    def residual(t):
        return np.concatenate([t[0] * X, fainter * np.exp(-t[1] / small * X)])

    theta = np.array([1.5, 1.1 * small])
    J = complex_jacobian(residual, theta)
    assert disagreement(residual, theta, J) is None
    J[-1, 1] *= 1.5
    assert "∂r[59]/∂θ[1]" in disagreement(residual, theta, J)


def test_single_precision_is_met_with_longer_differences():
    x = X.astype(np.float32)
    y = decay([2.5, 1.3, 0.4], x)

    def residual(t):
        return decay(np.asarray(t, np.float32), x) - y

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = solve(LeastSquares(residual), [1.0, 1.0, 0.0])
    assert np.abs(run.theta / [2.5, 1.3, 0.4] - 1).max() < 1e-3 and run.success


def test_sentences_use_the_names_of_the_parameters():
    x = np.linspace(0, 1, 9)

    def slope(theta, x):
        return theta[0] * x + 0 * theta[1]

    fit = CurveFit(slope, x, 2 * x + x**2, names=["slope", "unused"])
    assert "unused has no effect on r" in solve(fit, [1.0, 1.0]).message

    def product(theta, x):
        return theta[0] * theta[1] * x + theta[2]

    fit = CurveFit(product, x, 2 * x + x**2, names=["a", "b", "c"])
    assert "of a and b, only combinations" in solve(fit, [1.0, 1.0, 1.0]).message
    walled = solve(fit, [1.0, 1.0, 1.0], bounds=([-9, -9, 0], 9)).message
    assert "of a and b, only combinations" in walled and "c at its lower bound 0" in walled
