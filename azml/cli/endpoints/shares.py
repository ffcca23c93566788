"""Moves an endpoint's traffic at once and updates the stack file, for `traffic` and `rollback`."""

from collections.abc import Iterator, Mapping

import typer

from azml.azure.policy import PolicyTokenError
from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import CommandError
from azml.cli.stacks import names
from azml.cli.stacks.stacks import Connection, Stack
from azml.cli.terminal import step
from azml.findings import Finding, InvalidInput
from azml.stack.stack_file import StackEndpoint


def move(
    connection: Connection,
    found: OnlineEndpoint,
    traffic: Mapping[str, int],
    mirror: Mapping[str, int],
    title: str,
) -> None:
    """Give the endpoint these shares, in percent and without zeros, in one write that is read back."""
    with step(title) as current:
        if found.traffic == traffic and found.mirror_traffic == mirror:
            current.done("it already has it")
        else:
            _write(connection, found, traffic, mirror)
            current.done(f"done and verified; it was {endpoints.shares(found.traffic)}")


def _write(
    connection: Connection, found: OnlineEndpoint, traffic: Mapping[str, int], mirror: Mapping[str, int]
) -> None:
    """Move the traffic. Raises CommandError when a policy forbids it."""
    try:
        endpoints.write_traffic(connection, found, traffic, mirror)
    except PolicyTokenError as refused:
        raise CommandError(
            f"the traffic of {found.name} has not moved ({endpoints.shares(found.traffic)}): {refused}",
            "run it again; if it keeps failing, ask the policy's owner to exempt the resource group "
            "(`az policy exemption create`), then run it again",
        ) from refused


def not_serving(endpoint: OnlineEndpoint, slots: Mapping[str, int]) -> Iterator[Finding]:
    """A finding for each slot that should get a share and cannot answer."""
    for slot, share in slots.items():
        state = next((one.state for one in endpoint.deployments if one.name == slot), "Succeeded")
        if share and state != "Succeeded":
            remedy = f"see: azml logs {endpoint.name} {slot}"
            yield Finding(f"{slot} cannot take the traffic: its state is {state}", remedy)


def edit(
    stack: Stack, declared: StackEndpoint, traffic: Mapping[str, int], *, ends_mirroring: bool = False
) -> bool:
    """Put these shares into the stack file if the next `up` would set others; whether it changed."""
    if not _tells_shares(declared) or (declared.traffic == traffic and not ends_mirroring):
        return False
    stack.file.set_traffic(declared.key, traffic, ends_mirroring=ends_mirroring)
    return stack.file.text != stack.file.before


def keep(
    stack: Stack, declared: StackEndpoint, traffic: Mapping[str, int], *, ends_mirroring: bool = False
) -> None:
    """Write the stack file so that the next `up` keeps the shares, and keeps mirroring off."""
    if edit(stack, declared, traffic, ends_mirroring=ends_mirroring):
        stack.file.write()
        shown = stack.clone.shown(stack.path)
        commit = "" if stack.local else ": commit it"
        typer.echo(f"{shown} says so too{commit}, so that the next up agrees", err=True)


def _tells_shares(declared: StackEndpoint) -> bool:
    """Whether the next `up` sets shares, from the stack file or the endpoint's own file."""
    if declared.traffic is not None or declared.mirror_traffic is not None:
        return True
    try:
        own = names.own_file(declared)
    except InvalidInput:
        return True  # the file may set them, once it is corrected
    return own is not None and bool(own.traffic or own.mirror_traffic)
