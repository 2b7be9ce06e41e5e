"""Answers as learners write them: wrong ones, each with the words that name it, and right ones.

They were written from the tasks, as a student would, and most of them before the slips.
"""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import sympy as sp

WRONG, RIGHT = [], []


def wrong(id, answer, *words):
    """A wrong answer; each of the words stands in what the check says."""
    WRONG.append((id, answer, words))


def right(id, answer):
    """A right answer in another way."""
    RIGHT.append((id, answer))


# 00

wrong("0.1", [-2, 12, 0], "½")
wrong("0.1", [-1, 2], "z")
wrong("0.1", [1, -6, 0], "sign")
wrong("0.1", [-0.5, 3, 0], "½")
wrong("0.1", 18.5, "vector")
wrong("0.1", 2.5, "F itself")
wrong("0.2", (4, 2), "smaller")
wrong("0.2", (3, 3), "diagonal")
wrong("0.2", (8, 6), "determinant")
wrong("0.2", (2, 3), "smaller one is right")
wrong("0.2", (-2, -4), "sign")
wrong("0.2", (-4, -2), "sign")
wrong("0.3", (0.5, 1.5), "slope comes first")
wrong("0.3", (1.8, 0), "origin")
wrong("0.3", (1.5, 0), "first and last")
wrong("0.3", (3, 0), "first two")
wrong("0.3", (1.5, 1), "slope is right")
wrong("0.3", (0, 2), "mean")
wrong("0.4", (5, 1), "stretched")
wrong("0.4", (5,), "stretched")
wrong("0.4", 25, "shape")
wrong("0.4", (1, 5), "right")
wrong("0.5", [2, 3], "row")
wrong("0.5", [3, 5], "column")
wrong("0.5", [2, 3, 4, 5], "block")
wrong("0.5", [[2, 3], [4, 5]], "block")
wrong("0.5", [3, 4], "0")
wrong("0.5", [2, 5], "diagonal")
right("0.1", np.array([[-1], [6], [0]]))
right("0.1", sp.Matrix([-1, 6, 0]))
right("0.2", "(2, 4)")
right("0.2", [Fraction(2), 4])
right("0.3", (Fraction(3, 2), 0.5))
right("0.3", [[1.5], [0.5]])
right("0.4", "(5, 5)")
right("0.4", [5, 5])
right("0.5", np.array([2, 4]))
right("0.5", np.array([[2], [4]]))

# 01

wrong("1.1", (26, 10), "other way round")
wrong("1.1", (10, 20), "biases")
wrong("1.1", (5, 26), "output")
wrong("1.1", (10, 25), "theta")
wrong("1.1", 36, "2 values")
wrong("1.2", lambda a, y: (y - a).T.ravel(), "target minus prediction")
wrong("1.2", lambda a, y: (a - y).ravel(), "order")
wrong("1.2", lambda a, y: (y - a).flatten(), "order", "arget minus prediction")
wrong("1.2", lambda a, y: (a - y).T, "table")
wrong("1.2", lambda a, y: ((a - y) ** 2).T.ravel(), "square")
wrong("1.2", lambda a, y: abs(a - y).T.ravel(), "absolute")
wrong("1.2", lambda a, y: (a - y).T.ravel() / 2, "½")
wrong("1.2", lambda a, y: (a - y).T.reshape(-1, 1), "column")
wrong("1.2", lambda a, y: (a - y).sum(axis=0), "summed")
wrong("1.2", lambda a, y: (a - y).T.ravel() / a.shape[1], "mean")
wrong("1.3", 400, "per cent")
wrong("1.3", 4.0, "squared")
wrong("1.3", 0.08, "half")
wrong("1.3", 0.004, "sum")
wrong("1.3", 80, "unchanged")
wrong("1.3", 160_000, "divide")
right("1.1", [10, 26])
right("1.1", np.array([10.0, 26.0]))
right(
    "1.2",
    lambda a, y: np.array([a[k, i] - y[k, i] for i in range(a.shape[1]) for k in range(len(a))]),
)
right("1.2", lambda a, y: (a - y).flatten(order="F"))
right("1.2", lambda a, y: [float(x) for x in (a - y).T.ravel()])
right("1.2", lambda a, y: np.concatenate([p - t for p, t in zip(a.T, y.T, strict=True)]))
right("1.3", [0.04])
right("1.3", Decimal("0.04"))
right("1.3", np.array(0.04))

# 02

wrong("2.1", (0.8414, 0.909), "0.1")
wrong("2.1", (0.0, 0.0), "not yet 0")
wrong("2.1", (0.5, "y"), "two numbers")
wrong("2.1", 0.3, "two numbers")
wrong("2.1", (-0.023, 0.709), "sign")  # r_1 = -4 r_2 sin 2 / sin 1 with the sign lost
wrong("2.1", (-0.865, 0.2), "Are these the residuals")
wrong("2.1", (np.sin(1) - 0.2, np.sin(2) + 0.2), "own bend")
wrong("2.1", (np.sin(1) - 0.2, np.sin(2) + 0.2 * np.sin(1) / np.sin(2)), "−4 sin 2")
wrong("2.1", (np.sin(1) - 0.3 * np.cos(2) * 2 / np.cos(1), np.sin(2) + 0.3), "The slope")
wrong("2.2", 0.0, "not negative")
wrong("2.2", np.log(2), "fits")
wrong("2.2", -1.0, "not negative")
wrong("2.2", [1, 2], "one number")
wrong("2.2", 1.0, "not negative")
wrong("2.3", lambda r, J, C: np.linalg.solve(J.T @ J, -J.T @ r), "second part")
wrong(
    "2.3", lambda r, J, C: np.linalg.solve(sum(r[i] * C[i] for i in range(len(r))), -J.T @ r), "JᵀJ"
)
wrong("2.3", lambda r, J, C: np.linalg.solve(J.T @ J + np.tensordot(r, C, 1), J.T @ r), "sign")
wrong("2.3", lambda r, J, C: np.linalg.solve(J.T @ J + C.sum(axis=0), -J.T @ r), "weight")
wrong("2.3", lambda r, J, C: np.linalg.solve(J.T @ J + C.mean(axis=0), -J.T @ r), "mean")
wrong("2.3", lambda r, J, C: np.linalg.solve(J.T @ J + sum(r) * sum(C), -J.T @ r), "products")
wrong("2.3", lambda r, J, C: -J.T @ r, "−g")
wrong(
    "2.3", lambda r, J, C: np.linalg.solve(J.T @ J - np.tensordot(r, C, 1), -J.T @ r), "subtracted"
)
wrong(
    "2.3", lambda r, J, C: np.linalg.solve(J.T @ J + np.tensordot(r, C, 1), -2 * J.T @ r), "twice"
)
wrong("2.3", lambda r, J, C: -np.linalg.inv(J.T @ J + np.tensordot(r, C, 1)) @ J.T @ r, "inv")
wrong("2.3", lambda r, J, C: np.linalg.solve(J.T @ J + np.tensordot(r, C, 1), -r), "residual")
wrong(
    "2.3", lambda r, J, C: np.linalg.solve(J.T @ J + np.tensordot(abs(r), C, 1), -J.T @ r), "size"
)
wrong(
    "2.3", lambda r, J, C: np.linalg.solve(J.T @ J + np.tensordot(r**2, C, 1), -J.T @ r), "square"
)
wrong(
    "2.3",
    lambda r, J, C: np.linalg.solve(J.T @ J + np.tensordot(r, C, 1) / 2, J.T @ r),
    "halved",
    "sign",
)
right("2.1", [np.sin(1) + 4 * 0.2 * np.sin(2) / np.sin(1), np.sin(2) - 0.2])
right("2.1", (sp.sin(1) - 4 * sp.sin(2) / 5 * -1 / sp.sin(1), sp.sin(2) - sp.Rational(1, 5)))
right("2.2", sp.Float(1.5))
right("2.2", Fraction(3))
right("2.2", [2.5])
right("2.3", lambda r, J, C: np.linalg.solve(J.T @ J + np.einsum("i,ijk->jk", r, C), -J.T @ r))
right(
    "2.3", lambda r, J, C: np.linalg.lstsq(J.T @ J + np.tensordot(r, C, 1), -J.T @ r, rcond=None)[0]
)


