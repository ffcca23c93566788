"""`azml rollback`: all traffic back to the slot that had it before, now, in one write."""

from typing import Annotated

import typer

from azml.cli import endpoints, history, local_azure, names, stacks
from azml.cli.clone import find_clone
from azml.cli.endpoints import Endpoint
from azml.cli.engine import Engine, environment
from azml.cli.failure import CommandError, InputError
from azml.cli.frozen import frozen
from azml.cli.options import EndpointArgument, StackOption
from azml.cli.stack_file import StackEndpoint
from azml.cli.stacks import Stack
from azml.cli.terminal import step
from azml.cli.up import find_pulumi
from azml.findings import InvalidInput


def rollback(
    endpoint: EndpointArgument,
    to: Annotated[
        str | None, typer.Option(metavar="SLOT", help="This slot, whatever had the traffic before.")
    ] = None,
    stack: StackOption = None,
) -> None:
    """Give all traffic back to the slot that had it before, at once, and say so in the stack file."""
    chosen = stacks.choose(find_clone(), stack)
    declared = chosen.file.endpoint(endpoint)
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.azure_name(declared))
    target = to or _before(chosen, declared, found)
    _require_serving(found, target)
    with step(f"All traffic of {found.name} to {target}") as current:
        if found.traffic == {target: 100} and not found.mirror_traffic:
            current.done("it has it already")
        else:
            endpoints.write_traffic(connection, found, {target: 100})
            current.done(f"done, and read back; it was {endpoints.shares(found.traffic)}")
    keep(connection.stack, declared, found, target)


def _before(stack: Stack, declared: StackEndpoint, found: Endpoint) -> str:
    """The slot to go back to, by the stack's history."""
    pulumi = find_pulumi()
    azure = local_azure.required(stack.clone).environment() if stack.local else {}
    engine = Engine(pulumi, stack.project, stack.name, environment(stack.clone, pulumi, azure))
    past = history.asked_before(engine, declared.key)
    exists = [one.name for one in found.deployments]
    slot = history.before(past, found.traffic, declared.traffic, exists)
    if slot is not None and holds_a_newer_version(declared, found, slot):
        raise CommandError(
            f"{slot} had the traffic before, but a release has put a newer version into it",
            f"if that is what you want: --to {slot}",
        )
    if slot is None:
        raise CommandError(
            f"no slot of {found.name} is on record as having had all its traffic before",
            f"choose one with --to: {', '.join(exists)}",
        )
    return slot


def holds_a_newer_version(declared: StackEndpoint, found: Endpoint, slot: str) -> bool:
    """Whether a release came between: it freezes the live slot and fills the other from the folder."""
    live = history.holder(found.traffic)
    if live is None or live == slot:
        return False
    return frozen(declared.file_of(live)) and not frozen(declared.file_of(slot))


def _require_serving(endpoint: Endpoint, slot: str) -> None:
    """Raises InputError when the slot could not answer."""
    state = endpoint.deployment(slot).state
    if state != "Succeeded":
        raise InputError(f"{slot} cannot take the traffic: its state is {state}", "see: azml logs")


def keep(stack: Stack, declared: StackEndpoint, before: Endpoint, slot: str) -> None:
    """Make the stack file agree, so that the next `up` undoes neither the shares nor the end of mirroring."""
    mirrors = bool(before.mirror_traffic or declared.mirror_traffic)
    if not _tells_shares(declared) or (declared.traffic == {slot: 100} and not mirrors):
        return
    stack.file.set_traffic(declared.key, {slot: 100}, mirrors=mirrors)
    stack.file.write()
    shown = stack.clone.shown(stack.path)
    commit = "" if stack.local else ": commit it"
    typer.echo(f"{shown} says so too{commit}, so that the next up agrees", err=True)


def _tells_shares(declared: StackEndpoint) -> bool:
    """Whether the next `up` sets shares: the stack file's, or those of the endpoint's own file."""
    if declared.traffic is not None or declared.mirror_traffic is not None:
        return True
    try:
        own = names.own_file(declared)
    except InvalidInput:
        return True  # once it is corrected it may
    return own is not None and bool(own.traffic or own.mirror_traffic)
