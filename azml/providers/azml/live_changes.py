"""Finds deployments with live traffic that would change, compared with what Azure serves now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from azml.azure import endpoints
from azml.azure.arm import Arm
from azml.azure.endpoints import ALLOW_VARIABLE, API_VERSION, SERVES_TAG
from azml.azure.lookup import Bodies, existing_bodies
from azml.engine_values import Value

AZML = ".venv/bin/azml"
"""The command as installed by `make` in the clone, where it is not on the PATH."""


@dataclass(frozen=True)
class LiveChange:
    """A slot with live traffic that would change.

    `live` are the current shares, `idle` the declared slots without one. `instance_type` has the current and
    the new instance type, None if it stays; `tagged` says that a stack of this project created it.
    """

    endpoint_id: str
    slot: str
    live: Mapping[str, int]
    idle: tuple[str, ...]
    instance_type: tuple[str, str] | None
    tagged: bool

    def refusal(self, what: str = "") -> str:
        """Why it must not change, and every remedy; `what` says what differs, where that is known."""
        endpoint = endpoints.endpoint_name(self.endpoint_id) or ""
        share = f"{self.live[self.slot]} % of the requests of {endpoint}"
        once = (
            f"To change it in place anyway, this once: {ALLOW_VARIABLE}={endpoint} before the command, "
            f"or for the local stack `{AZML} up --allow-live-change {endpoint}`."
        )
        if not self.tagged:
            return (
                f"{self.slot} answers {share} and has no tag {SERVES_TAG!r}: no stack of this project "
                f"created it, and it does not serve what is declared. To take it over as it is: "
                f"`{AZML} import {endpoint}`. {once}"
            )
        what = what or shown_change(self.instance_type)
        changes = f": {what}" if what else ""
        return f"{self.slot} answers {share} and would change under its users{changes}. {self._way()} {once}"

    def _way(self) -> str:
        endpoint = endpoints.endpoint_name(self.endpoint_id)
        if self.idle:
            idle = self.idle[0]
            way = f"Put the new version into the idle slot {idle!r} instead: run `{AZML} release {endpoint}`"
        elif len(self.live) > 1:
            way = f"No slot is idle: give one all the traffic first, then run `{AZML} release {endpoint}`"
        else:
            way = f"There is no idle slot: `{AZML} release {endpoint}` creates one"
        return f"{way}, then move the traffic."


def shown_change(instance_type: tuple[str, str] | None) -> str:
    """A change of the instance type, as a user would write it."""
    return f"instance_type: {instance_type[0]} -> {instance_type[1]}" if instance_type else ""


def live_changes(bodies: Bodies, endpoint_id: str, serves: Mapping[str, Value]) -> list[LiveChange]:
    """The slots of an endpoint that have a share and would serve something else; empty without an endpoint.

    `bodies` has the endpoint and its deployments. `serves` maps each declared slot to the `digest` of what it
    should serve, and its `instanceType`.
    """
    return list(_changes(bodies, endpoint_id, serves))


def _changes(bodies: Bodies, endpoint_id: str, serves: Mapping[str, Value]) -> Iterator[LiveChange]:
    live = endpoints.shares(bodies.get(endpoint_id, {})).traffic
    idle = tuple(name for name in serves if not live.get(name))
    for name in live:
        wanted, body = serves.get(name), bodies.get(endpoints.deployment_id(endpoint_id, name))
        digest = wanted.get("digest") if isinstance(wanted, dict) else None
        if body is None or not isinstance(wanted, dict) or not isinstance(digest, str):
            continue
        slot = endpoints.slot(body)
        # A failed deployment answers nobody: changing it is how it gets repaired.
        if slot.state == "failed" or slot.serves == digest:
            continue
        kinds = (slot.instance_type, wanted.get("instanceType"))
        yield LiveChange(endpoint_id, name, live, idle, changed(*kinds), slot.tagged)


def would_change(bodies: Bodies, endpoint_id: str, slot: str, serves: Mapping[str, Value]) -> bool:
    """Whether a deployment that exists would serve something else, or be removed."""
    body, wanted = bodies.get(endpoints.deployment_id(endpoint_id, slot)), serves.get(slot)
    if body is None or not isinstance(wanted, dict):
        return slot not in serves
    return endpoints.slot(body).serves != wanted.get("digest")


def read_live(arm: Arm, endpoint_id: str, serves: Mapping[str, Value]) -> Bodies:
    """The bodies that `live_changes` needs: the endpoint, and its deployments with a share."""
    bodies = existing_bodies(arm, {endpoint_id: API_VERSION})
    live = endpoints.shares(bodies.get(endpoint_id, {})).traffic
    ids = [endpoints.deployment_id(endpoint_id, name) for name in live if name in serves]
    return {**bodies, **existing_bodies(arm, dict.fromkeys(ids, API_VERSION))}


def changed(before: Value, after: Value) -> tuple[str, str] | None:
    """Two instance types that differ; None where they are equal or one is not known."""
    if not isinstance(before, str) or not isinstance(after, str) or before.lower() == after.lower():
        return None
    return before, after
