"""What the data say about θ: standard errors, correlation, intervals, bands, profiles."""

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cholesky
from scipy.linalg.lapack import dtrtri
from scipy.special import ndtri, stdtrit

from .box import opened
from .checks import as_array, as_finite, as_positive, at_least, function, instance, is_real
from .covariance import Inverse
from .curve_fit import CurveFit
from .data import as_x
from .derivatives import checked_jacobian
from .html import escape, html_table
from .network_fit import NetworkFit
from .primitives import norm
from .problems import Problem
from .profile import profile
from .verdict import is_rounding
from .wrappers import Fixed, Regularized, Robust, Wrapper, parameter_index, parameter_name

WHOLE = 2**26  # bytes of J up to which it is taken apart; beyond, JᵀJ or the dual
MOST_PARAMETERS = 4096  # whose JᵀJ is taken apart
SHOWN = 20  # parameters in a summary
FAINT = 1e-9  # of the trace of JᵀJ, below which a penalty is near its rounding
AWAY = 0.1  # standard errors from a minimum, beyond which it is said
CORRELATED = 0.9  # pairs that a summary names, at most
PAIRS = 5  # of them
NO_NOISE = "r is nothing but rounding, and so is all that is said of its noise."


class Band(NamedTuple):
    """A curve with its standard errors and limits, all of the shape of the prediction."""

    value: Any
    error: Any
    low: Any
    high: Any


def uncertainty(trace_or_problem, theta=None):
    """Return the Uncertainty of a Trace of `solve`, or of a problem at θ, (P,).

    Raises TypeError for anything else.
    """
    problem = getattr(trace_or_problem, "problem", trace_or_problem)
    if theta is not None or problem is trace_or_problem:
        return Uncertainty(problem, theta)
    found = getattr(trace_or_problem, "success", True)
    doubt = "" if found else trace_or_problem.message.split(". ")[0].rstrip(".")
    return Uncertainty(problem, trace_or_problem.theta, doubt)


