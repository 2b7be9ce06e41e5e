"""Problems: what is counted and remembered, which Jacobian is taken, and that nobody's arrays are touched."""

import math
import warnings

import numpy as np
import pytest

from lmteach import CurveFit, Input, LeastSquares, Linear, NetworkFit, Tanh, solve
from lmteach.derivatives import central_jacobian, checked_jacobian, complex_jacobian, disagreement

START = np.array([-1.2, 1.0])


def rosenbrock(theta):
    return np.array([10 * (theta[1] - theta[0] ** 2), 1 - theta[0]])


def rosenbrock_jacobian(theta):
    return np.array([[-20 * theta[0], 10.0], [-1.0, 0.0]])


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *arguments):
        self.calls += 1
        return self.function(*arguments)


def network_fit(n_samples=6):
    rng = np.random.default_rng(0)
    network = Input(2) >> Tanh(3) >> Linear(2)
    return NetworkFit(
        network, rng.normal(size=(n_samples, 2)), rng.normal(size=(n_samples, 2))
    ), network.theta


# --- counts, and the evaluation that is not repeated


def test_residuals_and_jacobians_are_counted():
    problem = LeastSquares(rosenbrock, rosenbrock_jacobian)
    assert (problem.n_residuals, problem.n_jacobians) == (0, 0)
    problem.residual(START), problem.loss(START), problem.residual(START + 1)
    assert (problem.n_residuals, problem.n_jacobians) == (3, 0)
    problem.linearize(START + 1)
    assert (problem.n_residuals, problem.n_jacobians) == (3, 1)
    problem.linearize(START)
    assert (problem.n_residuals, problem.n_jacobians) == (4, 2)


def test_linearize_takes_over_the_last_evaluation_when_theta_is_equal_by_value():
    residual = Counted(rosenbrock)
    problem = LeastSquares(residual, rosenbrock_jacobian, check_jacobian=False)
    r = problem.residual(START)
    here = problem.linearize(START.copy())
    assert residual.calls == 1 and here.r is r
    problem.linearize([START[0], np.nextafter(START[1], 2)])
    assert residual.calls == 2


def test_the_networks_forward_pass_is_not_repeated(monkeypatch):
    problem, theta = network_fit()
    forward = Counted(problem.network.forward)
    monkeypatch.setattr(problem.network, "forward", forward)
    problem.loss(theta)
    problem.linearize(theta.copy()).step(1.0)
    assert forward.calls == 1
    problem.linearize(theta + 1)
    assert forward.calls == 2


def test_theta_written_over_after_an_evaluation_is_a_new_theta():
    problem, theta = LeastSquares(rosenbrock, rosenbrock_jacobian), START.copy()
    problem.residual(theta)
    theta += 1
    assert np.array_equal(problem.linearize(theta).r, rosenbrock(START + 1))


def test_a_read_only_view_of_an_array_that_changes_is_a_new_theta_too():
    problem, base = LeastSquares(rosenbrock, rosenbrock_jacobian), START.copy()
    view = base[:]
    view.setflags(write=False)
    problem.residual(view)
    base += 1
    assert np.array_equal(problem.linearize(view).r, rosenbrock(START + 1))


@pytest.mark.parametrize(
    "make", [lambda: (LeastSquares(rosenbrock), START), network_fit], ids=["function", "network"]
)
def test_an_older_linearization_stays_at_its_theta(make):
    problem, theta = make()
    here, fresh = problem.linearize(theta), problem.linearize(theta)
    problem.linearize(theta + 0.5), problem.residual(theta - 0.5)
    assert np.array_equal(here.J, fresh.J) and np.array_equal(here.step(0.1), fresh.step(0.1))


