"""Azure Monitor's metrics of an online endpoint, minute by minute and deployment by deployment.

Metrics and dimensions: learn.microsoft.com, "Supported metrics for
Microsoft.MachineLearningServices/workspaces/onlineEndpoints". The local Azure answers the same request.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azml.azure.errors import AzureError
from azml.cli.endpoints.todays_traffic import METRICS_VERSION
from azml.cli.stacks.stacks import Connection
from azml.rollout.driving.ports import Unavailable

MINUTE = 60
MOST_SERIES = 1000
"""Azure Monitor leaves out all but ten series unless it is asked for more."""
REQUESTS = "RequestsPerMinute"
LATENCY = "RequestLatency_P{percent}"


@dataclass(frozen=True)
class Point:
    """A metric's value in the minute that begins at `minute` (unix seconds); dimensions in lower case."""

    minute: int
    deployment: str
    status: str
    value: float


def requests(connection: Connection, endpoint_id: str, since: float, until: float) -> list[Point]:
    """How many requests each deployment answered with each status. Raises Unavailable."""
    asked = _query(since, until, REQUESTS, "Total", "deployment eq '*' and statusCode eq '*'")
    return list(points(_answer(connection, endpoint_id, asked), "total"))


def latencies(
    connection: Connection, endpoint_id: str, percent: int, since: float, until: float
) -> list[Point]:
    """A percentile of each deployment's latency, in seconds. Raises Unavailable."""
    asked = _query(since, until, LATENCY.format(percent=percent), "Average", "deployment eq '*'")
    found = points(_answer(connection, endpoint_id, asked), "average")
    return [Point(one.minute, one.deployment, one.status, one.value / 1000) for one in found]


def points(answer: Mapping[str, Any], aggregation: str) -> Iterator[Point]:
    """The values in an answer; a minute without a value is not there."""
    for metric in answer.get("value") or ():
        for series in metric.get("timeseries") or ():
            names = {
                str((one.get("name") or {}).get("value")).lower(): str(one.get("value"))
                for one in series.get("metadatavalues") or ()
            }
            deployment, status = names.get("deployment", "").lower(), names.get("statuscode", "")
            for point in series.get("data") or ():
                if point.get(aggregation) is not None:
                    yield Point(
                        seconds_of(str(point["timeStamp"])), deployment, status, float(point[aggregation])
                    )


def _query(since: float, until: float, metric: str, aggregation: str, dimensions: str) -> dict[str, str]:
    first, last = (datetime.fromtimestamp(moment, UTC) for moment in (since // MINUTE * MINUTE, until))
    return {
        "timespan": f"{first:%Y-%m-%dT%H:%M:%SZ}/{last:%Y-%m-%dT%H:%M:%SZ}",
        "metricnames": metric,
        "aggregation": aggregation,
        "interval": "PT1M",
        "$filter": dimensions,
        "top": str(MOST_SERIES),
    }


def _answer(connection: Connection, endpoint_id: str, query: Mapping[str, str]) -> dict[str, Any]:
    try:
        found = connection.arm.get(
            f"{endpoint_id}/providers/Microsoft.Insights/metrics", METRICS_VERSION, query
        )
    except AzureError as failed:
        raise Unavailable(f"Azure Monitor did not answer: {failed}") from failed
    if found is None:
        raise Unavailable("Azure Monitor knows no such endpoint")
    return found


def seconds_of(text: str) -> int:
    """A time as Azure writes it, in whole unix seconds."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
