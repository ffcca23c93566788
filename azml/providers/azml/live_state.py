"""`azml:index:liveState`, the one function that the program calls before it declares anything.

Each resource is read once, all of them concurrently.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.lookup import Bodies, existing_bodies
from azml.engine_values import Properties
from azml.providers.azml.reserved_names import VAULT_VERSION, reserved_vault, reserved_workspace
from azml.providers.azml.retries import retry_of
from azml.providers.azml.role_lookup import lacking_roles
from azml.providers.azml.rollouts import Rollout, changes_in_a_rollout, unfinished
from azml.providers.calls import ProviderError

_WORKSPACES = "microsoft.machinelearningservices/workspaces"
API_VERSIONS = {
    "microsoft.resources/resourcegroups": "2024-03-01",
    _WORKSPACES: API_VERSION,
    f"{_WORKSPACES}/onlineendpoints": API_VERSION,
    f"{_WORKSPACES}/onlineendpoints/deployments": API_VERSION,
    f"{_WORKSPACES}/models/versions": API_VERSION,
    f"{_WORKSPACES}/codes/versions": API_VERSION,
    f"{_WORKSPACES}/environments/versions": API_VERSION,
    "microsoft.storage/storageaccounts": "2024-01-01",
    "microsoft.keyvault/vaults": VAULT_VERSION,
    "microsoft.operationalinsights/workspaces": "2023-09-01",
    "microsoft.insights/components": "2020-02-02",
    "microsoft.containerregistry/registries": "2023-01-01-preview",
    "microsoft.managedidentity/userassignedidentities": "2023-01-31",
    "microsoft.network/virtualnetworks": "2024-05-01",
}
"""The API versions that azure-native 3.29 uses, by type in lower case."""
# Only these properties leave the plugin: a body may contain keys that let anybody write telemetry.
_PROPERTIES = (
    "workspaceId",
    "storageAccount",
    "primaryEndpoints",
    "authMode",
    "compute",
    "description",
    "properties",
    "instanceType",
    "containerRegistry",
    "principalId",
    "managedNetwork",
    "encryption",
)
Judge = Callable[[Bodies, Mapping[str, Any]], Mapping[str, list[str]]]
"""Gives the reasons why live slots must not change, from bodies by ARM id and what slots should serve."""
Refused = dict[str, list[str]]


def live_state(arm: Arm, judge: Judge, arguments: Properties) -> Properties:
    """The state of the resources in `ids` and `versions`, and what Azure or the guard would refuse.

    `found` has an entry for each of `ids` that exists, with location, state, identity, some properties and
    the value for its tag RETRY_TAG, and one for the storage account of a workspace in `ids`. `registered` are
    the `versions` that exist. `workspace` and `vault` are ids of what the stack will create, or absent;
    `reserved` says which of their names Azure would refuse. `serves` is what the slots of endpoints should serve,
    by the endpoint's id, which is in `ids` with its deployments; `refused` says why they must not change.
    `rollouts` are endpoints with a plan, or how their rollouts stand that are not finished.
    `roles` are roles that identities in `ids` should have; `lacking` are those they do not have.
    Raises ProviderError for arguments that are not ids, AzureError when Azure refuses the request.
    """
    ids, versions = _ids(arguments.get("ids")), _ids(arguments.get("versions") or [])
    workspace, vault = arguments.get("workspace"), arguments.get("vault")
    made = _ids([one for one in (workspace, vault) if one])
    bodies = _read(arm, [*ids, *made, *versions])
    accounts = {_storage_account(bodies[one]) for one in ids if one in bodies and one != workspace}
    planned = _ids(arguments.get("rollouts") or [])
    accounts |= {_storage_account(bodies[workspace])} if planned and workspace in bodies else set()
    bodies |= _read(arm, [one for one in accounts - {*bodies} if _type(one) in API_VERSIONS])
    under_way = unfinished(arm, bodies, planned)
    serves = _serves(arguments.get("serves") or {}, ids)
    reserved = [
        *(
            reserved_workspace(arm, workspace)
            if isinstance(workspace, str) and workspace not in bodies
            else ()
        ),
        *(reserved_vault(arm, vault) if isinstance(vault, str) and vault not in bodies else ()),
    ]
    return {
        "found": {one: _facts(body) for one, body in bodies.items() if one not in versions},
        "registered": [one for one in versions if one in bodies],
        "reserved": reserved,
        "refused": _with_rollouts(dict(judge(bodies, serves)), bodies, serves, under_way),
        "rollouts": {one: rollout.sentence for one, rollout in under_way.items()},
        "lacking": lacking_roles(arm, bodies, arguments.get("roles") or []),
    }


def _with_rollouts(
    refused: Refused, bodies: Bodies, serves: Mapping[str, Any], under_way: Mapping[str, Rollout]
) -> Refused:
    """The reasons, with those of the slots that a rollout holds: a live one needs only one reason."""
    for one, rollout in under_way.items():
        if one in serves and (reasons := changes_in_a_rollout(bodies, one, serves[one], rollout)):
            refused[one] = reasons
    return refused


def _read(arm: Arm, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    return existing_bodies(arm, {one: API_VERSIONS[_type(one)] for one in ids})


def _ids(value: object) -> list[str]:
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, str) or _type(one) not in API_VERSIONS:
            raise ProviderError(f"liveState takes ARM ids of the types it knows, not {one!r}")
    return list(value) if isinstance(value, list) else []


def _serves(value: object, ids: list[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(slots, dict) for slots in value.values()):
        raise ProviderError(f"serves takes what slots serve, by the endpoint's ARM id, not {value!r}")
    for endpoint, slots in value.items():
        if missing := {endpoint, *(f"{endpoint}/deployments/{slot}" for slot in slots)} - {*ids}:
            raise ProviderError(f"serves takes endpoints that are among ids with their slots: {missing}")
    return value


def _storage_account(body: Mapping[str, Any]) -> str:
    return str((body.get("properties") or {}).get("storageAccount") or "")


def _facts(body: Mapping[str, Any]) -> Properties:
    properties = body.get("properties") or {}
    identity = body.get("identity") or {}
    return {
        "location": str(body.get("location") or ""),
        "state": str(properties.get("provisioningState") or ""),
        "retry": retry_of(body),
        "identity": {
            "type": str(identity.get("type") or "None"),
            "users": sorted(identity.get("userAssignedIdentities") or {}),
        },
        "properties": {name: properties[name] for name in _PROPERTIES if properties.get(name) is not None},
    }


def _type(resource: str) -> str:
    """The type in a resource's id, in lower case; empty if it is not an id."""
    before, _, after = resource.rpartition("/providers/")
    parts = after.split("/") if before else []
    if not before and len(resource.strip("/").split("/")) == 4:
        return "microsoft.resources/resourcegroups"
    return "/".join([*parts[:1], *parts[1::2]]).lower() if len(parts) % 2 else ""