def test_the_traces_counts_are_those_of_the_run():
    problem = LeastSquares(rosenbrock, rosenbrock_jacobian)
    problem.residual(START)
    before = problem.n_residuals, problem.n_jacobians
    trace = solve(problem, START, plain=True)
    accepted = len(trace.accepted)
    assert len(trace) <= trace.n_residuals <= problem.n_residuals - before[0]
    assert accepted <= trace.n_jacobians <= problem.n_jacobians - before[1]
    assert trace.n_residuals <= len(trace) + 3 and trace.n_jacobians <= accepted + 2


def test_a_jacobian_can_be_verified_before_anything_was_evaluated():
    assert LeastSquares(rosenbrock, rosenbrock_jacobian).verify(START) is None
    assert "disagrees" in LeastSquares(rosenbrock, lambda t: -rosenbrock_jacobian(t)).verify(START)


def test_loss_is_half_the_sum_of_squares():
    problem, theta = network_fit()
    r = problem.residual(theta)
    assert problem.loss(theta) == pytest.approx(sum(r**2) / 2, rel=1e-14) and isinstance(
        problem.loss(theta), float
    )
    Y = problem.network.forward(problem.X, theta)[-1]
    assert np.array_equal(r, (Y - problem.Y).ravel(order="C"))


# --- the Jacobian's derivation


def test_without_a_jacobian_it_comes_from_complex_steps_to_rounding():
    J = LeastSquares(rosenbrock).linearize(START).J
    np.testing.assert_allclose(J, rosenbrock_jacobian(START), rtol=1e-15)


SCALAR_ONLY = [
    (lambda t: np.array([math.exp(t[0]), t[1]]), lambda t: [[math.exp(t[0]), 0], [0, 1]]),
    (lambda t: np.abs(t - 3), lambda t: np.diag(np.sign(t - 3))),
    (lambda t: np.array([np.real(t[0]) * 2, t[1]]), lambda t: [[2, 0], [0, 1]]),
    (lambda t: np.array([t[0], (t * np.conj(t)).sum()]), lambda t: [[1, 0], [2 * t[0], 2 * t[1]]]),
    (lambda t: np.array([float(t[0]) ** 2, t[1]]), lambda t: [[2 * t[0], 0], [0, 1]]),
    (lambda t: np.hypot(t, 1.0), lambda t: np.diag(t / np.hypot(t, 1.0))),
    (lambda t: np.where(t > 0, t, 2 * t), lambda t: np.diag(np.where(t > 0, 1, 2))),
    (lambda t: np.maximum(t, 0.0) ** 2, lambda t: np.diag(2 * np.maximum(t, 0))),
    (lambda t: t.astype(float) * 3, lambda t: 3 * np.eye(2)),
    (lambda t: np.array(t, dtype=float) * 3, lambda t: 3 * np.eye(2)),
]
NAMES = [
    "math.exp",
    "abs",
    "real",
    "conj",
    "float",
    "hypot",
    "where",
    "maximum",
    "astype",
    "dtype=float",
]


@pytest.mark.parametrize(("residual", "jacobian"), SCALAR_ONLY, ids=NAMES)
@pytest.mark.filterwarnings("ignore:jacobian by central differences:UserWarning")
def test_whatever_the_function_does_with_complex_numbers_j_is_right(residual, jacobian):
    J = LeastSquares(residual).linearize(START).J
    np.testing.assert_allclose(J, jacobian(START), atol=1e-8)


@pytest.mark.parametrize(
    "which", [0, 1, 2, 3, 4, 5, 8, 9], ids=[NAMES[i] for i in (0, 1, 2, 3, 4, 5, 8, 9)]
)
def test_a_fallback_to_differences_says_so(which):
    with pytest.warns(
        UserWarning, match="jacobian by central differences, about 10 digits, not by complex steps"
    ):
        LeastSquares(SCALAR_ONLY[which][0]).linearize(START)


def test_the_fallback_is_said_once_and_no_complexwarning_gets_out():
    problem = LeastSquares(lambda t: t.astype(float) * 3)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        problem.linearize(START), problem.linearize(START + 1)
    assert [w.category for w in seen] == [UserWarning]


