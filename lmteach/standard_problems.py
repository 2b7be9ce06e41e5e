"""The 35 problems of Moré, Garbow and Hillstrom, in 41 instances, from the paper's formulas.

Source: J. J. Moré, B. S. Garbow, K. E. Hillstrom, Testing unconstrained optimization software, ACM
Transactions on Mathematical Software 7(1), 1981, pp. 17-41. The numbers of problems, the starts and
the minima are the paper's; it minimizes f = Σ rᵢ² = 2F. In problem 11 the paper prints "yᵢ m i x₂"
where |yᵢ − x₂| is meant. Three strict local minima that are met from these starts are added to its
lists: 2.79506e-5 (26), 1.78981 (19) and 4.77271e-3 (35, n = 10). `START_FACTORS` are the paper's,
too; a start of zeros (Watson) becomes a vector of the factor, as in the authors' own driver.

Appendix C runs them all, and so does `python tests/benchmarks/mgh.py`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

START_FACTORS = (1, 10, 100)
DIGITS = 1e-4  # the paper prints six digits of a minimum; a run is there if f agrees to four,
ZERO = 1e-12  # and if f is below this part of f at the standard start, where the minimum is 0
FOUND, UNCLAIMED, ADMITTED, FALSE = OUTCOMES = (
    "at a listed minimum",
    "there, but not claimed",
    "elsewhere, and says so",
    "elsewhere, claims success",
)


@dataclass(frozen=True, eq=False)
class Instance:
    """A problem of given size: r(x), its J, the standard start, and the listed minima f."""

    name: str
    residual: Callable
    jacobian: Callable
    standard_start: np.ndarray
    minima: tuple

    @property
    def number(self):
        """The paper's number of the problem."""
        return int(self.name.split()[0])

    def start(self, factor):
        """Return the standard start times a factor; zeros become the factor."""
        zeros = not self.standard_start.any()
        return factor * (self.standard_start + (zeros and factor != 1))

    def at_a_listed_minimum(self, x):
        """Return True if f(x) is that of a minimum which the paper lists."""
        with np.errstate(all="ignore"):
            f, first = (np.sum(np.square(self.residual(z))) for z in (x, self.standard_start))
        return any(
            abs(f - best) <= (DIGITS * best if best else ZERO * first) for best in self.minima
        )

    def outcome(self, x, success):
        """Return which of OUTCOMES a run is that ended at x and did or did not claim success."""
        if self.at_a_listed_minimum(x):
            return FOUND if success else UNCLAIMED
        return FALSE if success else ADMITTED

    def __str__(self):
        return self.name


INSTANCES = []


def problem(*sizes):
    """Register the instances that a function of the sizes returns as (r, J, start, minima)."""

    def register(make):
        number, name = make.__name__[1:].split("_", 1)
        for size in sizes or ((),):
            r, J, start, minima = make(*size)
            label = f"{int(number)} {name.replace('_', ' ')}" + "".join(f" n={n}" for n in size[:1])
            instance = Instance(label, r, J, np.array(start, float), tuple(minima))
            INSTANCES.append(instance)
        return make

    return register


def columns(*parts):
    """Return a matrix with these columns, (m,) or numbers."""
    return np.stack(np.broadcast_arrays(*parts), axis=1)


@problem()
def p01_rosenbrock():
    def r(x):
        return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    def J(x):
        return np.array([[-20 * x[0], 10], [-1, 0]])

    return r, J, [-1.2, 1], [0]


@problem()
def p02_freudenstein_and_roth():
    def r(x):
        return np.array(
            [
                -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
                -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
            ]
        )

    def J(x):
        return np.array(
            [
                [1, 10 * x[1] - 3 * x[1] ** 2 - 2],
                [1, 3 * x[1] ** 2 + 2 * x[1] - 14],
            ]
        )

    return r, J, [0.5, -2], [0, 48.9842]


@problem()
def p03_powell_badly_scaled():
    def r(x):
        return np.array([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])

    def J(x):
        return np.array([[1e4 * x[1], 1e4 * x[0]], [-np.exp(-x[0]), -np.exp(-x[1])]])

    return r, J, [0, 1], [0]