def newton_with_loops(r, J, curvatures):
    M, P = J.shape
    H, g = np.zeros((P, P)), np.zeros(P)
    for i in range(M):
        g += r[i] * J[i]
        H += np.outer(J[i], J[i]) + r[i] * curvatures[i]
    return -np.linalg.solve(H, g)


right("2.3", newton_with_loops)

# 03

wrong("3.1", 0.169, "edge")
wrong("3.1", 0.0846, "safe")
wrong("3.1", 0.077, "half")
wrong("3.1", 0.15, "digits")
wrong("3.1", 0.442, "squares")
wrong("3.1", 0.844, "grow")
wrong("3.1", 0.2, "10")
wrong("3.2", lambda p, t, y: (p[0] * t + p[1] - y).sum(), "one number")
wrong(
    "3.2",
    lambda p, t, y: np.array([(y - p[0] * t - p[1]) @ t, (y - p[0] * t - p[1]).sum()]),
    "sign",
)
wrong(
    "3.2",
    lambda p, t, y: 2 * np.array([(p[0] * t + p[1] - y) @ t, (p[0] * t + p[1] - y).sum()]),
    "twice",
)
wrong(
    "3.2",
    lambda p, t, y: np.array([((p[0] * t + p[1] - y) * t).mean(), (p[0] * t + p[1] - y).mean()]),
    "mean",
)
wrong(
    "3.2",
    lambda p, t, y: np.array([(p[0] * t + p[1] - y).sum(), (p[0] * t + p[1] - y) @ t]),
    "order",
)
wrong("3.2", lambda p, t, y: np.array([(p[0] * t + p[1] - y) * t, p[0] * t + p[1] - y]), "sum")
wrong(
    "3.2",
    lambda p, t, y: np.array([(p[1] * t + p[0] - y) @ t, (p[1] * t + p[0] - y).sum()]),
    "theta[0]",
)
wrong("3.2", lambda p, t, y: np.array([(p[0] * t - y) @ t, (p[0] * t - y).sum()]), "theta[1]")
wrong(
    "3.2",
    lambda p, t, y: -2 * np.array([(p[0] * t + p[1] - y) @ t, (p[0] * t + p[1] - y).sum()]),
    "sign",
    "twice",
)
wrong(
    "3.2", lambda p, t, y: np.array([(p[0] * t + p[1] - y) @ y, (p[0] * t + p[1] - y).sum()]), "y"
)
wrong("3.3", 0.1, "stays down")
wrong("3.3", 0.20001, "10000 steps")
wrong("3.3", 2.0, "at once")
wrong("3.3", -0.1, "above 0")
wrong("3.3", "fast", "number")
right("3.1", 0.153)
right("3.1", 0.154)
right("3.1", 2 / 13)
right("3.1", sp.Rational(2, 13))
right("3.1", "0.1538")
right("3.2", lambda p, t, y: np.column_stack([t, np.ones(len(t))]).T @ (p[0] * t + p[1] - y))
right(
    "3.2",
    lambda p, t, y: [
        sum((p[0] * a + p[1] - b) * a for a, b in zip(t, y, strict=True)),
        sum(p[0] * a + p[1] - b for a, b in zip(t, y, strict=True)),
    ],
)
right("3.3", 0.3)
right("3.3", [0.25])
right("3.3", Fraction(1, 4))

# 04

wrong("4.1", lambda d, W, a: d @ W, "slope")
wrong("4.1", lambda d, W, a: (d @ W.T) * (1 - a**2), "way round")
wrong("4.1", lambda d, W, a: (d @ W) * (1 - a), "square")
wrong("4.1", lambda d, W, a: (d @ W) * (1 + a**2), "1 + a²")
wrong("4.1", lambda d, W, a: d * (1 - a**2), "weights")
wrong("4.1", lambda d, W, a: (d @ W) * a, "a itself")
wrong("4.1", lambda d, W, a: -(d @ W) * (1 - a**2), "sign")
wrong("4.1", lambda d, W, a: (d @ W) / np.cosh(a) ** 2, "as if a were z")
wrong("4.1", lambda d, W, a: (d @ W.T) * a * (1 - a), "way round", "logsig")
wrong("4.1", lambda d, W, a: (d @ W) * (1 - a**2) / len(d), "mean")
wrong("4.1", lambda d, W, a: ((d @ W) * (1 - a**2)).sum(axis=0), "summed")
wrong("4.2", lambda d, before, a: (d.T @ a, d.sum(axis=0)), "wrong layer")
wrong("4.2", lambda d, before, a: (before.T @ d, d.sum(axis=0)), "transposed")
wrong("4.2", lambda d, before, a: (d.T @ before / len(d), d.mean(axis=0)), "mean")
wrong("4.2", lambda d, before, a: (d.sum(axis=0), d.T @ before), "other way round")
wrong("4.2", lambda d, before, a: d.T @ before, "values")
wrong("4.2", lambda d, before, a: (d.T @ before, d), "sum over the samples")
wrong("4.2", lambda d, before, a: (2 * d.T @ before, 2 * d.sum(axis=0)), "wice")
wrong("4.2", lambda d, before, a: (d.T @ before, d.sum()), "one number")
wrong("4.2", lambda d, before, a: (a.T @ d, d.sum(axis=0)), "transposed")
wrong("4.2", lambda d, before, a: (-d.T @ before, -d.sum(axis=0)), "sign")
wrong("4.3", (0.64, -0.18, 0.64, -0.18), "x = 3")
wrong("4.3", (3.84, -1.08, 1.28, -0.36), "wice")
wrong("4.3", (1.92, 0.54, 0.64, 0.18), "−1")
wrong("4.3", (-1.92, 0.54, -0.64, 0.18), "sign")
wrong("4.3", (1.92, -0.54, 0.64, 0.18), "are right")
wrong("4.3", (3, -1.5, 1, -0.5), "slopes")
wrong("4.3", (0.64, -0.18, 1.92, -0.54), "weights")
wrong("4.3", (1.08, -0.96, 0.36, -0.32), "a²")
right("4.1", lambda d, W, a: np.einsum("ij,jk->ik", d, W) * (1 - a * a))
right(
    "4.1",
    lambda d, W, a: [
        [
            sum(d[i, j] * W[j, k] for j in range(len(W))) * (1 - a[i, k] ** 2)
            for k in range(a.shape[1])
        ]
        for i in range(len(a))
    ],
)
right("4.1", lambda d, W, a: (W.T @ d.T).T * (1 - a) * (1 + a))
right("4.2", lambda d, before, a: [np.einsum("ij,ik->jk", d, before), d.sum(0)])
right(
    "4.2",
    lambda d, before, a: (sum(np.outer(p, q) for p, q in zip(d, before, strict=True)), sum(d)),
)
right("4.2", lambda d, before, a: (d.T @ before, np.ones(len(d)) @ d))
right("4.3", [1.92, -0.54, 0.64, -0.18])
right("4.3", ((1.92, -0.54), (0.64, -0.18)))
right("4.3", sp.Matrix([1.92, -0.54, 0.64, -0.18]))

# 05


def parts_of_J(X, W1, b1, W2, b2, a=None):
    a = np.tanh(X @ W1.T + b1) if a is None else a
    N, m = len(X), len(b2)
    S1 = W2[None] * (1 - a**2)[:, None, :]
    S2 = np.broadcast_to(np.eye(m), (N, m, m))
    return N, m, a, S1, S2


