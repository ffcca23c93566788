"""Azure Resource Manager: read, write, wait."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from azml.azure import policy
from azml.azure.cloud import Cloud, discover
from azml.azure.credentials import TokenSource, token_source
from azml.azure.errors import AzureError, CancelledError, OperationFailedError, UnreachableError
from azml.azure.http import Http, Response
from azml.azure.settings import AzureSettings

_DONE = frozenset({"succeeded", "failed", "canceled", "cancelled"})
_ATTEMPTS = 5
_AWAY_SECONDS = 5.0  # between two polls of an operation while nothing answers
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
# Azure answers this while it still works on the same resource: the write is valid, only too early.
_BUSY = frozenset({"AnotherOperationInProgress", "ConcurrentOperationInProgress", "AllocationInProgress"})


class Arm:
    """A client for one Azure cloud with one identity. Contacts nothing before the first call; thread-safe."""

    def __init__(
        self,
        settings: AzureSettings,
        *,
        cloud: Cloud | None = None,
        tokens: TokenSource | None = None,
        http: Http | None = None,
        vet: Callable[[Cloud], None] | None = None,
        policy_tokens: bool = True,
    ) -> None:
        """`vet` may raise AzureError for a cloud that must not be reached; it is called before any token.

        Without `policy_tokens` a write that needs one is refused, as it is in azure-native.
        """
        self._stopped = threading.Event()
        self.settings = settings
        self.http = http or Http(sleep=self.pause)
        self._cloud = cloud
        self._tokens = tokens
        self._vet = vet
        self._policy_tokens = policy_tokens
        self._lock = threading.Lock()

    @property
    def cloud(self) -> Cloud:
        """The cloud these calls reach, discovered on first use."""
        with self._lock:
            if self._cloud is None:
                cloud = discover(self.settings, self.http)
                if self._vet:
                    self._vet(cloud)
                self._cloud = cloud
            return self._cloud

    def token(self, scope: str | None = None) -> str:
        """A bearer token for `scope`, by default the resource manager's scope."""
        cloud = self.cloud
        with self._lock:
            self._tokens = self._tokens or token_source(self.settings, cloud, self.http)
        return self._tokens.token(scope or cloud.scope)

    def cancel(self) -> None:
        """Make every wait, present and future, end with CancelledError."""
        self._stopped.set()

    def pause(self, seconds: float) -> None:
        """Sleep unless cancelled."""
        if self._stopped.wait(seconds):
            raise CancelledError("given up on request")

    def get(
        self, path: str, api_version: str, query: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        """The resource at `path` (an ARM id); None when there is none."""
        answer = self.send("GET", path, api_version, query=query)
        if answer.status == 404:
            return None
        return _object(self.accepted(answer))

    def put(self, path: str, api_version: str, body: Mapping[str, Any]) -> Response:
        """Write the whole resource; the answer may be the start of an operation, see `wait`."""
        return self.accepted(self.send("PUT", path, api_version, body))

    def post(self, path: str, api_version: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call an action such as `listKeys` and return its result, waiting for it where it takes time."""
        answer = self.accepted(self.send("POST", path, api_version, body or {}))
        if answer.status == 202:
            answer = self.wait(answer)
        return _object(answer)

    def delete(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> None:
        """Delete and wait until it is done; a resource that does not exist is not an error."""
        answer = self.send("DELETE", path, api_version, query=query)
        if answer.status != 404:
            self.wait(self.accepted(answer))

    def wait(self, started: Response, *, seconds: float | None = None) -> Response:
        """Wait until the operation that `started` began has ended; returns the last response.

        Raises OperationFailedError with Azure's own reason when it failed, AzureError after `seconds`.
        """
        monitor = started.headers.get("azure-asyncoperation")
        if monitor:
            return self._poll(urljoin(started.url, monitor), started, seconds, _operation_ended)
        if started.status == 202 and "location" in started.headers:
            place = urljoin(started.url, started.headers["location"])
            return self._poll(place, started, seconds, _location_ended)
        if _provisioning(started) in ("", *_DONE):
            _raise_if_failed(_provisioning(started), started)
            return started
        return self._poll(started.url, started, seconds, _resource_ended)

    def _poll(
        self,
        url: str,
        started: Response,
        seconds: float | None,
        ended: Callable[[Response], bool],
    ) -> Response:
        deadline = time.monotonic() + (seconds or float("inf"))
        answer = started
        for default in _intervals(local=self.cloud.local):
            self.pause(_asked_delay(answer, default))
            answer = self.accepted(self._looked_at(url))
            if ended(answer):
                return answer
            if time.monotonic() >= deadline:
                raise AzureError(f"the operation did not end within {seconds:.0f} seconds")
        raise AssertionError("the intervals never end")

    def _looked_at(self, url: str) -> Response:
        """The answer of `url`, retried while the network is down: Azure carries on meanwhile."""
        for left in reversed(range(_ATTEMPTS)):
            try:
                return self.call("GET", url)
            except UnreachableError:
                # A local Azure that does not answer has stopped, and its operations with it.
                if not left or self.cloud.local:
                    raise
                self.pause(_AWAY_SECONDS)
        raise AssertionError("the last attempt returns or raises")

    def send(
        self,
        method: str,
        path: str,
        api_version: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """One call, retried while Azure is overloaded or still working on the same resource.

        A write that Azure accepts only with a policy token is repeated with one; raises PolicyTokenError
        when none is issued.
        """
        return self.call(method, self._address(path, api_version, query), body)

    def call(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Response:
        """Like `send`, for an address from Azure, such as that of an operation or of a list's next page."""
        answer = self._tried(method, url, body)
        if method == "GET" or not self._policy_tokens or not policy.wants_token(answer):
            return answer
        tokens = policy.place(url)
        if tokens is None:
            return answer
        return self._tried(method, url, body, {policy.HEADER: self._policy_token(tokens, method, url, body)})

    def _policy_token(self, tokens: str, method: str, url: str, body: Mapping[str, Any] | None) -> str:
        # Without this header the action may answer before the evaluation has finished.
        asked, at_once = policy.question(method, url, body), {"x-ms-force-sync": "true"}
        return policy.token(self._tried("POST", self._address(tokens, policy.API_VERSION), asked, at_once))

    def _address(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> str:
        place = quote(path, safe="/:@!$&()*+,;=~-._%")
        parameters = urlencode({"api-version": api_version, **(query or {})}, quote_via=quote)
        return f"{self.cloud.resource_manager}{place}?{parameters}"

    def _tried(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Response:
        delay = 0.1 if self.cloud.local else 1.0
        for left in reversed(range(_ATTEMPTS)):
            answer = self._authorized(method, url, body, more)
            if not left or not _worth_another(answer):
                return answer
            self.pause(_asked_delay(answer, delay))
            delay *= 2
        raise AssertionError("the last attempt returns")

    def _authorized(
        self, method: str, url: str, body: Mapping[str, Any] | None, more: Mapping[str, str] | None
    ) -> Response:
        headers = {"Authorization": f"Bearer {self.token()}", "Accept": "application/json", **(more or {})}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        return self.http.request(method, url, headers=headers, body=content)

    def accepted(self, answer: Response) -> Response:
        """`answer` if Azure accepted the request; otherwise raises AzureError with its code and message."""
        if answer.status < 300:
            return answer
        code, message = _reason(answer.json())
        raise AzureError(
            f"{code}: {message}" if code else message or f"Azure answered {answer.status}",
            status=answer.status,
            code=code,
        )


def _object(answer: Response) -> dict[str, Any]:
    document = answer.json()
    return document if isinstance(document, dict) else {"value": document}


def _intervals(*, local: bool) -> Iterator[float]:
    """Seconds between polls where the server suggests none: short at first, then longer."""
    delay, most = (0.05, 1.0) if local else (1.0, 10.0)
    while True:
        yield delay
        delay = min(delay * 1.5, most)


def _asked_delay(answer: Response, default: float) -> float:
    """Seconds the server asks us to wait, else `default`. As in Azure's clients, zero counts as no request.

    The headers in milliseconds come first, as in azcore, the library azure-native uses.
    """
    for name, unit in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            delay = float(answer.headers.get(name, "0")) * unit
        except ValueError:
            continue
        if delay > 0:
            return delay
    return default


def _worth_another(answer: Response) -> bool:
    if answer.status == 409:
        return _reason(answer.json())[0] in _BUSY
    return answer.status in _TRANSIENT


def _provisioning(answer: Response) -> str:
    document = answer.json()
    properties = document.get("properties") if isinstance(document, dict) else None
    return (
        str((properties or {}).get("provisioningState") or "").lower() if isinstance(properties, dict) else ""
    )


def _operation_ended(answer: Response) -> bool:
    status = str(answer.json().get("status") or "").lower()
    _raise_if_failed(status, answer)
    return status in _DONE


def _location_ended(answer: Response) -> bool:
    return answer.status != 202


def _resource_ended(answer: Response) -> bool:
    state = _provisioning(answer)
    _raise_if_failed(state, answer)
    return state in ("", *_DONE)


def _raise_if_failed(status: str, answer: Response) -> None:
    if status in ("failed", "canceled", "cancelled"):
        code, message = _reason(answer.json())
        text = message or f"the operation ended as {status} and Azure gave no reason"
        raise OperationFailedError(f"{code}: {text}" if code else text, code=code)


def _reason(document: Any) -> tuple[str, str]:
    """Azure's error code and message, with the messages of its details."""
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return "", str(error or "")
    details = [item for item in error.get("details") or [] if isinstance(item, dict)]
    messages = [str(item["message"]) for item in (error, *details) if item.get("message")]
    return str(error.get("code") or ""), "\n".join(dict.fromkeys(messages))
