"""Rules for every request: our own host only, a limit for each body, failures in Azure's shape."""

import hmac
import logging
import sqlite3
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from azml.emulator.base.damage import is_damage
from azml.emulator.base.identity import Identity
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.dataplane_client import DataplaneError

log = logging.getLogger(__name__)
_CLOSED = (
    "The control token is missing or wrong. It is in emulator.json in this local Azure's folder, and only "
    "its owner can read it."
)
Handler = Callable[[Request], Awaitable[Response]]


async def limited_body(request: Request, limit: int) -> bytes:
    """A request's body. Raises ArmError 413 as soon as it exceeds `limit` bytes: it may be endless."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ArmError(413, "RequestEntityTooLarge", f"The body is larger than {limit} bytes.")
    return bytes(body)


class Guards:
    """Wraps the handlers."""

    def __init__(self, addresses: Addresses, identity: Identity) -> None:
        self._hosts = {addresses.host, addresses.host.replace("127.0.0.1", "localhost")}
        self._identity = identity

    def guarded(self, handler: Handler) -> Handler:
        """The handler, restricted to requests that name this host; its exceptions become answers."""

        async def answer(request: Request) -> Response:
            if request.headers.get("host", "").lower() not in self._hosts:
                return refused(ArmError(421, "MisdirectedRequest", "This is not that host."))
            try:
                return await handler(request)
            except ArmError as error:
                return refused(error)
            except DataplaneError as error:
                return refused(ArmError(503, "ServiceUnavailable", str(error)))
            except ClientDisconnect:
                return Response(status_code=400)
            except (sqlite3.OperationalError, OSError) as error:
                log.exception("%s %s", request.method, request.scope["path"])
                message = f"The local Azure cannot write its folder: {error}"
                return refused(ArmError(507, "InsufficientStorage", message))
            except sqlite3.DatabaseError as error:
                log.exception("%s %s", request.method, request.scope["path"])
                return refused(ArmError(500, "InternalServerError", _explained(error)))
            except Exception as error:
                log.exception("%s %s", request.method, request.scope["path"])
                message = f"The local Azure failed: {type(error).__name__}; see its log."
                return refused(ArmError(500, "InternalServerError", message))

        return answer

    def opened(self, handler: Handler) -> Handler:
        """The handler, restricted to holders of the control token."""

        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self._identity.token}".encode()):
                raise ArmError(401, "AuthenticationFailed", _CLOSED)
            return await handler(request)

        return answer


def _explained(error: sqlite3.DatabaseError) -> str:
    """What went wrong with the store, and what to do."""
    if not is_damage(error):
        return f"The local Azure failed: {error}; see its log."
    return (
        f"The store of the local Azure, azure.db, is damaged: {error}. `azml emulator stop` and "
        "`azml emulator start` restore it from its last good copy."
    )


def refused(error: ArmError) -> Response:
    """An error as a response."""
    return JSONResponse(error.body(), error.status, dict(error.headers))


async def unrouted(request: Request, error: Exception) -> Response:
    """The answer to a method without a route."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refused(ArmError(status, "MethodNotAllowed", f"Nothing answers {request.method} here."))
