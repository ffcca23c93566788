"""The graph the program declares, under Pulumi's mocks."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime import rpc

from azml.file_list import file_list
from tests.components.graph import SUBSCRIPTION, TENANT, Graph, Registration, build
from tests.stack.settings.conftest import engine_config

pytestmark = pytest.mark.process

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
    }
    assert graph.one("EndpointTraffic").inputs["traffic"] == {"blue": 90, "green": 10}
    assert graph.exports["endpoints"]["diabetes-azml-dev"]["deployments"] == {"blue": 90, "green": 10}


def test_every_resource_keeps_its_urn(config: dict[str, Any]) -> None:
    """A stack from before plans nothing: what has another URN is made anew, unless it has an alias."""
    urns = {re.sub(r"[0-9a-f]{16,}", "#", one.urn).split("::", 2)[2] for one in graph_of(config).resources}
    assert urns == set((Path(__file__).parent / "urns.txt").read_text().splitlines())


def test_a_plan_brings_the_container_of_the_journals(config: dict[str, Any]) -> None:
    """In the workspace's own storage, once its role is granted; no share is declared."""
    served = config["azml:endpoints"]["diabetes"]
    served.pop("traffic", None)
    planned = {**config, "azml:endpoints": {"diabetes": {**served, "rollout": "dev"}}}
    graph = graph_of(planned)
    container, account = graph.one("BlobContainer"), graph.one("StorageAccount")
    assert container.inputs["containerName"] == "azml-rollouts"
    assert container.inputs["accountName"] == account.inputs["accountName"]
    assert container.inputs["resourceGroupName"] == account.inputs["resourceGroupName"]
    assert "traffic" not in graph.one("EndpointTraffic").inputs


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


