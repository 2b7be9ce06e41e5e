"""Levenberg-Marquardt in a box: the minima of SciPy's trf, active bounds exact, nobody outside."""

import families
import numpy as np
import pytest
import sympy
from scipy.optimize import least_squares

from lmteach import (
    Bounded,
    CurveFit,
    Fixed,
    Input,
    LeastSquares,
    Linear,
    NetworkFit,
    Regularized,
    Robust,
    Tanh,
    solve,
)
from lmteach.solvers import levenberg_marquardt

INF = np.inf


def rosenbrock(theta):
    return np.array([10 * (theta[1] - theta[0] ** 2), 1 - theta[0]])


def beale(theta):
    x, y = theta
    return np.array([1.5 - x * (1 - y), 2.25 - x * (1 - y**2), 2.625 - x * (1 - y**3)])


def powell(theta):
    a, b, c, d = theta
    return np.array([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])


def trivial(theta):
    return np.array([theta[0] ** 2 + 5, theta[0] - 1])


# (r, start, lower, upper): the first ten are those of SciPy's own tests of least_squares.
BOXES = [
    (rosenbrock, [-2, 1], [-INF, -1.5], [INF, INF]),
    (rosenbrock, [-2, 1], [-INF, 1.5], [INF, INF]),
    (rosenbrock, [0, 2], [-INF, 1.5], [INF, INF]),
    (rosenbrock, [2, 2], [1, 1.5], [3, 3]),
    (rosenbrock, [-2, 2], [-50, -1], [0.5, 100]),
    (rosenbrock, [-1.4, 0.5], [-INF, -INF], [0.8, 0.6]),
    (rosenbrock, [-1.2, 1.0], [-1.5, 0.0], [0.5, 5.0]),
    (trivial, [2.0], [0.5], [3.0]),
    (trivial, [2.0], [1.0], [3.0]),
    (beale, [1.0, 1.0], [0.0, -4.5], [2.0, 4.5]),
    (beale, [0.1, 0.1], [-INF, -INF], [3.2, 0.3]),
    (powell, [3, -1, 0, 1.0], [0.1, -20, -20, -20], [100, 20, 20, 0.9]),
    (powell, [3, -1, 0, 1.0], [0.5, -0.2, 0.05, 0.1], [9, 9, 9, 9]),
]


def fit_in_a_box(family, seed):
    """A curve whose best θ lies outside: one parameter is held at 0.9 of it, another free."""
    fit = family.draw(np.random.default_rng(seed))
    best = solve(CurveFit(fit.model, fit.x, fit.y), fit.truth).theta
    lower, upper = best - 10 * np.abs(best), best + 10 * np.abs(best)
    upper[seed % len(best)] = (best - 0.1 * np.abs(best))[seed % len(best)]
    start = np.clip(fit.truth, lower, upper)
    return lambda theta: fit.model(theta, fit.x) - fit.y, start, lower, upper


CURVES = [(0, 0), (1, 1), (2, 0), (3, 2), (12, 1), (8, 0)]
ALL = [*BOXES, *(fit_in_a_box(families.FAMILIES[i], seed) for i, seed in CURVES)]


@pytest.mark.parametrize("which", range(len(ALL)))
def test_the_minimum_is_trfs(which):
    residual, start, lower, upper = ALL[which]
    trace = solve(LeastSquares(residual), np.array(start, dtype=float), bounds=(lower, upper))
    assert trace.success, trace.message
    theirs = [
        least_squares(residual, np.clip(x0, lower, upper), jac="3-point", bounds=(lower, upper),
                      xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale=scale, max_nfev=3000)
        for x0 in (start, trace.theta) for scale in (1.0, "jac")
    ]  # fmt: skip
    best = min(theirs, key=lambda found: found.cost)
    assert trace.loss <= best.cost * (1 + 1e-8) + 1e-16
    assert ((np.array(lower) <= trace.theta) & (trace.theta <= np.array(upper))).all()
    box = Bounded(trace.problem.inner, lower, upper)
    g = box.inner.linearize(trace.theta).g
    held = box.held(trace.theta, g)
    free = trace.problem.linearize(trace.theta)
    assert free.cosine() < 1e-7 or trace.loss < 1e-16
    for j in np.flatnonzero(held):  # exact, not nearly so
        assert trace.theta[j] in (lower[j], upper[j])


