"""A real browser for the tests of a file. Each file says what is served: its fixture `address`."""

import pytest

from tests.ui.browser import CHROMIUM, WIDE, viewport, watched


@pytest.fixture(scope="module")
def chromium():
    """Of a module: while it is driven, nothing else can run an event loop."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=options)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def context(chromium):
    """What the pages of a module share, so that each is there at once."""
    return chromium.new_context(locale="en-US", permissions=["clipboard-read", "clipboard-write"])


@pytest.fixture
def arrive():
    """What is done when a page was opened: here it waits for the chat."""
    return lambda page: page.locator(".rag-start").wait_for()


@pytest.fixture
def page(request, context, address, arrive):
    """The app in a page of its own; its parameter is a size."""
    with watched(context) as page:
        page.set_viewport_size(viewport(getattr(request, "param", WIDE)))
        page.goto(address)
        arrive(page)
        yield page
