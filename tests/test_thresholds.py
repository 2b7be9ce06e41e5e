"""Thresholds of success, stages and verdict: on both sides of each, something else happens."""

import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import tqdm.auto
from shared_problems import (
    DECAY_START,
    START,
    Counted,
    decay,
    finish,
    line,
    small_network,
    valley,
)

from lmteach import Factor, LeastSquares, gradient_descent, levenberg_marquardt, solve
from lmteach.jacobians import SINGLE_EPS
from lmteach.primitives import norm
from lmteach.solving import Run, _bar
from lmteach.stages import leap, polish
from lmteach.stopping import Options
from lmteach.verdict import RIGHT_ANGLE, Sight, is_affordable, is_rounding, is_whole, judged, names

BLIND = "F falls where J is blind"
PLATEAU = "here: minimum or plateau, cannot tell"


def problem_of(r, J, eps=None, **marks):
    """A problem with this r and J, functions of θ or arrays; J is believed."""

    def function(value):
        return value if callable(value) else lambda theta: np.array(value, dtype=float)

    problem = LeastSquares(function(r), function(J), check_jacobian=False)
    problem.eps = eps or problem.eps
    for name, value in marks.items():
        setattr(problem, name, value)
    return problem


def ends(problem, theta):
    """(problem, Evaluation, Linearization) at θ."""
    seen = problem.evaluate(np.array(theta, dtype=float))
    return problem, seen, seen.linearize()


def verdict_of(problem, theta, theta0=None, **options):
    theta0 = np.array(theta if theta0 is None else theta0, dtype=float)
    return judged(*ends(problem, theta), theta0, **options)


def sight_of(problem, theta, theta0=None):
    return Sight.of(*ends(problem, theta), np.array(theta if theta0 is None else theta0, float))


# --- right angles and rounding


@pytest.mark.parametrize("redundant", [False, True])
def test_r_is_at_right_angles_up_to_a_thousandth(redundant):
    for part, doubt in ((0.8e-3, None), (1.2e-3, "Stopped, not at a minimum")):
        r = [part, np.sqrt(1 - part**2)]
        problem = problem_of(r, [[1.0], [0.0]], redundant=redundant)
        assert verdict_of(problem, [1.0]).doubt == doubt


def test_a_cosine_at_the_limit_is_within():
    problem, seen, _ = ends(problem_of([1.0, 1.0], [[1.0], [0.0]], redundant=True), [1.0])
    here = SimpleNamespace(J=np.ones((2, 1)), column_norms=np.ones(1), cosine=lambda: RIGHT_ANGLE)
    assert judged(problem, seen, here, np.ones(1)).doubt is None


@pytest.mark.parametrize(("eps", "most"), [(None, 2.2e-13), (SINGLE_EPS, 1e-6)])
def test_rounding_is_a_thousand_roundings_of_theta_and_at_most_a_millionth(eps, most):
    for r, expected in ((0.8 * most, True), (1.2 * most, False)):
        assert is_rounding(*ends(problem_of([r], [[1.0]], eps), [1.0])) == expected


def test_rounding_goes_by_the_largest_residual_and_what_theta_does_to_the_largest():
    assert is_rounding(*ends(problem_of([1e-13, 0], [[1.0], [0.0]]), [1.0]))
    assert not is_rounding(*ends(problem_of([0, 1e-3], [[1.0], [0.0]]), [1.0]))
    assert is_rounding(*ends(problem_of([1e-6], [[1.0]], SINGLE_EPS), [1.0]))  # just so long


def test_r_that_is_nothing_but_rounding_is_success_though_not_at_right_angles():
    assert verdict_of(problem_of([1e-14], [[1.0]]), [1.0]).doubt is None
    assert verdict_of(problem_of([1e-170], [[1.0]]), [1.0]).doubt is None  # F = 0 by underflow


@pytest.mark.parametrize("r", [[1e-170, 1e-170], [1e-170, 0.0]])
def test_f_that_is_0_by_underflow_only_is_no_success(r):
    verdict = verdict_of(problem_of(r, [[1e-170], [0.0]]), [1.0])
    assert verdict.doubt == "F is 0 only because squares of r are below the smallest float"


def test_j_of_64_mb_is_taken_apart_as_a_whole():
    for n, expected in ((2**20, True), (2**20 + 1, False)):
        seen = SimpleNamespace(r=np.broadcast_to(0.0, n), theta=np.zeros(8))
        assert is_whole(seen) == expected


# --- what J sees


def nearly_collinear(sine, eps=None):
    """Two columns at a small angle, and r at right angles to both: singular values 1 : sine/2."""
    return problem_of([0, 0, 1e-3], [[1.0, 1.0], [0.0, sine], [0.0, 0.0]], eps)


@pytest.mark.parametrize(("eps", "faintest"), [(None, 1e-7), (SINGLE_EPS, 2.4e-4)])
def test_j_is_blind_below_a_part_of_its_longest_direction(eps, faintest):
    for part, n_seen in ((2.0, 2), (0.5, 1)):
        problem = nearly_collinear(2 * part * faintest, eps)
        assert sight_of(problem, [1.0, 1.0]).seen.sum() == n_seen


@pytest.mark.parametrize(("length", "sees"), [(1e-6, True), (1e-8, False)])
def test_a_column_is_measured_against_what_its_parameter_needs_to_change_r(length, sees):
    problem = problem_of([0, 1.0], [[length], [0.0]])
    assert sight_of(problem, [1.0]).seen.tolist() == [sees]


@pytest.mark.parametrize(("part", "sees"), [(0.5, True), (2.0, False)])
def test_a_direction_is_no_better_than_blind_where_its_step_is_longer_than_theta(part, sees):
    problem = problem_of([part * 1e-6, 0, 1.0], [[1e-6, 0], [0, 1.0], [0, 0]])
    sight = sight_of(problem, [1.0, 1.0])
    assert sight.s[1] == pytest.approx(1e-6) and sight.seen.tolist() == [True, sees]


