"""A network's linearization as a sum over parts of its samples, one after the other or by workers.

Rows: from each part's rows of J. Blocks: JᵀJ block by block without J, out of sums over samples of
products that are all distinct.
"""

from functools import partial, reduce

import numpy as np

from ..checks import as_finite
from ..linearization import Linearization
from ..primitives import copy_lower, frozen, gram, inner, new_array
from .eliminated import Eliminated, can_eliminate
from .factors import backwards, forwards, layer_places, squared_columns
from .prices import CHUNK_BYTES, NUMBER, pairs, piece_of, triangle
from .products import block_sums, distinct, spread_beside, spread_diagonal, with_one


class Parts(Linearization):
    """What a linearization over parts of the samples can do without forming J.

    `parts`: [Part, …], in the order of r; `executor`: any concurrent.futures.Executor, or None. In
    single precision (`precision`) the sums are, and what is handed out is double.
    """

    def __init__(self, r, parts, loss, work=None, executor=None, precision=None):
        self.r, self.loss = r, inner(r, r) / 2 if loss is None else loss
        self.buffer = new_array if work is None else work.buffer
        self.parts, self._executor, self._precision = parts, executor, precision or r.dtype
        self._n_parameters = parts[0].network.n_parameters

    @property
    def J(self):
        """∂r/∂θ, (N·m, P)."""
        return frozen(np.concatenate([part.jacobian().T for part in self.parts]))

    @property
    def column_norms(self):
        """‖J_j‖ for every column j, (P,)."""
        return np.sqrt(self._widened(reduce(np.add, self._by_part(_squared_columns))))

    def Jv(self, v):
        """Return J v, (N·m,)."""
        v = as_finite("v", v, 1, (self._n_parameters,))
        pieces = self._by_part(_forwards, [v] * len(self.parts))
        return self._widened(np.concatenate(list(pieces)))

    def JTv(self, v):
        """Return Jᵀ v, (P,)."""
        return self.transposed_times(as_finite("v", v, 1, self.r.shape))

    def transposed_times(self, v):
        """Return Jᵀ v, (P,), of a v that needs no check."""
        shares = np.split(v, np.cumsum([part.n_rows for part in self.parts[:-1]], dtype=int))
        return self._widened(reduce(np.add, self._by_part(_backwards, shares)))

    def divided(self, unit):
        """Return the same model with r and J divided by a unit, and F = ½ rᵀr."""
        parts, r = [part.divided(unit) for part in self.parts], self.r / unit
        return type(self)(r, parts, None, None, self._executor, self._precision)

    def _by_part(self, task, *more):
        return by_executor(self._executor, task, self.parts, *more)

    def _widened(self, v):
        """A sum in the precision of r."""
        return v if self._precision is self.r.dtype else v.astype(self.r.dtype)


class Summed(Parts):
    """JᵀJ and g as sums over the parts, made in one pass.

    A subclass gives `task(part)` → ([arrays], Jᵀr), and `_joined(sums, out)`, which puts the sum of
    the arrays together as JᵀJ.
    """

    _sums = None

    @property
    def g(self):
        """∇F = Jᵀr, (P,)."""
        return self._summed()[1]

    def lower_A(self):
        """Return JᵀJ with its lower triangle filled, not to be written to."""
        return self._summed()[0]

    def _summed(self):
        if self._sums is None:
            sums, g = reduce(_added, self._by_part(type(self).task))
            A = self._joined(sums, self._square("A"))
            self._sums = A, frozen(self._widened(g))
        return self._sums

    def _square(self, name):
        return self.buffer(name, (self._n_parameters, self._n_parameters), self.r.dtype, "F")


class Rows(Summed):
    """JᵀJ as the sum of the parts' own, each from its rows of J."""

    @staticmethod
    def task(part):
        """Return ([JᵀJ, its lower triangle], Jᵀr) of one part."""
        Jt = part.jacobian()
        return [gram(Jt)], Jt.dot(part.rounded(part.residual()))

    def _joined(self, sums, out):
        with np.errstate(invalid="ignore"):  # above the diagonal may stand anything
            copy_lower(sums[0], out)
        return out


class Blocks(Summed):
    """JᵀJ without J: its block for layers k and l is Σᵢ (Sᵏᵢᵀ Sˡᵢ) ⊗ (âᵢᵏ⁻¹ âᵢˡ⁻¹ᵀ), â = (a, 1).

    On the diagonal both factors are symmetric; only their distinct products are formed, and one
    matrix product with inner dimension N sums them over the samples.
    """

    @staticmethod
    def task(part):
        """Return ([the sums for each pair of layers, …], Jᵀr) of one part, piece by piece."""
        return reduce(_added, map(Blocks._piece, part.pieces(piece_of(part.sizes))))

    @staticmethod
    def _piece(part):
        layers = [(with_one(a), T, slope) for a, T, slope in part.factors()]
        N, n_products = len(layers[0][0].T), triangle(len(layers[0][0]))
        remembers = part.keeps and NUMBER * N * n_products <= CHUNK_BYTES
        inputs = part.data.remember(_distinct_inputs) if remembers else None
        g = backwards(part.factors(), part.rounded(part.residual()))
        return block_sums(layers, inputs), g

    def system(self, mu, D):
        """Return the Damped system; without a D, and of a large one, the last layer eliminated."""
        part = self.parts[0]
        if D is None and can_eliminate(part, self._n_parameters):
            return Eliminated(self, mu, part.network.split(part.theta)[-1][0])
        return super().system(mu, D)

    def _joined(self, sums, out):
        sizes = self.parts[0].sizes
        places = list(layer_places(sizes))
        for (k, j), block in zip(pairs(len(sizes)), sums, strict=True):
            if block.ndim == 2:  # of a layer with itself, what is distinct
                spread_diagonal(block, *sizes[k], out.T, *places[k])
            else:
                spread_beside(block, out.T, *places[k], *places[j])
        return out


def by_executor(executor, task, parts, *more):
    """Return the results of task(part, …), part after part; by the executor, if there is one.

    A part is sent without its samples first: a worker that has had them keeps them. One that has
    not says so, and is sent them.
    """
    if executor is None:
        return map(task, parts, *more)
    ask = partial(_ask, task)
    results = list(executor.map(ask, parts, *more))
    missing = [i for i, result in enumerate(results) if result is None]
    whole = [parts[i].with_samples() for i in missing]
    again = executor.map(ask, whole, *([values[i] for i in missing] for values in more))
    for i, result in zip(missing, again, strict=True):
        results[i] = result
    return results


def _ask(task, part, *more):
    """task(part, …), or None from a worker that has nothing of its samples."""
    if not part.has_samples:
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # a worker's warning would reach nobody
        return task(part, *more)


def _forwards(part, v):
    return forwards(part.factors(), part.rounded(v))


def _backwards(part, v):
    return backwards(part.factors(), part.rounded(v))


def _squared_columns(part):
    return squared_columns(part.factors())


def _distinct_inputs(X):
    return distinct(with_one(X.T))


def _added(total, more):
    """([arrays], array) + ([arrays], array), in place where they are large."""
    for one, other in zip(total[0], more[0], strict=True):
        one += other
    return total[0], total[1] + more[1]
