"""The file backend: a run killed while it wrote a file leaves it half-written, and nothing reads on."""

import json
import shutil
from pathlib import Path

LAYOUT = "version: 1\n"
"""All that a backend's `meta.yaml` says: that stacks lie in folders by project."""


def repair(backend: Path) -> list[str]:
    """Put right what a killed write left; what was done, in words. Only for a backend nobody works on.

    The backend writes a file beside its place and moves it there, so content is whole. Its attributes
    (`.attrs`) are written in place: without them the file is read as it is, with half of them not at all.
    """
    done = [
        _remove(path, "half-written attributes") for path in _named(backend, "*.attrs") if not _json(path)
    ]
    done += [_remove(path, "a write that was cut off") for path in _named(backend, "*.tmp")]
    meta = backend / "meta.yaml"
    if meta.is_file() and not meta.read_bytes().startswith(b"version: "):
        meta.write_text(LAYOUT)
        done.append("wrote meta.yaml anew, which said nothing of the folder's layout")
    for state in _named(backend / "stacks", "*.json"):
        spare = state.with_name(f"{state.name}.bak")
        if not _json(state) and _json(spare):
            shutil.copyfile(spare, state)
            done.append(f"the state before the last, for {state.name} was not JSON")
    return done


def set_aside(backend: Path) -> list[str]:
    """Rename each state that nobody can read, so that a new one takes its place; what was done, in words.

    For after `repair`, where Azure can tell what there is.
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
