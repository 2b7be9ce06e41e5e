"""Solvers that litmus is tried on: true ones and wrong ones, each as its author might write it."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve, qr, solve_triangular
from scipy.sparse.linalg import LinearOperator, cg

TRUE, WRONG = {}, {}


def true(function):
    """Register a step function that is Levenberg-Marquardt."""
    TRUE[function.__name__] = lambda: function
    return function


def true_maker(make):
    """Register a function that makes one."""
    TRUE[make.__name__] = make
    return make


def wrong(words):
    """Register a step function with the words that its report must hold."""

    def register(function):
        WRONG[function.__name__] = (lambda: function), words
        return function

    return register


def wrong_maker(words):
    """Register a function that makes one with a state of its own."""

    def register(make):
        WRONG[make.__name__] = make, words
        return make

    return register


def judged(residual, theta, h, **info):
    """The usual verdict: keep θ + h if Σr² falls."""
    before, after = residual(theta), residual(theta + h)
    if after @ after < before @ before:
        return theta + h, True, {"h": h, **info}
    return theta.copy(), False, {"h": h, **info}


# True ones ----------------------------------------------------------------------------------------


@true
def textbook(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), -J.T @ r)
    return judged(residual, theta, h, J=J)


@true
def stacked_qr(fun, jac, w, lam):
    e, J = fun(w), jac(w)
    n = w.size
    Q, R = qr(np.vstack([J, np.sqrt(lam) * np.eye(n)]), mode="economic")
    step = solve_triangular(R, -Q.T @ np.concatenate([e, np.zeros(n)]))
    new = w + step
    if np.sum(fun(new) ** 2) < np.sum(e**2):
        return new, True
    return w, False


@true
def by_svd(residual, jacobian, theta, mu):
    U, s, Vt = np.linalg.svd(jacobian(theta), full_matrices=False)
    h = -Vt.T @ (s / (s**2 + mu) * (U.T @ residual(theta)))
    return judged(residual, theta, h)


@true
def by_pinv(residual, jacobian, theta, mu):
    J = jacobian(theta)
    h = -np.linalg.pinv(np.r_[J, mu**0.5 * np.eye(J.shape[1])])[:, : len(J)] @ residual(theta)
    return judged(residual, theta, h, J=J)


@true
def by_lstsq(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    P = J.shape[1]
    rows = np.concatenate((J, np.diag(np.full(P, np.sqrt(mu)))))
    h, *_ = np.linalg.lstsq(rows, np.concatenate((-r, np.zeros(P))), rcond=None)
    return judged(residual, theta, h)


@true
def dual(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -J.T @ np.linalg.solve(J @ J.T + mu * np.eye(len(r)), r)
    return judged(residual, theta, h)


@true
def cholesky_minus_first(residual, jacobian, theta, mu):
    """target − prediction throughout, and J of it: nothing changes."""
    e, E = -residual(theta), -jacobian(theta)
    A = E.T @ E
    A[np.diag_indices_from(A)] += mu
    delta = cho_solve(cho_factor(A), E.T @ e)
    new = theta - delta
    better = 0.5 * np.dot(residual(new), residual(new)) < 0.5 * np.dot(e, e)
    return (new, better, dict(h=-delta, J=E)) if better else (theta, better, dict(h=-delta, J=E))


@true
def marquardt_scaled(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    A = J.T.dot(J)
    h = -np.linalg.solve(A + mu * np.diag(A.diagonal()), J.T.dot(r))
    return judged(residual, theta, h)


@true
def mean_of_squares(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    n = len(r)
    h = -np.linalg.solve(J.T @ J / n + mu * np.eye(J.shape[1]), J.T @ r / n)
    return judged(residual, theta, h)


@true
def twice_on_both_sides(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = np.linalg.solve(2 * J.T @ J + mu * np.eye(J.shape[1]), -2 * J.T @ r)
    return judged(residual, theta, h)


@true
def in_place(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    saved = theta.copy()
    theta += np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), -(J.T @ r))
    if not np.sum(residual(theta) ** 2) < np.sum(r**2):
        theta[:] = saved
        return theta, False
    return theta, True


@true
def plain_lists(residual, jacobian, theta, mu):
    """Gaussian elimination on lists."""
    r, J = list(residual(theta)), [list(row) for row in jacobian(theta)]
    n = len(theta)
    M = [[sum(row[i] * row[j] for row in J) + (mu if i == j else 0) for j in range(n)]
         + [-sum(row[i] * ri for row, ri in zip(J, r))] for i in range(n)]  # fmt: skip  # noqa: B905
    for k in range(n):
        for i in range(k + 1, n):
            f = M[i][k] / M[k][k]
            M[i] = [a - f * b for a, b in zip(M[i], M[k])]  # noqa: B905
    h = [0.0] * n
    for k in reversed(range(n)):
        h[k] = (M[k][n] - sum(M[k][j] * h[j] for j in range(k + 1, n))) / M[k][k]
    new = [float(t) + d for t, d in zip(theta, h)]  # noqa: B905
    ok = sum(x * x for x in residual(new)) < sum(x * x for x in r)
    return (new if ok else list(theta)), ok, {"h": h, "J": J}


@true
def single_precision(residual, jacobian, theta, mu):
    theta = theta.astype(np.float32)
    r, J = residual(theta).astype(np.float32), jacobian(theta).astype(np.float32)
    A = J.T @ J + np.float32(mu) * np.eye(len(theta), dtype=np.float32)
    h = -np.linalg.solve(A, J.T @ r)
    rn = residual(theta + h).astype(np.float32)
    return (theta + h, True, {"h": h}) if rn @ rn < r @ r else (theta, False, {"h": h})


@true
def gain_ratio(residual, jacobian, theta, mu):
    """Accepts by ρ > 0 and tells the next μ by Nielsen's rule."""
    r, J = residual(theta), jacobian(theta)
    g = J.T @ r
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(g)), g)
    F, new = 0.5 * r @ r, theta + h
    rn = residual(new)
    rho = (F - 0.5 * rn @ rn) / (0.5 * h @ (mu * h - g))
    if rho > 0:
        return new, True, {"h": h, "J": J, "mu": mu * max(1 / 3, 1 - (2 * rho - 1) ** 3)}
    return theta, False, {"h": h, "J": J, "mu": 2 * mu}


