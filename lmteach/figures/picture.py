"""A picture with a sentence and a table, and the styles that all pictures share; no pyplot.

Gradient descent, Gauss-Newton and Levenberg-Marquardt keep one colour, marker and line style
everywhere (colours: Okabe & Ito, 2008). LMTEACH_PROJECTOR=1 in the environment makes text and lines
large enough for the last row.
"""

import os
from base64 import b64encode
from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLACK, GREY, VERMILION, ORANGE, SKY = "#000000", "#767676", "#D55E00", "#E69F00", "#56B4E9"
STYLES = {
    "gradient descent": {"color": VERMILION, "marker": "s", "linestyle": ":"},
    "Gauss-Newton": {"color": "#0072B2", "marker": "^", "linestyle": "--"},
    "Levenberg-Marquardt": {"color": "#009E73", "marker": "o", "linestyle": "-"},
}
SPARE = (
    # In grey this colour is that of LM: the dashes tell them apart.
    {"color": "#CC79A7", "marker": "D", "linestyle": (0, (6, 1.5, 1, 1.5, 1, 1.5))},
    {"color": SKY, "marker": "v", "linestyle": (0, (5, 1))},
    {"color": BLACK, "marker": "", "linestyle": (0, (1, 1))},
    {"color": ORANGE, "marker": "P", "linestyle": "-."},
)
SHORT = {"GD": "gradient descent", "GN": "Gauss-Newton", "LM": "Levenberg-Marquardt"}
DESK = {"figsize": (8, 4.5), "dpi": 100, "text": 11, "line": 1.8, "marker": 6}
PROJECTOR = {"figsize": (10.24, 7.2), "dpi": 100, "text": 20, "line": 3.6, "marker": 12}


class Picture(Figure):
    """A figure that notebooks show as a PNG, with a sentence on it, `alt`, as alternative text.

    `table()` gives the numbers that it draws.
    """

    def __init__(self, look, **options):
        super().__init__(figsize=look["figsize"], dpi=look["dpi"], layout="constrained", **options)
        FigureCanvasAgg(self)
        self.look, self.alt, self._rows = look, "", []

    def describe(self, alt, rows):
        """Set the sentence and the numbers, and return the picture."""
        self.alt, self._rows = alt, rows
        return self

    def table(self):
        """Return the numbers in the picture, a list of rows; the first row names the columns."""
        return list(self._rows)

    def png(self):
        """Return the picture as bytes; the same figure gives the same bytes."""
        buffer = BytesIO()
        self.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def _repr_mimebundle_(self, **_):
        data = {"image/png": b64encode(self.png()).decode(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt}}

    def __repr__(self):
        return self.alt or "Picture, not yet drawn"

    __str__ = __repr__


def current_look():
    """Return the sizes for the desk, or for the projector if LMTEACH_PROJECTOR is 1."""
    return PROJECTOR if os.environ.get("LMTEACH_PROJECTOR") == "1" else DESK


def style(look, name):
    """Return a solver's own colour, marker and line style, in the sizes of the look."""
    return STYLES[SHORT.get(name, name)] | {"linewidth": look["line"], "markersize": look["marker"]}


def label(axes, x="", y="", title=""):
    """Set the names of the axes and the title, in the picture's text size."""
    text = axes.figure.look["text"]
    axes.set_xlabel(x, size=text)
    axes.set_ylabel(y, size=text)
    axes.set_title(title, size=text + 1)
    axes.tick_params(labelsize=text)
