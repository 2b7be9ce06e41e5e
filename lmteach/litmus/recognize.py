"""What did it compute? Steps of unknown origin, explained as (α·A + β·μ·D) h = −v.

A vocabulary of matrices A, dampings D, weights of μ and right-hand sides v, most of them wrong in
one known way, is tried in every combination. α and β are free: a combination explains the steps if
it reproduces all of them. So two mistakes are found together as easily as one.
"""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

EXACT, ROUGH = 1e-6, 2e-3  # of ‖v‖: in double precision; in float32 or with differences
ENOUGH = 9  # equations left over, at least, where μ is not known
NOTHING = 1e-5  # a term that is smaller than this, relative to v, is not there


@dataclass
class Sample:
    """A step h that was seen at θ, μ (None: not known), with r, J and Σ rᵢ∇²rᵢ there.

    `old` holds (J, r) of elsewhere: of the step before, of the first one, of the last evaluation.
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


@dataclass
class Explanation:
    """Steps reproduced: the slips that it takes, α and β, and how well."""

    slips: frozenset
    alpha: float
    beta: float
    error: float
    mus: list | None = None
    extra: float = 0.0

    @property
    def cost(self):
        """How far this is from Levenberg-Marquardt: one for each slip."""
        return len(self.slips) + self.extra


def explain(samples):
    """The simplest Explanations of these steps, all that explain them equally well; none if none."""
    keep = np.any([abs(s.h) > 1e-12 * (1e-300 + np.max(abs(s.h))) for s in samples], axis=0)
    if not keep.any():
        return [Explanation(frozenset({"no step"}), 0, 0, 0)]
    slips = frozenset() if keep.all() else frozenset({"missing columns"})
    kept = [s.without(np.flatnonzero(keep)) for s in samples] if slips else samples
    found = [*_first_order(kept), *_explicit(kept)]
    found += _solved_free(kept) if samples[0].mu is None else _solved(kept)
    best = _simplest(found)
    for explanation in best:
        explanation.slips |= slips
    return best


def _simplest(found):
    """The least costly of the exact explanations, else of the rough ones; each set of slips once."""
    for limit in (EXACT, ROUGH):
        good = sorted((e for e in found if e.error < limit), key=lambda e: (e.cost, e.error))
        least = [e for e in good if e.cost == good[0].cost]
        if good:
            return list({e.slips: e for e in reversed(least)}.values())[::-1]
    return []


# The vocabulary -----------------------------------------------------------------------------------


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
    if J.shape[0] != J.shape[1]:
        found += [(("reshaped",), J.reshape(J.T.shape).T, r)]
    for J0, r0 in s.old.values():
        found += [(("stale J",), J0, r), (("stale r",), J, r0), (("stale J", "stale r"), J0, r0)]
    if J.shape[0] == J.shape[1]:
        found += [(("transposed",), J.T, r)]
    return found


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
        (("no matrix",), np.zeros((P, P))),
    ]
    if s.J.shape[0] == P:
        found += [(("transposed", "bare J"), s.J.T), (("bare J",), s.J)]
    return found


def dampings(s):
    """[(slips, D²)]: what μ stands beside; the right ones are I and diag(JᵀJ)."""
    A, g, P = s.J.T @ s.J, s.J.T @ s.r, len(s.h)
    d, one, H = np.diag(A), np.ones(len(s.h)), A + s.bend
    wrong = [g**2, abs(g), np.diag(H), abs(np.diag(H)), np.diag(A @ A), d**2, 1 / d, abs(A).sum(1)]
    wrong += [A.sum(1), s.theta**2, abs(s.theta), np.diag(np.linalg.pinv(A)), np.sqrt(1 / d)]
    JJ = np.diag(s.J @ s.J.T)
    wrong += [JJ[:P]] if len(JJ) >= P else []
    wrong += [np.diag(J0.T @ J0) for J0, _ in s.old.values()]
    wrong += [np.diag(J.T @ J) for slips, J, _ in variants(s)[1:7]]
    whole = [np.ones((P, P)), np.outer(one, d), np.outer(d, one)]
    return [
        ((), np.eye(P)),
        ((), np.diag(d)),
        (("no mu",), np.zeros((P, P))),
        *[(("mu on all entries",), D) for D in whole],
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


def _partitions(P):
    """Masks of the block-diagonal matrices with two or more consecutive blocks, some larger than 1."""
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


# The combinations ---------------------------------------------------------------------------------


def _solved(samples):
    """Explanations (α·A + β·w·D) h = −v with one α and one β for all samples."""
    a_slips, U = _stack(samples, lambda s: [(k, A @ s.h) for k, A in matrices(s)])
    v_slips, V = _stack(samples, gradients)
    d_slips, W = _stack(samples, _damped)
    found = _fits(a_slips, U, d_slips, W, v_slips, V)
    diagonals = [[np.diag(A) for _, A in matrices(s)] for s in samples]
    for i in range(len(a_slips)):  # μ·diag of the very matrix that stands for JᵀJ
        d = dict(zip(map(id, samples), (of[i] for of in diagonals), strict=True))
        own = _stack(samples, lambda s, d=d: [(k, w * d[id(s)] * s.h) for k, w in weights(s)])
        found += _fits(a_slips[i : i + 1], U[i : i + 1], *own, v_slips, V)
    return found


def _damped(s):
    products = [(d, w, D @ s.h * x) for d, D in dampings(s) for w, x in weights(s)]
    return [((*d, *(() if "no mu" in d else w)), Dh) for d, w, Dh in products]


def _stack(samples, words):
    """(slips of each word, the word's vectors over all samples in one row, each by its ‖g‖)."""
    columns = [[(slips, v / _size(s)) for slips, v in words(s)] for s in samples]
    rows = [np.concatenate([c[i][1] for c in columns]) for i in range(len(columns[0]))]
    return [frozenset(slips) for slips, _ in columns[0]], np.array(rows)


def _size(s):
    return max(np.linalg.norm(s.J.T @ s.r), 1e-300)


def _fits(a_slips, U, d_slips, W, v_slips, V):
    """Every combination whose least-squares residual is small."""
    u, w, v = _unit(U), _unit(W), _unit(V)
    c, a, b = u @ w.T, u @ v.T, w @ v.T
    apart = 1 - c**2
    safe = np.where(apart > 1e-9, apart, np.inf)[:, :, None]
    both = a[:, None] ** 2 + b[None] ** 2 - 2 * a[:, None] * b[None] * c[:, :, None]
    one = np.maximum(a[:, None] ** 2, b[None] ** 2)
    left = 1 - np.where(np.isfinite(safe), both / safe, one)
    found = []
    for i, j, k in np.argwhere(left < ROUGH**2):
        found += _fit(U[i], W[j], V[k], a_slips[i] | d_slips[j] | v_slips[k])
    return found


def _fit(u, w, v, slips):
    """[Explanation] with α and β by least squares, and what their signs and sizes mean."""
    size = np.linalg.norm(v)
    columns = np.stack([u, w], axis=1)
    norms = np.linalg.norm(columns, axis=0)
    scaled = np.where(norms > 0, norms, 1.0)
    coefficients = np.linalg.lstsq(columns / scaled, -v, rcond=1e-7)[0]
    error = np.linalg.norm(columns / scaled @ coefficients + v) / size
    shares = abs(coefficients) / size
    alpha, beta = coefficients / scaled
    if (shares[0] < NOTHING) != ("no matrix" in slips) or (shares[1] < NOTHING) != (
        "no mu" in slips
    ):
        return []  # told more simply by a word that leaves the term out
    return [Explanation(slips | _signs(alpha, beta, slips), alpha, beta, error)]


def _signs(alpha, beta, slips):
    """What the coefficients say: a flipped sign, a factor on one side only."""
    if "no matrix" in slips:
        return {"sign"} if beta < 0 else set()
    found = {"sign"} if alpha < 0 else set()
    if alpha * beta < 0:
        found |= {"mu subtracted"}
    if abs(abs(alpha) - 1) > 2 * ROUGH and not slips & WRONG_MATRIX:
        found |= {"factor"}
    return found


WRONG_MATRIX = {
    "squared errors", "gradient as J", "root of the loss", "roots of residuals", "summed too early",
    "row sums", "squared gradient", "r left out", "signs of residuals", "normalized gradient",
    "bare J",
}  # fmt: skip


def _unit(rows):
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)


