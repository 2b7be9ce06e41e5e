"""Lesson 09: a race on one axis, counted in trials, in evaluations of J, or in milliseconds."""

import os
from functools import cache
from time import perf_counter, process_time
from types import SimpleNamespace

import numpy as np
from matplotlib.ticker import FormatStrFormatter, FuncFormatter, NullFormatter

from ..checks import at_least, function, instance
from ..datasets import sine
from ..layers import Input, Linear, Tanh
from ..network_fit import NetworkFit
from ..solvers import gauss_newton, gradient_descent, levenberg_marquardt
from ..trace import Step, Trace
from .contour import SMALLEST
from .picture import BLACK, GREY, SHORT, label
from .runs import draw_loss, evaluated, own_style, positions
from .scene import Control, Scene

AXES = ("trials", "evaluations of J", "milliseconds")
REPEATS = (
    5  # runs against the clock; the fastest of each trial is kept, so that a hiccup does not count
)
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CPU = (
    perf_counter if os.name == "nt" else process_time
)  # Windows counts a process's time in lumps of 16 ms
N_TRIALS = 30  # of Levenberg-Marquardt in the lesson's race
MANY = 100  # trials: of longer runs, not every one has a marker
FIRST = 12  # the trial that is seen at first


class Race(Scene):
    """Runs from one start, on one axis that counts trials, evaluations of J, or milliseconds.

    `runs`: a dict of name → Trace, or name → function that starts the run anew, as `lambda: gauss_newton(problem,
    theta)` does; the three methods on lesson 09's sine unless given. Milliseconds are offered where all are functions:
    each is run five times in one go, with a look at `clock` (CPU time) before and after every trial, and of every
    trial the fastest is kept.
    The last run sets the pace: `trial` counts its trials, and the others are read where they have spent as much.
    `guess`: the trial after which you expect it below the F with which the first run ends. Raises TypeError or
    ValueError for anything else.
    """

    controls = {
        "trial": Control(0, N_TRIALS, FIRST, "trials of LM", whole=True, play=True),
        "axis": Control.choice(AXES, "count in"),
    }

    def __init__(self, runs=None, guess=None, clock=CPU):
        self.traces, seconds = _of_the_lesson(clock) if runs is None else _raced(runs, clock)
        self.names, self.guess = (
            tuple(self.traces),
            None if guess is None else at_least("guess", guess, 0),
        )
        if guess is not None and len(self.names) < 2:
            raise ValueError(
                f"guess = {guess!r}: expected at least two runs, of which the last overtakes the first"
            )
        self.axes = AXES if seconds else AXES[:2]
        self.at = [
            {n: positions(t, x) for n, t in self.traces.items()} for x in ("trials", "jacobians")
        ]
        self.at += [{n: 1e3 * np.append(0, s) for n, s in seconds.items()}] if seconds else []
        most = len(self.traces[self.names[-1]])
        self.controls = {
            "trial": Control(
                0,
                most,
                min(FIRST, most),
                f"trials of {_brief(self.names[-1])}",
                whole=True,
                play=True,
            ),
            "axis": Control.choice(self.axes, "count in"),
        }
        self.goal = self.traces[self.names[0]].loss

    def compute(self, trial, axis):
        """What the last run has spent after so many trials, and where each run stands for that."""
        at, pace = self.at[axis], self.at[axis][self.names[-1]]
        spent = float(pace[trial])
        reached = {name: int(np.searchsorted(x, spent, side="right")) - 1 for name, x in at.items()}
        reached[self.names[-1]] = trial  # not a later trial for the same number of Jacobians
        points = {n: (float(at[n][k]), float(self.traces[n].losses[k])) for n, k in reached.items()}
        guessed = None if self.guess is None else float(pace[min(self.guess, len(pace) - 1)])
        return {
            "trial": trial,
            "axis": axis,
            "spent": spent,
            "reached": reached,
            "points": points,
            "guessed": guessed,
        }

    def still(self, picture):
        """Three axes on the same place, of which one is seen at a time, with the curves of all runs."""
        place = picture.add_gridspec(1, 1)[0]
        layers = [self._layer(picture.add_subplot(place), at, x) for x, at in enumerate(self.at)]
        handles = layers[0].axes.get_legend_handles_labels()
        picture.legend(
            *handles,
            loc="outside lower center",
            ncols=2,
            fontsize=picture.look["text"],
            frameon=False,
        )
        return {"axes": [layer.axes for layer in layers], "layers": SimpleNamespace(all=layers)}

    def _layer(self, axes, at, x):
        """The curves against one count, and what is moved over them."""
        look = axes.figure.look
        for name, trace in self.traces.items():
            every = (
                1 if len(trace) <= MANY else 0.03
            )  # of the width, because the axis is logarithmic
            draw_loss(
                axes,
                trace,
                at[name],
                name,
                own_style(look, name, self.names) | {"zorder": 2},
                every,
            )
        words = f"where {self.names[0]} ends"
        axes.axhline(
            max(self.goal, SMALLEST), color=GREY, ls=":", lw=look["line"], label=words, zorder=1
        )
        rule = axes.axvline(0, color=GREY, linewidth=look["line"], zorder=1)
        ring = {
            "linestyle": "",
            "markersize": 1.8 * look["marker"],
            "markeredgecolor": BLACK,
            "zorder": 5,
        }
        marks = {
            n: axes.plot([], [], clip_on=False, **own_style(look, n, self.names) | ring)[0]
            for n in self.names
        }
        hollow = {
            "mfc": "none",
            "color": BLACK,
            "mew": look["line"],
            "markersize": 2 * look["marker"],
            "zorder": 6,
        }
        words = "_" if self.guess is None else "your guess"
        (guess,) = axes.plot([], [], "D", label=words, **hollow)
        losses = np.maximum(
            np.concatenate([trace.losses for trace in self.traces.values()]), SMALLEST
        )
        decades(axes)
        axes.set_ylim(losses.min() / 3, 3 * losses.max())
        soonest = (
            min((x for xs in at.values() for x in xs if x > 0), default=1.0) if x == 2 else 1.0
        )
        axes.set_xscale("symlog", linthresh=10.0 ** np.floor(np.log10(soonest)), linscale=0.5)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        label(
            axes,
            (self.axes[0], evaluated(self.traces.values()), "milliseconds on this computer")[x],
            "F = ½ rᵀr",
        )
        return SimpleNamespace(axes=axes, rule=rule, marks=marks, guess=guess)

    def move(self, artists, numbers):
        """Show the axis, its line where the pace is, and a large marker for every run."""
        for x, layer in enumerate(artists["layers"].all):
            layer.axes.set_visible(x == numbers["axis"])
        layer = artists["layers"].all[numbers["axis"]]
        layer.rule.set_xdata([numbers["spent"]] * 2)
        for name, (x, F) in numbers["points"].items():
            layer.marks[name].set_data([x], [max(F, SMALLEST)])
        if numbers["guessed"] is not None:
            layer.guess.set_data([numbers["guessed"]], [max(self.goal, SMALLEST)])

    def sentence(self, numbers):
        """What was spent, and what F each run has for it."""
        last, spent = _brief(self.names[-1]), numbers["spent"]
        counted = (
            count(spent, "trial"),
            count(spent, "evaluation")
            + evaluated(self.traces.values()).removeprefix("evaluations"),
            f"{spent:.2g} ms on this computer (best of {REPEATS} runs)",
        )[numbers["axis"]]
        own = (
            ""
            if numbers["axis"] == 0
            else f", which {last} spends on {count(numbers['trial'], 'trial')}"
        )
        stand = ", ".join(self._stand(name, numbers) for name in self.names)
        said = f"After {counted}{own}: {stand}."
        return said if self.guess is None else f"{said} {self._compared()}"

    def _compared(self):
        """The guess, and after which trial the last run is below where the first one ends."""
        below = np.flatnonzero(np.array(self.traces[self.names[-1]].losses) < self.goal)
        truth = f"it is after {below[0]}" if len(below) else "it never is"
        first, last = _brief(self.names[0]), _brief(self.names[-1])
        goal = f"where {first} ends, F = {self.goal:.3g}"
        return (
            f"You guessed that {last} is below {goal}, after {count(self.guess, 'trial')}; {truth}."
        )

    def _stand(self, name, numbers):
        """F of one run, and whether it goes no further."""
        k = numbers["reached"][name]
        ended = (
            k == len(self.traces[name]) and self.at[numbers["axis"]][name][-1] < numbers["spent"]
        )
        return f"{_brief(name)} F = {self.traces[name].losses[k]:.3g}" + (
            f" (ended after {k})" if ended else ""
        )

    def rows(self, numbers):
        """Every trial that is paid for: its place on the axis, and F after it."""
        at, head = self.at[numbers["axis"]], ("name", self.axes[numbers["axis"]], "F")
        paid = [(name, i) for name, k in numbers["reached"].items() for i in range(k + 1)]
        return [
            head,
            *((name, float(at[name][i]), self.traces[name].losses[i]) for name, i in paid),
        ]


