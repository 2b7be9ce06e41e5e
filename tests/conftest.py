"""Fixtures of the tests that drive a real browser."""

import pytest
from classroom import offline_page, photograph, running_browser, running_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab, started once for the tests of a file."""
    with running_lab(tmp_path_factory.mktemp("lab")) as here:
        yield here


@pytest.fixture(scope="module")
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
