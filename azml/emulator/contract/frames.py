"""Collected data sent from the data plane to the control plane: a head in JSON, and the raw bytes."""

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

_SIZES = struct.Struct(">II")


@dataclass(frozen=True)
class Frame:
    """One event. `deployment` is its key; `collection` is `request`, `response` or one of a scoring script's.

    `time` is unix seconds; `attributes` are the record's, which only some collections have.
    """

    deployment: str
    collection: str
    id: str
    time: float
    content_type: str
    body: bytes
    attributes: dict[str, str] = field(default_factory=dict)


def to_bytes(frame: Frame) -> bytes:
    """The frame in the form in which it is written."""
    fields: dict[str, Any] = asdict(frame)
    body: bytes = fields.pop("body")
    head = json.dumps(fields).encode()
    return _SIZES.pack(len(head), len(body)) + head + body


def read_frames(file: BinaryIO) -> Iterator[Frame]:
    """All complete frames: a killed writer may have left an incomplete one at the end."""
    while len(sizes := file.read(_SIZES.size)) == _SIZES.size:
        head_size, body_size = _SIZES.unpack(sizes)
        head, body = file.read(head_size), file.read(body_size)
        if len(head) < head_size or len(body) < body_size:
            return
        yield Frame(body=body, **json.loads(head))
