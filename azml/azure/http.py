"""Thread-safe HTTP with keep-alive connections, using only the standard library.

The libraries that do this take longer to import than a whole run of the plugin takes, and a command starts
plugins up to four times.
"""

import base64
import http.client
import json
import os
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from azml.azure.errors import UnreachableError

_TIMEOUT_SECONDS = 100.0
_REFUSED_SECONDS = 3.0  # how long a server that is still starting may refuse connections
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LOCAL_AUTHORITY_FIRST = "# The first certificate is that of the local Azure."
"""The first line of the local Azure's bundle (`azml/emulator/base/certificates.py` writes it)."""
_END = "-----END CERTIFICATE-----\n"
_LARGEST_CERTIFICATE = 64 * 1024

Body = bytes | Callable[[], Iterable[bytes]] | None
"""Content to send; a callable opens a new stream for each attempt."""


@dataclass(frozen=True)
class Response:
    """A complete HTTP response. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    url: str = ""

    def json(self) -> Any:
        """The content as JSON; an empty object when there is none or it is not JSON."""
        try:
            return json.loads(self.content) if self.content else {}
        except ValueError:
            return {}


def is_loopback(url: str) -> bool:
    """Whether `url` is an address on this machine."""
    return (urlsplit(url).hostname or "") in _LOOPBACK


def trust(host: str = "") -> ssl.SSLContext:
    """A TLS context with the roots the environment names, in the variables every Azure client reads.

    For a `host` on this machine, only the local Azure's, where the roots are the local Azure's bundle.
    """
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    bundle = next((os.environ[name] for name in names if os.environ.get(name)), None)
    if bundle is None:
        import certifi  # Python's own default is empty on some macOS installations

        bundle = certifi.where()
    elif host in _LOOPBACK and (own := _local_authority(bundle)):
        return ssl.create_default_context(cadata=own)
    return ssl.create_default_context(cafile=bundle)


def _local_authority(bundle: str) -> str:
    """The certificate that a bundle of the local Azure begins with; empty for any other bundle.

    OpenSSL takes 30 ms to read the other hundred and more, and each command starts several processes.
    """
    with Path(bundle).open(encoding="utf-8", errors="replace") as file:
        if file.readline().rstrip() != LOCAL_AUTHORITY_FIRST:
            return ""
        return file.read(_LARGEST_CERTIFICATE).partition(_END)[0] + _END


class Http:
    """A pool of connections per server. Thread-safe."""

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._monotonic = clock
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = defaultdict(list)
        self._tls: dict[bool, ssl.SSLContext] = {}

    def close(self) -> None:
        """Close the connections that are idle; later calls open new ones."""
        with self._lock:
            idle, self._idle = self._idle, defaultdict(list)
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Body = None
    ) -> Response:
        """Send and read the response, whatever its status. Raises UnreachableError when nothing answers."""
        deadline = self._monotonic() + _REFUSED_SECONDS
        while True:
            try:
                return self._attempt(method, url, dict(headers or {}), body)
            except ConnectionRefusedError as error:
                if self._monotonic() >= deadline:
                    raise UnreachableError(_nobody(url)) from error
            except (OSError, http.client.HTTPException) as error:
                raise UnreachableError(f"{method} {_place(url)}: {error}") from error
            self._sleep(0.1)

    def _attempt(self, method: str, url: str, headers: dict[str, str], body: Body) -> Response:
        """One request and response; a connection that the server closed while idle is replaced."""
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        kept = self._take(key)
        if kept is not None:
            try:
                return self._exchange(kept, key, method, url, headers, body)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLError):
                kept.close()
        fresh = self._connect(parts.scheme, parts.hostname or "", parts.port)
        return self._exchange(fresh, key, method, url, headers, body)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        key: tuple[str, str],
        method: str,
        url: str,
        headers: dict[str, str],
        body: Body,
    ) -> Response:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(method, target, body() if callable(body) else body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        if not answer.will_close:
            with self._lock:
                self._idle[key].append(connection)
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, names, content, url)

    def _take(self, key: tuple[str, str]) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle[key].pop() if self._idle[key] else None

    def _connect(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        proxy = _proxy(scheme, host)
        if scheme == "http" and proxy is None:
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        tls = self._trusting(host)
        if proxy is None:
            return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=tls)
        way = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        connection = http.client.HTTPSConnection(
            way.hostname or "", way.port, timeout=_TIMEOUT_SECONDS, context=tls
        )
        connection.set_tunnel(host, port, _credential(way))
        return connection

    def _trusting(self, host: str) -> ssl.SSLContext:
        """The context for a host, made once for the hosts of this machine and once for all others."""
        here = host in _LOOPBACK
        with self._lock:
            if here not in self._tls:
                self._tls[here] = trust(host)
            return self._tls[here]


def _credential(way: SplitResult) -> dict[str, str]:
    """The header for a proxy whose address contains a user name and password."""
    if way.username is None:
        return {}
    credential = f"{unquote(way.username)}:{unquote(way.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(credential.encode()).decode()}"}


def _proxy(scheme: str, host: str) -> str | None:
    """The proxy for https requests to `host`; None for this machine, which is never reached through one."""
    if (
        scheme != "https"
        or host in _LOOPBACK
        or not (os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"))
    ):
        return None
    from urllib.request import getproxies, proxy_bypass  # slow to import, and rarely needed

    return None if proxy_bypass(host) else getproxies().get("https")


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _nobody(url: str) -> str:
    parts = urlsplit(url)
    if is_loopback(url):
        return (
            f"the local Azure does not answer at {parts.scheme}://{parts.netloc}: "
            "start it with `azml emulator start`, and run the line of `azml emulator env` in this shell"
        )
    return f"nothing answers at {parts.scheme}://{parts.netloc}"
