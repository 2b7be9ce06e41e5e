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
from ..solvers import levenberg_marquardt
from ..trace import Step, Trace
from ..undamped import gauss_newton, gradient_descent
from .contour import SMALLEST
from .picture import BLACK, GREY, SHORT, label
from .runs import evaluated, own_style, positions
from .scene import UNASKED, Control, Scene

AXES = ("trials", "evaluations of J", "milliseconds")
REPEATS = 5  # timed runs; the fastest of each trial is kept, so that an interruption does not count
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CPU = perf_counter if os.name == "nt" else process_time  # Windows counts CPU time in steps of 16 ms
N_TRIALS = 30  # of Levenberg-Marquardt in the lesson's race
MANY = 100  # trials: of longer runs, not every one has a marker
LEFT = 0.3  # of the axis up to its first power of ten: free before 0
FIRST = 12  # the trial that is seen at first


class Race(Scene):
    """Runs from one start, on one axis that counts trials, evaluations of J, or milliseconds.

    `runs` is a dict of name → Trace, or name → function that starts the run anew, as
    `lambda: gauss_newton(problem, theta)` does; the three methods on lesson 09's sine unless given.
    Where all are functions there are milliseconds, too: each is run five times, `clock` (CPU time)
    is read before and after every trial, and the fastest of each trial is kept.

    `trial` counts the trials of the last run, and the others are shown where they have spent as
    much; only the past is drawn. `guess` is the trial after which you expect the last run to be
    below the F with which the first one ends; it is answered at the end. Raises TypeError or
    ValueError for anything else.
    """

    controls = {
        "trial": Control(0, N_TRIALS, FIRST, "trials of LM", whole=True, play=True),
        "axis": Control.choice(AXES, "count in"),
    }

    def __init__(self, runs=None, guess=UNASKED, clock=CPU):
        guess = self.asked(guess)
        self.traces, seconds = _of_the_lesson(clock) if runs is None else _raced(runs, clock)
        self.names = tuple(self.traces)
        self.guess = None if guess is None else at_least("guess", guess, 0)
        if guess is not None and len(self.names) < 2:
            raise ValueError(
                f"guess = {guess!r}: expected at least two runs, "
                "of which the last overtakes the first"
            )
        self.axes = AXES if seconds else AXES[:2]
        self.at = [self._positions("trials"), self._positions("jacobians")]
        if seconds:
            self.at.append({name: 1e3 * np.append(0, s) for name, s in seconds.items()})
        self.controls = self._controls()
        self.goal = self.traces[self.names[0]].loss

    def _positions(self, x):
        return {name: positions(trace, x) for name, trace in self.traces.items()}

    def _controls(self):
        most, name = len(self.traces[self.names[-1]]), f"trials of {_brief(self.names[-1])}"
        return {
            "trial": Control(0, most, min(FIRST, most), name, whole=True, play=True),
            "axis": Control.choice(self.axes, "count in"),
        }

    def compute(self, trial, axis):
        """Return what the last run has spent after so many trials, and each run's F for that."""
        at, pace = self.at[axis], self.at[axis][self.names[-1]]
        spent = float(pace[trial])
        reached = {name: int(np.searchsorted(x, spent, side="right")) - 1 for name, x in at.items()}
        reached[self.names[-1]] = trial  # not a later trial for the same number of Jacobians
        points = {n: (float(at[n][k]), float(self.traces[n].losses[k])) for n, k in reached.items()}
        guessed = None if self.guess is None else float(pace[min(self.guess, len(pace) - 1)])
        numbers = {"trial": trial, "axis": axis, "spent": spent}
        return numbers | {"reached": reached, "points": points, "guessed": guessed}

    def still(self, picture):
        """Draw one axes for each count, in one place, of which one is seen at a time."""
        place = picture.add_gridspec(1, 1)[0]
        layers = [self._layer(picture.add_subplot(place), at, x) for x, at in enumerate(self.at)]
        handles, names = layers[0].axes.get_legend_handles_labels()
        below = {"loc": "outside lower center", "ncols": 2, "frameon": False}
        picture.legend(handles, names, fontsize=picture.look["text"], **below)
        return {"axes": [layer.axes for layer in layers], "layers": SimpleNamespace(all=layers)}

    def _layer(self, axes, at, x):
        """Draw the axes of one count; return what moves: curves so far, and marks at their ends."""
        curves, refused = {}, {}
        for name, trace in self.traces.items():
            # A part of the width, because the axis is logarithmic.
            every = {"markevery": 1 if len(trace) <= MANY else 0.03}
            kind = own_style(axes.figure.look, name, self.names) | {"zorder": 2}
            (curves[name],) = axes.plot([], [], label=name, **kind | every)
            if trace.refused:
                hollow = kind | {"linestyle": "", "markerfacecolor": "none"}
                (refused[name],) = axes.plot([], [], label=f"{name}, refused", **hollow)
        moving = {"curves": curves, "refused": refused} | self._markers(axes)
        self._set_axes(axes, at, x)
        return SimpleNamespace(axes=axes, **moving)

    def _markers(self, axes):
        """Draw the first run's end; return a line at what is spent, the runs' marks, the guess."""
        look = axes.figure.look
        line = {"color": GREY, "linewidth": look["line"], "zorder": 1}
        words = f"where {self.names[0]} ends"
        axes.axhline(max(self.goal, SMALLEST), linestyle=":", label=words, **line)
        rule = axes.axvline(0, **line)
        ring = {"linestyle": "", "markeredgecolor": BLACK, "zorder": 5, "clip_on": False}
        ring |= {"markersize": 1.8 * look["marker"]}
        styles = {name: own_style(look, name, self.names) | ring for name in self.names}
        marks = {name: axes.plot([], [], **kind)[0] for name, kind in styles.items()}
        hollow = {"mfc": "none", "color": BLACK, "mew": look["line"], "zorder": 6}
        hollow |= {"markersize": 2 * look["marker"]}
        words = "_" if self.guess is None else "your guess"
        (guess,) = axes.plot([], [], "D", label=words, **hollow)
        return {"rule": rule, "marks": marks, "guess": guess}

    def _set_axes(self, axes, at, x):
        """Set scales, limits and names of one axes."""
        losses = np.concatenate([trace.losses for trace in self.traces.values()])
        losses = np.maximum(losses, SMALLEST)
        decades(axes)
        axes.set_ylim(losses.min() / 3, 3 * losses.max())
        soonest = 1.0
        if x == AXES.index("milliseconds"):
            soonest = min((ms for spent in at.values() for ms in spent if ms > 0), default=1.0)
        first = 10.0 ** np.floor(np.log10(soonest))
        axes.set_xscale("symlog", linthresh=first, linscale=0.5)
        # The marks at 0 stand beside the names of the powers of ten, and not on them.
        axes.set_xlim(-LEFT * first, 1.1 * max(spent[-1] for spent in at.values()))
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        names = (AXES[0], evaluated(self.traces.values()), "milliseconds on this computer")
        label(axes, names[x], "F = ½ rᵀr")

    def move(self, artists, numbers):
        """Show the axis, its line at what is spent, and a large marker for every run."""
        for x, layer in enumerate(artists["layers"].all):
            layer.axes.set_visible(x == numbers["axis"])
        layer = artists["layers"].all[numbers["axis"]]
        layer.rule.set_xdata([numbers["spent"]] * 2)
        for name, (x, F) in numbers["points"].items():
            layer.marks[name].set_data([x], [max(F, SMALLEST)])
            self._set_past(layer, name, self.at[numbers["axis"]][name], numbers["reached"][name])
        if numbers["guessed"] is not None:
            layer.guess.set_data([numbers["guessed"]], [max(self.goal, SMALLEST)])

    def _set_past(self, layer, name, at, k):
        """Draw one run's first k trials: what is to come is not yet known."""
        trace = self.traces[name]
        layer.curves[name].set_data(at[: k + 1], np.maximum(trace.losses[: k + 1], SMALLEST))
        if name in layer.refused:
            tried = [
                (at[i + 1], step.trial_loss)
                for i, step in enumerate(trace[:k])
                if not step.accepted and np.isfinite(step.trial_loss)
            ]
            layer.refused[name].set_data(*np.array(tried).reshape(-1, 2).T)

    def sentence(self, numbers):
        """Return what was spent, and what F each run has for it; at the end, how the guess did."""
        last, said = _brief(self.names[-1]), f"After {self._spent(numbers)}"
        if numbers["axis"] > 0:
            said += f", which {last} spends on {count(numbers['trial'], 'trial')}"
        said += f": {', '.join(self._stand(name, numbers) for name in self.names)}."
        if self.guess is None or numbers["trial"] < self.controls["trial"].high:
            return said
        return f"{said} {self._compared()}"

    def _spent(self, numbers):
        """Return what was spent, with its unit."""
        spent, unit = numbers["spent"], AXES[numbers["axis"]]
        if unit == "trials":
            return count(spent, "trial")
        if unit == "milliseconds":
            return f"{spent:.2g} ms on this computer (best of {REPEATS} runs)"
        what = evaluated(self.traces.values()).removeprefix("evaluations")
        return count(spent, "evaluation") + what

    def _compared(self):
        """Return the guess, and after which trial the last run is below the first one's end."""
        below = np.flatnonzero(np.array(self.traces[self.names[-1]].losses) < self.goal)
        truth = f"it is after {below[0]}" if len(below) else "it never is"
        first, last = _brief(self.names[0]), _brief(self.names[-1])
        goal, guessed = f"where {first} ends, F = {self.goal:.3g}", count(self.guess, "trial")
        return f"You guessed that {last} is below {goal}, after {guessed}; {truth}."

    def _stand(self, name, numbers):
        """Return F of one run, and whether it has ended."""
        k, trace, at = numbers["reached"][name], self.traces[name], self.at[numbers["axis"]][name]
        said = f"{_brief(name)} F = {trace.losses[k]:.3g}"
        ended = k == len(trace) and at[-1] < numbers["spent"]
        return f"{said} (ended after {k})" if ended else said

    def rows(self, numbers):
        """Return each run's trials for what was spent: position on the axis, and F after it."""
        at, table = self.at[numbers["axis"]], [("name", self.axes[numbers["axis"]], "F")]
        for name, k in numbers["reached"].items():
            points = zip(at[name][: k + 1], self.traces[name].losses, strict=False)
            table += [(name, float(x), F) for x, F in points]
        return table


