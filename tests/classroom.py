"""JupyterLab as the README starts it, and a browser that reaches only this computer: for tests and benchmarks."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("LMTEACH_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
FOLDER = "my lessons"  # the space is there on purpose
SECONDS = 60  # how long anything but a lesson may take on a slow and busy computer
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
    return panel?.context?.path === name && panel.sessionContext?.session?.kernel?.status === 'idle';
}"""
CLEAR = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
START = """() => {
    const end = () => { window.hasRun = true; };
    window.jupyterapp.commands.execute('notebook:run-all-cells').then(end, end);
}"""
HAS_RUN = """() =>
    window.hasRun && window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'
"""
ARE_LOADED = "() => [...document.querySelectorAll('.jp-Notebook img')].every(i => i.complete)"
STOP_KERNELS = "() => window.jupyterapp?.serviceManager.sessions.shutdownAll()"
END_OF_LESSON = """() => {
    document.querySelector('.jp-WindowedPanel-outer')?.scrollTo(0, 0);
    const last = [...document.querySelectorAll('.jp-Notebook .jp-Cell')].at(-1);
    return Math.ceil(last?.getBoundingClientRect().bottom ?? 0);
}"""


class Lab(NamedTuple):
    """A running JupyterLab: where it answers, and to whom."""

    port: int
    token: str

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


@contextmanager
def server(here, place):
    """The command, from its start to its end; it gets ten seconds to stop its kernels."""
    options = [
        "--no-browser",
        f"--port={here.port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={here.token}",
        "--LabApp.expose_app_in_browser=True",
    ]
    command = [sys.executable, "-m", "lmteach", "lab", FOLDER, *options]
    with open(place / "server.log", "wb") as log:
        process = subprocess.Popen(
            command, cwd=place, env=own_settings(place), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            end(process)


def own_settings(place):
    """Fresh folders for all that Jupyter remembers; one thread, since waiting threads are slow on a busy computer."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    return {**os.environ, "OMP_NUM_THREADS": "1", **{name: str(place / name.lower()) for name in names}}


def wait_for(process, here, log):
    """Return when the server answers; RuntimeError with the end of its log when it will not."""
    latest = time.monotonic() + SECONDS
    while not here.answers():
        if process.poll() is not None or time.monotonic() > latest:
            said = log.read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"JupyterLab did not start. The end of what it said:\n{said[-3000:]}")
        time.sleep(0.1)


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def photograph(page, name):
    """Keep a picture of the page, tall enough for a whole lesson, if a folder for it was named."""
    if folder := os.environ.get("LMTEACH_SHOT"):
        for _ in range(3):  # a cell's height is a guess until the cell comes into sight
            height = min(page.evaluate(END_OF_LESSON) + 50, TALLEST)
            page.set_viewport_size({**WINDOW, "height": max(WINDOW["height"], height)})
        page.screenshot(path=Path(folder) / (re.sub(r"\W+", "_", name).strip("_") + ".png"))


@contextmanager
def running_lab(place):
    """JupyterLab as the README starts it, without the settings of whoever runs this."""
    here = Lab(free_port(), secrets.token_hex(8))
    with server(here, place) as process:
        wait_for(process, here, place / "server.log")
        yield here


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
    """A new page that reaches nothing but this computer; `refused` collects what it tried to reach."""
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
    page.locator(LISTED).get_by_text(name, exact=True).dblclick()
    page.wait_for_function(IS_OPEN, arg=name)


def run_from_the_top(page):
    """Run all cells; the shipped outputs go first, lest they be taken for new ones."""
    page.evaluate(CLEAR)
    assert page.locator(PROMPTS).filter(has_text=re.compile(r"\d")).count() == 0
    page.evaluate(START)
    page.wait_for_function(HAS_RUN, timeout=1000 * LESSON_SECONDS)
    page.wait_for_function(ARE_LOADED)
