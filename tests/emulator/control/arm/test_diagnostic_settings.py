"""What Azure Monitor refuses in a diagnostic setting."""

from typing import Any

import pytest

from tests.fixtures.control_plane import ACCOUNT, GROUP, VAULT, WORKSPACE, build_workspace
from tests.fixtures.in_process import InProcessAzure

LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs"
SETTING = "providers/Microsoft.Insights/diagnosticSettings"
AUDIT = {"categoryGroup": "audit", "enabled": True}


def put(azure: InProcessAzure, place: str, *logs: Any, to: str = LOGS, name: str = "azml") -> tuple[int, str]:
    body = {"properties": {"workspaceId": to, "logs": list(logs)}}
    answer = azure.arm("PUT", f"{place}/{SETTING}/{name}", body)
    return answer.status, "" if answer.status < 300 else str(answer.body["error"]["message"])


@pytest.fixture
def azure(inside: InProcessAzure) -> InProcessAzure:
    build_workspace(inside)
    inside.done(inside.arm("PUT", LOGS, {"location": "westeurope", "properties": {}}))
    return inside


def test_what_exists_is_taken(azure: InProcessAzure) -> None:
    assert put(azure, VAULT, AUDIT) == (200, "")
    assert put(azure, WORKSPACE, {"categoryGroup": "allLogs", "enabled": True}) == (200, "")
    blobs = f"{ACCOUNT}/blobServices/default"
    assert put(azure, blobs, {"category": "StorageRead", "enabled": True}) == (200, "")
    assert put(azure, VAULT, AUDIT) == (200, ""), "the same setting again"


@pytest.mark.parametrize(
    ("place", "log", "said"),
    [
        (VAULT, {"category": "AuditEvents", "enabled": True}, "Category 'auditevents' is not supported"),
        (VAULT, {"categoryGroup": "everything", "enabled": True}, "Category group 'everything'"),
        (ACCOUNT, {"category": "StorageRead", "enabled": True}, "not supported by 'Microsoft.Storage"),
        (VAULT, {**AUDIT, "category": "AuditEvent"}, "either a category or a categoryGroup"),
        (VAULT, {**AUDIT, "enabled": False}, "At least one data source"),
        (GROUP, AUDIT, "does not support diagnostic settings"),
    ],
)
def test_what_does_not_exist_is_refused(azure: InProcessAzure, place: str, log: Any, said: str) -> None:
    status, message = put(azure, place, log)
    assert status == 400
    assert said in message


def test_a_destination_has_to_exist_and_takes_a_category_once(azure: InProcessAzure) -> None:
    assert "needs to be specified" in put(azure, VAULT, AUDIT, to="")[1]
    assert "was not found" in put(azure, VAULT, AUDIT, to=f"{LOGS}2")[1]
    assert put(azure, VAULT, AUDIT)[0] == 200
    status, message = put(azure, VAULT, AUDIT, name="another")
    assert status == 409
    assert "can't be reused" in message
