"""The page's door over HTTP, as any program on the machine can knock on it."""

import json
from urllib.parse import quote

import pytest

from tests.emulator.local_azure import ENDPOINT, WORKSPACE, Answer, endpoint_body
from tests.emulator.whole_azure import WholeAzure

Headers = dict[str, str]
CALLS = [
    ("GET", "endpoints"),
    ("GET", f"endpoint?id={quote(ENDPOINT)}"),
    ("PUT", f"traffic?id={quote(ENDPOINT)}"),
    ("POST", f"keys?id={quote(ENDPOINT)}"),
    ("GET", f"logs?id={quote(ENDPOINT)}/deployments/blue"),
    ("GET", f"metrics?id={quote(ENDPOINT)}"),
    ("POST", f"score?id={quote(ENDPOINT)}"),
    ("DELETE", "session"),
]


def redeem(azure: WholeAzure, code: str, **headers: str) -> Answer:
    return azure.send("POST", "/studio/api/session", json.dumps({"code": code}).encode(), headers)


@pytest.fixture(scope="module")
def signed_in(azure: WholeAzure) -> Headers:
    answer = redeem(azure, azure.link().partition("#code=")[2])
    assert answer.status == 200, answer.raw
    cookie = answer.headers["set-cookie"].partition(";")[0]
    return {"Cookie": cookie, "X-Azml-Studio": answer.body["token"]}


def test_who_holds_the_control_token_gets_a_link_and_nobody_else(azure: WholeAzure) -> None:
    assert azure.send("POST", "/_azml/studio").status == 401
    url, _, code = azure.link().partition("#code=")
    assert url == f"{azure.url}/studio"
    assert len(code) >= 32


def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(azure: WholeAzure) -> None:
    answer = redeem(azure, azure.link().partition("#code=")[2])
    name, _, attributes = answer.headers["set-cookie"].partition("=")
    assert name == f"__Host-azml-studio-{azure.port}"
    parts = {part.strip().lower() for part in attributes.split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_every_call_needs_cookie_and_token(
    azure: WholeAzure, signed_in: Headers, method: str, call: str
) -> None:
    for headers in ({}, *({name: value} for name, value in signed_in.items())):
        answer = azure.send(method, f"/studio/api/{call}", b"{}", headers)
        assert (answer.status, answer.code) == (401, "SignedOut"), (call, headers.keys())


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}]
)
def test_another_sites_page_is_refused_with_cookie_and_token(
    azure: WholeAzure, signed_in: Headers, headers: Headers
) -> None:
    for method, call in CALLS:
        answer = azure.send(method, f"/studio/api/{call}", b"{}", {**signed_in, **headers})
        assert (answer.status, answer.code) == (403, "ForeignOrigin"), call
    code = azure.link().partition("#code=")[2]
    assert redeem(azure, code, **headers).status == 403
    assert redeem(azure, code).status == 200  # a refused knock does not use it up


def test_a_name_that_is_not_ours_is_refused(azure: WholeAzure) -> None:
    for path in ("/studio", "/studio/page/studio.js", "/studio/api/endpoints"):
        assert azure.send("GET", path, headers={"Host": f"evil.example:{azure.port}"}).status == 421


def test_the_page_loads_nothing_from_elsewhere_and_sits_in_no_frame(azure: WholeAzure) -> None:
    for path in ("/studio", "/studio/page/studio.js", "/studio/page/studio.css", "/studio/page/icon.svg"):
        answer = azure.send("GET", path)
        assert answer.status == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["../studio.py", "..%2fstudio.py", "%2e%2e%2fdoor.py", "nothing.js", "."])
def test_only_the_pages_own_files_are_served(azure: WholeAzure, name: str) -> None:
    assert azure.send("GET", f"/studio/page/{name}").status == 404


def test_a_token_of_the_page_opens_nothing_of_azures(azure: WholeAzure, signed_in: Headers) -> None:
    for token in (signed_in["X-Azml-Studio"], signed_in["Cookie"].partition("=")[2]):
        headers = {"Authorization": f"Bearer {token}", "Cookie": signed_in["Cookie"]}
        assert azure.send("GET", f"{WORKSPACE}?api-version=2025-12-01", headers=headers).status == 401
        assert azure.send("GET", "/_azml/environment", headers=headers).status == 401


