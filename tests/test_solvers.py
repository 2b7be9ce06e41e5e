"""The solvers: every Step tells the truth, runs can be taken up again, every ending is reached."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_problems import (
    DECAY_START,
    START,
    Counted,
    decay_fit,
    finish,
    line,
    rosenbrock,
    rosenbrock_jacobian,
    small_network,
    valley,
)

from lmteach import (
    Factor,
    Input,
    LeastSquares,
    Linear,
    NetworkFit,
    Nielsen,
    Sigmoid,
    Step,
    Tanh,
    gauss_newton,
    gradient_descent,
    levenberg_marquardt,
    solve,
)
from lmteach.jacobians import NotFinite
from lmteach.linearization import Explicit
from lmteach.options import MOST_CURVED
from lmteach.primitives import gram, spd_solver
from lmteach.solvers import _first_mu
from lmteach.stopping import Stop

ENDS = ("gradient", "step", "loss")
VARIANTS = [
    {"scaling": scaling, "geodesic": geodesic, "damping": damping}
    for scaling in ("identity", "marquardt", "more")
    for geodesic in (False, True)
    for damping in (Nielsen(), Factor(2), Factor(10))
]


def nested(theta):
    """P18 with c = −2: the minimum is at 0, where Gauss-Newton's map has slope −2."""
    return np.array([theta[0] + 1, -2 * theta[0] ** 2 + theta[0] - 1])


def assert_same(one, other):
    """Every field of two steps is the same, arrays bit for bit."""
    for field in Step._fields:
        a, b = getattr(one, field), getattr(other, field)
        if isinstance(a, (np.ndarray, float)):
            assert np.array_equal(a, b, equal_nan=True), (one.k, field, a, b)
        elif field != "problem":
            assert a == b, (one.k, field, a, b)


def assert_same_run(steps, expected):
    assert len(steps) == len(expected)
    for one, other in zip(steps, expected, strict=True):
        assert_same(one, other)


# --- every step satisfies its equations


def assert_solves(problem, step, vector, right):
    """(JᵀJ + μD²) vector = right, to the rounding of both sides."""
    D2 = 1.0 if step.scale is None else step.scale**2
    left = step.A @ vector + step.mu * D2 * vector
    size = (np.linalg.norm(step.A) + step.mu * np.max(D2)) * np.linalg.norm(
        vector
    ) + np.linalg.norm(right)
    assert np.linalg.norm(left - right) <= 1e-13 * size


def assert_tells_the_truth(problem, step):
    assert np.array_equal(step.r, problem.residual(step.theta))
    assert step.loss == pytest.approx(step.r @ step.r / 2, rel=1e-13)
    assert np.linalg.norm(step.g - step.J.T @ step.r) <= 1e-13 * np.linalg.norm(
        step.J
    ) * np.linalg.norm(step.r)
    assert_solves(problem, step, step.h, -step.g)
    D2 = 1.0 if step.scale is None else step.scale**2
    assert step.predicted == pytest.approx(step.h @ (step.mu * D2 * step.h - step.g) / 2, rel=1e-10)
    assert np.array_equal(
        step.delta_theta, step.h if step.acceleration is None else step.h + step.acceleration / 2
    )
    assert np.array_equal(step.trial_theta, step.theta + step.delta_theta)
    assert math.isnan(step.trial_loss) or step.trial_loss == problem.loss(step.trial_theta)
    rho = (step.loss - step.trial_loss) / step.predicted
    assert step.rho == rho or math.isnan(rho) and math.isnan(step.rho)
    falls = step.trial_loss < step.loss
    assert step.accepted == (falls and step.why != "J is not finite there")
    assert step.next_theta is (step.trial_theta if step.accepted else step.theta)
    assert step.next_loss == (step.trial_loss if step.accepted else step.loss)


def assert_is_a_chain(steps):
    """Each step begins where the one before ended, F never rises, and μ is what the rule said."""
    for one, after in zip(steps, steps[1:], strict=False):
        assert after.k == one.k + 1
        assert (
            np.array_equal(after.theta, one.next_theta) and after.loss == one.next_loss <= one.loss
        )
        assert (after.mu, after.damping) == (one.next_mu, one.next_damping)
        judged = one.damping.update(one.mu, one.rho, one.accepted)
        assert (one.next_mu, one.next_damping) == judged


