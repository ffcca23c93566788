"""A pip requirements file in the form uv accepts: options that uv spells differently or ignores."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from azml.emulator.base.failures import EnvironmentFailure

Reader = Callable[[Path], tuple[str, ...]]
"""Returns the lines of a requirements file."""

_OPTION = re.compile(r"(?P<name>-\w|--[\w-]+)(?:\s+|=|(?<=-\w))?(?P<value>.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_ASIDE = re.compile(r"\s+(--(?:global-option|config-settings?)\b|-C\b).*")
_FILES = {"-r": "-r", "--requirement": "-r", "-c": "-c", "--constraint": "-c"}
_INDEXES = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index")
_UNNEEDED = ("--prefer-binary", "--use-feature")


@dataclass(frozen=True)
class PipLines:
    """Lines for a file that uv reads, the options to pass with it, and notes about what was dropped.

    `own_indexes` says that the lines name an index or files of their own.
    """

    lines: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    own_indexes: bool = False


def for_uv(lines: tuple[str, ...]) -> PipLines:
    """The lines for uv. Raises EnvironmentFailure for what neither Azure nor this machine accepts."""
    kept: list[str] = []
    options: list[str] = []
    notes: list[str] = []
    own = False
    for line in lines:
        if _VARIABLE.search(line):
            # They would be filled from this machine's environment, which Azure's image build does not have.
            raise EnvironmentFailure(f"{line!r} uses a variable, and Azure's image build has none")
        name, value = _option(line)
        own = own or name in _INDEXES
        if name in ("-e", "--editable"):
            kept.append(value)  # the same code; an installed copy cannot be edited anyway
        elif name == "--pre":
            options += ["--prerelease", "allow"]
        elif name == "--trusted-host":
            options += ["--allow-insecure-host", value]
        elif name == "--require-hashes":
            options.append(name)
        elif name in _UNNEEDED:
            notes.append(f"{line}: has no effect here")
        else:
            bare = _ASIDE.sub("", line)
            notes += [f"{line}: build options have no effect here"] if bare != line else []
            kept.append(bare)
    if own:
        # As pip does: the best version of all indexes; uv would use only the first that has the name.
        options += ["--index-strategy", "unsafe-best-match"]
    return PipLines(tuple(kept), tuple(options), tuple(notes), own)


def with_files(lines: tuple[str, ...], folder: Path, read: Reader, depth: int = 0) -> tuple[str, ...]:
    """The lines with those of the files they name (`-r`, `-c`) in `folder`.

    A constraints file becomes a path. Raises EnvironmentFailure for a file outside the folder.
    """
    found: list[str] = []
    for line in lines:
        name, value = _option(line)
        if name not in _FILES or "://" in value:
            found.append(line)
            continue
        path = (folder / value).resolve()
        if depth > 5 or not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise EnvironmentFailure(f"{line!r} names a file outside the model's folder")
        if _FILES[name] == "-c":
            found.append(f"-c {path}")
        else:
            found += with_files(read(path), folder, read, depth + 1)
    return tuple(found)


def hashed(lines: tuple[str, ...]) -> bool:
    """Whether a line has a hash; pip then requires one for each package."""
    return any("--hash" in line for line in lines)


def _option(line: str) -> tuple[str, str]:
    found = _OPTION.fullmatch(line) if line.startswith("-") else None
    return (found["name"], found["value"].strip()) if found else ("", line)