class Uncertainty:
    """What the data say about θ at a minimum, after the straight-line model r + Jh there.

    cov θ = σ̂² (JᵀJ)⁻¹ with σ̂² = 2F/(N·m − P); (JᵀJ)⁻¹ itself where r is divided by known standard
    deviations (`absolute`). A parameter that J does not determine has an infinite error, and the
    summary names it. With a Robust loss σ̂² is Huber's: Σψ²/((n − P) ψ̄′²), times his correction
    for small n. With a Regularized problem P is γ, the number of parameters that the data
    determine. `doubt`: what a run without success said. Raises TypeError for what is no problem.
    Sources: Bates & Watts (1988); Huber (1981), eq. 7.6.6.
    """

    def __init__(self, problem, theta, doubt=""):
        instance("problem", problem, Problem, "a Trace of solve, or a problem and θ")
        self.problem, self._seen = problem, problem.evaluate(theta)
        self.theta = self._seen.theta
        self._layer = Layer.of(problem, self._seen)
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # of Jᵀr, in units where squares leave the range
            here = self._seen.linearize()
        self._here, self._held = opened(here), getattr(here, "held", None)
        self.n_parameters = P = len(self.theta)
        self.names = [parameter_name(problem, j) for j in range(P)]
        self._whole = len(self._seen.r) * P * 8 <= WHOLE
        self._inverse = self._taken_apart()
        noise = _Noise.of(self._layer, self._here, self._inverse)
        self.sigma, self.n_data, self.dof = noise.sigma, noise.n_data, noise.dof
        self.absolute, self._unit, self._rise = noise.absolute, noise.unit, noise.rise or noise.unit
        rounding = self._whole and is_rounding(self.problem, self._seen, self._here)
        self._is_exact = rounding and self.dof > 0 and not self.absolute
        self.distance, self._doubt = 0.0 if rounding else self._distance(), doubt

    def _distance(self):
        """How many standard errors θ is from the minimum of the straight model; bounds hold."""
        if not 0 < self._rise < math.inf:
            return 0.0
        r, free = self._here.r, True if self._held is None else ~self._held
        if self._inverse is not None and self._whole:
            size = _length(r)
            return size / self._rise * self._inverse.length(self._here.J * free, r / size)
        g = self._here.g * free
        if self._inverse is None:
            return math.sqrt(max(g @ self._here.inverse_times(g), 0)) / self._rise
        return self._inverse.length(np.diag(g), np.ones(len(g))) / self._rise

    def _taken_apart(self):
        """The Inverse of JᵀJ by J, by JᵀJ where J is too large; None where that is, too."""
        if self._whole:
            digits = getattr(_innermost(self.problem)._derivative, "relative_error", None)
            robust = isinstance(self._layer.problem, Robust)
            return Inverse.of_jacobian(self._layer.J if robust else self._here.J, digits)
        if self.n_parameters <= MOST_PARAMETERS:
            return Inverse.of_gram(self._here.A)
        if hasattr(self._here, "inverse_times"):
            return None
        rows = len(self._seen.r)
        came = f"{self.n_parameters} parameters and {rows} residuals"
        expected = "expected a Regularized problem, which says what is known of the rest"
        raise ValueError(f"problem has {came}, too many to be taken apart: {expected}")

    @property
    def covariance(self):
        """cov θ, (P, P)."""
        errors = self.standard_errors
        with np.errstate(over="ignore", invalid="ignore"):  # ∞ · NaN, where not determined
            return self.correlation * np.outer(errors, errors)

    @property
    def standard_errors(self):
        """√diag(cov θ), (P,); infinite for a parameter that is not determined."""
        return _times(self._unit, self._known.errors)

    @property
    def correlation(self):
        """Of every two parameters, (P, P); NaN where one is not determined."""
        return self._known.correlation

    @property
    def undetermined(self):
        """Names of the parameters that the data do not determine."""
        return [self.names[j] for j in np.flatnonzero(self._known.loose)]

    @property
    def _known(self):
        if self._inverse is None:
            expected = "expected a question about its outputs: band(X)"
            raise ValueError(f"J is never formed for {self.n_parameters} parameters: {expected}")
        return self._inverse

    def quantile(self, level=0.95):
        """Return t with P(|T| ≤ t) = level: Student's for σ̂, the normal one for a known σ."""
        expected = f"level = {level!r}: expected a number between 0 and 1"
        if not is_real(level):
            raise TypeError(expected)
        if not 0 < level < 1:
            raise ValueError(expected)
        tail = (1 + level) / 2
        if self.absolute:
            return float(ndtri(tail))
        return float(stdtrit(self.dof, tail)) if self.dof > 0 else math.inf

    def confidence(self, level=0.95):
        """Return the limits θ ∓ t·(standard error), (P, 2)."""
        errors = self.standard_errors
        reach = np.where(np.isinf(errors), np.inf, self.quantile(level) * errors)
        return np.column_stack([self.theta - reach, self.theta + reach])

    def error_of(self, f):
        """Return (f(θ), its standard error) for a function of θ, a number or an array.

        Its gradient is taken by complex steps, by central differences where those are not exact. A
        complex f has a complex error: that of its real part and that of its imaginary part.
        """
        function("f", f, "f(theta) → a number or an array")
        return self._valued("f(theta)", f)

    def _valued(self, name, f, as_complex=False):
        """(f(θ), its standard error); complex ones hold those of the real and imaginary part."""
        value = np.asarray(f(self.theta.copy()))
        value = value.astype(complex) if as_complex and value.dtype.kind in "fiub" else value
        as_complex = value.dtype.kind == "c"
        if not as_complex:
            value = as_array(name, value, value.ndim) if value.size else value.astype(float)

        def flat(theta):
            if as_complex and np.iscomplexobj(theta):
                raise TypeError(f"{name} is complex: a complex step cannot be told from it")
            found = np.ravel(f(theta.copy()))
            return np.concatenate([found.real, found.imag]) if as_complex else found

        spread = self._spread(_derivative(flat, self.theta))
        error = _joined(*np.split(spread, 2)) if as_complex else spread
        return value, error.reshape(value.shape)

    def band(self, x, level=0.95, new=False):
        """Return the Band of the fitted curve, or network, at x: value ∓ t·(standard error).

        `new`: False for the curve; True for one new datum at each x, which adds the variance of
        the data; or the standard deviation of the new data, a number or shaped as the prediction.
        Of complex data real and imaginary parts have each their own error, low and high.
        Raises ValueError or TypeError for another kind of problem, which has no curve.
        """
        curve = _innermost(self.problem)
        if isinstance(curve, NetworkFit):
            value, error = self._network_output(curve, x)
        elif isinstance(curve, CurveFit):
            value, error = self._curve(curve, x)
        else:
            expected = "expected a CurveFit or a NetworkFit; error_of(f) takes any function of θ"
            raise TypeError(f"problem is {self.problem!r}, without a curve: {expected}")
        deviation, t = self._of_new(new, value.shape), self.quantile(level)
        error = _by_parts(lambda part: np.hypot(part, deviation), error)
        reach = _by_parts(lambda part: _times(t, part), error)
        return Band(value, error, value - reach, value + reach)

    def _of_new(self, new, shape):
        """The standard deviation of a new datum."""
        if new is False or new is None:
            return 0.0
        if new is not True:
            new = np.asarray(new)
            return as_positive("new", new, new.ndim, shape if new.ndim else None, or_zero=True)
        data, noise = _innermost(self.problem), 1.0 if self.absolute else self.sigma
        sigma = getattr(data, "sigma", None)
        if sigma is not None and np.ndim(sigma) == 0:
            return float(sigma) * noise
        if sigma is not None or getattr(data, "weights", None) is not None:
            expected = "expected new=σ, the standard deviations at the new x"
            raise ValueError(f"new = True where every datum has a σ of its own: {expected}")
        return noise

    def _curve(self, curve, x):
        x, whole = as_x(x), _all_parameters(self.problem)
        return self._valued(
            "the prediction", lambda theta: curve.model(whole(theta).copy(), x), curve.is_complex
        )

    def _network_output(self, fit, X):
        network, whole = fit.network, _all_parameters(self.problem)
        theta = whole(self.theta)
        X = as_finite("X", X, 2, (None, network.n_inputs))
        value = np.ascontiguousarray(network.forward(X, theta)[-1])
        probe = NetworkFit(network, X, np.zeros_like(value))
        here = probe.linearize(theta)
        if self._inverse is None:
            rows = (here.JTv(row) for row in np.eye(value.size))
            squares = [row @ self._here.inverse_times(row) for row in rows]
            spread = self._unit * np.sqrt(np.maximum(squares, 0))
        else:
            free = _free(_chain(self.problem))
            spread = self._spread(here.J if free is None else here.J[:, free])
        return value, spread.reshape(value.shape)

    def _spread(self, G):
        return _times(self._unit, self._known.spread(np.atleast_2d(G)))

    def profile(self, parameter, level=0.95, points=0):
        """Return the Profile of F along one parameter, given by index or name.

        The others are fitted anew at every value, so that its limits hold also where the straight
        model lies. `points`: of the curve, beside those that the limits needed.
        """
        j = parameter_index(self.problem, parameter, self.n_parameters)
        at_least("points", points, 0)
        error, t = self.standard_errors[j], self.quantile(level)
        found = profile(self.problem, self._seen, j, self._rise, t, error, level, points)
        return found._replace(note=NO_NOISE) if self._is_exact else found

    # words

    def table(self, level=0.95):
        """Return rows (name, value, standard error, low, high)."""
        limits = self.confidence(level)
        columns = self.names, self.theta, self.standard_errors, *limits.T
        return [tuple(row) for row in zip(*columns, strict=True)]

    def notes(self):
        """Return sentences: the noise, what is not determined, what is strongly correlated."""
        given = getattr(_innermost(self.problem), "sigma", None) is not None
        unit = " times the σ given" if given else ""
        kind = "σ as given" if self.absolute else f"σ̂ = {self.sigma:.4g}{unit}"
        said = [f"{self.n_data} data, {self.dof:.4g} degrees of freedom, {kind}."]
        if not (self.absolute or self.dof > 0):
            said.append("No datum is left to tell the noise: every error is infinite.")
        elif self._is_exact:
            said.append(NO_NOISE)
        if self._doubt:
            said.append(f"The run did not succeed. {self._doubt}.")
        if self.distance > AWAY:
            far = f"θ is not at a minimum, by about {self.distance:.2g} standard errors"
            said.append(f"{far}: all errors hold only there.")
        loose = self.undetermined
        if loose:
            verb = "is" if len(loose) == 1 else "are"
            said.append(f"{_listed(loose)} {verb} not determined by the data.")
        R = np.nan_to_num(self.correlation)
        pairs = [
            (R[j, k], j, k) for j in range(len(R)) for k in range(j) if abs(R[j, k]) > CORRELATED
        ]
        for value, j, k in sorted(pairs, key=lambda pair: -abs(pair[0]))[:PAIRS]:
            said.append(f"{self.names[k]} and {self.names[j]}: correlation {value:.3f}.")
        if walls := getattr(self.problem, "said", lambda theta: "")(self.theta):
            ask = "profile(name) stays inside"
            said.append(f"{walls}: the errors are those without bounds; {ask}.")
        if isinstance(self._layer.problem, Robust):
            said.append("With a robust loss the errors hold for large n only (Huber).")
        return said

    def summary(self, level=0.95):
        """Return one screen of text: a row for every parameter, and what there is to know."""
        if self._inverse is None:
            return "\n".join(self._large())
        percent = f"{100 * level:.4g} %"
        head = ("", "value", "± error", f"{percent} from", "to")
        rows = [head, *(_row(*row) for row in self.table(level)[:SHOWN])]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *self._left_out(), *self.notes()])

    def _left_out(self):
        more = self.n_parameters - SHOWN
        return [f"and {more} more parameters"] if more > 0 else []

    def _large(self):
        return [
            f"{self.n_parameters} parameters, {self.n_data} data, {self.dof:.4g} degrees of "
            f"freedom, σ̂ = {self.sigma:.4g}; band(X) gives the errors of its outputs."
        ]

    def __repr__(self):
        return self.summary()

    def _repr_html_(self):
        if self._inverse is None:
            return f"<p>{escape(self.summary())}</p>"
        rows = [_row(*row) for row in self.table()[:SHOWN]]
        table = html_table(("", "value", "± error", "95 % from", "to"), rows)
        said = [*self._left_out(), *self.notes()]
        return table + "".join(f"<p>{escape(line)}</p>" for line in said)


