"""Identities, roles, registry and logs: the exact bodies, and what waits for what."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.components.bodies import body_of
from tests.components.graph import SUBSCRIPTION, Graph, build
from tests.components.test_graph import ROOT
from tests.stack.settings.conftest import engine_config

pytestmark = pytest.mark.process

KEY_USER = "Key Vault Crypto Service Encryption User"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
ML = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw"
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
ALICE, TEAM = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
OPENAI = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/openai"
CONFIG: Mapping[str, Any] = {
    "azure-native:location": "westeurope",
    "azml:workspace": {
        "resourceGroup": "rg",
        "name": "mlw",
        "identity": "id-mlw",
        "containerRegistry": "crmlw",
        "sharedKeys": False,
    },
    "azml:diagnostics": True,
    "azml:tags": {"team": "ml"},
    "azml:endpoints": {
        "diabetes": {
            "name": "diabetes-prod",
            "deployments": {"blue": {"file": "blue.yml"}},
            "traffic": {"blue": 100},
            "identity": "id-diabetes",
            "roles": [{"role": "Cognitive Services OpenAI User", "scope": OPENAI}],
        },
        "delivery": {
            "path": "examples/production/delivery",
            "name": "delivery-prod",
            "deployments": {"blue": {}},
            "traffic": {"blue": 100},
            "roles": [{"role": "Cognitive Services OpenAI User", "scope": OPENAI}],
            "callers": [ALICE, {"id": TEAM, "type": "Group"}],
        },
    },
}


OF_ENDPOINTS = ["AmlOnlineEndpointTrafficLog", "AmlOnlineEndpointConsoleLog", "AmlOnlineEndpointEventLog"]


def graph_of(config: Mapping[str, Any] = CONFIG, **workspace: Any) -> Graph:
    place = {**config["azml:workspace"], **workspace}
    return build(engine_config({**config, "azml:workspace": place}), root=ROOT)


def grants(graph: Graph) -> dict[tuple[str, str], str]:
    """The scope of each grant to a managed identity, by principal and role, without the group."""
    return {
        (one.inputs["principalId"], one.inputs["role"]): str(one.inputs["scope"]).rpartition("/")[2]
        for one in graph.of("RoleGrant")
        if one.inputs.get("principalType") == "ServicePrincipal"
    }


def test_every_body_is_one_that_azure_reads() -> None:
    """Nothing in it is unknown to the published types, of another type, or Azure's to set."""
    checked = [body_of(one) for one in graph_of().resources if one.type.startswith("azure-native:")]
    assert len(checked) >= 15


def test_the_identities_are_made_and_used() -> None:
    graph = graph_of()
    made = {one.name: body_of(one) for one in graph.of("UserAssignedIdentity")}
    assert set(made) == {"id-mlw", "id-diabetes"}
    assert made["id-mlw"]["tags"] == {"team": "ml"}
    workspace = body_of(graph.one("machinelearningservices:Workspace"))
    assert workspace["identity"] == {
        "type": "UserAssigned",
        "userAssignedIdentities": {f"{IDENTITIES}/id-mlw": {}},
    }
    assert workspace["properties"]["primaryUserAssignedIdentity"] == f"{IDENTITIES}/id-mlw"
    endpoint = body_of(graph.one("OnlineEndpoint", "diabetes-prod"))
    assert endpoint["identity"]["userAssignedIdentities"] == {f"{IDENTITIES}/id-diabetes": {}}


