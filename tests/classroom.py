"""JupyterLab as the README starts it, and a browser that reaches only this computer."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

PLAYWRIGHT = "The browser tests need playwright: python -m pip install playwright"
NO_CHROMIUM = (
    "The browser tests need Chromium or Chrome: install it, or set LMTEACH_CHROMIUM to its program"
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("LMTEACH_CHROMIUM") or next(
    filter(None, map(shutil.which, BROWSERS)), None
)
FOLDER = "my lessons"  # the space is there on purpose
SECONDS = 180  # how long anything but a lesson may take on a slow and busy computer
LESSON_SECONDS = 300
WINDOW = {"width": 1280, "height": 900}
TALLEST = 16_000  # pixels; Chromium cannot draw a taller page at once
SWITCHES = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
]
OUTSIDE = re.compile(r"^(https?|wss?)://(?!localhost[:/])")

LISTED = ".jp-DirListing-item .jp-DirListing-itemText"
PROMPTS = ".jp-Notebook .jp-CodeCell .jp-InputPrompt"

IS_OPEN = """name => {
    const panel = window.jupyterapp?.shell.currentWidget;
    const status = panel?.sessionContext?.session?.kernel?.status;
    return panel?.context?.path === name && status === 'idle';
}"""
CLEAR = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
START = """() => {
    window.hasRun = false;
    const end = () => { window.hasRun = true; };
    window.jupyterapp.commands.execute('notebook:run-all-cells').then(end, end);
}"""
HAS_RUN = """() => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext.session;
    return window.hasRun && session?.kernel?.status === 'idle';
}"""
ARE_LOADED = "() => [...document.querySelectorAll('.jp-Notebook img')].every(i => i.complete)"
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
IS_SAVED = "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
LEAVE = """() => {
    for (const panel of [...window.jupyterapp?.shell.widgets('main') ?? []]) {
        panel.sessionContext?.shutdown();
        if (panel.context) panel.dispose();
    }
}"""
STOP_KERNELS = """() => {
    const panels = [...window.jupyterapp?.shell.widgets('main') ?? []];
    return Promise.all(panels.map(panel => panel.sessionContext?.shutdown()));
}"""
END_OF_LESSON = """() => {
    document.querySelector('.jp-WindowedPanel-outer')?.scrollTo(0, 0);
    const last = [...document.querySelectorAll('.jp-Notebook .jp-Cell')].at(-1);
    return Math.ceil(last?.getBoundingClientRect().bottom ?? 0);
}"""


class Lab(NamedTuple):
    """A running JupyterLab: where it answers, to whom, and the folder it was started in."""

    port: int
    token: str
    place: Path

    @property
    def folder(self):
        """Where the lessons are."""
        return self.place / FOLDER

    def url(self, path):
        return f"http://localhost:{self.port}{path}?token={self.token}&reset"

    def answers(self):
        connection = HTTPConnection("localhost", self.port, timeout=5)
        try:
            connection.request("GET", f"/api/status?token={self.token}")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


class Server:
    """The command, started and ended; JupyterLab gets ten seconds to stop its kernels."""

    def __init__(self, place):
        self.here = Lab(free_port(), secrets.token_hex(8), place)

    def start(self):
        log = self.here.place / "server.log"
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lmteach", "lab", FOLDER, *self._options()],
                cwd=self.here.place,
                env=own_settings(self.here.place),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        try:
            wait_for(self.process, self.here, log)
        except BaseException:
            self.end()
            raise

    def _options(self):
        return [
            "--no-browser",
            f"--port={self.here.port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.here.token}",
            "--LabApp.expose_app_in_browser=True",
            # Notebook 7, at /notebooks, of the same server.
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self):
        """A second day: the same folder, the same address."""
        self.end()
        self.start()


def own_settings(place):
    """Return an environment with fresh folders for all that Jupyter remembers.

    It has one thread, since waiting threads are slow on a busy computer.
    """
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    if os.environ.get("PYTHONDONTWRITEBYTECODE") and not os.environ.get("PYTHONPYCACHEPREFIX"):
        # Every kernel would compile SymPy and Matplotlib again, for seconds.
        names += ("PYTHONPYCACHEPREFIX",)
    own = {name: str(place / name.lower()) for name in names}
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "OMP_NUM_THREADS": "1", **own}


def wait_for(process, here, log):
    """Return when the server answers; RuntimeError with the end of its log when it will not."""
    latest = time.monotonic() + SECONDS
    while not here.answers():
        if process.poll() is not None or time.monotonic() > latest:
            said = log.read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(
                f"JupyterLab did not start. The end of what it said:\n{said[-3000:]}"
            )
        time.sleep(0.1)


def photograph(page, name):
    """Keep a picture of the page, tall enough for a whole lesson, if a folder for it was named."""
    if folder := os.environ.get("LMTEACH_SHOT"):
        for _ in range(3):  # a cell's height is a guess until the cell comes into sight
            height = min(page.evaluate(END_OF_LESSON) + 50, TALLEST)
            page.set_viewport_size({**WINDOW, "height": max(WINDOW["height"], height)})
        page.screenshot(path=Path(folder) / (re.sub(r"\W+", "_", name).strip("_") + ".png"))


@contextmanager
def running_server(place):
    """JupyterLab as the README starts it, without the user's own settings; it can be restarted."""
    server = Server(place)
    server.start()
    try:
        yield server
    finally:
        server.end()


