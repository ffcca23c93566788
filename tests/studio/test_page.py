"""The page in a real browser, as a person uses it: by what is written on it, by mouse and by keyboard."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Response, Route, expect

from tests.emulator.local_azure import ENDPOINT, endpoint_body, wait_for
from tests.emulator.whole_azure import WholeAzure


def share(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name)


def send(page: Page, body: object, to: str = "the endpoint, by its traffic") -> Locator:
    page.get_by_role("tab", name="Test").click()
    page.get_by_label("Send to").select_option(label=to)
    page.get_by_label("JSON body").fill(json.dumps(body))
    page.get_by_role("button", name="Send").click()
    return page.locator("#answered")


def test_the_link_signs_in_once_and_leaves_no_code_behind(anyone: Page, azure: WholeAzure) -> None:
    link = azure.link()
    anyone.goto(link)
    expect(anyone.get_by_role("heading", name="diabetes", level=1)).to_be_visible()
    assert "code" not in anyone.url
    assert anyone.evaluate("document.cookie") == ""
    anyone.reload()
    expect(anyone.get_by_role("heading", name="diabetes", level=1)).to_be_visible()
    anyone.get_by_role("button", name="Sign out").click()
    expect(anyone.get_by_text("Signed out.")).to_be_visible()
    expect(anyone.get_by_role("heading", name="diabetes", level=1)).to_be_hidden()
    anyone.goto("about:blank")
    anyone.goto(link)
    expect(anyone.get_by_text("used already")).to_be_visible()
    expect(anyone.get_by_text("azml studio")).to_be_visible()


def test_without_a_link_the_page_says_how_to_get_one(anyone: Page, azure: WholeAzure) -> None:
    anyone.goto(f"{azure.url}/studio")
    expect(anyone.get_by_role("heading", name="not signed in")).to_be_visible()
    expect(anyone.get_by_role("navigation")).to_be_hidden()


def test_the_browser_asks_nobody_but_the_local_azure(anyone: Page, azure: WholeAzure) -> None:
    asked: list[str] = []
    anyone.on("request", lambda request: asked.append(request.url))
    anyone.goto(azure.link())
    for tab in ("Test", "Logs", "Details"):
        anyone.get_by_role("tab", name=tab).click()
    expect(anyone.get_by_role("img", name="blue: ").first).to_be_visible()
    assert asked
    assert all(url.startswith(f"{azure.url}/studio") for url in asked)


def test_the_list_and_the_details_show_what_is_there(page: Page, azure: WholeAzure) -> None:
    entry = page.get_by_role("navigation").get_by_role("link", name="diabetes")
    expect(entry).to_have_attribute("aria-current", "page")
    expect(entry).to_contain_text("blue 90 %, green 10 %")
    expect(page.get_by_text("ws1 · rg · westeurope")).to_be_visible()
    uri = azure.arm("GET", ENDPOINT).body["properties"]["scoringUri"]
    expect(page.get_by_text(uri)).to_be_visible()
    expect(page.locator("#auth-mode")).to_have_text("Key")
    blue = page.get_by_role("row", name=re.compile("^blue"))
    expect(blue).to_contain_text("Succeeded")
    expect(blue).to_contain_text("1 of 1")
    expect(blue).to_contain_text("Standard_DS2_v2")


def test_a_deployment_that_failed_says_why_and_takes_no_share(page: Page) -> None:
    red = page.get_by_role("row", name=re.compile("^red"))
    expect(red).to_contain_text("Failed")
    expect(red).to_contain_text("0 of 1")
    expect(page.get_by_text("RuntimeError: no such model: red")).to_be_visible()
    expect(share(page, "red")).to_be_disabled()


def test_shares_move_by_keyboard_and_always_add_up_to_100(page: Page, azure: WholeAzure) -> None:
    apply = page.get_by_role("button", name="Apply")
    expect(apply).to_be_disabled()
    green = share(page, "green")
    green.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(green).to_have_value("15")
    expect(green).to_have_attribute("aria-valuetext", "15 percent")
    expect(share(page, "blue")).to_have_value("85")
    assert azure.shares() == {"blue": 90, "green": 10}  # nothing moves before it is applied
    page.keyboard.press("End")
    expect(share(page, "blue")).to_have_value("0")
    page.keyboard.press("Tab")  # past red, which is disabled
    expect(apply).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Applied: green 100 %")).to_be_visible()
    expect(apply).to_be_disabled()
    assert azure.shares() == {"green": 100}


def test_a_draft_stays_while_the_page_looks_again_and_is_undone_on_request(
    page: Page, azure: WholeAzure
) -> None:
    share(page, "blue").fill("40")
    with page.expect_response(re.compile("/studio/api/metrics")):
        pass  # the next look has come
    expect(share(page, "blue")).to_have_value("40")
    expect(share(page, "green")).to_have_value("60")
    page.get_by_role("button", name="Undo").click()
    expect(share(page, "blue")).to_have_value("90")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    assert azure.shares() == {"blue": 90, "green": 10}


def test_shares_that_are_moved_elsewhere_show_by_themselves(page: Page, azure: WholeAzure) -> None:
    azure.share_out({"blue": 25, "green": 75})
    expect(share(page, "blue")).to_have_value("25")
    expect(page.get_by_role("navigation").get_by_text("blue 25 %, green 75 %")).to_be_visible()


def test_a_refused_change_says_why_and_keeps_the_draft(page: Page, azure: WholeAzure) -> None:
    fault = {
        "method": "PUT",
        "path_pattern": "onlineEndpoints/diabetes$",
        "status": 409,
        "message": "Not now.",
    }
    assert azure.own("POST", "faults", fault).status == 204
    share(page, "green").fill("50")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Not now.")).to_be_visible()
    expect(share(page, "green")).to_have_value("50")
    assert azure.shares() == {"blue": 90, "green": 10}
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Applied: blue 50 %, green 50 %")).to_be_visible()


def test_keys_are_in_the_page_only_while_they_are_shown(page: Page, azure: WholeAzure) -> None:
    keys = azure.arm("POST", f"{ENDPOINT}/listKeys").body
    assert not any(key in page.content() for key in keys.values())
    button = page.get_by_role("button", name="Show keys")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(page.locator("#primary-key")).to_have_text(keys["primaryKey"])
    expect(page.locator("#secondary-key")).to_have_text(keys["secondaryKey"])
    page.get_by_role("button", name="Hide keys").click()
    assert not any(key in page.content() for key in keys.values())


def test_the_scoring_uri_is_copied(page: Page, azure: WholeAzure) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=azure.url)
    page.get_by_role("button", name="Copy the scoring URI").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    uri = azure.arm("GET", ENDPOINT).body["properties"]["scoringUri"]
    assert page.evaluate("navigator.clipboard.readText()") == uri


def test_a_request_shows_answer_time_and_who_answered(page: Page, azure: WholeAzure) -> None:
    answered = send(page, {"n": 1}, to="green")
    expect(answered).to_contain_text("HTTP 200")
    expect(answered).to_contain_text("green")
    expect(answered).to_contain_text(re.compile(r"\d+\.\d ms"))
    expect(page.get_by_label("Body of the answer")).to_contain_text('"flavour": "green"')
    azure.share_out({"blue": 100})
    expect(send(page, {"n": 2})).to_contain_text("blue")
    expect(page.get_by_label("Body of the answer")).to_contain_text('"n": 2')


def test_ctrl_and_enter_send(page: Page) -> None:
    page.get_by_role("tab", name="Test").click()
    body = page.get_by_label("JSON body")
    body.fill('{"quick": true}')
    body.press("Control+Enter")
    expect(page.get_by_label("Body of the answer")).to_contain_text('"quick": true')


def test_a_request_can_come_from_a_file(page: Page, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text('{"from": "a file"}')
    page.get_by_role("tab", name="Test").click()
    page.get_by_label("Open a file").set_input_files(tmp_path / "request.json")
    expect(page.get_by_label("JSON body")).to_have_value('{"from": "a file"}')


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
    expect(send(page, {"say": "said unheard"}, to="blue")).to_contain_text("HTTP 200")
    page.get_by_role("tab", name="Logs").click()
    with page.expect_response(re.compile("/studio/api/endpoint\\?")):
        pass
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
    def counted(name: str) -> tuple[int, int]:
        chart = page.get_by_role("img", name=re.compile(rf"^{name}: \d+ requests?"))
        words = chart.get_attribute("aria-label") or ""
        found = re.search(r": (\d+) requests? in 30 minutes, (\d+) failed", words)
        assert found, words
        return int(found[1]), int(found[2])

    expect(page.get_by_role("img", name=re.compile("^blue: .*requests? in 30"))).to_be_visible()
    requests, failed = counted("blue")
    send(page, {"n": 3}, to="blue")
    expect(page.locator("#answered")).to_contain_text("HTTP 200")
    send(page, {"fail": True}, to="blue")
    expect(page.locator("#answered")).to_contain_text("HTTP 424")
    page.get_by_role("tab", name="Details").click()
    told = f"blue: {requests + 2} requests in 30 minutes, {failed + 1} failed"
    expect(page.get_by_role("img", name=told)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile(r"^blue: latency .* median \d"))).to_be_visible()
    assert page.locator(".chart .failed").count() >= 1
    page.get_by_text("As a table").click()
    expect(page.locator("#numbers").get_by_role("cell", name="blue").first).to_be_visible()


def test_a_local_azure_that_is_away_is_said_and_comes_back(page: Page) -> None:
    page.route("**/studio/api/**", lambda route: route.abort())
    expect(page.get_by_text("does not answer")).to_be_visible()
    page.unroute("**/studio/api/**")
    expect(page.get_by_text("does not answer")).to_be_hidden()
    expect(page.get_by_role("heading", name="diabetes", level=1)).to_be_visible()


def test_a_session_outlives_the_control_plane(page: Page, azure: WholeAzure) -> None:
    azure.kill_child("azml.emulator.control")
    wait_for(azure.answers)
    page.reload()
    expect(page.get_by_role("heading", name="diabetes", level=1)).to_be_visible()


def test_an_endpoint_without_keys_or_deployments_and_one_that_goes(page: Page, azure: WholeAzure) -> None:
    tokens = ENDPOINT.replace("diabetes", "tokens")
    azure.done(azure.arm("PUT", tokens, endpoint_body(authMode="AMLToken")))
    page.get_by_role("navigation").get_by_role("link", name="tokens").click()
    expect(page.get_by_role("heading", name="tokens", level=1)).to_be_visible()
    expect(page.get_by_text("Azure ML token")).to_be_visible()
    expect(page.get_by_role("button", name="Show keys")).to_be_hidden()
    expect(send(page, {})).to_contain_text("HTTP 404")
    expect(page.get_by_label("Body of the answer")).to_contain_text("NoTraffic")
    azure.done(azure.arm("DELETE", tokens))
    expect(page.get_by_role("heading", name="diabetes", level=1)).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_count(1)


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

    def wait(self) -> None:
        with self.page.expect_request(self.pattern):
            pass

    def let_go(self) -> None:
        held, self.routes = self.routes or [], None
        for route in held:
            route.continue_()

    def let_go_and_look(self) -> None:
        """Wait until the page has had the answers, and has looked again."""
        with self.page.expect_response(self.pattern):
            self.let_go()
        for _ in range(2):
            with self.page.expect_response(re.compile("/studio/api/endpoints")):
                pass


def watch(page: Page, name: str, what: str) -> None:
    """Count in `window.seen` how often an element changes to something it should not."""
    page.evaluate(
        f"""() => {{
          const node = document.getElementById("{name}");
          window.seen = 0;
          const look = () => (window.seen += {what});
          new MutationObserver(look).observe(node, {{ attributes: true, childList: true }});
        }}"""
    )


def test_a_tab_that_is_chosen_while_the_page_looks_stays_chosen(page: Page) -> None:
    held = Held(page, "/studio/api/endpoint[?]")
    held.wait()
    page.get_by_role("tab", name="Test").click()
    watch(page, "details", "!node.hidden")
    held.let_go_and_look()
    expect(page.get_by_role("tabpanel", name="Test")).to_be_visible()
    assert page.evaluate("window.seen") == 0


@pytest.mark.parametrize("what", ["keys", "score", "traffic"])
def test_an_answer_is_not_shown_with_an_endpoint_it_is_not_for(
    page: Page, azure: WholeAzure, what: str
) -> None:
    other = ENDPOINT.replace("diabetes", "other")
    azure.done(azure.arm("PUT", other, endpoint_body()))
    held = Held(page, f"/studio/api/{what}[?]")
    if what == "keys":
        page.get_by_role("button", name="Show keys").click()
    elif what == "score":
        send(page, {"n": 1})
    else:
        share(page, "green").fill("50")
        page.get_by_role("button", name="Apply").click()
    page.get_by_role("navigation").get_by_role("link", name="other").click()
    expect(page.get_by_role("heading", name="other", level=1)).to_be_visible()
    held.let_go_and_look()
    expect(page.locator("#primary-key")).to_be_empty()
    expect(page.locator("#answered")).to_be_empty()
    expect(page.locator("#traffic-said")).to_be_empty()
    azure.done(azure.arm("DELETE", other))


def test_an_address_that_is_mistyped_shows_what_there_is(anyone: Page, azure: WholeAzure) -> None:
    anyone.goto(azure.link())
    expect(anyone.get_by_role("heading", name="diabetes", level=1)).to_be_visible()
    anyone.evaluate("location.hash = '#/100%/diabetes'")
    anyone.reload()
    expect(anyone.get_by_role("heading", name="diabetes", level=1)).to_be_visible()


def test_who_signs_out_is_told_so_also_while_the_page_looks(page: Page) -> None:
    held = Held(page, "/studio/api/endpoint[?]")
    held.wait()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("Signed out.")).to_be_visible()
    watch(page, "door-reason", "node.textContent === ''")
    refused: list[Response] = []
    page.on("response", lambda answer: refused.append(answer) if answer.status == 401 else None)
    held.let_go()

    def is_refused() -> bool:
        page.wait_for_timeout(20)
        return bool(refused)

    wait_for(is_refused)
    page.evaluate("fetch('/studio/api/endpoints')")  # by its answer the page has taken in the one before
    assert page.evaluate("window.seen") == 0
    expect(page.get_by_text("Signed out.")).to_be_visible()
