"""The scoring environments in the user's cache: their layout, and what uses them now.

All that the commands know about the layout is here;
azml.emulator.supervisor.environments.environments creates it. An environment is a folder with
`complete.json`, written last, and beside it a lock file that its builder holds.
A deployment's `storage-initializer.log` names the environment it uses.
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
    """One environment. `size` is bytes on disk, `own` those that removing it frees.

    The other bytes have further links, in uv's cache and in other environments. `last_used`, in seconds since
    the epoch, is accurate to the day: when its Python was last started, according to the file system.
    `used_by` are deployments of running local Azures, as `blue in /home/me/azml`. One that is not `complete`
    is being built, or was left by a killed build.
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
    """The folder of the environments."""
    return cache_folder() / "environments"


def cached() -> list[CachedEnvironment]:
    """Every environment in the cache, the most recently used first."""
    users = _users()
    found = [_read(folder, users) for folder in _folders()]
    return sorted(found, key=lambda one: (-one.last_used, one.name))


def remove(environment: CachedEnvironment) -> bool:
    """Delete an environment; False, with nothing done, while it is being built or used.

    It is renamed first, so that nobody finds half of it, and checked once more after that.
    """
    folder = environment.folder
    with _lock(folder) as locked:
        if not locked or not folder.is_dir():
            return False
        aside = folder.with_name(f".{folder.name}.pruned")
        folder.rename(aside)
        if _users().get(folder.name):
            aside.rename(folder)
            return False
        shutil.rmtree(aside, ignore_errors=True)
        return True


def damaged(found: Iterable[CachedEnvironment]) -> Mapping[str, tuple[str, ...]]:
    """By environment, the files that are missing or changed since it was built; intact ones are left out.

    The local Azure checks, because only it knows what it recorded. Raises OSError when that fails.
    """
    folders = [str(one.folder) for one in found if one.complete and not _is_old(one.folder)]
    command = [sys.executable, "-m", f"{EMULATOR}.supervisor.environments.installed", *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip())
    reports = {Path(folder).name: one for folder, one in json.loads(done.stdout).items()}
    return {name: (*one["gone"], *one["changed"]) for name, one in reports.items() if any(one.values())}


def have_built_anew(environment: CachedEnvironment) -> None:
    """Make the next deployment that needs an environment rebuild it. Nothing that runs is stopped."""
    with _lock(environment.folder) as locked:
        if locked:
            (environment.folder / COMPLETE).unlink(missing_ok=True)


def _folders() -> list[Path]:
    place = environments_folder()
    if not place.is_dir():
        return []
    # What a killed prune left can only be removed.
    for left in place.glob(".*.pruned"):
        shutil.rmtree(left, ignore_errors=True)
    return [path for path in place.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _is_old(folder: Path) -> bool:
    """Whether an earlier version of the local Azure built it, without records: it is never used again."""
    return "format" not in _record(folder)


def _record(folder: Path) -> Mapping[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        record = json.loads((folder / COMPLETE).read_text(encoding="utf-8"))
        return record if isinstance(record, dict) else {}
    return {}


def _read(folder: Path, users: Mapping[str, set[str]]) -> CachedEnvironment:
    record = _record(folder)
    requirements = record.get("requirements", ())
    return CachedEnvironment(
        folder,
        *sizes(folder),
        _last_used(folder),
        bool(record),
        tuple(str(line) for line in requirements),
        tuple(sorted(users.get(folder.name, ()))),
    )


def sizes(folder: Path) -> tuple[int, int]:
    """Bytes on disk, and those of files without other links: uv links most files to its own cache."""
    files = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode):
                files[found.st_ino] = (found.st_blocks * 512, found.st_nlink)
    return sum(size for size, _ in files.values()), sum(size for size, links in files.values() if links == 1)


def _last_used(folder: Path) -> float:
    """When it was built, or its Python last started: that reads `pyvenv.cfg`, which most systems record."""
    times = [folder.stat().st_mtime]
    with contextlib.suppress(OSError):
        times.append((folder / "pyvenv.cfg").stat().st_atime)
    return max(times)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Whether the lock of an environment was free; it is held while the block runs."""
    descriptor = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _users() -> Mapping[str, set[str]]:
    """By environment, its users: deployments of running local Azures, and any other processes.

    A deployment also counts while its process is restarting: its log says which environment it uses.
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
    """The environment that each deployment of a local Azure last used, with the deployment."""
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
