"""Management requests over HTTP: authentication, dispatch, and answers in Azure's shape."""

import re
import uuid
from datetime import date

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azml.emulator.base.identity import Identity, is_valid
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.errors import ArmError, bad_request, not_found
from azml.emulator.control.arm.ids import Collection, parse, resource_id
from azml.emulator.control.arm.json import Json, parse_object
from azml.emulator.control.arm.operations import (
    OPERATION_TIMEOUT,
    PROGRESS,
    PROVIDER,
    RESULTS,
    RETRY_AFTER_MS,
    RETRY_AFTER_SECONDS,
    Operation,
    operation_path,
)
from azml.emulator.control.arm.pages import Pages
from azml.emulator.control.arm.resource_manager import ResourceManager
from azml.emulator.control.http import policy_tokens
from azml.emulator.control.http.exchanges import from_environment
from azml.emulator.control.http.faults import Faults
from azml.emulator.control.http.guards import limited_body
from azml.emulator.control.http.journal import Journal
from azml.emulator.control.http.policy_tokens import PolicyTokens
from azml.emulator.control.monitor.monitor import Monitor

_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(?:-[a-z]+)?", re.ASCII)
FIRST_VERSION = date(2014, 1, 1)  # the year in which Azure Resource Manager appeared
BODY_LIMIT = 4 << 20  # bytes; Azure Resource Manager's own
WRITES = ("PUT", "PATCH", "POST", "DELETE")


