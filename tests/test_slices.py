"""Slices: residuals, Jacobian and step are right, the caller's problem is not changed."""

import numpy as np
import pytest

from lmteach import CurveFit, Input, LeastSquares, Linear, NetworkFit, Tanh, solve
from lmteach.figures.damping import MuScene
from lmteach.slices import Slice, parameter_name, sliced
from lmteach.widgets import explore_mu


def network_fit():
    rng = np.random.default_rng(1)
    network = Input(2) >> Tanh(3) >> Linear(2)
    return NetworkFit(
        network, rng.normal(size=(9, 2)), rng.normal(size=(9, 2))
    ), network.initialize(4).theta


def slices():
    problem, theta = network_fit()
    B = np.random.default_rng(2).normal(size=(len(theta), 2))
    return {
        "weights": Slice.weights(problem, theta, 3, 8),
        "singular": Slice.singular(problem, theta),
        "any two directions": Slice(problem, theta, B, start=(0.1, -0.2)),
    }


@pytest.mark.parametrize("name", slices())
def test_jacobian_is_that_of_the_residual(name):
    piece = slices()[name]
    here, eps = piece.linearize(piece.start), 1e-6
    nudges = eps * np.eye(2)
    differences = [
        (piece.residual(piece.start + e) - piece.residual(piece.start - e)) / (2 * eps)
        for e in nudges
    ]
    assert np.allclose(here.J, np.transpose(differences), atol=1e-8)
    assert np.allclose(here.J, piece.problem.linearize(piece.full(piece.start)).J @ piece.B)


@pytest.mark.parametrize("name", slices())
@pytest.mark.parametrize("mu", [1e-3, 1.0, 50.0])
def test_step_is_the_two_by_two_solution(name, mu):
    piece = slices()[name]
    full = piece.problem.linearize(piece.full(piece.start))
    JB = full.J @ piece.B
    (a, b), (_, d) = JB.T @ JB + mu * np.eye(2)
    u, v = -JB.T @ full.r
    by_hand = np.array([d * u - b * v, a * v - b * u]) / (a * d - b * b)
    assert np.allclose(piece.linearize(piece.start).step(mu), by_hand)
    assert np.allclose(MuScene(piece).compute(mu)["h"], by_hand)


def test_weights_keep_their_values():
    problem, theta = network_fit()
    piece = Slice.weights(problem, theta, 8, 3)
    assert np.array_equal(piece.start, theta[[8, 3]]) and np.array_equal(
        piece.full(piece.start), theta
    )
    moved = theta.copy()
    moved[[8, 3]] = 0.5, -0.7
    assert np.array_equal(piece.residual([0.5, -0.7]), problem.residual(moved))


def test_singular_slice_has_the_whole_step_along_its_axes():
    problem, theta = network_fit()
    piece, here = Slice.singular(problem, theta), problem.linearize(theta)
    for mu in (0.1, 10.0):
        assert np.allclose(piece.linearize(piece.start).step(mu), piece.B.T @ here.step(mu))
    assert np.allclose(piece.B.T @ piece.B, np.eye(2)) and (piece.B.T @ here.g <= 0).all()
    assert np.allclose(np.linalg.norm(here.J @ piece.B, axis=0), np.linalg.svd(here.J)[1][:2])


def test_the_callers_problem_stays_as_it_is():
    problem, theta = network_fit()
    r = problem.residual(theta)
    for piece in (Slice.weights(problem, theta, 0, 1), Slice.singular(problem, theta)):
        MuScene(piece).frame(mu=1.0)
    assert (problem.n_residuals, problem.n_jacobians) == (1, 0) and problem.residual(theta) is r
    assert not np.shares_memory(Slice.weights(problem, theta, 0, 1).theta, theta)


def test_a_slice_can_be_solved_and_checked():
    problem, theta = network_fit()
    trace = solve(Slice.weights(problem, theta, 3, 8), theta[[3, 8]])
    assert trace.success and trace.loss < problem.loss(theta)
    wrong = LeastSquares(lambda t: t**2 - 1, lambda t: np.diag(t))
    with pytest.raises(ValueError, match="differences give"):
        Slice.weights(wrong, np.ones(3) * 2, 0, 1).linearize([2.0, 2.0])


def test_names():
    problem, theta = network_fit()
    names = [parameter_name(problem, k) for k in range(len(theta))]
    assert names[:2] == ["W¹[0,0]", "W¹[0,1]"] and names[6:9] == ["b¹[0]", "b¹[1]", "b¹[2]"]
    assert names[9] == "W²[0,0]" and names[-1] == "b²[1]" and len(set(names)) == len(theta)
    curve = CurveFit(lambda t, x: t[0] + t[1] * x + t[2] * x**2, np.arange(4.0), np.ones(4))
    assert Slice.weights(curve, [1.0, 2.0, 3.0], 2, 0).names == ("θ₃", "θ₁")


