"""All writes, in order: they prove what a deployment really did."""

import json
import re
from typing import Any

from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.json import Json

KEPT = 10_000  # entries
_SIGNATURE = re.compile(r"([?&]sig=)[^&\s]+", re.IGNORECASE)
SECRET_NAMES = frozenset(
    [
        "primarykey",
        "secondarykey",
        "keyvalue",
        "key",
        "secrets",
        "credentials",
        "password",
        "accountkey",
        "connectionstring",
        "sastoken",
        "clientsecret",
        "environmentvariables",
        "administratorpassword",
        "serviceuri",
        "value",
    ]
)


class Journal:
    """Every management write with its answer's status. Secrets and signatures in a body are masked."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, method: str, path: str, body: Json | None, status: int) -> None:
        """Record one write."""
        with self.database.transaction():
            text = json.dumps(blotted(body)) if body else None
            self.database.write(
                "INSERT INTO journal (method, path, body, status) VALUES (?, ?, ?, ?)",
                method,
                path,
                text,
                status,
            )
            self.database.write("DELETE FROM journal WHERE seq <= (SELECT max(seq) FROM journal) - ?", KEPT)

    def entries(self) -> list[Json]:
        """All recorded writes, oldest first."""
        return [
            {**dict(row), "body": json.loads(row["body"]) if row["body"] else None}
            for row in self.database.rows("SELECT * FROM journal ORDER BY seq")
        ]


def blotted(value: Any) -> Any:
    """A copy of a body without the values of names that hold secrets."""
    if isinstance(value, dict):
        return {
            name: _blot(item) if name.lower() in SECRET_NAMES else blotted(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [blotted(item) for item in value]
    return _SIGNATURE.sub(r"\1***", value) if isinstance(value, str) else value


def _blot(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _blot(item) for name, item in value.items()}
    return "***"
