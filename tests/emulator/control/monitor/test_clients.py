"""Azure's own metric clients, unmodified, read what an endpoint was asked."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.monitor.models import Metric, MetricValue
from azure.mgmt.monitor.models import Response as Metrics
from azure.monitor.querymetrics import MetricAggregationType, MetricsClient

from azml.cli.rollouts.sources.traffic_log import QUERY
from azml.emulator.base.identity import SUBSCRIPTION
from tests.fixtures.control_plane import ENDPOINT, GROUP, WORKSPACE
from tests.fixtures.serving_azure import ServingAzure
from tests.fixtures.waiting import eventually

NAMESPACE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shell(serving: ServingAzure, monkeypatch: pytest.MonkeyPatch) -> ServingAzure:
    """The process as a shell that was pointed at the local Azure."""
    for name, value in serving.own("GET", "environment").body.items():
        monkeypatch.setenv(name, value)
    return serving


@pytest.fixture
def monitor(shell: ServingAzure) -> Iterator[MonitorManagementClient]:
    scopes = [f"{shell.url}/.default"]
    with DefaultAzureCredential() as credential:
        client = MonitorManagementClient(
            credential, SUBSCRIPTION, base_url=shell.url, credential_scopes=scopes
        )
        with client:
            yield client


@pytest.fixture
def asked(serving: ServingAzure) -> datetime:
    """When the endpoint began to be asked: 8 good answers, 2 model errors, one of 0.3 s, by three routes."""
    before = datetime.now(UTC)
    for number in range(7):
        serving.score(b'{"x": %d}' % number)
    serving.score(b'{"sleep": 0.3}')
    for _ in range(2):
        assert serving.score(b'{"fail": 1}').status == 424
    assert serving.score(b"x", "raw", headers={"Content-Type": "text/plain"}).status == 200
    return before


def counted(metrics: Metrics, what: str = "total") -> dict[tuple[str, ...], float]:
    """The first metric's series, by the values of their dimensions."""
    found: dict[tuple[str, ...], float] = {}
    for one in metrics.value[0].timeseries:
        key = tuple(str(value.value) for value in one.metadatavalues or [])
        found[key] = sum(getattr(point, what) or 0 for point in one.data or [])
    return found


def test_the_management_client_reads_counts_by_dimension(
    monitor: MonitorManagementClient, asked: datetime
) -> None:
    # Nothing but the test asks the endpoint; the minutes before `asked` count from their begin.
    span = f"{(asked - MINUTE).isoformat()}/{(asked + 5 * MINUTE).isoformat()}"
    before = counted(read(monitor, span, "deployment eq '*' and statusCode eq '*'"))
    assert before["steered", "200"] >= 8
    assert before["steered", "424"] >= 2
    assert before["raw", "200"] >= 1
    only = counted(read(monitor, span, "deployment eq 'steered' and modelStatusCode eq '500'"))
    assert list(only) == [("steered", "500")]
    classes = counted(read(monitor, span, "deployment eq 'steered' and statusCodeClass ne '2xx'"))
    assert list(classes) == [("steered", "4xx")]
    assert classes["steered", "4xx"] == before["steered", "424"]
    whole = counted(read(monitor, span))
    assert whole[()] == sum(before.values())


def test_log_analytics_counts_the_slow_ones_of_a_log_that_it_gets(
    serving: ServingAzure, asked: datetime
) -> None:
    logs = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/traffic"
    serving.done(serving.arm("PUT", logs, {"location": "westeurope", "properties": {}}))
    traffic = {"category": "AmlOnlineEndpointTrafficLog", "enabled": True}
    setting = f"{ENDPOINT}/providers/Microsoft.Insights/diagnosticSettings/traffic"
    serving.done(serving.arm("PUT", setting, {"properties": {"workspaceId": logs, "logs": [traffic]}}))
    workspace, _, name = ENDPOINT.split("/")[-3:]
    text = QUERY.format(
        since=f"{asked - MINUTE:%Y-%m-%dT%H:%M:%SZ}",
        endpoint=name,
        workspace=workspace,
        subscription=SUBSCRIPTION,
        milliseconds="290.000",
    )
    rows = serving.arm("POST", f"{logs}/query", {"query": text}).body["tables"][0]["rows"]
    assert sum(requests for name, _, requests, _ in rows if name == "steered") >= 10
    assert sum(slow for name, _, _, slow in rows if name == "steered") >= 1


def read(monitor: MonitorManagementClient, span: str, filter: str | None = None) -> Metrics:
    found: Metrics = monitor.metrics.list(
        ENDPOINT,
        timespan=span,
        interval="PT1M",
        metricnames="RequestsPerMinute",
        aggregation="Total",
        filter=filter,
    )
    return found


def test_latencies_are_those_that_were_measured(monitor: MonitorManagementClient, asked: datetime) -> None:
    metrics = monitor.metrics.list(
        ENDPOINT,
        timespan=f"{asked.isoformat()}/{(asked + MINUTE).isoformat()}",
        metricnames="RequestLatency,RequestLatency_P50,RequestLatency_P99",
        aggregation="Average,Maximum,Count",
        filter="deployment eq 'steered'",
    )
    mean, p50, p99 = (points(one) for one in metrics.value)
    slowest = max(point.maximum or 0.0 for point in mean)
    assert 300 <= slowest < 5_000
    assert sum(point.count or 0.0 for point in mean) >= 10
    for middle, late in zip(p50, p99, strict=True):
        assert (middle.average or 0.0) <= (late.average or 0.0) <= slowest * 1.011
    assert any(point.average for point in p50)


