"""Lesson 05: J of a network as a heat map, with sample, output, weight and factors of one cell."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ..checks import as_finite, at_least, instance
from ..layers import Input, Tanh
from ..network_fit import NetworkFit
from .picture import BLACK, GREY, VERMILION
from .scene import UNASKED, Control, Handle, Scene

BLUE_WHITE_VERMILION = LinearSegmentedColormap.from_list("J", ["#0072B2", "#FFFFFF", VERMILION])
THETA = (0.5, -0.4, 0.3, 0.8, 0.1, -0.2, 0.7, -0.6, -0.5, 0.9, 0.2, -0.1)
X, Y = ((1.0, 0.5), (-1.0, 1.0), (0.5, -1.5)), ((0.5, -0.5), (0.0, 1.0), (-1.0, 0.2))
DARK = "#404040"  # dots and dashes, for readers who see no colours
MOST_NAMES = 12  # rows or columns that have space for a name each
MOST_DOTS = 40  # rows or columns that have space for a dot in a cell
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class JacobianMap(Scene):
    """J = ∂r/∂θ of a network, (N·m, P), as colours; one cell is S · a for a weight, S for a bias.

    `problem` is a NetworkFit, the lesson's 2-2-2 network with 3 samples unless given; `theta` is
    its θ, the network's own unless given. `guess` holds the columns in which the reader expects
    row 0 to be zero.
    """

    controls = {
        "row": Control(0, 5, 0, "row", whole=True),
        "column": Control(0, 11, 0, "column", whole=True),
    }

    def __init__(self, problem=None, theta=None, guess=UNASKED):
        guess = self.asked(guess)
        if problem is None:
            problem, theta = lesson_problem(), THETA if theta is None else theta
        network = instance("problem", problem, NetworkFit, "a NetworkFit").network
        theta = network.theta if theta is None else theta
        theta = as_finite("theta", theta, 1, (network.n_parameters,))
        self.a, self.shapes = network.forward(problem.X, theta), network.shapes
        self.S, self.J = network.sensitivities(self.a, theta), problem.linearize(theta).J
        self.guess = None if guess is None else self._columns(guess)
        n_rows, n_columns = self.J.shape
        self.controls = {
            "row": Control(0, n_rows - 1, 0, "row", whole=True),
            "column": Control(0, n_columns - 1, 0, "column", whole=True),
        }

    touched = (Handle("cell", "column", "row", "cell of J"),)

    def compute(self, row, column):
        """Return the sample and output of the row, the column's parameter, and S, a and J there.

        `input` is None for a bias. `elsewhere` tells that J is 0 because the parameter belongs to
        another output.
        """
        i, k = divmod(row, self.S[0].shape[1])
        layer, j, p = self._place(column)
        S = float(self.S[layer - 1][i, k, j])
        a = 1.0 if p is None else float(self.a[layer - 1][i, p])
        elsewhere = layer == len(self.S) and j != k and S == 0
        numbers = {"row": row, "column": column, "sample": i, "output": k}
        numbers |= {"layer": layer, "unit": j, "input": p, "elsewhere": elsewhere}
        return numbers | {"S": S, "a": a, "J": float(self.J[row, column])}

    def still(self, picture):
        """Draw the map, the borders of its blocks and the guess; return the frames and a text."""
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
        # Above the names of the blocks; without y, a title looks for a place of its own.
        title = axes.set_title(" ", size=size, pad=1.9 * size, y=1.0)
        return artists | {"text": title}

    def move(self, artists, numbers):
        """Set the frames around the picked cell, and say what stands in it."""
        row, column = numbers["row"] - 0.5, numbers["column"] - 0.5
        artists["row"].set_y(row)
        artists["column"].set_x(column)
        artists["cell"].set_xy((column, row))
        artists["text"].set_text(f"J[{numbers['row']}, {numbers['column']}] = {_value(numbers)}")

    def sentence(self, numbers):
        """Return the cell's sample, output, parameter and value, and how good the guess was."""
        n, name = numbers, _name(numbers)
        entry = f"b[{n['unit']}]" if n["input"] is None else f"W[{n['unit']}, {n['input']}]"
        said = (
            f"Row {n['row']} is sample {n['sample']}, output {n['output']}; "
            f"column {n['column']} is {name} ({entry} of layer {n['layer']}): J = {_value(n)}"
        )
        if numbers["elsewhere"]:
            said += f", because {name} leads to output {numbers['unit']} alone"
        return f"{said}.{self._judged()}"

    def rows(self, numbers):
        """Return column, parameter, layer, S, a and J of every cell of the picked row."""
        cells = [self.compute(numbers["row"], column) for column in range(self.J.shape[1])]
        table = [(c["column"], _name(c), c["layer"], c["S"], c["a"], c["J"]) for c in cells]
        return [("column", "parameter", "layer", "S", "a", "J"), *table]

    def _columns(self, guess):
        """Return the guessed columns, sorted, each once."""
        if not isinstance(guess, (tuple, list, set, np.ndarray)):
            guess = [guess]
        columns = sorted({at_least("a column of guess", column, 0) for column in guess})
        if columns and columns[-1] >= self.J.shape[1]:
            last = self.J.shape[1] - 1
            raise ValueError(f"guess holds column {columns[-1]}: expected columns from 0 to {last}")
        return columns

    def _judged(self):
        """Return in words how many of row 0's zeros the guess found."""
        if self.guess is None:
            return ""
        zeros, guessed = set(np.flatnonzero(self.J[0] == 0)), set(self.guess)
        wrong, beside = len(guessed - zeros), "nothing else"
        if wrong:
            beside = f"{wrong} that {'is' if wrong == 1 else 'are'} not zero"
        named = f" Of the {len(zeros)} zeros in row 0 you named {len(zeros & guessed)}"
        return f"{named}, and {beside}."

    def _place(self, column):
        """Return (layer, unit j, input p) of a column; p is None for a bias."""
        for layer, (n_out, n_in) in enumerate(self.shapes, 1):
            if column < n_out * n_in:
                return layer, *divmod(column, n_in)
            if column < n_out * (n_in + 1):
                return layer, column - n_out * n_in, None
            column -= n_out * (n_in + 1)
        raise IndexError(column)

    def _borders(self, axes, look):
        """Draw lines between samples, thicker ones between blocks, and the blocks' names."""
        (n_rows, n_columns), m, stop = self.J.shape, self.S[0].shape[1], 0
        if n_rows <= MOST_DOTS:
            heights = np.arange(m, n_rows, m) - 0.5
            axes.hlines(heights, -0.5, n_columns - 0.5, color=GREY, linewidth=0.8)
        for layer, (n_out, n_in) in enumerate(self.shapes, 1):
            for letter, width in (("W", n_out * n_in), ("b", n_out)):
                middle, stop = stop + width / 2 - 0.5, stop + width
                axes.axvline(stop - 0.5, color=BLACK, linewidth=look["line"] / 2)
                axes.annotate(
                    f"${letter}^{{{layer}}}$", (middle, 1), (0, 3), ("data", "axes fraction"),
                    textcoords="offset points", ha="center", va="bottom", size=look["text"] + 1,
                )  # fmt: skip

    def _names(self, axes, size):
        """Name every row and column where there is space for it, else number some of them."""
        axes.tick_params(labelsize=size)
        rows, columns = map(range, self.J.shape)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if len(columns) <= MOST_NAMES:
            names = [f"{column}\n{_math(*self._place(column))}" for column in columns]
            axes.set_xticks(columns, names)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("row", size=size)
        if len(rows) <= MOST_NAMES:
            m = self.S[0].shape[1]
            axes.set_yticks(rows, [f"{row}: {row // m}, {row % m}" for row in rows])
            axes.set_ylabel("row: sample, output", size=size)

    def _marks(self, axes, look):
        """Draw dots where J is 0, dashes where it is negative, and rings at the guess."""
        told, dark = ["column"], {"color": DARK, "mew": look["line"] / 1.5}
        kinds = (
            ("dots: exactly 0", self.J == 0, "o", 0.5),
            ("dashes: below 0", self.J < 0, "_", 1.2),
        )
        for words, where, mark, size in kinds if max(self.J.shape) <= MOST_DOTS else ():
            rows, columns = np.nonzero(where)
            if len(rows):
                axes.plot(columns, rows, mark, markersize=size * look["marker"], **dark)
                told.append(words)
        if self.guess is not None:
            ring = {"markersize": 2.5 * look["marker"], "markeredgewidth": look["line"]}
            axes.plot(self.guess, [0] * len(self.guess), "o", mfc="none", color=BLACK, **ring)
            told.append("rings: your guess")
        axes.set_xlabel("; ".join(told), size=look["text"])


