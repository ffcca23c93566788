"""Diagnostic settings: where the logs of a resource go.

Azure Monitor's rules (learn.microsoft.com, "Diagnostic settings in Azure Monitor"): a resource type has
certain categories and groups of them ("Supported resource logs"), a setting has a destination, and no two
settings of a resource send one category to the same destination. Of what is sent, Log
Analytics answers one query (`monitor/log_queries.py`).
"""

from collections.abc import Iterator

from azml.emulator.control.arm.errors import bad_request, conflict
from azml.emulator.control.arm.ids import ResourceId, resource_id
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.types import ResourceType, Write

_ML = "microsoft.machinelearningservices/workspaces"
_GROUPS = ("alllogs", "audit")
_BLOB = ("storageread", "storagewrite", "storagedelete")
_LOGS = {
    _ML: (
        *("amlcomputeclusterevent", "amlcomputeclusternodeevent", "amlcomputejobevent"),
        *("amlcomputecpugpuutilization", "amlrunstatuschangedevent", "modelschangeevent", "modelsreadevent"),
        *("modelsactionevent", "deploymentreadevent", "deploymenteventaci", "deploymenteventaks"),
        *("inferencingoperationaks", "inferencingoperationaci", "environmentchangeevent"),
        *("environmentreadevent", "datalabelchangeevent", "datalabelreadevent", "datasetchangeevent"),
        *("datasetreadevent", "pipelinechangeevent", "pipelinereadevent", "runevent", "runreadevent"),
        *("computeinstanceevent", "datastorechangeevent", "datastorereadevent"),
    ),
    f"{_ML}/onlineendpoints": (
        *("amlonlineendpointtrafficlog", "amlonlineendpointconsolelog", "amlonlineendpointeventlog"),
    ),
    "microsoft.storage/storageaccounts": (),
    "microsoft.storage/storageaccounts/blobservices": _BLOB,
    "microsoft.keyvault/vaults": ("auditevent", "azurepolicyevaluationdetails"),
    "microsoft.containerregistry/registries": (
        *("containerregistryrepositoryevents", "containerregistryloginevents"),
    ),
    "microsoft.operationalinsights/workspaces": ("audit", "summarylogs"),
}
_DESTINATIONS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")


class DiagnosticSettings(ResourceType):
    """`diagnosticSettings`, under any resource that logs."""

    name = "Microsoft.Insights/diagnosticSettings"
    stored_only = True
    located = False
    deleted_at_once = True
    created = 200

    def check(self, write: Write) -> None:
        """Categories that exist, a destination that exists, and no category twice in one destination."""
        source = resource_id(write.id.parent)
        sent = list(_sent(write.properties))
        _check_categories(source, sent)
        if not sent and not write.properties.get("metrics"):
            raise bad_request("At least one data source should be enabled.", "BadRequest")
        to = [name for name in _DESTINATIONS if write.properties.get(name)]
        if not to:
            message = "At least one data sink needs to be specified."
            raise bad_request(message, "BadRequest")
        logs = str(write.properties.get("workspaceId") or "")
        if logs and write.store.find(logs) is None:
            raise bad_request(f"The Log Analytics workspace '{logs}' was not found.", "ResourceNotFound")
        for other in write.store.under(write.id.parent, self.name):
            is_another = other.id.key != write.id.key and other.id.parent.lower() == write.id.parent.lower()
            same_sink = any(other.properties.get(name) == write.properties.get(name) for name in to)
            if is_another and same_sink and {*_sent(other.properties)} & {*sent}:
                message = (
                    f"Data sink is already used in diagnostic setting '{other.id.name}'. Data sinks can't be "
                    "reused in different settings on the same category for the same resource."
                )
                raise conflict(message)


def _sent(properties: Json) -> Iterator[str]:
    """The enabled categories, and groups with a star."""
    for one in properties.get("logs") or ():
        category, group = one.get("category"), one.get("categoryGroup")
        if bool(category) == bool(group):
            raise bad_request("Each log has either a category or a categoryGroup.", "BadRequest")
        if one.get("enabled"):
            yield str(category).lower() if category else f"*{str(group).lower()}"


def _check_categories(source: ResourceId, sent: list[str]) -> None:
    known = _LOGS.get(source.kind)
    if known is None:
        raise bad_request(f"The resource type '{source.type}' does not support diagnostic settings.")
    groups = _GROUPS if known else ()
    for one in sent:
        if one.removeprefix("*") not in (groups if one.startswith("*") else known):
            kind = "Category group" if one.startswith("*") else "Category"
            message = f"{kind} '{one.removeprefix('*')}' is not supported by '{source.type}'."
            raise bad_request(message, "BadRequest")
