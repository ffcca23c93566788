"""The page in a real browser, as a person uses it: by what is written on it, by mouse and by keyboard."""

import base64
import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.fixtures.control_plane import ENDPOINT, endpoint_body
from tests.fixtures.waiting import eventually
from tests.fixtures.whole_azure import WholeAzure
from tests.studio.conftest import enter


def share(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name)


def send(page: Page, body: object, to: str = "the endpoint, by its traffic") -> Locator:
    page.get_by_role("tab", name="Test").click()
    page.get_by_label("Send to").select_option(label=to)
    page.get_by_label("Body", exact=True).fill(json.dumps(body))
    page.get_by_role("button", name="Send").click()
    return page.locator("#answered")


def test_the_link_signs_in_once_and_leaves_no_code_behind(anyone: Page, studio_azure: WholeAzure) -> None:
    link = studio_azure.link()
    anyone.goto(link)
    expect(anyone.get_by_role("link", name="diabetes")).to_be_visible()
    assert "code" not in anyone.url
    assert anyone.evaluate("document.cookie") == ""
    anyone.reload()
    expect(anyone.get_by_role("link", name="diabetes")).to_be_visible()
    other = anyone.context.new_page()
    other.goto(f"{studio_azure.url}/studio")
    expect(other.get_by_role("link", name="diabetes")).to_be_visible()
    anyone.get_by_role("button", name="Sign out").click()
    for page in (anyone, other):  # the second is told by its stream
        expect(page.get_by_role("heading", name="not signed in")).to_be_visible()
        expect(page.get_by_role("link", name="diabetes")).to_be_hidden()
    expect(anyone.get_by_text("Signed out.")).to_be_visible()
    anyone.goto("about:blank")
    anyone.goto(link)
    expect(anyone.get_by_text("used already")).to_be_visible()
    expect(anyone.get_by_text("azml studio")).to_be_visible()


def test_without_a_link_the_page_says_how_to_get_one(anyone: Page, studio_azure: WholeAzure) -> None:
    anyone.goto(f"{studio_azure.url}/studio")
    expect(anyone.get_by_role("heading", name="not signed in")).to_be_visible()
    expect(anyone.get_by_role("heading", name="Endpoints")).to_be_hidden()


def test_the_browser_asks_nobody_but_the_local_azure(anyone: Page, studio_azure: WholeAzure) -> None:
    asked: list[str] = []
    anyone.on("request", lambda request: asked.append(request.url))
    enter(anyone, studio_azure)
    for tab in ("Test", "Logs", "Details"):
        anyone.get_by_role("tab", name=tab).click()
    expect(anyone.get_by_role("img", name="Requests, last 30 minutes")).to_be_visible()
    assert asked
    assert all(url.startswith(f"{studio_azure.url}/studio") for url in asked)


def deployment(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name)


def test_the_overview_and_the_details_show_what_is_there(page: Page, studio_azure: WholeAzure) -> None:
    expect(page.locator("#health")).to_have_text("Serving; red failed")
    expect(page.get_by_text("ws1 · rg · westeurope").last).to_be_visible()
    uri = studio_azure.arm("GET", ENDPOINT).body["properties"]["scoringUri"]
    expect(page.get_by_text(uri, exact=True)).to_be_visible()
    expect(page.locator("#auth-mode")).to_have_text("Key")
    blue = deployment(page, "blue")
    expect(blue).to_contain_text("Succeeded")
    expect(blue).to_contain_text("1 of 1 ready")
    expect(blue).to_contain_text("Standard_DS2_v2")
    page.get_by_role("link", name="Endpoints").click()
    tile = page.get_by_role("listitem").filter(has_text="diabetes")
    expect(tile).to_contain_text("blue 90 %, green 10 %")
    expect(tile).to_contain_text("Serving; red failed")
    expect(page.get_by_text("1 endpoint, 1 with a problem")).to_be_visible()


