"""What Azure adds on read, and how it answers writes: rows `read-*`, and `life-*` of members and statuses."""

from typing import Any

from azml.azure.http import Response
from azml.azure.quotas import limits, region_place, sizes
from azml.roles import BLOB_READER
from tests.journeys.azure import Azure, Run
from tests.journeys.bodies import changed, told
from tests.journeys.storage import roles_of
from tests.journeys.truth import Assume

POLICY_MINUTES = 30.0


def look_at_additions(azure: Azure, assume: Assume) -> None:
    """Compare what is read with what was written."""
    with assume.about("read-1", "read-3", "read-5", "read-6", "read-7", "read-8", "read-9", "read-11"):
        blue = deployment(azure, "blue")["properties"]
        added = set(blue["environmentVariables"]) - {"GREETING"}
        assume(
            "read-1", added == {"AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT", "AZUREML_MODEL_DIR"}, sorted(added)
        )
        settings = [name for name in ("requestSettings", "livenessProbe", "readinessProbe") if blue.get(name)]
        assume("read-3", len(settings) == 3 and bool(blue.get("scaleSettings")), settings)
        endpoint = azure.ask("GET", azure.endpoint_id).json()
        own = set(endpoint["properties"]["properties"]) - {"team"}
        assume("read-5", "AzureAsyncOperationUri" in own, sorted(own))
        computed = {"azureml.onlineendpointid", "createdAt", "createdBy", "lastModifiedAt"}
        assume("read-6", computed <= own, sorted(own))
        assume("read-7", bool(endpoint.get("kind")), endpoint.get("kind"))
        workspace = azure.ask("GET", azure.workspace_id).json()
        spelt = workspace["location"]
        assume("read-11", spelt.replace(" ", "").lower() == azure.location, f"location spelt {spelt!r}")
        registry = workspace["properties"].get("containerRegistry")
        assume("read-8", bool(registry), registry)
        assume("read-9", bool(endpoint.get("systemData")), endpoint.get("systemData"))


def look_at_statuses(azure: Azure, assume: Assume) -> None:
    """Write things as they are, and see how Azure answers."""
    with assume.about("life-13", "life-14", "life-15", "life-17", "life-21"):
        workspace = azure.ask("GET", azure.workspace_id).json()
        body = {
            key: workspace[key]
            for key in ("location", "identity", "sku", "tags", "properties")
            if key in workspace
        }
        body["identity"] = {"type": workspace["identity"]["type"]}
        written = azure.write("PUT", azure.workspace_id, body)
        assume("life-13", written.status in (200, 202), f"PUT of the workspace: {written.status}")
        patched = azure.write("PATCH", azure.endpoint_id, {"tags": {"looked": "at"}})
        named = sorted(name for name in patched.headers if name in ("location", "retry-after"))
        assume("life-14", patched.status == 202 and "location" in named, f"{patched.status}, {named}")
        assume("life-15", "retry-after" in named, named)
        place = region_place(azure.subscription, azure.location)
        known = sizes(azure.ask("GET", f"{place}/vmSizes").json().get("value", []))
        size = known.get("standard_ds2_v2")
        assume("life-17", size is not None and size.online, f"{len(known)} sizes; {size}")
        usages = azure.ask("GET", f"{place}/usages").json().get("value", [])
        families = {one.family for one in limits(usages)}
        is_so = size is not None and {"", size.family} <= families
        assume("life-21", is_so, f"{size} under the limits of {sorted(families)}")


def look_at_fixed_members(azure: Azure, assume: Assume) -> None:
    """Try to change what an endpoint was made with."""
    with assume.about("life-10", "life-11", "life-12"):
        identity = changed(azure, azure.endpoint_id, lambda body: body.update(identity={"type": "None"}))
        assume("life-10", identity.status >= 400, f"another identity: {told(identity)}")
        altered = changed(
            azure, azure.endpoint_id, lambda body: body["properties"]["properties"].update(team="other")
        )
        assume("life-11", altered.status >= 400, f"an altered property: {told(altered)}")
        described = changed(
            azure, azure.endpoint_id, lambda body: body["properties"].update(description="other")
        )
        assume("life-12", described.status >= 400, f"another description: {told(described)}")


def look_at_tags(azure: Azure, assume: Assume) -> None:
    """Write an endpoint while a policy is in force that adds a tag."""
    with assume.about("read-10"), azure.policy("costCenter", "42"):
        bare = azure.until(
            lambda: changed(azure, azure.endpoint_id, lambda body: body.update(tags={})),
            _has_tag,
            POLICY_MINUTES,
        )
        tags = azure.ask("GET", azure.endpoint_id).json().get("tags")
        assume("read-10", (tags or {}).get("costCenter") == "42", f"{bare.status}, then tags {tags}")


def deployment(azure: Azure, slot: str) -> dict[str, Any]:
    """A deployment as Azure answers it."""
    found: dict[str, Any] = azure.ask("GET", f"{azure.endpoint_id}/deployments/{slot}").json()
    return found


def state(resource: dict[str, Any]) -> str:
    """Its provisioning state."""
    return str(resource["properties"].get("provisioningState"))


def _has_tag(answered: Response) -> bool:
    return bool((answered.json().get("tags") or {}).get("costCenter"))


def look_at_roles_alone(azure: Azure, assume: Assume, mended: Run) -> None:
    """Storage without keys served a deployment, which had failed when its identity's role was new."""
    with assume.about("up-10", "up-11", "up-12"):
        serves = mended.code == 0 and state(deployment(azure, "blue")) == "Succeeded"
        saw = "the deployment succeeded" if serves else mended.text
        assume("up-12", serves, saw)
        mode = azure.ask("GET", azure.workspace_id).json()["properties"].get("systemDatastoresAuthMode")
        assume("up-10", serves and str(mode).lower() == "identity", f"systemDatastoresAuthMode {mode}: {saw}")
        principal = azure.ask("GET", azure.endpoint_id).json()["identity"]["principalId"]
        account = azure.ask("GET", azure.workspace_id).json()["properties"]["storageAccount"]
        roles = roles_of(azure, account, principal)
        assume("up-11", serves and roles == [BLOB_READER], f"roles at the account {roles}: {saw}")
