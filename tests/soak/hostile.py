"""Requests that nobody means well with, and the answers they must get."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from azml.emulator.base.identity import issue_token, sign
from tests.fixtures.control_plane import ENDPOINT
from tests.soak.azure import SoakedAzure

_LENGTHS = b"Content-Length: 2\r\n\r\n{}"
_MUTATED = 12
"""Requests of each round with one wrong byte in their head."""
_PATIENCE = 10.0  # seconds


@dataclass(frozen=True)
class Hostile:
    """A request as bytes, to the endpoint or to management, and the statuses that are right."""

    name: str
    data: bytes
    right: frozenset[int]
    scoring: bool = True


def requests(azure: SoakedAzure, random: Random) -> Iterator[Hostile]:
    """All of them, in an order of chance."""
    found = [*_heads(azure), *_framing(azure), *_keys(azure, random), *_management(azure, random)]
    found += [_mutated(azure, random) for _ in range(_MUTATED)]
    random.shuffle(found)
    return iter(found)


def status_of(azure: SoakedAzure, hostile: Hostile) -> int:
    """The status it is answered with; 0 when the connection ends without one."""
    port = azure.scoring_port if hostile.scoring else azure.port
    trust = ssl.create_default_context(cafile=str(azure.folder / "ca.pem"))
    try:
        with (
            socket.create_connection(("127.0.0.1", port), _PATIENCE) as plain,
            trust.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(hostile.data)
            line = connection.makefile("rb").readline()
            return int(line.split()[1]) if line else 0
    except (OSError, ValueError, IndexError):
        return 0


def _head(azure: SoakedAzure, key: str | None = None, target: str = "") -> bytes:
    place = target or azure.scoring.partition("//")[2].partition("/")[2]
    bearer = azure.key if key is None else key
    lines = [f"POST /{place.lstrip('/')} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {bearer}"]
    return "\r\n".join([*lines, "Content-Type: application/json", ""]).encode()


def _heads(azure: SoakedAzure) -> Iterator[Hostile]:
    """Heads that are too large or say two things: the front's own refusal, never the model's."""
    head, place = _head(azure), _head(azure).split()[1].decode()
    for name, more, right in (
        ("too many headers", b"".join(b"x-%d: 1\r\n" % number for number in range(120)), 431),
        ("a long header", b"x-long: " + b"x" * 9_000 + b"\r\n", 431),
        ("a very long header", b"x-long: " + b"x" * 200_000 + b"\r\n", 431),
        ("long headers", b"".join(b"x-%d: %s\r\n" % (one, b"x" * 8_000) for one in range(12)), 431),
        ("a long id", b"x-ms-request-id: " + b"i" * 101 + b"\r\n", 431),
        ("two hosts", b"Host: localhost\r\n", 400),
        ("a name with a space", b"x y: 1\r\n", 400),
        ("a control character", b"x-y: a\x00b\r\n", 400),
        ("proxies that disagree", b"X-Forwarded-Proto: http\r\nX-Forwarded-Ssl: on\r\n", 200),
        ("an underscore", b"x_y: 1\r\n", 200),
        ("bytes beyond ASCII", b"x-y: \xff\xfe\r\n", 200),
        ("another protocol, with a body", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", 200),
    ):
        yield Hostile(name, head + more + _LENGTHS, frozenset({right}))
    foreign = head.replace(b"Host: localhost", b"Host: evil.example")
    yield Hostile("a foreign host", foreign + _LENGTHS, frozenset({400}))
    yield Hostile("no host", head.replace(b"Host: localhost\r\n", b"") + _LENGTHS, frozenset({400}))
    long = _head(azure, target=f"{place}?{'x' * 5_000}")
    yield Hostile("a long target", long + _LENGTHS, frozenset({414}))
    for other in ("../score", "..%2f..%2fscore", f"{place}/../score", "%00", "//score"):
        yield Hostile(f"the path {other}", _head(azure, target=other) + _LENGTHS, frozenset({404}))


def _framing(azure: SoakedAzure) -> Iterator[Hostile]:
    """Requests whose ends are in doubt, or that are no requests."""
    head = _head(azure)
    for name, data, right in (
        ("no HTTP", b"\x00\x01\x02\r\n\r\n", 400),
        ("HTTP 9.9", b"GET / HTTP/9.9\r\n\r\n", 400),
        ("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("a length in words", head + b"Content-Length: x\r\n\r\n", 400),
        ("a length below zero", head + b"Content-Length: -1\r\n\r\n", 400),
        ("two lengths", head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (
            "a length and chunks",
            head + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        ("a chunk without a size", head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("a body too large", head + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n", 413),
        ("a proxy's method", b"CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    ):
        yield Hostile(name, data, frozenset({right}))


def _keys(azure: SoakedAzure, random: Random) -> Iterator[Hostile]:
    """Keys and tokens that open nothing."""
    key = azure.key
    token = azure.management_token()
    for wrong in ("", key[:-1], key + "x", key.swapcase(), _text(random), token, _tampered(token, random)):
        yield Hostile("a wrong key", _head(azure, wrong) + _LENGTHS, frozenset({401}))


def _management(azure: SoakedAzure, random: Random) -> Iterator[Hostile]:
    """What management and storage refuse."""
    good, host = azure.management_token(), f"127.0.0.1:{azure.port}"
    scoring, _ = issue_token(azure.identity, "https://ml.azure.com")
    ended = sign({"exp": 1, "aud": "https://management.azure.com"}, azure.identity.key_for("management"))
    unsigned = good.rpartition(".")[0] + "."
    for wrong in ("", _text(random), _tampered(good, random), scoring, ended, unsigned, azure.key):
        yield Hostile("a wrong token", _ask(host, wrong), frozenset({401}), scoring=False)
    blob = f"/account1.blob.emulator/{azure.container}/soak/score.py"
    forged = f"{blob}?sv=2021-08-06&sr=c&sp=rwl&se=2099-01-01T00%3A00%3A00Z&sig={_text(random)}"
    yield Hostile("a forged signature", _ask(host, "", target=forged), frozenset({403}), scoring=False)
    for name, data, right in (
        ("a foreign host", _ask("evil.example", good), 421),
        ("no JSON", _ask(host, good, "PUT", body=b"{"), 400),
        ("deep JSON", _ask(host, good, "PUT", body=b"[" * 5_000), 400),
        (
            "a length and chunks",
            _ask(host, good, more=b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
            400,
        ),
        ("no HTTP", b"\x00\x01\x02\r\n\r\n", 400),
        ("a page of its own", _ask(host, good, target="/_azml/health"), 401),
    ):
        yield Hostile(f"management: {name}", data, frozenset({right}), scoring=False)


def _ask(
    host: str,
    token: str,
    method: str = "GET",
    *,
    target: str = f"{ENDPOINT}?api-version=2025-12-01",
    more: bytes = b"",
    body: bytes = b"",
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", ""]
    if token:
        lines[1:1] = [f"Authorization: Bearer {token}"]
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return "\r\n".join(lines).encode() + more + length + b"\r\n" + body


def _mutated(azure: SoakedAzure, random: Random) -> Hostile:
    """One byte of the head is another: refused by the front, or taken; the model is never to blame."""
    head = bytearray(_head(azure) + b"x-some: thing\r\n")
    position, byte = random.randrange(len(head)), random.choice([0, 9, 10, 13, 32, 58, 127, 255])
    was, head[position] = head[position], byte
    right = frozenset({200, 400, 401, 404, 431})
    return Hostile(f"byte {position} is {byte}, not {was}", bytes(head) + _LENGTHS, right)


def _tampered(token: str, random: Random) -> str:
    position = random.choice([place for place, letter in enumerate(token) if letter != "."])
    other = "A" if token[position] != "A" else "B"
    return token[:position] + other + token[position + 1 :]


def _text(random: Random) -> str:
    return "".join(random.choice("abcdefghijklmnopqrstuvwxyzABCDEF0123456789") for _ in range(43))
