"""Figures of finished runs: `fig_*(...) → Picture`, drawn from traces and problems."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..checks import as_finite, at_least, instance, one_of
from ..trace import Trace
from .contour import SMALLEST, contours
from .picture import BLACK, GREY, SHORT, SPARE, STYLES, VERMILION, Picture, current_look


def fig_loss(traces, x="trials", title="Loss"):
    """Draw F against trials or evaluations of J, on a logarithmic axis.

    Refused trials are hollow markers. `traces` is a Trace, or a dict of name → Trace; the names
    "GD", "GN", "LM" (or in full) have styles of their own. `x` is "trials" or "jacobians"; for
    gradient descent the latter counts gradients. Raises TypeError or ValueError for anything else.
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
    rows = [("name", x, "F")]
    for name, trace in traces.items():
        points = zip(positions(trace, x), trace.losses, strict=True)
        rows += [(name, int(at), loss) for at, loss in points]
    said = "; ".join(_said(name, trace) for name, trace in traces.items())
    return picture.describe(f"Loss on a logarithmic axis against {counted}. {said}.", rows)


def fig_paths(problem, traces, span=None, title="Paths on the loss", n_grid=121):
    """Draw the contours of F for a problem of two parameters, and each solver's path over them.

    `traces` is as in `fig_loss`. `span` is ((θ₁ low, high), (θ₂ low, high)), around the paths
    unless given. Raises ValueError for problems of another size.
    """
    traces = _as_traces(traces)
    paths = {name: _path(trace) for name, trace in traces.items()}
    if span is None:
        span = _around(np.vstack(list(paths.values())))
    span = as_finite("span", span, 2, (2, 2))
    picture, axes = _axes()
    contours(axes, problem, span, at_least("n_grid", n_grid, 11))
    for name, path in paths.items():
        style = own_style(picture.look, name, traces)
        axes.plot(*path.T, label=f"{name} ({_steps(path)})", markevery=_few(len(path)), **style)
    start = next(iter(paths.values()))[0]
    size = 2 * picture.look["marker"]
    axes.plot(*start, "*", color=BLACK, markersize=size, label="start", zorder=5)
    axes.set(xlim=span[0], ylim=span[1], xlabel="θ₁", ylabel="θ₂", title=title)
    _finish(axes)
    rows = [("name", "step", "theta_1", "theta_2")]
    for name, path in paths.items():
        rows += [(name, step, *map(float, theta)) for step, theta in enumerate(path)]
    return picture.describe(_said_of_paths(paths), rows)


def fig_fit(X, Y, curves, title="Fit against data", validation=None):
    """Draw data of one input and one output as dots, and each fitted curve as a line.

    `X` and `Y` are (N, 1). `curves` is a dict of name → function of x, (n, 1) → (n, 1).
    `validation` is an (X, Y) that is drawn as hollow dots.
    """
    X, Y = (as_finite(name, value, 2, (None, 1))[:, 0] for name, value in (("X", X), ("Y", Y)))
    picture, axes = _axes()
    _draw_data(axes, (X, Y), validation)
    seen = X if validation is None else np.append(X, validation[0])
    x = np.linspace(seen.min(), seen.max(), 201)[:, None]
    lines = {SHORT.get(name, name): np.asarray(curve(x))[:, 0] for name, curve in curves.items()}
    for name, y in lines.items():
        axes.plot(x[:, 0], y, label=name, **own_style(picture.look, name, lines) | {"marker": ""})
    axes.set(xlabel="x", ylabel="y", title=title)
    _finish(axes)
    table = {"data": (X, Y)} | {name: (x[:, 0], y) for name, y in lines.items()}
    rows = [("name", "x", "y")]
    for name, xy in table.items():
        rows += [(name, *map(float, point)) for point in zip(*xy, strict=True)]
    said = f"{len(X)} data points and {len(lines)} curves: {', '.join(lines)}."
    return picture.describe(said, rows)


def _draw_data(axes, data, validation):
    size = axes.figure.look["marker"]
    axes.plot(*data, "o", color=GREY, markersize=size, label=f"data ({len(data[0])})")
    if validation is None:
        return
    points = [values[:, 0] for values in validation]
    label = f"validation ({len(points[0])})"
    axes.plot(*points, "o", mfc="none", color=BLACK, markersize=size, label=label)


