"""A deployment whose files lie in storage that refuses keys."""

from azml.emulator.control.storage.roles import BLOB_CONTRIBUTOR, BLOB_READER, FILE_CONTRIBUTOR
from tests.fixtures.control_plane import (
    ACCOUNT,
    ENDPOINT,
    STANDS_ON,
    WORKSPACE,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
    grant,
)
from tests.fixtures.in_process import InProcessAzure


def test_every_identity_needs_its_role_and_the_workspace_its_mode(inside: InProcessAzure) -> None:
    build_workspace(inside)
    build_assets(inside)
    identity = {"identity": {"type": "SystemAssigned"}}
    inside.done(inside.arm("PUT", ENDPOINT, {**endpoint_body(), **identity}))
    account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    inside.done(inside.arm("PUT", ACCOUNT, {**account, "properties": {"allowSharedKeyAccess": False}}))

    def reason() -> str:
        ended = inside.finished(inside.arm("PUT", f"{ENDPOINT}/deployments/blue", deployment_body()))
        return str(ended.get("error", {}).get("message", ended["status"]))

    assert "systemDatastoresAuthMode is not Identity" in reason()
    properties = {**STANDS_ON, "systemDatastoresAuthMode": "Identity"}
    inside.done(
        inside.arm("PUT", WORKSPACE, {"location": "westeurope", "properties": properties, **identity})
    )
    workspace, endpoint = (
        inside.arm("GET", place).body["identity"]["principalId"] for place in (WORKSPACE, ENDPOINT)
    )
    for role, principal in (
        (BLOB_CONTRIBUTOR, workspace),
        (FILE_CONTRIBUTOR, workspace),
        (BLOB_READER, endpoint),
    ):
        assert role in reason()
        grant(inside, role, principal)
    assert reason() == "Succeeded"
