"""A network's damped step from parts of its samples: rows shared among workers, and two exact routes without J.

The two work on the factors (aˡ⁻¹, Tˡ, f′ˡ) of J, where Sˡ = Tˡ ∘ f′ˡ, samples last. Blocks: JᵀJ block by block, out of
sums over samples of products that are all distinct. Samples, the dual: (JᵀJ + μI)⁻¹Jᵀ = Jᵀ(JJᵀ + μI)⁻¹, with a system
of N·m unknowns in place of P. Lessons 01-10 never open this room.
"""

from functools import partial, reduce

import numpy as np

from .checks import as_finite, frozen, positive_like
from .linearization import CHUNK_BYTES, Linearization
from .prices import NUMBER, pairs, piece_of, triangle
from .primitives import gram, inner, least_norm, spd_solver
from .products import (
    block_sums,
    distinct,
    layer_places,
    sensitivity,
    spread_beside,
    spread_diagonal,
    with_one,
)


class Factored(Linearization):
    """A Linearization summed over parts of the samples, one after the other or by many hands.

    `parts`: [(slice of r, part), …]; `part.open()` gives (r there, factors of J), `part.rows()` (Jᵀ, r there), and a
    part can be sent to another process.
    `executor`: any concurrent.futures.Executor that takes the parts, or None.
    """

    def __init__(
        self, r, write_rows, n_parameters, per_sample, work, loss, precision, parts, executor=None
    ):
        super().__init__(r, write_rows, n_parameters, per_sample, work, loss, precision)
        self._parts, self._executor = parts, executor

    @property
    def g(self):
        """∇F = Jᵀr, (P,)."""
        if self._g is None:
            self._sums()
        return self._g

    def _lower(self):
        if self._A is None:
            self._sums()
        return self._A

    def _sums(self):
        """JᵀJ and g in one pass over the parts, by whoever is there to work."""
        sums, g = reduce(_added, self._by_part(type(self).task))
        self._A = self._joined(sums, self._square("A", self.r.dtype))
        self._g = frozen(self._widened(g))

    def _by_part(self, task, *more):
        return by_executor(self._executor, task, [part for _, part in self._parts], *more)

    def Jv(self, v):
        """J v, (N·m,)."""
        v = as_finite("v", v, 1, (self._n_parameters,))
        v = self._rounded(v)
        return self._widened(np.concatenate(list(self._by_part(_forwards, [v] * len(self._parts)))))

    def _JTv(self, v):
        v = self._rounded(v)
        return self._widened(
            reduce(np.add, self._by_part(_backwards, [v[rows] for rows, _ in self._parts]))
        )

    @property
    def column_norms(self):
        """‖J_j‖ for every column j, (P,)."""
        return np.sqrt(self._widened(reduce(np.add, self._by_part(_squared_columns))))

    def divided(self, unit):
        """The same model with r and J divided by a unit."""
        shape, parts = (self._n_parameters, self._per_sample, self._work), self._parts
        parts = [(rows, part.divided(unit)) for rows, part in parts]
        return type(self)(
            self.r / unit,
            self._rows_divided(unit),
            *shape,
            None,
            self._precision,
            parts,
            self._executor,
        )


def by_executor(executor, task, parts, *more):
    """The results of task(part, …), part after part; by the executor, if there is one.

    A part is sent without its samples first: a worker that has had them keeps them. One that has not says so, and is
    sent them.
    """
    if executor is None:
        return map(task, parts, *more)
    ask = partial(_ask, task)
    results = list(executor.map(ask, parts, *more))
    missing = [i for i, result in enumerate(results) if result is None]
    again = [
        [parts[i].with_samples() for i in missing],
        *([values[i] for i in missing] for values in more),
    ]
    for i, result in zip(missing, executor.map(ask, *again), strict=True):
        results[i] = result
    return results


def _ask(task, part, *more):
    """task(part, …), or None from a worker who is told nothing of its samples."""
    return task(part, *more) if part.has_samples else None


def _forwards(part, v):
    return forwards(part.open()[1], v)


def _backwards(part, v):
    return backwards(part.open()[1], v)


def _squared_columns(part):
    return squared_columns(part.open()[1])


def _added(total, more):
    """([arrays], array) + ([arrays], array), in place where they are large."""
    for one, other in zip(total[0], more[0], strict=True):
        one += other
    return total[0], total[1] + more[1]