@given(
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)),
    seed=st.integers(0, 999),
    n_samples=st.integers(1, 12),
    exponent=st.integers(-6, 6),
    variant=st.sampled_from(VARIANTS),
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_every_step_tells_the_truth(sizes, seed, n_samples, exponent, variant):
    problem, theta = small_network(sizes, seed, n_samples)
    steps, _ = finish(levenberg_marquardt(problem, theta, 10.0**exponent, max_steps=12, **variant))
    for step in steps:
        assert_tells_the_truth(problem, step)
    assert_is_a_chain(steps)
    assert steps[0].mu == 10.0**exponent


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_step_of_a_whole_run_tells_the_truth(variant):
    problem = valley()
    steps, stop = finish(levenberg_marquardt(problem, START, **variant))
    for step in steps:
        assert_tells_the_truth(problem, step)
    assert_is_a_chain(steps)
    assert stop.kind in (*ENDS, "target") and steps[-1].next_loss < 1e-20
    assert any(not step.accepted for step in steps)


def second_along(problem, step, size=1e-4):
    """f″, the second derivative of r along h, by central differences of J h."""
    ahead, behind = (problem.linearize(step.theta + s * size * step.h) for s in (1, -1))
    return (ahead.J @ step.h - behind.J @ step.h) / (2 * size)


def bent_steps(run):
    """Steps so long that f″, which grows with ‖h‖², is well above the rounding of r."""
    steps = [step for step in run if step.acceleration is not None]
    bent = [step for step in steps if np.linalg.norm(step.h) > 1e-3]
    assert len(bent) >= 3
    return bent


@pytest.mark.parametrize("scaling", ["identity", "marquardt", "more"])
def test_the_geodesic_term_solves_its_equation(scaling):
    """f″ ≈ (2/α)((r(θ + αh) − r)/α − Jh) with α = 0.1, and a = −(JᵀJ + μD²)⁻¹Jᵀf″."""
    problem = valley()
    run = levenberg_marquardt(problem, START, geodesic=True, scaling=scaling)
    for step in bent_steps(finish(run)[0]):
        ahead = problem.residual(step.theta + 0.1 * step.h)
        second = 2 / 0.1 * ((ahead - step.r) / 0.1 - step.J @ step.h)
        D2 = 1.0 if step.scale is None else step.scale**2
        M = step.A + step.mu * np.diag(np.broadcast_to(D2, 2))
        expected = np.linalg.solve(M, -step.J.T @ second)
        np.testing.assert_allclose(step.acceleration, expected, rtol=1e-6)


def test_the_geodesic_terms_f_is_the_second_derivative_along_h():
    """Rosenbrock's r is a polynomial of second degree: the difference with α = 0.1 is exact."""
    problem = valley()
    for step in bent_steps(finish(levenberg_marquardt(problem, START, geodesic=True))[0]):
        M = step.A + step.mu * np.eye(2)
        expected = np.linalg.solve(M, -step.J.T @ second_along(problem, step))
        np.testing.assert_allclose(step.acceleration, expected, rtol=1e-4)


def test_a_path_that_is_too_curved_is_refused_before_f_is_looked_at():
    refused = 0
    for step in finish(levenberg_marquardt(valley(), START, geodesic=True, scaling="more"))[0]:
        D = step.scale
        part = np.linalg.norm(D * step.acceleration) / np.linalg.norm(D * step.h)
        assert abs(part / MOST_CURVED - 1) > 1e-6  # none so near that rounding decides
        assert (part > MOST_CURVED) == (step.why == "the path is too curved for this h")
        if part > MOST_CURVED:
            refused += 1
            assert not step.accepted and math.isnan(step.trial_loss) and math.isnan(step.rho)
    assert refused and MOST_CURVED == 0.375


def test_the_scale_is_one_jacobians_columns_or_their_largest_so_far():
    for scaling in ("identity", "marquardt", "more"):
        largest = np.zeros(2)
        for step in finish(levenberg_marquardt(valley(), START, scaling=scaling))[0]:
            norms = np.linalg.norm(step.J, axis=0)
            largest = np.maximum(largest, norms)
            expected = {"identity": None, "marquardt": norms, "more": largest}[scaling]
            assert (
                step.scale is None
                if expected is None
                else np.allclose(step.scale, expected, rtol=1e-14)
            )


def test_a_column_of_zeros_has_scale_1():
    problem = LeastSquares(
        lambda t: np.array([t[0] - 1, t[0]]), lambda t: np.array([[1.0, 0.0], [1.0, 0.0]])
    )
    for scaling in ("marquardt", "more"):
        steps, _ = finish(levenberg_marquardt(problem, [5.0, 7.0], scaling=scaling))
        assert all(step.scale[1] == 1 for step in steps) and steps[-1].next_theta[1] == 7


def test_mu_is_a_thousandth_of_the_largest_diagonal_entry_unless_given():
    problem = valley()
    first = next(levenberg_marquardt(problem, START))
    assert first.mu == pytest.approx(1e-3 * first.A.diagonal().max(), rel=1e-13)
    assert next(levenberg_marquardt(problem, START, scaling="marquardt")).mu == pytest.approx(
        1e-3, rel=1e-13
    )
    assert next(levenberg_marquardt(problem, START, mu=0.25)).mu == 0.25


