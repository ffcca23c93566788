"""The customer-managed key and the protection of its vault: read, and what they need."""

from typing import Any

import pytest

from azml.stack.account import Account
from azml.stack.checks.identities import asked_roles
from azml.stack.config.customer_key import CustomerKey, key_changes
from azml.stack.facts import Fact
from tests.stack.settings.conftest import Findings, Read, only

PLACE = {"resourceGroup": "rg", "name": "mlw", "identity": "id-mlw"}
VAULT = "/subscriptions/s/resourceGroups/rg-keys/providers/Microsoft.KeyVault/vaults/kv"
KEY = f"https://kv.vault.azure.net/keys/cmk/{'0' * 32}"


def test_a_key_is_created_or_named(read: Read) -> None:
    made = {**PLACE, "purgeProtection": True, "customerManagedKey": {"name": "cmk"}}
    own = read(workspace=made).workspace
    assert own.customer_key and (own.customer_key.name, own.purge_protection) == ("cmk", True)
    there = read(workspace={**PLACE, "customerManagedKey": {"uri": KEY, "vault": VAULT}}).workspace
    assert there.customer_key and (there.customer_key.uri, there.customer_key.vault_id) == (KEY, VAULT)


@pytest.mark.parametrize(("keys", "expected"), [({}, False), ({"protect": True}, True)])
def test_a_vault_is_protected_where_the_stack_is(read: Read, keys: dict[str, Any], expected: bool) -> None:
    assert read(workspace=PLACE, **keys).workspace.purge_protection is expected
    place = {**PLACE, "purgeProtection": not expected}
    assert read(workspace=place, **keys).workspace.purge_protection is not expected


@pytest.mark.parametrize(
    ("place", "key", "said"),
    [
        ({"customerManagedKey": {"name": "cmk"}}, "customerManagedKey.name", "needs a key vault with purge"),
        ({"customerManagedKey": {}}, "customerManagedKey", "does not name one key"),
        ({"customerManagedKey": {"uri": KEY}}, "customerManagedKey", "does not name one key"),
        (
            {"customerManagedKey": {"uri": "https://kv/keys/cmk", "vault": VAULT}},
            "customerManagedKey.uri",
            "is not a version of a key",
        ),
        ({"customerManagedKey": {"uri": KEY, "vault": "kv"}}, "customerManagedKey.vault", "is not the id"),
        (
            {"identity": None, "customerManagedKey": {"uri": KEY, "vault": VAULT}},
            "customerManagedKey",
            "needs a user-assigned identity",
        ),
        (
            {
                "purgeProtection": True,
                "keyVault": {"name": "kv-shared", "existing": True},
                "customerManagedKey": {"name": "cmk"},
            },
            "customerManagedKey.name",
            "that is not the stack's",
        ),
        ({"purge": True, "purgeProtection": True}, "purgeProtection", "beside purge: true"),
    ],
)
def test_contradictions(findings: Findings, place: dict[str, Any], key: str, said: str) -> None:
    found = only(findings(workspace={**PLACE, **place}))
    assert found.key == f"azml:workspace.{key}"
    assert said in found.message
    assert found.remedy


def test_a_workspace_has_such_a_key_from_the_start_or_never() -> None:
    def live(status: str) -> Fact:
        return Fact("westeurope", "Succeeded", "None", (), {"encryption": {"status": status}})

    wanted = CustomerKey("cmk")
    assert "was created without" in next(key_changes(wanted, live("Disabled"))).message
    assert list(key_changes(wanted, live("Enabled"))) == []
    assert list(key_changes(wanted, None)) == []
    assert list(key_changes(None, live("Disabled"))) == []


def test_an_existing_identity_is_asked_for_its_role_at_the_vault(read: Read) -> None:
    identity = {"name": "id-mlw", "existing": True}
    key = {"uri": KEY, "vault": VAULT}
    settings = read(workspace={**PLACE, "identity": identity, "customerManagedKey": key})
    asked = [(one.role, one.scope) for one in asked_roles(settings, Account("s", "t", "o"))]
    assert asked == [("Key Vault Crypto Service Encryption User", VAULT)]
