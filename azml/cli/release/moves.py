"""Which slot had the traffic before `azml traffic` moved it.

The stack's history has what updates requested. A move by `azml traffic` is not in it until the next update,
and that is when a rollback is most likely. So each move is recorded in the clone it was made from.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azml.atomic_write import write_atomically
from azml.cli.release import history
from azml.cli.stacks.stacks import Stack


def note(stack: Stack, endpoint: str, before: Mapping[str, int], after: Mapping[str, int]) -> None:
    """Record a move of the endpoint with the key `endpoint`: shares in percent, without zeros."""
    stable = history.holder(before) or before_move(stack, endpoint, before) or history.largest(before)
    notes = {**_read(stack), _key(stack, endpoint): {"stable": stable, "after": dict(after)}}
    _file(stack).parent.mkdir(exist_ok=True)
    write_atomically(_file(stack), json.dumps(notes, indent=1).encode())


def before_move(stack: Stack, endpoint: str, live: Mapping[str, int]) -> str | None:
    """The slot that had all the traffic before the moves that led to `live`; None if there were none."""
    found = _read(stack).get(_key(stack, endpoint)) or {}
    return found.get("stable") if found.get("after") == dict(live) else None


def _read(stack: Stack) -> dict[str, Any]:
    try:
        found = json.loads(_file(stack).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _file(stack: Stack) -> Path:
    return stack.clone.work / "moves.json"


def _key(stack: Stack, endpoint: str) -> str:
    return f"{stack.name}/{endpoint}"
