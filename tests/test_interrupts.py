"""Broken off at any moment by a key, a dead worker or other threads, no problem mixes two θ."""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import cycle
from multiprocessing import parent_process
from pathlib import Path

import numpy as np
import pytest
from shared_problems import (
    ROUTES,
    START,
    finish,
    in_threads,
    loss_case,
    network_case,
    rosenbrock,
    rosenbrock_jacobian,
    same,
)

import lmteach
from lmteach import LeastSquares, Linear, NetworkFit, Tanh, levenberg_marquardt, solve
from lmteach.cross_entropy import LOSSES

TIMES = 500  # interrupts for each route and loss
PACKAGE = str(Path(lmteach.__file__).parent)


class Interrupted:
    """A `with` that breaks off the package's own code at its n-th instruction, as Ctrl-C would.

    The instructions are counted by Python's tracing, so that the same n is the same place.
    """

    def __init__(self, n):
        self.n, self.seen, self.happened, self.where = n, 0, False, None

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, kind, error, where):
        sys.settrace(self._before)
        return self.happened and kind is KeyboardInterrupt

    def _call(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        return self._instruction

    def _instruction(self, frame, event, argument):
        if event == "opcode":
            self.seen += 1
            if self.seen == self.n:
                self.happened, self.where = True, Path(frame.f_code.co_filename).name
                raise KeyboardInterrupt
        return self._instruction


NEVER = 0


def network_problem(name, route):
    """(a function that makes the problem, four θ)."""
    network, theta, X, Y = loss_case(name, (2, 3, 2), n_samples=4)
    thetas = [theta, theta / 2, -theta, theta + 0.1]
    return lambda: NetworkFit(network, X, Y, name, route), thetas


TASKS = [  # what is broken off, at another θ than before
    lambda problem, theta: problem.residual(theta),
    lambda problem, theta: problem.linearize(theta),
    lambda problem, theta: problem.linearize(theta).step(0.3),
    lambda problem, theta: next(levenberg_marquardt(problem, theta)),
]


def close(found, expected):
    """The same but for rounding; at another θ they would have no digit in common."""
    return bool(np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max())


def lengths(make, thetas):
    """How many of the package's instructions each task takes."""
    found = []
    for task in TASKS:
        problem = make()
        problem.evaluate(thetas[0])
        with Interrupted(NEVER) as counted:
            task(problem, thetas[1])
        found.append(counted.seen)
    return found


def wrong_after_interrupts(make, thetas, times):
    """How many gradients are wrong of those asked for after an interrupt on the way to others."""
    problem, rng, wrong, made = make(), np.random.default_rng(0), 0, 0
    gradients = [make().linearize(theta).g for theta in thetas]
    for task, length in cycle(zip(TASKS, lengths(make, thetas), strict=True)):
        a, b = rng.choice(len(thetas), 2, replace=False)
        problem.evaluate(thetas[a])
        with Interrupted(rng.integers(1, length, endpoint=True)) as interrupt:
            task(problem, thetas[b])
        made += interrupt.happened
        for i in rng.permutation([a, b]):
            wrong += not close(problem.linearize(thetas[i]).g, gradients[i])
        if made == times:
            return wrong


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", LOSSES)
def test_after_500_interrupts_no_gradient_is_wrong(name, route):
    assert wrong_after_interrupts(*network_problem(name, route), TIMES) == 0


def test_after_500_interrupts_no_gradient_of_a_function_is_wrong():
    thetas = [START, START + 0.5, -START, START / 3]
    given = lambda: LeastSquares(rosenbrock, rosenbrock_jacobian)  # noqa: E731
    numerical = lambda: LeastSquares(rosenbrock)  # noqa: E731
    assert wrong_after_interrupts(given, thetas, TIMES) == 0
    assert wrong_after_interrupts(numerical, thetas, TIMES) == 0


def test_interrupts_fall_everywhere_in_what_is_broken_off():
    """Not only between calls: in routes, losses and layers, and at each of four tasks' ends."""
    make, thetas = network_problem("cross_entropy", "blocks")
    files = set()
    for task, length in zip(TASKS, lengths(make, thetas), strict=True):
        assert length > 100
        for n in np.linspace(1, length, 40).astype(int):
            with Interrupted(n) as interrupt:
                task(make(), thetas[1])
            files.add(interrupt.where)
    assert {"network.py", "layers.py", "cross_entropy.py", "network_fit.py", "factors.py"} <= files


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", LOSSES)
def test_a_linearization_that_was_broken_off_goes_on_right(name, route):
    """What it computes when first asked, such as g and JᵀJ, is whole or not there."""
    make, (theta, *_) = network_problem(name, route)
    expected, rng = make().linearize(theta).step(0.3), np.random.default_rng(0)
    with Interrupted(NEVER) as counted:
        make().linearize(theta).step(0.3)
    for _ in range(100):
        here = make().linearize(theta)
        with Interrupted(rng.integers(1, counted.seen)):
            here.step(0.3)
        assert close(here.step(0.3), expected)


@pytest.mark.parametrize("route", ROUTES)
def test_a_step_from_which_a_run_goes_on_is_not_hurt_by_a_run_that_was_broken_off(route):
    make, (theta, *_) = network_problem("mse", route)
    problem, rng = make(), np.random.default_rng(0)
    whole, _ = finish(levenberg_marquardt(problem, theta, max_steps=8))
    for k in (0, 3, 6):
        for n in rng.integers(1, 3000, 10):
            with Interrupted(n):
                solve(problem, theta / 2, max_steps=3)
            again, _ = finish(levenberg_marquardt(problem, whole[k]))
            expected = [step.trial_loss for step in whole[k + 1 :]]
            np.testing.assert_allclose([step.trial_loss for step in again], expected, rtol=1e-9)


# --- by an exception of the caller's own code


class Breaking(Tanh):
    """A layer that raises KeyboardInterrupt at the n-th of its calls from now on."""

    left = 0

    def activate(self, z):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().activate(z)


@pytest.mark.parametrize("route", ROUTES)
def test_an_activation_that_raises_leaves_the_problem_right(route):
    network, theta, X, Y = network_case((2, 3, 2), [Breaking, Linear], n_samples=4)
    layer, rng = network.layers[0], np.random.default_rng(0)
    problem = NetworkFit(network, X, Y, route=route)
    thetas = [theta, theta / 2, -theta]
    gradients = [problem.linearize(t).g for t in thetas]
    for _ in range(100):
        a, b = rng.choice(3, 2, replace=False)
        problem.evaluate(thetas[a])
        layer.left = rng.integers(1, 4)
        with pytest.raises(KeyboardInterrupt):
            solve(problem, thetas[b], max_steps=5)
        for i in (a, b):
            assert close(problem.linearize(thetas[i]).g, gradients[i])


# --- by a worker that dies


class Deadly(Tanh):
    """A layer in which a worker dies as long as a file is there."""

    path = None

    def activate(self, z):
        if parent_process() is not None and os.path.exists(self.path):
            os._exit(1)
        return super().activate(z)


class Restarted:
    """An executor whose workers are started anew once they have died."""

    def __init__(self):
        self.pool = ProcessPoolExecutor(2)

    def map(self, task, *iterables):
        try:
            return list(self.pool.map(task, *iterables))
        except BrokenProcessPool:
            self.pool.shutdown()
            self.pool = ProcessPoolExecutor(2)
            raise


@pytest.mark.parametrize("route", ["rows", "blocks"])
def test_a_worker_that_dies_is_an_exception_and_the_problem_is_right_afterwards(route, tmp_path):
    network, theta, X, Y = network_case((2, 3, 2), [Deadly, Linear], n_samples=20)
    network.layers[0].path = str(tmp_path / "die")
    alone, executor = NetworkFit(network, X, Y, route=route), Restarted()
    problem = NetworkFit(network, X, Y, route=route, executor=executor)
    other = theta / 2
    try:
        here = problem.linearize(theta)
        same(here.g, alone.linearize(theta).g, 1e-12)
        asked = [lambda: problem.loss(other), lambda: here.JTv(here.r), lambda: here.Jv(theta)]
        for ask in asked:
            (tmp_path / "die").touch()
            with pytest.raises(BrokenProcessPool):
                ask()
            (tmp_path / "die").unlink()
            for t in (theta, other):
                same(problem.residual(t), alone.residual(t), 1e-12)
                same(problem.linearize(t).step(0.3), alone.linearize(t).step(0.3), 1e-12)
        same(here.JTv(here.r), here.g, 1e-12)
    finally:
        executor.pool.shutdown()


# --- by threads


@pytest.fixture
def busy():
    """Threads take turns as often as Python lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", LOSSES)
def test_four_threads_on_one_problem_all_get_their_own_gradients(name, route, busy):
    make, thetas = network_problem(name, route)
    problem, gradients = make(), [make().linearize(theta).g for theta in thetas]

    def ask(i):
        return lambda: [problem.linearize(thetas[k % 4]).g for k in range(i, i + 40)]

    for i, answers in enumerate(in_threads([ask(i) for i in range(4)])):
        assert all(close(g, gradients[(i + k) % 4]) for k, g in enumerate(answers))


@pytest.mark.parametrize("route", ROUTES)
def test_four_runs_on_one_problem_at_the_same_time_are_the_runs_alone(route, busy):
    make, thetas = network_problem("mse", route)
    problem = make()

    def losses(problem, theta):
        return [s.trial_loss for s in finish(levenberg_marquardt(problem, theta, max_steps=10))[0]]

    found = in_threads([lambda t=t: losses(problem, t) for t in thetas])
    for theta, seen in zip(thetas, found, strict=True):
        np.testing.assert_allclose(seen, losses(make(), theta), rtol=1e-9)
