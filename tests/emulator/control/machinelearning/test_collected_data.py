"""Where collected data goes: folders, instances that do not grow without end, and what has no place."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from azml.emulator.contract.frames import Frame, to_bytes
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.ids import ResourceId, resource_id
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.collected_data import CollectedData
from azml.emulator.control.storage.accounts import container_id, ensure_container
from azml.emulator.control.storage.blobs import Blob, BlobStore
from azml.emulator.control.storage.contents import Incoming
from tests.fixtures.control_plane import ACCOUNT, ENDPOINT, WORKSPACE

DEPLOYMENT = f"{ENDPOINT}/deployments/Blue"
NOW = 1_000_000_000.0
CONTAINER = container_id(resource_id(ACCOUNT), "files").key


class Bench:
    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.store = ResourceStore(database)
        self.blobs = BlobStore(database, folder / "blobs")
        addresses = Addresses("https://127.0.0.1:1", "https://127.0.0.1:2")
        self.ingest = CollectedData(folder / "collected", self.store, self.blobs, addresses)
        self.written = 0
        self.put(ACCOUNT, {})
        datastore = {"accountName": "account1", "containerName": "files"}
        ensure_container(resource_id(ACCOUNT), "files", self.store)
        self.put(f"{WORKSPACE}/datastores/workspaceblobstore", datastore)

    def put(self, text: str, properties: dict[str, Any]) -> None:
        named = resource_id(text)
        kind = ResourceId(named.text, named.type, named.name, named.parent)
        self.store.put(Record(kind, {"properties": properties}))

    def deploy(self, rolling: str | None = None, **collection: Any) -> None:
        settings = {"dataCollectionMode": "Enabled", **collection}
        collector = {"collections": {"Inputs": settings}, "rollingRate": rolling}
        self.put(DEPLOYMENT, {"dataCollector": collector})

    async def take_up(self, *bodies: bytes, key: str = DEPLOYMENT, kind: str = "application/json") -> None:
        frames = [Frame(key.lower(), "inputs", f"id{self.written}", NOW, kind, body) for body in bodies]
        self.written += 1
        path = self.folder / "collected" / f"{self.written:03}.ready"
        path.write_bytes(b"".join(to_bytes(frame) for frame in frames))
        await self.ingest.take_up()
        assert not path.exists()

    def found(self, prefix: str = "") -> dict[str, bytes]:
        blobs = self.blobs.under(CONTAINER, prefix)
        return {blob.name: self.blobs.path(blob.content.sha256).read_bytes() for blob in blobs}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with closing(Database(tmp_path / "azure.db")) as database:
        yield Bench(tmp_path, database)


async def test_lines_are_added_under_the_names_that_azure_uses(bench: Bench) -> None:
    bench.deploy()
    await bench.take_up(b"1", b"2")
    await bench.take_up(b"3")
    ((name, text),) = bench.found().items()
    assert name.startswith("modelDataCollector/diabetes/Blue/Inputs/2001/09/09/01/")
    assert name.endswith(".jsonl")
    records = [json.loads(line) for line in text.splitlines()]
    assert [record["data"] for record in records] == [1, 2, 3]
    assert {record["source"] for record in records} == {DEPLOYMENT}


async def test_rolling_rate_and_data_asset_say_where(bench: Bench) -> None:
    asset = f"{WORKSPACE}/data/mine/versions/1"
    bench.put(asset, {"dataUri": "azureml://datastores/workspaceblobstore/paths/else/where/"})
    bench.deploy("Day", dataId=asset)
    await bench.take_up(b"1")
    (name,) = bench.found()
    assert name.startswith("else/where/2001/09/09/")
    assert name.count("/") == 5


async def test_an_instance_does_not_grow_without_end(bench: Bench) -> None:
    bench.deploy()
    for _ in range(3):
        await bench.take_up(*[b'"' + b"x" * 1_000_000 + b'"'] * 3)
    assert len(bench.found()) == 2
    assert sum(text.count(b"\n") for text in bench.found().values()) == 9


async def test_data_that_is_no_json_lies_beside_its_line(bench: Bench) -> None:
    bench.deploy()
    await bench.take_up(b"\xff", kind="image/png")
    found = bench.found()
    (line,) = (json.loads(text) for name, text in found.items() if name.endswith(".jsonl"))
    place = f"https://127.0.0.1:1/account1.blob.emulator/{CONTAINER.rpartition('/')[2]}/"
    assert found[line["data"].removeprefix(place)] == b"\xff"


async def test_what_has_no_place_is_let_go(bench: Bench) -> None:
    """A deployment that is gone, a collection it has no more, a place that is none, a broken file."""
    await bench.take_up(b"1")
    bench.deploy(dataId=f"{WORKSPACE}/data/none/versions/1")
    await bench.take_up(b"1", key=f"{ENDPOINT}/deployments/other")
    asset = f"{WORKSPACE}/data/lost/versions/1"
    bench.put(asset, {"dataUri": "https://elsewhere.example/x"})
    bench.deploy(dataId=asset)
    await bench.take_up(b"1")
    bench.put(DEPLOYMENT, {})
    await bench.take_up(b"1")
    broken = bench.folder / "collected" / "999.ready"
    broken.write_bytes(bytes([0, 0, 0, 2, 0, 0, 0, 1]) + b"{x1")
    await bench.ingest.take_up()
    assert not broken.exists()
    assert bench.found() == {}


async def test_lines_are_not_doubled_while_the_disk_has_no_room_for_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hours are in one file, and it holds what the first of them has alone."""
    bench.deploy()
    hours = [NOW, NOW + 3_600]
    frames = [Frame(DEPLOYMENT.lower(), "inputs", "id", hour, "application/json", b"1") for hour in hours]
    path = bench.folder / "collected" / "000.ready"
    path.write_bytes(b"".join(to_bytes(frame) for frame in frames))
    put = bench.blobs.put

    def full(container: str, name: str, incoming: Incoming, *more: Any) -> Blob:
        if "/09/02/" in name:
            incoming.discard()
            raise OSError("no space")
        return put(container, name, incoming, *more)

    monkeypatch.setattr(bench.blobs, "put", full)
    for _ in range(3):
        with pytest.raises(OSError, match="no space"):
            await bench.ingest.take_up()
    monkeypatch.undo()
    await bench.ingest.take_up()
    assert not path.exists()
    assert [text.count(b"\n") for text in bench.found().values()] == [1, 1]