def J_of(X, W1, b1, W2, b2, S1=None, S2=None, bias_first=False, bias=True):
    N, m, a, s1, s2 = parts_of_J(X, W1, b1, W2, b2)
    S1, S2 = s1 if S1 is None else S1, s2 if S2 is None else S2
    rows = []
    for i in range(N):
        for k in range(m):
            one = [np.kron(S1[i, k], X[i]), S1[i, k]]
            two = [np.kron(S2[i, k], a[i]), S2[i, k]]
            if bias_first:
                one, two = one[::-1], two[::-1]
            rows.append(np.concatenate([*one, *two] if bias else [one[0], two[0]]))
    return np.array(rows)


def with_tanh_output(X, W1, b1, W2, b2):
    N, m, a, S1, S2 = parts_of_J(X, W1, b1, W2, b2)
    out = np.tanh(a @ W2.T + b2)
    slope = (1 - out**2)[:, :, None]
    return J_of(X, W1, b1, W2, b2, S1=slope * S1, S2=slope * S2)


def of_squares(X, W1, b1, W2, b2):
    N, m, a, S1, S2 = parts_of_J(X, W1, b1, W2, b2)
    return 2 * (a @ W2.T + b2).ravel()[:, None] * J_of(X, W1, b1, W2, b2)


wrong("5.1", 5000 * 243, "8 bytes", "outputs")
wrong("5.1", 15000 * 243, "8 bytes")
wrong("5.1", 5000 * 220 * 3 * 8, "biases")
wrong("5.1", 5000 * 243 * 8, "outputs")
wrong("5.1", 29.16, "mega")
wrong("5.1", 243**2 * 8, "JᵀJ")
wrong("5.1", 15000**2 * 8, "JJᵀ")
wrong("5.2", with_tanh_output, "tanh output")
wrong("5.2", lambda *t: J_of(*t, bias_first=True), "bias")
wrong("5.2", lambda *t: J_of(*t, bias=False), "biases")
wrong("5.2", lambda *t: 2 * J_of(*t), "wice")
wrong("5.2", lambda *t: J_of(*t) / len(t[0]), "mean")
wrong("5.2", lambda *t: J_of(*t).T, "transposed")
wrong("5.2", lambda *t: -J_of(*t), "sign")
wrong("5.2", lambda *t: -J_of(*t).T, "sign", "transposed")
wrong("5.2", lambda *t: J_of(*t).reshape(len(t[0]), len(t[4]), -1), "(N, m, P)")
wrong("5.2", lambda *t: J_of(*t).sum(axis=0), "gradient")
wrong("5.2", lambda *t: J_of(t[0][:1], *t[1:]), "first sample")
wrong("5.2", lambda *t: J_of(*t, S1=np.broadcast_to(t[3], (len(t[0]), *t[3].shape))), "slope")
wrong("5.2", lambda *t: J_of(*t)[:, ::-1], "order")
wrong("5.2", of_squares, "squares")
wrong("5.2", lambda *t: -J_of(*t, bias_first=True), "sign", "bias")
wrong("5.2", lambda X, W1, b1, W2, b2: J_of(X, W1, 0 * b1, W2, b2), "b1")
wrong("5.3", np.zeros(12), "output 1 stays")
wrong("5.3", np.ones(12), "output 1")
wrong("5.3", [1, 2, 3], "12")
wrong("5.3", 200 * np.eye(12)[10], "100")
wrong("5.3", np.eye(12)[11], "output 1")
right("5.1", 29_160_000)
right("5.1", "29160000")
right("5.1", np.int64(29_160_000))
right("5.2", lambda *t: J_of(*t).tolist())
right("5.2", lambda *t: np.array([list(row) for row in J_of(*t)]))


def by_differences(X, W1, b1, W2, b2):
    theta = np.concatenate([W1.ravel(), b1, W2.ravel(), b2]).astype(complex)

    def out(theta):
        a, b, c = W1.size, W1.size + len(b1), W1.size + len(b1) + W2.size
        hidden = np.tanh(X @ theta[:a].reshape(W1.shape).T + theta[a:b])
        return (hidden @ theta[b:c].reshape(W2.shape).T + theta[c:]).ravel()

    return np.array([out(theta + 1e-30j * e).imag / 1e-30 for e in np.eye(len(theta))]).T


def with_einsum(X, W1, b1, W2, b2):
    N, m, a, S1, S2 = parts_of_J(X, W1, b1, W2, b2)
    parts = np.einsum("nkj,ni->nkji", S1, X), S1, np.einsum("nkj,ni->nkji", S2, a), S2
    return np.hstack([part.reshape(N * m, -1) for part in parts])


right("5.2", by_differences)
right("5.2", with_einsum)
right("5.3", 2 * np.eye(12)[10])
right("5.3", [0] * 6 + [0, 0, 0, 0, 1, 0])

# 06

wrong("6.1", lambda J, r: np.linalg.solve(J.T @ J, J.T @ r), "sign")
wrong("6.1", lambda J, r: -J.T @ r, "−g")
wrong("6.1", lambda J, r: np.linalg.solve(J @ J.T, -J @ r), "JJᵀ")
wrong("6.1", lambda J, r: np.linalg.solve(J.T @ J, -r), "residual")
wrong("6.1", lambda J, r: np.linalg.lstsq(J, -r, rcond=None)[0], "lstsq")
wrong("6.1", lambda J, r: -np.linalg.inv(J.T @ J) @ J.T @ r, "inv")
wrong("6.1", lambda J, r: -np.linalg.pinv(J) @ r, "pinv")
wrong("6.1", lambda J, r: np.linalg.solve(J.T @ J, -2 * J.T @ r), "twice")
wrong("6.1", lambda J, r: np.linalg.solve(J.T @ J + np.eye(J.shape[1]), -J.T @ r), "damp")
wrong("6.1", lambda J, r: np.linalg.solve(J.T @ J, -J.T @ r / len(r)), "divided by")
wrong("6.1", lambda J, r: np.linalg.solve(J.T @ J, (-J.T @ r)[:, None]), "column")
wrong("6.2", (-1.2, 1.0), "12.1")
wrong("6.2", (1, 1), "minimum")
wrong("6.2", (0.9, 0.81), "at least 10")
wrong("6.2", 0.5, "two numbers")
wrong("6.2", (1, 2, 3), "two numbers")
wrong("6.3", -2, "6 points")
wrong("6.3", -0.5, "settles at 0")
wrong("6.3", 0.9, "settles")
wrong("6.3", -5, "from −3 to 1")
wrong("6.3", "c", "number")
right(
    "6.1", lambda J, r: np.linalg.solve(np.einsum("ij,ik->jk", J, J), -np.einsum("ij,i->j", J, r))
)
right("6.1", lambda J, r: list(-np.linalg.solve(J.T @ J, J.T @ r)))


def with_qr(J, r):
    Q, R = np.linalg.qr(J)
    return np.linalg.solve(R, -Q.T @ r)


right("6.1", with_qr)
right("6.2", [0, 0])
right("6.2", np.array([[0.1], [0.01]]))
right("6.2", (Fraction(1, 10), Fraction(1, 100)))
right("6.3", [-1.2])
right("6.3", Fraction(-6, 5))

# 07

