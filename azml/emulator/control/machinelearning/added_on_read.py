"""The table "added on read": what Azure adds to a resource, or changes by itself.

This project has observed none of it on Azure. docs/azure-truth.md has a row for each entry, and a test keeps
the two in step.
"""

from azml.emulator.base.identity import CLIENT
from azml.emulator.control.arm.additions import Addition, Reading, moment
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record
from azml.emulator.control.machinelearning.endpoints import DEPLOYMENT, ENDPOINT
from azml.emulator.control.machinelearning.server_owned import OPERATION, variables

RECORDED = "answers of real deployments recorded in public repositories"
REST = "REST reference of Microsoft.MachineLearningServices, 2025-12-01"
# API descriptions: these types answer `systemData`; others, such as storage accounts, do not.
WITH_SYSTEM_DATA = frozenset(
    kind.lower()
    for kind in (
        "Microsoft.MachineLearningServices/workspaces",
        ENDPOINT,
        DEPLOYMENT,
        *(
            f"Microsoft.MachineLearningServices/workspaces/{tail}"
            for collection in ("models", "codes", "environments", "data")
            for tail in (collection, f"{collection}/versions")
        ),
        "Microsoft.MachineLearningServices/workspaces/datastores",
        "Microsoft.MachineLearningServices/workspaces/computes",
        "Microsoft.MachineLearningServices/workspaces/serverlessEndpoints",
        "Microsoft.MachineLearningServices/workspaces/batchEndpoints",
        "Microsoft.MachineLearningServices/registries",
        "Microsoft.KeyVault/vaults",
        "Microsoft.ContainerRegistry/registries",
        "Microsoft.OperationalInsights/workspaces",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.Insights/autoscaleSettings",
        "Microsoft.Insights/workbooks",
        "Microsoft.Insights/actionGroups",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    )
)
REQUESTS = {"requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1, "maxQueueWait": "PT0.5S"}
PROBE = {
    "initialDelay": "PT10S",
    "period": "PT10S",
    "timeout": "PT2S",
    "successThreshold": 1,
    "failureThreshold": 30,
}
SCALING: dict[str, Json] = {
    "managed": {"scaleType": "Default"},
    "kubernetes": {
        "scaleType": "TargetUtilization",
        "minInstances": 1,
        "maxInstances": 1,
        "pollingInterval": "PT1S",
        "targetUtilizationPercentage": 70,
    },
}


def _with_variables(record: Record, reading: Reading) -> Record:
    own = section(record.properties, "environmentVariables")
    added = variables(record.properties, reading.store)
    return record.with_properties(environmentVariables={**added, **own})


def _with_defaults(record: Record, reading: Reading) -> Record:
    properties = record.properties
    scaling = SCALING[str(properties.get("endpointComputeType", "")).lower()]
    asked = section(properties, "scaleSettings")
    if asked.get("scaleType", scaling["scaleType"]) == scaling["scaleType"]:
        asked = {**scaling, **asked}
    filled = {
        "requestSettings": {**REQUESTS, **section(properties, "requestSettings")},
        "livenessProbe": {**PROBE, **section(properties, "livenessProbe")},
        "readinessProbe": {**PROBE, **section(properties, "readinessProbe")},
        "scaleSettings": asked,
    }
    return record.with_properties(**filled)


def _with_operation(record: Record, reading: Reading) -> Record:
    operation = record.hidden.get("operation")
    return _with_own(record, **{OPERATION: reading.operation_url(operation)}) if operation else record


def _with_own(record: Record, **added: str) -> Record:
    """The record with entries added to the resource's own map of properties, `properties.properties`."""
    return record.with_properties(properties={**section(record.properties, "properties"), **added})


def _with_identity(record: Record, reading: Reading) -> Record:
    stamps = _system_data(record)
    kept = {name: stamps[name] for name in ("createdAt", "createdBy", "lastModifiedAt")}
    return _with_own(record, **{"azureml.onlineendpointid": record.id.key}, **kept)


def _with_kind(record: Record, reading: Reading) -> Record:
    kind = "K8S" if record.properties.get("compute") else "Managed"
    return record.with_body({"kind": kind, **record.body})


def _with_system_data(record: Record, reading: Reading) -> Record:
    return record.with_body({**record.body, "systemData": _system_data(record)})


def _system_data(record: Record) -> dict[str, str]:
    modified = max(record.created, record.hidden.get("modified", 0.0))
    return {
        "createdAt": moment(record.created),
        "createdBy": CLIENT,
        "createdByType": "Application",
        "lastModifiedAt": moment(modified),
        "lastModifiedBy": CLIENT,
        "lastModifiedByType": "Application",
    }


_DEPLOYMENTS, _ENDPOINTS = (DEPLOYMENT.lower(),), (ENDPOINT.lower(),)

ADDED_ON_READ = (
    Addition(
        "read-1",
        "deployment",
        "`environmentVariables`: `AML_APP_ROOT`, `AZUREML_ENTRY_SCRIPT`, `AZUREML_MODEL_DIR`",
        "creation",
        f"{RECORDED}: ansible-collections/azure, azure_rm_ml_online_deployment",
        _DEPLOYMENTS,
        _with_variables,
    ),
    Addition(
        "read-2",
        "deployment",
        "`properties.properties.AzureAsyncOperationUri`",
        "each write",
        RECORDED,
        _DEPLOYMENTS,
        _with_operation,
    ),
    Addition(
        "read-3",
        "deployment",
        "defaults of `requestSettings`, both probes and `scaleSettings` (Kubernetes: `TargetUtilization`)",
        "creation",
        f"{REST}: OnlineRequestSettings, ProbeSettings, OnlineScaleSettings",
        _DEPLOYMENTS,
        _with_defaults,
    ),
    Addition(
        "read-4",
        "deployment",
        "`sku.capacity`",
        "any time: autoscale",
        'Microsoft, "Autoscale online endpoints"',
        steered='`changes {"id": ..., "capacity": 3}`',
    ),
    Addition(
        "read-5",
        "endpoint",
        "`properties.properties`: `AzureAsyncOperationUri`",
        "each write, one of the shares too",
        RECORDED,
        _ENDPOINTS,
        _with_operation,
    ),
    Addition(
        "read-6",
        "endpoint",
        "`properties.properties`: `azureml.onlineendpointid`, `createdAt`, `createdBy`, `lastModifiedAt`",
        "creation; `lastModifiedAt` each write",
        RECORDED,
        _ENDPOINTS,
        _with_identity,
    ),
    Addition("read-7", "endpoint", "`kind`", "creation", RECORDED, _ENDPOINTS, _with_kind),
    Addition(
        "read-8",
        "workspace",
        "`containerRegistry`, with a registry of Azure's own in the workspace's group",
        "the first image build: a conda file, or an MLflow model without code",
        'Microsoft, "What is an Azure Machine Learning workspace": the registry is made on demand',
        steered='`changes {"id": ..., "registry": true}`',
    ),
    Addition(
        "read-9",
        "any",
        "`systemData`",
        "creation; the last change with each write",
        "API descriptions of the types that answer it",
        WITH_SYSTEM_DATA,
        _with_system_data,
    ),
    Addition(
        "read-10",
        "any",
        "`tags` that a policy adds",
        "any time, and again after a PUT without them",
        'Microsoft, "Azure Policy definitions modify effect"',
        steered='`policies {"tags": {"costCenter": "42"}}`',
    ),
    Addition(
        "read-11",
        "any",
        "`location` spelt `West Europe`",
        "any time",
        "azure-native compares locations so: provider/pkg/provider/diff.go, normalizedLocation",
        steered='`changes {"id": ..., "location": "West Europe"}`',
    ),
)