@problem()
def p04_brown_badly_scaled():
    def r(x):
        return np.array([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])

    def J(x):
        return np.array([[1, 0], [0, 1], [x[1], x[0]]])

    return r, J, [1, 1], [0]


@problem()
def p05_beale():
    i, y = np.arange(1, 4), np.array([1.5, 2.25, 2.625])

    def r(x):
        return y - x[0] * (1 - x[1] ** i)

    def J(x):
        return columns(x[1] ** i - 1, x[0] * i * x[1] ** (i - 1))

    return r, J, [1, 1], [0]


@problem()
def p06_jennrich_and_sampson():
    i = np.arange(1, 11)

    def r(x):
        return 2 + 2 * i - np.exp(i * x[0]) - np.exp(i * x[1])

    def J(x):
        return columns(-i * np.exp(i * x[0]), -i * np.exp(i * x[1]))

    return r, J, [0.3, 0.4], [124.362]


@problem()
def p07_helical_valley():
    def r(x):
        turn = np.arctan(x[1] / x[0]) / (2 * np.pi) + (0.5 if x[0] < 0 else 0)
        return np.array([10 * (x[2] - 10 * turn), 10 * (np.hypot(x[0], x[1]) - 1), x[2]])

    def J(x):
        square = x[0] ** 2 + x[1] ** 2
        turn, root = 100 / (2 * np.pi * square), 10 / math.sqrt(square)
        return np.array(
            [
                [turn * x[1], -turn * x[0], 10],
                [root * x[0], root * x[1], 0],
                [0, 0, 1],
            ]
        )

    return r, J, [-1, 0, 0], [0]


@problem()
def p08_bard():
    y = np.array([
        0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39,
    ])  # fmt: skip
    u = np.arange(1.0, 16)
    v = 16 - u
    w = np.minimum(u, v)

    def r(x):
        return y - (x[0] + u / (v * x[1] + w * x[2]))

    def J(x):
        slope = u / (v * x[1] + w * x[2]) ** 2
        return columns(-1.0, slope * v, slope * w)

    return r, J, [1, 1, 1], [8.21487e-3, 17.4286]


@problem()
def p09_gaussian():
    half = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521]
    y, t = np.array([*half, 0.3989, *half[::-1]]), (8 - np.arange(1, 16)) / 2

    def r(x):
        return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - y

    def J(x):
        d = t - x[2]
        e = np.exp(-x[1] * d**2 / 2)
        return columns(e, -x[0] * e * d**2 / 2, x[0] * e * x[1] * d)

    return r, J, [0.4, 1, 0], [1.12793e-8]


@problem()
def p10_meyer():
    y = np.array([
        34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
        8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872,
    ])  # fmt: skip
    t = 45 + 5.0 * np.arange(1, 17)

    def r(x):
        return x[0] * np.exp(x[1] / (t + x[2])) - y

    def J(x):
        e = np.exp(x[1] / (t + x[2]))
        return columns(e, x[0] * e / (t + x[2]), -x[0] * e * x[1] / (t + x[2]) ** 2)

    return r, J, [0.02, 4000, 250], [87.9458]


@problem()
def p11_gulf_research_and_development():
    t = np.arange(1, 100) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)

    def r(x):
        return np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t

    def J(x):
        d = y - x[1]
        power = np.abs(d) ** x[2]
        e = np.exp(-power / x[0])
        log = np.log(np.where(d == 0, 1.0, np.abs(d)))
        by_x1 = e * x[2] * np.abs(d) ** (x[2] - 1) * np.sign(d) / x[0]
        return columns(e * power / x[0] ** 2, by_x1, -e * power * log / x[0])

    return r, J, [5, 2.5, 0.15], [0]


@problem()
def p12_box_three_dimensional():
    t = 0.1 * np.arange(1, 11)

    def r(x):
        return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))

    def J(x):
        return columns(-t * np.exp(-t * x[0]), t * np.exp(-t * x[1]), np.exp(-10 * t) - np.exp(-t))

    return r, J, [0, 10, 20], [0]


