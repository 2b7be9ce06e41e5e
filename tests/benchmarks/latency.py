"""From a key press on a slider to new pixels in JupyterLab: each explorer, beside `interact` redrawing the same figure.

    python tests/benchmarks/latency.py [--presses 30] [names…]

Medians in milliseconds, one run in headless Chromium. A press is over when the browser has decoded and shown what the
kernel sent. In a drag, the pictures shown in each second are counted.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from classroom import FOLDER, offline_page, open_lesson, run_from_the_top, running_browser, running_lab  # noqa: E402

NAME = "latency.ipynb"
LIVE = "from lmteach.figures.{module} import {scene}\nfrom lmteach.widgets import Explorer\nExplorer({scene}())"
REDRAWN = """\
from ipywidgets import FloatLogSlider, IntSlider, FloatSlider, interact
from lmteach.figures.{module} import {scene}
from lmteach.widgets import _slider
from IPython.display import display
scene = {scene}()
name, control = next(iter(scene.controls.items()))
slider = _slider(control, control.start)
interact(lambda **given: display(scene.frame(**given)), **{{name: slider}});"""
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WATCH = """index => {
    const area = document.querySelectorAll('.jp-Notebook .jp-CodeCell')[index].querySelector('.jp-OutputArea');
    const isKnob = node => (node.closest ? node : node.parentElement)?.closest('.widget-slider, .widget-text');
    window.shown = [];
    window.seen?.disconnect();
    window.seen = new MutationObserver(async changes => {
        if (changes.every(change => isKnob(change.target))) return;
        await Promise.all([...area.querySelectorAll('img')].map(image => image.decode().catch(() => null)));
        requestAnimationFrame(() => window.shown.push(performance.now()));
    });
    window.seen.observe(area, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
    area.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
}"""
LATE = "window.shown.filter(t => t > window.pressed)"
SETTLED = f"() => {LATE}.length && performance.now() - window.shown.at(-1) > 150"


def notebook(scenes):
    """Two cells for each scene: live, and redrawn by interact."""
    cells = [new_code_cell(text.format(module=m, scene=s)) for m, s in scenes for text in (LIVE, REDRAWN)]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def press(page, key):
    """Milliseconds from the press to the last new pixels, after which nothing moves for a while."""
    page.evaluate("() => { window.shown = []; }")
    page.keyboard.press(key)
    page.wait_for_function(SETTLED, timeout=20_000)
    return page.evaluate(f"() => {LATE}.at(-1) - window.pressed")


def presses(page, index, n):
    """The median over n presses on the slider of one cell."""
    handle = page.locator(".jp-Notebook .jp-CodeCell").nth(index).locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    page.evaluate(WATCH, index)
    handle.focus()
    times = [press(page, "ArrowRight" if i % 10 < 5 else "ArrowLeft") for i in range(n + 2)]
    return statistics.median(times[2:])


def drag(page, index, seconds=3):
    """Pictures shown in each second while the handle is dragged to and fro."""
    handle = page.locator(".jp-Notebook .jp-CodeCell").nth(index).locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    page.evaluate(WATCH, index)
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate("() => { window.shown = []; window.began = performance.now(); }")
    steps = int(seconds * 60)
    for i in range(steps):
        page.mouse.move(box["x"] + 60 * abs((i % 60) / 30 - 1), box["y"] + 4)
        page.wait_for_timeout(1000 / 60)
    rate = page.evaluate("() => window.shown.length / (performance.now() - window.began) * 1000")
    page.mouse.up()
    return rate


def main():
    """Print a row for each scene."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=30)
    parser.add_argument("names", nargs="*", default=["damping.MuScene"], help="module.Scene, such as damping.MuScene")
    parser.add_argument("--shot", help="a file that gets a picture of the page")
    options = parser.parse_args()
    scenes = [name.split(".") for name in options.names]
    with tempfile.TemporaryDirectory() as place, running_lab(Path(place)) as lab, running_browser() as browser:
        nbformat.write(notebook(scenes), Path(place) / FOLDER / NAME)
        with offline_page(browser, []) as page:
            open_lesson(page, lab, NAME)
            run_from_the_top(page)
            page.wait_for_timeout(2000)
            if options.shot:
                page.screenshot(path=options.shot)
            for i, name in enumerate(options.names):
                live, redrawn = (presses(page, 2 * i + j, options.presses) for j in (0, 1))
                rate = drag(page, 2 * i)
                ratio = f"{redrawn / live:.1f} × faster"
                print(f"{name}: {live:.0f} ms, interact {redrawn:.0f} ms: {ratio}; {rate:.0f}/s in a drag")


if __name__ == "__main__":
    main()
