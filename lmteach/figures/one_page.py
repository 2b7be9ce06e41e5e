"""The derivation on one page: a whole run of Levenberg-Marquardt on the 1-2-1 network, for any first μ."""

from copy import copy
from itertools import islice

import numpy as np

from ..checks import as_floats, at_least, instance
from ..network_fit import NetworkFit
from ..proofs.one_page import BOOK, hagan
from ..solvers import levenberg_marquardt
from .picture import BLACK, GREY, label, style
from .scene import Control, Scene

MOST = 60  # trials, then the run is given up
TARGET = 1e-4  # the F that ends it
LOSSES, DAMPINGS = (
    (3e-5, 1e2),
    (1e-8, 1e5),
)  # what the axes show; a number beyond is drawn at the edge


class WholeRun(Scene):
    """A network of one input and one output, trained from θ with this first μ until F ≤ 1e-4, at most 60 trials.

    Left the data, and what the network says at θ and at the end; right F and μ, trial by trial. `problem` is a
    NetworkFit, the book's 1-2-1 network on 13 samples of an arch unless given. `guess`: how many trials the learner
    expects. Raises TypeError or ValueError for anything else.
    """

    controls = {"mu": Control(1e-3, 1e4, 0.1, "first μ", log=True)}

    def __init__(self, problem=None, theta=None, guess=None):
        start = BOOK if problem is None else None
        self.problem = copy(
            instance("problem", hagan() if problem is None else problem, NetworkFit, "a NetworkFit")
        )
        network = self.problem.network
        if (network.n_inputs, network.n_outputs) != (1, 1):
            raise ValueError(
                f"problem has the network {network!r}: expected one input and one output"
            )
        theta = next(t for t in (theta, start, network.theta) if t is not None)
        self.theta = np.array(as_floats("theta", theta, 1, (network.n_parameters,)))
        self.guess = None if guess is None else at_least("guess", guess, 1)
        self.x = np.linspace(self.problem.X.min(), self.problem.X.max(), 121)

    def compute(self, mu):
        """The trials, and what the network says at the end."""
        run = list(
            islice(levenberg_marquardt(self.problem, self.theta, mu=mu, target_loss=TARGET), MOST)
        )
        return {
            "mu": mu,
            "run": run,
            "loss": run[-1].next_loss,
            "curve": self._curve(run[-1].next_theta),
        }

    def _curve(self, theta):
        """The network's answer for every x of the picture."""
        return self.problem.network.forward(self.x[:, None], theta)[-1][:, 0]

    def still(self, picture):
        """The data, the network's first answer, the axes and the legend."""
        axes = picture.subplot_mosaic(
            [["words", "words"], ["fit", "F"], ["fit", "mu"]], height_ratios=[0.2, 1, 0.8]
        )
        look, lm = picture.look, style(picture.look, "LM")
        fit, F, mu = (axes[name] for name in ("fit", "F", "mu"))
        fit.plot(
            self.x,
            self._curve(self.theta),
            color=GREY,
            linewidth=look["line"],
            linestyle="--",
            label="at first",
        )
        fit.plot(
            self.problem.X,
            self.problem.Y,
            "o",
            color=BLACK,
            markersize=look["marker"],
            label="data",
        )
        self._frame(fit, F, mu)
        hollow = {"marker": "o", "linestyle": "", "markerfacecolor": "none", "color": GREY}
        if self.guess is not None:
            ring = hollow | {
                "color": BLACK,
                "markersize": 2 * look["marker"],
                "markeredgewidth": look["line"],
            }
            F.plot(
                min(self.guess, MOST), TARGET, **ring, label="your guess", zorder=5, clip_on=False
            )
        moving = {
            "curve": fit.plot(
                [], [], color=lm["color"], linewidth=look["line"], label="at the end"
            )[0],
            "way": F.plot([], [], **lm | {"marker": ""}, label="F, μ")[0],
            "refused": F.plot(
                [], [], **hollow, markersize=look["marker"], label="refused", clip_on=False
            )[0],
            "mu": mu.plot([], [], **lm | {"marker": ""})[0],
            "words": axes["words"].text(
                0.5, 0.5, "", size=look["text"] + 1, ha="center", va="center"
            ),
        }
        _legend(picture, (fit, F))
        for artist in moving.values():
            artist.set_in_layout(False)
        return moving

    def _frame(self, fit, F, mu):
        """Names and ends of the axes."""
        fit.figure.axes[0].axis("off")
        Y = self.problem.Y
        fit.set_ylim(Y.min() - 0.3 * np.ptp(Y), Y.max() + 0.3 * np.ptp(Y))
        label(fit, "x", "", "the network's answer")
        label(F, "", "", "F")
        label(mu, "trials", "", "μ")
        F.axhline(TARGET, color=GREY, linewidth=1)
        F.set(
            xlim=(0, MOST),
            yscale="log",
            ylim=LOSSES,
            yticks=[1e-4, 1e-2, 1],
            xticks=range(0, MOST + 1, 20),
        )
        mu.set(
            xlim=(0, MOST),
            yscale="log",
            ylim=DAMPINGS,
            yticks=[1e-6, 1e-3, 1, 1e3],
            xticks=range(0, MOST + 1, 20),
        )
        F.set_xticklabels([])
        for axes in (F, mu):
            axes.minorticks_off()

    def move(self, artists, numbers):
        """The network's last answer, F and μ after each trial, and where F was refused."""
        run, mu = numbers["run"], numbers["mu"]
        losses = [run[0].loss, *(step.next_loss for step in run)]
        refused = [(k, step.trial_loss) for k, step in enumerate(run, 1) if not step.accepted]
        places, heights = zip(*refused, strict=True) if refused else ((), ())
        artists["curve"].set_data(self.x, numbers["curve"])
        artists["way"].set_data(range(len(losses)), np.clip(losses, *LOSSES))
        artists["refused"].set_data(places, np.clip(np.nan_to_num(heights, nan=np.inf), *LOSSES))
        artists["mu"].set_data(range(len(run)), np.clip([step.mu for step in run], *DAMPINGS))
        artists["words"].set_text(f"first μ = {_three_digits(mu)}: {_ended(numbers)}")

    def sentence(self, numbers):
        """How the run ended, after how many trials, how many of them refused, and how good the guess was."""
        run = numbers["run"]
        refused = sum(not step.accepted for step in run)
        said = f"First μ = {_three_digits(numbers['mu'])}: {_ended(numbers)}, {refused} of them refused."
        if self.guess is None:
            return said
        truth = str(len(run)) if numbers["loss"] <= TARGET else f"more than {len(run)}"
        return f"{said} You said {self.guess} trials; it takes {truth}."

    def rows(self, numbers):
        """Every trial."""
        rows = [(s.k, s.mu, s.loss, s.trial_loss, s.rho, s.accepted) for s in numbers["run"]]
        return [("trial", "μ", "F", "F of the trial", "ρ", "accepted"), *rows]


def _three_digits(x):
    return f"{float(f'{x:.3g}'):g}"


def _ended(numbers):
    """Where F was brought, and in how many trials."""
    n, F = len(numbers["run"]), numbers["loss"]
    return (
        f"F is below 1e-4 after {n} trials"
        if F <= TARGET
        else f"F is still {F:.3g} after {n} trials"
    )


def _legend(picture, parts):
    """What the lines mean, below the picture."""
    found = [part.get_legend_handles_labels() for part in parts]
    handles, names = ([x for pair in found for x in pair[i]] for i in (0, 1))
    text = picture.look["text"]
    columns = len(names) if text < 16 else 3
    tight = {"frameon": False, "handlelength": 1.5, "columnspacing": 1.2, "handletextpad": 0.5}
    picture.legend(
        handles, names, loc="outside lower center", ncols=columns, fontsize=text, **tight
    )
