"""Safe YAML parsing that keeps the line of every value.

Values are those of PyYAML's safe loader, which azure-ai-ml uses too. In addition, duplicate keys, more than
one document, oversized files and aliases that expand without end are findings.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from azml.findings import Finding, Place

MAX_BYTES = 1024 * 1024  # the largest spec we have seen is 8 KB
MAX_NODES = 20_000  # after aliases are expanded
PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
ANOTHER = "but found another document"  # PyYAML's message, with which azure-ai-ml's loader fails too
MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Node:
    """One value of a document: a scalar (`text` is as written), a list of nodes or a dict of nodes."""

    value: Any
    key: str = ""
    line: int | None = None
    file: Path | None = None
    text: str = ""

    @property
    def is_table(self) -> bool:
        """Whether the value is a mapping."""
        return isinstance(self.value, dict)

    def wrong(self, message: str, remedy: str = "") -> Finding:
        """A finding about this value."""
        return Finding(message, remedy, *self.place)

    @property
    def place(self) -> Place:
        """The position of the value."""
        return Place(self.file, self.line, self.key or None)

    def walk(self, path: str = "") -> Iterator[tuple[str, "Node"]]:
        """This node and every node below it, each with its dotted path in the document."""
        yield path, self
        if self.is_table:
            for name, child in self.value.items():
                yield from child.walk(f"{path}.{name}" if path else str(name))
        elif isinstance(self.value, list):
            for index, child in enumerate(self.value):
                yield from child.walk(f"{path}[{index}]")

    def plain(self) -> Any:
        """The value as plain Python data."""
        if self.is_table:
            return {key: child.plain() for key, child in self.value.items()}
        return [child.plain() for child in self.value] if isinstance(self.value, list) else self.value


def read_text(path: Path, findings: list[Finding], *, limit: int = MAX_BYTES) -> str | None:
    """The text of a UTF-8 file, without a byte order mark; None with a finding if it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        findings.append(Finding(f"cannot be read: {error.strerror}", "check the path", path))
        return None
    if len(data) > limit:
        findings.append(Finding(f"is larger than {limit // 1024} KB", "is this the right file?", path))
        return None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        findings.append(Finding("is not UTF-8 text", "save it as UTF-8", path, line))
        return None


def parse(text: str, file: Path, findings: list[Finding]) -> Node | None:
    """The one document in `text`; None with findings where it is not readable YAML."""
    try:
        return _Reader(text, file, findings).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(part) for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else None
        if error.problem == ANOTHER:
            remedy = "give each endpoint and each deployment a file of its own"
            findings.append(Finding("has more than one document: a second begins here", remedy, file, line))
        else:
            findings.append(Finding(f"is not valid YAML: {problem}", "", file, line))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        findings.append(Finding(f"is not valid YAML: {error.reason}", "remove the character", file, line))
    except RecursionError:
        findings.append(Finding("is nested too deeply", "flatten it", file))
    return None


class _TooMuchError(Exception):
    """The document is larger than any legitimate one."""


class _Reader:
    """Turns PyYAML's node graph into a tree of nodes, counting nodes as it expands aliases."""

    def __init__(self, text: str, file: Path, findings: list[Finding]) -> None:
        self.loader = yaml.SafeLoader(text)
        self.file = file
        self.findings = findings
        self.count = 0
        self.open: list[yaml.Node] = []

    def read(self) -> Node | None:
        """The tree; None with a finding for a document that is empty or too large."""
        try:
            root = self.loader.get_single_node()
            if root is None:
                self.findings.append(Finding("is empty", "", self.file))
                return None
            return self.convert(root, "")
        except _TooMuchError:
            self.findings.append(
                Finding("expands to more values than a file may hold", "use fewer aliases", self.file)
            )
            return None
        finally:
            self.loader.dispose()

    def convert(self, node: yaml.Node, key: str) -> Node:
        """One node and everything below it."""
        self.count += 1
        if self.count > MAX_NODES:
            raise _TooMuchError
        line = node.start_mark.line + 1
        if any(node is other for other in self.open):
            raise ConstructorError(None, None, "an alias refers to a value that contains it", node.start_mark)
        self.open.append(node)
        try:
            value, text = self.value(node, key)
        finally:
            self.open.pop()
        return Node(value, key, line, self.file, text)

    def value(self, node: yaml.Node, key: str) -> tuple[Any, str]:
        """The Python value of a node, and its text if it is a scalar; the text is empty for collections."""
        if not isinstance(node, yaml.ScalarNode) and node.tag not in PLAIN:
            raise ConstructorError(None, None, f"the tag {node.tag} is not allowed here", node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, key), ""
        if isinstance(node, yaml.SequenceNode):
            return [self.convert(item, f"{key}[{index}]") for index, item in enumerate(node.value)], ""
        try:
            return self.loader.construct_object(node, deep=True), node.value
        except (ValueError, OverflowError) as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from None

    def mapping(self, node: yaml.MappingNode, key: str) -> dict[Any, Node]:
        """A mapping with merge keys (`<<`) applied: its own keys override merged ones."""
        own: dict[Any, Node] = {}
        merged: dict[Any, Node] = {}
        for name_node, value_node in node.value:
            if name_node.tag == MERGE:
                if merged:
                    line = name_node.start_mark.line + 1
                    dotted = f"{key}.<<" if key else "<<"
                    self.findings.append(
                        Finding("the key appears twice", "<<: [*one, *other]", self.file, line, dotted)
                    )
                merged = self.merge(value_node, key)
                continue
            name = self.loader.construct_object(name_node, deep=True)
            if not isinstance(name, Hashable):
                raise ConstructorError(None, None, "a key is not a plain value", name_node.start_mark)
            dotted = f"{key}.{name}" if key else str(name)
            if name in own:
                line = name_node.start_mark.line + 1
                first = f"it is also on line {own[name].line}"
                self.findings.append(Finding("the key appears twice", first, self.file, line, dotted))
            own[name] = replace(self.convert(value_node, dotted), line=name_node.start_mark.line + 1)
        return {**merged, **own}

    def merge(self, node: yaml.Node, key: str) -> dict[Any, Node]:
        """The keys that a merge key adds: from one mapping, or from several, of which the first wins."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[Any, Node] = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise ConstructorError(None, None, "only mappings can be merged", source.start_mark)
            merged = {**self.convert(source, key).value, **merged}
        return merged
