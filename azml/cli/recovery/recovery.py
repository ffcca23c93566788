"""Repairing what a killed run left behind, so that the next one needs no help."""

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
from azml.cli.recovery.state_repair import repair, set_aside
from azml.cli.recovery.unlisted import unlisted
from azml.cli.stacks.stacks import LOCAL, Connection
from azml.cli.terminal import Step, step

PROJECT = "azml-local"
PATIENCE = 300.0
"""Seconds to wait for a pulumi that outlived its command: it is at work, and ends by itself."""


def end_orphans(clone: Clone) -> None:
    """End plugins and language hosts that outlived their engine."""
    left = [orphan for orphan in orphans(clone) if orphan.what != "local Azure"]
    if left:
        with step("Ending what a killed run left behind") as current:
            end(orphan.process for orphan in left)
            current.done(", ".join(sorted({orphan.what for orphan in left})))


def free_stack(clone: Clone, engine: Engine) -> None:
    """Take away locks whose process is dead, and repair what it was writing.

    Raises CommandError when another run is under way.
    """
    if not read_locks(clone.backend, PROJECT, LOCAL):
        if done := _mended(clone):
            with step("Mending the state") as current:
                current.done("; ".join(done))
        return
    with step("Freeing the stack") as current:
        _await_orphaned_engine(clone, current)
        locks = read_locks(clone.backend, PROJECT, LOCAL)
        require_only_stale(locks)
        done = _mended(clone)
        if locks:
            engine.quiet("cancel", "--yes", "--stack", LOCAL)
            done.append("removed the lock of a run that was killed")
        current.done("; ".join(done))


def _mended(clone: Clone) -> list[str]:
    """The state put right, or out of the way: the local Azure tells what there is."""
    return [*repair(clone.backend), *set_aside(clone.backend)]


def take_over(clone: Clone, engine: Engine, connection: Connection) -> None:
    """Take into the state what the local Azure has and the state does not list, where the stack makes it.

    That is what an update leaves that could not write its state, and all there is once the state is lost.
    """
    state = read_state(clone) or {}
    if not unlisted(connection, state.get("resources") or ()):
        return
    with step("Taking over what the state does not list") as current:
        current.say("asking the program what it would make")
        try:
            planned, found = adoption.look(engine, clone.work, connection)
        except CommandError:
            current.done("nothing, for there is no preview; the update says why")
            return
        current.say(", ".join(one.name for one in found))
        if found:
            adoption.adopt(engine, clone.work, planned, found)
        current.done(", ".join(f"{one.kind} {one.name}" for one in found) or "nothing of this stack's")


def select_stack(clone: Clone, engine: Engine) -> None:
    """Make the stack, or take the one there is. Raises CommandError, with a way out of a broken state."""
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
    """Settle what a killed update had begun: take over what Azure has, forget what it has not."""
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
    """For a destroy: end the shares that no listed resource owns. Azure deletes no slot with a share.

    The resource that owns them was lost with a state, or came after what the state lists.
    """
    urns = {str(one["urn"]) for one in (read_state(clone) or {}).get("resources") or ()}
    listed = {urn.rpartition("::")[2] for urn in urns if "azml:index:EndpointTraffic::" in urn}
    made = {urn.rpartition("::")[2] for urn in urns if ":OnlineEndpoint::" in urn}
    for endpoint in read_all(connection):
        if endpoint.name in made - listed and (endpoint.traffic or endpoint.mirror_traffic):
            with step(f"Taking the shares of {endpoint.name}") as current:
                write_traffic(connection, endpoint, {}, {})
                current.done("the state does not list them")


def await_azure(connection: Connection) -> None:
    """Wait until no deployment is being made: what a killed run had begun takes no traffic before."""
    if not (busy := _busy(connection)):
        return
    with step("Waiting for what had been begun") as current:
        done = busy
        while busy:
            current.say(f"{', '.join(busy)} under way")
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
    """The local stack's state as its file backend holds it; None when there is none."""
    path = clone.backend / "stacks" / PROJECT / f"{LOCAL}.json"
    try:
        found = json.loads(path.read_text())["checkpoint"].get("latest")
    except FileNotFoundError:
        return None
    return found or {}


def _await_orphaned_engine(clone: Clone, current: Step) -> None:
    """A pulumi whose command was killed goes on alone and ends by itself; ending it would cost more."""
    deadline = time.monotonic() + PATIENCE
    while live := [lock.pid for lock in read_locks(clone.backend, PROJECT, LOCAL) if _orphaned(lock.pid)]:
        if time.monotonic() > deadline:
            raise CommandError(f"pulumi (process {live[0]}) is still running", "end it, then run this again")
        current.say(f"waiting for pulumi (process {live[0]}), which outlived the command that started it")
        time.sleep(0.2)


def _orphaned(pid: int) -> bool:
    return orphaned(pid, name="pulumi")