def test_the_last_digits_are_polished_on_the_face_where_it_ends():
    trace = solve(outliers(), [1, 1, 1], bounds=(LOWER, UPPER))
    assert "polish" in trace.message and trace.theta[1] == 1
    assert trace.problem.linearize(trace.theta).cosine() < 1e-12
    for step in trace:
        assert step.theta[1] <= 1 and (step.trial_theta <= UPPER).all()
    straight = CurveFit(lambda t, x: t[0] + t[1] * x, X_LINE := np.arange(6.0), 1 + X_LINE)
    at_wall = solve(straight, [3, 3], bounds=([1, 0], 5))  # the minimum lies on a wall, unpressed
    assert at_wall.success and at_wall.theta == pytest.approx([1, 1], abs=1e-12)


def test_a_start_outside_is_moved_and_it_is_said():
    problem = LeastSquares(rosenbrock)
    trace = solve(problem, [5.0, 9.0], bounds=(-1, [0.5, 2.0]))
    assert "The start was outside the bounds: θ[0], θ[1] moved to the nearest one." in trace.message
    assert "Bounds that hold: θ[0] at its upper bound 0.5." in trace.message
    assert trace.success and trace.theta[0] == 0.5
    np.testing.assert_allclose(trace.theta[1], 0.25)
    with pytest.warns(UserWarning, match="outside the bounds"):
        next(levenberg_marquardt(problem, [5.0, 9.0], bounds=(-1, [0.5, 2.0])))


def test_every_step_says_which_bounds_hold():
    steps = list(levenberg_marquardt(LeastSquares(rosenbrock), [-1.2, 1.0], bounds=(-2, [0.5, 5])))
    assert steps[-1].at_bounds == "θ[0] at its upper bound 0.5"
    assert "; θ[0] at its upper bound 0.5" in str(steps[-1]) and steps[0].at_bounds == ""
    for step in steps:
        assert step.trial_theta[0] <= 0.5
        assert not step.accepted or step.trial_loss < step.loss
    again = list(levenberg_marquardt(LeastSquares(rosenbrock), steps[3]))  # plain: from that θ
    assert again[0].theta is steps[3].next_theta
    goes_on = list(levenberg_marquardt(steps[3].problem, steps[3]))
    np.testing.assert_array_equal(goes_on[-1].theta, steps[-1].theta)


def test_the_model_is_never_asked_outside():
    def root(theta, x):
        assert theta[0] >= 0 and theta[1] <= 1
        return np.sqrt(theta[0].real) * x + theta[1].real

    x = np.linspace(0, 1, 9)
    problem = CurveFit(
        root, x, 1.6 - x, lambda theta, x: np.column_stack([x / (2 * theta[0] ** 0.5), 1 + 0 * x]),
        check_jacobian=False,
    )  # fmt: skip
    trace = solve(problem, [1.0, 0.0], bounds=([1e-6, -INF], [INF, 1.0]))
    assert trace.theta[1] == 1.0 and trace.theta[0] == 1e-6 and trace.success


def test_wide_bounds_change_nothing():
    for start in ([-1.2, 1.0], [2.0, 2.0]):
        free = solve(LeastSquares(rosenbrock), start)
        wide = solve(LeastSquares(rosenbrock), start, bounds=(-INF, INF))
        np.testing.assert_allclose(wide.theta, free.theta, rtol=1e-9)


def test_a_network_may_have_bounds():
    X = np.linspace(-1, 1, 20)[:, None]
    problem = NetworkFit(Input(1) >> Tanh(3) >> Linear(1), X, np.sin(3 * X))
    theta = problem.network.initialize(1).theta
    trace = solve(problem, theta, bounds=(-1.5, 1.5))
    assert trace.success and (np.abs(trace.theta) <= 1.5).all()
    assert (np.abs(trace.theta) == 1.5).any() and trace.loss < 0.5 * problem.loss(theta)


def test_errors_know_of_bounds():
    x = np.linspace(0, 1, 10)
    trace = solve(CurveFit(lambda t, x: t[0] + t[1] * x, x, 1 - x), [0.5, 0.5], bounds=(0, 2))
    said = trace.uncertainty().summary()
    assert "θ[1] at its lower bound 0: the errors are those without bounds" in said


