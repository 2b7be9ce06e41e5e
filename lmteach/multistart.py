"""Many starts: which minima there are, how often each is found, and from where."""

import copy
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .bounds import Bounded
from .checks import as_floats, at_least, flag, instance
from .html import escape, html_table
from .problems import Problem
from .solving import solve

SAME_LOSS, SAME_THETA = 1e-6, 1e-3  # relative gaps within which two ends are one minimum
SHOWN = 12  # minima in a table
COMPONENTS = 6  # of θ, shown in a table


class Minimum(NamedTuple):
    """One minimum: its F and θ, the number of starts that led to it, and the starts, (n, P)."""

    loss: float
    theta: Any
    count: int
    starts: Any
    trace: Any  # of the best run that ended there


class Minima:
    """What `multistart` found: the `minima` by F, the `best` Trace, the starts `lost`."""

    def __init__(self, minima, lost, n):
        self.minima, self.lost, self.n = minima, lost, n

    @property
    def best(self):
        """The Trace with the least F. Raises ValueError where no start succeeded."""
        if not self.minima:
            raise ValueError(f"none of {self.n} starts succeeded: expected another box, or more")
        return self.minima[0].trace

    def table(self):
        """Return rows (F, how often, θ, the first start that led there)."""
        return [
            (f"{m.loss:.6g}", m.count, _shown(m.theta), _shown(m.starts[0])) for m in self.minima
        ]

    def __len__(self):
        return len(self.minima)

    def __iter__(self):
        return iter(self.minima)

    def __getitem__(self, index):
        return self.minima[index]

    def _words(self):
        lost = f", {len(self.lost)} without success" if len(self.lost) else ""
        some = "1 minimum" if len(self) == 1 else f"{len(self)} minima"
        return f"{some} from {self.n} start{'s' * (self.n != 1)}{lost}"

    def __repr__(self):
        rows = [f"F = {F}, {count}×: θ = {theta}" for F, count, theta, _ in self.table()[:SHOWN]]
        return "\n".join([f"{self._words()}:", *rows])

    def _repr_html_(self):
        table = html_table(("F", "how often", "θ", "from, e.g."), self.table()[:SHOWN])
        return f"<p>{escape(self._words())}</p>{table}"


def multistart(problem, lower, upper, n=20, seed=0, executor=None, bounded=False, **options):
    """Run `solve` from n starts in a box, and return the Minima: a table of where they ended.

    `lower` and `upper`, (P,), are the corners of the box. The starts are a Latin hypercube: in each
    parameter, one in each of n equal parts. `executor`: any concurrent.futures.Executor, each start
    a task (the problem has to be picklable for processes). `bounded`: whether the runs stay in the
    box. Other options go to `solve`. Raises ValueError or TypeError for bad input.
    """
    instance("problem", problem, Problem, "a Problem, such as CurveFit")
    lower = as_floats("lower", lower, 1, problem.n_parameters and (problem.n_parameters,))
    upper = as_floats("upper", upper, 1, lower.shape)
    if not (lower < upper).all():
        raise ValueError(f"lower = {lower}, upper = {upper}: expected lower < upper everywhere")
    n, seed = at_least("n", n, 1), at_least("seed", seed, 0)
    if not (executor is None or callable(getattr(executor, "map", None))):
        raise TypeError(f"executor = {executor!r}: expected a concurrent.futures.Executor or None")
    part = latin_hypercube(n, len(lower), seed)
    starts = (1 - part) * lower + part * upper  # upper − lower may be too large
    inside = flag("bounded", bounded)
    run = partial(_run, Bounded(problem, lower, upper) if inside else problem, options)
    traces = list((executor.map if executor else map)(run, starts))
    return _sorted(starts, traces)


def latin_hypercube(n, P, seed):
    """Return n points of the unit cube, (n, P): in each coordinate one in each n-th part."""
    rng = np.random.default_rng(seed)
    places = np.array([rng.permutation(n) for _ in range(P)]).T
    return (places + rng.uniform(size=(n, P))) / n


def _run(problem, options, start):
    """The Trace from one start, on a copy of the problem: threads may share no counters."""
    problem = copy.copy(problem)
    try:
        return solve(problem, start, **{"history": "light", "progress": False, **options})
    except ValueError as error:  # r is not finite there
        if "not finite" not in str(error):
            raise
        return None


def _sorted(starts, traces):
    """The Minima: ends of the same F and θ are one."""
    good = [(t.loss, i) for i, t in enumerate(traces) if t is not None and t.success]
    found = []
    for _, i in sorted(good):
        for group in found:
            if _are_same(traces[group[0]], traces[i]):
                group.append(i)
                break
        else:
            found.append([i])
    minima = [
        Minimum(traces[g[0]].loss, traces[g[0]].theta, len(g), starts[sorted(g)], traces[g[0]])
        for g in found
    ]
    lost = np.array([i for i, t in enumerate(traces) if t is None or not t.success], dtype=int)
    return Minima(minima, starts[lost], len(starts))


def _are_same(one, other):
    """Whether two runs ended at one minimum; for a network, whose units may trade places, by F."""
    scale = max(abs(one.loss), abs(other.loss))
    if scale and abs(one.loss - other.loss) > SAME_LOSS * scale and scale > _rounding(one):
        return False
    if one.problem.redundant:
        return True
    size = np.maximum(np.abs(one.theta), np.abs(other.theta)).max(initial=0)
    return bool(np.abs(one.theta - other.theta).max() <= SAME_THETA * size)


def _rounding(trace):
    """F below which it is nothing but rounding, against F at the start."""
    return 1e-20 * trace.losses[0]


def _shown(theta):
    return np.array2string(
        np.asarray(theta), precision=4, threshold=COMPONENTS, edgeitems=COMPONENTS // 2
    )