wrong("7.1", 1.0, "long")
wrong("7.1", 1e4, "short")
wrong("7.1", 232.9, "‖g‖")
wrong("7.1", 0, "above 0")
wrong("7.1", -3.0, "above 0")
wrong("7.1", 0.5, "radius")
wrong("7.1", [1, 2], "number")
wrong("7.2", lambda J, r, mu: np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), J.T @ r), "+g")
wrong("7.2", lambda J, r, mu: np.linalg.solve(J.T @ J + mu, -J.T @ r), "every entry")
wrong(
    "7.2", lambda J, r, mu: np.linalg.solve(J.T @ J + mu * np.eye(len(r)), -J.T @ r), "eye(len(r))"
)
wrong("7.2", lambda J, r, mu: np.linalg.solve(J @ J.T + mu * np.eye(len(r)), -J.T @ r), "JJᵀ")
wrong("7.2", lambda J, r, mu: np.linalg.solve(J @ J.T + mu * np.eye(len(r)), -r), "JJᵀ")
wrong("7.2", lambda J, r, mu: np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -r), "residual")
wrong(
    "7.2",
    lambda J, r, mu: np.linalg.solve(mu * (J.T @ J + np.eye(J.shape[1])), -J.T @ r),
    "bracket",
)
wrong(
    "7.2",
    lambda J, r, mu: np.linalg.solve(J.T @ J + mu * (J.T @ J + np.eye(J.shape[1])), -J.T @ r),
    "bracket",
)
wrong("7.2", lambda J, r, mu: np.linalg.solve(J.T * J + mu * np.eye(J.shape[1]), -J.T @ r), "entry")
wrong(
    "7.2",
    lambda J, r, mu: np.linalg.solve(J.T @ J / len(r) + mu * np.eye(J.shape[1]), -J.T @ r / len(r)),
    "mean",
)
wrong(
    "7.2",
    lambda J, r, mu: np.linalg.solve(J.T @ J + mu * np.diag(np.diag(J.T @ J)), -J.T @ r),
    "diag",
)
wrong("7.2", lambda J, r, mu: np.linalg.solve(J.T @ J + mu, J.T @ r), "every entry", "+g")
wrong("7.2", lambda J, r, mu: np.linalg.solve(J.T @ J, -J.T @ r) / (1 + mu), "1 + μ")
wrong("7.2", lambda J, r, mu: np.linalg.inv(J.T @ J + mu * np.eye(J.shape[1])) @ -(J.T @ r), "inv")
wrong("7.2", lambda J, r, mu: np.linalg.solve(J.T @ J + np.eye(J.shape[1]), -J.T @ r), "factor μ")
wrong(
    "7.2",
    lambda J, r, mu: np.linalg.solve(2 * J.T @ J + mu * np.eye(J.shape[1]), -2 * J.T @ r),
    "½",
)
wrong("7.2", lambda J, r: r, "(J, r, mu)")
wrong(
    "7.3",
    lambda J, r, mu, c: np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -J.T @ r),
    "your own units",
)
wrong("7.3", lambda J, r, mu, c: scaled(J, r, mu, c, c, 1), "back")
wrong("7.3", lambda J, r, mu, c: scaled(J, r, mu, c, 1 / c, c), "divided")
wrong("7.3", lambda J, r, mu, c: scaled(J, r, mu, c, 1 / c, 1 / c), "1/c")
wrong("7.3", lambda J, r, mu, c: scaled(J, r, mu, c, c, 1 / c), "wrong way")
wrong("7.3", lambda J, r, mu, c: -scaled(J, r, mu, c, c, c), "sign")
wrong("7.3", lambda J, r, mu, c: scaled(J, r, mu, c, c, c**2), "twice")
wrong("7.3", lambda J, r, mu, c: scaled(np.r_[J[:-1], c * J[-1:]], r, mu, c, 1, c), "column")
wrong(
    "7.3",
    lambda J, r, mu, c: (
        c * np.linalg.solve(c * c * J.T @ J + mu * np.eye(J.shape[1]), -c * J.T @ r)
    ),
    "last",
)
wrong("7.3", lambda J, r, mu, c: scaled(J, r, c * mu, c, 1, 1), "μ")


def scaled(J, r, mu, c, into, back, where=-1):
    J, units = J.copy(), np.ones(J.shape[1])
    J[:, where] *= into
    h = np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -J.T @ r)
    units[where] = back
    return h * units


wrong("7.3", lambda J, r, mu, c: scaled(J, r, mu, c, c, c, where=0), "first")
right("7.1", np.array([[1.524]]))
right(
    "7.2",
    lambda J, r, mu: np.linalg.lstsq(
        np.vstack([J, mu**0.5 * np.eye(J.shape[1])]),
        np.append(-r, np.zeros(J.shape[1])),
        rcond=None,
    )[0],
)
right("7.2", lambda J, r, mu: -J.T @ np.linalg.solve(J @ J.T + mu * np.eye(len(r)), r))
right(
    "7.2", lambda J, r, mu: np.linalg.solve(J.T @ J + np.diag(J.shape[1] * [mu]), -r @ J).tolist()
)
right("7.3", lambda J, r, mu, c: scaled(J, r, mu, c, c, c))
right(
    "7.3",
    lambda J, r, mu, c: np.linalg.solve(
        J.T @ J + mu * np.diag([1.0] * (J.shape[1] - 1) + [c**-2]), -J.T @ r
    ),
)

# 08


def loop(
    residual,
    jacobian,
    theta,
    n_trials,
    always=False,
    nu0=2,
    stale_r=False,
    stale_J=False,
    ten=False,
    cubic=True,
    third=True,
    halved=1.0,
    mu0=None,
    damp="I",
    g_stale=False,
):
    r, J = residual(theta), jacobian(theta)
    mu = 1e-3 * np.max(np.diag(J.T @ J)) if mu0 is None else mu0
    nu, thetas = nu0, [theta]
    with np.errstate(all="ignore"):
        for _ in range(n_trials):
            g = J.T @ r
            D = np.eye(len(g)) if damp == "I" else np.diag(np.diag(J.T @ J))
            h = np.linalg.solve(J.T @ J + mu * D, -g)
            new = residual(theta + h)
            rho = halved * (r @ r - new @ new) / (h @ (mu * h - g))
            if rho > 0 or always:
                theta = theta + h
                r = r if stale_r else new
                J = J if stale_J else jacobian(theta)
                factor = 1 - (2 * rho - 1) ** 3
                mu = mu / 10 if ten else mu * (max(1 / 3, factor) if third else factor)
                nu = nu0
            else:
                mu, nu = (mu * 10, nu) if ten else (mu * nu, 2 * nu)
            thetas.append(theta)
    return thetas


wrong("8.1", lambda *t: loop(*t, always=True), "refused", "trial")
wrong("8.1", lambda *t: loop(*t, nu0=3), "nu", "trial")
wrong("8.1", lambda *t: loop(*t, stale_r=True), "r is", "trial")
wrong("8.1", lambda *t: loop(*t, stale_J=True), "J is never", "trial")
wrong("8.1", lambda *t: loop(*t, third=False), "third", "trial")
wrong("8.1", lambda *t: loop(*t, ten=True), "×10", "trial")
wrong("8.1", lambda *t: loop(*t, halved=0.5), "half", "trial")
wrong("8.1", lambda *t: loop(*t, mu0=1e-3), "first mu", "trial")
wrong("8.1", lambda *t: loop(*t, damp="diag"), "diag", "trial")
wrong("8.1", lambda *t: loop(*t, nu0=3, halved=0.5), "nu", "half")
wrong("8.1", lambda *t: loop(*t)[-1], "last theta")
wrong("8.1", lambda *t: loop(*t)[1:], "start")
wrong("8.1", lambda *t: loop(*t, mu0=1.0), "first mu")
wrong("8.2", {}, "nothing yet")
wrong("8.2", {"gradient": 1, "step": 2, "loss": 3, "target": 4}, "start")
wrong("8.2", {k: dict(start=[0.3]) for k in ("gradient", "step", "loss", "target")}, "no, the stop")
wrong("8.2", {k: dict(start=[0.3], tol=1) for k in ("gradient", "step", "loss", "target")}, "tol")
wrong("8.2", [1, 2, 3, 4], "dict")
wrong("8.3", ((1, 4), (4, 8), (3.5, 8)), "back")
wrong("8.3", ((1, 4), (4, 8), (4 / 3, 2)), "larger")
wrong("8.3", ((1, 2), (2, 2), (1.75, 2)), "double")
wrong("8.3", ((4, 1), (8, 4), (2, 3.5)), "mu first")
wrong("8.3", ((1, 4), (4, 8), (0.4, 2)), "×10")
wrong("8.3", ((0.25, 4), (0.0625, 8), (0.0547, 2)), "raises")
wrong("8.3", ((1, 4), (4, 8)), "three")
wrong("8.3", (4, 8), "(3, 2)")
wrong("8.4", (7, 7, 7), "two things")
wrong("8.4", (7, 4, 7), "J")
wrong("8.4", (7, 3, 3), "accepted")
wrong("8.4", (4, 7, 4), "Trials")
wrong("8.4", (7, 4, 5), "none of these")
right("8.1", lambda *t: loop(*t))
right("8.1", lambda *t: np.array(loop(*t)))
right("8.1", lambda *t: [list(theta) for theta in loop(*t)])
right("8.3", [[1, 4], [4, 8], [3.5, 2]])
right("8.3", (1, 4, 4, 8, 3.5, 2))
right("8.3", ((1, 4), (4, 8), (Fraction(7, 2), 2)))
right("8.4", [7, 4, 4])
right("8.4", "7, 4, 4")

