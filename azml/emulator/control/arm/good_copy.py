"""The store's last good copy: taken when nothing is being written, and restored if the store is damaged."""

import asyncio
import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from azml.emulator.base.child_processes import to_its_end
from azml.emulator.base.damage import at, note, remove, set_aside, wrong_with_database, wrong_with_resources
from azml.emulator.control.arm.database import Database

LOOK_SECONDS = 2.0
"""Seconds between two looks at the store: it is calm if nothing was written in between."""
LONGEST_SECONDS = 60.0
"""Seconds after which a store that is never calm is copied all the same."""
log = logging.getLogger(__name__)


def copy_of(store: Path) -> Path:
    """The path of a store's copy."""
    return store.with_name(f"{store.name}.copy")


def ensure_sound(store: Path, *, was_there: bool) -> None:
    """Restore a damaged store from its copy, or say what is lost; `was_there`: whether a store is expected.

    Raises OSError or sqlite3.Error where the folder cannot be read or written.
    """
    copy = copy_of(store)
    wrong = _wrong(store, expected=was_there or copy.exists())
    if not wrong:
        return
    damaged = set_aside(store)
    kept = f" The damaged file is {damaged.name}." if damaged.exists() else ""
    if copy.is_file() and not _wrong(copy, expected=True):
        taken = copy.stat().st_mtime
        _put_back(copy, store)
        became = f"it is restored from its copy of {at(taken)}, and what was written since then is lost."
    else:
        became = "there is no good copy: all resources are lost, and `azml up` recreates the stack's."
    note(store.parent, f"{store.name} {wrong}; {became}{kept}")


def take(store: Path) -> None:
    """Replace the copy with the current store, unless that is damaged.

    Raises sqlite3.Error or OSError when that fails: the earlier copy is then kept.
    """
    new = store.with_name(f".{store.name}.copy")
    remove(new)
    new.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(new)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # a copy is one file
        if wrong := _wrong(new, expected=True):
            raise sqlite3.DatabaseError(f"{store} {wrong}")
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(copy_of(store))
    finally:
        remove(new)


class GoodCopy:
    """Keeps the copy of an open store."""

    def __init__(self, database: Database, store: Path) -> None:
        self._database = database
        self._store = store
        self._copied = -1

    async def run(self) -> None:
        """Take a copy whenever the store has changed and nothing is being written; runs until cancelled."""
        before, waited = -1, 0.0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._database.connection.total_changes
            if now == self._copied:
                waited = 0.0
                continue
            waited += LOOK_SECONDS
            if now == before or waited >= LONGEST_SECONDS:
                # To completion even when cancelled: `close` takes a last copy that must not overlap.
                await to_its_end(asyncio.to_thread(self._take, now))
            before = now

    def close(self) -> None:
        """Take a last copy, unless nothing has changed."""
        changes = self._database.connection.total_changes
        if changes != self._copied:
            self._take(changes)

    def _take(self, changes: int) -> None:
        try:
            take(self._store)
            self._copied = changes
        except (sqlite3.Error, OSError) as error:
            log.warning("%s is not copied: %s", self._store, error)


def _wrong(path: Path, *, expected: bool) -> str:
    """What is wrong with a store; a new one is missing or empty."""
    if not path.exists():
        return "is missing" if expected else ""
    if path.is_file() and not path.stat().st_size:
        return "is empty" if expected else ""
    return wrong_with_database(path) or wrong_with_resources(path)


def _put_back(copy: Path, store: Path) -> None:
    new = store.with_name(f".{store.name}.new")
    remove(new)
    with closing(sqlite3.connect(copy)) as source:
        new.touch(mode=0o600)
        with closing(sqlite3.connect(new)) as target:
            source.backup(target)
    new.replace(store)