def test_a_deployment_that_failed_leads_with_its_own_line_and_takes_no_share(page: Page) -> None:
    red = deployment(page, "red")
    expect(red).to_contain_text("Failed")
    expect(red).to_contain_text("0 of 1 ready")
    expect(red.locator(".lead b")).to_have_text("RuntimeError: no such model: red")
    expect(red.locator(".where")).to_have_text("score.py, line 7, in init")
    expect(red.get_by_label("The end of the log of red")).to_be_hidden()
    expect(share(page, "red")).to_be_disabled()
    red.get_by_role("link", name="Open the log").click()
    expect(page.get_by_label("Deployment", exact=True)).to_have_value("red")
    expect(page.locator("#log-lead")).to_contain_text("score.py, line 7, in init")
    page.get_by_label("Search").fill("NO SUCH model")
    expect(page.locator("#log-found")).to_have_text(re.compile(r"^\d+ lines with"))
    lines = page.get_by_role("log").inner_text().strip().split("\n")
    assert lines
    assert all("no such model" in line for line in lines)
    page.get_by_label("Search").fill("nothing of the kind")
    expect(page.locator("#log-found")).to_have_text(re.compile("^No line has"))


def test_shares_move_by_keyboard_and_always_add_up_to_100(page: Page, studio_azure: WholeAzure) -> None:
    apply = page.get_by_role("button", name="Apply")
    expect(apply).to_be_disabled()
    green = share(page, "green")
    green.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(green).to_have_value("15")
    expect(green).to_have_attribute("aria-valuetext", "15 percent")
    expect(share(page, "blue")).to_have_value("85")
    assert studio_azure.shares() == {"blue": 90, "green": 10}  # nothing moves before it is applied
    page.keyboard.press("End")
    expect(share(page, "blue")).to_have_value("0")
    page.keyboard.press("Tab")  # past red, which is disabled
    expect(page.get_by_label("% of requests to")).to_be_focused()
    page.keyboard.press("Tab")
    expect(apply).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Applied: green 100 %")).to_be_visible()
    expect(apply).to_be_disabled()
    assert studio_azure.shares() == {"green": 100}


def test_a_draft_stays_whatever_news_come_and_is_undone_on_request(
    page: Page, studio_azure: WholeAzure
) -> None:
    share(page, "blue").fill("40")
    studio_azure.share_out({"blue": 30, "green": 70})
    expect(page.locator("#split span").first).to_have_attribute("style", re.compile("--share: ?40"))
    page.get_by_role("tab", name="Test").click()
    expect(send(page, {"n": 1}, to="blue")).to_contain_text("HTTP 200")
    page.get_by_role("tab", name="Details").click()
    expect(share(page, "blue")).to_have_value("40")
    expect(share(page, "green")).to_have_value("60")
    page.get_by_role("button", name="Undo").click()
    expect(share(page, "blue")).to_have_value("30")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    assert studio_azure.shares() == {"blue": 30, "green": 70}


def test_shares_that_are_moved_elsewhere_show_by_themselves(page: Page, studio_azure: WholeAzure) -> None:
    studio_azure.share_out({"blue": 25, "green": 75})
    expect(share(page, "blue")).to_have_value("25")


def test_mirror_traffic_is_set_and_refused_under_azures_rules(page: Page, studio_azure: WholeAzure) -> None:
    to = page.get_by_label("% of requests to")
    expect(to).to_be_disabled()  # every deployment that could take copies has live traffic
    share(page, "blue").fill("100")
    expect(to).to_be_enabled()
    to.select_option("green")
    page.get_by_label("Mirror", exact=True).fill("30")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Applied: blue 100 %; mirrored: green 30 %")).to_be_visible()
    assert studio_azure.arm("GET", ENDPOINT).body["properties"]["mirrorTraffic"] == {"green": 30}
    share(page, "green").fill("5")  # live traffic, so no copies
    expect(to).to_have_value("")
    page.get_by_role("button", name="Undo").click()
    expect(to).to_have_value("green")
    studio_azure.done(studio_azure.arm("PUT", ENDPOINT, endpoint_body({"blue": 100})))
    expect(to).to_have_value("")


def test_a_refused_change_says_why_and_keeps_the_draft(page: Page, studio_azure: WholeAzure) -> None:
    fault = {
        "method": "PUT",
        "path_pattern": "onlineEndpoints/diabetes$",
        "status": 409,
        "message": "Not now.",
    }
    assert studio_azure.own("POST", "faults", fault).status == 204
    share(page, "green").fill("50")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Not now.")).to_be_visible()
    expect(share(page, "green")).to_have_value("50")
    assert studio_azure.shares() == {"blue": 90, "green": 10}
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Applied: blue 50 %, green 50 %")).to_be_visible()


