"""User-assigned identities get no role by themselves: without theirs, nothing is deployed."""

from azml.emulator.control.storage.roles import (
    BLOB_READER,
    CONTRIBUTOR,
    IMAGE_PULLER,
    VAULT_ADMINISTRATOR,
)
from tests.fixtures.control_plane import (
    ACCOUNT,
    ENDPOINT,
    GROUP,
    STANDS_ON,
    VAULT,
    WORKSPACE,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
    grant,
)
from tests.fixtures.in_process import InProcessAzure

USER = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/user1"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/registry1"
ASSIGNED = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {USER: {}}}}
PLACED = {"location": "westeurope"}


def principal(azure: InProcessAzure) -> str:
    azure.done(azure.arm("PUT", USER, PLACED))
    return str(azure.arm("GET", USER).body["properties"]["principalId"])


def test_an_endpoint_pulls_images_and_reads_models_by_its_roles(inside: InProcessAzure) -> None:
    build_workspace(inside)
    build_assets(inside)
    inside.done(inside.arm("PUT", REGISTRY, {**PLACED, "sku": {"name": "Standard"}}))
    properties = {**STANDS_ON, "containerRegistry": REGISTRY}
    inside.done(inside.arm("PUT", WORKSPACE, {**PLACED, "properties": properties}))
    user = principal(inside)
    inside.done(inside.arm("PUT", ENDPOINT, {**endpoint_body(), **ASSIGNED}))

    def reason() -> str:
        ended = inside.finished(inside.arm("PUT", f"{ENDPOINT}/deployments/blue", deployment_body()))
        return str(ended.get("error", {}).get("message", ended["status"]))

    assert IMAGE_PULLER in reason()
    grant(inside, IMAGE_PULLER, user, REGISTRY)
    assert BLOB_READER in reason()
    grant(inside, BLOB_READER, user, ACCOUNT)
    assert reason() == "Succeeded"


def test_a_workspace_uses_what_it_stands_on_by_its_roles(inside: InProcessAzure) -> None:
    build_workspace(inside)
    user = principal(inside)
    own = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws2"
    properties = {**STANDS_ON}

    def reason() -> str:
        answer = inside.arm("PUT", own, {**PLACED, "properties": properties, **ASSIGNED})
        return "" if answer.status == 200 else str(answer.body["error"]["message"])

    assert "primaryUserAssignedIdentity is required" in reason()
    properties["primaryUserAssignedIdentity"] = USER
    for role, scope in ((CONTRIBUTOR, ACCOUNT), (CONTRIBUTOR, VAULT), (VAULT_ADMINISTRATOR, VAULT)):
        assert role in reason()
        grant(inside, role, user, scope)
    assert reason() == ""
