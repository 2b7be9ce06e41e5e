"""The derivation on one page: a run of Levenberg-Marquardt on the 1-2-1 network, for any μ."""

from copy import copy
from itertools import islice

import numpy as np

from ..checks import as_floats, at_least, instance
from ..examples import BOOK, hagan
from ..network_fit import NetworkFit
from ..solvers import levenberg_marquardt
from .picture import BLACK, GREY, label, style
from .scene import UNASKED, Control, Handle, Scene

MOST = 60  # trials, then the run is given up
LEFT = 2  # trials: the width before the first one, for its dot
TARGET = 1e-4  # the F that ends it
LOSSES, DAMPINGS = (3e-5, 1e2), (1e-8, 1e5)  # ends of the axes; what is beyond is drawn at them


class WholeRun(Scene):
    """A network trained from θ with this first μ until F ≤ 1e-4, for at most 60 trials.

    Left: the data, and the network's output at θ and at the end; right: F and μ, trial by trial.
    The dot where μ begins can be moved.
    `problem` is a NetworkFit of one input and one output, the book's 1-2-1 network on 13 samples
    of an arch unless given. `guess` is how many trials the learner expects. Raises TypeError or
    ValueError for anything else.
    """

    controls = {"mu": Control(1e-3, 1e4, 0.1, "first μ", log=True)}
    touched = (Handle("first", None, "mu", "the dot where μ begins"),)

    def __init__(self, problem=None, theta=None, guess=UNASKED):
        guess = self.asked(guess)
        if problem is None:
            problem, theta = hagan(), BOOK if theta is None else theta
        self.problem = copy(instance("problem", problem, NetworkFit, "a NetworkFit"))
        network = self.problem.network
        if (network.n_inputs, network.n_outputs) != (1, 1):
            raise ValueError(
                f"problem has the network {network!r}: expected one input and one output"
            )
        theta = network.theta if theta is None else theta
        self.theta = np.array(as_floats("theta", theta, 1, (network.n_parameters,)))
        self.guess = None if guess is None else at_least("guess", guess, 1)
        self.x = np.linspace(self.problem.X.min(), self.problem.X.max(), 121)

    def compute(self, mu):
        """Return the trials, and F and the network's output at the end."""
        steps = levenberg_marquardt(self.problem, self.theta, mu=mu, target_loss=TARGET)
        run = list(islice(steps, MOST))
        curve = self._curve(run[-1].next_theta)
        return {"mu": mu, "run": run, "loss": run[-1].next_loss, "curve": curve}

    def _curve(self, theta):
        """Return the network's output for every x of the picture."""
        return self.problem.network.forward(self.x[:, None], theta)[-1][:, 0]

    def still(self, picture):
        """Draw the data, the first output, the axes and the legend; return what moves."""
        names = [["words", "words"], ["fit", "F"], ["fit", "mu"]]
        axes = picture.subplot_mosaic(names, height_ratios=[0.2, 1, 0.8])
        fit, F, mu = (axes[name] for name in ("fit", "F", "mu"))
        self._frame(fit, F, mu)
        line = style(picture.look, "LM") | {"marker": ""}
        centre = {"size": picture.look["text"] + 1, "ha": "center", "va": "center"}
        moving = {"curve": self._draw_fit(fit)} | self._draw_losses(F, line)
        moving["mu"] = mu.plot([], [], **line)[0]
        dot = line | {"marker": "o", "markersize": 1.4 * picture.look["marker"]}
        moving["first"] = mu.plot([], [], **dot)[0]
        moving["words"] = axes["words"].text(0.5, 0.5, "", **centre)
        _legend(picture, (fit, F))
        for artist in moving.values():
            artist.set_in_layout(False)
        return moving

    def _draw_fit(self, axes):
        """Draw the network's first output and the data; return the line of its last output."""
        look = axes.figure.look
        line, dots = {"linewidth": look["line"]}, {"color": BLACK, "markersize": look["marker"]}
        grey = {"color": GREY, "linestyle": "--"} | line
        axes.plot(self.x, self._curve(self.theta), label="at first", **grey)
        axes.plot(self.problem.X, self.problem.Y, "o", label="data", **dots)
        colour = style(look, "LM")["color"]
        return axes.plot([], [], color=colour, label="at the end", **line)[0]

    def _draw_losses(self, axes, line):
        """Draw the guess; return the line of F and the markers of the refused trials."""
        size, edge = axes.figure.look["marker"], axes.figure.look["line"]
        hollow = {"linestyle": "", "markerfacecolor": "none", "clip_on": False}
        if self.guess is not None:
            ring = hollow | {"color": BLACK, "markersize": 2 * size, "markeredgewidth": edge}
            axes.plot(min(self.guess, MOST), TARGET, "o", label="your guess", zorder=5, **ring)
        grey = hollow | {"color": GREY, "markersize": size}
        return {
            "way": axes.plot([], [], label="F, μ", **line)[0],
            "refused": axes.plot([], [], "o", label="refused", **grey)[0],
        }

    def _frame(self, fit, F, mu):
        """Set names and ends of the axes."""
        fit.figure.axes[0].axis("off")
        Y = self.problem.Y
        fit.set_ylim(Y.min() - 0.3 * np.ptp(Y), Y.max() + 0.3 * np.ptp(Y))
        label(fit, "x", "", "the network's answer")
        label(F, "", "", "F")
        label(mu, "trials", "", "μ")
        F.axhline(TARGET, color=GREY, linewidth=1)
        trials = {"xlim": (-LEFT, MOST), "xticks": range(0, MOST + 1, 20)}
        F.set(yscale="log", ylim=LOSSES, yticks=[1e-4, 1e-2, 1], **trials)
        mu.set(yscale="log", ylim=DAMPINGS, yticks=[1e-6, 1e-3, 1, 1e3], **trials)
        F.set_xticklabels([])
        for axes in (F, mu):
            axes.minorticks_off()

    def move(self, artists, numbers):
        """Set the network's last output, F and μ after each trial, and the refused F."""
        run, mu = numbers["run"], numbers["mu"]
        losses = [run[0].loss, *(step.next_loss for step in run)]
        refused = [(k, step.trial_loss) for k, step in enumerate(run, 1) if not step.accepted]
        places, heights = zip(*refused, strict=True) if refused else ((), ())
        artists["curve"].set_data(self.x, numbers["curve"])
        artists["way"].set_data(range(len(losses)), np.clip(losses, *LOSSES))
        artists["refused"].set_data(places, np.clip(np.nan_to_num(heights, nan=np.inf), *LOSSES))
        artists["mu"].set_data(range(len(run)), np.clip([step.mu for step in run], *DAMPINGS))
        artists["first"].set_data([0], [mu])
        artists["words"].set_text(f"first μ = {_three_digits(mu)}: {_ended(numbers)}")

    def sentence(self, numbers):
        """Return how the run ended, how many trials were refused, and how good the guess was."""
        run, mu = numbers["run"], _three_digits(numbers["mu"])
        refused = sum(not step.accepted for step in run)
        said = f"First μ = {mu}: {_ended(numbers)}, {refused} of them refused."
        if self.guess is None:
            return said
        truth = str(len(run)) if numbers["loss"] <= TARGET else f"more than {len(run)}"
        return f"{said} You said {self.guess} trials; it takes {truth}."

    def place(self, handle, numbers, values):
        """Return the (x, y) of the dot where μ begins."""
        return 0.0, values["mu"]

    def rows(self, numbers):
        """Return every trial."""
        rows = [(s.k, s.mu, s.loss, s.trial_loss, s.rho, s.accepted) for s in numbers["run"]]
        return [("trial", "μ", "F", "F of the trial", "ρ", "accepted"), *rows]


def _three_digits(x):
    return f"{float(f'{x:.3g}'):g}"


def _ended(numbers):
    """Return the last F, and after how many trials."""
    n, F = len(numbers["run"]), numbers["loss"]
    reached = "below 1e-4" if F <= TARGET else f"still {F:.3g}"
    return f"F is {reached} after {n} trials"


def _legend(picture, parts):
    """Add a legend of these axes below the picture."""
    found = [part.get_legend_handles_labels() for part in parts]
    handles, names = ([x for pair in found for x in pair[i]] for i in (0, 1))
    text = picture.look["text"]
    columns = len(names) if text < 16 else 3
    tight = {"frameon": False, "handlelength": 1.5, "columnspacing": 1.2, "handletextpad": 0.5}
    place = tight | {"loc": "outside lower center", "ncols": columns}
    picture.legend(handles, names, fontsize=text, **place)
