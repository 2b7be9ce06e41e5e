"""A share of a NetworkFit's samples at one θ, here or in another process."""

from itertools import pairwise

import numpy as np

from ..checks import SINGLE
from ..losses import Loss
from ..primitives import in_single
from .factors import factors


class Part:
    """Some samples of a NetworkFit at one θ: all that another process needs for its share.

    `keeps`: whether it remembers its activations, and its factors too, once they are computed. What
    it remembers belongs to this θ, so a Part never changes.
    """

    def __init__(self, network, theta, data, loss, keeps=False):
        self.network, self.theta, self.data, self.loss = network, theta, data, loss
        self.keeps, self._activations, self._factors = keeps, None, None
        single = data.X is not None and data.X.dtype == SINGLE
        self._weights = network.split(in_single(theta) if single else theta)

    @property
    def sizes(self):
        """[(n_{l−1}, n_l), …]."""
        return [(n_in, n_out) for n_out, n_in in self.network.shapes]

    @property
    def n_rows(self):
        """Length of r of these samples."""
        return len(self.data.Y) * self.network.n_outputs

    @property
    def has_samples(self):
        """False in a process that was sent the part without them."""
        return self.data.X is not None

    def with_samples(self):
        """Return the same, to be sent with its samples."""
        return Part(self.network, self.theta, self.data.sent(), self.loss)

    def divided(self, unit):
        """Return the same with r and J divided by a unit."""
        part = Part(self.network, self.theta, self.data, DividedLoss(self.loss, unit), self.keeps)
        part._activations = self._activations
        return part

    def pieces(self, size):
        """Yield the same samples in as many parts as it takes for about `size` samples each."""
        N = len(self.data.X)
        n_pieces = -(-N // size)
        if n_pieces == 1:
            yield self
            return
        edges = [N * i // n_pieces for i in range(n_pieces + 1)]
        for start, stop in pairwise(edges):
            yield self._piece(slice(start, stop))

    def _piece(self, some):
        piece = Part(self.network, self.theta, self.data.some(some), self.loss)
        if self._activations is not None:
            piece._activations = [a[some] for a in self._activations]
        return piece

    def evaluate(self):
        """Return (r, F) of these samples."""
        a = self.activations()[-1]
        r = self.loss.residual(a, self.data.Y).ravel()
        return r, self.loss.value(a, self.data.Y, r)

    def residual(self):
        """Return r of these samples, (N·m,)."""
        return self.loss.residual(self.activations()[-1], self.data.Y).ravel()

    def factors(self):
        """Return the factors of J of these samples."""
        found = self._factors
        if found is None:
            activations = self.activations()
            slopes = self._output_slopes(activations[-1])
            found = factors(self.network, activations, self._weights, slopes)
            if self.keeps:
                self._factors = found
        return found

    def outputs_are_straight(self):
        """Return whether S^L is I for every sample, which two of them tell."""
        _, T, slope = self._piece(slice(0, 2)).factors()[-1]
        return slope is None and T.ndim == 2 and bool((T == np.eye(len(T))).all())

    def jacobian(self, out=None):
        """Return Jᵀ of these samples, (P, N·m), in `out` if given."""
        activations = self._activations or self.activations()
        slopes = self._output_slopes(activations[-1])
        return self.network.jacobian(activations, self._weights, slopes, out).T

    def activations(self):
        """Return [a⁰, …, a^L]."""
        found = self._activations
        if found is None:
            found = self.network.forward(self.data.X, self._weights)
            if self.keeps:
                self._activations = found
        return found

    def _output_slopes(self, a):
        return self.loss.output_slopes(self.network.layers[-1], a, self.data.Y)

    def rounded(self, v):
        """Return v in the precision of the sums over samples."""
        return in_single(v) if self.data.X.dtype == SINGLE else v

    def __reduce__(self):
        return Part, (self.network, self.theta, self.data, self.loss)  # the rest is computed anew


class DividedLoss(Loss):
    """A loss with r and S^L divided by a unit."""

    def __init__(self, loss, unit):
        self._loss, self._unit, self.last_layer = loss, unit, loss.last_layer

    def residual(self, a, Y):
        """Return r / unit."""
        return self._loss.residual(a, Y) / self._unit

    def output_slopes(self, layer, a, Y):
        """Return S^L / unit."""
        return self._loss.output_slopes(layer, a, Y) / self._unit


class Data:
    """Rows of X and Y, sent to another process once: from then on their name is looked up there.

    Rows without a name are sent whole.
    """

    KEPT = {}  # those that came to this process, of one NetworkFit at a time

    def __init__(self, X, Y, name=None, whole=False):
        self.X, self.Y, self.name, self.whole = X, Y, name, whole
        self._remembered = None

    def some(self, some):
        """Return the samples of a slice."""
        return Data(self.X[some], self.Y[some])

    def remember(self, make):
        """Return make(X), made once: what is needed of the inputs at every θ."""
        if self._remembered is None:
            self._remembered = make(self.X)
        return self._remembered

    def sent(self):
        """Return the same, to be sent with X and Y, column by column as they lie here."""
        return Data(np.asfortranarray(self.X), np.asfortranarray(self.Y), self.name, whole=True)

    def __reduce__(self):
        if self.name is None:
            return Data, (self.X, self.Y)
        return Data._arrived, (self.name, self.X, self.Y) if self.whole else (self.name,)

    @staticmethod
    def _arrived(name, X=None, Y=None):
        kept = Data.KEPT
        if X is None:
            return Data(*kept.get(name, (None, None)), name)
        for other in [other for other in list(kept) if other[0] != name[0]]:
            kept.pop(other, None)
        kept[name] = X, Y
        return Data(X, Y, name, whole=True)  # a scheduler on the way sends on what it was sent