def _brief(name):
    """GD, GN and LM for what bears their names in full."""
    return next((short for short, long in SHORT.items() if long == name), name)


@cache
def _of_the_lesson(clock):
    """(Traces, seconds) of the three methods on one period of the sine, measured once."""
    network = (Input(1) >> Tanh(8) >> Linear(1)).initialize(seed=0, scheme="uniform")
    problem, start = NetworkFit(network, *sine(40)), network.theta
    runs = {
        "GD": lambda: gradient_descent(problem, start, 0.007, max_steps=1000),
        "GN": lambda: gauss_newton(problem, start, max_steps=12),
        "LM": lambda: levenberg_marquardt(problem, start, max_steps=N_TRIALS),
    }
    return _raced(runs, clock)


def _raced(runs, clock):
    """({name: Trace}, {name: seconds after each trial}); no seconds where a Trace was handed in."""
    instance(
        "runs", runs, dict, "a dict of name → Trace, or of name → function that starts the run anew"
    )
    if not runs:
        raise ValueError("runs is empty: expected at least one run")
    function("clock", clock, "clock() → seconds")
    traces, seconds = {}, {}
    for name, run in runs.items():
        long = SHORT.get(name, name)
        if isinstance(run, Trace):
            traces[long] = run
        else:
            function(
                f"runs[{name!r}]", run, "without arguments, () → Steps of a new run, or a Trace"
            )
            seconds[long], traces[long] = _best_of(name, run, clock)
        if not len(traces[long]):
            raise ValueError(f"runs[{name!r}] is a Trace without a trial: expected at least one")
    return traces, seconds if len(seconds) == len(runs) else {}


