"""Repairs the file backend: a run killed during a write leaves a half-written file that blocks the next."""

import json
import shutil
from pathlib import Path

LAYOUT = "version: 1\n"
"""The content of a backend's `meta.yaml`: stacks are in folders by project."""


def repair(backend: Path) -> list[str]:
    """Repair what a killed write left; returns what was done, in words. Only for a backend not in use.

    The backend writes a temporary file and moves it into place, so contents are complete. Attributes
    (`.attrs`) are written in place: a file without them can be read, one with half-written ones cannot.
    """
    done = [
        _remove(path, "half-written attributes") for path in _named(backend, "*.attrs") if not _json(path)
    ]
    done += [_remove(path, "a write that was cut off") for path in _named(backend, "*.tmp")]
    meta = backend / "meta.yaml"
    if meta.is_file() and not meta.read_bytes().startswith(b"version: "):
        meta.write_text(LAYOUT)
        done.append("rewrote meta.yaml, which did not give the folder's layout")
    for state in _named(backend / "stacks", "*.json"):
        spare = state.with_name(f"{state.name}.bak")
        if not _json(state) and _json(spare):
            shutil.copyfile(spare, state)
            done.append(f"restored the previous state, because {state.name} was not JSON")
    return done


def set_aside(backend: Path) -> list[str]:
    """Rename each unreadable state, so that a new one can replace it; returns what was done, in words.

    To be used after `repair`, where Azure shows what exists.
    """
    done = []
    for state in _named(backend / "stacks", "*.json"):
        if not _json(state) or "checkpoint" not in json.loads(state.read_text()):
            state.replace(state.with_name(f"{state.name}.damaged"))
            done.append(f"set aside, as {state.name}.damaged, a state that is not valid Pulumi JSON")
    return done


def _named(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.rglob(pattern)) if folder.is_dir() else []


def _json(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_text()), dict)
    except (OSError, ValueError):
        return False


def _remove(path: Path, what: str) -> str:
    path.unlink(missing_ok=True)
    return f"removed {what}: {path.name}"
