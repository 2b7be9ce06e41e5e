"""Lesson 11: the matrices of the two systems to one scale, and what a step costs on each route."""

import math
from operator import attrgetter

import numpy as np
from matplotlib.patches import Rectangle

from ..checks import at_least, one_of, positive
from ..routes.prices import NUMBER, prices
from .picture import BLACK, GREY, ORANGE, SKY, label
from .scene import UNASKED, Control, Scene

INPUTS, OUTPUTS, SAMPLES = (1, 8, 64, 784), (1, 10), (16, 128, 1437, 60_000)
MOST_HIDDEN = 1024  # 2¹⁰ in 50 steps: the slider can stand at every power of two
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
        """Return P, N·m, and width and height of J, JᵀJ and JJᵀ."""
        H, N = round(hidden), SAMPLES[samples]
        P, M = n_parameters(self.inputs, H, self.outputs), N * self.outputs
        sides = {"J": (P, M), "JᵀJ": (P, P), "JJᵀ": (M, M)}  # wide, high
        return {"H": H, "N": N, "P": P, "M": M, "sides": sides}

    def still(self, picture):
        """Draw three squares; return three rectangles in their lower left corners, with texts."""
        axes, size = picture.subplots(), picture.look["text"]
        axes.set(xlim=(-0.02, 3.6), ylim=(-0.35, 1.2), aspect="equal")
        axes.axis("off")
        colours = {"J": GREY, "JᵀJ": COLOURS["rows"], "JJᵀ": COLOURS["samples"]}
        dotted = {"fill": False, "edgecolor": GREY, "linestyle": ":"}
        moving = {}
        for i, (name, colour) in enumerate(colours.items()):
            x = 1.25 * i
            axes.text(x, 1.08, name, size=size + 2)
            axes.add_patch(Rectangle((x, 0), 1, 1, **dotted))
            moving[name] = axes.add_patch(Rectangle((x, 0), 1, 1, color=colour))
            said = axes.text(x, -0.06, "", size=size, va="top", in_layout=False)
            moving[f"{name} said"] = said
        return moving

    def move(self, artists, numbers):
        """Set every side as a part of the longest, and the sizes in words."""
        longest = max(numbers["P"], numbers["M"])
        for name, (wide, high) in numbers["sides"].items():
            artists[name].set_width(max(wide / longest, THIN))
            artists[name].set_height(max(high / longest, THIN))
            said = f"{high:_} × {wide:_}\n{_bytes(NUMBER * wide * high)}"
            artists[f"{name} said"].set_text(said.replace("_", " "))

    def sentence(self, numbers):
        """Return the sizes in words, and which square is the smaller."""
        P, M, shape = numbers["P"], numbers["M"], (self.inputs, numbers["H"], self.outputs)
        network, N = "-".join(map(str, shape)), numbers["N"]
        both = f"JᵀJ takes {_bytes(NUMBER * P * P)}, JJᵀ {_bytes(NUMBER * M * M)}"
        said = f"{network} with {N} samples: P = {P}, N·m = {M}. {both}: "
        if P == M:
            return f"{said}they are equal."
        times = (max(P, M) / min(P, M)) ** 2
        ratio = f"{times:.2g}" if times < 100 else f"{times:.0f}"
        return f"{said}{'JJᵀ' if M < P else 'JᵀJ'} is the smaller, by a factor of {ratio}."

    def rows(self, numbers):
        """Return name, shape and bytes of each."""
        sides = numbers["sides"].items()
        rows = [(name, high, wide, NUMBER * wide * high) for name, (wide, high) in sides]
        return [("matrix", "rows", "columns", "bytes"), *rows]


