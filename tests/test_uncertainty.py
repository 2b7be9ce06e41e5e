"""Standard errors, correlation, intervals, bands, profiles: against SciPy, lmfit and simulation."""

import sys
import warnings

import certified
import families
import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import norm, t

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
    Tanh,
    solve,
    uncertainty,
)
from lmteach.covariance import Inverse
from lmteach.derivatives import complex_jacobian
from lmteach.figures.your_data import fig_band

NO_LMFIT = "lmfit is not installed: python -m pip install lmfit"


def drawn(family, seed=0):
    return family.draw(np.random.default_rng(seed))


def fitted(fit, **options):
    problem = CurveFit(fit.model, fit.x, fit.y, **options)
    trace = solve(problem, fit.truth)
    assert trace.success, trace.message
    return trace


def scipys(fit, sigma=None, absolute=False):
    """(θ, pcov) of curve_fit, with an exact J, so that nothing but the formula is compared."""

    def jacobian(x, *theta):
        return complex_jacobian(lambda z: fit.model(z, x), np.array(theta))

    return curve_fit(
        lambda x, *theta: fit.model(np.array(theta), x), fit.x, fit.y, fit.truth, sigma, absolute,
        jac=jacobian, xtol=1e-14, ftol=1e-14, gtol=1e-14,
    )  # fmt: skip


@pytest.mark.parametrize("family", families.FAMILIES, ids=lambda family: family.name)
def test_the_covariance_is_scipys(family):
    fit = drawn(family)
    theta, pcov = scipys(fit)
    asked = fitted(fit).uncertainty()
    np.testing.assert_allclose(asked.theta, theta, rtol=1e-6)
    unit = np.sqrt(np.outer(pcov.diagonal(), pcov.diagonal()))
    np.testing.assert_allclose(asked.covariance / unit, pcov / unit, rtol=0, atol=1e-6)
    np.testing.assert_allclose(asked.standard_errors, np.sqrt(pcov.diagonal()), rtol=1e-6)
    reach = t.ppf(0.975, len(fit.x) - len(theta)) * np.sqrt(pcov.diagonal())
    expected = np.column_stack([theta - reach, theta + reach])
    np.testing.assert_allclose(asked.confidence(), expected, rtol=1e-5)


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("family", families.FAMILIES[:4], ids=lambda family: family.name)
def test_with_sigma_it_is_scipys_too(family, absolute):
    fit = drawn(family)
    sigma = 0.1 * np.linspace(0.5, 2, len(fit.x))
    theta, pcov = scipys(fit, sigma, absolute)
    asked = fitted(fit, sigma=sigma, absolute_sigma=absolute).uncertainty()
    np.testing.assert_allclose(asked.standard_errors, np.sqrt(pcov.diagonal()), rtol=1e-6)
    quantile = norm.ppf(0.975) if absolute else t.ppf(0.975, len(fit.x) - len(theta))
    np.testing.assert_allclose(asked.quantile(), quantile, rtol=1e-12)


def test_with_a_covariance_matrix_of_the_data_it_is_scipys_too():
    fit = drawn(families.FAMILIES[0])
    lag = np.abs(np.subtract.outer(fit.x, fit.x))
    covariance = 0.04 * np.exp(-3 * lag)
    theta, pcov = scipys(fit, covariance, True)
    asked = fitted(fit, sigma=covariance, absolute_sigma=True).uncertainty()
    np.testing.assert_allclose(asked.theta, theta, rtol=1e-6)
    np.testing.assert_allclose(asked.standard_errors, np.sqrt(pcov.diagonal()), rtol=1e-6)


