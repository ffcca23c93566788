"""Telemetry that scoring processes send to a component of Application Insights: requests and traces.

Kept in memory, the latest of each component: what a log query reads, and nothing else. Form of the items and
of the answer: azure-monitor-opentelemetry-exporter's generated client, "Track"; limits of texts:
learn.microsoft.com, "Application Insights telemetry data model".
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.application_insights import COMPONENT
from azml.emulator.control.arm.store import ResourceStore

KEPT = 2_000
"""Items of each component."""
MESSAGE_LIMIT, PROPERTY_LIMIT = 32_768, 8_192
Kind = Literal["RequestData", "MessageData"]
_KINDS: dict[str, Kind] = {"RequestData": "RequestData", "MessageData": "MessageData"}


@dataclass(frozen=True)
class Item:
    """One request or trace; `time` is its own, in seconds since 1970."""

    kind: Kind
    time: float
    role: str
    instance: str
    text: str
    properties: dict[str, str]


class Telemetry:
    """Takes items for the components that exist."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store
        self._kept: dict[str, deque[Item]] = {}

    def take(self, items: Sequence[Any]) -> Answer:
        """Keep what is known; the answer names the items that were refused."""
        components = {
            str(record.properties.get("InstrumentationKey")): record.id.key
            for record in self._store.under("", COMPONENT)
        }
        self._kept = {key: kept for key, kept in self._kept.items() if key in components.values()}
        errors = [
            {"index": place, "statusCode": 400, "message": why}
            for place, item in enumerate(items)
            if (why := self._one(item, components))
        ]
        body = {"itemsReceived": len(items), "itemsAccepted": len(items) - len(errors), "errors": errors}
        return Answer(206 if 0 < len(errors) < len(items) else 400 if errors else 200, body)

    def of(self, component: str, kind: Kind) -> list[Item]:
        """A component's items of a kind, by the key of its ARM id, in the order in which they came."""
        return [item for item in self._kept.get(component, ()) if item.kind == kind]

    def _one(self, item: Any, components: dict[str, str]) -> str:
        """Why an item is refused; empty where it was taken, which does not mean that anybody reads it."""
        component = components.get(str(item.get("iKey"))) if isinstance(item, dict) else None
        if component is None:
            return "Invalid instrumentation key"
        try:
            read = _read(item)
        except (AttributeError, KeyError, TypeError, ValueError):
            return "Invalid item"
        if read:
            self._kept.setdefault(component, deque(maxlen=KEPT)).append(read)
        return ""


def _read(item: dict[str, Any]) -> Item | None:
    data, tags = item["data"], item.get("tags") or {}
    when = datetime.fromisoformat(item["time"])
    kind, base = _KINDS.get(data["baseType"]), data["baseData"]
    if kind is None:
        return None
    return Item(
        kind,
        when.timestamp(),
        str(tags.get("ai.cloud.role") or ""),
        str(tags.get("ai.cloud.roleInstance") or ""),
        str(base["message" if kind == "MessageData" else "name"])[:MESSAGE_LIMIT],
        {name: str(value)[:PROPERTY_LIMIT] for name, value in (base.get("properties") or {}).items()},
    )
