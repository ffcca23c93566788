"""The settings of a deployment: requests, probes, scaling, data collection, Kubernetes resources.

Limits are those of managed and Kubernetes online endpoints (Azure ML's "Manage resources and quotas").
"""

from collections.abc import Mapping

from .document import Node
from .records import (
    Collection,
    CollectionData,
    DataCollector,
    Kind,
    ProbeSettings,
    RequestSettings,
    ResourceRequirements,
    ResourceSettings,
    RollingRate,
    ScaleSettings,
)
from .table import Table, snake

MAX_TIMEOUT_MS: Mapping[Kind, int] = {"managed": 180_000, "kubernetes": 300_000}
ROLLING_RATES: tuple[RollingRate, ...] = ("minute", "day", "hour")


def read_requests(table: Table, kind: Kind) -> RequestSettings | None:
    """The `request_settings` key; milliseconds."""
    settings = table.table("request_settings")
    if settings is None:
        return None
    limit = MAX_TIMEOUT_MS[kind]
    why = f": the most Azure allows {kind} endpoints"
    found = RequestSettings(
        request_timeout_ms=settings.integer("request_timeout_ms", 1, limit, why),
        max_concurrent_requests_per_instance=settings.integer("max_concurrent_requests_per_instance", 1),
        max_queue_wait_ms=settings.integer("max_queue_wait_ms", 0, limit, why),
    )
    settings.finish()
    return found


def read_probe(table: Table, key: str) -> ProbeSettings | None:
    """The `liveness_probe`, `readiness_probe` or `startup_probe` key; seconds.

    Azure's API has the third since 2024-10-01; azure-ai-ml 1.35 does not, and refuses the key.
    """
    probe = table.table(key)
    if probe is None:
        return None
    found = ProbeSettings(
        initial_delay=probe.integer("initial_delay", 0),
        period=probe.integer("period", 1),
        timeout=probe.integer("timeout", 1),
        success_threshold=probe.integer("success_threshold", 1),
        failure_threshold=probe.integer("failure_threshold", 1),
    )
    probe.finish()
    return found


def read_scaling(table: Table, kind: Kind) -> ScaleSettings | None:
    """The `scale_settings` key: `default` everywhere, `target_utilization` on Kubernetes."""
    settings = table.table("scale_settings")
    if settings is None:
        return None
    chosen = settings.choice("type", ("default", "target_utilization"), snake, required=True)
    if chosen != "target_utilization":
        settings.finish()
        return ScaleSettings()
    if kind == "managed":
        remedy = "type: default; scale managed deployments with Azure Monitor autoscale rules"
        settings.findings.append(settings.node.value["type"].wrong("is for Kubernetes deployments", remedy))
    found = ScaleSettings(
        type="target_utilization",
        min_instances=settings.integer("min_instances", 0),
        max_instances=settings.integer("max_instances", 1),
        polling_interval=settings.integer("polling_interval", 1),
        target_utilization_percentage=settings.integer("target_utilization_percentage", 1, 100),
    )
    low, high = found.min_instances, found.max_instances
    if low is not None and high is not None and low > high:
        node = settings.node.value["min_instances"]
        settings.findings.append(node.wrong(f"{low} is more than max_instances, {high}", "swap them"))
    settings.finish()
    return found


def read_collector(table: Table) -> DataCollector | None:
    """The `data_collector` key."""
    collector = table.table("data_collector")
    if collector is None:
        return None
    collector.get("collections", required=True)
    streams = collector.entries("collections")
    found = DataCollector(
        collections={name: _collection(collector, node) for name, node in streams.items()},
        rolling_rate=collector.choice("rolling_rate", ROLLING_RATES),
        sampling_rate=collector.number("sampling_rate", 0.0, 1.0),
        capture_headers=_capture_headers(collector),
    )
    collector.finish()
    return found


def _collection(parent: Table, node: Node) -> Collection:
    """One stream. `enabled` is text, not a boolean: azure-ai-ml accepts 'true' and 'false' only in quotes."""
    if parent.expect(node, dict, "a mapping") is None:
        return Collection(False)
    stream = Table(node, parent.findings)
    enabled = stream.choice("enabled", ("true", "false"), required=True)
    found = Collection(enabled == "true", _collection_data(stream), stream.text("client_id"))
    stream.finish()
    return found


def _collection_data(stream: Table) -> CollectionData | str | None:
    node = stream.get("data")
    if node is None or isinstance(node.value, str):
        return None if node is None else str(node.value)
    if stream.expect(node, dict, "text or a mapping") is None:
        return None
    data = Table(node, stream.findings)
    found = CollectionData(*(data.text(key) for key in ("name", "path", "version", "data_id")))
    data.finish()
    return found


def _capture_headers(collector: Table) -> tuple[str, ...] | None:
    logging = collector.table("request_logging")
    if logging is None:
        return None
    node = logging.get("capture_headers")
    items = logging.expect(node, list, "a list")
    logging.finish()
    texts = [logging.expect(item, str, "text", "write it in quotes") for item in items or ()]
    return None if items is None else tuple(text for text in texts if text is not None)


def read_resources(table: Table) -> ResourceRequirements | None:
    """The `resources` key of a Kubernetes deployment."""
    resources = table.table("resources")
    if resources is None:
        return None
    found = ResourceRequirements(_quantities(resources, "requests"), _quantities(resources, "limits"))
    resources.finish()
    return found


def _quantities(table: Table, key: str) -> ResourceSettings | None:
    """Quantities are text: cpu "0.5", memory 1Gi; `nvidia.com/gpu` is another name for gpu."""
    quantities = table.table(key)
    if quantities is None:
        return None
    gpu = "nvidia.com/gpu" if "nvidia.com/gpu" in quantities.node.value else "gpu"
    found = ResourceSettings(quantities.text("cpu"), quantities.text("memory"), quantities.text(gpu))
    quantities.finish()
    return found
