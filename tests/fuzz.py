"""Any input at all: what the public functions do with it, against what they promise.

    python tests/fuzz.py [COUNT] [SEED]     runs inputs 0 … COUNT − 1 and prints what was broken
    python tests/fuzz.py = INDEX [SEED]     one of them, with its description

An input is made from (seed, index) alone. Two in five are *calls* with something wrong in the place
of one argument, the others are *runs* on problems with something awkward about them. The promises:

- door: a call that fails raises ValueError or TypeError, and its message names an argument;
- theirs: an exception of the caller's own function passes through as it is;
- arrays: no array of the caller's changes;
- trace: once a trial was made of a model that only gives numbers, `solve` returns a Trace;
- minimum: success means a finite F which SciPy, from the end and from 1e-3 beside it, lowers by
  less than 1e-6 of itself, or r at the rounding of the data;
- quiet: no warning but the one that says how J is found.
"""

import re
import sys
import time
import warnings
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import least_squares

from lmteach import (
    CurveFit,
    Factor,
    Input,
    LeastSquares,
    Linear,
    NetworkFit,
    Nielsen,
    Sigmoid,
    Softmax,
    Tanh,
    levenberg_marquardt,
    solve,
)
from lmteach.trace import Trace

PROMISES = ("door", "theirs", "arrays", "trace", "minimum", "quiet")
LOWER, BESIDE = 1e-6, 1e-3  # what SciPy may lower F by, in F; how far beside the end it starts
ROUNDING = 1e3 * np.finfo(float).eps  # of the data and of |J||θ|
STEPS = 200  # trials, at most
DOCUMENTED = re.compile(r"complex step|differences")
WORDS = r"\b(residual|jacobian|check_jacobian|model|theta|theta0|x|y|X|Y|J|network|loss|route"
WORDS += r"|problem|method|mu|damping|scaling|geodesic|rate|max_steps|target_loss|gtol|xtol|ftol"
WORDS += r"|mu_max|plain|history|progress|slope|option)\b"


class Broken(NamedTuple):
    """A promise that was not kept."""

    promise: str
    index: int
    what: str
    said: str


class Theirs(Exception):
    """What a caller's function raises."""


# Calls with something wrong


def junk(rng):
    """Return one of the things that people hand in by mistake."""
    N = int(rng.integers(0, 5))
    values = (
        None, True, False, 0, -1, 3, 10**400, -(10**30), 0.5, -2.5, np.nan, np.inf, -np.inf, 1e308,
        5e-324, 1j, "", "lm", "0.1", b"x", [], (), {}, set(), [[]], [1, [2, 3]], ["a", "b"], [None],
        {"a": 1}, {1.0}, range(3), slice(3), len, lambda: None, lambda t: None, type, object(),
        Fraction(1, 3), Decimal("0.1"), [Fraction(1, 2)], [Decimal(1)], np.float32(2), np.int8(-3),
        np.array(1.0), np.array([]), np.zeros((0, 2)), np.ones((2, 2, 2)), np.ones((1, 1)),
        np.array([1, None]), np.array(["a"]), np.array([1j, 2]), np.array([True, False]),
        np.array([np.nan, 1.0]), np.array([np.inf, 1.0]), np.array([1e308, 1e308]),
        np.array([5e-324, -0.0]), np.array(["2020-01-01"], "M8[D]"), np.zeros(2, "i4,f8"),
        np.ma.masked_array([1.0, 2.0], [True, False]), np.arange(6, dtype=np.int8),
        np.arange(6, dtype=np.float16), np.arange(2, dtype=np.float32), np.arange(6.0)[::-3],
        np.full(2, 10**40, object), np.ones((1, 2)).view(np.matrix), rng.normal(size=N),
        rng.normal(size=(N, 2)), rng.normal(size=2) * 10.0 ** rng.integers(-300, 300),
    )  # fmt: skip
    return values[rng.integers(len(values))]


def valley(theta):
    return np.array([10 * (theta[1] - theta[0] ** 2), 1 - theta[0]])


def valley_jacobian(theta):
    return np.array([[-20 * theta[0], 10.0], [-1.0, 0.0]])


def small_network(rng, last=Linear, n_out=1):
    network = Input(2) >> Tanh(2) >> last(n_out)
    return network.initialize(seed=int(rng.integers(99)))


