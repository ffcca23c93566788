"""Signing in to the page over HTTP, as any program on the machine may try."""

import base64
import json
import signal
import ssl
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import quote

import pytest

from tests.fixtures.control_plane import ENDPOINT, WORKSPACE, Answer, endpoint_body
from tests.fixtures.waiting import eventually
from tests.fixtures.whole_azure import WholeAzure

Headers = dict[str, str]
CALLS = [
    ("GET", "live"),
    ("GET", f"live?id={quote(ENDPOINT)}"),
    ("PUT", f"traffic?id={quote(ENDPOINT)}"),
    ("POST", f"keys?id={quote(ENDPOINT)}"),
    ("GET", f"sample?id={quote(ENDPOINT)}"),
    ("POST", f"score?id={quote(ENDPOINT)}"),
    ("DELETE", "session"),
]
SAMPLE = {"endpoint": "Diabetes", "file": "requests/sample.json", "type": "application/json"}


def redeem(studio_azure: WholeAzure, code: str, **headers: str) -> Answer:
    return studio_azure.send("POST", "/studio/api/session", json.dumps({"code": code}).encode(), headers)


@pytest.fixture(scope="module")
def signed_in(studio_azure: WholeAzure) -> Headers:
    answer = redeem(studio_azure, studio_azure.link().partition("#code=")[2])
    assert answer.status == 200, answer.raw
    cookie = answer.headers["set-cookie"].partition(";")[0]
    return {"Cookie": cookie, "X-Azml-Studio": answer.body["token"]}


def test_who_holds_the_control_token_gets_a_link_and_nobody_else(studio_azure: WholeAzure) -> None:
    assert studio_azure.send("POST", "/_azml/studio").status == 401
    url, _, code = studio_azure.link().partition("#code=")
    assert url == f"{studio_azure.url}/studio"
    assert len(code) >= 32


def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(studio_azure: WholeAzure) -> None:
    answer = redeem(studio_azure, studio_azure.link().partition("#code=")[2])
    name, _, attributes = answer.headers["set-cookie"].partition("=")
    assert name == f"__Host-azml-studio-{studio_azure.port}"
    parts = {part.strip().lower() for part in attributes.split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_every_call_needs_cookie_and_token(
    studio_azure: WholeAzure, signed_in: Headers, method: str, call: str
) -> None:
    for headers in ({}, *({name: value} for name, value in signed_in.items())):
        answer = studio_azure.send(method, f"/studio/api/{call}", b"{}", headers)
        assert (answer.status, answer.code) == (401, "SignedOut"), (call, headers.keys())


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}]
)
def test_another_sites_page_is_refused_with_cookie_and_token(
    studio_azure: WholeAzure, signed_in: Headers, headers: Headers
) -> None:
    for method, call in CALLS:
        answer = studio_azure.send(method, f"/studio/api/{call}", b"{}", {**signed_in, **headers})
        assert (answer.status, answer.code) == (403, "ForeignOrigin"), call
    code = studio_azure.link().partition("#code=")[2]
    assert redeem(studio_azure, code, **headers).status == 403
    assert redeem(studio_azure, code).status == 200  # a refused knock does not use it up


def test_a_name_that_is_not_ours_is_refused(studio_azure: WholeAzure) -> None:
    for path in ("/studio", "/studio/page/studio.js", "/studio/api/live"):
        assert (
            studio_azure.send("GET", path, headers={"Host": f"evil.example:{studio_azure.port}"}).status
            == 421
        )


def test_the_page_loads_nothing_from_elsewhere_and_sits_in_no_frame(studio_azure: WholeAzure) -> None:
    for path in ("/studio", *(f"/studio/page/{name}" for name in ("studio.js", "studio.css", "icon.svg"))):
        answer = studio_azure.send("GET", path)
        assert answer.status == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["../studio.py", "..%2fstudio.py", "%2e%2e%2fdoor.py", "nothing.js", "."])
def test_only_the_pages_own_files_are_served(studio_azure: WholeAzure, name: str) -> None:
    assert studio_azure.send("GET", f"/studio/page/{name}").status == 404


def test_a_token_of_the_page_opens_nothing_of_azures(studio_azure: WholeAzure, signed_in: Headers) -> None:
    for token in (signed_in["X-Azml-Studio"], signed_in["Cookie"].partition("=")[2]):
        headers = {"Authorization": f"Bearer {token}", "Cookie": signed_in["Cookie"]}
        assert studio_azure.send("GET", f"{WORKSPACE}?api-version=2025-12-01", headers=headers).status == 401
        assert studio_azure.send("GET", "/_azml/environment", headers=headers).status == 401


