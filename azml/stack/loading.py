"""Loads slow modules while the program waits for something else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def beside(load: Callable[[], None]) -> Iterator[None]:
    """Run `load` in parallel with the block, which must not use what it loads, and wait for it at the end."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        loaded = thread.submit(load)
        yield
        loaded.result()
