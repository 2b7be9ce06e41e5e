"""Gauss-Newton steps after Levenberg-Marquardt: a leap from a doubtful end, a polish of a good one.

Both solve min ‖r + Jh‖ by orthogonal factors of J, its columns scaled to length 1, which sees more
digits than JᵀJ, and both take the whole step.
"""

import math
import sys
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.lapack import dgelsy

from .jacobians import NotFinite
from .primitives import finite, frozen, norm
from .trace import Step
from .verdict import RIGHT_ANGLE, is_rounding

DOUBLE = sys.float_info.epsilon
MOST_STEPS = 50
SHRINK = 0.9  # a step of the polish is at most this part of the last, both measured by ‖Jh‖,
STEADY = 0.1  # and moves the length of no column by more than this part,
RISE = 1e-10  # and F rises above its start by no more than this part,
SMALLEST_COSINE = 1e-10  # and the largest cosine does not grow, unless it is below this
NO_MORE_DIGITS = 2.0**-53  # of every θ_j: a step that short changes nothing
VANISHED = DOUBLE  # part of its length below which a column has vanished


class Stride(NamedTuple):
    """A Gauss-Newton step, with the Evaluations and Linearizations before and after."""

    step: Step
    here: Any
    seen: Any
    there: Any


def leap(problem, seen, here, k, most=MOST_STEPS):
    """Return Strides from where there is no minimum to where one is near; none if F ends higher.

    F may rise on the way. They are also dropped if a column of J vanishes, as on a plateau.
    """

    def goes_on(reach, r, last):
        return reach > RIGHT_ANGLE * norm(r)

    strides = []
    for stride in _strides(problem, seen, here, k, goes_on, most, "leap"):
        strides.append(stride)
        if is_rounding(problem, stride.seen, stride.there):
            break
    if not strides:
        return []
    last = strides[-1]
    vanished = last.there.column_norms <= VANISHED * here.column_norms
    kept = not (vanished & (here.column_norms > 0)).any()
    return strides if last.seen.loss < seen.loss and kept else []


def polish(problem, seen, here, k, most=MOST_STEPS, xtol=0.0):
    """Return Strides that lift the last digits of a minimum, while each is shorter than the last.

    Gauss-Newton's map contracts in the metric of JᵀJ, so ‖Jh‖ is what must shrink. All are dropped
    if the largest cosine grows: there Gauss-Newton does not contract.
    """

    def goes_on(reach, r, last):
        return 0 < reach <= SHRINK * last

    strides = []
    for stride in _strides(problem, seen, here, k, goes_on, most, "polish"):
        lengths = stride.here.column_norms
        bent = np.abs(stride.there.column_norms - lengths) > STEADY * lengths
        if stride.seen.loss > seen.loss * (1 + RISE) or bent.any():
            break
        strides.append(stride)
        if norm(lengths * stride.step.h) <= xtol * norm(lengths * stride.seen.theta):
            break
    if strides and strides[-1].there.cosine() > max(here.cosine(), SMALLEST_COSINE):
        return []
    return strides


def _strides(problem, seen, here, k, goes_on, most, why):
    """Strides as long as `goes_on(‖Jh‖, r, the last ‖Jh‖)` says so, `most` at most."""
    last = math.inf
    for number in range(k, k + most):
        h, reach = _gauss_newton(here)
        trial_theta = problem.moved(seen.theta, h) if problem.moved else frozen(seen.theta + h)
        if not goes_on(reach, here.r, last) or not finite(trial_theta) or _is_over(h, seen.theta):
            return
        trial = problem.evaluation(trial_theta)
        if not math.isfinite(trial.loss):
            return
        try:
            there = trial.linearize()
        except NotFinite:
            return
        yield Stride(_step(problem, seen, here, h, trial, number, why), here, trial, there)
        seen, here, last = trial, there, reach


def _gauss_newton(here):
    """(h, ‖Jh‖) for the h of least scaled norm that minimizes ‖r + Jh‖; 0 where bounds hold."""
    lengths = here.column_norms
    lengths = np.where(lengths > 0, lengths, 1.0)
    J = here.J / lengths
    if getattr(here, "held", None) is not None:
        J = J * ~here.held
    scaled_h = _least_squares(J, -here.r)
    return frozen(scaled_h / lengths), norm(J.dot(scaled_h))


def _least_squares(J, b):
    """The x of least norm that minimizes ‖Jx − b‖, by QR with column pivoting, of J's rank."""
    rows, columns = J.shape
    b = np.concatenate([b, np.zeros(max(columns - rows, 0))])
    pivots, work = np.zeros(columns, dtype=np.int32), 64 * (rows + columns + 1)
    _, x, _, _, _ = dgelsy(J, b, pivots, max(J.shape) * DOUBLE, work)
    return x[:columns]


def _is_over(h, theta):
    """Whether a step is too short to change a digit of any θ_j."""
    return bool((np.abs(h) <= NO_MORE_DIGITS * np.abs(theta)).all())


def _step(problem, seen, here, h, trial, k, why):
    predicted = float(-h @ here.g) / 2
    rho = (here.loss - trial.loss) / predicted if predicted > 0 else math.nan
    return taken(problem, seen, here, h, trial, k, why, predicted=predicted, rho=rho)


def taken(problem, seen, here, h, trial, k, why, predicted=math.nan, rho=math.nan):
    """Return a Step that is taken, whatever F does, with mu = 0."""
    return Step(
        k=k, theta=seen.theta, loss=here.loss, r=here.r, g=here.g, mu=0.0, h=h, acceleration=None,
        delta_theta=h, trial_theta=trial.theta, trial_loss=trial.loss, predicted=predicted, rho=rho,
        accepted=True, why=why, damping=None, scale=None, next_mu=0.0, next_damping=None,
        problem=problem,
    )  # fmt: skip
