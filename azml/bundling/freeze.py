"""Writes a deployment file that no longer needs the folder."""

from dataclasses import fields, is_dataclass

from azml.specs import AssetReference, DataCollector, DeploymentSpec

from .records import Bundle, BundledAsset, BundledEnvironment

# Fields that are handled separately below, or have another name in the file.
ELSEWHERE = frozenset(("kind", "model", "code", "scoring_script", "environment", "data_collector", "source"))


def freeze(spec: DeploymentSpec, bundle: Bundle) -> dict[str, object]:
    """The CLI v2 document that deploys `bundle`, made from `spec`, from registered versions.

    load_deployment reads it back to a spec whose bundle `serves` the same. Empty settings are left out.
    """
    document: dict[str, object] = {
        field.name: _plain(getattr(spec, field.name)) for field in fields(spec) if field.name not in ELSEWHERE
    }
    document["type"] = spec.kind if spec.kind == "kubernetes" else None
    document["model"] = _reference(bundle.model)
    if bundle.code is not None:
        code = {"code": _reference(bundle.code), "scoring_script": spec.scoring_script}
        document["code_configuration"] = code
    document["environment"] = _reference(bundle.environment)
    if spec.data_collector is not None:
        document["data_collector"] = _collector(spec.data_collector)
    empty = {field.name for field in fields(spec) if getattr(spec, field.name) == {}}
    return {
        key: value
        for key, value in document.items()
        if value is not None and value is not False and key not in empty
    }


def _reference(asset: BundledAsset | BundledEnvironment | AssetReference | None) -> str | None:
    """The file's reference to an asset once it is registered."""
    if asset is None or isinstance(asset, AssetReference):
        return None if asset is None else str(asset)
    return f"azureml:{asset.name}:{asset.version}"


def _plain(value: object) -> object:
    """A record as a mapping, without the values that are not set."""
    if is_dataclass(value):
        found = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {name: item for name, item in found.items() if item is not None}
    return dict(value) if isinstance(value, dict) else value


def _collector(collector: DataCollector) -> dict[str, object]:
    """Data collection: `enabled` is text in the file, and the headers are one level down."""
    streams = {}
    for name, stream in collector.collections.items():
        parts = {
            "enabled": str(stream.enabled).lower(),
            "data": _plain(stream.data),
            "client_id": stream.client_id,
        }
        streams[name] = {key: value for key, value in parts.items() if value is not None}
    document: dict[str, object] = {
        "collections": streams,
        "rolling_rate": collector.rolling_rate,
        "sampling_rate": collector.sampling_rate,
    }
    if collector.capture_headers is not None:
        document["request_logging"] = {"capture_headers": list(collector.capture_headers)}
    return {key: value for key, value in document.items() if value is not None}