def test_differences_and_complex_steps_agree_on_an_analytic_function():
    np.testing.assert_allclose(
        central_jacobian(rosenbrock, START), complex_jacobian(rosenbrock, START), atol=1e-9
    )


def test_central_differences_are_good_to_about_ten_digits_also_where_theta_is_large():
    theta = np.array([1.0, 1e3, 1e6])
    J = central_jacobian(lambda t: np.sin(t / theta) * theta, theta)
    np.testing.assert_allclose(J, np.cos(1) * np.eye(3), atol=3e-10)


# --- a Jacobian that was handed in


WRONG = [
    (lambda t: -rosenbrock_jacobian(t)),
    (lambda t: 2 * rosenbrock_jacobian(t)),
    (lambda t: rosenbrock_jacobian(t).T),
    (lambda t: np.zeros((2, 2))),
    (lambda t: rosenbrock_jacobian(t) + [[0, 0], [0, 0.1]]),
]


@pytest.mark.parametrize(
    "wrong", WRONG, ids=["sign", "factor 2", "transposed", "zeros", "one entry"]
)
def test_a_wrong_jacobian_is_a_valueerror_with_numbers(wrong):
    with pytest.raises(
        ValueError, match=r"jacobian disagrees .* ∂r\[\d\]/∂θ\[\d\] is .* check_jacobian=False"
    ):
        LeastSquares(rosenbrock, wrong).linearize(START)


@pytest.mark.parametrize("wrong", WRONG)
def test_the_check_can_be_switched_off(wrong):
    problem = LeastSquares(rosenbrock, wrong, check_jacobian=False)
    assert (
        np.array_equal(problem.linearize(START).J, wrong(START)) and problem.verify(START) is None
    )


@pytest.mark.parametrize("unit", [1e-150, 1e-12, 1.0, 1e12, 1e150])
def test_the_check_does_not_depend_on_units(unit):
    LeastSquares(lambda t: unit * rosenbrock(t), lambda t: unit * rosenbrock_jacobian(t)).linearize(
        START
    )
    with pytest.raises(ValueError, match="disagrees"):
        LeastSquares(
            lambda t: unit * rosenbrock(t), lambda t: -unit * rosenbrock_jacobian(t)
        ).linearize(START)


def test_a_right_jacobian_passes_at_a_minimum_and_with_rounding_noise():
    assert disagreement(rosenbrock, np.ones(2), rosenbrock_jacobian(np.ones(2))) is None
    large = lambda t: rosenbrock(t) + 1e8  # noqa: E731
    assert disagreement(large, START, rosenbrock_jacobian(START)) is None


def test_the_check_is_made_once_and_not_counted():
    residual = Counted(rosenbrock)
    problem = LeastSquares(residual, rosenbrock_jacobian)
    problem.linearize(START)
    after_first = residual.calls
    assert after_first > 1 and problem.n_residuals == 1
    problem.linearize(START + 1)
    assert residual.calls == after_first + 1


def test_checked_jacobian_is_silent_where_complex_steps_serve():
    J = checked_jacobian(rosenbrock, START)(START)
    np.testing.assert_allclose(J, rosenbrock_jacobian(START), rtol=1e-15)


# --- other people's arrays


def test_buffers_that_the_caller_uses_again_do_no_harm():
    r, J = np.empty(2), np.empty((2, 2))

    def residual(theta):
        r[:] = rosenbrock(theta)
        return r

    def jacobian(theta):
        J[:] = rosenbrock_jacobian(theta)
        return J

    expected = solve(LeastSquares(rosenbrock, rosenbrock_jacobian), START)
    trace = solve(LeastSquares(residual, jacobian), START)
    assert np.array_equal(trace.theta, expected.theta) and len(trace) == len(expected)
    assert all(np.array_equal(a.r, b.r) for a, b in zip(trace, expected, strict=True))