def test_each_identity_gets_what_it_needs_where_it_needs_it() -> None:
    """No role is wider than one resource, and none is granted twice."""
    graph = graph_of()
    found = graph.of("RoleGrant")
    assert all("/providers/" in str(one.inputs["scope"]) or "/ids/" in one.inputs["scope"] for one in found)
    rows = [(one.inputs["principalId"], one.inputs["role"], one.inputs["scope"]) for one in found]
    assert len(rows) == len(set(rows))
    by_principal: dict[str, set[str]] = {}
    for principal, role, _ in rows:
        by_principal.setdefault(principal, set()).add(role)
    assert by_principal == {
        "o": {"Storage Blob Data Contributor"},
        "p-id-mlw": {
            *("Contributor", "Key Vault Administrator", "Storage Blob Data Contributor"),
            "Storage File Data Privileged Contributor",
        },
        "p-id-diabetes": {
            *("AcrPull", "Storage Blob Data Reader", "AzureML Metrics Writer (preview)"),
            "Cognitive Services OpenAI User",
        },
        "p-delivery-prod": {"Storage Blob Data Reader", "Cognitive Services OpenAI User"},
        ALICE: {"AzureML Data Scientist"},
        TEAM: {"AzureML Data Scientist"},
    }
    assert grants(graph)["p-id-diabetes", "AcrPull"] == "crmlw"
    assert grants(graph)["p-id-diabetes", "AzureML Metrics Writer (preview)"] == "mlw"
    assert grants(graph)["p-id-diabetes", "Cognitive Services OpenAI User"] == "openai"


def test_roles_are_there_before_whoever_needs_them() -> None:
    graph = graph_of()
    granted = {one.urn: one.inputs["principalId"] for one in graph.of("RoleGrant")}
    waits = graph.one("machinelearningservices:Workspace").dependencies
    assert {urn for urn, principal in granted.items() if principal == "p-id-mlw"} <= {*waits}
    for endpoint, principals in (
        ("diabetes-prod", ("p-id-mlw", "p-id-diabetes")),
        ("delivery-prod", ("p-id-mlw", "p-delivery-prod")),
    ):
        waits = graph.one("OnlineDeployment", f"{endpoint}-blue").dependencies
        assert {urn for urn, principal in granted.items() if principal in principals} <= {*waits}


def test_callers_may_score_at_this_endpoint_only() -> None:
    granted = [one.inputs for one in graph_of().of("RoleGrant") if "may call" in one.name]
    found = sorted(granted, key=lambda one: str(one["principalId"]))
    assert [(one["principalId"], one.get("principalType")) for one in found] == [
        (ALICE, None),
        (TEAM, "Group"),
    ]
    assert {one["scope"] for one in found} == {f"{ML}/onlineEndpoints/delivery-prod"}


def test_the_registry_has_no_passwords_and_is_the_workspace_s() -> None:
    graph = graph_of()
    registry = body_of(graph.one("containerregistry:Registry"))
    assert registry["sku"] == {"name": "Standard"}
    assert registry["properties"]["adminUserEnabled"] is False
    assert registry["properties"]["anonymousPullEnabled"] is False
    workspace = graph.one("machinelearningservices:Workspace")
    assert workspace.inputs["containerRegistry"].endswith("/crmlw")
    assert workspace.ignore_changes == []


def test_logs_of_everything_go_to_log_analytics() -> None:
    graph = graph_of()
    found = {one.name: body_of(one)["properties"] for one in graph.of("DiagnosticSetting")}
    sent = {
        name: [one.get("categoryGroup") or one["category"] for one in body["logs"]]
        for name, body in found.items()
    }
    assert sent == {
        "logs of mlw": ["allLogs"],
        "logs of storageAccount": ["StorageRead", "StorageWrite", "StorageDelete"],
        "logs of keyVault": ["audit"],
        "logs of containerRegistry": ["allLogs"],
        "logs of diabetes-prod": OF_ENDPOINTS,
        "logs of delivery-prod": OF_ENDPOINTS,
    }
    assert {body["workspaceId"].rpartition("/")[2] for body in found.values()} == {"log-mlw"}
    blobs = graph.one("DiagnosticSetting", "logs of storageAccount").inputs["resourceUri"]
    assert blobs.endswith("/blobServices/default")


PRIVATE: Mapping[str, Any] = {
    "managedNetwork": {
        "isolation": "allowOnlyApprovedOutbound",
        "kind": "V2",
        "firewall": "Standard",
        "outbound": {
            "pypi": {"fqdn": "pypi.org"},
            "monitor": {"serviceTag": "AzureMonitor", "ports": "443"},
            "openai": {"privateEndpoint": OPENAI, "subresource": "account"},
        },
    },
    "privateEndpoints": {
        "virtualNetwork": {"name": "vnet", "addresses": ["10.20.0.0/24"], "subnet": "10.20.0.0/26"}
    },
    "imageBuildCompute": {"name": "cpu-build", "size": "Standard_D4as_v4"},
    "purgeProtection": True,
    "customerManagedKey": {"name": "cmk"},
}


