"""Two more exact routes to a network's damped step, which never form J, and the choice between the routes.

Both work on the factors (aˡ⁻¹, Tˡ, f′ˡ) of J, where Sˡ = Tˡ ∘ f′ˡ, samples last. Blocks: JᵀJ block by block, out of
sums over samples of products that are all distinct. Samples, the dual: (JᵀJ + μI)⁻¹Jᵀ = Jᵀ(JJᵀ + μI)⁻¹, with a system
of N·m unknowns in place of P. Lessons 01-10 never open this room.
"""

from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .checks import as_finite, one_of, positive_like
from .linearization import CHUNK_BYTES, Linearization
from .primitives import gram, inner, least_norm, spd_solver

NUMBER = 8  # bytes
SHARES = 8  # parts for an executor, so that a slow worker holds up the others but little
OVERHEAD = 1_000_000  # multiplications that the calls for one more array take the time of
BUILT = 8  # a product that is written to memory takes the time of so many inside a matrix product
SLOW_FACTOR = 3  # and one inside a Cholesky factorization of so many


class Factored(Linearization):
    """A Linearization that works on the factors of J, one part of the samples after the other.

    `parts`: [(slice of r, part), …]; `part.open()` gives (r there, factors), and a part can be sent to another process.
    `executor`: any concurrent.futures.Executor that takes the parts, or None.
    """

    def __init__(self, r, write_rows, n_parameters, per_sample, work, loss, parts, executor=None):
        super().__init__(r, write_rows, n_parameters, per_sample, work, loss)
        self._parts, self._executor, self._opened = parts, executor, None

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
        task, parts = type(self).task, [part for _, part in self._parts]
        if self._executor is None and len(parts) == 1:
            results = [task(parts[0], *self._factors())]
        else:
            results = list((self._executor.map if self._executor else map)(task, parts))
        sums, gradients = zip(*results, strict=True)
        out = self._buffer("A", (self._n_parameters, self._n_parameters), self.r.dtype, "F")
        self._A = self._joined([reduce(np.add, same) for same in zip(*sums, strict=True)], out)
        g = reduce(np.add, gradients)
        g.setflags(write=False)
        self._g = g

    def _factors(self):
        """(r, factors) where one part holds every sample; kept."""
        if self._opened is None:
            self._opened = self._parts[0][1].open()
        return self._opened

    def _each(self):
        """(slice of r, factors), part after part."""
        if len(self._parts) == 1:
            yield self._parts[0][0], self._factors()[1]
        else:
            for rows, part in self._parts:
                yield rows, part.open()[1]

    def Jv(self, v):
        """J v, (N·m,)."""
        v = as_finite("v", v, 1, (self._n_parameters,))
        return np.concatenate([forwards(factors, v) for _, factors in self._each()])

    def _JTv(self, v):
        return reduce(np.add, [backwards(factors, v[rows]) for rows, factors in self._each()])

    @property
    def column_norms(self):
        """‖J_j‖ for every column j, (P,)."""
        return np.sqrt(reduce(np.add, [squared_columns(factors) for _, factors in self._each()]))

    def divided(self, unit):
        """The same model with r and J divided by a unit."""

        def write_rows(start, stop, out):
            self._write_rows(start, stop, out)
            out /= unit

        parts = [(rows, part.divided(unit)) for rows, part in self._parts]
        shape = self._n_parameters, self._per_sample, self._work
        return type(self)(self.r / unit, write_rows, *shape, self.loss / unit**2, parts, self._executor)


class Rows(Factored):
    """JᵀJ as the sum of the parts' own, each from its rows of J."""

    @staticmethod
    def task(part, r=None, factors=None):
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
    def task(part, r=None, factors=None):
        """([the sums for each pair of layers, …], Jᵀr) of one part."""
        if factors is None:
            r, factors = part.open()
        layers = [(with_one(a), T, slope) for a, T, slope in factors]
        return block_sums(layers), backwards(factors, r)

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
        squares, U = squares[kept], U[:, kept]
        weights = (U.T @ self.r) / (squares + mus[:, None])
        return np.array([self._JTv(U @ weight) for weight in -weights])

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
            self._K = self._buffer("K", (len(self.r), len(self.r)), self.r.dtype, "F")
            self._K[...] = 0
            for a, T, slope in self._factors()[1]:
                self._add(with_one(a), T, slope)
        return self._K

    def _add(self, a, T, slope):
        """Add one layer's (ÂÂᵀ ⊗ 1ₘ1ₘᵀ) ∘ (SSᵀ) to the lower triangle of JJᵀ."""
        m, (_, N), K = len(T), a.shape, self._K.T  # by rows: on and above the diagonal
        both, S = a.T @ a, sensitivity(T, slope)
        if S.ndim == 2:  # SSᵀ is the same m × m for every pair of samples
            for k, row in enumerate(S @ S.T):
                for j in row.nonzero()[0]:
                    K[k::m, j::m] += row[j] * both
            return
        products = gram(S.transpose(2, 0, 1).reshape(N * m, -1), self._buffer("SS", K.shape, K.dtype, "F")).T
        for i in range(N):
            here = slice(i * m, (i + 1) * m), slice(i * m, None)
            K[here] += products[here] * np.repeat(both[i, i:], m)


