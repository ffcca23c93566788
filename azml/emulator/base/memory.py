"""Returns memory to the system after many connections have closed.

An https connection has buffers of 256 KB in asyncio. glibc would keep the 175 MB of 600 of them for good:
it stops returning large blocks once one has been freed, and never looks for free pages between others.
"""

import ctypes
import sys
from collections.abc import Callable

_M_MMAP_THRESHOLD = -3  # malloc.h of glibc
_LARGE = 512 * 1024
"""Bytes. Setting it keeps glibc from raising it. Each read of TLS takes 256 KB, and gives them back: with
glibc's own 128 KB they would be mapped and unmapped each time."""
_MANY = 100
"""Connections."""


def give_back_large_blocks() -> None:
    """Have large blocks returned to the system when they are freed. Does nothing without glibc."""
    if mallopt := _glibc("mallopt"):
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


class Trimmer:
    """Returns free pages to the system when most of many connections have closed."""

    def __init__(self) -> None:
        self._most = 0

    def look(self, connections: int) -> None:
        """Record how many connections there are now."""
        self._most = max(self._most, connections)
        if self._most >= _MANY and connections < self._most // 2:
            self._most = connections
            if trim := _glibc("malloc_trim"):
                trim(0)


def _glibc(name: str) -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)
