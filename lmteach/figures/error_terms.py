"""Lesson 04: how columns become rows, and a network's values and error terms, layer by layer."""

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
from .scene import UNASKED, Control, Handle, Scene

ORANGE, SKY = "#FBE3B5", "#CDE8F8"  # Okabe & Ito's, made pale: black text stands on them
ASLEEP = "#C0C0C0"  # edges that are not in use
NONE = -1  # no edge is picked
LOW, HIGH = 0.66, 0.88  # below the boxes and above the tallest layer, in distances between units
WIDE = ((-1, -0.45), (1, -0.45), (1, 0.45), (-1, 0.45))  # the marker behind a number on an edge
MIDDLE = {"ha": "center", "va": "center"}
THETA = (0.5, -1, 0.8, 0.6, 0.4, -0.3, 0.9, -0.4, -0.7, 1.1, 0.1, 0.2)  # of the lesson's 2-2-2


class ColumnsAndRows(Scene):
    """One sample as on paper, a column of W aᵢ + b = zᵢ, and as a row of a @ W.T + b = z.

    `W` is (n_l, n_{l−1}) with at most 4 rows and 3 columns, `b` is (n_l,), and `a` holds two
    samples, (2, n_{l−1}).
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
        b = [0, 1, -1, 2][:n] if b is None else b
        a = [[1, 2, 0][:n_in], [0, 1, 3][:n_in]] if a is None else a
        self.b, self.a = as_floats("b", b, 1, (n,)), as_floats("a", a, 2, (2, n_in))
        self.z = self.a @ self.W.T + self.b

    def compute(self, sample):
        """Return the sample as a column, and its net inputs."""
        return {"sample": sample, "a": self.a[sample], "z": self.W @ self.a[sample] + self.b}

    def still(self, picture):
        """Draw all tables; return the columns of the chosen sample, and frames for its rows."""
        axes, text = picture.subplots(), picture.look["text"]
        n, n_in = self.W.shape
        paper, arrays = 1.6 + n / 2, n + 3.8 + n_in / 2  # heights of the middles of both equations
        columns = self._columns(axes, paper, text)
        places = self._arrays(axes, arrays, text)
        line = {"fill": False, "edgecolor": BLACK, "linewidth": 1.3 * picture.look["line"]}
        frames = [
            axes.add_patch(Rectangle((place, 0), width, 1, zorder=4, **line))
            for place, width in zip(places, (n_in, n), strict=True)
        ]
        said = axes.text(0, -0.1, "", size=text, va="center")
        axes.text(0, n + 2.3, "In arrays, every sample is a row.", size=text, va="center")
        axes.set(xlim=(-0.2, places[1] + n + 0.2), ylim=(arrays + n_in / 2 + 0.3, -0.6))
        axes.set(aspect="equal")
        axes.set_axis_off()
        return columns | {"frames": frames, "said": said, "top": arrays - 1}

    def _columns(self, axes, middle, text):
        """Draw W aᵢ + b = zᵢ; return the tables of aᵢ and zᵢ."""
        n_in = self.W.shape[1]
        _table(axes, 0, middle, self.W, "W", text)
        a = _table(axes, n_in + 0.6, middle, self.a[:1].T, "aᵢ", text)
        _table(axes, n_in + 2.8, middle, self.b[:, None], "b", text, "+")
        z = _table(axes, n_in + 5.0, middle, self.z[:1].T, "zᵢ", text, "=")
        return {"a": a, "z": z}

    def _arrays(self, axes, middle, text):
        """Draw a @ W.T + b = z, both samples in their colours; return where a and z begin."""
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
        """Set the chosen sample in the columns, in its colour, and the frames on its rows."""
        i = numbers["sample"]
        artists["said"].set_text(f"On paper, sample {i} is a column.")
        for name in ("a", "z"):
            table = artists[name]
            for (text,), value in zip(table["texts"], numbers[name], strict=True):
                text.set_text(_short(value))
            for (cell,) in table["cells"]:
                cell.set_facecolor((ORANGE, SKY)[i])
        for frame in artists["frames"]:
            frame.set_y(artists["top"] + i)

    def sentence(self, numbers):
        """Return both readings of the sample, with its numbers."""
        i, a, z = numbers["sample"], _listed(numbers["a"]), _listed(numbers["z"])
        columns = f"the column a = {a} becomes the column z = {z}"
        return f"Sample {i}: {columns}; in the arrays both are row {i}."

    def rows(self, numbers):
        """Return the entries of a and z."""
        entries = [(name, j, float(v)) for name in ("a", "z") for j, v in enumerate(numbers[name])]
        return [("table", "column", "value"), *entries]


class NetworkValues(Scene):
    """One sample, layer by layer: activations forwards, error terms backwards, then the gradient.

    `network` has 1 or 2 layers after the input and at most 2 units a layer; `theta` is its θ; `x`
    and `y` are one sample. `guess` is a prediction of δ¹₁, the error term of the upper unit of
    layer 1. Stage 0 shows the inputs; the next ones go forwards, then backwards, and the last
    one shows the derivative of F with respect to every weight and bias. An edge can be picked.
    """

    controls = {
        "stage": Control(0, 5, 0, "stage", whole=True, play=True),
        "edge": Control(NONE, 11, NONE, "place in θ", whole=True, knob=False),
    }
    touched = (Handle("picked", "edge", None, "edge or unit"),)

    def __init__(self, network=None, theta=None, x=None, y=None, guess=UNASKED):
        guess = self.asked(guess)
        if network is None:
            network = Input(2) >> Tanh(2) >> Tanh(2)
            theta = THETA if theta is None else theta
            x, y = [1, 0.5] if x is None else x, [0.7, -0.5] if y is None else y
        instance("network", network, Network, "a Network, such as Input(2) >> Tanh(2) >> Tanh(2)")
        self.network, self.L = network, len(network.layers)
        self.sizes = [network.n_inputs, *(layer.size for layer in network.layers)]
        if self.L not in (1, 2) or max(self.sizes) > 2:
            raise ValueError(
                f"network is {network!r}: expected 1 or 2 layers after the input, "
                "of at most 2 units each"
            )
        theta = network.theta if theta is None else theta
        self.theta = as_floats("theta", theta, 1, (network.n_parameters,))
        self.guess = _finite_or_none(guess)
        self.controls = {
            "stage": replace(self.controls["stage"], high=2 * self.L + 1),
            "edge": replace(self.controls["edge"], high=len(self.theta) - 1),
        }
        self._run(as_floats("x", x, 1, (self.sizes[0],)), as_floats("y", y, 1, (self.sizes[-1],)))

    def _run(self, x, y):
        activations = self.network.forward(x[None], self.theta)
        self.y, self.r = y, activations[-1][0] - y
        deltas = self.network.error_terms(activations, self.r, self.theta)
        self.g = self.network.gradient(activations, deltas)
        self.a, self.delta = [a[0] for a in activations], [delta[0] for delta in deltas]

    def place(self, handle, numbers, values):
        """Return where the number of the picked edge stands."""
        return self._along(self._edges()[max(values["edge"], 0)])

    def touch(self, handle, start, end, values):
        """Return the edge whose number is nearest; of a unit, that of its bias."""
        places = np.array([self._along(edge) for edge in self._edges()])
        key = np.allclose(start, places[max(values["edge"], 0)], rtol=0, atol=1e-9)
        if key:  # an arrow key leads to the next one in that direction
            ahead = (places - start) @ (np.array(end) - start) > 1e-9
            places = np.where(ahead[:, None], places, np.inf)
        away = np.linalg.norm(places - (start if key else end), axis=1)
        return {"edge": int(np.argmin(away)) if np.isfinite(away).any() else values["edge"]}

    def compute(self, stage, edge=NONE):
        """Return what is known at that stage, None for what is not.

        `a` is a list from layer 0 on; `delta` is a dict of layer → δ, from layer L back.
        """
        forward, backward = min(stage, self.L), max(self._backward(stage), 1)
        return {
            "stage": stage,
            "edge": edge,
            "a": self.a[: forward + 1],
            "r": self.r if stage >= self.L else None,
            "delta": {layer: self.delta[layer - 1] for layer in range(backward, self.L + 1)},
            "gradient": self.g if stage > 2 * self.L else None,
        }

    def still(self, picture):
        """Draw targets and names; return edges, units and boxes, with all their numbers."""
        axes, text, top = picture.subplots(), picture.look["text"], max(self.sizes)
        between = 72 * picture.look["figsize"][1] / (top + LOW + HIGH)  # two units, in points
        above = 2.7 * text / between  # a unit's radius and a line of text
        for layer in range(self.L + 1):
            axes.text(layer, -0.5, f"layer {layer}" if layer else "input", size=text, **MIDDLE)
        axes.set(xlim=(-0.3, self.L + 0.9), ylim=(-LOW, top + HIGH))
        axes.set_axis_off()
        moving = self._draw_edges(axes) | self._draw_units(axes, above)
        hollow = {"facecolor": "white", "edgecolor": BLACK, "linestyle": "--", "pad": 2}
        guess = axes.text(0.45, self._height(1, 0) + above, "", size=text, bbox=hollow, **MIDDLE)
        guess.set_visible(False)
        return moving | {
            "r": self._targets(axes, text, 0.55 * above),
            "guess": guess,
            "title": axes.text(-0.25, top + HIGH, "", size=text + 1, va="top"),
            "picked": self._ring(axes),
        }

    def _draw_edges(self, axes):
        """Return the lines of the edges, the gaps in them, and the numbers in the gaps."""
        look, places = axes.figure.look, [self._along(edge) for edge in self._edges()]
        lines = LineCollection(self._edges(), linewidths=look["line"] / 2, zorder=0)
        wide = {"linestyle": "", "color": "white", "marker": WIDE, "markeredgewidth": 0}
        named = MIDDLE | {"size": look["text"], "zorder": 1}
        return {
            "lines": axes.add_collection(lines),
            "gaps": axes.plot(*np.transpose(places), zorder=0.5, **wide)[0],
            "numbers": [axes.text(*place, "", **named) for place in places],
        }

    def _ring(self, axes):
        """Return a ring around the number of an edge, without a place yet."""
        look = axes.figure.look
        ring = {"mfc": "none", "color": BLACK, "mew": look["line"], "zorder": 3}
        return axes.plot([], [], "o", markersize=3 * look["text"], **ring)[0]

    def _draw_units(self, axes, above):
        """Return units, the boxes of the biases' inputs, and the texts in and above them."""
        text, line = axes.figure.look["text"], axes.figure.look["line"]
        named, inputs = MIDDLE | {"size": text}, range(self.L)
        places = [(n, self._height(n, j)) for n, size in enumerate(self.sizes) for j in range(size)]
        units = {"s": (3.6 * text) ** 2, "linewidths": line, "zorder": 2}
        boxes = {"ms": 1.9 * text, "mec": GREY, "mfc": "white"}
        deltas = [(x, height + above) for x, height in places if x]
        return {
            "boxes": axes.plot(inputs, [0] * self.L, "s", **boxes),
            "ones": [axes.text(x, 0, "1", zorder=3, **named) for x in inputs],
            "units": axes.scatter(*np.transpose(places), **units),
            "values": [axes.text(*place, "", zorder=3, **named) for place in places],
            "delta": [axes.text(*place, "", color=VERMILION, **named) for place in deltas],
        }

    def _targets(self, axes, text, apart):
        """Write y beside every output; return the texts for r below them."""
        beside, below = {"size": text, "va": "center"}, []
        for k, y in enumerate(self.y):
            height = self._height(self.L, k)
            axes.text(self.L + 0.25, height + apart, f"y = {y:.2f}", **beside)
            below.append(axes.text(self.L + 0.25, height - apart, "", **beside))
        return below

    def move(self, artists, numbers):
        """Show what is known, and in colour the edges that the last stage used."""
        layers = np.repeat(np.arange(self.L + 1), self.sizes)
        forward = [layer < len(numbers["a"]) for layer in layers]
        backward = [layer in numbers["delta"] for layer in layers]
        artists["units"].set_facecolor([SKY if seen else "white" for seen in forward])
        artists["units"].set_edgecolor([VERMILION if seen else BLACK for seen in backward])
        _write(artists["values"], "{:.2f}", np.concatenate(self.a), forward)
        deltas = np.concatenate(self.delta) + 0.0  # no minus before a zero
        _write(artists["delta"], "δ = {:.2f}", deltas, backward[self.sizes[0] :])
        _write(artists["r"], "r = {:.2f}", self.r, [numbers["r"] is not None] * len(self.r))
        if self.guess is not None:
            _write([artists["guess"]], "you: {:.2f}", [self.guess], [1 in numbers["delta"]])
            artists["guess"].set_visible(1 in numbers["delta"])
        artists["title"].set_text(self._title(numbers["stage"]))
        picked = [] if numbers["edge"] == NONE else [self._along(self._edges()[numbers["edge"]])]
        artists["picked"].set_data(*np.array(picked).reshape(-1, 2).T)
        self._move_edges(artists, numbers)

    def _move_edges(self, artists, numbers):
        """Write the weights on the edges, or in the end the derivatives, and colour the edges."""
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
        """Return what this stage has computed, what is known of the picked edge, and the guess."""
        stage = numbers["stage"]
        said = f"Stage {stage} of {2 * self.L + 1}, {self._title(stage)}: "
        if stage <= self.L:
            said += self._said_forward(stage)
        elif stage <= 2 * self.L:
            said += self._said_backward(self._backward(stage))
        else:
            first = _listed(self.g[: self.sizes[1] * self.sizes[0]])
            said += f"δ at its end times a at its start. For W of layer 1, row by row, {first}."
        return said if numbers["edge"] == NONE else f"{said} {self._said_of(numbers)}"

    def _said_of(self, numbers):
        """Return what is known of the picked edge: its weight, a at its start, δ at its end."""
        n, edge = numbers, numbers["edge"]
        layer, unit, source = self._parts(edge)
        bias = source is None
        name = f"b[{unit}]" if bias else f"W[{unit}, {source}]"
        said = f"{name} of layer {layer} is {_short(self.theta[edge])}"
        if bias or layer <= len(n["a"]):
            said += f", the input there {'1' if bias else _short(n['a'][layer - 1][source])}"
        if layer in n["delta"]:
            product = _short(self.g[edge])
            said += f", δ = {_short(n['delta'][layer][unit])}; their product ∂F/∂θ is {product}"
        return f"{said}."

    def _parts(self, edge):
        """Return (layer, unit, input) of a place in θ; the input of a bias is None."""
        layer = 1
        while edge >= self.sizes[layer] * (self.sizes[layer - 1] + 1):
            edge -= self.sizes[layer] * (self.sizes[layer - 1] + 1)
            layer += 1
        n_weights = self.sizes[layer] * self.sizes[layer - 1]
        if edge >= n_weights:
            return layer, edge - n_weights, None
        return layer, *divmod(edge, self.sizes[layer - 1])

    def _said_forward(self, stage):
        said = f"{'x' if stage == 0 else 'a'} = {_listed(self.a[stage])}"
        if stage < self.L:
            return f"{said}."
        return f"{said}, so r = {_listed(self.r)} and F = {self.r @ self.r / 2:.3g}."

    def _said_backward(self, layer):
        said = f"δ = {_listed(self.delta[layer - 1])}."
        if self.guess is None or layer > 1:
            return said
        away = abs(self.delta[0][0] - self.guess)
        return f"{said} You said {self.guess:.3g} for the upper unit: {away:.2g} away."

    def rows(self, numbers):
        """Return what is known of every unit, and in the end of every parameter, in θ's order."""
        known = [("a", layer, a) for layer, a in enumerate(numbers["a"])]
        known += [("delta", layer, delta) for layer, delta in numbers["delta"].items()]
        if numbers["gradient"] is not None:
            known += [("gradient", "all", numbers["gradient"])]
        table = [("what", "layer", "number", "value")]
        for what, layer, values in known:
            table += [(what, layer, j, float(value)) for j, value in enumerate(values, 1)]
        return table

    def _title(self, stage):
        if stage == 0:
            return "the inputs"
        if stage <= self.L:
            return f"forwards, layer {stage}"
        if stage <= 2 * self.L:
            return f"backwards, layer {self._backward(stage)}"
        return "the gradient, one number for each edge"

    def _backward(self, stage):
        """Return the layer whose δ that stage computes."""
        return 2 * self.L + 1 - stage

    def _height(self, layer, unit):
        """Return a unit's height: from top to bottom, around the middle of the tallest layer."""
        return (max(self.sizes) + self.sizes[layer]) / 2 - unit

    def _edges(self):
        """Return (start, end) of every weight and bias, in θ's order; biases start at height 0."""
        ends = []
        for layer, (n_in, n) in enumerate(pairwise(self.sizes)):
            units = [(layer + 1, self._height(layer + 1, j)) for j in range(n)]
            ends += [((layer, self._height(layer, k)), unit) for unit in units for k in range(n_in)]
            ends += [((layer, 0), unit) for unit in units]
        return ends

    def _along(self, edge):
        """Return the place of an edge's number, 0.4 of the way along: there no two edges meet."""
        return tuple(np.array([0.6, 0.4]) @ np.array(edge))


