"""A connection to a scoring process that carries one request."""

import asyncio
import socket
from collections.abc import Callable

_CHUNK = 256 * 1024


class Wire:
    """Connects and sends at once, without a turn of the event loop: the model works while we set up the rest.

    `received` gets each part of the answer; `ended` is called once, with True when the process closed the
    connection in order. Raises OSError when the process takes no connection.
    """

    def __init__(
        self, path: str, data: bytes, received: Callable[[bytes], None], ended: Callable[[bool], None]
    ) -> None:
        self._received = received
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._open = True
        self._reading = True
        try:
            self._socket.setblocking(False)
            self._socket.connect(path)
            self._left = memoryview(data)[self._send(data) :]
        except OSError:
            self._socket.close()
            raise
        self._loop.add_reader(self._socket, self._readable)
        if self._left:
            self._loop.add_writer(self._socket, self._writable)

    def pause(self) -> None:
        """Read no more for now."""
        if self._open and self._reading:
            self._reading = False
            self._loop.remove_reader(self._socket)

    def resume(self) -> None:
        """Read again."""
        if self._open and not self._reading:
            self._reading = True
            self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Hang up; nothing is called any more."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def _writable(self) -> None:
        try:
            self._left = self._left[self._send(self._left) :]
        except OSError:
            self._loop.remove_writer(self._socket)  # an answer may have come all the same: reading tells
            return
        if not self._left:
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            return self._end(orderly=False)
        if data:
            return self._received(data)
        return self._end(orderly=True)

    def _end(self, *, orderly: bool) -> None:
        self.close()
        self._ended(orderly)