def _brief(name):
    """Return GD, GN or LM for their names in full, any other name as it is."""
    return next((short for short, long in SHORT.items() if long == name), name)


@cache
def _of_the_lesson(clock):
    """Return (traces, seconds) of the three methods on one period of the sine, timed once."""
    network = (Input(1) >> Tanh(8) >> Linear(1)).initialize(seed=0, scheme="uniform")
    problem, start = NetworkFit(network, *sine(40)), network.theta
    runs = {
        "GD": lambda: gradient_descent(problem, start, 0.007, max_steps=1000),
        "GN": lambda: gauss_newton(problem, start, max_steps=12),
        "LM": lambda: levenberg_marquardt(problem, start, max_steps=N_TRIALS),
    }
    return _raced(runs, clock)


def _raced(runs, clock):
    """Return {name: Trace} and {name: seconds after each trial}.

    Without seconds for every run, the second dict is empty: a Trace has none.
    """
    expected = "a dict of name → Trace, or of name → function that starts the run anew"
    instance("runs", runs, dict, expected)
    if not runs:
        raise ValueError("runs is empty: expected at least one run")
    function("clock", clock, "clock() → seconds")
    traces, seconds = {}, {}
    for name, run in runs.items():
        long = SHORT.get(name, name)
        if isinstance(run, Trace):
            traces[long] = run
        else:
            expected = "without arguments, () → Steps of a new run, or a Trace"
            function(f"runs[{name!r}]", run, expected)
            seconds[long], traces[long] = _best_of(name, run, clock)
        if not len(traces[long]):
            raise ValueError(f"runs[{name!r}] is a Trace without a trial: expected at least one")
    return traces, seconds if len(seconds) == len(runs) else {}