class Management:
    """The HTTP API of Azure Resource Manager."""

    def __init__(
        self,
        service: ResourceManager,
        addresses: Addresses,
        identity: Identity,
        journal: Journal,
        faults: Faults,
        policies: PolicyTokens,
        monitor: Monitor,
        pages: Pages,
    ) -> None:
        self.service = service
        self.addresses = addresses
        self.identity = identity
        self.journal = journal
        self.faults = faults
        self.policies = policies
        self.monitor = monitor
        self.pages = pages
        self.exchanges = from_environment()

    async def answer(self, request: Request) -> Response:
        """The answer to one request, including errors."""
        body: Json | None = None
        try:
            self._authenticate(request)
            body = await _body(request)
            await self.faults.meet(request.method, request.scope["path"])
            self._check_policy(request, body)
            response = await self._answer(request, body)
        except ArmError as error:
            response = JSONResponse(error.body(), error.status, error.headers)
            if error.status == 401:
                login = f'Bearer authorization_uri="{self.addresses.arm}", error="invalid_token"'
                response.headers["WWW-Authenticate"] = login
        if request.method in WRITES and response.status_code != 401:
            self.journal.add(request.method, request.scope["path"], body, response.status_code)
        self.exchanges.add(
            request.method, request.scope["path"], body, response.status_code, bytes(response.body)
        )
        response.headers["x-ms-request-id"] = str(uuid.uuid4())
        response.headers["Cache-Control"] = "no-cache"
        return response

    async def change(self, method: str, path: str, body: Json) -> Answer:
        """A write by one of the local Azure's own pages: with the rules, faults and journal of any request.

        Raises ArmError when it is refused.
        """
        try:
            await self.faults.meet(method, path)
            answer = await self._plain(method, path, {}, body)
        except ArmError as error:
            self.journal.add(method, path, body, error.status)
            raise
        self.journal.add(method, path, body, answer.status)
        return answer

    def _check_policy(self, request: Request, body: Json) -> None:
        if request.method in WRITES:
            query, token = dict(request.query_params), request.headers.get(policy_tokens.HEADER)
            self.policies.check(request.method, request.scope["path"], query, body, token)

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "Authentication failed. The 'Authorization' header is missing."
            raise ArmError(401, "AuthenticationFailed", message)
        if not is_valid(token, self.identity.key_for("management")):
            raise ArmError(401, "InvalidAuthenticationToken", "The access token is invalid or has ended.")

    async def _answer(self, request: Request, body: Json) -> Response:
        path, query = request.scope["path"], dict(request.query_params)
        if path.startswith(f"{PROVIDER}/"):
            return self._progress(path)
        if not query.get("api-version"):
            message = "The api-version query parameter (?api-version=) is required for all requests."
            raise bad_request(message, "MissingApiVersionParameter")
        if not _is_version(query["api-version"]):
            asked = query["api-version"]
            message = f"The api-version '{asked}' is invalid: it must be a date such as 2025-12-01."
            raise bad_request(message, "InvalidApiVersionParameter")
        if (answer := await self.monitor.answer(request.method, path, query, body)) is not None:
            return JSONResponse(answer)
        if (paged := await self.pages.answer(request.method, path, query, body)) is not None:
            return self._reply(paged)
        if request.method == "POST":
            above, _, action = path.rstrip("/").rpartition("/")
            return self._reply(await self.service.act(resource_id(above), action, body))
        return self._reply(await self._plain(request.method, path, query, body))

    async def _plain(self, method: str, path: str, query: dict[str, str], body: Json) -> Answer:
        named = parse(path)
        if isinstance(named, Collection):
            if method != "GET":
                raise ArmError(405, "MethodNotAllowed", f"{method} does not work on a collection.")
            return self.service.list(named, query)
        match method:
            case "GET":
                return self.service.get(named)
            case "HEAD":
                self.service.get(named)
                return Answer(204)
            case "PUT":
                return self.service.put(named, body)
            case "PATCH":
                return self.service.patch(named, body)
            case "DELETE":
                return await self.service.delete(named, query)
        raise ArmError(405, "MethodNotAllowed", f"The local Azure does not answer {method}.")

    def _progress(self, path: str) -> Response:
        kind, _, id_text = path.removeprefix(f"{PROVIDER}/").partition("/")
        if kind not in (PROGRESS, RESULTS):
            raise not_found(f"There is no operation '{id_text}'.", "OperationNotFound")
        operation = self.service.progress(id_text)
        if kind == RESULTS:
            return self._response(self.service.result(operation), self._polled(operation))
        return JSONResponse(operation.body(), headers=self._polled(operation))

    def _reply(self, answer: Answer) -> Response:
        return self._response(answer, self._begun(answer.operation) if answer.operation else {})

    def _response(self, answer: Answer, headers: dict[str, str]) -> Response:
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        return JSONResponse(answer.body, answer.status, headers)

    def _polled(self, operation: Operation) -> dict[str, str]:
        """While it runs, clients learn when to poll again: in milliseconds, or every poll would take 1 s."""
        return self._headers(operation) if operation.status == "InProgress" else {}

    def _begun(self, operation: Operation) -> dict[str, str]:
        """The headers of the answer that begins an operation (description of API 2025-12-01).

        Clients poll at once, and use `Retry-After` only before they poll again: by then they have the headers
        of the first poll.
        """
        headers = self._headers(operation)
        if operation.verb != "PUT":
            headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return {**headers, "x-ms-async-operation-timeout": OPERATION_TIMEOUT}

    def _headers(self, operation: Operation) -> dict[str, str]:
        headers = {
            "Azure-AsyncOperation": f"{self.addresses.arm}{operation_path(operation.id)}",
            "x-ms-retry-after-ms": str(RETRY_AFTER_MS),
        }
        if operation.verb != "PUT":
            headers["Location"] = f"{self.addresses.arm}{operation_path(operation.id, RESULTS)}"
        return headers


def _is_version(text: str) -> bool:
    """Whether a text could be an api-version. Whether the type has that version is not checked."""
    matched = _VERSION.fullmatch(text)
    try:
        return matched is not None and date.fromisoformat(matched[1]) >= FIRST_VERSION
    except ValueError:
        return False


async def _body(request: Request) -> Json:
    raw = await limited_body(request, BODY_LIMIT)
    parsed = parse_object(raw, keep_nulls=request.method == "PATCH")
    if parsed is None:
        raise bad_request("The request content was invalid and could not be read.", "InvalidRequestContent")
    return parsed
