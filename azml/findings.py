"""Faults in a user's files and settings: one record each, and one exception that carries them all."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """A position: the file, the line (from 1), the dotted key; the last three fields of a finding."""

    file: Path | None
    line: int | None
    key: str | None


NOWHERE = Place(None, None, None)
"""The position of what is written nowhere."""


@dataclass(frozen=True)
class Finding:
    """One fault in a user's file or setting.

    `message` says what is wrong, `remedy` what would be right. `line` counts from 1; `key` is the dotted
    path inside the file, such as `request_settings.request_timeout_ms`.
    """

    message: str
    remedy: str = ""
    file: Path | None = None
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        head = ": ".join(part for part in (place, self.key or "", self.message) if part)
        return f"{head}; {self.remedy}" if self.remedy else head


class InvalidInput(Exception):
    """A user's files or settings cannot be used. Carries every finding, not only the first."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The remedy for an unknown word: the likeliest known one, else the list of all known words."""
    choices = sorted(known)
    likely = get_close_matches(word, choices, n=1)
    return f"did you mean {likely[0]!r}?" if likely else f"known: {', '.join(choices)}"
