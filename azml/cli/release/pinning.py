"""Which slot is live, which one is free, and whether the live one can be pinned to what it serves."""

import tempfile
from pathlib import Path

from azml.bundling import HashCache, bundle
from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.failure import CommandError, InputError
from azml.cli.release import slots
from azml.findings import InvalidInput
from azml.specs import DeploymentSpec
from azml.stack.stack_file import StackEndpoint

PAIR = ("blue", "green")


def live_slot(found: OnlineEndpoint) -> OnlineDeployment:
    """The slot with all the traffic; raises CommandError when there is none or when it is shared."""
    if len(found.traffic) != 1:
        raise CommandError(
            f"endpoint {found.name} gives {endpoints.shares(found.traffic)}: no slot is idle"
            if found.traffic
            else f"endpoint {found.name} has no traffic: no slot is live, so any may change",
            "give one slot all the traffic first"
            if found.traffic
            else "pulumi up deploys the folder's version",
        )
    return found.deployment(next(iter(found.traffic)))


def idle_slot(declared: StackEndpoint, live: str, into: str | None) -> str:
    """The slot to fill: the one named, else the only one beside the live one, else a new one."""
    others = [slot for slot in declared.slots if slot != live]
    if into is not None:
        if into == live:
            raise InputError(f"{into} is the live slot", f"choose another: {', '.join(others) or 'green'}")
        return into
    if len(others) > 1:
        raise InputError("several slots have no traffic", f"choose one with --into: {', '.join(others)}")
    return others[0] if others else next(name for name in PAIR if name != live)


def filed(declared: StackEndpoint, found: OnlineEndpoint, slot: str) -> DeploymentSpec | None:
    """The spec of a slot's file; None when that is missing or invalid, which must not block a release."""
    try:
        return slots.load(declared, found.name, slot, declared.file_of(slot))
    except InvalidInput:
        return None


def require_same(
    declared: StackEndpoint, found: OnlineEndpoint, live: OnlineDeployment, text: str, cache: HashCache
) -> None:
    """Raises CommandError when the frozen file would change what the live slot serves."""
    if live.serves is None:
        return
    with tempfile.TemporaryDirectory(prefix="azml-") as folder:
        trial = Path(folder) / "frozen.yml"
        trial.write_text(text, encoding="utf-8")
        spec = slots.load(declared, found.name, live.name, str(trial))
        serves = bundle(spec, endpoint=declared.key, cache=cache).serves
    if serves != live.serves:
        raise CommandError(
            f"{live.name} cannot be pinned to the version it serves: in Azure it differs from the stack",
            "run pulumi up first, which sets them again, or set them in the slot's own keys",
        )
