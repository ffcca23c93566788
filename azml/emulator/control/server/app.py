"""The control plane as one ASGI application: which handler answers which request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, request_response

from azml.emulator.base.certificates import Certificates
from azml.emulator.base.identity import Identity
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.errors import not_found
from azml.emulator.control.dataplane_client import DataplaneClient
from azml.emulator.control.http.guards import Guards, Handler, unrouted
from azml.emulator.control.http.ingestion import PATHS
from azml.emulator.control.server.assembly import assemble
from azml.emulator.control.server.client_environment import environment
from azml.emulator.control.server.registry_plane import DISCOVERY, FRONTEND
from azml.emulator.control.storage.call import is_blob_path
from azml.emulator.control.studio.studio import Studio
from azml.emulator.control.testing.change_pages import ChangePages
from azml.emulator.control.testing.steering_pages import SteeringPages

_WAIT_SECONDS = 1.0
"""How long a question about the health may take; a start shows what it waits for as often."""


class Control:
    """The application over one folder.

    `stop` is called when a client asks for a shutdown; `proxy` is the address of the proxy for shells.
    """

    def __init__(
        self,
        folder: Path,
        addresses: Addresses,
        certificates: Certificates,
        identity: Identity,
        dataplane: DataplaneClient,
        stop: Callable[[], None],
        proxy: str = "",
    ) -> None:
        self.addresses = addresses
        self.certificates = certificates
        self.identity = identity
        self.stop = stop
        self.proxy = proxy
        self.parts = assemble(folder, addresses, identity, dataplane)
        self.guards = Guards(addresses, identity)
        self.steering_pages = SteeringPages(
            self.parts.service,
            self.parts.management.faults,
            self.parts.deleted,
            self.parts.policies,
            self.parts.watch,
            self.parts.queries.ingestion,
        )
        self.change_pages = ChangePages(self.parts.service)
        self.studio = Studio(
            folder,
            self.parts.management,
            dataplane,
            identity,
            addresses,
            certificates,
            self.parts.blobs.blobs,
        )
        self.app = Starlette(
            routes=self._routes(), lifespan=self._lifespan, exception_handlers={HTTPException: unrouted}
        )
        # Everything else goes to one handler; a route would not match a path with an escaped line feed.
        self.app.router.default = request_response(self.guards.guarded(self._rest))
        self.app.router.redirect_slashes = False

    def _routes(self) -> list[Route]:
        login, opened, guarded = self.parts.login, self.guards.opened, self.guards.guarded
        own: list[tuple[str, Handler, str]] = [
            ("/metadata/endpoints", login.metadata, "GET"),
            ("/common/discovery/instance", login.instance, "GET"),
            ("/{tenant}/v2.0/.well-known/openid-configuration", login.discovery, "GET"),
            ("/{tenant}/.well-known/openid-configuration", login.discovery, "GET"),
            ("/{tenant}/oauth2/v2.0/token", login.token, "POST"),
            ("/{tenant}/oauth2/token", login.token, "POST"),
            ("/msi/token", login.managed_identity, "GET"),
            *((path, self.parts.ingestion.track, "POST") for path in PATHS),
            ("/_azml/health", opened(self._health), "GET"),
            ("/_azml/environment", opened(self._environment), "GET"),
            ("/_azml/proxy", opened(self._proxy), "GET"),
            ("/_azml/journal", opened(self._journal), "GET"),
            ("/_azml/shutdown", opened(self._shutdown), "POST"),
            ("/_azml/studio", opened(self.studio.sign_in.link), "POST"),
            ("/_azml/studio/samples", opened(self.studio.samples.replace), "PUT"),
            *(
                (path, opened(handler), verb)
                for path, handler, verb in (*self.steering_pages.routes(), *self.change_pages.routes())
            ),
            *self.studio.routes(),
        ]
        return [Route(path, guarded(handler), methods=[verb]) for path, handler, verb in own]

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        parts = self.parts
        runs = (parts.restore.run(), parts.ingest.run(), parts.copy.run(), parts.watch.run())
        tasks = [asyncio.create_task(run) for run in runs]
        yield
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.studio.close()
        await self.parts.service.close()
        self.parts.copy.close()
        self.parts.database.close()

    async def _rest(self, request: Request) -> Response:
        path = request.scope["path"]
        if is_blob_path(path):
            return await self.parts.blobs.answer(request)
        if path.startswith(DISCOVERY):
            return self.parts.registries.discovery(request)
        if path.startswith(FRONTEND):
            return await self.parts.registries.answer(request, self.parts.management)
        if path.lower().startswith(("/subscriptions", "/providers")):
            return await self.parts.management.answer(request)
        raise not_found(f"Nothing answers at '{path}'.", "NotFound")

    async def _health(self, request: Request) -> Response:
        """With `wait` in the query, answers once everything is restored, or after a second."""
        restore = self.parts.restore
        if "wait" in request.query_params:
            await restore.wait(_WAIT_SECONDS)
        return JSONResponse(
            {
                "status": "ok",
                "restored": restore.finished.is_set(),
                "waiting": sorted(restore.waiting),
                "lost": sorted(restore.lost),
            }
        )

    async def _environment(self, request: Request) -> Response:
        return JSONResponse(environment(self.addresses, self.certificates, self.identity))

    async def _proxy(self, request: Request) -> Response:
        return JSONResponse({"url": self.proxy})

    async def _journal(self, request: Request) -> Response:
        return JSONResponse(self.parts.management.journal.entries())

    async def _shutdown(self, request: Request) -> Response:
        asyncio.get_running_loop().call_soon(self.stop)
        return JSONResponse({"status": "stopping"}, 202)
