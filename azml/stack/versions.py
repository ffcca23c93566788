"""Versions of models, codes and environments, endpoints and deployments, by ARM id."""

from collections.abc import Iterable

from azml.bundling import Bundle, BundledAsset, BundledEnvironment, before_numbers
from azml.specs import AssetReference

FOLDERS = {"model": "models", "code": "codes", "environment": "environments"}
"""Asset kinds, and the segment of a resource id that stands for each."""

Local = BundledAsset | BundledEnvironment
"""What lies on this disk and has to be registered."""


def kind_of(asset: Local) -> str:
    """`model`, `code` or `environment`."""
    return "environment" if isinstance(asset, BundledEnvironment) else asset.kind


def version_id(workspace_id: str, asset: Local | AssetReference, kind: str) -> str:
    """The ARM id of a version, registered in that workspace unless it is a reference that says where."""
    if isinstance(asset, AssetReference) and asset.id:
        return asset.id
    return f"{workspace_id}/{FOLDERS[kind]}/{asset.name}/versions/{asset.version}"


def endpoint_id(workspace_id: str, name: str) -> str:
    """The ARM id of an online endpoint."""
    return f"{workspace_id}/onlineEndpoints/{name}"


def deployment_id(endpoint: str, name: str) -> str:
    """The ARM id of a deployment of the endpoint with that id."""
    return f"{endpoint}/deployments/{name}"


def as_held(workspace_id: str, asset: Local, held: frozenset[str]) -> Local:
    """The asset by the name that the workspace has for it: what deployments name must not change its name."""
    before = before_numbers(asset)
    return before if before and version_id(workspace_id, before, kind_of(before)) in held else asset


def version_ids(workspace_id: str, bundles: Iterable[Bundle]) -> list[str]:
    """The ids of all that the bundles would register, in both forms: some are from before numbers."""
    parts = [part for bundle in bundles for part in (bundle.model, bundle.code, bundle.environment)]
    local = [part for part in parts if isinstance(part, Local)]
    both = [each for part in local for each in (part, before_numbers(part)) if each]
    return sorted({version_id(workspace_id, part, kind_of(part)) for part in both})
