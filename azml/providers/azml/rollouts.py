"""Which rollouts of a stack's endpoints are not finished, by their journals."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from azml.azure import rollouts
from azml.azure.arm import Arm
from azml.azure.blobs import Blob, NoContainerError
from azml.azure.errors import AzureError
from azml.azure.lookup import Bodies
from azml.azure.storage_accounts import account_id_of, account_in
from azml.engine_values import Value
from azml.providers.azml.live_changes import would_change


@dataclass(frozen=True)
class Rollout:
    """An unfinished rollout between two slots, and how it stands in a sentence.

    Without slots, the sentence is why nothing is known.
    """

    slots: tuple[str, ...]
    sentence: str


def unfinished(arm: Arm, bodies: Bodies, endpoints: Iterable[str]) -> dict[str, Rollout]:
    """The unfinished rollouts of these endpoints (ARM ids), one question for each.

    `bodies` has their workspace and its storage account; where either is missing nothing has begun.
    """
    asked = {one: container for one in endpoints if (container := _container(bodies, one))}
    if not asked:
        return {}
    with ThreadPoolExecutor(len(asked)) as threads:
        found = threads.map(lambda one: _of(arm, asked[one], one), asked)
        return {one: rollout for one, rollout in zip(asked, found, strict=True) if rollout}


def _container(bodies: Bodies, endpoint_id: str) -> str:
    account_id = account_id_of(bodies.get(_workspace(endpoint_id), {}))
    account = bodies.get(account_id)
    return rollouts.container_in(account_in(account_id, account)) if account else ""


def _workspace(endpoint_id: str) -> str:
    return endpoint_id.rpartition("/onlineEndpoints/")[0]


def _of(arm: Arm, container: str, endpoint_id: str) -> Rollout | None:
    workspace, name = _workspace(endpoint_id).rpartition("/")[2], endpoint_id.rpartition("/")[2]
    try:
        found = Blob(arm, container, rollouts.blob_name(workspace, name)).read()
    except NoContainerError:
        return None
    except AzureError as failed:
        return Rollout((), f"whether a rollout is under way is not known: {failed}")
    return None if found is None else _read(found.data.decode(errors="replace"), found.now)


def _read(text: str, now: float) -> Rollout | None:
    # Loaded only for a stack with a plan: every preview loads this module.
    from azml.rollout.deciding.replaying import replay
    from azml.rollout.deciding.state import NOT_UNDER_WAY
    from azml.rollout.deciding.status import status
    from azml.rollout.journals.document import parse
    from azml.rollout.journals.journal import BrokenJournal

    try:
        document = parse(text)
        state = replay(document.plan, document.entries)
    except BrokenJournal as broken:
        return Rollout((), f"whether a rollout is under way is not known, its journal is broken: {broken}")
    if state.phase in NOT_UNDER_WAY:
        return None
    shown = status(document, state, now)
    slots = tuple(slot for slot in (document.head.stable, document.head.candidate) if slot)
    return Rollout(slots, f"{shown.sentence} {shown.advice}")


def changes_in_a_rollout(
    bodies: Bodies, endpoint_id: str, serves: Mapping[str, Value], rollout: Rollout
) -> list[str]:
    """Why slots of an unfinished rollout must not change: those that would serve something else, or go."""
    return [
        f"{slot} is part of a rollout that is not finished, and would change under it. {rollout.sentence}"
        for slot in rollout.slots
        if would_change(bodies, endpoint_id, slot, serves)
    ]
