"""The data collector of a deployment that serves, payloads and a script's own collections, seen as blobs."""

import json
import re
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.azure.http import Http
from azml.azure.settings import read_settings
from azml.cli.clone import Clone
from azml.cli.rollouts.sources.collected import bodies
from azml.cli.stacks.stacks import Connection, Stack, WorkspaceName
from tests.fixtures.control_plane import ENDPOINT, WORKSPACE, deployment_body
from tests.fixtures.serving_azure import ServingAzure, put_mlflow_model
from tests.fixtures.waiting import eventually

ROOT = "modelDataCollector/diabetes/steered"


def collected(azure: ServingAzure, place: str) -> list[dict[str, Any]]:
    """Every record below a place, as `steered/request`."""
    found = azure.blobs(f"modelDataCollector/diabetes/{place}/")
    texts = [text for name, text in found.items() if name.endswith(".jsonl")]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def records(azure: ServingAzure, collection: str, request_id: str) -> list[dict[str, Any]]:
    """The records of one prediction, as soon as there are any."""

    def look() -> list[dict[str, Any]]:
        found = collected(azure, f"steered/{collection}")
        return [one for one in found if one.get("xrequestid") == request_id]

    return list(eventually(look))


def test_payloads_are_collected_as_azure_writes_them(serving: ServingAzure) -> None:
    headers = {"x-request-id": "ignored", "x-ms-client-request-id": "mi.ne", "x-said": "hello"}
    answer = serving.score(b'{"x": [1,  2]}', headers=headers)
    assert answer.status == 200
    name = answer.headers["x-request-id"]
    (request,) = records(serving, "request", name)
    (response,) = records(serving, "response", name)
    now = datetime.now(UTC)
    assert abs((now - datetime.fromisoformat(request.pop("time"))).total_seconds()) < 60
    assert uuid.UUID(request.pop("id"))
    assert request == {
        "specversion": "1.0",
        "source": f"{ENDPOINT}/deployments/steered",
        "type": "azureml.inference.request",
        "datacontenttype": "application/json",
        "data": {"x": [1, 2]},
        "path": "/score",
        "method": "POST",
        "contentrange": "bytes 0-13/14",
        "correlationid": "mine",
        "xrequestid": name,
        "x-said": "hello",
    }
    assert response["data"] == {"asked": {"x": [1, 2]}}
    assert response["type"] == "azureml.inference.response"
    assert "path" not in response
    pattern = rf"{ROOT}/request/\d{{4}}/\d\d/\d\d/\d\d/[0-9a-f-]{{36}}\.jsonl"
    assert any(re.fullmatch(pattern, blob) for blob in serving.blobs(f"{ROOT}/request/"))


