"""Names of deleted workspaces and vaults stay taken, until somebody purges them or their time is over."""

from collections.abc import Mapping
from typing import Any

import pytest

from azml.emulator.base.identity import SUBSCRIPTION
from tests.fixtures.control_plane import GROUP, VAULT, WORKSPACE, Client, build_workspace
from tests.fixtures.in_process import InProcessAzure

LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log1"
VAULTS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault"
DELETED = f"{VAULTS}/locations/westeurope/deletedVaults/vault1"
ACTIVITY = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"
DAY = 86_400


def again(azure: Client, path: str, **properties: Any) -> Any:
    """Put what is at `path` now, or was: the workspace or the vault."""
    stands_on = {"storageAccount": GROUP + "/providers/Microsoft.Storage/storageAccounts/account1"}
    bodies: Mapping[str, Any] = {
        WORKSPACE: {**stands_on, "keyVault": VAULT},
        VAULT: {"sku": {"family": "A", "name": "standard"}, "tenantId": "t"},
    }
    body = {"location": "westeurope", "properties": {**bodies[path], **properties}}
    return azure.arm("PUT", path, body)


def test_a_deleted_workspace_keeps_its_name_for_14_days(inside: InProcessAzure) -> None:
    build_workspace(inside)
    inside.done(inside.arm("DELETE", WORKSPACE))
    assert inside.arm("GET", WORKSPACE).status == 404
    refused = again(inside, WORKSPACE)
    assert refused.status == 400
    assert "Soft-deleted workspace exists. Please purge or recover it." in refused.body["error"]["message"]
    assert inside.arm("DELETE", WORKSPACE).status == 204
    assert again(inside, WORKSPACE).status == 400
    inside.own("POST", "clock", {"advance": 14 * DAY + 1})
    assert again(inside, WORKSPACE).status == 200


def test_a_purge_frees_the_name_at_the_delete_or_after_it(inside: InProcessAzure) -> None:
    build_workspace(inside)
    inside.done(inside.arm("DELETE", WORKSPACE, query="&forceToPurge=true"))
    assert again(inside, WORKSPACE).status == 200
    inside.done(inside.arm("DELETE", WORKSPACE))
    assert inside.arm("DELETE", WORKSPACE, query="&forceToPurge=true").status == 200
    assert again(inside, WORKSPACE).status == 200


def test_nothing_is_purged_in_a_group_that_is_gone(inside: InProcessAzure) -> None:
    """A resource group takes its workspaces along as any delete does, and answers for none of them."""
    build_workspace(inside)
    inside.done(inside.arm("DELETE", GROUP))
    assert inside.arm("DELETE", WORKSPACE, query="&forceToPurge=true").code == "ResourceGroupNotFound"
    inside.arm("PUT", GROUP, {"location": "westeurope"})
    assert again(inside, VAULT).code == "ConflictError"
    inside.own("DELETE", "deleted")
    assert again(inside, VAULT).status == 201


def test_a_recovered_workspace_has_its_id_and_identity_again(inside: InProcessAzure) -> None:
    build_workspace(inside)
    before = inside.arm("GET", WORKSPACE).body["properties"]["workspaceId"]
    inside.done(inside.arm("DELETE", WORKSPACE))
    recovered = again(inside, WORKSPACE, allowRecoverSoftDeletedWorkspace=True)
    assert recovered.status == 200
    assert recovered.body["properties"]["workspaceId"] == before
    assert "allowRecoverSoftDeletedWorkspace" not in recovered.body["properties"]
    inside.done(inside.arm("DELETE", WORKSPACE, query="&forceToPurge=true"))
    assert again(inside, WORKSPACE).body["properties"]["workspaceId"] != before