# 09

wrong("9.1", 3, "180")
wrong("9.1", 18, "half")
wrong("9.1", 0.1, "unchanged")
wrong("9.1", 0.05, "mean")
wrong("9.1", 0.1 / 90, "ultiply")
wrong("9.1", 4.5, "once")
wrong("9.2", 13, "40 by 40")
wrong("9.2", 40, "smaller H")
wrong("9.2", 10, "Nothing")
wrong("9.2", 20, "smaller H")
wrong("9.2", 3.5, "whole")
wrong("9.3", lambda N, P, a, r: (a + r) * (2 * N * P + N * P**2 / 2 + P**3 / 6), "like an accepted")
wrong("9.3", lambda N, P, a, r: a * (2 * N * P + N * P**2 / 2 + P**3 / 6), "refused")
wrong(
    "9.3", lambda N, P, a, r: a * (2 * N * P + N * P**2 + P**3 / 6) + r * (N * P + P**3 / 6), "half"
)
wrong(
    "9.3",
    lambda N, P, a, r: a * (2 * N * P + N * P**2 / 2 + P**3 / 3) + r * (N * P + P**3 / 3),
    "third",
)
wrong(
    "9.3",
    lambda N, P, a, r: a * (2 * N * P + N * P**2 / 2 + P**3 / 6) + r * P**3 / 6,
    "evaluates r",
)
wrong(
    "9.3",
    lambda N, P, a, r: r * (2 * N * P + N * P**2 / 2 + P**3 / 6) + a * (N * P + P**3 / 6),
    "swapped",
)
wrong(
    "9.3",
    lambda N, P, a, r: a * (2 * P * N + P * N**2 / 2 + N**3 / 6) + r * (N * P + N**3 / 6),
    "N and P",
)
wrong(
    "9.3",
    lambda N, P, a, r: a * (N * P + N * P**2 / 2 + P**3 / 6) + r * (N * P + P**3 / 6),
    "backward",
)
wrong(
    "9.3",
    lambda N, P, a, r: a * (2 * N * P + N**2 * P / 2 + P**3 / 6) + r * (N * P + P**3 / 6),
    "of P",
)
wrong(
    "9.3",
    lambda N, P, a, r: 2 * (a * (2 * N * P + N * P**2 / 2 + P**3 / 6) + r * (N * P + P**3 / 6)),
    "additions",
)
right("9.1", 9)
right("9.1", "9.0")
right("9.1", np.array(9))
right("9.1", [9])
right("9.2", [14])
right("9.2", np.array(14))
right(
    "9.3",
    lambda N, P, a, r: (
        sum(2 * N * P + N * P * P / 2 + P**3 / 6 for _ in range(a))
        + sum(N * P + P**3 / 6 for _ in range(r))
    ),
)
right(
    "9.3",
    lambda N, P, a, r: Fraction(
        a * (12 * N * P + 3 * N * P * P + P**3) + r * (6 * N * P + P**3), 6
    ),
)

# 10


def squares(J, r, mu, A=None, b=None, damping=None):
    K = 2 * r[:, None] * J
    A = K.T @ K if A is None else A
    b = K.T @ r**2 if b is None else b
    return np.linalg.solve(A + (mu * np.eye(J.shape[1]) if damping is None else damping), -b)


wrong(
    "10.1",
    lambda J, r, mu: np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -J.T @ r),
    "our own step",
)
wrong(
    "10.1",
    lambda J, r, mu: np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -J.T @ r**2),
    "Only r",
)
wrong("10.1", lambda J, r, mu: squares(J, r, mu, b=2 * (r[:, None] * J).T @ r), "Only J")
wrong(
    "10.1",
    lambda J, r, mu: squares(
        J, r, mu, A=(r[:, None] * J).T @ (r[:, None] * J), b=(r[:, None] * J).T @ r**2 / 2
    ),
    "half",
)
wrong("10.1", lambda J, r, mu: -squares(J, r, mu), "sign")
wrong("10.1", lambda J, r, mu: squares(J, r, mu, damping=mu), "every entry")
wrong("10.1", lambda J, r, mu: 2 * r * J, "shapes")
wrong("10.1", lambda J, r, mu: -squares(J, r, mu, damping=mu), "sign", "every entry")
wrong("10.1", lambda J, r, mu: squares(J, r, mu, damping=0), "μ")
wrong("10.2", {"A": "blocks"}, "three keys")
wrong("10.2", ["blocks", "blocks", "blocks"], "dict")
wrong("10.2", dict.fromkeys("ABC", "nobody"), "none of")
wrong("10.2", dict.fromkeys("ABC", "blocks"), "is not 'blocks'")
wrong("10.3", 3, "function")
wrong("10.3", lambda residual, jacobian, theta, mu: theta, "(θ, accepted, extra)")
wrong("10.3", lambda residual, jacobian, theta, mu: (theta + 1, True, {}), "fails")
wrong("10.2", {"A": "blocks", "B": "blocks", "C": "always kept"}, "B is not 'blocks'")
wrong("10.2", {"A": "gradient descent", "B": "always kept", "C": "always kept"}, "A is not")