class Rows(Factored):
    """JᵀJ as the sum of the parts' own, each from its rows of J."""

    @staticmethod
    def task(part):
        """([JᵀJ, its lower triangle], Jᵀr) of one part."""
        Jt, r = part.rows()
        return [gram(Jt)], Jt.dot(part.rounded(r))

    def _joined(self, sums, out):
        out[...] = sums[0]
        return out


class Blocks(Factored):
    """JᵀJ without J: its block for the layers k and l is Σᵢ (Sᵏᵢᵀ Sˡᵢ) ⊗ (âᵢᵏ⁻¹ âᵢˡ⁻¹ᵀ), with â = (a, 1).

    On the diagonal both factors are symmetric; only their distinct products are formed, and one matrix product with
    inner dimension N sums them over the samples.
    """

    @staticmethod
    def task(part):
        """([the sums for each pair of layers, …], Jᵀr) of one part, piece by piece."""
        return reduce(_added, map(Blocks._piece, part.pieces(piece_of(part.sizes))))

    @staticmethod
    def _piece(part):
        r, factors = part.open()
        layers = [(with_one(a), T, slope) for a, T, slope in factors]
        N, n_products = len(layers[0][0].T), triangle(len(layers[0][0]))
        keeps = part.alone and NUMBER * N * n_products <= CHUNK_BYTES
        inputs = part.data.remember(lambda X: distinct(with_one(X.T))) if keeps else None
        return block_sums(layers, inputs), backwards(factors, part.rounded(r))

    def _joined(self, sums, out):
        sizes = self._parts[0][1].sizes
        places = list(layer_places(sizes))
        for (k, j), block in zip(pairs(len(sizes)), sums, strict=True):
            if k == j:
                spread_diagonal(block, *sizes[k], out.T, *places[k])
            else:
                spread_beside(block, out.T, *places[k], *places[j])
        return out


class Samples(Factored):
    """The dual: h = −Jᵀ(JJᵀ + μI)⁻¹r with JJᵀ = Σ_l (ÂÂᵀ ⊗ 1ₘ1ₘᵀ) ∘ (SSᵀ); D = I only. Source: push-through."""

    _K = None

    def damped(self, mu, scale=None):
        """The Damped system for JᵀJ + μI. Raises ValueError for any other scale."""
        if scale is not None:
            raise ValueError(
                'scale = D: expected None on the route "samples", which has (JJᵀ + μI)⁻¹ and no room for D; '
                'NetworkFit(…, route="blocks") or "rows" takes one'
            )
        return DampedDual(self, positive_like(self.r, "mu", mu))

    def step(self, mu):
        """h with (JᵀJ + μI) h = −g, (P,); for μ = 0 the minimum-norm Gauss-Newton step −Jᵀ(JJᵀ)⁺r."""
        if positive_like(self.r, "mu", mu, or_zero=True) == 0:
            small = len(self.r) * self._n_parameters * NUMBER <= CHUNK_BYTES
            return least_norm(self.J, -self.r) if small else self.steps([0.0])[0]
        return self.damped(mu).h

    def steps(self, mus):
        """The curve h(μ), one row for each μ, by the eigenvectors of JJᵀ = U diag(s²) Uᵀ: −JᵀU (s² + μ)⁻¹Uᵀr."""
        mus = as_finite("mus", mus, 1)
        if (mus < 0).any():
            raise ValueError(f"mus holds {float(mus.min())!r}: expected numbers ≥ 0")
        squares, U = np.linalg.eigh(self._gram())
        kept = squares > squares.max(initial=0) * len(squares) * np.finfo(self._precision).eps
        divisors = np.maximum(squares, 0) + mus[:, None]
        # Only μ = 0 has to leave out what may be rounding: its s = √(s²) may still count for half of the digits.
        weights = np.divide(
            -(U.T @ self.r), divisors, out=np.zeros_like(divisors), where=kept | (mus[:, None] > 0)
        )
        return np.array([self._JTv(U @ weight) for weight in weights])

    @property
    def g(self):
        """∇F = Jᵀr, (P,)."""
        if self._g is None:
            self._g = frozen(self._JTv(self.r))
        return self._g

    def _lower(self):
        return Linearization._lower(self)

    def orthogonal(self, tolerance):
        """True if |cos(J_j, r)| ≤ tolerance for every column."""
        most = tolerance * (2 * self.loss) ** 0.5
        if (
            abs(self.g).max() > most * self._gram().trace() ** 0.5
        ):  # no column is longer than all of J
            return False
        return bool((abs(self.g) <= most * self.column_norms).all())

    def _gram(self):
        """JJᵀ, (N·m, N·m), its lower triangle."""
        if self._K is None:
            part = self._parts[0][1]
            boths = [
                part.data.remember(lambda X: X @ X.T + 1),
                *(a.T @ a + 1 for a, _, _ in part.open()[1][1:]),
            ]
            layers = [
                (sensitivity(T, slope), both)
                for (_, T, slope), both in zip(part.open()[1], boths, strict=True)
            ]
            K = self._zeros("K")
            for i, (S, both) in enumerate(
                sorted(layers, key=lambda layer: layer[0].ndim, reverse=True)
            ):
                if S.ndim == 2:
                    add_same(S, both, K)
                elif i == 0:
                    K = by_samples(S, both, K)
                else:
                    K += by_samples(S, both, self._zeros("SS"))
            self._K = self._widened(K)
        return self._K

    def _zeros(self, name):
        K = self._buffer(name, (len(self.r), len(self.r)), self._precision, "F")
        K[...] = 0
        return K