def test_steps_and_their_arrays_are_read_only():
    step = next(levenberg_marquardt(valley(), START, geodesic=True, scaling="more"))
    arrays = [getattr(step, field) for field in Step._fields]
    arrays = [value for value in arrays if isinstance(value, np.ndarray)] + [step.J, step.A]
    assert len(arrays) == 10
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[(0,) * array.ndim] = 0
    with pytest.raises(AttributeError):
        step.mu = 1.0


@pytest.mark.parametrize(
    "run", [levenberg_marquardt, gauss_newton, lambda p, t: gradient_descent(p, t, 1e-4)]
)
def test_theta0_is_copied(run):
    theta0 = START.copy()
    steps = run(valley(), theta0)
    first = next(steps)
    theta0[:] = 99
    assert np.array_equal(first.theta, START) and np.array_equal(
        next(steps).theta, first.next_theta
    )


def test_update_is_called_once_a_trial_and_its_answer_is_in_the_step():
    rule, asked = Nielsen(), []

    @dataclass(frozen=True)
    class Watched:
        """Nielsen's rule, that remembers what it was asked."""

        inner: Nielsen
        trials: int = 0  # so far: a rule with a state

        def update(self, mu, rho, accepted):
            asked.append((mu, rho, accepted))
            mu, rule = self.inner.update(mu, rho, accepted)
            return mu, Watched(rule, self.trials + 1)

    steps, _ = finish(levenberg_marquardt(valley(), START, mu=1e-3, damping=Watched(rule)))
    assert any(not step.accepted for step in steps)
    expected = [(step.mu, step.rho, step.accepted) for step in steps]
    np.testing.assert_array_equal(asked, expected)
    assert [step.damping.trials for step in steps] == list(range(len(steps)))
    assert [step.next_damping.trials for step in steps] == list(range(1, len(steps) + 1))
    plain, _ = finish(levenberg_marquardt(valley(), START, mu=1e-3))
    assert [step.mu for step in steps] == [step.mu for step in plain]


def test_update_is_called_once_a_trial_by_solve_and_on_going_on_too():
    asked = []

    class Asked(Factor):
        def update(self, mu, rho, accepted):
            asked.append(mu)
            return super().update(mu, rho, accepted)

    trace = solve(valley(), START, damping=Asked(10))
    fitting = [step for step in trace if step.why != "polish"]
    assert len(asked) == len(fitting)
    asked.clear()
    again, _ = finish(levenberg_marquardt(valley(), fitting[3]))
    assert len(asked) == len(again) == len(fitting) - 4


class Stubborn:
    """A rule that changes itself: × 4 up, ÷ 2 down, and it counts."""

    def __init__(self):
        self.calls = 0

    def update(self, mu, rho, accepted):
        self.calls += 1
        return (mu / 2 if accepted else 4 * mu), self


def test_a_rule_need_not_be_frozen_nor_inherit_from_anything():
    rule = Stubborn()
    steps, stop = finish(levenberg_marquardt(valley(), START, mu=1e-3, damping=rule))
    assert rule.calls == len(steps) and stop.kind in (*ENDS, "target")
    assert all(s.next_mu == (s.mu / 2 if s.accepted else 4 * s.mu) for s in steps)


@pytest.mark.parametrize("run", [gauss_newton, lambda p, t: gradient_descent(p, t, 1e-4)])
def test_where_no_rule_judges_mu_stays(run):
    for step in finish(run(valley(), START))[0][:5]:
        assert step.next_mu == step.mu and step.damping is step.next_damping is None


def test_a_refused_trial_evaluates_r_once_and_j_never():
    problem = valley()
    steps = list(levenberg_marquardt(problem, START, mu=1e-3))
    accepted = sum(step.accepted for step in steps)
    assert accepted < len(steps)
    # The start is evaluated and linearized once, and each trial that is accepted on the way.
    assert problem.n_residuals == len(steps) + 1 and problem.n_jacobians == accepted + 1


def test_j_is_computed_at_the_same_place_as_r_and_never_twice():
    r, J = Counted(rosenbrock), Counted(rosenbrock_jacobian)
    problem = LeastSquares(r, J, check_jacobian=False)
    steps, _ = finish(levenberg_marquardt(problem, START, mu=1e-3))
    assert r.calls == problem.n_residuals == len(steps) + 1
    assert J.calls == problem.n_jacobians == sum(step.accepted for step in steps) + 1


# --- taken up again


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize(
    "make", [lambda: (valley(), START), small_network], ids=["valley", "network"]
)
def test_a_continuation_from_any_step_is_the_run_itself_bit_for_bit(variant, make):
    problem, theta = make()
    steps, stop = finish(levenberg_marquardt(problem, theta, max_steps=40, **variant))
    for i in range(len(steps)):
        again, end = finish(levenberg_marquardt(problem, steps[i]))
        assert_same_run(again, steps[i + 1 :])
        assert end == stop


