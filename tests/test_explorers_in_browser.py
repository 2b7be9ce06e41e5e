"""Every explorer in a real browser, by keyboard: to both ends, under load, and on the second day.

What is seen is compared with what the scene itself says and draws. How often this passes:
`for i in 1 2 3 4 5; do python -m pytest -q -m "e2e and not full" || break; done`
"""

import re
from contextlib import contextmanager
from typing import NamedTuple

import nbformat
import pytest
from classroom import (
    offline_page,
    open_in_notebook_7,
    open_lesson,
    photograph,
    require_browser,
    run_from_the_top,
    save,
    wait_until,
)
from nbformat.v4 import new_code_cell, new_notebook
from test_browser import ARE_SEEN, COMPLAINTS, NO_WIDGET, PICTURES
from test_scenes import SCENES

from lmteach import solve
from lmteach.command.views import WIDGET_VIEW
from lmteach.examples import START, rosenbrock
from lmteach.figures.damping import MuScene
from lmteach.figures.updates import RUNS, Player
from lmteach.widgets import Explorer

require_browser()
pytestmark = pytest.mark.e2e

SCENES = [kind for kind in SCENES if kind.__module__.startswith("lmteach.")]
NAME = "07_damping.new.ipynb"  # a copy of a lesson, for all that `lab` knows
EXPLORER = """\
from {0.__module__} import {0.__name__}
from lmteach.widgets import Explorer
Explorer({0.__name__}())"""
PLAY = """\
from lmteach import solve
from lmteach.examples import START, rosenbrock
from lmteach.widgets import play
play(solve(rosenbrock(), START, plain=True))"""
SLOW = """\
import time
from lmteach.figures import Control, Scene
from lmteach.widgets import Explorer

class Slow(Scene):
    controls = {"x": Control(0, 30, 0, "x", whole=True)}
    runs = 0

    def compute(self, x):
        time.sleep(0.05)
        self.runs += 1
        return {"x": x, "runs": self.runs}

    def still(self, picture):
        axes = picture.subplots()
        axes.set(xlim=(0, 30), ylim=(-1, 1))
        return {"dot": axes.plot([0], [0], "o")[0]}

    def move(self, artists, numbers):
        artists["dot"].set_xdata([numbers["x"]])

    def sentence(self, numbers):
        return "x = {x}, computed {runs} times".format(**numbers)

    def rows(self, numbers):
        return [("x",), (numbers["x"],)]

Explorer(Slow())"""
CELLS = {kind.__name__: EXPLORER.format(kind) for kind in SCENES} | {"play": PLAY, "Slow": SLOW}
EACH_SEEN = [1] * len(CELLS)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
ROOMS = {"JupyterLab": open_lesson, "Notebook 7": open_in_notebook_7}
# These have many choices or long sums; others have the same kinds of controls.
SLOW_ONES = ("AlphaOnTheSine", "Fingerprints", "RoutePrices", "TwoKnobs")
BY_KEYBOARD = [
    pytest.param(kind, marks=pytest.mark.full if kind.__name__ in SLOW_ONES else ())
    for kind in SCENES
]
EACH = ["JupyterLab", pytest.param("Notebook 7", marks=pytest.mark.full)]

MEASURED = "on this computer"
NO_AXE = "axe-core is missing: python -m pip install axe-playwright-python"
NUMBER = r"\d[\d.e+]*\d|\d"

SELECT = """index => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    notebook.mode = 'command';
    notebook.activate();
}"""
WHICH_WAY = """target => {
    const here = document.activeElement, where = here.compareDocumentPosition(target);
    const isBefore = where === Node.DOCUMENT_POSITION_PRECEDING;
    return target === here ? '' : isBefore ? 'Shift+Tab' : 'Tab';
}"""
SAYS = """([cell, said]) =>
    new RegExp(`^${said}$`).test(cell.querySelector('[role=status]').textContent)"""
