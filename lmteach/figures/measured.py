"""Figures of what was measured beforehand: the rows of a table, each a dict of its columns."""

import math

from matplotlib.ticker import FormatStrFormatter

from ..checks import instance
from .picture import SHORT, Picture, current_look, label, style
from .runs import own_style

COUSINS = {"SGD": "GD", "GN + line search": "GN", "LM": "LM"}  # whose style a method has
WORDS = {
    "trials": "trials",
    "derivatives": "evaluations of J or g",
    "multiplications": "multiplications",
    "seconds": "CPU seconds",
}


def standings(rows, count):
    """Return {method: {goal: what it had spent when F reached the goal}}.

    `rows` are those of tests/benchmarks/race.py, `count` one of their last four columns. Of several
    rates the cheapest for each goal counts; a method that does not arrive has math.inf.
    """
    found = {}
    for row in instance("rows", rows, list, "a list of dicts, one for each row"):
        goals, goal = found.setdefault(row["method"], {}), float(row["goal"])
        goals[goal] = min(goals.get(goal, math.inf), float(row[count]))
    return found


def fig_standings(rows, counts=("multiplications", "seconds")):
    """Draw what each method had spent when F reached a goal, one panel for each count.

    `rows` are those of tests/benchmarks/race.py. A line ends where its method does not arrive.
    """
    picture = Picture(current_look())
    panels = picture.subplots(1, len(counts), squeeze=False)[0]
    table = [("method", "goal", "count", "spent")]
    for axes, count in zip(panels, counts, strict=True):
        found = standings(rows, count)
        for method, goals in found.items():
            table += [(method, goal, count, spent) for goal, spent in goals.items()]
        _lines(axes, {name: _arrived(goals) for name, goals in found.items()})
        axes.set(xscale="log", yscale="log")
        axes.invert_xaxis()
        label(axes, "F is to be", f"{WORDS[count]} until then")
    _legend(picture, panels[0])
    said = "; ".join(f"{name} {_reach(goals)}" for name, goals in found.items())
    return picture.describe(f"What was spent until F reached a goal. {said}.", table)


def fig_pace(rows):
    """Draw accuracy against CPU time on a logarithmic axis, a mark for each epoch from the first.

    `rows` are those of pace.csv, from tests/benchmarks/digits.py.
    """
    runs, table = {}, [("method", "epoch", "cpu_seconds", "median")]
    for row in instance("rows", rows, list, "a list of dicts, one for each row"):
        name = SHORT.get(row["method"], f"{row['method']}, {row['setting']}")
        point = float(row["cpu_seconds"]), float(row["median"])
        runs.setdefault(name, []).append(point)
        table.append((name, int(row["epoch"]), *point))
    picture = Picture(current_look())
    axes = picture.subplots()
    _lines(axes, runs)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    label(axes, "CPU seconds, on the machine that made the table", "% of held-out digits")
    _legend(picture, axes)
    ends = [f"{name}: {at[-1][1]:.1f} % after {len(at)} epochs" for name, at in runs.items()]
    said = f"Accuracy on held-out digits after each epoch, against CPU time. {'; '.join(ends)}."
    return picture.describe(said, table)


def _lines(axes, curves):
    """Draw {name: [(x, y), …]}, a line and its marks for each."""
    others = [name for name in curves if name not in COUSINS]
    for name, points in curves.items():
        look, said = axes.figure.look, SHORT.get(name, name)
        known = name in COUSINS
        own = style(look, COUSINS[name]) if known else own_style(look, said, others)
        places = zip(*points, strict=True) if points else ([], [])
        axes.plot(*places, label=said if points else f"{said} (never)", **own)


def _arrived(goals):
    return [(goal, spent) for goal, spent in goals.items() if math.isfinite(spent)]


def _reach(goals):
    reached = [goal for goal, _ in _arrived(goals)]
    return f"reaches {min(reached):g}" if reached else "reaches none of them"


def _legend(picture, axes):
    handles, names = axes.get_legend_handles_labels()
    columns, text = 3 if picture.look["text"] < 16 else 2, picture.look["text"]
    place = "outside lower center"
    picture.legend(handles, names, loc=place, ncols=columns, fontsize=text, frameon=False)
