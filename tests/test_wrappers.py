"""Problems around a problem: robust losses, penalties, fixed parameters, weights."""

import pickle

import families
import numpy as np
import pytest
from scipy.optimize import least_squares

from lmteach import (
    Bounded,
    CurveFit,
    Fixed,
    Input,
    LeastSquares,
    Linear,
    NetworkFit,
    Regularized,
    Robust,
    Softmax,
    Tanh,
    levenberg_marquardt,
    solve,
)
from lmteach.wrappers import ROBUST

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 3)), RNG.normal(size=(9, 2))


def networks():
    return [
        NetworkFit(Input(3) >> Tanh(4) >> Linear(2), X, Y, route=route)
        for route in ("rows", "blocks", "samples")
    ]


def with_outliers(family, seed=0):
    """A fit of the family, some of whose data are far off."""
    rng = np.random.default_rng(seed)
    fit = family.draw(rng)
    y = fit.y.copy()
    y[rng.choice(len(y), 5, replace=False)] += 0.5 * np.ptp(y) * rng.choice([-1, 1], 5)
    return fit, y, families.NOISE * np.ptp(fit.y)


def dense(problem, theta):
    return problem.evaluate(theta).linearize()


# --- robust losses


@pytest.mark.parametrize("loss", list(ROBUST))
@pytest.mark.parametrize("family", families.FAMILIES[:4], ids=lambda family: family.name)
def test_the_minimum_is_scipys(family, loss):
    fit, y, f = with_outliers(family)
    trace = solve(Robust(CurveFit(fit.model, fit.x, y), loss, f), fit.truth)
    assert trace.success, trace.message

    def jacobian(theta):
        return CurveFit(fit.model, fit.x, y).linearize(theta).J.copy()  # SciPy 1.13 writes to it

    theirs = least_squares(
        lambda theta: fit.model(theta, fit.x) - y, fit.truth, jacobian, loss=loss, f_scale=f,
        x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15,
    )  # fmt: skip
    assert abs(trace.loss - theirs.cost) <= 1e-8 * theirs.cost
    np.testing.assert_allclose(trace.theta, theirs.x, rtol=1e-5)


@pytest.mark.parametrize("loss", list(ROBUST))
def test_a_loss_is_differentiated_rightly(loss):
    z = np.array([0.0, 0.3, 0.9, 1.5, 40.0])
    rho, slope, second = ROBUST[loss](z)
    h = 1e-6
    np.testing.assert_allclose((ROBUST[loss](z + h)[0] - ROBUST[loss](z)[0]) / h, slope, rtol=1e-5)
    r = np.sqrt(z)

    def psi(r):
        return ROBUST[loss](r**2)[1] * r

    np.testing.assert_allclose((psi(r + h) - psi(r - h)) / (2 * h), second, atol=1e-6)
    assert rho[0] == 0 and slope[0] == 1


@pytest.mark.parametrize("loss", list(ROBUST))
def test_g_of_a_robust_problem_is_the_gradient(loss):
    problem = Robust(networks()[0], loss, 0.5)
    theta = problem.inner.network.theta
    here = dense(problem, theta)
    v, h = np.random.default_rng(1).normal(size=theta.size), 1e-6
    slope = (problem.loss(theta + h * v) - problem.loss(theta - h * v)) / (2 * h)
    np.testing.assert_allclose(here.g @ v, slope, rtol=1e-6)
    np.testing.assert_allclose(here.J.T @ here.r, here.g, rtol=1e-9)
    assert (problem.weights(theta) <= 1).all()


def test_an_outlier_pulls_less():
    x = np.linspace(0, 1, 20)
    y = 1 + 2 * x
    y[4] = 30.0
    fit = CurveFit(lambda theta, x: theta[0] + theta[1] * x, x, y)
    plain = solve(fit, [0.0, 0.0]).theta
    robust = solve(Robust(fit, "cauchy", 0.1), plain).theta
    assert np.abs(robust - [1, 2]).max() < 0.01 < np.abs(plain - [1, 2]).max()
    assert np.argmin(Robust(fit, "cauchy", 0.1).weights(robust)) == 4


