"""Versions fixed in files: in Azure a name and version always stand for the same content."""

from azml.bundling import BundledAsset, BundledEnvironment
from azml.findings import Finding
from azml.stack.endpoint.scoring import ServedEndpoint
from azml.stack.sections.faults import Faults


def check_versions(served: tuple[ServedEndpoint, ...], faults: Faults) -> None:
    """Note each slot whose model or environment has the name and version of different content."""
    first: dict[tuple[str, str, str], tuple[str, str]] = {}
    for endpoint in served:
        for slot in endpoint.slots:
            for key, asset in (("model", slot.bundle.model), ("environment", slot.bundle.environment)):
                if not isinstance(asset, (BundledAsset, BundledEnvironment)):
                    continue
                own = (f"{slot.name} of {endpoint.spec.name}", asset.digest)
                where, digest = first.setdefault((key, asset.name, asset.version), own)
                if digest != asset.digest:
                    message = f"{asset.name}:{asset.version} is another {key} in {where}"
                    remedy = "give it a version of its own, or leave the version out"
                    faults.extend([Finding(message, remedy, *slot.spec.place(f"{key}.version"))])
