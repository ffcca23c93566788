"""The names that Azure Storage accepts.

Rules: learn.microsoft.com, "Naming and referencing containers, blobs, and metadata" and "Put Block".
"""

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from azml.emulator.control.arm.errors import bad_request

NAME_LIMIT = 1_024  # characters
BLOCK_LIMIT = 64  # bytes, before base64
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_text(text: str, what: str) -> None:
    """Raise ArmError 400 for a blob's name, or a part of one, that an XML listing cannot contain."""
    if len(text) > NAME_LIMIT or _CONTROL.search(text):
        message = f"The {what} has more than {NAME_LIMIT} characters, or control characters."
        raise bad_request(message, "InvalidResourceName")


def check_readable(raw_path: bytes) -> None:
    """Raise ArmError 400 for a path that is not UTF-8: several such names would be decoded to the same."""
    try:
        unquote_to_bytes(raw_path.partition(b"?")[0]).decode()
    except UnicodeDecodeError:
        raise bad_request("The path is not percent-encoded UTF-8.", "InvalidUri") from None


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Names must be C# identifiers, and values printable."""
    for name, value in metadata.items():
        if not _IDENTIFIER.fullmatch(name) or _CONTROL.search(value):
            raise bad_request(f"The metadata {name!r} is not valid.", "InvalidMetadata")


def check_block(block: str) -> None:
    """A block's id is base64 of at most 64 bytes."""
    try:
        length = len(base64.b64decode(block, validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if not 0 < length <= BLOCK_LIMIT:
        raise bad_request("blockid must be base64 of 1 to 64 bytes.", "InvalidQueryParameterValue")
