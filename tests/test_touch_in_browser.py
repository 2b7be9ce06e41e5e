"""What a hand touches, in a real browser: by mouse, finger and arrow keys, to known places.

The sentence and the SVG have to be those of the same scene, moved here without a browser.
"""

import nbformat
import pytest
from classroom import (
    IS_OPEN,
    offline_page,
    open_in_notebook_7,
    open_lesson,
    photograph,
    require_browser,
    run_from_the_top,
    wait_until,
)
from nbformat.v4 import new_code_cell, new_notebook
from test_browser import COMPLAINTS
from test_scenes import SCENES

from lmteach.command.page import FIRST
from lmteach.figures.damping import MuScene
from lmteach.figures.residuals import OneWeight
from lmteach.figures.three_ways import ThreeWays
from lmteach.widgets import Explorer

require_browser()
pytestmark = pytest.mark.e2e

TOUCHED = [kind for kind in SCENES if kind.__module__.startswith("lmteach.") and kind().touched]
NAME = "07_damping.new.ipynb"  # a copy of a lesson, for all that `lab` knows
CELL = """\
from {0.__module__} import {0.__name__}
from lmteach.widgets import Explorer
Explorer({0.__name__}())"""
FREE, BEGUN = "free", "begun"  # files by which a test and the kernel's busy cell know each other
BUSY = f"""\
import pathlib, time
pathlib.Path({BEGUN!r}).touch()
while not pathlib.Path({FREE!r}).exists():
    time.sleep(0.05)"""
CELLS = [CELL.format(kind) for kind in TOUCHED]
ASKING = len(TOUCHED)
CELLS.append(CELL.format(OneWeight).replace("()", "(guess=None)"))
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
ROOMS = {"JupyterLab": open_lesson, "Notebook 7": open_in_notebook_7}
EACH = ["JupyterLab", pytest.param("Notebook 7", marks=pytest.mark.full)]
MOVES = 90
GONE = "This picture has lost its kernel. Run this cell again."

RECTANGLE = """handle => {
    const {left, bottom, width, height} = handle.parentElement.getBoundingClientRect();
    return [left, bottom, width, height];
}"""
SAYS = "([cell, said]) => cell.querySelector('.lmteach-said')?.textContent === said"
# To half a pixel: the last digits of a long run differ from one process to the next.
DRAWS = """([cell, svg]) => {
    const drawn = document.createElement('div'), number = /-?\\d+\\.\\d+/g;
    drawn.innerHTML = svg;
    const wanted = drawn.innerHTML, seen = cell.querySelector('.lmteach-moving')?.innerHTML ?? '';
    const [ours, theirs] = [wanted, seen].map(html => html.match(number) ?? []);
    return wanted.replace(number, '') === seen.replace(number, '')
        && ours.every((part, i) => Math.abs(part - theirs[i]) < 0.5);
}"""
COUNT = """cell => {
    window.pictures = 0;
    const counter = new MutationObserver(() => { window.pictures += 1; });
    counter.observe(cell.querySelector('.lmteach-moving'), {childList: true});
}"""
RUN_CELL = """async index => {
    const panel = window.jupyterapp.shell.currentWidget;
    panel.content.activeCellIndex = index;
    window.jupyterapp.commands.execute('notebook:run-cell');
}"""
IS_IDLE = """() => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext.session;
    return session.kernel.status === 'idle';
}"""
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
SHIFT = """cell => {
    const [still, moving] = ['.lmteach-picture > img', '.lmteach-moving > svg'].map(
        part => cell.querySelector(part).getBoundingClientRect());
    return [still.x - moving.x, still.y - moving.y, still.width - moving.width];
}"""


@pytest.fixture(scope="module", params=EACH)
def room(request, lab, browser):
    """A page with the notebook of all that can be touched, run, and what it asked for outside."""
    cells = [new_code_cell(source) for source in [*CELLS, BUSY]]
    (lab.folder / FREE).touch()
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), lab.folder / NAME)
    refused = []
    with offline_page(browser, refused) as page:
        ROOMS[request.param](page, lab, NAME)
        run_from_the_top(page)
        page.locator(".lmteach-moving svg").nth(len(CELLS) - 1).wait_for()
        yield page
        photograph(page, f"touched in {request.param}")
    assert refused == []


