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
from azml.cli.release.contents import Content, Version
from azml.cli.release.contents import require_same as require_content
from azml.cli.release.frozen import FOLDER, PROMOTED, as_file, frozen, read_spec
from azml.cli.release.patch import patch
from azml.cli.release.pinning import filed, idle_slot, live_slot, require_same
from azml.cli.release.registered import Store
from azml.cli.release.registry import KINDS, Registry
from azml.cli.stacks import names, stacks
from azml.cli.stacks.stacks import Connection, Stack
from azml.cli.terminal import step
from azml.specs import AssetReference, DeploymentSpec
from azml.stack.config.promotion import promotion_in
from azml.stack.stack_file import StackEndpoint

REPLACE = frozenset({"model", "code_configuration", "environment"})
"""Keys of a slot in the stack file that replace the versions its file names."""


@dataclass(frozen=True)
class Pin:
    """A slot of the other stack, and the frozen file that it is to read; a `live` one serves that already."""

    slot: str
    text: str
    live: bool = False

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
    """Register the versions that a slot serves for another stack, and pin a slot of it to them.

    They get into its workspace; with azml:promotion, models and environments into that registry.
    """
    clone = find_clone()
    here, there = (stacks.connect(stacks.choose(clone, name)) for name in (source, target))
    if here.workspace == there.workspace:
        raise InputError(
            f"{source} and {target} are the same workspace", "name two stacks with two workspaces"
        )
    cache = HashCache(clone.work / "hashes")
    taken_spec = taken(here, endpoint, slot, cache)
    declared = there.stack.file.endpoint(endpoint)
    registry = registry_of(there, taken_spec)
    spec = registry.named(taken_spec) if registry else taken_spec
    pins = pinned(declared, existing(there, declared), spec, into, cache)
    for pin in pins:
        there.stack.file.point(declared.key, pin.slot, pin.file)
    if print_only:
        typer.echo(shown(there.stack, declared, pins), nl=False)
        return
    register(Store(here), Store(there), registry, taken_spec)
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


def registry_of(there: Connection, spec: DeploymentSpec) -> Registry | None:
    """The registry that the other stack's versions come through; None for its workspace.

    Raises InvalidInput when the setting is faulty, NotThereError when there is no such registry.
    """
    found = promotion_in(there.stack.path, there.stack.file.config)
    if found is None:
        return None
    if spec.kind == "kubernetes":
        say = f"Kubernetes deployments cannot use the registry {found.name}: all goes into the workspace"
        typer.echo(say, err=True)
        return None
    return Registry(there.arm, found.registry_id)


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
        pins.append(Pin(live.name, as_file(serving), live=True))
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
    spec = replace(spec, name=slot, endpoint_name=names.azure_name(declared))
    return Pin(slot, as_file(spec, PROMOTED))


def _assets(spec: DeploymentSpec) -> list[tuple[str, AssetReference]]:
    """The registered versions of a spec that was read from Azure, by kind."""
    every = {"model": spec.model, "code": spec.code, "environment": spec.environment}
    return [(kind, asset) for kind, asset in every.items() if isinstance(asset, AssetReference)]


def register(source: Store, target: Store, registry: Registry | None, spec: DeploymentSpec) -> None:
    """Register the versions of `spec` in the registry, or in the target's workspace.

    Raises CommandError for other content there. Every version is compared before the first is written.
    Versions that are in a registry already are there for both.
    """
    missing: list[tuple[Store | Registry, Version, Content]] = []
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
            goal = registry if registry and kind in KINDS else target
            if held := goal.find(kind, asset):
                require_content(held, goal.content(held), content, str(goal))
                current.done(f"{goal} has it, with the digest {content.digest[:12]}")
            else:
                missing.append((goal, version, content))
                current.done(f"digest {content.digest[:12]}")
    for goal, version, content in missing:
        with step(f"Registering {version} in {goal}") as current:
            goal.copy(source, version, content)
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
        what = "what it serves already" if pin.live else "the promoted versions"
        say(f"{pin.slot} of {stack.name} reads {clone.shown(file)}: {what}")
    stack.file.write()
    say(f"{clone.shown(stack.path)} names the files. Next: pulumi up --stack {stack.name}")
    for slot in (pin.slot for pin in pins if not pin.live):
        command = f"azml traffic {declared.key} {slot}=100 --stack {stack.name}"
        say(f"then, unless {slot} has the traffic: {command}")