def private(**more: Any) -> Graph:
    return graph_of(**{**PRIVATE, **more})


def test_every_body_of_a_private_stack_is_one_that_azure_reads() -> None:
    checked = [body_of(one) for one in private().resources if one.type.startswith("azure-native:")]
    assert len(checked) >= 35


def test_the_managed_network_is_one_write_with_the_full_set() -> None:
    properties = body_of(private().one("machinelearningservices:Workspace"))["properties"]
    assert properties["provisionNetworkNow"] is True
    assert properties["publicNetworkAccess"] == "Disabled"
    assert properties["imageBuildCompute"] == "cpu-build"
    assert properties["managedNetwork"] == {
        "isolationMode": "AllowOnlyApprovedOutbound",
        "managedNetworkKind": "V2",
        "firewallSku": "Standard",
        "enableNetworkMonitor": False,
        "outboundRules": {
            "pypi": {"type": "FQDN", "category": "UserDefined", "destination": "pypi.org"},
            "monitor": {
                "type": "ServiceTag",
                "category": "UserDefined",
                "destination": {
                    "serviceTag": "AzureMonitor",
                    "protocol": "TCP",
                    "portRanges": "443",
                    "action": "Allow",
                },
            },
            "openai": {
                "type": "PrivateEndpoint",
                "category": "UserDefined",
                "destination": {
                    "serviceResourceId": OPENAI,
                    "subresourceTarget": "account",
                    "sparkEnabled": False,
                },
            },
        },
    }


def test_what_the_workspace_stands_on_is_closed_and_reached_privately() -> None:
    graph = private()
    storage = body_of(graph.one("StorageAccount"))["properties"]
    vault = body_of(graph.one("Vault"))["properties"]
    registry = body_of(graph.one("containerregistry:Registry"))
    assert registry["sku"] == {"name": "Premium"}
    for one in (storage, vault, registry["properties"]):
        assert one["publicNetworkAccess"] == "Disabled"
    for rules in (storage["networkAcls"], vault["networkAcls"]):
        assert rules == {"bypass": "AzureServices", "defaultAction": "Deny"}
    endpoints = {one.name: body_of(one)["properties"] for one in graph.of("PrivateEndpoint")}
    reached = {}
    for name, properties in endpoints.items():
        (connection,) = properties["privateLinkServiceConnections"]
        assert properties["subnet"]["id"].endswith("/vnet/subnets/endpoints")
        reached[name] = connection["properties"]["groupIds"]
    assert reached == {
        "pe-mlw-workspace": ["amlworkspace"],
        "pe-mlw-blob": ["blob"],
        "pe-mlw-file": ["file"],
        "pe-mlw-vault": ["vault"],
        "pe-mlw-registry": ["registry"],
    }
    zones = {one.name for one in graph.of("PrivateZone")}
    assert zones == {
        "privatelink.api.azureml.ms",
        "privatelink.notebooks.azure.net",
        "privatelink.blob.core.windows.net",
        "privatelink.file.core.windows.net",
        "privatelink.vaultcore.azure.net",
        "privatelink.azurecr.io",
    }
    assert {one.inputs["privateZoneName"] for one in graph.of("VirtualNetworkLink")} == zones
    group = body_of(graph.one("PrivateDnsZoneGroup", "zones of pe-mlw-workspace"))
    names = [one["name"] for one in group["properties"]["privateDnsZoneConfigs"]]
    assert names == ["privatelink-api-azureml-ms", "privatelink-notebooks-azure-net"]
    network = body_of(graph.one("VirtualNetwork"))["properties"]
    assert network["addressSpace"] == {"addressPrefixes": ["10.20.0.0/24"]}
    (subnet,) = network["subnets"]
    assert subnet["properties"]["addressPrefix"] == "10.20.0.0/26"
    assert subnet["properties"]["defaultOutboundAccess"] is False