@pytest.mark.parametrize("family", families.FAMILIES[:6], ids=lambda family: family.name)
def test_errors_and_correlations_are_lmfits(family):
    lmfit = pytest.importorskip("lmfit", reason=NO_LMFIT)
    fit = drawn(family, 1)
    parameters = lmfit.Parameters()
    for name, value in zip(family.names, fit.truth, strict=True):
        parameters.add(name, value=value)

    def theta_of(parameters):
        return np.array([parameters[name].value for name in family.names])

    def jacobian(parameters):
        return complex_jacobian(fit.residual, theta_of(parameters))

    found = lmfit.minimize(
        lambda parameters: fit.residual(theta_of(parameters)), parameters, Dfun=jacobian,
        xtol=1e-14, ftol=1e-14, gtol=1e-14,
    )  # fmt: skip
    asked = fitted(fit).uncertainty()
    errors = [found.params[name].stderr for name in family.names]
    np.testing.assert_allclose(asked.standard_errors, errors, rtol=1e-6)
    for j, name in enumerate(family.names):
        for k, other in enumerate(family.names):
            if j != k:
                expected = found.params[name].correl[other]
                np.testing.assert_allclose(asked.correlation[j, k], expected, rtol=0, atol=1e-6)


def test_a_parameter_at_0_has_an_error():
    """curve_fit's own differences take no step at 0 for some models; ours do."""
    x = np.linspace(-1, 1, 21)
    y = 2 * x + np.where(np.arange(21) % 2, 0.1, -0.1)
    y -= np.polyval(np.polyfit(x, y, 1), x) - 2 * x  # the fit is exactly θ = (2, 0)
    asked = solve(
        CurveFit(lambda theta, x: theta[0] * x + theta[1], x, y), [1.0, 0.0]
    ).uncertainty()
    sigma = np.sqrt(np.square(y - 2 * x).sum() / 19)
    np.testing.assert_allclose(asked.standard_errors[1], sigma / np.sqrt(21), rtol=1e-6)
    assert not asked.undetermined


def test_units_change_no_digit():
    fit = drawn(families.FAMILIES[4])
    plain = fitted(fit).uncertainty()
    other = fit.in_units(9, np.random.default_rng(3))
    scaled = solve(CurveFit(other.model, other.x, other.y), other.truth).uncertainty()
    ratio = scaled.standard_errors / np.abs(scaled.theta)
    np.testing.assert_allclose(ratio, plain.standard_errors / np.abs(plain.theta), rtol=1e-5)


# --- what is not determined


def product():
    x = np.linspace(0, 1, 12)
    return CurveFit(lambda theta, x: theta[0] * theta[1] * x + theta[2], x, 3 * x + np.cos(40 * x),
                    names=["a", "b", "c"])  # fmt: skip


def test_what_is_not_determined_is_said_by_name_and_not_warned():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asked = solve(product(), [1.0, 2.0, 0.0]).uncertainty()
        said = asked.summary()
    assert asked.undetermined == ["a", "b"]
    assert np.isinf(asked.standard_errors[:2]).all() and np.isfinite(asked.standard_errors[2])
    assert "a and b are not determined by the data" in said and "not determined" in said
    assert np.isinf(asked.confidence()[:2]).all()
    band = asked.band(np.array([0.5, 2.0]))
    assert np.isfinite(band.error).all()  # the curve is determined, where a and b are not


def test_a_parameter_without_effect_is_not_determined():
    x = np.linspace(0, 1, 9)
    problem = CurveFit(lambda theta, x: theta[0] * x + 0 * theta[1], x, x + 0.1 * np.sin(9 * x))
    asked = uncertainty(problem, solve(problem, [0.0, 1.0]).theta)
    assert asked.undetermined == ["θ[1]"]


def test_as_many_data_as_parameters_leave_no_error():
    asked = solve(
        CurveFit(lambda t, x: t[0] + t[1] * x, [0.0, 1], [1.0, 2]), [0.0, 0]
    ).uncertainty()
    assert asked.dof == 0 and np.isinf(asked.standard_errors).all()
    assert "No datum is left" in asked.summary()


def test_one_datum_tells_no_noise_and_no_limit_and_nothing_warns():
    fit = CurveFit(lambda t, x: t[0] * x, [0.5], [1.0])
    asked = solve(fit, [1.0]).uncertainty()
    band = asked.band([0.0, 1.0])  # at 0 the curve is 0, whatever θ is
    assert band.error[0] == 0 and band.error[1] == np.inf
    assert "No datum is left" in asked.profile(0).note


