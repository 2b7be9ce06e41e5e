"""`litmus`: true solvers fail nothing, and each wrong one is named by its sentence."""

import json
import re
import sys
import time
from functools import partial

import numpy as np
import pytest
from litmus_zoo import TRUE, WRONG, textbook
from scipy.optimize import least_squares, leastsq, minimize

import lmteach
from lmteach.litmus import litmus
from lmteach.litmus.mistakes import SENTENCES

NINE = [f"L{k}" for k in range(1, 10)]


@pytest.mark.parametrize("name", TRUE)
def test_a_true_one_fails_nothing(name):
    report = litmus(TRUE[name]())
    assert report.failed == [] and report.mistakes == [] and report.passed is True, str(report)
    assert set(report.not_applicable) <= {"L5", "L7"}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_one_is_named_first(name):
    make, words = WRONG[name]
    report = litmus(make())
    assert not report.passed and words in report.mistakes[0], str(report)


def test_the_zoo_and_the_catalogue_are_large_enough():
    assert len(TRUE) >= 12 and len(WRONG) >= 24 and len(SENTENCES) >= 16
    assert len(set(SENTENCES.values())) == len(SENTENCES)


def test_gauss_newton_fails_three_tests_and_no_other():
    report = litmus(WRONG["newton_gauss"][0]())
    assert report.failed == ["L2", "L4", "L6"] and "Gauss-Newton" in report.mistakes[0]


def wrong_twice(residual, jacobian, theta, mu):
    """J of the squared errors, in blocks, with a flipped sign and a constant μ."""
    e = residual(theta)
    J = 2 * e[:, None] * jacobian(theta)
    return theta + (J.T @ e**2) / ((J**2).sum(axis=0) + 0.1), True, {}


def test_several_mistakes_are_all_told():
    report = litmus(wrong_twice)
    told = " ".join(report.mistakes)
    for words in ("squared errors", "blocks", "sign is wrong", "0.1", "bad step is kept"):
        assert words in told
    assert "run litmus again" in str(report)


def test_what_cannot_be_told_apart_is_told_together():
    sentence = litmus(WRONG["climbs"][0]()).mistakes[0]
    assert "target − prediction" in sentence and "added where it should be subtracted" in sentence
    assert "cannot be told apart" in sentence


def test_the_damping_matrix_is_named():
    for name, words in (
        ("textbook", "D² is I."),
        ("marquardt_scaled", "D² is diag(JᵀJ)."),
        ("mean_of_squares", "D² is 9·I."),
        ("twice_on_both_sides", "D² is 0.5·I."),
    ):
        assert litmus(TRUE[name]()).results[1].seen == words


def test_the_report_says_the_same_in_three_forms():
    report = litmus(WRONG["no_bias"][0](), name="<mine>")
    told = json.loads(report.to_json())
    assert [r["name"] for r in told["results"]] == NINE
    assert told["failed"] == report.failed and told["passed"] is False
    assert told["mistakes"] == report.mistakes
    html = report._repr_html_()
    assert "&lt;mine&gt;" in html and "<mine>" not in html
    for r in report.results:
        assert r.title in str(report) and r.name in html
    assert report.mistakes[0] in str(report) and "θ[3]" in report.mistakes[0]


def test_a_step_function_takes_less_than_three_seconds_of_processor_time():
    for f in (textbook, WRONG["two_on_one_side"][0]()):
        before = time.process_time()
        litmus(f)
        assert time.process_time() - before < 3


# Whole solvers ------------------------------------------------------------------------------------


def wrapped_leastsq(residual, jacobian, theta0):
    return leastsq(residual, theta0, Dfun=jacobian)[0]


def wrapped_solve(residual, jacobian, theta0):
    return lmteach.solve(lmteach.LeastSquares(residual, jacobian), theta0).theta


LM = lmteach.levenberg_marquardt
PEERS = {
    "SciPy's lm": partial(least_squares, method="lm"),
    "SciPy's trf": least_squares,
    "SciPy's trf, scaled": partial(least_squares, x_scale="jac"),
    "MINPACK": wrapped_leastsq,
    "solve": lmteach.solve,
    "solve, wrapped": wrapped_solve,
    "identity": LM,
    "Marquardt": partial(LM, scaling="marquardt"),
    "Moré": partial(LM, scaling="more"),
    "geodesic": partial(LM, geodesic=True),
    "neupy's factor": partial(LM, damping=lmteach.Factor(1.2)),
    "constant": partial(LM, damping=lmteach.Factor(1)),
    "ten": partial(LM, damping=lmteach.Factor(10)),
}


