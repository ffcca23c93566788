"""Finds resources that have to be written again: those whose last operation failed."""

from collections.abc import Mapping
from typing import Any

from azml.azure import endpoints
from azml.server_owned import OPERATION, RETRY_TAG

_FAILED = frozenset({"failed", "canceled"})
_LONGEST_TAG = 256  # characters (Azure Resource Manager, limits of tags)


def retry_of(resource: Mapping[str, Any]) -> str | None:
    """The value of the tag RETRY_TAG for a resource with this body; None for no tag.

    While the resource is in state Failed it is the operation that failed, else the current value. So the
    input changes only when an operation has failed.
    """
    if endpoints.state(resource) not in _FAILED:
        return (resource.get("tags") or {}).get(RETRY_TAG)
    own = (resource.get("properties") or {}).get("properties") or {}
    operation = str(own.get(OPERATION) or "").partition("?")[0].rpartition("/")[2]
    # A workspace has no operation id; the time of its last write identifies the attempt as well.
    written = (resource.get("systemData") or {}).get("lastModifiedAt")
    return str(operation or written or "failed")[:_LONGEST_TAG]
