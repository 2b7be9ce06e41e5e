"""Who is timed: each prepares for a task and returns a function that makes a whole run from θ₀.

A run ends when the task's MSE is reached or its trials are used up, and returns (trials, accepted,
whether the MSE was reached).
"""

import logging
import math
from contextlib import suppress
from importlib.util import find_spec

import numpy as np
from scipy.optimize import least_squares
from tasks import MU, Plain

from lmteach.damping import Nielsen
from lmteach.solvers import levenberg_marquardt
from lmteach.solving import solve
from lmteach.trace import Trace

OURS = "lmteach, every Step kept"
SINGLE = "lmteach, sums in float32"
DEFAULTS = "lmteach, solve with its defaults"
LM, TRF = "scipy least_squares lm", "scipy least_squares trf"  # lm needs N·m ≥ P
TORCH = "torch-levenberg-marquardt"


def lmteach(precision):
    """The bare generator, every Step added to a Trace."""

    def prepare(task):
        problem, theta0 = task.problem(precision), task.theta0()
        limits = {"target_loss": task.target_loss, "max_steps": task.max_trials}

        def run():
            trace = Trace(theta0, math.inf)
            for step in levenberg_marquardt(problem, theta0, mu=MU, damping=Nielsen(), **limits):
                trace.add(step)
            return len(trace), len(trace.accepted), trace.loss <= task.target_loss

        return run

    return prepare


def lmteach_solve(task):
    """`solve` with its defaults."""
    problem, theta0 = task.problem(), task.theta0()

    def run():
        trace = solve(
            problem, theta0, target_loss=task.target_loss, max_steps=task.max_trials, progress=False
        )
        return len(trace), len(trace.accepted), trace.loss <= task.target_loss

    return run


class Reached(Exception):
    """The residuals of a peer that has no option for it are small enough."""


class Watched:
    """r and J of a task, counted; raises Reached at the task's MSE and at the end of its trials."""

    def __init__(self, task):
        self.task, self.plain = task, Plain(task)
        self.reset()

    def reset(self):
        """Start to count again."""
        self.residuals = self.jacobians = 0
        self.reached = False

    def residual(self, theta):
        """r, (N·m,)."""
        r = self.plain.residual(theta)
        self.residuals += 1
        self.reached = bool(r @ r <= 2 * self.task.target_loss)
        if self.reached or self.residuals > self.task.max_trials:
            raise Reached
        return r

    def jacobian(self, theta):
        """J, (N·m, P)."""
        self.jacobians += 1
        return self.plain.jacobian(theta)


def scipy_least_squares(method):
    """SciPy's least_squares with the analytic J; trials are its evaluations of r but the first."""

    def prepare(task):
        watched = Watched(task)
        theta0 = watched.plain.theta0()

        options = {"method": method, "max_nfev": task.max_trials}

        def run():
            watched.reset()
            with suppress(Reached):
                least_squares(watched.residual, theta0, watched.jacobian, **options)
            return watched.residuals - 1, watched.jacobians, watched.reached

        return run

    return prepare


def torch_levenberg_marquardt(precision):
    """The PyTorch package, by Cholesky, with its own damping; "float64" or "float32"."""

    def prepare(task):
        from torch_levenberg_marquardt.training import LevenbergMarquardtModule

        # It would print a line for every refused trial.
        logging.getLogger("torch_levenberg_marquardt").setLevel(logging.CRITICAL)
        theta0, X, Y = _in_torch(task, precision)
        network = _torch_network(task).to(X.dtype)
        trainer = LevenbergMarquardtModule(network, solve_method="cholesky")

        def run():
            trainer.flat_params.copy_(theta0)
            trainer.backup_parameters()
            trainer.reset()
            trials = accepted = 0
            loss, stopped = math.inf, False
            while loss > task.mse and trials < task.max_trials and not stopped:
                _, loss, stopped, logs = trainer.training_step(X, Y)
                trials, accepted = trials + logs["attempts"], accepted + 1
            return trials, accepted, bool(loss <= task.mse)

        return run

    return prepare


def _in_torch(task, precision):
    """Return θ₀, X and Y as PyTorch's tensors."""
    import torch

    torch.set_num_threads(1)
    arrays = (np.ascontiguousarray(x) for x in (task.theta0(), task.X, task.Y))
    return [torch.from_numpy(x).to(getattr(torch, precision)) for x in arrays]


