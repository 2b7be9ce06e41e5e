"""The suite on every core, and fixtures of browser tests: one JupyterLab, one browser for all."""

import os
from contextlib import ExitStack

import pytest
from classroom import Course, offline_page, photograph, running_browser, running_server

MOST_WORKERS = 4  # each runs kernels of its own, of up to a gigabyte together


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run on every core where no file is named, `-n` is not given and pytest-xdist is there."""
    whole = config.args_source != pytest.Config.ArgsSource.ARGS
    worker = hasattr(config, "workerinput")
    if not whole or worker or not config.pluginmanager.hasplugin("xdist"):
        return
    given = config.option.numprocesses is not None or config.option.usepdb
    if not given and config.option.markexpr != "full":
        config.option.numprocesses = min(os.cpu_count() or 1, MOST_WORKERS)
        config.option.dist = "loadscope"
        config.option.loadscopereorder = False  # what takes long stays first
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a core for each process, not two


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """The tests of a file run in one process, and those in a browser all in the same one."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return "browser" if file.endswith("browser.py") else file

    return ByFile(config, log)


def pytest_collection_modifyitems(config, items):
    """Put the browser tests together: last, or first of several workers, then what takes long.

    So several workers end at about the same time.
    """
    shared = hasattr(config, "workerinput")
    items.sort(key=_place_among_many if shared else in_browser)
    for item in items:
        for mark in marks(item):
            item.add_marker(mark)


def in_browser(item):
    return item.get_closest_marker("e2e") is not None


def _place_among_many(item):
    long = item.path.suffix == ".ipynb" or item.path.name in LONGEST
    return not in_browser(item), not long


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Stop playwright after the last browser test: while it runs, no event loop can."""
    result = yield
    if in_browser(item) and not (nextitem and in_browser(nextitem)):
        _opened(item.session).pop_all().close()
    return result


RUNNING = pytest.StashKey()  # the server and the browser of all browser tests, by name
OPENED = pytest.StashKey()


def _opened(session):
    return session.stash.setdefault(OPENED, ExitStack())


def _running(session, name, start):
    """The one of that name, started if there is none."""
    running = session.stash.setdefault(RUNNING, {})
    if name not in running:
        stack = _opened(session)
        stack.callback(running.pop, name)
        running[name] = stack.enter_context(start())
    return running[name]


@pytest.fixture(scope="module")
def server(request, tmp_path_factory):
    """JupyterLab, which a test may restart; one for all files."""
    place = tmp_path_factory.mktemp("lab")
    return _running(request.session, "server", lambda: running_server(place))


@pytest.fixture(scope="module")
def lab(server):
    """Where JupyterLab answers."""
    return server.here


@pytest.fixture(scope="module")
def browser(request):
    """Chromium, one for all files."""
    return _running(request.session, "browser", running_browser)


@pytest.fixture
def refused():
    """The addresses outside this computer that the page asked for, in vain."""
    return []


@pytest.fixture
def page(browser, refused, request):
    """An empty page of a browser that has never been used and reaches nothing but this computer."""
    with offline_page(browser, refused) as page:
        yield page
        photograph(page, request.node.name)


@pytest.fixture(scope="module")
def outside():
    """What the pages of the course asked for outside this computer, in vain."""
    return []


@pytest.fixture(scope="module")
def course(request, browser, lab, outside):
    """The lessons of a file's tests, which name them `path`, in the order of the tests."""
    items = [
        item
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    names = [item.callspec.params["path"].name for item in items]
    with offline_page(browser, outside) as one, offline_page(browser, outside) as other:
        yield Course([one, other], lab, names)


# The marks `quick` and `portable` belong to files: a new file of tests has both unless it is here.

# These draw pictures, start programs or drive a browser: neither quick nor portable.
PICTURES_AND_PROGRAMS = {
    "test_browser.py",
    "test_cli.py",
    "test_colours.py",
    "test_explorers_in_browser.py",
    "test_figures.py",
    "test_lessons.py",
    "test_nbgrader.py",
    "test_notebooks.py",
    "test_packaging.py",
    "test_page.py",
    "test_player.py",
    "test_scenes.py",
    "test_site.py",
    "test_slides.py",
    "test_solutions.py",
    "test_still.py",
    "test_touch.py",
    "test_touch_in_browser.py",
    "test_versions.py",
    "test_widgets.py",
}
# These take long, or run programs, and say the same on every CPU: neither quick nor portable.
LONG = {"test_documents.py", "test_interrupts.py"}
# SymPy, and many runs of many solvers: portable, but not quick.
SYMBOLS = {"test_proofs.py", "test_slices.py", "test_symbolic.py"}
MANY_RUNS = {
    "test_digits_run.py",
    "test_exercises.py",
    "test_exercises_run.py",
    "test_fuzz.py",
    "test_litmus.py",
    "test_litmus_command.py",
    "test_mgh.py",
    "test_replicas.py",
}
# The same for a few tests of other files, by words in their names.
LONG_TESTS = ("sympys", "on_symbols", "continuation_from_any_step", "neupys_second_behaviour")
# Of these a process that begins one last would be the last to end.
LONGEST = {"test_litmus.py", "test_proofs.py", "test_scenes.py", "test_touch.py", "test_widgets.py"}
# Two lessons stand for all: J from sensitivities, and the runs of the damping rules.
PORTABLE_LESSONS = {"05_jacobian.ipynb", "08_updates.ipynb"}


def marks(item):
    """Return which of `quick` and `portable` apply to a test or to a cell of a lesson."""
    name = item.path.name
    if name in PORTABLE_LESSONS:
        return ["portable"]
    slow = item.get_closest_marker("full") or item.path.suffix != ".py"
    if slow or name in PICTURES_AND_PROGRAMS | LONG:
        return []
    long = name in SYMBOLS | MANY_RUNS or any(words in item.name for words in LONG_TESTS)
    return ["portable"] if long else ["quick", "portable"]
