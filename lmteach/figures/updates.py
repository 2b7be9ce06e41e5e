"""Lesson 08: a run of Levenberg-Marquardt, trial by trial, forwards, backwards, and as it might have gone."""

from copy import copy

import numpy as np

from ..checks import instance, is_real, positive
from ..examples import START, rosenbrock
from ..solvers import levenberg_marquardt
from ..solving import solve
from ..trace import Trace
from .contour import contours
from .picture import BLACK, GREY, SPARE, label, style
from .scene import Control, Scene

MARKS = (0, 0.5, 0.9368, 1)  # where ρ means: no gain, μ stays, μ/3 begins, as promised
BOTTOM, TOP = -2, 1.4  # the gauge's ends; a ρ beyond is drawn at the end
RUNS = ("first", "branch")
BRANCH = SPARE[3] | {"marker": "v"}  # a hollow plus could not be told from a full one
TARGET = 1e-10  # the default run ends here, before rounding has a say


def _valley():
    """Rosenbrock's valley, with its run from (−1.2, 1)."""
    return solve(rosenbrock(), START, plain=True, target_loss=TARGET)


class Player(Scene):
    """Any trial of a run on two parameters: the way so far, where the trial went, and what ρ and μ said.

    `trace`: a Trace with arrays, Rosenbrock's valley from (−1.2, 1) by default; `guess`: the learner's ρ. `branch` asks
    what if: {4: 10} is a second run, which goes on from trial 4 with μ = 10 by the trace's own rule and limits; the
    control `run` says which of them is walked, and the other is shown to its end. Raises TypeError or ValueError for
    anything else.
    """

    controls = {"trial": Control(0, 14, 0, "trial", whole=True, play=True)}

    def __init__(self, trace=None, guess=None, branch=None):
        trace = (
            _valley()
            if trace is None
            else instance("trace", trace, Trace, "a Trace, such as solve gives")
        )
        self.trace, self.guess, self.branch = _walkable(trace), _finite_or_none(guess), branch or {}
        instance("branch", self.branch, dict, "a dict, such as {4: 10} for μ = 10 after trial 4")
        self.runs = [list(trace)]
        if branch:
            self.runs.append(_branch(self.runs[0], self.branch))
        last = max(map(len, self.runs)) - 1
        self.controls = {"trial": Control(0, last, 0, "trial", whole=True, play=last > 0)}
        if branch:
            self.controls["run"] = Control.choice(RUNS, "run")

    def branched(self, mu, trial, run=0):
        """The Player in which this trial of this run is followed by one with another μ; ValueError if none can be."""
        trial = self.within(trial, run)
        earlier = {k: kept for k, kept in self.branch.items() if k < trial} if run else {}
        return Player(self.trace, self.guess, earlier | {trial: mu})

    def refused(self, way, trial, run=0):
        """The refused trial nearest to this one, before it (way = −1) or after it (way = 1); ValueError if none is."""
        trial = self.within(trial, run)
        found = [
            k
            for k, step in enumerate(self.runs[run])
            if not step.accepted and way * (k - trial) > 0
        ]
        if not found:
            raise ValueError(
                f"No trial {'before' if way < 0 else 'after'} trial {trial} is refused."
            )
        return min(found, key=lambda k: abs(k - trial))

    def within(self, trial, run=0):
        """The trial, or the run's last one where the other run is longer."""
        return min(trial, len(self.runs[run]) - 1)

    def compute(self, trial, run=0):
        """The trial, the way to it, the refused places before it, the factor on μ that follows, and the other run."""
        steps, k = self.runs[run], self.within(trial, run)
        step, before = steps[k], steps[:k]
        refused = [s.trial_theta for s in before if not s.accepted and np.isfinite(s.trial_loss)]
        return {
            "run": run,
            "trial": k,
            "over": trial > k,
            "step": step,
            "way": self._way(run, k),
            "refused": np.array(refused).reshape(-1, 2),
            "factor": step.next_mu / step.mu if step.mu > 0 else 1.0,
            "chosen": self.branch.get(k) if run else None,
            "whole": [self._way(other, len(self.runs[other])) for other in range(len(self.runs))],
        }

    def _way(self, run, trial):
        """Where θ has been before this trial; the branch begins where it leaves the first run."""
        begin = min(self.branch) + 1 if run else 0
        steps = self.runs[run]
        return np.array(
            [steps[begin].theta, *(s.trial_theta for s in steps[begin:trial] if s.accepted)]
        )

    def still(self, picture):
        """Contours, start, gauge with its marks, and the guess."""
        map_, gauge = picture.subplots(1, 2, width_ratios=(2.6, 1))
        span = _around([step for run in self.runs for step in run])
        contours(map_, copy(self.runs[0][0].problem), span, 121)
        map_.set(xlim=span[0], ylim=span[1])
        label(map_, "θ₁", "θ₂")
        look = picture.look
        map_.plot(
            *self.runs[0][0].theta, "*", color=BLACK, markersize=2.2 * look["marker"], zorder=4
        )
        self._draw_gauge(gauge, look)
        if self.guess is not None:
            place = np.clip(self.guess, BOTTOM, TOP)
            gauge.plot(
                0.5,
                place,
                "D",
                color=BLACK,
                markersize=1.6 * look["marker"],
                **_hollow(look),
                zorder=6,
            )
        moving = {run: self._draw_run(map_, gauge, run) for run in range(len(self.runs))}
        if self.branch:
            picture.legend(
                loc="outside lower center", ncols=2, fontsize=look["text"], frameon=False
            )
        mu = gauge.text(0.5, 1.62, "", ha="center", va="bottom", size=look["text"], in_layout=False)
        return moving | {"mu": mu}

    def _draw_run(self, map_, gauge, run):
        """The lines and dots of one run, still without places."""
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
        """ρ upwards; on the right what the rule does to μ at each mark."""
        gauge.axhspan(BOTTOM - 0.2, 0, color=GREY, alpha=0.25, linewidth=0)
        gauge.plot([0.5, 0.5], [BOTTOM, TOP], color=GREY, linewidth=look["line"])
        gauge.hlines(MARKS, 0.3, 0.7, color=BLACK, linewidth=look["line"] / 2)
        gauge.set(xlim=(0, 1), ylim=(BOTTOM - 0.2, 2.1), xticks=[])
        label(gauge, "", "ρ")
        gauge.set_yticks([BOTTOM, -1, *MARKS], ["≤ −2", "−1", "0", "½", "0.9368", "1"])
        for tick, side in zip(gauge.get_yticklabels()[-2:], ("top", "bottom"), strict=True):
            tick.set_verticalalignment(side)
        rule, beside = self.runs[-1][-1].damping, gauge.get_yaxis_transform()
        words, look = (
            "refused" if self.runs[0][0].damping else "F rises",
            {"size": look["text"], "transform": beside},
        )
        gauge.text(0.97, -1.1, words, ha="right", va="center", rotation=90, **look)
        if rule is not None:
            gauge.text(1.06, 1.25, "next:", va="center", **look)
        for mark in MARKS[:3] if rule is not None else ():
            factor = rule.update(1.0, mark, True)[0]
            words = (
                "μ/3"
                if abs(3 * factor - 1) < 1e-3
                else f"{factor:.2g}μ"
                if abs(factor - 1) > 1e-9
                else "μ"
            )
            gauge.text(1.06, mark, words, va="top" if mark > 0.9 else "center", **look)

    def move(self, artists, numbers):
        """The way so far, this trial filled or hollow, ρ on the gauge, and μ; of another run only its whole way."""
        step = numbers["step"]
        for run, way in enumerate(numbers["whole"]):
            for artist in artists[run].values():
                artist.set_data([], [])
            artists[run]["way"].set_data(*way.T)
        here, verdict = artists[numbers["run"]], "accepted" if step.accepted else "refused"
        here["way"].set_data(*numbers["way"].T)
        here["refused"].set_data(*numbers["refused"].T)
        if np.isfinite(step.trial_loss):
            here["reach"].set_data(*np.array([step.theta, step.trial_theta]).T)
            here[f"{verdict} here"].set_data(*np.array([step.trial_theta]).T)
        if np.isfinite(step.rho):
            here[f"rho {verdict}"].set_data([0.5], [np.clip(step.rho, BOTTOM, TOP)])
        artists["mu"].set_text(f"μ = {step.mu:.3g}")

    def sentence(self, numbers):
        """The trial in words: promised and got, the verdict, and what changes; and how the runs compare."""
        step = numbers["step"]
        got = f"{step.trial_loss:.3g}" if np.isfinite(step.trial_loss) else "no finite number"
        ratio = f"ρ = {step.rho:.3g}" if np.isfinite(step.rho) else "no ρ"
        verdict = "accepted; θ moves" if step.accepted else "refused; θ stays"
        said = f"trial {numbers['trial']}{self._of_which(numbers)}: μ = {step.mu:.3g}, F = {step.loss:.3g}, "
        said += f"predicted {step.loss - step.predicted:.3g}, got {got}: {ratio}, {verdict}"
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
        return (
            f" You guessed ρ = {self.guess:.3g}: {abs(off):.2g} too {'high' if off > 0 else 'low'}."
        )

    def _what_if(self):
        return " and ".join(
            f"μ = {mu:.3g} after trial {k}" for k, mu in sorted(self.branch.items())
        )

    def _summed_up(self):
        """Both runs, from where they part to their ends."""
        if not self.branch:
            return ""
        ends = [f"{len(run)} trials to F = {run[-1].next_loss:.2g}" for run in self.runs]
        return f" First run: {ends[0]}; {self._what_if()}: {ends[1]}."

    def rows(self, numbers):
        """Every trial of this run up to this one."""
        upto = self.runs[numbers["run"]][: numbers["trial"] + 1]
        rows = [(k, s.mu, s.loss, s.trial_loss, s.rho, s.accepted) for k, s in enumerate(upto)]
        return [("trial", "μ", "F", "F of the trial", "ρ", "accepted"), *rows]


