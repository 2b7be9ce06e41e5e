"""Fixtures of the tests that drive a real browser: one JupyterLab and one browser for all."""

import pytest
from classroom import Course, offline_page, photograph, running_browser, running_server


def pytest_collection_modifyitems(items):
    """Put browser tests last: while playwright runs, no other test can run an event loop."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """JupyterLab, which a test may restart."""
    with running_server(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def lab(server):
    """Where JupyterLab answers."""
    return server.here


@pytest.fixture(scope="session")
def browser():
    with running_browser() as browser:
        yield browser


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
