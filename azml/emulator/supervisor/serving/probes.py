"""Liveness and readiness probes."""

import asyncio
import contextlib

from azml.emulator.contract.deployments import Probe
from azml.emulator.contract.instance_routes import InstanceRoute, connect


async def healthy(route: InstanceRoute, timeout: float) -> bool:
    """Whether GET is answered within `timeout` seconds with a status of 200 to 399 (Kubernetes' rule)."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await connect(route)
            try:
                asked = f"GET {route.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                writer.write(asked.encode())
                return 200 <= int((await reader.readline()).split()[1]) < 400
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, ValueError, IndexError):  # the last two: the answer is not HTTP
        return False


class Streak:
    """Turns single answers into a state, using the thresholds of a probe."""

    def __init__(self, probe: Probe, *, good: bool) -> None:
        self._probe = probe
        self._count = 0
        self.good = good

    def tell(self, answer: bool) -> bool:
        """Add one answer; returns whether the state is then good."""
        self._count = self._count + 1 if answer != self.good else 0
        needed = self._probe.failure_threshold if self.good else self._probe.success_threshold
        if self._count >= needed:
            self.good, self._count = answer, 0
        return self.good
