"""Deleted resources that can be recovered: their names stay taken until they are purged.

Sources: learn.microsoft.com, "Workspace soft deletion" (Azure Machine Learning, 14 days), "Azure Key Vault
soft-delete overview" (7 to 90 days), "Delete and recover Azure Log Analytics workspace" (14 days).
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from azml.emulator.control.arm.clock import Clock
from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.store import Record

DAY = 86_400.0  # seconds
KEPT_DAYS = 14
"""Days in which a workspace of Machine Learning or Log Analytics can be recovered."""


@dataclass(frozen=True)
class Deleted:
    """A deleted resource. `at` and `until` are unix seconds: when it was deleted and is purged."""

    record: Record
    at: float
    until: float


class DeletedResources:
    """The deleted resources. A resource disappears by itself when its recovery time is over."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def keep(self, record: Record, days: float) -> None:
        """Keep a resource that is being deleted for `days`."""
        now = self._clock.wall()
        self._database.write(
            "INSERT OR REPLACE INTO deleted VALUES (?, ?, ?, ?, ?, ?, ?)",
            record.id.key,
            record.id.text,
            record.id.kind,
            json.dumps(record.body),
            json.dumps(record.hidden),
            now,
            now + days * DAY,
        )

    def find(self, id_text: str) -> Deleted | None:
        """The deleted resource with an id."""
        found = self._select("key = ?", id_text.lower())
        return found[0] if found else None

    def of(self, kind: str) -> Sequence[Deleted]:
        """All of one type, in the order of deletion."""
        return self._select("kind = ?", kind.lower())

    def drop(self, id_text: str) -> bool:
        """Remove one that was purged or recovered. Returns whether there was one."""
        there = self.find(id_text) is not None
        self._database.write("DELETE FROM deleted WHERE key = ?", id_text.lower())
        return there

    def clear(self) -> None:
        """Remove all: for tests that start with nothing."""
        self._database.write("DELETE FROM deleted")

    def _select(self, condition: str, value: str) -> list[Deleted]:
        rows = self._database.rows(
            f"SELECT * FROM deleted WHERE {condition} AND until > ? ORDER BY at",  # noqa: S608, constants
            value,
            self._clock.wall(),
        )
        return [_deleted(row) for row in rows]


def _deleted(row: sqlite3.Row) -> Deleted:
    record = Record(resource_id(row["id"]), json.loads(row["body"]), json.loads(row["hidden"]))
    return Deleted(record, row["at"], row["until"])
