"""How the local Azure's processes open the SQLite files that outlive them."""

import sqlite3
from pathlib import Path

from azml.emulator.base.files import private_folder


def open_file(path: Path, schema: str) -> sqlite3.Connection:
    """A connection to a file that only its owner may read, made with its folder and the tables of `schema`
    where they are missing. Raises sqlite3.DatabaseError, with nothing left open, where it cannot be read."""
    private_folder(path.parent)
    path.touch(mode=0o600)  # before SQLite does: its companion files inherit the mode
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(schema)
    except BaseException:
        connection.close()
        raise
    return connection
