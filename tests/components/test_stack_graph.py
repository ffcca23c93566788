"""The graph the program declares, under Pulumi's mocks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime import rpc

from tests.components.conftest import engine_config
from tests.components.graph import SUBSCRIPTION, TENANT, Graph, Registration, build

ROOT = Path(__file__).parents[2]
WORKSPACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{{}}/providers/Microsoft.MachineLearningServices"


@pytest.fixture
def config() -> dict[str, Any]:
    """The committed dev environment, to be changed at will."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
    return found


def graph_of(config: Mapping[str, Any], **keys: Any) -> Graph:
    return build(engine_config(config), root=ROOT, **keys)


def test_dev_declares_everything(config: dict[str, Any]) -> None:
    graph = graph_of(config)
    kinds = {resource.type for resource in graph.resources if resource.type.startswith("azure-native:")}
    assert kinds == {
        "azure-native:resources:ResourceGroup",
        "azure-native:storage:StorageAccount",
        "azure-native:keyvault:Vault",
        "azure-native:operationalinsights:Workspace",
        "azure-native:applicationinsights:Component",
        "azure-native:machinelearningservices:Workspace",
        "azure-native:machinelearningservices:OnlineEndpoint",
        "azure-native:machinelearningservices:OnlineDeployment",
        "azure-native:machinelearningservices:ModelVersion",
        "azure-native:machinelearningservices:CodeVersion",
        "azure-native:machinelearningservices:EnvironmentVersion",
        "azure-native:storage:Blob",
    }
    assert graph.one("EndpointTraffic").inputs["traffic"] == {"blue": 90, "green": 10}
    assert graph.exports["endpoints"]["diabetes-azml-dev"]["deployments"] == {"blue": 90, "green": 10}


def test_dev_and_local_build_the_same_graph(config: dict[str, Any]) -> None:
    """Types and options of every resource agree; only the names of the environment differ."""
    local = yaml.safe_load((ROOT / "local" / "Pulumi.local.yaml").read_text())["config"]
    dev = graph_of(config)
    shell = {"ARM_METADATA_HOSTNAME": "127.0.0.1:18443"}
    here = graph_of(local, project="azml-local", stack="local", environment=shell)
    assert sorted(map(shape, dev.resources)) == sorted(map(shape, here.resources))


def shape(resource: Registration) -> tuple[Any, ...]:
    # A provider's inputs are the settings of its environment.
    inputs = [] if "providers:" in resource.type else sorted(resource.inputs.keys() - {"tags"})
    options = (resource.ignore_changes, resource.delete_before_replace, resource.retain_on_delete)
    return resource.type, inputs, options


def test_defaults_are_secure(config: dict[str, Any]) -> None:
    graph = graph_of(config)
    account = graph.one("StorageAccount").inputs
    assert account["minimumTlsVersion"] == "TLS1_2"
    assert account["allowBlobPublicAccess"] is False
    assert account["enableHttpsTrafficOnly"] is True
    vault = graph.one("Vault").inputs["properties"]
    assert vault["enableRbacAuthorization"] is True
    assert vault["enableSoftDelete"] is True
    assert "enablePurgeProtection" not in vault
    assert graph.of("OnlineEndpoint")[0].inputs["identity"]["type"] == "SystemAssigned"


def test_protect(config: dict[str, Any]) -> None:
    graph = graph_of({**config, "azml:protect": True})
    guarded = {resource.type.split(":")[-1] for resource in graph.resources if resource.protect}
    assert {"ResourceGroup", "StorageAccount", "Vault", "OnlineEndpoint"} <= guarded
    assert "OnlineDeployment" not in guarded
    assert graph.one("Vault").inputs["properties"]["enablePurgeProtection"] is True


def test_the_endpoint_leaves_the_shares_alone(config: dict[str, Any]) -> None:
    endpoint = graph_of(config).one("OnlineEndpoint")
    assert endpoint.ignore_changes == ["properties.traffic", "properties.mirrorTraffic"]
    assert "traffic" not in endpoint.inputs["properties"]


def test_a_change_of_the_endpoint_changes_the_digest_of_the_traffic(config: dict[str, Any]) -> None:
    before = graph_of(config).one("EndpointTraffic").inputs["endpointDigest"]
    config["azml:endpoints"]["diabetes"]["name"] = "diabetes-two"
    assert graph_of(config).one("EndpointTraffic").inputs["endpointDigest"] != before