# --- how large the noise is


class _Noise(NamedTuple):
    """σ̂ of the data, and the unit by which (JᵀJ)⁻¹ becomes cov θ."""

    sigma: float
    n_data: int
    dof: float
    absolute: bool
    unit: float
    rise: float = 0.0  # √(2ΔF) at one standard error, where it is not the unit

    @classmethod
    def of(cls, layer, here, inverse):
        """The noise at a Layer, whose θ the Linearization `here` and the Inverse are of."""
        if isinstance(layer.problem, Regularized):
            return cls._of_regularized(layer)
        n, P = len(layer.seen.r), inverse.rank
        if isinstance(layer.problem, Robust):
            return cls._of_robust(layer, n, P)
        return cls._of_data(layer.problem, layer.seen, n - P)

    @classmethod
    def _of_data(cls, problem, seen, dof, beta=1.0):
        absolute = bool(getattr(problem, "absolute_sigma", False) or problem.generalized)
        size = math.sqrt(2 * seen.loss) if problem.generalized else _length(seen.r)
        sigma = size / math.sqrt(dof) if dof > 0 else math.inf
        unit = 1.0 if absolute else sigma * math.sqrt(beta)
        return cls(sigma, len(seen.r), dof, absolute, unit)

    @classmethod
    def _of_regularized(cls, layer):
        seen = layer.seen.inside
        dof = len(seen.r) - layer.n_effective()
        return cls._of_data(layer.problem, seen, dof, layer.problem.beta)

    @classmethod
    def _of_robust(cls, layer, n, P):
        """Huber's s² for the plain J: κ² Σψ²/((n − P) ψ̄′²), κ = 1 + P var ψ′/(n ψ̄′²)."""
        psi, slope = layer.problem.influence(layer.seen.theta)
        dof, mean = n - P, slope.mean()
        if dof <= 0 or mean <= 0:
            return cls(math.inf, n, dof, False, math.inf)
        kappa = 1 + P / n * slope.var() / mean**2
        sigma = kappa * math.sqrt(psi @ psi / dof) / mean
        return cls(sigma, n, dof, False, sigma, sigma * math.sqrt(mean))


