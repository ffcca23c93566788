"""Azure's published types of bodies: a table generated from installed packages by `scripts.published`."""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("published.json")


@dataclass(frozen=True)
class Shape:
    """An object type.

    `members` are types by name, written as `string`, `integer`, `number`, `boolean`, `any`, `[]T`, `{}T`,
    `=Enumeration` or `@Shape`. Those in `read` are read-only. The value of the member `tag` says which of
    `kinds` an object is. An `open` shape accepts any member.
    """

    name: str
    members: Mapping[str, str]
    required: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    tag: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)
    open: bool = False

    @property
    def title(self) -> str:
        """Azure's name of the type."""
        return self.name.partition(".")[2]


class Published:
    """The table. Resource types and the words of operations are found without regard to case."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._bodies: Mapping[str, Mapping[str, str]] = document["bodies"]
        self._shapes: Mapping[str, Any] = document["shapes"]
        self._enums: Mapping[str, Sequence[str]] = document["enums"]

    def body(self, kind: str, word: str) -> str | None:
        """The type of a body; `word` is PUT, PATCH or an action's name. None when no type is published."""
        words = self._bodies.get(kind.lower(), {})
        return words.get(word) or words.get(word.lower())

    def has(self, kind: str, path: str) -> bool:
        """Whether the body of a type's PUT has a member, `a.b.c`. True for a type that is not published."""
        spec = self.body(kind, "PUT")
        for name in path.split(".") if spec else ():
            members = self.shape(spec[1:]).members if spec and spec.startswith("@") else {}
            if name not in members:
                return False
            spec = members[name]
        return True

    @functools.cache  # noqa: B019 (there is one table, and it lives as long as the process)
    def shape(self, name: str) -> Shape:
        """A shape by its name."""
        written = self._shapes[name]
        return Shape(
            name,
            written["members"],
            frozenset(written.get("required", ())),
            frozenset(written.get("read", ())),
            written.get("tag", ""),
            written.get("kinds", {}),
            written.get("open", False),
        )

    def values(self, name: str) -> Sequence[str]:
        """The values of an enumeration."""
        return self._enums[name]


@functools.cache
def published() -> Published:
    """The table, read once."""
    return Published(json.loads(FILE.read_text(encoding="utf-8")))