class DampedDual:
    """The system (JJᵀ + μI) x = r, factorized once; h = −Jᵀx."""

    def __init__(self, here, mu):
        K = here._gram()
        self._here, self._solve = here, spd_solver(K, mu, here._buffer("L", K.shape, K.dtype, "F"))
        self.h = -self.solve(here.r)
        self.predicted = inner(self.h, mu * self.h - here.g) / 2

    def solve(self, v):
        """(JᵀJ + μI)⁻¹ Jᵀ v = Jᵀ(JJᵀ + μI)⁻¹ v, (P,)."""
        return self._here.JTv(self._solve(v))


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


def block_sums(layers):
    """[the sums for each pair of layers, …] over some samples."""
    return [on_diagonal(*layers[k]) if k == j else beside(*layers[k], *layers[j]) for k, j in pairs(len(layers))]


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


def on_diagonal(a, T, slope):
    """Σᵢ of the distinct products of Sᵢᵀ Sᵢ with those of âᵢâᵢᵀ: (n(n + 1)/2, (n_in + 1)(n_in + 2)/2)."""
    if T.ndim == 3:
        return summed(reduce(np.add, map(distinct, sensitivity(T, slope))), distinct(a))
    constant = distinct_of(T.T @ T)[:, None]
    if slope is None:
        return constant * distinct_of(a @ a.T)
    return constant * summed(distinct(slope), distinct(a))


def beside(a, T, slope, b, U, other):
    """Σᵢ of the products of Sᵢᵀ S′ᵢ with âᵢb̂ᵢᵀ, for two layers of which (b, U, other) is the later: (p, i, q, j)."""
    n, n_other, n_a, n_b = T.shape[1], U.shape[1], len(a), len(b)
    if T.ndim == 2 and other is None:  # Sᵀ S′ = (TᵀU) ∘ f′ does not make products of its own
        one = np.ones_like(a[:1]) if slope is None else slope
        if n_a < n_b:
            sums = summed(every(one, a), b).reshape(-1, n_a, 1, n_b)
        else:
            sums = summed(every(one, b), a).reshape(-1, 1, n_b, n_a).transpose(0, 3, 1, 2)
        return (T.T @ U)[:, None, :, None] * sums
    S, later = sensitivity(T, slope), sensitivity(U, other)
    if later.ndim == 2:
        products = np.tensordot(S, later, axes=(0, 0)).transpose(0, 2, 1).reshape(n * n_other, -1)
    else:
        products = reduce(np.add, map(every, S, later))
    return summed(products, every(a, b)).reshape(n, n_other, n_a, n_b).transpose(0, 2, 1, 3)


def summed(u, v):
    """Σᵢ uᵢvᵢᵀ over the samples; the smaller one stands first, which BLAS likes better."""
    return u @ v.T if len(u) <= len(v) else (v @ u.T).T


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
    shapes = [_shape(k, j, sizes, straight) for k, j in pairs(len(sizes))]
    summed, built = sum(V * F for V, F in shapes), sum(V + F for V, F in shapes)
    widest = max(V + F for V, F in shapes)
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
            NUMBER * 2 * P**2 + min(NUMBER * n_samples * widest, CHUNK_BYTES),
            n_samples * (summed + BUILT * built * (1 if straight and len(sizes) < 3 else n_outputs))
            + BUILT * P**2
            + triangle
            + OVERHEAD * (1 + len(shapes)),
        ),
        "samples": Price(
            "samples",
            M**2 * units + M**3 // 3,
            NUMBER * (2 * M**2 + M * units),
            M**2 * (units / 2 + BUILT * len(sizes)) + BUILT * P + SLOW_FACTOR * M**3 / 6 + OVERHEAD * (1 + len(sizes)),
        ),
    }


def _shape(k, j, sizes, straight):
    """How many products of sensitivities, and of activations, one matrix product brings together."""
    (n_a, n), (n_b, n_other) = sizes[k], sizes[j]
    last = len(sizes) - 1
    if k == j:
        return (1 if straight and k == last else n * (n + 1) // 2), (n_a + 1) * (n_a + 2) // 2
    if straight and k == last - 1:
        return n * (n_b + 1), n_a + 1
    return n * n_other, (n_a + 1) * (n_b + 1)


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


def cuts(route, sizes, n_samples, straight, shared=False):
    """[(start, stop), …]: parts of the samples with arrays of CHUNK_BYTES at most; all at once on the route samples."""
    if route == "samples":
        return [(0, n_samples)]
    widest = max(sum(_shape(k, j, sizes, straight)) for k, j in pairs(len(sizes))) if route == "blocks" else 0
    numbers = max(widest, sum(n for _, n in sizes))
    n_parts = max(-(-n_samples * numbers * NUMBER // CHUNK_BYTES), SHARES if shared else 1)
    edges = np.linspace(0, n_samples, min(n_parts, n_samples) + 1).astype(int)
    return [(int(start), int(stop)) for start, stop in pairwise(edges)]
