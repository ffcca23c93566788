"""One local Azure, one browser and one profile that is signed in, for all tests of this folder."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.fixtures.whole_azure import WholeAzure, running
from tests.studio.slots import build

# The shell is Chromium without windows: a page costs it half the time.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
SIZE: ViewportSize = {"width": 1280, "height": 900}
# A browser that calls home finds no answer on a closed network, and says so in the middle of a test.
SILENT = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def studio_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeAzure]:
    folder = tmp_path_factory.mktemp("studio") / ".azml" / "emulator"
    with running(WholeAzure(folder), build) as whole:
        yield whole


# While Playwright's own loop lives, no test of another folder could have one.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    chromium = _chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*SILENT])
        yield browser
        browser.close()


@pytest.fixture
def anyone(browser: Browser) -> Iterator[Page]:
    """A browser profile of the test's own, not signed in. Whatever the page complains of fails the test."""
    with _profile(browser) as context:
        page = context.new_page()
        with _content(page):
            yield page


@pytest.fixture(scope="package")
def visitor(browser: Browser, studio_azure: WholeAzure) -> Iterator[Page]:
    """A page that has signed in, and shows only a picture between tests: each finds it loaded anew.

    A profile for each test, in a process of its own, would cost three times as much.
    """
    with _profile(browser) as context:
        page = context.new_page()
        page.goto(studio_azure.link())
        expect(page.get_by_role("link", name="diabetes")).to_be_visible()
        yield page


@pytest.fixture
def page(visitor: Page, studio_azure: WholeAzure) -> Iterator[Page]:
    """The page of diabetes, loaded for this test, with blue at 90 percent and green at 10."""
    studio_azure.share_out({"blue": 90, "green": 10})
    visitor.set_viewport_size(SIZE)
    visitor.goto(f"{studio_azure.url}/studio#/ws1/diabetes")
    expect(visitor.get_by_role("heading", name="diabetes", level=1)).to_be_visible()
    try:
        with _content(visitor):
            yield visitor
    finally:
        visitor.unroute_all()
        visitor.context.clear_permissions()
        visitor.goto(f"{studio_azure.url}/studio/page/icon.svg")


@contextmanager
def _profile(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(ignore_https_errors=True, viewport=SIZE)
    yield context
    context.close()


@contextmanager
def _content(page: Page) -> Iterator[None]:
    """The page complains of nothing meanwhile."""
    complaints: list[str] = []

    def failed(error: Error) -> None:
        complaints.append(str(error))

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("pageerror", failed)
    page.on("console", said)
    yield
    page.remove_listener("pageerror", failed)
    page.remove_listener("console", said)
    # A refusal that a test asked for is no fault of the page; Chromium reports each by itself.
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


def enter(page: Page, azure: WholeAzure) -> None:
    """Sign in, and go to the page of the endpoint diabetes."""
    page.goto(azure.link())
    page.get_by_role("link", name="diabetes").click()
    expect(page.get_by_role("heading", name="diabetes", level=1)).to_be_visible()


def _chromium() -> str:
    named = os.environ.get("AZML_CHROMIUM")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and ON_MACOS.exists():
        found = str(ON_MACOS)
    if found is None:
        reason = "no Chromium: install the package chromium, or name a browser of its kind in AZML_CHROMIUM"
        if os.environ.get("AZML_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found
