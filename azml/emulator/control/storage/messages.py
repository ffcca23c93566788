"""The blob service's headers and bodies, and its errors."""

import re
from collections.abc import AsyncIterator
from email.utils import formatdate
from xml.etree.ElementTree import ParseError, XMLParser, fromstring
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from azml.emulator.control.storage.blobs import Blob
from azml.emulator.control.storage.names import check_metadata

BLOCK_LIST_LIMIT = 8 << 20  # bytes; 50,000 block ids fit
_META = "x-ms-meta-"
_KEPT = ("Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language")
_RANGE = re.compile(r"bytes=(\d{1,20})-(\d{0,20})", re.ASCII)


class StorageError(Exception):
    """A refusal of the storage service: HTTP status and Azure's code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def metadata_of(request: Request) -> dict[str, str]:
    """A request's metadata. Raises ArmError 400 for metadata that is not valid."""
    found = {
        name.removeprefix(_META): value for name, value in request.headers.items() if name.startswith(_META)
    }
    check_metadata(found)
    return found


def kept_headers(request: Request, *, is_content: bool) -> dict[str, str]:
    """The headers to return with a blob; where the body is its content, the body's headers count too."""
    sent = {name: request.headers.get(f"x-ms-blob-{name}") for name in _KEPT}
    own = {name: request.headers.get(name) for name in _KEPT if is_content}
    return {name: value for name in _KEPT if (value := sent[name] or own.get(name))}


def stamps(blob: Blob) -> dict[str, str]:
    """The headers that identify one state of a blob."""
    modified = formatdate(blob.modified, usegmt=True)
    return {"ETag": blob.etag, "Last-Modified": modified, "x-ms-request-server-encrypted": "false"}


def headers_of(blob: Blob) -> dict[str, str]:
    """All headers of a GET."""
    return {
        **stamps(blob),
        **blob.headers,
        "Content-Type": blob.content_type,
        "Content-MD5": blob.content.md5,
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        **metadata_headers(blob),
    }


def metadata_headers(blob: Blob) -> dict[str, str]:
    """The metadata as headers."""
    return {f"{_META}{name}": value for name, value in blob.metadata.items()}


def range_of(request: Request, size: int) -> tuple[int, int] | None:
    """The first and last byte that a request asks for, None for all `size`. Raises StorageError 416."""
    asked = request.headers.get("x-ms-range") or request.headers.get("range")
    if not asked:
        return None
    if matched := _RANGE.fullmatch(asked):
        start, end = int(matched[1]), min(int(matched[2] or size), size - 1)
        if start <= end:
            return start, end
    raise StorageError(416, "InvalidRange", "The range specified is invalid for the blob's size.")


async def within(stream: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """A body as it arrives. Raises StorageError 413 once it exceeds `limit` bytes."""
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size > limit:
            raise StorageError(413, "RequestBodyTooLarge", f"The body is larger than {limit} bytes.")
        yield chunk


async def small_body(request: Request) -> bytes:
    """The body of a block list. Raises StorageError 413."""
    return b"".join([chunk async for chunk in within(request.stream(), BLOCK_LIST_LIMIT)])


def block_ids(body: bytes) -> list[str]:
    """The blocks of a list, in order. Raises StorageError 400."""
    try:
        text = body.decode("utf-8-sig")  # in another encoding, the next check would miss its text
        if "<!" in text:  # a document type could define endlessly expanding entities
            raise StorageError(400, "InvalidXmlDocument", "The block list must not have a document type.")
        return [(entry.text or "").strip() for entry in fromstring(text, XMLParser())]  # noqa: S314, checked
    except (UnicodeDecodeError, ParseError) as error:
        raise StorageError(400, "InvalidXmlDocument", f"The block list is not XML: {error}") from error


def refusal(error: StorageError) -> Response:
    """An error as the storage service answers it."""
    named = {"x-ms-error-code": error.code}
    if error.status == 304:  # has no body
        return Response(status_code=304, headers=named)
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{error.code}</Code><Message>{escape(str(error))}'
    )
    return Response(
        f"{body}</Message></Error>",
        error.status,
        named,
        media_type="application/xml",
    )
