"""`azml down`: destroy the local stack and stop the local Azure; nothing runs afterwards."""

import shlex
from typing import Annotated

import typer

from azml.cli.clone import Clone, find_clone
from azml.cli.local import local_azure
from azml.cli.local.engine import Engine, environment
from azml.cli.local.lifecycle import find_pulumi, require_platform, start, stop
from azml.cli.options import PORT, SCORING_PORT, PortOption, ScoringPortOption
from azml.cli.recovery import recovery
from azml.cli.release import slots
from azml.cli.stacks import stacks
from azml.cli.terminal import step


def down(
    port: PortOption = PORT,
    scoring_port: ScoringPortOption = SCORING_PORT,
    everything: Annotated[
        bool, typer.Option("--all", help="Destroy the stack even if a release pins a slot.")
    ] = False,
) -> None:
    """Destroy the local stack and stop the local Azure.

    While a release pins a slot to registered versions, the stack is kept: the versions would be deleted with
    its workspace, and no `up` could deploy that slot again.
    """
    require_platform()
    clone = find_clone()
    with local_azure.alone(clone):
        recovery.end_orphans(clone)
        if why := reason_to_stay(clone, everything=everything):
            with step("Stack") as current:
                current.done(why)
        else:
            destroy(clone, port, scoring_port)
        stop(clone)


def reason_to_stay(clone: Clone, *, everything: bool) -> str:
    """Why nothing is, or may be, destroyed; empty when there is something to destroy."""
    if not has_resources(clone):
        return "nothing is deployed"
    pinned = [] if everything else slots.pinned(stacks.Stack(clone, stacks.LOCAL))
    files = ", ".join(clone.shown(one.file) for one in pinned)
    return f"stays, with the versions that {files} names; azml down --all destroys it" if pinned else ""


def has_resources(clone: Clone) -> bool:
    """Whether the local stack's state lists resources or pending operations; True when it cannot be read."""
    try:
        latest = recovery.read_state(clone) or {}
    except ValueError:
        return True
    return bool(latest.get("resources") or latest.get("pending_operations"))


def destroy(clone: Clone, port: int, scoring_port: int) -> None:
    """Delete what the stack created, for which the local Azure must run."""
    pulumi = find_pulumi()
    azure = start(clone, port, scoring_port)
    variables = environment(clone, pulumi, azure.environment())
    engine = Engine(pulumi, clone.local_project, stacks.LOCAL, variables, clone.work)
    connection = stacks.connect(stacks.Stack(clone, stacks.LOCAL))
    recovery.free_stack(clone, engine)
    recovery.settle_pending(clone, engine, connection.arm, connection.workspace.subscription_id)
    recovery.release_shares(clone, connection)
    command = ["destroy", "--yes", "--skip-preview", "--stack", stacks.LOCAL]
    with step(shlex.join(["pulumi", "-C", "local", *command]), live=False) as current:
        current.done(str(engine.shown(current, *command)))
