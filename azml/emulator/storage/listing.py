"""A container's blobs as XML, a page at a time."""

from collections.abc import Mapping
from email.utils import formatdate
from xml.etree.ElementTree import Element, SubElement, tostring

from azml.emulator.arm.json import whole
from azml.emulator.storage.blobs import Blob, BlobStore
from azml.emulator.storage.names import check_text

PAGE = 5_000  # blobs; Azure's own limit


def list_blobs(container: str, blobs: BlobStore, query: Mapping[str, str]) -> bytes:
    """List Blobs (REST, restype=container&comp=list) with prefix, delimiter, marker and maxresults."""
    for name in ("prefix", "delimiter", "marker"):
        check_text(query.get(name, ""), name)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    limit = whole(query.get("maxresults", ""), PAGE) or PAGE
    page = blobs.under(container, prefix, query.get("marker", ""), limit + 1)
    root = Element("EnumerationResults")
    SubElement(root, "Prefix").text = prefix
    SubElement(root, "MaxResults").text = str(limit)  # the real client asks for the next page with this one
    entries = SubElement(root, "Blobs")
    folders: set[str] = set()
    for blob in page[:limit]:
        rest = blob.name[len(prefix) :]
        if delimiter and delimiter in rest:
            folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
        else:
            _entry(entries, blob, with_metadata="metadata" in query.get("include", ""))
    for folder in sorted(folders):
        SubElement(SubElement(entries, "BlobPrefix"), "Name").text = folder
    SubElement(root, "NextMarker").text = page[limit - 1].name if len(page) > limit else ""
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _entry(entries: Element, blob: Blob, *, with_metadata: bool) -> None:
    entry = SubElement(entries, "Blob")
    SubElement(entry, "Name").text = blob.name
    properties = SubElement(entry, "Properties")
    values = {
        "Last-Modified": formatdate(blob.modified, usegmt=True),
        "Etag": blob.etag,
        "Content-Length": str(blob.content.size),
        "Content-Type": blob.content_type,
        "Content-MD5": blob.content.md5,
        "BlobType": "BlockBlob",
    }
    for name, value in values.items():
        SubElement(properties, name).text = value
    if with_metadata:
        metadata = SubElement(entry, "Metadata")
        for name, value in blob.metadata.items():
            SubElement(metadata, name).text = value