def fig_digits(images, predicted, actual, title="Predicted (actual)", columns=5):
    """Draw digit images in a grid, each under its predicted label.

    Where the prediction is wrong, the actual label follows in parentheses. `images` is
    (n, side, side); `predicted` and `actual` are (n,) labels.
    """
    images = as_finite("images", images, 3)
    picture = Picture(current_look())
    grid = picture.subplots(-(-len(images) // columns), columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    text = picture.look["text"]
    for axes, image, guess, label in zip(grid, images, predicted, actual, strict=False):
        axes.imshow(image, cmap="gray_r")
        if guess == label:
            axes.set_title(f"{guess}", color=BLACK, size=text)
        else:
            axes.set_title(f"{guess} ({label})", color=VERMILION, size=text)
    picture.suptitle(title, size=text + 2)
    wrong = int(np.sum(np.asarray(predicted) != np.asarray(actual)))
    rows = [("predicted", "actual")]
    rows += [(int(p), int(a)) for p, a in zip(predicted, actual, strict=False)]
    said = f"{len(images)} handwritten digits with predicted labels; {wrong} of them wrong."
    return picture.describe(said, rows)


def _axes():
    picture = Picture(current_look())
    axes = picture.subplots()
    axes.tick_params(labelsize=picture.look["text"])
    return picture, axes


def _finish(axes):
    """Set the sizes of the text, and add a legend that covers nothing."""
    text = axes.figure.look["text"]
    axes.title.set_size(text + 2)
    axes.xaxis.label.set_size(text)
    axes.yaxis.label.set_size(text)
    columns = 3 if text < 16 else 2
    place = "outside lower center"
    axes.figure.legend(loc=place, ncols=columns, fontsize=text, frameon=False)


def _as_traces(traces):
    if isinstance(traces, Trace):
        traces = {"trace": traces}
    instance("traces", traces, dict, "a Trace or a dict of them")
    for name, trace in traces.items():
        instance(f"traces[{name!r}]", trace, Trace, "a Trace")
    if not traces:
        raise ValueError("traces is empty: expected at least one Trace")
    return {SHORT.get(name, name): trace for name, trace in traces.items()}


def own_style(look, name, names):
    """Return a solver's own style; other names take the spare ones in turn."""
    others = [other for other in names if other not in STYLES]
    style = STYLES[name] if name in STYLES else SPARE[others.index(name) % len(SPARE)]
    return style | {"linewidth": look["line"], "markersize": look["marker"]}


def positions(trace, x):
    """Return for each entry of trace.losses how many trials were made, or J evaluated, by then."""
    if x == "trials":
        return np.arange(len(trace.losses))
    accepted = [step.accepted for step in trace]
    return np.array([0, *(1 + sum(accepted[:i]) for i in range(len(trace)))])


def evaluated(traces):
    """Say what is counted as an evaluation: J, or for gradient descent g = Jᵀr.

    Here both are the same work, since gradient descent's J is formed, too.
    """
    descending = [descends(trace) for trace in traces]
    if all(descending):
        return "evaluations of g"
    return "evaluations of J (gradient descent: of g)" if any(descending) else "evaluations of J"


def descends(steps):
    """Tell whether these steps are gradient descent's: damped by μ = 1/η, and by no rule."""
    return any(step.damping is None and step.mu > 0 for step in steps)


def draw_loss(axes, trace, at, name, style, every=None):
    """Draw F after each trial over the positions `at`, with a marker on every n-th.

    Refused trials are hollow markers at the F that they led to.
    """
    losses = np.maximum(trace.losses, SMALLEST)
    axes.plot(at, losses, label=name, markevery=every or _few(len(losses)), **style)
    refused = [(at[i + 1], step.trial_loss) for i, step in enumerate(trace) if not step.accepted]
    shown = np.array([point for point in refused if np.isfinite(point[1])]).reshape(-1, 2)
    if len(shown):
        hollow = style | {"linestyle": "", "markerfacecolor": "none"}
        axes.plot(*shown.T, label=f"{name}, refused ({len(refused)})", **hollow)


def _said(name, trace):
    return (
        f"{name}: F {trace.losses[0]:.2e} to {trace.loss:.2e} "
        f"in {len(trace)} trials, {len(trace.refused)} refused"
    )


def _said_of_paths(paths):
    ends = [
        f"{name}: {_steps(path)} to ({path[-1][0]:.3g}, {path[-1][1]:.3g})"
        for name, path in paths.items()
    ]
    start = next(iter(paths.values()))[0]
    begun = f"Contours of the loss with paths from ({start[0]:.3g}, {start[1]:.3g})."
    return f"{begun} {'; '.join(ends)}."


def _path(trace):
    """Return θ at the start and after every accepted step, (n, 2)."""
    kept = [step for step in trace.accepted if step.theta is not None]
    start = kept[0].theta if kept else trace.theta
    path = np.array([start, *(step.trial_theta for step in kept)])
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
    """Return n, where every n-th marker is drawn, so that long runs stay readable."""
    return max(1, n // most)
