"""What lets our own short processes start sooner: less search for garbage, and no modules they never use."""

import gc
import sys
from types import ModuleType

OBJECTS_BEFORE_GARBAGE = 50_000
"""Objects made before Python looks for garbage, instead of 700: most are made by imports, and stay."""
_UNUSED = ("asyncio", "grpc.aio")
"""What grpc imports for its asynchronous interface."""


def begin() -> None:
    """Look for garbage seldom."""
    gc.set_threshold(OBJECTS_BEFORE_GARBAGE)


def load_grpc() -> None:
    """Load grpc without its asynchronous interface, for a process that does not use it.

    Call it while there is one thread. Empty modules take the place of what only that interface needs, and are
    removed afterwards.
    """
    absent = [name for name in _UNUSED if name not in sys.modules]
    sys.modules.update({name: ModuleType(name) for name in absent})
    try:
        import grpc  # noqa: F401 - loaded for those that import it later
    finally:
        for name in absent:
            del sys.modules[name]


def without_aiohttp() -> None:
    """Have azure-core import no aiohttp, which only its asynchronous clients need: for processes without one.

    It is an optional dependency of azure-core, whose clients do without where it is not installed.
    """
    sys.modules.setdefault("aiohttp", None)  # type: ignore[arg-type]  # Python's mark for what is not there
