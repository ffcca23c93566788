"""One local Azure for all tests of this folder, a browser a module, a browser profile a test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.fixtures.whole_azure import WholeAzure, running
from tests.studio.slots import build

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
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


# Not for the session: while Playwright's own loop lives, no test of another folder could have one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = _chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*SILENT])
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    expect.set_options(timeout=15_000)
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def anyone(context: BrowserContext) -> Iterator[Page]:
    """A browser that is not signed in. Whatever the page complains of fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    # A refusal that a test asked for is no fault of the page; Chromium reports each by itself.
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


@pytest.fixture
def page(anyone: Page, studio_azure: WholeAzure) -> Page:
    """A browser on the page of diabetes, with blue at 90 percent and green at 10."""
    studio_azure.share_out({"blue": 90, "green": 10})
    enter(anyone, studio_azure)
    return anyone


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
