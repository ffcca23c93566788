"""Sign-in to the page: checks that requests come from a signed-in browser, and from the page itself."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azml.emulator.base.identity import Identity
from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.json import Json, parse_object
from azml.emulator.control.dataplane_client import DataplaneError
from azml.emulator.control.http.guards import limited_body
from azml.emulator.control.studio.files import HEADERS
from azml.emulator.control.studio.sessions import SESSION_SECONDS, Sessions

Handler = Callable[[Request], Awaitable[Response]]
TOKEN_HEADER = "x-azml-studio"  # noqa: S105 - a header's name
SMALL_BODY = 64 << 10  # bytes


class SignIn:
    """Sign-in at one address, such as `https://127.0.0.1:18443`."""

    def __init__(self, arm: str, identity: Identity) -> None:
        self._page = f"{arm}/studio"
        self._origins = (arm, arm.replace("127.0.0.1", "localhost"))
        self._sessions = Sessions(identity)
        # Cookies are shared by all ports of a host: two local Azures must not sign each other out.
        self._cookie = f"__Host-azml-studio-{urlsplit(arm).port}"

    async def link(self, request: Request) -> Response:
        """`POST /_azml/studio`: an address that signs one browser in. The code follows the #, a part that
        browsers do not send: it reaches no server and no log."""
        link = f"{self._page}#code={self._sessions.issue_code()}"
        return private(JSONResponse({"url": self._page, "link": link}))

    async def sign_in(self, request: Request) -> Response:
        """`POST /studio/api/session`: exchange a code for a session."""
        code = (await small_object(request)).get("code")
        session = self._sessions.redeem(code) if isinstance(code, str) else None
        if session is None:
            raise ArmError(401, "CodeUsed", "This link was used already, or is too old.")
        response = JSONResponse({"token": session.page_token})
        response.set_cookie(
            self._cookie, session.cookie, SESSION_SECONDS, secure=True, httponly=True, samesite="strict"
        )
        return response

    async def sign_out(self, request: Request) -> Response:
        """`DELETE /studio/api/session`."""
        self._sessions.end(request.cookies[self._cookie])
        response = Response(status_code=204)
        response.delete_cookie(self._cookie, secure=True, httponly=True, samesite="strict")
        return response

    def own_page(self, handler: Handler) -> Handler:
        """The handler, restricted to requests of the page; errors are answered in Azure's shape."""

        async def answer(request: Request) -> Response:
            try:
                self._check_origin(request)
                response = await handler(request)
            except ArmError as error:
                response = JSONResponse(error.body(), error.status)
            except DataplaneError as error:
                response = JSONResponse(ArmError(503, "ServiceUnavailable", str(error)).body(), 503)
            return private(response)

        return answer

    def signed_in(self, handler: Handler) -> Handler:
        """The handler, restricted to requests of the page in a signed-in browser."""

        async def answer(request: Request) -> Response:
            if not self.admits(request):
                raise ArmError(401, "SignedOut", "This browser is not signed in.")
            return await handler(request)

        return self.own_page(answer)

    def admits(self, request: Request) -> bool:
        """Whether a request belongs to a session that has not ended."""
        cookie = request.cookies.get(self._cookie, "")
        return self._sessions.admits(cookie, request.headers.get(TOKEN_HEADER, ""))

    def _check_origin(self, request: Request) -> None:
        """Browsers send a request's origin: one from another site is refused, whatever else it contains."""
        origin = request.headers.get("origin")
        foreign = request.headers.get("sec-fetch-site", "same-origin") != "same-origin"
        if foreign or (origin is not None and origin not in self._origins):
            raise ArmError(403, "ForeignOrigin", "The studio answers its own page only.")


def private(response: Response) -> Response:
    """The response, marked as not to be cached."""
    response.headers.update({**HEADERS, "Cache-Control": "no-store"})
    return response


async def small_object(request: Request) -> Json:
    """The JSON object in a request's body. Raises ArmError."""
    asked = parse_object(await limited_body(request, SMALL_BODY))
    if asked is None:
        raise bad_request("The request content was invalid and could not be read.", "InvalidRequestContent")
    return asked
