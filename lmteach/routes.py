"""Two more exact routes to a network's damped step, which never form J, and the choice between the routes.

Both work on the factors (aˡ⁻¹, Tˡ, f′ˡ) of J, where Sˡ = Tˡ ∘ f′ˡ, samples last. Blocks: JᵀJ block by block, out of
sums over samples of products that are all distinct. Samples, the dual: (JᵀJ + μI)⁻¹Jᵀ = Jᵀ(JJᵀ + μI)⁻¹, with a system
of N·m unknowns in place of P. Lessons 01-10 never open this room.
"""

from functools import partial, reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .checks import as_finite, one_of, positive_like
from .linearization import CHUNK_BYTES, Linearization
from .primitives import gram, inner, least_norm, spd_solver

NUMBER = 8  # bytes
CACHE_BYTES = 2**20  # products of this much at a time stay in the processor's cache until they are summed
PART_BYTES = 2**22  # and so do the activations and sensitivities of so many samples
ADDED = 4  # how many times the cost of adding up the sums is worth saving the way to memory
SHARES = 8  # parts for an executor, at least, so that a slow worker holds up the others but little
# Prices, in multiplications inside a large matrix product; measured by tests/benchmarks, rough on purpose:
OVERHEAD = 4_000_000  # the calls for one more array take the time of so many,
BUILT = 55  # a product that is written to memory of so many,
SLOW_FACTOR = 1.5  # and one inside a Cholesky factorization of so many


class Factored(Linearization):
    """A Linearization that works on the factors of J, one part of the samples after the other.

    `parts`: [(slice of r, part), …]; `part.open()` gives (r there, factors), and a part can be sent to another process.
    `executor`: any concurrent.futures.Executor that takes the parts, or None.
    """

    def __init__(self, r, write_rows, n_parameters, per_sample, work, loss, parts, executor=None):
        super().__init__(r, write_rows, n_parameters, per_sample, work, loss)
        self._F, self._parts, self._executor = loss, parts, executor

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
        out = self._buffer("A", (self._n_parameters, self._n_parameters), self.r.dtype, "F")
        self._A = self._joined(sums, out)
        g.setflags(write=False)
        self._g = g

    def _by_part(self, task, *more):
        return shared(self._executor, task, [part for _, part in self._parts], *more)

    def Jv(self, v):
        """J v, (N·m,)."""
        v = as_finite("v", v, 1, (self._n_parameters,))
        return np.concatenate(list(self._by_part(_forwards, [v] * len(self._parts))))

    def _JTv(self, v):
        return reduce(np.add, self._by_part(_backwards, [v[rows] for rows, _ in self._parts]))

    @property
    def column_norms(self):
        """‖J_j‖ for every column j, (P,)."""
        return np.sqrt(reduce(np.add, self._by_part(_squared_columns)))

    def divided(self, unit):
        """The same model with r and J divided by a unit."""

        def write_rows(start, stop, out):
            self._write_rows(start, stop, out)
            out /= unit

        parts = [(rows, part.divided(unit)) for rows, part in self._parts]
        shape, F = (self._n_parameters, self._per_sample, self._work), self._F and self._F / unit / unit
        return type(self)(self.r / unit, write_rows, *shape, F, parts, self._executor)


def shared(executor, task, parts, *more):
    """The results of task(part, …), part after part; by the executor, if there is one.

    A part is sent without its samples first: a worker that has had them keeps them. One that has not says so, and is
    sent them.
    """
    if executor is None:
        return map(task, parts, *more)
    ask = partial(_ask, task)
    results = list(executor.map(ask, parts, *more))
    missing = [i for i, result in enumerate(results) if result is None]
    again = [[parts[i].with_samples() for i in missing], *([values[i] for i in missing] for values in more)]
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
        return [gram(Jt)], Jt.dot(r)

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
        return block_sums(layers, inputs), backwards(factors, r)

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
        kept = squares > squares.max(initial=0) * len(squares) * np.finfo(float).eps
        divisors = np.maximum(squares, 0) + mus[:, None]
        # Only μ = 0 has to leave out what may be rounding: its s = √(s²) may still count for half of the digits.
        weights = np.divide(-(U.T @ self.r), divisors, out=np.zeros_like(divisors), where=kept | (mus[:, None] > 0))
        return np.array([self._JTv(U @ weight) for weight in weights])

    @property
    def g(self):
        """∇F = Jᵀr, (P,)."""
        if self._g is None:
            self._g = self._JTv(self.r)
            self._g.setflags(write=False)
        return self._g

    def _lower(self):
        return Linearization._lower(self)

    def orthogonal(self, tolerance):
        """True if |cos(J_j, r)| ≤ tolerance for every column."""
        most = tolerance * (2 * self.loss) ** 0.5
        if abs(self.g).max() > most * self._gram().trace() ** 0.5:  # no column is longer than all of J
            return False
        return bool((abs(self.g) <= most * self.column_norms).all())

    def _gram(self):
        """JJᵀ, (N·m, N·m), its lower triangle."""
        if self._K is None:
            part = self._parts[0][1]
            boths = [part.data.remember(lambda X: X @ X.T + 1), *(a.T @ a + 1 for a, _, _ in part.open()[1][1:])]
            layers = [(sensitivity(T, slope), both) for (_, T, slope), both in zip(part.open()[1], boths, strict=True)]
            K = self._zeros("K")
            for i, (S, both) in enumerate(sorted(layers, key=lambda layer: layer[0].ndim, reverse=True)):
                if S.ndim == 2:
                    add_same(S, both, K)
                elif i == 0:
                    K = by_samples(S, both, K)
                else:
                    K += by_samples(S, both, self._zeros("SS"))
            self._K = K
        return self._K

    def _zeros(self, name):
        K = self._buffer(name, (len(self.r), len(self.r)), self.r.dtype, "F")
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


