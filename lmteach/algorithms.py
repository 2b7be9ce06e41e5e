"""`LevenbergMarquardt` in neupy's shape: its parameters, methods and signals, on our solver.

neupy's page says what each of them does. What neupy computed was something else (its source was
read): J of the squared errors, a μ that answers one epoch late, steps that are kept though the
error rises. That is taught, not copied: here J is that of the residuals, μ answers to the trial
just made, and only a step that lowers the error is kept.
"""

import time
import warnings
from contextlib import suppress
from functools import partial
from inspect import signature
from itertools import islice

import numpy as np

from .checks import as_floats, at_least, flag, instance, one_of, positive
from .damping import Factor
from .evidence import first_precisions, round_at
from .network import Network
from .network_fit import NetworkFit
from .solvers import levenberg_marquardt
from .wrappers import Regularized

EVENTS = (
    "train_start",
    "epoch_start",
    "update_start",
    "train_error",
    "update_end",
    "valid_error",
    "epoch_end",
    "train_end",
)
MOST_TRIALS = 30  # of one epoch
SMALLEST_MU, LARGEST_MU = 1e-20, 1e20
# Epochs are counted here, so the solver has no end of its own.
ENDLESS = {"gtol": 0.0, "xtol": 0.0, "ftol": 0.0, "max_steps": 2**62}


class StopTraining(Exception):
    """Raised by a signal to end the training; `train` then returns as after its last epoch."""


class Errors:
    """Mean squared errors, one an epoch: `train`, and `valid` for the epochs with test data."""

    def __init__(self):
        self.train, self.valid = [], []

    def __repr__(self):
        return f"Errors(train={self.train}, valid={self.valid})"


