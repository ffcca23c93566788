"""The outcome of an update, read from the engine's event log once it has ended."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STACK = "pulumi:pulumi:Stack"
HOLDS_VERSIONS = ("azure-native:machinelearningservices:Workspace", "azure-native:resources:ResourceGroup")
"""Types of resources that take the registered versions with them when they are deleted."""


@dataclass(frozen=True)
class Changes:
    """What an update did: how many resources by operation, as the engine counts them.

    `kept` counts deletions that only removed a resource from the stack: Azure keeps registered versions.
    """

    by_operation: Mapping[str, int]
    kept: int = 0

    @property
    def nothing(self) -> bool:
        """Whether every resource was as declared."""
        return not any(count for name, count in self.by_operation.items() if name != "same")

    @property
    def unchanged(self) -> int:
        """Resources that were as declared."""
        return self.by_operation.get("same", 0)

    def __str__(self) -> str:
        if self.nothing:
            return f"nothing changed, {self.unchanged} resources are as declared"
        past = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
        counts = dict(self.by_operation)
        counts["delete"] = counts.get("delete", 0) - self.kept
        parts = [f"{counts[name]} {done}" for name, done in past.items() if counts.get(name, 0) > 0]
        if self.kept:
            parts.append(f"{self.kept} kept in Azure")
        return ", ".join([*parts, f"{self.unchanged} unchanged"] if self.unchanged else parts)


@dataclass(frozen=True)
class Outcome:
    """What changed, and whether the update got to any resource or failed before the first."""

    changes: Changes
    reached_resources: bool


def read(log: Path) -> Outcome:
    """The outcome according to an event log; an empty one if the engine wrote none."""
    return of(_events(log))


def of(events: Iterable[Mapping[str, Any]]) -> Outcome:
    """The outcome according to these events."""
    counts: dict[str, int] = {}
    kept, gone, reached = 0, False, False
    for event in events:
        if summary := event.get("summaryEvent"):
            counts = {name: int(count) for name, count in (summary.get("resourceChanges") or {}).items()}
        if begun := event.get("resourcePreEvent"):
            # Before a program that fails at once, the engine has refreshed resources, but declared none.
            step = begun["metadata"]
            reached = reached or (step["op"] not in ("refresh", "delete") and step["type"] != STACK)
        if ended := event.get("resOutputsEvent"):
            kept += _only_forgotten(ended["metadata"])
            gone = gone or (
                ended["metadata"]["op"] == "delete" and ended["metadata"]["type"] in HOLDS_VERSIONS
            )
    return Outcome(Changes(counts, 0 if gone else min(kept, counts.get("delete", 0))), reached)


def _only_forgotten(step: Mapping[str, Any]) -> bool:
    """Whether a deletion leaves the resource in Azure."""
    return step["op"] == "delete" and bool((step.get("old") or {}).get("retainOnDelete"))


def _takes_versions(step: Mapping[str, Any]) -> bool:
    return step["op"] == "delete" and step["type"] in HOLDS_VERSIONS and not _only_forgotten(step)


def _events(log: Path) -> Iterator[dict[str, Any]]:
    """The events, from complete lines only: a killed engine leaves the last half-written."""
    if log.is_file():
        with log.open("rb") as file:
            yield from (json.loads(line) for line in file if line.endswith(b"\n"))
