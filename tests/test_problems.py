"""Problems: what is counted and remembered, which J is taken, and nobody's arrays are touched."""

import math
import pickle
import warnings

import numpy as np
import pytest
import sympy
from shared_problems import (
    START,
    Counted,
    decay_fit,
    difference,
    line,
    network_case,
    rosenbrock,
    rosenbrock_jacobian,
    same,
    small_network,
    valley,
)

from lmteach import (
    CurveFit,
    Evaluation,
    Input,
    LeastSquares,
    Linear,
    NetworkFit,
    Problem,
    Tanh,
    solve,
)
from lmteach.jacobians import NotFinite
from lmteach.linearization import Explicit
from lmteach.primitives import inner
from lmteach.solving import Divided


def network_fit(n_samples=6):
    network, theta, X, Y = network_case((2, 3, 2), [Tanh, Linear], n_samples)
    return NetworkFit(network, X, Y), theta


# --- counts, and the evaluation that is not repeated


def test_residuals_and_jacobians_are_counted():
    problem = LeastSquares(rosenbrock, rosenbrock_jacobian)
    assert (problem.n_residuals, problem.n_jacobians) == (0, 0)
    problem.residual(START), problem.loss(START), problem.evaluate(START)
    assert (problem.n_residuals, problem.n_jacobians) == (1, 0)  # the last θ is not asked twice
    problem.residual(START + 1), problem.linearize(START + 1)
    assert (problem.n_residuals, problem.n_jacobians) == (2, 1)
    problem.linearize(START)
    assert (problem.n_residuals, problem.n_jacobians) == (3, 2)


def test_linearize_takes_over_the_last_evaluation_when_theta_is_equal_by_value():
    residual = Counted(rosenbrock)
    problem = LeastSquares(residual, rosenbrock_jacobian, check_jacobian=False)
    r = problem.residual(START)
    here = problem.linearize(START.copy())
    assert residual.calls == 1 and here.r is r
    problem.linearize([START[0], np.nextafter(START[1], 2)])
    assert residual.calls == 2


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
    made = problem.n_residuals - before[0], problem.n_jacobians - before[1]
    assert made == (trace.n_residuals, trace.n_jacobians)
    assert trace.n_residuals in (len(trace), len(trace) + 1)  # START may have been remembered
    assert accepted <= trace.n_jacobians <= accepted + 2


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


# --- an Evaluation is a value


@pytest.mark.parametrize(
    "make", [lambda: (valley(), START), lambda: (decay_fit(), np.ones(3)), network_fit]
)
def test_an_evaluation_holds_theta_r_and_f_and_linearizes_there(make):
    problem, theta = make()
    seen = problem.evaluate(theta)
    assert isinstance(seen, Evaluation) and seen.problem is problem
    assert np.array_equal(seen.theta, theta) and np.array_equal(seen.r, problem.residual(theta))
    assert seen.loss == problem.loss(theta) == pytest.approx(seen.r @ seen.r / 2, rel=1e-14)
    problem.evaluate(theta + 1)
    here = seen.linearize()
    assert here.r is seen.r and here.loss == seen.loss
    assert np.array_equal(here.J, problem.linearize(theta).J)


@pytest.mark.parametrize("make", [lambda: (valley(), START), network_fit])
def test_nothing_in_an_evaluation_can_be_changed(make):
    problem, theta = make()
    seen = problem.evaluate(theta)
    for name in ("theta", "r", "loss", "problem", "inside"):
        with pytest.raises(AttributeError):
            setattr(seen, name, None)
    for array in (seen.theta, seen.r):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    assert not np.shares_memory(seen.theta, theta)


def test_an_evaluation_equals_only_itself():
    problem = valley()
    seen = problem.evaluate(START)
    problem.evaluate(START + 1)
    again = problem.evaluate(START)
    assert seen == seen and seen != again and len({seen, again, seen}) == 2


def test_the_last_evaluation_is_given_again_and_an_older_one_is_made_anew():
    problem = valley()
    seen = problem.evaluate(START)
    assert problem.evaluate(START.copy()) is seen
    problem.evaluate(START + 1)
    assert problem.evaluate(START) is not seen


def test_evaluations_of_two_thetas_side_by_side_do_not_disturb_each_other():
    problem, theta = network_fit()
    one, two = problem.evaluate(theta), problem.evaluate(theta / 2)
    g = [difference(lambda t: np.array([problem.loss(t)]), t)[0] for t in (theta, theta / 2)]
    for seen, expected in ((two, g[1]), (one, g[0]), (two, g[1])):
        same(seen.linearize().g, expected, 1e-6)


