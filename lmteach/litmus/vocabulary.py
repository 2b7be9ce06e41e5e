"""The words with which steps are explained: right and wrong J, r, JᵀJ, D², w and Jᵀr.

Each word is (slips, value): the value that stands where the right one belongs, and the mistakes
that this takes. To teach litmus a mistake, add its word here and its sentence to `mistakes`.
"""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np


@dataclass
class Sample:
    """A step h that was seen at θ, μ (None: not known), with r, J and Σ rᵢ∇²rᵢ there.

    `old` holds (J, r) of elsewhere: of the step before, of the first one, of the last evaluation;
    "ahead": of the first place away from θ at which r was asked for.
    """

    theta: np.ndarray
    h: np.ndarray
    mu: float | None
    r: np.ndarray
    J: np.ndarray
    bend: np.ndarray
    old: dict = field(default_factory=dict)
    old_mu: float | None = None
    run: int = 0  # samples of one run follow one another

    def without(self, keep):
        """The same with the other parameters and their columns of J left out."""
        old = {name: (J[:, keep], r) for name, (J, r) in self.old.items()}
        grid = np.ix_(keep, keep)
        theta, h, J = self.theta[keep], self.h[keep], self.J[:, keep]
        bend = self.bend[grid]
        return Sample(theta, h, self.mu, self.r, J, bend, old, self.old_mu, self.run)


def variants(s):
    """[(slips, J, r)]: Jacobians and residuals, the right ones first; each gives JᵀJ and Jᵀr."""
    J, r, g, F = s.J, s.r, s.J.T @ s.r, 0.5 * s.r @ s.r
    sign, size = np.sign(r), np.sqrt(np.abs(r))
    found = [
        ((), J, r),
        (("squared errors",), 2 * r[:, None] * J, r**2),
        (("squared errors",), 2 * r[:, None] * J, r),
        (("gradient as J",), g[None], np.array([F])),
        (("root of the loss",), g[None] / (2 * np.sqrt(F)), np.array([np.sqrt(F)])),
        (("roots of residuals",), (sign / (2 * size))[:, None] * J, size),
        (("summed too early",), J.sum(0)[None], np.array([r.sum()])),
        (("rows missing",), J[:-1], r[:-1]),
        (("rows missing",), J[1:], r[1:]),
    ]
    for weight in _robust(r):
        root = np.sqrt(weight)
        found.append((("rows weighted",), root[:, None] * J, root * r))
    found += _rescaled(J, r)
    half = len(r) // 2
    for part in (slice(half), slice(half, None), slice(0, None, 2), slice(1, None, 2)):
        found.append((("some rows",), J[part], r[part]))
    found.append((("reshaped",), J.T.reshape(J.shape), r))
    if J.shape[0] != J.shape[1]:
        found += [(("reshaped",), J.reshape(J.T.shape).T, r)]
    for one in (slice(0, 1), slice(-1, None)):
        found.append((("one row",), J[one], r[one]))
    if "differences" in s.old:
        found.append((("coarse differences",), s.old["differences"][0], r))
    if "ahead" in s.old:
        found.append((("stale r",), J, s.old["ahead"][1]))
    for J0, r0 in _stale(s):
        found += [(("stale J",), J0, r), (("stale r",), J, r0), (("stale J", "stale r"), J0, r0)]
    if J.shape[0] == J.shape[1]:
        found += [(("transposed",), J.T, r)]
    return found


def _robust(r):
    """Weights of robust losses: of Fair's, Cauchy's and Huber's kind; and |r|."""
    thresholds = (0.1, 0.5, 1.0, 1.345, 2.0)
    huber = [np.minimum(1.0, c / np.maximum(abs(r), 1e-300)) for c in thresholds]
    return [1 / (1 + abs(r)), 1 / (1 + r**2), *huber, abs(r)]


def _rescaled(J, r):
    """J and r that were scaled, centred, or put into another order."""
    rows, columns = (np.maximum(np.linalg.norm(J, axis=k), 1e-300) for k in (1, 0))
    scaled, centred = J / rows[:, None], J - J.mean(axis=0)
    orders = [r[::-1], np.roll(r, 1), np.roll(r, -1)]
    return [
        (("rows scaled",), scaled, r / rows),
        (("rows scaled",), scaled, r),
        (("columns scaled",), J / columns, r),
        (("mean subtracted",), J, r - r.mean()),
        (("mean subtracted",), centred, r),
        (("absolute entries",), abs(J), r),
        *[(("rows out of order",), J, other) for other in orders],
    ]


def _stale(s):
    elsewhere = ("differences", "ahead")
    return [pair for name, pair in s.old.items() if name not in elsewhere]


def matrices(s):
    """[(slips, A)]: what stands where JᵀJ belongs."""
    found = [((), s.J.T @ s.J)]
    for slips, J, _ in variants(s)[1:]:
        found.append((slips, J.T @ J))
    found += [((*slips, "blocks"), np.diag(np.diag(A))) for slips, A in list(found)]
    A, g, P = s.J.T @ s.J, s.J.T @ s.r, len(s.h)
    for part in _partitions(P):
        found.append((("blocks",), A * part))
    H = A + s.bend
    found += [
        (("row sums",), np.diag(A.sum(1))),
        (("row sums",), np.diag(H.sum(1))),
        (("row sums", "absolute"), np.diag(abs(A).sum(1))),
        (("Newton",), H),
        (("blocks", "Newton"), np.diag(np.diag(H))),
        (("squared gradient",), np.diag(g**2)),
        (("triangle",), np.triu(A)),
        (("triangle",), np.tril(A)),
        (("diagonal twice",), A + np.diag(np.diag(A))),
        (("index",), np.outer(np.diag(A), np.ones(P))),
        (("index",), np.outer(np.ones(P), np.diag(A))),
        *[(("triangular factor",), R) for R in _factors(s.J)],
        (("no matrix",), np.zeros((P, P))),
    ]
    if s.mu is not None:
        found += [(("blend",), (1 - s.mu) * A), (("blend",), A / (1 + s.mu))]
    if s.J.shape[0] == P:
        found += [(("transposed", "bare J"), s.J.T), (("bare J",), s.J)]
    return found


