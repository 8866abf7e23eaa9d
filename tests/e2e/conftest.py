"""A server, a browser, and pages that fail their test on any error that the browser or the page reports."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e.site import BROWSER_ARGS, Site, find_browser, serve

REQUIRED = "RESNET_EXPLORER_REQUIRE_BROWSER"
PATIENCE_MS = 15_000
# Streamlit's own client looks below a page's path first, and logs that there is nothing.
NOT_OURS = tuple(f"/{page}/_stcore/{what}" for page in ("train", "runs") for what in ("health", "host-config"))
# An exception box that appears and goes again is found too.
WATCH = """
new MutationObserver(() => document.querySelectorAll('[data-testid="stException"]').forEach(box => {
  if (!box.seen) { box.seen = true; console.error("exception box: " + box.textContent); }
})).observe(document, { childList: true, subtree: true });
"""
HERE = Path(__file__).parent

Visit = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser: ``pytest -m "not browser"`` leaves it out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless Chromium, for all tests of this folder."""
    path = find_browser()
    if path is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"no browser was found, and {REQUIRED}=1 asks for one")
        pytest.skip("no Chromium was found: install Debian's package chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(BROWSER_ARGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:  # noqa: ARG001 - skips first
    """The README's command, running."""
    with serve(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """Opens the site as a new visitor: ``visit("/train?seed=3", locale="ko-KR")``."""
    problems: list[str] = []
    contexts = []

    def heard(message: ConsoleMessage) -> None:
        where = urlsplit(message.location.get("url", "")).path
        if message.type == "error" and not (where in NOT_OURS and "404" in message.text):
            problems.append(f"console: {message.text} ({where})")

    def watched(page: Page) -> None:
        page.on("console", heard)
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))

    def open_page(path: str = "/", **options: Any) -> Page:
        given = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(**given)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH)
        context.on("page", watched)
        page = context.new_page()
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(visit: Visit) -> Page:
    """Explore, as a new visitor finds it."""
    return visit()
