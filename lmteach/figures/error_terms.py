"""Lesson 04: how columns become rows, and a network with its values and error terms, layer by layer."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from ..checks import as_floats, instance, is_real
from ..layers import Input, Tanh
from ..network import Network
from .picture import BLACK, GREY, VERMILION
from .scene import Control, Scene

ORANGE, SKY = "#FBE3B5", "#CDE8F8"  # Okabe & Ito's, made pale: black text stands on them
ASLEEP = "#C0C0C0"  # edges that are not in use
LOW, HIGH = (
    0.66,
    0.88,
)  # room below the boxes and above the tallest layer, in distances between units
WIDE = ((-1, -0.45), (1, -0.45), (1, 0.45), (-1, 0.45))  # as a marker, room for a number on an edge
MIDDLE = {"ha": "center", "va": "center"}


class ColumnsAndRows(Scene):
    """One sample as on paper, W aᵢ + b = zᵢ in columns, and the same sample as a row of a @ W.T + b = z.

    `W` is (n_l, n_{l−1}) with at most 4 rows and 3 columns, `b` is (n_l,), `a` holds two samples, (2, n_{l−1}).
    """

    controls = {"sample": Control(0, 1, 0, "sample", whole=True)}

    def __init__(self, W=None, b=None, a=None):
        W = [[1, 0, 2], [0, 1, -1], [2, 1, 0], [1, -1, 1]] if W is None else W
        self.W = as_floats("W", W, 2)
        n, n_in = self.W.shape
        if n > 4 or n_in > 3:
            raise ValueError(
                f"W has shape {self.W.shape}: expected at most 4 rows and 3 columns, to be readable"
            )
        self.b = as_floats("b", [0, 1, -1, 2][:n] if b is None else b, 1, (n,))
        self.a = as_floats(
            "a", [[1, 2, 0][:n_in], [0, 1, 3][:n_in]] if a is None else a, 2, (2, n_in)
        )
        self.z = self.a @ self.W.T + self.b

    def compute(self, sample):
        """The sample as a column, and what the layer makes of it."""
        return {"sample": sample, "a": self.a[sample], "z": self.W @ self.a[sample] + self.b}

    def still(self, picture):
        """All tables; the columns of the chosen sample are returned, and the frames around its rows."""
        axes, text = picture.subplots(), picture.look["text"]
        n, n_in = self.W.shape
        paper, arrays = (
            1.6 + n / 2,
            n + 3.8 + n_in / 2,
        )  # heights of the middle of both lines of tables
        _table(axes, 0, paper, self.W, "W", text)
        a = _table(axes, n_in + 0.6, paper, self.a[:1].T, "aᵢ", text)
        _table(axes, n_in + 2.8, paper, self.b[:, None], "b", text, "+")
        z = _table(axes, n_in + 5.0, paper, self.z[:1].T, "zᵢ", text, "=")
        places = self._arrays(axes, arrays, text)
        frames = [
            Rectangle((place, 0), w, 1, fill=False, zorder=4)
            for place, w in zip(places, (n_in, n), strict=True)
        ]
        for frame in frames:
            axes.add_patch(frame).set(edgecolor=BLACK, linewidth=1.3 * picture.look["line"])
        said = axes.text(0, -0.1, "", size=text, va="center")
        axes.text(0, n + 2.3, "In arrays, every sample is a row.", size=text, va="center")
        axes.set(
            xlim=(-0.2, places[1] + n + 0.2), ylim=(arrays + n_in / 2 + 0.3, -0.6), aspect="equal"
        )
        axes.set_axis_off()
        return {"a": a, "z": z, "frames": frames, "said": said, "top": arrays - 1}

    def _arrays(self, axes, middle, text):
        """a @ W.T + b = z, both samples in their colours; returns where a and z begin."""
        n, n_in = self.W.shape
        x = np.cumsum([0, n_in + 1.2, n + 1.2, n + 1.2])
        a = _table(axes, x[0], middle, self.a, "a", text)
        _table(axes, x[1], middle, self.W.T, "W.T", text, "@")
        _table(axes, x[2], middle, self.b[None], "b", text, "+")
        z = _table(axes, x[3], middle, self.z, "z", text, "=")
        for row, colour in zip(range(2), (ORANGE, SKY), strict=True):
            for cell in [*a["cells"][row], *z["cells"][row]]:
                cell.set_facecolor(colour)
        return x[0], x[3]

    def move(self, artists, numbers):
        """The chosen sample in the columns, in its colour, and the frames around its rows."""
        i = numbers["sample"]
        artists["said"].set_text(f"On paper, sample {i} is a column.")
        for name in ("a", "z"):
            for line, cells, value in zip(
                artists[name]["texts"], artists[name]["cells"], numbers[name], strict=True
            ):
                line[0].set_text(_short(value))
                cells[0].set_facecolor((ORANGE, SKY)[i])
        for frame in artists["frames"]:
            frame.set_y(artists["top"] + i)

    def sentence(self, numbers):
        """Both readings of the sample, with its numbers."""
        i, a, z = numbers["sample"], _listed(numbers["a"]), _listed(numbers["z"])
        return f"Sample {i}: the column a = {a} becomes the column z = {z}; in the arrays both are row {i}."

    def rows(self, numbers):
        """The entries of a and z."""
        entries = [(name, j, float(v)) for name in ("a", "z") for j, v in enumerate(numbers[name])]
        return [("table", "column", "value"), *entries]


class NetworkValues(Scene):
    """One sample on its way: activations forwards, error terms backwards, and the gradient, layer by layer.

    `network` has 1 or 2 layers after the input and at most 2 units a layer; `theta` is its θ; `x` and `y` are one
    sample. `guess` is a prediction of δ¹₁, the error term of the upper unit of layer 1. Stage 0 shows the inputs; then
    it goes forwards, then backwards, and the last stage shows the derivative of F with respect to every weight and
    bias.
    """

    controls = {"stage": Control(0, 5, 0, "stage", whole=True, play=True)}

    def __init__(self, network=None, theta=None, x=None, y=None, guess=None):
        if network is None:
            network = Input(2) >> Tanh(2) >> Tanh(2)
            theta = (
                [0.5, -1, 0.8, 0.6, 0.4, -0.3, 0.9, -0.4, -0.7, 1.1, 0.1, 0.2]
                if theta is None
                else theta
            )
            x, y = [1, 0.5] if x is None else x, [0.7, -0.5] if y is None else y
        instance("network", network, Network, "a Network, such as Input(2) >> Tanh(2) >> Tanh(2)")
        self.network, self.L = network, len(network.layers)
        self.sizes = [network.n_inputs, *(layer.size for layer in network.layers)]
        if self.L not in (1, 2) or max(self.sizes) > 2:
            raise ValueError(
                f"network is {network!r}: expected 1 or 2 layers after the input, of at most 2 units each"
            )
        self.theta = as_floats(
            "theta", network.theta if theta is None else theta, 1, (network.n_parameters,)
        )
        if guess is not None and not is_real(guess):
            raise TypeError(f"guess = {guess!r}: expected a number, or None")
        if guess is not None and not math.isfinite(guess):
            raise ValueError(f"guess = {guess!r}: expected a finite number, or None")
        self.guess = guess
        self.controls = {"stage": replace(self.controls["stage"], high=2 * self.L + 1)}
        self._run(as_floats("x", x, 1, (self.sizes[0],)), as_floats("y", y, 1, (self.sizes[-1],)))

    def _run(self, x, y):
        activations = self.network.forward(x[None], self.theta)
        self.y, self.r = y, activations[-1][0] - y
        deltas = self.network.error_terms(activations, self.r, self.theta)
        self.g = self.network.gradient(activations, deltas)
        self.a, self.delta = [a[0] for a in activations], [delta[0] for delta in deltas]

    def compute(self, stage):
        """What is known at that stage: a from layer 0 forwards, δ by its layer from L backwards, None what is not."""
        forward, backward = min(stage, self.L), max(self._backward(stage), 1)
        return {
            "stage": stage,
            "a": self.a[: forward + 1],
            "r": self.r if stage >= self.L else None,
            "delta": {layer: self.delta[layer - 1] for layer in range(backward, self.L + 1)},
            "gradient": self.g if stage > 2 * self.L else None,
        }

    def still(self, picture):
        """Targets and names; returns edges, units and boxes, which stand above the edges, with all their numbers."""
        axes, text = picture.subplots(), picture.look["text"]
        line, top, named = picture.look["line"], max(self.sizes), MIDDLE | {"size": text}
        places = [
            (layer, self._height(layer, j)) for layer, n in enumerate(self.sizes) for j in range(n)
        ]
        points = (
            72 * picture.look["figsize"][1] / (top + LOW + HIGH)
        )  # between two units of a layer
        above = 2.7 * text / points  # a unit's radius and a line of text
        for layer in range(self.L + 1):
            axes.text(layer, -0.5, f"layer {layer}" if layer else "input", **named)
        axes.set(xlim=(-0.3, self.L + 0.9), ylim=(-LOW, top + HIGH))
        axes.set_axis_off()
        wide = {"linestyle": "", "color": "white", "marker": WIDE, "markeredgewidth": 0}
        hollow = {"facecolor": "white", "edgecolor": BLACK, "linestyle": "--", "pad": 2}
        return {
            "lines": axes.add_collection(
                LineCollection(self._edges(), linewidths=line / 2, zorder=0)
            ),
            "gaps": axes.plot(
                *np.transpose([self._along(edge) for edge in self._edges()]), zorder=0.5, **wide
            )[0],
            "boxes": axes.plot(
                range(self.L), [0] * self.L, "s", ms=1.9 * text, mec=GREY, mfc="white"
            ),
            "ones": [axes.text(layer, 0, "1", zorder=3, **named) for layer in range(self.L)],
            "units": axes.scatter(
                *np.transpose(places), s=(3.6 * text) ** 2, linewidths=line, zorder=2
            ),
            "values": [axes.text(*place, "", zorder=3, **named) for place in places],
            "delta": [
                axes.text(x, height + above, "", color=VERMILION, **named)
                for x, height in places
                if x
            ],
            "numbers": [
                axes.text(*self._along(edge), "", zorder=1, **named) for edge in self._edges()
            ],
            "r": self._targets(axes, text, 0.55 * above),
            "guess": axes.text(
                0.45, self._height(1, 0) + above, "", visible=False, bbox=hollow, **named
            ),
            "title": axes.text(-0.25, top + HIGH, "", size=text + 1, va="top"),
        }

    def _targets(self, axes, text, apart):
        """y beside every output; returns the texts for r below them."""
        beside, below = {"size": text, "va": "center"}, []
        for k, y in enumerate(self.y):
            height = self._height(self.L, k)
            axes.text(self.L + 0.25, height + apart, f"y = {y:.2f}", **beside)
            below.append(axes.text(self.L + 0.25, height - apart, "", **beside))
        return below

    def move(self, artists, numbers):
        """Show what is known, and in colour the edges that the last stage used."""
        stage, layers = numbers["stage"], np.repeat(np.arange(self.L + 1), self.sizes)
        values, deltas = np.concatenate(self.a), np.concatenate(self.delta)
        for artist, value, layer in zip(artists["values"], values, layers, strict=True):
            artist.set_text(f"{value:.2f}" if layer < len(numbers["a"]) else "")
        for artist, delta, layer in zip(
            artists["delta"], deltas, layers[self.sizes[0] :], strict=True
        ):
            artist.set_text(f"δ = {delta + 0.0:.2f}" if layer in numbers["delta"] else "")
        for artist, r in zip(artists["r"], self.r, strict=True):
            artist.set_text("" if numbers["r"] is None else f"r = {r:.2f}")
        artists["units"].set_facecolor(
            [SKY if layer < len(numbers["a"]) else "white" for layer in layers]
        )
        artists["units"].set_edgecolor(
            [VERMILION if layer in numbers["delta"] else BLACK for layer in layers]
        )
        seen = self.guess is not None and 1 in numbers["delta"]
        artists["guess"].set(visible=seen, text=f"you: {self.guess:.2f}" if seen else "")
        artists["title"].set_text(self._title(stage))
        self._move_edges(artists, numbers)

    def _move_edges(self, artists, numbers):
        """The weights, or in the end the derivatives."""
        stage, last = numbers["stage"], numbers["gradient"] is not None
        texts = [f"{v:.2f}" for v in self.g] if last else [_weight(v) for v in self.theta]
        for artist, text in zip(artists["numbers"], texts, strict=True):
            artist.set(text=text, color=VERMILION if last else BLACK)
        longest = 0.1 + 0.56 * max(map(len, texts))  # in letters' heights
        artists["gaps"].set_markersize(longest * artists["numbers"][0].get_size())
        colours = []
        for (layer, height), _ in self._edges():
            back = last or (stage > self.L and layer == self._backward(stage) and height > 0)
            colours.append(VERMILION if back else BLACK if layer == stage - 1 else ASLEEP)
        artists["lines"].set_color(colours)

    def sentence(self, numbers):
        """The layer that was just computed, in numbers; at δ¹ also how far off the guess was."""
        stage, layer = numbers["stage"], self._backward(numbers["stage"])
        said = f"Stage {stage} of {2 * self.L + 1}, {self._title(stage)}: "
        if stage <= self.L:
            end = (
                f", so r = {_listed(self.r)} and F = {self.r @ self.r / 2:.3g}"
                if stage == self.L
                else ""
            )
            return f"{said}{'x' if stage == 0 else 'a'} = {_listed(self.a[stage])}{end}."
        if stage > 2 * self.L:
            first = _listed(self.g[: self.sizes[1] * self.sizes[0]])
            return (
                f"{said}δ at its end times a at its start. For W of layer 1, row by row, {first}."
            )
        said += f"δ = {_listed(self.delta[layer - 1])}."
        if self.guess is None or layer > 1:
            return said
        away = abs(self.delta[0][0] - self.guess)
        return f"{said} You said {self.guess:.3g} for the upper unit: {away:.2g} away."

    def rows(self, numbers):
        """What is known of every unit, and in the end of every parameter, in θ's order."""
        known = [("a", layer, a) for layer, a in enumerate(numbers["a"])]
        known += [("delta", layer, delta) for layer, delta in numbers["delta"].items()]
        known += [] if numbers["gradient"] is None else [("gradient", "all", numbers["gradient"])]
        entries = [
            (what, layer, j, float(v))
            for what, layer, values in known
            for j, v in enumerate(values, 1)
        ]
        return [("what", "layer", "number", "value"), *entries]

    def _title(self, stage):
        if stage > 2 * self.L:
            return "the gradient, one number for each edge"
        back = f"backwards, layer {self._backward(stage)}"
        return (
            "the inputs" if stage == 0 else f"forwards, layer {stage}" if stage <= self.L else back
        )

    def _backward(self, stage):
        """The layer whose δ that stage computes."""
        return 2 * self.L + 1 - stage

    def _height(self, layer, unit):
        """Units from top to bottom, around the middle of the tallest layer; biases stand at 0."""
        return (max(self.sizes) + self.sizes[layer]) / 2 - unit

    def _edges(self):
        """(start, end) of every weight and bias, in θ's order."""
        ends = []
        for layer, (n_in, n) in enumerate(pairwise(self.sizes)):
            units = [(layer + 1, self._height(layer + 1, j)) for j in range(n)]
            ends += [((layer, self._height(layer, k)), unit) for unit in units for k in range(n_in)]
            ends += [((layer, 0), unit) for unit in units]
        return ends

    def _along(self, edge):
        """The place of an edge's number, 0.4 of the way along: there no two of them meet."""
        return tuple(np.array([0.6, 0.4]) @ np.array(edge))


def _table(axes, x, middle, values, name, text, sign=""):
    """A table of numbers in unit cells from x on, around a middle height, with its name above and a sign before."""
    n, width = values.shape
    top, named = middle - n / 2, MIDDLE | {"size": text}
    cells, texts = [], []
    for i, row in enumerate(values):
        corners = [(x + j, top + i) for j in range(width)]
        cells.append(
            [
                axes.add_patch(Rectangle(at, 1, 1, facecolor="white", edgecolor=GREY))
                for at in corners
            ]
        )
        texts.append(
            [
                axes.text(u + 0.5, v + 0.5, _short(e), **named)
                for (u, v), e in zip(corners, row, strict=True)
            ]
        )
    axes.text(x + width / 2, top - 0.45, name, **named)
    axes.text(x - 0.6, middle, sign, **named)
    return {"cells": cells, "texts": texts}


def _weight(value):
    """At most two decimals: more would not fit between two units."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _short(value):
    return f"{value + 0.0:.3g}"  # no minus before a zero


def _listed(values):
    return _short(values[0]) if len(values) == 1 else "(" + ", ".join(map(_short, values)) + ")"