def _best_of(name, run, clock):
    """Return seconds after each trial, and the Trace, of a run that is made REPEATS times.

    The fastest of each trial is kept.
    """
    laps, traces = zip(*(_timed(name, run, clock) for _ in range(REPEATS)), strict=True)
    lengths = sorted(set(map(len, laps)))
    if len(lengths) > 1:
        raise ValueError(
            f"runs[{name!r}] made {lengths[0]} trials, then {lengths[-1]}: "
            "expected the same every time"
        )
    return np.cumsum(np.min(laps, axis=0)), traces[0]


def _timed(name, run, clock):
    """Return the seconds of each trial, and the Trace, of one run; storing a step is not timed."""
    steps, seconds, trace = iter(run()), [], None
    expected = "a Step, as levenberg_marquardt(problem, theta) yields"
    while True:
        begin = clock()
        step = next(steps, None)
        lap = clock() - begin
        if step is None:
            break
        instance(f"a step of runs[{name!r}]", step, Step, expected)
        trace = Trace(step.theta, step.loss, history="light") if trace is None else trace
        trace.add(step)
        seconds.append(lap)
    if trace is None:
        raise ValueError(f"runs[{name!r}] ended before its first trial: expected at least one")
    return seconds, trace


def decades(axes):
    """Make the y axis logarithmic, with plain text for its powers of ten.

    Typesetting them as formulas takes most of the time of a redraw.
    """
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(_power_of_ten))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title("", y=1.0)  # so that no redraw looks for a better place for it


def _power_of_ten(y, _):
    return "10" + f"{round(np.log10(y))}".translate(RAISED)


def count(n, what):
    """Return a number and its noun, "1 trial" or "2 trials"."""
    return f"{n:g} {what}{'s' * (n != 1)}"