@pytest.mark.parametrize(
    "bounds, kind, words",
    [
        (3, ValueError, r"bounds = 3: expected \(lower, upper\)"),
        ((1, 0), ValueError, "expected lower < upper"),
        (([0, 0, 0], 1), ValueError, r"expected a number or \(2,\)"),
        ((np.nan, 1), ValueError, "no bound"),
    ],
)
def test_bad_bounds_are_refused(bounds, kind, words):
    with pytest.raises(kind, match=words):
        solve(LeastSquares(rosenbrock), [0.0, 0.0], bounds=bounds)


def test_only_lm_has_bounds():
    with pytest.raises(TypeError, match="expected only with Levenberg-Marquardt"):
        solve(LeastSquares(rosenbrock), [0.0, 0.0], "gn", bounds=(0, 1))


# A box inside other problems


def outliers():
    rng = np.random.default_rng(4)
    x = np.linspace(0, 4, 40)
    y = 2 * np.exp(-1.3 * x) + 0.5 + 0.05 * rng.normal(size=40)
    y[::9] += 2
    return CurveFit(lambda t, x: t[0] * np.exp(-t[1] * x) + t[2], x, y)


LOWER, UPPER = [0, 0, 0.6], [3, 1, 3]
AROUND = {
    "robust": lambda fit: Robust(fit, "soft_l1", 0.1),
    "regularized": lambda fit: Regularized(fit, 0.1),
    "both": lambda fit: Regularized(Robust(fit, "huber", 0.1), 0.1),
    "box": lambda fit: Bounded(fit, -9, 9),
}


@pytest.mark.parametrize("around", AROUND)
def test_a_box_inside_another_problem_is_a_box(around):
    wrap = AROUND[around]
    inside = solve(wrap(Bounded(outliers(), LOWER, UPPER)), [1, 1, 1])
    outside = solve(wrap(outliers()), [1, 1, 1], bounds=(LOWER, UPPER))
    assert inside.success and outside.success
    assert inside.loss == pytest.approx(outside.loss, rel=1e-9)
    assert inside.theta == pytest.approx(outside.theta, rel=1e-5)
    assert "θ[1] at its upper bound 1" in inside.message


def test_the_free_parameters_of_a_box_stay_in_it():
    trace = solve(Fixed(Bounded(outliers(), LOWER, UPPER), {1: 0.9}), [1, 9])
    other = solve(Fixed(outliers(), {1: 0.9}, 3), [1, 1], bounds=([0, 0.6], [3, 3]))
    assert trace.success and trace.theta == pytest.approx(other.theta, rel=1e-6)
    assert "moved to the nearest" in trace.message


def test_the_box_of_a_box_is_what_both_allow():
    trace = solve(Bounded(outliers(), LOWER, UPPER), [1, 1, 1], bounds=(None, [9, 9, 0.7]))
    assert trace.success and 0.6 <= trace.theta[2] <= 0.7 and trace.theta[1] <= 1
    with pytest.raises(ValueError, match="overlap"):
        solve(Bounded(outliers(), LOWER, UPPER), [1, 1, 1], bounds=(None, [9, 9, 0.5]))


def test_bounds_of_another_length_are_blamed_not_the_start():
    with pytest.raises(ValueError, match=r"upper has shape \(2,\): expected a number or \(3,\)"):
        solve(outliers(), [1, 1, 1], bounds=([0, 0, 0], [1, 1]))


def test_a_profile_ends_at_the_wall():
    sure = solve(outliers(), [1, 1, 1], bounds=(LOWER, UPPER)).uncertainty()
    at_wall, beside = sure.profile(2), sure.profile(0)
    assert at_wall.low == 0.6 < at_wall.high and "bound" in at_wall.note
    assert beside.low < sure.theta[0] < beside.high


# A bound that holds for no reason


@pytest.mark.parametrize("bounds, start", [((0, 5), 0.0), ((0, 5), -3.0), ((-5, 0), 0.0)])
def test_a_maximum_at_a_bound_is_no_minimum(bounds, start):
    trace = solve(LeastSquares(lambda theta: theta**2 - 1), [start], bounds=bounds)
    assert trace.success and abs(trace.theta[0]) == pytest.approx(1), trace.message


