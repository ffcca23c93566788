"""One client's connection: reads and checks its requests, and answers them in order."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import cast

import httptools

from azml.emulator.contract import limits
from azml.emulator.contract.routing_table import RoutedDeployment, RoutedEndpoint
from azml.emulator.router import rules
from azml.emulator.router.dispatch import Dispatcher
from azml.emulator.router.exchange import Client, Exchange, Nobody
from azml.emulator.router.message import Question, Request, plain_head, refusal_bytes
from azml.emulator.router.meter import Meter
from azml.emulator.router.payloads import PayloadCollector
from azml.emulator.router.rules import Refusal

PIPELINED = 8
"""Requests a client may pipeline before reading from its connection pauses."""
_SUFFIXES = ("/score", "/swagger.json", "/")
_DEPLOYMENT = b"azureml-model-deployment"


@dataclass
class Limits:
    """Seconds a client may take to send a request, and may stay silent between two."""

    request: float = 60.0
    idle: float = 75.0


@dataclass
class Front:
    """What all client connections of the router share."""

    dispatcher: Dispatcher
    meter: Meter
    collecting: PayloadCollector
    limits: Limits = field(default_factory=Limits)
    connections: "set[ClientConnection]" = field(default_factory=set)

    def connect(self) -> "ClientConnection":
        """A protocol for a new client."""
        return ClientConnection(self)

    def sweep(self, now: float) -> None:
        """Close the connections of clients that are silent or too slow. `now` is the monotonic clock."""
        for connection in list(self.connections):
            connection.sweep(now)


class ClientConnection(asyncio.Protocol):
    """The protocol of one client's connection."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._arriving: Request | None = None
        self._upgrades = False
        self._in_head = False
        self._head_bytes = 0
        self._refusal: Refusal | None = None
        self._endpoint: RoutedEndpoint | None = None
        self._suffix = ""
        self._queue: deque[tuple[Request, RoutedEndpoint | None, str, Refusal | None]] = deque()
        self._exchange: Exchange | None = None
        self._answering: Request | None = None
        self._closing = False
        self._deaf = False
        self._full = False
        self._since = time.monotonic()

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        # uvloop's transports have the interface of asyncio.Transport without being a subclass.
        self._transport = cast(asyncio.Transport, transport)
        self._front.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected: cancel its requests."""
        self._front.connections.discard(self)
        self._transport = None
        self._queue.clear()
        if self._exchange:
            self._exchange.cancel()
            self._exchange = None

    def pause_writing(self) -> None:
        """The client reads slowly: start no further answer until it has caught up."""
        self._full = True
        if self._exchange:
            self._exchange.pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._full = False
        self._since = time.monotonic()
        if self._exchange:
            self._exchange.resume()
        self._next()

    def data_received(self, data: bytes) -> None:
        """Parse; a parse error closes the connection after the answers that are due."""
        if self._closing or self._deaf:
            return
        self._head_bytes += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._reject(rules.BAD_REQUEST)
        # Bytes that arrived with the end of the previous request are not counted.
        if self._in_head and self._head_bytes > rules.HEAD_LIMIT:
            self._reject(rules.HEAD_TOO_LARGE)

    def _feed(self, data: bytes) -> None:
        while data and not self._deaf:
            try:
                return self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as asked:
                data = self._without_upgrade() + data[asked.args[0] :]
        return None

    def _without_upgrade(self) -> bytes:
        """The head without its request to switch protocols. The router switches to none, and the parser would
        not parse the body of such a request."""
        request, self._upgrades = self._arriving or Request(), False
        self._parser = httptools.HttpRequestParser(self)
        return plain_head(request)

    def sweep(self, now: float) -> None:
        """Close when the client is silent for too long, or takes too long to send a request."""
        if self._exchange or (self._queue and not self._full) or not self._transport:
            return
        waited = now - self._since
        if self._arriving and waited > self._front.limits.request:
            self._reject(rules.TOO_SLOW)
        elif self._closing and waited > self._front.limits.idle:
            self._transport.abort()
        elif waited > self._front.limits.idle:
            self._closing = True
            self._transport.close()

    # Called by the parser.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._arriving = Request()
        self._in_head = True
        self._head_bytes = 0
        self._refusal = self._endpoint = None
        self._since = time.monotonic()

    def on_url(self, url: bytes) -> None:
        """Its target."""
        if self._arriving:
            self._arriving.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. Trailers after a chunked body are unchecked, so they are ignored."""
        if self._arriving and self._in_head:
            self._arriving.add(name, value)

    def on_headers_complete(self) -> None:
        """Check what can be checked before the body arrives."""
        request = self._arriving
        if not request:
            return None
        self._in_head = False
        request.method = self._parser.get_method().decode("latin-1")
        request.http11 = self._parser.get_http_version() == "1.1"
        request.keep_alive = self._parser.should_keep_alive()
        if self._parser.should_upgrade():
            if request.method == "CONNECT":
                return self._reject(rules.UNKNOWN_PATH)  # this is not a proxy
            self._upgrades = True  # the head is parsed again, without the request to switch
            return None
        self._refusal = self._check(request)
        if (request.header(b"expect") or "").lower() == "100-continue":
            if self._refusal:
                self._reject(self._refusal)
            else:
                self._continue()
        return None

    def on_body(self, body: bytes) -> None:
        """A part of the body, dropped when the request is already refused."""
        request = self._arriving
        if request and self._refusal is None:
            request.body += body
            if len(request.body) > limits.BODY_LIMIT:
                self._refusal = rules.TOO_LARGE
                request.body.clear()

    def on_message_complete(self) -> None:
        """The request is complete: answer it when it is its turn."""
        request = self._arriving
        if not request or self._upgrades:
            return
        self._arriving = None
        self._queue.append((request, self._endpoint, self._suffix, self._refusal))
        if len(self._queue) >= PIPELINED and self._transport:
            self._transport.pause_reading()
        self._next()

    # Checking.

    def _check(self, request: Request) -> Refusal | None:
        request.id = rules.new_id(self._front.dispatcher.random.getrandbits)
        request.client_id = rules.client_id(request.header(b"x-ms-client-request-id"))
        if refusal := rules.head_refusal(request.target, request.headers):
            return refusal
        host = request.header(b"host")
        if not rules.host_allowed(host or "") and (host is not None or request.http11):
            return rules.BAD_HOST
        if len(request.header(b"x-ms-request-id") or "") > rules.ID_LIMIT:
            return rules.LONG_ID
        self._find(request)
        if self._endpoint is None:
            return rules.UNKNOWN_PATH if self._front.dispatcher.complete else rules.NOT_PLACED
        endpoint = self._endpoint
        if not rules.authorized(request.header(b"authorization"), endpoint.bearers, endpoint.token_secret):
            return rules.UNAUTHORIZED
        length = request.header(b"content-length")
        return rules.TOO_LARGE if length and int(length) > limits.BODY_LIMIT else None

    def _find(self, request: Request) -> None:
        path = request.target.partition(b"?")[0].decode("latin-1")
        for suffix in _SUFFIXES:
            place = path.removesuffix(suffix).strip("/").lower()
            if path.endswith(suffix) and place in self._front.dispatcher.endpoints:
                self._endpoint = self._front.dispatcher.endpoints[place]
                self._suffix = suffix
                return

    # Answering.

    def _next(self) -> None:
        while self._queue and not (self._exchange or self._closing or self._full) and self._transport:
            request, endpoint, suffix, refusal = self._queue.popleft()
            if len(self._queue) == PIPELINED - 1:
                self._transport.resume_reading()
            self._answering = request
            if refusal or endpoint is None:
                self._answer(refusal or rules.UNKNOWN_PATH)
            else:
                self._forward(request, endpoint, suffix)

    def _forward(self, request: Request, endpoint: RoutedEndpoint, suffix: str) -> None:
        dispatcher = self._front.dispatcher
        # The table may have changed since the head was checked: the endpoint's current state decides.
        endpoint = dispatcher.endpoints.get(endpoint.path.strip("/").lower(), endpoint)
        known = {deployment.name: deployment for deployment in endpoint.deployments}
        wanted = request.header(_DEPLOYMENT)
        chosen = rules.choose(endpoint.traffic, known, wanted, dispatcher.random)
        if isinstance(chosen, Refusal):
            return self._answer(chosen if dispatcher.complete else rules.NOT_PLACED)
        self._exchange = self._exchange_for(self, Question(endpoint.key, request, suffix), known[chosen])
        self._exchange.submit()
        if suffix == "/score" and wanted is None:
            for name in rules.mirrors(endpoint.mirror_traffic, known, dispatcher.random):
                copied = Question(endpoint.key, replace(request), suffix)
                self._exchange_for(Nobody(), copied, known[name]).submit()
        return None

    def _exchange_for(self, client: Client, question: Question, deployment: RoutedDeployment) -> Exchange:
        front = self._front
        queue = front.dispatcher.queue_of(deployment)
        return Exchange(client, question, queue, front.meter, front.collecting)

    def _continue(self) -> None:
        # Only when no answer is being sent: it would end up in the middle of it.
        if self._transport and not self._exchange and not self._queue:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _answer(self, refusal: Refusal, deployment: str | None = None) -> None:
        request = self._answering or Request()
        if self._transport:
            self._transport.write(refusal_bytes(request, refusal, deployment))
        self._turn(request)

    def _turn(self, request: Request) -> None:
        self._answering = None
        self._since = time.monotonic()
        if not request.keep_alive and self._transport:
            self._closing = True
            self._transport.close()

    def _reject(self, refusal: Refusal) -> None:
        request = self._arriving or Request()
        request.keep_alive = False
        self._arriving = None
        self._in_head = False
        self._deaf = True
        self._queue.append((request, None, "", refusal))
        self._next()

    # Called by the exchange.

    def send(self, data: bytes) -> None:
        """A part of the answer."""
        if self._transport:
            self._transport.write(data)

    def finished(self) -> None:
        """The answer is complete."""
        self._exchange = None
        if self._answering:
            self._turn(self._answering)
        self._next()

    def refused(self, refusal: Refusal, deployment: str) -> None:
        """The deployment did not answer."""
        self._exchange = None
        self._answer(refusal, deployment)
        self._next()

    def broken(self) -> None:
        """The answer was cut off: only closing the connection can show that to the client."""
        self._exchange = None
        if self._transport:
            self._transport.abort()
