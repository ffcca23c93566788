"""Operations of Azure Machine Learning that its published description has and the local Azure lacks.

Each is sent to an empty control plane, so the list follows the actual routes.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azml.emulator.base.identity import SUBSCRIPTION, issue_token
from azml.emulator.control.server.app import Control

FILE = Path(__file__).with_name("operations.json")
_ABSENT = frozenset({"InvalidResourceType", "InvalidResourceId", "MethodNotAllowed", "NotFound"})
_COMMON = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/"
_NAMES: Mapping[str, str] = {"subscriptionId": SUBSCRIPTION}


def source() -> str:
    """The package that describes the operations, with its version."""
    return str(_document()["source"])


def gaps(control: Control) -> list[tuple[str, str]]:
    """The missing operations: each address, without the prefix that all share, and its methods."""
    return asyncio.run(_gaps(control))


async def _gaps(control: Control) -> list[tuple[str, str]]:
    missing: dict[str, list[str]] = {}
    for line in _document()["operations"]:
        method, _, path = line.partition(" ")
        if await _code(control, method, path) in _ABSENT:
            missing.setdefault(path.removeprefix(_COMMON), []).append(method)
    return [(f"`{path}`", ", ".join(sorted(methods))) for path, methods in sorted(missing.items())]


async def _code(control: Control, method: str, path: str) -> str:
    """The error code that a request gets; empty if it succeeds."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await control.app(_scope(control, method, path), receive, send)
    document = json.loads(b"".join(part.get("body", b"") for part in sent[1:]) or b"{}")
    return str(document.get("error", {}).get("code", ""))


def _scope(control: Control, method: str, path: str) -> dict[str, Any]:
    token, _ = issue_token(control.identity, "https://management.azure.com")
    asked = re.sub(r"{(\w+)}", lambda found: _NAMES.get(found[1], "none"), path)
    host = control.addresses.arm.partition("://")[2]
    headers = {"host": host, "authorization": f"Bearer {token}", "content-type": "application/json"}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": asked,
        "raw_path": asked.encode(),
        "query_string": b"api-version=2025-12-01",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 1),
    }


def _document() -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document