def test_a_deleted_vault_is_listed_and_shown_until_it_is_purged(inside: InProcessAzure) -> None:
    build_workspace(inside)
    assert inside.arm("DELETE", VAULT).status == 200
    refused = again(inside, VAULT)
    assert (refused.status, refused.code) == (409, "ConflictError")
    (listed,) = inside.arm("GET", f"{VAULTS}/deletedVaults").body["value"]
    shown = inside.arm("GET", DELETED).body
    assert listed == shown
    assert shown["properties"]["vaultId"] == VAULT
    assert inside.arm("GET", DELETED.replace("westeurope", "northeurope")).status == 404
    assert inside.arm("POST", f"{DELETED}/purge").status == 200
    assert inside.arm("GET", DELETED).status == 404
    assert again(inside, VAULT).status == 201


def test_a_recovered_vault_has_what_it_had(inside: InProcessAzure) -> None:
    build_workspace(inside)
    assert again(inside, VAULT, enableRbacAuthorization=True).status == 200
    inside.done(inside.arm("DELETE", VAULT))
    recovered = again(inside, VAULT, createMode="recover")
    assert recovered.status == 201
    assert recovered.body["properties"]["enableRbacAuthorization"] is True
    assert "createMode" not in recovered.body["properties"]
    assert inside.arm("GET", DELETED).status == 404


def test_purge_protection_holds_a_vaults_name_for_its_days(inside: InProcessAzure) -> None:
    build_workspace(inside)
    assert again(inside, VAULT, enablePurgeProtection=False).status == 400
    protected = {"enablePurgeProtection": True, "softDeleteRetentionInDays": 7}
    assert again(inside, VAULT, **protected).status == 200
    assert again(inside, VAULT).status == 400, "it is irreversible"
    inside.done(inside.arm("DELETE", VAULT))
    refused = inside.arm("POST", f"{DELETED}/purge")
    assert (refused.status, refused.code) == (405, "MethodNotAllowed")
    inside.own("POST", "clock", {"advance": 7 * DAY + 1})
    assert again(inside, VAULT).status == 201


def test_two_vaults_never_share_a_name(inside: InProcessAzure) -> None:
    build_workspace(inside)
    other = VAULT.replace("resourceGroups/rg/", "resourceGroups/rg2/")
    inside.arm("PUT", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg2", {"location": "westeurope"})
    body = {name: inside.arm("GET", VAULT).body[name] for name in ("location", "properties")}
    assert inside.arm("PUT", other, body).code == "VaultAlreadyExists"
    inside.done(inside.arm("DELETE", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg2"))


@pytest.mark.parametrize(("query", "same"), [("", True), ("&force=true", False)])
def test_a_log_analytics_workspace_is_the_old_one_again(
    inside: InProcessAzure, query: str, same: bool
) -> None:
    inside.arm("PUT", GROUP, {"location": "westeurope"})
    made = inside.arm("PUT", LOGS, {"location": "westeurope", "properties": {}})
    inside.done(inside.arm("DELETE", LOGS, query=query))
    listed = f"{GROUP}/providers/Microsoft.OperationalInsights/deletedWorkspaces"
    assert len(inside.arm("GET", listed).body["value"]) == same
    anew = inside.arm("PUT", LOGS, {"location": "westeurope", "properties": {}})
    ids = [one.body["properties"]["customerId"] for one in (made, anew)]
    assert (ids[0] == ids[1]) is same
    assert inside.arm("GET", listed).body["value"] == []


def test_the_activity_log_tells_writes_and_deletes_of_a_resource(inside: InProcessAzure) -> None:
    """Also those that came with the deletion of the group."""
    build_workspace(inside)
    inside.done(inside.arm("DELETE", GROUP))
    found = "eventTimestamp%20ge%20'2020-01-01T00:00:00Z'%20and%20resourceUri%20eq%20"
    answer = inside.arm("GET", ACTIVITY, query=f"&$filter={found}'{WORKSPACE}'").body["value"][:2]
    assert [event["operationName"]["value"].rpartition("/")[2] for event in answer] == ["delete", "write"]
    assert {event["resourceId"] for event in answer} == {WORKSPACE}
    assert inside.arm("GET", ACTIVITY).status == 400
    assert inside.arm("GET", ACTIVITY, query=f"&$filter={found}'{WORKSPACE}'%20or%20a").status == 400
