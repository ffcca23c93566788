"""Deleted and made again: rows `life-*` that tell how Azure keeps what is deleted, and quotas."""

from datetime import UTC, datetime
from typing import Any

from azml.azure.http import Response
from azml.azure.quotas import limits, region_place
from tests.journeys.azure import Azure
from tests.journeys.bodies import told
from tests.journeys.truth import Assume

VAULTS_API = "2024-11-01"
LOGS_API = "2023-09-01"
ACTIVITY_API = "2015-04-01"
ACTIVITY_MINUTES = 20.0
SIZE, FAMILY, VCPUS = "Standard_D2as_v4", "standardDASv4Family", 2
MOST_INSTANCES = 50
"""Of one deployment, unless Microsoft has raised it; learn.microsoft.com, "Manage and increase quotas"."""
PURGE = {"forceToPurge": "true"}


def look_at_a_deleted_workspace(azure: Azure, assume: Assume) -> None:
    """Delete it, recover it, delete it, purge it; it is there again at the end, with nothing in it."""
    names = ("life-1", "life-2", "life-3", "life-4", "life-5", "life-6")
    with assume.about(*names):
        place, since = azure.workspace_id, datetime.now(UTC)
        before = azure.ask("GET", place).json()
        azure.write("DELETE", place)
        gone = azure.ask("GET", place).status
        assume("life-4", gone == 404, f"GET of the deleted workspace: {gone}")
        body = _anew(before)
        held = azure.write("PUT", place, body)
        assume("life-1", held.status == 400 and "soft" in told(held).lower(), f"its name again: {told(held)}")
        recovering = {**body, "properties": {**body["properties"], "allowRecoverSoftDeletedWorkspace": True}}
        recovered = azure.write("PUT", place, recovering)
        after = azure.ask("GET", place).json()
        is_same = bool(_own_id(before)) and _own_id(before) == _own_id(after)
        assume("life-6", recovered.status < 300 and is_same, f"{told(recovered)}, the same one: {is_same}")
        azure.write("DELETE", place)
        purged = azure.write("DELETE", place, query=PURGE)
        free = azure.write("PUT", place, body)
        is_free = purged.status < 300 and free.status < 300
        assume("life-2", is_free, f"purged: {told(purged)}; the name again: {told(free)}")
        elsewhere = place.replace(azure.group, f"{azure.group}-gone")
        nowhere = azure.ask("DELETE", elsewhere, query=PURGE)
        is_lost = nowhere.status == 404 and "ResourceGroupNotFound" in told(nowhere)
        assume("life-3", is_lost, f"a purge in a group that is gone: {told(nowhere)}")
        look_at_the_activity_log(azure, assume, since, deletes=3)


def look_at_the_activity_log(azure: Azure, assume: Assume, since: datetime, deletes: int) -> None:
    """The workspace was deleted so often since then: ask until the log has it."""
    place = f"/subscriptions/{azure.subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    query = {
        "$filter": f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}' and resourceUri eq '{azure.workspace_id}'"
    }
    answered = azure.until(
        lambda: azure.ask("GET", place, None, ACTIVITY_API, query),
        lambda answer: _deletes(answer) >= deletes,
        ACTIVITY_MINUTES,
    )
    found = _deletes(answered)
    assume("life-5", found == deletes, f"{found} events for {deletes} deletes ({answered.status})")


def look_at_a_deleted_vault(azure: Azure, assume: Assume) -> None:
    """A vault of the journey's own. Purge protection is left out: such a vault stays for a week at least."""
    with assume.about("life-8"):
        place = f"{azure.group_id}/providers/Microsoft.KeyVault/vaults/kv-look-{azure.mark}"
        sku = {"family": "A", "name": "standard"}
        vault = {
            "tenantId": azure.claims()["tid"],
            "sku": sku,
            "accessPolicies": [],
            "softDeleteRetentionInDays": 7,
        }
        body = {"location": azure.location, "properties": vault}
        azure.write("PUT", place, body, VAULTS_API)
        azure.write("DELETE", place, None, VAULTS_API)
        held = azure.write("PUT", place, body, VAULTS_API)
        back = {**body, "properties": {**vault, "createMode": "recover"}}
        recovered = azure.write("PUT", place, back, VAULTS_API)
        azure.write("DELETE", place, None, VAULTS_API)
        name = place.rpartition("/")[2]
        area = f"/subscriptions/{azure.subscription}/providers/Microsoft.KeyVault/locations/{azure.location}"
        purged = azure.write("POST", f"{area}/deletedVaults/{name}/purge", {}, VAULTS_API)
        is_so = held.status == 409 and recovered.status < 300 and purged.status < 300
        saw = f"its name: {told(held)}; recovered: {told(recovered)}; purged: {told(purged)}"
        assume("life-8", is_so, saw)