def targets(rng, kinds):
    return {
        "least squares": (LeastSquares, {"residual": valley, "jacobian": valley_jacobian}),
        "curve": (
            CurveFit,
            {"model": lambda t, x: t[0] * x, "x": np.arange(4.0), "y": np.ones(4)},
        ),
        "network": (
            NetworkFit,
            {"network": small_network(rng), "X": np.ones((3, 2)), "Y": np.ones((3, 1))},
        ),
        "solve": (solve, {"problem": LeastSquares(valley), "theta0": [-1.2, 1.0]}),
        "generator": (
            lambda **given: list(islice(levenberg_marquardt(**given), STEPS)),
            {"problem": LeastSquares(valley), "theta0": [-1.2, 1.0]},
        ),
    }[kinds]


OPTIONAL = {
    "least squares": ("check_jacobian",),
    "curve": ("jacobian", "check_jacobian"),
    "network": ("loss", "route"),
    "solve": ("method", "mu", "damping", "scaling", "geodesic", "rate", "max_steps", "target_loss"),
    "generator": ("mu", "damping", "scaling", "geodesic", "max_steps", "gtol", "xtol", "ftol"),
}
OPTIONAL["solve"] += ("gtol", "xtol", "ftol", "mu_max", "plain", "history", "progress", "mus")


def call(rng, index):
    """Make a call with one argument replaced, and return what it breaks."""
    kind = str(rng.choice(list(OPTIONAL)))
    function, given = targets(rng, kind)
    name = str(rng.choice([*given, *OPTIONAL[kind]]))
    return judged_call(index, kind, function, given | {name: junk(rng)}, name)


def judged_call(index, kind, function, given, name):
    """Call, and return what it breaks: a door without words, a changed array, a warning."""
    if kind in ("solve", "generator"):
        given = {"max_steps": STEPS} | given
    value = given[name]
    # What a function that is junk raises, or their own from junk that it is handed, is theirs.
    theirs = callable(value) or name == "x"
    before, what = frozen_copy(given), f"{kind} with {name} = {value!r}"
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            with np.errstate(all="ignore"):  # what junk does inside their own function
                made = function(**given)
                if kind in ("least squares", "curve", "network"):
                    solve(made, START[kind], max_steps=9)
        except (ValueError, TypeError) as error:
            if not theirs and not re.search(WORDS, str(error)):
                yield Broken("door", index, what, f"{type(error).__name__}: {error}")
        except Exception as error:
            if not theirs and name != "theta0":
                yield Broken("door", index, what, f"{type(error).__name__}: {error}")
    yield from unchanged(index, what, given, before)
    yield from quiet(index, what, heard)


START = {"least squares": [-1.2, 1.0], "curve": [1.0], "network": np.linspace(-1, 1, 9)}


def frozen_copy(given):
    """The bytes of every array among the arguments."""
    return {k: v.tobytes() for k, v in given.items() if is_plain(v)}


def is_plain(value):
    return isinstance(value, np.ndarray) and value.dtype != object


def unchanged(index, what, given, before):
    for name, content in before.items():
        if given[name].tobytes() != content:
            yield Broken("arrays", index, what, f"{name} was changed")


def quiet(index, what, heard):
    for warning in heard:
        known = issubclass(warning.category, UserWarning) and DOCUMENTED.search(
            str(warning.message)
        )
        if not known and not issubclass(warning.category, PendingDeprecationWarning):
            yield Broken("quiet", index, what, f"{warning.category.__name__}: {warning.message}")


# Runs on awkward problems

MODELS = {  # name: (model, P)
    "line": (lambda t, x: t[0] + t[1] * x, 2),
    "decay": (lambda t, x: t[0] * np.exp(-t[1] * x) + t[2], 3),
    "growth": (lambda t, x: t[0] * np.exp(t[1] * x), 2),
    "power": (lambda t, x: t[0] * x ** t[1], 2),
    "saturation": (lambda t, x: t[0] * x / (t[1] + x), 2),
    "dose": (lambda t, x: t[0] / (1 + t[1] * x ** t[2]), 3),
    "logistic": (lambda t, x: t[0] / (1 + np.exp(t[1] - t[2] * x)), 3),
    "peak": (lambda t, x: t[0] * np.exp(-(((x - t[1]) / t[2]) ** 2)), 3),
    "wave": (lambda t, x: t[0] * np.sin(t[1] * x + t[2]), 3),
    "two decays": (lambda t, x: t[0] * np.exp(-t[1] * x) + t[2] * np.exp(-t[3] * x), 4),
    "root": (lambda t, x: np.sqrt(t[0] + t[1] * x), 2),
    "logarithm": (lambda t, x: t[0] * np.log(t[1] + x), 2),
    "product": (lambda t, x: t[0] * t[1] * x, 2),
    "unused": (lambda t, x: t[0] + t[1] * x + 0 * t[2], 3),
    "square": (lambda t, x: t[0] ** 2 + 5 + 0 * x, 1),
    "kink": (lambda t, x: np.abs(t[0]) * x + t[1], 2),
    "hinge": (lambda t, x: t[0] + t[1] * np.maximum(x - t[2], 0), 3),
}
AWKWARD = ("", "", "", "", "raises", "shape", "dtype", "float32", "noise", "stairs", "writes")
AWKWARD += ("one buffer", "not finite", "list", "given J", "wrong J")


