"""Deployments and shares: Azure's rules, steered through a data plane that does as the test says."""

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.control_plane import (
    ENDPOINT,
    WORKSPACE,
    Answer,
    ControlPlane,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.waiting import eventually

BLUE, GREEN = (f"{ENDPOINT}/deployments/{name}" for name in ("blue", "green"))


def state(azure: ControlPlane, path: str) -> str:
    return str(azure.arm("GET", path).body["properties"]["provisioningState"])


def put(azure: ControlPlane, path: str, **properties: Any) -> Answer:
    return azure.arm("PUT", path, deployment_body(**properties))


@pytest.fixture
def blue(workspace: ControlPlane) -> ControlPlane:
    """An endpoint whose blue has all the traffic."""
    workspace.done(put(workspace, BLUE))
    workspace.done(workspace.arm("PUT", ENDPOINT, endpoint_body({"blue": 100})))
    return workspace


def test_a_deployment_gets_its_files_out_of_blobs(workspace: ControlPlane) -> None:
    answer = put(workspace, BLUE, environmentVariables={"A": "1"}, livenessProbe={"period": "PT2S"})
    assert (answer.status, answer.body["properties"]["provisioningState"]) == (201, "Creating")
    workspace.done(answer)
    asked = workspace.dataplane.named("blue")
    model, code = Path(asked["model_folder"]), Path(asked["code_folder"])
    assert (model / "model" / "weights.bin").read_bytes() == b"weights"
    assert (model / "model" / "deep" / "er.txt").read_bytes() == b"deeper"
    assert (code / "score.py").read_bytes() == b"def init(): ..."
    assert asked["conda"] == "dependencies: [python=3.11]"
    assert asked["environment_variables"] == {"A": "1"}
    assert (asked["liveness"]["period"], asked["readiness"]["period"]) == (2.0, 10.0)
    assert workspace.arm("GET", BLUE).body["properties"]["scaleSettings"] == {"scaleType": "Default"}


def test_a_model_that_is_one_file_lies_in_its_folder(workspace: ControlPlane) -> None:
    container = workspace.arm("GET", f"{WORKSPACE}/datastores/workspaceblobstore").body["properties"][
        "containerName"
    ]
    workspace.upload(container, "single/model.joblib", b"one")
    uri = "azureml://datastores/workspaceblobstore/paths/single/model.joblib/"
    version = f"{WORKSPACE}/models/single/versions/1"
    workspace.done(workspace.arm("PUT", version, {"properties": {"modelUri": uri}}))
    workspace.done(put(workspace, BLUE, model=version))
    folder = Path(workspace.dataplane.named("blue")["model_folder"])
    assert (folder / "model.joblib").read_bytes() == b"one"


def test_an_mlflow_model_needs_no_code_and_any_other_does(workspace: ControlPlane) -> None:
    body = deployment_body()
    for name in ("codeConfiguration", "environmentId"):
        del body["properties"][name]
    refused = workspace.arm("PUT", BLUE, body)
    assert (refused.status, refused.code) == (400, "ValidationError")
    uri = workspace.arm("GET", f"{WORKSPACE}/models/m/versions/1").body["properties"]["modelUri"]
    version = f"{WORKSPACE}/models/flow/versions/1"
    kind = {"modelUri": uri, "modelType": "mlflow_model"}
    workspace.done(workspace.arm("PUT", version, {"properties": kind}))
    body["properties"]["model"] = version
    workspace.done(workspace.arm("PUT", BLUE, body))
    assert workspace.dataplane.named("blue")["mlflow"] is True


def test_a_deployment_that_fails_says_why_and_the_next_put_mends_it(workspace: ControlPlane) -> None:
    workspace.dataplane.outcomes["blue"] = "failed"
    ended = workspace.finished(put(workspace, BLUE))
    assert ended["status"] == "Failed"
    assert "ValueError('no model')" in ended["error"]["message"]
    assert state(workspace, BLUE) == "Failed"
    refused = workspace.arm("PUT", ENDPOINT, endpoint_body({"blue": 100}))
    assert (refused.status, refused.code) == (400, "InvalidTraffic")
    workspace.dataplane.outcomes.clear()
    workspace.done(put(workspace, BLUE))
    assert state(workspace, BLUE) == "Succeeded"


def test_a_deployment_without_files_fails_and_names_the_place(workspace: ControlPlane) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/nothing/here"
    version = f"{WORKSPACE}/models/none/versions/1"
    workspace.done(workspace.arm("PUT", version, {"properties": {"modelUri": uri}}))
    ended = workspace.finished(put(workspace, BLUE, model=version))
    assert ended["error"]["code"] == "AssetFilesNotFound"
    assert "nothing/here" in ended["error"]["message"]


def test_while_a_deployment_is_being_made_it_takes_no_other_write(workspace: ControlPlane) -> None:
    workspace.dataplane.outcomes["blue"] = "starting"
    begun = put(workspace, BLUE)
    refused = put(workspace, BLUE)
    assert (refused.status, refused.code) == (409, "AnotherOperationInProgress")
    assert state(workspace, BLUE) == "Creating"
    workspace.dataplane.outcomes["blue"] = "ready"
    workspace.done(begun)
    workspace.done(put(workspace, BLUE))


@pytest.mark.parametrize(
    ("traffic", "mirror"),
    [
        ({"blue": 90}, {}),
        ({"blue": 100, "nobody": 0}, {}),
        ({"blue": 50, "green": 50}, {}),
        ({"blue": 101}, {}),
        ({"blue": 99.5}, {}),
        ({"blue": 100}, {"blue": 10}),
        ({"blue": 100}, {"green": 10}),
    ],
)
def test_shares_that_break_a_rule_change_nothing(
    blue: ControlPlane, traffic: dict[str, object], mirror: dict[str, object]
) -> None:
    calls = len(blue.dataplane.calls)
    refused = blue.arm("PUT", ENDPOINT, endpoint_body(traffic, mirrorTraffic=mirror))
    assert refused.status == 400
    assert blue.arm("GET", ENDPOINT).body["properties"]["traffic"] == {"blue": 100}
    assert len(blue.dataplane.calls) == calls


def test_a_mirror_takes_at_most_half_and_only_one_idle_deployment(blue: ControlPlane) -> None:
    blue.done(put(blue, GREEN))
    for mirror, accepted in (({"green": 51}, False), ({"green": 50}, True)):
        answer = blue.arm("PUT", ENDPOINT, endpoint_body({"blue": 100}, mirrorTraffic=mirror))
        assert (answer.status == 200) is accepted
        if accepted:
            blue.done(answer)
    assert blue.dataplane.endpoints[ENDPOINT.lower()]["mirror_traffic"] == {"green": 50}


def test_a_put_without_traffic_sets_the_shares_to_zero(blue: ControlPlane) -> None:
    blue.done(blue.arm("PUT", ENDPOINT, endpoint_body()))
    assert blue.arm("GET", ENDPOINT).body["properties"]["traffic"] == {}
    assert blue.dataplane.endpoints[ENDPOINT.lower()]["traffic"] == {}


def test_a_deployment_with_traffic_is_not_deleted(blue: ControlPlane) -> None:
    refused = blue.arm("DELETE", BLUE)
    assert (refused.status, refused.code) == (409, "DeploymentHasTraffic")
    blue.done(blue.arm("PUT", ENDPOINT, endpoint_body({})))
    deleted = blue.arm("DELETE", BLUE)
    assert deleted.status == 202
    blue.done(deleted)
    assert blue.arm("GET", BLUE).status == 404
    assert blue.arm("DELETE", BLUE).status == 204
    assert blue.dataplane.deployments == {}


def test_an_endpoint_can_be_put_back_as_it_was_read_after_a_deployment_is_gone(blue: ControlPlane) -> None:
    blue.done(put(blue, GREEN))
    blue.done(blue.arm("PUT", ENDPOINT, endpoint_body({"blue": 100, "green": 0})))
    blue.done(blue.arm("DELETE", GREEN))
    read = blue.arm("GET", ENDPOINT).body
    blue.done(blue.arm("PUT", ENDPOINT, read))
    assert blue.arm("GET", ENDPOINT).body["properties"]["traffic"] == {"blue": 100}


def test_two_deployments_of_the_same_files_made_at_once_share_their_folders(
    workspace: ControlPlane,
) -> None:
    begun = [put(workspace, path) for path in (BLUE, GREEN)]
    for answer in begun:
        workspace.done(answer)
    blue, green = (workspace.dataplane.named(name) for name in ("blue", "green"))
    assert (blue["model_folder"], blue["code_folder"]) == (green["model_folder"], green["code_folder"])


def test_deleting_the_endpoint_takes_its_deployments_along_even_one_being_made(blue: ControlPlane) -> None:
    blue.dataplane.outcomes["green"] = "starting"
    begun = put(blue, GREEN)
    before = len(blue.dataplane.calls)
    blue.done(blue.arm("DELETE", ENDPOINT))
    assert blue.finished(begun)["status"] == "Canceled"
    assert blue.arm("GET", GREEN).status == 404
    assert (blue.dataplane.deployments, blue.dataplane.endpoints) == ({}, {})
    deletes = [call for call in blue.dataplane.calls[before:] if call[0] == "DELETE"]
    assert deletes[0] == ("DELETE", ENDPOINT.lower()), "requests stop before processes do"


def test_an_update_that_fails_keeps_the_shares_of_what_serves(blue: ControlPlane) -> None:
    blue.dataplane.outcomes["blue"] = "failed"
    assert blue.finished(put(blue, BLUE, environmentVariables={"A": "2"}))["status"] == "Failed"
    blue.done(blue.arm("PUT", ENDPOINT, {**endpoint_body({"blue": 100}), "tags": {"a": "b"}}))


def test_the_instance_type_does_not_change_in_place(workspace: ControlPlane) -> None:
    workspace.done(put(workspace, BLUE))
    refused = put(workspace, BLUE, instanceType="Standard_F4s_v2")
    assert (refused.status, refused.code) == (400, "InstanceTypeImmutable")


@pytest.mark.parametrize(
    "change",
    [
        {"capacity": 0},
        {"capacity": 51},
        {"instanceType": None},
        {"model": f"{WORKSPACE}/models/m/versions/9"},
        {"model": "azureml:m:1"},
        {"environmentId": None},
        {"codeConfiguration": {"codeId": f"{WORKSPACE}/codes/c/versions/1"}},
        {"requestSettings": {"requestTimeout": "PT181S"}},
        {"requestSettings": {"requestTimeout": "soon"}},
        {"endpointComputeType": "Kubernetes"},
    ],
)
def test_a_deployment_that_breaks_a_rule_is_refused_before_anything_happens(
    workspace: ControlPlane, change: dict[str, Any]
) -> None:
    assert put(workspace, BLUE, **change).status == 400
    assert workspace.arm("GET", BLUE).status == 404


def test_an_endpoint_has_at_most_20_deployments(workspace: ControlPlane) -> None:
    for number in range(20):
        workspace.done(put(workspace, f"{ENDPOINT}/deployments/slot{number}"))
    refused = put(workspace, f"{ENDPOINT}/deployments/one-more")
    assert (refused.status, refused.code) == (400, "QuotaExceeded")


def test_logs_come_from_the_container_asked_for(workspace: ControlPlane) -> None:
    workspace.done(put(workspace, BLUE))
    asked = {"containerType": "StorageInitializer", "tail": 7}
    content = workspace.arm("POST", f"{BLUE}/getLogs", asked).body["content"]
    assert content == "storage-initializer 7: started\n"


def test_after_a_kill_everything_that_served_is_asked_for_again(blue: ControlPlane) -> None:
    expected = dict(blue.dataplane.deployments), dict(blue.dataplane.endpoints)
    blue.kill()
    blue.dataplane.deployments.clear()
    blue.dataplane.endpoints.clear()
    blue.start()
    eventually(lambda: blue.own("GET", "health").body["restored"])
    assert (blue.dataplane.deployments, blue.dataplane.endpoints) == expected
    asked = [("PUT", BLUE.lower()), ("PUT", "complete")]
    assert blue.dataplane.calls[-2:] == asked, "complete once all is told"
    answer = blue.own("GET", "health").body
    assert (answer["waiting"], answer["lost"]) == ([], [])


def test_what_served_serves_again_before_a_change_goes_on_that_a_kill_interrupted(blue: ControlPlane) -> None:
    """If the change fails, what was there before is still there; and the start is over once that serves."""
    blue.dataplane.outcomes["blue"] = "starting"
    begun = put(blue, BLUE, environmentVariables={"NEW": "1"})
    eventually(lambda: "NEW" in blue.dataplane.named("blue")["environment_variables"])
    blue.kill()
    blue.dataplane.deployments.clear()
    blue.start()
    eventually(lambda: blue.own("GET", "health").body["waiting"] == ["diabetes/blue"])
    eventually(lambda: blue.dataplane.deployments)
    assert "NEW" not in blue.dataplane.named("blue")["environment_variables"]
    blue.dataplane.outcomes.clear()
    blue.done(begun)
    assert "NEW" in blue.dataplane.named("blue")["environment_variables"]


def test_an_operation_that_a_kill_interrupts_goes_on_after_the_start(workspace: ControlPlane) -> None:
    workspace.dataplane.outcomes["blue"] = "starting"
    begun = put(workspace, BLUE)
    eventually(lambda: workspace.dataplane.deployments)
    workspace.kill()
    workspace.dataplane.outcomes.clear()
    workspace.start()
    workspace.done(begun)
    assert state(workspace, BLUE) == "Succeeded"