@true
def own_differences(residual, jacobian, theta, mu):
    """Forward differences of r in place of the J that was handed over."""
    r = residual(theta)
    J = np.empty((len(r), len(theta)))
    for j in range(len(theta)):
        d = 1e-7 * max(1.0, abs(theta[j]))
        moved = theta.copy()
        moved[j] += d
        J[:, j] = (residual(moved) - r) / d
    h = np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), -J.T @ r)
    return judged(residual, theta, h)


@true
def theta_only(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    new = theta - np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    return new if (residual(new) ** 2).sum() < (r**2).sum() else theta


@true_maker
def more_monotone():
    """Moré's D: the largest column norms so far."""
    largest = {}

    def step(residual, jacobian, theta, mu):
        r, J = residual(theta), jacobian(theta)
        norms = np.linalg.norm(J, axis=0)
        D = largest[J.shape] = np.maximum(largest.get(J.shape, 0), norms)
        h = -np.linalg.solve(J.T @ J + mu * np.diag(D**2), J.T @ r)
        return judged(residual, theta, h)

    return step


@true_maker
def remembering():
    """A class that keeps r and J for the θ of a refused trial."""

    class Solver:
        key = None

        def __call__(self, residual, jacobian, theta, mu):
            if (
                self.key is None
                or self.key[0] is not residual.__self__
                or not np.array_equal(self.key[1], theta)
            ):
                self.key = residual.__self__, theta.copy()
                self.r, self.J = residual(theta), jacobian(theta)
            A, g = self.J.T @ self.J, self.J.T @ self.r
            h = -np.linalg.solve(A + mu * np.identity(len(g)), g)
            return judged(residual, theta, h, J=self.J)

    return Solver()


@true
def with_geodesic_term(residual, jacobian, theta, mu):
    """Looks at θ + h/10 first, and moves by h + ½a."""
    r, J = residual(theta), jacobian(theta)
    A = J.T @ J + mu * np.eye(len(theta))
    h = -np.linalg.solve(A, J.T @ r)
    bend = 20 * ((residual(theta + 0.1 * h) - r) / 0.1 - J @ h)
    a = -np.linalg.solve(A, J.T @ bend)
    if 2 * np.linalg.norm(a) > 0.75 * np.linalg.norm(h):
        return theta, False
    new = theta + h + a / 2
    return (new, True) if np.sum(residual(new) ** 2) < r @ r else (theta, False)


@true
def complex_steps(residual, jacobian, theta, mu):
    """J = Im r(θ + iεe)/ε."""
    r = residual(theta)
    J = np.stack([residual(theta + 1e-30j * e).imag / 1e-30 for e in np.eye(len(theta))], axis=1)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    return judged(residual, theta, h)


@true
def damped_by_the_loss(residual, jacobian, theta, mu):
    """μ‖r‖² in place of μ, as Yamashita and Fukushima take it."""
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * (r @ r) * np.eye(len(theta)), J.T @ r)
    return judged(residual, theta, h)


