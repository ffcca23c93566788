"""`azml promote`: what serves in one environment, to another: the same bytes under the same versions."""

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

import typer

from azml.atomic_write import write_atomically
from azml.bundling import HashCache
from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import CommandError, InputError, NotThereError
from azml.cli.options import EndpointArgument
from azml.cli.release.frozen import FOLDER, as_file, frozen, read_spec
from azml.cli.release.patch import patch
from azml.cli.release.pinning import filed, idle_slot, live_slot, require_same
from azml.cli.release.registered import Content, Store, Version
from azml.cli.stacks import names, stacks
from azml.cli.stacks.stacks import Connection, Stack
from azml.cli.terminal import step
from azml.specs import AssetReference, DeploymentSpec
from azml.stack.stack_file import StackEndpoint

REPLACE = frozenset({"model", "code_configuration", "environment"})
"""Keys of a slot in the stack file that replace the versions its file names."""


@dataclass(frozen=True)
class Pin:
    """A slot of the other stack, and the frozen file that it is to read."""

    slot: str
    text: str

    @property
    def file(self) -> str:
        """The file's path in the endpoint's folder, named after its content."""
        return f"{FOLDER}/{hashlib.sha256(self.text.encode()).hexdigest()[:8]}.yml"


def promote(
    endpoint: EndpointArgument,
    source: Annotated[
        str, typer.Option("--from", metavar="STACK", help="The stack whose live slot to take.")
    ],
    target: Annotated[str, typer.Option("--to", metavar="STACK", help="The stack to bring it to.")],
    slot: Annotated[
        str | None,
        typer.Option(metavar="SLOT", help="Take this slot. Default: the one with all the traffic."),
    ] = None,
    into: Annotated[
        str | None, typer.Option(metavar="SLOT", help="The slot to fill, where several have no traffic.")
    ] = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Show the change of the files; register and write nothing.")
    ] = False,
) -> None:
    """Register the versions that a slot serves in the workspace of another stack, and pin a slot to them."""
    clone = find_clone()
    here, there = (stacks.connect(stacks.choose(clone, name)) for name in (source, target))
    if here.workspace == there.workspace:
        raise InputError(
            f"{source} and {target} are the same workspace", "name two stacks with two workspaces"
        )
    cache = HashCache(clone.work / "hashes")
    spec = taken(here, endpoint, slot, cache)
    declared = there.stack.file.endpoint(endpoint)
    pins = pinned(declared, existing(there, declared), spec, into, cache)
    for pin in pins:
        there.stack.file.point(declared.key, pin.slot, pin.file)
    if print_only:
        typer.echo(shown(there.stack, declared, pins), nl=False)
        return
    register(Store(here), Store(there), spec)
    carry_out(there.stack, declared, pins)


def taken(here: Connection, endpoint: str, slot: str | None, cache: HashCache) -> DeploymentSpec:
    """What the slot serves now. Raises CommandError when its settings are not those of the stack."""
    declared = here.stack.file.endpoint(endpoint)
    found = endpoints.read(here, names.azure_name(declared))
    live = found.deployment(slot) if slot else live_slot(found)
    if live.state != "Succeeded":
        raise CommandError(f"{live.name} does not serve: its state is {live.state}", "promote what serves")
    spec = read_spec(found, live, filed(declared, found, live.name))
    require_same(declared, found, live, as_file(spec), cache)
    return spec


def existing(there: Connection, declared: StackEndpoint) -> OnlineEndpoint | None:
    """The endpoint in the other workspace; None before its first deployment."""
    try:
        return endpoints.read(there, names.azure_name(declared))
    except NotThereError:
        return None


