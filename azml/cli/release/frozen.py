"""What a deployment serves now, as a deployment file: read from Azure, since the folder has changed."""

from collections.abc import Mapping
from dataclasses import fields, replace
from io import StringIO
from typing import Any, TypeVar

from ruamel.yaml import YAML

from azml.azure.endpoints import SERVES_TAG
from azml.bundling import Bundle, freeze
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.served import own_version
from azml.server_owned import PROPERTIES, RETRY_TAG, VARIABLES, users_own
from azml.specs import (
    AssetReference,
    Collection,
    DataCollector,
    DeploymentSpec,
    ProbeSettings,
    RequestSettings,
    ResourceRequirements,
    ResourceSettings,
    ScaleSettings,
    iso_milliseconds,
)
from azml.specs.records import Kind, RollingRate

FOLDER = "releases"
RELEASED = "# Written by `azml release`: the registered versions that served when the next one was begun."
PROMOTED = "# Written by `azml promote`: the registered versions that served in another stack."
SCHEMA = "https://azuremlschemas.azureedge.net/latest/{kind}OnlineDeployment.schema.json"
# Azure's defaults for values that a file leaves out (REST reference of online deployments, 2025-12-01).
DEFAULT_REQUESTS = RequestSettings(5_000, 1, 500)
DEFAULT_PROBE = ProbeSettings(10, 10, 2, 1, 30)
DEFAULT_SCALE = {
    "managed": ScaleSettings(),
    "kubernetes": ScaleSettings("target_utilization", 1, 1, 1, 70),
}

Settings = TypeVar("Settings", RequestSettings, ProbeSettings, ScaleSettings)
RATES: dict[str, RollingRate] = {"Minute": "minute", "Hour": "hour", "Day": "day"}


def frozen(file: str) -> bool:
    """Whether a slot's file, relative to the endpoint's folder, is a frozen file."""
    return file.split("/")[0] == FOLDER


def as_file(spec: DeploymentSpec, origin: str = RELEASED) -> str:
    """The text of the deployment file that deploys `spec`, whose assets are registered ones.

    `origin` is its first line: which command wrote it, and what served.
    """
    return as_text(as_document(spec), origin)


def as_document(spec: DeploymentSpec) -> dict[str, object]:
    """The contents of that file."""
    references = (spec.model, spec.code, spec.environment)
    model, code, environment = (one if isinstance(one, AssetReference) else None for one in references)
    kind = "kubernetes" if spec.kind == "kubernetes" else "managed"
    document = freeze(spec, Bundle(model, code, environment, serves="", files={}))
    return {"$schema": SCHEMA.format(kind=kind), **document}


def as_text(document: Mapping[str, object], origin: str) -> str:
    """A CLI v2 document as YAML, below a comment that says where it comes from."""
    out = StringIO()
    out.write(f"{origin}\n")
    yaml = YAML()
    yaml.width = 4096  # keep URLs on one line
    yaml.dump(dict(document), out)
    return out.getvalue()


def read_spec(
    endpoint: OnlineEndpoint, live: OnlineDeployment, filed: DeploymentSpec | None
) -> DeploymentSpec:
    """The spec of `live`, whose assets are the registered versions that serve now.

    Azure fills in defaults, and adds variables and properties of its own. Where `filed`, the spec of the
    slot's file, means the same once the defaults are filled in, its values are kept as written; what Azure
    added is left out, so that the next preview finds nothing to change. Without a file the current instance
    count is written, not left to autoscaling.
    """
    properties = live.properties
    code = properties.get("codeConfiguration") or {}
    autoscaled = filed is not None and filed.instance_count is None
    filed = filed or DeploymentSpec(live.name, endpoint.name)
    kind: Kind = "kubernetes" if properties.get("endpointComputeType") == "Kubernetes" else "managed"
    requests = _requests(properties.get("requestSettings") or {})
    return DeploymentSpec(
        name=live.name,
        endpoint_name=endpoint.name,
        kind=kind,
        model=reference(properties.get("model")),
        code=reference(code.get("codeId")),
        scoring_script=code.get("scoringScript"),
        environment=reference(properties.get("environmentId")),
        instance_type=properties.get("instanceType"),
        instance_count=None if autoscaled else live.instance_count,
        environment_variables=users_own(
            properties.get("environmentVariables") or {}, VARIABLES, filed.environment_variables
        ),
        app_insights_enabled=bool(properties.get("appInsightsEnabled")),
        request_settings=_own_words(filed.request_settings, requests, DEFAULT_REQUESTS),
        liveness_probe=_probe_words(filed.liveness_probe, properties.get("livenessProbe")),
        readiness_probe=_probe_words(filed.readiness_probe, properties.get("readinessProbe")),
        startup_probe=_probe_words(filed.startup_probe, properties.get("startupProbe")),
        scale_settings=_own_words(
            filed.scale_settings, _scale(properties.get("scaleSettings") or {}), DEFAULT_SCALE[kind]
        ),
        egress_public_network_access=_access(properties.get("egressPublicNetworkAccess"), filed),
        data_collector=_collector(properties.get("dataCollector")),
        resources=_resources(properties.get("containerResourceRequirements")),
        model_mount_path=properties.get("modelMountPath"),
        tags=users_own(live.tags, (SERVES_TAG, RETRY_TAG)),
        properties=users_own(properties.get("properties") or {}, PROPERTIES, filed.properties),
        description=properties.get("description"),
    )


