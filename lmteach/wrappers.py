"""Problems around a problem: robust losses, a penalty on θ, parameters held fixed.

Each is a Problem itself, so that they nest and every solver takes them.
"""

import math
from collections.abc import Mapping

import numpy as np

from .box import InBox, opened
from .checks import as_finite, as_floats, at_least, instance, one_of, positive
from .linearization import Damped, Evaluation, Explicit, Linearization
from .primitives import finite, frozen, inner, new_array
from .problems import Problem


class Wrapper(Problem):
    """A problem around `inner`: its θ, its precision, and its words, unless a subclass differs."""

    def __init__(self, problem):
        self.inner = instance("problem", problem, Problem, "a Problem, such as CurveFit")
        self.n_parameters = problem.n_parameters
        self.redundant, self.generalized = problem.redundant, problem.generalized
        self.absolute_sigma = getattr(problem, "absolute_sigma", False)
        self.box = getattr(problem, "box", None)  # that θ stays in, of a Bounded inside

    @property
    def eps(self):
        """Relative rounding of what r is computed from."""
        return self.inner.eps

    @property
    def names(self):
        """Names of the parameters, None where they have none."""
        return getattr(self.inner, "names", None)

    def place(self, i):
        """Return where residual i stands in the data, in words."""
        return self.inner.place(i)

    def linearized_inner(self, seen, work=None):
        """Return the inner problem's Linearization where `seen` stands, without its box."""
        return opened(seen.inside.linearize(work))

    def linearization(self, seen, work=None):
        """Return the Linearization that a subclass's `straight` gives, with steps in the box."""
        here = self.straight(seen, work)
        return here if self.box is None else InBox(here, seen.theta, self.box)

    def verify(self, theta, J=None, r=None):
        """Return what the inner problem says of its J at θ."""
        return self.inner.verify(theta)

    @property
    def moved(self):
        """Where a step leads from θ, in a box; None without."""
        return self.box and self.box.moved

    def said(self, theta):
        """Return in words which parameters stand at a bound; "" for none."""
        walls = {-1: "lower", 1: "upper"}
        sides = () if self.box is None else self.box.at_bounds(theta).tolist()
        some = [
            f"{parameter_name(self, j)} at its {walls[side]} bound {theta[j]:.4g}"
            for j, side in enumerate(sides)
            if side
        ]
        return ", ".join(some)


# --- robust losses


def huber(z):
    """Return (ρ, ρ′, ρ′ + 2zρ″) of Huber's loss at z = (r/f)²: z up to 1, then 2√z − 1."""
    root = np.sqrt(np.maximum(z, 1))
    return np.where(z <= 1, z, 2 * root - 1), 1 / root, (z <= 1).astype(float)


def soft_l1(z):
    """Return (ρ, ρ′, ρ′ + 2zρ″) of 2(√(1 + z) − 1), which is Huber's without a kink."""
    root = np.sqrt(1 + z)
    return 2 * z / (root + 1), 1 / root, root**-3


def cauchy(z):
    """Return (ρ, ρ′, ρ′ + 2zρ″) of ln(1 + z)."""
    return np.log1p(z), 1 / (1 + z), (1 - z) / (1 + z) ** 2


ROBUST = {"huber": huber, "soft_l1": soft_l1, "cauchy": cauchy}


