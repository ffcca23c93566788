"""Requests that a deployment's data collector kept, newest first.

Azure writes the collection `request` as JSON lines, one CloudEvent each, below the default datastore
(learn.microsoft.com, "Collect production data from models deployed for real-time inferencing"). A record
counts where it holds the whole body: data that is not JSON, or too large, is a blob of its own and is left
out. What a scoring script collects (`model_inputs`) is a table and not a request.
"""

import json
from collections.abc import Iterator
from typing import Any

from azml.azure.blob_listing import sizes
from azml.azure.blobs import Blob
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import AzureError
from azml.azure.storage_accounts import DATASTORE, workspace_account
from azml.cli.stacks.stacks import Connection
from azml.rollout.driving.ports import Unavailable

TYPE = "azureml.inference.request"
PIECE = 4 << 20
"""Bytes that are read at once: an hour of requests may be more than a machine holds."""


def bodies(connection: Connection, endpoint: str, deployment: str, most: int) -> list[bytes]:
    """As many different requests to a deployment, each a JSON document. Raises Unavailable where fewer are.

    A replay is collected too: equal bodies count once.
    """
    found: dict[bytes, None] = {}
    try:
        for body in _newest(connection, f"modelDataCollector/{endpoint}/{deployment}/request"):
            found[body] = None
            if len(found) == most:
                return list(found)
    except AzureError as failed:
        raise Unavailable(f"the data that {deployment} collected cannot be read: {failed}") from failed
    raise Unavailable(f"{deployment} has collected {len(found)} different requests and the sample is {most}")


def _newest(connection: Connection, folder: str) -> Iterator[bytes]:
    """The folders below are years, months, days and hours, so that names order by time."""
    container = _container(connection)
    for name, size in sorted(sizes(connection.arm, container, folder).items(), reverse=True):
        if name.endswith(".jsonl"):
            yield from _backwards(Blob(connection.arm, container, f"{folder}/{name}"), size)


def _backwards(blob: Blob, size: int) -> Iterator[bytes]:
    """A blob's requests, the last first, piece by piece from its end."""
    rest = b""
    while size > 0:
        start = max(0, size - PIECE)
        lines = (blob.part(start, size) + rest).split(b"\n")
        rest, size = (lines.pop(0) if start else b""), start
        for line in reversed(lines):
            if (body := body_of(line)) is not None:
                yield body


def body_of(line: bytes) -> bytes | None:
    """The request in a record; None where it has none that can be sent again."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or record.get("type") != TYPE or not _is_whole(record):
        return None
    return json.dumps(record["data"], separators=(",", ":"), allow_nan=False).encode()


def _is_whole(record: dict[str, Any]) -> bool:
    """The record holds the data itself, and all of it ("bytes 0-59/60")."""
    if str(record.get("datainblob", "")).lower() == "true" or "data" not in record:
        return False
    first, _, rest = str(record.get("contentrange") or "bytes 0-0/1").removeprefix("bytes ").partition("-")
    last, _, length = rest.partition("/")
    return first == "0" and last.isdigit() and length.isdigit() and int(last) + 1 >= int(length)


def _container(connection: Connection) -> str:
    """The URL of the container that the default datastore names."""
    workspace = connection.workspace.id
    store = connection.arm.get(f"{workspace}/datastores/{DATASTORE}", API_VERSION) or {}
    name = (store.get("properties") or {}).get("containerName")
    if not name:
        raise AzureError(f"the workspace has no datastore {DATASTORE}", status=404)
    return f"{workspace_account(connection.arm, workspace).blobs}/{name}"