@pytest.mark.parametrize("name", PEERS)
def test_the_peers_and_our_own_fail_nothing(name):
    report = litmus(PEERS[name], name=name)
    assert report.passed and not report.mistakes, str(report)


def whole(direction, judges=True, rule=(0.1, 10), late=False, stale=False):
    """A solver with the usual loop; `rule` multiplies μ after a fall and after a rise of F."""

    def solver(residual, jacobian, theta0):
        theta, mu, fell, J0 = np.array(theta0), 0.01, [True], jacobian(theta0)
        for _ in range(60):
            r, J = residual(theta), (J0 if stale else jacobian(theta))
            new = theta + direction(r, J, mu)
            fell.append(bool(np.sum(residual(new) ** 2) < r @ r))
            mu *= rule[0] if fell[-2 if late else -1] else rule[1]
            theta = new if fell[-1] or not judges else theta
            if not np.abs(theta).max() < 1e9 or np.linalg.norm(J.T @ r) < 1e-9:
                break
        return theta

    return solver


def damped(r, J, mu):
    return -np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), J.T @ r)


def of_squares(r, J, mu):
    return damped(r**2, 2 * r[:, None] * J, mu)


def in_blocks(r, J, mu):
    return -(J.T @ r) / ((J**2).sum(axis=0) + mu)


def undamped(r, J, mu):
    return np.linalg.lstsq(J, -r, rcond=None)[0]


def adam(residual, jacobian, theta):
    m = v = 0.0
    for t in range(1, 300):
        g = jacobian(theta).T @ residual(theta)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta


def descent(residual, jacobian, theta):
    for _ in range(200):
        theta = theta - 1e-3 * jacobian(theta).T @ residual(theta)
    return theta


WRONG_WHOLE = {
    "squared errors": whole(of_squares),
    "blocks": whole(in_blocks),
    "Gauss-Newton": whole(undamped, judges=False),
    "sign is wrong": whole(lambda r, J, mu: -damped(r, J, mu), judges=False),
    "bad step is kept": whole(damped, judges=False),
    "μ is late": whole(damped, judges=False, late=True),
    "μ never changes": whole(damped, judges=False, rule=(1, 1)),
    "μ moves the wrong way": whole(damped, rule=(10, 0.1)),
    "J is stale": whole(damped, stale=True),
    "same refused trial": whole(damped, rule=(1, 1)),
    "all entries": whole(lambda r, J, mu: -np.linalg.solve(J.T @ J + mu, J.T @ r)),
    "factor of 2": whole(lambda r, J, mu: 2 * damped(r, J, mu)),
    "along −g only": whole(lambda r, J, mu: damped(np.array([r @ r]), (J.T @ r)[None], mu)),
    "summed": whole(lambda r, J, mu: damped(np.array([r.sum()]), J.sum(axis=0)[None], mu)),
    "clipped entry by entry": whole(lambda r, J, mu: np.clip(damped(r, J, mu), -0.05, 0.05)),
    "dogleg": whole(lambda r, J, mu: 0.5 * undamped(r, J, mu) - 0.05 * J.T @ r),
    "Adam": adam,
    "plain gradient descent": descent,
}


@pytest.mark.parametrize("words", WRONG_WHOLE)
def test_a_wrong_whole_solver_is_named(words):
    report = litmus(WRONG_WHOLE[words])
    assert not report.passed and words in " ".join(report.mistakes), str(report)


def with_a_line_search(residual, jacobian, theta0):
    theta = np.array(theta0)
    for _ in range(60):
        r = residual(theta)
        h = undamped(r, jacobian(theta), 0)
        while np.sum(residual(theta + h) ** 2) > r @ r and np.abs(h).max() > 1e-10:
            h = h / 2
        theta = theta + h
    return theta


def with_the_residual_of_a_refused_trial(residual, jacobian, theta0):
    theta, mu, r = np.array(theta0), 1.0, residual(theta0)
    for _ in range(60):
        h, F = damped(r, jacobian(theta), mu), r @ r
        r = residual(theta + h)
        theta, mu = (theta + h, mu / 10) if r @ r < F else (theta, mu * 10)
    return theta