def _best_of(name, run, clock):
    """(Seconds spent after each trial, Trace) of a run that is made several times, the fastest of each trial kept."""
    laps, traces = zip(*(_timed(name, run, clock) for _ in range(REPEATS)), strict=True)
    lengths = sorted(set(map(len, laps)))
    if len(lengths) > 1:
        raise ValueError(
            f"runs[{name!r}] made {lengths[0]} trials, then {lengths[-1]}: expected the same every time"
        )
    return np.cumsum(np.min(laps, axis=0)), traces[0]


def _timed(name, run, clock):
    """(Seconds of each trial, Trace) of one run; nobody looks at the clock while a step is put away."""
    steps, seconds, trace = iter(run()), [], None
    while True:
        begin = clock()
        step = next(steps, None)
        lap = clock() - begin
        if step is None:
            break
        instance(
            f"a step of runs[{name!r}]",
            step,
            Step,
            "a Step, as levenberg_marquardt(problem, theta) yields",
        )
        trace = Trace(step.theta, step.loss, history="light") if trace is None else trace
        trace.add(step)
        seconds.append(lap)
    if trace is None:
        raise ValueError(f"runs[{name!r}] ended before its first trial: expected at least one")
    return seconds, trace


def decades(axes):
    """A logarithmic y axis, labelled in plain text: typesetting 10⁻² as a formula takes most of a redraw."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda y, _: "10" + f"{round(np.log10(y))}".translate(RAISED))
    )
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title("", y=1.0)  # so that no redraw looks for a better place for it


def count(n, what):
    """A number and its noun, "1 trial" or "2 trials"."""
    return f"{n:g} {what}{'s' * (n != 1)}"
