"""Failures on demand: requests that a test or a rehearsal has the local Azure refuse or delay."""

import asyncio
import re
from dataclasses import dataclass

from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.json import Json

THROTTLED = 429
STATUSES = range(400, 600)
LONGEST_DELAY_MS = 600_000
TIMES = range(1, 1_000_000_001)
RETRIES = range(86_401)  # seconds


@dataclass(frozen=True)
class Fault:
    """The next `times` requests of a method (`*` for any) whose path matches wait `delay_ms` and, when there
    is a status, are refused with it, and with `retry_after` in seconds where there is one."""

    method: str
    path: re.Pattern[str]
    status: int | None
    code: str
    message: str
    times: int
    delay_ms: int
    retry_after: int | None

    def refusal(self) -> ArmError | None:
        """The error that the request gets; None when it only waits."""
        if self.status is None:
            return None
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return ArmError(self.status, self.code, self.message, headers)


class Faults:
    """The faults that have been requested and are not used up."""

    def __init__(self) -> None:
        self._left: list[tuple[Fault, int]] = []

    def add(self, asked: Json) -> None:
        """Add a fault. Raises ArmError 400 when it cannot be read."""
        try:
            fault = _fault(asked)
        except (TypeError, ValueError, OverflowError, re.error) as error:
            raise bad_request(f"This fault cannot be read: {error}.") from error
        self._left.append((fault, fault.times))

    def clear(self) -> None:
        """Remove all faults."""
        self._left.clear()

    async def meet(self, method: str, path: str) -> None:
        """Delay or refuse a request, if a fault matches. Raises ArmError."""
        for place, (fault, left) in enumerate(self._left):
            if fault.method in ("*", method) and fault.path.search(path):
                self._left[place] = (fault, left - 1)
                self._left = [entry for entry in self._left if entry[1] > 0]
                await asyncio.sleep(fault.delay_ms / 1_000)
                if refusal := fault.refusal():
                    raise refusal
                return


def _fault(asked: Json) -> Fault:
    status = int(asked["status"]) if "status" in asked else None
    throttled = status == THROTTLED
    return Fault(
        method=str(asked.get("method", "*")).upper(),
        path=re.compile(str(asked.get("path_pattern", "")), re.IGNORECASE),
        status=None if status is None else _within(status, STATUSES, "status"),
        code=_code(str(asked.get("code", "TooManyRequests" if throttled else "InjectedFault"))),
        message=str(asked.get("message", "A fault that was asked for.")),
        times=_within(int(asked.get("times", 1)), TIMES, "times"),
        delay_ms=_within(int(asked.get("delay_ms", 0)), range(LONGEST_DELAY_MS + 1), "delay_ms"),
        retry_after=_within(int(asked["retry_after"]), RETRIES, "retry_after")
        if "retry_after" in asked
        else None,
    )


def _code(text: str) -> str:
    """The code must fit a header, in which the storage service sends it."""
    if not re.fullmatch(r"\w{1,100}", text, re.ASCII):
        raise ValueError(f"code is {text[:100]!r}, not a word of letters and digits")
    return text


def _within(value: int, allowed: range, name: str) -> int:
    if value not in allowed:
        raise ValueError(f"{name} is {str(value)[:50]}, not from {allowed.start} to {allowed.stop - 1}")
    return value