# --- a penalty


@pytest.mark.parametrize("which", range(3), ids=["rows", "blocks", "samples"])
def test_a_penalty_is_stacked_residuals_by_every_route(which):
    problem = Regularized(networks()[which], 0.3, beta=2.0, center=0.1)
    theta = problem.inner.network.theta
    here = dense(problem, theta)
    J, r = here.J, problem.residual(theta)
    assert J.shape == (9 * 2 + theta.size, theta.size)
    np.testing.assert_allclose(problem.loss(theta), r @ r / 2, rtol=1e-12)
    np.testing.assert_allclose(here.g, J.T @ r, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(here.A, J.T @ J, rtol=1e-9, atol=1e-12)
    v = np.random.default_rng(1).normal(size=theta.size)
    np.testing.assert_allclose(here.Jv(v), J @ v, rtol=1e-9)
    np.testing.assert_allclose(here.JTv(r), J.T @ r, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(here.column_norms, np.linalg.norm(J, axis=0), rtol=1e-9)
    for mu in (0.0, 0.7):
        expected = np.linalg.solve(J.T @ J + mu * np.eye(theta.size), -here.g)
        damped = here.system(mu, None)  # which takes 0, too
        np.testing.assert_allclose(damped.h, expected, rtol=1e-7, atol=1e-10)
        predicted = mu * expected @ expected / 2 - expected @ here.g / 2
        np.testing.assert_allclose(damped.predicted, predicted, rtol=1e-9)
        w = np.random.default_rng(2).normal(size=len(r))
        inverse = np.linalg.solve(J.T @ J + mu * np.eye(theta.size), J.T @ w)
        np.testing.assert_allclose(damped.solve(w), inverse, rtol=1e-7, atol=1e-10)
    expected = np.linalg.solve(J.T @ J, v)
    np.testing.assert_allclose(here.inverse_times(v), expected, rtol=1e-7, atol=1e-10)


def test_a_penalty_on_a_line_has_its_closed_form():
    A, y = np.random.default_rng(3).normal(size=(20, 4)), np.arange(20.0)
    problem = Regularized(LeastSquares(lambda t: A @ t - y), 2.0, beta=0.5, center=[1, 2, 3, 4])
    trace = solve(problem, np.zeros(4))
    c = np.array([1.0, 2, 3, 4])
    expected = np.linalg.solve(0.5 * A.T @ A + 2 * np.eye(4), 0.5 * A.T @ y + 2 * c)
    np.testing.assert_allclose(trace.theta, expected, rtol=1e-9)


def test_a_penalty_of_a_generalized_loss_goes_with_F():
    network = Input(3) >> Tanh(3) >> Softmax(2)
    targets = np.eye(2)[np.arange(9) % 2]
    problem = Regularized(NetworkFit(network, X, targets, loss="cross_entropy"), 0.1)
    trace = solve(problem, network.theta)
    assert trace.success and np.abs(problem.linearize(trace.theta).g).max() < 1e-6


# --- parameters held


def test_a_fixed_parameter_is_none():
    fit = CurveFit(lambda theta, x: theta[0] + theta[1] * x, X[:, 0], Y[:, 0], names=["a", "b"])
    held = Fixed(fit, {"a": 0.5})
    np.testing.assert_array_equal(held.whole([2.0]), [0.5, 2.0])
    trace = solve(held, [0.0])
    expected = X[:, 0] @ (Y[:, 0] - 0.5) / (X[:, 0] @ X[:, 0])
    np.testing.assert_allclose(trace.theta, [expected], rtol=1e-9)
    for values, words in (({"c": 1}, "parameter 'c'"), ({0: 1, 1: 1}, "holds all 2 parameters"),
                          ({5: 1}, "parameter 5")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            Fixed(fit, values)


def test_wrappers_nest():
    fit = CurveFit(lambda theta, x: theta[0] + theta[1] * x + theta[2] * x**2, X[:, 0], Y[:, 0],
                   names=["a", "b", "c"])  # fmt: skip
    nested = Regularized(Robust(Fixed(fit, {"b": 0.0}), "soft_l1", 0.5), 0.1)
    bounded = Bounded(nested, [0.2, -1], [1, 1])
    trace = solve(bounded, [0.5, 0.5])
    assert trace.success, trace.message
    theirs = least_squares(
        lambda t: [np.sqrt(nested.loss(np.array(t)) * 2)], [0.5, 0.5], bounds=([0.2, -1], [1, 1]),
        xtol=1e-15, ftol=1e-15, gtol=1e-15,
    )  # fmt: skip
    assert trace.loss <= theirs.cost * (1 + 1e-8)


WRAPPED = [
    lambda fit: Robust(fit, "cauchy", 0.5),
    lambda fit: Regularized(fit, 0.1),
    lambda fit: Fixed(fit, {0: 1.0}),
    lambda fit: Bounded(fit, -9, 9),
]


@pytest.mark.parametrize("wrap", WRAPPED)
def test_a_wrapper_counts_remembers_and_is_pickled(wrap):
    problem = wrap(networks()[0])
    theta = np.linspace(-1, 1, problem.n_parameters)
    seen = problem.evaluate(theta)
    assert problem.evaluate(theta) is seen and problem.n_residuals == 1
    seen.linearize()
    assert problem.n_jacobians == 1 and problem.inner.n_residuals == 1
    again = pickle.loads(pickle.dumps(problem))
    np.testing.assert_array_equal(again.residual(theta), seen.r)
    assert repr(problem).startswith("<") and problem.eps == problem.inner.eps
    steps = list(levenberg_marquardt(problem, theta, max_steps=3))
    assert steps[-1].next_loss < steps[0].loss


def test_bad_wrappers_are_refused():
    fit = networks()[0]
    with pytest.raises(TypeError, match="problem is an int: expected a Problem"):
        Robust(3)
    with pytest.raises(ValueError, match="loss = 'hubber': expected one of 'huber'"):
        Robust(fit, "hubber")
    with pytest.raises(ValueError, match="f_scale = 0"):
        Robust(fit, "huber", 0)
    with pytest.raises(ValueError, match="alpha = -1"):
        Regularized(fit, -1)
    with pytest.raises(ValueError, match=r"center has shape \(2,\)"):
        Regularized(fit, 1.0, center=[1, 2])
    with pytest.raises(ValueError, match="with a loss of its own"):
        Robust(Robust(fit))


# --- weights and complex data


def line(theta, x):
    return theta[0] + theta[1] * x


def test_sigma_divides_r_and_a_given_jacobian():
    x, y = X[:, 0], Y[:, 0]
    sigma = np.linspace(1, 3, 9)
    given = CurveFit(line, x, y, lambda t, x: np.column_stack([np.ones(9), x]), sigma=sigma)
    without = CurveFit(line, x, y, sigma=sigma)
    theta = np.array([0.3, 0.7])
    np.testing.assert_allclose(given.residual(theta), (line(theta, x) - y) / sigma)
    np.testing.assert_allclose(given.linearize(theta).J, without.linearize(theta).J, rtol=1e-12)
    covariance = CurveFit(line, x, y, sigma=np.diag(sigma**2))
    np.testing.assert_allclose(covariance.residual(theta), given.residual(theta), rtol=1e-12)
    np.testing.assert_allclose(covariance.linearize(theta).J, given.linearize(theta).J, rtol=1e-9)


def test_sigma_goes_with_its_point_when_points_are_dropped():
    x, y, sigma = X[:, 0], Y[:, 0].copy(), np.linspace(1, 3, 9)
    y[4] = np.nan
    left = np.delete(np.arange(9), 4)
    found = CurveFit(line, x, y, missing="drop", sigma=sigma).residual([1.0, 2.0])
    np.testing.assert_allclose(
        found, CurveFit(line, x[left], y[left], sigma=sigma[left]).residual([1.0, 2.0])
    )
    C = np.diag(sigma**2) + 0.1
    found = CurveFit(line, x, y, missing="drop", sigma=C).residual([1.0, 2.0])
    some = CurveFit(line, x[left], y[left], sigma=C[np.ix_(left, left)])
    np.testing.assert_allclose(found, some.residual([1.0, 2.0]))


@pytest.mark.parametrize(
    "sigma, words",
    [
        (np.zeros(9), "sigma holds 0.0: expected numbers > 0"),
        (np.ones(4), r"sigma has shape \(4,\) and y \(9,\)"),
        (np.full(9, np.nan), "sigma holds nan"),
        (-np.eye(9), "no covariance matrix"),
        (np.arange(81.0).reshape(9, 9), "not symmetric"),
    ],
)
def test_bad_sigma_is_named(sigma, words):
    with pytest.raises(ValueError, match=words):
        CurveFit(line, X[:, 0], Y[:, 0], sigma=sigma)


def test_a_covariance_is_judged_in_its_own_unit():
    C = 1e-20 * np.eye(9)
    C[0, 1] = 0.5e-20
    with pytest.raises(ValueError, match="not symmetric"):
        CurveFit(line, X[:, 0], Y[:, 0], sigma=C)


def test_a_masked_sigma_is_none_where_its_point_is_kept():
    sigma = np.ma.masked_array(np.ones(9), mask=np.arange(9) == 4)
    with pytest.raises(ValueError, match="sigma holds nan"):
        CurveFit(line, X[:, 0], Y[:, 0], sigma=sigma)
    y = np.ma.masked_array(Y[:, 0], mask=np.arange(9) == 4)
    assert len(CurveFit(line, X[:, 0], y, sigma=sigma).residual([1.0, 2.0])) == 8


def test_sigma_is_the_problems_own():
    sigma = np.ones(9)
    problem = CurveFit(line, X[:, 0], Y[:, 0], sigma=sigma)
    sigma[:] = 7
    assert (problem.sigma == 1).all()


@pytest.mark.parametrize("kind", [np.array, iter, tuple])
def test_names_come_in_any_sequence(kind):
    problem = CurveFit(line, X[:, 0], Y[:, 0], names=kind(["a", "b"]))
    assert problem.names == ["a", "b"] and problem.n_parameters == 2


def test_what_is_held_fixed_is_checked():
    fit = CurveFit(line, X[:, 0], Y[:, 0], names=["a", "b"])
    with pytest.raises(TypeError, match="values is a list"):
        Fixed(fit, [1.0])
    with pytest.raises(ValueError, match="each parameter once"):
        Fixed(fit, {"a": 1.0, 0: 2.0})
    with pytest.raises(TypeError, match="n_parameters = 2.0"):
        Fixed(fit, {"a": 1.0}, 2.0)


def test_a_center_of_another_length_is_named():
    with pytest.raises(ValueError, match=r"center has shape \(3,\): expected a number or \(2,\)"):
        Regularized(CurveFit(line, X[:, 0], Y[:, 0]), 1, center=[1, 2, 3]).residual([1.0, 2.0])


def test_names_are_checked_and_tell_how_many():
    fit = CurveFit(line, X[:, 0], Y[:, 0], names=["a", "b"])
    with pytest.raises(ValueError, match=r"expected \(2,\)"):
        fit.residual([1.0])
    for names in (["a", "a"], []):
        with pytest.raises(ValueError, match="names"):
            CurveFit(line, X[:, 0], Y[:, 0], names=names)
    with pytest.raises(TypeError, match="names"):
        CurveFit(line, X[:, 0], Y[:, 0], names="ab")


def test_complex_data_are_fitted_in_both_parts():
    x = np.linspace(0.1, 3, 25)

    def response(theta, x):
        return theta[0] / (1 + 1j * theta[1] * x)

    def jacobian(theta, x):
        below = 1 + 1j * theta[1] * x
        return np.column_stack([1 / below, -theta[0] * 1j * x / below**2])

    rng = np.random.default_rng(0)
    y = response([2, 3], x) + 0.01 * (rng.normal(size=25) + 1j * rng.normal(size=25))
    with pytest.warns(UserWarning, match="central differences.*complex data"):
        trace = solve(CurveFit(response, x, y), [1.0, 1.0])
    exact = solve(CurveFit(response, x, y, jacobian), [1.0, 1.0])
    theirs = least_squares(
        lambda t: np.concatenate([(response(t, x) - y).real, (response(t, x) - y).imag]), [1, 1.0],
        xtol=1e-15, ftol=1e-15, gtol=1e-15,
    )  # fmt: skip
    for found in (trace, exact):
        np.testing.assert_allclose(found.theta, theirs.x, rtol=1e-7)
        assert found.problem.residual(found.theta).shape == (50,)


# --- weights of samples


@pytest.mark.parametrize("route", ["rows", "blocks", "samples"])
@pytest.mark.parametrize("last", [Linear, Tanh, Softmax])
def test_a_sample_of_weight_4_counts_as_four(route, last):
    network = Input(3) >> Tanh(3) >> last(2)
    weights = np.array([4.0, *np.ones(8)])
    one = NetworkFit(network, X, Y, route=route, weights=weights)
    several = NetworkFit(network, X[[0] * 4 + list(range(1, 9))], Y[[0] * 4 + list(range(1, 9))])
    theta = network.theta
    np.testing.assert_allclose(one.loss(theta), several.loss(theta), rtol=1e-12)
    np.testing.assert_allclose(one.linearize(theta).g, several.linearize(theta).g, rtol=1e-9)
    expected = several.linearize(theta).step(0.3)
    np.testing.assert_allclose(one.linearize(theta).step(0.3), expected, rtol=1e-8)
    for batch in one.batches(4, seed=0):
        assert batch.weights.sum() in (4.0, 5.0, 7.0, 8.0)


def test_bad_weights_are_refused():
    network = Input(3) >> Tanh(3) >> Softmax(2)
    with pytest.raises(ValueError, match=r"weights has shape \(4,\)"):
        NetworkFit(network, X, Y, weights=np.ones(4))
    with pytest.raises(ValueError, match="weights holds -1"):
        NetworkFit(network, X, Y, weights=-np.ones(9))
    with pytest.raises(ValueError, match="weights with loss = 'cross_entropy'"):
        targets = np.eye(2)[[0] * 9]
        NetworkFit(network, X, targets, loss="cross_entropy", weights=np.ones(9))


@pytest.mark.parametrize("masked", [False, True])
def test_the_weights_of_samples_left_out_are_left_out(masked):
    network = Input(3) >> Tanh(3) >> Linear(2)
    weights, gaps = np.arange(1.0, 10.0), X.copy()
    gaps[[2, 5]] = np.nan
    if masked:
        gaps = np.ma.masked_invalid(gaps)
    else:
        weights[2] = np.nan  # of a sample that is left out nothing need be known
    kept = np.delete(np.arange(9), [2, 5])
    one = NetworkFit(network, gaps, Y, missing="drop", weights=weights)
    other = NetworkFit(network, X[kept], Y[kept], weights=weights[kept])
    assert one.n_dropped == 2 and one.loss(network.theta) == other.loss(network.theta)
    np.testing.assert_array_equal(one.weights, weights[kept])
    for wrong in (weights[kept], np.where(np.arange(9) == 3, np.nan, weights)):
        with pytest.raises(ValueError, match="weights"):
            NetworkFit(network, gaps, Y, missing="drop", weights=wrong)