class Awkward:
    """A model with its habit: it raises, rounds, is noisy, writes into what it is given, …"""

    def __init__(self, model, habit, rng):
        self.model, self.habit, self.rng = model, habit, rng
        self.calls, self.at, self.buffer = 0, int(rng.integers(1, 30)), None

    def __call__(self, theta, x):
        self.calls += 1
        with np.errstate(all="ignore"):
            return self._habit(theta, np.asarray(self.model(theta, x)))

    def _habit(self, theta, r):
        late = self.calls >= self.at
        if self.habit == "raises" and late:
            raise Theirs(self.at)
        if self.habit == "shape" and late:
            return (r[:-1], r[None], r.sum(), np.append(r, 0), r[:0])[self.at % 5]
        if self.habit == "dtype" and late:
            return (r.astype(object), r.astype(str), None, "r", r > 0)[self.at % 5]
        if self.habit == "writes":
            theta[:] = 7
        if self.habit == "one buffer" and r.dtype == float:
            self.buffer = np.empty_like(r) if self.buffer is None else self.buffer
            self.buffer[:] = r
            return self.buffer
        return self._numbers(theta, r, late)

    def _numbers(self, theta, r, late):
        if self.habit == "float32":
            return r.astype(np.complex64 if r.dtype.kind == "c" else np.float32)
        if self.habit == "noise":
            return r * (1 + 1e-4 * self.rng.normal(size=r.shape))
        if self.habit == "stairs" and r.dtype.kind == "f":
            return np.round(r, 3)
        if self.habit == "not finite" and self._is_bad(theta):
            return np.full_like(r, (np.nan, np.inf, -np.inf)[self.at % 3])
        return r.tolist() if self.habit == "list" else r

    def _is_bad(self, theta):
        """Whether θ lies in a third of the space, in stripes about as wide as a step."""
        with np.errstate(all="ignore"):
            place = np.log(np.abs(np.real(theta[0])) + 1e-300) * (10 + self.at)
        return np.floor(place) % 3 == 0


class Run(NamedTuple):
    """A run: the problem, where it starts, and what is known about it."""

    problem: Any
    theta0: np.ndarray
    options: dict
    model: Any
    size: float  # of the data
    arrays: dict
    what: str


def units(rng, n):
    """Return n powers of ten: all 1 for half of the problems, else up to 10^±9, rarely far more."""
    reach = rng.choice([0, 0, 3, 9, 150], p=[0.25, 0.25, 0.25, 0.2, 0.05])
    return 10.0 ** rng.integers(-reach, reach, size=n, endpoint=True)


def curve_run(rng):
    name = str(rng.choice(list(MODELS)))
    model, P = MODELS[name]
    habit, N = str(rng.choice(AWKWARD)), int(rng.choice([P - 1 or 1, P, 8, 20]))
    truth, unit, x_unit = rng.uniform(0.3, 3, P), units(rng, P), units(rng, 1)[0]
    x = rng.choice([0, 0.5], p=[0.3, 0.7]) + np.sort(rng.uniform(0, 4, N))
    with np.errstate(all="ignore"):
        y = model(truth, x) + rng.choice([0, 0.01, 0.3]) * rng.normal(size=N)
    y_unit = units(rng, 1)[0]
    y = np.nan_to_num(y_unit * y)
    used = Awkward(lambda t, x: y_unit * model(t / unit, x / x_unit), habit, rng)
    theta0 = (
        unit
        * truth
        * rng.choice([1, -1, 0, 10, 100, 1], size=P, p=[0.3, 0.1, 0.05, 0.1, 0.05, 0.4])
    )
    theta0 = theta0 * rng.uniform(0.5, 1.5, P)
    x = x * x_unit
    jacobian = given_jacobian(used, habit, unit, rng)
    problem = CurveFit(used, x, y, jacobian)
    what = f"{name}, {habit or 'smooth'}, N = {N}, units {unit}, {x_unit:g}, {y_unit:g}"
    arrays = {"x": x, "y": y, "theta0": theta0}
    return Run(problem, theta0, options(rng), used, np.linalg.norm(y), arrays, what)


