"""An Azure workbook with the charts of an endpoint and its deployments."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pulumi
from pulumi_azure_native import applicationinsights

from azml.stack.endpoint.metrics import DEPLOYMENT, METRICS, NAMESPACES
from azml.stack.versions import deployment_id

from .component import Component
from .endpoint import Endpoint

SCHEMA = "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json"
CATEGORIES = {"endpoint": "Traffic", "deployment": "Resource"}
"""The metrics' categories, a part of their names in a workbook."""
CHARTS = (
    ("Requests a minute, by deployment", "RequestsPerMinute", DEPLOYMENT),
    ("Requests a minute, by status", "RequestsPerMinute", "statusCode"),
    ("Latency that 95 of 100 requests stay below, ms", "RequestLatency_P95", DEPLOYMENT),
    ("CPU, percent", "CpuUtilizationPercentage", None),
    ("Memory, percent", "CpuMemoryUtilizationPercentage", None),
    ("Instances", "DeploymentCapacity", "State"),
)
"""Title, metric, and the dimension whose values are lines of their own."""
_TEXT, _METRICS = 1, 10  # types of items
_LINE, _AVERAGE, _FOUR_HOURS = 2, 4, 14_400_000


@dataclass(frozen=True, kw_only=True)
class EndpointWorkbookArgs:
    """The endpoint that the workbook shows."""

    endpoint: Endpoint
    title: str


class EndpointWorkbook(Component):
    """A shared workbook, found under the workspace in the portal."""

    def __init__(
        self, name: str, args: EndpointWorkbookArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("EndpointWorkbook", name, opts)
        endpoint = args.endpoint
        applicationinsights.Workbook(
            name,
            # Azure wants a GUID for a name; this one stays the endpoint's.
            resource_name_=str(uuid5(NAMESPACE_URL, endpoint.arm_id.lower())),
            resource_group_name=endpoint.workspace.resource_group,
            location=endpoint.workspace.location,
            kind="shared",
            category="workbook",
            display_name=args.title,
            # Azure answers it in lower case.
            source_id=endpoint.workspace.arm_id.lower(),
            serialized_data=content(args.title, endpoint.arm_id, list(endpoint.slots)),
            version="Notebook/1.0",
            opts=self._child(pulumi.ResourceOptions(depends_on=[endpoint.resource])),
        )
        self.register_outputs({})


def content(title: str, endpoint_id: str, slots: Sequence[str]) -> str:
    """The workbook's own JSON: a heading, and a chart for each of CHARTS."""
    heading = {"type": _TEXT, "name": "title", "content": {"json": f"## {title}"}}
    charts = [_chart(place, *chart, endpoint_id, slots) for place, chart in enumerate(CHARTS)]
    document = {
        "version": "Notebook/1.0",
        "items": [heading, *charts],
        "fallbackResourceIds": [endpoint_id],
        "$schema": SCHEMA,
    }
    return json.dumps(document, separators=(",", ":"))


def _chart(
    place: int, title: str, metric: str, split: str | None, endpoint_id: str, slots: Sequence[str]
) -> dict[str, Any]:
    scope = METRICS[metric].scope
    namespace = NAMESPACES[scope].lower()
    ids = [endpoint_id] if scope == "endpoint" else [deployment_id(endpoint_id, slot) for slot in slots]
    line: dict[str, Any] = {
        "namespace": namespace,
        "metric": f"{namespace}-{CATEGORIES[scope]}-{metric}",
        "aggregation": _AVERAGE,
        "splitBy": split,
    }
    chart = {
        "version": "MetricsItem/2.0",
        "chartId": f"chart-{place}",
        "title": title,
        "size": 0,
        "chartType": _LINE,
        "resourceType": namespace,
        "metricScope": 0,
        "resourceIds": ids,
        "timeContext": {"durationMs": _FOUR_HOURS},
        "metrics": [line],
        "gridSettings": {"rowLimit": 10_000},
    }
    return {"type": _METRICS, "name": f"chart-{place}", "customWidth": "50", "content": chart}
