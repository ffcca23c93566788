"""The scoring environments in the user's cache: how they lie there, and what runs from them now.

Everything the commands know of that layout is here;
azml.emulator.supervisor.environments.environments makes it. An environment is a folder with
`complete.json`, written last, and beside it a lock file that whoever builds it holds.
A deployment's `storage-initializer.log` names the one it was given.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from azml.toolchain.cache import cache_folder

COMPLETE = "complete.json"
EMULATOR = "azml.emulator"
_NAMED = re.compile(r"\benvironment ([0-9a-f]{20})\b")


@dataclass(frozen=True)
class CachedEnvironment:
    """One environment. `size` is bytes on disk, `own` those of them that go with it.

    The other bytes have further names, in uv's cache and in other environments. `last_used`, in seconds since
    the epoch, is right to the day: when its Python was last started, as the file system notes it. `used_by`
    are deployments of local Azures that run, as `blue in /home/me/azml`. One that is not `complete` was left
    by a build that was killed, or is being built.
    """

    folder: Path
    size: int
    own: int
    last_used: float
    complete: bool
    requirements: tuple[str, ...]
    used_by: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its folder's name, a hash of what it holds."""
        return self.folder.name


def environments_folder() -> Path:
    """Where they lie."""
    return cache_folder() / "environments"


def cached() -> list[CachedEnvironment]:
    """Every environment in the cache, the last used first."""
    users = _users()
    found = [_read(folder, users) for folder in _folders()]
    return sorted(found, key=lambda one: (-one.last_used, one.name))


def remove(environment: CachedEnvironment) -> bool:
    """Delete an environment; False, and nothing done, while it is being built or something runs from it.

    It gets another name first, so that nobody finds half of it, and is looked at once more after that.
    """
    folder = environment.folder
    with _lock(folder) as ours:
        if not ours or not folder.is_dir():
            return False
        aside = folder.with_name(f".{folder.name}.pruned")
        folder.rename(aside)
        if _users().get(folder.name):
            aside.rename(folder)
            return False
        shutil.rmtree(aside, ignore_errors=True)
        return True


def damaged(found: Iterable[CachedEnvironment]) -> Mapping[str, tuple[str, ...]]:
    """By environment, the files that are gone or were written to since it was built; nothing of whole ones.

    The local Azure looks, which alone knows what it noted. Raises OSError when it cannot be asked.
    """
    folders = [str(one.folder) for one in found if one.complete and not _is_old(one.folder)]
    command = [sys.executable, "-m", f"{EMULATOR}.supervisor.environments.installed", *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip())
    told = {Path(folder).name: one for folder, one in json.loads(done.stdout).items()}
    return {name: (*one["gone"], *one["changed"]) for name, one in told.items() if any(one.values())}


def have_built_anew(environment: CachedEnvironment) -> None:
    """Have the next deployment that needs an environment build it anew. Nothing that runs is stopped."""
    with _lock(environment.folder) as ours:
        if ours:
            (environment.folder / COMPLETE).unlink(missing_ok=True)


def _folders() -> list[Path]:
    place = environments_folder()
    if not place.is_dir():
        return []
    # What a killed prune left has no other use than to be removed now.
    for left in place.glob(".*.pruned"):
        shutil.rmtree(left, ignore_errors=True)
    return [path for path in place.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _is_old(folder: Path) -> bool:
    """Whether an earlier version of the local Azure built it, which noted nothing: nobody is given it."""
    return "format" not in _told(folder)


def _told(folder: Path) -> Mapping[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        told = json.loads((folder / COMPLETE).read_text(encoding="utf-8"))
        return told if isinstance(told, dict) else {}
    return {}


def _read(folder: Path, users: Mapping[str, set[str]]) -> CachedEnvironment:
    told = _told(folder)
    requirements = told.get("requirements", ())
    return CachedEnvironment(
        folder,
        *sizes(folder),
        _last_used(folder),
        bool(told),
        tuple(str(line) for line in requirements),
        tuple(sorted(users.get(folder.name, ()))),
    )


def sizes(folder: Path) -> tuple[int, int]:
    """Bytes on disk, and those of files that have no other name: uv links most files to its own cache."""
    files = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode):
                files[found.st_ino] = (found.st_blocks * 512, found.st_nlink)
    return sum(size for size, _ in files.values()), sum(size for size, links in files.values() if links == 1)


def _last_used(folder: Path) -> float:
    """When it was built, or its Python last started: that reads `pyvenv.cfg`, and most systems note reads."""
    times = [folder.stat().st_mtime]
    with contextlib.suppress(OSError):
        times.append((folder / "pyvenv.cfg").stat().st_atime)
    return max(times)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Whether the lock of an environment could be had; it is held while the block runs."""
    descriptor = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _users() -> Mapping[str, set[str]]:
    """By environment, who uses it now: deployments of local Azures that run, and processes of any other kind.

    A deployment counts also while its process is between two starts: its log says which one it was given.
    """
    place = environments_folder()
    users: dict[str, set[str]] = defaultdict(set)
    for words in _command_lines():
        for word in words:
            if word.startswith(f"{place}{os.sep}"):
                users.setdefault(Path(word).relative_to(place).parts[0], set())
        if EMULATOR in words and "--folder" in words[:-1]:
            for name, deployment in _given(Path(words[words.index("--folder") + 1])):
                users[name].add(deployment)
    return {name: found or {"a process"} for name, found in users.items()}


def _given(emulator: Path) -> Iterable[tuple[str, str]]:
    """The environments that the deployments of a local Azure were given last, with the deployment."""
    clone = emulator.parent.parent if emulator.parent.name == ".azml" else emulator
    for log in sorted(emulator.glob("logs/*/storage-initializer.log")):
        with contextlib.suppress(OSError):
            named = _NAMED.findall(log.read_text(errors="replace"))
            if named:
                yield named[-1], f"{log.parent.name.rpartition('-')[0]} in {clone}"


def _command_lines() -> Iterator[list[str]]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            yield process.cmdline()
