"""Trainers that bring their own model: neupy's shape, and PyTorch's `train_step(model, X, y)`.

They are put to data, not to r and J: a straight line and a curve through noise. The model's own
residuals and their Jacobian, by central differences of its predictions, are computed beside them.
"""

import inspect
from functools import partial

import numpy as np

from ..layers import Input, Linear, Tanh
from .subjects import Subject, named, parameter_names
from .tasks import Task

N_SAMPLES, SAMPLES_SEED = 20, 5
DAMPING_NAMES = ("mu", "lam", "lambda_", "lmbda", "damping", "mu0")
DIFFERENCE = 1e-5
USUAL_MU = 0.1  # where a trainer must be given one
RATE = 0.01  # of the optimizer, where a trainer must be given one


def data(n_inputs=2):
    """(X, y): 20 noisy samples of a plane, the same ones always."""
    rng = np.random.default_rng(SAMPLES_SEED)
    X = rng.uniform(-1, 1, size=(N_SAMPLES, n_inputs))
    y = 0.3 * X @ np.linspace(1, -0.5, n_inputs) + 0.35 + 0.1 * rng.normal(size=N_SAMPLES)
    return X, y[:, None]


class Trainer(Subject):
    """A trial on tasks of its own: θ is set, one update is made, θ is read."""

    has_mu = True

    def __init__(self, thing, name=None):
        super().__init__(name or named(thing), "own")
        self.thing = thing

    def tasks(self):
        """{"linear": Task, "curved": Task}: those of them that this trainer has a model for."""
        return {name: self._task(name) for name in self.models()}

    def _task(self, name):
        model, (X, y) = self.models()[name], data()

        def residual(theta):
            return self.predict(model, theta, X) - y.ravel()

        start = self.get(model)
        words = "a plane through 20 samples" if name == "linear" else "a small network, 20 samples"
        jacobian = partial(differences, residual)
        return Task(
            words, residual, jacobian, start, lambda t, r: np.full((len(t), len(t)), np.nan)
        )

    def step(self, watch, theta, mu):
        """θ after one update from θ, with μ where it can be set."""
        task = next(name for name, t in self.tasks_by_name.items() if t is watch.task)
        model, (X, y) = self.models()[task], data()
        self.set(model, theta)
        self.update(model, X, y, mu)
        return self.get(model), None, {}


def differences(residual, theta):
    """J by central differences."""
    steps = DIFFERENCE * np.eye(len(theta))
    columns = [(residual(theta + e) - residual(theta - e)) / (2 * DIFFERENCE) for e in steps]
    return np.stack(columns, axis=1)


class Neupy(Trainer):
    """A class or factory `optimizer(network)` with `one_training_update` or `train(X, y)`."""

    def __init__(self, thing, name=None):
        super().__init__(thing, name)
        self._models = None
        self.tasks_by_name = self.tasks()

    def models(self):
        """{"linear": optimizer, "curved": optimizer}, or the one optimizer that was handed over."""
        if self._models is None:
            self._models = self._made()
        return self._models

    def _made(self):
        if not inspect.isclass(self.thing) and hasattr(self.thing, "network"):
            return {"curved": self.thing}
        line, curve = Input(2) >> Linear(1), Input(2) >> Tanh(3) >> Linear(1)
        return {"linear": self.thing(line), "curved": self.thing(curve)}

    def get(self, optimizer):
        """θ of the optimizer's network."""
        return np.array(optimizer.network.theta, dtype=float)

    def set(self, optimizer, theta):
        """Set θ of the optimizer's network."""
        optimizer.network.theta = theta

    def predict(self, optimizer, theta, X):
        """The network's predictions at θ; the network keeps its own θ."""
        before = self.get(optimizer)
        self.set(optimizer, theta)
        if hasattr(optimizer, "predict"):
            found = optimizer.predict(X)
        else:
            found = optimizer.network.forward(X)[-1]
        found = np.array(found, dtype=float).ravel()
        self.set(optimizer, before)
        return found

    def update(self, optimizer, X, y, mu):
        """One training update, with μ if the optimizer has one."""
        if mu is not None and hasattr(optimizer, "mu"):
            optimizer.mu = mu
        if hasattr(optimizer, "one_training_update"):
            optimizer.one_training_update(X, y)
        else:
            optimizer.train(X, y, epochs=1)


class TrainStep(Trainer):
    """PyTorch's shape: `train_step(model, X, y)` changes the model's parameters once."""

    def __init__(self, thing, name=None):
        super().__init__(thing, name)
        self._torch = _torch()
        self._names = names = parameter_names(thing)
        self.has_mu = any(name in DAMPING_NAMES for name in names)
        self._models = self._made()
        self._warm_up()
        self.tasks_by_name = self.tasks()

    def _warm_up(self):
        """Let PyTorch load what it loads at first use: that is no part of a step's time limit."""
        model = self._models["linear"]
        self._optimizer(model)
        model(self._torch.zeros(1, 2).double()).sum().backward()
        model.zero_grad()

    def _optimizer(self, model):
        return self._torch.optim.SGD(model.parameters(), lr=RATE)

    def models(self):
        """{"linear": model, "curved": model} in double precision."""
        return self._models

    def _made(self):
        nn = self._torch.nn
        self._torch.manual_seed(0)
        line = nn.Linear(2, 1).double()
        curve = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
        return {"linear": line, "curved": curve}

    def get(self, model):
        """All parameters, one after another."""
        return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()]).copy()

    def set(self, model, theta):
        """Set all parameters."""
        with self._torch.no_grad():
            for p in model.parameters():
                n = p.numel()
                p.copy_(self._torch.tensor(theta[:n].copy()).reshape(p.shape))
                theta = theta[n:]

    def predict(self, model, theta, X):
        """The model's predictions at θ; the model keeps its own parameters."""
        before = self.get(model)
        self.set(model, theta)
        with self._torch.no_grad():
            found = model(self._torch.tensor(X)).numpy().ravel()
        self.set(model, before)
        return found

    def update(self, model, X, y, mu):
        """One call, its arguments put in by their names."""
        X, y = self._torch.tensor(X), self._torch.tensor(y)
        given = {"model": model, "net": model, "network": model, "module": model}
        given |= {"X": X, "x": X, "inputs": X, "data": X, "y": y, "Y": y, "targets": y, "target": y}
        given |= {"criterion": self._torch.nn.MSELoss(), "loss_fn": self._torch.nn.MSELoss()}
        given |= {"optimizer": self._optimizer(model)}
        given |= dict.fromkeys(DAMPING_NAMES, USUAL_MU if mu is None else mu)
        return self.thing(**{name: given[name] for name in self._names if name in given})


def _torch():
    """PyTorch, an optional extra that only train_step needs."""
    try:
        import torch
    except ModuleNotFoundError:
        words = "train_step(model, X, y) is put to PyTorch models: expected torch to be installed"
        raise ModuleNotFoundError(words, name="torch") from None
    return torch
