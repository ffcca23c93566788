"""Today's traffic of an endpoint, as Azure Monitor counts it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from azml.azure.errors import AzureError
from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import CommandError, InputError
from azml.cli.stacks import names, stacks
from azml.cli.stacks.stacks import Connection, Stack
from azml.stack.stack_file import StackEndpoint

METRICS_VERSION = "2024-02-01"
"""Of Azure Monitor's metrics."""
MINUTES = 60
"""Over which today's traffic is measured."""


@dataclass(frozen=True)
class Today:
    """An endpoint as it was found, by this connection, and its requests a minute of the last hour."""

    connection: Connection
    endpoint: OnlineEndpoint
    per_minute: float


def rate(stack: Stack, declared: StackEndpoint, said: float | None) -> float:
    """The endpoint's requests a minute: what a person `said`, else Azure Monitor's of the last hour.

    Raises InputError as `today` does.
    """
    return today(stack, declared).per_minute if said is None else said


def today(stack: Stack, declared: StackEndpoint) -> Today:
    """The endpoint with its traffic, as Azure Monitor counts it.

    Raises InputError, with the option that says the traffic, where it cannot be read.
    """
    try:
        connection = stacks.connect(stack)
        found = endpoints.read(connection, names.azure_name(declared))
        path = f"{found.id}/providers/Microsoft.Insights/metrics"
        answer = connection.arm.get(path, METRICS_VERSION, query(datetime.now(UTC))) or {}
    except (CommandError, AzureError) as failed:
        raise InputError(
            f"the traffic of {declared.key} cannot be read: {failed}", "say it: --requests-per-minute N"
        ) from failed
    return Today(connection, found, requests_in(answer) / MINUTES)


def query(now: datetime) -> dict[str, str]:
    """What Azure Monitor is asked for the requests of the last hour, minute by minute."""
    start = now - timedelta(minutes=MINUTES)
    return {
        "timespan": f"{start:%Y-%m-%dT%H:%M:%SZ}/{now:%Y-%m-%dT%H:%M:%SZ}",
        "metricnames": "RequestsPerMinute",
        "aggregation": "Total",
        "interval": "PT1M",
    }


def requests_in(answer: dict[str, Any]) -> float:
    """All requests in an answer of Azure Monitor's; a minute without requests has no value."""
    series = [one for metric in answer.get("value") or () for one in metric.get("timeseries") or ()]
    return float(sum(point.get("total") or 0 for one in series for point in one.get("data") or ()))
