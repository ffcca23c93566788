"""Passes one request to a scoring process and its answer back to the client."""

import asyncio
import time
from typing import Protocol

import httptools

from azml.emulator.router.dispatch import RequestQueue
from azml.emulator.router.instance_connection import InstanceConnection
from azml.emulator.router.message import Headers, Question, request_bytes, response_head
from azml.emulator.router.meter import Meter
from azml.emulator.router.payloads import PayloadCollector
from azml.emulator.router.rules import GONE, TIMED_OUT, Refusal


class Client(Protocol):
    """The receiver of the answer."""

    def send(self, data: bytes) -> None:
        """A part of the answer."""

    def finished(self) -> None:
        """The answer is complete."""

    def refused(self, refusal: Refusal, deployment: str) -> None:
        """The deployment did not answer; send this refusal."""

    def broken(self) -> None:
        """The answer was cut off: the client must be able to notice."""


class Nobody:
    """The client of a mirrored request: its answers are dropped."""

    def send(self, data: bytes) -> None:
        """Drop it."""

    def finished(self) -> None:
        """Drop it."""

    def refused(self, refusal: Refusal, deployment: str) -> None:
        """Drop it."""

    def broken(self) -> None:
        """Drop it."""


class Exchange:
    """Waits in a deployment's queue, sends the request to an instance, streams the answer to the client."""

    def __init__(
        self,
        client: Client,
        question: Question,
        queue: RequestQueue,
        meter: Meter,
        collecting: PayloadCollector,
    ) -> None:
        self._client = client
        self._question = question
        self._request = question.request
        self._queue = queue
        self._deployment = queue.deployment
        self._target = question.target(queue.deployment.scoring_path)
        self._meter = meter
        self._collecting = collecting
        self._sampled = collecting.draw(queue.deployment) if question.scoring else None
        self._instance: str | None = None
        self._waits = False
        self._sent = False
        self._wire: InstanceConnection | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._out: list[bytes] = []
        self._status = 0
        self._chunked = False
        self._until_close = False
        self._hold = False
        self._over = False
        self._began = time.perf_counter()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._deployment.timeout_ms / 1000, self._expire)

    def submit(self) -> None:
        """Enter the queue, or refuse the request."""
        self._waits = True
        refusal = self._queue.submit(self)
        if refusal:
            self.refuse(refusal)

    def cancel(self) -> None:
        """The client has disconnected: release its place in the queue."""
        self._end()

    def pause(self) -> None:
        """Stop reading: the client reads more slowly than the model writes."""
        if self._wire:
            self._wire.pause()

    def resume(self) -> None:
        """Read again: the client has caught up."""
        if self._wire:
            self._wire.resume()

    # Called by the queue.

    def start(self, instance: str, address: str) -> None:
        """Send the request to this instance, or return to the queue when it refuses the connection."""
        self._waits = False
        self._instance = instance
        data = request_bytes(self._request, self._target)
        try:
            self._wire = InstanceConnection(address, data, self._received, self._ended, self._unreachable)
        except OSError:
            self._unreachable()

    def refuse(self, refusal: Refusal) -> None:
        """The queue is full, or has no instance left."""
        self._waits = False
        self._refuse(refusal)

    # Called by the connection.

    def _unreachable(self) -> None:
        instance, self._instance = self._instance, None
        self._waits = True
        if instance:
            self._queue.unreachable(instance, self)

    def _received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return self._refuse(GONE)
        if not self._over and not self._hold:
            self._flush()
        return None

    def _ended(self, orderly: bool) -> None:
        if self._until_close and orderly:
            self.on_message_complete()
        else:
            self._refuse(GONE)

    # Called by the parser.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; trailers are ignored."""
        if not self._status:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Pass the head on, turned into a model error where it is one."""
        status = self._parser.get_status_code()
        if status < 200:
            self._headers.clear()
            return
        self._status = status
        headers = self._headers
        bodiless = self._request.method == "HEAD" or status in (204, 304)
        sized = any(name.lower() == b"content-length" for name, _ in headers)
        coded = any(name.lower() == b"transfer-encoding" for name, _ in headers)
        self._until_close = not (sized or coded or bodiless)
        self._chunked = not (sized or bodiless) and self._request.http11
        # Servers write head and body separately; sending them together wakes the client once. Where the
        # body may be slow to arrive, the head is sent first.
        self._hold = sized
        if not (sized or bodiless or self._chunked):
            self._request.keep_alive = False
        name, failed = self._deployment.name, self._failed()
        head = response_head(self._request, status, headers, name, failed=failed, chunked=self._chunked)
        self._out.append(head)
        if self._request.method == "HEAD":
            self.on_message_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on."""
        self._hold = False
        if self._sampled:
            self._sampled.answer.append(body)
        self._out.append(b"%x\r\n%s\r\n" % (len(body), body) if self._chunked else body)

    def on_message_complete(self) -> None:
        """The answer is complete."""
        if self._over or not self._status:
            return
        if self._chunked:
            self._out.append(b"0\r\n\r\n")
        self._flush()
        self._end()
        self._count(424 if self._failed() else self._status)
        if self._sampled:
            self._collecting.keep(self._sampled, self._deployment, self._request, self._target, self._headers)
        self._client.finished()

    def _flush(self) -> None:
        if self._out:
            self._sent = True
            self._client.send(b"".join(self._out))
            self._out.clear()

    # Endings.

    def _failed(self) -> bool:
        return self._question.scoring and not 200 <= self._status < 300

    def _expire(self) -> None:
        self._refuse(TIMED_OUT)

    def _refuse(self, refusal: Refusal) -> None:
        if self._over:
            return
        self._end()
        self._count(refusal.status)
        if self._sent:
            self._client.broken()
        else:
            self._client.refused(refusal, self._deployment.name)

    def _count(self, status: int) -> None:
        if not self._question.scoring:
            return
        elapsed = (time.perf_counter() - self._began) * 1000
        endpoint, name = self._question.endpoint, self._deployment.name
        self._meter.record(time.time(), endpoint, name, status, self._status, elapsed)

    def _end(self) -> None:
        if self._over:
            return
        self._over = True
        self._timer.cancel()
        if self._wire:
            self._wire.close()
        if self._instance:
            self._queue.done(self._instance)
        elif self._waits:
            self._queue.cancel(self)
