"""A connection to an instance that carries one request."""

import asyncio
import os
import socket
from collections.abc import Callable

from azml.emulator.contract.instance_routes import socket_of

_CHUNK = 256 * 1024


class InstanceConnection:
    """Connects and sends at once if possible, without waiting for the event loop: the model can start while
    the rest is set up.

    `received` gets each part of the answer; `ended` is called once, with True when the instance closed the
    connection in order. `refused` is called instead when the instance refuses the connection later; an
    immediate refusal raises OSError.
    """

    def __init__(
        self,
        address: str,
        data: bytes,
        received: Callable[[bytes], None],
        ended: Callable[[bool], None],
        refused: Callable[[], None],
    ) -> None:
        self._received = received
        self._ended = ended
        self._refused = refused
        self._loop = asyncio.get_running_loop()
        self._left = memoryview(data)
        self._open = True
        self._reading = True
        family, target = socket_of(address)
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._connected = self._connect(family, target)
            if self._connected:
                self._begin()
        except OSError:
            self._socket.close()
            raise

    def pause(self) -> None:
        """Stop reading for now."""
        if self._open and self._reading:
            self._reading = False
            self._loop.remove_reader(self._socket)

    def resume(self) -> None:
        """Read again."""
        if self._open and not self._reading:
            self._reading = True
            if self._connected:
                self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Close the connection; no callback is called afterwards."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def _connect(self, family: socket.AddressFamily, target: str | tuple[str, int]) -> bool:
        """Whether it is connected; TCP connects only in the next iteration of the event loop."""
        self._socket.setblocking(False)
        if family == socket.AF_UNIX:
            self._socket.connect(target)
            return True
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.connect(target)
        except BlockingIOError:
            self._loop.add_writer(self._socket, self._connects)
            return False
        return True

    def _connects(self) -> None:
        self._loop.remove_writer(self._socket)
        try:
            if error := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(error, os.strerror(error))
            self._connected = True
            self._begin()
        except OSError:
            self.close()
            self._refused()

    def _begin(self) -> None:
        self._left = self._left[self._send(self._left) :]
        if self._reading:
            self._loop.add_reader(self._socket, self._readable)
        if self._left:
            self._loop.add_writer(self._socket, self._writable)

    def _send(self, data: memoryview) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def _writable(self) -> None:
        try:
            self._left = self._left[self._send(self._left) :]
        except OSError:
            self._loop.remove_writer(self._socket)  # an answer may have arrived all the same: reading shows
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