@pytest.mark.parametrize(
    "options", [{}, {"geodesic": False}, {"scaling": "more"}, {"plain": True}, {"mu": 1e-6}]
)
def test_a_continuation_from_any_step_of_solve_is_the_run_itself(options):
    problem = valley()
    trace = solve(problem, START, **options)
    fitting = [step for step in trace if step.why != "polish"]
    for i in range(len(fitting)):
        again, end = finish(levenberg_marquardt(problem, fitting[i]))
        assert_same_run(again, fitting[i + 1 :])
        assert end.words in trace.message


def test_a_fresh_problem_continues_just_as_well():
    steps, _ = finish(levenberg_marquardt(*small_network(), max_steps=20))
    again, _ = finish(levenberg_marquardt(small_network()[0], steps[7]))
    assert_same_run(again, steps[8:])


@pytest.mark.parametrize("method", ["gn", "gd", "polish"])
def test_lm_starts_afresh_from_a_step_that_no_mu_led_to(method):
    problem = valley()
    if method == "polish":
        step = solve(problem, START)[-1]
        assert step.why == "polish"
    else:
        step = next(
            gauss_newton(problem, START)
            if method == "gn"
            else gradient_descent(problem, START, 1e-4)
        )
    steps, stop = finish(levenberg_marquardt(problem, step))
    assert (
        all(after.k == step.k + 1 + i for i, after in enumerate(steps)) and stop.kind != "max_steps"
    )
    assert not steps or np.array_equal(steps[0].theta, step.next_theta)


@pytest.mark.parametrize(
    "override",
    [{"mu": 10}, {"damping": Factor(3)}, {"scaling": "marquardt"}, {"geodesic": True}],
    ids=str,
)
def test_a_branch_with_an_override_differs(override):
    problem = valley()
    steps, _ = finish(levenberg_marquardt(problem, START))
    branch, _ = finish(levenberg_marquardt(problem, steps[5], **override))
    assert np.array_equal(branch[0].theta, steps[5].next_theta) and branch[0].k == 6
    assert not np.array_equal(branch[2].theta, steps[8].theta) and branch[-1].next_loss < 1e-20
    assert branch[0].mu == 10 if "mu" in override else branch[0].mu == steps[6].mu
    name, value = next(iter(override.items()))
    assert name == "mu" or value in (getattr(branch[0].options, name, None), branch[0].damping)


@pytest.mark.parametrize("variant", [{}, {"scaling": "more", "geodesic": True}], ids=str)
def test_two_branches_interleaved_do_not_disturb_each_other(variant):
    problem, theta = small_network()
    trunk, _ = finish(levenberg_marquardt(problem, theta, max_steps=6, **variant))
    apart = [
        finish(levenberg_marquardt(problem, trunk[2], mu=mu, max_steps=25))[0] for mu in (10, 1e-4)
    ]
    one, two = (levenberg_marquardt(problem, trunk[2], mu=mu, max_steps=25) for mu in (10, 1e-4))
    mixed = [], []
    for _ in range(max(map(len, apart))):
        for steps, seen in ((one, mixed[0]), (two, mixed[1])):
            seen += [step] if (step := next(steps, None)) is not None else []
            problem.linearize(theta + len(seen)).step(1.0)  # and a reader looks elsewhere
    assert_same_run(mixed[0], apart[0])
    assert_same_run(mixed[1], apart[1])


def test_options_are_inherited_and_may_be_overridden():
    problem = valley()
    step = next(levenberg_marquardt(problem, START, max_steps=3, target_loss=1e-3))
    assert finish(levenberg_marquardt(problem, step))[1].kind == "max_steps"
    assert finish(levenberg_marquardt(problem, step, max_steps=500))[1].kind == "target"


# --- each ending


