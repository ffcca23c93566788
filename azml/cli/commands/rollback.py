"""`azml rollback`: move all traffic back to the slot that had it before, at once, in one write."""

from typing import Annotated

import typer

from azml.cli.clone import find_clone
from azml.cli.endpoints import endpoints, shares
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import CommandError
from azml.cli.options import EndpointArgument, StackOption
from azml.cli.release import history, moves
from azml.cli.release.frozen import frozen
from azml.cli.stacks import names, stacks
from azml.cli.stacks.engines import engine_of
from azml.cli.stacks.stacks import Stack
from azml.findings import InvalidInput
from azml.stack.stack_file import StackEndpoint


def rollback(
    endpoint: EndpointArgument,
    to: Annotated[
        str | None, typer.Option(metavar="SLOT", help="Use this slot, whichever had the traffic before.")
    ] = None,
    stack: StackOption = None,
) -> None:
    """Move all traffic back to the slot that had it before, at once, and update the stack file."""
    from azml.cli.rollouts import ownership  # loads what reads journals

    chosen = stacks.choose(find_clone(), stack)
    declared = chosen.file.endpoint(endpoint)
    connection = stacks.connect(chosen)
    found = endpoints.read(connection, names.azure_name(declared))
    back = ownership.withdraw_first(chosen, declared, found.traffic)
    moved_from = moves.before_move(chosen, declared.key, found.traffic)
    target = to or back.slot or moved_from or _before(chosen, declared, found)
    _require_serving(found, target)
    shares.move(connection, found, {target: 100}, {}, f"All traffic of {found.name} to {target}")
    mirrored = bool(found.mirror_traffic or declared.mirror_traffic)
    shares.keep(chosen, declared, {target: 100}, ends_mirroring=mirrored)
    if back.withdrawn:
        ownership.finish(chosen, declared)


def _before(stack: Stack, declared: StackEndpoint, found: OnlineEndpoint) -> str:
    """The slot to go back to, according to the stack's history."""
    past = history.asked_before(engine_of(stack), declared.key)
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


def holds_a_newer_version(declared: StackEndpoint, found: OnlineEndpoint, slot: str) -> bool:
    """Whether a release came in between, which freezes the live slot and deploys the folder to the other."""
    live = history.holder(found.traffic)
    if live is None or live == slot:
        return False
    return frozen(declared.file_of(live)) and not frozen(declared.file_of(slot))


def _require_serving(endpoint: OnlineEndpoint, slot: str) -> None:
    """Raises InvalidInput when the slot cannot answer."""
    endpoint.deployment(slot)
    if findings := list(shares.not_serving(endpoint, {slot: 100})):
        raise InvalidInput(findings)
