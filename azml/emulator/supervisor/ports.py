"""The ports that clients connect to, and which process holds one that is taken."""

import errno
import socket

import psutil

HOST = "127.0.0.1"


class PortTaken(Exception):
    """A port is not available. The text names it, its holder where that is known, and what to do."""


def listen(port: int, option: str) -> socket.socket:
    """A socket that listens on this port of loopback; 0 is any port. `option` is how to choose another.

    Raises PortTaken.
    """
    listener = socket.socket()
    try:
        # Without it, connections of a local Azure that was just stopped would keep its port for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError as refused:
        listener.close()
        if refused.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise PortTaken(f"port {port} is {_why(refused, port)}; choose another with {option}") from None
    return listener


def require_free(port: int, option: str) -> None:
    """Raises PortTaken when it is not possible to listen on this port."""
    listen(port, option).close()


def port_of(listener: socket.socket) -> int:
    """The port a socket listens on."""
    return int(listener.getsockname()[1])


def _why(refused: OSError, port: int) -> str:
    if refused.errno == errno.EACCES:
        return "not allowed to this user"
    owner = _owner(port)
    return f"taken by {owner}" if owner else "taken"


def _owner(port: int) -> str | None:
    try:
        connections = psutil.net_connections("tcp")
        pids = [
            one.pid
            for one in connections
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid
        ]
        return f"process {pids[0]} ({psutil.Process(pids[0]).name()})" if pids else None
    except psutil.Error:
        return None  # macOS shows it to root only
