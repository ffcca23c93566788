"""The rules by which an online endpoint treats a request, as pure functions.

Source: "Troubleshooting online endpoints deployment and scoring" and the managed online deployment schema.
"""

import hmac
import json
import re
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from azml.emulator.base.identity import is_valid
from azml.emulator.contract.limits import BODY_LIMIT

ID_LIMIT = 100
"""Characters of `x-ms-request-id`; the inference server refuses more."""
CLIENT_ID_LIMIT = 40
"""Characters that are kept of `x-ms-client-request-id` (docs/azure-truth.md, front-4)."""
HEAD_LIMIT = 64 * 1024
"""Bytes of a request's line and headers."""
FIELDS_LIMIT = 100
"""Headers of a request. This and the next two are the limits of gunicorn, which runs the inference server:
what it would refuse is refused here, so that the error is not reported as the model's."""
FIELD_LIMIT = 8_190
"""Bytes of one header, with its name."""
TARGET_LIMIT = 4_000
"""Bytes of a path with its query: gunicorn accepts 4,094 for the whole request line."""
RETRY_SECONDS = 1
"""Seconds in the Retry-After header of an answer that no instance is ready."""
_NOT_KEPT = re.compile(r"[^A-Za-z0-9_-]")
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True)
class Refusal:
    """An answer of the router's own: status, a code for programs, a text for people."""

    status: int
    code: str
    message: str

    @property
    def body(self) -> bytes:
        """The answer's body, in the shape of Azure's errors."""
        return json.dumps({"error": {"code": self.code, "message": self.message}}).encode()


TOO_LARGE = Refusal(413, "PayloadTooLarge", f"The request body is larger than {BODY_LIMIT} bytes.")
UNAUTHORIZED = Refusal(401, "Unauthorized", "The key or token is missing, wrong or out of date.")
UNKNOWN_PATH = Refusal(404, "NotFound", "There is no online endpoint at this address.")
NO_TRAFFIC = Refusal(404, "NoTraffic", "No deployment of this endpoint has a share of its traffic.")
TOO_MANY = Refusal(429, "TooManyRequests", "The deployment has more requests than it may queue.")
BAD_HOST = Refusal(400, "BadHost", "The Host header names no loopback address.")
BAD_REQUEST = Refusal(400, "BadRequest", "The request is not valid HTTP.")
LONG_ID = Refusal(431, "HeaderTooLarge", f"A request id has more than {ID_LIMIT} characters.")
HEAD_TOO_LARGE = Refusal(431, "HeaderTooLarge", f"The request's headers have more than {HEAD_LIMIT} bytes.")
FIELD_TOO_LARGE = Refusal(431, "HeaderTooLarge", f"A header has more than {FIELD_LIMIT} bytes.")
TOO_MANY_FIELDS = Refusal(431, "TooManyHeaders", f"The request has more than {FIELDS_LIMIT} headers.")
LONG_TARGET = Refusal(414, "UriTooLong", f"The request's path and query have more than {TARGET_LIMIT} bytes.")
TWO_HOSTS = Refusal(400, "BadHost", "The request has more than one Host header.")
TOO_SLOW = Refusal(408, "RequestTimeout", "The request did not arrive in time.")
TIMED_OUT = Refusal(408, "RequestTimeout", "The deployment did not answer within request_timeout_ms.")
NOT_PLACED = Refusal(503, "ServiceUnavailable", "The local Azure is starting: this may be there in a moment.")
NOT_READY = Refusal(503, "ServiceUnavailable", "No instance of the deployment is ready.")
GONE = Refusal(502, "BadGateway", "The scoring process went away before it answered.")


def host_allowed(host: str) -> bool:
    """Whether a Host header names this machine. A web page of another site that resolves its own name to
    loopback sends that name."""
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdigit():
        name = host
    return name.lower() in LOCAL_HOSTS


def head_refusal(target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Refusal | None:
    """Why a request's head is refused whatever its path: more or longer headers than a server accepts."""
    sizes = [len(name) + len(value) + 4 for name, value in headers]
    if len(target) > TARGET_LIMIT:
        return LONG_TARGET
    if len(headers) > FIELDS_LIMIT:
        return TOO_MANY_FIELDS
    if any(size > FIELD_LIMIT for size in sizes):
        return FIELD_TOO_LARGE
    if len(target) + sum(sizes) > HEAD_LIMIT:
        return HEAD_TOO_LARGE
    return TWO_HOSTS if sum(name.lower() == b"host" for name, _ in headers) > 1 else None


def authorized(header: str | None, bearers: Collection[str], token_secret: str | None) -> bool:
    """Whether an Authorization header carries one of the keys, or a token signed with the secret."""
    scheme, _, bearer = (header or "").partition(" ")
    bearer = bearer.strip()
    if scheme.lower() != "bearer" or not bearer:
        return False
    given = bearer.encode("utf-8", "replace")
    # No early exit: the time taken must not reveal which key was close.
    matches = [hmac.compare_digest(given, key.encode()) for key in bearers]
    return any(matches) or bool(token_secret and _signed(bearer, token_secret))


def _signed(bearer: str, secret: str) -> bool:
    try:
        return is_valid(bearer, secret)
    except (ValueError, KeyError, TypeError):
        return False


def choose(
    traffic: Mapping[str, int], known: Collection[str], wanted: str | None, random: Random
) -> str | Refusal:
    """The deployment that answers: the one the header names, else one drawn by the shares.

    Shares of deployments that are missing from the table are ignored while another deployment has one. If all
    are missing, they exist all the same and will return: a deployment with a share cannot be deleted.
    """
    if wanted is not None:
        if wanted in known:
            return wanted
        return Refusal(404, "DeploymentNotFound", f"The endpoint has no deployment named {wanted[:64]!r}.")
    shares = [(name, share) for name, share in traffic.items() if share > 0 and name in known]
    total = sum(share for _, share in shares)
    if not total:
        return NOT_READY if any(share > 0 for share in traffic.values()) else NO_TRAFFIC
    drawn = random.random() * total
    for name, share in shares:
        drawn -= share
        if drawn < 0:
            return name
    return shares[-1][0]


def mirrors(mirror: Mapping[str, int], known: Collection[str], random: Random) -> list[str]:
    """The deployments that get a copy of this request. The draw is independent of the one for the answer."""
    return [name for name, share in mirror.items() if name in known and random.random() * 100 < share]


def queue_limit(concurrency: int, instances: int) -> int:
    """How many requests a deployment may hold at once: twice what its instances take."""
    return 2 * concurrency * instances


def least_busy(loads: Mapping[str, int], concurrency: int, random: Random) -> str | None:
    """The instance with the fewest requests that can take one more, at random among equals; None if full."""
    free = {name: load for name, load in loads.items() if load < concurrency}
    if not free:
        return None
    fewest = min(free.values())
    names = [name for name, load in free.items() if load == fewest]
    return names[0] if len(names) == 1 else random.choice(names)


def new_id(random_bits: Callable[[int], int]) -> str:
    """A request id: a new GUID, whatever the client sent as `x-request-id`."""
    return str(uuid.UUID(int=random_bits(128), version=4))


def client_id(sent: str | None) -> str:
    """`x-ms-client-request-id` as it is passed on: letters, digits, dashes and underscores, at most 40."""
    return _NOT_KEPT.sub("", sent or "")[:CLIENT_ID_LIMIT]
