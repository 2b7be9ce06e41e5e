"""Shares of the samples: what they compute, what they remember, and what is sent to a worker."""

import pickle

import numpy as np
import pytest
from shared_problems import difference, loss_case, network_case, same

from lmteach import Linear, NetworkFit, Tanh
from lmteach.cross_entropy import LOSSES
from lmteach.routes.parts import Data, DividedLoss, Part
from lmteach.routes.prices import SHARES


@pytest.fixture(autouse=True)
def nothing_kept():
    """What a process keeps of the samples that were sent to it; here it plays both roles."""
    Data.KEPT.clear()
    yield
    Data.KEPT.clear()


def part_of(name="mse", keeps=False, n_samples=9):
    """A Part of all samples of a small case, its network, θ and Y."""
    network, theta, X, Y = loss_case(name, (3, 4, 2), n_samples=n_samples)
    data = Data(X, Y, ("here", 0, n_samples))
    return Part(network, theta, data, LOSSES[name], keeps), network, theta, X, Y


# --- what it computes


@pytest.mark.parametrize("name", LOSSES)
def test_a_parts_r_f_and_j_are_those_of_the_problem(name):
    part, network, theta, X, Y = part_of(name)
    problem = NetworkFit(network, X, Y, name, route="rows")
    r, F = part.evaluate()
    same(r, problem.residual(theta), 1e-14)
    same(part.residual(), r, 1e-14)
    assert F == pytest.approx(problem.loss(theta), rel=1e-14) and part.n_rows == Y.size
    same(part.jacobian().T, problem.linearize(theta).J, 1e-14)
    assert part.sizes == [(3, 4), (4, 2)]


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4, 8, 9, 100])
def test_pieces_hold_every_sample_once_in_order(size, keeps):
    part, _, _, X, Y = part_of(keeps=keeps)
    part.evaluate()
    pieces = list(part.pieces(size))
    assert len(pieces) == -(-9 // size) and max(len(p.data.X) for p in pieces) <= size
    assert np.array_equal(np.concatenate([p.data.X for p in pieces]), X)
    same(np.concatenate([p.residual() for p in pieces]), part.residual(), 1e-14)
    same(np.concatenate([p.jacobian().T for p in pieces]), part.jacobian().T, 1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_a_divided_part_has_r_and_j_in_another_unit(name):
    part, *_ = part_of(name)
    divided = part.divided(8.0)
    same(divided.residual(), part.residual() / 8, 1e-14)
    same(divided.jacobian(), part.jacobian() / 8, 1e-14)
    assert divided.loss.last_layer == part.loss.last_layer
    assert isinstance(divided.loss, DividedLoss)


def test_a_jacobian_is_written_into_a_given_buffer():
    part, network, *_ = part_of()
    out = np.full((network.n_parameters, 18), np.nan)
    assert np.shares_memory(part.jacobian(out), out) and np.isfinite(out).all()


# --- what it remembers


def test_a_part_that_keeps_computes_forward_once_and_one_that_does_not_each_time():
    for keeps in (True, False):
        part, *_ = part_of(keeps=keeps)
        assert (part.activations() is part.activations()) == keeps
        assert (part.factors() is part.factors()) == keeps


def test_what_is_remembered_of_the_inputs_is_made_once():
    data, made = Data(np.ones((3, 2)), np.ones((3, 1))), []

    def make(X):
        made.append(X)
        return X.sum()

    assert data.remember(make) == data.remember(make) == 6 and len(made) == 1


# --- what is sent


class Mailing:
    """An executor whose worker is reached by mail: tasks go there, and results back, as bytes."""

    def __init__(self):
        self.sizes = []

    def map(self, task, *iterables):
        for arguments in zip(*iterables, strict=True):
            letter = pickle.dumps((task, arguments))
            self.sizes.append(len(letter))
            task_there, arguments_there = pickle.loads(letter)
            yield pickle.loads(pickle.dumps(task_there(*arguments_there)))


def mailed(n_samples=4000):
    """(network, θ, X, Y), the executor, a problem that uses it, and one that works alone."""
    case = network, _, X, Y = network_case((3, 4, 3), [Tanh, Linear], n_samples)
    executor = Mailing()
    shared = NetworkFit(network, X, Y, route="blocks", executor=executor)
    return case, executor, shared, NetworkFit(network, X, Y, route="blocks")


def test_samples_travel_once_and_their_names_from_then_on():
    (_, theta, X, Y), executor, problem, alone = mailed()
    part_bytes = (X.nbytes + Y.nbytes) / SHARES
    first = problem.linearize(theta)
    assert sum(size > part_bytes for size in executor.sizes) == SHARES
    same(first.A, alone.linearize(theta).A)
    executor.sizes.clear()
    problem.linearize(theta / 2).step(1.0)
    assert len(executor.sizes) == 2 * SHARES and max(executor.sizes) < part_bytes / 5


def test_a_worker_that_has_forgotten_is_sent_the_samples_again():
    (_, theta, *_), _, problem, alone = mailed()
    problem.residual(theta)
    Data.KEPT.clear()  # as a worker that has just been started
    same(problem.linearize(theta).step(1.0), alone.linearize(theta).step(1.0))


def test_a_worker_keeps_the_samples_of_one_problem():
    (network, theta, X, Y), executor, one, _ = mailed(50)
    two = NetworkFit(network, 2 * X, Y, route="blocks", executor=executor)
    a, b = one.evaluate(theta).r, two.evaluate(theta).r
    assert len(Data.KEPT) == SHARES and not np.allclose(a, b)
    one.evaluate(theta / 2)
    assert np.array_equal(one.evaluate(theta).r, a)  # and takes the others' for nobody else's


def test_samples_lie_in_the_worker_column_by_column_as_they_do_at_home():
    data = Data(np.asfortranarray(np.ones((9, 3)))[2:7], np.ones((5, 1)), ("here", 2, 7))
    there = pickle.loads(pickle.dumps(data.sent()))
    assert there.X.flags.f_contiguous and there.X.shape == (5, 3) and there.name == ("here", 2, 7)


def test_samples_without_a_name_are_sent_whole():
    there = pickle.loads(pickle.dumps(Data(np.ones((3, 2)), np.zeros((3, 1)))))
    assert np.array_equal(there.X, np.ones((3, 2))) and there.Y.shape == (3, 1)
    assert not Data.KEPT


def test_a_part_is_sent_without_its_samples_activations_and_factors():
    part, *_ = part_of(keeps=True, n_samples=500)
    part.factors()
    there = pickle.loads(pickle.dumps(part))
    assert not there.has_samples and part.has_samples
    assert len(pickle.dumps(part)) < part.data.X.nbytes / 4
    whole = pickle.loads(pickle.dumps(part.with_samples()))
    assert whole.has_samples and not whole.keeps
    assert len(pickle.dumps(part.with_samples())) < 2 * (part.data.X.nbytes + part.data.Y.nbytes)
    same(whole.residual(), part.residual(), 1e-14)


def test_what_is_sent_is_right_in_the_worker():
    """J of what came back by mail, against differences."""
    (network, theta, X, Y), _, problem, _ = mailed(20)
    J = difference(lambda t: (network.forward(X, t)[-1] - Y).ravel(), theta)
    here = problem.linearize(theta)
    same(here.A, J.T @ J, 1e-6)
    same(here.g, J.T @ here.r, 1e-6)