class RoutePrices(Scene):
    """The time of one step against P, for each route to it, as counted; dots are measured.

    A line ends where its arrays no longer fit into `memory` bytes; beyond that it is faint. `speed`
    is in multiplications a second. `measured` holds rows (inputs, hidden, outputs, samples, route,
    seconds). `guess` is the P from which the learner expects the route samples to be the cheapest.
    Raises TypeError or ValueError for anything else.
    """

    controls = {
        "hidden": _hidden(),
        "inputs": Control.choice(INPUTS, "inputs", INPUTS.index(784)),
        "samples": _samples(),
        "outputs": Control.choice(OUTPUTS, "outputs", OUTPUTS.index(10)),
    }

    def __init__(self, guess=UNASKED, measured=(), speed=1e10, memory=16e9):
        guess = self.asked(guess)
        self.guess = None if guess is None else positive("guess", guess)
        self.speed, self.memory = positive("speed", speed), positive("memory", memory)
        self.measured = {}
        for inputs, hidden, outputs, samples, route, seconds in measured:
            place = inputs, outputs, samples, one_of("route", route, tuple(COLOURS))
            dot = n_parameters(inputs, hidden, outputs), positive("seconds", seconds)
            self.measured.setdefault(place, []).append(dot)
        self.H = np.unique(np.geomspace(1, MOST_HIDDEN, 60).round().astype(int))

    def compute(self, hidden, inputs, samples, outputs):
        """Return P and the prices for every width, and the P from which samples is the cheapest.

        `lines` holds seconds and bytes for each route; `here` is P and the prices of this network.
        """
        n, N, m, H = INPUTS[inputs], SAMPLES[samples], OUTPUTS[outputs], round(hidden)
        P = np.array([n_parameters(n, int(h), m) for h in self.H])
        priced = [prices([(n, int(h)), (int(h), m)], N, m) for h in self.H]
        lines = {route: self._line([p[route] for p in priced]) for route in COLOURS}
        seconds = np.array([lines[route][0] for route in COLOURS])
        cheapest = np.argmin(seconds, axis=0) == list(COLOURS).index("samples")
        return {
            "shape": (n, H, m),
            "N": N,
            "P": P,
            "lines": lines,
            "here": (n_parameters(n, H, m), prices([(n, H), (H, m)], N, m)),
            "turn": int(P[np.argmax(cheapest)]) if cheapest.any() else None,
            "dots": {route: self.measured.get((n, m, N, route), []) for route in COLOURS},
        }

    def _line(self, priced):
        """Return seconds and bytes of these prices, (2, n)."""
        return np.array([(price.time / self.speed, price.nbytes) for price in priced]).T

    def still(self, picture):
        """Draw axes and legend, with times that everybody knows; return lines, dots and guess."""
        axes, look = picture.subplots(), picture.look
        axes.set(xscale="log", yscale="log", xlim=(2, 4e6), ylim=(3e-5, 1e10))
        label(axes, "P, number of parameters", "one step")
        axes.set_yticks(list(TICKS), list(TICKS.values()))
        axes.minorticks_off()
        axes.grid(axis="y", color=GREY, alpha=0.3)
        moving = {"here": axes.axvline(1, color=GREY, linewidth=look["line"] / 2)}
        for route in COLOURS:
            moving |= self._route(axes, route)
        ring = {"color": BLACK, "markerfacecolor": "none", "markeredgewidth": look["line"]}
        ring |= {"markersize": 1.6 * look["marker"], "zorder": 5}
        (moving["guess"],) = axes.plot([], [], "D", **ring)
        # Above the axes: inside them the line at P would strike it out.
        above = {"loc": "outside upper center", "ncols": 3, "frameon": False}
        picture.legend(fontsize=look["text"], **above)
        return moving

    def _route(self, axes, route):
        """Return a route's line, the same beyond the memory, and its dots."""
        look = axes.figure.look
        dots = {"color": COLOURS[route], "marker": MARKERS[route], "markeredgecolor": BLACK}
        dots |= {"markersize": look["marker"], "linestyle": ""}
        line = {"linestyle": DASHES[route], "linewidth": look["line"]}
        moving = {
            f"{route} far": axes.plot([], [], color=COLOURS[route], alpha=0.3, **line)[0],
            route: axes.plot([], [], color=COLOURS[route], **line)[0],
            f"{route} dots": axes.plot([], [], **dots)[0],
        }
        axes.plot([], [], label=route, **dots | line)
        return moving

    def move(self, artists, numbers):
        """Set the lines, faint where memory ends, the dots, this network's P, and the guess."""
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
        """Return the three prices here, and where samples becomes the cheapest."""
        (P, priced), N, m = numbers["here"], numbers["N"], numbers["shape"][2]
        network = "-".join(map(str, numbers["shape"]))
        best = min(priced.values(), key=attrgetter("time"))
        told = [f"{r} {_time(p.time / self.speed)}, {_bytes(p.nbytes)}" for r, p in priced.items()]
        said = f"{network}, {N} samples: P = {P}, N·m = {N * m}. "
        said += f"One step: {'; '.join(told)}. Cheapest: {best.route}. "
        if numbers["turn"] is None:
            return said + "Samples is nowhere the cheapest."
        said += f"Samples is the cheapest from P = {numbers['turn']} on."
        return said if self.guess is None else said + self._told(numbers["turn"])

    def _told(self, turn):
        """Return how far the guess was from there."""
        said, off = f" You said {self.guess:.4g}", self.guess / turn
        if 0.5 <= off <= 2:
            return f"{said}: within a factor of two."
        return f"{said}: {max(off, 1 / off):.2g} times too {'many' if off > 1 else 'few'}."

    def rows(self, numbers):
        """Return route, seconds and bytes of this network."""
        priced = numbers["here"][1].values()
        rows = [(price.route, price.time / self.speed, price.nbytes) for price in priced]
        return [("route", "seconds", "bytes"), *rows]


def n_parameters(inputs, hidden, outputs):
    """Return P of inputs-hidden-outputs."""
    return (inputs + 1) * hidden + (hidden + 1) * outputs


def _time(seconds):
    """Return two digits and a unit."""
    for name, unit in UNITS:
        if seconds >= unit:
            return f"{_two(seconds / unit)} {name}"
    return "below 1 ms"


def _bytes(nbytes):
    for name, unit in SIZES:
        if nbytes >= unit:
            return f"{_two(nbytes / unit)} {name}"
    return f"{nbytes:.0f} bytes"


def _two(x):
    """Return two significant digits, without an exponent."""
    return f"{x:.2g}" if x < 99.5 else f"{round(x, 1 - math.floor(math.log10(x))):.0f}"
