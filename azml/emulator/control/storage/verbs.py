"""The blob operations of the real clients."""

from collections.abc import Awaitable, Callable
from email.utils import formatdate

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from azml.emulator.base.identity import Identity
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.store import ResourceStore
from azml.emulator.control.storage.accounts import check_container_name, ensure_container
from azml.emulator.control.storage.authorization import Authorization
from azml.emulator.control.storage.blobs import Blob, BlobStore
from azml.emulator.control.storage.call import Call, call_of
from azml.emulator.control.storage.conditions import check_change, check_put, check_read
from azml.emulator.control.storage.contents import Incoming, part_of
from azml.emulator.control.storage.listing import block_list, list_blobs
from azml.emulator.control.storage.messages import (
    StorageError,
    block_ids,
    headers_of,
    kept_headers,
    metadata_headers,
    metadata_of,
    range_of,
    refusal,
    small_body,
    stamps,
    within,
)
from azml.emulator.control.storage.names import check_block, check_text
from azml.emulator.control.storage.network import check_network
from azml.emulator.control.storage.roles import DataRoles

Meet = Callable[[str, str], Awaitable[None]]
"""Delays or refuses a request by method and path, if a test asked for that. Raises ArmError."""
VERSION = "2025-05-05"
BLOB_LIMIT = 5_000 << 20  # bytes in one request; learn.microsoft.com, "Scalability targets for Blob storage"