def test_deployments_wait_for_the_guard_and_traffic_waits_for_deployments(config: dict[str, Any]) -> None:
    graph = graph_of(config)
    for deployment in graph.of("OnlineDeployment"):
        assert any("azml:index:LiveSlots" in urn for urn in deployment.dependencies)
        slot = deployment.inputs["deploymentName"]
        assert (
            deployment.inputs["tags"]["azml-serves"]
            == graph.one("LiveSlots").inputs["serves"][slot]["digest"]
        )
        assert deployment.delete_before_replace
        assert deployment.replace_on_changes == ["properties.instanceType"]
    waits = "".join(graph.one("EndpointTraffic").dependencies)
    assert "diabetes-azml-dev-blue" in waits
    assert "diabetes-azml-dev-green" in waits


def test_a_deployment_names_its_versions(config: dict[str, Any]) -> None:
    graph = graph_of(config)
    green = graph.one("OnlineDeployment", "diabetes-azml-dev-green").inputs["properties"]
    code = graph.one("CodeVersion").inputs
    place = f"{WORKSPACE.format('rg-azml-dev')}/workspaces/mlw-azml-dev"
    assert green["codeConfiguration"]["codeId"] == f"{place}/codes/{code['name']}/versions/{code['version']}"
    assert green["codeConfiguration"]["scoringScript"] == "score.py"
    assert green["endpointComputeType"] == "Managed"
    digest = f"{int(code['version']) - 10**20:016x}"
    assert f"/azml/code/{digest}" in code["properties"]["codeUri"]
    blue = graph.one("OnlineDeployment", "diabetes-azml-dev-blue").inputs["properties"]
    assert "environmentId" not in blue


def test_a_models_place_ends_with_its_root(config: dict[str, Any]) -> None:
    """AZUREML_MODEL_DIR contains the last element of the model's path."""
    graph = graph_of(config)
    blobs = {blob.inputs["blobName"] for blob in graph.of("Blob")}
    for model in graph.of("ModelVersion"):
        place = model.inputs["properties"]["modelUri"].partition("/paths/")[2]
        assert place.startswith(f"azml/models/{model.inputs['version']}/")
        assert any(blob == place or blob.startswith(f"{place}/") for blob in blobs)


def test_versions_and_blobs_outlive_the_stack(config: dict[str, Any]) -> None:
    graph = graph_of(config)
    kept = ("ModelVersion", "CodeVersion", "EnvironmentVersion", "Blob")
    for resource in graph.resources:
        assert resource.retain_on_delete == resource.type.endswith(kept)


def test_a_version_that_is_registered_already_is_adopted(config: dict[str, Any]) -> None:
    """Azure refuses to create it a second time, and a folder that goes back to old content needs it again."""
    graph = graph_of(config)
    assert not any(resource.import_id for resource in graph.resources)
    code = graph.one("CodeVersion").inputs
    again = graph_of(config, registered=(code["name"],))
    adopted = again.one("CodeVersion").import_id
    place = f"{WORKSPACE.format('rg-azml-dev')}/workspaces/mlw-azml-dev"
    assert adopted == f"{place}/codes/{code['name']}/versions/{code['version']}"


def test_two_slots_of_one_content_upload_it_once(config: dict[str, Any]) -> None:
    slots = {"blue": {"file": "green.yml"}, "green": {"file": "green.yml"}}
    config["azml:endpoints"]["diabetes"]["deployments"] = slots
    graph = graph_of(config)
    assert len(graph.of("OnlineDeployment")) == 2
    assert len({version.inputs["version"] for version in graph.of("CodeVersion")}) == 1
    names = [blob.inputs["blobName"] for blob in graph.of("Blob")]
    assert len(names) == len(set(names))


