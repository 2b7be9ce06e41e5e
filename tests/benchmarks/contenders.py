"""Who is timed: each prepares for a task and returns a function, a whole run, that returns (trials, accepted)."""

import math
from importlib.util import find_spec

from scipy.optimize import least_squares
from tasks import MU, Plain

from lmteach.damping import Nielsen
from lmteach.solvers import levenberg_marquardt
from lmteach.solving import solve
from lmteach.trace import Trace

OURS = "lmteach, every Step kept"
LM = "scipy least_squares lm"  # needs N·m ≥ P


def lmteach(task):
    """The bare generator, every Step added to a Trace."""
    problem, theta0 = task.problem(), task.theta0()
    limits = {"target_loss": task.target_loss, "max_steps": task.max_trials}

    def run():
        trace = Trace(theta0, math.inf)
        for step in levenberg_marquardt(problem, theta0, mu=MU, damping=Nielsen(), **limits):
            trace.add(step)
        return len(trace), len(trace.accepted)

    return run


def lmteach_solve(task):
    """`solve` with its defaults."""
    problem, theta0 = task.problem(), task.theta0()

    def run():
        trace = solve(problem, theta0, target_loss=task.target_loss, max_steps=task.max_trials, progress=False)
        return len(trace), len(trace.accepted)

    return run


def scipy_least_squares(method):
    """SciPy's least_squares with the analytic J, to its own end; trials are its evaluations of r but the first."""

    def prepare(task):
        plain = Plain(task)
        theta0 = plain.theta0()

        def run():
            result = least_squares(plain.residual, theta0, plain.jacobian, method=method, max_nfev=task.max_trials)
            return result.nfev - 1, result.njev

        return run

    return prepare


def torch_levenberg_marquardt(task):
    """The PyTorch package, in double precision by Cholesky, with its own damping."""
    import torch
    from torch_levenberg_marquardt.training import LevenbergMarquardtModule

    torch.set_num_threads(1)
    layers = [part for n, n_out in task.pairs for part in (torch.nn.Linear(n, n_out), torch.nn.Tanh())]
    trainer = LevenbergMarquardtModule(torch.nn.Sequential(*layers[:-1]).double(), solve_method="cholesky")
    theta0, X, Y = map(torch.from_numpy, (task.theta0(), task.X, task.Y))

    def run():
        trainer.flat_params.copy_(theta0)
        trainer.backup_parameters()
        trainer.reset()
        trials = accepted = 0
        loss, stopped = math.inf, False
        while loss > task.mse and trials < task.max_trials and not stopped:
            _, loss, stopped, logs = trainer.training_step(X, Y)
            trials, accepted = trials + logs["attempts"], accepted + 1
        return trials, accepted

    return run


CONTENDERS = {
    OURS: lmteach,
    "lmteach, solve with its defaults": lmteach_solve,
    LM: scipy_least_squares("lm"),
    "scipy least_squares trf": scipy_least_squares("trf"),
}
if find_spec("torch_levenberg_marquardt"):
    CONTENDERS["torch-levenberg-marquardt (f64)"] = torch_levenberg_marquardt