def drawn_to_zero(r, J, mu, theta):
    return np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), -J.T @ r - mu * theta)


def with_a_penalty(residual, jacobian, theta0):
    theta, mu = np.array(theta0), 0.01
    for _ in range(100):
        r = residual(theta)
        h = drawn_to_zero(r, jacobian(theta), mu, theta)
        fell = np.sum(residual(theta + h) ** 2) < r @ r
        theta, mu = (theta + h, mu / 10) if fell else (theta, mu * 10)
    return theta


def three_trials(residual, jacobian, theta0):
    theta, mu = np.array(theta0), 1.0
    for _ in range(3):
        r = residual(theta)
        h = damped(r, jacobian(theta), mu)
        fell = np.sum(residual(theta + h) ** 2) < r @ r
        theta, mu = (theta + h, mu / 2) if fell else (theta, mu * 2)
    return theta


def only_uphill(residual, jacobian, theta0):
    theta, mu = np.array(theta0), 0.01
    for _ in range(100):
        r = residual(theta)
        h = damped(r, jacobian(theta), mu)
        rose = np.sum(residual(theta + h) ** 2) > r @ r
        theta, mu = (theta + h, mu / 10) if rose else (theta, mu * 10)
    return theta


def without_derivatives(residual, jacobian, theta0):
    return minimize(lambda t: np.sum(residual(t) ** 2), theta0, method="Nelder-Mead").x


def start_returned(residual, jacobian, theta0):
    whole(damped)(residual, jacobian, theta0)
    return theta0


FIRST_SAID = {
    "only shorter": with_a_line_search,
    "whole JᵀJ": whole(lambda r, J, mu: undamped(r, J, 0) / (1 + mu)),
    "r is stale": with_the_residual_of_a_refused_trial,
    "penalty on the parameters": with_a_penalty,
    "ends before the minimum": three_trials,
    "verdict is turned round": only_uphill,
    "No known mistake reproduces its trials": without_derivatives,
    "never made": start_returned,
    "μ never reaches the matrix": whole(undamped, judges=False),
    "bad step is kept": whole(damped, judges=False, rule=(0.2, 0.2)),
    "blocks": whole(lambda r, J, mu: -(J.T @ r) / ((J**2).sum(axis=0) * (1 + mu))),
}


@pytest.mark.parametrize("words", FIRST_SAID)
def test_what_is_said_first_of_a_whole_solver(words):
    report = litmus(FIRST_SAID[words])
    assert not report.passed and words in report.mistakes[0], str(report)


def test_what_a_mistake_makes_of_mu_is_no_second_mistake():
    uphill = whole(lambda r, J, mu: -damped(r, J, mu))
    for solver in (whole(undamped, judges=False), uphill):
        assert "wrong way" not in " ".join(litmus(solver).mistakes)


def tries_h_and_moves_elsewhere(residual, jacobian, theta0):
    theta, mu = np.array(theta0), 0.1
    for _ in range(80):
        r, J = residual(theta), jacobian(theta)
        h = damped(r, J, mu)
        fell = np.sum(residual(theta + h) ** 2) < r @ r
        theta, mu = (theta + 0.8 * h, mu / 3) if fell else (theta, mu * 3)
    return theta


def test_the_step_that_is_tried_must_be_the_step_that_is_made():
    assert "moves by 0.8·h" in litmus(tries_h_and_moves_elsewhere).mistakes[0]

    def step(residual, jacobian, theta, mu):
        new, accepted, info = textbook(residual, jacobian, theta, mu)
        return theta + np.tanh(new - theta), accepted

    assert "entry by entry" in litmus(step).mistakes[0]


def test_two_mistakes_of_a_whole_solver_are_both_told():
    for direction, options, words in (
        (of_squares, {"judges": False, "late": True}, ("squared errors", "μ is late")),
        (in_blocks, {"rule": (2, 0.5)}, ("blocks", "wrong way")),
        (in_blocks, {"judges": False}, ("blocks", "bad step is kept")),
    ):
        told = " ".join(litmus(whole(direction, **options)).mistakes)
        assert all(word in told for word in words), told


