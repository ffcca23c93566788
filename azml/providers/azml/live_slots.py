"""`azml:index:LiveSlots`: a deployment that answers users is not changed under them.

The deployments of an endpoint depend on this resource. Its Check compares what each slot is to serve with
what the live ones serve now, and fails before anything is written.
"""

from collections.abc import Iterator, Mapping

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION, SERVES_TAG
from azml.findings import did_you_mean
from azml.providers import calls
from azml.providers.azml import endpoints
from azml.providers.codec import Properties, Unknown, Value
from azml.providers.differences import differences
from azml.providers.engine_log import EngineLog

INPUTS = ("endpointId", "serves", "allow")


class LiveSlots:
    """Guards the slots of one endpoint. It holds nothing in Azure."""

    def __init__(self, arm: Arm, log: EngineLog) -> None:
        self._arm = arm
        self._log = log

    def check(self, call: calls.Check) -> calls.Checked:
        """Fail for every slot with a share that would change in what it predicts."""
        inputs = call.news
        failures = list(_malformed(inputs))
        endpoint_id = inputs.get("endpointId")
        if not failures and isinstance(endpoint_id, str) and not inputs.get("allow"):
            failures += self._endangered(endpoint_id, call)
        return calls.Checked(inputs, failures)

    def _endangered(self, endpoint_id: str, call: calls.Check) -> Iterator[calls.Failure]:
        endpoint = self._arm.get(endpoint_id, API_VERSION)
        if endpoint is None:
            return
        live = endpoints.shares(endpoint).traffic
        serves = call.news["serves"]
        for name in live:
            wanted = serves.get(name)
            digest = wanted.get("digest") if isinstance(wanted, dict) else None
            if not isinstance(digest, str):
                continue
            slot = endpoints.slot(self._arm, endpoint_id, name)
            # A failed deployment serves nobody: changing it is how it gets mended.
            if slot is None or slot.state == "failed" or slot.serves == digest:
                continue
            what = _what(_slots(call.olds).get(name), wanted) if slot.serves else _UNTAGGED
            idle = [other for other in serves if not live.get(other)]
            # Named after no property: the engine would print its whole value before the reason.
            yield calls.Failure(
                "", _refusal(name, live, what, idle, endpoints.endpoint_name(endpoint_id) or "")
            )

    def diff(self, call: calls.Diff) -> calls.Changes:
        """The differences, file by file; never a replacement."""
        found = differences(call.olds, call.news)
        before, after = _slots(call.olds), _slots(call.news)
        for name in before.keys() & after.keys():
            # A release names the same versions another way: what is served stays what it was.
            if before[name].get("digest") == after[name].get("digest"):
                continue
            if names := _changed_files(before[name], after[name]):
                self._log.info(call.urn, f"{name}: {', '.join(names)} changed")
        return calls.Changes(found)

    def create(self, call: calls.Create) -> calls.State:
        """Nothing to make: the check was the point."""
        return calls.State("" if call.preview else call.urn.rpartition("::")[2], call.inputs)

    def update(self, call: calls.Update) -> Properties:
        """Nothing to change."""
        return call.news

    def read(self, call: calls.Read) -> calls.State:
        """There is nothing in Azure that could have drifted."""
        return calls.State(call.id, call.outputs, call.inputs)

    def delete(self, call: calls.Delete) -> None:
        """Nothing to remove."""


_UNTAGGED = f"it carries no tag {SERVES_TAG!r}, so whether it stays the same cannot be told"


def _refusal(name: str, live: Mapping[str, int], what: str, idle: list[str], endpoint: str) -> str:
    if idle:
        way = f"Put the new version into the idle slot {idle[0]!r} instead: run `azml release {endpoint}`"
    elif len(live) > 1:
        way = f"No slot is idle: give one all the traffic first, then run `azml release {endpoint}`"
    else:
        way = f"There is no idle slot: `azml release {endpoint}` makes one"
    share = f"{live[name]} % of the requests of {endpoint}"
    return (
        f"{name} answers {share} and would change under its users: {what}. "
        f"{way}, then move the traffic. (`allow_live_change: true` changes it in place.)"
    )


def _what(before: Mapping[str, Value] | None, after: Mapping[str, Value]) -> str:
    names = _changed_files(before, after)
    return f"{', '.join(names)} changed" if names else "what it predicts with changed"


def _changed_files(before: Mapping[str, Value] | None, after: Mapping[str, Value]) -> list[str]:
    """The files that differ, as the user knows them: without the asset they belong to."""
    old, new = ((side or {}).get("files") or {} for side in (before, after))
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return list(dict.fromkeys(name.partition("/")[2] or name for name in names))


def _slots(inputs: Properties) -> dict[str, Mapping[str, Value]]:
    serves = inputs.get("serves")
    if not isinstance(serves, dict):
        return {}
    return {name: slot for name, slot in serves.items() if isinstance(slot, dict)}


def _malformed(inputs: Properties) -> Iterator[calls.Failure]:
    for key in inputs.keys() - set(INPUTS):
        yield calls.Failure(key, f"unknown property {key!r}: {did_you_mean(key, INPUTS)}")
    endpoint_id = inputs.get("endpointId")
    if not isinstance(endpoint_id, Unknown) and (
        not isinstance(endpoint_id, str) or endpoints.endpoint_name(endpoint_id) is None
    ):
        yield calls.Failure(
            "endpointId", f"endpointId must be the id of an online endpoint, not {endpoint_id!r}"
        )
    if not isinstance(inputs.get("serves"), dict | Unknown):
        yield calls.Failure("serves", "serves must map slots to what they serve")
