"""Writes that a policy wants a token with: refused without one, and a token is for one write only."""

import json
from collections.abc import Iterator, Mapping

import pytest

from azml.emulator.base.identity import SUBSCRIPTION, issue_token
from tests.fixtures.control_plane import ENDPOINT, WORKSPACE, Answer, Json, build_workspace, endpoint_body
from tests.fixtures.in_process import InProcessAzure

ACQUIRE = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/acquirePolicyToken"
BODY = endpoint_body()


@pytest.fixture
def guarded(inside: InProcessAzure) -> Iterator[InProcessAzure]:
    """A workspace whose endpoints a policy looks after."""
    build_workspace(inside)
    inside.own("POST", "policy", {"path_pattern": "/onlineEndpoints/[^/]+$"})
    yield inside
    inside.own("DELETE", "policy")


def acquire(azure: InProcessAzure, body: Json, method: str = "PUT", **more: object) -> Answer:
    uri = f"https://127.0.0.1:1{ENDPOINT}?api-version=2025-12-01"
    asked = {"operation": {"uri": uri, "httpMethod": method, "content": body}, **more}
    return azure.arm("POST", ACQUIRE, asked)


def put(azure: InProcessAzure, body: Json, token: str | None = None) -> Answer:
    bearer, _ = issue_token(azure.identity, "https://management.azure.com")
    headers = {"Authorization": f"Bearer {bearer}"}
    headers |= {"x-ms-policy-external-evaluations": token} if token else {}
    return azure.send("PUT", f"{ENDPOINT}?api-version=2025-12-01", raw(body), headers)


def raw(body: Json) -> bytes:
    return json.dumps(body).encode()


def missing(answer: Answer) -> Mapping[str, object]:
    """What a refusal says of the token."""
    assert (answer.status, answer.code) == (403, "RequestDisallowedByPolicy")
    (violation,) = answer.body["error"]["additionalInfo"]
    assert violation["type"] == "PolicyViolation"
    found: Mapping[str, object] = violation["info"]["evaluationDetails"]["missingPolicyTokenDetails"]
    return found


def test_a_token_is_for_one_write_of_one_body(guarded: InProcessAzure) -> None:
    assert missing(put(guarded, BODY))["shouldDeny"] is True
    other = acquire(guarded, {**BODY, "tags": {"a": "b"}}).body["token"]
    assert put(guarded, BODY, other).status == 403
    wrong = acquire(guarded, BODY, method="DELETE").body["token"]
    assert put(guarded, BODY, wrong).status == 403
    answer = acquire(guarded, BODY).body
    assert answer["result"] == "Succeeded"
    guarded.done(put(guarded, BODY, answer["token"]))
    assert put(guarded, BODY, answer["token"]).status == 403
    assert guarded.arm("GET", ENDPOINT).status == 200, "reads are never asked for one"
    assert guarded.arm("PATCH", WORKSPACE, {"tags": {"a": "b"}}).status == 200, "nor are other writes"


def test_a_token_ends(guarded: InProcessAzure) -> None:
    token = acquire(guarded, BODY).body["token"]
    guarded.own("POST", "clock", {"advance": 3_601})
    assert put(guarded, BODY, token).status == 403


def test_the_service_can_deny_be_down_or_ask_for_a_change(guarded: InProcessAzure) -> None:
    guarded.own("POST", "policy", {"tokens": "denied"})
    assert acquire(guarded, BODY).body["result"] == "Failed"
    guarded.own("POST", "policy", {"tokens": "down"})
    assert acquire(guarded, BODY).status == 503
    guarded.own("POST", "policy", {"change_reference": True})
    assert missing(put(guarded, BODY))["isChangeReferenceRequired"] is True
    assert acquire(guarded, BODY).body["result"] == "Failed"
    answer = acquire(guarded, BODY, changeReference="CHG-1").body["token"]
    guarded.done(put(guarded, BODY, answer))


def test_no_token_is_written_down(guarded: InProcessAzure) -> None:
    token = acquire(guarded, BODY).body["token"]
    put(guarded, BODY, token)
    assert token not in str(guarded.own("GET", "journal").body)


@pytest.mark.parametrize("asked", [{"tokens": "maybe"}, {"path": "x"}, {"path_pattern": "("}])
def test_a_demand_that_cannot_be_read_is_refused(inside: InProcessAzure, asked: Json) -> None:
    assert inside.own("POST", "policy", asked).status == 400
