"""A container's blobs as XML, a page at a time."""

from collections.abc import Iterator, Mapping
from email.utils import formatdate
from itertools import islice
from xml.etree.ElementTree import Element, SubElement, tostring

from azml.emulator.control.arm.json import whole
from azml.emulator.control.storage.blobs import Blob, BlobStore
from azml.emulator.control.storage.names import check_text

PAGE = 5_000  # blobs; Azure's own limit


def list_blobs(container: str, blobs: BlobStore, query: Mapping[str, str]) -> bytes:
    """List Blobs (REST, restype=container&comp=list) with prefix, delimiter, marker and maxresults."""
    for name in ("prefix", "delimiter", "marker"):
        check_text(query.get(name, ""), name)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    limit = whole(query.get("maxresults", ""), PAGE) or PAGE
    found = _found(container, blobs, prefix, delimiter, query.get("marker", ""), limit + 1)
    page = list(islice(found, limit + 1))
    root = Element("EnumerationResults")
    SubElement(root, "Prefix").text = prefix
    SubElement(root, "MaxResults").text = str(limit)  # the real client asks for the next page with this one
    entries = SubElement(root, "Blobs")
    for one in page[:limit]:
        if isinstance(one, Blob):
            _entry(entries, one, with_metadata="metadata" in query.get("include", ""))
        else:
            SubElement(SubElement(entries, "BlobPrefix"), "Name").text = one
    SubElement(root, "NextMarker").text = _name(page[limit - 1]) if len(page) > limit else ""
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def block_list(staged: Mapping[str, int]) -> bytes:
    """The answer of Get Block List: ids of staged blocks with their sizes in bytes."""
    root = Element("BlockList")
    SubElement(root, "CommittedBlocks")
    entries = SubElement(root, "UncommittedBlocks")
    for name, size in staged.items():
        block = SubElement(entries, "Block")
        SubElement(block, "Name").text = name
        SubElement(block, "Size").text = str(size)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _found(
    container: str, blobs: BlobStore, prefix: str, delimiter: str, marker: str, batch_size: int
) -> Iterator[Blob | str]:
    """Blobs in order of name; names that continue after a delimiter are reduced to one common prefix."""
    folder = marker if delimiter and marker.endswith(delimiter) else ""  # all of it was listed
    after = marker
    while batch := blobs.under(container, prefix, after, batch_size):
        for blob in batch:
            rest = blob.name[len(prefix) :]
            first, divided, _ = rest.partition(delimiter) if delimiter else (rest, "", "")
            if not divided:
                yield blob
            elif folder != prefix + first + delimiter:
                folder = prefix + first + delimiter
                yield folder
        after = batch[-1].name


def _name(one: Blob | str) -> str:
    return one.name if isinstance(one, Blob) else one


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
        **blob.headers,
        "BlobType": "BlockBlob",
    }
    for name, value in values.items():
        SubElement(properties, name).text = value
    if with_metadata:
        metadata = SubElement(entry, "Metadata")
        for name, value in blob.metadata.items():
            SubElement(metadata, name).text = value
