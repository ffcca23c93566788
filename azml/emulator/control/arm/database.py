"""The one SQLite file that holds the local Azure's state: a killed process loses no answered request."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azml.emulator.base import sqlite_file

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, created REAL NOT NULL,
    sequence INTEGER NOT NULL, body TEXT NOT NULL, hidden TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS resources_by_kind ON resources (kind, sequence);
CREATE TABLE IF NOT EXISTS operations (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, verb TEXT NOT NULL, status TEXT NOT NULL, error TEXT);
CREATE INDEX IF NOT EXISTS operations_under_way ON operations (key) WHERE status = 'InProgress';
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, path TEXT NOT NULL, body TEXT,
    status INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS deleted (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, hidden TEXT NOT NULL,
    at REAL NOT NULL, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS quotas (
    location TEXT NOT NULL, family TEXT NOT NULL, vcpus INTEGER NOT NULL, PRIMARY KEY (location, family));
CREATE TABLE IF NOT EXISTS activity (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, id TEXT NOT NULL, operation TEXT NOT NULL,
    at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS activity_by_resource ON activity (key, seq);
CREATE TABLE IF NOT EXISTS blobs (
    container TEXT NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL, size INTEGER NOT NULL,
    md5 TEXT NOT NULL, content_type TEXT NOT NULL, metadata TEXT NOT NULL, modified REAL NOT NULL,
    etag TEXT NOT NULL, headers TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (container, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS blobs_by_content ON blobs (content);
CREATE TABLE IF NOT EXISTS blocks (
    container TEXT NOT NULL, name TEXT NOT NULL, block TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (container, name, block)) WITHOUT ROWID;
"""


class Database:
    """A connection and its transactions. Not shared between threads: every caller is on the event loop."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite_file.open_file(path, SCHEMA)
        self.connection.row_factory = sqlite3.Row
        self._complete()

    def _complete(self) -> None:
        """Add the columns that are missing from a file of an earlier version."""
        if "headers" not in {row["name"] for row in self.rows("PRAGMA table_info(blobs)")}:
            self.write("ALTER TABLE blobs ADD COLUMN headers TEXT NOT NULL DEFAULT '{}'")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside take effect, or none. A nested transaction is part of the outer one."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # SQLite has already ended it if the disk is full
                self.connection.execute("ROLLBACK")
            raise

    def write(self, statement: str, *values: object) -> None:
        """Run one statement that changes something."""
        self.connection.execute(statement, values)

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self.connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query."""
        found: sqlite3.Row | None = self.connection.execute(statement, values).fetchone()
        return found

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
