"""What Azure's published types say of bodies: a table that `scripts.published` makes from installed packages."""

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
    `=Enumeration` or `@Shape`. `read` ones are Azure's to set. The value of the member `tag` says which of
    `kinds` an object is. An `open` shape takes any member.
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
        """What Azure calls the type."""
        return self.name.partition(".")[2]


class Published:
    """The table. Resource types and the words of operations are found without regard to case."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._bodies: Mapping[str, Mapping[str, str]] = document["bodies"]
        self._shapes: Mapping[str, Any] = document["shapes"]
        self._enums: Mapping[str, Sequence[str]] = document["enums"]

    def body(self, kind: str, word: str) -> str | None:
        """The type of a body: `word` is PUT, PATCH or an action's name. None when none is published."""
        words = self._bodies.get(kind.lower(), {})
        return words.get(word) or words.get(word.lower())

    @functools.cache  # noqa: B019 (there is one table, and it lives as long as the process)
    def shape(self, name: str) -> Shape:
        """A shape by its name."""
        told = dict(self._shapes[name])
        sets = {part: frozenset(told.pop(part, ())) for part in ("required", "read")}
        return Shape(name, told.pop("members"), **sets, **told)

    def values(self, name: str) -> Sequence[str]:
        """The values of an enumeration."""
        return self._enums[name]


@functools.cache
def published() -> Published:
    """The table, read once."""
    return Published(json.loads(FILE.read_text(encoding="utf-8")))
