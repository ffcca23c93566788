"""The blob operations of the real clients, in path style: `/<account>.blob.emulator/<container>/<blob>`."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from azml.emulator.base.identity import Identity, audience_of, is_valid, opens_account, principal_of
from azml.emulator.control.arm.addresses import STORAGE_SUFFIX
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.networks import reached_privately
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.storage.accounts import (
    check_container_name,
    container_id,
    ensure_container,
    find_account,
)
from azml.emulator.control.storage.blobs import Blob, BlobStore, Incoming, part_of
from azml.emulator.control.storage.conditions import check_change, check_put, check_read
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
from azml.emulator.control.storage.names import check_block, check_readable, check_text
from azml.emulator.control.storage.roles import READERS, WRITERS, DataRoles
from azml.emulator.control.storage.signatures import is_sas_good, is_shared_key_good

_HOST = re.compile(rf"/([a-z0-9]{{3,24}})\.blob\.{STORAGE_SUFFIX}(?:/([^/]*)(?:/(.*))?)?", re.DOTALL)
Meet = Callable[[str, str], Awaitable[None]]
"""Delays or refuses a request by method and path, if a test asked for that. Raises ArmError."""
VERSION = "2025-05-05"
BLOB_LIMIT = 5_000 << 20  # bytes in one request; learn.microsoft.com, "Scalability targets for Blob storage"


@dataclass(frozen=True)
class Call:
    """One request to the blob service. `key` is the container's id in lower case."""

    request: Request
    account: Record
    container: str
    blob: str

    @property
    def key(self) -> str:
        """The container's key in the blob store."""
        return container_id(self.account.id, self.container).key

    @property
    def verb(self) -> str:
        """Method and sub-resource, such as `PUT block`."""
        comp = self.request.query_params.get("comp", "")
        return f"{self.request.method} {comp}".rstrip()


def _check_network(account: Record, store: ResourceStore) -> None:
    """Raise StorageError 403 for an account that is closed to public networks and has no private endpoint.

    This machine counts as a part of the network in which the endpoint is.
    """
    closed = str(account.properties.get("publicNetworkAccess", "")).lower() == "disabled"
    if closed and not reached_privately(account.id.text, "blob", store):
        message = "This request is not authorized to perform this operation."
        raise StorageError(403, "AuthorizationFailure", message)


def is_blob_path(path: str) -> bool:
    """Whether a request belongs to the blob service."""
    return _HOST.fullmatch(path) is not None


class BlobService:
    """Answers the blob service's requests."""

    def __init__(
        self, store: ResourceStore, blobs: BlobStore, identity: Identity, roles: DataRoles, faults: Meet
    ) -> None:
        self.faults = faults
        self.roles = roles
        self.store = store
        self.blobs = blobs
        self.identity = identity
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
        check_readable(request.scope["raw_path"])
        matched = _HOST.fullmatch(request.scope["path"])
        name, container, blob = (part or "" for part in matched.groups()) if matched else ("", "", "")
        account = find_account(name, self.store)
        if account is None:
            raise StorageError(404, "ResourceNotFound", f"There is no storage account named {name}.")
        _check_network(account, self.store)
        call = Call(request, account, container, blob)
        self._authorize(call)
        if blob:
            check_text(blob, "blob's name")
            self._check_container(call)
            if answer := self._of_blob.get(call.verb):
                return await answer(call)
        elif handle := self._of_container.get(call.verb) if _is_container(call) else None:
            return handle(call)
        raise StorageError(400, "UnsupportedOperation", f"The local Azure does not answer {call.verb}.")

    def _authorize(self, call: Call) -> None:
        header = call.request.headers.get("authorization", "")
        query = dict(call.request.query_params)
        if header.startswith("Bearer "):
            token = header.removeprefix("Bearer ")
            audience = audience_of(token)
            good = is_valid(token, self.identity.key_for(audience))
            if good:
                _check_audience(call, audience)
                self._check_role(call, principal_of(token))
        elif header.startswith("SharedKey ") or ("sig" in query and call.container):
            self._check_keys_allowed(call)
            good = self._is_signed(call, header, query)
        else:
            raise StorageError(401, "NoAuthenticationInformation", "The request carries no authorization.")
        if not good:
            raise StorageError(403, "AuthenticationFailed", "The request's signature or token is not valid.")

    def _is_signed(self, call: Call, header: str, query: dict[str, str]) -> bool:
        name, keys = call.account.id.name, call.account.hidden["keys"]
        if header.startswith("SharedKey "):
            raw = call.request.scope["raw_path"].decode().partition("?")[0]
            return is_shared_key_good(
                header, name, call.request.method, raw, query, call.request.headers, keys
            )
        return is_sas_good(name, call.container, call.blob, query, keys, _permission(call))

    def _check_role(self, call: Call, principal: str) -> None:
        is_read = call.request.method in ("GET", "HEAD")
        if not self.roles.has(principal, call.key, READERS if is_read else WRITERS):
            message = "This request is not authorized to perform this operation using this permission."
            raise StorageError(403, "AuthorizationPermissionMismatch", message)

    def _check_keys_allowed(self, call: Call) -> None:
        """Applies to a shared key and to a signature by one (learn.microsoft.com, "Prevent Shared Key")."""
        if call.account.properties.get("allowSharedKeyAccess") is False:
            message = "Key based authentication is not permitted on this storage account."
            raise StorageError(403, "KeyBasedAuthenticationNotPermitted", message)

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
        told = call.request.query_params.get("blocklisttype", "committed").lower()
        body = block_list({} if told == "committed" else staged)
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


def _check_audience(call: Call, audience: str) -> None:
    """Refuse a token for another service, in Azure's own words."""
    if not opens_account(audience, call.account.id.name):
        message = (
            "Server failed to authenticate the request. Please refer to the information in the "
            "www-authenticate header. Audience validation failed. Audience did not match."
        )
        raise StorageError(401, "InvalidAuthenticationInfo", message)


def _is_container(call: Call) -> bool:
    return bool(call.container) and call.request.query_params.get("restype") == "container"


def _permission(call: Call) -> str:
    """The letters of which a shared access signature must have at least one."""
    if call.verb == "GET list":
        return "l"
    if not call.blob and call.request.method not in ("GET", "HEAD"):
        return ""  # no service signature can create or delete a container
    return {"GET": "r", "HEAD": "r", "DELETE": "d"}.get(call.request.method, "wc")