def reference(asset_id: str | None) -> AssetReference | None:
    """A registered asset by its id: by name and version in this workspace, by the full id elsewhere."""
    if not asset_id:
        return None
    if own := own_version(asset_id):
        return AssetReference(*own)
    parts = asset_id.rstrip("/").split("/")
    return AssetReference(parts[-3] if len(parts) > 2 else asset_id, parts[-1], id=asset_id)


def _seconds(duration: str | None) -> int | None:
    found = iso_milliseconds(duration)
    return None if found is None else found // 1000


def _own_words(filed: Settings | None, live: Settings, default: Settings) -> Settings | None:
    if _filled(filed or default, default) == _filled(live, default):
        return filed
    return live


def _filled(settings: Settings, default: Settings) -> Settings:
    missing = {
        field.name: getattr(default, field.name)
        for field in fields(settings)
        if getattr(settings, field.name) is None
    }
    return replace(settings, **missing)


def _requests(body: Mapping[str, Any]) -> RequestSettings:
    return RequestSettings(
        iso_milliseconds(body.get("requestTimeout")),
        body.get("maxConcurrentRequestsPerInstance"),
        iso_milliseconds(body.get("maxQueueWait")),
    )


def _probe_words(filed: ProbeSettings | None, body: Mapping[str, Any] | None) -> ProbeSettings | None:
    body = body or {}
    live = ProbeSettings(
        _seconds(body.get("initialDelay")),
        _seconds(body.get("period")),
        _seconds(body.get("timeout")),
        body.get("successThreshold"),
        body.get("failureThreshold"),
    )
    return _own_words(filed, live, DEFAULT_PROBE)


def _scale(body: Mapping[str, Any]) -> ScaleSettings:
    if body.get("scaleType") != "TargetUtilization":
        return ScaleSettings()
    return ScaleSettings(
        "target_utilization",
        body.get("minInstances"),
        body.get("maxInstances"),
        _seconds(body.get("pollingInterval")),
        body.get("targetUtilizationPercentage"),
    )


def _access(body: str | None, filed: DeploymentSpec) -> Any:
    """Azure's default is Enabled; a file that leaves it out keeps leaving it out."""
    found = (body or "enabled").lower()
    return filed.egress_public_network_access if found == "enabled" else found


def _collector(body: Mapping[str, Any] | None) -> DataCollector | None:
    if not body:
        return None
    collections = body.get("collections") or {}
    rates = [one["samplingRate"] for one in collections.values() if one.get("samplingRate") is not None]
    headers = (body.get("requestLogging") or {}).get("captureHeaders")
    return DataCollector(
        {
            name: Collection(
                one.get("dataCollectionMode") == "Enabled", one.get("dataId"), one.get("clientId")
            )
            for name, one in collections.items()
        },
        rolling_rate=RATES.get(str(body.get("rollingRate")).capitalize()),
        sampling_rate=rates[0] if rates else None,
        capture_headers=None if headers is None else tuple(headers),
    )


def _resources(body: Mapping[str, Any] | None) -> ResourceRequirements | None:
    if not body:
        return None
    return ResourceRequirements(
        _quantities(body.get("containerResourceRequests")), _quantities(body.get("containerResourceLimits"))
    )


def _quantities(body: Mapping[str, Any] | None) -> ResourceSettings | None:
    return ResourceSettings(body.get("cpu"), body.get("memory"), body.get("gpu")) if body else None
