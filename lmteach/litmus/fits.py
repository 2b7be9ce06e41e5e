"""What can be asked of something with `fit` and `predict`: nothing of its steps is seen."""

import numpy as np

from .mistakes import sentence
from .report import FAILED, NOT_APPLICABLE, PASSED, Result
from .watch import Broken

UNSEEN = "It is only to be fitted: its steps are not seen."
SAMPLES = 100
NOISE = 0.05
FEW = 10  # epochs, in which a straight line is fitted
AS_GOOD = 1.05  # a model that holds straight lines fits at least as well, but for 5 %


def data():
    """100 points of y = 0.3x + 0.35 with noise, within (0, 1)."""
    rng = np.random.default_rng(7)
    X = rng.uniform(-1, 1, size=(SAMPLES, 1))
    return X, 0.3 * X[:, 0] + 0.35 + NOISE * rng.normal(size=SAMPLES)


def run_tests(session):
    """(results, mistakes) of an estimator."""
    mistakes = []
    try:
        predicted, errors = session.call(lambda: session.subject.fit(*data()))
    except Broken as broken:
        failed = [Result("L8", FAILED, f"{broken}.", "a fit of a straight line.")]
        return _in_order(failed), mistakes
    made = [_errors_fall(errors), _as_good_as_a_line(predicted)]
    if made[0].status == FAILED:
        mistakes.append(sentence("no way back"))
    elif made[1].status == FAILED and errors is not None and len(errors) > FEW:
        mistakes.append(sentence("creeps", epochs=len(errors)))
    elif made[1].status == FAILED:
        mistakes.append(sentence("fit ends high"))
    missing = session.calls.never()
    mistakes += [sentence("never called", name=name) for name in missing]
    if missing:
        made.append(Result("L9", FAILED, f"{', '.join(missing)} was not called."))
    return _in_order(made), mistakes


def _errors_fall(errors):
    """L6 from the training errors that it recorded."""
    if errors is None:
        return Result("L6", NOT_APPLICABLE, UNSEEN)
    rises = np.flatnonzero(np.diff(errors) > 1e-9 * np.abs(errors[:-1]))
    expected = "the training error never rises from epoch to epoch."
    if len(rises):
        k = rises[0]
        seen = f"its training error rises, {errors[k]:.4g} → {errors[k + 1]:.4g}, in epoch {k + 1}."
        return Result("L6", FAILED, seen, expected, "a straight line through noise")
    seen = f"its training error falls or stays in {len(errors)} epochs."
    return Result("L6", PASSED, seen, expected, "a straight line through noise")


def _as_good_as_a_line(predicted):
    """L8: the mean squared error against that of the least-squares line."""
    X, y = data()
    line = np.polynomial.Polynomial.fit(X[:, 0], y, 1)
    best = np.mean((line(X[:, 0]) - y) ** 2)
    found = np.mean((predicted - y) ** 2)
    good = bool(found <= AS_GOOD * best)
    seen = f"its mean squared error is {found:.3g}, the least-squares line's {best:.3g}."
    expected = "no worse than the least-squares line, within 5 %."
    status = PASSED if good else FAILED
    return Result("L8", status, seen, expected, "a straight line through noise")


def _in_order(made):
    """L1 to L9, those that were not made not applicable."""
    by_name = {result.name: result for result in made}
    names = [f"L{k}" for k in range(1, 10)]
    return [by_name.get(name, Result(name, NOT_APPLICABLE, UNSEEN)) for name in names]