BEGINS = "([cell, words]) => cell.querySelector('[role=status]').textContent.startsWith(words)"
SAYS_ELSE = f"([cell, said]) => !({SAYS})([cell, said])"
DRAWN = "cell => cell.querySelector('.lmteach-picture svg').outerHTML"
DRAWS_ELSE = f"([cell, svg]) => ({DRAWN})(cell) !== svg"
DRAWS = f"([cell, svg]) => ({DRAWN})(cell) === svg"
NAMES = """cell => {
    const parts = [...cell.querySelectorAll('button, input, [role=slider]')];
    return parts.filter(part => part.checkVisibility()).map(part =>
        part.ariaLabel || part.labels?.[0]?.textContent || part.textContent.trim());
}"""
IS_IDLE = """() => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext.session;
    return session.kernel.status === 'idle';
}"""
AT_ONCE = """(handle, key) => {
    for (let i = 0; i < 30; i++) {
        handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
    }
}"""
# Looks at every frame that is drawn: it is blank if the still part or the moving one is missing.
WATCH = """cell => {
    window.frames_seen = {all: 0, blank: 0, pictures: 0};
    let last = null;
    const look = () => {
        const box = cell.querySelector('.lmteach-picture');
        const image = box?.querySelector('img'), svg = box?.querySelector('svg') ?? null;
        const isStill = image?.complete && image.naturalWidth;
        const isThere = isStill && svg?.childElementCount && svg.clientWidth;
        window.frames_seen.all += 1;
        window.frames_seen.blank += isThere ? 0 : 1;
        window.frames_seen.pictures += svg === last ? 0 : 1;
        last = svg;
        window.watching = requestAnimationFrame(look);
    };
    look();
}"""
FRAMES = "() => { cancelAnimationFrame(window.watching); return window.frames_seen; }"


class Room(NamedTuple):
    """A page with the notebook of all explorers, run, and what it asked other computers for."""

    page: object
    refused: list


@pytest.fixture(scope="module", params=EACH)
def room(request, lab, browser):
    cells = [new_code_cell(source) for source in CELLS.values()]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), lab.folder / NAME)
    refused = []
    with offline_page(browser, refused) as page:
        ROOMS[request.param](page, lab, NAME)
        run_from_the_top(page)
        wait_until(page, ARE_SEEN, EACH_SEEN)
        yield Room(page, refused)
        photograph(page, f"explorers in {request.param}")


in_jupyterlab = pytest.mark.parametrize("room", ["JupyterLab"], indirect=True)


class Shown:
    """One explorer of a room, as someone without a mouse meets it."""

    def __init__(self, room, name):
        self.page = room.page
        self.index = list(CELLS).index(name)
        self.cell = self.page.locator(".jp-Notebook .jp-CodeCell").nth(self.index)
        self.element = self.cell.element_handle()
        self.page.evaluate(SELECT, self.index)

    def said(self):
        return self.cell.locator("[role=status]").text_content()

    def drawn(self):
        return self.element.evaluate(DRAWN)

    def reach(self, target):
        """Press Tab, or Shift and Tab, until the target has the focus."""
        for _ in range(60):
            if not (key := target.evaluate(WHICH_WAY)):
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"Tab does not lead to {target}")

    def press(self, target, *keys):
        self.reach(target)
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, target, value):
        self.press(target, "ControlOrMeta+a")
        self.page.keyboard.type(f"{value:g}")
        self.page.keyboard.press("Enter")

    def shows(self, sentence, unlike=()):
        """Wait until the sentence is said; return the picture, which is none of these others."""
        wait_until(self.page, SAYS, [self.element, sentence])
        assert re.fullmatch(sentence, self.said())
        for other in unlike:
            wait_until(self.page, DRAWS_ELSE, [self.element, other])
            assert self.drawn() != other
        return self.drawn()

    def draws(self, svg):
        """Wait until this picture is drawn."""
        wait_until(self.page, DRAWS, [self.element, svg])
        assert self.drawn() == svg

    def button(self, title):
        return self.cell.get_by_title(title, exact=True)


@contextmanager
def all_is_well(room):
    """No error in any output, and nothing was asked for outside."""
    yield
    assert room.page.locator(COMPLAINTS).all_text_contents() == []
    assert room.page.get_by_text(NO_WIDGET).count() == 0
    assert room.refused == []


