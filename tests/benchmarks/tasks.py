"""The tasks that speed is measured on, and the floor: one iteration in plain NumPy and SciPy at the same shape."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from lmteach.datasets import digits, sinc, sine
from lmteach.layers import Input, Linear, Tanh
from lmteach.network import Network
from lmteach.network_fit import NetworkFit

MU = 0.1


@dataclass(frozen=True, eq=False)
class Task:
    """Data, the sizes of a network (Tanh, the last layer Linear), and the MSE or number of trials that ends a run."""

    name: str
    sizes: tuple
    X: np.ndarray
    Y: np.ndarray
    mse: float
    max_trials: int
    goal: float  # time of a trial, × floor
    ahead: float  # the best peer's time to the target (of a trial, where the MSE is 0), × ours

    @property
    def pairs(self):
        """(n_{l−1}, n_l) of each layer."""
        return list(pairwise(self.sizes))

    @property
    def target_loss(self):
        """F = ½ N·m·MSE."""
        return self.mse * self.Y.size / 2

    def problem(self, precision="float64"):
        """A fresh NetworkFit."""
        first, *hidden, last = self.sizes
        network = Network([Input(first), *map(Tanh, hidden), Linear(last)])
        return NetworkFit(network, self.X, self.Y, precision=precision)

    def theta0(self):
        """W and b uniform, always the same: W with variance 1/n_{l−1}, b in [−1, 1]."""
        rng = np.random.default_rng(1000)
        layers = [
            (rng.uniform(-1, 1, n * n_out) * np.sqrt(3 / n), rng.uniform(-1, 1, n_out))
            for n, n_out in self.pairs
        ]
        return np.concatenate([array for layer in layers for array in layer])

    def __str__(self):
        return f"{self.name}  {'-'.join(map(str, self.sizes))}, N = {len(self.X)}"


def t1():
    """Sine, P = 46 > N·m = 40."""
    return Task("T1", (1, 15, 1), *sine(40), mse=1e-8, max_trials=200, goal=1.2, ahead=1.5)


def t2():
    """Sinc, P = 61."""
    return Task("T2", (2, 15, 1), *sinc(17), mse=1e-5, max_trials=200, goal=1.0, ahead=5)


def t3():
    """A product of sharp factors, P = 301."""
    X = np.random.default_rng(12345).uniform(-1, 1, (400, 4))
    y = (
        np.sin(2 * np.pi * X[:, 0])
        * X[:, 1] ** 2
        * X[:, 2] ** 3
        * X[:, 3] ** 4
        * np.exp(-X.sum(axis=1))
    )
    return Task(
        "T3",
        (4, 50, 1),
        X,
        (y / np.abs(y).max())[:, None],
        mse=1e-3,
        max_trials=100,
        goal=0.9,
        ahead=2.5,
    )


def t4():
    """Three noisy outputs, P = 243."""
    return Task("T4", (8, 20, 3), *smooth(5000), mse=1.5e-3, max_trials=20, goal=0.25, ahead=4)


def smooth(n_samples):
    """(X, Y): three smooth functions of eight inputs, with a little noise."""
    rng = np.random.default_rng(12345)
    X = rng.uniform(-1, 1, (n_samples, 8))
    a, b, c, d, e, f, g, h = X.T
    Y = np.stack(
        [np.sin(2 * a) + b * c, np.tanh(3 * d) * e, np.exp(-f * f - g * g) + h / 2], axis=1
    )
    return X, Y + 0.01 * rng.standard_normal(Y.shape)


def t5():
    """Digits, 8 × 8 pixels, P = 2410."""
    data = digits(8)
    return Task(
        "T5",
        (64, 32, 10),
        data.X[:1500],
        data.Y[:1500],
        mse=2e-3,
        max_trials=40,
        goal=0.12,
        ahead=5,
    )


def t6():
    """One batch of digits, 28 × 28 pixels, P = 101 770 > N·m = 1280."""
    data = digits(28)
    return Task(
        "T6",
        (784, 128, 10),
        data.X[:128],
        data.Y[:128],
        mse=0.0,
        max_trials=12,
        goal=0.015,
        ahead=60,
    )


def t7():
    """Two hidden layers, P = 301."""
    X = np.random.default_rng(12345).uniform(-1, 1, (2000, 2))
    Y = np.sin(4 * X[:, :1]) * np.cos(3 * X[:, 1:])
    return Task("T7", (2, 15, 15, 1), X, Y, mse=1e-5, max_trials=300, goal=0.8, ahead=5)


TASKS = {"T1": t1, "T2": t2, "T3": t3, "T4": t4, "T5": t5, "T6": t6, "T7": t7}


class Plain:
    """r and J of a task in plain NumPy, J row by row in memory, as most people write it; W is (n_{l−1}, n_l) here."""

    def __init__(self, task):
        self.task, self.theta = task, None
        self.parts, stop = [], 0
        for n, n_out in task.pairs:
            start, middle, stop = stop, stop + n * n_out, stop + (n + 1) * n_out
            self.parts.append((start, middle, stop, (n, n_out)))
        self.J = np.zeros((task.Y.size, stop))

    def theta0(self):
        """The task's start, each W transposed."""
        theta = self.task.theta0()
        for start, middle, _, (n, n_out) in self.parts:
            theta[start:middle] = theta[start:middle].reshape(n_out, n).T.ravel()
        return theta

    def weights(self, theta):
        """(W, b) of each layer."""
        return [
            (theta[start:middle].reshape(shape), theta[middle:stop])
            for start, middle, stop, shape in self.parts
        ]

    def residual(self, theta):
        """r, (N·m,)."""
        *hidden, (W, b) = self.weights(theta)
        self.theta, self.activations = theta.copy(), [self.task.X]
        for V, c in hidden:
            z = self.activations[-1] @ V
            z += c
            self.activations.append(np.tanh(z, out=z))
        prediction = self.activations[-1] @ W
        prediction += b
        return (prediction - self.task.Y).ravel()

    def jacobian(self, theta):
        """J, (N·m, P), always in the same array."""
        if not np.array_equal(theta, self.theta):
            self.residual(theta)
        J, a, weights = (
            self.J.reshape(*self.task.Y.shape, -1),
            self.activations,
            self.weights(theta),
        )
        start, middle, _, (_, m) = self.parts[-1]
        for k in range(m):
            J[:, k, start + k : middle : m] = a[-1]
            J[:, k, middle + k] = 1
        S = None
        for i in reversed(range(len(self.parts) - 1)):
            start, middle, stop, shape = self.parts[i]
            Wt, slope = weights[i + 1][0].T, 1 - a[i + 1] ** 2
            S = (Wt if S is None else S @ Wt) * slope[:, None, :]
            block = J[:, :, start:middle].reshape(*self.task.Y.shape, *shape)
            np.multiply(a[i][:, None, :, None], S[:, :, None, :], out=block)
            J[:, :, middle:stop] = S
        return self.J

    def iterate(self, theta):
        """The floor: r, J, JᵀJ (JJᵀ where P > N·m), Cholesky and the step, with nothing around them."""
        r, J = self.residual(theta), self.jacobian(theta)
        dual = J.shape[1] > J.shape[0]
        A, g = (J @ J.T, r) if dual else (J.T @ J, J.T @ r)
        A.flat[:: len(A) + 1] += MU
        factor = cho_factor(A, lower=True, overwrite_a=True, check_finite=False)
        h = cho_solve(factor, g, check_finite=False)
        return J.T @ h if dual else h