def test_a_parameter_s_size_is_its_larger_value_and_1_from_a_start_of_0():
    sight = sight_of(problem_of([1.0], np.ones((1, 5))), [2, 3, 0.5, 5, 0], [1, 4, 0, 0, 0])
    assert sight.size.tolist() == [2, 4, 1, 5, 1]


def test_blind_directions_change_theta_by_its_size_at_most():
    sight = sight_of(problem_of([1.0], [[0.1, 2.0, 30.0]]), [1.0, 5.0, 1e-3])
    blind = sight.blind()
    assert blind.shape == (2, 3) and np.abs(blind @ [0.1, 2.0, 30.0]).max() < 1e-12
    np.testing.assert_allclose(np.abs(blind / sight.size).max(axis=1), 1)


@pytest.mark.parametrize(("part", "loose"), [(0.05, [True, False]), (0.2, [True, True])])
def test_a_parameter_belongs_to_a_direction_from_a_tenth_on(part, loose):
    problem = problem_of([0, 1e-3], [[part, 1.0], [0, 0]])
    assert sight_of(problem, [1.0, 1.0]).loose().tolist() == loose


# --- what is not determined is said


def test_two_blind_directions_make_two_parameters_loose():
    problem = problem_of([0, 1e-3], [[1.0, 0, 0], [0, 0, 0]])
    assert sight_of(problem, [1.0, 1.0, 1.0]).loose().tolist() == [False, True, True]


def noted(columns, r=(0, 0, 0, 1e-14)):
    """The note where r is rounding, with these columns of J."""
    J = np.array(columns, dtype=float).T
    return verdict_of(problem_of(r[-len(J) :], J), np.ones(J.shape[1])).note


def test_a_column_of_zeros_has_no_effect():
    one, zero = [1, 0, 0, 0], [0, 0, 0, 0]
    assert noted([one, zero]) == " θ[1] has no effect on r."
    assert noted([one, zero, zero]) == " θ[1] and θ[2] have no effect on r."
    assert noted([one]) == noted([one, [0, 1, 0, 0]]) == ""


def test_columns_that_only_combine_are_named():
    one, other = [1, 0, 0, 0], [0, 1, 0, 0]
    only = "of θ[0] and θ[1], only combinations are determined."
    assert noted([one, one]) == f" J has rank 1 for 2 parameters: {only}"
    assert noted([one, one, other]) == f" J has rank 2 for 3 parameters: {only}"


def test_names_are_six_at_most():
    def named(n):
        return names(np.ones(n, dtype=bool))

    assert (named(1), named(2)) == ("θ[0]", "θ[0] and θ[1]")
    assert named(3) == "θ[0], θ[1] and θ[2]"
    assert named(6) == "θ[0], θ[1], θ[2], θ[3], θ[4] and θ[5]"
    assert named(7) == "θ[0], θ[1], θ[2], θ[3], θ[4] and 2 others"


# --- F beside an end where J is blind


def beside(F, n=1):
    """r = √(2F(θ)), one number, with a J of n zeros."""
    return problem_of(lambda theta: np.array([np.sqrt(2 * F(theta))]), np.zeros((1, n)))


@pytest.mark.parametrize("part", [1e-2, -1e-2, 1e-3, -1e-3, 1e-4, -1e-4])
@pytest.mark.parametrize("size", [1.0, 1e6])
def test_f_is_asked_beside_the_end_at_three_lengths_to_both_sides(part, size):
    """F falls in one place only, near θ (1 + part)."""

    def F(theta):
        return 0.5 if abs(theta[0] / size - 1 - part) < 0.3 * abs(part) else 1.0

    verdict = verdict_of(beside(F), [size])
    assert verdict.doubt.endswith(BLIND)
    assert verdict.lower.theta[0] == pytest.approx(size * (1 + part)) and verdict.lower.loss < 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (-1e-9, BLIND),
        (-1e-11, PLATEAU),
        (0.0, PLATEAU),
        (1e-11, PLATEAU),
        (1e-9, None),
    ],
)
def test_f_falls_or_rises_by_more_than_rounding(change, said):
    verdict = verdict_of(beside(lambda theta: 1 + change * (theta[0] != 1)), [1.0])
    assert verdict.doubt is None if said is None else verdict.doubt.endswith(said)


@pytest.mark.parametrize(("change", "said"), [(-1e-3, BLIND), (-1e-4, PLATEAU), (1e-3, None)])
def test_in_single_precision_more_is_rounding(change, said):
    problem = beside(lambda theta: 1 + change * (theta[0] != 1))
    problem.eps = SINGLE_EPS
    verdict = verdict_of(problem, [1.0])
    assert verdict.doubt is None if said is None else verdict.doubt.endswith(said)


def test_a_rise_to_one_side_only_is_no_plateau():
    assert verdict_of(beside(lambda theta: 1 + max(theta[0] - 1, 0) ** 2), [1.0]).doubt is None


def test_no_more_evaluations_are_made_than_are_left():
    problem, seen, here = ends(beside(lambda theta: theta[0] ** 2 + 1), [0.0])
    assert "no room to look" in judged(problem, seen, here, np.ones(1), most=7).doubt
    assert problem.n_residuals == 1
    assert judged(problem, seen, here, np.ones(1), most=8).doubt is None
    assert problem.n_residuals == 9


def saddle(n, sign):
    """F falls along e₀ + sign·e₁, and rises along every parameter alone."""

    def F(theta):
        u = theta - 1
        return 1 + u @ u - sign * 3 * u[0] * u[1]

    return beside(F, n)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_saddle_between_two_of_six_blind_directions_is_found(sign):
    assert verdict_of(saddle(6, sign), np.ones(6)).doubt.endswith(BLIND)
    said = verdict_of(saddle(7, sign), np.ones(7)).doubt or ""
    assert not said.endswith(BLIND)  # too many pairs to look at


# --- farther on, and nearer


FARTHER_ON = "where J is blind, F is lower farther on"


