"""Damaged files of a local Azure: brought back or made anew, and said, with the damaged one kept beside."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from azml.emulator.base.certificates import ensure_certificates
from azml.emulator.base.damage import NOTES
from azml.emulator.base.files import private_folder, write_private
from azml.emulator.base.identity import ensure_identity
from azml.emulator.contract.answer_counts import Counted, Tally
from azml.emulator.control.arm import good_copy
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.good_copy import GoodCopy, copy_of, ensure_sound, take
from azml.emulator.control.http.guards import Guards
from azml.emulator.control.machinelearning.materialise import Materialiser
from azml.emulator.control.storage.blobs import BlobStore
from azml.emulator.supervisor.leftovers import clear
from azml.emulator.supervisor.serving.metrics_history import MetricsHistory

GARBAGE = b"\x00\xff not what was here"
Damage = Callable[[Path], None]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store that was copied with one entry of its journal, and has got a second since."""
    path = tmp_path / "azure.db"
    database = Database(path)
    _enter(database, "copied")
    take(path)
    _enter(database, "later")
    database.close()
    return path


def garbage(path: Path) -> None:
    path.write_bytes(GARBAGE)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def gone(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def pages_overwritten(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4_096] + GARBAGE * (len(content) // len(GARBAGE)))


def a_row_overwritten(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        row = ("k", "i", "t", 0.0, 1, "{not JSON", "{}")
        connection.execute("INSERT INTO resources VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.commit()


ANY: list[Damage] = [garbage, empty, gone, folder, half, pages_overwritten]


@pytest.mark.parametrize("damage", [*ANY, a_row_overwritten])
def test_a_damaged_store_comes_back_from_its_copy(store: Path, damage: Damage) -> None:
    damage(store)
    ensure_sound(store, was_there=True)
    assert _entries(store) == ["copied"]
    assert "azure.db is " in _notes(store)
    assert "restored from its copy of 20" in _notes(store)
    assert "what was written since then is lost" in _notes(store)
    assert store.stat().st_mode & 0o777 == 0o600
    assert (store.with_name("azure.db.damaged").exists()) == (damage is not gone)


def test_the_log_of_a_damaged_store_is_not_played_into_its_copy(store: Path) -> None:
    """SQLite would take the frames of a file of that name for the new one's."""
    database = Database(store)
    _enter(database, "in the log")
    log = store.with_name("azure.db-wal").read_bytes()
    database.close()
    garbage(store)
    store.with_name("azure.db-wal").write_bytes(log)
    ensure_sound(store, was_there=True)
    assert _entries(store) == ["copied"]
    assert store.with_name("azure.db.damaged-wal").read_bytes() == log


@pytest.mark.parametrize("damage", ANY)
@pytest.mark.parametrize("damage_copy", [garbage, gone])
def test_without_a_good_copy_the_loss_is_said(store: Path, damage: Damage, damage_copy: Damage) -> None:
    damage(store)
    damage_copy(copy_of(store))
    ensure_sound(store, was_there=True)
    assert _entries(store) == []
    assert "all resources are lost, and `azml up` recreates the stack's" in _notes(store)


def test_a_sound_store_is_left_alone_and_a_new_one_is_no_loss(store: Path, tmp_path: Path) -> None:
    ensure_sound(store, was_there=True)
    assert _entries(store) == ["copied", "later"]
    ensure_sound(tmp_path / "new.db", was_there=False)
    assert not (tmp_path / NOTES).exists()


def test_a_damaged_store_takes_the_place_of_no_good_copy(store: Path) -> None:
    a_row_overwritten(store)
    before = copy_of(store).read_bytes()
    with pytest.raises(sqlite3.DatabaseError, match="a row of its resources cannot be read"):
        take(store)
    assert copy_of(store).read_bytes() == before
    assert sorted(path.name for path in store.parent.iterdir()) == ["azure.db", "azure.db.copy"]


def test_the_copy_follows_what_is_written_and_rests_with_it(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(good_copy, "LOOK_SECONDS", 0.01)
    database = Database(store)
    keeper = GoodCopy(database, store)

    async def keep(*expected: str) -> None:
        running = asyncio.create_task(keeper.run())
        async with asyncio.timeout(20):
            while _entries(copy_of(store)) != list(expected):
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(keep("copied", "later"))
    _enter(database, "last")
    asyncio.run(keep("copied", "later", "last"))
    before = copy_of(store).stat()
    keeper.close()
    assert copy_of(store).stat() == before, "nothing was written since"
    _enter(database, "at the end")
    keeper.close()
    assert _entries(copy_of(store))[-1] == "at the end"
    database.close()


@pytest.mark.parametrize("damage", [garbage, folder, pages_overwritten])
def test_damaged_metrics_begin_anew(tmp_path: Path, damage: Damage) -> None:
    path = tmp_path / "metrics.db"
    with closing(MetricsHistory(path)) as history:
        history.add_answers([_answer(60)])
    damage(path)
    with closing(MetricsHistory(path)) as history:
        assert history.answers(0) == []
        history.add_answers([_answer(120)])
        assert [one["minute"] for one in history.answers(0)] == [120]
    assert "metrics start over. The damaged file is metrics.db.damaged." in _notes(path)


def test_metrics_that_are_damaged_while_they_are_written_begin_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    with closing(MetricsHistory(path)) as history:
        for minute in range(0, 6_000, 60):
            history.add_answers([_answer(minute)])
        history._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages_overwritten(path)
        history._connection.execute("PRAGMA shrink_memory")
        assert history.answers(0) == []
        history.add_answers([_answer(60)])
        assert [one["minute"] for one in history.answers(0)] == [60]
    assert "metrics start over" in _notes(path)


@pytest.mark.parametrize("damage", [garbage, empty, folder, lambda path: path.write_text('{"token": ""}')])
def test_damaged_secrets_are_made_anew_and_none_of_them_is_told(tmp_path: Path, damage: Damage) -> None:
    before = ensure_identity(tmp_path)
    damage(tmp_path / "identity.json")
    after = ensure_identity(tmp_path)
    assert after != before
    assert ensure_identity(tmp_path) == after
    assert "azml emulator env" in _notes(tmp_path / "identity.json")
    assert before.token not in _notes(tmp_path / "identity.json")


@pytest.mark.parametrize("damage", [garbage, folder])
def test_damaged_certificates_are_made_anew(tmp_path: Path, damage: Damage) -> None:
    made = ensure_certificates(tmp_path)
    for name in ("ca.pem", "ca-bundle.pem", "server.pem"):
        damage(tmp_path / name)
    before = (tmp_path / "ca-key.pem").read_bytes()
    assert ensure_certificates(tmp_path) == made
    assert (tmp_path / "ca-key.pem").read_bytes() == before
    damage(tmp_path / "ca-key.pem")
    assert ensure_certificates(tmp_path) == made
    assert made.ca.read_bytes().strip() in made.ca_bundle.read_bytes()
    assert "a new authority was created" in _notes(made.ca)


def test_what_is_in_the_way_of_a_folder_or_a_file_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder")
    assert private_folder(tmp_path / "logs").is_dir()
    assert (tmp_path / "logs.damaged").read_text() == "no folder"
    (tmp_path / "emulator.json" / "inside").mkdir(parents=True)
    write_private(tmp_path / "emulator.json", b"{}")
    assert (tmp_path / "emulator.json").read_bytes() == b"{}"
    assert _notes(tmp_path / "logs").splitlines() == [
        "logs was not a folder: the file is now logs.damaged.",
        "emulator.json was a folder: the folder is now emulator.json.damaged.",
    ]


@pytest.mark.parametrize("text", ["[]", "{}", "", '{"run_dir": 1}', GARBAGE.decode("latin-1")])
def test_a_note_of_the_folder_of_sockets_that_says_nothing_is_removed(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    (tmp_path / "emulator.json").mkdir()
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_blobs_whose_content_is_lost_are_no_longer_there(tmp_path: Path) -> None:
    database = Database(tmp_path / "azure.db")
    blobs = BlobStore(database, tmp_path / "blobs")
    for name in ("kept", "lost", "cut"):
        blobs.put("c", name, asyncio.run(blobs.receive(_stream(name.encode()))), "text/plain", {})
    contents = {name: found.content.sha256 for name in ("lost", "cut") if (found := blobs.find("c", name))}
    blobs.path(contents["lost"]).unlink()
    blobs.path(contents["cut"]).write_bytes(b"c")
    after = BlobStore(database, tmp_path / "blobs")
    assert [blob.name for blob in after.under("c", "")] == ["kept"]
    assert not after.path(contents["cut"]).exists()
    assert "the content of 2 blobs is missing or cut off: upload them again (cut, lost)" in _notes(
        tmp_path / "azure.db"
    )
    database.close()


def test_a_store_that_is_damaged_while_it_serves_is_told_with_the_advice(tmp_path: Path) -> None:
    (tmp_path / "azure.db").write_bytes(GARBAGE * 100)

    async def read(request: Request) -> Response:
        with closing(sqlite3.connect(tmp_path / "azure.db")) as connection:
            connection.execute("SELECT * FROM resources")
        return Response()

    gate = Guards(Addresses("https://127.0.0.1:1", "https://127.0.0.1:2"), ensure_identity(tmp_path))
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"127.0.0.1:1")]}

    async def ask() -> Response:
        return await gate.guarded(read)(Request(scope))

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert b"azure.db, is damaged: file is not a database. `azml emulator stop`" in bytes(answer.body)


@pytest.mark.parametrize("noted", ["0a1b/m/1", "/elsewhere/.azml/emulator/laid-out/0a1b/m/1"])
def test_a_noted_folder_is_found_where_the_others_are(tmp_path: Path, noted: str) -> None:
    """Earlier versions noted whole paths."""
    database = Database(tmp_path / "azure.db")
    materialiser = Materialiser(tmp_path / "laid-out", BlobStore(database, tmp_path / "blobs"))
    found = materialiser.found(Path(noted))
    assert found == tmp_path / "laid-out" / "0a1b" / "m" / "1"
    assert materialiser.noted(found) == Path("0a1b/m/1")
    assert (materialiser.found(None), materialiser.noted(None)) == (None, None)
    database.close()


async def _stream(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _enter(database: Database, path: str) -> None:
    database.write("INSERT INTO journal (method, path, status) VALUES ('PUT', ?, 200)", path)


def _entries(store: Path) -> list[str]:
    if not store.exists() or not store.stat().st_size:
        Database(store).close()
    with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
        return [path for (path,) in connection.execute("SELECT path FROM journal ORDER BY seq")]


def _notes(beside: Path) -> str:
    return beside.with_name(NOTES).read_text()


def _answer(minute: int) -> Counted:
    tally = Tally()
    tally.record(200, 200, 1.0)
    return Counted(minute, "/e", "blue", tally)