def by_samples(S, both, out):
    """One layer's (ÂÂᵀ ⊗ 1ₘ1ₘᵀ) ∘ (SSᵀ), `both` = ÂÂᵀ, its lower triangle: in `out`, zeros, unless it holds symbols."""
    m, n, N = S.shape
    out = gram(S.transpose(2, 0, 1).reshape(N * m, n), out)
    wide, rows = np.repeat(both, m, axis=1), out.T  # by rows: on and above the diagonal
    for i in range(N):
        rows[i * m : (i + 1) * m, i * m :] *= wide[i, i * m :]
    return out


def add_same(S, both, K):
    """Add that to K where SSᵀ is the same m × m for every pair of samples."""
    m = len(S)
    for (k, j), product in np.ndenumerate(S @ S.T):
        if product != 0:
            K[k::m, j::m] += product * both


KINDS = {"rows": Rows, "blocks": Blocks, "samples": Samples}


class DampedDual:
    """The system (JJᵀ + μI) x = r, factorized once; h = −Jᵀx."""

    def __init__(self, here, mu):
        K = here._gram()
        self._here, self._solve = here, spd_solver(K, mu, here._buffer("L", K.shape, K.dtype, "F"))
        self.h = -here._JTv(self._solve(here.r))
        self.predicted = inner(self.h, mu * self.h - here.g) / 2

    def solve(self, v):
        """(JᵀJ + μI)⁻¹ Jᵀ v = Jᵀ(JJᵀ + μI)⁻¹ v, (P,)."""
        return self._here._JTv(self._solve(as_finite("v", v, 1, self._here.r.shape)))


def forwards(factors, v):
    """J v of one part, (N·m,): Σ_l Sˡ (Vˡ aˡ⁻¹ + vˡ), where v holds Vˡ and vˡ as θ holds Wˡ and bˡ."""
    sizes = [(len(a), T.shape[1]) for a, T, _ in factors]
    total = 0
    for (a, T, slope), (w, b) in zip(factors, layer_places(sizes), strict=True):
        u = v[w].reshape(T.shape[1], len(a)) @ a + v[b, None]
        u = u if slope is None else slope * u
        total = total + (T @ u if T.ndim == 2 else (T * u).sum(axis=1))
    return total.T.ravel()


def backwards(factors, v):
    """Jᵀ v of one part, (P,): δˡ = Σₖ Sˡₖ vₖ, then Σᵢ δᵢaᵢᵀ and Σᵢ δᵢ."""
    parts = []
    for a, T, slope in factors:
        V = v.reshape(-1, len(T)).T
        delta = T.T @ V if T.ndim == 2 else (T * V[:, None]).sum(axis=0)
        delta = delta if slope is None else slope * delta
        parts += [(delta @ a.T).ravel(), delta.sum(axis=1)]
    return np.concatenate(parts)


def squared_columns(factors):
    """Σ (∂r/∂θ_j)² over one part, (P,): Σᵢ (Σₖ S²) (a²)ᵀ, and with 1 for a."""
    parts = []
    for a, T, slope in factors:
        S = sensitivity(T, slope)
        square = (S * S).sum(axis=0)
        square = square if square.ndim == 2 else square[:, None] * np.ones_like(a[:1])
        parts += [(square @ (a * a).T).ravel(), square.sum(axis=1)]
    return np.concatenate(parts)
