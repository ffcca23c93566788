"""Memory that many connections took: once they have ended, the system gets it back.

An https connection has buffers of 256 KB in asyncio. glibc would keep what 600 of them took, 175 MB, always:
it stops giving large blocks back as soon as one was freed, and never looks for free pages between others.
"""

import ctypes
import sys
from collections.abc import Callable

_M_MMAP_THRESHOLD = -3  # malloc.h of glibc
_LARGE = 128 * 1024
"""Bytes: glibc's own default, which is fixed by setting it."""
_MANY = 100
"""Connections."""


def give_back_large_blocks() -> None:
    """Have a large block leave this process when it is freed. Nothing to do where there is no glibc."""
    if mallopt := _glibc("mallopt"):
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


class Trimmer:
    """Gives free pages back when most of many connections have ended."""

    def __init__(self) -> None:
        self._most = 0

    def look(self, connections: int) -> None:
        """Take note of how many connections there are now."""
        self._most = max(self._most, connections)
        if self._most >= _MANY and connections < self._most // 2:
            self._most = connections
            if trim := _glibc("malloc_trim"):
                trim(0)


def _glibc(name: str) -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)
