"""Lesson 10: curves that all fall, and the fingerprints of solvers: which litmus tests fail."""

import numpy as np
from matplotlib.patches import Rectangle

from ..checks import at_least, instance, one_of
from ..replicas import REPLICAS, reports_of_replicas
from .contour import SMALLEST
from .picture import BLACK, GREY, ORANGE, Picture, current_look, label
from .runs import own_style
from .scene import Control, Scene

TESTS = tuple(f"L{k}" for k in range(1, 10))
FAILED, OPEN = BLACK, "none"
WIDTH_OF_NAMES = 3.4  # in cells
MANY = 40  # points of a curve: of more, not every one has a marker


def fig_curves(curves):
    """F after every step on a logarithmic axis, for runs that are no Trace.

    `curves`: a dict of name → list of F; the names "Levenberg-Marquardt", "Gauss-Newton" and
    "gradient descent" bring their own style. Raises TypeError for anything but a dict.
    """
    instance("curves", curves, dict, "a dict of name → list of F")
    picture = Picture(current_look())
    axes = picture.subplots()
    for name, losses in curves.items():
        style = own_style(picture.look, name, curves)
        every = max(1, len(losses) // MANY * 4)
        axes.plot(np.maximum(losses, SMALLEST), label=name, markevery=every, **style)
    axes.set_yscale("log")
    axes.legend(fontsize=picture.look["text"], frameon=False)
    label(axes, "steps", "F = ½ rᵀr")
    said = "; ".join(f"{n}: F {F[0]:.1g} → {F[-1]:.1g}" for n, F in curves.items())
    rows = [("name", "step", "F"), *((n, k, f) for n, F in curves.items() for k, f in enumerate(F))]
    return picture.describe(f"F after every step, on a logarithmic axis. {said}.", rows)


class Fingerprints(Scene):
    """Litmus tests across, solvers down: a full cell is a test that failed, a dash not applicable.

    The chosen cell is framed, and the sentence under the picture says what was seen there.
    `reports`: a dict of name → report, as `litmus` gives one: its `failed` and `not_applicable`
    name tests, and each of its `results` has a name, a title and what was seen. Those of the
    lesson's replicas unless given.
    `guesses`: a dict of name → list of the tests that the learner expects to fail, drawn as rings.
    Raises TypeError or ValueError for anything else.
    """

    controls = {
        "solver": Control.choice(tuple(REPLICAS), "solver"),
        "test": Control.choice(TESTS, "test"),
    }

    def __init__(self, reports=None, guesses=None):
        reports = reports_of_replicas() if reports is None else reports
        instance("reports", reports, dict, "a dict of name → report")
        at_least("len(reports)", len(reports), 1)
        self.reports, self.names = reports, tuple(reports)
        self.guesses = _checked(guesses or {}, self.names)
        self.controls = {
            "solver": Control.choice(self.names, "solver"),
            "test": Control.choice(TESTS, "test"),
        }

    def compute(self, solver, test):
        """Which cell, what became of the test there, and what was seen."""
        report, name = self.reports[self.names[solver]], TESTS[test]
        return {
            "solver": solver,
            "test": test,
            "verdict": _verdict(report, name),
            "seen": _result(report, name).seen,
        }

    def still(self, picture):
        """The grid with its names; the frame around the chosen cell moves."""
        axes, text = picture.subplots(), picture.look["text"]
        n = len(self.names)
        axes.set(xlim=(-WIDTH_OF_NAMES, len(TESTS)), ylim=(n, -1))
        axes.axis("off")
        for k, test in enumerate(TESTS):
            axes.text(k + 0.5, -0.5, test, size=text, ha="center", va="center")
        for row, name in enumerate(self.names):
            axes.text(-0.15, row + 0.5, name, size=text, ha="right", va="center")
            for k, test in enumerate(TESTS):
                self._draw_cell(axes, row, k, _verdict(self.reports[name], test))
                if test in self.guesses.get(name, ()):
                    axes.plot(k + 0.5, row + 0.5, "o", mfc="none", **_ring(picture.look))
        frame = Rectangle((0, 0), 1, 1, fill=False, edgecolor=ORANGE, zorder=4)
        frame.set_linewidth(2 * picture.look["line"])
        return {"frame": axes.add_patch(frame)}

    def _draw_cell(self, axes, row, column, verdict):
        """Ink where the test failed, nothing where it passed, a dash where it could not be put."""
        place, inner = (column + 0.06, row + 0.06), 0.88
        colour = FAILED if verdict == "failed" else OPEN
        axes.add_patch(Rectangle(place, inner, inner, facecolor=colour, edgecolor=GREY))
        if verdict == "not applicable":
            axes.plot([column + 0.35, column + 0.65], [row + 0.5] * 2, color=GREY, marker="")

    def move(self, artists, numbers):
        """Put the frame around the chosen cell."""
        artists["frame"].set_xy((numbers["test"], numbers["solver"]))

    def sentence(self, numbers):
        """The solver, what the test asks, what became of it, and the evidence."""
        name, test = self.names[numbers["solver"]], TESTS[numbers["test"]]
        title = _result(self.reports[name], test).title
        said = f"{name}, {test} ({title}): {numbers['verdict']}."
        return f"{said} Seen: {numbers['seen']}" if numbers["seen"] else said

    def rows(self, numbers):
        """Every solver, and the tests that it fails."""
        failed = ((name, " ".join(self.reports[name].failed) or "none") for name in self.names)
        return [("solver", "fails"), *failed]


def _verdict(report, test):
    """What became of a test: failed, not applicable, or passed."""
    if test in report.failed:
        return "failed"
    return "not applicable" if test in report.not_applicable else "passed"


def _ring(look):
    return {
        "color": ORANGE,
        "markersize": 1.8 * look["marker"],
        "markeredgewidth": look["line"],
        "zorder": 5,
    }


def _checked(guesses, names):
    """The guesses, with every name and every test known."""
    instance("guesses", guesses, dict, 'a dict, such as {"A": ["L1", "L5"]}')
    for name, tests in guesses.items():
        one_of("name", name, names)
        for test in tests or ():
            one_of("test", test, TESTS)
    return {name: tuple(tests or ()) for name, tests in guesses.items()}


def _result(report, test):
    """The result of one test."""
    return next(result for result in report.results if result.name == test)