def in_single_precision(residual, jacobian, theta0):
    theta, mu, one = np.float32(theta0), np.float32(0.01), np.eye(len(theta0), dtype=np.float32)

    def errors(t):
        return np.float32(residual(t.astype(float)))

    for _ in range(100):
        r, J = errors(theta), np.float32(jacobian(theta.astype(float)))
        new = theta + np.linalg.solve(J.T @ J + mu * one, -J.T @ r)
        fell = np.sum(errors(new) ** 2) < r @ r
        theta = new if fell else theta
        mu = np.float32(max(mu / 10, 1e-7) if fell else min(mu * 10, 1e8))
    return theta.astype(float)


def too_long_a_radius(residual, jacobian, theta0):
    """A trust region that makes one trial several times, until its radius is short enough."""
    theta, radius = np.array(theta0), 100.0
    for _ in range(200):
        r, J = residual(theta), jacobian(theta)
        if radius < 1e-9 or np.linalg.norm(J.T @ r) < 1e-9:
            break
        low, high, h = 0.0, np.linalg.norm(J.T @ r) / radius, damped(r, J, 1e-14)
        while np.linalg.norm(h) > 1.1 * radius:
            low = (low + high) / 2
            h = damped(r, J, low)
        fell = np.sum(residual(theta + h) ** 2) < r @ r
        theta, radius = (theta + h, radius) if fell else (theta, radius / 2)
    return theta


@pytest.mark.parametrize("solver", [whole(damped), in_single_precision, too_long_a_radius])
def test_a_true_whole_solver_passes(solver):
    report = litmus(solver)
    assert report.passed and not report.mistakes, str(report)


def test_other_methods_that_are_right_are_no_levenberg_marquardt():
    def bfgs(residual, jacobian, theta0):
        def loss(t):
            return 0.5 * residual(t) @ residual(t), jacobian(t).T @ residual(t)

        return minimize(loss, theta0, jac=True).x

    report = litmus(bfgs)
    assert "L2" in report.failed and "steps before" in report.mistakes[0]
    assert "L2" in litmus(partial(least_squares, method="dogbox")).failed


# Things that bring their model, and things that are only to be called -----------------------------


def test_our_class_in_neupys_shape_passes():
    from lmteach import algorithms

    report = litmus(algorithms.LevenbergMarquardt)
    assert report.passed and report.not_applicable == ["L5", "L7"], str(report)


class LikeNeupy:
    """What neupy's class computed: J of the squared errors, a late μ, no way back."""

    def __init__(self, network):
        self.network, self.mu, self.last = network, 0.1, np.inf

    def predict(self, X):
        return self.network.predict(X)

    def one_training_update(self, X, y):
        theta = self.network.theta
        e = (self.predict(X) - y).ravel()
        self.mu = self.mu / 1.2 if np.mean(e**2) < self.last else self.mu * 1.2
        self.last = np.mean(e**2)
        rows = []
        for d in 1e-6 * np.eye(len(theta)):
            self.network.theta = theta + d
            rows.append(((self.predict(X) - y).ravel() - e) / 1e-6)
        J = 2 * e[:, None] * np.array(rows).T
        h = -np.linalg.solve(J.T @ J + self.mu * np.eye(len(theta)), J.T @ e**2)
        self.network.theta = theta + h


def test_what_neupys_class_computed_is_named():
    report = litmus(LikeNeupy)
    assert "squared errors" in report.mistakes[0], str(report)
    assert "L1" in report.failed and "L2" in report.failed


class Line:
    """A least-squares line in scikit-learn's shape."""

    def fit(self, X, y):
        self.w = np.linalg.lstsq(np.c_[X, np.ones(len(X))], y, rcond=None)[0]
        return self

    def predict(self, X):
        return np.c_[X, np.ones(len(X))] @ self.w


class Wavering(Line):
    """The same, with training errors that rise."""

    losses = (3.0, 1.0, 2.0)


class FitAdam(Line):
    """Adam in scikit-learn's shape."""

    def fit(self, X, y):
        A, self.losses = np.c_[X, np.ones(len(X))], []
        self.w = m = v = np.zeros(2)
        for t in range(1, 2000):
            r = A @ self.w - y.ravel()
            self.losses.append(r @ r)
            m, v = 0.9 * m + 0.1 * A.T @ r, 0.999 * v + 0.001 * (A.T @ r) ** 2
            self.w = self.w - 0.01 * m / (1 - 0.9**t) / np.sqrt(v / (1 - 0.999**t))