class Robust(Wrapper):
    """F = ½ Σ f² ρ((rᵢ/f)²): outliers, residuals beyond about f, count less.

    `loss`: "huber", "soft_l1" or "cauchy"; `f_scale`, f > 0, in the unit of r. r and J are handed
    out corrected, √ρ′ r and √ρ′ J, so that Jᵀr is ∇F; F is not ½ rᵀr, and JᵀJ leaves out the terms
    with ρ″, which are negative for these losses. `weights(θ)` gives ρ′, the weight that each
    residual keeps. Source: Triggs, McLauchlan, Hartley & Fitzgibbon (2000); where ρ″ ≤ 0, Ceres
    corrects r and J in the same way. Raises ValueError or TypeError for bad input.
    """

    def __init__(self, problem, loss="huber", f_scale=1.0):
        super().__init__(problem)
        if problem.generalized:
            expected = "expected a problem with F = ½ rᵀr"
            raise ValueError(f"problem is {problem!r}, with a loss of its own: {expected}")
        self.loss_name = one_of("loss", loss, tuple(ROBUST))
        self.f_scale = positive("f_scale", f_scale)
        self._rho = ROBUST[loss]
        self.generalized = True

    def evaluation(self, theta):
        """Return the Evaluation at θ, with the corrected r."""
        seen = self.inner.evaluate(theta)
        with np.errstate(over="ignore", invalid="ignore"):
            rho, slope, _ = self._rho((seen.r / self.f_scale) ** 2)
            F = float(rho.sum()) * self.f_scale**2 / 2
        if not finite(seen.r):
            return Evaluation(theta, seen.r, math.nan, self, seen)
        return Evaluation(theta, frozen(np.sqrt(slope) * seen.r), F, self, seen)

    def straight(self, seen, work=None):
        """Return the Linearization with the corrected r and J."""
        here = self.linearized_inner(seen)
        root = np.sqrt(self._rho((here.r / self.f_scale) ** 2)[1])
        return Explicit(seen.r, np.asfortranarray((here.J * root[:, None]).T), seen.loss, work)

    def weights(self, theta):
        """Return ρ′ for every residual at θ, (N·m,): 1 for what is fitted, near 0 for outliers."""
        return self._rho((self.inner.residual(theta) / self.f_scale) ** 2)[1]

    def influence(self, theta):
        """Return (ψ, ψ′) at θ, each (N·m,): ψ = ρ′ r and its derivative by r."""
        r = self.inner.residual(theta)
        _, slope, second = self._rho((r / self.f_scale) ** 2)
        return slope * r, second

    def __repr__(self):
        return f"<Robust, {self.loss_name} beyond {self.f_scale:.3g}, of {self.inner!r}>"


# --- a penalty on θ


class Regularized(Wrapper):
    """F = β F₀ + ½ α‖θ − c‖², written as residuals: r = [√β r₀; √α (θ − c)].

    `alpha`, α ≥ 0, and `beta`, β > 0, are the precisions 1/variance of the prior and of the data;
    `center`, c, is a number or (P,). The damped step solves (βJᵀJ + αI + μD²) h = −g by the inner
    problem's own route. Raises ValueError or TypeError for bad input.
    """

    def __init__(self, problem, alpha, beta=1.0, center=0.0):
        super().__init__(problem)
        self.alpha, self.beta = positive("alpha", alpha, or_zero=True), positive("beta", beta)
        c = np.asarray(center)
        self.center = as_floats("center", np.atleast_1d(c), 1).copy()
        if c.ndim == 0:
            self.center = self.center[0]
        elif self.n_parameters not in (None, len(c)):
            expected = f"expected a number or ({self.n_parameters},)"
            raise ValueError(f"center has shape {c.shape}: {expected}")

    def evaluation(self, theta):
        """Return the Evaluation at θ, with the stacked r."""
        seen = self.inner.evaluate(theta)
        if np.size(self.center) not in (1, len(theta)):
            expected = f"expected a number or ({len(theta)},)"
            raise ValueError(f"center has shape {np.shape(self.center)}: {expected}")
        away = theta - self.center
        r = np.concatenate([math.sqrt(self.beta) * seen.r, math.sqrt(self.alpha) * away])
        F = self.beta * seen.loss + self.alpha * inner(away, away) / 2
        return Evaluation(theta, frozen(r), F, self, seen)

    def straight(self, seen, work=None):
        """Return the Linearization of the stacked r."""
        here = self.linearized_inner(seen, work)
        return Penalized(here, self.alpha, self.beta, seen.theta - self.center, seen, work)

    def place(self, i):
        """Return where residual i stands, or whose penalty it is."""
        n = len(self.last.r) - len(self.last.theta)
        return self.inner.place(i) if i < n else f"the penalty on θ[{i - n}]"

    def __repr__(self):
        return f"<Regularized, α = {self.alpha:.3g}, β = {self.beta:.3g}, of {self.inner!r}>"


