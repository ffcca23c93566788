"""The control plane's client for the data plane: HTTP and JSON over a unix socket."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from azml.emulator.contract.deployments import (
    DesiredDeployment,
    DesiredEndpoint,
    ObservedDeployment,
    observed_from_json,
    to_json,
)

PATIENCE = 30.0  # seconds to wait for a data plane that is starting
PAUSE = 0.05  # seconds between attempts
WAIT = 1.0
"""Seconds to wait for a deployment that changes. A data plane that ends waits for such a request."""
TIMEOUT = aiohttp.ClientTimeout(total=300)  # a delete drains the requests in flight first


class DataplaneError(Exception):
    """The data plane cannot be reached, or refused a request."""


class DataplaneClient:
    """The data plane behind a unix socket; `token` authenticates the control plane.

    Every call raises DataplaneError when it cannot be carried out.
    """

    def __init__(self, socket: Path, token: str, patience: float = PATIENCE) -> None:
        self._socket = socket
        self._headers = {"Authorization": f"Bearer {token}"}
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None

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

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, missing: bool = False
    ) -> tuple[int, Any]:
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                return await self._attempt(method, path, body, missing=missing)
            except (aiohttp.ClientConnectionError, TimeoutError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise DataplaneError(f"The data plane does not answer: {error}") from error
                await asyncio.sleep(PAUSE)

    async def _attempt(
        self, method: str, path: str, body: dict[str, Any] | None, *, missing: bool
    ) -> tuple[int, Any]:
        if self._session is None:
            # Without a limit: each deployment that is being observed takes a connection.
            connector = aiohttp.UnixConnector(path=str(self._socket), limit=0)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers, timeout=TIMEOUT)
        # encoded=True: the key's slashes stay escaped, or they would become part of the path.
        url = URL(f"http://dataplane{path}", encoded=True)
        async with self._session.request(method, url, json=body) as answer:
            is_json = answer.content_type == "application/json"
            content = await answer.json() if is_json else await answer.text()
            if answer.status >= 400 and not (missing and answer.status == 404):
                raise DataplaneError(f"The data plane answered {answer.status}: {content}")
            return answer.status, content if answer.status < 400 or is_json else ""
