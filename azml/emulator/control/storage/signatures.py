"""Who may access a blob: a signed-in principal, a holder of the account's key, or of a signature by that key.

The strings that are signed: learn.microsoft.com, "Authorize with Shared Key" and "Create a service SAS"
(version 2020-12-06 and later).
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

SAS_VERSION = "2024-11-04"
_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
_SAS_TAIL = ("snapshot", "ses", "rscc", "rscd", "rsce", "rscl", "rsct")


def container_sas(account: str, container: str, key: str, permissions: str, lifetime: timedelta) -> str:
    """A query string that gives access to one container for a limited time."""
    end = (datetime.now(UTC) + lifetime).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {"sp": permissions, "se": end, "spr": "https", "sv": SAS_VERSION, "sr": "c"}
    return urlencode({**fields, "sig": _sas_signature(f"/blob/{account}/{container}", fields, key)})


def is_sas_good(
    account: str, container: str, blob: str, query: Mapping[str, str], keys: Iterable[str], permission: str
) -> bool:
    """Whether a signature is by an account's key, has not expired, and allows a letter of `permission`."""
    if query.get("sr") not in ("b", "c") or not set(permission) & set(query.get("sp", "")):
        return False
    if not _is_running(query):
        return False
    scope = f"/blob/{account}/{container}" + (f"/{blob}" if query["sr"] == "b" else "")
    given = query.get("sig", "").encode()
    return any(hmac.compare_digest(given, _sas_signature(scope, query, key).encode()) for key in keys)


def is_shared_key_good(
    authorization: str,
    account: str,
    method: str,
    raw_path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    keys: Iterable[str],
) -> bool:
    """Whether an `Authorization: SharedKey` header was made with one of the account's keys."""
    name, _, given = authorization.removeprefix("SharedKey ").partition(":")
    text = _shared_key_text(account, method, raw_path, query, headers)
    return name == account and any(
        hmac.compare_digest(given.encode(), _signature(text, key).encode()) for key in keys
    )


def _shared_key_text(
    account: str, method: str, raw_path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> str:
    values = {name.lower(): value for name, value in headers.items()}
    if values.get("content-length") == "0":
        values["content-length"] = ""
    own = sorted((name, value) for name, value in values.items() if name.startswith("x-ms-"))
    asked = sorted((name.lower(), value) for name, value in query.items())
    lines = [method, *(values.get(name, "") for name in _SIGNED_HEADERS)]
    lines += [f"{name}:{value}" for name, value in own]
    return "\n".join([*lines, f"/{account}{raw_path}", *(f"{name}:{value}" for name, value in asked)])


def _sas_signature(scope: str, fields: Mapping[str, str], key: str) -> str:
    first = [fields.get(name, "") for name in ("sp", "st", "se")]
    middle = [fields.get(name, "") for name in ("si", "sip", "spr", "sv", "sr")]
    text = "\n".join([*first, scope, *middle, *(fields.get(name, "") for name in _SAS_TAIL)])
    return _signature(text, key)


def _is_running(query: Mapping[str, str]) -> bool:
    now = datetime.now(UTC)
    start, end = _time(query.get("st", "")), _time(query.get("se", ""))
    return end is not None and now < end and (start is None or start <= now)


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _signature(text: str, key: str) -> str:
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