def test_everything_in_the_workspace_waits_for_the_network() -> None:
    graph = private()
    ready = {one.urn for one in (*graph.of("PrivateDnsZoneGroup"), *graph.of("Compute"))}
    assert ready <= {*graph.of("BundleUpload")[0].dependencies}
    assert ready <= {*graph.one("OnlineEndpoint", "diabetes-prod").dependencies}
    compute = body_of(graph.one("Compute"))["properties"]
    assert compute["computeType"] == "AmlCompute"
    assert compute["properties"]["vmSize"] == "Standard_D4as_v4"
    assert compute["properties"]["scaleSettings"]["minNodeCount"] == 0


def test_the_key_of_the_workspace_is_there_before_it_with_its_role() -> None:
    graph = private()
    assert body_of(graph.one("Vault"))["properties"]["enablePurgeProtection"] is True
    key = graph.one("Key")
    assert body_of(key)["properties"] == {"kty": "RSA", "keySize": 3072}
    workspace = graph.one("machinelearningservices:Workspace")
    encryption = body_of(workspace)["properties"]["encryption"]
    assert encryption["status"] == "Enabled"
    assert encryption["identity"] == {"userAssignedIdentity": f"{IDENTITIES}/id-mlw"}
    given = encryption["keyVaultProperties"]
    assert given["keyIdentifier"] == "https://kv/keys/cmk/1"
    assert "Vault/" in given["keyVaultArmId"]
    (grant,) = [one for one in graph.of("RoleGrant") if one.inputs["role"] == KEY_USER]
    assert {key.urn, grant.urn} <= {*workspace.dependencies}


VAULT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-keys/providers/Microsoft.KeyVault/vaults/kv"
KEY = f"https://kv.vault.azure.net/keys/cmk/{'0' * 32}"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub/subnets/endpoints"
ZONES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-dns"


def of_others() -> Graph:
    """A stack on an identity, a registry, a subnet, zones, a cluster and a key that exist."""
    return private(
        identity={"name": "id-old", "existing": True},
        containerRegistry={"name": "crshared", "existing": True, "resourceGroup": "rg-shared"},
        privateEndpoints={"subnet": SUBNET, "dnsZones": ZONES},
        imageBuildCompute="their-cluster",
        customerManagedKey={"uri": KEY, "vault": VAULT},
    )


def test_an_existing_identity_gets_roles_at_new_resources_only() -> None:
    """At existing ones others grant them: the preview says which are missing."""
    graph = of_others()
    assert [one.name for one in graph.of("UserAssignedIdentity")] == ["id-diabetes"]
    found = grants(graph)
    assert not [role for (who, role), at in found.items() if who == "found-id-old" and at == "crshared"]
    assert ("found-id-old", "Key Vault Administrator") in found
    assert ("found-id-old", KEY_USER) not in found, "the key's vault is somebody else's"
    assert found["p-id-diabetes", "AcrPull"] == "crshared", "an identity of the stack's has no role yet"


def test_what_exists_is_used_unchanged() -> None:
    graph = of_others()
    made = (
        "VirtualNetwork",
        "PrivateZone",
        "VirtualNetworkLink",
        "Compute",
        "Key",
        "containerregistry:Registry",
    )
    assert not [one for kind in made for one in graph.of(kind)]
    assert "pe-mlw-registry" not in [one.name for one in graph.of("PrivateEndpoint")]
    body = body_of(graph.one("PrivateEndpoint", "pe-mlw-vault"))
    assert body["properties"]["subnet"]["id"] == SUBNET
    group = body_of(graph.one("PrivateDnsZoneGroup", "zones of pe-mlw-vault"))
    (config,) = group["properties"]["privateDnsZoneConfigs"]
    place = "providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
    assert config["properties"]["privateDnsZoneId"] == f"{ZONES}/{place}"
    properties = body_of(graph.one("machinelearningservices:Workspace"))["properties"]
    assert properties["imageBuildCompute"] == "their-cluster"
    given = properties["encryption"]["keyVaultProperties"]
    assert given == {"keyIdentifier": KEY, "keyVaultArmId": VAULT}