def n_effective(problem, here=None, theta=None):
    """Return γ = Σ βs²/(βs² + α), 0 to P: the parameters that the data determine.

    `problem`: a Regularized; s are the singular values of the inner J at θ.
    """
    here = problem.linearize(theta) if here is None else here
    alpha, beta, data = problem.alpha, problem.beta, opened(here).of_data
    if alpha and len(data.r) * len(data.g) * 8 > WHOLE:
        return _filtered_by_gram(_smaller_gram(data), alpha / beta)
    return _filtered(squared_singular_values(data), alpha, beta)


def _filtered(squares, alpha, beta):
    """Σ βs²/(βs² + α)."""
    if alpha == 0:
        return float((squares > 0).sum())
    return float((beta * squares / (beta * squares + alpha)).sum())


def _filtered_by_gram(K, nu):
    """Σ s²/(s² + ν) = n − ν tr (K + νI)⁻¹ for K of the eigenvalues s², (n, n), by Cholesky.

    That is a quarter of the work of the eigenvalues, which are taken where ν is near K's rounding.
    """
    n = len(K)
    if nu < FAINT * np.trace(K):
        return _filtered(_seen(np.linalg.eigvalsh(K)), nu, 1.0)
    L = cholesky(K + nu * np.eye(n), lower=True, check_finite=False)
    inverse = dtrtri(L, lower=1, overwrite_c=1)[0]
    return float(n - nu * np.square(inverse).sum())