def test_keys_are_in_the_page_only_while_they_are_shown(page: Page, studio_azure: WholeAzure) -> None:
    keys = studio_azure.arm("POST", f"{ENDPOINT}/listKeys").body
    assert not any(key in page.content() for key in keys.values())
    button = page.get_by_role("button", name="Show keys")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(page.locator("#primary-key")).to_have_text(keys["primaryKey"])
    expect(page.locator("#secondary-key")).to_have_text(keys["secondaryKey"])
    page.get_by_role("button", name="Hide keys").click()
    assert not any(key in page.content() for key in keys.values())


def test_the_scoring_uri_is_copied(page: Page, studio_azure: WholeAzure) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=studio_azure.url)
    page.get_by_role("button", name="Copy the scoring URI").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    uri = studio_azure.arm("GET", ENDPOINT).body["properties"]["scoringUri"]
    assert page.evaluate("navigator.clipboard.readText()") == uri


def test_a_request_shows_answer_time_and_who_answered(page: Page, studio_azure: WholeAzure) -> None:
    answered = send(page, {"n": 1}, to="green")
    expect(answered).to_contain_text("HTTP 200")
    expect(answered).to_contain_text("green")
    expect(answered).to_contain_text(re.compile(r"\d+\.\d ms"))
    expect(page.get_by_label("Body of the answer")).to_contain_text('"flavour": "green"')
    studio_azure.share_out({"blue": 100})
    expect(send(page, {"n": 2})).to_contain_text("blue")
    expect(page.get_by_label("Body of the answer")).to_contain_text('"n": 2')


def test_ctrl_and_enter_send(page: Page) -> None:
    page.get_by_role("tab", name="Test").click()
    body = page.get_by_label("Body", exact=True)
    body.fill('{"quick": true}')
    body.press("Control+Enter")
    expect(page.get_by_label("Body of the answer")).to_contain_text('"quick": true')


# A red square of 2 by 2.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="
)


