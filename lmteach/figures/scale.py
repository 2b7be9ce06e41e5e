"""Lesson 11: the matrices of the two systems to one scale, and what a step costs on each route."""

import math

import numpy as np
from matplotlib.patches import Rectangle

from ..checks import at_least, one_of, positive
from ..routes.prices import NUMBER, prices
from .picture import BLACK, GREY, ORANGE, SKY, label
from .scene import Control, Scene

INPUTS, OUTPUTS, SAMPLES = (1, 8, 64, 784), (1, 10), (16, 128, 1437, 60_000)
MOST_HIDDEN = 1024  # 2¹⁰ in 50 steps: every power of two is a place of the slider
COLOURS = {"rows": BLACK, "blocks": ORANGE, "samples": SKY}
MARKERS = {"rows": "s", "blocks": "D", "samples": "o"}
DASHES = {"rows": (0, (1, 1)), "blocks": (0, (5, 2)), "samples": "-"}
UNITS = (
    ("years", 365.25 * 86400),
    ("days", 86400),
    ("hours", 3600),
    ("minutes", 60),
    ("s", 1),
    ("ms", 1e-3),
)
SIZES = (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
TICKS = {1e-3: "1 ms", 1: "1 s", 60: "1 min", 3600: "1 h", 86400: "1 day", 365.25 * 86400: "1 year"}
THIN = 0.004  # a side below this part of the picture would not be seen


def _hidden():
    return Control(1, MOST_HIDDEN, 128, "hidden units", log=True)


def _samples():
    return Control.choice(SAMPLES, "samples", SAMPLES.index(128))


class TwoSquares(Scene):
    """J, JᵀJ and JJᵀ of a network inputs-hidden-outputs, drawn to one scale.

    `inputs`, `outputs`: 784 and 10 unless given.
    """

    controls = {"hidden": _hidden(), "samples": _samples()}

    def __init__(self, inputs=784, outputs=10):
        self.inputs, self.outputs = at_least("inputs", inputs, 1), at_least("outputs", outputs, 1)

    def compute(self, hidden, samples):
        """P, N·m, and the bytes of J, JᵀJ and JJᵀ."""
        H, N = round(hidden), SAMPLES[samples]
        P, M = n_parameters(self.inputs, H, self.outputs), N * self.outputs
        sides = {"J": (P, M), "JᵀJ": (P, P), "JJᵀ": (M, M)}  # wide, high
        return {"H": H, "N": N, "P": P, "M": M, "sides": sides}

    def still(self, picture):
        """Three rectangles that grow from the left lower corner of their own square."""
        axes, size = picture.subplots(), picture.look["text"]
        axes.set(xlim=(-0.02, 3.6), ylim=(-0.35, 1.2), aspect="equal")
        axes.axis("off")
        moving = {}
        for i, name in enumerate(("J", "JᵀJ", "JJᵀ")):
            axes.text(1.25 * i, 1.08, name, size=size + 2)
            axes.add_patch(
                Rectangle((1.25 * i, 0), 1, 1, fill=False, edgecolor=GREY, linestyle=":")
            )
            colour = {"J": GREY, "JᵀJ": COLOURS["rows"], "JJᵀ": COLOURS["samples"]}[name]
            moving[name] = axes.add_patch(Rectangle((1.25 * i, 0), 1, 1, color=colour))
            moving[f"{name} said"] = axes.text(
                1.25 * i, -0.06, "", size=size, va="top", in_layout=False
            )
        return moving

    def move(self, artists, numbers):
        """Every side as a part of the longest."""
        longest = max(numbers["P"], numbers["M"])
        for name, (wide, high) in numbers["sides"].items():
            artists[name].set_width(max(wide / longest, THIN))
            artists[name].set_height(max(high / longest, THIN))
            artists[f"{name} said"].set_text(
                f"{high:_} × {wide:_}\n{_bytes(NUMBER * wide * high)}".replace("_", " ")
            )

    def sentence(self, numbers):
        """The sizes in words, and which square is the smaller."""
        P, M = numbers["P"], numbers["M"]
        smaller = "they are equal" if P == M else f"{'JJᵀ' if M < P else 'JᵀJ'} is the smaller"
        times = (max(P, M) / min(P, M)) ** 2
        ratio = (
            ""
            if P == M
            else f", by a factor of {times:.2g}"
            if times < 100
            else f", by a factor of {times:.0f}"
        )
        return (
            f"{self.inputs}-{numbers['H']}-{self.outputs} with {numbers['N']} samples: P = {P}, N·m = {M}. "
            f"JᵀJ takes {_bytes(NUMBER * P * P)}, JJᵀ {_bytes(NUMBER * M * M)}: {smaller}{ratio}."
        )

    def rows(self, numbers):
        """Name, shape and bytes of each."""
        sides = numbers["sides"].items()
        return [
            ("matrix", "rows", "columns", "bytes"),
            *((n, high, wide, NUMBER * wide * high) for n, (wide, high) in sides),
        ]


class RoutePrices(Scene):
    """The time of one step against P, for each route to it, as counted; dots are measured.

    A line ends where its arrays no longer fit into `memory` bytes; beyond that it goes on faintly. `speed`:
    multiplications a second. `measured`: rows (inputs, hidden, outputs, samples, route, seconds). `guess`: the P from
    which the learner expects the route samples to be the cheapest. Raises TypeError or ValueError for anything else.
    """

    controls = {
        "hidden": _hidden(),
        "inputs": Control.choice(INPUTS, "inputs", INPUTS.index(784)),
        "samples": _samples(),
        "outputs": Control.choice(OUTPUTS, "outputs", OUTPUTS.index(10)),
    }

    def __init__(self, guess=None, measured=(), speed=1e10, memory=16e9):
        self.guess = None if guess is None else positive("guess", guess)
        self.speed, self.memory = positive("speed", speed), positive("memory", memory)
        self.measured = {}
        for inputs, hidden, outputs, samples, route, seconds in measured:
            place = inputs, outputs, samples, one_of("route", route, tuple(COLOURS))
            dot = n_parameters(inputs, hidden, outputs), positive("seconds", seconds)
            self.measured.setdefault(place, []).append(dot)
        self.H = np.unique(np.geomspace(1, MOST_HIDDEN, 60).round().astype(int))

    def compute(self, hidden, inputs, samples, outputs):
        """P of every width, the Price of every route there, and where samples becomes the cheapest."""
        n, N, m, H = INPUTS[inputs], SAMPLES[samples], OUTPUTS[outputs], round(hidden)
        P = np.array([n_parameters(n, int(h), m) for h in self.H])
        priced = [prices([(n, int(h)), (int(h), m)], N, m) for h in self.H]
        lines = {
            route: np.array([(p[route].time / self.speed, p[route].nbytes) for p in priced]).T
            for route in COLOURS
        }
        cheapest = np.argmin([lines[route][0] for route in COLOURS], axis=0) == list(COLOURS).index(
            "samples"
        )
        return {
            "shape": (n, H, m), "N": N, "P": P, "lines": lines,
            "here": (n_parameters(n, H, m), prices([(n, H), (H, m)], N, m)),
            "turn": int(P[np.argmax(cheapest)]) if cheapest.any() else None,
            "dots": {route: self.measured.get((n, m, N, route), []) for route in COLOURS},
        }  # fmt: skip

    def still(self, picture):
        """Axes, legend, and the times that everybody knows."""
        axes, look = picture.subplots(), picture.look
        axes.set(xscale="log", yscale="log", xlim=(2, 4e6), ylim=(3e-5, 1e13))
        label(axes, "P, number of parameters", "one step")
        axes.set_yticks(list(TICKS), list(TICKS.values()))
        axes.minorticks_off()
        axes.grid(axis="y", color=GREY, alpha=0.3)
        moving = {"here": axes.axvline(1, color=GREY, linewidth=look["line"] / 2)}
        for route, colour in COLOURS.items():
            kind = {"color": colour, "linestyle": DASHES[route], "linewidth": look["line"]}
            moving[f"{route} far"] = axes.plot([], [], **kind | {"alpha": 0.3})[0]
            moving[route] = axes.plot([], [], **kind)[0]
            dot = {
                "marker": MARKERS[route],
                "markersize": look["marker"],
                "markeredgecolor": BLACK,
                "linestyle": "",
            }
            moving[f"{route} dots"] = axes.plot([], [], color=colour, **dot)[0]
            axes.plot([], [], **kind | dot | {"linestyle": DASHES[route]}, label=route)
        ring = {
            "marker": "D",
            "linestyle": "",
            "markersize": 1.6 * look["marker"],
            "markeredgewidth": look["line"],
        }
        moving["guess"] = axes.plot([], [], color=BLACK, **ring, markerfacecolor="none", zorder=5)[
            0
        ]
        axes.legend(loc="upper left", fontsize=look["text"], frameon=False)
        return moving

    def move(self, artists, numbers):
        """The lines, faint where memory ends; the dots; this network's P; the guess on the line of samples."""
        P, x = numbers["P"], numbers["here"][0]
        artists["here"].set_xdata([x, x])
        for route, (seconds, nbytes) in numbers["lines"].items():
            fits = nbytes <= self.memory
            artists[route].set_data(P[fits], seconds[fits])
            artists[f"{route} far"].set_data(P, seconds)
            dots = np.array(numbers["dots"][route]).reshape(-1, 2)
            artists[f"{route} dots"].set_data(*dots.T)
        place = [] if self.guess is None else [np.clip(self.guess, 2, 4e6)]
        height = [float(np.interp(x, P, numbers["lines"]["samples"][0])) for x in place]
        artists["guess"].set_data(place, height)

    def sentence(self, numbers):
        """The three prices here, and where samples becomes the cheapest."""
        (P, priced), N = numbers["here"], numbers["N"]
        m = numbers["shape"][2]
        told = "; ".join(
            f"{r} {_time(p.time / self.speed)}, {_bytes(p.nbytes)}" for r, p in priced.items()
        )
        best = min(priced.values(), key=lambda price: price.time).route
        said = f"{'-'.join(map(str, numbers['shape']))}, {N} samples: P = {P}, N·m = {N * m}. One step: {told}. "
        turn = numbers["turn"]
        said += f"Cheapest: {best}. "
        said += (
            "Samples is nowhere the cheapest."
            if turn is None
            else f"Samples is the cheapest from P = {turn} on."
        )
        return said + self._told(turn)

    def _told(self, turn):
        """How far the guess was from there."""
        if self.guess is None or turn is None:
            return ""
        off = self.guess / turn
        if 0.5 <= off <= 2:
            return f" You said {self.guess:.4g}: within a factor of two."
        return f" You said {self.guess:.4g}: {max(off, 1 / off):.2g} times too {'many' if off > 1 else 'few'}."

    def rows(self, numbers):
        """Route, seconds, bytes of this network."""
        priced = numbers["here"][1].values()
        return [
            ("route", "seconds", "bytes"),
            *((p.route, p.time / self.speed, p.nbytes) for p in priced),
        ]


def n_parameters(inputs, hidden, outputs):
    """P of inputs-hidden-outputs."""
    return (inputs + 1) * hidden + (hidden + 1) * outputs


def _time(seconds):
    """Two digits and a unit."""
    return next(
        (f"{_two(seconds / unit)} {name}" for name, unit in UNITS if seconds >= unit), "below 1 ms"
    )


def _bytes(nbytes):
    return next(
        (f"{_two(nbytes / unit)} {name}" for name, unit in SIZES if nbytes >= unit),
        f"{nbytes:.0f} bytes",
    )


def _two(x):
    """Two significant digits, without an exponent."""
    return f"{x:.2g}" if x < 99.5 else f"{round(x, 1 - math.floor(math.log10(x))):.0f}"
