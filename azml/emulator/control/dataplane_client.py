"""The control plane's client for the data plane: HTTP and JSON over a unix socket."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httptools

from azml.emulator.contract.deployments import (
    DesiredDeployment,
    DesiredEndpoint,
    ObservedDeployment,
    observed_from_json,
    to_json,
)

PATIENCE = 30.0  # seconds to wait for a data plane that is starting
PAUSE = 0.05  # seconds between attempts
WAIT = 5.0
"""Seconds to wait for a deployment that changes, before it is asked again."""
TIMEOUT = 300.0  # seconds: a delete drains the requests in flight first
_BYTES = 1 << 16  # read at once


class DataplaneError(Exception):
    """The data plane cannot be reached, or refused a request."""


class DataplaneClient:
    """The data plane behind a unix socket; `token` authenticates the control plane.

    Every call raises DataplaneError when it cannot be carried out.
    """

    def __init__(self, socket: Path, token: str, patience: float = PATIENCE) -> None:
        self._socket = socket
        self._token = token
        self._patience = patience

    async def put_deployment(self, desired: DesiredDeployment) -> None:
        """Create or update a deployment. Returns at once; `observe` shows the progress."""
        await self._call("PUT", f"/deployments/{quote(desired.key, safe='')}", to_json(desired))

    async def observe(self, key: str, *, wait: float = 0) -> ObservedDeployment | None:
        """The state of a deployment; None when the data plane has none with that key.

        While it is neither ready nor failed, this takes `wait` seconds.
        """
        path = f"/deployments/{quote(key, safe='')}?wait={wait}"
        status, answer = await self._call("GET", path, missing=True)
        return None if status == 404 else observed_from_json(answer)

    async def delete_deployment(self, key: str) -> None:
        """Stop a deployment once its requests are answered."""
        await self._call("DELETE", f"/deployments/{quote(key, safe='')}", missing=True)

    async def put_endpoint(self, desired: DesiredEndpoint) -> None:
        """Create or update an endpoint; in effect when this returns."""
        await self._call("PUT", f"/endpoints/{quote(desired.key, safe='')}", to_json(desired))

    async def delete_endpoint(self, key: str) -> None:
        """Stop routing for an endpoint."""
        await self._call("DELETE", f"/endpoints/{quote(key, safe='')}", missing=True)

    async def complete(self) -> None:
        """Tell the data plane that everything that existed before the start has been restored."""
        await self._call("PUT", "/complete")

    async def put_clock(self, added: float) -> None:
        """Record what was measured so far; from now on the minutes are the machine's plus `added` seconds."""
        await self._call("PUT", "/clock", {"added": added})

    async def logs(self, key: str, container: str, tail: int) -> str:
        """The last lines of `inference-server` or `storage-initializer`."""
        path = f"/deployments/{quote(key, safe='')}/logs?container={container}&tail={tail}"
        _, answer = await self._call("GET", path, missing=True)
        return answer if isinstance(answer, str) else str(answer.get("content", ""))

    async def metrics(self, since: float, endpoint: str | None = None) -> list[dict[str, Any]]:
        """The answers of the minutes from `since` (unix time) on; see `MetricsHistory.answers`."""
        return await self._minutes("metrics", since, endpoint)

    async def slow(self, since: float, endpoint: str, milliseconds: float) -> list[dict[str, Any]]:
        """How many answers of an endpoint took longer; see `MetricsHistory.slow`."""
        asked = f"since={since}&endpoint={quote(endpoint, safe='')}&milliseconds={milliseconds}"
        _, answer = await self._call("GET", f"/slow?{asked}")
        return list(answer)

    async def usage(self, since: float, endpoint: str | None = None) -> list[dict[str, Any]]:
        """The instances' resource usage in the minutes from `since` on; see `MetricsHistory.usage`."""
        return await self._minutes("usage", since, endpoint)

    async def _minutes(self, what: str, since: float, endpoint: str | None) -> list[dict[str, Any]]:
        only = f"&endpoint={quote(endpoint, safe='')}" if endpoint else ""
        _, answer = await self._call("GET", f"/{what}?since={since}{only}")
        return list(answer)

    async def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, missing: bool = False
    ) -> tuple[int, Any]:
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                return await self._attempt(method, path, body, missing=missing)
            except OSError as error:  # a TimeoutError is one
                if asyncio.get_running_loop().time() > deadline:
                    raise DataplaneError(f"The data plane does not answer: {error}") from error
                await asyncio.sleep(PAUSE)

    async def _attempt(
        self, method: str, path: str, body: dict[str, Any] | None, *, missing: bool
    ) -> tuple[int, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else "Content-Type: application/json\r\n"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: dataplane\r\nAuthorization: Bearer {self._token}\r\n"
            f"{kind}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        )
        async with asyncio.timeout(TIMEOUT):
            answer = await _exchanged(self._socket, head.encode() + content)
        found = answer.content()
        if answer.status >= 400 and not (missing and answer.status == 404):
            raise DataplaneError(f"The data plane answered {answer.status}: {found}")
        return answer.status, found if answer.status < 400 or answer.is_json else ""


class _Answer:
    """An answer that arrives; httptools calls what begins with `on_`."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self.is_json = self.complete = False

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self._parser.get_status_code())

    def content(self) -> Any:
        """What its JSON says, or its text."""
        return json.loads(self._body) if self.is_json and self._body else self._body.decode()

    def take(self, data: bytes) -> None:
        """Read on. Raises ConnectionError at the end of the connection."""
        if not data:
            raise ConnectionError("it closed the connection before it had answered")
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        if name.lower() == b"content-type":
            self.is_json = value.startswith(b"application/json")

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self._body += part

    def on_message_complete(self) -> None:
        """The end."""
        self.complete = True


async def _exchanged(socket: Path, request: bytes) -> _Answer:
    """The answer to a request, over a connection of its own: many wait for deployments at once."""
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(request)
        answer = _Answer()
        while not answer.complete:
            answer.take(await reader.read(_BYTES))
        return answer
    finally:
        writer.close()
