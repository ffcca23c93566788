"""What takes long to load, loaded while the program waits for something else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def beside(load: Callable[[], None]) -> Iterator[None]:
    """Run `load` beside the block, which must not use what it loads; at the block's end it is there."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        loaded = thread.submit(load)
        yield
        loaded.result()
