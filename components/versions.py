"""The versions of models, codes and environments, by ARM id, and which of them are registered already."""

from collections.abc import Iterable

import pulumi

from azml.bundling import Bundle, BundledAsset, BundledEnvironment, before_numbers
from azml.specs import AssetReference

from .plugin import Plugin, asking

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


def as_held(workspace_id: str, asset: Local, held: frozenset[str]) -> Local:
    """The asset by the name that the workspace has for it: what deployments name must not change its name."""
    before = before_numbers(asset)
    return before if before and version_id(workspace_id, before, kind_of(before)) in held else asset


def registered(workspace_id: str, bundles: Iterable[Bundle], plugin: Plugin) -> frozenset[str]:
    """The ids of those local versions in `bundles` that the workspace holds, all asked for in one call.

    They were kept from an earlier update, or put there by others: a version is its content. Asked for in both
    forms: workspaces hold versions from before they were numbers.
    """
    parts = [part for bundle in bundles for part in (bundle.model, bundle.code, bundle.environment)]
    local = [part for part in parts if isinstance(part, Local)]
    both = [each for part in local for each in (part, before_numbers(part)) if each]
    ids = {version_id(workspace_id, part, kind_of(part)) for part in both}
    if not ids:
        return frozenset()
    options = pulumi.InvokeOptions(provider=plugin)
    with asking():
        answer = pulumi.runtime.invoke("azml:index:registeredVersions", {"ids": sorted(ids)}, options)
    return frozenset(answer.value["registered"])
