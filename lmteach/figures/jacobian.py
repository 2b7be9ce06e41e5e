"""J of a network as a heat map: pick a cell, and read its sample, its output, its weight and its two factors."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ..checks import as_finite, at_least, instance
from ..layers import Input, Tanh
from ..network_fit import NetworkFit
from .picture import BLACK, GREY, VERMILION
from .scene import Control, Scene

BLUE_WHITE_VERMILION = LinearSegmentedColormap.from_list("J", ["#0072B2", "#FFFFFF", VERMILION])
THETA = (0.5, -0.4, 0.3, 0.8, 0.1, -0.2, 0.7, -0.6, -0.5, 0.9, 0.2, -0.1)
X, Y = ((1.0, 0.5), (-1.0, 1.0), (0.5, -1.5)), ((0.5, -0.5), (0.0, 1.0), (-1.0, 0.2))
DARK = "#404040"  # dots and dashes, for whoever sees no colours
MOST_NAMES = 12  # rows or columns that have room for a name each
MOST_DOTS = 40  # rows or columns that have room for a dot in a cell
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class JacobianMap(Scene):
    """J = ∂r/∂θ of a network, (N·m, P), as colours; the picked cell is S · a for a weight and S for a bias.

    `problem` is a NetworkFit, the lesson's 2-2-2 network with 3 samples unless given; `theta` its weights, the
    network's own unless given. `guess` holds the columns in which the reader expects row 0 to be zero.
    """

    controls = {
        "row": Control(0, 5, 0, "row", whole=True),
        "column": Control(0, 11, 0, "column", whole=True),
    }

    def __init__(self, problem=None, theta=None, guess=None):
        if problem is None:
            problem, theta = lesson_problem(), THETA if theta is None else theta
        network = instance("problem", problem, NetworkFit, "a NetworkFit").network
        theta = (
            network.theta
            if theta is None
            else as_finite("theta", theta, 1, (network.n_parameters,))
        )
        self.a, self.shapes = network.forward(problem.X, theta), network.shapes
        self.S, self.J = network.sensitivities(self.a, theta), problem.linearize(theta).J
        self.guess = None if guess is None else self._columns(guess)
        n_rows, n_columns = self.J.shape
        self.controls = {
            "row": Control(0, n_rows - 1, 0, "row", whole=True),
            "column": Control(0, n_columns - 1, 0, "column", whole=True),
        }

    def compute(self, row, column):
        """Sample i and output k of the row; layer, letter and place of the parameter; S, a and J = S · a there."""
        i, k = divmod(row, self.S[0].shape[1])
        layer, j, p = self._place(column)
        S = float(self.S[layer - 1][i, k, j])
        a = 1.0 if p is None else float(self.a[layer - 1][i, p])
        last = layer == len(self.S)
        elsewhere = last and j != k and S == 0
        numbers = {
            "row": row,
            "column": column,
            "sample": i,
            "output": k,
            "layer": layer,
            "unit": j,
            "input": p,
        }
        return numbers | {"S": S, "a": a, "J": float(self.J[row, column]), "elsewhere": elsewhere}

    def still(self, picture):
        """The map, the borders of the blocks and the rings of the guess; what moves is a frame and a line of text."""
        axes, most = picture.subplots(), abs(self.J).max() or 1.0
        image = axes.imshow(self.J, cmap=BLUE_WHITE_VERMILION, vmin=-most, vmax=most, aspect="auto")
        bar = picture.colorbar(image, ax=axes, pad=0.02)
        bar.ax.tick_params(labelsize=picture.look["text"])
        self._borders(axes, picture.look)
        self._names(axes, picture.look["text"])
        self._marks(axes, picture.look)
        lines = {"fill": False, "edgecolor": BLACK, "zorder": 4}
        strip = {**lines, "linewidth": picture.look["line"] / 2, "linestyle": ":"}
        width = picture.look["line"] * (2 if max(self.J.shape) <= MOST_DOTS else 1)
        artists = {
            "row": axes.add_patch(Rectangle((-0.5, 0), self.J.shape[1], 1, **strip)),
            "column": axes.add_patch(Rectangle((0, -0.5), 1, self.J.shape[0], **strip)),
            "cell": axes.add_patch(Rectangle((0, 0), 1, 1, linewidth=width, **lines)),
        }
        size = picture.look["text"] + 1
        place = {
            "pad": 1.9 * size,
            "y": 1.0,
        }  # above the names of the blocks; a title without y moves by itself
        return artists | {"text": axes.set_title(" ", size=size, **place)}

    def move(self, artists, numbers):
        """Frame the picked cell, and say what stands in it."""
        row, column = numbers["row"] - 0.5, numbers["column"] - 0.5
        artists["row"].set_y(row)
        artists["column"].set_x(column)
        artists["cell"].set_xy((column, row))
        artists["text"].set_text(f"J[{numbers['row']}, {numbers['column']}] = {_value(numbers)}")

    def sentence(self, numbers):
        """The picked cell's sample, output and parameter, its value, and how good the guess was."""
        name, place = _name(numbers), "" if numbers["input"] is None else f", {numbers['input']}"
        array = "b" if numbers["input"] is None else "W"
        said = (
            f"Row {numbers['row']} is sample {numbers['sample']}, output {numbers['output']}; column"
            f" {numbers['column']} is {name} ({array}[{numbers['unit']}{place}] of layer {numbers['layer']}):"
            f" J = {_value(numbers)}"
        )
        if numbers["elsewhere"]:
            said += f", because {name} leads to output {numbers['unit']} alone"
        return f"{said}.{self._judged()}"

    def rows(self, numbers):
        """Every cell of the picked row: column, parameter, layer, S, a and J."""
        cells = [self.compute(numbers["row"], column) for column in range(self.J.shape[1])]
        table = [(c["column"], _name(c), c["layer"], c["S"], c["a"], c["J"]) for c in cells]
        return [("column", "parameter", "layer", "S", "a", "J"), *table]

    def _columns(self, guess):
        """The guessed columns, sorted, each once."""
        if not isinstance(guess, (tuple, list, set, np.ndarray)):
            guess = [guess]
        columns = sorted({at_least("a column of guess", column, 0) for column in guess})
        if columns and columns[-1] >= self.J.shape[1]:
            raise ValueError(
                f"guess holds column {columns[-1]}: expected columns from 0 to {self.J.shape[1] - 1}"
            )
        return columns

    def _judged(self):
        """How many of row 0's zeros the guess found, in words."""
        if self.guess is None:
            return ""
        zeros, guessed = set(np.flatnonzero(self.J[0] == 0)), set(self.guess)
        wrong = len(guessed - zeros)
        beside = (
            "nothing else"
            if not wrong
            else f"{wrong} that {'is' if wrong == 1 else 'are'} not zero"
        )
        return (
            f" Of the {len(zeros)} zeros in row 0 you named {len(zeros & guessed)}, and {beside}."
        )

    def _place(self, column):
        """(layer, unit j, input p) of a column; p is None for a bias."""
        for layer, (n_out, n_in) in enumerate(self.shapes, 1):
            if column < n_out * n_in:
                return layer, *divmod(column, n_in)
            if column < n_out * (n_in + 1):
                return layer, column - n_out * n_in, None
            column -= n_out * (n_in + 1)
        raise IndexError(column)

    def _borders(self, axes, look):
        """A line between samples, a thicker one between blocks, and each block's name above it."""
        m, stop = self.S[0].shape[1], 0
        if len(self.J) <= MOST_DOTS:
            axes.hlines(
                np.arange(m, len(self.J), m) - 0.5,
                -0.5,
                self.J.shape[1] - 0.5,
                color=GREY,
                linewidth=0.8,
            )
        for layer, (n_out, n_in) in enumerate(self.shapes, 1):
            for letter, width in (("W", n_out * n_in), ("b", n_out)):
                middle, stop = stop + width / 2 - 0.5, stop + width
                axes.axvline(stop - 0.5, color=BLACK, linewidth=look["line"] / 2)
                axes.annotate(
                    f"${letter}^{{{layer}}}$", (middle, 1), (0, 3), ("data", "axes fraction"),
                    textcoords="offset points", ha="center", va="bottom", size=look["text"] + 1,
                )  # fmt: skip

    def _names(self, axes, size):
        """A name for every row and column where there is room, else numbers."""
        axes.tick_params(labelsize=size)
        n_rows, n_columns = self.J.shape
        if n_columns <= MOST_NAMES:
            places = [self._place(column) for column in range(n_columns)]
            axes.set_xticks(
                range(n_columns),
                [f"{column}\n{_math(*place)}" for column, place in enumerate(places)],
            )
        else:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if n_rows <= MOST_NAMES:
            m = self.S[0].shape[1]
            axes.set_yticks(
                range(n_rows), [f"{row}: {row // m}, {row % m}" for row in range(n_rows)]
            )
        else:
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("row: sample, output" if n_rows <= MOST_NAMES else "row", size=size)

    def _marks(self, axes, look):
        """Dots where J is exactly zero, dashes where it is below, rings where the guess says zero of row 0."""
        told = ["column"]
        kinds = (
            ("dots: exactly 0", self.J == 0, "o", 0.5),
            ("dashes: below 0", self.J < 0, "_", 1.2),
        )
        for words, where, mark, size in kinds if max(self.J.shape) <= MOST_DOTS else ():
            rows, columns = np.nonzero(where)
            if len(rows):
                axes.plot(
                    columns,
                    rows,
                    mark,
                    color=DARK,
                    markersize=size * look["marker"],
                    mew=look["line"] / 1.5,
                )
                told.append(words)
        if self.guess is not None:
            ring = {"markersize": 2.5 * look["marker"], "markeredgewidth": look["line"]}
            axes.plot(self.guess, [0] * len(self.guess), "o", mfc="none", color=BLACK, **ring)
            told.append("rings: your guess")
        axes.set_xlabel("; ".join(told), size=look["text"])


