"""Collected data as Azure's data collector writes it: a CloudEvent a line.

Source: "Collect production data from models deployed for real-time inferencing".
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from azml.emulator.contract.frames import Frame
from azml.emulator.control.arm.json import Json

INLINE_LIMIT = 4 * 1024 * 1024
"""Bytes of data in a record; what is larger is a blob of its own that the record points at."""
_FOLDERS = {
    "year": "%Y",
    "month": "%Y/%m",
    "day": "%Y/%m/%d",
    "hour": "%Y/%m/%d/%H",
    "minute": "%Y/%m/%d/%H/%M",
}


@dataclass(frozen=True)
class Line:
    """One record. `raw` is the data where it is not JSON or too large: the record points at a blob of it."""

    text: bytes
    raw: bytes | None


def folder_of(rolling_rate: str | None, moment: float) -> str:
    """The folder of a time (unix seconds) under a collection's path. Azure rolls by the hour."""
    pattern = _FOLDERS.get((rolling_rate or "hour").lower(), _FOLDERS["hour"])
    return datetime.fromtimestamp(moment, UTC).strftime(pattern)


def line_of(frame: Frame, source: str, raw_url: str) -> Line:
    """The record of a frame. `source` is the deployment's ARM id; `raw_url` where its data would be."""
    data = _json(frame)
    record: Json = {
        "specversion": "1.0",
        "id": frame.id,
        "source": source,
        "type": f"azureml.inference.{frame.collection}",
        "datacontenttype": frame.content_type,
        "time": datetime.fromtimestamp(frame.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **frame.attributes,
        "contentrange": f"bytes 0-{max(len(frame.body) - 1, 0)}/{len(frame.body)}",
    }
    if data is None:
        record["datainblob"] = "true"
        data = json.dumps(raw_url)
        raw = frame.body
    else:
        raw = None
    head = json.dumps(record, separators=(",", ":"))
    return Line(f'{head[:-1]},"data":{data}}}\n'.encode(), raw)


def _json(frame: Frame) -> str | None:
    """The data as JSON on one line; None where it is something else, as NaN is, or too large for a line."""
    if len(frame.body) > INLINE_LIMIT or "json" not in frame.content_type.lower():
        return None
    try:
        return json.dumps(json.loads(frame.body), separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        return None
