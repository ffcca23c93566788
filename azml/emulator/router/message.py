"""Requests and answers as bytes: which headers pass the front, and how its own answers look."""

from dataclasses import dataclass, field
from http import HTTPStatus

from azml.emulator.router.rules import RETRY_SECONDS, Refusal

Headers = list[tuple[bytes, bytes]]

# Hop-by-hop, or set anew. Authorization is for the front: run() may see the other headers, never a key.
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
# Hop-by-hop, or the front's own to say: a model must not seem to be another deployment.
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
    """One request while it arrives and is answered. `first` is the first header of each lower-case name.

    `id` is the front's own, `client_id` the client's as it leaves; each is empty where there is none.
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
        """Take a header."""
        self.headers.append((name, value))
        self.first.setdefault(name.lower(), value)

    def header(self, name: bytes) -> str | None:
        """The first header of that name, given in lower case."""
        value = self.first.get(name)
        return None if value is None else value.decode("latin-1")


@dataclass(frozen=True)
class Question:
    """What is asked of an endpoint: a request to the place `suffix` under it, such as `/score`."""

    endpoint: str
    request: Request
    suffix: str

    @property
    def scoring(self) -> bool:
        """Whether it asks for a prediction."""
        return self.suffix == "/score"

    def target(self, scoring_path: str) -> bytes:
        """The place as an instance knows it, with the query that came."""
        path = (scoring_path if self.scoring else self.suffix).encode()
        query = self.request.target.partition(b"?")[2]
        return path + (b"&" if b"?" in path else b"?") + query if query else path


def plain_head(request: Request) -> bytes:
    """The head as it came, but for its wish to change the protocol."""
    lines = [b"%s %s HTTP/1.%d" % (request.method.encode(), request.target, request.http11)]
    lines += [b"%s: %s" % pair for pair in request.headers if pair[0].lower() != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])


def request_bytes(request: Request, target: bytes) -> bytes:
    """The request as a scoring process gets it. One connection carries one request: its workers keep none."""
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
    """The head of an answer that a deployment gave with this status; `failed` wraps it as a model error."""
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
    """An answer of the front's own, whole."""
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
