"""`LevenbergMarquardt` in neupy's shape: its parameters, defaults, methods and signals, on this package's own solver.

neupy's page says what each does; what neupy really computed differs (its source was read) and is a lesson, not
copied here: J is that of the residuals, not of their squares, a step that raises the error is not kept, and μ
answers to the trial just made.
"""

import time

import numpy as np

from .checks import as_finite, at_least, flag, one_of, positive
from .damping import Factor
from .network import Network
from .problems import NetworkFit
from .solvers import levenberg_marquardt

EVENTS = (
    "train_start", "epoch_start", "update_start", "train_error", "update_end", "valid_error", "epoch_end", "train_end",
)  # fmt: skip
MOST_TRIALS = 30  # of one epoch
SMALLEST_MU, LARGEST_MU = 1e-20, 1e20
ENDLESS = {"gtol": 0.0, "xtol": 0.0, "ftol": 0.0, "max_steps": 2**62}  # epochs are counted here, not there


class StopTraining(Exception):
    """Raised by a signal: training ends after this, cleanly."""


class Errors:
    """Mean squared errors, one for each epoch: `train`, and `valid` where test data were given."""

    def __init__(self):
        self.train, self.valid = [], []

    def __repr__(self):
        return f"Errors(train={self.train}, valid={self.valid})"


class LevenbergMarquardt:
    """Trains a network by full-batch Levenberg-Marquardt: (JᵀJ + μI) h = −Jᵀr, one accepted step an epoch.

    `network`: layers joined by >>, or a list or tuple of layers; training sets its θ. `mu` stands beside JᵀJ of r
    and is divided by `mu_update_factor` after an accepted trial, multiplied after a refused one. `error` (or
    `loss`): "mse". `show_epoch`: with `verbose`, print the first, the last and every show_epoch-th epoch.
    `shuffle_data`: reorder the samples before training. `signals`: a function called after every epoch, a dict or an
    object with handlers for EVENTS, or a list of them. `max_fail` (not in neupy): stop after so many epochs without
    a new lowest validation error, and give back the weights that had it. Raises ValueError or TypeError for bad
    input. Sources: neupy's documentation; Hagan & Menhaj (1994).
    """

    step = None
    regularizer = None
    target = None
    options = {
        "mu": 0.1, "mu_update_factor": 1.2, "error": "mse", "loss": "mse", "show_epoch": 1, "shuffle_data": True,
        "signals": None, "verbose": False, "max_fail": None, "step": None, "regularizer": None, "target": None,
    }  # fmt: skip

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
        max_fail=None,
        **others,
    ):
        self.network = network if isinstance(network, Network) else Network(network)
        self.mu = positive("mu", mu)
        self.mu_update_factor = positive("mu_update_factor", mu_update_factor)
        self._damping = Factor(self.mu_update_factor, SMALLEST_MU, LARGEST_MU)
        self.error = self.loss = one_of("error", others.pop("loss", error), ("mse",))
        self.show_epoch = at_least("show_epoch", show_epoch, 1)
        self.shuffle_data = flag("shuffle_data", shuffle_data)
        self.signals, self._handlers = signals, _handlers(signals)
        self.verbose = flag("verbose", verbose)
        self.max_fail = None if max_fail is None else at_least("max_fail", max_fail, 1)
        _refuse(others)
        self.errors, self.last_epoch, self.n_updates_made = Errors(), 0, 0
        self._problem = self._steps = self._last = None

    def train(self, X_train, y_train, X_test=None, y_test=None, epochs=100):
        """Train for `epochs` epochs on X_train (N, n₀), y_train (N, m); with X_test and y_test, validate after each."""
        X, y = self._as_data(X_train, y_train, "_train")
        test = self._as_test(X_test, y_test)
        last = self.last_epoch + at_least("epochs", epochs, 1)
        if self.shuffle_data:
            order = np.random.default_rng(0).permutation(len(X))
            X, y = X[order], y[order]
        best = Best(self.max_fail if test else None)
        if self.verbose:
            print(f"Levenberg-Marquardt: {self.network!r}, {self.network.n_parameters} parameters, {len(X)} samples")
        try:
            self._signal("train_start")
            while self.last_epoch < last and not best.failed:
                self._epoch(X, y, test, best, last)
        except StopTraining as stop:
            if self.verbose:
                print(f"Stopped after epoch {self.last_epoch}: {stop}")
        if best.theta is not None:
            self.network.theta = best.theta
        self._signal("train_end")

    def fit(self, X_train, y_train, X_test=None, y_test=None, epochs=100):
        """The same as train, and returns the optimizer."""
        self.train(X_train, y_train, X_test, y_test, epochs)
        return self

    def predict(self, X):
        """The network's output, (N, m), for X, (N, n₀)."""
        return self.network.predict(X)

    def one_training_update(self, X_train, y_train):
        """One linearization, trials from it until one is accepted or 30 are refused; the training error after it."""
        X, y = self._as_data(X_train, y_train, "_train")
        if not self._goes_on_with(X, y):
            self._begin(X, y)
        for _, step in zip(range(MOST_TRIALS), self._steps, strict=False):
            self._last = step
            if step.accepted:
                self.network.theta = self._theta = step.next_theta
                self.n_updates_made += 1
                break
        loss = self._last.next_loss if self._last else self._problem.loss(self._theta)
        return 2 * loss / self._problem.Y.size

    def _begin(self, X, y):
        """A new run from the network's weights, with the μ that the last one would have gone on with."""
        last, self._last = self._last, None
        mu = self._damping.update(last.mu, last.rho, last.accepted)[0] if last else self.mu
        self._problem, self._theta = NetworkFit(self.network, X, y), self.network.theta
        self._steps = levenberg_marquardt(self._problem, self._theta, mu, self._damping, **ENDLESS)

    def _goes_on_with(self, X, y):
        """True if the samples and the weights are still those of the run under way."""
        return (
            self._problem is not None
            and np.array_equal(self.network.theta, self._theta)
            and np.array_equal(self._problem.X, X)
            and np.array_equal(self._problem.Y, y)
        )

    def _epoch(self, X, y, test, best, last):
        started = time.perf_counter()
        self.last_epoch += 1
        self._signal("epoch_start")
        self._signal("update_start")
        self.errors.train.append(self.one_training_update(X, y))
        self._signal("train_error", self.errors.train[-1])
        self._signal("update_end")
        if test:
            self.errors.valid.append(float(np.mean((self.network.predict(test[0]) - test[1]) ** 2)))
            best.see(self.errors.valid[-1], self.network.theta)
            self._signal("valid_error", self.errors.valid[-1])
        due = self.last_epoch in (1, last) or self.last_epoch % self.show_epoch == 0 or best.failed
        if self.verbose and due:
            self._show(time.perf_counter() - started, bool(test))
        self._signal("epoch_end")

    def _show(self, seconds, tested):
        valid = f", valid: {self.errors.valid[-1]:.6f}" if tested else ""
        print(f"#{self.last_epoch} : [{1000 * seconds:.0f} ms] train: {self.errors.train[-1]:.6f}{valid}")

    def _signal(self, event, *values):
        for handler in self._handlers:
            if event in handler:
                handler[event](self, *values)

    def _as_data(self, X, y, which):
        n_inputs, n_outputs = self.network.n_inputs, self.network.n_outputs
        X = as_finite(f"X{which}", X, 2, (None, n_inputs))
        y = as_finite(f"y{which}", y, 2, (None, n_outputs))
        if len(X) != len(y):
            raise ValueError(f"X{which} has {len(X)} samples and y{which} has {len(y)}: expected the same number")
        return X, y

    def _as_test(self, X_test, y_test):
        if X_test is None and y_test is None:
            return None
        if X_test is None or y_test is None:
            raise ValueError("X_test and y_test: expected both or neither, one is None")
        return self._as_data(X_test, y_test, "_test")


