"""`azml release`: deploy the folder's version to the idle slot, and pin the live slot to what it serves."""

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from azml.atomic_write import write_atomically
from azml.bundling import HashCache, bundle
from azml.cli.clone import Clone, find_clone
from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.failure import CommandError, InputError
from azml.cli.options import EndpointArgument, StackOption
from azml.cli.release import slots
from azml.cli.release.frozen import FOLDER, as_file, frozen, read_spec
from azml.cli.release.patch import patch
from azml.cli.release.pinning import filed, idle_slot, live_slot, require_same
from azml.cli.stacks import names, stacks
from azml.cli.stacks.stacks import Stack
from azml.specs import common_files
from azml.stack.stack_file import StackEndpoint


@dataclass(frozen=True)
class Plan:
    """What a release changes: the live slot's frozen file, and the file that each slot reads."""

    live: str
    idle: str
    frozen_file: str
    frozen_text: str
    working_file: str


def release(
    endpoint: EndpointArgument,
    print_only: Annotated[bool, typer.Option("--print", help="Show the change; write nothing.")] = False,
    into: Annotated[
        str | None, typer.Option(metavar="SLOT", help="The slot to fill, where several have no traffic.")
    ] = None,
    stack: StackOption = None,
) -> None:
    """Put the folder's version into the idle slot, and pin the live slot to the versions it serves now."""
    from azml.cli.rollouts import ownership  # loads what reads journals

    clone = find_clone()
    chosen = stacks.choose(clone, stack)
    declared = chosen.file.endpoint(endpoint)
    ownership.require_none(chosen, declared, "a release")
    found = endpoints.read(stacks.connect(chosen), names.azure_name(declared))
    plan = make(clone, declared, found, into)
    chosen.file.point(declared.key, plan.live, plan.frozen_file)
    chosen.file.point(declared.key, plan.idle, plan.working_file)
    if print_only:
        typer.echo(shown(chosen, declared, plan), nl=False)
        return
    carry_out(chosen, declared, plan)


def make(clone: Clone, declared: StackEndpoint, found: OnlineEndpoint, into: str | None) -> Plan:
    """The release to make. Raises CommandError when there is nothing to release or it would not be safe."""
    live = live_slot(found)
    idle = idle_slot(declared, live.name, into)
    working = working_file(declared, live.name)
    cache = HashCache(clone.work / "hashes")
    _require_news(declared, found, live, working, cache)
    spec = read_spec(found, live, filed(declared, found, live.name))
    text = as_file(spec)
    name = f"{FOLDER}/{hashlib.sha256(text.encode()).hexdigest()[:8]}.yml"
    require_same(declared, found, live, text, cache)
    return Plan(live.name, idle, name, text, working)


def working_file(declared: StackEndpoint, live: str) -> str:
    """The file of the working version: the common one, else the one that the live slot reads."""
    common = common_files(declared.folder)
    if len(common) > 1:
        names = " and ".join(path.name for path in common)
        raise InputError(f"{declared.folder} has {names}", "keep the one of the version you are working on")
    if common:
        return common[0].name
    followed = declared.file_of(live)
    if frozen(followed):
        raise InputError(
            f"there is no deployment.yml and no deployment.yaml in {declared.folder}",
            "it describes the version you are working on",
        )
    return followed


def shown(stack: Stack, declared: StackEndpoint, plan: Plan) -> str:
    """The change, as a patch for `git apply`."""
    root = stack.clone.root
    file = declared.folder / plan.frozen_file
    old = file.read_text() if file.is_file() else ""
    parts = [
        patch(stack.path, root, stack.file.before, stack.file.text),
        patch(file, root, old, plan.frozen_text, new=not file.is_file()),
    ]
    return "".join(parts)


def carry_out(stack: Stack, declared: StackEndpoint, plan: Plan) -> None:
    """Write the frozen file, then the stack file that refers to it, each atomically."""
    clone, say = stack.clone, partial(typer.echo, err=True)
    file = declared.folder / plan.frozen_file
    if stack.file.text == stack.file.before and file.is_file():
        say(f"{clone.shown(stack.path)} says so already; {_update(stack)} puts it into {plan.idle}")
        return
    file.parent.mkdir(exist_ok=True)
    write_atomically(file, plan.frozen_text.encode())
    stack.file.write()
    say(f"{plan.live} is pinned to the version it serves: {clone.shown(file)}")
    say(f"{plan.idle} gets the folder's version: {clone.shown(declared.folder / plan.working_file)}")
    say(f"{clone.shown(stack.path)} says so. {after_release(stack)}, then move the traffic")


def after_release(stack: Stack) -> str:
    """What to do with the two files, and what to run next."""
    if stack.local:
        return f"The versions it names are only in the local Azure of this clone. Next: {_update(stack)}"
    return f"Commit both. Next: {_update(stack)}"


def _update(stack: Stack) -> str:
    return "make up" if stack.name == stacks.LOCAL else "pulumi up"


def _require_news(
    declared: StackEndpoint, found: OnlineEndpoint, live: OnlineDeployment, working: str, cache: HashCache
) -> None:
    """Raises CommandError when the live slot serves the folder's version already, InvalidInput for faults."""
    made = bundle(slots.load(declared, found.name, live.name, working), endpoint=declared.key, cache=cache)
    if live.serves is not None and made.serves == live.serves:
        raise CommandError(
            f"{live.name} already serves what {declared.folder / working} describes",
            "change it, then release it",
        )
