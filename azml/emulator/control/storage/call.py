"""Requests to the blob service, in path style: `/<account>.blob.emulator/<container>/<blob>`."""

import re
from dataclasses import dataclass

from starlette.requests import Request

from azml.emulator.control.arm.addresses import STORAGE_SUFFIX
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.storage.accounts import container_id, find_account
from azml.emulator.control.storage.messages import StorageError
from azml.emulator.control.storage.names import check_readable

_HOST = re.compile(rf"/([a-z0-9]{{3,24}})\.blob\.{STORAGE_SUFFIX}(?:/([^/]*)(?:/(.*))?)?", re.DOTALL)


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

    @property
    def on_container(self) -> bool:
        """Whether it concerns the container itself, not a blob."""
        return bool(self.container) and self.request.query_params.get("restype") == "container"


def is_blob_path(path: str) -> bool:
    """Whether a request belongs to the blob service."""
    return _HOST.fullmatch(path) is not None


def call_of(request: Request, store: ResourceStore) -> Call:
    """The call that a request makes. Raises StorageError for an account that is not there."""
    check_readable(request.scope["raw_path"])
    matched = _HOST.fullmatch(request.scope["path"])
    name, container, blob = (part or "" for part in matched.groups()) if matched else ("", "", "")
    account = find_account(name, store)
    if account is None:
        raise StorageError(404, "ResourceNotFound", f"There is no storage account named {name}.")
    return Call(request, account, container, blob)
