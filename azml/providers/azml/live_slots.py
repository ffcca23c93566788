"""`azml:index:LiveSlots`: prevents changes of deployments that have live traffic.

The deployments of an endpoint depend on this resource. Its Check compares what each slot should serve with
what the live ones serve now, and fails before anything is written. The engine does not check resources
outside `--target`, and stops at the first failed check. So the program asks first, for all endpoints
(`azml:index:liveState`), and if that refuses, this resource is `told` and only reports what differs: only it
knows the files of the last update.
"""

from collections.abc import Iterator, Mapping

from azml.azure import endpoints
from azml.azure.arm import Arm
from azml.azure.endpoints import ALLOW_VARIABLE
from azml.azure.lookup import Bodies
from azml.engine_values import Properties, Unknown, Value
from azml.file_list import file_list, file_list_text
from azml.findings import did_you_mean
from azml.providers import calls
from azml.providers.azml.live_changes import (
    AZML,
    LiveChange,
    changed,
    live_changes,
    read_live,
    shown_change,
)
from azml.providers.differences import differences, top
from azml.providers.engine_log import EngineLog

INPUTS = ("endpointId", "serves", "allow", "told")


class LiveSlots:
    """Guards the slots of one endpoint. It has no counterpart in Azure."""

    def __init__(self, arm: Arm, log: EngineLog) -> None:
        self._arm = arm
        self._log = log
        self._cleared: Mapping[str, Mapping[str, Value]] = {}  # by endpoint, the digests it may change to

    def check(self, call: calls.Check) -> calls.Checked:
        """Fail for every slot with a share that would serve something else."""
        inputs = call.news
        failures = list(_malformed(inputs))
        endpoint_id = inputs.get("endpointId")
        if failures or not isinstance(endpoint_id, str):
            return calls.Checked(inputs, failures)
        if inputs.get("told"):
            return self._explained(endpoint_id, call)
        if inputs.get("allow") or self._cleared.get(endpoint_id) == _digests(inputs):
            return calls.Checked(inputs)
        changes = self._changes(endpoint_id, inputs["serves"])
        # No property is named: the engine would print its whole value before the reason.
        failures += [calls.Failure("", change.refusal(_of(call, change.slot))) for change in changes]
        return calls.Checked(inputs, failures)

    def refused(self, bodies: Bodies, asked: Mapping[str, Mapping[str, Value]]) -> dict[str, list[str]]:
        """By endpoint, why live slots must not change; for all endpoints at once.

        `asked` maps an endpoint's ARM id to what its slots should serve; `bodies` has their bodies in Azure.
        """
        changes = {one: live_changes(bodies, one, serves) for one, serves in asked.items()}
        self._cleared = {one: _digests({"serves": asked[one]}) for one in asked if not changes[one]}
        return {one: [change.refusal() for change in found] for one, found in changes.items() if found}

    def _changes(self, endpoint_id: str, serves: Mapping[str, Value]) -> list[LiveChange]:
        return live_changes(read_live(self._arm, endpoint_id, serves), endpoint_id, serves)

    def _explained(self, endpoint_id: str, call: calls.Check) -> calls.Checked:
        """Report what differs in the slots of an endpoint that the program has refused; changes nothing."""
        if not call.olds:
            return calls.Checked(call.news, [calls.Failure("", _elsewhere(endpoint_id))])
        for change in self._changes(endpoint_id, call.news["serves"]):
            if what := _of(call, change.slot):
                self._log.warning(call.urn, f"{change.slot}: {what}")
        return calls.Checked(call.olds, [])

    def diff(self, call: calls.Diff) -> calls.Changes:
        """The differences, file by file; never a replacement. Allowing a change is no difference."""
        found = differences(_comparable(call.olds), _comparable(call.news))
        before, after = _slots(call.olds), _slots(call.news)
        for name in before.keys() & after.keys():
            # A release refers to the same versions in another form: what is served does not change.
            if before[name].get("digest") == after[name].get("digest"):
                continue
            if what := _what(before[name], after[name]):
                self._log.info(call.urn, f"{name}: {what}")
        return calls.Changes({path: kind for path, kind in found.items() if top(path) != "allow"})

    def create(self, call: calls.Create) -> calls.State:
        """Nothing to create: the check is all it does."""
        return calls.State("" if call.preview else call.urn.rpartition("::")[2], call.inputs)

    def update(self, call: calls.Update) -> Properties:
        """Nothing to change."""
        return call.news

    def read(self, call: calls.Read) -> calls.State:
        """Nothing in Azure can have drifted."""
        return calls.State(call.id, call.outputs, call.inputs)

    def delete(self, call: calls.Delete) -> None:
        """Nothing to remove."""


def _of(call: calls.Check, slot: str) -> str:
    """What differs in `slot` from the last update."""
    return _what(_slots(call.olds).get(slot), _slots(call.news)[slot])


def _elsewhere(endpoint_id: str) -> str:
    return (
        f"{endpoint_id} exists in Azure and is not in this stack's state, or only since its last update, "
        f"and it answers requests: take it in with `{AZML} adopt`, or give the endpoint declared here "
        f"another `name:`. (Once it is in, {ALLOW_VARIABLE}={endpoints.endpoint_name(endpoint_id)} lets the "
        "first update change it.)"
    )


def _digests(inputs: Properties) -> dict[str, Value]:
    return {name: slot.get("digest") for name, slot in _slots(inputs).items()}


def _what(before: Mapping[str, Value] | None, after: Mapping[str, Value]) -> str:
    """What differs, as the user knows it: files without the asset they belong to, and the instance type."""
    old, new = (file_list((side or {}).get("files") or {}) for side in (before, after))
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    files = ", ".join(dict.fromkeys(name.partition("/")[2] or name for name in names))
    size = shown_change(changed((before or {}).get("instanceType"), after.get("instanceType")))
    return ", ".join(part for part in (f"{files} changed" if files else "", size) if part)


def _comparable(inputs: Properties) -> Properties:
    """Older states list files as a mapping, where ours is a text."""
    slots = {
        name: {**slot, "files": file_list_text(file_list(slot.get("files") or {}))}
        for name, slot in _slots(inputs).items()
    }
    return {**inputs, "serves": slots} if slots else inputs


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
