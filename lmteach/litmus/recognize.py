"""What did it compute? Steps of unknown origin, explained as (α·A + β·μ·D) h = −v.

A vocabulary of matrices A, dampings D, weights of μ and right-hand sides v, most of them wrong in
one known way, is tried in every combination. α and β are free: a combination explains the steps if
it reproduces all of them. So two mistakes are found together as easily as one.
"""

from dataclasses import dataclass, replace

import numpy as np

from .altered import altered, damped_step, one_entry
from .vocabulary import WRONG_MATRIX, dampings, gradients, matrices, weights

EXACT, ROUGH = 1e-6, 2e-3  # of ‖v‖: in double precision; in float32 or with differences
FEWEST = 3  # steps, where μ is not known
ENOUGH = 9  # equations left over, at least, where μ is not known
MEMORIES = [(m, v) for m in (0.9, 0.8, 0.5, 0) for v in (0.999, 0.99, 0.98, 0.95, 0.9)]  # Adam's
MOST_SLIPS = 3  # at once, where μ is not known: more fit by chance
MEMORY = 0.05  # the least β that is momentum
LEAST_DECAY = 1e-4  # of θ at each step
NOTHING = 1e-5  # a term that is smaller than this, relative to v, is not there


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
    """The simplest Explanations of these steps: all that explain them equally well."""
    keep = np.any([abs(s.h) > 1e-12 * (1e-300 + np.max(abs(s.h))) for s in samples], axis=0)
    if not keep.any():
        return [Explanation(frozenset({"no step"}), 0, 0, 0)]
    slips = frozenset() if keep.all() else frozenset({"missing columns"})
    kept = [s.without(np.flatnonzero(keep)) for s in samples] if slips else samples
    try:
        with np.errstate(all="ignore"):
            if one_entry(samples) < EXACT:
                return [Explanation(frozenset({"one entry"}), 1, 1, 0)]
            found = [*_first_order(kept), *_explicit(kept), *_mixed(kept)]
            found += _solved_free(kept) if samples[0].mu is None else _solved(kept)
    except np.linalg.LinAlgError:
        return []  # the numbers are too large, or J has lost its rank: nothing can be told
    best = _simplest(found)
    for explanation in best:
        explanation.slips |= slips
    return best or ([Explanation(slips, 0, 0, 0)] if slips else [])


def _simplest(found):
    """The least costly of the exact explanations, else of the rough ones."""
    for limit in (EXACT, ROUGH):
        good = sorted((e for e in found if e.error < limit), key=lambda e: (e.cost, e.error))
        least = [e for e in good if e.cost == good[0].cost]
        if good:
            return list({e.slips: e for e in reversed(least)}.values())[::-1]
    return []


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
    columns = [words(s) for s in samples]
    sizes = [np.full(len(s.h), _size(s)) for s in samples]
    rows = [np.concatenate([c[i][1] for c in columns]) for i in range(len(columns[0]))]
    return [frozenset(slips) for slips, _ in columns[0]], np.array(rows) / np.concatenate(sizes)


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


def _unit(rows):
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)


def _solved_free(samples):
    """The same where μ is not known: β may differ from sample to sample."""
    if len(samples) < FEWEST or len(samples) * (len(samples[0].h) - 1) < ENOUGH:
        return []  # with so few equations anything fits, and a rank-one matrix any single step
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
    return [*[(slips, D @ s.h) for slips, D in dampings(s)], (("ridge",), s.h + s.theta)]


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
    mus = mus * np.sign(alpha)
    usual = float(np.median(mus))
    signs -= {"mu subtracted"}
    if "no mu" not in slips and usual < -1e-3:
        signs |= {"mu subtracted"}
    if "no matrix" in slips or len(slips | signs) > MOST_SLIPS:
        return []
    return [Explanation(slips | signs, alpha, usual, error, list(mus))]


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
    """Steps h = −c·v made from the right A + μD without solving with it, or of another length."""
    if samples[0].mu is None:
        return []
    slips, rows = _stack(samples, lambda s: _unsolved(s) + _unfinished(s))
    found = _along([s.h / _size(s) for s in samples], slips, rows) + _entrywise(samples)
    for scaled in (False, True):
        across = max(_across(s.h, damped_step(s, scaled)) for s in samples)
        found.append(Explanation(frozenset({"own length"}), 0, 0, across, extra=0.1))
        found += _decayed(samples, scaled)
    found += [Explanation(frozenset(k), 1.0, c, error) for k, c, error in altered(samples)]
    undamped = [-np.linalg.lstsq(s.J, s.r, rcond=None)[0] for s in samples]
    across = max(_across(s.h, h) for s, h in zip(samples, undamped, strict=True))
    found.append(Explanation(frozenset({"shortened"}), 0, 0, across, extra=0.2))
    return found


