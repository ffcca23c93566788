"""Closes connections that stay silent or never finish, so that nothing else waits for them."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20.0  # from connecting, or from a request's first byte, to the end of its head
BODY_SECONDS = 60.0  # without a byte of a body that has not ended
FAREWELL_SECONDS = 0.2  # when the server stops, for an idle client to close its end too


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with timeouts; uvicorn itself waits for a request without limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience: asyncio.TimerHandle | None = None
        self._stopping = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a head."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timeout."""
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait for the end of a head that begins on a reused connection."""
        if self._patience is None and (self.cycle is None or self.cycle.response_complete):
            self._wait(HEAD_SECONDS)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Wait for a body."""
        self._wait(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Wait for more of it."""
        self._wait(BODY_SECONDS)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete: stop the timeout."""
        self._wait(None)
        super().on_message_complete()

    def shutdown(self) -> None:
        """The server is stopping. An idle client neither reads nor answers the end of TLS."""
        self._stopping = True
        super().shutdown()
        self._take_leave()

    def on_response_complete(self) -> None:
        """An answer has ended. If the server is stopping, it was the connection's last."""
        super().on_response_complete()
        if self._stopping:
            self._take_leave()

    def _take_leave(self) -> None:
        if self.transport.is_closing():
            self.loop.call_later(FAREWELL_SECONDS, self._part)

    def _part(self) -> None:
        # The rest of an answer is still to be sent: the server's own timeout covers that.
        if self in self.connections and not self.transport.get_write_buffer_size():
            self.transport.abort()

    def _wait(self, seconds: float | None) -> None:
        if self._patience:
            self._patience.cancel()
        self._patience = self.loop.call_later(seconds, self._give_up) if seconds else None

    def _give_up(self) -> None:
        if self.flow.read_paused:  # the server makes the client wait
            self._wait(BODY_SECONDS)
        elif not self.transport.is_closing():
            self.transport.abort()
