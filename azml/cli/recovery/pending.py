"""Operations that a killed `pulumi up` had begun: the engine records each one before it starts it.

`pulumi refresh --import-pending-creates` is meant for this, but in the CLI that this project uses (3.259.0)
it forgets the resources instead. So their state is completed here and loaded with `pulumi stack import`; the
refresh at the start of every update reads the rest from Azure.
"""

from collections.abc import Mapping
from typing import Any

from azml.azure.arm import Arm
from azml.azure_native.types import ROWS
from azml.cli.terminal import Step

IN_PROGRESS = frozenset({"creating", "updating", "deleting", "scaling", "accepted", "running"})
State = dict[str, Any]
"""A stack's exported state, as `pulumi stack export` prints it."""

_ROWS = {row.token: row for row in ROWS}


def pending(state: State) -> list[Mapping[str, Any]]:
    """The operations that were under way when the state was last written."""
    return list(state["deployment"].get("pending_operations") or ())


def settled(state: State, arm: Arm, subscription: str, step: Step) -> tuple[State, int]:
    """The state without pending operations, and the number of resources added to it.

    A resource whose creation was interrupted is taken over if Azure has it, once Azure has finished it, and
    forgotten if not. After interrupted updates and deletions the resource keeps its recorded state; the next
    refresh reads how far they got.
    """
    deployment = state["deployment"]
    known = {resource["urn"] for resource in deployment.get("resources") or ()}
    taken = [
        completed
        for operation in pending(state)
        if operation["type"] == "creating" and operation["resource"]["urn"] not in known
        if (completed := _completed(operation["resource"], arm, subscription, step))
    ]
    resources = [*(deployment.get("resources") or ()), *taken]
    return {**state, "deployment": {**deployment, "resources": resources, "pending_operations": []}}, len(
        taken
    )


def arm_id(kind: str, inputs: Mapping[str, Any], subscription: str) -> str | None:
    """The ARM id that a resource has or would have; None for what is not an ARM resource, such as a blob."""
    row = _ROWS.get(kind)
    if row is None or kind.endswith(":Blob"):
        return None
    names = {name: inputs.get(name) for name in row.parameters}
    if not all(isinstance(name, str) for name in names.values()):
        return None
    return row.path.format(subscriptionId=subscription, **names)


def _completed(resource: Mapping[str, Any], arm: Arm, subscription: str, step: Step) -> dict[str, Any] | None:
    """The resource's state with its id, if Azure has it."""
    kind, inputs = resource["type"], resource.get("inputs") or {}
    identity = arm_id(kind, inputs, subscription)
    if identity is None or not _there(arm, identity, _ROWS[kind].api_version, step):
        return None
    step.say(f"taking over {identity.rpartition('/')[2]}, which was created before the run was killed")
    return {**resource, "id": identity, "outputs": {**inputs, **(resource.get("outputs") or {})}}


def _there(arm: Arm, identity: str, version: str, step: Step) -> bool:
    """Whether Azure has it; waits while Azure is still working on it."""
    while True:
        body = arm.get(identity, version)
        if body is None:
            return False
        state = str((body.get("properties") or {}).get("provisioningState") or "")
        if state.lower() not in IN_PROGRESS:
            return True
        step.say(f"{identity.rpartition('/')[2]} is {state.lower()}")
        arm.pause(0.2)