class Creeping(Line):
    """Gradient descent in scikit-learn's shape."""

    def fit(self, X, y):
        A, self.losses, self.w = np.c_[X, np.ones(len(X))], [], np.zeros(2)
        for _ in range(30):
            r = A @ self.w - y.ravel()
            self.losses.append(r @ r)
            self.w = self.w - 1e-3 * A.T @ r


class Constant:
    """It learns the mean and nothing else."""

    def fit(self, X, y):
        self.mean = np.mean(y)

    def predict(self, X):
        return np.full(len(X), self.mean)


class FarOff(Line):
    """A fit that ends too soon, and keeps no errors."""

    def fit(self, X, y):
        super().fit(X, y)
        self.w = self.w / 2
        return self


def test_a_fit_that_ends_high_is_told_what_to_hand_over():
    report = litmus(FarOff)
    assert report.failed == ["L8"] and "hand over the step" in report.mistakes[0]


class WithoutPredict:
    """neupy's shape, the optimizer itself without `predict`."""

    def __init__(self, network):
        self.network, self.mu = network, 0.1

    def one_training_update(self, X, y):
        here = lmteach.NetworkFit(self.network, X, y).linearize(self.network.theta)
        self.network.theta = self.network.theta + here.step(self.mu)


def test_an_optimizer_without_predict_is_asked_through_its_network():
    report = litmus(WithoutPredict)
    assert "bad step is kept" in report.mistakes[0] and "L2" not in report.failed, str(report)


class NeverFalls(WithoutPredict):
    """The step with the wrong sign, which refuses every trial."""

    def one_training_update(self, X, y):
        fit = lmteach.NetworkFit(self.network, X, y)
        here = fit.linearize(self.network.theta)
        new = self.network.theta - here.step(self.mu)
        if fit.loss(new) < here.loss:
            self.network.theta = new


class LeavesTheBias(WithoutPredict):
    """The right step, but for the last bias, which is put back."""

    def one_training_update(self, X, y):
        bias = self.network.theta[-1]
        super().one_training_update(X, y)
        self.network.theta = np.append(self.network.theta[:-1], bias)


class Elsewhere(WithoutPredict):
    """Steps of no known kind."""

    def one_training_update(self, X, y):
        theta, fit = self.network.theta, lmteach.NetworkFit(self.network, X, y)
        here = fit.linearize(theta)
        new = theta + here.step(self.mu) * np.cos(np.arange(len(theta)) + 3 * theta)
        self.network.theta = new if fit.loss(new) < here.loss else theta


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (NeverFalls, "does not move from its start"),
        (LeavesTheBias, "never moved"),
        (Elsewhere, "No known mistake reproduces its trials"),
    ],
)
def test_an_optimizer_of_its_own_is_never_left_without_a_word(made, words):
    report = litmus(made)
    assert not report.passed and words in " ".join(report.mistakes), str(report)


def test_an_estimator_is_asked_only_what_it_can_show():
    assert litmus(Line).passed
    assert litmus(Line()).not_applicable == ["L1", "L2", "L3", "L4", "L5", "L6", "L7", "L9"]
    assert litmus(Constant).failed == ["L8"]
    for made, failed, words in (
        (Wavering, "L6", "way back"),
        (FitAdam, "L6", "Adam"),
        (Creeping, "L8", "creeps"),
    ):
        report = litmus(made)
        assert report.failed == [failed] and words in report.mistakes[0]


def test_scikit_learns_linear_regression_fits_a_line():
    from sklearn.linear_model import LinearRegression

    assert litmus(LinearRegression()).passed


def test_a_pytorch_train_step():
    torch = pytest.importorskip("torch", reason="torch is an optional extra")

    def train_step(model, X, y):
        model.zero_grad()
        torch.mean((model(X) - y) ** 2).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.01 * p.grad

    report = litmus(train_step)
    assert "gradient descent" in report.mistakes[0]


