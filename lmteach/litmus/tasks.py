"""The tasks that a subject is put to: small, seeded, with every derivative known."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

NEAR = 1e-3  # a wall stands outside this distance from θ, so that differences still see the slope


@dataclass(frozen=True)
class Task:
    """θ ↦ r and θ ↦ J, a start, and `bend`, (θ, r) ↦ Σ rᵢ∇²rᵢ."""

    name: str
    residual: Callable
    jacobian: Callable
    start: np.ndarray
    bend: Callable

    def loss(self, theta):
        """F = ½ rᵀr."""
        r = self.residual(theta)
        return 0.5 * float(r @ r)

    def curvature(self, theta):
        """Σ rᵢ∇²rᵢ, by which the Hessian differs from JᵀJ."""
        return self.bend(theta, self.residual(theta))

    def gradient(self, theta):
        """g = Jᵀr."""
        return self.jacobian(theta).T @ self.residual(theta)


def linear(seed=1, n=9, p=4):
    """r = Jθ − b with singular values of J from 1.5 to 3, from θ = 0."""
    J, b = _matrix(seed, n, p)
    return Task(
        f"a straight-line problem with {n} residuals and {p} parameters",
        lambda theta: J @ theta - b,
        lambda theta: J.copy(),
        np.zeros(p),
        lambda theta, r: np.zeros((p, p)),
    )


def curved(seed=2, n=9, p=4, bend=0.5):
    """r = Jθ − b + ½ bend (Bθ)²: every θ has its own Jacobian and its own curvature."""
    J, b = _matrix(seed, n, p)
    B = np.random.default_rng(seed + 100).normal(size=(n, p)) / 2

    def residual(theta):
        return J @ theta - b + bend / 2 * (B @ theta) ** 2

    return Task(
        f"a curved problem with {n} residuals and {p} parameters",
        residual,
        lambda theta: J + bend * (B @ theta)[:, None] * B,
        np.zeros(p),
        lambda theta, r: (B * (bend * r)[:, None]).T @ B,
    )


def points(seed, p=4, n=3):
    """n places θ, in eighths: float32 holds them exactly."""
    return np.random.default_rng(seed).integers(-8, 9, size=(n, p)) / 8


def rosenbrock():
    """r = [10(θ₁ − θ₀²), 1 − θ₀] from (−1.25, 1): Gauss-Newton's first step raises F."""
    return Task(
        "Rosenbrock's valley",
        lambda t: np.stack([10 * (t[1] - t[0] ** 2), 1 - t[0]]),
        lambda t: np.stack([np.stack([-20 * t[0], 10.0]), np.array([-1.0, 0.0])]),
        np.array([-1.25, 1.0]),
        lambda t, r: np.diag([-20 * r[0], 0.0]),
    )


def decay():
    """r = θ₀ exp(−θ₁x) − y: 15 points of an exponential decay with noise, from (1, 0.25)."""
    x = np.linspace(0, 2, 15)
    y = 2 * np.exp(-1.3 * x) + 0.01 * np.random.default_rng(0).normal(size=15)

    def jacobian(t):
        return np.stack([np.exp(-t[1] * x), -t[0] * x * np.exp(-t[1] * x)], axis=1)

    return Task(
        "an exponential decay",
        lambda t: t[0] * np.exp(-t[1] * x) - y,
        jacobian,
        np.array([1.0, 0.25]),
        lambda t, r: np.full((2, 2), np.nan),
    )


def flipped(task):
    """The same task with r and J negated: no Levenberg-Marquardt step changes (P2)."""
    return replace(
        task,
        name=f"{task.name}, with r and J negated",
        residual=lambda theta: -task.residual(theta),
        jacobian=lambda theta: -task.jacobian(theta),
        bend=lambda theta, r: task.bend(theta, -r),
    )


def lifted(task, theta, factor):
    """The same J everywhere, and r larger by (factor − 1)·r(θ): at θ, r is multiplied by factor."""
    more = (factor - 1) * task.residual(theta)
    return replace(task, residual=lambda t: task.residual(t) + more)


def scripted(task, theta, factor):
    """Away from θ the residuals are factor·r(θ), whatever the step: F rises or falls as told."""
    verb = "rises" if abs(factor) > 1 else "falls"
    return walled(task, theta, factor * task.residual(theta), f"F {verb} at every trial")


def walled(task, theta, far, words):
    """Away from θ the residuals are `far`, whatever the step."""

    def residual(t):
        near = np.max(np.abs(np.asarray(t) - theta)) <= NEAR
        return task.residual(t) if near else np.array(far)

    return replace(task, name=f"a problem where {words}", residual=residual)


def disguised(task, theta):
    """Two tasks where F rises at every trial, but max|r| falls in one and Σ|r| in the other."""
    r = task.residual(theta)
    flat = np.full_like(r, 0.95 * np.max(np.abs(r)))
    peak = np.where(np.arange(len(r)) == 0, 1.2 * np.linalg.norm(r), 0.0)
    return [walled(task, theta, far, "F rises at every trial") for far in (flat, peak)]


def _matrix(seed, n, p):
    """(J, b) with singular values of J from 1.5 to 3, and no column like another."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.normal(size=(n, p)))[0]
    right = np.linalg.qr(rng.normal(size=(p, p)))[0]
    return left * np.linspace(1.5, 3, p) @ right, 2 * rng.normal(size=n)