class Penalized(Linearization):
    """The linearization of [√β r₀; √α (θ − c)] through that of r₀, by whatever route it has."""

    def __init__(self, here, alpha, beta, away, seen, work=None):
        self.r, self.loss, self.buffer = seen.r, seen.loss, new_array
        self._here, self._alpha, self._beta, self._away = here, alpha, beta, away
        self.of_data = here  # the Linearization of r₀
        self.g = frozen(beta * here.g + alpha * away)  # ∇F, (P,)
        self._A = None

    @property
    def J(self):
        """[√β J₀; √α I], (N·m + P, P)."""
        penalty = math.sqrt(self._alpha) * np.eye(len(self.g))
        return frozen(np.vstack([math.sqrt(self._beta) * self._here.J, penalty]))

    @property
    def column_norms(self):
        """‖J_j‖ for every column j, (P,)."""
        return np.sqrt(self._beta * self._here.column_norms**2 + self._alpha)

    def Jv(self, v):
        """Return J v, (N·m + P,)."""
        v = as_finite("v", v, 1, self.g.shape)
        parts = math.sqrt(self._beta) * self._here.Jv(v), math.sqrt(self._alpha) * v
        return np.concatenate(parts)

    def JTv(self, v):
        """Return Jᵀ v, (P,)."""
        v = as_finite("v", v, 1, self.r.shape)
        n = len(v) - len(self.g)
        above = math.sqrt(self._beta) * self._here.JTv(v[:n])
        return above + math.sqrt(self._alpha) * v[n:]

    def lower_A(self):
        """Return βJᵀJ + αI with its lower triangle filled, not to be written to."""
        if self._A is None:
            A = self._beta * self._here.lower_A()
            A[np.diag_indices(len(A))] += self._alpha
            self._A = np.asfortranarray(A)
        return self._A

    def orthogonal(self, tolerance):
        """Return whether |cos(J_j, r)| ≤ tolerance for every column j of J."""
        most = tolerance * math.sqrt(inner(self.r, self.r))
        return bool((abs(self.g) <= most * self.column_norms).all())

    def system(self, mu, D):
        """Return the Damped system for βJᵀJ + αI + μD²; with D = I by the inner route."""
        return DampedPenalized(self, mu) if D is None else Damped(self, mu, D)

    def shortest_step(self):
        """Return the h of least norm that minimizes ‖r + Jh‖, (P,)."""
        return self.system(0.0, None).h if self._alpha else super().shortest_step()

    def divided(self, unit):
        """Return the same model with r and J divided by a unit, and F = ½ rᵀr."""
        return Explicit(self.r / unit, np.asfortranarray(self.J.T) / unit)

    def inverse_times(self, v):
        """Return (βJᵀJ + αI)⁻¹ v, (P,), by the inner route."""
        return self._undamped.of_theta(v)

    @property
    def _undamped(self):
        if getattr(self, "_kept", None) is None:
            self._kept = self.system(0.0, None)
        return self._kept


class DampedPenalized:
    """The system (βJᵀJ + αI + μI) h = −g on the factor of JᵀJ + νI, ν = (α + μ)/β.

    `h`, (P,); `predicted` = ½ hᵀ(μh − g). Where a vector is not in the rows of J, the factor solves
    by (JᵀJ + νI)⁻¹ v = (v − (JᵀJ + νI)⁻¹JᵀJ v)/ν, which any route can.
    """

    def __init__(self, here, mu):
        alpha, beta = here._alpha, here._beta
        self._here, self._total = here, alpha + mu
        self._damped = here._here.system(self._total / beta, None)
        r, away = here._here.r, here._away
        pull = alpha / self._total * (away - self._damped.solve(here._here.Jv(away)))
        self.h = -(self._damped.solve(r) + pull)
        self.predicted = inner(self.h, mu * self.h - here.g) / 2

    def of_theta(self, v):
        """Return (βJᵀJ + αI + μI)⁻¹ v for v, (P,)."""
        return (v - self._damped.solve(self._here._here.Jv(v))) / self._total

    def solve(self, v):
        """Return (βJᵀJ + αI + μI)⁻¹ Jᵀ v for the stacked v, (P,)."""
        n = len(v) - len(self._here.g)
        above = self._damped.solve(v[:n]) / math.sqrt(self._here._beta)
        return above + math.sqrt(self._here._alpha) * self.of_theta(v[n:])