def test_the_door():
    problem, theta = network_fit()
    for i, j, error, words in (
        (0, len(theta), ValueError, "j = 17: expected a whole number from 0 to 16"),
        (-1, 0, ValueError, "i = -1: expected a whole number of at least 0"),
        (0, 1.5, TypeError, "j = 1.5: expected a whole number"),
        (4, 4, ValueError, "i and j are both 4: expected two different parameters"),
    ):
        with pytest.raises(error, match=words):
            Slice.weights(problem, theta, i, j)
    with pytest.raises(ValueError, match=r"theta has shape \(3,\): expected \(17,\)"):
        Slice.singular(problem, np.ones(3))
    with pytest.raises(ValueError, match="B has columns that are parallel"):
        Slice(problem, theta, np.ones((len(theta), 2)))
    with pytest.raises(ValueError, match=r"B has shape \(2, 2\)"):
        Slice(problem, theta, np.eye(2))
    with pytest.raises(TypeError, match="problem is an int: expected a Problem"):
        Slice.weights(3, theta, 0, 1)
    with pytest.raises(ValueError, match="J has rank 1 there"):
        Slice.singular(LeastSquares(lambda t: np.array([t.sum(), 2 * t.sum()])), np.ones(3))
    for places in ("best", 3, (1, 2, 3)):
        with pytest.raises(TypeError, match="slice = .*expected two places in theta"):
            sliced(problem, theta, places)


@pytest.mark.parametrize("places", [(3, 8), "singular"])
def test_explore_mu_takes_a_slice(places):
    problem, theta = network_fit()
    explorer = explore_mu(problem, theta, slice=places, mu=1.0)
    assert repr(explorer) == MuScene(sliced(problem, theta, places)).frame(mu=1.0).alt
    with pytest.raises(ValueError, match="17 parameters, and a map shows two"):
        explore_mu(problem, theta)


def test_a_map_shows_two():
    problem, theta = network_fit()
    with pytest.raises(
        ValueError, match="17 parameters, and a map shows two: .*Slice.weights.*slice='singular'"
    ):
        MuScene(problem, theta)
    with pytest.raises(ValueError, match="3 parameters"):
        MuScene(LeastSquares(lambda t: t), np.ones(3))
    with pytest.raises(TypeError, match="names = 'xy': expected two names"):
        MuScene(names="xy")
    assert (
        "Slice of 17 parameters, W¹[1,1] and b¹[2], the rest held"
        in MuScene(Slice.weights(problem, theta, 3, 8)).frame().alt
    )


LAUCHLI = np.array([[1, 1], [1e-8, 0], [0, 1e-8]])
PROBLEMS = {
    "straight": (
        lambda t: np.array([t[0] + 2 * t[1] - 1, 3 * t[0] + t[1] - 2, t[1] - 3]),
        (4.0, -3.0),
    ),
    "curved": (
        lambda t: np.array([t[0] - 1 + 0.1 * t[1] ** 3, t[1] + 0.1 * t[0] ** 2]),
        (0.0, 2.0),
    ),
    "one residual": (lambda t: np.array([t[0] * t[1] - 1]), (1.0, 3.0)),
    "two knobs that do the same": (
        lambda t: np.array([t[0] + t[1] - 2, 2 * t[0] + 2 * t[1] - 3]),
        (0.0, 0.0),
    ),
    "tiny": (lambda t: 1e-12 * (np.exp(1e9 * t[0] * np.arange(4.0)) - t[1]), (1e-10, 0.2)),
    "huge": (lambda t: t[0] * np.sin(1e-6 * t[1] * np.arange(1, 5.0)) - 1e9, (8e8, 8e5)),
    "Läuchli": (lambda t: LAUCHLI @ (t - [1.0, 2.0]), (0.0, 0.0)),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_numbers_of_any_two_parameters(name):
    """What the picture says is what the package computes, wherever JᵀJ has not lost its digits."""
    residual, theta = PROBLEMS[name]
    scene, here = (
        MuScene(LeastSquares(residual), theta),
        LeastSquares(residual).linearize(np.array(theta)),
    )
    gauss_newton = scene.curve[0] - theta
    assert np.allclose(
        gauss_newton, here.step(0), rtol=1e-5, atol=1e-7 * np.linalg.norm(gauss_newton)
    )
    for mu in scene.decades:
        n = scene.compute(mu)
        if mu > 1e-9 * scene.s[0] ** 2:
            damped = here.damped(mu)
            assert np.allclose(n["h"], damped.h, rtol=1e-5, atol=1e-5 * n["length"])
            assert np.isclose(n["promised"], damped.predicted, rtol=1e-5)
        assert np.isclose(
            n["before"] - n["predicted"], n["promised"], rtol=1e-5, atol=1e-9 * n["before"]
        )
        assert np.isclose(n["after"], LeastSquares(residual).loss(n["trial"]))
        assert 0 <= n["angle"] <= 90 and 0 <= min(n["factors"]) <= max(n["factors"]) <= 1
    lengths = [scene.compute(mu)["length"] for mu in scene.decades]
    assert (np.diff(lengths) < 0).all()


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_map_holds_all_that_is_drawn(name):
    residual, theta = PROBLEMS[name]
    scene = MuScene(LeastSquares(residual), theta)
    points = [*scene.curve, scene.theta + scene.arrow * scene.downhill, *scene.near.T]
    assert (scene.span[:, 0] <= np.min(points, axis=0)).all() and (
        np.max(points, axis=0) <= scene.span[:, 1]
    ).all()
    picture = scene.frame()
    picture.canvas.draw()
    assert "nan" not in picture.alt


def test_where_f_is_not_a_number_the_map_has_a_gap():
    x = np.linspace(0, 2, 9)
    problem = CurveFit(lambda t, x: t[0] * np.sqrt(t[1] + x), x, 2 * np.sqrt(1 + x))
    picture = MuScene(problem, [5.0, 0.05]).frame(mu=100.0)
    picture.canvas.draw()
    assert "gets no finite number" in picture.alt
