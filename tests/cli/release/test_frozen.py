"""A frozen file says what serves, in words the loader reads back to the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.release.frozen import as_file, frozen, read_spec, reference
from azml.cli.stacks.stacks import WorkspaceName
from azml.specs import (
    AssetReference,
    DeploymentSpec,
    ProbeSettings,
    RequestSettings,
    load_deployment,
)

WORKSPACE = WorkspaceName("00000000-0000-0000-0000-000000000001", "rg", "ws")


def test_a_frozen_file_reads_back_to_what_serves(tmp_path: Path) -> None:
    live = _live(
        model=f"{WORKSPACE.id}/models/diabetes-green/versions/0a1b",
        codeConfiguration={"codeId": f"{WORKSPACE.id}/codes/code/versions/2c", "scoringScript": "score.py"},
        environmentId=f"{WORKSPACE.id}/environments/env/versions/3d",
        environmentVariables={"LEVEL": "1"},
        requestSettings={"requestTimeout": "PT10S", "maxConcurrentRequestsPerInstance": 4},
        livenessProbe={"initialDelay": "PT1M", "period": "PT10S", "failureThreshold": 30},
        startupProbe={"initialDelay": "PT10M", "period": "PT5S"},
    )
    spec = read_spec(_endpoint(live), live, None)
    (tmp_path / "frozen.yml").write_text(as_file(spec))
    read = load_deployment(tmp_path / "frozen.yml")
    assert read == spec
    assert read.model == AssetReference("diabetes-green", "0a1b")
    assert read.request_settings == RequestSettings(10_000, 4)
    assert read.liveness_probe == ProbeSettings(60, 10, failure_threshold=30)
    assert read.startup_probe == ProbeSettings(600, 5)
    assert read.instance_count == 3
    assert read.tags == {"team": "a"}


def test_a_model_without_code_is_frozen_without_code(tmp_path: Path) -> None:
    live = _live(model=f"{WORKSPACE.id}/models/m/versions/1")
    text = as_file(read_spec(_endpoint(live), live, None))
    assert "code" not in text
    assert "environment" not in text
    assert "probe" not in text
    assert "request_settings" not in text


def test_defaults_that_azure_filled_in_do_not_appear_where_the_file_left_them_out() -> None:
    live = _live(
        requestSettings={
            "requestTimeout": "PT5S",
            "maxConcurrentRequestsPerInstance": 1,
            "maxQueueWait": "PT0.5S",
        },
        scaleSettings={"scaleType": "Default"},
        egressPublicNetworkAccess="Enabled",
    )
    spec = read_spec(_endpoint(live), live, DeploymentSpec("blue", "diabetes"))
    assert spec.request_settings is None
    assert spec.scale_settings is None
    assert spec.egress_public_network_access is None


def test_the_files_own_words_are_kept_when_they_say_the_same() -> None:
    own = RequestSettings(request_timeout_ms=5_000)
    live = _live(requestSettings={"requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1})
    spec = read_spec(_endpoint(live), live, DeploymentSpec("blue", "diabetes", request_settings=own))
    assert spec.request_settings == own


def test_what_serves_wins_over_a_file_that_has_moved_on() -> None:
    moved = RequestSettings(request_timeout_ms=90_000)
    live = _live(requestSettings={"requestTimeout": "PT20S"})
    spec = read_spec(_endpoint(live), live, DeploymentSpec("blue", "diabetes", request_settings=moved))
    assert spec.request_settings == RequestSettings(20_000)


def test_what_azure_has_added_is_left_out_unless_it_is_the_users_own() -> None:
    live = _live(
        environmentVariables={
            "LEVEL": "1",
            "AML_APP_ROOT": "/var/azureml-app/src",
            "AZUREML_ENTRY_SCRIPT": "score.py",
            "AZUREML_MODEL_DIR": "/mine",
        },
        properties={"team": "a", "AzureAsyncOperationUri": "https://azure/operations/o1", "createdBy": "me"},
    )
    filed = DeploymentSpec(
        "blue",
        "diabetes",
        environment_variables={"AZUREML_MODEL_DIR": "/mine"},
        properties={"createdBy": "me"},
    )
    spec = read_spec(_endpoint(live), live, filed)
    assert spec.environment_variables == {"LEVEL": "1", "AZUREML_MODEL_DIR": "/mine"}
    assert spec.properties == {"team": "a", "createdBy": "me"}
    without = read_spec(_endpoint(live), live, None)
    assert without.environment_variables == {"LEVEL": "1"}
    assert without.properties == {"team": "a"}
    assert spec.tags == {"team": "a"}, "neither of the stack's own tags"


def test_instances_that_the_file_leaves_to_azure_are_not_pinned() -> None:
    live = _live()
    autoscaled = DeploymentSpec("blue", "diabetes")
    assert read_spec(_endpoint(live), live, autoscaled).instance_count is None
    assert read_spec(_endpoint(live), live, replace(autoscaled, instance_count=1)).instance_count == 3
    assert read_spec(_endpoint(live), live, None).instance_count == 3


def test_how_kubernetes_scales_by_default_does_not_appear_where_the_file_left_it_out() -> None:
    scaling = {
        "scaleType": "TargetUtilization",
        "minInstances": 1,
        "maxInstances": 1,
        "pollingInterval": "PT1S",
        "targetUtilizationPercentage": 70,
    }
    live = _live(endpointComputeType="Kubernetes", scaleSettings=scaling)
    assert read_spec(_endpoint(live), live, DeploymentSpec("blue", "diabetes")).scale_settings is None


@pytest.mark.parametrize(
    ("asset", "written"),
    [
        (f"{WORKSPACE.id}/models/m/versions/7", "azureml:m:7"),
        (
            "azureml://registries/azureml/models/m/versions/7",
            "azureml://registries/azureml/models/m/versions/7",
        ),
    ],
)
def test_an_asset_of_the_workspace_is_named_shortly_and_another_in_full(asset: str, written: str) -> None:
    assert str(reference(asset)) == written


def test_a_frozen_file_is_told_by_its_folder() -> None:
    assert frozen("releases/0a1b2c3d.yml")
    assert not frozen("deployment.yml")
    assert not frozen("my-releases/blue.yml")


def _live(**properties: Any) -> OnlineDeployment:
    tags = {"azml-serves": "abc", "azml-retry": "o1", "team": "a"}
    body = {"endpointComputeType": "Managed", "instanceType": "Standard_DS2_v2", **properties}
    return OnlineDeployment("blue", "Succeeded", "Standard_DS2_v2", 3, tags, body)


def _endpoint(live: OnlineDeployment) -> OnlineEndpoint:
    return OnlineEndpoint(
        WORKSPACE, "diabetes", "Succeeded", "Key", "https://127.0.0.1/score", {"blue": 100}, {}, (live,), {}
    )
