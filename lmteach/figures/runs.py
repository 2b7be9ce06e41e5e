"""Figures of finished runs: `fig_*(...) → Picture`, drawn from traces and problems."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..checks import as_finite, at_least, instance, one_of
from ..trace import Trace
from .contour import SMALLEST, contours
from .picture import BLACK, GREY, SHORT, SPARE, STYLES, VERMILION, Picture, current_look


def fig_loss(traces, x="trials", title="Loss"):
    """F against trials or evaluations of J, on a logarithmic axis; refused trials are hollow markers.

    `traces`: a Trace, or a dict of name → Trace; the names "GD", "GN", "LM" (or in full) bring their own style. `x`:
    "trials" or "jacobians"; for gradient descent the latter counts gradients. Raises TypeError or ValueError for
    anything else.
    """
    traces = _as_traces(traces)
    one_of("x", x, ("trials", "jacobians"))
    picture, axes = _axes()
    for name, trace in traces.items():
        draw_loss(axes, trace, positions(trace, x), name, own_style(picture.look, name, traces))
    counted = x if x == "trials" else evaluated(traces.values())
    axes.set(yscale="log", title=title, ylabel="F = ½ rᵀr", xlabel=counted)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _finish(axes)
    rows = [
        ("name", x, "F"),
        *(
            (n, int(i), f)
            for n, t in traces.items()
            for i, f in zip(positions(t, x), t.losses, strict=False)
        ),
    ]
    said = "; ".join(_said(name, trace) for name, trace in traces.items())
    return picture.describe(f"Loss on a logarithmic axis against {counted}. {said}.", rows)


def fig_paths(problem, traces, span=None, title="Paths on the loss", n_grid=121):
    """The contours of F for a problem of two parameters, and the way each solver took across them.

    `traces`: as in fig_loss. `span`: ((θ₁ low, high), (θ₂ low, high)), around the paths unless given. ValueError for
    problems of another size.
    """
    traces = _as_traces(traces)
    paths = {name: _path(trace) for name, trace in traces.items()}
    span = (
        _around(np.vstack(list(paths.values())))
        if span is None
        else as_finite("span", span, 2, (2, 2))
    )
    picture, axes = _axes()
    contours(axes, problem, span, at_least("n_grid", n_grid, 11))
    for name, path in paths.items():
        style = own_style(picture.look, name, traces)
        axes.plot(*path.T, label=f"{name} ({_steps(path)})", markevery=_few(len(path)), **style)
    start = next(iter(paths.values()))[0]
    axes.plot(
        *start,
        marker="*",
        markersize=2 * picture.look["marker"],
        color=BLACK,
        linestyle="",
        label="start",
        zorder=5,
    )
    axes.set(xlim=span[0], ylim=span[1], xlabel="θ₁", ylabel="θ₂", title=title)
    _finish(axes)
    rows = [
        ("name", "step", "theta_1", "theta_2"),
        *((n, i, *map(float, p)) for n, path in paths.items() for i, p in enumerate(path)),
    ]
    ends = "; ".join(
        f"{name}: {_steps(path)} to ({path[-1][0]:.3g}, {path[-1][1]:.3g})"
        for name, path in paths.items()
    )
    return picture.describe(
        f"Contours of the loss with paths from ({start[0]:.3g}, {start[1]:.3g}). {ends}.", rows
    )


def fig_fit(X, Y, curves, title="Fit against data", validation=None):
    """Data of one input and one output as dots, and each fitted curve as a line.

    `X`, `Y`: (N, 1). `curves`: a dict of name → function of x, (n, 1) → (n, 1). `validation`: an (X, Y) drawn as hollow
    dots.
    """
    X, Y = (as_finite(name, value, 2, (None, 1))[:, 0] for name, value in (("X", X), ("Y", Y)))
    picture, axes = _axes()
    size = picture.look["marker"]
    axes.plot(X, Y, "o", color=GREY, markersize=size, label=f"data ({len(X)})")
    if validation is not None:
        axes.plot(
            *(v[:, 0] for v in validation),
            "o",
            mfc="none",
            color=BLACK,
            markersize=size,
            label=f"validation ({len(validation[0])})",
        )
    seen = X if validation is None else np.append(X, validation[0])
    x = np.linspace(seen.min(), seen.max(), 201)[:, None]
    lines = {SHORT.get(name, name): np.asarray(curve(x))[:, 0] for name, curve in curves.items()}
    for name, y in lines.items():
        axes.plot(x[:, 0], y, label=name, **own_style(picture.look, name, lines) | {"marker": ""})
    axes.set(xlabel="x", ylabel="y", title=title)
    _finish(axes)
    table = {"data": (X, Y)} | {name: (x[:, 0], y) for name, y in lines.items()}
    rows = [
        ("name", "x", "y"),
        *(
            (name, float(a), float(b))
            for name, xy in table.items()
            for a, b in zip(*xy, strict=True)
        ),
    ]
    return picture.describe(
        f"{len(X)} data points and {len(lines)} curves: {', '.join(lines)}.", rows
    )


def fig_digits(images, predicted, actual, title="Predicted (actual)", columns=5):
    """A grid of digit images, each headed by the predicted label and, where that is wrong, the actual one.

    `images`: (n, side, side); `predicted`, `actual`: (n,) labels.
    """
    images = as_finite("images", images, 3)
    picture = Picture(current_look())
    grid = picture.subplots(-(-len(images) // columns), columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, image, guess, label in zip(grid, images, predicted, actual, strict=False):
        axes.imshow(image, cmap="gray_r")
        right = guess == label
        axes.set_title(
            f"{guess}" if right else f"{guess} ({label})",
            color=BLACK if right else VERMILION,
            size=picture.look["text"],
        )
    picture.suptitle(title, size=picture.look["text"] + 2)
    wrong = int(np.sum(np.asarray(predicted) != np.asarray(actual)))
    rows = [
        ("predicted", "actual"),
        *((int(p), int(a)) for p, a in zip(predicted, actual, strict=False)),
    ]
    return picture.describe(
        f"{len(images)} handwritten digits with predicted labels; {wrong} of them wrong.", rows
    )


def _axes():
    picture = Picture(current_look())
    axes = picture.subplots()
    axes.tick_params(labelsize=picture.look["text"])
    return picture, axes


def _finish(axes):
    """Text sizes, and a legend that covers nothing."""
    text = axes.figure.look["text"]
    axes.title.set_size(text + 2)
    axes.xaxis.label.set_size(text)
    axes.yaxis.label.set_size(text)
    axes.figure.legend(
        loc="outside lower center", ncols=3 if text < 16 else 2, fontsize=text, frameon=False
    )


def _as_traces(traces):
    traces = (
        {"trace": traces}
        if isinstance(traces, Trace)
        else instance("traces", traces, dict, "a Trace or a dict of them")
    )
    for name, trace in traces.items():
        instance(f"traces[{name!r}]", trace, Trace, "a Trace")
    if not traces:
        raise ValueError("traces is empty: expected at least one Trace")
    return {SHORT.get(name, name): trace for name, trace in traces.items()}


def own_style(look, name, names):
    """A solver's own style; other names share out the spare ones."""
    others = [other for other in names if other not in STYLES]
    style = STYLES[name] if name in STYLES else SPARE[others.index(name) % len(SPARE)]
    return style | {"linewidth": look["line"], "markersize": look["marker"]}