def test_bad_requests_get_azures_error_body(studio_azure: WholeAzure, signed_in: Headers) -> None:
    traffic = f"/studio/api/traffic?id={quote(ENDPOINT)}"
    of_one = f"/studio/api/live?id={quote(ENDPOINT)}"
    cases = [
        ("GET", "/studio/api/live?id=", b"", 400),
        ("GET", "/studio/api/live?id=/subscriptions/../x", b"", 400),
        ("GET", f"/studio/api/live?id={quote(WORKSPACE)}", b"", 404),
        ("GET", f"/studio/api/live?id={quote(ENDPOINT)}x", b"", 404),
        ("GET", f"{of_one}&log={quote(ENDPOINT)}&container=InferenceServer", b"", 404),
        ("GET", f"{of_one}&log={quote(ENDPOINT)}/deployments/blue&container=Shell", b"", 400),
        ("GET", f"{of_one}&minutes=-1", b"", 400),
        ("GET", f"{of_one}&minutes=99999", b"", 400),
        ("GET", f"{of_one}&minutes={'9' * 5_000}", b"", 400),
        ("GET", f"/studio/api/sample?id={quote(WORKSPACE)}", b"", 404),
        ("PUT", traffic, b"[]", 400),
        ("PUT", traffic, b'{"blue": 100}', 400),
        ("PUT", traffic, b'{"traffic": {"blue": 101}}', 400),
        ("PUT", traffic, b'{"traffic": {"blue": 50}}', 400),
        ("PUT", traffic, b'{"traffic": {"nobody": 100}}', 400),
        ("PUT", traffic, b'{"traffic": {"blue": 100}, "mirrorTraffic": {"green": 51}}', 400),
        ("PUT", traffic, b'{"traffic": {"blue": 100}, "mirrorTraffic": {"blue": 10}}', 400),
        ("PUT", traffic, b"x" * (65 << 10), 413),
        ("POST", "/studio/api/session", b"{", 400),
        ("POST", "/studio/api/session", b'{"code": 1}', 401),
    ]
    before = studio_azure.shares()
    for method, path, body, status in cases:
        answer = studio_azure.send(method, path, body, signed_in)
        assert answer.status == status, (path, answer.raw)
        assert set(answer.body["error"]) == {"code", "message"}
        assert answer.headers["cache-control"] == "no-store"
    assert studio_azure.shares() == before


class Stream:
    """A stream of events of the page, over one connection."""

    def __init__(self, studio_azure: WholeAzure, headers: Headers, query: str = "") -> None:
        context = ssl.create_default_context(cafile=str(studio_azure.folder / "ca.pem"))
        self.connection = HTTPSConnection("127.0.0.1", studio_azure.port, context=context, timeout=30)
        self.connection.request("GET", f"/studio/api/live{query}", headers=headers)
        self.answer = self.connection.getresponse()

    def read(self) -> tuple[str, Any]:
        """The next event's name and what it tells; an empty name at the end of the stream."""
        lines: list[str] = []
        while (line := self.answer.readline().decode().rstrip("\n")) or (lines and lines[0].startswith(":")):
            lines = [line] if not lines or lines[0].startswith(":") else [*lines, line]
        if not lines:
            return "", None
        return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))


def test_what_is_streamed_carries_no_key_and_begins_with_everything(
    studio_azure: WholeAzure, signed_in: Headers
) -> None:
    log = f"&log={quote(ENDPOINT)}/deployments/red&container=InferenceServer"
    stream = Stream(studio_azure, signed_in, f"?id={quote(ENDPOINT)}&minutes=30{log}")
    assert stream.answer.headers["content-type"].startswith("text/event-stream")
    assert stream.answer.headers["cache-control"] == "no-store"
    given = dict(stream.read() for _ in range(5))
    stream.connection.close()
    assert given.keys() == {"endpoint", "metrics", "rollout", "log", "trouble"}
    assert given["log"]["lead"]["source"] == 'raise RuntimeError("no such model: red")'
    keys = studio_azure.arm("POST", f"{ENDPOINT}/listKeys").body
    assert not any(key in json.dumps(given) for key in keys.values())


def test_a_stream_ends_when_its_session_does(studio_azure: WholeAzure) -> None:
    answer = redeem(studio_azure, studio_azure.link().partition("#code=")[2])
    headers = {
        "Cookie": answer.headers["set-cookie"].partition(";")[0],
        "X-Azml-Studio": answer.body["token"],
    }
    stream = Stream(studio_azure, headers)
    assert stream.read()[0] == "endpoints"
    assert studio_azure.send("DELETE", "/studio/api/session", headers=headers).status == 204
    while stream.read()[0]:
        pass
    assert studio_azure.send("GET", "/studio/api/live", headers=headers).status == 401
    stream.connection.close()