def look_at_deleted_logs(azure: Azure, assume: Assume) -> None:
    """A Log Analytics workspace of the journey's own, made, deleted and made again."""
    with assume.about("life-9"):
        place = f"{azure.group_id}/providers/Microsoft.OperationalInsights/workspaces/log-look-{azure.mark}"
        body = {"location": azure.location, "properties": {"sku": {"name": "PerGB2018"}}}
        ids = []
        for _ in range(2):
            azure.write("PUT", place, body, LOGS_API)
            ids.append(azure.ask("GET", place, None, LOGS_API).json()["properties"].get("customerId"))
            azure.write("DELETE", place, None, LOGS_API)
        forced = azure.write("DELETE", place, None, LOGS_API, {"force": "true"})
        assume(
            "life-9", bool(ids[0]) and ids[0] == ids[1], f"{ids[0]}, then {ids[1]}; forced: {told(forced)}"
        )


def look_at_quota(azure: Azure, assume: Assume, slot: dict[str, Any]) -> None:
    """Ask for a deployment like `slot` with more instances than the quota has cores for."""
    with assume.about("life-16"):
        azure.limit_cores(FAMILY, 10)
        limit = _limit(azure)
        instances = limit // VCPUS + 1
        if not 1 < instances <= MOST_INSTANCES:
            # One that is not refused for its cores would be refused for its instances, or be made.
            assume.unseen("life-16", f"the quota of {FAMILY} is {limit} vCPUs here, too many to ask for more")
            return
        place = f"{azure.endpoint_id}/deployments/over"
        body = _like(slot, instances)
        taken = azure.ask("PUT", place, body)
        code = azure.failure(taken) if taken.status < 300 else ""
        state = (azure.ask("GET", place).json().get("properties") or {}).get("provisioningState")
        azure.write("DELETE", place)
        is_so = taken.status < 300 and state == "Failed" and code == "OutOfQuota"
        assume(
            "life-16", is_so, f"{instances} instances over {limit} vCPUs: {told(taken)}, then {state} {code}"
        )


def _anew(workspace: dict[str, Any]) -> dict[str, Any]:
    """What a workspace is made with, to be sent again."""
    names = ("friendlyName", "storageAccount", "keyVault", "applicationInsights", "systemDatastoresAuthMode")
    given = {name: workspace["properties"][name] for name in names if workspace["properties"].get(name)}
    return {
        "location": workspace["location"],
        "identity": {"type": workspace["identity"]["type"]},
        "properties": given,
    }


def _own_id(workspace: dict[str, Any]) -> str:
    return str((workspace.get("properties") or {}).get("workspaceId") or "")


def _deletes(answered: Response) -> int:
    """The deletes of workspaces that succeeded; Azure may have several events of one operation."""
    events = answered.json().get("value") or []
    return len(
        {
            event.get("operationId")
            for event in events
            if str((event.get("operationName") or {}).get("value")).lower().endswith("/workspaces/delete")
            and str((event.get("status") or {}).get("value")).lower() == "succeeded"
        }
    )


def _limit(azure: Azure) -> int:
    place = region_place(azure.subscription, azure.location)
    usages = azure.ask("GET", f"{place}/usages").json().get("value") or []
    return next((one.limit for one in limits(usages) if one.family == FAMILY.lower()), 0)


def _like(slot: dict[str, Any], instances: int) -> dict[str, Any]:
    names = ("endpointComputeType", "model", "environmentId", "codeConfiguration")
    same = {name: slot["properties"][name] for name in names if slot["properties"].get(name)}
    return {
        "location": slot["location"],
        "sku": {"name": "Default", "capacity": instances},
        "properties": {**same, "instanceType": SIZE},
    }
