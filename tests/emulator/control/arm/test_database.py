"""Transactions: all or nothing, also when SQLite itself gives up."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from azml.emulator.control.arm.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "azure.db")
    yield database
    database.close()


def note(database: Database, path: str, conflict: str = "ABORT", seq: int | None = None) -> None:
    statement = f"INSERT OR {conflict} INTO journal (seq, method, path, status) VALUES (?, 'PUT', ?, 200)"
    database.write(statement, seq, path)


def paths(database: Database) -> list[str]:
    return [row["path"] for row in database.rows("SELECT path FROM journal ORDER BY seq")]


def test_a_commit_that_fails_leaves_no_transaction_open(database: Database) -> None:
    """Everything written later would be a part of it, and be lost."""
    database.connection.execute("PRAGMA foreign_keys = ON")
    late = "CREATE TABLE late (of INTEGER REFERENCES journal (seq) DEFERRABLE INITIALLY DEFERRED)"
    database.connection.execute(late)
    with pytest.raises(sqlite3.IntegrityError), database.transaction():
        note(database, "lost")
        database.write("INSERT INTO late VALUES (99)")
    with database.transaction():
        note(database, "kept")
    other = Database(Path(database.row("PRAGMA database_list")["file"]))  # type: ignore[index]
    assert paths(other) == ["kept"]
    other.close()


def test_what_sqlite_rolled_back_by_itself_is_told_as_it_was(database: Database) -> None:
    note(database, "first", seq=1)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), database.transaction():
        note(database, "again", "ROLLBACK", seq=1)
    assert paths(database) == ["first"]
