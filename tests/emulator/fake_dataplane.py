"""A data plane that runs nothing: it notes what it is asked and answers as the test steers."""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class FakeDataplane:
    """The data plane's socket. `outcomes` says how the next deployments of a name end: `ready` unless told
    otherwise, `failed`, or `starting` for as long as the test likes. Calls in `refused`, as method and name,
    fail. `answers` and `usage` are what it has measured. Its folder goes when it stops."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="azml-"))  # short: socket paths have 104 bytes
        self.socket = self.folder / "dataplane.sock"
        self.deployments: dict[str, Json] = {}
        self.endpoints: dict[str, Json] = {}
        self.outcomes: dict[str, str] = {}
        self.refused: set[tuple[str, str]] = set()
        self.calls: list[tuple[str, str]] = []
        self.answers: list[Json] = []
        self.usage: list[Json] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._waits: asyncio.Event | None = None
        self._waiting = threading.Event()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def slow(self) -> Iterator[threading.Event]:
        """Take in the next endpoint it is told of at the end of the block; what is yielded says it came."""
        self._waiting.clear()
        gate = self._waits = asyncio.Event()
        try:
            yield self._waiting
        finally:
            self._loop.call_soon_threadsafe(gate.set)

    def named(self, name: str) -> Json:
        return next(told for told in self.deployments.values() if told["name"] == name)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self._application())
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.UnixSite(runner, str(self.socket)).start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_route("*", "/deployments/{key}", self._deployment)
        application.router.add_get("/deployments/{key}/logs", self._logs)
        application.router.add_route("*", "/endpoints/{key}", self._endpoint)
        application.router.add_put("/complete", self._complete)
        application.router.add_put("/clock", self._clock)
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/usage", self._usage)
        return application

    async def _deployment(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        if request.method == "GET":
            return self._observe(key)
        self.calls.append((request.method, key))
        if (request.method, key.rpartition("/")[2]) in self.refused:
            return web.json_response({"error": "no space"}, status=500)
        if request.method == "PUT":
            self.deployments[key] = await request.json()
            return web.json_response({}, status=202)
        self.deployments.pop(key, None)
        return web.json_response({})

    def _observe(self, key: str) -> web.Response:
        if key not in self.deployments:
            return web.json_response({"error": "unknown"}, status=404)
        state = self.outcomes.get(self.deployments[key]["name"], "ready")
        error = "Traceback: init() raised ValueError('no model')" if state == "failed" else None
        return web.json_response({"key": key, "state": state, "instances_ready": 1, "error": error})

    async def _complete(self, request: web.Request) -> web.Response:
        self.calls.append(("PUT", "complete"))
        return web.json_response({})

    async def _clock(self, request: web.Request) -> web.Response:
        self.calls.append(("PUT", "clock"))
        return web.json_response({})

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.json_response(self.answers)

    async def _usage(self, request: web.Request) -> web.Response:
        return web.json_response(self.usage)

    async def _logs(self, request: web.Request) -> web.Response:
        query = request.query
        return web.json_response({"content": f"{query['container']} {query['tail']}: started\n"})

    async def _endpoint(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        self.calls.append((request.method, key))
        if request.method == "PUT":
            told = await request.json()
            if gate := self._waits:
                self._waits = None
                self._waiting.set()
                await gate.wait()
            self.endpoints[key] = told
        else:
            self.endpoints.pop(key, None)
        return web.json_response({})
