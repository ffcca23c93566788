"""A write that needs a policy token is repeated with one, whoever writes; no token ends in words."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.azure.cloud import Cloud
from azml.azure.errors import AzureError
from azml.azure.http import Body, Http, Response
from azml.azure.policy import CHANGE_REFERENCE, HEADER, PolicyTokenError
from azml.azure.settings import AzureSettings

PATH = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.X/things/t"
GIVEN = {"result": "Succeeded", "token": "PoP secret", "tokenId": "1"}


def refusal(*, deep: bool = True, **details: object) -> Response:
    body: dict[str, Any] = {"missingPolicyTokenDetails": {"shouldDeny": True, **details}}
    info = {"evaluationDetails": body} if deep else body
    error = {
        "code": "RequestDisallowedByPolicy",
        "message": "Resource was disallowed by policy.",
        "additionalInfo": [{"type": "PolicyViolation", "info": info}],
    }
    return Response(403, {}, json.dumps({"error": error}).encode())


class Wire(Http):
    """Refuses every write without a token; `tokens` answers for the service."""

    def __init__(self, first: Response, tokens: Callable[[Any], Response]) -> None:
        super().__init__()
        self.first = first
        self.tokens = tokens
        self.seen: list[tuple[str, str, str | None, bytes]] = []

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Body = None
    ) -> Response:
        assert isinstance(body, bytes | None)
        token = (headers or {}).get(HEADER)
        self.seen.append((method, url.partition("?")[0], token, body or b""))
        if "acquirePolicyToken" in url:
            assert (headers or {})["x-ms-force-sync"] == "true"
            return self.tokens(json.loads(body or b""))
        return Response(200, {}, b"{}") if token else self.first


class Tokens:
    def token(self, scope: str) -> str:
        return "bearer"


def arm(wire: Wire, *, policy_tokens: bool = True) -> Arm:
    cloud = Cloud("test", "https://127.0.0.1:1", "https://127.0.0.1:1", "emulator")
    return Arm(AzureSettings(), cloud=cloud, tokens=Tokens(), http=wire, policy_tokens=policy_tokens)


def answer(value: object, status: int = 200) -> Callable[[Any], Response]:
    return lambda asked: Response(status, {}, json.dumps(value).encode())


def noting(asked: list[Any]) -> Callable[[Any], Response]:
    def given(body: Any) -> Response:
        asked.append(body)
        return answer(GIVEN)(body)

    return given


@pytest.mark.parametrize("deep", [True, False])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "DELETE"])
def test_a_refused_write_is_repeated_as_it_was_with_the_token(method: str, deep: bool) -> None:
    asked: list[Any] = []
    wire = Wire(refusal(deep=deep), noting(asked))
    body = None if method == "DELETE" else {"tags": {"b": "1", "a": "2"}}
    assert arm(wire).send(method, PATH, "2025-12-01", body).status == 200
    (first, service, again) = wire.seen
    assert (first[0], first[2]) == (method, None)
    assert service[1].endswith("/subscriptions/s/providers/Microsoft.Authorization/acquirePolicyToken")
    assert again[2] == "PoP secret"
    assert again[3] == first[3], "the token is bound to the bytes"
    url = f"https://127.0.0.1:1{PATH}?api-version=2025-12-01"
    assert asked == [{"operation": {"uri": url, "httpMethod": method, "content": body}}]


def test_a_plain_refusal_and_a_read_ask_for_no_token() -> None:
    plain = Response(403, {}, b'{"error": {"code": "RequestDisallowedByPolicy", "message": "no"}}')
    for method, first in (("PUT", plain), ("PUT", refusal(shouldDeny=False)), ("GET", refusal())):
        wire = Wire(first, answer(GIVEN))
        assert arm(wire).send(method, PATH, "2025-12-01").status == 403
        assert len(wire.seen) == 1


def test_the_stand_in_asks_for_none_as_azure_native_does() -> None:
    wire = Wire(refusal(), answer(GIVEN))
    assert arm(wire, policy_tokens=False).send("PUT", PATH, "2025-12-01").status == 403
    assert len(wire.seen) == 1


@pytest.mark.parametrize(
    ("value", "status", "why"),
    [
        ({"result": "Failed", "results": [{"message": "too many endpoints"}]}, 200, "too many endpoints"),
        ({"error": {"code": "Unavailable", "message": "come back later"}}, 400, "come back later"),
        ({"result": "Succeeded"}, 200, "answered 200"),
        ([], 500, "answered 500"),
    ],
)
def test_no_token_ends_the_write_in_words(value: object, status: int, why: str) -> None:
    wire = Wire(refusal(), answer(value, status))
    session = arm(wire)
    session.pause = lambda seconds: None  # type: ignore[method-assign]
    with pytest.raises(PolicyTokenError, match=why) as raised:
        session.put(PATH, "2025-12-01", {})
    assert isinstance(raised.value, AzureError)
    assert not [seen for seen in wire.seen if seen[2]]


def test_a_change_reference_is_asked_for_and_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CHANGE_REFERENCE, raising=False)
    asked: list[Any] = []
    wire = Wire(refusal(isChangeReferenceRequired=True), noting(asked))
    with pytest.raises(PolicyTokenError, match=CHANGE_REFERENCE):
        arm(wire).put(PATH, "2025-12-01", {})
    monkeypatch.setenv(CHANGE_REFERENCE, "CHG-1")
    arm(wire).put(PATH, "2025-12-01", {})
    assert asked[0]["changeReference"] == "CHG-1"
