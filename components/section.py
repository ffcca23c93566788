"""One level of the stack config: typed getters that note every fault instead of stopping at the first."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from azml.findings import Finding, InvalidInput, Place, did_you_mean

from .stack_file import StackFile

T = TypeVar("T")


class Faults:
    """Every finding of one run, in the order they were met."""

    def __init__(self, stack_file: StackFile) -> None:
        self.stack_file = stack_file
        self.findings: list[Finding] = list(stack_file.duplicates)

    def add(self, key: str, message: str, remedy: str = "") -> None:
        """Note a fault in the setting `key`, a dotted path such as `azml:endpoints.diabetes.traffic`."""
        self.findings.append(Finding(message, remedy, *self.place(key)))

    def place(self, key: str) -> Place:
        """Where the setting `key` stands."""
        return Place(self.stack_file.path, self.stack_file.line(key), key)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Note what another reader found."""
        self.findings.extend(findings)

    def raise_if_any(self) -> None:
        """Raise InvalidInput with everything noted so far; what two slots' files share is told once."""
        if self.findings:
            raise InvalidInput(dict.fromkeys(self.findings))


class Section:
    """A mapping in the stack config. `key` is its dotted path; `shape` shows what it should look like."""

    def __init__(self, value: object, key: str, faults: Faults, shape: str, join: str = ".") -> None:
        self.key = key
        self.join = join
        self.faults = faults
        self.values: Mapping[str, object] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            faults.add(key, f"is {describe(value)}", f"write a mapping, as {shape}")

    def path(self, key: str) -> str:
        """The dotted path of `key` in this mapping."""
        return f"{self.key}{self.join}{key}"

    def allow(self, known: Iterable[str]) -> None:
        """Note every key that is not in `known`."""
        names = set(known)
        for key in sorted(self.values.keys() - names):
            self.faults.add(self.path(key), "is not a setting", did_you_mean(key, names))

    def text(self, key: str) -> str | None:
        """A text, None when it is not there."""
        return self._typed(key, str, "a text")

    def flag(self, key: str) -> bool | None:
        """True or false, None when it is not there."""
        return self._typed(key, bool, "true or false")

    def texts(self, key: str) -> dict[str, str]:
        """A mapping of texts, such as tags."""
        found = self._typed(key, dict, "a mapping of texts") or {}
        for name, value in found.items():
            if not isinstance(value, str):
                self.faults.add(f"{self.path(key)}.{name}", f"is {describe(value)}", "put it in quotes")
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def names(self, key: str) -> list[str]:
        """A list of names, empty when it is not there."""
        found = self._typed(key, list, "a list of names, as [costCenter]") or []
        for place, name in enumerate(found):
            if not isinstance(name, str) or not name:
                self.faults.add(self.path(key), f"has {describe(name)} at place {place + 1}", "write a name")
        return [name for name in found if isinstance(name, str) and name]

    def shares(self, key: str) -> dict[str, int] | None:
        """Deployment names to whole percents; None when it is not there, none at all when one is faulty."""
        found = self._typed(key, dict, "a mapping of deployment names to percents, as {blue: 90, green: 10}")
        if found is None:
            return None
        faulty = {name: value for name, value in found.items() if not _is_whole(value)}
        for name, value in faulty.items():
            place = f"{self.path(key)}.{name}"
            self.faults.add(place, f"is {describe(value)}", "write a whole number of percent, as 90")
        # What the others add up to says nothing then.
        return {} if faulty else found

    def _typed(self, key: str, kind: type[T], wanted: str) -> T | None:
        value = self.values.get(key)
        if value is None or isinstance(value, kind):
            return value
        self.faults.add(self.path(key), f"is {describe(value)}", f"write {wanted}")
        return None


def describe(value: object) -> str:
    """A value as a finding names it: its kind and, when short, the value itself."""
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


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