class Best:
    """The weights with the lowest validation error so far; `failed` after max_fail epochs without a new one."""

    def __init__(self, max_fail):
        self._max_fail, self._error, self._fails, self.theta = max_fail, np.inf, 0, None

    @property
    def failed(self):
        """True once max_fail epochs have passed since the lowest error."""
        return self._max_fail is not None and self._fails >= self._max_fail

    def see(self, error, theta):
        """Look at the validation error of an epoch and its weights."""
        if self._max_fail is None:
            return
        if error < self._error:
            self._error, self._fails, self.theta = error, 0, theta
        else:
            self._fails += 1


def _handlers(signals):
    """A list of {event: function}: a function hears epoch_end, a dict or an object what it names."""
    if signals is None:
        return []
    if isinstance(signals, (list, tuple)):
        return [handler for signal in signals for handler in _handlers(signal)]
    if isinstance(signals, dict):
        for event, function in signals.items():
            one_of("signals: event", event, EVENTS)
            if not callable(function):
                raise TypeError(f"signals[{event!r}] is {function!r}: expected a function of the optimizer")
        return [dict(signals)]
    methods = {event: getattr(signals, event) for event in EVENTS if callable(getattr(signals, event, None))}
    if methods:
        return [methods]
    if not callable(signals):
        raise TypeError(
            f"signals is {signals!r}: expected a function, a dict, an object with handlers, or a list of them"
        )
    return [{"epoch_end": signals}]


def _refuse(others):
    """neupy's names that mean nothing here may be given as None; any other name is unknown."""
    for name, value in others.items():
        if name not in LevenbergMarquardt.options:
            raise TypeError(f"unknown parameter {name!r}: expected one of {', '.join(LevenbergMarquardt.options)}")
        if value is not None and name != "target":
            raise ValueError(f"{name} = {value!r}: Levenberg-Marquardt has no {name}; expected None")
