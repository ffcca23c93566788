"""Failures on demand: what a test or a rehearsal asks the local Azure to refuse or delay."""

import asyncio
import re
from dataclasses import dataclass

from azml.emulator.arm.errors import ArmError, bad_request
from azml.emulator.arm.json import Json


@dataclass(frozen=True)
class Fault:
    """The next `times` requests of a method (`*` for any) whose path matches wait `delay_ms` and, when there
    is a status, are refused with it."""

    method: str
    path: re.Pattern[str]
    status: int | None
    code: str
    message: str
    times: int
    delay_ms: int


class Faults:
    """The faults that were asked for and have not all happened."""

    def __init__(self) -> None:
        self._left: list[tuple[Fault, int]] = []

    def add(self, asked: Json) -> None:
        """Take on a fault. Raises ArmError 400 when it cannot be read."""
        try:
            fault = Fault(
                method=str(asked.get("method", "*")).upper(),
                path=re.compile(str(asked.get("path_pattern", "")), re.IGNORECASE),
                status=int(asked["status"]) if "status" in asked else None,
                code=str(asked.get("code", "InjectedFault")),
                message=str(asked.get("message", "A fault that was asked for.")),
                times=int(asked.get("times", 1)),
                delay_ms=int(asked.get("delay_ms", 0)),
            )
        except (TypeError, ValueError, re.error) as error:
            raise bad_request(f"This fault cannot be read: {error}.") from error
        self._left.append((fault, fault.times))

    def clear(self) -> None:
        """Forget all faults."""
        self._left.clear()

    async def meet(self, method: str, path: str) -> None:
        """Delay or refuse a request as asked. Raises ArmError."""
        for place, (fault, left) in enumerate(self._left):
            if fault.method in ("*", method) and fault.path.search(path):
                self._left[place] = (fault, left - 1)
                self._left = [entry for entry in self._left if entry[1] > 0]
                await asyncio.sleep(fault.delay_ms / 1_000)
                if fault.status is not None:
                    raise ArmError(fault.status, fault.code, fault.message)
                return