def test_an_open_stream_keeps_no_server_from_stopping(studio_azure: WholeAzure, signed_in: Headers) -> None:
    stream = Stream(studio_azure, signed_in)
    assert stream.read()[0] == "endpoints"
    studio_azure.signal_child("azml.emulator.control", signal.SIGTERM)
    while stream.read()[0]:
        pass  # a server that hangs, or cuts its answers off, would raise here
    stream.connection.close()
    eventually(studio_azure.answers)


def test_the_sample_requests_are_those_that_were_handed_over_last(
    studio_azure: WholeAzure, signed_in: Headers
) -> None:
    path = f"/studio/api/sample?id={quote(ENDPOINT)}"
    assert (
        studio_azure.own("PUT", "studio/samples", {"samples": [{**SAMPLE, "content": "e30="}]}).status == 204
    )
    assert studio_azure.send("GET", path, headers=signed_in).body["content"] == "e30="
    refused: list[dict[str, Any]] = [
        {},
        {"samples": {}},
        {"samples": [SAMPLE]},
        {"samples": [{**SAMPLE, "content": "é"}]},
        {"samples": [{**SAMPLE, "content": 1}]},
        {"samples": [], "more": 1},
    ]
    for body in refused:
        assert studio_azure.own("PUT", "studio/samples", body).status == 400, body
    assert studio_azure.send("GET", path, headers=signed_in).status == 200
    assert studio_azure.send("PUT", "/_azml/studio/samples", b"{}", signed_in).status == 401
    assert studio_azure.own("PUT", "studio/samples", {"samples": []}).status == 204
    assert studio_azure.send("GET", path, headers=signed_in).status == 204


def test_shares_set_here_are_in_the_journal_like_any_others(
    studio_azure: WholeAzure, signed_in: Headers
) -> None:
    body = b'{"traffic": {"blue": 100}, "mirrorTraffic": {"green": 20}}'
    answer = studio_azure.send("PUT", f"/studio/api/traffic?id={quote(ENDPOINT)}", body, signed_in)
    assert answer.status == 200, answer.raw
    last = studio_azure.own("GET", "journal").body[-1]
    assert (last["method"], last["path"], last["status"]) == ("PUT", ENDPOINT, 200)
    assert last["body"]["properties"]["traffic"] == {"blue": 100}
    assert last["body"]["properties"]["mirrorTraffic"] == {"green": 20}


def test_a_binary_answer_is_an_image_or_only_its_type_and_size(
    studio_azure: WholeAzure, signed_in: Headers
) -> None:
    studio_azure.share_out({"blue": 100})
    path = f"/studio/api/score?id={quote(ENDPOINT)}"
    raw = b"\x89PNG\r\n\x1a\n\xff"
    answer = studio_azure.send("POST", path, raw, {**signed_in, "Content-Type": "image/png"}).body
    assert (answer["content_type"], answer["size"], answer["text"]) == ("image/png", 9, "")
    assert base64.b64decode(answer["image"]) == raw
    answer = studio_azure.send("POST", path, raw, {**signed_in, "Content-Type": "application/zip"}).body
    assert (answer["status"], answer["content_type"], answer["size"], answer["shown"]) == (
        200,
        "application/zip",
        9,
        0,
    )
    assert (answer["text"], answer["image"]) == ("", "")


def test_no_code_cookie_or_token_is_ever_logged(studio_azure: WholeAzure, signed_in: Headers) -> None:
    code = studio_azure.link().partition("#code=")[2]
    assert redeem(studio_azure, code).status == 200
    journal = json.dumps(studio_azure.own("GET", "journal").body)
    for secret in (code, signed_in["Cookie"].partition("=")[2], signed_in["X-Azml-Studio"]):
        assert secret not in studio_azure.log
        assert secret not in journal


@pytest.mark.parametrize("mode", ["Key", "AMLToken", "AADToken"])
def test_a_request_is_sent_with_what_the_endpoint_accepts(
    studio_azure: WholeAzure, signed_in: Headers, mode: str
) -> None:
    endpoint = ENDPOINT.replace("diabetes", "signed")
    studio_azure.done(studio_azure.arm("PUT", endpoint, endpoint_body(authMode=mode)))
    answer = studio_azure.send("POST", f"/studio/api/score?id={quote(endpoint)}", b"{}", signed_in)
    studio_azure.done(studio_azure.arm("DELETE", endpoint))
    assert answer.status == 200, answer.raw
    assert answer.body["status"] == 404  # no traffic, which an endpoint tells only who is let in
