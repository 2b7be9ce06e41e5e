"""Is this Levenberg-Marquardt? Nine tests for anybody's solver, and the mistake behind a failure.

from lmteach.litmus import litmus

report = litmus(step)       # step(residual, jacobian, theta, mu) → (theta_new, accepted, info)
report.passed, report.failed, report.not_applicable, report.mistakes
"""

from .examine import litmus
from .kinds import subject
from .report import Report, Result

__all__ = ["Report", "Result", "litmus", "subject"]