@problem()
def p13_powell_singular():
    def r(x):
        return np.array(
            [
                x[0] + 10 * x[1],
                math.sqrt(5) * (x[2] - x[3]),
                (x[1] - 2 * x[2]) ** 2,
                math.sqrt(10) * (x[0] - x[3]) ** 2,
            ]
        )

    def J(x):
        a, b = 2 * (x[1] - 2 * x[2]), 2 * math.sqrt(10) * (x[0] - x[3])
        return np.array(
            [
                [1, 10, 0, 0],
                [0, 0, math.sqrt(5), -math.sqrt(5)],
                [0, a, -2 * a, 0],
                [b, 0, 0, -b],
            ]
        )

    return r, J, [3, -1, 0, 1], [0]


@problem()
def p14_wood():
    a, b = math.sqrt(90), math.sqrt(10)

    def r(x):
        return np.array(
            [
                10 * (x[1] - x[0] ** 2),
                1 - x[0],
                a * (x[3] - x[2] ** 2),
                1 - x[2],
                b * (x[1] + x[3] - 2),
                (x[1] - x[3]) / b,
            ]
        )

    def J(x):
        return np.array(
            [
                [-20 * x[0], 10, 0, 0],
                [-1, 0, 0, 0],
                [0, 0, -2 * a * x[2], a],
                [0, 0, -1, 0],
                [0, b, 0, b],
                [0, 1 / b, 0, -1 / b],
            ]
        )

    return r, J, [-3, -1, -3, -1], [0]


@problem()
def p15_kowalik_and_osborne():
    y = np.array([
        0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246,
    ])  # fmt: skip
    u = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])

    def r(x):
        return y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])

    def J(x):
        top, bottom = u**2 + u * x[1], u**2 + u * x[2] + x[3]
        slope = x[0] * top / bottom**2
        return columns(-top / bottom, -x[0] * u / bottom, slope * u, slope)

    return r, J, [0.25, 0.39, 0.415, 0.39], [3.07505e-4, 1.02734e-3]


@problem()
def p16_brown_and_dennis():
    t = np.arange(1, 21) / 5

    def r(x):
        return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2

    def J(x):
        a, b = 2 * (x[0] + t * x[1] - np.exp(t)), 2 * (x[2] + x[3] * np.sin(t) - np.cos(t))
        return columns(a, a * t, b, b * np.sin(t))

    return r, J, [25, 5, -5, -1], [85822.2]


@problem()
def p17_osborne_1():
    y = np.array([
        0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718,
        0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467,
        0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406,
    ])  # fmt: skip
    t = 10.0 * np.arange(33)

    def r(x):
        return y - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))

    def J(x):
        a, b = np.exp(-t * x[3]), np.exp(-t * x[4])
        return columns(-1.0, -a, -b, t * x[1] * a, t * x[2] * b)

    return r, J, [0.5, 1.5, -1, 0.01, 0.02], [5.46489e-5]


@problem()
def p18_biggs_exp6():
    t = 0.1 * np.arange(1, 14)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)

    def r(x):
        return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y

    def J(x):
        a, b, c = (np.exp(-t * x[j]) for j in (0, 1, 4))
        return columns(-t * x[2] * a, t * x[3] * b, a, -b, -t * x[5] * c, c)

    return r, J, [1, 2, 1, 1, 1, 1], [5.65565e-3, 0]


@problem()
def p19_osborne_2():
    y = np.array([
        1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
        0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
        0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
        0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
        0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054,
    ])  # fmt: skip
    t = np.arange(65) / 10

    def r(x):
        peaks = (x[j] * np.exp(-((t - x[7 + j]) ** 2) * x[4 + j]) for j in (1, 2, 3))
        return y - (x[0] * np.exp(-t * x[4]) + sum(peaks))

    def J(x):
        out, e = np.empty((65, 11)), np.exp(-t * x[4])
        out[:, 0], out[:, 4] = -e, t * x[0] * e
        for j in (1, 2, 3):
            d = t - x[7 + j]
            e = np.exp(-(d**2) * x[4 + j])
            out[:, j], out[:, 4 + j] = -e, x[j] * d**2 * e
            out[:, 7 + j] = -x[j] * 2 * d * x[4 + j] * e
        return out

    return r, J, [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5], [4.01377e-2, 1.78981]


