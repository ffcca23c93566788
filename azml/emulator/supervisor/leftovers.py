"""Removes what a killed supervisor leaves: processes, containers, the folder of sockets, the record."""

import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import psutil

from azml.emulator.base.container_engine import remove_containers
from azml.emulator.base.damage import remove
from azml.emulator.base.files import write_private
from azml.emulator.supervisor.serving.instance_files import INSTANCES

_RECORD = "run.json"
_BASE = Path("/var/tmp")  # noqa: S108 - a private folder with a name of its own is made there
_SOCKET_LIMIT = 107 if sys.platform == "linux" else 103
"""Bytes of a unix socket's path, without the final zero byte."""
_LONGEST_NAME = "999999/999999.sock"  # an instance's socket


class PathTooLong(Exception):
    """A path that is too long for a system call. The text says which, and what to do."""


def new_run_dir(folder: Path) -> Path:
    """Create a short private folder for sockets, after removing what an earlier supervisor left.

    Short, because a unix socket's path has at most 104 bytes. Not in /tmp if there is an alternative: a
    scoring script cannot create files beside what is hidden from it, and many create some there. The caller
    holds the folder's lock, so no other supervisor of this folder can be running. Raises PathTooLong; OSError
    when the disk is full.
    """
    clear(folder)
    base = _BASE if os.access(_BASE, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    run_dir = base / f"azml-{secrets.token_hex(4)}"
    longest = len(os.fsencode(run_dir / _LONGEST_NAME))
    if longest > _SOCKET_LIMIT:
        raise PathTooLong(
            f"the temporary folder {run_dir.parent} is too long by {longest - _SOCKET_LIMIT} bytes: unix "
            f"sockets in it may have paths of {_SOCKET_LIMIT}. Set TMPDIR to a shorter one"
        )
    # Recorded before it is created: if killed in between, the next start would not know of it.
    record = {"run_dir": str(run_dir), "folder": folder.stat().st_ino}
    write_private(folder / _RECORD, json.dumps(record).encode())
    run_dir.mkdir(mode=0o700)
    return run_dir


def clear(folder: Path) -> None:
    """End an earlier supervisor's processes and containers; remove its sockets, files and record.

    A copied folder has the record of the original's supervisor, which may be running: it is left alone.
    """
    remove(folder / "emulator.json")
    try:
        _clear_run(folder)
    finally:
        shutil.rmtree(folder / INSTANCES, ignore_errors=True)


def _clear_run(folder: Path) -> None:
    try:
        here = folder.stat().st_ino
        record = json.loads((folder / _RECORD).read_bytes())
        run_dir, owner = Path(record["run_dir"]), record.get("folder", here)  # absent in earlier versions
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError, IsADirectoryError):
        remove(folder / _RECORD)
        return
    if owner != here:
        remove(folder / _RECORD)
        return
    _end(run_dir)
    if run_dir.name.startswith("azml-") and run_dir.is_dir() and run_dir.stat().st_uid == os.getuid():
        remove_containers(run_dir)
        shutil.rmtree(run_dir, ignore_errors=True)
    (folder / _RECORD).unlink(missing_ok=True)


def _end(run_dir: Path) -> None:
    found = [process for process in psutil.process_iter(["cmdline", "uids"]) if _belongs(process, run_dir)]
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(found, timeout=5)


def _belongs(process: psutil.Process, run_dir: Path) -> bool:
    """Whether it is ours: gunicorn or a child of the supervisor, started with this folder's name."""
    command = " ".join(process.info["cmdline"] or ())
    known = "gunicorn" in command or "azml.emulator" in command
    same_user = process.info["uids"] and process.info["uids"].real == os.getuid()
    return bool(known and same_user and str(run_dir) in command and process.pid != os.getpid())