def test_a_request_can_come_from_a_file_of_any_kind(page: Page, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text('{"from": "a file"}')
    (tmp_path / "red.png").write_bytes(PNG)
    (tmp_path / "some.zip").write_bytes(PNG[4:])
    page.get_by_role("tab", name="Test").click()
    page.get_by_label("Open a file").set_input_files(tmp_path / "request.json")
    expect(page.get_by_label("Body", exact=True)).to_have_value('{"from": "a file"}')
    page.get_by_label("Open a file").set_input_files(tmp_path / "red.png")
    expect(page.get_by_label("Content type")).to_have_value("image/png")
    expect(page.get_by_role("img", name="The file that is sent")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answered")).to_contain_text(f"image/png, {len(PNG)} bytes")
    picture = page.get_by_role("img", name="The image that was answered")
    expect(picture).to_be_visible()
    colour = "canvas => [canvas.width, ...canvas.getContext('2d').getImageData(1, 1, 1, 1).data]"
    assert picture.evaluate(colour) == [2, 255, 0, 0, 255]
    page.get_by_label("Open a file").set_input_files(tmp_path / "some.zip")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Body of the answer")).to_have_text("(binary, not shown)")
    expect(page.locator("#answered")).to_contain_text(f"zip, {len(PNG) - 4} bytes")
    page.get_by_role("button", name="Write a body instead").click()
    expect(page.get_by_label("Body", exact=True)).to_be_focused()


def test_the_test_starts_with_the_sample_and_copies_as_curl(page: Page, studio_azure: WholeAzure) -> None:
    content = base64.b64encode(b'{"it\'s": 1}').decode()
    sample = {"endpoint": "diabetes", "file": "requests/a.json", "type": "application/json"}
    studio_azure.own("PUT", "studio/samples", {"samples": [{**sample, "content": content}]})
    page.reload()
    page.get_by_role("tab", name="Test").click()
    body = page.get_by_label("Body", exact=True)
    expect(body).to_have_value('{"it\'s": 1}')
    expect(page.locator("#body-hint")).to_contain_text("requests/a.json")
    body.fill("{}")
    page.get_by_role("button", name="Use the sample").click()
    expect(body).to_have_value('{"it\'s": 1}')
    page.get_by_label("Send to").select_option(label="green")
    page.get_by_text("As a curl command").click()
    text = page.locator("#curl-text")
    expect(text).to_contain_text("azml keys header diabetes")
    key = studio_azure.arm("POST", f"{ENDPOINT}/listKeys").body["primaryKey"]
    assert key not in page.content()
    page.get_by_label("Include the key").check()
    expect(text).to_contain_text(key)
    done = subprocess.run(["/bin/sh", "-c", text.inner_text()], capture_output=True, text=True, timeout=30)
    assert json.loads(done.stdout) == {"flavour": "green", "asked": {"it's": 1}}, done.stderr
    page.get_by_label("Include the key").uncheck()
    assert key not in page.content()


def test_an_error_of_the_model_shows_as_what_it_is(page: Page) -> None:
    expect(send(page, {"fail": True}, to="blue")).to_contain_text("HTTP 424")
    expect(page.get_by_label("Body of the answer")).not_to_be_empty()


def test_what_a_deployment_prints_appears_in_its_log(page: Page) -> None:
    page.get_by_role("tab", name="Logs").click()
    page.get_by_label("Deployment", exact=True).select_option("green")
    log = page.get_by_role("log")
    expect(log).to_contain_text("Users's init has completed successfully")
    expect(send(page, {"say": "a line from run()"}, to="green")).to_contain_text("HTTP 200")
    page.get_by_role("tab", name="Logs").click()
    expect(log).to_contain_text("a line from run()")
    assert (log.text_content() or "").count("Users's init has completed successfully") == 1


def test_a_log_that_is_not_followed_stands_still_and_catches_up(page: Page) -> None:
    page.get_by_role("tab", name="Logs").click()
    log = page.get_by_role("log")
    expect(log).not_to_be_empty()
    page.get_by_label("Follow").uncheck()
    expect(send(page, {"say": "said unheard", "fail": True}, to="blue")).to_contain_text("HTTP 424")
    page.get_by_role("tab", name="Logs").click()
    expect(page.locator("#log-lead")).to_contain_text("ValueError: as asked")  # the log has grown, and stands
    expect(log).not_to_contain_text("said unheard")
    page.get_by_label("Follow").check()
    expect(log).to_contain_text("said unheard")
    page.get_by_label("Container").select_option("Storage initializer")
    expect(log).to_contain_text("model:")


def test_what_models_say_is_never_markup(page: Page) -> None:
    evil = "<img src=x onerror=\"document.title='taken'\">"
    expect(send(page, {"say": evil}, to="blue")).to_contain_text("HTTP 200")
    expect(page.get_by_label("Body of the answer")).to_contain_text("<img src=x")
    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_role("log")).to_contain_text(evil)
    assert page.locator("main img").count() == 0
    assert page.title() == "diabetes · Studio"


def test_charts_count_what_each_deployment_answered(page: Page) -> None:
    def counted() -> tuple[int, int]:
        expect(page.get_by_role("img", name=re.compile("^Requests, last 30 minutes: blue"))).to_be_visible()
        words = page.locator("#legend li").first.inner_text()
        found = re.search(r"(\d+) requests?", words)
        assert found, words
        failed = re.search(r"424 \u00d7 (\d+)", words)
        return int(found[1]), int(failed[1]) if failed else 0

    requests, failed = counted()
    send(page, {"n": 3}, to="blue")
    expect(page.locator("#answered")).to_contain_text("HTTP 200")
    send(page, {"fail": True}, to="blue")
    expect(page.locator("#answered")).to_contain_text("HTTP 424")
    page.get_by_role("tab", name="Details").click()
    expect(page.locator("#legend li").first).to_contain_text(f"{requests + 2} requests")
    expect(page.locator("#legend li").first).to_contain_text(f"424 \u00d7 {failed + 1}")
    expect(page.get_by_role("img", name=re.compile(r"^Latency .* blue median \d"))).to_be_visible()
    expect(page.get_by_text(re.compile("^424: .* the scoring script failed"))).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.locator("#numbers").get_by_role("cell", name="blue").first).to_be_visible()
    over = page.locator(".u-over").first
    width = over.evaluate("node => node.clientWidth")
    over.hover(position={"x": width - 8, "y": 20})
    expect(page.locator(".tip").first).to_contain_text("blue: ")
    page.get_by_label("Time range").select_option("last 24 hours")
    expect(page.get_by_role("img", name=re.compile("^Requests, last 1440 minutes: blue"))).to_be_visible()
    expect(page.get_by_text("Requests in 20 minutes", exact=True)).to_be_visible()


def test_a_local_azure_that_is_away_is_said_and_comes_back(page: Page) -> None:
    page.route("**/studio/api/**", lambda route: route.abort())
    page.get_by_label("Time range").select_option("last hour")  # another stream
    expect(page.get_by_text("does not answer")).to_be_visible()
    page.unroute("**/studio/api/**")
    expect(page.get_by_text("does not answer")).to_be_hidden()
    expect(page.get_by_role("img", name="Requests, last 60 minutes")).to_be_visible()


