"""Checks bodies against the published types: what Azure could not read is refused, with all findings at once.

Azure's services read a body into the type of its API version. Members that no published version of a type has
are refused here; those that only another version has are accepted. Read-only members, which clients send when
they write back what they have read, are removed. Values of enumerations compare without regard to case and
spaces.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.published import Published, Shape, published

CODE = "InvalidRequestContent"
_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_WORDS = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
_ELSEWHERE = {"location"}
"""Top-level members that the resource's own rules require, with a code of their own."""
_SHOWN = 60  # characters of a wrong value


@dataclass(frozen=True)
class Finding:
    """One fault: the member's path, and a message."""

    path: str
    message: str

    def detail(self) -> Json:
        """The finding as an entry of an error's details."""
        return {"code": CODE, "target": self.path, "message": self.message}


def checked(kind: str, word: str, body: Json) -> Json:
    """The body of an operation on a resource type, without its read-only members.

    `word` is PUT, PATCH (where nothing is required) or an action's name. An action without a published type
    accepts any body. Raises ArmError 400 with every finding.
    """
    table = published()
    spec = table.body(kind, word) or (table.body(kind, "PUT") if word == "PATCH" else None)
    if spec is None:
        return body
    reader = _Reader(table, whole=word != "PATCH")
    read: Json = reader.read(spec, body, "")
    if reader.findings:
        raise refusal(reader.findings)
    return read


def refusal(findings: list[Finding]) -> ArmError:
    """Azure's answer to a body it cannot read."""
    said = " ".join(finding.message for finding in findings)
    message = f"The request content was invalid and could not be deserialized: {said}"
    details = [finding.detail() for finding in findings]
    return ArmError(400, CODE, message, target=findings[0].path, details=details)


class _Reader:
    """Reads one body, and collects the findings."""

    def __init__(self, table: Published, *, whole: bool) -> None:
        self.table = table
        self.whole = whole
        self.findings: list[Finding] = []

    def read(self, spec: str, value: Any, path: str) -> Any:
        """A value of a type, in the form to be stored."""
        if spec == "any" or value is None:
            return value
        if spec.startswith("[]"):
            return self._list(spec[2:], value, path)
        if spec.startswith("{}"):
            return self._map(spec[2:], value, path)
        if spec.startswith("@"):
            return self._object(self.table.shape(spec[1:]), value, path)
        if spec.startswith("="):
            return self._choice(spec[1:], value, path)
        is_flag = isinstance(value, bool) and spec != "boolean"
        if is_flag or not isinstance(value, _KINDS[spec]):
            self._wrong(path, value, _WORDS[spec])
        return value

    def _list(self, spec: str, value: Any, path: str) -> Any:
        if not isinstance(value, list):
            return self._wrong(path, value, "a list")
        return [self._item(spec, item, f"{path}[{place}]") for place, item in enumerate(value)]

    def _item(self, spec: str, item: Any, path: str) -> Any:
        return self._wrong(path, item, "something") if item is None else self.read(spec, item, path)

    def _map(self, spec: str, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return self._wrong(path, value, "an object")
        if spec == "string":
            value = {key: _texted(item) for key, item in value.items()}
        return {key: self.read(spec, item, _below(path, key)) for key, item in value.items()}

    def _choice(self, name: str, value: Any, path: str) -> Any:
        if not isinstance(value, str):
            return self._wrong(path, value, "text")
        values = self.table.values(name)
        if _plain(value) not in map(_plain, values):
            self._wrong(path, value, f"one of {', '.join(values)}")
        return value

    def _object(self, shape: Shape, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return self._wrong(path, value, "an object")
        kind = self._kind(shape, value, path)
        self._unknown(kind, value, path)
        if self.whole:
            self._missing(kind, value, path)
        read = {
            key: self.read(kind.members.get(key, "any"), item, _below(path, key))
            for key, item in value.items()
            if key not in kind.read
            or kind.members.get(key) in _KINDS  # what is Azure's to set has a type too
        }
        return {key: item for key, item in read.items() if key not in kind.read}

    def _kind(self, shape: Shape, value: Json, path: str) -> Shape:
        """The kind that an object has; the shape itself, open, where that cannot be determined."""
        if not shape.kinds:
            return shape
        tagged = value.get(shape.tag)
        for name, kind in shape.kinds.items():
            if isinstance(tagged, str) and _plain(tagged) == _plain(name):
                return self.table.shape(kind)
        if tagged is not None:
            self._wrong(_below(path, shape.tag), tagged, f"one of {', '.join(shape.kinds)}")
        members = {name: spec for name, spec in shape.members.items() if name != shape.tag}
        return Shape(shape.name, members, shape.required, shape.read, open=True)

    def _unknown(self, shape: Shape, value: Json, path: str) -> None:
        for key in value if not shape.open else ():
            if key not in shape.members:
                where = _below(path, key)
                message = f"Could not find member '{key}' on object of type '{shape.title}'. Path '{where}'"
                self.findings.append(Finding(where, f"{message}{_nearest(key, shape)}."))

    def _missing(self, shape: Shape, value: Json, path: str) -> None:
        for key in sorted(shape.required - (set() if path else _ELSEWHERE)):
            if value.get(key) is None:
                where = _below(path, key)
                message = f"Required property '{key}' not found in JSON. Path '{where}'."
                self.findings.append(Finding(where, message))

    def _wrong(self, path: str, value: Any, wanted: str) -> Any:
        shown = str(value)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
        self.findings.append(Finding(path, f"'{path}' must be {wanted}, and is {shown!r}."))
        return value


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _plain(text: str) -> str:
    return text.lower().replace(" ", "")


def _texted(value: Any) -> Any:
    """A value in a map of text: azure-ai-ml sends the number 202208 as `hash_version`; Azure accepts it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _nearest(key: str, shape: Shape) -> str:
    """A hint at the right member when only the case is wrong."""
    found = next(_same(key, shape), None)
    return f" (it is spelt '{found}')" if found else ""


def _same(key: str, shape: Shape) -> Iterator[str]:
    return (name for name in shape.members if name.lower() == key.lower())
