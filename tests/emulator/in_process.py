"""The control plane without a process or a socket of its own: its ASGI application, called directly."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from azml.emulator.base.certificates import Certificates
from azml.emulator.base.identity import DATAPLANE, Identity, ensure_identity
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.dataplane_client import DataplaneClient
from azml.emulator.control.server.app import Control
from tests.emulator.fake_dataplane import FakeDataplane
from tests.emulator.local_azure import (
    ENDPOINT,
    GROUP,
    Answer,
    Client,
    build_assets,
    build_workspace,
    endpoint_body,
)


class InProcessAzure(Client):
    """A control plane on an event loop in a thread."""

    def __init__(self, folder: Path) -> None:
        super().__init__(FakeDataplane())
        self.folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return "https://127.0.0.1:1"

    @property
    def identity(self) -> Identity:
        return ensure_identity(self.folder)

    def start(self) -> None:
        self.dataplane.start()
        self._thread.start()
        self.wait(self._start())

    async def _start(self) -> None:
        identity = self.identity  # makes the folder
        paths = [self.folder / name for name in ("ca.pem", "ca-bundle.pem", "server.pem", "server.pem")]
        paths[0].touch()
        addresses = Addresses(self.url, "https://127.0.0.1:9")
        dataplane = DataplaneClient(self.dataplane.socket, identity.derived(DATAPLANE))
        self.control = Control(
            self.folder, addresses, Certificates(*paths), identity, dataplane, lambda: None
        )
        self.app = self.control.app
        self._lifespan = self.app.router.lifespan_context(self.app)
        await self._lifespan.__aenter__()

    def stop(self) -> None:
        self.wait(self._lifespan.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.dataplane.stop()

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        named = {"Host": "127.0.0.1:1", **(headers or {})}
        answer: Answer = self.wait(self.ask(method, path, body, named))
        return answer

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> Answer:
        """The answer to a request; `meanwhile` is awaited once its head is there."""
        sent: list[dict[str, Any]] = []
        incoming = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            while not incoming:
                await asyncio.sleep(60)  # the client stays until it is answered
            return incoming.pop()

        async def send(message: Any) -> None:
            if meanwhile and not sent:
                await meanwhile()
            sent.append(message)

        await self.app(_scope(method, path, headers), receive, send)
        told = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], told, b"".join(part.get("body", b"") for part in sent[1:]))

    def wait(self, work: Any) -> Any:
        """What a coroutine gives that runs on its loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


def _scope(method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    parts = urlsplit(path)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 1),
    }


def with_endpoint(azure: InProcessAzure) -> Iterator[InProcessAzure]:
    """A control plane with a workspace, assets and an endpoint; their names are free again afterwards."""
    build_workspace(azure)
    build_assets(azure)
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body()))
    yield azure
    azure.done(azure.arm("DELETE", GROUP))
    azure.own("DELETE", "deleted")
