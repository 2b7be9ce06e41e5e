"""Right steps that were changed afterwards, and right systems to which a penalty was added.

Each finder gives [(slips, value, error)]: what was done, with which number, and how far the steps
are from those that it explains, relative to their own size.
"""

from itertools import permutations

import numpy as np

MOST_PARAMETERS = 5  # whose orders are all tried
DECIMALS = range(5)
WHOLE = 1e-6
LEAST_PENALTY, CLEAR = 1e-4, 1e-2  # of ‖g‖; of what the penalty is to explain


def altered(samples):
    """What may have been done to the damped steps of these samples, for D = I and diag(JᵀJ)."""
    found = []
    for scaled in (False, True):
        steps = [damped_step(s, scaled) for s in samples]
        h, d = (np.array(rows) for rows in ([s.h for s in samples], steps))
        found += _permuted(h, d) + _rounded(h, d)
        found += _penalized(samples, scaled)
    return found


def damped_step(s, scaled):
    """(JᵀJ + μD²)⁻¹(−g) of a sample, with D² = diag(JᵀJ) or I."""
    A = s.J.T @ s.J
    return np.linalg.solve(A + s.mu * _squares(A, scaled), -s.J.T @ s.r)


def _squares(A, scaled):
    return np.diag(np.diag(A)) if scaled else np.eye(len(A))


def _permuted(h, d):
    """All steps with their entries in one other order."""
    P = h.shape[1]
    orders = list(permutations(range(P)))[1:] if P <= MOST_PARAMETERS else []
    gaps = [np.linalg.norm(h - d[:, order]) / np.linalg.norm(d) for order in orders]
    return [({"entries permuted"}, 1.0, min(gaps))] if gaps else []


def one_entry(samples):
    """How far steps with a single entry are from that entry of the right ones; else infinity."""
    h = np.array([s.h for s in samples])
    kept = h != 0
    if samples[0].mu is None or h.shape[1] < 2 or not (kept.sum(axis=1) == 1).all():
        return np.inf
    gaps = []
    for scaled in (False, True):
        d = np.array([damped_step(s, scaled) for s in samples])
        gaps.append(np.linalg.norm((h - d)[kept]) / np.linalg.norm(d))
    return min(gaps)


def _rounded(h, d):
    """Steps whose entries are all whole numbers of some decimal."""
    for k in DECIMALS:
        unit = 10.0**-k
        whole = abs(h / unit - np.round(h / unit)).max() < WHOLE
        if whole and abs(h - d).max() <= (0.5 + WHOLE) * unit:
            return [({"rounded"}, float(k), 0.0)]
    return []


def _penalized(samples, scaled):
    """(JᵀJ + μD²)h = −g − c·u, with u the same function of θ at all samples."""
    left, sizes = [], []
    for s in samples:
        A, g = s.J.T @ s.J, s.J.T @ s.r
        left.append(A @ s.h + s.mu * _squares(A, scaled) @ s.h + g)
        sizes.append(np.linalg.norm(g))
    e, size = np.concatenate(left), np.linalg.norm(sizes)
    found = []
    for u in _penalties(samples):
        c = -(e @ u) / max(u @ u, 1e-300)
        error = np.linalg.norm(e + c * u)
        if np.linalg.norm(e) > LEAST_PENALTY * size and error < CLEAR * np.linalg.norm(e):
            found.append(({"penalty"}, c, error / size))
    return found


def _penalties(samples):
    """θ, θ + h (where the matrix has the penalty, too), the signs of θ, and ones."""
    theta, h = (np.concatenate([getattr(s, name) for s in samples]) for name in ("theta", "h"))
    return theta, theta + h, np.sign(theta), np.ones(len(theta))