def given_jacobian(used, habit, unit, rng):
    """A J by central differences in the parameters' units; with a wrong sign or column at times."""
    if habit not in ("given J", "wrong J"):
        return None
    wrong = rng.integers(2)

    def jacobian(theta, x):
        with np.errstate(all="ignore"):
            steps = 1e-6 * np.diag(np.maximum(np.abs(theta), unit))
            plain = used.model
            columns = [(plain(theta + h, x) - plain(theta - h, x)) / (2 * h.sum()) for h in steps]
        J = np.column_stack(columns)
        return (-J if wrong else J * (np.arange(J.shape[1]) > 0)) if habit == "wrong J" else J

    return jacobian


def network_run(rng):
    classes = rng.random() < 0.3
    network = small_network(rng, Softmax if classes else rng.choice([Linear, Sigmoid]), 1 + classes)
    N = int(rng.choice([1, 3, 12]))
    X = rng.normal(size=(N, 2)) * rng.choice([1, 1, 1e3, 1e-3, 0])
    Y = np.eye(2)[rng.integers(0, 2, N)] if classes else rng.normal(size=(N, 1))
    Y = Y if classes else Y * rng.choice([1, 1, 1e6, 0])
    loss = "cross_entropy" if classes else "mse"
    route = rng.choice([None, "rows", "blocks", "samples"])
    problem = NetworkFit(network, X, Y, loss, route)
    theta0 = network.theta * rng.choice([1, 0, 30, 1e3], p=[0.7, 0.1, 0.1, 0.1])
    what = f"network, {loss}, {route}, N = {N}, |X| = {np.abs(X).max():.3g}"
    arrays = {"X": X, "Y": Y, "theta0": theta0}
    size = np.linalg.norm(Y) + np.sqrt(Y.size)  # activations are 1, whatever Y is
    return Run(problem, theta0, options(rng), None, size, arrays, what)


def options(rng):
    """Return options of `solve`; none but the budget half of the time."""
    made = {"max_steps": STEPS}
    if rng.random() < 0.5:
        return made
    kinds = (
        {"plain": True}, {"scaling": "marquardt"}, {"scaling": "more"}, {"scaling": "identity"},
        {"geodesic": False}, {"damping": Factor(10)}, {"damping": Factor(1)}, {"mu": 1e-8},
        {"mu": 1e8}, {"method": "gn"}, {"method": "gd", "rate": 1e-3}, {"history": "light"},
        {"history": 2}, {"gtol": 1e-3}, {"xtol": 1e-3}, {"ftol": 1e-2}, {"target_loss": 1.0},
        {"mu_max": 1.0}, {"damping": Nielsen(), "plain": True}, {"max_steps": 1},
    )  # fmt: skip
    return made | kinds[rng.integers(len(kinds))]