def sayer(scene, name):
    """Return what an explorer says when one control has a value.

    It is a pattern, because measured times differ from run to run.
    """

    def says(value=None):
        given = {} if value is None else {name: value}
        said = scene.sentence(scene.compute(**scene.settings(given)))
        if MEASURED not in said:
            return re.escape(said)
        return re.escape(re.sub(NUMBER, "#", said)).replace(r"\#", r"\d\S*")

    return says


def turned(shown, explorer, name, says):
    """Press Home and End on the slider, Back and Next, and type the first number again."""
    label, stops = explorer.scene.controls[name].label, explorer.knobs[name].stops
    back, on = (shown.button(f"{label}: one step {way}") for way in ("back", "on"))
    row = back.locator("xpath=..")
    start = shown.shows(says())
    shown.press(row.locator(".noUi-handle"), "Home")
    low = shown.shows(says(stops[0]), [start] * (says(stops[0]) != says()))
    shown.press(row.locator(".noUi-handle"), "End")
    high = shown.shows(says(stops[-1]), [low])
    shown.press(back, "Enter")
    shown.shows(says(stops[-2]))
    shown.press(on, "Enter")
    shown.shows(says(stops[-1]))
    shown.draws(high)  # two stops may be one in the sentence's digits
    between = stops[0] + (stops[-1] - stops[0]) * 0.3137
    typed = int(between) if explorer.scene.controls[name].whole else between
    shown.type(row.locator("input"), float(f"{typed:g}"))
    shown.shows(says(float(f"{typed:g}")))
    shown.type(row.locator("input"), explorer.scene.controls[name].start)
    shown.shows(says())
    return start


def chosen(shown, explorer, name, says, place):
    """Every other name of a choice, the first and the last among them, and the start again."""
    control = explorer.scene.controls[name]
    buttons = shown.cell.locator(".widget-toggle-buttons").nth(place).locator("button")
    start = shown.shows(says())
    for i in range(len(control.names)):
        if i != control.start:
            shown.press(buttons.nth(i), "Enter")
            shown.shows(says(i), [start])
    shown.press(buttons.nth(control.start), "Enter")
    shown.shows(says())
    return start


@pytest.mark.parametrize("kind", BY_KEYBOARD, ids=lambda kind: kind.__name__)
def test_by_keyboard_to_both_ends_and_back(kind, room):
    explorer, shown = Explorer(kind()), Shown(room, kind.__name__)
    scene = explorer.scene
    choices = [name for name, control in scene.controls.items() if control.names]
    with all_is_well(room):
        for name in explorer.knobs:
            says = sayer(scene, name)
            if name in choices:
                start = chosen(shown, explorer, name, says, choices.index(name))
            else:
                start = turned(shown, explorer, name, says)
            shown.draws(start)


@pytest.mark.parametrize("name", CELLS)
def test_every_control_has_a_name_of_its_own(name, room):
    """The sliders' come from touch.js, which has to know how ipywidgets builds them."""
    names = Shown(room, name).element.evaluate(NAMES)
    assert names and all(names) and len(set(names)) == len(names)


