"""Lesson 08: a run of Levenberg-Marquardt, trial by trial, and as it might have gone."""

from copy import copy

import numpy as np

from ..checks import instance, is_real, positive
from ..examples import START, rosenbrock
from ..solvers import levenberg_marquardt
from ..solving import solve
from ..trace import Trace
from .contour import contours
from .picture import BLACK, GREY, SPARE, label, style
from .scene import UNASKED, Control, Handle, Scene, coordinates, point

MARKS = (0, 0.5, 0.9368, 1)  # ρ at which: F stays, μ stays, μ/3 begins, F falls as predicted
BOTTOM, TOP = -2, 1.4  # the gauge's ends; a ρ beyond is drawn at the end
RUNS = ("first", "branch")
BRANCH = SPARE[3] | {"marker": "v"}  # a hollow plus could not be told from a full one
TARGET = 1e-10  # the default run ends at this F, before rounding decides about its trials


def _valley():
    """Return the run through Rosenbrock's valley from (−1.2, 1)."""
    return solve(rosenbrock(), START, plain=True, target_loss=TARGET, progress=False)


class Player(Scene):
    """Any trial of a run on two parameters: the path so far, where the trial went, ρ and μ.

    `trace` is a Trace with arrays, Rosenbrock's valley from (−1.2, 1) by default; `guess` is the
    learner's ρ. `branch` asks what if: {4: 10} is a second run, which goes on from trial 4 with
    μ = 10 by the trace's own rule and limits; the control `run` chooses between them, and the other
    one is shown to its end. Without a branch the start of a run of Levenberg-Marquardt can be
    moved. Raises TypeError or ValueError for anything else.
    """

    controls = {
        "trial": Control(0, 14, 0, "trial", whole=True, play=True),
        **coordinates(START, ((-1.5, 1.3), (-0.7, 1.2))),
    }

    def __init__(self, trace=None, guess=UNASKED, branch=None):
        guess = self.asked(guess)
        trace = _valley() if trace is None else trace
        self.trace = _drawable(instance("trace", trace, Trace, "a Trace, such as solve gives"))
        self.guess, self.branch = _finite_or_none(guess), branch or {}
        instance("branch", self.branch, dict, "a dict, such as {4: 10} for μ = 10 after trial 4")
        self.runs = [list(trace)]
        if branch:
            self.runs.append(_branch(self.runs[0], self.branch))
        last = max(map(len, self.runs)) - 1
        self.controls = {"trial": Control(0, last, 0, "trial", whole=True, play=last > 0)}
        self.span = _around([step for run in self.runs for step in run])
        self._moved = None  # (θ, the run from there) that was shown last
        if branch:
            self.controls["run"] = Control.choice(RUNS, "run")
        elif self.runs[0][0].damping is not None:
            self.controls |= coordinates(self.runs[0][0].theta, self.span)
            self.touched = (Handle("start", "theta_1", "theta_2", "start θ"),)

    def branched(self, mu, trial, run=0, theta_1=None, theta_2=None):
        """Return the Player in which this trial of this run is followed by one with another μ.

        Raises ValueError if no trial can follow it.
        """
        steps, moved = self._run(run, self._start(theta_1, theta_2))
        trial = min(trial, len(steps) - 1)
        earlier = {k: kept for k, kept in self.branch.items() if k < trial} if run else {}
        trace = _trace_of(steps) if moved else self.trace
        guess = UNASKED if self.guess is None else self.guess
        return Player(trace, guess, earlier | {trial: mu})

    def refused(self, way, trial, run=0, theta_1=None, theta_2=None):
        """Return the refused trial nearest to this one, before (way = −1) or after it (way = 1).

        Raises ValueError if there is none.
        """
        steps, _ = self._run(run, self._start(theta_1, theta_2))
        trial = min(trial, len(steps) - 1)
        found = [k for k, s in enumerate(steps) if not s.accepted and way * (k - trial) > 0]
        if not found:
            side = "before" if way < 0 else "after"
            raise ValueError(f"No trial {side} trial {trial} is refused.")
        return min(found, key=lambda k: abs(k - trial))

    def within(self, trial, run=0, theta_1=None, theta_2=None):
        """Return the trial, or the run's last one where the other run is longer."""
        steps, _ = self._run(run, self._start(theta_1, theta_2))
        return min(trial, len(steps) - 1)

    def _start(self, theta_1, theta_2):
        return point(self.runs[0][0].theta, theta_1, theta_2)

    def _run(self, run, start):
        """Return the Steps of a run, and whether it begins elsewhere than the trace does.

        It is then made anew, by the trace's rule and limits, with as many trials as can be shown.
        """
        first = self.runs[0][0]
        if np.array_equal(start, first.theta):
            return self.runs[run], False
        if self._moved is None or not np.array_equal(self._moved[0], start):
            limits = vars(first.options) | {"max_steps": self.controls["trial"].high + 1}
            options = {"mu": first.mu, "damping": first.damping} | limits
            with np.errstate(all="ignore"):
                steps = list(levenberg_marquardt(copy(first.problem), start, **options))
            if not steps:
                raise ValueError("no trial begins here: F has no slope, or is low enough")
            self._moved = start, steps
        return self._moved[1], True

    def compute(self, trial, run=0, theta_1=None, theta_2=None):
        """Return the trial, the path to it, refused trials before it, and the factor on μ after it.

        `over` tells that the run has ended before `trial`; `chosen` is the μ that a branch sets
        after it; `whole` holds the whole paths of all runs.
        """
        steps, moved = self._run(run, self._start(theta_1, theta_2))
        k = min(trial, len(steps) - 1)
        step, before = steps[k], steps[:k]
        refused = [s.trial_theta for s in before if not s.accepted and np.isfinite(s.trial_loss)]
        return {
            "run": run,
            "trial": k,
            "over": trial > k,
            "step": step,
            "steps": steps,
            "moved": moved,
            "way": self._way(run, k, steps),
            "refused": np.array(refused).reshape(-1, 2),
            "factor": _factor(step),
            "chosen": self.branch.get(k) if run else None,
            "whole": [self._way(other, len(run), run) for other, run in enumerate(self.runs)],
        }

    def _way(self, run, trial, steps):
        """Return the θ before this trial; the branch begins where it leaves the first run."""
        begin = min(self.branch) + 1 if run else 0
        accepted = [step.trial_theta for step in steps[begin:trial] if step.accepted]
        return np.array([steps[begin].theta, *accepted])

    def still(self, picture):
        """Draw contours, start, gauge and guess; return what moves, a dict for each run."""
        map_, gauge = picture.subplots(1, 2, width_ratios=(2.3, 1))
        contours(map_, copy(self.runs[0][0].problem), self.span, 121)
        map_.set(xlim=self.span[0], ylim=self.span[1])
        label(map_, "θ₁", "θ₂")
        look = picture.look
        star = {"color": BLACK, "markersize": 2.2 * look["marker"], "zorder": 4}
        start = map_.plot([], [], "*", **star)[0]
        self._draw_gauge(gauge, look)
        moving = {run: self._draw_run(map_, gauge, run) for run in range(len(self.runs))}
        if self.branch:
            place = "outside lower center"
            picture.legend(loc=place, ncols=2, fontsize=look["text"], frameon=False)
        mu = gauge.text(0.5, 1.62, "", ha="center", va="bottom", size=look["text"], in_layout=False)
        return moving | {"mu": mu, "start": start}

    def _draw_run(self, map_, gauge, run):
        """Return the lines and dots of one run, without data yet."""
        look = map_.figure.look
        line = style(look, _solver(self.runs[0][0])) if run == 0 else style(look, "LM") | BRANCH
        dot = line | {"linestyle": "", "markersize": 1.6 * line["markersize"], "zorder": 5}
        ring, small = dot | _hollow(look), {"color": GREY, "markersize": look["marker"]}
        name = self._what_if() if run else "first run"
        named = {"label": f"{name}, {len(self.runs[run])} trials"} if self.branch else {}
        begin = slice(1 - run, None)  # where the first run begins there is a star
        return {
            "way": map_.plot([], [], markevery=begin, **line, **named)[0],
            "refused": map_.plot([], [], **ring | small)[0],
            "reach": map_.plot([], [], color=BLACK, linestyle=":", linewidth=look["line"])[0],
            "accepted here": map_.plot([], [], **dot)[0],
            "refused here": map_.plot([], [], **ring)[0],
            "rho accepted": gauge.plot([], [], **dot)[0],
            "rho refused": gauge.plot([], [], **ring)[0],
        }

    def _draw_gauge(self, gauge, look):
        """Draw ρ upwards, the guess, and on the right what the rule does to μ at each mark."""
        gauge.axhspan(BOTTOM - 0.2, 0, color=GREY, alpha=0.25, linewidth=0)
        gauge.plot([0.5, 0.5], [BOTTOM, TOP], color=GREY, linewidth=look["line"])
        gauge.hlines(MARKS, 0.3, 0.7, color=BLACK, linewidth=look["line"] / 2)
        gauge.set(xlim=(0, 1), ylim=(BOTTOM - 0.2, 2.1), xticks=[])
        label(gauge, "", "ρ")
        gauge.set_yticks([BOTTOM, -1, *MARKS], ["≤ −2", "−1", "0", "½", "0.9368", "1"])
        for tick, side in zip(gauge.get_yticklabels()[-2:], ("top", "bottom"), strict=True):
            tick.set_verticalalignment(side)
        if self.guess is not None:
            ring = {"color": BLACK, "markersize": 1.6 * look["marker"], "zorder": 6}
            gauge.plot(0.5, np.clip(self.guess, BOTTOM, TOP), "D", **ring, **_hollow(look))
        self._write_on_gauge(gauge, look["text"])

    def _write_on_gauge(self, gauge, size):
        """Write what a negative ρ means, and the factors on μ of the last run's rule."""
        beside = {"size": size, "transform": gauge.get_yaxis_transform()}
        words = "refused" if self.runs[0][0].damping else "F rises"
        gauge.text(0.97, -1.1, words, ha="right", va="center", rotation=90, **beside)
        rule = self.runs[-1][-1].damping
        if rule is None:
            return
        gauge.text(1.06, 1.25, "next:", va="center", **beside)
        for mark in MARKS[:3]:
            words = _times_mu(rule.update(1.0, mark, True)[0])
            gauge.text(1.06, mark, words, va="top" if mark > 0.9 else "center", **beside)

    def move(self, artists, numbers):
        """Set the path so far, this trial, ρ on the gauge, and μ; of another run its whole path."""
        step = numbers["step"]
        for run, way in enumerate(numbers["whole"]):
            for artist in artists[run].values():
                artist.set_data([], [])
            artists[run]["way"].set_data(*way.T)
        here, verdict = artists[numbers["run"]], "accepted" if step.accepted else "refused"
        artists["start"].set_data(*numbers["steps"][0].theta[:, None])
        here["way"].set_data(*numbers["way"].T)
        here["refused"].set_data(*numbers["refused"].T)
        if np.isfinite(step.trial_loss):
            here["reach"].set_data(*np.array([step.theta, step.trial_theta]).T)
            here[f"{verdict} here"].set_data(*np.array([step.trial_theta]).T)
        if np.isfinite(step.rho):
            here[f"rho {verdict}"].set_data([0.5], [np.clip(step.rho, BOTTOM, TOP)])
        artists["mu"].set_text(f"μ = {step.mu:.3g}")

    def sentence(self, numbers):
        """Return the trial in words, the verdict and what changes, and how the runs compare."""
        step = numbers["step"]
        got = f"{step.trial_loss:.3g}" if np.isfinite(step.trial_loss) else "no finite number"
        ratio = f"ρ = {step.rho:.3g}" if np.isfinite(step.rho) else "no ρ"
        verdict = "accepted; θ moves" if step.accepted else "refused; θ stays"
        said = f"trial {numbers['trial']}{self._of_which(numbers)}: μ = {step.mu:.3g}, "
        said += f"F = {step.loss:.3g}, predicted {step.loss - step.predicted:.3g}, got {got}: "
        said += f"{ratio}, {verdict}"
        if numbers["moved"]:
            start = numbers["steps"][0].theta
            said = f"From θ = ({start[0]:.3g}, {start[1]:.3g}), {said}"
        if numbers["chosen"]:
            said += f", then μ = {numbers['chosen']:.3g} instead"
        elif step.damping is not None:
            said += f", μ × {numbers['factor']:.3g}"
        return f"{said}." + self._compared(step) + self._summed_up()

    def _of_which(self, numbers):
        words = f" of the {('first run', 'branch')[numbers['run']]}" if self.branch else ""
        return f"{words} (its last)" if numbers["over"] else words

    def _compared(self, step):
        if self.guess is None:
            return ""
        if not np.isfinite(step.rho):
            return f" You guessed ρ = {self.guess:.3g}."
        off = self.guess - step.rho
        side = "high" if off > 0 else "low"
        return f" You guessed ρ = {self.guess:.3g}: {abs(off):.2g} too {side}."

    def _what_if(self):
        changes = sorted(self.branch.items())
        return " and ".join(f"μ = {mu:.3g} after trial {trial}" for trial, mu in changes)

    def _summed_up(self):
        """Return how both runs ended, if there are two."""
        if not self.branch:
            return ""
        ends = [f"{len(run)} trials to F = {run[-1].next_loss:.2g}" for run in self.runs]
        return f" First run: {ends[0]}; {self._what_if()}: {ends[1]}."

    def rows(self, numbers):
        """Return every trial of this run up to this one."""
        upto = numbers["steps"][: numbers["trial"] + 1]
        rows = [(k, s.mu, s.loss, s.trial_loss, s.rho, s.accepted) for k, s in enumerate(upto)]
        return [("trial", "μ", "F", "F of the trial", "ρ", "accepted"), *rows]