def test_two_parameters_that_leave_their_bounds_together_are_tried():
    x = np.linspace(0, 4, 9)
    product = CurveFit(lambda t, x: t[0] * t[1] * x + t[2], x, 2 * x + 1)
    trace = solve(product, [0, 0, 0], bounds=([0, 0, -9], 5))
    assert trace.success and trace.loss < 1e-20, trace.message
    robust = solve(Robust(product), [0, 0, 0], bounds=([0, 0, -9], 5))
    assert not robust.success and "falls inside the bounds" in robust.message
    held = solve(product, [0, 0, 0], bounds=([0, 0, -9], [5, 5, 5]), max_evaluations=4)
    assert not (held.success and held.loss > 1e-20)


def test_a_minimum_at_a_bound_where_j_vanishes_is_one():
    trace = solve(LeastSquares(lambda theta: theta**2 + 1), [0.0], bounds=(0, 5))
    assert trace.success and trace.loss == 0.5


def test_a_plateau_at_a_bound_is_no_minimum():
    x = np.linspace(0, 4, 40)
    peak = CurveFit(lambda t, x: t[0] * np.exp(-((x - t[1]) ** 2)), x, np.exp(-((x - 2) ** 2)))
    trace = solve(peak, [0.0, 9.0], bounds=([0, 0], [5, 9]))
    assert trace.loss < 1e-20 or not trace.success, trace.message


def test_a_network_that_is_too_large_for_bounds_is_told_so():
    network = (Input(784) >> Tanh(12) >> Linear(1)).initialize(0)
    problem = NetworkFit(network, np.ones((2, 784)), np.ones((2, 1)))
    with pytest.raises(ValueError, match="9433 parameters: expected at most 8192"):
        solve(problem, network.theta, bounds=(-1, 1), max_steps=1)


@pytest.mark.parametrize("bounds", [(0, 2), (-2, 0)])
def test_a_network_of_zeros_at_its_bounds_is_no_minimum(bounds):
    X = np.linspace(-1, 1, 12)[:, None]
    network = Input(1) >> Tanh(10) >> Linear(1)
    trace = solve(NetworkFit(network, X, np.sin(3 * X)), np.zeros(31), bounds=bounds)
    assert trace.loss < 1 or not trace.success, trace.message


def test_symbols_have_no_bounds():
    with pytest.raises(TypeError, match="theta0 holds objects of type"):
        solve(outliers(), [sympy.Integer(1), 1, 1], bounds=(0, 5))


def test_a_parameter_at_its_bound_without_effect_is_named():
    x = np.linspace(0, 1, 9)
    fit = CurveFit(lambda t, x: t[0] * x + 0 * t[1], x, 2 * x + x**2, names=["slope", "unused"])
    trace = solve(fit, [1, 0], bounds=(0, 5))
    assert trace.success and "unused has no effect on r" in trace.message


def test_a_face_without_effect_is_named_by_its_parameters():
    x = np.linspace(0.1, 5, 25)
    fit = CurveFit(lambda t, x: t[0] * x / (t[1] + x), x, -x / (1 + x), names=["a", "b"])
    trace = solve(fit, [1, 5], bounds=(0, [9, 99]))
    assert trace.theta[0] == 0
    assert "depend on b here" in trace.message or "b has no effect" in trace.message


def test_a_budget_that_leaves_no_look_inwards_is_no_success():
    trace = solve(LeastSquares(lambda t: t**2 - 1), [0.0], bounds=(0, 5), max_evaluations=2)
    assert not trace.success and "leaves no room" in trace.message


HIDDEN = {  # a model, the truth, a start where one bound hides another parameter, the bounds
    "exp": (
        lambda t, x: t[0] * np.exp(-t[1] * x) + t[2],
        [2, 1, 0.5],
        [0, -1, 2],
        ([0, -1, 0], [np.inf, np.inf, 2]),
    ),
    "product": (lambda t, x: t[0] * t[1] * x + t[2], [1, 1, 1], [-1, 0, 2.5], ([-1, 0, 0], 9)),
    "sine": (lambda t, x: t[0] * np.sin(t[1] * x + t[2]), [1, 1, 3], [0, 2, 0], (0, [5, 2, 5])),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_only_a_bound_hides_is_looked_for(name):
    model, truth, start, bounds = HIDDEN[name]
    x = np.linspace(0.1, 5, 25)
    trace = solve(CurveFit(model, x, model(np.array(truth), x)), start, bounds=bounds)
    assert trace.loss < 1e-20 and trace.success, trace.message
