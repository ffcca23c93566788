"""What a killed `pulumi up` had begun: the engine notes each operation before it starts it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azml.azure.arm import Arm
from azml.cli.terminal import Step
from azml.providers.local_azure.table import ROWS

IN_PROGRESS = frozenset({"creating", "updating", "deleting", "scaling", "accepted", "running"})


@dataclass(frozen=True)
class Pending:
    """One operation that was under way. `inputs` are what the provider was given, names filled in."""

    urn: str
    type: str
    operation: str
    inputs: Mapping[str, Any] = field(default_factory=dict)


def read_pending(backend: Path, project: str, stack: str) -> list[Pending]:
    """The operations under way when the stack's state was last written to its file backend."""
    try:
        state = json.loads((backend / "stacks" / project / f"{stack}.json").read_text())
    except FileNotFoundError:
        return []
    latest = (state.get("checkpoint") or {}).get("latest") or {}
    return [
        Pending(
            one["resource"]["urn"],
            one["resource"]["type"],
            one["type"],
            one["resource"].get("inputs") or {},
        )
        for one in latest.get("pending_operations") or ()
    ]


def settle(pending: list[Pending], arm: Arm, subscription: str, step: Step) -> list[str]:
    """The arguments of `pulumi refresh` that settle these operations.

    A resource whose creation was cut off is taken over where Azure has it, once Azure has done its part, and
    forgotten where it has not. The refresh itself settles updates and deletions.
    """
    arguments = ["--clear-pending-creates"]
    for one in pending:
        identity = arm_id(one, subscription) if one.operation == "creating" else None
        if identity and _there(arm, identity, one.type, step):
            step.say(f"taking over {identity.rpartition('/')[2]}, which was made before the run was killed")
            arguments += ["--import-pending-creates", one.urn, "--import-pending-creates", identity]
    return arguments


def arm_id(pending: Pending, subscription: str) -> str | None:
    """The ARM id the resource has or would have; None for what is no resource of ARM's, as a blob."""
    row = _ROWS.get(pending.type)
    if row is None or pending.type.endswith(":Blob"):
        return None
    names = {name: pending.inputs.get(name) for name in row.parameters}
    if not all(isinstance(name, str) for name in names.values()):
        return None
    return row.path.format(subscriptionId=subscription, **names)


_ROWS = {row.token: row for row in ROWS}


def _there(arm: Arm, identity: str, kind: str, step: Step) -> bool:
    version = _ROWS[kind].api_version
    while True:
        body = arm.get(identity, version)
        if body is None:
            return False
        state = str((body.get("properties") or {}).get("provisioningState") or "")
        if state.lower() not in IN_PROGRESS:
            return True
        step.say(f"{identity.rpartition('/')[2]} is {state.lower()}")
        arm.pause(0.2)