class LevenbergMarquardt:
    """Train a network by Levenberg-Marquardt on all samples: (JᵀJ + μI) h = −Jᵀr.

    There is at most one accepted step an epoch.

    `network`: layers joined by >>, or a list or tuple of layers; training changes its θ.
    `mu`: μ of the next trial, from 1e-20 to 1e20; it belongs to JᵀJ of the residuals, not to the
    mean of their squares.
    `mu_update_factor`: an accepted trial divides μ by it, a refused one multiplies μ by it.
    `error` (or `loss`): "mse", the mean of the squared residuals, as `errors` reports it.
    `show_epoch`: where `verbose`, the 1st, every show_epoch-th and the last epoch are printed.
    `shuffle_data`: put the samples into another order, always the same one, before training.
    `signals`: a function of the optimizer, called after every epoch; a dict or an object with
    handlers for EVENTS (train_error and valid_error are also given the error, as a second argument
    or by the name `value`); or a list of these.
    `max_fail` (as in MATLAB's trainlm, not in neupy): stop after so many epochs with a validation
    error above the lowest so far, the start's included; the network then gets the weights that
    had the lowest.
    `bayesian` (as MATLAB's trainbr, not in neupy): minimize βF + ½α‖θ‖², with α and β set anew
    after every epoch; `alpha`, `beta` and `gamma`, the number of weights that the data determine,
    tell them.
    `step` and `regularizer` stay None; `target` is accepted and not used.

    It works with scikit-learn's `clone`, `cross_val_score` and `GridSearchCV`.

    `errors.train` and `errors.valid` hold an error for each epoch, `last_epoch` counts the epochs
    and `n_updates_made` the accepted steps. Raises ValueError or TypeError for bad input.
    Sources: neupy's documentation; Hagan & Menhaj (1994).
    """

    step = regularizer = target = None
    alpha = beta = gamma = None  # of Bayesian regularization

    def __init__(
        self,
        network,
        mu=0.1,
        mu_update_factor=1.2,
        error="mse",
        show_epoch=1,
        shuffle_data=True,
        signals=None,
        verbose=False,
        *,
        loss="mse",
        max_fail=None,
        bayesian=False,
        step=None,
        regularizer=None,
        target=None,
        **unknown,
    ):
        for name in unknown:
            raise TypeError(
                f"unknown parameter {name!r}: expected one of {', '.join(self.options)}"
            )
        self.network = network
        self.mu, self.mu_update_factor = mu, mu_update_factor
        self.error, self.loss = error, loss
        self.show_epoch, self.verbose = show_epoch, verbose
        self.shuffle_data, self.signals, self.max_fail = shuffle_data, signals, max_fail
        self.bayesian = bayesian
        self.step, self.regularizer, self.target = step, regularizer, target
        self.errors, self.last_epoch, self.n_updates_made = Errors(), 0, 0
        self._handlers, self._line = [], None

    options = {
        name: p.default
        for name, p in signature(__init__).parameters.items()
        if p.default is not p.empty
    }

    def __setattr__(self, name, value):
        """Parameters are checked whenever they are set, in the constructor and later."""
        check = CHECKS.get(name)
        super().__setattr__(name, check(name, value) if check else value)

    def train(self, X_train, y_train, X_test=None, y_test=None, epochs=100):
        """Train for `epochs` epochs on X_train (N, n₀) and y_train (N, m), or (N,) for m = 1.

        With X_test and y_test, the error on them is computed after each epoch. Warns where no trial
        was accepted because a whole layer has slope 0, such as a dead Relu.
        """
        run = self._run(self._fit_to(X_train, y_train, "_train", self.shuffle_data))
        test = self._test(X_test, y_test)
        best = self._best(test)
        last = self.last_epoch + at_least("epochs", epochs, 1)
        before = self.n_updates_made
        self._handlers, self._line = _handlers(self.signals), None
        self._say(
            f"Levenberg-Marquardt: {self.network!r}, {self.network.n_parameters} parameters, "
            f"{len(X_train)} samples"
        )
        try:
            self._signal("train_start")
            while self.last_epoch < last:
                self._epoch(run, test, best)
            self._show()
        except StopTraining as stop:
            self._show()
            self._say(f"Stopped after epoch {self.last_epoch}: {stop}".removesuffix(": "))
        finally:
            if best:
                self.network.theta = best.theta
        if self.n_updates_made == before:
            self._warn_if_dead(run.problem)
        with suppress(StopTraining):
            self._signal("train_end")

    def fit(self, *args, **kwargs):
        """Train as `train` does, and return the optimizer."""
        self.train(*args, **kwargs)
        return self

    def score(self, X, y):
        """Return R² = 1 − Σ(y − a)²/Σ(y − ȳ)², averaged over the outputs, as scikit-learn does.

        An output whose y is constant counts as 1 where it is met exactly, else as 0. Raises
        ValueError or TypeError for bad input.
        """
        test = self._fit_to(X, y, "")
        squares = np.square(test.residual(self.network.theta)).reshape(test.Y.shape).sum(axis=0)
        spread = np.square(test.Y - test.Y.mean(axis=0)).sum(axis=0)
        constant = spread == 0
        r2 = 1 - squares / np.where(constant, 1.0, spread)
        return float(np.where(constant, squares == 0, r2).mean())

    def get_params(self, deep=True):
        """Return the parameters by name, as scikit-learn's `clone` asks for them.

        `deep` changes nothing: no parameter has parameters of its own.
        """
        return {name: getattr(self, name) for name in ("network", *self.options)}

    def set_params(self, **parameters):
        """Set parameters by name, checked as in the constructor, and return the optimizer."""
        known = ("network", *self.options)
        for name in parameters:
            if name not in known:
                raise ValueError(f"unknown parameter {name!r}: expected one of {', '.join(known)}")
        for name, value in parameters.items():
            setattr(self, name, value)
        return self

    _estimator_type = "regressor"  # for scikit-learn before 1.6

    def __sklearn_tags__(self):
        """Return what scikit-learn's tools from 1.6 ask of an estimator: that it is a regressor."""
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True, multi_output=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(),
        )

    def predict(self, X):
        """Return the network's output, (N, m), for X, (N, n₀)."""
        return self.network.predict(X)

    def one_training_update(self, X_train, y_train):
        """Linearize once, make trials until one is accepted, at most 30, and return the error.

        No epoch is counted, and no signal given.
        """
        return self._update(self._run(self._fit_to(X_train, y_train, "_train")))

    def _run(self, problem):
        return BayesianRun(problem, self) if self.bayesian else Run(problem)

    def _epoch(self, run, test, best):
        self._signal("epoch_start")
        self._signal("update_start")
        started = time.perf_counter()
        error = self._update(run)
        self.errors.train.append(error)
        self.last_epoch += 1
        self._note(started, train=error)
        self._signal("train_error", error)
        self._signal("update_end")
        if test:
            self._validate(test, best, started)
        if self.last_epoch == 1 or self.last_epoch % self.show_epoch == 0:
            self._show()
        self._signal("epoch_end")
        if best and best.failed:
            raise StopTraining(
                f"{best.fails} validation errors above the lowest, whose weights are given back"
            )

    def _update(self, run):
        """Make one epoch's trials, set θ, μ and the count of updates, and return the error."""
        step, self.mu = run.epoch(self.network.theta, self.mu, self.mu_update_factor)
        if step is None:
            return _mse(run.problem, run.problem.loss(self.network.theta))
        if step.accepted:
            self.network.theta = step.trial_theta
            self.n_updates_made += 1
        return _mse(run.problem, run.loss_after(step))

    def _validate(self, test, best, started):
        theta = self.network.theta
        error = _mse(test, test.loss(theta))
        self.errors.valid.append(error)
        if best:
            best.see(error, theta)
        self._note(started, train=self.errors.train[-1], valid=error)
        self._signal("valid_error", error)

    def _best(self, test):
        """Return the record of the best weights, None without `max_fail`."""
        if self.max_fail is None:
            return None
        if test is None:
            raise ValueError(
                f"max_fail = {self.max_fail} and no X_test, y_test: "
                "expected test data to validate on"
            )
        theta = self.network.theta
        return Best(self.max_fail, _mse(test, test.loss(theta)), theta)

    def _signal(self, event, *error):
        for handlers in self._handlers:
            if event in handlers:
                handlers[event](self, *error)

    def _warn_if_dead(self, problem):
        """Warn where no trial was accepted because a layer does not answer to its weights."""
        dead = _dead_layers(self.network, problem.X)
        if dead:
            what = f"every unit of {' and '.join(dead)} has slope 0 for every sample"
            other = "other first weights, such as network.initialize(seed=1), or inputs of size 1"
            warnings.warn(f"no trial was accepted: {what}; try {other}", stacklevel=3)

    def _note(self, started, **errors):
        """Keep the epoch's line, for `_show` to print."""
        if self.verbose:
            milliseconds = 1000 * (time.perf_counter() - started)
            words = ", ".join(f"{name}: {error:.6f}" for name, error in errors.items())
            self._line = f"#{self.last_epoch} : [{milliseconds:.0f} ms] {words}"

    def _show(self):
        """Print the last epoch's line, unless it has been printed."""
        if self._line:
            self._say(self._line)
        self._line = None

    def _say(self, words):
        if self.verbose:
            print(words)

    def _test(self, X_test, y_test):
        if X_test is None and y_test is None:
            return None
        if X_test is None or y_test is None:
            raise ValueError("one of X_test and y_test is None: expected both or neither")
        return self._fit_to(X_test, y_test, "_test")

    def _fit_to(self, X, y, which, shuffle=False):
        """Return the network's fit to these data, a new problem."""
        X = as_floats(f"X{which}", X, 2, (None, self.network.n_inputs))
        y = _as_column(y, self.network.n_outputs)
        y = as_floats(f"y{which}", y, 2, (None, self.network.n_outputs))
        if len(X) != len(y):
            raise ValueError(
                f"X{which} has {len(X)} samples and y{which} has {len(y)}: expected the same number"
            )
        order = np.random.default_rng(0).permutation(len(X)) if shuffle else slice(None)
        return NetworkFit(self.network, X[order], y[order])


