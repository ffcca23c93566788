"""Reads a file into a frozen record, or raises every finding at once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from azml.findings import Finding, InvalidInput, Place

from .deployment import read_deployment
from .document import Node, parse, read_text
from .endpoint import read_endpoint
from .records import DeploymentSpec, EndpointSpec, Source

NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})
Places = Callable[[str], Place]
Spec = TypeVar("Spec")


def load_endpoint(path: Path) -> EndpointSpec:
    """Read an online endpoint file.

    Raises InvalidInput with every finding: what azure-ai-ml's loader refuses, and what it accepts but Azure
    refuses later (docs/bundling.md lists it).
    """
    return _load(path, NO_OVERRIDES, _nowhere, read_endpoint)


def _nowhere(key: str) -> Place:
    return Place(None, None, key or None)


def load_deployment(
    path: Path, *, overrides: Mapping[str, object] = NO_OVERRIDES, override_place: Places = _nowhere
) -> DeploymentSpec:
    """Read an online deployment file.

    `overrides` replace its keys, mappings key by key; paths in them are relative to the file's folder too,
    and `override_place` gives the position of each dotted key in them.

    Raises InvalidInput with every finding.
    """

    def read(root: Node, source: Source, findings: list[Finding]) -> DeploymentSpec:
        return read_deployment(root, path.absolute().parent, source, findings)

    return _load(path, overrides, override_place, read)


def _load(
    path: Path,
    overrides: Mapping[str, object],
    override_place: Places,
    read: Callable[[Node, Source, list[Finding]], Spec],
) -> Spec:
    findings: list[Finding] = []
    text = read_text(path, findings)
    root = None if text is None else parse(text, path, findings)
    if root is None or not root.is_table:
        if root is not None:
            findings.append(root.wrong("is not a mapping", "write keys and values, as for az ml"))
        raise InvalidInput(findings)
    root = _merge(root, from_python(dict(overrides), "", override_place))
    spec = read(root, Source(path, {key: node.place for key, node in root.walk()}), findings)
    if findings:
        raise InvalidInput(sorted(findings, key=lambda finding: finding.line or 0))
    return spec


def from_python(value: Any, key: str, places: Places) -> Node:
    """Plain data as nodes, so that it is read like a file; `places` gives the position of each dotted key."""
    file, line, written = places(key)
    text = ""
    if isinstance(value, Mapping):
        value = {
            name: from_python(item, f"{key}.{name}" if key else str(name), places)
            for name, item in value.items()
        }
    elif isinstance(value, (list, tuple)):
        value = [from_python(item, f"{key}[{index}]", places) for index, item in enumerate(value)]
    elif value is not None:
        text = str(value)
    return Node(value, written or "", line, file, text)


def _merge(base: Node, top: Node) -> Node:
    """`base` with the values of `top`: mappings are merged key by key, everything else is replaced."""
    if not (base.is_table and top.is_table):
        return top
    merged = dict(base.value)
    for name, node in top.value.items():
        merged[name] = _merge(merged[name], node) if name in merged else node
    return Node(merged, base.key, base.line, base.file)