def pinned(
    declared: StackEndpoint,
    found: OnlineEndpoint | None,
    spec: DeploymentSpec,
    into: str | None,
    cache: HashCache,
) -> list[Pin]:
    """The slot to fill, and the live one with what it serves now, unless it is pinned already.

    No slot is filled where the live one serves these versions. Raises CommandError when no slot is idle.
    """
    if found is None or not found.traffic:
        slot = into or next(iter(declared.slots), None)
        if slot is None:
            raise InputError(f"{declared.key} has no deployments: in the stack file", "name one with --into")
        return [_filled(declared, slot, spec)]
    live = live_slot(found)
    serving = read_spec(found, live, filed(declared, found, live.name))
    pins = []
    if not frozen(declared.file_of(live.name)):
        pins.append(Pin(live.name, as_file(serving)))
        require_same(declared, found, live, pins[0].text, cache)
    if _assets(serving) != _assets(spec):
        pins.append(_filled(declared, idle_slot(declared, live.name, into), spec))
    return pins


def _filled(declared: StackEndpoint, slot: str, spec: DeploymentSpec) -> Pin:
    """The slot with the promoted versions. Raises InputError when the stack file would replace them."""
    if other := sorted(REPLACE & declared.overrides.get(slot, {}).keys()):
        raise InputError(
            f"azml:endpoints.{declared.key}.deployments.{slot} sets {', '.join(other)}, "
            "which would replace what is promoted",
            "remove that from the stack file, or fill another slot with --into",
        )
    return Pin(slot, as_file(replace(spec, name=slot, endpoint_name=names.azure_name(declared))))


def _assets(spec: DeploymentSpec) -> list[tuple[str, AssetReference]]:
    """The registered versions of a spec that was read from Azure, by kind."""
    every = {"model": spec.model, "code": spec.code, "environment": spec.environment}
    return [(kind, asset) for kind, asset in every.items() if isinstance(asset, AssetReference)]


def register(source: Store, target: Store, spec: DeploymentSpec) -> None:
    """Register the versions of `spec` in the target's workspace. Raises CommandError for other content there.

    Every version is compared before the first is written. A registry's versions are there for both.
    """
    missing: list[tuple[Version, Content]] = []
    for kind, asset in _assets(spec):
        if asset.id:
            continue
        with step(f"{kind} {asset.name}:{asset.version}") as current:
            version = source.find(kind, asset)
            if version is None:
                raise NotThereError(
                    f"workspace {source.workspace.name} has no {kind} {asset.name}:{asset.version}"
                )
            content = source.content(version)
            if held := target.find(kind, asset):
                target.require_same(held, content)
                current.done(f"{target.workspace.name} has it, with the digest {content.digest[:12]}")
            else:
                missing.append((version, content))
                current.done(f"digest {content.digest[:12]}")
    for version, content in missing:
        with step(f"Registering {version} in {target.workspace.name}") as current:
            target.copy(source, version, content)
            current.done(f"read back, with the digest {content.digest[:12]}")


def shown(stack: Stack, declared: StackEndpoint, pins: list[Pin]) -> str:
    """The change, as a patch for `git apply`."""
    root = stack.clone.root
    parts = [patch(stack.path, root, stack.file.before, stack.file.text)]
    for pin in pins:
        file = declared.folder / pin.file
        old = file.read_text() if file.is_file() else ""
        parts.append(patch(file, root, old, pin.text, new=not file.is_file()))
    return "".join(parts)


def carry_out(stack: Stack, declared: StackEndpoint, pins: list[Pin]) -> None:
    """Write the frozen files, then the stack file that refers to them, each atomically."""
    clone, say = stack.clone, partial(typer.echo, err=True)
    if not pins:
        say(f"{declared.key} of {stack.name} already serves these versions")
        return
    for pin in pins:
        file = declared.folder / pin.file
        file.parent.mkdir(exist_ok=True)
        write_atomically(file, pin.text.encode())
        say(f"{pin.slot} of {stack.name} reads {clone.shown(file)}")
    stack.file.write()
    say(f"{clone.shown(stack.path)} says so. Next: pulumi up --stack {stack.name}, then move the traffic")