def _solved_free(samples):
    """The same where μ is not known: β may differ from sample to sample."""
    if len(samples) * (len(samples[0].h) - 1) < ENOUGH:
        return []  # with so few equations anything fits
    a_slips, U = _stack(samples, lambda s: [(k, A @ s.h) for k, A in matrices(s)])
    v_slips, V = _stack(samples, gradients)
    found = []
    diagonals = [[np.diag(A) for _, A in matrices(s)] for s in samples]
    for slips, rows in zip(*_stack(samples, _bare_damped), strict=True):
        found += _free_fits(a_slips, U, slips, rows, v_slips, V, len(samples))
    for i in range(len(a_slips)):
        pairs = zip(diagonals, samples, strict=True)
        own = np.concatenate([of[i] * s.h / _size(s) for of, s in pairs])
        one = slice(i, i + 1)
        found += _free_fits(a_slips[one], U[one], frozenset(), own, v_slips, V, len(samples))
    return found


def _bare_damped(s):
    return [(slips, D @ s.h) for slips, D in dampings(s)]


def _free_fits(a_slips, U, d_slips, w, v_slips, V, count):
    """Combinations with one α, and β of each sample's own (its μ, then)."""
    w = w.reshape(count, -1)
    away = _away_from(w)
    u, v = away(U), away(V)
    dots = np.einsum("ap,vp->av", u, v)
    sizes = np.linalg.norm(u, axis=1)[:, None] ** 2
    alphas = -dots / np.where(sizes > 0, sizes, 1)
    norms = np.linalg.norm(v, axis=1)
    whole = np.linalg.norm(V, axis=1)
    left = 1 - dots**2 / np.where(sizes > 0, sizes, 1) / np.maximum(norms, 1e-300) ** 2
    found = []
    for i, k in np.argwhere((left < ROUGH**2) & (norms > 1e-3 * whole)[None]):
        slips, alpha = a_slips[i] | d_slips | v_slips[k], alphas[i, k]
        error = np.linalg.norm(v[k] + alpha * u[i]) / norms[k]
        rest = (-V[k] - alpha * U[i]).reshape(count, -1)
        mus = np.sum(rest * w, axis=1) / np.maximum(np.sum(w * w, axis=1), 1e-300)
        found += _free(slips, alpha, error, mus)
    return found


