"""Reads what the data plane has collected and writes it where Azure does: lines of JSON in blobs."""

import asyncio
import logging
import sqlite3
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from azml.emulator.base.files import private_folder
from azml.emulator.contract.frames import Frame, read_frames
from azml.emulator.contract.spool import READY
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.collected_records import INLINE_LIMIT, Line, folder_of, line_of
from azml.emulator.control.machinelearning.materialise import Place, find_place
from azml.emulator.control.storage.blobs import Blob, BlobStore
from azml.emulator.control.storage.contents import read_chunks

DEFAULT_PATH = "azureml://datastores/workspaceblobstore/paths/modelDataCollector"
PAUSE_SECONDS = 0.3
log = logging.getLogger(__name__)


@dataclass
class _Group:
    """The lines for one folder, and the data that is stored beside them, by the id of its record."""

    container: str
    folder: str
    lines: list[bytes] = field(default_factory=list)
    raw: dict[str, tuple[bytes, str]] = field(default_factory=dict)


class CollectedData:
    """Each file is processed at least once: a kill at the wrong moment duplicates some lines."""

    def __init__(self, folder: Path, store: ResourceStore, blobs: BlobStore, addresses: Addresses) -> None:
        self._folder = private_folder(folder)
        self._store = store
        self._blobs = blobs
        self._addresses = addresses
        self._instances: dict[str, str] = {}
        self._written: set[tuple[Path, str, str]] = set()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Process files as they arrive."""
        while True:
            try:
                await self.take_up()
            except (OSError, sqlite3.OperationalError) as error:
                log.warning("collected data is delayed: %s", error)
            except Exception:
                log.exception("collected data is delayed")
            await asyncio.sleep(PAUSE_SECONDS)

    async def take_up(self) -> None:
        """Process all files. Raises OSError when the disk is full; the files are then kept."""
        async with self._turn:
            for path in sorted(self._folder.glob(f"*{READY}")):
                try:
                    await self._file(path)
                except ValueError:
                    log.exception("%s cannot be read and is skipped", path)
                path.unlink()
                self._written = {one for one in self._written if one[0] != path}

    async def _file(self, path: Path) -> None:
        # Bodies have up to 10 MB: parsing them on the event loop would delay every other request.
        frames = await asyncio.to_thread(_read, path)
        groups: dict[tuple[str, str], _Group] = {}
        for frame in frames:
            deployment = self._store.find(frame.deployment)
            place = self._place(frame, deployment) if deployment else None
            if deployment and place:
                await self._sort(frame, deployment, place, groups)
        for group in groups.values():
            key = (path, group.container, group.folder)
            if key not in self._written:  # else a later group of this file failed on a full disk
                await self._write(group)
                self._written.add(key)

    async def _sort(
        self, frame: Frame, deployment: Record, place: Place, groups: dict[tuple[str, str], _Group]
    ) -> None:
        rate = section(deployment.properties, "dataCollector").get("rollingRate")
        folder = f"{place.path}/{folder_of(rate, frame.time)}"
        group = groups.setdefault((place.container, folder), _Group(place.container, folder))
        url = self._url(place.container, f"{folder}/{frame.id}")
        line: Line = await asyncio.to_thread(line_of, frame, deployment.id.text, url)
        group.lines.append(line.text)
        if line.raw is not None:
            group.raw[frame.id] = (line.raw, frame.content_type)

    def _place(self, frame: Frame, deployment: Record) -> Place | None:
        """Where a collection is stored: in its data asset, else in the workspace's default datastore."""
        collections = section(section(deployment.properties, "dataCollector"), "collections")
        named = {name.lower(): name for name in collections}.get(frame.collection.lower())
        settings = section(collections, named) if named else {}
        endpoint = resource_id(deployment.id.parent)
        asset = self._store.find(str(settings.get("dataId") or ""))
        names = f"{endpoint.name}/{deployment.id.name}/{named}"
        uri = str(asset.properties.get("dataUri")) if asset else f"{DEFAULT_PATH}/{names}"
        try:
            return find_place(uri.rstrip("/"), endpoint.parent, self._store) if named else None
        except ArmError as error:
            log.warning("collected data of %s cannot be stored: %s", deployment.id.text, error)
            return None

    async def _write(self, group: _Group) -> None:
        for name, (raw, content_type) in group.raw.items():
            await self._put(group.container, f"{group.folder}/{name}", [raw], content_type)
        key = f"{group.container}/{group.folder}"
        instance = self._instances.setdefault(key, str(uuid.uuid4()))
        known = self._blobs.find(group.container, f"{group.folder}/{instance}.jsonl")
        if known and known.content.size > INLINE_LIMIT:
            # Adding lines rewrites the whole blob, so its size must be limited.
            instance = self._instances[key] = str(uuid.uuid4())
            known = None
        name = f"{group.folder}/{instance}.jsonl"
        await self._put(group.container, name, group.lines, "application/json", known)

    async def _put(
        self, container: str, name: str, parts: Sequence[bytes], kind: str, known: Blob | None = None
    ) -> None:
        before = self._blobs.path(known.content.sha256) if known else None
        incoming = await self._blobs.receive(_stream(before, parts))
        self._blobs.put(container, name, incoming, kind, {})

    def _url(self, container: str, name: str) -> str:
        named = resource_id(container)
        return f"{self._addresses.blob(named.part('storageAccounts'))}{named.name}/{name}"


async def _stream(before: Path | None, parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    if before:
        for chunk in read_chunks(before):
            yield chunk
    for part in parts:
        yield part


def _read(path: Path) -> list[Frame]:
    with path.open("rb") as file:
        return list(read_frames(file))
