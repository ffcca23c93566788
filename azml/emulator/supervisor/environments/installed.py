"""Records the files of an environment when it is built, so that damage can be detected later.

`python -m azml.emulator.supervisor.environments.installed FOLDER...` prints what is damaged in each, as one
JSON object. No content is read: a modified file has a different size or time.
"""

import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LISTED = "installed.json"
PYTHON = "bin/python"
_OURS = frozenset({LISTED, "complete.json", "requirements.txt", "constraints.txt"})
_LINK = "link"
_BYTE_CODE = "__pycache__"


@dataclass(frozen=True)
class Damage:
    """Files of an environment that are missing, and those that were modified: paths below its folder."""

    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.gone or self.changed)

    def __str__(self) -> str:
        paths = (*self.gone, *self.changed)
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        return f"{paths[0]}{more} {'gone' if self.gone else 'changed'}"


def note(folder: Path) -> None:
    """Record the files of an environment that has just been built. Raises OSError."""
    found = {path: mark for path, mark in _marks(folder) if path not in _OURS}
    (folder / LISTED).write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")


def damage(folder: Path) -> Damage:
    """What has changed since the build. Without a record, all of it counts as damaged."""
    try:
        listed = json.loads((folder / LISTED).read_bytes())
        was = {str(path): str(mark) for path, mark in listed.items()}
    except (OSError, ValueError, AttributeError):
        return Damage((LISTED,))
    found = {path: mark for path, mark in was.items() if (_mark(folder / path)) != mark}
    gone = tuple(path for path in found if not (folder / path).exists())
    return Damage(gone, tuple(path for path in found if path not in gone))


def can_start(folder: Path) -> bool:
    """Whether there is an interpreter at all: the cheap part of `damage`."""
    return os.access(folder / PYTHON, os.X_OK)


def packages_of(folder: Path, paths: Sequence[str]) -> frozenset[str]:
    """The names of the Python packages that files belong to, by the packages' own lists of files."""
    wanted = {os.path.normpath(folder / path) for path in paths}
    found = set()
    for record in folder.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
        held = {os.path.normpath(record.parent.parent / line.rsplit(",", 2)[0].strip('"')) for line in lines}
        if held & wanted:
            found.add(record.parent.name.partition("-")[0])
    return frozenset(found)


def _marks(folder: Path) -> Iterator[tuple[str, str]]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != _BYTE_CODE]
        linked = [name for name in folders if os.path.islink(os.path.join(root, name))]  # noqa: PTH114, PTH118
        for name in (*files, *linked):
            path = Path(root, name)
            yield path.relative_to(folder).as_posix(), _mark(path)


def _mark(path: Path) -> str:
    """Size and time of a file. A link is sound when its target exists."""
    try:
        found = path.lstat()
    except OSError:
        return ""
    if stat.S_ISLNK(found.st_mode):
        return _LINK if path.exists() else f"{_LINK} to nothing"
    return f"{found.st_size}:{found.st_mtime_ns}"


def _differences(folders: Sequence[str]) -> Mapping[str, object]:
    found = {folder: damage(Path(folder)) for folder in folders}
    return {folder: {"gone": one.gone, "changed": one.changed} for folder, one in found.items()}


if __name__ == "__main__":
    print(json.dumps(_differences(sys.argv[1:])))