def _free(slips, alpha, error, mus):
    signs = _signs(alpha, 1.0, slips)
    usual = float(np.median(mus)) * np.sign(alpha)
    signs -= {"mu subtracted"}
    if "no mu" not in slips and usual < -1e-3:
        signs |= {"mu subtracted"}
    return [] if "no matrix" in slips else [Explanation(slips | signs, alpha, usual, error, list(mus))]


def _away_from(w):
    """A function that takes from each sample's vector its part along w."""
    unit = w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-300)

    def away(rows):
        pieces = rows.reshape(len(rows), *w.shape)
        along = np.einsum("rsp,sp->rs", pieces, unit)
        return (pieces - along[:, :, None] * unit).reshape(len(rows), -1)

    return away


# Steps that solve no equation ---------------------------------------------------------------------


def _explicit(samples):
    """Steps h = −c·v made from the right A + μD without solving with it."""
    if samples[0].mu is None:
        return []
    slips, rows = _stack(samples, _unsolved)
    return _along([s.h / _size(s) for s in samples], slips, rows)


def _unsolved(s):
    A, g = s.J.T @ s.J, s.J.T @ s.r
    found = []
    for D in (np.eye(len(g)), np.diag(np.diag(A))):
        M = A + s.mu * D
        lower = np.linalg.cholesky(M)
        found += [
            (("multiplied",), M @ g),
            (("half solved",), np.linalg.solve(lower, g)),
            (("half solved",), np.linalg.solve(lower.T, g)),
            (("elementwise inverse",), (1 / M) @ g),
        ]
    return found