def test_collected_data_goes_to_the_asset_that_is_named(config: dict[str, Any]) -> None:
    place = f"{WORKSPACE.format('rg-azml-dev')}/workspaces/mlw-azml-dev"
    full = f"{place}/data/seen/versions/3"
    data = {
        "plain": None,
        "named": {"name": "seen", "version": "3"},
        "first": {"name": "seen"},
        "id": {"data_id": full},
        "short": "azureml:seen:3",
        "long": f"azureml:{full}",
    }
    collections = {name: {"enabled": "true", "data": one} for name, one in data.items() if one}
    collections["plain"] = {"enabled": "true"}
    slots = config["azml:endpoints"]["diabetes"]["deployments"]
    slots["green"] = {"file": "green.yml", "data_collector": {"collections": collections}}
    made = graph_of(config).one("OnlineDeployment", "diabetes-azml-dev-green").inputs["properties"]
    ids = {name: one.get("dataId") for name, one in made["dataCollector"]["collections"].items()}
    assert ids.pop("plain") is None
    assert ids.pop("first") == f"{place}/data/seen/versions/1"
    assert set(ids.values()) == {full}


def test_files_of_two_models_with_one_version_do_not_meet(config: dict[str, Any]) -> None:
    """Both are version 1 of their own name, and their files have the same names."""
    for slot, model in (("blue", "logistic-regression"), ("green", "support-vector-machine")):
        own = {"path": f"models/{model}", "name": model, "version": "1", "type": "custom_model"}
        config["azml:endpoints"]["diabetes"]["deployments"][slot] = {"file": "green.yml", "model": own}
    graph = graph_of(config)
    places = {model.inputs["properties"]["modelUri"].rsplit("/", 1)[0] for model in graph.of("ModelVersion")}
    assert len(places) == 2
    assert "the model's version '1' is fixed: change it whenever its content changes" in graph.notes


def test_an_existing_workspace_is_used_and_never_declared(config: dict[str, Any]) -> None:
    config["azml:workspace"]["existing"] = True
    graph = graph_of(config)
    kinds = {resource.type.split(":")[1] for resource in graph.resources if "azure-native" in resource.type}
    assert kinds == {"machinelearningservices", "storage"}
    assert not graph.of("StorageAccount")
    assert all(
        resource.name != "mlw-azml-dev" or ":components:" in resource.type for resource in graph.resources
    )
    assert {blob.inputs["containerName"] for blob in graph.of("Blob")} == {"azureml-blobstore-w-1"}
    assert {blob.inputs["resourceGroupName"] for blob in graph.of("Blob")} == {"rg-of-storage"}
    assert graph.one("OnlineEndpoint").inputs["location"] == "northeurope"


def test_existing_parts_below_a_workspace_of_our_own(config: dict[str, Any]) -> None:
    config["azml:workspace"] |= {
        "resourceGroup": {"name": "rg-azml-dev", "existing": True},
        "storageAccount": {"name": "stshared", "existing": True, "resourceGroup": "rg-shared"},
        "keyVault": {"name": "kv-shared", "existing": True},
        "applicationInsights": {"name": "appi-shared", "existing": True},
    }
    graph = graph_of(config)
    for kind in ("ResourceGroup", "StorageAccount", "Vault", "operationalinsights:Workspace"):
        assert not graph.of(kind)
    made = graph.one("machinelearningservices:Workspace").inputs
    assert made["keyVault"] == "/found/getVault"
    assert made["applicationInsights"] == "/found/getComponent"


def test_the_account_is_the_one_azure_native_acts_in(config: dict[str, Any]) -> None:
    graph = graph_of(config)
    assert graph.calls == ["azure-native:authorization:getClientConfig", "azml:index:registeredVersions"]
    assert graph.one("Vault").inputs["properties"]["tenantId"] == TENANT
    for model in graph.of("ModelVersion"):
        assert f"subscriptions/{SUBSCRIPTION}/" in model.inputs["properties"]["modelUri"]


def test_our_plugin_acts_as_azure_native_does(config: dict[str, Any]) -> None:
    """An engine hands a plugin no other's settings, so the program does; what is secret stays so."""
    given = {"clientId": "c-1", "clientSecret": "s3cret", "environment": "china", "useOidc": "true"}
    graph = graph_of({**config, **{f"azure-native:{name}": value for name, value in given.items()}})
    (plugin,) = [each for each in graph.resources if each.type == "pulumi:providers:azml"]
    location = config["azure-native:location"]
    secret = {"value": "s3cret", rpc._special_sig_key: rpc._special_secret_sig}
    assert plugin.inputs == {**given, "clientSecret": secret, "location": location}
    for kind in ("LiveSlots", "EndpointTraffic"):
        assert "pulumi:providers:azml::azml::" in graph.one(kind).provider
    assert "providers:azml" not in graph.one("OnlineEndpoint").provider
