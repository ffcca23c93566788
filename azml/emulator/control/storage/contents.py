"""The contents of blobs: bytes on disk, hashed as they arrive, and read piece by piece."""

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class Content:
    """Bytes on disk: their sha256 is the file's name; `md5` is base64, as in HTTP."""

    sha256: str
    size: int
    md5: str


class Incoming:
    """A content that is being received: a temporary file, and the hashes of what was written to it."""

    def __init__(self, folder: Path) -> None:
        descriptor, name = tempfile.mkstemp(dir=folder)
        self._file = os.fdopen(descriptor, "wb")
        self.path = Path(name)
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0

    @property
    def content(self) -> Content:
        """The content written so far."""
        return Content(self._sha256.hexdigest(), self._size, base64.b64encode(self._md5.digest()).decode())

    def write(self, chunk: bytes) -> None:
        """Add some bytes."""
        self._file.write(chunk)
        self._sha256.update(chunk)
        self._md5.update(chunk)
        self._size += len(chunk)

    def close(self) -> None:
        """Flush and close the file. Raises OSError when the disk is full."""
        self._file.close()

    def discard(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)
        with suppress(OSError):  # what is still buffered may not fit on the disk either
            self._file.close()


def joined(paths: Sequence[Path], folder: Path) -> Incoming:
    """The bytes of some files in their order, as one content in a folder."""
    with filled(folder) as incoming:
        for path in paths:
            for chunk in read_chunks(path):
                incoming.write(chunk)
    return incoming


@contextmanager
def filled(folder: Path) -> Iterator[Incoming]:
    """A content to write to: closed after the block, discarded when the block fails."""
    incoming = Incoming(folder)
    try:
        yield incoming
        incoming.close()
    except BaseException:
        incoming.discard()
        raise


def read_chunks(path: Path) -> Iterator[bytes]:
    """A file's bytes, piece by piece."""
    size = path.stat().st_size
    return part_of(path.open("rb"), 0, size)


def part_of(file: BinaryIO, start: int, length: int) -> Iterator[bytes]:
    """`length` bytes of an open file from `start`, piece by piece; closes it."""
    left = length
    with file:
        file.seek(start)
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
