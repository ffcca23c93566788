"""The content and size of a blob's source: a text, a file, or a tree of files."""

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from azml.azure.http import Body
from azml.providers.calls import ProviderError
from azml.providers.codec import Archive, Asset

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment a zip archive can name


@contextmanager
def content(source: object) -> Iterator[tuple[int, Body]]:
    """The size of a source in bytes, and a way to read it again for each attempt."""
    if source is None:
        yield 0, b""
    elif isinstance(source, Asset) and source.path is None:
        content = _text(source).encode()
        yield len(content), content
    else:
        with _file(source) as file:
            yield file.seek(0, os.SEEK_END), lambda: _blocks(file)


def _text(source: Asset) -> str:
    if source.uri is not None:
        raise ProviderError(f"a blob's source must be on this machine, not at {source.uri}")
    return source.text or ""


def _file(source: object) -> IO[bytes]:
    """A file with the content of `source`. A folder or a set of files becomes a zip archive without a name,
    which is gone with this process, however that ends.
    """
    if isinstance(source, Asset | Archive) and source.path is not None:
        path = Path(_local(source.path))
        if path.is_file():
            return path.open("rb")
        if not path.exists():
            raise ProviderError(f"{path} is to become a blob, but there is no such file")
    if not isinstance(source, Archive) or source.uri is not None:
        raise ProviderError("a blob's source must be a file, a text or an archive on this machine")
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, read in sorted(_members(source, "")):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), read())
    return target


def _members(archive: Archive, prefix: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    if archive.path is not None:
        root = Path(_local(archive.path))
        for file in root.rglob("*"):
            if file.is_file():
                yield prefix + file.relative_to(root).as_posix(), file.read_bytes
    for name, member in (archive.assets or {}).items():
        if isinstance(member, Archive):
            yield from _members(member, f"{prefix}{name}/")
        else:
            yield prefix + name, _reader(member)


def _reader(asset: Asset) -> Callable[[], bytes]:
    if asset.path is not None:
        return Path(_local(asset.path)).read_bytes
    return _text(asset).encode


def _local(path: str) -> str:
    return unquote(path.removeprefix("file://")) if path.startswith("file://") else path


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    yield from iter(lambda: _block(file), b"")


def _block(stream: IO[bytes]) -> bytes:
    return stream.read(1 << 20)
