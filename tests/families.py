"""Families of curves that people fit, drawn at random with noise, each with a rough human start.

A formula is written once, as text: NumPy evaluates it, and SymPy differentiates it where 50 digits
are wanted. `Fit.in_units` is the same fit with x, y and every parameter measured in other units.
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import sympy

N = 40  # data of a fit
NOISE = 0.02  # of the range of y


@dataclass(frozen=True, eq=False)
class Family:
    """A formula in x and its parameters; the range of each, and the range of x.

    A range (low, high) is drawn from evenly in the logarithm, (low, high, "even") evenly.
    """

    name: str
    formula: str
    parameters: dict
    x: tuple
    spaced: str = "evenly"

    @property
    def names(self):
        return list(self.parameters)

    def draw(self, rng):
        """A Fit with parameters and noise from rng."""
        theta = np.array([_drawn(rng, *limits) for limits in self.parameters.values()])
        x = (np.geomspace if self.spaced == "in decades" else np.linspace)(*self.x, N)
        y = numeric(self)(theta, x)
        y = y + NOISE * np.ptp(y) * rng.normal(size=N)
        rough = [_rough(rng, value, *lim) for value, lim in zip(theta, self.parameters.values(),
                                                                strict=True)]  # fmt: skip
        return Fit(self, x, y, theta, np.array(rough))


@dataclass(frozen=True, eq=False)
class Fit:
    """Data, the parameters that they were made with, a start, and the units of x, y and θ."""

    family: Family
    x: np.ndarray
    y: np.ndarray
    truth: np.ndarray
    start: np.ndarray
    unit: np.ndarray = field(default=None)  # of θ, (P,); None for 1
    unit_x: float = 1.0
    unit_y: float = 1.0

    def model(self, theta, x):
        """The curve, in this fit's units."""
        if self.unit is None:
            return numeric(self.family)(theta, x)
        return self.unit_y * numeric(self.family)(theta / self.unit, x / self.unit_x)

    def residual(self, theta):
        return self.model(theta, self.x) - self.y

    def loss(self, theta):
        """F = ½ rᵀr, inf where r is not finite."""
        with np.errstate(all="ignore"):
            r = self.residual(theta)
            return float(r @ r) / 2 if np.isfinite(r).all() else np.inf

    def in_units(self, exponent, rng):
        """The same fit with x, y and each parameter in units of 10^±exponent, signs from rng."""
        unit = 10.0 ** (exponent * rng.choice([-1, 1], size=len(self.start) + 2))
        theta, x, y = unit[2:], unit[0], unit[1]
        return Fit(self.family, self.x * x, self.y * y, self.truth * theta, self.start * theta,
                   theta, x, y)  # fmt: skip


@cache
def symbols(family):
    """(expression, parameters, x) in SymPy."""
    names = sympy.symbols(family.names)
    x = sympy.Symbol("x", positive=True)
    places = {**dict(zip(family.names, names, strict=True)), "x": x}
    return sympy.sympify(family.formula, places), names, x


@cache
def numeric(family):
    """f(θ, x) by NumPy, of real or complex θ."""
    expression, names, x = symbols(family)
    function = sympy.lambdify([*names, x], expression, "numpy")
    return lambda theta, x: function(*theta, x)


def _drawn(rng, low, high, how="log"):
    if how == "even":
        return rng.uniform(low, high)
    return np.exp(rng.uniform(np.log(low), np.log(high)))


def _rough(rng, value, low, high, how="log"):
    """What somebody would put in: the order of magnitude, or a place to one digit."""
    if how == "even":
        digit = 10.0 ** np.floor(np.log10(high - low)) / 2
        return np.round((value + rng.uniform(-0.5, 0.5) * digit) / digit) * digit
    return 10.0 ** np.round(np.log10(value) + rng.uniform(-0.8, 0.8))


FAMILIES = [
    Family("decay with offset", "a*exp(-b*x) + c",
           {"a": (1, 100), "b": (0.2, 3), "c": (0.5, 20)}, (0, 4)),
    Family("logistic growth", "a/(1 + exp(b - c*x))",
           {"a": (10, 500), "b": (2, 6, "even"), "c": (0.3, 1.5)}, (0, 12)),
    Family("Michaelis-Menten", "a*x/(b + x)", {"a": (10, 300), "b": (0.05, 2)}, (0.02, 4)),
    Family("Gaussian peak", "a*exp(-(x - b)**2/(2*c**2)) + d",
           {"a": (3, 50), "b": (2, 8, "even"), "c": (0.5, 2), "d": (0.5, 5)}, (0, 10)),
    Family("damped sine", "a*exp(-b*x)*sin(c*x + d)",
           {"a": (1, 10), "b": (0.05, 0.5), "c": (1, 4, "even"), "d": (0, 1, "even")}, (0, 8)),
    Family("power law with offset", "a*x**b + c",
           {"a": (0.5, 20), "b": (0.4, 2.5), "c": (0.5, 20)}, (0.2, 10)),
    Family("Arrhenius", "a*exp(-b/(8.314*x))",
           {"a": (1e5, 1e9), "b": (2e4, 6e4)}, (280, 420)),
    Family("two exponentials", "a*exp(-b*x) + c*exp(-d*x)",
           {"a": (2, 30), "b": (0.1, 0.4), "c": (2, 30), "d": (1.5, 8)}, (0, 6)),
    Family("Weibull growth", "a*(1 - exp(-(x/b)**c))",
           {"a": (10, 200), "b": (1, 6), "c": (0.7, 3)}, (0.1, 12)),
    Family("Hill", "a*x**c/(b**c + x**c)",
           {"a": (1, 100), "b": (0.3, 6), "c": (0.8, 4)}, (0.05, 12)),
    Family("rational", "(a + b*x)/(1 + c*x + d*x**2)",
           {"a": (1, 10), "b": (0.5, 8), "c": (0.1, 2), "d": (0.02, 0.5)}, (0, 8)),
    Family("Lorentzian", "a/(1 + ((x - b)/c)**2) + d",
           {"a": (2, 60), "b": (3, 7, "even"), "c": (0.3, 1.5), "d": (0.5, 5)}, (0, 10)),
    Family("saturating growth", "a - b*exp(-c*x)",
           {"a": (20, 300), "b": (10, 200), "c": (0.1, 1.5)}, (0, 10)),
    Family("dose and response", "a + (b - a)/(1 + (x/c)**d)",
           {"a": (1, 10), "b": (50, 150), "c": (0.1, 10), "d": (0.6, 3)}, (0.01, 100),
           "in decades"),
    Family("Gompertz", "a*exp(-b*exp(-c*x))",
           {"a": (10, 300), "b": (2, 10), "c": (0.2, 1.2)}, (0, 14)),
]  # fmt: skip
