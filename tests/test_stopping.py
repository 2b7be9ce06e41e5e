"""When a run ends: each rule by itself, on both sides of its limit, and in its words."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from shared_problems import START, line, valley

from lmteach import Factor, Nielsen, levenberg_marquardt
from lmteach.options import SCALINGS
from lmteach.stopping import Options, Stop

NEVER = Options(gtol=0.0, xtol=0.0, ftol=0.0)


def a_step(**changes):
    """The first step of a run, with some of its fields changed."""
    return next(levenberg_marquardt(valley(), START))._replace(**changes)


# --- before a trial


def test_a_loss_at_or_below_the_target_ends_a_run():
    here = valley().linearize(START)
    at = dataclasses.replace(NEVER, target_loss=here.loss)
    assert at.before(here, 0, 1.0).kind == "target"
    below = dataclasses.replace(NEVER, target_loss=here.loss * (1 - 1e-15))
    assert below.before(here, 0, 1.0) is None


def test_right_angles_end_a_run_at_gtol():
    here = line().linearize(np.array([0.4, 0.4]))
    cosine = here.cosine()
    for factor, kind in ((1.001, "gradient"), (0.999, None)):
        stop = dataclasses.replace(NEVER, gtol=factor * cosine).before(here, 0, 1.0)
        assert (stop and stop.kind) == kind
    assert stop is None


def test_the_number_of_trials_and_a_large_mu_end_a_run():
    here, options = valley().linearize(START), dataclasses.replace(NEVER, max_steps=7, mu_max=2.0)
    assert options.before(here, 6, 2.0) is None
    assert options.before(here, 7, 2.0).kind == "max_steps"
    stop = options.before(here, 6, 2.5)
    assert stop == ("mu_max", "μ = 2.5 rose above mu_max = 2, and no trial lowers F")


# --- after a trial


def test_a_short_step_ends_a_run_at_xtol():
    theta = np.array([3.0, 4.0])
    delta = np.array([3e-6, 4e-6])
    step = a_step(theta=theta, delta_theta=delta, scale=None)
    assert dataclasses.replace(NEVER, xtol=1.01e-6).after(step).kind == "step"
    assert dataclasses.replace(NEVER, xtol=0.99e-6).after(step) is None


def test_with_a_scale_lengths_are_those_of_d_theta():
    theta, delta, D = np.array([1.0, 1e3]), np.array([1e-6, 0.0]), np.array([1e3, 1e-3])
    step = a_step(theta=theta, delta_theta=delta, scale=D)  # ‖DΔθ‖ = 1e-3, ‖Dθ‖ = 1e3
    assert dataclasses.replace(NEVER, xtol=1.01e-6).after(step).kind == "step"
    assert dataclasses.replace(NEVER, xtol=0.99e-6).after(step) is None


def test_at_theta_0_a_step_is_short_below_xtol_squared():
    step = a_step(theta=np.zeros(2), delta_theta=np.array([1e-9, 0.0]), scale=None)
    assert dataclasses.replace(NEVER, xtol=1e-4).after(step).kind == "step"
    assert dataclasses.replace(NEVER, xtol=1e-5).after(step) is None


@pytest.mark.parametrize(
    ("fall", "predicted", "kind"),
    [(1e-7, 1e-7, "loss"), (1e-7, 1e-5, None), (1e-5, 1e-7, None), (-1e-7, 1e-7, "loss")],
)
def test_a_small_fall_of_f_ends_a_run_where_the_model_promised_no_more(fall, predicted, kind):
    step = a_step(loss=1.0, trial_loss=1.0 - fall, predicted=predicted, accepted=True)
    stop = dataclasses.replace(NEVER, ftol=1e-6).after(step)
    assert (stop and stop.kind) == kind


@pytest.mark.parametrize("rule", [None, Factor(1)])
def test_a_refused_trial_after_which_mu_and_the_rule_stay_ends_a_run(rule):
    step = a_step(
        accepted=False, why="F would not fall", damping=rule, next_mu=a_step().mu, next_damping=rule
    )
    stop = NEVER.after(step)
    assert stop.kind == "refused" and "trial 0 was refused (F would not fall)" in stop.words
    assert NEVER.after(step._replace(damping=Nielsen(), next_mu=2 * step.mu)) is None
    assert NEVER.after(step._replace(accepted=True)) is None


def test_a_rule_that_changes_itself_goes_on_at_the_same_mu():
    rule = Nielsen()
    step = a_step(accepted=False, damping=rule, next_mu=a_step().mu, next_damping=Nielsen(4.0))
    assert NEVER.after(step) is None
    assert NEVER.after(step._replace(next_damping=rule)).kind == "refused"


# --- options


def test_geodesic_is_a_flag_or_the_largest_ratio():
    assert Options(geodesic=True).most_curved == Options().most_curved == 0.375
    assert Options(geodesic=2).most_curved == 2


def test_but_replaces_what_is_given_and_keeps_the_rest():
    options = Options(gtol=1e-3)
    assert options.but() is options and options.but(xtol=None) is options
    changed = options.but(xtol=1e-2, scaling="more", geodesic=False)
    assert (changed.gtol, changed.xtol, changed.scaling) == (1e-3, 1e-2, "more")
    assert options.xtol == Options().xtol
    with pytest.raises(ValueError, match="xtol = -1"):
        options.but(xtol=-1)


def test_options_are_values():
    assert Options() == Options() and hash(Options()) == hash(Options())
    with pytest.raises(AttributeError):
        Options().gtol = 1.0


@pytest.mark.parametrize("scaling", SCALINGS)
def test_every_scaling_is_an_option(scaling):
    assert Options(scaling=scaling).scaling == scaling


def test_a_stop_has_a_kind_and_words():
    assert Stop("step", "short") == ("step", "short")
    here = SimpleNamespace(loss=0.0, orthogonal=lambda tolerance: False)
    assert NEVER.before(here, 0, 1.0) == Stop("target", "F = 0 is at or below the target of 0")