class BlobService:
    """Answers the blob service's requests."""

    def __init__(
        self, store: ResourceStore, blobs: BlobStore, identity: Identity, roles: DataRoles, faults: Meet
    ) -> None:
        self.faults = faults
        self.authorization = Authorization(identity, roles)
        self.store = store
        self.blobs = blobs
        self._of_container: dict[str, Callable[[Call], Response]] = {
            "PUT": self._create_container,
            "DELETE": self._delete_container,
            "GET": self._container_properties,
            "HEAD": self._container_properties,
            "GET list": self._list,
        }
        self._of_blob: dict[str, Callable[[Call], Awaitable[Response]]] = {
            "PUT": self._put,
            "PUT block": self._put_block,
            "PUT blocklist": self._put_block_list,
            "PUT metadata": self._put_metadata,
            "GET": self._get,
            "GET blocklist": self._get_block_list,
            "HEAD": self._head,
            "GET metadata": self._get_metadata,
            "HEAD metadata": self._get_metadata,
            "DELETE": self._delete,
        }

    def operations(self) -> tuple[list[str], list[str]]:
        """The operations of a container and of a blob: method and sub-resource, such as `PUT block`."""
        return sorted(self._of_container), sorted(self._of_blob)

    async def answer(self, request: Request) -> Response:
        """The answer to one request, including errors."""
        try:
            await self.faults(request.method, request.scope["path"])
            response = await self._answer(request)
        except StorageError as error:
            response = refusal(error)
        except ArmError as error:
            response = refusal(StorageError(error.status, error.code, error.message))
            response.headers.update(error.headers)
        response.headers["x-ms-version"] = request.headers.get("x-ms-version", VERSION)
        return response

    async def _answer(self, request: Request) -> Response:
        call = call_of(request, self.store)
        check_network(call.account, self.store)
        self.authorization.check(call)
        if call.blob:
            check_text(call.blob, "blob's name")
            self._check_container(call)
            if answer := self._of_blob.get(call.verb):
                return await answer(call)
        elif handle := self._of_container.get(call.verb) if call.on_container else None:
            return handle(call)
        raise StorageError(400, "UnsupportedOperation", f"The local Azure does not answer {call.verb}.")

    def _check_container(self, call: Call) -> None:
        if self.store.find(call.key) is None:
            raise StorageError(404, "ContainerNotFound", "The specified container does not exist.")

    def _create_container(self, call: Call) -> Response:
        if self.store.find(call.key):
            raise StorageError(409, "ContainerAlreadyExists", "The specified container already exists.")
        try:
            check_container_name(call.container)
        except ArmError as error:
            raise StorageError(400, error.code, error.message) from error
        ensure_container(call.account.id, call.container, self.store)
        return Response(status_code=201)

    def _delete_container(self, call: Call) -> Response:
        self._check_container(call)
        self.store.delete(call.key)
        self.blobs.delete_container(call.key)
        return Response(status_code=202)

    def _container_properties(self, call: Call) -> Response:
        self._check_container(call)
        found = self.store.get(call.key)
        headers = {"ETag": f'"{found.sequence}"', "Last-Modified": formatdate(found.created, usegmt=True)}
        return Response(headers=headers)

    def _list(self, call: Call) -> Response:
        self._check_container(call)
        body = list_blobs(call.key, self.blobs, call.request.query_params)
        return Response(body, media_type="application/xml")

    async def _put(self, call: Call) -> Response:
        headers = call.request.headers
        if headers.get("x-ms-blob-type", "BlockBlob") != "BlockBlob":
            raise StorageError(400, "InvalidHeaderValue", "The local Azure supports block blobs only.")
        if "x-ms-copy-source" in headers:
            raise StorageError(400, "UnsupportedOperation", "The local Azure cannot copy blobs.")
        self._check_conditions(call)
        incoming = await self._receive(call)
        self._check_again(call, incoming)
        return self._store(call, incoming, is_content=True)

    async def _put_block(self, call: Call) -> Response:
        check_block(call.request.query_params.get("blockid", ""))
        incoming = await self._receive(call)
        self._check_again(call, incoming)
        self.blobs.put_block(call.key, call.blob, call.request.query_params.get("blockid", ""), incoming)
        return Response(status_code=201)

    async def _put_block_list(self, call: Call) -> Response:
        self._check_conditions(call)
        blocks = block_ids(await small_body(call.request))
        incoming = await self.blobs.join(call.key, call.blob, blocks)
        if incoming is None:
            raise StorageError(400, "InvalidBlockList", "The specified block list is invalid.")
        self._check_again(call, incoming)
        return self._store(call, incoming, is_content=False)

    async def _get_block_list(self, call: Call) -> Response:
        """Get Block List: the blocks staged for a new blob; those of an existing blob are not kept."""
        staged = self.blobs.staged(call.key, call.blob)
        if not staged:
            self._find(call)
        which = call.request.query_params.get("blocklisttype", "committed").lower()
        body = block_list({} if which == "committed" else staged)
        return Response(body, media_type="application/xml")

    async def _put_metadata(self, call: Call) -> Response:
        found = self._find(call)
        check_change(call.request.headers, found)
        blob = self.blobs.set_metadata(call.key, found, metadata_of(call.request))
        return Response(headers=stamps(blob))

    async def _get_metadata(self, call: Call) -> Response:
        blob = self._find(call)
        check_read(call.request.headers, blob)
        return Response(headers=stamps(blob) | metadata_headers(blob))

    async def _get(self, call: Call) -> Response:
        blob = self._find(call)
        check_read(call.request.headers, blob)
        size = blob.content.size
        headers = headers_of(blob)
        span = range_of(call.request, size)
        start, end = span or (0, size - 1)
        headers["Content-Length"] = str(end - start + 1)
        if span:
            headers["Content-Range"] = f"bytes {start}-{end}/{size}"
            headers.pop("Content-MD5")  # the hash of the whole blob would not match a part
        # Opened now, so that a blob that is replaced meanwhile can be read to its end.
        file = self.blobs.path(blob.content.sha256).open("rb")
        return StreamingResponse(part_of(file, start, end - start + 1), 206 if span else 200, headers)

    async def _head(self, call: Call) -> Response:
        blob = self._find(call)
        check_read(call.request.headers, blob)
        return Response(headers=headers_of(blob) | {"Content-Length": str(blob.content.size)})

    async def _delete(self, call: Call) -> Response:
        check_change(call.request.headers, self._find(call))
        self.blobs.delete(call.key, call.blob)
        return Response(status_code=202)

    async def _receive(self, call: Call) -> Incoming:
        incoming = await self.blobs.receive(within(call.request.stream(), BLOB_LIMIT))
        expected = call.request.headers.get("content-md5")
        if expected and expected != incoming.content.md5:
            incoming.discard()
            raise StorageError(400, "Md5Mismatch", "The MD5 value specified did not match what arrived.")
        return incoming

    def _check_again(self, call: Call, incoming: Incoming) -> None:
        # While the body arrived, the container may have been deleted, or another upload may have finished.
        try:
            self._check_container(call)
            self._check_conditions(call)
        except StorageError:
            incoming.discard()
            raise

    def _store(self, call: Call, incoming: Incoming, *, is_content: bool) -> Response:
        headers = call.request.headers
        own = headers.get("content-type") if is_content else None  # else it is the block list's
        kind = headers.get("x-ms-blob-content-type") or own or "application/octet-stream"
        kept = kept_headers(call.request, is_content=is_content)
        blob = self.blobs.put(call.key, call.blob, incoming, kind, metadata_of(call.request), kept)
        return Response(status_code=201, headers=stamps(blob) | {"Content-MD5": blob.content.md5})

    def _check_conditions(self, call: Call) -> None:
        metadata_of(call.request)  # refused before the body is received
        check_put(call.request.headers, self.blobs.find(call.key, call.blob))

    def _find(self, call: Call) -> Blob:
        found = self.blobs.find(call.key, call.blob)
        if found is None:
            raise StorageError(404, "BlobNotFound", "The specified blob does not exist.")
        return found
