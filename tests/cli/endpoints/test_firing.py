"""What is read of Azure's alert management, and what of it is the workspace's."""

from typing import Any

from azml.cli.endpoints.firing import FiringAlert, by_endpoint

GROUP = "/subscriptions/s/resourceGroups/rg/providers"
WORKSPACE = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ws"


def alert(target: str, rule: str) -> dict[str, Any]:
    essentials = {
        "severity": "Sev1",
        "targetResource": target,
        "alertRule": f"{GROUP}/Microsoft.Insights/metricAlerts/{rule}",
        "description": "too slow",
        "startDateTime": "2026-11-25T10:00:00Z",
    }
    return {"properties": {"essentials": essentials}}


def test_alerts_belong_to_the_endpoint_they_are_on_or_below() -> None:
    answer = {
        "value": [
            alert(f"{WORKSPACE}/onlineEndpoints/echo", "slow"),
            alert(f"{WORKSPACE.upper()}/ONLINEENDPOINTS/ECHO/DEPLOYMENTS/BLUE", "busy"),
            alert(f"{WORKSPACE}2/onlineEndpoints/echo", "another workspace's"),
            alert(f"{GROUP}/Microsoft.Storage/storageAccounts/st", "full"),
        ]
    }
    words = ("Sev1", "too slow", "2026-11-25T10:00:00Z")
    assert by_endpoint(answer, WORKSPACE) == {
        "echo": [FiringAlert("slow", *words), FiringAlert("busy", *words)]
    }
    assert by_endpoint({}, WORKSPACE) == {}