def test_page_and_session_outlive_the_control_plane(page: Page, studio_azure: WholeAzure) -> None:
    studio_azure.kill_child("azml.emulator.control")
    eventually(studio_azure.answers)
    studio_azure.share_out({"blue": 35, "green": 65})
    expect(share(page, "blue")).to_have_value("35")  # by another stream, without a reload
    page.reload()
    expect(page.get_by_role("heading", name="diabetes", level=1)).to_be_visible()


def test_an_endpoint_without_keys_or_deployments_and_one_that_goes(
    page: Page, studio_azure: WholeAzure
) -> None:
    tokens = ENDPOINT.replace("diabetes", "tokens")
    studio_azure.done(studio_azure.arm("PUT", tokens, endpoint_body(authMode="AMLToken")))
    page.get_by_role("link", name="Endpoints").click()
    expect(page.get_by_role("listitem").filter(has_text="tokens")).to_contain_text("No deployment")
    page.get_by_role("link", name="tokens").click()
    expect(page.get_by_role("heading", name="tokens", level=1)).to_be_visible()
    expect(page.get_by_text("Azure ML token")).to_be_visible()
    expect(page.get_by_role("button", name="Show keys")).to_be_hidden()
    expect(send(page, {})).to_contain_text("HTTP 404")
    expect(page.get_by_label("Body of the answer")).to_contain_text("NoTraffic")
    studio_azure.done(studio_azure.arm("DELETE", tokens))
    expect(page.get_by_role("heading", name="Endpoints", level=1)).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link")).to_have_count(1)


def test_a_long_answer_is_cut_and_says_so(page: Page) -> None:
    expect(send(page, {"long": 2 << 20}, to="blue")).to_contain_text("the first 1048576 of 2097154 bytes")


class Held:
    """Requests of the page that are kept waiting until they are let go."""

    def __init__(self, page: Page, pattern: str) -> None:
        self.page = page
        self.pattern = re.compile(pattern)
        self.routes: list[Route] | None = []
        page.route(self.pattern, lambda route: self._take(route))

    def _take(self, route: Route) -> None:
        if self.routes is None:
            route.continue_()
        else:
            self.routes.append(route)

    def let_go(self) -> None:
        """Wait until the page has had the answers."""
        held, self.routes = self.routes or [], None
        assert held
        with self.page.expect_response(self.pattern):
            for route in held:
                route.continue_()
        # By the answer to this the page has taken in the one before.
        self.page.evaluate("fetch('/studio/page/icon.svg').then(answer => answer.text())")


@pytest.mark.parametrize("what", ["keys", "score", "traffic"])
def test_an_answer_is_not_shown_with_an_endpoint_it_is_not_for(
    page: Page, studio_azure: WholeAzure, what: str
) -> None:
    other = ENDPOINT.replace("diabetes", "other")
    studio_azure.done(studio_azure.arm("PUT", other, endpoint_body()))
    held = Held(page, f"/studio/api/{what}[?]")
    with page.expect_request(held.pattern):
        if what == "keys":
            page.get_by_role("button", name="Show keys").click()
        elif what == "score":
            send(page, {"n": 1})
        else:
            share(page, "green").fill("50")
            page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name="Endpoints").click()
    page.get_by_role("link", name="other").click()
    expect(page.get_by_role("heading", name="other", level=1)).to_be_visible()
    held.let_go()
    expect(page.locator("#primary-key")).to_be_empty()
    expect(page.locator("#answered")).to_be_empty()
    expect(page.locator("#traffic-said")).to_be_empty()
    studio_azure.done(studio_azure.arm("DELETE", other))


def test_an_address_opens_its_endpoint_and_a_mistyped_one_all(anyone: Page, studio_azure: WholeAzure) -> None:
    anyone.goto(studio_azure.link())
    expect(anyone.get_by_role("link", name="diabetes")).to_be_visible()
    anyone.goto(f"{studio_azure.url}/studio#/ws1/diabetes/logs/green")
    anyone.reload()
    expect(anyone.get_by_role("tabpanel", name="Logs")).to_be_visible()
    expect(anyone.get_by_label("Deployment", exact=True)).to_have_value("green")
    anyone.evaluate("location.hash = '#/100%/diabetes'")
    anyone.reload()
    expect(anyone.get_by_role("heading", name="Endpoints", level=1)).to_be_visible()
    expect(anyone.get_by_role("link", name="diabetes")).to_be_visible()
