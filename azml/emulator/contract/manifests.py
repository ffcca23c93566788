"""Manifests list the files of a folder, so that it can be verified and restored from the blobs.

A manifest is kept outside the folder that it describes, which may be lost. It holds no absolute path.
"""

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from azml.emulator.base.files import write_private

CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class KeptFile:
    """One file: its path in the folder, its hash, and `stamp`, its marks when it was last verified.

    Any write changes the marks. Without marks a file has to be read to be verified.
    """

    path: str
    sha256: str
    stamp: str = ""


def stamp_of(path: Path) -> str:
    """A file's marks: inode, size, and the times of its content and of its inode; empty if it is missing."""
    try:
        found = path.lstat()
    except OSError:
        return ""
    if not stat.S_ISREG(found.st_mode):
        return ""
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def sha256_of(path: Path) -> str:
    """The hash of a file's content; empty when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()


def blob_path(blobs: Path, sha256: str) -> Path:
    """The path below the blobs' folder of the content with this hash."""
    return blobs / sha256[:2] / sha256


class Manifests:
    """The manifests in one folder, by the names of the folders that they describe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> Sequence[KeptFile] | None:
        """The files of a folder; None where there is no usable manifest."""
        try:
            document = json.loads(self._path(name).read_bytes())
            return [KeptFile(**one) for one in document["files"]]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, name: str, files: Sequence[KeptFile]) -> None:
        """Record the files of a folder. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = {"files": [asdict(file) for file in files]}
        write_private(self._path(name), json.dumps(document, separators=(",", ":")).encode())

    def keep(self, names: frozenset[str]) -> None:
        """Remove the manifests of all other folders."""
        if self.folder.is_dir():
            for entry in os.scandir(self.folder):
                if entry.name.removesuffix(".json") not in names:
                    Path(entry.path).unlink()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"
