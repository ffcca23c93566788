"""Which roles a principal has at a resource, over what Azure answers."""

import json
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import unquote

import pytest

from azml.azure.arm import Arm
from azml.providers.azml.role_lookup import held_definitions, lacking_roles, may_have
from azml.roles import ROLES

GROUP = "/subscriptions/s/resourceGroups/rg"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/cr"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
READER, PULLER = "Storage Blob Data Reader", "AcrPull"
CUSTOM = "12345678-0000-0000-0000-000000000000"


class Azure:
    """Answers with these assignments (scope, definition), whatever the principal."""

    cloud = SimpleNamespace(resource_manager="https://arm")

    def __init__(self, *assigned: tuple[str, str], status: int = 200) -> None:
        self.status = status
        self.asked: list[str] = []
        definitions = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions"
        self.value = [
            {"properties": {"scope": scope, "roleDefinitionId": f"{definitions}/{role}"}}
            for scope, role in assigned
        ]

    def call(self, method: str, url: str) -> Any:
        self.asked.append(unquote(url))
        return SimpleNamespace(status=self.status, json=lambda: json.loads(json.dumps({"value": self.value})))


def held(azure: Azure, scope: str = ACCOUNT) -> frozenset[str] | None:
    return held_definitions(cast(Arm, azure), scope, "p-1")


def test_roles_at_the_scope_and_above_it_count() -> None:
    """Azure lists those below, too; a management group is above every subscription."""
    above = "/providers/Microsoft.Management/managementGroups/root"
    azure = Azure(
        (GROUP.upper(), "a"), (above, "b"), (f"{ACCOUNT}/blobServices/default", "c"), (f"{ACCOUNT}2", "d")
    )
    assert held(azure) == frozenset({"a", "b"})
    (asked,) = azure.asked
    assert asked.startswith(f"https://arm{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments?")
    assert asked.endswith("$filter=assignedTo('p-1')")


@pytest.mark.parametrize(
    ("definition", "role", "expected"),
    [
        (ROLES[READER], READER, True),
        (ROLES["Storage Blob Data Contributor"], READER, True),
        (ROLES["Contributor"], READER, False),
        (ROLES["Contributor"], PULLER, True),
        (ROLES[READER], "Storage Blob Data Contributor", False),
        (CUSTOM, READER, True),
        (CUSTOM, CUSTOM, True),
        (ROLES[READER], CUSTOM, False),
    ],
)
def test_wider_roles_and_custom_ones_are_enough(definition: str, role: str, expected: bool) -> None:
    assert may_have(frozenset({definition}), role) is expected


def test_what_azure_does_not_show_is_not_missing() -> None:
    assert held(Azure(status=403)) is None
    assert may_have(None, READER)


def test_the_missing_roles_are_told_with_the_resource_that_was_meant() -> None:
    bodies = {
        IDENTITY: {"properties": {"principalId": "p-1"}},
        WORKSPACE: {"properties": {"storageAccount": ACCOUNT}},
    }
    through = {"identity": IDENTITY, "role": READER, "scope": WORKSPACE, "through": "storageAccount"}
    asked = [
        through,
        {"identity": IDENTITY, "role": PULLER, "scope": REGISTRY},
        {**through, "through": "containerRegistry"},
        {"identity": f"{IDENTITY}2", "role": PULLER, "scope": REGISTRY},
    ]
    azure = Azure((REGISTRY, ROLES[PULLER]))
    answer = lacking_roles(cast(Arm, azure), bodies, asked)
    assert answer == [{**through, "at": ACCOUNT}], "what has no registry or identity is told elsewhere"
    assert len(azure.asked) == 2