def test_a_rollout_finds_the_newest_requests(serving: ServingAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in serving.own("GET", "environment").body.items():
        monkeypatch.setenv(name, value)
    for body in (b'{"newest": 1}', b'{"newest": 2}'):
        records(serving, "request", serving.score(body, "steered").headers["x-request-id"])
    _, _, subscription, _, group, *_, workspace = WORKSPACE.split("/")
    settings = read_settings()
    stack = Stack(Clone(Path("/nowhere")), "dev")
    named = WorkspaceName(subscription, group, workspace)
    with closing(Http()) as http:
        connection = Connection(stack, named, Arm(settings, http=http), settings)
        found = bodies(connection, "diabetes", "steered", 2)
    assert found == [b'{"newest":2}', b'{"newest":1}']


def test_keys_are_in_no_record(serving: ServingAzure) -> None:
    name = serving.score(b"{}").headers["x-request-id"]
    records(serving, "request", name)
    assert not [blob for blob, text in serving.blobs(ROOT).items() if serving.key.encode() in text]


def test_a_script_collects_data_frames_of_its_own(serving: ServingAzure) -> None:
    """With azureml-ai-monitoring as it is, in the deployment's own environment."""
    name = str(uuid.uuid4())
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    answer = serving.score(json.dumps({"collect": rows, "id": name}).encode())
    assert answer.status == 200, answer.raw
    (record,) = records(serving, "model_inputs", name)
    assert record["data"] == rows
    assert record["type"] == "azureml.inference.model_inputs"
    assert record["correlationid"] == name
    assert record["collectdatatype"] in ("pandas.DataFrame", "pandas.core.frame.DataFrame")
    assert record["agent"].startswith("azureml-ai-monitoring/")


def test_a_model_without_code_collects_its_tables_by_itself(serving: ServingAzure) -> None:
    put_mlflow_model(serving, "doubling")
    collections = {name: {"dataCollectionMode": "Enabled"} for name in ("model_inputs", "model_outputs")}
    asked = deployment_body(
        model=f"{WORKSPACE}/models/doubling/versions/1", dataCollector={"collections": collections}
    )
    for absent in ("environmentId", "codeConfiguration"):
        del asked["properties"][absent]
    begun = serving.arm("PUT", f"{ENDPOINT}/deployments/doubling", asked)
    assert serving.finished(begun, 240)["status"] == "Succeeded", serving.log
    body = {"input_data": {"columns": ["x"], "data": [[1], [2]]}}
    assert serving.score(json.dumps(body).encode(), "doubling").raw == b"[2.0, 4.0]"
    (inputs,) = eventually(lambda: collected(serving, "doubling/model_inputs"))
    (outputs,) = eventually(lambda: collected(serving, "doubling/model_outputs"))
    assert inputs["data"] == [{"x": 1.0}, {"x": 2.0}]
    assert [list(row.values()) for row in outputs["data"]] == [[2.0], [4.0]]
    assert inputs["correlationid"] == outputs["correlationid"]


def test_a_body_that_is_no_json_is_a_blob_of_its_own(serving: ServingAzure) -> None:
    answer = serving.score(b"\x00\xffbinary", headers={"Content-Type": "image/png"})
    name = answer.headers["x-request-id"]
    (record,) = records(serving, "request", name)
    assert (record["datacontenttype"], record["datainblob"]) == ("image/png", "true")
    folder = record["data"].partition(f"/{serving.container}/")[2]
    assert serving.blobs(folder) == {folder: b"\x00\xffbinary"}


def test_a_deployment_that_asked_for_nothing_is_not_collected(serving: ServingAzure) -> None:
    serving.score(b"x", "raw")
    name = serving.score(b"{}").headers["x-request-id"]
    records(serving, "request", name)
    assert serving.blobs("modelDataCollector/diabetes/raw") == {}


def test_settings_that_cannot_be_obeyed_are_refused(serving: ServingAzure) -> None:
    shown = serving.arm("GET", f"{ENDPOINT}/deployments/steered").body
    for wrong, code in (
        ({"collections": {}, "rollingRate": "Fortnight"}, "InvalidRequestContent"),
        (
            {"collections": {"request": {"dataCollectionMode": "Enabled", "samplingRate": 30}}},
            "ValidationError",
        ),
    ):
        body = {**shown, "properties": {**shown["properties"], "dataCollector": wrong}}
        answer = serving.arm("PUT", f"{ENDPOINT}/deployments/steered", body)
        assert (answer.status, answer.code) == (400, code)


def test_the_data_assets_of_collections_are_registered_as_azure_ai_ml_does(serving: ServingAzure) -> None:
    place = f"{WORKSPACE}/data/diabetes-steered-request/versions/1"
    properties = {
        "dataType": "uri_folder",
        "dataUri": f"azureml://datastores/workspaceblobstore/paths/{ROOT}/request",
    }
    assert serving.arm("PUT", place, {"properties": properties}).status == 201
    assert serving.arm("PUT", place, {"properties": properties}).status == 200
    moved = {**properties, "dataUri": "azureml://datastores/workspaceblobstore/paths/else"}
    assert serving.arm("PUT", place, {"properties": moved}).status == 400
