"""Typed reading of a mapping: each accessor returns the value or None, and adds a finding if it is wrong."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, TypeVar, cast

from azml.findings import Finding, did_you_mean

from .document import Node

Choice = TypeVar("Choice", bound=str)
EMPTY: Mapping[str, Any] = MappingProxyType({})


def snake(text: str) -> str:
    """`AMLToken` and `amlToken` as `aml_token`: how azure-ai-ml compares most of its enumerations."""
    text = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", text)
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", text).lower()


def kind_of(value: object) -> str:
    """The type of a YAML value, in words."""
    if value is None:
        return "nothing"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "a mapping" if isinstance(value, dict) else "a date")


class Table:
    """One mapping of a document; `finish`, called last, reports the keys that no accessor has read."""

    unknown = "is not a known key"
    """The message for a key that no accessor has read."""

    def __init__(self, node: Node, findings: list[Finding]) -> None:
        self.node = node
        self.findings = findings
        self.known: set[str] = set()

    def get(self, key: str, *, required: bool = False) -> Node | None:
        """The node at `key`; None when it is missing, with a finding when it is required or has no value."""
        self.known.add(key)
        node = self.node.value.get(key)
        if node is None:
            if required:
                path = f"{self.node.key}.{key}" if self.node.key else key
                self.findings.append(Finding("is missing", "add it", self.node.file, self.node.line, path))
            return None
        if node.value is None:
            self.findings.append(node.wrong("has no value", "give it one or remove the key"))
            return None
        return cast(Node, node)

    def expect(self, node: Node | None, wanted: type | tuple[type, ...], name: str, hint: str = "") -> Any:
        """The value of `node` if it is of the `wanted` type, else None and a finding."""
        if node is None:
            return None
        if isinstance(node.value, wanted) and not (isinstance(node.value, bool) and wanted is not bool):
            return node.value
        self.findings.append(self.mistyped(node, name, hint))
        return None

    def mistyped(self, node: Node, name: str, hint: str) -> Finding:
        """The finding for a value of a type other than `name`."""
        return node.wrong(f"is {kind_of(node.value)}, not {name}", hint)

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A string; an unquoted number or date is not accepted."""
        node = self.get(key, required=required)
        hint = f"write '{node.text}' in quotes" if node and node.text else ""
        return cast(str | None, self.expect(node, str, "text", hint))

    def flag(self, key: str) -> bool | None:
        """True or false."""
        return cast(bool | None, self.expect(self.get(key), bool, "true or false", "write true or false"))

    def integer(self, key: str, low: int, high: int | None = None, why: str = "") -> int | None:
        """A whole number between `low` and `high`, both included; `why` gives the source of the limit."""
        node = self.get(key)
        value = self.expect(node, int, "a whole number", "write it without quotes and without a fraction")
        return cast(int | None, self.within(node, value, low, high, why))

    def number(self, key: str, low: float, high: float) -> float | None:
        """A number between `low` and `high`, both included."""
        node = self.get(key)
        value = self.expect(node, (int, float), "a number")
        return None if value is None else self.within(node, float(value), low, high, "")

    def within(self, node: Node | None, value: Any, low: float, high: float | None, why: str) -> Any:
        """`value` if it lies between the limits."""
        if node is None or value is None:
            return None
        if math.isnan(value) or value < low or (high is not None and value > high):
            limits = f"from {low} to {high}" if high is not None else f"at least {low}"
            self.findings.append(node.wrong(f"{value} is out of range", f"{limits}{why}"))
            return None
        return value

    def choice(
        self,
        key: str,
        choices: tuple[Choice, ...],
        compare: Callable[[str], str] = str.lower,
        *,
        required: bool = False,
    ) -> Choice | None:
        """One of `choices`, compared without regard to case (as azure-ai-ml does, by `compare`)."""
        node = self.get(key, required=required)
        value = self.expect(
            node, str, "text", f"one of {', '.join(choices)} (in quotes if YAML reads it otherwise)"
        )
        if node is None or value is None:
            return None
        for choice in choices:
            if compare(value) == choice:
                return choice
        self.findings.append(node.wrong(f"{value!r} is not known", did_you_mean(compare(value), choices)))
        return None

    def table(self, key: str) -> "Table | None":
        """The mapping at `key`."""
        node = self.get(key)
        value = self.expect(node, dict, "a mapping")
        return Table(node, self.findings) if node is not None and value is not None else None

    def entries(self, key: str) -> dict[str, Node]:
        """The mapping at `key`; names that are not text are findings."""
        table = self.table(key)
        if table is None:
            return {}
        for name, node in table.node.value.items():
            if not isinstance(name, str):
                self.findings.append(node.wrong(f"the name {name!r} is not text", "write it in quotes"))
        return {name: node for name, node in table.node.value.items() if isinstance(name, str)}

    def texts(self, key: str) -> Mapping[str, str]:
        """A mapping of text to text; scalars become the text that Azure would store."""
        found = {name: self.scalar_text(node) for name, node in self.entries(key).items()}
        return {name: text for name, text in found.items() if text is not None}

    def scalar_text(self, node: Node) -> str | None:
        """A scalar as text: strings as they are, true as `True`, dates as written."""
        if isinstance(node.value, str):
            return node.value
        if isinstance(node.value, date):
            return node.text
        if isinstance(node.value, (bool, int, float)):
            return str(node.value)
        self.findings.append(node.wrong(f"is {kind_of(node.value)}, not text", "give it a value in quotes"))
        return None

    def version(self, key: str) -> str | None:
        """An asset version: text, or a number that reads back as it is written (1.10 would become 1.1)."""
        node = self.get(key)
        value = self.expect(node, (str, int, float), "a version", "write it in quotes")
        if node is None or value is None:
            return None
        if not isinstance(value, str) and str(value) != node.text:
            self.findings.append(
                node.wrong(f"{node.text} is read as {value}", f"write '{node.text}' in quotes")
            )
            return None
        return str(value)

    def finish(self, *, ignored: Iterable[str] = (), refused: Mapping[str, str] = EMPTY) -> None:
        """Report every key that no accessor has read; `refused` maps unsupported keys to remedies."""
        known = self.known | set(ignored)
        for name, node in self.node.value.items():
            if name in known:
                continue
            if name in refused:
                self.findings.append(node.wrong("is not supported here", refused[name]))
            else:
                self.findings.append(node.wrong(self.unknown, did_you_mean(str(name), self.known)))
