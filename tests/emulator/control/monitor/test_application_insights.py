"""Telemetry of scoring processes: sent as Microsoft's exporter does it, and found as azml asks for it."""

import json
import uuid
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from azml.azure.arm import Arm
from azml.azure.http import Http
from azml.azure.settings import read_settings
from azml.cli.clone import Clone
from azml.cli.endpoints import telemetry
from azml.cli.endpoints.telemetry import REQUESTS, TRACES
from azml.cli.stacks.stacks import Connection, Stack, WorkspaceName
from azml.emulator.control.monitor.telemetry import KEPT, MESSAGE_LIMIT
from tests.fixtures.control_plane import (
    ENDPOINT,
    INSIGHTS,
    LOGS,
    WORKSPACE,
    Answer,
    build_assets,
    build_insights,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.in_process import InProcessAzure
from tests.fixtures.serving_azure import ServingAzure

NOON = "2026-11-26T12:00:00.{}Z"


def test_a_request_is_found_with_what_its_script_printed(
    serving: ServingAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Microsoft's inference server to the lines of `azml invoke --traces`."""
    monkeypatch.setattr(telemetry, "REQUEST_SECONDS", 60.0)
    for name, value in serving.own("GET", "environment").body.items():
        monkeypatch.setenv(name, value)
    _, _, subscription, _, group, *_, workspace = WORKSPACE.split("/")
    settings, own, sent = read_settings(), str(uuid.uuid4()), datetime.now(UTC)
    named = WorkspaceName(subscription, group, workspace)
    headers = {"Content-Type": "application/json", "x-ms-client-request-id": own}
    body = json.dumps({"data": [[1, 2]], "factor": 731}).encode()
    assert serving.score(body, "typed", headers=headers).status == 200
    with closing(Http()) as http:
        connection = Connection(
            Stack(Clone(Path("/nowhere")), "dev"), named, Arm(settings, http=http), settings
        )
        pause = partial(connection.arm.pause, 0.2)
        head, *traces = telemetry.arrived(telemetry.find(connection), own, sent, pause, 20.0)
    assert " status 200, 00:00:0" in head
    assert traces == ["factor 731"]


@pytest.fixture
def azure(inside: InProcessAzure) -> InProcessAzure:
    build_workspace(inside)
    build_insights(inside)
    return inside


def key(azure: InProcessAzure) -> str:
    return str(azure.arm("GET", INSIGHTS).body["properties"]["InstrumentationKey"])


def item(key: str, kind: str, at: str, role: str = "blue", **base: Any) -> dict[str, Any]:
    """An item as the exporter sends it, shortened to what is read."""
    tags = {"ai.cloud.role": role, "ai.cloud.roleInstance": "vm"}
    return {"iKey": key, "time": at, "tags": tags, "data": {"baseType": kind, "baseData": base}}


def track(azure: InProcessAzure, items: Any, **headers: str) -> Answer:
    return azure.send("POST", "/v2.1/track", json.dumps(items).encode(), headers)


def traces(azure: InProcessAzure, logs: str = LOGS, role: str = "blue") -> list[str]:
    """What was traced within two seconds from noon."""
    span = {"start": NOON.format(0), "end": "2026-11-26T12:00:02Z"}
    query = TRACES.format(**span, component=INSIGHTS.upper(), role=role, instance="vm")
    answer = azure.arm("POST", f"{logs}/query", {"query": query})
    assert answer.status == 200, answer.raw
    return [row[1] for row in answer.body["tables"][0]["rows"]]


def test_a_deployment_sends_to_its_workspace_s_component_or_nowhere(azure: InProcessAzure) -> None:
    """The address is that of this start: a connection string of the last one may name another port."""
    build_assets(azure)
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body()))
    place = f"{ENDPOINT}/deployments/blue"
    azure.done(azure.arm("PUT", place, deployment_body()))
    assert azure.dataplane.named("blue")["insights"] is None
    azure.done(azure.arm("PUT", place, deployment_body(appInsightsEnabled=True)))
    given = azure.dataplane.named("blue")["insights"]
    assert given == {"key": key(azure), "endpoint": f"{azure.url}/"}
    shown = azure.arm("GET", INSIGHTS).body["properties"]["ConnectionString"]
    here = f"IngestionEndpoint={azure.url}/;LiveEndpoint={azure.url}/"
    assert shown.startswith(f"InstrumentationKey={key(azure)};{here};ApplicationId=")


def test_traces_are_found_by_instance_and_time_in_the_workspace_they_go_to(azure: InProcessAzure) -> None:
    own = key(azure)
    sent = [
        item(own, "MessageData", NOON.format(2), message="second"),
        item(own, "MessageData", NOON.format(1), message="first"),
        item(own, "MessageData", NOON.format(3), "green", message="another's"),
        item(own, "MessageData", "2026-11-26T12:00:03Z", message="later"),
        item(own, "MessageData", NOON.format(4), message="x" * (MESSAGE_LIMIT + 1)),
        item(own, "MetricData", NOON.format(1), metrics=[]),
    ]
    answer = track(azure, sent)
    assert (answer.status, answer.body) == (200, {"itemsReceived": 6, "itemsAccepted": 6, "errors": []})
    assert traces(azure) == ["first", "second", "x" * MESSAGE_LIMIT]
    assert traces(azure, role="green") == ["another's"]
    other = f"{LOGS}2"
    azure.done(azure.arm("PUT", other, {"location": "westeurope", "properties": {}}))
    assert traces(azure, other) == []
    track(azure, [item(own, "MessageData", NOON.format(5), message="m")] * KEPT)
    assert set(traces(azure)) == {"m"}, "the oldest go first"


def test_a_request_is_found_by_the_id_its_client_gave_it(azure: InProcessAzure) -> None:
    properties = {"Client Request Id": "mine", "start_time": NOON.format(0), "resultCode": "200"}
    track(azure, item(key(azure), "RequestData", NOON.format(1), name="/score", properties=properties))
    for request, since, found in (
        ("mine", NOON.format(0), 1),
        ("yours", NOON.format(0), 0),
        ("mine", "2026-11-26T12:00:01Z", 0),
    ):
        query = REQUESTS.format(since=since, component=INSIGHTS, request=request)
        rows = azure.arm("POST", f"{LOGS}/query", {"query": query}).body["tables"][0]["rows"]
        assert len(rows) == found
        assert all(row == [NOON.format("100000"), NOON.format(0), "200", "", "blue", "vm"] for row in rows)


def test_what_is_no_telemetry_is_refused(azure: InProcessAzure) -> None:
    good = item(key(azure), "MessageData", NOON.format(1), message="m")
    unknown, late = {**good, "iKey": str(uuid.uuid4())}, {**good, "time": "yesterday"}
    answer = track(azure, [good, unknown, late, 7])
    assert (answer.status, answer.body["itemsAccepted"]) == (206, 1)
    assert [(one["index"], one["message"]) for one in answer.body["errors"]] == [
        (1, "Invalid instrumentation key"),
        (2, "Invalid item"),
        (3, "Invalid instrumentation key"),
    ]
    assert track(azure, unknown).status == 400
    assert azure.send("POST", "/v2/track", b"{").status == 400
    assert track(azure, good, **{"Content-Encoding": "gzip"}).status == 415
    azure.done(azure.arm("DELETE", INSIGHTS))
    assert track(azure, good).status == 400
