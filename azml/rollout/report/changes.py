"""What is another one in the candidate: files, packages and settings of two versions, compared by name."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from azml.rollout.report.records import Change, ChangeKind

KINDS: tuple[ChangeKind, ...] = ("file", "package", "setting")


@dataclass(frozen=True)
class Version:
    """What a deployment serves: each file's mark, which changes with its content; packages; settings."""

    files: Mapping[str, str]
    packages: Mapping[str, str]
    settings: Mapping[str, str]


def changes(stable: Version, candidate: Version) -> tuple[Change, ...]:
    """Everything that differs, by kind and name."""
    both = (
        (stable.files, candidate.files),
        (stable.packages, candidate.packages),
        (stable.settings, candidate.settings),
    )
    return tuple(
        change for kind, (old, new) in zip(KINDS, both, strict=True) for change in _differing(kind, old, new)
    )


def _differing(kind: ChangeKind, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield Change(kind, name, old.get(name), new.get(name))


def as_text(found: tuple[Change, ...]) -> str:
    """Changes as JSON, to be kept beside the journal."""
    return json.dumps([[one.kind, one.name, one.stable, one.candidate] for one in found])


def from_text(text: str) -> tuple[Change, ...]:
    """The changes of a text. Raises ValueError."""
    rows = json.loads(text)
    if not isinstance(rows, list):
        raise ValueError("is not a list of changes")
    return tuple(_change(row) for row in rows)


def _change(row: object) -> Change:
    match row:
        case ["file" | "package" | "setting" as kind, str(name), str() | None as old, str() | None as new]:
            return Change(kind, name, old, new)
    raise ValueError(f"is not a change: {row!r}")


def packages_in(conda_file: object) -> dict[str, str]:
    """The packages that a conda file's document asks for: names in lower case, with what follows them."""
    found: dict[str, str] = {}
    entries = conda_file.get("dependencies") if isinstance(conda_file, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        inner = entry.get("pip") if isinstance(entry, dict) else [entry]
        for one in inner if isinstance(inner, list) else ():
            name, version = _package(str(one))
            found[name] = version
    return found


def _package(text: str) -> tuple[str, str]:
    """`numpy>=1.26` and `python=3.11` as a name and the rest; without a version, `any`."""
    bare = text.strip()
    end = next((place for place, sign in enumerate(bare) if sign in "=<>!~ ;@["), len(bare))
    return bare[:end].lower().replace("_", "-"), bare[end:].strip().lstrip("=") or "any"