class Run:
    """The trials on one problem, an epoch at a time.

    An epoch goes on where the last one ended, with the solver's buffers and the forward pass of its
    last trial, or anew if θ, μ or the factor have been changed in between.
    """

    def __init__(self, problem):
        self.problem, self._left = problem, None

    def epoch(self, theta, mu, factor):
        """Make trials from θ until one is accepted, at most 30; return the last, and the next μ.

        The last one is None if the solver had none left.
        """
        steps, step = self._steps(theta, mu, factor), None
        for step in islice(steps, MOST_TRIALS):
            mu = step.next_mu
            if step.accepted:
                theta = step.trial_theta
                break
        self._left = steps, theta, mu, factor
        return step, mu

    def loss_after(self, step):
        """Return F where a step ends."""
        return step.next_loss

    def _steps(self, theta, mu, factor):
        if self._left is not None:
            steps, last_theta, *last = self._left
            if last == [mu, factor] and np.array_equal(last_theta, theta):
                return steps
        damping = Factor(factor, SMALLEST_MU, LARGEST_MU)
        return levenberg_marquardt(self.problem, theta, mu, damping, **ENDLESS)


class BayesianRun(Run):
    """The same on βF + ½α‖θ‖²; after each epoch the optimizer's α, β and γ are set anew.

    Source: Foresee & Hagan (1997).
    """

    def __init__(self, problem, optimizer):
        super().__init__(problem)
        self._optimizer = optimizer
        if optimizer.alpha is None:
            first = first_precisions(problem, optimizer.network.theta, None, None)
            optimizer.alpha, optimizer.beta = first

    def epoch(self, theta, mu, factor):
        """Make trials with the present α and β until one is accepted, then set both anew."""
        optimizer = self._optimizer
        penalized = Regularized(self.problem, optimizer.alpha, optimizer.beta)
        damping, step = Factor(factor, SMALLEST_MU, LARGEST_MU), None
        steps = levenberg_marquardt(penalized, theta, mu, damping, **ENDLESS)
        for step in islice(steps, MOST_TRIALS):
            mu = step.next_mu
            if step.accepted:
                break
        found = round_at(penalized, theta if step is None else step.next_theta, 0)
        optimizer.alpha, optimizer.beta = found.next_alpha, found.next_beta
        optimizer.gamma = found.gamma
        return step, mu

    def loss_after(self, step):
        """Return F of the data where a step ends."""
        return self.problem.loss(step.next_theta)


