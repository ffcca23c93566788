"""Names of blobs as paths in a folder. Anybody who may write to the storage has chosen them."""

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

LONGEST = 255
"""Bytes that a part of a path may have on every file system that matters."""
NEVER = frozenset({".git"})
"""Folders that no blob may write to: git runs programs that a repository's configuration names."""


def printable(text: str) -> str:
    """A text of Azure's for a terminal, which must not obey it."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


class UnsafeName(Exception):
    """A blob cannot be a file here; the message says which and why."""


def safe_paths(sizes: Mapping[str, int]) -> dict[str, PurePosixPath]:
    """The paths of blobs below a folder, by name. Raises UnsafeName for one that would leave the folder,
    for two that would be one file, and for names that not every file system can have.

    `sizes` has the bytes of each. An empty blob that stands for a folder is left out.
    """
    folders = {
        "/".join(parts[:end]) for parts in map(_parts, sizes) for end in range(1, len(parts)) if any(parts)
    }
    files = {
        name: safe_path(name) for name, size in sizes.items() if not _marks_a_folder(name, size, folders)
    }
    _require_apart(files.values())
    return files


def safe_path(name: str) -> PurePosixPath:
    """The path of one blob. Raises UnsafeName."""
    shown = ascii(name[:80])
    if "\\" in name or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise UnsafeName(f"the blob {shown} has a character in its name that paths must not have")
    for part in _parts(name):
        if part in ("", ".", ".."):
            raise UnsafeName(f"the blob {shown} would not be a file in its folder")
        if part.casefold() in NEVER:
            raise UnsafeName(f"the blob {shown} would be in a folder of git's")
        if len(part.encode()) > LONGEST:
            raise UnsafeName(f"the blob {shown} has a name that is too long for a file")
    return PurePosixPath(name)


def _parts(name: str) -> list[str]:
    return name.split("/")


def _marks_a_folder(name: str, size: int, folders: Iterable[str]) -> bool:
    return size == 0 and (name.endswith("/") or name in folders)


def _require_apart(paths: Iterable[PurePosixPath]) -> None:
    """Raises UnsafeName for two paths that are one on a file system that ignores case or Unicode forms."""
    seen: dict[str, PurePosixPath] = {}
    for path in paths:
        other = seen.setdefault(_plain(path), path)
        if other is not path:
            raise UnsafeName(f"the blobs {str(other)!a} and {str(path)!a} would be one file")
    for path in seen.values():
        for above in path.parents:
            if (file := seen.get(_plain(above))) is not None:
                raise UnsafeName(f"the blob {str(file)!a} is the folder of {str(path)!a}")


def _plain(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