@pytest.mark.parametrize("make", [network_fit, lambda: (Exponential(), np.array([0.5, 0.2]))])
def test_a_problem_is_pickled_without_its_last_evaluation(make):
    problem, theta = make()
    there = pickle.loads(pickle.dumps(problem))
    sent = len(pickle.dumps(problem))
    expected = problem.linearize(theta)
    assert len(pickle.dumps(problem)) < sent + 100  # the counts, no arrays
    assert there.n_residuals == 0
    there = pickle.loads(pickle.dumps(problem))
    assert (there.n_residuals, there.n_jacobians) == (1, 1)
    assert np.array_equal(there.linearize(theta).J, expected.J) and there.n_residuals == 2


# --- a problem of one's own

T, DATA = np.linspace(0, 2, 9), np.exp(-np.linspace(0, 2, 9))


class Exponential(Problem):
    """r = θ₀ e^(−θ₁ t) − data, and nothing else: J comes by complex steps."""

    n_parameters = 2

    def residual_at(self, theta):
        return theta[0] * np.exp(-theta[1] * T) - DATA


class WithJacobian(Exponential):
    """The same with its own J."""

    def jacobian_at(self, theta):
        e = np.exp(-theta[1] * T)
        return np.column_stack([e, -theta[0] * T * e])


class WithSharedWork(Exponential):
    """The same with the exponential computed once for r and J."""

    made = 0

    def evaluation(self, theta):
        self.made += 1
        e = np.exp(-theta[1] * T)
        r = theta[0] * e - DATA
        return Evaluation(theta, r, inner(r, r) / 2, self, inside=e)

    def linearization(self, seen, work=None):
        e = seen.inside
        return Explicit(seen.r, np.array([e, -seen.theta[0] * T * e]), seen.loss, work)


OWN = [Exponential, WithJacobian, WithSharedWork]


@pytest.mark.parametrize("kind", OWN)
def test_a_problem_of_ones_own_is_evaluated_linearized_and_solved(kind):
    problem, theta = kind(), np.array([2.0, 0.3])
    here = problem.linearize(theta)
    same(here.J, difference(problem.residual_at, theta), 1e-7)
    same(here.g, here.J.T @ here.r, 1e-12)
    trace = solve(problem, theta)
    assert trace.success
    np.testing.assert_allclose(trace.theta, [1, 1], rtol=1e-7)


@pytest.mark.parametrize("kind", OWN)
def test_a_problem_of_ones_own_is_counted_remembered_and_told_of_another_theta(kind):
    problem, theta = kind(), np.array([2.0, 0.3])
    problem.residual(theta), problem.linearize(theta), problem.loss(theta)
    assert (problem.n_residuals, problem.n_jacobians) == (1, 1)
    assert getattr(problem, "made", 1) == 1
    with pytest.raises(ValueError, match=r"theta has shape \(3,\): expected \(2,\)"):
        problem.residual(np.ones(3))


def test_problems_of_one_kind_share_nothing():
    one, two = Exponential(), Exponential()
    one.linearize(np.array([2.0, 0.3]))
    assert (two.n_residuals, two.n_jacobians) == (0, 0) and two._derivative is None


class WrongJacobian(WithJacobian):
    def jacobian_at(self, theta):
        return super().jacobian_at(theta) * [1, -1]


def test_a_wrong_jacobian_of_ones_own_is_found_at_the_first_theta():
    words = r"jacobian disagrees .* check_jacobian=False"
    with pytest.raises(ValueError, match=words):
        WrongJacobian().linearize(np.array([2.0, 0.3]))
    with pytest.raises(ValueError, match=words):
        solve(WrongJacobian(), [2.0, 0.3])
    problem = WrongJacobian()
    problem.check_jacobian = False
    assert problem.linearize(np.array([2.0, 0.3])).J.shape == (9, 2)


class Nothing(Problem):
    pass


def test_a_problem_without_residual_at_says_what_is_missing():
    with pytest.raises(TypeError, match=r"Nothing has no residual_at: expected a method residual"):
        Nothing().residual(START)


def test_symbols_need_a_jacobian():
    theta = np.array(sympy.symbols("a b"), dtype=object)
    problem = LeastSquares(lambda t: t * t)
    assert problem.loss(theta) == sum(t**4 for t in theta) / 2
    with pytest.raises(
        ValueError, match="expected a function jacobian.theta. where theta holds symbols"
    ):
        problem.linearize(theta)
    given = LeastSquares(lambda t: t * t, lambda t: np.diag(2 * t))
    assert np.array_equal(given.linearize(theta).g, 2 * theta**3)


# --- where r or J is not finite


