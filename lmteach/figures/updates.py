"""Lesson 08: a run of Levenberg-Marquardt, trial by trial, forwards and backwards."""

from copy import copy

import numpy as np

from ..checks import instance, is_real
from ..examples import START, rosenbrock
from ..solving import solve
from ..trace import Trace
from .contour import contours
from .picture import BLACK, GREY, label, style
from .scene import Control, Scene

MARKS = (0, 0.5, 0.9368, 1)  # where ρ means: no gain, μ stays, μ/3 begins, as promised
BOTTOM, TOP = -2, 1.4  # the gauge's ends; a ρ beyond is drawn at the end
TARGET = 1e-10  # the default run ends here, before rounding has a say


def _valley():
    """Rosenbrock's valley, with its run from (−1.2, 1)."""
    return solve(rosenbrock(), START, plain=True, target_loss=TARGET)


class Player(Scene):
    """Any trial of a run on two parameters: the way so far, where the trial went, and what ρ and μ said.

    `trace`: a Trace with arrays, Rosenbrock's valley from (−1.2, 1) by default; `guess`: the learner's ρ. Raises
    TypeError or ValueError for anything else.
    """

    controls = {"trial": Control(0, 14, 0, "trial", whole=True, play=True)}

    def __init__(self, trace=None, guess=None):
        trace = _valley() if trace is None else instance("trace", trace, Trace, "a Trace, such as solve gives")
        if not len(trace) or trace.faded or len(trace[0].theta) != 2:
            size = f"{len(trace)} trials, {trace.faded} of them without arrays"
            size += f", {len(trace[0].theta)} parameters" if len(trace) and trace[0].theta is not None else ""
            raise ValueError(f"trace has {size}: expected at least one trial, with arrays, and 2 parameters")
        if guess is not None and not is_real(guess):
            raise TypeError(f"guess = {guess!r}: expected a number, your ρ, or None")
        if guess is not None and not np.isfinite(guess):
            raise ValueError(f"guess = {guess!r}: expected a finite number, your ρ, or None")
        self.steps, self.guess = list(trace), guess
        self.controls = {"trial": Control(0, len(trace) - 1, 0, "trial", whole=True, play=True)}

    def compute(self, trial):
        """The trial, the way to it, the refused places before it, and the factor on μ that follows."""
        step, before = self.steps[trial], self.steps[:trial]
        way = [self.steps[0].theta, *(s.trial_theta for s in before if s.accepted)]
        refused = [s.trial_theta for s in before if not s.accepted and np.isfinite(s.trial_loss)]
        next_mu = step.mu if step.damping is None else step.damping.update(step.mu, step.rho, step.accepted)[0]
        return {
            "step": step,
            "way": np.array(way),
            "refused": np.array(refused).reshape(-1, 2),
            "factor": next_mu / step.mu if step.mu > 0 else 1.0,
        }

    def still(self, picture):
        """Contours, start, gauge with its marks, and the guess."""
        map_, gauge = picture.subplots(1, 2, width_ratios=(2.6, 1))
        span = _around(self.steps)
        contours(map_, copy(self.steps[0].problem), span, 121)
        map_.set(xlim=span[0], ylim=span[1])
        label(map_, "θ₁", "θ₂")
        look, lm = picture.look, style(picture.look, "LM")
        bare = lm | {"linestyle": "", "markersize": 1.6 * lm["markersize"], "zorder": 5}
        hollow = {"markerfacecolor": "none", "markeredgewidth": look["line"]}
        map_.plot(*self.steps[0].theta, "*", color=BLACK, markersize=2.2 * look["marker"], zorder=4)
        self._draw_gauge(gauge, look)
        if self.guess is not None:
            place = np.clip(self.guess, BOTTOM, TOP)
            gauge.plot(0.5, place, "D", color=BLACK, markersize=1.6 * look["marker"], **hollow, zorder=6)
        return {
            "way": map_.plot([], [], **lm)[0],
            "refused": map_.plot([], [], **bare | hollow | {"color": GREY, "markersize": look["marker"]})[0],
            "reach": map_.plot([], [], color=BLACK, linestyle=":", linewidth=look["line"])[0],
            "accepted here": map_.plot([], [], **bare)[0],
            "refused here": map_.plot([], [], **bare | hollow)[0],
            "rho accepted": gauge.plot([], [], **bare)[0],
            "rho refused": gauge.plot([], [], **bare | hollow)[0],
            "mu": gauge.text(0.5, 1.62, "", ha="center", va="bottom", size=look["text"], in_layout=False),
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
        rule, beside = self.steps[0].damping, gauge.get_yaxis_transform()
        gauge.text(0.97, -1.1, "refused", ha="right", va="center", size=look["text"], rotation=90, transform=beside)
        if rule is not None:
            gauge.text(1.06, 1.25, "next:", va="center", size=look["text"], transform=beside)
        for mark in MARKS[:3] if rule is not None else ():
            factor = rule.update(1.0, mark, True)[0]
            words = "μ/3" if abs(3 * factor - 1) < 1e-3 else f"{factor:.2g}μ" if abs(factor - 1) > 1e-9 else "μ"
            side = "top" if mark > 0.9 else "center"
            gauge.text(1.06, mark, words, va=side, size=look["text"], transform=beside)

    def move(self, artists, numbers):
        """The way so far, this trial filled or hollow, ρ on the gauge, and μ."""
        step, way = numbers["step"], numbers["way"]
        seen = np.isfinite(step.trial_loss)
        artists["way"].set_data(*way.T)
        artists["refused"].set_data(*numbers["refused"].T)
        artists["reach"].set_data(*np.array([step.theta, step.trial_theta if seen else step.theta]).T)
        rho = np.clip(step.rho, BOTTOM, TOP)
        for name, shown in (("accepted", step.accepted), ("refused", not step.accepted)):
            at = [[x] for x in step.trial_theta] if shown and seen else [[], []]
            artists[f"{name} here"].set_data(*at)
            artists[f"rho {name}"].set_data(*([[0.5], [rho]] if shown and np.isfinite(rho) else [[], []]))
        artists["mu"].set_text(f"μ = {step.mu:.3g}")

    def sentence(self, numbers):
        """The trial in words: promised and got, the verdict, and what changes."""
        step = numbers["step"]
        got = f"{step.trial_loss:.3g}" if np.isfinite(step.trial_loss) else "no finite number"
        ratio = f"ρ = {step.rho:.3g}" if np.isfinite(step.rho) else "no ρ"
        verdict = "accepted; θ moves" if step.accepted else "refused; θ stays"
        said = f"trial {step.k}: μ = {step.mu:.3g}, F = {step.loss:.3g}, predicted {step.loss - step.predicted:.3g}, "
        said += f"got {got}: {ratio}, {verdict}, μ × {numbers['factor']:.3g}."
        return said + ("" if self.guess is None else self._compared(step))

    def _compared(self, step):
        if not np.isfinite(step.rho):
            return f" You guessed ρ = {self.guess:.3g}."
        off = self.guess - step.rho
        return f" You guessed ρ = {self.guess:.3g}: {abs(off):.2g} too {'high' if off > 0 else 'low'}."

    def rows(self, numbers):
        """Every trial up to this one."""
        upto = self.steps[: self.steps.index(numbers["step"]) + 1]
        rows = [(s.k, s.mu, s.loss, s.trial_loss, s.rho, s.accepted) for s in upto]
        return [("trial", "μ", "F", "F of the trial", "ρ", "accepted"), *rows]


def _around(steps, margin=0.15, most=3.0):
    """((θ₁ low, high), (θ₂ low, high)) around the way and its trials; far ones are left outside."""
    way = np.array([steps[0].theta, *(s.next_theta for s in steps)])
    low, high = way.min(axis=0), way.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    tried = np.array([s.trial_theta for s in steps if np.isfinite(s.trial_theta).all()]).reshape(-1, 2)
    near = tried[(np.abs(tried - (low + high) / 2) <= most * wide).all(axis=1)]
    points = np.vstack([way, near])
    low, high = points.min(axis=0), points.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    return np.column_stack([low - margin * wide, high + margin * wide])