@contextmanager
def running_lab(place):
    """Where `running_server` answers."""
    with running_server(place) as server:
        yield server.here


@contextmanager
def running_browser():
    """Chromium, started by playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@contextmanager
def offline_page(browser, refused):
    """Open a page that reaches only this computer; `refused` collects what it tried to reach."""
    context = browser.new_context(viewport=WINDOW, service_workers="block")
    context.set_default_timeout(1000 * SECONDS)
    context.route(OUTSIDE, lambda route: (refused.append(route.request.url), route.abort()))
    page = context.new_page()
    page.on("websocket", lambda wire: refused.append(wire.url) if OUTSIDE.match(wire.url) else None)
    yield page
    page.evaluate(STOP_KERNELS)
    context.close()


def open_lab(page, lab):
    page.goto(lab.url("/lab"), wait_until="domcontentloaded")
    page.locator(LISTED).first.wait_for()


def open_lesson(page, lab, name):
    """Do what a learner does: double-click the lesson, and wait until its kernel is there."""
    open_lab(page, lab)
    double_click(page, name)


def double_click(page, name):
    page.locator(LISTED).get_by_text(name, exact=True).dblclick()
    page.wait_for_function(IS_OPEN, arg=name)


def open_in_notebook_7(page, lab, name):
    """The same server shows a notebook in Notebook 7 too."""
    page.goto(lab.url(f"/notebooks/{name}"), wait_until="domcontentloaded")
    page.wait_for_function(IS_OPEN, arg=name)


class Course:
    """Lessons run one after another: while one is looked at, the next runs on another page.

    `names` is the order they are asked for in. Loading JupyterLab anew would take longer than most
    lessons.
    """

    def __init__(self, pages, lab, names):
        self.pages, self.lab, self.running = pages, lab, {}
        self.following = dict(zip(names, names[1:], strict=False))

    @contextmanager
    def lesson(self, name):
        """The page of a lesson that has run from the top."""
        self._start(name)
        if name in self.following:
            # What goes wrong here goes wrong again, and is told, when that lesson's own turn comes.
            with suppress(Exception):
                self._start(self.following[name])
        page = self.running.pop(name)
        with leaving(page, name):
            wait_for_the_end(page)
            yield page

    def _start(self, name):
        if name in self.running:
            return
        page = next(page for page in self.pages if page not in self.running.values())
        with restarting(page):
            if page.url == "about:blank":
                open_lab(page, self.lab)
            double_click(page, name)
            start(page)
        self.running[name] = page


@contextmanager
def leaving(page, name):
    """Close a lesson and its kernel in the end, and keep its picture."""
    with restarting(page):
        try:
            yield
        finally:
            photograph(page, name)
            page.set_viewport_size(WINDOW)
        page.evaluate(LEAVE)


@contextmanager
def restarting(page):
    """After a failure the page gets JupyterLab anew."""
    try:
        yield
    except BaseException:
        page.evaluate(STOP_KERNELS)
        page.goto("about:blank")
        raise


def run_from_the_top(page):
    """Run all cells, and wait for their end."""
    start(page)
    wait_for_the_end(page)


def start(page):
    """Begin to run all cells; the shipped outputs go first, lest they be taken for new ones."""
    page.evaluate(CLEAR)
    assert page.locator(PROMPTS).filter(has_text=re.compile(r"\d")).count() == 0
    page.evaluate(START)


def wait_for_the_end(page):
    page.wait_for_function(HAS_RUN, timeout=1000 * LESSON_SECONDS)
    page.wait_for_function(ARE_LOADED)


def wait_until(page, condition, argument=None):
    """Give a condition time to become true; the caller asserts what it should have been."""
    from playwright.sync_api import TimeoutError

    with suppress(TimeoutError):
        page.wait_for_function(condition, arg=argument, timeout=1000 * SECONDS / 2)


def save(page):
    """File > Save, and wait until it is on the disk."""
    page.evaluate(SAVE)
    page.wait_for_function(IS_SAVED)


def require_browser():
    """Skip the file with one line where there is no browser to drive."""
    import pytest

    pytest.importorskip("playwright.sync_api", reason=PLAYWRIGHT)
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM, allow_module_level=True)
