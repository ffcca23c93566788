"""Files that are not what their names say: each is kept under another name, and what became of it is noted.

A file is damaged when its content cannot be read, or when something else is in its place. Who finds one makes
it anew, or brings it back, and says so in the notes that `azml up` shows.
"""

import json
import logging
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

NOTES = "mended.log"
"""Lines about what was damaged, since the local Azure was started last."""
_COMPANIONS = ("-wal", "-shm")
"""SQLite's files beside a database: the log of the old file would be played into the new one."""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
log = logging.getLogger(__name__)


def set_aside(path: Path) -> Path:
    """Rename a damaged file or folder to `<name>.damaged`, in place of an earlier one; its new path."""
    kept = path.with_name(f"{path.name}.damaged")
    for companion in ("", *_COMPANIONS):
        target = kept.with_name(f"{kept.name}{companion}")
        remove(target)
        with suppress(FileNotFoundError):
            path.with_name(f"{path.name}{companion}").rename(target)
    return kept


def remove(path: Path) -> None:
    """Delete what is there, a file or a folder; a missing path is not an error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def note(folder: Path, text: str) -> None:
    """Add a line to the notes of the local Azure in `folder`, and to the process's log."""
    log.warning("%s", text)
    with suppress(OSError), (folder / NOTES).open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that a file is damaged; it also fails where a disk is full or a file is locked."""
    # The lowest byte is the kind of failure, the others are its details.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def wrong_with_database(path: Path) -> str:
    """Why a file is no sound SQLite database; empty when it is one. It must be there.

    Raises sqlite3.Error where it cannot be told, as on a full disk.
    """
    if path.is_dir():
        return "is a folder"
    try:
        with closing(_reading(path)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            return "" if found == "ok" else f"is damaged: {found}"
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return f"is damaged: {error}"


def wrong_with_resources(path: Path) -> str:
    """Why the resources in a sound database cannot be read; empty when they can."""
    with closing(_reading(path)) as connection:
        for table in ("resources", "deleted"):
            if not connection.execute(f"PRAGMA table_info({table})").fetchall():
                continue
            try:
                for row in connection.execute(f"SELECT body, hidden FROM {table}"):  # noqa: S608, ours alone
                    for text in row:
                        json.loads(text)
            except (ValueError, TypeError, sqlite3.DatabaseError) as error:
                return f"is damaged: a row of its {table} cannot be read: {error}"
    return ""


def _reading(path: Path) -> sqlite3.Connection:
    """A connection that plays no log into the file: whoever repairs a damaged one wants both as they are."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def at(moment: float) -> str:
    """A time (unix seconds) for a note."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
