"""Damping rules: each one exported, taken up by itself, and what Factor and Nielsen do."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_problems import START, finish, valley

import lmteach
from lmteach import DampingRule, Factor, Nielsen, damping, levenberg_marquardt, solve

# Every rule of lmteach.damping: a new one is taken up by itself.
KINDS = [
    kind
    for kind in vars(damping).values()
    if isinstance(kind, type) and hasattr(kind, "update") and kind is not DampingRule
]
every_rule = pytest.mark.parametrize("kind", KINDS)


def histories(kind):
    """The rule as it is made, and as it has become after some trials."""
    rule, mu = kind(), 1.0
    yield rule
    for rho, accepted in ((0.9, True), (-1.0, False), (-1.0, False), (0.3, True), (np.nan, False)):
        mu, rule = rule.update(mu, rho, accepted)
        yield rule


# --- every rule


def test_every_rule_is_exported_and_in_the_table():
    assert {Factor, Nielsen} <= set(KINDS)
    assert all(getattr(lmteach, kind.__name__) is kind for kind in KINDS)


@every_rule
def test_an_update_changes_nothing_and_says_the_same_again(kind):
    for rule in histories(kind):
        before = copy.deepcopy(rule)
        for rho, accepted in ((0.7, True), (-0.5, False), (np.nan, False)):
            once, again = (rule.update(0.3, rho, accepted) for _ in range(2))
            assert once == again and rule == before


@every_rule
def test_a_rule_is_a_value(kind):
    rule = kind()
    assert rule == kind() and hash(rule) == hash(kind()) and repr(rule).startswith(kind.__name__)
    with pytest.raises(AttributeError):
        rule.mu_min = 1.0


@every_rule
def test_mu_does_not_rise_with_rho_nor_fall_after_a_refusal(kind):
    for rule in histories(kind):
        mus = [rule.update(0.3, rho, True)[0] for rho in np.linspace(1e-9, 3, 200)]
        assert (np.diff(mus) <= 0).all() and mus[-1] < 0.3
        for rho in (np.nan, -np.inf, -1.0, 0.0):
            assert rule.update(0.3, rho, False)[0] > 0.3


@every_rule
@settings(deadline=None)  # of a busy computer
@given(st.lists(st.tuples(st.floats(-5, 5), st.booleans()), max_size=60), st.floats(-200, 200))
def test_mu_stays_above_0_and_a_number(kind, trials, exponent):
    rule, mu = kind(), 10.0**exponent
    for rho, accepted in trials:
        mu, rule = rule.update(mu, rho, accepted)
        assert isinstance(mu, float) and mu > 0 and callable(rule.update)


@every_rule
def test_a_run_goes_by_its_rule_to_the_minimum(kind):
    steps, _ = finish(levenberg_marquardt(valley(), START, damping=kind()))
    mu, rule = steps[0].mu, kind()
    for step in steps:
        assert (step.mu, step.damping) == (mu, rule)
        mu, rule = rule.update(mu, step.rho, step.accepted)
    assert solve(valley(), START, damping=kind()).success


# --- what the two are known for


def factor_of(rho):
    return Nielsen().update(1.0, rho, True)[0]


def test_nielsens_factor():
    """P14: f(0) = 2, f(½) = 1, f′(½) = 0, and ⅓ from ρ = 0.9368 on."""
    assert factor_of(0.0) == 2 and factor_of(0.5) == 1
    assert factor_of(0.9368) == 1 / 3 == factor_of(1.0) == factor_of(50.0)
    assert 1 / 3 < factor_of(0.9367) < 0.334
    assert (factor_of(0.5 + 1e-4) - factor_of(0.5 - 1e-4)) / 2e-4 == pytest.approx(0, abs=1e-6)
    rhos = np.linspace(0, 1.5, 200)
    assert (np.diff([factor_of(rho) for rho in rhos]) <= 0).all()


def test_nielsen_doubles_nu_with_every_refusal_and_forgets_it_with_the_next_success():
    mu, rule, seen = 1.0, Nielsen(), []
    for accepted in (False, False, False, True, False):
        mu, rule = rule.update(mu, 0.5, accepted)
        seen.append((mu, rule.nu))
    assert seen == [(2, 4), (8, 8), (64, 16), (64, 2), (128, 4)]


def test_factor_divides_and_multiplies_within_its_bounds():
    rule = Factor(4, mu_min=0.1, mu_max=10)
    assert rule.update(1.0, 0.9, True) == (0.25, rule) and rule.update(1.0, -1, False) == (4, rule)
    assert rule.update(0.2, 0.9, True)[0] == 0.1 and rule.update(9.0, -1, False)[0] == 10
    assert Factor().factor == 10


@pytest.mark.parametrize("rule", [Factor(10), Nielsen()], ids=str)
def test_mu_never_reaches_0(rule):
    mu = 1.0
    for _ in range(1000):
        mu, rule = rule.update(mu, 1.0, True)
    assert mu > 0 and rule.update(mu, 0.0, False)[0] > mu


def test_factor_1_leaves_mu_as_it_is():
    assert Factor(1).update(0.3, 0.9, True)[0] == Factor(1).update(0.3, -1.0, False)[0] == 0.3


def test_nielsens_factor_stays_where_rho_is_beyond_the_range_of_cubes():
    """ρ is huge where the model promises next to nothing, or F falls to an underflow."""
    assert factor_of(1e200) == factor_of(np.inf) == 1 / 3


@pytest.mark.parametrize("nu", [1.0, 1.5, 3.0])
def test_a_nu_of_the_callers_lasts_until_a_trial_is_accepted(nu):
    refused, rule = Nielsen(nu).update(1.0, -1.0, False)
    assert refused == nu and rule.nu == 2 * nu
    assert Nielsen(nu).update(1.0, 0.5, True) == (1.0, Nielsen())


def test_bounds_of_rules_that_are_just_met():
    assert Nielsen(1).nu == 1 and Factor(1).factor == 1
    with pytest.raises(ValueError, match="mu_max = 1.0: expected a number above mu_min = 1.0"):
        Factor(mu_min=1.0, mu_max=1.0)


@pytest.mark.parametrize("answer", [3.0, (3.0,), (3.0, Nielsen(), 1), (Nielsen(), 3.0), None])
def test_a_rule_that_does_not_give_mu_and_a_rule_is_told_what_to_give(answer):
    class Odd:
        def update(self, mu, rho, accepted):
            return answer

    with pytest.raises(TypeError, match=r"update gave .*: expected \(mu, rule\)"):
        finish(levenberg_marquardt(valley(), START, damping=Odd()))
