"""What the data say about θ: standard errors, correlation, intervals, bands, profiles."""

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit

from .checks import as_finite, at_least, function, instance
from .covariance import Inverse
from .curve_fit import CurveFit
from .derivatives import checked_jacobian
from .html import escape, html_table
from .network_fit import NetworkFit
from .problems import Problem
from .profile import profile
from .wrappers import Regularized, Robust, Wrapper, parameter_index, parameter_name

WHOLE = 2**26  # bytes of J up to which it is taken apart; beyond, JᵀJ or the dual
MOST_PARAMETERS = 4096  # whose JᵀJ is taken apart
SHOWN = 20  # parameters in a summary
CORRELATED = 0.9  # pairs that a summary names, at most
PAIRS = 5  # of them


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
    if theta is None:
        theta = getattr(trace_or_problem, "theta", None)
    return Uncertainty(problem, theta)


class Uncertainty:
    """What the data say about θ at a minimum, after the straight-line model r + Jh there.

    cov θ = σ̂² (JᵀJ)⁻¹ with σ̂² = 2F/(N·m − P); (JᵀJ)⁻¹ itself where r is divided by known standard
    deviations (`absolute`). A parameter that J does not determine has an infinite error, and the
    summary names it. With a Robust loss σ̂² is Huber's: Σψ²/((n − P) ψ̄′²), times his correction for
    small n. With a Regularized problem P is γ, the number of parameters that the data determine.
    Raises TypeError for what is no problem. Sources: Bates & Watts (1988); Huber (1981), eq. 7.6.6.
    """

    def __init__(self, problem, theta):
        instance("problem", problem, Problem, "a Trace of solve, or a problem and θ")
        self.problem, self._seen = problem, problem.evaluate(theta)
        self.theta = self._seen.theta
        self._here = self._seen.linearize()
        self.n_parameters = P = len(self.theta)
        self.names = [parameter_name(problem, j) for j in range(P)]
        self._whole = len(self._seen.r) * P * 8 <= WHOLE
        self._inverse = self._taken_apart()
        noise = _Noise.of(problem, self._seen, self._here, self._inverse)
        self.sigma, self.n_data, self.dof = noise.sigma, noise.n_data, noise.dof
        self.absolute, self._unit = noise.absolute, noise.unit

    def _taken_apart(self):
        """The Inverse of JᵀJ by J, by JᵀJ where J is too large; None where that is, too."""
        if self._whole:
            digits = getattr(_innermost(self.problem)._derivative, "relative_error", None)
            return Inverse.of_jacobian(_jacobian(self.problem, self._seen, self._here), digits)
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
        return self._unit**2 * self._known.covariance

    @property
    def standard_errors(self):
        """√diag(cov θ), (P,); infinite for a parameter that is not determined."""
        return self._unit * self._known.errors

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
        if not 0 < level < 1:
            raise ValueError(f"level = {level!r}: expected a number between 0 and 1")
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

        Its gradient is taken by complex steps, by central differences where those are not exact.
        """
        function("f", f, "f(theta) → a number or an array")
        value = np.asarray(f(self.theta.copy()), dtype=float)

        def flat(theta):
            return np.ravel(f(theta.copy()))

        return value, self._spread(_derivative(flat, self.theta)).reshape(value.shape)

    def band(self, x, level=0.95, new=False):
        """Return the Band of the fitted curve, or network, at x: value ∓ t·(standard error).

        `new`: False for the curve; True for one new datum at each x, which adds the variance of
        the data; or the standard deviation of the new data, a number or shaped as the prediction.
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
        error = np.hypot(error, self._of_new(new))
        reach = self.quantile(level) * error
        return Band(value, error, value - reach, value + reach)

    def _of_new(self, new):
        """The standard deviation of a new datum."""
        if new is False or new is None:
            return 0.0
        if new is not True:
            return np.asarray(new, dtype=float)
        if getattr(_innermost(self.problem), "sigma", None) is not None:
            expected = "expected new=σ, the standard deviations at the new x"
            raise ValueError(f"new = True where every datum has a σ of its own: {expected}")
        return self.sigma

    def _curve(self, curve, x):
        x = np.asarray(x, dtype=float) if isinstance(x, (list, tuple, range)) else x
        whole = _all_parameters(self.problem)

        def values(theta):
            return np.ravel(curve.model(whole(theta).copy(), x))

        value = np.asarray(curve.model(whole(self.theta).copy(), x), dtype=float)
        return value, self._spread(_derivative(values, self.theta)).reshape(value.shape)

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
            G = here.J
            spread = self._spread(G if G.shape[1] == len(self.theta) else G[:, self.problem.free])
        return value, spread.reshape(value.shape)

    def _spread(self, G):
        spread = self._known.spread(np.atleast_2d(G))
        return np.where(np.isinf(spread), np.inf, self._unit * spread)

    def profile(self, parameter, level=0.95, points=0):
        """Return the Profile of F along one parameter, given by index or name.

        The others are fitted anew at every value, so that its limits hold also where the straight
        model lies. `points`: of the curve, beside those that the limits needed.
        """
        j = parameter_index(self.problem, parameter, self.n_parameters)
        at_least("points", points, 0)
        error = self.standard_errors[j]
        return profile(
            self.problem, self._seen, j, self._unit, self.quantile(level), error, level, points
        )

    # words

    def table(self, level=0.95):
        """Return rows (name, value, standard error, low, high)."""
        limits = self.confidence(level)
        columns = self.names, self.theta, self.standard_errors, *limits.T
        return [tuple(row) for row in zip(*columns, strict=True)]

    def notes(self):
        """Return sentences: the noise, what is not determined, what is strongly correlated."""
        kind = "σ as given" if self.absolute else f"σ̂ = {self.sigma:.4g}"
        said = [f"{self.n_data} data, {self.dof:.4g} degrees of freedom, {kind}."]
        if not (self.absolute or self.dof > 0):
            said.append("No datum is left to tell the noise: every error is infinite.")
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
            said.append(f"{walls}: the errors are those without bounds.")
        if isinstance(self.problem, Robust):
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

    @classmethod
    def of(cls, problem, seen, here, inverse):
        if isinstance(problem, Regularized):
            return cls._of_regularized(problem, seen, here)
        n, P = len(seen.r), inverse.rank
        if isinstance(problem, Robust):
            return cls._of_robust(problem, seen, n, P)
        dof = n - P
        absolute = bool(getattr(problem, "absolute_sigma", False) or problem.generalized)
        sigma = math.sqrt(2 * seen.loss / dof) if dof > 0 else math.inf
        return cls(sigma, n, dof, absolute, 1.0 if absolute else sigma)

    @classmethod
    def _of_regularized(cls, problem, seen, here):
        n = len(seen.r) - len(seen.theta)
        dof = n - n_effective(problem, here)
        loss = seen.inside.loss
        absolute = bool(getattr(problem, "absolute_sigma", False) or problem.generalized)
        sigma = math.sqrt(2 * loss / dof) if dof > 0 else math.inf
        return cls(sigma, n, dof, absolute, 1.0 if absolute else sigma * math.sqrt(problem.beta))

    @classmethod
    def _of_robust(cls, problem, seen, n, P):
        """Huber's s² for the plain J: κ² Σψ²/((n − P) ψ̄′²), κ = 1 + P var ψ′/(n ψ̄′²)."""
        psi, slope = problem.influence(seen.theta)
        dof, mean = n - P, slope.mean()
        if dof <= 0 or mean <= 0:
            return cls(math.inf, n, dof, False, math.inf)
        kappa = 1 + P / n * slope.var() / mean**2
        sigma = kappa * math.sqrt(psi @ psi / dof) / mean
        return cls(sigma, n, dof, False, sigma)


