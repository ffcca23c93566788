"""The metrics of online endpoints that alerts and autoscale rules may use.

Source: "Supported metrics for Microsoft.MachineLearningServices/workspaces/onlineEndpoints" and the same for
its deployments. Azure has more (connections, network, GPU, disk); these are the ones that the local Azure
measures too, so that a rule can be seen to act before it is trusted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Scope = Literal["endpoint", "deployment"]
ENDPOINT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
NAMESPACES: Mapping[Scope, str] = {"endpoint": ENDPOINT, "deployment": f"{ENDPOINT}/deployments"}
"""The metric namespace of each scope."""
DEPLOYMENT = "deployment"
"""The dimension by which metrics of an endpoint are those of one deployment."""
AGGREGATIONS = ("Average", "Minimum", "Maximum")
"""The aggregations of the metrics of a deployment; those of an endpoint have the average alone."""


@dataclass(frozen=True)
class Metric:
    """A metric: where it is measured, its unit, its dimensions besides the deployment, its aggregations."""

    name: str
    scope: Scope
    unit: str
    dimensions: tuple[str, ...] = ()
    aggregations: tuple[str, ...] = AGGREGATIONS


def _latency(name: str) -> Metric:
    return Metric(name, "endpoint", "ms", aggregations=("Average",))


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _latency("RequestLatency"),
        *(_latency(f"RequestLatency_P{percent}") for percent in (50, 90, 95, 99)),
        Metric(
            "RequestsPerMinute",
            "endpoint",
            "requests a minute",
            ("statusCode", "statusCodeClass", "modelStatusCode"),
            ("Average",),
        ),
        Metric("CpuUtilizationPercentage", "deployment", "percent", ("instanceId",)),
        Metric("CpuMemoryUtilizationPercentage", "deployment", "percent", ("instanceId",)),
        Metric("DeploymentCapacity", "deployment", "instances", ("State",)),
    )
}
"""By name."""
