"""What a request wants a blob to be like before it is read or changed.

Rules: learn.microsoft.com, "Specifying conditional headers for Blob service operations".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from azml.emulator.control.storage.blobs import Blob
from azml.emulator.control.storage.messages import StorageError


def check_read(headers: Mapping[str, str], blob: Blob) -> None:
    """Raises StorageError 412, or 304 where the client has what it would get."""
    if _is_known(headers, blob):
        raise StorageError(304, "ConditionNotMet", "The blob is the one that the client has.")
    _check_unchanged(headers, blob)


def check_change(headers: Mapping[str, str], blob: Blob) -> None:
    """Raises StorageError 412."""
    if _is_known(headers, blob):
        raise _not_met()
    _check_unchanged(headers, blob)


def check_put(headers: Mapping[str, str], there: Blob | None) -> None:
    """The same for a blob that may not be there yet. Raises StorageError 409 where it is to be a new one."""
    if there is None:
        if "if-match" in headers:
            raise _not_met()
        return
    if headers.get("if-none-match") == "*":
        raise StorageError(409, "BlobAlreadyExists", "The specified blob already exists.")
    check_change(headers, there)


def _check_unchanged(headers: Mapping[str, str], blob: Blob) -> None:
    since = _date(headers, "if-unmodified-since")
    if headers.get("if-match", "*") not in ("*", blob.etag) or (since and _modified(blob) > since):
        raise _not_met()


def _is_known(headers: Mapping[str, str], blob: Blob) -> bool:
    since = _date(headers, "if-modified-since")
    return headers.get("if-none-match") in ("*", blob.etag) or bool(since and _modified(blob) <= since)


def _modified(blob: Blob) -> datetime:
    return datetime.fromtimestamp(int(blob.modified), UTC)  # headers know whole seconds


def _date(headers: Mapping[str, str], name: str) -> datetime | None:
    if not (text := headers.get(name)):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError as error:
        raise StorageError(400, "InvalidHeaderValue", f"{name} is not a date: '{text}'.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _not_met() -> StorageError:
    return StorageError(412, "ConditionNotMet", "The condition specified is not met.")
