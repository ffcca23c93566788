"""The azure-native resources of a stack as a program of their own, without anything of this project.

Such a program is the yardstick for what this project adds: it has the same resources with the same inputs, in
literals, and finds them in the same Azure.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.stacks import ROOT, Reached, Stack

PROGRAM = ROOT / "benchmarks" / "recorded_program"
_KEPT = ("pulumi:pulumi:Stack", "pulumi:providers:azure-native")
_SECRET = "4dabf18193072939515e22adb298388d"  # the key by which the engine marks special values


@dataclass
class Recorded:
    """The deployment in a stack's state, reduced to azure-native's resources without components.

    `renamed` are pieces of text and what takes their place. A resource that has one of them in its name is
    not in the state, so that an update creates it, beside the one that it was copied from.
    """

    exported: Mapping[str, Any]
    renamed: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._resources = [
            one
            for one in self.exported["deployment"]["resources"]
            if one["type"].startswith(("azure-native:", *_KEPT))
        ]
        self._urns = {one["urn"]: _without_parents(one["urn"]) for one in self._resources}
        if len(set(self._urns.values())) < len(self._urns):
            raise ValueError("two resources of the stack differ in their parents only")

    def ids(self, kind: str) -> list[str]:
        """The ARM ids of the stack's resources of a type."""
        return [one["id"] for one in self._resources if one["type"] == kind]

    def stack(self, folder: Path, azure: Reached) -> Stack:
        """A stack of the program, which knows the resources that keep their names."""
        made = Stack(folder, ROOT / "local", PROGRAM, azure)
        declared = json.dumps([self._declared(one) for one in self._own()])
        (folder / "resources.json").write_text(self._new_names(declared))
        known = [self._in_state(one) for one in self._resources if not self._is_new(one)]
        document = {**self.exported, "deployment": {**self.exported["deployment"], "resources": known}}
        (folder / "state.json").write_text(json.dumps(document))
        made.run("stack", "import", "--file", "state.json")
        return made

    def _own(self) -> Iterable[dict[str, Any]]:
        return (one for one in self._resources if one["type"].startswith("azure-native:"))

    def _is_new(self, one: Mapping[str, Any]) -> bool:
        return any(text in one["urn"].rpartition("::")[2] for text in self.renamed)

    def _new_names(self, text: str) -> str:
        for old, new in self.renamed.items():
            text = text.replace(old, new)
        return text

    def _after(self, one: Mapping[str, Any]) -> list[str]:
        return [self._urns[urn] for urn in one.get("dependencies", ()) if urn in self._urns]

    def _declared(self, one: Mapping[str, Any]) -> dict[str, Any]:
        # A refresh has written into the inputs what Azure has of properties that the program leaves alone.
        nested = [path.split(".") for path in one.get("ignoreChanges", ()) if "." in path]
        return {
            "urn": self._urns[one["urn"]],
            "type": one["type"],
            "name": one["urn"].rpartition("::")[2],
            "inputs": {
                key: _in_clear(_without(value, [path[1:] for path in nested if path[0] == key]))
                for key, value in one["inputs"].items()
                if not key.startswith("__")
            },
            "after": self._after(one),
            "ignored": one.get("ignoreChanges", []),
        }

    def _in_state(self, one: Mapping[str, Any]) -> dict[str, Any]:
        left_out = ("parent", "propertyDependencies", "stackTrace", "protect", "retainOnDelete")
        kept = {key: value for key, value in one.items() if key not in left_out}
        if one["type"] not in _KEPT:
            kept["parent"] = next(urn for urn in self._urns if "pulumi:pulumi:Stack" in urn)
        return {**kept, "urn": self._urns[one["urn"]], "dependencies": self._after(one)}


def recorded(stack: Stack, renamed: Mapping[str, str] | None = None) -> Recorded:
    """What `stack` has in its state now."""
    return Recorded(json.loads(stack.run("stack", "export", "--show-secrets")), renamed or {})


def _without_parents(urn: str) -> str:
    start, types, name = urn.rsplit("::", 2)
    return "::".join((start, types.rpartition("$")[2], name))


def _without(value: Any, paths: list[list[str]]) -> Any:
    if not paths or not isinstance(value, dict):
        return value
    ends = [path[0] for path in paths if len(path) == 1]
    return {
        key: _without(one, [path[1:] for path in paths if path[0] == key])
        for key, one in value.items()
        if key not in ends
    }


def _in_clear(value: Any) -> Any:
    """Inputs as a program has them: a secret is its value."""
    if isinstance(value, list):
        return [_in_clear(one) for one in value]
    if not isinstance(value, dict):
        return value
    if _SECRET in value:
        return json.loads(value["plaintext"])
    return {key: _in_clear(one) for key, one in value.items()}