def points(metric: Metric) -> list[MetricValue]:
    return metric.timeseries[0].data or []


def test_definitions_and_namespaces_are_listed(monitor: MonitorManagementClient) -> None:
    found = {one.name.value: one for one in monitor.metric_definitions.list(ENDPOINT) if one.name}
    assert {"RequestLatency", "RequestLatency_P95", "RequestsPerMinute"} <= set(found)
    assert [one.value for one in found["RequestsPerMinute"].dimensions or ()] == [
        "deployment",
        "statusCode",
        "statusCodeClass",
        "modelStatusCode",
    ]
    assert found["RequestLatency"].unit == "MilliSeconds"
    spaces = list(monitor.metric_namespaces.list(ENDPOINT))
    assert [one.properties.metric_namespace_name for one in spaces if one.properties] == [NAMESPACE]


def test_the_query_client_reads_the_same(
    shell: ServingAzure, monitor: MonitorManagementClient, asked: datetime
) -> None:
    span = (asked - MINUTE, asked + 5 * MINUTE)
    with DefaultAzureCredential() as credential, MetricsClient(shell.url, credential) as client:
        (result,) = client.query_resources(
            resource_ids=[ENDPOINT],
            metric_namespace=NAMESPACE,
            metric_names=["RequestsPerMinute", "RequestLatency_P95"],
            timespan=span,
            granularity=timedelta(minutes=5),
            aggregations=[MetricAggregationType.TOTAL, MetricAggregationType.AVERAGE],
            filter="deployment eq '*'",
        )
    metrics = {one.name: one.timeseries for one in result.metrics}
    requests = {
        (one.metadata_values["deployment"],): sum(point.total or 0 for point in one.data)
        for one in metrics["RequestsPerMinute"]
    }
    # Points of five minutes begin earlier than those of one: the answer's own span is the one to compare.
    assert requests == counted(read(monitor, result.timespan, "deployment eq '*'"))
    assert any(point.average for one in metrics["RequestLatency_P95"] for point in one.data)
    assert result.granularity == timedelta(minutes=5)


def test_what_cannot_be_asked_is_refused_as_azure_does(
    shell: ServingAzure, monitor: MonitorManagementClient
) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"metricnames": "NoSuch"}, "metric: NoSuch, Valid metrics: RequestLatency,"),
        ({"metricnames": "RequestLatency", "filter": "statusCode eq '200'"}, "has no dimension"),
        ({"interval": "PT2M"}, "is not an interval"),
        ({"timespan": "yesterday/today"}, "is not a time"),
    ]
    for arguments, words in wrong:
        with pytest.raises(HttpResponseError, match=words) as refused:
            monitor.metrics.list(ENDPOINT, **arguments)
        assert refused.value.status_code == 400
    with pytest.raises(HttpResponseError) as refused:
        monitor.metrics.list(f"{ENDPOINT}-none")
    assert refused.value.status_code == 404
    with pytest.raises(HttpResponseError, match="has no metrics of") as refused:
        monitor.metrics.list(WORKSPACE)


def test_counts_outlive_a_router_that_is_killed(
    serving: ServingAzure, monitor: MonitorManagementClient, asked: datetime
) -> None:
    span = f"{(asked - MINUTE).isoformat()}/{(asked + 5 * MINUTE).isoformat()}"
    before = counted(read(monitor, span))[()]
    serving.kill_child("emulator.router")
    serving.score(b"{}")
    assert counted(read(monitor, span))[()] == before + 1
    assert time.time() < (asked + 5 * MINUTE).timestamp()


def test_what_a_deployment_uses_is_measured(monitor: MonitorManagementClient, asked: datetime) -> None:
    deployment = f"{ENDPOINT}/deployments/steered"
    used, ready = "CpuUtilizationPercentage,CpuMemoryUtilizationPercentage", "State eq 'Ready'"

    def look() -> dict[str, float] | None:
        span = f"{(asked - MINUTE).isoformat()}/{(asked + 5 * MINUTE).isoformat()}"
        # Of the capacity, not the sum with what is not ready: test_under_load.py adds an instance.
        metrics = [
            monitor.metrics.list(
                deployment, timespan=span, metricnames=names, aggregation="Maximum", filter=state
            )
            for names, state in ((used, None), ("DeploymentCapacity", ready))
        ]
        found = {
            one.name.value: point.maximum
            for answer in metrics
            for one in answer.value
            for point in points(one)
            if point.maximum is not None
        }
        return found if len(found) == 3 else None

    given = eventually(look, 60)
    assert 0 <= given["CpuUtilizationPercentage"] <= 110
    assert 0 < given["CpuMemoryUtilizationPercentage"] < 100
    assert given["DeploymentCapacity"] in (1, 2)  # test_under_load.py has it scaled