def test_levenberg_marquardt_in_pytorch_passes():
    torch = pytest.importorskip("torch", reason="torch is an optional extra")
    flat, unflat = torch.nn.utils.parameters_to_vector, torch.nn.utils.vector_to_parameters

    def train_step(model, X, y, mu):
        weights, r = list(model.parameters()), (model(X) - y).ravel()
        rows = [torch.autograd.grad(e, weights, retain_graph=True) for e in r]
        J, before = torch.stack([flat(row) for row in rows]), flat(weights).detach().clone()
        with torch.no_grad():
            A = J.T @ J + mu * torch.eye(J.shape[1], dtype=J.dtype)
            unflat(before - torch.linalg.solve(A, J.T @ r), weights)
            if not torch.sum((model(X) - y) ** 2) < torch.sum(r**2):
                unflat(before, weights)

    assert litmus(train_step).failed == []


# What is never called -----------------------------------------------------------------------------


def lm_step(r, J, mu):
    return damped(r, J, mu)


def train_without(residual, jacobian, theta0):
    return descent(residual, jacobian, theta0)


def train_with(residual, jacobian, theta0):
    return whole(lm_step)(residual, jacobian, theta0)


def test_a_function_that_must_be_called():
    report = litmus(train_without, calls="lm_step")
    assert "L9" in report.failed and "lm_step is never called" in " ".join(report.mistakes)
    assert litmus(train_with, calls=lm_step).passed
    seen = [r.seen for r in report.results if r.name == "L9"]
    assert seen == ["lm_step was not called."]
    with pytest.raises(ValueError, match="calls = 'no_such'"):
        litmus(train_with, calls="no_such")


# Garbage ------------------------------------------------------------------------------------------


def hangs(residual, jacobian, theta, mu):
    while True:
        pass


def sleeps(residual, jacobian, theta, mu):
    time.sleep(2)


def evaluates_for_ever(residual, jacobian, theta, mu):
    while True:
        residual(theta)


def swallows(residual, jacobian, theta, mu):
    while True:
        try:
            residual(np.zeros(99))
        except Exception:  # noqa: S112
            continue


def column(residual, jacobian, theta, mu):
    return theta[:, None], True, {}


def asks_elsewhere(residual, jacobian, theta, mu):
    residual(np.zeros(77))


def draws(residual, jacobian, theta, mu):
    return theta + np.random.normal(size=len(theta)), True, {}


ENDLESS = "no answer within|without an end"  # whichever is seen first
GARBAGE = {
    "hangs": (hangs, ENDLESS),
    "sleeps": (sleeps, "no answer within 0.5 s"),
    "evaluates for ever": (evaluates_for_ever, ENDLESS),
    "swallows every error": (swallows, ENDLESS),
    "no return": (lambda residual, jacobian, theta, mu: None, "returned None"),
    "a column": (column, r"shape \(4, 1\)"),
    "NaN": (lambda residual, jacobian, theta, mu: theta * np.nan, "NaN or infinity"),
    "a word": (lambda residual, jacobian, theta, mu: ("hello", True, {}), "'hello'"),
    "raises": (lambda residual, jacobian, theta, mu: 1 / 0, "ZeroDivisionError"),
    "exits": (lambda residual, jacobian, theta, mu: sys.exit(3), "SystemExit"),
    "asks elsewhere": (asks_elsewhere, r"θ of shape \(77,\)"),
    "two verdicts": (
        lambda residual, jacobian, theta, mu: (theta, np.array([1, 0]), {}),
        "accepted = array",
    ),
    "draws": (draws, "another step each time"),
    "a solver raises": (lambda residual, jacobian, theta0: {}["x"], "KeyError"),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_a_finding_in_a_sentence(name):
    subject, words = GARBAGE[name]
    report = litmus(subject, seconds=0.5)
    assert not report.passed
    assert re.search(words, " ".join(report.mistakes)), str(report)


def test_changed_inputs_and_global_random_numbers_are_noted():
    def untidy(residual, jacobian, theta, mu):
        np.random.seed(0)
        print("noise")
        result = textbook(residual, jacobian, theta.copy(), mu)
        theta[:] = 99
        return result

    report = litmus(untidy)
    assert report.passed and len(report.notes) == 2
    assert "in place" in report.notes[0] + report.notes[1]


def test_what_is_no_solver_at_all_is_an_error():
    for thing in (3, "step", None):
        with pytest.raises(TypeError, match="expected a step function"):
            litmus(thing)
    with pytest.raises(ValueError, match="kind = 'steps'"):
        litmus(textbook, kind="steps")
