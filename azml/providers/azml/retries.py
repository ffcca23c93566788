"""Which resources have to be tried again: those whose last operation failed."""

from collections.abc import Mapping
from typing import Any

from azml.azure import endpoints
from azml.server_owned import OPERATION, RETRY_TAG

_FAILED = frozenset({"failed", "canceled"})
_LONGEST_TAG = 256  # characters (Azure Resource Manager, limits of tags)


def retry_of(resource: Mapping[str, Any]) -> str | None:
    """The value of the tag RETRY_TAG a resource with this body is to have; None for no tag.

    It is the operation that failed while the resource is in state Failed, else what the tag says already. So
    an input changes when an operation has failed, and at no other time.
    """
    if endpoints.state(resource) not in _FAILED:
        return (resource.get("tags") or {}).get(RETRY_TAG)
    own = (resource.get("properties") or {}).get("properties") or {}
    operation = str(own.get(OPERATION) or "").partition("?")[0].rpartition("/")[2]
    # A workspace names no operation; when it was last written tells its attempts apart as well.
    written = (resource.get("systemData") or {}).get("lastModifiedAt")
    return str(operation or written or "failed")[:_LONGEST_TAG]