def lesson_problem():
    """Return the network fit of lesson 05: 2-2-2, tanh in both layers, 3 samples."""
    network = Input(2) >> Tanh(2) >> Tanh(2)
    network.theta = np.array(THETA)
    return NetworkFit(network, np.array(X), np.array(Y))


def _value(numbers):
    """Return the cell's value, for a weight with its two factors."""
    if numbers["input"] is None:
        return f"S = {numbers['J']:.3g}"
    return f"S · a = {_signed(numbers['S'])} × {_signed(numbers['a'])} = {numbers['J'] + 0:.3g}"


def _signed(number):
    return f"({number:.3g})" if number < 0 else f"{number + 0:.3g}"


def _name(numbers):
    """Return the name of the parameter, such as w²_12 or b²_1; indices count from 1."""
    letter = "b" if numbers["input"] is None else "w"
    layer, index = str(numbers["layer"]), _index(numbers["unit"], numbers["input"])
    return f"{letter}{layer.translate(RAISED)}_{index}"


def _math(layer, unit, source):
    return f"${'b' if source is None else 'w'}^{{{layer}}}_{{{_index(unit, source)}}}$"


def _index(unit, source):
    numbers = [str(x + 1) for x in (unit, source) if x is not None]
    return "".join(numbers) if all(len(n) == 1 for n in numbers) else ",".join(numbers)
