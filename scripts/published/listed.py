"""The operations of Microsoft.MachineLearningServices that the newest client describes."""

import json

from scripts.published.operations import Operation
from scripts.published.sources import MACHINE_LEARNING


def written() -> str:
    """Source and operations, each `METHOD path`, a line an operation."""
    found = sorted({_line(operation) for operation in MACHINE_LEARNING.operations()})
    parts = [
        f'"source": {json.dumps(MACHINE_LEARNING.said)}',
        '"operations": [\n' + ",\n".join(map(json.dumps, found)) + "\n]",
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"