def _drawable(trace):
    """Return the trace if it has arrays and two parameters, else raise ValueError."""
    if not len(trace):
        raise ValueError("trace has no trials: expected at least one")
    if trace.faded:
        said = f"trace has {len(trace)} trials, {trace.faded} of them without arrays"
        raise ValueError(f'{said}: expected arrays for every trial; solve again with history="all"')
    if len(trace[0].theta) != 2:
        raise ValueError(f"trace is a run on {len(trace[0].theta)} parameters: expected 2")
    return trace


def _trace_of(steps):
    """Return a run's Steps as a Trace."""
    trace = Trace(steps[0].theta, steps[0].loss)
    for step in steps:
        trace.add(step)
    return trace


def _finite_or_none(guess):
    """Return the guess of ρ if it is a finite number or None."""
    if guess is not None and not is_real(guess):
        raise TypeError(f"guess = {guess!r}: expected a number, your ρ, or None")
    if guess is not None and not np.isfinite(guess):
        raise ValueError(f"guess = {guess!r}: expected a finite number, your ρ, or None")
    return guess


def _branch(steps, changes):
    """Return the run that goes on from each of these trials with another μ.

    What precedes the first of them is the same.
    """
    for trial, mu in sorted(changes.items()):
        positive("mu", mu)
        if trial not in range(len(steps)):
            last = len(steps) - 1
            raise ValueError(f"branch at trial {trial!r}: expected a whole number from 0 to {last}")
        problem = copy(steps[trial].problem)
        further, stop = _to_the_end(levenberg_marquardt(problem, steps[trial], mu=mu))
        if not further:
            raise ValueError(f"No trial can follow trial {trial}: {stop.words}.")
        steps = steps[: trial + 1] + further
    return steps


