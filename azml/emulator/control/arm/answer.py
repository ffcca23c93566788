"""What a management request gets."""

from dataclasses import dataclass

from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.operations import Operation


@dataclass(frozen=True)
class Answer:
    """The status, the resource or another body, and the operation to follow if any."""

    status: int
    body: Json | None = None
    operation: Operation | None = None
