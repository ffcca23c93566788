"""Reads a conda file by conda's own rules, and the lines of a pip requirements file."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.supervisor.environments.conda_names import python_package

if TYPE_CHECKING:
    from rattler import MatchSpec

_SEPARATOR = re.compile(r"[-_.]+")
_SEVERAL = re.compile(r"^(?:defaults|\*)::")
HOST = "https://conda.anaconda.org"
"""The site of a channel that is given by name and not by address."""
_COMPARISON = re.compile(r"(~=|[<>!=]=?)?\s*(.+)")


@dataclass(frozen=True)
class CondaFile:
    """What a conda file asks for, as written: channels, conda's packages, and pip's lines."""

    channels: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapped:
    """Conda's packages as packages of the Python package index.

    `lines` are requirements as pip reads them. `python` is a version such as `3.10`, or a range such as
    `>=3.9`, or None where none is named. `dropped` are packages that only conda has. `notes` say what cannot
    be expressed as a pip requirement.
    """

    lines: tuple[str, ...] = ()
    python: str | None = None
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_conda(text: str) -> CondaFile:
    """A conda file's parts. Raises EnvironmentFailure when the text is not a conda file."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as broken:
        raise EnvironmentFailure(f"the conda file is not valid YAML: {broken}") from broken
    dependencies = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(dependencies, list):
        raise EnvironmentFailure("the conda file has no list of dependencies")
    channels = document.get("channels") or []
    if not isinstance(channels, list):
        raise EnvironmentFailure("the conda file's channels are not a list")
    packages = tuple(str(entry).strip() for entry in dependencies if not isinstance(entry, dict))
    for package in packages:
        _spec(package)
    pip = [line for entry in dependencies if isinstance(entry, dict) for line in _pip_section(entry)]
    return CondaFile(tuple(map(str, channels)), packages, tuple(pip))


def read_requirements(text: str) -> tuple[str, ...]:
    """The lines of a pip requirements file, without comments, and with continued lines joined."""
    joined = re.sub(r"\\\r?\n", " ", text)
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines())
    return tuple(line for line in lines if line)


def mapped(packages: tuple[str, ...]) -> Mapped:
    """Conda's packages as pip requirements. Raises EnvironmentFailure for one that conda cannot read."""
    lines: list[str] = []
    dropped: list[str] = []
    notes: list[str] = []
    python: str | None = None
    for package in packages:
        spec = _spec(package)
        name = spec.name.normalized if spec.name else package
        if name == "pip":
            continue
        version, note = _version(spec.version)
        if note:
            notes.append(f"{package}: {note}")
        known = python_package(name)
        if name == "python":
            python = _python(version)
        elif known is None:
            dropped.append(name)
        else:
            lines.append(f"{known}{version}")
    return Mapped(tuple(lines), python, tuple(dropped), tuple(notes))


def channels_of(packages: tuple[str, ...]) -> tuple[str, ...]:
    """The channels (names or addresses) that packages specify, as `conda-forge::numpy` does."""
    named = (_spec(package).channel for package in packages)
    return tuple(channel.base_url.rstrip("/").removeprefix(f"{HOST}/") for channel in named if channel)


def for_solver(package: str) -> str:
    """A package in the form that rattler needs: it takes `defaults::` for a single channel of that name."""
    return _SEVERAL.sub("", package)


def distribution(line: str) -> str:
    """The normalised name a requirement line is about; empty for an option such as `--pre`."""
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*(?!\S*://)", line)
    return _SEPARATOR.sub("-", found.group()).lower() if found else ""


def _pip_section(entry: dict[Any, Any]) -> list[str]:
    section = entry.get("pip") or []
    if set(entry) != {"pip"} or not isinstance(section, list):
        raise EnvironmentFailure(f"the conda file has a section that is not a list of pip packages: {entry}")
    return [part for line in section for part in read_requirements(str(line))]


def _spec(package: str) -> "MatchSpec":
    """A package as conda reads it."""
    from rattler import MatchSpec  # takes a tenth of a second
    from rattler.exceptions import InvalidMatchSpecError

    try:
        return MatchSpec(package)
    except InvalidMatchSpecError as wrong:
        message = f"the conda file has a dependency that conda cannot read: {package!r}: {wrong}"
        raise EnvironmentFailure(message) from wrong


def _version(wanted: str | None) -> tuple[str, str]:
    """A version as pip writes it, and what is lost. Pip cannot express alternatives: the newest is used."""
    if not wanted or wanted == "*":
        return "", ""
    choices = [choice for part in wanted.split("|") if (choice := _choice(part))]
    if not choices:
        return "", f"the version {wanted} has no equivalent in pip, so any version is taken"
    best = max(choices, key=_newest)
    return best, f"of these versions, pip is asked for {best}" if "|" in wanted else ""


def _choice(part: str) -> str:
    """One alternative: comparisons that must all hold. Empty when pip has no equivalent."""
    written = [_comparison(one.strip(" ()")) for one in part.split(",")]
    try:
        return ",".join(str(SpecifierSet(one)) for one in written if one)
    except InvalidSpecifier:
        return ""


def _comparison(wanted: str) -> str:
    found = _COMPARISON.fullmatch(wanted)
    if found is None or wanted == "*":
        return ""
    operator, version = found[1] or "==", found[2]
    if operator == "=":
        operator = "=="
    if operator == "<":
        # Conda's `<2.0a0` is pip's `<2.0`; pip would take `a0` as permission for pre-releases.
        version = re.sub(r"\.?(?:a|alpha|b|dev|rc)0$", "", version)
    return f"{operator}{version}"


def _newest(choice: str) -> tuple[Version, bool]:
    versions = []
    for one in SpecifierSet(choice):
        try:
            versions.append((Version(one.version.removesuffix(".*")), one.operator.startswith((">", "="))))
        except InvalidVersion:
            continue
    return max(versions, default=(Version("0"), False))


def _python(version: str) -> str | None:
    """What to ask uv for: for a pin such as `3.10.4`, `3.10`; a range unchanged."""
    pinned = re.match(r"==(\d+(?:\.\d+)?)", version)
    return pinned.group(1) if pinned else version or None
