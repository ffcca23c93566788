"""The blobs below a folder of a container, as Azure lists them."""

from collections.abc import Iterator
from urllib.parse import urlencode
from xml.etree import ElementTree

from azml.azure.arm import Arm
from azml.azure.blobs import SCOPE, SERVICE_VERSION
from azml.azure.errors import AzureError


def marks(arm: Arm, container: str, folder: str) -> dict[str, str]:
    """Of each blob below the folder, by its path there, what changes with its content: MD5, or size.

    `container` is the container's URL. Azure computes no MD5 of large uploads. Raises AzureError.
    """
    prefix = f"{folder.rstrip('/')}/"
    found = {}
    for blob in _blobs(arm, container, prefix):
        size = int(blob.findtext("Properties/Content-Length") or 0)
        md5 = blob.findtext("Properties/Content-MD5")
        name = (blob.findtext("Name") or "").removeprefix(prefix)
        found[name] = f"{size:,} bytes, MD5 {md5}" if md5 else f"{size:,} bytes"
    return found


def _blobs(arm: Arm, container: str, prefix: str) -> Iterator[ElementTree.Element]:
    """List Blobs (REST), page after page."""
    marker = ""
    while True:
        query = {"restype": "container", "comp": "list", "prefix": prefix}
        query |= {"marker": marker} if marker else {}
        headers = {"Authorization": f"Bearer {arm.token(SCOPE)}", "x-ms-version": SERVICE_VERSION}
        answer = arm.http.request("GET", f"{container}?{urlencode(query)}", headers=headers)
        if answer.status != 200:
            raise AzureError(f"{container} cannot be listed: {answer.status}", status=answer.status)
        root = ElementTree.fromstring(answer.content)  # noqa: S314 - Azure's own answer, over TLS
        yield from root.iterfind("Blobs/Blob")
        marker = root.findtext("NextMarker") or ""
        if not marker:
            return
