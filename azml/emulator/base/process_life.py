"""The start and the end of a process of the local Azure, without work that is of no use."""

import gc
import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn

_OBJECTS_BEFORE_GARBAGE = 50_000
_usual = gc.get_threshold()


def begin() -> None:
    """Look for garbage seldom while modules are imported: what they make stays. Call it before they are."""
    gc.set_threshold(_OBJECTS_BEFORE_GARBAGE)


def begun() -> None:
    """Look for garbage as often as ever, but no more among what is there by now."""
    gc.freeze()
    gc.set_threshold(*_usual)


def end(code: int) -> NoReturn:
    """End without taking all objects apart. Everything must be closed, and every thread ended."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it is gone
            stream.flush()
    os._exit(code)
