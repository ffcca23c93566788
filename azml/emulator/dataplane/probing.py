"""Asking a scoring process whether it is well."""

import asyncio
import contextlib
from pathlib import Path

from azml.emulator.dataplane.contract import Probe

_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def healthy(socket: Path, timeout: float) -> bool:
    """Whether `GET /` over this unix socket is answered 200 within `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_unix_connection(str(socket))
            try:
                writer.write(_REQUEST)
                return (await reader.readline()).split()[1:2] == [b"200"]
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return False


class Streak:
    """Turns single answers into a state, by the thresholds of a probe."""

    def __init__(self, probe: Probe, *, good: bool) -> None:
        self._probe = probe
        self._count = 0
        self.good = good

    def tell(self, answer: bool) -> bool:
        """Take one answer; whether the state is good after it."""
        self._count = self._count + 1 if answer != self.good else 0
        needed = self._probe.failure_threshold if self.good else self._probe.success_threshold
        if self._count >= needed:
            self.good, self._count = answer, 0
        return self.good