@problem((6, 2.28767e-3), (9, 1.39976e-6), (12, 4.72238e-10))
def p20_watson(n, minimum):
    t, j = np.arange(1, 30) / 29, np.arange(n)
    powers = t[:, None] ** j
    slopes = j[1:] * powers[:, :-1]  # of t^j, without the column of the constant

    def r(x):
        return np.r_[slopes @ x[1:] - (powers @ x) ** 2 - 1, x[0], x[1] - x[0] ** 2 - 1]

    def J(x):
        out = np.zeros((31, n))
        out[:29] = -2 * (powers @ x)[:, None] * powers
        out[:29, 1:] += slopes
        out[29, 0], out[30, 0], out[30, 1] = 1, -2 * x[0], 1
        return out

    return r, J, np.zeros(n), [minimum]


@problem((10,))
def p21_extended_rosenbrock(n):
    def r(x):
        odd, even = x[::2], x[1::2]
        return np.stack([10 * (even - odd**2), 1 - odd], axis=1).ravel()

    def J(x):
        out = np.zeros((n, n))
        for k in range(0, n, 2):
            out[k : k + 2, k : k + 2] = [[-20 * x[k], 10], [-1, 0]]
        return out

    return r, J, np.tile([-1.2, 1], n // 2), [0]


@problem((12,))
def p22_extended_powell_singular(n):
    one_r, one_J, start, _ = p13_powell_singular()

    def r(x):
        return np.concatenate([one_r(x[k : k + 4]) for k in range(0, n, 4)])

    def J(x):
        out = np.zeros((n, n))
        for k in range(0, n, 4):
            out[k : k + 4, k : k + 4] = one_J(x[k : k + 4])
        return out

    return r, J, np.tile(start, n // 4), [0]


@problem((4, 2.24997e-5), (10, 7.08765e-5))
def p23_penalty_1(n, minimum):
    a = math.sqrt(1e-5)

    def r(x):
        return np.r_[a * (x - 1), x @ x - 0.25]

    def J(x):
        return np.vstack([a * np.eye(n), 2 * x])

    return r, J, np.arange(1, n + 1), [minimum]


@problem((4, 9.37629e-6), (10, 2.93660e-4))
def p24_penalty_2(n, minimum):
    a, j = math.sqrt(1e-5), np.arange(1, n + 1)
    y = np.exp(j / 10) + np.exp((j - 1) / 10)
    weights = n - j + 1

    def r(x):
        e = np.exp(x / 10)
        pairs, singles = e[1:] + e[:-1] - y[1:], e[1:] - math.exp(-0.1)
        return np.r_[x[0] - 0.2, a * pairs, a * singles, weights @ x**2 - 1]

    def J(x):
        out, slope = np.zeros((2 * n, n)), a * np.exp(x / 10) / 10
        out[0, 0] = 1
        k = np.arange(1, n)
        out[k, k], out[k, k - 1], out[n - 1 + k, k] = slope[1:], slope[:-1], slope[1:]
        out[-1] = 2 * weights * x
        return out

    return r, J, np.full(n, 0.5), [minimum]


@problem((10,))
def p25_variably_dimensioned(n):
    j = np.arange(1, n + 1)

    def r(x):
        s = j @ (x - 1)
        return np.r_[x - 1, s, s**2]

    def J(x):
        return np.vstack([np.eye(n), j, 2 * (j @ (x - 1)) * j])

    return r, J, 1 - j / n, [0]


@problem((10,))
def p26_trigonometric(n):
    i = np.arange(1, n + 1)

    def r(x):
        return n - np.cos(x).sum() + i * (1 - np.cos(x)) - np.sin(x)

    def J(x):
        return np.tile(np.sin(x), (n, 1)) + np.diag(i * np.sin(x) - np.cos(x))

    return r, J, np.full(n, 1 / n), [0, 2.79506e-5]


@problem((10,))
def p27_brown_almost_linear(n):
    def r(x):
        return np.r_[x[:-1] + x.sum() - (n + 1), np.prod(x) - 1]

    def J(x):
        out = np.ones((n, n))
        out[:-1] += np.eye(n)[:-1]
        out[-1] = [np.prod(np.delete(x, j)) for j in range(n)]
        return out

    return r, J, np.full(n, 0.5), [0, 1]


@problem((10,))
def p28_discrete_boundary_value(n):
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)

    def r(x):
        padded = np.r_[0, x, 0]
        return 2 * x - padded[:-2] - padded[2:] + h**2 * (x + t + 1) ** 3 / 2

    def J(x):
        beside = np.eye(n, k=1) + np.eye(n, k=-1)
        return np.diag(2 + 1.5 * h**2 * (x + t + 1) ** 2) - beside

    return r, J, t * (t - 1), [0]


@problem((10,))
def p29_discrete_integral_equation(n):
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    earlier = t[None, :] <= t[:, None]
    kernel = np.where(earlier, (1 - t)[:, None] * t, t[:, None] * (1 - t)) * h / 2

    def r(x):
        return x + kernel @ (x + t + 1) ** 3

    def J(x):
        return np.eye(n) + kernel * 3 * (x + t + 1) ** 2

    return r, J, t * (t - 1), [0]


@problem((10,))
def p30_broyden_tridiagonal(n):
    def r(x):
        padded = np.r_[0, x, 0]
        return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1

    def J(x):
        return np.diag(3 - 4 * x) - np.eye(n, k=-1) - 2 * np.eye(n, k=1)

    return r, J, -np.ones(n), [0]


@problem((10,))
def p31_broyden_banded(n):
    i, j = np.indices((n, n))
    near = ((i - 5 <= j) & (j <= i + 1) & (i != j)).astype(float)

    def r(x):
        return x * (2 + 5 * x**2) + 1 - near @ (x * (1 + x))

    def J(x):
        return np.diag(2 + 15 * x**2) - near * (1 + 2 * x)

    return r, J, -np.ones(n), [0]


def linear(A):
    """Return r = A x − 1 and its J."""
    return (lambda x: A @ x - 1), (lambda x: A.copy())


@problem((10, 20))
def p32_linear_full_rank(n, m):
    return *linear(np.eye(m, n) - 2 / m), np.ones(n), [m - n]


@problem((10, 20))
def p33_linear_rank_1(n, m):
    A = np.outer(np.arange(1.0, m + 1), np.arange(1, n + 1))
    return *linear(A), np.ones(n), [m * (m - 1) / (2 * (2 * m + 1))]


@problem((10, 20))
def p34_linear_rank_1_with_zero_columns_and_rows(n, m):
    A = np.outer(np.arange(m), np.arange(1.0, n + 1))
    A[-1] = A[:, 0] = A[:, -1] = 0
    return *linear(A), np.ones(n), [(m**2 + 3 * m - 6) / (2 * (2 * m - 3))]


@problem((8, 3.51687e-3), (9, 0), (10, 6.50395e-3, 4.77271e-3))
def p35_chebyquad(n, *minima):
    i = np.arange(1, n + 1)
    integral = np.where(i % 2, 0.0, -1 / (i**2 - 1.0 + (i == 1)))

    def polynomials(x):
        """Return T_i and T_i′ at 2x − 1, (n, n) each, by their recursion."""
        z = 2 * x - 1
        T, slope = [np.ones(n), z], [np.zeros(n), np.full(n, 2.0)]
        for _ in range(n - 1):
            slope.append(4 * T[-1] + 2 * z * slope[-1] - slope[-2])
            T.append(2 * z * T[-1] - T[-2])
        return np.array(T[1:]), np.array(slope[1:])

    def r(x):
        return polynomials(x)[0].mean(axis=1) - integral

    def J(x):
        return polynomials(x)[1] / n

    return r, J, i / (n + 1), minima
