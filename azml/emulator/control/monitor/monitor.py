"""Azure Monitor's answers: one resource's metrics over ARM, and many resources' for the query client."""

import re
from collections.abc import Mapping

from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.dataplane_client import DataplaneClient, DataplaneError
from azml.emulator.control.monitor.definitions import DEFINITIONS, DEPLOYMENT, ENDPOINT, Definition, localized
from azml.emulator.control.monitor.measurements import Measurements
from azml.emulator.control.monitor.query import MetricsQuery, iso, read_query
from azml.emulator.control.monitor.series import samples, series

RESOURCES_LIMIT = 50
METRICS_LIMIT = 20
_OF_RESOURCE = re.compile(
    r"(?P<id>/subscriptions/.+)/providers/microsoft\.insights/(?P<what>metrics|metricdefinitions|metricnamespaces)/?",
    re.IGNORECASE | re.DOTALL,
)
_BATCH = re.compile(r"/subscriptions/(?P<subscription>[^/]+)/metrics:getbatch/?", re.IGNORECASE)


class Monitor:
    """Answers queries for metrics; it writes nothing."""

    def __init__(self, store: ResourceStore, dataplane: DataplaneClient) -> None:
        self.store = store
        self.dataplane = dataplane

    async def answer(self, method: str, path: str, query: Mapping[str, str], body: Json) -> Json | None:
        """The answer to a request; None when it is not about metrics. Raises ArmError."""
        if (method, bool(_BATCH.fullmatch(path))) == ("POST", True):
            return await self._batch(query, body)
        matched = _OF_RESOURCE.fullmatch(path)
        if matched is None or method != "GET":
            return None
        resource = self.store.get(resource_id(matched["id"]).text)
        namespace, known = _definitions(resource)
        match matched["what"].lower():
            case "metricdefinitions":
                return {"value": [one.to_json(resource.id.text, namespace) for one in known]}
            case "metricnamespaces":
                return {"value": [_namespace(resource, namespace)]}
        _check_namespace(query.get("metricnamespace", ""), resource)
        asked = read_query(query)
        return {"timespan": asked.span, **await self._metrics(resource, asked)}

    async def _batch(self, query: Mapping[str, str], body: Json) -> Json:
        ids = body.get("resourceids")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or not ids:
            raise bad_request("resourceids must be a list of resource ids.")
        if len(ids) > RESOURCES_LIMIT:
            raise bad_request(f"A batch can have at most {RESOURCES_LIMIT} resources.")
        asked = read_query(query)
        values = []
        for one in ids:
            resource = self.store.get(resource_id(one).text)
            _check_namespace(query.get("metricnamespace", ""), resource)
            times = {"starttime": iso(asked.start), "endtime": iso(asked.end), "resourceid": one}
            values.append({**times, **await self._metrics(resource, asked)})
        return {"values": values}

    async def _metrics(self, resource: Record, query: MetricsQuery) -> Json:
        namespace, known = _definitions(resource)
        chosen = _chosen(query.names, known, resource)
        _check_dimensions(query, chosen)
        try:
            measured = await Measurements(self.dataplane).of(resource.id, query.start)
        except DataplaneError as error:
            raise ArmError(503, "ServiceUnavailable", str(error)) from error
        values = [_metric(resource, one, series(one, samples(one, measured), query)) for one in chosen]
        return {
            "cost": max((query.end - query.start) // 60 - 1, 0),
            "interval": query.interval,
            "namespace": namespace,
            "resourceregion": resource.location,
            "value": values,
        }


def _definitions(resource: Record) -> tuple[str, tuple[Definition, ...]]:
    known = DEFINITIONS.get(resource.id.kind)
    if known is None:
        raise bad_request(f"The local Azure has no metrics of the resource type '{resource.id.type}'.")
    return (ENDPOINT if resource.id.kind == ENDPOINT.lower() else DEPLOYMENT), known


def _chosen(
    names: tuple[str, ...], known: tuple[Definition, ...], resource: Record
) -> tuple[Definition, ...]:
    if len(names) > METRICS_LIMIT:
        raise bad_request(f"A query can have at most {METRICS_LIMIT} metrics.")
    found = {one.name.lower(): one for one in known}
    for name in names:
        if name.lower() not in found:
            valid = ",".join(one.name for one in known)
            raise bad_request(
                f"Failed to find metric configuration for provider: Microsoft.MachineLearningServices, "
                f"resource Type: {resource.id.type.partition('/')[2]}, metric: {name}, Valid metrics: {valid}"
            )
    return tuple(found[name.lower()] for name in names) or known


def _check_dimensions(query: MetricsQuery, chosen: tuple[Definition, ...]) -> None:
    for metric in chosen:
        valid = {dimension.lower() for dimension in metric.dimensions}
        for name in query.filter.conditions:
            if name not in valid:
                shown = ", ".join(metric.dimensions) or "none"
                raise bad_request(f"Metric {metric.name} has no dimension '{name}'; it has: {shown}.")


def _check_namespace(asked: str, resource: Record) -> None:
    if asked and asked.lower() != resource.id.kind:
        raise bad_request(f"The metric namespace of '{resource.id.name}' is not '{asked}'.")


def _metric(resource: Record, metric: Definition, values: list[Json]) -> Json:
    return {
        "id": f"{resource.id.text}/providers/Microsoft.Insights/metrics/{metric.name}",
        "type": "Microsoft.Insights/metrics",
        "name": localized(metric.name, metric.display),
        "displayDescription": metric.description,
        "unit": metric.unit,
        "timeseries": values,
        "errorCode": "Success",
    }


def _namespace(resource: Record, namespace: str) -> Json:
    return {
        "id": f"{resource.id.text}/providers/microsoft.insights/metricNamespaces/{namespace}",
        "type": "Microsoft.Insights/metricNamespaces",
        "name": namespace,
        "classification": "Platform",
        "properties": {"metricNamespaceName": namespace},
    }
