"""Asynchronous operations, which `Azure-AsyncOperation` points at. They survive a restart."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from azml.emulator.base.identity import SUBSCRIPTION
from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.json import Json

PROVIDER = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/local"
PROGRESS = "asyncOperations"
RESULTS = "operationResults"
RETRY_AFTER_SECONDS = 1
OPERATION_TIMEOUT = "PT1H"  # the longest a client waits
KEPT = 10_000  # finished operations
RETRY_AFTER_MS = 100  # milliseconds; all clients honour it, while azure-ai-ml reads `Retry-After: 0` as 30 s
Status = Literal["InProgress", "Succeeded", "Failed", "Canceled"]


@dataclass(frozen=True)
class Operation:
    """One long-running request on the resource with this key. `error` says why it failed."""

    id: str
    key: str
    verb: str
    status: Status
    error: Json | None = None

    def body(self) -> Json:
        """The answer to polling it."""
        return {"name": self.id, "status": self.status, **({"error": self.error} if self.error else {})}


def operation_path(id_text: str, kind: str = PROGRESS) -> str:
    """The path of an operation, below the address of Azure Resource Manager."""
    return f"{PROVIDER}/{kind}/{id_text}?api-version=2025-12-01"


class Operations:
    """The operations, in the same file as the resources they change, so that both agree after a crash."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(self, key: str, verb: str) -> Operation:
        """Record a new operation. Another that is in progress on the resource is canceled."""
        operation = Operation(uuid.uuid4().hex, key, verb, "InProgress")
        given_up = "UPDATE operations SET status = 'Canceled' WHERE key = ? AND status = 'InProgress'"
        self.database.write(given_up, key)
        self.database.write(
            "INSERT INTO operations VALUES (?, ?, ?, ?, NULL)", operation.id, key, verb, operation.status
        )
        self.database.write(
            "DELETE FROM operations WHERE rowid <= (SELECT max(rowid) FROM operations) - ? "
            "AND status <> 'InProgress'",
            KEPT,
        )
        return operation

    def finish(self, operation: Operation, status: Status, error: Json | None = None) -> None:
        """Record how an operation ended."""
        self.database.write(
            "UPDATE operations SET status = ?, error = ? WHERE id = ?",
            status,
            json.dumps(error) if error else None,
            operation.id,
        )

    def find(self, id_text: str) -> Operation | None:
        """The operation with an id."""
        found = self._select("WHERE id = ?", id_text)
        return found[0] if found else None

    def unfinished(self) -> Sequence[Operation]:
        """The operations that a restart must resume, oldest first."""
        return self._select("WHERE status = 'InProgress' ORDER BY rowid")

    def _select(self, condition: str, *values: object) -> list[Operation]:
        rows = self.database.rows(f"SELECT * FROM operations {condition}", *values)  # noqa: S608, ours alone
        return [
            Operation(
                row["id"],
                row["key"],
                row["verb"],
                row["status"],
                json.loads(row["error"]) if row["error"] else None,
            )
            for row in rows
        ]
