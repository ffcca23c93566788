"""The available metrics, and how Azure Monitor describes them.

Source: "Supported metrics for Microsoft.MachineLearningServices/workspaces/onlineEndpoints" and the same for
its deployments. Only what is measured here is listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from azml.emulator.contract.answer_counts import PERCENTILES
from azml.emulator.control.arm.json import Json
from azml.emulator.control.monitor.query import AGGREGATIONS, GRAINS

ENDPOINT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
DEPLOYMENT = f"{ENDPOINT}/deployments"
RETENTION = "P7D"
SPREAD = ("Average", "Minimum", "Maximum")


@dataclass(frozen=True)
class Definition:
    """One metric. With `adds_up`, the values of one minute for different dimensions are added up.

    `documented` are the aggregations that Azure's page lists: alerts and autoscale rules may use no others.
    """

    name: str
    display: str
    unit: str
    category: str
    description: str
    dimensions: tuple[str, ...] = ()
    adds_up: bool = False
    documented: tuple[str, ...] = ("Average",)

    def to_json(self, resource: str, namespace: str) -> Json:
        """The definition as Azure Monitor lists it."""
        availabilities = [{"timeGrain": grain, "retention": RETENTION} for grain in GRAINS]
        return {
            "id": f"{resource}/providers/microsoft.insights/metricdefinitions/{self.name}",
            "resourceId": resource,
            "namespace": namespace,
            "category": self.category,
            "name": localized(self.name, self.display),
            "displayDescription": self.description,
            "isDimensionRequired": False,
            "unit": self.unit,
            "primaryAggregationType": "Average",
            "supportedAggregationTypes": list(AGGREGATIONS),
            "metricAvailabilities": availabilities,
            "dimensions": [localized(dimension) for dimension in self.dimensions],
        }


def localized(value: str, shown: str | None = None) -> Json:
    """A name as Azure Monitor writes it."""
    return {"value": value, "localizedValue": shown or value}


def _percentiles(*dimensions: str) -> tuple[Definition, ...]:
    return tuple(
        Definition(
            f"RequestLatency_P{percent}",
            f"Request Latency P{percent}",
            "MilliSeconds",
            "Traffic",
            f"The average P{percent} request latency aggregated by all request latency values collected over "
            "the selected time period",
            dimensions,
        )
        for percent in PERCENTILES
    )


_OF_ENDPOINTS = (
    Definition(
        "RequestLatency",
        "Request Latency",
        "MilliSeconds",
        "Traffic",
        "The complete interval of time taken for a request to be responded to, in milliseconds",
        ("deployment",),
    ),
    *_percentiles("deployment"),
    Definition(
        "RequestsPerMinute",
        "Requests Per Minute",
        "Count",
        "Traffic",
        "The number of requests sent to the online endpoint within a minute",
        ("deployment", "statusCode", "statusCodeClass", "modelStatusCode"),
        adds_up=True,
    ),
)
_OF_DEPLOYMENTS = (
    Definition(
        "CpuUtilizationPercentage",
        "CPU Utilization Percentage",
        "Percent",
        "Resource",
        "Percentage of CPU utilization of an instance",
        ("instanceId",),
        documented=SPREAD,
    ),
    Definition(
        "CpuMemoryUtilizationPercentage",
        "CPU Memory Utilization Percentage",
        "Percent",
        "Resource",
        "Percentage of memory utilization of an instance",
        ("instanceId",),
        documented=SPREAD,
    ),
    Definition(
        "DeploymentCapacity",
        "Deployment Capacity",
        "Count",
        "Resource",
        "The number of instances in the deployment",
        ("State",),
        adds_up=True,
        documented=SPREAD,
    ),
    *_percentiles(),
    Definition(
        "RequestsPerMinute",
        "Requests Per Minute",
        "Count",
        "Traffic",
        "The number of requests sent to the online deployment within a minute",
        ("envoy_response_code",),
        adds_up=True,
    ),
)
DEFINITIONS: Mapping[str, tuple[Definition, ...]] = {
    ENDPOINT.lower(): _OF_ENDPOINTS,
    DEPLOYMENT.lower(): _OF_DEPLOYMENTS,
}
"""By resource type in lower case."""
