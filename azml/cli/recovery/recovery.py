"""Repairs what a killed run left behind, so that the next run works without intervention."""

import json
import tempfile
import time
from typing import Any

from azml.azure.arm import Arm
from azml.cli.clone import Clone
from azml.cli.endpoints.endpoints import read_all, write_traffic
from azml.cli.failure import CommandError
from azml.cli.local.engine import Engine
from azml.cli.local.processes import end, orphaned, orphans
from azml.cli.recovery import adoption
from azml.cli.recovery.locks import read_locks, require_only_stale
from azml.cli.recovery.pending import IN_PROGRESS, pending, settled
from azml.cli.recovery.selection import is_selected
from azml.cli.recovery.state_repair import repair, set_aside
from azml.cli.recovery.unlisted import unlisted
from azml.cli.stacks.stacks import LOCAL, Connection
from azml.cli.terminal import Step, step

PROJECT = "azml-local"
PATIENCE = 300.0
"""Seconds to wait for a pulumi that outlived its command: it is still working, and ends by itself."""


def end_orphans(clone: Clone) -> None:
    """End plugins and language hosts that outlived their engine."""
    left = [orphan for orphan in orphans(clone) if orphan.what != "local Azure"]
    if left:
        with step("Ending what a killed run left behind") as current:
            end(orphan.process for orphan in left)
            current.done(", ".join(sorted({orphan.what for orphan in left})))


def free_stack(clone: Clone, engine: Engine) -> None:
    """Remove locks whose process is dead, and repair what it was writing.

    Raises CommandError when another run is in progress.
    """
    if not read_locks(clone.backend, PROJECT, LOCAL):
        if done := _repair(clone):
            with step("Repairing the state") as current:
                current.done("; ".join(done))
        return
    with step("Unlocking the stack") as current:
        _await_orphaned_engine(clone, current)
        locks = read_locks(clone.backend, PROJECT, LOCAL)
        require_only_stale(locks)
        done = _repair(clone)
        if locks:
            engine.quiet("cancel", "--yes", "--stack", LOCAL)
            done.append("removed the lock of a run that was killed")
        current.done("; ".join(done))


def _repair(clone: Clone) -> list[str]:
    """Repair the state or set it aside, since the local Azure shows what exists; returns what was done."""
    return [*repair(clone.backend), *set_aside(clone.backend)]


def take_over(clone: Clone, engine: Engine, connection: Connection) -> None:
    """Add to the state what the local Azure has and the state does not list, if the stack declares it.

    An update that could not write its state leaves such resources; if the state is lost, all are such.
    """
    state = read_state(clone) or {}
    if not unlisted(connection, state.get("resources") or ()):
        return
    with step("Taking over what the state does not list") as current:
        current.say("previewing what the program would create")
        try:
            planned, found = adoption.look(engine, connection)
        except CommandError:
            current.done("nothing, because the preview failed; the update says why")
            return
        current.say(", ".join(one.name for one in found))
        if found:
            adoption.adopt(engine, planned, found)
        current.done(
            ", ".join(f"{one.kind} {one.name}" for one in found) or "nothing that belongs to this stack"
        )


def select_stack(clone: Clone, engine: Engine) -> None:
    """Create the stack, or select the existing one. Raises CommandError, with a remedy for a broken state."""
    project_file = clone.local_project / "Pulumi.yaml"
    if read_state(clone) and is_selected(LOCAL, PROJECT, project_file, engine.environment):
        return
    clone.backend.parent.mkdir(exist_ok=True)
    try:
        engine.quiet("stack", "select", "--create", LOCAL)
    except CommandError as failure:
        state = clone.shown(clone.backend)
        remedy = (
            f"the stack's state is in {state}; without it the next up takes over what the local Azure has: "
        )
        raise CommandError(failure.message, f"{remedy}mv {state} {state}.damaged") from failure


def settle_pending(clone: Clone, engine: Engine, arm: Arm, subscription: str) -> None:
    """Settle what a killed update had begun: take over what Azure has, and forget the rest."""
    if not (read_state(clone) or {}).get("pending_operations"):
        return
    with step("Settling what a killed update had begun") as current:
        state = engine.json("stack", "export", "--stack", LOCAL)
        begun = len(pending(state))
        state, taken = settled(state, arm, subscription, current)
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=clone.work) as file:
            json.dump(state, file)
            file.flush()
            engine.quiet("stack", "import", "--stack", LOCAL, "--file", file.name)
        current.done(f"{begun} begun, {taken} of them finished by Azure and taken over")


def release_shares(clone: Clone, connection: Connection) -> None:
    """Before a destroy, remove shares that no listed resource owns: Azure deletes no slot with a share.

    The resource that owns them was lost with a state, or was created after the state was last written.
    """
    urns = {str(one["urn"]) for one in (read_state(clone) or {}).get("resources") or ()}
    listed = {urn.rpartition("::")[2] for urn in urns if "azml:index:EndpointTraffic::" in urn}
    made = {urn.rpartition("::")[2] for urn in urns if ":OnlineEndpoint::" in urn}
    for endpoint in read_all(connection):
        if endpoint.name in made - listed and (endpoint.traffic or endpoint.mirror_traffic):
            with step(f"Removing the shares of {endpoint.name}") as current:
                write_traffic(connection, endpoint, {}, {})
                current.done("the state does not list them")


def await_azure(connection: Connection) -> None:
    """Wait until no deployment is being created: those of a killed run cannot take traffic before."""
    if not (busy := _busy(connection)):
        return
    with step("Waiting for operations in progress") as current:
        done = busy
        while busy:
            current.say(f"{', '.join(busy)} in progress")
            connection.arm.pause(0.2)
            busy = _busy(connection)
        current.done(", ".join(done))


def _busy(connection: Connection) -> list[str]:
    return [
        f"{endpoint.name}/{deployment.name}"
        for endpoint in read_all(connection)
        for deployment in endpoint.deployments
        if deployment.state.lower() in IN_PROGRESS
    ]


def read_state(clone: Clone) -> dict[str, Any] | None:
    """The local stack's state in the file backend; None when there is none."""
    path = clone.backend / "stacks" / PROJECT / f"{LOCAL}.json"
    try:
        found = json.loads(path.read_text())["checkpoint"].get("latest")
    except FileNotFoundError:
        return None
    return found or {}


def _await_orphaned_engine(clone: Clone, current: Step) -> None:
    """Wait for a pulumi whose command was killed: it ends by itself, and killing it would do more harm."""
    deadline = time.monotonic() + PATIENCE
    while live := [lock.pid for lock in read_locks(clone.backend, PROJECT, LOCAL) if _orphaned(lock.pid)]:
        if time.monotonic() > deadline:
            raise CommandError(f"pulumi (process {live[0]}) is still running", "end it, then run this again")
        current.say(f"waiting for pulumi (process {live[0]}), which outlived the command that started it")
        time.sleep(0.2)


def _orphaned(pid: int) -> bool:
    return orphaned(pid, name="pulumi")
