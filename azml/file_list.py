"""A bundle's files, by path, as one text: how they travel through the engine.

The engine handles and logs every property of every resource several times a command: 2,000 files as 2,000
properties cost a preview two seconds, one text costs nothing. Where a difference is shown, the engine takes
JSON in a text apart and names the entries that differ.
"""

import json
from collections.abc import Mapping
from typing import cast


def file_list_text(files: Mapping[str, str]) -> str:
    """`files`, from paths to what stands for their content, as JSON; equal files give equal texts."""
    return json.dumps(dict(files), sort_keys=True, ensure_ascii=False)


def file_list(value: object) -> dict[str, str]:
    """The files that `value` tells: a text, or the mapping that states of before have.

    Raises:
        ValueError: it is neither.
    """
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict) or not all(isinstance(content, str) for content in found.values()):
        raise ValueError(f"a file list maps paths to texts, not {value!r}")
    return cast(dict[str, str], found)