@pytest.mark.filterwarnings("ignore:jacobian by central differences:UserWarning")
def test_a_reused_buffer_without_a_jacobian():
    r = np.empty(2)

    def residual(theta):
        r[:] = rosenbrock(theta)
        return r

    np.testing.assert_allclose(
        LeastSquares(residual).linearize(START).J, rosenbrock_jacobian(START), atol=1e-8
    )


def test_a_function_that_writes_to_its_theta_harms_nobody():
    def residual(theta):
        theta *= 2
        return rosenbrock(theta / 2)

    def jacobian(theta):
        theta *= 2
        return rosenbrock_jacobian(theta / 2)

    start = START.copy()
    trace = solve(LeastSquares(residual, jacobian), start)
    assert np.array_equal(start, START)
    assert np.array_equal(
        trace.theta, solve(LeastSquares(rosenbrock, rosenbrock_jacobian), START).theta
    )


def test_a_function_that_returns_its_theta_or_a_constant():
    problem = LeastSquares(lambda theta: theta, lambda theta: np.eye(2))
    here = problem.linearize(START)
    assert np.array_equal(here.r, START) and np.array_equal(here.step(0), -START)
    frozen = np.ones(2)
    frozen.setflags(write=False)
    assert np.array_equal(
        LeastSquares(lambda theta: frozen, lambda theta: np.zeros((2, 2))).residual(START), [1, 1]
    )


def test_a_callers_r_stays_writable():
    mine = np.ones(2)
    problem = LeastSquares(lambda theta: mine, lambda theta: np.zeros((2, 2)))
    r = problem.residual(START)
    mine[:] = 5
    assert np.array_equal(r, [1, 1]) and not r.flags.writeable


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_data_and_start_are_never_written_to(frozen, order):
    rng = np.random.default_rng(0)
    network = (Input(2) >> Linear(2) >> Linear(1)).initialize(1)
    X, Y, theta = (
        np.array(rng.normal(size=(9, 2)), order=order),
        rng.normal(size=(9, 1)),
        network.theta,
    )
    kept = [array.copy() for array in (X, Y, theta)]
    for array in (X, Y, theta):
        array.setflags(write=not frozen)
    solve(NetworkFit(network, X, Y), theta)
    solve(CurveFit(lambda t, x: x @ t[:2], X, Y.ravel()), theta[:2])
    assert all(map(np.array_equal, (X, Y, theta), kept))
    assert np.array_equal(network.theta, kept[2]) and X.flags.writeable is not frozen


def test_data_are_copied_at_the_door():
    X, Y = np.ones((3, 2)), np.ones((3, 1))
    network = Input(2) >> Linear(1)
    problem, x, y = NetworkFit(network, X, Y), np.arange(3.0), np.arange(3.0)
    curve = CurveFit(lambda t, x: t[0] * x, x, y)
    before = problem.loss(network.theta), curve.loss([2.0])
    X[:], Y[:], x[:], y[:] = 7, 7, 7, 7
    assert (problem.loss(network.theta), curve.loss([2.0])) == before


# --- exceptions are the caller's


class Mine(Exception):
    pass


@pytest.mark.parametrize(
    "error", [Mine("as it was"), ZeroDivisionError("as it was"), KeyboardInterrupt("as it was")]
)
@pytest.mark.parametrize("where", ["residual", "jacobian"])
def test_the_callers_exceptions_pass_through_unchanged_and_leave_a_usable_state(error, where):
    switch = {"residual": False, "jacobian": False}

    def guarded(name, function):
        def call(theta):
            if switch[name]:
                raise error
            return function(theta)

        return call

    problem = LeastSquares(
        guarded("residual", rosenbrock), guarded("jacobian", rosenbrock_jacobian)
    )
    problem.linearize(START)
    switch[where] = True
    with pytest.raises(type(error)) as caught:
        problem.linearize(START + 1)
    assert caught.value is error and caught.value.args == ("as it was",)
    switch[where] = False
    assert np.array_equal(problem.linearize(START + 1).J, rosenbrock_jacobian(START + 1))