def positions(trace, x):
    """Where each entry of trace.losses stands: trials made, or Jacobians evaluated, by then."""
    if x == "trials":
        return np.arange(len(trace.losses))
    accepted = [step.accepted for step in trace]
    return np.array([0, *(1 + sum(accepted[:i]) for i in range(len(trace)))])


def evaluated(traces):
    """What is counted as an evaluation: J, for gradient descent g = Jᵀr (here the same work: its J is formed too)."""
    descending = [descends(trace) for trace in traces]
    if all(descending):
        return "evaluations of g"
    return "evaluations of J (gradient descent: of g)" if any(descending) else "evaluations of J"


def descends(steps):
    """True if these steps are gradient descent's: damped by μ = 1/η, and by no rule."""
    return any(step.damping is None and step.mu > 0 for step in steps)


def draw_loss(axes, trace, at, name, style, every=None):
    """F after each trial over the places `at`, a marker on every n-th; refused trials hollow, where they led."""
    losses = np.maximum(trace.losses, SMALLEST)
    axes.plot(at, losses, label=name, markevery=every or _few(len(losses)), **style)
    refused = [(at[i + 1], step.trial_loss) for i, step in enumerate(trace) if not step.accepted]
    shown = np.array([point for point in refused if np.isfinite(point[1])]).reshape(-1, 2)
    if len(shown):
        hollow = style | {"linestyle": "", "markerfacecolor": "none"}
        axes.plot(*shown.T, label=f"{name}, refused ({len(refused)})", **hollow)


def _said(name, trace):
    return f"{name}: F {trace.losses[0]:.2e} to {trace.loss:.2e} in {len(trace)} trials, {len(trace.refused)} refused"


def _path(trace):
    """θ at the start and after every accepted step, (n, 2)."""
    kept = [step for step in trace.accepted if step.theta is not None]
    path = np.array(
        [kept[0].theta, *(step.trial_theta for step in kept)] if kept else [trace.theta]
    )
    if path.shape[1] != 2:
        raise ValueError(f"traces: a path of {path.shape[1]} parameters; expected 2")
    return path


def _steps(path):
    return f"{len(path) - 1} step{'s' * (len(path) != 2)}"


def _around(points, margin=0.15):
    low, high = points.min(axis=0), points.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    return np.column_stack([low - margin * wide, high + margin * wide])


def _few(n, most=60):
    """Which markers to draw, so that long runs stay readable: every n-th."""
    return max(1, n // most)
