"""Uploads the files of a bundle to a container, several at once, each checked before it becomes visible.

A blob's path contains the digest of its bundle, so an existing blob is complete, and one whose source has
changed since must not be created. Files that fit one request are hashed before it; larger ones are sent in
blocks, which become a blob only when the hash of all of them is right.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from azml.azure.container import Container
from azml.azure.errors import AzureError, CancelledError
from azml.providers.azml.progress import Progress

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties, ContainerClient, ContentSettings

PARALLEL = 8
"""Concurrent requests, of all uploads of this process together."""
BLOCK = 4 << 20
"""Bytes of a block, and the largest file, in bytes, that is sent in one request."""
MOST_BLOCKS = 50_000  # of one blob; learn.microsoft.com, "Scalability targets for Blob storage"


@dataclass(frozen=True)
class Item:
    """One file: its blob, its source path, its sha256 (hex) in the bundle, its size in bytes."""

    blob: str
    source: Path
    sha256: str
    size: int


class ChangedError(AzureError):
    """A file has changed since its bundle was named after its content."""


class WrongBlobError(AzureError):
    """An existing blob, at a path named after its content, has different content."""


class Lanes:
    """The threads that send, and a limit on the blocks in memory."""

    def __init__(self, parallel: int = PARALLEL) -> None:
        self.pool = ThreadPoolExecutor(parallel, thread_name_prefix="upload")
        self.blocks = threading.BoundedSemaphore(parallel)


class Transfer:
    """Uploads to one container."""

    def __init__(self, container: Container, lanes: Lanes, progress: Progress) -> None:
        self._container, self._lanes, self._progress = container, lanes, progress
        self._stop = threading.Event()

    def run(self, folder: str, items: Sequence[Item]) -> int:
        """Upload every item below `folder`; returns the number that had to be sent.

        Raises ChangedError, WrongBlobError or AzureError; what was sent by then stays and is not sent again.
        """
        there = self._container.call(
            lambda client: {found.name: found for found in client.list_blobs(name_starts_with=f"{folder}/")}
        )
        missing = [item for item in items if item.blob not in there]
        small = [item for item in missing if item.size <= BLOCK]
        work = [
            self._lanes.pool.submit(self._found, item, there[item.blob])
            for item in items
            if item.blob in there
        ]
        work += [self._lanes.pool.submit(self._send, item) for item in small]
        try:
            for item in missing:
                if item.size > BLOCK:
                    with self._guarded():
                        self._send_in_blocks(item)
            self._all(work)
        except CancelledError:
            self._all(work)  # raises the failure that caused this one
            raise
        finally:
            self._stop.set()
            for one in work:
                one.cancel()
            wait(work)
        return len(missing)

    def _all(self, work: Sequence["Future[None]"]) -> None:
        """Wait for all of it; raises the first failure, not the cancellations that follow from it."""
        wait(work, return_when=FIRST_EXCEPTION)
        failures = [one.exception() for one in work if one.done() and not one.cancelled()]
        real = [failure for failure in failures if failure and not isinstance(failure, CancelledError)]
        for failure in real or [failure for failure in failures if failure]:
            raise failure

    def _send(self, item: Item) -> None:
        """Send one file in one request."""
        with self._guarded():
            data = item.source.read_bytes()
            if hashlib.sha256(data).hexdigest() != item.sha256:
                raise _changed(item)
            settings = _settings(hashlib.md5(data, usedforsecurity=False).digest())
            self._create(item, lambda blob: blob.upload_blob(data, content_settings=settings))
            self._progress.sent(len(data))

    def _send_in_blocks(self, item: Item) -> None:
        """Send one file in blocks, read once, front to back. Blocks sent by an earlier run are kept.

        A block's id contains the hash of its content, so an existing one is right.
        """
        size = max(BLOCK, -(-item.size // MOST_BLOCKS))
        staged = self._staged(item)
        whole, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        ids: list[str] = []
        sending: list[Future[None]] = []
        try:
            for data in self._blocks_of(item, size):
                whole.update(data)
                md5.update(data)
                ids.append(f"{len(ids):05d}-{hashlib.sha256(data).hexdigest()[:32]}")
                if staged.get(ids[-1]) == len(data):
                    self._lanes.blocks.release()
                    self._progress.sent(len(data))
                else:
                    sending.append(self._lanes.pool.submit(self._stage, item, ids[-1], data))
            self._all(sending)
        finally:
            wait(sending)
        if self._stop.is_set():
            return
        if whole.hexdigest() != item.sha256:
            raise _changed(item)
        self._commit(item, ids, md5.digest())

    def _blocks_of(self, item: Item, size: int) -> Iterator[bytes]:
        """The file's blocks; each takes a slot of the memory limit, which the caller must release."""
        with item.source.open("rb", buffering=0) as stream:
            while not self._stop.is_set():
                self._lanes.blocks.acquire()
                data = _exactly(stream, size)
                if not data:
                    self._lanes.blocks.release()
                    return
                yield data

    def _stage(self, item: Item, block: str, data: bytes) -> None:
        try:
            with self._guarded():
                self._container.call(
                    lambda client: client.get_blob_client(item.blob).stage_block(
                        block, data, length=len(data)
                    )
                )
                self._progress.sent(len(data))
        finally:
            self._lanes.blocks.release()

    def _staged(self, item: Item) -> Mapping[str, int]:
        """The blocks that an earlier run has sent, with their sizes."""
        from azure.core.exceptions import ResourceNotFoundError

        def ask(client: "ContainerClient") -> Mapping[str, int]:
            try:
                _, staged = client.get_blob_client(item.blob).get_block_list("uncommitted")
            except ResourceNotFoundError:  # Azure's answer when there are no blocks
                return {}
            return {block.id: block.size for block in staged}

        return self._container.call(ask)

    def _commit(self, item: Item, ids: Sequence[str], md5: bytes) -> None:
        from azure.core import MatchConditions
        from azure.storage.blob import BlobBlock

        settings, blocks = _settings(md5), [BlobBlock(block) for block in ids]
        self._create(
            item,
            lambda blob: blob.commit_block_list(
                blocks, content_settings=settings, match_condition=MatchConditions.IfMissing
            ),
        )

    def _create(self, item: Item, write: "Callable[[BlobClient], object]") -> None:
        """Create the blob unless it exists; then it must have the same content."""
        from azure.core.exceptions import ResourceExistsError

        try:
            self._container.call(lambda client: write(client.get_blob_client(item.blob)))
        except ResourceExistsError:
            self._compare(
                item,
                self._container.call(lambda client: client.get_blob_client(item.blob).get_blob_properties()),
            )
        self._progress.finished()

    def _found(self, item: Item, blob: "BlobProperties") -> None:
        with self._guarded():
            self._compare(item, blob)
            self._progress.sent(item.size)
            self._progress.finished()

    def _compare(self, item: Item, blob: "BlobProperties") -> None:
        """An existing blob must have the length of its source, and its MD5 if Azure has one."""
        held = blob.content_settings.content_md5
        right = blob.size == item.size
        if right and held:
            sha256, md5 = _hashes(item.source)
            if sha256 != item.sha256:
                raise _changed(item)
            right = bytes(held) == md5
        if not right:
            where = f"{self._container.account.name}/{self._container.name}"
            raise WrongBlobError(
                f"{item.blob} in {where} holds something else than {item.source.name}, whose content gave it "
                "its name: look at what wrote it, delete that blob, and run this again"
            )

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Make a failure, or a file that cannot be read, end the whole upload."""
        if self._stop.is_set():
            raise CancelledError("another file of this upload failed")
        try:
            yield
        except OSError as error:
            self._stop.set()
            raise AzureError(f"{error.filename or 'a file'} cannot be read: {error.strerror}") from error
        except BaseException:
            self._stop.set()
            raise


def _changed(item: Item) -> ChangedError:
    return ChangedError(
        f"{item.source.name} ({item.blob}) changed after it was hashed: its content no longer fits the name "
        "of its bundle. It was not uploaded, and nothing was registered; run this again once it is written"
    )


def _settings(md5: bytes) -> "ContentSettings":
    from azure.storage.blob import ContentSettings

    return ContentSettings(content_type="application/octet-stream", content_md5=bytearray(md5))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    """`size` bytes, fewer at the end of the file: a single unbuffered read may return less."""
    parts: list[bytes] = []
    while size and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _hashes(path: Path) -> tuple[str, bytes]:
    """The sha256 (hex) and the MD5 of a file, read once."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb", buffering=0) as stream:
        while data := stream.read(1 << 20):
            sha256.update(data)
            md5.update(data)
    return sha256.hexdigest(), md5.digest()