class Best:
    """The weights with the lowest validation error; `fails` counts the epochs above it since."""

    def __init__(self, max_fail, error, theta):
        self._max_fail, self._error, self.theta, self.fails = max_fail, error, theta, 0

    @property
    def failed(self):
        """Whether max_fail epochs were above the lowest error."""
        return self.fails >= self._max_fail

    def see(self, error, theta):
        """Take note of the validation error of an epoch and its weights."""
        if error < self._error:
            self._error, self.theta, self.fails = error, theta, 0
        elif error > self._error:
            self.fails += 1


def _as_column(y, n_outputs):
    """(N,) as (N, 1) for a network with one output; anything else as it is."""
    try:
        one = n_outputs == 1 == np.ndim(y) and not np.ma.is_masked(y)
    except ValueError:  # rows of several lengths
        return y
    return np.asarray(y)[:, None] if one else y


def _dead_layers(network, X):
    """Return the layers of which every unit has slope 0 for every sample, in words."""
    activations = network.forward(X)[1:]
    layers = zip(network.layers, activations, strict=True)
    return [repr(layer) for layer, a in layers if not layer.couples and not layer.slope(a).any()]


def _mse(problem, loss):
    """Return MSE = 2F / (N·m)."""
    return 2 * loss / problem.Y.size


def _handlers(signals):
    """Return a list of {event: function}.

    A function is called at epoch_end, a dict or an object at the events that it names. A handler
    of an error that takes it only by name, such as train_error(self, network, **data), is given
    `value`.
    """
    if signals is None:
        return []
    if isinstance(signals, (list, tuple)):
        return [handlers for signal in signals for handlers in _handlers(signal)]
    if isinstance(signals, dict):
        return [_checked(signals)]
    if isinstance(signals, type):
        name = signals.__name__
        raise TypeError(f"signals holds the class {name}: expected an object of it, {name}()")
    named = {event: getattr(signals, event, None) for event in EVENTS}
    methods = {event: _handler(method) for event, method in named.items() if callable(method)}
    if not methods and not callable(signals):
        raise TypeError(
            f"signals is {signals!r}: expected a function, a dict, an object with handlers, "
            "or a list of them"
        )
    return [methods or {"epoch_end": signals}]


def _checked(signals):
    for event, handler in signals.items():
        one_of("signals: event", event, EVENTS)
        if not callable(handler):
            raise TypeError(
                f"signals[{event!r}] is {handler!r}: expected a function of the optimizer"
            )
    return {event: _handler(handler) for event, handler in signals.items()}


def _handler(handler):
    """A function of (optimizer, *error) that gives the handler the error as it takes it."""
    try:
        takes = signature(handler).bind
    except (TypeError, ValueError):  # a function in C that does not say
        return handler
    if _fits(takes, None, None):
        return handler
    return partial(_call_by_name if _fits(takes, None, value=None) else _call_alone, handler)


def _fits(takes, *places, **names):
    try:
        takes(*places, **names)
    except TypeError:
        return False
    return True


def _call_by_name(handler, optimizer, *error):
    return handler(optimizer, **({"value": error[0]} if error else {}))


def _call_alone(handler, optimizer, *error):
    return handler(optimizer)


def _as_network(name, value):
    if isinstance(value, (list, tuple)):
        value = Network(value)
    instance(name, value, Network, "layers joined by >>, or a list or tuple of layers")
    if not value.layers:
        raise ValueError(f"{name} is {value!r}: expected at least one layer after the input")
    return value


def _as_mu(name, value):
    if not SMALLEST_MU <= positive(name, value) <= LARGEST_MU:
        raise ValueError(
            f"{name} = {value!r}: expected a number from {SMALLEST_MU:.0e} to {LARGEST_MU:.0e}"
        )
    return float(value)


def _as_factor(name, value):
    if positive(name, value) < 1:
        raise ValueError(f"{name} = {value!r}: expected a number of at least 1")
    return float(value)


def _as_signals(name, value):
    _handlers(value)
    return value


def _as_count(name, value):
    return None if value is None else at_least(name, value, 1)


def _as_none(name, value):
    if value is not None:
        raise ValueError(f"{name} = {value!r}: Levenberg-Marquardt has no {name}; expected None")


CHECKS = {
    "network": _as_network,
    "mu": _as_mu,
    "mu_update_factor": _as_factor,
    "error": partial(one_of, options=("mse",)),
    "loss": partial(one_of, options=("mse",)),
    "show_epoch": partial(at_least, least=1),
    "shuffle_data": flag,
    "signals": _as_signals,
    "verbose": flag,
    "max_fail": _as_count,
    "bayesian": flag,
    "step": _as_none,
    "regularizer": _as_none,
}
