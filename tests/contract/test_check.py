"""The comparison with Azure's clients finds what it is there for."""

from typing import Any

import pytest

from azml.emulator.control.arm.simple_types import ML
from azml.emulator.control.http.exchanges import blotted
from tests.contract.check import check

pytestmark = pytest.mark.thorough

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"
ENDPOINT = f"{GROUP}/{ML}/workspaces/w/onlineEndpoints/e"
COMPONENT = f"{GROUP}/Microsoft.Insights/components/c"
GOOD = {"location": "westeurope", "properties": {"authMode": "Key", "traffic": {"blue": 100}}}


def found(
    path: str, body: Any = None, answer: Any = None, status: int = 200, method: str = "PUT"
) -> list[str]:
    reply = {"method": method, "path": path, "body": body, "answer": answer, "status": status}
    return [line.partition(f" -> {status}: ")[2] for line in check(reply)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**GOOD, "colour": "red"}, "OnlineEndpoint has no member request.colour"),
        ({"location": "w", "properties": {}}, "OnlineEndpointProperties needs request.properties.authMode"),
        ({"location": "w", "properties": {"authMode": "Odd"}}, "request.properties.authMode is 'Odd'"),
        ({"location": "w", "properties": {"authMode": "Key", "traffic": {"b": "1"}}}, "traffic.b is '1'"),
        ({"location": 1, "properties": {"authMode": "Key"}}, "request.location is 1"),
    ],
)
def test_a_request_no_client_would_send(body: Any, said: str) -> None:
    assert [said in line for line in found(ENDPOINT, body)] == [True]


def test_answers_kinds_statuses_and_refusals() -> None:
    assert found(ENDPOINT, GOOD, {**GOOD, "kind": "x"}) == []
    assert found(ENDPOINT, GOOD, {**GOOD, "extra": 1}) == ["OnlineEndpoint has no member answer.extra"]
    assert found(ENDPOINT, GOOD, None, 202) == ["the client takes [200, 201] alone"]
    assert found(ENDPOINT, GOOD, {"error": {"code": "X"}}, 400)[0].startswith(
        "a refusal without code and message"
    )
    kind = {
        "location": "w",
        "properties": {"endpointComputeType": "Managed", "scaleSettings": {"scaleType": "Default", "a": 1}},
    }
    assert found(f"{ENDPOINT}/deployments/d", kind) == [
        "DefaultScaleSettings has no member request.properties.scaleSettings.a"
    ]


def test_models_of_the_older_generation_are_held_to_the_same() -> None:
    body = {"location": "w", "kind": "web", "properties": {"Application_Type": "web"}}
    assert found(COMPONENT, body) == []
    assert found(COMPONENT, {"location": "w"}) == ["ApplicationInsightsComponent needs request.kind"]
    wrong = {**body, "properties": {"Application_Type": "web", "RetentionInDays": "90", "odd": 1}}
    assert len(found(COMPONENT, wrong)) == 2


def test_no_secret_stands_in_the_file() -> None:
    body = {
        "keys": [{"keyName": "key1", "value": "s"}],
        "environmentVariables": {"A": "s"},
        "value": [{"id": "i"}],
    }
    assert blotted(body) == {
        "keys": [{"keyName": "key1", "value": "***"}],
        "environmentVariables": {"A": "s"},
        "value": [{"id": "i"}],
    } | {"environmentVariables": {"A": "***"}}


def test_a_member_that_only_azure_natives_description_has_is_taken() -> None:
    path = "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/11eaaacb"
    body = {"id": path, "name": "n", "systemData": {"createdAt": "2026-11-25T10:00:00Z"}}
    assert found(path, answer=body, status=201) == []
    assert found(path, answer={**body, "colour": "red"}, status=201) == [
        "RoleAssignment has no member answer.colour"
    ]
