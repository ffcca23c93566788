"""The latest rollout of an endpoint, as its journal in the workspace's storage tells it.

A journal is one blob (`azml-rollouts/WORKSPACE/ENDPOINT/latest.json`): a line of JSON that says whose it is,
then one for each entry, each with its `kind`. Here it is only read: what it does not say is not shown.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.storage.accounts import container_id
from azml.emulator.control.storage.blobs import BlobStore
from azml.emulator.control.studio.health import Level

CONTAINER = "azml-rollouts"
WORKSPACE = "microsoft.machinelearningservices/workspaces"
LAST: Mapping[str, tuple[Level, str]] = {
    "Started": ("busy", "begun"),
    "Entered": ("busy", "under way"),
    "Advanced": ("busy", "step passed"),
    "Extended": ("busy", "extended"),
    "Paused": ("warn", "paused"),
    "Stuck": ("bad", "stuck"),
    "Withdrawn": ("bad", "rolling back"),
    "resume": ("busy", "resumed"),
    "pause": ("warn", "paused"),
    "approve": ("busy", "approved"),
    "abort": ("warn", "being aborted"),
    "supersede": ("warn", "being superseded"),
}
"""Entries that say how a rollout stands, wishes by their own name."""
CONFIRMED: Mapping[str, tuple[Level, str]] = {
    "Withdrawn": ("bad", "rolled back"),
    "abort": ("idle", "aborted"),
    "supersede": ("idle", "superseded"),
}
"""The same, once the shares that follow from it have been read back."""

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class GateView:
    """What the last look at a gate has found, in words."""

    name: str
    found: str


@dataclass(frozen=True)
class RolloutView:
    """A rollout. `step` counts from 1 (0: none has begun); `at` is when the journal was last written."""

    number: int
    stable: str
    candidate: str
    level: Level
    words: str
    sentence: str
    step: int
    steps: int
    at: float
    gates: Sequence[GateView]


class Rollouts:
    """Reads journals; one that has not changed is not read again."""

    def __init__(self, store: ResourceStore, blobs: BlobStore) -> None:
        self._store = store
        self._blobs = blobs
        self._known: dict[str, tuple[str, RolloutView | None]] = {}

    def latest(self, endpoint: Record) -> RolloutView | None:
        """The latest rollout of an endpoint; None where there is none, or none that can be read."""
        container = self._container(endpoint)
        name = f"{endpoint.id.part('workspaces')}/{endpoint.id.name}/latest.json"
        blob = self._blobs.find(container, name) if container else None
        if blob is None:
            return None
        known = self._known.get(endpoint.id.key)
        if known is None or known[0] != blob.etag:
            text = self._blobs.path(blob.content.sha256).read_text(encoding="utf-8", errors="replace")
            known = self._known[endpoint.id.key] = blob.etag, view(text)
        return known[1]

    def _container(self, endpoint: Record) -> str | None:
        workspace = self._store.find(endpoint.id.text.rpartition("/onlineEndpoints/")[0])
        account = str(workspace.properties.get("storageAccount") or "") if workspace else ""
        return container_id(resource_id(account), CONTAINER).key if account else None


def view(text: str) -> RolloutView | None:
    """A journal's text in a few words; None where it is not a journal."""
    try:
        head, *entries = [json.loads(line) for line in text.splitlines()]
        return _view(head, entries)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _view(head: Entry, entries: Sequence[Entry]) -> RolloutView:
    steps = len(json.loads(head["plan"])["steps"])
    step = next((int(one["step"]) + 1 for one in reversed(entries) if one["kind"] == "Entered"), 0)
    level, words = _level_and_words(entries, ended=step == steps)
    return RolloutView(
        number=int(head["number"]),
        stable=str(head["stable"]),
        candidate=str(head["candidate"]),
        level=level,
        words=words,
        sentence=next((str(one["reason"]) for one in reversed(entries) if one.get("reason")), ""),
        step=step,
        steps=steps,
        at=float(entries[-1]["at"]) if entries else 0.0,
        gates=_gates(entries),
    )


def _level_and_words(entries: Sequence[Entry], *, ended: bool) -> tuple[Level, str]:
    """By the last entry that says so."""
    confirmed = False
    for entry in reversed(entries):
        name = str(entry["what"] if entry["kind"] == "Asked" else entry["kind"])
        if name == "Advanced" and ended:
            return "good", "succeeded"
        if confirmed and name in CONFIRMED:
            return CONFIRMED[name]
        if name in LAST:
            return LAST[name]
        confirmed = confirmed or name == "Confirmed"
    return "idle", "declared"


def _gates(entries: Iterable[Entry]) -> list[GateView]:
    looked = next((one for one in reversed(list(entries)) if one["kind"] == "Looked"), None)
    return (
        []
        if looked is None
        else [GateView(name, _found(look)) for name, look in looked["looks"]["of"].items()]
    )


def _found(look: Entry) -> str:
    match look["kind"]:
        case "Counted":
            return "; ".join(f"{who} {_part(look[who])}" for who in ("candidate", "stable"))
        case "Measured":
            return ", ".join(f"{value:g} s" for value in look["values"]) or "no whole minute"
        case "Replayed":
            fields = look["fields"]["of"].items()
            return "; ".join(f"{path} {one['equal']} of {one['compared']} agree" for path, one in fields)
        case "Smoked":
            requests = "request" if look["wanted"] == 1 else "requests"
            return f"{len(look['answers'])} of {look['wanted']} {requests} answered"
    return str(look.get("reason", "")) or "nothing"


def _part(seen: Entry) -> str:
    return f"{seen['events']} of {seen['requests']}"
