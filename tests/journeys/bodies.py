"""What Azure takes in a body and what it refuses: rows `body-*`, on an endpoint without deployments."""

from collections.abc import Callable
from typing import Any

from azml.azure.http import Response
from tests.journeys.azure import Azure
from tests.journeys.truth import Assume

OLDER_API = "2022-05-01"
COMPONENTS_API = "2020-02-02"
IMAGE = "mcr.microsoft.com/azureml/minimal-ubuntu22.04-py311-cpu-inference:latest"
ROUTE = {"port": 5001, "path": "/"}
ROUTES = {"livenessRoute": ROUTE, "readinessRoute": ROUTE, "scoringRoute": ROUTE}


def look_at_bodies(azure: Azure, assume: Assume) -> None:
    """Send an endpoint what no published type takes."""
    with assume.about("body-1", "body-2", "body-3", "body-5", "body-9", "body-13", "body-15"):
        _refused(
            azure, assume, "body-1", "an unknown member", lambda body: body["properties"].update(hue="b")
        )
        _refused(azure, assume, "body-2", "a member in other case", _in_other_case)
        _refused(
            azure, assume, "body-3", "a text for a map", lambda body: body["properties"].update(traffic="all")
        )
        _refused(
            azure,
            assume,
            "body-5",
            "a value outside an enumeration",
            lambda body: body["properties"].update(authMode="Password"),
        )
        _refused(
            azure, assume, "body-9", "a missing member", lambda body: body["properties"].pop("authMode", None)
        )
        _refused(azure, assume, "body-15", "no location", lambda body: body.pop("location", None))
        patched = azure.write("PATCH", azure.endpoint_id, {"properties": {"authMode": "Key"}})
        assume("body-13", patched.status == 400, f"a PATCH of properties: {told(patched)}")


def look_at_leniency(azure: Azure, assume: Assume) -> None:
    """Send an endpoint what clients send although its description does not have it so."""
    with assume.about("body-6", "body-7", "body-8"):
        spelt = changed(azure, azure.endpoint_id, lambda body: body["properties"].update(authMode="key"))
        assume("body-6", spelt.status < 300, f"`key` for `Key`: {told(spelt)}")
        body = azure.ask("GET", azure.endpoint_id).json()
        body["properties"]["publicNetworkAccess"] = "Enabled"
        newer = azure.write("PUT", azure.endpoint_id, body, OLDER_API)
        assume("body-7", newer.status < 300, f"publicNetworkAccess in {OLDER_API}: {told(newer)}")
        uri = body["properties"]["scoringUri"]
        whole = changed(
            azure, azure.endpoint_id, lambda body: body["properties"].update(scoringUri="https://x")
        )
        after = azure.ask("GET", azure.endpoint_id).json()["properties"]["scoringUri"]
        assume("body-8", whole.status < 300 and after == uri, f"a scoringUri: {told(whole)}, then {after}")


def look_at_assets(azure: Azure, assume: Assume) -> None:
    """Environments, data, datastores and components, which cost nothing."""
    with assume.about("body-4"):
        place = f"{azure.workspace_id}/data/looked"
        noted = {"dataType": "uri_file", "properties": {"count": 202208, "flag": True}}
        made = azure.write("PUT", place, {"properties": noted})
        kept = (azure.ask("GET", place).json().get("properties") or {}).get("properties") or {}
        are_texts = isinstance(kept.get("count"), str) and isinstance(kept.get("flag"), str)
        assume("body-4", made.status < 300 and are_texts, f"{told(made)}, then {kept}")
    with assume.about("body-10"):
        conda = {"image": IMAGE, "condaFile": "dependencies: [python=3.11]", "inferenceConfig": ROUTES}
        both = {"image": IMAGE, "build": {"contextUri": "https://example.invalid/context"}}
        place = f"{azure.workspace_id}/environments/looked/versions"
        first = azure.write("PUT", f"{place}/1", {"properties": conda})
        second = azure.write("PUT", f"{place}/2", {"properties": both})
        is_refused = first.status == second.status == 400
        assume(
            "body-10",
            is_refused,
            f"a conda file beside routes: {told(first)}; image and build: {told(second)}",
        )
    with assume.about("body-11"):
        place = f"{azure.group_id}/providers/Microsoft.Insights/components/looked"
        body = {"location": azure.location, "kind": "web", "properties": {}}
        bare = azure.write("PUT", place, body, COMPONENTS_API)
        assume("body-11", bare.status == 400, f"without Application_Type: {told(bare)}")
    with assume.about("body-12", "body-14"):
        place = f"{azure.workspace_id}/datastores/workspaceblobstore"
        read = azure.ask("GET", place).json()
        returned = azure.write("PUT", place, read)
        assume("body-12", returned.status == 400, f"a datastore as it was read: {told(returned)}")
        states = [_has_state(azure, one) for one in (azure.workspace_id, azure.endpoint_id, place)]
        assume("body-14", states == [True, True, False], f"workspace, endpoint, datastore: {states}")


def changed(azure: Azure, resource: str, change: Callable[[dict[str, Any]], object]) -> Response:
    """What a PUT of a resource answers, as it was read but for a change."""
    body = azure.ask("GET", resource).json()
    change(body)
    return azure.write("PUT", resource, body)


def told(answered: Response) -> str:
    """The status, and Azure's own words."""
    document = answered.json()
    error = (document.get("error") if isinstance(document, dict) else None) or {}
    code = answered.headers.get("x-ms-error-code") or error.get("code", "")
    return f"{answered.status} {code} {error.get('message', '')}".strip()


def _refused(
    azure: Azure, assume: Assume, name: str, what: str, change: Callable[[dict[str, Any]], object]
) -> None:
    answered = changed(azure, azure.endpoint_id, change)
    assume(name, answered.status == 400, f"{what}: {told(answered)}")


def _in_other_case(body: dict[str, Any]) -> None:
    # Not a required one: its absence would be refused as well.
    body["properties"]["Traffic"] = body["properties"].pop("traffic", {})


def _has_state(azure: Azure, resource: str) -> bool:
    return "provisioningState" in (azure.ask("GET", resource).json().get("properties") or {})