@pytest.mark.parametrize(
    ("problem", "options", "kind", "words"),
    [
        (line(), {"gtol": 1e-6}, "gradient", "orthogonal to every column of J within gtol = 1e-06"),
        (valley(), {"xtol": 0.5, "gtol": 0}, "step", "fell to xtol = 0.5 of"),
        (line(), {"ftol": 1e-3, "gtol": 0, "xtol": 0}, "loss", "less than ftol = 0.001 of itself"),
        (valley(), {"target_loss": 1e-3}, "target", "at or below the target of 0.001"),
        (
            valley(),
            {"max_steps": 3},
            "max_steps",
            "3 trials were made, as many as max_steps allows",
        ),
        (
            valley(),
            {"mu": 1e-3, "mu_max": 1e-2},
            "mu_max",
            "rose above mu_max = 0.01, and no trial lowers F",
        ),
        (
            valley(),
            {"mu": 1e-3, "damping": Factor(1)},
            "refused",
            "nothing would change at the next one",
        ),
        (
            valley(),
            {"mu": 1e-3, "damping": Factor(9, mu_max=2e-3)},
            "refused",
            "nothing would change",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_each_ending_is_reached_and_says_so(problem, options, kind, words):
    _, stop = finish(levenberg_marquardt(problem, START, **options))
    assert isinstance(stop, Stop) and stop.kind == kind and words in stop.words


def test_factor_1_keeps_mu_and_ends_at_the_first_refusal():
    steps, stop = finish(levenberg_marquardt(valley(), START, mu=1e-3, damping=Factor(1)))
    assert all(step.mu == 1e-3 for step in steps)
    assert [step.accepted for step in steps] == [True] * (len(steps) - 1) + [False]
    refused = f"trial {len(steps) - 1} was refused (F would not fall)"
    assert stop == ("refused", f"{refused}, and nothing would change at the next one")


def test_factor_1_converges_where_nothing_is_refused():
    steps, stop = finish(levenberg_marquardt(line(), [0.0, 0.0], mu=0.5, damping=Factor(1)))
    assert all(step.mu == 0.5 and step.accepted for step in steps) and stop.kind in ENDS


def test_a_start_at_the_minimum_makes_no_trial():
    steps, stop = finish(levenberg_marquardt(valley(), [1.0, 1.0]))
    assert steps == [] and stop.kind == "target" and "F = 0" in stop.words


def test_no_tolerance_depends_on_the_unit_of_r():
    runs = [
        finish(levenberg_marquardt(LeastSquares(lambda t, u=u: u * rosenbrock(t)), START))
        for u in (1.0, 2.0**40)
    ]
    assert (
        np.array_equal(runs[0][0][-1].theta, runs[1][0][-1].theta)
        and runs[0][1].kind == runs[1][1].kind
    )


# --- trials that fail


BAD = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize("bad", BAD, ids=str)
@pytest.mark.parametrize("geodesic", [False, True])
def test_a_trial_that_is_not_finite_is_refused_and_the_run_goes_on(bad, geodesic):
    """The minimum is at 1; beyond 1.2 lies the wall that the undamped step runs into."""

    def residual(theta):
        return np.array([np.exp(theta[0]) - np.e, theta[1]]) if theta[0] < 1.2 else np.full(2, bad)

    problem = LeastSquares(residual, lambda t: np.diag([np.exp(t[0]), 1.0]), check_jacobian=False)
    steps, stop = finish(levenberg_marquardt(problem, [-3.0, 1.0], mu=1e-6, geodesic=geodesic))
    refused = [step for step in steps if not step.accepted]
    assert refused and stop.kind in ENDS
    why = "r is not finite on the way to θ + h" if geodesic else "F is not finite there"
    assert any(step.why == why for step in refused)
    np.testing.assert_allclose(steps[-1].next_theta, [1, 0], atol=1e-8)


WALLED_START = [0.5, 1.0]


def is_walled(theta):
    return 1.1 < theta[0] < 1.4


def walled(bad, differences=True):
    """r = (e^θ₀ − e, θ₁) with its minimum at (1, 0); J is not finite where 1.1 < θ₀ < 1.4.

    Without `differences`, neither is r there right beside the θ that was asked for before.
    """
    asked = [np.inf]

    def residual(theta):
        if not differences and is_walled(theta) and 0 < abs(theta[0] - asked[-1]) < 1e-5:
            return np.array([np.nan, theta[1]])
        asked.append(theta[0])
        return np.array([np.exp(theta[0]) - np.e, theta[1]])

    def jacobian(theta):
        return np.diag([bad if is_walled(theta) else np.exp(theta[0]), 1.0])

    return LeastSquares(residual, jacobian, False)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "careful"])
def test_a_trial_with_a_lower_f_where_j_is_not_finite_is_refused_and_the_run_goes_on(bad, plain):
    """From θ₀ = 0.5 the Gauss-Newton step leads to 1.15, where F is lower; a shorter one helps."""
    trace = solve(walled(bad, False), WALLED_START, plain=plain, geodesic=False, mu=1e-2)
    refused = [step for step in trace if step.why == "J is not finite there"]
    assert refused and trace.success
    for step in refused:
        assert not step.accepted and step.trial_loss < step.loss and step.next_mu > step.mu
        assert is_walled(step.trial_theta) and step.next_theta is step.theta
    np.testing.assert_allclose(trace.theta, [1, 0], atol=1e-8)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "careful"])
def test_where_j_is_not_finite_differences_of_r_take_its_place_and_no_trial_is_lost(bad, plain):
    trace = solve(walled(bad), WALLED_START, plain=plain, geodesic=False, mu=1e-2)
    filled = [step for step in trace if step.accepted and is_walled(step.trial_theta)]
    assert filled and trace.success
    assert not any(step.why == "J is not finite there" for step in trace)
    np.testing.assert_allclose(trace.theta, [1, 0], atol=1e-8)


