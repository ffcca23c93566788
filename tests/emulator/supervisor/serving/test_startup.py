"""The startup probe is asked first, and has a patience of its own; a server of the test's answers it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from azml.emulator.base.failures import DeploymentFailure
from azml.emulator.base.logs import Log, Output
from azml.emulator.base.subprocesses import Subprocess
from azml.emulator.contract.deployments import DesiredDeployment, Probe, deployment_from_json, to_json
from azml.emulator.contract.instance_routes import InstanceRoute, InstanceRoutes
from azml.emulator.supervisor.serving.instance import Instance
from azml.emulator.supervisor.serving.runtime import Life

NEVER = Probe(initial_delay=3_600)


class NeverEnds(Subprocess):
    """A program that runs until it is stopped."""

    def __init__(self) -> None:
        pass

    async def ended(self) -> str:
        await asyncio.Event().wait()
        return ""


class Server:
    """A runtime whose liveness and readiness routes answer once the test says so; it notes each request."""

    noun = "server"

    def __init__(self, folder: Path, desired: DesiredDeployment) -> None:
        self.socket = str(folder / "s.sock")
        self.desired = desired
        self.started = asyncio.Event()
        self.asked: list[str] = []

    @contextlib.asynccontextmanager
    async def live(self, output: Output) -> AsyncIterator[Life]:
        async with await asyncio.start_unix_server(self._answer, self.socket):
            yield Life("i", NeverEnds(), self._routes, self.desired)

    async def renew(self, began: float) -> bool:
        return False

    async def close(self) -> None:
        pass

    async def _routes(self) -> InstanceRoutes:
        return InstanceRoutes(*(InstanceRoute(self.socket, path) for path in ("/score", "/live", "/ready")))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readline()).split()[1].decode())
        status = b"200" if self.started.is_set() else b"503"
        writer.write(b"HTTP/1.1 " + status + b" x\r\nContent-Length: 0\r\n\r\n")
        writer.close()


@contextlib.asynccontextmanager
async def instance(tmp_path: Path, startup: Probe | None) -> AsyncIterator[tuple[Instance, Server]]:
    desired = DesiredDeployment("k", "e", "blue", liveness=NEVER, readiness=NEVER, startup=startup)
    server = Server(tmp_path, desired)
    one = Instance(desired, server, Log(tmp_path / "log"), lambda: None)
    try:
        yield one, server
    finally:
        await one.stop()


async def test_the_other_probes_begin_when_it_has_succeeded(tmp_path: Path) -> None:
    patient = Probe(initial_delay=60, success_threshold=2, period=0.01)
    async with instance(tmp_path, patient) as (one, server):
        while len(server.asked) < 3:
            await asyncio.sleep(0)
        assert set(server.asked) == {"/live"}
        server.asked.clear()
        server.started.set()
        await one.started()
        assert server.asked.index("/ready") >= 2
        assert "/live" not in server.asked[server.asked.index("/ready") :]


async def test_a_start_that_takes_longer_than_it_allows_has_failed(tmp_path: Path) -> None:
    """Without it, the process would have a minute."""
    async with instance(tmp_path, Probe(initial_delay=0.05, period=0.05, failure_threshold=1)) as (one, _):
        with pytest.raises(DeploymentFailure, match="the server did not answer within 0 s"):
            await one.started()


async def test_without_one_only_readiness_is_asked(tmp_path: Path) -> None:
    async with instance(tmp_path, None) as (one, server):
        server.started.set()
        await one.started()
        assert server.asked == ["/ready"]


def test_it_travels_between_the_processes() -> None:
    desired = DesiredDeployment("k", "e", "blue", startup=Probe(period=3))
    assert deployment_from_json(to_json(desired)) == desired
    assert deployment_from_json(to_json(DesiredDeployment("k", "e", "blue"))).startup is None