def protected(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same for production: nothing is purged there."""
    place = {key: value for key, value in config["azml:workspace"].items() if key != "purge"}
    return {**config, "azml:workspace": place, "azml:protect": True}


def test_protect(config: dict[str, Any]) -> None:
    graph = graph_of(protected(config))
    guarded = {resource.type.split(":")[-1] for resource in graph.resources if resource.protect}
    assert {"ResourceGroup", "StorageAccount", "Vault", "OnlineEndpoint", "EndpointTraffic"} <= guarded
    assert "OnlineDeployment" not in guarded
    assert graph.one("Vault").inputs["properties"]["enablePurgeProtection"] is True


def test_the_endpoint_leaves_the_shares_alone(config: dict[str, Any]) -> None:
    endpoint = graph_of(config).one("OnlineEndpoint")
    shares = ["properties.traffic", "properties.mirrorTraffic"]
    assert endpoint.ignore_changes == [*shares, "properties.properties"]
    assert "traffic" not in endpoint.inputs["properties"]


def test_what_azure_changes_by_itself_is_ignored(config: dict[str, Any], tmp_path: Path) -> None:
    """The registry, entries of Azure's beside a user's own, and the instances where no file counts them."""
    folder = tmp_path / "diabetes"
    shutil.copytree(ROOT / "scoring" / "diabetes", folder)
    endpoint, green = folder / "endpoint.yml", folder / "green.yml"
    endpoint.write_text(f"{endpoint.read_text()}properties: {{team: a}}\n")
    lines = green.read_text().splitlines(keepends=True)
    green.write_text("".join(line for line in lines if not line.startswith("instance_count")))
    slots = config["azml:endpoints"]["diabetes"]["deployments"]
    slots["green"].pop("instance_count", None)
    config["azml:endpoints"]["diabetes"]["path"] = str(folder)
    graph = graph_of(config)
    assert graph.one("machinelearningservices:Workspace").ignore_changes == ["containerRegistry"]
    own = graph.one("OnlineEndpoint")
    assert own.inputs["properties"]["properties"] == {"team": "a"}
    assert "properties.properties" not in own.ignore_changes
    assert 'properties.properties["azureml.onlineendpointid"]' in own.ignore_changes
    counted, autoscaled = (graph.one("OnlineDeployment", f"{own.name}-{slot}") for slot in ("blue", "green"))
    assert counted.ignore_changes == ["properties.properties"]
    assert autoscaled.ignore_changes == ["sku.capacity", "properties.properties"]
    assert autoscaled.inputs["sku"]["capacity"] == 1


def test_a_resource_that_failed_is_given_a_tag_that_has_it_written_again(config: dict[str, Any]) -> None:
    """So are the shares of its endpoint asserted again, as after every write of it."""
    before = graph_of(config)
    after = graph_of(config, retries={"mlw-azml-dev": "o1", "diabetes-azml-dev": "o2", "green": "o3"})
    assert after.one("machinelearningservices:Workspace").inputs["tags"]["azml-retry"] == "o1"
    assert after.one("OnlineEndpoint").inputs["tags"] == {"azml-retry": "o2"}
    assert after.one("OnlineDeployment", "diabetes-azml-dev-green").inputs["tags"]["azml-retry"] == "o3"
    assert "azml-retry" not in after.one("OnlineDeployment", "diabetes-azml-dev-blue").inputs["tags"]
    digests = [graph.one("EndpointTraffic").inputs["endpointDigest"] for graph in (before, after)]
    assert digests[0] != digests[1]


def test_tags_of_a_policy_are_left_alone_wherever_there_are_tags(config: dict[str, Any]) -> None:
    config.pop("azml:tags", None)
    graph = graph_of({**config, "azml:policyTags": ["cost center"]})
    assert 'tags["cost center"]' in graph.one("OnlineEndpoint").ignore_changes
    assert graph.one("StorageAccount").ignore_changes == ["tags"]
    assert graph.of("ModelVersion")[0].ignore_changes == ["properties"]


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
    uploads = [upload.inputs for upload in graph.of("BundleUpload")]
    blobs = {f"{upload['folder']}/{path}" for upload in uploads for path in file_list(upload["files"])}
    for model in graph.of("ModelVersion"):
        place = model.inputs["properties"]["modelUri"].partition("/paths/")[2]
        assert any(blob == place or blob.startswith(f"{place}/") for blob in blobs)


def test_versions_and_uploads_outlive_the_stack(config: dict[str, Any]) -> None:
    graph = graph_of(config)
    kept = ("ModelVersion", "CodeVersion", "EnvironmentVersion", "BundleUpload")
    for resource in graph.resources:
        assert resource.retain_on_delete == resource.type.endswith(kept)


def test_a_version_that_is_registered_already_is_adopted(config: dict[str, Any]) -> None:
    """Azure refuses to create it a second time, and a folder that goes back to old content needs it again."""
    graph = graph_of(config)
    assert not any(resource.import_id for resource in graph.resources)
    code = graph.one("CodeVersion").inputs
    again = graph_of(config, registered=(f"{code['name']}/versions/{code['version']}",))
    adopted = again.one("CodeVersion").import_id
    place = f"{WORKSPACE.format('rg-azml-dev')}/workspaces/mlw-azml-dev"
    assert adopted == f"{place}/codes/{code['name']}/versions/{code['version']}"


def test_two_slots_of_one_content_upload_it_once(config: dict[str, Any]) -> None:
    slots = {"blue": {"file": "green.yml"}, "green": {"file": "green.yml"}}
    config["azml:endpoints"]["diabetes"]["deployments"] = slots
    graph = graph_of(config)
    assert len(graph.of("OnlineDeployment")) == 2
    assert len({version.inputs["version"] for version in graph.of("CodeVersion")}) == 1
    folders = [upload.inputs["folder"] for upload in graph.of("BundleUpload")]
    assert len(folders) == len(set(folders)) == 2


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
    """Both are version 1 of their own name, and their files have the same names.

    What deserves a look is told once for the endpoint, announced ends of sizes too.
    """
    for slot, model, size in (
        ("blue", "logistic-regression", "DS2_v2"),
        ("green", "support-vector-machine", "F4s_v2"),
    ):
        own = {"path": f"models/{model}", "name": model, "version": "1", "type": "custom_model"}
        slots = config["azml:endpoints"]["diabetes"]["deployments"]
        slots[slot] = {"file": "green.yml", "model": own, "instance_type": f"Standard_{size}"}
    graph = graph_of(config)
    places = {model.inputs["properties"]["modelUri"].rsplit("/", 1)[0] for model in graph.of("ModelVersion")}
    assert len(places) == 2
    (note,) = [note for note in graph.notes if "is fixed" in note]
    assert note == "blue, green: the model's version '1' is fixed: change it whenever its content changes"
    (warning,) = [note for note in graph.notes if "Azure retires" in note]
    blue, green = warning.splitlines()
    assert "blue.instance_type: Standard_DS2_v2: Azure retires the Dsv2 series on 2028-05-01" in blue
    assert "green.instance_type: Standard_F4s_v2: Azure retires the Fsv2 series on 2028-11-15" in green


def test_the_sample_names_nothing_that_ends(config: dict[str, Any]) -> None:
    assert [note for note in graph_of(config).notes if "Azure retire" in note] == []


def test_an_upload_says_nothing_about_this_machine(config: dict[str, Any]) -> None:
    """A clone that lies elsewhere has the same inputs, so nothing is planned in it."""
    graph = graph_of(config)
    for upload in graph.of("BundleUpload"):
        assert str(ROOT) not in json.dumps(upload.inputs)
        assert upload.inputs["folder"].endswith(upload.inputs["digest"])
        assert any("azml:index:RoleGrant" in urn for urn in upload.dependencies)
    (grant,) = graph.of("RoleGrant")
    account = graph.one("StorageAccount").inputs
    assert account["allowSharedKeyAccess"] is True
    assert grant.inputs["scope"].endswith(f"/storageAccounts/{account['accountName']}")
    assert (grant.inputs["role"], grant.inputs["principalId"]) == ("Storage Blob Data Contributor", "o")


def test_without_shared_keys_every_identity_gets_its_role_before_it_is_needed(config: dict[str, Any]) -> None:
    config["azml:workspace"]["sharedKeys"] = False
    graph = graph_of(config)
    assert graph.one("StorageAccount").inputs["allowSharedKeyAccess"] is False
    made = graph.one("machinelearningservices:Workspace")
    assert made.inputs["systemDatastoresAuthMode"] == "Identity"
    grants = {grant.name: grant for grant in graph.of("RoleGrant")}
    assert set(grants) == {
        "Storage Blob Data Contributor for whoever runs the stack",
        "Storage Blob Data Contributor for mlw-azml-dev",
        "Storage File Data Privileged Contributor for mlw-azml-dev",
        "Storage Blob Data Reader for diabetes-azml-dev",
    }
    endpoint = grants["Storage Blob Data Reader for diabetes-azml-dev"].inputs
    assert (endpoint["principalId"], endpoint["principalType"]) == ("p-diabetes-azml-dev", "ServicePrincipal")
    for deployment in graph.of("OnlineDeployment"):
        waits = "".join(deployment.dependencies)
        assert all(name in waits for name in grants if not name.endswith("stack"))
    slots = config["azml:endpoints"]["diabetes"]["deployments"]
    slots["green"] = {"file": "green.yml", "data_collector": {"collections": {"in": {"enabled": "true"}}}}
    assert graph_of(config).one("RoleGrant", "Storage Blob Data Contributor for diabetes-azml-dev")


def test_an_existing_workspace_is_used_and_never_declared(config: dict[str, Any]) -> None:
    config["azml:workspace"] = {"resourceGroup": "rg-azml-dev", "name": "mlw-azml-dev", "existing": True}
    graph = graph_of(config)
    kinds = {resource.type.split(":")[1] for resource in graph.resources if "azure-native" in resource.type}
    assert kinds == {"machinelearningservices"}
    assert not graph.of("StorageAccount")
    assert all(
        resource.name != "mlw-azml-dev" or ":components:" in resource.type for resource in graph.resources
    )
    for upload in graph.of("BundleUpload"):
        assert upload.inputs["container"] == "azureml-blobstore-w-1"
        assert upload.inputs["accountId"].endswith(
            "/rg-of-storage/providers/Microsoft.Storage/storageAccounts/stshared"
        )
        assert upload.inputs["roleGranted"] is False
    assert not graph.of("RoleGrant"), "what others own, others give"
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
    providers = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{{}}/providers"
    assert made["storageAccount"] == f"{providers}/Microsoft.Storage/storageAccounts/stshared".format(
        "rg-shared"
    )
    assert made["keyVault"] == f"{providers}/Microsoft.KeyVault/vaults/kv-shared".format("rg-azml-dev")
    insights = f"{providers}/Microsoft.Insights/components/appi-shared"
    assert made["applicationInsights"] == insights.format("rg-azml-dev")


def test_the_account_is_the_one_azure_native_acts_in(config: dict[str, Any]) -> None:
    graph = graph_of(config)
    assert graph.calls[:2] == ["azure-native:authorization:getClientConfig", "azml:index:liveState"]
    assert set(graph.calls[2:]) == {"azml:index:bundleSources"}
    assert graph.one("Vault").inputs["properties"]["tenantId"] == TENANT
    for model in graph.of("ModelVersion"):
        assert f"subscriptions/{SUBSCRIPTION}/" in model.inputs["properties"]["modelUri"]


@pytest.mark.parametrize(
    ("vault", "known_by"), [({}, "vaultPrefix"), ({"keyVault": "kv-mine"}, "vaultName"), (None, None)]
)
def test_what_bears_the_names_goes_before_they_are_purged(
    config: dict[str, Any], vault: dict[str, str] | None, known_by: str | None
) -> None:
    """And the group after: nothing is purged in a group that is gone. A vault of somebody else's never is."""
    shared = {"name": "kv-shared", "existing": True}
    config["azml:workspace"] |= {"keyVault": shared} if vault is None else vault
    graph = graph_of(config)
    purge = graph.one("PurgeOnDelete")
    assert purge.inputs.keys() - {"workspaceId"} == ({known_by} if known_by else set())
    assert any("ResourceGroup::" in urn for urn in purge.dependencies)
    for kind in ("machinelearningservices:Workspace", *(["Vault"] if known_by else [])):
        assert any("PurgeOnDelete::" in urn for urn in graph.one(kind).dependencies)
    if known_by == "vaultPrefix":
        assert graph.one("Vault").name == purge.inputs["vaultPrefix"]


def test_names_are_purged_only_where_the_stack_says_so(config: dict[str, Any]) -> None:
    del config["azml:workspace"]["purge"]
    assert not graph_of(config).of("PurgeOnDelete")


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