def _first_order(samples):
    """Gradient descent and its relatives: h along −g, or along what they make of all g so far."""
    g = [s.J.T @ s.r for s in samples]
    runs = [[v for s, v in zip(samples, g, strict=True) if s.run == run] for run in _runs(samples)]
    named = [_directions(part) for part in runs]
    rows = np.concatenate([rows for _, rows in named], axis=1)
    found = _along([s.h for s in samples], named[0][0], rows) + _heavy_ball(samples, g)
    across = [_across(s.h, v) for s, v in zip(samples, g, strict=True)]
    if len(samples) > 2 and all(np.dot(s.h, v) < 0 for s, v in zip(samples, g, strict=True)):
        # Costlier than a rank-one matrix, which says more about the same direction.
        found.append(Explanation(frozenset({"gradient direction"}), 0, 0, max(across), extra=0.1))
    return found


def _runs(samples):
    return sorted({s.run for s in samples})


def _heavy_ball(samples, g):
    """Gradient descent with momentum: h = β·(the step before) − c·g."""
    if len(samples) < 3:
        return []
    pairs = zip([None, *samples], samples, strict=False)
    last = [0 * s.h if b is None or b.run != s.run else b.h for b, s in pairs]
    columns = np.stack([np.concatenate(last), np.concatenate(g)], axis=1)
    h = np.concatenate([s.h for s in samples])
    (memory, rate), *_ = np.linalg.lstsq(columns, h, rcond=None)
    error = np.linalg.norm(columns @ [memory, rate] - h) / np.linalg.norm(h)
    return [Explanation(frozenset({"momentum"}), rate, memory, error)] if memory > 0.05 else []


def _directions(g):
    named = [("gradient descent", g), ("sign descent", [np.sign(v) for v in g])]
    named.append(("normalized descent", [v / np.linalg.norm(v) for v in g]))
    for first, second in ((0.9, 0.999), (0.9, 0.99), (0.9, 0.9), (0, 0.9), (0, 0.99), (0, 0.999)):
        for corrected in (True, False):
            named.append(("Adam" if first else "RMSprop", _adam(g, first, second, corrected)))
    squares = np.cumsum(np.square(g), axis=0)
    named.append(("Adagrad", [v / np.sqrt(q) for v, q in zip(g, squares, strict=True)]))
    return [frozenset({name}) for name, _ in named], np.array(
        [np.concatenate(v) for _, v in named]
    )


def _adam(g, first, second, corrected):
    m, v, found = 0.0, 0.0, []
    for t, now in enumerate(g, 1):
        m, v = first * m + (1 - first) * now, second * v + (1 - second) * now**2
        a, b = (1 - first**t, 1 - second**t) if corrected else (1, 1)
        found.append(m / a / (np.sqrt(v / b) + 1e-8))
    return found


def _along(steps, slips, rows):
    """Explanations h = −c·row with one c for all steps."""
    h = np.concatenate(steps)
    found = []
    for slip, row in zip(slips, rows, strict=True):
        c = -(h @ row) / max(row @ row, 1e-300)
        error = np.linalg.norm(h + c * row) / np.linalg.norm(h)
        found.append(Explanation(slip | ({"sign"} if c < 0 else set()), c, 0, error))
    return found


def _across(h, g):
    """How far h is from the line of g."""
    return np.linalg.norm(h - (h @ g) / (g @ g) * g) / max(np.linalg.norm(h), 1e-300)
