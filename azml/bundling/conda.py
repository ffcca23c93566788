"""Checks the conda file by conda's own rules."""

from __future__ import annotations  # conda's rules are loaded only when a file needs them

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from azml.findings import Finding, did_you_mean
from azml.specs import Node

from .misnamed import known_wrong
from .pip_section import check_pip

if TYPE_CHECKING:
    from rattler import MatchSpec

KEYS = ("name", "channels", "dependencies", "prefix", "variables", "platforms")
CHANNELS = ("conda-forge", "defaults", "anaconda", "main", "free", "r", "bioconda", "pytorch", "nvidia")
CHANNELS_TOO = ("intel", "microsoft", "rapidsai", "huggingface", "fastai", "apple", "nodefaults")


def check_conda(root: Node, findings: list[Finding]) -> None:
    """Add a finding for everything in a conda file that is invalid."""
    if not root.is_table:
        findings.append(root.wrong("is not a mapping", "channels: and dependencies:"))
        return
    for name, node in root.value.items():
        if name not in KEYS:
            findings.append(node.wrong("is not a known key", did_you_mean(str(name), KEYS)))
    _check_channels(root.value.get("channels"), findings)
    dependencies = root.value.get("dependencies")
    if dependencies is None:
        findings.append(root.wrong("has no dependencies", "dependencies: [python=3.11, pip, ...]"))
    elif not isinstance(dependencies.value, list):
        findings.append(dependencies.wrong("is not a list", "one package a line, each after a dash"))
    else:
        _check_dependencies(dependencies, findings)


def _check_channels(node: Node | None, findings: list[Finding]) -> None:
    """Channels are names or URLs; a misspelt name is recognised by its similarity to a known one."""
    if node is None:
        return
    if not isinstance(node.value, list):
        findings.append(node.wrong("is not a list", "channels: [conda-forge]"))
        return
    for item in node.value:
        if not isinstance(item.value, str) or not item.value:
            findings.append(item.wrong("is not the name of a channel", "such as conda-forge"))
        elif "://" in item.value:
            if not item.value.startswith("https://"):
                findings.append(item.wrong(f"{item.value!r} is not https", "use an https address"))
        elif re.search(r"[^\w./\-]", item.value):
            findings.append(item.wrong(f"{item.value!r} is not a channel's name", "such as conda-forge"))
        elif item.value not in (*CHANNELS, *CHANNELS_TOO) and _is_like(item.value):
            findings.append(item.wrong(f"{item.value!r} looks misspelt", did_you_mean(item.value, CHANNELS)))


def _is_like(channel: str) -> bool:
    """Whether a channel is so similar to a known one that it is probably misspelt.

    One that extends a known name is another channel, such as `pytorch-nightly` and `pytorch3d`.
    """
    known = ("conda-forge", "defaults", "anaconda", "bioconda", "pytorch", "nvidia")
    plain = re.sub(r"[^a-z]", "", channel.lower())
    if plain in {name.replace("-", "") for name in known}:
        return True
    return not channel.startswith(known) and bool(get_close_matches(channel, known, n=1, cutoff=0.8))


def _check_dependencies(node: Node, findings: list[Finding]) -> None:
    """Check every package, conda's and pip's; none may appear twice in one section."""
    seen: dict[str, int | None] = {}
    lines: list[Node] = []
    python: str | None = None
    if not node.value:
        findings.append(node.wrong("is empty", "name at least python"))
    for item in node.value:
        if isinstance(item.value, str):
            spec = _check_conda_spec(item, seen, findings)
            python = spec.version if spec and spec.name and spec.name.normalized == "python" else python
        elif item.is_table and set(item.value) == {"pip"} and isinstance(item.value["pip"].value, list):
            lines += item.value["pip"].value
        else:
            findings.append(
                item.wrong("is not a dependency", "a package such as numpy=1.26, or pip: with a list")
            )
    check_pip(lines, python, findings)


def _check_conda_spec(item: Node, seen: dict[str, int | None], findings: list[Finding]) -> MatchSpec | None:
    """One conda package, read as conda reads it: `numpy=1.26`, `numpy>=1.2,<2`, `conda-forge::numpy`."""
    spec = read_spec(item.value)
    if isinstance(spec, str):
        message = f"{item.value!r} is not a conda package: {spec}"
        findings.append(item.wrong(message, "such as numpy=1.26"))
        return None
    name = spec.name.normalized if spec.name else item.value
    if known_wrong(item, name, findings):
        return spec
    if name in seen:
        findings.append(item.wrong(f"{name!r} appears twice", f"it is also on line {seen[name]}"))
    seen[name] = item.line
    return spec


def read_spec(text: str) -> MatchSpec | str:
    """A package as conda reads it, or why conda cannot read it."""
    from rattler import MatchSpec  # takes a tenth of a second, and many runs do not need it
    from rattler.exceptions import InvalidMatchSpecError

    try:
        return MatchSpec(text.strip())
    except InvalidMatchSpecError as wrong:
        return str(wrong).splitlines()[0]