def squared_singular_values(here):
    """Return s² of J, by J, JJᵀ or JᵀJ, whichever is small; those below rounding are 0."""
    rows, P = len(here.r), len(here.g)
    if rows * P * 8 <= WHOLE:
        return np.linalg.svd(here.J, compute_uv=False) ** 2
    return _seen(np.linalg.eigvalsh(_smaller_gram(here)))


def _smaller_gram(here):
    """JJᵀ or JᵀJ, whichever is small and can be had; its lower triangle is filled."""
    if len(here.r) < len(here.g) and hasattr(here, "gram"):
        return here.gram()
    return here.lower_A()


def _seen(squares):
    """Eigenvalues of K, those below rounding as 0."""
    least = squares.max(initial=0) * len(squares) * np.finfo(float).eps
    return np.where(squares > least, squares, 0)


# --- which curve, which parameters


def _length(r):
    """‖r‖, also where its squares would leave the range of floats."""
    largest = float(np.abs(r).max())
    return largest * norm(r / largest) if largest else 0.0


class Layer:
    """The Robust or Regularized layer of a problem, or its innermost one, where its noise is.

    `seen` is its Evaluation; `free` the places of our parameters among its own, None for all.
    """

    def __init__(self, problem, seen, free):
        self.problem, self.seen, self.free = problem, seen, free

    @classmethod
    def of(cls, problem, seen):
        """Return the Layer of a problem; ValueError where a loss and a penalty are nested."""
        layers = [layer for layer in _chain(problem) if isinstance(layer, (Robust, Regularized))]
        if len(layers) > 1:
            expected = "expected one robust loss or one penalty, for the errors of which there is a"
            raise ValueError(f"problem is {problem!r}: {expected} formula; else by simulation")
        wanted, outside = [*layers, _innermost(problem)][0], []
        while seen.problem is not wanted:
            outside.append(seen.problem)
            seen = seen.inside
        return cls(wanted, seen, _free(outside))

    @property
    def J(self):
        """J of the data inside, for our parameters."""
        return self._ours(self.seen.inside.linearize().J)

    def n_effective(self):
        """γ of a Regularized, of our parameters."""
        here, problem = opened(self.seen.linearize()), self.problem
        if self.free is None:
            return n_effective(problem, here)
        J = self._ours(here.of_data.J)
        squares = np.linalg.svd(J, compute_uv=False) ** 2
        return _filtered(squares, problem.alpha, problem.beta)

    def _ours(self, J):
        return J if self.free is None else J[:, self.free]


def _chain(problem):
    """The problem, and those inside it."""
    chain = [problem]
    while isinstance(chain[-1], Wrapper):
        chain.append(chain[-1].inner)
    return chain


def _free(chain):
    """Which parameters of the innermost of these wrappers are free; None for all."""
    free = None
    for layer in reversed(chain):
        if isinstance(layer, Fixed):
            free = layer.free if free is None else free[layer.free]
    return free


def _innermost(problem):
    return _chain(problem)[-1]


def _all_parameters(problem):
    """θ ↦ the parameters of the innermost problem, some of which may be held fixed."""
    chain = [layer.whole for layer in _chain(problem) if isinstance(layer, Fixed)]

    def whole(theta):
        for step in chain:
            theta = step(theta)
        return theta

    return whole


def _derivative(f, theta):
    """∂f/∂θ, (K, P), by complex steps if they are exact, else by central differences."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the fit has said it of its model
        return checked_jacobian(f, theta)(theta)


def _times(unit, errors):
    """Errors in a unit that may be 0 or infinite: none stays none, and infinite ones infinite."""
    errors = np.array(errors)
    some = (errors > 0) & np.isfinite(errors)
    return np.multiply(unit, errors, out=errors, where=some)


def _joined(real, imaginary):
    """Complex numbers of two parts, which may be infinite."""
    joined = np.empty(real.shape, dtype=complex)
    joined.real, joined.imag = real, imaginary
    return joined


def _by_parts(change, values):
    """`change` of real values, or of both parts of complex ones."""
    if not np.iscomplexobj(values):
        return change(values)
    return _joined(change(values.real), change(values.imag))


# --- words


def _row(name, value, error, low, high):
    if math.isinf(error):
        return name, f"{value:.6g}", "not determined", "−∞", "∞"
    return name, f"{value:.6g}", f"{error:.2g}", f"{low:.6g}", f"{high:.6g}"


def _listed(names):
    some = [*names[:SHOWN]]
    return " and ".join([", ".join(some[:-1]), some[-1]] if some[1:] else some)
