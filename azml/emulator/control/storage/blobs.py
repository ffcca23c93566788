"""Blobs: their names are in the database, their contents in files named by hash.

A blob's name never becomes a path here, so none can lead out of the folder; and a content file is complete
before any row points at it, so a killed process or a full disk leaves no incomplete blob.
"""

import asyncio
import json
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from azml.emulator.base.damage import note, remove
from azml.emulator.base.files import private_folder
from azml.emulator.contract.manifests import blob_path
from azml.emulator.control.arm.database import Database
from azml.emulator.control.storage.contents import Content, Incoming, filled, joined

_NAMED = 5
"""The number of blobs that a note names; the others are only counted."""


@dataclass(frozen=True)
class Blob:
    """One block blob. `modified` is unix seconds; `headers` are returned on read, with its content type."""

    name: str
    content: Content
    content_type: str
    metadata: Mapping[str, str]
    modified: float
    etag: str
    headers: Mapping[str, str] = field(default_factory=dict)


class BlobStore:
    """All blobs of all containers. A container is named by its ARM id in lower case."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = private_folder(folder)
        self._incoming = private_folder(folder / "incoming")
        self._clear()

    async def receive(self, stream: AsyncIterator[bytes]) -> Incoming:
        """Write a request's body to disk as it arrives. The caller puts or discards the result."""
        with filled(self._incoming) as incoming:
            async for chunk in stream:
                incoming.write(chunk)
        return incoming

    def put(
        self,
        container: str,
        name: str,
        incoming: Incoming,
        content_type: str,
        metadata: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> Blob:
        """Create or replace a blob; its staged blocks are removed."""
        now, etag = time.time(), _new_etag()
        blob = Blob(name, incoming.content, content_type, dict(metadata), now, etag, dict(headers or {}))
        with self._keeping(incoming, self._contents(container, name)):
            self._write(container, blob)
            self.database.write("DELETE FROM blocks WHERE container = ? AND name = ?", container, name)
        return blob

    def put_block(self, container: str, name: str, block: str, incoming: Incoming) -> None:
        """Stage one block of a new blob."""
        key = (container, name, block)
        before = self.database.rows(
            "SELECT content FROM blocks WHERE container = ? AND name = ? AND block = ?", *key
        )
        with self._keeping(incoming, [row["content"] for row in before]):
            self.database.write(
                "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?)", *key, incoming.content.sha256
            )

    def staged(self, container: str, name: str) -> Mapping[str, int]:
        """The ids of the blocks staged for a blob, with their sizes in bytes."""
        rows = self.database.rows(
            "SELECT block, content FROM blocks WHERE container = ? AND name = ? ORDER BY block",
            container,
            name,
        )
        return {row["block"]: self.path(row["content"]).stat().st_size for row in rows}

    async def join(self, container: str, name: str, blocks: Sequence[str]) -> Incoming | None:
        """The staged blocks in the order given, as one content; None when one of them is not staged.

        The copying is done in a thread: a large model would delay every other request.
        """
        rows = self.database.rows(
            "SELECT block, content FROM blocks WHERE container = ? AND name = ?", container, name
        )
        staged = {row["block"]: row["content"] for row in rows}
        if any(block not in staged for block in blocks):
            return None
        paths = [self.path(staged[block]) for block in blocks]
        try:
            return await asyncio.to_thread(joined, paths, self._incoming)
        except FileNotFoundError:  # another request has put the blob meanwhile
            return None

    def find(self, container: str, name: str) -> Blob | None:
        """One blob."""
        row = self.database.row("SELECT * FROM blobs WHERE container = ? AND name = ?", container, name)
        return _blob(row) if row else None

    def under(self, container: str, prefix: str, after: str = "", limit: int = -1) -> Sequence[Blob]:
        """The blobs whose names begin with a prefix and come after a name, in order of name."""
        rows = self.database.rows(
            "SELECT * FROM blobs WHERE container = ? AND name > ? AND substr(name, 1, ?) = ? "
            "ORDER BY name LIMIT ?",
            container,
            after,
            len(prefix),
            prefix,
            limit,
        )
        return [_blob(row) for row in rows]

    def copy(self, container: str, path: str, goal: str) -> bool:
        """Give another container the blob at a path or all below it, under the same names.

        An empty path is all of the container. Returns whether there was a blob.
        """
        found = self.under(container, path)
        taken = [one for one in found if not path or one.name == path or one.name.startswith(f"{path}/")]
        with self.database.transaction():
            for blob in taken:
                self._write(goal, blob)
        return bool(taken)

    def set_metadata(self, container: str, blob: Blob, metadata: Mapping[str, str]) -> Blob:
        """Replace a blob's metadata."""
        changed = replace(blob, metadata=dict(metadata), modified=time.time(), etag=_new_etag())
        with self.database.transaction():
            self._write(container, changed)
        return changed

    def delete(self, container: str, name: str) -> None:
        """Delete a blob."""
        with self._changing(self._contents(container, name)):
            self.database.write("DELETE FROM blobs WHERE container = ? AND name = ?", container, name)
            self.database.write("DELETE FROM blocks WHERE container = ? AND name = ?", container, name)

    def delete_container(self, container: str) -> None:
        """Delete all blobs of a container."""
        rows = self.database.rows("SELECT content FROM blobs WHERE container = ?", container)
        staged = self.database.rows("SELECT content FROM blocks WHERE container = ?", container)
        with self._changing([row["content"] for row in (*rows, *staged)]):
            self.database.write("DELETE FROM blobs WHERE container = ?", container)
            self.database.write("DELETE FROM blocks WHERE container = ?", container)

    def path(self, sha256: str) -> Path:
        """The file of a content."""
        return blob_path(self.folder, sha256)

    def _write(self, container: str, blob: Blob) -> None:
        self.database.write(
            "INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            container,
            blob.name,
            blob.content.sha256,
            blob.content.size,
            blob.content.md5,
            blob.content_type,
            json.dumps(dict(blob.metadata)),
            blob.modified,
            blob.etag,
            json.dumps(dict(blob.headers)),
        )

    def _keep(self, incoming: Incoming) -> None:
        # No await between this and the row that points at the file, or a delete could remove the file.
        target = self.path(incoming.content.sha256)
        private_folder(target.parent)
        incoming.path.replace(target)

    def _contents(self, container: str, name: str) -> list[str]:
        rows = self.database.rows(
            "SELECT content FROM blobs WHERE container = ?1 AND name = ?2 UNION "
            "SELECT content FROM blocks WHERE container = ?1 AND name = ?2",
            container,
            name,
        )
        return [row["content"] for row in rows]

    @contextmanager
    def _keeping(self, incoming: Incoming, replaced: Sequence[str]) -> Iterator[None]:
        """Keep a content and the rows that are written inside, or neither."""
        try:
            with self._changing(replaced):
                self._keep(incoming)
                yield
        except BaseException:
            incoming.discard()
            self._clean([incoming.content.sha256])
            raise

    @contextmanager
    def _changing(self, contents: Sequence[str]) -> Iterator[None]:
        """A transaction, after which contents that no row points at any more are deleted."""
        with self.database.transaction():
            yield
        self._clean(contents)

    def _clean(self, contents: Sequence[str]) -> None:
        for content in contents:
            if not self._is_used(content):
                self.path(content).unlink(missing_ok=True)

    def _is_used(self, content: str) -> bool:
        blob = self.database.row("SELECT 1 FROM blobs WHERE content = ?", content)
        return bool(blob or self.database.row("SELECT 1 FROM blocks WHERE content = ?", content))

    def _clear(self) -> None:
        """Remove what a killed process left: incomplete bodies, and contents that no row points at.

        Rows whose content is missing are removed too: a reader of such a blob must learn that it is missing.
        """
        for path in self._incoming.iterdir():
            remove(path)
        self._forget_lost()
        used = {
            row["content"]
            for row in self.database.rows("SELECT content FROM blobs UNION SELECT content FROM blocks")
        }
        for path in self.folder.glob("??/*"):
            if path.name not in used:
                path.unlink()

    def _forget_lost(self) -> None:
        sizes = {path.name: path.stat().st_size for path in self.folder.glob("??/*")}
        rows = self.database.rows("SELECT container, name, content, size FROM blobs")
        lost = [row for row in rows if sizes.get(row["content"]) != row["size"]]
        with self.database.transaction():
            for row in lost:
                place = (row["container"], row["name"])
                self.database.write("DELETE FROM blobs WHERE container = ? AND name = ?", *place)
            for row in self.database.rows("SELECT DISTINCT content FROM blocks"):
                if row["content"] not in sizes:
                    self.database.write("DELETE FROM blocks WHERE content = ?", row["content"])
        if lost:
            names = ", ".join(row["name"] for row in lost[:_NAMED]) + (", ..." if len(lost) > _NAMED else "")
            count, them = ("1 blob", "it") if len(lost) == 1 else (f"{len(lost)} blobs", "them")
            message = f"the content of {count} is missing or cut off: upload {them} again ({names})."
            note(self.folder.parent, f"{self.folder.name}: {message}")


def _new_etag() -> str:
    return f'"0x{uuid.uuid4().hex[:16].upper()}"'


def _blob(row: sqlite3.Row) -> Blob:
    return Blob(
        row["name"],
        Content(row["content"], row["size"], row["md5"]),
        row["content_type"],
        json.loads(row["metadata"]),
        row["modified"],
        row["etag"],
        json.loads(row["headers"]),
    )
