"""What a slot of the stack file deploys, and the registered versions that a release pins it to."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from azml.azure.endpoints import API_VERSION
from azml.cli.release.frozen import frozen
from azml.cli.stacks.stacks import Connection, Stack
from azml.findings import Finding, InvalidInput, Place
from azml.specs import AssetReference, DeploymentSpec, load_deployment
from azml.stack.stack_file import StackEndpoint


@dataclass(frozen=True)
class PinnedSlot:
    """A slot that a release has pinned: its file was written by the release."""

    endpoint: StackEndpoint
    slot: str

    @property
    def file(self) -> Path:
        """The frozen file."""
        return self.endpoint.folder / self.endpoint.file_of(self.slot)

    @property
    def file_of_the_folder(self) -> str:
        """The file the slot would read if it were not pinned, relative to the endpoint's folder."""
        return replace(self.endpoint, slots={}).file_of(self.slot)


def load(declared: StackEndpoint, endpoint_name: str, slot: str, file: str) -> DeploymentSpec:
    """What `slot` deploys if it reads `file`, with the slot's overrides. Raises InvalidInput.

    `file` is relative to the endpoint's folder, or absolute.
    """
    overrides = dict(declared.overrides.get(slot, {}))
    overrides |= {"name": slot, "endpoint_name": endpoint_name}
    settings = f"azml:endpoints.{declared.key}.deployments.{slot}"
    return load_deployment(
        declared.folder / file,
        overrides=overrides,
        override_place=lambda key: Place(None, None, f"{settings}.{key}" if key else settings),
    )


def pinned(stack: Stack) -> list[PinnedSlot]:
    """The slots of a stack that are pinned by releases."""
    every = [PinnedSlot(endpoint, slot) for endpoint in stack.file.endpoints() for slot in endpoint.slots]
    return [one for one in every if frozen(one.endpoint.file_of(one.slot))]


def require_versions(connection: Connection) -> None:
    """Raises InvalidInput when a slot is pinned to versions that the workspace does not have.

    Azure would refuse them too, but one at a time, in the middle of an update, and without a remedy.
    """
    findings = []
    for one in pinned(connection.stack):
        if missing := list(_missing(connection, one)):
            findings.append(_finding(connection, one, missing))
    if findings:
        raise InvalidInput(findings)


def _missing(connection: Connection, one: PinnedSlot) -> Iterator[str]:
    for kind, asset in _named(one):
        place = f"{connection.workspace.id}/{kind}s/{asset.name}/versions/{asset.version}"
        if connection.arm.get(place, API_VERSION) is None:
            yield f"{kind} {asset.name}:{asset.version}"


def _named(one: PinnedSlot) -> Iterator[tuple[str, AssetReference]]:
    """The workspace's own versions in the slot's file; none if it is invalid, which preview reports."""
    with contextlib.suppress(InvalidInput):
        spec = load(one.endpoint, one.endpoint.key, one.slot, one.endpoint.file_of(one.slot))
        for kind, asset in {"model": spec.model, "code": spec.code, "environment": spec.environment}.items():
            if isinstance(asset, AssetReference) and asset.version and not asset.id:
                yield kind, asset


def _finding(connection: Connection, one: PinnedSlot, missing: list[str]) -> Finding:
    stack, workspace = connection.stack, connection.workspace
    shown = stack.clone.shown
    return Finding(
        f"holds {one.slot} to {', '.join(missing)}, which another workspace had and {workspace.name} has not",
        f"to start over, let {one.slot} read the folder again, in {shown(stack.path)}: "
        f"{one.slot}: {{file: {one.file_of_the_folder}}}",
        Path(shown(one.file)),
    )
