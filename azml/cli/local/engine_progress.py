"""An update's progress in few lines, for a pipe or a file: the current operations, and the messages."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azml.cli.terminal import Step

BLOCKS = ("Diagnostics:", "Policies:", "Outputs:", "Resources:")
"""The last sections of the engine's display; before them it has a row or two for every resource."""
COUNTS = "Resources:"
"""The last section: how many resources were created, deleted and so on, which the caller prints itself."""
NAMED_AT_ONCE = 3


class EngineProgress:
    """Reads the engine's event log as it grows, and reports the current operations."""

    def __init__(self, events: Path, step: Step) -> None:
        self._events = events
        self._step = step
        self._read = 0
        self._under_way: dict[str, str] = {}
        self._done: Counter[str] = Counter()

    def tell(self) -> None:
        """Read and report the events since the last call; may be called often."""
        for event in self._news():
            if begun := event.get("resourcePreEvent"):
                self._under_way[begun["metadata"]["urn"]] = begun["metadata"]["op"]
            elif ended := event.get("resOutputsEvent") or event.get("resOpFailedEvent"):
                operation = self._under_way.pop(ended["metadata"]["urn"], "")
                self._done["read from Azure" if operation == "refresh" else "done"] += bool(operation)
        self._step.say(self._now())

    def _news(self) -> Iterator[dict[str, Any]]:
        """The new events, from complete lines only: the last may be half-written."""
        if not self._events.is_file():
            return
        with self._events.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                yield json.loads(line)

    def _now(self) -> str:
        # Components and the stack take as long as their children: they add no information.
        at = [
            f"{operation} {urn.rpartition('::')[2]}"
            for urn, operation in self._under_way.items()
            if operation != "same" and ":components:" not in urn and "pulumi:pulumi:" not in urn
        ]
        more = f" and {len(at) - NAMED_AT_ONCE} more" if len(at) > NAMED_AT_ONCE else ""
        counted = ", ".join(f"{count} {what}" for what, count in self._done.items() if count) or "starting"
        return f"{', '.join(at[:NAMED_AT_ONCE])}{more}; {counted}" if at else counted


def last_words(shown: str) -> str:
    """The last sections of the engine's display, without the counts; all of it when there are none."""
    lines = shown.splitlines()
    at = [number for number, line in enumerate(lines) if line.strip() in BLOCKS]
    if not at:
        return shown.strip()
    end = next((number for number in at if lines[number].strip() == COUNTS), len(lines))
    return "\n".join(lines[at[0] : end]).strip()