def test_r_that_is_not_finite_is_evaluated_but_not_linearized():
    problem = LeastSquares(lambda t: t / 0.0 if t[0] > 1 else t, lambda t: np.eye(2))
    with np.errstate(divide="ignore"):
        assert problem.loss(np.array([2.0, 1.0])) == np.inf
        with pytest.raises(ValueError, match="r is not finite there; expected a θ where") as caught:
            problem.linearize(np.array([2.0, 1.0]))
    assert type(caught.value) is ValueError and problem.n_jacobians == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_j_that_is_not_finite_is_named_with_its_place(bad):
    """r is finite at START, but at no θ₁ beside it: no difference can stand for ∂r[1]/∂θ₁."""
    problem = LeastSquares(
        lambda t: t if t[1] == START[1] else t + [0, np.nan],
        lambda t: np.diag([1.0, bad]),
        check_jacobian=False,
    )
    with pytest.raises(NotFinite, match=rf"jacobian\(theta\) holds {bad} at index \(1, 1\)"):
        problem.linearize(START)
    assert issubclass(NotFinite, ValueError)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("wall", [np.inf, START[1]], ids=["two-sided", "one-sided"])
def test_j_that_is_not_finite_is_filled_in_by_differences_there_alone(bad, wall):
    """Only where J is not finite: the wrong 3.0 stays. Beyond the wall r is not finite."""
    problem = LeastSquares(
        lambda t: np.array([t[0], np.exp(t[1]) if t[1] <= wall else np.nan]),
        lambda t: np.array([[3.0, 0.0], [0.0, bad]]),
        check_jacobian=False,
    )
    here = problem.linearize(START)
    expected = [[3.0, 0.0], [0.0, np.exp(START[1])]]
    np.testing.assert_allclose(here.J, expected, rtol=1e-4)
    np.testing.assert_allclose(here.g, np.transpose(expected) @ here.r, rtol=1e-4)
    assert problem.n_residuals == 1 and problem.n_differences >= 2


def test_a_finite_j_whose_gradient_overflows_is_not_refused():
    problem = LeastSquares(lambda t: 1e200 * t, lambda t: 1e200 * np.eye(2))
    with np.errstate(over="ignore"):
        here = problem.linearize(START)
    assert np.isinf(here.g).all() and np.isfinite(here.J).all()


# --- the same in another unit


@pytest.mark.parametrize(
    "make", [lambda: (valley(), START), lambda: (line(), START), small_network]
)
def test_a_divided_problem_has_the_same_theta_h_and_rho(make):
    problem, theta = make()
    divided = Divided(problem, 8.0)
    one, two = problem.linearize(theta), divided.linearize(theta)
    assert np.array_equal(two.r, one.r / 8) and two.loss == one.loss / 64
    same(two.J, one.J / 8, 1e-14)
    same(two.step(0.5), one.step(32.0), 1e-10)
    assert (divided.n_parameters, divided.redundant) == (problem.n_parameters, problem.redundant)
    assert (problem.n_residuals, problem.n_jacobians) == (1, 2)
    assert (divided.n_residuals, divided.n_jacobians) == (1, 1)


def test_a_divided_problem_says_of_j_what_the_problem_says():
    wrong = LeastSquares(rosenbrock, lambda t: -rosenbrock_jacobian(t))
    assert "disagrees" in Divided(wrong, 2.0).verify(START)
    with pytest.raises(ValueError, match="disagrees"):
        Divided(wrong, 2.0).linearize(START)


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


def test_the_check_is_made_once_and_not_counted():
    residual = Counted(rosenbrock)
    problem = LeastSquares(residual, rosenbrock_jacobian)
    problem.linearize(START)
    after_first = residual.calls
    assert after_first > 1 and problem.n_residuals == 1
    problem.linearize(START + 1)
    assert residual.calls == after_first + 1


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


def test_data_are_copied():
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


def test_a_problem_says_what_it_fits_and_its_shapes():
    problem = LeastSquares(rosenbrock)
    assert repr(problem) == "<LeastSquares of rosenbrock(theta), J differentiated>"
    problem.loss(START)
    assert repr(problem).endswith("2 residuals, 2 parameters, J differentiated>")
    given = LeastSquares(rosenbrock, rosenbrock_jacobian)
    assert repr(given) == "<LeastSquares of rosenbrock(theta), J given>"
    curve = CurveFit(lambda theta, x: theta[0] * x, np.arange(3.0), np.arange(3.0))
    assert repr(curve) == "<CurveFit of lambda(theta, x): x (3,), y (3,)>"
    network = NetworkFit(Input(2) >> Tanh(3) >> Linear(1), np.ones((4, 2)), np.ones((4, 1)))
    assert repr(network).startswith("<NetworkFit of Input(2) >> Tanh(3) >> Linear(1): X (4, 2), Y")
    assert "13 parameters, mse, route" in repr(network)
