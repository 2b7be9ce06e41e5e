"""Steps and Traces by themselves; what `solve` makes of them stands in test_solve.py."""

import math

import numpy as np
import pytest
from shared_problems import START, valley

from lmteach import Nielsen, Step, Trace, levenberg_marquardt
from lmteach.trace import ARRAYS


def a_step(k=0, accepted=True, **changes):
    """A step by hand, from θ = (k, 0) to (k + 1, 0), with F falling from 10 − k by 1."""
    theta, r = np.array([float(k), 0.0]), np.ones(3)
    fields = {
        "k": k, "theta": theta, "loss": 10.0 - k, "r": r, "g": np.ones(2), "mu": 0.5,
        "h": np.array([1.0, 0.0]), "acceleration": None, "delta_theta": np.array([1.0, 0.0]),
        "trial_theta": theta + [1, 0], "trial_loss": 9.0 - k, "predicted": 2.0, "rho": 0.5,
        "accepted": accepted, "why": "F falls" if accepted else "F would not fall",
        "damping": Nielsen(), "scale": None, "next_mu": 0.25, "next_damping": Nielsen(),
    }  # fmt: skip
    return Step(**fields | changes)


def a_trace(history, n=5):
    trace = Trace(np.zeros(2), 10.0, history)
    for k in range(n):
        trace.add(a_step(k))
    return trace


# --- steps


def test_next_theta_and_next_loss_are_those_that_survived():
    one, other = a_step(3), a_step(3, accepted=False)
    assert one.next_theta is one.trial_theta and one.next_loss == one.trial_loss == 6
    assert other.next_theta is other.theta and other.next_loss == other.loss == 7


def test_next_mu_and_next_damping_are_what_the_next_trial_takes():
    steps = list(levenberg_marquardt(valley(), START, mu=1e-3))
    for one, after in zip(steps, steps[1:], strict=False):
        assert one.next_mu == after.mu and one.next_damping == after.damping
    assert math.isfinite(steps[-1].next_mu)  # the last one has them too


def test_a_light_step_has_its_scalars_and_none_of_its_arrays():
    step = a_step(3, scale=np.ones(2))
    light = step.light()
    assert all(getattr(light, name) is None for name in ARRAYS)
    for name in set(Step._fields) - set(ARRAYS):
        assert getattr(light, name) == getattr(step, name)
    assert light.nbytes == 0 and str(light) == str(step)
    assert step.nbytes == 8 * (3 + 6 * 2)


def test_arrays_are_all_the_fields_that_hold_one():
    step = next(levenberg_marquardt(valley(), START, geodesic=True, scaling="more"))
    held = {name for name in Step._fields if isinstance(getattr(step, name), np.ndarray)}
    assert held == set(ARRAYS)


def test_a_step_equals_only_itself_and_can_be_kept_in_a_set():
    one, other = a_step(), a_step()
    assert one == one and one != other and len({one, other, one}) == 2


def test_words_of_a_step():
    words = "trial 3: μ = 0.5, F 7 → 6 (predicted decrease 2, ρ = 0.5): accepted, F falls"
    assert str(a_step(3)) == words and repr(a_step(3)) == f"<Step, {words}>"
    assert str(a_step(3, accepted=False)).endswith("refused, F would not fall")


# --- traces


def test_a_trace_follows_the_accepted_steps():
    trace = Trace(np.zeros(2), 10.0)
    trace.add(a_step(0))
    trace.add(a_step(1, accepted=False))
    assert np.array_equal(trace.theta, [1, 0]) and trace.loss == 9
    assert len(trace.accepted) == len(trace.refused) == 1 and trace.losses == [10, 9, 9]


@pytest.mark.parametrize(
    ("history", "kept"),
    [("all", [0, 1, 2, 3, 4]), ("light", []), (1, [4]), (3, [2, 3, 4]), (9, [0, 1, 2, 3, 4])],
)
def test_a_history_keeps_the_arrays_it_was_asked_to_keep(history, kept):
    trace = a_trace(history)
    assert [step.k for step in trace if step.theta is not None] == kept
    assert trace.faded == 5 - len(kept) and [step.k for step in trace] == list(range(5))
    assert np.array_equal(trace.theta, [5, 0])


def test_all_keeps_the_first_ones_up_to_its_bytes(monkeypatch):
    monkeypatch.setattr("lmteach.trace.HISTORY_BYTES", 2 * a_step().nbytes)
    assert [step.k for step in a_trace("all") if step.theta is not None] == [0, 1]


def test_a_table_holds_the_first_and_last_rows_with_none_between():
    table = a_trace("all", 30).table(most=6)
    assert [row and row[0] for row in table] == [0, 1, 2, None, 27, 28, 29]
    assert table[0] == (0, 0.5, 10.0, 9.0, 0.5, True, "F falls")


def test_a_summary_shows_theta_shortened():
    trace = a_trace("all")
    assert repr(trace).startswith("Trace: 5 accepted and 0 refused trials, F 10 → 5, no success: ")
    assert repr(trace).endswith("θ = [5. 0.]")
    assert "..." in repr(Trace(np.arange(50.0), 1.0))