@true
def tries_until_better(residual, jacobian, theta, mu):
    """Several trials in one call, μ ten times larger each."""
    r, J = residual(theta), jacobian(theta)
    for _ in range(12):
        h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
        rn = residual(theta + h)
        if rn @ rn < r @ r:
            return theta + h, True
        mu *= 10
    return theta, False


# Wrong ones ---------------------------------------------------------------------------------------


@wrong("squared errors")
def neupys_jacobian(residual, jacobian, theta, mu):
    err = residual(theta) ** 2
    J = 2 * residual(theta)[:, np.newaxis] * jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ err)
    return judged(residual, theta, h, J=J)


@wrong("squared errors")
def per_sample_gradients(f, df, w, lam):
    G = np.array([e * row for e, row in zip(f(w), df(w), strict=True)])
    delta = np.linalg.solve(G.T @ G + lam * np.eye(w.size), G.sum(axis=0))
    return w - delta, True, {}


@wrong("gradient of the loss stands where J")
def scalar_loss(residual, jacobian, theta, mu):
    loss = 0.5 * np.sum(residual(theta) ** 2)
    J = (jacobian(theta).T @ residual(theta)).reshape(1, -1)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), (J.T * loss).ravel())
    return judged(residual, theta, h, J=J)


@wrong("gradient of the loss stands where J")
def outer_product(residual, jacobian, theta, mu):
    g = 2 * jacobian(theta).T @ residual(theta) / residual(theta).size
    H = np.outer(g, g)
    return theta - np.linalg.solve(H + mu * np.eye(g.size), g), True, {}


@wrong("√loss")
def root_of_loss(residual, jacobian, theta, mu):
    r = residual(theta)
    e = np.sqrt(0.5 * r @ r)
    J = (jacobian(theta).T @ r / (2 * e))[None, :]
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ np.array([e]))
    return judged(residual, theta, h)