def test_after_a_trial_where_j_is_not_finite_the_steps_are_those_of_the_same_theta():
    """The buffers hold what they held: h solves the equations of the θ that was kept."""
    problem = walled(np.nan, False)
    steps, _ = finish(levenberg_marquardt(problem, WALLED_START, mu=1e-2))
    at = [i for i, step in enumerate(steps) if step.why == "J is not finite there"]
    assert at
    for i in at:
        assert np.array_equal(steps[i + 1].theta, steps[i].theta)
        assert_tells_the_truth(problem, steps[i + 1])


class NotFiniteSomewhere(NetworkFit):
    """A network whose J is not finite at every second trial that would be accepted."""

    asked = 0

    def linearization(self, seen, work=None):
        self.asked += 1
        if self.asked % 3 == 0:
            raise_not_finite()
        return super().linearization(seen, work)


def raise_not_finite():
    raise NotFinite("jacobian(theta) holds nan at index (0, 0): expected finite numbers only")


@pytest.mark.parametrize("route", ["rows", "blocks", "samples"])
def test_a_refused_linearization_leaves_every_routes_buffers_as_they_were(route):
    plain, theta = small_network((2, 3, 2))
    problem = NotFiniteSomewhere(plain.network, plain.X, plain.Y, route=route)
    steps, _ = finish(levenberg_marquardt(problem, theta, max_steps=12))
    assert sum(step.why == "J is not finite there" for step in steps) >= 2
    for step in steps:
        here = plain.linearize(step.theta)
        h = np.linalg.solve(here.A + step.mu * np.eye(len(theta)), -here.g)
        np.testing.assert_allclose(step.h, h, rtol=1e-6, atol=1e-9)


def test_a_start_where_j_is_not_finite_is_an_error_unless_differences_are():
    with pytest.raises(NotFinite, match="expected finite numbers only"):
        next(levenberg_marquardt(walled(np.nan, False), [1.2, 1.0]))
    step = next(levenberg_marquardt(walled(np.nan), [1.2, 1.0]))
    np.testing.assert_allclose(step.g, [np.exp(1.2) * (np.exp(1.2) - np.e), 1], rtol=1e-6)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_max_evaluations_bounds_the_undamped_solvers_too(most):
    for steps in (
        gradient_descent(valley(), START, 1e-5, max_evaluations=most),
        gauss_newton(decay_fit(), DECAY_START, max_evaluations=most, gtol=0, xtol=0, ftol=0),
    ):
        made, stop = finish(steps)
        assert len(made) == most and stop.kind == "max_evaluations"


def test_a_trial_where_f_stays_the_same_is_refused():
    problem = LeastSquares(lambda t: np.ones(2), lambda t: np.eye(2), check_jacobian=False)
    steps, stop = finish(levenberg_marquardt(problem, START))
    assert steps and not any(step.accepted for step in steps) and steps[0].why == "F would not fall"
    assert (
        all(step.trial_loss == step.loss and step.rho == 0 for step in steps)
        and stop.kind == "step"
    )


def test_a_refused_factorization_is_a_refused_trial():
    """Two equal columns: JᵀJ is singular, and μ = 1e-30 is lost in its rounding (P17)."""
    problem = LeastSquares(
        lambda t: np.array([t.sum() - 1, 2 * t.sum() + 3]), lambda t: np.outer([1.0, 2.0], [1, 1])
    )
    steps, stop = finish(levenberg_marquardt(problem, [0.0, 0.0], mu=1e-30))
    assert (
        steps[0].why == "JᵀJ + μD² is not positive definite in floating point"
        and not steps[0].accepted
    )
    assert np.isnan(steps[0].h).all() and math.isnan(steps[0].trial_loss) and steps[1].mu == 2e-30
    assert stop.kind in ENDS and steps[-1].next_theta.sum() == pytest.approx(-1)


@pytest.mark.parametrize(
    "run", [gauss_newton, lambda p, t: gradient_descent(p, t, 10.0)], ids=["gn", "gd"]
)
def test_gauss_newton_and_gradient_descent_end_where_f_is_not_finite(run):
    problem = LeastSquares(
        lambda t: np.array([t[0] ** 3 - 1]) if abs(t[0]) < 1e3 else np.array([np.nan]),
        lambda t: np.array([[3 * t[0] ** 2]]),
    )
    steps, stop = finish(run(problem, [0.01 if run is gauss_newton else 3.0]))
    assert (
        not steps[-1].accepted and stop.kind == "refused" and "F is not finite there" in stop.words
    )


