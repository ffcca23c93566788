"""A bundle's files, by path, as one text: the form in which they pass through the engine.

The engine handles and logs every property of every resource several times per command: 2,000 files as 2,000
properties cost a preview two seconds, one text costs nothing. When the engine shows a difference, it parses
JSON in a text and names the entries that differ.
"""

import json
from collections.abc import Mapping
from typing import cast


def file_list_text(files: Mapping[str, str]) -> str:
    """`files`, a mapping of paths to content digests, as JSON; equal files give equal texts."""
    return json.dumps(dict(files), sort_keys=True, ensure_ascii=False)


def file_list(value: object) -> dict[str, str]:
    """The files in `value`: a text, or the mapping that older states contain.

    Raises:
        ValueError: it is neither.
    """
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict) or not all(isinstance(content, str) for content in found.values()):
        raise ValueError(f"a file list maps paths to texts, not {value!r}")
    return cast(dict[str, str], found)
