"""The files of one bundle into one container: several at once, each checked before it can be seen.

A blob lies under a path that is named by its bundle's content, so one that is there is done, and one whose
source no longer holds what the bundle was named by must not come to be there. Files in one request are hashed
before it; larger ones are sent in blocks, which become a blob only when the hash of them all is right.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from azml.azure.errors import AzureError, CancelledError
from azml.providers.azml.container import Container
from azml.providers.azml.progress import Progress

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties, ContainerClient, ContentSettings

PARALLEL = 8
"""Requests under way at once, of all uploads of this process together."""
BLOCK = 4 << 20
"""Bytes of a block, and of the largest file that is sent in one request."""
MOST_BLOCKS = 50_000  # of one blob; learn.microsoft.com, "Scalability targets for Blob storage"


@dataclass(frozen=True)
class Item:
    """One file: the blob it becomes, where it lies, its sha256 (hex) in the bundle, its size in bytes."""

    blob: str
    source: Path
    sha256: str
    size: int


class ChangedError(AzureError):
    """A file no longer holds what its bundle was named by."""


class WrongBlobError(AzureError):
    """There is another content under a path that is named by content."""


class Lanes:
    """The threads that send, and a limit to the blocks held in memory."""

    def __init__(self, parallel: int = PARALLEL) -> None:
        self.pool = ThreadPoolExecutor(parallel, thread_name_prefix="upload")
        self.blocks = threading.BoundedSemaphore(parallel)


class Transfer:
    """Uploads to one container."""

    def __init__(self, container: Container, lanes: Lanes, progress: Progress) -> None:
        self._container, self._lanes, self._progress = container, lanes, progress
        self._stop = threading.Event()

    def run(self, folder: str, items: Sequence[Item]) -> int:
        """Have every item under `folder` in the container; the number that had to be sent.

        Raises ChangedError, WrongBlobError, or AzureError; what was sent by then stays and is not sent again.
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
            self._all(work)  # whose failure this only follows
            raise
        finally:
            self._stop.set()
            for one in work:
                one.cancel()
            wait(work)
        return len(missing)

    def _all(self, work: Sequence["Future[None]"]) -> None:
        """Wait for all of it; raises what failed first, not what was given up because of it."""
        wait(work, return_when=FIRST_EXCEPTION)
        failures = [one.exception() for one in work if one.done() and not one.cancelled()]
        real = [failure for failure in failures if failure and not isinstance(failure, CancelledError)]
        for failure in real or [failure for failure in failures if failure]:
            raise failure

    def _send(self, item: Item) -> None:
        """One file in one request."""
        with self._guarded():
            data = item.source.read_bytes()
            if hashlib.sha256(data).hexdigest() != item.sha256:
                raise _changed(item)
            settings = _settings(hashlib.md5(data, usedforsecurity=False).digest())
            self._create(item, lambda blob: blob.upload_blob(data, content_settings=settings))
            self._progress.sent(len(data))

    def _send_in_blocks(self, item: Item) -> None:
        """One file in blocks, read once, front to back. Blocks that an earlier run has sent are kept.

        A block's id holds its content's hash, so one that is there is the right one.
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
        """The file's blocks; each takes one of the places in memory, which whoever is given it gives back."""
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
        """The blocks an earlier run has sent, with their sizes."""
        from azure.core.exceptions import ResourceNotFoundError

        def ask(client: "ContainerClient") -> Mapping[str, int]:
            try:
                _, staged = client.get_blob_client(item.blob).get_block_list("uncommitted")
            except ResourceNotFoundError:  # Azure's word for no blocks
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
        """Make the blob unless it is there; then it must hold the same."""
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
        """A blob that is there must have the length of its source, and its MD5 where Azure holds one."""
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
        """A failure ends the whole upload; so does a file that cannot be read."""
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
    """`size` bytes, fewer at the file's end: an unbuffered read may give less at once."""
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