class Both:
    """An explorer on the page, and the same one here."""

    def __init__(self, page, kind):
        self.page, self.here = page, Explorer(kind())
        self.cell = page.locator(".jp-Notebook .jp-CodeCell").nth(TOUCHED.index(kind))
        self.element = self.cell.element_handle()

    def handle(self, index):
        return self.cell.locator(".lmteach-handle").nth(index)

    def at(self, index):
        """Where a handle is, in parts of its axes."""
        place = self.here.scene.place(
            self.here.scene.touched[index],
            self.here.scene.compute(**self.here.values),
            self.here.values,
        )
        return self.here.stage.part_at(index, place)

    def rest(self, index):
        """Bring a handle to the middle of the window, and wait until it stays there."""
        before = None
        for _ in range(50):
            self.handle(index).evaluate("handle => handle.scrollIntoView({block: 'center'})")
            self.page.wait_for_timeout(200)
            place = self.handle(index).evaluate(RECTANGLE)
            if place == before:
                return
            before = place
        raise AssertionError("the page does not come to rest")

    def pixel(self, index, point):
        """Return the whole pixel nearest to a point of the axes, and the point that it is."""
        left, bottom, width, height = self.handle(index).evaluate(RECTANGLE)
        x, y = round(left + point[0] * width), round(bottom - point[1] * height)
        return (x, y), ((x - left) / width, (bottom - y) / height)

    def moved(self, index, start, end):
        """Move the one here, in parts of the axes."""
        to_data = self.here.stage.data_at
        self.here._moved(index, to_data(index, start), to_data(index, end))

    def agree(self):
        """Assert that the page says and draws what the explorer here does."""
        wait_until(self.page, SAYS, [self.element, repr(self.here)])
        assert self.cell.locator(".lmteach-said").text_content() == repr(self.here)
        wait_until(self.page, DRAWS, [self.element, self.here.view.svg])
        assert self.page.evaluate(DRAWS, [self.element, self.here.view.svg])

    def drag(self, index, end, steps=5):
        """Take the handle up where it is, and lay it down at a point of its axes."""
        self.rest(index)
        taken, start = self.pixel(index, self.at(index))
        left, end = self.pixel(index, end)
        self.page.mouse.move(*taken)
        self.page.mouse.down()
        assert self.handle(index).evaluate("handle => handle === document.activeElement")
        self.page.mouse.move(*left, steps=steps)
        self.page.mouse.up()
        self.moved(index, start, end)

    def drag_by_finger(self, index, end, steps=5):
        """Lay a finger on the handle where it is, and lift it at a point of its axes."""
        self.rest(index)
        taken, start = self.pixel(index, self.at(index))
        left, end = self.pixel(index, end)
        ways = list(zip(taken, left, strict=True))
        path = [[round(a + (b - a) * k / steps) for a, b in ways] for k in range(steps + 1)]
        screen = self.page.context.new_cdp_session(self.page)
        screen.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
        for k, (x, y) in enumerate(path):
            event = {"type": "touchMove" if k else "touchStart", "touchPoints": [{"x": x, "y": y}]}
            screen.send("Input.dispatchTouchEvent", event)
        screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        screen.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
        screen.detach()
        self.moved(index, start, end)

    def press(self, index, key, way, times=1):
        """Press an arrow key on the handle."""
        self.handle(index).focus()
        step = self.here.stage.handles[index]["step"]
        for _ in range(times):
            self.page.keyboard.press(key)
            point = self.at(index)
            end = [p + w * s for p, w, s in zip(point, way, step, strict=True)]
            self.moved(index, point, end)
            self.agree()


@pytest.mark.parametrize("kind", TOUCHED, ids=lambda kind: kind.__name__)
def test_dragged_clicked_and_moved_by_keys(kind, room):
    both = Both(room, kind)
    both.agree()
    for index in range(len(both.here.scene.touched)):
        both.drag(index, (0.62, 0.41))
        both.agree()
        both.press(index, "ArrowUp", (0, 1))
        both.press(index, "ArrowLeft", (-1, 0), times=2)
    assert room.locator(COMPLAINTS).all_text_contents() == []


