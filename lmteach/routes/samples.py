"""The dual route: a system of N·m unknowns in place of P. Source: the push-through identity."""

import numpy as np

from ..checks import as_finite, as_positive
from ..primitives import frozen, gram, inner, norm, spd_solver
from .factors import sensitivity
from .prices import CHUNK_BYTES, NUMBER
from .summed import Parts


class Samples(Parts):
    """h = −Jᵀ(JJᵀ + μI)⁻¹r with JJᵀ = Σ_l (ÂÂᵀ ⊗ 1ₘ1ₘᵀ) ∘ (SSᵀ), Â = [aˡ⁻¹, 1]; D = I only."""

    _g = _K = None

    @property
    def g(self):
        """∇F = Jᵀr, (P,)."""
        if self._g is None:
            self._g = frozen(self.JTv(self.r))
        return self._g

    def system(self, mu, D):
        """Return the Damped system for JᵀJ + μI. Raises ValueError for any other D."""
        if D is not None:
            raise ValueError(
                'scale = D: expected None on the route "samples", which solves with JJᵀ + μI and '
                'cannot take D; NetworkFit(…, route="blocks") or "rows" can'
            )
        return DampedDual(self, mu)

    def shortest_step(self):
        """Return the h of least norm that minimizes ‖r + Jh‖, −Jᵀ(JJᵀ)⁺r, (P,)."""
        small = len(self.r) * self._n_parameters * NUMBER <= CHUNK_BYTES
        return super().shortest_step() if small else self.steps([0.0])[0]

    def steps(self, mus):
        """Return the curve h(μ), a row for each μ: −JᵀU (s² + μ)⁻¹Uᵀr, JJᵀ = U diag(s²) Uᵀ."""
        mus = as_positive("mus", mus, 1, or_zero=True)
        squares, U = np.linalg.eigh(self.gram())
        kept = squares > squares.max(initial=0) * len(squares) * np.finfo(self._precision).eps
        divisors = np.maximum(squares, 0) + mus[:, None]
        # Only μ = 0 leaves out what may be rounding: its s = √(s²) may still count elsewhere.
        kept = kept | (mus[:, None] > 0)
        weights = np.divide(-(U.T @ self.r), divisors, out=np.zeros_like(divisors), where=kept)
        return np.array([self.JTv(U @ weight) for weight in weights])

    def lower_A(self):
        """Return JᵀJ from J: not needed for a step, but for those who ask for `A`."""
        return self._widened(gram(np.ascontiguousarray(self.J.T)))

    def orthogonal(self, tolerance):
        """Return whether |cos(J_j, r)| ≤ tolerance for every column j of J."""
        most = tolerance * norm(self.r)
        longest = self.gram().trace() ** 0.5  # no column is longer than all of J
        if abs(self.g).max() > most * longest:
            return False
        with np.errstate(invalid="ignore"):  # 0 · ∞ where rᵀr overflows
            return bool((abs(self.g) <= most * self.column_norms).all())

    def gram(self):
        """Return JJᵀ, (N·m, N·m), with its lower triangle filled, not to be written to."""
        if self._K is None:
            K = self._zeros("K")
            layers = sorted(self._layers(), key=lambda layer: layer[0].ndim, reverse=True)
            for i, (S, both) in enumerate(layers):
                if S.ndim == 2:
                    add_same(S, both, K)
                elif i == 0:
                    K = by_samples(S, both, K)
                else:
                    K += by_samples(S, both, self._zeros("SS"))
            self._K = self._widened(K)
        return self._K

    def _layers(self):
        """[(Sˡ, ÂÂᵀ), …]."""
        (part,) = self.parts
        layers = part.factors()
        boths = [part.data.remember(_gram_of_inputs), *(a.T @ a + 1 for a, _, _ in layers[1:])]
        return [(sensitivity(T, f), both) for (_, T, f), both in zip(layers, boths, strict=True)]

    def _zeros(self, name):
        K = self.buffer(name, (len(self.r), len(self.r)), self._precision, "F")
        K[...] = 0
        return K


class DampedDual:
    """The system (JJᵀ + μI) x = r, factorized once; h = −Jᵀx.

    `h`, (P,); `predicted` = ½ hᵀ(μh − g), the decrease of F that the model promises.
    """

    def __init__(self, here, mu):
        K = here.gram()
        self._here, self._solve = here, spd_solver(K, mu, here.buffer("L", K.shape, K.dtype, "F"))
        with np.errstate(over="ignore", invalid="ignore"):  # a step that is not finite is refused
            self.h = -here.transposed_times(self._solve(here.r))
            self.predicted = inner(self.h, mu * self.h - here.g) / 2

    def solve(self, v):
        """Return (JᵀJ + μI)⁻¹ Jᵀ v = Jᵀ(JJᵀ + μI)⁻¹ v, (P,)."""
        return self._here.JTv(self._solve(as_finite("v", v, 1, self._here.r.shape)))


def by_samples(S, both, out):
    """Return one layer's (ÂÂᵀ ⊗ 1ₘ1ₘᵀ) ∘ (SSᵀ), `both` = ÂÂᵀ: its lower triangle, in `out`."""
    m, n, N = S.shape
    out = gram(S.transpose(2, 0, 1).reshape(N * m, n), out)
    wide, rows = np.repeat(both, m, axis=1), out.T  # by rows: on and above the diagonal
    for i in range(N):
        rows[i * m : (i + 1) * m, i * m :] *= wide[i, i * m :]
    return out


def add_same(S, both, K):
    """Add that to K, where SSᵀ is the same m × m for every pair of samples."""
    m = len(S)
    for (k, j), product in np.ndenumerate(S @ S.T):
        if product != 0:
            K[k::m, j::m] += product * both


def _gram_of_inputs(X):
    return X @ X.T + 1
