"""Steps and traces in words: their reprs, and the table that a notebook shows."""

import inspect

import numpy as np

from .html import escape, html_table

COLUMNS = ("k", "mu", "loss", "trial_loss", "rho", "accepted", "why")
TITLES = ("trial", "μ", "F(θ)", "F(trial)", "ρ", "verdict", "why")
SHOWN = 6  # components of θ in a Trace's repr, at most


def of_step(step):
    """Return a Step in one line; `predicted` is the decrease of F that the model promised."""
    verdict = "accepted" if step.accepted else "refused"
    why = f"{step.why}; {step.at_bounds}" if step.at_bounds else step.why
    return (
        f"trial {step.k}: μ = {step.mu:.3g}, F {step.loss:.4g} → {step.trial_loss:.4g} "
        f"(predicted decrease {step.predicted:.4g}, ρ = {step.rho:.3g}): {verdict}, {why}"
    )


def at_bounds(step):
    """Which bounds hold at next_theta, in words; "" for none."""
    said = getattr(step.problem, "said", None)
    return said(step.next_theta) if said and step.theta is not None else ""


def uncertainty_of(trace):
    """Return what the data say about θ: standard errors, correlation, intervals, bands."""
    if trace.how_sure is None:
        raise TypeError("not a trace of solve: expected uncertainty(problem, theta)")
    return trace.how_sure(trace)


def of_trace(trace):
    """Return a Trace in one line: trials, F, verdict, message and θ."""
    trials = f"{len(trace.accepted)} accepted and {len(trace.refused)} refused trials"
    verdict = "success" if trace.success else "no success"
    theta = np.array2string(trace.theta, precision=4, threshold=SHOWN, edgeitems=SHOWN // 2)
    return (
        f"Trace: {trials}, F {trace.losses[0]:.3g} → {trace.loss:.3g}, {verdict}: "
        f"{trace.message} θ = {theta}"
    )


def of_function(function):
    """Return a function's name and arguments, such as "decay(theta, x)"."""
    name = getattr(function, "__name__", type(function).__name__)
    name = "lambda" if name == "<lambda>" else name
    try:
        arguments = ", ".join(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # a function in C that does not say
        return name
    return f"{name}({arguments})"


def of_least_squares(problem):
    """Return a problem of a residual function in one line, with its shapes where they are known."""
    last, given = problem.last, "given" if problem.gives_jacobian else "differentiated"
    shapes = f", {len(last.r)} residuals, {len(last.theta)} parameters" if last else ""
    return f"<LeastSquares of {of_function(problem._residual)}{shapes}, J {given}>"


def rows(steps, most):
    """Return a row for each step, with None in place of those between the first and the last."""
    found = [tuple(getattr(step, name) for name in COLUMNS) for step in steps]
    half = most // 2
    return found if len(found) <= most else [*found[:half], None, *found[-half:]]


def html_of_trace(trace):
    """Return a Trace as a paragraph and a table, one row a step."""
    table = html_table(TITLES, [row and _in_words(*row) for row in trace.table()])
    return f"<p>{escape(repr(trace))}</p>{table}"


def _in_words(k, mu, loss, trial_loss, rho, accepted, why):
    numbers = f"{mu:.3g}", f"{loss:.4g}", f"{trial_loss:.4g}", f"{rho:.3g}"
    return k, *numbers, "accepted" if accepted else "refused", why
