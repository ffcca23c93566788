"""Types of bodies: shapes of objects, values of enumerations, and the union of two descriptions of one type.

A type is written as `string`, `integer`, `number`, `boolean`, `any`, `[]T` for a list, `{}T` for a map,
`=Name` for an enumeration and `@Name` for a shape.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

SCALARS = frozenset({"string", "integer", "number", "boolean", "any"})


@dataclass
class Shape:
    """An object's members. The value of the member `tag` chooses among `kinds`; an `open` shape takes any.

    `read` members are Azure's to set.
    """

    members: dict[str, str] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    tag: str = ""
    kinds: dict[str, str] = field(default_factory=dict)
    open: bool = False


@dataclass
class Models:
    """The shapes and enumerations of one package, by name."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    enums: dict[str, list[str]] = field(default_factory=dict)

    def spec(self, name: str) -> str:
        """The type that a class name of the package stands for."""
        if name in self.enums:
            return f"={name}"
        return f"@{name}" if name in self.shapes else "any"

    def reachable(self, specs: Iterable[str]) -> "Models":
        """The part that these types need."""
        found, waiting = Models(), list(specs)
        while waiting:
            core = bare(waiting.pop())
            name = core[1:]
            if core.startswith("=") and name not in found.enums:
                found.enums[name] = self.enums[name]
            elif core.startswith("@") and name not in found.shapes:
                found.shapes[name] = shape = self.shapes[name]
                waiting += [*shape.members.values(), *(f"@{kind}" for kind in shape.kinds.values())]
        return found

    def add(self, prefix: str, other: "Models") -> None:
        """Take in another package's models, under names of their own."""
        self.enums |= {prefix + name: values for name, values in other.enums.items()}
        for name, shape in other.shapes.items():
            self.shapes[prefix + name] = Shape(
                {member: prefixed(spec, prefix) for member, spec in shape.members.items()},
                set(shape.required),
                set(shape.read),
                shape.tag,
                {value: prefix + kind for value, kind in shape.kinds.items()},
                shape.open,
            )


def bare(spec: str) -> str:
    """A type without the lists and maps around it."""
    while spec.startswith(("[]", "{}")):
        spec = spec[2:]
    return spec


def prefixed(spec: str, prefix: str) -> str:
    """A type whose name is in another package's models."""
    core = bare(spec)
    return spec if core in SCALARS else spec[: -len(core)] + core[0] + prefix + core[1:]


class Union:
    """Adds to types what other descriptions of the same types know beside them."""

    def __init__(self, models: Models, *, outputs: bool = False) -> None:
        """With `outputs` the other descriptions are of answers: what only they have is Azure's to set."""
        self.models = models
        self.outputs = outputs
        self._seen: set[tuple[str, str]] = set()

    def add(self, spec: str, other: str) -> str:
        """The type that takes whatever either of the two takes."""
        if spec == other or spec == "any":
            return spec
        for around in ("[]", "{}"):
            if spec.startswith(around) and other.startswith(around):
                return around + self.add(spec[2:], other[2:])
        if spec.startswith("@") and other.startswith("@"):
            self._shapes(spec[1:], other[1:])
        elif spec.startswith("=") and other.startswith("="):
            known = self.models.enums[spec[1:]]
            known += [value for value in self.models.enums[other[1:]] if value not in known]
        elif spec.startswith("=") and other == "string" and not self.outputs:
            return "string"
        elif other == "any" and not self.outputs:
            return "any"
        return spec

    def _shapes(self, name: str, other: str) -> None:
        if (name, other) in self._seen:
            return
        self._seen.add((name, other))
        mine, theirs = self.models.shapes[name], self.models.shapes[other]
        for member, spec in theirs.members.items():
            if member in mine.members:
                mine.members[member] = self.add(mine.members[member], spec)
            else:
                mine.members[member] = spec
                mine.read |= {member} & (set(theirs.members) if self.outputs else theirs.read)
        if not self.outputs:
            mine.required &= theirs.required
            mine.read &= theirs.read | (set(mine.members) - set(theirs.members))
        for value, kind in theirs.kinds.items() if mine.tag == theirs.tag else ():
            if value in mine.kinds:
                self._shapes(mine.kinds[value], kind)
            else:
                mine.kinds[value] = kind