def run(rng, index):
    """Solve an awkward problem, and return what that breaks."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        task = network_run(rng) if rng.random() < 0.15 else curve_run(rng)
        what = f"{task.what}, θ₀ = {task.theta0}, {task.options}"
        before = frozen_copy(task.arrays)
        trace, trials, error = solved(task)
    yield from excused(index, what, task, trials, error)
    yield from unchanged(index, what, task.arrays, before)
    yield from quiet(index, what, heard)
    if trace is not None and trace.success:
        yield from judged(index, what, task, trace)


def solved(task):
    """Return (the trace or None, the number of trials that were made, the exception or None)."""
    trials, add = [], Trace.add

    def counted(trace, step):
        trials.append(step.k)
        add(trace, step)

    Trace.add = counted
    try:
        return solve(task.problem, task.theta0, **task.options), len(trials), None
    except Exception as error:
        return None, len(trials), error
    finally:
        Trace.add = add


def excused(index, what, task, trials, error):
    """Return what an exception breaks."""
    if error is None:
        return
    habit, said = getattr(task.model, "habit", ""), f"{type(error).__name__}: {error}"
    if habit == "raises" and task.model.calls >= task.model.at:
        if type(error) is not Theirs:
            yield Broken("theirs", index, what, said)
        return
    if not isinstance(error, (ValueError, TypeError)) or not re.search(WORDS, str(error)):
        yield Broken("door", index, what, said)
    if trials and habit not in ("shape", "dtype"):
        yield Broken("trace", index, what, f"after {trials} trials: {said}")


SMOOTH = ("", "writes", "one buffer", "list", "given J", "wrong J")
LOOSE = ("gtol", "xtol", "ftol", "target_loss")


def judged(index, what, task, trace):
    """Return what is wrong with a success, by SciPy."""
    if not np.isfinite(trace.loss) or not np.isfinite(trace.theta).all():
        yield Broken("minimum", index, what, f"F = {trace.loss}, θ = {trace.theta}: success")
        return
    smooth = getattr(task.model, "habit", "") in SMOOTH and not task.problem.generalized
    if not smooth or set(LOOSE) & task.options.keys():
        return
    better = lowest(task, trace)
    if better < trace.loss * (1 - LOWER):
        said = f"F = {trace.loss:.6g} at {trace.theta}, SciPy finds {better:.6g}: {trace.message}"
        yield Broken("minimum", index, what, said)


def lowest(task, trace):
    """Return the lowest F that SciPy finds from the end and beside it; F itself at rounding."""

    def residual(theta):
        with np.errstate(all="ignore"):
            r = np.asarray(
                task.problem.residual_at(theta) if task.model else task.problem.residual(theta)
            )
            return np.nan_to_num(r.astype(float), nan=1e150, posinf=1e150, neginf=-1e150)

    if trace.loss <= rounding(residual, trace.theta, task.size) ** 2 / 2:
        return trace.loss
    scale, found = np.abs(residual(trace.theta)).max() or 1.0, [trace.loss]
    for factor in (1, 1 + BESIDE, 1 - BESIDE):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                end = scipy_end(residual, trace.theta, factor, scale)
            except (ValueError, np.linalg.LinAlgError):  # SciPy's own limits
                continue
        found.append(end.cost * scale**2)
    return min(found)


def rounding(residual, theta, size):
    """Return ‖r‖ that is nothing but rounding: of the data, and of θ as r depends on it."""
    steps = 1e-6 * np.diag(np.abs(theta))
    changes = [(residual(theta + h) - residual(theta - h)) / 2e-6 for h in steps]  # J_j θ_j
    return ROUNDING * (size + np.linalg.norm(np.abs(changes).sum(axis=0)))


def scipy_end(residual, theta, factor, scale):
    """Return SciPy's result in parameters that are ±1 at the end, and r near 1 there."""
    unit = np.where(theta != 0, np.abs(theta), 1)
    tight = {"xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-14, "max_nfev": 60}
    return least_squares(lambda s: residual(s * unit) / scale, factor * theta / unit, **tight)


# All together


def one(index, seed):
    """Return what one input breaks."""
    rng = np.random.default_rng([seed, index])
    return list(call(rng, index) if rng.random() < 0.4 else run(rng, index))


def fuzz(count, seed, seconds=np.inf):
    """Return (the number of inputs that were run, what they broke)."""
    broken, end = [], time.monotonic() + seconds
    for index in range(count):
        if time.monotonic() > end:
            return index, broken
        broken += one(index, seed)
    return count, broken


def report(count, seed, broken, most=12):
    """Return a line of counts, and the first of each broken promise."""
    counts = Counter(b.promise for b in broken)
    kept = ", ".join(f"{name} {counts[name]}" for name in PROMISES)
    lines = [f"{count} inputs from seed {seed}; broken: {kept}"]
    for name in PROMISES:
        for b in [b for b in broken if b.promise == name][:most]:
            lines.append(f"  {b.promise} {b.index}: {b.what}\n      {b.said[:400]}")
    return "\n".join(lines)


if __name__ == "__main__":
    words = sys.argv[1:]
    single = words[:1] == ["="]
    numbers = [int(word) for word in words[single:]]
    count, seed = (numbers + [2000, 1][len(numbers) :])[:2]
    done, broken = (1, one(count, seed)) if single else fuzz(count, seed)
    print(report(done, seed, broken))
    sys.exit(bool(broken))