def _to_the_end(run):
    """Return a run's steps and its Stop."""
    steps = []
    while True:
        try:
            steps.append(next(run))
        except StopIteration as end:
            return steps, end.value


def _solver(step):
    """Return whose step this is; gradient descent keeps 1/η in μ, Gauss-Newton 0."""
    return "LM" if step.damping is not None else "GD" if step.mu > 0 else "GN"


def _factor(step):
    """Return the factor by which the rule changes μ after this step, 1 where there is no rule."""
    return step.next_mu / step.mu if step.mu > 0 else 1.0


def _times_mu(factor):
    """Return a factor times μ in few letters."""
    if abs(factor - 1) <= 1e-9:
        return "μ"
    return "μ/3" if abs(3 * factor - 1) < 1e-3 else f"{factor:.2g}μ"


def _hollow(look):
    return {"markerfacecolor": "none", "markeredgewidth": look["line"]}


def _around(steps, margin=0.15, most=3.0):
    """Return the ends of both axes around the path and its trials, those far away left out."""
    way = np.array([steps[0].theta, *(s.next_theta for s in steps)])
    low, high = way.min(axis=0), way.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    tried = [s.trial_theta for s in steps if np.isfinite(s.trial_theta).all()]
    tried = np.array(tried).reshape(-1, 2)
    near = tried[(np.abs(tried - (low + high) / 2) <= most * wide).all(axis=1)]
    points = np.vstack([way, near])
    low, high = points.min(axis=0), points.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    return np.column_stack([low - margin * wide, high + margin * wide])
