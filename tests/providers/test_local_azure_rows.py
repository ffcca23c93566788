"""Every row of the table against the running local Azure: made, read, found unchanged, deleted."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.azure.settings import read_settings
from azml.azure_native.types import ROWS
from azml.providers import calls
from azml.providers.codec import Asset
from azml.providers.local_azure.package import LocalAzure
from tests.fixtures.waiting import eventually

pytestmark = pytest.mark.process

_SCOPE = "/subscriptions/{subscription}/resourceGroups/rg"
_PROVIDERS = f"{_SCOPE}/providers"
_ACCOUNT = f"{_PROVIDERS}/Microsoft.Storage/storageAccounts/parentaccount"
_VAULT = f"{_PROVIDERS}/Microsoft.KeyVault/vaults/parentvault"
_LOGS = f"{_PROVIDERS}/Microsoft.OperationalInsights/workspaces/parentlogs"
_VNET = f"{_PROVIDERS}/Microsoft.Network/virtualNetworks/parentnetwork"
_ZONE = f"{_PROVIDERS}/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
_TENANT = "00000000-0000-0000-0000-0000000000aa"
# What a row needs beside its names; a row that is not listed needs nothing.
_NEEDED: dict[str, dict[str, Any]] = {
    "machinelearningservices:Workspace": {"storageAccount": _ACCOUNT, "keyVault": _VAULT},
    "machinelearningservices:OnlineEndpoint": {"properties": {"authMode": "Key"}},
    "machinelearningservices:ModelContainer": {"properties": {}},
    "machinelearningservices:CodeContainer": {"properties": {}},
    "machinelearningservices:EnvironmentContainer": {"properties": {}},
    "machinelearningservices:ModelVersion": {
        "name": "diabetes",
        "properties": {"modelType": "custom_model", "modelUri": "azureml://paths/a"},
    },
    "machinelearningservices:CodeVersion": {"name": "code", "properties": {"codeUri": "https://a/b"}},
    "machinelearningservices:EnvironmentVersion": {"name": "env", "properties": {"image": "ubuntu"}},
    "machinelearningservices:Datastore": {
        "properties": {
            "datastoreType": "AzureBlob",
            "accountName": "parentaccount",
            "containerName": "models",
            "credentials": {"credentialsType": "None"},
        }
    },
    "machinelearningservices:ServerlessEndpoint": {"properties": {"authMode": "Key"}},
    "machinelearningservices:BatchEndpoint": {"properties": {"authMode": "AADToken"}},
    "storage:StorageAccount": {
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "accountName": "rowaccount",
    },
    "storage:BlobContainer": {"accountName": "parentaccount"},
    "storage:Blob": {
        "accountName": "parentaccount",
        "containerName": "models",
        "source": Asset(text="hello"),
    },
    "keyvault:Vault": {"properties": {"sku": {"family": "A", "name": "standard"}, "tenantId": _TENANT}},
    "containerregistry:Registry": {"sku": {"name": "Basic"}, "registryName": "rowregistry"},
    "machinelearningservices:Registry": {"regionDetails": [{"location": "westeurope"}]},
    "applicationinsights:Component": {"kind": "web", "applicationType": "web"},
    "applicationinsights:Workbook": {
        "category": "workbook",
        "displayName": "row",
        "serializedData": '{"version":"Notebook/1.0","items":[]}',
        "kind": "shared",
    },
    "authorization:RoleAssignment": {
        "scope": _SCOPE,
        "principalId": _TENANT,
        "roleDefinitionId": f"{_SCOPE}/providers/Microsoft.Authorization/roleDefinitions/r",
        "principalType": "ServicePrincipal",
    },
    "monitor:AutoscaleSetting": {
        "profiles": [
            {
                "name": "default",
                "capacity": {"minimum": "1", "maximum": "2", "default": "1"},
                "rules": [
                    {
                        "metricTrigger": {
                            "metricName": "RequestsPerMinute",
                            "metricResourceUri": _SCOPE,
                            "operator": "GreaterThan",
                            "statistic": "Average",
                            "threshold": 10,
                            "timeAggregation": "Average",
                            "timeGrain": "PT1M",
                            "timeWindow": "PT5M",
                            "dimensions": [
                                {"dimensionName": "deployment", "operator": "Equals", "values": ["blue"]}
                            ],
                        },
                        "scaleAction": {
                            "cooldown": "PT5M",
                            "direction": "Increase",
                            "type": "ChangeCount",
                            "value": "1",
                        },
                    }
                ],
            }
        ]
    },
    "monitor:MetricAlert": {
        "location": "global",
        "criteria": {
            "odataType": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            "allOf": [],
        },
        "enabled": True,
        "evaluationFrequency": "PT1M",
        "scopes": [_SCOPE],
        "severity": 3,
        "windowSize": "PT5M",
    },
    "monitor:DiagnosticSetting": {
        "resourceUri": _VAULT,
        "workspaceId": _LOGS,
        "logs": [{"categoryGroup": "audit", "enabled": True}],
    },
    "monitor:ActionGroup": {"location": "Global", "groupShortName": "short", "enabled": True},
    "network:VirtualNetwork": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "a", "addressPrefix": "10.0.0.0/24"}],
    },
    "network:PrivateEndpoint": {
        "subnet": {"id": f"{_VNET}/subnets/endpoints"},
        "privateLinkServiceConnections": [
            {"name": "vault", "privateLinkServiceId": _VAULT, "groupIds": ["vault"]}
        ],
    },
    "network:PrivateDnsZoneGroup": {
        "privateEndpointName": "parentendpoint",
        "name": "default",
        "privateDnsZoneConfigs": [{"name": "zone", "privateDnsZoneId": _ZONE}],
    },
    "privatedns:VirtualNetworkLink": {
        "location": "Global",
        "privateZoneName": "privatelink.vaultcore.azure.net",
        "registrationEnabled": False,
        "virtualNetwork": {"id": _VNET},
    },
    "keyvault:Key": {"vaultName": "parentvault", "properties": {"kty": "RSA", "keySize": 2048}},
    "privatedns:PrivateZone": {"location": "Global", "privateZoneName": "privatelink.api.azureml.ms"},
}
_IN_GROUP = {"resourceGroupName": "rg"}
_IN_WORKSPACE = {**_IN_GROUP, "workspaceName": "mlw"}
_PARENTS: list[tuple[str, dict[str, Any]]] = [
    ("resources:ResourceGroup", _IN_GROUP),
    (
        "storage:StorageAccount",
        {**_IN_GROUP, **_NEEDED["storage:StorageAccount"], "accountName": "parentaccount"},
    ),
    ("keyvault:Vault", {**_IN_GROUP, **_NEEDED["keyvault:Vault"], "vaultName": "parentvault"}),
    ("operationalinsights:Workspace", {**_IN_GROUP, "workspaceName": "parentlogs"}),
    ("machinelearningservices:Workspace", {**_IN_WORKSPACE, "storageAccount": _ACCOUNT, "keyVault": _VAULT}),
    (
        "machinelearningservices:OnlineEndpoint",
        {**_IN_WORKSPACE, "endpointName": "parent", "properties": {"authMode": "Key"}},
    ),
    (
        "network:VirtualNetwork",
        {
            **_IN_GROUP,
            "virtualNetworkName": "parentnetwork",
            "addressSpace": {"addressPrefixes": ["10.20.0.0/24"]},
            "subnets": [{"name": "endpoints", "addressPrefix": "10.20.0.0/26"}],
        },
    ),
    (
        "network:PrivateEndpoint",
        {**_IN_GROUP, **_NEEDED["network:PrivateEndpoint"], "privateEndpointName": "parentendpoint"},
    ),
    (
        "privatedns:PrivateZone",
        {**_IN_GROUP, "location": "Global", "privateZoneName": "privatelink.vaultcore.azure.net"},
    ),
    ("storage:BlobContainer", {**_IN_GROUP, "containerName": "models", "accountName": "parentaccount"}),
]
# A deployment needs a model that serves: the tests of the whole stack make one.
_ROWS = [row for row in ROWS if not row.token.endswith(":OnlineDeployment")]


def _wait_for(file: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    eventually(lambda: file.exists() or process.poll() is not None, 60)
    assert process.poll() is None, "the local Azure ended before it was ready"
    started: dict[str, Any] = json.loads(file.read_text())
    return started


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    """The stand-in on a local Azure that holds a resource group, a workspace, an endpoint and a container."""
    folder = tmp_path_factory.mktemp("emulator")
    command = [
        sys.executable,
        "-m",
        "azml.emulator",
        "--folder",
        str(folder),
        "--port",
        "0",
        "--scoring-port",
        "0",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    patch = pytest.MonkeyPatch()
    stand_in = LocalAzure()
    try:
        started = _wait_for(folder / "emulator.json", process)
        patch.setenv("REQUESTS_CA_BUNDLE", str(folder / started["ca_bundle"]))
        for name, value in _environment(started).items():
            patch.setenv(name, value)
        stand_in.configure({"location": "westeurope"})
        for token, inputs in _PARENTS:
            _create(stand_in, f"azure-native:{token}", _filled(inputs, stand_in.subscription()))
        yield stand_in
    finally:
        stand_in._arm.http.close()
        patch.undo()
        process.terminate()
        process.wait(30)


def _environment(started: dict[str, Any]) -> dict[str, str]:
    from azml.azure.http import Http

    http = Http()
    answer = http.request(
        "GET", f"{started['arm']}/_azml/environment", headers={"Authorization": f"Bearer {started['token']}"}
    )
    http.close()
    return {name: str(value) for name, value in answer.json().items()}


def _create(package: LocalAzure, token: str, inputs: dict[str, Any]) -> tuple[calls.State, dict[str, Any]]:
    resource = package.resource(token)
    urn = f"urn:pulumi:test::rows::{token}::row"
    checked = resource.check(calls.Check(urn, token, inputs, {}))
    assert list(checked.failures) == []
    return resource.create(calls.Create(urn, token, checked.inputs, preview=False)), checked.inputs


def _filled(value: Any, subscription: str) -> Any:
    if isinstance(value, str):
        return value.replace("{subscription}", subscription)
    if isinstance(value, list):
        return [_filled(item, subscription) for item in value]
    return (
        {key: _filled(item, subscription) for key, item in value.items()}
        if isinstance(value, dict)
        else value
    )


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.token.removeprefix("azure-native:"))
def test_a_resource_is_made_read_found_unchanged_and_deleted(package: LocalAzure, row: Any) -> None:
    subscription = package.subscription()
    given = {
        key: value
        for key, value in _IN_WORKSPACE.items()
        if key in row.parameters and key != row.name_parameter
    }
    inputs = _filled({**given, **_NEEDED.get(row.token.removeprefix("azure-native:"), {})}, subscription)
    state, checked = _create(package, row.token, inputs)
    resource = package.resource(row.token)
    urn = f"urn:pulumi:test::rows::{row.token}::row"

    found = resource.read(calls.Read(urn, row.token, state.id, checked, state.outputs))
    assert found is not None
    assert found.inputs == checked
    same = calls.Diff(urn, row.token, state.id, checked, found.inputs, found.outputs)
    assert resource.diff(same).paths == {}

    imported = resource.read(calls.Read(urn, row.token, state.id, {}, {}))
    assert imported is not None
    assert imported.inputs.items() >= {key: checked[key] for key in row.parameters}.items()

    again = calls.Update(urn, row.token, state.id, checked, checked, found.outputs, preview=False)
    if not row.token.endswith("Version"):  # a version cannot be changed
        assert resource.update(again).keys() >= {"name"}
    resource.delete(calls.Delete(urn, row.token, state.id, checked, found.outputs))
    assert resource.read(calls.Read(urn, row.token, state.id, checked, found.outputs)) is None


def test_the_functions_answer(package: LocalAzure) -> None:
    ml = "azure-native:machinelearningservices"
    keys = package.invoke(f"{ml}:listOnlineEndpointKeys", {**_IN_WORKSPACE, "endpointName": "parent"}, False)
    assert keys["primaryKey"] != keys["secondaryKey"]
    endpoint = package.invoke(f"{ml}:getOnlineEndpoint", {**_IN_WORKSPACE, "endpointName": "parent"}, False)
    assert endpoint["properties"]["scoringUri"].endswith("/parent/score")
    config = package.invoke("azure-native:authorization:getClientConfig", {}, False)
    assert config["subscriptionId"] == os.environ["ARM_SUBSCRIPTION_ID"]
    assert config["objectId"]
    account = {"resourceGroupName": "rg", "accountName": "parentaccount"}
    assert package.invoke("azure-native:storage:listStorageAccountKeys", account, False)["keys"]
    with pytest.raises(calls.ProviderError, match="did you mean"):
        package.invoke("azure-native:storage:listStorageAccountKey", account, False)


def test_a_session_reaches_the_same_azure(package: LocalAzure) -> None:
    """What the command line uses sees what the stand-in made."""
    arm = Arm(read_settings())
    found = arm.get(f"/subscriptions/{package.subscription()}/resourceGroups/rg", "2024-03-01")
    arm.http.close()
    assert found and found["location"] == "westeurope"