def _torch_network(task):
    import torch

    layers = []
    for n, n_out in task.pairs:
        layers += [torch.nn.Linear(n, n_out), torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def jaxopt_levenberg_marquardt(task):
    """jaxopt's, in double precision, compiled; stepped from Python, as its documentation shows."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from jaxopt import LevenbergMarquardt

    residual, theta0 = _in_jax(task)
    end = {"maxiter": task.max_trials, "tol": 1e-300}
    solver = LevenbergMarquardt(residual, materialize_jac=True, solver="cholesky", **end)
    update, start = jax.jit(solver.update), jax.jit(solver.init_state)

    def run():
        theta, state, trials = theta0, start(theta0), 0
        while float(state.value) > task.target_loss and trials < task.max_trials:
            theta, state = update(theta, state)
            trials += 1
        return trials, trials, float(state.value) <= task.target_loss

    return run


def optimistix_levenberg_marquardt(task):
    """optimistix's, in double precision, compiled as one loop that ends at the task's MSE."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import optimistix

    residual, theta0 = _in_jax(task)

    class ToTarget(optimistix.LevenbergMarquardt):
        def terminate(self, fn, y, args, options, state, tags):
            # Before the first step there is no F.
            small = (state.f_info.as_min() <= task.target_loss) & ~state.first_step
            return small, optimistix.RESULTS.successful

    solver = ToTarget(rtol=1e-300, atol=1e-300)

    @jax.jit
    def solved(theta):
        options = {"max_steps": task.max_trials, "throw": False}
        solution = optimistix.least_squares(lambda t, _: residual(t), solver, theta, **options)
        return solution.value, solution.stats["num_steps"]

    def run():
        theta, trials = solved(theta0)
        r, trials = np.asarray(residual(theta)), int(trials)
        return trials, trials, bool(r @ r <= 2 * task.target_loss * (1 + 1e-9))

    return run


def _in_jax(task):
    """Return r as a function of θ, and θ₀, for JAX."""
    import jax.numpy as jnp

    X, Y, stop, parts = jnp.asarray(task.X), jnp.asarray(task.Y), 0, []
    for n, n_out in task.pairs:
        start, middle, stop = stop, stop + n * n_out, stop + (n + 1) * n_out
        parts.append((slice(start, middle), slice(middle, stop), (n_out, n)))

    def residual(theta):
        a = X
        for i, (w, b, shape) in enumerate(parts):
            z = a @ theta[w].reshape(shape).T + theta[b]
            a = z if i == len(parts) - 1 else jnp.tanh(z)
        return (a - Y).ravel()

    return residual, jnp.asarray(task.theta0())


def torchimize_lsq_lma(task):
    """torchimize's, in double precision, with J by autograd and its own damping."""
    import torch
    from torchimize.functions import lsq_lma

    residual, theta0 = _residual_in_torch(task)
    counts = {"trials": 0, "reached": False}
    options = {"ftol": 0, "ptol": 0, "gtol": 0, "tau": 1e-3, "max_iter": task.max_trials}

    def watched(theta):
        r = residual(theta)
        counts["trials"] += 1
        counts["reached"] = float((r * r).sum()) <= 2 * task.target_loss
        if counts["reached"] or counts["trials"] > task.max_trials:
            raise Reached
        return r

    def jacobian(theta):
        return torch.func.jacfwd(residual)(theta)  # by rows it takes 12 GB on T4

    def run():
        counts.update(trials=0, reached=False)
        with suppress(Reached):
            lsq_lma(theta0.clone(), watched, jacobian, **options)
        trials = max(counts["trials"] - 1, 1)
        return trials, trials, counts["reached"]

    return run


def _residual_in_torch(task):
    """Return r as a function of θ, and θ₀, for PyTorch, in double precision."""
    import torch

    theta0, X, Y = _in_torch(task, "float64")
    sizes = [n_out * (n + 1) for n, n_out in task.pairs]

    def residual(theta):
        a = X
        for i, (part, (n, n_out)) in enumerate(zip(theta.split(sizes), task.pairs, strict=True)):
            a = a @ part[: n * n_out].reshape(n_out, n).T + part[n * n_out :]
            a = a if i == len(sizes) - 1 else torch.tanh(a)
        return (a - Y).ravel()

    return residual, theta0


CONTENDERS = {
    OURS: lmteach("float64"),
    SINGLE: lmteach("float32"),
    DEFAULTS: lmteach_solve,
    LM: scipy_least_squares("lm"),
    TRF: scipy_least_squares("trf"),
}
if find_spec("torch_levenberg_marquardt"):
    CONTENDERS[f"{TORCH} (f64)"] = torch_levenberg_marquardt("float64")
    CONTENDERS[f"{TORCH} (f32)"] = torch_levenberg_marquardt("float32")
if find_spec("jaxopt"):
    CONTENDERS["jaxopt"] = jaxopt_levenberg_marquardt
if find_spec("optimistix"):
    CONTENDERS["optimistix"] = optimistix_levenberg_marquardt
if find_spec("torchimize"):
    CONTENDERS["torchimize"] = torchimize_lsq_lma
PEERS = [name for name in CONTENDERS if not name.startswith("lmteach")]