def sensitivity(T, slope):
    """S = T ∘ f′, (m, n, N), or (m, n) where it is the same for all samples."""
    return T if slope is None else (T if T.ndim == 3 else T[:, :, None]) * slope


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


def pairs(n):
    """(0, 0), (0, 1), …, (n − 1, n − 1): k ≤ l."""
    return [(k, j) for k in range(n) for j in range(k, n)]


def block_sums(layers, inputs=None):
    """[the sums for each pair of layers, …] over some samples; `inputs`: distinct(â⁰), if it is known."""
    return [
        on_diagonal(*layers[k], inputs if k == 0 else None) if k == j else beside(*layers[k], *layers[j])
        for k, j in pairs(len(layers))
    ]


def with_one(a):
    """â = (a, 1), (n + 1, N)."""
    return np.concatenate([a, np.ones_like(a[:1])])


def distinct(u):
    """uᵢuⱼ for i ≤ j, (n(n + 1)/2, N)."""
    out, stop = np.empty((len(u) * (len(u) + 1) // 2, *u.shape[1:]), u.dtype), 0
    for i in range(len(u)):
        start, stop = stop, stop + len(u) - i
        np.multiply(u[i], u[i:], out=out[start:stop])
    return out


def every(u, v):
    """uᵢvⱼ for all i, j, (len(u)·len(v), N)."""
    return (u[:, None] * v).reshape(-1, u.shape[-1])


def on_diagonal(a, T, slope, products=None):
    """Σᵢ of the distinct products of Sᵢᵀ Sᵢ with those of âᵢâᵢᵀ: (n(n + 1)/2, (n_in + 1)(n_in + 2)/2).

    `products`: distinct(a), if it is known.
    """
    if T.ndim == 2 and slope is None:
        return distinct_of(T.T @ T)[:, None] * distinct_of(a @ a.T)
    S = slope[None] if T.ndim == 2 else sensitivity(T, slope)
    sums = summed(
        triangle(T.shape[1]), lambda some: reduce(np.add, map(distinct, S[..., some])),
        triangle(len(a)), lambda some: distinct(a[:, some]) if products is None else products[:, some], a.shape[1],
    )  # fmt: skip
    if T.ndim == 2:
        sums *= distinct_of(T.T @ T)[:, None]
    return sums


def beside(a, T, slope, b, U, other):
    """Σᵢ of the products of Sᵢᵀ S′ᵢ with âᵢb̂ᵢᵀ, for two layers of which (b, U, other) is the later: (p, i, q, j)."""
    if T.ndim == 2 and other is None:
        return beside_straight(a, T, slope, b, U)
    n, n_other, n_a, n_b = T.shape[1], U.shape[1], len(a), len(b)
    S, later = sensitivity(T, slope), sensitivity(U, other)
    sums = summed(
        n * n_other, lambda some: sensitivities_beside(S[..., some], later if later.ndim == 2 else later[..., some]),
        n_a * n_b, lambda some: every(a[:, some], b[:, some]), a.shape[1],
    )  # fmt: skip
    return sums.reshape(n, n_other, n_a, n_b).transpose(0, 2, 1, 3)


def beside_straight(a, T, slope, b, U):
    """The same where Sᵀ S′ = (TᵀU) ∘ f′ does not make products of its own, with a Linear layer last."""
    one, (n_a, N), n_b = np.ones_like(a[:1]) if slope is None else slope, a.shape, len(b)
    fewer, more = (a, b) if n_a < n_b else (b, a)
    sums = summed(
        len(one) * len(fewer), lambda some: every(one[:, some], fewer[:, some]),
        len(more), lambda some: more[:, some], N,
    )  # fmt: skip
    sums = sums.reshape(len(one), len(fewer), 1, len(more))
    return (T.T @ U)[:, None, :, None] * (sums if n_a < n_b else sums.transpose(0, 3, 2, 1))


def sensitivities_beside(S, later):
    """Sᵢᵀ S′ᵢ of some samples, (n·n′, samples)."""
    if later.ndim == 2:
        return np.tensordot(S, later, axes=(0, 0)).transpose(0, 2, 1).reshape(-1, S.shape[-1])
    return reduce(np.add, map(every, S, later))


def summed(n_u, u, n_v, v, n_samples):
    """Σᵢ uᵢvᵢᵀ, (n_u, n_v), where u and v make the products of a slice of samples, (n, samples).

    So few samples at a time that the products stay in the cache, and so many that adding up the sums does not take
    longer than that saves.
    """
    size = max(CACHE_BYTES // (NUMBER * (n_u + n_v)), ADDED * n_u * n_v // (n_u + n_v), 1)
    total = 0
    for start in range(0, n_samples, size):
        some = slice(start, start + size)
        left, right = u(some), v(some)
        # The smaller one stands first, which BLAS likes better.
        sums = left @ right.T if n_u <= n_v else (right @ left.T).T
        total = sums if start == 0 else np.add(total, sums, out=total)
    return total


def triangle(n):
    """How many products of n numbers are distinct."""
    return n * (n + 1) // 2


def distinct_of(M):
    """The entries of a symmetric matrix on and above its diagonal, row by row, as `distinct` orders them."""
    return M[np.triu_indices(len(M))]


def places_of(n):
    """Where `distinct` puts the product of i and j, (n, n)."""
    at = np.empty((n, n), dtype=int)
    upper = np.triu_indices(n)
    at[upper] = at.T[upper] = np.arange(len(upper[0]))
    return at


def layer_places(sizes):
    """(slice of W, slice of b) in θ, for layers of sizes [(n_{l−1}, n_l), …]."""
    stop = 0
    for n_in, n in sizes:
        start, middle, stop = stop, stop + n_in * n, stop + (n_in + 1) * n
        yield slice(start, middle), slice(middle, stop)


def spread_diagonal(sums, n_in, n, At, w, b):
    """Write a layer's own block from its distinct sums: on and above the diagonal of At."""
    of_pair, of_a = places_of(n), places_of(n_in + 1)
    W = At[w, w].reshape(n, n_in, n, n_in)
    for q in range(n):  # entry (q, j), (p, i) for p ≥ q
        W[q, :, q:] = sums[of_pair[q, q] : of_pair[q, q] + n - q].take(of_a[:-1, :-1], axis=1).transpose(1, 0, 2)
    At[w, b].reshape(n, n_in, n)[...] = sums[:, of_a[:-1, -1]][of_pair].transpose(0, 2, 1)
    At[b, b] = sums[:, -1][of_pair]


def spread_beside(sums, At, w, b, w_other, b_other):
    """Write the block of two layers from (p, i, q, j)."""
    n, n_a, n_other, n_b = sums.shape
    At[w, w_other].reshape(n, n_a - 1, n_other, n_b - 1)[...] = sums[:, :-1, :, :-1]
    At[w, b_other].reshape(n, n_a - 1, n_other)[...] = sums[:, :-1, :, -1]
    At[b, w_other].reshape(n, n_other, n_b - 1)[...] = sums[:, -1, :, :-1]
    At[b, b_other] = sums[:, -1, :, -1]


class Price(NamedTuple):
    """What one linearization and one step cost on a route: multiplications, bytes of the arrays that are alive at
    once, and the time, in multiplications of a large matrix product.
    """

    route: str
    multiplications: int
    nbytes: int
    time: float


def prices(sizes, n_samples, n_outputs, straight=True):
    """{route: Price} for layers of sizes [(n_{l−1}, n_l), …]; `straight` says that the last layer is Linear.

    Multiplications: N·m·P² + P³/3 (rows), at most N·P² + P³/3 (blocks), (N·m)²·Σn_l + (N·m)³/3 (samples).
    """
    P, M = sum((n_in + 1) * n for n_in, n in sizes), n_samples * n_outputs
    units = sum(n for _, n in sizes)
    counted = [_products(k, j, sizes, straight) for k, j in pairs(len(sizes))]
    summed, built = sum(V * F for V, F, _ in counted), sum(times * V + F for V, F, times in counted)
    kept = units + (n_outputs * sum(n for _, n in sizes[: -2 if straight else None]))
    triangle = SLOW_FACTOR * P**3 / 6
    return {
        "rows": Price(
            "rows",
            M * P**2 + P**3 // 3,
            NUMBER * 2 * P**2 + min(NUMBER * M * P, CHUNK_BYTES),
            M * P**2 / 2 + BUILT * M * P + triangle + OVERHEAD,
        ),
        "blocks": Price(
            "blocks",
            n_samples * summed + P**3 // 3,
            NUMBER * (2 * P**2 + summed) + CACHE_BYTES + min(NUMBER * n_samples * kept, CHUNK_BYTES),
            n_samples * (summed + BUILT * built) + BUILT * P**2 + triangle + OVERHEAD * (1 + len(counted)),
        ),
        "samples": Price(
            "samples",
            M**2 * units + M**3 // 3,
            NUMBER * (2 * M**2 + M * units),
            M**2 * (units / 2 + BUILT * len(sizes))
            + BUILT * P
            + SLOW_FACTOR * M**3 / 6
            + OVERHEAD * (1 + len(sizes)) / 2,
        ),
    }


def _products(k, j, sizes, straight):
    """(how many products of sensitivities, how many of activations one matrix product brings together, and how often
    the former are made): once for every output, but for once where T is the same for all samples.
    """
    (n_a, n), (n_b, n_other) = sizes[k], sizes[j]
    last, m = len(sizes) - 1, sizes[-1][1]
    if straight and j == last and k >= last - 1:  # the last layer's S is 1, and the one before has a T of its own
        return (n * (min(n_a, n_b) + 1), max(n_a, n_b) + 1, 1) if k < j else (1, triangle(n_a + 1), 0)
    once = straight and k == last - 1
    return (triangle(n), triangle(n_a + 1), 1 if once else m) if k == j else (n * n_other, (n_a + 1) * (n_b + 1), m)


def choice(sizes, n_samples, n_outputs, straight, route=None, shared=False):
    """(route, why in one line): the one that takes the least time, of those that can be shared if they shall be."""
    priced = prices(sizes, n_samples, n_outputs, straight)
    if route is not None:
        one_of("route", route, tuple(priced))
        if shared and route == "samples":
            raise ValueError(
                'route = "samples" with an executor: expected "rows" or "blocks", whose sums can be shared'
            )
        return route, f"{route}: asked for; {_megabytes(priced[route])}"
    best = min((p for p in priced.values() if not (shared and p.route == "samples")), key=lambda price: price.time)
    P, M = sum((n_in + 1) * n for n_in, n in sizes), n_samples * n_outputs
    why = {
        "rows": f"{M} residuals × {P} parameters are few enough to form J",
        "blocks": f"{n_outputs} output{'s' * (n_outputs > 1)}, J is never formed",
        "samples": f"{M} residuals {'<' if M < P else '≥'} {P} parameters",
    }
    return best.route, f"{best.route}: {why[best.route]}; {_megabytes(best)}"


def _megabytes(price):
    return f"{price.nbytes / 1e6:.2g} MB" if price.nbytes < 1e7 else f"{price.nbytes / 1e6:.0f} MB"


def cuts(route, sizes, n_samples, shared=False):
    """[(start, stop), …]: parts of the samples with arrays of CHUNK_BYTES at most; all at once on the route samples."""
    if route == "samples":
        return [(0, n_samples)]
    m, units, P = sizes[-1][1], sum(n for _, n in sizes), sum((n_in + 1) * n for n_in, n in sizes)
    numbers = {"blocks": units * (1 + m), "rows": units + m * P * shared}[route]  # alone, rows has its own chunks of Jᵀ
    n_parts = max(-(-NUMBER * n_samples * numbers // CHUNK_BYTES), SHARES if shared else 1)
    edges = np.linspace(0, n_samples, min(n_parts, n_samples) + 1).astype(int)
    return [(int(start), int(stop)) for start, stop in pairwise(edges)]


def piece_of(sizes):
    """How many samples have activations and sensitivities that stay in the cache; but so many that adding up the sums
    of the pieces does not take longer than that saves.
    """
    units, P = sum(n for _, n in sizes), sum((n_in + 1) * n for n_in, n in sizes)
    return -(-max(PART_BYTES, NUMBER * P**2) // (NUMBER * units * (1 + sizes[-1][1])))


def kept(sizes, n_samples):
    """Whether the activations of all samples may be kept from the evaluation of r to the linearization."""
    return NUMBER * n_samples * sum(n for _, n in sizes) <= CHUNK_BYTES