def dampings(s):
    """[(slips, D²)]: what μ stands beside; the right ones are I and diag(JᵀJ)."""
    A, g, P = s.J.T @ s.J, s.J.T @ s.r, len(s.h)
    d, one, H = np.diag(A), np.ones(len(s.h)), A + s.bend
    wrong = [g**2, abs(g), np.diag(H), abs(np.diag(H)), np.diag(A @ A), d**2, 1 / d, abs(A).sum(1)]
    wrong += [A.sum(1), s.theta**2, abs(s.theta), np.diag(np.linalg.pinv(A)), np.sqrt(1 / d)]
    wrong += [np.sqrt(d), *([abs(np.diag(s.J))] if len(s.J) >= P else [])]
    JJ = np.diag(s.J @ s.J.T)
    wrong += [JJ[:P]] if len(JJ) >= P else []
    wrong += [np.diag(J0.T @ J0) for J0, _ in _stale(s)]
    wrong += [np.diag(J.T @ J) for slips, J, _ in variants(s)[1:7]]
    whole = [np.ones((P, P)), np.outer(one, d), np.outer(d, one)]
    return [
        ((), np.eye(P)),
        ((), np.diag(d)),
        (("no mu",), np.zeros((P, P))),
        *[(("mu on all entries",), D) for D in whole],
        (("mu off the diagonal",), np.ones((P, P)) - np.eye(P)),
        (("mu off the diagonal",), np.max(d) * (np.ones((P, P)) - np.eye(P))),
        (("mu times the whole matrix",), A),
        *[(("wrong diagonal",), np.diag(w)) for w in wrong],
        (("wrong diagonal",), np.fliplr(np.eye(P))),
        *[(("some undamped",), np.diag(one * keep)) for keep in _masks(P)],
    ]


def gradients(s):
    """[(slips, v)]: what stands where Jᵀr belongs."""
    # √loss has no word of its own here: its Jᵀr is g/2, along the right one.
    words = [word for word in variants(s) if "root of the loss" not in word[0]]
    found = [(slips, J.T @ r) for slips, J, r in words]
    J, r = s.J, s.r
    g, mu = J.T @ r, s.mu or 0.0
    F = 0.5 * r @ r
    found += [
        (("gradient as J",), g * r.sum()),
        (("gradient as J",), g * np.sqrt(2 * F)),
        (("r left out",), J.sum(0)),
        (("absolute residuals",), J.T @ abs(r)),
        (("signs of residuals",), J.T @ np.sign(r)),
        *[(("r clipped",), J.T @ np.clip(r, *ends)) for ends in ((0, None), (None, 0), (-1, 1))],
        (("signs of the gradient",), np.sign(g)),
        (("absolute gradient",), abs(g)),
        *[(("triangular factor",), Q.T @ r) for Q in _orthonormal(J)],
        (("ridge",), g + mu * s.theta),
        (("normalized gradient",), g / np.linalg.norm(g)),
    ]
    if J.shape[0] == J.shape[1]:
        found += [(("transposed",), J @ r), (("bare J",), r)]
    return found


def weights(s):
    """[(slips, w)]: by what the damping is multiplied; the right one is μ."""
    mu, old = s.mu, s.old_mu if s.old_mu is not None else s.mu
    return [
        ((), mu),
        (("constant mu",), 1.0),
        (("late mu",), old),
        (("mu squared",), mu**2),
        (("root of mu",), np.sqrt(mu)),
        (("mu inverted",), 1 / mu),
    ]


def _factors(J):
    """R of J = QR, and its transpose, where J has as many rows as columns at least."""
    if len(J) < J.shape[1]:
        return []
    R = np.linalg.qr(J)[1]
    positive = R * np.sign(np.diag(R))[:, None]  # as Cholesky's
    return [R, R.T, positive, positive.T]


def _orthonormal(J):
    """Q of J = QR, and Q with the signs that make R's diagonal positive."""
    if len(J) < J.shape[1]:
        return []
    Q, R = np.linalg.qr(J)
    return [Q, Q * np.sign(np.diag(R))]


def _partitions(P):
    """Masks of the block-diagonal matrices with consecutive blocks, some larger than 1."""
    for count in range(1, P - 1 if P <= 6 else 3):
        for cuts in combinations(range(1, P), count):
            label = np.searchsorted(cuts, np.arange(P), side="right")
            yield label[:, None] == label[None, :]


def _masks(P):
    """Which parameters are damped, where some are not: the last, the first, all but one …"""
    for j in range(P):
        yield np.arange(P) != j
        if P > 2:
            yield np.arange(P) == j


WRONG_MATRIX = {
    "squared errors", "gradient as J", "root of the loss", "roots of residuals", "summed too early",
    "row sums", "squared gradient", "r left out", "signs of residuals", "normalized gradient",
    "bare J", "signs of the gradient", "triangular factor", "index", "one row", "blend",
}  # fmt: skip