def _table(axes, x, middle, values, name, text, sign=""):
    """Draw a table of numbers in unit cells from x on, around a middle height.

    Its name stands above it, and a sign before it. Returns the cells and the texts, row by row.
    """
    n, width = values.shape
    top, named = middle - n / 2, MIDDLE | {"size": text}
    blank = {"facecolor": "white", "edgecolor": GREY}
    cells, texts = [], []
    for i, row in enumerate(values):
        places = [(x + j, top + i) for j in range(width)]
        cells.append([axes.add_patch(Rectangle(place, 1, 1, **blank)) for place in places])
        numbers = zip(places, row, strict=True)
        texts.append([axes.text(u + 0.5, v + 0.5, _short(e), **named) for (u, v), e in numbers])
    axes.text(x + width / 2, top - 0.45, name, **named)
    axes.text(x - 0.6, middle, sign, **named)
    return {"cells": cells, "texts": texts}


def _write(texts, pattern, values, seen):
    """Write each value into its text where it is seen, nothing where it is not."""
    for text, value, shown in zip(texts, values, seen, strict=True):
        text.set_text(pattern.format(value) if shown else "")


def _finite_or_none(guess):
    """Return the guess of δ¹₁ if it is a finite number or None."""
    if guess is not None and not is_real(guess):
        raise TypeError(f"guess = {guess!r}: expected a number, or None")
    if guess is not None and not math.isfinite(guess):
        raise ValueError(f"guess = {guess!r}: expected a finite number, or None")
    return guess


def _weight(value):
    """Return at most two decimals: more would not fit between two units."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _short(value):
    return f"{value + 0.0:.3g}"  # no minus before a zero


def _listed(values):
    return _short(values[0]) if len(values) == 1 else "(" + ", ".join(map(_short, values)) + ")"