def test_axe_finds_nothing(room):
    """Every explorer, and all of its controls, by the rules of axe-core."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=NO_AXE).Axe()
    violations = axe.run(room.page, ".lmteach-explorer").response["violations"]
    found = [(rule["id"], node["html"]) for rule in violations for node in rule["nodes"]]
    assert found == []


def test_the_player_is_stepped_back_by_keyboard(room):
    shown, scene = Shown(room, "play"), Player(solve(rosenbrock(), START, plain=True))
    label = scene.controls["trial"].label

    def says(trial):
        return re.escape(scene.sentence(scene.compute(**scene.settings({"trial": trial}))))

    with all_is_well(room):
        shown.press(shown.button(f"{label}: one step on"), *["Enter"] * 3)
        third = shown.shows(says(3))
        shown.press(shown.button(f"{label}: one step on"), "Enter")
        shown.shows(says(4), [third])
        shown.press(shown.button(f"{label}: one step back"), "Enter")
        assert shown.shows(says(3)) == third
        shown.press(shown.cell.locator(".widget-play button").first, "Enter")
        wait_until(room.page, SAYS_ELSE, [shown.element, says(3)])
        assert not re.fullmatch(says(3), shown.said())
        shown.press(shown.cell.locator(".widget-play button").first, "Enter")  # pause


def test_the_player_branches_by_keyboard(room):
    shown, scene = Shown(room, "play"), Player(solve(rosenbrock(), START, plain=True))
    label = scene.controls["trial"].label
    branched = scene.branched(10.0, 4)

    def says(trial, run):
        return re.escape(branched.sentence(branched.compute(trial=trial, run=run)))

    with all_is_well(room):
        trial = shown.button(f"{label}: one step on").locator("xpath=..").locator("input")
        shown.type(trial, 4)
        shown.type(shown.cell.get_by_label("with μ ="), 10)
        shown.press(shown.cell.get_by_role("button", name="Branch from here"), "Enter")
        on_the_branch = shown.shows(says(5, 1))
        shown.press(shown.button(f"{label}: one step back"), "Enter")
        shown.shows(says(4, 1), [on_the_branch])
        runs = shown.cell.locator(".widget-toggle-buttons button")
        shown.press(runs.filter(has_text=RUNS[0]), "Enter")
        shown.shows(says(4, 0))


@in_jupyterlab
@pytest.mark.parametrize("events", ["at once", "typed", "dragged"])
def test_the_last_value_wins(room, events):
    shown = Shown(room, "Slow")
    handle = shown.cell.locator(".noUi-handle")
    shown.press(handle, "Home")
    wait_until(room.page, BEGINS, [shown.element, "x = 0,"])
    room.page.wait_for_function(IS_IDLE)
    before = int(shown.said().split()[-2])
    with all_is_well(room):
        if events == "at once":
            handle.evaluate(AT_ONCE, "ArrowRight")
        elif events == "typed":
            shown.press(handle, *["ArrowRight"] * 30)
        else:
            drag_to_the_end(shown)
        wait_until(room.page, BEGINS, [shown.element, "x = 30,"])
        room.page.wait_for_function(IS_IDLE)
        assert shown.said().startswith("x = 30,")
        runs = int(shown.said().split()[-2]) - before
        assert 1 <= runs < 30 if events == "at once" else 1 <= runs <= 30


def drag_to_the_end(shown):
    """Thirty moves of the mouse over the whole slider, as fast as they go."""
    shown.cell.locator(".noUi-handle").scroll_into_view_if_needed()
    handle, base = (
        shown.cell.locator(part).bounding_box() for part in (".noUi-handle", ".noUi-base")
    )
    y = handle["y"] + handle["height"] / 2
    shown.page.mouse.move(handle["x"] + handle["width"] / 2, y)
    shown.page.mouse.down()
    shown.page.mouse.move(base["x"] + base["width"] + 5, y, steps=30)
    shown.page.mouse.up()


@pytest.mark.full
@in_jupyterlab
def test_no_frame_is_blank(room):
    shown, explorer = Shown(room, "MuScene"), Explorer(MuScene())
    handle, says = shown.cell.locator(".noUi-handle").first, sayer(explorer.scene, "mu")
    stops = explorer.knobs["mu"].stops[:51]
    with all_is_well(room):
        shown.press(handle, "Home")
        shown.shows(says(stops[0]))
        shown.element.evaluate(WATCH)
        for stop in stops[1:]:
            shown.press(handle, "ArrowRight")
            shown.shows(says(stop))
        seen = room.page.evaluate(FRAMES)
    assert seen["blank"] == 0 and seen["all"] >= seen["pictures"] >= len(stops)


@pytest.mark.full
@in_jupyterlab
def test_the_second_day(room, server):
    """Save, stop, start, reopen. The last one in JupyterLab, because it restarts the server."""
    path = server.here.folder / NAME
    save(room.page)
    assert WIDGET_VIEW in path.read_text(encoding="utf-8")
    room.page.goto("about:blank")
    server.restart()
    assert WIDGET_VIEW not in path.read_text(encoding="utf-8")
    open_lesson(room.page, server.here, NAME)
    with all_is_well(room):
        wait_until(room.page, ARE_SEEN, EACH_SEEN)
        assert room.page.evaluate(PICTURES) == EACH_SEEN
        assert room.page.get_by_text("model not found").count() == 0
