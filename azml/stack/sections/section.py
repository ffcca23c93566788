"""One mapping of the stack config, read like a mapping of a spec, with messages that suit a stack file."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from azml.findings import Finding, did_you_mean
from azml.specs import Node, Table, from_python
from azml.stack.sections.faults import Faults

Choice = TypeVar("Choice", bound=str)


class Section(Table):
    """A mapping in the stack config. A key without a value counts as left out."""

    unknown = "is not a setting"

    def __init__(self, node: Node, faults: Faults, join: str = ".") -> None:
        super().__init__(node, faults.findings)
        self.faults = faults
        self.join = join

    @classmethod
    def of_stack(cls, config: Mapping[str, object], faults: Faults) -> "Section":
        """All `azml:` settings, by name without the prefix."""
        values = {key: from_python(value, f"azml:{key}", faults.place) for key, value in config.items()}
        return cls(Node(values, "azml"), faults, join=":")

    @property
    def values(self) -> Mapping[str, Node]:
        """The nodes by key."""
        return cast(Mapping[str, Node], self.node.value)

    def path(self, key: str) -> str:
        """The dotted path of `key` in this mapping."""
        return f"{self.node.key}{self.join}{key}"

    def fault(self, key: str, message: str, remedy: str) -> None:
        """Note what is wrong with the setting `key`."""
        self.faults.add(self.path(key), message, remedy)

    def get(self, key: str, *, required: bool = False) -> Node | None:
        """The node at `key`; None when it is missing, with a finding when it is required."""
        self.known.add(key)
        node = self.values.get(key)
        if node is not None and node.value is not None:
            return node
        if required:
            self.fault(key, "is missing", "add it")
        return None

    def section(self, key: str, shape: str) -> "Section":
        """The mapping at `key`, empty where it is missing or not a mapping; `shape` is an example of one."""
        node = self.get(key)
        value = self.expect(node, dict, f"a mapping, as {shape}")
        return Section(node if node and value is not None else Node({}, self.path(key)), self.faults)

    def one_of(self, key: str, choices: tuple[Choice, ...], *, required: bool = False) -> Choice | None:
        """One of `choices` as it is spelt there, compared without regard to case."""
        value = self.text(key) if self.get(key, required=required) else None
        for choice in choices if value is not None else ():
            if value is not None and value.lower() == choice.lower():
                return choice
        if value is not None:
            remedy = f"{did_you_mean(value, choices)} (one of {', '.join(choices)})"
            self.fault(key, f"is {value!r}", remedy)
        return None

    def list_of(self, key: str, wanted: type | tuple[type, ...], name: str) -> list[Node]:
        """The items of the list at `key` that are of the `wanted` type; `name` says what the list is."""
        items = self.expect(self.get(key), list, name) or []
        return [item for item in items if self.expect(item, wanted, name) is not None]

    def sections(self, key: str, shape: str) -> "list[Section]":
        """A list of mappings, empty where it is missing; `shape` is an example of one."""
        return [
            Section(item, self.faults)
            for item in self.list_of(key, dict, f"a list of mappings, as [{shape}]")
        ]

    def plain_texts(self, key: str) -> dict[str, str]:
        """A mapping of texts, such as tags."""
        values = self.section(key, "{team: ml}").values
        found = {name: self.expect(node, str, "a text", "put it in quotes") for name, node in values.items()}
        return {name: value for name, value in found.items() if value is not None}

    def names(self, key: str) -> list[str]:
        """A list of names, empty when it is missing."""
        found = self.expect(self.get(key), list, "a list of names, as [costCenter]") or []
        for place, node in enumerate(found):
            if not isinstance(node.value, str) or not node.value:
                self.fault(key, f"has {describe(node.plain())} at place {place + 1}", "write a name")
        return [node.value for node in found if isinstance(node.value, str) and node.value]

    def shares(self, key: str) -> dict[str, int] | None:
        """Deployment names to whole percents; None when it is missing, empty when one of them is faulty."""
        node = self.get(key)
        shape = "a mapping of deployment names to percents, as {blue: 90, green: 10}"
        values: Mapping[str, Node] | None = self.expect(node, dict, shape)
        if values is None:
            return None
        wanted = "a whole number of percent, as 90"
        found = {name: self.expect(share, int, wanted) for name, share in values.items()}
        # With one share missing, the sum of the others means nothing.
        return {} if None in found.values() else found

    def mistyped(self, node: Node, name: str, hint: str) -> Finding:
        """The finding for a value of a type other than `name`."""
        return node.wrong(f"is {describe(node.plain())}", hint or f"write {name}")


def describe(value: Any) -> str:
    """A value as a finding describes it: its kind and, when short, the value itself."""
    if value is None:
        return "empty"
    kinds = {
        bool: "a flag",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a mapping",
    }
    kind = kinds.get(type(value), type(value).__name__)
    return f"{kind} ({value!r})" if isinstance(value, bool | int | float | str) else kind
