"""The two entrances: a file in, a frozen record out, or every finding at once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from azml.findings import Finding, InvalidInput

from .deployment import read_deployment
from .document import Node, parse, read_text
from .endpoint import read_endpoint
from .records import DeploymentSpec, EndpointSpec, Source

NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})
Spec = TypeVar("Spec")


def load_endpoint(path: Path) -> EndpointSpec:
    """Read an online endpoint file.

    Raises InvalidInput with every finding: what azure-ai-ml's loader refuses, and what it lets pass and Azure
    refuses later (docs/bundling.md lists it).
    """
    return _load(path, NO_OVERRIDES, "", read_endpoint)


def load_deployment(
    path: Path, *, overrides: Mapping[str, object] = NO_OVERRIDES, override_source: str = ""
) -> DeploymentSpec:
    """Read an online deployment file.

    `overrides` win over its keys, mappings key by key; paths in them are relative to the file's folder too,
    and findings in them name `override_source`. Raises InvalidInput with every finding.
    """

    def read(root: Node, source: Source, findings: list[Finding]) -> DeploymentSpec:
        return read_deployment(root, path.absolute().parent, source, findings)

    return _load(path, overrides, override_source, read)


def _load(
    path: Path,
    overrides: Mapping[str, object],
    override_source: str,
    read: Callable[[Node, Source, list[Finding]], Spec],
) -> Spec:
    findings: list[Finding] = []
    text = read_text(path, findings)
    root = None if text is None else parse(text, path, findings)
    if root is None or not root.is_table:
        if root is not None:
            findings.append(root.wrong("is not a mapping", "keys and values, as az ml takes them"))
        raise InvalidInput(findings)
    root = _merge(root, _from_python(dict(overrides), "", Path(override_source) if override_source else None))
    spec = read(root, _source(path, root), findings)
    if findings:
        raise InvalidInput(sorted(findings, key=lambda finding: finding.line or 0))
    return spec


def _source(path: Path, root: Node) -> Source:
    """Where each key stands, for what later steps find."""
    nodes = list(root.walk())
    lines = {node.key: node.line for node in nodes if node.line is not None and node.file == path}
    files = {node.key: node.file for node in nodes if node.file is not None and node.file != path}
    return Source(path, lines, files)


def _from_python(value: Any, key: str, file: Path | None) -> Node:
    """Plain data as nodes, so that overrides are read like the file."""
    if isinstance(value, Mapping):
        children = {
            name: _from_python(item, f"{key}.{name}" if key else str(name), file)
            for name, item in value.items()
        }
        return Node(children, key, None, file)
    if isinstance(value, (list, tuple)):
        return Node(
            [_from_python(item, f"{key}[{index}]", file) for index, item in enumerate(value)], key, None, file
        )
    return Node(value, key, None, file, "" if value is None else str(value))


def _merge(base: Node, top: Node) -> Node:
    """`top` laid over `base`: mappings key by key, everything else replaced."""
    if not (base.is_table and top.is_table):
        return top
    merged = dict(base.value)
    for name, node in top.value.items():
        merged[name] = _merge(merged[name], node) if name in merged else node
    return Node(merged, base.key, base.line, base.file)
