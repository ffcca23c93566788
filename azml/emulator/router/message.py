"""Requests and answers as bytes: which headers are passed on, and the router's own answers."""

from dataclasses import dataclass, field
from http import HTTPStatus

from azml.emulator.router.rules import RETRY_SECONDS, Refusal

Headers = list[tuple[bytes, bytes]]

# Hop-by-hop, or set by the router. Authorization is for the router alone: run() must never see a key.
_KEPT_FROM_MODEL = frozenset(
    {
        *(
            b"authorization",
            b"connection",
            b"content-length",
            b"expect",
            b"keep-alive",
            b"proxy-authorization",
        ),
        *(b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
        *(b"x-request-id", b"x-ms-client-request-id"),
    }
)
# Hop-by-hop, or set by the router alone: a model must not be able to pose as another deployment.
_KEPT_FROM_CLIENT = frozenset(
    {
        *(b"connection", b"keep-alive", b"server", b"trailer", b"transfer-encoding", b"upgrade"),
        *(b"azureml-model-deployment", b"x-request-id", b"x-ms-client-request-id"),
        *(b"ms-azureml-model-error-statuscode", b"ms-azureml-model-error-reason"),
    }
)
_REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass
class Request:
    """One request, from arrival to answer. `first` has the first header of each lower-case name.

    `id` is set by the router, `client_id` is the client's as it is passed on; each is empty if there is none.
    """

    target: bytes = b""
    method: str = ""
    headers: Headers = field(default_factory=list)
    first: dict[bytes, bytes] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    http11: bool = True
    keep_alive: bool = True
    received: float = 0.0
    id: str = ""
    client_id: str = ""

    def add(self, name: bytes, value: bytes) -> None:
        """Add a header."""
        self.headers.append((name, value))
        self.first.setdefault(name.lower(), value)

    def header(self, name: bytes) -> str | None:
        """The first header of that name, given in lower case."""
        value = self.first.get(name)
        return None if value is None else value.decode("latin-1")


@dataclass(frozen=True)
class Question:
    """A request to an endpoint, at the path `suffix` under it, such as `/score`."""

    endpoint: str
    request: Request
    suffix: str

    @property
    def scoring(self) -> bool:
        """Whether it asks for a prediction."""
        return self.suffix == "/score"

    def target(self, scoring_path: str) -> bytes:
        """The path at the instance, with the request's query."""
        path = (scoring_path if self.scoring else self.suffix).encode()
        query = self.request.target.partition(b"?")[2]
        return path + (b"&" if b"?" in path else b"?") + query if query else path


def plain_head(request: Request) -> bytes:
    """The head as it was sent, without its request to switch protocols."""
    lines = [b"%s %s HTTP/1.%d" % (request.method.encode(), request.target, request.http11)]
    lines += [b"%s: %s" % pair for pair in request.headers if pair[0].lower() != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])


def request_bytes(request: Request, target: bytes) -> bytes:
    """The request for a scoring process. A connection carries one request: workers keep none open."""
    lines = [b"%s %s HTTP/1.1" % (request.method.encode(), target)]
    lines += [b"%s: %s" % pair for pair in request.headers if pair[0].lower() not in _KEPT_FROM_MODEL]
    lines += _ids(request)
    if request.body or request.method not in ("GET", "HEAD"):
        lines.append(b"Content-Length: %d" % len(request.body))
    lines += [b"Connection: close", b"", bytes(request.body)]
    return b"\r\n".join(lines)


def response_head(
    request: Request, status: int, headers: Headers, deployment: str, *, failed: bool, chunked: bool
) -> bytes:
    """The head of a deployment's answer with this status; `failed` turns it into a model error."""
    lines = [_status_line(HTTPStatus.FAILED_DEPENDENCY if failed else status)]
    lines += [b"%s: %s" % pair for pair in headers if pair[0].lower() not in _KEPT_FROM_CLIENT]
    lines.append(b"azureml-model-deployment: " + deployment.encode())
    lines += _ids(request)
    if failed:
        lines.append(b"ms-azureml-model-error-statuscode: %d" % status)
        lines.append(b"ms-azureml-model-error-reason: model_error")
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    return b"\r\n".join([*lines, *_connection(request), b"", b""])


def refusal_bytes(request: Request, refusal: Refusal, deployment: str | None = None) -> bytes:
    """A complete answer of the router's own."""
    body = refusal.body
    lines = [_status_line(refusal.status), b"Content-Type: application/json"]
    lines.append(b"Content-Length: %d" % len(body))
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        lines.append(b"WWW-Authenticate: Bearer")
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        lines.append(b"Retry-After: %d" % RETRY_SECONDS)
    if deployment:
        lines.append(b"azureml-model-deployment: " + deployment.encode())
    lines += _ids(request)
    head = b"\r\n".join([*lines, *_connection(request), b"", b""])
    return head if request.method == "HEAD" else head + body


def _ids(request: Request) -> list[bytes]:
    ids = ((b"x-request-id", request.id), (b"x-ms-client-request-id", request.client_id))
    return [b"%s: %s" % (name, value.encode("ascii")) for name, value in ids if value]


def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}".encode()


def _connection(request: Request) -> list[bytes]:
    if not request.keep_alive:
        return [b"Connection: close"]
    return [] if request.http11 else [b"Connection: keep-alive"]