def test_a_click_brings_the_point(room):
    both = Both(room, MuScene)
    both.drag(0, (0.5, 0.6))
    place, point = both.pixel(0, (0.3, 0.7))
    room.mouse.click(*place)
    both.moved(0, point, point)
    both.agree()
    both.press(0, "ArrowDown", (0, -1), times=2)
    room.keyboard.press("Escape")
    both.moved(0, point, point)
    both.agree()


def test_dragged_by_a_finger(room):
    """The page does not scroll away under it, and the point is where the finger left it."""
    both = Both(room, MuScene)
    both.drag_by_finger(0, (0.35, 0.62))
    both.agree()
    both.drag_by_finger(0, (0.7, 0.3))
    both.agree()


def test_moves_onto_a_busy_kernel_leave_no_queue(room, lab):
    """Many are made; when the cell has ended, at most two more pictures come, the last one right.

    A kernel with subshells draws even while a cell runs; any other draws when it has ended.
    """
    for name in (FREE, BEGUN):
        (lab.folder / name).unlink(missing_ok=True)
    both = Both(room, MuScene)
    both.drag(0, (0.5, 0.5))
    both.agree()
    room.evaluate(RUN_CELL, len(CELLS))
    while not (lab.folder / BEGUN).exists():
        room.wait_for_timeout(100)
    both.handle(0).scroll_into_view_if_needed()
    both.element.evaluate(COUNT)
    both.drag(0, (0.7, 0.7), steps=MOVES)
    room.wait_for_timeout(2000)
    seen = room.evaluate("window.pictures")
    (lab.folder / FREE).touch()
    both.agree()
    room.wait_for_function(IS_IDLE)
    room.wait_for_timeout(500)
    assert room.evaluate("window.pictures") <= seen + 2


def test_an_answer_waits_for_the_guess(room):
    """Until there is one, or "Show me" is pressed, the picture is veiled; elsewhere it is not."""
    cell = room.locator(".jp-Notebook .jp-CodeCell").nth(ASKING)
    cell.scroll_into_view_if_needed()
    said, button = cell.locator(".lmteach-said"), cell.get_by_role("button", name="Show me")
    assert said.text_content().startswith("First your guess") and button.is_visible()
    button.click()
    wait_until(room, SAYS, [cell.element_handle(), repr(Explorer(OneWeight()))])
    assert said.text_content() == repr(Explorer(OneWeight())) and not button.is_visible()
    assert room.get_by_role("button", name="Show me").count() == 0


def test_a_picture_without_its_kernel_says_what_to_do(room):
    """The last one, because it restarts the kernel."""
    both = Both(room, TOUCHED[0])
    both.handle(0).scroll_into_view_if_needed()
    assert both.element.evaluate(SHIFT) == [0, 0, 0]
    room.evaluate(RESTART)
    wait_until(room, SAYS, [both.element, GONE])
    assert both.cell.locator(".lmteach-said").text_content() == GONE
    assert both.element.evaluate(SHIFT) == [0, 0, 0]
    room.evaluate(RUN_CELL, 0)
    fresh = Both(room, TOUCHED[0])
    fresh.agree()


def test_the_first_minute(page, lab, refused):
    """`lab` opens notebook 00: one cell run and one drag, and something has moved."""
    page.goto(f"http://localhost:{lab.port}/?token={lab.token}", wait_until="commit")
    assert f"/lab/tree/{FIRST}" in page.url
    page.goto(lab.url(f"/lab/tree/{FIRST}"), wait_until="domcontentloaded")  # as on the first day
    page.wait_for_function(IS_OPEN, arg=FIRST)
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    page.locator(".lmteach-moving svg").wait_for()
    page.wait_for_function(IS_IDLE)
    both = Both(page, ThreeWays)
    both.cell = page.locator(".jp-Notebook .jp-CodeCell").first
    both.element = both.cell.element_handle()
    both.agree()
    both.drag(0, (0.8, 0.6))
    both.agree()
    view = page.viewport_size["height"]
    for part in (".lmteach-picture", ".lmteach-said"):
        box = both.cell.locator(part).bounding_box()
        assert 0 <= box["y"] and box["y"] + box["height"] <= view
    assert refused == []
