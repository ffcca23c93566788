"""Versions of models, codes and environments, endpoints and deployments, by ARM id."""

from collections.abc import Iterable

from azml.bundling import Bundle, BundledAsset, BundledEnvironment, before_numbers
from azml.specs import AssetReference

FOLDERS = {"model": "models", "code": "codes", "environment": "environments"}
"""Asset kinds, and the segment of a resource id for each."""

Local = BundledAsset | BundledEnvironment
"""An asset on disk that has to be registered."""


def kind_of(asset: Local) -> str:
    """`model`, `code` or `environment`."""
    return "environment" if isinstance(asset, BundledEnvironment) else asset.kind


def version_id(workspace_id: str, asset: Local | AssetReference, kind: str) -> str:
    """The ARM id of a version, in that workspace unless it is a reference with a full id."""
    if isinstance(asset, AssetReference) and asset.id:
        return asset.id
    return f"{workspace_id}/{FOLDERS[kind]}/{asset.name}/versions/{asset.version}"


def endpoint_id(workspace_id: str, name: str) -> str:
    """The ARM id of an online endpoint."""
    return f"{workspace_id}/onlineEndpoints/{name}"


def deployment_id(endpoint: str, name: str) -> str:
    """The ARM id of a deployment of the endpoint with that id."""
    return f"{endpoint}/deployments/{name}"


def as_registered(workspace_id: str, asset: Local, registered: frozenset[str]) -> Local:
    """The asset under the version that the workspace has: the id a deployment refers to must not change."""
    before = before_numbers(asset)
    return before if before and version_id(workspace_id, before, kind_of(before)) in registered else asset


def version_ids(workspace_id: str, bundles: Iterable[Bundle]) -> list[str]:
    """The ids of all versions the bundles would register, in both forms: older ones are not numbers."""
    parts = [part for bundle in bundles for part in (bundle.model, bundle.code, bundle.environment)]
    local = [part for part in parts if isinstance(part, Local)]
    both = [each for part in local for each in (part, before_numbers(part)) if each]
    return sorted({version_id(workspace_id, part, kind_of(part)) for part in both})