def lesson_problem():
    """The network of lesson 05: 2-2-2, tanh in both layers, 3 samples."""
    network = Input(2) >> Tanh(2) >> Tanh(2)
    network.theta = np.array(THETA)
    return NetworkFit(network, np.array(X), np.array(Y))


def _value(numbers):
    """The cell's value, for a weight with its two factors."""
    if numbers["input"] is None:
        return f"S = {numbers['J']:.3g}"
    return f"S · a = {_signed(numbers['S'])} × {_signed(numbers['a'])} = {numbers['J'] + 0:.3g}"


def _signed(number):
    return f"({number:.3g})" if number < 0 else f"{number + 0:.3g}"


def _name(numbers):
    """w²_12 or b²_1, as the symbols are called; their indices count from 1."""
    letter = "b" if numbers["input"] is None else "w"
    return f"{letter}{str(numbers['layer']).translate(RAISED)}_{_index(numbers['unit'], numbers['input'])}"


def _math(layer, unit, source):
    return f"${'b' if source is None else 'w'}^{{{layer}}}_{{{_index(unit, source)}}}$"


def _index(unit, source):
    numbers = [str(x + 1) for x in (unit, source) if x is not None]
    return "".join(numbers) if all(len(n) == 1 for n in numbers) else ",".join(numbers)