@pytest.mark.parametrize("method", ["gn", "gd"])
def test_a_step_to_where_j_is_not_finite_is_refused_and_the_trace_is_kept(method):
    """From 1 both lead to −1, where r is a number, but right beside it is none."""

    def residual(theta):
        return theta + 1 if theta[0] > 0 or theta[0] == -1 else np.array([np.nan])

    problem = LeastSquares(residual, lambda t: np.array([[1.0 if t[0] > 0 else np.nan]]))
    given = {"rate": 1.0} if method == "gd" else {}
    trace = solve(problem, [1.0], method=method, **given)
    assert not trace.success and trace.theta == 1 and "J is not finite there" in trace.message


# --- the bare generator is the lesson


def lm(residual, jacobian, theta, steps, system):
    """Levenberg-Marquardt in the learner's lines: the θ before each trial."""
    thetas, r, J = [], residual(theta), jacobian(theta)
    A, g, mu, nu = J.T @ J, J.T @ r, None, 2.0
    for _ in range(steps):
        mu = 1e-3 * A.diagonal().max() if mu is None else mu
        thetas.append(theta)
        h = system(J, A, mu, g)
        trial = residual(theta + h)
        rho = (r @ r - trial @ trial) / (h @ (mu * h - g))
        if rho > 0:
            theta, r, J = theta + h, trial, jacobian(theta + h)
            A, g, mu, nu = J.T @ J, J.T @ r, mu * max(1 / 3, 1 - (2 * min(rho, 1) - 1) ** 3), 2.0
        else:
            mu, nu = mu * nu, 2 * nu
    return thetas


def by_numpy(J, A, mu, g):
    return np.linalg.solve(A + mu * np.eye(len(A)), -g)


def by_the_packages_factor(J, A, mu, g):
    return -spd_solver(gram(np.ascontiguousarray(J.T)), mu)(g)


def the_lesson(problem, theta, steps):
    run = levenberg_marquardt(problem, theta, gtol=0, xtol=0, ftol=0)
    return [step.theta for step, _ in zip(run, range(steps), strict=False)]


def test_the_bare_generator_is_the_learners_lines():
    found = the_lesson(valley(), START, 14)
    own = lm(rosenbrock, rosenbrock_jacobian, START, 14, by_numpy)
    assert (
        len(found) == 14 and len({theta.tobytes() for theta in found}) < 14
    )  # some trials were refused
    np.testing.assert_allclose(found, own, rtol=1e-12)


@pytest.mark.parametrize("system", [by_numpy, by_the_packages_factor])
def test_the_bare_generator_is_the_learners_lines_on_a_network(system):
    problem, theta = small_network(n_samples=20)
    network = problem.network

    def jacobian(theta):
        return network.jacobian(network.forward(problem.X, theta), theta)

    own = lm(
        lambda t: (network.forward(problem.X, t)[-1] - problem.Y).ravel(),
        jacobian,
        theta,
        12,
        system,
    )
    np.testing.assert_allclose(the_lesson(problem, theta, 12), own, rtol=1e-10)


# --- what the three are known for


def test_gauss_newton_climbs_on_rosenbrock_before_it_arrives():
    steps, stop = finish(gauss_newton(valley(), START))
    assert steps[0].loss == pytest.approx(12.1, rel=1e-12)
    assert steps[0].trial_loss == pytest.approx(1171, rel=1e-3)
    assert (
        steps[1].trial_loss < 1e-25
        and len(steps) <= 3
        and stop.kind in ("target", "gradient", "step")
    )
    assert all(
        step.mu == 0 and step.accepted and step.why == "taken whatever F does" for step in steps
    )


def test_gauss_newton_solves_a_linear_problem_in_one_step():
    (step,), _ = finish(gauss_newton(line(), [5.0, -3.0]))
    assert step.rho == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose(step.next_theta, [0.5, 0.5], atol=1e-13)


def test_gauss_newton_cycles_where_levenberg_marquardt_converges():
    problem = LeastSquares(nested)
    steps, stop = finish(gauss_newton(problem, [0.1], max_steps=300))
    x = np.array([step.theta[0] for step in steps])
    assert stop.kind == "max_steps" and abs(x[-60:]).min() > 1e-2
    np.testing.assert_allclose(x[-60:-6], x[-54:], atol=1e-9)
    assert not np.allclose(x[-60:-2], x[-58:], atol=1e-3) and not np.allclose(
        x[-60:-3], x[-57:], atol=1e-3
    )
    trace = solve(problem, [0.1])
    assert trace.success and abs(trace.theta[0]) < 1e-6
    bare, _ = finish(levenberg_marquardt(problem, [0.1]))
    assert abs(bare[-1].next_theta[0]) < 1e-6


