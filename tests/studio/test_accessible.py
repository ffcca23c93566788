"""The page for everybody: by keyboard, for a screen reader, in light and dark, on a narrow screen."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe, AxeResults
from playwright.sync_api import Browser, Page, expect

from tests.fixtures.whole_azure import WholeAzure

TABS = ("Details", "Test", "Logs")


def broken(results: AxeResults) -> list[str]:
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}"
        for rule in results.response["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(
    browser: Browser, studio_azure: WholeAzure, scheme: Literal["light", "dark"]
) -> None:
    """axe-core's rules, contrast among them, on every view. It runs as a string, past the policy."""
    context = browser.new_context(ignore_https_errors=True, bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{studio_azure.url}/studio")
    expect(page.get_by_role("heading", name="not signed in")).to_be_visible()
    found = {"signed out": Axe().run(page)}
    page.goto("about:blank")
    page.goto(studio_azure.link())
    expect(page.get_by_role("link", name="diabetes")).to_be_visible()
    found["overview"] = Axe().run(page)
    page.get_by_role("link", name="diabetes").click()
    expect(page.get_by_role("img", name="Requests, last 30 minutes")).to_be_visible()
    page.get_by_role("button", name="Show keys").click()
    page.get_by_text("As a table").click()
    page.get_by_text("The end of its log").click()
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        if tab == "Test":
            page.get_by_text("As a curl command").click()
        if tab == "Logs":
            page.get_by_label("Deployment", exact=True).select_option("red")
            page.get_by_label("Search").fill("model")
            expect(page.locator("mark").first).to_be_visible()
        found[tab] = Axe().run(page)
    context.close()
    assert {view: broken(results) for view, results in found.items() if broken(results)} == {}


def test_tabs_go_by_arrow_and_only_the_chosen_one_is_a_stop(page: Page) -> None:
    page.get_by_role("tab", name="Details").focus()
    for key, chosen in (
        ("ArrowRight", "Test"),
        ("ArrowRight", "Logs"),
        ("ArrowRight", "Details"),
        ("End", "Logs"),
    ):
        page.keyboard.press(key)
        tab = page.get_by_role("tab", name=chosen)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel", name=chosen)).to_be_visible()
        stops = page.get_by_role("tab").evaluate_all("tabs => tabs.filter(tab => tab.tabIndex === 0).length")
        assert stops == 1


def test_the_keyboard_goes_through_the_page_in_the_order_it_is_read(page: Page) -> None:
    page.reload()  # the keyboard begins at the beginning
    expect(page.get_by_role("slider", name="blue")).to_be_visible()
    page.locator("body").press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    names = []
    for _ in range(7):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(
                "document.activeElement.dataset.name ?? document.activeElement.innerText.split('\\n')[0]"
            )
        )
    assert names[:5] == ["Sign out", "Endpoints", "Details", "blue", "green"]


def test_the_first_link_skips_to_the_content(page: Page) -> None:
    page.reload()  # the keyboard begins at the beginning
    expect(page.get_by_role("slider", name="blue")).to_be_visible()
    page.locator("body").press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Endpoints")).to_be_focused()


def test_news_take_the_focus_from_nobody(page: Page, studio_azure: WholeAzure) -> None:
    page.get_by_role("slider", name="green").focus()
    studio_azure.share_out({"blue": 60, "green": 40})
    expect(page.get_by_role("slider", name="green")).to_have_value("40")
    expect(page.get_by_role("slider", name="green")).to_be_focused()
    page.get_by_role("link", name="Endpoints").click()
    page.get_by_role("link", name="diabetes").focus()
    studio_azure.share_out({"blue": 90, "green": 10})
    expect(page.get_by_text("blue 90 %")).to_be_visible()
    expect(page.get_by_role("link", name="diabetes")).to_be_focused()


def test_no_screen_is_scrolled_sideways(page: Page) -> None:
    for view in (*TABS, "Endpoints"):
        if view in TABS:
            page.get_by_role("tab", name=view).click()
            expect(page.get_by_role("tabpanel", name=view)).to_be_visible()
        else:
            page.get_by_role("link", name=view).click()
            expect(page.get_by_role("heading", name=view, level=1)).to_be_visible()
        for width in (320, 390, 768, 1920):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width, (view, width)


def test_the_address_keeps_the_place(page: Page) -> None:
    page.get_by_role("tab", name="Logs").click()
    assert page.url.endswith("#/ws1/diabetes/logs")
    page.reload()
    expect(page.get_by_role("tabpanel", name="Logs")).to_be_visible()
    page.get_by_role("tab", name="Test").click()
    page.go_back()
    expect(page.get_by_role("tabpanel", name="Logs")).to_be_visible()
