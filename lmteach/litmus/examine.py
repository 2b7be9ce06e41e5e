"""`litmus`: put the tests to a subject and report."""

from . import fits, own, runs, steps
from .calls import Calls
from .kinds import subject as as_subject
from .report import Report
from .session import Session
from .watch import quiet

SECONDS = 5.0  # of one call


def litmus(subject, kind=None, *, calls=None, name=None, seconds=SECONDS):
    """Is this Levenberg-Marquardt? A Report of nine tests, and which known mistake it makes.

    `subject`: a step function `step(residual, jacobian, theta, mu) → (theta_new, accepted, info)`,
    where info is {"h": step, "J": Jacobian}, {} or left out; a whole solver `solver(residual,
    jacobian, theta0) → θ`; SciPy's least_squares, or a partial of it; a class with `fit` and
    `predict`; a class in neupy's shape; PyTorch's `train_step(model, X, y)`. `kind` says which,
    where the names of the parameters do not: "step", "solver", "problem", "least_squares",
    "estimator", "neupy" or "train_step". `calls`: a function's name that the subject must call, or
    (module or class, name). `seconds`: the time limit of one call.

    What a subject does wrong is told in the report: whatever it raises is a finding. Raises
    TypeError or ValueError for a thing that cannot be called in any of these ways.
    """
    return examine(as_subject(subject, kind, name), Calls(subject, calls), seconds)


def examine(subject, calls, seconds=SECONDS):
    """The Report of a Subject, with its Calls watched."""
    session = Session(subject, seconds, calls)
    tests = {"step": steps, "solver": runs, "own": own, "fit": fits}[subject.kind]
    with quiet():
        try:
            results, mistakes = tests.run_tests(session)
        finally:
            session.close()
    return Report(subject.name, results, mistakes + _troubles(session), session.notes)


def _troubles(session):
    """What it raised, and that it hung, as sentences of their own."""
    kinds = {words.split(":")[0]: words for words in reversed(session.troubles)}
    return [f"{words[0].upper()}{words[1:]}." for words in reversed(kinds.values())]
