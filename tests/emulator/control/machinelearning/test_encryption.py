"""The customer-managed key of a workspace: in a protected vault, with a role, from the start or never."""

from typing import Any

from azml.emulator.control.storage.roles import CONTRIBUTOR, VAULT_ADMINISTRATOR
from tests.fixtures.control_plane import ACCOUNT, GROUP, STANDS_ON, VAULT, WORKSPACE, build_workspace, grant
from tests.fixtures.in_process import InProcessAzure

PLACED = {"location": "westeurope"}
OTHER = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws2"
USER = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/user1"
PROTECTED = f"{GROUP}/providers/Microsoft.KeyVault/vaults/vault2"
KEY_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"


def put(azure: InProcessAzure, place: str, vault: str, key: str, **more: Any) -> str:
    """The refusal; empty where the write was taken."""
    body = {"keyVaultArmId": vault, "keyIdentifier": key}
    encryption = {"status": "Enabled", "keyVaultProperties": body}
    properties = {**STANDS_ON, "encryption": encryption, "primaryUserAssignedIdentity": USER}
    identity = {"type": "UserAssigned", "userAssignedIdentities": {USER: {}}}
    answer = azure.arm("PUT", place, {**PLACED, "properties": properties, "identity": identity, **more})
    return "" if answer.status == 200 else str(answer.body["error"]["message"])


def test_a_key_needs_a_protected_vault_a_role_and_a_new_workspace(inside: InProcessAzure) -> None:
    build_workspace(inside)
    inside.done(inside.arm("PUT", USER, PLACED))
    user = inside.arm("GET", USER).body["properties"]["principalId"]
    for scope in (ACCOUNT, VAULT):
        grant(inside, CONTRIBUTOR, user, scope)
    grant(inside, VAULT_ADMINISTRATOR, user, VAULT)
    assert "has no purge protection" in put(inside, OTHER, VAULT, "https://x")
    vault = inside.arm("GET", VAULT).body["properties"]
    kept = {key: vault[key] for key in ("sku", "tenantId")}
    body = {**PLACED, "properties": {**kept, "enablePurgeProtection": True}}
    inside.done(inside.arm("PUT", PROTECTED, body))
    assert "has no key" in put(inside, OTHER, PROTECTED, "https://x")
    made = inside.arm("PUT", f"{PROTECTED}/keys/cmk", {"properties": {"kty": "RSA", "keySize": 3072}})
    uri = made.body["properties"]["keyUriWithVersion"]
    again = inside.arm("PUT", f"{PROTECTED}/keys/cmk", {"properties": {"kty": "RSA", "keySize": 4096}})
    assert again.body["properties"]["keyUriWithVersion"] == uri, "a key is not changed by a write"
    assert again.body["properties"]["keySize"] == 3072
    assert KEY_USER in put(inside, OTHER, PROTECTED, uri)
    grant(inside, KEY_USER, user, PROTECTED)
    assert put(inside, OTHER, PROTECTED, uri) == ""
    assert "cannot be turned on or off" in put(inside, WORKSPACE, PROTECTED, uri)
    inside.done(inside.arm("DELETE", OTHER))
    assert put(inside, OTHER, PROTECTED, uri) == "", "with a key of the customer's own it is deleted for good"