def test_an_exact_fit_says_that_its_errors_are_rounding():
    x = np.linspace(0, 3, 20)
    asked = solve(CurveFit(lambda t, x: t[0] * t[1] * x, x, 3 * x), [1.0, 2.0]).uncertainty()
    assert np.isinf(asked.standard_errors).all()
    assert "nothing but rounding" in asked.summary() and "rounding" in asked.profile(0).note
    level = solve(CurveFit(lambda t, x: t[0] * np.exp(-t[1] * x) + t[2], x, 0 * x + 3), [1, 1, 0])
    assert "rounding" in level.uncertainty().profile(1).note
    exact = uncertainty(CurveFit(lambda t, x: t[0] * t[1] * x, x, 2 * x), [1.0, 2.0])
    assert exact.sigma == 0 and np.isinf(exact.standard_errors).all()


def test_a_run_without_success_is_said_with_the_errors():
    fit = drawn(families.FAMILIES[0])
    trace = solve(CurveFit(fit.model, fit.x, fit.y), fit.truth, max_steps=1)
    said = "The run did not succeed. Not finished: 1 trial was made, as many as max_steps allows."
    asked = trace.uncertainty()
    assert said in asked.summary() and said in asked._repr_html_()
    assert "not succeed" not in uncertainty(trace.problem, trace.theta).summary()


def test_a_profile_where_f_is_infinite_is_refused_in_words():
    fit = CurveFit(lambda t, x: t[0] * x, np.ones(5), 1e200 * np.arange(5))
    with pytest.raises(ValueError, match="F is inf at θ: expected a θ where F is finite"):
        uncertainty(fit, [1e200]).profile(0)


def test_the_inverse_by_jacobian_and_by_gram_agree():
    J = np.random.default_rng(0).normal(size=(30, 5)) * np.geomspace(1e-6, 1e6, 5)
    one, other = Inverse.of_jacobian(J), Inverse.of_gram(J.T @ J)
    np.testing.assert_allclose(one.errors, other.errors, rtol=1e-9)
    expected = np.linalg.pinv(J / np.geomspace(1e-6, 1e6, 5))
    np.testing.assert_allclose(
        one.errors, np.linalg.norm(expected, axis=1) / np.geomspace(1e-6, 1e6, 5), rtol=1e-9
    )


# --- curves, functions, networks


def test_the_band_of_a_line_is_the_textbooks():
    x = np.linspace(0, 4, 15)
    y = 1 + 2 * x + 0.3 * np.cos(11 * x)
    asked = solve(
        CurveFit(lambda theta, x: theta[0] + theta[1] * x, x, y), [0.0, 0.0]
    ).uncertainty()
    at = np.array([-1.0, 2.0, 7.0])
    lever = 1 / 15 + (at - x.mean()) ** 2 / np.square(x - x.mean()).sum()
    np.testing.assert_allclose(asked.band(at).error, asked.sigma * np.sqrt(lever), rtol=1e-9)
    new = asked.band(at, level=0.9, new=True)
    np.testing.assert_allclose(new.error, asked.sigma * np.sqrt(1 + lever), rtol=1e-9)
    np.testing.assert_allclose(new.high - new.value, t.ppf(0.95, 13) * new.error, rtol=1e-9)


def test_the_error_of_a_function_of_theta():
    fit = drawn(families.FAMILIES[0])
    asked = fitted(fit).uncertainty()
    value, error = asked.error_of(lambda theta: np.log(2) / theta[1])
    np.testing.assert_allclose(value, np.log(2) / asked.theta[1])
    expected = np.log(2) / asked.theta[1] ** 2 * asked.standard_errors[1]
    np.testing.assert_allclose(error, expected, rtol=1e-6)


def small_network(seed=0, N=40):
    rng = np.random.default_rng(seed)
    X = np.linspace(-1, 1, N)[:, None]
    return NetworkFit(
        Input(1) >> Tanh(3) >> Linear(1), X, np.sin(3 * X) + 0.1 * rng.normal(size=X.shape)
    )