def keeps_all(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = np.linalg.solve(J.T @ J + mu * np.eye(len(theta)), -J.T @ r)
    return theta + h, True, {"h": h, "J": J}


def climbs(residual, jacobian, theta, mu):
    new, accepted, extra = keeps_all(residual, jacobian, theta, mu)
    return 2 * theta - new, accepted, extra | {"h": -extra["h"]}


def of_ones(residual, jacobian, theta, mu):
    r, J = residual(theta), jacobian(theta)
    h = np.linalg.solve(J.T @ J + mu, -J.T @ r)
    trial = residual(theta + h)
    good = bool(trial @ trial < r @ r)
    return (theta + h if good else theta), good, {"h": h, "J": J}


wrong("10.3", keeps_all, "kept")
wrong("10.3", climbs, "fails")
wrong("10.3", of_ones, "fails")
wrong("10.3", lambda residual, jacobian, theta: theta, "raised TypeError")
wrong("10.3", lambda residual, jacobian, theta, mu: None, "return")
right("10.1", lambda J, r, mu: squares(J, r, mu))
right("10.1", lambda J, r, mu: squares(J, r, mu).tolist())
right(
    "10.1",
    lambda J, r, mu: (
        -np.linalg.solve(
            4 * np.einsum("i,ij,ik->jk", r**2, J, J) + mu * np.eye(J.shape[1]), 2 * J.T @ r**3
        )
    ),
)

# 11


def priced(sizes, n, bias=1, m=None, units=None, third=3.0):
    P = sum(b * (a + bias) for a, b in zip(sizes, sizes[1:], strict=False))
    M = n * (sizes[-1] if m is None else m)
    units = sum(sizes[1:]) if units is None else units
    return M * P**2 + P**3 / third, M**2 * units + M**3 / third


wrong("11.1", lambda s, n: priced(s, n, bias=0), "biases")
wrong("11.1", lambda s, n: priced(s, n, m=1), "each sample")
wrong("11.1", lambda s, n: priced(s, n, units=sum(s)), "inputs")
wrong("11.1", lambda s, n: priced(s, n, units=sum(s[1:-1])), "outputs")
wrong("11.1", lambda s, n: priced(s, n)[::-1], "rows first")
wrong("11.1", lambda s, n: priced(s, n, third=1.0), "third")
wrong("11.1", lambda s, n: priced(s, n, third=6.0), "third")
wrong("11.1", lambda s, n: priced(s, n)[0], "2 values")
wrong("11.1", lambda s, n: priced(s, n, m=s[0]), "last")
wrong("11.1", lambda s, n: (n * s[-1] * n**2, 0.0), "rows")
wrong("11.1", lambda s, n: priced(s, n, bias=0, units=sum(s)), "biases", "inputs")
wrong("11.1", lambda s, n: priced(s[:3], n), "first three")
wrong(
    "11.1",
    lambda s, n: priced(s, n, units=sum(b * (a + 1) for a, b in zip(s, s[1:], strict=False))),
    "not P",
)
wrong("11.1", lambda s, n: np.array(priced(s, n)) / 2, "two operations")


def dual(J, r, mu, scale, S=None, turn=None, damping=None):
    S = 1 / scale**2 if S is None else S
    K = (J * S) @ J.T
    damping = mu * np.eye(len(r)) if damping is None else damping
    v = np.linalg.solve(K + damping, r)
    return -(S if turn is None else turn) * (J.T @ v)


wrong(
    "11.2",
    lambda J, r, mu, scale: np.linalg.solve(J.T @ J + mu * np.diag(scale**2), -J.T @ r),
    "P × P",
)
wrong(
    "11.2",
    lambda J, r, mu, scale: -np.linalg.inv(J.T @ J + mu * np.diag(scale**2)) @ J.T @ r,
    "inv",
)
wrong("11.2", lambda J, r, mu, scale: dual(J, r, mu, np.ones(len(scale))), "scale")
wrong("11.2", lambda J, r, mu, scale: -dual(J, r, mu, scale), "sign")
wrong("11.2", lambda J, r, mu, scale: dual(J, r, mu, scale, turn=1.0), "D⁻²")
wrong("11.2", lambda J, r, mu, scale: dual(J, r, mu, scale, S=1 / scale), "square")
wrong("11.2", lambda J, r, mu, scale: dual(J, r, mu, scale, S=scale**2), "divide")
wrong("11.2", lambda J, r, mu, scale: dual(J, r, mu, scale, damping=mu), "every entry")
wrong("11.2", lambda J, r, mu, scale: dual(J, r, mu, scale, damping=0), "μ")
wrong("11.2", lambda J, r, mu, scale: -J.T @ r, "−g")
wrong(
    "11.2",
    lambda J, r, mu, scale: np.linalg.solve(J @ J.T + mu * np.diag(scale**2), -J @ r),
    "shapes",
)
wrong("11.3", 32, "ound")
wrong("11.3", 31.6, "ound")
wrong("11.3", 31622, "residuals")
wrong("11.3", 44, "factor")
wrong("11.3", 22, "right")
wrong("11.3", 1000, "1000")
wrong("11.4", 30, "expense")
wrong("11.4", 300, "gains")
wrong("11.4", 1e9, "hardly")
wrong("11.4", -1, "expected")
wrong("11.4", "large", "number")
right("11.3", [31])
right("11.3", sp.Integer(31))
right("11.1", lambda s, n: list(priced(s, n)))
right("11.1", lambda s, n: np.array(priced(s, n)))
right("11.1", lambda s, n: tuple(Fraction(x) for x in priced(s, n)))
right("11.2", lambda J, r, mu, scale: dual(J, r, mu, scale))
right(
    "11.2",
    lambda J, r, mu, scale: (
        -((J / scale).T @ np.linalg.solve((J / scale) @ (J / scale).T + mu * np.eye(len(r)), r))
        / scale
    ),
)
right("11.2", lambda J, r, mu, scale: dual(J, r, mu, scale).tolist())

# A


def chain(x, w, b, slope=lambda a: 1 - a**2, shift=0, first=None):
    a = [x]
    for v, c in zip(w[:-1], b[:-1], strict=True):
        a.append(np.tanh(v * a[-1] + c))
    S, row = 1.0 if first is None else first(w[-1] * a[-1] + b[-1]), []
    S0 = S
    for at in reversed(range(len(w) - 1)):
        S = S * w[at + 1 - shift] * slope(a[at + 1])
        row = [S * a[at], S, *row]
    return np.array([*row, S0 * a[-1], S0])


wrong("A.1", (-1.02, 0.93, 5.06), "h")
wrong("A.1", (1, 0.917, 5.06), "sign")
wrong("A.1", (-1, 0.458, 12.0), "half")
wrong("A.1", (-1, 0.917, 4), "third")
wrong("A.1", (-1.333, 0.5, 12), "μ")
wrong("A.1", (-1, 0.917, 1.2), "×10")
wrong("A.1", (-1, 1.83, 4), "twice")
wrong("A.1", (-1, 1.09, 4), "upside down")
wrong("A.1", (-1, 27.5, 5.06), "what came alone")
wrong("A.1", (-0.75, 0.9, 5), "Newton")
wrong("A.1", (-1, 0.917), "3 values")
wrong("A.1", (-4, 0.917, 5.06), "JᵀJ")
wrong("A.2", lambda x, w, b: chain(x, w, b, slope=lambda a: 1.0), "slopes")
wrong("A.2", lambda x, w, b: chain(x, w, b, slope=lambda a: a * (1 - a)), "logistic")
wrong("A.2", lambda x, w, b: chain(x, w, b, shift=1), "wrong layer")
wrong("A.2", lambda x, w, b: chain(x, w, b)[::-1], "back to front")
wrong("A.2", lambda x, w, b: chain(x, w, b).reshape(-1, 2), "table")
wrong("A.2", lambda x, w, b: chain(x, w, b)[::2], "biases")
wrong("A.2", lambda x, w, b: -chain(x, w, b), "sign")
wrong("A.2", lambda x, w, b: chain(x, w, b).reshape(-1, 2)[:, ::-1].ravel(), "bias")
wrong("A.2", lambda x, w, b: chain(x, w, b, first=lambda z: 1 - np.tanh(z) ** 2), "linear")
wrong("A.2", lambda x, w, b: chain(x, w, b, slope=lambda a: 1 - a), "square")
wrong("A.2", lambda x, w, b: -chain(x, w, b, slope=lambda a: 1.0), "sign", "slopes")
wrong("A.2", lambda x, w, b: chain(x, w, b, slope=lambda a: 1 - np.tanh(a) ** 2), "twice")
wrong("A.3", (10, 1000), "irst is accepted")
wrong("A.3", (0.001, 1), "tenth")
wrong("A.3", (0.001, 0.05), "promise")
wrong("A.3", (0.001, 10), "tenth")
wrong("A.3", 0.001, "two numbers")
wrong("A.3", (1000, 0.001), "order")
right("A.1", (-1, 11 / 12, 5.0556))
right("A.1", (-1, 0.916, 5.05))
right("A.1", (sp.Integer(-1), Fraction(11, 12), 5.06))
right("A.1", [[-1], [0.917], [5.05]])
right("A.2", chain)
right("A.2", lambda x, w, b: list(chain(x, w, b)))
right("A.3", [1e-3, 500])
right("A.3", (Fraction(1, 1000), 1000))

# Formulas

wrong("4.4", "δ¹ = (W² r) ∘ (1 − a¹ ∘ a¹)", "2 × 3 times 2 × 1")
wrong("4.4", r"\delta^1 = W^{2\top} r", "Not so")
wrong("4.4", r"\delta^1 = (W^{2\top} r)(1 - a^1 \circ a^1)", "3 × 1 times 3 × 1")
wrong("4.4", "δ¹ = δ¹", "does not say")
wrong("4.5", "G = x δ¹ᵀ", "2 × 3")
wrong("4.5", "G = δ¹ᵀ x", "not defined")
wrong("5.4", "S¹ = diag(1 − a¹ ∘ a¹) W²", "not defined")
wrong("5.4", "S[1] = W[2] * (1 - a[1])", "Not so")
wrong("5.5", "δ¹ = S¹ r", "not defined")
wrong("5.5", "δ¹ = -S¹ᵀ r", "Not so")
wrong("6.4", "Q = F + gᵀh", "Not so")
wrong("6.4", "Q = F - ½ gᵀh", "Not so")
wrong("7.4", "(2JᵀJ + λI) h = 2Jᵀr", "Not so")
wrong("7.4", "(2JᵀJ + λI) h = -Jᵀr", "Not so")
wrong("7.4", "(JᵀJ + λI) h = -Jᵀr", "Not so")
wrong("8.5", "q = ν² μ", "Not so")
wrong("8.5", "q = 2 ν μ", "Not so")
wrong("8.6", "ρ = (rᵀr − sᵀs) / (hᵀ(μ h + Jᵀr))", "Not so")
wrong("8.6", "rho = (s's - r'r) / (h'(mu h - J'r))", "Not so")
wrong("11.5", "q = v", "Not so")
wrong("11.5", "q = -μ v", "Not so")
wrong("A.4", "p = ½‖Jh‖² + ½μ‖h‖²", "Not so")
wrong("A.4", 3.5, "expected text")
wrong("A.4", "½‖Jh‖² + μ‖h‖²", "both of its sides")
wrong("11.5", "q = μ r", "letters")
right("4.4", "δ¹ = (W²ᵀ r) ∘ (1 − a¹ ∘ a¹)")
right("4.4", "delta[1] = (W[2].T @ r) * (1 - a[1]**2)")
right("4.4", r"\delta^1 = (1 - a^1 \circ a^1) \circ (W^{2\top} r)")
right("4.5", "G = np.outer(delta[1], x)")
right("4.5", r"G^\top = x \delta^{1\top}")
right("5.4", "S[1] = W[2] * (1 - a[1]**2)")
right("5.4", "S¹ = W² diag(1 − a¹ ∘ a¹)")
right("5.5", r"\delta^{1\top} = r^\top S^1")
right("5.5", "delta[1] = S[1].T @ r")
right("6.4", "Q = F + g.T @ h / 2")
right("6.4", r"Q - F = \frac{g^\top h}{2}")
right("7.4", "2 J'(J h + r) + λ h = 0")
right("7.4", r"(J^\top J + \frac{\lambda}{2} I) h = -J^\top r")
right("7.4", r"(2J^TJ + \lambda I)h = -2J^{\mathrm T}r")
right("6.4", r"Q = F + ½ g^T h + \|h\| - \|h\|")
right("8.5", "q = mu*nu*2*nu")
right("8.5", "q = 2 ν² μ")
right("8.6", "rho = (r@r - s@s)/(h@(mu*h - J.T@r))")
right("8.6", "rho = (r'r - s's) / (h'(mu h - J'r))")
right("11.5", "q = mu*v")
right("A.4", "p = ½ hᵀJᵀJ h + μ hᵀh")
right("A.4", "p = (J@h)@(J@h)/2 + mu*h@h")


# --- lessons 12 and 13

wrong("12.1", lambda J, r: np.sqrt(np.diag(np.linalg.inv(J.T @ J))), "σ̂²")
wrong("12.1", lambda J, r: r @ r / (len(r) - J.shape[1]) * np.diag(np.linalg.inv(J.T @ J)), "root")
wrong("12.2", lambda f, y, sigma: (y - f) / sigma, "sign")
wrong("12.3", 100, "√N")
wrong("12.4", np.linspace(0, 5, 12), "beyond 3")
wrong("12.4", np.linspace(0, 0.4, 12), "begins")
wrong("12.4", np.linspace(0.8, 2, 12), "tells a")
wrong("12.4", np.ones(12), "cannot be told apart")
wrong("12.4", [0, 1], "shape")
wrong("12.4", np.linspace(0, 9, 12), "expected 0 to 5")
wrong("12.4", "everywhere", "expected twelve numbers")
right("12.4", [0.0] * 6 + [1.0] * 6)
wrong("12.1", lambda J, r: np.sqrt(np.diag(
    np.linalg.inv(J.T @ J * (r @ r) / (len(r) - len(J[0]))))), "before it is inverted")  # fmt: skip
right("12.1", lambda J, r: np.linalg.norm(np.linalg.pinv(J), axis=1) * np.linalg.norm(r)
      / np.sqrt(J.shape[0] - J.shape[1]))  # fmt: skip
wrong("12.2", lambda f, y, sigma: (f - y) / np.linalg.norm(sigma), "own σ")
wrong("12.2", lambda f, y, sigma: (f - y) / max(sigma), "own σ")
right("12.2", lambda f, y, sigma: [(a - b) / s for a, b, s in zip(f, y, sigma, strict=True)])
right("12.4", np.repeat([0.0, 1.1], [3, 9]))
wrong("13.1", lambda J, r, t, a, m: -np.linalg.solve(J.T @ J + m * np.eye(len(t)), J.T @ r), "α")
wrong("13.2", lambda J, a, b: float(np.linalg.matrix_rank(J)), "rank")
wrong("13.1", lambda J, r, t, a, m: -np.linalg.solve(
    J.T @ J + (a + m) * np.diag(np.diag(J.T @ J)), J.T @ r + a * t), "Marquardt")  # fmt: skip
wrong("13.1", lambda J, r, t, a, m: -np.linalg.solve(
    J.T @ J + a * np.eye(len(t)) + m * np.diag(np.diag(J.T @ J)), J.T @ r + a * t),
    "Marquardt")  # fmt: skip
right("13.1", lambda J, r, t, a, m: np.linalg.lstsq(
    np.vstack([J, np.sqrt(a) * np.eye(len(t)), np.sqrt(m) * np.eye(len(t))]),
    -np.concatenate([r, np.sqrt(a) * t, 0 * t]))[0])  # fmt: skip
wrong("13.2", lambda J, a, b: sum(b * s**2 > a for s in np.linalg.svd(J)[1]), "in part")
wrong("13.2", lambda J, a, b: (t := b * np.trace(J.T @ J)) / (t + a), "added up first")
wrong("13.2", lambda J, a, b: len(J[0]) - a / b * np.trace(
    np.linalg.inv(b * J.T @ J + a * np.eye(len(J[0])))), "already")  # fmt: skip
right("13.2", lambda J, a, b: np.trace(
    J @ np.linalg.solve(J.T @ J + a / b * np.eye(J.shape[1]), J.T)))  # fmt: skip
wrong("13.3", 3600, "half only")
wrong("13.3", 9, "βs²")
wrong("13.4", 1e-4, "larger")
wrong("13.4", 10, "smaller")
wrong("13.4", -1, "expected a number from")
wrong("13.4", "small", "expected a number, your α")
right("13.4", 0.03)
right("13.4", [0.1])
right("13.4", Fraction(1, 10))
right("13.4", sp.Rational(1, 10))
right("12.4", tuple([sp.Integer(0)] * 4 + [Fraction(6, 5)] * 8))


def _inverse(J):
    return np.linalg.inv(J.T @ J)


def _error(J, r):
    return np.sqrt(r @ r / (len(r) - J.shape[1]) * np.diag(_inverse(J)))


wrong("12.1", lambda J, r: r @ r / (len(r) - J.shape[1]) * _inverse(J), "whole covariance")
wrong("12.1", lambda J, r: np.std(r) * np.sqrt(np.diag(_inverse(J))), "np.std")
wrong("12.1", lambda J, r: np.std(r, ddof=1) * np.sqrt(np.diag(_inverse(J))), "ddof=1")
wrong("12.1", lambda J, r: np.linalg.norm(r) * np.sqrt(np.diag(_inverse(J))), "not divided")
wrong("12.1", lambda J, r: 1.96 * _error(J, r), "95 %")
wrong("12.1", lambda J, r: 2 * _error(J, r), "95 %")
wrong("12.1", lambda J, r: 1 / np.linalg.svd(J)[1], "singular vectors", "σ̂² is missing")
wrong("12.1", lambda J, r: _error(J, r) / np.sqrt(2), "2F")
wrong("12.2", lambda f, y, sigma: abs(f - y) / sigma, "absolute")
wrong("12.2", lambda f, y, sigma: f / sigma - y, "bracket")
wrong("12.2", lambda f, y, sigma: (((f - y) / sigma) ** 2).sum(), "one number")
wrong("12.2", lambda f, y, sigma: (y - f) / sigma**2, "sign", "weight")
wrong("12.2", lambda f, y, sigma: (f - y)[:, None] / sigma, "once for each σ")
wrong("12.2", lambda f, y, sigma: (f - y) / (sigma / sigma.mean()), "unit")
wrong("12.3", 375, "in all")
wrong("12.3", 6.25, "larger error")
right("12.2", lambda f, y, sigma: [(a - b) / c for a, b, c in zip(f, y, sigma, strict=True)])
right("12.1", lambda J, r: np.linalg.norm(np.linalg.pinv(J), axis=1) * np.sqrt(_noise(J, r)))


def _noise(J, r):
    return (r**2).sum() / (J.shape[0] - J.shape[1])


def _penalized(J, r, theta, wall, damping, pull):
    A = J.T @ J + wall * np.eye(len(theta)) + damping
    return -np.linalg.solve(A, J.T @ r + pull)


def _pulled(wall, pull, all_entries=False):
    """A penalized step with αI and αθ replaced."""

    def step(J, r, theta, alpha, mu):
        damping = mu if all_entries else mu * np.eye(len(theta))
        return _penalized(J, r, theta, wall(alpha), damping, pull(alpha, mu, theta))

    return step


wrong("13.1", _pulled(lambda a: a, lambda a, m, t: -a * t), "wrong sign")
wrong("13.1", _pulled(lambda a: a / 2, lambda a, m, t: a / 2 * t), "halved")
wrong("13.1", _pulled(lambda a: a**2, lambda a, m, t: a**2 * t), "squared")
wrong("13.1", _pulled(lambda a: a, lambda a, m, t: m * t), "μθ")
wrong("13.1", _pulled(lambda a: a, lambda a, m, t: a), "without θ")
wrong("13.1", _pulled(lambda a: a, lambda a, m, t: a * t @ t / 2), "one number")
wrong("13.1", _pulled(lambda a: a, lambda a, m, t: a * t**2), "θ is squared")
wrong("13.1", _pulled(lambda a: a, lambda a, m, t: a * t, True), "all entries")
wrong("13.1", lambda J, r, t, a, m: t + _pulled(_same, _times)(J, r, t, a, m), "θ + h")
wrong("13.1", lambda J, r, t, a, m: -_pulled(_same, _never)(J, r, t, a, m), "sign", "damps")


def _same(alpha):
    return alpha


def _times(alpha, mu, theta):
    return alpha * theta


def _never(alpha, mu, theta):
    return 0 * theta


def _parts(J, alpha, beta):
    s = np.linalg.svd(J, compute_uv=False)
    return beta * s**2 / (beta * s**2 + alpha)


def _trace(J, alpha, beta):
    return np.trace(np.linalg.inv(beta * J.T @ J + alpha * np.eye(J.shape[1])))


wrong("13.2", _parts, "sum")
wrong("13.2", lambda J, a, b: _parts(J, a, b).mean(), "mean")
wrong("13.2", lambda J, a, b: round(_parts(J, a, b).sum()), "in part")
wrong("13.2", _trace, "P − α times")
wrong("13.2", lambda J, a, b: J.shape[1] - _trace(J, a, b), "lost its α")
wrong("13.2", lambda J, a, b: len(J) - a * _trace(J, a, b), "N stands where P")
wrong("13.2", lambda J, a, b: _parts(J, a, 1 / b).sum(), "upside down")
wrong("13.2", lambda J, a, b: _parts(J, a, b).sum() / b, "above the line")
wrong("13.2", lambda J, a, b: len(J) - _parts(J, a, b).sum(), "N − γ")
right("13.2", lambda J, a, b: J.shape[1] - a * _trace(J, a, b))
right(
    "13.2", lambda J, a, b: np.trace(J @ np.linalg.solve(J.T @ J + a / b * np.eye(len(J.T)), J.T))
)

# --- again, from all lessons

wrong("0.5", [4, 6], "twice")
wrong("0.3", (1.5, 1), "The intercept is twice")
wrong("1.1", (10, 24), "outputs have biases")
wrong("1.1", (15, 26), "not for each input")
wrong("3.1", 4 / 13, "twice")
wrong("4.1", lambda delta, W, a: "answer", "is a str")
wrong("4.2", lambda delta, before, a: (delta @ before, delta.sum(0)), "not turned")
wrong("4.2", lambda delta, before, a: (delta.T @ before, np.ones(len(a.T))), "times the unit's")
wrong("5.1", 240 * 15000 * 8, "biases of the outputs")
wrong("5.1", 2 * 243 * 15000 * 8, "twice")
wrong("8.4", (4, 4, 7), "every letter is a trial")
wrong("9.3", lambda N, P, a, r: 2 * bill(N, P, a, r), "wice")
wrong("10.1", lambda J, r, mu: damped(J, 2 * r**3, mu), "Only g")
wrong("10.1", lambda J, r, mu: damped(2 * r[:, None] * J / len(r), r**2, mu), "a mean")
wrong("11.1", lambda sizes, n: prices_of_two_layers(sizes, n), "any length")
wrong("11.5", r"q = \mu v^\top", "1 × ")
wrong("A.2", lambda x, w, b: abs(chain(x, w, b)))
wrong("7.2", lambda J, r, mu: unit(damped(J, r, mu)), "another length")
wrong("13.1", lambda J, r, t, a, m: _penalized(J, r, t, a, m * np.eye(len(t)), a * np.sign(t)))
wrong("8.3", ((5, 2), (50, 2), (5, 2)), "×10")
wrong("8.3", ((1, 4), (4, 8), (0.4375, 2)), "of just before")
wrong("8.3", ((1, 4), (4, 16), (3.5, 2)), "squared")
wrong("4.1", lambda delta, W, a: (W @ delta) * (1 - a**2), "is not turned")
wrong("4.1", lambda delta, W, a: (delta @ W) * (1 - a) ** 2, "a alone is squared")
wrong(
    "4.2", lambda d, before, a: ((d * (1 - a**2)).T @ before, (d * (1 - a**2)).sum(0)), "once more"
)
wrong("A.1", (-1, 0.9167, 12 * (1 - (5 / 6) ** 2)), "is squared")


def bill(N, P, accepted, refused):
    return accepted * (2 * N * P + N * P**2 / 2 + P**3 / 6) + refused * (N * P + P**3 / 6)


def damped(J, r, mu):
    return np.linalg.solve(J.T @ J + mu * np.eye(J.shape[1]), -J.T @ r)


def unit(h):
    return h / np.linalg.norm(h)


def prices_of_two_layers(sizes, n_samples):
    P, M = sizes[1] * (sizes[0] + 1) + sizes[-1] * (sizes[1] + 1), n_samples * sizes[-1]
    return M * P**2 + P**3 / 3, M**2 * sum(sizes[1:]) + M**3 / 3
