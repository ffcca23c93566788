"""Records each management request with its answer, for contract tests that compare them with Azure's models.

Off unless the environment variable AZML_EXCHANGES names a file. Secrets are masked, and keep their type.
"""

import json
import os
from pathlib import Path
from typing import Any

from azml.emulator.control.arm.json import Json
from azml.emulator.control.http.journal import SECRET_NAMES

VARIABLE = "AZML_EXCHANGES"
BLOT = "***"


class Exchanges:
    """The file, if there is one."""

    def __init__(self, file: Path | None) -> None:
        self.file = file

    def add(self, method: str, path: str, body: Json | None, status: int, answer: bytes) -> None:
        """Append one exchange as a line of JSON."""
        if self.file is None:
            return
        exchange = {
            "method": method,
            "path": path,
            "body": blotted(body),
            "status": status,
            "answer": blotted(json.loads(answer)) if answer else None,
        }
        line = json.dumps(exchange).encode() + b"\n"
        # A single write to a file opened for appending: several processes may use the same file.
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def from_environment() -> Exchanges:
    """The file that the environment names."""
    named = os.environ.get(VARIABLE)
    return Exchanges(Path(named) if named else None)


def blotted(value: Any, name: str = "") -> Any:
    """A copy with secrets masked, by their names. All values of an object of variables are secret."""
    if isinstance(value, dict):
        inside = name if name.lower() == "environmentvariables" else ""
        return {key: blotted(item, inside or key) for key, item in value.items()}
    if isinstance(value, list):
        return [blotted(item, name) for item in value]
    return BLOT if isinstance(value, str) and name.lower() in SECRET_NAMES else value