# --- parameters held fixed


class Fixed(Wrapper):
    """A problem with some of its parameters held: θ holds the free ones only.

    `values`: {index or name: number}; `n_parameters`: P, for a problem that does not know it.
    `whole(θ)` gives all parameters. Raises ValueError or TypeError for a parameter that the problem
    does not have.
    """

    def __init__(self, problem, values, n_parameters=None):
        super().__init__(problem)
        instance("values", values, Mapping, "{index or name: number}")
        if n_parameters is not None:
            at_least("n_parameters", n_parameters, 1)
        names = getattr(problem, "names", None)
        self._P = problem.n_parameters or n_parameters or (len(names) if names else None)
        if self._P is None:
            expected = "expected a problem that knows P: give it names, or n_parameters"
            raise ValueError(f"problem is {problem!r}, of any number of parameters: {expected}")
        self.values = {parameter_index(problem, key, self._P): v for key, v in values.items()}
        if len(self.values) < len(values):
            expected = "expected each parameter once, by name or by index"
            raise ValueError(f"values = {values!r}: {expected}")
        self._held = np.array(list(self.values), dtype=int)
        self._at = as_floats("values", list(self.values.values()), 1) if values else np.empty(0)
        self.free = np.setdiff1d(np.arange(self._P), self._held)
        if not len(self.free):
            raise ValueError(f"values holds all {self._P} parameters: expected one that is free")
        self.n_parameters = len(self.free)
        self.box = self.box and self.box.of(self.free)

    @property
    def names(self):
        """Names of the free parameters."""
        return [parameter_name(self.inner, j) for j in self.free]

    def whole(self, theta):
        """Return all parameters, (P,), for the free ones."""
        full = np.empty(self._P)
        full[self.free], full[self._held] = theta, self._at
        return frozen(full)

    def evaluation(self, theta):
        """Return the Evaluation at the free θ."""
        seen = self.inner.evaluate(self.whole(theta))
        return Evaluation(theta, seen.r, seen.loss, self, seen)

    def straight(self, seen, work=None):
        """Return the Linearization with the columns of the free parameters."""
        here = self.linearized_inner(seen)
        return Explicit(here.r, np.asfortranarray(here.J[:, self.free].T), seen.loss, work)

    def verify(self, theta, J=None, r=None):
        """Return what the inner problem says of its J."""
        return self.inner.verify(self.whole(theta))

    def __repr__(self):
        held = ", ".join(f"{parameter_name(self.inner, j)} = {v}" for j, v in self.values.items())
        return f"<Fixed, {held}, of {self.inner!r}>"


def parameter_name(problem, j):
    """Return the name of parameter j: "θ[1]" where it has none."""
    names = getattr(problem, "names", None)
    return names[j] if names else f"θ[{j}]"


def parameter_index(problem, key, P):
    """Return the index of a parameter given by index or name."""
    names = getattr(problem, "names", None) or []
    if isinstance(key, str):
        if key not in names:
            expected = f"expected one of {', '.join(names)}" if names else "expected an index"
            raise ValueError(f"parameter {key!r}: {expected}")
        return list(names).index(key)
    if not isinstance(key, (int, np.integer)) or isinstance(key, bool):
        raise TypeError(f"parameter {key!r}: expected an index or a name")
    if not -P <= key < P:
        raise ValueError(f"parameter {key}: expected an index from 0 to {P - 1}")
    return int(key) % P