@wrong("cut into blocks")
def a_matrix_for_each_parameter(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    new = theta.copy()
    for j in range(len(theta)):
        column = J[:, j]
        new[j] -= (column @ r) / (column @ column + mu)
    return (new, True) if np.sum(residual(new) ** 2) < r @ r else (theta, False)


@wrong("cut into blocks")
def layer_by_layer(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    half = (len(theta) + 1) // 2
    pieces = []
    for part in (slice(0, half), slice(half, None)):
        Jp = J[:, part]
        pieces.append(-np.linalg.solve(Jp.T @ Jp + mu * np.eye(Jp.shape[1]), Jp.T @ r))
    return judged(residual, theta, np.concatenate(pieces))


@wrong("row sums")
def grad_of_summed_grad(residual, jacobian, theta, mu):
    """'Hessian' by differences of the summed gradient, used entry by entry."""

    def grad(t):
        return jacobian(t).T @ residual(t)

    eps = 1e-5
    H1 = np.array(
        [
            (grad(theta + eps * e).sum() - grad(theta - eps * e).sum()) / (2 * eps)
            for e in np.eye(len(theta))
        ]
    )
    return theta - grad(theta) / (H1 + mu), True, {"J": grad(theta)[None]}


@wrong("sign")
def target_minus_prediction(residual, jacobian, theta, mu):
    e = -residual(theta)
    J = jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ e)
    return theta + h, True, {"h": h, "J": J}


@wrong("subtracted where it should be added")
def double_minus(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    delta = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    return theta - delta, True, {"h": delta}


@wrong("sign")
def climbs(residual, jacobian, theta, mu):
    J = jacobian(theta)
    return theta + np.linalg.inv(J.T @ J + mu * np.eye(len(theta))) @ J.T @ residual(theta)


@wrong("all entries")
def broadcast_mu(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    return judged(residual, theta, -np.linalg.lstsq(J.T @ J + mu, J.T @ r, rcond=None)[0])


@wrong("all entries")
def broadcast_diagonal(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    A = J.T @ J
    return judged(residual, theta, -np.linalg.solve(A + mu * np.diag(A), J.T @ r))


@wrong("wrong matrix")
def diagonal_of_gradient(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    g = J.T @ r
    D = np.diag(np.outer(g, g).diagonal())
    return judged(residual, theta, -np.linalg.solve(J.T @ J + mu * D, g))


@wrong("wrong matrix")
def diagonal_of_samples(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    D = np.diag((J @ J.T).diagonal()[: len(theta)])
    return judged(residual, theta, -np.linalg.solve(J.T @ J + mu * D, J.T @ r))


@wrong("whole JᵀJ")
def scaled_matrix(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    A = J.T @ J
    A += mu * A
    return judged(residual, theta, -np.linalg.solve(A, J.T @ r))


@wrong_maker("never changes")
def constant_lambda():
    lam = 0.01

    def train_step(residual, jacobian, theta, mu):
        r, J = residual(theta), jacobian(theta)
        return theta - np.linalg.solve(J.T @ J + lam * np.eye(len(theta)), J.T @ r), True, {}

    return train_step


@wrong_maker("μ is late")
def late_mu():
    class Late:
        def __init__(self):
            self.mu = 0.1

        def step(self, residual, jacobian, theta, mu):
            r, J = residual(theta), jacobian(theta)
            h = -np.linalg.solve(J.T @ J + self.mu * np.eye(len(theta)), J.T @ r)
            self.mu = mu
            return judged(residual, theta, h)

    return Late().step


@wrong("bad step is kept")
def no_way_back(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    return theta + h, True, {"h": h, "J": J}


@wrong("not restored")
def refused_but_moved(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    theta = theta - np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    ok = np.linalg.norm(residual(theta)) < np.linalg.norm(r)
    return theta, ok, {}


@wrong("applied again")
def wrong_way_back(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    update = np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    new = theta - update
    if np.sum(residual(new) ** 2) < np.sum(r**2):
        return new, True, {}
    return new - update, False, {}


@wrong("last bits")
def back_by_subtraction(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    theta = theta + h
    if residual(theta) @ residual(theta) < r @ r:
        return theta, True, {}
    return theta - h, False, {}


@wrong_maker("J is stale")
def first_jacobian_forever():
    cache = []

    def step(residual, jacobian, theta, mu):
        if not cache or cache[0].shape[1] != len(theta):
            cache[:] = [jacobian(theta)]
        J = cache[0]
        r = residual(theta)
        if len(J) != len(r):
            cache[:] = [jacobian(theta)]
            J = cache[0]
        h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
        return judged(residual, theta, h)

    return step


@wrong_maker("J is stale")
def jacobian_of_last_step():
    state = {}

    def step(residual, jacobian, theta, mu):
        now = jacobian(theta)
        J = state.get(now.shape, now)
        state[now.shape] = now
        h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ residual(theta))
        return judged(residual, theta, h)

    return step


@wrong_maker("r is stale")
def residual_of_last_step():
    state = {}

    def step(residual, jacobian, theta, mu):
        now, J = residual(theta), jacobian(theta)
        r = state.get(J.shape, now)
        h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
        state[J.shape] = now
        return judged(residual, theta, h)

    return step


@wrong("transposed")
def transposed(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J @ J.T + mu * np.eye(len(theta)), J.T @ r)
    return judged(residual, theta, h, J=J.T)


@wrong("reshaped")
def reshaped(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    Jt = J.reshape(len(theta), -1)
    h = -np.linalg.solve(Jt @ Jt.T + mu * np.eye(len(theta)), Jt @ r)
    return judged(residual, theta, h)


@wrong("factor of 1/N")
def mean_gradient(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), (r[:, None] * J).mean(axis=0))
    return judged(residual, theta, h)


@wrong("factor of N")
def mean_matrix(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J / len(J) + mu * np.eye(len(theta)), J.T @ r)
    return judged(residual, theta, h)


@wrong("factor of 2")
def two_on_one_side(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), 2 * J.T @ r)
    return judged(residual, theta, h)


@wrong("applied twice")
def updates_twice(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    new = theta + h
    new += h
    return new, True, {"h": h}


@wrong("Columns of J are missing")
def no_bias(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)[:, :-1]
    h = np.zeros_like(theta)
    h[:-1] = -np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), J.T @ r)
    return judged(residual, theta, h, J=J)


@wrong("plain gradient descent")
def descent(residual, jacobian, theta, mu):
    return theta - 0.01 * jacobian(theta).T @ residual(theta), True, {}


@wrong("lm_step is never called")
def never_calls_it(residual, jacobian, theta, mu):
    def lm_step(r, J):
        return -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)

    return theta - 0.05 * jacobian(theta).T @ residual(theta), True, {}


@wrong("plain Gauss-Newton")
def newton_gauss(residual, jacobian, theta, mu):
    h = np.linalg.lstsq(jacobian(theta), -residual(theta), rcond=None)[0]
    return theta + h, True, {"h": h}


@wrong_maker("Adam")
def adam():
    m = v = 0.0
    t = 0

    def step(residual, jacobian, theta, mu):
        nonlocal m, v, t
        g = 2 * jacobian(theta).T @ residual(theta) / len(residual(theta))
        if np.shape(m) != g.shape:
            m, v, t = 0 * g, 0 * g, 0
        t += 1
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        return theta - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), True, {}

    return step


@wrong("Hessian")
def full_newton(residual, jacobian, theta, mu):
    def g(t):
        return jacobian(t).T @ residual(t)

    H = np.stack([(g(theta + 1e-5 * e) - g(theta - 1e-5 * e)) / 2e-5 for e in np.eye(len(theta))])
    h = -np.linalg.solve(H + mu * np.eye(len(theta)), g(theta))
    return judged(residual, theta, h)


@wrong("summed")
def summed_rows(residual, jacobian, theta, mu):
    J = jacobian(theta).mean(axis=0, keepdims=True)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J[0] * residual(theta).mean())
    return judged(residual, theta, h)


@wrong("μ²")
def mu_for_root_mu(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    P = len(theta)
    h = np.linalg.lstsq(np.r_[J, mu * np.eye(P)], np.r_[-r, np.zeros(P)], rcond=None)[0]
    return judged(residual, theta, h)


@wrong("subtracted from JᵀJ")
def minus_mu(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J - mu * np.eye(len(theta)), J.T @ r)
    return judged(residual, theta, h)


@wrong("multiplied where the system")
def product_not_solve(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    return judged(residual, theta, -1e-3 * (J.T @ J + mu * np.eye(len(theta))) @ (J.T @ r))


@wrong("penalty on the parameters")
def ridge(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r + mu * theta)
    return judged(residual, theta, h)


@wrong("verdict is turned")
def verdict_turned(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    if np.sum(residual(theta + h) ** 2) > np.sum(r**2):
        return theta + h, True, {"h": h}
    return theta, False, {"h": h}


@wrong("sum of r")
def compares_sums(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    if residual(theta + h).sum() < r.sum():
        return theta + h, True, {"h": h}
    return theta, False, {"h": h}


@wrong_maker("compared with an old one")
def stale_loss():
    last = [np.inf]

    def step(residual, jacobian, theta, mu):
        r, J = residual(theta), jacobian(theta)
        h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
        now, F = float(np.sum(residual(theta + h) ** 2)), last[0]
        last[0] = float(np.sum(r**2))
        return (theta + h, True, {"h": h}) if now < max(F, last[0]) else (theta, False, {"h": h})

    return step


@wrong("moves the wrong way")
def mu_the_wrong_way(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    new, ok, info = judged(residual, theta, h, J=J)
    return new, ok, {**info, "mu": mu * 10 if ok else mu / 10}


@wrong("wrong in JᵀJ")
def wrong_index(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    n = len(theta)
    A = np.array([[sum(J[k, i] * J[k, i] for k in range(len(r))) for _ in range(n)]
                  for i in range(n)])  # fmt: skip
    return judged(residual, theta, -np.linalg.solve(A + mu * np.eye(n), J.T @ r))


@wrong("the length is not")
def always_one_long(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    return judged(residual, theta, h / np.linalg.norm(h))


@wrong("triangular factor")
def factor_for_product(residual, jacobian, theta, mu):
    Q, R = np.linalg.qr(jacobian(theta))
    h = np.linalg.solve(R + mu * np.eye(len(theta)), -Q.T @ residual(theta))
    return judged(residual, theta, h)


@wrong("largest |r|")
def compares_the_largest(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    better = np.abs(residual(theta + h)).max() < np.abs(r).max()
    return (theta + h, True, {"h": h}) if better else (theta, False, {"h": h})


@wrong("called accepted")
def always_says_yes(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    return judged(residual, theta, h)[0], True, {"h": h}


@wrong("too coarse")
def coarse_differences(residual, jacobian, theta, mu):
    r = residual(theta)
    J = np.stack([(residual(theta + 0.5 * e) - r) / 0.5 for e in np.eye(len(theta))], axis=1)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    return judged(residual, theta, h)


@wrong_maker("μ of its own")
def keeps_its_own_mu():
    own = [1.0]

    def step(residual, jacobian, theta, mu):
        r, J = residual(theta), jacobian(theta)
        h = -np.linalg.solve(J.T @ J + own[0] * np.eye(len(theta)), J.T @ r)
        result = judged(residual, theta, h)
        own[0] *= 0.1 if result[1] else 10
        return result

    return step


@wrong_maker("Momentum is added")
def heavy_levenberg():
    velocity = [np.zeros(0)]

    def step(residual, jacobian, theta, mu):
        r, J = residual(theta), jacobian(theta)
        h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
        v = velocity[0] if velocity[0].shape == h.shape else 0 * h
        velocity[0] = 0.5 * v + h
        return theta + velocity[0], True, {}

    return step


@wrong_maker("stale at some steps")
def new_jacobian_every_second_step():
    state = {"k": 0, "J": np.zeros((0, 0))}

    def step(residual, jacobian, theta, mu):
        state["k"] += 1
        r, J = residual(theta), jacobian(theta)
        if state["k"] % 2 == 0 and state["J"].shape == J.shape:
            J = state["J"]
        state["J"] = J
        return judged(residual, theta, -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r))

    return step


@wrong("not taken")
def forgets_to_move(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ r)
    return theta, np.sum(residual(theta + h) ** 2) < r @ r, {"h": h}


@wrong("added to J itself")
def mu_in_the_wrong_place(residual, jacobian, theta, mu):
    J = jacobian(theta)
    return judged(residual, theta, -np.linalg.pinv(J + mu) @ residual(theta))


@wrong("never made")
def returns_theta(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), -J.T @ r)
    return theta, True, {}


# Other styles -------------------------------------------------------------------------------------


def solved(residual, jacobian, theta, mu):
    """The right step."""
    r, J = residual(theta), jacobian(theta)
    return np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), -J.T @ r)


@true
def looks_a_twentieth_ahead(residual, jacobian, theta, mu):
    v, r, J = solved(residual, jacobian, theta, mu), residual(theta), jacobian(theta)
    bend = 40 * ((residual(theta + v / 20) - r) * 20 - J @ v)
    a = -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), J.T @ bend)
    return judged(residual, theta, v + a / 2 if 2 * np.linalg.norm(a) < np.linalg.norm(v) else v)


@true
def radius_by_bisection(residual, jacobian, theta, mu):
    """Finds μ again from the length that the step is to have."""
    r, J = residual(theta), jacobian(theta)
    A, g = J.T @ J, J.T @ r
    radius = np.linalg.norm(solved(residual, jacobian, theta, mu))
    low, high = 0.0, np.linalg.norm(g) / radius
    for _ in range(200):
        middle = (low + high) / 2
        h = -np.linalg.solve(A + middle * np.eye(len(g)), g)
        low, high = (middle, high) if np.linalg.norm(h) > radius else (low, middle)
    return judged(residual, theta, h)


@true
def columns_to_one_length(residual, jacobian, theta, mu):
    """Marquardt's own form."""
    J = jacobian(theta)
    A, g = J.T @ J, J.T @ residual(theta)
    s = np.sqrt(np.diag(A))
    h = -np.linalg.solve(A / np.outer(s, s) + mu * np.eye(len(g)), g / s) / s
    return judged(residual, theta, h)


@true
def conjugate_gradients_to_the_end(residual, jacobian, theta, mu):
    J, n = jacobian(theta), len(theta)
    operator = LinearOperator((n, n), matvec=lambda v: J.T @ (J @ v) + mu * v)
    h, _ = cg(operator, -J.T @ residual(theta), rtol=1e-12, maxiter=200)
    return judged(residual, theta, h)


@wrong("not solved to its end")
def two_conjugate_gradients(residual, jacobian, theta, mu):
    J = jacobian(theta)
    operator = J.T @ J + mu * np.eye(len(theta))
    h, _ = cg(operator, -J.T @ residual(theta), rtol=1e-12, maxiter=2)
    return judged(residual, theta, h)


@wrong("Jacobi")
def two_sweeps(residual, jacobian, theta, mu):
    J = jacobian(theta)
    A, b = J.T @ J + mu * np.eye(len(theta)), -J.T @ residual(theta)
    h = b / np.diag(A)
    return judged(residual, theta, h + (b - A @ h) / np.diag(A))


@wrong("entry by entry")
def squashed(residual, jacobian, theta, mu):
    return judged(residual, theta, np.tanh(solved(residual, jacobian, theta, mu)))


@wrong("signs of the step")
def sizes_only(residual, jacobian, theta, mu):
    return judged(residual, theta, abs(solved(residual, jacobian, theta, mu)))


@wrong("weighted by their residuals")
def robust(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    A = J.T @ (J / (1 + abs(r))[:, None])
    return judged(residual, theta, -np.linalg.solve(A + mu * np.eye(len(theta)), J.T @ r))


@wrong("set to zero")
def positive_residuals(residual, jacobian, theta, mu):
    return judged(residual, theta, solved(lambda t: residual(t).clip(0), jacobian, theta, mu))


@wrong("part of the rows")
def half_a_batch(residual, jacobian, theta, mu):
    h = solved(lambda t: residual(t)[::2], lambda t: jacobian(t)[::2], theta, mu)
    return judged(residual, theta, h)


@wrong("weight decay")
def decayed(residual, jacobian, theta, mu):
    h = solved(residual, jacobian, theta, mu)
    return judged(residual, theta, 0.9 * (theta + h) - theta)


@wrong("diagonal of (JᵀJ")
def diagonal_of_the_inverse(residual, jacobian, theta, mu):
    J = jacobian(theta)
    inverse = np.linalg.pinv(J.T @ J + mu * np.eye(len(theta)))
    return judged(residual, theta, -np.diag(inverse) * (J.T @ residual(theta)))


@wrong("reshaped")
def columns_first(residual, jacobian, theta, mu):
    def shuffled(t):
        return jacobian(t).ravel(order="F").reshape(jacobian(t).shape)

    return judged(residual, theta, solved(residual, shuffled, theta, mu))


@wrong("factor of ½")
def half_a_step(residual, jacobian, theta, mu):
    """It looks twice at its trial: that is no look ahead."""
    h = solved(residual, jacobian, theta, mu) / 2
    residual(theta + h)
    return judged(residual, theta, h)


# Wrong ones that a hostile reader thought of ------------------------------------------------------


def step_of(J, r, mu):
    return np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -J.T @ r)


@wrong("beside the diagonal")
def all_but_the_diagonal(residual, jacobian, theta, mu):
    J = jacobian(theta)
    A = J.T @ J
    off = np.max(np.diag(A)) * (1 - np.eye(len(theta)))
    return judged(residual, theta, -np.linalg.solve(A + mu * off, J.T @ residual(theta)))


@wrong("A penalty on the parameters")
def decayed_gradient(residual, jacobian, theta, mu):
    J = jacobian(theta)
    g = J.T @ residual(theta) + 0.01 * theta
    return judged(residual, theta, -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), g))


@wrong("A penalty on the parameters")
def sparse(residual, jacobian, theta, mu):
    J = jacobian(theta)
    g = J.T @ residual(theta) + 0.1 * np.sign(theta)
    return judged(residual, theta, -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), g))


@wrong("rows of J are scaled")
def rows_of_one_length(residual, jacobian, theta, mu):
    J = jacobian(theta)
    lengths = np.linalg.norm(J, axis=1)
    return judged(residual, theta, step_of(J / lengths[:, None], residual(theta) / lengths, mu))


@wrong("columns of J are scaled")
def never_scaled_back(residual, jacobian, theta, mu):
    J = jacobian(theta)
    return judged(residual, theta, step_of(J / np.linalg.norm(J, axis=0), residual(theta), mu))


@wrong("mean is subtracted")
def standardized(residual, jacobian, theta, mu):
    r = residual(theta)
    return judged(residual, theta, step_of(jacobian(theta), r - np.mean(r), mu))


@wrong("counted twice")
def triangle_and_transpose(residual, jacobian, theta, mu):
    J = jacobian(theta)
    lower = np.tril(J.T @ J)
    A = lower + lower.T + mu * np.eye(len(theta))
    return judged(residual, theta, -np.linalg.solve(A, J.T @ residual(theta)))


@wrong("|J| stands")
def without_signs(residual, jacobian, theta, mu):
    return judged(residual, theta, step_of(abs(jacobian(theta)), residual(theta), mu))


@wrong("|Jᵀr| stands")
def gradient_without_signs(residual, jacobian, theta, mu):
    J = jacobian(theta)
    A = J.T @ J + mu * np.eye(len(theta))
    return judged(residual, theta, -np.linalg.solve(A, abs(J.T @ residual(theta))))


@wrong("One entry of the step")
def largest_entry_only(residual, jacobian, theta, mu):
    h = step_of(jacobian(theta), residual(theta), mu)
    return judged(residual, theta, np.where(abs(h) == np.max(abs(h)), h, 0.0))


@wrong("in another order than the parameters")
def put_together_backwards(residual, jacobian, theta, mu):
    return judged(residual, theta, step_of(jacobian(theta), residual(theta), mu)[::-1].copy())


@wrong("in different orders")
def off_by_one_sample(residual, jacobian, theta, mu):
    return judged(residual, theta, step_of(jacobian(theta), np.roll(residual(theta), 1), mu))


@wrong("to 2 decimals")
def as_it_was_printed(residual, jacobian, theta, mu):
    return judged(residual, theta, step_of(jacobian(theta), residual(theta), mu).round(2))


@wrong("singular values are damped wrongly")
def first_powers(residual, jacobian, theta, mu):
    U, s, Vt = np.linalg.svd(jacobian(theta), full_matrices=False)
    return judged(residual, theta, -Vt.T @ (U.T @ residual(theta) / (s + mu)))


@wrong("It stops early")
def soon_content(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    if np.linalg.norm(J.T @ r) < 1.0:
        return theta, False, {"h": np.zeros(len(theta))}
    return judged(residual, theta, step_of(J, r, mu))


@wrong("r is stale")
def residual_from_ahead(residual, jacobian, theta, mu):
    J = jacobian(theta)
    ahead = theta + step_of(J, residual(theta), mu)
    return judged(residual, theta, step_of(J, residual(ahead), mu))


@wrong("as robust losses do")
def hubers_weights(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    root = np.sqrt(np.where(abs(r) < 0.5, 1, 0.5 / np.maximum(abs(r), 1e-9)))
    return judged(residual, theta, step_of(root[:, None] * J, root * r, mu))


@wrong("No known mistake reproduces its steps")
def something_else(residual, jacobian, theta, mu):
    J = jacobian(theta)
    g = J.T @ residual(theta) + mu**1.5
    return judged(residual, theta, -np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), g))


@wrong("JᵀJ shrinks as μ grows")
def blended(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    A = (1 - mu) * J.T @ J + mu * np.eye(len(theta))
    return judged(residual, theta, np.linalg.solve(A, -J.T @ r))


@wrong("diagonal of the wrong matrix")
def lengths_of_columns_not_squared(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    D = np.diag(np.linalg.norm(J, axis=0))
    return judged(residual, theta, np.linalg.solve(J.T @ J + mu * D, -J.T @ r))


@wrong("Gauss-Newton's, only shorter")
def backtracking(residual, jacobian, theta, mu):
    r = residual(theta)
    h = -np.linalg.lstsq(jacobian(theta), r, rcond=None)[0]
    while np.sum(residual(theta + h) ** 2) > r @ r and np.abs(h).max() > 1e-12:
        h = h / 2
    return theta + h, True, {"h": h}


@wrong("the same one twice")
def the_lower_factor_twice(residual, jacobian, theta, mu):
    J = jacobian(theta)
    L = np.linalg.cholesky(J.T @ J + mu * np.eye(len(theta)))
    z = solve_triangular(L, -J.T @ residual(theta), lower=True)
    return judged(residual, theta, solve_triangular(L, z, lower=True))


@wrong("V stands where Vᵀ belongs")
def numpys_third_taken_for_v(residual, jacobian, theta, mu):
    U, s, V = np.linalg.svd(jacobian(theta), full_matrices=False)
    return judged(residual, theta, -V @ (s / (s**2 + mu) * (U.T @ residual(theta))))


@wrong("another θ stands where the old one belongs")
def half_way_after_a_refusal(residual, jacobian, theta, mu):
    new, accepted, info = textbook(residual, jacobian, theta, mu)
    return (new if accepted else theta + info["h"] / 2), accepted


@wrong("another step each time")
def half_of_the_samples(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    some = np.random.permutation(len(r))[: max(2, len(r) // 2)]
    return theta + step_of(J[some], r[some], mu)


@wrong_maker("A good step is refused")
def the_best_of_all_calls():
    best = [np.inf]

    def step(residual, jacobian, theta, mu):
        h = step_of(jacobian(theta), residual(theta), mu)
        F = np.sum(residual(theta + h) ** 2)
        if F < best[0]:
            best[0] = F
            return theta + h, True, {"h": h}
        return theta, False, {"h": h}

    return step
