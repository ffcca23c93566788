"""A quick check at each `up` for resources in Azure that the stack declares and its state does not list."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from azml.azure_native.types import BY_TOKEN
from azml.cli.endpoints import endpoints
from azml.cli.recovery.pending import arm_id
from azml.cli.stacks import names
from azml.cli.stacks.stacks import Connection

_NATIVE = "azure-native:"
WORKSPACE = f"{_NATIVE}machinelearningservices:Workspace"
GROUP = f"{_NATIVE}resources:ResourceGroup"
SUPPORTS = {
    "storageAccount": f"{_NATIVE}storage:StorageAccount",
    "keyVault": f"{_NATIVE}keyvault:Vault",
    "logAnalytics": f"{_NATIVE}operationalinsights:Workspace",
    "applicationInsights": f"{_NATIVE}applicationinsights:Component",
}
"""The resources a workspace depends on, by key in `azml:workspace`: a stack creates at most one of each."""


def unlisted(connection: Connection, resources: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of resources in Azure that may be the stack's but are not in its state (`resources`)."""
    listed = list(resources)
    found = [*_of_the_workspace(connection, {one["type"] for one in listed})]
    ids = {str(one.get("id") or "").lower() for one in listed}
    return [*found, *_of_the_endpoints(connection, ids)]


def _of_the_workspace(connection: Connection, listed: set[str]) -> Iterator[str]:
    settings = connection.stack.file.config["azml:workspace"]
    if _there(settings):
        return
    own = connection.workspace
    inputs = {"resourceGroupName": own.resource_group, "workspaceName": own.name}
    for kind in (WORKSPACE,) if _there(settings.get("resourceGroup")) else (GROUP, WORKSPACE):
        place = arm_id(kind, inputs, own.subscription_id)
        if kind not in listed and place and connection.arm.get(place, BY_TOKEN[kind].api_version):
            yield place.rpartition("/")[2]
    for key, kind in SUPPORTS.items():
        if kind not in listed and not _there(settings.get(key)):
            yield from _in_the_group(connection, kind)


def _there(setting: object) -> bool:
    """Whether the stack uses an existing one instead of creating it."""
    return isinstance(setting, Mapping) and bool(setting.get("existing"))


def _in_the_group(connection: Connection, kind: str) -> Iterator[str]:
    row, own = BY_TOKEN[kind], connection.workspace
    inputs = {"resourceGroupName": own.resource_group, row.name_parameter: "any"}
    place = str(arm_id(kind, inputs, own.subscription_id)).rpartition("/")[0]
    found = connection.arm.get(place, row.api_version) or {}
    yield from (str(one["name"]) for one in found.get("value") or ())


def _of_the_endpoints(connection: Connection, ids: set[str]) -> Iterator[str]:
    declared = {names.azure_name(one): one.slots for one in connection.stack.file.endpoints()}
    for endpoint in endpoints.read_all(connection):
        if endpoint.name not in declared:
            continue
        if endpoint.id.lower() not in ids:
            yield endpoint.name
        for deployment in endpoint.deployments:
            place = f"{endpoint.id}/deployments/{deployment.name}"
            if deployment.name in declared[endpoint.name] and place.lower() not in ids:
                yield f"{endpoint.name}/{deployment.name}"