def n_effective(problem, here=None, theta=None):
    """Return γ = Σ βs²/(βs² + α), 0 to P: the parameters that the data determine.

    `problem`: a Regularized; s are the singular values of the inner J at θ.
    """
    here = problem.linearize(theta) if here is None else here
    alpha, beta = problem.alpha, problem.beta
    squares = squared_singular_values(here.of_data)
    if alpha == 0:
        return float((squares > 0).sum())
    return float((beta * squares / (beta * squares + alpha)).sum())


def squared_singular_values(here):
    """Return s² of J, by J, JJᵀ or JᵀJ, whichever is small; those below rounding are 0."""
    rows, P = len(here.r), len(here.g)
    if rows * P * 8 <= WHOLE:
        return np.linalg.svd(here.J, compute_uv=False) ** 2
    K = here.gram() if rows < P and hasattr(here, "gram") else here.lower_A()
    squares = np.linalg.eigvalsh(K)
    least = squares.max(initial=0) * len(K) * np.finfo(float).eps
    return np.where(squares > least, squares, 0)


# --- which curve, which parameters


def _jacobian(problem, seen, here):
    """J that goes with the noise: of the data themselves under a Robust loss."""
    return seen.inside.linearize().J if isinstance(problem, Robust) else here.J


def _innermost(problem):
    while isinstance(problem, Wrapper):
        problem = problem.inner
    return problem


def _all_parameters(problem):
    """θ ↦ the parameters of the innermost problem, some of which may be held fixed."""
    chain = []
    while isinstance(problem, Wrapper):
        chain.append(getattr(problem, "whole", None))
        problem = problem.inner

    def whole(theta):
        for step in filter(None, chain):
            theta = step(theta)
        return theta

    return whole


def _derivative(f, theta):
    """∂f/∂θ, (K, P), by complex steps if they are exact, else by central differences."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the fit has said it of its model
        return checked_jacobian(f, theta)(theta)


# --- words


def _row(name, value, error, low, high):
    if math.isinf(error):
        return name, f"{value:.6g}", "not determined", "−∞", "∞"
    return name, f"{value:.6g}", f"{error:.2g}", f"{low:.6g}", f"{high:.6g}"


def _listed(names):
    some = [*names[:SHOWN]]
    return " and ".join([", ".join(some[:-1]), some[-1]] if some[1:] else some)
