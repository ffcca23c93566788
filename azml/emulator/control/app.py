"""The control plane as one ASGI application: which request goes to which room."""

import asyncio
import contextlib
import hmac
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from azml.emulator.addresses import Addresses
from azml.emulator.arm.errors import ArmError, bad_request
from azml.emulator.arm.json import parse_object
from azml.emulator.arm.operations import Operations
from azml.emulator.arm.service import Service
from azml.emulator.arm.store import ResourceStore
from azml.emulator.arm.stored import stored_types
from azml.emulator.arm.types import Types
from azml.emulator.certificates import Certificates
from azml.emulator.control.environment import environment
from azml.emulator.control.faults import Faults
from azml.emulator.control.journal import Journal
from azml.emulator.control.login import Login
from azml.emulator.control.management import Management
from azml.emulator.control.restore import Restore
from azml.emulator.database import Database
from azml.emulator.dataplane.client import DataplaneClient
from azml.emulator.identity import Identity
from azml.emulator.machinelearning.assets import (
    AssetContainers,
    CodeVersions,
    EnvironmentVersions,
    ModelVersions,
)
from azml.emulator.machinelearning.deployments import OnlineDeployments, last_good
from azml.emulator.machinelearning.endpoints import DEPLOYMENT, OnlineEndpoints
from azml.emulator.machinelearning.materialise import Materialiser
from azml.emulator.machinelearning.workspaces import Datastores, Workspaces
from azml.emulator.storage.accounts import BlobContainers, StorageAccounts
from azml.emulator.storage.blobs import BlobStore
from azml.emulator.storage.verbs import BlobService, is_blob_path
from azml.emulator.studio.studio import Studio

log = logging.getLogger(__name__)
METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS")
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Parts:
    """What the control plane is made of."""

    database: Database
    service: Service
    management: Management
    blobs: BlobService
    login: Login
    restore: Restore
    dataplane: DataplaneClient