def test_the_band_of_a_network_is_that_of_its_curve():
    problem = small_network()
    theta = solve(problem, problem.network.theta).theta
    at = np.linspace(-1.5, 1.5, 7)
    curve = CurveFit(
        lambda theta, x: problem.network.forward(x[:, None], theta)[-1].ravel(),
        problem.X.ravel(), problem.Y.ravel(),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a network takes no complex θ
        expected = uncertainty(curve, theta).band(at)
    found = uncertainty(problem, theta).band(at[:, None])
    np.testing.assert_allclose(found.value.ravel(), expected.value, rtol=1e-9)
    np.testing.assert_allclose(found.error.ravel(), expected.error, rtol=1e-3)


def test_a_large_network_is_asked_without_its_jacobian(monkeypatch):
    """(βJᵀJ + αI)⁻¹ through JJᵀ, the same as from J itself."""
    rng = np.random.default_rng(0)
    network = Input(30) >> Tanh(20) >> Linear(2)
    X, Y = rng.normal(size=(12, 30)), rng.normal(size=(12, 2))
    problem = Regularized(NetworkFit(network, X, Y, route="samples"), 0.5, beta=2.0)
    theta = solve(problem, network.theta, max_steps=5).theta
    expected = uncertainty(problem, theta).band(X[:2])
    module = sys.modules["lmteach.uncertainty"]  # the package hands out the function of that name
    monkeypatch.setattr(module, "WHOLE", 1)
    monkeypatch.setattr(module, "MOST_PARAMETERS", 1)
    asked = uncertainty(problem, theta)
    np.testing.assert_allclose(asked.band(X[:2]).error, expected.error, rtol=1e-6)
    assert "662 parameters" in asked.summary() and "<p>" in asked._repr_html_()
    with pytest.raises(ValueError, match="J is never formed.*band"):
        _ = asked.covariance
    with pytest.raises(ValueError, match="Regularized"):
        uncertainty(problem.inner, theta)


@pytest.mark.parametrize("alpha", [1e-9, 0.5, 1e4])
def test_gamma_of_a_large_network_is_that_of_its_singular_values(alpha, monkeypatch):
    rng = np.random.default_rng(0)
    problem = Regularized(
        NetworkFit(
            Input(8) >> Tanh(5) >> Linear(2), rng.normal(size=(12, 8)), rng.normal(size=(12, 2))
        ), alpha, beta=2.0,
    )  # fmt: skip
    theta = problem.inner.network.theta
    module = sys.modules["lmteach.uncertainty"]
    expected = module.n_effective(problem, theta=theta)
    monkeypatch.setattr(module, "WHOLE", 1)
    np.testing.assert_allclose(module.n_effective(problem, theta=theta), expected, rtol=1e-7)
    twins = Regularized(
        NetworkFit(problem.inner.network, np.ones((40, 8)), np.ones((40, 2))), alpha
    )
    rank_2 = module.n_effective(twins, theta=theta)  # 80 rows, of which two are different
    assert 0 < rank_2 < 2.001


# --- profiles


def test_the_profile_of_a_line_is_its_interval():
    x = np.linspace(0, 4, 15)
    problem = CurveFit(lambda theta, x: theta[0] + theta[1] * x, x, x + 0.3 * np.cos(11 * x))
    asked = solve(problem, [0.0, 0.0]).uncertainty()
    for j in (0, 1):
        along = asked.profile(j)
        np.testing.assert_allclose([along.low, along.high], asked.confidence()[j], rtol=1e-4)
        steep = along.tau[along.values != asked.theta[j]]
        away = along.values[along.values != asked.theta[j]] - asked.theta[j]
        np.testing.assert_allclose(steep * asked.standard_errors[j], away, rtol=1e-6)


def test_the_profile_is_lmfits():
    lmfit = pytest.importorskip("lmfit", reason=NO_LMFIT)
    fit = drawn(families.FAMILIES[0], 2)
    parameters = lmfit.Parameters()
    for name, value in zip("abc", fit.truth, strict=True):
        parameters.add(name, value=value)
    mini = lmfit.Minimizer(lambda p: fit.residual(np.array([p["a"], p["b"], p["c"]])), parameters)
    theirs = lmfit.conf_interval(mini, mini.minimize(), sigmas=[0.95], p_names=["b"])["b"]
    along = fitted(fit).uncertainty().profile(1)
    np.testing.assert_allclose([along.low, along.high], [theirs[0][1], theirs[2][1]], rtol=1e-3)


def test_an_open_end_is_said():
    x = np.linspace(0, 1, 8)
    y = 1 - np.exp(-30 * x) + 0.1 * np.cos(7 * x)
    problem = CurveFit(lambda theta, x: theta[0] * (1 - np.exp(-theta[1] * x)), x, y)
    along = solve(problem, [1.0, 20.0]).uncertainty().profile(1)
    assert along.high == np.inf and np.isfinite(along.low)
    assert "no limit there" in str(along) and "above" in str(along)


# --- coverage: the intervals hold the truth as often as they say


def covered(model, truth, x, sigma, n, ask, seed=0):
    """Part of n simulated data sets in which `ask(uncertainty)` holds each parameter's truth."""
    rng, hits = np.random.default_rng(seed), []
    for _ in range(n):
        y = model(truth, x) + sigma * rng.normal(size=len(x))
        asked = solve(CurveFit(model, x, y), truth, history="light").uncertainty()
        low, high = ask(asked).T
        hits.append((low <= truth) & (truth <= high))
    return np.mean(hits, axis=0)


def test_intervals_of_a_line_cover():
    x, truth = np.linspace(0, 1, 12), np.array([1.0, 2.0])
    found = covered(lambda t, x: t[0] + t[1] * x, truth, x, 0.2, 200, lambda a: a.confidence())
    assert (found > 0.9).all() and (found < 0.99).all()


# --- wrappers, and words


def test_a_fixed_parameter_is_known():
    fit = drawn(families.FAMILIES[0])
    problem = Fixed(CurveFit(fit.model, fit.x, fit.y, names=["a", "b", "c"]), {"c": fit.truth[2]})
    asked = solve(problem, fit.truth[:2]).uncertainty()
    assert asked.names == ["a", "b"]
    free = fitted(fit).uncertainty()
    assert (asked.standard_errors < free.standard_errors[:2]).all()
    assert asked.band(fit.x[:3]).error.shape == (3,)


def test_robust_errors_are_those_of_simulation():
    rng, x = np.random.default_rng(0), np.linspace(0, 1, 60)
    ends, errors = [], []
    for _ in range(100):
        y = (
            1
            + 2 * x
            + 0.1 * rng.normal(size=60)
            + (rng.uniform(size=60) < 0.1) * rng.normal(size=60)
        )
        problem = Robust(CurveFit(lambda t, x: t[0] + t[1] * x, x, y), "huber", 0.13)
        trace = solve(problem, [0.0, 0.0], history="light")
        ends.append(trace.theta)
        errors.append(trace.uncertainty().standard_errors)
    ratio = np.mean(errors, axis=0) / np.std(ends, axis=0)
    assert (ratio > 0.75).all() and (ratio < 1.33).all()


def test_the_summary_fits_on_one_screen():
    asked = solve(product(), [1.0, 2.0, 0.0]).uncertainty()
    lines = asked.summary().splitlines()
    assert len(lines) < 25 and max(map(len, lines)) < 100
    assert asked._repr_html_().startswith("<table>")
    network = small_network()
    many = uncertainty(network, solve(network, network.network.theta).theta).summary()
    assert len(many.splitlines()) < 40


def test_bad_questions_are_refused():
    asked = solve(product(), [1.0, 2.0, 0.0]).uncertainty()
    with pytest.raises(ValueError, match="parameter 'd': expected one of a, b, c"):
        asked.profile("d")
    with pytest.raises(ValueError, match="level = 2: expected a number between 0 and 1"):
        asked.confidence(2)
    with pytest.raises(TypeError, match="a Trace of solve"):
        uncertainty([1, 2])
    problem = LeastSquares(lambda theta: theta - 1.0)
    with pytest.raises(TypeError, match="without a curve.*error_of"):
        uncertainty(problem, [0.0, 0.0]).band([1.0])


def test_a_band_is_drawn_without_the_points_that_are_missing():
    x, y = np.arange(9.0), 2 * np.arange(9.0) + np.cos(np.arange(9))
    y[4] = np.nan
    fit = CurveFit(lambda t, x: t[0] * x, x, y, sigma=np.full(9, 0.5), missing="drop")
    asked = solve(fit, [1.0]).uncertainty()
    for came in (y, np.ma.masked_invalid(y), list(y)):
        picture = fig_band(x, came, asked, labels=("time [s]", "height"))
        assert "8 data" in picture.alt and picture.axes[0].get_xlabel() == "time [s]"
    assert " times the σ given." in asked.summary()


# --- certified, nested, and what is not a minimum


@pytest.mark.parametrize("fit", certified.FITS, ids=lambda fit: fit.name)
def test_standard_errors_are_the_certified_ones(fit):
    with np.errstate(over="ignore"):  # of a trial too far out
        asked = solve(CurveFit(fit.model, fit.x, fit.y), fit.start).uncertainty()
    np.testing.assert_allclose(asked.theta, fit.theta, rtol=1e-9)
    np.testing.assert_allclose(asked.standard_errors, fit.deviations, rtol=1e-9)
    assert not asked.undetermined and asked.distance < 0.01


def decay(outliers=True, **options):
    rng = np.random.default_rng(1)
    x = np.linspace(0, 4, 40)
    y = 2 * np.exp(-1.3 * x) + 0.5 + 0.05 * rng.normal(size=40)
    y[::9] += 2 * outliers
    return CurveFit(lambda p, x: p[0] * np.exp(-p[1] * x) + p[2], x, y, **options)


NESTED = {
    "robust": lambda fit: Robust(fit, "soft_l1", 0.1),
    "regularized": lambda fit: Regularized(fit, 0.1),
}


@pytest.mark.parametrize("kind", NESTED)
def test_bounds_far_away_and_the_order_of_wrappers_change_no_error(kind):
    wrap = NESTED[kind]
    free = solve(wrap(decay()), [1, 1, 1]).uncertainty()
    wide = solve(wrap(decay()), [1, 1, 1], bounds=(-9, 9)).uncertainty()
    inside = solve(wrap(Bounded(decay(), -9, 9)), [1, 1, 1]).uncertainty()
    for other in (wide, inside):
        np.testing.assert_allclose(other.standard_errors, free.standard_errors, rtol=1e-5)
        assert other.dof == pytest.approx(free.dof) and other.n_data == 40
    before = solve(wrap(Fixed(decay(), {1: 1.3}, 3)), [1, 1]).uncertainty()
    after = solve(Fixed(wrap(decay()), {1: 1.3}, 3), [1, 1]).uncertainty()
    np.testing.assert_allclose(before.standard_errors, after.standard_errors, rtol=1e-5)
    assert before.dof == pytest.approx(after.dof)


def test_a_robust_loss_and_a_penalty_have_no_formula_together():
    both = Regularized(Robust(decay()), 0.1)
    with pytest.raises(ValueError, match="expected one robust loss or one penalty"):
        solve(both, [1, 1, 1]).uncertainty()


def test_the_profile_of_a_robust_loss_is_about_its_straight_interval():
    asked = solve(Robust(decay(False), "huber", 0.05), [1, 1, 1]).uncertainty()
    low, high = asked.confidence()[2]
    profile = asked.profile(2)
    assert profile.high - profile.low == pytest.approx(high - low, rel=0.1)


def test_a_theta_that_is_no_minimum_is_said():
    unfinished = solve(decay(), [1, 1, 1], max_steps=2).uncertainty()
    assert unfinished.distance > 1 and "not at a minimum" in unfinished.summary()
    end = solve(decay(), [1, 1, 1]).uncertainty()
    assert end.distance < 1e-3 and "not at a minimum" not in end.summary()
    wall = solve(decay(), [1, 1, 1], bounds=([0, 0, 0.6], [3, 1, 3])).uncertainty()
    assert "not at a minimum" not in wall.summary()


def test_data_without_noise_leave_no_width():
    x = np.linspace(0, 4, 9)
    exact = CurveFit(lambda p, x: p[0] * x + p[1], x, 2 * x + 1)
    asked = solve(exact, [1, 1]).uncertainty()
    assert max(asked.standard_errors) < 1e-14
    profile = asked.profile(0)
    assert profile.low == pytest.approx(2) and profile.high == pytest.approx(2)


def impedance(**options):
    rng = np.random.default_rng(0)
    w = np.logspace(0, 5, 30)
    noise = 0.3 * (rng.normal(size=30) + 1j * rng.normal(size=30))
    fit = CurveFit(circuit, w, circuit((10, 100, 1e-4), w) + noise, **options)
    return solve(fit, [5, 50, 2e-4]).uncertainty()


def circuit(theta, w):
    return theta[0] + 1 / (1 / theta[1] + 1j * w * theta[2])


@pytest.mark.filterwarnings("ignore:jacobian by central differences")
def test_the_band_of_a_complex_curve_is_of_both_parts():
    asked, w = impedance(), np.array([1.0, 100.0, 1e4])
    band = asked.band(w)
    np.testing.assert_allclose(band.value, circuit(asked.theta, w))
    stacked = asked.error_of(lambda theta: np.r_[circuit(theta, w).real, circuit(theta, w).imag])
    np.testing.assert_allclose(np.r_[band.error.real, band.error.imag], stacked[1], rtol=1e-6)
    assert (band.low.imag < band.value.imag).all() and (band.value.real < band.high.real).all()
    new = asked.band(w, new=True).error
    np.testing.assert_allclose(new.imag, np.hypot(band.error.imag, asked.sigma))


def test_what_is_asked_of_a_band_is_checked():
    asked = solve(decay(False), [1, 1, 1]).uncertainty()
    for new, kind in ((-1, ValueError), (np.nan, ValueError), ("a", TypeError)):
        with pytest.raises(kind, match="new"):
            asked.band([1.0, 2.0], new=new)
    with pytest.raises(ValueError, match=r"new has shape \(3,\): expected \(2,\)"):
        asked.band([1.0, 2.0], new=[1, 1, 1])
    with pytest.raises(TypeError, match="x holds 'a'"):
        asked.band(["a"])
    with pytest.raises(TypeError, match="level = 'a'"):
        asked.confidence("a")
    with pytest.raises(TypeError, match=r"f\(theta\) has dtype"):
        asked.error_of(lambda theta: "a")
    short = asked.band(np.arange(3, dtype=np.uint8))
    np.testing.assert_allclose(short.value, asked.band([0.0, 1.0, 2.0]).value)


@pytest.mark.parametrize("unit", [1e-200, 1e-9, 1e9, 1e200])
def test_the_unit_of_the_data_changes_no_error(unit):
    x = np.linspace(0, 4, 40)
    y = 2 * np.exp(-x) + 0.1 * np.sin(9 * x)
    fit = CurveFit(lambda p, x: unit * p[0] * np.exp(-p[1] * x), x, unit * y)
    plain = CurveFit(lambda p, x: p[0] * np.exp(-p[1] * x), x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asked, other = (solve(problem, [1, 1]).uncertainty() for problem in (fit, plain))
    np.testing.assert_allclose(asked.standard_errors, other.standard_errors, rtol=1e-5)
    assert asked.sigma == pytest.approx(unit * other.sigma) and asked.distance < 0.01


def test_a_new_datum_has_the_sigma_that_all_have_and_none_of_many():
    asked = solve(decay(False, sigma=0.05, absolute_sigma=True), [1, 1, 1]).uncertainty()
    curve, new = asked.band([1.0]).error, asked.band([1.0], new=True).error
    np.testing.assert_allclose(new, np.hypot(curve, 0.05))
    scaled = solve(decay(False, sigma=7.0), [1, 1, 1]).uncertainty()
    plain = solve(decay(False), [1, 1, 1]).uncertainty()
    np.testing.assert_allclose(
        scaled.band([1.0], new=True).error, plain.band([1.0], new=True).error, rtol=1e-6
    )
    fit = NetworkFit(
        (Input(1) >> Linear(1)).initialize(0), X := np.eye(5)[:, :1], X, weights=range(1, 6)
    )
    with pytest.raises(ValueError, match="new = True where every datum"):
        solve(fit, [1.0, 0.5]).uncertainty().band(X, new=True)
