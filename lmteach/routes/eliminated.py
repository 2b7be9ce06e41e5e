"""The damped step of one hidden layer and a Linear one, with the last layer eliminated first.

The prediction is linear in the last layer's parameters, and its outputs share one block of JᵀJ.
Source: Golub & Pereyra (1973), variable projection; here the Schur complement of the damped system.
"""

import numpy as np

from ..primitives import inner, spd_solver

SMALLEST = 512  # parameters: the calls for fewer take as long as what they save


def can_eliminate(part, n_parameters):
    """Return whether the last layer can be eliminated, and the system is large enough for it."""
    layers = part.network.layers
    if n_parameters < SMALLEST or len(layers) != 2 or not layers[-1].straight:
        return False
    return part.outputs_are_straight()


class Eliminated:
    """The system JᵀJ + μI = [[A, Bᵀ], [B, I ⊗ C]] + μI, factorized for the hidden layer and for C.

    The columns of B for hidden unit p are w_p ⊗ M_p, with w_p the unit's weights to the outputs, so
    h₁ solves the system A + μI − (w_pᵀw_q) ∘ (Mᵀ(C + μI)⁻¹M)_pq, and h₂ follows from it.

    `h`, (P,); `predicted` = ½ hᵀ(μh − g), the decrease of F that the model promises.
    """

    def __init__(self, here, mu, W):
        lower, g = here.lower_A(), here.g
        (m, n), hidden = W.shape, len(lower) - W.size - len(W)
        self._here, self._outputs, self._n_hidden = here, m, hidden
        self._B = lower[hidden:, :hidden]
        self._solve_last = spd_solver(_shared_block(lower[hidden:, hidden:], m, n), mu)
        length = np.linalg.norm(W, axis=0)
        w = np.divide(W, length, out=np.zeros_like(W), where=length > 0)  # as M, scaled by ‖w_p‖
        complement = here.buffer("L", (hidden, hidden), lower.dtype, "F")
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
            M = _weighed(self._B, w[:, _units(n, hidden)])
            _complement(lower, w.T @ w, M, self._solve_last(M), complement)
        self._solve_hidden = spd_solver(complement, mu, complement)
        self.h = h = -self._solve(g)
        self.predicted = inner(h, mu * h - g) / 2

    def solve(self, v):
        """Return (JᵀJ + μI)⁻¹ Jᵀ v, (P,), on the same factors."""
        return self._solve(self._here.JTv(v))

    def _solve(self, v):
        first, last = np.split(v, [self._n_hidden])
        x = self._solve_hidden(first - self._last(last) @ self._B)
        return np.concatenate([x, self._last(last - self._B @ x)])

    def _last(self, v):
        """(I ⊗ (C + μI))⁻¹ v, for v as θ holds W and b."""
        x = self._solve_last(_by_output(v, self._outputs).T).T
        return np.concatenate([x[:, :-1].ravel(), x[:, -1]])


def _by_output(v, m):
    """Rows (W_q, b_q), (m, n + 1), of a v that holds W and b."""
    return np.column_stack([v[:-m].reshape(m, -1), v[-m:]])


def _shared_block(lower, m, n):
    """C = ÂÂᵀ, (n + 1, n + 1), its lower triangle, from the block of the last layer."""
    C = np.zeros((n + 1, n + 1), order="F")
    C[:n, :n] = lower[:n, :n]
    C[n, :n], C[n, n] = lower[m * n, :n], lower[m * n, m * n]
    return C


def _units(n, hidden):
    """The unit to which each of the hidden layer's parameters belongs: W row by row, then b."""
    return np.concatenate([np.repeat(np.arange(n), hidden // n - 1), np.arange(n)])


def _weighed(B, w):
    """M = Σ_q w_q ∘ B_q, (n + 1, hidden), where B_q are the rows of B for (W_q, b_q).

    A column of B lies together in memory.
    """
    m, hidden = w.shape
    weights, biases = np.split(B.T, [B.shape[0] - m], axis=1)
    of_weights = np.einsum("qh,hqj->hj", w, weights.reshape(hidden, m, -1))
    return np.column_stack([of_weights, np.einsum("qh,hq->h", w, biases)]).T


def _complement(lower, K, M, X, out):
    """Write A − K_pq ∘ (MᵀX)_pq on and below the diagonal of `out`, one unit's columns at a time.

    The biases of all units are the last columns. In memory a column is a row of the transposed.
    """
    n, hidden = len(K), len(out)
    n_in = hidden // n - 1
    factor = K[:, _units(n, hidden)]
    for p in range(n):
        some, rest = slice(p * n_in, (p + 1) * n_in), slice(p * n_in, hidden)
        block = M[:, some].T @ X[:, rest]
        block *= factor[p, rest]
        np.subtract(lower.T[some, rest], block, out=out.T[some, rest])
    biases = slice(n * n_in, hidden)
    out[biases, biases] = lower[biases, biases] - K * (M[:, biases].T @ X[:, biases])