class Control:
    """The application over one folder. `stop` is called when a client asks for a shutdown."""

    def __init__(
        self,
        folder: Path,
        addresses: Addresses,
        certificates: Certificates,
        identity: Identity,
        dataplane: DataplaneClient,
        stop: Callable[[], None],
    ) -> None:
        self.addresses = addresses
        self.certificates = certificates
        self.identity = identity
        self.stop = stop
        self.parts = _assemble(folder, addresses, identity, dataplane)
        self.studio = Studio(self.parts.management, dataplane, identity, addresses, certificates)
        self.app = Starlette(routes=self._routes(), lifespan=self._lifespan)

    def _routes(self) -> list[Route]:
        login = self.parts.login
        own: list[tuple[str, Handler, str]] = [
            ("/metadata/endpoints", login.metadata, "GET"),
            ("/common/discovery/instance", login.instance, "GET"),
            ("/{tenant}/v2.0/.well-known/openid-configuration", login.discovery, "GET"),
            ("/{tenant}/.well-known/openid-configuration", login.discovery, "GET"),
            ("/{tenant}/oauth2/v2.0/token", login.token, "POST"),
            ("/{tenant}/oauth2/token", login.token, "POST"),
            ("/msi/token", login.managed_identity, "GET"),
            ("/_azml/health", self._opened(self._health), "GET"),
            ("/_azml/environment", self._opened(self._environment), "GET"),
            ("/_azml/journal", self._opened(self._journal), "GET"),
            ("/_azml/faults", self._opened(self._add_fault), "POST"),
            ("/_azml/faults", self._opened(self._clear_faults), "DELETE"),
            ("/_azml/shutdown", self._opened(self._shutdown), "POST"),
            ("/_azml/studio", self._opened(self.studio.door.link), "POST"),
            *self.studio.routes(),
        ]
        rest = Route("/{path:path}", self._guarded(self._rest), methods=list(METHODS))
        return [Route(path, self._guarded(handler), methods=[verb]) for path, handler, verb in own] + [rest]

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        restoring = asyncio.create_task(self.parts.restore.run())
        yield
        restoring.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await restoring
        await self.studio.close()
        await self.parts.service.close()
        await self.parts.dataplane.close()
        self.parts.database.close()

    def _guarded(self, handler: Handler) -> Handler:
        """The handler behind what holds for every request: our own host only, failures answered."""
        hosts = {self.addresses.host, self.addresses.host.replace("127.0.0.1", "localhost")}

        async def answer(request: Request) -> Response:
            if request.headers.get("host", "").lower() not in hosts:
                return JSONResponse(ArmError(421, "MisdirectedRequest", "This is not that host.").body(), 421)
            try:
                return await handler(request)
            except ClientDisconnect:
                return Response(status_code=400)
            except (sqlite3.OperationalError, OSError) as error:
                log.exception("%s %s", request.method, request.url.path)
                message = f"The local Azure cannot write its folder: {error}"
                return JSONResponse(ArmError(507, "InsufficientStorage", message).body(), 507)
            except Exception as error:
                log.exception("%s %s", request.method, request.url.path)
                message = f"The local Azure failed: {type(error).__name__}; its log says more."
                return JSONResponse(ArmError(500, "InternalServerError", message).body(), 500)

        return answer

    def _opened(self, handler: Handler) -> Handler:
        """The handler for holders of the control token."""

        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self.identity.token}".encode()):
                error = ArmError(401, "AuthenticationFailed", "The control token is missing or wrong.")
                return JSONResponse(error.body(), 401)
            try:
                return await handler(request)
            except ArmError as error:
                return JSONResponse(error.body(), error.status)

        return answer

    async def _rest(self, request: Request) -> Response:
        path = request.url.path
        if is_blob_path(path):
            return await self.parts.blobs.answer(request)
        if path.lower().startswith(("/subscriptions", "/providers/")):
            return await self.parts.management.answer(request)
        return JSONResponse(ArmError(404, "NotFound", f"Nothing answers at '{path}'.").body(), 404)

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", "restored": self.parts.restore.done})

    async def _environment(self, request: Request) -> Response:
        return JSONResponse(environment(self.addresses, self.certificates, self.identity))

    async def _journal(self, request: Request) -> Response:
        return JSONResponse(self.parts.management.journal.entries())

    async def _add_fault(self, request: Request) -> Response:
        asked = parse_object(await request.body())
        if asked is None:
            raise bad_request("A fault is a JSON object.")
        self.parts.management.faults.add(asked)
        return Response(status_code=204)

    async def _clear_faults(self, request: Request) -> Response:
        self.parts.management.faults.clear()
        return Response(status_code=204)

    async def _shutdown(self, request: Request) -> Response:
        asyncio.get_running_loop().call_soon(self.stop)
        return JSONResponse({"status": "stopping"}, 202)


def _assemble(folder: Path, addresses: Addresses, identity: Identity, dataplane: DataplaneClient) -> Parts:
    database = Database(folder / "azure.db")
    store = ResourceStore(database)
    blobs = BlobStore(database, folder / "blobs")
    materialiser = Materialiser(folder / "laid-out", blobs)
    endpoints = OnlineEndpoints(addresses, identity, dataplane)
    deployments = OnlineDeployments(dataplane, materialiser)
    types = Types(
        (
            *stored_types(),
            StorageAccounts(addresses),
            BlobContainers(blobs),
            Workspaces(),
            Datastores(addresses),
            *(AssetContainers(collection, store) for collection in ("models", "codes", "environments")),
            CodeVersions(addresses),
            ModelVersions(addresses),
            EnvironmentVersions(addresses),
            endpoints,
            deployments,
        )
    )
    service = Service(store, Operations(database), types)
    _sweep(store, materialiser)
    return Parts(
        database=database,
        service=service,
        management=Management(service, addresses, identity, Journal(database), Faults()),
        blobs=BlobService(store, blobs, identity),
        login=Login(addresses, identity),
        restore=Restore(service, dataplane, endpoints, deployments),
        dataplane=dataplane,
    )


def _sweep(store: ResourceStore, materialiser: Materialiser) -> None:
    """Remove the folders no deployment can come back to."""
    good = [last_good(record) for record in store.under("", DEPLOYMENT)]
    folders = [
        folder for desired in good if desired for folder in (desired.model_folder, desired.code_folder)
    ]
    materialiser.sweep(folder for folder in folders if folder)