@pytest.mark.parametrize("n", [1, 2, 9, 20])
@pytest.mark.parametrize("error", [Mine, KeyboardInterrupt])
def test_an_exception_at_any_evaluation_of_a_run_comes_out_of_solve(n, error):
    residual = Counted(rosenbrock)

    def failing(theta):
        if residual.calls == n:
            residual.calls += 1
            raise error
        return residual(theta)

    problem = LeastSquares(failing, rosenbrock_jacobian)
    with pytest.raises(error):
        solve(problem, START)
    assert solve(problem, START).success


def test_ctrl_c_inside_a_numerical_jacobian_is_not_taken_for_a_refusal_of_complex_numbers():
    def residual(theta):
        if np.iscomplexobj(theta):
            raise KeyboardInterrupt
        return rosenbrock(theta)

    with pytest.raises(KeyboardInterrupt):
        LeastSquares(residual).linearize(START)


# --- curves


@pytest.mark.parametrize(
    ("x", "y", "model"),
    [
        (np.arange(5.0), np.arange(5.0), lambda t, x: t[0] * x + t[1]),
        (np.arange(5.0)[:, None], np.arange(10.0).reshape(5, 2), lambda t, x: x * t),
        (np.arange(10.0).reshape(5, 2), np.arange(5.0), lambda t, x: x @ t),
        ([0, 1, 2], [5, 6, 7], lambda t, x: t[0] + t[1] * x),
        (None, [5, 6], lambda t, x: t**3),
    ],
    ids=["line", "two outputs", "two inputs", "lists", "no x"],
)
def test_curves_of_several_shapes(x, y, model):
    problem, theta = CurveFit(model, x, y), np.array([2.0, 3.0])
    expected = np.ravel(model(theta, np.array(x) if isinstance(x, list) else x) - np.array(y))
    here = problem.linearize(theta)
    assert (
        here.r.shape == expected.shape
        and np.array_equal(here.r, expected)
        and here.J.shape == (len(expected), 2)
    )


def test_a_curves_jacobian_is_called_with_x_and_checked():
    x, y = np.arange(4.0), np.ones(4)
    right = CurveFit(lambda t, x: t[0] * x, x, y, jacobian=lambda t, x: x[:, None])
    assert np.array_equal(right.linearize([1.0]).J[:, 0], x)
    with pytest.raises(ValueError, match="disagrees"):
        CurveFit(lambda t, x: t[0] * x, x, y, jacobian=lambda t, x: -x[:, None]).linearize([1.0])


def test_a_curve_of_the_wrong_shape_is_told_both_shapes():
    with pytest.raises(ValueError, match=r"shape \(4, 1\): expected that of y, \(4,\)"):
        CurveFit(lambda t, x: t[0] * x[:, None], np.arange(4.0), np.ones(4)).residual([1.0])


@pytest.mark.parametrize("size", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_the_check_does_not_depend_on_the_units_of_theta(size):
    """An amplitude of size 1/size and a rate of size `size` side by side, up to 24 orders apart."""
    x = np.linspace(0, 1, 7) / size

    def jacobian(t, x):
        return np.column_stack([np.exp(-t[1] * x), -t[0] * x * np.exp(-t[1] * x)])

    def curve(jacobian):
        return CurveFit(lambda t, x: t[0] * np.exp(-t[1] * x), x, np.ones(7) / size, jacobian)

    theta = np.array([2 / size, 3 * size])
    J = curve(jacobian).linearize(theta).J
    np.testing.assert_allclose(curve(None).linearize(theta).J, J, rtol=1e-13)
    for wrong in ([-1, 1], [1, -1], [1, 1.1]):
        with pytest.raises(ValueError, match="disagrees"):
            curve(lambda t, x, wrong=wrong: jacobian(t, x) * wrong).linearize(theta)