def _walkable(trace):
    """A trace that can be drawn on a plane."""
    if not len(trace):
        raise ValueError("trace has no trials: expected at least one")
    if trace.faded:
        said = f"trace has {len(trace)} trials, {trace.faded} of them without arrays"
        raise ValueError(f'{said}: expected arrays for every trial; solve again with history="all"')
    if len(trace[0].theta) != 2:
        raise ValueError(f"trace is a run on {len(trace[0].theta)} parameters: expected 2")
    return trace


def _finite_or_none(guess):
    """The guess of a ρ."""
    if guess is not None and not is_real(guess):
        raise TypeError(f"guess = {guess!r}: expected a number, your ρ, or None")
    if guess is not None and not np.isfinite(guess):
        raise ValueError(f"guess = {guess!r}: expected a finite number, your ρ, or None")
    return guess


def _branch(steps, changes):
    """The run that goes on from each of these trials with another μ; what went before it is the same."""
    for trial, mu in sorted(changes.items()):
        positive("mu", mu)
        if trial not in range(len(steps)):
            raise ValueError(
                f"branch at trial {trial!r}: expected a whole number from 0 to {len(steps) - 1}"
            )
        further, stop = _to_the_end(
            levenberg_marquardt(copy(steps[trial].problem), steps[trial], mu=mu)
        )
        if not further:
            raise ValueError(f"No trial can follow trial {trial}: {stop.words}.")
        steps = steps[: trial + 1] + further
    return steps


def _to_the_end(run):
    """A run's steps and its Stop."""
    steps = []
    while True:
        try:
            steps.append(next(run))
        except StopIteration as end:
            return steps, end.value


def _solver(step):
    """Whose step this is; gradient descent keeps 1/η where Gauss-Newton has a μ of 0."""
    return "LM" if step.damping is not None else "GD" if step.mu > 0 else "GN"


def _hollow(look):
    return {"markerfacecolor": "none", "markeredgewidth": look["line"]}


def _around(steps, margin=0.15, most=3.0):
    """((θ₁ low, high), (θ₂ low, high)) around the way and its trials; far ones are left outside."""
    way = np.array([steps[0].theta, *(s.next_theta for s in steps)])
    low, high = way.min(axis=0), way.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    tried = np.array([s.trial_theta for s in steps if np.isfinite(s.trial_theta).all()]).reshape(
        -1, 2
    )
    near = tried[(np.abs(tried - (low + high) / 2) <= most * wide).all(axis=1)]
    points = np.vstack([way, near])
    low, high = points.min(axis=0), points.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    return np.column_stack([low - margin * wide, high + margin * wide])