def _decayed(samples, scaled):
    """Right steps, and θ shrunk by the same part at each: h = a·d − b·θ."""
    d = np.concatenate([damped_step(s, scaled) for s in samples])
    theta, h = (np.concatenate([getattr(s, name) for s in samples]) for name in ("theta", "h"))
    columns = np.stack([d, -theta], axis=1)
    a, b = np.linalg.lstsq(columns, h, rcond=None)[0]
    error = np.linalg.norm(columns @ [a, b] - h) / np.linalg.norm(h)
    right = a > 0 and b > LEAST_DECAY
    return [Explanation(frozenset({"theta shrunk"}), a, b, error)] if right else []


def _mixed(samples):
    """Right steps with J and r of another θ at some of them: the worst of the samples decides."""
    if samples[0].mu is None or not samples[0].old:
        return []
    found = []
    for scaled in (False, True):
        gaps = [min(_gaps(s, scaled)) for s in samples]
        slips = frozenset({"sometimes stale"})
        found.append(Explanation(slips, 1, 1, max(gaps), extra=0.2))
    return found


def _gaps(s, scaled):
    """How far h is from the step of each J and r, now and before."""
    pairs = [(s.J, s.r), *(pair for name, pair in s.old.items() if name != "differences")]
    for J, _ in pairs:
        for _, r in pairs:
            h = damped_step(replace(s, J=J, r=r), scaled)
            yield np.linalg.norm(s.h - h) / max(np.linalg.norm(s.h), 1e-300)


def _unsolved(s):
    A, g = s.J.T @ s.J, s.J.T @ s.r
    U, values, Vt = np.linalg.svd(s.J, full_matrices=False)
    lengths = np.sqrt(np.diag(A))
    unit = np.linalg.solve(A / np.outer(lengths, lengths) + s.mu * np.eye(len(g)), g / lengths)
    found = [
        (("filter of s",), Vt.T @ (U.T @ s.r / (values + s.mu))),
        (("columns scaled",), lengths * unit),
        *[
            (("factor transposed",), h)
            for h in _transposed_factors(A, g, s.mu, Vt, values, U.T @ s.r)
        ],
        (("mu in J",), np.linalg.pinv(s.J + s.mu) @ s.r),
        (("mu in J",), np.linalg.pinv(s.J + s.mu * np.eye(*s.J.shape)) @ s.r),
    ]
    for D in (np.eye(len(g)), np.diag(np.diag(A))):
        M = A + s.mu * D
        lower = np.linalg.cholesky(M)
        found += [
            (("multiplied",), M @ g),
            (("half solved",), np.linalg.solve(lower, g)),
            (("half solved",), np.linalg.solve(lower.T, g)),
            (("half solved",), np.linalg.solve(lower, np.linalg.solve(lower, g))),
            (("half solved",), np.linalg.solve(lower.T, np.linalg.solve(lower.T, g))),
            (("elementwise inverse",), (1 / M) @ g),
            (("diagonal of the inverse",), np.diag(np.linalg.inv(M)) * g),
            (("solved twice",), np.linalg.solve(M, np.linalg.solve(M, g))),
        ]
    return found


def _transposed_factors(A, g, mu, Vt, values, beta):
    """−h from the singular values or the eigenvectors, with V where Vᵀ belongs, or Vᵀ for V."""
    w, V = np.linalg.eigh(A)
    found = [Vt @ (values / (values**2 + mu) * beta)]
    for left, right in ((V.T, V), (V, V), (V.T, V.T)):
        found.append(left @ ((right @ g) / (w + mu)))
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
    if len(samples) > 2 and len(samples[0].h) > 2:
        scaled = [v / np.sum(s.J**2, axis=0) for s, v in zip(samples, g, strict=True)]
        across = max(_across(s.h, v) for s, v in zip(samples, scaled, strict=True))
        found.append(Explanation(frozenset({"blocks"}), 0, 0, across, extra=0.1))
    return found + _along_rows(samples)


def _along_rows(samples):
    """Steps along the sum of J's rows, or each along one of its rows."""
    if len(samples) < 3 or len(samples[0].h) < 3:
        return []
    summed = max(_across(s.h, s.J.sum(0)) for s in samples)
    single = max(min(_across(s.h, row) for row in s.J) for s in samples)
    return [
        Explanation(frozenset({"summed too early"}), 0, 0, summed, extra=0.1),
        Explanation(frozenset({"one row"}), 0, 0, single, extra=0.1),
    ]


def _runs(samples):
    return sorted({s.run for s in samples})


