"""A share of a NetworkFit's samples at one θ, here or in another process."""

from itertools import pairwise

import numpy as np

from .checks import SINGLE


class Part:
    """Some samples of a NetworkFit at one θ: all that another process needs to do its share of the sums.

    Without activations they are computed when asked for. A part that is alone keeps what it computes.
    """

    def __init__(self, network, weights, data, error, activations=None, unit=1.0, alone=False):
        self.network, self.weights, self.data, self.error = network, weights, data, error
        self.activations, self.unit, self.alone, self._opened = activations, unit, alone, None
        self.sizes = [(W.shape[1], W.shape[0]) for W, _ in weights]

    @property
    def has_samples(self):
        """False in a process that was sent the part without them."""
        return self.data.X is not None

    def with_samples(self):
        """The same, to be sent with its samples."""
        return Part(self.network, self.weights, self.data.sent(), self.error, unit=self.unit)

    def divided(self, unit):
        """The same with r and J divided by a unit."""
        unit = self.unit * unit
        return Part(
            self.network, self.weights, self.data, self.error, self.activations, unit, self.alone
        )

    def pieces(self, size):
        """The same samples in as many parts of about `size` samples as there are; itself, if it is one."""
        N = len(self.data.X)
        edges = [N * i // -(-N // size) for i in range(-(-N // size) + 1)]
        return (
            [self] if len(edges) == 2 else (self._piece(slice(*edge)) for edge in pairwise(edges))
        )

    def _piece(self, some):
        data, activations = Data(self.data.X[some], self.data.Y[some]), self.activations
        activations = activations and [a[some] for a in activations]
        return Part(self.network, self.weights, data, self.error, activations, self.unit)

    def evaluate(self):
        """(r, F)."""
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # a worker's warning would reach nobody who can act on it
            a = self._forward()[-1]
        r = self.error.residual(a, self.data.Y) / self.unit
        return r, self.error.value(a, self.data.Y, r)

    def open(self):
        """(r, factors of J)."""
        if self._opened is None:
            opened = self._factors()
            if not self.alone:
                return opened
            self._opened = opened
        return self._opened

    def _factors(self):
        activations = self._forward()
        r, start = (
            self.error.residual(activations[-1], self.data.Y),
            self.error.start(activations[-1]),
        )
        factors = self.network.factors(activations, self.weights, start)
        if self.unit != 1:
            return r / self.unit, [(a, T / self.unit, slope) for a, T, slope in factors]
        return r, factors

    def rows(self, out=None):
        """(Jᵀ, r), Jᵀ in `out` if given."""
        activations = self._forward()
        Jt = self.network.jacobian(
            activations, self.weights, out, self.error.start(activations[-1])
        ).T
        if self.unit != 1:
            Jt /= self.unit
        return Jt, self.error.residual(activations[-1], self.data.Y) / self.unit

    def rounded(self, v):
        """v in the precision of the network's sums, float32 where that was asked for."""
        return v.astype(SINGLE) if self.data.X.dtype == SINGLE else v

    def _forward(self):
        return self.activations or self.network.forward(self.data.X, self.weights)

    def __getstate__(self):
        return self.__dict__ | {
            "activations": None,
            "_opened": None,
        }  # what is quicker to compute than to send


class Data:
    """Rows of X and Y which travel to another process once: from then on their name is sent, and looked up there."""

    KEPT = {}  # those that came to this process, of one NetworkFit at a time

    def __init__(self, X, Y, name=None, whole=False):
        self.X, self.Y, self.name, self.whole = X, Y, name, whole
        self._remembered = None

    def remember(self, make):
        """make(X), made once: what the solver needs of the inputs at every θ."""
        if self._remembered is None:
            self._remembered = make(self.X)
        return self._remembered

    def sent(self):
        """The same, to be sent with X and Y; column by column, as they lie at home."""
        return Data(np.asfortranarray(self.X), np.asfortranarray(self.Y), self.name, whole=True)

    def __reduce__(self):
        return Data._arrived, (self.name, self.X, self.Y) if self.whole else (self.name,)

    @staticmethod
    def _arrived(name, X=None, Y=None):
        kept = Data.KEPT
        if X is None:
            return Data(*kept.get(name, (None, None)), name)
        for other in [other for other in list(kept) if other[0] != name[0]]:
            kept.pop(other, None)
        kept[name] = X, Y
        return Data(
            X, Y, name, whole=True
        )  # so that a scheduler on the way sends on what it was sent
