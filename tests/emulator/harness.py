"""A router, and a whole data plane, as the tests need them."""

import asyncio
import io
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from azml.emulator.base.certificates import Certificates
from azml.emulator.base.identity import ensure_identity
from azml.emulator.base.logs import Log
from azml.emulator.contract import routing_table
from azml.emulator.contract.deployments import DesiredDeployment, DesiredEndpoint, ObservedDeployment
from azml.emulator.contract.spool import Spool
from azml.emulator.supervisor.ports import listen, port_of
from azml.emulator.supervisor.router_process import router_child
from azml.emulator.supervisor.serving.azure_services import AzureServices
from azml.emulator.supervisor.serving.dataplane import Dataplane
from azml.emulator.supervisor.serving.router_client import RouterClient

KEY = "the-key"


SCORE = """
    import json, os, time

    def init():
        print("init of", os.environ.get("FLAVOUR", "plain"))

    def run(data):
        asked = json.loads(data)
        time.sleep(asked.get("sleep", 0))
        if asked.get("die"):
            os.kill(os.getppid(), 9)
        if asked.get("raise"):
            raise ValueError("as asked")
        if asked.get("environment"):
            return dict(os.environ)
        return {"flavour": os.environ.get("FLAVOUR"), "pid": os.getpid(), "asked": asked}
"""


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Poll until the condition gives something true; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs. One that has ended may wait to be asked for its exit code by nobody."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Upstream:
    """A small server on a unix socket, in the place of a scoring process. Keeps what it was sent."""

    name: str
    path: str
    handler: Handler
    requests: list[bytes] = field(default_factory=list)

    @property
    def instance(self) -> routing_table.RoutedInstance:
        return routing_table.RoutedInstance(self.name, self.path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line
        ]
        whole = head + (await reader.readexactly(lengths[0]) if lengths else b"")
        self.requests.append(whole)
        try:
            await self.handler(whole, writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


async def echo(request: bytes, writer: asyncio.StreamWriter) -> None:
    """Answer with the body that came, of the type that came."""
    head, _, body = request.partition(b"\r\n\r\n")
    kinds = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type:")]
    lines = [b"HTTP/1.1 200 OK", *kinds, b"Content-Length: %d" % len(body), b"Connection: close", b"", body]
    writer.write(b"\r\n".join(lines))


@dataclass
class Routed:
    """A router process with upstreams of the test's choice behind it."""

    router_client: RouterClient
    port: int
    run_dir: Path
    trust: ssl.SSLContext
    stack: AsyncExitStack
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def upstream(self, name: str, handler: Handler = echo) -> Upstream:
        one = Upstream(name, str(self.run_dir / f"{name}.sock"), handler)
        server = await asyncio.start_unix_server(one.serve, one.path, limit=64 * 1024 * 1024)
        self.stack.callback(server.close)
        return one

    async def route(
        self,
        deployments: dict[str, list[Upstream]],
        traffic: dict[str, int] | None = None,
        *,
        mirror: dict[str, int] | None = None,
        timeout_ms: int = 5_000,
        concurrency: int = 10,
        token_secret: str | None = None,
    ) -> None:
        rows = tuple(
            routing_table.RoutedDeployment(
                f"/{name}", name, timeout_ms, concurrency, tuple(one.instance for one in ones)
            )
            for name, ones in deployments.items()
        )
        shares = dict.fromkeys(list(deployments)[:1], 100) if traffic is None else traffic
        endpoint = routing_table.RoutedEndpoint(
            "/e", "westeurope/e", (KEY,), token_secret, shares, mirror or {}, rows
        )
        await self.router_client.route(routing_table.RoutingTable((endpoint,)))

    async def ask(
        self,
        body: bytes = b"{}",
        *,
        path: str = "score",
        method: str = "POST",
        key: str | None = KEY,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any, bytes]:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if key:
            sent["Authorization"] = f"Bearer {key}"
        url = f"{self.url}/westeurope/e/{path}"
        async with self.session.request(
            method, url, data=io.BytesIO(body), headers=sent, ssl=self.trust
        ) as answer:
            return answer.status, answer.headers, await answer.read()

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.trust, limit=16 * 1024 * 1024
        )
        self.stack.callback(writer.close)
        return reader, writer


@asynccontextmanager
async def serving(run_dir: Path, certificates: Certificates) -> AsyncIterator[AzureServices]:
    identity = ensure_identity(run_dir)
    services = AzureServices(identity, certificates.ca_bundle, run_dir, Spool(run_dir / "collected"))
    await services.start()
    try:
        yield services
    finally:
        await services.stop()


@asynccontextmanager
async def routing(
    run_dir: Path, certificates: Certificates, router_client: RouterClient, dataplane: Dataplane
) -> AsyncIterator[int]:
    with listen(0, "--scoring-port") as listener:
        log = Log(run_dir / "router.log")
        child = router_child(
            listener, certificates, run_dir, router_client, dataplane, run_dir / "collected", log
        )
        try:
            await child.answered()
            yield port_of(listener)
        finally:
            await child.stop()
            await router_client.detach()
            assert "Traceback" not in log.tail(1000), log.tail(1000)


@dataclass
class Harness:
    """A data plane with its router, real scoring processes behind it."""

    dataplane: Dataplane
    port: int
    trust: ssl.SSLContext
    session: aiohttp.ClientSession
    code: Path
    environments: Path

    def desired(self, **fields: Any) -> DesiredDeployment:
        defaults = {"code_folder": self.code, "scoring_script": "score.py"}
        return DesiredDeployment("/e/blue", "/e", "blue", **{**defaults, **fields})

    async def endpoint(self, traffic: dict[str, int]) -> None:
        await self.dataplane.put_endpoint(DesiredEndpoint("/e", "westeurope/e", (KEY,), None, traffic))

    async def settled(self, desired: DesiredDeployment) -> ObservedDeployment:
        """Ask for a deployment and wait until it is ready or failed."""
        await self.dataplane.put_deployment(desired)
        return await self.wait(desired.key)

    async def wait(self, key: str) -> ObservedDeployment:
        def done() -> ObservedDeployment | None:
            observed = self.dataplane.observe(key)
            return observed if observed.state in ("ready", "failed") else None

        found: ObservedDeployment = await until(done, 120)
        return found

    async def ask(self, body: object, **headers: str) -> tuple[int, Any]:
        sent = {"Authorization": f"Bearer {KEY}", **headers}
        url = f"https://127.0.0.1:{self.port}/westeurope/e/score"
        async with self.session.post(url, json=body, headers=sent, ssl=self.trust) as answer:
            return answer.status, json.loads(await answer.read())