def _heavy_ball(samples, g):
    """Momentum: h = β·(the step before) − c·d − e·(d before), where d is g or a damped step."""
    if len(samples) < 4:
        return []
    found = [_autoregression(samples, g, {"momentum"})]
    if samples[0].mu is not None:
        for scaled in (False, True):
            d = [-damped_step(s, scaled) for s in samples]
            found.append(_autoregression(samples, d, {"momentum on top"}))
    return [e for e in found if e.beta > MEMORY]


def _autoregression(samples, d, slips):
    befores = [None, *samples]
    same = [b is not None and b.run == s.run for b, s in zip(befores, samples, strict=False)]
    last_h = [befores[k].h if same[k] else 0 * s.h for k, s in enumerate(samples)]
    last_d = [d[k - 1] if same[k] else 0 * s.h for k, s in enumerate(samples)]
    columns = np.stack([np.concatenate(v) for v in (last_h, d, last_d)], axis=1)
    h = np.concatenate([s.h for s in samples])
    coefficients = np.linalg.lstsq(columns, h, rcond=None)[0]
    error = np.linalg.norm(columns @ coefficients - h) / np.linalg.norm(h)
    return Explanation(frozenset(slips), coefficients[1], coefficients[0], error)


def _directions(g):
    named = [("gradient descent", g), ("sign descent", [np.sign(v) for v in g])]
    named.append(("normalized descent", [v / np.linalg.norm(v) for v in g]))
    for first, second in MEMORIES:
        for corrected in (True, False):
            named.append(("Adam" if first else "RMSprop", _adam(g, first, second, corrected)))
    squares = np.cumsum(np.square(g), axis=0)
    named.append(("Adagrad", [v / np.sqrt(q) for v, q in zip(g, squares, strict=True)]))
    return [frozenset({name}) for name, _ in named], np.array([np.concatenate(v) for _, v in named])


def _adam(g, first, second, corrected):
    m, v, found = 0.0, 0.0, []
    for t, now in enumerate(g, 1):
        m, v = first * m + (1 - first) * now, second * v + (1 - second) * now**2
        a, b = (1 - first**t, 1 - second**t) if corrected else (1, 1)
        found.append(m / a / (np.sqrt(v / b) + 1e-8))
    return found


def _entrywise(samples):
    """Right steps of which every entry was changed by one function, or of which |h| is taken."""
    h = np.concatenate([s.h for s in samples])
    found = []
    for scaled in (False, True):
        d = np.concatenate([damped_step(s, scaled) for s in samples])
        gap = np.linalg.norm(h - abs(d)) / np.linalg.norm(d)
        found.append(Explanation(frozenset({"signs of the step"}), 1, 1, gap))
        if _one_function(d, h):
            found.append(Explanation(frozenset({"entries changed"}), 1, 1, 0.0, extra=0.2))
    return found


def _one_function(d, h):
    """Whether h is a growing odd function of d, entry by entry, that shortens some entries."""
    order = np.argsort(abs(d))
    sizes, rises = abs(h)[order], np.diff(abs(h)[order])
    shorter = sizes < (1 - 1e-3) * abs(d)[order]
    ratios = sizes / np.maximum(abs(d)[order], 1e-300)
    alike = np.ptp(ratios) < 1e-2 * np.max(ratios)  # all by one factor: no turn
    signs = np.array_equal(np.sign(d), np.sign(h))
    grows = (rises > -1e-9 * np.max(sizes)).all() and (np.diff(ratios) < 1e-6).all()
    return bool(signs and shorter.any() and grows and not alike)


def _unfinished(s):
    """Steps of inner iterations for (JᵀJ + μD²)h = −g that stop early."""
    A, g = s.J.T @ s.J, s.J.T @ s.r
    found = []
    for D in (np.eye(len(g)), np.diag(np.diag(A))):
        M = A + s.mu * D
        found += _conjugate(M, g)
        for part in (np.diag(np.diag(M)), np.tril(M)):  # Jacobi, Gauss-Seidel
            found += _sweeps(M, g, part)
    return [(("unfinished",), h) for h in found]


def _conjugate(M, g, most=3):
    """−h after 2 to `most` iterations of conjugate gradients from 0 (the first is along g)."""
    x, rest = np.zeros(len(g)), g.copy()
    p, found = rest, []
    for _ in range(most):
        a = rest @ rest / (p @ M @ p)
        x, new = x + a * p, rest - a * M @ p
        p, rest = new + (new @ new) / max(rest @ rest, 1e-300) * p, new
        found.append(x)
    return found[1:]


def _sweeps(M, g, part, most=5):
    """−h after 2 to `most` sweeps from 0 with a part of M; one sweep is another mistake's word."""
    x, found = np.zeros(len(g)), []
    for _ in range(most):
        x = x + np.linalg.solve(part, g - M @ x)
        found.append(x)
    return found[1:]


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
