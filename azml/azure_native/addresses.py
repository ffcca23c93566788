"""The inputs contained in a resource's address."""

import re

from azml.azure_native.types import Row
from azml.engine_values import Properties


def parse(row: Row, resource_id: str) -> Properties:
    """The inputs in the path of `resource_id`. Raises ValueError when it is not an id of this type."""
    pattern = re.sub(r"\\{(\w+)\\}", _group, re.escape(row.path))
    match = re.fullmatch(pattern, resource_id, re.IGNORECASE)
    if match is None:
        raise ValueError(f"{resource_id!r} is not an id of {row.token}: it must look like {row.path}")
    found = {name: match.group(name) for name in row.parameters}
    return {name: f"/{value}" if name in ("scope", "resourceUri") else value for name, value in found.items()}


def _group(match: re.Match[str]) -> str:
    name = match.group(1)
    return f"(?P<{name}>.+)" if name in ("scope", "resourceUri", "blobName") else f"(?P<{name}>[^/]+)"
