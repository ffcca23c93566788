"""Faults in the settings, with file, line and key."""

from collections.abc import Iterable

from azml.findings import Finding, InvalidInput, Place
from azml.stack.sections.places import Places


class Faults:
    """Every finding of one run, in the order found."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.findings: list[Finding] = list(places.duplicates)

    def add(self, key: str, message: str, remedy: str = "") -> None:
        """Note a fault in the setting `key`, a dotted path such as `azml:endpoints.diabetes.traffic`."""
        self.findings.append(Finding(message, remedy, *self.place(key)))

    def place(self, key: str) -> Place:
        """The position of the setting `key`."""
        return Place(self.places.path, self.places.line(key), key)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add the findings of another reader."""
        self.findings.extend(findings)

    def raise_if_any(self) -> None:
        """Raise InvalidInput with everything noted so far; a fault that two slots share is reported once."""
        if self.findings:
            raise InvalidInput(dict.fromkeys(self.findings))
