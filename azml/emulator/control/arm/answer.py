"""The answer to a management request."""

from dataclasses import dataclass

from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.operations import Operation


@dataclass(frozen=True)
class Answer:
    """The status, the resource or another body, and the operation to poll, if any."""

    status: int
    body: Json | None = None
    operation: Operation | None = None