def hollow(theta):
    """F rises from 1 on all sides of (1, 1, …)."""
    return 1 + 1e-3 * (theta - 1) @ (theta - 1)


@pytest.mark.parametrize("part", [0.3, 0.7, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("size", [1.0, 1e-6])
def test_f_is_asked_farther_on_at_six_lengths_to_both_sides(part, sign, size):
    """F is lower in one place only, at θ (1 + part)."""

    def F(theta):
        there = abs(theta[0] / size - 1 - sign * part) < 1e-3
        return 0.5 if there else hollow(theta / size)

    verdict = verdict_of(beside(F), [size])
    assert verdict.doubt.endswith(FARTHER_ON)
    assert verdict.lower.theta[0] == pytest.approx(size * (1 + sign * part))


@pytest.mark.parametrize(("fall", "lower"), [(1e-9, True), (1e-11, False)])
def test_farther_on_f_is_lower_by_more_than_rounding(fall, lower):
    verdict = verdict_of(beside(lambda theta: 1 - fall if theta[0] > 1.2 else hollow(theta)), [1.0])
    assert (verdict.doubt or "").endswith(FARTHER_ON) == lower


def test_parameters_without_effect_are_told_and_nobody_looks_farther():
    """Osborne's second from ten times its start: to look farther would leave a listed minimum."""
    problem = problem_of(
        lambda t: np.array([t[0] - 1, 1 - 0.5 * (t[1] > 1.2)]), [[1.0, 0.0], [0.0, 0.0]]
    )
    assert verdict_of(problem, [1.0, 1.0]) == (None, " θ[1] has no effect on r.", None)


def test_a_plateau_is_told_before_anybody_looks_farther():
    verdict = verdict_of(beside(lambda theta: 1 - 0.5 * (theta[0] > 1.2)), [1.0])
    assert verdict.doubt.endswith(PLATEAU) and verdict.lower is None


def test_the_other_parameters_follow_on_the_way_farther():
    """A valley that is bent: F rises in any direction, and is lower in it from θ[0] = 0.2 on."""
    problem = problem_of(
        lambda t: np.array([10 * (t[1] - t[0] ** 2), 1 - 0.5 * (t[0] > 0.2) + abs(t[0]) / 9]),
        lambda t: np.array([[-20 * t[0], 10.0], [0.0, 0.0]]),
    )
    verdict = verdict_of(problem, [0.0, 0.0], [1.0, 1.0])
    assert verdict.doubt.endswith(FARTHER_ON) and verdict.lower.loss < 0.2


def evaluations(problem, theta, **options):
    """How many a verdict takes, and the verdict."""
    whole = ends(problem, theta)
    verdict = judged(*whole, np.array(theta, dtype=float), **options)
    return problem.n_residuals - 1, verdict


BESIDE, LONG, DRAWN = 8, 6 * 2, 16 * 2 * 2  # evaluations; where J = 0, nothing follows


@pytest.mark.parametrize(("n", "pairs"), [(1, 0), (2, 2), (6, 30), (7, 0)])
def test_directions_are_drawn_where_there_are_two_and_six_are_looked_at_alone(n, pairs):
    count, _ = evaluations(beside(hollow, n), np.ones(n))
    assert count == (n + pairs) * BESIDE + min(n, 6) * LONG + (DRAWN if n > 1 else 0)


def test_nobody_looks_farther_than_the_budget_goes():
    def lower(theta):
        return 0.5 if theta[0] > 1.2 else hollow(theta)

    count, verdict = evaluations(beside(lower), [1.0], most=BESIDE + 2 * LONG - 1)
    assert (count, verdict.lower) == (BESIDE, None)
    count, verdict = evaluations(beside(lower), [1.0], most=BESIDE + 2 * LONG)
    assert count == BESIDE + LONG and verdict.doubt.endswith(FARTHER_ON)


@pytest.mark.parametrize(("rise", "nearer"), [(5e-3, 24), (5e-4, 0)])
def test_probes_go_nearer_while_f_rises_visibly(rise, nearer):
    """F jumps beside 1: it may be a rise that is too narrow for the probes."""
    problem = beside(lambda theta: 1 + rise * (theta[0] != 0))
    assert evaluations(problem, [0.0])[0] == BESIDE + 2 * nearer + LONG
    problem = beside(lambda theta: 1 + rise * (theta[0] != 0))
    count, _ = evaluations(problem, [0.0], most=BESIDE + 2 * 24 - 1)
    assert count == BESIDE + LONG
    problem = beside(lambda theta: 1 + rise * (theta[0] != 0))
    count, _ = evaluations(problem, [0.0], most=BESIDE + 2 * 24)
    assert count == BESIDE + 2 * nearer + LONG * (not nearer)


@pytest.mark.parametrize("width", [1e-7, 1e-12, 1e-29])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_fall_that_is_narrow_is_found_where_f_rises_beyond(width, sign):
    def F(theta):
        return 2.0 if abs(theta[0]) > 2 * width else 1 - 0.5 * (sign * theta[0] > 0.3 * width)

    verdict = verdict_of(beside(F), [0.0])
    assert verdict.doubt.endswith(BLIND) and verdict.lower.theta[0] == pytest.approx(sign * width)


def test_j_of_a_network_is_taken_apart_where_that_is_affordable():
    for n, expected in ((10**4, True), (10**4 + 1, False)):
        seen = SimpleNamespace(r=np.broadcast_to(0.0, n), theta=np.zeros(100))
        assert is_affordable(seen) == expected


@pytest.mark.parametrize("mark", ["redundant", "generalized"])
def test_most_parameters_without_effect_are_a_plateau_of_a_network(mark):
    problem = problem_of([0, 1.0], [[1.0, 0, 0], [0, 0, 0]], **{mark: True})
    verdict = verdict_of(problem, [1.0, 1.0, 1.0])
    words = f"r does not depend on θ[1] and θ[2] {PLATEAU}"
    assert verdict.doubt == (words if mark == "redundant" else None)
    assert mark == "redundant" or verdict.note == " θ[1] and θ[2] have no effect on r."


def test_a_network_is_looked_at_farther_on_too():
    problem = problem_of(lambda t: np.array([t[0] - 1, 1 - 0.5 * (t[1] > 1.2), 0 * t[0]]),
                         [[1.0, 0], [0, 0], [0, 0]], redundant=True)  # fmt: skip
    assert verdict_of(problem, [1.0, 1.0]).doubt.endswith(FARTHER_ON)


def test_a_flat_pair_of_directions_is_no_plateau():
    """θ₀ − θ₁ is determined to second order, and θ₀ + θ₁ is not at all."""
    verdict = verdict_of(beside(lambda theta: 1 + (theta[0] - theta[1]) ** 2, 2), [1.0, 1.0])
    assert verdict.doubt is None and "only combinations are determined" in verdict.note


def test_a_flat_direction_that_j_knows_of_is_no_plateau():
    """r = (θ₀ + θ₁ − 2, 1): J is not faint in any parameter."""
    problem = problem_of(lambda t: np.array([t.sum() - 2, 1.0]), [[1.0, 1.0], [0.0, 0.0]])
    verdict = verdict_of(problem, [1.0, 1.0])
    assert verdict.doubt is None and "only combinations are determined" in verdict.note


def test_a_minimum_to_second_order_is_no_parameter_without_effect():
    verdict = verdict_of(beside(lambda theta: (theta[0] - 1) ** 2 + 1), [1.0])
    assert verdict.doubt is None
    assert verdict.note == " J has rank 0 for 1 parameter: θ[0] is determined to second order only."


def second_unused(theta, theta0):
    """The Verdict where θ₁ changes nothing and θ₀ is at its minimum."""
    problem = problem_of(lambda t: np.array([t[0] - 1, 1.0]), [[1.0, 0.0], [0.0, 0.0]])
    return verdict_of(problem, theta, theta0)


def test_a_parameter_without_effect_is_success_where_it_stayed_and_a_plateau_where_it_moved():
    stayed, moved = (second_unused([1.0, end], [3.0, 2.0]) for end in (2.0, 2.5))
    assert stayed == (None, " θ[1] has no effect on r.", None)
    assert moved.doubt == f"r does not depend on θ[1] {PLATEAU}"
    assert verdict_of(beside(lambda theta: 1.0), [1.0]).doubt == f"r does not depend on θ {PLATEAU}"


# --- where J may be singular: by angles


def test_a_redundant_or_generalized_problem_is_judged_by_angles_alone():
    for mark in ("redundant", "generalized"):
        problem = problem_of([0, 1.0], [[1.0, 1.0], [0.0, 0.0]], **{mark: True})
        assert verdict_of(problem, [1.0, 1.0]) == (None, "", None)


@pytest.mark.parametrize(("eps", "most"), [(None, 2.2e-13), (SINGLE_EPS, 1e-6)])
def test_r_of_a_redundant_problem_may_be_rounding_too(eps, most):
    for r, doubt in ((0.8 * most, None), (1.2 * most, "Stopped, not at a minimum")):
        assert verdict_of(problem_of([r], [[1.0]], eps, redundant=True), [1.0]).doubt == doubt


@pytest.mark.parametrize(
    ("F", "cosine", "is_minimum"),
    [(50.0, 0.9e-2, True), (50.0, 1.15e-2, False), (0.005, 0.9e-3, True), (0.005, 1.1e-3, False)],
)
def test_a_generalized_loss_is_judged_against_the_larger_of_r_and_f(F, cosine, is_minimum):
    """‖r‖ = 1, and √(2F) is 10 or 0.1."""
    problem, seen, _ = ends(problem_of([0.0, 1.0], np.ones((2, 1)), generalized=True), [1.0])
    here = SimpleNamespace(J=np.ones((2, 1)), column_norms=np.ones(1), cosine=lambda: cosine)
    verdict = judged(problem, seen._replace(loss=F), here, np.ones(1))
    assert (verdict.doubt is None) == is_minimum


def test_one_column_of_zeros_among_others_is_no_plateau_of_a_redundant_problem():
    problem = problem_of([0, 1.0], [[1.0, 0.0], [0.0, 0.0]], redundant=True)
    assert verdict_of(problem, [1.0, 1.0]).doubt is None
    assert verdict_of(problem_of([1.0], [[0.0]], redundant=True), [1.0]).doubt.endswith(PLATEAU)


def test_f_at_or_below_the_problem_s_rounding_is_a_minimum():
    for rounding, doubt in ((0.5, None), (0.4999, "Stopped, not at a minimum")):
        problem = problem_of([1.0], [[1.0]], redundant=True, rounding=rounding)
        assert verdict_of(problem, [1.0]).doubt == doubt


# --- run away


def ran(theta, theta0):
    problem = problem_of([0, 1.0], [[1.0] * len(theta), [0.0] * len(theta)], redundant=True)
    return verdict_of(problem, theta, theta0).note


def test_a_thousand_times_its_start_is_far():
    said = " θ[0] ran to 2e+03: there may be no minimum."
    assert ran([2e3, 1.0], [1.0, 1.0]) == said and ran([0.9e3, 1.0], [1.0, 1.0]) == ""
    assert ran([1e3], [1.0]) == ran([2e3], [0.0]) == ""
    both = " θ[0] and θ[1] ran to 3e+03 and cancel: there may be no minimum."
    assert ran([2e3, -3e3], [1.0, 1.0]) == both


def test_a_determined_parameter_may_be_far_from_its_start():
    problem = problem_of(
        lambda t: np.array([t[0] - 5e3, 1 + (t[1] - 1) ** 2]), [[1.0, 0.0], [0.0, 0.0]]
    )
    assert verdict_of(problem, [5e3, 1.0], [1.0, 1.0]).doubt is None


def test_a_parameter_that_ran_away_and_is_not_determined_is_no_minimum():
    problem = problem_of(lambda t: np.array([t[0] + t[1], 1.0]), [[1.0, 1.0], [0.0, 0.0]])
    verdict = verdict_of(problem, [2e3, -2e3], [1.0, 1.0])
    assert "not at a minimum that r determines" in verdict.doubt and "cancel" in verdict.note


# --- the polish


def nested(slope):
    """Gauss-Newton's map has this slope at 0 (P18)."""
    return LeastSquares(lambda t: np.array([t[0] + 1, slope * t[0] ** 2 + t[0] - 1]))


def strides_of(stage, problem, theta, **options):
    return stage(*ends(problem, theta), 0, **options)


def test_the_polish_goes_on_for_fifty_steps_while_each_is_a_tenth_shorter():
    assert len(strides_of(polish, nested(0.85), [1e-3])) == 50
    assert len(strides_of(polish, nested(0.95), [1e-3])) == 1


def step_to(after_r, after_J=((0.5,), (1.0,)), theta=0.0):
    """From 0, with F = ½ and cosine 0.45, a step leads to −0.4, with this r and J."""
    return problem_of(
        lambda t: np.array([1.0, 0.0] if t[0] > -0.2 else after_r),
        lambda t: np.array([[0.5], [1.0]] if t[0] > -0.2 else after_J),
    )


@pytest.mark.parametrize(("length", "n"), [(0.85, 0), (0.95, 1), (1.05, 1), (1.15, 0)])
def test_a_polish_ends_where_a_column_s_length_changes_by_a_tenth(length, n):
    after_J = [[length * np.sqrt(1.25)], [0.0]]
    assert len(strides_of(polish, step_to([0.0, 0.5], after_J), [0.0])) == n


def test_one_bent_column_of_two_ends_a_polish():
    problem = problem_of(
        lambda t: np.array([t[0], 0.0, 1.0]),
        lambda t: np.array([[1.0, 0], [0, 1.0 if t[0] else 1.2], [0, 0]]),
    )
    assert strides_of(polish, problem, [1e-3, 1.0]) == []


@pytest.mark.parametrize(("rise", "n"), [(1e-11, 1), (1e-9, 0)])
def test_f_may_rise_by_rounding_in_a_polish(rise, n):
    after = step_to([0.0, np.sqrt(1 + rise)], [[np.sqrt(1.25)], [0.0]])
    assert len(strides_of(polish, after, [0.0])) == n


@pytest.mark.parametrize(("cosine", "n"), [(5e-11, 1), (5e-10, 0)])
def test_the_cosine_may_grow_below_what_rounding_explains(cosine, n):
    problem = problem_of(lambda t: np.array([1e-13 if t[0] >= 0 else cosine, 1.0]), [[1.0], [0.0]])
    assert len(strides_of(polish, problem, [0.0])) == n


def test_a_polish_to_the_same_f_and_cosine_is_kept():
    assert len(strides_of(polish, step_to([1.0, 0.0]), [0.0])) == 1


@pytest.mark.parametrize(("change", "n"), [(1e-16, 0), (2.0**-50, 1)])
def test_a_step_that_changes_no_digit_is_none(change, n):
    problem = problem_of(lambda t: np.array([t[0] - 1 + change, 1.0]), [[1.0], [0.0]])
    assert len(strides_of(polish, problem, [1.0])) == n


def test_a_step_that_changes_a_digit_of_one_parameter_is_made():
    problem = problem_of(lambda t: np.array([t[0] - 1e-6, 0, 1.0]), [[1, 0], [0, 1], [0, 0]])
    assert len(strides_of(polish, problem, [1e-6 + 1e-10, 1.0])) == 1


def test_a_polish_ends_at_a_step_within_the_caller_s_xtol():
    """Every step is half as long as the one before."""
    problem = LeastSquares(lambda t: np.array([t[0], 0.5 * (t[0] - 1) ** 2 + t[0] - 2]))
    short, longer = (len(strides_of(polish, problem, [1.01], xtol=x)) for x in (1e-3, 1e-5))
    assert 2 <= short < longer <= 16


def test_a_polish_passes_by_a_parameter_without_effect():
    problem = LeastSquares(lambda t: np.array([np.exp(t[0]) - 1, t[0] - 1, 0 * t[1]]))
    strides = strides_of(polish, problem, [0.3995, 7.0])
    assert strides and all(stride.step.h[1] == 0 for stride in strides)


def test_steps_of_the_stages_tell_the_truth():
    line = problem_of(lambda t: np.array([t[0] - 3, 1.0]), [[1.0], [0.0]])
    (stride,) = strides_of(polish, line, [2.0])
    step = stride.step
    assert step.predicted == pytest.approx(0.5) == step.loss - step.trial_loss
    assert step.rho == pytest.approx(1) and step.theta[0] == 2 and step.trial_theta[0] == 3


# --- the leap


def test_a_leap_ends_at_right_angles_or_where_r_is_rounding():
    strides = strides_of(leap, valley(), START)
    assert [stride.step.why for stride in strides] == ["leap"] * 2
    assert strides[0].seen.loss > strides[0].step.loss  # on the way F may rise
    np.testing.assert_allclose(strides[-1].seen.theta, [1, 1])


@pytest.mark.parametrize(("part", "n"), [(0.8e-3, 0), (1.2e-3, 1)])
def test_a_leap_starts_only_where_j_reaches_a_part_of_r(part, n):
    problem = problem_of(lambda t: np.array([t[0] + part, 1.0]), [[1.0], [0.0]])
    assert len(strides_of(leap, problem, [0.0])) == n


@pytest.mark.parametrize(("after", "n"), [([0.0, 2.0], 0), ([0.0, 1.0], 0), ([0.0, 0.9], 1)])
def test_a_leap_is_kept_where_f_is_lower_at_its_end(after, n):
    assert len(strides_of(leap, step_to(after, [[1.0], [0.0]]), [0.0])) == n


@pytest.mark.parametrize(("length", "n"), [(0.0, 0), (1e-3, 1)])
def test_a_leap_is_dropped_where_one_column_vanishes(length, n):
    problem = problem_of(
        lambda t: np.array([t[0] - 1, t[1] - 1, 1.0]),
        lambda t: np.array([[1.0, 0], [0, 1.0 if t[1] < 0.5 else length], [0, 0]]),
    )
    assert len(strides_of(leap, problem, [0.0, 0.0])) == n


def test_a_leap_with_many_more_parameters_than_residuals_solves_the_equations():
    a = np.linspace(1, 2, 100)
    problem = problem_of(lambda t: np.array([a @ t - 3.0, t.sum() - 1]), [a, np.ones(100)])
    (stride,) = strides_of(leap, problem, np.zeros(100))
    assert np.abs(stride.seen.r).max() < 1e-12
    lengths = np.sqrt(1 + a**2)  # of the columns, by which h is measured
    shortest = np.linalg.lstsq([a / lengths, 1 / lengths], [3.0, 1.0])[0] / lengths
    np.testing.assert_allclose(stride.step.h, shortest, rtol=1e-6, atol=1e-9)


def test_a_leap_sees_no_column_that_differs_from_another_by_rounding_of_many_rows():
    """A sine of 200 roundings, in 1000 rows: of rank 1 to the leap."""
    J = np.zeros((1000, 2))
    J[0], J[1, 1] = 1.0, 200 * np.finfo(float).eps
    r = np.zeros(1000)
    r[1] = 1.0
    assert strides_of(leap, problem_of(lambda t: r + J @ t, J), [0.0, 0.0]) == []
    J[1, 1] = 1e-9
    assert strides_of(leap, problem_of(lambda t: r + J @ t, J), [0.0, 0.0])


# --- solve


def test_r_is_rescaled_only_where_its_squares_are_in_danger():
    """J is asked for once more at the end, to be compared, where r had another unit on the way.

    At the start r is up to 3 · 2^exponent, which lies below the next power of two but one.
    """
    for exponent, more in ((0, 0), (62, 0), (63, 1), (-66, 0), (-67, 1)):
        unit = 2.0**exponent
        jacobian = Counted(lambda theta, unit=unit: unit * np.array([[1.0], [1.0]]))
        problem = LeastSquares(lambda t, unit=unit: unit * np.array([t[0] - 1, t[0]]), jacobian)
        trace = solve(problem, [3.0])
        assert trace.success and jacobian.calls == trace.n_jacobians + more


def test_the_default_of_curves_goes_on_to_a_cosine_of_1e_9_and_no_further():
    """Each trial makes the cosine 200 times smaller: … 4e-8, 2e-10."""
    problem = nested(0.005)
    trace = solve(problem, [1.6e-3], scaling="identity", mu=1e-12)
    trials = [step for step in trace if step.why != "polish"]
    cosines = [problem.linearize(step.next_theta).cosine() for step in trials]
    assert all(step.accepted for step in trials) and 1e-11 < cosines[-1] <= 1e-9 < cosines[-2]


def test_on_networks_a_path_may_be_more_curved_than_on_curves():
    """A trial is made up to ‖a‖ = 2‖h‖, where curves allow 0.375."""
    problem, theta = small_network((2, 4, 1), n_samples=20)
    bent = [step for step in solve(problem, theta, max_steps=100) if step.acceleration is not None]
    ratios = np.array([norm(step.acceleration) / norm(step.h) for step in bent])
    refused = [step.why == "the path is too curved for this h" for step in bent]
    assert refused == (ratios > 2).tolist()
    assert (ratios > 2).any() and ((0.375 < ratios) & (ratios <= 2)).any()


def test_in_single_precision_a_run_ends_at_a_step_of_1e_7():
    """Every step is a third as long as the one before."""

    def residual(theta):
        return np.array([theta[0] - 3.0], dtype=np.float32)

    problem = LeastSquares(residual, lambda theta: [[1.5]], check_jacobian=False)
    trace = solve(problem, [1.0], scaling="identity", mu=1e-12, gtol=1e-30, ftol=1e-30)
    steps = [norm(step.delta_theta) / norm(step.theta) for step in trace if step.accepted]
    assert trace[-1].accepted
    assert steps[-1] <= 1e-7 < min(steps[:-1])


def test_a_run_goes_on_three_times_from_beside_where_j_is_blind():
    """F falls along θ, and a J of zeros is believed."""
    trace = solve(problem_of(lambda t: np.array([10.0 - t[0]]), [[0.0]]), [1.0])
    assert [step.why for step in trace] == [BLIND] * 3 and not trace.success


def test_every_escape_tells_the_truth_and_has_a_name():
    problem = problem_of(lambda t: np.array([10.0 - t[0]]), [[0.0]])
    trace = solve(problem, [1.0])
    for step in trace:
        assert np.array_equal(step.theta + step.h, step.trial_theta)
        assert step.trial_loss < step.loss == problem.loss(step.theta)
    said = "on from beside a point where J is blind (1 trial)"
    assert trace.message.count(said) == 3 == trace.message.count("J is blind (")


@pytest.mark.parametrize(
    ("limits", "n"),
    [
        ({"max_steps": 1}, 1),
        ({"max_steps": 2}, 2),
        ({"max_evaluations": 9}, 0),  # one at the start, eight beside it
        ({"max_evaluations": 10}, 1),
        ({"gtol": 1e-10}, 3),  # as tight as the solver's own
        ({"gtol": 1e-9}, 0),  # looser: the caller's word ends the run
    ],
    ids=str,
)
def test_escapes_end_at_the_caller_s_limits(limits, n):
    trace = solve(problem_of(lambda t: np.array([10.0 - t[0]]), [[0.0]]), [1.0], **limits)
    assert len(trace) == n and trace.n_residuals <= limits.get("max_evaluations", 100)


def test_a_plain_run_has_no_escape():
    assert (
        len(solve(problem_of(lambda t: np.array([10.0 - t[0]]), [[0.0]]), [1.0], plain=True)) == 0
    )


def behind_a_hill(**marks):
    """F = ½ down to 0.8, 2 down to 0, and below it a minimum: two Gauss-Newton steps lead there.

    Every shorter step is refused.
    """

    def place(theta, *values):
        return np.array(values[int(theta[0] <= 0.8) + int(theta[0] <= 0)])

    return problem_of(
        lambda t: place(t, [1.0, 0.0], [2.0, 0.0], [0.0, 0.1]),
        lambda t: place(t, [[0.5], [1.0]], [[1.0], [0.0]], [[1.0], [0.0]]),
        **marks,
    )


def test_a_leap_follows_a_doubtful_end_of_a_curve_in_double_precision_only():
    trace = solve(behind_a_hill(), [1.0])
    assert trace.success and "leap (2 steps)" in trace.message
    for marks in ({"redundant": True}, {"eps": SINGLE_EPS}):
        trace = solve(behind_a_hill(**marks), [1.0])
        assert not trace.success and "leap" not in trace.message
        assert "not at a minimum" in trace.message


def best_of(*pairs, **given):
    """The number of the attempt that is chosen from (success, F), and how many were made."""
    run = Run(valley(), START, "lm", True, given, "all", None)
    made = []

    def attempt(success, loss):
        def trace():
            made.append(SimpleNamespace(success=success, loss=loss))
            return made[-1]

        return SimpleNamespace(trace=trace, ended_by_caller=False)

    best = run.best([attempt(*pair) for pair in pairs])
    return next(i for i, trace in enumerate(made) if trace is best), len(made)


def test_the_better_of_two_attempts_is_given():
    assert best_of((True, 2.0), (True, 1.0)) == (0, 1)
    assert best_of((False, 1.0), (True, 2.0)) == (1, 2)
    assert best_of((False, 2.0), (False, 1.0)) == (1, 2)
    assert best_of((False, 1.0), (False, 2.0)) == (0, 2)
    assert best_of((False, 1.0), (False, 1.0)) == (0, 2)
    assert best_of((False, 2.0), (False, 1.0), max_evaluations=2) == (1, 2)  # one is left
    assert best_of((False, 2.0), (False, 1.0), max_evaluations=1) == (0, 1)


def test_a_trace_counts_its_own_run_only():
    used, names = valley(), ("n_residuals", "n_jacobians", "n_differences")
    for theta in np.ones((7, 2)) * np.arange(7)[:, None]:
        used.linearize(theta)
    before = [getattr(used, name) for name in names]
    trace = solve(used, START)
    after = [getattr(used, name) for name in names]
    assert min(before) > 0
    assert [getattr(trace, name) for name in names] == np.subtract(after, before).tolist()
    for most in (5, 10, 20):
        trace = solve(used, START, max_evaluations=most)
        assert most - 2 <= trace.n_residuals <= most and "max_evaluations" in trace.message


@pytest.mark.parametrize("most", [3, 5, 7, 8, 9, 10, 11])
def test_all_stages_together_make_no_more_trials_than_max_steps(most):
    whole = len(solve(decay(), DECAY_START))
    assert len(solve(decay(), DECAY_START, max_steps=most)) == min(most, whole)


def test_a_target_that_is_not_reached_is_not_said_to_be():
    trace = solve(line(), START, target_loss=1e-3)
    assert trace.success and trace.message.startswith("Converged")


def test_r_is_rescaled_by_its_largest_entry():
    unit = 2.0**600
    problem = problem_of(lambda t: unit * np.array([t[0] - 1, t[0] - 3]), [[unit], [unit]])
    trace = solve(problem, [3.0])
    assert trace.success and trace.theta[0] == pytest.approx(2)


@pytest.mark.parametrize("unit", [1.0, 2.0**300, 2.0**-300])
def test_mu_max_is_in_the_callers_units(unit):
    options = {"mu": unit**2 * 1e-3, "mu_max": unit**2 * 1e-2, "scaling": "identity"}
    trace = solve(valley(unit), START, **options)
    assert "rose above mu_max" in trace.message and 0 < len(trace) < 10


# --- the progress bar


@pytest.mark.parametrize(("seconds", "shown"), [(1.8, False), (2.2, True)])
def test_in_a_notebook_a_bar_appears_after_two_seconds(seconds, shown, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setattr(tqdm.auto, "tqdm", tqdm.std.tqdm)
    assert isinstance(_bar(False), nullcontext)
    with _bar(None) as bar:
        bar.start_t -= seconds  # as if it had begun before
        bar.last_print_t -= seconds
        bar.update()
        assert ("trials" in capsys.readouterr().err) == shown


# --- where a run ends by default


def test_by_default_a_cosine_of_1e_10_ends_a_run():
    for cosine, n in ((3e-9, 1), (3e-11, 0)):
        problem = problem_of(lambda t, c=cosine: np.array([t[0] + c, 1.0]), [[1.0], [0.0]])
        steps, stop = finish(levenberg_marquardt(problem, [0.0], max_steps=1, xtol=0, ftol=0))
        assert len(steps) == n and (stop.kind == "gradient") == (n == 0)


def after(**changes):
    """What the default limits say of a step with some of its fields changed."""
    step = next(levenberg_marquardt(valley(), START))
    stop = Options().after(step._replace(**{"scale": None, "accepted": True, **changes}))
    return stop and stop.kind


def test_by_default_a_step_of_1e_12_ends_a_run():
    one = np.ones(1)
    for change, kind in ((0.8e-12, "step"), (1.2e-12, None)):
        short = {"theta": one, "delta_theta": np.array([change])}
        assert after(**short) == after(**short, scale=1e3 * one) == kind


@pytest.mark.parametrize(("change", "kind"), [(0.8e-6, "step"), (1.2e-6, None)])
def test_no_parameter_has_moved_visibly_where_a_step_is_short(change, kind):
    """‖DΔθ‖ is nothing beside ‖Dθ‖: by D alone, θ₀ might move by any part of itself."""
    D, theta = np.array([1e-10, 1.0]), np.ones(2)
    assert after(theta=theta, delta_theta=np.array([change, 0.0]), scale=D) == kind


@pytest.mark.parametrize(("fall", "kind"), [(4.5e-16, "loss"), (2e-15, None)])
def test_by_default_a_fall_of_1e_15_ends_a_run(fall, kind):
    assert after(loss=1.0, trial_loss=1 - fall, predicted=fall) == kind


def test_by_default_a_run_is_given_up_after_2000_trials():
    steps, stop = finish(gradient_descent(line(), START, 1e-6))
    assert len(steps) == 2000 and stop.kind == "max_steps"


@pytest.mark.parametrize(("mu", "n"), [(0.9e300, 1), (1.1e300, 0)])
def test_by_default_a_run_is_given_up_above_a_mu_of_1e300(mu, n):
    """r does not change, J = 1e150 notwithstanding: every trial is refused."""
    problem = problem_of([1.0], [[1e150]])
    steps, stop = finish(levenberg_marquardt(problem, [1.0], mu=mu, gtol=0, xtol=0, ftol=0))
    assert len(steps) == n and stop.kind == "mu_max"


@pytest.mark.parametrize(("geodesic", "needed"), [(False, 1), (True, 2)])
def test_a_trial_is_made_where_its_evaluations_are_left(geodesic, needed):
    here, options = valley().linearize(START), Options(geodesic=geodesic, max_evaluations=10)
    assert options.before(here, 0, 1.0, 10 - needed) is None
    assert options.before(here, 0, 1.0, 11 - needed).kind == "max_evaluations"
    assert Options().before(here, 0, 1.0, 10**9) is None


def test_limits_that_are_just_met():
    here = valley().linearize(START)
    assert Options(mu_max=2.0).before(here, 0, 2.0) is None
    assert Options(target_loss=here.loss).before(here, 0, 1.0).kind == "target"
    assert after(loss=1.0, trial_loss=1.0, predicted=0.0) == "loss"
    exact = {"theta": np.ones(1), "delta_theta": np.zeros(1)}
    assert after(**exact) == after(**exact, scale=np.ones(1)) == "step"


def test_a_step_of_0_and_a_fall_of_0_end_a_run_at_tolerances_of_0():
    never = Options(gtol=0.0, xtol=0.0, ftol=0.0)
    step = next(levenberg_marquardt(valley(), START))._replace(accepted=True)
    for D in (None, np.ones(2)):
        assert never.after(step._replace(delta_theta=np.zeros(2), scale=D)).kind == "step"
        assert never.after(step._replace(scale=D)) is None
    level = step._replace(loss=1.0, trial_loss=1.0, predicted=0.0)
    assert never.after(level).kind == "loss" and never.after(level._replace(predicted=1.0)) is None


@pytest.mark.parametrize("change", [{"mu": 1e3}, {"damping": Factor(3)}, {"xtol": 1e-9}], ids=str)
def test_a_run_that_ended_goes_on_where_anything_is_changed(change):
    steps, stop = finish(levenberg_marquardt(valley(), START, mu=1e-3, damping=Factor(1)))
    assert stop.kind == "refused" and finish(levenberg_marquardt(valley(), steps[-1])) == ([], stop)
    onward, _ = finish(levenberg_marquardt(valley(), steps[-1], max_steps=100, **change))
    assert onward


# --- the step


@pytest.mark.parametrize(
    "run",
    [
        lambda problem: levenberg_marquardt(problem, [1.0], mu=1.0, max_steps=1),
        lambda problem: gradient_descent(problem, [1.0], 1.0, max_steps=1),
    ],
    ids=["lm", "gd"],
)
def test_where_the_promised_decrease_underflows_there_is_no_gain_ratio(run):
    (step,), _ = finish(run(problem_of([1.0], [[1e-200]])))
    assert step.predicted == 0 and np.isnan(step.rho)


def test_a_column_of_zeros_is_at_right_angles_to_everything():
    for J in ([[0.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]):
        here = problem_of([0.0, 1.0], J).linearize(np.ones(2))
        assert here.orthogonal(0.0) and here.cosine() == 0


def test_the_curve_of_steps_where_j_is_0_or_nearly_of_rank_1():
    flat = problem_of([1.0, 1.0], np.zeros((2, 2))).linearize(np.ones(2))
    assert np.array_equal(flat.steps([0.0, 1.0]), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="mus holds -1.0"):
        flat.steps([1.0, -1.0])
    one = problem_of([1.0, 1.0], np.eye(2)).linearize(np.ones(2))
    np.testing.assert_allclose(one.steps([0.0, 1.0]), [[-1, -1], [-0.5, -0.5]])
    J, r = np.zeros((1000, 2)), np.zeros(1000)
    J[0], J[1, 1], r[:2] = 1.0, 200 * np.finfo(float).eps, 1.0
    (h,) = problem_of(r, J).linearize(np.ones(2)).steps([0.0])
    np.testing.assert_allclose(h, [-0.5, -0.5], rtol=1e-6)


class Zero:
    """A rule that gives a μ of 0."""

    def update(self, mu, rho, accepted):
        return 0.0, self


def test_a_mu_of_0_is_refused():
    with pytest.raises(ValueError, match="expected a number > 0"):
        finish(levenberg_marquardt(valley(), START, damping=Zero()))


def test_a_leap_is_not_dropped_for_a_parameter_without_effect():
    problem = problem_of(lambda t: np.array([t[0] - 1, 1.0]), [[1.0, 0.0], [0.0, 0.0]])
    assert len(strides_of(leap, problem, [0.0, 7.0])) == 1


@pytest.mark.parametrize("rule", [Factor, 10.0, SimpleNamespace(update=1)], ids=str)
def test_a_rule_s_class_or_a_number_is_no_rule(rule):
    with pytest.raises(TypeError, match="expected a rule, such as"):
        levenberg_marquardt(valley(), START, damping=rule)