def test_bad_requests_get_azures_error_body(azure: WholeAzure, signed_in: Headers) -> None:
    traffic = f"/studio/api/traffic?id={quote(ENDPOINT)}"
    cases = [
        ("GET", "/studio/api/endpoint", b"", 400),
        ("GET", "/studio/api/endpoint?id=/subscriptions/../x", b"", 400),
        ("GET", f"/studio/api/endpoint?id={quote(WORKSPACE)}", b"", 404),
        ("GET", f"/studio/api/endpoint?id={quote(ENDPOINT)}x", b"", 404),
        ("GET", f"/studio/api/logs?id={quote(ENDPOINT)}", b"", 404),
        ("GET", f"/studio/api/logs?id={quote(ENDPOINT)}/deployments/blue&container=Shell", b"", 400),
        ("GET", f"/studio/api/metrics?id={quote(ENDPOINT)}&minutes=-1", b"", 400),
        ("GET", f"/studio/api/metrics?id={quote(ENDPOINT)}&minutes=99999", b"", 400),
        ("GET", f"/studio/api/metrics?id={quote(ENDPOINT)}&minutes={'9' * 5_000}", b"", 400),
        ("PUT", traffic, b"[]", 400),
        ("PUT", traffic, b'{"blue": 101}', 400),
        ("PUT", traffic, b'{"blue": 50}', 400),
        ("PUT", traffic, b'{"nobody": 100}', 400),
        ("PUT", traffic, b"x" * (65 << 10), 413),
        ("POST", "/studio/api/session", b"{", 400),
        ("POST", "/studio/api/session", b'{"code": 1}', 401),
    ]
    before = azure.shares()
    for method, path, body, status in cases:
        answer = azure.send(method, path, body, signed_in)
        assert answer.status == status, (path, answer.raw)
        assert set(answer.body["error"]) == {"code", "message"}
        assert answer.headers["cache-control"] == "no-store"
    assert azure.shares() == before


def test_the_details_carry_no_key(azure: WholeAzure, signed_in: Headers) -> None:
    keys = azure.arm("POST", f"{ENDPOINT}/listKeys").body
    answer = azure.send("GET", f"/studio/api/endpoint?id={quote(ENDPOINT)}", headers=signed_in)
    assert answer.status == 200
    assert not any(key.encode() in answer.raw for key in keys.values())


def test_shares_set_here_are_in_the_journal_like_any_others(azure: WholeAzure, signed_in: Headers) -> None:
    body = b'{"blue": 70, "green": 30}'
    answer = azure.send("PUT", f"/studio/api/traffic?id={quote(ENDPOINT)}", body, signed_in)
    assert answer.status == 200, answer.raw
    last = azure.own("GET", "journal").body[-1]
    assert (last["method"], last["path"], last["status"]) == ("PUT", ENDPOINT, 200)
    assert last["body"]["properties"]["traffic"] == {"blue": 70, "green": 30}


def test_no_code_cookie_or_token_is_ever_logged(azure: WholeAzure, signed_in: Headers) -> None:
    code = azure.link().partition("#code=")[2]
    assert redeem(azure, code).status == 200
    journal = json.dumps(azure.own("GET", "journal").body)
    for secret in (code, signed_in["Cookie"].partition("=")[2], signed_in["X-Azml-Studio"]):
        assert secret not in azure.log
        assert secret not in journal


@pytest.mark.parametrize("mode", ["Key", "AMLToken", "AADToken"])
def test_a_request_is_sent_with_what_the_endpoint_accepts(
    azure: WholeAzure, signed_in: Headers, mode: str
) -> None:
    endpoint = ENDPOINT.replace("diabetes", "signed")
    azure.done(azure.arm("PUT", endpoint, endpoint_body(authMode=mode)))
    answer = azure.send("POST", f"/studio/api/score?id={quote(endpoint)}", b"{}", signed_in)
    azure.done(azure.arm("DELETE", endpoint))
    assert answer.status == 200, answer.raw
    assert answer.body["status"] == 404  # no traffic, which an endpoint tells only who is let in
