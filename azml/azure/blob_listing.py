"""The blobs below a folder of a container, as Azure lists them."""

from collections.abc import Iterator
from urllib.parse import urlencode
from xml.etree import ElementTree

from azml.azure.arm import Arm
from azml.azure.blobs import signed_headers
from azml.azure.errors import AzureError


def marks(arm: Arm, container: str, place: str) -> dict[str, str]:
    """Of each blob below a folder, by its path there, what changes with its content: MD5, or size.

    `container` is the container's URL; `place` may be a blob by itself. Azure computes no MD5 of large
    uploads. Raises AzureError.
    """
    folder = f"{place.rstrip('/')}/"
    found = {}
    for blob in _blobs(arm, container, place.rstrip("/")):
        name = blob.findtext("Name") or ""
        if name == place or name.startswith(folder):
            known = name.removeprefix(folder) if name != place else name.rpartition("/")[2]
            found[known] = _mark(blob)
    return found


def sizes(arm: Arm, container: str, folder: str) -> dict[str, int]:
    """The bytes of each blob below a folder, by its path there. Raises AzureError."""
    below = f"{folder.rstrip('/')}/"
    return {
        (blob.findtext("Name") or "").removeprefix(below): int(
            blob.findtext("Properties/Content-Length") or 0
        )
        for blob in _blobs(arm, container, below)
    }


def _mark(blob: ElementTree.Element) -> str:
    size = int(blob.findtext("Properties/Content-Length") or 0)
    md5 = blob.findtext("Properties/Content-MD5")
    return f"{size:,} bytes, MD5 {md5}" if md5 else f"{size:,} bytes"


def _blobs(arm: Arm, container: str, prefix: str) -> Iterator[ElementTree.Element]:
    """List Blobs (REST), page after page."""
    marker = ""
    while True:
        query = {"restype": "container", "comp": "list", "prefix": prefix}
        query |= {"marker": marker} if marker else {}
        answer = arm.http.request("GET", f"{container}?{urlencode(query)}", headers=signed_headers(arm))
        if answer.status != 200:
            raise AzureError(f"{container} cannot be listed: {answer.status}", status=answer.status)
        root = ElementTree.fromstring(answer.content)  # noqa: S314 - Azure's own answer, over TLS
        yield from root.iterfind("Blobs/Blob")
        marker = root.findtext("NextMarker") or ""
        if not marker:
            return