def test_gradient_descents_error_shrinks_by_1_minus_eta_s_squared():
    """P21: along a singular vector the factor is 1 − ηs²."""
    J = np.diag([1.0, 3.0])
    problem = LeastSquares(lambda t: J @ t, lambda t: J)
    steps, _ = finish(gradient_descent(problem, [1.0, 1.0], rate=0.2, max_steps=10, gtol=0))
    for step in steps:
        np.testing.assert_allclose(
            step.next_theta, (1 - 0.2 * np.array([1, 9])) * step.theta, rtol=1e-12
        )
        assert step.mu == 5 and np.array_equal(step.h, -0.2 * step.g)


@pytest.mark.parametrize(("rate", "contracts"), [(0.9 * 2 / 9, True), (1.1 * 2 / 9, False)])
def test_gradient_descent_contracts_below_2_over_s_squared(rate, contracts):
    J = np.diag([1.0, 3.0])
    problem = LeastSquares(lambda t: J @ t, lambda t: J)
    steps, _ = finish(gradient_descent(problem, [1.0, 1.0], rate, max_steps=60))
    assert (steps[-1].trial_loss < 1e-2 * steps[0].loss) == contracts
    assert contracts or steps[-1].trial_loss > 1e2 * steps[0].loss


# --- SciPy reaches the same minimum


def powell_singular():
    return LeastSquares(
        lambda t: np.array(
            [
                t[0] + 10 * t[1],
                5**0.5 * (t[2] - t[3]),
                (t[1] - 2 * t[2]) ** 2,
                10**0.5 * (t[0] - t[3]) ** 2,
            ]
        )
    ), np.array([3.0, -1.0, 0.0, 1.0])


def noisy_network():
    """A network, its own outputs with noise, and a start near its θ: a short way to one minimum."""
    x = np.linspace(-2, 2, 41)[:, None]
    network = Input(1) >> Tanh(2) >> Linear(1)
    theta = np.array([1.5, -1.0, 0.5, 0.8, 1.0, -0.7, 0.2])
    exact = network.forward(x, theta)[-1]
    y = exact + 0.05 * np.random.default_rng(0).normal(size=x.shape)
    return NetworkFit(network, x, y), theta + 0.2


def blogs_line():
    x = np.random.default_rng(42).uniform(size=(100, 1))
    y = 3 * x + 1 + 0.1 * np.random.default_rng(43).normal(size=(100, 1))
    network = Input(1) >> Linear(1)
    return NetworkFit(network, x, y), network.theta


def logistic_curve():
    x = np.linspace(-3, 3, 30)[:, None]
    y = 1 / (1 + np.exp(-2 * x + 1)) + 0.02 * np.random.default_rng(5).normal(size=x.shape)
    network = (Input(1) >> Sigmoid(1)).initialize(2)
    return NetworkFit(network, x, y), network.theta


FITS = [
    (lambda: (valley(), START)),
    (lambda: (decay_fit(), DECAY_START)),
    noisy_network,
    powell_singular,
    blogs_line,
    logistic_curve,
]
FIT_NAMES = ["rosenbrock", "decay", "1-2-1", "powell singular", "line", "logistic"]


@pytest.mark.parametrize("make", FITS, ids=FIT_NAMES)
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "careful"])
def test_scipy_reaches_the_same_minimum(make, plain):
    problem, theta = make()
    trace = solve(
        problem, theta, plain=plain, target_loss=1e-20
    )  # for Powell's, which nears 0 without end
    theirs = scipy.optimize.least_squares(
        problem.residual, theta, lambda t: problem.linearize(t).J, method="lm",
        xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=5000,
    )  # fmt: skip
    assert trace.success, trace.message
    assert trace.loss == pytest.approx(theirs.cost, rel=1e-6, abs=1e-12)
    if make is not powell_singular:  # its minimum is flat
        np.testing.assert_allclose(trace.theta, theirs.x, rtol=1e-6, atol=1e-7)


def test_the_blogs_line_is_solved_in_ten_steps_with_either_mu():
    """μ = 0.01, and λ = 0.01 of the mean error, which is μ = N·λ/2 = 0.5 (P3)."""
    problem, theta = blogs_line()
    A = np.hstack([problem.X, np.ones_like(problem.X)])
    expected = np.linalg.lstsq(A, problem.Y.ravel(), rcond=None)[0]
    for mu in (0.01, 0.5):
        run = levenberg_marquardt(problem, theta, mu=mu)
        steps = [step for step, _ in zip(run, range(10), strict=False)]
        np.testing.assert_allclose(steps[-1].next_theta, expected, atol=1e-8)


@pytest.mark.parametrize(("entry", "mu"), [(2.0, 4e-3), (0.0, 1e-3), (1e200, 1e-3)])
def test_the_first_mu_is_a_thousandth_of_the_largest_square_or_of_1(entry, mu):
    """Of 1 where J is zero, or its squares are infinite."""
    here = Explicit(np.ones(2), np.array([[entry, 0.0]]))
    assert _first_mu(here, None) == pytest.approx(mu, rel=1e-12)
