"""All resources, in SQLite, found by id without regard to case."""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.errors import ArmError, not_found
from azml.emulator.control.arm.ids import RESOURCE_GROUPS, ResourceId, resource_id
from azml.emulator.control.arm.json import Json, section

SUCCEEDED = "Succeeded"
SHOWN = "shown"
"""The hidden value that holds the real state while another is shown. A write removes it."""
BUSY = ("Creating", "Updating", "Deleting")


@dataclass(frozen=True)
class Record:
    """One resource. `body` is the answer to a GET without id, name and type; `hidden` is never returned:
    keys, folders and the like. `created` is unix seconds; `sequence` orders resources by creation."""

    id: ResourceId
    body: Json
    hidden: Json = field(default_factory=dict)
    created: float = 0.0
    sequence: int = 0

    @property
    def properties(self) -> Json:
        """The resource's properties."""
        return section(self.body, "properties")

    @property
    def state(self) -> str:
        """The provisioning state."""
        return str(self.properties.get("provisioningState", SUCCEEDED))

    @property
    def location(self) -> str:
        """The region in the form in which Azure compares it: lower case, no spaces."""
        return str(self.body.get("location", "")).lower().replace(" ", "")

    def with_properties(self, **values: object) -> "Record":
        """The record with some properties set."""
        return replace(self, body={**self.body, "properties": {**self.properties, **values}})

    def with_body(self, body: Json) -> "Record":
        """The record with another body."""
        return replace(self, body=body)

    def with_hidden(self, **values: object) -> "Record":
        """The record with some hidden values set."""
        return replace(self, hidden={**self.hidden, **values})

    def without_hidden(self, name: str) -> "Record":
        """The record without one hidden value."""
        return replace(self, hidden={key: value for key, value in self.hidden.items() if key != name})


class ResourceStore:
    """The resources. Writes are part of the caller's transaction, if there is one."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def find(self, id_text: str) -> Record | None:
        """The resource with an id, None when there is none."""
        row = self.database.row("SELECT * FROM resources WHERE key = ?", id_text.lower())
        return _record(row) if row else None

    def get(self, id_text: str) -> Record:
        """The resource with an id. Raises ArmError 404."""
        found = self.find(id_text)
        if found is None:
            raise missing(resource_id(id_text))
        return found

    def put(self, record: Record) -> Record:
        """Create or replace a resource."""
        with self.database.transaction():
            old = self.find(record.id.text)
            created, sequence = (old.created, old.sequence) if old else (time.time(), self._next())
            kept = replace(record, created=created, sequence=sequence)
            self.database.write(
                "INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?, ?, ?)",
                kept.id.key,
                old.id.text if old else kept.id.text,
                kept.id.kind,
                created,
                sequence,
                json.dumps(kept.body),
                json.dumps(kept.hidden),
            )
        return kept

    def under(self, scope: str, kind: str) -> Sequence[Record]:
        """All resources of a type under a scope, oldest first. An empty scope includes all."""
        low = scope.lower().rstrip("/") + "/"
        rows = self.database.rows(
            "SELECT * FROM resources WHERE kind = ? AND substr(key, 1, ?) = ? ORDER BY sequence",
            kind.lower(),
            len(low),
            low,
        )
        return [_record(row) for row in rows]

    def family(self, id_text: str) -> Sequence[Record]:
        """A resource and all below it, nearest first."""
        key = id_text.lower()
        rows = self.database.rows(
            "SELECT * FROM resources WHERE key = ? OR substr(key, 1, ?) = ? ORDER BY length(key)",
            key,
            len(key) + 1,
            key + "/",
        )
        return [_record(row) for row in rows]

    def delete(self, id_text: str) -> None:
        """Delete one resource."""
        self.database.write("DELETE FROM resources WHERE key = ?", id_text.lower())

    def _next(self) -> int:
        row = self.database.row("SELECT coalesce(max(sequence), 0) + 1 FROM resources")
        return int(row[0]) if row else 1


def missing(named: ResourceId) -> ArmError:
    """The error for a resource that does not exist."""
    group = named.part("resourceGroups")
    if named.kind == RESOURCE_GROUPS:
        return missing_group(group)
    where = f" under resource group '{group}'" if group else ""
    return not_found(f"The Resource '{named.type}/{named.name}'{where} was not found.")


def missing_group(name: str) -> ArmError:
    """The error for a resource group that does not exist, and for anything in it."""
    return not_found(f"Resource group '{name}' could not be found.", "ResourceGroupNotFound")


def _record(row: sqlite3.Row) -> Record:
    return Record(
        resource_id(row["id"]),
        json.loads(row["body"]),
        json.loads(row["hidden"]),
        row["created"],
        row["sequence"],
    )
