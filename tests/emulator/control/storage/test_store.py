"""The store of blobs by itself: what else happens at the same time, and disks that are full."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from azml.emulator.control.arm.database import Database
from azml.emulator.control.storage.blobs import BlobStore
from azml.emulator.control.storage.contents import Incoming


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "azure.db")
    yield database
    database.close()


@pytest.fixture
def store(database: Database, tmp_path: Path) -> BlobStore:
    return BlobStore(database, tmp_path / "blobs")


async def stream(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def incoming(store: BlobStore, content: bytes) -> Incoming:
    return await store.receive(stream(content))


def files(store: BlobStore) -> list[bytes]:
    return [path.read_bytes() for path in store.folder.rglob("*") if path.is_file()]


def fill(database: Database) -> None:
    """Let the database have no more pages than it has, as on a disk that is full."""
    (pages,) = database.connection.execute("PRAGMA page_count").fetchone()
    database.connection.execute(f"PRAGMA max_page_count = {pages}")


@pytest.mark.parametrize("what", ["blob", "block"])
async def test_a_content_that_no_row_could_be_written_for_is_not_kept(
    store: BlobStore, database: Database, what: str
) -> None:
    store.put("c", "old", await incoming(store, b"old"), "t", {})
    fill(database)
    name = "n" * 100_000  # a row that needs a page of its own
    content = await incoming(store, b"new")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        if what == "blob":
            store.put("c", name, content, "t", {})
        else:
            store.put_block("c", name, "QUE=", content)
    assert files(store) == [b"old"]
    assert not database.connection.in_transaction


async def test_a_failed_write_does_not_take_the_content_from_another_blob(
    store: BlobStore, database: Database
) -> None:
    store.put("c", "old", await incoming(store, b"same"), "t", {})
    fill(database)
    with pytest.raises(sqlite3.OperationalError):
        store.put("c", "n" * 100_000, await incoming(store, b"same"), "t", {})
    assert files(store) == [b"same"]


async def test_blocks_that_another_request_has_used_up_meanwhile_are_missing(store: BlobStore) -> None:
    """Between the look at what is staged and the copying, both of them awaited, another may be first."""
    content = await incoming(store, b"a")
    store.put_block("c", "x", "QUE=", content)
    store.path(content.content.sha256).unlink()
    assert await store.join("c", "x", ["QUE="]) is None
    assert files(store) == []


async def test_blobs_of_an_earlier_version_are_there_as_they_were(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "azure.db")) as database:
        store = BlobStore(database, tmp_path / "blobs")
        before = store.put("c", "x", await incoming(store, b"x"), "t", {"k": "v"})
        database.connection.execute("ALTER TABLE blobs DROP COLUMN headers")
    with closing(Database(tmp_path / "azure.db")) as database:
        store = BlobStore(database, tmp_path / "blobs")
        assert store.find("c", "x") == before
        dressed = store.put("c", "x", await incoming(store, b"y"), "t", {}, {"Cache-Control": "no-store"})
        assert store.find("c", "x") == dressed
