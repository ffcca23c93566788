"""The position of each setting in `Pulumi.<stack>.yaml`, so that a finding can name its line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from azml.findings import Finding


@dataclass(frozen=True)
class Places:
    """The stack file: the line (from 1) of each dotted key below `config:`, and the keys written twice.

    The engine passes only values to a program. When the file is elsewhere (`--config-file`) or cannot be
    parsed, only the line numbers are missing.
    """

    path: Path | None = None
    lines: dict[str, int] = field(default_factory=dict)
    duplicates: tuple[Finding, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "Places":
        """Read `path`; an empty record when it cannot be read."""
        try:
            # ParserError and the like: the engine has already reported it.
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            return cls()
        lines: dict[str, int] = {}
        duplicates = []
        for key, line in _keys(_config(root), ""):
            if key in lines:
                message = f"is written twice, first on line {lines[key]}"
                duplicates.append(Finding(message, "keep one of them", path, line, key))
            lines[key] = line
        return cls(path, lines, tuple(duplicates))

    def line(self, key: str) -> int | None:
        """The line of `key`, else of its nearest parent key."""
        while key:
            if key in self.lines:
                return self.lines[key]
            key = key.rpartition(".")[0]
        return None


def _config(root: yaml.Node | None) -> yaml.Node | None:
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "config":
                return value  # type: ignore[no-any-return]  # PyYAML's nodes are untyped
    return None


def _keys(node: yaml.Node | None, prefix: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield f"{prefix}[{place}]", item.start_mark.line + 1
            yield from _keys(item, f"{prefix}[{place}]")
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name = f"{prefix}.{key.value}" if prefix else str(key.value)
        yield name, key.start_mark.line + 1
        yield from _keys(value, name)
